"""Push a structure along a mode and find where it leaves its basin (floor 4; mizuno-2020, Secs. II C and III).

r = r0 + A sqrt(N) e (Eq. 5) is minimised by LAMMPS, and either returns to r0 or has gone to another minimum.
The sign of a mode is arbitrary and the paper names none: here both are pushed, and the smaller amplitude counts.
"""

import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from ase import Atoms

from bosonpeak.archive.resume import run_jobs, structure_key, write_arrays
from bosonpeak.materials.geometry import nearest_image
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import get
from bosonpeak.units import RAD_PER_PS
from bosonpeak.vibrations.hessian import bond_stiffness, bonds, dynamical_matrix
from bosonpeak.vibrations.operators import spectral_bound

_RETURNED = 1e-5
"""|r1 - r0| up to which a push came back: returning ones end below 1e-9, transitions begin near 1e-3."""


@dataclass(frozen=True)
class Transition:
    """What pushes along one mode led to; lengths and energies in the potential's units.

    amplitude: A_c, the smallest A that left the basin, inf where none did; returned_amplitude: the largest below it
    that came back, the other end of the bracket; sign: of the push at A_c. energy: Phi(r1) - Phi(r0), Eq. 7 with its
    sign. barrier: Phi(r0 + A_c sqrt(N) e) - Phi(r0), Eq. 8. inner_product: Eq. 10. displacements (N, 3): r1 - r0 at
    A_c without the motion of the whole, zero for the atoms that are loose (N,) in r0 or r1. returned_distance: largest
    |r1 - r0| of the pushes that came back, left_distance: smallest of those that left. unconverged: pushes whose
    minimisation missed the force tolerance; they decide nothing. pushes: minimisations in all. capped: the pushes
    ended where two atoms came too close.
    """

    amplitude: float
    returned_amplitude: float
    sign: int
    energy: float
    barrier: float
    inner_product: float
    returned_distance: float
    left_distance: float
    unconverged: int
    pushes: int
    capped: bool
    loose: np.ndarray
    displacements: np.ndarray

    @property
    def distance(self) -> float:
        """|r1 - r0|, Eq. 6; zero without a transition."""
        return float(np.linalg.norm(self.displacements))

    @property
    def n_rearranged(self) -> float:
        """Number of rearranged particles, Eq. 9; nan without a transition."""
        square = (self.displacements**2).sum(axis=1)
        return float(square.sum() ** 2 / (square**2).sum()) if square.any() else np.nan

    @property
    def gap(self) -> float:
        """Decades between the largest |r1 - r0| that came back and the smallest that left."""
        return float(np.log10(self.left_distance / self.returned_distance))


def loose_atoms(atoms, potential) -> np.ndarray:
    """Rattlers and near-rattlers, (N,) bool: atoms with fewer than four contacts, those with loose atoms left out.

    A contact is a pair within the cutoff with |phi'| above 1e-9 (a rattler may rest against its cage with less).
    Three contacts or fewer cannot hold an atom; LJ and metals, with dozens of neighbours, have none.
    """
    found = bonds(atoms, potential)
    holds = abs(bond_stiffness(found, potential.interaction()).first) > 1e-9
    i, j, loose = found.i[holds], found.j[holds], np.zeros(len(atoms), bool)
    while True:
        now = np.bincount(i[~loose[j]], minlength=len(atoms)) < 4
        if (now == loose).all():
            return loose
        loose = now


