"""The saddle between the two minima of a transition: a double well, as the theory of two-level systems needs it.

mizuno-2020 pushes a glass out of its minimum r0 and finds another minimum r1, but not the way between them. Here the
first-order saddle r_s between the two is converged, a point without forces at which the Hessian has one negative
eigenvalue, and the energy is minimised from both of its sides. If the ends are r0 and r1, these are the two wells of a
double well with

    barriers Phi(r_s) - Phi(r0) and Phi(r_s) - Phi(r1),   asymmetry |Phi(r1) - Phi(r0)|.

Otherwise there are other minima between r0 and r1, and no single saddle connects them. The search then goes on between
neighbouring minima, and the double wells that are found in this way are called links. Reduced units (sigma, epsilon).
"""

import json
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import pairwise

import numpy as np
import xarray as xr
from scipy.linalg import eigvalsh_tridiagonal, ldl
from scipy.sparse.linalg import eigsh
from tqdm.auto import tqdm

from bosonpeak.archive.glasses import load
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import catalogue_of, load_result, shipped_results
from bosonpeak.archive.resume import KeptParts
from bosonpeak.landscape.active_region import Region, describe_landscape
from bosonpeak.landscape.excitation import loose_atoms
from bosonpeak.landscape.saddle_search import Climber, Search
from bosonpeak.materials.geometry import nearest_image
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.hessian import hessian
from bosonpeak.vibrations.operators import spectral_bound

SAME = 1e-4
"""Length (sigma) by which two minima may differ and count as one: that of the tables of transitions."""

EXCHANGE = 1e-12
"""Energy difference (epsilon) below which two minima are one structure with particles exchanged."""

AGREE = 1e-3
"""Largest relative difference of the energy and of the distance of r1 from those in the table."""

IMAGES, STEPS, ROUNDS = 13, 50, 6
"""Images of the string between two minima with both ends, steps of relaxation in a round, and most rounds."""

_WIDE = {"radius": 1e3, "follow": 1e3, "finish_radius": None, "climbs": 60, "first_lanczos": 30, "lanczos": 20}
SPHERES = Search(
    climb_step=0.0125, atom_step=0.005, curvature=-1e-5, force_tolerance=3e-11, residual=1e-4, difference=1e-6,
    stiffness=3.0, **_WIDE,
)  # fmt: skip
"""Climbs of harmonic spheres, whose barriers go down to 1e-9. The Climber's L-BFGS reaches forces of 1e-11, so that no
Newton step with the exact Hessian is needed. Where contacts open and close, the curvature jumps, and a longer step
would leave the saddle."""
PARTICLES = Search(
    climb_step=0.025, atom_step=0.0075, curvature=-1e-3, force_tolerance=3e-9, residual=1e-2, difference=1e-5,
    stiffness=100.0, **_WIDE,
)  # fmt: skip
"""The same for Lennard-Jones particles, whose forces and curvatures are a hundred times as large."""

LONGER = 4.0
"""Factor of the steps in a second climb, where the first one does not end at a saddle."""

CONNECTED, PARTLY, OTHER, NO_SADDLE, NO_END = "connected", "partly", "other minima", "no saddle", "end not found"
OUTCOMES = (CONNECTED, PARTLY, OTHER, NO_SADDLE, NO_END)
"""Both sides of the saddle lead to the minima of the pair; one does; none does; no first-order saddle was reached; the
minimum r1 of the table was not found again."""


@dataclass(frozen=True)
class Minimum:
    """A minimum that LAMMPS reached.

    Attributes
    ----------
    positions : array, shape (N, 3)
        Not wrapped into the cell, so that differences are displacements.
    energy : float
        Above that of r0.
    loose : array of bool, shape (N,)
        Particles that nothing holds (`landscape.excitation.loose_atoms`).
    """

    positions: np.ndarray
    energy: float
    loose: np.ndarray


@dataclass(frozen=True)
class Saddle:
    """A first-order saddle and the minima on its two sides.

    Attributes
    ----------
    positions, mode : array, shape (N, 3)
        The mode is normalised.
    energy : float
        Above that of r0.
    curvature : float
        The negative eigenvalue of the Hessian.
    ends : tuple of two Minimum
        Reached against and along the mode.
    """

    positions: np.ndarray
    mode: np.ndarray
    energy: float
    curvature: float
    ends: tuple[Minimum, Minimum]

    @property
    def participants(self) -> float:
        """Number of particles that take part in the unstable mode, 1 / sum_i |e_i|^4."""
        return float(1 / ((self.mode**2).sum(axis=1) ** 2).sum())


