"""What the chapter li-2025 reads off its alloy, on maps that were made with a known answer."""

from dataclasses import replace

import numpy as np
import pytest
from made_maps import INSIDE, E, Q, S, line, made_map, made_reading, made_table

from bosonpeak.papers.li_2025 import maps, measure, readings
from bosonpeak.statistics import difference_interval, mean_correlation


class TestRoutes:
    def compare(self, factors, density=1.0):
        modes = made_reading([3.0, 5.0])
        scaled = [maps.scaled_map(m, factor) for m, factor in zip(modes.maps, factors, strict=True)]
        motion = replace(modes, maps=scaled, peaks=modes.peaks + 0.5)
        table = made_table(harmonic=modes.maps[0].intensity)
        table["reduced_density"] = ("energy", line(3.0))
        table["reduced_density_motion"] = ("energy", line(3.0) * np.where((E < 5) | (E > 20), 7.0, density))
        return measure.compare_routes(motion, modes, [table, table])

    def test_the_ratio_of_maps_is_of_the_first_and_of_the_last_shells(self):
        found = self.compare([np.where(Q < 5, low, high)[:, None] for low, high in ((2.0, 3.0), (4.0, 5.0))])
        assert found.low == pytest.approx(3.0) and found.high == pytest.approx(4.0)

    def test_scale_and_difference(self):
        found = self.compare([1.0, 1.0], density=1.2)
        assert found.absolute[0] == pytest.approx(1.2) and found.difference[0] == pytest.approx(0.5)

    def test_three_axes_lift_the_map_at_large_q(self):
        lifted = S[INSIDE] * np.exp(2 * Q[INSIDE] ** 2 * 0.01)
        assert self.compare([1.0, 1.0]).three_axes == pytest.approx(np.corrcoef(lifted, S[INSIDE])[0, 1])


def test_the_peak_of_single_atoms_over_that_of_the_map():
    motion, tables = made_reading([3.0, 5.0]), []
    for place in (6.0, 5.0):
        table = made_table(harmonic=np.outer(S, line(3.0))).assign_coords(field=["a", "b"])
        tables.append(table.assign(chi=(("field", "energy"), [line(2.0), line(place)])))
    energy, over = measure.chi_peak(tables, "b", motion)
    assert energy == pytest.approx(5.5, abs=0.01) and over[0] == pytest.approx(1.5, abs=0.01)


def test_shear_stands_out_only_where_no_flat_rival_is_more_like_s():
    shear, flat = made_reading([3.0]), made_reading([3.0])
    shear = replace(shear, curves=np.full((1, len(E)), 0.7))
    flat = replace(flat, curves=np.full((1, len(E)), 0.9))
    place = 4.0 + 2.0 * np.sin(Q)
    wide = readings.read_maps(
        [made_map(np.exp(-0.5 * ((E - place[:, None]) / 1.0) ** 2))], [S], INSIDE, readings.SEARCH
    )
    wide = replace(wide, curves=np.ones((1, len(E))))
    assert wide.spread[0] > 0.15
    fields = {"shear": shear, "von Mises": wide, "displacement": flat, "volumetric": wide}
    assert measure.stands_out(fields, [3.0])[0] == pytest.approx(0.2)


