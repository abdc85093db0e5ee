"""The ledger as a table at the end of a chapter, and the pieces of HTML from which the scoreboard is made as well."""

import math
from html import escape

from bosonpeak.book.claims import Claim, load
from bosonpeak.book.ledger import Ledger
from bosonpeak.book.verdicts import VERDICTS, judge, open_ends, option_label, power

MIME = "application/vnd.bosonpeak.claims+json"
CLASSES = {name: "bp-verdict-" + name.removesuffix(" here").replace(" ", "-") for name in VERDICTS}
"""Classes of the style sheet by verdict."""
ORIGIN_NAMES = {
    "paper": "the paper's statement",
    "beyond": "a question beyond the paper",
    "method": "a check of our method",
    "exploratory": "exploratory: registered after the effect had been seen",
}


class ClaimsTable:
    """The last output of a chapter: its claims with their verdicts, and the records that `runs.claims_of` reads.

    Raises ValueError if a claim of the chapter was not recorded.
    """

    def __init__(self, ledger: Ledger):
        self.payload = ledger.payload()

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {
            MIME: self.payload,
            "text/html": table(self.payload),
            "text/plain": f"{len(self.payload['records'])} claims of {self.payload['chapter']}",
        }


class Html:
    """Something that a notebook shows as HTML."""

    def __init__(self, html: str):
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


def number(x: float | None, digits: int = 3) -> str:
    """A number with some significant digits; "not measured" for None."""
    if x is None:
        return "not measured"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    # what rounding leaves of an exact zero
    return "0" if abs(x) < 1e-12 else f"{x:.{digits}g}".replace("-", "−")


def interval(pair) -> str:
    """An interval or a band in words, with as many digits as its ends need to differ."""
    low, high = open_ends(pair)
    if low == high:
        return number(low)
    if math.isinf(low) and math.isinf(high):
        return "unbounded"
    if math.isinf(high):
        return f"≥ {number(low)}"
    if math.isinf(low):
        return f"≤ {number(high)}"
    digits = next((d for d in (3, 4, 5, 6) if number(low, d) != number(high, d)), 6)
    return f"{number(low, digits)} … {number(high, digits)}"


def more(short: str, long: str) -> str:
    """`short`, which opens to show `long`: by mouse, touch and keyboard alike."""
    return f"<details><summary>{short}</summary><small>{escape(long)}</small></details>"


def sample(record: dict) -> str:
    """Size of a record, and the number of seeds where chance plays a part."""
    if record["value"] is None:
        return ""
    count = len(record["seeds"])
    return f"N = {record['n']:,}" + (f", {count} seed{'s' if count > 1 else ''}" if count else "")


def system(record: dict) -> str:
    """Size and source of what was measured, as HTML; empty where nothing was."""
    return "" if record["value"] is None else f"<small>{sample(record)}; {escape(source(record))}</small>"


def badge(name: str) -> str:
    """A verdict as a word with its symbol and colour."""
    return f'<span class="{CLASSES[name]}">{name}</span>'


def anchor(claim_id: str) -> str:
    """The name of a claim's place on a page; the same on the page of its chapter and on the scoreboard."""
    return "claim-" + claim_id.replace("/", "-").replace(".", "-")


def measured(claim: Claim, record: dict) -> str:
    """The measured value with its unit and interval."""
    if record["value"] is None:
        return "not measured"
    unit = "" if claim.unit == "1" else " " + escape(claim.unit)
    text = f"<b>{number(record['value'])}</b>{unit}"
    low, high = open_ends(record["interval"])
    return text if low == high else text + f"<small>95 %: {interval((low, high))}</small>"


def standing(claim: Claim) -> str:
    """Why a claim does not count for or against its paper; empty where it does."""
    if claim.superseded_by:
        return f"superseded by {claim.superseded_by.split('/', 1)[1]}"
    if claim.cannot_fail:
        return f"cannot fail: {claim.cannot_fail}"
    if claim.disputed:
        return f"disputed: {claim.disputed}"
    return "" if claim.origin == "paper" else ORIGIN_NAMES[claim.origin]


def source(record: dict) -> str:
    """Whether a record was measured live or read from the archive, and from which tables."""
    if record["source"] == "live":
        return "measured in this run"
    first, *others = record["tables"]
    rest = f" and {len(others)} more" if others else ""
    return f"read from data/results/{first}.nc{rest}"


def decides(claim: Claim, record: dict, scale: str) -> str:
    """What sample would decide an undecided claim, in words; empty where that cannot be said."""
    found = power(claim, record, scale)
    if found is None:
        return ""
    if math.isinf(found.factor):
        return "The value lies on an edge of the band, so no sample decides it."
    if found.factor > 100:
        return f"More than a hundred times as many {found.of} would be needed to decide it."
    if found.needed is not None:
        return f"About {found.needed:,} {found.of} would decide it, instead of {found.now}."
    return f"About {max(found.factor, 1.1):.2g} times as many {found.of} would decide it."


def sentence(text: str) -> str:
    """A reason as a sentence."""
    return text[:1].upper() + text[1:] + "." if text else ""


