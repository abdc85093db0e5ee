"""What the chapter measures: how well the height of the boson peak, and the state of a glass, are predicted.

The predictions are those of archived studies (`studies`) and of ridge regression. Heights and errors are in
1e-6 (rad/ps)^-3. Intervals are over resampled parent liquids (`heights.Interval`).
"""

from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.learning import evaluation
from bosonpeak.learning.evaluation import r_squared, score_interval
from bosonpeak.papers.tao_2023 import studies
from bosonpeak.papers.tao_2023.atoms import within_elements
from bosonpeak.papers.tao_2023.descriptors import PAIR_INPUTS
from bosonpeak.papers.tao_2023.heights import Controlled, Interval, state_ceiling
from bosonpeak.statistics import pearson

MEAN = ("partial g(r)", "mean")
"""The model that guesses the mean of the samples that it was trained on; the input does not matter to it."""


@dataclass(frozen=True)
class InputScores:
    """Scores of every input and model of one study of inputs (`studies.compare_inputs`).

    Models are named as in the study; gradient boosting on a single number has that number as its input. Every score is
    that of the mean prediction of the repeats. The best network of an input is the one with the least error.

    Attributes
    ----------
    n, glasses : int
        Atoms per sample, and number of samples.
    guess : array, shape (samples,)
        Predictions of the first network on partial g(r).
    r2, error, relative : dict of Interval
        R^2, mean absolute error, and that error over the span of the heights, by (input, model).
    over_mean, over_total : dict of Interval
        Error of the best network of each input over that of `MEAN`, and over that of the best network on total g(r).
    gain : Controlled
        1 - error of the best network on partial g(r) over that on total g(r); the control has `MEAN` instead of the
        former.
    shuffled_r2, shuffled_within : float
        R^2, and the correlation within cooling rates, of the first network on partial g(r) if it is trained on heights
        of other samples.
    over_others : Controlled
        Error of the best network on partial g(r) over the least error of the best networks on the other inputs; the
        control has `MEAN` instead of the former.
    architectures : Controlled
        Largest over smallest error of the three networks on partial g(r), less 1; the control compares the first
        network over the four inputs.
    highest : Interval
        Mean error of the first network on partial g(r) for the 12.31 % of the samples with the highest boson peaks,
        over that of all.
    leakage : Interval
        By how much R^2 of ridge regression rises if glasses of one parent are on both sides of a split.
    share : Interval
        Share of the variance between cooling rates.
    """

    n: int
    glasses: int
    guess: np.ndarray
    r2: dict[tuple[str, str], Interval]
    error: dict[tuple[str, str], Interval]
    relative: dict[tuple[str, str], Interval]
    over_mean: dict[str, Interval]
    over_total: dict[str, Interval]
    gain: Controlled
    shuffled_r2: float
    shuffled_within: float
    over_others: Controlled
    architectures: Controlled
    highest: Interval
    leakage: Interval
    share: Interval


def _spread_of_errors(y, predicted) -> float:
    """Largest over smallest mean absolute error of several models (m, n), less 1."""
    errors = abs(predicted - y).mean(axis=-1)
    return float(errors.max() / errors.min() - 1)


def _over_least(y, predicted, others) -> float:
    """Mean absolute error of predicted (n,) over the least of those of others (m, n)."""
    return float(abs(predicted - y).mean() / abs(others - y).mean(axis=-1).min())


def _error_of_highest(y, predicted) -> float:
    error, few = abs(predicted - y), np.argsort(y)[-max(1, round(0.1231 * len(y))) :]
    return float(error[few].mean() / error.mean())


