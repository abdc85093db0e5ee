"""The ledger: what the papers state, what a run measured, and the verdict that follows.

A claim and its acceptance bands stand in data/claims/<chapter>.yml before anything is run. A chapter records a value
with its 95 % interval; archived runs stand in data/results/claims/<scale>.json. Verdicts are computed when they are
shown (`book.verdicts`), and they are stored nowhere.
"""

import importlib.metadata
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from bosonpeak.archive.files import RESTORE, alone, check_fields, check_seal, read_plain, seal, write_text
from bosonpeak.book.verdicts import COVERS, NOT_TESTABLE, judge, open_ends
from bosonpeak.paths import project_root

KINDS = ("identity", "value", "exponent", "correlation", "ordering", "shape")
ORIGINS = ("paper", "beyond", "method", "exploratory")
WEIGHTS = ("thesis", "result", "method")
SCALES = ("ci", "book", "paper")
_ID = re.compile(r"[a-z0-9-]+/[A-Za-z0-9./-]+")


@dataclass(frozen=True)
class Claim:
    """One statement of a paper, or one of ours about it.

    Attributes
    ----------
    id, source, statement, kind, quantity, unit, because : str
    paper : dict
        What the paper gives.
    accept : dict
        For each scale (lowest, highest), infinite where a side is open.
    controls : dict
        For each control what it is.
    origin : str
        "paper" (a statement of the paper, the only kind that counts for or against it), "beyond" (a question that the
        paper does not ask), "method" (a check of our own method) or "exploratory" (registered after the effect had been
        seen).
    registered : datetime.date
        The day on which the band was committed, before the run.
    covers : tuple of str
        What the interval covers; some of `verdicts.COVERS`.
    weight : str or None
        Of a claim of origin "paper": "thesis" (what the paper is about), "result" or "method".
    requires : dict
        `n`: the smallest number of particles or nodes, and `cooling_rate`: the highest rate (K/s, or reduced), with
        which the claim can be judged.
    choices : dict
        For each choice of method the alternatives to the registered one.
    no_control : str
        Where the claim has no control: why none exists.
    cannot_fail : str
        Where a review showed that the claim cannot fail: why. Such a claim does not count.
    disputed : str
        Where a review found that the claim, as it is worded or measured, is unfair: why. Such a claim does not count
        until a fairer one is registered.
    superseded_by : str or None
        The fairer claim that replaces this one, which then does not count.
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
    origin: str
    registered: date
    covers: tuple[str, ...]
    weight: str | None = None
    requires: dict = field(default_factory=dict)
    choices: dict = field(default_factory=dict)
    no_control: str = ""
    cannot_fail: str = ""
    disputed: str = ""
    superseded_by: str | None = None

    @property
    def chapter(self) -> str:
        """Name of the chapter to which the claim belongs."""
        return self.id.partition("/")[0]

    @property
    def counts(self) -> bool:
        """Whether the claim counts for or against its paper."""
        retired = self.cannot_fail or self.disputed or self.superseded_by
        return self.origin == "paper" and not retired


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
    names = Counter(claim.id for claim in found)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise ValueError(f"{path.name}: the id {twice[0]} occurs twice")
    for claim in found:
        if claim.superseded_by is not None and (claim.superseded_by not in names or claim.superseded_by == claim.id):
            raise ValueError(
                f"{path.name}: {claim.id} is superseded by {claim.superseded_by}, which is not another claim of it"
            )
    return found


def load_all() -> dict[str, Claim]:
    """Every claim of every chapter by its id. Raises ValueError as `load`."""
    return {claim.id: claim for chapter in chapters() for claim in load(chapter)}


def _claim(entry: dict, file: str) -> Claim:
    name = entry.get("id", "an entry without id") if isinstance(entry, dict) else "an entry"
    where, none = f"{file}: {name}", type(None)
    needed = dict.fromkeys(("id", "source", "statement", "kind", "quantity", "unit", "because", "origin"), str)
    needed |= {"paper": dict, "accept": dict, "controls": (dict, none), "covers": list}
    optional = {"weight": str, "requires": dict, "choices": dict, "superseded_by": str}
    optional |= {"no_control": str, "cannot_fail": str, "disputed": str}
    check_fields(entry, needed, where)
    check_fields(entry, {one: kind for one, kind in optional.items() if one in entry}, where)
    check_fields(entry["controls"] or {}, dict.fromkeys(entry["controls"] or (), str), f"{where}, controls")
    unknown = set(entry) - {"registered"} - set(needed) - set(optional)
    if unknown:
        raise ValueError(f"{where} has the unknown field {sorted(map(str, unknown))[0]!r}: correct its spelling")
    if not _ID.fullmatch(entry["id"]):
        raise ValueError(f"{where} must be named chapter/place/name, with letters, digits, dots and hyphens only")
    for one in (set(needed) | set(optional)) & set(entry):
        if isinstance(entry[one], str) and not entry[one].strip():
            raise ValueError(f"{where} has the empty text {entry[one]!r} as {one!r}: fill it, or leave the field out")
    if type(entry.get("registered")) is not date or entry["registered"] > date.today():
        raise ValueError(f"{where} needs in 'registered' the day on which its band was committed, such as 2026-12-01")
    for one, known in (("kind", KINDS), ("origin", ORIGINS), ("weight", WEIGHTS)):
        if one in entry and entry[one] not in known:
            raise ValueError(f"{where} has {entry[one]!r} as {one!r}: choose one of {', '.join(known)}")
    if ("weight" in entry) != (entry["origin"] == "paper"):
        raise ValueError(f"{where} must state a weight if, and only if, its origin is 'paper'")
    if not entry["covers"] or not all(isinstance(one, str) and one in COVERS for one in entry["covers"]):
        raise ValueError(f"{where} must say what its interval covers: 'covers' lists some of {', '.join(COVERS)}")
    if not entry["controls"] and entry["origin"] != "method" and not entry.get("no_control"):
        raise ValueError(f"{where} has no control: add one, or say in 'no_control' why none exists")
    if entry["controls"] and entry.get("no_control"):
        raise ValueError(f"{where} has controls, and says in 'no_control' that none exists: delete one of the two")
    return Claim(
        **{
            **entry,
            "accept": _bands(entry["accept"], where),
            "controls": entry["controls"] or {},
            "covers": tuple(entry["covers"]),
            "requires": _requirements(entry.get("requires", {}), where),
            "choices": _alternatives(entry.get("choices", {}), where),
        }
    )


def _bands(accept: dict, where: str) -> dict:
    if set(accept) != set(SCALES):
        raise ValueError(f"{where} needs a band for each of {', '.join(SCALES)}")
    bands = {}
    for scale, pair in accept.items():
        try:
            bands[scale] = open_ends(pair)
        except (TypeError, ValueError):
            raise ValueError(f"{where} has the band {pair!r} at {scale} scale, not [lowest, highest]") from None
        if any(isinstance(end, bool) for end in pair) or not any(map(math.isfinite, bands[scale])):
            raise ValueError(f"{where} has the band {pair!r} at {scale} scale: at least one end must be a number")
        if not bands[scale][0] <= bands[scale][1]:
            raise ValueError(f"{where} has an empty band at {scale} scale")
    return bands


def _requirements(requires: dict, where: str) -> dict:
    for name, value in requires.items():
        if name not in ("n", "cooling_rate"):
            raise ValueError(f"{where} requires the unknown quantity {name!r}: use n or cooling_rate")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise ValueError(f"{where} requires {name} = {value!r}, which is not a positive number (write 1.0e+13)")
    return requires


def _alternatives(choices: dict, where: str) -> dict:
    for name, options in choices.items():
        if not isinstance(name, str) or not isinstance(options, list) or not options:
            raise ValueError(f"{where} gives the choice {name!r} the options {options!r}: list different alternatives")
        if not all(isinstance(option, str | int | float) and not isinstance(option, bool) for option in options):
            raise ValueError(f"{where} gives the choice {name!r} an option that is neither a number nor a text")
        if len(set(options)) < len(options):
            raise ValueError(f"{where} gives the choice {name!r} the options {options!r}: list different alternatives")
    return choices


def archive(payload: dict, scale: str) -> Path:
    """Put the records of a run into data/results/claims/<scale>.json, in place of earlier ones of the chapter.

    Versions and date are written with them. A claim that is superseded and that the run did not record keeps its last
    record, with the date of its own run. So does, at paper scale, a claim that an earlier run measured on a larger
    system: that scale holds the largest run of each claim. Raises ValueError if the payload was altered or is of
    another scale.
    """
    check_seal(payload, f"the payload of {payload.get('chapter', 'a run')}", "run the chapter again")
    if payload["scale"] != scale:
        raise ValueError(f"this run was made at {payload['scale']} scale, not at {scale}")
    path = project_root() / "data" / "results" / "claims" / f"{scale}.json"
    versions = {name: importlib.metadata.version(name) for name in ("bosonpeak", "numpy", "scipy", "numba")}
    kept = {key: value for key, value in payload.items() if key != "chapter"}
    run = {"date": datetime.now(UTC).date().isoformat(), "versions": versions, **kept}
    run["records"] = [seal({k: v for k, v in record.items() if k != "read"}) for record in run["records"]]
    with alone():
        content = read_plain(path, dict) if path.is_file() else {}
        before = content.get(payload["chapter"], {})
        run["records"] = _with_earlier(payload["chapter"], run["records"], before, largest=scale == "paper")
        content[payload["chapter"]] = run | {"checksum": _checksum(run)}
        write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
    return path


def _with_earlier(chapter: str, records: list[dict], before: dict, largest: bool) -> list[dict]:
    """Records of a run, with the last ones of superseded claims that it did not record, in the order of the ledger.

    With `largest`, an earlier record on a larger system takes the place of the one of the run. Raises ValueError if an
    earlier record was altered.
    """
    last, found = {record["id"]: record for record in before.get("records", ())}, {r["id"]: r for r in records}
    known = load(chapter)
    for claim in known:
        here, earlier = found.get(claim.id), last.get(claim.id)
        gone = claim.superseded_by and here is None
        larger = largest and here and earlier and earlier["value"] is not None and earlier["n"] > here["n"]
        if earlier and (gone or larger):
            check_seal(earlier, claim.id)
            found[claim.id] = seal({"run": before["date"]} | earlier)
    return [found[claim.id] for claim in known if claim.id in found]


def _checksum(run: dict) -> str:
    """Checksum of a run; each of its records has one of its own, so that the one that was altered can be named."""
    return seal(run | {"records": [record.get("checksum") for record in run["records"]]})["checksum"]


def load_archive(scale: str, mark: bool = False) -> dict:
    """The archived runs at a scale, by chapter. Empty where none is archived.

    Each record has its "verdict" and the "reason" for it, computed now.

    Parameters
    ----------
    scale : str
    mark : bool
        What happens to a record that was altered: with False, a ValueError names it; with True, as on the pages, its
        value is withheld, and the reason for its verdict says that it was altered.

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
        if not all(isinstance(record, dict) for record in run["records"]) or run.get("checksum") != _checksum(run):
            raise ValueError(f"{path}: {chapter} was altered: its checksum does not fit its other fields; {RESTORE}")
        if run["scale"] != scale:
            raise ValueError(f"{path}: {chapter} was run at {run['scale']} scale, not at {scale}; {RESTORE}")
        for number, record in enumerate(run["records"]):
            _check_record(record, f"{path}: {chapter}, record {number}")
            if record["id"] not in known:
                raise ValueError(f"{path}: {record['id']} is not in the ledger any more; archive {chapter} again")
            record |= _checked(known[record["id"]], record, scale, f"{path}: {record['id']}", mark)
    return content


