"""Tables of S(Q), of B(Q, E) by two routes, and of densities of states of one glass (li-2025, Figs. 1 to 3)."""

from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.materials.dynamics import Trajectory, thermal_trajectory
from bosonpeak.materials.potentials import get
from bosonpeak.scattering import harmonic, trajectories
from bosonpeak.scattering.wavevectors import ScatteringMap, box_wavevectors, shell_means
from bosonpeak.structure.pair_distribution import first_minimum, pair_distribution
from bosonpeak.units import MEV
from bosonpeak.vibrations.debye import KELVIN
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density, frequency_scale

SEED = 2025
"""Of the random draw of wave vectors and of velocities."""


INCOHERENT = 4.5
"""Wave vector in 1/A above which the mean of B over Q holds no interference between atoms."""


@dataclass(frozen=True)
class Grid:
    """Shells of Q, energies, and how motion is sampled.

    Attributes
    ----------
    edges : array, shape (B + 1,)
        Edges of the shells of |Q|, in 1/A or reduced.
    energy : array, shape (E,)
        Energies from one step above 0, in `unit`.
    width : float
        Standard deviation of the Gaussian kernel, in `unit`.
    interval, timestep : float
        Time between samples of a trajectory and time step of the dynamics, in ps or reduced.
    unit : str
        "meV" or "reduced".
    """

    edges: np.ndarray
    energy: np.ndarray
    width: float
    interval: float
    timestep: float
    unit: str


GRIDS = {
    "metal": Grid(np.arange(0.3, 8.65, 0.1), np.arange(1, 181) * 0.25, 0.4, 0.02, 0.002, "meV"),
    "lj": Grid(np.arange(0.75, 23.625, 0.25), np.arange(1, 181) * 0.15, 0.35, 0.05, 0.005, "reduced"),
}
"""Grids by the units of the potential. A shell is as narrow as the finest detail of S(Q) demands. The kernel is as wide
as the distance between the first phonons of these boxes."""


@dataclass(frozen=True)
class Plan:
    """What is computed of a glass.

    Attributes
    ----------
    method : str
        "modes" (all normal modes, by diagonalisation) or "moments" (Chebyshev series, for large boxes).
    waves : int
        Wave vectors per shell of the harmonic route.
    motion : int
        Wave vectors per shell of the dynamics; 0 for no dynamics.
    temperature, duration : float
        Of the dynamics, in K and ps or reduced.

    Raises
    ------
    ValueError
        For other words or numbers.
    """

    method: str
    waves: int
    motion: int = 0
    temperature: float = 0.0
    duration: float = 0.0

    def __post_init__(self):
        if self.method not in ("modes", "moments") or self.waves < 2:
            raise ValueError(f"{self}: the method is modes or moments, and waves are 2 at least")
        if self.motion and not (self.motion > 1 and self.temperature > 0 and self.duration > 0):
            raise ValueError(f"{self}: motion needs two waves per shell, a temperature and a duration")


