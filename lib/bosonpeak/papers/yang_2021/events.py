"""Saddles around the atoms of a glass as one table, and the barriers of its atoms (yang-2021, Sec. 2.3).

Energies are in eV and lengths in A for metals, and reduced otherwise.
"""

import numpy as np
import xarray as xr

from bosonpeak.archive import glasses, methods, results
from bosonpeak.landscape.artn import activate_atoms
from bosonpeak.materials.geometry import nearest_image
from bosonpeak.materials.potentials import get
from bosonpeak.paths import project_root

SEED = 2021
"""Of the kicks, and of the choice of atoms that are kicked."""
OUTCOMES = ("saddle", "no negative curvature", "no saddle in the active region", "no saddle of the whole")
OUTCOMES += ("a saddle below the start", "flew apart")
_SCALARS = ("atom", "number", "barrier", "eigenvalue", "residual_mode", "residual_force", "force_calls")
_SCALARS += ("connect_calls", "connected", "moved_atom", "moved_distance", "region")
_ATTRIBUTES = {name: {"dimension": "energy"} for name in ("barrier", "energy")}
_ATTRIBUTES |= {"eigenvalue": {"dimension": "energy/length^2"}, "residual_force": {"dimension": "energy/length"}}
_ATTRIBUTES |= {"outcome": {"meanings": "; ".join(OUTCOMES)}}


def chosen_atoms(n_atoms: int, count: int, seed: int = SEED) -> np.ndarray:
    """Atoms chosen at random; a larger count begins with the same ones.

    Parameters
    ----------
    n_atoms, count : int
        How many there are, and how many are chosen.
    seed : int

    Returns
    -------
    array, shape (count,)
        Indices.

    Raises
    ------
    ValueError
        If more are asked for than there are, or none.
    """
    if not 0 < count <= n_atoms:
        raise ValueError(f"{count} atoms cannot be chosen of {n_atoms}: ask for 1 to {n_atoms}")
    return np.random.default_rng(seed).permutation(n_atoms)[:count]


def sphere_atoms(atoms, count: int) -> np.ndarray:
    """The atoms nearest to the middle of the cell, so that averages over a length lack no neighbour.

    Parameters
    ----------
    atoms : ase.Atoms
    count : int
        How many; a larger count begins with the same ones.

    Returns
    -------
    array, shape (count,)
        Indices, from the middle outwards.

    Raises
    ------
    ValueError
        If more are asked for than there are, or none.
    """
    if not 0 < count <= len(atoms):
        raise ValueError(f"{count} atoms cannot be chosen of {len(atoms)}: ask for 1 to {len(atoms)}")
    middle = atoms.cell.cartesian_positions([0.5, 0.5, 0.5])
    distance = np.linalg.norm(nearest_image(atoms.positions - middle, atoms.cell), axis=1)
    return np.argsort(distance, kind="stable")[:count]


@methods.method("events", version=1)
def activate_glass(
    atoms, potential, count: int, n_events: int, seed: int = SEED, sphere: bool = False, **options
) -> xr.Dataset:
    """Search for saddles from some atoms of a minimum.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : Potential
    count, n_events : int
        Number of atoms that are kicked, and of kicks of each.
    seed : int
    sphere : bool
        Whether the atoms are those of a sphere (`sphere_atoms`) and not chosen at random (`chosen_atoms`).
    **options
        `search`, `folder`, `workers` and `progress` of `landscape.artn.activate_atoms`.

    Returns
    -------
    xarray.Dataset
        As `tabulate_events`.

    Raises
    ------
    ValueError
        As `chosen_atoms` and `activate_atoms`.
    """
    kicked = sphere_atoms(atoms, count) if sphere else chosen_atoms(len(atoms), count, seed)
    found = activate_atoms(atoms, potential, kicked, n_events, seed, **options)
    return tabulate_events(len(atoms), found).assign_attrs(kick_seed=seed, potential=potential.name)


def tabulate_events(n_atoms: int, found) -> xr.Dataset:
    """The events of several atoms as a table.

    Parameters
    ----------
    n_atoms : int
        Of the glass.
    found : list of list of landscape.artn.Event
        A list for each atom that was kicked.

    Returns
    -------
    xarray.Dataset
        Over `event`: the fields of `Event` except displacements and modes; outcome, the place in OUTCOMES; energy, of
        the other minimum, NaN unless the saddle is connected; near_distance, how far from the start the nearer end of
        the saddle is.
    """
    events = [event for several in found for event in several]
    columns = {name: np.array([getattr(event, name) for event in events]) for name in (*_SCALARS, "energy")}
    columns["near_distance"] = np.array([event.end_distances[0] for event in events])
    columns["outcome"] = np.array([OUTCOMES.index(event.outcome) for event in events], np.int8)
    table = {name: ("event", values, _ATTRIBUTES.get(name)) for name, values in columns.items()}
    return xr.Dataset(table, attrs={"n_atoms": n_atoms})


def atom_barriers(table: xr.Dataset, kind: str = "all", statistic: str = "mean") -> np.ndarray:
    """Barrier of each atom: by default the single-particle activation energy of yang-2021, Sec. 2.3.

    Parameters
    ----------
    table : xarray.Dataset
        Of `tabulate_events`, of a glass of N atoms.
    kind : str
        "all" saddles that were found, as in the paper; "connected": those that lead from the start to another minimum;
        "own": those at which the kicked atom moves most.
    statistic : str
        "mean" or "min" of the saddles of the atom.

    Returns
    -------
    array, shape (N,)
        NaN for an atom without a saddle.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    kinds = {"all": True, "connected": table.connected.astype(bool), "own": table.moved_atom == table.atom}
    if kind not in kinds:
        raise ValueError(f"unknown kind of events {kind!r}: choose one of {', '.join(kinds)}")
    by_atom = table.barrier.where(kinds[kind]).to_series().groupby(table.atom.values).agg(statistic)
    return by_atom.reindex(range(table.attrs["n_atoms"])).to_numpy()


def events_of(glass: str, archived: bool = True, **options) -> xr.Dataset:
    """The archived table of a glass, or a search that is done now.

    Parameters
    ----------
    glass : str
        Name of an archived glass.
    archived : bool
        Whether to read the table of the archive.
    **options
        Of `activate_glass` where it is done now; finished atoms are kept in _build/events, so that a run that was
        stopped resumes.

    Raises
    ------
    ValueError
        If the glass is unknown or its table is not archived.
    """
    if archived:
        return results.load_result("events", glass)
    atoms, folder = glasses.load(glass), project_root() / "_build" / "events"
    found = activate_glass(atoms, get(atoms.info["recipe"]["potential"]), **({"folder": folder} | options))
    return found.assign_attrs(name=glass, seed=atoms.info["recipe"]["seed"])
