"""The exported ledger follows its schema, holds what the archive holds, and is written whenever a run is archived."""

import csv
import io
import json

import jsonschema
import pytest
import yaml
from made_claims import small_claim

from bosonpeak.book import claims, export
from bosonpeak.book.cli import main
from bosonpeak.book.ledger import Ledger
from bosonpeak.book.verdicts import VERDICTS
from bosonpeak.paths import project_root


def _schema() -> dict:
    return json.loads((project_root() / "data" / "results" / "claims.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def small(tmp_path, monkeypatch):
    schema = _schema()
    (tmp_path / "data" / "claims").mkdir(parents=True)
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    entries = [
        small_claim(choices={"box": [4000, "large"]}),
        small_claim(id="small/open", accept={scale: [1, None] for scale in claims.SCALES}),
    ]
    (tmp_path / "data" / "claims" / "small.yml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    run = Ledger("small", "paper")
    run.record(
        "value", 2.3, (2.2, 2.4), n=9, seeds=[1, 2], choices={("box", 4000): (2, (1.95, 2.05)), ("box", "large"): None}
    )
    run.record("open", 2, (1.5, float("inf")), n=9, seeds=[1])
    claims.archive(run.payload(), "paper")
    return schema


def test_the_real_ledger_follows_the_schema():
    found = export.claims_json()
    jsonschema.Draft202012Validator.check_schema(_schema())
    jsonschema.validate(found, _schema(), cls=jsonschema.Draft202012Validator)
    json.dumps(found, allow_nan=False)
    assert [claim["id"] for claim in found["claims"]] == list(claims.load_all())


@pytest.mark.parametrize(
    "change",
    [
        lambda claim: claim.update(verdict="reproduced"),
        lambda claim: claim.pop("covers"),
        lambda claim: claim["records"]["paper"].update(verdict="partly"),
        lambda claim: claim["records"]["paper"].update(interval=[1]),
        lambda claim: claim["accept"].pop("ci"),
        lambda claim: claim.update(registered=20260101),
    ],
)
def test_what_does_not_follow_the_schema_is_noticed(small, change):
    found = export.claims_json()
    jsonschema.validate(found, small, cls=jsonschema.Draft202012Validator)
    change(found["claims"][0])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, small, cls=jsonschema.Draft202012Validator)


def test_export_holds_fields_records_and_the_verdict_that_stands(small):
    first, second = export.claims_json()["claims"]
    assert first["counts"] and first["registered"] == "2026-01-02" and first["accept"]["ci"] == [1, 3]
    assert first["current"] == {"scale": "paper", "verdict": "depends on a choice"}
    record = first["records"]["paper"]
    assert record["value"] == 2.3 and record["choices"][1]["value"] is None and record["source"] == "live"
    assert second["accept"]["paper"] == [1, None] and second["records"]["paper"]["interval"] == [1.5, None]


def test_the_table_has_one_row_per_claim_and_scale(small):
    rows = list(csv.DictReader(io.StringIO(export.claims_csv())))
    assert list(rows[0]) == export.COLUMNS and [row["id"] for row in rows] == ["small/value", "small/open"]
    assert (rows[0]["low"], rows[0]["high"], rows[0]["seeds"], rows[0]["scale"]) == ("2.2", "2.4", "2", "paper")
    assert (rows[1]["high"], rows[1]["band_high"]) == ("", "")


def test_the_badge_counts_what_was_tested(small):
    assert "1 of 2 tested claims reproduced" in export.badge()


def test_archiving_writes_the_export(small):
    paths = export.write()
    assert [path.name for path in paths] == ["claims.json", "claims.csv", "claims-badge.svg"]
    for path, text in export.contents().items():
        assert path.read_text(encoding="utf-8") == text


def test_the_command_filters_and_formats(small, capsys):
    assert main(["claims", "--format", "json", "--verdict", "depends on a choice"]) == 0
    assert [claim["id"] for claim in json.loads(capsys.readouterr().out)["claims"]] == ["small/value"]
    assert main(["claims", "--format", "csv", "--chapter", "small", "--origin", "paper"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["claims", "small", "--verdict", "reproduced"]) == 0
    assert capsys.readouterr().out == "small/open  paper: reproduced\n"
    assert main(["claims", "--verdict", "partly"]) == 2
    assert f"unknown verdict 'partly': there is {', '.join(VERDICTS)}" in capsys.readouterr().err
    assert main(["claims", "small", "--chapter", "other"]) == 2
    assert "two chapters are given, small and other" in capsys.readouterr().err
