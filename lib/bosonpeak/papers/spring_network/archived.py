"""Networks of the chapter by recipe, and what the chapter measures once and archives.

A `Recipe` states everything that determines a network except its seed, and a `Sample` adds the seed. Samples are
named "<group> s<seed>"; a group is what the chapter averages over. On them stand the measured spectra, waves and
modes; the effective media are listed at the end. Reduced units: length a, stiffness t0, mass m, omega in sqrt(t0/m).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import xarray as xr
from tqdm.auto import tqdm

from bosonpeak.archive.methods import Method, method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network
from bosonpeak.networks.placement import binomial_variance, network_with_variance
from bosonpeak.networks.springs import balance_springs
from bosonpeak.papers.spring_network import level_statistics as levels
from bosonpeak.papers.spring_network import network_peaks as peaks
from bosonpeak.papers.spring_network import network_waves as waves
from bosonpeak.papers.spring_network.cpa import EffectiveMedium, describe_medium, solve_cpa
from bosonpeak.papers.spring_network.lattice_green import TOP
from bosonpeak.vibrations import modes
from bosonpeak.vibrations.spectra import Spectrum, density_of_states

EQUAL = SpringDistribution()
"""All springs 1."""


def gamma_springs(variance: float) -> SpringDistribution:
    """Gamma-distributed springs of mean 1 and this relative variance; equal springs where it is 0."""
    return SpringDistribution("gamma", 1.0, variance) if variance else EQUAL


def weakened_springs(weak: float) -> SpringDistribution:
    """Springs of mean 1, a fifth of them weakened to the stiffness `weak` in t0; equal springs where it is 1."""
    return SpringDistribution("two-valued", 1.0, (1 - weak) ** 2 / 4, weak_share=0.2) if weak < 1 else EQUAL


def edge_lengths(nodes: int, reduced: int | None = None) -> dict[str, int]:
    """Cells along an edge of each lattice, for networks of about `nodes` nodes.

    Parameters
    ----------
    nodes : int
    reduced : int, optional
        Number of nodes of smaller networks; their edges are scaled from the rounded edges of the larger ones.

    Returns
    -------
    dict
        From the name of a lattice to an integer of at least 3.
    """
    edges = {name: max(3, round((nodes / len(kind.basis)) ** (1 / kind.dimension))) for name, kind in LATTICES.items()}
    if reduced is None:
        return edges
    return {n: max(3, round(edges[n] * (reduced / nodes) ** (1 / kind.dimension))) for n, kind in LATTICES.items()}


@dataclass(frozen=True)
class Recipe:
    """How a network is made, apart from its seed.

    Attributes
    ----------
    lattice, n : str, int
        Lattice, and rectangular cells along an edge.
    bond_fraction, mean_coordination : float
        Probability of each spring to be kept, or the exact mean number of springs per node; at most one of them.
    variance : float or None
        Variance of the coordination that is aimed at by moving springs; None leaves them at random places.
    most_rounds : int
        Limit of this search.
    springs : SpringDistribution
    disorder : float
        Distance in a by which nodes are displaced; springs then have the stiffness t0/r of jiang-2026.
    balanced : bool
        Whether springs are multiplied by factors of their nodes until all nodes have the same sum of stiffnesses.
    permutation : int
        0, or which random permutation of the stiffnesses among the springs is applied last.
    """

    lattice: str
    n: int
    bond_fraction: float = 1.0
    mean_coordination: float | None = None
    variance: float | None = None
    most_rounds: int = 4000
    springs: SpringDistribution = EQUAL
    disorder: float = 0.0
    balanced: bool = False
    permutation: int = 0

    def network(self, seed: int) -> SpringNetwork:
        """The network of this recipe and seed. Raises ValueError as `lattice_network` and `network_with_variance`."""
        return _build(self, seed)


# samples that differ in their last step only follow one another, and share the costly steps before it
@lru_cache(maxsize=3)
def _build(recipe: Recipe, seed: int) -> SpringNetwork:
    if recipe.permutation:
        network, order = _build(replace(recipe, permutation=0), seed), np.random.default_rng([seed, recipe.permutation])
        return replace(network, stiffness=order.permutation(network.stiffness))
    if recipe.balanced:
        return balance_springs(_build(replace(recipe, balanced=False), seed))
    name, n, z = recipe.lattice, recipe.n, recipe.mean_coordination
    if recipe.variance is None:
        return lattice_network(
            name, n, disorder=recipe.disorder, bond_fraction=recipe.bond_fraction, mean_coordination=z,
            springs=recipe.springs, length_exponent=float(recipe.disorder > 0), rng=seed,
        )  # fmt: skip
    if recipe.springs == EQUAL:
        return network_with_variance(name, n, z, recipe.variance, rng=seed, most_rounds=recipe.most_rounds)
    network = _build(replace(recipe, springs=EQUAL), seed)
    return replace(network, stiffness=recipe.springs.draw(len(network.bonds), np.random.default_rng(seed)))


@dataclass(frozen=True)
class Sample:
    """One network of a series: its recipe, its seed, which is also that of the random vectors, and their number."""

    recipe: Recipe
    seed: int
    n_vectors: int = 16


def samples_of(recipes: Mapping[str, Recipe], seeds) -> dict[str, Sample]:
    """Samples of each recipe with each seed, named "<group> s<seed>"."""
    return {f"{group} s{seed}": Sample(recipe, seed) for group, recipe in recipes.items() for seed in seeds}


def keep_parts(
    work: Callable, jobs: Mapping[str, tuple], method: Method, progress: bool, folder, desc: str
) -> dict[str, dict]:
    """work(*job) of each job, a dictionary of arrays, kept in a folder so that a run that was killed resumes.

    Parameters
    ----------
    work : callable
        Returns a dictionary of arrays.
    jobs : mapping
        From the name of a part to the arguments of `work`, whose text determines the result.
    method : Method
        Of the measurement.
    progress : bool
        Whether to show a progress bar, labelled `desc`.
    folder : path-like or None

    Returns
    -------
    dict
        From the name of a part to its arrays.
    """
    kept = {}
    for name, job in tqdm(jobs.items(), desc=desc, disable=not progress):
        # each part has a folder of its own key: a change of the others leaves it valid
        kept[name] = KeptParts(folder, method.key(work.__name__, repr(job))).part("part", lambda job=job: work(*job))
    return kept


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
        stiffness K in t0, pieces, density (100,) on the `excess_grid` of K (zeros where K = 0), n_moments and
        omega_max of the kernel, nodes, coordination_variance, and stiffness_variance relative to the squared mean.
    """
    recipe, network = sample.recipe, sample.recipe.network(sample.seed)
    K, seen = peaks.measure_spectrum(
        network, recipe.lattice, resolution=resolution, n_vectors=sample.n_vectors, rng=sample.seed
    )
    k, z = network.stiffness, network.coordination()
    kernel = {"n_moments": seen.n_moments, "omega_max": seen.omega_max} if seen else {"n_moments": 0, "omega_max": 0.0}
    density = seen.g if seen else np.zeros(len(peaks.excess_grid(recipe.lattice, 1.0)))
    variances = {"coordination_variance": z.var(), "stiffness_variance": k.var() / k.mean() ** 2}
    found = {"stiffness": K, "pieces": network.components()[0], "density": density, "nodes": len(network)}
    return found | kernel | variances


