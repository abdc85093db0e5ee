"""Glasses: recipes, quenches that survive a kill, inherent structures (floor 1).

Temperatures are in K and times in ps for metals, reduced otherwise; cooling rates in K/s for metals, in temperature
per time otherwise.
"""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.formula import Formula
from tqdm.auto import tqdm

from ..paths import project_root
from .lammps import Minimised, Session
from .potentials import Potential, get
from .structure_files import read_structure, write_structure

_SEGMENT = 20_000_000
"""Atom-steps between restart files: part of the recipe, since every segment starts from the file before it."""


@dataclass(frozen=True)
class GlassRecipe:
    """All that determines a glass. Hashable; written into every file made from it.

    potential: a name of `potentials.NAMES`; composition: such as "Cu50Zr50" (reduced systems: of the stand-in symbols,
    "Ni80P20" for Kob-Andersen); n_atoms; cooling_rate: math.inf quenches at once, by minimising; seed.
    melt_temperature: of the liquid; math.inf starts from random positions and has no dynamics. melt_time: how long it
    is held there. end_temperature: where the cooling ends. number_density: atoms per volume, fixed; None lets the cell
    follow zero pressure. timestep. force_tolerance: largest force component of the minimum, eV/A or reduced.

    Raises ValueError for what cannot be made: an unknown potential or element, fewer than 16 atoms, a rate that is not
    positive, a reduced system without number_density.
    """

    potential: str
    composition: str
    n_atoms: int
    cooling_rate: float
    seed: int
    melt_temperature: float = 2000.0
    melt_time: float = 40.0
    end_temperature: float = 0.1
    number_density: float | None = None
    timestep: float = 0.002
    force_tolerance: float = 1e-8

    def __post_init__(self):
        # one and the same hash for 1e13 as integer, text or float
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type in (float, float | None) and value is not None:
                object.__setattr__(self, field.name, float(value))
        potential = get(self.potential)
        unknown = set(self.fractions()) - set(potential.elements)
        if unknown:
            raise ValueError(
                f"{self.potential} has no {', '.join(sorted(unknown))}: composition {self.composition} cannot be made; "
                f"it covers {', '.join(potential.elements)}"
            )
        if self.n_atoms < 16 or int(self.n_atoms) != self.n_atoms:
            raise ValueError(f"n_atoms = {self.n_atoms}: give a whole number of at least 16")
        for name in ("cooling_rate", "melt_temperature", "timestep", "force_tolerance"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}: it must be positive")
        if potential.units != "metal" and self.number_density is None:
            raise ValueError(f"{self.potential} is in reduced units: give number_density, particles per sigma^3")
        if math.isinf(self.melt_temperature) and not math.isinf(self.cooling_rate):
            raise ValueError("a start from random positions has no temperature to cool from: give cooling_rate = inf")

    def fractions(self) -> dict[str, float]:
        """Share of each element, adding up to 1."""
        count = Formula(self.composition).count()
        return {symbol: n / sum(count.values()) for symbol, n in count.items()}

    def counts(self) -> dict[str, int]:
        """Atoms of each element, adding up to n_atoms: largest remainders are rounded up."""
        exact = {symbol: x * self.n_atoms for symbol, x in self.fractions().items()}
        counts = {symbol: int(x) for symbol, x in exact.items()}
        by_remainder = sorted(exact, key=lambda s: counts[s] - exact[s])
        for symbol in by_remainder[: self.n_atoms - sum(counts.values())]:
            counts[symbol] += 1
        return counts

    @property
    def key(self) -> str:
        """12 hexadecimal digits of recipe, potential table and length of segments."""
        text = json.dumps([asdict(self), get(self.potential).sha256, _SEGMENT], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """Such as Cu50Zr50-mendelev-2009-n1000-1e13-s1."""
        rate = "instant" if math.isinf(self.cooling_rate) else f"{self.cooling_rate:.3g}".replace("e+", "e")
        family = Path(self.potential).name.removeprefix("cu-zr-").removeprefix("zr-cu-al-")
        material = f"{self.composition}-{family}" if get(self.potential).units == "metal" else self.potential
        return f"{material}-n{self.n_atoms}-{rate}-s{self.seed}"

    def steps(self) -> tuple[int, int]:
        """Steps of melting and of cooling."""
        if math.isinf(self.melt_temperature):
            return 0, 0
        melt = round(self.melt_time / self.timestep)
        if math.isinf(self.cooling_rate):
            return melt, 0
        per_time = self.cooling_rate * (1e-12 if get(self.potential).units == "metal" else 1.0)
        return melt, max(1, round((self.melt_temperature - self.end_temperature) / per_time / self.timestep))


def start_structure(recipe: GlassRecipe) -> Atoms:
    """Where a recipe begins: species at random on an fcc lattice with some sites left out, or random positions."""
    rng = np.random.default_rng(recipe.seed)
    counts, n = recipe.counts(), recipe.n_atoms
    if recipe.number_density:
        volume = n / recipe.number_density
    else:
        volume = sum(count * bulk(symbol).get_volume() / len(bulk(symbol)) for symbol, count in counts.items())
    edge = volume ** (1 / 3)
    if math.isinf(recipe.melt_temperature):
        scaled = rng.random((n, 3))
    else:
        cells = math.ceil((n / 4 - 1e-9) ** (1 / 3))
        sites = bulk("Cu", "fcc", 1.0, cubic=True).repeat(cells).get_scaled_positions()
        scaled = sites[np.sort(rng.choice(len(sites), n, replace=False))]
    symbols = rng.permutation(np.repeat(list(counts), list(counts.values())))
    return Atoms(list(symbols), scaled_positions=scaled, cell=[edge] * 3, pbc=True)


def melt_quench(recipe: GlassRecipe, folder=None, threads: int = 1, progress: bool = False) -> Atoms:
    """Make the glass of a recipe: melt, cool, minimise; the minimum is returned and kept as <folder>/<key>.xyz.gz.

    Cooling is by Nose-Hoover dynamics, at zero pressure (cubic cell) or fixed density. folder: default
    _build/glasses; it holds a restart file while the run goes on, from which a killed run goes on, bit for bit
    as an unbroken one would have. threads: OpenMP threads; other numbers change the last bits and with them the
    trajectory. progress: a bar.

    Raises LammpsError where LAMMPS stops, RuntimeError where the minimum keeps a larger force than asked for.
    """
    folder = Path(folder) if folder else project_root() / "_build" / "glasses"
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{recipe.key}.xyz.gz"
    if final.exists():
        return read_structure(final)
    potential, start = get(recipe.potential), start_structure(recipe)
    melt, cool = recipe.steps()
    total = melt + cool
    damping = f"{100 * recipe.timestep:g}"
    box = "" if recipe.number_density else f" iso 0 0 {1000 * recipe.timestep:g}"
    step, restart = _newest_restart(folder, recipe.key)
    with tqdm(desc=recipe.name, total=total, initial=step, unit="step", disable=not progress) as bar:
        while step < total:
            # a segment never crosses from melting into cooling
            n = min(max(100, _SEGMENT // recipe.n_atoms), (melt if step < melt else total) - step)
            ends = [recipe.melt_temperature] * 2 if step < melt else [recipe.melt_temperature, recipe.end_temperature]
            span = (0, melt) if step < melt else (melt, total)
            with Session(start, potential, threads, ordered=False, restart=restart) as session:
                if restart is None:
                    session.thermalise(recipe.melt_temperature, recipe.seed + 1)
                fix = f"{'nvt' if recipe.number_density else 'npt'} temp {ends[0]!r} {ends[1]!r} {damping}{box}"
                session.dynamics(n, recipe.timestep, fix, span, bar)
                step += n
                new = folder / f"{recipe.key}.{step}.restart"
                session.save_restart(new)
            if restart is not None:
                restart.unlink(missing_ok=True)
            restart = new
    atoms, found = _minimise(start, potential, recipe, threads, restart)
    if not found.converged:
        raise RuntimeError(
            f"{recipe.name} kept a force of {found.max_force:.2g}, above {recipe.force_tolerance:g}: "
            "raise force_tolerance in the recipe"
        )
    atoms.info |= {"name": recipe.name, "recipe": asdict(recipe), "potential_sha256": potential.sha256 or "a formula"}
    write_structure(final, atoms)
    for left in folder.glob(f"{recipe.key}.*.restart"):
        left.unlink()
    return atoms


def _newest_restart(folder: Path, key: str) -> tuple[int, Path | None]:
    found = [(int(m[1]), p) for p in folder.glob(f"{key}.*.restart") if (m := re.search(r"\.(\d+)\.restart$", p.name))]
    return max(found) if found else (0, None)


def _minimise(start, potential, recipe, threads, restart) -> tuple[Atoms, Minimised]:
    with Session(start, potential, threads, ordered=False, restart=restart) as session:
        # contacts that open and close stop the line search of conjugate gradients
        method = "fire" if potential.name == "harmonic-spheres" else "cg"
        found = session.minimise(recipe.force_tolerance, method, relax_box=recipe.number_density is None)
        return _described(session, potential, found), found


def _described(session: Session, potential: Potential, found: Minimised) -> Atoms:
    atoms = session.atoms()
    atoms.info |= {
        "potential": potential.name,
        "units": potential.units,
        "potential_energy": found.energy,
        "max_force": found.max_force,
        "pressure": session.thermo("press"),
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
    """The minimum of the energy below a structure, at its cell or (relax_box) at zero pressure.

    force_tolerance: largest force component left, eV/A or reduced; energy, force and pressure (bar or reduced) are in
    the result's info. Raises RuntimeError where the tolerance was not reached, ValueError for missing elements.
    """
    potential = get(potential) if isinstance(potential, str) else potential
    with Session(atoms, potential) as session:
        found = session.minimise(force_tolerance, method, relax_box, max_steps)
        if not found.converged:
            raise RuntimeError(
                f"the minimum kept a force of {found.max_force:.2g}, above {force_tolerance:g}: take a looser "
                "force_tolerance or the other method (cg, fire)"
            )
        return _described(session, potential, found)


def sample_inherent_structures(
    atoms: Atoms,
    potential: Potential | str,
    temperature: float,
    equilibration: float,
    interval: float,
    count: int,
    seed: int,
    timestep: float = 0.002,
    force_tolerance: float = 1e-8,
    progress: bool = False,
) -> list[Atoms]:
    """Minima visited by a liquid or glass held at `temperature` (K or reduced) and constant volume.

    Nose-Hoover dynamics from `atoms` for the time `equilibration`, then `count` structures `interval` apart, each
    minimised; the dynamics goes on from where it was. Times in ps or reduced. Raises as `inherent_structure`.
    """
    potential = get(potential) if isinstance(potential, str) else potential
    steps = [round(equilibration / timestep)] + [round(interval / timestep)] * (count - 1)
    found = []
    with Session(atoms, potential, ordered=False) as session:
        session.thermalise(temperature, seed)
        with tqdm(desc=f"at {temperature:g}", total=sum(steps), unit="step", disable=not progress) as bar:
            for n in steps:
                session.dynamics(n, timestep, f"nvt temp {temperature!r} {temperature!r} {100 * timestep:g}", bar=bar)
                minimum = inherent_structure(session.atoms(), potential, force_tolerance)
                minimum.info |= {"temperature": temperature, "seed": seed}
                found.append(minimum)
    return found
