"""Verdicts by table, and a ledger of its own in a folder of its own; then the real ledger."""

import json
import math
from html.parser import HTMLParser

import pytest
import yaml

from bosonpeak.book import claims, tables
from bosonpeak.book.claims import KINDS, SCALES, VERDICTS, Claim, Ledger, verdict
from bosonpeak.paths import project_root

REPRODUCED, PARTLY, NOT, UNTESTABLE = VERDICTS


def _entry(**changes) -> dict:
    entry = {
        "id": "small/value",
        "source": "Fig. 1 <left> & text",
        "statement": 'it is "about" 2 < 3 & more',
        "kind": "value",
        "quantity": "omega <b>here</b>",
        "unit": "rad/ps",
        "paper": {"value": "< 2 & > 1"},
        "accept": {"ci": [1, 3], "book": [1.5, 2.5], "paper": [1.9, 2.1]},
        "because": "'noise' > \"signal\"",
        "controls": {},
    }
    return {**entry, **changes}


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


def _full(scale="ci", value=2.0) -> Ledger:
    ledger = Ledger("small", scale)
    ledger.record("value", value, (value - 0.1, value + 0.1), n=100, seeds=[1, 2])
    ledger.record("small/controlled", value, n=100, seeds=[1], controls={"crystal": 9, "shuffled": (8, (7, 9))})
    ledger.record("open", None, n=100, seeds=[], note="too <small> & noisy")
    return ledger


CASES = [
    # band, value, interval, controls, verdict
    ((1, 3), 2, (1.5, 2.5), {}, REPRODUCED),
    ((1, 3), 2, (1, 3), {}, REPRODUCED),
    ((1, 3), 1, (1, 1), {}, REPRODUCED),
    ((1, 1), 1, (1, 1), {}, REPRODUCED),
    ((1, 1), 2, (2, 2), {}, NOT),
    ((1, 1), 1, (0.9, 1), {}, UNTESTABLE),
    ((1, 3), 4, (3.5, 4.5), {}, NOT),
    ((1, 3), 0, (-0.5, 0.9), {}, NOT),
    ((1, 3), 3, (2.5, 3.5), {}, PARTLY),
    ((1, 3), 1, (0.5, 1.5), {}, PARTLY),
    # even one whose value misses the band: its interval touches it
    ((1, 3), 3.2, (2.9, 3.5), {}, PARTLY),
    ((1, 3), 3.2, (3, 3.5), {}, PARTLY),
    ((1, 3), 2, (0.5, 2.6), {}, UNTESTABLE),
    # too wide an interval tells nothing, wherever it lies
    ((1, 3), 9, (7, 11), {}, NOT),  # wide, but nowhere near the band
    ((1, 3), 2, (None, None), {}, UNTESTABLE),
    ((1, 3), 2, (None, 2.5), {}, UNTESTABLE),
    ((1, 3), None, None, {}, UNTESTABLE),
    ((1, 3), None, None, {"a": 2}, UNTESTABLE),
    # open sides hold any width
    ((1, math.inf), 50, (2, 98), {}, REPRODUCED),
    ((1, math.inf), 2, (0.5, 98), {}, PARTLY),
    ((1, math.inf), 0, (-9, 0.9), {}, NOT),
    ((-math.inf, 3), -50, (-98, 2), {}, REPRODUCED),
    ((-math.inf, 3), 4, (3.5, 9), {}, NOT),
    # controls must fail
    ((1, 3), 2, (1.5, 2.5), {"a": 4}, REPRODUCED),
    ((1, 3), 2, (1.5, 2.5), {"a": 0, "b": 9}, REPRODUCED),
    ((1, 3), 2, (1.5, 2.5), {"a": 2}, PARTLY),
    ((1, 3), 2, (1.5, 2.5), {"a": 4, "b": 3}, PARTLY),
    ((1, 3), 2, (1.5, 2.5), {"a": None}, PARTLY),
    # a failing claim stays one whatever its controls
    ((1, 3), 4, (3.5, 4.5), {"a": 2}, NOT),
    ((1, 3), 3, (2.5, 3.5), {"a": 2}, PARTLY),
]


@pytest.mark.parametrize("band, value, interval, controls, expected", CASES)
def test_verdict_follows_from_interval_band_and_controls(band, value, interval, controls, expected):
    claim = Claim(
        **_entry(accept={"ci": band, "book": (50, 60), "paper": (50, 60)}, controls=dict.fromkeys(controls, ""))
    )
    record = {
        "value": value,
        "interval": interval,
        "controls": {name: {"value": v, "interval": None} for name, v in controls.items()},
    }
    assert verdict(claim, record, "ci") == expected


def test_every_verdict_stands_in_the_table_above():
    assert {case[-1] for case in CASES} == set(VERDICTS)


def test_the_band_of_the_scale_counts(root):
    verdicts = {}
    for scale in SCALES:
        ledger = Ledger("small", scale)
        ledger.record("value", 2.3, (2.28, 2.32), n=1, seeds=[1])
        verdicts[scale] = ledger.verdict("small/value")
    assert verdicts == {"ci": REPRODUCED, "book": REPRODUCED, "paper": NOT}


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
    assert ledger.verdict("controlled") == PARTLY
    ledger.record("value", 2, n=1, seeds=[1])
    ledger.record("open", 3, n=1, seeds=[1])
    assert "shuffled: not measured" in "".join(_Reader(tables.table(ledger.payload())).text)


