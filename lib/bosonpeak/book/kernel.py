"""The kernel in which a page of the book is run: an IPython kernel that notes what the page depends on.

`python -m bosonpeak.book.kernel` takes the place of `ipykernel_launcher`. After every cell it writes a JSON file, whose
name stands in the environment variable BOSONPEAK_TRACE, with the modules of the library that are loaded, the files
below the project that were read, the folders that were listed, and the top-level packages that are loaded. The cache
of pages (`book.build`) runs a page again when one of these changes, and only then.
"""

import json
import os
import sys
from pathlib import Path

from bosonpeak.paths import project_root

WATCHED = ("data", "book")
"""Folders of the project whose files count as what a page depends on."""


def stamp(path: str) -> list | None:
    """Date and size of a file, by which it is noticed that it changed while a page ran; None where it is missing."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return [state.st_mtime_ns, state.st_size]


def _spellings(*folders: Path) -> tuple[str, ...]:
    """Beginnings of the paths below some folders, as they are named and without symbolic links."""
    return tuple({way(path) + os.sep for path in folders for way in (os.path.abspath, os.path.realpath)})


class Trace:
    """What this process reads, as Python's audit events report it.

    Parameters
    ----------
    root : Path
        Folder of the project.
    outside : tuple of Path
        Folders elsewhere that count as well, such as `$BOSONPEAK_POTENTIALS`.
    """

    def __init__(self, root: Path, outside: tuple[Path, ...] = ()):
        self.root = root
        self._listable = _spellings(root / WATCHED[0])
        self._folders = _spellings(*(root / name for name in WATCHED), *outside)
        self.files: set[str] = set()
        self.seen: dict[str, list | None] = {}
        self.listed: set[str] = set()

    def __call__(self, event: str, arguments: tuple) -> None:
        """Audit hook: note a file that is opened for reading, or a folder that is listed."""
        if event == "open":
            path, mode = arguments[0], arguments[1]
            if isinstance(mode, str) and not mode.startswith("r"):
                return
            self._note(path, self.files)
        elif event in ("os.listdir", "os.scandir"):
            # not book/: Python lists the folder that it runs in whenever it imports something
            self._note(arguments[0], self.listed, self._listable)

    def _note(self, path, found: set[str], below: tuple[str, ...] | None = None) -> None:
        if isinstance(path, str | os.PathLike):
            full = os.path.abspath(os.fspath(path))
            if (full + os.sep).startswith(below or self._folders):
                found.add(full)
                self.seen.setdefault(full, stamp(full))

    def report(self) -> dict:
        """Modules, files, folders and packages so far, as plain data."""
        library = str(Path(__file__).parents[1]) + os.sep
        loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        modules = sorted({file for file in loaded if isinstance(file, str) and file.startswith(library)})
        for file in modules:
            self.seen.setdefault(file, stamp(file))
        return {
            "modules": modules,
            "seen": {file: self.seen[file] for file in (*modules, *sorted(self.files))},
            "files": sorted(self.files),
            "folders": sorted(self.listed - self.files),
            "packages": sorted({name.partition(".")[0] for name in list(sys.modules)} - set(sys.stdlib_module_names)),
        }


def main() -> None:
    """Start the kernel; its arguments are those of ipykernel."""
    named = os.environ.get("BOSONPEAK_POTENTIALS")
    trace, path = Trace(project_root(), (Path(named),) if named else ()), os.environ["BOSONPEAK_TRACE"]
    sys.addaudithook(trace)
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    # a kernel is ended without warning once its notebook is done: what is known is written after every cell
    app.shell.events.register("post_run_cell", lambda *_: Path(path).write_text(json.dumps(trace.report())))
    app.start()


if __name__ == "__main__":
    main()
