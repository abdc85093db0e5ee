"""Energy and forces of a few atoms that move among others at rest, at a cost that depends on the few alone.

Only pairs with a free atom at one end are summed. The density that resting atoms give to one another enters once, from
the start, so that one cutoff of resting atoms around the free ones makes the embedded-atom energy exact. A cluster that
is cut out for LAMMPS would need two cutoffs, and every pair of it would be computed each time: for Cu-Zr that is 1,500
atoms instead of 100.
"""

from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from ase.geometry import is_minkowski_reduced, minkowski_reduce
from matscipy.neighbours import neighbour_list
from numba import njit

from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.hessian import bond_stiffness, bonds

_SKIN = 0.12
"""Margin of the list of pairs, in cutoffs."""
_WANDER = 0.1
"""How far an atom may be from where it was at the start, in cutoffs, before its pairs are sought among all atoms."""


@dataclass(frozen=True)
class Landscape:
    """A structure from which searches start; lengths and energies are in the units of the potential.

    Attributes
    ----------
    positions : array, shape (N, 3)
    cell : array, shape (3, 3)
        Its vectors are the shortest ones of the lattice.
    types : array of int, shape (N,)
        Index into the elements of the potential.
    density : array, shape (N,)
        Embedding density rho_i; zero for pair potentials.
    forces : array, shape (N, 3)
    interaction : PairInteraction or EmbeddedInteraction
    first, neighbours : array of int, shape (N + 1,) and (M,)
        The atoms that can come within the list of pairs of atom i while both stay near the start, in ascending order:
        neighbours[first[i] : first[i + 1]]. Without entries in a cell that is too small for them.
    """

    positions: np.ndarray
    cell: np.ndarray
    types: np.ndarray
    density: np.ndarray
    forces: np.ndarray
    interaction: object
    first: np.ndarray
    neighbours: np.ndarray

    @property
    def half_height(self) -> float:
        """Half of the shortest distance between opposite faces of the cell."""
        return float(0.5 / np.linalg.norm(np.linalg.inv(self.cell), axis=0).max())

    def within(self, centres, radius: float) -> np.ndarray:
        """Indices (k,) of the atoms within `radius` of any of the atoms `centres`; all atoms beyond `half_height`."""
        if radius > self.half_height:
            return np.arange(len(self.positions))
        near, inverse = np.zeros(len(self.positions), bool), np.linalg.inv(self.cell)
        for centre in np.atleast_1d(centres):
            apart = (self.positions - self.positions[centre]) @ inverse
            # exact up to half_height, where rounding finds the nearest image in any cell
            apart = (apart - np.round(apart)) @ self.cell
            near |= np.einsum("ij,ij->i", apart, apart) <= radius**2
        return np.flatnonzero(near)


def describe_landscape(atoms: Atoms, potential) -> Landscape:
    """The landscape around a structure. Raises ValueError as `vibrations.hessian.bonds`."""
    found, interaction, cell = bonds(atoms, potential), get(potential).interaction(), atoms.cell.array.copy()
    # of all vectors that span the same lattice the shortest: a search must not depend on the choice
    if not is_minkowski_reduced(cell):
        cell = minkowski_reduce(cell)[0]
    stiffness = bond_stiffness(found, interaction)
    pull = stiffness.first / found.distance
    f = np.stack([np.bincount(found.i, pull * found.vector[:, c], len(atoms)) for c in range(3)], axis=1)
    first = neighbours = np.empty(0, np.int32)
    start = Landscape(atoms.positions.copy(), cell, found.types, stiffness.density, f, interaction, first, neighbours)
    wide = interaction.cutoff * (1 + _SKIN + 2 * _WANDER)
    if wide < start.half_height:
        i, j = neighbour_list("ij", atoms, wide)
        first = np.searchsorted(i, np.arange(len(atoms) + 1)).astype(np.int32)
        neighbours = j[np.lexsort((j, i))].astype(np.int32)
    return replace(start, first=first, neighbours=neighbours)


