"""What the chapter measures in minutes rather than seconds: measurements that the book archives.

Each function computes one result from its parameters alone, keeps finished parts in a folder and resumes from them.
Spectra are archived rather than the peaks that are read off them. Everything is in reduced units: lengths in the
lattice constant a, frequencies omega in sqrt(t0/m), densities g in its inverse, moduli in t0.
"""

from functools import partial
from itertools import islice, product

import numpy as np
import xarray as xr
from tqdm.auto import tqdm

from bosonpeak.archive.measurements import Measurement, check_sample
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.networks import square_lattice_network
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS, Kind, large_kinds, small_ensemble
from bosonpeak.papers.jiang_2026.packings import jammed_discs
from bosonpeak.threads import available_cores
from bosonpeak.vibrations import elasticity, modes, spectra

OMEGA = np.arange(0.06, 3.4, 0.01)
"""Frequencies at which the density of the large networks is evaluated."""
PACKINGS = 3
"""Number of packings of discs."""
NEAR = (0.467, 0.5, 0.533)
"""Frequencies near which modes of growing networks are computed."""
NEAR_COUNT = 40
"""How many of them near each."""
NETWORKS = 3
"""Networks of each size and disorder whose modes are computed; of the smallest, four times as many."""
TOLERANCE = 1e-6
"""By how much a recomputed sample may differ from the archive, relative to the largest value: the processors that
made them may round differently."""


@method("jiang-2026-levels", 1)
def levels(n, seeds, progress=False, folder=None) -> xr.Dataset:
    """All frequencies of the networks of the paper's size, by dense diagonalisation.

    Parameters
    ----------
    n : int
        Nodes along an edge.
    seeds : int
        Networks for each family and disorder (`ensembles.small_ensemble`).
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where the frequencies of finished networks are kept.

    Returns
    -------
    xarray.Dataset
        frequency (kind, seed, level), ascending, with the coordinates family (kind) and disorder (kind), and
        crystal (level).
    """
    small, parts = small_ensemble(n, seeds), KeptParts(folder)
    jobs = {f"n{n}-{f}-{d}-s{s}": net for (f, d), nets in small.networks.items() for s, net in enumerate(nets)}
    jobs = {f"n{n}-crystal": small.crystal} | jobs
    found = {name: parts.read(name) for name in jobs}
    missing = iter([name for name, kept in found.items() if kept is None])
    with tqdm(desc="diagonalising", total=len(jobs), unit="network", disable=not progress) as bar:
        bar.update(sum(kept is not None for kept in found.values()))
        # a batch at a time: what is finished is kept
        while batch := list(islice(missing, 2 * available_cores())):
            solved = modes.frequencies(jobs[name].dynamical_matrix() for name in batch)
            for name, frequency in zip(batch, solved, strict=True):
                found[name] = {"frequency": frequency}
                parts.write(name, frequency=frequency)
            bar.update(len(batch))
    solved = [kept["frequency"] for kept in found.values()]
    kinds = list(small.networks)
    return xr.Dataset(
        {
            "frequency": (("kind", "seed", "level"), np.reshape(solved[1:], (len(kinds), seeds, n * n))),
            "crystal": ("level", solved[0]),
        },
        _coordinates_of(kinds),
    )


def _coordinates_of(kinds) -> dict:
    return {"family": ("kind", [family for family, _ in kinds]), "disorder": ("kind", [d for _, d in kinds])}


def by_kind(data: xr.Dataset, name: str) -> dict[Kind, np.ndarray]:
    """One variable of a result of `levels` or of `large_networks`, by the kind of the networks.

    Parameters
    ----------
    data : xarray.Dataset
    name : str
        A variable whose first dimension is kind, such as "frequency", "g" or "modulus".

    Returns
    -------
    dict
        For each kind an array (seed, ...).
    """
    kinds = zip(data.family.values, data.disorder.values, strict=True)
    return {(str(family), float(d)): values for (family, d), values in zip(kinds, data[name].values, strict=True)}


def coordination_of_large(data: xr.Dataset) -> dict[Kind, tuple[float, float]]:
    """Mean and variance of the number of springs at a node in a result of `large_networks`, by kind."""
    mean, variance = (by_kind(data, name) for name in ("coordination", "coordination_variance"))
    return {kind: (float(mean[kind].mean()), float(variance[kind].mean())) for kind in mean}


def large_density(network, resolution, seed) -> spectra.Spectrum:
    """Density of states of one large network on `OMEGA`, from eight random vectors.

    Parameters
    ----------
    network : SpringNetwork
    resolution : float
        Standard deviation of the kernel at omega = 0, in sqrt(t0/m).
    seed : int
        Of the random vectors.

    Returns
    -------
    Spectrum
    """
    options = {"resolution": resolution, "n_vectors": 8, "rng": seed, "project_out": network.zero_modes()}
    return spectra.density_of_states(network.dynamical_matrix(), OMEGA, **options)