def stack_parts(parts: Mapping[str, dict], dimension: str = "sample") -> dict:
    """Variables of an xarray.Dataset from parts that have the same arrays, stacked along a new dimension.

    The last axis of an array is padded with NaN to the longest of its kind.
    """
    variables = {}
    for key in next(iter(parts.values())):
        arrays = [np.asarray(part[key]) for part in parts.values()]
        if arrays[0].ndim:
            missing = [max(each.shape[-1] for each in arrays) - array.shape[-1] for array in arrays]
            sides = [[(0, 0)] * (array.ndim - 1) + [(0, m)] for array, m in zip(arrays, missing, strict=True)]
            arrays = [np.pad(array, side, constant_values=np.nan) for array, side in zip(arrays, sides, strict=True)]
        variables[key] = (dimension, *(f"{key}_{axis}" for axis in range(1, arrays[0].ndim + 1))), np.stack(arrays)
    return variables


def spectra_dataset(
    samples: Mapping[str, Sample], resolution: float, method: Method, progress: bool, folder
) -> xr.Dataset:
    """`measure_sample` of each sample, and the index of its lattice among `LATTICES`, along the dimension `sample`."""
    jobs = {name: (sample, resolution) for name, sample in samples.items()}
    found = keep_parts(measure_sample, jobs, method, progress, folder, "spectra of networks")
    lattices = np.array([list(LATTICES).index(sample.recipe.lattice) for sample in samples.values()], dtype="int8")
    attributes = {"resolution": resolution, "unit": "reduced", "lattices": " ".join(LATTICES)}
    return xr.Dataset(stack_parts(found) | {"lattice": ("sample", lattices)}, {"sample": list(found)}, attributes)


