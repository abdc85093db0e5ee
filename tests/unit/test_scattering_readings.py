"""What is read off the maps of several glasses, on maps that were made with a known answer."""

from dataclasses import replace

import numpy as np
import pytest
from made_maps import INSIDE, E, Q, S, dispersing, line, made_reading, made_table, reading_of

from bosonpeak.papers.li_2025 import maps, readings
from bosonpeak.statistics import mean_correlation, mean_interval


class TestReading:
    def test_a_product_with_s_of_q_is_like_s_at_every_energy(self):
        found = made_reading([3.0, 5.2])
        np.testing.assert_allclose(found.curves, 1.0)
        np.testing.assert_allclose(found.place(), [3.0, 5.2], atol=0.01)
        np.testing.assert_array_equal(found.energy, E)
        np.testing.assert_array_equal(found.structure, S)
        np.testing.assert_allclose(found.mean.intensity, np.outer(S, (line(3.0) + line(5.2)) / 2))
        assert found.likeness()[0] == pytest.approx(1) and found.heights()[0] == pytest.approx(1)

    def test_r_is_taken_at_one_energy_or_at_one_per_glass(self):
        random = np.random.default_rng(0).random((2, len(Q), len(E))) + line(4.0)
        found = reading_of(random, [3.1, 20.0], [S, S**2])
        for energies, k in ((3.1, (11, 11)), ([3.1, 20.0], (11, 79)), (1e9, (119, 119))):
            one, two = (np.corrcoef(random[g][INSIDE, k[g]], s[INSIDE])[0, 1] for g, s in enumerate((S, S**2)))
            np.testing.assert_allclose(found.r_at(energies), [one, two])
            for g, cut in enumerate(found.cuts(energies)):
                np.testing.assert_array_equal(cut, random[g][:, k[g]])
        assert found.likeness() == mean_correlation(found.curves[[0, 1], [11, 79]])
        assert found.likeness(20.0) == mean_correlation(found.curves[:, 79])
        largest = abs(found.curves[:, [11, 79]]).max(axis=1)
        assert found.largest((3.1, 20.0)) == mean_correlation(largest)

    def test_the_maximum_of_each_shell_is_read_wherever_it_lies(self):
        # a line of the height S(Q) at an energy that follows Q
        found = reading_of([S[:, None] * dispersing(5.0 + 2.0 * np.sin(Q))], [5.0])
        assert found.heights()[0] > 0.999 and found.likeness()[0] < 0.9
        # what lies beyond the energies does not count
        beyond = found.heights(1.0, 4.0)[0]
        assert beyond < 0.9

    def test_maps_of_other_glasses_are_refused(self):
        with pytest.raises(ValueError, match=r"longer|shorter"):
            _ = replace(made_reading([3.0, 5.0]), structures=[S]).curves


class TestCentroids:
    def test_a_product_has_one_centroid_at_every_q(self):
        found, taken = made_reading([3.0, 5.2]), (E >= 1) & (E <= 10)
        expected = [line(x)[taken] @ E[taken] / line(x)[taken].sum() for x in (3.0, 5.2)]
        np.testing.assert_allclose(found.centroids(1.0, 10.0), np.outer(expected, np.ones(INSIDE.sum())))
        assert found.spread()[0] == pytest.approx(0, abs=1e-9)

    def test_a_dispersing_line_has_its_spread(self):
        place = 5.0 + 1.0 * np.sin(Q)
        found = reading_of([dispersing(place, 0.5)] * 2, [5.0, 5.0])
        np.testing.assert_allclose(found.centroids(1.0, 10.0)[1], place[INSIDE], atol=1e-3)
        value, ends = found.spread()
        assert value == pytest.approx(place[INSIDE].std() / place[INSIDE].mean(), rel=1e-3)
        assert ends[0] >= 0
        assert found.place()[0] == pytest.approx(place[INSIDE].mean(), abs=0.6)


