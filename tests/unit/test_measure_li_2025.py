"""What the chapter li-2025 measures on its glasses, on maps and spectra that were made with a known answer."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from made_maps import INSIDE, KERNEL, E, Q, S, dispersing, line, made_glasses, made_reading, made_spectra, made_table
from scipy.stats import t as student

from bosonpeak.papers.li_2025 import heat, maps, measure, methods, readings
from bosonpeak.papers.li_2025.alignment import Alignment
from bosonpeak.papers.li_2025.measure import HIGHEST, Glasses
from bosonpeak.papers.li_2025.spectra import read_excess
from bosonpeak.statistics import difference_interval, mean_correlation, mean_interval
from bosonpeak.vibrations.elasticity import phonon_shells
from bosonpeak.vibrations.peaks import gaussian_levels

HALF = 1.5 * np.sqrt(2 * np.log(2))
"""From the maximum of a made line to its half height, before the Gaussian of the excess."""


@pytest.fixture(scope="module")
def glasses():
    return made_glasses({1000: [3.0, 3.4], 4000: [2.5, 2.6, 2.7]}, 1000, {1000: [3.5, 3.9]})


class TestGlasses:
    def test_the_boson_peak_is_that_of_the_excess(self, glasses):
        np.testing.assert_allclose(glasses.peaks(), [3.0, 3.4], atol=0.01)
        np.testing.assert_allclose(glasses.peaks(4000), [2.5, 2.6, 2.7], atol=0.01)
        np.testing.assert_allclose(glasses.peaks(way="motion"), [3.5, 3.9], atol=0.01)
        # in a box with waves at 2 meV and above, the maximum of the density is one of them
        level, count = phonon_shells(4 * np.pi * np.eye(3), 4.0, 16.0)
        waves = gaussian_levels(E, level, KERNEL) @ (2 * count / level**2) / 3000
        data = made_spectra(waves + waves.max() * line(4.4) / 2)
        data.attrs |= {"edge": 4 * np.pi, "transverse_speed": 4.0 / 0.6582119569}
        some, known = Glasses({}, {1000: [data]}, 1000), read_excess(data)
        assert some.peaks()[0] == known.peak == pytest.approx(4.4, abs=0.03)
        assert some.peaks(way=HIGHEST)[0] == known.highest != pytest.approx(4.4, abs=0.15)

    def test_readings_are_of_their_route(self, glasses):
        for route, peaks in (("modes", [3.0, 3.4]), ("motion", [3.5, 3.9])):
            found = glasses.reading(route=route)
            np.testing.assert_allclose(found.place(), peaks, atol=0.01)
            # E_BP is always that of the modes
            np.testing.assert_array_equal(found.peaks, glasses.peaks())
            np.testing.assert_array_equal(found.structure, S)
        neutron = glasses.reading(4000, "neutron")
        np.testing.assert_allclose(neutron.structure, S**2)
        np.testing.assert_allclose(neutron.curves, 1)
        assert glasses.reading() is glasses.reading(1000, "motion")

    def test_alternatives_are_chosen_by_box_and_route(self, glasses):
        choose = glasses.choose()
        assert choose() is glasses.reading() and choose("route", "modes") is glasses.reading(route="modes")
        assert choose("box", 4000) is glasses.reading(4000)
        assert glasses.choose("modes")("box", 4000) is glasses.reading(4000, "modes")
        assert glasses.choose("modes")() is glasses.reading(route="modes")
        small = glasses.choose("neutron", 4000)
        assert small() is glasses.reading(4000, "neutron") and small("box", 1000) is glasses.reading(1000, "neutron")
        assert small("route", "modes") is glasses.reading(4000, "modes") and small("box", 4000) is None
        # the registered box is no alternative, nor is one that is not at hand, nor a choice that is not made here
        for choice in (("box", 1000), ("box", 30000), ("energy", "3.5 meV"), ("range", "1 to 7 meV")):
            assert choose(*choice) is None

    def test_what_is_not_at_hand_is_none(self, glasses):
        bare = Glasses({}, {n: [x.drop_vars("neutron") for x in some] for n, some in glasses.spectra.items()}, 1000)
        for route in ("modes", "motion", "neutron"):
            assert bare.reading(route=route) is None and bare.choose(route)() is None
        # one glass without a map leaves its size without a reading
        first, second = glasses.tables[1000]
        some = Glasses({1000: [first, second.drop_vars("motion")]}, glasses.spectra, 1000)
        assert some.reading() is None and some.reading(route="modes") is not None

    def test_energies_by_choice(self, glasses):
        np.testing.assert_array_equal(glasses.energies(), glasses.peaks())
        np.testing.assert_array_equal(glasses.energies("box", 4000), glasses.peaks(4000))
        np.testing.assert_array_equal(glasses.energies("route", "motion"), glasses.peaks(way="motion"))
        np.testing.assert_array_equal(glasses.energies("reading", HIGHEST), glasses.peaks(way=HIGHEST))
        assert glasses.energies("box", 1000) is None and glasses.energies("box", 30000) is None

    def test_spectra_and_data(self, glasses):
        chosen = glasses.choose_spectra()
        assert chosen() is glasses.spectra[1000] and chosen("box", 4000) is glasses.spectra[4000]
        assert chosen("box", 1000) is None and chosen("box", 30000) is None
        assert glasses.choose_spectra(4000)() is glasses.spectra[4000]
        assert glasses.choose_spectra(4000)("box", 1000) is glasses.spectra[1000]
        assert [x.attrs["name"] for x in glasses.data(4000)] == [f"made-n4000-s{k}" for k in (1, 2, 3)] * 2
        assert len(glasses.data()) == 4

    def test_below_the_window(self, glasses):
        below = glasses.below()
        np.testing.assert_array_equal(below.inside, Q < 2.1)
        np.testing.assert_array_equal(below.peaks, glasses.peaks())


class TestPairsOfSamples:
    def test_two_boxes_and_two_rates(self, glasses):
        fast = made_glasses({1000: [2.0, 2.2], 4000: [2.1]}, 4000)
        large = measure.two_energies(glasses, glasses, 4000, fixed=1000)
        one, other = large()
        np.testing.assert_array_equal(one, glasses.peaks(4000))
        np.testing.assert_array_equal(other, glasses.peaks(1000))
        assert large("box", 30000) is None and measure.two_energies(glasses, glasses, 30000, fixed=1000)() is None
        np.testing.assert_array_equal(large("reading", HIGHEST)[0], glasses.peaks(4000, HIGHEST))
        np.testing.assert_array_equal(large("box", 1000)[0], glasses.peaks(1000))
        # a single glass has no scatter
        rates = measure.two_energies(glasses, fast, 4000)
        assert rates() is None and measure.two_energies(glasses, None, 4000)() is None
        slow, found = rates("box", 1000)
        np.testing.assert_array_equal(slow, glasses.peaks(1000))
        np.testing.assert_allclose(found, [2.0, 2.2], atol=0.01)

    def test_the_difference_of_means(self):
        slow, fast = np.array([3.0, 3.5, 3.1]), np.array([2.5, 2.75])
        value, ends = measure.mean_difference((slow, fast))
        assert value == pytest.approx(3.2 - 2.625) and ends == difference_interval(slow, fast)

    def test_the_ratio_of_means(self):
        a, b = np.array([2.0, 2.2, 2.4]), np.array([1.0, 1.02])
        value, (low, high) = measure.mean_ratio((a, b))
        # the relative scatter of the first, 0.2 / 2.2, is the larger one
        half = student.ppf(0.975, 3) * (0.2 / 2.2) * np.sqrt(1 / 3 + 1 / 2)
        assert value == pytest.approx(2.2 / 1.01)
        assert (low, high) == pytest.approx((value * (1 - half), value * (1 + half)))
        # one of two boxes may have a single glass, but not both
        half = student.ppf(0.975, 2) * (0.2 / 2.2) * np.sqrt(1 / 3 + 1)
        assert measure.mean_ratio((a, b[:1]))[1][1] == pytest.approx(2.2 * (1 + half))
        assert measure.mean_ratio((a[:1], b[:1])) == (2.0, (-np.inf, np.inf))


def test_the_table_of_boxes(glasses):
    table = measure.boxes_table(glasses)
    assert list(table.atoms) == ["1,000", "4,000"] and list(table.glasses) == [2, 3]
    np.testing.assert_allclose(table["E_BP"], [3.2, 2.6], atol=0.01)
    np.testing.assert_allclose(table["scatter of E_BP"], [np.std([3.0, 3.4], ddof=1), 0.1], atol=0.01)
    np.testing.assert_allclose(table["maximum of g/E²"], table["E_BP"])
    np.testing.assert_allclose(table["first phonon"], 46 * 0.6582119569 * 2 * np.pi, rtol=1e-6)
    first = glasses.excess[4000][0]
    assert table["height over Debye"][1] == pytest.approx(np.mean([x.height for x in glasses.excess[4000]]))
    assert first.upper == pytest.approx(2.5 + np.hypot(HALF, np.sqrt(0.2 * 2 * np.log(2))), abs=0.05)
    one = measure.boxes_table(Glasses({}, {1000: glasses.spectra[1000][:1]}, 1000))
    assert np.isnan(one["scatter of E_BP"][0]) and list(one.columns) == list(table.columns)


class TestStatistics:
    def test_three_axes_lift_the_map_at_large_q(self, glasses):
        found = measure.lifted(glasses)(glasses.reading())
        r = np.corrcoef(S[INSIDE] * np.exp(2 * Q[INSIDE] ** 2 * 0.01), S[INSIDE])[0, 1]
        assert found[0] == pytest.approx(r) and r < 0.9

    def test_the_range_ends_where_the_excess_falls_to_half(self, glasses):
        reading = glasses.reading(4000)
        upper = np.array([x.upper for x in glasses.excess[4000]])
        # a product is like S(Q) up to the highest energy
        assert measure.upper_range(glasses)(reading) == mean_interval(30.0 / upper)
        fading = made_table(harmonic=np.outer(S, line(3.0)))
        fading["harmonic"] = fading["harmonic_error"] = (
            ("q", "energy"),
            np.where(E < 10.1, S[:, None], 1 - 0.1 * S[:, None]) * line(3.0),
        )
        some = Glasses({1000: [fading, fading]}, {1000: glasses.spectra[1000]}, 1000)
        ranges = [measure.upper_range(some, x)(some.reading(route="modes"))[0] for x in (0.85, 0.0)]
        upper = np.array([x.upper for x in glasses.excess[1000]])
        # r falls from 1 to -1 between 10 and 10.25 meV
        assert ranges == pytest.approx([np.mean((10 + 0.25 * x) / upper) for x in (0.075, 0.5)])

    def test_a_range_that_is_not_covered_is_0(self, glasses):
        reading = glasses.reading(4000)
        assert measure.upper_range(glasses, covered=True)(reading) == measure.upper_range(glasses)(reading)
        mixed = measure.shuffled(reading)
        assert measure.upper_range(glasses, covered=True)(mixed) == (0, (0, 0))
        # the shells of the window change places, and no others do
        for s, other in zip(reading.structures, mixed.structures, strict=True):
            assert sorted(s[reading.inside]) == sorted(other[reading.inside])
            np.testing.assert_array_equal(s[~reading.inside], other[~reading.inside])

    def test_the_displacement_of_the_whole_run_lifts_the_map_again(self, glasses):
        for table in glasses.tables[1000]:
            table.attrs["whole_displacement"] = table.attrs["axis_displacement"] + 0.004
        found = measure.with_whole_displacement(glasses)(glasses.reading())
        for m, other in zip(glasses.reading().maps, found.maps, strict=True):
            np.testing.assert_allclose(other.intensity, m.intensity * np.exp(0.004 * Q[:, None] ** 2))

    def test_simple_ones_are_those_of_the_reading(self, glasses):
        reading = glasses.reading(4000, "modes")
        random = np.random.default_rng(0).random((3, len(Q), len(E)))
        reading = replace(
            reading, maps=[maps.scaled_map(m, 1 + 0.3 * x) for m, x in zip(reading.maps, random, strict=True)]
        )
        assert measure.at_energy(20.0)(reading) == reading.likeness(20.0)
        assert measure.residual()(reading) == readings.product_mean(reading.products(), "residual")
        assert measure.residual("flat")(reading)[0] > measure.residual("best")(reading)[0]
        assert measure.mean_offset()(reading) == mean_interval(reading.offset())
        assert measure.mean_offset(20.0)(reading) == mean_interval(reading.offset(20.0))
        assert measure.distance_at()(reading) == reading.apart(None, 2.15, False)

    def test_distances_in_q_are_taken_within_the_window(self):
        # at 25 meV the map is highest below the window, and within it at 4.05 1/A
        values = np.outer(S, line(3.0)) + 3 * np.outer((Q < 1) + np.exp(-(((Q - 4.05) / 0.3) ** 2)) / 2, line(25.0))
        reading = replace(made_reading([3.0]), maps=[replace(made_reading([3.0]).maps[0], intensity=values)])
        assert measure.distance_at(25.0)(reading)[0] == pytest.approx(1.3)
        assert measure.distance_at()(reading)[0] == 0

    def test_words(self):
        assert measure.in_words((0.973, (0.95, 0.98))) == "0.97 [0.95, 0.98]"
        assert measure.in_words(None) == "(not measured in this run)"
        assert measure.in_words((0.973, (-1.0, 1.0))) == "0.97 (one glass)"


class TestForms:
    def test_forms_are_those_of_the_maps(self, glasses):
        found = measure.intensity_forms(glasses.reading(), glasses.tables[1000])
        kT = 300 * 8.617333e-2
        for name, m in maps.intensity_forms(glasses.reading().maps[1], 0.01, kT).items():
            np.testing.assert_allclose(found[name].maps[1].intensity, m.intensity, rtol=1e-6)
            assert found[name].structures is glasses.reading().structures

    def test_scattering_is_a_product_with_s_of_q_only_if_b_is(self, glasses):
        full, bare = measure.scattered_residual(glasses), measure.scattered_residual(glasses, False)
        for n in (1000, 4000):
            assert full(glasses.reading(n))[0] == pytest.approx(0, abs=1e-9) and bare(glasses.reading(n))[0] > 0.1
        # |S - f Q^2 exp(-Q^2 u^2)| over |S|, with the least f
        scattered = Q[INSIDE] ** 2 * np.exp(-0.01 * Q[INSIDE] ** 2)
        s = scattered * S[INSIDE]
        left = s - scattered * (scattered @ s) / (scattered @ scattered)
        assert bare(glasses.reading())[0] == pytest.approx(np.linalg.norm(left) / np.linalg.norm(s))

    def test_the_feature_is_the_smaller_r_of_two_forms(self, glasses):
        reading = glasses.reading()
        forms = measure.intensity_forms(reading, glasses.tables[1000])
        S_form, other = (forms[name].detrended(reading.peaks) for name in ("S", "S <n> / (E Q)"))
        assert (abs(S_form - other) > 1e-4).all()
        assert measure.feature(glasses)(reading) == mean_correlation(np.minimum(S_form, other))
        assert measure.feature(glasses)(reading)[0] > 0.95
        # at another energy it is a control, and the larger one counts
        high = [forms[name].detrended(20.0, 0.8) for name in ("S", "S <n> / (E Q)")]
        assert measure.feature(glasses, 0.8, 20.0)(reading) == mean_correlation(np.max(high, axis=0))


def test_both_routes_are_compared_by_peak_and_level():
    glasses = made_glasses({1000: [3.0, 3.4]}, 1000, {1000: [3.5, 3.9]})
    for table in glasses.tables[1000]:
        table["reduced_density_motion"] = table.reduced_density * np.where((E < 5) | (E > 20), 7.0, 1.2)
    difference, scale = measure.compare_routes(glasses, 1000)
    assert difference[0] == pytest.approx(0.5, abs=0.01) and scale[0] == pytest.approx(1.2)


def test_currents_of_sound_rise_with_q():
    place = np.where(Q < 2.1, 12.0 * Q, np.nan)
    values = dispersing(place, 1.0) / E**2
    q, energy = measure.sound_branch([made_spectra(line(3.0), longitudinal=values)] * 2, "longitudinal")
    np.testing.assert_allclose(q, Q[Q < 2.1])
    np.testing.assert_allclose(energy, 12.0 * q, atol=0.05)


def test_speeds_of_sound_are_times_hbar():
    some = [made_spectra(line(3.0)).assign_attrs(transverse_speed=x) for x in (20.0, 30.0)]
    assert measure.sound_speed(some, "transverse") == pytest.approx(25 * 0.6582119569)
    assert measure.sound_speed(some, "longitudinal") == pytest.approx(90 * 0.6582119569)


class TestMechanism:
    """Glasses whose likeness to S(Q) and whose alignment fall through zero at known energies."""

    @staticmethod
    def made(zero, near, far, share=0.5):
        """r falls through 0 at `zero`, the alignments of neighbours and of far pairs at `near` and at `far`."""
        b = share * np.where(E < zero, 1, -1)
        reading = made_reading([3.0, 3.4])
        values = (1 - share + b * S[:, None]) * line(3.0, 40.0)
        reading = replace(reading, maps=[replace(m, intensity=values) for m in reading.maps])
        edges = np.arange(201) * 0.05
        r = (edges[1:] + edges[:-1]) / 2
        pairs = 4000.0 * r**2
        slope = [share * (near - E) / near, 0.1 * (far - E) / far]
        sums = np.where(r[:, None] < 3.5, slope[0], np.where(r[:, None] > 8, slope[1], 0)) * pairs[:, None]
        found = Alignment(E, edges, pairs, 2.5 * sums, 2.5 * sums / 3, np.full(len(E), 2500.0), 1000, 3.5)
        return measure.Mechanism(reading, [found, found])

    def test_zeros_are_compared(self):
        found = self.made(12.1, 14.0, 20.0)
        # r jumps from 1 to -1 between 12 and 12.25 meV
        np.testing.assert_allclose(found.zero(found.reading.curves), 12.125, atol=1e-6)
        np.testing.assert_allclose(found.zero(found.neighbours), 14.0, atol=1e-6)
        assert found.zeros()[0] == pytest.approx(14 / 12.125) and found.zeros("far")[0] == pytest.approx(20 / 12.125)

    def test_the_offset_is_what_is_missing_from_full_alignment(self):
        found = self.made(12.0, 14.0, 20.0, share=0.4)
        at = np.array([3.0, 3.5])
        np.testing.assert_allclose(found.at_peak(found.neighbours), 0.4 * (14 - at) / 14)
        np.testing.assert_allclose(found.far[0], 0.1 * (20 - E) / 20)
        # a / (a + b) is 0.6
        assert found.offsets()[0] == pytest.approx(np.mean(0.6 - 1 + 0.4 * (14 - at) / 14))
        assert found.offsets("far")[0] == pytest.approx(np.mean(0.6 - 1 + 0.1 * (20 - at) / 20))

    def test_the_alignment_along_the_bond_and_across_it(self):
        found = self.made(12.0, 14.0, 20.0)
        # this one does not depend on the direction
        np.testing.assert_allclose(found.directed(3.0), [0.5 * 11 / 14] * 2)

    def test_the_deviation_is_that_of_the_predicted_likeness(self):
        found = self.made(12.0, 14.0, 20.0)
        taken = (E >= 1) & (E <= 25)
        B = found.alignments[0].intensity(Q, "directed")
        r = np.array([np.corrcoef(B[INSIDE, k], S[INSIDE])[0, 1] for k in range(len(E))])
        np.testing.assert_allclose(found.predicted("directed"), [r, r], atol=1e-6)
        apart = found.reading.curves[0] - r
        assert found.deviation("directed")[0] == pytest.approx(np.sqrt((apart[taken] ** 2).mean()))
        # without pairs there is no dependence on Q, and r is 0
        assert not found.predicted("none").any()
        assert found.deviation("none")[0] == pytest.approx(np.sqrt((found.reading.curves[0][taken] ** 2).mean()))

    def test_a_likeness_that_is_predicted_has_no_deviation(self):
        found = self.made(12.0, 14.0, 20.0)
        maps_of = [replace(m, intensity=found.alignments[0].intensity(Q, "undirected")) for m in found.reading.maps]
        exact = measure.Mechanism(replace(found.reading, maps=maps_of), found.alignments)
        assert exact.deviation()[0] == pytest.approx(0, abs=1e-12)

    def test_it_is_made_of_the_boxes_with_all_modes(self, glasses, monkeypatch):
        monkeypatch.setattr(measure, "read_alignment", lambda data: data.attrs["name"])
        chosen = measure.mechanisms(glasses, 4000)
        assert chosen().reading is glasses.reading(4000, "modes")
        assert chosen().alignments == [f"made-n4000-s{k}" for k in (1, 2, 3)]
        assert chosen("box", 1000).reading is glasses.reading(1000, "modes")
        assert chosen("box", 4000) is None and chosen("box", 30000) is None


class TestMethods:
    def test_peaks_of_reduced_spectra(self):
        assert methods.smoothed_peak(E, line(3.0), KERNEL) == pytest.approx(3.0, abs=0.01)
        # without the higher limit it is at the edge
        assert methods.smoothed_peak(E, line(20.0), KERNEL) == pytest.approx(10.0)
        # two lines that the Gaussian of the excess joins
        two = line(4.0, 0.2) + 0.99 * line(4.75, 0.2)
        assert 4.2 < methods.smoothed_peak(E, two, KERNEL) < 4.5

    @pytest.fixture
    def spectra(self):
        # neutrons see the peak of the density at large wave vectors, and one meV above it at small ones
        seen = [np.where(Q[:, None] < 2.1, line(e + 1), line(e)) * S[:, None] for e in (3.0, 3.2)]
        given = zip((3.0, 3.2), seen, (0.5 + E / 10, 1.0 + 0 * E), strict=True)
        return [
            made_spectra(line(e), neutron=values, structure_neutron=S, raman=coupling * line(e))
            for e, values, coupling in given
        ]

    def test_neutrons_are_read_over_their_window(self, spectra):
        assert methods.neutron_peaks()(spectra)[0] == pytest.approx(0, abs=0.01)
        below = methods.neutron_peaks((0.3, 2.1))(spectra)
        assert below[0] == pytest.approx(np.mean([4 / 3, 4.2 / 3.2]) - 1, abs=0.01)
        assert below[1][0] < below[0] < below[1][1]

    def test_raman_spectra_have_their_coupling(self, spectra):
        found = methods.raman_peaks()(spectra)
        # under the Gaussian of the excess the variance of the lines is 2.45, and a slope moves the maximum
        e, s2 = 3.0, 1.5**2 + 0.2
        fine = np.linspace(2, 5, 30001)
        slope = np.exp(-0.5 * (fine - e) ** 2 / s2) * (0.5 + (e + (fine - e) * 1.5**2 / s2) / 10)
        first = fine[slope.argmax()] / e - 1
        assert found[0] == pytest.approx(first / 2, abs=0.003)
        # a coupling that is proportional to E divides the spectrum by E, and the peak falls
        flat = [made_spectra(line(e), raman=E * line(e)) for e in (3.0, 3.2)]
        assert methods.raman_peaks(linear=True)(flat)[0] == pytest.approx(0, abs=1e-9)
        assert methods.raman_peaks(linear=True)(spectra)[0] < found[0]

    def test_the_coupling_is_the_spectrum_over_the_density(self, spectra):
        found = methods.coupling(spectra[0])
        seen = line(3.0) > 1e-3
        np.testing.assert_allclose(found[seen], (0.5 + E / 10)[seen])
        assert np.isnan(found[~seen]).all() and (~seen).any()

    @pytest.mark.parametrize("power", [0.0, 0.7, 1.0])
    def test_the_exponent_of_the_coupling(self, power):
        spectra = [made_spectra(line(3.0, 3.0), raman=scale * E**power * line(3.0, 3.0)) for scale in (1.0, 5.0)]
        assert methods.coupling_exponent(spectra)[0] == pytest.approx(power, abs=1e-9)

    def test_heats_have_their_choices(self, monkeypatch):
        asked = []

        def read_heat(name, lowest=5.0, whole=False, inside=True):
            asked.append((name, lowest, whole, inside))
            fit = SimpleNamespace(einstein_energy=6.0 + lowest / 10 + (not inside), boson_peak=4.5)
            return SimpleNamespace(fit=fit, peak=SimpleNamespace(omega=3.0), level_ratio=(0.5 + whole, None))

        table = pd.DataFrame({"true peak": [2.0, 3, 4, 5, 6], "Einstein energy": [5.0, 5.5, 6, 6.5, 7]})
        monkeypatch.setattr(heat, "read_heat", read_heat)
        monkeypatch.setattr(heat, "synthetic_map", lambda first: table)
        found = methods.read_heats(["a", "b"])
        assert len(found.registered) == 2 and len(asked) == 10
        assert found.einstein[None][0] == pytest.approx(6.5 / 3 - 1) and found.level[None][0] == 0.5
        other = found.alternatives("einstein")
        assert set(other) == {
            ("lowest_temperature", 8), ("lowest_temperature", 12), ("shares", "add up to 1"),
            ("fit", "Einstein energy anywhere"), ("reading", "peak of the fit's g/E^2"),
        }  # fmt: skip
        assert other["fit", "Einstein energy anywhere"][0] == pytest.approx(7.5 / 3 - 1)
        assert other["reading", "peak of the fit's g/E^2"][0] == pytest.approx(0.5)
        assert set(found.alternatives("level")) == set(other) - {x for x in other if x[0] in ("fit", "reading")}
        assert other["lowest_temperature", 12][0] == pytest.approx(7.2 / 3 - 1)
        assert found.alternatives("level")["shares", "add up to 1"][0] == 1.5
        assert found.slope(3.0) == (pytest.approx(0.5), (pytest.approx(0.5), pytest.approx(0.5)))
        # 5.8 to 6.6 meV
        assert found.allowed() == (pytest.approx(3.6, abs=0.01), pytest.approx(5.2, abs=0.01))