def group_of(name: str) -> str:
    """Group of the sample of this name."""
    return name.rpartition(" s")[0]


def seen_spectrum(part: Mapping, omega, resolution: float) -> Spectrum:
    """Spectrum of the arrays `density`, `n_moments` and `omega_max` of a part, at the frequencies omega (K,)."""
    g = np.asarray(part["density"])
    return Spectrum(omega, g, np.zeros_like(g), resolution, int(part["n_moments"]), 1, float(part["omega_max"]))


def read_excess(data: xr.Dataset) -> dict[str, list[peaks.Excess]]:
    """The excess of each sample of a `spectra_dataset`, listed by group."""
    found = {}
    for i, name in enumerate(data["sample"].values.tolist()):
        each = data.isel(sample=i)
        K, lattice = float(each.stiffness), list(LATTICES)[int(each.lattice)]
        seen = seen_spectrum(each, peaks.excess_grid(lattice, K), data.attrs["resolution"]) if K > 0 else None
        found.setdefault(group_of(name), []).append(peaks.excess_of(lattice, K, seen))
    return found


SHARES = (0.9, 0.8, 0.7, 0.6)
"""Shares of the springs of the square lattice that are kept."""

THIRD = ("triangular", "simple-cubic")
"""Lattices of six springs per node, of which four are left where a third of them is missing."""

STATIC = {"square": SHARES} | dict.fromkeys(THIRD, (0.9, 0.75, 0.6, 0.45)) | {"fcc": (0.9, 0.7, 0.5, 0.3)}
"""Shares of the springs at which the static stiffness is measured."""

WEAK = (0.0, 0.05, 0.15, 0.3, 0.5, 0.75)
"""Stiffnesses in t0 of the weakened fifth of the springs."""

CASES = {f"square, p = {p}": Recipe("square", 0, p) for p in SHARES}
CASES |= {f"square, v = {v}": Recipe("square", 0, springs=gamma_springs(v)) for v in (0.5, 1.5)}
CASES |= {
    "triangular, p = 2/3": Recipe("triangular", 0, 2 / 3),
    "triangular, vector, p = 0.85": Recipe("triangular", 0, 0.85),
    "cubic, p = 2/3": Recipe("simple-cubic", 0, 2 / 3),
    "cubic, v = 1.5": Recipe("simple-cubic", 0, springs=gamma_springs(1.5)),
    "fcc, p = 1/2": Recipe("fcc", 0, 0.5),
    "fcc, vector, p = 0.75": Recipe("fcc", 0, 0.75),
}
"""Networks that are compared with their effective medium; n is filled in. "vector": with vector springs."""

