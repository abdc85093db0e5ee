"""What the chapter reads off its networks and their spectra.

Everything is in reduced units: lengths in the lattice constant a, frequencies omega in sqrt(t0/m), g / omega in m/t0,
moduli in t0. An `Interval` is a value with its 95 % interval, (value, (low, high)).
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.integrate import quad

from bosonpeak import networks, statistics
from bosonpeak.networks import SpringNetwork, square_lattice_network
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS, Kind, SmallEnsemble
from bosonpeak.papers.jiang_2026.packings import DiscPacking, packing_at, random_discs
from bosonpeak.statistics.bootstrap import with_interval
from bosonpeak.vibrations import debye, elasticity, spectra
from bosonpeak.vibrations.peaks import debye_excess

Interval = tuple[float, tuple[float, float]]

EDGES = np.arange(0, 3.45, 0.1)
"""Bins of the paper's figures."""
LOW, HIGH = 0.2, 1.0
"""Range in which the additional states are averaged."""
PEAK_GRID = np.arange(0.02, 1.6, 0.01)
"""Frequencies at which the broadened levels of the small networks are evaluated."""
PEAK_RANGE = (0.15, 1.2)
"""Range in which the maximum of g / omega is looked for."""
HUMP_RANGE = (0.2, 0.7)
"""Range in which the height of the hump is read."""
MODE_RANGE = (0.35, 0.65)
"""Range of the modes that are called those of the hump."""


def of_family(found: dict[Kind, object], family: str) -> dict[float, object]:
    """The entries of one family, by disorder."""
    return {d: value for (name, d), value in found.items() if name == family}


def lowest(found: dict[float, Interval]) -> float:
    """The disorder with the lowest value."""
    return min(found, key=lambda d: found[d][0])


def farthest(found: dict[float, Interval], reference: float) -> float:
    """The disorder whose value lies farthest from a reference."""
    return max(found, key=lambda d: abs(found[d][0] - reference))


@dataclass(frozen=True)
class CrystalReference:
    """The infinite square lattice, and the Debye level of its continuum.

    Attributes
    ----------
    omega, reduced : arrays, shape (K,)
        Frequencies and the exact g / omega.
    level : float
        Debye level of g / omega, from the modulus of a finite lattice.
    mean : float
        Mean of the exact g / omega between `LOW` and `HIGH`.
    """

    omega: np.ndarray
    reduced: np.ndarray
    level: float
    mean: float


def crystal_reference(crystal: SpringNetwork) -> CrystalReference:
    """What the disordered networks are compared with.

    Parameters
    ----------
    crystal : SpringNetwork
        The square lattice whose modulus sets the Debye level.

    Returns
    -------
    CrystalReference
    """
    omega = np.linspace(0.01, 2.82, 800)
    mean = quad(lambda w: debye.square_lattice_density(w) / w, LOW, HIGH)[0] / (HIGH - LOW)
    level = elasticity.scalar_debye_level(elasticity.scalar_modulus(crystal))
    return CrystalReference(omega, debye.square_lattice_density(omega) / omega, level, mean)


def levels_by_kind(data: xr.Dataset) -> dict[Kind, np.ndarray]:
    """Frequencies of the small networks by kind, (seeds, levels) each, from a result of `archived.levels`."""
    return _by_kind(data, "frequency")


def _by_kind(data, name) -> dict[Kind, np.ndarray]:
    kinds = zip(data.family.values, data.disorder.values, strict=True)
    return {(str(family), float(d)): values for (family, d), values in zip(kinds, data[name].values, strict=True)}


def centres(edges) -> np.ndarray:
    """Middles of bins: (K,) from edges (K + 1,)."""
    return (edges[1:] + edges[:-1]) / 2


def reduced_histograms(frequencies, edges=EDGES) -> np.ndarray:
    """g / omega in bins.

    Parameters
    ----------
    frequencies : array, shape (seeds, levels)
        All frequencies of each network.
    edges : array, shape (K + 1,)

    Returns
    -------
    array, shape (seeds, K)
        g of the bin, divided by the middle of the bin.
    """
    return np.array([spectra.frequency_histogram(f, edges) / centres(edges) for f in frequencies])


