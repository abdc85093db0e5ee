"""The command `bosonpeak`: what it prints, where, and its exit status."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import yaml
from made_claims import small_claim

from bosonpeak import __version__
from bosonpeak.book import claims, cli, runs
from bosonpeak.book.claims import SCALES
from bosonpeak.book.ledger import Ledger
from bosonpeak.paths import project_root


def test_version(capsys):
    with pytest.raises(SystemExit) as leaving:
        cli.main(["--version"])
    assert leaving.value.code == 0
    assert capsys.readouterr().out == f"bosonpeak {__version__}\n"


def test_installed_command_answers():
    done = subprocess.run([f"{sys.prefix}/bin/bosonpeak", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"bosonpeak {__version__}\n")


def test_run_with_parameters_shows_a_bar_and_says_where_the_notebook_is(small_book, capfd):
    command = [
        "run",
        "good",
        "--scale",
        "ci",
        "-p",
        "n",
        "1e1",
        "-p",
        "levels",
        "[3, 1e-2]",
        "-p",
        "label",
        "40",
    ]
    assert cli.main(command) == 0
    said = capfd.readouterr()
    assert "good at ci scale" in said.out and os.path.join("_build", "runs", "good-ci-") in said.out
    assert "good (ci): Where it is" in said.err
    (kept,) = (small_book / "_build" / "runs").glob("good-ci-*.ipynb")
    kept = json.loads(kept.read_text())
    # text stays text where the chapter's own value is text
    assert kept["metadata"]["papermill"]["parameters"] == {"n": 10, "levels": [3.0, 0.01], "scale": "ci", "label": "40"}


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["run", "goood"], "Did you mean good?"),
        (["run", "good", "--scale", "huge"], "unknown scale 'huge'"),
        (["run", "good", "-p", "n", "abc"], "takes int"),
        (["run", "good", "-p", "n", "[1"], "not valid YAML"),
        (["run", "good", "-p", "n", "9" * 400], "takes int"),
        (["run", "good", "-p", "scale", "paper"], "choose it with --scale"),
        (["run", "good", "-p", "n", "3", "-p", "n", "4"], "-p n is given twice"),
        (["run", "good", "-p", "m", "1"], "unknown parameter of good 'm'"),
        (["run", "good", "--archive", "-p", "n", "3"], "leave out -p"),
        (["claims", "goood"], "unknown chapter with claims 'goood'"),
    ],
)
def test_bad_input_is_one_sentence_and_2(small_book, capfd, command, sentence):
    (small_book / "data" / "claims" / "good.yml").write_text("[]\n")
    assert cli.main(command) == 2
    said = capfd.readouterr()
    assert sentence in said.err and said.err.startswith("bosonpeak: ") and said.err.count("\n") == 1
    assert said.out == "" and not (small_book / "_build").exists()


def test_a_folder_that_is_no_checkout_is_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    assert cli.main(["chapters"]) == 2
    assert "BOSONPEAK_ROOT" in capsys.readouterr().err


def test_a_failing_chapter_is_1(small_book, capfd):
    assert cli.main(["run", "bad", "--quiet"]) == 1
    said = capfd.readouterr().err
    assert "The part that breaks" in said and "ZeroDivisionError" in said and said.count("\n") == 1
    assert (small_book / "_build" / "runs" / "bad-book.failed.ipynb").exists()


def test_an_interrupt_is_130_and_one_line(small_book):
    page = small_book / "book" / "good.md"
    page.write_text(page.read_text().replace("import os, sys", "import os, sys, time; time.sleep(60)"))
    # where the tests themselves run in the background, the shell has them ignore interrupts; the child undoes it,
    # since a fork of this process, in which JAX has threads, may hang
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from bosonpeak.book import cli; sys.exit(cli.main(['run', 'good']))"
    )
    running = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    seen = ""
    while "Where it is" not in seen:  # the bar says when the sleeping cell has begun
        letter = running.stderr.read(1)
        assert letter, f"ended before the cell began: {seen}"
        seen += letter
    running.send_signal(signal.SIGINT)
    _, rest = running.communicate(timeout=30)
    assert running.returncode == 130
    assert rest.splitlines()[-1] == "bosonpeak: interrupted; nothing of this run is kept"
    assert "Traceback" not in rest
    assert list((small_book / "_build" / "runs").iterdir()) == []


def test_chapters_lists_parameters_with_the_values_of_each_scale(small_book, capsys):
    assert cli.main(["chapters"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("good") + 1] == "  n = 60  (ci 12)"
    assert lines[lines.index("bad") + 1] == "  n = 1"
    assert "killed" not in lines


def test_archive_hands_the_payload_of_the_run_to_the_ledger(small_book, monkeypatch, capfd):
    from bosonpeak.book import claims

    kept = []
    monkeypatch.setattr(claims, "archive", lambda payload, scale: kept.append((payload, scale)))
    assert cli.main(["run", "good", "--scale", "ci", "--archive", "--quiet"]) == 0
    assert kept == [(runs.claims_of(small_book / "_build" / "runs" / "good-ci.ipynb"), "ci")]


def test_archiving_a_chapter_without_claims_is_2(small_book, capfd):
    page = small_book / "book" / "bad.md"
    page.write_text(page.read_text().replace("1 / (n - n)", "1 / n"))
    assert cli.main(["run", "bad", "--archive", "--quiet"]) == 2
    assert "hands over 0 sets of claims" in capfd.readouterr().err


@pytest.fixture
def small_ledger(small_book):
    """A ledger of two claims for the chapter `good`, which measures the first one."""
    entries = [small_claim(id=f"good/{name}", accept={s: [1, 3] for s in SCALES}) for name in ("first", "second")]
    (small_book / "data" / "claims" / "good.yml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    return small_book


def _archive(value=2.0, second=None) -> dict:
    run = Ledger("good", "ci")
    run.record("first", value, (value - 0.1, value + 0.1), n=9, seeds=[1, 2])
    run.record("second", second, n=9, seeds=[])
    claims.archive(run.payload(), "ci")
    return run.payload()


def test_claims_lists_ids_with_verdicts_of_each_scale(small_ledger, capsys):
    assert cli.main(["claims"]) == 0
    assert capsys.readouterr().out == "good/first  no archived run\ngood/second  no archived run\n"
    _archive()
    assert cli.main(["claims"]) == 0
    assert capsys.readouterr().out == "good/first  ci: reproduced\ngood/second  ci: not testable here\n"


def test_claims_names_a_record_that_was_altered(small_ledger, capsys):
    _archive()
    path = small_ledger / "data" / "results" / "claims" / "ci.json"
    path.write_text(path.read_text().replace('"value": 2.0', '"value": 2.05'))
    assert cli.main(["claims"]) == 2
    assert "ci.json: good/first was altered" in capsys.readouterr().err
    # pages withhold the value instead, and say so
    record = claims.archived_records()["good/first"]["ci"]
    assert record["value"] is None and record["verdict"] == "not testable here" and "was altered" in record["reason"]


@pytest.mark.parametrize(
    "archived, status, shown",
    [
        (2.0, 0, "archive   agrees"),
        (2.05, 0, "archive   agrees"),  # within the archived interval
        (2.5, 1, "differs: good/first at ci scale: the value is 2, outside the archived 2.5 [2.4, 2.6]"),
        (0.5, 1, "the verdict is 'reproduced' (the interval lies inside the band), archived 'not reproduced'"),
        (None, 1, "no run of ci scale is archived"),
    ],
)
def test_check_measures_one_claim_again(small_ledger, monkeypatch, capsys, archived, status, shown):
    fresh = _archive()
    (small_ledger / "data" / "results" / "claims" / "ci.json").unlink()
    if archived is not None:
        _archive(archived)
    done = type("Run", (), {"scale": "ci", "seconds": 1.0, "path": small_ledger / "good-ci.ipynb"})()
    monkeypatch.setattr(runs, "run_chapter", lambda chapter, *_, **__: done if chapter == "good" else None)
    monkeypatch.setattr(runs, "claims_of", lambda path: fresh)
    assert cli.main(["check", "good/first"]) == status
    text = capsys.readouterr().out
    for line in (
        "good/first: it is 2 (Fig. 1)",
        "verdict   reproduced: the interval lies inside the band",
        "measured  2 [1.9 … 2.1] (N = 9, 2 seeds; measured in this run)",
        "band      1 … 3",
        "control   none: none exists",
        shown,
    ):
        assert line in text


def test_check_of_an_unknown_claim_names_the_nearest(small_ledger, capsys):
    assert cli.main(["check", "good/fist"]) == 2
    assert "unknown claim 'good/fist'" in capsys.readouterr().err


def shell(command, **environment):
    """What a shell command writes to stderr, and its status."""
    done = subprocess.run(
        ["bash", "-c", command], env=os.environ | environment, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stderr


BOSONPEAK = f"{sys.executable} -m bosonpeak.book.cli"


@pytest.mark.parametrize("command", ["claims", "chapters", "figures index"])
def test_a_list_may_be_cut_off_by_its_reader(command, tmp_path):
    # claims of a project without an archive: whatever is wrong with the archived ones has a test of its own
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "claims").symlink_to(project_root() / "data" / "claims")
    root = {"BOSONPEAK_ROOT": str(tmp_path)} if command == "claims" else {}
    assert shell(f"{BOSONPEAK} {command} | head -1", **root) == (0, "")


def test_where_nothing_can_be_kept_a_sentence_says_so(small_book):
    root = {"BOSONPEAK_ROOT": str(small_book)}
    (small_book / "_build").touch()
    status, said = shell(f"{BOSONPEAK} run good --quiet", **root)
    assert status == 2 and said.count("\n") == 1 and "no notebook can be kept in" in said
    (small_book / "_build").unlink()
    (small_book / "_build" / "runs" / "good-book.ipynb").mkdir(parents=True)
    status, said = shell(f"{BOSONPEAK} run good --quiet", **root)
    assert status == 2 and said.count("\n") == 1 and "good-book.ipynb is a folder" in said


@pytest.mark.parametrize("text", ["good: {n: 12\n  levels: [", "- good\n", "good: 3\n", ""], ids=repr)
def test_a_damaged_scale_is_named(small_book, capfd, text):
    (small_book / "book" / "scales" / "ci.yml").write_text(text)
    for command in (["chapters"], ["run", "good", "--scale", "ci"]):
        assert cli.main(command) == 2
        said = capfd.readouterr().err
        assert "ci.yml" in said and said.count("\n") == 1


@pytest.mark.slow
def test_a_library_that_nobody_may_write_to_works_for_a_user_without_a_home(tmp_path):
    shutil.copytree(
        project_root() / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    subprocess.run(["chmod", "-R", "a-w", str(tmp_path / "lib")], check=True)
    environment = {"HOME": "/proc/nobody", "PYTHONPATH": str(tmp_path / "lib"), "TMPDIR": str(tmp_path)}
    # root may write everywhere, unless it gives that up
    drop = "-dac_override,-dac_read_search"
    plain = f"setpriv --bounding-set={drop} --inh-caps={drop} " if os.geteuid() == 0 else ""
    code = (
        "import bosonpeak, sys; from bosonpeak.materials import eam; import numpy as np;"
        "print(bosonpeak.__file__, eam._cubics(np.zeros((1, 5, 4)), np.zeros(1, int), np.ones(1), 1.0, 2.0))"
    )
    command = f'unset NUMBA_CACHE_DIR; {plain}{sys.executable} -c "{code}"'
    try:
        status, said = shell(command, **environment)
        assert status == 0, said
        assert list(tmp_path.glob("bosonpeak-numba-*/**/*.nbi"))
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(tmp_path / "lib")], check=True)
