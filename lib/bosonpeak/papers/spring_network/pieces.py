"""Pieces of diluted networks: the largest one, trees, and the motions that cost nothing below rigidity."""

from dataclasses import dataclass

import numpy as np

from bosonpeak import statistics
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import lattice_network
from bosonpeak.networks.springs import count_zero_modes
from bosonpeak.papers.spring_network.excess import Interval, measured_stiffness


def tree_nodes(network: SpringNetwork) -> np.ndarray:
    """True for the nodes (N,) of trees: those that vanish when nodes with a single spring are removed repeatedly."""
    bonds, z = network.bonds, network.coordination()
    while True:
        # a spring from a node to itself counts twice, and does not hold it
        cut = (z == 1)[bonds].any(axis=1)
        if not cut.any():
            return z == 0
        bonds = bonds[~cut]
        z = np.bincount(bonds.ravel(), minlength=len(z))


def loose_parts(n: int, share: float, seeds: list[int]) -> tuple[float, float]:
    """Nodes of diluted square lattices that do not hold.

    Parameters
    ----------
    n : int
        Nodes along an edge.
    share : float
        Probability of each spring to be kept.
    seeds : list of int

    Returns
    -------
    outside, trees : float
        Mean shares of the nodes outside the largest piece, and on trees.
    """
    nets = [lattice_network("square", n, bond_fraction=share, rng=s) for s in seeds]
    outside = 1 - np.mean([len(network.largest_piece()) for network in nets]) / n**2
    return float(outside), float(np.mean([tree_nodes(network).mean() for network in nets]))


@dataclass(frozen=True)
class FloppyModes:
    """Modes of zero frequency of diluted square lattices.

    Attributes
    ----------
    pieces, single_nodes : int
        Of the first sample; each piece has one such mode.
    rigid : bool
        Whether the first sample has a stiffness.
    over_maxwell : Interval
        Number of pieces over Maxwell's count 1 - 2p of these modes per node.
    """

    pieces: int
    single_nodes: int
    rigid: bool
    over_maxwell: Interval


def count_floppy(n: int, share: float, seeds: list[int]) -> FloppyModes:
    """Zero modes of diluted square lattices.

    Parameters
    ----------
    n : int
        Nodes along an edge.
    share : float
        Probability p of each spring to be kept, below one half.
    seeds : list of int
    """
    nets = [lattice_network("square", n, bond_fraction=share, rng=s) for s in seeds]
    counts = [count_zero_modes(network) for network in nets]
    over = statistics.mean_interval([c.pieces / c.degrees_of_freedom / (1 - 2 * share) for c in counts])
    return FloppyModes(counts[0].pieces, counts[0].single_nodes, measured_stiffness(nets[0], "square") > 0, over)


def largest_piece(network):  # TEMPORARY
    return network.largest_piece()
