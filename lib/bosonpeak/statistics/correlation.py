"""Correlations of paired quantities, with 95 % intervals."""

import numpy as np
from scipy import stats

from .bootstrap import bootstrap_groups
from .intervals import mean_interval


def correlation_interval(r: float, n: float) -> tuple[float, float]:
    """95 % interval of Pearson's r of independent pairs by Fisher's transformation.

    Parameters
    ----------
    r : float
    n : float
        Number of independent pairs, which may be an effective number.

    Returns
    -------
    low, high : float
        (-1, 1) for four pairs or fewer.

    Raises
    ------
    ValueError
        If r lies outside [-1, 1].
    """
    if not -1 <= r <= 1:
        raise ValueError(f"r = {r} is not a correlation: it must lie in [-1, 1]")
    if n <= 4:
        return -1.0, 1.0
    centre, half = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15)), stats.norm.ppf(0.975) / np.sqrt(n - 3)
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))


def _ranks(values):
    """Ranks within a group, between -1/2 and 1/2; equal values share the mean of their ranks."""
    ordered = np.sort(values)
    ends = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return ends / (2 * len(values)) - 0.5


def rank_correlation(x_groups, y_groups, rng=None, n_resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Spearman's correlation of ranks taken within each group, pooled over the groups, and its 95 % interval.

    The bootstrap resamples the groups, and then the members of each group that was drawn.

    Parameters
    ----------
    x_groups, y_groups : lists of arrays, shape (n_g,)
        One array for each independent sample. Groups with fewer than three members are left out.
    rng : numpy.random.Generator or int, optional
    n_resamples : int

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        If the groups do not pair, none is left, a value is not finite, or one of the two quantities never varies.
    """
    if len(x_groups) != len(y_groups) or any(len(x) != len(y) for x, y in zip(x_groups, y_groups, strict=True)):
        raise ValueError("a correlation needs pairs: give as many groups, and as many members in each, on both sides")
    groups = [np.array([x, y], float) for x, y in zip(x_groups, y_groups, strict=True) if len(x) >= 3]
    if not groups or not np.isfinite(np.concatenate(groups, axis=1)).all():
        raise ValueError("a rank correlation needs a group of at least three finite pairs")

    def pooled(drawn):
        x, y = np.concatenate([[_ranks(values) for values in pair] for pair in drawn], axis=1)
        norm = np.sqrt((x @ x) * (y @ y))
        # a resample in which a quantity never varies has no correlation
        return float(x @ y / norm) if norm > 0 else np.nan

    if np.isnan(pooled(groups)):
        raise ValueError("one of the two quantities is the same everywhere: it has no ranks to correlate")
    return bootstrap_groups(groups, pooled, rng, n_resamples)


def mean_correlation(r) -> tuple[float, tuple[float, float]]:
    """Fisher's mean of the correlation coefficients of independent samples, and its 95 % interval.

    Student's t distribution is applied to arctanh(r), so that the interval stays between -1 and 1.

    Parameters
    ----------
    r : array, shape (n,)
        One coefficient per independent sample, such as a glass; its own error need not be known.

    Returns
    -------
    value : float
    interval : (float, float)
        (-1, 1) if there is a single sample.

    Raises
    ------
    ValueError
        As `mean_interval`.
    """
    value, (low, high) = mean_interval(np.arctanh(np.clip(np.asarray(r, float), -1 + 1e-12, 1 - 1e-12)))
    return float(np.tanh(value)), (float(np.tanh(low)), float(np.tanh(high)))


def pool_correlations(found) -> tuple[float, tuple[float, float], np.ndarray]:
    """Fisher's mean of the correlation coefficients of several structures.

    Parameters
    ----------
    found : list
        Objects with the attributes `r`, `effective` (the effective number of pairs) and `shuffled` (S,) (the same
        correlation for S shuffled fields). Each has the weight `effective` - 3.

    Returns
    -------
    r : float
    interval : (float, float)
        95 %.
    shuffled : array, shape (S,)
        The same mean of the shuffled coefficients.

    Raises
    ------
    ValueError
        If no structure has more than four effective pairs.
    """
    weight = np.array([max(f.effective - 3, 0.0) for f in found])
    if not weight.sum() > 1:
        raise ValueError("no structure has more than four independent pairs: there is nothing to pool")
    share = weight / weight.sum()
    r = float(np.tanh(share @ np.arctanh([f.r for f in found])))
    shuffled = np.tanh(share @ np.arctanh([f.shuffled for f in found]))
    return r, correlation_interval(r, weight.sum() + 3), shuffled


def partial_correlation(x, y, held) -> float:
    """Pearson's r of two quantities after linear regression on others has been subtracted from both.

    Parameters
    ----------
    x, y : array, shape (n,)
    held : array, shape (n,) or (n, k)
        The quantities to hold fixed.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the shapes differ, n is too small, or nothing is left of x or y.
    """
    x, y, held = np.asarray(x, float), np.asarray(y, float), np.asarray(held, float).reshape(len(x), -1)
    if x.shape != y.shape or len(held) <= held.shape[1] + 2:
        raise ValueError(f"nothing is left to correlate of shapes {x.shape}, {y.shape}, {held.shape}: give more pairs")
    basis = np.column_stack([np.ones(len(x)), held])
    rest = [values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0] for values in (x, y)]
    if not all(np.ptp(left) > 1e-9 * np.ptp(values) for left, values in zip(rest, (x, y), strict=True)):
        raise ValueError("nothing is left of one quantity after the others are subtracted: hold fewer of them")
    return float(np.corrcoef(*rest)[0, 1])


def correlation_within(y, predicted, states) -> float:
    """Pearson's r within states: the mean of each state is subtracted from both quantities.

    It measures what a prediction knows beyond the state. It is 0 for a model that knows the state and nothing else.

    Parameters
    ----------
    y, predicted, states : array, shape (n,)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If every sample is alone in its state.
    """
    y, predicted = np.asarray(y, float), np.asarray(predicted, float)
    if not (y.shape == predicted.shape == np.shape(states) and np.isfinite(y).all() and np.isfinite(predicted).all()):
        raise ValueError(f"shapes {y.shape} and {np.shape(states)}: give pairs of finite numbers, and their states")
    _, state, count = np.unique(states, return_inverse=True, return_counts=True)
    if not (count > 1).any():
        raise ValueError("every sample is alone in its state: give at least two samples of one state")
    apart = [v - (np.bincount(state, v) / count)[state] for v in (y, predicted)]
    # rounding leaves a small remainder of a prediction that is constant within each state
    return pearson(*apart) if apart[1].std() > 1e-9 * predicted.std() else 0.0


def slope_ratio(y, x) -> float:
    """Slope of y over x at x <= 0, divided by that at x >= 0.

    Parameters
    ----------
    y, x : array, shape (n,)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If either side has fewer than two different x.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    sides = x <= 0, x >= 0
    if min(len(np.unique(x[side])) for side in sides) < 2:
        raise ValueError("a ratio of slopes needs at least two values of x on either side of 0")
    below, above = (np.polyfit(x[side], y[side], 1)[0] for side in sides)
    return float(below / above)


def pearson(y, predicted) -> float:
    """Pearson's r of y (n,) and predicted (..., n), averaged over the rows; a row that does not vary counts as 0."""
    rows, y = np.atleast_2d(np.asarray(predicted, float)), np.asarray(y, float)
    if rows.shape[-1:] != y.shape or not (np.isfinite(rows).all() and np.isfinite(y).all()):
        raise ValueError(f"a correlation of shapes {y.shape} and {rows.shape}: give rows of as many finite numbers")
    varies = rows.std(axis=1) > 0
    return float(np.mean([np.corrcoef(row, y)[0, 1] if v else 0.0 for row, v in zip(rows, varies, strict=True)]))


def spearman(y, predicted) -> float:
    """Spearman's rank correlation of y (n,) and predicted (n,); NaN where one of them does not vary."""
    y, predicted = np.asarray(y, float), np.asarray(predicted, float)
    if y.shape != predicted.shape or y.ndim != 1 or not (np.isfinite(y).all() and np.isfinite(predicted).all()):
        raise ValueError(f"a rank correlation of shapes {y.shape} and {predicted.shape}: give pairs of finite numbers")
    if not (np.ptp(y) and np.ptp(predicted)):
        return np.nan
    return float(stats.spearmanr(y, predicted).statistic)
