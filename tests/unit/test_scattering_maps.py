"""What is read off maps of Q and E: made ones give back what they were made of."""

from dataclasses import replace

import numpy as np
import pytest

from bosonpeak.papers.li_2025.maps import (
    fit_product,
    intensity_forms,
    mean_peak,
    mean_spectrum,
    range_above,
    scaled_map,
    structure_correlation,
    window,
)
from bosonpeak.scattering.wavevectors import ScatteringMap

Q, ENERGY = np.arange(0.35, 8.6, 0.1), np.arange(1, 121) * 0.25
S = 1 + 1.5 * np.exp(-(((Q - 2.7) / 0.3) ** 2)) - 0.6 * np.exp(-(((Q - 3.6) / 0.4) ** 2)) + 0.3 * np.sin(2.4 * Q) / Q
LINE = 0.02 * np.exp(-0.5 * ((ENERGY - 5.2) / 1.7) ** 2) + 0.004 * np.exp(-ENERGY / 12)


def _map(intensity, stderr=None, counts=None):
    intensity = np.broadcast_to(intensity, (len(Q), len(ENERGY))).astype(float)
    stderr = 0.01 * abs(intensity) if stderr is None else np.broadcast_to(stderr, intensity.shape)
    return ScatteringMap(Q, ENERGY, intensity, stderr, np.full(len(Q), 20) if counts is None else counts, "meV")


ALL = np.ones(len(Q), bool)


def test_a_window_holds_the_shells_between_its_ends_that_have_waves():
    counts = np.where(abs(Q - 3.05) < 0.01, 0, 20)
    found = window(_map(LINE, counts=counts), 2.0, 4.0)
    np.testing.assert_array_equal(found, (Q > 2.0) & (Q < 4.0) & (abs(Q - 3.05) > 0.01))
    assert window(_map(LINE), 2.05 - 1e-9, 2.25 + 1e-9).sum() == 3
    with pytest.raises(ValueError, match=r"2 shells of wave vectors lie in 2 <= Q <= 2\.2: three are needed"):
        window(_map(LINE), 2.0, 2.2)
    with pytest.raises(ValueError, match="0 shells"):
        window(_map(LINE, counts=np.zeros(len(Q))), 1.0, 5.0)


def test_a_product_map_is_its_own_line_and_goes_with_the_structure():
    found, inside = _map(np.outer(S, LINE)), window(_map(LINE), 2.1, 8.5)
    fit = fit_product(found, S, inside, 2.0, 12.0)
    assert fit.residual == pytest.approx(0, abs=1e-12) and fit.best == pytest.approx(0, abs=1e-7)
    # f(E) alone leaves the scatter of S(Q) over its root mean square
    assert fit.flat == pytest.approx(S[inside].std() / np.sqrt((S[inside] ** 2).mean()))
    np.testing.assert_allclose(structure_correlation(found, S, inside), 1.0)
    np.testing.assert_allclose(structure_correlation(_map(np.outer(3 - S, LINE)), S, inside), -1.0)


def test_a_product_map_peaks_at_one_energy():
    found = _map(np.outer(S, LINE))
    fine = np.linspace(2, 12, 10001)
    place = fine[(0.02 * np.exp(-0.5 * ((fine - 5.2) / 1.7) ** 2) + 0.004 * np.exp(-fine / 12)).argmax()]
    for inside in (ALL, window(found, 2.1, 8.5), window(found, 0.3, 1.0)):
        assert mean_peak(found, inside, 2.0, 12.0) == pytest.approx(place, abs=0.01)


def test_a_product_with_a_function_other_than_the_structure_has_a_residual():
    for share in (0.2, 0.5, 1.0):
        found, inside = _map(np.outer(share + (1 - share) * S, LINE)), window(_map(LINE), 2.1, 8.5)
        fit = fit_product(found, S, inside, 2.0, 12.0)
        # it is a product of two functions, but not one with S(Q)
        assert fit.best == pytest.approx(0, abs=1e-7)
        y = share + (1 - share) * S[inside]
        left = y - S[inside] * (S[inside] @ y) / (S[inside] @ S[inside])
        assert fit.residual == pytest.approx(np.linalg.norm(left) / np.linalg.norm(y))
    assert fit.flat == pytest.approx(0, abs=1e-12) and fit.residual > 0.1
    # a map that does not vary has no correlation
    assert np.isnan(structure_correlation(_map(np.full(len(ENERGY), 0.5)), S, ALL)).all()
    # the far tail of a Gaussian kernel, whose square underflows
    faint = _map(np.full(len(ENERGY), 1e-170))
    faint = replace(faint, intensity=faint.intensity * S[:, None])
    with np.errstate(all="raise"):
        np.testing.assert_allclose(structure_correlation(faint, S, ALL), 1)


