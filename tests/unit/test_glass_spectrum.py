"""The spectrum of a glass: sum rules, both routes, and structures that are not minima."""

import numpy as np
import pytest
from ase.build import bulk
from scipy.ndimage import gaussian_filter1d

from bosonpeak.archive.glasses import load
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations import glass_spectrum as module
from bosonpeak.vibrations.elasticity import elastic_moduli
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.peaks import PeakReading, boson_peak, debye_excess

SPHERES = "harmonic-spheres-n1000-instant-s1"


@pytest.fixture(scope="module")
def crystal():
    """A Lennard-Jones crystal and its potential."""
    return bulk("Ar", "fcc", 1.55, cubic=True) * (5, 5, 5), get("lennard-jones")


@pytest.fixture(scope="module")
def dense(crystal):
    return module.glass_spectrum(*crystal)


def test_all_states_are_counted_and_three_of_them_rest(dense, crystal):
    n = 3 * len(crystal[0])
    assert dense.sizes["mode"] == dense.attrs["degrees_of_freedom"] == n
    assert np.trapezoid(np.r_[0, dense.g], np.r_[0, dense.omega]) == pytest.approx(1, abs=0.02)
    assert (dense.frequency.values < 1e-6 * dense.attrs["omega_max"]).sum() == 3
    # the trace of the dynamical matrix is the sum of the squares
    assert (dense.frequency.values**2).sum() == pytest.approx(dynamical_matrix(*crystal).diagonal().sum(), rel=1e-9)


def test_the_debye_level_is_that_of_the_moduli_and_the_first_phonon_that_of_the_box(dense, crystal):
    elastic = elastic_moduli(*crystal, rtol=1e-4)
    assert dense.attrs["debye_level"] == elastic.debye_level == pytest.approx(3 / elastic.debye_frequency**3)
    edge = crystal[0].cell.lengths()[0]
    assert dense.attrs["first_phonon"] == pytest.approx(2 * np.pi / edge * elastic.speeds[1])
    assert dense.attrs["unit"] == "reduced" and np.isnan(dense.attrs["cumulative_level"])


def test_both_routes_agree(crystal, dense, monkeypatch):
    monkeypatch.setattr(module, "DENSE", 100)
    sparse = module.glass_spectrum(*crystal)
    assert sparse.sizes["mode"] == module.LOW_MODES
    np.testing.assert_allclose(sparse.frequency, dense.frequency[3 : 3 + module.LOW_MODES], rtol=1e-6)
    # the Jackson kernel narrows towards the top and the Gaussian does not: both are smoothed over five of the widths
    step = float(sparse.omega[1] - sparse.omega[0])
    width = 5 * dense.attrs["resolution"] / step
    ours, reference = (
        gaussian_filter1d(g, width) for g in (sparse.g, np.interp(sparse.omega, dense.omega, dense.g, right=0))
    )
    assert abs(ours - reference).mean() < 0.05 * reference.mean()


def test_a_structure_that_is_not_a_minimum_is_refused(crystal):
    shaken = crystal[0].copy()
    shaken.rattle(0.01, seed=1)
    with pytest.raises(ValueError, match="not a minimum: a force of"):
        module.glass_spectrum(shaken, crystal[1])


def test_the_peak_of_spheres_is_read_by_the_width_of_their_potential():
    potential = get("harmonic-spheres")
    found = module.glass_spectrum(load(SPHERES), potential, 1e-12)
    # the resolution of the dense route is finer than the width, so that both add up to it
    assert found.attrs["boson_peak_broadening"] == pytest.approx(max(potential.peak_width, found.attrs["resolution"]))
    assert found.attrs["boson_peak_omega"] >= 2 * potential.peak_width
    assert module.glass_spectrum.method.name == "vibrations"


def test_a_reading_of_levels_finds_one_level_at_its_place():
    omega = np.linspace(0.01, 10, 2000)
    reading = PeakReading(width=0.2, lowest=0.4, highest=9)
    peak, reduced = reading.of_levels([3.0, 3.0], omega, total=6)
    assert peak.interior and peak.omega == pytest.approx(3.0, abs=1e-4)
    # two of six states in a Gaussian, divided by the square of their frequency
    assert peak.intensity == pytest.approx(2 / 6 / 9 / (0.2 * np.sqrt(2 * np.pi)), rel=1e-5)
    assert np.trapezoid(reduced, omega) == pytest.approx(2 / 6 / 9, rel=1e-6)


def test_a_reading_of_a_density_smooths_to_its_width():
    omega = np.linspace(0.05, 12, 1200)
    reading = PeakReading(width=0.5, lowest=1, highest=11)
    fine = np.exp(-0.5 * ((omega - 5) / 0.3) ** 2) * omega**2
    peak = reading.of_density(omega, fine, resolution=0.3)
    assert peak.smoothing == pytest.approx(0.4) and peak.omega == pytest.approx(5, abs=0.01)
    # Gaussians of 0.3 and 0.4 make one of 0.5
    assert peak.intensity == pytest.approx(0.3 / 0.5, rel=1e-2)
    # a density that is coarser already is left as it is
    assert reading.of_density(omega, fine, resolution=0.6).smoothing == 0


def test_the_excess_of_debyes_solid_is_one_and_a_floppy_one_has_none():
    omega = np.linspace(0.1, 3, 60)
    assert debye_excess(omega, 0.7 * omega**2, 0.7) == pytest.approx(1)
    assert debye_excess(omega, np.stack([omega, 3 * omega], axis=1), 1.0, dimension=2) == pytest.approx([1, 3])
    with pytest.raises(ValueError, match="carries sound"):
        debye_excess(omega, omega, 0.0, dimension=2)


def test_a_grid_that_descends_and_a_density_with_nan_are_refused():
    omega = np.linspace(0.1, 3, 60)
    with pytest.raises(ValueError, match="must ascend"):
        boson_peak(omega[::-1], omega)
    spoilt = omega.copy()
    spoilt[7] = np.nan
    with pytest.raises(ValueError, match=f"g holds NaN, first at omega = {omega[7]:g}"):
        boson_peak(omega, spoilt)
