"""Where pushes lead: distinct transitions, their lengths and energies, what moves in them, and other ways to them.

"Distinct" are the final minima of each glass in which particles have not only changed places (`measure.Pushed`).
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.glasses import load
from bosonpeak.materials.potentials import get
from bosonpeak.papers.mizuno_2020 import transitions
from bosonpeak.papers.mizuno_2020.measure import NONE, Estimate, Pushed
from bosonpeak.papers.mizuno_2020.rearrangement import same_minimum
from bosonpeak.vibrations.glass_spectrum import moving_modes


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


@dataclass(frozen=True)
class Picture:
    """A mode and the rearrangement that a push along it triggers.

    Attributes
    ----------
    glass : str
    n : int
        Number of particles.
    fields : dict
        Title, and the pair of the atoms that move most, (k,), and their displacements, (k, 3), for either.
    centre : array, shape (3,)
        Position of the atom that moves most in the rearrangement.
    inner_product : float
        Overlap of both (Eq. 10).
    """

    glass: str
    n: int
    fields: dict
    centre: np.ndarray
    inner_product: float


def picture_of(pushed: Pushed, most: int = 4000, shown: int = 150) -> Picture:
    """`Picture` of the lowest mode of a packing, the largest archived one up to `most` particles.

    Parameters
    ----------
    pushed : Pushed
    most : int
    shown : int
        Number of atoms of either field.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If no glass is that small, or no push along its lowest mode left.
    """
    tables = [table for n in sorted(pushed.tables) if n <= most for table in pushed.tables[n][:1]]
    if not tables or not tables[-1].transition.values[0] >= 0:
        raise ValueError(f"no glass of up to {most} particles left its basin along its lowest mode: take larger ones")
    table = tables[-1]
    atoms = load(table.attrs["name"])
    mode = moving_modes(atoms, get(table.attrs["potential"]), 12).polarizations[:, 0].reshape(-1, 3)
    at = np.argsort(-np.linalg.norm(mode, axis=1))[:shown]
    label = int(table.transition.values[0])
    moved_at, moved = table.moved_atom.values[label][:shown], table.moved.values[label][:shown]
    fields = {"the mode": (at, mode[at]), "the rearrangement": (moved_at, moved)}
    overlap = float(table.inner_product.values[0])
    return Picture(table.attrs["name"], len(atoms), fields, atoms.positions[moved_at[0]], overlap)