SERIES = {f"along p = {p:g}": Recipe("square", 0, p) for p in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)} | {
    f"along v = {v:g}": Recipe("square", 0, springs=gamma_springs(v)) for v in (0.2, 0.5, 1.0, 1.5, 2.5)
}
"""Networks along which the error of the theory is followed."""

SHARP = np.arange(0.3, 2.2, 0.005)
"""Frequencies omega at which sharp lines are looked for."""


def paper_variance(map_nodes: int, nodes: int) -> float:
    """Relative variance of the springs t0/r between nodes displaced by 0.3 a, measured on one network."""
    recipe = Recipe("square", edge_lengths(nodes, map_nodes)["square"], disorder=0.3)
    k = recipe.network(0).stiffness
    return float(k.var() / k.mean() ** 2)


def knob_samples(nodes: int, map_nodes: int, seeds: int, n_largest: int) -> dict[str, Sample]:
    """Samples in which one knob at a time is turned, of about `nodes` nodes each, and the largest network."""
    n, v = edge_lengths(nodes), paper_variance(map_nodes, nodes)
    recipes = {f"diluted {p:g}": Recipe("square", n["square"], p) for p in SHARES}
    recipes |= {f"crystal {name}": Recipe(name, n[name]) for name in ("square", *THIRD)}
    recipes["weak square"] = Recipe("square", n["square"], springs=SpringDistribution("box", 1.0, v))
    recipes["displaced square"] = Recipe("square", n["square"], disorder=0.3)
    strong = {name: Recipe(name, n[name], springs=gamma_springs(1.5)) for name in ("square", "simple-cubic")}
    recipes |= {f"strong {name}": recipe for name, recipe in strong.items()}
    recipes |= {f"random {name}": Recipe(name, n[name], mean_coordination=4) for name in THIRD}
    recipes |= {f"even {name}": Recipe(name, n[name], mean_coordination=4, variance=0.0) for name in THIRD}
    recipes |= {f"path {k:g}": Recipe("square", n["square"], springs=weakened_springs(k)) for k in WEAK}
    samples = samples_of(recipes, range(seeds))
    for name, recipe in strong.items():
        for s in range(seeds):
            turned = {f"balanced {name} {t}": replace(recipe, balanced=True, permutation=t) for t in (0, 1, 2)}
            samples |= samples_of(turned, [s])
    return samples | {"largest s99": Sample(Recipe("square", n_largest, 0.8), 99, 8)}


def map_samples(nodes, map_nodes, seeds, means, fluctuations, strengths) -> dict[str, Sample]:
    """Samples at several mean coordinations, variances of the coordination and variances of the stiffness.

    The groups are "grid <lattice> <z> <f> <v>", with f the variance of the coordination over that of springs missing
    at random; "disc <lattice> <z> <v>", where the springs are missing at random; and "static <lattice> <p>", of which
    the stiffness is used.
    """
    n, samples = edge_lengths(nodes, map_nodes), {}
    static = {f"static {name} {p:g}": Recipe(name, n[name], p) for name, shares in STATIC.items() for p in shares}
    samples |= samples_of(static, range(seeds))
    for name in THIRD:
        for z in means:
            for f in fluctuations:
                placed = Recipe(name, n[name], mean_coordination=z, variance=f * binomial_variance(6, z))
                for s in range(seeds):
                    for v in strengths:
                        sample = Sample(replace(placed, springs=gamma_springs(v)), s)
                        samples[f"grid {name} {z:g} {f:g} {v:g} s{s}"] = sample
        discs = {
            f"disc {name} {z:g} {v:g}": Recipe(name, n[name], mean_coordination=z, springs=gamma_springs(v))
            for z in (4.0, 5.0, 6.0)
            for v in (0.0, 0.5, 1.5)
        }
        samples |= samples_of(discs, range(seeds))
    return samples


