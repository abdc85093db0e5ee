"""Push a structure along a mode and find the amplitude at which it leaves its basin.

The structure is displaced to r = r0 + A sqrt(N) e, where e is the normalised mode and A the root mean square
displacement of a particle (mizuno-2020, Eq. 5). LAMMPS then minimises the energy. The structure either returns to r0
or ends in another minimum, r1. The sign of a mode is arbitrary, and the paper does not say which one it pushes: here
both are pushed, and the smaller amplitude counts.
"""

from dataclasses import asdict, dataclass, fields, replace

import numpy as np
from ase import Atoms
from scipy.optimize import bisect

from bosonpeak.archive.resume import KeptParts, run_jobs
from bosonpeak.materials.geometry import nearest_image, whole_numbers
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import get
from bosonpeak.units import RAD_PER_PS
from bosonpeak.vibrations.hessian import bond_stiffness, bonds, dynamical_matrix
from bosonpeak.vibrations.operators import spectral_bound

RETURNED = 1e-5
"""Distance |r1 - r0| up to which a push has returned: returning pushes end below 1e-9, transitions begin near 1e-3."""

AMPLITUDES = tuple(float(a) for a in np.geomspace(1e-5, 1, 11).round(12))
"""Amplitudes A (sigma) that are tried, two per decade, up to the first that leaves the basin. Four per decade from 1e-6
found the same A_c within the width of the bisection (harmonic spheres, N = 4,000, eight modes) with half as many pushes
again."""

_PART = "mode-{:05d}"


