"""Sound in an anisotropic solid: speeds by direction, and the Debye level that they make (floor 3)."""

import numpy as np
from scipy.integrate import lebedev_rule

from ..units import RAD_PER_PS
from .elasticity import Elasticity

_PLACE = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
"""Voigt index of each pair of axes."""


def sound_speeds(elastic: Elasticity, directions, unit: str = "rad/ps") -> np.ndarray:
    """Speeds of the three waves along unit vectors (K, 3), (K, 3) ascending: roots of Christoffel's equation
    det(C_ijkl n_j n_l - rho c^2 d_ik) = 0. In A/ps for unit "rad/ps", else reduced.

    Raises ValueError where a wave has no real speed: the solid is not stable.
    """
    n = np.asarray(directions, float)
    C = elastic.C[_PLACE[:, :, None, None], _PLACE[None, None]]
    levels = np.linalg.eigvalsh(np.einsum("ijkl,aj,al->aik", C, n, n)) / elastic.density
    if not levels.min() > 0:
        raise ValueError(f"a wave with c^2 = {levels.min():.3g}: the solid is not stable against it")
    return np.sqrt(levels) * (RAD_PER_PS if unit == "rad/ps" else 1.0)


def anisotropic_debye_level(elastic: Elasticity, number_density: float, unit: str = "rad/ps") -> float:
    """Limit of g / omega^2 at omega = 0, g normalised to 1: sum_b <1 / c_b^3> / (6 pi^2 number_density).

    <...> over directions, by a Lebedev rule of order 53. An isotropic solid has Elasticity.debye_level; a crystal whose
    shear speeds differ by direction has more. Raises as `sound_speeds`.
    """
    directions, weight = lebedev_rule(53)
    c = sound_speeds(elastic, directions.T, unit)
    return float(weight @ (c**-3.0).sum(axis=1) / weight.sum() / (6 * np.pi**2 * number_density))