class _Basin:
    """A minimum held by LAMMPS, from which it is pushed again and again."""

    def __init__(self, session, atoms, potential, force_tolerance, method):
        self.session, self.potential, self.tolerance, self.method = session, potential, force_tolerance, method
        if loose_atoms(atoms, potential).all():
            raise ValueError("every atom is loose: nothing holds this structure together, and no push can leave it")
        # velocities diverge at omega dt = 2
        longest = 1.3 / np.sqrt(spectral_bound(dynamical_matrix(atoms, potential, factored=True)))
        self.longest = float(longest) / (RAD_PER_PS if potential.units == "metal" else 1.0)
        if potential.units != "metal":
            # a quarter faster than the session's 0.3: little moves, and LAMMPS looks when it does
            session.commands("neighbor 0.1 bin")
        self.atoms = atoms
        session.evaluate(atoms.positions)
        force, self.energy = self.minimise()
        self.atoms = session.atoms()
        self.loose = loose_atoms(self.atoms, potential)
        moved = np.linalg.norm(self.displacements(atoms, self.loose))
        if force > force_tolerance or moved > 1e-6 * atoms.cell.volume ** (1 / 3):
            raise ValueError(
                f"the structure is no minimum to {force_tolerance:g}: minimising moved it by {moved:.2g} and left a "
                f"force of {force:.2g}; relax it first, or ask for a looser force_tolerance"
            )

    def minimise(self) -> tuple[float, float]:
        """By the method asked for, and by the other one where that stalls: largest force component left, energy."""
        for method in ("cg", "fire") if self.method == "cg" else ("fire", "cg"):
            if method == "cg":
                found = self.session.minimise(self.tolerance, "cg", max_steps=20000)
                largest, energy = found.max_force, found.energy
            else:
                self.session.commands(
                    "velocity all set 0 0 0",
                    "min_style fire",
                    f"timestep {self.longest / 10!r}",
                    "min_modify norm inf dmax 0.1 tmax 10",
                    f"minimize 0 {self.tolerance:g} 50000 500000",
                )
                energy, f = self.session.evaluate()
                largest = float(abs(f).max())
            if largest <= self.tolerance:
                break
        return largest, energy

    def displacements(self, other, loose):
        """From the minimum to `other` by minimum image, without the motion of the whole and of loose atoms."""
        u = nearest_image(other.positions - self.atoms.positions, self.atoms.cell)
        u -= u[~loose].mean(axis=0)
        u[loose] = 0
        return u

    def push(self, line):
        """Push by `line` (N, 3), minimise: whether to the tolerance, energy gained, barrier, displacements, loose."""
        pushed, _ = self.session.evaluate(self.atoms.positions + line)
        (force, energy), end = self.minimise(), self.session.atoms()
        loose, u = self.loose, self.displacements(end, self.loose)
        if np.linalg.norm(u) > _RETURNED:
            # where all are loose it has come apart: then they count as at the start
            everywhere = loose | loose_atoms(end, self.potential)
            loose = loose if everywhere.all() else everywhere
            u = self.displacements(end, loose)
        return force <= self.tolerance, energy - self.energy, pushed - self.energy, u, loose


def _line(atoms, mode):
    """sqrt(N) e of Eq. 5, (N, 3)."""
    n, e = len(atoms), np.array(mode, float).reshape(-1)
    if e.shape != (3 * n,) or not np.linalg.norm(e) > 0:
        raise ValueError(f"{n} atoms have modes of {3 * n} numbers, not all zero; this one has {e.size}")
    return (e * np.sqrt(n) / np.linalg.norm(e)).reshape(n, 3)


def _minimiser(potential, force_tolerance, method):
    if method not in (None, "fire", "cg"):
        raise ValueError(f"unknown minimiser {method!r}: fire or cg")
    metal = potential.units == "metal"
    tolerance = force_tolerance or (1e-13 if potential.contact else 1e-8 if metal else 1e-11)
    return tolerance, method or potential.minimiser


def scan_amplitudes(atoms, potential, mode, amplitudes, force_tolerance=None, method=None):
    """Push by every amplitude along a mode, minimise each time: what mizuno-2020's Fig. 2 shows.

    amplitudes: (k,), of either sign. Returns |r1 - r0| (Eq. 6), Phi(r1) - Phi(r0) (Eq. 7 with its sign) and whether the
    force tolerance was reached, each (k,), in the potential's units. Options and errors as `critical_amplitude`;
    nothing is capped here.
    """
    line, (tolerance, method) = _line(atoms, mode), _minimiser(potential, force_tolerance, method)
    with Session(atoms, potential) as session:
        basin = _Basin(session, atoms, potential, tolerance, method)
        ends = [basin.push(A * line) for A in np.asarray(amplitudes, float)]
    distance = np.array([np.linalg.norm(u) for _, _, _, u, _ in ends])
    return distance, np.array([end[1] for end in ends]), np.array([end[0] for end in ends])