@dataclass(frozen=True)
class Transition:
    """What the pushes along one mode led to; lengths and energies are in the units of the potential.

    Attributes
    ----------
    amplitude : float
        A_c, the smallest amplitude that left the basin; infinite where none did.
    returned_amplitude : float
        The largest amplitude below A_c that returned, which is the other end of the bracket.
    sign : int
        Sign of the push at A_c; 0 where none left.
    energy : float
        Phi(r1) - Phi(r0), Eq. 7 of mizuno-2020 with its sign.
    barrier : float
        Phi(r0 + A_c sqrt(N) e) - Phi(r0), Eq. 8.
    inner_product : float
        Overlap of the displacements with the mode, Eq. 10, between 0 and 1.
    returned_distance, left_distance : float
        The largest |r1 - r0| of the pushes that returned, and the smallest of those that left.
    unconverged : int
        Pushes whose minimisation missed the force tolerance. They decide nothing.
    pushes : int
        All minimisations.
    capped : bool
        Whether the pushes ended because two atoms came too close.
    loose : array of bool, shape (N,)
        Atoms without a cage in r0 or r1 (`loose_atoms`).
    displacements : array, shape (N, 3)
        r1 - r0 at A_c without the motion of the whole; zero for loose atoms, and everywhere without a transition.
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
        """The distance |r1 - r0|, Eq. 6; zero without a transition."""
        return float(np.linalg.norm(self.displacements))

    @property
    def n_rearranged(self) -> float:
        """The number of rearranged particles, Eq. 9; NaN without a transition."""
        square = (self.displacements**2).sum(axis=1)
        return float(square.sum() ** 2 / (square**2).sum()) if square.any() else np.nan


def loose_atoms(atoms, potential) -> np.ndarray:
    """Atoms that their neighbours do not hold: rattlers and those that are nearly so.

    An atom is loose if it has fewer than four contacts with atoms that are not loose themselves: three contacts cannot
    hold it. A contact is a pair within the cutoff with |phi'| above 1e-9 (a rattler may rest against its cage with a
    smaller force). In Lennard-Jones glasses and metals, with dozens of neighbours, no atom is loose.

    Parameters
    ----------
    atoms : ase.Atoms
        N atoms.
    potential : materials.potentials.Potential

    Returns
    -------
    array of bool, shape (N,)
    """
    potential = get(potential)
    found = bonds(atoms, potential)
    holds = abs(bond_stiffness(found, potential.interaction()).first) > 1e-9
    i, j, loose = found.i[holds], found.j[holds], np.zeros(len(atoms), bool)
    while True:
        now = np.bincount(i[~loose[j]], minlength=len(atoms)) < 4
        if (now == loose).all():
            return loose
        loose = now


class _Basin:
    """A minimum that LAMMPS holds, and from which the structure is pushed again and again."""

    def __init__(self, session, atoms, potential, force_tolerance, method):
        self.session, self.potential, self.tolerance, self.method = session, potential, force_tolerance, method
        if loose_atoms(atoms, potential).all():
            raise ValueError("every atom is loose: nothing holds this structure together; compress it first")
        # the velocities diverge at omega dt = 2
        longest = 1.3 / np.sqrt(spectral_bound(dynamical_matrix(atoms, potential, factored=True)))
        self.longest = float(longest) / (RAD_PER_PS if potential.units == "metal" else 1.0)
        if potential.units != "metal":
            # a quarter faster than with the session's 0.3: atoms move little, and LAMMPS checks when they do
            session.commands("neighbor 0.1 bin")
        self.atoms = atoms
        session.evaluate(atoms.positions)
        force, self.energy = self.minimise(force_tolerance)
        self.atoms = session.atoms()
        self.loose = loose_atoms(self.atoms, potential)
        moved = np.linalg.norm(self.displacements(atoms, self.loose))
        if force > force_tolerance or moved > 1e-6 * atoms.cell.volume ** (1 / 3):
            raise ValueError(
                f"the structure is not a minimum to {force_tolerance:g}: minimising moved it by {moved:.2g} and left a "
                f"force of {force:.2g}; relax it first, or choose a larger force_tolerance"
            )

    def minimise(self, tolerance, below=-np.inf) -> tuple[float, float]:
        """Minimise by the method asked for, then by the other one if that stalls: largest force component, energy."""
        for method in ("cg", "fire") if self.method == "cg" else ("fire", "cg"):
            if method == "cg":
                found = self.session.minimise(tolerance, "cg", max_steps=20000)
                largest, energy = found.max_force, found.energy
            else:
                self.session.commands(
                    "velocity all set 0 0 0",
                    "min_style fire",
                    f"timestep {self.longest / 10!r}",
                    "min_modify norm inf dmax 0.1 tmax 10",
                    f"minimize 0 {tolerance:g} 50000 500000",
                )
                energy, f = self.session.evaluate()
                largest = float(abs(f).max())
            if largest <= tolerance or energy < below:
                break
        return largest, energy

    def displacements(self, other, loose):
        """Displacements (N, 3) from the minimum to `other`, without the motion of the whole and of loose atoms."""
        u = nearest_image(other.positions - self.atoms.positions, self.atoms.cell)
        u -= u[~loose].mean(axis=0)
        u[loose] = 0
        return u

    def push(self, line):
        """Push by `line` (N, 3) and minimise: converged or not, energy gained, barrier, displacements, loose atoms."""
        pushed, _ = self.session.evaluate(self.atoms.positions + line)
        (force, energy), end = self.minimise(self.tolerance), self.session.atoms()
        loose, u = self.loose, self.displacements(end, self.loose)
        if np.linalg.norm(u) > RETURNED:
            # where all are loose the structure has come apart: then those that were loose at the start count
            everywhere = loose | loose_atoms(end, self.potential)
            loose = loose if everywhere.all() else everywhere
            u = self.displacements(end, loose)
        return force <= self.tolerance, energy - self.energy, pushed - self.energy, u, loose

    def leaves(self, line):
        """Whether a push by `line` seems to leave, which is known before the forces vanish; None if undecided."""
        below, tolerance = self.energy - 1e-10 * abs(self.energy), 1e4 * self.tolerance
        self.session.evaluate(self.atoms.positions + line)
        halt = f"fix lower all halt 10 v_energy < {below!r} error continue message no"
        self.session.commands("variable energy equal pe", halt)
        force, energy = self.minimise(tolerance, below)
        self.session.commands("unfix lower")
        moved = np.linalg.norm(self.displacements(self.session.atoms(), self.loose))
        return True if energy < below else None if force > tolerance else bool(moved > RETURNED)


def _line(atoms, mode):
    """The line sqrt(N) e of Eq. 5, (N, 3)."""
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
    """Push by every amplitude along a mode and minimise each time, as in Fig. 2 of mizuno-2020.

    Parameters
    ----------
    atoms, potential, mode, force_tolerance, method
        As `critical_amplitude`.
    amplitudes : array, shape (k,)
        Of either sign, in the unit of length. No push is left out because atoms come too close.

    Returns
    -------
    distance : array, shape (k,)
        |r1 - r0|, Eq. 6.
    energy : array, shape (k,)
        Phi(r1) - Phi(r0), Eq. 7 with its sign.
    converged : array of bool, shape (k,)
        Whether the force tolerance was reached.

    Raises
    ------
    ValueError
        As `critical_amplitude`.
    """
    potential = get(potential)
    line, (tolerance, method) = _line(atoms, mode), _minimiser(potential, force_tolerance, method)
    with Session(atoms, potential) as session:
        basin = _Basin(session, atoms, potential, tolerance, method)
        ends = [basin.push(A * line) for A in np.atleast_1d(np.asarray(amplitudes, float))]
    distance = np.array([np.linalg.norm(u) for _, _, _, u, _ in ends])
    return distance, np.array([end[1] for end in ends]), np.array([end[0] for end in ends])


def critical_amplitude(
    atoms, potential, mode, amplitudes=None, relative_width=0.01, force_tolerance=None, method=None, closest=0.75,
    finest: int = 0, early: bool = False,
) -> Transition:  # fmt: skip
    """The amplitude A_c at which a push along a mode changes the inherent structure (mizuno-2020, Eqs. 5-10).

    Amplitudes are tried upwards until a push of either sign leaves the basin; then log A is bisected. A push has left
    where |r1 - r0| (Eq. 6) exceeds 1e-5, without the motion of the whole and of loose atoms (`loose_atoms`, before or
    after). Pushes above A_c that would return are not searched for.

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum of N atoms.
    potential : materials.potentials.Potential
    mode : array, shape (3N,)
        Direction, normalised here.
    amplitudes : array, optional
        Amplitudes in the unit of length; by default four per decade from 1e-6 to 1.
    relative_width : float
        Width of the final bracket of A_c, relative.
    force_tolerance : float, optional
        Largest force component of a minimum; by default 1e-13 for harmonic spheres, 1e-11 for other reduced
        potentials and 1e-8 eV/A for metals. A looser one fakes transitions: with 1e-6 harmonic spheres end some 1e-4
        from where they belong. Minimisations that miss it are counted and decide nothing, unless the other sign left.
    method : {"fire", "cg"}, optional
        Minimiser; by default that of the potential. Where one stalls, the other continues.
    closest : float
        Pushes end where a pair would come nearer than this fraction of the shortest distance in the minimum. It does
        not hold for potentials that are bounded, such as harmonic spheres.
    finest : int
        Where the pushes end for this reason, the range between the last amplitude that returned and the one at which
        the pair comes so near is searched as well, with so many amplitudes per decade. Without it, that range is not.
    early : bool
        Whether the search stops each minimisation once the energy is below that of the minimum, or once the forces are
        within ten thousand times the tolerance, and judges by where the structure is then. The two ends of the bracket
        that it finds are minimised to the tolerance, and `returned_distance` and `left_distance` are theirs. If one of
        them contradicts the search, the search is made again without `early`.

    Returns
    -------
    Transition
        Its amplitude is infinite where no push left.

    Raises
    ------
    ValueError
        If the structure is not a minimum, or the mode does not fit it.
    """
    potential = get(potential)
    n, line = len(atoms), _line(atoms, mode)
    tolerance, method = _minimiser(potential, force_tolerance, method)
    grid = np.sort(np.geomspace(1e-6, 1, 25) if amplitudes is None else np.ravel(amplitudes).astype(float))
    if not (len(grid) and grid[0] > 0 and relative_width > 0):
        raise ValueError(f"amplitudes {grid} and relative_width = {relative_width}: give positive numbers")
    left, returned, count, low = [], [], {"unconverged": 0, "pushes": 0}, 0.0
    with Session(atoms, potential) as session:
        basin = _Basin(session, atoms, potential, tolerance, method)
        core = 0.0 if potential.bounded else closest * bonds(basin.atoms, potential).distance.min()

        def try_both(A):
            """What the first sign that leaves led to; None where both returned, False where this is undecided."""
            undecided = False
            for sign in (1, -1):
                count["pushes"] += 1
                if early:
                    leaves = basin.leaves(sign * A * line)
                    if leaves:
                        return (sign,)
                    undecided |= leaves is None
                    count["unconverged"] += leaves is None
                    continue
                converged, energy, barrier, u, loose = basin.push(sign * A * line)
                distance = float(np.linalg.norm(u))
                if not converged:
                    count["unconverged"] += 1
                    undecided = True
                elif distance <= RETURNED:
                    returned.append(distance)
                else:
                    left.append(distance)
                    inner = float(abs((u * line).sum()) / (distance * np.sqrt(n)))
                    return sign, energy, barrier, inner, u, loose
            return False if undecided else None

        def room(A):
            """How much closer two atoms may come."""
            return np.inf if potential.bounded else _closest(basin.atoms, potential, A * line) - core

        for A in grid:
            capped = bool(room(A) < 0)
            found = None if capped else try_both(A)
            if capped or found:
                break
            low = A if found is None else low
        if capped and finest and low > 0:
            most = bisect(room, low, A, rtol=1e-4)
            for A in np.geomspace(low, most, int(np.ceil(finest * np.log10(most / low))) + 1)[1:]:
                if found := try_both(A):
                    break
                low = A if found is None else low
            capped = not found
        best, high = (found, A) if found else ((0, np.nan, np.nan, np.nan, np.zeros((n, 3)), basin.loose), np.inf)
        while 0 < low < high / (1 + relative_width) < np.inf:
            found = try_both(middle := np.sqrt(low * high))
            if found is False:
                break
            low, high, best = (low, middle, found) if found else (middle, high, best)
    if early:
        options = (relative_width, force_tolerance, method, closest)
        ends = critical_amplitude(atoms, potential, mode, [A for A in (low, high) if 0 < A < np.inf] or grid, *options)
        if low > 0 and (ends.returned_amplitude, ends.amplitude) == (low, high):
            count = {name: number + getattr(ends, name) for name, number in count.items()}
            return replace(ends, capped=capped, **count)
        return critical_amplitude(atoms, potential, mode, grid, *options, finest)
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
    """Shortest distance between two atoms after a push by `line` or against it."""
    pair = [Atoms(atoms.numbers, atoms.positions + sign * line, cell=atoms.cell, pbc=True) for sign in (1, -1)]
    return min(bonds(pushed, potential).distance.min(initial=np.inf) for pushed in pair)


def excite_modes(
    atoms, potential, modes, indices, folder=None, workers: int | None = None, progress: bool = False, **options
) -> list[Transition]:
    """`critical_amplitude` of several modes, in processes of one thread each.

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum of N atoms.
    potential : materials.potentials.Potential
    modes : vibrations.modes.Modes
        Of the dynamical matrix of `atoms`. In an alloy the push is along e_i / sqrt(m_i).
    indices : sequence of int
        Numbers of the modes that are pushed.
    folder : path-like, optional
        Where each finished mode is kept, by structure, potential and options. It is read from there instead of being
        pushed again if it is the same mode (overlap above 0.999); its `sign` then refers to the mode as it was kept.
    workers, progress
        As `archive.resume.run_jobs`.
    **options
        Of `critical_amplitude`.

    Returns
    -------
    list of Transition
        In the order of `indices`.

    Raises
    ------
    ValueError
        As `critical_amplitude`.
    """
    potential = get(potential)
    root = np.repeat(np.sqrt(potential.masses_of(atoms)), 3)
    indices = whole_numbers(indices, "indices").tolist()
    if any(not 0 <= k < len(modes.omega) for k in indices):
        raise ValueError(f"indices {indices} must lie in 0..{len(modes.omega) - 1}")
    lines = {int(k): modes.polarizations[:, k] / root for k in indices}
    plain = {name: np.asarray(value).tolist() for name, value in options.items()}
    kept = KeptParts(folder, atoms, potential, plain)
    done = {k: found for k, line in lines.items() if (found := _read(kept, k, line))}
    jobs = [(k, atoms, potential.name, line, options, kept) for k, line in lines.items() if k not in done]
    done |= dict(run_jobs(_excite, jobs, "pushing", "mode", len(lines), workers, progress))
    return [done[int(k)] for k in indices]


def _excite(job) -> tuple[int, Transition]:
    k, atoms, name, line, options, kept = job
    found = critical_amplitude(atoms, get(name), line, **options)
    kept.write(_PART.format(k), mode=line.astype(np.float32), **asdict(found))
    return k, found


def _read(kept: KeptParts, k: int, line) -> Transition | None:
    """What was kept for this mode; None where nothing is kept or another mode has its number."""
    part = kept.read(_PART.format(k))
    names = [f.name for f in fields(Transition)]
    if part is None or not {"mode", *names} <= set(part):
        return None
    if not abs(part["mode"] @ line) > 0.999 * np.linalg.norm(part["mode"]) * np.linalg.norm(line):
        return None
    return Transition(**{name: part[name] if part[name].ndim else part[name].item() for name in names})
