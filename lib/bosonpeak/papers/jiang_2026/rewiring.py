"""Networks that keep the number of springs of every node, while the springs themselves are exchanged.

jiang-2026 states that the coordination numbers of the nodes and the strengths of the springs determine the density of
states. With equal springs this can be tested: the exchange below changes neither, and only the places of the springs.
"""

import numpy as np
from numba import njit

from bosonpeak.networks import SpringNetwork

OFFSETS = np.array([(1, 0), (0, 1), (1, 1), (-1, 1)])
"""Steps in a from a node to those with which it can have a spring: two sides and two diagonals of a square."""

LONGEST = 2000
"""Springs on a closed path at most."""


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
                wanted = 0.5 if not adding else (share if diagonals + gain <= 0 else 0.0)
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


def rewire(network: SpringNetwork, rng=None, rounds: int = 100) -> tuple[SpringNetwork, float]:
    """Exchange springs along closed paths until the network has forgotten where they were.

    A path starts at a random node, takes away one of its springs, adds a missing one at the other end, takes one away
    at the end of that, and so on, until an added spring ends at the first node. Every node on it loses as many springs
    as it gains. Springs are sides or diagonals of the squares of the lattice, and their numbers are kept as well, to
    one in a thousand springs (and twenty): a path that would change them further is taken back.

    Parameters
    ----------
    network : SpringNetwork
        On a periodic square lattice of n x n sites, row by row, with springs along sides and diagonals.
    rng : numpy.random.Generator or int, optional
    rounds : int
        Steps of the paths, for each spring.

    Returns
    -------
    rewired : SpringNetwork
        On the undisplaced lattice, with equal springs.
    new : float
        Share of the springs that were not there before.

    Raises
    ------
    ValueError
        If a spring is longer than a diagonal.
    """
    n, total = round(float(network.box[0])), len(network.bonds)
    site, nodes = np.arange(n * n), n * n
    columns, rows = site % n, site // n
    steps = np.concatenate([OFFSETS[:2], -OFFSETS[:2], OFFSETS[2:], -OFFSETS[2:]])
    other = (columns[:, None] + steps[:, 0]) % n + (rows[:, None] + steps[:, 1]) % n * n
    begin = np.stack([site, site, other[:, 2], other[:, 3], site, site, other[:, 6], other[:, 7]], axis=1)
    spring = begin + nodes * np.array([0, 1, 0, 1, 2, 3, 2, 3])
    pairs = np.stack([np.tile(site, 4), other[:, [0, 1, 4, 5]].T.ravel()], axis=1)
    before = np.isin(np.sort(pairs, axis=1) @ [nodes, 1], np.sort(network.bonds, axis=1) @ [nodes, 1])
    if before.sum() != total:
        raise ValueError("a spring is longer than the diagonal of a square: choose a disorder below 1/3")
    there, rng = before.copy(), np.random.default_rng(rng)
    _exchange(there, other, spring, rounds * total, there[2 * nodes :].sum() / total, 20 + total // 1000, rng)
    sites, vectors = np.stack([columns, rows], axis=1).astype(float), np.repeat(OFFSETS, nodes, axis=0)[there]
    rewired = SpringNetwork(sites, pairs[there], np.ones(there.sum()), network.box, vectors.astype(float))
    return rewired, float((there & ~before).sum() / total)
