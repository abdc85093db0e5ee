"""Boson peaks of single atoms: moments against modes, one atom's levels by hand, and chunks that are kept."""

import numpy as np
import pytest

from bosonpeak.materials import glasses
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.local_peaks import peaks_by_modes, peaks_by_moments
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import frequency_scale


@pytest.fixture(scope="module")
def glass(tmp_path_factory):
    recipe = glasses.GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
    atoms = glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))
    potential = get("cu-zr-mendelev-2009")
    return atoms, potential, normal_modes(dynamical_matrix(atoms, potential))


def test_moments_and_modes_agree_and_a_wide_kernel_does_not(glass):
    atoms, potential, modes = glass
    dense = peaks_by_modes(modes)[0]
    moments = peaks_by_moments(atoms, potential, np.arange(108))[0]
    assert np.corrcoef(dense, moments)[0, 1] > 0.99
    np.testing.assert_allclose(moments, dense, rtol=0.1)
    wide = peaks_by_moments(atoms, potential, np.arange(108), width=10.0)[0]
    assert np.corrcoef(dense, wide)[0, 1] < 0.95


def test_an_atom_s_peak_is_the_maximum_over_its_own_levels(glass):
    _, _, modes = glass
    intensity, omega = peaks_by_modes(modes)
    level = modes.omega[3:] * frequency_scale("rad/ps")
    share = (modes.polarizations[:, 3:].reshape(108, 3, -1) ** 2).sum(axis=1)[17]
    at = np.linspace(2, 15, 2601)
    g = np.exp(-0.5 * (at[:, None] - level) ** 2) @ share / np.sqrt(2 * np.pi) / 324
    assert intensity[17] == pytest.approx((g / at**2).max(), rel=1e-3)
    assert omega[17] == pytest.approx(at[(g / at**2).argmax()], abs=0.02)


def test_finished_chunks_are_read_back_and_foreign_ones_are_not(glass, tmp_path):
    atoms, potential, _ = glass
    whole = peaks_by_moments(atoms, potential, np.arange(100), folder=tmp_path)
    files = sorted(tmp_path.rglob("*.npz"))
    assert len(files) == 2
    before = [file.stat().st_mtime_ns for file in files]
    again = peaks_by_moments(atoms, potential, np.arange(100), folder=tmp_path)
    assert [file.stat().st_mtime_ns for file in files] == before
    np.testing.assert_array_equal(again, whole)
    # half a file is made again
    files[1].write_bytes(files[1].read_bytes()[:40])
    np.testing.assert_array_equal(peaks_by_moments(atoms, potential, np.arange(100), folder=tmp_path), whole)
    # other atoms have a folder of their own
    other = peaks_by_moments(atoms, potential, np.arange(8, 72), folder=tmp_path)
    np.testing.assert_allclose(other[0], whole[0][8:72], rtol=1e-9)
