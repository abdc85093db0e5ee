"""Low modes of large matrices against dense diagonalisation, crystals known in closed form, and shift-invert."""

import numba
import numpy as np
import pytest
import scipy.sparse as sp
from ase import Atoms
from numpy.polynomial.chebyshev import chebval
from scipy.linalg import subspace_angles
from scipy.sparse.linalg import eigsh
from scipy.spatial import cKDTree

from bosonpeak.networks import square_lattice_network
from bosonpeak.vibrations.chebyshev import filter_vectors
from bosonpeak.vibrations.modes import low_frequency_modes, normal_modes, phonon_order_parameter
from bosonpeak.vibrations.operators import FactoredOperator, check_operator, spectral_bound
from bosonpeak.vibrations.spectra import translations
from bosonpeak.vibrations.subspace import count_quantiles, projector


def elastic_network(edge, jitter, seed=0, masses=None, positions=False):
    """Central unit springs between the points of a jittered simple cubic lattice closer than 1.55, in 3x3 blocks."""
    rng = np.random.default_rng(seed)
    x = (np.stack(np.meshgrid(*[np.arange(edge)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) + 0.0) % edge
    x = (x + rng.uniform(-jitter, jitter, x.shape)) % edge
    i, j = cKDTree(x, boxsize=edge).query_pairs(1.55, output_type="ndarray").T
    v = x[j] - x[i]
    v -= edge * np.round(v / edge)
    v /= np.linalg.norm(v, axis=1)[:, None]
    bonds, three = len(i), np.arange(3)
    rows = np.repeat(np.arange(bonds), 6)
    columns = np.concatenate([3 * i[:, None] + three, 3 * j[:, None] + three], axis=1).ravel()
    G = sp.csr_matrix((np.concatenate([-v, v], axis=1).ravel(), (rows, columns)), shape=(bonds, 3 * len(x)))
    root = sp.diags(1 / np.sqrt(np.repeat(np.ones(len(x)) if masses is None else masses, 3)))
    D = (root @ G.T @ G @ root).tobsr((3, 3))
    return (x, D) if positions else D


MASSES = np.random.default_rng(5).uniform(1, 4, 216)
D = elastic_network(6, 0.15, masses=MASSES)
N = D.shape[0]
LEVELS, VECTORS = np.linalg.eigh(D.toarray())
ZERO = translations(216, 3, MASSES)


def _factored():
    rng = np.random.default_rng(3)
    return FactoredOperator(D, sp.random(50, N, 0.02, format="csr", rng=rng), rng.uniform(-0.01, 1, 50))


@pytest.mark.parametrize("degree", [1, 2, 3, 40])
@pytest.mark.parametrize("form", ["bsr", "csr", "csr-blocks-of-4", "factored"])
def test_filter_is_the_chebyshev_polynomial(degree, form):
    H = {
        "bsr": D,
        "csr": D.tocsr(),
        "csr-blocks-of-4": sp.bsr_matrix(D.tocsr(), blocksize=(4, 4)),
        "factored": _factored(),
    }[form]
    level, e = np.linalg.eigh(H.toarray())
    low, high = 0.7, 1.01 * level[-1]
    start = np.random.default_rng(1).standard_normal((N, 11))

    def polynomial(x):
        return chebval((2 * x - low - high) / (high - low), np.eye(degree + 1)[degree])

    expected = e @ ((polynomial(level) / polynomial(0.0))[:, None] * (e.T @ start))
    found, blocks = start.copy(), []
    filter_vectors(check_operator(H), found, degree, low, high, blocks.append)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert blocks == [8, 3]


def test_a_steep_filter_neither_overflows_nor_loses_the_zero_modes():
    found = np.hstack([ZERO, VECTORS[:, -1:]])
    filter_vectors(D, found, 4000, 0.5, 1.01 * LEVELS[-1])
    np.testing.assert_allclose(found[:, :3], ZERO, atol=1e-9)
    assert abs(found[:, 3]).max() < 1e-9


@pytest.mark.parametrize("basis", [None, ZERO])
def test_quantiles_are_where_the_eigenvalues_are(basis):
    project, removed = projector(basis, check_operator(D), 1.02 * LEVELS[-1])
    counts = np.array([60, 100, 200])
    found = count_quantiles(D, counts, 1.02 * LEVELS[-1], project, np.random.default_rng(0))
    below = np.searchsorted(LEVELS, found) - removed
    # the trace of a projector of rank m over eight random vectors is good to sqrt(2 / 8 m)
    np.testing.assert_allclose(below, counts, rtol=0.25)


@pytest.mark.parametrize("form", ["bsr", "csr", "factored"])
@pytest.mark.parametrize("count", [1, 24, 108])
def test_low_modes_are_those_of_dense_diagonalisation(form, count):
    H = {"bsr": D, "csr": D.tocsr(), "factored": _factored()}[form]
    level, e = np.linalg.eigh(H.toarray())
    skip = 3 if form != "factored" else 0
    modes = low_frequency_modes(H, count, project_out=ZERO if skip else None)
    np.testing.assert_allclose(modes.omega, np.sqrt(level[skip : skip + count]), rtol=1e-10)
    # as good as residual / gap allows
    gap = level[skip + count] - level[skip + count - 1]
    angle = subspace_angles(modes.polarizations, e[:, skip : skip + count])
    assert angle.max() < 3e-10 * level[-1] / gap
    assert (modes.residual <= 1.2e-10 * level[-1]).all()
    image = H @ modes.polarizations - modes.polarizations * modes.omega**2
    np.testing.assert_allclose(np.linalg.norm(image, axis=0), modes.residual, atol=1e-13)
    assert modes.orthonormality < 1e-12
    assert (np.diff(modes.omega) >= 0).all()
    if skip:
        np.testing.assert_allclose(ZERO.T @ modes.polarizations, 0, atol=1e-13)


def test_zero_modes_that_are_not_projected_out_are_found():
    modes = low_frequency_modes(D, 20)
    assert (modes.omega[:3] < 1e-5).all()
    np.testing.assert_allclose(modes.omega[3:], np.sqrt(LEVELS[3:20]), rtol=1e-10)
    assert np.linalg.norm(modes.polarizations[:, :3].T @ ZERO) == pytest.approx(np.sqrt(3), abs=1e-9)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7, 11, 12, 13, 40])
