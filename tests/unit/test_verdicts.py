"""Five verdicts by table, each edge of the rule, and the sample that would decide."""

import dataclasses
import datetime
import math

import pytest
from scipy import stats

from bosonpeak.book import verdicts
from bosonpeak.book.claims import Claim
from bosonpeak.book.verdicts import (
    DEPENDS,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    UNDECIDED,
    VERDICTS,
    judge,
    option_label,
    power,
)

OPEN = math.inf


def claim_with(band, controls=(), covers=("seeds",), requires=None) -> Claim:
    return Claim(
        id="small/one", source="Fig. 1", statement="it is so", kind="value", quantity="omega", unit="1",
        paper={"value": 2}, accept={"ci": band, "book": (50, 60), "paper": (50, 60)}, because="noise",
        controls=dict.fromkeys(controls, "what must fail"), origin="paper", registered=datetime.date(2026, 1, 1),
        covers=covers, weight="result", requires=requires or {},
    )  # fmt: skip


def record_of(value, interval, controls=None, choices=None, n=1000, seeds=(1, 2), cooling_rate=None) -> dict:
    return {
        "value": value,
        "interval": interval,
        "n": n,
        "seeds": list(seeds),
        "cooling_rate": cooling_rate,
        "controls": {
            name: {
                "value": v if not isinstance(v, tuple) else sum(v) / 2,
                "interval": v if isinstance(v, tuple) else None if v is None else (v, v),
            }
            for name, v in (controls or {}).items()
        },
        "choices": [
            {"choice": "box", "option": option, "value": None if ends is None else sum(ends) / 2, "interval": ends}
            for option, ends in (choices or {}).items()
        ],
        "note": "",
    }


CASES = [
    # band, value, interval, controls, choices, verdict, part of the reason
    ((1, 3), 2, (1.5, 2.5), {}, {}, REPRODUCED, "inside the band"),
    ((1, 3), 2, (1, 3), {}, {}, REPRODUCED, ""),
    ((1, 3), 1, (1, 1), {}, {}, REPRODUCED, ""),
    ((1, 1), 1, (1, 1), {}, {}, REPRODUCED, ""),
    ((1, 1), 2, (2, 2), {}, {}, NOT_REPRODUCED, "above the band"),
    ((1, 1), 1, (0.9, 1), {}, {}, UNDECIDED, "the lower edge"),
    ((1, 3), 4, (3.5, 4.5), {}, {}, NOT_REPRODUCED, "above the band"),
    ((1, 3), 0, (-0.5, 0.9), {}, {}, NOT_REPRODUCED, "below the band"),
    ((1, 3), 3, (2.5, 3.5), {}, {}, UNDECIDED, "crosses the upper edge"),
    ((1, 3), 1, (0.5, 1.5), {}, {}, UNDECIDED, "crosses the lower edge"),
    # also where the value misses the band: its interval touches it
    ((1, 3), 3.2, (2.9, 3.5), {}, {}, UNDECIDED, "the upper edge"),
    ((1, 3), 3.2, (3, 3.5), {}, {}, UNDECIDED, "the upper edge"),
    # a wide interval is undecided wherever it lies, also over a one-sided band, which no interval is wider than
    ((1, 3), 2, (0.5, 3.6), {}, {}, UNDECIDED, "the lower edge and the upper edge"),
    ((1, 3), 9, (7, 11), {}, {}, NOT_REPRODUCED, "above"),
    ((1, OPEN), 50, (2, 98), {}, {}, REPRODUCED, ""),
    ((1, OPEN), 2, (0.5, 98), {}, {}, UNDECIDED, "the lower edge"),
    ((1, OPEN), 0, (-9, 0.9), {}, {}, NOT_REPRODUCED, "below"),
    ((-OPEN, 3), -50, (-98, 2), {}, {}, REPRODUCED, ""),
    ((-OPEN, 3), 4, (3.5, 9), {}, {}, NOT_REPRODUCED, "above"),
    # a single sample has an open interval, and an interval that is open on the side of an open band lies inside
    ((1, 3), 2, (None, None), {}, {}, UNDECIDED, "the lower edge and the upper edge"),
    ((1, OPEN), 2, (1.5, None), {}, {}, REPRODUCED, ""),
    ((1, OPEN), 2, (None, None), {}, {}, UNDECIDED, "the lower edge"),
    ((1, 3), None, None, {}, {}, NOT_TESTABLE, "did not measure"),
    ((1, 3), None, None, {"a": 2}, {"x": (7, 8)}, NOT_TESTABLE, ""),
    # controls must fail, and one that was not measured has not failed
    ((1, 3), 2, (1.5, 2.5), {"a": 4}, {}, REPRODUCED, "every control outside"),
    ((1, 3), 2, (1.5, 2.5), {"a": 0, "b": 9}, {}, REPRODUCED, ""),
    ((1, 3), 2, (1.5, 2.5), {"a": 2}, {}, UNDECIDED, "lies inside the band as well: a"),
    ((1, 3), 2, (1.5, 2.5), {"a": 4, "b": 3, "c": 1}, {}, UNDECIDED, "b and c"),
    ((1, 3), 2, (1.5, 2.5), {"a": None, "b": 4}, {}, UNDECIDED, "not measured, so it has not failed: a"),
    # the interval of a control has to lie outside, not its value alone
    ((1, 3), 2, (1.5, 2.5), {"a": (3.5, 5)}, {}, REPRODUCED, ""),
    ((1, 3), 2, (1.5, 2.5), {"a": (2.5, 9)}, {}, UNDECIDED, "reaches into the band, so it has not clearly failed: a"),
    # a failing claim stays one whatever its controls
    ((1, 3), 4, (3.5, 4.5), {"a": 2}, {}, NOT_REPRODUCED, ""),
    ((1, 3), 3, (2.5, 3.5), {"a": 2}, {}, UNDECIDED, "crosses"),
    # choices: one that reverses the verdict is named, on either side
    ((1, 3), 2, (1.5, 2.5), {}, {4000: (7, 8)}, DEPENDS, "outside with box = 4,000"),
    ((1, 3), 8, (7, 9), {}, {4000: (1.5, 2), "slow": (6, 9)}, DEPENDS, "inside the band with box = 4,000"),
    ((1, 3), 3, (2.5, 3.5), {}, {"a": (1.5, 2), "b": (6, 9)}, DEPENDS, "box = a, and outside with box = b"),
    # a registered choice whose control passes reproduces nothing
    ((1, 3), 2, (1.5, 2.5), {"c": 2}, {"a": (7, 8)}, UNDECIDED, "as well: c; outside with box = a"),
    ((1, 3), 2, (1.5, 2.5), {"c": 2}, {"a": (7, 8), "b": (1, 2)}, DEPENDS, "inside the band with box = b, and"),
    # one that agrees, that is undecided or that was not run reverses nothing, and the reason says so
    ((1, 3), 2, (1.5, 2.5), {}, {"a": (1, 2)}, REPRODUCED, "inside the band"),
    ((1, 3), 2, (1.5, 2.5), {}, {"a": (2, 4)}, REPRODUCED, "undecided with box = a"),
    ((1, 3), 2, (1.5, 2.5), {}, {"a": None, "b": (1, 2)}, REPRODUCED, "not run with box = a"),
    ((1, 3), 8, (7, 9), {}, {"a": (2, 9), "b": None}, NOT_REPRODUCED, "undecided with box = a; not run with box = b"),
    ((1, 3), 3, (2.5, 3.5), {}, {"a": (1.5, 2)}, UNDECIDED, "edge of the band; inside the band with box = a"),
    ((1, 3), 3, (2.5, 3.5), {}, {"a": (6, 9)}, UNDECIDED, "crosses"),
]


