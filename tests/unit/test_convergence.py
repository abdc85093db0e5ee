"""Claims over sizes: the line by exact points, the outcome by table, and the points of the book."""

import datetime
import math

import numpy as np
import pytest
from scipy import stats

from bosonpeak.book import claims, convergence, sizes
from bosonpeak.book.claims import Claim
from bosonpeak.book.convergence import fit_line, follow
from bosonpeak.book.sizes import Point, collect

OPEN = (-math.inf, math.inf)


def claim_with(band=(1, 3), chapter="li-2025", requires=None) -> Claim:
    return Claim(
        id=f"{chapter}/fig1/one", source="Fig. 1", statement="it is so", kind="value", quantity="omega", unit="1",
        paper={"value": 2}, accept=dict.fromkeys(claims.SCALES, band), because="noise", controls={}, origin="paper",
        registered=datetime.date(2026, 1, 1), covers=("glasses",), weight="result", requires=requires or {},
    )  # fmt: skip


def drifting(a, b, ns, half=0.1) -> list[Point]:
    """Points exactly on a + b N^(-1/3)."""
    values = [a + b * n ** (-1 / 3) for n in ns]
    return [Point(n, v, (v - half, v + half), 3) for n, v in zip(ns, values, strict=True)]


def test_the_line_goes_through_exact_points_and_knows_its_error():
    # the error of three samples is the half-width over Student's t
    points = drifting(2.0, 10.0, (1000, 8000, 27000), half=0.1 * stats.t.ppf(0.975, 2))
    line = fit_line(points, 64000)
    assert line.at_paper == pytest.approx(2.0 + 10.0 / 40) and line.sizes == 3
    # errors of 0.1 each: numpy's own covariance of a weighted polynomial
    x = np.array([p.n for p in points]) ** (-1 / 3)
    covariance = np.polyfit(x, [p.value for p in points], 1, w=[10.0] * 3, cov="unscaled")[1]
    there = np.array([1 / 40, 1.0])
    half = 1.96 * math.sqrt(there @ covariance @ there)
    assert line.interval == pytest.approx((line.at_paper - half, line.at_paper + half))
    assert line.drift == pytest.approx(10.0 / math.sqrt(covariance[0, 0]))


def test_scatter_beyond_the_intervals_widens_the_line():
    calm = drifting(2.0, 0.0, (1000, 2000, 4000, 8000))
    wild = [
        Point(p.n, p.value + (-1) ** k, (p.interval[0] + (-1) ** k, p.interval[1] + (-1) ** k), 3)
        for k, p in enumerate(calm)
    ]
    narrow, wide = (np.ptp(fit_line(points, 64000).interval) for points in (calm, wild))
    assert wide > 5 * narrow


def test_single_samples_bear_no_weight():
    points = drifting(2.0, 0.0, (1000, 8000))
    assert fit_line([*points, Point(64000, 99.0, OPEN, 1)], 64000).at_paper == pytest.approx(2.0)
    assert fit_line([points[0], Point(64000, 99.0, OPEN, 1)], 64000) is None


CASES = [
    # points, outcome, verdict, changes, part of the reason
    (drifting(2, 0, (1000, 10000)), "settled", "inside", False, "at N = 10,000, where the interval lies inside"),
    (drifting(2, 0, (1000, 40000)), "settled", "inside", False, "measured at N = 40,000"),
    (drifting(5, 0, (1000, 10000)), "settled", "outside", False, "outside"),
    (drifting(2, 15, (1000, 10000)), "settled", "inside", True, "inside"),
    # the line is extended from three sizes with a clear drift, and from nothing less
    (drifting(2.1, 20, (1000, 2000, 4000)), "open", "", False, "the extended line crosses an edge"),
    (drifting(1.2, 20, (1000, 2000, 4000), 0.01), "extrapolated", "inside", True, "over 3 sizes leads inside"),
    (drifting(1.2, 20, (1000, 4000), 0.01), "open", "", True, "fewer than three sizes have an interval"),
    (drifting(2, 0, (1000, 2000, 4000)), "open", "", False, "no clear drift with N can be extended"),
    ([*drifting(2, 0, (1000,)), Point(10000, 2.0, OPEN, 1)], "open", "", False, "too few samples for an interval"),
    (drifting(2, 0, (1000, 10000), half=1.5), "open", "", False, "the interval crosses an edge"),
]  # fmt: skip


@pytest.mark.parametrize("points, outcome, verdict, changes, reason", CASES)
def test_what_can_be_said_at_the_size_of_the_paper(points, outcome, verdict, changes, reason):
    found = follow(claim_with(), points)
    assert (found.outcome, found.verdict, found.changes) == (outcome, verdict, changes)
    assert reason in found.why


