"""Spring networks against brute force, exact poles and counting."""

import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest
import scipy.sparse as sp

from bosonpeak.networks import (
    SpringNetwork,
    coordination_distribution,
    diluted_square_lattice,
    green_function,
    nine_node_network,
    poles,
    square_lattice_network,
)
from bosonpeak.networks.lattices import lattice_network

SEED = 20261


def _displacements(network: SpringNetwork) -> np.ndarray:
    """Displacements from the lattice sites, to the nearest image."""
    n = round(network.box[0])
    site = np.stack([np.arange(n * n) % n, np.arange(n * n) // n], axis=1)
    away = network.positions - site
    return away - n * np.round(away / n)


def _springs(bonds, vectors) -> Counter:
    """Springs as a multiset: the pair, lower node first, and the vector from it."""
    found = Counter()
    for (i, j), vector in zip(bonds, vectors, strict=True):
        i, j, vector = (i, j, vector) if i < j else (j, i, -vector)
        found[(int(i), int(j), *(int(c) for c in np.round(vector * 1e6)))] += 1
    return found


def _brute_force(network: SpringNetwork, longest: float):
    """Every pair of nodes and every periodic image of it no longer than `longest`."""
    bonds, vectors = [], []
    images = [np.array([a, b]) * network.box for a in range(-3, 4) for b in range(-3, 4)]
    for i in range(len(network)):
        for j in range(i, len(network)):
            for image in images:
                vector = network.positions[j] + image - network.positions[i]
                # a node and its own image are connected once for both directions
                if i == j and tuple(image) <= (0.0, 0.0):
                    continue
                if np.hypot(*vector) <= longest:
                    bonds.append((i, j))
                    vectors.append(vector)
    return bonds, vectors


@pytest.mark.parametrize("n", [3, 4, 8])
def test_without_displacement_both_rules_give_the_crystal(n):
    fixed, distance = (square_lattice_network(n, 0.0, rule, rng=SEED) for rule in ("fixed", "distance"))
    assert _springs(fixed.bonds, fixed.vectors) == _springs(distance.bonds, distance.vectors)
    assert (fixed.dynamical_matrix() != distance.dynamical_matrix()).nnz == 0
    k = 2 * np.pi * np.arange(n) / n
    band = 4 - 2 * np.cos(k)[:, None] - 2 * np.cos(k)[None, :]
    np.testing.assert_allclose(
        np.linalg.eigvalsh(fixed.dynamical_matrix().toarray()), np.sort(band.ravel()), atol=1e-12
    )


@pytest.mark.parametrize("n", [3, 4, 5, 7])
@pytest.mark.parametrize("disorder", [0.05, 0.3, 0.6, 0.9])
def test_distance_rule_finds_every_pair_and_every_image(n, disorder):
    network = square_lattice_network(n, disorder, "distance", rng=SEED + n)
    expected = _springs(*_brute_force(network, 1 + disorder))
    assert _springs(network.bonds, network.vectors) == expected
    assert len(network.bonds) > 0


def test_a_small_box_connects_a_pair_through_two_images():
    network = square_lattice_network(3, 0.9, "distance", rng=SEED)
    pairs = Counter(tuple(sorted(pair)) for pair in network.bonds.tolist())
    assert max(pairs.values()) > 1
    i, j = max(pairs, key=pairs.get)
    both = [
        k for pair, k in zip(np.sort(network.bonds, axis=1).tolist(), network.stiffness, strict=True) if pair == [i, j]
    ]
    # springs in parallel add up in one matrix element
    assert network.dynamical_matrix()[i, j] == pytest.approx(-sum(both))


@pytest.mark.parametrize("disorder", [0.1, 0.5, 0.95])
def test_every_node_moves_by_the_same_distance_and_the_seed_fixes_where(disorder):
    fixed, distance = (square_lattice_network(12, disorder, rule, rng=SEED) for rule in ("fixed", "distance"))
    np.testing.assert_array_equal(fixed.positions, distance.positions)
    np.testing.assert_allclose(np.linalg.norm(_displacements(fixed), axis=1), disorder, rtol=1e-12)
    assert (fixed.positions >= 0).all() and (fixed.positions <= 12).all()
    other = square_lattice_network(12, disorder, rng=SEED + 1)
    assert not np.allclose(other.positions, fixed.positions)


def test_directions_are_uniform():
    away = _displacements(square_lattice_network(120, 0.4, rng=SEED)) / 0.4
    # means of cos, sin, cos 2a, sin 2a vanish within 4 of their standard errors
    angle = np.arctan2(away[:, 1], away[:, 0])
    for harmonic in (1, 2, 3):
        assert abs(np.exp(1j * harmonic * angle).mean()) < 4 / 120


@pytest.mark.parametrize("disorder", [0.0, 0.3, 0.9])
def test_fixed_rule_keeps_the_four_springs_of_the_lattice(disorder):
    network = square_lattice_network(9, disorder, "fixed", rng=SEED)
    assert set(network.coordination()) == {4}
    np.testing.assert_array_equal(coordination_distribution(network)[1], [0, 0, 0, 0, 1])
    site = np.stack([np.arange(81) % 9, np.arange(81) // 9], axis=1)
    step = (site[network.bonds[:, 1]] - site[network.bonds[:, 0]]) % 9
    assert set(map(tuple, step)) == {(1, 0), (0, 1)}


@pytest.mark.parametrize("rule", ["fixed", "distance"])
@pytest.mark.parametrize("disorder", [0.2, 0.8])
def test_stiffness_is_one_over_length_or_one(rule, disorder):
    network = square_lattice_network(10, disorder, rule, rng=SEED)
    ends = network.positions[network.bonds]
    difference = ends[:, 1] - ends[:, 0] - network.vectors
    np.testing.assert_allclose(difference / 10, np.round(difference / 10), atol=1e-12)
    np.testing.assert_allclose(network.stiffness * np.linalg.norm(network.vectors, axis=1), 1)
    uniform = square_lattice_network(10, disorder, rule, "uniform", rng=SEED)
    np.testing.assert_array_equal(uniform.bonds, network.bonds)
    np.testing.assert_array_equal(uniform.stiffness, 1)


@pytest.mark.parametrize("springs", ["inverse-distance", "uniform"])
@pytest.mark.parametrize("rule, disorder", [("fixed", 0.3), ("distance", 0.1), ("distance", 0.7)])
def test_dynamical_matrix_is_symmetric_sums_to_zero_and_costs_energy(springs, rule, disorder):
    network = square_lattice_network(11, disorder, rule, springs, rng=SEED)
    H = network.dynamical_matrix()
    assert H.has_sorted_indices and H.indices.dtype == np.int32
    assert abs(H - H.T).max() == 0
    np.testing.assert_allclose(np.asarray(H.sum(axis=1)).ravel(), 0, atol=1e-12)
    # the energy of any displacement is that of its springs, one by one
    u = np.random.default_rng(SEED).standard_normal(len(network))
    i, j = network.bonds.T
    assert u @ H @ u == pytest.approx((network.stiffness * (u[i] - u[j]) ** 2).sum(), rel=1e-12)
    assert np.linalg.eigvalsh(H.toarray())[0] > -1e-12
    np.testing.assert_array_equal(
        coordination_distribution(network)[1], np.bincount(network.coordination()) / len(network)
    )


@pytest.mark.parametrize("change, new", [(None, []), ("added", [2, np.sqrt(7)]), ("missing", [np.sqrt(2), np.sqrt(5)])])
def test_poles_of_nine_nodes_are_exact(change, new):
    """The 3 x 3 torus has the eigenvalues 0, 3 (four times) and 6 (four times), hence poles at sqrt 3 and sqrt 6.

    One spring more or less is H + k b b^T with b = e_i - e_j and k = +1 or -1, and its new eigenvalues solve
    1 + k |P_3 b|^2 / (3 - z) + k |P_6 b|^2 / (6 - z) = 0. Along the diagonal the two projections have the norms
    4/3 and 2/3: z^2 - 11 z + 28 = 0, so z = 4, 7. Along the edge 2/3 and 4/3: z^2 - 7 z + 10 = 0, so z = 2, 5.
    Of each fourfold level three states are orthogonal to b and stay.
    """
    H = nine_node_network(change).dynamical_matrix()
    omega, weight = poles(H)
    np.testing.assert_allclose(omega, np.sort([0, np.sqrt(3), np.sqrt(6), *new]), atol=1e-8)
    np.testing.assert_allclose(weight.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(weight[0], 1 / 9)
    states = weight.sum(axis=1)
    old = [4, 4] if change is None else [3, 3]
    assert [states[abs(omega - x).argmin()] for x in np.sqrt([3, 6])] == pytest.approx(old)
    assert [states[abs(omega - x).argmin()] for x in new] == pytest.approx([1.0] * len(new))


def test_nine_node_changes_touch_one_spring_between_the_nodes_named():
    lattice, added, missing = (nine_node_network(change).coordination() for change in (None, "added", "missing"))
    assert set(lattice) == {4}
    assert np.flatnonzero(added - lattice).tolist() == [4, 6] and added[4] == added[6] == 5
    assert np.flatnonzero(missing - lattice).tolist() == [3, 4] and missing[3] == missing[4] == 3


@pytest.mark.parametrize("change", [None, "added", "missing"])
def test_green_function_shows_the_poles_with_their_weights(change):
    H, eps = nine_node_network(change).dynamical_matrix(), 1e-6
    omega, weight = poles(H)
    G = green_function(H, omega, eps)
    assert G.shape == (len(omega), 9, 9)
    # at a pole -Im G_ii is weight / eps, up to the tails of the other poles
    np.testing.assert_allclose(-np.diagonal(G.imag, axis1=1, axis2=2) * eps, weight, atol=1e-9)
    np.testing.assert_allclose(G[1] @ ((omega[1] ** 2 + 1j * eps) * np.eye(9) - H.toarray()), np.eye(9), atol=1e-8)


def test_green_function_integrates_to_one_state_per_node():
    eps = 0.05
    H = nine_node_network("added").dynamical_matrix()
    # E = omega^2 = tan(u) makes the far tail finite
    u = (np.arange(40000) + 0.5) / 40000 * np.pi / 2
    square, step = np.tan(u), np.pi / 2 / 40000 / np.cos(u) ** 2
    omega = np.sqrt(square)

    def integral(matrix):
        G = np.concatenate(
            [np.diagonal(green_function(matrix, part, eps), axis1=1, axis2=2) for part in np.array_split(omega, 20)]
        )
        return ((-2 * omega / np.pi)[:, None] * G.imag * (step / 2 / omega)[:, None]).sum(axis=0)

    # each Lorentzian loses what lies below omega^2 = 0: half of the zero mode, eps / (pi lambda) of the others
    frequency, weight = poles(H)
    inside = 0.5 + np.arctan(frequency**2 / eps) / np.pi
    np.testing.assert_allclose(integral(H), inside @ weight, atol=1e-6)
    # far above zero the loss is small
    np.testing.assert_allclose(integral(H + 10 * sp.eye(9)), 1, atol=2e-3)


@pytest.mark.parametrize("mean", [0.0, 0.5, 2.37, 3.8, 4.0, 4.3, 6.01, 8.0])
def test_diluted_lattice_has_exactly_the_requested_springs(mean):
    network = diluted_square_lattice(13, mean, rng=SEED)
    assert len(network.bonds) == round(mean * 169 / 2)
    assert len(_springs(network.bonds, network.vectors)) == len(network.bonds)  # none twice
    length = np.linalg.norm(network.vectors, axis=1)
    lattice = len(length) if mean <= 4 else 2 * 169
    assert (np.isclose(length, 1)).sum() == lattice
    assert (np.isclose(length, np.sqrt(2))).sum() == len(length) - lattice
    np.testing.assert_array_equal(network.stiffness, 1)
    assert network.dynamical_matrix().shape == (169, 169)


@pytest.mark.parametrize("mean, variance", [(4.0, 1.0), (4.0, 2.0), (4.3, 1.7), (3.6, 1.5), (5.0, 1.875)])
def test_diluted_lattice_has_the_requested_mean_and_variance(mean, variance):
    n = 120
    network = diluted_square_lattice(n, mean, variance, rng=SEED)
    assert len(network.bonds) == round(mean * n * n / 2)
    assert len(_springs(network.bonds, network.vectors)) == len(network.bonds)
    coordination = network.coordination()
    assert coordination.mean() == pytest.approx(mean, abs=1e-4)
    # the variance of a sample of n^2 nodes scatters by about sqrt(2) / n of itself
    assert coordination.var() == pytest.approx(variance, rel=5 * np.sqrt(2) / n)
    # both numbers follow from the fractions of straight and diagonal springs
    length = np.linalg.norm(network.vectors, axis=1)
    p, q = np.isclose(length, 1).sum() / (2 * n * n), np.isclose(length, np.sqrt(2)).sum() / (2 * n * n)
    assert p >= q and 4 * (p + q) == pytest.approx(mean, abs=1e-4)
    assert 4 * p * (1 - p) + 4 * q * (1 - q) == pytest.approx(variance, abs=1e-3)


@pytest.mark.parametrize("mean", [1.3, 3.0, 5.2])
def test_without_a_variance_only_what_is_needed_is_random(mean):
    total = mean / 4
    least = 4 * (total % 1) * (1 - total % 1)
    network = diluted_square_lattice(60, mean, rng=SEED)
    assert network.coordination().var() == pytest.approx(least, rel=0.12)
    same = diluted_square_lattice(60, mean, least, rng=SEED)
    np.testing.assert_allclose(same.coordination().mean(), network.coordination().mean())
    np.testing.assert_array_equal(same.bonds, network.bonds)


def _pieces(network: SpringNetwork) -> int:
    """Pieces by merging labels, spring by spring."""
    label = list(range(len(network)))

    def root(i):
        while label[i] != i:
            i = label[i]
        return i

    for i, j in network.bonds:
        label[root(i)] = root(j)
    return sum(label[i] == i for i in range(len(network)))


@pytest.mark.parametrize(
    "network",
    [
        diluted_square_lattice(10, 0.0, rng=SEED),
        diluted_square_lattice(20, 1.9, rng=SEED),
        diluted_square_lattice(20, 3.0, rng=SEED),
        square_lattice_network(20, 0.05, "distance", rng=SEED),
        square_lattice_network(8, 0.3, rng=SEED),
    ],
    ids=["no-springs", "pieces", "few-pieces", "distance", "one-piece"],
)
def test_zero_modes_are_the_pieces_and_need_no_energy(network):
    basis, H = network.zero_modes(), network.dynamical_matrix()
    assert basis.shape == (len(network), _pieces(network))
    np.testing.assert_allclose((basis.T @ basis).toarray(), np.eye(basis.shape[1]), atol=1e-12)
    assert abs(H @ basis).max() < 1e-12
    assert (np.linalg.eigvalsh(H.toarray()) < 1e-9).sum() == basis.shape[1]


@pytest.mark.parametrize(
    "network",
    [
        diluted_square_lattice(20, 1.9, rng=SEED),
        diluted_square_lattice(20, 2.6, rng=SEED),
        lattice_network("triangular", 12, disorder=0.2, mean_coordination=2.8, length_exponent=1, rng=SEED),
    ],
    ids=["floppy", "few-pieces", "displaced"],
)
def test_the_largest_piece_has_its_own_levels_and_one_zero_mode(network):
    count, piece = network.components()
    size = np.bincount(piece)
    largest = network.largest_piece()
    assert count > 1 and len(largest) == size.max() < len(network)
    inside = piece == size.argmax()
    # nodes stay in their order, with all of their springs
    np.testing.assert_array_equal(largest.positions, network.positions[inside])
    np.testing.assert_array_equal(largest.coordination(), network.coordination()[inside])
    np.testing.assert_array_equal(largest.box, network.box)
    ends = largest.positions[largest.bonds]
    away = (ends[:, 1] - ends[:, 0] - largest.vectors) / network.box
    np.testing.assert_allclose(away, np.round(away), atol=1e-12)
    assert largest.components()[0] == largest.zero_modes().shape[1] == 1
    H = network.dynamical_matrix().toarray()
    np.testing.assert_array_equal(largest.dynamical_matrix().toarray(), H[np.ix_(inside, inside)])
    # the levels of the network are those of the piece and those of the rest, and only one of the piece is zero
    levels = np.linalg.eigvalsh(largest.dynamical_matrix().toarray())
    assert (levels < 1e-9).sum() == 1
    both = np.concatenate([levels, np.linalg.eigvalsh(H[np.ix_(~inside, ~inside)])])
    np.testing.assert_allclose(np.sort(both), np.linalg.eigvalsh(H), atol=1e-11)


def test_the_largest_piece_of_a_connected_network_is_the_network():
    network = square_lattice_network(8, 0.3, rng=SEED)
    largest = network.largest_piece()
    for name in ("positions", "bonds", "stiffness", "box", "vectors"):
        np.testing.assert_array_equal(getattr(largest, name), getattr(network, name))
    # without a spring every node is a piece of its own
    alone = diluted_square_lattice(5, 0.0, rng=SEED).largest_piece()
    assert len(alone) == 1 and len(alone.bonds) == 0


def test_networks_need_numpy_and_scipy_only():
    code = "import sys, bosonpeak.networks; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "scipy", "bosonpeak"} <= set(loaded)
    assert not {"numba", "llvmlite", "matplotlib", "ase", "yaml", "IPython"} & set(loaded)


@pytest.mark.slow
def test_a_million_nodes_are_built_in_seconds():
    # take the faster of two runs, since other work on the machine can only slow it down
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        network = square_lattice_network(1000, 0.3, "distance", rng=SEED)
        H = network.dynamical_matrix()
        seconds.append(time.perf_counter() - start)
    assert H.shape == (10**6, 10**6) and H.nnz == 2 * len(network.bonds) + 10**6
    assert min(seconds) < 10


@pytest.mark.parametrize(
    "call, sentence",
    [
        *((lambda d=d: square_lattice_network(5, d), "must lie in") for d in (1.0, 1.7, -0.1, np.nan)),
        *((lambda n=n: square_lattice_network(n, 0.1), "at least 3") for n in (2, 0, -4, 3.5, np.nan)),
        (lambda: square_lattice_network(5, 0.1, "nearest"), "unknown rule 'nearest': choose one of fixed, distance"),
        (lambda: square_lattice_network(5, 0.1, springs="stiff"), "unknown springs 'stiff'"),
        (lambda: nine_node_network("both"), "unknown change 'both'"),
        (lambda: diluted_square_lattice(2, 4), "at least 3"),
        *((lambda z=z: diluted_square_lattice(5, z), "outside") for z in (-0.1, 8.1, np.nan)),
        *((lambda v=v: diluted_square_lattice(5, 4, v), "do not go together") for v in (-0.1, 2.1, 9, np.nan)),
        (lambda: diluted_square_lattice(5, 3, 0.5), r"variances from 0.75 to 1.88"),
        *((lambda e=e: green_function(np.eye(2), 1.0, e), "broadening must be positive") for e in (0, -1e-3, np.nan)),
        (lambda: green_function(np.ones((2, 3)), 1.0, 0.1), "square"),
        (lambda: poles(np.diag([1.0, -1e-3])), "negative eigenvalue, -0.001"),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_a_whole_number_may_come_as_a_float():
    assert len(square_lattice_network(5.0, 0.1, rng=SEED)) == 25
    assert len(diluted_square_lattice(5.0, 3, rng=SEED)) == 25
