"""Structures on disk: gzipped extended XYZ that keeps every digit."""

import gzip
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from ase.io.extxyz import key_val_dict_to_str

from bosonpeak.archive.files import write_whole


def write_structure(path, atoms: Atoms) -> None:
    """Write a structure as gzipped extended XYZ, with positions and cell to the last bit.

    The same structure always gives the same bytes: the file holds no time stamp.

    Parameters
    ----------
    path : path-like
    atoms : ase.Atoms
        Its cell, its directions of periodicity, its masses where they were set, and further arrays of numbers, such as
        tags, are written too, and its `info` as key=value pairs.

    Raises
    ------
    OSError
        If the file cannot be written; the message names the path.
    ValueError
        If the structure has what the file cannot hold: constraints, or an array of something else than numbers.
    """
    if not len(atoms):
        raise ValueError(f"{path} would hold no atoms")
    if atoms.constraints:
        raise ValueError(f"{path} would lose the constraints of the structure: remove them with atoms.set_constraint()")
    arrays = {"species": np.array(atoms.symbols), "pos": atoms.positions}
    # masses come first; those that were never stated are not written, since ASE's are of no use in reduced units
    names = sorted(set(atoms.arrays) - {"numbers", "positions"}, key=lambda name: (name != "masses", name))
    arrays |= {name: atoms.arrays[name] for name in names}
    columns, properties = [], []
    for name, array in arrays.items():
        kind = {"U": "S", "f": "R", "i": "I", "u": "I", "b": "L"}.get(array.dtype.kind)
        # integers are read back with 32 bits
        wide_number = kind == "I" and array.size and abs(array).max() >= 2**31
        if kind is None or array.ndim > 2 or (kind == "S" and name != "species") or wide_number:
            raise ValueError(f"{path} cannot hold the array {name!r} of the structure: delete it from atoms.arrays")
        wide = array.reshape(len(atoms), -1)
        properties += [name, kind, str(wide.shape[1])]
        # repr keeps every digit
        columns += [map({"S": str, "R": repr, "I": str, "L": "FT".__getitem__}[kind], c) for c in wide.T.tolist()]
    lattice = " ".join(repr(float(x)) for x in atoms.cell.array.ravel())
    periodic = " ".join("FT"[int(along)] for along in atoms.pbc)
    head = f'Lattice="{lattice}" Properties={":".join(properties)} pbc="{periodic}"'
    rows = map(" ".join, zip(*columns, strict=True))
    text = "\n".join([str(len(atoms)), f"{head} {key_val_dict_to_str(atoms.info)}", *rows, ""]).encode()

    def write(part):
        with open(part, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
            packed.write(text)
        _check_reading(part, path, atoms)

    write_whole(path, write)


def _check_reading(part, path, atoms: Atoms) -> None:
    """Raise ValueError for what the file would not give back: some names and texts mean something to its reader."""
    try:
        back = read(part, format="extxyz")
        found, right = ({"cell": a.cell.array, "pbc": a.pbc, "info": a.info, **a.arrays} for a in (back, atoms))
        np.testing.assert_equal(found, right)
    except Exception as error:
        lost = " ".join(str(error).split())[:160]
        raise ValueError(
            f"{path} cannot hold the structure as it is ({lost}): end the name of the file with .xyz.gz, and rename or "
            "delete what is unusual in atoms.info and atoms.arrays"
        ) from None


def read_structure(path) -> Atoms:
    """Read a structure that `write_structure` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated or altered, or holds positions that are not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist")
    try:
        atoms = read(path, format="extxyz")
    except Exception as error:
        raise ValueError(f"{path} is truncated or is not a structure ({error}): fetch it or make it again") from error
    if not np.isfinite(atoms.positions).all():
        raise ValueError(f"{path} holds positions that are not finite numbers: fetch it or make it again")
    return atoms
