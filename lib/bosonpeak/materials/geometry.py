"""Geometry of periodic structures: nearest images, displacements, and the checks that both need."""

import numpy as np
from ase import Atoms
from ase.geometry import find_mic


def check_periodic(atoms: Atoms) -> None:
    """Refuse a structure that is not a periodic solid.

    Parameters
    ----------
    atoms : ase.Atoms

    Raises
    ------
    ValueError
        If it is empty, is not periodic in all three directions, or has a flat cell or a number that is not finite.
    """
    if len(atoms) == 0:
        raise ValueError("the structure has no atoms: was the right file read?")
    if not atoms.pbc.all():
        raise ValueError(
            f"{atoms.get_chemical_formula()} has pbc = {atoms.pbc.tolist()}, but must be periodic in all three "
            "directions: set atoms.pbc = True if it is a bulk structure"
        )
    bad = np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))
    if len(bad):
        raise ValueError(f"the position of atom {bad[0]} is {atoms.positions[bad[0]]}: give finite numbers")
    if not (np.isfinite(atoms.cell.array).all() and abs(atoms.cell.volume) > 0):
        raise ValueError(f"the cell {atoms.cell.tolist()} has no volume: give three independent vectors")


def whole_numbers(indices, what: str) -> np.ndarray:
    """Indices as integers, (k,). Raises ValueError for a mask, and for numbers that are not whole."""
    found = np.atleast_1d(np.asarray(indices))
    if found.dtype.kind == "b":
        raise ValueError(f"{what} is a mask of {len(found)}: give indices, np.flatnonzero(mask)")
    if found.dtype.kind not in "iuf" or not (found % 1 == 0).all():
        raise ValueError(f"{what} = {found}: give whole numbers")
    return found.astype(int)


def nearest_image(vectors, cell) -> np.ndarray:
    """The shortest of the periodic images of each vector, also in strongly skewed cells.

    Parameters
    ----------
    vectors : array, shape (..., 3)
        Differences of positions, in the unit of the cell.
    cell : array, shape (3, 3)
        Rows are the vectors of the cell, which is periodic in all three directions.

    Returns
    -------
    array, shape (..., 3)
    """
    vectors = np.asarray(vectors, float)
    return find_mic(vectors.reshape(-1, 3), cell, pbc=True)[0].reshape(vectors.shape)


def displacements(reference: Atoms, current: Atoms) -> np.ndarray:
    """Displacement of each atom from one structure to another, to the nearest image.

    Where the cells differ, the affine part is subtracted: the displacement is h' (s' - s) with h' the current cell and
    s the scaled positions.

    Parameters
    ----------
    reference, current : ase.Atoms
        The same N atoms in the same order.

    Returns
    -------
    array, shape (N, 3)
        In the unit of the structures, A or reduced.

    Raises
    ------
    ValueError
        If the atoms differ or stand in another order, and as `check_periodic`.
    """
    check_periodic(reference)
    check_periodic(current)
    if not np.array_equal(reference.numbers, current.numbers):
        raise ValueError(f"{reference.symbols} and {current.symbols}: the same atoms in the same order are needed")
    followed = np.linalg.solve(reference.cell.array.T, reference.positions.T).T @ current.cell.array
    return nearest_image(current.positions - followed, current.cell)
