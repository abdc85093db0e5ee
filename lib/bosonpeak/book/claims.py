"""The ledger: what the papers state, what a run measured, and the verdict that follows.

A claim and its acceptance bands stand in data/claims/<chapter>.yml before anything is run. A chapter records a value
with its 95 % interval; archived runs stand in data/results/claims/<scale>.json. Verdicts are computed when they are
shown, and they are stored nowhere.
"""

import difflib
import importlib.metadata
import json
import math
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bosonpeak.archive.files import RESTORE, alone, check_fields, check_seal, read_plain, seal, write_text
from bosonpeak.paths import project_root

KINDS = ("identity", "value", "exponent", "correlation", "ordering", "shape")
SCALES = ("ci", "book", "paper")
VERDICTS = ("reproduced", "partly", "not reproduced", "not testable at this N")


@dataclass(frozen=True)
class Claim:
    """One statement of a paper.

    Attributes
    ----------
    id, source, statement, kind, quantity, unit, because : str
    paper : dict
        What the paper gives.
    accept : dict
        For each scale (lowest, highest), infinite where a side is open.
    controls : dict
        For each control what it is.
    """

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
    """Names of the chapters that have a ledger, sorted."""
    return sorted(path.stem for path in (project_root() / "data" / "claims").glob("*.yml"))


def load(chapter: str) -> list[Claim]:
    """The claims of a chapter, in the order of its file.

    Raises
    ------
    ValueError
        For an unknown chapter, and for an entry that is not complete; the message names the file and the entry.
    """
    path = project_root() / "data" / "claims" / f"{chapter}.yml"
    if not path.is_file():
        raise ValueError(f"no ledger for chapter {chapter!r}; choose one of {', '.join(chapters())}")
    found = [_claim(entry, path.name) for entry in read_plain(path, list)]
    for claim in found:
        if not claim.id.startswith(f"{chapter}/"):
            raise ValueError(f"{path.name}: the id {claim.id} must begin with {chapter}/")
    twice = [name for name, count in Counter(claim.id for claim in found).items() if count > 1]
    if twice:
        raise ValueError(f"{path.name}: the id {twice[0]} occurs twice")
    return found


_TEXTS = ("id", "source", "statement", "kind", "quantity", "unit", "because")


def _claim(entry: dict, file: str) -> Claim:
    name = entry.get("id", "an entry without id") if isinstance(entry, dict) else "an entry"
    kinds = {text: str for text in _TEXTS} | {"paper": dict, "accept": dict, "controls": (dict, type(None))}
    check_fields(entry, kinds, f"{file}: {name}")
    check_fields(entry["controls"] or {}, dict.fromkeys(entry["controls"] or (), str), f"{file}: {name}, controls")
    unknown = set(entry) - set(kinds)
    if unknown:
        raise ValueError(f"{file}: {name} has the unknown field {sorted(map(str, unknown))[0]!r}: correct its spelling")
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
    """(low, high) with None, which is how YAML and JSON write an open side, made infinite."""
    if isinstance(pair, str | dict):
        raise ValueError(f"{pair!r} is not a pair of numbers")
    low, high = pair
    return (-math.inf if low is None else float(low), math.inf if high is None else float(high))


