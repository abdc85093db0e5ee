"""Spacing ratios of matrices whose statistics are known, pieces and trees of small graphs."""

import numpy as np
import pytest

from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import lattice_network
from bosonpeak.papers.spring_network import level_statistics as levels

SEED = 20284


def test_random_matrices_repel_and_independent_levels_do_not():
    rng = np.random.default_rng(SEED)
    ratios = []
    for _ in range(40):
        A = rng.standard_normal((120, 120))
        ratios.append(levels.spacing_ratios(np.linalg.eigvalsh(A + A.T)))
    ratios = np.concatenate(ratios)
    assert ratios.mean() == pytest.approx(levels.ORTHOGONAL, abs=4 * ratios.std() / np.sqrt(len(ratios)))
    free = levels.spacing_ratios(np.sort(rng.uniform(size=20000)))
    assert free.mean() == pytest.approx(levels.INDEPENDENT, abs=4 * free.std() / np.sqrt(len(free)))
    assert pytest.approx(0.3863, abs=1e-4) == levels.INDEPENDENT
    # a smooth change of scale does not matter
    squares = levels.spacing_ratios(np.sort(rng.uniform(1, 2, 5000)) ** 2)
    assert squares.mean() == pytest.approx(levels.INDEPENDENT, abs=0.02)


def test_equal_spacings_have_the_ratio_one():
    np.testing.assert_allclose(levels.spacing_ratios(np.arange(6.0)), 1)
    np.testing.assert_allclose(levels.spacing_ratios([0.0, 1.0, 3.0, 3.0]), [0.5, 0.0])


@pytest.mark.parametrize(
    "values, sentence",
    [([1.0, 2.0], "three levels"), ([1.0, 3.0, 2.0], "ascend"), ([1.0, 2.0, 2.0, 2.0, 3.0], "three equal levels at 2")],
)
def test_levels_without_a_ratio_are_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        levels.spacing_ratios(values)


def test_the_largest_piece_keeps_its_own_levels():
    network = lattice_network("square", 14, bond_fraction=0.55, rng=SEED)
    piece = levels.largest_piece(network)
    count, label = network.components()
    assert count > 5 and piece.components()[0] == 1 and len(piece) == np.bincount(label).max()
    whole = np.linalg.eigvalsh(network.dynamical_matrix().toarray())
    own = np.linalg.eigvalsh(piece.dynamical_matrix().toarray())
    assert all(abs(whole - x).min() < 1e-9 for x in own)
    np.testing.assert_array_equal(piece.coordination(), network.coordination()[label == np.bincount(label).argmax()])


def _graph(n, bonds):
    bonds = np.array(bonds)
    return SpringNetwork(np.zeros((n, 2)), bonds, np.ones(len(bonds)), np.ones(2), np.ones((len(bonds), 2)))


def test_trees_are_what_can_be_cut_off_spring_by_spring():
    # a ring 0-1-2, a chain 2-3-4 that hangs on it, a pair 5-6, a single node 7, a double spring 8-9
    network = _graph(10, [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (5, 6), (8, 9), (9, 8)])
    np.testing.assert_array_equal(np.flatnonzero(levels.tree_nodes(network)), [3, 4, 5, 6, 7])
    assert not levels.tree_nodes(lattice_network("square", 5)).any()
