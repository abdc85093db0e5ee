"""Shares of the variance within and between groups, with 95 % intervals."""

import numpy as np
from scipy import stats


def split_by_group(values, groups) -> list[np.ndarray]:
    """values (n,) of each of the groups (n,), in the order of the sorted groups."""
    values, groups = np.asarray(values), np.asarray(groups)
    return [values[groups == name] for name in np.unique(groups)]


def within_states(intensity, states) -> tuple[float, tuple[float, float]]:
    """Standard deviation of intensity (n,) between samples of one state, over all states (n,), in its unit.

    With the 95 % interval of normal values (chi-square). Raises ValueError where every sample is alone in its state.
    """
    parts = [part for part in split_by_group(intensity, states) if len(part) > 1]
    if not parts:
        raise ValueError("every sample is alone in its state: nothing tells the spread within one")
    free = sum(len(p) - 1 for p in parts)
    square = sum(((p - p.mean()) ** 2).sum() for p in parts)
    value, low, high = np.sqrt(square / np.array([free, *stats.chi2.ppf([0.975, 0.025], free)]))
    return float(value), (float(low), float(high))


def intraclass_correlation(groups, rng=None, n_resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Share of the variance that lies between groups, not within them, and its 95 % interval over resampled groups.

    One-way random effects, ICC(1), for groups of any size (Donner, Int. Stat. Rev. 54, 67 (1986)): the correlation of
    two members of one group; below 0 where members differ more than groups. A mean of k members has the reliability
    k c / (1 + (k - 1) c), whose square root no correlation of these means can pass. groups: list of (n_g,) arrays;
    those of fewer than two members are left out. Raises ValueError for fewer than three, or values that do not vary.
    """
    count, total, square = _sums(groups)

    def share(which):
        return _share(*_mean_squares(count[which], total[which], square[which]))

    value = float(share(np.arange(len(count))))
    rng = np.random.default_rng(rng)
    drawn = [share(rng.integers(0, len(count), len(count))) for _ in range(n_resamples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value, (min(float(low), value), max(float(high), value))


def normal_intraclass_correlation(groups) -> tuple[float, tuple[float, float]]:
    """`intraclass_correlation` with the interval that normal values have, by the F distribution: for few groups.

    Exact where groups have one size. Ten groups drawn anew repeat some of them, and look more alike than they are.
    Raises ValueError as that.
    """
    count, total, square = _sums(groups)
    within, between, size = _mean_squares(count, total, square)
    limits = stats.f.ppf([0.975, 0.025], len(count) - 1, count.sum() - len(count))
    value, low, high = (float(_share(within * f, between, size)) for f in (1.0, *limits))
    return value, (low, high)


def _sums(groups):
    """Counts, sums and sums of squares (3, n) of the groups of two members or more."""
    groups = [np.asarray(group, float) for group in groups if len(group) > 1]
    if len(groups) < 3 or not np.ptp(np.concatenate(groups)) > 0:
        raise ValueError(f"{len(groups)} groups of two members or more: give three at least, of values that vary")
    return np.array([[len(g), g.sum(), (g**2).sum()] for g in groups]).T


def _mean_squares(count, total, square):
    """Mean squares within and between groups, and the size that groups count with, of `_sums`."""
    k = len(count)
    within = (square - total**2 / count).sum() / (count.sum() - k)
    between = ((total**2 / count).sum() - total.sum() ** 2 / count.sum()) / (k - 1)
    return within, between, (count.sum() - (count**2).sum() / count.sum()) / (k - 1)


def _share(within, between, size):
    return (between - within) / (between + (size - 1) * within)


def groups_to_tell(interval, groups: int, difference: float) -> int:
    """Groups at which a 95 % interval of a score would be as wide, on either side, as a difference to be told from 0.

    interval: (low, high) of the score at this many groups; its width falls as one over their square root. Raises
    ValueError for a difference that is not positive.
    """
    if not difference > 0:
        raise ValueError(f"difference = {difference}: only one above 0 can be told from 0")
    half = (interval[1] - interval[0]) / 2
    return int(np.ceil(groups * (half / difference) ** 2))


def settling_value(values, errors, tolerance: float) -> float:
    """The smallest of `values` (v,) from which on errors (v,) stay within a relative tolerance of the last."""
    beyond = np.flatnonzero(np.asarray(errors) > (1 + tolerance) * errors[-1])
    return float(values[0 if not len(beyond) else beyond[-1] + 1])