def strip(claim: Claim, record: dict, scale: str) -> str:
    """The specification strip of a claim: one mark per measurement, control and choice, over the band.

    Parameters
    ----------
    claim : Claim
    record : dict
        As `Ledger.record` writes it.
    scale : str
        Whose band is shaded.

    Returns
    -------
    str
        An SVG with a text for screen readers; empty where nothing was measured.
    """
    rows = [("registered", record, "bp-mark")]
    rows += [(option_label(choice), choice, "bp-mark bp-choice") for choice in record["choices"]]
    rows += [(f"control: {name}", control, "bp-mark bp-control") for name, control in record["controls"].items()]
    band = claim.accept[scale]
    values = [row["value"] for _, row, _ in rows if row["value"] is not None]
    if not values:
        return ""
    ends = [end for _, row, _ in rows if row["value"] is not None for end in open_ends(row["interval"])]
    finite = [x for x in (*values, *ends, *band) if math.isfinite(x)]
    low, high = min(finite), max(finite)
    margin = 0.06 * (high - low) or 0.1 * abs(low) or 1.0
    low, high = low - margin, high + margin

    def at(x: float) -> float:
        return 136 + 196 * (min(max(x, low), high) - low) / (high - low)

    height = 18 * len(rows) + 18
    parts = [
        f'<rect class="bp-band" x="{at(band[0]):.1f}" y="0" width="{max(at(band[1]) - at(band[0]), 1.5):.1f}" '
        f'height="{height - 16}"/>'
    ]
    said = []
    for k, (label, row, kind) in enumerate(rows):
        y = 12 + 18 * k
        parts.append(f'<text x="130" y="{y + 4}" text-anchor="end">{escape(label[:22])}</text>')
        if row["value"] is None:
            parts.append(f'<text x="142" y="{y + 4}" class="bp-none">not run</text>')
            said.append(f"{label}: not run")
            continue
        lower, upper = open_ends(row["interval"])
        parts.append(f'<line class="{kind}" x1="{at(lower):.1f}" x2="{at(upper):.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="{kind}" cx="{at(row["value"]):.1f}" cy="{y}" r="4.5"/>')
        inside = band[0] <= row["value"] <= band[1]
        said.append(f"{label}: {number(row['value'])}, {'inside' if inside else 'outside'}")
    for end in band:
        if math.isfinite(end):
            parts.append(f'<text x="{at(end):.1f}" y="{height - 3}" text-anchor="middle">{number(end)}</text>')
    text = escape(f"Values and intervals over the band {interval(band)}. " + "; ".join(said) + ".")
    return (
        f'<svg class="bp-strip" viewBox="0 0 340 {height}" role="img" aria-label="{text}">' + "".join(parts) + "</svg>"
    )


def table(payload: dict) -> str:
    """The claims of one run as an HTML table.

    A statement opens to the quantity, a band to its reason, a verdict to the choices and controls.
    """
    claims, scale = {claim.id: claim for claim in load(payload["chapter"])}, payload["scale"]
    rows = []
    for record in payload["records"]:
        claim = claims[record["id"]]
        found = judge(claim, record, scale)
        name = record["id"].split("/", 1)[1]
        why = " ".join(filter(None, (sentence(found.reason), decides(claim, record, scale))))
        flag = standing(claim)
        shown = strip(claim, record, scale) if record["choices"] or record["controls"] else ""
        controls = "".join(f"<small>{escape(n)}: {escape(claim.controls[n])}</small>" for n in record["controls"])
        if claim.no_control:
            controls = f"<small>no control: {escape(claim.no_control)}</small>"
        rows.append(
            f'<tr id="{anchor(record["id"])}">'
            f"<td>{more(escape(claim.statement), 'Measured: ' + claim.quantity)}"
            f"<small>{escape(claim.source)}; <code>{escape(name)}</code></small>"
            + (f'<small class="bp-flag">{escape(flag)}</small>' if flag else "")
            + f"</td><td>{badge(found.verdict)}<details><summary>why</summary><small>{escape(why)}</small>"
            f"{shown}{controls}</details></td>"
            f"<td>{measured(claim, record)}{system(record)}"
            + (f"<small>{escape(record['note'])}</small>" if record["note"] else "")
            + f"</td><td>{more(interval(claim.accept[scale]), claim.because)}"
            f"<small>paper: {', '.join(escape(str(value)) for value in claim.paper.values())}</small></td></tr>"
        )
    head = "".join(f'<th scope="col">{title}</th>' for title in ("claim", "verdict", f"measured ({scale})", "band"))
    return (
        f'<div class="bp-claims" tabindex="0" role="region" aria-label="Claims of {escape(payload["chapter"])}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        + _superseded(claims, {record["id"] for record in payload["records"]})
    )


def _superseded(claims: dict[str, Claim], recorded: set[str]) -> str:
    """The claims that were replaced by fairer ones and are not measured any more, as a list that opens."""
    old = [claim for claim in claims.values() if claim.superseded_by and claim.id not in recorded]
    items = "".join(
        f'<li id="{anchor(claim.id)}">{escape(claim.statement)} '
        f"(<code>{escape(claim.id.split('/', 1)[1])}</code>): replaced by "
        f'<a href="#{anchor(claim.superseded_by)}">{escape(claim.superseded_by.split("/", 1)[1])}</a></li>'
        for claim in old
    )
    words = f"{len(old)} earlier claims that fairer ones replace; the scoreboard shows their last records"
    return f"<details><summary>{words}</summary><ul>{items}</ul></details>" if old else ""