def explorer_samples(nodes, shown_nodes, shares, strengths, fluctuations) -> dict[str, Sample]:
    """Samples behind the three sliders: "share <p> <lattice>", "strength <v> <lattice>", "variance <f> <lattice>"."""
    n = edge_lengths(nodes, shown_nodes)
    recipes = {}
    for name in ("square", "simple-cubic"):
        recipes |= {f"share {p:g} {name}": Recipe(name, n[name], p) for p in shares}
        recipes |= {f"strength {v:g} {name}": Recipe(name, n[name], springs=gamma_springs(v)) for v in strengths}
    for name in THIRD:
        for f in fluctuations:
            recipes[f"variance {f:g} {name}"] = Recipe(
                name, n[name], mean_coordination=4, variance=f * binomial_variance(6, 4), most_rounds=3000
            )
    return samples_of(recipes, [5])


SAMPLES = {"knobs": knob_samples, "map": map_samples, "explorer": explorer_samples}
"""Series of networks whose excess is measured."""


@method("spring-network-spectra", 1)
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
        As `spectra_dataset`.
    """
    return spectra_dataset(SAMPLES[kind](**parameters), resolution, measure_spectra.method, progress, folder)


def whole_spectrum(recipe: Recipe, vector: bool, seed: int, resolution: float) -> dict:
    """Density of a network up to its last level, the number of its frequencies, and the kernel's parameters."""
    seen = peaks.network_spectrum(recipe.network(seed), recipe.lattice, vector=vector, resolution=resolution, rng=seed)
    return {"density": seen.g, "shown": len(seen.g), "n_moments": seen.n_moments, "omega_max": seen.omega_max}


def sharp_spectrum(recipe: Recipe, seed: int) -> dict:
    """Density at the frequencies `SHARP` under a narrow kernel, and the kernel's parameters."""
    network = recipe.network(seed)
    D, still = network.dynamical_matrix(), network.zero_modes()
    seen = density_of_states(D, SHARP, resolution=0.015, n_vectors=16, rng=seed, project_out=still)
    return {"density": seen.g, "shown": len(SHARP), "n_moments": seen.n_moments, "omega_max": seen.omega_max}


@method("spring-network-comparison", 1)
def measure_comparison(nodes, map_nodes, seeds, resolution, *, progress=False, folder=None) -> xr.Dataset:
    """Whole spectra of the networks that are compared with their effective medium.

    Parameters
    ----------
    nodes, map_nodes : int
        Of each network of `CASES` and of `SERIES`, about.
    seeds : int
    resolution : float
        Standard deviation of the kernel in units of the top frequency.

    Returns
    -------
    xarray.Dataset
        density (sample, point), of which the first `shown` points are used; the samples are "<case> s<seed>" and
        "sharp <p> s<seed>".
    """
    n, small = edge_lengths(nodes), edge_lengths(nodes, map_nodes)
    recipes = {name: replace(r, n=n[r.lattice]) for name, r in CASES.items()}
    recipes |= {name: replace(r, n=small[r.lattice]) for name, r in SERIES.items()}
    whole = {f"{name} s{s}": (r, "vector" in name, s, resolution) for name, r in recipes.items() for s in range(seeds)}
    sharp = {f"sharp {p:g} s{s}": (Recipe("square", n["square"], p), s) for p in (0.9, 0.6) for s in range(seeds)}
    mark = measure_comparison.method
    parts = keep_parts(whole_spectrum, whole, mark, progress, folder, "whole spectra")
    parts |= keep_parts(sharp_spectrum, sharp, mark, progress, folder, "sharp lines")
    return xr.Dataset(stack_parts(parts), {"sample": list(parts)}, {"resolution": resolution, "unit": "reduced"})


def wave_vectors(n_waves: int) -> np.ndarray:
    """Thirteen wave vectors (Q, 2) at most, along one side of a square box of this many nodes."""
    every = waves.box_vectors_along(lattice_network("square", n_waves), 0, 1.9)
    return every[np.unique(np.searchsorted(every[:, 0], np.linspace(0.28, 1.85, 13)))]


