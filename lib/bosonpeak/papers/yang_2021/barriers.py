"""Barriers of the atoms of a glass: what the searches found, and how much of a barrier belongs to its atom.

I_BP is the boson peak of an atom, the highest g_i(omega) / omega^2, in (rad/ps)^-3; its barrier is in eV.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from ase import Atoms

from bosonpeak import statistics
from bosonpeak.archive import glasses, results
from bosonpeak.landscape import artn
from bosonpeak.papers.yang_2021 import atom_peaks, events
from bosonpeak.papers.yang_2021.fields import Interval


@dataclass(frozen=True)
class Searched:
    """A glass of N atoms that have a boson peak and, those that were kicked with success, a barrier.

    Attributes
    ----------
    atoms : ase.Atoms
    inverse : array, shape (N,)
        1 / I_BP; NaN where it was not measured.
    table : xarray.Dataset
        Searches, as `events.tabulate_events` makes them.
    barrier : array, shape (N,)
        Mean barrier of the saddles of each atom; NaN where there is none.
    species : array of str, shape (N,)
        Chemical symbols.
    """

    atoms: Atoms
    inverse: np.ndarray
    table: xr.Dataset
    barrier: np.ndarray
    species: np.ndarray


def searched_glass(atoms: Atoms, inverse, table: xr.Dataset) -> Searched:
    """`Searched` of a structure, its 1 / I_BP (N,), and its table of searches."""
    return Searched(atoms, inverse, table, events.atom_barriers(table), np.array(atoms.get_chemical_symbols()))


def archived_glass(name: str, route: str = "modes") -> Searched:
    """`Searched` of an archived glass; route: by what its archived I_BP was measured, "modes" or "moments".

    Raises
    ------
    ValueError
        If the glass is unknown or one of its tables is not archived.
    """
    peaks = atom_peaks.inverse_peaks(results.load_result("local", f"{name}-{route}"))
    return searched_glass(glasses.load(name), peaks, results.load_result("events", name))


@dataclass(frozen=True)
class Outcomes:
    """What the searches of a glass found.

    Attributes
    ----------
    searches, saddles : int
    success, connected : (float, (float, float))
        Fraction of the searches that end at a saddle, and of the saddles that lead from the start to another minimum.
    own : float
        Fraction of the saddles at which the kicked atom moves most.
    force_calls, barrier : float
        Medians of a search and of a saddle.
    """

    searches: int
    saddles: int
    success: Interval
    connected: Interval
    own: float
    force_calls: float
    barrier: float


def count_outcomes(table: xr.Dataset) -> Outcomes:
    """`Outcomes` of a table of searches, as `events.tabulate_events` makes it.

    Raises
    ------
    ValueError
        If there is no search, or none that ended at a saddle.
    """
    hit = table.outcome.values == 0
    success, connected = map(statistics.fraction_interval, (hit, table.connected.values[hit] != 0))
    own = float((table.moved_atom.values == table.atom.values)[hit].mean())
    calls, median = float(table.force_calls.median()), float(table.barrier.median())
    return Outcomes(len(hit), int(hit.sum()), success, connected, own, calls, median)


def repeat_searches(searched: Searched, potential, count: int) -> int:
    """How many of the first searches of some atoms end, when repeated now, as the table has it (to 1 meV).

    Parameters
    ----------
    searched : Searched
    potential : Potential
        Of the glass.
    count : int
        How many atoms, as `events.chosen_atoms` chooses them.

    Raises
    ------
    KeyError
        If one of these atoms was not kicked.
    """
    first = searched.table.isel(event=searched.table.number.values == 0)
    before = first.barrier.to_series().set_axis(first.atom.values)
    atoms = events.chosen_atoms(len(searched.atoms), count).tolist()
    again = [artn.activation_events(searched.atoms, potential, atom, 1, events.SEED)[0].barrier for atom in atoms]
    return int(np.isclose(again, before[atoms], rtol=0, atol=1e-3, equal_nan=True).sum())


def compare_extremes(searched: Searched, symbol: str, shuffles: int, rng):
    """Barriers of the atoms of one species with the highest I_BP over those with the lowest (yang-2021, Fig. 2).

    Parameters
    ----------
    searched : Searched
    symbol : str
        Chemical symbol of the species.
    shuffles : int
        How often the barriers are shuffled.
    rng : numpy.random.Generator

    Returns
    -------
    low, high : array of int
        Indices of the tenths of the atoms with a barrier that have the lowest and the highest I_BP.
    ratio : tuple
        Mean barrier of the high over that of the low ones, with its interval.
    shuffled : float
        The smallest ratio that shuffled barriers give.
    """
    members = np.flatnonzero(np.isfinite(searched.barrier) & (searched.species == symbol))
    order, tenth = members[np.argsort(-searched.inverse[members])], max(3, len(members) // 10)
    barrier = searched.barrier[order]
    mixed = [rng.permutation(barrier) for _ in range(shuffles)]
    shuffled = min(float(values[-tenth:].mean() / values[:tenth].mean()) for values in mixed)
    return order[:tenth], order[-tenth:], statistics.group_ratio(barrier[-tenth:], barrier[:tenth], rng=1), shuffled


@dataclass(frozen=True)
class Share:
    """How much of a barrier belongs to the atom, and how far that limits a correlation with its mean barrier.

    A mean of k values of which the share c of the variance lies between atoms has the reliability k c / (1 + (k - 1) c)
    (Spearman and Brown), whose square root no correlation can exceed.

    Attributes
    ----------
    between : (float, (float, float))
        Share of the variance of single barriers that lies between atoms.
    own : float
        The same where only saddles count at which the kicked atom moves most.
    kicks : float
        Saddles per atom that has one.
    ceiling, ceiling_twenty : float
        The largest correlation of a mean over so many saddles, and over twenty.
    """

    between: Interval
    own: float
    kicks: float
    ceiling: float
    ceiling_twenty: float


def share_of_atoms(table: xr.Dataset) -> Share:
    """`Share` of the atoms in the barriers of a table of searches.

    Raises
    ------
    ValueError
        As `statistics.intraclass_correlation`.
    """
    barrier, atom = table.barrier.values, table.atom.values
    found, own = np.isfinite(barrier), table.moved_atom.values == atom
    single, moved = (statistics.split_by_group(barrier[use], atom[use]) for use in (found, found & own))
    between, of_own = (statistics.intraclass_correlation(barriers, rng=3) for barriers in (single, moved))
    kicks, c = float(np.mean([len(barriers) for barriers in single])), max(between[0], 1e-9)
    return Share(between, of_own[0], kicks, *(float(np.sqrt(k * c / (1 + (k - 1) * c))) for k in (kicks, 20)))
