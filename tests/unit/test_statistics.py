"""Correlations, exponents and fractions: closed forms, known answers, and how often an interval contains the truth."""

import numpy as np
import pytest
from scipy import stats

from bosonpeak import statistics
from bosonpeak.statistics import (
    density_exponent,
    difference_interval,
    fraction_interval,
    group_ratio,
    grouped_interval,
    intraclass_correlation,
    mean_interval,
    normal_intraclass_correlation,
    rank_correlation,
    scaling_exponent,
    subtract,
)


def _same(found, expected, tolerance=1e-9):
    """Value and interval, both."""
    np.testing.assert_allclose([found[0], *found[1]], [expected[0], *expected[1]], rtol=tolerance, atol=tolerance)


def _coverage(draw, truth, repetitions=100):
    """Fraction of the intervals of draw(rng) that contain the truth.

    Checks that each interval contains its own value, and that misses are not mostly on one side.
    """
    rng, above, below = np.random.default_rng(17), 0, 0
    for _ in range(repetitions):
        value, (low, high) = draw(rng)
        assert low <= value <= high
        above += high < truth
        below += truth < low
    assert max(above, below) <= 0.12 * repetitions
    return 1 - (above + below) / repetitions


def _noisy_pairs(rng, groups, members, rho):
    x = rng.standard_normal((groups, members))
    return list(x), list(rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(x.shape))


def test_one_group_has_the_correlation_of_spearman():
    rng = np.random.default_rng(1)
    for rho in (-0.7, 0.0, 0.5):
        (x,), (y,) = _noisy_pairs(rng, 1, 25, rho)
        # rounding creates ties
        for a, b in ((x, y), (x.round(), y.round(1))):
            value, (low, high) = rank_correlation([a], [b], 0, 50)
            assert value == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
            assert low == -np.inf and high == np.inf  # one sample: its scatter is not known


def test_only_the_order_of_the_values_matters():
    rng = np.random.default_rng(2)
    x, y = _noisy_pairs(rng, 6, 15, 0.6)
    one = rank_correlation(x, y, 5, 50)
    _same(rank_correlation([np.exp(3 * v) for v in x], [v**3 for v in y], 5, 50), one)
    _same(rank_correlation(y, x, 5, 50), one)
    _same(rank_correlation(x, [-v for v in y], 5, 50), (-one[0], (-one[1][1], -one[1][0])))
    _same(rank_correlation(x, [7 + 2 * v for v in x], 0, 20), (1, (1, 1)))


def test_samples_that_differ_create_no_correlation():
    rng = np.random.default_rng(3)
    x, y = _noisy_pairs(rng, 30, 20, 0.0)
    shifts = 10 * rng.standard_normal((30, 2))
    x, y = (
        [v + a + b for v, (a, b) in zip(x, shifts, strict=True)],
        [v + a for v, (a, _) in zip(y, shifts, strict=True)],
    )
    # pooled, they are correlated, since both contain the offset of their sample
    assert stats.spearmanr(np.concatenate(x), np.concatenate(y)).statistic > 0.5
    value, (low, high) = rank_correlation(x, y, 0, 100)
    assert abs(value) < 3 / np.sqrt(600) and low < 0 < high


def test_groups_of_two_are_left_out():
    x, y = _noisy_pairs(np.random.default_rng(4), 6, 12, 0.5)
    alone = rank_correlation(x, y, 8, 50)
    assert rank_correlation([[1, 2], *x, []], [[2, 1], *y, []], 8, 50) == alone


def test_a_rank_correlation_has_the_expectation_of_normal_pairs_and_its_interval_holds_it():
    rho, n = 0.5, 12
    # of Spearman's coefficient in a sample of n (Moran 1948)
    truth = 6 / (np.pi * (n + 1)) * (np.arcsin(rho) + (n - 2) * np.arcsin(rho / 2))
    many = rank_correlation(*_noisy_pairs(np.random.default_rng(5), 2000, n, rho), 0, 1)
    assert many[0] == pytest.approx(truth, abs=4 / np.sqrt(2000 * n))
    held = _coverage(lambda rng: rank_correlation(*_noisy_pairs(rng, 5, n, rho), rng, 60), truth, 60)
    assert held > 0.87
    # and the interval is not the whole line
    width = np.ptp(rank_correlation(*_noisy_pairs(np.random.default_rng(6), 20, n, rho), 0, 60)[1])
    assert 0.1 < width < 0.4


