"""Local quantities of displaced configurations: affine motions, rotations, plane waves, least squares."""

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list
from scipy.spatial.transform import Rotation

from bosonpeak.papers.li_2025.local_fields import (
    FIELDS,
    LINEAR,
    local_fields,
    local_geometry,
    random_signs,
    shift_reference,
)

SKEWED = np.array([[13.0, 0, 0], [4, 12, 0], [-3, 5, 14]])
CUTOFF = 4.0


def _glass(n=120, seed=0):
    """Random places in a triclinic box, no two nearer than 1."""
    rng, atoms = np.random.default_rng(seed), Atoms(cell=SKEWED, pbc=True)
    while len(atoms) < n:
        trial = atoms + Atoms("Cu", [rng.uniform(0, 1, 3) @ SKEWED])
        if len(atoms) == 0 or trial.get_distances(-1, range(len(atoms)), mic=True).min() > 1:
            atoms = trial
    return atoms


GLASS = _glass()
GEOMETRY = local_geometry(GLASS, CUTOFF)


@pytest.fixture(scope="module")
def cluster():
    """The same atoms, and empty space around them: a motion that is affine has no seam."""
    atoms = GLASS.copy()
    atoms.set_cell(60 * np.eye(3))
    atoms.positions += 20
    return local_geometry(atoms, 7.0)


def _affine(cluster, F):
    """Every field of one affine motion x -> F x."""
    return {name: x[0] for name, x in local_fields([cluster.atoms.positions @ (F - np.eye(3)).T], cluster).items()}


@pytest.mark.parametrize("seed", range(3))
def test_an_affine_motion_has_its_strain_everywhere(cluster, seed):
    F = np.eye(3) + np.random.default_rng(seed).uniform(-0.15, 0.15, (3, 3))
    found = _affine(cluster, F)
    strain = (F.T @ F - np.eye(3)) / 2
    deviator = strain - np.trace(strain) / 3 * np.eye(3)
    np.testing.assert_allclose(found["volumetric"], np.trace(strain) / 3, atol=1e-12)
    assert found["shear"].shape == (120, 5)
    np.testing.assert_allclose(found["shear"], np.broadcast_to(found["shear"][0], (120, 5)), atol=1e-12)
    np.testing.assert_allclose((found["shear"] ** 2).sum(axis=1), (deviator**2).sum())
    np.testing.assert_allclose(found["von Mises"], np.sqrt((deviator**2).sum() / 2))
    np.testing.assert_allclose(found["non-affine"], 0, atol=1e-20)
    # the components are the deviator in an orthonormal basis: the off-diagonal ones as they stand
    np.testing.assert_allclose(found["shear"][:, 2:] / np.sqrt(2), strain[[0, 0, 1], [1, 2, 2]] * np.ones((120, 1)))
    np.testing.assert_allclose(found["shear"][:, 0] * np.sqrt(2), strain[0, 0] - strain[1, 1])
    turn = np.array([F[2, 1] - F[1, 2], F[0, 2] - F[2, 0], F[1, 0] - F[0, 1]]) / 2
    np.testing.assert_allclose(found["rotation"], np.broadcast_to(turn, (120, 3)), atol=1e-12)


def test_simple_shear_and_dilation(cluster):
    gamma, stretch = 1e-3, 1.02
    sheared = _affine(cluster, np.eye(3) + gamma * np.outer([1, 0, 0], [0, 1, 0]))
    np.testing.assert_allclose(sheared["von Mises"], gamma / 2, rtol=1e-5)
    np.testing.assert_allclose(sheared["rotation"], [[0, 0, -gamma / 2]] * 120, atol=1e-12)
    dilated = _affine(cluster, stretch * np.eye(3))
    np.testing.assert_allclose(dilated["volumetric"], (stretch**2 - 1) / 2)
    np.testing.assert_allclose(dilated["shear"], 0, atol=1e-12)
    # with a cutoff beyond the cluster, all distances are stretched
    whole = type(cluster)(**{**vars(cluster), "cutoff": 30.0})
    u = np.array([np.zeros((120, 3)), (stretch - 1) * cluster.atoms.positions])
    before, after = local_fields(u, whole, ["neighbour distance"])["neighbour distance"]
    np.testing.assert_allclose(after, stretch * before)


@pytest.mark.parametrize("axis", range(3))
def test_a_rotation_is_no_strain_and_its_own_vector(cluster, axis):
    turn = Rotation.from_rotvec(np.eye(3)[axis] * 0.7).as_matrix()
    found = _affine(cluster, turn)
    for name in ("volumetric", "shear", "von Mises", "non-affine"):
        np.testing.assert_allclose(found[name], 0, atol=1e-7 if name == "von Mises" else 1e-12)
    angle = 1e-4 * np.array([1.0, -2.0, 3.0])
    small = _affine(cluster, Rotation.from_rotvec(angle).as_matrix())
    np.testing.assert_allclose(small["rotation"], np.broadcast_to(angle, (120, 3)), atol=1e-11)
    rest = np.zeros((1, 120, 3))
    for name in ("coordination", "neighbour distance"):
        np.testing.assert_allclose(found[name], local_fields(rest, cluster, [name])[name][0], rtol=1e-10)