class Region:
    """The atoms `free` (n,) of a landscape move; all others rest where they were.

    `force_calls` counts the evaluations. The list of pairs is renewed when an atom has moved by half of its margin. The
    atoms stand in `free` in the order in which they were freed.
    """

    def __init__(self, landscape: Landscape, free):
        self.landscape, self.force_calls, self._capacity = landscape, 0, 0
        law = self._law = landscape.interaction
        if law.embedded:
            self._tables = _pair_tables(law), law.embedding_spline, law.r_step, law.rho_step, law.cutoff**2
        else:
            self._tables = law.cutoffs**2, law.exponents, law.coefficients, law.origin
        self._reach = law.cutoff * (1 + _SKIN)
        # in a cell of more than twice the reach, only the nearest image counts
        count = (
            int(np.ceil(self._reach / (2 * landscape.half_height) + 0.5)) if landscape.half_height < self._reach else 0
        )
        span = np.arange(-count, count + 1)
        self._images = np.stack(np.meshgrid(span, span, span, indexing="ij"), axis=-1).reshape(-1, 3) @ landscape.cell
        self.free = np.empty(0, np.int64)
        self.grow(free)

    def grow(self, atoms) -> None:
        """Free further atoms (k,); those that were free keep their places in front."""
        self.free = np.concatenate([self.free, np.setdiff1d(atoms, self.free)])
        self.start = self.landscape.positions[self.free]
        self._rest, self._shell = self.landscape.density.copy(), np.empty(0, np.int64)
        self._list(self.start)
        self._shell = self._local[len(self.free) :]
        if self._law.embedded:
            pairs = self._x, *self._pairs, self._types
            self._rest[self._local] -= _sum_densities(*pairs, self._tables[0], self._tables[2], self._tables[4])
            self._local_rest = self._rest[self._local]
        self._zero = self._late = 0.0
        self._zero = self._sum(self.start)[0]

    def evaluate(self, x) -> tuple[float, np.ndarray]:
        """Energy above the start, and forces (n, 3), with the free atoms at x (n, 3)."""
        self.force_calls += 1
        moved = x - self._listed
        if not np.einsum("ij,ij->i", moved, moved).max() < (_SKIN * self._law.cutoff / 2) ** 2:
            self._list(x)
        return self._sum(x)

    def _sum(self, x):
        n = len(self.free)
        self._x[:n] = x
        if self._law.embedded:
            energy, f = _embedded_forces(self._x, n, *self._pairs, self._types, self._local_rest, *self._tables)
            # the energy that atoms which came near after the start have without the free ones
            energy -= self._late
        else:
            energy, f = _pair_forces(self._x, n, *self._pairs, self._types, *self._tables)
        return energy - self._zero, f

    def _list(self, x):
        """Renew the list of pairs within the reach, and of the resting atoms that belong to them."""
        start, n = self.landscape, len(self.free)
        if not np.isfinite(x).all():
            raise FloatingPointError("positions that are not finite")
        everywhere = start.positions.copy()
        everywhere[self.free] = x
        rank = np.full(len(everywhere), -1, np.int64)
        rank[self.free] = np.arange(n)
        apart = x - self.start[0]
        extent = np.sqrt(np.einsum("ij,ij->i", apart, apart).max()) + self._reach
        near = start.within(self.free[0], extent + self._reach)
        near = np.union1d(near, self.free)
        folded = everywhere @ np.linalg.inv(start.cell)
        far = np.sort(self.free[np.linalg.norm(x - self.start, axis=1) > _WANDER * self._law.cutoff])
        candidates = near, far, start.first, start.neighbours
        while True:
            i, j, offset, square, count = _find_pairs(
                folded, start.cell, self._images, self.free, rank, candidates, self._reach**2, self._capacity
            )
            if count <= self._capacity:
                break
            self._capacity = int(1.1 * count)
        # by species and distance: the tables, larger than a cache, then are read in order
        species = 1 + int(start.types.max())
        n_bins = 2**16 // species**2  # numpy sorts 16 bits in one sweep
        bins = (square[:count] * (n_bins / self._reach**2)).astype(np.int32)
        bins += n_bins * (start.types[self.free[i[:count]]] * species + start.types[j[:count]]).astype(np.int32)
        order = np.argsort(bins.astype(np.uint16), kind="stable")
        i, j, offset = i[order], j[order], offset[order]
        others = np.union1d(self._shell, j[rank[j] < 0])
        rank[others] = n + np.arange(len(others))
        self._local = np.concatenate([self.free, others])
        self._x, self._types, self._listed = everywhere[self._local], start.types[self._local], x.copy()
        self._pairs = i, rank[j], offset
        self._local_rest, self._late = self._rest[self._local], 0.0
        late = np.setdiff1d(others, self._shell)
        if self._law.embedded and len(late):
            self._late = float(self._law.embedding(self._rest[late], start.types[late])[0].sum())


