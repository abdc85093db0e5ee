"""The glasses that the book ships: structures with checksums, and one catalogue."""

import difflib
import platform
from pathlib import Path

import pandas as pd
from ase import Atoms

from bosonpeak.archive.files import check_sha256, enter_entry, read_catalogue, sha256_of
from bosonpeak.archive.structures import read_structure
from bosonpeak.paths import project_root

_COLUMNS = (
    "name file sha256 key recipe units potential_sha256 n_atoms number_density energy_per_atom pressure max_force "
    "versions processor date seconds"
).split()
_FIELDS = {"key": str, "recipe": dict, "n_atoms": int, "units": str}


def glasses_folder() -> Path:
    """Folder of the shipped glasses and of the recipes by which they are made."""
    return project_root() / "data" / "glasses"


def catalogue() -> pd.DataFrame:
    """The shipped glasses, one per row: name, file, SHA-256, recipe, what was measured, versions, date."""
    return pd.DataFrame(_entries(), columns=_COLUMNS)


def load(name: str) -> Atoms:
    """A shipped glass by its name in the catalogue.

    Raises
    ------
    ValueError
        If no glass has this name, or its file was altered.
    """
    table = catalogue().set_index("name")
    if name not in table.index:
        close = difflib.get_close_matches(name, table.index, n=3, cutoff=0.3)
        raise ValueError(
            f"no glass is named {name!r}: `archive.glasses.catalogue()` lists {len(table)}, such as "
            f"{', '.join(close or table.index[:3])}"
        )
    path = glasses_folder() / table.file[name]
    if path.is_file():
        check_sha256(path, table.sha256[name])
    return read_structure(path)


def has_glass(recipe) -> bool:
    """Whether the glass of this very recipe is shipped and its file unaltered."""
    return any(
        entry["key"] == recipe.key
        and (path := glasses_folder() / entry["file"]).is_file()
        and sha256_of(path) == entry["sha256"]
        for entry in _entries()
    )


def enter_glass(entry: dict) -> None:
    """Put an entry into the catalogue of glasses, in place of an earlier one of the same name."""
    enter_entry(glasses_folder(), "*.xyz.gz", _FIELDS, entry)


def processor() -> str:
    """Model of this machine's processor, with family, model and stepping where the system states them.

    On another processor the last bits of a quench may differ, and after some time all of it.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    stated = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    if "model name" not in stated:
        return platform.processor() or platform.machine()
    return f"{stated['model name']} ({stated.get('cpu family')}, {stated.get('model')}, {stated.get('stepping')})"


def _entries() -> list[dict]:
    return read_catalogue(glasses_folder(), "*.xyz.gz", _FIELDS)
