"""The boson peak of single atoms, I_BP^i = max g_i / omega^2 (floor 3; yang-2021, Sec. 2.2), with modes or without."""

from pathlib import Path

import numpy as np
import xarray as xr
from tqdm.auto import tqdm

from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import read_arrays, structure_key, write_arrays
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes
from bosonpeak.vibrations.peaks import atomic_density_of_states, boson_peak
from bosonpeak.vibrations.spectra import atomic_spectrum, translations

WIDTH, LOWEST, HIGHEST = 1.0, 2.0, 15.0
"""Standard deviation under which metals' peaks are read, and the range they are looked for in; rad/ps. Atoms have few
levels in the peak: a narrower kernel counts these, and below two widths omega^2 divides what leaks from above."""
_GRID = np.linspace(1.5, HIGHEST + 0.5, 141)
_CHUNK = 64


def peaks_by_modes(modes: Modes, width: float = WIDTH) -> tuple[np.ndarray, np.ndarray]:
    """I_BP^i and its omega, (N,) each, in (rad/ps)^-3 and rad/ps: each level a Gaussian of `width`.

    modes: of a metal, all, or the lowest up to HIGHEST and three widths. Raises as `peaks.atomic_density_of_states`.
    """
    g = atomic_density_of_states(modes, _GRID, width, unit="rad/ps")
    found = boson_peak(_GRID, g, omega_min=LOWEST, omega_max=HIGHEST)
    return found.intensity, found.omega


def peaks_by_moments(
    atoms, potential, index, width: float = WIDTH, folder=None, progress: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The same of the atoms `index` by Chebyshev moments, without a mode: the kernel has this `width` at omega = 0.

    folder: finished chunks of atoms are kept there, under a hash of structure, potential, width and atoms, so that a
    run that was killed goes on. progress: a bar. Raises as `spectra.atomic_spectrum`.
    """
    index, parts = np.asarray(index, int), []
    D = dynamical_matrix(atoms, potential, factored=True)
    rest = translations(len(atoms), 3, potential.masses_of(atoms))
    if folder:
        folder = Path(folder) / structure_key(atoms, potential, width, index.tolist())
        folder.mkdir(parents=True, exist_ok=True)
    with tqdm(desc="local densities", total=len(index), unit="atom", disable=not progress) as bar:
        for start in range(0, len(index), _CHUNK):
            chunk, path = index[start : start + _CHUNK], folder / f"atoms-{start:05d}.npz" if folder else None
            kept = read_arrays(path) if folder else None
            if kept is None:
                found = atomic_spectrum(D, chunk, _GRID, resolution=width, project_out=rest, unit="rad/ps")
                peak = boson_peak(_GRID, found.g, omega_min=LOWEST, omega_max=HIGHEST)
                kept = {"intensity": peak.intensity, "omega": peak.omega}
                if folder:
                    write_arrays(path, **kept)
            parts.append((kept["intensity"], kept["omega"]))
            bar.update(len(chunk))
    intensity, omega = np.concatenate(parts, axis=1)
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
    if route not in ("modes", "moments"):
        raise ValueError(f"unknown route {route!r} to the peaks of single atoms: choose modes or moments")
    index = np.asarray(index, int)
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
