"""Heat and light compared with closed forms, sum rules and finite differences, and the fit with its own model."""

from functools import partial
from math import pi

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from raman_couplings import mode_couplings
from scipy.constants import Boltzmann, R, electron_volt
from scipy.integrate import quad

from bosonpeak.scattering import specific_heat as module
from bosonpeak.scattering.raman import polarizability_gradient
from bosonpeak.scattering.specific_heat import (
    PARAMETERS,
    HeatFit,
    debye_heat,
    einstein_heat,
    fit_specific_heat,
    reduced_specific_heat,
)
from bosonpeak.vibrations.debye import KELVIN, debye_density
from bosonpeak.vibrations.modes import Modes
from bosonpeak.vibrations.peaks import boson_peak

TEMPERATURE = np.geomspace(5, 100, 40)
SOLIDS = [(0.8, 250.0, 0.2, 70.0, 15.0), (0.95, 280.0, 0.05, 72.0, 12.0), (0.5, 180.0, 0.5, 120.0, 40.0)]
GLASSY = HeatFit(*SOLIDS[0], intervals={}, residual=0.0)
LATTICE = 12 * pi**4 / 5 * R


def _rattled(size=(2, 2, 2), seed=3, amplitude=0.25):
    atoms = bulk("Cu", "diamond", a=5.4, cubic=True) * size
    rng = np.random.default_rng(seed)
    atoms.positions += amplitude * rng.standard_normal(atoms.positions.shape)
    atoms.set_masses(rng.choice([63.5, 91.2], len(atoms)))
    return atoms


def _modes(vectors, omega=None):
    e = np.asarray(vectors, float)
    e = e / np.linalg.norm(e, axis=0)
    k = e.shape[1]
    return Modes(np.ones(k) if omega is None else np.asarray(omega), e, np.zeros(k))


# heats


def test_debye_heat_obeys_the_cubic_law_and_dulong_and_petit():
    np.testing.assert_allclose(debye_heat([2.0, 5.0, 0.01], 300.0), LATTICE * (np.array([2, 5, 0.01]) / 300) ** 3)
    y = np.array([0.1, 0.05])
    np.testing.assert_allclose(debye_heat(300 / y, 300.0), 3 * R * (1 - y**2 / 20 + y**4 / 560), rtol=1e-9)


@pytest.mark.parametrize("y", [0.3, 1.0, 4.0, 15.0, 59.0, 90.0])
def test_debye_heat_is_its_integral(y):
    integral = quad(lambda x: x**4 * np.exp(-x) / np.expm1(-x) ** 2 if x else 0.0, 0, y, epsabs=0, epsrel=1e-12)[0]
    assert debye_heat(200 / y, 200.0) == pytest.approx(9 * R * integral / y**3, rel=1e-11)


def test_einstein_heat_of_one_oscillator_and_the_way_to_it():
    x = 70 / TEMPERATURE
    exact = 3 * R * x**2 * np.exp(x) / np.expm1(x) ** 2
    np.testing.assert_allclose(einstein_heat(TEMPERATURE, 70.0), exact, rtol=1e-12)
    np.testing.assert_allclose(einstein_heat(TEMPERATURE, 70.0, 1e-9), exact, rtol=1e-12)
    # the first term in the spread is its square times half the second derivative
    above, below = (einstein_heat(TEMPERATURE, 70.0 + d) for d in (0.5, -0.5))
    bend = (above - 2 * exact + below) / 0.5**2
    np.testing.assert_allclose(einstein_heat(TEMPERATURE, 70.0, 0.1) - exact, 0.005 * bend, rtol=2e-2, atol=1e-9)


@pytest.mark.parametrize("theta, spread", [(70.0, 15.0), (30.0, 40.0), (200.0, 60.0)])
def test_einstein_heat_of_a_band_is_its_integral_over_positive_temperatures(theta, spread):
    def band(t):
        return np.exp(-0.5 * ((t - theta) / spread) ** 2)

    def heat(t, temperature):
        x = t / temperature
        return band(t) * x**2 * np.exp(-x) / np.expm1(-x) ** 2 if x > 0 else band(t)

    top = theta + 9 * spread
    norm = quad(band, 0, top, points=[theta])[0]
    for temperature in (2.0, 20.0, 300.0):
        expected = 3 * R * quad(heat, 0, top, args=(temperature,), points=[theta], epsrel=1e-11)[0] / norm
        assert einstein_heat(temperature, theta, spread) == pytest.approx(expected, rel=1e-8)


