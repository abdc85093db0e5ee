"""What the chapter reads off its networks and effective media, and the list of measurements that it archives.

Intervals are (value, (low, high)) at 95 %, over the seeds. Reduced units: length a, stiffness t0, mass m, omega in
sqrt(t0/m).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.measurements import Measurement, check_sample
from bosonpeak.materials.glasses import load
from bosonpeak.networks import springs
from bosonpeak.networks.lattices import contact_network, lattice_network
from bosonpeak.papers.spring_network import archived, cpa
from bosonpeak.papers.spring_network import level_statistics as levels
from bosonpeak.papers.spring_network import network_peaks as peaks
from bosonpeak.papers.spring_network import network_waves as waves
from bosonpeak.papers.spring_network.lattice_green import debye_level_of_lattice
from bosonpeak.structure.pair_distribution import first_minimum, pair_distribution
from bosonpeak.vibrations.elasticity import scalar_modulus
from bosonpeak.vibrations.peaks import boson_peak
from bosonpeak.vibrations.spectra import Spectrum

Interval = tuple[float, tuple[float, float]]

_EXCESS = {"nodes": 100000, "resolution": 0.05}
_SHARES, _STRENGTHS = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5]
_CHART = {"means": [4.0, 4.8], "strengths": [0.0, 0.5, 1.5]}
_KNOBS = {"kind": "knobs", "map_nodes": 20000, "seeds": 3, "n_largest": 1000}
_MAP = {"kind": "map", "map_nodes": 20000, "seeds": 3, "fluctuations": [0.0, 0.5, 1.0, 1.5]}
_EXPLORER = {"kind": "explorer", "shown_nodes": 20000, "shares": _SHARES, "strengths": _STRENGTHS}
_VARIANCES = {"fluctuations": [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5]}
_LEVELS = {"n_modes": 60, "n_modes_cubic": 12, "n_levels": 300}
_MEDIA = {"map_points": 9, "shown_shares": _SHARES, "shown_strengths": _STRENGTHS}
_COMPARED = {"nodes": 100000, "map_nodes": 20000, "seeds": 3, "resolution": 0.02}
_WAVES = {"n_waves": 400, "seeds": 3, "resolution": 0.008}
KNOBS = Measurement("spring-network-knobs", archived.measure_spectra, _EXCESS | _KNOBS)
MAP = Measurement("spring-network-map", archived.measure_spectra, _EXCESS | _MAP | _CHART)
EXPLORER = Measurement("spring-network-explorer", archived.measure_spectra, _EXCESS | _EXPLORER | _VARIANCES)
COMPARISON = Measurement("spring-network-comparison", archived.measure_comparison, _COMPARED)
WAVES = Measurement("spring-network-waves", archived.measure_waves, _WAVES)
MODES = Measurement("spring-network-modes", archived.measure_modes, _EXCESS | _LEVELS | {"seeds": 3})
MEDIA = Measurement("spring-network-media", archived.measure_media, _MEDIA | _CHART)
MEASUREMENTS = (KNOBS, MAP, EXPLORER, COMPARISON, WAVES, MODES, MEDIA)
"""Everything that the book archives for this chapter, with the parameters of the book."""


def interval_of(group: Sequence[peaks.Excess], quantity: str, reference: float = 1.0) -> Interval:
    """Mean over the samples of one attribute of `Excess`, divided by a reference, and its interval."""
    return statistics.mean_interval([getattr(each, quantity) / reference for each in group])


def mean_of(group: Sequence, quantity: str) -> float:
    """Mean over the samples of one attribute."""
    return float(np.mean([getattr(each, quantity) for each in group]))


def percent(ratio: float) -> float:
    """By how many per cent a ratio exceeds 1."""
    return 100 * (ratio - 1)


def percent_of(interval: Interval) -> Interval:
    """`percent` of a value and of the ends of its interval."""
    value, (low, high) = interval
    return percent(value), (percent(low), percent(high))


def remeasure(data: xr.Dataset, samples: Mapping[str, archived.Sample], names: Sequence[str], tolerance=1e-6) -> float:
    """Measure some samples of an archived `spectra_dataset` again.

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
    new = [archived.measure_sample(samples[name], data.attrs["resolution"])["density"] for name in names]
    return check_sample("the spectra of " + ", ".join(names), data.density.sel(sample=list(names)), new, tolerance)


