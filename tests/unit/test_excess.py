"""The excess over the waves of a box: densities made of exactly these waves, with and without a peak of their own."""

import itertools

import numpy as np
import pytest

from bosonpeak.papers.li_2025.excess import box_excess
from bosonpeak.vibrations.elasticity import phonon_shells
from bosonpeak.vibrations.peaks import gaussian_levels

E = np.arange(1, 181) * 0.25
KERNEL, WIDTH, SEARCH = 0.4, 0.6, (1.0, 10.0)
EDGE, ATOMS = 40.0, 3584
SPEEDS = 28.0, 13.0
"""hbar c of longitudinal and of transverse sound, in meV A: the first transverse wave of the box is at 2.04 meV."""
CELL = EDGE * np.eye(3)


def waves_of(cell, n_atoms, speeds, width, reach=9):
    """The sum over the wave vectors of a box, one by one."""
    total = np.zeros(len(E))
    inverse = 2 * np.pi * np.linalg.inv(cell)
    for n in itertools.product(range(-reach, reach + 1), repeat=3):
        if any(n):
            q = np.linalg.norm(inverse @ n)
            for speed, branches in ((speeds[0], 1), (speeds[1], 2)):
                level = speed * q
                if level < E[-1] + 6 * width:
                    gauss = np.exp(-0.5 * ((E - level) / width) ** 2) / (width * np.sqrt(2 * np.pi))
                    total += branches * gauss / level**2 / (3 * n_atoms)
    return total


@pytest.fixture(scope="module")
def waves():
    return waves_of(CELL, ATOMS, SPEEDS, KERNEL)


def peak(place, width, height):
    return height * np.exp(-0.5 * ((E - place) / width) ** 2)


def read(reduced, **options):
    given = {"kernel": KERNEL, "width": WIDTH, "cell": CELL, "n_atoms": ATOMS, "speeds": SPEEDS, "search": SEARCH}
    return box_excess(E, reduced, *(given | options).values())


def test_the_waves_alone_leave_no_excess(waves):
    found = read(waves)
    # waves that do not reach the energies that are searched are left out, and the Gaussian ends at E = 0
    low = (E >= 1) & (E <= 10)
    np.testing.assert_allclose(found.density[low], found.waves[low], atol=2e-3 * waves.max())
    np.testing.assert_allclose(found.waves[low], waves_of(CELL, ATOMS, SPEEDS, WIDTH)[low], atol=1e-9 * waves.max())
    assert found.first == pytest.approx(SPEEDS[1] * 2 * np.pi / EDGE)


@pytest.mark.parametrize("place", [3.0, 4.4, 6.0])
def test_a_peak_on_top_of_the_waves_is_recovered(waves, place):
    height = 0.5 * waves.max()
    found = read(waves + peak(place, 1.2, height))
    assert found.peak == pytest.approx(place, abs=0.03) and found.interior
    # where the waves are not taken off, the maximum is that of the waves and the peak together
    assert abs(found.highest - place) > 0.15
    # under the wider Gaussian the peak is lower and broader
    wide = np.sqrt(1.2**2 + WIDTH**2 - KERNEL**2)
    low = (E >= 1) & (E <= 10)
    expected = peak(place, wide, height * 1.2 / wide)
    np.testing.assert_allclose((found.density - found.waves)[low], expected[low], atol=4e-3 * waves.max())
    assert found.upper == pytest.approx(place + wide * np.sqrt(2 * np.log(2)), abs=0.05)
    assert found.height == pytest.approx(np.interp(place, E, found.density) / found.level, rel=0.01)


def test_a_single_level_over_its_energy_squared_is_recovered_without_waves():
    # a box whose first wave lies beyond all energies
    reduced = 7 * gaussian_levels(E, np.array([4.3]), KERNEL)[:, 0] / 4.3**2
    found = read(reduced, cell=np.eye(3), speeds=(90.0, 46.0))
    assert not found.waves.any() and found.first == pytest.approx(46 * 2 * np.pi)
    assert found.peak == found.highest == pytest.approx(4.3, abs=0.01)
    np.testing.assert_allclose(found.density, 7 * gaussian_levels(E, np.array([4.3]), WIDTH)[:, 0] / 4.3**2, atol=2e-3)
    assert found.upper == pytest.approx(4.3 + WIDTH * np.sqrt(2 * np.log(2)), abs=0.02)


def test_in_a_huge_box_the_waves_are_those_of_debye():
    edge, density = 400.0, 0.056
    search = (1.0, 6.0)
    found = read(0 * E, cell=edge * np.eye(3), n_atoms=density * edge**3, search=search)
    # 3 / E_D^3 = (c_L^-3 + 2 c_T^-3) / (6 pi^2 n)
    level = (SPEEDS[0] ** -3 + 2 * SPEEDS[1] ** -3) / (6 * np.pi**2 * density)
    assert found.level == pytest.approx(level)
    middle = (E > 2) & (E < 8)
    np.testing.assert_allclose(found.waves[middle], level, rtol=0.02)
    assert found.waves[middle].mean() == pytest.approx(level, rel=2e-3)


def test_waves_of_an_oblique_box():
    cell = np.array([[40.0, 0, 0], [10, 38, 0], [-5, 8, 42]])
    found = read(0 * E, cell=cell)
    low = E < 10
    expected = waves_of(cell, ATOMS, SPEEDS, WIDTH)[low]
    np.testing.assert_allclose(found.waves[low], expected, atol=1e-9 * expected.max())
    assert found.first == pytest.approx(phonon_shells(cell, SPEEDS[1], 10.0)[0][0])


def test_an_excess_that_does_not_fall_has_no_upper_half_height():
    assert np.isnan(read(np.where(E > 4, 1.0, 0.0), cell=np.eye(3), speeds=(90.0, 46.0)).upper)
    falling = read(1 / E, cell=np.eye(3), speeds=(90.0, 46.0))
    assert not falling.interior and falling.peak == 1.0


@pytest.mark.parametrize("options", [{"width": 0.3}, {"kernel": 0.0}, {"width": np.nan}])
def test_a_gaussian_that_is_narrower_than_that_of_the_density_is_refused(waves, options):
    with pytest.raises(ValueError, match="take no less than the kernel of the density"):
        read(waves, **options)


def test_energies_that_are_not_even_are_refused(waves):
    with pytest.raises(ValueError, match="on an even grid"):
        box_excess(E**1.1, waves, KERNEL, WIDTH, CELL, ATOMS, SPEEDS, SEARCH)
    with pytest.raises(ValueError, match="fewer than three frequencies"):
        read(waves, search=(4.0, 4.3))
