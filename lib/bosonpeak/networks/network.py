"""Networks of nodes and springs with one scalar displacement per node (floor 1, numpy and scipy only).

The model of jiang-2026, Sec. II: nodes of unit mass on a square lattice of constant a = 1, each moved by the
same distance in a random direction; `H_ij = -t_ij`, `H_ii = sum_j t_ij`. Everything is in reduced units:
length a, stiffness t0, mass m, so omega is in sqrt(t0/m). All boundaries are periodic.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

RULES = ("fixed", "distance")
SPRINGS = ("inverse-distance", "uniform")


@dataclass(frozen=True)
class SpringNetwork:
    """A periodic network of springs.

    positions: (N, d) in a; bonds: (M, 2) node indices, one row a spring; stiffness: (M,) in t0;
    box: (d,) edge lengths in a; vectors: (M, d) from the first to the second node of each bond, through the
    boundary where the spring goes through it.
    """

    positions: np.ndarray
    bonds: np.ndarray
    stiffness: np.ndarray
    box: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    def dynamical_matrix(self) -> sp.csr_matrix:
        """Scalar dynamical matrix H (N, N) in t0/m, CSR with sorted 32-bit indices; each row sums to zero."""
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
        """Number of pieces that no spring connects, and the piece of each node, (N,)."""
        graph = sp.coo_matrix((np.ones(len(self.bonds)), self.bonds.T), shape=(len(self), len(self)))
        return connected_components(graph, directed=False)

    def zero_modes(self) -> sp.csc_matrix:
        """Orthonormal basis (N, n_pieces) of the motions that cost nothing: each piece moving as a whole."""
        count, piece = self.components()
        size = np.bincount(piece, minlength=count)
        nodes = np.arange(len(self))
        return sp.csc_matrix((1 / np.sqrt(size[piece]), (nodes, piece)), shape=(len(self), count))


def _check_lattice(n: int, disorder: float, springs: str) -> int:
    if not n >= 3 or n != np.floor(n):
        raise ValueError(f"n = {n}: a periodic square lattice needs an integer of at least 3 nodes an edge")
    if not 0 <= disorder < 1:
        raise ValueError(f"disorder = {disorder}: the displacement must lie in [0, 1) lattice constants")
    if springs not in SPRINGS:
        raise ValueError(f"unknown springs {springs!r}: choose one of {', '.join(SPRINGS)}")
    return int(n)


def _lattice_bonds(n: int, displacement: np.ndarray, offsets, longest: float):
    """Bonds and their vectors among nodes at the given lattice offsets, no longer than `longest`.

    Node i sits at column i % n, row i // n. Each offset stands for itself and its opposite, so no pair comes
    twice; offsets beyond half the box reach other images, which are springs of their own.
    """
    column, row = np.arange(n * n) % n, np.arange(n * n) // n
    bonds, vectors = [], []
    for dx, dy in offsets:
        other = (column + dx) % n + (row + dy) % n * n
        vector = displacement[other] - displacement + (dx, dy)
        near = np.flatnonzero(np.einsum("ij,ij->i", vector, vector) <= longest**2)
        bonds.append(np.stack([near, other[near]], axis=1))
        vectors.append(vector[near])
    return np.concatenate(bonds), np.concatenate(vectors)


def _build(n, displacement, bonds, vectors, springs) -> SpringNetwork:
    length = np.linalg.norm(vectors, axis=1)
    if len(length) and length.min() < 1e-9:
        i, j = bonds[length.argmin()]
        raise ValueError(f"nodes {i} and {j} lie on one another: lower the disorder or take another seed")
    column, row = np.arange(n * n) % n, np.arange(n * n) // n
    positions = (np.stack([column, row], axis=1) + displacement) % n
    stiffness = 1 / length if springs == "inverse-distance" else np.ones(len(length))
    return SpringNetwork(positions, bonds, stiffness, np.array([n, n], float), vectors)


def square_lattice_network(n: int, disorder: float, rule="fixed", springs="inverse-distance", rng=None):
    """Square lattice of n x n nodes, each displaced by `disorder` in a random direction (jiang-2026, Sec. II).

    disorder: distance from the lattice site in units of a, in [0, 1).
    rule: "fixed" keeps the four nearest-neighbour springs of the lattice; "distance" ties every pair no farther
    apart than a + disorder (jiang-2026 writes "shorter than"; equality is kept here, so that disorder 0 is the
    crystal and not a set of free nodes).
    springs: "inverse-distance" gives t0/r, "uniform" gives t0.
    rng: numpy Generator or seed; the displacements use n*n numbers from it whatever the rule, so that the
    same seed gives the same positions under both rules.

    Returns a SpringNetwork. Raises ValueError for n < 3, disorder outside [0, 1), unknown rule or springs.
    """
    n = _check_lattice(n, disorder, springs)
    if rule not in RULES:
        raise ValueError(f"unknown rule {rule!r}: choose one of {', '.join(RULES)}")
    angle = np.random.default_rng(rng).uniform(0, 2 * np.pi, n * n)
    displacement = disorder * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if rule == "fixed":
        bonds, vectors = _lattice_bonds(n, displacement, [(1, 0), (0, 1)], np.inf)
    else:
        # sites farther apart than 1 + 3 disorder cannot come within 1 + disorder
        reach = int(1 + 3 * disorder + 1e-9)
        offsets = [(dx, dy) for dy in range(reach + 1) for dx in range(-reach, reach + 1)]
        offsets = [(x, y) for x, y in offsets if (y > 0 or x > 0) and x * x + y * y <= (1 + 3 * disorder) ** 2 + 1e-9]
        bonds, vectors = _lattice_bonds(n, displacement, offsets, 1 + disorder + 1e-9)
    return _build(n, displacement, bonds, vectors, springs)


def diluted_square_lattice(n: int, mean_coordination: float, variance: float | None = None, rng=None) -> SpringNetwork:
    """Undisplaced square lattice with uniform springs placed at random to a given coordination: mean, and variance.

    Without `variance`, nearest-neighbour springs are removed below 4 and springs along the diagonals added above
    (up to 8). With it, a share p of the nearest-neighbour and q < p of the diagonal springs is kept, such that
    4 (p + q) is the mean and 4 p (1 - p) + 4 q (1 - q) the variance. The numbers of springs are exact (rounded),
    their places random: coordination fluctuates, positions and stiffnesses do not.

    Raises ValueError for n < 3, a mean coordination outside [0, 8], or a variance that no p and q in [0, 1] give.
    """
    n = _check_lattice(n, 0.0, "uniform")
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
    still = np.zeros((n * n, 2))
    near = _lattice_bonds(n, still, [(1, 0), (0, 1)], np.inf)
    across = _lattice_bonds(n, still, [(1, 1), (-1, 1)], np.inf)
    wanted = round(mean_coordination * n * n / 2)
    count = min(round(p * 2 * n * n), wanted)
    picks = [np.sort(rng.permutation(2 * n * n)[:k]) for k in (count, wanted - count)]
    parts = [
        np.concatenate([family[part][pick] for family, pick in zip((near, across), picks, strict=True)])
        for part in (0, 1)
    ]
    return _build(n, still, *parts, "uniform")


def nine_node_network(change: str | None = None) -> SpringNetwork:
    """The 3 x 3 periodic toy of jiang-2026, Fig. 4 right, uniform springs.

    Nodes are numbered by row from the bottom left, so 4 is the centre, 3 its left neighbour and 6 the top left.
    change: None; "added" puts a spring between 4 and 6; "missing" removes the one between 3 and 4.
    Raises ValueError for any other change.
    """
    lattice = square_lattice_network(3, 0.0, "fixed", "uniform")
    if change is None:
        return lattice
    bonds, vectors = lattice.bonds, lattice.vectors
    if change == "added":
        bonds, vectors = np.vstack([bonds, [4, 6]]), np.vstack([vectors, [-1.0, 1.0]])
    elif change == "missing":
        keep = ~((bonds == (3, 4)).all(axis=1))
        bonds, vectors = bonds[keep], vectors[keep]
    else:
        raise ValueError(f"unknown change {change!r}: choose None, 'added' or 'missing'")
    return _build(3, np.zeros((9, 2)), bonds, vectors, "uniform")


def coordination_distribution(network: SpringNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Coordination numbers 0..max and the fraction of nodes that has each, two arrays of equal length."""
    counts = np.bincount(network.coordination())
    return np.arange(len(counts)), counts / counts.sum()


