"""Moduli against springs in series and in parallel, dense algebra, Keller's duality and the low frequencies."""

from dataclasses import replace

import numpy as np
import pytest

from bosonpeak.networks import SpringNetwork, diluted_square_lattice, square_lattice_network
from bosonpeak.networks.lattices import SpringDistribution, lattice_network
from bosonpeak.vibrations.elasticity import _nonaffine_gain, scalar_debye_level, scalar_modulus
from bosonpeak.vibrations.modes import modes_near
from bosonpeak.vibrations.spectra import density_of_states


def _with_stiffness(n, stiffness) -> SpringNetwork:
    """The crystal of n x n nodes with other springs: first the n*n along x, then those along y."""
    crystal = square_lattice_network(n, 0.0)
    return SpringNetwork(crystal.positions, crystal.bonds, stiffness, crystal.box, crystal.vectors)


def _by_pseudoinverse(network: SpringNetwork) -> np.ndarray:
    """The modulus from the energy of each gradient with the nodes relaxed, dense."""
    i, j = network.bonds.T
    C = np.zeros((len(network.bonds), len(network)))
    C[np.arange(len(i)), j] += 1
    C[np.arange(len(i)), i] -= 1
    k = np.diag(network.stiffness)
    relaxed = -np.linalg.pinv(C.T @ k @ C, hermitian=True) @ C.T @ k @ network.vectors
    stretch = network.vectors + C @ relaxed
    return stretch.T @ k @ stretch / np.prod(network.box)


@pytest.mark.parametrize("n", [3, 10])
def test_crystal_has_modulus_one_and_debyes_level(n):
    modulus = scalar_modulus(square_lattice_network(n, 0.0))
    np.testing.assert_allclose(modulus, np.eye(2), atol=1e-14)
    assert scalar_debye_level(modulus) == pytest.approx(1 / (2 * np.pi))
    assert scalar_debye_level(modulus, mass=4.0) == pytest.approx(4 / (2 * np.pi))


def test_layers_are_in_series_along_and_in_parallel_across():
    n = 12
    column = np.arange(n * n) % n
    along, across = np.random.default_rng(3).uniform(0.2, 3, (2, n))
    modulus = scalar_modulus(_with_stiffness(n, np.r_[along[column], across[column]]), rtol=1e-10)
    np.testing.assert_allclose(modulus, np.diag([1 / np.mean(1 / along), across.mean()]), atol=1e-10)


def test_displacing_the_nodes_of_the_crystal_changes_nothing():
    # the elasticity of springs of given stiffness knows their ties, not their places
    placed = square_lattice_network(15, 0.45, "fixed", "uniform", rng=9)
    np.testing.assert_allclose(scalar_modulus(placed, rtol=1e-12), np.eye(2), atol=1e-10)


@pytest.mark.parametrize("n", [4, 9])
@pytest.mark.parametrize("rule, disorder", [("fixed", 0.4), ("distance", 0.3), ("distance", 0.8)])
def test_modulus_is_that_of_dense_algebra(n, rule, disorder):
    network = square_lattice_network(n, disorder, rule, rng=n)
    exact = _by_pseudoinverse(network)
    np.testing.assert_allclose(scalar_modulus(network, rtol=1e-12), exact, atol=1e-10)
    # the error is of second order in the residual, off the diagonal too
    for rtol in (1e-2, 1e-4):
        np.testing.assert_allclose(scalar_modulus(network, rtol), exact, atol=10 * rtol**2)
    # giving way never stiffens
    affine = network.vectors.T @ (network.stiffness[:, None] * network.vectors) / n**2
    assert np.linalg.eigvalsh(affine - exact).min() > -1e-12


def test_pieces_and_free_nodes_carry_nothing():
    network = diluted_square_lattice(12, 2.6, rng=5)
    assert network.components()[0] > 1 and (network.coordination() == 0).any()
    np.testing.assert_allclose(scalar_modulus(network, rtol=1e-10), _by_pseudoinverse(network), atol=1e-9)


def test_random_springs_have_kellers_geometric_mean():
    # 50:50 mixtures on the square lattice are self-dual: sqrt(k1 k2), whatever the contrast
    soft, stiff, n = 0.2, 3.0, 100
    modulus = []
    for seed in range(4):
        stiffness = np.random.default_rng(seed).permutation(np.repeat([soft, stiff], n * n))
        modulus.append(scalar_modulus(_with_stiffness(n, stiffness)))
    mean = np.mean([np.trace(m) / 2 for m in modulus])
    assert mean == pytest.approx(np.sqrt(soft * stiff), rel=0.01)
    assert abs(mean - (soft + stiff) / 2) > 0.5 and abs(mean - 2 / (1 / soft + 1 / stiff)) > 0.2


