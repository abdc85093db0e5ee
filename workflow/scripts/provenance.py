"""What every script does before and after it computes: read a glass of the archive, say what the result rests on."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from bosonpeak.archive.structures import read_structure
from bosonpeak.materials.potentials import get
from bosonpeak.materials.recipes import GlassRecipe
from digests import code_digest


def open_glass(path):
    """A glass file's structure, its recipe and its potential. Raises ValueError where the file is broken."""
    glass = read_structure(path)
    recipe = GlassRecipe(**glass.info["recipe"])
    return glass, recipe, get(recipe.potential)


def provenance(path, glass, recipe, script, *packages: str) -> dict:
    """Attributes of a table: whose it is, and hashes of the glass, its potential and the code; versions of packages."""
    return {
        "name": recipe.name,
        "key": recipe.key,
        "recipe": json.dumps(glass.info["recipe"]),
        "seed": recipe.seed,
        "glass_sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        "potential_sha256": str(glass.info["potential_sha256"]),
        "code": code_digest(script),
        "versions": json.dumps({name: version(name) for name in (*packages, "numpy", "scipy", "numba", "xarray")}),
    }
