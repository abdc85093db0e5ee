"""95 % intervals of small samples (floor 0)."""

import numpy as np
from scipy import stats


def mean_interval(samples, least=-np.inf, most=np.inf) -> tuple[float, tuple[float, float]]:
    """Mean of independent samples and its 95 % interval by Student's t; the interval is the whole line for one sample.

    samples: (n,); least, most: what the quantity cannot pass, such as 0 and 1 of a share: the interval ends there.
    Raises ValueError for no samples, or NaN among them.
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
    """statistic(samples) and its 95 % percentile interval over resamples of the first axis.

    samples: (n, ...), one entry an independent sample; statistic: function of such an array to a number. The
    interval is widened where needed to hold the value itself. Raises ValueError for fewer than two samples.
    """
    samples = np.asarray(samples)
    if len(samples) < 2:
        raise ValueError(f"a bootstrap needs at least two samples, got {len(samples)}")
    rng = np.random.default_rng(rng)
    value = float(statistic(samples))
    drawn = [statistic(samples[rng.integers(0, len(samples), len(samples))]) for _ in range(n_resamples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value, (min(float(low), value), max(float(high), value))


def grouped_interval(groups, statistic=np.median, rng=None, n_resamples: int = 1000):
    """statistic of the members of all groups together, and its 95 % interval: (value, (low, high)).

    groups: list of (n_g,) arrays, a group for each independent sample; statistic: function of an array to a number.
    Groups are resampled, and the members of each. Raises ValueError for no members.
    """
    groups = [np.asarray(group, float) for group in groups if len(group)]
    if not groups:
        raise ValueError("no group has any member: there is nothing to take a statistic of")
    rng = np.random.default_rng(rng)

    def resample():
        chosen = [groups[g] for g in rng.integers(0, len(groups), len(groups))]
        return np.concatenate([rng.choice(group, len(group)) for group in chosen])

    value = float(statistic(np.concatenate(groups)))
    low, high = np.quantile([statistic(resample()) for _ in range(n_resamples)], [0.025, 0.975])
    return value, (min(float(low), value), max(float(high), value))


def group_ratio(a, b, statistic=np.mean, rng=None, n_resamples: int = 2000) -> tuple[float, tuple[float, float]]:
    """statistic(a) / statistic(b) of two independent lists of numbers and its 95 % interval; both are resampled.

    Raises ValueError for fewer than two members of either, or a statistic of b that is not positive.
    """
    a, b, rng = np.asarray(a, float), np.asarray(b, float), np.random.default_rng(rng)
    if min(len(a), len(b)) < 2 or not statistic(b) > 0:
        raise ValueError(f"a ratio of {len(a)} and {len(b)} numbers: give two or more of each, positive below")
    drawn = [statistic(rng.choice(a, len(a))) / statistic(rng.choice(b, len(b))) for _ in range(n_resamples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = float(statistic(a) / statistic(b))
    return value, (min(float(low), value), max(float(high), value))


def fraction_interval(hits) -> tuple[float, tuple[float, float]]:
    """Fraction of true ones among independent (n,) booleans and its 95 % interval (Wilson).

    Raises ValueError for none.
    """
    hits = np.asarray(hits, bool)
    if hits.size == 0:
        raise ValueError("a fraction of nothing: give at least one true or false")
    found = stats.binomtest(int(hits.sum()), hits.size).proportion_ci(method="wilson")
    return float(hits.mean()), (float(min(found.low, hits.mean())), float(max(found.high, hits.mean())))


def subtract(a, b) -> tuple[float, tuple[float, float]]:
    """a - b of two independent numbers with their 95 % intervals, (value, (low, high)) each: ends by quadrature."""
    (x, (x_low, x_high)), (y, (y_low, y_high)) = a, b
    return x - y, (x - y - np.hypot(x - x_low, y_high - y), x - y + np.hypot(x_high - x, y - y_low))


def difference_interval(a, b) -> tuple[float, float]:
    """95 % interval of mean(a) - mean(b) of two independent lists of numbers (Welch's t), (low, high).

    Raises ValueError for fewer than two of either.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if min(len(a), len(b)) < 2:
        raise ValueError(f"the difference of {len(a)} and {len(b)} numbers has no interval: give two or more of each")
    found = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    return float(found.low), float(found.high)