def test_heat_missing_to_dulong_and_petit_is_the_zero_point_energy():
    temperature = np.concatenate([[1e-3], np.geomspace(0.1, 3e5, 20001)])
    for heat, mean_theta, square in (
        (debye_heat(temperature, 250.0), 0.75 * 250, 0.6 * 250**2),
        (einstein_heat(temperature, 70.0, 8.0), 70.0, 70**2 + 8**2),
    ):
        # beyond the grid 1 - C/3R is <theta^2> / (12 T^2)
        missing = np.trapezoid(1 - heat / (3 * R), temperature) + square / (12 * temperature[-1])
        assert missing == pytest.approx(mean_theta / 2, rel=1e-4)


def test_heats_broadcast():
    theta = np.array([100.0, 200.0])[:, None]
    assert debye_heat(TEMPERATURE, theta).shape == einstein_heat(TEMPERATURE, theta, 5.0).shape == (2, 40)
    np.testing.assert_array_equal(
        einstein_heat(TEMPERATURE, theta, [[3.0], [5.0]])[1], einstein_heat(TEMPERATURE, 200.0, 5.0)
    )
    assert np.shape(debye_heat(5.0, 100.0)) == ()


def test_debye_solid_has_the_constant_of_the_cubic_law():
    theta = 250.0
    energy = np.linspace(0, 25, 2501)
    g = debye_density(energy, theta / KELVIN["meV"], 3)
    found = reduced_specific_heat([1.0, 2.0, 4.0], energy, g)
    np.testing.assert_allclose(found, LATTICE / theta**3, rtol=1e-5)
    # a grid that starts one step above 0, as a Chebyshev series gives it
    np.testing.assert_array_equal(reduced_specific_heat([1.0, 2.0, 4.0], energy[1:], g[1:]), found)
    # the coarsest grid that is allowed: k_B T of half a step
    step = energy[::10][1]
    coarse = reduced_specific_heat(0.5 * step * KELVIN["meV"], energy[::10], g[::10])
    assert coarse == pytest.approx(LATTICE / theta**3, rel=1e-5)
    warm = reduced_specific_heat([50.0, 200.0], energy, g) * np.array([50.0, 200.0]) ** 3
    np.testing.assert_allclose(warm, debye_heat([50.0, 200.0], theta), rtol=1e-3)


# the fit


@pytest.mark.parametrize("sum_to_one", [False, True])
@pytest.mark.parametrize("truth", SOLIDS)
def test_the_fit_recovers_its_own_model(truth, sum_to_one):
    heat = module._heat(TEMPERATURE, *truth)
    exact = fit_specific_heat(TEMPERATURE, heat, sum_to_one)
    np.testing.assert_allclose([getattr(exact, name) for name in PARAMETERS], truth, rtol=1e-6)
    assert exact.residual < 1e-8 and not exact.bounded
    np.testing.assert_allclose(exact.heat(TEMPERATURE), heat, rtol=1e-7)
    noisy = heat * (1 + 1e-3 * np.random.default_rng(1).standard_normal(40))
    fit = fit_specific_heat(TEMPERATURE, noisy, sum_to_one)
    np.testing.assert_allclose([getattr(fit, name) for name in PARAMETERS], truth, rtol=0.03)
    assert fit.residual == pytest.approx(1e-3, rel=0.4)
    assert all(low < getattr(fit, name) < high for name, (low, high) in fit.intervals.items())
    if sum_to_one:
        assert fit.debye_share + fit.einstein_share == pytest.approx(1)


def test_intervals_contain_the_truth_as_often_as_they_should():
    rng, truth = np.random.default_rng(5), SOLIDS[0]
    heat = module._heat(TEMPERATURE, *truth)
    held = np.zeros(5)
    for _ in range(25):
        fit = fit_specific_heat(TEMPERATURE, heat * (1 + 2e-3 * rng.standard_normal(40)))
        held += [low <= t <= high for t, (low, high) in zip(truth, fit.intervals.values(), strict=True)]
    # 5 in 25 misses at 95 %: 1 chance in 10^3
    assert (held >= 20).all() and tuple(fit.intervals) == PARAMETERS


def test_the_fit_of_a_debye_solid_needs_no_band():
    fit = fit_specific_heat(TEMPERATURE, debye_heat(TEMPERATURE, 250.0))
    assert fit.debye_temperature == pytest.approx(250, rel=1e-3)
    assert fit.einstein_share < 1e-3 and fit.residual < 1e-4
    assert "einstein_share" in fit.bounded


