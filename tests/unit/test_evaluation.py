"""Cross-validation, scores and ceilings on samples whose answer is known."""

import numpy as np
import pytest
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.results import load_vibrations
from bosonpeak.learning import evaluation
from bosonpeak.learning.regression import Network
from bosonpeak.papers.tao_2023 import heights, scans
from bosonpeak.papers.tao_2023.samples import sample_peak

GROUPS = np.repeat(np.arange(30), 4)


def test_folds_keep_groups_whole_and_are_even():
    fold = evaluation.grouped_folds(GROUPS, 5, 1)
    assert all(len(np.unique(fold[g == GROUPS])) == 1 for g in range(30))
    assert (np.bincount(fold) == 24).all()
    for folds in (1, 31):
        with pytest.raises(ValueError, match="give from 2 to 30"):
            evaluation.grouped_folds(GROUPS, folds, 1)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["ridge", "gradient boosting", Network(hidden=(8,), learning_rate=1.0, epochs=150)])
def test_models_predict_a_function_and_the_mean_does_not(model):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((120, 5))
    y = 100 + 3 * x[:, 0] + 0.3 * rng.standard_normal(120)
    predicted = evaluation.cross_predict(x, y, GROUPS, model, repeats=2)
    assert predicted.shape == (2, 120)
    assert evaluation.r_squared(y, predicted) > 0.7
    mean = evaluation.cross_predict(x, y, GROUPS, "mean", repeats=2)
    assert -0.2 < evaluation.r_squared(y, mean) < 0
    assert evaluation.mean_absolute_error(y, predicted) < 0.6 * evaluation.mean_absolute_error(y, mean)


def test_each_fold_takes_the_input_that_serves_it_best_and_looks_at_no_other_fold():
    rng = np.random.default_rng(5)
    x, noise = rng.standard_normal((120, 3)), rng.standard_normal((3, 120, 3))
    y = x @ rng.standard_normal(3)
    several = np.stack([noise[0], x, noise[1]])
    assert evaluation.choose_input(several, y, GROUPS) == 1
    chosen = evaluation.cross_predict(several, y, GROUPS, "ridge", repeats=2)
    np.testing.assert_array_equal(chosen, evaluation.cross_predict(x, y, GROUPS, "ridge", repeats=2))
    # of noise alone, the choice itself must not produce skill: it is made without the members that are predicted
    many = rng.standard_normal((20, 120, 3))
    assert evaluation.r_squared(y, evaluation.cross_predict(many, y, GROUPS, "ridge", repeats=1)) < 0.1
    # a fold is predicted as if its own targets were unknown
    fold, altered = evaluation.grouped_folds(GROUPS, 5, 0), y.copy()
    altered[fold == 2] = 1e3 * rng.standard_normal((fold == 2).sum())
    again = evaluation.cross_predict(several, altered, GROUPS, "ridge", repeats=1)
    np.testing.assert_array_equal(again[:, fold == 2], chosen[:1, fold == 2])


def test_a_group_on_both_sides_would_leak():
    # the input names the parent, the target is the parent's own: nothing to learn for another parent
    rng = np.random.default_rng(2)
    x, y = np.eye(30)[GROUPS] + 0.01 * rng.standard_normal((120, 30)), rng.standard_normal(30)[GROUPS]
    apart = evaluation.r_squared(y, evaluation.cross_predict(x, y, GROUPS, "ridge", repeats=3))
    leaking = evaluation.r_squared(y, evaluation.cross_predict(x, y, np.arange(120), "ridge", repeats=3))
    assert apart < 0.1 and leaking > 0.8


def test_scores_and_their_intervals():
    y = np.array([1.0, 2.0, 3.0, 4.0])
    assert evaluation.r_squared(y, y) == 1 and evaluation.r_squared(y, np.full(4, 2.5)) == 0
    # half the error, twice the error, of a reference
    assert evaluation.error_gain(y, y + 1, y - 2) == 0.5 and evaluation.error_gain(y, [y + 2, y - 2], y + 1) == -1
    assert evaluation.mean_absolute_error(y, np.array([y + 1, y - 3])) == 2
    rng = np.random.default_rng(3)
    truth = rng.standard_normal(120)
    good, bad = truth + 0.5 * rng.standard_normal(120), truth + rng.standard_normal(120)
    value, (low, high) = evaluation.score_interval(evaluation.r_squared, truth, good, GROUPS, rng=1)
    assert low < value < high and low < 0.75 < high
    # resampled alike, a difference is sharper than two numbers are
    difference = evaluation.score_interval(
        lambda t, a, b: evaluation.mean_absolute_error(t, b) - evaluation.mean_absolute_error(t, a),
        truth, [good, bad], GROUPS, rng=1,
    )  # fmt: skip
    assert difference[1][0] > 0
    with pytest.raises(ValueError, match="no variance to explain"):
        evaluation.r_squared(np.ones(4), y)


