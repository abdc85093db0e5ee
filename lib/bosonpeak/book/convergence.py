"""How the claims depend on the size of the system and on the cooling rate, and what follows at the size of the paper.

A claim is followed through the points of `book.sizes`. Where three sizes or more have an interval and the values drift
with N beyond their errors, a straight line against the inverse of the edge of the box is extended to the size of the
paper. Nothing is extended from two sizes, and nothing without a clear drift.
"""

import math
from collections import Counter
from dataclasses import dataclass
from html import escape

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullLocator
from scipy import stats

from bosonpeak.book import tables
from bosonpeak.book.claims import Claim, load_all
from bosonpeak.book.scoreboard import PAPERS
from bosonpeak.book.sizes import MEASURED, Point
from bosonpeak.book.verdicts import place

FOLLOWED = ("value", "exponent", "correlation")
"""Kinds of claims whose quantity is a number that can be followed over sizes."""
PAPER_SIZES = {"jiang-2026": 3600, "li-2025": 10000, "tao-2023": 4000, "yang-2021": 19652}
"""Number of nodes or atoms of the system of each paper."""
SPHERES, LENNARD_JONES = 16000, 4000
"""Smallest numbers of particles of mizuno-2020, which takes several sizes of each system together."""
OUTCOMES = ("settled", "extrapolated", "open")
_COLORS = {"settled": "#009E73", "extrapolated": "#0072B2", "open": "#8a8a8a"}


@dataclass(frozen=True)
class Line:
    """A straight line a + b N^(-1/3) through the points of a claim, weighted by their intervals.

    Attributes
    ----------
    at_paper : float
        Its value at the size of the paper.
    interval : (float, float)
        95 %; errors are enlarged where the points scatter more than their intervals say.
    drift : float
        |b| over its standard error; above 2 the drift with N is called clear.
    sizes : int
        Number of sizes that have an interval.
    """

    at_paper: float
    interval: tuple[float, float]
    drift: float
    sizes: int


@dataclass(frozen=True)
class Followed:
    """A claim over sizes.

    Attributes
    ----------
    claim : Claim
    points : list of Point
        By size; at one cooling rate.
    rates : list of Point
        At one size, by cooling rate; empty where only one rate was measured.
    paper_n : int
        Number of particles or nodes of the paper.
    line : Line or None
        None where fewer than two sizes have an interval.
    outcome : str
        What can be said at the size of the paper. "settled": measured there or beyond, and decided. "extrapolated":
        decided by the line. "open": neither.
    verdict : str
        Where the quantity lies at the size of the paper: "inside" the band, "outside", or "" where this is open.
    changes : bool
        Whether the smallest and the largest size with an interval lie differently: inside, outside or across an edge.
    why : str
        One sentence.
    """

    claim: Claim
    points: list[Point]
    rates: list[Point]
    paper_n: int
    line: Line | None
    outcome: str
    verdict: str
    changes: bool
    why: str


def paper_size(claim: Claim, largest: int) -> int:
    """Number of particles or nodes of the paper's own system, the smallest where it takes several together.

    The chapter on spring networks asks about large networks: there it is the largest size that was measured.
    """
    if claim.chapter == "spring-network":
        return largest
    if claim.chapter in PAPER_SIZES:
        return PAPER_SIZES[claim.chapter]
    lennard_jones = claim.id.endswith("-lj")
    return max(LENNARD_JONES if lennard_jones else SPHERES, claim.requires.get("n", 0))


def dimension_of(claim: Claim) -> int:
    """Dimension of the systems of a claim: networks are two-dimensional unless the claim says otherwise."""
    flat = claim.chapter in ("jiang-2026", "spring-network") and not claim.id.endswith("-3d")
    return 2 if flat else 3


def fit_line(points: list[Point], paper_n: int, dimension: int = 3) -> Line | None:
    """`Line` through the points that have an interval; None where fewer than two have one.

    The standard error of a point is the half-width of its interval over Student's t of its samples. Where the points
    scatter more than these errors, the errors are enlarged, and t of the remaining degrees of freedom is used.

    Parameters
    ----------
    points : list of Point
    paper_n : int
    dimension : int
        Of the systems: the edge of a box grows as N^(1/dimension).
    """
    known = [p for p in points if 0 < p.interval[1] - p.interval[0] < math.inf]
    if len({p.n for p in known}) < 2:
        return None
    x = np.array([p.n for p in known]) ** (-1 / dimension)
    half = np.array([(p.interval[1] - p.interval[0]) / 2 for p in known])
    y, error = np.array([p.value for p in known]), half / stats.t.ppf(0.975, [p.samples - 1 for p in known])
    design = np.column_stack([np.ones(len(x)), x]) / error[:, None]
    covariance = np.linalg.inv(design.T @ design)
    a, b = covariance @ design.T @ (y / error)
    freedom = len(x) - 2
    scatter = float((((y - a - b * x) / error) ** 2).sum() / freedom) if freedom else 1.0
    covariance = covariance * max(scatter, 1.0)
    quantile = float(stats.t.ppf(0.975, freedom)) if scatter > 1 else 1.96
    there = np.array([1.0, paper_n ** (-1 / dimension)])
    value, half_width = float(there @ (a, b)), quantile * math.sqrt(there @ covariance @ there)
    drift = 1.96 * abs(b) / (quantile * math.sqrt(covariance[1, 1]))
    return Line(value, (value - half_width, value + half_width), float(drift), len(x))


