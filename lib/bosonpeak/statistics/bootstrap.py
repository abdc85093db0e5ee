"""What the bootstraps of this package share: resampling, and the interval of the resampled values."""

import numpy as np

LEAST = 5
"""Number of independent samples below which the spread of their resamples is not an interval."""


def resample_groups(groups, rng) -> list[np.ndarray]:
    """As many groups, drawn with replacement, with the members (last axis) of each drawn with replacement as well."""
    chosen = [groups[g] for g in rng.integers(0, len(groups), len(groups))]
    return [group[..., rng.integers(0, group.shape[-1], group.shape[-1])] for group in chosen]


def bootstrap_groups(groups, statistic, rng, n_resamples: int) -> tuple[float, tuple[float, float]]:
    """A statistic of a list of groups, and its interval over `resample_groups`; NaN is left out.

    The interval of fewer than `LEAST` groups is open.
    """
    if len(groups) < LEAST:
        return float(statistic(groups)), (-np.inf, np.inf)
    rng = np.random.default_rng(rng)
    drawn = np.array([statistic(resample_groups(groups, rng)) for _ in range(n_resamples)])
    return with_interval(statistic(groups), drawn[~np.isnan(drawn)])


def with_interval(value, drawn) -> tuple[float, tuple[float, float]]:
    """A value with the interval of the 2.5 and 97.5 percentiles of `drawn`, widened where needed to hold the value."""
    value = float(value)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value, (min(float(low), value), max(float(high), value))
