"""What the chapter measures: barriers and boson peaks of atoms, motion, warmer glasses, Grueneisen parameters.

An interval is a 95 % interval (low, high); a value with its interval is the pair (value, (low, high)). I_BP is the
boson peak of an atom, the highest g_i(omega) / omega^2, in (rad/ps)^-3; Delta Q is its barrier in eV. `rng` is always
a Generator of the chapter: its draws come in the order of the page.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.glasses import load
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.landscape import artn
from bosonpeak.papers.yang_2021 import fields
from bosonpeak.papers.yang_2021.archived import SLOW, slow_gruneisen
from bosonpeak.papers.yang_2021.events import SEED, atom_barriers, chosen_atoms
from bosonpeak.structure.coarse_graining import Autocorrelation, coarse_grain, spatial_autocorrelation
from bosonpeak.vibrations import local_peaks
from bosonpeak.vibrations.gruneisen import cumulative_gruneisen

NEAR = 5.9
"""A: the length over which the paper averages."""
Value = tuple[float, tuple[float, float]]


@dataclass(frozen=True)
class Searched:
    """A glass whose atoms have a boson peak and, those that were kicked with success, a barrier.

    Attributes
    ----------
    atoms : ase.Atoms
        N atoms.
    intensity : array, shape (N,)
        I_BP; NaN where it was not measured.
    table : xarray.Dataset
        Searches, as `events.tabulate_events` makes them.
    """

    atoms: object
    intensity: np.ndarray
    table: xr.Dataset

    @cached_property
    def barrier(self) -> np.ndarray:
        """Mean barrier of the saddles of each atom, (N,); NaN where there is none."""
        return atom_barriers(self.table)[0]

    @property
    def inverse(self) -> np.ndarray:
        """1 / I_BP, (N,)."""
        return 1 / self.intensity

    @cached_property
    def kicked(self) -> np.ndarray:
        """Indices of the atoms that have a barrier."""
        return np.flatnonzero(np.isfinite(self.barrier))

    @cached_property
    def species(self) -> np.ndarray:
        """Chemical symbols, (N,)."""
        return np.array(self.atoms.get_chemical_symbols())

    @property
    def hit(self) -> np.ndarray:
        """Which searches ended at a saddle, (events,)."""
        return self.table.outcome.values == 0

    def of_atom(self, own: bool = False) -> list[np.ndarray]:
        """Barriers of the single saddles of each kicked atom; own: where the kicked atom is the one that moves most."""
        table, use = self.table, self.hit
        if own:
            use = use & (table.moved_atom.values == table.atom.values)
        return [table.barrier.values[use & (table.atom.values == a)] for a in self.kicked]


def inverse_peaks(table: xr.Dataset) -> np.ndarray:
    """1 / I_BP of every atom of a glass from an archived table of some of them, (N,); NaN for the others."""
    values = np.full(table.attrs["n_atoms"], np.nan)
    values[table.atom.values] = 1 / table.intensity.values
    return values


def agreement(found, expected) -> tuple[float, float]:
    """Pearson's r of two estimates of one quantity (N,), and the median of their relative difference."""
    return float(np.corrcoef(found, expected)[0, 1]), float(np.median(abs(found / expected - 1)))


def recompute(glass: str, potential, vibrations: xr.Dataset, moments, strain: float, atoms=16, modes=10) -> dict:
    """Compute the boson peaks of some atoms and the slowest modes of a glass again, and compare with the archive.

    Parameters
    ----------
    glass : str
        The first glass of `vibrations`.
    potential : Potential
        Of that glass.
    vibrations : xarray.Dataset
        Of `archived.vibrations`; nothing is computed where it was not read from the archive.
    moments : array, shape (2, N)
        I_BP by moments, of `archived.moments`, with the width of `local_peaks.WIDTH` first.
    strain : float
        Relative change of the volume of the affine cells.
    atoms, modes : int
        How many of both.

    Returns
    -------
    dict
        sample_atoms, sample_modes and sample_off (how far both are from the archive, as text).

    Raises
    ------
    ValueError
        If they differ by more than 1e-4, relative: the archive does not belong to this code.
    """
    if vibrations.attrs["source"] == "live":
        return {"sample_atoms": 0, "sample_modes": 0, "sample_off": "at this scale all of it was computed here"}
    index, first = chosen_atoms(len(moments[0]), atoms), vibrations.isel(glass=0)
    peaks = local_peaks.peaks_by_moments(load(glass), potential, index)[0]
    found = slow_gruneisen(glass, modes, strain)
    pairs = (peaks, moments[0][index]), (found.omega, first.omega[:modes]), (found.gamma, first.gamma_slope[:modes])
    off = [float(np.max(abs(np.asarray(a) / np.asarray(b) - 1))) for a, b in pairs]
    if not max(off) <= 1e-4:
        differ = f"peaks, frequencies and Grueneisen parameters differ from the archive by {off}, relative"
        raise ValueError(f"{differ}: make the archive again, or compute everything here with archived = False")
    off = f"they agree with the archive to {max(off):.0e}, relative"
    return {"sample_atoms": atoms, "sample_modes": modes, "sample_off": off}


