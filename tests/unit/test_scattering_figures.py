"""Drawings show what they are given, and what is read off maps for them is right."""

import re
from types import SimpleNamespace

import made_maps as made
import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from made_maps import made_glasses

from bosonpeak.papers.li_2025 import figures as draw
from bosonpeak.papers.li_2025 import maps
from bosonpeak.papers.li_2025.measure import Glasses
from bosonpeak.scattering.specific_heat import HeatFit
from bosonpeak.scattering.wavevectors import ScatteringMap
from bosonpeak.vibrations.debye import KELVIN

Q, E = np.arange(0.25, 8.6, 0.1), np.arange(0.25, 20.1, 0.25)
S = 1 + 1.5 * np.exp(-(((Q - 2.75) / 0.3) ** 2))


def made_map(values, unit="meV", error=0.02):
    return ScatteringMap(Q, E, values, error * np.abs(values), np.full(len(Q), 10), unit)


@pytest.fixture
def product():
    return made_map(np.outer(S, np.exp(-(((E - 3) / 2) ** 2))))


def test_map_shows_its_energies_and_the_structure_factor(product, axes):
    draw.draw_map(axes, product, S, (1.5, 10), "title", (2.1, 8.5))
    mesh = axes.collections[0]
    # masked, flattened: the energies between the limits alone
    assert mesh.get_array().size == len(Q) * ((E >= 1.5) & (E <= 10)).sum()
    curve = axes.lines[0].get_ydata()
    assert Q[curve.argmax()] == pytest.approx(2.75) and axes.get_ylim() == (1.5, 10)
    assert [line.get_xdata()[0] for line in axes.lines[1:]] == [2.1, 8.5]
    assert "meV" in axes.get_ylabel() and "Å" in axes.get_xlabel()


def test_map_without_a_structure_factor_has_no_line(product, axes):
    draw.draw_map(axes, product, None, (1.5, 10))
    assert not axes.lines


def test_reduced_units_are_said_to_be_reduced():
    assert "reduced" in draw.ENERGY_LABEL["reduced"] and "sigma" in draw.Q_LABEL["reduced"]
    assert "meV" in draw.ENERGY_LABEL["meV"] and "Å" in draw.Q_LABEL["meV"]


def test_cut_is_over_its_mean_with_twice_its_error(product, axes):
    inside = maps.window(product, 2.1, 8.5)
    draw.draw_cut(axes, product, S, 3.0, inside)
    cut, structure = (line.get_ydata() for line in axes.lines)
    np.testing.assert_allclose(cut, structure)
    assert cut[inside].mean() == pytest.approx(1)
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(1.04 * cut.max())


def test_spectrum_is_over_its_maximum_above_the_limit(axes):
    draw.draw_spectrum(axes, E, 1 / E, "k", "x", low=2.0)
    line = axes.lines[0]
    assert line.get_xdata()[0] == 2.0 and line.get_ydata().max() == 1


@pytest.fixture
def two_axes(axes):
    return axes, axes.figure.add_subplot(2, 1, 2)


def labels(axes) -> list[str]:
    return [line.get_label() for line in axes.lines if not line.get_label().startswith("_")]


