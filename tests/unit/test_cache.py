"""A page is run again when something that it depends on has changed, and only then; the runs become a book."""

import json
import os
import re
import threading
import time

import nbformat
import pytest
import yaml

from bosonpeak.book import build, cache, kernel, runs

READER = """---
kernelspec:
  display_name: Python 3
  name: python3
---

# A page that reads

See [the good chapter](good.md) and [text](plain.md).

```{code-cell} ipython3
from pathlib import Path

from bosonpeak import units
from bosonpeak.paths import project_root

data = project_root() / "data"
print((data / "numbers.txt").read_text(), sorted(path.name for path in (data / "many").glob("*.txt")))
```
"""


@pytest.fixture
def reader(small_book, monkeypatch):
    """The small book with a page that reads a file, lists a folder and imports `bosonpeak.units`, run once."""
    (small_book / "data" / "many").mkdir()
    (small_book / "data" / "many" / "a.txt").write_text("a")
    (small_book / "data" / "numbers.txt").write_text("1 2 3")
    (small_book / "data" / "unread.txt").write_text("0")
    (small_book / "book" / "reader.md").write_text(READER)
    assert cache.executed_page("reader", "book") is None
    run = cache.run_page("reader", "book")
    assert run.seconds > 0 and run.cpu_seconds > 0
    return small_book


def test_a_page_is_valid_until_what_it_read_changes(reader):
    def valid():
        return cache.executed_page("reader", "book") is not None

    assert valid()
    # dates, other files, and what editors leave behind do not matter
    os.utime(reader / "data" / "numbers.txt", (0, 0))
    (reader / "data" / "unread.txt").write_text("9")
    (reader / "data" / "new.txt").write_text("9")
    for left in (".numbers.txt.swp", "numbers.txt~"):
        (reader / "data" / left).write_text("x")
        (reader / "data" / "many" / left).write_text("x")
        (reader / "book" / left).write_text("x")
    (reader / "book" / "scales" / "ci.yml").write_text("good: {n: 13}\n")
    (reader / "book" / "good.md").write_text((reader / "book" / "good.md").read_text() + "\nMore.\n")
    assert valid()
    for path, other in (
        (reader / "data" / "numbers.txt", "4"),
        (reader / "book" / "reader.md", READER + "."),
    ):
        before = path.read_text()
        path.write_text(other)
        assert not valid()
        path.write_text(before)
        assert valid()
    (reader / "data" / "many" / "b.txt").write_text("b")
    assert not valid()
    (reader / "data" / "many" / "b.txt").unlink()
    assert valid()
    (reader / "data" / "numbers.txt").unlink()
    assert not valid()


def test_modules_and_packages_that_the_page_used_count_and_no_others(reader, monkeypatch):
    record = cache._record_path("reader", "book")
    depends = json.loads(record.read_text())["depends"]
    names = {os.path.relpath(path, os.path.dirname(kernel.__file__) + "/..") for path in depends["modules"]}
    assert "units.py" in names and "paths.py" in names
    assert not any(name.startswith(("scattering", "landscape", "papers", "learning")) for name in names)
    assert "numpy" not in depends["packages"] or "scipy" in depends["packages"]
    assert "ipykernel" in depends["packages"] and "bosonpeak" not in depends["packages"]
    assert cache.executed_page("reader", "book")
    cache._version.cache_clear()
    monkeypatch.setattr(cache, "_version", lambda name: "0.0" if name == "ipykernel" else "x")
    assert cache.executed_page("reader", "book") is None


def test_a_page_that_fails_is_not_kept(small_book):
    with pytest.raises(runs.ChapterError, match="ZeroDivisionError"):
        cache.run_page("bad", "book")
    assert cache.executed_page("bad", "book") is None and cache.last_seconds("bad", "book") is None


def test_a_damaged_record_means_that_the_page_runs_again(reader):
    for text in ("{", "{}", '{"state": 1, "depends": []}'):
        cache._record_path("reader", "book").write_text(text)
        assert cache.executed_page("reader", "book") is None


