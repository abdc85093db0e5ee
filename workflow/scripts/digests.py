"""Of what a result is made: a hash of a script, the modules of the library it imports, and package versions."""

import ast
import hashlib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("numpy", "scipy", "numba", "ase", "matscipy", "xarray", "h5netcdf")
"""Packages on whose versions the vibrations depend."""


def _module_files(root: Path, names) -> set[Path]:
    found = (root.joinpath(*name.split(".")[1:]) for name in names if name.split(".")[0] == "bosonpeak")
    files = {file for path in found for file in (path.with_suffix(".py"), path / "__init__.py")}
    return {file for file in files if file.is_file()}


def _imported_files(path: Path, root: Path) -> set[Path]:
    """Files of the library that a Python file imports, anywhere in its code."""
    package = ["bosonpeak", *path.relative_to(root).parent.parts] if path.is_relative_to(root) else []
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return _module_files(root, names)


def sources(script) -> list[Path]:
    """The script and every file of the library that it rests on, by imports, in the order of their names."""
    root = Path(find_spec("bosonpeak").origin).parent
    found, waiting = set(), {Path(script)}
    while waiting:
        found |= waiting
        waiting = {file for path in waiting for file in _imported_files(path, root)} - found
    return sorted(found, key=lambda path: (path.name, str(path)))


def code_digest(script) -> str:
    """12 hexadecimal digits over the text of `sources(script)` and the versions of `PACKAGES`."""
    digest = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in PACKAGES).encode())
    for path in sources(script):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
