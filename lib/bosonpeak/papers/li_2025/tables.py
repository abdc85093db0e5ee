"""Tables of everything that li-2025 asks of one glass: S(Q), B(Q, E) by two routes, densities and local quantities."""

from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.materials.dynamics import Trajectory, thermal_trajectory
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import fluctuations, local_fields
from bosonpeak.scattering import harmonic, trajectories
from bosonpeak.scattering.raman import raman_coupling
from bosonpeak.scattering.wavevectors import ScatteringMap, box_wavevectors, shell_means
from bosonpeak.structure.pair_distribution import first_minimum, pair_distribution
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density, frequency_scale

SEED = 2025
"""Of the random draw of wave vectors and of velocities."""


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
    fields : str
        Local quantities: "none", "main", or "full" with the variants of two of them.

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
    fields: str = "none"

    def __post_init__(self):
        if self.method not in ("modes", "moments") or self.fields not in ("none", "main", "full") or self.waves < 2:
            raise ValueError(f"{self}: method is modes or moments, fields none, main or full, waves 2 at least")
        if self.motion and not (self.motion > 1 and self.temperature > 0 and self.duration > 0):
            raise ValueError(f"{self}: motion needs two waves a shell, a temperature and a duration")
        if self.fields != "none" and not self.motion:
            raise ValueError(f"{self}: fields fluctuate in motion: give a number of waves for it")


@method("scattering", version=1)
def scattering_table(atoms, potential, plan, seed=SEED, progress=False, modes=None, extras=True, folder=None):
    """S(Q), B(Q, E) by the harmonic route and from dynamics, currents, densities and fluctuations of one glass.

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
    extras : bool
        Whether to add the currents and the spectra of the fluctuations of single atoms.
    folder : path-like, optional
        Where the trajectory is kept, so that a run that was killed resumes from it.

    Returns
    -------
    xarray.Dataset
        Dimensions q (shells), energy and field. `structure` is S(Q). B(Q, E) in 1/unit^3, each with its standard error
        `..._error`: `harmonic`, `neutron` (metals, modes), `motion`, and for the momentum `longitudinal` and
        `transverse`. `reduced_density` and `reduced_density_motion` are g / E^2, `raman` (modes) is C(E), `omega` and
        `chi` of each field are Eq. 5 of li-2025 and the spectrum of each atom's own fluctuation.

    Raises
    ------
    ValueError
        As the functions of `scattering.harmonic`, `scattering.trajectories` and `fluctuations`.
    """
    grid = GRIDS[potential.units]
    masses = potential.masses_of(atoms)
    atoms = atoms.copy()
    atoms.set_masses(masses)
    cold = atoms.get_volume()
    if potential.units == "metal" and plan.temperature > 0:
        atoms = trajectories.warm_minimum(atoms, potential, plan.temperature, seed, timestep=grid.timestep)
    if plan.method == "moments":
        modes = None
    elif modes is None:
        modes = normal_modes(dynamical_matrix(atoms, potential))
    solid = dynamical_matrix(atoms, potential, factored=True) if modes is None else modes
    every = box_wavevectors(atoms.cell.array, grid.edges)
    some = box_wavevectors(atoms.cell.array, grid.edges, plan.waves, seed)
    energy, unit = grid.energy, grid.unit
    table = {"structure": ("q", shell_means(harmonic.structure_factor(atoms, every), every)[0])}
    kinds = {"harmonic": ("unit", "longitudinal")}
    if modes is not None and potential.units == "metal" and set(potential.elements) <= set(harmonic.NEUTRON_LENGTHS):
        table["structure_neutron"] = ("q", shell_means(harmonic.structure_factor(atoms, every, "neutron"), every)[0])
        kinds["neutron"] = ("neutron", "longitudinal")
    if modes is not None and extras:
        kinds |= {way: ("mass", way) for way in ("longitudinal", "transverse")}
    for name, (weights, way) in kinds.items():
        found = harmonic.boson_map(solid, atoms, some, energy, grid.width, weights, way, unit, progress)
        table |= _columns(name, found)
    if modes is None:
        density = harmonic.reduced_density_by_moments(solid, masses, energy, grid.width, 32, seed, unit)
    else:
        density = broadened_reduced_density(modes.omega * frequency_scale(unit), energy, grid.width)
    table["reduced_density"] = ("energy", density)
    attributes = {"n_atoms": len(atoms), "volume_ratio": atoms.get_volume() / cold, "unit": unit, "seed_of_waves": seed}
    cutoff = _cutoff(atoms)
    if modes is not None and unit == "meV":
        coupling = np.full(len(energy), np.nan)
        level = modes.omega * frequency_scale(unit)
        # small boxes have gaps between their levels, and none at the ends of the grid
        reached = abs(energy[:, None] - level[level > 1e-6 * level.max()]).min(axis=1) < 3 * grid.width
        coupling[reached] = raman_coupling(modes, atoms, cutoff, energy[reached], grid.width)
        table["raman"] = ("energy", coupling)
    coordinates = {"q": some.q, "energy": energy, "waves": ("q", some.counts), "available": ("q", some.available)}
    if plan.motion:
        moved = box_wavevectors(atoms.cell.array, grid.edges, plan.motion, seed)
        run = _trajectory(atoms, potential, plan, grid, seed, progress, folder)
        found = trajectories.boson_map_of_motion(run, atoms, moved, energy, grid.width, unit=unit, progress=progress)
        table |= _columns("motion", found)
        density = trajectories.reduced_density_of_motion(run, atoms, energy, grid.width, unit)
        table["reduced_density_motion"] = ("energy", density)
        attributes["axis_displacement"] = float(trajectories.axis_displacement(run).mean())
        attributes |= {"measured_temperature": float(run.temperature.mean()), "samples": len(run.time)}
        if plan.fields != "none":
            maps, chi = _fields(run, atoms, cutoff, moved, grid, plan.fields == "full", extras, progress)
            coordinates["field"] = list(maps)
            table["omega"] = (("field", "q", "energy"), _rounded([m.intensity for m in maps.values()]))
            table["omega_error"] = (("field", "q", "energy"), _rounded([m.stderr for m in maps.values()]))
            if extras:
                table["chi"] = (("field", "energy"), np.array(list(chi.values())))
    table = xr.Dataset(table, coordinates, attributes | {"cutoff": cutoff, "width": grid.width} | asdict(plan))
    for name, text in (("q", "1/A" if unit == "meV" else "reduced"), ("energy", unit), ("harmonic", f"{unit}^-3")):
        table[name].attrs["units"] = text
    return table


