"""The model glass: its modes and table, the check of the archive, and controls at the energy of its peak."""

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

from bosonpeak.archive.glasses import load
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import local_fields, maps, model_glass, readings
from bosonpeak.papers.li_2025.tables import GRIDS, Plan
from bosonpeak.scattering.harmonic import boson_map
from bosonpeak.scattering.wavevectors import box_wavevectors
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes


@pytest.fixture(scope="module")
def small():
    """Lennard-Jones glass of density 1 with its modes, and a reading of its own map."""
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * (3, 3, 3)
    start.positions += np.random.default_rng(0).normal(0, 0.3, (len(start), 3))
    atoms = inherent_structure(start, get("lennard-jones"))
    atoms.set_masses(np.ones(len(atoms)))
    modes, grid = normal_modes(dynamical_matrix(atoms, get("lennard-jones"))), GRIDS["lj"]
    waves = box_wavevectors(atoms.cell.array, grid.edges, 6, 2)
    found = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
    structure = 1 + np.exp(-(((found.q - 7.0) / 1.0) ** 2))
    inside = maps.window(found, 5.3, 21.0)
    return atoms, modes, readings.read_maps([found], [structure], inside, readings.SEARCH_MODEL)


class TestControlsOfTheModelGlass:
    def test_r_of_few_waves_is_that_of_the_whole_map(self, small):
        atoms, modes, reading = small
        table = model_glass.wave_convergence(reading, atoms, modes, [1, 6])
        speckle = table["speckle of a shell (%)"]
        assert list(table["wave vectors per shell"]) == [1, 6] and np.isnan(speckle[0]) and 0 < speckle[1] < 100
        # six waves and seed 2 are those of the reading itself
        assert table["r at the peak"][1] == pytest.approx(reading.likeness()[0], rel=1e-4)

    def test_modes_far_from_the_energy_do_not_count(self, small):
        atoms, modes, _ = small
        grid, waves = GRIDS["lj"], box_wavevectors(atoms.cell.array, GRIDS["lj"].edges, 4, 1)
        every = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
        one = boson_map(modes, atoms, waves, grid.energy[20:21], grid.width, unit="reduced")
        np.testing.assert_allclose(one.intensity[:, 0], every.intensity[:, 20], rtol=1e-5)

    def test_polarizations_of_other_atoms_lose_the_structure(self, small):
        atoms, modes, reading = small
        found = model_glass.shuffled_correlation(reading, atoms, modes, 6)
        assert abs(found) < 0.5
        # handed around, they are still all there
        assert modes.polarizations.shape == (324, 324)

    def test_the_displacement_of_the_modes_has_the_likeness_of_their_map(self, small):
        atoms, modes, reading = small
        found = model_glass.still_correlations(reading, atoms, modes, 1.5, 6)
        assert set(found) == set(local_fields.LINEAR) and all(-1 <= r <= 1 for r in found.values())
        # coherent displacements are more like S(Q) than those with random signs
        assert found["displacement"] > found["random sign"]

    def test_a_sample_is_computed_again_and_a_wrong_table_is_refused(self, small, monkeypatch):
        atoms, modes, _ = small
        grid = GRIDS["lj"]
        waves = box_wavevectors(atoms.cell.array, grid.edges, 6, 3)
        found = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
        monkeypatch.setattr(model_glass, "glass_and_modes", lambda name: (atoms, modes))
        attributes = {"name": "made", "waves": 6, "seed_of_waves": 3}
        table = xr.Dataset({"harmonic": (("q", "energy"), found.intensity.astype("f4"))}, attrs=attributes)
        shells, deviation = model_glass.check_sample(table, every=5)
        assert shells == (found.counts[::5] > 0).sum() and deviation < 1e-5
        table.harmonic[40] *= 1.01
        with pytest.raises(RuntimeError, match=r"made differs by 0\.01 .* archived = False"):
            model_glass.check_sample(table, every=5)


class TestModelGlass:
    def test_the_archived_parameters_are_those_of_the_chapter(self):
        assert model_glass.MEASUREMENTS == (model_glass.MODEL_GLASS,) and model_glass.MODEL_GLASS.group == "book"

    def test_parameters_reach_the_table(self, monkeypatch):
        asked = []
        monkeypatch.setattr(model_glass, "glass_and_modes", lambda name: (None, "modes"))
        monkeypatch.setattr(model_glass, "computed_table", lambda *words, **options: asked.append((words, options)))
        model_glass.model_glass("a glass", 30, 8, 0.1, 60.0, folder="kept")
        ((glass, plan, progress), options) = asked[0]
        assert (glass, plan, progress) == ("a glass", Plan("modes", 30, 8, 0.1, 60.0, "main"), False)
        assert options == {"modes": "modes", "extras": False, "folder": "kept"}

    def test_a_glass_has_the_masses_of_its_potential(self, monkeypatch):
        monkeypatch.setattr(model_glass, "normal_modes", lambda D: Modes(np.ones(D.shape[0]), None, None))
        model_glass.glass_and_modes.cache_clear()
        atoms, modes = model_glass.glass_and_modes("kob-andersen-n1000-0.001-s1")
        model_glass.glass_and_modes.cache_clear()
        assert len(modes.omega) == 3000 and set(atoms.get_masses()) == {1.0}
        np.testing.assert_array_equal(atoms.positions, load("kob-andersen-n1000-0.001-s1").positions)