def green_function(H, omega, eps: float) -> np.ndarray:
    """G(omega) = [(omega^2 + i eps) 1 - H]^-1, jiang-2026 Eq. 1, dense.

    H: (N, N) dense or sparse; omega: scalar or array; eps > 0 in units of H. Returns omega.shape + (N, N), complex.
    The density of states at node i is g_i(omega) = -(2 omega / pi) Im G_ii; as eps -> 0 its integral over
    omega > 0 is 1, less half the weight of a zero mode, whose other half lies at omega^2 < 0.
    Raises ValueError for eps <= 0 or a matrix that is not square.
    """
    H = H.toarray() if sp.issparse(H) else np.asarray(H, float)
    if H.ndim != 2 or H.shape[0] != H.shape[1]:
        raise ValueError(f"the Green's function needs a square matrix, got shape {H.shape}")
    if not eps > 0:
        raise ValueError(f"eps = {eps}: the broadening must be positive")
    z = np.asarray(omega, float)[..., None, None] ** 2 + 1j * eps
    return np.linalg.inv(z * np.eye(len(H)) - H)


def poles(H, decimals: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies of the poles of the Green's function and each node's weight in them.

    Degenerate eigenvalues (equal to `decimals`) are one pole. Returns omega (P,) ascending, the zero modes
    first, and weight (P, N), whose columns add up to 1. Raises ValueError for a negative eigenvalue.
    """
    H = H.toarray() if sp.issparse(H) else np.asarray(H, float)
    eigenvalue, vector = np.linalg.eigh(H)
    if eigenvalue[0] < -(10.0**-decimals):
        raise ValueError(f"H has a negative eigenvalue, {eigenvalue[0]:.3g}: it is no dynamical matrix of a minimum")
    level, index = np.unique(np.round(eigenvalue, decimals), return_inverse=True)
    weight = np.zeros((len(level), len(H)))
    np.add.at(weight, index.ravel(), vector.T**2)
    return np.sqrt(np.clip(level, 0, None)), weight