@pytest.mark.parametrize("rule", ["fixed", "distance"])
def test_debye_level_is_where_the_low_frequencies_go(rule):
    network = square_lattice_network(300, 0.1, rule, rng=17)
    level = scalar_debye_level(scalar_modulus(network))
    # above the longest waves (0.02), below where g/omega starts to rise (7 % at 0.2 with free coordination)
    omega = np.linspace(0.07, 0.17, 25)
    g = density_of_states(network.dynamical_matrix(), omega, resolution=0.025, n_vectors=24, rng=1).g
    assert (g / omega).mean() == pytest.approx(level, rel=0.06)
    if rule == "distance":
        # not the crystal's: the test can tell them apart
        assert abs(level * 2 * np.pi - 1) > 0.1


def test_longest_waves_travel_at_the_speed_of_the_modulus():
    network = square_lattice_network(80, 0.2, "distance", rng=6)
    square = modes_near(network.dynamical_matrix(), 1e-3, 5).omega[1:] ** 2
    expected = np.trace(scalar_modulus(network)) / 2 * (2 * np.pi / 80) ** 2
    # four waves of the longest length, along x and y
    assert square.mean() == pytest.approx(expected, rel=0.01)
    assert np.ptp(square) < 0.2 * expected


@pytest.mark.parametrize("mean", [0.0, 1.0, 1.6])
def test_a_floppy_network_has_no_debye_level(mean):
    modulus = scalar_modulus(diluted_square_lattice(24, mean, rng=2))
    np.testing.assert_array_equal(modulus, 0)
    with pytest.raises(ValueError, match="floppy"):
        scalar_debye_level(modulus)


@pytest.mark.parametrize("modulus", [np.zeros((2, 2)), np.diag([1.0, 0.0]), np.diag([1.0, -0.1]), np.eye(3), 1.0])
def test_a_modulus_that_is_not_positive_is_refused(modulus):
    with pytest.raises(ValueError, match="not positive"):
        scalar_debye_level(modulus)


