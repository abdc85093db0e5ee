"""Exponents of power laws and of densities, with 95 % intervals."""

import numpy as np
from scipy import optimize, stats


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
