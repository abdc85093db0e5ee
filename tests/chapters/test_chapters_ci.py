"""Every page of the book runs to its end at ci scale, in the time that it may take."""

import nbformat
import pytest

from bosonpeak.book import runs

CPU_SECONDS = 150
"""What one page may take of all processors. The aim is 60; two pages at a time on the two threads of one core, and the
compilation in a fresh checkout, take up to twice as much."""
LONGER = {"yang-2021": 250}
"""The chapter that searches for saddles around 35 atoms and follows five trajectories. It exceeds the aim, because with
less its statements about atoms could not be computed at all."""


def test_the_chapters_of_the_book_are_found():
    assert "jiang-2026" in runs.chapters()
    assert set(runs.chapters()) < set(runs.pages())


@pytest.mark.slow
@pytest.mark.parametrize("page", [pytest.param(p, marks=pytest.mark.xdist_group(p)) for p in runs.pages()])
def test_page_runs_to_its_end(page, ci_run):
    run = ci_run(page)
    notebook = nbformat.read(run.path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert code
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    # a warning on stderr would stand in the reader's page
    assert not [output.text for cell in code for output in cell.outputs if output.get("name") == "stderr"]
    assert 0 < notebook.metadata.papermill.duration <= run.seconds
    # seconds of the processors distinguish a chapter that has grown from a machine that does other work
    assert run.cpu_seconds < LONGER.get(page, CPU_SECONDS), (
        f"{run.seconds:.0f} s on the clock, {run.cpu_seconds:.0f} CPU-s"
    )


@pytest.mark.parametrize("chapter", runs.chapters())
def test_each_scale_file_names_parameters_that_the_chapter_has(chapter):
    own = runs.parameters_of(chapter)
    for scale in runs.scales():
        assert set(runs.load_scale(chapter, scale)) <= set(own)
