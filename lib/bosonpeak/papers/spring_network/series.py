"""Series of networks whose excess is measured: one knob at a time, and distributions of springs."""

from dataclasses import replace

import numpy as np
import xarray as xr

from bosonpeak.archive.measurements import check_sample
from bosonpeak.archive.methods import Method, method
from bosonpeak.networks.lattices import LATTICES
from bosonpeak.networks.placement import binomial_variance
from bosonpeak.papers.spring_network import excess, recipes
from bosonpeak.papers.spring_network.lattice_green import TOP
from bosonpeak.papers.spring_network.recipes import (
    DISTRIBUTIONS,
    Recipe,
    Sample,
    edge_lengths,
    samples_of,
)
from bosonpeak.papers.spring_network.sample_datasets import group_of, measure_samples, seen_spectrum
from bosonpeak.vibrations.operators import spectral_bound
from bosonpeak.vibrations.spectra import density_of_states

SHARES = (0.9, 0.8, 0.7, 0.6)
"""Shares of the springs of the square lattice that are kept."""

THIRD = ("triangular", "simple-cubic")
"""Lattices of six springs per node, of which four are left where a third of them is missing."""

WEAK = (0.0, 0.05, 0.15, 0.3, 0.5, 0.75)
"""Stiffnesses in t0 of the weakened fifth of the springs."""

FLUCTUATIONS = (0.5, 1.5)
"""Variances of the coordination, in units of that of springs missing at random, to which springs are moved."""


def paper_variance(nodes: int) -> float:
    """Relative variance of the springs t0/r between nodes displaced by 0.3 a, measured on one network."""
    k = Recipe("square", edge_lengths(nodes)["square"], disorder=0.3).network(0).stiffness
    return float(k.var() / k.mean() ** 2)


def knob_samples(nodes: int, seeds: int, n_largest: int) -> dict[str, Sample]:
    """Samples in which one knob at a time is turned, of about `nodes` nodes each, and the largest network."""
    n = edge_lengths(nodes)
    kinds = {f"diluted {p:g}": Recipe("square", n["square"], p) for p in SHARES}
    kinds |= {f"crystal {name}": Recipe(name, n[name]) for name in ("square", *THIRD)}
    displaced = Recipe("square", n["square"], disorder=0.3)
    kinds |= {"displaced square": displaced, "mixed square": replace(displaced, permutation=1)}
    kinds |= {f"random {name}": Recipe(name, n[name], mean_coordination=4) for name in THIRD}
    for name in THIRD:
        placed = Recipe(name, n[name], mean_coordination=4, variance=0.0)
        random = binomial_variance(6, 4)
        kinds[f"even {name}"] = placed
        kinds |= {f"variance {f:g} {name}": replace(placed, variance=f * random) for f in FLUCTUATIONS}
    kinds |= {f"path {k:g}": Recipe("square", n["square"], springs=recipes.weakened_springs(k)) for k in WEAK}
    samples = samples_of(kinds, range(seeds))
    samples |= samples_of({"random again triangular": kinds["random triangular"]}, range(10, 10 + seeds))
    return samples | {"largest s99": Sample(Recipe("square", n_largest, 0.8), 99, 8)}


def distribution_samples(nodes: int, seeds: int) -> dict[str, Sample]:
    """Samples of the `DISTRIBUTIONS` of springs on the square and the simple cubic lattice, with whole spectra.

    The groups are "<distribution> <lattice>", all with every spring of the lattice, of which some have the stiffness 0.
    """
    n, kinds = edge_lengths(nodes), {}
    for name in ("square", "simple-cubic"):
        kinds |= {f"{kind} {name}": Recipe(name, n[name], springs=springs) for kind, springs in DISTRIBUTIONS.items()}
    return samples_of(kinds, range(seeds), whole=True)


SAMPLES = {"knobs": knob_samples, "distributions": distribution_samples}
"""Series of networks by name."""