def _checked(claim: Claim, record: dict, scale: str, where: str, mark: bool) -> dict:
    """Verdict and reason of an archived record; where it was altered, its value is withheld, or ValueError names it."""
    try:
        check_seal(record, where)
    except ValueError as error:
        if not mark:
            raise
        withheld = {"value": None, "interval": None}
        nothing = {name: withheld for name in record["controls"]}
        return withheld | {"controls": nothing, "choices": [], "verdict": NOT_TESTABLE, "reason": str(error)}
    found = judge(claim, record, scale)
    return {"verdict": found.verdict, "reason": found.reason}


def archived_records(mark: bool = True) -> dict[str, dict[str, dict]]:
    """The archived records of every claim by id and scale, with their verdicts, for the pages and the export.

    A record that was altered is marked, or refused with mark = False. Raises ValueError as `load_archive`.
    """
    found: dict[str, dict[str, dict]] = {}
    for scale in SCALES:
        for run in load_archive(scale, mark).values():
            for record in run["records"]:
                date = record.get("run", run["date"])
                found.setdefault(record["id"], {})[scale] = record | {"date": date, "seconds": run["seconds"]}
    return found


def _check_record(record, where: str) -> None:
    """Raise ValueError unless an archived record has all that a verdict needs."""
    none = type(None)
    kinds: Mapping[str, type | tuple] = {"n": int, "seeds": list, "controls": dict, "note": str, "choices": list}
    check_fields(record, {"id": str, "cell": (int, none)}, where)
    where = f"{where} ({record['id']})"
    check_fields(record, {**kinds, "source": str, "tables": list, "cooling_rate": (float, none)}, where)
    parts = {where: record}
    parts |= {f"{where}, control {name}": control for name, control in record["controls"].items()}
    for choice in record["choices"]:
        check_fields(choice, {"choice": str, "option": (str, int, float)}, f"{where}, choices")
        parts[f"{where}, {choice['choice']} = {choice['option']}"] = choice
    for place, measured in parts.items():
        check_fields(measured, {"value": (float, none), "interval": (list, none)}, place)
        ends = measured["interval"]
        if (measured["value"] is None) != (ends is None) or (
            ends is not None and not (len(ends) == 2 and all(isinstance(end, int | float | none) for end in ends))
        ):
            raise ValueError(f"{place} has the interval {ends!r}, not two numbers around its value; {RESTORE}")
