"""The pushed modes of all glasses of a system, and the estimates that the other modules make of them.

An estimate is a pair of a value and its 95 % interval, (value, (low, high)), as the functions of
`bosonpeak.statistics` return it. It is (None, None) where there are too few modes at a size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.glasses import catalogue
from bosonpeak.archive.results import shipped_results, vibrations_table
from bosonpeak.papers.mizuno_2020 import rearrangement, transitions

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
        `transitions.pushed_modes` of all tables, with further columns: `over_harmonic`, the barrier over omega^2 A_c^2
        N / 2; `third_over_true`, the third-order estimate of A_c over A_c; `each`, the mean displacement of a
        rearranged particle (sigma); `participants`, the number of particles in the mode; `below`, whether the mode lies
        below the boson peak; `left`, whether a push left the basin.
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
        """The table of one glass.

        Parameters
        ----------
        glass : str
            Its name.

        Returns
        -------
        xarray.Dataset

        Raises
        ------
        ValueError
            If the glass is not among the tables.
        """
        found = [table for table in self.every_table if table.attrs["name"] == glass]
        if not found:
            raise ValueError(f"{glass} is not among the glasses of this run: add its size, and samples up to its seed")
        return found[0]

    @property
    def sizes(self) -> list[int]:
        """The numbers of particles of which modes were pushed."""
        return sorted(self.modes.n_atoms.unique().tolist())

    @cached_property
    def left(self) -> pd.DataFrame:
        """The modes that left the basin."""
        return self.modes[self.modes.left]

    @property
    def left_share(self) -> float:
        """Share of the modes that left the basin."""
        return float(self.modes.left.mean())

    @cached_property
    def low(self) -> pd.DataFrame:
        """The modes below the boson peak that left the basin."""
        return self.modes[self.modes.below & self.modes.left]

    @cached_property
    def slow(self) -> "Pushed":
        """The same with the modes below the boson peak only."""
        return replace(self, modes=self.modes[self.modes.below])

    @cached_property
    def minima(self) -> pd.DataFrame:
        """One row for each final minimum of each glass (`transitions.distinct_transitions`)."""
        return transitions.distinct_transitions(self.modes)

    @cached_property
    def distinct(self) -> pd.DataFrame:
        """One row per rearrangement of each glass, with `size`, the |energy| in epsilon.

        Final minima that only exchange particles are left out. Of those whose displacements overlap by 0.8 or more
        (`rearrangement.clusters`), which are parts of one avalanche, the one that most modes lead to is kept.
        """
        kept = self.minima[abs(self.minima.energy) > EXCHANGE].sort_values("modes", ascending=False, kind="stable")
        groups = [rearrangement.clusters(table) for table in self.every_table]
        cluster = [groups[sample][label] for sample, label in zip(kept["sample"], kept.transition, strict=True)]
        kept = kept.assign(size=abs(kept.energy), cluster=cluster).drop_duplicates(["sample", "cluster"])
        return kept.sort_index().reset_index(drop=True)

    def at_least(self, n: int, most: float = np.inf) -> "Pushed":
        """The same of the boxes of n to `most` particles, if modes of such boxes were pushed, and otherwise of all."""
        sizes = [m for m, group in self.tables.items() if n <= m <= most and any(t.sizes["pushed"] for t in group)]
        return gather(self.system, {m: self.tables[m] for m in sizes} if sizes else self.tables, self.boson_peak)

    @property
    def downhill(self) -> float:
        """Share of the distinct transitions that end lower in energy than they began."""
        return float((self.distinct.energy < 0).mean())

    @property
    def place(self) -> dict:
        """`place_of` all pushed modes, with `tables`, the names of the archived ones among them."""
        sources = [table.encoding["source"] for table in self.every_table if "source" in table.encoding]
        return place_of(self.modes) | {"tables": ["/".join(path[:-3].split("/")[-2:]) for path in sources]}


@dataclass(frozen=True)
class Spread:
    """How the values of a quantity are spread, in its unit.

    Attributes
    ----------
    mean, median : float
    least, most : float
        The smallest and the largest value.
    low, high : float
        The quantiles of 10 and 90 %.
    """

    mean: float
    least: float
    low: float
    median: float
    high: float
    most: float


def spread_of(values) -> Spread:
    """`Spread` of some numbers.

    Parameters
    ----------
    values : array, shape (k,)
        Finite, and at least one.

    Returns
    -------
    Spread
    """
    return Spread(float(np.mean(values)), *np.quantile(values, [0, 0.1, 0.5, 0.9, 1]).tolist())


def place_of(frame: pd.DataFrame) -> dict:
    """The size of the boxes in a frame and the seeds of its samples, as a record needs them.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the columns n_atoms and seed, and at least one row.

    Returns
    -------
    dict
        `n`: median of the numbers of particles over the rows, since a claim on many small boxes and one large box is
        one on small boxes; `seeds`: one for each sample, by size.
    """
    each = sorted({*frame.set_index(["n_atoms", "seed"]).index})
    return {"n": int(frame.n_atoms.median()), "seeds": [seed for _, seed in each]}


def boson_peak_of(system: str) -> float:
    """omega of the boson peak of a system: median of its archived glasses with at least 12,000 degrees of freedom.

    Parameters
    ----------
    system : str
        "harmonic-spheres" or "lennard-jones".

    Returns
    -------
    float
        Reduced; NaN if no such glass is archived.
    """
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
        If no glass of these sizes exists.
    """
    known = [name.removesuffix("-fire") for name in shipped_results("transitions")] if archived else catalogue().name
    known, tables = set(known), {}
    for n in sizes:
        names = [name for s in range(1, samples + 1) if (name := f"{system}-n{n}-instant-s{s}") in known]
        tables[n] = [transitions.transitions_of(name, archived=archived, **options) for name in names]
    if not any(tables.values()):
        raise ValueError(f"no glass of {system} with {', '.join(map(str, sizes))} particles: choose other sizes")
    return gather(system, tables, boson_peak_of(system))


