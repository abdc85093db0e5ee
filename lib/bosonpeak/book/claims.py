"""The ledger: what the papers state, what a run measured, and the verdict that follows (floor 7).

A claim and its acceptance bands stand in data/claims/<chapter>.yml before anything is run. A chapter records
a value with its 95 % interval; archived runs stand in data/results/claims/<scale>.json. Verdicts are computed
when they are shown and are stored nowhere.
"""

import difflib
import importlib.metadata
import json
import math
import os
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bosonpeak.paths import project_root

KINDS = ("identity", "value", "exponent", "correlation", "ordering", "shape")
SCALES = ("ci", "book", "paper")
VERDICTS = ("reproduced", "partly", "not reproduced", "not testable at this N")


@dataclass(frozen=True)
class Claim:
    """One statement of a paper. accept maps a scale to (lowest, highest), infinite where a side is open;
    controls maps a control's name to what it is."""

    id: str
    source: str
    statement: str
    kind: str
    quantity: str
    unit: str
    paper: dict
    accept: dict
    because: str
    controls: dict


def chapters() -> list[str]:
    """Chapters that have a ledger."""
    return sorted(path.stem for path in (project_root() / "data" / "claims").glob("*.yml"))


def load(chapter: str) -> list[Claim]:
    """The claims of a chapter, in the order of its file.

    Raises ValueError for an unknown chapter and for an entry that is not complete, naming file and entry.
    """
    path = project_root() / "data" / "claims" / f"{chapter}.yml"
    if not path.is_file():
        raise ValueError(f"no ledger for chapter {chapter!r}; there is one for {', '.join(chapters())}")
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path.name} is no YAML: {error}") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{path.name} must be a list of claims")
    found = [_claim(entry, path.name) for entry in entries]
    for claim in found:
        if not claim.id.startswith(f"{chapter}/"):
            raise ValueError(f"{path.name}: the id {claim.id} must begin with {chapter}/")
    twice = [name for name, count in Counter(claim.id for claim in found).items() if count > 1]
    if twice:
        raise ValueError(f"{path.name}: the id {twice[0]} stands there twice")
    return found


def _claim(entry: dict, file: str) -> Claim:
    name = entry.get("id", "an entry without id")
    wanted = set(Claim.__dataclass_fields__)
    if set(entry) != wanted:
        raise ValueError(f"{file}: {name} has fields {sorted(set(entry) ^ wanted)} missing or unknown")
    if entry["kind"] not in KINDS:
        raise ValueError(f"{file}: {name} is of unknown kind {entry['kind']!r}; one of {', '.join(KINDS)}")
    if set(entry["accept"]) != set(SCALES):
        raise ValueError(f"{file}: {name} needs a band for each of {', '.join(SCALES)}")
    bands = {}
    for scale, pair in entry["accept"].items():
        try:
            bands[scale] = open_ends(pair)
        except (TypeError, ValueError):
            raise ValueError(f"{file}: {name} has the band {pair!r} at {scale} scale, not [lowest, highest]") from None
        if not bands[scale][0] <= bands[scale][1]:
            raise ValueError(f"{file}: {name} has an empty band at {scale} scale")
    return Claim(**{**entry, "accept": bands, "controls": entry["controls"] or {}})


def open_ends(pair) -> tuple[float, float]:
    """(low, high) with None, as YAML and JSON write an open side, made infinite."""
    low, high = pair
    return (-math.inf if low is None else float(low), math.inf if high is None else float(high))


def verdict(claim: Claim, record: dict, scale: str) -> str:
    """The verdict on a record {"value", "interval", "controls"} by the claim's band at this scale.

    "not reproduced": the interval lies outside the band, however wide it is. "not testable at this N": it is
    wider than the band and reaches into it, or the run could not measure the quantity (value None).
    "reproduced": interval inside the band, and every control's value outside it. "partly": the interval crosses
    an edge of the band, or a control that should fail passes as well.
    """
    low, high = claim.accept[scale]
    if record["value"] is None:
        return "not testable at this N"
    lower, upper = open_ends(record["interval"])
    if upper < low or lower > high:
        return "not reproduced"
    if upper - lower > high - low:
        return "not testable at this N"
    if lower < low or upper > high:
        return "partly"
    # a control that could not be measured has not failed
    values = [control["value"] for control in record["controls"].values()]
    passing = [value for value in values if value is None or low <= value <= high]
    return "partly" if passing else "reproduced"


