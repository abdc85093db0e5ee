"""Drawings show what they are given, and what is read off maps for them is right."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from bosonpeak.papers.li_2025 import figures as draw
from bosonpeak.papers.li_2025 import maps
from bosonpeak.scattering.wavevectors import ScatteringMap

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


def test_peaks_at_the_edge_of_the_search_are_hollow(axes):
    rising = made_map(np.outer(S, E))
    found = maps.peak_dispersion(rising, maps.window(rising, 2.1, 8.5), 1.5, 10)
    draw.draw_dispersions(axes, [found, found], "k", "x")
    full, hollow = axes.lines
    assert len(full.get_xdata()) == 0 and len(hollow.get_xdata()) == 2 * len(found.q)
    assert hollow.get_markerfacecolor() == "none" and full.get_label() == "x"


def test_correlation_draws_each_sample_and_the_mean(axes):
    curves = np.array([np.linspace(1, 0, len(E)), np.linspace(1, -1, len(E))])
    draw.draw_correlation(axes, E, curves, "k", "x", peak=3.0)
    np.testing.assert_allclose(axes.lines[2].get_ydata(), curves.mean(axis=0))
    assert axes.lines[3].get_xdata()[0] == 3.0


def test_spectrum_is_over_its_maximum_above_the_limit(axes):
    draw.draw_spectrum(axes, E, 1 / E, "k", "x", low=2.0)
    line = axes.lines[0]
    assert line.get_xdata()[0] == 2.0 and line.get_ydata().max() == 1


class TestWhatIsRead:
    def test_peak_of_the_mean(self, product):
        assert maps.mean_peak(product, maps.window(product, 2.1, 8.5), 1.5, 10) == pytest.approx(3, abs=0.01)

    def test_interval_of_the_peak_knows_the_speckle(self, product):
        inside, rng = maps.window(product, 2.1, 8.5), np.random.default_rng(0)
        truth = maps.mean_peak(product, inside, 1.5, 10)
        hits, widths = [], []
        for _ in range(40):
            noisy = made_map(product.intensity * rng.gamma(4, 1 / 4, product.intensity.shape))
            # speckle has the width of the kernel in energy
            noisy = made_map(gaussian_filter1d(noisy.intensity, 1.6, axis=1))
            value, (low, high) = maps.mean_peak_interval(noisy, inside, 1.5, 10, rng=1)
            hits.append(low <= truth <= high)
            widths.append(high - low)
            assert low <= value <= high
        assert np.mean(hits) > 0.8 and 0.01 < np.mean(widths) < 2

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