@dataclass(frozen=True)
class PeakPlace:
    """Where the mean g / omega of several networks is highest: its `place` with a bootstrap interval over the networks,
    and whether it lies inside the range looked at (`interior`) rather than on its edge."""

    place: Interval
    interior: bool


def peak_place(frequencies, width: float) -> PeakPlace:
    """Place of the maximum of g / omega in `PEAK_RANGE`, from the broadened levels of several networks.

    Parameters
    ----------
    frequencies : array, shape (seeds, levels)
        All frequencies of each network.
    width : float
        Standard deviation of the Gaussian that broadens each level.

    Returns
    -------
    PeakPlace
    """
    curves = np.array([spectra.broadened_reduced_density(f, PEAK_GRID, width, 2) for f in frequencies])

    def peak(means):
        return spectra.boson_peak(PEAK_GRID, (PEAK_GRID * means).T, 2, *PEAK_RANGE)

    rng, n = np.random.default_rng(1), len(curves)
    drawn = np.array([curves[rng.integers(0, n, n)].mean(axis=0) for _ in range(500)])
    found = peak(curves.mean(axis=0))
    return PeakPlace(with_interval(found.omega, peak(drawn).omega), found.interior)


def mean_over_debye(frequencies, network_list) -> Interval:
    """Mean of g / omega between `LOW` and `HIGH` over each network's own Debye level.

    Parameters
    ----------
    frequencies : array, shape (seeds, levels)
    network_list : list of SpringNetwork
        The networks of these frequencies.

    Returns
    -------
    Interval
        Over the networks.

    Raises
    ------
    ValueError
        If a network is floppy and has no Debye level.
    """
    return statistics.mean_interval(
        [
            spectra.mean_reduced_density(f, LOW, HIGH, 2)
            / elasticity.scalar_debye_level(elasticity.scalar_modulus(network))
            for f, network in zip(frequencies, network_list, strict=True)
        ]
    )


def mean_over_crystal(frequencies, crystal: CrystalReference) -> Interval:
    """Mean of g / omega between `LOW` and `HIGH` over the exact crystal's, over the networks (seeds, levels)."""
    return statistics.mean_interval([spectra.mean_reduced_density(f, LOW, HIGH, 2) / crystal.mean for f in frequencies])


@dataclass(frozen=True)
class Coordination:
    """Numbers of springs at the nodes under the distance rule, by disorder.

    Attributes
    ----------
    shares : dict
        (seeds, 9) fractions of the nodes with 0 to 8 springs.
    means : dict
        Interval of the mean coordination over the seeds.
    most : dict
        The most frequent number of springs.
    pieces : dict
        Mean number of pieces that no spring connects.
    four : dict
        For each kind the smallest and the largest share of nodes with four springs, over the seeds.
    """

    shares: dict[float, np.ndarray]
    means: dict[float, Interval]
    most: dict[float, int]
    pieces: dict[float, float]
    four: dict[Kind, tuple[float, float]]


def coordination(small: SmallEnsemble) -> Coordination:
    """Count the springs at the nodes of the small networks.

    Parameters
    ----------
    small : SmallEnsemble

    Returns
    -------
    Coordination
    """
    numbers = {kind: [network.coordination() for network in found] for kind, found in small.networks.items()}
    free = of_family(numbers, "distance")
    shares = {d: np.array([_shares(number) for number in found]) for d, found in free.items()}
    four = {kind: [float(np.mean(number == 4)) for number in found] for kind, found in numbers.items()}
    return Coordination(
        shares,
        {d: statistics.mean_interval([number.mean() for number in found]) for d, found in free.items()},
        {d: int(share.mean(axis=0).argmax()) for d, share in shares.items()},
        {
            d: float(np.mean([network.components()[0] for network in found]))
            for d, found in of_family(small.networks, "distance").items()
        },
        {kind: (min(found), max(found)) for kind, found in four.items()},
    )


def _shares(numbers) -> np.ndarray:
    """Fractions (9,) of the nodes that have 0 to 8 springs."""
    return np.bincount(numbers, minlength=9)[:9] / len(numbers)


