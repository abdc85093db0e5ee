"""Densities of single atoms: dense, by the lowest modes and without any, against one another and their sum rules."""

import numpy as np
import pytest
import scipy.sparse as sp

from bosonpeak.units import RAD_PER_PS
from bosonpeak.vibrations.modes import Modes, low_frequency_modes, normal_modes
from bosonpeak.vibrations.peaks import atomic_density_of_states, boson_peak
from bosonpeak.vibrations.spectra import atomic_spectrum, density_of_states, translations

ATOMS = 180


def _solid():
    """Random springs between random pairs of atoms and a stiffer half: no lattice, three translations."""
    rng = np.random.default_rng(12)
    i, j = rng.integers(0, ATOMS, (2, 6 * ATOMS))
    i, j = i[i != j], j[i != j]
    v = rng.standard_normal((len(i), 3)) * np.where(i < ATOMS // 2, 1.0, 0.5)[:, None]
    columns = np.concatenate([3 * i[:, None] + np.arange(3), 3 * j[:, None] + np.arange(3)], axis=1).ravel()
    G = sp.csr_matrix((np.concatenate([v, -v], axis=1).ravel(), (np.repeat(np.arange(len(i)), 6), columns)))
    return (G.T @ G).tobsr((3, 3))


D = _solid()
MODES = normal_modes(D)
ZERO = translations(ATOMS, 3)
WIDTH = 0.15
OMEGA = np.linspace(0.0, 1.2 * MODES.omega[-1], 400)


def test_atoms_add_up_to_the_density_and_each_holds_its_share():
    g = atomic_density_of_states(MODES, OMEGA, WIDTH)
    assert g.shape == (400, ATOMS)
    level = MODES.omega[3:]
    expected = np.exp(-0.5 * ((OMEGA[:, None] - level) / WIDTH) ** 2).sum(axis=1) / np.sqrt(2 * np.pi) / WIDTH
    np.testing.assert_allclose(g.sum(axis=1), expected / (3 * ATOMS), rtol=1e-12)
    # 3 / 3N an atom, less its share of the three translations
    fine = np.linspace(-2, MODES.omega[-1] + 2, 4000)
    shares = np.trapezoid(atomic_density_of_states(MODES, fine, WIDTH), fine, axis=0)
    np.testing.assert_allclose(shares, (3 - 3 / ATOMS) / (3 * ATOMS), rtol=1e-9)
    # second moment: the trace of the atom's own block, and the width's square
    moment = np.trapezoid(atomic_density_of_states(MODES, fine, WIDTH).T * (fine**2 - WIDTH**2), fine, axis=1)
    own = D.diagonal().reshape(-1, 3).sum(axis=1) / (3 * ATOMS)
    np.testing.assert_allclose(moment, own, rtol=1e-3)
    assert own[: ATOMS // 2].mean() > 1.2 * own[ATOMS // 2 :].mean()


def test_without_modes_the_same_but_for_the_kernel():
    atoms = [0, 17, 179]
    omega = np.linspace(0.8, 4, 60)
    kernel = atomic_spectrum(D, atoms, omega, resolution=0.05, project_out=ZERO)
    # the kernel narrows towards the top of the spectrum
    for row, x in enumerate(omega):
        width = kernel.resolution * np.sqrt(1 - (x / kernel.omega_max) ** 2)
        expected = atomic_density_of_states(MODES, np.array([x]), width)[0, atoms]
        np.testing.assert_allclose(kernel.g[row], expected, rtol=0.12, atol=0.01 * kernel.g.max())
    assert kernel.stderr.shape == kernel.g.shape and not kernel.stderr.any()


def test_without_modes_all_atoms_add_up_to_the_density():
    omega = np.linspace(0.1, 4, 30)
    every = atomic_spectrum(D, np.arange(ATOMS), omega, 80, project_out=ZERO)
    few = density_of_states(D, omega, 80, 200, rng=0, project_out=ZERO)
    np.testing.assert_allclose(every.g.sum(axis=1), few.g, atol=5 * few.stderr.max())
    # exactly: the trace, from all unit vectors of one component after the other
    parts = [atomic_spectrum(D, np.arange(3 * ATOMS), omega, 80, dimension=1, project_out=ZERO).g.sum(axis=1)]
    np.testing.assert_allclose(every.g.sum(axis=1), parts[0], rtol=1e-10)


def test_the_lowest_modes_even_loose_ones_give_the_atoms_peaks():
    width, count = 0.05, 88
    omega = np.linspace(0.3, MODES.omega[count + 2] - 3.001 * width, 80)
    exact = boson_peak(omega, atomic_density_of_states(MODES, omega, width), omega_min=0.35)
    assert count < 3 * ATOMS / 6
    low = low_frequency_modes(D, count, tolerance=1e-5, project_out=ZERO)
    assert low.residual.max() > 1e-9
    found = boson_peak(omega, atomic_density_of_states(low, omega, width), omega_min=0.35)
    np.testing.assert_allclose(found.intensity, exact.intensity, rtol=0.01)
    assert (found.interior == exact.interior).mean() > 0.98
    assert np.ptp(exact.intensity) > exact.intensity.mean()


def test_units_are_those_named():
    found = atomic_density_of_states(MODES, OMEGA * RAD_PER_PS, WIDTH * RAD_PER_PS, unit="rad/ps")
    np.testing.assert_allclose(found * RAD_PER_PS, atomic_density_of_states(MODES, OMEGA, WIDTH), rtol=1e-9)
    kernel = atomic_spectrum(D, 3, np.array([1.0, 2.0]) * RAD_PER_PS, 60, unit="rad/ps")
    assert kernel.unit == "rad/ps"
    np.testing.assert_allclose(kernel.g * RAD_PER_PS, atomic_spectrum(D, 3, [1.0, 2.0], 60).g, rtol=1e-9)


def test_zero_modes_do_not_count_at_zero():
    cut = Modes(MODES.omega.copy(), MODES.polarizations, MODES.residual)
    cut.omega[:3] = [0, 1e-9, 2e-9]
    g = atomic_density_of_states(cut, np.array([0.0]), 1e-3)
    assert g.max() == 0


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda low: atomic_density_of_states(low, [low.omega[-1]], 0.1), "ask for more modes"),
        (lambda low: atomic_density_of_states(low, [0.1], 0.0), "must be positive"),
        (lambda low: atomic_density_of_states(low, [0.1], 0.01, dimension=7), "not a multiple of dimension 7"),
        (lambda low: atomic_density_of_states(low, [0.1], 0.01, unit="1/s"), "unknown unit"),
    ],
)
def test_mistakes_are_named(call, sentence):
    low = Modes(MODES.omega[:40], MODES.polarizations[:, :40], MODES.residual[:40])
    with pytest.raises(ValueError, match=sentence):
        call(low)
