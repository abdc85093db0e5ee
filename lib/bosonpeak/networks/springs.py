"""Springs of a network: fluctuating stiffnesses, vector springs, and motions without restoring force.

Reduced units: length a, stiffness t0, mass m, so omega is in sqrt(t0/m).
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.linalg import eigh_tridiagonal

from .network import SpringNetwork

KINDS = ("uniform", "two-valued", "box", "gamma")
_WIDEST = {"uniform": 0.0, "box": 1 / 3, "gamma": np.inf}


@dataclass(frozen=True)
class SpringDistribution:
    """Distribution of independent stiffnesses with a given mean and relative variance v.

    Attributes
    ----------
    kind : str
        "uniform": all equal. "two-valued": a fraction w = weak_share of weak springs, mean (1 - sqrt(v (1 - w) / w)),
        and the others mean (1 + sqrt(v w / (1 - w))), for v <= w / (1 - w), where the weak ones vanish. "box":
        constant between mean (1 - sqrt(3 v)) and mean (1 + sqrt(3 v)), for v <= 1/3. "gamma": shape 1/v, for any v.
    mean : float
        In t0.
    relative_variance : float
        Variance over mean^2.
    weak_share : float
        Fraction of weak springs, for two-valued springs only.

    Raises
    ------
    ValueError
        If the kind is unknown, the mean is not positive, the fraction lies outside (0, 1) or is given for another
        kind, or the variance would need springs of negative stiffness.
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
                f"weak share {self.weak_share} of {self.kind} springs: give one between 0 and 1, for two-valued springs"
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
        # a stiffness that is zero up to rounding is zero
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
        """Stiffnesses and weights (order,) of the Gauss rule, exact for polynomials of degree up to 2 order - 1.

        The weights sum to 1. A distribution of one or two values has as many points.
        """
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
    """Dynamical matrix of vector springs: blocks -k n n^T, and their negative sum on the diagonal.

    Parameters
    ----------
    network : SpringNetwork
        N nodes in d dimensions.

    Returns
    -------
    scipy.sparse.bsr_matrix, shape (dN, dN)
        In t0/m, with (d, d) blocks and sorted 32-bit indices. It is positive semi-definite, and translations have
        the eigenvalue 0.
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
    """Numbers of motions of a network without restoring force, and their origin.

    Attributes
    ----------
    degrees_of_freedom, springs : int
    pieces : int
        Parts that no spring connects.
    single_nodes : int
        Parts that consist of one node without a spring.
    translations : int
        Motions of a piece as a whole.
    least : int
        Maxwell's lower bound, max(translations, degrees_of_freedom - springs).
    total : int or None
        All zero modes; None if the matrix is too large to count them.
    floppy : int or None
        total - translations, which includes free rotations of pieces.
    self_stresses : int or None
        springs - degrees_of_freedom + total (Calladine 1978).
    rigid : bool or None
        Whether only the whole network can move.
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
    """Count the zero modes of scalar or vector springs.

    The count is exact for scalar springs, which have one zero mode for each piece. For vector springs it is found by
    diagonalisation, to 1e-10 of the largest eigenvalue.

    Parameters
    ----------
    network : SpringNetwork
    vector : bool
        Vector springs instead of scalar ones.
    largest : int
        Degrees of freedom beyond which vector springs are not diagonalised. The fields that need it are then None,
        except that `rigid` is False where Maxwell's bound shows it.

    Returns
    -------
    ZeroModes
    """
    n, d = network.positions.shape
    each = d if vector else 1
    pieces = int(network.components()[0])
    freedom, springs = each * n, len(network.bonds)
    translations = each * pieces
    least = max(translations, freedom - springs)
    total = None if vector else pieces
    if vector and freedom <= largest:
        # equal springs, so that weak ones are not mistaken for missing ones
        level = np.linalg.eigvalsh(vector_dynamical_matrix(replace(network, stiffness=np.ones(springs))).toarray())
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
