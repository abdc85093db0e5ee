"""Springs of a network: fluctuating stiffnesses, vector springs, and the motions that cost nothing (floor 1).

numpy and scipy only. Reduced units: length a, stiffness t0, mass m, so omega is in sqrt(t0/m).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.linalg import eigh_tridiagonal

from .network import SpringNetwork

KINDS = ("uniform", "two-valued", "box", "gamma")
_WIDEST = {"uniform": 0.0, "box": 1 / 3, "gamma": np.inf}


@dataclass(frozen=True)
class SpringDistribution:
    """Stiffnesses with a mean (in t0) and a variance relative to mean^2, independent of one another.

    kind: "uniform" (all equal), "two-valued" (a share w = weak_share of weak springs, mean (1 - sqrt(v (1 - w) / w)),
    the others mean (1 + sqrt(v w / (1 - w))), v <= w / (1 - w): there the weak ones are missing), "box" (constant
    between mean (1 +- sqrt(3 v)), v <= 1/3), "gamma" (shape 1/v, any v). Raises ValueError for an unknown kind, a mean
    that is not positive, a share outside (0, 1) or beside another kind, or a variance that would need springs of
    negative stiffness.
    """

    kind: str = "uniform"
    mean: float = 1.0
    relative_variance: float = 0.0
    weak_share: float = 0.5

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown distribution of springs {self.kind!r}: choose one of {', '.join(KINDS)}")
        if not 0 < self.mean < np.inf:
            raise ValueError(f"mean stiffness {self.mean}: it must be positive and finite")
        if not 0 < self.weak_share < 1 or (self.weak_share != 0.5 and self.kind != "two-valued"):
            raise ValueError(
                f"share {self.weak_share} of weak springs: it is of two-valued springs, and lies between 0 and 1"
            )
        widest = self.weak_share / (1 - self.weak_share) if self.kind == "two-valued" else _WIDEST[self.kind]
        if not (0 <= self.relative_variance <= widest * (1 + 1e-12) and self.relative_variance < np.inf):
            raise ValueError(
                f"relative variance {self.relative_variance} of {self.kind} springs lies outside "
                f"[0, {widest:.3g}]: choose a smaller one, or gamma springs"
            )

    def _two_values(self):
        v, w = self.relative_variance, self.weak_share
        weak = 1 - np.sqrt(v * (1 - w) / w)
        # a rounded zero is none
        return self.mean * np.array([weak if weak > 1e-12 else 0.0, 1 + np.sqrt(v * w / (1 - w))])

    def draw(self, count: int, rng) -> np.ndarray:
        """Random stiffnesses (count,) in t0 from a numpy Generator."""
        v = self.relative_variance
        if v == 0:
            return np.full(count, float(self.mean))
        if self.kind == "two-valued":
            return self._two_values()[(rng.uniform(size=count) >= self.weak_share).astype(int)]
        if self.kind == "box":
            return self.mean * (1 + np.sqrt(3 * v) * rng.uniform(-1, 1, count))
        return rng.gamma(1 / v, self.mean * v, count)

    def quadrature(self, order: int = 64) -> tuple[np.ndarray, np.ndarray]:
        """Stiffnesses and weights (adding up to 1) of the Gauss rule: exact for polynomials up to 2 order - 1."""
        v = self.relative_variance
        if v == 0:
            return np.array([float(self.mean)]), np.ones(1)
        if self.kind == "two-valued":
            return self._two_values(), np.array([self.weak_share, 1 - self.weak_share])
        if self.kind == "box":
            x, weight = np.polynomial.legendre.leggauss(order)
            return self.mean * (1 + np.sqrt(3 * v) * x), weight / 2
        # Golub and Welsch: the tabulated Laguerre rule overflows at the large shapes of a small variance
        n = np.arange(order)
        x, states = eigh_tridiagonal(2 * n + 1 / v, np.sqrt(n[1:] * (n[1:] - 1 + 1 / v)))
        return self.mean * v * x, states[0] ** 2


def vector_dynamical_matrix(network: SpringNetwork) -> sp.bsr_matrix:
    """Dynamical matrix (dN, dN) of vector springs, in t0/m: blocks -k n n^T, their sum on the diagonal.

    BSR with (d, d) blocks and sorted 32-bit indices; positive semi-definite, a translation costs nothing.
    """
    n, d = network.positions.shape
    unit = network.vectors / np.linalg.norm(network.vectors, axis=1, keepdims=True)
    block = network.stiffness[:, None, None] * unit[:, :, None] * unit[:, None, :]
    i, j = network.bonds.T
    row, column = np.concatenate([i, j, i, j]), np.concatenate([j, i, i, j])
    pairs, place = np.unique(row * n + column, return_inverse=True)
    data = np.zeros((len(pairs), d, d))
    # springs in parallel, and all springs of a node, add up in one block
    np.add.at(data, place, np.concatenate([-block, -block, block, block]))
    pointer = np.searchsorted(pairs // n, np.arange(n + 1)).astype(np.int32)
    return sp.bsr_matrix((data, (pairs % n).astype(np.int32), pointer), shape=(d * n, d * n))


@dataclass(frozen=True)
class ZeroModes:
    """Motions of a network that cost nothing, and where they come from.

    pieces: parts that no spring connects; single_nodes: those of them without a spring; translations: of the pieces,
    each as a whole; least: Maxwell's lower bound, max(translations, degrees_of_freedom - springs); total: all, None
    where the matrix is too large to count; floppy: total less translations (free rotations of pieces among them);
    self_stresses: springs - degrees_of_freedom + total (Calladine 1978); rigid: only the whole network can move.
    """

    degrees_of_freedom: int
    springs: int
    pieces: int
    single_nodes: int
    translations: int
    least: int
    total: int | None
    floppy: int | None
    self_stresses: int | None
    rigid: bool | None


def count_zero_modes(network: SpringNetwork, vector: bool = False, largest: int = 3000) -> ZeroModes:
    """Count the zero modes of scalar or vector springs; below rigidity that is the result, not an error.

    Scalar springs: exact, one a piece. Vector springs: exact (to 1e-10 of the largest eigenvalue) by diagonalisation
    up to `largest` degrees of freedom; beyond, rigid is False where the bound shows it, else None.
    """
    n, d = network.positions.shape
    each = d if vector else 1
    pieces = int(network.components()[0])
    freedom, springs = each * n, len(network.bonds)
    translations = each * pieces
    least = max(translations, freedom - springs)
    total = None if vector else pieces
    if vector and freedom <= largest:
        # equal springs: weak ones must not pass for none
        plain = SpringNetwork(network.positions, network.bonds, np.ones(springs), network.box, network.vectors)
        level = np.linalg.eigvalsh(vector_dynamical_matrix(plain).toarray())
        total = int((level < 1e-10 * max(level[-1], 1.0)).sum())
    known = total is not None
    return ZeroModes(
        freedom,
        springs,
        pieces,
        int((network.coordination() == 0).sum()),
        translations,
        least,
        total,
        total - translations if known else None,
        springs - freedom + total if known else None,
        total == each if known else (False if least > each else None),
    )


def balance_springs(network: SpringNetwork, tolerance: float = 1e-3, most_steps: int = 20000) -> SpringNetwork:
    """The same network with each spring multiplied by a factor of either node, until all nodes have equal sums.

    k_ij -> a_i k_ij a_j (Sinkhorn and Knopp, Pac. J. Math. 21, 343 (1967)), the mean stiffness kept: the diagonal of
    the scalar dynamical matrix is then a crystal's. tolerance: of the sums, relative; the last digits come slowly
    where a node hangs on weak springs. Raises ValueError for a node without a spring, RuntimeError where the sums do
    not become equal (a tree cannot be balanced).
    """
    n, (i, j) = len(network), network.bonds.T
    if (network.coordination() == 0).any():
        raise ValueError(f"node {int(np.argmin(network.coordination()))} has no spring: its sum cannot be another's")
    k, goal = network.stiffness.astype(float), 2 * network.stiffness.sum() / n
    for _ in range(most_steps):
        sums = np.bincount(i, k, n) + np.bincount(j, k, n)
        if abs(sums / goal - 1).max() < tolerance:
            return SpringNetwork(network.positions, network.bonds, k, network.box, network.vectors)
        factor = np.sqrt(goal / sums)
        k = k * factor[i] * factor[j]
    raise RuntimeError(
        f"the sums of the springs still differ by {abs(sums / goal - 1).max():.2g} after {most_steps} steps"
    )
