"""Saddle points around a minimum by the activation-relaxation technique nouveau (yang-2021, Sec. 2.3).

An atom and its near neighbours are displaced at random, pushed until the lowest eigenvalue of the Hessian is clearly
negative, and moved up along that eigenvector while the forces across it are relaxed, until no force is left. From the
saddle the structure is minimised to both sides, to see which minima it connects.
"""

from dataclasses import asdict, dataclass, field, fields, replace

import numpy as np
from ase import Atoms

from bosonpeak.archive.resume import KeptParts, run_jobs
from bosonpeak.landscape.active_region import Landscape, describe_landscape
from bosonpeak.landscape.saddle_search import REDUCED, Climber, Search, largest_norm
from bosonpeak.materials.geometry import whole_numbers
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.hessian import hessian
from bosonpeak.vibrations.operators import lanczos_extremes

__all__ = [
    "REDUCED",
    "Event",
    "Search",
    "activate_atoms",
    "activation_events",
    "default_search",
    "kick_atom",
    "refine_event",
]

_RAGGED = ("free", "displacements", "mode")


@dataclass(frozen=True)
class Event:
    """One search for a saddle. Energies are above the start, in eV or reduced; NaN where there is no saddle.

    Attributes
    ----------
    atom, seed, number : int
        The atom that was kicked, and its kick, `default_rng([seed, atom, number])`.
    outcome : str
        "saddle", or what went wrong; `converged` says whether a saddle was found.
    barrier, eigenvalue : float
        Energy of the saddle, and its only negative eigenvalue, whose error is below the square of `residual_mode` over
        the gap.
    residual_mode, residual_force : float
        |H v - lambda v| of the mode, and the largest force on an atom that is free.
    force_calls, connect_calls : int
        Evaluations up to the saddle, and after it.
    connected : bool
        Whether, minimised from both sides of the saddle, one end is the start, the other is not, and both lie below the
        saddle.
    end_distances, end_energies : tuple of 2 floats
        Largest displacement of an atom and energy of either end, the nearer one first.
    moved_atom, moved_distance : int, float
        The atom that is displaced most at the saddle, and by how much.
    region : int
        Number of atoms that were free in the climb.
    free : array of int, shape (m,)
        Atoms of which more is kept.
    displacements, mode : array, shape (m, 3)
        Their displacements and the mode at the saddle, in single precision.
    """

    atom: int
    seed: int
    number: int
    outcome: str
    barrier: float = np.nan
    eigenvalue: float = np.nan
    residual_mode: float = np.nan
    residual_force: float = np.nan
    force_calls: int = 0
    connect_calls: int = 0
    connected: bool = False
    end_distances: tuple[float, float] = (np.nan, np.nan)
    end_energies: tuple[float, float] = (np.nan, np.nan)
    moved_atom: int = -1
    moved_distance: float = np.nan
    region: int = 0
    free: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    displacements: np.ndarray = field(default_factory=lambda: np.empty((0, 3), np.float32))
    mode: np.ndarray = field(default_factory=lambda: np.empty((0, 3), np.float32))

    @property
    def converged(self) -> bool:
        return self.outcome == "saddle"

    @property
    def energy(self) -> float:
        """Energy of the other minimum; nan where the saddle is not connected."""
        return self.end_energies[1] if self.connected else np.nan

    def saddle(self, atoms: Atoms) -> Atoms:
        """The saddle as a structure; atoms: the start."""
        found = atoms.copy()
        found.positions[self.free] += self.displacements
        return found


def activation_events(
    atoms: Atoms, potential, atom: int, n_events: int = 20, seed: int = 0, search: Search | None = None
) -> list[Event]:
    """Saddles around a minimum, from random kicks of one atom and its near neighbours.

    An event depends on the atom, the seed and its own number alone. Failed searches are events as well (see
    `Event.converged`). A search takes about 2 s for 1,000 atoms of Cu-Zr.

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum of the potential energy, periodic in three directions.
    potential : Potential or str
    atom : int
        Index of the atom that is kicked.
    n_events : int
        Number of kicks.
    seed : int
    search : Search, optional
        By default `default_search(potential)`.

    Returns
    -------
    list of Event

    Raises
    ------
    ValueError
        If the atom is not in the structure, the structure is not a minimum, or the potential lacks an element.
    """
    potential = get(potential)
    search = search or default_search(potential)
    _check(len(atoms), [atom], n_events, seed)
    landscape = _start(atoms, potential, search)
    return [_find_event(landscape, search, int(atom), seed, number) for number in range(n_events)]


