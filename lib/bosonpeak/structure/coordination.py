"""Neighbours of each atom: within a cutoff, and by Voronoi cells (floor 2).

Lengths are in the unit of the structure (A, or reduced).
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.spatial import Voronoi

from .pair_distribution import check_periodic, periodic_neighbours


def coordination(atoms: Atoms, cutoff: float) -> np.ndarray:
    """Neighbours within the cutoff, images included, (N,) integers; `first_minimum` of g(r) is the usual cutoff.

    Raises ValueError as `periodic_neighbours`.
    """
    return np.bincount(periodic_neighbours(atoms, "i", cutoff), minlength=len(atoms))


def nearest_neighbour_distances(atoms: Atoms, cutoff: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the neighbours within the cutoff, and smallest, of each atom's distances, (N,) both.

    NaN where an atom has no neighbour. Raises ValueError as `periodic_neighbours`.
    """
    i, d = periodic_neighbours(atoms, "id", cutoff)
    count = np.bincount(i, minlength=len(atoms))
    smallest = np.full(len(atoms), np.inf)
    np.minimum.at(smallest, i, d)
    alone = count == 0
    mean = np.bincount(i, d, len(atoms)) / np.where(alone, 1, count)
    return np.where(alone, np.nan, mean), np.where(alone, np.nan, smallest)


@dataclass(frozen=True)
class VoronoiCells:
    """Voronoi cells of N atoms: volume (N,), and all faces, each seen from both of its atoms: atom (F,), sorted, whose
    cell it bounds; neighbour (F,) behind it; distance (F,) between the two; area (F,); solid_angle (F,) in sr."""

    volume: np.ndarray
    atom: np.ndarray
    neighbour: np.ndarray
    distance: np.ndarray
    area: np.ndarray
    solid_angle: np.ndarray

    def coordination(self, fraction: float = 0.0) -> np.ndarray:
        """Faces of each cell that take more than this fraction of the full solid angle, (N,) integers."""
        return np.bincount(self.atom[self.solid_angle > 4 * np.pi * fraction], minlength=len(self.volume))

    def effective_coordination(self) -> np.ndarray:
        """Faces weighted by solid angle over that of the largest, (N,): O'Keeffe, Acta Cryst. A 35, 772 (1979)."""
        largest = np.zeros(len(self.volume))
        np.maximum.at(largest, self.atom, self.solid_angle)
        return np.bincount(self.atom, self.solid_angle) / largest


def voronoi_cells(atoms: Atoms) -> VoronoiCells:
    """Voronoi cells of a periodic structure.

    Volumes add up to that of the box, solid angles of a cell to 4 pi. In crystals, corners where more than four cells
    meet leave faces of almost no area: count with a fraction. Raises ValueError as `check_periodic`, and for two
    atoms in one place.
    """
    # qhull on the box and a skin of images: LAMMPS gives no solid angles, and voro++ would be a new dependency
    check_periodic(atoms)
    n, cell = len(atoms), atoms.cell.array
    scaled = atoms.get_scaled_positions(wrap=True)
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    skin = 2.5 * (atoms.get_volume() / n) ** (1 / 3)
    while True:
        images, owner = _with_skin(scaled, skin / heights)
        points = images @ cell
        diagram = Voronoi(points)
        pairs = diagram.ridge_points
        # a face has a cell on each side; those of cells in the box count
        side = np.concatenate([pairs, pairs[:, ::-1]])
        face = np.flatnonzero(side[:, 0] < n)
        corners = [diagram.ridge_vertices[f % len(pairs)] for f in face]
        size, flat = np.array([len(c) for c in corners]), np.concatenate(corners).astype(int)
        side = side[face]
        origin = points[side[:, 0]]
        corner = diagram.vertices[flat] - np.repeat(origin, size, axis=0)
        # exact once no image left out can come nearer to a corner than the cell's own atom
        if flat.min() >= 0 and 2 * np.linalg.norm(corner, axis=1).max() < skin:
            break
        skin *= 1.5
    distance = np.linalg.norm(points[side[:, 1]] - origin, axis=1)
    # qhull drops the one or parts the two by rounding
    lost = np.r_[np.flatnonzero(np.bincount(side[:, 0], minlength=n) == 0), side[distance < 1e-9 * skin, 0]]
    if lost.size:
        raise ValueError(f"atom {lost[0]} lies in one place with another: separate the two")
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    following = np.arange(len(flat)) + 1
    following[start + size - 1] = start
    area = np.linalg.norm(np.add.reduceat(np.cross(corner, corner[following]), start), axis=1) / 2
    apex = np.repeat(corner[start], size, axis=0)
    solid_angle = np.add.reduceat(_solid_angle(apex, corner, corner[following]), start)
    atom = side[:, 0]
    order = np.argsort(atom, kind="stable")
    volume = np.bincount(atom, area * distance / 6, n)
    return VoronoiCells(volume, *(x[order] for x in (atom, owner[side[:, 1]], distance, area, solid_angle)))


def _with_skin(scaled, width):
    """Fractional positions of the atoms, then of all images within `width` (3,) of the box, and their atoms."""
    reach = np.ceil(width).astype(int)
    shifts = np.stack(np.meshgrid(*(np.arange(-k, k + 1) for k in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    shifts = shifts[np.argsort(abs(shifts).sum(axis=1), kind="stable")]
    images = (scaled + shifts[:, None]).reshape(-1, 3)
    near = ((images >= -width) & (images <= 1 + width)).all(axis=1)
    return images[near], np.tile(np.arange(len(scaled)), len(shifts))[near]


def _solid_angle(a, b, c):
    """Of the triangles abc seen from the origin, (T,): van Oosterom and Strackee, IEEE Trans. Biomed. Eng. 30, 125."""
    x, y, z = (np.linalg.norm(v, axis=1) for v in (a, b, c))
    dot = [np.einsum("tk,tk->t", *pair) for pair in ((a, b), (b, c), (c, a))]
    triple = abs(np.einsum("tk,tk->t", a, np.cross(b, c)))
    return 2 * np.arctan2(triple, x * y * z + dot[0] * z + dot[1] * x + dot[2] * y)