@njit(cache=True)
def _find_pairs(folded, cell, images, free, rank, candidates, reach2, capacity):
    """Pairs of a free atom (its local number) and another atom, the offset of its image, and the squared distance.

    Positions are in units of the cell. The other atom is sought among those near the first one at the start and those
    that are far from their start, or, if the first one is far from its own or nothing is known of the start, among all
    atoms near the region. If the count exceeds the capacity, the call has to be repeated with a larger one.
    """
    near, far, first, neighbours = candidates
    strayed = np.zeros(rank.size, np.bool_)
    strayed[far] = True
    i, j, offset = np.empty(capacity, np.int64), np.empty(capacity, np.int64), np.empty((capacity, 3))
    squares, count, one = np.empty(capacity), 0, images.shape[0] == 1
    for a in range(free.size):
        fa = free[a]
        if first.size == 0 or strayed[fa]:
            others = near
        else:
            others = neighbours[first[fa] : first[fa + 1]].astype(np.int64)
            if far.size:
                others = np.unique(np.concatenate((others, far)))
        for b in others:
            # two free atoms meet once, by the lower number; an atom and its own image keep their distance
            if 0 <= rank[b] <= a:
                continue
            s0, s1, s2 = folded[b, 0] - folded[fa, 0], folded[b, 1] - folded[fa, 1], folded[b, 2] - folded[fa, 2]
            n0, n1, n2 = -np.floor(s0 + 0.5), -np.floor(s1 + 0.5), -np.floor(s2 + 0.5)
            s0, s1, s2 = s0 + n0, s1 + n1, s2 + n2
            d0 = s0 * cell[0, 0] + s1 * cell[1, 0] + s2 * cell[2, 0]
            d1 = s0 * cell[0, 1] + s1 * cell[1, 1] + s2 * cell[2, 1]
            d2 = s0 * cell[0, 2] + s1 * cell[1, 2] + s2 * cell[2, 2]
            if one and d0 * d0 + d1 * d1 + d2 * d2 >= reach2:
                continue
            for k in range(images.shape[0]):
                square = (d0 + images[k, 0]) ** 2 + (d1 + images[k, 1]) ** 2 + (d2 + images[k, 2]) ** 2
                if square < reach2:
                    if count < capacity:
                        i[count], j[count], squares[count] = a, b, square
                        for c in range(3):
                            offset[count, c] = n0 * cell[0, c] + n1 * cell[1, c] + n2 * cell[2, c] + images[k, c]
                    count += 1
    return i, j, offset, squares, count


def _pair_tables(law) -> np.ndarray:
    """Cubics of r phi and of the densities at the first and at the second atom, side by side: (t, t, n_r, 12)."""
    density = law.density_spline
    return np.ascontiguousarray(np.concatenate([law.pair_spline, density, density.swapaxes(0, 1)], axis=-1))


@njit(cache=True)
def _sum_densities(x, i, j, offset, types, tables, r_step, cutoff2):
    """Densities (n,) that the pairs give."""
    rho, last = np.zeros(types.size), tables.shape[2] - 2
    for b in range(i.size):
        square = 0.0
        for c in range(3):
            square += (x[j[b], c] - x[i[b], c] + offset[b, c]) ** 2
        if square < cutoff2:
            q = np.sqrt(square) / r_step
            m = min(int(q), last)
            p, t = min(q - m, 1.0), tables[types[i[b]], types[j[b]], m]
            rho[i[b]] += ((t[4] * p + t[5]) * p + t[6]) * p + t[7]
            rho[j[b]] += ((t[8] * p + t[9]) * p + t[10]) * p + t[11]
    return rho


