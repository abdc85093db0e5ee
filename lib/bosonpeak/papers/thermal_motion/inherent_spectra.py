"""Vibrations of the inherent structures that a glass visits at a temperature (yang-2021, Fig. 9).

Frequencies are angular frequencies omega in rad/ps, temperatures are in K and times in ps.
"""

import numpy as np
import xarray as xr
from ase import Atoms
from tqdm.auto import tqdm

from bosonpeak.archive import methods, resume
from bosonpeak.materials import glasses, lammps
from bosonpeak.vibrations import hessian, modes
from bosonpeak.vibrations.peaks import METAL, cumulative_level, frequency_scale

CUTOFF = 10.0
"""rad/ps: up to here the cumulative level is taken."""
_ATTRIBUTES = {name: {"units": "rad/ps"} for name in ("omega_peak", "lowest")} | {"energy": {"units": "eV"}}
_ATTRIBUTES |= {name: {"units": "(rad/ps)^-3"} for name in ("reduced", "intensity", "level")}


@methods.method("inherent", version=1)
def inherent_spectra(
    atoms, potential, temperatures, equilibration: float, interval: float, count: int, seed: int, folder=None,
    progress: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Spectra of inherent structures at several temperatures, at the volume of a glass.

    A run of its own starts from the glass at each temperature.

    Parameters
    ----------
    atoms : ase.Atoms
        The glass, a minimum of N atoms.
    potential : Potential
        Of a metal.
    temperatures : list of float
    equilibration, interval : float
        Time before the first structure and between structures.
    count : int
        Structures at each temperature.
    seed : int
        Of the velocities at the first temperature; each further one has the next seed.
    folder : path-like, optional
        Where finished temperatures are kept, so that a run that was killed resumes.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    xarray.Dataset
        Over `temperature` and `sample`: energy above that of the glass, in eV per atom; omega_peak and intensity, place
        and height of the boson peak of g / omega^2; interior, whether it is a maximum inside the range of search;
        level, the cumulative one up to CUTOFF; lowest, the frequency of the slowest mode. Over `omega` too: reduced,
        g / omega^2.

    Raises
    ------
    ValueError
        If the potential has reduced units.
    """
    if potential.units != "metal":
        raise ValueError(f"{potential.name} is in reduced units: these spectra need a potential of a metal, in rad/ps")
    omega = np.linspace(0, 60, 601)[1:]
    kept = resume.KeptParts(folder, atoms, potential, equilibration, interval, count)

    def run(kelvin, run_seed):
        options = kelvin, equilibration, interval, count, run_seed
        found = sample_inherent_structures(atoms, potential, *options, progress=progress)
        each = [_describe(minimum, atoms, potential, omega) for minimum in found]
        return {name: [one[name] for one in each] for name in each[0]}

    runs = [(float(kelvin), seed + number) for number, kelvin in enumerate(temperatures)]
    parts = [kept.part(f"{pair[0]:g}-{pair[1]}", lambda pair=pair: run(*pair)) for pair in runs]
    rows = {name: np.array([part[name] for part in parts]) for name in parts[0]}
    rows["reduced"] = rows["reduced"].astype("f4")
    axes = ("temperature", np.asarray(temperatures, float), {"units": "K"}), ("omega", omega, {"units": "rad/ps"})
    dimensions = "temperature", "sample", "omega"
    table = {name: (dimensions[: one.ndim], one, _ATTRIBUTES.get(name)) for name, one in rows.items()}
    options = {"equilibration": equilibration, "interval": interval, "run_seed": seed, "width": METAL.width}
    return xr.Dataset(table, {axis[0]: axis for axis in axes}, {"n_atoms": len(atoms)} | options)


def _describe(minimum, start, potential, omega) -> dict:
    # frequencies without modes, which would cost four times as much
    (root,) = modes.frequencies([hessian.dynamical_matrix(minimum, potential)], workers=1)
    every = root * frequency_scale("rad/ps")
    peak, reduced = METAL.of_levels(every, omega)
    energy = (minimum.info["potential_energy"] - start.info["potential_energy"]) / len(start)
    return {
        "energy": energy, "omega_peak": peak.omega, "intensity": peak.intensity, "interior": peak.interior,
        "level": cumulative_level(every, CUTOFF), "lowest": every[every > 1e-6 * every[-1]][0], "reduced": reduced,
    }  # fmt: skip


def sample_inherent_structures(
    atoms: Atoms, potential, temperature: float, equilibration: float, interval: float, count: int, seed: int,
    timestep: float = 0.002, force_tolerance: float = 1e-8, progress: bool = False,
) -> list[Atoms]:  # fmt: skip
    """Minima that a liquid or glass visits at constant temperature (Nose-Hoover) and volume.

    Parameters
    ----------
    atoms : ase.Atoms
        The start.
    potential : Potential
    temperature : float
        In K or reduced.
    equilibration, interval : float
        Time before the first structure and between structures, in ps or reduced.
    count, seed : int
        Number of structures, and seed of the velocities.
    timestep : float
    force_tolerance : float
        Largest component of a force that a minimum may keep, in eV/A or reduced.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    list of ase.Atoms
        The minima; the dynamics resumes each time from where it was.

    Raises
    ------
    RuntimeError
        As `materials.glasses.inherent_structure`.
    """
    steps, found = [round(equilibration / timestep)] + [round(interval / timestep)] * (count - 1), []
    ensemble = f"nvt temp {temperature!r} {temperature!r} {100 * timestep:g}"
    with lammps.Session(atoms, potential, ordered=False) as session:
        session.thermalise(temperature, seed)
        with tqdm(desc=f"at {temperature:g}", total=sum(steps), unit="step", disable=not progress) as bar:
            for n in steps:
                session.dynamics(n, timestep, ensemble, bar=bar)
                minimum = glasses.inherent_structure(session.atoms(), potential, force_tolerance)
                minimum.info |= {"temperature": temperature, "seed": seed}
                found.append(minimum)
    return found


def compare_temperatures(tables) -> xr.Dataset:
    """Inherent structures at several temperatures, means over the structures of one run (yang-2021, Fig. 9).

    Parameters
    ----------
    tables : list of xarray.Dataset
        Of `inherent_spectra`, one per glass, all with the same temperatures in K and numbers of structures.

    Returns
    -------
    xarray.Dataset
        Over `glass` and `temperature`: intensity, the height of the boson peak, omega_peak, its place, and energy per
        atom in eV. Over `glass`: rise and shift, height and place at the highest temperature over those at the lowest;
        share of the rise above 650 K, and even, that of a rise that is the same at every kelvin; same_rise and
        same_shift, of two halves of the structures of the lowest temperature; energy_top, at the highest.
    """
    every = xr.concat([t[["intensity", "omega_peak", "energy"]] for t in tables], "glass", combine_attrs="drop")
    mean = every.mean("sample").assign(kelvin=every.temperature)
    cold, middle, warm = (mean.isel(temperature=k) for k in (0, abs(mean.temperature.values - 650).argmin(), -1))
    half, other = (every.isel(temperature=0, sample=slice(start, None, 2)).mean("sample") for start in (0, 1))
    ratio, same, share = warm / cold, half / other, (warm - middle) / (warm - cold)
    found = {"rise": ratio.intensity, "shift": ratio.omega_peak, "share": share.intensity, "even": share.kelvin}
    found |= {"same_rise": same.intensity, "same_shift": same.omega_peak, "energy_top": warm.energy}
    return mean.assign({name: values.drop_vars("temperature", errors="ignore") for name, values in found.items()})
