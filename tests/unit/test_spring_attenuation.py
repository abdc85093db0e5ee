"""Lines and exponents of attenuation: exact oscillators, exact power laws, the medium's own loss, dense matrices."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from bosonpeak.networks.lattices import lattice_network
from bosonpeak.papers.spring_network import attenuation, cpa, kernel, network_waves
from bosonpeak.papers.spring_network.sample_datasets import stack_parts
from bosonpeak.vibrations.chebyshev import jackson_kernel
from bosonpeak.vibrations.spectra import Spectrum


def oscillators(frequency, width, n_moments=500, top=2.9) -> Spectrum:
    """Damped oscillators as a run with this many moments shows them."""
    omega, fine = np.arange(0.05, 2.5, 0.002), kernel.fine_grid(0.999 * top, 8000)
    g = np.stack([network_waves.damped_oscillator(fine, *pair) for pair in zip(frequency, width, strict=True)], axis=1)
    blank = Spectrum(omega, omega, omega, np.pi * top / 2 / n_moments, n_moments, 1, top)
    return Spectrum(omega, kernel.see_through_kernel(fine, g, blank), 0 * omega, *list(vars(blank).values())[3:])


def test_exact_oscillators_come_back_without_the_kernel():
    frequency, width = np.array([0.3, 0.45, 0.7, 1.1]), np.array([0.01, 0.03, 0.11, 0.5])
    seen, q = oscillators(frequency, width), np.outer([0.4, 0.6, 0.9, 1.4], [1.0, 0.0])
    found = attenuation.fit_sharp_lines(q, seen)
    np.testing.assert_array_equal(found[0], q[:, 0])
    np.testing.assert_allclose(found[1], frequency, rtol=1e-4)
    np.testing.assert_allclose(found[2], width, rtol=5e-3)
    # the full width of the kernel: 2.355 times pi / M sqrt(top^2 - omega^2) / 2
    np.testing.assert_allclose(found[3], 2.3548 * np.pi / 1000 * np.sqrt(2.9**2 - found[1] ** 2), rtol=1e-4)


def test_the_kernel_next_to_a_line_does_as_the_whole_kernel():
    network = lattice_network("square", 40, bond_fraction=0.8, rng=1)
    q = np.outer(2 * np.pi / 40 * np.array([3, 6, 9]), [1.0, 0.0])
    seen = network_waves.wave_spectrum(network, q, np.arange(0.05, 2.6, 0.005), 0.015)
    near, whole = attenuation.fit_sharp_lines(q, seen), network_waves.fit_lines(seen)
    np.testing.assert_allclose(near[1], whole.frequency, rtol=1e-3)
    np.testing.assert_allclose(near[2], whole.width, rtol=5e-3)


def test_a_line_of_too_few_points_is_refused():
    seen = oscillators([0.5], [0.02])
    coarse = Spectrum(seen.omega[::10], seen.g[::10], seen.stderr, *list(vars(seen).values())[3:])
    with pytest.raises(ValueError, match=r"the line at 0\.\d+ spans fewer than five points: take a finer grid"):
        attenuation.fit_sharp_lines(np.array([[0.5, 0.0]]), coarse)


def test_bands_hold_waves_that_fit_the_box():
    for lattice, n, d in (("square", 600, 2), ("simple-cubic", 60, 3)):
        (long, fine, sharp), (short, grid, wide) = attenuation.list_bands(lattice, n, 0.001)
        turns = np.concatenate([long, short])[:, 0] * n / (2 * np.pi)
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
        assert (np.diff(turns) > 0.5).all() and long.shape[1] == d and not long[:, 1:].any()
        assert sharp == 0.001 and fine[1] - fine[0] == pytest.approx(sharp / 2)
        assert wide == attenuation.WIDE and grid[1] - grid[0] == pytest.approx(wide / 2)
        assert fine[-1] > 1.3 * 0.6 * np.sqrt(0.6)
    # the box decides how many waves there are
    assert len(attenuation.list_bands("square", 600, 0.001)[0][0]) == 8
    assert len(attenuation.list_bands("simple-cubic", 60, 0.001)[0][0]) == 3


def test_long_waves_of_the_medium_decay_by_its_own_loss():
    """Gamma = -Omega Im K / Re K for a weakly damped wave, and its exponent tends to d + 1."""
    part = attenuation.medium_part("square", 600)
    solved = cpa.solve_cpa("square", part["frequency"][:5], bond_fraction=0.8)
    loss = -solved.omega * solved.stiffness.imag / solved.stiffness.real
    np.testing.assert_allclose(part["width"][:5], loss, rtol=0.03)
    assert not part["kernel"].any()
    slope = np.polyfit(*np.log([part["frequency"][:3], part["width"][:3]]), 1)[0]
    assert slope == pytest.approx(3, abs=0.25)


def test_lines_of_a_network_are_those_of_its_levels():
    """Dense diagonalisation, seen through the same kernel."""
    lattice, n, resolution = "square", 24, 0.06
    part = attenuation.network_part(lattice, n, 7, resolution)
    network = lattice_network(lattice, n, bond_fraction=0.8, rng=7)
    levels, modes = np.linalg.eigh(network.dynamical_matrix().toarray())
    runs = []
    for q, omega, width in attenuation.list_bands(lattice, n, resolution):
        seen = network_waves.wave_spectrum(network, q, omega[:5], width)
        weight = abs(np.exp(-1j * q @ network.positions.T) @ modes) ** 2 / n**2
        order, h = np.arange(seen.n_moments), seen.omega_max**2
        inside = omega < 0.9999 * seen.omega_max
        into, out = (np.arccos(np.clip(2 * square / h - 1, -1, 1)) for square in (levels, omega[inside] ** 2))
        series = np.cos(np.outer(out, order)) * jackson_kernel(len(order)) * np.where(order == 0, 1.0, 2.0)
        g = np.zeros((len(omega), len(q)))
        g[inside] = series @ (np.cos(np.outer(order, into)) @ weight.T)
        g[inside] *= 2 / np.pi / np.sqrt(h - omega[inside, None] ** 2)
        runs.append((q, Spectrum(omega, g, 0 * g, *list(vars(seen).values())[3:])))
    for key, values in attenuation.keep_lines(runs).items():
        np.testing.assert_allclose(part[key], values, rtol=1e-5, err_msg=key)


def power_laws(seeds=3) -> dict:
    """Lines whose width grows as the third power up to the crossover at 0.8, and with the power 1.5 above it."""
    frequency = np.linspace(0.11, 1.51, 29)
    width = 0.8 / np.pi * np.where(frequency < 0.8, (frequency / 0.8) ** 3, (frequency / 0.8) ** 1.5)
    seen = np.where(frequency < 0.5, 0.004, 0.02)
    own = {"q": frequency, "frequency": frequency, "width": width, "kernel": seen}
    other = own | {"width": width * (frequency / 0.8) ** 0.5, "kernel": 0 * seen}
    parts = {f"square s{s}": own for s in range(seeds)} | {"medium square s0": other}
    # another lattice with more wave vectors: the rows of the first are padded
    return parts | {"simple-cubic s0": {key: np.linspace(0.1, 1, 40) for key in own}}


def test_exponents_are_read_where_the_claim_says():
    found = attenuation.read_attenuation(stack_parts(power_laws()), "square")
    frequency = np.linspace(0.11, 1.51, 29)
    assert found.dimension == 2 and found.networks.shape == (2, 3, 29) and found.medium.shape == (2, 1, 29)
    # between 0.76 and 0.81, the first that is damped so much
    damping = np.pi * found.networks[1, 0] / frequency
    assert (
        found.crossover == pytest.approx(np.interp(1, damping[13:15], frequency[13:15])) == pytest.approx(0.8, abs=0.01)
    )
    # 0.8 / pi (omega / 0.8)^3 exceeds 0.004 from 0.2004 on
    np.testing.assert_array_equal(found.below, (frequency > 0.2004) & (frequency < 0.4))
    np.testing.assert_array_equal(found.above, frequency > 0.8)
    assert found.below.sum() == 4 and found.exponent(found.networks, found.below) == (None, None)
    wider = found.below | (abs(frequency - 0.41) < 0.01)
    value, (low, high) = found.exponent(found.networks, wider)
    assert value == pytest.approx(3, abs=1e-9) and low == pytest.approx(3) == high
    assert found.exponent(found.medium, wider)[0] == pytest.approx(3.5, abs=1e-9)
    assert found.exponent(found.networks, found.above)[0] == pytest.approx(1.5, abs=1e-9)


def test_without_a_crossover_there_is_no_exponent():
    parts = power_laws()
    for name in ("square s0", "square s1", "square s2"):
        parts[name] = parts[name] | {"width": parts[name]["width"] / 10}
    found = attenuation.read_attenuation(stack_parts(parts), "square")
    assert np.isnan(found.crossover) and not found.below.any() and not found.above.any()
    assert found.exponent(found.networks, found.below) == (None, None)


def test_samples_are_measured_kept_and_read(tmp_path, monkeypatch):
    data = attenuation.measure_attenuation(30, 10, 2, 0.05, folder=tmp_path)
    names = ["medium square s0", "square s0", "square s1"]
    assert data["sample"].values.tolist() == names + [name.replace("square", "simple-cubic") for name in names]
    monkeypatch.setattr(attenuation, "fit_sharp_lines", None)
    assert attenuation.measure_attenuation(30, 10, 2, 0.05, folder=tmp_path).identical(data)
    for lattice in ("square", "simple-cubic"):
        found = attenuation.read_attenuation(data, lattice)
        one = data.sel(sample=f"{lattice} s1")
        shown = np.isfinite(one.q.values)
        np.testing.assert_array_equal(found.networks[:, 1], [one.frequency.values[shown], one.width.values[shown]])
        assert found.networks.shape[1] == 2 and len(found.kernel) == found.medium.shape[2] == shown.sum()
        # the medium is that of the networks
        np.testing.assert_allclose(found.networks[0].mean(axis=0), found.medium[0, 0], rtol=0.3)


def test_the_drawing_marks_the_lines_that_count():
    found = attenuation.read_attenuation(stack_parts(power_laws()), "square")
    axes = Figure().subplots(1, 2)
    attenuation.draw_attenuation(axes, [found, found])
    every, used, medium, seen, slope = axes[1].lines
    assert len(every.get_xdata()) == 3 * 29 and len(used.get_xdata()) == 3 * found.below.sum()
    np.testing.assert_array_equal(seen.get_ydata(), found.kernel)
    np.testing.assert_array_equal(medium.get_xydata().T, found.medium[:, 0])
    x, y = np.log(slope.get_data())
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(3) and np.exp(x[1]) == pytest.approx(found.crossover / 2)
    assert y[1] == pytest.approx(np.log(0.1 / np.pi), abs=0.05)