def test_input_without_ranks_is_refused():
    line = np.arange(5.0)
    with pytest.raises(ValueError, match="a correlation needs pairs"):
        rank_correlation([line, line], [line])
    with pytest.raises(ValueError, match="a correlation needs pairs"):
        rank_correlation([line], [line[:-1]])
    for x in ([], [[1, 2], [2, 1]], [[1, 2, np.nan]], [[1, 2, np.inf]]):
        with pytest.raises(ValueError, match="at least three finite pairs"):
            rank_correlation(x, x)
    with pytest.raises(ValueError, match="the same everywhere"):
        rank_correlation([line, line], [np.ones(5), np.zeros(5)])


def test_a_power_law_has_its_exponent():
    rng = np.random.default_rng(7)
    x = [rng.uniform(1, 9, n) for n in (4, 7, 1, 5, 3)]
    # without noise all resamples agree
    _same(scaling_exponent(x, [3 * v**-1.5 for v in x], 0, 50), (-1.5, (-1.5, -1.5)))
    y = [v**2 * np.exp(0.3 * rng.standard_normal(len(v))) for v in x]
    found = scaling_exponent(x, y, 9, 50)
    # the value depends neither on the units nor on the grouping
    _same(scaling_exponent([7 * v for v in x], [0.01 * v for v in y], 9, 50), found)
    assert scaling_exponent([np.concatenate(x)], [np.concatenate(y)], 9, 50)[0] == pytest.approx(found[0])
    assert found[0] == pytest.approx(stats.linregress(np.log(np.concatenate(x)), np.log(np.concatenate(y))).slope)
    assert scaling_exponent([*x, []], [*y, []], 9, 50) == found


@pytest.mark.parametrize("groups, members, least", [(5, 20, 0.87), (8, 15, 0.87), (30, 4, 0.82)])
def test_the_interval_of_an_exponent_holds_it(groups, members, least):
    def draw(rng):
        x = rng.uniform(0, 2, (groups, members))
        # noise that a sample shares, and noise of each member
        shared = 0.5 * rng.standard_normal((groups, 1))
        y = 2 * x + shared + 0.3 * rng.standard_normal(x.shape)
        value, (low, high) = scaling_exponent(list(np.exp(x)), list(np.exp(y)), rng, 100)
        assert high - low < 2
        return value, (low, high)

    assert _coverage(draw, 2.0) > least


def test_members_of_a_sample_are_not_independent():
    # samples are resampled as well: copies of the members remove the scatter of the members only
    rng = np.random.default_rng(8)
    x = rng.uniform(1, 5, (8, 3))
    y = x * np.exp(0.4 * rng.standard_normal((8, 3)))
    one = scaling_exponent(list(x), list(y), 4, 100)
    many = scaling_exponent(list(np.repeat(x, 50, axis=1)), list(np.repeat(y, 50, axis=1)), 4, 100)
    assert many[0] == pytest.approx(one[0])
    assert 0.1 < 0.5 * np.ptp(one[1]) < np.ptp(many[1]) <= 1.1 * np.ptp(one[1])


def test_input_without_an_exponent_is_refused():
    good = [1.0, 2.0, 3.0]
    for bad in ([1, 2, 0], [1, 2, -3], [1, 2, np.nan], [1, 2, np.inf]):
        for x, y in ((good, bad), (bad, good)):
            with pytest.raises(ValueError, match="three or more pairs of positive numbers"):
                scaling_exponent([good, x], [good, y])
    for few in ([], [[]], [[1, 2]], [[1], [2]]):
        with pytest.raises(ValueError, match="three or more pairs of positive numbers"):
            scaling_exponent(few, few)
    with pytest.raises(ValueError, match="x is the same everywhere"):
        scaling_exponent([[2, 2], [2, 2]], [[1, 2], [3, 4]])
    for x, y in (([good], [good[:2]]), ([good, []], [good, [1.0]]), ([good, good], [good])):
        with pytest.raises(ValueError):
            scaling_exponent(x, y)