@method("jiang-2026-large", 3)
def large_networks(n, seeds, n_large, seeds_large, resolution, n_modulus, progress=False, folder=None) -> xr.Dataset:
    """Densities of states and moduli of large networks of every kind, each of its largest piece.

    Parameters
    ----------
    n, seeds : int
        Nodes along an edge and number of the small networks whose coordination the undisplaced lattices are given.
    n_large : int
        Nodes along an edge where the density is computed by the kernel polynomial method; seeds 1000, 1001, ...
    seeds_large : int
        Networks of each kind.
    resolution : float
        Standard deviation of the kernel at omega = 0.
    n_modulus : int
        Nodes along an edge where the modulus is computed; seeds 2000, 2001, ...
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where the results of finished networks are kept.

    Returns
    -------
    xarray.Dataset
        g (kind, seed, omega) per node of the piece; modulus (kind, seed, 2, 2); mean_sum, coordination and
        coordination_variance (kind, seed): the mean sum of the springs at a node, and mean and variance of their
        number; and crystal_again (omega): g of the crystal with other random vectors. With the coordinates family
        (kind), disorder (kind) and omega, and the attributes resolution, n_moments and n_vectors.
    """
    parts = KeptParts(folder)
    kinds = large_kinds(small_ensemble(n, seeds))

    def one(build, seed):
        network = build(n_large, rng=1000 + seed).largest_piece()
        found, z = large_density(network, resolution, seed), network.coordination()
        sums = 2 * network.stiffness.sum() / len(network)
        modulus = elasticity.scalar_modulus(build(n_modulus, rng=2000 + seed).largest_piece())
        counts = {"mean_sum": sums, "coordination": z.mean(), "coordination_variance": z.var()}
        accuracy = found.resolution, found.n_moments, found.n_vectors
        return counts | {"g": found.g, "modulus": modulus, "accuracy": accuracy}

    sizes = f"n{n_large}-r{resolution}-m{n_modulus}-z{n}-{seeds}"
    found = []
    with tqdm(desc="large networks", total=len(kinds) * seeds_large, disable=not progress) as bar:
        for (family, d), build in kinds.items():
            for seed in range(seeds_large):
                name = f"{sizes}-{family}-{d}-s{seed}"
                found.append(parts.part(name, partial(one, build, seed)))
                bar.update()
    crystal = square_lattice_network(n_large, 0.0)
    again = parts.part(f"{sizes}-crystal-again", lambda: {"g": large_density(crystal, resolution, 99).g})
    axes = {name: ("kind", "seed") for name in ("mean_sum", "coordination", "coordination_variance")}
    axes |= {"g": ("kind", "seed", "omega"), "modulus": ("kind", "seed", "row", "column")}
    stacked = {name: np.array([part[name] for part in found]) for name in axes}
    accuracy = found[0]["accuracy"]
    return xr.Dataset(
        {
            name: (axes[name], values.reshape(len(kinds), seeds_large, *values.shape[1:]))
            for name, values in stacked.items()
        }
        | {"crystal_again": ("omega", again["g"])},
        _coordinates_of(kinds) | {"omega": OMEGA},
        {"resolution": float(accuracy[0]), "n_moments": int(accuracy[1]), "n_vectors": int(accuracy[2])},
    )


def near_modes(n, disorder, seed=0) -> dict[str, np.ndarray]:
    """Modes near the frequencies `NEAR` of one network of the distance rule with springs t0/r.

    Parameters
    ----------
    n : int
        Nodes along an edge.
    disorder : float
    seed : int

    Returns
    -------
    dict
        omega, in sqrt(t0/m), and ratio, the participation ratio: arrays of one length, ascending in omega.
    """
    matrix = square_lattice_network(n, disorder, "distance", rng=seed).dynamical_matrix()
    found = [modes.modes_near(matrix, omega, NEAR_COUNT) for omega in NEAR]
    omega = np.concatenate([part.omega for part in found])
    ratio = np.concatenate([modes.participation_ratio(part) for part in found])
    # neighbouring frequencies share modes where the levels are far apart
    _, first = np.unique(np.round(omega, 9), return_index=True)
    return {"omega": omega[first], "ratio": ratio[first]}


def all_ratios(n) -> dict[str, np.ndarray]:
    """Participation ratios of all modes of the network at disorder 0.3 with the seed 0."""
    network = square_lattice_network(n, 0.3, "distance", rng=0)
    return {"ratio": modes.participation_ratio(modes.normal_modes(network.dynamical_matrix()))}


