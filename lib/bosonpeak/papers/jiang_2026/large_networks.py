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
from bosonpeak.papers.jiang_2026.measure import PEAK_RANGE, Interval, highest, lowest
from bosonpeak.vibrations import debye, elasticity, spectra
from bosonpeak.vibrations.peaks import count_maxima, excess_over_crystal

FLUCTUATING = ("distance", "uniform", "rewired", "diluted", "matched")
"""Families whose coordination fluctuates."""
SLOW = (0.2, 1.0)
"""The paper's range of low frequencies, in sqrt(t0/m)."""


@dataclass(frozen=True)
class LargeSpectrum:
    """Spectra and moduli of the large networks of one kind, and what is read off them.

    Attributes
    ----------
    omega : array, shape (K,)
    density : array, shape (seeds, K)
        g per node of the largest piece.
    levels : array, shape (seeds,)
        Debye level of g / omega of each network.
    stiffness : float
        Stiffness K of the crystal that has the determinant of the mean modulus.
    level : float
        Debye level from the mean modulus.
    crystals : array, shape (2, K)
        g / omega of that crystal, the static reference, and of the crystal that has the mean sum of springs at a node,
        the affine reference; both under the kernel of the networks.
    nets : array, shape (seeds,)
        Net excess of each network.
    net, over_affine, height : Interval
        The net excess, the same over the affine reference, and the height over the Debye level.
    deviation, slow_ratio : Interval
        The root mean square of g over the static reference less 1, and the highest of this ratio, in `SLOW`.
    maxima, all_maxima : Interval
        The number of maxima of g / omega between 0.15 and 2.6, and up to 3.3.
    peak : Interval
        The place of the maximum of g / omega in `PEAK_RANGE`.
    interior : bool
        Whether that maximum lies inside the range in all networks.
    """

    omega: np.ndarray
    density: np.ndarray
    levels: np.ndarray
    stiffness: float
    level: float
    crystals: np.ndarray
    nets: np.ndarray
    net: Interval
    over_affine: Interval
    height: Interval
    deviation: Interval
    slow_ratio: Interval
    maxima: Interval
    all_maxima: Interval
    peak: Interval
    interior: bool

    @property
    def over_level(self) -> np.ndarray:
        """Mean g / omega of the networks over the Debye level, (K,)."""
        return self.density.mean(axis=0) / self.omega / self.level

    @property
    def place(self) -> str:
        """Place of the maximum of g / omega in words, or "none" where it lies at the edge of the range."""
        return f"{self.peak[0]:.2f}" if self.interior else "none"


Large = dict[Kind, LargeSpectrum]


def smoothed(omega, curves, width: float, resolution: float) -> np.ndarray:
    """Curves (..., K) that have a kernel of standard deviation `resolution` already, under one of `width`."""
    extra = np.sqrt(max(width**2 - resolution**2, 0.0)) / (omega[1] - omega[0])
    return gaussian_filter1d(curves, extra, axis=-1, mode="nearest") if extra > 0 else curves


def read_spectrum(omega, runs, moduli, mean_sum: float, kernel: float) -> LargeSpectrum:
    """Excess, place and maxima of the networks of one kind.

    Parameters
    ----------
    omega : array, shape (K,)
        Evenly spaced, in sqrt(t0/m).
    runs : array, shape (seeds, K)
        g of each network.
    moduli : array, shape (seeds, 2, 2)
        In t0.
    mean_sum : float
        Mean sum of the springs at a node, in t0.
    kernel : float
        Standard deviation of the kernel under which g was measured.

    Returns
    -------
    LargeSpectrum

    Raises
    ------
    ValueError
        If a network is floppy and has no Debye level.
    """
    mean = np.mean(moduli, axis=0)
    level, stiffness, affine = elasticity.scalar_debye_level(mean), float(np.sqrt(np.linalg.det(mean))), mean_sum / 4
    omega_v, slow = 2 * np.sqrt(stiffness), (omega > SLOW[0]) & (omega < SLOW[1])
    exact = np.array([debye.square_lattice_density(omega, k) / omega for k in (stiffness, affine)])
    crystals, curves = smoothed(omega, exact, kernel, 0.0), runs / omega
    wide, broad = smoothed(omega, exact, 0.05 * omega_v, 0.0), smoothed(omega, curves, 0.05 * omega_v, kernel)
    each, other = ([excess_over_crystal(omega, c, against, level, omega_v) for c in broad] for against in wide)
    nets = np.array([one.net for one in each])
    peak = spectra.boson_peak(omega, runs.T, 2, *PEAK_RANGE, smoothing=0.06)
    seen = smoothed(omega, curves, 0.05, kernel)
    counts, every = ([count_maxima(omega, curve, level, 0.15, top) for curve in seen] for top in (2.6, 3.3))
    interval = statistics.mean_interval
    return LargeSpectrum(
        omega,
        runs,
        np.array([elasticity.scalar_debye_level(m) for m in moduli]),
        stiffness,
        level,
        crystals,
        nets,
        interval(nets),
        interval([one.net for one in other]),
        interval([one.height for one in each]),
        interval(np.sqrt(np.square(curves[:, slow] / crystals[0, slow] - 1).mean(axis=1))),
        interval((broad[:, slow] / wide[0, slow]).max(axis=1)),
        interval(counts),
        interval(every),
        interval(peak.omega),
        bool(peak.interior.all()),
    )