def _strain_atom_by_atom(reference, moved, cutoff):
    """The best-fit deformation gradient of each atom's neighbourhood by numpy's own least squares, and what follows."""
    n, u = len(reference), moved.positions - reference.positions
    F, d2min = np.empty((n, 3, 3)), np.empty(n)
    first, j, D = neighbor_list("ijD", reference, cutoff)
    for i in range(n):
        near, offsets = j[first == i], D[first == i]
        fit, *_ = np.linalg.lstsq(offsets, offsets + u[near] - u[i], rcond=None)
        F[i] = fit.T
        d2min[i] = ((offsets + u[near] - u[i] - offsets @ fit) ** 2).sum()
    strain = (F.transpose(0, 2, 1) @ F - np.eye(3)) / 2
    volumetric = np.trace(strain, axis1=1, axis2=2) / 3
    deviator = strain - volumetric[:, None, None] * np.eye(3)
    von_mises = np.sqrt((deviator**2).sum(axis=(1, 2)) / 2)
    return SimpleNamespace(F=F, d2min=d2min, strain=strain, volumetric=volumetric, von_mises=von_mises)


def test_random_displacements_are_strained_as_least_squares_atom_by_atom_has_it():
    u = np.random.default_rng(3).normal(0, 0.15, (3, 120, 3))
    found = local_fields(u, GEOMETRY)
    for k in range(3):
        moved = GLASS.copy()
        moved.positions += u[k]
        known = _strain_atom_by_atom(GLASS, moved, CUTOFF)
        np.testing.assert_allclose(found["volumetric"][k, :, 0], known.volumetric, atol=1e-12)
        np.testing.assert_allclose(found["von Mises"][k, :, 0], known.von_mises, rtol=1e-10)
        np.testing.assert_allclose(found["non-affine"][k, :, 0], known.d2min, rtol=1e-8)
        deviator = known.strain - known.volumetric[:, None, None] * np.eye(3)
        np.testing.assert_allclose((found["shear"][k] ** 2).sum(axis=1), (deviator**2).sum(axis=(1, 2)))
        H = known.F - np.eye(3)
        gradient = (GEOMETRY.gradient @ u[k].ravel()).reshape(120, 3, 3)
        np.testing.assert_allclose(gradient, H, atol=1e-12)
        turn = np.stack([H[:, 2, 1] - H[:, 1, 2], H[:, 0, 2] - H[:, 2, 0], H[:, 1, 0] - H[:, 0, 1]], axis=1) / 2
        np.testing.assert_allclose(found["rotation"][k], turn, atol=1e-12)


@pytest.mark.parametrize("name", LINEAR)
def test_linear_fields_are_proportional_to_small_displacements(name):
    rng, step = np.random.default_rng(4), 1e-5
    v = rng.normal(size=(2, 120, 3))
    one, other, both = (
        local_fields(step * x[None], GEOMETRY, [name])[name][0] / step for x in (v[0], v[1], 2 * v[0] - 3 * v[1])
    )
    np.testing.assert_allclose(both, 2 * one - 3 * other, atol=1e-3)
    assert abs(one).max() > 0.1
    # a displacement of the whole body changes nothing but itself
    if name not in ("displacement", "random sign"):
        shifted = local_fields(step * (v[0] + rng.normal(size=3))[None], GEOMETRY, [name])[name][0] / step
        np.testing.assert_allclose(shifted, one, atol=1e-6)


@pytest.mark.parametrize("n", [(1, 0, 0), (0, 1, 1), (1, 2, 1)])
def test_a_plane_wave_strains_a_crystal_by_its_wave_vector(n):
    # a sin(Q.r) has the gradient a K cos(Q.r), K = M^-1 sum over neighbours of sin(Q.d) d, which is Q for long waves
    crystal = bulk("Ar", "fcc", 1.55, cubic=True) * (4, 4, 4)
    geometry = local_geometry(crystal, 1.3)
    q, a = 2 * np.pi * np.linalg.inv(crystal.cell.array) @ n, 1e-5 * np.array([1.0, -2.0, 0.5])
    d = geometry.vector[geometry.i == 0]
    K = np.linalg.inv(d.T @ d) @ (np.sin(d @ q) @ d)
    if n == (1, 0, 0):
        # sin(x) / x at an eighth of a turn per plane; the neighbours within the plane contribute nothing
        assert K / q[0] == pytest.approx([np.sin(np.pi / 4) / (np.pi / 4), 0, 0])
    found = local_fields(np.sin(crystal.positions @ q)[None, :, None] * a, geometry)
    H, phase = np.outer(a, K), np.cos(crystal.positions @ q)[:, None]
    strain = (H + H.T) / 2
    np.testing.assert_allclose(found["volumetric"][0], np.trace(H) / 3 * phase, atol=1e-9)
    deviator = strain - np.trace(H) / 3 * np.eye(3)
    np.testing.assert_allclose((found["shear"][0] ** 2).sum(axis=1), (deviator**2).sum() * phase[:, 0] ** 2, atol=1e-14)
    turn = np.array([H[2, 1] - H[1, 2], H[0, 2] - H[2, 0], H[1, 0] - H[0, 1]]) / 2
    np.testing.assert_allclose(found["rotation"][0], turn * phase, atol=1e-9)