@method("jiang-2026-participation", 2)
def participation(n, growth, progress=False, folder=None) -> xr.Dataset:
    """Participation ratios: of all modes at the paper's size, and of modes of one frequency in growing networks.

    Parameters
    ----------
    n : int
        Nodes along an edge, at least 22: all modes at n and at n // 2 for disorder 0.3 (seed 0).
    growth : list of int
        Multiples of n // 2 at which the modes of 0.45 < omega < 0.55 are computed, 1 first: `NETWORKS` networks of
        each, and four times as many of the smallest. Coordination free.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished parts are kept.

    Returns
    -------
    xarray.Dataset
        ratio (mode) and half_ratio (half_mode) of all modes at n and at n // 2; near_ratio (size, disorder, near_mode),
        padded with NaN. With the coordinates disorder and size (nodes along an edge).

    Raises
    ------
    ValueError
        If n is odd or below 22, or growth does not begin with 1 and 2.
    """
    if n < 22 or n % 2 or growth[:2] != [1, 2]:
        raise ValueError(f"n = {n}, growth = {growth}: n must be even and at least 22, and growth begin with 1 and 2")
    parts, sizes = KeptParts(folder), [each * (n // 2) for each in growth]
    full, half = (parts.part(f"all-n{size}", partial(all_ratios, size)) for size in (n, n // 2))
    near = {}
    for size, d in tqdm(list(product(sizes, DISORDERS)), desc="modes", disable=not progress):
        seeds = range(NETWORKS * (4 if size == sizes[0] else 1))
        found = [parts.part(f"near-n{size}-{d}-s{s}", partial(near_modes, size, d, s)) for s in seeds]
        omega, ratio = (np.concatenate([part[name] for part in found]) for name in ("omega", "ratio"))
        near[size, d] = ratio[(omega > 0.45) & (omega < 0.55)]
    longest = max(map(len, near.values()))
    rows = [np.pad(ratio, (0, longest - len(ratio)), constant_values=np.nan) for ratio in near.values()]
    padded = np.reshape(rows, (len(sizes), len(DISORDERS), longest))
    data = {"ratio": ("mode", full["ratio"]), "half_ratio": ("half_mode", half["ratio"])}
    data["near_ratio"] = ("size", "disorder", "near_mode"), padded
    return xr.Dataset(data, {"disorder": list(DISORDERS), "size": sizes})


@method("jiang-2026-discs", 1)
def discs(n_discs, progress=False, folder=None) -> xr.Dataset:
    """Packings of jammed soft discs, from random positions with the seeds 0, 1 and 2.

    Parameters
    ----------
    n_discs : int
        Discs in each packing.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished packings are kept.

    Returns
    -------
    xarray.Dataset
        positions (packing, disc, axis) and radii (disc) in diameters of a small disc; with the attributes edge (of
        the square box) and packing_fraction.
    """
    parts = KeptParts(folder)

    found = [
        parts.part(f"n{n_discs}-s{seed}", lambda seed=seed: vars(jammed_discs(n_discs, rng=seed)))
        for seed in tqdm(range(PACKINGS), desc="packings", disable=not progress)
    ]
    positions = ("packing", "disc", "axis"), [part["positions"] for part in found]
    attributes = {"edge": float(found[0]["box"][0]), "packing_fraction": float(found[0]["packing_fraction"])}
    return xr.Dataset({"positions": positions, "radii": ("disc", found[0]["radii"])}, attrs=attributes)


LEVELS = Measurement("jiang-2026-levels", levels, {"n": 60, "seeds": 10})
_SIZES = {"n": 60, "seeds": 10, "n_large": 1000, "seeds_large": 3, "resolution": 0.02, "n_modulus": 300}
LARGE = Measurement("jiang-2026-large", large_networks, _SIZES)
PARTICIPATION = Measurement("jiang-2026-participation", participation, {"n": 60, "growth": [1, 2, 4, 8]})
DISCS = Measurement("jiang-2026-discs", discs, {"n_discs": 4096})
MEASUREMENTS = (LEVELS, LARGE, PARTICIPATION, DISCS)
"""What the book archives for this chapter."""


def sample_difference(levels_data, large_data, n_large, n_modulus, resolution) -> float:
    """Recompute a small sample of the archived results and compare.

    The sample belongs to the networks at disorder 0.3 with coordination free and the first seed: the frequencies at
    the paper's size, the density of states of one large network, and one modulus.

    Parameters
    ----------
    levels_data, large_data : xarray.Dataset
        Results of `levels` and `large_networks`.
    n_large, n_modulus : int
        Nodes along an edge of the large networks and of those whose modulus was computed.
    resolution : float
        Of the large networks' densities.

    Returns
    -------
    float
        The largest difference, each relative to the largest value of its quantity. Eigenvalues omega^2 are compared,
        since a frequency of zero has the square root of the rounding.

    Raises
    ------
    ValueError
        If they differ by more than `TOLERANCE`.
    """
    kind = "distance", 0.3
    # the small network is not cut: its frequencies are those of all pieces
    small = square_lattice_network(round(levels_data.sizes["level"] ** 0.5), 0.3, "distance", rng=0)
    large, elastic = (
        square_lattice_network(size, 0.3, "distance", rng=seed).largest_piece()
        for size, seed in ((n_large, 1000), (n_modulus, 2000))
    )
    frequencies = modes.frequencies([small.dynamical_matrix()])[0]
    compared = {
        "eigenvalues": (by_kind(levels_data, "frequency")[kind][0] ** 2, frequencies**2),
        "densities": (by_kind(large_data, "g")[kind][0], large_density(large, resolution, 0).g),
        "moduli": (by_kind(large_data, "modulus")[kind][0], elasticity.scalar_modulus(elastic)),
    }
    return max(check_sample(name, kept, live, TOLERANCE) for name, (kept, live) in compared.items())
