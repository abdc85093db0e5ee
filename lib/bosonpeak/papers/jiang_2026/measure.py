"""The densities of states of the networks of the paper's size, from all their frequencies, and what is read off them.

Everything is in reduced units: lengths in the lattice constant a, frequencies omega in sqrt(t0/m), g / omega in m/t0,
moduli in t0. An `Interval` is a value with its 95 % interval, (value, (low, high)).
"""

from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad

from bosonpeak import statistics
from bosonpeak.networks import SpringNetwork
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS, Kind, SmallEnsemble
from bosonpeak.statistics.bootstrap import LEAST, with_interval
from bosonpeak.vibrations import debye, elasticity, spectra

Interval = tuple[float, tuple[float, float]]

EDGES = np.arange(0, 3.45, 0.1)
"""Bins of the paper's figures."""
NARROW_EDGES = np.arange(0.04, 1.2, 0.02)
"""Bins in which the waves of a small box can be told apart."""
LOW, HIGH = 0.2, 1.0
"""Range in which the additional states are averaged."""
PEAK_GRID = np.arange(0.02, 1.6, 0.01)
"""Frequencies at which the broadened levels of the small networks are evaluated."""
PEAK_RANGE = (0.15, 1.2)
"""Range in which the maximum of g / omega is looked for."""
HUMP_RANGE = (0.2, 0.7)
"""Range in which the height of the hump is read."""


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
    mean_excess, end_excess : float
        That mean, and the exact g / omega at the upper end of `HUMP_RANGE`, over the Debye level.
    """

    omega: np.ndarray
    reduced: np.ndarray
    level: float
    mean: float
    mean_excess: float
    end_excess: float


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
    end = float(reduced(HUMP_RANGE[1]))
    return CrystalReference(omega, reduced(omega), level, mean, mean / level, end / level)


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
class SmallBox:
    """The levels of small networks, and the waves of the continuum that fit their box.

    Attributes
    ----------
    bars : array, shape (K,)
        g / omega in the bins `NARROW_EDGES`, mean over the networks.
    waves : array, shape (W,)
        Frequencies of the waves, each one once, ascending.
    counts : array of int, shape (W,)
        How many waves have each of these frequencies.
    """

    bars: np.ndarray
    waves: np.ndarray
    counts: np.ndarray


def small_box(frequencies, n: int, stiffness: float) -> SmallBox:
    """Compare the levels of small networks with the waves of their box.

    Parameters
    ----------
    frequencies : array, shape (seeds, levels)
        All frequencies of each network.
    n : int
        Nodes along an edge.
    stiffness : float
        Stiffness of the crystal that carries waves of the speed of the networks, in t0.

    Returns
    -------
    SmallBox
        With the waves up to omega = 0.75.
    """
    bars = reduced_histograms(frequencies, NARROW_EDGES).mean(axis=0)
    return SmallBox(bars, *debye.plane_waves(n, 0.75, 2, np.sqrt(stiffness)))


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


@dataclass(frozen=True)
class MeanLevels:
    """Mean of g / omega between `LOW` and `HIGH`, fixed and free coordination, springs t0/r.

    Attributes
    ----------
    over_debye : dict
        By kind, interval over the networks of that mean over each network's own Debye level.
    over_crystal : dict
        By kind, interval over the networks of that mean over the one of the exact crystal.
    """

    over_debye: dict[Kind, Interval]
    over_crystal: dict[Kind, Interval]


def mean_levels(levels: dict[Kind, np.ndarray], small: SmallEnsemble, crystal: CrystalReference) -> MeanLevels:
    """Compare the mean of g / omega with the networks' own Debye levels and with the crystal.

    Parameters
    ----------
    levels : dict
        For each kind all frequencies of each network, (seeds, levels).
    small : SmallEnsemble
        The networks of these frequencies.
    crystal : CrystalReference

    Returns
    -------
    MeanLevels

    Raises
    ------
    ValueError
        If a network is floppy and has no Debye level.
    """
    over_debye, over_crystal = {}, {}
    for kind in [(family, d) for family in ("fixed", "distance") for d in DISORDERS]:
        means = np.array([spectra.mean_reduced_density(f, LOW, HIGH, 2) for f in levels[kind]])
        own = [elasticity.scalar_debye_level(elasticity.scalar_modulus(network)) for network in small.networks[kind]]
        over_debye[kind] = statistics.mean_interval(means / own)
        over_crystal[kind] = statistics.mean_interval(means / crystal.mean)
    return MeanLevels(over_debye, over_crystal)