def count_floppy(n: int, share: float, seeds: Sequence[int]) -> tuple[springs.ZeroModes, Interval]:
    """Zero modes of square lattices of n^2 nodes that keep a share of their springs below one half.

    Returns those of the first sample, and the number of zero modes over Maxwell's count with its interval.
    """
    nets = (lattice_network("square", n, bond_fraction=share, rng=s) for s in seeds)
    counted = [springs.count_zero_modes(network) for network in nets]
    return counted[0], statistics.mean_interval([c.pieces / c.degrees_of_freedom / (1 - 2 * share) for c in counted])


def norm_of(medium: cpa.EffectiveMedium) -> float:
    """Integral of g over the medium's even grid of frequencies."""
    return float(medium.g.sum() * (medium.omega[1] - medium.omega[0]))


def loose_parts(n: int, share: float, seeds: Sequence[int]) -> tuple[float, float]:
    """Mean shares of the nodes of diluted square lattices outside the largest piece, and on trees."""
    nets = [lattice_network("square", n, bond_fraction=share, rng=s) for s in seeds]
    outside = 1 - np.mean([len(levels.largest_piece(network)) for network in nets]) / n**2
    return float(outside), float(np.mean([levels.tree_nodes(network).mean() for network in nets]))


def read_spectra(data: xr.Dataset, group: str, omega, width: float) -> list[Spectrum]:
    """Spectra of the samples of a group, at the frequencies omega (K,) or the first of them that a sample shows.

    Parameters
    ----------
    data : xarray.Dataset
        With density, n_moments and omega_max of each sample, and perhaps the number of frequencies `shown`.
    group : str
    omega : array, shape (K,)
    width : float
        Standard deviation of the kernel in the unit of omega.
    """
    found = []
    for i, name in enumerate(data["sample"].values.tolist()):
        if archived.group_of(name) == group:
            part = {key: data[key].values[i] for key in ("density", "n_moments", "omega_max")}
            grid = omega[: int(data.shown[i])] if "shown" in data else omega
            found.append(archived.seen_spectrum(part | {"density": part["density"][: len(grid)]}, grid, width))
    return found


def read_comparisons(data: xr.Dataset, media: Mapping[str, cpa.EffectiveMedium]) -> dict[str, peaks.Comparison]:
    """Comparisons of the networks of `archived.measure_comparison` with their media, by case."""
    return {
        case: peaks.compare_spectra(read_spectra(data, case, grid, data.attrs["resolution"] * grid[-1]), media[case])
        for case, recipe in (archived.CASES | archived.SERIES).items()
        for grid in [peaks.comparison_grid(recipe.lattice, "vector" in case)]
    }


def deviation_of(found: peaks.Comparison) -> Interval:
    """Relative deviation of the networks from the medium, resampled over the samples."""

    def deviation(samples):
        return peaks.relative_difference(samples.mean(axis=0), found.medium)

    return statistics.bootstrap_interval(found.samples, deviation, rng=1, n_resamples=300)


def deviation_from_mean_crystal(found: peaks.Comparison, case: str) -> float:
    """Relative deviation of the networks of a case from the crystal of their mean spring."""
    recipe = archived.CASES[case]
    mean = recipe.bond_fraction * recipe.springs.mean
    crystal = peaks.softened_density(recipe.lattice, found.omega, mean, "vector" in case)
    return peaks.relative_difference(found.network, crystal)