def measure_sample(sample: Sample, resolution: float) -> dict:
    """Spectrum and summary of the network of a sample.

    Parameters
    ----------
    sample : Sample
    resolution : float
        Standard deviation of the kernel in units of the van Hove frequency.

    Returns
    -------
    dict
        stiffness K in t0, pieces, density (100,) on the `excess.excess_grid` of K (zeros where K = 0), n_moments and
        omega_max of the kernel, nodes, coordination, coordination_variance and lattice, its index among `LATTICES`,
        all of the largest piece. Of all springs of the lattice, missing ones as springs of stiffness 0:
        stiffness_variance relative to the squared mean, and weak, the share below a tenth of the mean. For a sample
        whose whole spectrum is measured also whole (250,), the density on the `whole_grid`.
    """
    name, full = sample.recipe.lattice, sample.recipe.network(sample.seed)
    network = full.largest_piece()
    K, seen = excess.measure_spectrum(network, name, resolution=resolution, n_vectors=sample.n_vectors, rng=sample.seed)
    density = seen.g if seen else np.zeros(len(excess.excess_grid(name, 1.0)))
    lattice = np.int8(list(LATTICES).index(name))
    found = {"stiffness": K, "pieces": network.components()[0], "density": density, "nodes": len(network)}
    found |= {"n_moments": seen.n_moments if seen else 0, "omega_max": seen.omega_max if seen else 0.0}
    z, there = network.coordination(), LATTICES[name].coordination * len(full) / 2
    # a missing spring is one of stiffness 0
    mean = full.stiffness.sum() / there
    variance = (full.stiffness**2).sum() / there / mean**2 - 1
    found |= {"coordination": z.mean(), "coordination_variance": z.var(), "stiffness_variance": variance}
    found |= {"lattice": lattice, "weak": 1 - (full.stiffness > 0.1 * mean).sum() / there}
    if sample.whole:
        grid = whole_grid(name)
        options = {"resolution": 0.02 * grid[-1], "n_vectors": sample.n_vectors, "project_out": network.zero_modes()}
        inside = grid < 0.9999 * np.sqrt(spectral_bound(network.dynamical_matrix()))
        seen = density_of_states(network.dynamical_matrix(), grid[inside], rng=sample.seed, **options)
        found["whole"] = np.pad(seen.g, (0, len(grid) - len(seen.g)))
    return found


def whole_grid(lattice: str) -> np.ndarray:
    """Frequencies (250,) up to the top of the perfect lattice with springs 1."""
    return np.sqrt(TOP[lattice, False]) * np.linspace(0.02, 1.0, 250)


def excess_dataset(samples: dict[str, Sample], resolution: float, method: Method, progress: bool, folder) -> xr.Dataset:
    """`measure_sample` of each sample, along the dimension `sample`."""
    jobs = {name: (measure_sample, sample, resolution) for name, sample in samples.items()}
    return measure_samples(jobs, method, progress, folder, resolution=resolution, lattices=" ".join(LATTICES))


@method("spring-network-spectra", 2)
def measure_spectra(kind, resolution, *, progress=False, folder=None, **parameters) -> xr.Dataset:
    """Spectra of one series of networks.

    Parameters
    ----------
    kind : str
        Key of `SAMPLES`.
    resolution : float
        Standard deviation of the kernel in units of the van Hove frequency.
    **parameters
        Of the function in `SAMPLES`.

    Returns
    -------
    xarray.Dataset
        As `excess_dataset`.
    """
    return excess_dataset(SAMPLES[kind](**parameters), resolution, measure_spectra.method, progress, folder)


def read_excess(data: xr.Dataset) -> dict[str, excess.Group]:
    """The excess of the samples of an `excess_dataset`, by group."""
    found = {}
    for name in data["sample"].values.tolist():
        each = data.sel(sample=name)
        K, lattice = float(each.stiffness), list(LATTICES)[int(each.lattice)]
        seen = seen_spectrum(each, excess.excess_grid(lattice, K), data.attrs["resolution"]) if K > 0 else None
        found.setdefault(group_of(name), []).append(excess.excess_of(lattice, K, seen))
    return {group: excess.Group(samples) for group, samples in found.items()}


def remeasure(data: xr.Dataset, samples: dict[str, Sample], names: list[str], tolerance=1e-6) -> float:
    """Measure some samples of an archived `excess_dataset` again.

    Parameters
    ----------
    data : xarray.Dataset
    samples : mapping
        All samples of the dataset, by name.
    names : sequence of str
        Those to measure again.
    tolerance : float
        Largest difference that is accepted.

    Returns
    -------
    float
        Largest difference between the two densities, relative to the largest density.

    Raises
    ------
    ValueError
        If they differ by more than the tolerance.
    """
    new = [measure_sample(samples[name], data.attrs["resolution"])["density"] for name in names]
    return check_sample("the spectra of " + ", ".join(names), data.density.sel(sample=list(names)), new, tolerance)


def place_of(data: xr.Dataset, group: str) -> dict:
    """Where a group was measured, as a claim is recorded with it.

    Parameters
    ----------
    data : xarray.Dataset
        As `excess_dataset`.
    group : str

    Returns
    -------
    dict
        `n`, the number of nodes of a sample, and `seeds`, a list.
    """
    names = [name for name in data["sample"].values.tolist() if group_of(name) == group]
    return {"n": int(data.nodes.sel(sample=names[0])), "seeds": [int(name.rpartition(" s")[2]) for name in names]}