def displacement(a: Minimum, b: Minimum) -> np.ndarray:
    """Displacements (N, 3) from a to b without the motion of the whole; zero for particles that are loose in either."""
    held = ~(a.loose | b.loose)
    # where nothing is held the structure has come apart, and every particle counts
    held = held if held.any() else np.ones_like(held)
    u = b.positions - a.positions
    return np.where(held[:, None], u - u[held].mean(axis=0), 0.0)


def distance(a: Minimum, b: Minimum) -> float:
    """Norm of `displacement`."""
    return float(np.linalg.norm(displacement(a, b)))


def negative_eigenvalues(matrix, floor: float) -> int:
    """Number of eigenvalues of a symmetric matrix below -floor, by Sylvester's law of inertia.

    Parameters
    ----------
    matrix : array, shape (n, n)
    floor : float
        Positive, above the rounding of the eigenvalues that vanish.

    Returns
    -------
    int
    """
    d = ldl(matrix + floor * np.eye(len(matrix)))[1]
    # the factor consists of blocks of one and two rows
    return int((eigvalsh_tridiagonal(np.diag(d).copy(), np.diag(d, -1).copy()) < 0).sum())


class Explorer:
    """Finds minima and saddles around the minimum `home` of a glass.

    `force_calls` counts the evaluations of all forces by strings and climbs; minimisations by LAMMPS are not counted.

    Parameters
    ----------
    session : materials.lammps.Session
        Of the glass.
    atoms : ase.Atoms
        A minimum of N particles.
    potential : materials.potentials.Potential
        In reduced units.

    Raises
    ------
    ValueError
        For a potential in other units, and as `vibrations.operators.spectral_bound`.
    """

    def __init__(self, session: Session, atoms, potential):
        if potential.units == "metal":
            raise ValueError(f"the tolerances are those of reduced units, and {potential.name} is in eV and A")
        self.session, self.atoms, self.potential = session, atoms, potential
        self.search, self.tolerance = (SPHERES, 1e-13) if potential.contact else (PARTICLES, 1e-11)
        self.landscape, self.everything = describe_landscape(atoms, potential), np.arange(len(atoms))
        self._region = Region(self.landscape, self.everything)
        self.bound = spectral_bound(hessian(atoms, potential))
        self.force_calls = 0
        self.home = self.minimise(atoms.positions)

    def minimise(self, positions, held=None) -> Minimum:
        """Minimise the energy from positions (N, 3) by FIRE and, where that stalls, by conjugate gradients.

        The particles `held`, an array of indices, stay where they are.
        """
        session = self.session
        session.evaluate(positions)
        if held is not None:
            session.commands(f"group held id {' '.join(map(str, held + 1))}", "fix held held setforce 0 0 0")
        # the steps may grow tenfold, to two thirds of the step 2 / omega at which velocities diverge
        session.commands(
            "velocity all set 0 0 0", "min_style fire", f"timestep {0.13 / self.bound**0.5!r}",
            "min_modify norm inf dmax 0.1 tmax 10", f"minimize 0 {self.tolerance:g} 50000 500000",
        )  # fmt: skip
        if not abs(session.evaluate()[1]).max() <= self.tolerance:
            session.minimise(self.tolerance, "cg", max_steps=20000)
        if held is not None:
            session.commands("unfix held", "group held delete")
        end = session.atoms()
        x = positions + nearest_image(end.positions - positions, end.cell)
        return Minimum(x, self._region.evaluate(x)[0], loose_atoms(end, self.potential))

    def string(self, a, b) -> tuple[np.ndarray, np.ndarray]:
        """Images (IMAGES, N, 3) on the way from a to b, and their energies.

        They begin on the straight line. Each step moves them down the gradient by 1 / lambda, lambda being the largest
        eigenvalue of the Hessian of r0, and spaces them evenly again (E, Ren and Vanden-Eijnden, J. Chem. Phys. 126,
        164103 (2007)). The steps end when a round of them lowers the highest image by less than a tenth of its height
        above both ends. What is left of the forces is not small: a climb follows.
        """
        # one list of pairs for each image, since two images are further apart than its margin
        regions = [Region(self.landscape, self.everything) for _ in range(IMAGES)]
        even, height = np.linspace(0, 1, IMAGES), np.inf
        x = a + even[:, None, None] * (b - a)
        for _ in range(ROUNDS):
            for _ in range(STEPS):
                for k in range(1, IMAGES - 1):
                    step = regions[k].evaluate(x[k])[1] / self.bound
                    x[k] += step * min(1.0, 0.05 / max(np.linalg.norm(step, axis=1).max(), 1e-300))
                length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(x, axis=0), axis=(1, 2)))]
                at = even * length[-1]
                k = np.clip(np.searchsorted(length, at, "right") - 1, 0, IMAGES - 2)
                share = ((at - length[k]) / np.diff(length)[k])[:, None, None]
                x = x[k] + share * (x[k + 1] - x[k])
            energies = np.array([region.evaluate(place)[0] for region, place in zip(regions, x, strict=True)])
            before, height = height, energies[1:-1].max() - max(energies[0], energies[-1])
            if height > 0.9 * before:
                break
        self.force_calls += sum(region.force_calls for region in regions)
        return x, energies

    def climb(self, positions, direction, step: float, longer: float = 1.0) -> Saddle | None:
        """Climb to a saddle from positions (N, 3), with the mode started along a direction (N, 3).

        Parameters
        ----------
        positions, direction : array, shape (N, 3)
        step : float
            Length of the displacement to either side from which the energy is minimised; where a particle would move
            by more than 0.01, it is shorter.
        longer : float
            Factor of the longest steps of the climb.

        Returns
        -------
        Saddle or None
            None where the climb does not end at a first-order saddle.
        """
        o = self.search
        o = replace(o, climb_step=longer * o.climb_step, atom_step=longer * o.atom_step)
        climber = Climber(self.landscape, o, 0, self.everything)
        climber.x, climber.mode = positions.ravel().copy(), direction.ravel() / np.linalg.norm(direction)
        climber.e, climber.f = climber.evaluate(climber.x)
        climber.find_mode(o.first_lanczos, o.residual)
        reached = climber.climb(o.force_tolerance, 2)
        self.force_calls += climber.region.force_calls
        x, there = climber.x.reshape(-1, 3), self.atoms.copy()
        if not reached or np.linalg.norm(climber.f) > o.force_tolerance * len(x) ** 0.5:
            return None
        there.positions = x
        H = hessian(there, self.potential)
        if negative_eigenvalues(H.toarray(), 1e-9 * self.bound) != 1:
            return None
        # the climber's own eigenvalue of a soft mode is wrong by a per cent
        level, mode = eigsh(H.tocsr(), 1, which="SA", v0=climber.mode)
        mode = mode.reshape(-1, 3) * np.sign(climber.mode @ mode[:, 0])
        step = min(step, 0.01 / np.linalg.norm(mode, axis=1).max())
        ends = self.minimise(x - step * mode), self.minimise(x + step * mode)
        return Saddle(x, mode, climber.e, float(level[0]), ends)

    def connect(self, a: Minimum, b: Minimum) -> tuple[str, Saddle | None, np.ndarray]:
        """The saddle between two minima.

        Returns
        -------
        outcome : str
            One of `OUTCOMES`.
        saddle : Saddle or None
            Its first end is the one towards a.
        images : array, shape (IMAGES, N, 3)
            Of the string.
        """
        x, energies = self.string(a.positions, b.positions)
        top = 1 + int(energies[1:-1].argmax())
        start = x[top], x[top + 1] - x[top - 1], 0.05 * distance(a, b)
        saddle = self.climb(*start) or self.climb(*start, LONGER)
        if saddle is None:
            return NO_SADDLE, None, x
        first, second = saddle.ends
        if distance(a, first) + distance(second, b) > distance(a, second) + distance(first, b):
            saddle = replace(saddle, mode=-saddle.mode, ends=(second, first))
        hits = [distance(*pair) < SAME for pair in zip((a, b), saddle.ends, strict=True)]
        return (OTHER, PARTLY, CONNECTED)[sum(hits)], saddle, x

    def stops(self, a: Minimum, b: Minimum, images) -> list[Minimum]:
        """The minima to which every second image of the string from a to b leads, between these two."""
        return [a, *map(self.minimise, images[2:-2:2]), b]


