"""What the chapter computes from its tables of transitions: trends and shares with their intervals and controls.

An estimate is a pair of a value and its 95 % interval, (value, (low, high)), as the functions of
`bosonpeak.statistics` return it. It is (None, None) where there are too few modes at a size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.glasses import catalogue, load
from bosonpeak.archive.results import load_result, load_vibrations, shipped_results, vibrations_table
from bosonpeak.landscape.excitation import critical_amplitude
from bosonpeak.materials.potentials import get
from bosonpeak.papers.mizuno_2020 import transitions
from bosonpeak.papers.mizuno_2020.pushes import relative_difference
from bosonpeak.papers.mizuno_2020.rearrangement import onset_temperature

TAGS = {"harmonic-spheres": "spheres", "lennard-jones": "lj"}
"""Short names of the two systems, as the claims use them."""
EXCHANGE = 1e-12
"""Energy difference (epsilon) up to which a transition has only exchanged particles: the structure is the same."""

Estimate = tuple[float | None, tuple[float, float] | None]
NONE: Estimate = (None, None)


@dataclass(frozen=True)
class Pushed:
    """The pushed modes of all glasses of one system.

    Attributes
    ----------
    system : str
        Name of the potential.
    tables : dict
        For each number of particles the tables of its glasses (`transitions.tabulate_transitions`).
    boson_peak : float
        omega of the boson peak, reduced.
    modes : pandas.DataFrame
        `transitions.pushed_modes` of all tables, with further columns: `over_harmonic`, the
        barrier over omega^2 A_c^2 N / 2; `third_over_true`, the third-order estimate of A_c over A_c; `each`, the
        mean displacement of a rearranged particle (sigma); `participants`, the number of particles in the mode;
        `below`, whether the mode lies below the boson peak; `left`, whether a push left the basin.
    """

    system: str
    tables: dict[int, list[xr.Dataset]]
    boson_peak: float
    modes: pd.DataFrame

    @property
    def tag(self) -> str:
        """Short name, "spheres" or "lj"."""
        return TAGS[self.system]

    @property
    def every_table(self) -> list[xr.Dataset]:
        """The tables of all sizes in their order; `sample` in the frames counts them."""
        return [table for tables in self.tables.values() for table in tables]

    def table_of(self, glass: str) -> xr.Dataset:
        """The table of one glass. Raises ValueError where it is not among the tables."""
        found = [table for table in self.every_table if table.attrs["name"] == glass]
        if not found:
            raise ValueError(f"{glass} is not among the glasses of this run: add its size, and samples up to its seed")
        return found[0]

    @cached_property
    def left(self) -> pd.DataFrame:
        """The modes that left the basin."""
        return self.modes[self.modes.left]

    @cached_property
    def low(self) -> pd.DataFrame:
        """The modes below the boson peak that left the basin."""
        return self.modes[self.modes.below & self.modes.left]

    @cached_property
    def minima(self) -> pd.DataFrame:
        """One row for each final minimum of each glass (`transitions.distinct_transitions`)."""
        return transitions.distinct_transitions(self.modes)

    @cached_property
    def distinct(self) -> pd.DataFrame:
        """The final minima without those that only exchange particles, with `size`, the |energy| in epsilon."""
        kept = self.minima[abs(self.minima.energy) > EXCHANGE].reset_index(drop=True)
        return kept.assign(size=abs(kept.energy))

    @property
    def place(self) -> dict:
        """`place_of` all pushed modes."""
        return place_of(self.modes)


def place_of(frame: pd.DataFrame) -> dict:
    """The largest number of particles in a frame and its seeds, as {"n": ..., "seeds": ...} for a record."""
    return {"n": int(frame.n_atoms.max()), "seeds": sorted(frame.seed.unique())}


def boson_peak_of(system: str) -> float:
    """omega of the boson peak of a system: median of its archived glasses with at least 12,000 degrees of freedom."""
    spectra = vibrations_table()
    large = spectra[spectra.name.str.startswith(system) & (spectra.boson_peak_interior == 1)]
    return float(large[large.degrees_of_freedom >= 12000].boson_peak_omega.median())


def push_glasses(system: str, sizes: Sequence[int], samples: int, archived: bool, **options) -> Pushed:
    """Tables of the pushed modes of all glasses of one system, from the archive or made now.

    Parameters
    ----------
    system : str
        "harmonic-spheres" or "lennard-jones".
    sizes : sequence of int
        Numbers of particles.
    samples : int
        Largest number of glasses per size; those that are missing are left out.
    archived : bool
        Whether archived tables are read.
    **options
        Of `transitions.push_modes`, for tables that are made now; archived ones need none.

    Returns
    -------
    Pushed

    Raises
    ------
    ValueError
        If there is no such glass.
    """
    known = set(catalogue().name)
    if archived:
        known = {name.removesuffix("-fire") for name in shipped_results("transitions")}
    tables = {}
    for n in sizes:
        names = [name for s in range(1, samples + 1) if (name := f"{system}-n{n}-instant-s{s}") in known]
        tables[n] = [transitions.transitions_of(name, archived=archived, **options) for name in names]
    if not any(tables.values()):
        raise ValueError(f"no glass of {system} with {', '.join(map(str, sizes))} particles: choose other sizes")
    return gather(system, tables, boson_peak_of(system))


def gather(system: str, tables: dict[int, list[xr.Dataset]], boson_peak: float) -> Pushed:
    """`Pushed` of some tables, with the columns that it adds to them."""
    modes = transitions.pushed_modes([table for group in tables.values() for table in group])
    harmonic = modes.frequency**2 * modes.amplitude**2 * modes.n_atoms / 2
    modes = modes.assign(
        over_harmonic=modes.barrier / harmonic,
        third_over_true=modes.third_order_amplitude / modes.amplitude,
        each=modes.distance / np.sqrt(modes.n_rearranged),
        below=modes.frequency < boson_peak,
        left=np.isfinite(modes.amplitude),
        participants=modes.participation_ratio * modes.n_atoms,
    )
    return Pushed(system, tables, boson_peak, modes)


def share_between(values, low: float, high: float) -> Estimate:
    """Share of values in [low, high]; (None, None) for no values."""
    values = np.asarray(values, float)
    return statistics.fraction_interval((values >= low) & (values <= high)) if len(values) else NONE


def sample_median(frame: pd.DataFrame, column: str, rng: int) -> Estimate:
    """Median of a column over all glasses; its interval resamples glasses and the modes of each, from the seed rng."""
    return statistics.grouped_interval(transitions.by_sample(frame, column)[0], rng=rng)


def size_exponent(groups: dict, rng: int = 9) -> Estimate:
    """Exponent with which the median of a quantity grows with the number of particles; (None, None) for one size.

    Parameters
    ----------
    groups : dict
        Values of the quantity by number of particles.
    rng : int
        Seed of the bootstrap.
    """
    values = [np.asarray(group) for group in groups.values()]
    return statistics.median_exponent(list(groups), values, rng=rng) if len(groups) > 1 else NONE


# ---------------------------------------------------------------------------------------------------- the glasses


def sphere_spectra(sizes: Sequence[int]) -> dict[int, list[xr.Dataset]]:
    """The archived vibrational spectra of packings of harmonic spheres, by number of particles."""
    names = vibrations_table().name
    return {n: [load_vibrations(g) for g in names if g.startswith(f"harmonic-spheres-n{n}-")] for n in sizes}


def first_phonons(spectra: dict[int, list[xr.Dataset]]) -> dict[int, float]:
    """omega of the first transverse wave of the box, the mean of the samples of each size."""
    return {n: np.mean([data.attrs["first_phonon"] for data in group]) for n, group in spectra.items()}


def archived_tables(start: str) -> list[xr.Dataset]:
    """The archived tables of transitions whose names begin with `start`, such as "harmonic-spheres-n16000-"."""
    return [load_result("transitions", name) for name in shipped_results("transitions") if name.startswith(start)]


@dataclass(frozen=True)
class SlowModes:
    """How densely the modes below the first wave of small boxes lie: quasi-localised modes only.

    Attributes
    ----------
    exponent : Estimate
        b of a density ~ omega^b below three quarters of the first wave.
    count : int
        Number of these modes.
    density : float
        alpha of g = alpha omega^4 from their number, reduced.
    above : Estimate
        The same exponent between two and three times the boson peak, a control.
    half : Estimate
        The same exponent below 0.6 of the boson peak, and `half_count` the number of modes there.
    """

    exponent: Estimate
    count: int
    density: float
    above: Estimate
    half: Estimate
    half_count: int


def slow_modes(
    spectra: dict[int, list[xr.Dataset]], first_phonon: dict[int, float], boson_peak: float, sizes=(1000, 4000)
) -> SlowModes:
    """`SlowModes` of the spectra of some sizes; frequencies of modes at rest, below 1e-3, are left out."""
    cut = {n: 0.75 * first_phonon[n] for n in sizes}
    moving = {n: [f[f > 1e-3] for f in (data.frequency.values for data in spectra[n])] for n in sizes}
    scaled = np.concatenate([f / cut[n] for n in sizes for f in moving[n]])
    every = np.concatenate([f for n in sizes for f in moving[n]])
    weight = sum(data.attrs["degrees_of_freedom"] * cut[n] ** 5 for n in sizes for data in spectra[n])
    count = int((scaled < 1).sum())
    fast = np.concatenate([data.frequency.values for data in spectra[sizes[0]]])
    return SlowModes(
        exponent=statistics.density_exponent(scaled, 1.0),
        count=count,
        density=5 * count / weight,
        above=statistics.density_exponent(fast, 3 * boson_peak, 2 * boson_peak),
        half=statistics.density_exponent(every, 0.6 * boson_peak),
        half_count=int((every < 0.6 * boson_peak).sum()),
    )


# ------------------------------------------------------------------------------------------------------ amplitudes


@dataclass(frozen=True)
class Gap:
    """How clearly pushes that return differ from those that leave; lengths in sigma.

    Attributes
    ----------
    decades : float
        Smallest gap between both kinds, over all modes that left.
    loose_decades : float
        The gap in the scan with the force tolerance 1e-6.
    returned, smallest : float
        The largest distance of a push that returned, and the smallest of one that left.
    loose_returned : float
        The largest distance of a push that returned in the scan with the force tolerance 1e-6.
    """

    decades: float
    loose_decades: float
    returned: float
    smallest: float
    loose_returned: float


def transition_gap(systems: Sequence[Pushed], scans: xr.Dataset) -> Gap:
    """`Gap` of all modes of some systems, and of the loosest scan of `pushes.scan_lowest_modes`."""
    loose = scans.distance.sel(tolerance=1e-6).values
    short = float(loose[loose < 0.01].max())
    return Gap(
        decades=min(float(np.log10(s.left.left_distance / s.left.returned_distance).min()) for s in systems),
        loose_decades=float(np.log10(loose[loose > 0.01].min() / short)),
        returned=max(float(s.modes.returned_distance.max()) for s in systems),
        smallest=min(float(s.left.left_distance.min()) for s in systems),
        loose_returned=short,
    )


def amplitude_trend(pushed: Pushed, rng: np.random.Generator) -> tuple[Estimate, Estimate]:
    """Rank correlation of A_c with frequency within the glasses, and the same with A_c shuffled in each glass."""
    frame = pushed.left.copy()
    frame["shuffled"] = frame.groupby("sample").amplitude.transform(rng.permutation)
    return transitions.correlate(frame, "frequency", "amplitude"), transitions.correlate(frame, "frequency", "shuffled")


def amplitude_ratio(spheres: Pushed, lj: Pushed, modes: int = 12) -> tuple[Estimate, int]:
    """Median A_c of the lowest modes of spheres over that of Lennard-Jones, at the smallest size that both have.

    Returns
    -------
    Estimate
        The interval is the quadrature sum of the two intervals of ln A_c.
    int
        The number of particles.
    """
    common = min(set(spheres.tables) & set(lj.tables))
    found = []
    for pushed in (spheres, lj):
        frame = pushed.left[(pushed.left.n_atoms == common) & (pushed.left["mode"] < modes)]
        found.append(sample_median(frame.assign(log_amplitude=np.log(frame.amplitude)), "log_amplitude", rng=3))
    (ours, our_ends), (theirs, their_ends) = found
    ratio, wide = np.exp(ours - theirs), np.hypot(np.ptp(our_ends), np.ptp(their_ends)) / 2
    return (ratio, (ratio * np.exp(-wide), ratio * np.exp(wide))), common


@dataclass(frozen=True)
class Nature:
    """Rank correlations with a measure of how phonon-like or extended a mode is, below the boson peak.

    Attributes
    ----------
    amplitude : Estimate
        Of A_c, over the modes that left.
    estimate : Estimate
        Of the third-order estimate of A_c, over the same modes.
    every_estimate : Estimate
        Of the third-order estimate, over all modes that were computed.
    distance : Estimate
        Of |r1 - r0|, over the modes that left.
    count, every_count : int
        Numbers of modes that left, and of all computed modes.
    place, every_place : dict
        `place_of` either, with the largest number of particles of the system.
    """

    amplitude: Estimate
    estimate: Estimate
    every_estimate: Estimate
    distance: Estimate
    count: int
    every_count: int
    place: dict
    every_place: dict


def nature_of(pushed: Pushed, column: str, least: int) -> Nature:
    """`Nature` for the column "phonon_order_parameter" or "participation_ratio", in boxes of at least `least`."""
    every = transitions.computed_modes(pushed.every_table)
    every = every[(every.frequency < pushed.boson_peak) & (every.n_atoms >= least)]
    frame, n = pushed.low[pushed.low.n_atoms >= least], pushed.place["n"]
    return Nature(
        amplitude=transitions.correlate(frame, column, "amplitude"),
        estimate=transitions.correlate(frame, column, "third_order_amplitude"),
        every_estimate=transitions.correlate(every, column, "third_order_amplitude"),
        distance=transitions.correlate(frame, column, "distance"),
        count=len(frame),
        every_count=len(every),
        place={"n": n, "seeds": sorted(frame.seed.unique())},
        every_place={"n": n, "seeds": sorted(every.seed.unique())},
    )


# ------------------------------------------------------------------------------------------------------- barriers


@dataclass(frozen=True)
class Onset:
    """The temperature T_c at which equipartition carries the first mode of a glass over its barrier.

    Attributes
    ----------
    values : dict
        T_c (epsilon / k_B) of each glass in which a mode left, by number of particles; (k,) each.
    covered : float
        Share of the modes below the boson peak that were pushed, in the glass where it is smallest. Below 0.9 the
        values are upper bounds.
    exponent : Estimate
        a of median T_c ~ N^a.
    note : str
        What is measured, in words.
    """

    values: dict[int, np.ndarray]
    covered: float
    exponent: Estimate
    note: str

    @property
    def judged(self) -> Estimate:
        """The exponent, where at least 90 % of the modes below the boson peak were pushed."""
        return self.exponent if self.covered >= 0.9 else NONE

    @property
    def widest(self) -> tuple[int, float]:
        """The number of particles at which T_c spreads most from glass to glass, and the decades it spreads over."""
        spread = {n: np.ptp(np.log10(v)) for n, v in self.values.items() if len(v)}
        n = max(spread, key=spread.get)
        return n, float(spread[n])


def onset_of(pushed: Pushed) -> Onset:
    """`Onset` of all glasses of a system. A minimum over some of the slow modes is an upper bound of T_c."""
    values = {
        n: np.array([t for run in tables if np.isfinite(t := onset_temperature(run.barrier.values))])
        for n, tables in pushed.tables.items()
    }
    covered = min(
        float(np.isin(np.flatnonzero(run.frequency.values < pushed.boson_peak), run.mode_index.values).mean())
        for run in pushed.every_table
        if run.sizes["pushed"] and run.frequency.values[0] < pushed.boson_peak
    )
    groups = {n: group for n, group in values.items() if len(group)}
    exponent = size_exponent(groups, rng=5)
    note = ", ".join(f"N = {n}: median {np.median(v):.1e} of {len(v)}" for n, v in groups.items())
    if exponent[0] is not None:
        note += f"; exponent {exponent[0]:.2f} [{exponent[1][0]:.2f}, {exponent[1][1]:.2f}]"
    if covered < 0.9:
        note += f", of upper bounds: down to {100 * covered:.0f} % of the modes below the peak were pushed"
    return Onset(values, covered, exponent, note)


def smallest_amplitudes(pushed: Pushed) -> dict[int, np.ndarray]:
    """The smallest A_c (sigma) of each glass in which a mode left, by number of particles."""
    return {
        n: np.array([float(run.amplitude.min()) for run in tables if np.isfinite(run.amplitude).any()])
        for n, tables in pushed.tables.items()
    }


# ---------------------------------------------------------------------------------------------------- transitions


def minima_per_mode(pushed: Pushed) -> tuple[Estimate, float | None]:
    """Final minima per mode that left, the mean of the glasses; and, as a control, the same across glasses.

    The control counts as one the transitions of the same mode in different glasses whose lengths agree to 1 %.
    """
    share = statistics.mean_interval([len(set(g.transition)) / len(g) for _, g in pushed.left.groupby("sample")])
    columns = [g.distance.to_numpy() for _, g in pushed.left.groupby(["n_atoms", "mode"]) if len(g) > 1]
    apart = [len(np.unique((100 * np.log(d)).round())) / len(d) for d in columns]
    return share, float(np.mean(apart)) if apart else None


def energy_law(pushed: Pushed, rng: np.random.Generator) -> tuple[Estimate, Estimate]:
    """Exponent b of |energy| ~ |r1 - r0|^b over distinct transitions, and the same with the energies shuffled.

    Both are (None, None) for fewer than five transitions.
    """
    frame = pushed.distinct.assign(dealt=rng.permutation(pushed.distinct["size"]))
    groups = [transitions.by_sample(frame, "distance", y) for y in ("size", "dealt")]
    return tuple(statistics.scaling_exponent(*pair, rng=7) if len(frame) >= 5 else NONE for pair in groups)


@dataclass(frozen=True)
class FarField:
    """How displacements fall far from a rearrangement, as r^-a.

    Attributes
    ----------
    exponent : Estimate
        Median of a.
    shuffled : float or None
        Median of a where the displacements of each profile beyond r = 2 are shuffled, a control.
    count : int
        Number of transitions.
    seeds : list of int
        Of the glasses; empty where no box is large enough.
    """

    exponent: Estimate
    shuffled: float | None
    count: int
    seeds: list[int]


def far_field(pushed: Pushed, rng: np.random.Generator, least: int = 16000) -> FarField:
    """`FarField` of the distinct transitions in boxes of at least `least` particles."""
    far = pushed.distinct[(pushed.distinct.n_atoms >= least) & np.isfinite(pushed.distinct.tail_exponent)]
    if not len(far):
        return FarField(NONE, None, 0, [])
    slopes = []
    for table in (table for n, tables in pushed.tables.items() if n >= least for table in tables):
        for r, u in zip(table.shell_distance.values, table.shell_displacement.values, strict=True):
            keep = np.isfinite(u) & (r > 2) & (u > 1e-9)
            if keep.sum() >= 4:
                slopes.append(-np.polyfit(np.log(r[keep]), np.log(rng.permutation(u[keep])), 1)[0])
    median = sample_median(far, "tail_exponent", rng=8)
    return FarField(median, float(np.median(slopes)), len(far), sorted(far.seed.unique()))


def largest_packing(pushed: Pushed) -> tuple[xr.Dataset, int]:
    """The table of the largest archived glass with most transitions, and its transition of median extent."""
    known = set(catalogue().name)
    table = max(
        (t for t in pushed.every_table if t.attrs["name"] in known),
        key=lambda t: (t.attrs["n_atoms"], t.sizes["transition_label"]),
    )
    number = [t is table for t in pushed.every_table].index(True)
    ends = pushed.distinct[pushed.distinct["sample"] == number].sort_values("n_rearranged")
    return table, int(ends.transition.iloc[len(ends) // 2])


def same_minimum(displacements, table: xr.Dataset, label: int, tolerance: float = 1e-4) -> bool:
    """Whether a push ended where a transition of a table did.

    Parameters
    ----------
    displacements : array, shape (N, 3)
        r1 - r0 of the push, in sigma.
    table : xarray.Dataset
        `transitions.tabulate_transitions` of the same glass. It keeps the particles that move most.
    label : int
        Number of the transition in the table.
    tolerance : float
        Length up to which the two displacement fields, of these particles, may differ. Particles that are loose in
        either do not count, nor does the motion of the whole.
    """
    ours = np.asarray(displacements, float)[table.moved_atom.values[label]]
    theirs = table.moved.values[label].astype(float)
    apart = (ours - theirs)[(ours != 0).any(axis=1) & (theirs != 0).any(axis=1)]
    return bool(np.linalg.norm(apart - apart.sum(axis=0) / max(len(apart), 1)) < tolerance)


@dataclass(frozen=True)
class Triggers:
    """Random directions against the lowest modes of one packing.

    Attributes
    ----------
    same : int
        Random directions that led to a transition to which one of as many lowest modes led too.
    random_amplitude, mode_amplitude : float
        Median A_c (sigma) of the random directions and of the modes.
    """

    same: int
    random_amplitude: float
    mode_amplitude: float


def compare_triggers(directions: xr.Dataset, table: xr.Dataset) -> Triggers:
    """`Triggers` of `pushes.push_random_directions` and the table of the same glass."""
    k = directions.sizes["direction"]
    lowest = table.isel(pushed=table.mode_index.values < k)
    labels = sorted(set(lowest.transition.values.tolist()) - {-1})
    same = sum(
        bool(np.isfinite(one.amplitude)) and any(same_minimum(one.displacements, table, label) for label in labels)
        for one in (directions.isel(direction=i) for i in range(k))
    )
    return Triggers(same, float(np.median(directions.amplitude)), float(np.median(lowest.amplitude)))


def four_samples(pushed: Pushed, most: int) -> pd.DataFrame:
    """Transitions of up to four glasses of the largest size that has four, or `most` if no size has four.

    Exchanges of particles are left out; the column `size` is the |energy|.
    """
    several = [n for n, tables in pushed.tables.items() if len(tables) >= min(4, most)]
    frame = pushed.left[(pushed.left.n_atoms == max(several)) & (abs(pushed.left.energy) > EXCHANGE)]
    first = sorted(frame["sample"].unique())[:4]
    return frame[frame["sample"].isin(first)].assign(size=lambda f: abs(f.energy))


def sample_ratio(four: pd.DataFrame) -> float | None:
    """Largest over smallest median |r1 - r0| of four glasses; None where there are fewer."""
    medians = four.groupby("sample").distance.median()
    return float(medians.max() / medians.min()) if len(medians) >= 4 else None


# -------------------------------------------------------------------------------------------------------- methods


@dataclass(frozen=True)
class Minimisers:
    """The same modes pushed with two minimisers.

    Attributes
    ----------
    amplitudes : array, shape (k, 2)
        A_c (sigma) of each mode that left with both, by FIRE and by conjugate gradients.
    alike : array of bool, shape (k,)
        Whether both ended in the same minimum.
    agree : Estimate
        Share of modes whose two A_c agree within 5 %.
    next_mode : float
        The same share for neighbouring modes of one glass by FIRE, a control.
    place : dict
        Largest number of particles and seeds, for a record.
    """

    amplitudes: np.ndarray
    alike: np.ndarray
    agree: Estimate
    next_mode: float
    place: dict


def minimiser_pairs(pushed: Pushed, archived: bool, lowest: int, **options) -> list[tuple[xr.Dataset, xr.Dataset]]:
    """Tables of the same glasses by FIRE and by conjugate gradients.

    Parameters
    ----------
    pushed : Pushed
    archived : bool
        Whether all archived pairs are read. Otherwise the lowest modes of every glass of the smallest size are pushed
        with conjugate gradients.
    lowest : int
        How many modes, but at most six.
    **options
        Of `transitions.push_modes`.
    """
    if archived:
        names = [name.removesuffix("-cg") for name in shipped_results("transitions") if name.endswith("-cg")]
        return [tuple(load_result("transitions", f"{name}-{m}") for m in ("fire", "cg")) for name in names]
    plan = {**options, "lowest": min(lowest, 6), "spread": 0, "method": "cg", "archived": False}
    smallest = next(iter(pushed.tables.values()))
    return [(table, transitions.transitions_of(table.attrs["name"], **plan)) for table in smallest]


def compare_minimisers(pairs: Sequence[tuple[xr.Dataset, xr.Dataset]]) -> Minimisers:
    """`Minimisers` of pairs of tables."""
    both = []
    for fire, cg in pairs:
        frame = transitions.pushed_modes([fire]).merge(transitions.pushed_modes([cg]), on="mode", suffixes=("", "_cg"))
        both.append(frame[np.isfinite(frame.amplitude) & np.isfinite(frame.amplitude_cg)])
    every = pd.concat(both)
    near = np.log(1.05)
    steps = [abs(np.diff(np.log(frame.amplitude))) < near for frame in both]
    return Minimisers(
        amplitudes=every[["amplitude", "amplitude_cg"]].to_numpy(),
        alike=(
            (abs(every.distance_cg - every.distance) < 1e-4) & (abs(every.energy_cg - every.energy) < 1e-7)
        ).to_numpy(bool),
        agree=statistics.fraction_interval(abs(np.log(every.amplitude_cg / every.amplitude)) < near),
        next_mode=float(np.concatenate(steps).mean()),
        place={
            "n": max(fire.attrs["n_atoms"] for fire, _ in pairs),
            "seeds": sorted({fire.attrs["seed"] for fire, _ in pairs}),
        },
    )


def push_again(table: xr.Dataset, count: int) -> float:
    """Push the lowest modes of a table's glass again, by A_c and by the amplitude below it that returned.

    Parameters
    ----------
    table : xarray.Dataset
        Of an archived glass.
    count : int
        Number of modes, the lowest.

    Returns
    -------
    float
        The largest relative difference of A_c.

    Raises
    ------
    ValueError
        As `pushes.relative_difference`, where the table holds other amplitudes than the library finds now.
    """
    glass, potential = load(table.attrs["name"]), get(table.attrs["potential"])
    modes, lowest = transitions.moving_modes(glass, potential, 40), table.isel(pushed=slice(count))
    brackets = np.stack([lowest.returned_amplitude, lowest.amplitude], axis=1)
    lines = modes.polarizations[:, lowest.mode_index.values].T
    live = [critical_amplitude(glass, potential, line, ends) for line, ends in zip(lines, brackets, strict=True)]
    return relative_difference([found.amplitude for found in live], brackets[:, 1])
