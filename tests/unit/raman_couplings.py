"""The coupling of every normal mode to light, one by one: what the spectra of the library must add up to."""

import numpy as np

from bosonpeak.scattering.raman import polarizability_gradient


def mode_couplings(modes, atoms, cutoff):
    """gamma'^2 of each mode, shape (K,), in the dipole-induced-dipole model.

    The derivative alpha' along e_k / sqrt(m) is traceless, so that gamma'^2 = 3/2 sum_ab alpha'_ab^2.
    """
    gradient = polarizability_gradient(atoms, cutoff) / np.sqrt(np.repeat(atoms.get_masses(), 3))[:, None]
    return 1.5 * np.array([1, 1, 1, 2, 2, 2]) @ (gradient.T @ modes.polarizations) ** 2
