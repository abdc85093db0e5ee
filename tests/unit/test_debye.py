"""Closed forms compared with each other and with counting."""

from math import pi

import numpy as np
import pytest
from scipy.special import zeta

from bosonpeak import units
from bosonpeak.papers.primer.measure import excess_band
from bosonpeak.vibrations.debye import (
    KELVIN,
    debye_density,
    debye_frequency,
    plane_waves,
    specific_heat,
    square_lattice_density,
)

OMEGA = np.linspace(0, 1, 20001)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_debye_density_is_normalised_and_its_level_is_constant(dimension):
    omega = np.linspace(0, 7, 7001)
    g = debye_density(omega, 5.0, dimension)
    # half a step at the edge, where the density drops to 0
    assert np.trapezoid(g, omega) == pytest.approx(1, abs=1e-3)
    inside = (omega > 0) & (omega <= 5)
    np.testing.assert_allclose(g[inside] / omega[inside] ** (dimension - 1), dimension / 5.0**dimension)
    assert not np.any(g[omega > 5])


@pytest.mark.parametrize("dimension", [2, 3])
def test_debye_frequency_counts_as_many_waves_as_there_are_modes(dimension):
    length, density = 40.0, 1.7
    omega_d = debye_frequency([2.5], density, dimension)
    count = plane_waves(length, omega_d, dimension, speed=2.5)[1].sum()
    assert count == pytest.approx(density * length**dimension, rel=2e-3)


def test_debye_frequency_of_atoms_and_of_the_scalar_lattice():
    c_l, c_t, density = 4.6, 2.1, 0.058
    textbook = (18 * pi**2 * density / (c_l**-3 + 2 * c_t**-3)) ** (1 / 3)
    assert debye_frequency([c_l, c_t, c_t], density, 3) == pytest.approx(textbook)
    assert debye_frequency([1.0], 1.0, 2) == pytest.approx(np.sqrt(4 * pi))


@pytest.mark.parametrize("dimension, modes, law", [(3, 3, 12 * pi**4 / 5), (2, 2, 24 * zeta(3)), (1, 1, pi**2 / 3)])
def test_specific_heat_at_low_temperature(dimension, modes, law):
    temperature = np.array([0.01, 0.02])
    c = modes * specific_heat(temperature, OMEGA, debye_density(OMEGA, 1.0, dimension))
    np.testing.assert_allclose(c / temperature**dimension, law, rtol=1e-4)


def test_two_dimensional_law_is_the_number_of_the_textbooks():
    assert 24 * zeta(3) == pytest.approx(28.85, abs=0.005)


@pytest.mark.parametrize("dimension", [2, 3])
def test_specific_heat_at_high_temperature_is_dulong_and_petit(dimension):
    g = debye_density(OMEGA, 1.0, dimension)
    first_order = 1 - np.trapezoid(g * OMEGA**2, OMEGA) / (12 * 20.0**2)
    assert specific_heat(20.0, OMEGA, g) == pytest.approx(first_order, abs=1e-7)


def test_specific_heat_of_one_frequency_is_einsteins():
    omega = np.linspace(9.99, 10.01, 201)
    g = np.full(201, 1 / 0.02)
    temperature = np.array([30.0, 100.0])
    x = 10 * 11.604518 / temperature
    einstein = x**2 * np.exp(x) / np.expm1(x) ** 2
    np.testing.assert_allclose(specific_heat(temperature, omega, g, unit="meV"), einstein, rtol=1e-5)


def test_specific_heat_does_not_depend_on_the_unit_of_the_grid():
    g = debye_density(OMEGA, 1.0, 3)
    temperature = [5.0, 50.0]
    expected = specific_heat(temperature, OMEGA, g, unit="meV")
    for unit in KELVIN:
        scale = KELVIN["meV"] / KELVIN[unit]
        np.testing.assert_allclose(specific_heat(temperature, OMEGA * scale, g / scale, unit=unit), expected)


