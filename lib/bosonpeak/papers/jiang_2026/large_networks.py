"""What is read off the spectra and moduli of large networks: excess, places, number of maxima.

Everything is in reduced units: frequencies omega in sqrt(t0/m), g / omega in m/t0, moduli and stiffnesses in t0.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import gaussian_filter1d

from bosonpeak import statistics
from bosonpeak.papers.jiang_2026.archived import by_kind
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS, VANISHING, Kind
from bosonpeak.papers.jiang_2026.measure import PEAK_RANGE, CrystalReference, Interval, highest, lowest, of_family
from bosonpeak.vibrations import debye, elasticity, spectra
from bosonpeak.vibrations.peaks import WINDOW, count_maxima, excess_over_crystal

FLUCTUATING = ("distance", "uniform", "rewired", "diluted", "matched")
"""Families whose coordination fluctuates."""
SLOW = (0.2, 1.0)
"""The paper's range of low frequencies, in sqrt(t0/m)."""


@dataclass(frozen=True)
class LargeSpectra:
    """Spectra and moduli of the large networks, by kind, and what is read off them.

    Attributes
    ----------
    omega : array, shape (K,)
    density : dict
        g, (seeds, K), per node of the largest piece.
    modulus : dict
        Modulus tensors, (seeds, 2, 2).
    stiffness, affine : dict
        Stiffness K of the crystal that has the determinant of the mean modulus, and of the crystal that has the mean
        sum of springs at a node: the static and the affine reference.
    level : dict
        Debye level of g / omega from the mean modulus.
    reduced : dict
        g / omega, mean over the seeds, (K,).
    crystals : dict
        For each kind g / omega of the static and of the affine reference, (2, K), under the kernel of the networks.
    net, over_affine, height : dict
        Intervals of the net excess, of the same over the affine reference, and of the height over the Debye level.
    nets : dict
        The net excess of each network, (seeds,).
    inside : dict
        Whether the highest ratio to the static reference is a maximum in all networks.
    mean_ratio, slow_ratio : dict
        Intervals of the mean, and of the highest, of g over the static reference in `SLOW`.
    maxima : dict
        Interval of the number of maxima of g / omega between 0.15 and 2.6.
    peaks : dict
        Interval of the place of the maximum of g / omega in `PEAK_RANGE`.
    interior : dict
        Whether that maximum lies inside the range in all networks.
    """

    omega: np.ndarray
    density: dict[Kind, np.ndarray]
    modulus: dict[Kind, np.ndarray]
    stiffness: dict[Kind, float]
    affine: dict[Kind, float]
    level: dict[Kind, float]
    reduced: dict[Kind, np.ndarray]
    crystals: dict[Kind, np.ndarray]
    net: dict[Kind, Interval]
    over_affine: dict[Kind, Interval]
    height: dict[Kind, Interval]
    nets: dict[Kind, np.ndarray]
    inside: dict[Kind, bool]
    mean_ratio: dict[Kind, Interval]
    slow_ratio: dict[Kind, Interval]
    maxima: dict[Kind, Interval]
    peaks: dict[Kind, Interval]
    interior: dict[Kind, bool]


def smoothed(omega, curves, width: float, resolution: float) -> np.ndarray:
    """Curves (..., K) that have a kernel of standard deviation `resolution` already, under one of `width`."""
    extra = np.sqrt(max(width**2 - resolution**2, 0.0)) / (omega[1] - omega[0])
    return gaussian_filter1d(curves, extra, axis=-1, mode="nearest") if extra > 0 else curves


