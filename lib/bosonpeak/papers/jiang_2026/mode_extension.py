"""Over how many nodes the modes of the hump spread."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from bosonpeak.networks import SpringNetwork
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS
from bosonpeak.papers.jiang_2026.measure import Interval
from bosonpeak.statistics import bootstrap_interval, median_exponent
from bosonpeak.vibrations.modes import modes_near

MODE_RANGE = (0.45, 0.55)
"""Range of omega, in sqrt(t0/m), of the modes that are called those of the hump, at every size."""


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
        If no mode lies in `MODE_RANGE` at some size.
    """
    sizes = data["size"].values.tolist()
    near = data.near_ratio
    hump = {(s, d): near.sel(size=s, disorder=d).dropna("near_mode").values for s in sizes for d in DISORDERS}
    half, full = sizes[:2]
    last = {half: data.half_ratio.values, full: data.ratio.values}
    edge = [ratio[-max(size**2 // 100, 3) :] for size, ratio in last.items()]
    median, exponent = partial(bootstrap_interval, statistic=np.median, rng=2), partial(median_exponent, rng=3)
    return Extension(
        sizes,
        {size: {d: median(hump[size, d]) for d in DISORDERS} for size in sizes},
        {d: exponent([size**2 for size in sizes], [hump[size, d] for size in sizes]) for d in DISORDERS},
        float(np.median(edge[1])),
        exponent([half**2, full**2], edge),
    )


SHELL = 0.25
"""Half width of the shell of wave vectors about that of a frequency, as a share of its radius."""


@dataclass(frozen=True)
class HumpMode:
    """One mode of the hump, and what it is made of.

    Attributes
    ----------
    mode : array, shape (n, n)
        Displacements of the mode on the sites of the lattice.
    q, weight : array, shape (n^2,)
        Lengths of the wave vectors of the box in 1/a, and the weight of each plane wave in the mode.
    q0 : float
        Wave vector at which the continuum has the frequency of the mode.
    share : float
        Weight of the waves within `SHELL` of q0, mean over the modes.
    uniform : float
        Share of all wave vectors that lie there: the weight in a vector of independent entries.
    """

    mode: np.ndarray
    q: np.ndarray
    weight: np.ndarray
    q0: float
    share: float
    uniform: float


def plane_waves_in(network: SpringNetwork, stiffness: float, omega: float = 0.5, count: int = 20) -> HumpMode:
    """Project the modes nearest to a frequency on the plane waves of the box.

    Parameters
    ----------
    network : SpringNetwork
        On the sites of a square lattice, row by row.
    stiffness : float
        Of the crystal that carries waves of the speed of the network, in t0.
    omega : float
        In sqrt(t0/m).
    count : int
        Number of modes.

    Returns
    -------
    HumpMode
    """
    n = round(float(network.box[0]))
    fields = modes_near(network.dynamical_matrix(), omega, count).polarizations.T.reshape(-1, n, n)
    weights = abs(np.fft.fft2(fields)) ** 2 / n**2
    along = 2 * np.pi * np.fft.fftfreq(n)
    q, q0 = np.hypot(*np.meshgrid(along, along)), omega / np.sqrt(stiffness)
    shell = abs(q / q0 - 1) < SHELL
    share = float(weights[:, shell].sum(axis=1).mean())
    return HumpMode(fields[0], q.ravel(), weights[0].ravel(), q0, share, float(shell.mean()))
