"""Families of samples, by the entries of data/glasses/samples.yml: the glasses quenched from one parent liquid.

And what is learned from their tables, by data/glasses/studies.yml.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import yaml
from bosonpeak.materials.recipes import GlassRecipe
from bosonpeak.paths import project_root

_NEEDED, _OPTIONAL = {"table", "recipe", "seeds", "rates", "picks", "structures"}, {"ends"}


@dataclass(frozen=True)
class Family:
    """All samples of one parent liquid: the table they enter, their recipes, and which keep their structure."""

    table: str
    recipes: tuple[GlassRecipe, ...]
    atomic: tuple[bool, ...]

    @property
    def name(self) -> str:
        return f"{self.table}-{self.recipes[0].melt_temperature:g}K-s{self.recipes[0].seed}"

    @property
    def key(self) -> str:
        """12 hexadecimal digits of its recipes and of what is kept."""
        text = " ".join(f"{r.key}{whole}" for r, whole in zip(self.recipes, self.atomic, strict=True))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Study:
    """One study of learn.py on a shipped table; sha256: that table's, of structures where atoms are learned from."""

    table: str
    study: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.table}-{self.study}"

    @property
    def key(self) -> str:
        """12 hexadecimal digits of study and table: another table, another key."""
        return hashlib.sha256(f"{self.study} {self.sha256}".encode()).hexdigest()[:12]


def _entries(what: str, group: str) -> list[dict]:
    """Entries of a group of data/glasses/<what>.yml, none where there is no such file."""
    path = project_root() / "data" / "glasses" / f"{what}.yml"
    groups = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {group: []}
    if group not in groups:
        raise ValueError(f"unknown group of {what} {group!r}: there is {', '.join(groups)}")
    return groups[group] or []


def studies(group: str, shipped: dict[str, dict]) -> list[Study]:
    """The studies of a group ("book", "paper") whose table is shipped.

    shipped: entries of the catalogue of samples by name. Raises ValueError for an unknown group, or a table that
    samples.yml does not make.
    """
    entries = _entries("studies", group)
    known = {family.table for name in ("book", "paper") for family in families(name)}
    found = []
    for entry in entries:
        if entry["table"] not in known:
            raise ValueError(f"studies.yml: samples.yml makes no table {entry['table']}")
        for study in entry["studies"]:
            file = f"{entry['table']}-atoms" if study == "atoms" else entry["table"]
            if file in shipped:
                found.append(Study(entry["table"], study, shipped[file]["sha256"]))
    return found


def families(group: str) -> list[Family]:
    """All families of a group ("book", "paper"), each parent once, whatever number of entries it stands in.

    Raises ValueError for an unknown group or an entry that is not complete, and as `GlassRecipe`.
    """
    entries = _entries("samples", group)
    found: dict[tuple, list] = {}
    for entry in entries:
        if not _NEEDED <= set(entry) <= _NEEDED | _OPTIONAL:
            raise ValueError(f"samples.yml: {entry} needs {', '.join(sorted(_NEEDED))}, and may have ends")
        n = len(entry["rates"])
        if len(entry["seeds"]) != 2 or entry["seeds"][0] > entry["seeds"][1] or not entry["rates"]:
            raise ValueError(f"samples.yml: {entry} needs seeds [first, last] and at least one rate")
        lost = sorted(set(entry["structures"]) - set(entry["rates"]))
        if lost:
            raise ValueError(f"samples.yml: structures of {entry['table']} at {lost}, which are none of its rates")
        first, last = entry["seeds"]
        for shift, seed in enumerate(range(first, last + 1)):
            for rate in np.unique([entry["rates"][(shift + pick) % n] for pick in entry["picks"]]):
                for end in entry.get("ends", [0.1]):
                    recipe = GlassRecipe(
                        cooling_rate=float(rate), end_temperature=float(end), seed=seed, **entry["recipe"]
                    )
                    melt = (entry["table"], seed, recipe.melt_temperature)
                    found.setdefault(melt, []).append((recipe, rate in entry["structures"]))
    return [Family(table, *map(tuple, zip(*members, strict=True))) for (table, _, _), members in found.items()]