def test_units_agree_with_the_units_of_the_engine():
    assert KELVIN["meV"] / KELVIN["rad/ps"] == pytest.approx(units.RAD_PER_PS / units.MEV)
    assert KELVIN["THz"] / KELVIN["rad/ps"] == pytest.approx(2 * pi)
    assert KELVIN["meV"] / KELVIN["1/cm"] == pytest.approx(8.065544, rel=1e-6)


def test_square_lattice_density_against_counting_and_its_moments():
    k = 2 * pi * (np.arange(1500) + 0.5) / 1500
    band = 4 - 2 * np.cos(k)[:, None] - 2 * np.cos(k)[None, :]
    counted = np.searchsorted(np.sort(np.sqrt(band.ravel())), [0.3, 1.0, 1.9, 2.1, 2.7]) / band.size
    # the substitution keeps the grid fine on both sides of the singularity at 2
    near = np.linspace(0, 1, 40001)[1:] ** 3
    omega = np.concatenate([(2 - 2 * near)[::-1], 2 + 0.83 * near])
    g = square_lattice_density(omega)
    steps = 0.5 * (g[1:] + g[:-1]) * np.diff(omega)
    cumulative = np.interp([0.3, 1.0, 1.9, 2.1, 2.7], omega, np.concatenate([[0], np.cumsum(steps)]))
    np.testing.assert_allclose(cumulative, counted, atol=3e-4)
    assert steps.sum() == pytest.approx(1, abs=1e-4)
    # the trace of the dynamical matrix: 4 springs per node
    assert np.trapezoid(g * omega**2, omega) == pytest.approx(4, abs=1e-3)


def test_square_lattice_starts_at_its_debye_level_and_ends_at_the_band_edge():
    assert square_lattice_density(1e-3) / 1e-3 == pytest.approx(1 / (2 * pi), rel=1e-6)
    assert square_lattice_density(2 * np.sqrt(2) - 1e-9) == pytest.approx(2 * np.sqrt(2) / (2 * pi), rel=1e-6)
    np.testing.assert_array_equal(square_lattice_density([-0.5, 0.0, 2.9]), 0)


def test_shells_of_a_box():
    omega, count = plane_waves(2 * pi, 3.0, 2)
    np.testing.assert_allclose(omega**2, [1, 2, 4, 5, 8, 9])
    np.testing.assert_array_equal(count, [4, 4, 4, 8, 4, 4])
    omega, count = plane_waves(2 * pi, 2.5, 3)
    np.testing.assert_allclose(omega**2, [1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(count, [6, 12, 8, 6, 24, 24])
    omega, count = plane_waves(20.0, 0.3, 3)
    assert len(omega) == len(count) == 0


def test_excess_band_is_normalised_about_its_median():
    omega = np.linspace(0, 20, 200001)
    band = excess_band(omega, 2.0, 0.4)
    assert np.trapezoid(band, omega) == pytest.approx(1, abs=1e-6)
    assert np.trapezoid(band[omega <= 2], omega[omega <= 2]) == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: debye_density(OMEGA, 0.0, 3), "omega_d must be positive"),
        (lambda: debye_frequency([1.0, -1.0], 1.0, 3), "must be positive"),
        (lambda: debye_frequency([1.0], 1.0, 0), "dimension"),
        (lambda: plane_waves(0.0, 1.0, 2), "need positive length"),
        (lambda: excess_band(OMEGA, 1.0, 0.0), "must be positive"),
        (lambda: specific_heat(0.0, OMEGA, OMEGA), "temperatures must be positive"),
        (lambda: specific_heat(1.0, OMEGA, OMEGA, unit="GHz"), "unit must be one of rad/ps, THz"),
        (lambda: specific_heat(1.0, OMEGA[::-1], OMEGA), "must rise"),
        (lambda: specific_heat(1.0, OMEGA, OMEGA[1:]), "one value for each omega"),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
