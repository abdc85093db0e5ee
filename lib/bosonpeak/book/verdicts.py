"""The verdict on a measured value: one of five, computed in one place, and stored nowhere.

A verdict compares the 95 % interval of the registered measurement with the acceptance band of its claim. It then asks
whether the controls fail, as they should, and whether another reasonable choice of method would have given another
answer.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

VERDICTS = ("reproduced", "not reproduced", "depends on a choice", "undecided", "not testable here")
REPRODUCED, NOT_REPRODUCED, DEPENDS, UNDECIDED, NOT_TESTABLE = VERDICTS

INDEPENDENT = ("seeds", "glasses", "parents", "samples")
"""What counts as an independent sample in the field `covers` of a claim; a record has one seed for each of them."""
COVERS = (*INDEPENDENT, "modes", "atoms", "shells", "transitions", "searches", "levels", "vectors", "fit", "nothing")
"""What the interval of a claim may cover. "vectors" are the random vectors of a stochastic trace, and "nothing" is the
interval of an exact count."""


@dataclass(frozen=True)
class Judgement:
    """A verdict and why it was reached.

    Attributes
    ----------
    verdict : str
        One of `VERDICTS`.
    reason : str
        One sentence, which names the control or the choice that decided.
    """

    verdict: str
    reason: str


def open_ends(pair) -> tuple[float, float]:
    """(low, high) with None, which is how YAML and JSON write an open side, made infinite."""
    if isinstance(pair, str | dict):
        raise ValueError(f"{pair!r} is not a pair of numbers")
    low, high = pair
    return (-math.inf if low is None else float(low), math.inf if high is None else float(high))


def place(interval, band: tuple[float, float]) -> str:
    """Where an interval lies: "inside" the band, "outside" of it, or "across" one of its edges."""
    (low, high), (lower, upper) = band, open_ends(interval)
    if upper < low or lower > high:
        return "outside"
    return "inside" if low <= lower and upper <= high else "across"


def option_label(choice: dict) -> str:
    """A choice of a record in words, such as "box = 4,000"."""
    option = choice["option"]
    number = isinstance(option, int) and not isinstance(option, bool)
    return (
        f"{choice['choice'].replace('_', ' ')} = {option:,}"
        if number
        else (f"{choice['choice'].replace('_', ' ')} = {option}")
    )


def judge(claim, record: dict, scale: str) -> Judgement:
    """The verdict on a record by the band, the controls, the choices and the requirements of its claim.

    Parameters
    ----------
    claim : book.claims.Claim
    record : dict
        With "value", "interval", "n", "cooling_rate", "controls" and "choices", as `Ledger.record` writes them.
    scale : str
        Whose band counts.

    Returns
    -------
    Judgement
        - "not testable here": the value was not measured, or the system is smaller, or was cooled faster, than the
          claim requires.
        - "depends on a choice": of the registered measurement and its alternatives, some lie inside the band and others
          outside.
        - "not reproduced": the interval lies outside the band, and no alternative inside.
        - "undecided": the interval crosses an edge of the band, or a control that should fail passes as well or was not
          measured.
        - "reproduced": the interval lies inside the band, every control outside, and no alternative outside.
    """
    if record["value"] is None:
        return Judgement(NOT_TESTABLE, _because("this run did not measure the quantity", record))
    if lacking := _lacking(claim.requires, record):
        return Judgement(NOT_TESTABLE, lacking)
    band = claim.accept[scale]
    here = place(record["interval"], band)
    others: dict[str, list[str]] = {"inside": [], "outside": [], "across": [], "not run": []}
    for choice in record["choices"]:
        where = "not run" if choice["value"] is None else place(choice["interval"], band)
        others[where].append(option_label(choice))
    reproduces = ["the registered choice"] * (here == "inside") + others["inside"]
    fails = ["the registered choice"] * (here == "outside") + others["outside"]
    if reproduces and fails:
        return Judgement(
            DEPENDS, f"the interval lies inside the band with {_all(reproduces)}, and outside with {_all(fails)}"
        )
    if here == "outside":
        side = "below" if open_ends(record["interval"])[1] < band[0] else "above"
        return Judgement(NOT_REPRODUCED, f"the interval lies {side} the band" + _tried(others))
    if here == "across":
        return Judgement(UNDECIDED, f"the interval crosses {_edges(record['interval'], band)} of the band")
    unmeasured = [name for name, control in record["controls"].items() if control["value"] is None]
    passing = [
        name
        for name, control in record["controls"].items()
        if control["value"] is not None and band[0] <= control["value"] <= band[1]
    ]
    if passing:
        return Judgement(UNDECIDED, f"a control that should fail lies inside the band as well: {_all(passing)}")
    if unmeasured:
        return Judgement(UNDECIDED, f"a control was not measured, so it has not failed: {_all(unmeasured)}")
    controls = " and every control outside" if record["controls"] else ""
    return Judgement(REPRODUCED, f"the interval lies inside the band{controls}" + _tried(others))


def _because(sentence: str, record: dict) -> str:
    return f"{sentence}: {record['note']}" if record.get("note") else sentence


def _all(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _tried(others: dict[str, list[str]]) -> str:
    """What the alternatives say where none of them contradicts the registered measurement."""
    said = ""
    if others["across"]:
        said += f"; undecided with {_all(others['across'])}"
    if others["not run"]:
        said += f"; not run with {_all(others['not run'])}"
    return said


def _edges(interval, band) -> str:
    (low, high), (lower, upper) = band, open_ends(interval)
    edges = ["the lower edge"] * (lower < low) + ["the upper edge"] * (upper > high)
    return _all(edges) if edges else "an edge"


def _lacking(requires: dict, record: dict) -> str:
    """Why the system of a record cannot decide a claim; empty where it can."""
    if "n" in requires and record["n"] < requires["n"]:
        return f"N = {record['n']:,} is smaller than the N = {requires['n']:,} that the claim requires"
    if "cooling_rate" in requires:
        rate = record.get("cooling_rate")
        if rate is None:
            return f"the run does not state a cooling rate, and the claim requires at most {requires['cooling_rate']:g}"
        if rate > requires["cooling_rate"] * (1 + 1e-9):
            return f"the cooling rate {rate:g} is above the {requires['cooling_rate']:g} that the claim requires"
    return ""


@dataclass(frozen=True)
class Power:
    """How much larger a sample would decide a claim whose interval crosses an edge of its band.

    Attributes
    ----------
    factor : float
        By which the number of independent parts has to grow; infinite where the value lies on the edge.
    now, needed : int or None
        Independent samples now and then; None where the interval covers something else, such as modes.
    of : str
        What is counted, such as "glasses".
    """

    factor: float
    now: int | None
    needed: int | None
    of: str


def power(claim, record: dict, scale: str) -> Power | None:
    """The sample that would decide an undecided claim, from the scatter of its own measurement.

    The half-width of an interval shrinks with the square root of the number of independent parts that it covers. The
    claim is decided when the half-width is the distance of the value from the edge that the interval crosses now.

    Parameters
    ----------
    claim : book.claims.Claim
    record : dict
    scale : str

    Returns
    -------
    Power or None
        None where the verdict is another one, where a control decided it, where the interval is open (a single sample
        has no scatter), or where the interval covers only a fit or nothing.
    """
    if judge(claim, record, scale).verdict != UNDECIDED or place(record["interval"], claim.accept[scale]) != "across":
        return None
    (low, high), (lower, upper), value = claim.accept[scale], open_ends(record["interval"]), record["value"]
    parts = [kind for kind in claim.covers if kind not in ("fit", "nothing")]
    if math.isinf(lower) or math.isinf(upper) or not parts:
        return None
    # from inside the band the interval has to leave the edge, from outside it has to leave the band
    crossed = [(edge, value - lower if edge < value else upper - value) for edge in (low, high) if lower < edge < upper]
    if not crossed:  # it only touches the band, or the band is a single value
        return None
    if not low <= value <= high:
        crossed = [min(crossed, key=lambda pair: abs(pair[0] - value))]
    factor = max((half / abs(edge - value)) ** 2 if edge != value else math.inf for edge, half in crossed)
    counted = next((kind for kind in parts if kind in INDEPENDENT), None)
    now = len(record["seeds"]) if counted else None
    needed = math.ceil(now * factor) if now and math.isfinite(factor) else None
    return Power(factor, now or None, needed, counted or parts[0])