@dataclass(frozen=True)
class DiscContacts:
    """Contacts of the discs in packings.

    Attributes
    ----------
    packings : list of DiscPacking
    numbers : list of arrays, shape (discs,)
        Contacts of each disc.
    shares : array, shape (packings, 9)
        Fractions of the discs with 0 to 8 contacts.
    three_to_seven : list of float
        Fraction of the discs with 3 to 7 contacts, for each packing.
    random_three_to_seven : float
        The same for discs at random positions, mean over as many seeds.
    """

    packings: list[DiscPacking]
    numbers: list[np.ndarray]
    shares: np.ndarray
    three_to_seven: list[float]
    random_three_to_seven: float


def disc_contacts(data: xr.Dataset) -> DiscContacts:
    """Contacts in the packings of a result of `archived.discs`.

    Parameters
    ----------
    data : xarray.Dataset

    Returns
    -------
    DiscContacts

    Raises
    ------
    ValueError
        If the forces on the discs do not balance: the positions are then not those of a packing at rest.
    """
    packings = [
        packing_at(positions, data.radii.values, data.attrs["edge"], data.attrs["packing_fraction"])
        for positions in data.positions.values
    ]
    worst = max(packing.max_force for packing in packings)
    if not worst < 1e-7:
        raise ValueError(f"a disc is pushed with a force of {worst:.2g}: the packings are not at rest; make them again")
    numbers = [packing.contact_network().coordination() for packing in packings]
    loose = [
        random_discs(data.sizes["disc"], rng=seed).contact_network().coordination() for seed in range(len(packings))
    ]

    def share(found):
        return [float(np.mean((number >= 3) & (number <= 7))) for number in found]

    return DiscContacts(
        packings,
        numbers,
        np.array([_shares(number) for number in numbers]),
        share(numbers),
        float(np.mean(share(loose))),
    )


@dataclass(frozen=True)
class LargeSpectra:
    """Spectra and moduli of the large networks, by kind, and what is read off them.

    Attributes
    ----------
    omega : array, shape (K,)
    density : dict
        g, (seeds, K).
    modulus : dict
        Modulus tensors, (seeds, 2, 2).
    crystal_again : array, shape (K,)
        g of the crystal with other random vectors.
    stiffness : dict
        Stiffness of the crystal that has the determinant of the mean modulus.
    level : dict
        Debye level of g / omega from the mean modulus.
    reduced, softened : dict
        g / omega, mean over the seeds, and that of the exact crystal with the same modulus, (K,) each.
    excess : dict
        Interval of the highest g / omega in `HUMP_RANGE` over the network's own Debye level.
    beyond : dict
        The same over the softened crystal instead of the Debye level.
    peaks : dict
        Interval of the place of the maximum of g / omega in `PEAK_RANGE`.
    interior : dict
        Whether that maximum lies inside the range in all networks.
    """

    omega: np.ndarray
    density: dict[Kind, np.ndarray]
    modulus: dict[Kind, np.ndarray]
    crystal_again: np.ndarray
    stiffness: dict[Kind, float]
    level: dict[Kind, float]
    reduced: dict[Kind, np.ndarray]
    softened: dict[Kind, np.ndarray]
    excess: dict[Kind, Interval]
    beyond: dict[Kind, Interval]
    peaks: dict[Kind, Interval]
    interior: dict[Kind, bool]


