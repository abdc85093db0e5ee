"""The verdict on a measured value: one of five, computed in one place, and stored nowhere.

A verdict compares the 95 % interval of the registered measurement with the acceptance band of its claim. It then asks
whether the controls fail, as they should, and whether another reasonable choice of method would have given another
answer.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy import stats

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
        - "undecided": the interval crosses an edge of the band, or the interval of a control that should fail does not
          lie outside, or the control was not measured.
        - "reproduced": the interval lies inside the band, every control outside, and no alternative outside.
    """
    if record["value"] is None:
        return Judgement(NOT_TESTABLE, _because("this run did not measure the quantity", record))
    if lacking := _lacking(claim.requires, record):
        return Judgement(NOT_TESTABLE, lacking)
    band = claim.accept[scale]
    here, stands_for = place(record["interval"], band), _controls_that_do_not_fail(record["controls"], band)
    others: dict[str, list[str]] = {"inside": [], "outside": [], "across": [], "not run": []}
    for choice in record["choices"]:
        where = "not run" if choice["value"] is None else place(choice["interval"], band)
        others[where].append(option_label(choice))
    # a measurement whose control passes as well reproduces nothing
    reproduces = ["the registered choice"] * (here == "inside" and not stands_for) + others["inside"]
    fails = ["the registered choice"] * (here == "outside") + others["outside"]
    if reproduces and fails:
        return Judgement(
            DEPENDS, f"the interval lies inside the band with {_all(reproduces)}, and outside with {_all(fails)}"
        )
    if here == "outside":
        side = "below" if open_ends(record["interval"])[1] < band[0] else "above"
        return Judgement(NOT_REPRODUCED, f"the interval lies {side} the band" + _tried(others))
    if here == "across":
        edges = _edges(record["interval"], band)
        return Judgement(UNDECIDED, f"the interval crosses {edges} of the band" + _tried(others))
    if stands_for:
        return Judgement(UNDECIDED, stands_for + _tried(others))
    controls = " and every control outside" if record["controls"] else ""
    return Judgement(REPRODUCED, f"the interval lies inside the band{controls}" + _tried(others))


def _controls_that_do_not_fail(controls: dict, band: tuple[float, float]) -> str:
    """Why controls that should fail do not show that they do; empty where every one lies outside the band."""
    at = {name: "" if c["value"] is None else place(c["interval"], band) for name, c in controls.items()}
    for where, sentence in (
        ("inside", "a control that should fail lies inside the band as well"),
        ("across", "the interval of a control reaches into the band, so it has not clearly failed"),
        ("", "a control was not measured, so it has not failed"),
    ):
        if names := [name for name, found in at.items() if found == where]:
            return f"{sentence}: {_all(names)}"
    return ""


def _because(sentence: str, record: dict) -> str:
    return f"{sentence}: {record['note']}" if record.get("note") else sentence


def _all(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _tried(others: dict[str, list[str]]) -> str:
    """What the alternatives say, where they do not decide."""
    words = {"inside": "inside the band", "outside": "outside", "across": "undecided", "not run": "not run"}
    return "".join(f"; {words[where]} with {_all(names)}" for where, names in others.items() if names)


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

    The claim is decided when the half-width of the interval is the distance of the value from the edge that it crosses.
    The half-width of an interval over few independent samples shrinks as Student's t over the square root of their
    number. That of a correlation is taken in Fisher's arctanh(r).

    Parameters
    ----------
    claim : book.claims.Claim
    record : dict
    scale : str

    Returns
    -------
    Power or None
        None where the verdict is another one, where a control does not fail (a larger sample would not change that),
        where the interval is open or ends at its value (a single sample, or a count of none or all), or where it covers
        only a fit or nothing.
    """
    band = claim.accept[scale]
    if judge(claim, record, scale).verdict != UNDECIDED or place(record["interval"], band) != "across":
        return None
    if _controls_that_do_not_fail(record["controls"], band):
        return None
    scaled = _fisher if claim.kind == "correlation" else float
    (lower, upper), value = map(scaled, open_ends(record["interval"])), scaled(record["value"])
    low, high = map(scaled, band)
    parts = [kind for kind in claim.covers if kind not in ("fit", "nothing")]
    if not math.isfinite(upper - lower) or not lower < value < upper or not parts:
        return None
    # from inside the band the interval has to leave the edge, from outside it has to leave the band
    crossed = [(edge, value - lower if edge < value else upper - value) for edge in (low, high) if lower < edge < upper]
    if not crossed:  # it only touches the band
        return None
    if not low <= value <= high:
        crossed = [min(crossed, key=lambda pair: abs(pair[0] - value))]
    ratio = max(half / abs(edge - value) if edge != value else math.inf for edge, half in crossed)
    counted = next((kind for kind in parts if kind in INDEPENDENT), None)
    now = len(record["seeds"]) if counted else 0
    if now < 2 or math.isinf(ratio):
        return Power(ratio**2, now or None, None, counted or parts[0])
    needed = _enough(now, ratio)
    return Power(needed / now, now, needed, counted)


def _fisher(r: float) -> float:
    return math.atanh(min(max(r, -1 + 1e-12), 1 - 1e-12))


def _enough(now: int, ratio: float) -> int:
    """Number of samples at which Student's half-width is smaller by a factor than that of `now` samples."""

    def half(count):
        return stats.t.ppf(0.975, count - 1) / math.sqrt(count)

    few, many = now, now + 1
    while half(many) > half(now) / ratio:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (middle, many) if half(middle) > half(now) / ratio else (few, middle)
    return many
