"""Vector springs close to z = 2d, and packings with and without the forces in their contacts.

A network of vector springs in d dimensions is rigid above a mean coordination of about z = 2d (Maxwell), and its
density of states has a plateau that begins at

    omega* ~ z - 2d

(Wyart, Nagel and Witten, Europhys. Lett. 72, 486 (2005), for packings; Mao, Xu and Lubensky, Phys. Rev. Lett. 104,
085504 (2010), for a lattice with springs at random places). Scalar springs are rigid as soon as they percolate, and
have no such frequency. The forces psi' in the contacts of a packing add to its springs psi''. To second order in the
displacements u, its energy is

    E = 1/2 sum_contacts { psi'' (n . du)^2 + psi'/r [du^2 - (n . du)^2] },   du = u_j - u_i,

whose second part is negative under pressure (DeGiuli, Laversanne-Finot, Düring, Lerner and Wyart, Soft Matter 10, 5628
(2014)). Reduced units: length a, stiffness t0, mass m, omega in sqrt(t0/m). The contacts of harmonic spheres all have
psi'' = 1, which is their t0.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import xarray as xr
from scipy import stats
from tqdm.auto import tqdm

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.landscape.excitation import loose_atoms
from bosonpeak.materials.glasses import load
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice, lattice_network
from bosonpeak.networks.placement import network_with_variance
from bosonpeak.networks.springs import vector_dynamical_matrix
from bosonpeak.vibrations.hessian import bond_network, dynamical_matrix
from bosonpeak.vibrations.peaks import boson_peak
from bosonpeak.vibrations.spectra import density_of_states, translations

Interval = tuple[float, tuple[float, float]]
"""A value with its 95 % interval."""

COORDINATIONS = {"triangular": (4.3, 4.6, 5.0, 5.4), "fcc": (6.6, 7.2, 8.0, 9.0)}
"""Mean coordinations of the networks on each lattice."""

KINDS = {"even": {"variance": 0.0, "vector": True}, "random": {"vector": True}, "scalar": {"variance": 0.0}}
"""Vector springs with the coordination made even and at random places, and scalar springs on the even networks."""

OMEGA = np.arange(0, 1.6, 0.005)
"""Frequencies at which densities are kept."""

LOWEST, PLATEAU = 0.03, (0.8, 1.4)
"""Lowest frequency at which anything is read, and the range whose mean density stands for the plateau."""

PACKING = "harmonic-spheres-n4000-instant-s{}"
"""Name of an archived packing, with a place for its seed."""


@dataclass(frozen=True)
class Recipe:
    """How a network of springs 1 is made, apart from its seed.

    Attributes
    ----------
    lattice, n : str, int
        Lattice, and rectangular cells along an edge.
    mean_coordination : float or None
        Mean number of springs per node; None keeps all of them.
    variance : float or None
        Variance of the coordination that is aimed at by moving springs; None leaves them at random places.
    vector : bool
        Whether the springs count as vector springs; the network is the same.
    """

    lattice: str
    n: int
    mean_coordination: float | None = None
    variance: float | None = None
    vector: bool = False

    def network(self, seed: int) -> SpringNetwork:
        """The network of this recipe and seed. Raises ValueError as `lattice_network` and `network_with_variance`."""
        return _build(replace(self, vector=False), seed)


# the same networks have vector springs first and scalar springs later, two groups further on
@lru_cache(maxsize=6)
def _build(recipe: Recipe, seed: int) -> SpringNetwork:
    name, n, z = recipe.lattice, recipe.n, recipe.mean_coordination
    if recipe.variance is None:
        return lattice_network(name, n, mean_coordination=z, rng=seed)
    return network_with_variance(name, n, z, recipe.variance, rng=seed, most_rounds=4000)


def vector_recipes(nodes: int) -> dict[str, Recipe]:
    """Networks of about `nodes` nodes by group, "<one of KINDS> <lattice> <z>"."""
    found = {}
    for name, means in COORDINATIONS.items():
        lattice = get_lattice(name)
        n = max(3, round((nodes / len(lattice.basis)) ** (1 / lattice.dimension)))
        found |= {f"{kind} {name} {z:g}": Recipe(name, n, z, **how) for z in means for kind, how in KINDS.items()}
    return found


def _seen(matrix, network, whole: int, resolution, n_vectors, rng) -> dict:
    """What is kept of a network of which `whole` nodes were there before its loose parts were taken out."""
    still = translations(len(network), matrix.shape[0] // len(network))
    seen = density_of_states(matrix, OMEGA, None, n_vectors, rng, resolution=resolution, project_out=still)
    low = OMEGA < LOWEST + 1e-9
    found = {"soft": np.trapezoid(seen.g[low], OMEGA[low]), "coordination": network.coordination().mean()}
    kernel = {"shown": len(OMEGA), "n_moments": seen.n_moments, "omega_max": seen.omega_max}
    return {"density": seen.g} | kernel | found | {"nodes": len(network), "kept": len(network) / whole}


def measure_network(recipe: Recipe, seed: int, resolution: float) -> dict:
    """Density of states of the largest piece of a network, whose translations are projected out.

    Parameters
    ----------
    recipe : Recipe
    seed : int
        Of the network and of the sixteen random vectors.
    resolution : float
        Standard deviation of the kernel, in sqrt(t0/m).

    Returns
    -------
    dict
        The density (320,) at `OMEGA`, the number of frequencies `shown`, n_moments and omega_max of the kernel, nodes
        and mean coordination of the piece, the share of all nodes that are `kept` in it, and the share of its states
        that are `soft`, below `LOWEST`. These include the zero modes of nodes that the springs of the piece do not
        hold, which stand at omega = 0 under the kernel.
    """
    whole = recipe.network(seed)
    network = whole.largest_piece()
    matrix = vector_dynamical_matrix(network) if recipe.vector else network.dynamical_matrix()
    return _seen(matrix, network, len(whole), resolution, 16, seed)


def measure_packing(name: str, kind: str, resolution: float) -> dict:
    """Density of states of a packing without its rattlers, with the forces in its contacts or without them.

    Parameters
    ----------
    name : str
        Of an archived structure.
    kind : str
        "forces" for the dynamical matrix of the potential, or "springs" for springs psi'' at rest in its contacts.
    resolution : float
        Standard deviation of the kernel, in sqrt(t0/m).

    Returns
    -------
    dict
        As `measure_network`. Spheres with fewer than four contacts, counted again until none is left, are taken out.
    """
    atoms = load(name)
    potential = atoms.info["potential"]
    held = atoms[~loose_atoms(atoms, potential)]
    network = bond_network(held, potential)
    matrix = dynamical_matrix(held, potential) if kind == "forces" else vector_dynamical_matrix(network)
    # a packing has a tenth of the nodes: more vectors, and the same for both
    return _seen(matrix, network, len(atoms), resolution, 128, 0)


@method("spring-network-vector", 1)
def measure_vector(nodes: int, seeds: int, resolution: float, progress: bool = False, folder=None) -> xr.Dataset:
    """Densities of states of networks of vector springs, of the same with scalar springs, and of packings.

    Parameters
    ----------
    nodes : int
        Of each network, about. The packings have those of `PACKING`.
    seeds : int
        Networks of each recipe (seeds from 0), and packings (seeds from 1).
    resolution : float
        Standard deviation of the kernel in sqrt(t0/m). Above a third of `LOWEST` the zero modes of random networks
        are seen there; below a few times the distance of the first waves of the box these are seen one by one.
    progress : bool
    folder : path-like, optional
        Where parts are kept, so that a run that was killed resumes.

    Returns
    -------
    xarray.Dataset
        The arrays of `measure_network`, samples "<group of vector_recipes> s<seed>" and, for the packings,
        "forces s<seed>" and "springs s<seed>".
    """
    recipes, packings = vector_recipes(nodes).items(), [(k, s) for k in ("forces", "springs") for s in range(seeds)]
    jobs = {f"{name} s{s}": (measure_network, recipe, s, resolution) for name, recipe in recipes for s in range(seeds)}
    jobs |= {f"{k} s{s + 1}": (measure_packing, PACKING.format(s + 1), k, resolution) for k, s in packings}
    mark, parts = measure_vector.method, []
    for work, *job in tqdm(jobs.values(), desc=mark.name, disable=not progress):
        # each part has a folder of its own key: a change of the others leaves it valid
        kept = KeptParts(folder, mark.key(work.__name__, repr(tuple(job))))
        parts.append(kept.part("part", lambda work=work, job=job: work(*job)))
    variables = {
        key: (("sample", f"{key}_1")[: 1 + np.ndim(x)], np.stack([p[key] for p in parts]))
        for key, x in parts[0].items()
    }
    return xr.Dataset(variables, {"sample": list(jobs)}, {"unit": "reduced", "resolution": resolution})


def _densities(data: xr.Dataset, group: str) -> np.ndarray:
    """Densities (n, 320) of the samples of a group."""
    return data.density.values[[name.rpartition(" s")[0] == group for name in data["sample"].values.tolist()]]


def onset(omega, g) -> float:
    """omega*: where g first reaches half of its mean over `PLATEAU` from below, by linear interpolation.

    Parameters
    ----------
    omega : array, shape (K,)
        Ascending, in sqrt(t0/m); those below `LOWEST` are not looked at.
    g : array, shape (K,)
        Density of states. Where zero modes raise its beginning above the half, it is followed down first.

    Returns
    -------
    float
        In sqrt(t0/m).

    Raises
    ------
    ValueError
        If g nowhere rises through this half.
    """
    half = g[(omega > PLATEAU[0]) & (omega < PLATEAU[1])].mean() / 2
    omega, g = omega[omega > LOWEST - 1e-9], g[omega > LOWEST - 1e-9]
    rises = np.flatnonzero((g[:-1] < half) & (g[1:] >= half))
    if not len(rises):
        raise ValueError(f"g does not rise through half of its plateau, {half:.3g}, above omega = {LOWEST}")
    at = slice(rises[0], rises[0] + 2)
    return float(np.interp(half, g[at], omega[at]))


def highest_reduced(omega, g) -> float:
    """omega of the maximum of g/omega between `LOWEST` and the beginning of `PLATEAU`; NaN at an end of this range.

    omega, g: as for `onset`.
    """
    # further up g/omega rises towards the van Hove singularity of the lattice
    found = boson_peak(omega, g, 2, LOWEST, PLATEAU[0])
    return found.omega if found.interior else np.nan


@dataclass(frozen=True)
class Onsets:
    """Where the excess of the networks on one lattice begins.

    Attributes
    ----------
    distance : array, shape (P,)
        z - 2d, z being the mean coordination of the whole network.
    frequencies : dict of array, shape (P, n)
        omega* of each network in sqrt(t0/m): of vector springs on "even" and "random" networks, of "scalar" springs on
        the even ones, and the "maximum" of g/omega of the even ones, which is meant for two dimensions.
    """

    distance: np.ndarray
    frequencies: dict[str, np.ndarray]

    def exponent(self, kind: str = "even") -> Interval:
        """Exponent of the frequencies of one kind with z - 2d, as `fit_exponent`."""
        return fit_exponent(self.distance, self.frequencies[kind])


def fit_exponent(x, y) -> Interval:
    """Exponent b of y ~ x^b by least squares in the logarithms, and its 95 % interval.

    The networks of one x depart from a power law together. Their logarithms are therefore averaged, and the interval is
    Student's for the P - 2 degrees of freedom of the line through the means. Their residuals hold the scatter
    of the networks as well as the bend of the curve.

    Parameters
    ----------
    x : array, shape (P,)
        Positive.
    y : array, shape (P, n)
        Positive.

    Returns
    -------
    value : float
    interval : (float, float)
        NaN for fewer than three x, which leave no residual.
    """
    fit = stats.linregress(np.log(x), np.log(y).mean(axis=1))
    half = stats.t.ppf(0.975, len(x) - 2) * fit.stderr
    return float(fit.slope), (float(fit.slope - half), float(fit.slope + half))


def read_onsets(data: xr.Dataset, lattice: str) -> Onsets:
    """Onsets of the networks on one lattice, a key of `COORDINATIONS`, in a result of `measure_vector`.

    Raises ValueError as `onset`.
    """
    means = COORDINATIONS[lattice]
    seen = {kind: [_densities(data, f"{kind} {lattice} {z:g}") for z in means] for kind in KINDS}
    found = {kind: np.array([[onset(OMEGA, g) for g in group] for group in groups]) for kind, groups in seen.items()}
    found["maximum"] = np.array([[highest_reduced(OMEGA, g) for g in group] for group in seen["even"]])
    return Onsets(np.array(means) - 2 * get_lattice(lattice).dimension, found)


@dataclass(frozen=True)
class PreStress:
    """Packings with the "forces" in their contacts, and as "springs" only.

    Attributes
    ----------
    densities : dict of array, shape (n, 320)
        g of each packing at `OMEGA`.
    onsets : dict of array, shape (n,)
        omega* in the square root of psi''/m. `PLATEAU` is the same with the forces and without them, and the same as
        for the lattices, whose springs are also 1.
    ratio : Interval
        omega* with the forces over omega* of the same packing without them, mean over the packings.
    control : Interval
        omega* of a packing without forces over that of the next one without forces.
    """

    densities: dict[str, np.ndarray]
    onsets: dict[str, np.ndarray]
    ratio: Interval
    control: Interval


def read_prestress(data: xr.Dataset) -> PreStress:
    """The packings of a result of `measure_vector`. Raises ValueError as `onset`."""
    densities = {kind: _densities(data, kind) for kind in ("forces", "springs")}
    found = {kind: np.array([onset(OMEGA, g) for g in curves]) for kind, curves in densities.items()}
    alone = found["springs"]
    ratio, control = (statistics.mean_interval(x) for x in (found["forces"] / alone, alone / np.roll(alone, -1)))
    return PreStress(densities, found, ratio, control)
