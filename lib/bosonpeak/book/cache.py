"""The cache of executed pages: each page runs again when something that it depends on has changed, and only then.

What a page depends on is noted by its kernel while it runs (`book.kernel`): the modules of the library that it
imported, the files below data/ and book/ that it read, the folders that it listed, and the packages that it loaded. To
these come its own text, its parameters and the version of Python. All of it is compared by content, not by date.
"""

import hashlib
import importlib.metadata
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bosonpeak.archive.files import read_plain, write_text
from bosonpeak.book import runs
from bosonpeak.book.kernel import stamp
from bosonpeak.paths import project_root


@dataclass(frozen=True)
class Executed:
    """A page that was run: its notebook, and the seconds that it took, on the clock and of all processors."""

    name: str
    scale: str
    path: Path
    seconds: float
    cpu_seconds: float


def executed_page(name: str, scale: str) -> Executed | None:
    """The run of a page that the cache holds; None where there is none, or something that it depends on changed."""
    path = _notebook_path(name, scale)
    try:
        record = read_plain(_record_path(name, scale), dict)
        # a damaged notebook does not count as a run of the page
        valid = record["notebook"] == _digest(str(path)) and record["state"] == _state(name, scale, record["depends"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Executed(name, scale, path, record["seconds"], record["cpu_seconds"]) if valid else None


def run_page(name: str, scale: str, progress: bool = False) -> Executed:
    """Run a page and keep it in the cache.

    Parameters
    ----------
    name, scale : str
    progress : bool
        Whether to draw a bar on stderr that names the section.

    Raises
    ------
    book.runs.ChapterError
        If a cell fails; the cache then holds nothing of the page.
    ValueError
        As `book.runs.run_chapter`.
    """
    path, trace = _notebook_path(name, scale), _notebook_path(name, scale).with_suffix(".trace.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    _record_path(name, scale).unlink(missing_ok=True)
    trace.unlink(missing_ok=True)
    begun = _state(name, scale, {"modules": (), "files": (), "folders": (), "packages": ()})
    before = os.times()
    run = runs.run_chapter(name, scale, progress=progress, kept=path, trace=trace)
    after = os.times()
    cpu = sum(getattr(after, kind) - getattr(before, kind) for kind in _KINDS)
    # a page without code runs none
    depends = {"modules": [], "files": [], "folders": [], "packages": [], "seen": {}}
    if trace.is_file():
        depends = read_plain(trace, dict, "run the page again")
    depends["packages"] = _distributions(depends["packages"])
    record = {"seconds": run.seconds, "cpu_seconds": cpu, "depends": depends, "notebook": _digest(str(path))}
    record["state"] = _state(name, scale, depends)
    # what changed while the page ran may or may not be in it: such a run counts as none the next time
    kept = all(stamp(path) == seen for path, seen in depends["seen"].items())
    if kept and all(record["state"][part] == begun[part] for part in ("page", "parameters")):
        write_text(_record_path(name, scale), json.dumps(record))
    trace.unlink(missing_ok=True)
    return Executed(name, scale, path, run.seconds, cpu)


_KINDS = ("user", "system", "children_user", "children_system")


def last_seconds(name: str, scale: str) -> float | None:
    """How long the last run of a page took, valid or not; None where that is not known."""
    try:
        return float(read_plain(_record_path(name, scale), dict)["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _notebook_path(name: str, scale: str) -> Path:
    return project_root() / "_build" / "pages" / scale / f"{name}.ipynb"


def _record_path(name: str, scale: str) -> Path:
    return _notebook_path(name, scale).with_suffix(".json")


def _state(name: str, scale: str, depends: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that decides what a page shows, as plain data that is compared as a whole."""
    page = project_root() / "book" / f"{name}.md"
    return {
        "page": _digest(str(page)),
        "parameters": json.loads(json.dumps(runs.parameters_at(name, scale))),
        "python": sys.version,
        "files": {path: _digest(path) for path in (*depends["modules"], *depends["files"])},
        "folders": {path: _listing(path) for path in depends["folders"]},
        "packages": {package: _version(package) for package in depends["packages"]},
    }


def _digest(path: str) -> str:
    """SHA-256 of a file, or that it is missing; computed again only after the file has changed."""
    try:
        state = os.stat(path)
    except OSError:
        return "missing"
    if not os.path.isfile(path):
        return "not a file"
    return _content(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _content(path: str, changed: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _listing(path: str) -> list[str]:
    """Names in a folder, without what editors and unfinished writes leave there."""
    try:
        names = os.listdir(path)
    except OSError:
        return ["missing"]
    return sorted(
        name for name in names if not name.startswith((".", "#", "__pycache__")) and not name.endswith(("~", ".swp"))
    )


def _distributions(packages: list[str]) -> list[str]:
    """Names of the installed distributions that hold these top-level packages, without the project itself."""
    holders = importlib.metadata.packages_distributions()
    return sorted({holder for package in packages for holder in holders.get(package, ())} - {"bosonpeak"})


@lru_cache(maxsize=1024)
def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "missing"