def large_spectra(data: xr.Dataset) -> Large:
    """Read a result of `archived.large_networks` by kind. Raises ValueError as `read_spectrum`."""
    sums, moduli, omega = by_kind(data, "mean_sum"), by_kind(data, "modulus"), data.omega.values
    return {
        kind: read_spectrum(omega, runs, moduli[kind], float(sums[kind].mean()), data.attrs["resolution"])
        for kind, runs in by_kind(data, "g").items()
    }


def of_disorders(large: Large, family: str, quantity: str) -> dict[float, object]:
    """One attribute of `LargeSpectrum` of a family, at the paper's disorders."""
    return {d: getattr(large[family, d], quantity) for d in DISORDERS}


def place_spread(large: Large, families=FLUCTUATING) -> tuple[Interval, str]:
    """How far apart the highest and the lowest maximum of g / omega lie, over all networks of some families.

    Networks whose maximum is the end of the range are left out.

    Returns
    -------
    spread : Interval
        Its ends by quadrature, not below zero.
    which : str
        The two networks in words.
    """
    peaks = {(name, d): large[name, d].peak for name in families for d in DISORDERS if large[name, d].interior}
    top, bottom = highest(peaks), lowest(peaks)
    apart, (low, high) = statistics.subtract(peaks[top], peaks[bottom])
    return (apart, (max(low, 0.0), high)), f"highest {top[0]} at {top[1]}, lowest {bottom[0]} at {bottom[1]}"


def region_share(large: Large) -> tuple[Interval, float]:
    """Share of the additional states that lie below omega = 1, where g exceeds that of the crystal.

    Returns
    -------
    share : Interval
        Over the seeds, of the mean of the three disorders.
    control : float
        The same share of the crystal softened to the largest stiffness among them, in place of the networks.
    """
    omega = large["crystal", 0.0].omega
    inside, below = (omega > 0.1) & (omega < 1.6), omega < 1
    crystal = large["crystal", 0.0].density.mean(axis=0)

    def share(g):
        surplus = np.clip(g - crystal, 0, None) * inside
        return surplus[..., below].sum(axis=-1) / surplus.sum(axis=-1)

    free = [large["distance", d] for d in DISORDERS]
    stiffest = max(free, key=lambda one: one.stiffness)
    shares = np.mean([share(one.density) for one in free], axis=0)
    return statistics.mean_interval(shares), float(share(stiffest.crystals[0] * omega))


def van_hove_height(large: Large, again) -> tuple[Interval, float]:
    """Height of the van Hove peak near omega = 2 with four springs at disorder 0.3, over that of the crystal.

    Parameters
    ----------
    large : dict of LargeSpectrum
    again : array, shape (K,)
        g of the crystal with other random vectors.

    Returns
    -------
    height : Interval
    control : float
        The height with these vectors over that of the crystal.
    """
    crystal, fixed = large["crystal", 0.0], large["fixed", 0.3]
    near = (crystal.omega > 1.8) & (crystal.omega < 2.3)
    one, damped, other = (
        (g / crystal.omega)[..., near].max(axis=-1) for g in (crystal.density, fixed.density, np.asarray(again))
    )
    return statistics.mean_interval(damped / one.mean()), float(other / one.mean())


def ratios(large: Large, family: str, over: str, quantity: str, less: float = 0.0) -> dict[float, Interval]:
    """Quantity of each network of a family, less a constant, over that of another family, by disorder."""
    pairs = {d: [getattr(large[name, d], quantity) - less for name in (family, over)] for d in DISORDERS}
    return {d: statistics.mean_interval(one / other) for d, (one, other) in pairs.items()}


def vanishing_ratio(large: Large) -> tuple[Interval, float]:
    """Net excess less 1 at a vanishing displacement over that at 0.1, equal springs; and that of the crystal."""
    kinds = ("uniform", VANISHING), ("uniform", 0.1), ("crystal", 0.0)
    small, reference, none = (large[kind].nets - 1 for kind in kinds)
    return statistics.mean_interval(small / reference), float(none.mean() / reference.mean())


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


def network_table(large: Large, coordination: dict[Kind, tuple[float, float]]) -> pd.DataFrame:
    """One row for each kind of network.

    Parameters
    ----------
    large : dict of LargeSpectrum
    coordination : dict
        Mean and variance of the number of springs, by kind.

    Returns
    -------
    pandas.DataFrame
        With the disorder, z and its variance, the stiffness K (t0), the height over the own Debye level and the net
        excess in per cent, the place of the maximum of g / omega (sqrt(t0/m)), and the number of maxima.
    """
    rows = []
    for (family, d), found in sorted(large.items(), key=lambda item: (list(NAMES).index(item[0][0]), item[0][1])):
        springs = [f"{value:.2f}" for value in coordination[family, d]]
        excess = [f"{100 * (value - 1):.1f}" for value, _ in (found.height, found.net)]
        row = [NAMES[family], f"{d:g}", *springs, f"{found.stiffness:.3f}", *excess]
        rows.append([*row, found.place, f"{found.all_maxima[0]:.2g}"])
    titles = "network", "δ", "z", "var z", "K", "over own level (%)", "net excess (%)", "place", "maxima"
    return pd.DataFrame(rows, columns=titles)
