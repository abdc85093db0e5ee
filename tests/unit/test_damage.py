"""Damaged files: what is read is right, or one sentence names the file.

Each trial damages one file of one kind at random, with a seed, and reads it as the library does. `make soak` makes ten
times as many trials.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from bosonpeak.archive import files, glasses, results
from bosonpeak.archive.resume import Checkpoints, KeptParts
from bosonpeak.archive.structures import read_structure
from bosonpeak.book import build, cache, claims, runs
from bosonpeak.materials import recipes
from bosonpeak.materials.potentials import get
from bosonpeak.paths import project_root

TRIALS = int(os.environ.get("BOSONPEAK_TRIALS", "40"))
"""For each kind of file."""
GLASS = "Cu50Zr50-mendelev-2009-n500-1e14-s1"
SHIPPED = project_root()


def flip_bits(data: bytearray, rng) -> None:
    for place in rng.integers(0, len(data), rng.integers(1, 9)):
        data[place] ^= 1 << int(rng.integers(8))


def truncate(data: bytearray, rng) -> None:
    del data[int(rng.integers(0, len(data))) :]


def empty(data: bytearray, rng) -> None:
    data.clear()


def overwrite(data: bytearray, rng) -> None:
    start, length = int(rng.integers(0, len(data))), int(rng.integers(1, 64))
    data[start : start + length] = rng.bytes(length)


def append(data: bytearray, rng) -> None:
    data += rng.bytes(int(rng.integers(1, 64)))


def drop_line(data: bytearray, rng) -> None:
    lines = bytes(data).splitlines(keepends=True)
    del lines[int(rng.integers(0, len(lines)))]
    data[:] = b"".join(lines)


DAMAGES = (flip_bits, flip_bits, truncate, empty, overwrite, append, drop_line)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project of its own with a few files of every kind."""
    root = tmp_path_factory.mktemp("damaged")
    for name in ("data/glasses", "data/results/vibrations", "data/results/claims", "data/claims", "book/scales"):
        (root / name).mkdir(parents=True)
    texts = "data/glasses/recipes.yml book/scales/ci.yml book/jiang-2026.md data/claims/jiang-2026.yml _toc.yml".split()
    for name in texts:
        shutil.copy(SHIPPED / name, root / name)
    shutil.copy(SHIPPED / f"data/glasses/{GLASS}.xyz.gz", root / "data/glasses")
    shutil.copy(SHIPPED / f"data/results/vibrations/{GLASS}.nc", root / "data/results/vibrations")
    for folder in ("data/glasses", "data/results/vibrations"):
        entries = json.loads((SHIPPED / folder / "catalogue.json").read_text())
        text = json.dumps([entry for entry in entries if entry["name"] == GLASS])
        (root / folder / "catalogue.json").write_text(text)
    archived = json.loads((SHIPPED / "data/results/claims/ci.json").read_text())
    (root / "data/results/claims/ci.json").write_text(json.dumps({"jiang-2026": archived["jiang-2026"]}))
    shutil.copy(get("cu-zr-mendelev-2009").path(), root / "own.eam.fs")
    return root


@pytest.fixture(autouse=True)
def in_it(root, monkeypatch):
    monkeypatch.setenv("BOSONPEAK_ROOT", str(root))


def plain(value):
    """A value that == compares as a whole."""
    if hasattr(value, "to_dict") and hasattr(value, "identical"):
        return (
            value.to_dict()["data_vars"].keys(),
            [v.values.tobytes() for v in value.variables.values()],
            str(value.attrs),
        )
    if hasattr(value, "positions"):
        return value.positions.tobytes(), value.cell.array.tobytes(), value.numbers.tobytes(), str(value.info)
    if hasattr(value, "to_json"):
        return value.to_json()
    if hasattr(value, "pair_spline"):
        return value.pair_spline.tobytes(), value.embedding_spline.tobytes(), value.masses
    return value


