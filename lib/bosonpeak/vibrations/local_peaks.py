"""The boson peak of single atoms, I_BP^i = max g_i / omega^2 (yang-2021, Sec. 2.2), with modes or without."""

from functools import partial

import numpy as np
import xarray as xr
from tqdm.auto import tqdm

from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.materials.geometry import whole_numbers
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes
from bosonpeak.vibrations.peaks import METAL, atomic_density_of_states, boson_peak
from bosonpeak.vibrations.spectra import atomic_spectrum, translations

WIDTH, LOWEST, HIGHEST = METAL.width, METAL.lowest, METAL.highest
_GRID = np.linspace(1.5, METAL.highest + 0.5, 141)
_CHUNK = 64


def _index(index, atoms, potential) -> np.ndarray:
    if potential.units != "metal":
        raise ValueError(f"{potential.name} is in reduced units: these peaks are read in rad/ps, choose a metal")
    index = whole_numbers(index, "index")
    if not len(index) or index.min() < 0 or index.max() >= len(atoms):
        raise ValueError(f"index must lie in 0..{len(atoms) - 1}")
    return index


def peaks_by_modes(modes: Modes, width: float = WIDTH) -> tuple[np.ndarray, np.ndarray]:
    """I_BP^i of all atoms from modes, each level a Gaussian.

    Parameters
    ----------
    modes : Modes
        Of a metal: all, or the lowest up to three widths above METAL.highest.
    width : float
        Standard deviation of the Gaussian, in rad/ps.

    Returns
    -------
    intensity : array, shape (N,)
        In (rad/ps)^-3.
    omega : array, shape (N,)
        In rad/ps.

    Raises
    ------
    ValueError
        As `peaks.atomic_density_of_states`.
    """
    g = atomic_density_of_states(modes, _GRID, width, unit="rad/ps")
    found = boson_peak(_GRID, g, omega_min=METAL.lowest, omega_max=METAL.highest)
    return found.intensity, found.omega


def peaks_by_moments(
    atoms, potential, index, width: float = WIDTH, folder=None, progress: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The same of chosen atoms by Chebyshev moments, without a mode; the kernel has this width at omega = 0.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : Potential
    index : array of int, shape (n,)
        Which atoms.
    width : float
        In rad/ps.
    folder : path-like, optional
        Finished chunks of atoms are kept there, under a hash of structure, potential, width and atoms, so that a run
        that was killed resumes.
    progress : bool

    Returns
    -------
    intensity, omega : array, shape (n,)
        As `peaks_by_modes`.

    Raises
    ------
    ValueError
        As `spectra.atomic_spectrum`.
    """
    potential = get(potential)
    index, found = _index(index, atoms, potential), []
    D = dynamical_matrix(atoms, potential, factored=True)
    rest = translations(len(atoms), 3, potential.masses_of(atoms))
    parts = KeptParts(folder, atoms, potential, width, index.tolist())

    def read_peaks(chunk):
        spectrum = atomic_spectrum(D, chunk, _GRID, resolution=width, project_out=rest, unit="rad/ps")
        peak = boson_peak(_GRID, spectrum.g, omega_min=METAL.lowest, omega_max=METAL.highest)
        return {"intensity": peak.intensity, "omega": peak.omega}

    with tqdm(desc="local densities", total=len(index), unit="atom", disable=not progress) as bar:
        for start in range(0, len(index), _CHUNK):
            chunk = index[start : start + _CHUNK]
            kept = parts.part(f"atoms-{start:05d}", partial(read_peaks, chunk))
            found.append((kept["intensity"], kept["omega"]))
            bar.update(len(chunk))
    intensity, omega = np.concatenate(found, axis=1)
    return intensity, omega


@method("local", version=1)
def local_peak_table(
    atoms, potential, index, route: str = "moments", folder=None, progress: bool = False
) -> xr.Dataset:
    """Boson peaks of chosen atoms of one glass, as the table that the workflow archives.

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum of the potential energy, periodic in three directions.
    potential : materials.potentials.Potential
        Of a metal.
    index : array of int, shape (n,)
        Which atoms.
    route : str
        "modes": all modes of the glass are computed, by dense diagonalisation. "moments": Chebyshev moments of each
        atom, without a mode.
    folder, progress
        Of `peaks_by_moments`.

    Returns
    -------
    xarray.Dataset
        Over `atom` (the index): `intensity`, the maximum of g_i / omega^2 in (rad/ps)^-3, and `omega_peak` in rad/ps.

    Raises
    ------
    ValueError
        For another route, and as `peaks_by_modes` and `peaks_by_moments`.
    """
    potential = get(potential)
    if route not in ("modes", "moments"):
        raise ValueError(f"unknown route {route!r} to the peaks of single atoms: choose modes or moments")
    index = _index(index, atoms, potential)
    if route == "modes":
        found = peaks_by_modes(normal_modes(dynamical_matrix(atoms, potential)))
        intensity, omega = (values[index] for values in found)
    else:
        intensity, omega = peaks_by_moments(atoms, potential, index, folder=folder, progress=progress)
    return xr.Dataset(
        {
            "intensity": ("atom", intensity, {"units": "(rad/ps)^-3"}),
            "omega_peak": ("atom", omega, {"units": "rad/ps"}),
        },
        {"atom": index},
        {"n_atoms": len(atoms), "method": route, "width": WIDTH},
    )
