"""Springs of a network: fluctuating stiffnesses, vector springs, and the motions that cost nothing (floor 1).

numpy and scipy only. Reduced units: length a, stiffness t0, mass m, so omega is in sqrt(t0/m).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.linalg import eigh_tridiagonal

from .networks import SpringNetwork

KINDS = ("uniform", "two-valued", "box", "gamma")
_WIDEST = {"uniform": 0.0, "two-valued": 1.0, "box": 1 / 3, "gamma": np.inf}


@dataclass(frozen=True)
class SpringDistribution:
    """Stiffnesses with a mean (in t0) and a variance relative to mean^2, independent of one another.

    kind: "uniform" (all equal), "two-valued" (mean (1 +- sqrt(v)), half each, v <= 1), "box" (constant between
    mean (1 +- sqrt(3 v)), v <= 1/3), "gamma" (shape 1/v, any v). Raises ValueError for an unknown kind, a mean that is
    not positive, or a variance that would need springs of negative stiffness.
    """

    kind: str = "uniform"
    mean: float = 1.0
    relative_variance: float = 0.0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown distribution of springs {self.kind!r}: choose one of {', '.join(KINDS)}")
        if not 0 < self.mean < np.inf:
            raise ValueError(f"mean stiffness {self.mean}: it must be positive and finite")
        if not (0 <= self.relative_variance <= _WIDEST[self.kind] and self.relative_variance < np.inf):
            raise ValueError(
                f"relative variance {self.relative_variance} of {self.kind} springs lies outside "
                f"[0, {_WIDEST[self.kind]:.3g}]: choose a smaller one, or gamma springs"
            )

    def draw(self, count: int, rng) -> np.ndarray:
        """Random stiffnesses (count,) in t0 from a numpy Generator."""
        v = self.relative_variance
        if v == 0:
            return np.full(count, float(self.mean))
        if self.kind == "two-valued":
            return self.mean * (1 + np.sqrt(v) * (2 * rng.integers(0, 2, count) - 1))
        if self.kind == "box":
            return self.mean * (1 + np.sqrt(3 * v) * rng.uniform(-1, 1, count))
        return rng.gamma(1 / v, self.mean * v, count)

    def quadrature(self, order: int = 64) -> tuple[np.ndarray, np.ndarray]:
        """Stiffnesses and weights (adding up to 1) of the Gauss rule: exact for polynomials up to 2 order - 1."""
        v = self.relative_variance
        if v == 0:
            return np.array([float(self.mean)]), np.ones(1)
        if self.kind == "two-valued":
            return self.mean * (1 + np.sqrt(v) * np.array([-1.0, 1.0])), np.full(2, 0.5)
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