def verdict(claim: Claim, record: dict, scale: str) -> str:
    """The verdict on a record by the band of its claim.

    Parameters
    ----------
    claim : Claim
    record : dict
        With "value", "interval" and "controls".
    scale : str

    Returns
    -------
    str
        "not reproduced" if the interval lies outside the band, however wide it is. "not testable at this N" if it is
        wider than the band and reaches into it, or if the run could not measure the quantity (value None). "reproduced"
        if the interval lies inside the band, and the value of every control outside. "partly" if the interval crosses
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
    # a control that could not be measured has not shown that it fails
    values = [control["value"] for control in record["controls"].values()]
    passing = [value for value in values if value is None or low <= value <= high]
    return "partly" if passing else "reproduced"


class Ledger:
    """What one run of a chapter measured: `record` each claim, then show `tables.ClaimsTable(ledger)`.

    `progress` says whether long work should show a progress bar (`book.start` sets it).
    """

    def __init__(self, chapter: str, scale: str):
        if scale not in SCALES:
            raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
        self.chapter, self.scale = chapter, scale
        self.claims = {claim.id: claim for claim in load(chapter)}
        self.records: dict[str, dict] = {}
        self.progress = False
        self._started = time.perf_counter()

    def record(self, claim_id: str, value, interval=None, *, n, seeds, controls=None, note="") -> None:
        """Record the measured value of a claim.

        Parameters
        ----------
        claim_id : str
            With or without the name of the chapter.
        value : float or None
            In the unit of the claim; None where this size cannot decide (the note should say why).
        interval : tuple of float, optional
            95 % interval (low, high); by default the value itself, for exact counts.
        n : int
            Number of nodes or atoms.
        seeds : sequence of int
        controls : dict, optional
            A value, or (value, interval), for each control that the claim names.
        note : str

        Raises
        ------
        ValueError
            For an unknown id (with the nearest known one), a claim that was recorded before with another value,
            controls that do not match those of the claim, NaN, or an interval that does not hold the value.
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
        """The records as plain data for the archive, in the order of the ledger.

        Raises ValueError if a claim was not recorded.
        """
        missing = [name for name in self.claims if name not in self.records]
        if missing:
            raise ValueError(f"{len(missing)} claim(s) of {self.chapter} were not recorded: {', '.join(missing)}")
        return seal(
            {
                "chapter": self.chapter,
                "scale": self.scale,
                "seconds": round(time.perf_counter() - self._started, 1),
                "records": [self.records[name] for name in self.claims],
            }
        )


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
    # JSON has no infinity: a single sample has an interval that is open on both sides
    return {"value": value, "interval": [None if math.isinf(end) else end for end in (low, high)]}


def archive(payload: dict, scale: str) -> Path:
    """Put the records of a run into data/results/claims/<scale>.json, in place of earlier ones of the chapter.

    Versions and date are written with them. Raises ValueError if the payload was altered or is of another scale.
    """
    check_seal(payload, f"the payload of {payload.get('chapter', 'a run')}", "run the chapter again")
    if payload["scale"] != scale:
        raise ValueError(f"this run was made at {payload['scale']} scale, not at {scale}")
    path = project_root() / "data" / "results" / "claims" / f"{scale}.json"
    versions = {name: importlib.metadata.version(name) for name in ("bosonpeak", "numpy", "scipy", "numba")}
    kept = {key: value for key, value in payload.items() if key != "chapter"}
    run = {"date": datetime.now(UTC).date().isoformat(), "versions": versions, **kept}
    with alone():
        content = read_plain(path, dict) if path.is_file() else {}
        content[payload["chapter"]] = seal(run)
        write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
    return path


def load_archive(scale: str) -> dict:
    """The archived runs at a scale, by chapter; each record has its "verdict", computed now. Empty without any.

    Raises
    ------
    ValueError
        For an unknown scale, a file that is damaged or of another scale, a record that lacks a field or has one of
        another type, or a record whose claim no longer exists.
    """
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    path = project_root() / "data" / "results" / "claims" / f"{scale}.json"
    try:
        content = read_plain(path, dict)  # an attempt, so that a page that shows archives depends on this one
    except FileNotFoundError:
        return {}
    for chapter, run in content.items():
        known = {claim.id: claim for claim in load(chapter)}
        check_fields(run, {"records": list, "scale": str, "date": str, "seconds": float}, f"{path}: {chapter}")
        check_seal(run, f"{path}: {chapter}")
        if run["scale"] != scale:
            raise ValueError(f"{path}: {chapter} was run at {run['scale']} scale, not at {scale}; {RESTORE}")
        for number, record in enumerate(run["records"]):
            _check_record(record, f"{path}: {chapter}, record {number}")
            if record["id"] not in known:
                raise ValueError(f"{path}: {record['id']} is not in the ledger any more; archive {chapter} again")
            record["verdict"] = verdict(known[record["id"]], record, scale)
    return content


def _check_record(record, where: str) -> None:
    """Raise ValueError unless an archived record has all that a verdict needs."""
    none = type(None)
    check_fields(record, {"id": str, "n": int, "seeds": list, "controls": dict, "note": str}, where)
    where = f"{where} ({record['id']})"
    check_fields(record, {"value": (float, none), "interval": (list, none)}, where)
    for name, control in record["controls"].items():
        check_fields(control, {"value": (float, none), "interval": (list, none)}, f"{where}, control {name}")
    for measured in (record, *record["controls"].values()):
        ends = measured["interval"]
        if (measured["value"] is None) != (ends is None) or (
            ends is not None and not (len(ends) == 2 and all(isinstance(end, int | float | none) for end in ends))
        ):
            raise ValueError(f"{where} has the interval {ends!r}, not two numbers around its value; {RESTORE}")
