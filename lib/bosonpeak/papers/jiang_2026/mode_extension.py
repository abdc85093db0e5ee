"""Over how many nodes the modes of the hump spread."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS
from bosonpeak.papers.jiang_2026.measure import Interval

MODE_RANGE = (0.35, 0.65)
"""Range of omega, in sqrt(t0/m), of the modes that are called those of the hump."""


@dataclass(frozen=True)
class Extension:
    """Participation ratios of the modes of the hump, and of those at the upper edge of the spectrum.

    Attributes
    ----------
    sizes : list of int
        Nodes along an edge.
    median : dict
        For each size, by disorder, the interval of the median participation ratio of the modes in `MODE_RANGE`.
    exponent : dict
        Interval of the exponent of that median with the number of nodes, by disorder.
    edge_median : float
        Median participation ratio of the highest hundredth of the modes at the paper's size and disorder 0.3.
    edge_exponent : Interval
        Exponent of that median between half the paper's edge and the paper's.
    """

    sizes: list[int]
    median: dict[int, dict[float, Interval]]
    exponent: dict[float, Interval]
    edge_median: float
    edge_exponent: Interval


def extension(data: xr.Dataset) -> Extension:
    """Medians and exponents of the participation ratios in a result of `archived.participation`.

    Parameters
    ----------
    data : xarray.Dataset

    Returns
    -------
    Extension

    Raises
    ------
    ValueError
        If fewer than two modes lie in `MODE_RANGE` at some size.
    """
    sizes = data["size"].values.tolist()
    hump = {size: {d: _in_hump(data.sel(size=size, disorder=d)) for d in DISORDERS} for size in sizes}
    half, full = sizes[:2]
    edge = [
        ratio[-max(size**2 // 100, 3) :]
        for size, ratio in ((half, data.half_ratio.values), (full, data.ratio.sel(disorder=0.3).values))
    ]
    return Extension(
        sizes,
        {
            size: {d: statistics.bootstrap_interval(group, np.median, rng=2) for d, group in found.items()}
            for size, found in hump.items()
        },
        {
            d: statistics.median_exponent([size**2 for size in sizes], [hump[size][d] for size in sizes], rng=3)
            for d in DISORDERS
        },
        float(np.median(edge[1])),
        statistics.median_exponent([half**2, full**2], edge, rng=3),
    )


def _in_hump(near) -> np.ndarray:
    omega = near.near_omega.values
    return near.near_ratio.values[(omega > MODE_RANGE[0]) & (omega < MODE_RANGE[1])]