def default_search(potential) -> Search:
    """The settings in A and eV for metals (`Search()`), and those for reduced units (`REDUCED`) otherwise."""
    potential = get(potential)
    return Search() if potential.units == "metal" else REDUCED


def _check(n, indices, n_events, seed):
    for a in indices:
        if not (0 <= a < n and int(a) == a):
            raise ValueError(f"there is no atom {a}: {n} atoms are counted from 0 to {n - 1}")
    for name, value in (("n_events", n_events), ("seed", seed)):
        if value < 0 or int(value) != value:
            raise ValueError(f"{name} = {value}: give a whole number, not negative")


def _start(atoms, potential, search) -> Landscape:
    landscape = describe_landscape(atoms, potential)
    force = np.linalg.norm(landscape.forces, axis=1)
    low, high, _ = lanczos_extremes(hessian(atoms, potential, factored=True), 150)
    if not force.max() < search.minimum_tolerance or low < -1e-6 * high:
        raise ValueError(
            f"the structure is not a minimum: the largest force is {force.max():.3g} on atom {force.argmax()} "
            f"(tolerance {search.minimum_tolerance:g}), the lowest eigenvalue of the Hessian at most {low:.3g}; "
            "relax it first"
        )
    return landscape


def kick_atom(landscape: Landscape, search: Search, atom: int, seed: int, number: int):
    """The kick of one event.

    Returns
    -------
    near : array of int, shape (n,)
        The atoms of the active region.
    kick : array, shape (n, 3)
        Their displacements; only atoms within the kick radius are displaced.
    """
    near = landscape.within(atom, search.radius)
    # in a cell that is too small for a neighbourhood, the atom alone is kicked
    kicked = landscape.within(atom, search.kick_radius) if search.kick_radius <= landscape.half_height else atom
    kicked, kick = np.isin(near, kicked), np.zeros((len(near), 3))
    kick[kicked] = np.random.default_rng([seed, atom, number]).normal(size=(kicked.sum(), 3))
    return near, kick * search.kick / np.linalg.norm(kick)


def _find_event(landscape, search, atom, seed, number) -> Event:
    near, kick = kick_atom(landscape, search, atom, seed, number)
    climber, name = Climber(landscape, search, atom, near), dict(atom=atom, seed=seed, number=number)
    # the coordinates of a walker that flies apart overflow
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            if not climber.leave(kick):
                outcome = "no negative curvature"
            elif not climber.climb(search.finish_force):
                outcome = "no saddle in the active region"
            else:
                region = len(climber.region.free)
                if not climber.finish():
                    outcome = "no saddle of the whole"
                elif climber.e <= 0:
                    # the walker has left the basin, whose borders all lie above its minimum
                    outcome = "a saddle below the start"
                else:
                    return _describe(climber, name, climber.region.force_calls, region)
        except (FloatingPointError, np.linalg.LinAlgError):
            outcome = "flew apart"
    return Event(**name, outcome=outcome, force_calls=climber.region.force_calls, region=len(climber.region.free))


def refine_event(atoms: Atoms, potential, event: Event, search: Search | None = None) -> Event:
    """The saddle of an event, converged again with every atom free.

    This shows what the `finish_radius` of the search left out. Raises ValueError for an event without a saddle.
    """
    potential = get(potential)
    if not event.converged:
        raise ValueError(f"event {event.number} of atom {event.atom} found no saddle ({event.outcome})")
    search = replace(search or default_search(potential), finish_radius=None)
    landscape = describe_landscape(atoms, potential)
    u, mode = np.zeros((2, len(atoms), 3))
    u[event.free], mode[event.free] = event.displacements, event.mode
    moved = np.flatnonzero(np.linalg.norm(u, axis=1) > search.follow)
    # the mode lives where it lived in the search
    near = np.union1d(landscape.within(event.atom, search.radius), landscape.within(moved, search.follow_radius))
    climber = Climber(landscape, search, event.atom, near)
    climber.free(event.free)
    free = climber.region.free
    climber.x, climber.mode, climber.level = climber.start + u[free].ravel(), mode[free].ravel(), event.eigenvalue
    climber.e, climber.f = climber.evaluate(climber.x)
    names = {name: getattr(event, name) for name in ("atom", "seed", "number")}
    if not climber.finish():
        return Event(**names, outcome="no saddle of the whole", force_calls=climber.region.force_calls)
    return _describe(climber, names, climber.region.force_calls, event.region)