class TestBins:
    def test_a_product_has_its_maximum_at_one_energy_in_every_bin(self):
        assert made_reading([3.0, 5.2]).bins()[0] == pytest.approx(0, abs=1e-6)

    def test_maxima_that_disperse_have_their_spread(self):
        # 64 shells in 4 bins of 16, each with its own energy
        step = np.floor((Q - Q[INSIDE][0] + 1e-9) / 1.6)
        found = reading_of([dispersing(4.0 + 0.5 * step)] * 2, [5.0, 5.0])
        places = np.array([4.0, 4.5, 5.0, 5.5])
        assert found.bins(count=4)[0] == pytest.approx(places.std() / places.mean(), rel=0.02)

    def test_a_spectrum_that_only_falls_has_no_peak(self):
        found = reading_of([np.outer(S, 1 / E), np.outer(S, line(4.0))], [3.0, 3.0])
        assert found.bins()[0] == pytest.approx(0.5, abs=1e-6)

    def test_the_range_of_energies_can_be_a_multiple_of_the_peak(self):
        found = reading_of([dispersing(5.0 + np.sin(Q)), dispersing(5.2 + np.sin(Q))], [2.0, 3.0])
        assert found.scaled_bins() == found.bins(1.0, 10.0)
        assert found.scaled_bins(1.0, 2.0) == found.bins(2.5, 5.0)


class TestWhereACutIsHighest:
    def test_the_distance_has_a_sign(self):
        bump = np.exp(-(((Q - 4.05) / 0.3) ** 2))
        low = np.exp(-(((Q - 1.05) / 0.3) ** 2))
        values = np.outer(S, line(3.0)) + 5 * np.outer(bump, line(15.0)) + 5 * np.outer(low, line(25.0))
        found = reading_of([values], [3.0])
        assert found.apart()[0] == pytest.approx(0)
        assert found.apart(15.0)[0] == pytest.approx(1.3)
        # below the window a maximum counts only where it is asked for
        assert found.apart(25.0)[0] == pytest.approx(-1.7)
        assert found.apart(25.0, sign=False) == (pytest.approx(1.7), (0.0, np.inf))
        assert found.apart(25.0, 2.1)[0] > -0.7

    def test_shells_beyond_the_window_and_shells_without_waves_do_not_count(self):
        values = np.outer(S, line(3.0)) + 9 * np.outer(Q > 8.5, line(3.0))
        found = reading_of([values], [3.0])
        found.maps[0].counts[:2] = 0
        found.maps[0].intensity[:2] = np.nan
        assert found.apart()[0] == pytest.approx(0)


def test_r_is_followed_from_the_peak_to_a_threshold():
    # r falls on a straight line from 1 at 3 meV to 0 at 13 meV
    def values(r):
        s = S - S[INSIDE].mean()
        rest = np.cos(3 * Q)
        rest -= rest[INSIDE].mean()
        rest -= s * (rest[INSIDE] @ s[INSIDE]) / (s[INSIDE] @ s[INSIDE])
        rest *= np.linalg.norm(s[INSIDE]) / np.linalg.norm(rest[INSIDE])
        return 5 + np.outer(s, r) + np.outer(rest, np.sqrt(1 - r**2))

    r = np.clip(np.where(E < 3, 1, 1 - (E - 3) / 10), -0.99, 1)
    found = reading_of([values(r)] * 2, [3.0, 4.0])
    np.testing.assert_allclose(found.curves[0], r, atol=1e-9)
    np.testing.assert_allclose(found.reach(0.85), 4.5, atol=1e-6)
    np.testing.assert_allclose(found.reach(0.0), 13.0, atol=1e-6)
    # where r is below the threshold at the peak already, it is the peak
    np.testing.assert_allclose(found.reach(0.95), [3.5, 4.0], atol=1e-6)