class TestChapter:
    """Each drawing shows the numbers that it is given."""

    glasses = made_glasses({1000: [3.0, 3.4], 4000: [3.2]}, 1000)

    def test_excess_is_over_the_debye_level(self, two_axes):
        top, bottom = two_axes
        some = self.glasses.excess[1000]
        draw.draw_excess(top, bottom, some, "k", "made")
        density = np.mean([x.density / x.level for x in some], axis=0)
        np.testing.assert_allclose(top.lines[0].get_ydata(), density)
        # no wave of these boxes lies in the range, so that the excess is the density
        np.testing.assert_allclose(bottom.lines[0].get_ydata(), density)
        assert top.lines[1].get_xdata()[0] == pytest.approx(some[0].first)
        draw.draw_half_height(bottom, some)
        (shade,), peak = bottom.patches, bottom.lines[-1].get_xdata()[0]
        assert peak == pytest.approx(3.2, abs=0.02)
        assert shade.get_extents().transformed(bottom.transData.inverted()).x1 == pytest.approx(
            np.mean([x.upper for x in some])
        )

    def test_routes_are_solid_and_dashed(self, axes):
        draw.draw_routes(axes, self.glasses, 1000, "k")
        assert [line.get_linestyle() for line in axes.lines] == ["-", "--", "-"] and labels(axes) == ["N = 1,000"]
        np.testing.assert_allclose(axes.lines[0].get_ydata(), 1)
        # boxes without maps have only their axis
        draw.draw_routes(axes, Glasses({}, self.glasses.spectra, 1000), 4000, "k")
        assert len(axes.lines) == 4

    def test_a_branch_of_sound_has_its_speed(self, axes):
        draw.draw_branch(axes, Q[:5], 12 * Q[:5], 13.0, "k", "way")
        np.testing.assert_allclose(axes.lines[0].get_ydata(), 12 * Q[:5])
        assert list(axes.lines[1].get_ydata()) == [0, 13.0]

    def test_alignment_and_what_follows_from_it(self, two_axes):
        top, bottom = two_axes
        curves = {"neighbours": 0.1, "far": 0.2, "directed": 0.3, "undirected": 0.4}
        rows = {name: np.full((2, len(made.E)), value) for name, value in curves.items()}
        found = SimpleNamespace(
            reading=made.made_reading([3.0, 3.4]),
            neighbours=rows["neighbours"],
            far=rows["far"],
            predicted=rows.__getitem__,
        )
        draw.draw_alignment(top, bottom, found)
        assert [line.get_ydata()[0] for line in top.lines[:2]] == pytest.approx([0.1, 0.2])
        assert [line.get_ydata()[0] for line in bottom.lines[:3]] == pytest.approx([1.0, 0.3, 0.4])

    def test_a_mode_is_drawn_in_its_slice(self, axes):
        atoms = Atoms("Ar3", [[1, 1, 5.0], [2, 3, 5.4], [4, 4, 9.0]], cell=[10] * 3, pbc=True)
        atoms.set_masses([1.0, 4.0, 1.0])
        draw.draw_mode(axes, atoms, np.arange(9.0), "a mode")
        arrows = axes.collections[0]
        # the displacement is the polarization over the square root of the mass
        np.testing.assert_allclose(arrows.U, [0, 1.5])
        np.testing.assert_allclose(arrows.V, [1, 2])
        assert axes.get_title() == "a mode" and len(axes.lines[0].get_xdata()) == 2

    def test_a_fit_of_the_heat_goes_through_its_points(self, axes):
        kelvin = np.geomspace(5, 100, 40)
        fit = HeatFit(0.95, 280.0, 0.05, 72.0, 12.0, intervals={}, residual=0.0)
        heat = fit.heat(kelvin) / kelvin**3
        level = 3 * 0.95 * (KELVIN["meV"] / 280) ** 3
        draw.draw_heat(axes, SimpleNamespace(kelvin=kelvin, heat=heat, fit=fit, level=level))
        computed, fitted, debye, elastic = (line.get_ydata() for line in axes.lines)
        np.testing.assert_allclose(fitted, computed)
        # at low temperature the Debye part of the fit has the elastic level
        assert debye[0] == pytest.approx(elastic[0], rel=0.01) and (debye < fitted).all()

    def test_synthetic_peaks_are_compared_with_the_measured_energy(self, axes):
        table = pd.DataFrame({"true peak": [2, 3], "Einstein energy": [5, 5.5], "peak of the fit": [3, 4]})
        draw.draw_synthetic(axes, table, 6.2, 0.4)
        assert [list(line.get_ydata()) for line in axes.lines] == [[5, 5.5], [3, 4], [2, 3]]
        box = axes.patches[0].get_extents().transformed(axes.transData.inverted())
        assert (box.y0, box.y1) == pytest.approx((5.8, 6.6))

    def test_an_instrument_is_drawn_for_each_width(self, axes):
        def read(width, elastic=False):
            return [SimpleNamespace(energy=E, spectrum=(1 + width + 10 * elastic) * 1e-5 * np.ones(len(E)))] * 2

        draw.draw_instrument(axes, SimpleNamespace(read=read), (0.0, 1.0, 2.0), 2.0)
        assert labels(axes) == ["no instrument", "1 meV", "2 meV"]
        assert [line.get_ydata()[0] for line in axes.lines] == pytest.approx([1, 2, 3, 13])
        assert axes.lines[-1].get_linestyle() == "--" and axes.get_ylim()[1] == pytest.approx(1.6)

    def test_lags_are_compared_with_their_first_maximum(self, axes):
        place = {1000: 3.0, 4000: 3.5}
        fields = SimpleNamespace(
            data=place,
            lags=lambda n=None: (np.array([0.25, 0.5]), np.array([8.0, 4.0])),
            reading=lambda field, n: made.made_reading([place[n]]),
        )
        draw.draw_lags(axes, fields)
        tau, energy = axes.lines[0].get_data()
        np.testing.assert_allclose(energy * tau, 4.135667696 / 2)
        assert labels(axes)[1:] == ["N = 1,000", "N = 4,000"]
        dashed = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]
        assert dashed == pytest.approx([3.0, 3.5], abs=0.01)

    def test_model_glasses_are_drawn_over_their_peak(self, two_axes):
        top, bottom = two_axes
        draw.draw_model(top, bottom, None, "k", "nothing")
        assert not top.lines and not bottom.lines
        draw.draw_model(top, bottom, self.glasses, "k", "Kob-Andersen")
        assert bottom.lines[0].get_xdata()[0] == pytest.approx(0.25 / 3.2, rel=0.01)
        np.testing.assert_allclose(bottom.lines[0].get_ydata(), 1)
        assert len(bottom.patches) == 1
        draw.draw_model(top, bottom, self.glasses, "r", "inverse power law")
        assert len(bottom.patches) == 1 and labels(top) == ["Kob-Andersen", "inverse power law"]


