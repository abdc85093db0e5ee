"""How predictions depend on the distance to which pairs are seen, and on the threshold of the participation ratio.

Distances are in A, heights and errors in 1e-6 (rad/ps)^-3. Intervals are over resampled parent liquids
(`heights.Interval`).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.learning.evaluation import correlation_within, score_interval
from bosonpeak.papers.tao_2023.heights import Interval
from bosonpeak.statistics import settling_value


@dataclass(frozen=True)
class ScanScores:
    """How predictions depend on one option of their input, such as the distance to which partial g(r) reaches.

    Attributes
    ----------
    error : array, shape (v, repeats)
        Mean absolute error of each network by value of the option.
    mean_error : pandas.DataFrame
        That of the mean prediction of the networks, and of ridge regression: rows are values of the option, columns are
        models ("network", "ridge regression").
    length, least : Interval
        Value from which on the network's `mean_error` stays within 3 % of the last, and value at which it is least.
    gain : float
        By how many per cent the network's `mean_error` falls from the worst value to the best.
    within : dict of Interval
        The correlation within states of the mean prediction, by (model, value).
    """

    error: np.ndarray
    mean_error: pd.DataFrame
    length: Interval
    least: Interval
    gain: float
    within: dict[tuple[str, float], Interval]


def curve_interval(statistic, y, predicted, groups, rng=None, n_resamples: int = 500) -> Interval:
    """A statistic of a curve of mean absolute errors, and its 95 % interval over resampled groups.

    Parameters
    ----------
    statistic : callable
        Function of the errors (v,).
    y : array, shape (n,)
    predicted : array, shape (v, n)
        Such as the predictions for v cutoffs.
    groups : array, shape (n,)
    rng, n_resamples
        As of `evaluation.score_interval`.

    Returns
    -------
    (value, (low, high))
    """
    error = abs(np.asarray(predicted, float) - np.asarray(y, float))
    return score_interval(lambda _, e: statistic(e.mean(axis=1)), y, error, groups, rng, n_resamples)


def scan_scores(scan: xr.Dataset, states, rng=None, n_resamples: int = 1000) -> ScanScores:
    """Score an archived scan.

    Parameters
    ----------
    scan : xarray.Dataset
        The archived study "cutoffs" or "thresholds".
    states : array, shape (samples,)
        Cooling rates of its samples.
    rng, n_resamples
        Of the intervals, as of `evaluation.score_interval`.

    Returns
    -------
    ScanScores

    Raises
    ------
    ValueError
        As `statistics.correlation_within`.
    """
    y, values, names = scan.intensity.values, scan.value.values, {"network": "predicted", "ridge regression": "ridge"}
    models = {model: scan[name].values.mean(axis=1) for model, name in names.items() if name in scan}
    drawn = {"y": y, "groups": scan.seed.values, "rng": rng, "n_resamples": n_resamples}
    curve, score = partial(curve_interval, predicted=models["network"], **drawn), partial(score_interval, **drawn)
    mean_error = pd.DataFrame({model: abs(each - y).mean(axis=1) for model, each in models.items()}, values)
    parts = {(model, v): p for model, each in models.items() for v, p in zip(values.tolist(), each, strict=True)}
    return ScanScores(
        error=abs(scan.predicted.values - y).mean(axis=2),
        mean_error=mean_error,
        length=curve(partial(settling_value, values, tolerance=0.03)),
        least=curve(lambda error: values[np.argmin(error)]),
        gain=float(100 * (1 - mean_error["network"].min() / mean_error["network"].max())),
        within={key: score(correlation_within, predicted=[p, states]) for key, p in parts.items()},
    )
