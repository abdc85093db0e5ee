"""How well any model could predict the boson peak of a sample, and how far its definition matters (tao-2023)."""

import numpy as np
import xarray as xr

from bosonpeak.learning.evaluation import score_interval
from bosonpeak.papers.tao_2023.samples import sample_peak
from bosonpeak.statistics import normal_intraclass_correlation, split_by_group


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
    return normal_intraclass_correlation(split_by_group(intensity, states))


def target_agreement(table: xr.Dataset, width: float) -> float:
    """R^2 of the best straight line from I_BP read under another width to I_BP as it is, over samples.

    This is what the choice of a kernel leaves of the target: no model of one can be expected to do better on the other.
    Samples without an interior maximum under one of the two widths are left out.

    Parameters
    ----------
    table : xarray.Dataset
        Samples of glasses.
    width : float
        Standard deviation of the Gaussian of each level, in rad/ps.

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
    return float(np.corrcoef(np.array([p.intensity for p in peaks])[good], table.intensity.values[good])[0, 1] ** 2)


def curve_interval(statistic, y, predicted, groups, rng=None, n_resamples: int = 500):
    """A statistic of a curve of mean absolute errors, and its 95 % interval over resampled groups.

    Parameters
    ----------
    statistic : callable
        Function of the errors (v,).
    y : array, shape (n,)
    predicted : array, shape (v, repeats, n)
        Such as the predictions for v cutoffs.
    groups : array, shape (n,)
    rng, n_resamples
        As of `evaluation.score_interval`.

    Returns
    -------
    (value, (low, high))
    """
    error = abs(np.asarray(predicted, float) - np.asarray(y, float)).mean(axis=1)
    return score_interval(lambda _, e: statistic(e.mean(axis=1)), y, error, groups, rng, n_resamples)
