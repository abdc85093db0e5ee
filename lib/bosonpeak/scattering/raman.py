"""The boson peak in light scattering: Raman intensities and the coupling of modes (li-2025, Methods).

Energies are in meV, temperatures in K, densities of states in 1/meV.
"""

import numpy as np
from ase import Atoms

from bosonpeak.scattering.specific_heat import check_positive
from bosonpeak.structure.pair_distribution import periodic_neighbours
from bosonpeak.vibrations.debye import KELVIN
from bosonpeak.vibrations.modes import Modes


def bose_factor(energy, temperature) -> np.ndarray:
    """Bose factor n(E) = 1 / (exp(E / k_B T) - 1).

    Parameters
    ----------
    energy, temperature : float or array
        In meV and K, broadcast against each other.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If one of them is not positive and finite.
    """
    energy, temperature = check_positive(energy=energy, temperature=temperature)
    # exp overflows above 709
    return 1 / np.expm1(np.minimum(energy * KELVIN["meV"] / temperature, 700.0))


def raman_intensity(energy, g, temperature, coupling=1.0) -> np.ndarray:
    """Stokes intensity I = C g (n + 1) / E (Shuker and Gammon 1970), with the Bose factor n.

    Parameters
    ----------
    energy, g : array, shape (m,)
        In meV and 1/meV.
    temperature : float
        In K.
    coupling : float or array, shape (m,)
        The light-vibration coupling C.

    Returns
    -------
    array, shape (m,)

    Raises
    ------
    ValueError
        As `bose_factor`.
    """
    enhanced = bose_factor(energy, temperature) + 1
    return coupling * np.asarray(g, float) * enhanced / np.asarray(energy, float)


def polarizability_gradient(atoms: Atoms, cutoff: float) -> np.ndarray:
    """Derivative (3N, 6) of sum_(i<j) (3 r r^T / r^5 - 1 / r^3) by each coordinate, for xx, yy, zz, xy, xz, yz."""
    first, r, distance = periodic_neighbours(atoms, "iDd", cutoff)
    gradient, count = np.empty((len(atoms), 3, 6)), len(atoms)
    for column, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        for c in range(3):
            # dT_ab/dr_c for the bond vector r; moving its first atom changes r by the opposite
            part = 3 * ((a == c) * r[:, b] + (b == c) * r[:, a] + (a == b) * r[:, c]) / distance**5
            part -= 15 * r[:, a] * r[:, b] * r[:, c] / distance**7
            gradient[:, c, column] = -np.bincount(first, part, minlength=count)
    # where the bonds of an atom cancel by symmetry, only rounding errors are left
    gradient[abs(gradient) < 1e-12 * np.bincount(first, 9 / distance**4, minlength=count)[:, None, None]] = 0
    return gradient.reshape(-1, 6)


def mode_couplings(modes: Modes, atoms: Atoms, cutoff: float) -> np.ndarray:
    """Light-scattering strength gamma'^2 of each mode in the dipole-induced-dipole model.

    The polarisability is sum_(i<j) (3 r r^T / r^5 - 1 / r^3) over pairs within the cutoff, each atom having the
    polarisability 1. Its derivative alpha' along e_k / sqrt(m) is traceless, so that 45 a'^2 + 7 gamma'^2 reduces to
    7 gamma'^2 with gamma'^2 = 3/2 sum_ab alpha'_ab^2.

    Parameters
    ----------
    modes : Modes
        K mass-weighted modes (3N, K) of the atoms.
    atoms : ase.Atoms
        N atoms.
    cutoff : float
        In A.

    Returns
    -------
    array, shape (K,)
        In 1/(A^8 amu).

    Raises
    ------
    ValueError
        If the modes do not fit the atoms, and as `periodic_neighbours`.
    """
    if modes.polarizations.shape[0] != 3 * len(atoms):
        size = modes.polarizations.shape[0]
        raise ValueError(f"modes of {size} degrees of freedom do not fit {len(atoms)} atoms: give their own structure")
    gradient = polarizability_gradient(atoms, cutoff) / np.sqrt(np.repeat(atoms.get_masses(), 3))[:, None]
    return 1.5 * np.array([1, 1, 1, 2, 2, 2]) @ (gradient.T @ modes.polarizations) ** 2
