"""Networks of nodes and springs with one scalar displacement per node.

This is the model of jiang-2026, Sec. II: nodes of unit mass on a square lattice of constant a = 1, each moved by the
same distance in a random direction, with H_ij = -t_ij and H_ii = sum_j t_ij. All quantities are in reduced units:
length a, stiffness t0, mass m, so omega is in sqrt(t0/m). All boundaries are periodic.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

RULES = ("fixed", "distance")
SPRINGS = {"inverse-distance": np.reciprocal, "uniform": np.ones_like}
"""Stiffness in t0 as a function of length in a."""


@dataclass(frozen=True)
class SpringNetwork:
    """A periodic network of N nodes and M springs in d dimensions.

    Attributes
    ----------
    positions : array, shape (N, d)
        In a.
    bonds : array of int, shape (M, 2)
        The two nodes of each spring.
    stiffness : array, shape (M,)
        In t0.
    box : array, shape (d,)
        Lengths of the edges in a.
    vectors : array, shape (M, d)
        From the first to the second node of each spring, across the boundary where the spring crosses it.
    """

    positions: np.ndarray
    bonds: np.ndarray
    stiffness: np.ndarray
    box: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    def dynamical_matrix(self) -> sp.csr_matrix:
        """Scalar dynamical matrix H (N, N) in t0/m, in CSR form with sorted 32-bit indices; each row sums to zero."""
        n = len(self)
        i, j = self.bonds.T.astype(np.int32)
        k = self.stiffness
        diagonal = np.bincount(i, k, n) + np.bincount(j, k, n)
        rows = np.concatenate([i, j, np.arange(n, dtype=np.int32)])
        columns = np.concatenate([j, i, np.arange(n, dtype=np.int32)])
        H = sp.csr_matrix((np.concatenate([-k, -k, diagonal]), (rows, columns)), shape=(n, n))
        H.sort_indices()
        return H

    def coordination(self) -> np.ndarray:
        """Number of springs at each node, (N,) integers."""
        return np.bincount(self.bonds.ravel(), minlength=len(self))

    def components(self) -> tuple[int, np.ndarray]:
        """Number of pieces that no spring connects, and the piece to which each node belongs, (N,)."""
        graph = sp.coo_matrix((np.ones(len(self.bonds)), self.bonds.T), shape=(len(self), len(self)))
        return connected_components(graph, directed=False)

    def zero_modes(self) -> sp.csc_matrix:
        """Orthonormal basis (N, pieces) of the motions without restoring force: each piece moves as a whole."""
        count, piece = self.components()
        size = np.bincount(piece, minlength=count)
        nodes = np.arange(len(self))
        return sp.csc_matrix((1 / np.sqrt(size[piece]), (nodes, piece)), shape=(len(self), count))

    def largest_piece(self) -> "SpringNetwork":
        """The largest part that springs connect, its nodes in their old order, in the same box.

        Nodes that are cut off from it do not move with a wave, and the levels of different pieces are independent.
        """
        piece = self.components()[1]
        keep = piece == np.bincount(piece).argmax()
        inside = keep[self.bonds[:, 0]]
        bonds = (np.cumsum(keep) - 1)[self.bonds[inside]]
        return SpringNetwork(self.positions[keep], bonds, self.stiffness[inside], self.box, self.vectors[inside])


def check_lattice(n: int, disorder: float) -> int:
    """Return n as an integer. Raise ValueError unless it is a whole number >= 3 and the disorder lies in [0, 1)."""
    if not n >= 3 or n != np.floor(n):
        raise ValueError(f"n = {n}: a periodic lattice needs a whole number of cells along an edge, at least 3")
    if not 0 <= disorder < 1:
        raise ValueError(f"disorder = {disorder}: the displacement must lie in [0, 1) lattice constants")
    return int(n)


def cells_at(cells, offset, n: int, order: str) -> np.ndarray:
    """Indices (N,) of the cells at an offset (d,) from the given cells (N, d) of a periodic block with n^d cells.

    order: "C" if the last component of a cell varies fastest with its index, "F" if the first one does.
    """
    return np.ravel_multi_index(tuple(((cells + offset) % n).T), (n,) * cells.shape[1], order=order)


def connect(positions, bonds, vectors, box, stiffness: Callable) -> SpringNetwork:
    """Network with springs of stiffness(length) along the vectors (M, d); a spring without stiffness is left out.

    Raises ValueError if two connected nodes coincide.
    """
    length = np.linalg.norm(vectors, axis=1)
    if len(length) and length.min() < 1e-9:
        i, j = bonds[length.argmin()]
        raise ValueError(f"nodes {i} and {j} lie on one another: lower the disorder or take another seed")
    k = stiffness(length)
    real = k > 0
    return SpringNetwork(positions, bonds[real], k[real], np.asarray(box, float), vectors[real])


def _square_sites(n):
    """Column and row of each node, (n^2, 2); node i is in column i % n and row i // n."""
    return np.indices((n, n)).reshape(2, -1)[::-1].T