class TestWhatIsRead:
    def test_peak_of_the_mean(self, product):
        assert maps.mean_peak(product, maps.window(product, 2.1, 8.5), 1.5, 10) == pytest.approx(3, abs=0.01)

    def test_range_above_a_threshold_is_interpolated(self):
        r = 1 - ((E - 3) / 6) ** 2
        low, high = maps.range_above(E, r, 3.0, 0.75)
        assert low == pytest.approx(0.25) and high == pytest.approx(6, abs=0.01)
        assert maps.range_above(E, r, 12.0, 0.75) == (12.0, 12.0)
        assert maps.range_above(E, np.ones_like(E), 3.0, 0.75) == (E[0], E[-1])
        # what comes back beyond a gap does not count
        wavy = np.where((E > 5) & (E < 7), 0.0, 1.0)
        assert maps.range_above(E, wavy, 3.0, 0.5)[1] == pytest.approx(5.125)

    def test_other_forms_are_those_of_the_equations(self, product):
        u2, kT = 0.01, 25.85
        forms = maps.intensity_forms(product, u2, kT)
        q, e = Q[:, None], E
        # li-2025, Eq. 1, solved for S
        S_qe = product.intensity * e**2 / (np.exp(q**2 * u2) * e / q**2 * (1 - np.exp(-e / kT)))
        np.testing.assert_allclose(forms["S"].intensity, S_qe)
        np.testing.assert_allclose(forms["S E / Q"].intensity, S_qe * e / q)
        np.testing.assert_allclose(forms["S <n> / (E Q)"].intensity, S_qe * (1 - np.exp(-e / kT)) / (e * q))
        # at one energy the last two have one and the same course with Q
        ratio = forms["S E / Q"].intensity / forms["S <n> / (E Q)"].intensity
        np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1], ratio.shape))

    def test_mean_of_maps(self, product):
        other = maps.scaled_map(product, 3.0)
        mean = maps.mean_map([product, other])
        np.testing.assert_allclose(mean.intensity, 2 * product.intensity)
        np.testing.assert_allclose(mean.stderr, np.sqrt(10) / 2 * product.stderr)
        assert (mean.counts == 20).all()
        with pytest.raises(ValueError, match="one grid"):
            maps.mean_map(
                [product, ScatteringMap(Q[:5], E, other.intensity[:5], other.stderr[:5], other.counts[:5], "meV")]
            )


def test_numbers_in_a_shaded_table_can_be_read():
    values = np.linspace(-1, 1, 201)
    html = draw.shade(pd.DataFrame({"r": values})).to_html()
    pairs = re.findall(r"background-color: #(\w{6});\s+color: #(\w{6});", html)

    def luminance(code):
        channels = np.array([int(code[k : k + 2], 16) for k in (0, 2, 4)]) / 255
        linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    levels = np.sort([[luminance(code) for code in pair] for pair in pairs], axis=1)
    # what WCAG asks of text
    assert len(pairs) > 50 and ((levels[:, 1] + 0.05) / (levels[:, 0] + 0.05)).min() > 4.5
