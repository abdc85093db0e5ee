"""A ledger of its own in a folder of its own; then the real ledger."""

import datetime
import json
import math

import pytest
import xarray as xr
import yaml
from made_claims import small_claim

from bosonpeak.book import claims, ledger, tables
from bosonpeak.book.claims import KINDS, ORIGINS, SCALES, WEIGHTS
from bosonpeak.book.ledger import Ledger
from bosonpeak.book.verdicts import COVERS, NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, UNDECIDED
from bosonpeak.paths import project_root


def _entry(**changes) -> dict:
    """A claim whose texts need to be escaped."""
    texts = {
        "source": "Fig. 1 <left> & text",
        "statement": 'it is "about" 2 < 3 & more',
        "quantity": "omega <b>here</b>",
        "paper": {"value": "< 2 & > 1"},
        "because": "'noise' > \"signal\"",
        "no_control": "nothing <else> is at hand",
    }
    entry = small_claim(**(texts | changes))
    if entry["controls"]:
        del entry["no_control"]
    return entry


CONTROLLED = _entry(id="small/controlled", controls={"crystal": "no <disorder>", "shuffled": "at random"}, unit="1")
OPEN = _entry(id="small/open", accept={scale: [2, None] for scale in SCALES})


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with one ledger of three claims and a second chapter of one."""
    (tmp_path / "data" / "claims").mkdir(parents=True)
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    _write(tmp_path, "small", [_entry(), CONTROLLED, OPEN])
    _write(tmp_path, "other", [_entry(id="other/one")])
    return tmp_path


def _write(root, chapter, entries) -> None:
    (root / "data" / "claims" / f"{chapter}.yml").write_text(yaml.safe_dump(entries), encoding="utf-8")


def _full(scale="ci", value=2.0, omit=()) -> Ledger:
    ledger = Ledger("small", scale)
    if "value" not in omit:
        ledger.record("value", value, (value - 0.1, value + 0.1), n=100, seeds=[1, 2])
    ledger.record("small/controlled", value, n=100, seeds=[1], controls={"crystal": 9, "shuffled": (8, (7, 9))})
    if "open" not in omit:
        ledger.record("open", None, n=100, seeds=[], note="too <small> & noisy")
    return ledger


def test_records_hold_what_was_measured(root):
    payload = _full().payload()
    assert payload["chapter"] == "small" and payload["scale"] == "ci" and payload["seconds"] >= 0
    first, second, third = payload["records"]
    assert [r["id"] for r in payload["records"]] == ["small/value", "small/controlled", "small/open"]
    assert (first["value"], first["interval"], first["n"], first["seeds"]) == (2.0, [1.9, 2.1], 100, [1, 2])
    assert second["interval"] == [2.0, 2.0]
    assert second["controls"] == {
        "crystal": {"value": 9.0, "interval": [9.0, 9.0]},
        "shuffled": {"value": 8.0, "interval": [7.0, 9.0]},
    }
    assert third["value"] is None and third["interval"] is None
    json.dumps(payload, allow_nan=False)


def test_a_control_that_could_not_be_measured_has_not_failed(root):
    ledger = Ledger("small", "ci")
    ledger.record("controlled", 2, n=1, seeds=[1], controls={"crystal": 9, "shuffled": None})
    assert ledger.verdict("controlled") == UNDECIDED
    ledger.record("value", 2, n=1, seeds=[1])
    ledger.record("open", 3, n=1, seeds=[1])
    assert "control was not measured, so it has not failed: shuffled" in tables.table(ledger.payload())


def test_one_sample_has_an_open_interval_and_tells_nothing(root):
    ledger = Ledger("small", "ci")
    ledger.record("value", 2, (-math.inf, math.inf), n=1, seeds=[1])
    assert ledger.verdict("value") == UNDECIDED
    ledger.record("controlled", 2, n=1, seeds=[1], controls={"crystal": (9, (-math.inf, 10)), "shuffled": 9})
    ledger.record("open", 3, (2.5, math.inf), n=1, seeds=[1])
    # notebooks and archives carry it as JSON, which knows no infinity
    payload = json.loads(json.dumps(ledger.payload(), allow_nan=False))
    claims.archive(payload, "ci")
    verdicts = [r["verdict"] for r in claims.load_archive("ci")["small"]["records"]]
    # the open interval of a control reaches into the band: it has not clearly failed
    assert verdicts == [UNDECIDED, UNDECIDED, REPRODUCED]
    assert "95 %: unbounded" in tables.table(payload) and "95 %: ≥ 2.5" in tables.table(payload)


def test_records_come_in_the_order_of_the_ledger(root):
    ledger = Ledger("small", "ci")
    ledger.record("open", 3, n=1, seeds=[1])
    ledger.record("controlled", 2, n=1, seeds=[1], controls={"crystal": 9, "shuffled": 9})
    ledger.record("value", 2, n=1, seeds=[1])
    assert [r["id"] for r in ledger.payload()["records"]] == ["small/value", "small/controlled", "small/open"]


def test_a_superseded_claim_keeps_its_last_record(root):
    claims.archive(_full("book").payload(), "book")
    path = root / "data" / "results" / "claims" / "book.json"
    content = json.loads(path.read_text())
    content["small"]["date"] = "2020-02-02"
    content["small"] |= {"checksum": claims._checksum(content["small"])}
    path.write_text(json.dumps(content))
    _write(root, "small", [_entry(superseded_by="small/open"), CONTROLLED, OPEN])
    run = _full("book", omit=("value",))
    assert [record["id"] for record in run.payload()["records"]] == ["small/controlled", "small/open"]
    for _ in range(2):  # a second run does not make the record younger
        claims.archive(run.payload(), "book")
        old = claims.archived_records()["small/value"]["book"]
        assert old["value"] == 2.0 and old["date"] == "2020-02-02"
        assert claims.archived_records()["small/open"]["book"]["date"] > "2020-02-02"
    # a claim that still stands has to be recorded
    with pytest.raises(ValueError, match="small/open"):
        _full("book", omit=("open",)).payload()


@pytest.mark.parametrize("scale, kept", [("paper", 2.0), ("book", 2.5)])
def test_at_paper_scale_the_record_on_the_largest_system_is_kept_with_its_date(root, scale, kept):
    def run(value, n):
        ledger = Ledger("small", scale)
        ledger.record("value", value, n=n, seeds=[1])
        ledger.record("controlled", value, n=1, seeds=[1], controls={"crystal": 9, "shuffled": 9})
        ledger.record("open", 3, n=1, seeds=[1])
        claims.archive(ledger.payload(), scale)

    run(2.0, 100)
    path = root / "data" / "results" / "claims" / f"{scale}.json"
    content = json.loads(path.read_text())
    content["small"]["date"] = "2020-02-02"
    content["small"] |= {"checksum": claims._checksum(content["small"])}
    path.write_text(json.dumps(content))
    for _ in range(2):  # a second run does not make the record younger
        run(2.5, 10)
        found = claims.archived_records()
        assert found["small/value"][scale]["value"] == kept
        assert (found["small/value"][scale]["date"] == "2020-02-02") == (kept == 2.0)
        # the others are those of the last run
        assert found["small/controlled"][scale]["value"] == 2.5
    run(2.7, 1000)
    assert claims.archived_records()["small/value"][scale]["value"] == 2.7


def test_recording_twice_is_fine_only_with_the_same_value(root):
    ledger = Ledger("small", "ci")
    ledger.record("value", 2, n=1, seeds=[1])
    ledger.record("value", 2, n=1, seeds=[1])
    assert ledger.verdict("value") == REPRODUCED
    with pytest.raises(ValueError, match=r"recorded as 2.0 before, now as 2.5"):
        ledger.record("value", 2.5, n=1, seeds=[1])
    with pytest.raises(ValueError, match=r"recorded as 2.0 before, now as None"):
        ledger.record("value", None, n=1, seeds=[1])
    assert ledger.records["small/value"]["value"] == 2


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: Ledger("smal", "ci"), "no ledger for chapter 'smal'; choose one of other, small"),
        (lambda: Ledger("small", "huge"), "unknown scale 'huge': choose one of ci, book, paper"),
        (lambda: claims.load_archive("huge"), "unknown scale 'huge'"),
        (lambda: Ledger("small", "ci").record("valu", 2, n=1, seeds=[]), "did you mean small/value"),
        (lambda: Ledger("small", "ci").record("other/one", 2, n=1, seeds=[]), "unknown claim"),
        (lambda: Ledger("small", "ci").record("controlled", 2, n=1, seeds=[]), r"controls \['crystal', 'shuffled'\]"),
        (
            lambda: Ledger("small", "ci").record("value", 2, n=1, seeds=[], controls={"crystal": 1}),
            r"names the controls \[\], recorded were \['crystal'\]",
        ),
        (lambda: Ledger("small", "ci").record("value", math.nan, n=1, seeds=[]), "not a number"),
        (lambda: Ledger("small", "ci").record("value", math.inf, n=1, seeds=[]), "not a number"),
        (lambda: Ledger("small", "ci").record("value", 2, (math.nan, 3), n=1, seeds=[]), "not a number"),
        (lambda: Ledger("small", "ci").record("value", 2, (2.1, 3), n=1, seeds=[]), r"2 lies outside its interval"),
        (lambda: Ledger("small", "ci").record("value", 2, (3, 1), n=1, seeds=[]), "outside its interval"),
        (
            lambda: Ledger("small", "ci").record(
                "controlled", 2, n=1, seeds=[], controls={"crystal": math.nan, "shuffled": 1}
            ),
            "control crystal: .* not a number",
        ),
        (lambda: Ledger("small", "ci").payload(), r"3 claim\(s\) of small were not recorded: small/value, small/contr"),
        (lambda: tables.ClaimsTable(Ledger("small", "ci")), "were not recorded"),
        (lambda: claims.archive(_full("ci").payload(), "book"), "made at ci scale, not at book"),
    ],
)
def test_mistakes_are_named(root, call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


@pytest.mark.parametrize(
    "entries, sentence",
    [
        ([_entry(), _entry()], "the id small/value occurs twice"),
        ([{k: v for k, v in _entry().items() if k != "because"}], "small/value lacks the field 'because'"),
        ([_entry(colour="red")], "unknown field 'colour'"),
        ([{k: v for k, v in _entry().items() if k != "id"}], "an entry without id"),
        ([_entry(kind="guess")], f"has 'guess' as 'kind': choose one of {', '.join(KINDS)}"),
        ([_entry(accept={"ci": [1, 2], "book": [1, 2]})], "a band for each of ci, book, paper"),
        ([_entry(accept={"ci": [1, 2], "book": [2, 1], "paper": [1, 2]})], "empty band at book scale"),
        ([_entry(accept={"ci": [1, 2], "book": [math.nan, 1], "paper": [1, 2]})], "empty band at book"),
        ([_entry(accept={"ci": [1], "book": [0, 1], "paper": [1, 2]})], "small/value .*band .* ci"),
        ([_entry(accept={"ci": 1, "book": [0, 1], "paper": [1, 2]})], "small/value .*band .* ci"),
        ([_entry(accept={"ci": ["low", 1], "book": [0, 1], "paper": [1, 2]})], "small/value .*band .* ci"),
        ([_entry(id="other/value")], "other/value .*small/"),
        (["small/value"], "small.yml"),
        ({"small/value": 1}, "small.yml"),
        (None, "small.yml"),
    ],
)
def test_broken_entries_are_named_with_their_file(root, entries, sentence):
    _write(root, "small", entries)
    with pytest.raises(ValueError, match=sentence) as error:
        claims.load("small")
    assert "small.yml" in str(error.value)


def test_a_file_that_is_not_yaml_is_named(root):
    (root / "data" / "claims" / "small.yml").write_text("- id: [small\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"small\.yml"):
        claims.load("small")


def test_archive_keeps_runs_and_computes_verdicts_again(root):
    assert claims.load_archive("ci") == {}
    path = claims.archive(_full().payload(), "ci")
    assert path == root / "data" / "results" / "claims" / "ci.json"
    stored = json.loads(path.read_text())
    assert set(stored) == {"small"} and {"date", "versions", "seconds", "records"} <= set(stored["small"])
    assert {"bosonpeak", "numpy", "scipy", "numba"} == set(stored["small"]["versions"])
    assert "verdict" not in path.read_text()
    found = claims.load_archive("ci")["small"]
    assert [r["verdict"] for r in found["records"]] == [REPRODUCED, REPRODUCED, NOT_TESTABLE]
    # another chapter comes beside, the same one in its place
    one = Ledger("other", "ci")
    one.record("one", 2, n=5, seeds=[3])
    claims.archive(one.payload(), "ci")
    claims.archive(_full(value=2.5).payload(), "ci")
    again = claims.load_archive("ci")
    assert set(again) == {"small", "other"} and again["small"]["records"][0]["value"] == 2.5
    assert claims.load_archive("book") == {}
    # a band moved afterwards moves the verdict
    _write(root, "small", [_entry(accept={s: [7, 8] for s in SCALES}), CONTROLLED, OPEN])
    assert claims.load_archive("ci")["small"]["records"][0]["verdict"] == NOT_REPRODUCED
    assert not list(path.parent.glob("*.partial"))


def test_damaged_and_orphaned_archives_are_named(root):
    path = claims.archive(_full().payload(), "ci")
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"ci\.json, line \d+: not valid JSON"):
        claims.load_archive("ci")
    path.write_text(whole)
    _write(root, "small", [CONTROLLED, OPEN])
    with pytest.raises(ValueError, match=r"small/value is not in the ledger any more; archive small again"):
        claims.load_archive("ci")


def test_a_root_without_a_ledger_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="set BOSONPEAK_ROOT"):
        claims.chapters()


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"origin": "guess"}, f"has 'guess' as 'origin': choose one of {', '.join(ORIGINS)}"),
        ({"weight": "heavy"}, f"has 'heavy' as 'weight': choose one of {', '.join(WEIGHTS)}"),
        ({"origin": "beyond"}, "must state a weight if, and only if, its origin is 'paper'"),
        ({"registered": "yesterday"}, "needs in 'registered' the day on which its band was committed"),
        ({"registered": datetime.datetime(2026, 1, 1, 12)}, "needs in 'registered' the day"),
        ({"covers": []}, f"'covers' lists some of {', '.join(COVERS)}"),
        ({"covers": ["luck"]}, "must say what its interval covers"),
        ({"covers": "seeds"}, "'covers', where a list is expected"),
        ({"no_control": " "}, "has the empty text ' ' as 'no_control': fill it, or leave the field out"),
        ({"cannot_fail": ""}, "has the empty text '' as 'cannot_fail'"),
        ({"statement": " "}, "has the empty text ' ' as 'statement'"),
        ({"registered": datetime.date(2999, 1, 1)}, "needs in 'registered' the day"),
        ({"covers": [["seeds"]]}, "must say what its interval covers"),
        ({"accept": {"ci": [False, True], "book": [1, 2], "paper": [1, 2]}}, "at least one end must be a number"),
        ({"accept": {"ci": [None, None], "book": [1, 2], "paper": [1, 2]}}, "at least one end must be a number"),
        ({"requires": {"n": math.inf}}, "not a positive number"),
        ({"choices": {3: [1]}}, "list different alternatives"),
        ({"choices": {"box": [1, 1.0]}}, "list different alternatives"),
        ({"choices": {"box": [True]}}, "neither a number nor a text"),
        ({"requires": {"n": "many"}}, "requires n = 'many', which is not a positive number"),
        ({"requires": {"n": True}}, "requires n = True"),
        ({"requires": {"n": -3}}, "not a positive number"),
        ({"requires": {"cooling_rate": "1e13"}}, r"write 1\.0e\+13"),
        ({"requires": {"size": 4}}, "requires the unknown quantity 'size': use n or cooling_rate"),
        ({"choices": {"box": 4000}}, "gives the choice 'box' the options 4000: list different alternatives"),
        ({"choices": {"box": []}}, "list different alternatives"),
        ({"choices": {"box": [1, 1]}}, "list different alternatives"),
        ({"choices": {"box": [[1]]}}, "neither a number nor a text"),
        ({"superseded_by": "small/value"}, "is superseded by small/value, which is not another claim"),
        ({"superseded_by": "small/nothing"}, "is superseded by small/nothing, which is not another claim"),
    ],
)
def test_fields_of_a_claim_are_checked(root, changes, sentence):
    _write(root, "small", [_entry(**changes), CONTROLLED])
    with pytest.raises(ValueError, match=sentence) as error:
        claims.load("small")
    assert str(error.value).startswith("small.yml: small/value")


def test_a_claim_without_a_control_says_why(root):
    _write(root, "small", [{k: v for k, v in _entry().items() if k != "no_control"}])
    with pytest.raises(ValueError, match="has no control: add one, or say in 'no_control' why none exists"):
        claims.load("small")


@pytest.mark.parametrize("name", ['small/ü ß"><b>', "small", "small/a b", "Small/a"])
def test_ids_fit_into_an_address(root, name):
    _write(root, "small", [_entry(id=name)])
    with pytest.raises(ValueError, match="must be named chapter/place/name"):
        claims.load("small")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"n": -5}, "n is -5, and must be a whole number of at least 1"),
        ({"n": 3.9}, "n is 3.9"),
        ({"seeds": [0.7]}, "a seed is 0.7, and must be a whole number of at least 0"),
        ({"value": True}, "the value is True; give a number"),
    ],
)
def test_numbers_that_are_none_are_refused(root, arguments, sentence):
    given = {"value": 2.0, "n": 1, "seeds": [1]} | arguments
    with pytest.raises(ValueError, match=sentence):
        Ledger("small", "ci").record("value", given.pop("value"), **given)


def test_ends_may_be_open_and_controls_may_be_lists(root):
    run = Ledger("small", "ci")
    run.record("value", 2, (None, 2.5), n=1, seeds=[1])
    run.record("controlled", 2, n=1, seeds=[1], controls={"crystal": [9, [8, 10]], "shuffled": (9, None)})
    assert run.records["small/value"]["interval"] == [None, 2.5]
    assert run.records["small/controlled"]["controls"]["crystal"] == {"value": 9.0, "interval": [8.0, 10.0]}


def test_a_control_and_the_reason_for_none_exclude_each_other(root):
    _write(root, "small", [CONTROLLED | {"no_control": "none at hand"}])
    with pytest.raises(ValueError, match="has controls, and says in 'no_control' that none exists"):
        claims.load("small")
    # a check of our own method needs neither
    entry = {k: v for k, v in _entry(origin="method").items() if k not in ("weight", "no_control")}
    _write(root, "small", [entry])
    assert claims.load("small")[0].weight is None


def test_only_statements_of_a_paper_that_can_fail_and_stand_are_counted(root):
    beyond = {k: v for k, v in _entry(id="small/beyond", origin="beyond").items() if k != "weight"}
    old = _entry(id="small/old", superseded_by="small/value")
    _write(root, "small", [_entry(), beyond, _entry(id="small/idle", cannot_fail="it holds for anything"), old])
    assert {claim.id: claim.counts for claim in claims.load("small")} == {
        "small/value": True, "small/beyond": False, "small/idle": False, "small/old": False,
    }  # fmt: skip
    assert {claim.chapter for claim in claims.load_all().values()} == {"small", "other"}


CHOSEN = {"box": [4000, 16000], "kernel width": [0.4]}


def test_choices_are_recorded_with_their_intervals(root):
    _write(root, "small", [_entry(choices=CHOSEN)])
    run = Ledger("small", "ci")
    run.record(
        "value", 2, (1.9, 2.1), n=1, seeds=[1],
        choices={("box", 4000): (2.5, (2.4, 2.6)), ("box", 16000): 9, ("kernel width", 0.4): None},
    )  # fmt: skip
    assert run.records["small/value"]["choices"] == [
        {"choice": "box", "option": 4000, "value": 2.5, "interval": [2.4, 2.6]},
        {"choice": "box", "option": 16000, "value": 9.0, "interval": [9.0, 9.0]},
        {"choice": "kernel width", "option": 0.4, "value": None, "interval": None},
    ]
    assert run.judgement("value").reason.endswith("outside with box = 16,000")
    claims.archive(run.payload(), "ci")
    assert claims.load_archive("ci")["small"]["records"][0]["verdict"] == "depends on a choice"


def test_a_statistic_is_measured_with_every_choice_of_its_claim(root):
    claim = _entry(controls={"half": "half of it", "typed": "a number"}, choices={"box": [10, 20], "route": ["other"]})
    _write(root, "small", [claim, CONTROLLED, OPEN])
    data = {None: [2.0, 2.2], 10: [3.0, 3.2], "other": [4.0, 4.2]}

    def mean(x):
        return sum(x) / len(x), (min(x), max(x))

    run = Ledger("small", "book")
    controls = {"half": lambda x: mean(x)[0] / 2, "typed": 9.0}
    fixed = {"n": 5, "seeds": [1, 2], "choices": {("route", "other"): lambda x: 7 * mean(x)[0]}}
    run.measure("value", mean, lambda name=None, option=None: data.get(option), controls, **fixed)
    record = run.records["small/value"]
    assert record["value"] == pytest.approx(2.1) and record["interval"] == [2.0, 2.2]
    assert {c["option"]: c["value"] for c in record["choices"]} == {
        10: pytest.approx(3.1),
        20: None,
        "other": pytest.approx(14.7),
    }
    assert record["controls"]["half"]["value"] == pytest.approx(1.05) and record["controls"]["typed"]["value"] == 9.0
    # where nothing is at hand nothing is measured, and the note says why
    run = Ledger("small", "book")
    fixed = {"n": 5, "seeds": [], "note": "no such glass"}
    run.measure("value", mean, lambda name=None, option=None: None, controls, **fixed)
    record = run.records["small/value"]
    assert record["value"] is None and {c["value"] for c in record["choices"]} == {None} == {
        c["value"] for n, c in record["controls"].items() if n == "half"
    }


@pytest.mark.parametrize(
    "choices, sentence",
    [
        (None, r"names the choices .*'box', 4000.* recorded were \[\]: give each, None where not run"),
        ({("box", 4000): 1, ("box", 16000): 1}, "names the choices"),
        ({("box", 4000): 1, ("box", 16000): 1, ("kernel width", 0.8): 1}, "names the choices"),
        ({("box", 4000): math.nan, ("box", 16000): 1, ("kernel width", 0.4): 1}, "box = 4000: .* not a number"),
        (
            {("box", 4000): (1, (2, 3)), ("box", 16000): 1, ("kernel width", 0.4): 1},
            "box = 4000: .* outside its interv",
        ),
    ],
)
def test_choices_that_do_not_match_the_claim_are_named(root, choices, sentence):
    _write(root, "small", [_entry(choices=CHOSEN)])
    with pytest.raises(ValueError, match=sentence):
        Ledger("small", "ci").record("value", 2, n=1, seeds=[1], choices=choices)


def test_a_claim_that_requires_a_cooling_rate_wants_it_stated(root):
    _write(root, "small", [_entry(requires={"cooling_rate": 1e13})])
    run = Ledger("small", "ci")
    with pytest.raises(ValueError, match="small/value requires a cooling rate: state that of the glass"):
        run.record("value", 2, n=1, seeds=[1])
    with pytest.raises(ValueError, match="leave it out for an instant quench"):
        run.record("value", 2, n=1, seeds=[1], cooling_rate=math.inf)
    run.record("value", 2, n=1, seeds=[1], cooling_rate=1e14)
    assert run.verdict("value") == NOT_TESTABLE


def test_an_interval_over_samples_wants_their_seeds(root):
    run = Ledger("small", "ci")
    with pytest.raises(ValueError, match="has an interval that covers seeds: give their seeds"):
        run.record("value", 2, (1.9, 2.1), n=1, seeds=[])
    run.record("value", 2, n=1, seeds=[])


def test_at_ci_scale_a_value_of_the_archive_is_not_copied(root):
    _write(root, "small", [_entry(choices={"box": [4000]}), CONTROLLED, OPEN])
    for scale in ("ci", "book"):
        run = Ledger("small", scale)
        run.record(
            "value", 2, (1.9, 2.1), n=1, seeds=[1], choices={("box", 4000): 2}, tables=["vibrations/one", "events/two"]
        )
        record = run.records["small/value"]
        assert (record["source"], record["tables"]) == ("archived", ["vibrations/one", "events/two"])
        if scale == "ci":
            assert record["value"] is None and record["choices"][0]["value"] is None
            assert "the book reads vibrations/one and 1 more" in record["note"]
            assert run.verdict("value") == NOT_TESTABLE
        else:
            assert record["value"] == 2 and record["note"] == ""
    run.record("open", 3, n=1, seeds=[1])
    assert run.records["small/open"]["source"] == "live" and run.records["small/open"]["tables"] == []


def test_tables_and_rates_are_read_from_the_datasets():
    def one(name, rate, **attrs):
        found = xr.Dataset(attrs=attrs | {"recipe": json.dumps({"cooling_rate": rate})})
        found.encoding["source"] = f"/somewhere/data/results/scattering/{name}.nc"
        return found

    archived, other = one("b", 1e13), one("a", 1e14, source="archived")
    live, instant = one("c", 1e13, source="live"), xr.Dataset(attrs={"recipe": json.dumps({"cooling_rate": math.inf})})
    assert ledger.tables_of(archived, other, live, xr.Dataset()) == ["scattering/a", "scattering/b"]
    assert ledger.rate_of(archived, other, instant) == 1e14 and ledger.rate_of(instant) is None


def test_the_sample_of_some_datasets(tmp_path):
    def one(name, seed, kind, rate):
        recipe = json.dumps({"cooling_rate": rate})
        data = xr.Dataset(attrs={"name": name, "seed": seed, "n_atoms": 1000, "recipe": recipe})
        data.encoding["source"] = str(tmp_path / kind / f"{name}.nc")
        return data

    first, second = one("a", 1, "spectra", 1e13), one("b", 3, "spectra", 1e14)
    table = one("a", 1, "scattering", 1e13)
    # two results of one glass are one sample
    assert ledger.sample_of(first, second, table) == {
        "n": 1000, "seeds": [1, 3], "cooling_rate": 1e14, "tables": ["scattering/a", "spectra/a", "spectra/b"],
    }  # fmt: skip
    # one that was made live, of a glass whose recipe is not known
    live = xr.Dataset(attrs={"name": "c", "seed": 2, "n_atoms": 500, "source": "live"})
    assert ledger.sample_of(live, n=4000) == {"n": 4000, "seeds": [2], "cooling_rate": None, "tables": []}


def test_every_record_says_which_cell_measured_it(root, monkeypatch):
    import IPython

    run = Ledger("small", "ci")
    run.record("open", 3, n=1, seeds=[1])
    assert run.records["small/open"]["cell"] is None
    monkeypatch.setattr(IPython, "get_ipython", lambda: type("Shell", (), {"execution_count": 7})())
    run.record("value", 2, n=1, seeds=[1])
    assert run.records["small/value"]["cell"] == 7


def test_the_real_ledgers_are_complete():
    names = claims.chapters()
    assert "jiang-2026" in names
    for chapter in names:
        found = claims.load(chapter)
        assert all(claim.id.startswith(f"{chapter}/") for claim in found)
        for claim in found:
            for text in (claim.source, claim.statement, claim.quantity, claim.because, claim.unit):
                assert text.strip()
            assert claim.paper
            # ci may be more forgiving than book, never stricter
            (low, high), (ci_low, ci_high) = claim.accept["book"], claim.accept["ci"]
            assert ci_low <= low and high <= ci_high, claim.id
    assert len(claims.load("jiang-2026")) >= 12


@pytest.mark.parametrize("scale", SCALES)
def test_the_real_archives_load_and_render(scale):
    for chapter, run in claims.load_archive(scale, mark=True).items():
        assert run["scale"] == scale
        assert tables.table({"chapter": chapter, **run}).count("<tr id=") == len(run["records"])
    assert project_root().joinpath("data", "claims").is_dir()