def _square_bonds(n: int, displacement: np.ndarray, offsets, longest: float = np.inf):
    """Bonds and their vectors between nodes at the given lattice offsets that are at most `longest` apart.

    Each offset stands for itself and its opposite, so that no pair comes twice. Offsets beyond half the box reach
    other images, whose springs are different ones.
    """
    bonds, vectors = [], []
    for offset in offsets:
        other = cells_at(_square_sites(n), offset, n, "F")
        vector = displacement[other] - displacement + offset
        near = np.flatnonzero(np.einsum("ij,ij->i", vector, vector) <= longest**2)
        bonds.append(np.stack([near, other[near]], axis=1))
        vectors.append(vector[near])
    return np.concatenate(bonds), np.concatenate(vectors)


def square_lattice_network(
    n: int, disorder: float, rule: str = "fixed", springs: str = "inverse-distance", rng=None
) -> SpringNetwork:
    """Square lattice whose nodes are displaced by the same distance in random directions (jiang-2026, Sec. II).

    Parameters
    ----------
    n : int
        Nodes along an edge, at least 3.
    disorder : float
        Distance of each node from its lattice site in units of a, in [0, 1).
    rule : str
        "fixed" keeps the four nearest-neighbour springs of the lattice. "distance" connects every pair that is not
        farther apart than a + disorder. (jiang-2026 writes "shorter than". Equality is included here, so that the
        network without disorder is the crystal and not a set of free nodes.)
    springs : str
        "inverse-distance" gives the stiffness t0/r, "uniform" gives t0.
    rng : numpy.random.Generator or int, optional
        The displacements use n^2 numbers from it for either rule, so that the same seed gives the same positions.

    Returns
    -------
    SpringNetwork

    Raises
    ------
    ValueError
        If n < 3, the disorder lies outside [0, 1), or the rule or the springs are unknown.
    """
    n = check_lattice(n, disorder)
    if springs not in SPRINGS:
        raise ValueError(f"unknown springs {springs!r}: choose one of {', '.join(SPRINGS)}")
    if rule not in RULES:
        raise ValueError(f"unknown rule {rule!r}: choose one of {', '.join(RULES)}")
    angle = np.random.default_rng(rng).uniform(0, 2 * np.pi, n * n)
    displacement = disorder * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    offsets, longest = [(1, 0), (0, 1)], np.inf
    if rule == "distance":
        # sites farther apart than 1 + 3 disorder cannot come within 1 + disorder
        longest, farthest = 1 + disorder + 1e-9, 1 + 3 * disorder
        reach = int(farthest + 1e-9)
        offsets = [(dx, dy) for dy in range(reach + 1) for dx in range(-reach, reach + 1)]
        offsets = [(x, y) for x, y in offsets if (y > 0 or x > 0) and x * x + y * y <= farthest**2 + 1e-9]
    bonds, vectors = _square_bonds(n, displacement, offsets, longest)
    return connect((_square_sites(n) + displacement) % n, bonds, vectors, (n, n), SPRINGS[springs])


def diluted_square_lattice(n: int, mean_coordination: float, variance: float | None = None, rng=None) -> SpringNetwork:
    """Undisplaced square lattice with uniform springs at random places, with a given mean coordination and variance.

    The numbers of springs are exact (rounded) and their places random: the coordination fluctuates, positions and
    stiffnesses do not.

    Parameters
    ----------
    n : int
        Nodes along an edge, at least 3.
    mean_coordination : float
        Mean number of springs at a node, in [0, 8].
    variance : float, optional
        Variance of that number. A fraction p of the nearest-neighbour springs and q < p of the springs along the
        diagonals is kept, such that 4 (p + q) is the mean and 4 p (1 - p) + 4 q (1 - q) the variance. By default,
        nearest-neighbour springs are removed below a mean of 4, and springs along the diagonals added above it.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    SpringNetwork

    Raises
    ------
    ValueError
        If n < 3, the mean lies outside [0, 8], or no p and q in [0, 1] give the variance.
    """
    n = check_lattice(n, 0.0)
    if not 0 <= mean_coordination <= 8:
        raise ValueError(f"mean coordination {mean_coordination} lies outside [0, 8]")
    total = mean_coordination / 4
    p = min(total, 1.0)
    if variance is not None:
        # p - q from (p - q)^2 = 2 (p^2 + q^2) - (p + q)^2 and p^2 + q^2 = p + q - variance / 4
        square = 2 * (total - variance / 4) - total**2
        p = (total + np.sqrt(max(square, 0.0))) / 2
        # written so that NaN fails as well
        if not (square >= -1e-12 and p <= min(1, total)):
            rest = total - min(total, 1.0)
            least = 4 * (rest * (1 - rest) if total > 1 else total * (1 - total))
            raise ValueError(
                f"mean {mean_coordination} and variance {variance} of the coordination do not go together: "
                f"random springs allow variances from {least:.3g} to {4 * total - 2 * total**2:.3g} there"
            )
    rng = np.random.default_rng(rng)
    wanted, half = round(mean_coordination * n * n / 2), 2 * n * n
    count = min(round(p * half), wanted)
    near, across = (np.sort(rng.permutation(half)[:k]) for k in (count, wanted - count))
    pick = np.concatenate([near, half + across])
    bonds, vectors = _square_bonds(n, np.zeros((n * n, 2)), [(1, 0), (0, 1), (1, 1), (-1, 1)])
    return connect(_square_sites(n) % float(n), bonds[pick], vectors[pick], (n, n), np.ones_like)


