"""Families of samples, as data/glasses/samples.yml asks for them, and what is learned from them, by studies.yml.

A family is all glasses that are quenched from one parent liquid. Their descriptions enter a table of samples.
"""

from dataclasses import dataclass
from operator import index

import numpy as np
from campaigns import GROUPS
from common import function_at

from bosonpeak.archive.files import check_fields
from bosonpeak.archive.glasses import glasses_folder
from bosonpeak.archive.methods import Method
from bosonpeak.archive.results import catalogue_of
from bosonpeak.materials.recipes import GlassRecipe, group_entries

_NEEDED, _OPTIONAL = {"table", "recipe", "seeds", "rates", "picks", "structures"}, {"ends"}


@dataclass(frozen=True)
class Family:
    """All samples of one parent liquid.

    Attributes
    ----------
    table : str
        Name of the table that they enter.
    recipes : tuple of GlassRecipe
    atomic : tuple of bool
        Which samples keep their structure.
    """

    table: str
    recipes: tuple[GlassRecipe, ...]
    atomic: tuple[bool, ...]

    @property
    def name(self) -> str:
        return f"{self.table}-{self.recipes[0].melt_temperature:g}K-s{self.recipes[0].seed}"

    @property
    def made_by(self) -> Method:
        """The method that quenches and describes samples, with its version."""
        return function_at("bosonpeak.papers.tao_2023.samples:make_samples").method

    @property
    def key(self) -> str:
        """12 hexadecimal digits of the recipes, of what is kept, and of the version of the method."""
        return self.made_by.key([recipe.key for recipe in self.recipes], self.atomic)


@dataclass(frozen=True)
class Study:
    """One study of learn.py on a shipped table of samples.

    Attributes
    ----------
    table, study : str
    sha256 : str
        Of the file of the table; for studies of single atoms, of the file that holds the structures. That of a second
        table follows where the study reads one.
    """

    table: str
    study: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.table}-{self.study}"

    @property
    def made_by(self) -> Method:
        """The method of the study, with its version."""
        from learn import study_named

        return study_named(self.study).method

    @property
    def key(self) -> str:
        """12 hexadecimal digits of the table and of the version of the method: another table has another key."""
        return self.made_by.key(self.sha256)


def _entries(what: str, group: str) -> list[dict]:
    """Entries of a group of data/glasses/<what>.yml; none where there is no such file."""
    return group_entries(what, group) if (glasses_folder() / f"{what}.yml").exists() else []


def studies(group: str) -> list[Study]:
    """The studies of a group whose table is shipped.

    Parameters
    ----------
    group : str
        "book" or "paper".

    Raises
    ------
    ValueError
        For an unknown group or a table that samples.yml does not make.
    """
    from learn import ALSO, OF_ATOMS

    entries = _entries("studies", group)
    known = {family.table for name in GROUPS for family in families(name)} if entries else set()
    shipped, found = catalogue_of("samples"), []
    for entry in entries:
        check_fields(entry, {"table": str, "studies": list}, f"studies.yml: {entry}")
        if len(entry) > 2:
            raise ValueError(f"studies.yml: {entry} has more than table and studies: leave the rest out")
        if entry["table"] not in known:
            raise ValueError(f"studies.yml: samples.yml makes no table {entry['table']}")
        for study in entry["studies"]:
            file = f"{entry['table']}-atoms" if study in OF_ATOMS else entry["table"]
            files = [file, *([ALSO[study]] if study in ALSO else [])]
            if set(files) <= set(shipped):
                found.append(Study(entry["table"], study, " ".join(shipped[one]["sha256"] for one in files)))
    return found


def families(group: str) -> list[Family]:
    """All families of a group. A parent liquid is listed once, whatever the number of entries that name it.

    Parameters
    ----------
    group : str
        "book" or "paper".

    Raises
    ------
    ValueError
        For an unknown group or an entry that is incomplete, and as `GlassRecipe`.
    """
    entries = _entries("samples", group)
    found: dict[tuple, list] = {}
    for entry in entries:
        if not _NEEDED <= set(entry) <= _NEEDED | _OPTIONAL:
            raise ValueError(f"samples.yml: {entry} needs {', '.join(sorted(_NEEDED))}, and may have ends")
        kinds = {name: list for name in ("seeds", "rates", "picks", "structures")} | {"table": str, "recipe": dict}
        check_fields(entry, kinds, f"samples.yml: {entry['table']}")
        # YAML reads 1e13, without a point, as text
        for name in ("rates", "structures", "ends", "seeds", "picks"):
            kind = index if name in ("seeds", "picks") else float
            try:
                entry = entry | {name: [kind(value) for value in entry.get(name, [0.1])]}
            except (TypeError, ValueError):
                raise ValueError(
                    f"samples.yml: {entry['table']} has {entry[name]!r} as {name}: give a list of numbers"
                ) from None
        n = len(entry["rates"])
        if len(entry["seeds"]) != 2 or entry["seeds"][0] > entry["seeds"][1] or not entry["rates"]:
            raise ValueError(f"samples.yml: {entry} needs seeds [first, last] and at least one rate")
        lost = sorted(set(entry["structures"]) - set(entry["rates"]))
        if lost:
            raise ValueError(
                f"samples.yml: structures of {entry['table']} are asked for at {lost}, which are not among its rates"
            )
        first, last = entry["seeds"]
        for shift, seed in enumerate(range(first, last + 1)):
            for rate in np.unique([entry["rates"][(shift + pick) % n] for pick in entry["picks"]]):
                for end in entry.get("ends", [0.1]):
                    fixed = {"cooling_rate": float(rate), "end_temperature": end, "seed": seed}
                    try:
                        recipe = GlassRecipe(**fixed, **entry["recipe"])
                    except TypeError as error:
                        raise ValueError(f"samples.yml: the recipe of {entry['table']}: {error}") from None
                    melt = (entry["table"], seed, recipe.melt_temperature)
                    found.setdefault(melt, []).append((recipe, rate in entry["structures"]))
    return [Family(table, *map(tuple, zip(*members, strict=True))) for (table, _, _), members in found.items()]
