"""Lint and format the code cells of the pages: `python -m bosonpeak.book.cells [--fix] [PAGE ...]`.

jupytext turns a page into a notebook, which ruff knows how to read; what ruff formats is put back into the cells of
the page, whose text stays as it is.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bosonpeak.archive.files import read_text, write_text
from bosonpeak.book import runs
from bosonpeak.paths import project_root

# a page imports in its second cell, after its parameters, and shows the value of a cell's last line
_IGNORED = "E402,B018,F704"


def cell_sources(page: str) -> list[str]:
    """Sources of the code cells of a page, in their order."""
    text = read_text(project_root() / "book" / f"{page}.md")
    return [match[3].rstrip("\n") for match in runs.CODE_CELL.finditer(text)]


def code_lines(source: str) -> int:
    """Lines of a cell that are neither blank nor comments."""
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in source.splitlines())


def _ruff(page: str, sources: Sequence[str], *arguments: str) -> subprocess.CompletedProcess:
    cells = [
        {"cell_type": "code", "id": str(n), "source": s, "metadata": {}, "outputs": [], "execution_count": None}
        for n, s in enumerate(sources)
    ]
    metadata = {"language_info": {"name": "python"}}
    notebook = json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    # the name decides which settings hold, and that it is a notebook
    name = project_root() / "book" / f"{page}.ipynb"
    command = [Path(sys.prefix, "bin", "ruff"), *arguments, "--stdin-filename", name, "-"]
    return subprocess.run(command, input=notebook, capture_output=True, encoding="utf-8")


def lint_page(page: str) -> list[str]:
    """What ruff finds in the cells of a page, one line each; empty where it finds nothing."""
    sources = cell_sources(page)
    found = _ruff(page, sources, "check", "--extend-ignore", _IGNORED, "--output-format", "concise", "--quiet")
    complaints = [line for line in found.stdout.splitlines() if line.strip()]
    if found.returncode not in (0, 1):
        complaints.append(f"{page}: {found.stderr.strip()}")
    formatted = _ruff(page, sources, "format", "--check", "--quiet")
    if formatted.returncode == 1:
        complaints.append(f"book/{page}.md: cells are not formatted; `python -m bosonpeak.book.cells --fix {page}`")
    return complaints


def fix_page(page: str) -> bool:
    """Format the cells of a page and apply ruff's safe corrections; returns whether the page changed.

    Raises ValueError where ruff cannot read the cells.
    """
    path = project_root() / "book" / f"{page}.md"
    sources = cell_sources(page)
    for arguments in (("check", "--fix", "--extend-ignore", _IGNORED, "--quiet"), ("format", "--quiet")):
        done = _ruff(page, sources, *arguments)
        if not done.stdout:
            raise ValueError(f"{page}: ruff could not read the cells: {done.stderr.strip()}")
        sources = ["".join(cell["source"]) for cell in json.loads(done.stdout)["cells"]]
    text, at = path.read_text(encoding="utf-8"), iter(sources)
    new = runs.CODE_CELL.sub(lambda match: f"{match[1]}{next(at).rstrip()}\n{match[4]}", text)
    if new != text:
        write_text(path, new)
    return new != text


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line. Returns 1 where something is left to correct."""
    parser = argparse.ArgumentParser(prog="python -m bosonpeak.book.cells", description="Lint the cells of pages.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="names of pages (default: all)")
    parser.add_argument("--fix", action="store_true", help="format the cells and apply safe corrections first")
    options = parser.parse_args(arguments)
    complaints = []
    for page in options.pages or runs.pages():
        if options.fix and fix_page(runs.known("page", page, runs.pages())):
            print(f"formatted book/{page}.md")
        complaints += lint_page(page)
    print("\n".join(complaints) or "All cells are clean.")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