def test_a_network_floppy_along_one_axis_says_which():
    n = 10
    stiffness = np.r_[np.ones(n * n), np.where(np.arange(n * n) // n == 4, 0.0, 1.0)]
    modulus = scalar_modulus(_with_stiffness(n, stiffness))
    np.testing.assert_allclose(modulus, np.diag([1.0, 0.0]), atol=1e-12)
    with pytest.raises(ValueError, match="floppy"):
        scalar_debye_level(modulus)


def test_an_anisotropic_modulus_counts_by_its_determinant():
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    modulus = turn @ np.diag([2.0, 0.5]) @ turn.T
    # omega^2 = q . mu . q is an ellipse of area pi / sqrt(det mu)
    angle = np.linspace(0, 2 * np.pi, 20001)
    q = np.stack([np.cos(angle), np.sin(angle)])
    area = np.trapezoid(0.5 / np.einsum("ik,ij,jk->k", q, modulus, q), angle)
    assert scalar_debye_level(modulus) == pytest.approx(2 * area / (2 * np.pi) ** 2, rel=1e-6)


def test_springs_that_vary_too_much_for_the_gradients_are_reported():
    # 20 orders of magnitude: in three dimensions conjugate gradients cannot reach the residual
    crystal = lattice_network("simple-cubic", 10)
    stiffness = 10.0 ** np.random.default_rng(0).uniform(-20, 0, len(crystal.bonds))
    with pytest.raises(RuntimeError, match="did not converge"):
        scalar_modulus(replace(crystal, stiffness=stiffness), rtol=1e-13)


@pytest.mark.parametrize("orders", [3, 8, 14])
def test_the_dual_network_has_the_inverse_determinant(orders):
    # springs of 14 orders of magnitude are solved directly in the plane, where Keller's duality is exact: the network
    # whose springs cross those of another, with the inverse stiffness, has the modulus mu / det(mu)
    n = 30
    k = 10.0 ** np.random.default_rng(0).uniform(-orders / 2, orders / 2, (2, n, n))
    crossed = np.stack([1 / np.roll(k[1], -1, axis=1), 1 / np.roll(k[0], -1, axis=0)])
    modulus, dual = (scalar_modulus(_with_stiffness(n, each.ravel()), rtol=1e-12) for each in (k, crossed))
    assert abs(modulus[0, 1]) > 1e-3
    np.testing.assert_allclose(dual, modulus / np.linalg.det(modulus), rtol=1e-8)


def _by_gradients(network: SpringNetwork) -> np.ndarray:
    """The modulus with the non-affine gain from conjugate gradients, whatever the dimension."""
    i, j = network.bonds.T
    pull = network.stiffness[:, None] * network.vectors
    force = np.zeros(network.positions.shape)
    np.add.at(force, i, pull)
    np.add.at(force, j, -pull)
    H = network.dynamical_matrix()
    gain = _nonaffine_gain(H, H.diagonal(), force, 1e-12)
    return (network.vectors.T @ pull - gain) / np.prod(network.box)


@pytest.mark.parametrize(
    "network",
    [
        square_lattice_network(40, 0.3, "distance", rng=1),
        diluted_square_lattice(40, 2.6, rng=2),
        lattice_network("triangular", 20, mean_coordination=3.4, rng=3),
        lattice_network("square", 40, springs=SpringDistribution("gamma", 1.0, 1.5), rng=4),
    ],
    ids=["distance", "pieces", "triangular", "gamma"],
)
def test_the_direct_solution_is_that_of_conjugate_gradients(network):
    modulus = scalar_modulus(network)
    np.testing.assert_allclose(modulus, _by_gradients(network), atol=1e-10)
    np.testing.assert_allclose(modulus, modulus.T, atol=1e-13)
    # what no wave reaches carries nothing, and the residual plays no part in a direct solution
    np.testing.assert_allclose(scalar_modulus(network.largest_piece()), modulus, atol=1e-12)
    np.testing.assert_array_equal(scalar_modulus(network, rtol=1e-10), modulus)


def test_chains_that_nothing_ties_together_are_pieces_in_parallel():
    n = 12
    crystal = square_lattice_network(n, 0.0)
    along = np.arange(2 * n * n) < n * n
    stiffness = np.random.default_rng(8).uniform(0.2, 3, n * n)
    chains = SpringNetwork(crystal.positions, crystal.bonds[along], stiffness, crystal.box, crystal.vectors[along])
    assert chains.components()[0] == n
    # each row is in series, and the rows share the gradient
    series = 1 / (1 / stiffness.reshape(n, n)).mean(axis=1)
    np.testing.assert_allclose(scalar_modulus(chains), np.diag([series.mean(), 0.0]), atol=1e-12)
    # one missing spring in each row leaves nothing
    np.testing.assert_array_equal(scalar_modulus(_without(chains, np.arange(n * n) % n == 0)), 0)


def _without(network: SpringNetwork, missing) -> SpringNetwork:
    """The network without the springs for which `missing` (M,) is true."""
    return replace(network, **{name: getattr(network, name)[~missing] for name in ("bonds", "stiffness", "vectors")})


def test_springs_without_stiffness_hold_nothing():
    # a node with four of them, and two slabs that only such springs connect
    n = 8
    crystal = square_lattice_network(n, 0.0)
    loose = (crystal.bonds == 13).any(axis=1)
    slabs = np.r_[np.zeros(n * n, bool), np.isin(np.arange(n * n) // n, (2, 6))]
    for missing in (loose, slabs, loose | slabs):
        modulus = scalar_modulus(_with_stiffness(n, np.where(missing, 0.0, 1.0)))
        np.testing.assert_allclose(modulus, scalar_modulus(_without(crystal, missing)), atol=1e-12)


@pytest.mark.parametrize("name", ["simple-cubic", "fcc"])
def test_in_three_dimensions_the_error_is_of_second_order_in_the_residual(name):
    springs = SpringDistribution("gamma", 1.0, 0.5)
    network = lattice_network(name, 4, disorder=0.2, bond_fraction=0.8, springs=springs, rng=5)
    exact = _by_pseudoinverse(network)
    np.testing.assert_allclose(scalar_modulus(network, rtol=1e-12), exact, atol=1e-10)
    for rtol in (1e-2, 1e-4):
        np.testing.assert_allclose(scalar_modulus(network, rtol), exact, atol=20 * rtol**2)
