"""The vibrational spectrum of a glass: density of states, lowest modes, boson peak, moduli and Debye level."""

from dataclasses import replace

import numpy as np
import xarray as xr
from ase import Atoms

from bosonpeak.archive.methods import method
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.elasticity import elastic_moduli, phonon_shells
from bosonpeak.vibrations.hessian import check_minimum, dynamical_matrix, forces
from bosonpeak.vibrations.modes import low_frequency_modes, normal_modes, participation_ratio
from bosonpeak.vibrations.peaks import PeakReading, broadened_reduced_density, cumulative_level, frequency_scale
from bosonpeak.vibrations.spectra import density_of_states, kernel_resolution, zero_modes

DENSE = 6000
"""Degrees of freedom up to which all modes are computed, by dense diagonalisation."""
LOW_MODES = 100
"""Number of the lowest modes that are computed beyond."""
SEED = 7919
"""Seed of the random vectors. No recipe has it: if the seed that placed the atoms also drew the vectors, signs and
positions would come from the same bits, a vector of signs would be a plane wave, and its sound would show as a peak."""
CUTOFF = 10.0
"""Angular frequency in rad/ps up to which the cumulative level of metals is taken."""
_MOMENTS, _VECTORS, _POINTS = 400, 16, 400


@method("vibrations", version=1)
def glass_spectrum(atoms: Atoms, potential, force_tolerance: float = 1e-8) -> xr.Dataset:
    """Vibrational spectrum of an inherent structure.

    Up to `DENSE` degrees of freedom, all frequencies and participation ratios follow from dense diagonalisation, and
    each level is drawn as a Gaussian as wide as the resolution. Beyond, the `LOW_MODES` lowest modes are found by
    filtered subspaces, and the density of states by the kernel polynomial method.

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum of the potential energy, periodic in three directions.
    potential : materials.potentials.Potential
    force_tolerance : float
        Largest force component with which the structure was minimised, in eV/A or reduced. Ten times as much is
        accepted, because LAMMPS's forces and those computed here differ by rounding.

    Returns
    -------
    xarray.Dataset
        Over `omega`: `g` (density of states per degree of freedom) and `g_stderr`. Over `mode`: `frequency`,
        `participation_ratio`, `residual`. Attributes: the boson peak (`boson_peak_omega`, `boson_peak_intensity`,
        `boson_peak_interior`, `boson_peak_broadening`), `cumulative_level` (metals), moduli in eV/A^3, sound speeds in
        A/ps, `debye_frequency`, `debye_level`, and `first_phonon`, the lowest transverse wave that fits the box.
        Frequencies are angular frequencies omega in the attribute `unit`, "rad/ps" for metals and "reduced" otherwise.

    Raises
    ------
    ValueError
        If the structure is not a minimum, or is not a solid that carries sound.
    """
    potential = get(potential)
    n, metal = 3 * len(atoms), potential.units == "metal"
    unit = "rad/ps" if metal else "reduced"
    scale = frequency_scale(unit)
    tolerance = 10 * force_tolerance
    if n <= DENSE:
        largest = abs(forces(atoms, potential)).max()
        if not largest <= tolerance:
            left = f"a force of {largest:.3g} is left, above {tolerance:.3g}"
            raise ValueError(f"the structure is not a minimum: {left}; minimise it again")
        modes = normal_modes(dynamical_matrix(atoms, potential))
        frequencies = modes.omega * scale
        top = frequencies[-1]
        resolution = kernel_resolution(top, _MOMENTS)
        omega = np.linspace(0, 1.05 * top, _POINTS + 1)[1:]
        # in one dimension nothing is divided by: g itself
        g, stderr = broadened_reduced_density(frequencies, omega, resolution, dimension=1), np.zeros(_POINTS)
        how = "dense diagonalisation; each level a Gaussian as wide as the resolution"
    else:
        check_minimum(atoms, potential, tolerance)
        D = dynamical_matrix(atoms, potential, factored=True)
        resting = zero_modes(D, 3, potential.masses_of(atoms))
        modes = low_frequency_modes(D, LOW_MODES, SEED, project_out=resting)
        frequencies = modes.omega * scale
        options = dict(rng=SEED, project_out=resting, unit=unit)
        top = density_of_states(D, [0.0], 2, 1, **options).omega_max
        omega = np.linspace(0, top, _POINTS + 1)[1:]
        found = density_of_states(D, omega, _MOMENTS, _VECTORS, **options)
        g, stderr, resolution = found.g, found.stderr, found.resolution
        how = f"{LOW_MODES} lowest modes by filtered subspaces; density by {_VECTORS} vectors, {_MOMENTS} moments"
    width = potential.peak_width or 2 * resolution
    peak = PeakReading(width, 2 * width, top / 2).of_density(omega, g, resolution)
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
            "method": how,
            "seed": SEED,
            "degrees_of_freedom": n,
            "resolution": resolution,
            "omega_max": float(top),
            "boson_peak_omega": peak.omega,
            "boson_peak_intensity": peak.intensity,
            "boson_peak_interior": int(peak.interior),
            "boson_peak_broadening": float(np.hypot(peak.smoothing, resolution)),
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
        },
    )


def moving_modes(atoms, potential, n_modes=None):
    """The lowest modes of a glass, or all of them, without those at rest (translations and rattlers).

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum of the potential.
    potential : materials.potentials.Potential
    n_modes : int, optional
        How many; all by default.

    Returns
    -------
    vibrations.modes.Modes
        Frequencies are in the square root of the unit of the dynamical matrix.

    Raises
    ------
    ValueError
        As `low_frequency_modes`.
    """
    D = dynamical_matrix(atoms, potential, factored=True)
    if n_modes is not None:
        resting = zero_modes(D, 3, potential.masses_of(atoms))
        return low_frequency_modes(D, n_modes, SEED, project_out=resting)
    modes = normal_modes(D)
    keep = modes.omega > 1e-5 * modes.omega[-1]
    kept = {"omega": modes.omega[keep], "polarizations": modes.polarizations[:, keep], "residual": modes.residual[keep]}
    return replace(modes, **kept)
