"""All that li-2025 asks of one glass in one table, computed here or shipped with the book (floor 5)."""

from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr
from ase import Atoms

from bosonpeak.archive.glasses import load
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, shipped_results
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
"""Of the wave vectors and the velocities."""
VARIANTS = {
    "at rest": "atoms do not move in the phase",
    "not divided": "not divided by phi(Q, 0)",
    "wider": "neighbours within 1.3 cutoffs",
    "mean places": "reference: the mean places of the atoms",
    "moving reference": "reference: the atoms 25 samples before",
}
"""What is varied of "displacement" and "shear" in a full table, where it applies."""


@dataclass(frozen=True)
class Grid:
    """Shells of Q (1/A or reduced), energies and their kernel (meV or reduced), sampling of motion (ps or reduced)."""

    q_first: float
    q_last: float
    q_step: float
    energy_last: float
    energy_step: float
    width: float
    interval: float
    timestep: float
    unit: str

    @property
    def edges(self) -> np.ndarray:
        return np.arange(self.q_first, self.q_last + 0.5 * self.q_step, self.q_step)

    @property
    def energy(self) -> np.ndarray:
        return np.arange(1, round(self.energy_last / self.energy_step) + 1) * self.energy_step


GRIDS = {
    "metal": Grid(0.3, 8.6, 0.1, 45.0, 0.25, 0.4, 0.02, 0.002, "meV"),
    "lj": Grid(0.75, 23.5, 0.25, 27.0, 0.15, 0.35, 0.05, 0.005, "reduced"),
}
"""By the units of the potential. A shell is as narrow as the finest detail of S(Q) asks for; the kernel as wide as the
first phonons of these boxes lie apart."""


@dataclass(frozen=True)
class Plan:
    """What is computed. method: "modes" (all, by diagonalisation) or "moments"; waves: wave vectors a shell; motion:
    those of the dynamics, 0 for none; temperature and duration of it, K and ps or reduced; fields: "none", "main" or
    "full", with the variants. Raises ValueError for other words or numbers."""

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
def scattering_table(atoms: Atoms, potential, plan: Plan, seed: int = SEED, progress: bool = False) -> xr.Dataset:
    """S(Q), B(Q, E) by the harmonic route and from dynamics, currents, densities and fluctuations of one glass.

    A metal is first brought to its volume at plan.temperature and zero pressure, where there is one. Dimensions: q
    (shells), energy, field. harmonic, harmonic_error, neutron (metals, modes), motion, motion_error: B(Q, E) in
    1/unit^3; longitudinal, transverse: those of the momentum; reduced_density, reduced_density_motion: g / E^2;
    raman (modes): C(E); omega, chi (field): Eq. 5 and its Q-integral. Raises as the functions of `harmonic`,
    `trajectories` and `fluctuations`.
    """
    grid = GRIDS[potential.units]
    masses = potential.masses_of(atoms)
    atoms = atoms.copy()
    atoms.set_masses(masses)
    cold = atoms.get_volume()
    if potential.units == "metal" and plan.temperature > 0:
        atoms = trajectories.warm_minimum(atoms, potential, plan.temperature, seed, timestep=grid.timestep)
    D = dynamical_matrix(atoms, potential, factored=plan.method == "moments")
    modes = normal_modes(D) if plan.method == "modes" else None
    every = box_wavevectors(atoms.cell.array, grid.edges)
    some = box_wavevectors(atoms.cell.array, grid.edges, plan.waves, seed)
    energy, unit = grid.energy, grid.unit
    table = {"structure": ("q", shell_means(harmonic.structure_factor(atoms, every), every)[0])}
    kinds = {"harmonic": ("unit", "longitudinal")}
    if modes is not None and potential.units == "metal" and set(potential.elements) <= set(harmonic.NEUTRON_LENGTHS):
        table["structure_neutron"] = ("q", shell_means(harmonic.structure_factor(atoms, every, "neutron"), every)[0])
        kinds["neutron"] = ("neutron", "longitudinal")
    if modes is not None:
        kinds |= {way: ("mass", way) for way in ("longitudinal", "transverse")}
    for name, (weights, way) in kinds.items():
        found = harmonic.boson_map(modes or D, atoms, some, energy, grid.width, weights, way, unit, progress)
        table |= _columns(name, found)
    table["reduced_density"] = ("energy", _reduced_density(modes, D, masses, grid, seed))
    attributes = {"n_atoms": len(atoms), "volume_ratio": atoms.get_volume() / cold, "unit": unit, "seed_of_waves": seed}
    cutoff = _cutoff(atoms)
    if modes is not None and unit == "meV":
        coupling = np.full(len(energy), np.nan)
        level = modes.omega * frequency_scale(unit)
        # small boxes have gaps, and nothing at the ends of the grid
        reached = abs(energy[:, None] - level[level > 1e-6 * level.max()]).min(axis=1) < 3 * grid.width
        coupling[reached] = raman_coupling(modes, atoms, cutoff, energy[reached], grid.width)
        table["raman"] = ("energy", coupling)
    coordinates = {"q": some.q, "energy": energy, "waves": ("q", some.counts), "available": ("q", some.available)}
    if plan.motion:
        moved = box_wavevectors(atoms.cell.array, grid.edges, plan.motion, seed)
        run = trajectories.thermal_trajectory(
            atoms, potential, plan.temperature, plan.duration, grid.interval, seed, timestep=grid.timestep,
            progress=progress,
        )  # fmt: skip
        table |= _columns(
            "motion",
            trajectories.boson_map_of_motion(run, atoms, moved, energy, grid.width, unit=unit, progress=progress),
        )
        density = trajectories.reduced_density_of_motion(run, atoms, energy, grid.width, unit)
        table["reduced_density_motion"] = ("energy", density)
        attributes |= {
            "axis_displacement": float(trajectories.axis_displacement(run).mean()),
            "measured_temperature": float(run.temperature.mean()),
            "samples": len(run.time),
        }
        if plan.fields != "none":
            maps, chi = _fields(run, atoms, cutoff, moved, grid, plan.fields == "full", progress)
            coordinates["field"] = list(maps)
            table["omega"] = (("field", "q", "energy"), _rounded([m.intensity for m in maps.values()]))
            table["omega_error"] = (("field", "q", "energy"), _rounded([m.stderr for m in maps.values()]))
            table["chi"] = (("field", "energy"), np.array([chi[name] for name in maps]))
    table = xr.Dataset(table, coordinates, attributes | {"cutoff": cutoff, "width": grid.width} | asdict(plan))
    units = {"q": "1/A" if unit == "meV" else "reduced", "energy": unit, "harmonic": f"{unit}^-3"}
    for name, text in units.items():
        table[name].attrs["units"] = text
    return table