CHAINS = np.array([(np.sqrt(5) - 1) / 2, 1.0, np.sqrt(2), (np.sqrt(5) + 1) / 2, np.sqrt(3)])
"""Frequencies omega of dangling and free chains of up to three nodes with springs 1."""


def chain_weight(seen: Sequence, medium: cpa.EffectiveMedium) -> Interval:
    """Density of the deviation within 0.03 of the frequencies of `CHAINS` over that of the whole deviation."""
    near = (abs(archived.SHARP[:, None] - CHAINS) < 0.03).any(axis=1)
    ratios = []
    for each in seen:
        off = abs(each.g - peaks.see_through_kernel(medium.omega, medium.g, each))
        ratios.append(off[near].sum() / off.sum() / near.mean())
    return statistics.mean_interval(ratios)


def crystal_top(excess: peaks.Excess) -> float:
    """Highest g / omega^(d-1) of the softened crystal in the window where the excess is read."""
    low, high = (x * excess.omega_v for x in peaks.WINDOW)
    return boson_peak(excess.omega, excess.reduced / excess.ratio, 1, low, high).intensity


def sum_ratio(n: int) -> float:
    """Variance of the sums of springs at the nodes of a displaced square lattice, over that of permuted springs."""
    moved = archived.Recipe("square", n, disorder=0.3).network(0)
    mixed = replace(moved, stiffness=np.random.default_rng(0).permutation(moved.stiffness))
    return float(moved.dynamical_matrix().diagonal().var() / mixed.dynamical_matrix().diagonal().var())


def read_balance(excess: Mapping[str, list[peaks.Excess]], lattice: str) -> tuple[Interval, float]:
    """Excess where the sums of springs are equal at all nodes, over that of the same springs at random places.

    Returns the ratio with its interval, and as a control the ratio of two sets of random places.
    """
    kept, mixed, again = ([e.net - 1 for e in excess[f"balanced {lattice} {turn}"]] for turn in (0, 1, 2))
    return statistics.mean_interval(np.divide(kept, mixed)), float(np.mean(np.divide(again, mixed)))


def read_chart(media: Mapping[str, cpa.EffectiveMedium], lattice: str, points: int, resolution: float) -> np.ndarray:
    """Net excess (points, points) of the effective media of the phase diagram, rows by v and columns by z."""
    rows = [[media[f"map {lattice} {i} {j}"] for j in range(points)] for i in range(points)]
    return np.array([[peaks.medium_excess(medium, resolution).net for medium in row] for row in rows])


def read_discs(excess: Mapping[str, list[peaks.Excess]], lattice: str) -> dict[tuple[float, float], float]:
    """Mean net excess of the random networks on the phase diagram, by (z, v)."""
    groups = {group: found for group, found in excess.items() if group.startswith(f"disc {lattice} ")}
    return {tuple(map(float, group.split()[2:])): mean_of(found, "net") for group, found in groups.items()}


def map_error(discs: Mapping[tuple[float, float], float], chart: np.ndarray) -> float:
    """Largest relative difference between networks and theory along the lower and upper edges of the map.

    Parameters
    ----------
    discs : mapping
        Net excess of networks by (z, v).
    chart : array, shape (Y, X)
        Net excess of the theory on the `media.map_axes`.
    """
    z_axis, v_axis = archived.map_axes(len(chart))
    rows = {v_axis[0]: chart[0], v_axis[-1]: chart[-1]}
    return max(abs(net / np.interp(z, z_axis, rows[v]) - 1) for (z, v), net in discs.items() if v in rows)