def find_end(explorer: Explorer, table: xr.Dataset, label: int) -> Minimum | None:
    """The minimum r1 of a transition of a table.

    The particles that the table keeps are displaced, and the energy is minimised. Where that does not lead to the
    energy and the distance of the table, the other particles are relaxed before.

    Parameters
    ----------
    explorer : Explorer
    table : xarray.Dataset
        Of the kind "transitions", of the same glass.
    label : int
        Of the transition.

    Returns
    -------
    Minimum or None
        None where the table disagrees with both.
    """
    home, atoms, row = explorer.home, table.moved_atom.values[label], first_push(table, label)
    start = home.positions.copy()
    start[atoms] += table.moved.values[label]
    stated = np.array([table.energy.values[row], table.distance.values[row]])
    for relaxed in (False, True):
        end = explorer.minimise(explorer.minimise(start, held=atoms).positions if relaxed else start)
        if np.allclose([end.energy - home.energy, distance(home, end)], stated, rtol=AGREE, atol=0):
            return end
    return None


def first_push(table: xr.Dataset, label: int) -> int:
    """Row of the first push of a table that led to the minimum `label`."""
    return int(np.flatnonzero(table.transition.values == label)[0])


NUMBERS = "distance energy barrier barrier_back asymmetry saddle_energy saddle_distance participants curvature overlap"
NUMBERS = tuple(NUMBERS.split())