# what is read, and whether the file has a checksum: what people write by hand has none, so that a digit that became
# another digit is seen by nobody
KINDS = {
    "catalogue of glasses": ("data/glasses/catalogue.json", glasses.catalogue, True),
    "catalogue of results": (
        "data/results/vibrations/catalogue.json",
        partial(results.catalogue_of, "vibrations"),
        True,
    ),
    "result": (f"data/results/vibrations/{GLASS}.nc", partial(results.load_result, "vibrations", GLASS), True),
    "glass": (f"data/glasses/{GLASS}.xyz.gz", partial(glasses.load, GLASS), True),
    "claims of a run": ("data/results/claims/ci.json", partial(claims.load_archive, "ci"), True),
    "ledger": ("data/claims/jiang-2026.yml", partial(claims.load, "jiang-2026"), False),
    "recipes": ("data/glasses/recipes.yml", partial(recipes.recipes, "book"), False),
    "scale": ("book/scales/ci.yml", partial(runs.load_scale, "jiang-2026", "ci"), False),
    "potential of a user": ("own.eam.fs", None, False),
    "page": ("book/jiang-2026.md", partial(runs.parameters_of, "jiang-2026"), False),
    "table of contents": ("_toc.yml", build.table_of_contents, False),
}


def attempt(read):
    """What a call returns, or the sentence that it raises. Anything else, a traceback, fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return plain(read()), None
        except (ValueError, FileNotFoundError) as error:
            return None, str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named_or_read_rightly(root, kind):
    name, read, sealed = KINDS[kind]
    path = root / name
    read = read or partial(read_own_table, path)
    whole, right = path.read_bytes(), attempt(read)
    assert right[1] is None
    rng = np.random.default_rng([sum(map(ord, kind)), 1])
    refused = 0
    try:
        for _ in range(TRIALS):
            data = bytearray(whole)
            DAMAGES[rng.integers(len(DAMAGES))](data, rng)
            path.write_bytes(data)
            found, sentence = attempt(read)
            if sentence is None:
                assert found == right[0] or not sealed, f"{kind}: something else was read in silence"
                continue
            refused += 1
            # a page whose header is gone is not a page: the message names it without the suffix
            assert (path.stem if kind == "page" else path.name) in sentence, (
                f"{kind}: {sentence} does not name {path.name}"
            )
            assert len(sentence) < 600 and "\n" not in sentence, sentence
    finally:
        path.write_bytes(whole)
    # of a page only the header and the cell of parameters are read here
    assert refused > (0 if kind == "page" else TRIALS / 4) and attempt(read)[0] == right[0]


def read_own_table(path):
    from bosonpeak.materials import eam

    return eam.read_eam(path, "eam/fs")


def test_a_structure_without_a_catalogue_has_the_checksum_of_its_compression(root, tmp_path):
    path, rng = tmp_path / "a.xyz.gz", np.random.default_rng(5)
    whole = (root / f"data/glasses/{GLASS}.xyz.gz").read_bytes()
    path.write_bytes(whole)
    right, refused = plain(read_structure(path)), 0
    for _ in range(TRIALS):
        data = bytearray(whole)
        DAMAGES[rng.integers(len(DAMAGES))](data, rng)
        path.write_bytes(data)
        found, sentence = attempt(partial(read_structure, path))
        assert found == right or path.name in sentence
        refused += sentence is not None
    assert refused > TRIALS / 2


def test_kept_parts_that_are_damaged_are_computed_again(tmp_path):
    rng, made = np.random.default_rng(6), []

    def compute():
        made.append(1)
        return {"x": np.arange(100) / 7, "y": np.array(["a", "b"])}

    parts = KeptParts(tmp_path)
    right = parts.part("one", compute)
    path = parts.path("one")
    whole, intact = path.read_bytes(), 0
    for _ in range(4 * TRIALS):
        data = bytearray(whole)
        DAMAGES[rng.integers(len(DAMAGES))](data, rng)
        path.write_bytes(data)
        before = len(made)
        found = parts.part("one", compute)
        intact += len(made) == before
        assert set(found) == set(right) and all(np.array_equal(found[name], right[name]) for name in right)
    assert intact < 3 * TRIALS


def test_a_computation_goes_back_to_the_state_before_a_damaged_one(tmp_path):
    rng = np.random.default_rng(7)
    for _ in range(4 * TRIALS):
        states = Checkpoints(tmp_path, "key", "restart")
        for step in (100, 200, 300):
            states.save(step, lambda path, step=step: path.write_bytes(str(step).encode() * 500))
        assert len(list(tmp_path.glob("*.restart"))) == 2
        path = states.newest()[1]
        data = bytearray(path.read_bytes())
        DAMAGES[rng.integers(len(DAMAGES))](data, rng)
        if bytes(data) == path.read_bytes():
            continue
        path.write_bytes(data)
        with pytest.warns(
            UserWarning, match=rf"{path.name} is damaged and was set aside .* resumes from the state before"
        ):
            step, before = states.newest()
        assert step == 200 and before.read_bytes() == b"200" * 500
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()


def test_without_a_whole_state_a_computation_starts_again(tmp_path):
    states = Checkpoints(tmp_path, "key", "restart")
    assert states.newest() == (0, None)
    states.save(100, lambda path: path.write_bytes(b"")).write_bytes(b"x")
    with pytest.warns(UserWarning, match="damaged"):
        assert states.newest() == (0, None)


def test_a_missing_catalogue_is_not_an_empty_one(root):
    path = root / "data/results/vibrations/catalogue.json"
    whole = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(FileNotFoundError, match=r"catalogue\.json is missing, although 1 files lie next to it"):
            results.load_result("vibrations", GLASS)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda e: e.pop("sha256"), "lacks the field 'sha256'"),
        (lambda e: e.update(sha256=3), "has 3 as 'sha256', where text is expected"),
        (lambda e: e.update(boson_peak_omega=1.0), "checksum does not fit"),
        (lambda e: e.pop("checksum"), "checksum does not fit"),
    ],
)
def test_an_entry_that_was_altered_is_named(root, change, said):
    path = root / "data/results/vibrations/catalogue.json"
    whole = path.read_text()
    entries = json.loads(whole)
    change(entries[0])
    path.write_text(json.dumps(entries))
    try:
        with pytest.raises(ValueError, match=rf"catalogue\.json: {GLASS} .*{said}.*git checkout"):
            results.catalogue_of("vibrations")
    finally:
        path.write_text(whole)


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda r: r.pop("value"), "lacks the field 'value'"),
        (lambda r: r.update(value="high"), "has 'high' as 'value', where a number or null is expected"),
        (lambda r: r.update(interval=[1.0]), r"interval \[1\.0\], not two numbers"),
        (lambda r: r.update(n=None), "has None as 'n'"),
        (lambda r: r.update(id="jiang-2026/no-claim"), "is not in the ledger any more"),
        (lambda r: r["controls"].update(other={"interval": None}), "control other lacks the field 'value'"),
    ],
)
def test_a_record_that_cannot_be_judged_is_named(root, change, said):
    path = root / "data/results/claims/ci.json"
    whole = path.read_text()
    run = json.loads(whole)["jiang-2026"]
    change(run["records"][0])
    run["records"][0] = files.seal(run["records"][0])
    run.pop("checksum")
    path.write_text(json.dumps({"jiang-2026": run | {"checksum": claims._checksum(run)}}))
    try:
        with pytest.raises(ValueError, match=rf"ci\.json: .*{said}"):
            claims.load_archive("ci")
    finally:
        path.write_text(whole)


def test_a_damaged_page_of_the_cache_is_run_again(root, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_state", lambda *arguments: {"same": True})
    path = cache._notebook_path("jiang-2026", "ci")
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    record = {
        "seconds": 1.0,
        "cpu_seconds": 1.0,
        "depends": {},
        "notebook": files.sha256_of(path),
        "state": {"same": True},
    }
    path.with_suffix(".json").write_text(json.dumps(record))
    assert cache.executed_page("jiang-2026", "ci") is not None
    path.write_text("{")
    assert cache.executed_page("jiang-2026", "ci") is None
    path.write_text("{}")
    for text in ("", "[]", "{", '{"state": 1}', "\x00"):
        path.with_suffix(".json").write_text(text)
        assert cache.executed_page("jiang-2026", "ci") is None and cache.last_seconds("jiang-2026", "ci") is None


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"a: [1\nb: 2", b"- 1\n- 2", b"a: \x00"], ids=repr)
@pytest.mark.parametrize("suffix", [".yml", ".json"])
def test_readers_name_the_file_and_the_remedy(tmp_path, data, suffix):
    path = tmp_path / f"some{suffix}"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"some{suffix}.*; make it again|some{suffix}.*: make it again"):
        files.read_plain(path, dict, "make it again")


def test_what_is_whole_is_read(tmp_path):
    for suffix, write in ((".json", json.dumps), (".yml", yaml.safe_dump)):
        path = tmp_path / f"some{suffix}"
        path.write_text(write({"a": [1, 2.5, None]}))
        assert files.read_plain(path, dict) == {"a": [1, 2.5, None]}
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        files.read_plain(Path(tmp_path, "none.json"), dict)


@pytest.mark.parametrize("suffix, text", [(".yml", "a: 1\nb: 2\na: 3\n"), (".json", '{"a": 1, "b": {"c": 1, "c": 2}}')])
def test_a_key_that_occurs_twice_is_refused(tmp_path, suffix, text):
    path = tmp_path / f"some{suffix}"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"some{suffix}.*'[ac]' occurs twice"):
        files.read_plain(path, dict)


def test_what_a_writer_left_behind_is_not_a_result(root):
    folder = root / "data/results/vibrations"
    left = folder / f".{GLASS}.4194304.part.nc"
    left.write_bytes(b"half")
    try:
        assert results.shipped_results("vibrations") == [GLASS]
        assert list(results.catalogue_of("vibrations")) == [GLASS]
    finally:
        left.unlink()


ENTERING = """
import sys
from bosonpeak.archive.results import enter_result
for n in range(15):
    name = f"{sys.argv[1]}-{n}"
    enter_result("many", {"name": name, "file": f"{name}.nc", "sha256": ""})
