"""Where pushes lead: distinct transitions, their lengths and energies, what moves in them, and other ways to them.

"Distinct" are the final minima of each glass in which particles have not only changed places (`measure.Pushed`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.glasses import catalogue
from bosonpeak.papers.mizuno_2020 import transitions
from bosonpeak.papers.mizuno_2020.measure import EXCHANGE, NONE, Estimate, Pushed, sample_median
from bosonpeak.papers.mizuno_2020.rearrangement import same_minimum


def minima_per_mode(pushed: Pushed) -> tuple[Estimate, float | None]:
    """Final minima per mode that left, the mean of the glasses, and the same across glasses as a control.

    The control counts as one the transitions of the same mode in different glasses whose lengths agree to 1 %.

    Parameters
    ----------
    pushed : Pushed

    Returns
    -------
    share : Estimate
    apart : float or None
        None if no mode left in two glasses of one size.
    """
    share = statistics.mean_interval([g.transition.nunique() / len(g) for _, g in pushed.left.groupby("sample")], 0, 1)
    columns = [g.distance.to_numpy() for _, g in pushed.left.groupby(["n_atoms", "mode"]) if len(g) > 1]
    apart = [len(np.unique((100 * np.log(d)).round())) / len(d) for d in columns]
    return share, float(np.mean(apart)) if apart else None


def energy_law(pushed: Pushed, rng: np.random.Generator) -> tuple[Estimate, Estimate]:
    """Exponent b of |energy| ~ |r1 - r0|^b over distinct transitions, and the same with the energies shuffled.

    Parameters
    ----------
    pushed : Pushed
    rng : numpy.random.Generator
        Shuffles.

    Returns
    -------
    law, shuffled : Estimate
        Both are (None, None) for fewer than five transitions.
    """
    frame = pushed.distinct.assign(dealt=rng.permutation(pushed.distinct["size"]))
    groups = [transitions.by_sample(frame, "distance", y) for y in ("size", "dealt")]
    return tuple(statistics.scaling_exponent(*pair, rng=7) if len(frame) >= 5 else NONE for pair in groups)


# ----------------------------------------------------------------------------------------------------- what moves


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
        Of the glasses; empty if no box is large enough.
    """

    exponent: Estimate
    shuffled: float | None
    count: int
    seeds: list[int]


def far_field(pushed: Pushed, rng: np.random.Generator, least: int = 16000) -> FarField:
    """`FarField` of the distinct transitions in large boxes.

    Parameters
    ----------
    pushed : Pushed
    rng : numpy.random.Generator
        Shuffles.
    least : int
        Smallest number of particles of a box.

    Returns
    -------
    FarField
    """
    far = pushed.distinct[(pushed.distinct.n_atoms >= least) & np.isfinite(pushed.distinct.tail_exponent)]
    if not len(far):
        return FarField(NONE, None, 0, [])
    slopes = []
    for table in (table for table in pushed.every_table if table.attrs["n_atoms"] >= least):
        for r, u in zip(table.shell_distance.values, table.shell_displacement.values, strict=True):
            keep = np.isfinite(u) & (r > 2) & (u > 1e-9)
            if keep.sum() >= 4:
                slopes.append(-np.polyfit(np.log(r[keep]), np.log(rng.permutation(u[keep])), 1)[0])
    median = sample_median(far, "tail_exponent", rng=8)
    return FarField(median, float(np.median(slopes)), len(far), sorted(far.seed.unique()))


def largest_packing(pushed: Pushed) -> tuple[xr.Dataset, int]:
    """The table of the largest archived glass with most transitions, and its transition of median extent.

    Parameters
    ----------
    pushed : Pushed

    Returns
    -------
    table : xarray.Dataset
    transition : int
        Label in this table.

    Raises
    ------
    ValueError
        If none of the glasses is archived.
    """
    known = set(catalogue().name)
    number, table = max(
        ((k, table) for k, table in enumerate(pushed.every_table) if table.attrs["name"] in known),
        key=lambda one: (one[1].attrs["n_atoms"], one[1].sizes["transition_label"]),
    )
    ends = pushed.distinct[pushed.distinct["sample"] == number].sort_values("n_rearranged")
    return table, int(ends.transition.iloc[len(ends) // 2])


# ------------------------------------------------------------------------------------- other ways to a transition


@dataclass(frozen=True)
class Triggers:
    """Random directions compared with the lowest modes of one packing.

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
    """`Triggers` of random directions and of the modes of the same glass.

    Parameters
    ----------
    directions : xarray.Dataset
        Of `pushes.push_random_directions`.
    table : xarray.Dataset
        `transitions.tabulate_transitions` of the same glass.

    Returns
    -------
    Triggers
    """
    lowest = table.isel(pushed=table.mode_index.values < directions.sizes["direction"])
    labels = set(lowest.transition.values.tolist()) - {-1}
    ends = directions.displacements.values[np.isfinite(directions.amplitude.values)]
    same = sum(any(same_minimum(end, table, label) for label in labels) for end in ends)
    return Triggers(same, float(np.median(directions.amplitude)), float(np.median(lowest.amplitude)))


def four_samples(pushed: Pushed) -> pd.DataFrame:
    """Transitions of four glasses of the largest size that has four, or of as many glasses as a size has at most.

    Parameters
    ----------
    pushed : Pushed

    Returns
    -------
    pandas.DataFrame
        Modes that left, without exchanges of particles; the column `size` is the |energy| in epsilon.
    """
    most = max(len(tables) for tables in pushed.tables.values())
    several = [n for n, tables in pushed.tables.items() if len(tables) >= min(4, most)]
    frame = pushed.left[(pushed.left.n_atoms == max(several)) & (abs(pushed.left.energy) > EXCHANGE)]
    first = sorted(frame["sample"].unique())[:4]
    return frame[frame["sample"].isin(first)].assign(size=lambda f: abs(f.energy))


def sample_ratio(four: pd.DataFrame) -> float | None:
    """Largest median |r1 - r0| of four glasses over the smallest.

    Parameters
    ----------
    four : pandas.DataFrame
        Of `four_samples`.

    Returns
    -------
    float or None
        None if there are fewer than four glasses.
    """
    medians = four.groupby("sample").distance.median()
    return float(medians.max() / medians.min()) if len(medians) >= 4 else None
