"""Saddle points around a minimum by the activation-relaxation technique nouveau (floor 4; yang-2021, Sec. 2.3).

A random kick of an atom is pushed on until the lowest eigenvalue of the Hessian lies below a threshold; then the
structure climbs along that eigenvector while it relaxes across it, until all forces vanish (Barkema and Mousseau, Phys.
Rev. Lett. 77, 4358 (1996); Malek and Mousseau, Phys. Rev. E 62, 7723 (2000)). The eigenvector comes from Lanczos steps
on differences of forces, started from the one before; relaxations are few at first and more later (Machado-Charry et
al., J. Chem. Phys. 135, 034102 (2011); Jay et al., J. Chem. Theory Comput. 16, 6726 (2020)), by L-BFGS.

The climb takes place in an active region that follows the atoms that move: what surrounds it rests. That is cheap, and
it keeps soft waves of the whole from hiding the mode. But it strains the rest: barriers are a fifth too high at 7 A,
and the excess decays only as 1 / radius^3. So the saddle is converged anew with what lies within finish_radius free.
"""

import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from ase import Atoms

from bosonpeak.archive.resume import run_jobs, structure_key, write_arrays
from bosonpeak.landscape.active_region import Landscape, describe_landscape
from bosonpeak.landscape.saddle_search import REDUCED, Climber, Search, largest_norm
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
    """One search; energies above the start, in eV or reduced, nan where there is no saddle.

    atom, seed, number: which atom was kicked, and the kick, `default_rng([seed, atom, number])`. converged: a saddle
    was found; outcome: "saddle" or what went wrong. barrier: its energy; eigenvalue: its only negative one, with an
    error below the square of `residual_mode` over the gap; residual_force: largest force on an atom that is free.
    force_calls: evaluations up to the saddle; connect_calls: those after it. connected: minimised from both sides of
    the saddle, one end is the start, the other is not, and both lie below it. end_distances, end_energies (2,): largest
    displacement of an atom and energy of either end, the nearer one first. moved_atom: the one that is displaced most
    at the saddle, by moved_distance. region: atoms that were free in the climb. free (m,): atoms whose displacements
    (m, 3) and mode (m, 3) at the saddle are kept, in single precision.
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
    def kicked_moves_most(self) -> bool:
        return self.moved_atom == self.atom

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
    """Saddles around a minimum, from `n_events` random kicks of one atom and its near neighbours.

    atoms: a minimum, periodic; potential: a Potential or its name; search: default Search() for metals, REDUCED for
    reduced units. An event depends on atom, seed and its number alone. Failed searches are events too: see
    `Event.converged`. Each takes some 2 s for 1,000 atoms of Cu-Zr.

    Raises ValueError where the atom is not in the structure, the structure is no minimum, or the potential lacks an
    element.
    """
    potential = get(potential) if isinstance(potential, str) else potential
    search = search or default_search(potential)
    _check(len(atoms), [atom], n_events, seed)
    landscape = _start(atoms, potential, search)
    return [_find_event(landscape, search, int(atom), seed, number) for number in range(n_events)]


def default_search(potential) -> Search:
    """Search() in eV and A, REDUCED in reduced units."""
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
            f"the structure is no minimum: the largest force is {force.max():.3g} on atom {force.argmax()} (tolerance "
            f"{search.minimum_tolerance:g}), the lowest eigenvalue of the Hessian at most {low:.3g}; relax it first"
        )
    return landscape


def kick_atom(landscape: Landscape, search: Search, atom: int, seed: int, number: int):
    """Indices (n,) of the atoms of the active region and their displacements (n, 3) by the kick."""
    near = landscape.within(atom, search.radius)
    # in a cell too small for a neighbourhood the atom alone is kicked
    kicked = landscape.within(atom, search.kick_radius) if search.kick_radius <= landscape.half_height else atom
    kicked, kick = np.isin(near, kicked), np.zeros((len(near), 3))
    kick[kicked] = np.random.default_rng([seed, atom, number]).normal(size=(kicked.sum(), 3))
    return near, kick * search.kick / np.linalg.norm(kick)


def _find_event(landscape, search, atom, seed, number) -> Event:
    near, kick = kick_atom(landscape, search, atom, seed, number)
    climber, name = Climber(landscape, search, atom, near), dict(atom=atom, seed=seed, number=number)
    # a walker that flies apart: its coordinates overflow
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
                    # it has wandered off: no border of this basin lies below its minimum
                    outcome = "a saddle below the start"
                else:
                    return _describe(climber, name, climber.region.force_calls, region)
        except (FloatingPointError, np.linalg.LinAlgError):
            outcome = "flew apart"
    return Event(**name, outcome=outcome, force_calls=climber.region.force_calls, region=len(climber.region.free))


def refine_event(atoms: Atoms, potential, event: Event, search: Search | None = None) -> Event:
    """The same saddle with every atom free: what a finish_radius left out. Raises ValueError where there is none."""
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
    """`activation_events` of many atoms, in processes of one thread each: a list of events for each of `indices`.

    folder: the events of an atom are kept there once they are all found, under a hash of structure, potential, search
    and seed, and read back instead of found again; asked for more of them, only those that lack are looked for.
    workers, progress: of `processes.run_jobs`. Raises as `activation_events`.
    """
    potential = get(potential) if isinstance(potential, str) else potential
    search, indices = search or default_search(potential), [int(a) for a in indices]
    _check(len(atoms), indices, n_events, seed)
    landscape, done = _start(atoms, potential, search), {}
    if folder:
        folder = Path(folder) / structure_key(atoms, potential, asdict(search), seed)
        folder.mkdir(parents=True, exist_ok=True)
        done = {a: _read(folder / f"atom-{a:05d}.npz") for a in indices}
    jobs = [
        (landscape, search, a, seed, done.get(a, []), n_events, folder)
        for a in dict.fromkeys(indices)
        if len(done.get(a, [])) < n_events
    ]
    done |= dict(run_jobs(_activate, jobs, "activating", "atom", len(set(indices)), workers, progress))
    return [done.get(a, [])[:n_events] for a in indices]


def _activate(job) -> tuple[int, list[Event]]:
    landscape, search, atom, seed, found, n_events, folder = job
    found = found + [_find_event(landscape, search, atom, seed, k) for k in range(len(found), n_events)]
    if folder:
        # one array a field, the ragged ones end to end
        columns = {f.name: [getattr(event, f.name) for event in found] for f in fields(Event)}
        columns |= {name: np.concatenate(columns[name]) for name in _RAGGED}
        write_arrays(folder / f"atom-{atom:05d}.npz", count=[len(event.free) for event in found], **columns)
    return atom, found


def _read(path) -> list[Event]:
    """The events that were kept; none where there is no file or half of one."""
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile), np.load(path) as kept:
        columns = {f.name: kept[f.name] for f in fields(Event)}
        ends = np.cumsum(kept["count"])[:-1]
        columns = {
            name: np.split(column, ends)
            if name in _RAGGED
            else [tuple(v) if column.ndim > 1 else v for v in column.tolist()]
            for name, column in columns.items()
        }
        return [Event(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    return []


def _describe(climber, event_of, force_calls, region):
    """The event of a saddle that was found, its ends included."""
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
        # one that rests as high as the saddle has not left it: too flat to tell
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
