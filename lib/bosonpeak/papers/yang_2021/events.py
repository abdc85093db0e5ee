"""Saddles around the atoms of one glass as one table, and those that the book ships (floor 4; yang-2021, Sec. 2.3)."""

import numpy as np
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.landscape.artn import activate_atoms
from bosonpeak.materials.potentials import get
from bosonpeak.paths import project_root

SEED = 2021
"""Of the kicks, and of which atoms are kicked."""
OUTCOMES = ("saddle", "no negative curvature", "no saddle in the active region", "no saddle of the whole")
OUTCOMES += ("a saddle below the start", "flew apart")
KINDS = ("all", "connected", "own")
_SCALARS = ("atom", "number", "barrier", "eigenvalue", "residual_mode", "residual_force", "force_calls")
_SCALARS += ("connect_calls", "connected", "moved_atom", "moved_distance", "region")
_UNITS = {"barrier": "energy", "energy": "energy", "eigenvalue": "energy/length^2", "residual_force": "energy/length"}


def chosen_atoms(n_atoms: int, count: int, seed: int = SEED) -> np.ndarray:
    """`count` of n_atoms at random, (count,); a larger count begins with the same ones. Raises ValueError for more
    than there are."""
    if not 0 < count <= n_atoms:
        raise ValueError(f"{count} atoms cannot be chosen of {n_atoms}")
    return np.random.default_rng(seed).permutation(n_atoms)[:count]


@method("events", version=1)
def activate_glass(
    atoms, potential, count: int, n_events: int, seed: int = SEED, search=None, folder=None, workers=None,
    progress: bool = False,
) -> xr.Dataset:  # fmt: skip
    """`n_events` searches for a saddle from each of `count` atoms of a minimum, as `tabulate_events` has them.

    search, folder, workers, progress: of `artn.activate_atoms`. Raises as that and `chosen_atoms`.
    """
    found = activate_atoms(
        atoms, potential, chosen_atoms(len(atoms), count, seed), n_events, seed, search, folder, workers, progress
    )
    return tabulate_events(len(atoms), found).assign_attrs(kick_seed=seed, potential=potential.name)


def tabulate_events(n_atoms: int, found) -> xr.Dataset:
    """Events of several atoms (a list for each) as a table over `event`; energies in eV or reduced.

    The fields of `artn.Event` but displacements and modes; outcome: place in OUTCOMES; energy: of the other minimum,
    NaN unless connected; near_distance: how far from the start the nearer end of the saddle is.
    """
    events = [event for several in found for event in several]
    table = {name: ("event", np.array([getattr(event, name) for event in events])) for name in _SCALARS}
    table["outcome"] = ("event", np.array([OUTCOMES.index(event.outcome) for event in events], np.int8))
    table["energy"] = ("event", np.array([event.energy for event in events]))
    table["near_distance"] = ("event", np.array([event.end_distances[0] for event in events]))
    data = xr.Dataset(table, attrs={"n_atoms": n_atoms})
    data["outcome"].attrs["meanings"] = "; ".join(OUTCOMES)
    for name, dimension in _UNITS.items():
        data[name].attrs["dimension"] = dimension
    return data


def atom_barriers(table: xr.Dataset, kind: str = "all", least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Mean barrier of each atom's events and how many there are, (N,) each; NaN and 0 where fewer than `least`.

    The single-particle activation energy of yang-2021, Sec. 2.3. kind: "all" saddles that were found, as the paper;
    "connected": those that lead from the start to another minimum; "own": those at which the kicked atom moves most.
    Raises ValueError for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of events {kind!r}: choose one of {', '.join(KINDS)}")
    use = np.isfinite(table.barrier.values)
    if kind == "connected":
        use &= table.connected.values.astype(bool)
    elif kind == "own":
        use &= table.moved_atom.values == table.atom.values
    n, atom = table.attrs["n_atoms"], table.atom.values[use]
    count = np.bincount(atom, minlength=n)
    total = np.bincount(atom, table.barrier.values[use], n)
    enough = count >= max(least, 1)
    return np.divide(total, count, out=np.full(n, np.nan), where=enough), np.where(enough, count, 0)


def events_of(glass: str, archived: bool = True, **options) -> xr.Dataset:
    """The shipped table of an archived glass, or, with archived=False, `activate_glass` of it here and now.

    options: of `activate_glass`; finished atoms are kept in _build/events, so that a run that was stopped goes on.
    Raises ValueError for an unknown glass, or one whose table is not shipped.
    """
    if archived:
        return load_events(glass)
    atoms = load(glass)
    options = {"folder": project_root() / "_build" / "events", **options}
    potential = get(atoms.info["recipe"]["potential"])
    return activate_glass(atoms, potential, **options).assign_attrs(name=glass, seed=atoms.info["recipe"]["seed"])


def shipped_events() -> list[str]:
    """Names of the glasses whose tables are shipped."""
    return shipped_results("events")


def load_events(name: str) -> xr.Dataset:
    """A shipped table of `tabulate_events`, with recipe, options, checksum and versions in its attributes.

    Raises ValueError for a name without a table.
    """
    return load_result("events", name)
