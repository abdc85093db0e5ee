"""Floors: a module imports only those below its own, and none gets too long to read."""

import ast
from pathlib import Path

import bosonpeak
import pytest

ROOT = Path(bosonpeak.__file__).parent
FLOORS = {
    "paths": 0,
    "processes": 0,
    "statistics": 0,
    "threads": 0,
    "units": 0,
    "bond_placement": 1,
    "lattices": 1,
    "materials": 1,
    "networks": 1,
    "springs": 1,
    "structure": 2,
    "vibrations": 3,
    "landscape": 4,
    "scattering": 5,
    "learning": 6,
    "reporting": 7,
    "cli": 8,
}
MODULES = {
    ".".join(("bosonpeak", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}


def imported(name: str, path: Path, source: str | None = None) -> set[str]:
    """Modules of this library that a module imports, anywhere in its code."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(source if source is not None else path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, [above, node.module]))
            # `from . import x` names modules, `from .x import y` may
            targets = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        found |= {target for target in targets if target in MODULES}
    return found - {name, "bosonpeak"}


def floor(name: str) -> int:
    return FLOORS[name.split(".")[1]]


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return {name: imported(name, path) for name, path in MODULES.items() if name != "bosonpeak"}


def test_every_module_has_a_floor(graph):
    assert {name.split(".")[1] for name in graph} <= set(FLOORS)
    # the checks below look at something
    assert "bosonpeak.vibrations.lanes" in graph["bosonpeak.vibrations.chebyshev"]
    assert "bosonpeak.networks" in graph["bosonpeak.materials.packings"]


def test_no_module_imports_from_a_floor_above(graph):
    upwards = [(name, other) for name, others in graph.items() for other in others if floor(other) > floor(name)]
    assert not upwards


def test_no_two_modules_need_each_other(graph):
    done, open_ = set(), []

    def visit(name):
        assert name not in open_, f"a circle: {' -> '.join([*open_[open_.index(name) :], name])}"
        if name in done:
            return
        open_.append(name)
        for other in sorted(graph[name]):
            visit(other)
        done.add(open_.pop())

    for name in graph:
        visit(name)
    assert done == set(graph)


def test_the_package_itself_imports_nothing():
    assert not imported("bosonpeak", MODULES["bosonpeak"])
    tree = ast.parse(MODULES["bosonpeak"].read_text(encoding="utf-8"))
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))


@pytest.mark.parametrize(
    "source, expected",
    [
        ("from ..paths import project_root", {"bosonpeak.paths"}),
        ("from .claims import load", {"bosonpeak.reporting.claims"}),
        ("from . import figures", {"bosonpeak.reporting", "bosonpeak.reporting.figures"}),
        ("import bosonpeak.units", {"bosonpeak.units"}),
        ("from bosonpeak import networks", {"bosonpeak.networks"}),
        ("def f():\n    from bosonpeak.cli import main", {"bosonpeak.cli"}),
        ("import numpy.linalg", set()),
    ],
)
def test_every_way_to_import_is_seen(source, expected):
    assert imported("bosonpeak.reporting.tables", MODULES["bosonpeak.reporting.tables"], source) == expected


@pytest.mark.parametrize("name", MODULES)
def test_modules_stay_short_enough_to_read(name):
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 350