def nine_node_network(change: str | None = None) -> SpringNetwork:
    """The periodic 3 x 3 network with uniform springs of jiang-2026, Fig. 4 right.

    Nodes are numbered by row from the bottom left: 4 is the centre, 3 its left neighbour and 6 the top left node.

    Parameters
    ----------
    change : str, optional
        "added" adds a spring between 4 and 6; "missing" removes the one between 3 and 4.

    Returns
    -------
    SpringNetwork

    Raises
    ------
    ValueError
        If the change is unknown.
    """
    lattice = square_lattice_network(3, 0.0, "fixed", "uniform")
    bonds, vectors = lattice.bonds, lattice.vectors
    if change == "added":
        bonds, vectors = np.vstack([bonds, [4, 6]]), np.vstack([vectors, [-1.0, 1.0]])
    elif change == "missing":
        keep = ~((bonds == (3, 4)).all(axis=1))
        bonds, vectors = bonds[keep], vectors[keep]
    elif change is not None:
        raise ValueError(f"unknown change {change!r}: choose None, 'added' or 'missing'")
    return connect(lattice.positions, bonds, vectors, lattice.box, np.ones_like)


def coordination_distribution(network: SpringNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Coordination numbers from 0 to the largest, and the fraction of nodes that has each: two arrays (z_max + 1,)."""
    counts = np.bincount(network.coordination())
    return np.arange(len(counts)), counts / counts.sum()


def green_function(H, omega, eps: float) -> np.ndarray:
    """Dense Green's function G(omega) = [(omega^2 + i eps) 1 - H]^-1 (jiang-2026, Eq. 1).

    The density of states at node i is g_i(omega) = -(2 omega / pi) Im G_ii. As eps -> 0, its integral over omega > 0
    is 1 minus half the weight of a zero mode, whose other half lies at omega^2 < 0.

    Parameters
    ----------
    H : array or sparse matrix, shape (N, N)
    omega : float or array
        In the square root of the unit of H.
    eps : float
        Positive broadening in the unit of H.

    Returns
    -------
    array of complex, shape omega.shape + (N, N)

    Raises
    ------
    ValueError
        If eps is not positive or H is not square.
    """
    H = H.toarray() if sp.issparse(H) else np.asarray(H, float)
    if H.ndim != 2 or H.shape[0] != H.shape[1]:
        raise ValueError(f"the Green's function needs a square matrix, got shape {H.shape}")
    if not eps > 0:
        raise ValueError(f"eps = {eps}: the broadening must be positive")
    z = np.asarray(omega, float)[..., None, None] ** 2 + 1j * eps
    return np.linalg.inv(z * np.eye(len(H)) - H)


def poles(H, decimals: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies of the poles of the Green's function and the weight of each node in them.

    Parameters
    ----------
    H : array or sparse matrix, shape (N, N)
    decimals : int
        Eigenvalues that agree to this many decimals form one pole.

    Returns
    -------
    omega : array, shape (P,)
        Ascending, zero modes first, in the square root of the unit of H.
    weight : array, shape (P, N)
        Each column sums to 1.

    Raises
    ------
    ValueError
        If an eigenvalue is negative.
    """
    H = H.toarray() if sp.issparse(H) else np.asarray(H)
    if H.ndim != 2 or H.shape != H.T.shape or not np.isfinite(H).all() or not np.allclose(H, H.T) or np.iscomplexobj(H):
        raise ValueError(f"poles are those of a real symmetric matrix of finite numbers, got {H.dtype} {H.shape}")
    eigenvalue, vector = np.linalg.eigh(H)
    if eigenvalue[0] < -(10.0**-decimals):
        raise ValueError(f"H has a negative eigenvalue, {eigenvalue[0]:.3g}: give the dynamical matrix of a minimum")
    level, index = np.unique(np.round(eigenvalue, decimals), return_inverse=True)
    weight = np.zeros((len(level), len(H)))
    np.add.at(weight, index.ravel(), vector.T**2)
    return np.sqrt(np.clip(level, 0, None)), weight
