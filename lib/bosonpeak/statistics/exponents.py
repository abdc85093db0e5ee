"""Exponents of power laws and of densities, with 95 % intervals."""

import numpy as np
from scipy import optimize, stats

from .bootstrap import bootstrap_groups, with_interval


def median_exponent(sizes, groups, rng=None, n_resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Exponent of median(group) ~ size^exponent over two or more sizes and its 95 % bootstrap interval.

    A straight line is fitted to the logarithms. Each group is resampled within itself.

    Parameters
    ----------
    sizes : array, shape (k,)
        Positive.
    groups : k arrays of positive numbers
    rng : numpy.random.Generator or int, optional
    n_resamples : int

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or a group is empty.
    """
    if len(sizes) < 2 or len(sizes) != len(groups) or min(map(len, groups)) == 0:
        raise ValueError(f"{len(sizes)} sizes and {len(groups)} groups: give two sizes or more, and numbers for each")
    if not all((np.asarray(part, float) > 0).all() for part in (sizes, *groups)) or np.ptp(sizes) == 0:
        raise ValueError("an exponent needs positive numbers, and two different sizes")
    rng, x = np.random.default_rng(rng), np.log(sizes)

    def slope(samples):
        return np.polyfit(x, np.log([np.median(sample) for sample in samples]), 1)[0]

    drawn = [slope([rng.choice(group, len(group)) for group in groups]) for _ in range(n_resamples)]
    return with_interval(slope(groups), drawn)


def scaling_exponent(x_groups, y_groups, rng=None, n_resamples: int = 1000) -> tuple[float, tuple[float, float]]:
    """Exponent of y ~ x^exponent over all members of all groups and its 95 % bootstrap interval.

    A straight line is fitted to the logarithms. The bootstrap resamples the groups, and then the members of each
    group that was drawn; resampling the groups alone gives intervals that are too narrow.

    Parameters
    ----------
    x_groups, y_groups : lists of arrays, shape (n_g,)
        Positive numbers, one array for each independent sample.
    rng : numpy.random.Generator or int, optional
    n_resamples : int

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        If there are fewer than three pairs, a number is not positive and finite, or all x are equal.
    """
    pairs = [(np.asarray(x, float), np.asarray(y, float)) for x, y in zip(x_groups, y_groups, strict=True)]
    pairs = [np.stack(pair) for pair in pairs if len(pair[0]) or len(pair[1])]
    if sum(pair.shape[1] for pair in pairs) < 3 or not all(((p > 0) & (p < np.inf)).all() for p in pairs):
        raise ValueError("an exponent needs three or more pairs of positive numbers")
    if np.ptp(np.concatenate(pairs, axis=1)[0]) == 0:
        raise ValueError("x is the same everywhere: give at least two different values")

    def slope(drawn):
        x, y = np.concatenate(drawn, axis=1)
        # a resample in which x is the same everywhere has no slope
        return np.polyfit(x, y, 1)[0] if np.ptp(x) > 0 else np.nan

    return bootstrap_groups([np.log(pair) for pair in pairs], slope, rng, n_resamples)


def density_exponent(values, high: float, low: float = 0.0) -> tuple[float, tuple[float, float]]:
    """Exponent b of a density ~ x^b between low and high by maximum likelihood, and its 95 % interval.

    No bins are needed. The interval is that of the likelihood ratio.

    Parameters
    ----------
    values : array, shape (n,)
        Positive; those outside the range are left out.
    high, low : float
        Ends of the range, in the unit of the values.

    Returns
    -------
    value : float
    interval : (float, float)

    Raises
    ------
    ValueError
        If fewer than five values lie inside, or low is not below high.
    """
    values = np.asarray(values, float)
    if not (values > 0).all():
        raise ValueError("a density is over positive numbers: zero, negative ones or NaN are among the values")
    x = np.log(values[(values > low) & (values < high)] / high)
    if not 0 <= low < high or len(x) < 5:
        raise ValueError(f"{len(x)} values lie between {low} and {high}: an exponent needs five")
    floor = np.log(low / high) if low > 0 else -np.inf

    def gain(c):
        """Log-likelihood of the exponent c - 1."""
        if c == 0:
            return -x.sum() - len(x) * np.log(-floor)
        # the integral of exp(c x) from floor to 0, in a form that does not overflow for c < 0
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
