"""The papermill runner, on a small book of its own."""

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest

from bosonpeak.book import runs


def printed(path: Path) -> str:
    """All that the notebook's cells printed."""
    notebook = nbformat.read(path, as_version=4)
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return "".join(output.get("text", "") for output in outputs)


def test_pages_are_notebooks_and_chapters_take_parameters(small_book):
    assert runs.pages() == ["bad", "good", "killed"]
    assert runs.chapters() == ["bad", "good"]
    assert runs.scales() == ["book", "ci"]


def test_parameters_come_in_the_order_of_the_cell_with_their_types(small_book):
    own = runs.parameters_of("good")
    assert list(own) == ["n", "width", "scale", "levels", "fixed", "structure", "label"]
    assert own == {
        "n": 60,
        "width": 0.5,
        "scale": "book",
        "levels": [0.1, 0.2],
        "fixed": True,
        "structure": None,
        "label": "a",
    }


def test_parameters_that_are_no_literals_are_refused(small_book):
    page = small_book / "book" / "good.md"
    page.write_text(page.read_text().replace("n = 60", "n = len('abc')"))
    with pytest.raises(ValueError, match=r"good: .*literal.* not `n = len\('abc'\)`"):
        runs.parameters_of("good")


def test_scale_holds_overrides_and_book_none(small_book):
    assert runs.load_scale("good", "ci") == {"n": 12}
    assert runs.load_scale("good", "book") == {}


