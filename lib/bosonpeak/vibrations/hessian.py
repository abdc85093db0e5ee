"""Energy, forces and second derivatives of pair and embedded-atom potentials.

On the list `bonds(atoms, potential) -> Bonds` rests `bond_stiffness(bonds, interaction) -> BondStiffness`. With the
embedding F_i(rho_i) expanded to second order,

    d^2 E = sum_bonds d^2 psi + sum_i F_i'' (d rho_i)^2,  psi = phi + F_i' rho_(i <- j) + F_j' rho_(j <- i),

psi is taken at fixed F': psi' is the whole force of a bond (Daw and Baskes, Phys. Rev. B 29, 6443 (1984)), psi'' and
psi'/r make B, and the slopes of rho make G of H = B + G^T F'' G. Energies are in eV and lengths in A, or reduced.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from ase import Atoms
from matscipy.neighbours import neighbour_list
from numba import njit, prange
from scipy.linalg import eigvalsh

from bosonpeak.materials.potentials import get
from bosonpeak.networks import SpringNetwork
from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.operators import FactoredOperator, lanczos_extremes

_CHUNK = 128
"""Rows of the product that one thread takes at a time."""


@dataclass(frozen=True)
class Bonds:
    """Every pair within its cutoff, in both directions, periodic images apart: from atom i (B,) to atom j (B,).

    i == j is an atom and its own image. This is a bond of the energy and the stress, but not of forces or Hessians,
    since its length does not change when atoms move.

    Attributes
    ----------
    i, j : array of int, shape (B,)
    vector : array, shape (B, 3)
        r_j - r_i of that image, in A or reduced.
    distance : array, shape (B,)
    types : array of int, shape (N,)
        Index into the elements of the potential; `ti` and `tj` (B,) are those of i and j.
    """

    i: np.ndarray
    j: np.ndarray
    vector: np.ndarray
    distance: np.ndarray
    types: np.ndarray

    @property
    def ti(self) -> np.ndarray:
        return self.types[self.i]

    @property
    def tj(self) -> np.ndarray:
        return self.types[self.j]


@dataclass(frozen=True)
class BondStiffness:
    """Derivatives bond by bond, in the order of the bonds, and atom by atom.

    Attributes
    ----------
    energy : float
        Of all atoms, in eV.
    first, second : array, shape (B,)
        psi' and psi'' (eV/A, eV/A^2), the same for both directions.
    density_slope : array, shape (B,)
        d rho_i / d r, the part of atom j in the density at atom i.
    density, embedding_slope, embedding_curvature : array, shape (N,)
        rho_i, F' and F''. Like the density slope, they are zero for pair potentials.
    """

    energy: float
    first: np.ndarray
    second: np.ndarray
    density_slope: np.ndarray
    density: np.ndarray
    embedding_slope: np.ndarray
    embedding_curvature: np.ndarray


def bonds(atoms: Atoms, potential) -> Bonds:
    """All bonds of a periodic structure, in any triclinic cell; in a cell narrower than the cutoff, to every image.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : Potential or str

    Returns
    -------
    Bonds

    Raises
    ------
    ValueError
        As `Potential.accept`, and for atoms on top of each other (below 1e-3 cutoffs).
    """
    potential = get(potential)
    types, interaction = potential.accept(atoms), potential.interaction()
    i, j, distance, vector = neighbour_list("ijdD", atoms, float(interaction.cutoff))
    if (distance < 1e-3 * interaction.cutoff).any():
        b = distance.argmin()
        raise ValueError(f"atoms {i[b]} and {j[b]} overlap, {distance[b]:.3g} apart: relax or remove one of them")
    inside = distance < interaction.cutoffs[types[i], types[j]]
    return Bonds(i[inside], j[inside], vector[inside], distance[inside], types)


def bond_stiffness(bonds: Bonds, interaction) -> BondStiffness:
    """First and second derivatives of every bond under a PairInteraction or EmbeddedInteraction."""
    r, ti, tj, n = bonds.distance, bonds.ti, bonds.tj, len(bonds.types)
    phi, first, second = interaction.pair(r, ti, tj)
    energy = phi.sum() / 2
    if not interaction.embedded:
        return BondStiffness(float(energy), first, second, np.zeros_like(r), *np.zeros((3, n)))
    here, slope, curvature = interaction.density(r, ti, tj)
    _, slope_there, curvature_there = interaction.density(r, tj, ti)
    rho = np.bincount(bonds.i, here, n)
    F, dF, d2F = interaction.embedding(rho, bonds.types)
    dF_i, dF_j = dF[bonds.i], dF[bonds.j]
    # the brackets make both directions of a bond round alike
    first = first + (dF_i * slope + dF_j * slope_there)
    second = second + (dF_i * curvature + dF_j * curvature_there)
    return BondStiffness(float(energy + F.sum()), first, second, slope, rho, dF, d2F)


def bond_network(atoms: Atoms, potential, cutoff: float = np.inf) -> SpringNetwork:
    """Springs at rest with the positive second derivatives psi'' of the bonds of a structure, each pair once.

    Parameters
    ----------
    atoms : ase.Atoms
        In any cell. Bonds of an atom to its own images are left out.
    potential : Potential or str
    cutoff : float
        Length up to which bonds count, in A or reduced.

    Returns
    -------
    SpringNetwork
        Stiffnesses in eV/A^2 or reduced. psi'' is taken at fixed slope of the embedding energy. For an oblique cell,
        `box` holds the diagonal of the triangular form of the cell, whose product is the volume.

    Raises
    ------
    ValueError
        As `bonds`.
    """
    found = bonds(atoms, potential)
    k = bond_stiffness(found, get(potential).interaction()).second
    once = (found.i < found.j) & (found.distance < cutoff) & (k > 0)
    pairs = np.stack([found.i, found.j], axis=1)[once].astype(np.int64)
    box = abs(np.diag(np.linalg.qr(np.array(atoms.cell).T, mode="r")))
    return SpringNetwork(atoms.get_positions(), pairs, k[once], box, found.vector[once])


def energy(atoms: Atoms, potential) -> float:
    """Potential energy of all atoms, in eV or reduced. Raises ValueError as `bonds`."""
    return bond_stiffness(bonds(atoms, potential), get(potential).interaction()).energy


def forces(atoms: Atoms, potential) -> np.ndarray:
    """Forces (N, 3), in eV/A or reduced. Raises ValueError as `bonds`."""
    found = bonds(atoms, potential)
    pull = bond_stiffness(found, get(potential).interaction()).first / found.distance
    return np.stack([np.bincount(found.i, pull * found.vector[:, c], len(atoms)) for c in range(3)], axis=1)


def hessian(atoms: Atoms, potential, factored: bool = False) -> sp.bsr_matrix | FactoredOperator:
    """Second derivatives of the energy, (3N, 3N), in eV/A^2 or reduced; row 3 i + c. The structure need not be a
    minimum.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : Potential or str
    factored : bool
        For an embedded-atom potential, return B, G and F'' as they are, some ten times smaller than the product; a pair
        potential gives BSR all the same.

    Returns
    -------
    scipy.sparse.bsr_matrix or FactoredOperator

    Raises
    ------
    ValueError
        As `bonds`.
    """
    return _assemble(atoms, potential, factored, np.ones(len(atoms)))


def dynamical_matrix(atoms: Atoms, potential, factored: bool = False) -> sp.bsr_matrix | FactoredOperator:
    """The Hessian divided by sqrt(m_i m_j), in eV/(A^2 amu) or reduced. Otherwise as `hessian`.

    The square root of an eigenvalue times `units.RAD_PER_PS` is omega in rad/ps. The masses are those that the
    structure states, otherwise those of the potential (`Potential.masses_of`).
    """
    return _assemble(atoms, potential, factored, get(potential).masses_of(atoms) ** -0.5)


def _assemble(atoms, potential, factored, weight):
    found, interaction, n = bonds(atoms, potential), get(potential).interaction(), len(atoms)
    stiffness = bond_stiffness(found, interaction)
    key = found.i * np.int64(n) + found.j
    diagonal = np.arange(n) * np.int64(n + 1)
    present = np.unique(np.concatenate([key, diagonal]))
    rows, columns = present // n, (present % n).astype(np.int32)
    indptr = np.searchsorted(rows, np.arange(n + 1)).astype(np.int32)
    slots = np.searchsorted(present, key), np.searchsorted(present, diagonal)
    slopes = stiffness.first, stiffness.second, stiffness.density_slope
    blocks, g = _fill(found.i, *slots, found.vector, found.distance, *slopes, len(present))
    blocks *= (weight[rows] * weight[columns])[:, None, None]
    if not interaction.embedded:
        return sp.bsr_matrix((blocks, columns, indptr), (3 * n, 3 * n))
    g *= weight[columns, None]
    F = stiffness.embedding_curvature
    if factored:
        B = sp.bsr_matrix((blocks, columns, indptr), (3 * n, 3 * n))
        entries = (3 * columns[:, None] + np.arange(3, dtype=np.int32)).ravel()
        return FactoredOperator(B, sp.csr_matrix((g.ravel(), entries, 3 * indptr), (n, 3 * n)), F)
    del found, stiffness, key, present, rows, slots, slopes
    # the pattern is symmetric: entry k, read by columns, is the transpose of entry k, read by rows
    transposed = np.argsort(columns, kind="stable")
    out_indptr = np.zeros(n + 1, np.int64)
    np.cumsum(_count_blocks(indptr, columns), out=out_indptr[1:])
    out, out_columns = np.zeros((out_indptr[-1], 3, 3)), np.empty(out_indptr[-1], np.int32)
    _add_product(indptr, columns, blocks, g, transposed, F, out_indptr, out_columns, out)
    return sp.bsr_matrix((out, out_columns, out_indptr), (3 * n, 3 * n))


@njit(cache=True)
def _fill(i, slot, diagonal, vector, distance, first, second, density_slope, n_blocks):
    """Blocks of B and of G: bonds to several images of one atom add up, those to the own image cancel."""
    blocks, g = np.zeros((n_blocks, 3, 3)), np.zeros((n_blocks, 3))
    for b in range(i.size):
        own, other, r = diagonal[i[b]], slot[b], distance[b]
        across = first[b] / r
        along = (second[b] - across) / r**2
        for x in range(3):
            slope = density_slope[b] * vector[b, x] / r
            g[other, x] += slope
            g[own, x] -= slope
            for y in range(3):
                k = along * (vector[b, x] * vector[b, y])
                if x == y:
                    k += across
                blocks[other, x, y] -= k
                blocks[own, x, y] += k
    return blocks, g


@njit(parallel=True, cache=True)
def _count_blocks(indptr, columns):
    """Blocks in each row of the product: atoms at most two bonds away."""
    n = indptr.size - 1
    counts = np.zeros(n, np.int64)
    for chunk in prange(-(-n // _CHUNK)):
        seen = np.full(n, -1, np.int32)
        for a in range(chunk * _CHUNK, min(n, (chunk + 1) * _CHUNK)):
            for k in range(indptr[a], indptr[a + 1]):
                for l in range(indptr[columns[k]], indptr[columns[k] + 1]):
                    if seen[columns[l]] != a:
                        seen[columns[l]] = a
                        counts[a] += 1
    return counts


@njit(parallel=True, cache=True)
def _add_product(indptr, columns, blocks, g, transposed, F, out_indptr, out_columns, out):
    """out <- B + G^T F G, row by row, each in the order of its columns: the same for any number of threads."""
    n = indptr.size - 1
    for chunk in prange(-(-n // _CHUNK)):
        seen, place = np.full(n, -1, np.int32), np.empty(n, np.int64)
        for a in range(chunk * _CHUNK, min(n, (chunk + 1) * _CHUNK)):
            start = end = out_indptr[a]
            for k in range(indptr[a], indptr[a + 1]):
                for l in range(indptr[columns[k]], indptr[columns[k] + 1]):
                    if seen[columns[l]] != a:
                        seen[columns[l]] = a
                        out_columns[end] = columns[l]
                        end += 1
            out_columns[start:end].sort()
            for at in range(start, end):
                place[out_columns[at]] = at
            for k in range(indptr[a], indptr[a + 1]):
                out[place[columns[k]]] += blocks[k]
            for k in range(indptr[a], indptr[a + 1]):
                f, up = F[columns[k]], g[transposed[k]]
                for l in range(indptr[columns[k]], indptr[columns[k] + 1]):
                    block, down = out[place[columns[l]]], g[l]
                    for x in range(3):
                        for y in range(3):
                            block[x, y] += f * (up[x] * down[y])


def check_minimum(atoms: Atoms, potential, force_tolerance: float) -> None:
    """Raise ValueError unless the structure is a minimum: no force above a tolerance, no negative eigenvalue.

    The message gives the largest force and its atom, and how many eigenvalues are negative and the lowest. They are
    counted by dense diagonalisation below 1,500 atoms. From there on 400 Lanczos steps look for the lowest, and they
    may miss one that is hardly negative. An eigenvalue counts as negative beyond 1e-9 of the largest.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : Potential or str
    force_tolerance : float
        In eV/A or reduced.
    """
    size = np.linalg.norm(forces(atoms, potential), axis=1)
    H = hessian(atoms, potential, factored=len(atoms) >= 1500)
    with blas_threads(available_cores()):
        if len(atoms) < 1500:
            levels = eigvalsh(H.toarray())
            count = int((levels < -1e-9 * abs(levels).max()).sum())
            negative = f"{count} negative eigenvalue(s), lowest {levels[0]:.3g}" if count else ""
        else:
            low, high, _ = lanczos_extremes(H, 400)
            negative = f"a negative eigenvalue at or below {low:.3g}" if low < -1e-9 * high else ""
    if negative or not size.max() <= force_tolerance:
        raise ValueError(
            f"the structure is not a minimum: the largest force is {size.max():.3g} on atom {size.argmax()} "
            f"(tolerance {force_tolerance:.3g}), {negative or 'no eigenvalue is negative'}; relax it further"
        )