def large_spectra(data: xr.Dataset) -> LargeSpectra:
    """Levels, heights and places of the large networks in a result of `archived.large_networks`.

    Parameters
    ----------
    data : xarray.Dataset

    Returns
    -------
    LargeSpectra

    Raises
    ------
    ValueError
        If a network is floppy and has no Debye level.
    """
    omega, density, modulus = data.omega.values, _by_kind(data, "g"), _by_kind(data, "modulus")
    level = {kind: elasticity.scalar_debye_level(np.mean(m, axis=0)) for kind, m in modulus.items()}
    stiffness = {kind: float(np.sqrt(np.linalg.det(np.mean(m, axis=0)))) for kind, m in modulus.items()}
    softened = {kind: debye.square_lattice_density(omega, t) / omega for kind, t in stiffness.items()}
    slow = omega < 1
    excess, beyond, peaks, interior = {}, {}, {}, {}
    for kind, runs in density.items():
        heights = [debye_excess(omega, g, level[kind], 2, *HUMP_RANGE, smoothing=0.03) for g in runs]
        excess[kind] = statistics.mean_interval(heights)
        ratios = [
            spectra.boson_peak(omega[slow], g[slow] / softened[kind][slow], 2, *HUMP_RANGE, smoothing=0.03).intensity
            for g in runs
        ]
        beyond[kind] = statistics.mean_interval(ratios)
        found = [spectra.boson_peak(omega, g, 2, *PEAK_RANGE, smoothing=0.06) for g in runs]
        peaks[kind] = statistics.mean_interval([peak.omega for peak in found])
        interior[kind] = all(peak.interior for peak in found)
    reduced = {kind: np.mean(runs, axis=0) / omega for kind, runs in density.items()}
    again = data.crystal_again.values
    return LargeSpectra(
        omega, density, modulus, again, stiffness, level, reduced, softened, excess, beyond, peaks, interior
    )


def level_scatter(large: LargeSpectra) -> float:
    """Relative standard deviation of the Debye level between networks, the largest among the disorders."""
    each = [
        [elasticity.scalar_debye_level(m) for m in moduli] for moduli in of_family(large.modulus, "distance").values()
    ]
    return float(max(np.std(v, ddof=1) / np.mean(v) for v in each))


def stiffness_ratio(n: int, disorder: float) -> float:
    """99th over 1st percentile of the stiffnesses t0/r with four springs at every node, n nodes along an edge."""
    lengths = np.linalg.norm(square_lattice_network(n, disorder, rng=0).vectors, axis=1)
    return float(np.quantile(1 / lengths, 0.99) / np.quantile(1 / lengths, 0.01))


def peak_spread(peaks: dict[float, Interval]) -> tuple[Interval, float, float]:
    """How far apart the maxima at different disorders lie.

    Parameters
    ----------
    peaks : dict
        Interval of the place, by disorder.

    Returns
    -------
    spread : Interval
        Largest less smallest place; its ends by quadrature, not below zero.
    highest, lowest : float
        The disorders at which the place is largest and smallest.
    """
    low, high = (f(DISORDERS, key=lambda d: peaks[d][0]) for f in (min, max))
    apart = peaks[high][0] - peaks[low][0]
    half = np.hypot(*(peaks[d][1][1] - peaks[d][0] for d in (low, high)))
    return (apart, (max(apart - half, 0.0), apart + half)), high, low


def region_ends(large: LargeSpectra, crystal: CrystalReference) -> dict[float, Interval]:
    """Frequency above 0.6 at which g / omega first falls below the crystal's, by disorder.

    Parameters
    ----------
    large : LargeSpectra
    crystal : CrystalReference

    Returns
    -------
    dict
        Interval over the networks.
    """
    exact = np.interp(large.omega, crystal.omega, crystal.reduced)
    return {
        d: statistics.mean_interval([large.omega[(large.omega > 0.6) & (g / large.omega - exact < 0)][0] for g in runs])
        for d, runs in of_family(large.density, "distance").items()
    }


@dataclass(frozen=True)
class VanHove:
    """The van Hove peak near omega = 2 in the large networks.

    Attributes
    ----------
    survives : dict
        Interval of its height over the valley before it, coordination free, by disorder.
    damped : Interval
        Its height at fixed coordination and disorder 0.3, over the crystal's.
    another_seed : float
        Height in the crystal with other random vectors, over the crystal's.
    summit : dict
        Where the highest point between 1.5 and 3.2 lies, coordination free, by disorder.
    """

    survives: dict[float, Interval]
    damped: Interval
    another_seed: float
    summit: dict[float, float]