def activate_atoms(
    atoms: Atoms,
    potential,
    indices,
    n_events: int = 20,
    seed: int = 0,
    search: Search | None = None,
    folder=None,
    workers: int | None = None,
    progress: bool = False,
) -> list[list[Event]]:
    """`activation_events` of many atoms, in several processes of one thread each.

    Parameters
    ----------
    atoms, potential, n_events, seed, search
        As for `activation_events`.
    indices : sequence of int
        The atoms that are kicked.
    folder : path-like, optional
        Each event is kept there as soon as it is found, under a hash of structure, potential, settings and seed, and
        is read instead of found again. Where more are asked for, only the missing ones are looked for.
    workers, progress
        As for `archive.resume.run_jobs`.

    Returns
    -------
    list of list of Event
        One list for each of `indices`.

    Raises
    ------
    ValueError
        As `activation_events`.
    """
    potential = get(potential)
    search, indices = search or default_search(potential), whole_numbers(indices, "indices").tolist()
    _check(len(atoms), indices, n_events, seed)
    landscape, done = _start(atoms, potential, search), {}
    parts = KeptParts(folder, atoms, potential, asdict(search), seed)
    if folder:
        done = {a: _read(parts, a) for a in indices}
    jobs = [
        (landscape, search, a, seed, done.get(a, []), n_events, parts)
        for a in dict.fromkeys(indices)
        if len(done.get(a, [])) < n_events
    ]
    done |= dict(run_jobs(_activate, jobs, "activating", "atom", len(set(indices)), workers, progress))
    return [done.get(a, [])[:n_events] for a in indices]


def _activate(job) -> tuple[int, list[Event]]:
    landscape, search, atom, seed, found, n_events, parts = job
    found = list(found)
    for number in range(len(found), n_events):
        found.append(_find_event(landscape, search, atom, seed, number))
        if parts.folder:
            # one array per field, the ragged ones end to end
            columns = {f.name: [getattr(event, f.name) for event in found] for f in fields(Event)}
            columns |= {name: np.concatenate(columns[name]) for name in _RAGGED}
            parts.write(f"atom-{atom:05d}", count=[len(event.free) for event in found], **columns)
    return atom, found


def _read(parts: KeptParts, atom: int) -> list[Event]:
    """The events that were kept for an atom; none where there is no file or only a part of one."""
    kept = parts.read(f"atom-{atom:05d}")
    if kept is None or not {f.name for f in fields(Event)} <= set(kept):
        return []
    ends = np.cumsum(kept["count"])[:-1]
    columns = {}
    for name in (f.name for f in fields(Event)):
        column = kept[name]
        rows = [tuple(v) if column.ndim > 1 else v for v in column.tolist()]
        columns[name] = np.split(column, ends) if name in _RAGGED else rows
    return [Event(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _describe(climber, event_of, force_calls, region):
    """The event of a saddle that was found, with the minima on both of its sides."""
    o, r = climber.search, climber.region
    sides = (climber.descend(climber.x + s * o.atom_step / largest_norm(climber.mode) * climber.mode) for s in (1, -1))
    ends = sorted((float(d), float(e)) for d, e in sides)
    u = (climber.x - climber.start).reshape(-1, 3)
    size = np.linalg.norm(u, axis=1)
    most, kept = int(size.argmax()), size >= o.keep
    return Event(
        **event_of,
        outcome="saddle",
        barrier=float(climber.e),
        eigenvalue=float(climber.level),
        residual_mode=float(climber.left),
        residual_force=float(largest_norm(climber.f)),
        force_calls=force_calls,
        connect_calls=r.force_calls - force_calls,
        # a side that rests as high as the saddle has not left it: the landscape is too flat to decide
        connected=bool(ends[0][0] < o.same < ends[1][0] and max(ends[0][1], ends[1][1]) < climber.e),
        end_distances=(ends[0][0], ends[1][0]),
        end_energies=(ends[0][1], ends[1][1]),
        moved_atom=int(r.free[most]),
        moved_distance=float(size[most]),
        region=region,
        free=r.free[kept],
        displacements=u[kept].astype(np.float32),
        mode=climber.mode.reshape(-1, 3)[kept].astype(np.float32),
    )
