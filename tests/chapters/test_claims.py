"""A fresh ci run says what the archived one says, and the export what the archive says: no verdict changes unseen.

Whatever is wrong with an archived claim, exactly one of these tests fails, that of its chapter, and its message names
the claim.
"""

import json

import pytest

from bosonpeak.book import agreement, claims, export, runs
from bosonpeak.book.verdicts import NOT_TESTABLE, REPRODUCED, VERDICTS, place
from bosonpeak.paths import project_root

LEDGERS = [chapter for chapter in runs.chapters() if chapter in claims.chapters()]


@pytest.fixture(scope="module")
def archived() -> dict:
    """The archived records, read once."""
    return claims.archived_records()


def test_every_ledger_that_was_run_has_its_chapter(archived):
    # bands are fixed before the first run
    waiting = set(claims.chapters()) - set(LEDGERS)
    assert not waiting & {claim.chapter for name, claim in claims.load_all().items() if name in archived}
    assert len(LEDGERS) >= 6


def faults(chapter: str) -> dict[str, str]:
    """What is wrong with the archived records of a chapter and with their export, by the name of the claim."""
    records, said = claims.archived_records(), {}
    exported = json.loads((project_root() / "data" / "results" / "claims.json").read_text(encoding="utf-8"))
    before = {claim["id"]: claim["records"] for claim in exported["claims"]}
    now = {claim["id"]: claim["records"] for claim in export.claims_json()["claims"]}
    for claim in claims.load(chapter):
        ran = records.get(claim.id, {})
        altered = [record["reason"] for record in ran.values() if "was altered" in record["reason"]]
        if set(ran) != set(claims.SCALES):
            said[claim.id] = (
                f"{claim.id} is archived at {', '.join(ran) or 'no'} scale only: run the others with --archive"
            )
        elif altered:
            said[claim.id] = altered[0]
        elif any(set(record["controls"]) != set(claim.controls) for record in ran.values()):
            said[claim.id] = f"{claim.id} was archived with other controls than those of its claim: archive it again"
        elif before.get(claim.id) != now[claim.id]:
            said[claim.id] = f"{claim.id} is not in claims.json as it is in the archive: archive {chapter} again"
    return said


@pytest.mark.parametrize("chapter", LEDGERS)
def test_the_archive_is_whole_and_the_export_says_what_it_says(chapter):
    assert not list(faults(chapter).values())


@pytest.mark.slow
@pytest.mark.parametrize("chapter", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in LEDGERS])
def test_a_fresh_run_says_what_the_archived_one_says(chapter, ci_run):
    fresh, records, named = runs.claims_of(ci_run(chapter).path)["records"], claims.archived_records(), faults(chapter)
    known = {claim.id: claim for claim in claims.load(chapter)}
    stand = [name for name, claim in known.items() if claim.superseded_by is None]
    assert [record["id"] for record in fresh if known[record["id"]].superseded_by is None] == stand
    said = [
        sentence
        for record in fresh
        # the test above names these
        if record["id"] not in named
        for sentence in agreement.differences(known[record["id"]], record, records[record["id"]]["ci"], "ci")
    ]
    assert not said


@pytest.mark.slow
@pytest.mark.parametrize("chapter", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in LEDGERS])
def test_what_the_ci_run_reads_is_what_the_book_reads(chapter, ci_run, archived):
    # it is not counted, and yet a change of what is computed from the archived tables must not pass unseen
    compared, named = 0, faults(chapter)
    for record in runs.claims_of(ci_run(chapter).path)["records"]:
        book = archived[record["id"]]["book"]
        if (
            record["read"] is None
            or record["id"] in named
            or (record["n"], record["tables"]) != (book["n"], book["tables"])
        ):
            continue
        assert record["read"] == pytest.approx(book["value"], rel=agreement.SLACK, abs=1e-9), record["id"]
        compared += 1
    assert compared >= {"li-2025": 3, "tao-2023": 25}.get(chapter, 0)


def test_the_export_holds_exactly_the_claims_of_the_ledger():
    exported = json.loads((project_root() / "data" / "results" / "claims.json").read_text(encoding="utf-8"))
    assert [claim["id"] for claim in exported["claims"]] == list(claims.load_all())
    header, *rows = (project_root() / "data" / "results" / "claims.csv").read_text(encoding="utf-8").splitlines()
    assert header.split(",") == export.COLUMNS
    assert len(rows) == sum(len(ran) for ran in claims.archived_records().values())


@pytest.mark.parametrize("chapter", LEDGERS)
def test_no_claim_is_reproduced_whose_control_passes(chapter, archived):
    for claim in claims.load(chapter):
        for scale, record in archived[claim.id].items():
            passing = [
                name
                for name, control in record["controls"].items()
                if control["value"] is None or place(control["interval"], claim.accept[scale]) != "outside"
            ]
            assert not passing or record["verdict"] != REPRODUCED, claim.id


def test_at_ci_scale_nothing_is_read_from_the_archive(archived):
    copied = [
        name for name, ran in archived.items() if ran["ci"]["source"] == "archived" and ran["ci"]["value"] is not None
    ]
    assert not copied


def test_the_ledger_has_an_example_of_each_verdict(archived):
    found = {record["verdict"] for ran in archived.values() for record in ran.values()}
    assert found == set(VERDICTS)


def test_a_claim_below_its_requirement_is_never_decided(archived):
    for name, claim in claims.load_all().items():
        for record in archived[name].values():
            if record["n"] < claim.requires.get("n", 0):
                assert record["verdict"] == NOT_TESTABLE, name


@pytest.mark.parametrize(
    "chapter, scale, n",
    [("mizuno-2020", "book", 16000), ("mizuno-2020", "paper", 64000), ("spring-network", "paper", 9_990_000)],
)
def test_archived_runs_reach_the_sizes_that_the_pages_state(chapter, scale, n, archived):
    ran = [ran[scale] for name, ran in archived.items() if name.startswith(f"{chapter}/")]
    # a record on boxes of several sizes states the median; its tables are named by theirs
    tables = {name for record in ran for name in record["tables"]}
    assert max(record["n"] for record in ran) >= n or any(f"-n{n}-" in name for name in tables)