def van_hove(large: LargeSpectra) -> VanHove:
    """Heights and summits of the van Hove peak.

    Parameters
    ----------
    large : LargeSpectra

    Returns
    -------
    VanHove
    """
    omega = large.omega
    near, valley = (omega > 1.8) & (omega < 2.3), (omega > 1.2) & (omega < 1.9)
    free = of_family(large.density, "distance")

    def height(g):
        return (g / omega)[near].max()

    crystal = np.mean([height(g) for g in large.density["crystal", 0.0]])
    fixed = np.array([height(g) for g in large.density["fixed", 0.3]])
    return VanHove(
        {
            d: statistics.mean_interval([height(g) / (g / omega)[valley].min() for g in runs])
            for d, runs in free.items()
        },
        statistics.mean_interval(fixed / crystal),
        float(height(large.crystal_again) / crystal),
        {
            d: spectra.boson_peak(omega, np.mean(runs, axis=0), 2, 1.5, 3.2, smoothing=0.03).omega
            for d, runs in free.items()
        },
    )


def relative_heights(large: LargeSpectra) -> dict[float, Interval]:
    """Height of the peak above the own Debye level with uniform springs, over that with t0/r springs, by disorder.

    Parameters
    ----------
    large : LargeSpectra

    Returns
    -------
    dict
        Interval over pairs of networks with the same positions.
    """

    def height(kind, g):
        return spectra.boson_peak(large.omega, g, 2, *HUMP_RANGE, 0.03).intensity / large.level[kind] - 1

    return {
        d: statistics.mean_interval(
            [
                height(("uniform", d), u) / height(("distance", d), v)
                for u, v in zip(large.density["uniform", d], large.density["distance", d], strict=True)
            ]
        )
        for d in DISORDERS
    }


@dataclass(frozen=True)
class NineNodes:
    """The toy of nine nodes: the lattice (None), a spring "added", and a spring "missing".

    Attributes
    ----------
    networks : dict
        The network of each change.
    poles : dict
        Frequencies (P,) of the poles, the zero mode first, and the weight (P, 9) of each node in them.
    old : set
        Poles of the lattice above zero, rounded to 1e-6.
    new : dict
        For the changes "added" and "missing": how many poles are not among the old ones, less the old ones lost.
    scaled : int
        The same count with every spring of the lattice scaled by 1.1 instead.
    shares : dict
        Share of the new modes' weight on nodes that have still four springs.
    silent : dict
        Number of nodes that take no part in the new modes.
    pair_share : float
        For two nodes tied only to each other: the share of the other nodes in the mode of that spring.
    """

    networks: dict[str | None, SpringNetwork]
    poles: dict[str | None, tuple[np.ndarray, np.ndarray]]
    old: set[float]
    new: dict[str, int]
    scaled: int
    shares: dict[str, float]
    silent: dict[str, int]
    pair_share: float


def nine_nodes() -> NineNodes:
    """Poles of the nine-node network and of its two changes, and which nodes take part in the new modes.

    Returns
    -------
    NineNodes
    """
    toy = {change: networks.nine_node_network(change) for change in (None, "added", "missing")}
    poles = {change: networks.poles(network.dynamical_matrix()) for change, network in toy.items()}
    old = set(np.round(poles[None][0][1:], 6))
    new, shares, silent = {}, {}, {}
    for change in ("added", "missing"):
        omega, weight = poles[change]
        fresh = [k for k in range(1, len(omega)) if round(omega[k], 6) not in old]
        new[change] = len(fresh) - len(old - set(np.round(omega, 6)))
        unchanged = toy[change].coordination() == 4
        shares[change] = float(weight[fresh][:, unchanged].sum() / weight[fresh].sum())
        silent[change] = int((weight[fresh].sum(axis=0) < 1e-9).sum())
    scaled = set(np.round(networks.poles(1.1 * toy[None].dynamical_matrix())[0][1:], 6))
    return NineNodes(
        toy, poles, old, new, len(scaled - old) - len(old - scaled), shares, silent, _pair_share(toy[None])
    )


