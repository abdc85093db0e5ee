"""The ledger as tables: the claims of a chapter, all chapters at a glance, the scoreboard."""

import math
from collections import Counter
from html import escape

from bosonpeak.book.claims import SCALES, VERDICTS, Ledger, chapters, load, load_archive, open_ends, verdict

MIME = "application/vnd.bosonpeak.claims+json"
_CLASSES = {name: "bp-verdict-" + name.removesuffix(" at this N").replace(" ", "-") for name in VERDICTS}


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


def _number(x: float | None) -> str:
    if x is None:
        return "not measured"
    if math.isinf(x):
        return "∞"
    # what rounding leaves of an exact zero
    return "0" if abs(x) < 1e-12 else f"{x:.3g}"


def _range(pair) -> str:
    low, high = pair
    if low == high:
        return _number(low)
    if math.isinf(low) and math.isinf(high):
        return "unbounded"
    if math.isinf(high):
        return f"≥ {_number(low)}"
    return f"≤ {_number(high)}" if math.isinf(low) else f"{_number(low)} … {_number(high)}"


def _more(short: str, long: str) -> str:
    """`short`, which opens to show `long`: by mouse, touch and keyboard alike."""
    return f"<details><summary>{short}</summary><small>{escape(long)}</small></details>"


def _sample(record: dict) -> str:
    """Size of a record, and the number of seeds where chance plays a part."""
    count = len(record["seeds"])
    return f"N = {record['n']:,}" + (f", {count} seed{'s' if count > 1 else ''}" if count else "")


def _badge(name: str) -> str:
    return f'<span class="{_CLASSES[name]}">{name}</span>'


def table(payload: dict) -> str:
    """The claims of one run as an HTML table; a statement opens to the quantity, and a band to its reason."""
    claims, scale = {claim.id: claim for claim in load(payload["chapter"])}, payload["scale"]
    rows = []
    for record in payload["records"]:
        claim = claims[record["id"]]
        measured = "not measured"
        if record["value"] is not None:
            unit = "" if claim.unit == "1" else " " + escape(claim.unit)
            measured = f"<b>{_number(record['value'])}</b>{unit}"
            low, high = open_ends(record["interval"])
            if low != high:
                measured += f"<small>95 %: {_range((low, high))}</small>"
        if record["note"]:
            measured += f"<small>{escape(record['note'])}</small>"
        controls = "".join(
            _more(f"{escape(name)}: {_number(control['value'])}", claim.controls[name])
            for name, control in record["controls"].items()
        )
        paper = ", ".join(escape(str(value)) for value in claim.paper.values())
        name = record["id"].split("/", 1)[1]
        source = f"{escape(claim.source)}; <code>{escape(name)}</code>"
        rows.append(
            f'<tr id="claim-{escape(name.replace("/", "-"))}">'
            f"<td>{_more(escape(claim.statement), 'Measured: ' + claim.quantity)}<small>{source}</small></td>"
            f"<td>{_badge(verdict(claim, record, scale))}</td>"
            f"<td>{measured}<small>{_sample(record)}</small></td>"
            f"<td>{_more(_range(claim.accept[scale]), claim.because)}<small>paper: {paper}</small></td>"
            f"<td>{controls or '–'}</td></tr>"
        )
    titles = ("claim", "verdict", f"measured ({scale})", "band", "controls (must miss the band)")
    head = "".join(f"<th>{title}</th>" for title in titles)
    return f'<div class="bp-claims"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


class _Html:
    """Something that a notebook shows as HTML."""

    def __init__(self, html: str):
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


def glance() -> _Html:
    """Counts of verdicts, with a row for each chapter and archived scale."""
    rows = []
    for scale in SCALES:
        for chapter, run in sorted(load_archive(scale).items()):
            count = Counter(record["verdict"] for record in run["records"])
            cells = "".join(f"<td>{count.get(name, 0)}</td>" for name in VERDICTS)
            rows.append((chapter, f"<tr><td>{escape(chapter)}</td><td>{scale}</td>{cells}<td>{run['date']}</td></tr>"))
    body = "".join(row for _, row in sorted(rows, key=lambda pair: pair[0]))
    head = "".join(f"<th>{_badge(name)}</th>" for name in VERDICTS)
    return _Html(
        '<div class="bp-claims bp-glance"><table>'
        f"<thead><tr><th>chapter</th><th>scale</th>{head}<th>run on</th></tr></thead>"
        f"<tbody>{body or '<tr><td colspan=7>no archived run</td></tr>'}</tbody></table></div>"
    )


def scoreboard() -> _Html:
    """Every claim of every chapter with its verdict, value and size at each archived scale."""
    archives = {scale: load_archive(scale) for scale in SCALES}
    rows = []
    for chapter in chapters():
        runs = {s: {r["id"]: r for r in a[chapter]["records"]} for s, a in archives.items() if chapter in a}
        for claim in load(chapter):
            cells = ""
            for scale in SCALES:
                record = runs.get(scale, {}).get(claim.id)
                if record is None:
                    cells += "<td>–</td>" if runs else "<td>not run yet</td>"
                    continue
                value = "" if record["value"] is None else f"{_number(record['value'])}, "
                cells += f"<td>{_badge(record['verdict'])}<small>{value}N = {record['n']:,}</small></td>"
            chapter_id, name = claim.id.split("/", 1)
            link = escape(claim.id)
            if runs:  # bands are fixed before there is a page
                link = f'<a href="{chapter_id}.html#claim-{name.replace("/", "-")}">{link}</a>'
            rows.append(
                f"<tr><td>{link}<br>{escape(claim.statement)}<small>{escape(claim.source)}</small></td>{cells}</tr>"
            )
    head = "".join(f"<th>{title}</th>" for title in ("claim", *SCALES))
    return _Html(
        f'<div class="bp-claims"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
