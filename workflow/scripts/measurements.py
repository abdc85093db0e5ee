"""The measurements that the chapters archive: the tuples MEASUREMENTS of their packages, by group and by name."""

import pkgutil
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from campaigns import GROUPS

from bosonpeak import papers
from bosonpeak.archive.measurements import Measurement
from bosonpeak.paths import project_root


def measurements(group: str | None = None) -> list[Measurement]:
    """Measurements of all chapters of this project, in the order of their packages.

    A package `papers.<chapter>` may list them in one of its modules, as a tuple with the name MEASUREMENTS. Where its
    results stand on the page of another chapter, this module names the page in a line PAGE = "<page>". Only modules
    that define the tuple and whose page is in book/ are imported.

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
    for module in _modules():
        for known in import_module(module).MEASUREMENTS:
            if found.setdefault(known.name, known) is not known:
                raise ValueError(f"two measurements are named {known.name}: rename the one in {module}")
            if known.group not in GROUPS:
                raise ValueError(f"{known.name} is of the unknown group {known.group!r}: choose book or paper")
    return [known for known in found.values() if group in (None, known.group)]


def _modules() -> list[str]:
    """Names of the modules that define MEASUREMENTS and whose page is in book/."""
    found = []
    for package in sorted(module.name for module in pkgutil.iter_modules(papers.__path__, f"{papers.__name__}.")):
        own = package.rpartition(".")[2].replace("_", "-")
        folders = find_spec(package).submodule_search_locations
        for module in pkgutil.iter_modules(folders, f"{package}."):
            page = _page_of(Path(find_spec(module.name).origin), own)
            if page and (project_root() / "book" / f"{page}.md").is_file():
                found.append(module.name)
    return found


def _page_of(path: Path, own: str) -> str | None:
    """The page that a module names, or else `own`; None where the module does not define MEASUREMENTS."""
    text = path.read_text(encoding="utf-8")
    if not re.search(r"^MEASUREMENTS\b.*=", text, re.MULTILINE):
        return None
    named = re.search(r"""^PAGE\b.*=\s*(["'])(.+)\1""", text, re.MULTILINE)
    return named[2] if named else own


def measurement_named(name: str) -> Measurement:
    """The measurement of this name. Raises ValueError where there is none."""
    every = {known.name: known for known in measurements()}
    if name not in every:
        raise ValueError(f"no measurement is named {name!r}: choose one of {', '.join(every)}")
    return every[name]