def test_the_ceiling_of_a_state_is_its_share_of_the_variance():
    rng = np.random.default_rng(4)
    states = np.repeat(np.arange(200), 20)
    intensity = rng.standard_normal(200)[states] + np.sqrt(3) * rng.standard_normal(4000)
    value, (low, high) = heights.state_ceiling(intensity, states)
    assert value == pytest.approx(0.25, abs=0.05) and low < 0.25 < high
    # the best guess that knows the state reaches it, and no more
    best = np.array([intensity[states == s].mean() for s in range(200)])[states]
    assert evaluation.r_squared(intensity, best) == pytest.approx(value, abs=0.05)
    nothing, _ = heights.state_ceiling(intensity, rng.permutation(states))
    assert abs(nothing) < 0.02


def test_a_target_agrees_with_itself_and_less_with_another_kernel():
    names = [
        f"Cu50Zr50-mendelev-2009-n1000-{rate}-s{s}" for rate in ("1e12", "1e13", "1e14", "1e15") for s in (1, 2, 3)
    ]
    frequency = np.array([load_vibrations(name).frequency.values[3:363] for name in names])
    peaks = [sample_peak(f, 3000) for f in frequency]
    table = xr.Dataset(
        {
            "frequency": (("sample", "mode"), frequency),
            "intensity": ("sample", [p.intensity for p in peaks]),
            "interior": ("sample", [p.interior for p in peaks]),
        },
        attrs={"n_atoms": 1000},
    )
    same, (low, high) = heights.target_agreement(table, 1.0)
    assert [same, low, high] == pytest.approx([1, 1, 1])
    other, (low, high) = heights.target_agreement(table, 0.6)
    assert 0.1 < other < 0.98 and all(table.interior)
    assert (low**0.5, high**0.5) == pytest.approx(statistics.correlation_interval(other**0.5, 12))
    with pytest.raises(ValueError, match="three are needed"):
        heights.target_agreement(table.assign(interior=table.interior & False), 1.0)


def test_an_unknown_baseline_is_named():
    with pytest.raises(ValueError, match="unknown baseline 'forest'"):
        evaluation.cross_predict(np.zeros((120, 1)), np.zeros(120), GROUPS, "forest")


def test_correlations_are_those_of_scipy_and_a_constant_has_none():
    from scipy import stats

    rng = np.random.default_rng(5)
    y, told = rng.standard_normal(50), rng.standard_normal((3, 50)).round(1)
    assert statistics.pearson(y, told) == pytest.approx(np.mean([stats.pearsonr(y, row).statistic for row in told]))
    assert statistics.spearman(y, told[0]) == pytest.approx(stats.spearmanr(y, told[0]).statistic)
    assert statistics.pearson(y, np.ones(50)) == 0


def test_a_curve_that_levels_off_has_a_small_ratio_of_slopes():
    x = np.repeat(np.arange(-3, 4.0), 5)
    assert statistics.slope_ratio(np.where(x < 0, x, 4 * x), x) == pytest.approx(0.25)
    assert statistics.slope_ratio(2 * x, x) == pytest.approx(1)
    with pytest.raises(ValueError, match="either side of 0"):
        statistics.slope_ratio(x[x >= 0], x[x >= 0])


def test_errors_settle_where_they_no_longer_fall():
    values, errors = np.array([3.0, 4, 5, 6, 12]), np.array([9.0, 8.0, 7.1, 7.0, 7.0])
    assert statistics.settling_value(values, errors, 0.03) == 5
    assert statistics.settling_value(values, errors, 0.001) == 6
    assert statistics.settling_value(values, np.full(5, 7.0), 0.03) == 3
    # errors that rise at the end settle there alone
    assert statistics.settling_value(values, np.array([5.0, 5, 5, 8, 7]), 0.03) == 12


def test_the_place_of_the_least_error_has_an_interval_over_groups():
    rng = np.random.default_rng(6)
    values, y = np.arange(7.0), rng.standard_normal(120)
    # the error has its minimum at 3
    noise = rng.standard_normal((7, 120)) * (1 + abs(values - 3))[:, None]
    place, (low, high) = scans.curve_interval(lambda e: values[np.argmin(e)], y, y + noise, GROUPS, 1)
    assert place == 3 and 2 <= low <= 3 <= high <= 4


def test_the_share_of_a_state_and_the_spread_within_are_covered_by_their_intervals():
    rng, covered = np.random.default_rng(7), []
    states = np.repeat(np.arange(21), 9)
    for _ in range(200):
        y = 3 * rng.standard_normal(21)[states] + 4 * rng.standard_normal(len(states))
        spread, (low, high) = statistics.within_states(y, states)
        share, (least, most) = heights.state_ceiling(y, states)
        assert low < spread < high and least < share < most
        covered.append((low < 4 < high, least < 9 / 25 < most))
    assert (abs(np.mean(covered, axis=0) - 0.95) < 0.045).all()
    with pytest.raises(ValueError, match="alone in its state"):
        statistics.within_states(y, np.arange(len(y)))


