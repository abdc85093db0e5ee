"""Local quantities whose fluctuations li-2025 compares with the boson peak: strain, coordination, distances, controls.

All belong to configurations that are displaced from a reference. Neighbourhoods and strain are those of Fig. 4 there.
The reference and the cutoff, which the paper leaves open, are arguments.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from ase import Atoms
from numba import njit

from bosonpeak.structure.pair_distribution import periodic_neighbours

LINEAR = ("displacement", "random sign", "volumetric", "shear", "rotation")
"""Those that are proportional to small displacements."""
FIELDS = (*LINEAR, "coordination", "neighbour distance", "non-affine", "von Mises")
_TURNS = ((2, 1), (0, 2), (1, 0))


@dataclass(frozen=True)
class LocalGeometry:
    """Neighbourhoods of a reference configuration.

    Attributes
    ----------
    atoms : ase.Atoms
    cutoff : float
        In A or reduced.
    i, j : array, shape (P,)
        Pairs of atoms within the cutoff, each pair twice.
    vector : array, shape (P, 3)
        From i to j.
    gradient : csr_matrix, shape (9N, 3N)
        Maps displacements to the best-fit gradient du_a / dx_b of each atom i, in row 9 i + 3 a + b.
    """

    atoms: Atoms
    cutoff: float
    i: np.ndarray
    j: np.ndarray
    vector: np.ndarray
    gradient: sp.csr_matrix


def local_geometry(atoms: Atoms, cutoff: float) -> LocalGeometry:
    """Neighbours and best-fit gradients (Falk and Langer, Phys. Rev. E 57, 7192 (1998), Eqs. 2.12-2.14).

    Parameters
    ----------
    atoms : ase.Atoms
        The reference, periodic.
    cutoff : float
        In A or reduced; usually the first minimum of g(r).

    Raises
    ------
    ValueError
        If the neighbours of an atom do not span space, so that its strain is not defined.
    """
    i, j, vector = periodic_neighbours(atoms, "ijD", cutoff)
    n = len(atoms)
    outer = (vector[:, :, None] * vector[:, None, :]).reshape(-1, 9)
    metric = np.stack([np.bincount(i, x, n) for x in outer.T], axis=1).reshape(n, 3, 3)
    level = np.linalg.eigvalsh(metric)
    bare = np.flatnonzero(~(level[:, 0] > 1e-10 * level[:, 2]))
    if len(bare):
        raise ValueError(
            f"the neighbours of atom {bare[0]} within {cutoff:g} do not span space, so that it has no strain: raise "
            "the cutoff"
        )
    # du_a / dx_b = sum_j (u_j - u_i)_a w_jb, w = d M^-1
    w = np.einsum("pc,pcb->pb", vector, np.linalg.inv(metric)[i])
    gradient = sum(sp.kron(_differences(i, j, w[:, b], n), np.kron(np.eye(3), np.eye(3)[:, [b]])) for b in range(3))
    return LocalGeometry(atoms, float(cutoff), i, j, vector, gradient.tocsr())


def _differences(i, j, weights, n):
    """Matrix (N, N) that sums weights (P,) times x_j - x_i over the neighbours j of each atom i."""
    return sp.csr_matrix((np.r_[weights, -weights], (np.r_[i, i], np.r_[j, i])), shape=(n, n))


def _shear_components(strain):
    """Five components (..., 5) of a symmetric tensor (..., 3, 3); their squares add up to e:e of its deviator e."""
    xx, yy, zz = (strain[..., c, c] for c in range(3))
    off = [np.sqrt(2) * strain[..., a, b] for a, b in ((0, 1), (0, 2), (1, 2))]
    return np.stack([(xx - yy) / np.sqrt(2), (2 * zz - xx - yy) / np.sqrt(6), *off], axis=-1)


def random_signs(n_atoms: int, seed: int = 0) -> np.ndarray:
    """A random sign, +1 or -1, for each atom, (N,)."""
    return np.random.default_rng(seed).integers(0, 2, n_atoms) * 2 - 1


def local_fields(displacements, geometry: LocalGeometry, names=FIELDS) -> dict[str, np.ndarray]:
    """Local quantities of displaced configurations.

    Parameters
    ----------
    displacements : array, shape (T, N, 3)
        From the reference, in A or reduced.
    geometry : LocalGeometry
        Of the reference.
    names : sequence of str
        "coordination": atoms within the cutoff at the time. "neighbour distance": their mean distance. "non-affine":
        D^2_min over the neighbours in the reference. "volumetric", "shear" (five components) and "von Mises" (their
        invariant): of the Green-Lagrange strain. "rotation": the antisymmetric gradient. Controls: "displacement", and
        "random sign", the displacement with a random sign for each atom.

    Returns
    -------
    dict
        Arrays (T, N, C) by name; C is the number of components.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    if unknown := sorted(set(names) - set(FIELDS)):
        raise ValueError(f"unknown field {unknown[0]!r}: choose one of {', '.join(FIELDS)}")
    u = np.asarray(displacements, float)
    t, n, g = *u.shape[:2], geometry
    H = (g.gradient @ u.reshape(t, -1).T).T.reshape(t, n, 3, 3)
    strain = (H + H.swapaxes(2, 3) + H.swapaxes(2, 3) @ H) / 2
    shear = _shear_components(strain)
    found = {
        "displacement": u,
        "random sign": u * random_signs(n)[:, None],
        "volumetric": np.trace(strain, axis1=2, axis2=3)[..., None] / 3,
        "shear": shear,
        "von Mises": np.sqrt((shear**2).sum(axis=2, keepdims=True) / 2),
        "rotation": np.stack([H[..., a, b] - H[..., b, a] for a, b in _TURNS], axis=-1) / 2,
    }
    if "non-affine" in names:
        found["non-affine"] = _non_affine(u, H, g.i, g.j, g.vector)[..., None]
    if {"coordination", "neighbour distance"} & set(names):
        found["coordination"], found["neighbour distance"] = _neighbours_now(u, g)[..., None]
    return {name: found[name] for name in names}