def repeated_searches(searched: Searched, potential, count: int) -> int:
    """How many of the first searches of `count` atoms end, when repeated now, as the table has it (to 1 meV)."""
    first, same = searched.table.isel(event=searched.table.number.values == 0), 0
    first = dict(zip(first.atom.values.tolist(), first.barrier.values, strict=True))
    for atom in chosen_atoms(len(searched.atoms), count).tolist():
        again = artn.activation_events(searched.atoms, potential, atom, 1, SEED)[0].barrier
        same += bool(abs(again - first[atom]) < 1e-3 or np.isnan([again, first[atom]]).all())
    return same


def compare_extremes(searched: Searched, symbol: str, shuffles: int, rng):
    """Barriers of the atoms of one species with the highest I_BP over those with the lowest (yang-2021, Fig. 2).

    Returns
    -------
    low, high : array
        Indices of the tenths of the kicked atoms with the lowest and with the highest I_BP.
    ratio : tuple
        Mean barrier of the high over that of the low ones, with its interval.
    shuffled : float
        The smallest ratio that shuffled barriers give.
    """
    barrier = searched.barrier
    members = searched.kicked[searched.species[searched.kicked] == symbol]
    order, tenth = members[np.argsort(searched.intensity[members])], max(3, len(members) // 10)
    low, high = order[:tenth], order[-tenth:]
    mixed = [rng.permutation(barrier[order]) for _ in range(shuffles)]
    shuffled = min(float(m[-tenth:].mean() / m[:tenth].mean()) for m in mixed)
    return low, high, statistics.group_ratio(barrier[high], barrier[low], rng=1), shuffled


def by_length(x, y, atoms, lengths, shuffles: int) -> list[fields.FieldCorrelation]:
    """Correlation of two quantities (N,) of the atoms, averaged over each of `lengths` (L,) in A (Fig. 3)."""
    return [fields.correlate_fields(x, y, atoms, length, n_shuffles=shuffles) for length in lengths]


def compare_lengths(searched: Searched, lengths, rng) -> tuple[tuple, tuple]:
    """`fields.best_length` of barrier and 1 / I_BP, and of 1 / I_BP with itself under noise of twice its deviation."""
    x, barrier = searched.inverse, searched.barrier
    noise = np.where(np.isfinite(barrier), x / x.std() + 2 * rng.normal(size=len(x)), np.nan)
    return tuple(fields.best_length(x, y, searched.atoms, lengths) for y in (barrier, noise))


def of_barriers(searched: Searched) -> tuple[Value, float, float, float, float]:
    """How much of a barrier belongs to the atom, and how far that limits a correlation with its mean barrier.

    A mean of k values of which the share c of the variance lies between atoms has the reliability k c / (1 + (k - 1) c)
    (Spearman and Brown), whose square root no correlation can pass.

    Returns
    -------
    share : tuple
        Of the variance of single barriers, between atoms.
    own : float
        The same where only saddles count at which the kicked atom moves most.
    kicks : float
        Saddles per kicked atom.
    ceiling, ceiling_twenty : float
        The largest correlation of a mean over so many saddles, and over twenty.
    """
    share = statistics.intraclass_correlation(searched.of_atom(), rng=3)
    own = statistics.intraclass_correlation(searched.of_atom(own=True), rng=3)[0]
    kicks, c = float(atom_barriers(searched.table)[1][searched.kicked].mean()), max(share[0], 1e-9)
    return share, own, kicks, *(float(np.sqrt(k * c / (1 + (k - 1) * c))) for k in (kicks, 20))


@dataclass(frozen=True)
class Law:
    """Whether averaged barriers are proportional to averaged 1 / I_BP, in bins of `size` atoms (yang-2021, Fig. 4).

    exponent b of Delta Q ~ (1 / I)^b; intercept over the mean barrier; left: r with the stiffness held fixed; each
    `shuffled_*` with barriers shuffled among the atoms.
    """

    size: int
    exponent: Value
    intercept: Value
    left: float
    shuffled_exponent: float
    shuffled_left: float


def fit_law(searched: Searched, averaged: fields.FieldCorrelation, stiffness, rng) -> Law:
    """`Law` of the averaged fields of a glass; stiffness (N,): tr H_ii of each atom in eV/A^2."""
    barrier, species, atoms = searched.barrier, searched.species, searched.atoms
    blocks = fields.box_blocks(atoms[averaged.index])
    size = 100 if averaged.n_atoms >= 1000 else max(3, averaged.n_atoms // 10)
    exponent, intercept = fields.proportionality(averaged.x, averaged.y, blocks, size)
    mixed_barrier = barrier.copy()
    mixed_barrier[searched.kicked] = rng.permutation(barrier[searched.kicked])
    mixed = fields.correlate_fields(searched.inverse, mixed_barrier, atoms, NEAR, n_shuffles=2)
    by_chance = fields.proportionality(mixed.x, mixed.y, blocks, size, n_resamples=20)[0][0]
    hard = np.where(np.isfinite(barrier), less_species(stiffness, species), np.nan)
    held = fields.correlate_fields(searched.inverse, hard, atoms, NEAR, n_shuffles=2).y
    left, shuffled = (statistics.partial_correlation(f.x, f.y, held) for f in (averaged, mixed))
    return Law(size, exponent, intercept, left, by_chance, shuffled)


def less_species(values, species, among=True) -> np.ndarray:
    """Values (N,) less the mean of their species; among (N,) booleans: the atoms that the means are taken over."""
    return values - np.array([np.nanmean(values[(species == s) & among]) for s in species])


def find_regions(searched: Searched, averaged: fields.FieldCorrelation, shuffles: int, rng):
    """Quarters of the atoms with the highest averaged I_BP and with the lowest averaged barrier, and what they share.

    Returns
    -------
    soft, easy : array
        Indices of the atoms of both quarters.
    shared : tuple
        Fraction of either quarter that belongs to both, and 95 % of it with barriers shuffled before averaging.
    """
    quarter, index = averaged.n_atoms // 4, averaged.index

    def lowest(values):
        return index[np.argsort(values)[:quarter]]

    def overlap(part):
        return len(np.intersect1d(soft, part)) / quarter

    soft, easy = lowest(averaged.x), lowest(averaged.y)
    mixed = np.column_stack([rng.permutation(searched.barrier[index]) for _ in range(shuffles)])
    drawn = [overlap(lowest(column)) for column in coarse_grain(mixed, searched.atoms[index], NEAR).T]
    return soft, easy, (overlap(easy), tuple(np.quantile(drawn, [0.025, 0.975])))


def three_lengths(fit: fields.CorrelationLength) -> Value:
    """Three times a correlation length, where exp(-r / length) = exp(-3), and its interval."""
    return 3 * fit.length, tuple(3 * end for end in fit.interval)


def measure_decay(values, atoms, shells, rng) -> tuple[Autocorrelation, fields.CorrelationLength, float]:
    """Spatial autocorrelation of a quantity of atoms and its exponential (yang-2021, Fig. 5).

    Parameters
    ----------
    values : array, shape (N,)
        NaN where not measured.
    atoms : ase.Atoms
    shells : array, shape (K + 1,)
        Edges of the shells of distance, in A.
    rng : numpy.random.Generator

    Returns
    -------
    correlation : Autocorrelation
    fit : fields.CorrelationLength
    shuffled : float
        Three lengths, in A, of the values shuffled among the atoms that have one.
    """
    known, mixed = np.flatnonzero(np.isfinite(values)), values.copy()
    mixed[known] = rng.permutation(values[known])
    found = [spatial_autocorrelation(v, atoms, shells) for v in (values, mixed)]
    fit, shuffled = map(fields.correlation_length, found)
    return found[0], fit, 3 * shuffled.length


def tabulate_decays(boxes, shells) -> pd.DataFrame:
    """Correlation lengths of several boxes, with C(0) = 1 and with a free amplitude.

    boxes: list of (label, atoms, values (N,)).
    """
    rows = []
    for label, box, values in sorted(boxes, key=lambda row: (row[0], len(row[1]))):
        decay = spatial_autocorrelation(values, box, shells)
        fits = [fields.correlation_length(decay, amplitude) for amplitude in (1.0, None)]
        fixed, free = (_with_interval(three_lengths(fit), ".1f") for fit in fits)
        row = {"": label, "atoms in the box": f"{len(box):,}", "measured": decay.n_atoms}
        rows.append(row | {"three lengths (Å), C(0) = 1": fixed, "C(0) free": free, "C(0)": f"{fits[1].amplitude:.2f}"})
    return pd.DataFrame(rows)


def _with_interval(found: Value, spec: str = ".2f") -> str:
    value, (low, high) = found
    return f"{value:{spec}} [{low:{spec}}, {high:{spec}}]"


def tabulate_sizes(curves, lengths) -> pd.DataFrame:
    """r of single atoms and averaged over NEAR, one row per box.

    curves: list of (atoms in the box, list of `fields.FieldCorrelation` over the lengths).
    """
    rows, at = [], list(lengths).index(NEAR)
    for n_box, curve in curves:
        single, near = curve[0], curve[at]
        row = {"atoms in the box": f"{n_box:,}", "with a barrier": single.n_atoms, "r of single atoms": _r(single)}
        row |= {"r at 5.9 Å": _r(near), "worth": f"{near.effective:.0f}"}
        rows.append(row | {"shuffled, 95 %": _chance(near.shuffled), "p": f"{near.p_value:.3f}"})
    return pd.DataFrame(rows)


def _r(found: fields.FieldCorrelation) -> str:
    return _with_interval((found.r, found.interval))


def _chance(shuffled) -> str:
    return f"{np.quantile(abs(shuffled), 0.95):.2f}"


def compare_choices(searched: Searched, intensities: dict, slow_share, square, stiffness):
    """The correlation of barrier and boson peak for other definitions of both.

    Parameters
    ----------
    searched : Searched
    intensities : dict
        I_BP (N,) by the width in rad/ps under which levels are read.
    slow_share, square, stiffness : array, shape (N,)
        Share of each atom in the modes below SLOW, its harmonic mean square displacement, and tr H_ii.

    Returns
    -------
    pandas.DataFrame
        One row per choice.
    dict
        The `fields.FieldCorrelation` of single atoms, by the label of the choice.
    """
    inverse, barrier, atoms, species = searched.inverse, searched.barrier, searched.atoms, searched.species
    choices = {f"width {width:g} rad/ps": (1 / values, barrier) for width, values in intensities.items()}
    choices[f"1 / share in modes below {SLOW:g} rad/ps"] = (1 / slow_share, barrier)
    choices["mean square displacement, inverse"] = (1 / square, barrier)
    choices["stiffness tr H"] = (stiffness, barrier)
    choices |= {f"saddles: {kind}": (inverse, atom_barriers(searched.table, kind)[0]) for kind in ("connected", "own")}
    lowest = np.full(len(atoms), np.nan)
    lowest[searched.kicked] = [found.min() for found in searched.of_atom()]
    choices["lowest saddle of the atom"] = (inverse, lowest)
    less = tuple(less_species(values, species, np.isfinite(barrier)) for values in (inverse, barrier))
    choices["both less the mean of their species"] = less
    choices["average over a sphere"] = (inverse, barrier, "sphere")
    choices["average with exp(-r/L)"] = (inverse, barrier, "exponential")
    rows, singles = [], {}
    for label, (x, y, *kernel) in choices.items():
        if np.isfinite(y).sum() < 10:
            continue
        options = {"n_shuffles": 20} | ({"kernel": kernel[0]} if kernel else {})
        single, averaged = (fields.correlate_fields(x, y, atoms, length, **options) for length in (0, NEAR))
        within = fields.correlate_fields(x, y, atoms, NEAR, groups=species, **options)
        singles[label] = single
        row = {"": label, "atoms": single.n_atoms, "r": _r(single)}
        row |= {"r at 5.9 Å": _r(averaged), "worth": f"{averaged.effective:.0f}"}
        rows.append(row | {"species alone": f"{within.shuffled.mean():.2f}"})
    return pd.DataFrame(rows), singles


KINDS = {
    "compositions": {f"Cu{x}Zr{100 - x}": f"Cu{x}Zr{100 - x}-mendelev-2009-n1000-1e13" for x in (30, 40, 50, 60, 70)},
    "rates": {
        f"10¹{label} K/s": f"Cu50Zr50-mendelev-2009-n1000-1e1{e}" for label, e in zip("²³⁴⁵", "2345", strict=True)
    },
}
"""Families of archived glasses: the beginning of their names by the label of the family."""


@dataclass(frozen=True)
class Family:
    """Archived glasses of one composition and rate, averaged over NEAR and taken together.

    r: pooled over the glasses; shuffled (S,): the same with shuffled barriers; x, y: averaged 1 / I_BP and barriers,
    each over its mean in its glass; atoms: how many have both; searches: what was searched and found, as text.
    """

    r: Value
    shuffled: np.ndarray
    x: np.ndarray
    y: np.ndarray
    atoms: int
    searches: dict[str, str]


def measure_family(names, shuffles: int) -> Family:
    """`Family` of archived glasses by name (yang-2021, Figs. 6 and 7)."""
    tables, each = [load_result("events", name) for name in names], []
    for name, table in zip(names, tables, strict=True):
        x, y = inverse_peaks(load_result("local", f"{name}-modes")), atom_barriers(table)[0]
        each.append(fields.correlate_fields(x, y, load(name), NEAR, n_shuffles=shuffles))
    every = xr.concat([table[["outcome", "connected", "barrier"]] for table in tables], "event", combine_attrs="drop")
    r, interval, shuffled = statistics.pool_correlations(each)
    x, y = (np.concatenate([v / v.mean() for v in side]) for side in ([f.x for f in each], [f.y for f in each]))
    hit, atoms = every.outcome.values == 0, sum(f.n_atoms for f in each)
    connected = every.connected.values[hit].mean()
    searches = {"glasses": len(each), "atoms": atoms, "worth": round(sum(f.effective for f in each))}
    searches |= {"saddles found": f"{100 * hit.mean():.0f} %", "connected": f"{100 * connected:.0f} %"}
    searches["median barrier (eV)"] = f"{np.nanmedian(every.barrier):.2f}"
    return Family((r, interval), shuffled, x, y, atoms, searches)


def measure_families(shuffles: int) -> dict[str, dict[str, Family]]:
    """`Family` of each entry of KINDS of which a glass is archived, by kind and label."""
    known = set(shipped_results("events")) & {name.removesuffix("-modes") for name in shipped_results("local")}
    found = {kind: {} for kind in KINDS}
    for kind, families in KINDS.items():
        for label, start in families.items():
            if names := sorted(g for g in known if g.startswith(f"{start}-s")):
                found[kind][label] = measure_family(names, shuffles)
    return found


def tabulate_families(families: dict[str, dict[str, Family]]) -> pd.DataFrame:
    """One row per family: what was searched and found, and r."""
    every = [pair for members in families.values() for pair in members.items()]
    ends = [{"r": _with_interval(family.r), "shuffled, 95 %": _chance(family.shuffled)} for _, family in every]
    return pd.DataFrame([{"": label} | family.searches | end for (label, family), end in zip(every, ends, strict=True)])


@dataclass(frozen=True)
class Motion:
    """Motion of the tenths of the atoms with the lowest (`weak`) and highest (`strong`) I_BP against harmonic theory.

    order (N,): atoms by I_BP; over (kind, N): <u_i^2> over that of harmonic theory, kind 0 dynamics and 1 drawn from
    the theory; ratio: median of strong over median of weak atoms, over runs, of either kind; ratio_about: the same
    about the mean position of each run; furthest: the largest step (A) of a group and its neighbours in each
    picosecond; r: of the logarithms of I_BP and <u_i^2>.
    """

    order: np.ndarray
    weak: np.ndarray
    strong: np.ndarray
    over: np.ndarray
    ratio: tuple[Value, Value]
    ratio_about: tuple[float, float]
    furthest: dict[str, np.ndarray]
    r: float


def compare_motion(runs: xr.Dataset, intensity, per_kelvin, atoms) -> Motion:
    """Dynamics against harmonic theory (yang-2021, Fig. 8).

    Parameters
    ----------
    runs : xarray.Dataset
        Of `archived.thermal_motion`.
    intensity, per_kelvin : array, shape (N,)
        I_BP, and <u_i^2> per kelvin by harmonic theory in A^2/K.
    atoms : ase.Atoms
    """
    order, tenth, kelvin = np.argsort(intensity), len(atoms) // 10, float(runs.kelvin.values.mean())
    weak, strong, predicted = order[:tenth], order[-tenth:], kelvin * np.asarray(per_kelvin)
    by_run = runs["square"].values / predicted
    over, about = by_run.mean(axis=0), runs.square_about.values.mean(axis=0) / predicted

    def ratio(rows):
        return np.median(rows[..., strong], axis=-1) / np.median(rows[..., weak], axis=-1)

    distances, furthest = atoms.get_all_distances(mic=True), {}
    for tag, group in (("strong", strong), ("weak", weak)):
        around = np.flatnonzero((distances[group] < 3.5).any(axis=0))
        furthest[tag] = runs.step.values[..., around].max(axis=-1).ravel()
    r = float(np.corrcoef(np.log(intensity), np.log(over[0] * predicted))[0, 1])
    ratios = tuple(statistics.mean_interval(column) for column in ratio(by_run).T)
    return Motion(order, weak, strong, over, ratios, tuple(map(float, ratio(about))), furthest, r)


def compare_temperatures(tables) -> xr.Dataset:
    """Inherent structures at several temperatures, means over the structures of one run (yang-2021, Fig. 9).

    Parameters
    ----------
    tables : list of xarray.Dataset
        Of `inherent_spectra`, one per glass, all with the same temperatures in K.

    Returns
    -------
    xarray.Dataset
        Over `glass` and `temperature`: intensity, the height of the boson peak, omega_peak, its place, and energy per
        atom in eV. Over `glass`: rise and shift, height and place at the highest temperature over those at the lowest;
        share of the rise above 650 K; same_rise and same_shift, of two halves of the structures of the lowest
        temperature. even: `share` of a rise that is the same at every kelvin.
    """
    kelvins, names = tables[0].temperature.values, ("intensity", "omega_peak", "energy")
    data = {name: np.array([t[name].values.mean(axis=1) for t in tables]) for name in names}
    middle, height, found = int(abs(kelvins - 650).argmin()), data["intensity"], {}
    for ratio, name in (("rise", "intensity"), ("shift", "omega_peak")):
        found[ratio] = data[name][:, -1] / data[name][:, 0]
        first = [t[name].values[0] for t in tables]
        found[f"same_{ratio}"] = np.array([values[::2].mean() / values[1::2].mean() for values in first])
    found["share"] = (height[:, -1] - height[:, middle]) / (height[:, -1] - height[:, 0])
    table = {name: (("glass", "temperature"), values) for name, values in data.items()}
    table |= {name: ("glass", values) for name, values in found.items()}
    table["even"] = float((kelvins[-1] - kelvins[middle]) / (kelvins[-1] - kelvins[0]))
    return xr.Dataset(table, {"temperature": kelvins})


@dataclass(frozen=True)
class Gammas:
    """Grueneisen parameters gamma (k,), dimensionless, of modes omega (k,) in rad/ps, ascending."""

    omega: np.ndarray
    gamma: np.ndarray


def gammas_of(vibrations: xr.Dataset, way: str) -> list[Gammas]:
    """Parameters of each glass by one way: "index", "slope", "minima" or "overlap" (`archived.vibrations`)."""
    omega, gamma = vibrations.omega.values, vibrations[f"gamma_{way}"].values
    return [Gammas(o[np.isfinite(o)], g[np.isfinite(o)]) for o, g in zip(omega, gamma, strict=True)]


def correlate_gammas(vibrations: xr.Dataset, log_peaks, rng) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """r of gamma_i and ln I_BP over the atoms of each glass, and its mean with gamma shuffled among the slow modes.

    Parameters
    ----------
    vibrations : xarray.Dataset
        Of `archived.vibrations`, of G glasses.
    log_peaks : array, shape (G, N)
    rng : numpy.random.Generator

    Returns
    -------
    dict
        (r (G,), shuffled (G,)) for "index" and "minima".
    """
    found = {"index": [], "minima": []}
    for k, peak in enumerate(log_peaks):
        for way in found:
            atomic, gammas = vibrations[f"atomic_{way}"].values[k], gammas_of(vibrations, way)[k]
            slow = np.flatnonzero((gammas.omega < SLOW) & np.isfinite(gammas.gamma))
            gamma, share = gammas.gamma[slow], vibrations.share.values[k][:, slow]
            drawn = [atomic + share @ (rng.permutation(gamma) - gamma) for _ in range(20)]
            r = [float(np.corrcoef(peak, values)[0, 1]) for values in (atomic, *drawn)]
            found[way].append((r[0], float(np.mean(r[1:]))))
    return {way: tuple(np.array(rows).T) for way, rows in found.items()}


def summit(gammas: Gammas, scan) -> float:
    """Frequency of `scan` (K,) below which the mean gamma is largest, from the eleventh mode on (Fig. 10b)."""
    use = scan >= gammas.omega[10]
    return float(scan[use][np.nanargmax(cumulative_gruneisen(gammas, scan)[0][use])])


def compare_tracking(first: xr.Dataset) -> tuple[float, float]:
    """r of the slow modes' gamma by index and by overlap in one glass, and the median overlap of these modes."""
    slow = first.omega.values < SLOW
    index, tracked = first.gamma_index.values[slow], first.gamma_overlap.values[slow]
    known = np.isfinite(index) & np.isfinite(tracked)
    return float(np.corrcoef(tracked[known], index[known])[0, 1]), float(np.median(first.overlap.values[slow]))


def compare_gammas(vibrations: xr.Dataset, peaks, scan, rng) -> pd.DataFrame:
    """What Fig. 10 of yang-2021 states of Grueneisen parameters, a row per glass.

    Parameters
    ----------
    vibrations : xarray.Dataset
        Of `archived.vibrations`, of G glasses.
    peaks : array, shape (G,)
        Where their boson peaks are, in rad/ps.
    scan : array, shape (K,)
        Frequencies in rad/ps, ascending.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        low: mean |gamma| below the boson peak over the median of all; exchange, fast: mean |gamma| by index over that
        by perturbation theory, below the peak and above 20 rad/ps; mean, mean_minima: over all modes, of affine cells
        and of minima; slow, slow_minima: over those below SLOW; summit: as `summit`; low_shuffled, summit_shuffled:
        with gamma shuffled among all modes; index_slope: r of both ways.
    """
    index, slope, minima = (gammas_of(vibrations, way) for way in ("index", "slope", "minima"))
    mixed, rows = [rng.permutation(g.gamma) for g in index], []
    for a, b, c, shuffled, peak in zip(index, slope, minima, mixed, peaks, strict=True):
        low, fast, slow, size = a.omega < peak, a.omega > 20, a.omega < SLOW, abs(a.gamma)
        row = {"low": np.nanmean(size[low]) / np.nanmedian(size)}
        for name, use in (("exchange", low), ("fast", fast)):
            row[name] = np.nanmean(size[use]) / np.nanmean(abs(b.gamma[use]))
        row |= {"mean": np.nanmean(a.gamma), "mean_minima": np.nanmean(c.gamma)}
        row |= {"slow": np.nanmean(a.gamma[slow]), "slow_minima": np.nanmean(c.gamma[slow])}
        row |= {"summit": summit(a, scan), "summit_shuffled": summit(Gammas(a.omega, shuffled), scan)}
        row["low_shuffled"] = np.nanmean(abs(shuffled[low])) / np.nanmedian(abs(shuffled))
        rows.append(row | {"index_slope": np.corrcoef(a.gamma, b.gamma)[0, 1]})
    return pd.DataFrame(rows)
