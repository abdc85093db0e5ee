"""Known in closed form: Debye's solid, the square lattice, waves in a box, specific heat."""

from math import gamma, pi

import numpy as np
from scipy.constants import Boltzmann, electron_volt, hbar, physical_constants
from scipy.special import ellipkm1

KELVIN = {
    "rad/ps": hbar * 1e12 / Boltzmann,
    "THz": 2 * pi * hbar * 1e12 / Boltzmann,
    "meV": 1e-3 * electron_volt / Boltzmann,
    "1/cm": 100 * physical_constants["inverse meter-kelvin relationship"][0],
    "K": 1.0,
}
"""hbar omega / k_B in kelvin of one unit of frequency; `KELVIN[a] / KELVIN[b]` converts unit a into unit b."""


def _ball(dimension: int) -> float:
    """Volume of the unit ball: pi for dimension 2, 4 pi / 3 for 3."""
    if dimension < 1:
        raise ValueError(f"dimension must be at least 1, got {dimension}")
    return pi ** (dimension / 2) / gamma(dimension / 2 + 1)


def debye_frequency(speeds, number_density: float, dimension: int) -> float:
    """Frequency up to which waves of given speeds make up all the modes of a solid (Debye 1912).

        omega_D^d = (2 pi)^d n p / (V_d sum_j c_j^-d),    p = len(speeds), V_d the volume of the unit ball

    Parameters
    ----------
    speeds : array_like
        One sound speed per branch: [c_L, c_T, c_T] for atoms in three dimensions, [c] for a scalar network.
    number_density : float
        Particles per volume.
    dimension : int

    Returns
    -------
    float
        In the unit speed times number_density^(1/d).

    Raises
    ------
    ValueError
        Unless speeds and density are positive.
    """
    speeds = np.atleast_1d(np.asarray(speeds, dtype=float))
    if number_density <= 0 or not np.all(speeds > 0):
        raise ValueError(f"speeds and number density must be positive, got {speeds} and {number_density}")
    states = number_density * len(speeds) / (_ball(dimension) * np.sum(speeds**-dimension))
    return float(2 * pi * states ** (1 / dimension))


def debye_density(omega, omega_d: float, dimension: int) -> np.ndarray:
    """Debye's density of states, normalised to 1: d omega^(d-1) / omega_D^d up to omega_D, and 0 above.

    Parameters
    ----------
    omega : array_like
    omega_d : float
        Debye frequency, in the unit of omega.
    dimension : int

    Returns
    -------
    array
        Of the shape of omega, in 1/(unit of omega). Its Debye level g / omega^(d-1) is d / omega_D^d.

    Raises
    ------
    ValueError
        Unless omega_d > 0 and dimension >= 1.
    """
    if omega_d <= 0 or dimension < 1:
        raise ValueError(f"omega_d must be positive and dimension at least 1, got {omega_d} and {dimension}")
    omega = np.asarray(omega, dtype=float)
    inside = (omega >= 0) & (omega <= omega_d)
    return np.where(inside, dimension * np.abs(omega) ** (dimension - 1) / omega_d**dimension, 0.0)


def square_lattice_density(omega, stiffness: float = 1.0) -> np.ndarray:
    """Density of states of the scalar square lattice with masses and spacing 1, normalised to 1.

        omega^2 = t (4 - 2 cos k_x - 2 cos k_y),
        g(omega) = omega/(pi^2 t) K(m),   m = 1 - (omega^2/(4 t) - 1)^2,   K the complete elliptic integral

    g -> omega/(2 pi t) at low frequency (sound speed sqrt(t)); g is infinite at the van Hove singularity omega = 2
    sqrt(t), and 0 above 2 sqrt(2 t).

    Parameters
    ----------
    omega : array_like
        In sqrt(1/mass) of the unit of the stiffness.
    stiffness : float
        Spring constant t.

    Returns
    -------
    array
        Of the shape of omega.

    Raises
    ------
    ValueError
        Unless stiffness > 0.
    """
    if not stiffness > 0:
        raise ValueError(f"the stiffness of the springs must be positive, got {stiffness}")
    omega = np.asarray(omega, dtype=float)
    shifted = omega**2 / (4 * stiffness) - 1
    inside = (omega >= 0) & (np.abs(shifted) <= 1)
    # ellipkm1(p) = K(1 - p): exact up to the singularity
    return np.where(inside, omega / (pi**2 * stiffness) * ellipkm1(np.where(inside, shifted**2, 1.0)), 0.0)