@njit(cache=True)
def _non_affine(u, H, i, j, vector):
    """D^2_min over the neighbours of the reference, (T, N)."""
    found = np.zeros(u.shape[:2])
    for t in range(len(u)):
        for p in range(len(i)):
            for a in range(3):
                rest = u[t, j[p], a] - u[t, i[p], a]
                for b in range(3):
                    rest -= H[t, i[p], a, b] * vector[p, b]
                found[t, i[p]] += rest**2
    return found


def _neighbours_now(u, g):
    """Coordination and mean distance of the neighbours within the cutoff at each time, (2, T, N)."""
    # a pair comes within the cutoff only if the largest displacements of its two atoms can bridge the gap
    farthest = np.linalg.norm(u, axis=2).max(axis=0)
    i, j, distance, vector = periodic_neighbours(g.atoms, "ijdD", g.cutoff + 2 * farthest.max())
    possible = distance < g.cutoff + farthest[i] + farthest[j]
    return _mean_distance(u, i[possible], j[possible], vector[possible], g.cutoff)


@njit(cache=True)
def _mean_distance(u, i, j, vector, cutoff):
    """Number and mean distance of the pairs of each atom that are nearer than the cutoff, (2, T, N)."""
    found = np.zeros((2, *u.shape[:2]))
    for t in range(len(u)):
        for p in range(len(i)):
            square = 0.0
            for a in range(3):
                square += (vector[p, a] + u[t, j[p], a] - u[t, i[p], a]) ** 2
            if square < cutoff**2:
                found[0, t, i[p]] += 1
                found[1, t, i[p]] += np.sqrt(square)
    found[1] /= np.maximum(found[0], 1)
    return found


def shift_reference(displacements, lag: int) -> np.ndarray:
    """Displacements since `lag` samples before, instead of since the reference.

    Parameters
    ----------
    displacements : array, shape (T, N, 3)
    lag : int

    Returns
    -------
    array, shape (T - lag, N, 3)

    Raises
    ------
    ValueError
        For a lag that leaves nothing.
    """
    if not 0 < lag < len(displacements):
        raise ValueError(f"lag = {lag} must lie between 1 and {len(displacements) - 1} samples")
    return displacements[lag:] - displacements[:-lag]
