"""The scoreboard: a panel of verdicts, and a page on which every claim can be searched, sorted and opened."""

import math
from collections import Counter
from html import escape

from bosonpeak.book import tables
from bosonpeak.book.claims import SCALES, Claim, archived_records, chapters, load
from bosonpeak.book.ledger import Ledger
from bosonpeak.book.verdicts import NOT_TESTABLE, VERDICTS, open_ends

PAPERS = {
    "jiang-2026": "Jiang 2026: fluctuating coordination",
    "mizuno-2020": "Mizuno 2020: soft modes that rearrange particles",
    "yang-2021": "Yang 2021: anharmonicity and barriers",
    "li-2025": "Li 2025: local shear strain",
    "tao-2023": "Tao 2023: structure learned by a network",
    "spring-network": "Spring networks: Jiang 2026 on other networks",
}
"""Titles of the rows of the panel, in the order of the book."""


def current(records: dict[str, dict]) -> tuple[str, dict] | None:
    """The record that stands for a claim, and its scale: the largest scale at which the claim could be tested.

    Parameters
    ----------
    records : dict
        Archived records of one claim by scale, as `claims.archived_records` has them.

    Returns
    -------
    (str, dict) or None
        Where the claim could be tested at no scale, the record of the largest; None where it was never run.
    """
    ran = [scale for scale in reversed(SCALES) if scale in records]
    if not ran:
        return None
    scale = next((scale for scale in ran if records[scale]["verdict"] != NOT_TESTABLE), ran[0])
    return scale, records[scale]


def _ordered() -> list[str]:
    known = chapters()
    return [name for name in PAPERS if name in known] + [name for name in known if name not in PAPERS]


def _title(chapter: str) -> str:
    return PAPERS.get(chapter, chapter)


def panel(page: str = "scoreboard.html") -> tables.Html:
    """One square per claim of a paper that counts, in a row per paper, coloured by its verdict.

    Parameters
    ----------
    page : str
        Address of the page to whose claims the squares are linked.

    Returns
    -------
    Html
        A list of lists: each square is a link whose name is the claim with its verdict. Claims that state what a paper
        is about are the largest squares, and checks of a method are the smallest.
    """
    records, rows, total = archived_records(), [], Counter()
    for chapter in _ordered():
        squares, count = [], Counter()
        counted = [claim for claim in load(chapter) if claim.counts]
        for claim in sorted(counted, key=lambda one: ("thesis", "result", "method").index(one.weight)):
            found = current(records.get(claim.id, {}))
            verdict = found[1]["verdict"] if found else "not run yet"
            count[verdict] += 1
            text = f"{claim.weight}: {claim.statement} ({claim.source}): {verdict}"
            kind = f"bp-square bp-{claim.weight} {tables.CLASSES.get(verdict, 'bp-not-run')}"
            squares.append(
                f'<li><a class="{kind}" title="{escape(text)}" '
                f'href="{page}#{tables.anchor(claim.id)}"><span class="bp-hidden">{escape(text)}</span></a></li>'
            )
        total += count
        counts = ", ".join(f"{count[name]} {name}" for name in (*VERDICTS, "not run yet") if count[name])
        rows.append(
            f'<li><a href="{chapter}.html">{escape(_title(chapter))}</a><small>{counts}</small>'
            f'<ul class="bp-squares">{"".join(squares)}</ul></li>'
        )
    legend = "".join(f"<li>{tables.badge(name)} {total[name]}</li>" for name in VERDICTS)
    return tables.Html(
        f'<div class="bp-panel"><ul class="bp-legend" aria-label="Verdicts and their number">{legend}</ul>'
        f'<ul class="bp-rows">{"".join(rows)}</ul></div>'
    )


def chapter_panel(ledger: Ledger) -> tables.Html:
    """One square per counted claim of a run, coloured by its verdict and linked to its row in the table of claims.

    Parameters
    ----------
    ledger : Ledger
        With all claims recorded. Raises KeyError for one that was not.
    """
    counted = [claim for claim in ledger.claims.values() if claim.counts]
    verdicts = {claim.id: ledger.verdict(claim.id) for claim in counted}
    squares = []
    for claim in sorted(counted, key=lambda one: ("thesis", "result", "method").index(one.weight)):
        text = f"{claim.weight}: {claim.statement} ({claim.source}): {verdicts[claim.id]}"
        squares.append(
            f'<li><a class="bp-square bp-{claim.weight} {tables.CLASSES[verdicts[claim.id]]}" title="{escape(text)}" '
            f'href="#{tables.anchor(claim.id)}"><span class="bp-hidden">{escape(text)}</span></a></li>'
        )
    total = Counter(verdicts.values())
    legend = "".join(f"<li>{tables.badge(name)} {total[name]}</li>" for name in VERDICTS)
    return tables.Html(
        f'<div class="bp-panel"><ul class="bp-legend" aria-label="Verdicts and their number">{legend}</ul>'
        f'<ul class="bp-squares">{"".join(squares)}</ul></div>'
    )


