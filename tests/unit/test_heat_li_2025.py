"""The heat of a density with a known peak: Debye's solid, the model of the fit itself, and an excess that is moved."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.optimize import brentq

from bosonpeak.papers.li_2025 import heat as module
from bosonpeak.papers.li_2025.heat import Heat, heat_of_density
from bosonpeak.scattering.specific_heat import HeatFit, fit_specific_heat, reduced_specific_heat
from bosonpeak.vibrations.debye import KELVIN, debye_density
from bosonpeak.vibrations.peaks import boson_peak

E = np.arange(1, 451) * 0.1
MEV = KELVIN["rad/ps"] / KELVIN["meV"]
"""One rad/ps in meV."""
LEVEL = 3 / 20**3
MODEL = HeatFit(0.95, 280.0, 0.05, 72.0, 12.0, intervals={}, residual=0.0)
MODEL_LEVEL = 3 * 0.95 * (KELVIN["meV"] / 280) ** 3


def glassy():
    """The Debye level, an excess of 1.2 times as much at 3 meV, and a main band that makes the integral 1."""
    reduced = LEVEL * (1 + 1.2 * (E / 3) ** 2 * np.exp(1 - (E / 3) ** 2))
    end = brentq(lambda e: np.trapezoid(reduced * E**2 * np.exp(-((E / e) ** 8)), E) - 1, 10, 30)
    return reduced * E**2 * np.exp(-((E / end) ** 8))


@pytest.fixture(scope="module")
def glass():
    return heat_of_density(E, glassy(), LEVEL)


def test_the_maximum_of_an_oscillator_is_the_root_of_its_derivative():
    # d/dx ln(x^5 e^x / (e^x - 1)^2) = 0 is x coth(x / 2) = 5
    x = module.EINSTEIN_MAXIMUM
    assert x / np.tanh(x / 2) == pytest.approx(5, abs=1e-4)
    assert x == pytest.approx(4.928, abs=1e-3)
    # and a narrow band shows it
    band = np.exp(-0.5 * ((E - 5) / 0.15) ** 2)
    kelvin = np.geomspace(5, 100, 400)
    heat = reduced_specific_heat(kelvin, E, band / np.trapezoid(band, E))
    assert Heat(E, band, LEVEL, kelvin, heat, MODEL).oscillator == pytest.approx(5, rel=5e-3)


@pytest.mark.parametrize("share", [0.003, 0.03])
def test_the_level_is_that_of_debyes_solid_and_not_of_what_is_added_to_it(share):
    # without any band the fit is not determined, so Debye's solid is approached; it ends between two energies
    band, debye = np.exp(-0.5 * (E - 6) ** 2), debye_density(E, 20.05, 3)
    found = heat_of_density(E, (1 - share) * debye + share * band / np.trapezoid(band, E), 3 / 20.05**3)
    value, (low, high) = found.level_ratio
    assert value == pytest.approx(1 - share, abs=1e-3) and low <= value <= high


def test_the_level_of_a_fit_that_is_debyes_solid_is_1():
    fit = HeatFit(1.0, 20 * KELVIN["meV"], 1e-6, 70.0, 10.0, intervals={}, residual=0.0)
    assert Heat(E, E, LEVEL, np.geomspace(5, 100, 40), E, fit).level_ratio[0] == pytest.approx(1)


def test_a_density_of_the_model_of_the_fit_is_recovered():
    found = heat_of_density(E, MODEL.density(E), MODEL_LEVEL)
    assert found.fit.einstein_energy == pytest.approx(MODEL.einstein_energy, rel=0.03)
    assert found.fit.boson_peak == pytest.approx(MODEL.boson_peak, rel=0.03)
    assert found.level_ratio[0] == pytest.approx(1, abs=0.03)
    # the peak of the density is that of the model, and C / T^3 is largest where a single oscillator of it would be
    assert found.peak.omega == pytest.approx(MODEL.boson_peak, rel=0.01) and found.peak.interior
    assert found.excess == pytest.approx(MODEL.density(MODEL.boson_peak) / MODEL.boson_peak**2 / MODEL_LEVEL, rel=0.01)
    assert found.warmest.interior and found.oscillator == pytest.approx(found.peak.omega, rel=0.1)


def test_the_interval_of_the_level_is_the_scatter_of_noisy_heats():
    kelvin = np.geomspace(5, 100, 40)
    heat, rng, levels, errors = MODEL.heat(kelvin), np.random.default_rng(1), [], []
    for _ in range(5):
        noisy = heat * (1 + 0.01 * rng.standard_normal(len(heat)))
        fit = fit_specific_heat(kelvin, noisy, einstein_below_debye=True)
        value, (low, high) = Heat(E, E, MODEL_LEVEL, kelvin, noisy / kelvin**3, fit).level_ratio
        assert low < value < high and low * high == pytest.approx(value**2)
        levels.append(np.log(value))
        errors.append(np.log(high / low) / 4)
    assert 0.5 < np.std(levels) / np.mean(errors) < 2
    assert abs(np.mean(levels)) < np.mean(errors)


def test_debyes_parabola_fills_the_gap_of_a_box_and_all_modes_are_kept():
    g = np.where(E < 1.45, 1e-6, glassy())
    found = heat_of_density(E, g, LEVEL, first=1.45)
    low = E < 1.45
    np.testing.assert_allclose(found.g[low], LEVEL * E[low] ** 2)
    assert np.trapezoid(found.g, E) == pytest.approx(1)
    # above it, one factor
    assert np.ptp(found.g[~low] / g[~low]) < 1e-12
    np.testing.assert_allclose(found.heat, reduced_specific_heat(found.kelvin, E, found.g))
    assert found.kelvin[0] == 5 and found.kelvin[-1] == pytest.approx(100)


class TestSyntheticDensities:
    def test_the_peak_of_the_glass_gives_the_density_of_the_glass(self, glass):
        np.testing.assert_allclose(module.synthetic_density(glass, glass.peak.omega), glass.g, rtol=1e-9)

    @pytest.mark.parametrize("place", [2.5, 4.0, 5.5, 7.0])
    def test_the_peak_is_moved_and_keeps_its_height(self, glass, place):
        g = module.synthetic_density(glass, place)
        peak = boson_peak(E, g, 3, 1.5, 10)
        assert peak.omega == pytest.approx(place, abs=0.03) and peak.interior
        assert peak.intensity / LEVEL == pytest.approx(glass.excess, rel=0.01)
        assert np.trapezoid(g, E) == pytest.approx(1)
        # the level at low energy stays, and the main band is that of the glass but for one factor
        assert g[2] / E[2] ** 2 == pytest.approx(LEVEL, rel=0.05)
        assert np.ptp((g / glass.g)[(E > 12.1) & (E < 25)]) < 1e-9

    def test_no_peak_is_moved_where_there_is_none(self, glass):
        with pytest.raises(ValueError, match=r"no peak can be moved to 9\.5 meV"):
            module.synthetic_density(glass, 9.5)
        falling = replace(glass, g=E**2 * np.exp(-E))
        with pytest.raises(ValueError, match="give a glass with a peak"):
            module.synthetic_density(falling, 4.0)

    def test_the_map_has_the_fits_of_its_densities(self, glass):
        table = module.synthetic_map(glass, (glass.peak.omega, 5.0))
        assert list(table.columns) == module.NUMBERS.split(",") and len(table) == 2
        np.testing.assert_allclose(table["true peak"], [glass.peak.omega, 5.0], atol=0.03)
        first = table.iloc[0]
        assert first["Einstein energy"] == pytest.approx(glass.fit.einstein_energy, rel=1e-4)
        assert first["peak of the fit"] == pytest.approx(glass.fit.boson_peak, rel=1e-4)
        assert first["Debye level"] == pytest.approx(glass.level_ratio[0], rel=1e-3)
        assert first["shares"] == pytest.approx(glass.fit.debye_share + glass.fit.einstein_share, rel=1e-3)
        assert first["oscillator"] == pytest.approx(glass.oscillator) and first["coldest (K)"] == 5
        assert table["Einstein energy"][1] > table["Einstein energy"][0]


def test_slopes_and_the_peaks_that_a_measured_energy_allows():
    peaks = np.arange(2.0, 7.1, 0.5)
    table = pd.DataFrame({"true peak": peaks, "Einstein energy": np.where(peaks < 4, 5 + 0.3 * peaks, 3 + 0.8 * peaks)})
    np.testing.assert_allclose([module.slope_near(table, x) for x in (3.0, 5.5)], [0.3, 0.8])
    ends = module.allowed_peaks(table)
    # 5.8 to 6.6 meV: from 5 + 0.3 x = 5.8, and from the straight line between 3.5 and 4 meV or beyond
    assert ends[0] == pytest.approx(0.8 / 0.3, abs=0.01) and ends[1] == pytest.approx(3.6 / 0.8, abs=0.01)
    # an end of the table is a bound, and a range may be empty
    assert module.allowed_peaks(table, measured=5.6)[0] == 2.0
    assert module.allowed_peaks(table, measured=20.0) == (np.inf, -np.inf)


class TestArchivedGlasses:
    @pytest.fixture
    def archived(self, monkeypatch):
        about = {"unit": "rad/ps", "resolution": 0.3, "debye_frequency": 20 / MEV, "first_phonon": 1.5 / MEV}
        data = SimpleNamespace(omega=xr.DataArray(E / MEV), g=xr.DataArray(glassy() * MEV), attrs=about)
        monkeypatch.setattr(module, "load_vibrations", lambda name: data)
        return about

    def test_a_quarter_of_the_first_phonon_is_the_limit(self, archived):
        assert module.limit_temperature("made") == pytest.approx(1.5 * KELVIN["meV"] / 4)

    def test_units_and_width(self, archived):
        found = module.read_heat("made", width=0.0)
        assert found.level == pytest.approx(LEVEL)
        np.testing.assert_allclose(found.energy, E)
        above = E > 1.5
        np.testing.assert_allclose((found.g / glassy())[above], 1, rtol=1e-3)
        # a Gaussian lowers the peak
        wide = module.read_heat("made", width=2.0, inside=False)
        assert wide.peak.intensity < 0.95 * found.peak.intensity
        assert np.trapezoid(wide.g, wide.energy) == pytest.approx(1)

    def test_choices_begin_with_the_range_of_the_paper_and_keep_to_the_limit(self, archived):
        table = module.heat_choices("made")
        assert list(table["coldest (K)"]) == [5, 5, 8, 8, 12, 12]
        np.testing.assert_allclose(table["shares"][1::2], 1)
        assert (table["shares"][::2] < 0.999).all()
        archived["first_phonon"] = 3.0 / MEV
        assert list(module.heat_choices("made")["coldest (K)"]) == [12, 12]
        archived["first_phonon"] = 5.0 / MEV
        assert len(module.heat_choices("made")) == 0

    def test_what_a_box_cannot_say_is_refused(self, archived):
        archived["first_phonon"] = 3.0 / MEV
        with pytest.raises(ValueError, match=r"made says nothing of the heat at 5 K: take a metal, and 8\.7 K or more"):
            module.read_heat("made")
        archived |= {"first_phonon": 1.0 / MEV, "unit": "reduced"}
        with pytest.raises(ValueError, match="take a metal"):
            module.read_heat("made")
