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
        Periodic in three directions. Its `info` is written as key=value pairs.

    Raises
    ------
    OSError
        If the file cannot be written; the message names the path.
    """
    lattice = " ".join(repr(float(x)) for x in atoms.cell.array.ravel())
    head = f'Lattice="{lattice}" Properties=species:S:1:pos:R:3:masses:R:1 pbc="T T T"'
    lines = [str(len(atoms)), f"{head} {key_val_dict_to_str(atoms.info)}"]
    for symbol, x, mass in zip(atoms.symbols, atoms.positions, atoms.get_masses(), strict=True):
        lines.append(" ".join([symbol, *(repr(float(v)) for v in (*x, mass))]))
    text = ("\n".join(lines) + "\n").encode()

    def write(part):
        with open(part, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
            packed.write(text)

    write_whole(path, write)


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