def critical_amplitude(
    atoms, potential, mode, amplitudes=None, relative_width=0.01, force_tolerance=None, method=None, closest=0.75
) -> Transition:
    """The amplitude A_c at which a push along a mode changes the inherent structure (mizuno-2020, Eqs. 5-10).

    atoms: a minimum; mode: direction (3N,), normalised here. amplitudes: A tried upwards until a push of either sign
    leaves; default four a decade from 1e-6 to 1. Then log A is bisected to relative_width; what comes back above A_c
    is not searched for. A push has left where |r1 - r0| (Eq. 6) exceeds 1e-5, the motion of the whole and
    loose atoms (`loose_atoms`, before or after) left out. force_tolerance: largest force component; default 1e-13 for
    harmonic spheres, 1e-11 for other reduced potentials, 1e-8 eV/A for metals. A looser one fakes transitions: 1e-6
    leaves harmonic spheres some 1e-4 from where they belong. Minimisations that miss it are counted and decide
    nothing, unless the other sign left. method: "fire" (default for harmonic spheres) or "cg"; one goes on where the
    other stalls. closest: pushes end where a pair would come nearer than this fraction of the shortest distance in
    the minimum; not so for harmonic spheres, whose energy is bounded. Where no push left, amplitude is inf.

    Raises ValueError where the structure is no minimum or the mode does not fit it.
    """
    n, line = len(atoms), _line(atoms, mode)
    tolerance, method = _minimiser(potential, force_tolerance, method)
    grid = np.sort(np.geomspace(1e-6, 1, 25) if amplitudes is None else np.asarray(amplitudes, float))
    left, returned, count, low = [], [], {"unconverged": 0, "pushes": 0}, 0.0
    with Session(atoms, potential) as session:
        basin = _Basin(session, atoms, potential, tolerance, method)
        core = 0.0 if potential.bounded else closest * bonds(basin.atoms, potential).distance.min()

        def try_both(A):
            """What the first of the two signs that leaves led to; None: both came back; False: undecided."""
            undecided = False
            for sign in (1, -1):
                converged, energy, barrier, u, loose = basin.push(sign * A * line)
                count["pushes"] += 1
                distance = float(np.linalg.norm(u))
                if not converged:
                    count["unconverged"] += 1
                    undecided = True
                elif distance <= _RETURNED:
                    returned.append(distance)
                else:
                    left.append(distance)
                    inner = float(abs((u * line).sum()) / (distance * np.sqrt(n)))
                    return sign, energy, barrier, inner, u, loose
            return False if undecided else None

        for A in grid:
            capped = not potential.bounded and bool(_closest(basin.atoms, potential, A * line) < core)
            found = None if capped else try_both(A)
            if capped or found:
                break
            low = A if found is None else low
        best, high = (found, A) if found else ((0, np.nan, np.nan, np.nan, np.zeros((n, 3)), basin.loose), np.inf)
        while 0 < low < high / (1 + relative_width) < np.inf:
            found = try_both(middle := np.sqrt(low * high))
            if found is False:
                break
            low, high, best = (low, middle, found) if found else (middle, high, best)
    names = ("sign", "energy", "barrier", "inner_product", "displacements", "loose")
    return Transition(
        amplitude=float(high),
        returned_amplitude=float(low),
        returned_distance=max(returned, default=np.nan),
        left_distance=min(left, default=np.nan),
        capped=capped,
        **count,
        **dict(zip(names, best, strict=True)),
    )


def _closest(atoms, potential, line) -> float:
    """Shortest distance of two atoms after a push by `line` or against it."""
    pair = [Atoms(atoms.numbers, atoms.positions + sign * line, cell=atoms.cell, pbc=True) for sign in (1, -1)]
    return min(bonds(pushed, potential).distance.min(initial=np.inf) for pushed in pair)


def excite_modes(
    atoms, potential, modes, indices, folder=None, workers: int | None = None, progress: bool = False, **options
) -> list[Transition]:
    """`critical_amplitude` of the modes `indices`, in processes of one thread each; the list in that order.

    modes: of the dynamical matrix of `atoms`; the push of an alloy is along e_i / sqrt(m_i). folder: each finished
    mode is kept there, under a hash of structure, potential and options, and read back instead of pushed again, if it
    is the same mode (overlap above 0.999; its `sign` then refers to the mode as it was kept). workers, progress: of
    `processes.run_jobs`. options: of `critical_amplitude`. Raises as that.
    """
    root = np.repeat(np.sqrt(potential.masses_of(atoms)), 3)
    lines = {int(k): modes.polarizations[:, k] / root for k in indices}
    done = {}
    if folder:
        plain = {name: np.asarray(value).tolist() for name, value in options.items()}
        folder = Path(folder) / structure_key(atoms, potential, plain)
        folder.mkdir(parents=True, exist_ok=True)
        done = {k: kept for k, line in lines.items() if (kept := _read(folder / f"mode-{k:05d}.npz", line))}
    jobs = [(k, atoms, potential.name, line, options, folder) for k, line in lines.items() if k not in done]
    done |= dict(run_jobs(_excite, jobs, "pushing", "mode", len(lines), workers, progress))
    return [done[int(k)] for k in indices]


def _excite(job) -> tuple[int, Transition]:
    k, atoms, name, line, options, folder = job
    found = critical_amplitude(atoms, get(name), line, **options)
    if folder:
        write_arrays(folder / f"mode-{k:05d}.npz", mode=line.astype(np.float32), **asdict(found))
    return k, found


def _read(path, line) -> Transition | None:
    """What was kept for this mode; None where there is nothing, half a file, or another mode."""
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile), np.load(path) as kept:
        mode = kept["mode"]
        if abs(mode @ line) > 0.999 * np.linalg.norm(mode) * np.linalg.norm(line):
            values = {f.name: kept[f.name] for f in fields(Transition)}
            return Transition(**{name: v if v.ndim else v.item() for name, v in values.items()})
    return None
