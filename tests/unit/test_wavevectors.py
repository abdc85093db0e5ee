"""Wave vectors of a box compared with a complete list, and sums over atoms compared with plain exponentials."""

from itertools import product

import numpy as np
import pytest

from bosonpeak.scattering.wavevectors import (
    ShellSums,
    Wavevectors,
    box_wavevectors,
    phase_waves,
    shell_means,
)

SKEWED = np.array([[13.0, 0, 0], [4, 12, 0], [-3, 5, 14]])
EDGES = np.array([0.4, 0.7, 1.0, 1.6, 2.0])


def _counted_out(cell, edges, reach=14):
    """{n: (Q, shell)} of every wave vector of the box, +Q and -Q, by its reciprocal vectors."""
    a, b, c = cell
    volume = a @ np.cross(b, c)
    reciprocal = 2 * np.pi * np.array([np.cross(b, c), np.cross(c, a), np.cross(a, b)]) / volume
    found = {}
    for n in product(range(-reach, reach + 1), repeat=3):
        q = np.array(n) @ reciprocal
        length = np.linalg.norm(q)
        if edges[0] <= length < edges[-1]:
            found[n] = q, max(k for k, edge in enumerate(edges[:-1]) if length >= edge)
    return found


@pytest.mark.parametrize("cell", [SKEWED, SKEWED[[2, 0, 1]] * [1, -1, 1], np.diag([9.0, 15.0, 11.0])])
def test_every_pair_of_a_box_is_there_once_and_in_its_shell(cell):
    every = _counted_out(cell, EDGES)
    found = box_wavevectors(cell, EDGES)
    indices = [tuple(map(int, n)) for n in found.indices]
    both = indices + [tuple(-k for k in n) for n in indices]
    assert len(set(both)) == len(both) == len(every) and set(both) == set(every)
    assert len(found) == len(every) // 2
    np.testing.assert_allclose(found.vectors, [every[n][0] for n in indices], atol=1e-12)
    np.testing.assert_array_equal(found.shell, [every[n][1] for n in indices])
    assert (np.diff(found.shell) >= 0).all()
    np.testing.assert_array_equal(found.available, np.bincount([shell for _, shell in every.values()]) // 2)
    np.testing.assert_array_equal(found.counts, found.available)
    # a wave is the same in every image
    assert np.cos(found.vectors @ cell.T) == pytest.approx(1.0)


def test_an_edge_belongs_to_the_shell_above_it():
    unit = 2 * np.pi * np.eye(3)
    found = box_wavevectors(unit, [1.0, 2.0, 3.0])
    length = np.linalg.norm(found.vectors, axis=1)
    assert found.available.tolist() == [(6 + 12 + 8) // 2, (6 + 24 + 24 + 12) // 2]
    assert length.min() == pytest.approx(1.0) and length.max() == pytest.approx(np.sqrt(8))
    np.testing.assert_array_equal(found.shell, (length > 2 - 1e-9).astype(int))


def test_shells_have_their_middles_and_vectors_their_directions():
    found = box_wavevectors(SKEWED, EDGES)
    np.testing.assert_allclose(found.q, [0.55, 0.85, 1.3, 1.8])
    length = np.linalg.norm(found.vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(found.directions * length, found.vectors)
    np.testing.assert_allclose((found.directions**2).sum(axis=1), 1)


def test_a_large_box_has_the_continuum_s_density_of_waves():
    edges = np.linspace(1.0, 3.0, 5)
    found = box_wavevectors(SKEWED * 3, edges)
    volume = abs(np.linalg.det(SKEWED * 3))
    expected = volume / (2 * np.pi) ** 3 * 4 / 3 * np.pi * np.diff(edges**3) / 2
    np.testing.assert_allclose(found.available, expected, rtol=0.02)


def test_the_requested_number_of_vectors_is_drawn_each_once_and_from_the_box():
    every = box_wavevectors(SKEWED, EDGES)
    drawn = box_wavevectors(SKEWED, EDGES, per_shell=20, rng=3)
    assert every.available.min() < 20 < every.available.max()
    np.testing.assert_array_equal(drawn.counts, np.minimum(every.available, 20))
    np.testing.assert_array_equal(drawn.available, every.available)
    known = {tuple(n): (tuple(q), s) for n, q, s in zip(every.indices, every.vectors, every.shell, strict=True)}
    taken = [tuple(n) for n in drawn.indices]
    assert len(set(taken)) == len(taken)
    assert all(known[n] == (tuple(q), s) for n, q, s in zip(taken, drawn.vectors, drawn.shell, strict=True))
    assert (np.diff(drawn.shell) >= 0).all()


def test_the_seed_decides_which_are_drawn():
    one, same, other = (box_wavevectors(SKEWED, EDGES, 10, seed) for seed in (7, np.random.default_rng(7), 8))
    np.testing.assert_array_equal(one.indices, same.indices)
    assert (one.indices != other.indices).any()


def test_every_vector_is_as_likely_to_be_drawn():
    edges, rng = [0.4, 1.0], np.random.default_rng(1)
    every = box_wavevectors(SKEWED, edges)
    index = {tuple(n): k for k, n in enumerate(every.indices)}
    hits = np.zeros(len(every))
    for _ in range(600):
        hits[[index[tuple(n)] for n in box_wavevectors(SKEWED, edges, 10, rng).indices]] += 1
    share = 10 / len(every)
    expected = 600 * share
    chi = ((hits - expected) ** 2 / (expected * (1 - share))).mean()
    assert chi == pytest.approx(1.0, abs=5 * np.sqrt(2 / len(every)))


@pytest.mark.parametrize(
    ("edges", "message"),
    [([1.0], "ascend"), ([0.0, 1.0], "above 0"), ([1.0, 1.0], "ascend"), ([2.0, 1.0], "ascend"), ([[1, 2]], "ascend")],
)
def test_other_edges_are_refused(edges, message):
    with pytest.raises(ValueError, match=message):
        box_wavevectors(SKEWED, edges)
    with pytest.raises(ValueError, match="ascend"):
        box_wavevectors(SKEWED, [np.nan, 1.0])


def test_a_flat_or_too_small_box_is_refused():
    for flat in ([[1.0, 0, 0], [0, 1, 0], [1, 1, 0]], np.eye(2), np.zeros((3, 3))):
        with pytest.raises(ValueError, match="no volume"):
            box_wavevectors(flat, EDGES)
    with pytest.raises(ValueError, match=r"no wave of this box has 0\.4 <= \|Q\| < 2"):
        box_wavevectors(np.eye(3), EDGES)
    for count in (0, -4):
        with pytest.raises(ValueError, match=f"per_shell = {count}"):
            box_wavevectors(SKEWED, EDGES, per_shell=count)


@pytest.fixture(scope="module")
def gas():
    """Scaled positions, some outside the box, and all wave vectors."""
    return np.random.default_rng(5).uniform(-1, 2, (70, 3)), box_wavevectors(SKEWED, EDGES)


def test_phase_waves_are_exponentials(gas):
    scaled, waves = gas
    exact = np.exp(-1j * waves.vectors @ (scaled @ SKEWED).T)
    found = phase_waves(scaled, waves.indices)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], exact.real, atol=1e-6)
    np.testing.assert_allclose(found[1], exact.imag, atol=1e-6)
    # high orders too: errors of the powers must not pile up
    high = np.array([[80, -75, 60], [-90, 3, 0], [0, 0, 95]])
    found = phase_waves(scaled, high)
    np.testing.assert_allclose(found[0] + 1j * found[1], np.exp(-2j * np.pi * high @ scaled.T), atol=1e-6)


def test_phase_waves_fill_the_array_given(gas):
    scaled, waves = gas
    out = np.full((2, len(waves), 70), np.nan, np.float32)
    assert phase_waves(scaled, waves.indices, out=out) is out
    np.testing.assert_array_equal(out, phase_waves(scaled, waves.indices))


def test_products_of_waves_and_values_are_fourier_sums(gas):
    scaled, waves = gas
    values = np.random.default_rng(6).normal(size=(70, 4))
    exact = np.exp(-1j * waves.vectors @ (scaled @ SKEWED).T) @ values

    def sums(places):
        real, imaginary = phase_waves(places, waves.indices) @ values.astype(np.float32)
        return real + 1j * imaginary

    found = sums(scaled)
    assert found.shape == (len(waves), 4)
    np.testing.assert_allclose(found, exact, atol=1e-6 * 70)
    # moving the whole box changes the phase only
    moved = sums(scaled + np.array([0.3, 0.1, -0.2]))
    np.testing.assert_allclose(abs(moved), abs(exact), atol=1e-6 * 70)


def test_shell_means_are_those_of_a_loop(gas):
    _, waves = gas
    values = np.random.default_rng(8).normal(3.0, 1.0, (len(waves), 5, 2))
    mean, error = shell_means(values, waves)
    assert mean.shape == error.shape == (4, 5, 2)
    for shell in range(4):
        own = values[waves.shell == shell]
        np.testing.assert_allclose(mean[shell], own.mean(axis=0))
        np.testing.assert_allclose(error[shell], own.std(axis=0, ddof=1) / np.sqrt(len(own)))
    mean, error = shell_means(values[:, 0, 0], waves)
    assert mean.shape == error.shape == (4,) and mean[2] == pytest.approx(values[waves.shell == 2, 0, 0].mean())


def test_a_shell_of_one_vector_has_no_error_and_an_empty_one_no_mean():
    edges = np.array([1.0, 2.0, 3.0, 4.0])
    waves = Wavevectors(np.eye(3, dtype=int), np.eye(3), np.array([0, 0, 2]), edges, np.array([2, 0, 1]))
    mean, error = shell_means(np.array([1.0, 4.0, 5.0]), waves)
    np.testing.assert_allclose(mean, [2.5, np.nan, 5.0])
    np.testing.assert_allclose(error, [1.5, np.nan, np.nan])
    assert waves.counts.tolist() == [2, 0, 1]


def test_sums_do_not_depend_on_the_chunks(gas):
    _, waves = gas
    values = np.random.default_rng(9).normal(size=(len(waves), 3))
    whole, parts = ShellSums(4), ShellSums(4)
    whole.add(values, waves.shell)
    for start in range(0, len(waves), 17):
        parts.add(values[start : start + 17], waves.shell[start : start + 17])
    np.testing.assert_allclose(parts.result(), whole.result(), rtol=1e-12)
