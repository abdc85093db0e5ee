"""Lattices whose mean coordination and whose fluctuation of the coordination are set independently.

If springs are missing independently of each other, the coordination has the binomial variance z (1 - z / z0): its mean
and its fluctuation change together. Here the number of springs is kept while springs are moved, until the variance is
the requested one. All springs are 1 and all nodes undisplaced; reduced units as in `lattices`.
"""

import numpy as np

from .lattices import lattice_network
from .network import SpringNetwork


def binomial_variance(lattice_coordination: int, mean_coordination: float) -> float:
    """Variance z (1 - z / z0) of a coordination of mean z if springs of a lattice of z0 are missing independently."""
    return mean_coordination * (1 - mean_coordination / lattice_coordination)


def _incidence(bonds, n_nodes):
    """Springs at each node (N, z0), and the node at the other end of each (N, z0)."""
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
    """Lattice with equal springs and a given mean and variance of the coordination.

    The springs start at random places. A step moves one spring of a node to another free place of the same node: the
    node keeps its number of springs, one neighbour loses a spring and another gains one. A step is made if it moves the
    variance towards the goal or leaves it unchanged, until the goal is passed. Nothing else is asked of the places
    (zero temperature).

    Parameters
    ----------
    lattice, n
        As `lattices.lattice_network`.
    mean_coordination : float
        Springs per node.
    variance : float
        The smallest possible one is f (1 - f), with f the fractional part of the mean.
    rng : numpy.random.Generator or int, optional
    most_rounds : int
        Rounds after which the search ends; each attempts a step at one in twelve of the nodes.

    Returns
    -------
    SpringNetwork
        Its variance, `coordination().var()`, differs from the goal by a few steps of 2 / N, or stays above it if the
        rounds end first.

    Raises
    ------
    ValueError
        As `lattice_network`, and if the variance is negative or not finite.
    RuntimeError
        If a variance above the random one is not reached.
    """
    if not 0 <= variance < np.inf:
        raise ValueError(f"variance {variance} of the coordination: it must be finite and not negative")
    place, steps = np.random.default_rng(rng).spawn(2)
    full = lattice_network(lattice, n)
    nodes, total = len(full), len(full.bonds)
    wanted = round(mean_coordination * nodes / 2)
    # checks the mean coordination
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
        # the steps after the one that reaches the goal are left out
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
