"""The numbers of the primer against limits that are known."""

import numpy as np
import pytest

from bosonpeak.papers.primer import measure
from bosonpeak.vibrations.debye import specific_heat


def test_the_square_lattice_starts_at_its_debye_level():
    lattice = measure.square_lattice()
    assert lattice.level == pytest.approx(1 / (2 * np.pi))
    assert lattice.reduced[0] == pytest.approx(lattice.level, rel=1e-5)
    assert lattice.reduced[np.argmin(abs(lattice.omega - 2))] > 3 * lattice.level
    at_one = np.interp(1.0, lattice.omega, lattice.reduced)
    assert lattice.rise == pytest.approx(100 * (at_one / lattice.level - 1), abs=0.01)


def test_moving_modes_into_the_band_keeps_their_number():
    for share in (0.0, 0.03, 0.06):
        assert np.trapezoid(measure.glassy_density(share), measure.GRID) == pytest.approx(1, abs=1e-4)


def test_a_solid_without_excess_has_debyes_heat_at_low_temperature():
    heat = specific_heat(np.array([0.02]), measure.GRID, measure.glassy_density(0.0)) / 0.02**3
    assert heat[0] == pytest.approx(measure.DEBYE_HEAT, rel=1e-4)


def test_a_narrow_band_peaks_at_its_place():
    found = measure.summits(0.03, 0.02)
    assert found.peak == pytest.approx(0.2, rel=2e-3)
    # C/T^3 of one frequency is highest at x = 4.93: x / tanh(x / 2) = 5
    assert found.peak / found.hump == pytest.approx(4.93, abs=0.1)
    assert measure.peak_over_hump(0.03, 0.02) == found.peak / found.hump


def test_the_waves_of_a_large_box_fill_the_debye_level():
    waves = measure.binned_waves(1000)
    assert waves.first == pytest.approx(2 * np.pi / 1000)
    np.testing.assert_allclose(waves.height[1:], 1 / (2 * np.pi), rtol=0.02)
    small = measure.binned_waves(20)
    assert (small.height[small.edges[1:] < small.first] == 0).all()


def test_each_row_of_the_table_is_one_frequency():
    head, rule, row = measure.frequency_table([("THz", 1)]).split("\n")
    assert head.count("|") == rule.count("|") == row.count("|") == 6
    assert [cell.strip() for cell in row.strip("| ").split("|")] == ["6.283", "1", "4.136", "33.36", "47.99"]


def test_the_first_wave_of_a_glass():
    first = measure.first_wave(speed=2.0, side=2.0)
    assert first["rad/ps"] == pytest.approx(2 * np.pi) and first["THz"] == pytest.approx(1)
    assert first["meV"] == pytest.approx(4.1357, abs=1e-3)
