"""What is computed on the glasses: spectra of all of them, and the campaigns that data/glasses/*.yml ask for.

A campaign is one kind of result of one glass, with its options. Each kind names the function of the library that
computes it; the key of a result is made of the recipe of the glass, the options and the version of that function.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import MISSING, asdict, dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar

import xarray as xr
from common import function_at, open_glass, provenance

from bosonpeak.archive.files import check_fields
from bosonpeak.archive.glasses import glasses_folder
from bosonpeak.archive.methods import Method
from bosonpeak.materials import recipes
from bosonpeak.materials.recipes import GlassRecipe

GROUPS = ("book", "paper")
"""Groups of recipes and of campaigns: what `make data` makes, and what `make paper` makes."""

_RECORD = {"name", "key", "recipe", "seed", "glass_sha256", "potential_sha256", "method_version", "versions"}


@dataclass(frozen=True)
class Campaign(ABC):
    """One result: a glass, and in its subclasses the options with which it is computed.

    Attributes
    ----------
    recipe : GlassRecipe
    kind : str
        Folder of data/results.
    source : str
        Function that computes the result, as "module:function".
    file : str
        File of data/glasses that asks for such results.
    needs : str
        What an entry of the file must hold, in words.
    """

    recipe: GlassRecipe
    kind: ClassVar[str]
    source: ClassVar[str]
    file: ClassVar[str]
    needs: ClassVar[str]

    @property
    def options(self) -> dict:
        """Options by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "recipe"}

    @property
    def name(self) -> str:
        """Name of the shipped file."""
        return self.recipe.name

    @property
    def made_by(self) -> Method:
        """The method that makes the result, with its version."""
        return function_at(self.source).method

    @property
    def key(self) -> str:
        """12 hexadecimal digits of the recipe, the options and the version of the method."""
        return self.made_by.key(self.recipe.key, self.options)

    @staticmethod
    def is_good(entry: dict) -> bool:
        """Whether the values of a complete entry make sense."""
        return True

    @abstractmethod
    def computed(self, glass, potential, folder: Path) -> xr.Dataset:
        """The result, without the record of how it was made. Finished parts are kept in the folder."""

    @abstractmethod
    def counted(self, data: xr.Dataset) -> dict:
        """Attributes of the catalogue's entry that are specific to this kind of result."""

    def result(self, path, folder) -> xr.Dataset:
        """The result for the glass in a file.

        Parameters
        ----------
        path : path-like
            File of the glass.
        folder : path-like
            Where parts of results are kept, so that a run that was killed resumes.

        Raises
        ------
        ValueError
            If the file is damaged, or its structure is not a minimum.
        """
        glass, recipe, potential = open_glass(path)
        # parts that another version of the method computed are not resumed from
        data = self.computed(glass, potential, Path(folder) / str(self.made_by))
        return data.assign_attrs(provenance(path, glass, recipe, self.made_by) | data.attrs)

    def entry(self, data: xr.Dataset) -> dict:
        """Entry of the catalogue for a result, without its file, date and processor."""
        return {
            "name": self.name,
            "key": self.key,
            "method_version": self.made_by.version,
            **self.options,
            "glass": self.recipe.name,
            "versions": json.loads(data.attrs["versions"]),
            "recipe": asdict(self.recipe),
            "n_atoms": self.recipe.n_atoms,
            "glass_sha256": data.attrs["glass_sha256"],
            **self.counted(data),
        }


@dataclass(frozen=True)
class Spectrum(Campaign):
    """The vibrational spectrum of a glass. No file asks for it: every recipe gets one."""

    kind, source = "vibrations", "bosonpeak.vibrations.glass_spectrum:glass_spectrum"

    def computed(self, glass, potential, folder):
        return function_at(self.source)(glass, potential, self.recipe.force_tolerance)

    def counted(self, data):
        return {name: getattr(v, "item", lambda v=v: v)() for name, v in data.attrs.items() if name not in _RECORD}

    def entry(self, data):
        # the catalogue of glasses, with which it is joined by name, has these
        return {n: v for n, v in super().entry(data).items() if n not in ("glass", "n_atoms", "glass_sha256")}