def test_one_sample_has_an_open_interval_and_tells_nothing(root):
    ledger = Ledger("small", "ci")
    ledger.record("value", 2, (-math.inf, math.inf), n=1, seeds=[1])
    assert ledger.verdict("value") == UNTESTABLE
    ledger.record("controlled", 2, n=1, seeds=[1], controls={"crystal": (9, (-math.inf, 10)), "shuffled": 9})
    ledger.record("open", 3, (2.5, math.inf), n=1, seeds=[1])
    # notebooks and archives carry it as JSON, which knows no infinity
    payload = json.loads(json.dumps(ledger.payload(), allow_nan=False))
    claims.archive(payload, "ci")
    verdicts = [r["verdict"] for r in claims.load_archive("ci")["small"]["records"]]
    assert verdicts == [UNTESTABLE, REPRODUCED, REPRODUCED]
    assert "95 %: unbounded" in tables.table(payload) and "95 %: ≥ 2.5" in tables.table(payload)


def test_records_come_in_the_order_of_the_ledger(root):
    ledger = Ledger("small", "ci")
    ledger.record("open", 3, n=1, seeds=[1])
    ledger.record("controlled", 2, n=1, seeds=[1], controls={"crystal": 9, "shuffled": 9})
    ledger.record("value", 2, n=1, seeds=[1])
    assert [r["id"] for r in ledger.payload()["records"]] == ["small/value", "small/controlled", "small/open"]


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
        ([_entry(kind="guess")], f"unknown kind 'guess'; one of {', '.join(KINDS)}"),
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
    assert [r["verdict"] for r in found["records"]] == [REPRODUCED, REPRODUCED, UNTESTABLE]
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
    assert claims.load_archive("ci")["small"]["records"][0]["verdict"] == NOT
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


class _Reader(HTMLParser):
    """Text of well-formed HTML; fails where tags do not close in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text, self.attributes, self.tags = [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.text.append(data)


def _rows(html) -> list[int]:
    """Cells of each row."""
    return [row.count("<td") + row.count("<th>") for row in html.split("<tr")[1:]]


def test_tables_are_well_formed_and_escape_what_people_wrote(root):
    for scale in SCALES[:2]:
        claims.archive(_full(scale).payload(), scale)
    for html in (tables.table(_full().payload()), tables.scoreboard()._repr_html_(), tables.glance()._repr_html_()):
        reader = _Reader(html)
        assert "b" not in reader.tags or "<b>here" not in html
        assert not {"left", "small>", "disorder"} & set(reader.tags)
        assert len(set(_rows(html))) == 1, "rows of different length"
    reader = _Reader(tables.table(_full().payload()))
    text = "".join(reader.text)
    for written in (
        'it is "about" 2 < 3 & more',
        "Fig. 1 <left> & text",
        "omega <b>here</b>",
        "too <small> & noisy",
        "< 2 & > 1",
    ):
        assert written in text
    for written in ("'noise' > \"signal\"", "no <disorder>"):
        assert written in text
    assert ("id", "claim-value") in reader.attributes
    for shown in (REPRODUCED, UNTESTABLE, "not measured", "95 %: 1.9 … 2.1", "≥ 2", "N = 100, 2 seeds"):
        assert shown in text


def test_scoreboard_shows_every_claim_at_every_scale(root):
    claims.archive(_full("ci").payload(), "ci")
    claims.archive(_full("paper", 2.05).payload(), "paper")
    reader = _Reader(tables.scoreboard()._repr_html_())
    text = "".join(reader.text)
    for name in ("small/value", "small/controlled", "small/open", "other/one"):
        assert name in text
    assert ("href", "small.html#claim-value") in reader.attributes
    assert text.count("N = 100") == 6
    classes = [value for name, value in reader.attributes if name == "class"]
    assert classes.count("bp-verdict-partly") == 1  # 1.95 to 2.15 crosses 2.1 at paper scale
    assert {c for c in classes if c.startswith("bp-verdict")} <= set(tables._CLASSES.values())
    glance = "".join(_Reader(tables.glance()._repr_html_()).text)
    assert glance.count("small") == 2


def test_tables_without_any_run_say_so(root):
    assert "no archived run" in tables.glance()._repr_html_()
    # without a run there may be no page yet
    assert "href" not in tables.scoreboard()._repr_html_() and "not run yet" in tables.scoreboard()._repr_html_()
    assert _Reader(tables.scoreboard()._repr_html_()).tags.count("tr") == 5


def test_notebook_output_carries_the_records(root):
    bundle = tables.ClaimsTable(_full())._repr_mimebundle_()
    assert bundle[tables.MIME]["records"] == _full().payload()["records"]
    assert bundle["text/html"].startswith('<div class="bp-claims">')
    assert bundle["text/plain"] == "3 claims of small"


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
    for chapter, run in claims.load_archive(scale).items():
        assert run["scale"] == scale
        _Reader(tables.table({"chapter": chapter, **run}))
    assert project_root().joinpath("data", "claims").is_dir()
