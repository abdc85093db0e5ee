"""Networks that keep the number of springs of every node, while the springs themselves are exchanged.

jiang-2026 states that the coordination numbers of the nodes and the strengths of the springs determine the density of
states. With equal springs this can be tested: the exchange below changes neither, and only the places of the springs.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from bosonpeak.networks import SpringNetwork

OFFSETS = np.array([(1, 0), (0, 1), (1, 1), (-1, 1)])
"""Steps in a from a node to those with which it can have a spring: two sides and two diagonals of a square."""

LONGEST = 2000
"""Springs on a closed path at most."""


@dataclass(frozen=True)
class Rewired:
    """A network after the exchange of springs.

    Attributes
    ----------
    network : SpringNetwork
        On the undisplaced lattice, with equal springs.
    new : float
        Share of the springs that were not there before.
    """

    network: SpringNetwork
    new: float


def _places(network: SpringNetwork, n: int) -> np.ndarray:
    """True where one of the four steps from a node is a spring, (4 n^2,), step by step."""
    i, j = network.bonds.T
    step = np.stack([(j % n - i % n + 1) % n - 1, (j // n - i // n + 1) % n - 1], axis=1)
    backwards = (step[:, 1] < 0) | ((step[:, 1] == 0) & (step[:, 0] < 0))
    start, step = np.where(backwards, j, i), np.where(backwards[:, None], -step, step)
    kind = (step[:, None] == OFFSETS).all(axis=2)
    if not kind.any(axis=1).all():
        raise ValueError("a spring is longer than the diagonal of a square: choose a disorder below 1/3")
    there = np.zeros(4 * n * n, bool)
    there[kind.argmax(axis=1) * n * n + start] = True
    return there


@njit(cache=True)
def _exchange(there, other, spring, steps, share, margin, rng):
    """Exchange springs along closed paths until `steps` springs were moved; `there` is changed in place.

    other, spring: node at the other end, and index into `there`, of each of the eight steps from a node, (N, 8), the
    four sides first; share: of the diagonals among the springs; margin: by how much their number may change.
    """
    nodes, path, done, diagonals = len(other), np.empty(LONGEST, np.int64), 0, 0
    while done < steps:
        start = rng.integers(0, nodes)
        now, length, gain, closed = start, 0, 0, False
        while length < LONGEST and not closed:
            adding, found = length % 2 == 1, False
            # a node without a spring, or with all of them, ends the path
            for _ in range(64):
                # diagonals are added where there are too few of them only, so that their number stays
                wanted = 0.5 if not adding else (share if diagonals <= 0 else 0.0)
                diagonal = rng.random() < wanted
                k = rng.integers(0, 4) + 4 * diagonal
                s = spring[now, k]
                if there[s] != adding and (length == 0 or s != path[length - 1]):
                    found = True
                    break
            if not found:
                break
            there[s] = adding
            path[length], length, now = s, length + 1, other[now, k]
            if s >= 2 * nodes:
                gain += 1 if adding else -1
            closed = adding and now == start
        if closed and abs(diagonals + gain) <= margin:
            diagonals += gain
        else:
            for k in range(length - 1, -1, -1):
                there[path[k]] = not there[path[k]]
        done += length


def rewire(network: SpringNetwork, rng=None, rounds: int = 30) -> Rewired:
    """Exchange springs along closed paths until the network has forgotten where they were.

    A path starts at a random node, takes away one of its springs, adds a missing one at the other end, takes one away
    at the end of that, and so on, until an added spring ends at the first node. Every node on it loses as many springs
    as it gains. Springs are sides or diagonals of the squares of the lattice, and their numbers are kept as well, to
    one in a thousand springs: a path that would change them further is taken back.

    Parameters
    ----------
    network : SpringNetwork
        On a periodic square lattice of n x n sites, row by row, with springs along sides and diagonals.
    rng : numpy.random.Generator or int, optional
    rounds : int
        Steps of the paths, for each spring.

    Returns
    -------
    Rewired

    Raises
    ------
    ValueError
        If a spring is longer than a diagonal.
    """
    n = round(float(network.box[0]))
    before = _places(network, n)
    there, site, nodes = before.copy(), np.arange(n * n), n * n
    columns, rows = site % n, site // n
    steps = np.concatenate([OFFSETS[:2], -OFFSETS[:2], OFFSETS[2:], -OFFSETS[2:]])
    other = (columns[:, None] + steps[:, 0]) % n + (rows[:, None] + steps[:, 1]) % n * n
    begin = np.stack([site, site, other[:, 2], other[:, 3], site, site, other[:, 6], other[:, 7]], axis=1)
    spring = begin + nodes * np.array([0, 1, 0, 1, 2, 3, 2, 3])
    total = len(network.bonds)
    _exchange(
        there,
        other,
        spring,
        rounds * total,
        there[2 * nodes :].sum() / total,
        total // 1000,
        np.random.default_rng(rng),
    )
    kind, start = np.divmod(np.flatnonzero(there), nodes)
    bonds = np.stack([start, other[start, np.array([0, 1, 4, 5])[kind]]], axis=1)
    sites, vectors = np.stack([columns, rows], axis=1).astype(float), OFFSETS[kind].astype(float)
    rewired = SpringNetwork(sites, bonds, np.ones(len(kind)), network.box, vectors)
    return Rewired(rewired, float((there & ~before).sum() / before.sum()))
