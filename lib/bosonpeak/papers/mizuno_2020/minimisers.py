"""The same modes pushed with two minimisers, FIRE and conjugate gradients: whether they leave at the same amplitude."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.results import shipped_results
from bosonpeak.papers.mizuno_2020 import transitions
from bosonpeak.papers.mizuno_2020.measure import Estimate, Pushed, place_of


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

    @property
    def alike_share(self) -> float:
        """Share of the modes that ended in the same minimum with both minimisers."""
        return float(self.alike.mean())


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

    Returns
    -------
    list of pairs
        One for each glass.
    """
    if archived:
        names = [name.removesuffix("-cg") for name in shipped_results("transitions") if name.endswith("-cg")]
        return [tuple(transitions.transitions_of(name, method) for method in ("fire", "cg")) for name in names]
    plan = {**options, "lowest": min(lowest, 6), "spread": 0, "method": "cg", "archived": False}
    smallest = next(iter(pushed.tables.values()))
    return [(table, transitions.transitions_of(table.attrs["name"], **plan)) for table in smallest]


def compare_minimisers(pairs: list[tuple[xr.Dataset, xr.Dataset]]) -> Minimisers:
    """`Minimisers` of pairs of tables.

    Parameters
    ----------
    pairs : list of pairs
        Of `minimiser_pairs`.

    Returns
    -------
    Minimisers

    Raises
    ------
    ValueError
        If no mode left with both minimisers.
    """
    fire, cg = (transitions.pushed_modes(tables) for tables in zip(*pairs, strict=True))
    both = fire.merge(cg, on=["sample", "mode"], suffixes=("", "_cg"))
    both = both[np.isfinite(both.amplitude) & np.isfinite(both.amplitude_cg)]
    near = np.log(1.05)
    steps = np.log(both.amplitude).groupby(both["sample"]).diff().dropna()
    same_end = (abs(both.distance_cg - both.distance) < 1e-4) & (abs(both.energy_cg - both.energy) < 1e-7)
    return Minimisers(
        amplitudes=both[["amplitude", "amplitude_cg"]].to_numpy(),
        alike=same_end.to_numpy(bool),
        agree=statistics.fraction_interval(abs(np.log(both.amplitude_cg / both.amplitude)) < near),
        next_mode=float((abs(steps) < near).mean()),
        place=place_of(both),
    )
