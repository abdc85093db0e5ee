"""Each test of the workflow works in a folder of its own."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_projects import ROOT, Project

# the scripts of the workflow import one another by name, as they do where they are run
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[str], Project]:
    """`new_project(name)`: an empty project in a folder of that name."""
    return lambda name: Project(tmp_path / name)
