"""The effective media of the chapter: which there are, and how they are archived."""

from functools import lru_cache

import numpy as np
import xarray as xr

from bosonpeak.archive.methods import method
from bosonpeak.papers.spring_network import comparison, cpa, excess, kernel, lattice_green
from bosonpeak.papers.spring_network.recipes import weakened_springs
from bosonpeak.papers.spring_network.sample_datasets import measure_samples

WEAK_LINE = np.linspace(0, 1, 21)
"""Stiffnesses in t0 of the weakened springs along which the theory is drawn."""


def list_media() -> dict[str, tuple]:
    """Arguments of `solve_on_grid` for each effective medium of the chapter.

    Returns
    -------
    dict
        Keys: those of `comparison.CASES`, and "path <k>".
    """
    jobs = {}
    for name, recipe in comparison.CASES.items():
        # the tail of gamma springs beyond 4.5 holds 1e-4 of the states
        stiffest = min(recipe.springs.quadrature()[0].max(), 4.5)
        top = float(1.02 * np.sqrt(lattice_green.TOP[recipe.lattice, recipe.vector] * stiffest))
        points = 140 if recipe.vector else 300
        jobs[name] = recipe.lattice, top, points, recipe.springs, recipe.bond_fraction, recipe.vector
    jobs |= {f"path {k:.2f}": ("square", 2.6, 150, weakened_springs(k), 1.0) for k in WEAK_LINE.tolist()}
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


@method("spring-network-media", 3)
def measure_media(progress=False, folder=None) -> xr.Dataset:
    """Effective media of `list_media`.

    Returns
    -------
    xarray.Dataset
        stiffness K (t0) and green G (m/t0) as (sample, 2, M), real and imaginary parts, residual (sample, M), relative
        to K, and static_stiffness (sample,) in t0; NaN beyond the grid of a medium.
    """
    jobs = {name: (solve_on_grid, *job) for name, job in list_media().items()}
    return measure_samples(jobs, measure_media.method, progress, folder)


def read_media(data: xr.Dataset) -> dict[str, cpa.EffectiveMedium]:
    """Effective media of a `measure_media` dataset by name."""
    found = {}
    for name, (lattice, top, points, _, _, *vector) in list_media().items():
        each = data.sel(sample=name)
        K, green = (each[key].values[0, :points] + 1j * each[key].values[1, :points] for key in ("stiffness", "green"))
        seen = kernel.fine_grid(top, points), K, green, each.residual.values[:points], float(each.static_stiffness)
        found[name] = cpa.EffectiveMedium(lattice, any(vector), *seen)
    return found


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
