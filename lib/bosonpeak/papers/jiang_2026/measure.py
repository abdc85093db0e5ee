"""The densities of states of the networks of the paper's size, from all their frequencies, and what is read off them.

Everything is in reduced units: lengths in the lattice constant a, frequencies omega in sqrt(t0/m), g / omega in m/t0,
moduli in t0. An `Interval` is a value with its 95 % interval, (value, (low, high)).
"""

from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad

from bosonpeak import statistics
from bosonpeak.networks import SpringNetwork
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS, Kind
from bosonpeak.statistics.bootstrap import LEAST, with_interval
from bosonpeak.vibrations import debye, elasticity, spectra

Interval = tuple[float, tuple[float, float]]

EDGES = np.arange(0, 3.45, 0.1)
"""Bins of the paper's figures."""
LOW, HIGH = 0.2, 1.0
"""Range in which the additional states are averaged."""
PEAK_GRID = np.arange(0.02, 1.6, 0.01)
"""Frequencies at which the broadened levels of the small networks are evaluated."""
PEAK_RANGE = (0.15, 1.2)
"""Range in which the maximum of g / omega is looked for."""


def of_family(found: dict[Kind, object], family: str) -> dict[float, object]:
    """The entries of one family, by disorder."""
    return {d: value for (name, d), value in found.items() if name == family}


def lowest(found: dict[float, Interval]) -> float:
    """The disorder with the lowest value."""
    return min(found, key=lambda d: found[d][0])


def highest(found: dict[float, Interval]) -> float:
    """The disorder with the highest value."""
    return max(found, key=lambda d: found[d][0])


def nearest(found: dict[float, Interval], reference: float) -> float:
    """The disorder whose value lies nearest to a reference."""
    return min(found, key=lambda d: abs(found[d][0] - reference))


def farthest(found: dict[float, Interval], reference: float) -> float:
    """The disorder whose value lies farthest from a reference."""
    return max(found, key=lambda d: abs(found[d][0] - reference))


def percent(ratio: Interval) -> Interval:
    """By how many per cent a ratio exceeds 1, with the ends of its interval."""
    value, (low, high) = ratio
    return 100 * (value - 1), (100 * (low - 1), 100 * (high - 1))


@dataclass(frozen=True)
class CrystalReference:
    """The infinite square lattice, and the Debye level of its continuum.

    Attributes
    ----------
    omega, reduced : arrays, shape (K,)
        Frequencies and the exact g / omega.
    level : float
        Debye level of g / omega, from the modulus of a finite lattice.
    mean : float
        Mean of the exact g / omega between `LOW` and `HIGH`.
    """

    omega: np.ndarray
    reduced: np.ndarray
    level: float
    mean: float


def crystal_reference(crystal: SpringNetwork) -> CrystalReference:
    """The exact density of states with which those of the disordered networks are compared.

    Parameters
    ----------
    crystal : SpringNetwork
        The square lattice whose modulus sets the Debye level.

    Returns
    -------
    CrystalReference
    """

    def reduced(omega):
        return debye.square_lattice_density(omega) / omega

    omega = np.linspace(0.01, 2.82, 800)
    mean = quad(reduced, LOW, HIGH)[0] / (HIGH - LOW)
    level = float(elasticity.scalar_debye_level(elasticity.scalar_modulus(crystal)))
    return CrystalReference(omega, reduced(omega), level, mean)


def centres(edges) -> np.ndarray:
    """Middles of bins: (K,) from edges (K + 1,)."""
    return (edges[1:] + edges[:-1]) / 2


def reduced_histograms(frequencies, edges=EDGES) -> np.ndarray:
    """g / omega in bins.

    Parameters
    ----------
    frequencies : array, shape (seeds, levels)
        All frequencies of each network.
    edges : array, shape (K + 1,)

    Returns
    -------
    array, shape (seeds, K)
        g of the bin, divided by the middle of the bin.
    """
    return np.array([spectra.frequency_histogram(f, edges) / centres(edges) for f in frequencies])


@dataclass(frozen=True)
class PeakPlaces:
    """Where the mean g / omega of the networks of each kind is highest.

    Attributes
    ----------
    place : dict
        Interval of the frequency, by resampling of the networks; open for fewer than five.
    interior : dict
        Whether it lies inside `PEAK_RANGE` rather than on its edge.
    """

    place: dict[Kind, Interval]
    interior: dict[Kind, bool]


def peak_places(levels: dict[Kind, np.ndarray], width: float) -> PeakPlaces:
    """Places of the maxima of g / omega in `PEAK_RANGE`, from the broadened levels of several networks.

    Parameters
    ----------
    levels : dict
        For each kind all frequencies of each network, (seeds, levels).
    width : float
        Standard deviation of the Gaussian that broadens each level, in sqrt(t0/m).

    Returns
    -------
    PeakPlaces

    Raises
    ------
    ValueError
        If the width is not positive.
    """

    def peak(means):
        return spectra.boson_peak(PEAK_GRID, (PEAK_GRID * means).T, 2, *PEAK_RANGE)

    place, interior = {}, {}
    for kind, frequencies in levels.items():
        curves = np.array([spectra.broadened_reduced_density(f, PEAK_GRID, width, 2) for f in frequencies])
        rng, n = np.random.default_rng(1), len(curves)
        drawn = np.array([curves[rng.integers(0, n, n)].mean(axis=0) for _ in range(500)])
        found = peak(curves.mean(axis=0))
        here, interior[kind] = float(found.omega), found.interior
        place[kind] = with_interval(here, peak(drawn).omega) if n >= LEAST else (here, (-np.inf, np.inf))
    return PeakPlaces(place, interior)


def mean_over_crystal(levels: dict[Kind, np.ndarray], crystal: CrystalReference) -> dict[Kind, Interval]:
    """Compare the mean of g / omega of networks with fixed and free coordination with that of the crystal.

    Parameters
    ----------
    levels : dict
        For each kind all frequencies of each network, (seeds, levels).
    crystal : CrystalReference

    Returns
    -------
    dict
        By kind, interval over the networks of the mean of g / omega between `LOW` and `HIGH` over that of the exact
        crystal.
    """
    over_crystal = {}
    for kind in [(family, d) for family in ("fixed", "distance") for d in DISORDERS]:
        means = np.array([spectra.mean_reduced_density(f, LOW, HIGH, 2) for f in levels[kind]])
        over_crystal[kind] = statistics.mean_interval(means / crystal.mean)
    return over_crystal