def test_degenerate_levels_of_a_crystal_also_where_the_count_cuts_them(count):
    n = 24
    crystal = square_lattice_network(n, 0.0).dynamical_matrix()
    q = 2 * np.pi * np.arange(n) / n
    level = np.sort((4 - 2 * np.cos(q)[:, None] - 2 * np.cos(q)).ravel())
    modes = low_frequency_modes(crystal, count, project_out=translations(n * n))
    np.testing.assert_allclose(modes.omega**2, level[1 : count + 1], rtol=1e-9)
    assert (modes.residual < 1e-9).all() and modes.orthonormality < 1e-12


def test_a_level_more_degenerate_than_the_subspace_is_wide():
    # one level of 90 modes below a continuum, of which 10 are asked for
    level = np.r_[0.05, np.full(90, 0.3), np.linspace(0.5, 4, 700)]
    modes = low_frequency_modes(sp.diags(level).tocsr(), 11)
    np.testing.assert_allclose(modes.omega**2, level[:11], rtol=1e-9)


@pytest.mark.parametrize("named", [False, True])
def test_rattlers_are_zero_modes(named):
    loose = [4, 77]
    H = sp.lil_matrix(D)
    for i in loose:
        H[3 * i : 3 * i + 3] = 0
        H[:, 3 * i : 3 * i + 3] = 0
    H = sp.bsr_matrix(H.tocsr(), blocksize=(3, 3))
    # a diagonal block that lost its neighbours keeps no translation: only the rattlers cost nothing
    level = np.linalg.eigvalsh(H.toarray())
    basis = np.zeros((N, 6))
    basis[[3 * i + c for i in loose for c in range(3)], np.arange(6)] = 1
    modes = low_frequency_modes(H, 18, project_out=sp.csc_matrix(basis) if named else None)
    if named:
        np.testing.assert_allclose(modes.omega, np.sqrt(level[6:24]), rtol=1e-9)
    else:
        assert (modes.omega[:6] < 1e-5).all()
        np.testing.assert_allclose(modes.omega[6:], np.sqrt(level[6:18]), rtol=1e-9)
        assert np.linalg.norm(basis.T @ modes.polarizations[:, :6]) == pytest.approx(np.sqrt(6), abs=1e-8)


def test_a_larger_network_against_shift_and_invert():
    H = square_lattice_network(70, 0.3, "distance", rng=3).dynamical_matrix()
    modes = low_frequency_modes(H, 40, project_out=translations(4900))
    level = np.sort(eigsh(H.tocsc(), 41, sigma=-1e-3, return_eigenvectors=False))
    np.testing.assert_allclose(modes.omega**2, level[1:], rtol=1e-9)