def glance() -> tables.Html:
    """The counted claims of each paper by verdict, and the others by origin, as a small table."""
    records, body = archived_records(), []
    for chapter in _ordered():
        count, apart = Counter(), Counter()
        for claim in load(chapter):
            found = current(records.get(claim.id, {}))
            if claim.counts and found:
                count[found[1]["verdict"]] += 1
            elif not claim.counts:
                apart[claim.origin if claim.origin != "paper" else "retired"] += 1
        cells = "".join(f"<td>{count.get(name, 0)}</td>" for name in VERDICTS)
        others = "".join(f"<td>{apart.get(name, 0)}</td>" for name in ("beyond", "method", "exploratory", "retired"))
        body.append(f'<tr><th scope="row">{escape(chapter)}</th>{cells}{others}</tr>')
    names = [tables.badge(name) for name in VERDICTS] + ["beyond", "method", "exploratory", "retired"]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return tables.Html(
        '<div class="bp-claims bp-glance" tabindex="0" role="region" aria-label="Numbers of claims by verdict"><table>'
        f'<thead><tr><th scope="col">chapter</th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def board() -> tables.Html:
    """Every claim of every chapter, one row each, with tools to search, filter and sort.

    Without JavaScript the whole table shows. Each row opens to its specification strip, its controls, its seeds, the
    time that the run took, and the cell that measured it; its place is a permanent address.
    """
    records = archived_records()
    rows = [row for chapter in _ordered() for row in _rows(chapter, records)]
    head = "".join(f'<th scope="col">{title}</th>' for title in ("claim", "verdict", "measured", "band"))
    return tables.Html(
        f'<div class="bp-board" data-scale="current">{_tools()}'
        '<div class="bp-claims" tabindex="0" role="region" aria-label="All claims"><table>'
        f"<thead><tr>{head}</tr></thead>{''.join(rows)}</table></div></div>"
    )


def _clearness(pair: tuple[Claim, dict]) -> tuple:
    """Sorts claims by how well they stand alone as an example: counted, a thesis, with controls, and a short reason."""
    claim, record = pair
    leans = claim.statement.split()[0] in ("their", "they", "but", "so", "as", "it") or "the same" in claim.statement
    weight = ("thesis", "result", "method", None).index(claim.weight)
    return (not claim.counts, leans, not claim.controls, weight, len(record["reason"]), claim.id)


def examples() -> tables.Html:
    """One claim of the ledger for each verdict, with the reason for it, in words.

    Of the claims with a verdict, one that stands alone is taken: it counts, and it has a control.
    """
    records, items = archived_records(), []
    for verdict in VERDICTS:
        found = [
            (claim, stands[1])
            for chapter in _ordered()
            for claim in load(chapter)
            if (stands := current(records.get(claim.id, {}))) and stands[1]["verdict"] == verdict
        ]
        found.sort(key=_clearness)
        text = "no claim of the ledger has this verdict at present"
        if found:
            claim, record = found[0]
            link = f'<a href="scoreboard.html#{tables.anchor(claim.id)}">{escape(claim.id)}</a>'
            value = "" if record["value"] is None else f" Measured: {_in_brackets(claim, record)}."
            text = f"“{escape(claim.statement)}” ({link}).{value} {escape(tables.sentence(record['reason']))}"
        items.append(f"<dt>{tables.badge(verdict)}</dt><dd>{text}</dd>")
    return tables.Html(f'<dl class="bp-examples">{"".join(items)}</dl>')


def _in_brackets(claim: Claim, record: dict) -> str:
    """A value with its unit and, in brackets, its interval."""
    low, high = open_ends(record["interval"])
    ends = "" if low == high else f" [{tables.interval((low, high))}]"
    return f"{tables.number(record['value'])}{ends}" + ("" if claim.unit == "1" else f" {escape(claim.unit)}")


def _tools() -> str:
    """Search, filters and sorting; hidden until the script of the page shows them."""

    def choice(name: str, label: str, options: dict[str, str]) -> str:
        inner = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options.items())
        return f'<label>{label} <select name="{name}">{inner}</select></label>'

    same = {name: name for name in VERDICTS}
    order = {
        "book": "order of the book", "verdict": "verdict", "chapter": "paper", "n": "size N", "kind": "kind",
    }  # fmt: skip
    shown = {"current": "largest that was tested"} | {scale: scale for scale in reversed(SCALES)}
    return (
        '<form class="bp-tools" hidden aria-label="Search, filter and sort the claims">'
        '<label>search <input type="search" name="search" placeholder="words of a claim"></label>'
        + choice("chapter", "paper", {"": "all"} | {name: name for name in _ordered()})
        + choice("verdict", "verdict", {"": "all"} | same)
        + choice(
            "origin",
            "origin",
            {"": "all", "counted": "counted for a paper"}
            | {name: name for name in ("paper", "beyond", "method", "exploratory")},
        )
        + choice("scale", "scale", shown)
        + choice("sort", "sort by", order)
        + '<button type="reset">show all</button><output aria-live="polite"></output></form>'
    )


def _rows(chapter: str, records: dict) -> list[str]:
    return [_row(claim, records.get(claim.id, {})) for claim in load(chapter)]


