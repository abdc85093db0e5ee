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


def test_every_ledger_that_was_run_has_its_chapter():
    # bands are fixed before the first run
    waiting = set(claims.chapters()) - set(LEDGERS)
    assert not waiting & {
        claim.chapter for name, claim in claims.load_all().items() if name in claims.archived_records()
    }
    assert len(LEDGERS) >= 6


def faults(chapter: str, fresh: dict) -> list[str]:
    """What is wrong with the archived claims of a chapter, one sentence each, with the name of the claim.

    Parameters
    ----------
    chapter : str
    fresh : dict
        The payload of a run at ci scale.
    """
    known, records = {claim.id: claim for claim in claims.load(chapter)}, claims.archived_records()
    said = []
    for name in known:
        ran = records.get(name, {})
        said += [f"{name} is not archived at {scale} scale" for scale in claims.SCALES if scale not in ran]
        said += [record["reason"] for record in ran.values() if "was altered" in record["reason"]]
        said += [
            f"{name} at {scale} scale has the controls {sorted(record['controls'])}, not those of its claim"
            for scale, record in ran.items()
            if set(record["controls"]) != set(known[name].controls)
        ]
    if [record["id"] for record in fresh["records"]] != list(known):
        said.append(f"{chapter} does not record its claims in their order")
    for record in fresh["records"]:
        if archived := records.get(record["id"], {}).get("ci"):
            said += agreement.differences(known[record["id"]], record, archived, "ci")
    exported = json.loads((project_root() / "data" / "results" / "claims.json").read_text(encoding="utf-8"))
    before = {claim["id"]: claim for claim in exported["claims"]}
    for claim in export.claims_json(known)["claims"]:
        for scale, record in claim["records"].items():
            old = before.get(claim["id"], {}).get("records", {}).get(scale)
            if old != record:
                said.append(f"{claim['id']} at {scale} scale is not in claims.json as it is in the archive")
    return list(dict.fromkeys(said))


@pytest.mark.slow
@pytest.mark.parametrize("chapter", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in LEDGERS])
def test_archived_claims_agree_with_a_fresh_run_and_with_the_export(chapter, ci_run):
    assert not faults(chapter, runs.claims_of(ci_run(chapter).path))


def test_the_export_holds_exactly_the_claims_of_the_ledger():
    exported = json.loads((project_root() / "data" / "results" / "claims.json").read_text(encoding="utf-8"))
    assert [claim["id"] for claim in exported["claims"]] == list(claims.load_all())
    header, *rows = (project_root() / "data" / "results" / "claims.csv").read_text(encoding="utf-8").splitlines()
    assert header.split(",") == export.COLUMNS
    assert len(rows) == sum(len(ran) for ran in claims.archived_records().values())


@pytest.mark.parametrize("chapter", LEDGERS)
def test_no_claim_is_reproduced_whose_control_passes(chapter):
    for claim in claims.load(chapter):
        for scale, record in claims.archived_records()[claim.id].items():
            passing = [
                name
                for name, control in record["controls"].items()
                if control["value"] is None or place((control["value"],) * 2, claim.accept[scale]) == "inside"
            ]
            assert not passing or record["verdict"] != REPRODUCED, claim.id


def test_at_ci_scale_nothing_is_read_from_the_archive():
    copied = [
        name
        for name, ran in claims.archived_records().items()
        if ran["ci"]["source"] == "archived" and ran["ci"]["value"] is not None
    ]
    assert not copied


def test_the_ledger_has_an_example_of_each_verdict():
    found = {record["verdict"] for ran in claims.archived_records().values() for record in ran.values()}
    assert found == set(VERDICTS)


def test_a_claim_below_its_requirement_is_never_decided():
    for name, claim in claims.load_all().items():
        for record in claims.archived_records()[name].values():
            if record["n"] < claim.requires.get("n", 0):
                assert record["verdict"] == NOT_TESTABLE, name


@pytest.mark.parametrize(
    "chapter, scale, n",
    [("mizuno-2020", "book", 16000), ("mizuno-2020", "paper", 64000), ("spring-network", "paper", 9_990_000)],
)
def test_archived_runs_reach_the_sizes_that_the_pages_state(chapter, scale, n):
    records = [ran[scale] for name, ran in claims.archived_records().items() if name.startswith(f"{chapter}/")]
    assert max(record["n"] for record in records) >= n
