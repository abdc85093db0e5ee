"""Vector springs close to z = 2d, packings with and without the forces in their contacts, and a glass's own springs.

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

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import stats

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.drawing import networks, style
from bosonpeak.landscape.excitation import loose_atoms
from bosonpeak.materials.glasses import load
from bosonpeak.materials.potentials import get
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice
from bosonpeak.networks.springs import vector_dynamical_matrix
from bosonpeak.papers.spring_network.excess import Group, Interval, measure_excess
from bosonpeak.papers.spring_network.recipes import Recipe, edge_lengths
from bosonpeak.papers.spring_network.sample_datasets import measure_samples, part_of, read_spectra
from bosonpeak.structure.pair_distribution import first_minimum, pair_distribution
from bosonpeak.vibrations.hessian import bond_stiffness, bonds, dynamical_matrix
from bosonpeak.vibrations.peaks import boson_peak
from bosonpeak.vibrations.spectra import density_of_states, translations

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


def vector_recipes(nodes: int) -> dict[str, Recipe]:
    """Networks of about `nodes` nodes by group, "<one of KINDS> <lattice> <z>"."""
    n, sites = edge_lengths(nodes), [(name, z) for name, means in COORDINATIONS.items() for z in means]
    kinds = [(f"{kind} {name} {z:g}", name, z, how) for name, z in sites for kind, how in KINDS.items()]
    return {group: Recipe(name, n[name], mean_coordination=z, **how) for group, name, z, how in kinds}


def bond_network(atoms, potential, cutoff: float = np.inf) -> SpringNetwork:
    """Springs with the positive second derivatives psi'' of the bonds of a structure, each pair once.

    Parameters
    ----------
    atoms : ase.Atoms
        In a rectangular cell, wider than twice the reach of the potential.
    potential : Potential or str
    cutoff : float
        Length up to which bonds count, in A or reduced.

    Returns
    -------
    SpringNetwork
        Stiffnesses in eV/A^2 or reduced. psi'' is taken at fixed slope of the embedding energy.

    Raises
    ------
    ValueError
        As `hessian.bonds`.
    """
    found = bonds(atoms, potential)
    k = bond_stiffness(found, get(potential).interaction()).second
    once = (found.i < found.j) & (found.distance < cutoff) & (k > 0)
    pairs = np.stack([found.i, found.j], axis=1)[once].astype(np.int64)
    return SpringNetwork(atoms.get_positions(), pairs, k[once], atoms.cell.lengths(), found.vector[once])


def _seen(matrix, network, whole: int, resolution, n_vectors, rng) -> dict:
    """What is kept of a network of which `whole` nodes were there before its loose parts were taken out."""
    still = translations(len(network), matrix.shape[0] // len(network))
    seen = density_of_states(matrix, OMEGA, None, n_vectors, rng, resolution=resolution, project_out=still)
    low = OMEGA < LOWEST + 1e-9
    found = {"soft": np.trapezoid(seen.g[low], OMEGA[low]), "coordination": network.coordination().mean()}
    return part_of(seen) | found | {"nodes": len(network), "kept": len(network) / whole}


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
        `part_of` the density (320,) at `OMEGA`, nodes and mean coordination of the piece, the share of all nodes that
        are `kept` in it, and the share of its states that are `soft`, below `LOWEST`. These include the zero modes of
        nodes that the springs of the piece do not hold, which stand at omega = 0 under the kernel.
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
    return measure_samples(jobs, measure_vector.method, progress, folder, resolution=resolution)


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
    seen = {k: [read_spectra(data, f"{k} {lattice} {z:g}", OMEGA, data.resolution) for z in means] for k in KINDS}
    found = {kind: np.array([[onset(OMEGA, s.g) for s in group] for group in groups]) for kind, groups in seen.items()}
    found["maximum"] = np.array([[highest_reduced(OMEGA, s.g) for s in group] for group in seen["even"]])
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
    seen = {kind: read_spectra(data, kind, OMEGA, data.resolution) for kind in ("forces", "springs")}
    densities = {kind: np.array([each.g for each in spectra]) for kind, spectra in seen.items()}
    found = {kind: np.array([onset(OMEGA, g) for g in curves]) for kind, curves in densities.items()}
    alone = found["springs"]
    ratio, control = (statistics.mean_interval(x) for x in (found["forces"] / alone, alone / np.roll(alone, -1)))
    return PreStress(densities, found, ratio, control)


@dataclass(frozen=True)
class OwnStiffness:
    """Scalar networks with the stiffnesses psi'' of glasses of one kind.

    Attributes
    ----------
    atoms : int
        Of one glass.
    cutoff : float
        First minimum of the pair distribution, in the unit of the structures.
    coordination : array, shape (n,)
        Mean number of springs at an atom of each glass; neighbours with psi'' <= 0 have none.
    stiffness : list of array, shape (M,)
        Of each glass, in units of its mean.
    weak, variance : Interval
        Share of the springs below a tenth of the mean, and variance of these stiffnesses, over the glasses.
    excess : Group
        Of the networks over fcc.
    """

    atoms: int
    cutoff: float
    coordination: np.ndarray
    stiffness: list[np.ndarray]
    weak: Interval
    variance: Interval
    excess: Group


def own_stiffness(names: list[str], reach: float, step: float) -> OwnStiffness:
    """Scalar springs psi'' on all neighbours up to the first minimum of the pair distribution, all masses equal.

    Parameters
    ----------
    names : sequence of str
        Archived glasses of one kind.
    reach, step : float
        Longest distance and bin of the pair distribution, in the unit of the structures.

    Raises
    ------
    ValueError
        As `pair_distribution` and `first_minimum`.
    """
    structures = [load(name) for name in names]
    pairs = [pair_distribution(atoms, reach, step) for atoms in structures]
    cutoff = first_minimum(pairs[0].r, np.mean([each.total for each in pairs], axis=0))
    nets = [bond_network(atoms, atoms.info["potential"], cutoff) for atoms in structures]
    # the kernel of equal springs on the same contacts
    excess = Group([measure_excess(x, "fcc", resolution=0.08, n_vectors=32, rng=s) for s, x in enumerate(nets)])
    springs, z = [x.stiffness / x.stiffness.mean() for x in nets], np.array([x.coordination().mean() for x in nets])
    weak = statistics.mean_interval([(k < 0.1).mean() for k in springs], 0, 1)
    variance = statistics.mean_interval([k.var() for k in springs], 0)
    return OwnStiffness(len(structures[0]), cutoff, z, springs, weak, variance, excess)


def draw_onsets(ax, found: Onsets, color: str, label: str) -> None:
    """omega* against z - 2d in logarithms: even (filled) and random (open) vector springs, scalar springs (crosses).

    A dotted line of slope 1 passes through the mean of the even networks.
    """
    for kind, marker, face, name in zip(KINDS, "oox", (color, "none", color), (label, None, None), strict=True):
        ax.plot(found.distance, found.frequencies[kind].mean(axis=1), marker, color=color, mfc=face, label=name)
    middle = np.exp(np.log(found.frequencies["even"]).mean() - np.log(found.distance).mean())
    ax.plot(found.distance, middle * found.distance, ":", color=color, linewidth=1.1)
    ax.set(xscale="log", yscale="log", xlabel="z − 2d", ylabel=r"$\omega^*$  ($\sqrt{t_0/m}$)")


def draw_prestress(ax, found: PreStress) -> None:
    """g of packings with the forces in their contacts and without them: mean, range shaded, and omega* (thin lines)."""
    for (kind, curves), color in zip(found.densities.items(), style.ordered_colors(2), strict=True):
        ax.fill_between(OMEGA, curves.min(axis=0), curves.max(axis=0), color=color, alpha=0.25, linewidth=0)
        ax.plot(OMEGA, curves.mean(axis=0), color=color, label=f"with {kind}" if kind == "forces" else f"{kind} only")
        ax.axvline(found.onsets[kind].mean(), color=color, linewidth=0.8)
    ax.set(xlim=(0, OMEGA[-1]), ylim=(0, None), xlabel=networks.OMEGA_LABEL, ylabel=r"$g(\omega)$  ($\sqrt{m/t_0}$)")
    ax.legend()


def draw_stiffnesses(ax, glasses: dict[str, OwnStiffness]) -> None:
    """Distributions P(k) of the stiffness in units of its mean, for each kind of glass; weak springs are shaded."""
    edges = np.linspace(0, 4, 61)
    for (kind, found), color in zip(glasses.items(), style.ordered_colors(len(glasses)), strict=True):
        k = np.concatenate(found.stiffness)
        # springs beyond the last edge count in the norm
        ax.stairs(np.histogram(k, edges)[0] / (len(k) * np.diff(edges)), edges, color=color, label=kind)
    ax.axvspan(0, 0.1, color="0.93", zorder=0)
    ax.set(xlim=(0, edges[-1]), ylim=(0, None), xlabel="k / mean of k", ylabel="P(k)")
    ax.legend()