def large_spectra(data: xr.Dataset) -> LargeSpectra:
    """Excess, places and maxima of the large networks in a result of `archived.large_networks`.

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
    omega, kernel, density = data.omega.values, data.attrs["resolution"], by_kind(data, "g")
    modulus, sums = by_kind(data, "modulus"), by_kind(data, "mean_sum")
    found = {name: {} for name in LargeSpectra.__dataclass_fields__} | {"omega": omega}
    found |= {"density": density, "modulus": modulus}
    slow = (omega > SLOW[0]) & (omega < SLOW[1])
    for kind, runs in density.items():
        mean, affine = np.mean(modulus[kind], axis=0), float(np.mean(sums[kind]) / 4)
        level, stiffness = elasticity.scalar_debye_level(mean), float(np.sqrt(np.linalg.det(mean)))
        omega_v = 2 * np.sqrt(stiffness)
        exact = np.array([debye.square_lattice_density(omega, k) / omega for k in (stiffness, affine)])
        crystals, curves = smoothed(omega, exact, kernel, 0.0), runs / omega
        wide, broad = smoothed(omega, exact, 0.05 * omega_v, 0.0), smoothed(omega, curves, 0.05 * omega_v, kernel)
        each, other = (
            [excess_over_crystal(omega, curve, against, level, omega_v) for curve in broad] for against in wide
        )
        nets = np.array([one.net for one in each])
        ratio = broad[:, slow] / wide[0, slow]
        peak = spectra.boson_peak(omega, runs.T, 2, *PEAK_RANGE, smoothing=0.06)
        counts = [count_maxima(omega, c, level, 0.15, 2.6) for c in smoothed(omega, curves, 0.05, kernel)]
        values = {
            "stiffness": stiffness,
            "affine": affine,
            "level": level,
            "reduced": curves.mean(axis=0),
            "crystals": crystals,
            "net": statistics.mean_interval(nets),
            "over_affine": statistics.mean_interval([one.net for one in other]),
            "height": statistics.mean_interval([one.height for one in each]),
            "nets": nets,
            "inside": all(one.net_interior for one in each),
            "mean_ratio": statistics.mean_interval((runs[:, slow] / omega[slow] / crystals[0, slow]).mean(axis=1)),
            "slow_ratio": statistics.mean_interval(ratio.max(axis=1)),
            "maxima": statistics.mean_interval(counts),
            "peaks": statistics.mean_interval(peak.omega),
            "interior": bool(peak.interior.all()),
        }
        for name, value in values.items():
            found[name][kind] = value
    return LargeSpectra(**found)


def place_spread(large: LargeSpectra) -> tuple[Interval, str]:
    """How far apart the highest and the lowest maximum of g / omega lie, over all networks of `FLUCTUATING`.

    Parameters
    ----------
    large : LargeSpectra

    Returns
    -------
    spread : Interval
        Its ends by quadrature, not below zero.
    which : str
        The two networks in words.
    """
    peaks = {kind: place for kind, place in large.peaks.items() if kind[0] in FLUCTUATING and kind[1] in DISORDERS}
    top, bottom = highest(peaks), lowest(peaks)
    apart, (low, high) = statistics.subtract(peaks[top], peaks[bottom])
    return (apart, (max(low, 0.0), high)), f"highest {top[0]} at {top[1]}, lowest {bottom[0]} at {bottom[1]}"


def region_share(large: LargeSpectra) -> tuple[Interval, float]:
    """Share of the additional states that lie below omega = 1, where g exceeds that of the crystal.

    Parameters
    ----------
    large : LargeSpectra

    Returns
    -------
    share : Interval
        Over the seeds, of the mean of the three disorders.
    control : float
        The same share of the crystal softened to the largest stiffness among them, in place of the networks.
    """
    inside = (large.omega > 0.1) & (large.omega < 1.6)
    below = large.omega[inside] < 1
    crystal = large.density["crystal", 0.0].mean(axis=0)

    def share(g):
        surplus = np.clip(g - crystal, 0, None)[..., inside]
        return surplus[..., below].sum(axis=-1) / surplus.sum(axis=-1)

    free = of_family(large.density, "distance")
    stiffest = max(DISORDERS, key=lambda d: large.stiffness["distance", d])
    softened = large.crystals["distance", stiffest][0] * large.omega
    shares = np.mean([share(free[d]) for d in DISORDERS], axis=0)
    return statistics.mean_interval(shares), float(share(softened))


@dataclass(frozen=True)
class VanHove:
    """The van Hove peak near omega = 2 in the large networks.

    Attributes
    ----------
    damped : Interval
        Its height at fixed coordination and disorder 0.3, over the crystal's.
    another_seed : float
        Height in the crystal with other random vectors, over the crystal's.
    summit : dict
        Where the highest point between 1.5 and 3.2 lies, coordination free, by disorder.
    """

    damped: Interval
    another_seed: float
    summit: dict[float, float]


def van_hove(large: LargeSpectra, again) -> VanHove:
    """Heights and summits of the van Hove peak.

    Parameters
    ----------
    large : LargeSpectra
    again : array, shape (K,)
        g of the crystal with other random vectors.

    Returns
    -------
    VanHove
    """
    omega = large.omega
    near = (omega > 1.8) & (omega < 2.3)

    def height(g):
        return (g / omega)[..., near].max(axis=-1)

    crystal = np.mean(height(large.density["crystal", 0.0]))
    damped = statistics.mean_interval(height(large.density["fixed", 0.3]) / crystal)
    summit = {
        d: spectra.boson_peak(omega, np.mean(runs, axis=0), 2, 1.5, 3.2, smoothing=0.03).omega
        for d, runs in of_family(large.density, "distance").items()
    }
    return VanHove(damped, float(height(again) / crystal), summit)


def level_ratios(large: LargeSpectra, family: str) -> dict[float, Interval]:
    """Debye levels of a family over those of the networks with uniform springs, by disorder."""
    levels = {kind: np.array([elasticity.scalar_debye_level(m) for m in runs]) for kind, runs in large.modulus.items()}
    return {d: statistics.mean_interval(levels[family, d] / levels["uniform", d]) for d in DISORDERS}


def excess_ratios(large: LargeSpectra, family: str, over: str) -> dict[float, Interval]:
    """Net excess less 1 of one family over that of another, network by network, by disorder."""
    return {d: statistics.mean_interval((large.nets[family, d] - 1) / (large.nets[over, d] - 1)) for d in DISORDERS}


def vanishing_ratio(large: LargeSpectra) -> tuple[Interval, float]:
    """Net excess less 1 at a vanishing displacement over that at 0.1, equal springs; and that of the crystal."""
    reference = large.nets["uniform", 0.1] - 1
    ratio = statistics.mean_interval((large.nets["uniform", VANISHING] - 1) / reference)
    return ratio, float((large.nets["crystal", 0.0].mean() - 1) / reference.mean())


NAMES = {
    "crystal": "crystal",
    "fixed": "four springs, t0/r",
    "mixed": "the same, at random places",
    "distance": "distance rule, t0/r",
    "uniform": "distance rule, equal",
    "rewired": "rewired, equal",
    "diluted": "random, equal mean",
    "matched": "random, equal mean and variance",
}
"""The families in words."""


def network_table(large: LargeSpectra, coordination: dict[Kind, tuple[float, float]]) -> pd.DataFrame:
    """One row for each kind of network.

    Parameters
    ----------
    large : LargeSpectra
    coordination : dict
        Mean and variance of the number of springs, by kind.

    Returns
    -------
    pandas.DataFrame
        With the disorder, z and its variance, the stiffness K (t0), the height over the own Debye level and the net
        excess in per cent, the place of the maximum of g / omega (sqrt(t0/m)), and the number of maxima.
    """
    rows = []
    for family, name in NAMES.items():
        for d in sorted(d for each, d in large.net if each == family):
            kind = family, d
            percent = [f"{100 * (found[kind][0] - 1):.1f}" for found in (large.height, large.net)]
            place = f"{large.peaks[kind][0]:.2f}" if large.interior[kind] else "none"
            z, variance = coordination[kind]
            springs = [f"{z:.2f}", f"{variance:.2f}", f"{large.stiffness[kind]:.3f}"]
            rows.append([name, f"{d:g}", *springs, *percent, place, f"{large.maxima[kind][0]:.2g}"])
    titles = "network", "δ", "z", "var z", "K", "over own level (%)", "net excess (%)", "place", "maxima"
    return pd.DataFrame(rows, columns=titles)


def crystal_excess(crystal: CrystalReference) -> float:
    """By how many per cent dispersion lifts the exact crystal above its Debye level at the top of `WINDOW`."""
    top = np.interp(WINDOW[1] * 2, crystal.omega, crystal.reduced)
    return float(100 * (top / crystal.level - 1))