def test_small_displacements_are_squared_in_d2min_and_absolute_in_the_invariant():
    v, step = np.random.default_rng(5).normal(size=(1, 120, 3)), 1e-4
    one, two = (local_fields(a * v, GEOMETRY, ["non-affine", "von Mises"]) for a in (step, 2 * step))
    np.testing.assert_allclose(two["non-affine"], 4 * one["non-affine"], rtol=1e-8)
    np.testing.assert_allclose(two["von Mises"], 2 * one["von Mises"], rtol=2e-3)


@pytest.mark.parametrize("cutoff", [2.9, CUTOFF])
def test_neighbours_at_a_time_are_those_of_the_moved_structure(cutoff):
    u = np.random.default_rng(6).normal(0, 0.5, (4, 120, 3))
    u[3] = 0
    # a smaller one than strain allows: some atoms have no neighbour left
    geometry = local_geometry(GLASS, CUTOFF)
    geometry = type(geometry)(**{**vars(geometry), "cutoff": cutoff})
    found = local_fields(u, geometry, ("neighbour distance", "coordination"))
    assert list(found) == ["neighbour distance", "coordination"]
    for k in range(4):
        moved = GLASS.copy()
        moved.positions += u[k]
        i, d = neighbor_list("id", moved, cutoff)
        count = np.bincount(i, minlength=len(moved))
        np.testing.assert_array_equal(found["coordination"][k, :, 0], count)
        some = count > 0
        mean = np.bincount(i, d, len(moved))[some] / count[some]
        np.testing.assert_allclose(found["neighbour distance"][k, some, 0], mean)
    assert (found["coordination"][0] != found["coordination"][3]).any()


def test_a_crystal_of_one_cell_sees_its_own_images():
    crystal = bulk("Cu", "fcc", 3.6, cubic=True)
    geometry = local_geometry(crystal, 3.0)
    found = local_fields(np.full((1, 4, 3), 0.2), geometry)
    np.testing.assert_array_equal(found["coordination"], 12)
    np.testing.assert_allclose(found["neighbour distance"], 3.6 / np.sqrt(2))
    for name in ("volumetric", "shear", "rotation", "non-affine"):
        np.testing.assert_allclose(found[name], 0, atol=1e-12)


def test_every_field_is_there_in_the_order_asked():
    u = np.random.default_rng(8).normal(0, 0.1, (2, 120, 3))
    found = local_fields(u, GEOMETRY)
    assert tuple(found) == FIELDS and FIELDS[: len(LINEAR)] == LINEAR
    components = {"displacement": 3, "random sign": 3, "shear": 5, "rotation": 3}
    for name, x in found.items():
        assert x.shape == (2, 120, components.get(name, 1))
        np.testing.assert_array_equal(local_fields(u, GEOMETRY, [name])[name], x)
    np.testing.assert_array_equal(found["displacement"], u)
    sign = found["random sign"] / u
    np.testing.assert_allclose(sign, np.broadcast_to(random_signs(120)[:, None], (2, 120, 3)))
    with pytest.raises(ValueError, match="unknown field 'charge': choose one of displacement"):
        local_fields(u, GEOMETRY, ["shear", "charge"])


def test_random_signs_are_as_many_up_as_down():
    signs = random_signs(10000)
    assert set(signs) == {-1, 1} and abs(signs.mean()) < 0.05
    assert abs((signs[1:] * signs[:-1]).mean()) < 0.05
    assert (random_signs(100, 1) != random_signs(100, 2)).any()


def test_a_cutoff_that_leaves_an_atom_flat_is_refused():
    crystal = bulk("Cu", "sc", 2.5) * (4, 4, 4)
    assert len(local_geometry(crystal, 2.6).i) == 6 * 64
    with pytest.raises(ValueError, match=r"the neighbours of atom 0 within 2\.4 do not span space.*raise the cutoff"):
        local_geometry(crystal, 2.4)
    # three in a row and in a plane are no neighbourhood either
    flat = Atoms("Cu3", [[0, 0, 0], [2, 0, 0], [0, 2, 0]], cell=[30] * 3, pbc=True)
    with pytest.raises(ValueError, match="do not span space"):
        local_geometry(flat, 3.0)
    with pytest.raises(ValueError, match="cutoff = 0"):
        local_geometry(crystal, 0)


def test_a_shifted_reference_is_the_way_since():
    u = np.random.default_rng(9).normal(size=(6, 5, 3))
    for lag in (1, 2, 5):
        found = shift_reference(u, lag)
        assert found.shape == (6 - lag, 5, 3)
        np.testing.assert_array_equal(found, [u[t] - u[t - lag] for t in range(lag, 6)])
    for lag in (0, 6, -1):
        with pytest.raises(ValueError, match=f"lag = {lag} must lie between 1 and 5"):
            shift_reference(u, lag)
