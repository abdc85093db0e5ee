"""Alignment of atoms: rigid and independent displacements, plain loops, and B of all modes of small boxes."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from scipy.spatial.transform import Rotation
from scipy.special import spherical_jn

from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025.alignment import _pair_sums, alignment
from bosonpeak.scattering.harmonic import boson_map, structure_factor
from bosonpeak.scattering.wavevectors import box_wavevectors, shell_means
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes
from bosonpeak.vibrations.peaks import gaussian_levels

POTENTIAL = get("lennard-jones")
ENERGY, WIDTH = np.arange(2.0, 26.0, 1.0), 0.8


def _glass(cells):
    """Lennard-Jones glass of density 1 below a shaken crystal; every third atom has twice the mass of the others."""
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * ((cells,) * 3)
    start.positions += np.random.default_rng(0).normal(0, 0.3, (len(start), 3))
    atoms = inherent_structure(start, POTENTIAL)
    atoms.set_masses(np.where(np.arange(len(atoms)) % 3, 1.0, 2.0))
    return atoms


@pytest.fixture(scope="module")
def glass():
    return _glass(5)


@pytest.fixture(scope="module")
def modes(glass):
    return normal_modes(dynamical_matrix(glass, POTENTIAL))


@pytest.fixture(scope="module")
def found(glass, modes):
    return alignment(modes, glass, ENERGY, WIDTH, glass.cell.lengths().min() / 2, "reduced")


def _made_modes(atoms, u, omega):
    """Modes whose displacements are u (N, 3, K)."""
    e = (u * np.sqrt(atoms.get_masses())[:, None, None]).reshape(3 * len(atoms), -1)
    return Modes(np.asarray(omega, float), e, np.zeros(len(omega)))


@pytest.fixture(scope="module")
def rigid():
    """Nine modes in which all atoms move alike: in threes, at right angles to each other."""
    atoms = _glass(4)
    turns = Rotation.random(3, random_state=1).as_matrix()
    u = np.concatenate(list(turns), axis=1)
    return atoms, _made_modes(atoms, np.tile(u, (256, 1, 1)), np.repeat([4.0, 9.0, 15.0], 3))


class TestRigidDisplacements:
    def test_all_pairs_are_fully_aligned(self, rigid):
        atoms, modes = rigid
        found = alignment(modes, atoms, ENERGY, WIDTH, 3.1, "reduced")
        np.testing.assert_allclose(found.neighbours, 1, rtol=1e-5)
        np.testing.assert_allclose(found.between(2.0, 3.0), 1, rtol=1e-5)
        np.testing.assert_allclose(found.sums[20:], np.outer(found.pairs[20:], found.own / 256), rtol=1e-5)
        # with three directions at right angles a third of the square is along any line
        np.testing.assert_allclose(found.along, found.sums / 3, rtol=1e-4, atol=1e-6 * found.sums.max())
        np.testing.assert_allclose([found.directed(energy) for energy in (4.0, 15.0)], 1, rtol=1e-4)
        # each mode over its energy squared
        kernel = gaussian_levels(ENERGY, modes.omega, WIDTH) / modes.omega**2
        np.testing.assert_allclose(found.own, 256 * kernel.sum(axis=1), rtol=1e-5)

    @pytest.mark.parametrize("pairs", ["directed", "undirected"])
    def test_intensity_is_the_structure_factor_within_its_reach(self, rigid, pairs):
        atoms, modes = rigid
        q, reach = np.arange(4.0, 20.0, 0.5), 3.1
        found = alignment(modes, atoms, ENERGY, WIDTH, reach, "reduced").intensity(q, pairs)
        r = atoms.get_all_distances(mic=True)[np.triu_indices(256, 1)]
        r = r[r < reach]
        end = np.cos(np.pi / 2 * np.clip(3 * r / reach - 2, 0, 1)) ** 2
        S = 1 + 2 / 256 * (spherical_jn(0, np.outer(q, r)) * end).sum(axis=1)
        kernel = gaussian_levels(ENERGY, modes.omega, WIDTH) / modes.omega**2
        np.testing.assert_allclose(found / (256 * kernel.sum(axis=1)), np.tile(S[:, None], (1, len(ENERGY))), atol=0.03)


def test_independent_displacements_are_not_aligned(glass):
    rng = np.random.default_rng(3)
    made = _made_modes(glass, rng.normal(size=(500, 3, 60)), np.linspace(3.0, 24.0, 60))
    found = alignment(made, glass, ENERGY, 3.0, 3.0, "reduced")
    # some 6,500 bonds and some twenty modes at each energy
    assert abs(found.neighbours).max() < 0.01 and abs(found.between(2.0, 3.0)).max() < 0.005
    flat = found.intensity(np.arange(5.0, 20.0, 0.5)) / found.own
    assert abs(flat - 1).max() < 0.1
    np.testing.assert_array_equal(found.intensity(np.arange(3.0), "none"), np.tile(found.own, (3, 1)))


def test_pairs_are_summed_as_in_a_plain_loop(glass):
    rng = np.random.default_rng(4)
    u = rng.normal(size=(20, 3, 7)).astype(np.float32)
    i, j = rng.integers(0, 20, (2, 50))
    direction, shell = rng.normal(size=(50, 3)).astype(np.float32), rng.integers(0, 4, 50)
    total, along = np.zeros((2, 4, 7), np.float32)
    _pair_sums(u, i, j, direction, shell, total, along)
    expected = np.zeros((2, 4, 7))
    for p in range(50):
        for k in range(7):
            a, b = u[i[p], :, k].astype(float), u[j[p], :, k].astype(float)
            expected[0, shell[p], k] += a @ b
            expected[1, shell[p], k] += (a @ direction[p]) * (b @ direction[p])
    np.testing.assert_allclose(total, expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(along, expected[1], rtol=1e-4, atol=1e-4)


def test_one_mode_has_the_sums_over_its_pairs(glass, modes):
    one = replace(modes, omega=modes.omega[40:41], polarizations=modes.polarizations[:, 40:41])
    reach, step = 2.5, 0.1
    found = alignment(one, glass, ENERGY, WIDTH, reach, "reduced", step)
    u = one.polarizations.reshape(500, 3) / np.sqrt(glass.get_masses())[:, None]
    vectors = glass.get_all_distances(mic=True, vector=True)
    r = np.linalg.norm(vectors, axis=2)
    np.fill_diagonal(r, np.inf)
    products = u @ u.T
    along = np.einsum("ijc,ic->ij", vectors, u) * np.einsum("ijc,jc->ij", vectors, u) / r**2
    kernel = gaussian_levels(ENERGY, one.omega, WIDTH)[:, 0] / one.omega**2
    np.testing.assert_allclose(found.edges, np.arange(26) * 0.1)
    for k, (low, high) in enumerate(zip(found.edges[:-1], found.edges[1:], strict=True)):
        inside = (r >= low) & (r < high)
        assert found.pairs[k] == inside.sum()
        scale = abs(products[inside]).sum() * kernel
        np.testing.assert_allclose(found.sums[k], products[inside].sum() * kernel, atol=1e-5 * scale.max())
        np.testing.assert_allclose(found.along[k], along[inside].sum() * kernel, atol=1e-5 * scale.max())
    assert found.n_atoms == 500 and 1.3 < found.nearest < 1.7


def test_the_alignment_of_all_modes_yields_their_intensity(glass, modes, found):
    waves = box_wavevectors(glass.cell.array, np.arange(4.0, 22.1, 0.25), 200, 1)
    known = boson_map(modes, glass, waves, ENERGY, WIDTH, unit="reduced").intensity
    made = found.intensity(waves.q) / (3 * (1 / glass.get_masses()).sum())
    np.testing.assert_allclose(made.mean(axis=0), known.mean(axis=0), rtol=0.05)
    # at large Q each atom scatters by itself
    own = found.own / (3 * (1 / glass.get_masses()).sum())
    np.testing.assert_allclose(known[waves.q > 18].mean(axis=0), own, rtol=0.1)
    np.testing.assert_allclose(made[waves.q > 18].mean(axis=0), own, rtol=0.1)
    S = shell_means(structure_factor(glass, waves), waves)[0]
    r = np.array([[np.corrcoef(x[:, k], S)[0, 1] for k in range(len(ENERGY))] for x in (known, made)])
    assert r[0].max() > 0.9 and r[0].min() < -0.5
    assert np.sqrt(((r[0] - r[1]) ** 2).mean()) < 0.05
    # slow modes move neighbours alike
    assert found.neighbours[0] > 0.2 and found.neighbours.min() < 0


def test_pairs_that_move_along_their_line_alone_are_aligned_along_it(glass):
    # a wave of expansion and contraction from the middle of the box: a mode that is far from isotropic
    made = _made_modes(glass, (glass.get_positions(wrap=True) - glass.cell.lengths() / 2)[..., None], [4.0])
    found = alignment(made, glass, np.array([4.0]), WIDTH, 3.0, "reduced")
    along, across = found.directed(4.0)
    assert along + 2 * across == pytest.approx(3 * found.neighbours[0], rel=0.05)
    u = made.polarizations.reshape(500, 3) / np.sqrt(glass.get_masses())[:, None]
    reach = found.edges[found.edges <= found.nearest + 1e-9][-1]
    vectors = glass.get_all_distances(mic=True, vector=True)
    r = np.linalg.norm(vectors, axis=2)
    np.fill_diagonal(r, np.inf)
    i, j = np.nonzero(r < reach)
    unit = vectors[i, j] / r[i, j][:, None]
    products = (u[i] * unit).sum(axis=1) * (u[j] * unit).sum(axis=1)
    assert along == pytest.approx(3 * products.mean() / (u**2).sum(axis=1).mean(), rel=1e-4)


def test_a_reach_beyond_half_the_box_is_refused(glass, modes):
    for reach in (3.98, 0.0, -1.0):
        with pytest.raises(ValueError, match=r"take at most half the edge of the box, 3\.969"):
            alignment(modes, glass, ENERGY, WIDTH, reach, "reduced")


def test_other_words_are_refused(found):
    with pytest.raises(ValueError, match="pairs = 'all': choose directed, undirected or none"):
        found.intensity(np.array([3.0]), "all")