def _columns(name, found: ScatteringMap) -> dict:
    return {
        name: (("q", "energy"), _rounded(found.intensity)),
        f"{name}_error": (("q", "energy"), _rounded(found.stderr)),
    }


def _rounded(values) -> np.ndarray:
    """Single precision to 1e-4 of each value: what is noise below the speckle would be half of a shipped file."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x200) & np.uint32(0xFFFFFC00)).view(np.float32)


def _reduced_density(modes, D, masses, grid, seed):
    if modes is not None:
        return broadened_reduced_density(modes.omega * frequency_scale(grid.unit), grid.energy, grid.width)
    return harmonic.reduced_density_by_moments(D, masses, grid.energy, grid.width, 32, seed, grid.unit)


def _cutoff(atoms) -> float:
    """First minimum of g(r): the neighbours of strain and coordination."""
    spacing = (atoms.get_volume() / len(atoms)) ** (1 / 3)
    found = pair_distribution(atoms, 3 * spacing, spacing / 50)
    return first_minimum(found.r, found.total)


def _fields(run, atoms, cutoff, waves, grid, full, progress):
    """Maps and spectra of the fields, and of the variants of two of them."""

    def spectra(names, geometry, u, tag="", **options):
        fields = local_fields.local_fields(u, geometry, names)
        maps = fluctuations.fluctuation_maps(
            run, fields, atoms, waves, grid.energy, grid.width, grid.unit, progress=progress, **options
        )
        chi = fluctuations.fluctuation_spectra(fields, grid.interval, grid.energy, grid.width, grid.unit)
        return {f"{name}{tag}": m for name, m in maps.items()}, {f"{name}{tag}": chi[name] for name in fields}

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
    """A map of a table: "harmonic", "neutron", "motion", "longitudinal", "transverse", or "omega" of a field.

    Raises ValueError for one that the table does not have.
    """
    known = [str(n) for n in table.data_vars if f"{n}_error" in table]
    if name not in known or (name == "omega") != (field is not None):
        raise ValueError(
            f"the table of {table.attrs.get('name', 'this glass')} has no map {name!r}: {', '.join(known)}"
        )
    values, errors = table[name], table[f"{name}_error"]
    if field is not None:
        if field not in table.field.values:
            raise ValueError(f"no field {field!r}: there is {', '.join(map(str, table.field.values))}")
        values, errors = values.sel(field=field), errors.sel(field=field)
    counts = table.waves.values if "motion" not in name and name != "omega" else np.minimum(
        table.available.values, table.attrs["motion"]
    )  # fmt: skip
    return ScatteringMap(
        table.q.values, table.energy.values, values.values.astype(float), errors.values.astype(float), counts,
        table.attrs["unit"],
    )  # fmt: skip


def scattering_of(glass: str, archived: bool = True, plan: Plan | None = None, **options) -> xr.Dataset:
    """The shipped table of an archived glass, or, with archived=False, `scattering_table` of it here and now.

    Raises ValueError for an unknown glass, one whose table is not shipped, or no plan of what to compute.
    """
    if archived:
        return load_result("scattering", glass)
    if plan is None:
        raise ValueError(f"what is to be computed of {glass}? give a Plan, or take the shipped table")
    atoms = load(glass)
    table = scattering_table(atoms, get(atoms.info["recipe"]["potential"]), plan, **options)
    return table.assign_attrs(name=glass, seed=atoms.info["recipe"]["seed"])


def shipped_scattering() -> list[str]:
    """Names of the glasses whose tables are shipped."""
    return shipped_results("scattering")
