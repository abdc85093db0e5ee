"""What the chapter measures: how well the height of the boson peak, and the state of a glass, are predicted.

The predictions are those of archived studies (`studies`) and of ridge regression. Heights and errors are in
1e-6 (rad/ps)^-3. Intervals are over resampled parent liquids (`heights.Interval`).
"""

from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.learning import evaluation
from bosonpeak.learning.evaluation import r_squared, score_interval
from bosonpeak.papers.tao_2023 import studies
from bosonpeak.papers.tao_2023.descriptors import NUMBERS, sample_inputs
from bosonpeak.papers.tao_2023.heights import Controlled, Interval, Samples, interval_text, state_ceiling

MEAN = ("partial g(r)", "mean")
"""The model that guesses the mean of the samples that it was trained on; the input does not matter to it."""


@dataclass(frozen=True)
class InputScores:
    """Scores of every input and model of one study of inputs (`studies.compare_inputs`).

    Models are named as in the study; gradient boosting on a single number has that number as its input. The best
    network of an input is the one with the least error.

    Attributes
    ----------
    n, glasses : int
        Atoms per sample, and number of samples.
    guess : array, shape (samples,)
        Predictions of the first network on partial g(r), mean over the repeats.
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
    leakage : Interval
        By how much R^2 of ridge regression rises if glasses of one parent are on both sides of a split.
    over_energy : Interval
        R^2 of the first network on partial g(r) less that of gradient boosting on the energy alone.
    share : Interval
        Share of the variance between cooling rates.
    needed : list of int
        Numbers of glasses with which gains of 12.6 % and of 3 % can be distinguished from 0.
    most : Interval
        By how many per cent the error of a model that knows the state and nothing else is below that of `MEAN`.
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
    leakage: Interval
    over_energy: Interval
    share: Interval
    needed: list[int]
    most: Interval


def input_scores(found: xr.Dataset, rng=None, n_resamples: int = 1000) -> InputScores:
    """Score a study of inputs.

    Parameters
    ----------
    found : xarray.Dataset
        Of `studies.compare_inputs`, with partial and total g(r) among its inputs.
    rng, n_resamples
        Of the intervals, as of `evaluation.score_interval`.

    Returns
    -------
    InputScores

    Raises
    ------
    ValueError
        As `heights.state_ceiling`.
    """
    y, seeds, states = found.intensity.values, found.seed.values, found.cooling_rate.values
    interval = partial(score_interval, y=y, groups=seeds, rng=rng, n_resamples=n_resamples)
    models = product(found.input.values, found.model.values)
    by_model = {(kind, model): found.predicted.sel(input=kind, model=model).values for kind, model in models}
    by_model |= {(c, "gradient boosting"): found.single.sel(control=c).values for c in found.control.values}
    best, mean, network = studies.best_networks(found), by_model[MEAN], by_model["partial g(r)", "network 1"]
    shuffled, leaking = (found[name].sel(input="partial g(r)").values for name in ("shuffled", "leaking"))
    total, glasses, parents = best["total g(r)"], len(y), len(np.unique(seeds))
    error = {key: interval(evaluation.mean_absolute_error, predicted=p) for key, p in by_model.items()}
    gain, share = interval(evaluation.error_gain, predicted=[best["partial g(r)"], total]), state_ceiling(y, states)
    needed = [statistics.groups_to_tell(gain[1], parents, size) * glasses / parents for size in (0.126, 0.03)]
    most, low, high = 100 * (1 - np.sqrt(1 - np.clip([share[0], *share[1]], 0, 1)))
    return InputScores(
        n=int(found.attrs["n_atoms"]),
        glasses=glasses,
        guess=network.mean(axis=0),
        r2={key: interval(r_squared, predicted=p) for key, p in by_model.items()},
        error=error,
        relative={key: (e / np.ptp(y), (low / np.ptp(y), high / np.ptp(y))) for key, (e, (low, high)) in error.items()},
        over_mean={kind: interval(evaluation.error_ratio, predicted=[p, mean]) for kind, p in best.items()},
        over_total={kind: interval(evaluation.error_ratio, predicted=[p, total]) for kind, p in best.items()},
        gain=(gain, evaluation.error_gain(y, mean, total)),
        shuffled_r2=r_squared(y, shuffled),
        shuffled_within=statistics.correlation_within(y, shuffled.mean(axis=0), states),
        leakage=interval(evaluation.r_squared_gain, predicted=[leaking, by_model["partial g(r)", "ridge"]]),
        over_energy=interval(evaluation.r_squared_gain, predicted=[network, by_model["energy", "gradient boosting"]]),
        share=share,
        needed=[round(number) for number in needed],
        most=(most, (low, high)),
    )


def scores_table(scores: InputScores) -> pd.DataFrame:
    """Errors and R^2 of every input and model with their intervals, as text; `MEAN` once, and first."""
    shown = {MEAN: ("none", "mean")} | {key: key for key in scores.r2 if key[1] != "mean"}
    return pd.DataFrame(
        {"input": kind, "model": model, "MAE (1e-6 (rad/ps)^-3)": interval_text(scores.error[key]),
         "R²": interval_text(scores.r2[key])}
        for key, (kind, model) in shown.items()
    )  # fmt: skip


@dataclass(frozen=True)
class StateRead:
    """How well the state of a glass is predicted from g(r).

    Attributes
    ----------
    r2, gain : dict of Interval
        R^2 of the network on partial g(r), and 1 - its error over that of the network on total g(r), by (target,
        "predicted"), and by (target, "shuffled") for networks trained on targets of other samples.
    ridge : dict of Interval
        R^2 of ridge regression by (target, input).
    shares : dict of Interval
        Share of the variance between cooling rates, by target.
    rate : array, shape (samples,)
        Predictions of log10 of the cooling rate by the network on partial g(r), mean over the repeats.
    """

    r2: dict[tuple[str, str], Interval]
    gain: dict[tuple[str, str], Interval]
    ridge: dict[tuple[str, str], Interval]
    shares: dict[str, Interval]
    rate: np.ndarray


def state_read(found: xr.Dataset, samples: Samples, repeats: int, seed: int, n_resamples: int = 1000) -> StateRead:
    """Measure `StateRead` on a study of targets and, by ridge regression, on the glasses of that study.

    Parameters
    ----------
    found : xarray.Dataset
        Of `studies.predict_state`, with the cooling rate among its targets.
    samples : heights.Samples
    repeats, seed : int
        Number of random splits of ridge regression into folds, and the seed of these and of the intervals.
    n_resamples : int
        Of the intervals, as of `evaluation.score_interval`.

    Returns
    -------
    StateRead

    Raises
    ------
    ValueError
        As `descriptors.sample_inputs` and `heights.state_ceiling`.
    """
    interval = partial(score_interval, groups=found.seed.values, rng=seed, n_resamples=n_resamples)
    r2, gain, ridge, shares = {}, {}, {}, {}
    for target, which in product(found.target.values.tolist(), ("predicted", "shuffled")):
        y, both = found.true.sel(target=target).values, found[which].sel(target=target)
        networks = [both.sel(input=kind).values for kind in ("partial g(r)", "total g(r)")]
        r2[target, which] = interval(r_squared, y, networks[0])
        gain[target, which] = interval(evaluation.error_gain, y, networks)
    # the glasses that the networks had, in case the table has grown
    pool = samples.learned.isel(sample=np.isin(samples.learned.seed.values, found.seed.values))
    targets = {n: sample_inputs(pool, n)[:, 0] for n in NUMBERS} | {"boson peak": pool.intensity.values}
    for name, y in targets.items():
        for kind, predicted in studies.ridge_predictions(pool, y, repeats, seed).items():
            ridge[name, kind] = interval(r_squared, y, predicted, groups=pool.seed.values)
        if name != "cooling rate":
            shares[name] = state_ceiling(y, pool.cooling_rate.values)
    rate = found.predicted.sel(target="cooling rate", input="partial g(r)").values.mean(axis=0)
    return StateRead(r2, gain, ridge, shares, rate)


def neuron_agreement(neuron: xr.Dataset) -> Controlled:
    """How closely the weights of a single neuron follow the difference of g(r) between high and low boson peaks.

    Parameters
    ----------
    neuron : xarray.Dataset
        The archived study "neuron".

    Returns
    -------
    Controlled
        Mean over the repeats of |r| of weights and difference, with the interval of Student's t distribution; the
        control is the mean for networks trained on heights of other samples.
    """
    weights, shuffled = (
        [abs(statistics.pearson(neuron.difference.values, row)) for row in neuron[name].values]
        for name in ("weight", "shuffled")
    )
    return statistics.mean_interval(weights, 0, 1), float(np.mean(shuffled))
