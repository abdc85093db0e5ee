"""Shares of the variance within and between groups, with 95 % intervals."""

import numpy as np
from scipy import stats

from .bootstrap import with_interval


def split_by_group(values, groups) -> list[np.ndarray]:
    """The values (n,) of each group, given the group of each value (n,); groups in sorted order."""
    values, groups = np.asarray(values), np.asarray(groups)
    return [values[groups == name] for name in np.unique(groups)]


def within_states(intensity, states) -> tuple[float, tuple[float, float]]:
    """Standard deviation between samples of the same state, pooled over all states, and its 95 % interval.

    The interval is that of normally distributed values (chi-square).

    Parameters
    ----------
    intensity : array, shape (n,)
    states : array, shape (n,)
        The state of each sample; states with a single sample are left out.

    Returns
    -------
    value : float
        In the unit of intensity.
    interval : (float, float)

    Raises
    ------
    ValueError
        If no state has two samples.
    """
    parts = [part for part in split_by_group(intensity, states) if len(part) > 1]
    if not parts:
        raise ValueError("every sample is alone in its state: give at least two samples of one state")
    free = sum(len(p) - 1 for p in parts)
    square = sum(((p - p.mean()) ** 2).sum() for p in parts)
    value, low, high = np.sqrt(square / np.array([free, *stats.chi2.ppf([0.975, 0.025], free)]))
    return float(value), (float(low), float(high))


def intraclass_correlation(groups, rng=None, n_resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Share of the variance that lies between groups and its 95 % interval over resampled groups.

    This is ICC(1) of the one-way random-effects model, for groups of any size (Donner, Int. Stat. Rev. 54, 67
    (1986)): the correlation of two members of the same group. It is negative where members of one group differ more
    than the groups do. The mean of k members has the reliability k c / (1 + (k - 1) c); no correlation with these
    means can exceed its square root.

    Parameters
    ----------
    groups : list of arrays, shape (n_g,)
        Groups with fewer than two members are left out.
    rng : numpy.random.Generator or int, optional
    n_resamples : int

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        If fewer than three groups remain, or all values are equal.
    """
    sums = _sums(groups)
    rng, n = np.random.default_rng(rng), sums.shape[1]
    drawn = [_share(*_mean_squares(*sums[:, rng.integers(0, n, n)])) for _ in range(n_resamples)]
    return with_interval(_share(*_mean_squares(*sums)), drawn)


def normal_intraclass_correlation(groups) -> tuple[float, tuple[float, float]]:
    """`intraclass_correlation` with the interval of normally distributed values, by the F distribution.

    Use it for few groups: resamples of ten groups contain some of them several times and therefore scatter too
    little. The interval is exact if all groups have the same size.

    Parameters
    ----------
    groups : list of arrays, shape (n_g,)

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        As `intraclass_correlation`.
    """
    sums = _sums(groups)
    within, between, size = _mean_squares(*sums)
    groups_left, members = sums.shape[1], sums[0].sum()
    limits = stats.f.ppf([0.975, 0.025], groups_left - 1, members - groups_left)
    value, low, high = (float(_share(within * f, between, size)) for f in (1.0, *limits))
    return value, (low, high)


def _sums(groups):
    """Counts, sums and sums of squares, shape (3, n), of the groups with two members or more."""
    groups = [np.asarray(group, float) for group in groups if len(group) > 1]
    if len(groups) < 3 or not np.ptp(np.concatenate(groups)) > 0:
        raise ValueError(f"{len(groups)} groups of two members or more: give at least three, with values that vary")
    return np.array([[len(g), g.sum(), (g**2).sum()] for g in groups]).T


def _mean_squares(count, total, square):
    """Mean squares within and between groups, and the effective size of a group, from the rows of `_sums`."""
    k = len(count)
    within = (square - total**2 / count).sum() / (count.sum() - k)
    between = ((total**2 / count).sum() - total.sum() ** 2 / count.sum()) / (k - 1)
    return within, between, (count.sum() - (count**2).sum() / count.sum()) / (k - 1)


def _share(within, between, size):
    return (between - within) / (between + (size - 1) * within)


def settling_value(values, errors, tolerance: float) -> float:
    """The smallest value beyond which the errors no longer change.

    Parameters
    ----------
    values : array, shape (v,)
        Ascending, such as cutoffs.
    errors : array, shape (v,)
    tolerance : float
        Largest error that counts as unchanged, relative to the last one.

    Returns
    -------
    float
    """
    values, errors = np.asarray(values, float), np.asarray(errors, float)
    fit = values.shape == errors.shape == (values.size,) and values.size and tolerance >= 0
    if not fit or not np.isfinite(errors).all() or not (np.diff(values) > 0).all():
        raise ValueError("give ascending values, a finite error for each of them, and a tolerance of at least 0")
    beyond = np.flatnonzero(errors > (1 + tolerance) * errors[-1])
    return float(values[0 if not len(beyond) else beyond[-1] + 1])
