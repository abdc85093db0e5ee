"""Every page of the book runs to its end at ci scale, in the time that it may take."""

import nbformat
import pytest
from bosonpeak.book import runs

pytestmark = pytest.mark.slow

SECONDS = {
    "jiang-2026": 60, "mizuno-2020": 180, "yang-2021": 240, "li-2025": 180, "tao-2023": 180, "spring-network": 60,
}  # fmt: skip
"""What a chapter may take on two cores, where one was promised."""


def test_the_chapters_of_the_book_are_found():
    assert "jiang-2026" in runs.chapters()
    assert set(runs.chapters()) < set(runs.pages())


@pytest.mark.parametrize("page", runs.pages())
def test_page_runs_to_its_end(page, ci_run, ci_cpu_seconds, record_property):
    run = ci_run(page)
    record_property("seconds", run.seconds)
    notebook = nbformat.read(run.path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert code
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    # a warning on stderr would stand in the reader's page
    assert not [output.text for cell in code for output in cell.outputs if output.get("name") == "stderr"]
    assert 0 < notebook.metadata.papermill.duration <= run.seconds
    # CPU-s tell a chapter that has grown from a machine that does other work
    told = f"{run.seconds:.0f} s on the clock, {ci_cpu_seconds(page):.0f} CPU-s"
    assert run.seconds < SECONDS.get(page, 300), told


@pytest.mark.parametrize("chapter", runs.chapters())
def test_each_scale_file_speaks_of_parameters_that_the_chapter_has(chapter):
    own = runs.parameters_of(chapter)
    for scale in runs.scales():
        assert set(runs.load_scale(chapter, scale)) <= set(own)
