"""95 % intervals of small samples (floor 0)."""

import numpy as np
from scipy import stats


def mean_interval(samples) -> tuple[float, tuple[float, float]]:
    """Mean of independent samples and its 95 % interval by Student's t; the interval is the whole line for one sample.

    samples: (n,). Raises ValueError for none, or NaN among them.
    """
    samples = np.asarray(samples, float)
    if samples.ndim != 1 or len(samples) == 0 or np.isnan(samples).any():
        raise ValueError(f"mean_interval needs a list of numbers, got {samples!r}")
    mean = float(samples.mean())
    if len(samples) == 1:
        return mean, (-np.inf, np.inf)
    half = stats.t.ppf(0.975, len(samples) - 1) * samples.std(ddof=1) / np.sqrt(len(samples))
    return mean, (mean - float(half), mean + float(half))


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
