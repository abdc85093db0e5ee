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
NARROW_OMEGA = np.arange(0.02, 1.2, 0.002)
"""Frequencies of the density in which single levels of plane waves could be seen."""
SWEPT_OMEGA = np.arange(0.05, 2.6, 0.01)
"""Frequencies of the densities behind the slider."""
PACKINGS = 3
"""Number of packings of discs."""
NEAR, NEAR_COUNT = 0.5, 80
"""Frequency near which modes of growing networks are computed, and how many of them."""
TOLERANCE = 1e-6
"""By how much a recomputed sample may differ from the archive, relative to the largest value: the processors that
made them may round differently, and the modulus is found by iteration."""


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
    jobs = {f"n{n}-crystal": small.crystal} | {
        f"n{n}-{family}-{d}-s{seed}": network
        for (family, d), networks in small.networks.items()
        for seed, network in enumerate(networks)
    }
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


def _density(network, omega, **options) -> spectra.Spectrum:
    """Density of states of a network without its zero modes; the options are those of `density_of_states`."""
    return spectra.density_of_states(network.dynamical_matrix(), omega, project_out=network.zero_modes(), **options)


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
    return _density(network, OMEGA, resolution=resolution, n_vectors=8, rng=seed)


@method("jiang-2026-large", 1)
def large_networks(n, seeds, n_large, seeds_large, resolution, n_modulus, progress=False, folder=None) -> xr.Dataset:
    """Densities of states and moduli of large networks of every kind.

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
        g (kind, seed, omega), modulus (kind, seed, 2, 2), and crystal_again (omega): the crystal with other random
        vectors. With the coordinates family (kind), disorder (kind) and omega, and the attributes resolution,
        n_moments and n_vectors.
    """
    parts = KeptParts(folder)
    kinds = large_kinds(small_ensemble(n, seeds))

    def one(build, seed):
        found = large_density(build(n_large, rng=1000 + seed), resolution, seed)
        modulus = elasticity.scalar_modulus(build(n_modulus, rng=2000 + seed))
        return {"g": found.g, "modulus": modulus, "accuracy": (found.resolution, found.n_moments, found.n_vectors)}

    def again():
        crystal = square_lattice_network(n_large, 0.0)
        found = spectra.density_of_states(crystal.dynamical_matrix(), OMEGA, resolution=resolution, n_vectors=8, rng=99)
        return {"g": found.g}

    sizes = f"n{n_large}-r{resolution}-m{n_modulus}-z{n}-{seeds}"
    found = []
    with tqdm(desc="large networks", total=len(kinds) * seeds_large, disable=not progress) as bar:
        for (family, d), build in kinds.items():
            for seed in range(seeds_large):
                name = f"{sizes}-{family}-{d}-s{seed}"
                found.append(parts.part(name, partial(one, build, seed)))
                bar.update()
    shape = (len(kinds), seeds_large)
    accuracy = found[0]["accuracy"]
    return xr.Dataset(
        {
            "g": (("kind", "seed", "omega"), np.reshape([part["g"] for part in found], (*shape, -1))),
            "modulus": (
                ("kind", "seed", "row", "column"),
                np.reshape([part["modulus"] for part in found], (*shape, 2, 2)),
            ),
            "crystal_again": ("omega", parts.part(f"{sizes}-crystal-again", again)["g"]),
        },
        _coordinates_of(kinds) | {"omega": OMEGA},
        {"resolution": accuracy[0], "n_moments": int(accuracy[1]), "n_vectors": int(accuracy[2])},
    )


@method("jiang-2026-narrow", 1)
def narrow_density(n_large, moments, progress=False, folder=None) -> xr.Dataset:
    """Density of states of one large network so narrow that single levels of plane waves could be seen.

    Parameters
    ----------
    n_large : int
        Nodes along an edge: disorder 0.3, coordination free, seed 1000.
    moments : int
        Chebyshev moments; 16 random vectors.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where the result is kept.

    Returns
    -------
    xarray.Dataset
        g (omega) with the attribute resolution.
    """

    def compute():
        network = square_lattice_network(n_large, 0.3, "distance", rng=1000)
        found = _density(network, NARROW_OMEGA, n_moments=moments, n_vectors=16, rng=0, progress=progress)
        return {"g": found.g, "resolution": found.resolution}

    found = KeptParts(folder).part(f"n{n_large}-m{moments}", compute)
    return xr.Dataset({"g": ("omega", found["g"])}, {"omega": NARROW_OMEGA}, {"resolution": float(found["resolution"])})