@dataclass(frozen=True)
class Push(Campaign):
    """Transitions of a glass that is pushed along its modes (mizuno-2020); in the units of its potential.

    All modes are computed where that is affordable, and otherwise as many of the lowest as for the spectrum.
    """

    method: str
    lowest: int
    spread: int
    pairs: int = 0
    finest: int = 0
    early: int = 0
    kind, file, source = "transitions", "pushes.yml", "bosonpeak.papers.mizuno_2020.transitions:push_modes"
    needs = "lowest, spread and a method, fire or cg"

    @property
    def name(self):
        # modes that were chosen for what they are do not join those of the statistics
        chosen = self.pairs and not self.lowest + self.spread
        return f"{self.recipe.name}-{'pairs' if chosen else self.method}"

    @property
    def options(self):
        # the options that came later are part of the key only where they are used
        return {name: v for name, v in super().options.items() if v or name not in ("pairs", "finest", "early")}

    @staticmethod
    def is_good(entry):
        return entry["method"] in ("fire", "cg")

    def computed(self, glass, potential, folder):
        from bosonpeak.landscape.excitation import AMPLITUDES
        from bosonpeak.vibrations.glass_spectrum import DENSE, LOW_MODES

        n_modes = None if 3 * len(glass) <= DENSE else LOW_MODES
        push = function_at(self.source)
        more = {"pairs": self.pairs, "finest": self.finest, "early": bool(self.early), "progress": True}
        data = push(glass, potential, self.lowest, self.spread, n_modes, self.method, folder, **more)
        return data.assign_attrs(**self.options, amplitudes=AMPLITUDES)

    def counted(self, data):
        left = int((data.transition >= 0).sum())
        return {"pushed": data.sizes["pushed"], "left": left, "pushes": int(data.pushes.sum())}


@dataclass(frozen=True)
class Activation(Campaign):
    """Saddles around atoms of a glass that are kicked (yang-2021); energies in eV or reduced."""

    atoms: int
    events: int
    sphere: int = 0
    kind, file, source = "events", "events.yml", "bosonpeak.papers.yang_2021.events:activate_glass"
    needs = "atoms and events"

    @property
    def options(self):
        # the option that came later is part of the key only where it is used
        return {name: v for name, v in super().options.items() if v or name != "sphere"}

    @staticmethod
    def is_good(entry):
        return min(entry["atoms"], entry["events"]) > 0

    def computed(self, glass, potential, folder):
        from bosonpeak.landscape.artn import default_search

        activate = function_at(self.source)
        options = {"sphere": bool(self.sphere), "folder": folder, "progress": True}
        data = activate(glass, potential, self.atoms, self.events, **options)
        return data.assign_attrs(search=json.dumps(asdict(default_search(potential))))

    def counted(self, data):
        saddles = int((data.outcome == 0).sum())
        return {"searches": data.sizes["event"], "saddles": saddles, "force_calls": int(data.force_calls.sum())}


@dataclass(frozen=True)
class Warming(Campaign):
    """Inherent structures of a metal held at several temperatures, in K (yang-2021, Fig. 9); times in ps."""

    temperatures: tuple[float, ...]
    equilibration: float
    interval: float
    count: int
    kind, file = "inherent", "temperatures.yml"
    source = "bosonpeak.papers.thermal_motion.inherent_spectra:inherent_spectra"
    needs = "temperatures, equilibration, interval and count"
    SEED: ClassVar[int] = 9000
    """Seed of the velocities at the first temperature, for a recipe with seed 0. The next temperature has the next
    seed, and the next seed of a recipe begins a thousand further."""

    @staticmethod
    def is_good(entry):
        return entry["count"] > 0 and len(entry["temperatures"]) > 0

    def computed(self, glass, potential, folder):
        seed = self.SEED + 1000 * self.recipe.seed
        times = self.equilibration, self.interval, self.count
        return function_at(self.source)(glass, potential, self.temperatures, *times, seed, folder, progress=True)

    def counted(self, data):
        return {"structures": data.energy.size}