def test_a_statistic_of_groups_is_that_of_all_members():
    rng = np.random.default_rng(14)
    groups = [rng.exponential(size=n) for n in (3, 9, 1, 6, 2)]
    value, (low, high) = grouped_interval(groups, rng=0, n_resamples=100)
    assert value == np.median(np.concatenate(groups)) and low < value < high
    assert grouped_interval([*groups, []], rng=0, n_resamples=100) == (value, (low, high))
    _same(grouped_interval([7 * g for g in groups], rng=0, n_resamples=100), (7 * value, (7 * low, 7 * high)))
    assert grouped_interval([[2.0, 2.0], [2.0]] * 3, np.mean, 0, 20) == (2, (2, 2))
    # copies of the members remove their scatter, and not that of the samples
    many = [rng.exponential(size=4) for _ in range(6)]
    copied = grouped_interval([np.repeat(g, 30) for g in many], np.mean, 3, 100)
    once = grouped_interval(many, np.mean, 3, 100)
    assert copied[0] == pytest.approx(once[0]) and 0.5 * np.ptp(once[1]) < np.ptp(copied[1]) < np.ptp(once[1])
    for nothing in ([], [[], []]):
        with pytest.raises(ValueError, match="no group has any member"):
            grouped_interval(nothing)


@pytest.mark.parametrize("groups, members, least", [(5, 20, 0.87), (8, 15, 0.87), (30, 4, 0.85)])
def test_the_interval_of_a_mean_over_groups_holds_it(groups, members, least):
    shared = 0.3 if groups > 1 else 0.0

    def draw(rng):
        found = 5 + shared * rng.standard_normal((groups, 1)) + rng.standard_normal((groups, members))
        return grouped_interval(list(found), np.mean, rng, 100)

    assert _coverage(draw, 5.0) > least


@pytest.mark.parametrize("hits, n", [(0, 6), (6, 6), (3, 10), (40, 50)])
def test_the_interval_of_a_fraction_is_where_the_score_test_does_not_reject(hits, n):
    value, (low, high) = fraction_interval(np.arange(n) < hits)
    assert value == hits / n and 0 <= low <= value <= high <= 1
    # Wilson: both ends solve (p - f)^2 = z^2 p (1 - p) / n
    z = stats.norm.ppf(0.975)
    for end in (low, high):
        assert (end - value) ** 2 == pytest.approx(z**2 * end * (1 - end) / n, abs=1e-12)
    mirrored = fraction_interval(np.arange(n) >= hits)
    assert mirrored[1] == pytest.approx((1 - high, 1 - low))


def test_the_interval_of_a_fraction_holds_it():
    for p, n in ((0.5, 12), (0.8, 20), (0.1, 40)):
        # exact: the sum over all outcomes with their probabilities
        found = [fraction_interval(np.arange(n) < k)[1] for k in range(n + 1)]
        held = sum(stats.binom.pmf(k, n, p) for k, (low, high) in enumerate(found) if low <= p <= high)
        assert 0.9 < held < 0.99
    with pytest.raises(ValueError, match="fraction of an empty list"):
        fraction_interval([])


def _powers(rng, n, b, low, high):
    """n numbers whose density is ~ x^b between low and high."""
    u = rng.random(n)
    if b == -1:
        return low * (high / low) ** u
    return (low ** (b + 1) + u * (high ** (b + 1) - low ** (b + 1))) ** (1 / (b + 1))


CASES = [(4.0, 0.0), (0.0, 0.0), (-0.5, 0.0), (4.0, 0.5), (2.0, 1e-4), (0.0, 0.7), (-1.0, 0.1), (-3.0, 0.05)]


@pytest.mark.parametrize("b, low", CASES)
def test_the_exponent_of_a_density_is_found_and_held(b, low):
    value, (lower, upper) = density_exponent(_powers(np.random.default_rng(9), 40_000, b, low, 1.0), 1.0, low)
    assert lower < value < upper and abs(value - b) < 3 * (upper - lower) / 2 / 1.96
    assert upper - lower < 0.15 * max(1, abs(b + 1)) if low < 0.5 else upper - lower < 0.4
    assert _coverage(lambda rng: density_exponent(_powers(rng, 40, b, low, 1.0), 1.0, low), b) > 0.87


