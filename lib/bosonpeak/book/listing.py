"""Which functions of the library are behind a figure: the command `bosonpeak figures`."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bosonpeak.book import runs
from bosonpeak.paths import project_root


@dataclass(frozen=True)
class FigureSource:
    """A figure of a page: its name, its cell (counted from 1 among the code cells), and what is behind it.

    `drawn_by` are the functions of the library that the cell calls, `computed_by` those that earlier cells called to
    compute what the cell shows; each with its file, relative to the root of the project, and line.
    """

    page: str
    name: str
    cell: int
    drawn_by: tuple[str, ...]
    computed_by: tuple[str, ...]


def figure_sources(page: str) -> list[FigureSource]:
    """The figures of a page, in their order: cells with a caption, and cells that call `frames`.

    Parameters
    ----------
    page : str
        Name of a page that is a notebook.

    Raises
    ------
    ValueError
        For an unknown page.
    """
    notebook = runs.read_page(runs.known("page", page, runs.pages()))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    names: dict[str, str] = {}
    origins: dict[str, set[str]] = {}
    found = []
    for number, cell in enumerate(code, 1):
        try:
            tree = ast.parse(cell.source)
        except (SyntaxError, ValueError) as error:
            raise ValueError(f"book/{page}.md, code cell {number}, is not Python ({error}); correct it") from None
        names |= dict(_imported(tree))
        called = _called(tree, names)
        caption = cell.metadata.get("mystnb", {}).get("figure", {})
        if caption or any(name.endswith(".frames") for name in called):
            before = set().union(*(origins.get(name, set()) for name in _loaded(tree))) - called
            places = (tuple(filter(None, map(_place, sorted(functions)))) for functions in (called, before))
            found.append(FigureSource(page, caption.get("name", f"slider in cell {number}"), number, *places))
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                source = _called(node.value, names)
                source = source.union(*(origins.get(name, set()) for name in _loaded(node.value)))
                for target in node.targets:
                    for part in ast.walk(target):
                        if isinstance(part, ast.Name):
                            origins[part.id] = source
    return found


def _called(tree: ast.AST, names: dict[str, str]) -> set[str]:
    """Full names of what a piece of code uses of the library."""
    return {full for node in ast.walk(tree) if (full := _full_name(node, names))}


def _loaded(tree: ast.AST) -> set[str]:
    """Names of variables that a piece of code reads."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Names that a cell imports from the library, with what they stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bosonpeak"):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _full_name(node: ast.AST, names: dict[str, str]) -> str | None:
    """Full name of a function of the library that a node of the syntax tree stands for."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
        return f"{names[node.value.id]}.{node.attr}"
    return names.get(node.id) if isinstance(node, ast.Name) else None


def _place(full: str) -> str | None:
    """File and line of a function or class; None for a module or a constant."""
    module, _, name = full.rpartition(".")
    try:
        what = inspect.unwrap(getattr(importlib.import_module(module), name))
        path, line = Path(inspect.getsourcefile(what)), inspect.getsourcelines(what)[1]
    except (ImportError, AttributeError, TypeError, OSError):
        return None
    if inspect.ismodule(what):
        return None
    root = project_root()
    return f"{full}  {path.relative_to(root) if path.is_relative_to(root) else path}:{line}"
