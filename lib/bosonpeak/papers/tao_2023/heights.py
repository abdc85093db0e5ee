"""Heights of the boson peaks of samples: how they depend on the cooling rate, and how well they could be predicted.

All of it is known before any model is trained. Heights are in 1e-6 (rad/ps)^-3 and cooling rates in K/s.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from bosonpeak import statistics
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.learning.evaluation import score_interval
from bosonpeak.papers.tao_2023.samples import HIGHEST, LOWEST, sample_peak
from bosonpeak.papers.tao_2023.studies import MICRO, glasses, usable
from bosonpeak.statistics import grouped_interval, spearman, split_by_group

WIDTHS = (0.5, 0.7, 0.85, 1.2, 1.4)
"""Widths in rad/ps under which the height is read again."""
HALF_NORMAL = float(np.sqrt(2 / np.pi))
"""Mean distance from the mean of a normal distribution, in standard deviations."""
Interval = tuple[float, tuple[float, float]]
"""A value and the ends of its interval: `(value, (low, high))`, 95 % over resampled parent liquids unless a docstring
says otherwise."""
Controlled = tuple[Interval, float]
"""A value with its interval, and the value of its control: `((value, (low, high)), control)`."""


def interval_text(interval: Interval, form: str = "z.2f") -> str:
    """A value and its interval as text; the z of a format removes the sign of a rounded zero."""
    value, (low, high) = interval
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


@dataclass(frozen=True)
class Samples:
    """The tables of samples that the chapter uses.

    Attributes
    ----------
    every : xarray.Dataset
        The whole table.
    cooled, slow : xarray.Dataset
        The glasses cooled at 1e13 to 1e15 K/s, and those cooled at 1e11 to 9e12 K/s.
    usable, all_rates : xarray.Dataset
        The glasses whose boson peak has an interior maximum: those of `cooled`, and those cooled at 1e11 to 1e15 K/s.
    larger : xarray.Dataset or None
        Glasses of the paper's size cooled at 1e12 to 1e15 K/s; None if the archive has none.
    height, rate, parent : array, shape (n,)
        Boson peaks, cooling rates in K/s and seeds of the parent liquids of the samples of `usable`.
    n_atoms : int
        Atoms per sample.
    """

    every: xr.Dataset
    cooled: xr.Dataset
    slow: xr.Dataset
    usable: xr.Dataset
    all_rates: xr.Dataset
    larger: xr.Dataset | None
    height: np.ndarray
    rate: np.ndarray
    parent: np.ndarray
    n_atoms: int


def open_samples(table: str, larger: str | None = None) -> Samples:
    """Open archived tables of samples.

    Parameters
    ----------
    table : str
        Name of a table.
    larger : str, optional
        Name of a table of samples of the paper's size, which need not exist.

    Returns
    -------
    Samples

    Raises
    ------
    ValueError
        If the archive has no table of the first name, or if none of its glasses has an interior maximum.
    """
    every, big = load_result("samples", table), None
    if larger in shipped_results("samples"):
        big = glasses(load_result("samples", larger), 1e12, 1e15)
    cooled, slow = glasses(every, 1e13, 1e15), glasses(every, 1e11, 9e12)
    fit, all_rates = usable(cooled), usable(glasses(every, 1e11, 1e15))
    columns = fit.intensity.values * MICRO, fit.cooling_rate.values, fit.seed.values
    return Samples(every, cooled, slow, fit, all_rates, big, *columns, int(every.attrs["n_atoms"]))


@dataclass(frozen=True)
class HeightAndRate:
    """How the boson peak of a glass depends on the rate at which it was cooled.

    Attributes
    ----------
    share_below : Controlled
        Share of the modes below omega = 10 rad/ps; the control is that below nu = omega / 2 pi = 10 THz.
    height : Interval
        Mean height.
    summary : pandas.Series
        What `pandas.Series.describe` says of the heights, such as "std", "min" and "max".
    rises, falls : Controlled
        Spearman's correlation of height and of place with the cooling rate; the control has rates of other samples.
    in_range : tuple of Controlled
        The same two of the glasses of the paper's size that were cooled at 1e13 to 1e14 K/s; None in the place of each
        interval and control for fewer than 40.
    levels_off : Interval or None
        Slope of the height over log10 of the rate below 1e13 K/s over that above; None for fewer than 20 slow glasses.
    dropped : Interval or None
        Share of the samples of the paper's size without an interior maximum; None if there are no such samples.
    """

    share_below: Controlled
    height: Interval
    summary: pd.Series
    rises: Controlled
    falls: Controlled
    in_range: tuple[Controlled, Controlled]
    levels_off: Interval | None
    dropped: Interval | None


def height_and_rate(samples: Samples, rng=None, n_resamples: int = 1000) -> HeightAndRate:
    """Measure `HeightAndRate` on the glasses of the archive.

    Parameters
    ----------
    samples : Samples
    rng, n_resamples
        Of the intervals, as of `evaluation.score_interval`.

    Returns
    -------
    HeightAndRate
    """
    cooled, counts = samples.cooled, samples.cooled.spectrum_count.values.sum(axis=0)
    share = (cooled.frequency.values <= 10).sum(axis=1) / (3 * samples.n_atoms)
    share_nu = float(counts[cooled.omega.values < 2 * np.pi * 10].sum() / counts.sum())
    levels_off, dropped, in_range = None, None, ((None, None), (None, None))

    def with_rate(table):
        rate, values = table.cooling_rate.values, (table.intensity.values, table.omega_peak.values)
        mixed = np.random.default_rng(rng).permutation(rate)
        found = (score_interval(spearman, each, rate, table.seed.values, rng, n_resamples) for each in values)
        return [(each, spearman(v, mixed)) for each, v in zip(found, values, strict=True)]

    rises, falls = with_rate(samples.usable)

    # resampled, fewer glasses may all have one rate
    if samples.slow.sizes["sample"] >= 20:
        both = samples.all_rates
        turn, heights = np.log10(both.cooling_rate.values / 1e13), both.intensity.values * MICRO
        levels_off = score_interval(statistics.slope_ratio, heights, turn, both.seed.values, rng, n_resamples)
    if samples.larger is not None:
        slow = glasses(samples.larger, 1e13, 1e14)
        slow = slow.isel(sample=np.flatnonzero(slow.interior.values))
        if slow.sizes["sample"] >= 40:
            in_range = tuple(with_rate(slow))
        fast = glasses(samples.larger, 1e14)
        dropped = statistics.fraction_interval(~fast.interior.values.astype(bool))
    return HeightAndRate(
        share_below=(grouped_interval(split_by_group(share, cooled.seed.values), np.mean, rng), share_nu),
        height=grouped_interval(split_by_group(samples.height, samples.parent), np.mean, rng),
        summary=pd.Series(samples.height).describe(),
        rises=rises,
        falls=falls,
        in_range=in_range,
        levels_off=levels_off,
        dropped=dropped,
    )


def without_maximum(table: xr.Dataset, bins: float, lowest: float = LOWEST) -> float:
    """Share of the samples whose histogram of frequencies, over omega^2, has no maximum inside `lowest` and `HIGHEST`.

    bins: their width in rad/ps.
    """
    edges = np.arange(lowest, HIGHEST + bins / 2, bins)
    counts = np.array([np.histogram(frequency, edges)[0] for frequency in table.frequency.values])
    highest = np.argmax(counts / (edges[1:] + edges[:-1]) ** 2, axis=1)
    return float(np.mean((highest == 0) | (highest == len(edges) - 2)))


def state_ceiling(intensity, states) -> tuple[float, tuple[float, float]]:
    """The largest R^2 of a model that knows only the state of a glass: the share of the variance between states.

    What a model reaches above it, it read off the sample itself.

    Parameters
    ----------
    intensity : array, shape (n,)
    states : array, shape (n,)
        Such as the cooling rates.

    Returns
    -------
    (value, (low, high))
        One-way random effects with the 95 % interval of normal values (`statistics.normal_intraclass_correlation`).

    Raises
    ------
    ValueError
        If fewer than three states have two samples or more.
    """
    return statistics.normal_intraclass_correlation(split_by_group(intensity, states))


def target_agreement(table: xr.Dataset, width: float) -> Interval:
    """R^2 of the best straight line from I_BP read under another width to I_BP as it is, over samples.

    This is what the choice of a kernel leaves of the target: no model of one can be expected to do better on the other.
    Samples without an interior maximum under one of the two widths are left out.

    Parameters
    ----------
    table : xarray.Dataset
        Samples of glasses.
    width : float
        Standard deviation of the Gaussian of each level, in rad/ps.

    Returns
    -------
    (value, (low, high))
        The interval is Fisher's, over the samples that are left.

    Raises
    ------
    ValueError
        If fewer than three samples have an interior maximum under both widths.
    """
    n = 3 * table.attrs["n_atoms"]
    peaks = [sample_peak(f, n, width, max(2.0, 2 * width)) for f in table.frequency.values]
    good = table.interior.values.astype(bool) & np.array([p.interior for p in peaks])
    if good.sum() < 3:
        raise ValueError(f"{good.sum()} sample(s) have an interior maximum under both widths: three are needed")
    r = abs(np.corrcoef(np.array([p.intensity for p in peaks])[good], table.intensity.values[good])[0, 1])
    low, high = statistics.correlation_interval(r, good.sum())
    return float(r**2), (low**2, high**2)


@dataclass(frozen=True)
class StateSpread:
    """How heights differ within a cooling rate and between rates; both intervals are those of normal values.

    Attributes
    ----------
    n : int
        Atoms per sample.
    spread : Interval
        Standard deviation within a cooling rate.
    share : Interval
        Share of the variance between cooling rates.
    """

    n: int
    spread: Interval
    share: Interval


def state_spread(table: xr.Dataset) -> StateSpread:
    """Measure `StateSpread` of samples of glasses. Raises ValueError as `state_ceiling`."""
    height, rate = table.intensity.values * MICRO, table.cooling_rate.values
    return StateSpread(int(table.attrs["n_atoms"]), statistics.within_states(height, rate), state_ceiling(height, rate))


@dataclass(frozen=True)
class Ceilings:
    """What a prediction of the height can reach.

    Attributes
    ----------
    whole : StateSpread
        Of all usable glasses.
    agreement : list of Interval
        R^2 between the height and the height under each of `WIDTHS` (`target_agreement`).
    level : float
        R^2 between the height and the cumulative level.
    by_size : list of StateSpread
        At the rates that both sizes have, smaller samples first; `whole` if the archive has no larger samples.
    """

    whole: StateSpread
    agreement: list[Interval]
    level: float
    by_size: list[StateSpread]


def measure_ceilings(samples: Samples) -> Ceilings:
    """Measure `Ceilings` on the glasses of the archive. Raises ValueError as `state_ceiling`."""
    fit, whole = samples.usable, state_spread(samples.usable)
    by_size = [whole]
    if samples.larger is not None:
        # most of the larger samples are cooled at 1e14 K/s or more
        by_size = [state_spread(usable(glasses(some, 1e14))) for some in (fit, samples.larger)]
    agreement = [target_agreement(fit, width) for width in WIDTHS]
    return Ceilings(whole, agreement, statistics.pearson(fit.level.values, samples.height) ** 2, by_size)


@dataclass(frozen=True)
class PaperErrors:
    """What the paper's numbers of its test set amount to, in three ways.

    Attributes
    ----------
    sd : array, shape (3,)
        Standard deviation of its heights, from the height that 12.31 % exceed and the lowest one, from that height and
        the highest one, and from the two extremes. They agree if the heights are normal.
    mean_percent : array, shape (3,)
        Error of guessing their mean, in per cent of their span.
    r2 : array, shape (3,)
        R^2 that its error of 7.98 is worth.
    """

    sd: np.ndarray
    mean_percent: np.ndarray
    r2: np.ndarray


def paper_errors() -> PaperErrors:
    """Estimate `PaperErrors` of the 325 samples by a normal distribution and the expected places of the extremes."""
    height, place = np.array([193.21, 249.34, 285.30]), norm.isf([1 - 0.625 / 325.25, 0.1231, 0.625 / 325.25])
    pairs = np.array([(0, 1), (1, 2), (0, 2)]).T
    sd = np.subtract(*height[pairs]) / np.subtract(*place[pairs])
    return PaperErrors(sd, 100 * HALF_NORMAL * sd / np.ptp(height), 1 - (7.98 / (HALF_NORMAL * sd)) ** 2)
