"""What is read off the spectra and moduli of large networks: heights over their own Debye levels, places, summits.

Everything is in reduced units: frequencies omega in sqrt(t0/m), g / omega in m/t0, moduli and stiffnesses in t0.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.networks import SpringNetwork, square_lattice_network
from bosonpeak.papers.jiang_2026.archived import by_kind
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS, Kind
from bosonpeak.papers.jiang_2026.measure import (
    HUMP_RANGE,
    PEAK_RANGE,
    CrystalReference,
    Interval,
    highest,
    lowest,
    of_family,
)
from bosonpeak.vibrations import debye, elasticity, spectra
from bosonpeak.vibrations.peaks import debye_excess


@dataclass(frozen=True)
class LargeSpectra:
    """Spectra and moduli of the large networks, by kind, and what is read off them.

    Attributes
    ----------
    omega : array, shape (K,)
    density : dict
        g, (seeds, K).
    modulus : dict
        Modulus tensors, (seeds, 2, 2).
    crystal_again : array, shape (K,)
        g of the crystal with other random vectors.
    stiffness : dict
        Stiffness of the crystal that has the determinant of the mean modulus.
    level : dict
        Debye level of g / omega from the mean modulus.
    reduced, softened : dict
        g / omega, mean over the seeds, and that of the exact crystal with the same modulus, (K,) each.
    heights : dict
        For each network the highest g / omega in `HUMP_RANGE` over the Debye level, (seeds,).
    excess : dict
        Interval of these heights.
    beyond : dict
        The same over the softened crystal instead of the Debye level.
    peaks : dict
        Interval of the place of the maximum of g / omega in `PEAK_RANGE`.
    interior : dict
        Whether that maximum lies inside the range in all networks.
    """

    omega: np.ndarray
    density: dict[Kind, np.ndarray]
    modulus: dict[Kind, np.ndarray]
    crystal_again: np.ndarray
    stiffness: dict[Kind, float]
    level: dict[Kind, float]
    reduced: dict[Kind, np.ndarray]
    softened: dict[Kind, np.ndarray]
    heights: dict[Kind, np.ndarray]
    excess: dict[Kind, Interval]
    beyond: dict[Kind, Interval]
    peaks: dict[Kind, Interval]
    interior: dict[Kind, bool]


def large_spectra(data: xr.Dataset) -> LargeSpectra:
    """Levels, heights and places of the large networks in a result of `archived.large_networks`.

    Parameters
    ----------
    data : xarray.Dataset

    Returns
    -------
    LargeSpectra

    Raises
    ------
    ValueError
        If a network is floppy and has no Debye level.
    """
    omega, density, modulus = data.omega.values, by_kind(data, "g"), by_kind(data, "modulus")
    mean_modulus = {kind: np.mean(m, axis=0) for kind, m in modulus.items()}
    level = {kind: elasticity.scalar_debye_level(m) for kind, m in mean_modulus.items()}
    stiffness = {kind: float(np.sqrt(np.linalg.det(m))) for kind, m in mean_modulus.items()}
    softened = {kind: debye.square_lattice_density(omega, t) / omega for kind, t in stiffness.items()}
    slow = omega < 1
    heights, beyond, peaks, interior = {}, {}, {}, {}
    for kind, runs in density.items():
        heights[kind] = debye_excess(omega, runs.T, level[kind], 2, *HUMP_RANGE, smoothing=0.03)
        # above omega = 1 the softened crystal may have no states
        ratio = runs[:, slow] / softened[kind][slow]
        above = spectra.boson_peak(omega[slow], ratio.T, 2, *HUMP_RANGE, smoothing=0.03)
        beyond[kind] = statistics.mean_interval(above.intensity)
        found = spectra.boson_peak(omega, runs.T, 2, *PEAK_RANGE, smoothing=0.06)
        peaks[kind], interior[kind] = statistics.mean_interval(found.omega), bool(found.interior.all())
    excess = {kind: statistics.mean_interval(found) for kind, found in heights.items()}
    reduced = {kind: np.mean(runs, axis=0) / omega for kind, runs in density.items()}
    again = data.crystal_again.values
    return LargeSpectra(
        omega, density, modulus, again, stiffness, level, reduced, softened, heights, excess, beyond, peaks, interior
    )


def level_scatter(large: LargeSpectra) -> float:
    """Relative standard deviation of the Debye level between networks, coordination free.

    Parameters
    ----------
    large : LargeSpectra
        With two networks of each kind or more.

    Returns
    -------
    float
        The largest among the disorders.
    """
    each = [[elasticity.scalar_debye_level(m) for m in runs] for runs in of_family(large.modulus, "distance").values()]
    return float(max(np.std(v, ddof=1) / np.mean(v) for v in each))


def peak_spread(peaks: dict[float, Interval]) -> Interval:
    """How far apart the highest and the lowest maximum lie.

    Parameters
    ----------
    peaks : dict
        Interval of the place, by disorder.

    Returns
    -------
    Interval
        Its ends by quadrature, not below zero.
    """
    apart, (low, high) = statistics.subtract(peaks[highest(peaks)], peaks[lowest(peaks)])
    return apart, (max(low, 0.0), high)


def region_ends(large: LargeSpectra, crystal: CrystalReference) -> dict[float, Interval]:
    """Frequency above 0.6 at which g / omega first falls below the crystal's, by disorder.

    Parameters
    ----------
    large : LargeSpectra
    crystal : CrystalReference

    Returns
    -------
    dict
        Interval over the networks.

    Raises
    ------
    IndexError
        If the g / omega of a network lies above the crystal's everywhere.
    """
    exact = np.interp(large.omega, crystal.omega, crystal.reduced)
    return {
        d: statistics.mean_interval([large.omega[(large.omega > 0.6) & (g / large.omega - exact < 0)][0] for g in runs])
        for d, runs in of_family(large.density, "distance").items()
    }


@dataclass(frozen=True)
class VanHove:
    """The van Hove peak near omega = 2 in the large networks.

    Attributes
    ----------
    survives : dict
        Interval of its height over the valley before it, coordination free, by disorder.
    damped : Interval
        Its height at fixed coordination and disorder 0.3, over the crystal's.
    another_seed : float
        Height in the crystal with other random vectors, over the crystal's.
    summit : dict
        Where the highest point between 1.5 and 3.2 lies, coordination free, by disorder.
    """

    survives: dict[float, Interval]
    damped: Interval
    another_seed: float
    summit: dict[float, float]


def van_hove(large: LargeSpectra) -> VanHove:
    """Heights and summits of the van Hove peak.

    Parameters
    ----------
    large : LargeSpectra

    Returns
    -------
    VanHove
    """
    omega = large.omega
    near, valley = (omega > 1.8) & (omega < 2.3), (omega > 1.2) & (omega < 1.9)

    def height(g):
        return (g / omega)[..., near].max(axis=-1)

    crystal = np.mean(height(large.density["crystal", 0.0]))
    survives, summit = {}, {}
    for d, runs in of_family(large.density, "distance").items():
        survives[d] = statistics.mean_interval(height(runs) / (runs / omega)[:, valley].min(axis=1))
        summit[d] = spectra.boson_peak(omega, np.mean(runs, axis=0), 2, 1.5, 3.2, smoothing=0.03).omega
    damped = statistics.mean_interval(height(large.density["fixed", 0.3]) / crystal)
    return VanHove(survives, damped, float(height(large.crystal_again) / crystal), summit)


@dataclass(frozen=True)
class RelativeHeights:
    """Heights of the peak above the own Debye level, over that with free coordination and t0/r springs, by disorder.

    Attributes
    ----------
    uniform : dict
        With free coordination and uniform springs: interval over pairs of networks with the same positions.
    crystal : dict
        Of the crystal: the ratio of the means over the networks.
    """

    uniform: dict[float, Interval]
    crystal: dict[float, float]


def relative_heights(large: LargeSpectra) -> RelativeHeights:
    """Compare the heights of the peaks of networks that have uniform springs with those that have t0/r springs.

    Parameters
    ----------
    large : LargeSpectra

    Returns
    -------
    RelativeHeights
    """
    uniform, crystal = {}, {}
    for d in DISORDERS:
        pairs = (large.heights["uniform", d] - 1) / (large.heights["distance", d] - 1)
        uniform[d] = statistics.mean_interval(pairs)
        crystal[d] = (large.excess["crystal", 0.0][0] - 1) / (large.excess["distance", d][0] - 1)
    return RelativeHeights(uniform, crystal)


def stiffness_ratio(n: int, disorder: float) -> float:
    """How far the stiffnesses t0/r spread where every node has four springs.

    Parameters
    ----------
    n : int
        Nodes along an edge.
    disorder : float

    Returns
    -------
    float
        Their 99th percentile over their 1st.
    """
    low, high = np.quantile(square_lattice_network(n, disorder, rng=0).stiffness, [0.01, 0.99])
    return float(high / low)


@dataclass(frozen=True)
class SweptNetwork:
    """One network behind the slider.

    Attributes
    ----------
    disorder : float
    network : SpringNetwork
    omega, reduced : arrays, shape (K,)
        Frequencies and g / omega.
    level : float
        Debye level of g / omega, from the network's modulus.
    peak : float or None
        Place of the maximum of g / omega in `PEAK_RANGE`; None if it lies on the edge of the range.
    """

    disorder: float
    network: SpringNetwork
    omega: np.ndarray
    reduced: np.ndarray
    level: float
    peak: float | None

    @property
    def description(self) -> str:
        """What a reader who cannot see the frame should know."""
        place = "no maximum below omega 1.2." if self.peak is None else f"g over omega highest at {self.peak:.2f}."
        return (
            f"Disorder {self.disorder}: mean coordination {self.network.coordination().mean():.2f}, "
            f"own Debye level {self.level:.3f}, {place}"
        )


def swept_networks(data: xr.Dataset, n: int) -> dict[float, SweptNetwork]:
    """The networks behind the slider, from a result of `archived.sweep`.

    Parameters
    ----------
    data : xarray.Dataset
    n : int
        Nodes along an edge with which the result was made.

    Returns
    -------
    dict
        By disorder.

    Raises
    ------
    ValueError
        If a network is floppy and has no Debye level.
    """
    omega, found = data.omega.values, {}
    for d, g, modulus in zip(data.disorder.values.tolist(), data.g.values, data.modulus.values, strict=True):
        network, level = square_lattice_network(n, d, "distance", rng=7), elasticity.scalar_debye_level(modulus)
        peak = spectra.boson_peak(omega, g, 2, *PEAK_RANGE, smoothing=0.06)
        found[d] = SweptNetwork(d, network, omega, g / omega, level, peak.omega if peak.interior else None)
    return found
