"""Structures on disk: extended XYZ with every digit, gzipped (floor 1)."""

import gzip
import os
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from ase.io.extxyz import key_val_dict_to_str


def write_structure(path, atoms: Atoms):
    """Write a structure as gzipped extended XYZ, positions and cell to the last bit, info as key=value.

    The same structure gives the same bytes. Under the final name stands a whole file or none. Raises OSError naming
    the path where it cannot be written (a full disk, say).
    """
    path = Path(path)
    lattice = " ".join(repr(float(x)) for x in atoms.cell.array.ravel())
    head = f'Lattice="{lattice}" Properties=species:S:1:pos:R:3:masses:R:1 pbc="T T T"'
    lines = [str(len(atoms)), f"{head} {key_val_dict_to_str(atoms.info)}"]
    for symbol, x, mass in zip(atoms.symbols, atoms.positions, atoms.get_masses(), strict=True):
        lines.append(" ".join([symbol, *(repr(float(v)) for v in (*x, mass))]))
    text = ("\n".join(lines) + "\n").encode()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            # no time stamp: equal structures are equal files
            with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
                packed.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise OSError(f"{path} could not be written ({error.strerror}): free space or choose another folder") from error
    finally:
        part.unlink(missing_ok=True)


def read_structure(path) -> Atoms:
    """Read what `write_structure` wrote. Raises FileNotFoundError, and ValueError for a truncated or altered file."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist")
    try:
        atoms = read(path, format="extxyz")
    except Exception as error:
        raise ValueError(f"{path} is truncated or no structure ({error}): fetch or make it again") from error
    if not np.isfinite(atoms.positions).all():
        raise ValueError(f"{path} holds NaN positions: fetch or make it again")
    return atoms