def test_density_of_the_fit_has_the_heat_of_the_fit():
    energy = np.linspace(0, 60, 60001)
    g = GLASSY.density(energy)
    assert np.trapezoid(g, energy) == pytest.approx(1, abs=1e-4)
    found = reduced_specific_heat(TEMPERATURE, energy, g) * TEMPERATURE**3
    np.testing.assert_allclose(found, GLASSY.heat(TEMPERATURE), rtol=1e-4)
    # a narrow band leaves the Debye level alone
    level = HeatFit(0.8, 250.0, 0.2, 70.0, 5.0, {}, 0.0).density(0.5) / 0.5**2
    assert level == pytest.approx(3 * 0.8 / (1e3 * Boltzmann * 250 / electron_volt) ** 3)


def test_boson_peak_of_the_fit_lies_where_the_density_says_and_below_the_einstein_energy():
    energy = np.linspace(0.5, 20, 20001)
    found = boson_peak(energy, GLASSY.density(energy), omega_min=2.0)
    assert found.interior and GLASSY.boson_peak == pytest.approx(found.omega, rel=1e-5)
    assert GLASSY.einstein_energy == pytest.approx(70 * 0.08617333)
    assert GLASSY.boson_peak < GLASSY.einstein_energy
    broad = HeatFit(0.5, 250.0, 0.5, 70.0, 30.0, {}, 0.0)
    assert np.isnan(broad.boson_peak)
    assert not boson_peak(energy, broad.density(energy), omega_max=15).interior


def test_a_fit_that_does_not_converge_is_reported(monkeypatch):
    original = module.least_squares
    monkeypatch.setattr(module, "least_squares", lambda *a, **k: partial(original, *a)(**{**k, "max_nfev": 1}))
    with pytest.raises(RuntimeError, match="no fit after"):
        fit_specific_heat(TEMPERATURE, GLASSY.heat(TEMPERATURE))


# light


def _polarizability(atoms: Atoms, bonds, positions):
    """sum_(i<j) (3 r r^T / r^5 - 1 / r^3) over given bonds."""
    i, j, shift = bonds
    r = positions[j] - positions[i] + shift @ np.asarray(atoms.cell)
    d = np.linalg.norm(r, axis=1)[:, None, None]
    return 0.5 * (3 * r[:, :, None] * r[:, None, :] / d**5 - np.eye(3) / d**3).sum(axis=0)


def test_couplings_are_finite_differences_of_the_polarizability():
    atoms, cutoff, h = _rattled((1, 1, 1)), 4.5, 1e-4
    images = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    every = np.indices((8, 8, 125)).reshape(3, -1)
    i, j, shift = every[0], every[1], images[every[2]]
    d = np.linalg.norm(atoms.positions[j] - atoms.positions[i] + shift @ np.asarray(atoms.cell), axis=1)
    near = (d < cutoff) & (d > 0)
    bonds = i[near], j[near], shift[near]
    modes = _modes(np.random.default_rng(0).standard_normal((24, 6)))
    expected = []
    for e in modes.polarizations.T:
        step = h * e.reshape(-1, 3) / np.sqrt(atoms.get_masses())[:, None]
        up, down = (_polarizability(atoms, bonds, atoms.positions + s * step) for s in (1, -1))
        a = (up - down) / (2 * h)
        assert np.trace(a) == pytest.approx(0, abs=1e-8)
        diagonal = (a[0, 0] - a[1, 1]) ** 2 + (a[1, 1] - a[2, 2]) ** 2 + (a[2, 2] - a[0, 0]) ** 2
        expected.append(diagonal / 2 + 3 * (a[0, 1] ** 2 + a[0, 2] ** 2 + a[1, 2] ** 2))
    np.testing.assert_allclose(mode_couplings(modes, atoms, cutoff), expected, rtol=1e-6)


def test_a_uniform_translation_does_not_couple():
    atoms = _rattled()
    root = np.sqrt(atoms.get_masses())
    modes = _modes(np.hstack([np.kron(root[:, None], np.eye(3)), np.random.default_rng(0).standard_normal((192, 3))]))
    coupling = mode_couplings(modes, atoms, 6.0)
    assert coupling[:3].max() < 1e-20 * coupling[3:].min()


def test_of_diamond_only_the_optical_modes_at_the_zone_centre_couple():
    atoms = bulk("Si", "diamond", a=5.43, cubic=True) * (3, 3, 3)
    sublattice = 1 - 2.0 * (np.rint(atoms.positions[:, 0] / (5.43 / 4)).astype(int) % 2)
    optical = np.kron(sublattice[:, None], np.eye(3))
    phase = 2 * pi * atoms.get_scaled_positions() @ np.array([[1, 0, 0], [1, 1, 0], [0, 1, 2]]).T
    waves = [np.kron(w[:, None], np.eye(3)) for w in (*np.cos(phase).T, *np.sin(phase).T)]
    coupling = mode_couplings(_modes(np.hstack([optical, *waves])), atoms, 6.0)
    np.testing.assert_allclose(coupling[:3], coupling[0], rtol=1e-10)
    assert coupling[0] > 1e-6 and coupling[3:].max() < 1e-20 * coupling[0]


