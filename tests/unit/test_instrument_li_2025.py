"""The spectrometer against closed forms: one oscillator, the f-sum rule, the Gaussian, and the sum of all phonons."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from made_maps import made_glasses
from scipy.constants import Boltzmann, atomic_mass, electron_volt, hbar
from scipy.special import ive

from bosonpeak.papers.li_2025 import instrument as module
from bosonpeak.papers.li_2025 import tables as scattering_tables
from bosonpeak.papers.li_2025.instrument import Sample, harmonic_sample, multiphonon, scattered, seen
from bosonpeak.scattering.wavevectors import ScatteringMap
from bosonpeak.statistics import mean_interval

Q, E = np.arange(0.75, 9, 0.5), np.arange(1, 181) * 0.25
"""Shells and energies like those of the archived tables."""
SAMPLE = Sample(1 / 65.0, 300.0, 0.015)
KT = 300 * Boltzmann / electron_volt * 1e3
C = hbar**2 / (2 * 65 * atomic_mass) / electron_volt * 1e3 * 1e20
"""hbar^2 / 2m in meV A^2 of a mass of 65 amu, from the constants themselves."""
STRUCTURE = 1 + np.exp(-((Q - 2.8) ** 2))


def made(values, energy=E):
    return ScatteringMap(Q, energy, values, 0.1 * values, np.full(len(Q), 9), "meV")


def glassy(place=3.0, width=1.2):
    return made(np.outer(STRUCTURE, 4e-4 + 5e-4 * np.exp(-0.5 * ((E - place) / width) ** 2)))


def whole(found: ScatteringMap, weight=1.0):
    return (found.intensity * weight).sum(axis=1) * module.STEP


class TestScattering:
    @pytest.mark.parametrize("temperature", [5.0, 300.0])
    def test_one_oscillator_has_the_intensity_of_the_quantum_oscillator(self, temperature):
        # G is a line of an integral of 1 at 10 meV
        fine = np.arange(1, 901) * 0.05
        line = np.exp(-0.5 * ((fine - 10) / 0.2) ** 2) / (0.2 * np.sqrt(2 * np.pi))
        sample = replace(SAMPLE, temperature=temperature)
        found = scattered(made(np.tile(line / fine**2, (len(Q), 1)), fine), sample)
        bose = 1 / np.expm1(10 / (KT * temperature / 300))
        lowered = C * Q**2 / 10 * np.exp(-0.015 * Q**2)
        np.testing.assert_allclose(whole(found, found.energy > 0), lowered * (bose + 1), rtol=2e-3)
        np.testing.assert_allclose(whole(found, found.energy < 0), lowered * bose, rtol=0.02, atol=1e-12)

    def test_both_signs_of_the_energy_are_in_detailed_balance(self):
        found = scattered(glassy(), SAMPLE)
        np.testing.assert_allclose(found.energy, -found.energy[::-1], atol=1e-12)
        ratio = found.intensity[:, ::-1] / found.intensity
        np.testing.assert_allclose(ratio, np.tile(np.exp(-found.energy / KT), (len(Q), 1)), rtol=1e-6)
        # the constant B below the first energy leaves a constant k_B T c Q^2 B at E = 0
        at = len(found.energy) // 2
        expected = C * KT * Q**2 * np.exp(-0.015 * Q**2) * glassy().intensity[:, 0]
        np.testing.assert_allclose(found.intensity[:, at], expected, rtol=1e-6)

    def test_one_phonon_exhausts_the_f_sum_rule_of_its_order(self):
        fine = np.arange(1, 901) * 0.05
        g = fine**2 * np.exp(-((fine / 15) ** 2))
        g /= np.trapezoid(g, fine)
        found = scattered(made(np.tile(g / fine**2, (len(Q), 1)), fine), SAMPLE)
        # int E S dE = c Q^2 exp(-Q^2 u^2), since G has an integral of 1
        np.testing.assert_allclose(whole(found, found.energy), C * Q**2 * np.exp(-0.015 * Q**2), rtol=1e-4)

    @pytest.mark.parametrize("fwhm", [0.5, 2.0, 3.0])
    def test_folding_keeps_the_integral_and_the_elastic_line_adds_its_own(self, fwhm):
        narrow = made(np.outer(STRUCTURE, np.exp(-0.5 * ((E - 8) / 2) ** 2)))
        sharp, folded = scattered(narrow, SAMPLE), scattered(narrow, SAMPLE, fwhm)
        np.testing.assert_allclose(whole(folded), whole(sharp), rtol=1e-9)
        line = scattered(narrow, SAMPLE, fwhm, STRUCTURE)
        np.testing.assert_allclose(whole(line) - whole(folded), np.exp(-0.015 * Q**2) * STRUCTURE, rtol=1e-6)

    def test_what_cannot_be_folded_is_refused(self):
        with pytest.raises(ValueError, match="give a width of 0 or more"):
            scattered(glassy(), SAMPLE, -1.0)
        with pytest.raises(ValueError, match="map in reduced"):
            scattered(replace(glassy(), unit="reduced"), SAMPLE)


class TestWhatIsSeen:
    @pytest.mark.parametrize("fwhm", [0.0, 1e-3])
    def test_a_sharp_line_comes_back_where_nothing_is_folded(self, fwhm):
        delta = made(np.outer(STRUCTURE, np.where(abs(E - 5) < 0.1, 1.0, 0.0)))
        found = seen(scattered(delta, SAMPLE, fwhm, STRUCTURE if fwhm else 0.0), SAMPLE)
        expected = [np.interp(found.energy, E, row) for row in delta.intensity]
        np.testing.assert_allclose(found.intensity, expected, atol=1e-12)
        assert found.intensity[3].argmax() == 99

    def test_the_displacement_has_no_influence(self):
        one, other = (
            seen(scattered(glassy(), s, 2.0, STRUCTURE), s) for s in (SAMPLE, replace(SAMPLE, axis_displacement=0.03))
        )
        np.testing.assert_allclose(one.intensity, other.intensity, rtol=1e-12)

    @pytest.mark.parametrize("fwhm", [1.0, 2.5])
    def test_the_elastic_tail_is_that_of_the_gaussian(self, fwhm):
        plain, tail = (seen(scattered(glassy(), SAMPLE, fwhm, line), SAMPLE) for line in (0.0, STRUCTURE))
        e, sigma = plain.energy[49], fwhm / 2.3548200450309493
        assert e == pytest.approx(2.5)
        gauss = np.exp(-(e**2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
        closed = STRUCTURE * gauss * -np.expm1(-e / KT) / (C * Q**2 * e)
        np.testing.assert_allclose((tail.intensity - plain.intensity)[:, 49], closed, rtol=1e-5)

    def test_a_wide_line_is_folded_like_a_gaussian(self):
        # far above k_B T, S is B times E and a factor, and the squares of two widths add up
        cold = replace(SAMPLE, temperature=3.0)
        line = made(np.outer(STRUCTURE, np.exp(-0.5 * ((E - 20) / 1.5) ** 2) / E))
        found = seen(scattered(line, cold, 3.0), cold)
        wide = np.hypot(1.5, 3.0 / 2.35482)
        expected = 1.5 / wide * np.exp(-0.5 * ((found.energy - 20) / wide) ** 2) / found.energy
        np.testing.assert_allclose(found.intensity[2], STRUCTURE[2] * expected, atol=3e-3 * expected.max())


class TestManyPhonons:
    G = E**2 * np.exp(-((E / 15) ** 2))
    REDUCED = G / np.trapezoid(np.append(0, G), np.append(0, E)) / E**2
    WARM = harmonic_sample(E, REDUCED, 1 / 65.0, 300.0)

    def test_the_displacement_is_that_of_the_density(self):
        fine = np.linspace(1e-6, 45, 90001)
        reduced = np.interp(fine, E, self.REDUCED)
        expected = C * np.trapezoid(reduced * fine / np.tanh(fine / (2 * KT)), fine)
        assert self.WARM.axis_displacement == pytest.approx(expected, rel=1e-5)

    def test_the_elastic_line_and_all_phonons_make_1(self):
        several = multiphonon(Q, E, self.REDUCED, self.WARM)
        one = scattered(made(np.tile(self.REDUCED, (len(Q), 1))), self.WARM)
        elastic = np.exp(-(Q**2) * self.WARM.axis_displacement)
        np.testing.assert_allclose(elastic + whole(one) + whole(several), 1, atol=1e-5)

    def test_all_orders_exhaust_the_f_sum_rule(self):
        several = multiphonon(Q, E, self.REDUCED, self.WARM)
        one = scattered(made(np.tile(self.REDUCED, (len(Q), 1))), self.WARM)
        total = whole(one, one.energy) + whole(several, several.energy)
        # the integral of g is 1 by the trapezoid rule, and not by straight lines between the values of g / E^2
        np.testing.assert_allclose(total, C * Q**2, rtol=1e-3)

    def test_two_phonons_are_the_convolution_of_one(self):
        q = np.array([0.02])
        several = multiphonon(q, E, self.REDUCED, self.WARM)
        one = scattered(replace(made(self.REDUCED[None]), q=q), self.WARM)
        pair = np.convolve(one.intensity[0], one.intensity[0]) * module.STEP / 2
        middle, reach = len(several.energy) // 2, len(one.energy) - 1
        found = several.intensity[0, middle - reach : middle + reach + 1]
        np.testing.assert_allclose(found, pair, rtol=1e-4, atol=1e-4 * pair.max())

    def test_the_lines_of_one_oscillator_are_bessel_functions(self):
        # exp(-Q^2 u^2 + n E_0 / 2 kT) I_n(z) with z = Q^2 u^2 / cosh(E_0 / 2 kT) at n E_0 (Sjolander; Squires)
        fine = np.arange(1, 601) * 0.05
        line = np.exp(-0.5 * ((fine - 20) / 0.1) ** 2) / (0.1 * np.sqrt(2 * np.pi)) / fine**2
        sample = harmonic_sample(fine, line, 1 / 65.0, 300.0)
        assert sample.axis_displacement == pytest.approx(C / 20 / np.tanh(20 / (2 * KT)), rel=1e-3)
        found, square = multiphonon(Q, fine, line, sample), Q**2 * sample.axis_displacement
        z = square / np.cosh(20 / (2 * KT))
        for n in (-2, 0, 1, 2, 3):
            expected = np.exp(n * 20 / (2 * KT) - square + z) * ive(abs(n), z)
            # elastic scattering and one phonon are not among the several
            known = {0: np.exp(-square), 1: np.exp(-square) * C * Q**2 / 20 / -np.expm1(-20 / KT)}.get(n, 0.0)
            got = whole(found, abs(found.energy - 20 * n) < 5)
            np.testing.assert_allclose(got + known, expected, rtol=2e-3, atol=1e-12)

    def test_b_of_several_phonons_grows_as_the_square_of_q(self):
        b = seen(multiphonon(Q, E, self.REDUCED, self.WARM), self.WARM)
        at = np.interp(10.0, b.energy, b.intensity[0]), np.interp(10.0, b.energy, b.intensity[1])
        assert at[1] / at[0] == pytest.approx((Q[1] / Q[0]) ** 2, rel=0.02)


class TestInstruments:
    def test_a_peak_is_found_and_moves_little_with_the_resolution(self):
        sharp, wide = (module.read_instrument(glassy(5.5), SAMPLE, fwhm) for fwhm in (0.0, 2.0))
        assert sharp.peak.omega == pytest.approx(5.5, abs=0.02) and sharp.peak.interior
        assert (sharp.tail == 0).all()
        assert wide.peak.omega == pytest.approx(5.5, abs=0.2) and wide.peak.intensity < sharp.peak.intensity
        inside = (Q >= 2.1) & (Q <= 8.5)
        expected = np.interp(sharp.energy, E, glassy(5.5).intensity[inside].mean(axis=0))
        np.testing.assert_allclose(sharp.spectrum, expected, rtol=1e-9)

    def test_the_elastic_line_hides_a_low_peak_and_leaves_a_high_one(self):
        high, low = (module.read_instrument(glassy(place), SAMPLE, 2.0, STRUCTURE) for place in (6.0, 2.0))
        assert high.peak.interior and high.peak.omega == pytest.approx(6.0, abs=0.2)
        assert not low.peak.interior and low.peak.omega == 1.5
        # the line adds more than a tenth to the low peak, and less to the high one
        share = low.tail / (low.spectrum - low.tail), high.tail / (high.spectrum - high.tail)
        assert np.interp(2.0, low.energy, share[0]) > 0.1 > np.interp(6.0, high.energy, share[1])


made_masses = SimpleNamespace(get_masses=lambda: np.array([50.0, 100.0]))


class TestReadingsWithManyPhonons:
    def test_what_two_and_more_phonons_add_grows_with_q_and_with_temperature(self, monkeypatch):
        glasses = made_glasses({1000: [5.0, 6.0]}, 1000, {1000: [5.5, 6.5]})
        monkeypatch.setattr(scattering_tables, "load", lambda name: made_masses)
        for table in glasses.tables[1000]:
            # so few modes that three phonons are rare
            table["harmonic"] = 1e-6 * table.harmonic
        first, table = glasses.reading(route="modes").maps[0], glasses.tables[1000][0]
        cold, warm = (module.with_many_phonons(glasses, t).maps[0].intensity - first.intensity for t in (100.0, 300.0))
        k = np.searchsorted(first.q, [2.0, 4.0])
        # two phonons: B grows as Q^2, and at high temperature as T
        assert warm[k[1], 40] / warm[k[0], 40] == pytest.approx((first.q[k[1]] / first.q[k[0]]) ** 2, rel=0.01)
        assert warm[k[1], 40] / cold[k[1], 40] == pytest.approx(3, rel=0.1)
        assert module.inverse_mass(table) == pytest.approx(0.015)

    def test_the_difference_of_two_readings_is_a_mean_over_energies(self):
        glasses = made_glasses({1000: [5.0, 6.0]}, 1000, {1000: [5.5, 6.5]})
        modes, motion = glasses.reading(route="modes"), glasses.reading()
        assert module.curve_difference(modes, modes)[0] == 0
        taken = (modes.energy >= 2) & (modes.energy <= 15)
        expected = np.sqrt(np.mean((modes.curves - motion.curves)[:, taken] ** 2, axis=1)).mean()
        assert module.curve_difference(modes, motion)[0] == pytest.approx(expected)


class TestShown:
    """Two glasses, whose lines lie at 5 and 6 meV by modes and half a meV higher by motion."""

    @pytest.fixture
    def shown(self, monkeypatch):
        glasses = made_glasses({1000: [5.0, 6.0]}, 1000, {1000: [5.5, 6.5]})
        monkeypatch.setattr(scattering_tables, "load", lambda name: made_masses)
        return module.Shown(glasses)

    def test_each_glass_is_read_with_its_own_motion(self, shown):
        motion, table = shown.glasses.reading(), shown.glasses.tables[1000][1]
        sample = Sample(0.015, 300.0, table.attrs["axis_displacement"])
        for fwhm, elastic in ((0.0, False), (2.0, False), (2.0, True)):
            line = motion.structures[1] if elastic else 0.0
            known = module.read_instrument(motion.maps[1], sample, fwhm, line)
            found = shown.read(fwhm, elastic)[1]
            np.testing.assert_array_equal(found.spectrum, known.spectrum)
            assert found.peak == known.peak and found.fwhm == fwhm

    def test_the_peak_is_the_mean_over_the_glasses(self, shown, monkeypatch):
        assert shown.peak(0.0)[0] == pytest.approx(6.0, abs=0.02)
        assert shown.peak(0.0, route="modes")[0] == pytest.approx(5.5, abs=0.02)
        assert shown.peak(1.0) == mean_interval([x.peak.omega for x in shown.read(1.0)])
        # at an end of the search there is no peak
        edge = SimpleNamespace(peak=SimpleNamespace(omega=1.5, interior=False))
        monkeypatch.setattr(module.Shown, "read", lambda *words: [edge, edge])
        assert shown.peak(2.0) is None