def near_modes(n, disorder) -> dict[str, np.ndarray]:
    """Frequencies and participation ratios of the modes near the hump of one network, coordination free, seed 0.

    Parameters
    ----------
    n : int
        Nodes along an edge, at least 10.
    disorder : float

    Returns
    -------
    dict
        omega, in sqrt(t0/m), and ratio: arrays (NEAR_COUNT,), ascending in omega.

    Raises
    ------
    ValueError
        If the network has too few modes.
    """
    network = square_lattice_network(n, disorder, "distance", rng=0)
    return _omega_and_ratio(modes.modes_near(network.dynamical_matrix(), NEAR, NEAR_COUNT))


def _all_modes(n, disorder) -> dict[str, np.ndarray]:
    """All modes of the network whose modes near the hump `near_modes` returns."""
    network = square_lattice_network(n, disorder, "distance", rng=0)
    return _omega_and_ratio(modes.normal_modes(network.dynamical_matrix()))


def _omega_and_ratio(found) -> dict[str, np.ndarray]:
    return {"omega": found.omega, "ratio": modes.participation_ratio(found)}


@method("jiang-2026-participation", 1)
def participation(n, progress=False, folder=None) -> xr.Dataset:
    """Participation ratios: of all modes at the paper's size, and of the modes near the hump of growing networks.

    Parameters
    ----------
    n : int
        Nodes along an edge, at least 18: all modes at n, and at n // 2 for disorder 0.3; modes near the hump at
        n // 2, n, 2 n and 4 n. One network for each disorder, coordination free, seed 0.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished parts are kept.

    Returns
    -------
    xarray.Dataset
        omega and ratio (disorder, mode) of all modes at n; half_ratio (half_mode) of all modes at n // 2 and
        disorder 0.3; near_omega and near_ratio (size, disorder, near_mode). With the coordinates disorder and
        size (nodes along an edge).

    Raises
    ------
    ValueError
        If n is below 18.
    """
    if (n // 2) ** 2 < NEAR_COUNT:
        raise ValueError(f"n = {n}: half of it must give a network of {NEAR_COUNT} modes; take n = 18 or more")
    parts, sizes = KeptParts(folder), [n // 2, n, 2 * n, 4 * n]
    found = {}
    for size, d in tqdm(list(product(sizes, DISORDERS)), desc="modes", disable=not progress):
        name, compute = ("all", _all_modes) if size <= n else ("near", near_modes)
        found[size, d] = parts.part(f"{name}-n{size}-{d}", partial(compute, size, d))
    hump = {key: _nearest(part) for key, part in found.items()}
    data = {"half_ratio": ("half_mode", found[n // 2, 0.3]["ratio"])}
    for name in ("omega", "ratio"):
        data[name] = ("disorder", "mode"), [found[n, d][name] for d in DISORDERS]
        near = [[hump[size, d][name] for d in DISORDERS] for size in sizes]
        data[f"near_{name}"] = ("size", "disorder", "near_mode"), near
    return xr.Dataset(data, {"disorder": list(DISORDERS), "size": sizes})


def _nearest(part) -> dict:
    """Of the modes of one network the `NEAR_COUNT` whose eigenvalues lie nearest to that of `NEAR`, ascending."""
    chosen = np.sort(np.argsort(abs(part["omega"] ** 2 - NEAR**2), kind="stable")[:NEAR_COUNT])
    return {name: values[chosen] for name, values in part.items()}


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

    def one(seed):
        packing = jammed_discs(n_discs, rng=seed)
        return {
            "positions": packing.positions,
            "radii": packing.radii,
            "edge": packing.box[0],
            "packing_fraction": packing.packing_fraction,
        }

    found = [
        parts.part(f"n{n_discs}-s{seed}", partial(one, seed))
        for seed in tqdm(range(PACKINGS), desc="packings", disable=not progress)
    ]
    return xr.Dataset(
        {
            "positions": (("packing", "disc", "axis"), [part["positions"] for part in found]),
            "radii": ("disc", found[0]["radii"]),
        },
        attrs={name: float(found[0][name]) for name in ("edge", "packing_fraction")},
    )


@method("jiang-2026-sweep", 1)
def sweep(disorders, n_modulus, progress=False, folder=None) -> xr.Dataset:
    """Density of states and modulus of one network for each disorder behind the slider, coordination free, seed 7.

    Parameters
    ----------
    disorders : list of float
    n_modulus : int
        Nodes along an edge.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished networks are kept.

    Returns
    -------
    xarray.Dataset
        g (disorder, omega) and modulus (disorder, 2, 2), with the coordinates disorder and omega.
    """
    parts = KeptParts(folder)

    def one(d):
        network = square_lattice_network(n_modulus, d, "distance", rng=7)
        found = _density(network, SWEPT_OMEGA, resolution=0.025, n_vectors=16, rng=7)
        return {"g": found.g, "modulus": elasticity.scalar_modulus(network)}

    found = [
        parts.part(f"n{n_modulus}-{d}", partial(one, d))
        for d in tqdm(disorders, desc="disorders", disable=not progress)
    ]
    return xr.Dataset(
        {
            "g": (("disorder", "omega"), [part["g"] for part in found]),
            "modulus": (("disorder", "row", "column"), [part["modulus"] for part in found]),
        },
        {"disorder": list(disorders), "omega": SWEPT_OMEGA},
    )


LEVELS = Measurement("jiang-2026-levels", levels, {"n": 60, "seeds": 10})
LARGE = Measurement(
    "jiang-2026-large",
    large_networks,
    {"n": 60, "seeds": 10, "n_large": 1000, "seeds_large": 3, "resolution": 0.02, "n_modulus": 300},
)
NARROW = Measurement("jiang-2026-narrow", narrow_density, {"n_large": 1000, "moments": 1500})
PARTICIPATION = Measurement("jiang-2026-participation", participation, {"n": 60})
DISCS = Measurement("jiang-2026-discs", discs, {"n_discs": 1024})
SWEEP = Measurement(
    "jiang-2026-sweep", sweep, {"disorders": [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4], "n_modulus": 300}
)
MEASUREMENTS = (LEVELS, LARGE, NARROW, PARTICIPATION, DISCS, SWEEP)
"""What the book archives for this chapter."""


def sample_difference(levels_data, large_data, participation_data, n_large, n_modulus, resolution) -> float:
    """Recompute a small sample of the archived results and compare.

    The sample belongs to the networks at disorder 0.3 with coordination free and the first seed: the frequencies and
    the modes near the hump at the paper's size, the density of states of one large network, and one modulus.

    Parameters
    ----------
    levels_data, large_data, participation_data : xarray.Dataset
        Results of `levels`, `large_networks` and `participation`.
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
    n, kind = round(levels_data.sizes["level"] ** 0.5), ("distance", 0.3)
    network = square_lattice_network(n, 0.3, "distance", rng=0)
    large = large_density(square_lattice_network(n_large, 0.3, "distance", rng=1000), resolution, 0)
    modulus = elasticity.scalar_modulus(square_lattice_network(n_modulus, 0.3, "distance", rng=2000))
    compared = {
        "eigenvalues": (
            by_kind(levels_data, "frequency")[kind][0] ** 2,
            modes.frequencies([network.dynamical_matrix()])[0] ** 2,
        ),
        "densities": (by_kind(large_data, "g")[kind][0], large.g),
        "moduli": (by_kind(large_data, "modulus")[kind][0], modulus),
        "participation ratios": (participation_data.near_ratio.sel(size=n, disorder=0.3), near_modes(n, 0.3)["ratio"]),
    }
    return max(check_sample(name, kept, live, TOLERANCE) for name, (kept, live) in compared.items())