def input_scores(found: xr.Dataset, rng=None, n_resamples: int = 1000, fastest: float = np.inf) -> InputScores:
    """Score a study of inputs.

    Parameters
    ----------
    found : xarray.Dataset
        Of `studies.compare_inputs`, with partial and total g(r) among its inputs.
    rng, n_resamples
        Of the intervals, as of `evaluation.score_interval`.
    fastest : float
        Score only the samples that were cooled at this rate (K/s) or more slowly.

    Returns
    -------
    InputScores

    Raises
    ------
    ValueError
        As `heights.state_ceiling`.
    """
    # the mean of the repeats is one prediction, for networks and for all that they are compared with
    found = found.mean("repeat", keep_attrs=True).isel(sample=found.cooling_rate.values <= 1.001 * fastest)
    y, seeds, states = found.intensity.values, found.seed.values, found.cooling_rate.values
    interval = partial(score_interval, y=y, groups=seeds, rng=rng, n_resamples=n_resamples)
    models = product(found.input.values, found.model.values)
    by_model = {(kind, model): found.predicted.sel(input=kind, model=model).values for kind, model in models}
    by_model |= {(c, "gradient boosting"): found.single.sel(control=c).values for c in found.control.values}
    best, mean, network = studies.best_networks(found), by_model[MEAN], by_model["partial g(r)", "network 1"]
    shuffled, leaking = (found[name].sel(input="partial g(r)").values for name in ("shuffled", "leaking"))
    error = {key: interval(evaluation.mean_absolute_error, predicted=p) for key, p in by_model.items()}
    pairs, share = [best["partial g(r)"], best["total g(r)"]], state_ceiling(y, states)
    others = np.array([each for kind, each in best.items() if kind != "partial g(r)"])
    networks = found.predicted.sel(model=[m for m in found.model.values if m.startswith("network")])
    by_architecture, by_input = networks.sel(input="partial g(r)").values, networks.values[:, 0]
    return InputScores(
        n=int(found.attrs["n_atoms"]),
        glasses=len(y),
        guess=network,
        r2={key: interval(r_squared, predicted=p) for key, p in by_model.items()},
        error=error,
        relative={key: (e / np.ptp(y), (low / np.ptp(y), high / np.ptp(y))) for key, (e, (low, high)) in error.items()},
        over_mean={kind: interval(evaluation.error_ratio, predicted=[p, mean]) for kind, p in best.items()},
        over_total={kind: interval(evaluation.error_ratio, predicted=[p, pairs[1]]) for kind, p in best.items()},
        gain=(interval(evaluation.error_gain, predicted=pairs), evaluation.error_gain(y, mean, pairs[1])),
        shuffled_r2=r_squared(y, shuffled),
        shuffled_within=statistics.correlation_within(y, shuffled, states),
        over_others=(interval(_over_least, predicted=[pairs[0], others]), _over_least(y, mean, others)),
        architectures=(interval(_spread_of_errors, predicted=by_architecture), _spread_of_errors(y, by_input)),
        highest=interval(_error_of_highest, predicted=network),
        leakage=interval(evaluation.r_squared_gain, predicted=[leaking, by_model["partial g(r)", "ridge"]]),
        share=share,
    )


def neuron_agreement(neuron: xr.Dataset) -> Controlled:
    """How closely the weights of a single neuron follow the difference of g(r) between high and low boson peaks.

    Parameters
    ----------
    neuron : xarray.Dataset
        The archived study "neuron".

    Returns
    -------
    Controlled
        Mean over the repeats of |r| of weights and difference, with the interval of Student's t over the repeats; the
        control is the mean for networks that were trained on heights of other samples, whose weights are compared with
        the difference between the samples with the highest and the lowest of these heights.
    """
    weights, shuffled = (
        [abs(statistics.pearson(neuron[followed].values, row)) for row in neuron[name].values]
        for name, followed in (("weight", "difference"), ("shuffled", "null"))
    )
    return statistics.mean_interval(weights, 0, 1), float(np.mean(shuffled))


def beyond_numbers(y, predicted, numbers) -> float:
    """Pearson's r of y and predicted (n,), after what is linear in some numbers (c, n) is taken from both."""
    known = np.vstack([np.ones(len(y)), *numbers]).T
    return pearson(*(v - known @ np.linalg.lstsq(known, v, rcond=None)[0] for v in (y, predicted)))


@dataclass(frozen=True)
class FreshScores:
    """How well the heights of glasses are predicted whose parents no model saw.

    Attributes
    ----------
    r2 : dict of Interval
        R^2 by model and input, such as ("ridge", "partial g(r)"), and of ("ridge", "single numbers").
    targets : dict of Interval
        R^2 of ridge regression by target and input.
    gain : dict of Interval
        1 - error on partial g(r) over that on total g(r), by model.
    shuffled : float
        R^2 of ridge regression on partial g(r) that was trained on heights of other samples.
    bottom_up : Controlled
        Correlation of the height of a glass with the mean of what is predicted for its atoms; the control is the mean
        over models that were trained on heights of other atoms.
    within, given : Interval
        The same within cooling rates, and after what is linear in `RIVALS` is taken from both.
    lead : dict of Interval
        "atoms": by how much the correlation exceeds that of ridge regression on partial g(r). "network" and "numbers":
        R^2 of the network, and of ridge regression on `RIVALS`, less that of ridge regression on partial g(r).
    adds : Controlled
        R^2 of `RIVALS` and what partial g(r) adds to them, less that of `RIVALS`; the control has g(r) of others.
    known : Interval
        The correlation `bottom_up` for the structures of the table that was trained on, in folds of parents.
    own, by_rate : float
        Correlation of the height with the mean of the true values of the atoms, and, for the structures of the table
        that was trained on, with the logarithm of the cooling rate.
    """

    r2: dict[tuple[str, str], Interval]
    targets: dict[tuple[str, str], Interval]
    gain: dict[str, Interval]
    shuffled: float
    bottom_up: Controlled
    within: Interval
    given: Interval
    lead: dict[str, Interval]
    adds: Controlled
    known: Interval
    own: float
    by_rate: float