def follow(claim: Claim, points: list[Point]) -> Followed:
    """Follow one claim over its points.

    Parameters
    ----------
    claim : Claim
    points : list of Point
        Of all sizes and rates.

    Returns
    -------
    Followed
    """
    by_size = [p for p in points if p.rate is None]
    rates, band = [p for p in points if p.rate is not None], claim.accept["paper"]
    paper_n = paper_size(claim, by_size[-1].n)
    # glasses that were cooled faster than the claim allows decide nothing
    allowed = claim.requires.get("cooling_rate", math.inf)
    fit = [p for p in by_size if p.fastest is None or p.fastest <= allowed * (1 + 1e-9)]
    line = fit_line(fit, paper_n, dimension_of(claim))
    known = [p for p in fit if math.isfinite(p.interval[1] - p.interval[0])]
    there = [p for p in known if p.n >= paper_n]
    outcome, verdict = "open", ""
    if there and place(there[-1].interval, band) != "across":
        outcome, verdict = "settled", place(there[-1].interval, band)
        why = f"measured at N = {there[-1].n:,}, where the interval lies {verdict} the band"
    elif line is not None and line.sizes > 2 and line.drift > 2 and place(line.interval, band) != "across":
        outcome, verdict = "extrapolated", place(line.interval, band)
        why = f"the drift over {line.sizes} sizes leads {verdict} the band at N = {paper_n:,}"
    else:
        why = _why_open(fit, line, paper_n)
    changes = len(known) > 1 and place(known[0].interval, band) != place(known[-1].interval, band)
    return Followed(claim, by_size, rates, paper_n, line, outcome, verdict, changes, why)


def _why_open(points: list[Point], line: Line | None, paper_n: int) -> str:
    if not points:
        return "all glasses were cooled faster than the claim allows"
    large = [p for p in points if p.n >= paper_n]
    if any(math.isfinite(p.interval[1] - p.interval[0]) for p in large):
        return "at the size of the paper the interval crosses an edge of the band"
    if large:
        return "of the size of the paper there are too few samples for an interval"
    if line is None or line.sizes < 3:
        return "no system is as large as the paper's, and fewer than three sizes have an interval"
    if line.drift <= 2:
        return "no system is as large as the paper's, and no clear drift with N can be extended"
    return "no system is as large as the paper's, and the extended line crosses an edge of the band"


def follow_all() -> list[Followed]:
    """Every claim of the kinds `FOLLOWED` that was measured at two sizes or more, in the order of the ledger."""
    known, found = load_all(), {}
    for measured in MEASURED.values():
        found |= measured()
    return [
        follow(claim, found[name])
        for name, claim in known.items()
        if claim.kind in FOLLOWED and name in found and len({p.n for p in found[name] if p.rate is None}) > 1
    ]


def of_chapter(followed: list[Followed], chapter: str) -> list[Followed]:
    """Those of one chapter."""
    return [one for one in followed if one.claim.chapter == chapter]


def count(followed: list[Followed]) -> dict[str, int | str]:
    """Numbers that the page quotes: of each outcome and of all, and in words of those that change or drift with N."""
    outcomes = Counter(one.outcome for one in followed)
    counts = {name: outcomes[name] for name in OUTCOMES}
    drifting = sum(one.line is not None and one.line.sizes > 2 and one.line.drift > 2 for one in followed)
    changing = sum(one.changes for one in followed)
    words = {"changing": _in_words(changing), "drifting": _in_words(drifting).lower()}
    counted = sum(one.claim.counts for one in followed)
    return counts | {"followed": len(followed), "counted": counted} | words


def _in_words(number: int) -> str:
    """A number of claims as the subject of a sentence."""
    return {0: "No claim", 1: "One claim"}.get(number, f"{number} claims")


