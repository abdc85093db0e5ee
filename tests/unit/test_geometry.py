"""Nearest images, displacements and the checks of periodic structures."""

import numpy as np
import pytest
from ase import Atoms

from bosonpeak.materials.geometry import check_periodic, displacements, nearest_image

SKEWED = np.array([[13.0, 0, 0], [4, 12, 0], [-3, 5, 14]])


def _glass(n=120, seed=0):
    """Random places in a triclinic box, no two nearer than 1."""
    rng, places = np.random.default_rng(seed), np.empty((0, 3))
    while len(places) < n:
        new = Atoms("X", [rng.uniform(0, 1, 3) @ SKEWED])
        trial = Atoms("X" * (len(places) + 1), np.vstack([places, new.positions]), cell=SKEWED, pbc=True)
        if len(places) == 0 or trial.get_distances(-1, range(len(places)), mic=True).min() > 1:
            places = trial.positions
    return Atoms(np.where(np.arange(n) % 2, "Zr", "Cu"), places, cell=SKEWED, pbc=True)


GLASS = _glass()


def _deformed(atoms, F):
    """Cell and positions by the same F (columns), every atom then folded into the box."""
    moved = atoms.copy()
    moved.set_cell(atoms.cell.array @ F.T, scale_atoms=True)
    moved.wrap()
    return moved


def test_displacements_take_the_nearest_image():
    rng = np.random.default_rng(7)
    u = rng.uniform(-2, 2, (120, 3))
    moved = GLASS.copy()
    moved.positions += u + rng.integers(-3, 4, (120, 3)) @ SKEWED
    np.testing.assert_allclose(displacements(GLASS, moved), u, atol=1e-12)
    # a cell that is sheared by a whole vector is the same lattice
    long = np.array([[1.0, 0, 0], [3, 1, 0], [0, -2, 1]]) @ SKEWED
    same = [Atoms(x.symbols, x.positions, cell=long, pbc=True) for x in (GLASS, moved)]
    np.testing.assert_allclose(displacements(*same), u, atol=1e-12)


def test_displacements_leave_out_what_follows_the_cell():
    F = np.eye(3) + np.random.default_rng(8).uniform(-0.1, 0.1, (3, 3))
    np.testing.assert_allclose(displacements(GLASS, _deformed(GLASS, F)), 0, atol=1e-12)
    moved = GLASS.copy()
    moved.positions[4] += [0.3, 0, 0]
    np.testing.assert_allclose(displacements(GLASS, _deformed(moved, F))[4], F @ [0.3, 0, 0], atol=1e-12)


def test_nearest_images_are_the_shortest_of_all_images_in_a_strongly_skewed_cell():
    # the tilt exceeds half the edge: rounding scaled coordinates misses the nearest image of many vectors
    cell = np.array([[10.0, 0, 0], [9.0, 4, 0], [-8.0, 3, 5]])
    vectors = np.random.default_rng(9).uniform(-20, 20, (300, 3))
    shifts = np.stack(np.meshgrid(*[np.arange(-20, 21)] * 3), axis=-1).reshape(-1, 3) @ cell
    shortest = np.array([np.linalg.norm(v + shifts, axis=1).min() for v in vectors])
    found = nearest_image(vectors.reshape(3, 100, 3), cell)
    assert found.shape == (3, 100, 3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1).ravel(), shortest, rtol=1e-12)
    scaled = (vectors - found.reshape(-1, 3)) @ np.linalg.inv(cell)
    np.testing.assert_allclose(scaled, np.round(scaled), atol=1e-9)


def test_other_atoms_are_refused():
    for other in (GLASS[:-1], GLASS[::-1]):
        with pytest.raises(ValueError, match="the same atoms in the same order"):
            displacements(GLASS, other)
    isolated = GLASS.copy()
    isolated.pbc = False
    for pair in ((GLASS, isolated), (isolated, GLASS)):
        with pytest.raises(ValueError, match="periodic in all three directions"):
            displacements(*pair)
    lost = GLASS.copy()
    lost.positions[3, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        check_periodic(lost)
