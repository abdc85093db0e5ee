"""Glasses: quenches that survive a kill, inherent structures, and the shipped ones by name.

Temperatures are in K and times in ps for metals, and reduced otherwise.
"""

import math
import shutil
import time
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from ase import Atoms
from filelock import FileLock
from tqdm.auto import tqdm

from bosonpeak.archive.files import sha256_of
from bosonpeak.archive.glasses import catalogue, enter_glass, glasses_folder, load, processor
from bosonpeak.archive.resume import Checkpoints
from bosonpeak.archive.structures import read_structure, write_structure
from bosonpeak.materials.lammps import Minimised, Session
from bosonpeak.materials.potentials import Potential, get
from bosonpeak.materials.recipes import SEGMENT, GlassRecipe, recipes, start_structure
from bosonpeak.paths import project_root

__all__ = [
    "GlassRecipe",
    "admit",
    "catalogue",
    "inherent_structure",
    "load",
    "melt_quench",
    "recipes",
    "start_structure",
]


def melt_quench(
    recipe: GlassRecipe, folder=None, threads: int = 1, progress: bool = False, keep_melt: bool = False
) -> Atoms:
    """Make the glass of a recipe: melt, cool and minimise.

    The liquid is cooled by Nose-Hoover dynamics, at zero pressure (cubic cell) or at a fixed density. A run that was
    killed resumes from its last restart file that is whole, and gives bit for bit what an unbroken run would have
    given.

    Parameters
    ----------
    recipe : GlassRecipe
    folder : path-like, optional
        Holds the restart files, and the minimum as <key>.xyz.gz. By default _build/glasses.
    threads : int
        OpenMP threads. Another number changes the last bits, and with them the trajectory.
    progress : bool
    keep_melt : bool
        Whether the melt stays in the folder. Recipes that differ in cooling alone then start from it, and get the very
        glass that each would have got by itself.

    Returns
    -------
    ase.Atoms
        The minimum.

    Raises
    ------
    LammpsError
        If LAMMPS stops.
    RuntimeError
        If the minimum keeps a larger force than the recipe asks for.
    """
    folder = Path(folder) if folder else project_root() / "_build" / "glasses"
    folder.mkdir(parents=True, exist_ok=True)
    # a second process that makes the same glass waits for the first and takes what that one made
    with FileLock(folder / f".{recipe.key}.lock"):
        return _resume_quench(recipe, folder, threads, progress, keep_melt)


