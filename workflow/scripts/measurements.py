"""The measurements that the chapters archive: the tuples MEASUREMENTS of their packages, by group and by name."""

import pkgutil
from importlib import import_module
from importlib.util import find_spec

from bosonpeak import papers
from bosonpeak.archive.measurements import Measurement
from bosonpeak.paths import project_root

GROUPS = ("book", "paper")


def measurements(group: str | None = None) -> list[Measurement]:
    """Measurements of all chapters of this project, in the order of their packages.

    The package `papers.<chapter>` lists them in a tuple MEASUREMENTS of its module `measure` or `archived`; a package
    need not have one. Only the packages whose page is in book/ are read.

    Parameters
    ----------
    group : str, optional
        "book" or "paper"; by default both.

    Raises
    ------
    ValueError
        If two measurements have one name, or one is of an unknown group.
    """
    found: dict[str, Measurement] = {}
    for package in sorted(module.name for module in pkgutil.iter_modules(papers.__path__, f"{papers.__name__}.")):
        page = package.rpartition(".")[2].replace("_", "-")
        if not (project_root() / "book" / f"{page}.md").is_file():
            continue
        for module in (f"{package}.measure", f"{package}.archived"):
            if find_spec(module) is None:
                continue
            for known in getattr(import_module(module), "MEASUREMENTS", ()):
                if found.setdefault(known.name, known) is not known:
                    raise ValueError(f"two measurements are named {known.name}: rename the one in {module}")
                if known.group not in GROUPS:
                    raise ValueError(f"{known.name} is of the unknown group {known.group!r}: choose book or paper")
    return [known for known in found.values() if group in (None, known.group)]


def measurement_named(name: str) -> Measurement:
    """The measurement of this name. Raises ValueError where there is none."""
    every = {known.name: known for known in measurements()}
    if name not in every:
        raise ValueError(f"no measurement is named {name!r}: choose one of {', '.join(every)}")
    return every[name]
