"""95 % intervals of small samples (floor 0)."""

import numpy as np
from scipy import optimize, stats


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


def median_exponent(sizes, groups, rng=None, n_resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Exponent of median(group) ~ size^exponent over two or more sizes, and its 95 % bootstrap interval.

    sizes: (k,) positive; groups: k arrays of positive numbers, each resampled within itself. A straight line
    through the logarithms. Raises ValueError for fewer than two sizes or an empty group.
    """
    if len(sizes) < 2 or len(sizes) != len(groups) or min(map(len, groups)) == 0:
        raise ValueError("an exponent needs two sizes or more, and a group of numbers for each")
    rng, x = np.random.default_rng(rng), np.log(sizes)

    def slope(samples):
        return np.polyfit(x, np.log([np.median(sample) for sample in samples]), 1)[0]

    value = float(slope(groups))
    drawn = [slope([rng.choice(group, len(group)) for group in groups]) for _ in range(n_resamples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value, (min(float(low), value), max(float(high), value))


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


def scaling_exponent(x_groups, y_groups, rng=None, n_resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Exponent of y ~ x^exponent over all members of all groups, and its 95 % interval.

    x_groups, y_groups: lists of (n_g,) arrays of positive numbers, a group for each independent sample. A straight line
    through the logarithms; the interval resamples groups and the members of each (groups alone cover too little).
    Raises ValueError for fewer than three pairs, numbers that are not positive and finite, or x all alike.
    """
    pairs = [(np.asarray(x, float), np.asarray(y, float)) for x, y in zip(x_groups, y_groups, strict=True)]
    pairs = [np.stack(pair) for pair in pairs if len(pair[0]) or len(pair[1])]
    if sum(pair.shape[1] for pair in pairs) < 3 or not all(((p > 0) & (p < np.inf)).all() for p in pairs):
        raise ValueError("an exponent needs three or more pairs of positive numbers")
    if np.ptp(np.concatenate(pairs, axis=1)[0]) == 0:
        raise ValueError("x is the same everywhere: there is no exponent")
    pairs = [np.log(pair) for pair in pairs]
    rng = np.random.default_rng(rng)

    def slope(drawn):
        x, y = np.concatenate(drawn, axis=1)
        return np.polyfit(x, y, 1)[0] if np.ptp(x) > 0 else np.nan

    def resample():
        chosen = [pairs[g] for g in rng.integers(0, len(pairs), len(pairs))]
        return [p[:, rng.integers(0, p.shape[1], p.shape[1])] for p in chosen]

    value = float(slope(pairs))
    low, high = np.nanquantile([slope(resample()) for _ in range(n_resamples)], [0.025, 0.975])
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


def density_exponent(values, high: float, low: float = 0.0) -> tuple[float, tuple[float, float]]:
    """Exponent b of a density ~ x^b between low and high by maximum likelihood, without bins, and its 95 % interval.

    values: (n,) positive; those outside are left out. The interval is the likelihood ratio's. Raises ValueError for
    fewer than five values inside, or low >= high.
    """
    values = np.asarray(values, float)
    x = np.log(values[(values > low) & (values < high)] / high)
    if not 0 <= low < high or len(x) < 5:
        raise ValueError(f"{len(x)} values lie between {low} and {high}: an exponent needs five")
    floor = np.log(low / high) if low > 0 else -np.inf

    def gain(c):
        """Log-likelihood of exponent c - 1."""
        if c == 0:
            return -x.sum() - len(x) * np.log(-floor)
        # the integral of exp(c x) from floor to 0, without an overflow where c < 0
        part = np.log(-np.expm1(-abs(c * floor)) / abs(c)) + max(c * floor, 0)
        return (c - 1) * x.sum() - len(x) * part

    reach = 200.0 / abs(x.mean()) ** 0.5
    lowest = -reach if low > 0 else 1e-9
    best = optimize.minimize_scalar(
        lambda c: -gain(c), bounds=(lowest, reach), method="bounded", options={"xatol": 1e-9}
    )
    drop = best.fun + stats.chi2.ppf(0.95, 1) / 2
    lower = optimize.brentq(lambda c: -gain(c) - drop, lowest, best.x) if -gain(lowest) > drop else lowest
    upper = optimize.brentq(lambda c: -gain(c) - drop, best.x, reach)
    return float(best.x - 1), (float(lower - 1), float(upper - 1))


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
