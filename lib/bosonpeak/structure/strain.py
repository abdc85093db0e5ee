"""Displacements and local strain between two configurations of the same atoms (floor 2).

Lengths are in the unit of the structures (A, or reduced); strains have none.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.geometry import find_mic

from .pair_distribution import check_periodic, periodic_neighbours


@dataclass(frozen=True)
class LocalStrain:
    """Deformation of the neighbourhood of each atom; NaN where its neighbours do not span space.

    F: (N, 3, 3), best-fit deformation gradient, column vectors: d' = F d; strain: (N, 3, 3), Green-Lagrange
    (F^T F - 1) / 2, blind to rotations; d2min: (N,), sum over the neighbours of |d' - F d|^2, in squared lengths, the
    non-affine part; n_neighbours: (N,).
    """

    F: np.ndarray
    strain: np.ndarray
    d2min: np.ndarray
    n_neighbours: np.ndarray

    @property
    def volumetric(self) -> np.ndarray:
        """Trace of the strain by 3, (N,)."""
        return np.trace(self.strain, axis1=1, axis2=2) / 3

    @property
    def von_mises(self) -> np.ndarray:
        """Shear invariant sqrt(e:e / 2) of the deviatoric strain e, (N,): |gamma| / 2 in a small simple shear gamma."""
        deviatoric = self.strain - self.volumetric[:, None, None] * np.eye(3)
        return np.sqrt((deviatoric**2).sum(axis=(1, 2)) / 2)


def displacements(reference: Atoms, current: Atoms) -> np.ndarray:
    """Way of each atom from reference to current by the nearest image, (N, 3).

    Where the cells differ, the way less what the atom follows of the cell: h' (s' - s), h' the current cell, s scaled
    positions. Raises ValueError for other atoms or another order of them, and as `check_periodic`.
    """
    check_periodic(reference)
    check_periodic(current)
    if not np.array_equal(reference.numbers, current.numbers):
        raise ValueError(f"{reference.symbols} and {current.symbols}: the same atoms in the same order are needed")
    followed = np.linalg.solve(reference.cell.array.T, reference.positions.T).T @ current.cell.array
    return find_mic(current.positions - followed, current.cell, pbc=True)[0]


def local_strain(reference: Atoms, current: Atoms, cutoff: float) -> LocalStrain:
    """Local strain of each atom over its neighbours within the cutoff in the reference.

    F_i minimises D^2_min = sum_j |d'_ij - F_i d_ij|^2 (Falk and Langer, Phys. Rev. E 57, 7192 (1998), Eqs. 2.11-2.14);
    strain and its shear invariant as Shimizu, Ogata and Li, Mater. Trans. 48, 2923 (2007). d' is of the same
    image of the neighbour, carried along with the cell, so atoms may cross the boundary; ways beyond half the box
    are taken for shorter ones. Atoms with fewer than three neighbours, or all of them in a plane, have NaN. Raises
    ValueError as `displacements` and `periodic_neighbours`.
    """
    u, n = displacements(reference, current), len(reference)
    i, j, d = periodic_neighbours(reference, "ijD", cutoff)
    follow = np.linalg.solve(reference.cell.array, current.cell.array)
    moved = d @ follow + u[j] - u[i]

    def add_up(pairs):
        """Sums over the neighbours of each atom of pairs (P, 3, 3)."""
        return np.stack([np.bincount(i, x, n) for x in pairs.reshape(-1, 9).T], axis=1).reshape(n, 3, 3)

    metric = add_up(d[:, :, None] * d[:, None, :])
    level = np.linalg.eigvalsh(metric)
    known = level[:, 0] > 1e-10 * level[:, 2]
    F = np.full((n, 3, 3), np.nan)
    F[known] = add_up(moved[:, :, None] * d[:, None, :])[known] @ np.linalg.inv(metric[known])
    rest = ((moved - np.einsum("pab,pb->pa", F[i], d)) ** 2).sum(axis=1)
    d2min = np.where(known, np.bincount(i, rest, n), np.nan)
    strain = (F.transpose(0, 2, 1) @ F - np.eye(3)) / 2
    return LocalStrain(F, strain, d2min, np.bincount(i, minlength=n))
