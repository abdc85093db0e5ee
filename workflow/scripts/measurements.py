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

    A package `papers.<chapter>` may list them in one of its modules, as a tuple with the name MEASUREMENTS. Only the
    packages whose page is in book/ are read, and of these only the modules that define the tuple are imported.

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
    """Names of the modules that define MEASUREMENTS."""
    found = []
    for package in sorted(module.name for module in pkgutil.iter_modules(papers.__path__, f"{papers.__name__}.")):
        page = package.rpartition(".")[2].replace("_", "-")
        if (project_root() / "book" / f"{page}.md").is_file():
            spec = find_spec(package)
            names = [module.name for module in pkgutil.iter_modules(spec.submodule_search_locations, f"{package}.")]
            found += [name for name in names if _defines(Path(find_spec(name).origin))]
    return found


def _defines(path: Path) -> bool:
    return re.search(r"^MEASUREMENTS\b.*=", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def measurement_named(name: str) -> Measurement:
    """The measurement of this name. Raises ValueError where there is none."""
    every = {known.name: known for known in measurements()}
    if name not in every:
        raise ValueError(f"no measurement is named {name!r}: choose one of {', '.join(every)}")
    return every[name]
