"""Vibrations of the inherent structures visited at a temperature (floor 3; yang-2021, Fig. 9)."""

from pathlib import Path

import numpy as np
import xarray as xr
from ase import Atoms
from tqdm.auto import tqdm

from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.archive.resume import read_arrays, structure_key, write_arrays
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import Potential, get
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.local_peaks import HIGHEST, LOWEST, WIDTH
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import boson_peak, broadened_reduced_density, cumulative_level, frequency_scale

CUTOFF = 10.0
"""rad/ps: up to here the cumulative level is taken."""


@method("inherent", version=1)
def inherent_spectra(
    atoms, potential, temperatures, equilibration: float, interval: float, count: int, seed: int, folder=None,
    progress: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Spectra of `count` inherent structures at each temperature (K), at the volume of `atoms`.

    A run of its own from `atoms` at each temperature: `equilibration`, then structures `interval` apart (ps), all
    minimised (`glasses.sample_inherent_structures`). Returns, over `temperature` and `sample`: energy above that of
    `atoms` (eV an atom), omega_peak, intensity, interior, level (cumulative), lowest (frequency of the lowest mode);
    over `omega` too: reduced, g / omega^2. Metals only; frequencies in rad/ps. folder: finished temperatures are kept
    there, under a hash of structure, potential and options, so that a run that was killed goes on. Raises ValueError
    for reduced units.
    """
    if potential.units != "metal":
        raise ValueError(f"{potential.name} is in reduced units: these spectra are read on a scale in rad/ps")
    omega = np.linspace(0, 60, 601)[1:]
    names = ("energy", "omega_peak", "intensity", "interior", "level", "lowest", "reduced")
    rows = {name: [] for name in names}
    if folder:
        folder = Path(folder) / structure_key(atoms, potential, equilibration, interval, count)
        folder.mkdir(parents=True, exist_ok=True)
    for number, temperature in enumerate(temperatures):
        path = folder / f"{float(temperature):g}-{seed + number}.npz" if folder else None
        kept = read_arrays(path) if folder else None
        if kept is None:
            found = sample_inherent_structures(
                atoms, potential, float(temperature), equilibration, interval, count, seed + number, progress=progress
            )
            each = [_describe(minimum, atoms, potential, omega) for minimum in found]
            kept = {name: np.array([one[name] for one in each]) for name in names}
            if folder:
                write_arrays(path, **kept)
        for name in names:
            rows[name].append(kept[name])
    table = {name: (("temperature", "sample"), np.array(rows[name])) for name in names[:-1]}
    table["reduced"] = (("temperature", "sample", "omega"), np.array(rows["reduced"], "f4"))
    data = xr.Dataset(table, {"temperature": np.asarray(temperatures, float), "omega": omega})
    for name in ("omega", "omega_peak", "lowest"):
        data[name].attrs["units"] = "rad/ps"
    for name in ("reduced", "intensity", "level"):
        data[name].attrs["units"] = "(rad/ps)^-3"
    data["temperature"].attrs["units"], data["energy"].attrs["units"] = "K", "eV"
    options = {"equilibration": equilibration, "interval": interval, "run_seed": seed, "width": WIDTH}
    return data.assign_attrs(n_atoms=len(atoms), **options)


def _describe(minimum, start, potential, omega) -> dict:
    frequencies = normal_modes(dynamical_matrix(minimum, potential)).omega * frequency_scale("rad/ps")
    reduced = broadened_reduced_density(frequencies, omega, WIDTH)
    # the levels are divided by their own omega^2 already: dimension 1
    peak = boson_peak(omega, reduced, dimension=1, omega_min=LOWEST, omega_max=HIGHEST)
    moving = frequencies[frequencies > 1e-6 * frequencies[-1]]
    energy = (minimum.info["potential_energy"] - start.info["potential_energy"]) / len(start)
    return {
        "energy": energy, "omega_peak": peak.omega, "intensity": peak.intensity, "interior": peak.interior,
        "level": cumulative_level(frequencies, CUTOFF), "lowest": moving[0], "reduced": reduced,
    }  # fmt: skip


def load_inherent_spectra(name: str) -> xr.Dataset:
    """The shipped table of `inherent_spectra` of an archived glass. Raises ValueError for a name without one."""
    return load_result("inherent", name)


def shipped_inherent_spectra() -> list[str]:
    """Names of the glasses whose tables are shipped."""
    return shipped_results("inherent")


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
