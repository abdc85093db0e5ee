"""Intervals, correlations, exponents and shares of variance of small samples.

Every function returns a value with its 95 % interval, `(value, (low, high))`, unless its docstring says otherwise.
"""

from .correlation import (
    correlation_interval,
    correlation_within,
    mean_correlation,
    partial_correlation,
    pearson,
    pool_correlations,
    rank_correlation,
    slope_ratio,
    spearman,
)
from .exponents import density_exponent, median_exponent, scaling_exponent
from .intervals import (
    bootstrap_interval,
    difference_interval,
    fraction_interval,
    group_ratio,
    grouped_interval,
    mean_interval,
    subtract,
)
from .variance import (
    intraclass_correlation,
    normal_intraclass_correlation,
    settling_value,
    split_by_group,
    within_states,
)
