"""Tables, panel and scoreboard of a small ledger: well-formed, escaped, complete, with a text for each drawing."""

import re
from html.parser import HTMLParser

import pytest
import yaml
from made_claims import small_claim

from bosonpeak.book import claims, scoreboard, tables
from bosonpeak.book.claims import SCALES
from bosonpeak.book.ledger import Ledger
from bosonpeak.book.verdicts import VERDICTS

BASE = small_claim(
    source="Fig. 1 <left> & text",
    statement='it is "about" 2 < 3 & more',
    quantity="omega <b>here</b>",
    paper={"value": "< 2 & > 1"},
    because="'noise' > \"signal\"",
    no_control="nothing <else>",
)
CONTROLLED = {k: v for k, v in BASE.items() if k != "no_control"} | {
    "id": "small/controlled",
    "controls": {"crystal": "no <disorder>", "shuffled": "at random"},
    "weight": "thesis",
    "choices": {"box": [4000]},
}
LEDGER = [
    BASE | {"id": "small/value"},
    CONTROLLED,
    BASE | {"id": "small/open", "accept": {scale: [2, None] for scale in SCALES}, "weight": "method"},
    {k: v for k, v in BASE.items() if k != "weight"} | {"id": "small/beyond", "origin": "beyond"},
    BASE | {"id": "small/idle", "cannot_fail": "the mean <of all> lies inside"},
]