@dataclass(frozen=True)
class Waves:
    """Waves of a diluted square lattice: wave vectors q (Q,), fitted lines of each sample (`networks`), of the
    effective medium and of second-order perturbation theory, mean spectral functions (K, Q) of the networks and of
    the medium (`drawn`, on a coarser grid)."""

    q: np.ndarray
    networks: list[list[waves.Line]]
    medium: list[waves.Line]
    second: list[waves.Line]
    mean: np.ndarray
    drawn: np.ndarray

    def values(self, quantity: str) -> np.ndarray:
        """ "frequency" or "width" of the lines of the networks, (samples, Q)."""
        return np.array([[getattr(line, quantity) for line in lines] for lines in self.networks])

    @property
    def reached(self) -> np.ndarray:
        """Ioffe-Regel frequencies omega of the samples that reach the crossover."""
        found = np.array([waves.ioffe_regel(lines) for lines in self.networks])
        return found[np.isfinite(found)]

    @property
    def crossing(self) -> float | None:
        """Their mean; None where no sample reaches the crossover."""
        return float(self.reached.mean()) if len(self.reached) else None

    @property
    def medium_crossing(self) -> float:
        """Ioffe-Regel frequency omega of the effective medium, NaN where it is not reached."""
        return waves.ioffe_regel(self.medium)

    def attenuation(self) -> tuple[Interval, float, float]:
        """Widths over those of the medium, as geometric means below the crossover: of the networks with the interval,
        of second-order perturbation theory, and of the networks at the longest wave."""
        limit = np.inf if self.crossing is None else self.crossing
        below = self.values("frequency").mean(axis=0) < limit
        medium = np.log([line.width for line in self.medium])
        ratios = (np.log(self.values("width")) - medium)[:, below]
        value, (low, high) = statistics.mean_interval(ratios.mean(axis=1))
        second = (np.log([line.width for line in self.second]) - medium)[below].mean()
        value, low, high, second, first = np.exp([value, low, high, second, ratios[:, 0].mean()]).tolist()
        return (value, (low, high)), second, first

    def dispersion_error(self) -> float:
        """Largest relative difference between the mean frequencies of the networks and those of the medium."""
        medium = np.array([line.frequency for line in self.medium])
        return float(abs(self.values("frequency").mean(axis=0) / medium - 1).max())


def read_waves(data: xr.Dataset, media: Mapping[str, cpa.EffectiveMedium], share: float) -> Waves:
    """Fit the lines of `archived.measure_waves` at one share of springs, and those of the effective medium alike."""
    seen = read_spectra(data, f"{share:g}", archived.WAVE_GRID, data.attrs["resolution"])
    q = np.stack([data.q.values, np.zeros(data.q.size)], axis=1)
    medium, coarse = media[f"wave {share:g}"], media[f"drawn {share:g}"]
    born = replace(medium, stiffness=cpa.expand_second_order("square", medium.omega, bond_fraction=share))
    fitted, (medium, second) = (
        [waves.fit_lines(each) for each in group]
        for group in (seen, [waves.medium_run(each, q, seen[0]) for each in (medium, born)])
    )
    drawn = waves.medium_run(coarse, q, seen[0]).g
    return Waves(data.q.values, fitted, medium, second, np.mean([each.g for each in seen], axis=0), drawn)


@dataclass(frozen=True)
class ModeStatistics:
    """Modes of networks of several sizes: number of nodes, participation ratios and ratios of neighbouring spacings
    of each size."""

    nodes: list[int]
    shares: list[np.ndarray]
    ratios: list[np.ndarray]

    @property
    def exponent(self) -> Interval:
        """Exponent of the median participation ratio against the number of nodes."""
        return statistics.median_exponent(self.nodes, self.shares, rng=3)

    @property
    def medians(self) -> list[Interval]:
        """Median participation ratio at each size."""
        return [statistics.bootstrap_interval(group, np.median, rng=2, n_resamples=500) for group in self.shares]

    @property
    def repulsion(self) -> list[Interval]:
        """Mean ratio of neighbouring spacings at each size."""
        return [statistics.mean_interval(group) for group in self.ratios]