def describe(home: Minimum, a: Minimum, b: Minimum, saddle: Saddle | None) -> dict[str, float]:
    """The quantities `NUMBERS` of two minima a and b and a saddle; NaN for what there is not.

    The saddle's energy and distance are those from `home`, and its barriers are counted from a and from b.
    """
    u, found = displacement(a, b), dict.fromkeys(NUMBERS, np.nan)
    found |= {"distance": distance(a, b), "energy": b.energy - a.energy, "asymmetry": abs(b.energy - a.energy)}
    if saddle is None:
        return found
    loose = saddle.ends[0].loose | saddle.ends[1].loose
    return found | {
        "barrier": saddle.energy - a.energy,
        "barrier_back": saddle.energy - b.energy,
        "saddle_energy": saddle.energy - home.energy,
        "saddle_distance": distance(home, Minimum(saddle.positions, saddle.energy, loose)),
        "participants": saddle.participants,
        "curvature": saddle.curvature,
        "overlap": float(abs((saddle.mode * u).sum()) / np.linalg.norm(u)),
    }


def measure_pair(explorer: Explorer, table: xr.Dataset, label: int, searches: int) -> dict[str, np.ndarray]:
    """The saddle of one transition of a table, and the double wells between its minima where it has several.

    Parameters
    ----------
    explorer : Explorer
    table, label
        As `find_end`.
    searches : int
        Largest number of pairs of minima between which a saddle is searched for, that of the transition included.

    Returns
    -------
    dict of array, shape (k,)
        `NUMBERS`, link, outcome and force_calls of the pair r0, r1 (link 0, first), and of the links (1, 2, ...), which
        are connected. The force calls of a pair contain those of its links.
    """
    home, before, row = explorer.home, explorer.force_calls, first_push(table, label)
    end = find_end(explorer, table, label)
    if end is None:
        stated = {"distance": table.distance.values[row], "energy": table.energy.values[row]}
        stated |= {"asymmetry": abs(stated["energy"])}
        return {name: np.array([stated.get(name, np.nan)]) for name in NUMBERS} | {
            "outcome": np.array([NO_END]), "link": np.array([0]), "force_calls": np.array([0]),
        }  # fmt: skip
    rows, outcomes, waiting = [], [], [(home, end)]
    while waiting and searches > 0:
        # neighbours are more likely to share a saddle than minima far apart
        waiting.sort(key=lambda pair: distance(*pair))
        a, b = waiting.pop(0)
        (outcome, saddle, images), searches = explorer.connect(a, b), searches - 1
        if not rows:
            rows, outcomes = [describe(home, a, b, saddle)], [outcome]
            if outcome == CONNECTED:
                break
        far, pairs = distance(a, b), []
        if saddle is not None:
            pairs = [(a, saddle.ends[0]), (saddle.ends[1], b)]
        # a saddle that leads away from both minima is not on the way between them
        if pairs and max(distance(*pair) for pair in pairs) < far:
            if distance(*saddle.ends) > SAME:
                rows, outcomes = [*rows, describe(home, *saddle.ends, saddle)], [*outcomes, CONNECTED]
        else:
            stops = explorer.stops(a, b, images)
            pairs = list(pairwise(stops))
        waiting += [pair for pair in pairs if SAME < distance(*pair) < far]
    calls = np.zeros(len(rows), int)
    calls[0] = explorer.force_calls - before
    numbers = {name: np.array([found[name] for found in rows]) for name in NUMBERS}
    return numbers | {"outcome": np.array(outcomes), "link": np.arange(len(rows)), "force_calls": calls}


