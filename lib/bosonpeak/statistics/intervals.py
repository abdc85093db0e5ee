"""95 % intervals of small samples."""

import numpy as np
from scipy import stats

from .bootstrap import LEAST, bootstrap_groups, with_interval


def mean_interval(samples, least=-np.inf, most=np.inf) -> tuple[float, tuple[float, float]]:
    """Mean of independent samples and its 95 % interval by Student's t distribution.

    Parameters
    ----------
    samples : array, shape (n,)
    least, most : float
        Bounds of the quantity, such as 0 and 1 for a fraction. The interval is cut there.

    Returns
    -------
    value : float
    interval : (float, float)
        (least, most) if there is a single sample.

    Raises
    ------
    ValueError
        If there are no samples, or NaN is among them.
    """
    samples = np.asarray(samples, float)
    if samples.ndim != 1 or len(samples) == 0 or np.isnan(samples).any():
        raise ValueError(f"mean_interval needs a list of numbers, got {samples!r}")
    mean = float(samples.mean())
    if len(samples) == 1:
        return mean, (float(least), float(most))
    half = stats.t.ppf(0.975, len(samples) - 1) * samples.std(ddof=1) / np.sqrt(len(samples))
    return mean, (max(mean - float(half), float(least)), min(mean + float(half), float(most)))


def bootstrap_interval(samples, statistic, rng=None, n_resamples: int = 2000) -> tuple[float, tuple[float, float]]:
    """A statistic of independent samples and its 95 % percentile interval over resamples.

    Parameters
    ----------
    samples : array, shape (n, ...)
        One entry of the first axis is one independent sample.
    statistic : callable
        Maps such an array to a number.
    rng : numpy.random.Generator or int, optional
    n_resamples : int

    Returns
    -------
    value : float
        statistic(samples).
    interval : (float, float)
        Widened where needed so that it contains the value; open for fewer than five samples.

    Raises
    ------
    ValueError
        If there are no samples.
    """
    samples = np.asarray(samples)
    if len(samples) == 0:
        raise ValueError("a bootstrap needs samples, and there are none")
    if len(samples) < LEAST:
        return float(statistic(samples)), (-np.inf, np.inf)
    rng = np.random.default_rng(rng)
    drawn = [statistic(samples[rng.integers(0, len(samples), len(samples))]) for _ in range(n_resamples)]
    return with_interval(statistic(samples), drawn)


def grouped_interval(
    groups, statistic=np.median, rng=None, n_resamples: int = 1000
) -> tuple[float, tuple[float, float]]:
    """A statistic of the members of all groups together and its 95 % bootstrap interval.

    The bootstrap resamples the groups, and then the members of each group that was drawn.

    Parameters
    ----------
    groups : list of arrays, shape (n_g,)
        One array for each independent sample; empty ones are left out.
    statistic : callable
        Maps a one-dimensional array to a number.
    rng : numpy.random.Generator or int, optional
    n_resamples : int

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        If no group has a member.
    """
    groups = [np.asarray(group, float) for group in groups if len(group)]
    if not groups:
        raise ValueError("no group has any member: give at least one number")
    return bootstrap_groups(groups, lambda drawn: statistic(np.concatenate(drawn)), rng, n_resamples)


def group_ratio(a, b, statistic=np.mean, rng=None, n_resamples: int = 2000) -> tuple[float, tuple[float, float]]:
    """Ratio statistic(a) / statistic(b) of two independent samples and its 95 % bootstrap interval.

    Parameters
    ----------
    a, b : array, shapes (n,) and (m,)
        Both are resampled.
    statistic : callable
        Maps a one-dimensional array to a number.
    rng : numpy.random.Generator or int, optional
    n_resamples : int

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        If either has fewer than two members, or the statistic of b is not positive.
    """
    a, b, rng = np.asarray(a, float), np.asarray(b, float), np.random.default_rng(rng)
    if min(len(a), len(b)) < 2 or not statistic(b) > 0:
        raise ValueError(f"the ratio of {len(a)} and {len(b)} numbers: give two or more each, the second positive")
    drawn = [statistic(rng.choice(a, len(a))) / statistic(rng.choice(b, len(b))) for _ in range(n_resamples)]
    return with_interval(statistic(a) / statistic(b), drawn)


def fraction_interval(hits) -> tuple[float, tuple[float, float]]:
    """Fraction of independent booleans that are true and its 95 % interval by Wilson's method.

    Parameters
    ----------
    hits : array of bool, shape (n,)

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        If there are none.
    """
    hits = np.asarray(hits)
    if hits.dtype != bool and not (hits.dtype.kind in "iuf" and np.isin(hits, (0, 1)).all()):
        raise ValueError("a fraction counts true and false: compare the numbers with a bound first")
    hits = hits.astype(bool)
    if hits.size == 0:
        raise ValueError("the fraction of an empty list is undefined: give at least one true or false")
    found = stats.binomtest(int(hits.sum()), hits.size).proportion_ci(method="wilson")
    return float(hits.mean()), (float(min(found.low, hits.mean())), float(max(found.high, hits.mean())))


def subtract(a, b) -> tuple[float, tuple[float, float]]:
    """Difference a - b of two independent quantities with their 95 % intervals.

    Parameters
    ----------
    a, b : (value, (low, high))

    Returns
    -------
    value : float
    interval : (float, float)
        The distances of the ends from the value are added in quadrature.
    """
    (x, (x_low, x_high)), (y, (y_low, y_high)) = a, b
    return x - y, (x - y - np.hypot(x - x_low, y_high - y), x - y + np.hypot(x_high - x, y - y_low))


def difference_interval(a, b) -> tuple[float, float]:
    """95 % interval of mean(a) - mean(b) of two independent samples by Welch's t test.

    Parameters
    ----------
    a, b : array, shapes (n,) and (m,)

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If either has fewer than two members.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if min(len(a), len(b)) < 2:
        raise ValueError(f"the difference of {len(a)} and {len(b)} numbers has no interval: give two or more of each")
    found = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    return float(found.low), float(found.high)