def reasons(followed: list[Followed]) -> tables.Html:
    """Why the open claims are open, with their number and their names, as a list."""
    groups: dict[str, list[str]] = {}
    for one in followed:
        if one.outcome == "open":
            link = f'<a href="scoreboard.html#{tables.anchor(one.claim.id)}">{escape(one.claim.id)}</a>'
            groups.setdefault(one.why, []).append(link)
    items = [
        f"<li>{len(names)}: {escape(why)}.<details><summary>which</summary>{', '.join(names)}</details></li>"
        for why, names in sorted(groups.items(), key=lambda pair: -len(pair[1]))
    ]
    return tables.Html(f"<ul>{''.join(items)}</ul>")


def draw_overview(ax, followed: list[Followed]) -> None:
    """Draw a bar per chapter: how many of its claims are settled at the size of the paper, and how many change with N.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    followed : list of Followed
    """
    chapters = [name for name in PAPERS if of_chapter(followed, name)]
    for row, chapter in enumerate(reversed(chapters)):
        left = 0
        for outcome in OUTCOMES:
            for changes in (False, True):
                members = [f for f in of_chapter(followed, chapter) if (f.outcome, f.changes) == (outcome, changes)]
                if members:
                    ax.barh(
                        row, len(members), left=left, color=_COLORS[outcome], edgecolor="white", linewidth=1.2,
                        hatch="///" if changes else None, height=0.66,
                    )  # fmt: skip
                    ax.text(
                        left + len(members) / 2, row, len(members), ha="center", va="center", color="white", fontsize=11
                    )
                    left += len(members)
    for outcome in OUTCOMES:
        if any(one.outcome == outcome for one in followed):
            ax.barh(0, 0, color=_COLORS[outcome], label=outcome)
    if any(one.changes for one in followed):
        ax.barh(0, 0, color="white", edgecolor="0.3", hatch="///", label="smallest and largest size differ")
    names = [f"{name}\n(largest size)" if name == "spring-network" else name for name in chapters]
    ax.set_yticks(range(len(chapters)), list(reversed(names)))
    ax.set(xlabel="claims", ylim=(-0.6, len(chapters) - 0.4))
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=2, fontsize=11)


def _position(value: float, band: tuple[float, float]) -> float:
    """Place of a value on an axis on which every band reaches from -1 to 1; a one-sided one has its edge at -1 or 1."""
    low, high = band
    if math.isfinite(low) and math.isfinite(high):
        half = 0.5 * (high - low) or max(abs(low), 1e-9) * 0.1
        return (value - 0.5 * (low + high)) / half
    edge = low if math.isfinite(low) else high
    scaled = (value - edge) / max(abs(edge), 0.1)
    return scaled - 1 if math.isfinite(low) else scaled + 1


def draw_paths(ax, followed: list[Followed]) -> None:
    """Draw each claim as an arrow from the smallest to the largest system, on an axis on which all bands coincide.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    followed : list of Followed
        Of one chapter.
    """
    ax.axvspan(-1, 1, color=_COLORS["settled"], alpha=0.16, linewidth=0)
    for row, one in enumerate(reversed(followed)):
        band, color = one.claim.accept["paper"], _COLORS[one.outcome]
        at = [float(np.clip(_position(p.value, band), -3, 3)) for p in one.points]
        ax.plot(at, [row] * len(at), "-", color=color, linewidth=1.4)
        ax.plot(at[0], row, "o", color="white", markeredgecolor=color, markersize=6)
        ax.plot(at[-1], row, "o", color=color, markersize=7)
        if one.outcome == "extrapolated":
            ax.plot(np.clip(_position(one.line.at_paper, band), -3, 3), row, ">", color=color, markersize=8)
    ax.set_yticks(range(len(followed)), [one.claim.id.split("/", 1)[1] for one in reversed(followed)], fontsize=11)
    ax.set_xticks([-2, 0, 2], ["below", "band", "above"], fontsize=11)
    ax.set(xlim=(-3.5, 3.5), ylim=(-0.7, len(followed) - 0.3))
    ax.grid(axis="y", color="0.92")
    ax.set_axisbelow(True)


def show_paths(followed: list[Followed]) -> None:
    """Show `draw_paths` of some claims in a figure as high as it has to be."""
    _, ax = plt.subplots(figsize=(5.6, 1.0 + 0.27 * len(followed)))
    draw_paths(ax, followed)
    plt.show()