def _pair_share(lattice: SpringNetwork) -> float:
    """Share of the other nodes in the mode of a spring whose two nodes are cut off from the rest."""
    pair = np.isin(np.arange(9), (3, 4))
    keep = np.isin(lattice.bonds, (3, 4)).sum(axis=1) != 1
    cut = SpringNetwork(
        lattice.positions, lattice.bonds[keep], lattice.stiffness[keep], lattice.box, lattice.vectors[keep]
    )
    omega, weight = networks.poles(cut.dynamical_matrix())
    own = weight[int(np.argmin(abs(omega - np.sqrt(2))))]
    return float(own[~pair].sum() / own.sum())


@dataclass(frozen=True)
class Extension:
    """Over how many nodes the modes of the hump spread.

    Attributes
    ----------
    sizes : list of int
        Nodes along an edge.
    median : dict
        Interval of the median participation ratio of the modes in `MODE_RANGE`, for each (size, disorder).
    exponent : dict
        Interval of the exponent of that median with the number of nodes, by disorder.
    edge_median : float
        Median participation ratio of the highest hundredth of the modes at the paper's size and disorder 0.3.
    edge_exponent : Interval
        Exponent of that median between half the paper's edge and the paper's.
    """

    sizes: list[int]
    median: dict[tuple[int, float], Interval]
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
    hump = {}
    for size in sizes:
        for d in DISORDERS:
            near = data.sel(size=size, disorder=d)
            omega = near.near_omega.values
            hump[size, d] = near.near_ratio.values[(omega > MODE_RANGE[0]) & (omega < MODE_RANGE[1])]
    half, full = sizes[:2]
    edge = [
        ratio[-max(size**2 // 100, 3) :]
        for size, ratio in ((half, data.half_ratio.values), (full, data.ratio.sel(disorder=0.3).values))
    ]
    return Extension(
        sizes,
        {key: statistics.bootstrap_interval(group, np.median, rng=2) for key, group in hump.items()},
        {
            d: statistics.median_exponent([size**2 for size in sizes], [hump[size, d] for size in sizes], rng=3)
            for d in DISORDERS
        },
        float(np.median(edge[1])),
        statistics.median_exponent([half**2, full**2], edge, rng=3),
    )


def responses(toy: NineNodes, omega) -> dict[str | None, np.ndarray]:
    """-Im G_ii of the nine nodes (Eq. 1) at frequencies (K,), (K, 9) for each change; broadening 0.02 t0/m."""
    return {
        change: -np.diagonal(
            networks.green_function(network.dynamical_matrix(), omega, eps=0.02), axis1=1, axis2=2
        ).imag
        for change, network in toy.networks.items()
    }


@dataclass(frozen=True)
class SweptNetwork:
    """One network behind the slider.

    Attributes
    ----------
    disorder : float
    network : SpringNetwork
    omega, reduced : arrays, shape (K,)
        Frequencies and g / omega.
    level : float
        Debye level of g / omega, from the network's modulus.
    peak : float or None
        Place of the maximum of g / omega in `PEAK_RANGE`; None where there is none.
    """

    disorder: float
    network: SpringNetwork
    omega: np.ndarray
    reduced: np.ndarray
    level: float
    peak: float | None

    @property
    def description(self) -> str:
        """What a reader who cannot see the frame should know."""
        place = "no maximum below omega 1.2." if self.peak is None else f"g over omega highest at {self.peak:.2f}."
        return (
            f"Disorder {self.disorder}: mean coordination {self.network.coordination().mean():.2f}, "
            f"own Debye level {self.level:.3f}, {place}"
        )


def swept_networks(data: xr.Dataset, n: int) -> dict[float, SweptNetwork]:
    """The networks behind the slider, from a result of `archived.sweep`.

    Parameters
    ----------
    data : xarray.Dataset
    n : int
        Nodes along an edge with which the result was made.

    Returns
    -------
    dict
        By disorder.
    """
    omega, found = data.omega.values, {}
    for d, g, modulus in zip(data.disorder.values.tolist(), data.g.values, data.modulus.values, strict=True):
        peak = spectra.boson_peak(omega, g, 2, *PEAK_RANGE, smoothing=0.06)
        found[d] = SweptNetwork(
            d,
            square_lattice_network(n, d, "distance", rng=7),
            omega,
            g / omega,
            elasticity.scalar_debye_level(modulus),
            peak.omega if peak.interior else None,
        )
    return found
