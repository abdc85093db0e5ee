"""What is done to the glasses: pushes, events, temperatures, local and scattering of data/glasses/*.yml, by entries."""

import hashlib
from dataclasses import astuple, dataclass
from fnmatch import fnmatchcase

import yaml
from bosonpeak.materials import recipes
from bosonpeak.materials.recipes import GlassRecipe
from bosonpeak.paths import project_root

METHODS = ("fire", "cg")


@dataclass(frozen=True)
class Campaign:
    """One table of results: a glass and options; `key` is the hash of its recipe and the options."""

    recipe: GlassRecipe

    @property
    def name(self) -> str:
        """Of the shipped file."""
        return self.recipe.name

    @property
    def key(self) -> str:
        text = " ".join([self.recipe.key, *map(str, astuple(self)[1:])])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Push(Campaign):
    """One table of transitions: a glass and the options of `push_modes`."""

    method: str
    lowest: int
    spread: int

    @property
    def name(self) -> str:
        return f"{self.recipe.name}-{self.method}"


@dataclass(frozen=True)
class Activation(Campaign):
    """One table of events: a glass and the options of `activate_glass`."""

    atoms: int
    events: int


@dataclass(frozen=True)
class Warming(Campaign):
    """One table of inherent structures: a glass and the options of `inherent_spectra`."""

    temperatures: tuple[float, ...]
    equilibration: float
    interval: float
    count: int


@dataclass(frozen=True)
class Local(Campaign):
    """One table of boson peaks of single atoms: a glass, a method and how many atoms."""

    method: str
    atoms: int

    @property
    def name(self) -> str:
        return f"{self.recipe.name}-{self.method}"


@dataclass(frozen=True)
class Scattering(Campaign):
    """One table of S(Q, E): a glass and the fields of `scattering.tables.Plan`."""

    method: str
    waves: int
    motion: int
    temperature: float
    duration: float
    fields: str


def pushes(group: str) -> list[Push]:
    """All tables of transitions of a group ("book", "paper"); none where there is no such file.

    Raises ValueError for an unknown group, an entry that is not complete or fits no recipe, and one glass named twice
    with the same minimiser.
    """
    needs = f"lowest, spread and a method, {' or '.join(METHODS)}"
    return _read("pushes.yml", group, Push, needs, lambda e: e["method"] in METHODS)


def activations(group: str) -> list[Activation]:
    """All tables of events of a group, as `pushes`; raises as that."""
    return _read("events.yml", group, Activation, "atoms and events", lambda e: min(e["atoms"], e["events"]) > 0)


def warmings(group: str) -> list[Warming]:
    """All tables of inherent structures of a group, as `pushes`; raises as that."""
    needs = "temperatures, equilibration, interval and count"
    return _read("temperatures.yml", group, Warming, needs, lambda e: e["count"] > 0 and len(e["temperatures"]) > 0)


def local_peaks(group: str) -> list[Local]:
    """All tables of boson peaks of single atoms of a group, as `pushes`; raises as that."""
    needs = "atoms and a method, moments or modes"
    return _read("local.yml", group, Local, needs, lambda e: e["method"] in ("moments", "modes") and e["atoms"] > 0)


def scatterings(group: str) -> list[Scattering]:
    """All tables of S(Q, E) of a group, as `pushes`; raises as that."""
    needs = "a method, modes or moments, waves, motion, temperature, duration and fields, none, main or full"
    good = ("modes", "moments"), ("none", "main", "full")
    return _read(
        "scattering.yml", group, Scattering, needs, lambda e: e["method"] in good[0] and e["fields"] in good[1]
    )


def _read(file, group, kind, needs, good):
    path = project_root() / "data" / "glasses" / file
    if not path.exists():
        return []
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))
    if group not in groups:
        raise ValueError(f"unknown group of {path.stem} {group!r}: there is {', '.join(groups)}")
    recipes = [r for name in ("book", "paper") for r in recipes.recipes(name)]
    options = [name for name in kind.__dataclass_fields__ if name != "recipe"]
    found = []
    for entry in groups[group] or []:
        if set(entry) != {"glasses", *options} or not good(entry):
            raise ValueError(f"{path.name}: {entry} needs glasses, {needs}")
        fitting = [r for r in recipes if fnmatchcase(r.name, entry["glasses"])]
        if not fitting:
            raise ValueError(f"{path.name}: no recipe of data/glasses/recipes.yml is called {entry['glasses']}")
        values = [tuple(v) if isinstance(v := entry[name], list) else v for name in options]
        found += [kind(r, *values) for r in fitting]
    names = [campaign.name for campaign in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path.name}: {twice[0]} is named twice")
    return found
