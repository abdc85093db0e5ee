"""The effective media of the chapter: which there are, how they are archived, and the map of their excess."""

from functools import lru_cache

import numpy as np
import xarray as xr

from bosonpeak.archive.methods import method
from bosonpeak.papers.spring_network import comparison, cpa, excess, kernel, lattice_green, series
from bosonpeak.papers.spring_network.recipes import EQUAL, gamma_springs, weakened_springs
from bosonpeak.papers.spring_network.sample_datasets import measure_samples

WEAK_LINE = np.linspace(0, 1, 21)
"""Stiffnesses in t0 of the weakened springs along which the theory is drawn."""


def map_axes(map_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean coordinations and relative variances of the stiffness (map_points,) of the phase diagram."""
    return np.linspace(3.0, 6.0, map_points), np.linspace(0.0, 1.5, map_points)


def list_media(map_points: int, means, strengths, shown_shares, shown_strengths) -> dict[str, tuple]:
    """Arguments of `solve_on_grid` for each effective medium of the chapter.

    Parameters
    ----------
    map_points : int
        Of the phase diagram, each way.
    means, strengths : list of float
        Mean coordinations, and relative variances of the stiffness, of the networks on the map.
    shown_shares, shown_strengths : list of float
        Behind the sliders.

    Returns
    -------
    dict
        Keys: those of `comparison.CASES` and `comparison.SERIES`, "floppy", "grid <lattice> <z> <v>",
        "map <lattice> <i> <j>", "path <k>", "share <p> <lattice>", "strength <v> <lattice>", "wave <p>" and
        "drawn <p>".
    """
    jobs = {"floppy": ("square", 2.9, 400, EQUAL, 0.4)}
    for name, recipe in (comparison.CASES | comparison.SERIES).items():
        # the tail of gamma springs beyond 4.5 holds 1e-4 of the states
        stiffest = min(recipe.springs.quadrature()[0].max(), 4.5)
        top = float(1.02 * np.sqrt(lattice_green.TOP[recipe.lattice, recipe.vector] * stiffest))
        points = 140 if recipe.vector else 300
        jobs[name] = recipe.lattice, top, points, recipe.springs, recipe.bond_fraction, recipe.vector
    z_axis, v_axis = (axis.tolist() for axis in map_axes(map_points))
    for name in series.THIRD:
        top = float(1.3 * np.sqrt(excess.FIRST_SINGULARITY[name]))
        chart = {f"grid {name} {z:g} {v:g}": (z, v) for z in means for v in strengths}
        chart |= {f"map {name} {i} {j}": (z, v) for i, v in enumerate(v_axis) for j, z in enumerate(z_axis)}
        jobs |= {key: (name, top, 90, gamma_springs(v), z / 6) for key, (z, v) in chart.items()}
    jobs |= {f"path {k:.2f}": ("square", 2.6, 150, weakened_springs(k), 1.0) for k in WEAK_LINE.tolist()}
    for name in ("square", "simple-cubic"):
        jobs |= {f"share {p:g} {name}": (name, 2.6, 110, EQUAL, p) for p in shown_shares}
        jobs |= {f"strength {v:g} {name}": (name, 2.6, 110, gamma_springs(v), 1.0) for v in shown_strengths}
    for p in series.SHARES[1:3]:
        jobs[f"wave {p:g}"] = "square", 2.88, 3000, EQUAL, p
        jobs[f"drawn {p:g}"] = "square", 2.88, 1500, EQUAL, p
    return jobs


@lru_cache(maxsize=256)
def solve_on_grid(lattice: str, top: float, points: int, springs, bond_fraction: float, vector: bool = False) -> dict:
    """What `solve_cpa` finds at the midpoints of `points` equal cells of (0, top), top in sqrt(t0/m).

    Returns
    -------
    dict
        Real and imaginary parts (2, points) of the stiffness and green, the residual (points,) and the
        static_stiffness. It is kept for the next call.
    """
    found = cpa.solve_cpa(lattice, kernel.fine_grid(top, points), springs, bond_fraction, vector)
    K, green = (np.stack([value.real, value.imag]) for value in (found.stiffness, found.green))
    return {"stiffness": K, "green": green, "residual": found.residual, "static_stiffness": found.static_stiffness}


@method("spring-network-media", 1)
def measure_media(progress=False, folder=None, **parameters) -> xr.Dataset:
    """Effective media of `list_media`.

    Parameters
    ----------
    **parameters
        As `list_media`.

    Returns
    -------
    xarray.Dataset
        stiffness K (t0) and green G (m/t0) as (sample, 2, M), real and imaginary parts, residual (sample, M), relative
        to K, and static_stiffness (sample,) in t0; NaN beyond the grid of a medium.
    """
    jobs = {name: (solve_on_grid, *job) for name, job in list_media(**parameters).items()}
    return measure_samples(jobs, measure_media.method, progress, folder)


def read_media(data: xr.Dataset, **parameters) -> dict[str, cpa.EffectiveMedium]:
    """Effective media of a `measure_media` dataset by name; parameters as there."""
    found = {}
    for name, (lattice, top, points, _, _, *vector) in list_media(**parameters).items():
        each = data.sel(sample=name)
        K, green = (each[key].values[0, :points] + 1j * each[key].values[1, :points] for key in ("stiffness", "green"))
        seen = kernel.fine_grid(top, points), K, green, each.residual.values[:points], float(each.static_stiffness)
        found[name] = cpa.EffectiveMedium(lattice, any(vector), *seen)
    return found


def largest_errors(media: dict[str, cpa.EffectiveMedium]) -> tuple[float, float]:
    """Largest residual of the self-consistency of some media, and largest deviation of their norm from 1."""
    return max(m.residual.max() for m in media.values()), max(abs(m.norm - 1) for m in media.values())


def net_excess(media: dict[str, cpa.EffectiveMedium], names, resolution: float) -> np.ndarray:
    """Net excess of some media.

    Parameters
    ----------
    media : dict of EffectiveMedium
    names : array_like of str, shape (...)
        Which of them.
    resolution : float
        Standard deviation of the kernel through which they are seen, over the first van Hove frequency.

    Returns
    -------
    array, shape (...)
    """
    return np.vectorize(lambda name: excess.medium_excess(media[name], resolution).net, otypes=[float])(names)


def read_chart(media: dict[str, cpa.EffectiveMedium], lattice: str, points: int, resolution: float) -> np.ndarray:
    """Net excess of the effective media of the phase diagram.

    Parameters
    ----------
    media : dict of EffectiveMedium
        Of `read_media`.
    lattice : str
    points : int
        Of the map, each way.
    resolution : float
        As for `net_excess`.

    Returns
    -------
    array, shape (points, points)
        Rows by the variance v of the stiffness, columns by the mean coordination z, on the `map_axes`.
    """
    names = [[f"map {lattice} {i} {j}" for j in range(points)] for i in range(points)]
    return net_excess(media, names, resolution)


def map_error(discs: dict[tuple[float, float], float], chart: np.ndarray) -> float:
    """Largest relative difference between networks and theory along the lower and upper edges of the map.

    Parameters
    ----------
    discs : mapping
        Net excess of networks by (z, v).
    chart : array, shape (Y, X)
        Net excess of the theory on the `map_axes`.
    """
    z_axis, v_axis = map_axes(len(chart))
    rows = {v_axis[0]: chart[0], v_axis[-1]: chart[-1]}
    return max(abs(net / np.interp(z, z_axis, rows[v]) - 1) for (z, v), net in discs.items() if v in rows)
