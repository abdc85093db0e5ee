"""Local strain of motions known in closed form, and of one displaced atom by hand."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from bosonpeak.structure.strain import displacements, local_strain
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

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


@pytest.mark.parametrize("seed", range(3))
def test_an_affine_deformation_is_found_exactly(seed):
    F = np.eye(3) + np.random.default_rng(seed).uniform(-0.15, 0.15, (3, 3))
    found = local_strain(GLASS, _deformed(GLASS, F), 4.0)
    np.testing.assert_allclose(found.F, np.broadcast_to(F, (120, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(found.strain, np.broadcast_to((F.T @ F - np.eye(3)) / 2, (120, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(found.d2min, 0, atol=1e-20)
    assert found.n_neighbours.min() >= 4


def test_simple_shear_and_dilation_have_their_invariants():
    gamma, stretch = 0.06, 1.03
    sheared = local_strain(GLASS, _deformed(GLASS, np.eye(3) + gamma * np.outer([1, 0, 0], [0, 1, 0])), 4.0)
    np.testing.assert_allclose(sheared.strain[:, 0, 1], gamma / 2)
    np.testing.assert_allclose(sheared.strain[:, 1, 1], gamma**2 / 2)
    np.testing.assert_allclose(sheared.strain[:, [0, 0, 2, 1], [0, 2, 2, 2]], 0, atol=1e-12)
    # Shimizu, Ogata and Li, Eq. 7, written out
    np.testing.assert_allclose(sheared.von_mises, np.sqrt(gamma**2 / 4 + 2 * (gamma**2 / 2) ** 2 / 6))
    np.testing.assert_allclose(sheared.volumetric, gamma**2 / 6)
    dilated = local_strain(GLASS, _deformed(GLASS, stretch * np.eye(3)), 4.0)
    np.testing.assert_allclose(dilated.volumetric, (stretch**2 - 1) / 2)
    np.testing.assert_allclose(dilated.von_mises, 0, atol=1e-12)


def test_rotation_and_translation_are_no_strain():
    turn = Rotation.from_rotvec([0.4, -0.9, 0.7]).as_matrix()
    turned = _deformed(GLASS, turn)
    turned.positions += [3.0, -7.0, 20.0]
    found = local_strain(GLASS, turned, 4.0)
    np.testing.assert_allclose(found.F, np.broadcast_to(turn, (120, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(found.strain, 0, atol=1e-12)
    np.testing.assert_allclose(found.d2min, 0, atol=1e-20)


def test_strain_of_a_turned_motion_turns_with_the_reference():
    rng = np.random.default_rng(4)
    shaken = GLASS.copy()
    shaken.positions += rng.normal(0, 0.1, (120, 3))
    found = local_strain(GLASS, shaken, 4.0)
    turn = Rotation.from_rotvec([0.4, -0.9, 0.7]).as_matrix()
    # the current frame alone: nothing seen
    after = local_strain(GLASS, _deformed(shaken, turn), 4.0)
    np.testing.assert_allclose(after.strain, found.strain, atol=1e-12)
    np.testing.assert_allclose(after.d2min, found.d2min, atol=1e-12)
    # both frames: a tensor, whose invariants stay
    both = local_strain(_deformed(GLASS, turn), _deformed(shaken, turn), 4.0)
    np.testing.assert_allclose(both.strain, turn @ found.strain @ turn.T, atol=1e-12)
    np.testing.assert_allclose(both.von_mises, found.von_mises, atol=1e-12)


def test_one_displaced_atom_of_a_simple_cubic_crystal():
    a, u = 2.5, np.array([0.1, 0.04, -0.07])
    crystal = bulk("Cu", "sc", a) * (5, 5, 5)
    moved = crystal.copy()
    moved.positions[62] += u
    found = local_strain(crystal, moved, 1.1 * a)
    # its six neighbours all recede by -u: no gradient, all of it non-affine
    np.testing.assert_allclose(found.F[62], np.eye(3), atol=1e-12)
    assert found.d2min[62] == pytest.approx(6 * u @ u)
    # a neighbour along x sees one of two bonds along x changed by -u: F_x = 1 + half of that, the rest remains
    along = int(np.flatnonzero(np.isclose(crystal.positions - crystal.positions[62], [a, 0, 0]).all(axis=1))[0])
    expected = np.eye(3)
    expected[:, 0] -= u / (2 * a)
    np.testing.assert_allclose(found.F[along], expected, atol=1e-12)
    assert found.d2min[along] == pytest.approx(u @ u / 2)
    # seven atoms in all
    assert (found.d2min > 1e-20).sum() == 7


def test_the_fit_is_the_least_of_all():
    shaken = GLASS.copy()
    shaken.positions += np.random.default_rng(5).normal(0, 0.15, (120, 3))
    found = local_strain(GLASS, shaken, 4.0)
    u = shaken.positions - GLASS.positions
    for i in (3, 77):
        v = GLASS.get_distances(i, range(120), mic=True, vector=True)
        near = np.flatnonzero((np.linalg.norm(v, axis=1) < 4.0) & (np.arange(120) != i))
        assert len(near) == found.n_neighbours[i]
        d, moved = v[near], v[near] + u[near] - u[i]
        least = minimize(lambda F, d=d, moved=moved: ((moved - d @ F.reshape(3, 3).T) ** 2).sum(), np.eye(3).ravel())
        np.testing.assert_allclose(found.F[i].ravel(), least.x, atol=1e-5)
        assert found.d2min[i] == pytest.approx(least.fun, rel=1e-8)


def test_noise_leaves_the_d2min_of_its_degrees_of_freedom():
    # the bonds of an atom share its own noise: covariance s^2 (1 + 1 1^T), less three fitted directions
    s, crystal = 0.01, bulk("Cu", "sc", 2.5) * (9, 9, 9)
    shaken = crystal.copy()
    shaken.positions += np.random.default_rng(6).normal(0, s, (729, 3))
    found = local_strain(crystal, shaken, 2.8)
    # six neighbours, in opposite pairs: 3 (n - 3) from them and 3 n from the atom itself
    assert found.d2min.mean() == pytest.approx(s**2 * (3 * (6 - 3) + 3 * 6), rel=0.05)
    # three neighbour pairs along x: variance of F_xx is 2 s^2 / (2 a)^2
    assert found.F[:, 0, 0].var() == pytest.approx(2 * s**2 / 5.0**2, rel=0.15)


def test_atoms_with_too_few_neighbours_are_nan_and_no_other_is():
    line = Atoms("Cu3", [[0, 0, 0], [2, 0, 0], [0, 2, 0]], cell=[30, 30, 30], pbc=True)
    crystal = bulk("Cu", "fcc", 4.0, cubic=True) * (2, 2, 2)
    crystal.positions += 10
    atoms = Atoms(cell=[30, 30, 30], pbc=True) + line + crystal
    atoms += Atoms("Cu", [[28, 28, 5]])
    found = local_strain(atoms, atoms, 3.0)
    np.testing.assert_array_equal(np.isnan(found.d2min), [True] * 3 + [False] * 32 + [True])
    np.testing.assert_array_equal(np.isnan(found.von_mises), np.isnan(found.d2min))
    np.testing.assert_array_equal(found.n_neighbours[[0, 1, 2, -1]], [2, 2, 2, 0])
    np.testing.assert_allclose(found.F[3:-1], np.broadcast_to(np.eye(3), (32, 3, 3)), atol=1e-12)


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


def test_other_atoms_are_refused():
    for other in (GLASS[:-1], GLASS[::-1]):
        with pytest.raises(ValueError, match="the same atoms in the same order"):
            displacements(GLASS, other)
    isolated = GLASS.copy()
    isolated.pbc = False
    for pair in ((GLASS, isolated), (isolated, GLASS)):
        with pytest.raises(ValueError, match="periodic in three directions"):
            local_strain(*pair, 4.0)
    with pytest.raises(ValueError, match="cutoff = -1"):
        local_strain(GLASS, GLASS, -1)
