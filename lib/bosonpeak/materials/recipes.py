"""Recipes of glasses: all that determines one, with its name and its key.

Temperatures are in K and times in ps for metals, and reduced otherwise. Cooling rates are in K/s for metals, and in
temperature per time otherwise.
"""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk

from bosonpeak.archive.files import RESTORE, read_plain
from bosonpeak.archive.glasses import glasses_folder
from bosonpeak.materials.potentials import get

SEGMENT = 20_000_000
"""Atom-steps between restart files. It is a part of the recipe, since every segment starts from the file before it."""


@dataclass(frozen=True)
class GlassRecipe:
    """All that determines a glass. It is hashable, and it is written into every file that is made from it.

    Attributes
    ----------
    potential : str
        A name of `potentials.NAMES`.
    composition : str
        Such as "Cu50Zr50"; in reduced systems of the symbols that stand for the species, "Ni80P20" for Kob-Andersen.
    n_atoms : int
    cooling_rate : float
        math.inf quenches at once, by minimising.
    seed : int
    melt_temperature, melt_time : float
        Temperature of the liquid, and how long it is held there. math.inf starts from random positions, without
        dynamics.
    end_temperature : float
        Where the cooling ends.
    number_density : float or None
        Atoms per volume, fixed; None lets the cell follow zero pressure.
    timestep : float
    force_tolerance : float
        Largest force component of the minimum, in eV/A or reduced.

    Raises
    ------
    ValueError
        For what cannot be made: an unknown potential or element, a composition that cannot be read, fewer than 16
        atoms, a seed below 0, a quantity that must be positive and is not, a cooling that would heat, a reduced system
        without number_density.
    """

    potential: str
    composition: str
    n_atoms: int
    cooling_rate: float
    seed: int
    melt_temperature: float = 2000.0
    melt_time: float = 40.0
    end_temperature: float = 0.1
    number_density: float | None = None
    timestep: float = 0.002
    force_tolerance: float = 1e-8

    def __post_init__(self):
        # 1e13 has the same hash as an integer, as text and as a float
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type in (float, float | None) and value is not None:
                object.__setattr__(self, field.name, float(value))
        if not isinstance(self.potential, str):  # it is hashed as text
            object.__setattr__(self, "potential", get(self.potential).name)
        potential = get(self.potential)
        if not self.fractions():
            raise ValueError("composition is empty: give shares of elements, such as Cu50Zr50 or Cu64.5Zr35.5")
        unknown = set(self.fractions()) - set(potential.elements)
        if unknown:
            raise ValueError(
                f"{self.potential} has no {', '.join(sorted(unknown))}: composition {self.composition} cannot be made; "
                f"it covers {', '.join(potential.elements)}"
            )
        for name, least in (("n_atoms", 16), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int | float | np.integer) or not (value % 1 == 0 and value >= least):
                raise ValueError(f"{name} = {value}: give a whole number of at least {least}")
            object.__setattr__(self, name, int(value))
        if none := [symbol for symbol, count in self.counts().items() if not count]:
            raise ValueError(f"n_atoms = {self.n_atoms} of {self.composition} has no {', '.join(none)}: raise it")
        vanishing, endless = ("end_temperature", "melt_time"), ("cooling_rate", "melt_temperature")
        for name in (*endless, *vanishing, "timestep", "force_tolerance", "number_density"):
            value = getattr(self, name)
            at_end = (value == 0 and name in vanishing) or (value == math.inf and name in endless)
            if not (value is None or at_end or 0 < value < math.inf):
                raise ValueError(f"{name} = {value}: it must be positive{'' if name in endless else ' and finite'}")
        if not self.end_temperature < self.melt_temperature:
            raise ValueError(
                f"end_temperature = {self.end_temperature} must lie below melt_temperature = {self.melt_temperature}"
            )
        if potential.units != "metal" and self.number_density is None:
            raise ValueError(f"{self.potential} is in reduced units: give number_density, particles per sigma^3")
        if math.isinf(self.melt_temperature) and not math.isinf(self.cooling_rate):
            raise ValueError("a start from random positions has no temperature to cool from: give cooling_rate = inf")

    def fractions(self) -> dict[str, float]:
        """Share of each element; the shares, which may be decimal numbers, add up to 1.

        Raises ValueError for a composition that is not written as symbols and numbers, such as Cu64.5Zr35.5.
        """
        found = re.findall(r"([A-Z][a-z]?)(\d*\.?\d*)", self.composition)
        if "".join(map("".join, found)) != self.composition or any(number == "." for _, number in found):
            raise ValueError(f"composition {self.composition!r} cannot be read: write it as Cu50Zr50 or Cu64.5Zr35.5")
        count: dict[str, float] = {}
        for symbol, number in found:
            count[symbol] = count.get(symbol, 0) + (float(number) if number else 1)
        if not all(count.values()):
            raise ValueError(f"composition {self.composition!r} holds an element with the share 0: leave it out")
        return {symbol: n / sum(count.values()) for symbol, n in count.items()}

    def counts(self) -> dict[str, int]:
        """Atoms of each element, adding up to n_atoms; the largest remainders are rounded up."""
        exact = {symbol: x * self.n_atoms for symbol, x in self.fractions().items()}
        counts = {symbol: int(x) for symbol, x in exact.items()}
        by_remainder = sorted(exact, key=lambda s: counts[s] - exact[s])
        for symbol in by_remainder[: self.n_atoms - sum(counts.values())]:
            counts[symbol] += 1
        return counts

    @property
    def key(self) -> str:
        """12 hexadecimal digits of the recipe, the potential's table and the length of segments."""
        text = json.dumps([asdict(self), get(self.potential).sha256, SEGMENT], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """Such as Cu50Zr50-mendelev-2009-n1000-1e13-s1."""
        rate = "instant" if math.isinf(self.cooling_rate) else f"{self.cooling_rate:.3g}".replace("e+", "e")
        family = Path(self.potential).name.removeprefix("cu-zr-").removeprefix("zr-cu-al-")
        material = f"{self.composition}-{family}" if get(self.potential).units == "metal" else self.potential
        return f"{material}-n{self.n_atoms}-{rate}-s{self.seed}"

    def steps(self) -> tuple[int, int]:
        """Numbers of time steps of melting and of cooling."""
        if math.isinf(self.melt_temperature):
            return 0, 0
        melt = round(self.melt_time / self.timestep)
        if math.isinf(self.cooling_rate):
            return melt, 0
        per_time = self.cooling_rate * (1e-12 if get(self.potential).units == "metal" else 1.0)
        return melt, max(1, round((self.melt_temperature - self.end_temperature) / per_time / self.timestep))


def start_structure(recipe: GlassRecipe) -> Atoms:
    """The structure from which a recipe starts.

    Species are placed at random on an fcc lattice of which some sites are left out, or, for an infinite melt
    temperature, at random positions.
    """
    rng = np.random.default_rng(recipe.seed)
    counts, n = recipe.counts(), recipe.n_atoms
    if recipe.number_density:
        volume = n / recipe.number_density
    else:
        volume = sum(count * bulk(symbol).get_volume() / len(bulk(symbol)) for symbol, count in counts.items())
    edge = volume ** (1 / 3)
    if math.isinf(recipe.melt_temperature):
        scaled = rng.random((n, 3))
    else:
        cells = math.ceil((n / 4 - 1e-9) ** (1 / 3))
        sites = bulk("Cu", "fcc", 1.0, cubic=True).repeat(cells).get_scaled_positions()
        scaled = sites[np.sort(rng.choice(len(sites), n, replace=False))]
    symbols = rng.permutation(np.repeat(list(counts), list(counts.values())))
    return Atoms(list(symbols), scaled_positions=scaled, cell=[edge] * 3, pbc=True)


def group_entries(what: str, group: str) -> list[dict]:
    """Entries of a group of data/glasses/<what>.yml.

    Parameters
    ----------
    what : str
        Name of the file without its suffix, such as "recipes".
    group : str
        "book" or "paper".

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is damaged or does not have this group; the message names those that it has.
    """
    path = glasses_folder() / f"{what}.yml"
    groups = read_plain(path, dict)
    if group not in groups:
        raise ValueError(f"unknown group of {what} {group!r}: choose one of {', '.join(map(str, groups))}")
    entries = groups[group] or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{path}: the group {group!r} should be a list of mappings; {RESTORE}")
    return entries


def recipes(group: str) -> list[GlassRecipe]:
    """The recipes of a group of data/glasses/recipes.yml; lists in an entry expand to all combinations.

    Parameters
    ----------
    group : str
        "book" or "paper".

    Raises
    ------
    FileNotFoundError, ValueError
        As `group_entries`.
    """
    found = []
    for number, entry in enumerate(group_entries("recipes", group), 1):
        lists = {name: value if isinstance(value, list) else [value] for name, value in entry.items()}
        try:
            found += [GlassRecipe(**dict(zip(lists, values, strict=True))) for values in product(*lists.values())]
        except (TypeError, ValueError) as error:
            raise ValueError(f"recipes.yml, entry {number} of {group!r}: {error}") from None
    named: dict[str, str] = {}
    for recipe in found:
        if named.setdefault(recipe.name, recipe.key) != recipe.key:
            raise ValueError(f"recipes.yml: two recipes of {group!r} are named {recipe.name}: change a seed")
    return found