def test_glasses_that_were_cooled_too_fast_decide_nothing():
    points = [Point(n, 2.0, (1.9, 2.1), 3, None, 1e15) for n in (4000, 10000)]
    for rate, outcome in ((1e15, "settled"), (1e14, "open")):
        found = follow(claim_with(requires={"cooling_rate": rate}), points)
        assert found.outcome == outcome and len(found.points) == 2
    assert found.why == "all glasses were cooled faster than the claim allows"


def test_the_edge_of_a_flat_network_grows_with_the_root_of_its_nodes():
    points = [Point(n, 2 + 10 * n**-0.5, (1.9 + 10 * n**-0.5, 2.1 + 10 * n**-0.5), 3) for n in (100, 400, 1600)]
    assert fit_line(points, 10000, 2).at_paper == pytest.approx(2.1)
    flat, solid = (claim_with(chapter="spring-network"), claim_with(chapter="li-2025"))
    assert convergence.dimension_of(flat) == 2 and convergence.dimension_of(solid) == 3


@pytest.mark.parametrize(
    "claim, n",
    [
        (claim_with(chapter="yang-2021"), 19652),
        (claim_with(chapter="mizuno-2020"), 16000),
        (claim_with(chapter="mizuno-2020", requires={"n": 512000}), 512000),
        (claim_with(chapter="spring-network"), 777),
    ],
)
def test_the_size_of_the_paper(claim, n):
    assert convergence.paper_size(claim, 777) == n


def test_rates_are_kept_apart_from_sizes():
    points = [
        *drifting(2, 0, (1000, 10000)),
        Point(1000, 2.0, (1.9, 2.1), 3, 1e12),
        Point(1000, 2.5, (2.4, 2.6), 3, 1e14),
    ]
    found = follow(claim_with(), points)
    assert [p.n for p in found.points] == [1000, 10000] and [p.rate for p in found.rates] == [1e12, 1e14]
    assert convergence.at_rates([found]) == [found]


def test_collected_points_are_ordered_and_a_single_sample_has_no_interval():
    found = collect(
        [
            ("a", 4000, (2.0, (1.0, 3.0)), 1, None),
            ("a", 1000, (1.0, (0.5, 1.5)), 3, None),
            ("b", 9, (None, None), 3, None),
        ]
    )
    assert found == {"a": [Point(1000, 1.0, (0.5, 1.5), 3), Point(4000, 2.0, OPEN, 1)]}


@pytest.fixture(scope="module")
def followed():
    return convergence.follow_all()


@pytest.mark.slow
def test_the_book_follows_more_than_sixty_claims(followed):
    assert len(followed) >= 60
    assert {one.claim.kind for one in followed} == set(convergence.FOLLOWED)
    assert {one.claim.chapter for one in followed} == set(sizes.MEASURED)
    counts = convergence.count(followed)
    assert sum(counts[name] for name in convergence.OUTCOMES) == counts["followed"] == len(followed)


@pytest.mark.slow
def test_points_at_the_size_of_a_chapter_are_its_archived_values(followed):
    # where the chapter measures one size alone, the point there is the archived value
    records, compared = claims.archived_records(), 0
    for one in followed:
        if one.claim.chapter in ("mizuno-2020", "yang-2021"):
            continue  # these take several sizes together
        if one.claim.id in (
            "tao-2023/fig1b/intensity-range",
            "tao-2023/fig1b/intensity-rises",
            "tao-2023/fig1b/frequency-falls",
        ):
            continue  # only the rates that both sizes have
        # at paper scale the model glass is measured with more wave vectors
        scales = ("book",) if one.claim.chapter == "li-2025" else ("book", "paper")
        ran = [records[one.claim.id][scale] for scale in scales]
        for point in one.points:
            same = [record["value"] for record in ran if record["n"] == point.n and record["value"] is not None]
            assert not same or any(point.value == pytest.approx(value, rel=1e-6) for value in same), one.claim.id
            compared += bool(same)
    assert compared >= 40


@pytest.mark.slow
def test_glasses_beyond_the_rate_of_a_claim_settle_nothing_in_the_book(followed):
    too_fast = [
        one
        for one in followed
        if one.points[-1].fastest and one.points[-1].fastest > one.claim.requires.get("cooling_rate", math.inf)
    ]
    assert {one.claim.id for one in too_fast} >= {"tao-2023/fig1b/intensity-rises"}
    assert {one.outcome for one in too_fast} == {"open"}


@pytest.mark.slow
def test_tables_and_drawings_hold_every_claim(followed):
    import matplotlib.pyplot as plt

    html = convergence.table(followed).html
    assert html.count('<tr><th scope="row">') == len(followed) == html.count('class="bp-spark"')
    fig, (left, right) = plt.subplots(1, 2)
    convergence.draw_overview(left, followed)
    assert sum(int(text.get_text()) for text in left.texts) == len(followed)
    convergence.draw_paths(right, followed[:5])
    assert len(right.get_yticklabels()) == 5
    plt.close(fig)
    open_ones = [one for one in followed if one.outcome == "open"]
    assert convergence.reasons(followed).html.count("<a href") == len(open_ones)