def _row(claim: Claim, ran: dict[str, dict]) -> str:
    found = current(ran)
    shown = ({"current": found[1]} if found else {}) | ran
    verdicts = {scale: record["verdict"] for scale, record in shown.items()}
    badges = "".join(
        f'<span class="bp-at" data-scale="{scale}">{tables.badge(record["verdict"])}</span>'
        for scale, record in shown.items()
    )
    values = "".join(
        f'<span class="bp-at" data-scale="{scale}">{tables.measured(claim, record)}'
        f"<small>{tables.sample(record)}</small></span>"
        for scale, record in shown.items()
    )
    bands = {scale: claim.accept[found[0] if scale == "current" else scale] for scale in shown}
    banded = "".join(
        f'<span class="bp-at" data-scale="{scale}">{tables.interval(band)}</span>' for scale, band in bands.items()
    )
    flag = tables.standing(claim)
    data = {
        "chapter": claim.chapter,
        "origin": claim.origin,
        "counted": str(claim.counts).lower(),
        "kind": claim.kind,
        **{f"n-{scale}": str(record["n"] if record["value"] is not None else 0) for scale, record in shown.items()},
        **{f"verdict-{scale}": verdict for scale, verdict in verdicts.items()},
    }
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    details = _details(claim, ran, found)
    return (
        f'<tbody id="{tables.anchor(claim.id)}"{attributes}><tr>'
        f'<th scope="row"><a class="bp-permalink" href="#{tables.anchor(claim.id)}">{escape(claim.id)}</a>'
        f"<br>{escape(claim.statement)}<small>{escape(claim.source)}</small>"
        + (f'<small class="bp-flag">{escape(flag)}</small>' if flag else "")
        + f'</th><td data-label="verdict">{badges or "not run yet"}</td><td data-label="measured">{values or "–"}</td>'
        f'<td data-label="band">{banded or tables.interval(claim.accept["book"])}</td></tr>'
        + (f'<tr class="bp-more"><td colspan="4">{details}</td></tr>' if details else "")
        + "</tbody>"
    )


def _details(claim: Claim, ran: dict[str, dict], found) -> str:
    """What a row opens to."""
    if found is None:
        return ""
    scale, record = found
    page, measured = f"{claim.chapter}.html", record["value"] is not None
    cell = f", code cell {record['cell']}" if record["cell"] else ""
    why = " ".join(filter(None, (tables.sentence(record["reason"]), tables.decides(claim, record, scale))))
    facts = [
        ("why", why),
        ("measured quantity", claim.quantity),
        ("the band", f"{tables.interval(claim.accept[scale])}: {claim.because} (registered {claim.registered})"),
        ("the paper", ", ".join(str(value) for value in claim.paper.values())),
        ("requires", ", ".join(f"{key} {value:g}" for key, value in claim.requires.items())),
        ("controls", "; ".join(f"{key}: {text}" for key, text in claim.controls.items()) or claim.no_control),
        ("the interval covers", ", ".join(claim.covers)),
        ("size and seeds", f"{tables.sample(record)}{_seeds(record)}; {tables.source(record)}" if measured else ""),
        ("at the scales", _by_scale(ran)),
        ("note", record["note"]),
        ("the run", f"{record['date']}, {record['seconds']:.0f} s for the chapter at {scale} scale"),
    ]
    listed = "".join(f"<dt>{key}</dt><dd>{escape(text)}</dd>" for key, text in facts if text)
    return (
        f'<details><summary>why and how<span class="bp-hidden"> of {escape(claim.id)}</span></summary>'
        f"{tables.strip(claim, record, scale)}<dl>{listed}</dl>"
        f'<small>measured in <a href="{page}#{tables.anchor(claim.id)}">{escape(claim.chapter)}</a>{cell}; repeat it '
        f"with <code>bosonpeak check {escape(claim.id)}</code></small></details>"
    )


def _seeds(record: dict) -> str:
    seeds = record["seeds"]
    if not seeds:
        return ""
    if len(seeds) > 6:
        return f" ({', '.join(map(str, seeds[:3]))} … {seeds[-1]})"
    return f" ({', '.join(map(str, seeds))})"


def _by_scale(ran: dict[str, dict]) -> str:
    """What each scale measured; where two scales have one and the same measurement, this is said."""
    said, before = [], {}
    for scale, record in ran.items():
        key = (record["value"], str(record["interval"]), record["n"], str(record["seeds"]))
        if record["value"] is not None and key in before:
            said.append(f"{scale}: the same measurement as at {before[key]} scale, {record['verdict']}")
        else:
            said.append(f"{scale}: {_said(record)}")
        before.setdefault(key, scale)
    return "; ".join(said)


def _said(record: dict) -> str:
    value = "" if record["value"] is None else f" {tables.number(record['value'])} at N = {record['n']:,},"
    low, high = (None, None) if record["interval"] is None else record["interval"]
    wide = record["value"] is not None and (low is None or high is None or math.isinf(high - low))
    return f"{value} {record['verdict']}".strip(" ,") + (" (open interval)" if wide else "")
