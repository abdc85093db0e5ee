"""Correlations of paired quantities, with 95 % intervals."""

import numpy as np
from scipy import stats


def correlation_interval(r: float, n: float) -> tuple[float, float]:
    """95 % interval of Pearson's r of n independent pairs, by Fisher's transformation; (-1, 1) for four or fewer.

    Raises ValueError for an r that is none.
    """
    if not -1 <= r <= 1:
        raise ValueError(f"r = {r} is no correlation")
    if n <= 4:
        return -1.0, 1.0
    centre, half = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15)), stats.norm.ppf(0.975) / np.sqrt(n - 3)
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))


def _ranks(values):
    """Ranks within a group, between -1/2 and 1/2, ties shared."""
    ordered = np.sort(values)
    ends = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return ends / (2 * len(values)) - 0.5


def rank_correlation(x_groups, y_groups, rng=None, n_resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Spearman's correlation of ranks taken within each group, pooled over the groups, and its 95 % interval.

    x_groups, y_groups: lists of (n_g,) arrays, a group for each independent sample; groups of fewer than three
    members tell nothing and are left out. The interval resamples groups and the members of each. Raises ValueError
    where the groups do not pair or nothing is left, or one of the two never varies.
    """
    if len(x_groups) != len(y_groups) or any(len(x) != len(y) for x, y in zip(x_groups, y_groups, strict=True)):
        raise ValueError("a correlation needs pairs: as many groups, and as many members in each, on both sides")
    groups = [(np.asarray(x, float), np.asarray(y, float)) for x, y in zip(x_groups, y_groups, strict=True)]
    groups = [pair for pair in groups if len(pair[0]) >= 3]
    if not groups or not np.isfinite(np.concatenate([np.concatenate(pair) for pair in groups])).all():
        raise ValueError("a rank correlation needs a group of at least three finite pairs")
    rng = np.random.default_rng(rng)

    def pooled(drawn):
        x = np.concatenate([_ranks(pair[0]) for pair in drawn])
        y = np.concatenate([_ranks(pair[1]) for pair in drawn])
        norm = np.sqrt((x @ x) * (y @ y))
        return float(x @ y / norm) if norm > 0 else np.nan

    def resample():
        chosen = [groups[g] for g in rng.integers(0, len(groups), len(groups))]
        picks = [rng.integers(0, len(x), len(x)) for x, _ in chosen]
        return [(x[p], y[p]) for (x, y), p in zip(chosen, picks, strict=True)]

    value = pooled(groups)
    if np.isnan(value):
        raise ValueError("one of the two quantities is the same everywhere: it has no ranks to correlate")
    low, high = np.nanquantile([pooled(resample()) for _ in range(n_resamples)], [0.025, 0.975])
    return value, (min(float(low), value), max(float(high), value))


def pool_correlations(found) -> tuple[float, tuple[float, float], np.ndarray]:
    """Fisher's mean of the r of several structures: r, its 95 % interval, and the same mean of the shuffled r (S,).

    found: list of FieldCorrelation with equally many shuffles; each counts by its effective number of pairs, less
    three. Raises ValueError for none, or none with more than four such pairs.
    """
    weight = np.array([max(f.effective - 3, 0.0) for f in found])
    if not weight.sum() > 1:
        raise ValueError("no structure with more than four independent pairs: nothing to pool")
    share = weight / weight.sum()
    r = float(np.tanh(share @ np.arctanh([f.r for f in found])))
    shuffled = np.tanh(share @ np.arctanh([f.shuffled for f in found]))
    return r, correlation_interval(r, weight.sum() + 3), shuffled


def partial_correlation(x, y, held) -> float:
    """Pearson's r of x and y (n,) with the quantities `held` (n, k) taken out of both by linear regression.

    Raises ValueError where the shapes differ or nothing is left.
    """
    x, y, held = np.asarray(x, float), np.asarray(y, float), np.asarray(held, float).reshape(len(x), -1)
    if x.shape != y.shape or len(held) <= held.shape[1] + 2:
        raise ValueError(f"{x.shape}, {y.shape} and {held.shape} leave nothing to correlate")
    basis = np.column_stack([np.ones(len(x)), held])
    rest = [values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0] for values in (x, y)]
    if not all(np.ptp(left) > 1e-9 * np.ptp(values) for left, values in zip(rest, (x, y), strict=True)):
        raise ValueError("nothing is left of one quantity once the others are taken out")
    return float(np.corrcoef(*rest)[0, 1])


def correlation_within(y, predicted, states) -> float:
    """Pearson's r of y (n,) and predicted (n,) within states (n,): each state's mean is taken off both.

    What is told beyond the state: 0 for a model that knows the state and nothing else. Raises ValueError where every
    sample is alone in its state.
    """
    y, predicted = np.asarray(y, float), np.asarray(predicted, float)
    _, state, count = np.unique(states, return_inverse=True, return_counts=True)
    if not (count > 1).any():
        raise ValueError("every sample is alone in its state: nothing is left within one")
    apart = [v - (np.bincount(state, v) / count)[state] for v in (y, predicted)]
    # rounding leaves something of a prediction that is the same throughout a state
    return pearson(*apart) if apart[1].std() > 1e-9 * predicted.std() else 0.0


def slope_ratio(y, x) -> float:
    """Slope of y (n,) over x (n,) where x <= 0, over that where x >= 0. Raises ValueError for a side of one value."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    sides = x <= 0, x >= 0
    if min(len(np.unique(x[side])) for side in sides) < 2:
        raise ValueError("a ratio of slopes needs two values of x, or more, on either side of 0")
    below, above = (np.polyfit(x[side], y[side], 1)[0] for side in sides)
    return float(below / above)


def pearson(y, predicted) -> float:
    """Pearson's r of y (n,) and predicted (..., n), the mean over its rows; 0 for a row that does not vary."""
    rows = np.atleast_2d(np.asarray(predicted, float))
    varies = rows.std(axis=1) > 0
    return float(np.mean([np.corrcoef(row, y)[0, 1] if v else 0.0 for row, v in zip(rows, varies, strict=True)]))


def spearman(y, predicted) -> float:
    """Spearman's rank correlation of y (n,) and predicted (n,)."""
    return float(stats.spearmanr(y, predicted).statistic)
