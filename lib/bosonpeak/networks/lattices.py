"""Spring networks on lattices and on the contacts of any structure (floor 1, numpy and scipy only).

Four lattices with nearest neighbours at distance 1: square, triangular, simple cubic and fcc. Disorder comes in
separate knobs: displaced nodes, missing bonds, fluctuating stiffnesses. A spring of stiffness k along the unit vector
n is scalar (k, one displacement a node) or vector (k n n^T, d displacements a node, unstressed). Reduced units: length
a, stiffness t0, mass m, so omega is in sqrt(t0/m). All boundaries are periodic.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .network import SpringNetwork
from .springs import SpringDistribution, ZeroModes, count_zero_modes, vector_dynamical_matrix

__all__ = [
    "LATTICES",
    "Lattice",
    "SpringDistribution",
    "ZeroModes",
    "contact_network",
    "count_zero_modes",
    "get_lattice",
    "lattice_network",
    "vector_dynamical_matrix",
]


@dataclass(frozen=True)
class Lattice:
    """A lattice of one node a primitive cell, its springs tying nearest neighbours.

    cell: (d,) edges of a rectangular cell in a; basis: (m, d) its nodes, in units of the edges; steps: (z/2, d) the
    springs of one node in a, of each and its opposite only one.
    """

    name: str
    cell: np.ndarray
    basis: np.ndarray
    steps: np.ndarray

    @property
    def dimension(self) -> int:
        return len(self.cell)

    @property
    def coordination(self) -> int:
        return 2 * len(self.steps)

    @property
    def number_density(self) -> float:
        """Nodes per a^d."""
        return float(len(self.basis) / np.prod(self.cell))

    @property
    def primitive(self) -> np.ndarray:
        """Primitive vectors (d, d), rows: the first steps that span the lattice."""
        return self.steps[: self.dimension]

    def matrix(self, k, vector: bool = False) -> np.ndarray:
        """Dynamical matrix of the perfect lattice with springs 1 at wave vectors k (..., d), in t0/m.

            D(k) = sum_b 2 (1 - cos k.b) [n_b n_b^T],   b over half of the springs

        Returns (...) for scalar springs, (..., d, d) for vector springs.
        """
        weight = 4 * np.sin(np.asarray(k, float) @ self.steps.T / 2) ** 2
        if not vector:
            return weight.sum(axis=-1)
        return np.einsum("...b,bi,bj->...ij", weight, self.steps, self.steps)


def _fcc_steps():
    # the first three span the lattice
    return np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 1, -1], [1, 0, -1], [1, -1, 0]]) / np.sqrt(2)


LATTICES = {
    "square": Lattice("square", np.ones(2), np.zeros((1, 2)), np.eye(2)),
    "triangular": Lattice(
        "triangular",
        np.array([1.0, np.sqrt(3)]),
        np.array([[0.0, 0.0], [0.5, 0.5]]),
        np.array([[1.0, 0.0], [0.5, np.sqrt(3) / 2], [-0.5, np.sqrt(3) / 2]]),
    ),
    "simple-cubic": Lattice("simple-cubic", np.ones(3), np.zeros((1, 3)), np.eye(3)),
    "fcc": Lattice(
        "fcc",
        np.full(3, np.sqrt(2)),
        np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]),
        _fcc_steps(),
    ),
}


def get_lattice(name: str) -> Lattice:
    """The lattice of that name. Raises ValueError for an unknown one."""
    if name not in LATTICES:
        raise ValueError(f"unknown lattice {name!r}: choose one of {', '.join(LATTICES)}")
    return LATTICES[name]


def _place_springs(positions, bonds, vectors, box, springs, length_exponent, rng) -> SpringNetwork:
    """Draw the stiffnesses and put the network together; what has no stiffness is no spring."""
    if not len(bonds):
        raise ValueError(
            "no spring is left: raise the bond fraction, the mean coordination or the cutoff, or take another seed"
        )
    length = np.linalg.norm(vectors, axis=1)
    if length.min() < 1e-9:
        i, j = bonds[length.argmin()]
        raise ValueError(f"nodes {i} and {j} lie on one another: lower the disorder or take another seed")
    stiffness = springs.draw(len(bonds), rng) * length**-length_exponent
    real = stiffness > 0
    return SpringNetwork(positions, bonds[real], stiffness[real], np.asarray(box, float), vectors[real])


def _choose_bonds(count, n_nodes, coordination, bond_fraction, mean_coordination, rng) -> np.ndarray:
    """Indices of the bonds that stay, ascending."""
    if mean_coordination is None:
        if not 0 <= bond_fraction <= 1:
            raise ValueError(f"bond fraction {bond_fraction}: it is a probability in [0, 1]")
        return np.flatnonzero(rng.uniform(size=count) < bond_fraction)
    if bond_fraction != 1.0:
        raise ValueError(
            f"bond fraction {bond_fraction} and mean coordination {mean_coordination} both dilute: choose one"
        )
    if not 0 <= mean_coordination <= coordination:
        raise ValueError(f"mean coordination {mean_coordination} lies outside [0, {coordination}] of this lattice")
    return np.sort(rng.permutation(count)[: round(mean_coordination * n_nodes / 2)])


def lattice_network(
    lattice: str,
    n: int,
    *,
    disorder: float = 0.0,
    bond_fraction: float = 1.0,
    mean_coordination: float | None = None,
    springs: SpringDistribution | None = None,
    length_exponent: float = 0.0,
    rng=None,
) -> SpringNetwork:
    """Periodic network on a lattice, with nodes displaced, bonds missing and stiffnesses drawn, each on its own.

    lattice: "square", "triangular", "simple-cubic" or "fcc"; n: rectangular cells an edge, of 1, 2, 1 and 4 nodes (the
    triangular cell is 1 by sqrt(3)); disorder: distance in a by which each node moves in a random direction, in
    [0, 1), the springs staying with their nodes; bond_fraction: probability of each bond to be kept; or
    mean_coordination: exactly that many springs a node (rounded to a whole number of springs); springs: their
    distribution, all 1 by default, times length^-length_exponent (1: the springs of jiang-2026).
    rng: Generator or seed. The knobs draw from streams of their own: a seed gives the same displacements whatever the
    dilution, and the other way round.

    Raises ValueError for an unknown lattice, n < 3, a knob out of range, or where no spring is left.
    """
    kind = get_lattice(lattice)
    d, m = kind.dimension, len(kind.basis)
    if not n >= 3 or n != np.floor(n):
        raise ValueError(f"n = {n}: a periodic lattice needs an integer of at least 3 cells an edge")
    if not 0 <= disorder < 1:
        raise ValueError(f"disorder = {disorder}: the displacement must lie in [0, 1) lattice constants")
    shape = (int(n),) * d
    move, dilute, draw = np.random.default_rng(rng).spawn(3)
    cells = np.indices(shape).reshape(d, -1).T
    sites = ((cells[:, None] + kind.basis) * kind.cell).reshape(-1, d)
    direction = move.standard_normal(sites.shape)
    displacement = disorder * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    bonds, vectors = [], []
    for b in range(m):
        for step in kind.steps:
            target = kind.basis[b] + step / kind.cell
            away = target - kind.basis
            # the node of the cell that the step leads to, up to whole cells
            t = int(np.argmin(abs(away - np.round(away)).sum(axis=1)))
            other = np.ravel_multi_index(((cells + np.round(away[t]).astype(int)) % n).T, shape) * m + t
            bonds.append(np.stack([np.arange(len(cells)) * m + b, other], axis=1))
            vectors.append(np.broadcast_to(step, (len(cells), d)))
    bonds, vectors = np.concatenate(bonds), np.concatenate(vectors)
    keep = _choose_bonds(len(bonds), len(sites), kind.coordination, bond_fraction, mean_coordination, dilute)
    bonds = bonds[keep]
    vectors = vectors[keep] + displacement[bonds[:, 1]] - displacement[bonds[:, 0]]
    box = int(n) * kind.cell
    positions = (sites + displacement) % box
    return _place_springs(positions, bonds, vectors, box, springs or SpringDistribution(), length_exponent, draw)


def contact_network(
    positions, cell, cutoff, *, springs: SpringDistribution | None = None, length_exponent: float = 0.0, rng=None
) -> SpringNetwork:
    """Network of springs between all pairs of nodes nearer than a cutoff, periodic images included.

    positions: (N, d) in any unit of length, and vectors and box in the same; cell: (d, d) rows, or (d,) edges; cutoff:
    a distance, or (N,) radii, two nodes being tied where they are nearer than the sum of theirs. Each pair and image
    is one spring. springs, length_exponent, rng: as `lattice_network`. `box` holds the edges, for an oblique cell the
    diagonal of its triangular form: the product is the volume, and the vectors know the boundary.

    Raises ValueError for shapes that do not fit, a cell without volume, a cutoff that is not positive, NaN, or where
    no spring is left.
    """
    positions, cell = np.asarray(positions, float), np.asarray(cell, float)
    cell = np.diag(cell) if cell.ndim == 1 else cell
    if positions.ndim != 2 or cell.shape != (positions.shape[1],) * 2:
        raise ValueError(f"positions {positions.shape} and cell {cell.shape} do not fit: expected (N, d) and (d, d)")
    if not (np.isfinite(positions).all() and np.isfinite(cell).all() and abs(np.linalg.det(cell)) > 0):
        raise ValueError("positions and cell must be finite, and the cell must have a volume")
    reach = np.asarray(cutoff, float)
    if reach.shape not in ((), (len(positions),)) or not (np.isfinite(reach).all() and (reach > 0).all()):
        raise ValueError(
            f"cutoff of shape {reach.shape}: give one positive distance, or {len(positions)} positive radii"
        )
    longest = float(reach if reach.ndim == 0 else 2 * reach.max())
    d = positions.shape[1]
    whole = np.floor(positions @ np.linalg.inv(cell))
    inside = positions - whole @ cell
    fraction = inside @ np.linalg.inv(cell)
    # a node reaches as many cells as its cutoff holds distances between opposite faces
    depth = longest * np.linalg.norm(np.linalg.inv(cell), axis=0)
    images = np.stack(np.meshgrid(*(np.arange(-np.ceil(x), np.ceil(x) + 1) for x in depth), indexing="ij"), axis=-1)
    parts = []
    for shift in images.reshape(-1, d):
        moved = fraction + shift
        near = np.flatnonzero(((moved >= -depth - 1e-9) & (moved <= 1 + depth + 1e-9)).all(axis=1))
        parts.append((near, np.broadcast_to(shift, (len(near), d))))
    node, shift = (np.concatenate(part) for part in zip(*parts, strict=True))
    found = cKDTree(inside).sparse_distance_matrix(cKDTree(inside[node] + shift @ cell), longest, output_type="ndarray")
    i, j, away, length = found["i"], node[found["j"]], shift[found["j"]], found["v"]
    ahead = away[np.arange(len(away)), (away != 0).argmax(axis=1)] > 0
    # every spring is found from both ends; a node and its own image once for each direction
    once = (i < j) | ((i == j) & ahead)
    once &= length < (longest if reach.ndim == 0 else reach[i] + reach[j])
    order = np.lexsort((*away[once].T, j[once], i[once]))
    i, j, away = i[once][order], j[once][order], away[once][order]
    vectors = inside[j] + away @ cell - inside[i]
    box = abs(np.diag(np.linalg.qr(cell.T, mode="r")))
    draw = np.random.default_rng(rng).spawn(3)[2]
    bonds = np.stack([i, j], axis=1).astype(np.int64)
    return _place_springs(positions, bonds, vectors, box, springs or SpringDistribution(), length_exponent, draw)
