"""Lattices with a given mean coordination whose fluctuation is a knob of its own (floor 1, numpy and scipy only).

Springs that are missing independently leave a coordination with the binomial variance z (1 - z / z0): its mean and its
fluctuation change together. Here springs are moved, their number kept, until the variance is the one asked for. All
springs are 1, nodes undisplaced; reduced units as in `lattices`.
"""

import numpy as np

from .lattices import lattice_network
from .network import SpringNetwork


def binomial_variance(lattice_coordination: int, mean_coordination: float) -> float:
    """Variance of the coordination where springs are missing independently: z (1 - z / z0)."""
    return mean_coordination * (1 - mean_coordination / lattice_coordination)


def _incidence(bonds, n_nodes):
    """Springs at each node (N, z0) and the node at the other end of each, (N, z0)."""
    end = bonds.ravel()
    order = np.argsort(end, kind="stable")
    bond = (order // 2).reshape(n_nodes, -1)
    other = bonds[:, ::-1].ravel()[order].reshape(n_nodes, -1)
    return bond, other


def _apart(nodes, n_nodes):
    """True for rows of nodes (M, 3) that share no node with an earlier row."""
    first = np.full(n_nodes, len(nodes))
    rows = np.arange(len(nodes))
    for column in nodes.T:
        np.minimum.at(first, column, rows)
    return (first[nodes] == rows[:, None]).all(axis=1)


def network_with_variance(
    lattice: str, n: int, mean_coordination: float, variance: float, rng=None, *, most_rounds: int = 20000
) -> SpringNetwork:
    """Lattice with equal springs, `mean_coordination` of them a node, and the variance of the coordination asked for.

    lattice, n: as `lattices.lattice_network`. The start is random; a step takes one spring of a node and puts it to
    another of the node's free places: its own number stays, one neighbour loses and another gains a spring. Steps
    that take the variance towards the goal or leave it are made, others not, until it is passed (zero temperature:
    nothing else is asked of the places). The result differs from the goal by a few steps of 2 / N, or stays above it
    where most_rounds (each an attempt at a twelfth of the nodes) end first: read `coordination().var()`. The least
    possible is f (1 - f), f the fractional part of the mean. rng: Generator or seed.

    Raises ValueError as `lattice_network`, and for a variance that is negative or not finite; RuntimeError where a
    variance above the random one is not reached.
    """
    if not 0 <= variance < np.inf:
        raise ValueError(f"variance {variance} of the coordination: it must be finite and not negative")
    place, steps = np.random.default_rng(rng).spawn(2)
    full = lattice_network(lattice, n)
    nodes, total = len(full), len(full.bonds)
    wanted = round(mean_coordination * nodes / 2)
    # refuses what is out of range
    lattice_network(lattice, 3, mean_coordination=mean_coordination)
    there = np.zeros(total, bool)
    there[place.permutation(total)[:wanted]] = True
    bond, other = _incidence(full.bonds, nodes)
    z = np.bincount(full.bonds[there].ravel(), minlength=nodes)
    mean = 2 * wanted / nodes
    square, goal = int((z**2).sum()), nodes * (variance + mean**2)
    down = square > goal
    for _ in range(most_rounds):
        if (square <= goal) if down else (square >= goal):
            break
        middle = steps.integers(0, nodes, nodes // 12 + 1)
        row = np.arange(len(middle))
        taken, free = (steps.integers(0, bond.shape[1], len(middle)) for _ in range(2))
        a, b = bond[middle, taken], bond[middle, free]
        i, j = other[middle, taken], other[middle, free]
        change = 2 * (z[j] - z[i] + 1)
        good = there[a] & ~there[b] & ((change <= 0) if down else (change >= 0))
        row = row[good]
        row = row[_apart(np.stack([middle, i, j], axis=1)[row], nodes)]
        # not beyond the goal: what comes last is left out
        reached = square + np.cumsum(change[row])
        past = np.flatnonzero((reached <= goal) if down else (reached >= goal))
        row = row[: past[0] + 1] if len(past) else row
        there[a[row]], there[b[row]] = False, True
        z[i[row]] -= 1
        z[j[row]] += 1
        square += int(change[row].sum())
    else:
        if not down:
            raise RuntimeError(
                f"the coordination of the {lattice} lattice at mean {mean:.3g} reached the variance "
                f"{square / nodes - mean**2:.3g}, not {variance:.3g}: ask for less, or for more rounds"
            )
    return SpringNetwork(full.positions, full.bonds[there], np.ones(wanted), full.box, full.vectors[there])
