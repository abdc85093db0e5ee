"""Inherent structures by temperature: a cold glass is its own, a hot one has left; what is read off is in the table."""

import numpy as np
import pytest

from bosonpeak.materials import glasses
from bosonpeak.materials.potentials import get
from bosonpeak.papers.thermal_motion.inherent_spectra import inherent_spectra
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density, frequency_scale


@pytest.fixture(scope="module")
def glass(tmp_path_factory):
    recipe = glasses.GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
    return glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))


def test_a_cold_glass_stays_and_a_liquid_leaves(glass, tmp_path):
    potential = get("cu-zr-mendelev-2009")
    table = inherent_spectra(glass, potential, [2.0, 2500.0], 0.3, 0.1, 2, seed=5, folder=tmp_path)
    assert dict(table.sizes) == {"temperature": 2, "sample": 2, "omega": 600}
    assert abs(table.energy.values[0]).max() < 1e-9 < 1e-4 < abs(table.energy.values[1]).min()
    frequencies = normal_modes(dynamical_matrix(glass, potential)).omega * frequency_scale("rad/ps")
    own = broadened_reduced_density(frequencies, table.omega.values, 1.0)
    np.testing.assert_allclose(table.reduced.values[0, 0], own, rtol=1e-3, atol=1e-12)
    assert table.lowest.values[0] == pytest.approx(frequencies[3], rel=1e-3)
    inside = (table.omega >= 2) & (table.omega <= 15)
    assert table.intensity.values[0, 0] == pytest.approx(own[inside].max(), rel=0.01)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    assert len(kept) == 2
    again = inherent_spectra(glass, potential, [2.0, 2500.0], 0.3, 0.1, 2, seed=5, folder=tmp_path)
    assert again.identical(table) and {path: path.stat().st_mtime_ns for path in kept} == kept
    assert table.attrs["run_seed"] == 5 and table.omega_peak.attrs["units"] == "rad/ps"


def test_reduced_units_are_refused(glass):
    with pytest.raises(ValueError, match="reduced units"):
        inherent_spectra(glass, get("lennard-jones"), [1.0], 1.0, 1.0, 1, seed=1)