def _resume_quench(recipe, folder, threads, progress, keep_melt) -> Atoms:
    final = folder / f"{recipe.key}.xyz.gz"
    if final.exists():
        return read_structure(final)
    potential, start = get(recipe.potential), start_structure(recipe)
    melt, cool = recipe.steps()
    total = melt + cool
    damping = f"{100 * recipe.timestep:g}"
    box = "" if recipe.number_density else f" iso 0 0 {1000 * recipe.timestep:g}"
    states, melted = Checkpoints(folder, recipe.key, "restart"), Checkpoints(folder, _melt_key(recipe), "melt")
    step, restart = states.newest()
    if keep_melt and restart is None and melt:
        step, restart = melted.newest()
    with tqdm(desc=recipe.name, total=total, initial=step, unit="step", disable=not progress) as bar:
        while step < total:
            # a segment never crosses from melting into cooling
            n = min(max(100, SEGMENT // recipe.n_atoms), (melt if step < melt else total) - step)
            ends = [recipe.melt_temperature] * 2 if step < melt else [recipe.melt_temperature, recipe.end_temperature]
            span = (0, melt) if step < melt else (melt, total)
            with Session(start, potential, threads, ordered=False, restart=restart) as session:
                if restart is None:
                    session.thermalise(recipe.melt_temperature, recipe.seed + 1)
                fix = f"{'nvt' if recipe.number_density else 'npt'} temp {ends[0]!r} {ends[1]!r} {damping}{box}"
                session.dynamics(n, recipe.timestep, fix, span, bar)
                step += n
                restart = states.save(step, session.write_restart)
            if keep_melt and step == melt:
                melted.save(step, partial(shutil.copyfile, restart))
    atoms, found = _minimise(start, potential, recipe, threads, restart)
    if not found.converged:
        raise RuntimeError(f"{recipe.name} kept {found.left}: raise force_tolerance in the recipe, or its time to melt")
    atoms.info |= {"name": recipe.name, "recipe": asdict(recipe), "potential_sha256": potential.sha256 or "a formula"}
    write_structure(final, atoms)
    states.clear()
    return atoms


def admit(path, seconds: float | None = None) -> dict:
    """Take a quenched glass into data/glasses and its catalogue, in place of an earlier one of the same name.

    Parameters
    ----------
    path : path-like
        File that `melt_quench` made.
    seconds : float, optional
        How long an unbroken run took.

    Returns
    -------
    dict
        The entry of the catalogue.

    Raises
    ------
    FileNotFoundError, ValueError
        As `archive.structures.read_structure`.
    """
    atoms = read_structure(path)
    if "recipe" not in atoms.info:
        raise ValueError(f"{path} holds no recipe: admit a file that melt_quench made")
    recipe = GlassRecipe(**atoms.info["recipe"])
    file = f"{recipe.name}.xyz.gz"
    write_structure(glasses_folder() / file, atoms)
    entry = {
        "name": recipe.name,
        "file": file,
        "sha256": sha256_of(glasses_folder() / file),
        "key": recipe.key,
        "recipe": asdict(recipe),
        "units": atoms.info["units"],
        "potential_sha256": atoms.info["potential_sha256"],
        "n_atoms": len(atoms),
        "number_density": len(atoms) / atoms.cell.volume,
        "energy_per_atom": float(atoms.info["potential_energy"]) / len(atoms),
        "pressure": float(atoms.info["pressure"]),
        "max_force": float(atoms.info["max_force"]),
        "versions": {name: version(name) for name in ("lammps", "numpy", "ase")},
        "processor": processor(),
        "date": time.strftime("%Y-%m-%d", time.gmtime(Path(path).stat().st_mtime)),
        "seconds": seconds,
    }
    enter_glass(entry)
    return entry


def _melt_key(recipe: GlassRecipe) -> str:
    """The same key for all recipes whose dynamics are the same until cooling begins."""
    return replace(recipe, cooling_rate=math.inf, end_temperature=0.1 if recipe.melt_temperature > 0.1 else 0.0).key


def _minimise(start, potential, recipe, threads, restart) -> tuple[Atoms, Minimised]:
    with Session(start, potential, threads, ordered=False, restart=restart) as session:
        found = session.minimise(recipe.force_tolerance, potential.minimiser, relax_box=recipe.number_density is None)
        return _described(session, potential, found), found


def _described(session: Session, potential: Potential, found: Minimised) -> Atoms:
    atoms = session.atoms()
    atoms.info |= {
        "potential": potential.name,
        "units": potential.units,
        "potential_energy": found.energy,
        "max_force": found.max_force,
        "pressure": found.pressure,
    }
    return atoms


def inherent_structure(
    atoms: Atoms,
    potential: Potential | str,
    force_tolerance: float = 1e-8,
    method: str = "cg",
    relax_box: bool = False,
    max_steps: int = 200000,
) -> Atoms:
    """The minimum of the potential energy below a structure.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : Potential or str
    force_tolerance : float
        Largest force component that is left, in eV/A or reduced.
    method : str
        "cg" or "fire".
    relax_box : bool
        Whether the cell is scaled to zero pressure.
    max_steps : int

    Returns
    -------
    ase.Atoms
        With energy, largest force and pressure (bar or reduced) in its `info`, and the masses that `atoms` stated.

    Raises
    ------
    RuntimeError
        If the forces or, for `relax_box`, the pressure did not reach zero; the message says which and what is left.
    ValueError
        As `materials.lammps.Session`.
    """
    potential = get(potential)
    with Session(atoms, potential) as session:
        found = session.minimise(force_tolerance, method, relax_box, max_steps)
        if not found.converged:
            raise RuntimeError(
                f"the minimum kept {found.left}: choose a looser force_tolerance or the other method (cg, fire), or "
                "start from a structure nearer to the minimum"
            )
        return _described(session, potential, found)