@dataclass(frozen=True)
class Local(Campaign):
    """Boson peaks of single atoms of a metal (yang-2021), of the same atoms that are kicked in `Activation`."""

    method: str
    atoms: int
    kind, file, source = "local", "local.yml", "bosonpeak.vibrations.local_peaks:local_peak_table"
    needs = "atoms and a method, moments or modes"

    @property
    def name(self):
        return f"{self.recipe.name}-{self.method}"

    @staticmethod
    def is_good(entry):
        return entry["method"] in ("moments", "modes") and entry["atoms"] > 0

    def computed(self, glass, potential, folder):
        from bosonpeak.papers.yang_2021.events import chosen_atoms

        index = sorted(chosen_atoms(len(glass), self.atoms))
        return function_at(self.source)(glass, potential, index, self.method, folder, progress=True)

    def counted(self, data):
        return {"mean_intensity": float(data.intensity.mean())}


@dataclass(frozen=True)
class Scattering(Campaign):
    """S(Q, E) of a glass, by the harmonic route and, where motion is asked for, from molecular dynamics (li-2025).

    The options are those of `papers.li_2025.tables.Plan`. Energies are in meV and Q in 1/A for metals, and reduced
    otherwise.
    """

    method: str
    waves: int
    motion: int
    temperature: float
    duration: float
    kind, file, source = "scattering", "scattering.yml", "bosonpeak.papers.li_2025.tables:scattering_table"
    needs = "a method, modes or moments, waves, motion, temperature and duration"

    @staticmethod
    def is_good(entry):
        return entry["method"] in ("modes", "moments")

    def computed(self, glass, potential, folder):
        from bosonpeak.papers.li_2025.tables import Plan

        return function_at(self.source)(glass, potential, Plan(**self.options), progress=True)

    def counted(self, data):
        return {"shells": data.sizes["q"], "energies": data.sizes["energy"]}


KINDS = {kind.kind: kind for kind in (Spectrum, Push, Activation, Warming, Local, Scattering)}
"""Kinds of campaigns by the folder of data/results that they fill."""


def campaigns(kind: str, group: str) -> list[Campaign]:
    """All campaigns of one kind in a group.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    group : str
        "book" or "paper".

    Returns
    -------
    list of Campaign
        Empty where data/glasses has no file for this kind.

    Raises
    ------
    ValueError
        For an unknown group, an entry that is incomplete or fits no recipe, and two entries of one name.
    """
    if kind == "vibrations":
        return [Spectrum(recipe) for recipe in recipes.recipes(group)]
    kind = KINDS[kind]
    path = glasses_folder() / kind.file
    if not path.exists():
        return []
    known = [recipe for name in GROUPS for recipe in recipes.recipes(name)]
    options = [field.name for field in fields(kind) if field.name != "recipe"]
    usual = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    found = []
    for entry in recipes.group_entries(path.stem, group):
        where, entry = f"{path.name}: {entry}", usual | entry
        if set(entry) == {"glasses", *options}:
            types = {f.name: f.type if f.type in (int, float, str) else list for f in fields(kind) if f.name in options}
            check_fields(entry, {"glasses": str} | types, where)
            numbers = [v for value in entry.values() for v in (value if isinstance(value, list) else [value])]
            if not all(isinstance(v, str) or (isinstance(v, int | float) and 0 <= v < float("inf")) for v in numbers):
                raise ValueError(f"{where} has a number below 0 or that is none")
        if set(entry) != {"glasses", *options} or not kind.is_good(entry):
            raise ValueError(f"{path.name}: {entry} needs glasses, {kind.needs}")
        fitting = [recipe for recipe in known if fnmatchcase(recipe.name, entry["glasses"])]
        if not fitting:
            raise ValueError(f"{path.name}: no recipe of data/glasses/recipes.yml is named {entry['glasses']}")
        values = [tuple(v) if isinstance(v := entry[name], list) else v for name in options]
        found += [kind(recipe, *values) for recipe in fitting]
    names = [campaign.name for campaign in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path.name}: {twice[0]} is named twice")
    return found


def campaign_of(kind: str, key: str) -> Campaign:
    """The campaign with this key, of any group. Raises ValueError where there is none."""
    for group in GROUPS:
        for campaign in campaigns(kind, group):
            if campaign.key == key:
                return campaign
    raise ValueError(f"no {kind} have the key {key}: was a file of data/glasses changed since the workflow started?")