class Ledger:
    """What one run of a chapter measured: `record` each claim, then show `tables.ClaimsTable(ledger)`."""

    def __init__(self, chapter: str, scale: str):
        if scale not in SCALES:
            raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
        self.chapter, self.scale = chapter, scale
        self.claims = {claim.id: claim for claim in load(chapter)}
        self.records: dict[str, dict] = {}
        self.progress = False
        self._started = time.perf_counter()

    def record(self, claim_id: str, value, interval=None, *, n, seeds, controls=None, note="") -> None:
        """Record a claim's measured value.

        value: number in the claim's unit, or None where this size cannot tell (say why in note); interval: 95 %
        (low, high), by default the value itself for exact counts; n: nodes or atoms; seeds: list of seeds;
        controls: {name: value} for each control that the claim names; a control may be (value, interval).

        Raises ValueError for an unknown id (with the nearest known one), a claim recorded before with another
        value, controls that do not match the claim's, NaN, or an interval that does not hold the value.
        """
        claim_id = claim_id if claim_id.startswith(f"{self.chapter}/") else f"{self.chapter}/{claim_id}"
        if claim_id not in self.claims:
            near = difflib.get_close_matches(claim_id, self.claims, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"unknown claim {claim_id!r} in chapter {self.chapter}{hint}")
        claim = self.claims[claim_id]
        controls = controls or {}
        if set(controls) != set(claim.controls):
            raise ValueError(
                f"{claim_id} names the controls {sorted(claim.controls)}, recorded were {sorted(controls)}"
            )
        entry = {
            "id": claim_id,
            **_measured(claim_id, value, interval),
            "n": int(n),
            "seeds": [int(seed) for seed in seeds],
            "controls": {name: _measured(f"{claim_id}, control {name}", *_pair(c)) for name, c in controls.items()},
            "note": note,
        }
        before = self.records.get(claim_id)
        if before is not None and before["value"] != entry["value"]:
            raise ValueError(f"{claim_id} was recorded as {before['value']} before, now as {entry['value']}")
        self.records[claim_id] = entry

    def verdict(self, claim_id: str) -> str:
        """Verdict on a claim that was recorded. Raises KeyError for one that was not."""
        claim_id = claim_id if claim_id.startswith(f"{self.chapter}/") else f"{self.chapter}/{claim_id}"
        return verdict(self.claims[claim_id], self.records[claim_id], self.scale)

    def payload(self) -> dict:
        """The records as plain data for the archive, in the ledger's order. Raises ValueError where a claim
        was not recorded."""
        missing = [name for name in self.claims if name not in self.records]
        if missing:
            raise ValueError(f"{len(missing)} claim(s) of {self.chapter} were not recorded: {', '.join(missing)}")
        return {
            "chapter": self.chapter,
            "scale": self.scale,
            "seconds": round(time.perf_counter() - self._started, 1),
            "records": [self.records[name] for name in self.claims],
        }


def _pair(control):
    return control if isinstance(control, tuple) else (control, None)


def _measured(name, value, interval) -> dict:
    if value is None:
        return {"value": None, "interval": None}
    value = float(value)
    low, high = (value, value) if interval is None else (float(interval[0]), float(interval[1]))
    if not math.isfinite(value) or math.isnan(low) or math.isnan(high):
        raise ValueError(f"{name}: the value or its interval is not a number")
    if not low <= value <= high:
        raise ValueError(f"{name}: the value {value:g} lies outside its interval [{low:g}, {high:g}]")
    # JSON knows no infinity: one sample has an interval open on both sides
    return {"value": value, "interval": [None if math.isinf(end) else end for end in (low, high)]}


def archive(payload: dict, scale: str) -> Path:
    """Put a run's records into data/results/claims/<scale>.json in place of the chapter's earlier ones.

    Versions and date are written beside them. Raises ValueError where the payload is of another scale.
    """
    if payload["scale"] != scale:
        raise ValueError(f"this run was made at {payload['scale']} scale, not at {scale}")
    path = project_root() / "data" / "results" / "claims" / f"{scale}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    versions = {name: importlib.metadata.version(name) for name in ("bosonpeak", "numpy", "scipy", "numba")}
    kept = {key: value for key, value in payload.items() if key != "chapter"}
    content[payload["chapter"]] = {"date": datetime.now(UTC).date().isoformat(), "versions": versions, **kept}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(partial, path)
    return path


def load_archive(scale: str) -> dict:
    """{chapter: run} of the archived runs at a scale, each record with its "verdict" computed now; {} without any.

    Raises ValueError for an unknown scale, a file that is not JSON, or a record whose claim is gone.
    """
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    path = project_root() / "data" / "results" / "claims" / f"{scale}.json"
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name} is damaged ({error}): archive the runs again") from None
    for chapter, run in content.items():
        known = {claim.id: claim for claim in load(chapter)}
        for record in run["records"]:
            if record["id"] not in known:
                raise ValueError(f"{path.name}: {record['id']} is in no ledger; archive {chapter} again")
            record["verdict"] = verdict(known[record["id"]], record, scale)
    return content
