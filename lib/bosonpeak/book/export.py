"""The ledger for other programs: data/results/claims.json and claims.csv, their schema, and a badge.

The files are written again whenever a run is archived. `data/results/claims.schema.json` is the JSON Schema of the
first one; the columns of the second are `COLUMNS`.
"""

import csv
import io
import json
import math
from collections import Counter
from html import escape
from pathlib import Path

from bosonpeak.archive.files import write_text
from bosonpeak.book.claims import Claim, archived_records, load_all
from bosonpeak.book.scoreboard import current
from bosonpeak.book.verdicts import NOT_TESTABLE, REPRODUCED, VERDICTS
from bosonpeak.paths import project_root

VERSION = 1
"""Of the schema; raised when a field changes its name or its meaning."""
COLUMNS = (
    "id chapter source statement kind origin weight counts registered scale verdict reason value low high unit "
    "band_low band_high n seeds cooling_rate measured tables date"
).split()
"""Columns of the table: one row per claim and archived scale. An empty `low` or `high` is an open end."""
_FIELDS = (
    "id chapter source statement kind origin weight counts registered superseded_by cannot_fail disputed quantity unit "
    "paper because covers requires controls no_control"
).split()
_OF_RECORD = (
    "verdict reason value interval n seeds cooling_rate source tables controls choices note cell date seconds"
).split()


def claims_json(ids=None) -> dict:
    """The ledger with its archived records as plain data (`data/results/claims.schema.json`).

    Parameters
    ----------
    ids : iterable of str, optional
        Only these claims; by default all.

    Returns
    -------
    dict
        `version` of the schema, `verdicts`, and `claims`: for each claim its fields, `accept` and `records` by scale,
        and `current`: the largest scale at which it could be tested, with the verdict there.
    """
    records, found = archived_records(), []
    for claim in _chosen(ids):
        ran = records.get(claim.id, {})
        stands = current(ran)
        found.append(
            {name: _plain(getattr(claim, name)) for name in _FIELDS}
            | {
                "accept": {scale: [_end(low), _end(high)] for scale, (low, high) in claim.accept.items()},
                "choices": claim.choices,
                "records": {scale: {name: record[name] for name in _OF_RECORD} for scale, record in ran.items()},
                "current": None if stands is None else {"scale": stands[0], "verdict": stands[1]["verdict"]},
            }
        )
    return {"version": VERSION, "verdicts": list(VERDICTS), "claims": found}


def claims_csv(ids=None) -> str:
    """The same as a table in CSV, one row per claim and archived scale, with the columns `COLUMNS`."""
    records, text = archived_records(), io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for claim in _chosen(ids):
        for scale, record in records.get(claim.id, {}).items():
            low, high = record["interval"] or (None, None)
            band = [_end(end) for end in claim.accept[scale]]
            row = {name: _plain(getattr(claim, name)) for name in COLUMNS if hasattr(claim, name)}
            row |= {name: record[name] for name in ("verdict", "reason", "value", "n", "cooling_rate", "date")}
            row |= {"scale": scale, "low": low, "high": high, "band_low": band[0], "band_high": band[1]}
            row |= {"seeds": len(record["seeds"]), "measured": record["source"], "tables": " ".join(record["tables"])}
            writer.writerow(row)
    return text.getvalue()


def badge() -> str:
    """An SVG that says how many of the counted claims that could be tested are reproduced."""
    records, count = archived_records(), Counter()
    for claim in _chosen(None):
        stands = current(records.get(claim.id, {}))
        if claim.counts and stands:
            count[stands[1]["verdict"]] += 1
    tested = sum(count.values()) - count[NOT_TESTABLE]
    text = f"{count[REPRODUCED]} of {tested} tested claims reproduced"
    left, right = 88, 7 * len(text) + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="boson peak: {escape(text)}">'
        f'<rect width="{left}" height="20" fill="#444"/><rect x="{left}" width="{right}" height="20" fill="#00664a"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14">boson peak</text><text x="{left + right / 2}" y="14">{escape(text)}</text>'
        "</g></svg>\n"
    )


def contents() -> dict[Path, str]:
    """Text of each exported file by its path: `write` writes them, and a test compares them."""
    folder = project_root() / "data" / "results"
    return {
        folder / "claims.json": _lines(claims_json()),
        folder / "claims.csv": claims_csv(),
        folder / "claims-badge.svg": badge(),
    }


def _lines(ledger: dict) -> str:
    """JSON with one line per claim, so that a change of one claim changes one line."""
    claims = ",\n".join(json.dumps(claim, allow_nan=False, ensure_ascii=False) for claim in ledger["claims"])
    head = json.dumps({name: value for name, value in ledger.items() if name != "claims"})
    return f'{head[:-1]}, "claims": [\n{claims}\n]}}\n'


def write() -> list[Path]:
    """Write the exported files and return their paths. Raises OSError as `archive.files.write_whole`."""
    for path, text in contents().items():
        write_text(path, text)
    return list(contents())


def _chosen(ids) -> list[Claim]:
    every = load_all()
    return list(every.values()) if ids is None else [every[name] for name in ids]


def _end(x: float) -> float | None:
    return None if math.isinf(x) else x


def _plain(value):
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
