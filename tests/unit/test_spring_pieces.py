"""Pieces, trees and floppy modes of small graphs and diluted lattices."""

import numpy as np
import pytest

from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import lattice_network
from bosonpeak.papers.spring_network import pieces

SEED = 20284


def test_the_largest_piece_keeps_its_own_levels():
    network = lattice_network("square", 14, bond_fraction=0.55, rng=SEED)
    piece = pieces.largest_piece(network)
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
    np.testing.assert_array_equal(np.flatnonzero(pieces.tree_nodes(network)), [3, 4, 5, 6, 7])
    assert not pieces.tree_nodes(lattice_network("square", 5)).any()


def test_a_spring_from_a_node_to_itself_makes_no_tree():
    network = _graph(3, [(0, 0), (1, 2)])
    np.testing.assert_array_equal(pieces.tree_nodes(network), [False, True, True])


def test_zero_modes_over_maxwells_count():
    found = pieces.count_floppy(40, 0.4, (0, 1, 2))
    nets = [lattice_network("square", 40, bond_fraction=0.4, rng=s) for s in (0, 1, 2)]
    assert found.pieces == nets[0].components()[0] and found.single_nodes == (nets[0].coordination() == 0).sum()
    ratio, (low, high) = found.over_maxwell
    assert ratio == pytest.approx(np.mean([x.components()[0] for x in nets]) / 1600 / 0.2) and low < ratio < high
    assert not found.rigid


def test_loose_parts_of_a_square_lattice():
    assert pieces.loose_parts(12, 1.0, (0,)) == (0.0, 0.0)
    outside, trees = pieces.loose_parts(40, 0.6, (0, 1))
    assert 0 < outside < trees < 0.5
