"""The boson peak as light shows it: Raman intensities, their reduction, how modes couple (floor 5; li-2025, Methods).

Energies are in meV, temperatures in K, densities of states in 1/meV.
"""

import numpy as np
from ase import Atoms

from bosonpeak.scattering.specific_heat import check_positive
from bosonpeak.structure.pair_distribution import periodic_neighbours
from bosonpeak.units import MEV
from bosonpeak.vibrations.debye import KELVIN
from bosonpeak.vibrations.modes import Modes


def bose_factor(energy, temperature) -> np.ndarray:
    """n(E) = 1 / (exp(E / k_B T) - 1), broadcast. Raises ValueError unless energy and temperature are positive."""
    energy, temperature = check_positive(energy=energy, temperature=temperature)
    # exp overflows above 709
    return 1 / np.expm1(np.minimum(energy * KELVIN["meV"] / temperature, 700.0))


def raman_intensity(energy, g, temperature, coupling=1.0) -> np.ndarray:
    """Stokes intensity I = C g [n + 1] / E (Shuker and Gammon 1970); `coupling` C one number, or one an energy.

    Raises ValueError as `bose_factor`.
    """
    enhanced = bose_factor(energy, temperature) + 1
    return coupling * np.asarray(g, float) * enhanced / np.asarray(energy, float)


def reduce_raman(energy, intensity, temperature) -> np.ndarray:
    """C g / E^2 = I / E / [n + 1] of a Stokes intensity (li-2025, Methods: Raman scattering).

    Undoes `raman_intensity`. Raises ValueError as `bose_factor`.
    """
    enhanced = bose_factor(energy, temperature) + 1
    return np.asarray(intensity, float) / np.asarray(energy, float) / enhanced


def _polarizability_gradient(atoms: Atoms, cutoff: float) -> np.ndarray:
    """Derivative of sum_(i<j) (3 r r^T / r^5 - 1 / r^3) by each coordinate: (3N, 6) for xx, yy, zz, xy, xz, yz."""
    first, r, distance = periodic_neighbours(atoms, "iDd", cutoff)
    gradient, count = np.empty((len(atoms), 3, 6)), len(atoms)
    for column, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        for c in range(3):
            # dT_ab/dr_c of the bond, against which its first atom moves
            part = 3 * ((a == c) * r[:, b] + (b == c) * r[:, a] + (a == b) * r[:, c]) / distance**5
            part -= 15 * r[:, a] * r[:, b] * r[:, c] / distance**7
            gradient[:, c, column] = -np.bincount(first, part, minlength=count)
    # rounding, where the bonds of an atom cancel by symmetry
    gradient[abs(gradient) < 1e-12 * np.bincount(first, 9 / distance**4, minlength=count)[:, None, None]] = 0
    return gradient.reshape(-1, 6)


def mode_couplings(modes: Modes, atoms: Atoms, cutoff: float) -> np.ndarray:
    """gamma'^2 of each mode in 1/(A^8 amu), (K,): its light scattering by dipoles that induce dipoles.

    The polarisability is sum_(i<j) (3 r r^T / r^5 - 1 / r^3) over pairs within `cutoff` (A), 1 per atom; its
    derivative alpha' along e_k / sqrt(m) has no trace, so that 45 a'^2 + 7 gamma'^2 is 7 gamma'^2, with gamma'^2 =
    3/2 sum_ab alpha'_ab^2. modes: mass-weighted, (3N, K), of `atoms`. Raises ValueError where they do not fit, and as
    `periodic_neighbours`.
    """
    if modes.polarizations.shape[0] != 3 * len(atoms):
        size = modes.polarizations.shape[0]
        raise ValueError(f"modes of {size} degrees of freedom do not fit {len(atoms)} atoms: give their own structure")
    gradient = _polarizability_gradient(atoms, cutoff) / np.sqrt(np.repeat(atoms.get_masses(), 3))[:, None]
    return 1.5 * np.array([1, 1, 1, 2, 2, 2]) @ (gradient.T @ modes.polarizations) ** 2


def raman_coupling(modes: Modes, atoms: Atoms, cutoff: float, energy, width: float) -> np.ndarray:
    """Light-vibration coupling C(E) of a glass from its modes, dipole-induced-dipole model; mean 1 over `energy`.

        C(E) = sum_k c_k G(E - E_k) / sum_k G(E - E_k),    c_k of `mode_couplings`, G a Gaussian

    modes: omega in sqrt(eV/(A^2 amu)); zero modes are left out. energy (m,) rising and width, the standard deviation
    of G, in meV; cutoff in A. Returns (m,). Light sees only the skin of a metal, whose electrons are no dipoles at the
    atoms: the model stands for the selection rule, which modes couple, not for intensities.

    Raises ValueError for energies with no mode within three widths, a structure of which no mode couples (a lattice
    of one atom a cell), and as `mode_couplings`.
    """
    (energy,) = check_positive(energy=energy)
    if energy.ndim != 1 or len(energy) < 2 or (np.diff(energy) <= 0).any() or not width > 0:
        raise ValueError(f"energy must hold two or more rising values and width = {width} be positive, in meV")
    level, coupling = modes.omega * MEV, mode_couplings(modes, atoms, cutoff)
    moving = level > 1e-6 * level.max()
    away = (energy[:, None] - level[moving]) / width
    nearest = abs(away).min(axis=1, initial=np.inf)
    if nearest.max() > 3:
        far = energy[nearest.argmax()]
        raise ValueError(f"no mode within three widths of E = {far:g} meV: stay among the modes or raise width")
    broadened = np.exp(-0.5 * away**2)
    found = broadened @ coupling[moving] / broadened.sum(axis=1)
    mean = np.trapezoid(found, energy) / (energy[-1] - energy[0])
    if not mean > 0:
        raise ValueError("no mode couples to light: every atom is a centre of inversion, or has no pair within cutoff")
    return found / mean
