"""What the primer computes: a crystal and a Debye solid with an excess, the waves of a box, and units of frequency."""

from dataclasses import dataclass

import numpy as np

from bosonpeak.vibrations.debye import (
    KELVIN,
    debye_density,
    debye_frequency,
    plane_waves,
    specific_heat,
    square_lattice_density,
)

DEBYE_HEAT = 4 * np.pi**4 / 5
"""C/T^3 per mode of Debye's solid in three dimensions at low temperature, in k_B / theta_D^3."""

GRID = np.linspace(0, 1, 4001)
"""Frequencies in units of omega_D, for the numbers and the figures alike."""

UNITS = {"rad/ps": "ω (rad/ps)", "THz": "ν (THz)", "meV": "ħω (meV)", "1/cm": "1/λ (cm⁻¹)", "K": "ħω/k (K)"}
"""Units of frequency of the table, with the heads of its columns."""


@dataclass(frozen=True)
class SquareLattice:
    """Reduced density of states of the scalar square lattice with unit springs, masses and spacing.

    Attributes
    ----------
    omega, reduced : array, shape (K,)
        Frequency in sqrt(stiffness/mass), and g/omega.
    level : float
        Debye level.
    rise : float
        Excess of g/omega over the level at omega = 1, half of the van Hove frequency, in per cent.
    """

    omega: np.ndarray
    reduced: np.ndarray
    level: float
    rise: float


@dataclass(frozen=True)
class Summits:
    """Maxima of g/omega^2 and of C/T^3 of a Debye solid with an excess.

    Attributes
    ----------
    peak, height : float
        Place in omega_D and height in omega_D^-3 of the maximum of g/omega^2.
    hump, heat : float
        Place in theta_D and height in k_B / theta_D^3 of the maximum of C/T^3.
    """

    peak: float
    height: float
    hump: float
    heat: float


@dataclass(frozen=True)
class BinnedWaves:
    """Plane waves of a square box, counted in bins of omega.

    Attributes
    ----------
    first : float
        Frequency of the slowest wave, with sound speed and spacing 1.
    edges : array, shape (K + 1,)
    centres, height : array, shape (K,)
        Middles of the bins, and g/omega in them.
    """

    first: float
    edges: np.ndarray
    centres: np.ndarray
    height: np.ndarray


def square_lattice() -> SquareLattice:
    """Density of states of the square lattice compared with its Debye level."""
    omega = np.linspace(0.002, 2.828, 1414) + 1e-4
    level = 2 / debye_frequency([1.0], 1.0, dimension=2) ** 2
    rise = float(100 * (square_lattice_density(1.0) / level - 1))
    return SquareLattice(omega, square_lattice_density(omega) / omega, level, rise)


def excess_band(omega, centre: float, width: float) -> np.ndarray:
    """A log-normal band of extra modes with the integral 1: a stand-in for a boson peak, not a theory of it.

    Parameters
    ----------
    omega : array
        Any unit; the band is 0 at omega <= 0.
    centre : float
        Median of the band in the unit of omega.
    width : float
        Standard deviation of ln(omega).

    Returns
    -------
    array, shape of omega

    Raises
    ------
    ValueError
        If centre or width is not positive.
    """
    if centre <= 0 or width <= 0:
        raise ValueError(f"centre and width must be positive, got {centre} and {width}")
    omega = np.asarray(omega, dtype=float)
    inside = omega > 0
    safe = np.where(inside, omega, 1.0)
    band = np.exp(-0.5 * (np.log(safe / centre) / width) ** 2) / (safe * width * np.sqrt(2 * np.pi))
    return np.where(inside, band, 0.0)


def glassy_density(share: float, width: float = 0.35) -> np.ndarray:
    """Debye's density of states on `GRID` with a share of its modes moved into a band around 0.2 omega_D."""
    return (1 - share) * debye_density(GRID, 1, dimension=3) + share * excess_band(GRID, 0.2, width)


def summits(share: float, width: float = 0.35) -> Summits:
    """Maxima of g/omega^2 and of C/T^3 of `glassy_density`."""
    temperature = np.geomspace(0.01, 0.1, 600)
    g = glassy_density(share, width)
    # above 0.01, where the grid resolves the division by omega^2
    reduced = g[40:] / GRID[40:] ** 2
    heat = specific_heat(temperature, GRID, g) / temperature**3
    top, warm = np.argmax(reduced), np.argmax(heat)
    return Summits(float(GRID[40 + top]), float(reduced[top]), float(temperature[warm]), float(heat[warm]))


def peak_over_hump(share: float, width: float = 0.35) -> float:
    """Ratio of the place of the peak, hbar omega, to that of the hump, k_B T."""
    found = summits(share, width)
    return found.peak / found.hump


def binned_waves(length: float) -> BinnedWaves:
    """Waves with sound speed 1 of a periodic square box of the given side, in spacings, in bins of 0.05."""
    edges = np.linspace(0, 1, 21)
    centres = (edges[1:] + edges[:-1]) / 2
    frequency, count = plane_waves(length, 1.0, dimension=2)
    modes = np.histogram(frequency, edges, weights=count)[0]
    return BinnedWaves(float(frequency[0]), edges, centres, modes / (length**2 * np.diff(edges) * centres))


def frequency_table(rows) -> str:
    """Markdown table of the same frequencies in all `UNITS`; rows: list of (unit, amount)."""
    lines = [list(UNITS.values()), ["---:"] * len(UNITS)]
    lines += [[f"{amount * KELVIN[unit] / KELVIN[other]:.4g}" for other in UNITS] for unit, amount in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def first_wave(speed: float, side: float) -> dict[str, float]:
    """Slowest wave of a periodic box in rad/ps, THz and meV, from the sound speed in km/s and the side in nm."""
    # 1 km/s = 1 nm/ps
    omega = 2 * np.pi * speed / side
    return {unit: omega * KELVIN["rad/ps"] / KELVIN[unit] for unit in ("rad/ps", "THz", "meV")}