def fresh_scores(found: xr.Dataset, rng=None, n_resamples: int = 1000) -> FreshScores:
    """Score a result of `archived.predict_fresh`; rng and n_resamples are those of `evaluation.score_interval`."""
    over = partial(score_interval, rng=rng, n_resamples=n_resamples)
    of_samples, y = partial(over, groups=found.seed.values), found.true.values[0]
    models, names = {"ridge": found.ridge.values[:, 0]}, found.target.values.tolist()
    models["network"] = found.network.values.mean(axis=1)
    guesses = {
        (model, kind): row for model, rows in models.items() for kind, row in zip(PAIR_INPUTS, rows, strict=True)
    }
    guesses["ridge", "single numbers"], pairs = found.rivals.values, models["ridge"][1]
    new, old = (found.isel(structure=(found.row.values >= 0) == which) for which in (True, False))
    guess, row, height = new.predicted.values, new.row.values, new.height.values
    of_new = partial(over, y=height, groups=new.parent.values)
    return FreshScores(
        r2={name: of_samples(r_squared, y, predicted) for name, predicted in guesses.items()},
        targets={(name, kind): of_samples(r_squared, true, found.ridge.sel(target=name, input=kind).values)
                 for name, true in zip(names, found.true.values, strict=True) for kind in PAIR_INPUTS},
        gain={model: of_samples(evaluation.error_gain, y, [rows[1], rows[0]]) for model, rows in models.items()},
        shuffled=r_squared(y, found.shuffled.values),
        bottom_up=(of_new(pearson, predicted=guess), float(np.mean([pearson(height, m) for m in new.mixed.values]))),
        within=of_new(evaluation.correlation_within, predicted=[guess, new.state.values]),
        given=of_new(beyond_numbers, predicted=[guess, found.rival.values[:, row]]),
        lead={"atoms": of_new(lambda y, a, b: pearson(y, a) - pearson(y, b), predicted=[guess, pairs[row]]),
              "network": of_samples(evaluation.r_squared_gain, y, [models["network"][1], pairs]),
              "numbers": of_samples(evaluation.r_squared_gain, y, [found.rivals.values, pairs])},
        adds=(of_samples(evaluation.r_squared_gain, y, [found.both.values, found.rivals.values]),
              evaluation.r_squared_gain(y, found.both_shuffled.values, found.rivals.values)),
        known=over(pearson, old.height.values, old.predicted.values, old.parent.values),
        own=pearson(height, new.own.values),
        by_rate=pearson(old.height.values, np.log10(old.state.values)),
    )  # fmt: skip


def transfer_score(found: xr.Dataset, kind: str, rng=None, n_resamples: int = 1000) -> Controlled:
    """Correlation of height and prediction of one kind of `archived.predict_others`; the control was shuffled."""
    some = found.isel(sample=found.kind.values == kind)
    y, predicted, shuffled = (some[name].values for name in ("height", "predicted", "shuffled"))
    return score_interval(pearson, y, predicted, some.seed.values, rng, n_resamples), pearson(y, shuffled)


def within_lead(true, predicted, other, number, groups, rng=None, n_resamples: int = 100) -> tuple[Interval, ...]:
    """Correlation within elements of two predictions for atoms (n,), and by how much the former exceeds the latter.

    number (n,): atomic numbers; groups (n,): parent liquids, over which the intervals are.
    """
    over = partial(score_interval, y=true, groups=groups, rng=rng, n_resamples=n_resamples)

    def lead(true, predicted, other, number):
        return within_elements(true, predicted, number) - within_elements(true, other, number)

    each = [over(within_elements, predicted=[p, number]) for p in (predicted, other)]
    return *each, over(lead, predicted=[predicted, other, number])


def transfer_by_family(found: xr.Dataset, name: str = "r") -> dict[str, Interval]:
    """Mean of a correlation over the glasses of one kind (study "transfer"); one glass has no interval."""
    kinds = found.glass.to_series().str.replace(r"(\w+)-.*-n(\d+)-(\w+)-s.*", r"\1, N = \2, \3 K/s", regex=True)
    by_kind = found[name].to_series().groupby(kinds, sort=False)
    return {k: statistics.mean_interval(v, -1, 1) if len(v) > 1 else (v.iloc[0], (v.iloc[0],) * 2) for k, v in by_kind}