def test_long_waves_in_disorder_couple_as_the_square_of_their_wave_vector():
    found, noise = np.zeros(3), 0.0
    for seed in range(12):
        atoms = _rattled((10, 2, 2), seed)
        root = np.sqrt(atoms.get_masses())
        phase = 2 * pi * np.outer(atoms.get_scaled_positions()[:, 0], [1, 2, 4])
        waves = [np.kron(root[:, None] * w, np.eye(3)) for w in (np.cos(phase), np.sin(phase))]
        random = np.random.default_rng(seed).standard_normal((3 * len(atoms), 9))
        coupling = mode_couplings(_modes(np.hstack([*waves, random])), atoms, 5.0)
        found += coupling[:18].reshape(2, 3, 3).mean(axis=(0, 2))
        noise += coupling[18:].mean()
    # long waves: below 1 % of what an incoherent motion couples
    assert found[0] < 0.01 * noise
    np.testing.assert_allclose(found[1:] / found[0], [4, 16], rtol=0.35)


E = np.linspace(0, 10, 101)
HEAT = np.full(10, 5.0)
FCC = bulk("Cu", cubic=True) * (2, 2, 2)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: reduced_specific_heat([5.0, 0.0], E, E**2), "temperature holds 0.0: give finite numbers above 0"),
        (lambda: reduced_specific_heat(5.0, E, E**2 + 1), "g starts with 1 at E = 0 meV"),
        (lambda: reduced_specific_heat(5.0, E[30:], E[30:] ** 2), "g starts with 9 at E = 3 meV: give it from E = 0"),
        (lambda: reduced_specific_heat(0.5, E, E**2), "T = 0.5 K is too low for a step of 0.1 meV"),
        (lambda: reduced_specific_heat(5.0, E, E[1:]), "must be equal rows"),
        (lambda: reduced_specific_heat(5.0, E, np.where(E > 5, np.nan, E)), "finite numbers"),
        (lambda: reduced_specific_heat(5.0, E[[0, 2, 1]], E[:3]), "must rise"),
        (lambda: debye_heat(5.0, -1.0), "theta holds -1.0"),
        (lambda: einstein_heat([], 70.0), "temperature holds nothing"),
        (lambda: einstein_heat(5.0, 70.0, -2.0), "spread = -2.0: give a finite temperature, 0 for"),
        (
            lambda: fit_specific_heat(TEMPERATURE[:5], HEAT[:5]),
            "5 temperatures cannot fix 5 parameters: give 6 or more",
        ),
        (lambda: fit_specific_heat([5.0] * 10, HEAT, True), "1 temperatures cannot fix 4 parameters: give 5 or more"),
        (lambda: fit_specific_heat(TEMPERATURE[:10], -HEAT), "heat holds -5.0"),
        (lambda: fit_specific_heat(TEMPERATURE[:10], HEAT * np.nan), "heat holds nan"),
        (lambda: fit_specific_heat(TEMPERATURE[:9], HEAT), "give two equal columns"),
        (lambda: polarizability_gradient(FCC, 0.0), "cutoff = 0.0: give a positive distance"),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_the_fit_of_an_excess_inside_debyes_solid_can_be_requested():
    temperature = np.geomspace(5, 100, 40)
    # a band above a small Debye solid: the best fit has theta_E > theta_D
    heat = 0.1 * debye_heat(temperature, 90.0) + 0.8 * einstein_heat(temperature, 195.0, 60.0)
    free, inside = (fit_specific_heat(temperature, heat, einstein_below_debye=b) for b in (False, True))
    assert free.einstein_temperature == pytest.approx(195, rel=0.03) and free.debye_temperature < 100
    assert inside.einstein_temperature < inside.debye_temperature and inside.residual >= free.residual
    # if the best fit has it below already, both are the same
    heat = 0.9 * debye_heat(temperature, 250.0) + 0.05 * einstein_heat(temperature, 60.0, 15.0)
    free, inside = (fit_specific_heat(temperature, heat, einstein_below_debye=b) for b in (False, True))
    assert inside.einstein_temperature == pytest.approx(free.einstein_temperature) == pytest.approx(60, rel=0.03)