def test_seeds_agree_and_threads_do_not_matter():
    first = low_frequency_modes(D, 15, 1, project_out=ZERO)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        again = low_frequency_modes(D, 15, 1, project_out=ZERO)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(first.polarizations, again.polarizations)
    other = low_frequency_modes(D, 15, 2, project_out=ZERO)
    np.testing.assert_allclose(other.omega, first.omega, rtol=1e-11)
    assert abs(other.polarizations - first.polarizations).max() > 1e-12


def test_the_order_in_which_a_matrix_is_stored_does_not_matter():
    ordered = elastic_network(6, 0.15, masses=MASSES)
    ordered.sort_indices()
    mixed = elastic_network(6, 0.15, masses=MASSES)
    found = [low_frequency_modes(H, 5, 1, project_out=ZERO).polarizations for H in (mixed, mixed, ordered)]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_a_looser_tolerance_is_kept_and_not_exceeded_by_much():
    tight, loose = (low_frequency_modes(D, 30, tolerance=t, project_out=ZERO) for t in (1e-12, 1e-4))
    bound = spectral_bound(D)
    assert tight.residual.max() <= 1e-12 * bound < loose.residual.max() <= 1e-4 * bound
    # second order in the residual
    np.testing.assert_allclose(loose.omega, tight.omega, rtol=1e-3)
    assert abs(loose.omega / tight.omega - 1).max() > 1e-14


@pytest.mark.parametrize("count", [109, N - 3])
def test_many_modes_are_found_densely(count):
    modes = low_frequency_modes(D, count, project_out=sp.csc_matrix(ZERO))
    dense = normal_modes(D)
    np.testing.assert_allclose(modes.omega, dense.omega[3 : count + 3], rtol=1e-9)
    np.testing.assert_allclose(ZERO.T @ modes.polarizations, 0, atol=1e-9)


def test_negative_eigenvalues_are_told_not_clipped():
    # shallow ones, which a quick look does not find, and one that it does
    e = VECTORS[:, 300:302]
    shallow = sp.csr_matrix(D.toarray() - e * (LEVELS[300:302] + np.array([3e-8, 2e-8])) @ e.T)
    shallow = (shallow + shallow.T) / 2
    with pytest.raises(ValueError, match=r"2 negative eigenvalue\(s\), lowest -3e-08"):
        low_frequency_modes(shallow, 20)
    with pytest.raises(ValueError, match=r"indefinite \(an eigenvalue at or below -0.5"):
        low_frequency_modes(sp.diags(np.r_[-0.5, np.linspace(0.1, 3, 400)]).tocsr(), 10)


def test_what_does_not_converge_says_how_far_it_came():
    with pytest.raises(RuntimeError, match=r"\d+ of 40 modes reached a residual of .* in 1 iterations"):
        low_frequency_modes(D, 40, max_iterations=1)


def test_progress_shows_iteration_and_what_has_converged(capsys):
    low_frequency_modes(D, 40, project_out=ZERO, progress=True)
    shown = capsys.readouterr().err
    assert "iteration=1" in shown and "iteration=2" in shown and "converged=0/40" in shown


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"count": 0}, "must lie in 1"),
        ({"count": N - 2, "project_out": ZERO}, f"1..{N - 3}"),
        ({"count": 5, "tolerance": 1e-15}, "at least 1e-13"),
        ({"count": 5, "tolerance": np.nan}, "at least 1e-13"),
        ({"count": 5, "project_out": np.ones((N, 1))}, "not orthonormal"),
        ({"count": 5, "project_out": ZERO[:-3]}, "rows"),
        ({"count": 5, "project_out": translations(216, 3)}, "need the masses of the matrix"),
    ],
)
def test_mistakes_are_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        low_frequency_modes(D, **arguments)


def test_lowest_modes_of_a_disordered_solid_are_phonons_whatever_more_waves_are_asked():
    # jittered so far that no wave beyond the zone repeats one within it
    x, solid = elastic_network(7, 0.42, seed=2, positions=True)
    atoms = Atoms(f"X{len(x)}", x, cell=[7] * 3, pbc=True)
    modes = low_frequency_modes(solid, 30, project_out=translations(343, 3))
    order = phonon_order_parameter(modes, atoms, 60)
    # six shortest waves, each with two transverse branches, then the next shell and modes that are none
    assert (order[:12] > 0.5).all() and order[12:].max() < 0.5 and order.min() == 0
    for q_max in (2.4, 4.5):
        np.testing.assert_allclose(phonon_order_parameter(modes, atoms, 60, q_max), order, atol=1e-12)
    # the first shell alone is not enough
    assert abs(phonon_order_parameter(modes, atoms, 60, 1.0) - order).max() > 0.2
