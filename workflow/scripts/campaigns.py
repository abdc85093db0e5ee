"""What is pushed along its modes: data/glasses/pushes.yml, entry by entry."""

import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase

import yaml
from bosonpeak.materials import archive
from bosonpeak.materials.recipes import GlassRecipe
from bosonpeak.paths import project_root

METHODS = ("fire", "cg")


@dataclass(frozen=True)
class Push:
    """One table of transitions: a glass and the options of `push_modes`."""

    recipe: GlassRecipe
    method: str
    lowest: int
    spread: int

    @property
    def name(self) -> str:
        """Of the shipped file."""
        return f"{self.recipe.name}-{self.method}"

    @property
    def key(self) -> str:
        """Hash of the glass's recipe and the options."""
        text = f"{self.recipe.key} {self.method} {self.lowest} {self.spread}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def pushes(group: str) -> list[Push]:
    """All tables of a group ("book", "paper"); none where there is no such file.

    Raises ValueError for an unknown group, an entry that is not complete or fits no recipe, and one glass named twice
    with the same minimiser.
    """
    path = project_root() / "data" / "glasses" / "pushes.yml"
    if not path.exists():
        return []
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))
    if group not in groups:
        raise ValueError(f"unknown group of pushes {group!r}: there is {', '.join(groups)}")
    recipes = [r for name in ("book", "paper") for r in archive.recipes(name)]
    found = []
    for entry in groups[group] or []:
        if set(entry) != {"glasses", "lowest", "spread", "method"} or entry["method"] not in METHODS:
            raise ValueError(f"{path.name}: {entry} needs glasses, lowest, spread and a method, {' or '.join(METHODS)}")
        fitting = [r for r in recipes if fnmatchcase(r.name, entry["glasses"])]
        if not fitting:
            raise ValueError(f"{path.name}: no recipe of data/glasses/recipes.yml is called {entry['glasses']}")
        found += [Push(r, entry["method"], int(entry["lowest"]), int(entry["spread"])) for r in fitting]
    names = [push.name for push in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path.name}: {twice[0]} is named twice")
    return found