class Reader(HTMLParser):
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
        if tag not in ("br", "input", "option"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if tag != "option":
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.text.append(data)


def _cells(html) -> set[int]:
    """Numbers of cells of the rows of a table."""
    return {len(re.findall(r"<t[dh][ >]", row)) for row in html.split("<tr")[1:]}


def _run(scale, value=2.0, alternative=(2.0, (1.9, 2.1))) -> dict:
    run = Ledger("small", scale)
    for name in ("value", "beyond", "idle"):
        run.record(
            name, value, (value - 0.1, value + 0.1), n=100, seeds=[1, 2], tables=["events/one"] * (scale != "ci")
        )
    controls, choices = {"crystal": 9, "shuffled": (8, (7, 9))}, {("box", 4000): alternative}
    run.record("controlled", value, n=1000, seeds=range(9), controls=controls, choices=choices)
    run.record("open", None, n=100, seeds=[], note="too <small> & noisy")
    return run.payload()


@pytest.fixture
def root(tmp_path, monkeypatch):
    (tmp_path / "data" / "claims").mkdir(parents=True)
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    (tmp_path / "data" / "claims" / "small.yml").write_text(yaml.safe_dump(LEDGER), encoding="utf-8")
    other = [BASE | {"id": "other/one"}]
    (tmp_path / "data" / "claims" / "other.yml").write_text(yaml.safe_dump(other), encoding="utf-8")
    return tmp_path


@pytest.fixture
def archived(root):
    claims.archive(_run("ci"), "ci")
    claims.archive(_run("paper", 2.05), "paper")
    return root


def test_the_table_of_a_chapter_is_well_formed_and_says_why(root):
    html = tables.table(_run("ci"))
    reader = Reader(html)
    text = "".join(reader.text)
    assert _cells(html) == {4}
    assert not {"left", "disorder", "of"} & set(reader.tags)
    for written in (
        'it is "about" 2 < 3 & more', "Fig. 1 <left> & text", "omega <b>here</b>", "too <small> & noisy", "< 2 & > 1",
        "'noise' > \"signal\"", "no <disorder>", "no control: nothing <else>", "cannot fail: the mean <of all>",
        "a question beyond the paper", "95 %: 1.9 … 2.1", "≥ 2", "N = 100, 2 seeds", "measured in this run",
        "every control outside; inside the band with box = 4,000.", "This run did not measure the quantity",
    ):  # fmt: skip
        assert written in text, written
    assert ("id", "claim-small-value") in reader.attributes


def test_a_read_value_names_its_table(root):
    text = "".join(Reader(tables.table(_run("paper"))).text)
    assert "read from data/results/events/one.nc" in text


def test_an_undecided_claim_names_the_sample_that_would_decide(archived):
    # 1.95 to 2.15 crosses 2.1: the half-width 0.1 is twice the distance 0.05, and Student's t falls steeply from two on
    record = claims.archived_records()["small/value"]["paper"]
    assert tables.decides(claims.load_all()["small/value"], record, "paper") == (
        "About 3 seeds would decide it, instead of 2."
    )


@pytest.mark.parametrize(
    "pair, text",
    [
        ((1.1, 1.1), "1.1"),
        ((1.1, 1.104), "1.1 … 1.104"),
        ((1.1, 1.2), "1.1 … 1.2"),
        ((None, 2), "≤ 2"),
        ((-1, None), "≥ −1"),
        ((None, None), "unbounded"),
    ],
)
def test_ends_of_an_interval_differ_in_print(pair, text):
    assert tables.interval(pair) == text


def test_the_strip_shows_measurements_choices_and_controls_with_a_text(root):
    claim = claims.load_all()["small/controlled"]
    record = next(r for r in _run("ci")["records"] if r["id"] == claim.id)
    svg = tables.strip(claim, record, "ci")
    reader = Reader(svg)
    assert svg.count("<circle") == 4 and svg.count("<line") == 4
    said = dict(reader.attributes)["aria-label"]
    assert "registered: 2, inside; box = 4,000: 2, inside; control: crystal: 9, outside" in said
    assert "not run" in tables.strip(claim, record | {"choices": [record["choices"][0] | {"value": None}]}, "ci")
    assert tables.strip(claim, {"value": None, "interval": None, "choices": [], "controls": {}}, "ci") == ""


def _superseded(root):
    """The ledger with two claims that fairer ones replace."""
    old = [BASE | {"id": f"small/{name}", "superseded_by": "small/value"} for name in ("old", "older")]
    (root / "data" / "claims" / "small.yml").write_text(yaml.safe_dump([*LEDGER, *old]), encoding="utf-8")


def test_claims_that_fairer_ones_replace_are_listed_below_the_table(root):
    assert "<ul>" not in tables.table(_run("ci"))
    _superseded(root)
    html = tables.table(_run("ci"))
    reader = Reader(html)
    text = "".join(reader.text)
    assert "2 earlier claims that fairer ones replace; the scoreboard shows their last records" in text
    assert html.count("<li ") == 2 and "(old): replaced by value" in text and "(older): replaced by value" in text
    # the statement is escaped, and the link leads to the row of the other claim
    assert text.count('it is "about" 2 < 3 & more') == 7
    assert reader.attributes.count(("href", "#claim-small-value")) == 2
    # a claim that this run did record has a row of its own
    payload = _run("ci")
    payload["records"].append(payload["records"][0] | {"id": "small/old"})
    html = tables.table(payload)
    assert "1 earlier claims" in html and html.count("<li ") == 1
    assert "(older): replaced by" in "".join(Reader(html).text)


def _recorded() -> Ledger:
    run = Ledger("small", "ci")
    for record in _run("ci")["records"]:
        run.records[record["id"]] = record
    return run


def test_the_panel_of_a_chapter_links_to_the_rows_of_its_table(root):
    run = _recorded()
    html = scoreboard.chapter_panel(run)._repr_html_()
    reader = Reader(html)
    links = [value for name, value in reader.attributes if name == "href"]
    # neither the one beyond the paper nor the one that cannot fail; the thesis comes first, and the method last
    assert links == ["#claim-small-controlled", "#claim-small-value", "#claim-small-open"]
    table = Reader(tables.table(run.payload()))
    assert {link.removeprefix("#") for link in links} <= {value for name, value in table.attributes if name == "id"}
    titles = [value for name, value in reader.attributes if name == "title"]
    assert titles[0] == 'thesis: it is "about" 2 < 3 & more (Fig. 1 <left> & text): reproduced'
    assert titles[2].endswith("not testable here")
    classes = [value for name, value in reader.attributes if name == "class" and "bp-square" in value.split()]
    assert classes[0] == f"bp-square bp-thesis {tables.CLASSES['reproduced']}"
    # the legend counts each verdict
    text = "".join(reader.text)
    assert "reproduced 2not reproduced 0" in text.replace("\n", "") and "not testable here 1" in text


def test_the_panel_of_a_chapter_needs_all_claims_that_count(root):
    run = _recorded()
    _superseded(root)
    del run.records["small/beyond"]
    scoreboard.chapter_panel(run)
    del run.records["small/value"]
    with pytest.raises(KeyError, match="small/value"):
        scoreboard.chapter_panel(run)


def test_the_panel_has_a_square_for_each_claim_that_counts(archived):
    html = scoreboard.panel()._repr_html_()
    reader = Reader(html)
    links = [value for name, value in reader.attributes if name == "href"]
    squares = [link for link in links if "#" in link]
    # neither the one beyond the paper nor the one that cannot fail; the thesis comes first
    assert squares == ["scoreboard.html#claim-other-one"] + [
        f"scoreboard.html#claim-small-{name}" for name in ("controlled", "value", "open")
    ]
    text = "".join(reader.text)
    assert "thesis: it is" in text and ": reproduced" in text and "not testable here" in text
    classes = [value for name, value in reader.attributes if name == "class"]
    assert sum("bp-square" in value.split() for value in classes) == 4
    assert {c for value in classes for c in value.split() if c.startswith("bp-verdict")} <= set(tables.CLASSES.values())


def test_counts_leave_out_what_does_not_count(archived):
    html = scoreboard.glance()._repr_html_()
    assert _cells(html) == {10}
    row = re.findall(r"<td>(\d+)</td>", html.split('scope="row">small')[1])
    # the controlled one is reproduced, the value undecided, the open one not testable; then those left out
    assert row == ["1", "0", "0", "1", "1", "1", "0", "0", "1"]


def test_the_record_that_stands_is_the_largest_that_could_be_tested(archived):
    records = claims.archived_records()
    assert scoreboard.current(records["small/value"])[0] == "paper"
    assert scoreboard.current(records["small/open"])[0] == "paper"  # testable nowhere
    assert scoreboard.current({"ci": {"verdict": "reproduced"}, "paper": {"verdict": VERDICTS[-1]}})[0] == "ci"
    assert scoreboard.current({}) is None


def test_the_board_has_a_row_for_each_claim_that_opens(archived):
    html = scoreboard.board()._repr_html_()
    reader = Reader(html)
    text = "".join(reader.text)
    ids = [value for name, value in reader.attributes if name == "id"]
    assert ids == ["claim-other-one", *(f"claim-{claim['id'].replace('/', '-')}" for claim in LEDGER)]
    assert _cells(html) == {4, 1}
    for shown in (
        "not run yet", "bosonpeak check small/value", "registered 2026-01-02", "the interval covers",
        "no <disorder>", "omega <b>here</b>", "cannot fail: the mean", "(1, 2)", "(0, 1, 2 … 8)", "at paper scale",
    ):  # fmt: skip
        assert shown in text, shown
    # every scale is there, and the style sheet shows one
    assert {v for n, v in reader.attributes if n == "data-scale"} == {"current", "ci", "paper"}
    rows = {v for n, v in reader.attributes if n == "data-verdict-current"}
    assert rows == {"reproduced", "undecided", "not testable here"}
    # without its script the page shows no tools that do nothing
    assert '<form class="bp-tools" hidden' in html


def test_examples_show_one_claim_of_each_verdict(archived):
    html = scoreboard.examples()._repr_html_()
    text = "".join(Reader(html).text)
    assert html.count("<dt>") == len(VERDICTS) == html.count("<dd>")
    assert "no claim of the ledger has this verdict" in text and "The interval crosses the upper edge" in text


def test_without_any_run_the_pages_say_so(root):
    assert "not run yet" in scoreboard.panel()._repr_html_()
    assert Reader(scoreboard.board()._repr_html_()).tags.count("tbody") == 6
    Reader(scoreboard.glance()._repr_html_())


def test_notebook_output_carries_the_records(root):
    run = Ledger("other", "ci")
    run.record("one", 2, n=1, seeds=[1])
    bundle = tables.ClaimsTable(run)._repr_mimebundle_()
    assert bundle[tables.MIME]["records"] == run.payload()["records"]
    assert bundle["text/html"].startswith('<div class="bp-claims"')
    assert bundle["text/plain"] == "1 claims of other"


def test_the_real_ledger_renders():
    for html in (
        scoreboard.panel().html,
        scoreboard.glance().html,
        scoreboard.board().html,
        scoreboard.examples().html,
    ):
        Reader(html)
    for scale in SCALES:
        for chapter, run in claims.load_archive(scale, mark=True).items():
            assert _cells(tables.table({"chapter": chapter, **run})) == {4}
    assert scoreboard.board().html.count("<tbody id=") == len(claims.load_all())
