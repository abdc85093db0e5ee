"""Spring networks on lattices and on the contacts of any structure.

There are four lattices with nearest neighbours at distance 1: square, triangular, simple cubic and fcc. Disorder
enters in three independent ways: displaced nodes, missing bonds, fluctuating stiffnesses. A spring of stiffness k along
the unit vector n is scalar (k, one displacement per node) or vector (k n n^T, d displacements per node, unstressed).
Reduced units: length a, stiffness t0, mass m, so omega is in sqrt(t0/m). All boundaries are periodic.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .network import SpringNetwork, cells_at, check_lattice, connect
from .springs import SpringDistribution
from .springs import ZeroModes as ZeroModes
from .springs import count_zero_modes as count_zero_modes
from .springs import vector_dynamical_matrix as vector_dynamical_matrix


@dataclass(frozen=True)
class Lattice:
    """A lattice with one node per primitive cell, in which springs connect nearest neighbours.

    Attributes
    ----------
    name : str
    cell : array, shape (d,)
        Edges of a rectangular cell in a.
    basis : array, shape (m, d)
        Nodes of that cell in units of its edges.
    steps : array, shape (z/2, d)
        Springs of one node in a, one of each pair of opposite ones.
    """

    name: str
    cell: np.ndarray
    basis: np.ndarray
    steps: np.ndarray

    @property
    def dimension(self) -> int:
        """Number of dimensions d."""
        return len(self.cell)

    @property
    def coordination(self) -> int:
        """Number of springs z at a node."""
        return 2 * len(self.steps)

    @property
    def number_density(self) -> float:
        """Nodes per a^d."""
        return float(len(self.basis) / np.prod(self.cell))

    @property
    def primitive(self) -> np.ndarray:
        """Primitive vectors (d, d) as rows: the first steps, which span the lattice."""
        return self.steps[: self.dimension]

    def matrix(self, k, vector: bool = False) -> np.ndarray:
        """Dynamical matrix of the perfect lattice with springs 1 at given wave vectors.

            D(k) = sum_b 2 (1 - cos k.b) [n_b n_b^T],   b over half of the springs

        Parameters
        ----------
        k : array, shape (..., d)
            In 1/a.
        vector : bool
            Vector springs instead of scalar ones.

        Returns
        -------
        array, shape (...) for scalar springs, (..., d, d) for vector springs
            In t0/m.
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
    """The network with stiffnesses drawn from the distribution."""
    if not len(bonds):
        raise ValueError(
            "no spring is left: raise the bond fraction, the mean coordination or the cutoff, or take another seed"
        )
    springs = springs or SpringDistribution()
    return connect(
        positions, bonds, vectors, box, lambda length: springs.draw(len(length), rng) * length**-length_exponent
    )


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
    """Periodic network on a lattice with displaced nodes, missing bonds and fluctuating stiffnesses.

    The three kinds of disorder draw from random streams of their own: with one seed, the displacements are the same
    for every dilution, and the dilution is the same for all displacements.

    Parameters
    ----------
    lattice : str
        "square", "triangular", "simple-cubic" or "fcc".
    n : int
        Rectangular cells along an edge, at least 3. A cell holds 1, 2, 1 and 4 nodes in these lattices; the triangular
        one measures 1 by sqrt(3).
    disorder : float
        Distance in a by which each node is moved in a random direction, in [0, 1). Springs stay with their nodes.
    bond_fraction : float
        Probability that a bond is kept.
    mean_coordination : float, optional
        Number of springs per node, instead of bond_fraction; exact up to rounding to a whole number of springs.
    springs : SpringDistribution, optional
        Distribution of the stiffnesses before the factor length^-length_exponent; by default all are 1.
    length_exponent : float
        1 gives the springs of jiang-2026.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    SpringNetwork

    Raises
    ------
    ValueError
        If the lattice is unknown, n < 3, a parameter is out of range, or no spring is left.
    """
    kind = get_lattice(lattice)
    d, m = kind.dimension, len(kind.basis)
    n = check_lattice(n, disorder)
    move, dilute, draw = np.random.default_rng(rng).spawn(3)
    cells = np.indices((n,) * d).reshape(d, -1).T
    sites = ((cells[:, None] + kind.basis) * kind.cell).reshape(-1, d)
    direction = move.standard_normal(sites.shape)
    displacement = disorder * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    bonds, vectors = [], []
    for b in range(m):
        for step in kind.steps:
            away = kind.basis[b] + step / kind.cell - kind.basis
            # the node to which the step leads, in whichever cell it is
            t = int(np.argmin(abs(away - np.round(away)).sum(axis=1)))
            other = cells_at(cells, np.round(away[t]).astype(int), n, "C") * m + t
            bonds.append(np.stack([np.arange(len(cells)) * m + b, other], axis=1))
            vectors.append(np.broadcast_to(step, (len(cells), d)))
    bonds, vectors = np.concatenate(bonds), np.concatenate(vectors)
    keep = _choose_bonds(len(bonds), len(sites), kind.coordination, bond_fraction, mean_coordination, dilute)
    bonds = bonds[keep]
    vectors = vectors[keep] + displacement[bonds[:, 1]] - displacement[bonds[:, 0]]
    box = n * kind.cell
    return _place_springs((sites + displacement) % box, bonds, vectors, box, springs, length_exponent, draw)


def contact_network(
    positions, cell, cutoff, *, springs: SpringDistribution | None = None, length_exponent: float = 0.0, rng=None
) -> SpringNetwork:
    """Network of springs between all pairs of nodes closer than a cutoff, periodic images included.

    Parameters
    ----------
    positions : array, shape (N, d)
        In any unit of length.
    cell : array, shape (d, d) or (d,)
        Rows are the vectors of the periodic cell; or its edges.
    cutoff : float or array, shape (N,)
        A distance; or radii, two nodes being connected if they are closer than the sum of theirs. Each pair and image
        gives one spring.
    springs, length_exponent, rng
        As `lattice_network`.

    Returns
    -------
    SpringNetwork
        Its `box` holds the edges; for an oblique cell, the diagonal of the triangular form of the cell, whose product
        is the volume.

    Raises
    ------
    ValueError
        If shapes do not fit, the cell has no volume, the cutoff is not positive, a number is not finite, or no
        spring is left.
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
    d, inverse = positions.shape[1], np.linalg.inv(cell)
    inside = positions - np.floor(positions @ inverse) @ cell
    fraction = inside @ inverse
    # images up to the cutoff, counted in distances between opposite faces of the cell
    depth = longest * np.linalg.norm(inverse, axis=0)
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
    # every spring is found from both ends, and one between a node and its own image in both directions
    once = (i < j) | ((i == j) & ahead)
    once &= length < (longest if reach.ndim == 0 else reach[i] + reach[j])
    order = np.lexsort((*away[once].T, j[once], i[once]))
    i, j, away = i[once][order], j[once][order], away[once][order]
    vectors = inside[j] + away @ cell - inside[i]
    box = abs(np.diag(np.linalg.qr(cell.T, mode="r")))
    draw = np.random.default_rng(rng).spawn(3)[2]
    bonds = np.stack([i, j], axis=1).astype(np.int64)
    return _place_springs(positions, bonds, vectors, box, springs, length_exponent, draw)