WAVE_GRID = np.arange(0.02, 2.6, 0.004)
"""Frequencies omega of the spectral functions."""


def wave_part(n_waves: int, share: float, seed: int, resolution: float) -> dict:
    """Spectral function (K, Q) of one network at its `wave_vectors`, and the kernel's parameters."""
    network = lattice_network("square", n_waves, bond_fraction=share, rng=seed)
    seen = waves.wave_spectrum(network, wave_vectors(n_waves), WAVE_GRID, resolution)
    return {"density": seen.g, "n_moments": seen.n_moments, "omega_max": seen.omega_max}


@method("spring-network-waves", 1)
def measure_waves(n_waves, seeds, resolution, *, progress=False, folder=None) -> xr.Dataset:
    """Spectral functions of diluted square lattices of n_waves^2 nodes at the shares 0.8 and 0.7.

    Parameters
    ----------
    n_waves, seeds : int
    resolution : float
        Standard deviation of the kernel, in sqrt(t0/m).

    Returns
    -------
    xarray.Dataset
        density (sample, K, Q) at the frequencies `WAVE_GRID` and the wave vectors q (Q,) in 1/a along one axis; samples
        named "<p> s<seed>"; n_moments and omega_max of the kernel.
    """
    jobs = {f"{p:g} s{s}": (n_waves, p, 100 + s, resolution) for p in (0.8, 0.7) for s in range(seeds)}
    parts = keep_parts(wave_part, jobs, measure_waves.method, progress, folder, "waves")
    variables = stack_parts(parts) | {"q": ("density_2", wave_vectors(n_waves)[:, 0])}
    return xr.Dataset(variables, {"sample": list(parts)}, {"resolution": resolution, "unit": "reduced"})


def mode_part(recipe: Recipe, seed: int, omega: float, count: int) -> dict:
    """Frequencies and participation ratios of the `count` modes nearest to omega of the largest piece of a network."""
    D = levels.largest_piece(recipe.network(seed)).dynamical_matrix()
    found = modes.modes_near(D, omega, count)
    return {"frequency": found.omega, "participation": modes.participation_ratio(found)}