@pytest.mark.parametrize("band, value, interval, controls, choices, expected, reason", CASES)
def test_verdict_follows_from_interval_band_controls_and_choices(
    band, value, interval, controls, choices, expected, reason
):
    found = judge(claim_with(band, controls), record_of(value, interval, controls, choices), "ci")
    assert found.verdict == expected and reason in found.reason


def test_every_verdict_stands_in_the_table_above():
    assert {case[5] for case in CASES} == set(VERDICTS)


def test_the_band_of_the_scale_counts():
    claim, record = claim_with((1, 3)), record_of(2, (1.9, 2.1))
    assert [judge(claim, record, scale).verdict for scale in ("ci", "book")] == [REPRODUCED, NOT_REPRODUCED]


@pytest.mark.parametrize(
    "requires, found, reason",
    [
        ({"n": 4000}, {"n": 3999}, "N = 3,999 is smaller than the N = 4,000"),
        ({"n": 4000}, {"n": 4000}, None),
        ({"n": 4000}, {"n": 10000}, None),
        ({"cooling_rate": 1e13}, {"cooling_rate": 1e14}, r"rate 1e+14 is above the 1e+13"),
        ({"cooling_rate": 1e13}, {"cooling_rate": 1e13 * (1 + 1e-12)}, None),
        ({"cooling_rate": 1e13}, {"cooling_rate": 1e12}, None),
        ({"cooling_rate": 1e13}, {"cooling_rate": None}, "does not state a cooling rate"),
        ({"n": 4000, "cooling_rate": 1e13}, {"n": 4000, "cooling_rate": 1e14}, "above"),
    ],
)
def test_a_system_that_is_too_small_or_too_fast_decides_nothing(requires, found, reason):
    for interval in ((1.5, 2.5), (7, 8)):  # neither for the paper nor against it
        record = record_of(sum(interval) / 2, interval, **found)
        got = judge(claim_with((1, 3), requires=requires), record, "ci")
        if reason is None:
            assert got.verdict in (REPRODUCED, NOT_REPRODUCED)
        else:
            assert got.verdict == NOT_TESTABLE and reason in got.reason


