"""One measurement over a grid of choices: each alternative once, in parallel, kept, and resumed."""

import math
import os

import pytest
import yaml
from made_claims import small_claim

from bosonpeak.book.choices import over_choices
from bosonpeak.book.ledger import Ledger

COUNT = "BOSONPEAK_TEST_COUNT"


def measured(box: int = 1000, kernel_width: float = 0.4, scale: float = 1.0):
    """A measurement with two choices; it notes each call, and stops at a box that does not exist."""
    if COUNT in os.environ:
        with open(os.environ[COUNT], "a") as file:
            file.write(f"{box} {kernel_width}\n")
    if box == 0:
        raise RuntimeError("no such box")
    if kernel_width == 9.0:
        return None
    return scale * box, (scale * box - kernel_width, math.inf if box == 4000 else scale * box + kernel_width)


GRID = {"box": [4000, 16000], "kernel width": [0.2, 9.0]}
FOUND = {
    ("box", 4000): (8000.0, (7999.6, math.inf)),
    ("box", 16000): (32000.0, (31999.6, 32000.4)),
    ("kernel width", 0.2): (2000.0, (1999.8, 2000.2)),
    ("kernel width", 9.0): None,
}


@pytest.fixture
def calls(tmp_path, monkeypatch):
    path = tmp_path / "calls.txt"
    monkeypatch.setenv(COUNT, str(path))
    return lambda: path.read_text().split("\n")[:-1] if path.exists() else []


@pytest.mark.parametrize("workers", [1, 2])
def test_each_alternative_is_measured_once_with_the_other_choices_as_registered(tmp_path, calls, workers):
    assert over_choices(measured, GRID, tmp_path / "kept", workers, scale=2.0) == FOUND
    assert sorted(calls()) == ["1000 0.2", "1000 9.0", "16000 0.4", "4000 0.4"]
    # what is finished is read, whatever order is asked for
    again = dict(reversed(GRID.items()))
    assert over_choices(measured, again, tmp_path / "kept", workers, scale=2.0) == FOUND
    assert len(calls()) == 4
    # another argument is another measurement
    assert over_choices(measured, GRID, tmp_path / "kept", workers)["box", 4000][0] == 4000
    assert len(calls()) == 8


def test_a_grid_that_stopped_resumes(tmp_path, calls):
    with pytest.raises(RuntimeError, match="no such box"):
        over_choices(measured, {"box": [4000, 0, 16000]}, tmp_path, 1)
    over_choices(measured, {"box": [4000, 16000]}, tmp_path, 1)
    assert calls() == ["4000 0.4", "0 0.4", "16000 0.4"]
    # a damaged part is measured again
    part = next(tmp_path.glob("*.json"))
    part.write_text(part.read_text()[:20])
    over_choices(measured, {"box": [4000, 16000]}, tmp_path, 1)
    assert len(calls()) == 4


def test_nothing_is_kept_without_a_folder(tmp_path, calls):
    for _ in range(2):
        over_choices(measured, {"box": [4000]}, workers=1)
    assert len(calls()) == 2


def test_a_choice_that_the_function_does_not_have_is_named():
    with pytest.raises(ValueError, match="measured has no parameter 'window' for the choice 'window'"):
        over_choices(measured, {"window": [1]})


def test_a_chapter_writes_one_call(tmp_path, monkeypatch, calls):
    (tmp_path / "data" / "claims").mkdir(parents=True)
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    entry = small_claim(choices=GRID)
    (tmp_path / "data" / "claims" / "small.yml").write_text(yaml.safe_dump([entry]), encoding="utf-8")
    run = Ledger("small", "book")
    choices = run.over_choices("value", measured, workers=1, scale=2.0)
    run.record("value", *measured(scale=2.0), n=1000, seeds=[1], choices=choices)
    assert choices == FOUND
    # at ci scale nothing is run
    before = len(calls())
    assert set(Ledger("small", "ci").over_choices("value", measured).values()) == {None}
    assert len(calls()) == before
    with pytest.raises(ValueError, match="did you mean small/value"):
        run.over_choices("valu", measured)