@method("two-level-saddles", version=2)
def measure_saddles(glasses, searches: int, progress: bool = False, folder=None) -> xr.Dataset:
    """The saddles of all distinct transitions of archived glasses, those that exchange particles left out.

    Parameters
    ----------
    glasses : list of str
        Names of glasses whose transitions by the minimiser FIRE are archived; * stands for any ending.
    searches : int
        As `measure_pair`.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished transitions are kept, so that a run that was killed resumes.

    Returns
    -------
    xarray.Dataset
        Over `pair`, in reduced units: system, glass, label of the transition in its table, link (0 for a transition),
        push_barrier (the smallest energy at A_c of the pushes that led there; NaN for a link), outcome, force_calls and
        the quantities of `describe`. Links are distinct wells of a glass that are no transition of its table. The
        attribute `tables` is a JSON text with the beginning of the SHA-256 of each table.

    Raises
    ------
    ValueError
        If no archived table has such a name.
    """
    shipped = [name.removesuffix("-fire") for name in shipped_results("transitions") if name.endswith("-fire")]
    names = [name for name in shipped if any(fnmatchcase(name, pattern) for pattern in glasses)]
    if not names:
        raise ValueError(f"no table of transitions is of {', '.join(glasses)}: give names such as {shipped[0]}")
    tables, sums = {name: load_result("transitions", f"{name}-fire") for name in names}, _sums()
    jobs = [(name, label) for name, table in tables.items() for label in distinct(table)]
    mark, found = measure_saddles.method, []
    with tqdm(desc=mark.name, total=len(jobs), unit="pair", disable=not progress) as bar:
        for name, table in tables.items():
            kept = KeptParts(folder, mark.key(name, sums[name], searches))
            parts = {label: kept.read(f"transition-{label}") for label in distinct(table)}
            if missing := [label for label, part in parts.items() if part is None]:
                atoms, potential = load(name), get(table.attrs["potential"])
                with Session(atoms, potential) as session:
                    explorer = Explorer(session, atoms, potential)
                    for label in missing:
                        parts[label] = measure_pair(explorer, table, label, searches)
                        kept.write(f"transition-{label}", **parts[label])
                        bar.update()
            found.append(_stack(name, table, parts))
            bar.update(len(parts) - len(missing))
    used = json.dumps({name: sums[name] for name in names})
    return xr.concat(found, "pair").assign_attrs(unit="reduced", tables=used)


def _sums() -> dict[str, str]:
    """Beginning of the SHA-256 of the archived table of transitions by FIRE of each glass."""
    tables = catalogue_of("transitions").items()
    return {name.removesuffix("-fire"): entry["sha256"][:12] for name, entry in tables if name.endswith("-fire")}


def changed_tables(data: xr.Dataset) -> list[str]:
    """Glasses whose archived table of transitions is not the one from which a `measure_saddles` dataset was made."""
    now = _sums()
    return [name for name, used in json.loads(data.tables).items() if now.get(name) != used]


def distinct(table: xr.Dataset) -> list[int]:
    """Labels of the transitions of a table but for those that only exchange particles."""
    labels = range(table.sizes["transition_label"])
    return [label for label in labels if abs(table.energy.values[first_push(table, label)]) >= EXCHANGE]


def _stack(name: str, table: xr.Dataset, parts: dict[int, dict]) -> xr.Dataset:
    """The pairs of a glass, transitions first, each link once."""
    joined = {key: np.concatenate([part[key] for part in parts.values()]) for key in next(iter(parts.values()))}
    joined["label"] = np.repeat(list(parts), [len(part["link"]) for part in parts.values()])
    known, keep = np.empty((0, 2)), []
    for k in np.argsort(joined["link"], kind="stable"):
        # one saddle is found from several transitions: its energy and its distance from r0 tell it
        saddle = np.array([joined["saddle_energy"][k], joined["saddle_distance"][k]])
        again = np.isclose(known, saddle, rtol=1e-4, atol=1e-12).all(axis=1).any()
        if joined["link"][k] == 0 or not (again or joined["asymmetry"][k] < EXCHANGE):
            keep.append(k)
        if joined["outcome"][k] == CONNECTED:
            known = np.r_[known, saddle[None]]
    joined = {key: values[keep] for key, values in joined.items()}
    barriers, labels = table.barrier.values, table.transition.values
    pushed = np.array([barriers[labels == label].min() for label in joined["label"]])
    joined |= {"push_barrier": np.where(joined["link"] > 0, np.nan, pushed), "glass": np.full(len(keep), name)}
    joined |= {"system": np.full(len(keep), str(table.attrs["potential"]))}
    return xr.Dataset({key: ("pair", values) for key, values in joined.items()})