def test_the_best_product_leaves_what_two_functions_cannot():
    other = np.cos(3 * Q)
    found = _map(np.outer(S, LINE) + 0.02 * np.outer(other, np.sin(ENERGY)))
    fit = fit_product(found, S, ALL, 2.0, 12.0)
    assert 0 < fit.best <= fit.residual and fit.best <= fit.flat
    taken = (ENERGY >= 2.0) & (ENERGY <= 12.0)
    u, s, v = np.linalg.svd(found.intensity[:, taken])
    left = found.intensity[:, taken] - s[0] * np.outer(u[:, 0], v[0])
    assert fit.best == pytest.approx(np.linalg.norm(left) / np.linalg.norm(found.intensity[:, taken]))
    # least squares: no other f(E) leaves less
    rng, best = np.random.default_rng(0), S @ found.intensity[:, taken] / (S @ S)
    for _ in range(20):
        line = best + 1e-3 * rng.normal(size=taken.sum())
        off = np.linalg.norm(found.intensity[:, taken] - np.outer(S, line))
        assert off > fit.residual * np.linalg.norm(found.intensity[:, taken])


def test_structure_correlation_is_pearson_s_at_every_energy():
    rng = np.random.default_rng(1)
    found, inside = _map(rng.normal(size=(len(Q), len(ENERGY)))), window(_map(LINE), 2.1, 8.5)
    r = structure_correlation(found, S, inside)
    expected = [np.corrcoef(found.intensity[inside, k], S[inside])[0, 1] for k in range(len(ENERGY))]
    np.testing.assert_allclose(r, expected, rtol=1e-10)
    # of a map whose noise is a known part: 1 / sqrt(1 + noise^2 / signal^2)
    noisy = _map(S[:, None] + rng.normal(0, S.std(), (len(Q), len(ENERGY))))
    assert structure_correlation(noisy, S, ALL).mean() == pytest.approx(1 / np.sqrt(2), abs=0.03)


def test_the_mean_spectrum_is_that_of_the_window():
    found = _map(np.outer(S, LINE))
    inside = window(found, 2.1, 8.5)
    np.testing.assert_allclose(mean_spectrum(found, inside), S[inside].mean() * LINE)


def test_the_range_above_a_threshold_ends_on_straight_lines():
    energy = np.arange(0.0, 11.0)
    tent = 5 - abs(energy - 5)
    assert range_above(energy, tent, 5.0, 2.5) == pytest.approx((2.5, 7.5))
    assert range_above(energy, tent, 4.2, 3.0) == pytest.approx((3.0, 7.0))
    # another hill does not count, nor one that the energy asked for is not on
    hills = np.array([0, 4, 4, 0, 0, 4, 4, 4, 0, 4, 4.0])
    assert range_above(energy, hills, 6.0, 2.0) == pytest.approx((4.5, 7.5))
    assert range_above(energy, hills, 3.0, 2.0) == (3.0, 3.0)
    assert range_above(energy, hills, 9.6, 2.0) == pytest.approx((8.5, 10.0))
    assert range_above(energy, tent, 5.0, -1.0) == (0.0, 10.0)
    assert range_above(energy, np.full(11, np.nan), 5.0, 0.5) == (5.0, 5.0)


def test_other_forms_of_the_intensity_are_those_of_equation_1():
    u2, thermal = 0.008, 25.85
    found = _map(np.outer(S, LINE))
    forms = intensity_forms(found, u2, thermal)
    # Eq. 1 the other way round, number by number
    for b, e in ((0, 0), (30, 19), (80, 100)):
        q, E = Q[b], ENERGY[e]
        n = 1 - np.exp(-E / thermal)
        s = found.intensity[b, e] * E**2 / (np.exp(q**2 * u2) * E / q**2 * n)
        assert forms["S"].intensity[b, e] == pytest.approx(s)
        assert forms["S E / Q"].intensity[b, e] == pytest.approx(s * E / q)
        assert forms["S <n> / (E Q)"].intensity[b, e] == pytest.approx(s * n / (E * q))
        assert np.exp(q**2 * u2) * E / q**2 * n * s / E**2 == pytest.approx(found.intensity[b, e])
        assert forms["S"].stderr[b, e] == pytest.approx(0.01 * s)
    # hot: classical, S ~ kT Q^2 B
    hot = intensity_forms(found, 0.0, 1e6)["S"].intensity
    np.testing.assert_allclose(hot, 1e6 * Q[:, None] ** 2 * found.intensity, rtol=1e-4)


def test_scaled_maps_keep_their_errors_positive():
    found = scaled_map(_map(np.outer(S, LINE)), -2 * Q[:, None])
    np.testing.assert_allclose(found.intensity, -2 * Q[:, None] * np.outer(S, LINE))
    np.testing.assert_allclose(found.stderr, 0.01 * abs(found.intensity))
    np.testing.assert_array_equal(found.counts, 20)
