"""Whether a fresh run says what the archived one says: the same verdict, sizes and seeds, and the same values.

The seeds are fixed, so that only rounding differs between processors. Rounding may send a packing to another minimum,
though, so a value counts as the same where it lies within the archived interval.
"""

from bosonpeak.book import tables
from bosonpeak.book.claims import Claim
from bosonpeak.book.verdicts import judge, open_ends, option_label

SLACK = 2e-3
"""Relative difference that is left to rounding where the archived interval is narrower."""


def differences(claim: Claim, fresh: dict, archived: dict, scale: str) -> list[str]:
    """What a fresh record of a claim says otherwise than the archived one.

    Parameters
    ----------
    claim : Claim
    fresh, archived : dict
        Records as `Ledger.record` writes them.
    scale : str

    Returns
    -------
    list of str
        One sentence per difference, each with the id of the claim; empty where both agree.
    """
    found, before = judge(claim, fresh, scale), judge(claim, archived, scale)
    said = []
    if found.verdict != before.verdict:
        said.append(f"the verdict is {found.verdict!r} ({found.reason}), archived {before.verdict!r} ({before.reason})")
    for name in ("n", "seeds", "source", "tables", "cooling_rate"):
        if fresh[name] != archived[name]:
            said.append(f"{name} is {fresh[name]}, archived {archived[name]}")
    pairs = [("the value", fresh, archived)]
    pairs += [
        (f"the control {name}", fresh["controls"].get(name), control)
        for name, control in archived["controls"].items()
        if control["interval"] is not None and control["interval"][0] != control["interval"][1]
    ]
    options = {option_label(choice): choice for choice in fresh["choices"]}
    pairs += [(f"the value with {label}", options.get(label), choice) for label, choice in _labelled(archived)]
    said += [text for what, now, then in pairs if (text := _apart(what, now, then))]
    return [f"{claim.id} at {scale} scale: {text}" for text in said]


def _labelled(record: dict):
    return [(option_label(choice), choice) for choice in record["choices"]]


def _apart(what: str, now: dict | None, then: dict) -> str:
    if now is None or (now["value"] is None) != (then["value"] is None):
        value = "not there" if now is None else tables.number(now["value"], 6)
        return f"{what} is {value}, archived {tables.number(then['value'], 6)}"
    if then["value"] is None:
        return ""
    low, high = open_ends(then["interval"])
    slack = max(1e-9, SLACK * abs(then["value"]))
    if low - slack <= now["value"] <= high + slack:
        return ""
    return f"{what} is {now['value']:.6g}, outside the archived {then['value']:.6g} [{low:.6g}, {high:.6g}]"


def report(claim: Claim, fresh: dict, archived: dict | None, scale: str) -> list[str]:
    """A fresh record in lines of text: verdict, interval, band, controls and choices, and whether the archive agrees.

    Parameters
    ----------
    claim : Claim
    fresh : dict
    archived : dict or None
        None where no run of this scale is archived.
    scale : str

    Returns
    -------
    list of str
    """
    found = judge(claim, fresh, scale)
    lines = [
        f"{claim.id}: {claim.statement} ({claim.source})",
        f"verdict   {found.verdict}: {found.reason}",
        f"measured  {_value(fresh)} ({tables.sample(fresh)}; {tables.source(fresh)})",
        f"band      {tables.interval(claim.accept[scale])}",
    ]
    lines += [f"control   {name}: {_value(control)}" for name, control in fresh["controls"].items()]
    lines += [f"choice    {label}: {_value(choice)}" for label, choice in _labelled(fresh)]
    if claim.no_control:
        lines.append(f"control   none: {claim.no_control}")
    if flag := tables.standing(claim):
        lines.append(f"count     this claim does not count: {flag}")
    if archived is None:
        return [*lines, f"archive   no run of {scale} scale is archived: there is nothing to compare with"]
    apart = differences(claim, fresh, archived, scale)
    return [*lines, *(f"archive   differs: {text}" for text in apart)] if apart else [*lines, "archive   agrees"]


def _value(one: dict) -> str:
    if one["value"] is None:
        return "not measured"
    low, high = open_ends(one["interval"])
    return tables.number(one["value"]) + ("" if low == high else f" [{tables.interval((low, high))}]")
