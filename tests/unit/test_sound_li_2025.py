"""Damped oscillators are normalised and found again, and the Ioffe-Regel energy is where their width says."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter1d

from bosonpeak.papers.li_2025 import sound

E, WIDTH = 0.25 * np.arange(1, 161), 0.4


def drawn(position, damping, ratios=(1.0,), counts=(1,)):
    """B of damped oscillators under a Gaussian, made on a finer grid than that of the fit."""
    fine = np.arange(0.0025, 60, 0.005)
    some = [sound.damped_oscillator(fine, position * x, damping) for x in ratios]
    B = np.average(some, axis=0, weights=counts)
    return np.interp(E, fine, gaussian_filter1d(B, WIDTH / 0.005, mode="constant"))


@pytest.mark.parametrize(("position", "damping"), [(3.0, 0.5), (3.0, 3.0), (10.0, 2.0)])
def test_the_integral_of_g_is_one_and_its_width_at_half_height_is_the_damping(position, damping):
    fine = np.linspace(1e-3, 3000, 3_000_001)
    G = fine**2 * sound.damped_oscillator(fine, position, damping)
    assert np.trapezoid(G, fine) == pytest.approx(1, abs=2e-3)
    # E^2 B is largest at Omega, and half of that at two energies that are Gamma apart
    assert fine[G.argmax()] == pytest.approx(position, abs=2e-3)
    assert np.ptp(fine[G > G.max() / 2]) == pytest.approx(damping, abs=4e-3)


def waves_between(edge, low, high):
    """Lengths of the wave vectors of a cubic box and how many there are of each, by counting."""
    n = np.arange(-10, 11)
    square = (n[:, None, None] ** 2 + n[:, None] ** 2 + n**2).ravel()
    q = 2 * np.pi / edge * np.sqrt(square)
    lengths, counts = np.unique(square[(q >= low) & (q < high) & (q > 0)], return_counts=True)
    return 2 * np.pi / edge * np.sqrt(lengths), counts


@pytest.mark.parametrize(("position", "damping"), [(2.0, 0.3), (4.0, 1.3), (9.0, 6.0)])
def test_a_current_is_found_again_under_its_kernel_and_the_spread_of_its_shell(position, damping):
    found = sound.fit_current(E, 0.7 * drawn(position, damping), WIDTH, [1.0], [1])
    np.testing.assert_allclose(found, (position, damping), rtol=0.02)
    shell = (0.9, 1.0, 1.1), (6, 24, 24)
    found = sound.fit_current(E, drawn(position, damping, *shell), WIDTH, *shell)
    np.testing.assert_allclose(found, (position, damping), rtol=0.02)


def test_the_crossing_of_a_power_law_is_exact():
    position = np.array([2.0, 3.0, 4.0, 6.0])
    # pi Gamma / Omega = (Omega / 3.5)^1.3
    assert sound.crossing(position, position / np.pi * (position / 3.5) ** 1.3) == pytest.approx(3.5)
    assert sound.crossing(position, 0.2 * position) == 6.0
    assert np.isnan(sound.crossing(position, position / np.pi * (3.5 / position) ** 1.3))
    assert np.isnan(sound.crossing(position, 5 * position))


def test_a_branch_is_read_from_the_shells_that_hold_waves(monkeypatch):
    edge, q = 30.0, 0.05 + 0.1 * np.arange(12)
    waves = [waves_between(edge, x - 0.05, x + 0.05) for x in q]
    held = np.array([counts.sum() for _, counts in waves])
    mean = np.array([lengths @ counts / max(counts.sum(), 1) for lengths, counts in waves])
    B = np.zeros((len(q), len(E)))
    for k in np.flatnonzero(held):
        B[k] = drawn(12 * mean[k], 0.4 * (12 * mean[k]) ** 2 / 4, waves[k][0] / mean[k], waves[k][1])
    table = {"transverse": (("q", "energy"), B), "available": ("q", held)}
    data = xr.Dataset(table, {"q": q, "energy": E}, {"edge": edge, "width": WIDTH})
    found, position, damping = sound.branch(data, "transverse")
    some = (held > 0) & (q < sound.SLOWEST)
    np.testing.assert_allclose(found, mean[some])
    np.testing.assert_allclose(position, 12 * found, rtol=0.02)
    np.testing.assert_allclose(damping, 0.1 * position**2, rtol=0.05)
    # pi Gamma = Omega at 10 / pi
    assert sound.energies([data], "transverse") == pytest.approx(10 / np.pi, rel=0.05)
    monkeypatch.setattr(sound, "read_excess", lambda data: SimpleNamespace(peak=2.0))
    value, (low, high) = sound.ioffe_regel("transverse")([data, data])
    assert value == pytest.approx(5 / np.pi, rel=0.05) and low <= value <= high
