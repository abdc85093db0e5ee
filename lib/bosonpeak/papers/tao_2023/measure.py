"""What the chapter measures on samples: heights and rates, ceilings, the scores of networks and of ridge regression.

Heights are in 1e-6 (rad/ps)^-3 and distances in A. An interval is `(value, (low, high))`, 95 % over resampled parent
liquids, unless it is said otherwise. Single atoms are measured in `surroundings`.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from bosonpeak import statistics
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.learning import evaluation
from bosonpeak.learning.evaluation import correlation_within, error_gain, mean_absolute_error, r_squared, score_interval
from bosonpeak.learning.regression import Network, Trained, grouped_split
from bosonpeak.papers.tao_2023 import ceilings, studies
from bosonpeak.papers.tao_2023.descriptors import sample_inputs
from bosonpeak.statistics import spearman

MICRO = studies.MICRO
SHELL = 6.9
"""Distance in A within which most of the information lies: the paper has 6.85, and shells here are 0.1 wide."""
PAIR_INPUTS = ("total g(r)", "partial g(r)")
WIDTHS = (0.5, 0.7, 0.85, 1.2, 1.4)
"""Widths in rad/ps under which the target is read again."""
REACHES = {"12 Å": None, "6.9 Å": SHELL}
"""How far the inputs of the learning curve reach."""
Interval = tuple[float, tuple[float, float]]


@dataclass(frozen=True)
class Samples:
    """The tables of samples that the chapter uses.

    Attributes
    ----------
    every : xarray.Dataset
        The whole table.
    cooled, slow, usable : xarray.Dataset
        The glasses cooled at 1e13 to 1e15 K/s, those cooled more slowly, and those of `cooled` whose boson peak has an
        interior maximum.
    larger : xarray.Dataset or None
        Glasses of the paper's size cooled at 1e14 to 1e15 K/s; None where the archive has none.
    height, rate, parent : array, shape (n,)
        Boson peaks, cooling rates in K/s and seeds of the parent liquids of the samples of `usable`.
    n_atoms : int
        Atoms per sample.
    """

    every: xr.Dataset
    cooled: xr.Dataset
    slow: xr.Dataset
    usable: xr.Dataset
    larger: xr.Dataset | None
    height: np.ndarray
    rate: np.ndarray
    parent: np.ndarray
    n_atoms: int


def open_samples(table: str, larger: str) -> Samples:
    """The archived tables of samples of these names. Raises ValueError where the first is not archived."""
    every = load_result("samples", table)
    cooled, slow = studies.glasses(every, 1e13, 1e15), studies.glasses(every, 1e11, 9e12)
    fit, big = studies.usable(cooled), None
    if larger in shipped_results("samples"):
        big = studies.glasses(load_result("samples", larger), 1e14, 1e15)
    columns = fit.intensity.values * MICRO, fit.cooling_rate.values, fit.seed.values
    return Samples(every, cooled, slow, fit, big, *columns, int(every.attrs["n_atoms"]))


@dataclass(frozen=True)
class HeightAndRate:
    """How the boson peak of a glass depends on the rate at which it was cooled.

    Attributes
    ----------
    share_below, share_below_nu
        Share of the modes below omega = 10 rad/ps (an interval), and below nu = omega / 2 pi = 10 THz (a number).
    height : Interval
        Mean height.
    rises, falls : Interval
        Spearman's correlation of height and of place with the cooling rate; `rises_shuffled` and `falls_shuffled`
        are those with rates of other samples.
    levels_off : Interval or None
        Slope of the height over log10 of the rate below 1e13 K/s over that above; None for fewer than 20 slow glasses.
    dropped : Interval or None
        Share of the samples of the paper's size without an interior maximum; None where there are none.
    """

    share_below: Interval
    share_below_nu: float
    height: Interval
    rises: Interval
    rises_shuffled: float
    falls: Interval
    falls_shuffled: float
    levels_off: Interval | None
    dropped: Interval | None


def height_and_rate(samples: Samples, rng=None, n_resamples: int = 1000) -> HeightAndRate:
    """Measure `HeightAndRate` on the glasses of the archive; rng and n_resamples are those of the intervals."""
    cooled, parent, rate, sampled = samples.cooled, samples.parent, samples.rate, (rng, n_resamples)
    place = samples.usable.omega_peak.values
    share = (cooled.frequency.values <= 10).sum(axis=1) / (3 * samples.n_atoms)
    counts = cooled.spectrum_count.values.sum(axis=0)
    shuffled, levels_off = np.random.default_rng(rng).permutation(rate), None
    # resampled, fewer glasses may all have one rate
    if samples.slow.sizes["sample"] >= 20:
        both = studies.usable(studies.glasses(samples.every, 1e11, 1e15))
        turn, heights = np.log10(both.cooling_rate.values / 1e13), both.intensity.values * MICRO
        levels_off = score_interval(statistics.slope_ratio, heights, turn, both.seed.values, *sampled)
    big = samples.larger
    return HeightAndRate(
        statistics.grouped_interval(statistics.split_by_group(share, cooled.seed.values), np.mean, rng),
        float(counts[cooled.omega.values < 2 * np.pi * 10].sum() / counts.sum()),
        statistics.grouped_interval(statistics.split_by_group(samples.height, parent), np.mean, rng),
        score_interval(spearman, samples.height, rate, parent, *sampled),
        spearman(samples.height, shuffled),
        score_interval(spearman, place, rate, parent, *sampled),
        spearman(place, shuffled),
        levels_off,
        None if big is None else statistics.fraction_interval(~big.interior.values.astype(bool)),
    )


@dataclass(frozen=True)
class SizeCeiling:
    """At one number of atoms `n`: the standard deviation within a state, and the share of the variance between states.

    Both have 95 % intervals of normal values.
    """

    n: int
    spread: Interval
    share: Interval


@dataclass(frozen=True)
class Ceilings:
    """What a prediction of the height can reach.

    Attributes
    ----------
    share, spread : Interval
        Share of the variance between cooling rates, and the standard deviation within one.
    agreement : list of Interval
        R^2 between the height and the height under each of `WIDTHS` (Fisher's interval over samples).
    level : float
        R^2 between the height and the cumulative level.
    by_size : list of SizeCeiling
        At the rates that both sizes have.
    """

    share: Interval
    spread: Interval
    agreement: list[Interval]
    level: float
    by_size: list[SizeCeiling]


def measure_ceilings(samples: Samples) -> Ceilings:
    """Measure `Ceilings` on the glasses of the archive."""
    height, rate = samples.height, samples.rate
    share, spread = ceilings.state_ceiling(height, rate), statistics.within_states(height, rate)
    agreed = [ceilings.target_agreement(samples.usable, width) for width in WIDTHS]
    ends = [statistics.correlation_interval(np.sqrt(a), len(height)) for a in agreed]
    agreement = [(a, (low**2, high**2)) for a, (low, high) in zip(agreed, ends, strict=True)]
    by_size = [SizeCeiling(samples.n_atoms, spread, share)]
    if samples.larger is not None:
        fast, big = rate >= 0.99e14, studies.usable(samples.larger)
        groups = [(samples.n_atoms, height[fast], rate[fast])]
        groups += [(int(big.attrs["n_atoms"]), big.intensity.values * MICRO, big.cooling_rate.values)]
        by_size = [SizeCeiling(n, statistics.within_states(h, r), ceilings.state_ceiling(h, r)) for n, h, r in groups]
    level = statistics.pearson(samples.usable.level.values, height) ** 2
    return Ceilings(share, spread, agreement, level, by_size)


def sizes_text(found: Ceilings) -> str:
    """The spread within a rate and the ceiling of each size, as text."""
    spread = "N = {:,}: {:.1f} [{:.1f}, {:.1f}] within a rate, ceiling "
    return "; ".join(spread.format(s.n, s.spread[0], *s.spread[1]) + _text(s.share) for s in found.by_size)


HALF_NORMAL = float(np.sqrt(2 / np.pi))
"""Mean distance from the mean of a normal distribution, in standard deviations."""


@dataclass(frozen=True)
class PaperErrors:
    """What the paper's numbers amount to: the standard deviation of its heights, the error of guessing their mean, the
    same in per cent of their span, and the R^2 that its error of 7.98 is worth."""

    sd: float
    mean: float
    mean_percent: float
    r2: float


def paper_errors() -> PaperErrors:
    """From the paper's test set of 325 samples, by a normal distribution and the expected place of the lowest."""
    sd = (249.34 - 193.21) / (norm.isf(0.1231) - norm.ppf((1 - 0.375) / (325 + 0.25)))
    mean = HALF_NORMAL * sd
    return PaperErrors(float(sd), float(mean), float(100 * mean / (285.30 - 193.21)), float(1 - (7.98 / mean) ** 2))


@method("tao-2023-networks", version=1)
def small_training(
    table: str, parents: int, repeats: int, epochs: int, seed: int, progress: bool = False, folder=None
) -> xr.Dataset:
    """Networks on partial g(r) of the glasses of the first `parents` liquids of a table, in five folds of parents.

    Parameters
    ----------
    table : str
        An archived table of samples.
    parents, repeats, epochs, seed : int
        Number of parent liquids, of trainings and of epochs at most; the seed of the folds and weights.
    progress : bool
    folder : path-like, optional
        Where finished parts are kept.

    Returns
    -------
    xarray.Dataset
        `predicted` and `ridge` (repeat, sample): out-of-fold predictions of the network and of ridge regression on the
        same folds' parents; `intensity` and `seed` (sample).
    """
    fit = studies.usable(studies.glasses(load_result("samples", table), 1e13, 1e15))
    some = fit.isel(sample=np.isin(fit.seed.values, np.unique(fit.seed.values)[:parents]))
    options = {"repeats": repeats, "folds": 5, "seed": seed, "folder": folder, "progress": progress}
    unit = {"units": "1e-6 (rad/ps)^-3"}
    return xr.Dataset(
        {
            "predicted": (
                ("repeat", "sample"),
                studies.predicted(some, "partial g(r)", Network(epochs=epochs), **options),
            ),
            "ridge": (("repeat", "sample"), studies.predicted(some, "partial g(r)", "ridge", **options)),
            "intensity": ("sample", some.intensity.values * MICRO, unit),
            "seed": ("sample", some.seed.values),
        }
    )


@method("tao-2023-curve", version=1)
def ridge_curve(
    table: str, draws: int, seed: int, first: int | None = None, progress: bool = False, folder=None
) -> xr.Dataset:
    """Errors of ridge regression on more and more parent liquids of a table, by input and by how far it reaches.

    Parameters
    ----------
    table : str
    draws, seed : int
        Number of random subsets of each size, and their seed.
    first : int, optional
        Compute only so many of the smallest subsets; by default all.
    progress : bool
    folder : path-like, optional
        Nothing is kept there: it takes seconds.

    Returns
    -------
    xarray.Dataset
        `error` (count, draw, reach, input): mean absolute errors; `count` is the number of parents.
    """
    fit = studies.usable(studies.glasses(load_result("samples", table), 1e13, 1e15))
    many = len(np.unique(fit.seed.values))
    counts = [*(c for c in (8, 12, 20, 30, 45, 60) if c < many), many][:first]
    inputs = [sample_inputs(fit, kind, reach) for reach in REACHES.values() for kind in PAIR_INPUTS]
    height = fit.intensity.values * MICRO
    error = evaluation.learning_curve(inputs, height, fit.seed.values, "ridge", counts, draws, 5, seed, progress)
    return xr.Dataset(
        {"error": (("count", "draw", "reach", "input"), error.reshape(len(counts), draws, len(REACHES), 2))},
        {"count": counts, "reach": list(REACHES), "input": list(PAIR_INPUTS)},
    )


_TABLE = {"table": "Cu50Zr50-mendelev-2019-n1000", "seed": 2023}
NETWORKS = Measurement(
    "tao-2023-networks", small_training, _TABLE | {"parents": 30, "repeats": 3, "epochs": 1000}, "book"
)
CURVE = Measurement("tao-2023-curve", ridge_curve, _TABLE | {"draws": 6, "first": None}, "book")
MEASUREMENTS = (NETWORKS, CURVE)


def ridge_again(live: xr.Dataset, samples: Samples, seed: int) -> np.ndarray:
    """The first repeat of ridge regression in a result of `small_training`, computed now, shape (sample,)."""
    x = sample_inputs(samples.usable, "partial g(r)")[np.isin(samples.parent, live.seed.values)]
    return evaluation.cross_predict(x, live.intensity.values, live.seed.values, "ridge", 5, 1, seed)[0]


def validation_errors(trained: Trained, samples: xr.Dataset, seed: int) -> np.ndarray:
    """Validation error (repeats,) of networks, computed again from their weights, in the scaled unit squared.

    samples: those that the networks were trained on; seed: of the training. It equals
    the error in `trained.history` at the epoch `trained.epochs`.
    """
    x, y = sample_inputs(samples, "partial g(r)"), samples.intensity.values * MICRO
    square = ((trained.predict(x) - y) / trained.target[1]) ** 2
    share = trained.network.held_back
    return np.array([row[grouped_split(samples.seed.values, share, seed + k)].mean() for k, row in enumerate(square)])


@dataclass(frozen=True)
class InputScores:
    """Scores of every input and model of one study of four inputs (`studies.compare_inputs`).

    Attributes
    ----------
    n : int
        Atoms per sample.
    y, seeds, states : array, shape (samples,)
        Heights, parent liquids and cooling rates.
    r2, error : dict of Interval
        R^2 and mean absolute error by (input, model), and by (number, "boosted") of gradient boosting on one number.
    best : dict of arrays
        Predictions of the best network of each input.
    mean, partial, shuffled : array
        Predictions of the mean, of the first network on partial g(r), and of one trained on heights of other samples.
    share : Interval
        Share of the variance between cooling rates.
    gain : Interval
        By how much the error on partial g(r) is below that on total g(r), relative to the latter.
    """

    n: int
    y: np.ndarray
    seeds: np.ndarray
    states: np.ndarray
    r2: dict
    error: dict
    best: dict
    mean: np.ndarray
    partial: np.ndarray
    shuffled: np.ndarray
    share: Interval
    gain: Interval

    @property
    def span(self) -> float:
        """Highest less lowest height."""
        return float(np.ptp(self.y))

    @property
    def mean_error(self) -> float:
        """Error of guessing the mean."""
        return mean_absolute_error(self.y, self.mean)


def input_scores(found: xr.Dataset, rng=None, n_resamples: int = 1000) -> InputScores:
    """Score a study of inputs; rng and n_resamples are those of the intervals."""
    y, seeds, states = found.intensity.values, found.seed.values, found.cooling_rate.values

    def scored(score, predicted):
        return score_interval(score, y, predicted.values, seeds, rng, n_resamples)

    told = {(k, m): found.predicted.sel(input=k, model=m) for k in found.input.values for m in found.model.values}
    told |= {(name, "boosted"): found.single.sel(control=name) for name in found.control.values}
    return InputScores(
        n=int(found.attrs["n_atoms"]), y=y, seeds=seeds, states=states,
        r2={key: scored(r_squared, p) for key, p in told.items()},
        error={key: scored(mean_absolute_error, p) for key, p in told.items()},
        best=studies.best_networks(found),
        mean=told["partial g(r)", "mean"].values,
        partial=told["partial g(r)", "network 1"].values,
        shuffled=found.shuffled.sel(input="partial g(r)").values,
        share=ceilings.state_ceiling(y, states),
        gain=studies.input_gain(found, "partial g(r)", "total g(r)", rng, n_resamples),
    )  # fmt: skip


def leakage(found: xr.Dataset, rng=None, n_resamples: int = 1000) -> Interval:
    """By how much R^2 of ridge regression rises where glasses of one parent are on both sides of a split."""
    told = [found.leaking.sel(input="partial g(r)").values]
    told += [found.predicted.sel(input="partial g(r)", model="ridge").values]
    args = found.intensity.values, told, found.seed.values
    return score_interval(evaluation.r_squared_gain, *args, rng, n_resamples)


def _text(interval, form=".2f") -> str:
    """An interval as text, without a negative zero."""
    value, (low, high) = interval
    return f"{round(value, 2) + 0.0:{form}} [{low:{form}}, {high:{form}}]"


def scores_table(scores: InputScores) -> pd.DataFrame:
    """Errors and R^2 of every input and model with their intervals, as text."""
    mean = "partial g(r)", "mean"
    keys = [mean, *(key for key in scores.r2 if key[1] != "mean")]
    shown = {mean: ("none", "mean")}
    return pd.DataFrame(
        {"input": kind, "model": model.replace("boosted", "gradient boosting"),
         "MAE (1e-6 (rad/ps)^-3)": _text(scores.error[key]), "R²": _text(scores.r2[key])}
        for key in keys for kind, model in [shown.get(key, key)]
    )  # fmt: skip


@dataclass(frozen=True)
class SizeScores:
    """What one size of sample tells: the error of the best network of each input over that of the mean (`error`), the
    number of glasses needed to tell gains of 12.6 % and 3 % from 0 (`need`), and by how many per cent a model that
    knows the state, and no more, is ahead of the mean (`most`: value, low, high)."""

    scores: InputScores
    error: list[Interval]
    need: list[int]
    most: list[float]


def size_scores(scores: InputScores, rng=None, n_resamples: int = 1000) -> SizeScores:
    """Compare the errors of a study with those of guessing the mean; rng and n_resamples are of the intervals."""
    many = len(np.unique(scores.seeds))
    error = [
        score_interval(evaluation.error_ratio, scores.y, [best, scores.mean], scores.seeds, rng, n_resamples)
        for best in scores.best.values()
    ]
    groups = [statistics.groups_to_tell(scores.gain[1], many, size) for size in (0.126, 0.03)]
    most = [100 * (1 - np.sqrt(1 - np.clip(s, 0, 1))) for s in (scores.share[0], *scores.share[1])]
    return SizeScores(scores, error, [round(g * len(scores.y) / many) for g in groups], most)


@dataclass(frozen=True)
class Reach:
    """How predictions from partial g(r) depend on the distance to which it reaches.

    Attributes
    ----------
    cutoffs : array, shape (c,)
        Distances in A.
    error : dict of arrays, each of shape (c,)
        Mean absolute error of "network" and of "ridge regression".
    length, least : Interval
        Distance from which on the network's error stays within 3 % of the last, and where it is least.
    r2, within : dict of lists of Interval
        R^2 and the correlation within cooling rates, by model and cutoff.
    unlearned : float
        The correlation within cooling rates of a network trained on heights of other samples.
    """

    cutoffs: np.ndarray
    error: dict
    length: Interval
    least: Interval
    r2: dict
    within: dict
    unlearned: float

    @property
    def shell(self) -> int:
        """Index of the cutoff nearest to `SHELL`."""
        return int(np.argmin(abs(self.cutoffs - SHELL)))


def reach(scan: xr.Dataset, scores: InputScores, rng=None, n_resamples: int = 1000) -> Reach:
    """Measure `Reach` on a scan over cutoffs of the glasses that the scores are of."""
    cutoffs, y, seeds, sampled = scan.value.values, scan.intensity.values, scan.seed.values, (rng, n_resamples)
    models = {"network": scan.predicted.values, "ridge regression": scan.ridge.values}
    settle = partial(statistics.settling_value, cutoffs, tolerance=0.03)
    args = y, models["network"], seeds, *sampled

    def scored(score, *told):
        return score_interval(score, scores.y, [*told], scores.seeds, *sampled)

    return Reach(
        cutoffs,
        {name: abs(p - y).mean(axis=(1, 2)) for name, p in models.items()},
        ceilings.curve_interval(settle, *args),
        ceilings.curve_interval(lambda e: cutoffs[np.argmin(e)], *args),
        {name: [scored(r_squared, p) for p in each] for name, each in models.items()},
        {n: [scored(correlation_within, p.mean(axis=0), scores.states) for p in each] for n, each in models.items()},
        statistics.correlation_within(scores.y, scores.shuffled.mean(axis=0), scores.states),
    )


def ridge_shells(samples: Samples, repeats: int, seed: int, n_resamples: int = 1000) -> tuple[pd.DataFrame, Interval]:
    """Ridge regression on the pairs within `SHELL`, of glasses, liquids and larger glasses, trained and tested apart.

    Returns a table of scores as text, and the gain of partial over total g(r) of the first group.
    """
    every, sampled = samples.every, (seed, n_resamples)
    at_once = every.isel(sample=np.flatnonzero(np.isinf(every.cooling_rate.values)))
    groups = [("glasses", studies.glasses(every, 1e12, 1e15), "cooling_rate")]
    groups += [("liquids quenched at once", at_once, "melt_temperature")]
    groups += [] if samples.larger is None else [("glasses", samples.larger, "cooling_rate")]
    rows, gains = [], []
    for name, group, state in groups:
        group = studies.usable(group)
        y, seeds, states = group.intensity.values * MICRO, group.seed.values, group[state].values
        told = {k: evaluation.cross_predict(sample_inputs(group, k, SHELL), y, seeds, "ridge", 5, repeats, seed)
                for k in PAIR_INPUTS}  # fmt: skip
        gains.append(score_interval(error_gain, y, [told["partial g(r)"], told["total g(r)"]], seeds, *sampled))
        row = {"samples": f"{len(y)} {name}, N = {group.attrs['n_atoms']:,}"}
        for kind, predicted in told.items():
            inside = score_interval(correlation_within, y, [predicted.mean(axis=0), states], seeds, *sampled)
            row[f"R², {kind}"] = _text(score_interval(r_squared, y, predicted, seeds, *sampled))
            row[f"r within a state, {kind}"] = "{:.2f} [{:.2f}, {:.2f}]".format(inside[0], *inside[1])
        row["partial beats total by (%)"] = "{:+.1f} [{:+.1f}, {:+.1f}]".format(*100 * np.hstack(gains[-1]))
        rows.append(row)
    return pd.DataFrame(rows), gains[0]


@dataclass(frozen=True)
class StateRead:
    """How well the state of a glass is predicted from g(r).

    Attributes
    ----------
    r2, gain : dict of Interval
        By target: R^2 of the network on partial g(r), and the gain of partial over total g(r).
    shuffled_r2, shuffled_gain : dict of float
        The same of networks trained on targets of other samples.
    ridge : dict of Interval
        R^2 of ridge regression by (target, input).
    shares : dict of Interval
        Share of the variance between cooling rates, by target.
    """

    r2: dict
    gain: dict
    shuffled_r2: dict
    shuffled_gain: dict
    ridge: dict
    shares: dict


def state_read(found: xr.Dataset, samples: Samples, repeats: int, seed: int, n_resamples: int = 1000) -> StateRead:
    """Measure `StateRead` on a study of targets (`studies.predict_state`) and, by ridge regression, on its glasses."""
    seeds, sampled = found.seed.values, (seed, n_resamples)
    r2, gain, shuffled_r2, shuffled_gain = {}, {}, {}, {}
    for target in found.target.values.tolist():
        of = found.sel(target=target)
        (good, bad), (total, bad_total) = (
            [of[which].sel(input=kind).values for which in ("predicted", "shuffled")]
            for kind in ("partial g(r)", "total g(r)")
        )
        r2[target] = score_interval(r_squared, of.true.values, good, seeds, *sampled)
        gain[target] = score_interval(error_gain, of.true.values, [good, total], seeds, *sampled)
        shuffled_r2[target] = r_squared(of.true.values, bad)
        shuffled_gain[target] = error_gain(of.true.values, bad, bad_total)
    pool = studies.usable(studies.glasses(samples.every, 1e12, 1e15))
    # the glasses that the networks had, in case the table has grown
    pool = pool.isel(sample=np.isin(pool.seed.values, seeds))
    names = ["cooling rate", "energy", "volume", "cumulative level", "shear modulus", "Debye level"]
    targets = {n: sample_inputs(pool, n)[:, 0] for n in names} | {"boson peak": pool.intensity.values}
    ridge = {}
    for name, y in targets.items():
        for kind in PAIR_INPUTS:
            told = evaluation.cross_predict(sample_inputs(pool, kind), y, pool.seed.values, "ridge", 5, repeats, seed)
            ridge[name, kind] = score_interval(r_squared, y, told, pool.seed.values, *sampled)
    rate = pool.cooling_rate.values
    shares = {name: ceilings.state_ceiling(y, rate) for name, y in targets.items() if name != "cooling rate"}
    return StateRead(r2, gain, shuffled_r2, shuffled_gain, ridge, shares)


def threshold(limits: xr.Dataset, rng=None, n_resamples: int = 1000) -> tuple[Interval, np.ndarray]:
    """The participation ratio at which to cut with the least error, and the errors (threshold, repeat)."""
    values, y = limits.value.values, limits.intensity.values
    told = y, limits.predicted.values, limits.seed.values, rng, n_resamples
    found = ceilings.curve_interval(lambda e: values[np.argmin(e)], *told)
    return found, abs(limits.predicted.values - y).mean(axis=2)


def liquids_as_well(wide: xr.Dataset, rng=None, n_resamples: int = 1000) -> tuple[dict, dict, Interval]:
    """Scores over glasses and liquids together: R^2 by (input, model), by single number, and the network's lead.

    The lead is R^2 of the network on partial g(r) less that of gradient boosting on the energy alone.
    """
    y, seeds, sampled = wide.intensity.values, wide.seed.values, (rng, n_resamples)
    by_model = {
        (k, m): wide.predicted.sel(input=k, model=m).values for k in wide.input.values for m in wide.model.values
    }
    single = {name: wide.single.sel(control=name).values for name in wide.control.values}
    lead = [by_model["partial g(r)", "network 1"], single["energy"]]
    return (
        {key: score_interval(r_squared, y, p, seeds, *sampled) for key, p in by_model.items()},
        {name: score_interval(r_squared, y, p, seeds, *sampled) for name, p in single.items()},
        score_interval(evaluation.r_squared_gain, y, lead, seeds, *sampled),
    )