def test_a_density_from_zero_has_the_closed_form_of_a_gamma_distribution():
    x = np.random.default_rng(10).random(30) ** 0.2
    value, (lower, upper) = density_exponent(x, 1.0)
    total = -np.log(x).sum()
    assert value + 1 == pytest.approx(30 / total, rel=1e-6)
    # at both ends the likelihood has fallen by chi^2 / 2
    for end in (lower, upper):
        c = end + 1
        drop = 30 * np.log(value + 1) - value * total - (30 * np.log(c) - end * total)
        assert drop == pytest.approx(stats.chi2.ppf(0.95, 1) / 2, rel=1e-5)


@pytest.mark.parametrize("low", [1e-3, 1e-8, 1e-40, 1e-300])
def test_a_low_end_far_below_all_values_has_no_effect(low):
    x = np.random.default_rng(11).random(60) ** 0.25
    assert x.min() > 0.1
    _same(density_exponent(x, 1.0, low), density_exponent(x, 1.0), 1e-5)


@pytest.mark.parametrize("low", [0.0, 0.2])
def test_the_exponent_of_a_density_does_not_depend_on_units(low):
    x = np.random.default_rng(12).uniform(0.2, 1.0, 50)
    b, (lower, upper) = one = density_exponent(x, 1.0, low)
    for scale in (7.0, 1e-9):
        _same(density_exponent(scale * x, scale, scale * low), one, 1e-6)
    # a density ~ x^b of x is one ~ x^((b + 1) / 2 - 1) of x^2
    half = [(c + 1) / 2 - 1 for c in (b, lower, upper)]
    _same(density_exponent(x**2, 1.0, low**2), (half[0], half[1:]), 1e-6)
    if low:
        # and one ~ x^(-b - 2) of 1 / x
        _same(density_exponent(1 / x, 1 / low, 1.0), (-b - 2, (-upper - 2, -lower - 2)), 1e-6)
    outside = np.r_[x, 1.0, 1.5, 30.0, [0.1, 0.2] if low else []]
    _same(density_exponent(outside, 1.0, low), one)


def test_four_values_or_no_range_have_no_exponent():
    x = np.array([0.2, 0.4, 0.6, 0.8])
    density_exponent(np.r_[x, 0.5], 1.0)
    for values, high, low in ((x, 1.0, 0.0), (np.r_[x, 1.0], 1.0, 0.0), (np.r_[x, 0.1], 1.0, 0.1)):
        with pytest.raises(ValueError, match=r"4 values lie between .* needs five"):
            density_exponent(values, high, low)
    many = np.linspace(0.1, 0.9, 20)
    for high, low in ((0.5, 0.5), (0.2, 0.8), (1.0, -0.1)):
        with pytest.raises(ValueError, match=f"lie between {low} and {high}"):
            density_exponent(many, high, low)


def test_a_ratio_of_two_groups_is_covered_by_its_interval():
    rng = np.random.default_rng(12)
    hits = 0
    for k in range(100):
        a, b = rng.gamma(4, 2, 60), rng.gamma(4, 1, 40)
        value, (low, high) = group_ratio(a, b, rng=k, n_resamples=400)
        assert value == pytest.approx(a.mean() / b.mean())
        hits += low < 2 < high
    assert hits >= 88
    assert group_ratio([1.0, 2, 90], [1.0, 4, 7], np.median)[0] == 0.5
    with pytest.raises(ValueError, match="1 and 5 numbers"):
        group_ratio([1.0], np.ones(5))


def test_intraclass_correlation_is_the_share_of_variance_between_groups():
    rng = np.random.default_rng(3)
    inside = []
    for k in range(40):
        # between 1, within 3: a quarter
        groups = [a + np.sqrt(3) * rng.normal(size=rng.integers(1, 8)) for a in rng.normal(size=150)]
        _, (low, high) = intraclass_correlation(groups, rng=k, n_resamples=300)
        inside.append(low <= 0.25 <= high)
    assert np.mean(inside) > 0.85
    everything = rng.normal(size=(400, 5))
    assert intraclass_correlation(everything)[0] == pytest.approx(0, abs=0.06)
    # two members each: the correlation of the first with the second, either order
    pairs = rng.normal(size=(500, 1)) + 0.5 * rng.normal(size=(500, 2))
    both = np.r_[pairs, pairs[:, ::-1]]
    assert intraclass_correlation(pairs)[0] == pytest.approx(np.corrcoef(both.T)[0, 1], abs=2e-3)
    # if the means of all groups agree, members differ more than groups
    assert intraclass_correlation([[0, 1], [0, 1], [0, 1]])[0] == pytest.approx(-1)


