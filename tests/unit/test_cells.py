"""The cells of the pages: short, and clean under ruff."""

import ast

import pytest

from bosonpeak.book import cells, runs

CHAPTER, CELL = 400, 40
"""Lines of code that a chapter may have in all, and one of its cells."""


@pytest.mark.parametrize("page", runs.pages())
def test_a_chapter_and_its_cells_are_short(page):
    sizes = [cells.code_lines(source) for source in cells.cell_sources(page)]
    assert sizes and max(sizes) <= CELL and sum(sizes) <= CHAPTER


@pytest.mark.parametrize("page", runs.pages())
def test_the_cells_of_a_page_are_clean(page):
    assert cells.lint_page(page) == []


@pytest.mark.parametrize("page", runs.chapters())
def test_chapters_define_no_functions(page):
    assert not [s for s in cells.cell_sources(page) for line in s.splitlines() if line.startswith(("def ", "class "))]


def test_what_is_wrong_is_named_and_mended_without_a_change_to_the_text(small_book):
    page = small_book / "book" / "good.md"
    before = page.read_text()
    assert cells.lint_page("good") and cells.main(["good"]) == 1
    messy = before.replace("import os, sys\n", "import sys\nimport os\nimport json\n\n")
    page.write_text(messy.replace("print(n, width,", "print( n,width,"))
    assert any("F401" in line and "json" in line for line in cells.lint_page("good"))
    assert any("not formatted" in line for line in cells.lint_page("good"))
    cells.fix_page("good")
    after = page.read_text()
    assert "import json" not in after and "print(n, width," in after
    # text, tags and headings stay
    outside = [part.split("```")[-1] for part in before.split("```{code-cell}")[1:]]
    assert [part.split("```")[-1] for part in after.split("```{code-cell}")[1:]] == outside
    assert ":tags: [parameters]" in after


def test_blank_lines_and_comments_are_not_code():
    assert cells.code_lines("# one\n\nx = 1\n    # two\ny = (\n    2\n)\n") == 4


@pytest.mark.parametrize("page", runs.pages())
def test_no_name_is_quoted_twice(page):
    """The page would show the last value in both sentences."""
    names = []
    for source in cells.cell_sources(page):
        for node in ast.walk(ast.parse(source)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id == "quote_all":
                names += [keyword.arg for keyword in node.keywords if keyword.arg]
            elif node.func.id.startswith("quote") and node.args and isinstance(node.args[0], ast.Constant):
                names.append(node.args[0].value)
    assert not {name for name in names if names.count(name) > 1}