def test_a_note_explains_what_was_not_measured():
    record = record_of(None, None) | {"note": "too few glasses"}
    assert judge(claim_with((1, 3)), record, "ci").reason.endswith("too few glasses")


@pytest.mark.parametrize(
    "option, label",
    [(4000, "kernel width = 4,000"), (0.4, "kernel width = 0.4"), ("slow", "kernel width = slow")],
)
def test_choices_are_named_in_words(option, label):
    assert option_label({"choice": "kernel_width", "option": option}) == label


def _half(count):
    return stats.t.ppf(0.975, count - 1) / math.sqrt(count)


@pytest.mark.parametrize(
    "value, interval, ratio",
    [
        (1.2, (0.6, 1.8), 3.0),  # 0.2 from the edge, the half-width is 0.6
        (2.8, (2.4, 3.2), 2.0),
        (0.8, (0.4, 1.2), 2.0),  # from outside: the upper end has to leave the band
        (1.5, (0.5, 3.5), 2.0),  # both edges: the farther one decides, 1.0 / 0.5 against 2.0 / 1.5
    ],
)
@pytest.mark.parametrize("count", [3, 5, 40])
def test_the_sample_that_would_decide_follows_from_the_scatter(value, interval, ratio, count):
    found = power(claim_with((1, 3)), record_of(value, interval, seeds=range(count)), "ci")
    assert found.now == count and found.of == "seeds"
    # the smallest number whose half-width by Student's t is smaller by this factor
    assert _half(found.needed) <= _half(count) / ratio < _half(found.needed - 1)


def test_a_few_samples_gain_more_than_the_square_root_of_their_number():
    found = power(claim_with((1, 3)), record_of(1.2, (0.6, 1.8), seeds=range(3)), "ci")
    assert found.needed < 3 * 9
    # of many samples the t distribution is normal
    many = power(claim_with((1, 3)), record_of(1.2, (0.6, 1.8), seeds=range(1000)), "ci")
    assert many.needed == pytest.approx(9000, rel=0.01)


def test_a_correlation_is_extended_in_arctanh():
    claim = dataclasses.replace(claim_with((0.5, OPEN)), kind="correlation")
    found = power(claim, record_of(0.9, (0.3, 0.99), seeds=range(5)), "ci")
    ratio = (math.atanh(0.9) - math.atanh(0.3)) / (math.atanh(0.9) - math.atanh(0.5))
    assert _half(found.needed) <= _half(5) / ratio < _half(found.needed - 1)


def test_a_value_on_an_edge_is_decided_by_no_sample():
    assert math.isinf(power(claim_with((1, 3)), record_of(1.0, (0.9, 1.1)), "ci").factor)


def test_the_sample_that_would_decide_does_decide():
    # means of normal numbers: with the number that is asked for, most intervals leave the edge
    import numpy as np

    rng, claim, decided = np.random.default_rng(7), claim_with((1, math.inf)), 0

    def measured(count):
        draws = rng.normal(1.3, 1.0, count)
        half = 1.96 * draws.std(ddof=1) / math.sqrt(count)
        return record_of(draws.mean(), (draws.mean() - half, draws.mean() + half), seeds=range(count))

    for _ in range(200):
        first = measured(20)
        found = power(claim, first, "ci")
        if found is None or found.needed is None or not 1.1 < first["value"] < 1.6:
            continue
        decided += judge(claim, measured(4 * found.needed), "ci").verdict == REPRODUCED
        decided -= judge(claim, measured(4 * found.needed), "ci").verdict == NOT_REPRODUCED
    assert decided > 60


@pytest.mark.parametrize(
    "claim, record",
    [
        (claim_with((1, 3)), record_of(2, (1.5, 2.5))),  # decided
        (claim_with((1, 3), ["a"]), record_of(2, (1.5, 2.5), {"a": 2})),  # a control decided it
        (claim_with((1, 3), ["a"]), record_of(1.5, (0.5, 2.5), {"a": 2})),  # and would still pass
        (claim_with((1, 3)), record_of(1.0, (1.0, 3.5))),  # a count of none
        (claim_with((1, 3)), record_of(2, (None, None))),  # one sample has no scatter
        (claim_with((1, 3), covers=("fit",)), record_of(1, (0.5, 2))),
        (claim_with((1, 3), covers=("nothing",)), record_of(1, (0.5, 2))),
        (claim_with((2, 2)), record_of(2, (1, 3))),  # a band of one value: no sample is large enough
    ],
)
def test_no_sample_is_named_where_none_would_decide(claim, record):
    found = power(claim, record, "ci")
    assert found is None or math.isinf(found.factor)


def test_parts_that_are_not_counted_by_seeds_have_a_factor_only():
    found = power(claim_with((1, 3), covers=("modes",)), record_of(1.2, (0.6, 1.8)), "ci")
    assert (found.now, found.needed, found.of) == (None, None, "modes") and found.factor == pytest.approx(9)


def test_bands_as_text_are_refused():
    with pytest.raises(ValueError, match="'13' is not a pair of numbers"):
        verdicts.open_ends("13")