class TestSlowVariationWithQ:
    @pytest.mark.parametrize("slow", [np.ones(len(Q)), 1 + 0.1 * Q, Q**2 * np.exp(-0.01 * Q**2)])
    def test_a_slow_factor_changes_little(self, slow):
        found = reading_of([np.outer(slow * S, line(3.0))] * 2, [3.0, 3.0])
        r = found.detrended(3.0)
        assert (r > 0.95).all() and (r >= found.r_at(3.0) - 1e-6).all()
        # a factor of 16 over the window hides the likeness itself
        assert slow[INSIDE][-1] < 10 or (found.r_at(3.0) < 0.3).all()

    def test_without_a_slow_factor_it_is_exact(self):
        np.testing.assert_allclose(made_reading([3.0]).detrended(3.0), 1.0)
        assert made_reading([3.0]).r_at(3.0) == pytest.approx(1)

    def test_the_running_mean_is_that_of_its_length(self):
        random = np.random.default_rng(1).random((1, len(Q), len(E))) + 1
        found, q = reading_of(random, [3.0]), Q[INSIDE]
        for length, count in ((0.8, 4), (1.2, 6), (2.0, 10)):
            flat = []
            for x in (random[0][INSIDE, 11], S[INSIDE]):
                mean = [x[max(k - count, 0) : k + count + 1].mean() for k in range(len(q))]
                flat.append(x / mean)
            assert found.detrended(3.0, length)[0] == pytest.approx(np.corrcoef(*flat)[0, 1])


def test_the_offset_is_the_part_that_does_not_follow_s():
    a, b = np.array([[0.5, 0.2], [0.3, -0.1]]), np.array([[0.5, 0.6], [0.9, 0.4]])
    values = [x[0] * line(3.0) + y[0] * S[:, None] * line(3.0) for x, y in zip(a, b, strict=True)]
    values = [v + (x[1] + y[1] * S[:, None]) * line(20.0, 0.5) for v, x, y in zip(values, a, b, strict=True)]
    found = reading_of(values, [3.0, 3.0])
    np.testing.assert_allclose(found.offset(), a[:, 0] / (a[:, 0] + b[:, 0]))
    np.testing.assert_allclose(found.offset(20.0), a[:, 1] / (a[:, 1] + b[:, 1]))
    np.testing.assert_allclose(made_reading([3.0]).offset(), 0, atol=1e-12)


class TestProducts:
    def test_they_are_fitted_from_half_to_twice_the_peak(self):
        # outside that range the map is no product
        wrong = np.where((E < 1.5) | (E > 6), 3.0, 0.0) * np.cos(5 * Q)[:, None] ** 2
        (fit,) = reading_of([np.outer(S, line(3.0)) + wrong], [3.0]).products()
        assert fit.residual == pytest.approx(0, abs=1e-9)
        (fit,) = reading_of([np.outer(S, line(3.0)) + wrong], [3.3]).products()
        assert fit.residual > 0.1

    def test_another_function_of_q_leaves_what_is_at_right_angles_to_it(self):
        other = 1 + 0.1 * Q
        s, shape = S[INSIDE], other[INSIDE]
        left = s - shape * (shape @ s) / (shape @ shape)
        found = made_reading([3.0, 5.0]).products([other] * 2)
        assert found[0].residual == pytest.approx(np.linalg.norm(left) / np.linalg.norm(s))

    def test_those_of_several_glasses_have_a_mean(self):
        fits = [maps.ProductFit(residual, 0.5, 0.1) for residual in (0.1, 0.3)]
        assert readings.product_mean(fits, "residual") == mean_interval([0.1, 0.3], 0)
        assert readings.product_mean(fits, "flat")[0] == 0.5 and readings.product_mean(fits, "best")[0] == 0.1


def test_tables_give_the_same_as_their_maps():
    tables = [made_table(motion=np.outer(S, line(x))) for x in (3.0, 5.2)]
    found, known = readings.read(tables, "motion", [3.0, 5.2]), made_reading([3.0, 5.2])
    np.testing.assert_array_equal(found.peaks, known.peaks)
    np.testing.assert_array_equal(found.curves, known.curves)
    np.testing.assert_array_equal(found.inside, INSIDE)
    # another window and another structure factor
    found = readings.read([t.assign(other=("q", S**2)) for t in tables], "motion", [3.0, 5.2], (3.0, 6.0), "other")
    np.testing.assert_array_equal(found.inside, (Q > 3) & (Q < 6))
    np.testing.assert_array_equal(found.structures, [S**2] * 2)
    with pytest.raises(ValueError, match="has no map 'harmonic'"):
        readings.read(tables, "harmonic", [3.0, 5.2])


def test_the_nearest_energy():
    assert readings.nearest(E, 3.1) == 11 and readings.nearest(E, 3.1).shape == ()
    np.testing.assert_array_equal(readings.nearest(E, [0.0, 3.2, 99.0]), [0, 12, 119])