def test_what_is_told_within_states_does_not_see_the_state():
    rng = np.random.default_rng(9)
    states = np.repeat(np.arange(200), 20)
    of_state, part, noise = rng.standard_normal(200)[states], *rng.standard_normal((2, len(states)))
    # r of part and 0.6 part + 0.8 noise is 0.6; states that agree, or contradict, change nothing
    for of_prediction in (5 * of_state, -5 * of_state):
        told = statistics.correlation_within(of_state + part, of_prediction + 0.6 * part + 0.8 * noise, states)
        assert told == pytest.approx(0.6, abs=4 * (1 - 0.6**2) / np.sqrt(len(states)))
    # one that knows the state and nothing else, and one that knows nothing
    assert statistics.pearson(of_state + part, of_state) > 0.5
    for knows in (np.pi * of_state, np.full(len(states), 0.1)):
        assert statistics.correlation_within(of_state + part, knows, states) == 0
    # as two states of two samples by hand: apart (-1, 1, -2, 2) and (-1, 1, 1, -1)
    by_hand = statistics.correlation_within([1, 3, 10, 14], [0, 2, 9, 7], [0, 0, 1, 1])
    assert by_hand == pytest.approx((1 + 1 - 2 - 2) / np.sqrt(10 * 4))
    with pytest.raises(ValueError, match="alone in its state"):
        statistics.correlation_within(part, noise, np.arange(len(part)))


def test_a_score_may_be_several_numbers_at_once():
    rng = np.random.default_rng(8)
    y = rng.normal(size=len(GROUPS))
    told = y + rng.normal(size=len(GROUPS))
    both, (low, high) = evaluation.score_interval(
        lambda a, b: np.array([evaluation.r_squared(a, b), evaluation.mean_absolute_error(a, b)]), y, told, GROUPS, 1
    )
    for k, score in enumerate((evaluation.r_squared, evaluation.mean_absolute_error)):
        alone = np.hstack(evaluation.score_interval(score, y, told, GROUPS, 1))
        np.testing.assert_allclose(alone, [both[k], low[k], high[k]], rtol=1e-12)


@pytest.mark.parametrize("n, p", [(60, 10), (60, 60), (40, 90)])
def test_ridge_regression_is_that_of_scikit_learn(n, p):
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(n + p)
    x, new = rng.standard_normal((n, p)) + 3, rng.standard_normal((20, p))
    x[:, 1] = 0.0
    y = 200 + x[:, 0] + 2 * x[:, 2] + rng.standard_normal(n)
    model = evaluation.Ridge()
    theirs = make_pipeline(StandardScaler(), RidgeCV(alphas=model.penalties)).fit(x, y)
    np.testing.assert_allclose(model.fit(x, y).predict(new), theirs.predict(new), rtol=1e-9)


def test_scores_of_weighted_members_are_those_of_members_drawn_several_times():
    rng = np.random.default_rng(10)
    y, a, b = 200 + rng.standard_normal(120), *(200 + rng.standard_normal((2, 3, 120)))
    states, drawn = np.resize(np.arange(5), 120), rng.integers(0, 120, (4, 120))
    weight = np.array([np.bincount(row, minlength=120) for row in drawn])
    cases = [(evaluation.r_squared, (a,)), (evaluation.mean_absolute_error, (a,)), (evaluation.error_gain, (a, b)),
             (evaluation.error_ratio, (a, b)), (evaluation.r_squared_gain, (a, b)),
             (evaluation.correlation_within, (a[0], states))]  # fmt: skip
    for score, told in cases:
        by_hand = [score(y[row], *(t[..., row] for t in told)) for row in drawn]
        np.testing.assert_allclose(score(y, *told, weight=weight), by_hand, rtol=1e-9)
    # a score that takes no weight is resampled one by one, with the same draws
    fast = evaluation.score_interval(evaluation.r_squared, y, a, GROUPS, 1, 50)
    slow = evaluation.score_interval(lambda y, p: evaluation.r_squared(y, p), y, a, GROUPS, 1, 50)
    np.testing.assert_allclose(np.hstack(fast), np.hstack(slow), rtol=1e-12)


def test_draws_without_a_score_are_left_out_if_they_are_few():
    rng = np.random.default_rng(1)
    # 5 of 25 groups have several rates: 0.4 % of the draws have one rate alone
    groups = np.concatenate([np.arange(20), np.repeat(np.arange(20, 25), 4)])
    rate = np.concatenate([np.full(20, 14.0), np.tile([13.0, 13.3, 13.7, 14.0], 5)])
    y = rate + rng.standard_normal(40)

    def score(y, rate):
        return statistics.spearman(y, rate) if np.ptp(rate) else np.nan

    value, (low, high) = evaluation.score_interval(score, y, rate, groups, 1, 2000)
    assert low < value < high and value == statistics.spearman(y, rate)
    # where most draws have no score, there is no interval
    few = evaluation.score_interval(score, y[:22], rate[:22], groups[:22], 1, 200)
    assert np.isnan(few[1]).any()
