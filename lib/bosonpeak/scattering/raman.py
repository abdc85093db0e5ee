"""The coupling of vibrations to light in the dipole-induced-dipole model (li-2025, Methods)."""

import numpy as np
from ase import Atoms

from bosonpeak.structure.pair_distribution import periodic_neighbours


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
