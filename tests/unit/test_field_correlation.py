"""Correlations of averaged fields: known fields, chance, and what a shared trend leaves."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms

from bosonpeak.papers.yang_2021.coarse_graining import coarse_grain, spatial_autocorrelation
from bosonpeak.papers.yang_2021.fields import (
    best_length,
    binned_means,
    box_blocks,
    chance,
    correlate_fields,
    correlation_length,
    in_brackets,
    mean_by_species,
    mean_intervals,
    proportionality,
    shuffle_known,
    tabulate_decays,
)
from bosonpeak.statistics import correlation_interval, partial_correlation, pool_correlations


@pytest.fixture(scope="module")
def gas():
    rng = np.random.default_rng(3)
    return Atoms("H600", scaled_positions=rng.random((600, 3)), cell=[20.0] * 3, pbc=True)


@pytest.fixture(scope="module")
def waves(gas):
    """A field of long waves, and two noisy views of it."""
    rng = np.random.default_rng(4)
    wave = np.cos(2 * np.pi * gas.positions / 20).sum(axis=1)
    return wave, wave + 2 * rng.normal(size=600), 3 * wave + 6 * rng.normal(size=600)


def test_averaging_brings_out_a_common_wave_and_costs_independent_atoms(gas, waves):
    _, x, y = waves
    raw, averaged = correlate_fields(x, y, gas, 0), correlate_fields(x, y, gas, 2.0)
    # variances 1.5 of the wave and 4 of the noise: r = 1.5 / 5.5
    assert raw.r == pytest.approx(1.5 / 5.5, abs=0.08) and raw.effective == 600
    assert averaged.r > 0.8 and averaged.effective < 100
    assert averaged.interval[0] < averaged.r < averaged.interval[1] < 1
    assert averaged.interval[1] - averaged.interval[0] > np.diff(correlation_interval(averaged.r, 600))[0]
    assert abs(averaged.shuffled).max() < averaged.r and len(averaged.shuffled) == 200
    assert 0 < chance(averaged.shuffled) < abs(averaged.shuffled).max()


def test_unrelated_fields_scatter_as_the_effective_number_says(gas):
    rng = np.random.default_rng(5)
    found = [correlate_fields(*rng.normal(size=(2, 600)), gas, 1.5, n_shuffles=1) for _ in range(60)]
    expected = np.mean([1 / np.sqrt(f.effective - 1) for f in found])
    assert np.std([f.r for f in found]) == pytest.approx(expected, rel=0.3)
    inside = [f.interval[0] <= 0 <= f.interval[1] for f in found]
    assert np.mean(inside) > 0.85


def test_shuffling_within_groups_keeps_what_the_groups_explain(gas):
    rng = np.random.default_rng(6)
    species = np.repeat([0, 1], 300)
    x, y = species + 0.3 * rng.normal(size=600), species + 0.3 * rng.normal(size=600)
    assert abs(correlate_fields(x, y, gas, 0).shuffled).max() < 0.2
    within = correlate_fields(x, y, gas, 0, groups=species)
    # half of the atoms, 0.25 / (0.25 + 0.09)
    assert within.shuffled.mean() == pytest.approx(0.25 / 0.34, abs=0.05)
    assert within.shuffled.min() < within.r < within.shuffled.max()


def test_atoms_without_a_value_are_left_out_of_both_averages(gas, waves):
    _, x, y = waves
    some = y.copy()
    some[::2] = np.nan
    found = correlate_fields(x, some, gas, 2.0)
    there = np.arange(1, 600, 2)
    assert np.array_equal(found.index, there) and found.n_atoms == 300
    alone = correlate_fields(x[there], y[there], gas[there], 2.0)
    assert found.r == pytest.approx(alone.r, abs=1e-12)


def test_pooling_narrows_the_interval(gas, waves):
    _, x, y = waves
    one = correlate_fields(x, y, gas, 1.5)
    r, interval, shuffled = pool_correlations([one, one])
    assert r == pytest.approx(one.r, abs=1e-12) and np.ptp(interval) < np.ptp(one.interval)
    np.testing.assert_allclose(shuffled, one.shuffled, atol=1e-12)
    other = correlate_fields(x, -y, gas, 1.5)
    assert pool_correlations([one, other])[0] == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="nothing to pool"):
        pool_correlations([])


def test_partial_correlation_takes_a_common_cause_away():
    rng = np.random.default_rng(7)
    z = rng.normal(size=2000)
    x, y = z + rng.normal(size=2000), z + rng.normal(size=2000)
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(0.5, abs=0.05)
    assert abs(partial_correlation(x, y, z)) < 0.07
    # the textbook's formula
    a, b, c = (np.corrcoef(*pair)[0, 1] for pair in ((x, y), (x, z), (y, z)))
    assert partial_correlation(x, y, z) == pytest.approx((a - b * c) / np.sqrt((1 - b**2) * (1 - c**2)), abs=1e-12)
    with pytest.raises(ValueError, match="nothing is left"):
        partial_correlation(z, y, z)


def test_bins_hold_every_member_once():
    x = np.arange(240.0)[::-1]
    u, v = binned_means(x, 2 * x, 100)
    assert u == pytest.approx([49.5, 169.5]) and v == pytest.approx(2 * u)
    assert len(binned_means(x, x, 90)[0]) == 3
    with pytest.raises(ValueError, match="fewer than two bins"):
        binned_means(x, x, 200)


def test_proportional_fields_have_exponent_one_and_no_intercept(gas):
    rng = np.random.default_rng(8)
    x, blocks = rng.uniform(2, 4, 600), box_blocks(gas)
    (b, b_range), (a, a_range) = proportionality(x, 3 * x + 0.2 * rng.normal(size=600), blocks, 60, n_resamples=200)
    assert b == pytest.approx(1, abs=0.05) and a == pytest.approx(0, abs=0.05)
    assert b_range[0] < 1 < b_range[1] and a_range[0] < 0 < a_range[1]
    # a line with an intercept of half the mean
    (b, _), (a, _) = proportionality(x, 3 * x + 9, blocks, 60, n_resamples=20)
    assert b == pytest.approx(0.5, abs=0.05) and a == pytest.approx(0.5, abs=0.02)
    with pytest.raises(ValueError, match="positive"):
        proportionality(-x, x, blocks, 60)


def test_blocks_are_27_and_about_even(gas):
    count = np.bincount(box_blocks(gas))
    assert len(count) == 27 and count.min() > 5 and count.sum() == 600


def test_fields_that_do_not_vary_are_refused(gas):
    with pytest.raises(ValueError, match="a correlation needs ten"):
        correlate_fields(np.full(600, np.nan), np.ones(600), gas, 0)
    with pytest.raises(ValueError, match="the same everywhere"):
        correlate_fields(np.ones(600), np.arange(600.0), gas, 0)


def test_fisher_interval_covers():
    rng = np.random.default_rng(9)
    hits = 0
    for _ in range(400):
        x = rng.normal(size=30)
        y = 0.6 * x + 0.8 * rng.normal(size=30)
        low, high = correlation_interval(np.corrcoef(x, y)[0, 1], 30)
        hits += low < 0.6 < high
    assert hits / 400 == pytest.approx(0.95, abs=0.03)
    assert correlation_interval(0.5, 4) == (-1, 1)
    with pytest.raises(ValueError, match="not a correlation"):
        correlation_interval(1.5, 10)


def test_the_interval_of_the_best_length_is_the_jackknife_over_blocks(gas, waves):
    _, x, y = waves
    lengths, blocks = np.array([1.0, 2, 3, 4]), box_blocks(gas)
    best, (low, high), r = best_length(x, y, gas, lengths)

    def place(keep):
        part, values = gas[keep], np.column_stack([x, y])[keep]
        found = [np.corrcoef(coarse_grain(values, part, length).T)[0, 1] for length in lengths]
        k = int(np.argmax(found))
        if k in (0, 3):
            return lengths[k], found
        a, b, _ = np.polyfit(lengths[k - 1 : k + 2], found[k - 1 : k + 2], 2)
        return np.clip(-b / (2 * a), lengths[k - 1], lengths[k + 1]), found

    whole, expected = place(np.ones(600, bool))
    np.testing.assert_allclose(r, expected, rtol=1e-12)
    assert best == pytest.approx(whole, rel=1e-9)
    half = 1.96 * np.sqrt(26 * np.var([place(blocks != block)[0] for block in range(27)]))
    assert (low, high) == pytest.approx((max(best - half, 1), min(best + half, 4)), rel=1e-9)


def test_the_best_length_is_that_of_the_common_field(gas):
    rng = np.random.default_rng(11)
    lengths = np.arange(0.2, 7.0)
    # a wave of 10: averages over much more than a quarter of it wash it out
    wave = np.cos(2 * np.pi * gas.positions[:, 0] / 10)
    x, y = wave + 2 * rng.normal(size=600), wave + 2 * rng.normal(size=600)
    best, (low, high), r = best_length(x, y, gas, lengths)
    assert 1 < low <= best <= high < 5 and r.argmax() in (1, 2, 3)
    assert best_length(x, -y, gas, lengths)[0] == pytest.approx(best, abs=1e-9)
    # a trend over the whole box: the longer the better
    slope = np.cos(2 * np.pi * gas.positions[:, 0] / 20)
    best, interval, r = best_length(
        slope + 3 * rng.normal(size=600), slope + 3 * rng.normal(size=600), gas, lengths[:4]
    )
    assert best == 3.2 and interval[1] == 3.2
    with pytest.raises(ValueError, match="at 2 lengths"):
        best_length(x, y, gas, lengths[:2])


def test_shuffled_fields_are_correlated_as_the_field_itself_would_be(gas, waves):
    _, x, y = waves
    found = correlate_fields(x, y, gas, 2.0, rng=5, n_shuffles=3)
    rng = np.random.default_rng(5)
    for r in found.shuffled:
        u, v = coarse_grain(np.column_stack([x, y[rng.permutation(600)]]), gas, 2.0).T
        assert r == pytest.approx(np.corrcoef(u, v)[0, 1], abs=1e-12)


def test_only_what_is_known_is_shuffled():
    values = np.array([np.nan, 1.0, 2.0, np.nan, 3.0, 4.0])
    mixed = shuffle_known(values, np.random.default_rng(12))
    assert np.isnan(mixed[[0, 3]]).all() and sorted(mixed[[1, 2, 4, 5]]) == [1, 2, 3, 4]
    assert mixed[[1, 2, 4, 5]].tolist() == np.random.default_rng(12).permutation([1.0, 2, 3, 4]).tolist()
    assert values[1] == 1.0


def test_means_of_species_and_of_tables():
    found = mean_by_species(np.array([1.0, 5.0, np.nan, 2.0]), np.array(["Cu", "Zr", "Cu", "Cu"]))
    assert found == {"Cu": 1.5, "Zr": 5.0}
    means = mean_intervals(pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 2.0]}))
    # Student's t of one degree of freedom: 12.706 standard errors
    assert means["a"][0] == 2 and means["a"][1] == pytest.approx((2 - 12.706, 2 + 12.706), rel=1e-4)
    assert means["b"] == (2, (2, 2))
    assert in_brackets((0.123, (-1.0, 2.0))) == "0.12 [-1.00, 2.00]" and in_brackets((3.0, (1, 4)), ".0f") == "3 [1, 4]"


def test_decays_of_boxes_are_listed_by_their_labels(gas, waves):
    wave, x, _ = waves
    some = np.where(np.arange(600) < 300, x, np.nan)
    shells = np.arange(1.0, 9.0, 1.0)
    table = tabulate_decays([("b", gas, wave), ("a", gas, some)], shells)
    assert table[""].tolist() == ["a", "b"] and table["measured"].tolist() == [300, 600]
    fit = correlation_length(spatial_autocorrelation(wave, gas, shells))
    assert fit.three == (3 * fit.length, (3 * fit.interval[0], 3 * fit.interval[1]))
    assert table.iloc[1, 3] == in_brackets(fit.three, ".1f")