def plane_waves(length: float, omega_max: float, dimension: int, speed: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Waves of a periodic box: shells omega = speed 2 pi |n| / length <= omega_max, with integers n != 0.

    Parameters
    ----------
    length : float
        Edge of the box.
    omega_max : float
    dimension : int
    speed : float

    Returns
    -------
    omega : array, shape (k,)
        One frequency per shell, ascending.
    count : array of int, shape (k,)
        Number of waves of one branch in the shell.

    Raises
    ------
    ValueError
        Unless length, speed and dimension are positive.
    """
    if length <= 0 or speed <= 0 or dimension < 1:
        raise ValueError(f"need positive length, speed, dimension; got {length}, {speed}, {dimension}")
    first = 2 * pi * speed / length
    # a wave exactly at omega_max counts, whatever the rounding
    limit = int((omega_max / first) ** 2 * (1 + 1e-12)) if omega_max > 0 else 0
    squares = np.bincount(np.arange(-int(limit**0.5), int(limit**0.5) + 1) ** 2, minlength=limit + 1)
    count = squares
    for _ in range(dimension - 1):
        # numbers of ways to write each integer as a sum of squares, in one dimension more; few squares are not 0
        count = sum(
            squares[s] * np.concatenate([np.zeros(s, dtype=int), count[: limit + 1 - s]])
            for s in np.flatnonzero(squares)
        )
    shells = np.flatnonzero(count)[1:]
    return first * np.sqrt(shells), count[shells]


def mode_heat(x) -> np.ndarray:
    """Specific heat of one mode over k_B, (x/2)^2 / sinh^2(x/2), at x = hbar omega / (k_B T); shape of x."""
    # sinh overflows above 710, where the mode is frozen, and 0/0 is 1
    half = np.clip(x / 2, 1e-12, 300)
    return (half / np.sinh(half)) ** 2


def specific_heat(temperature, omega, g, unit: str | None = None) -> np.ndarray:
    """Specific heat per mode over k_B of harmonic vibrations, by the trapezoid rule on the given grid.

        C/k_B = int g(omega) (x/2)^2 / sinh^2(x/2) d omega,    x = hbar omega / (k_B T)

    Parameters
    ----------
    temperature : array, shape (n,)
        In kelvin if `unit` is given; otherwise in the unit of omega (hbar = k_B = 1).
    omega : array, shape (m,)
        Ascending, from 0 or above.
    g : array, shape (m,)
        Normalised to 1, so that C/k_B -> 1 at high temperature (Dulong and Petit).
    unit : str, optional
        Unit of omega, a key of `KELVIN`.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError
        For an unknown unit, a temperature that is not positive, or an omega that does not ascend from 0 or above.
    """
    if unit is not None and unit not in KELVIN:
        raise ValueError(f"unit must be one of {', '.join(KELVIN)}, got {unit!r}")
    temperature, omega, g = (np.asarray(a, dtype=float) for a in (temperature, omega, g))
    if omega.ndim != 1 or omega.shape != g.shape or omega[0] < 0 or np.any(np.diff(omega) <= 0):
        raise ValueError("omega must rise from 0 or above, and g hold one value for each omega")
    if np.any(temperature <= 0):
        raise ValueError("temperatures must be positive")
    x = omega * (KELVIN[unit] if unit else 1.0) / temperature[..., None]
    return np.trapezoid(g * mode_heat(x), omega, axis=-1)