@method("scattering", version=1)
def scattering_table(atoms, potential, plan, seed=SEED, progress=False, modes=None, folder=None):
    """S(Q), B(Q, E) by the harmonic route and from dynamics, and densities of states of one glass.

    Parameters
    ----------
    atoms : ase.Atoms
        At a minimum of the energy. A metal is first brought to its volume at plan.temperature and zero pressure, if
        the plan names a temperature.
    potential : Potential
    plan : Plan
    seed : int
        Of the wave vectors and the velocities.
    progress : bool
        Whether to show progress bars.
    modes : Modes, optional
        All normal modes of `atoms`, if they are known; not for a metal that is brought to another volume.
    folder : path-like, optional
        Where the trajectory is kept, so that a run that was killed resumes from it.

    Returns
    -------
    xarray.Dataset
        Dimensions q (shells) and energy. `structure` is S(Q). B(Q, E) in 1/unit^3, each with its standard error
        `..._error`: `harmonic` and `motion`. `reduced_density` and `reduced_density_motion` are g / E^2.

    Raises
    ------
    ValueError
        As the functions of `scattering.harmonic` and `scattering.trajectories`.
    """
    grid = GRIDS[potential.units]
    atoms, cold = atoms.copy(), atoms.get_volume()
    atoms.set_masses(potential.masses_of(atoms))
    if potential.units == "metal" and plan.temperature > 0:
        atoms = warm_glass(atoms, potential, plan.temperature, seed, folder)
    if plan.method == "moments":
        modes = None
    elif modes is None:
        modes = normal_modes(dynamical_matrix(atoms, potential))
    solid = dynamical_matrix(atoms, potential, factored=True) if modes is None else modes
    every, some = (box_wavevectors(atoms.cell.array, grid.edges, count, seed) for count in (None, plan.waves))
    seen, unit = (grid.energy, grid.width), grid.unit
    table = {"structure": ("q", shell_means(harmonic.structure_factor(atoms, every), every)[0])}
    table |= columns("harmonic", harmonic.boson_map(solid, atoms, some, *seen, unit=unit, progress=progress))
    if modes is None:
        density = harmonic.reduced_density_by_moments(solid, atoms.get_masses(), *seen, 32, seed, unit)
    else:
        density = broadened_reduced_density(modes.omega * frequency_scale(unit), *seen)
    table["reduced_density"] = ("energy", density)
    attributes = {"n_atoms": len(atoms), "volume_ratio": atoms.get_volume() / cold, "unit": unit, "seed_of_waves": seed}
    if plan.motion:
        moved = box_wavevectors(atoms.cell.array, grid.edges, plan.motion, seed)
        run = trajectory(atoms, potential, plan.temperature, plan.duration, seed, progress, folder)
        table |= columns(
            "motion", trajectories.boson_map_of_motion(run, atoms, moved, *seen, unit=unit, progress=progress)
        )
        table["reduced_density_motion"] = ("energy", trajectories.reduced_density_of_motion(run, atoms, *seen, unit))
        attributes["axis_displacement"] = float(trajectories.axis_displacement(run).mean())
        attributes |= {"measured_temperature": float(run.temperature.mean()), "samples": len(run.time)}
    coordinates = {"q": some.q, "energy": grid.energy, "waves": ("q", some.counts), "available": ("q", some.available)}
    table = xr.Dataset(table, coordinates, attributes | {"width": grid.width} | asdict(plan))
    for name, text in (("q", "1/A" if unit == "meV" else "reduced"), ("energy", unit), ("harmonic", f"{unit}^-3")):
        table[name].attrs["units"] = text
    return table


def warm_glass(atoms, potential, temperature: float, seed: int, folder=None):
    """The `trajectories.warm_minimum` of a metal, kept in the folder as the dynamics that start from it are."""
    step = GRIDS[potential.units].timestep

    def made():
        warm = trajectories.warm_minimum(atoms, potential, temperature, seed, timestep=step)
        return {"cell": warm.cell.array, "positions": warm.positions}

    part, warm = KeptParts(folder, atoms, potential, temperature, seed, step).part("warm", made), atoms.copy()
    warm.set_cell(part["cell"])
    warm.positions = part["positions"]
    return warm


def trajectory(atoms, potential, temperature, duration, seed, progress=False, folder=None) -> Trajectory:
    """Dynamics of a glass from its minimum, sampled as its grid says, and kept in the folder when it is finished."""
    grid = GRIDS[potential.units]
    times = temperature, duration, grid.interval, seed, 10.0, grid.timestep
    kept = KeptParts(folder, atoms, potential, *times)
    return Trajectory(**kept.part("trajectory", lambda: vars(thermal_trajectory(atoms, potential, *times, progress))))


def columns(name: str, found: ScatteringMap) -> dict:
    """A map and its standard error as two variables of a dataset."""
    both = {name: found.intensity, f"{name}_error": found.stderr}
    return {column: (("q", "energy"), rounded(values)) for column, values in both.items()}


