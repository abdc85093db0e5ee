"""Modes of networks: at how many nodes they are, and whether their levels repel one another.

The levels of extended modes of a random matrix repel one another (Gaussian orthogonal ensemble). Those of modes that
are localised at different places do not (independent levels). The ratio of neighbouring spacings needs no unfolding:
Oganesyan and Huse, Phys. Rev. B 75, 155111 (2007); Atas et al., Phys. Rev. Lett. 110, 084101 (2013).
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.papers.spring_network import excess, series
from bosonpeak.papers.spring_network.recipes import Recipe, edge_lengths, samples_of
from bosonpeak.papers.spring_network.sample_datasets import measure_samples
from bosonpeak.vibrations import modes

ORTHOGONAL = 0.5307
"""Mean ratio of the Gaussian orthogonal ensemble (large matrices)."""

INDEPENDENT = 2 * np.log(2) - 1
"""Mean ratio of independent levels, 0.3863."""


def spacing_ratios(levels) -> np.ndarray:
    """min(s_n, s_n+1) / max(s_n, s_n+1) of the spacings s between levels.

    Parameters
    ----------
    levels : array, shape (n,)
        Ascending, on any monotonic scale that is smooth over a few spacings.

    Returns
    -------
    array, shape (n - 2,)
        Each in [0, 1].

    Raises
    ------
    ValueError
        For fewer than three levels, levels that do not ascend, or three equal levels, which have no ratio.
    """
    levels = np.asarray(levels, float)
    if levels.ndim != 1 or len(levels) < 3:
        raise ValueError(f"a ratio of spacings needs three levels or more, got {levels.shape}")
    spacing = np.diff(levels)
    if not (spacing >= 0).all():
        raise ValueError("levels must ascend")
    larger = np.maximum(spacing[1:], spacing[:-1])
    if not (larger > 0).all():
        equal = levels[np.argmin(larger)]
        raise ValueError(f"three equal levels at {equal:.6g}: a degenerate spectrum has no spacing ratio")
    return np.minimum(spacing[1:], spacing[:-1]) / larger


def mode_part(recipe: Recipe, seed: int, omega: float, count: int) -> dict:
    """Frequencies and participation ratios of the `count` modes nearest to omega of the largest piece of a network."""
    found = modes.modes_near(recipe.network(seed).largest_piece().dynamical_matrix(), omega, count)
    return {"frequency": found.omega, "participation": modes.participation_ratio(found)}


@method("spring-network-modes", 1)
def measure_modes(
    nodes, seeds, resolution, n_modes, n_modes_cubic, n_levels, progress=False, folder=None
) -> xr.Dataset:
    """Modes at the peak of the diluted square and simple cubic lattices, and at the top of the spectrum of the square.

    Parameters
    ----------
    nodes, seeds : int
        Of the networks whose mean place of the maximum of g / omega^(d-1) is taken as the peak.
    resolution : float
        Of these spectra, in units of the van Hove frequency.
    n_modes, n_modes_cubic : int
        Nodes along the edge of the smallest networks; there are two larger ones of each.
    n_levels : int
        Number of modes of a network, or a twelfth of its nodes where that is less.

    Returns
    -------
    xarray.Dataset
        frequency and participation (sample, mode), NaN where a sample has fewer modes. The samples are "peak <n>
        s<seed>", "top <n> s<seed>" and "cubic <n> s<seed>". Attributes `peak` and `cubic`: the places omega.
    """
    n, mark, jobs = edge_lengths(nodes), measure_modes.method, {}
    square, cubic = Recipe("square", n["square"], 0.7), Recipe("simple-cubic", n["simple-cubic"], mean_coordination=4)
    samples = samples_of({"peak": square, "cubic": cubic}, range(seeds))
    seen = series.read_excess(series.excess_dataset(samples, resolution, mark, progress, folder))
    place = {kind: float(group.mean("place")) for kind, group in seen.items()}
    for size in (n_modes, 2 * n_modes, 4 * n_modes):
        for s in range(seeds):
            sample = mode_part, replace(square, n=size), 200 + s
            jobs[f"peak {size} s{s}"] = *sample, place["peak"], min(n_levels, size**2 // 12)
            jobs[f"top {size} s{s}"] = *sample, float(np.sqrt(8.0)), 30
    for size in (n_modes_cubic, 3 * n_modes_cubic // 2, 2 * n_modes_cubic):
        for s in range(seeds):
            sample = mode_part, replace(cubic, n=size), 300 + s
            jobs[f"cubic {size} s{s}"] = *sample, place["cubic"], min(n_levels, size**3 // 12)
    return measure_samples(jobs, mark, progress, folder, **place)


@dataclass(frozen=True)
class ModeStatistics:
    """Modes of networks of several sizes: number of nodes, participation ratios and ratios of neighbouring spacings
    of each size."""

    nodes: list[int]
    shares: list[np.ndarray]
    ratios: list[np.ndarray]

    @property
    def exponent(self) -> excess.Interval:
        """Exponent of the median participation ratio against the number of nodes."""
        return statistics.median_exponent(self.nodes, self.shares, rng=3)

    @property
    def medians(self) -> list[excess.Interval]:
        """Median participation ratio at each size."""
        return [statistics.bootstrap_interval(group, np.median, rng=2, n_resamples=500) for group in self.shares]

    @property
    def repulsion(self) -> list[excess.Interval]:
        """Mean ratio of neighbouring spacings at each size."""
        return [statistics.mean_interval(group) for group in self.ratios]


def read_modes(data: xr.Dataset, kind: str) -> ModeStatistics:
    """Statistics of one kind of modes of `measure_modes`: "peak", "top" or "cubic".

    At a peak only modes within a fifth of its place count.
    """
    sizes = {}
    for name, omega, share in zip(data["sample"].values, data.frequency.values, data.participation.values, strict=True):
        group, n, _ = str(name).split()
        inside = np.isfinite(omega) if kind == "top" else abs(omega / data.attrs.get(kind, 1.0) - 1) < 0.2
        if group == kind:
            sizes.setdefault(int(n), []).append((omega[inside], share[inside]))
    ratios = [
        np.concatenate([spacing_ratios(omega) for omega, _ in group if len(omega) > 2]) for group in sizes.values()
    ]
    shares = [np.concatenate([share for _, share in group]) for group in sizes.values()]
    return ModeStatistics([n ** (3 if kind == "cubic" else 2) for n in sizes], shares, ratios)
