"""Pair potentials in closed form, with first and second derivatives.

Each is a sum of powers, phi(r) = sum_k c_k (r - origin)^p_k below the cutoff of its two types and zero beyond, in
reduced units. Lennard-Jones systems are force-shifted (LAMMPS's lj/smooth/linear), so that phi and phi' vanish at the
cutoff and a Hessian never rests on a force that jumps; Kob and Andersen (1995) only truncated and shifted.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit


@dataclass(frozen=True)
class PairInteraction:
    """A sum of powers of r - origin for t types.

    Attributes
    ----------
    cutoffs : array, shape (t, t)
    exponents : array of int, shape (k,)
    coefficients : array, shape (t, t, k)
    origin : float
    """

    cutoffs: np.ndarray
    exponents: np.ndarray
    coefficients: np.ndarray
    origin: float = 0.0
    embedded: ClassVar[bool] = False

    @property
    def cutoff(self) -> float:
        """The longest cutoff."""
        return float(self.cutoffs.max())

    def pair(self, r, ti, tj) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """phi, phi' and phi'' at the distances r (B,) between atoms of the types ti and tj (B,)."""
        return _powers(np.asarray(r, float), ti, tj, self.cutoffs, self.exponents, self.coefficients, self.origin)


@njit(cache=True)
def _powers(r, ti, tj, cutoffs, exponents, coefficients, origin):
    out = np.zeros((3, r.size))
    for b in range(r.size):
        if r[b] < cutoffs[ti[b], tj[b]]:
            x = r[b] - origin
            for k in range(exponents.size):
                p = exponents[k]
                # from the second derivative up: a square has one at x = 0
                second = p * (p - 1) * coefficients[ti[b], tj[b], k]
                if second == 0.0:
                    c = coefficients[ti[b], tj[b], k]
                    out[0, b] += c * x**p
                    out[1, b] += c * p
                else:
                    term = second * x ** (p - 2)
                    out[2, b] += term
                    out[1, b] += term * x / (p - 1)
                    out[0, b] += term * x * x / (p * (p - 1))
    return out[0], out[1], out[2]


def _lennard_jones(epsilon, sigma) -> PairInteraction:
    epsilon, sigma = np.array(epsilon, float), np.array(sigma, float)
    cutoffs = 2.5 * sigma
    c12, c6 = 4 * epsilon * sigma**12, -4 * epsilon * sigma**6
    slope = -12 * c12 * cutoffs**-13 - 6 * c6 * cutoffs**-7
    shift = -(c12 * cutoffs**-12 + c6 * cutoffs**-6) + slope * cutoffs
    return PairInteraction(cutoffs, np.array([-12, -6, 0, 1]), np.stack([c12, c6, shift, -slope], axis=-1))


def _inverse_power_law(sizes) -> PairInteraction:
    """(l/r)^10 + sum_k c_2k (r/l)^2k below 1.48 l; phi to phi''' end at zero (Lerner, JNCS 522, 119570 (2019))."""
    sizes, end = np.array(sizes), 1.48
    exponents = np.array([-10, 0, 2, 4, 6])
    # row d: the d-th derivatives of the powers at the cutoff
    falling = np.cumprod([np.ones(5), *(exponents - d for d in range(3))], axis=0)
    rows = falling * end ** (exponents - np.arange(4)[:, None])
    c = np.r_[1.0, np.linalg.solve(rows[:, 1:], -rows[:, 0])]
    return PairInteraction(end * sizes, exponents, c * sizes[:, :, None] ** -exponents.astype(float))


def make_interaction(name: str) -> PairInteraction:
    """The pair interaction of a name, in reduced units.

    Parameters
    ----------
    name : str
        lennard-jones (epsilon = sigma = 1), kob-andersen (A, B; Phys. Rev. E 51, 4626 (1995)), inverse-power-law
        (large, small) or harmonic-spheres ((1 - r)^2 / 2 below r = 1; mizuno-2020, Eq. 1).

    Returns
    -------
    PairInteraction
        With the types in the order of the elements of its Potential.

    Raises
    ------
    ValueError
        For another name.
    """
    match name:
        case "lennard-jones":
            return _lennard_jones([[1.0]], [[1.0]])
        case "kob-andersen":
            return _lennard_jones([[1.0, 1.5], [1.5, 0.5]], [[1.0, 0.8], [0.8, 0.88]])
        case "inverse-power-law":
            return _inverse_power_law([[1.4, 1.18], [1.18, 1.0]])
        case "harmonic-spheres":
            return PairInteraction(np.ones((1, 1)), np.array([2]), np.full((1, 1, 1), 0.5), origin=1.0)
    known = "lennard-jones, kob-andersen, inverse-power-law, harmonic-spheres"
    raise ValueError(f"there is no closed form of the name {name!r}: choose one of {known}")


def lepton_expression(name: str, ti: int, tj: int) -> str:
    """phi(r) of the types ti and tj as text, for LAMMPS's `pair_style lepton`.

    Raises ValueError for other potentials than inverse-power-law: LAMMPS has styles of its own for them.
    """
    if name != "inverse-power-law":
        raise ValueError(f"{name!r} needs no formula: only inverse-power-law has no pair style in LAMMPS")
    law = make_interaction(name)
    return "+".join(f"({c:.17g})*r^({p})" for c, p in zip(law.coefficients[ti, tj], law.exponents, strict=True))