def _trajectory(atoms, potential, plan, grid, seed, progress, folder) -> Trajectory:
    """Dynamics of the plan, kept in the folder when it is finished."""
    times = plan.temperature, plan.duration, grid.interval, seed, 10.0, grid.timestep
    kept = KeptParts(folder, atoms, potential, *times)
    return Trajectory(**kept.part("trajectory", lambda: vars(thermal_trajectory(atoms, potential, *times, progress))))


def _columns(name, found: ScatteringMap) -> dict:
    both = {name: found.intensity, f"{name}_error": found.stderr}
    return {column: (("q", "energy"), _rounded(values)) for column, values in both.items()}


def _rounded(values) -> np.ndarray:
    """Single precision, to 1e-4 of each value: digits below the speckle would be half of an archived file."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x200) & np.uint32(0xFFFFFC00)).view(np.float32)


def _cutoff(atoms) -> float:
    """First minimum of g(r), within which neighbours count for strain and coordination."""
    spacing = (atoms.get_volume() / len(atoms)) ** (1 / 3)
    found = pair_distribution(atoms, 3 * spacing, spacing / 50)
    return first_minimum(found.r, found.total)


def _fields(run, atoms, cutoff, waves, grid, full, chis, progress):
    """Maps of the fields and, where `chis`, spectra of single atoms; where `full`, also variants of two fields."""

    def spectra(names, geometry, u, tag="", **options):
        fields, seen = local_fields.local_fields(u, geometry, names), (grid.energy, grid.width, grid.unit)
        maps = fluctuations.fluctuation_maps(run, fields, atoms, waves, *seen, progress=progress, **options)
        chi = fluctuations.fluctuation_spectra(fields, grid.interval, *seen) if chis else {}
        return ({f"{name}{tag}": found[name] for name in found} for found in (maps, chi))

    near, u = local_fields.local_geometry(atoms, cutoff), run.displacements
    maps, chi = spectra(local_fields.FIELDS, near, u)
    if full:
        both, shear = ("displacement", "shear"), ("shear",)
        moved = atoms.copy()
        moved.positions += u.mean(axis=0)
        varied = [
            (both, near, u, "at rest", {"moving": False}),
            (both, near, u, "not divided", {"normalise": False}),
            (shear, local_fields.local_geometry(atoms, 1.3 * cutoff), u, "wider", {}),
            (shear, local_fields.local_geometry(moved, cutoff), u - u.mean(axis=0), "mean places", {}),
            (both, near, local_fields.shift_reference(u, 25), "moving reference", {}),
        ]
        for names, geometry, way, tag, options in varied:
            more, more_chi = spectra(names, geometry, way, f", {tag}", **options)
            maps, chi = maps | more, chi | more_chi
    return maps, chi


def table_map(table: xr.Dataset, name: str, field: str | None = None) -> ScatteringMap:
    """A map of a table.

    Parameters
    ----------
    table : xarray.Dataset
        As `scattering_table` gives it.
    name : str
        "harmonic", "neutron", "motion", "longitudinal", "transverse", or "omega" of a field.
    field : str, optional
        Name of the local quantity, for "omega" only.

    Raises
    ------
    ValueError
        If the table has no such map or field.
    """
    known = [str(n) for n in table.data_vars if f"{n}_error" in table]
    if name not in known or (name == "omega") != (field is not None):
        glass = table.attrs.get("name", "this glass")
        raise ValueError(f"the table of {glass} has no map {name!r}: {', '.join(known)}")
    values, errors = table[name], table[f"{name}_error"]
    if field is not None:
        if field not in table.field.values:
            raise ValueError(f"the table has no field {field!r}: it has {', '.join(map(str, table.field.values))}")
        values, errors = values.sel(field=field), errors.sel(field=field)
    counts = table.waves.values
    if name in ("motion", "omega"):
        counts = np.minimum(table.available.values, table.attrs["motion"])
    values, errors = values.values.astype(float), errors.values.astype(float)
    return ScatteringMap(table.q.values, table.energy.values, values, errors, counts, table.attrs["unit"])


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
