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


def _check_reading(part, path, atoms: Atoms):
    """Raise ValueError for what the file would not give back: some names and texts mean something to its reader."""
    try:
        back = read(part, format="extxyz")
    except Exception as error:
        raise ValueError(
            f"{path} could not be read again ({error}): end its name with .xyz.gz, and delete what is unusual from "
            "atoms.info and atoms.arrays"
        ) from None
    was = {"cell": atoms.cell.array, "pbc": atoms.pbc} | atoms.arrays | {f"info {k}": v for k, v in atoms.info.items()}
    now = {"cell": back.cell.array, "pbc": back.pbc} | back.arrays | {f"info {k}": v for k, v in back.info.items()}
    lost = sorted(name for name in was.keys() | now.keys() if not _same(was.get(name), now.get(name)))
    if lost:
        raise ValueError(f"{path} cannot hold {', '.join(lost)} of the structure as it is: rename or delete it")


def _same(a, b) -> bool:
    if type(a) in (dict, type(None)) or type(b) in (dict, type(None)):
        return type(a) is type(b) is dict and a == b
    a, b = np.asarray(a), np.asarray(b)
    numbers = a.dtype.kind in "biuf" and b.dtype.kind in "biuf"
    return (numbers or a.dtype.kind == b.dtype.kind) and np.array_equal(a, b, equal_nan=numbers)


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
