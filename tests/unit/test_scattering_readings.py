"""What is read off the maps of several glasses, on maps that were made with a known answer."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from made_maps import INSIDE, E, Q, S, line, made_map, made_reading, made_table

from bosonpeak.papers.li_2025 import maps, readings
from bosonpeak.statistics import mean_correlation, mean_interval


class TestReading:
    def test_a_product_with_s_of_q_peaks_where_it_was_put_and_is_like_s_everywhere(self):
        found = made_reading([3.0, 5.2])
        np.testing.assert_allclose(found.peaks, [3.0, 5.2], atol=0.01)
        np.testing.assert_allclose(found.curves, 1.0)
        np.testing.assert_allclose(found.places, [3.0, 5.2], atol=0.01)
        np.testing.assert_allclose(found.spread, 0.0, atol=1e-9)
        np.testing.assert_array_equal(found.hit, 1.0)
        np.testing.assert_array_equal(found.energy, E)
        np.testing.assert_allclose(found.mean.intensity, np.outer(S, (line(3.0) + line(5.2)) / 2))
        np.testing.assert_allclose(found.curve, 1.0)
        assert found.likeness()[0] == pytest.approx(1) and found.interval("hit")[0] == 1

    def test_r_is_taken_at_one_energy_or_at_one_per_glass(self):
        random = np.random.default_rng(0).random((2, len(Q), len(E))) + line(4.0)
        found = readings.read_maps([made_map(x) for x in random], [S, S**2], INSIDE, readings.SEARCH)
        for energies, k in ((3.1, (11, 11)), ((3.1, 20.0), (11, 79)), (1e9, (119, 119))):
            one, two = (np.corrcoef(random[g][INSIDE, k[g]], s[INSIDE])[0, 1] for g, s in enumerate((S, S**2)))
            np.testing.assert_allclose(found.r_at(energies), [one, two])
        at = abs(E[:, None] - found.peaks).argmin(axis=0)
        assert found.likeness() == mean_correlation(found.curves[[0, 1], at])
        assert found.likeness(20.0) == mean_correlation(found.curves[:, 79])
        largest = abs(found.curves[:, [11, 79]]).max(axis=1)
        assert found.largest((3.1, 20.0)) == mean_correlation(largest)

    def test_a_peak_that_follows_q_has_its_spread(self):
        place = 5.0 + 1.5 * np.sin(Q)
        values = np.exp(-0.5 * ((E - place[:, None]) / 1.2) ** 2)
        found = readings.read_maps([made_map(values)], [S], INSIDE, readings.SEARCH)
        assert found.spread[0] == pytest.approx(place[INSIDE].std() / place[INSIDE].mean(), abs=0.005)
        assert found.places[0] == pytest.approx(place[INSIDE].mean(), abs=0.01)
        beyond = place[INSIDE & (Q > 5)]
        assert found.spread_beyond(5.0) == pytest.approx(beyond.std() / beyond.mean(), abs=0.005)

    def test_intervals_keep_to_the_bounds_of_their_quantity(self):
        found = replace(made_reading([3.0, 5.0]), spread=np.array([0.0, 0.1]), hit=np.array([0.5, 1.0]))
        assert found.interval("spread") == mean_interval([0.0, 0.1], 0) and found.interval("spread")[1][0] == 0
        assert found.interval("hit")[1] == (0, 1)
        assert found.interval("peaks") == mean_interval(found.peaks) and found.interval("peaks")[1][0] < 0
        assert found.over_peaks(2 * found.peaks)[0] == pytest.approx(2)
        assert found.over_peaks(6.0)[0] == pytest.approx((6 / found.peaks).mean())

    def test_tables_give_the_same_as_their_maps(self):
        tables = [made_table(motion=np.outer(S, line(x))) for x in (3.0, 5.2)]
        found, known = readings.read_tables(tables, "motion", INSIDE, readings.SEARCH), made_reading([3.0, 5.2])
        np.testing.assert_array_equal(found.peaks, known.peaks)
        np.testing.assert_array_equal(found.curves, known.curves)
        assert readings.read_tables([], "motion", INSIDE, readings.SEARCH).peaks.shape == (0,)

    def test_the_nearest_energy(self):
        assert readings.nearest(E, 3.1) == 11 and readings.nearest(E, 3.1).shape == ()
        np.testing.assert_array_equal(readings.nearest(E, [0.0, 3.2, 99.0]), [0, 12, 119])


def test_the_window_of_a_model_glass_is_scaled_by_its_first_peak():
    table = made_table(harmonic=np.outer(S, line(3.0)))
    first, limits, inside = readings.model_window(table)
    assert first == pytest.approx(Q[S.argmax()]) and limits == pytest.approx((2.1 / 2.8 * first, 8.5 / 2.8 * first))
    np.testing.assert_array_equal(inside, (Q >= limits[0]) & (Q <= limits[1]))


def test_a_value_relative_to_a_reference():
    value, ends = readings.relative((3.0, (2.0, 5.0)), 4.0)
    assert (value, *ends) == pytest.approx((-0.25, -0.5, 0.25))


def test_the_reach_of_a_straight_line():
    curve = np.where(E < 3, 0.5 + E / 6, 1 - (E - 3) / 10)
    found = readings.reach(replace(made_reading([3.0]), curves=np.array([curve])))
    assert found.low == pytest.approx(2.1, abs=0.01) and found.high == pytest.approx(4.5)
    assert found.zero == pytest.approx(13.0) and found.best == pytest.approx(3.0)
    assert found.high_over[0] == pytest.approx(1.5, abs=0.01) and found.best_over[0] == pytest.approx(1, abs=0.01)


def test_currents_of_sound_rise_with_q():
    place = 12.0 * Q
    values = np.exp(-0.5 * ((E - place[:, None]) / 1.0) ** 2) / E**2
    (found,) = readings.sound_branch([made_table(longitudinal=values)], "longitudinal")
    assert found.q.max() < 2.2
    np.testing.assert_allclose(found.energy, 12.0 * found.q, atol=0.05)


def test_products_are_fitted_around_the_peak():
    reading = made_reading([3.0, 5.0])
    for fit, place in zip(readings.fit_products(reading), (3.0, 5.0), strict=True):
        assert fit.residual == pytest.approx(0, abs=1e-9)
        assert fit.energy.min() >= place / 2 - 0.01 and fit.energy.max() <= 2 * place + 0.01
    # another function of Q leaves what is at right angles to it
    other = 1 + 0.1 * Q
    s, shape = S[INSIDE], other[INSIDE]
    left = s - shape * (shape @ s) / (shape @ shape)
    found = readings.fit_products(reading, [other] * 2)
    assert found[0].residual == pytest.approx(np.linalg.norm(left) / np.linalg.norm(s))


def test_products_of_several_glasses_have_a_mean():
    fits = [maps.ProductFit(E, E, residual, 0.5, 0.1, offset) for residual, offset in ((0.1, -0.2), (0.3, 0.4))]
    assert readings.product_mean(fits, "residual") == mean_interval([0.1, 0.3], 0)
    assert readings.product_mean(fits, "offset") == mean_interval([-0.2, 0.4])
    assert readings.product_mean(fits, "flat")[0] == 0.5 and readings.product_mean(fits, "best")[0] == 0.1


def test_means_over_datasets():
    data = [xr.Dataset({"x": (("f", "e"), np.full((2, 3), k))}, {"f": ["a", "b"]}, {"k": k}) for k in (1.0, 2.0)]
    data[0]["x"][1] = 5.0
    assert readings.mean_attribute(data, "k") == 1.5
    np.testing.assert_allclose(readings.mean_column(data, "x"), [[1.5] * 3, [3.5] * 3])
    np.testing.assert_allclose(readings.mean_column(data, "x", f="b"), [3.5] * 3)