@pytest.mark.parametrize(
    ("chapter", "scale", "parameters", "message"),
    [
        ("goood", "ci", {}, r"unknown page 'goood': .*good.* Did you mean good\?"),
        ("plain", "ci", {}, "unknown page 'plain'"),
        ("good", "papr", {}, "unknown scale 'papr': there is book, ci"),
        ("bad", "ci", {}, "ci.yml has no entry for bad"),
        ("good", "ci", {"widht": 1.0}, r"unknown parameter of good 'widht': .*Did you mean width\?"),
        ("killed", "ci", {"n": 3}, "unknown parameter of killed 'n': there is none"),
        ("good", "ci", {"n": "abc"}, "parameter n of good takes int, as in 60: not 'abc'"),
        ("good", "ci", {"n": 2.5}, "takes int.* not 2.5"),
        ("good", "ci", {"n": float("nan")}, "takes int.* not nan"),
        ("good", "ci", {"n": True}, "takes int.* not True"),
        ("good", "ci", {"width": [1]}, "takes float"),
        ("good", "ci", {"fixed": 1}, "takes bool"),
        ("good", "ci", {"levels": 0.3}, "takes list"),
        ("good", "ci", {"levels": [0.3, "x"]}, "takes float.* not 'x'"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(small_book, chapter, scale, parameters, message):
    with pytest.raises(ValueError, match=message):
        runs.run_chapter(chapter, scale, parameters, progress=False)
    assert not (small_book / "_build").exists()


def test_a_wrong_name_in_a_scale_file_is_refused(small_book):
    (small_book / "book" / "scales" / "ci.yml").write_text("good: {nn: 3}\n")
    with pytest.raises(ValueError, match=r"unknown parameter of good 'nn'.*Did you mean n\?"):
        runs.run_chapter("good", "ci", progress=False)


def test_run_injects_scale_and_own_parameters_and_keeps_the_notebook(small_book, capfd):
    run = runs.run_chapter("good", "ci", {"width": 2, "levels": ["1e-3"], "structure": "a.xyz"})
    # it is not the run of the scale, and does not replace it
    assert re.fullmatch(r"good-ci-[0-9a-f]{8}\.ipynb", run.path.name)
    assert run.path.parent == small_book / "_build" / "runs"
    assert run.scale == "ci" and run.seconds > 0
    assert run.parameters == {
        "n": 12,
        "width": 2.0,
        "scale": "ci",
        "levels": [0.001],
        "fixed": True,
        "structure": "a.xyz",
        "label": "a",
    }
    # in book/, and in this very environment
    assert printed(run.path) == f"12 2.0 ci [0.001] True a.xyz\nbook {sys.prefix}\n"
    assert [path.name for path in run.path.parent.iterdir()] == [run.path.name]
    bar = capfd.readouterr().err
    assert "good (ci): Where it is" in bar and "cell" in bar and "100%" in bar
    assert "encryption" not in bar

    payload = runs.claims_of(run.path)
    assert {name: value for name, value in payload.items() if name != "checksum"} == {
        "chapter": "good",
        "scale": "ci",
        "records": [{"id": "good/first", "value": 12}],
    }
    assert runs.claims_of(nbformat.read(run.path, as_version=4)) == payload


def test_no_bar_without_progress(small_book, capfd):
    runs.run_chapter("good", "ci", progress=False)
    assert capfd.readouterr().err == ""


def test_a_failing_cell_is_named_and_the_notebook_kept(small_book):
    earlier = small_book / "_build" / "runs" / "bad-book.ipynb"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("an earlier run")
    half = earlier.with_name(".bad-book-4194304.part.ipynb")  # of a process that was killed: no process has this number
    half.write_text("half")
    kept = earlier.with_name("bad-book.failed.ipynb")
    with pytest.raises(runs.ChapterError) as caught:
        runs.run_chapter("bad", "book", progress=False)
    message = str(caught.value)
    # parameters, print, division
    assert "bad stopped in code cell 3 (The part that breaks): ZeroDivisionError: division by zero" in message
    assert str(Path("_build", "runs", kept.name)) in message
    assert "before" in printed(kept) and "after" not in printed(kept)
    assert {path.name for path in kept.parent.iterdir()} == {kept.name, earlier.name}
    assert earlier.read_text() == "an earlier run"
    with pytest.raises(ValueError, match=r"bad-book\.failed\.ipynb hands over 0 sets of claims"):
        runs.claims_of(kept)


def test_a_dead_kernel_is_named(small_book):
    with pytest.raises(runs.ChapterError, match=r"killed stopped in code cell 1 \(The part that dies\).*died"):
        runs.run_chapter("killed", progress=False)


def test_two_sets_of_claims_are_refused(small_book):
    notebook = nbformat.read(runs.run_chapter("good", progress=False).path, as_version=4)
    notebook.cells.append(notebook.cells[-1])
    with pytest.raises(ValueError, match="hands over 2 sets"):
        runs.claims_of(notebook)


def test_an_interrupt_leaves_the_last_good_run_alone(small_book, monkeypatch):
    first = runs.run_chapter("good", progress=False).path.read_bytes()

    def interrupted(notebook, output, *rest):
        output.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "_execute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.run_chapter("good", progress=False)
    folder = small_book / "_build" / "runs"
    assert [path.name for path in folder.iterdir()] == ["good-book.ipynb"]
    assert (folder / "good-book.ipynb").read_bytes() == first


def test_only_half_notebooks_of_killed_runs_are_swept(small_book):
    folder = small_book / "_build" / "runs"
    folder.mkdir(parents=True)
    for name in (".draft-2024.ipynb", ".good-book-4194304.part.ipynb", f".good-ci-{os.getpid()}.part.ipynb"):
        (folder / name).write_text("kept or not")
    runs.run_chapter("good", progress=False)
    left = {path.name for path in folder.iterdir() if path.name.startswith(".")}
    assert left == {".draft-2024.ipynb", f".good-ci-{os.getpid()}.part.ipynb"}


def test_pages_and_scales_that_would_be_misread_are_refused(small_book):
    page = small_book / "book" / "good.md"
    whole = page.read_text()
    page.write_text(whole.replace(":tags: [parameters]\n", "---\ntags:\n- parameters\n---\n"))
    with pytest.raises(ValueError, match="write the tag of its parameters cell in one line"):
        runs.run_chapter("good", progress=False)
    page.write_text(whole.replace("n = 60", "n = "))
    with pytest.raises(ValueError, match=r"good\.md: its parameters cell is not Python"):
        runs.parameters_of("good")
    page.write_text(whole)
    (small_book / "book" / ".#good.md").symlink_to("nobody@nowhere.1")  # the lock of an editor
    assert "good" in runs.pages()
    (small_book / "book" / "scales" / "book.yml").write_text("good: {n: 5}")
    with pytest.raises(ValueError, match=r"book\.yml is not read"):
        runs.scales()
