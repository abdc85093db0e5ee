"""Each test of the workflow works in a folder of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from small_projects import Project


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[str], Project]:
    """`new_project(name)`: an empty project in a folder of that name."""
    return lambda name: Project(tmp_path / name)