def draw_rates(axes, followed: list[Followed]) -> None:
    """Draw the claims that were measured at several cooling rates, one panel each, over the band.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
        As many as `at_rates` has claims.
    followed : list of Followed
    """
    for ax, one in zip(axes, at_rates(followed), strict=True):
        rate = np.array([p.rate for p in one.rates])
        value = np.array([p.value for p in one.rates])
        low, high = np.transpose([p.interval for p in one.rates])
        finite = np.isfinite(high - low)
        errors = np.abs(np.where(finite, [value - low, high - value], 0.0))
        ax.errorbar(rate, value, errors, fmt="o-", color="#0072B2", markersize=4)
        bottom, top = ax.get_ylim()
        lower, upper = one.claim.accept["paper"]
        bottom, top = (
            min(bottom, lower if math.isfinite(lower) else bottom),
            max(top, upper if math.isfinite(upper) else top),
        )
        ax.axhspan(max(lower, bottom), min(upper, top), color=_COLORS["settled"], alpha=0.16, linewidth=0)
        ax.set(xscale="log", ylim=(bottom, top))
        ax.set_title(one.claim.id.replace("/", "\n", 1), fontsize=11, loc="left")
        ax.set_ylabel("" if one.claim.unit == "1" else one.claim.unit, fontsize=10)
        ax.xaxis.set_major_locator(LogLocator(numticks=4))
        ax.xaxis.set_minor_locator(NullLocator())
    for ax in axes[-2:]:
        ax.set_xlabel("cooling rate (K/s)")


def show_rates(followed: list[Followed]) -> None:
    """Show `draw_rates` in a figure with as many panels as it needs, two in a row."""
    count = len(at_rates(followed))
    fig, axes = plt.subplots((count + 1) // 2, 2, figsize=(5.6, 2.1 * ((count + 1) // 2)), squeeze=False)
    for ax in axes.ravel()[count:]:
        ax.remove()
    draw_rates(axes.ravel()[:count], followed)
    fig.align_ylabels()
    plt.show()


def at_rates(followed: list[Followed]) -> list[Followed]:
    """The claims that were measured at two cooling rates or more."""
    return [one for one in followed if len({p.rate for p in one.rates}) > 1]


def table(followed: list[Followed]) -> tables.Html:
    """Claims over sizes as a table: a small drawing, the values, and what follows at the size of the paper.

    Parameters
    ----------
    followed : list of Followed
        Of one chapter.
    """
    rows = []
    for one in followed:
        values = "".join(
            f"<small>N = {p.n:,}: {tables.number(p.value)}"
            + (f" [{tables.interval(p.interval)}]" if math.isfinite(p.interval[1] - p.interval[0]) else " (one sample)")
            + "</small>"
            for p in one.points
        )
        name = escape(one.claim.id.split("/", 1)[1])
        link = f'<a href="scoreboard.html#{tables.anchor(one.claim.id)}">{name}</a>'
        ahead = ""
        if one.outcome == "extrapolated":
            ahead = (
                f"<small>extended: {tables.number(one.line.at_paper)} [{tables.interval(one.line.interval)}]</small>"
            )
        changes = "; the smallest and the largest size differ" if one.changes else ""
        rows.append(
            f'<tr><th scope="row">{link}<small>{escape(one.claim.statement)}</small></th>'
            f"<td>{_sparkline(one)}{values}</td><td><b>{one.outcome}</b>{changes}{ahead}"
            f"<small>{escape(tables.sentence(one.why))}</small></td>"
            f"<td>{tables.interval(one.claim.accept['paper'])}</td></tr>"
        )
    head = "".join(f'<th scope="col">{t}</th>' for t in ("claim", "by size", "at the size of the paper", "band"))
    return tables.Html(
        f"<details><summary>Table: the {len(followed)} claims by size, one by one</summary>"
        '<div class="bp-claims" tabindex="0" role="region" aria-label="Claims over sizes"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _sparkline(one: Followed) -> str:
    """Values against log N over the band, 140 by 44, with a text for screen readers."""
    band, points = one.claim.accept["paper"], one.points
    finite = [p.value for p in points] + [e for p in points for e in p.interval if math.isfinite(e)]
    finite += [end for end in band if math.isfinite(end)]
    low, high = min(finite), max(finite)
    span = (high - low) or abs(low) or 1.0
    low, high = low - 0.08 * span, high + 0.08 * span
    first, last = math.log(points[0].n), math.log(max(points[-1].n, one.paper_n))

    def x(n):
        return 6 + 128 * (math.log(n) - first) / ((last - first) or 1.0)

    def y(value):
        return 42 - 40 * (min(max(value, low), high) - low) / (high - low)

    parts = [
        f'<rect class="bp-band" x="0" width="140" y="{y(band[1]):.1f}" height="{max(y(band[0]) - y(band[1]), 1):.1f}"/>'
    ]
    for p in points:
        parts.append(
            f'<line x1="{x(p.n):.1f}" x2="{x(p.n):.1f}" y1="{y(p.interval[0]):.1f}" y2="{y(p.interval[1]):.1f}"/>'
            f'<circle cx="{x(p.n):.1f}" cy="{y(p.value):.1f}" r="2.6"/>'
        )
    said = escape("; ".join(f"N = {p.n:,}: {tables.number(p.value)}" for p in points))
    return f'<svg class="bp-spark" viewBox="0 0 140 44" role="img" aria-label="{said}">{"".join(parts)}</svg>'