def gather(system: str, tables: dict[int, list[xr.Dataset]], boson_peak: float) -> Pushed:
    """`Pushed` of some tables, with the columns that it adds to them.

    Parameters
    ----------
    system, tables, boson_peak
        As in `Pushed`. At least one table has a pushed mode.

    Returns
    -------
    Pushed
    """
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


@dataclass(frozen=True)
class Totals:
    """Totals over several systems.

    Attributes
    ----------
    glasses : int
        Number of glasses whose modes were pushed.
    pushes, unconverged : int
        Number of minimisations, and of those that missed the force tolerance.
    exchanges : int
        Number of final minima in which particles have only changed places.
    """

    glasses: int
    pushes: int
    unconverged: int
    exchanges: int


def count_pushes(systems: Sequence[Pushed]) -> Totals:
    """`Totals` over some systems.

    Parameters
    ----------
    systems : sequence of Pushed
        Such as spheres and Lennard-Jones.

    Returns
    -------
    Totals
    """
    modes = pd.concat([pushed.modes for pushed in systems])
    return Totals(
        glasses=sum(len(pushed.every_table) for pushed in systems),
        pushes=int(modes.pushes.sum()),
        unconverged=int(modes.unconverged.sum()),
        exchanges=sum(int((abs(pushed.minima.energy) <= EXCHANGE).sum()) for pushed in systems),
    )


def share_between(values, low: float, high: float) -> Estimate:
    """Share of values in [low, high].

    Parameters
    ----------
    values : array, shape (k,)
    low, high : float
        In the unit of the values.

    Returns
    -------
    Estimate
        (None, None) if there are no values.
    """
    values = np.asarray(values, float)
    return statistics.fraction_interval((values >= low) & (values <= high)) if len(values) else NONE


def sample_median(frame: pd.DataFrame, column: str, rng: int) -> Estimate:
    """Median of a column over all glasses; its interval resamples the glasses and the modes of each.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the column `sample`.
    column : str
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If the frame has no rows.
    """
    return statistics.grouped_interval(transitions.by_sample(frame, column)[0], rng=rng)


def by_size(frame: pd.DataFrame, column: str, samples: int = 1) -> dict[int, np.ndarray]:
    """The values of a column for each number of particles.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the column n_atoms, and `sample` where more than one sample is asked for.
    column : str
    samples : int
        Sizes with fewer samples are left out: a single one says nothing about the next.

    Returns
    -------
    dict
        Values, shape (k,), by number of particles, in ascending order.
    """
    groups = frame.groupby("n_atoms")
    return {int(n): f[column].to_numpy() for n, f in groups if samples < 2 or f["sample"].nunique() >= samples}


def smallest_by_size(pushed: Pushed, column: str) -> dict[int, np.ndarray]:
    """The smallest value of a column in each glass in which a mode left, shape (k,), by number of particles.

    Parameters
    ----------
    pushed : Pushed
    column : str
        Of `pushed.left`, such as "amplitude" (sigma) or "barrier" (epsilon).

    Returns
    -------
    dict
        Without the sizes at which no mode left.
    """
    return by_size(pushed.left.groupby(["n_atoms", "sample"], as_index=False)[column].min(), column)


def size_exponent(groups: dict[int, np.ndarray], rng: int = 9) -> Estimate:
    """Exponent with which the median of a quantity grows with the number of particles.

    Parameters
    ----------
    groups : dict
        Values of the quantity, shape (k,), by number of particles, such as `by_size` returns for two samples or more.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    Estimate
        (None, None) if there is a single size.
    """
    return statistics.median_exponent(list(groups), list(groups.values()), rng=rng) if len(groups) > 1 else NONE


def size_table(pushed: Pushed) -> pd.DataFrame:
    """Every observable by the number of particles, from the modes below the boson peak that left and their events.

    Parameters
    ----------
    pushed : Pushed

    Returns
    -------
    pandas.DataFrame
        One row per size, with medians; lengths in sigma.
    """
    rows, events = [], pushed.slow.distinct
    for n, modes in pushed.low.groupby("n_atoms"):
        ends = events[events.n_atoms == n]
        rows.append(
            {
                "N": f"{n:,}",
                "modes": len(modes),
                "A_c": modes.amplitude.median(),
                "barrier / harmonic": modes.over_harmonic.median(),
                "A3 / A_c": modes.third_over_true.median(),
                "I": modes.inner_product.median(),
                "events": len(ends),
                "|dr|": ends.distance.median(),
                "N_rearr": round(ends.n_rearranged.median()),
            }
        )
    return pd.DataFrame(rows)