def test_a_few_groups_have_the_interval_of_normal_values():
    rng, inside, drawn = np.random.default_rng(5), [], []
    for k in range(300):
        groups = rng.normal(size=(8, 1)) + np.sqrt(3) * rng.normal(size=(8, 6))
        value, (low, high) = normal_intraclass_correlation(groups)
        assert value == intraclass_correlation(groups, 0, 1)[0] and low < value < high
        inside.append(low < 0.25 < high)
        _, (low, high) = intraclass_correlation(groups, rng=k, n_resamples=100)
        drawn.append(low < 0.25 < high)
    # the bootstrap of few groups gives an interval that is too narrow
    assert abs(np.mean(inside) - 0.95) < 0.035 and np.mean(drawn) < 0.92
    # members that are all equal leave no uncertainty
    assert normal_intraclass_correlation([[0, 0], [1, 1], [2, 2]]) == (1.0, (1.0, 1.0))
    with pytest.raises(ValueError, match="give at least three"):
        normal_intraclass_correlation([[1, 2], [3, 4]])


def test_a_difference_takes_the_ends_that_lie_apart():
    assert subtract((5.0, (4.0, 7.0)), (2.0, (2.0, 5.0))) == (3.0, (3.0 - np.hypot(1, 3), 5.0))


@pytest.mark.parametrize("groups", [[], [[1, 2], [3, 4]], [[1], [2], [3]], [[1, 1], [1, 1], [1, 1]]])
def test_intraclass_correlation_reports_what_it_needs(groups):
    with pytest.raises(ValueError, match="give at least three"):
        intraclass_correlation(groups)


def test_difference_interval_is_welchs_and_covers():
    rng = np.random.default_rng(0)
    a, b = rng.normal(3, 1, 5), rng.normal(1, 2, 4)
    low, high = difference_interval(a, b)
    assert low < a.mean() - b.mean() < high
    hits = [
        low < 2 < high
        for low, high in (difference_interval(rng.normal(3, 1, 5), rng.normal(1, 2, 4)) for _ in range(300))
    ]
    assert 0.91 < np.mean(hits) < 0.99
    with pytest.raises(ValueError, match="no interval"):
        difference_interval([1.0], [2.0, 3.0])


def test_the_interval_of_a_mean_ends_where_the_quantity_does():
    assert mean_interval([0.9, 1.0, 1.0], 0, 1)[1][1] == 1
    assert mean_interval([0.9, 1.0, 1.0])[1][1] > 1
    assert mean_interval([0.5], 0, 1) == (0.5, (0.0, 1.0))


def test_mean_correlation_is_fishers_and_stays_within_one():
    r = [0.99, 0.97, 0.995]
    value, (low, high) = statistics.mean_correlation(r)
    z, (z_low, z_high) = statistics.mean_interval(np.arctanh(r))
    assert (value, low, high) == pytest.approx((np.tanh(z), np.tanh(z_low), np.tanh(z_high)))
    assert -1 < low < value < high < 1
    # Student's t of the coefficients themselves leaves the range of a correlation
    assert statistics.mean_interval(r)[1][1] > 1
    assert statistics.mean_correlation([0.5])[1] == (-1.0, 1.0)
    assert statistics.mean_correlation([1.0, 1.0])[0] == pytest.approx(1.0)


def test_mean_correlation_covers_the_truth_as_often_as_it_says():
    rng, inside = np.random.default_rng(3), 0
    for _ in range(400):
        pairs = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], (5, 40))
        low, high = statistics.mean_correlation([np.corrcoef(p.T)[0, 1] for p in pairs])[1]
        inside += low <= 0.8 <= high
    assert 0.90 < inside / 400 < 0.98


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
def test_a_bootstrap_of_fewer_than_five_samples_is_open(count):
    samples = np.arange(count, dtype=float) ** 2
    found = [
        statistics.bootstrap_interval(samples, np.mean, 1),
        statistics.grouped_interval([[x, x + 1] for x in samples]),
    ]
    for value, (low, high) in found:
        assert np.isfinite(value)
        assert (np.isinf(low) and np.isinf(high)) == (count < 5)


def test_a_rank_correlation_with_a_constant_is_not_defined():
    assert np.isnan(statistics.spearman([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))
    assert np.isnan(statistics.spearman([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]))
