"""Crystals as controls: their Bloch waves are the modes of the whole box, and their peak disperses."""

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import crystals
from bosonpeak.papers.li_2025.readings import WINDOW
from bosonpeak.papers.li_2025.tables import GRIDS
from bosonpeak.scattering.harmonic import boson_map
from bosonpeak.scattering.wavevectors import box_wavevectors
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes


def test_bloch_waves_are_the_modes_of_the_whole_box():
    potential, grid = get("lennard-jones"), GRIDS["lj"]
    start = bulk("Ar", "fcc", 1.56, cubic=True).repeat(4)
    atoms = inherent_structure(start, potential, 1e-10, relax_box=True)
    atoms.set_masses(np.ones(len(atoms)))
    waves = box_wavevectors(atoms.cell.array, np.arange(1.0, 12.0, 0.5), 12, 1)
    modes = normal_modes(dynamical_matrix(atoms, potential))
    known = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
    found = crystals.bloch_map(atoms, potential, waves, grid.energy, grid.width, "reduced")
    scale = np.nanmax(known.intensity)
    np.testing.assert_allclose(found.intensity, known.intensity, rtol=1e-4, atol=1e-6 * scale)
    # the modes' maps are summed in single precision
    np.testing.assert_allclose(found.stderr, known.stderr, rtol=1e-3, atol=3e-4 * scale)
    np.testing.assert_array_equal(found.counts, known.counts)


def test_atoms_that_differ_are_refused():
    atoms = bulk("Ar", "fcc", 1.56, cubic=True).repeat(4)
    atoms.positions += np.random.default_rng(0).normal(0, 0.02, atoms.positions.shape)
    atoms.set_masses(np.ones(len(atoms)))
    waves = box_wavevectors(atoms.cell.array, [2.0, 5.0], 2, 1)
    with pytest.raises(ValueError, match="not equivalent: give a perfect crystal"):
        crystals.bloch_map(atoms, get("lennard-jones"), waves, [2.0], 0.3, "reduced")


def test_the_peak_of_a_crystal_disperses():
    first = 7.1
    limits = tuple(q / 2.8 * first for q in WINDOW)
    found, dispersion = crystals.lennard_jones_crystal(4, 10, first, limits, (1.3, 24.0))
    assert dispersion.relative_spread > 0.2
    # the first Bragg peak is where the glass has its first peak of S(Q): the shells are scaled
    spacing = (found.q[1] - found.q[0]) / np.diff(GRIDS["lj"].edges)[0]
    np.testing.assert_allclose(np.diff(found.q), found.q[1] - found.q[0])
    assert dispersion.q.min() >= limits[0] * spacing and dispersion.q.max() <= limits[1] * spacing
    _, metal = crystals.copper(5, 10, WINDOW, (1.5, 30.0))
    assert metal.relative_spread > 0.2