def read_modes(data: xr.Dataset, kind: str) -> ModeStatistics:
    """Statistics of one kind of modes of `archived.measure_modes`: "peak", "top" or "cubic".

    At a peak only modes within a fifth of its place count.
    """
    sizes = {}
    for name, omega, share in zip(data["sample"].values, data.frequency.values, data.participation.values, strict=True):
        group, n, _ = str(name).split()
        inside = np.isfinite(omega) if kind == "top" else abs(omega / data.attrs.get(kind, 1.0) - 1) < 0.2
        if group == kind:
            sizes.setdefault(int(n), []).append((omega[inside], share[inside]))
    ratios = [
        np.concatenate([levels.spacing_ratios(omega) for omega, _ in group if len(omega) > 2])
        for group in sizes.values()
    ]
    shares = [np.concatenate([share for _, share in group]) for group in sizes.values()]
    return ModeStatistics([n ** (3 if kind == "cubic" else 2) for n in sizes], shares, ratios)


@dataclass(frozen=True)
class GlassContacts:
    """Networks on the contacts of glasses: number of atoms of the first, cutoff (in the unit of the structures), and
    for each factor of the cutoff the excess of each glass over fcc and the coordination of all nodes."""

    atoms: int
    cutoff: float
    excess: dict[float, list[peaks.Excess]]
    coordination: dict[float, np.ndarray]


def measure_contacts(names: Sequence[str], reach: float, step: float, factors: Sequence[float]) -> GlassContacts:
    """Equal springs between all atoms nearer than the first minimum of the pair distribution times each factor.

    Parameters
    ----------
    names : sequence of str
        Archived glasses of one kind.
    reach, step : float
        Longest distance and bin of the pair distribution, in the unit of the structures.
    factors : sequence of float
    """
    structures = [load(name) for name in names]
    pairs = [pair_distribution(atoms, reach, step) for atoms in structures]
    cutoff = first_minimum(pairs[0].r, np.mean([each.total for each in pairs], axis=0))
    excess, coordination = {}, {}
    for factor in factors:
        nets = [contact_network(a.get_positions(), np.array(a.cell), factor * cutoff) for a in structures]
        excess[factor] = [contact_excess(network, s) for s, network in enumerate(nets)]
        coordination[factor] = np.concatenate([network.coordination() for network in nets])
    return GlassContacts(len(structures[0]), cutoff, excess, coordination)


def contact_excess(network, seed: int) -> peaks.Excess:
    """Excess of a network in three dimensions over the fcc crystal that has its Debye level."""
    own = peaks.debye_level_of_modulus(scalar_modulus(network), len(network) / np.prod(network.box))
    equal = (debye_level_of_lattice("fcc") / own) ** (2 / 3)
    return peaks.measure_excess(network, "fcc", resolution=0.08, n_vectors=32, rng=seed, stiffness=equal)


def fcc_control(nodes: int) -> peaks.Excess:
    """Excess of an fcc crystal of about this many nodes, whose only disorder is that of the random vectors."""
    crystal = lattice_network("fcc", round((nodes / 4) ** (1 / 3)))
    return peaks.measure_excess(crystal, "fcc", resolution=0.08, n_vectors=32, rng=0)


def explorer_pairs(explorer, media, resolution, kind, titles) -> dict:
    """Networks of the explorer with their effective media, for all values of one slider.

    Parameters
    ----------
    explorer : dict
        For each network its excess (several samples, of which the first is shown).
    media : dict
        Effective media by the same names, where there are any.
    resolution : float
        Standard deviation of the kernel, over the first van Hove frequency.
    kind : str
        Format of the beginning of the names, such as "share {:g}".
    titles : dict
        For each value of the slider, for each lattice the words next to its name.

    Returns
    -------
    dict
        For each value (title, excess of the network, excess of the medium or None) of each lattice, as
        `figures.draw_explorer` takes them.
    """
    pairs = {}
    for value, words in titles.items():
        names = {lattice: f"{kind.format(value)} {lattice}" for lattice in words}
        theory = {k: peaks.medium_excess(media[n], resolution) for k, n in names.items() if n in media}
        pairs[value] = [(f"{k}, {words[k]}", explorer[n][0], theory.get(k)) for k, n in names.items()]
    return pairs
