"""Each test of the workflow has its own folder."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_projects import ROOT, Project

# the scripts of the workflow import one another by name, as they do where they are run
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[str], Project]:
    """The function `new_project(name)` makes an empty project in a folder of that name."""
    return lambda name: Project(tmp_path / name)