def rounded(values) -> np.ndarray:
    """Single precision, to 1e-4 of each value: digits below the speckle would be half of an archived file."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x200) & np.uint32(0xFFFFFC00)).view(np.float32)


def neighbour_cutoff(atoms) -> float:
    """First minimum of g(r), within which neighbours count for strain and coordination."""
    spacing = (atoms.get_volume() / len(atoms)) ** (1 / 3)
    found = pair_distribution(atoms, 3 * spacing, spacing / 50)
    return first_minimum(found.r, found.total)


def table_map(table: xr.Dataset, name: str) -> ScatteringMap:
    """A map of a table.

    Parameters
    ----------
    table : xarray.Dataset
        As `scattering_table` or `spectra.spectra` gives it.
    name : str
        Such as "harmonic", "motion", "neutron", "longitudinal" or "transverse".

    Raises
    ------
    ValueError
        If the table has no such map.
    """
    known = [str(n) for n in table.data_vars if f"{n}_error" in table]
    if name not in known:
        glass = table.attrs.get("name", "this glass")
        raise ValueError(f"the table of {glass} has no map {name!r}: it has {', '.join(known)}")
    counts = table.waves.values
    if name == "motion":
        counts = np.minimum(table.available.values, table.attrs["motion"])
    values, errors = (table[column].values.astype(float) for column in (name, f"{name}_error"))
    return ScatteringMap(table.q.values, table.energy.values, values, errors, counts, table.attrs["unit"])


def vibrational(table: xr.Dataset) -> xr.Dataset:
    """A table of a metal whose map of the motion is freed from the Debye-Waller factor of the vibrations alone.

    Eq. 1 of li-2025 takes u^2 for the vibrational mean square displacement. Over a whole run u^2 also holds jumps of a
    few atoms, which raise the mean and hardly change what all others scatter. The u^2 of the harmonic vibrations, which
    are classical as the dynamics is, is hbar^2 k_B T <1/m> int B dE with the B of `incoherent`. With g / E^2 in its
    place it would be a tenth too large for this alloy: slow modes move atoms alike, so heavy atoms hold most of g.

    Parameters
    ----------
    table : xarray.Dataset
        As `scattering_table` makes it, with the attribute `name` of an archived glass, in meV.

    Returns
    -------
    xarray.Dataset
        The same, where `axis_displacement` in A^2 is that of the vibrations, and `whole_displacement` that of the run;
        unchanged without motion.
    """
    if "motion" not in table:
        return table
    whole = incoherent(table).sum() * float(table.energy[1] - table.energy[0])
    # MEV^2 / 1000 is hbar^2 in meV A^2 amu
    u2 = float(MEV**2 / 1000 * inverse_mass(table) * table.attrs["temperature"] / KELVIN["meV"] * whole)
    factor = np.exp(table.q**2 * (u2 - table.attrs["axis_displacement"]))
    known = {"axis_displacement": u2, "whole_displacement": table.attrs["axis_displacement"]}
    return table.assign({x: table[x] * factor for x in ("motion", "motion_error")}).assign_attrs(known)


def incoherent(table: xr.Dataset) -> np.ndarray:
    """B in 1/meV^3 without interference between atoms, (E,): g / E^2 in which an atom counts as its 1 / m.

    It is the mean of the harmonic B over the wave vectors above `INCOHERENT`, where S(Q) oscillates about 1.
    """
    taken = (table.q.values >= INCOHERENT) & (table.waves.values > 0)
    return table.harmonic.values[taken].astype(float).mean(axis=0)


def inverse_mass(table: xr.Dataset) -> float:
    """<1/m> in 1/amu of the glass of a table."""
    return float(np.mean(1 / load(table.attrs["name"]).get_masses()))


def computed_table(glass: str, plan: Plan, progress: bool = False, **options) -> xr.Dataset:
    """The `scattering_table` of an archived glass, computed here and now.

    Parameters
    ----------
    glass : str
        Name of the glass in `archive.glasses`.
    plan : Plan
        What is computed.
    progress : bool
        Whether to show progress bars.
    **options
        Further keywords of `scattering_table`.

    Returns
    -------
    xarray.Dataset
        With the attributes `name` and `seed` of the glass.

    Raises
    ------
    ValueError
        If no glass has this name; otherwise as `scattering_table`.
    """
    atoms = load(glass)
    table = scattering_table(atoms, get(atoms.info["recipe"]["potential"]), plan, progress=progress, **options)
    return table.assign_attrs(name=glass, seed=atoms.info["recipe"]["seed"])
