"""What make says before anything is installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """make in a folder that holds the project's recipe and lock, and no .venv."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    # the make that runs these tests must not be seen by this one
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *arguments], cwd=folder, env=clean, capture_output=True, text=True)


def test_help_lists_every_target(tmp_path):
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    listed = [line.split()[1] for line in make(tmp_path).stdout.splitlines()]
    assert sorted(listed) == sorted(targets)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [(None, "no ./python found"), ("exit 1", "./python is older than 3.11")],
    ids=["none", "too old"],
)
def test_a_python_that_will_not_do_is_one_line(tmp_path, script, sentence):
    if script:
        (tmp_path / "python").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "python").chmod(0o755)
    done = make(tmp_path, "book", "PYTHON=./python")
    assert done.returncode != 0
    first, *rest = done.stderr.splitlines()
    assert sentence in first and "PYTHON=" in first
    assert all(line.startswith("make") for line in rest)
    assert not (tmp_path / ".venv").exists()