class TestTablesOfNumbers:
    def test_fields_are_listed_in_their_order(self):
        reading = made_reading([3.0, 3.2, 3.4])
        fields = {"displacement": reading, "coordination": reading}
        model = dict.fromkeys(fields, made_reading([4.0]))
        table = measure.fields_table(fields, reading.peaks, model, 4.0, {"displacement": 0.957})
        assert list(table.quantity) == ["displacement", "coordination"]
        assert table["r by modes"][0] == 0.957 and np.isnan(table["r by modes"][1])
        assert table["peak (meV)"][0] == pytest.approx(3.2, abs=0.01) and table["shells with a peak (%)"][0] == 100
        assert table["r at the boson peak"][0] == "1.00 ± 0.00" and table["Lennard-Jones: r"][1] == pytest.approx(1)
        np.testing.assert_allclose(table[["spread over Q (%)", "its spread (%)"]], 0, atol=1e-9)

    def test_choices_are_told_apart(self):
        names = ["displacement", "shear", "shear, wider", "displacement, at rest", "coordination"]
        values = np.array([np.outer(S ** (1 + k), line(3.0 + 0.5 * k)) for k in range(5)])
        table = made_table(harmonic=values[0]).assign_coords(field=names)
        table["omega"] = table["omega_error"] = (("field", "q", "energy"), values)
        found = measure.field_choices(table, INSIDE, 3.0)
        assert list(found.quantity) == ["displacement", "shear", "shear", "displacement"]
        assert list(found.varied) == ["", "", "wider", "at rest"]
        np.testing.assert_allclose(found["peak (meV)"], [3.0, 3.5, 4.0, 4.5], atol=0.01)
        r = [np.corrcoef(S[INSIDE] ** (1 + k), S[INSIDE])[0, 1] for k in range(4)]
        np.testing.assert_allclose(found.r, r)
        assert measure.likeness_range(found, "shear") == (round(r[2], 2), round(r[1], 2))


class TestCoolingRates:
    def test_peaks_by_rate(self, monkeypatch):
        name = "Zr46Cu46Al8-sheng-2011-n1000-{}-s{}".format
        tables = {name("1e13", s): made_table(harmonic=np.outer(S, line(2.0 + s))) for s in (1, 2)}
        tables[name("1e14", 1)] = made_table(harmonic=np.outer(S, line(5.0)))
        others = ["Zr46Cu46Al8-sheng-2011-n4000-1e13-s1", "Zr56Cu36Al8-sheng-2011-n1000-1e13-s1"]
        monkeypatch.setattr(measure, "shipped_results", lambda kind: [*tables, *others])
        monkeypatch.setattr(measure, "load_result", lambda kind, name: tables[name])
        found = measure.read_rates(INSIDE)
        assert list(found) == ["1e12", "1e13", "1e14"] and len(found["1e12"]) == 0
        np.testing.assert_allclose(found["1e13"], [3.0, 4.0], atol=0.01)
        np.testing.assert_allclose(found["1e14"], [5.0], atol=0.01)

    def test_the_effect_needs_two_glasses(self):
        slow, fast = np.array([3.0, 3.5]), np.array([2.5, 2.75])
        assert measure.cooling_effect(slow[:1], fast) is None
        assert measure.cooling_effect(slow, fast) == (0.625, difference_interval(slow, fast))

    def test_rates_in_words(self):
        peaks = {"1e12": np.array([]), "1e13": np.array([3.0, 3.5]), "1e14": np.array([2.5])}
        assert measure.rates_text(peaks) == "3.25 meV at 10^13 K/s (2 glasses), 2.50 meV at 10^14 K/s (1 glass)"


class TestForms:
    def test_forms_are_read_at_the_peaks_of_b(self):
        motion = made_reading([3.0, 5.0])
        table = made_table(harmonic=motion.maps[0].intensity)
        found = measure.read_forms(motion, [table, table], 300.0)
        kT = 300 * 8.617333e-2
        for name, m in maps.intensity_forms(motion.maps[1], 0.01, kT).items():
            np.testing.assert_allclose(found[name].maps[1].intensity, m.intensity, rtol=1e-6)
        least = np.minimum(found["S"].r_at(3.0), found["S E / Q"].r_at(3.0))
        assert measure.least_likeness((found["S"], found["S E / Q"]), 3.0) == mean_correlation(least)

    def test_scattering_is_a_product_with_s_of_q_only_if_b_is(self):
        motion = made_reading([3.0, 5.0])
        table = made_table(harmonic=motion.maps[0].intensity)
        scattered = measure.read_forms(motion, [table, table])["S"]
        full, bare = measure.fit_scattering(scattered, motion, [table, table])
        for fit, flat, place in zip(full, bare, (3.0, 5.0), strict=True):
            assert fit.residual == pytest.approx(0, abs=1e-9) and flat.residual > 0.1
            assert fit.energy.min() >= place / 2 - 0.01 and fit.energy.max() <= 2 * place + 0.01