@njit(cache=True)
def _embedded_forces(x, n, i, j, offset, types, rest, tables, embedding, r_step, rho_step, cutoff2):
    """Energy of the pairs and of the embedding of all atoms, and forces on the first n atoms."""
    energy, f, per_step = 0.0, np.zeros((n, 3)), 1.0 / r_step
    rho, slope = rest.copy(), np.empty(types.size)
    last, last_rho = tables.shape[2] - 2, embedding.shape[1] - 2
    # per pair inside the cutoff: who, unit vector, phi', both densities' slopes
    who, kept, inside = np.empty((i.size, 2), np.int64), np.empty((i.size, 6)), 0
    for b in range(i.size):
        a, o = i[b], j[b]
        dx = x[o, 0] - x[a, 0] + offset[b, 0]
        dy = x[o, 1] - x[a, 1] + offset[b, 1]
        dz = x[o, 2] - x[a, 2] + offset[b, 2]
        square = dx * dx + dy * dy + dz * dz
        if square >= cutoff2:
            continue
        r = np.sqrt(square)
        q, inverse = r * per_step, 1.0 / r
        m = min(int(q), last)
        p, t = min(q - m, 1.0), tables[types[a], types[o], m]
        phi = (((t[0] * p + t[1]) * p + t[2]) * p + t[3]) * inverse
        energy += phi
        rho[a] += ((t[4] * p + t[5]) * p + t[6]) * p + t[7]
        rho[o] += ((t[8] * p + t[9]) * p + t[10]) * p + t[11]
        who[inside, 0], who[inside, 1] = a, o
        kept[inside, 0], kept[inside, 1], kept[inside, 2] = dx * inverse, dy * inverse, dz * inverse
        kept[inside, 3] = (((3 * t[0] * p + 2 * t[1]) * p + t[2]) * per_step - phi) * inverse
        kept[inside, 4] = ((3 * t[4] * p + 2 * t[5]) * p + t[6]) * per_step
        kept[inside, 5] = ((3 * t[8] * p + 2 * t[9]) * p + t[10]) * per_step
        inside += 1
    end = (last_rho + 1) * rho_step
    for a in range(types.size):
        q = rho[a] / rho_step
        m = max(0, min(int(q), last_rho))
        p, t = min(q - m, 1.0), embedding[types[a], m]
        slope[a] = ((3 * t[0] * p + 2 * t[1]) * p + t[2]) / rho_step
        energy += ((t[0] * p + t[1]) * p + t[2]) * p + t[3] + slope[a] * max(rho[a] - end, 0.0)
    for b in range(inside):
        a, o = who[b]
        pull = kept[b, 3] + slope[a] * kept[b, 4] + slope[o] * kept[b, 5]
        for c in range(3):
            f[a, c] += pull * kept[b, c]
            if o < n:
                f[o, c] -= pull * kept[b, c]
    return energy, f


@njit(cache=True)
def _pair_forces(x, n, i, j, offset, types, cutoffs2, exponents, coefficients, origin):
    """As `_embedded_forces`, for a sum of powers of r - origin."""
    energy, f, d = 0.0, np.zeros((n, 3)), np.empty(3)
    for b in range(i.size):
        a, o = i[b], j[b]
        for c in range(3):
            d[c] = x[o, c] - x[a, c] + offset[b, c]
        square = d[0] ** 2 + d[1] ** 2 + d[2] ** 2
        if square >= cutoffs2[types[a], types[o]]:
            continue
        r, pull = np.sqrt(square), 0.0
        for k in range(exponents.size):
            power = coefficients[types[a], types[o], k]
            if exponents[k] != 0:
                power *= (r - origin) ** (exponents[k] - 1)
                pull += exponents[k] * power
                power *= r - origin
            energy += power
        for c in range(3):
            f[a, c] += pull * d[c] / r
            if o < n:
                f[o, c] -= pull * d[c] / r
    return energy, f