@method("spring-network-modes", 1)
def measure_modes(
    nodes, seeds, resolution, n_modes, n_modes_cubic, n_levels, *, progress=False, folder=None
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
    n, mark = edge_lengths(nodes), measure_modes.method
    recipes = {
        "peak": Recipe("square", n["square"], 0.7),
        "cubic": Recipe("simple-cubic", n["simple-cubic"], mean_coordination=4),
    }
    seen = read_excess(spectra_dataset(samples_of(recipes, range(seeds)), resolution, mark, progress, folder))
    place = {group: float(np.mean([e.place for e in found])) for group, found in seen.items()}
    jobs = {}
    for size in (n_modes, 2 * n_modes, 4 * n_modes):
        recipe = Recipe("square", size, 0.7)
        for s in range(seeds):
            jobs[f"peak {size} s{s}"] = recipe, 200 + s, place["peak"], min(n_levels, size**2 // 12)
            jobs[f"top {size} s{s}"] = recipe, 200 + s, float(np.sqrt(8.0)), 30
    for size in (n_modes_cubic, 3 * n_modes_cubic // 2, 2 * n_modes_cubic):
        recipe = Recipe("simple-cubic", size, mean_coordination=4)
        for s in range(seeds):
            jobs[f"cubic {size} s{s}"] = recipe, 300 + s, place["cubic"], min(n_levels, size**3 // 12)
    parts = keep_parts(mode_part, jobs, mark, progress, folder, "modes")
    return xr.Dataset(stack_parts(parts), {"sample": list(parts)}, {**place, "unit": "reduced"})


WEAK_LINE = np.linspace(0, 1, 21)
"""Stiffnesses in t0 of the weakened springs along which the theory is drawn."""


@lru_cache(maxsize=256)
def solve_on_grid(
    lattice: str, top: float, points: int, springs: SpringDistribution, bond_fraction: float, vector: bool = False
) -> EffectiveMedium:
    """`solve_cpa` at the midpoints of `points` equal cells of (0, top), top in sqrt(t0/m); kept for the next call."""
    return solve_cpa(lattice, peaks.fine_grid(top, points), springs, bond_fraction, vector)


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
        Keys: those of `CASES` and `SERIES`, "floppy", "grid <lattice> <z> <v>", "map <lattice> <i> <j>",
        "path <k>", "share <p> <lattice>", "strength <v> <lattice>", "wave <p>" and "drawn <p>".
    """
    jobs = {"floppy": ("square", 2.9, 400, EQUAL, 0.4)}
    for name, recipe in (CASES | SERIES).items():
        vector = "vector" in name
        # the tail of gamma springs beyond 4.5 holds 1e-4 of the states
        stiffest = min(recipe.springs.quadrature()[0].max(), 4.5)
        top = float(1.02 * np.sqrt(TOP[recipe.lattice, vector] * stiffest))
        jobs[name] = recipe.lattice, top, 140 if vector else 300, recipe.springs, recipe.bond_fraction, vector
    for name in THIRD:
        top = float(1.3 * np.sqrt(peaks.FIRST_SINGULARITY[name]))
        jobs |= {f"grid {name} {z:g} {v:g}": (name, top, 90, gamma_springs(v), z / 6) for z in means for v in strengths}
        z_axis, v_axis = (axis.tolist() for axis in map_axes(map_points))
        for i, v in enumerate(v_axis):
            jobs |= {f"map {name} {i} {j}": (name, top, 90, gamma_springs(v), z / 6) for j, z in enumerate(z_axis)}
    jobs |= {f"path {k:.2f}": ("square", 2.6, 150, weakened_springs(k), 1.0) for k in WEAK_LINE.tolist()}
    for name in ("square", "simple-cubic"):
        jobs |= {f"share {p:g} {name}": (name, 2.6, 110, EQUAL, p) for p in shown_shares}
        jobs |= {f"strength {v:g} {name}": (name, 2.6, 110, gamma_springs(v), 1.0) for v in shown_strengths}
    for p in SHARES[1:3]:
        jobs[f"wave {p:g}"] = "square", 2.88, 3000, EQUAL, p
        jobs[f"drawn {p:g}"] = "square", 2.88, 1500, EQUAL, p
    return jobs


def medium_part(*job) -> dict:
    """What `solve_on_grid` finds: real and imaginary parts (2, M) of K and G, the residual and the static stiffness."""
    found = solve_on_grid(*job)
    parts = {
        key: np.array([value.real, value.imag]) for key in ("stiffness", "green") for value in [getattr(found, key)]
    }
    return parts | {"residual": found.residual, "static_stiffness": found.static_stiffness}


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
    parts = keep_parts(medium_part, list_media(**parameters), measure_media.method, progress, folder, "effective media")
    return xr.Dataset(stack_parts(parts), {"sample": list(parts)}, {"unit": "reduced"})


def read_media(data: xr.Dataset, **parameters) -> dict[str, EffectiveMedium]:
    """Effective media of a `measure_media` dataset by name; parameters as there."""
    found = {}
    for i, (name, (lattice, top, points, _, _, *vector)) in enumerate(list_media(**parameters).items()):
        K, green = (
            data[key].values[i, 0, :points] + 1j * data[key].values[i, 1, :points] for key in ("stiffness", "green")
        )
        residual, static = data.residual.values[i, :points], float(data.static_stiffness[i])
        found[name] = describe_medium(lattice, any(vector), peaks.fine_grid(top, points), K, green, residual, static)
    return found
