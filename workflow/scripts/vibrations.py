"""The vibrations of one glass: vibrations.py GLASS OUTPUT writes a NetCDF file.

Up to 6,000 degrees of freedom all frequencies and participation ratios, by dense diagonalisation; beyond, the 100
lowest modes and a kernel polynomial density of states. The file depends on the glass and on the code alone: nothing
of the day or the machine is in it. Frequencies are omega in rad/ps for metals, reduced otherwise; moduli are in eV/A^3
and speeds in A/ps, or reduced; first_phonon is the lowest transverse wave of the box.
"""

import argparse
import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path

import numpy as np
import xarray as xr
from bosonpeak.archive.structures import read_structure
from bosonpeak.materials.potentials import get
from bosonpeak.materials.recipes import GlassRecipe
from bosonpeak.threads import available_cores, set_threads
from bosonpeak.vibrations.elasticity import elastic_moduli, phonon_shells
from bosonpeak.vibrations.hessian import check_minimum, dynamical_matrix, forces
from bosonpeak.vibrations.modes import low_frequency_modes, normal_modes, participation_ratio
from bosonpeak.vibrations.peaks import boson_peak, broadened_reduced_density, cumulative_level, frequency_scale
from bosonpeak.vibrations.spectra import density_of_states, kernel_resolution, zero_modes
from digests import PACKAGES, code_digest

DENSE, LOW_MODES, MOMENTS, VECTORS, POINTS = 6000, 100, 400, 16, 400
SEED = 7919
"""Of the random vectors. No recipe has it: with the seed that placed the atoms, signs and positions come from the same
bits, a vector of signs is a plane wave, and its sound shows as a peak (seen)."""
BROADENING = {"metal": 1.0, "harmonic-spheres": 0.03, "lennard-jones": 0.6, "kob-andersen": 0.6}
"""Standard deviation of the Gaussian under which the boson peak is read, by units or potential; looked for above two
of it. In metals the first phonons and their gaps at these sizes are as wide."""
CUTOFF = 10.0
"""rad/ps: up to here the cumulative level of metals is taken."""


def vibrations(path) -> xr.Dataset:
    """Frequencies, participation ratios, density of states and boson peak of a glass file.

    Raises ValueError where the file is broken, or the structure is no minimum.
    """
    atoms = read_structure(path)
    recipe = GlassRecipe(**atoms.info["recipe"])
    potential = get(recipe.potential)
    n, metal = 3 * len(atoms), potential.units == "metal"
    unit = "rad/ps" if metal else "reduced"
    scale = frequency_scale(unit)
    # rounding differs between LAMMPS's forces and these
    tolerance = 10 * recipe.force_tolerance
    if n <= DENSE:
        largest = abs(forces(atoms, potential)).max()
        if not largest <= tolerance:
            raise ValueError(f"{path} is no minimum: a force of {largest:.3g}, above {tolerance:.3g}; make it again")
        modes = normal_modes(dynamical_matrix(atoms, potential))
        frequencies = modes.omega * scale
        top = frequencies[-1]
        resolution = kernel_resolution(top, MOMENTS)
        omega = np.linspace(0, 1.05 * top, POINTS + 1)[1:]
        # in one dimension nothing is divided by: g itself
        g, stderr = broadened_reduced_density(frequencies, omega, resolution, dimension=1), np.zeros(POINTS)
        method = "dense diagonalisation; each level a Gaussian as wide as the resolution"
    else:
        check_minimum(atoms, potential, tolerance)
        D = dynamical_matrix(atoms, potential, factored=True)
        resting = zero_modes(D, 3, potential.masses_of(atoms))
        modes = low_frequency_modes(D, LOW_MODES, SEED, project_out=resting)
        frequencies = modes.omega * scale
        options = dict(rng=SEED, project_out=resting, unit=unit)
        top = density_of_states(D, [0.0], 2, 1, **options).omega_max
        omega = np.linspace(0, top, POINTS + 1)[1:]
        found = density_of_states(D, omega, MOMENTS, VECTORS, **options)
        g, stderr, resolution = found.g, found.stderr, found.resolution
        method = f"{LOW_MODES} lowest modes by filtered subspaces; density by {VECTORS} vectors, {MOMENTS} moments"
    width = BROADENING.get(potential.units) or BROADENING.get(potential.name, 2 * resolution)
    smoothing = float(np.sqrt(max(width**2 - resolution**2, 0)))
    peak = boson_peak(omega, g, omega_min=2 * width, omega_max=top / 2, smoothing=smoothing)
    level = np.nan
    if metal:
        below = omega <= CUTOFF
        integral = 3 * np.trapezoid(np.r_[0, g[below]], np.r_[0, omega[below]]) / omega[below][-1] ** 3
        level = cumulative_level(frequencies, CUTOFF) if n <= DENSE else float(integral)
    elastic = elastic_moduli(atoms, potential, rtol=1e-4)
    shells, _ = phonon_shells(atoms.cell.array, elastic.speeds[1], top)
    frequency = {"units": unit, "long_name": "omega"}
    return xr.Dataset(
        {
            "g": ("omega", g, {"units": f"1/({unit})", "long_name": "density of states per degree of freedom"}),
            "g_stderr": ("omega", stderr, {"units": f"1/({unit})"}),
            "frequency": ("mode", frequencies, frequency),
            "participation_ratio": ("mode", participation_ratio(modes, 3).astype("f4"), {"units": "1"}),
            "residual": ("mode", modes.residual.astype("f4"), {"units": f"({unit})^2", "scaled_by": scale**-2}),
        },
        {"omega": ("omega", omega, frequency)},
        {
            "name": recipe.name,
            "key": recipe.key,
            "recipe": json.dumps(atoms.info["recipe"]),
            "potential_sha256": str(atoms.info["potential_sha256"]),
            "glass_sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
            "method": method,
            "seed": SEED,
            "degrees_of_freedom": n,
            "resolution": resolution,
            "omega_max": float(top),
            "boson_peak_omega": peak.omega,
            "boson_peak_intensity": peak.intensity,
            "boson_peak_interior": int(peak.interior),
            "boson_peak_broadening": float(np.hypot(smoothing, resolution)),
            "cumulative_level": level,
            "bulk_modulus": elastic.bulk,
            "shear_modulus": elastic.shear,
            "affine_shear_modulus": elastic.affine_shear,
            "anisotropy": elastic.anisotropy,
            "longitudinal_speed": elastic.speeds[0],
            "transverse_speed": elastic.speeds[1],
            "debye_frequency": elastic.debye_frequency,
            "debye_level": elastic.debye_level,
            "first_phonon": float(shells[0]),
            "unit": unit,
            "code": code_digest(__file__),
            "versions": json.dumps({name: version(name) for name in PACKAGES}),
        },
    )


def write(dataset: xr.Dataset, path: Path):
    """Write a NetCDF file; under its name stands a whole file or none. Raises OSError naming the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    packed = {name: {"zlib": True, "shuffle": True} for name in dataset.variables}
    try:
        dataset.to_netcdf(part, engine="h5netcdf", encoding=packed)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError) as error:
        raise OSError(f"{path} could not be written ({error}): free space or choose another folder") from error
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("glass", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    set_threads(available_cores())
    write(vibrations(arguments.glass), arguments.output)