def test_pages_run_at_the_same_time_and_a_failure_stops_no_other(reader):
    lines = []
    executed, failed = build.run_pages(["good", "bad", "reader"], "book", workers=2, report=lines.append)
    assert set(executed) == {"good", "reader"} and set(failed) == {"bad"}
    assert "ZeroDivisionError" in failed["bad"]
    # the valid one is not counted; the line says what is running and for how long
    assert any(re.search(r"pages: 0 of 2 done; running: .*good \d+ s", line) for line in lines)
    assert re.search(r"pages: 2 of 2 done; running: none", lines[-1])


def test_the_staged_copy_holds_executed_notebooks_and_is_the_same_again(reader, tmp_path):
    (reader / "_config.yml").write_text(yaml.safe_dump({"execute": {"execute_notebooks": "cache"}}))
    contents = {"root": "book/reader", "chapters": [{"file": "book/good"}, {"file": "book/plain"}]}
    (reader / "_toc.yml").write_text(yaml.safe_dump(contents))
    assert build.table_of_contents() == ["reader", "good", "plain"]
    executed, _ = build.run_pages(["good", "reader"], "book", workers=2)
    source = tmp_path / "source"
    (source / "book").mkdir(parents=True)
    (source / "book" / "gone.md").write_text("a page that is no longer there")
    first = build.stage(executed, source)
    assert yaml.safe_load((source / "_config.yml").read_text())["execute"]["execute_notebooks"] == "off"
    assert not (source / "book" / "gone.md").exists() and not (source / "book" / "good.md").exists()
    notebook = nbformat.read(source / "book" / "reader.ipynb", as_version=4)
    assert "1 2 3 ['a.txt']" in notebook.cells[-1].outputs[0].text
    # links follow the pages that became notebooks, and those alone
    assert "(good.ipynb)" in notebook.cells[0].source and "(plain.md)" in notebook.cells[0].source
    dates = {path: path.stat().st_mtime_ns for path in source.rglob("*") if path.is_file()}
    again = cache.run_page("reader", "book")
    time.sleep(0.01)
    assert build.stage(executed | {"reader": again}, source) == first
    assert dates == {path: path.stat().st_mtime_ns for path in source.rglob("*") if path.is_file()}
    (reader / "book" / "plain.md").write_text("# Other text\n")
    assert build.stage(executed, source) != first


def test_a_trace_notes_what_is_read_below_its_folders_and_nothing_else(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    trace = kernel.Trace(tmp_path, (tmp_path / "potentials",))
    for event, arguments in (
        ("open", (str(tmp_path / "data" / "read.nc"), "r", 0)),
        ("open", (tmp_path / "data" / "binary.nc", "rb", 0)),
        ("open", (str(tmp_path / "data" / "missing"), None, 0)),
        ("open", (str(tmp_path / "data" / "written.nc"), "wb", 0)),
        ("open", (str(tmp_path / "data" / "appended.nc"), "a", 0)),
        ("open", (str(tmp_path / "elsewhere" / "x"), "r", 0)),
        ("open", (7, "r", 0)),
        ("open", (str(tmp_path / "potentials" / "table.eam.fs"), "rb", 0)),
        ("os.listdir", (str(tmp_path / "data"),)),
        ("os.scandir", (str(tmp_path / "elsewhere"),)),
        ("os.listdir", (None,)),
        ("import", ("numpy", None, None, None, None)),
    ):
        trace(event, arguments)
    assert {os.path.basename(path) for path in trace.files} == {"read.nc", "binary.nc", "missing", "table.eam.fs"}
    assert {os.path.relpath(path, tmp_path) for path in trace.listed} == {"data"}
    report = trace.report()
    assert any(path.endswith("book/kernel.py") for path in report["modules"]) and "pytest" in report["packages"]
    assert threading.__name__ not in report["packages"]