"""


def test_two_processes_that_enter_results_lose_none(root):
    run = [sys.executable, "-c", ENTERING]
    both = [subprocess.Popen([*run, name], env=os.environ | {"BOSONPEAK_ROOT": str(root)}) for name in ("a", "b")]
    assert [process.wait(120) for process in both] == [0, 0]
    assert len(results.catalogue_of("many")) == 30


PAGE = """---
kernelspec:
  name: python3
  display_name: Python 3
---

# A page

```{code-cell} ipython3
import time
from pathlib import Path
import os
print(Path(os.environ["BOSONPEAK_ROOT"], "data", "number.txt").read_text())
time.sleep(3)
```
"""


@pytest.mark.parametrize("name", ["book/page.md", "data/number.txt"])
def test_a_run_during_which_something_changed_does_not_count(root, name):
    (root / "book/page.md").write_text(PAGE)
    (root / "data/number.txt").write_text("one")
    for changes in (True, False):
        changing = threading.Timer(2.5, lambda: (root / name).write_text((root / name).read_text() + "\n"))
        if changes:
            changing.start()
        cache.run_page("page", "book")
        changing.cancel()
        assert (cache.executed_page("page", "book") is None) == changes
    (root / "book/page.md").unlink()


def test_a_text_is_not_a_band(root):
    path = root / "data/claims/jiang-2026.yml"
    whole = path.read_text()
    entries = yaml.safe_load(whole)
    entries[0]["accept"]["ci"] = "12"
    path.write_text(yaml.safe_dump(entries))
    try:
        with pytest.raises(ValueError, match=r"jiang-2026\.yml: .* band '12' at ci"):
            claims.load("jiang-2026")
    finally:
        path.write_text(whole)
