"""Spacing ratios of matrices whose statistics are known, and modes against dense diagonalisation."""

import numpy as np
import pytest

from bosonpeak.papers.spring_network import network_modes
from bosonpeak.papers.spring_network.recipes import Recipe
from bosonpeak.papers.spring_network.sample_datasets import stack_parts

SEED = 20284


def test_random_matrices_repel_and_independent_levels_do_not():
    rng = np.random.default_rng(SEED)
    ratios = []
    for _ in range(40):
        A = rng.standard_normal((120, 120))
        ratios.append(network_modes.spacing_ratios(np.linalg.eigvalsh(A + A.T)))
    ratios = np.concatenate(ratios)
    assert ratios.mean() == pytest.approx(network_modes.ORTHOGONAL, abs=4 * ratios.std() / np.sqrt(len(ratios)))
    free = network_modes.spacing_ratios(np.sort(rng.uniform(size=20000)))
    assert free.mean() == pytest.approx(network_modes.INDEPENDENT, abs=4 * free.std() / np.sqrt(len(free)))
    assert pytest.approx(0.3863, abs=1e-4) == network_modes.INDEPENDENT
    # a smooth change of scale does not matter
    squares = network_modes.spacing_ratios(np.sort(rng.uniform(1, 2, 5000)) ** 2)
    assert squares.mean() == pytest.approx(network_modes.INDEPENDENT, abs=0.02)


def test_equal_spacings_have_the_ratio_one():
    np.testing.assert_allclose(network_modes.spacing_ratios(np.arange(6.0)), 1)
    np.testing.assert_allclose(network_modes.spacing_ratios([0.0, 1.0, 3.0, 3.0]), [0.5, 0.0])


@pytest.mark.parametrize(
    "values, sentence",
    [([1.0, 2.0], "three levels"), ([1.0, 3.0, 2.0], "ascend"), ([1.0, 2.0, 2.0, 2.0, 3.0], "three equal levels at 2")],
)
def test_levels_without_a_ratio_are_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        network_modes.spacing_ratios(values)


def test_modes_are_measured_on_the_largest_piece(tmp_path, monkeypatch):
    data = network_modes.measure_modes(400, 1, 0.08, 12, 4, 20, folder=tmp_path)
    assert len(data["sample"]) == 9 and np.isnan(data.frequency.sel(sample="cubic 4 s0").values[64 // 12 :]).all()
    network = Recipe("square", 24, 0.7).network(200)
    label = network.components()[1]
    inside = label == np.bincount(label).argmax()
    assert 400 < inside.sum() < len(network)
    piece = network.dynamical_matrix().toarray()[np.ix_(inside, inside)]
    value, vector = np.linalg.eigh(piece)
    exact = np.sqrt(np.clip(value, 0, None))
    near = np.sort(np.argsort(abs(exact**2 - data.attrs["peak"] ** 2))[:20])
    found = data.sel(sample="peak 24 s0")
    np.testing.assert_allclose(found.frequency.values[:20], exact[near], atol=1e-6)
    alone = np.diff(exact[near[0] - 1 : near[-1] + 2])
    single = (alone[1:] > 1e-4) & (alone[:-1] > 1e-4)
    assert single.sum() > 15
    share = 1 / (inside.sum() * (vector[:, near] ** 4).sum(axis=0))
    np.testing.assert_allclose(found.participation.values[:20][single], share[single], rtol=1e-3)
    # what is kept is not measured again
    monkeypatch.setattr(network_modes.modes, "modes_near", None)
    assert network_modes.measure_modes(400, 1, 0.08, 12, 4, 20, folder=tmp_path).identical(data)


def test_modes_within_a_fifth_of_the_peak_are_read():
    """Evenly spaced levels around a peak at 1: those from 0.8 to 1.2 count, and all their ratios are 1."""
    level = np.arange(0.55, 1.5, 0.1)
    parts = {
        f"{kind} {n} s{s}": {"frequency": level + 0.01 * s, "participation": np.full(10, 1 / n)}
        for kind in ("peak", "top", "cubic")
        for n in (10, 20)
        for s in (0, 1)
    }
    data = stack_parts(parts).assign_attrs(peak=1.0, cubic=1.0)
    for kind, count, dimension in (("peak", 4, 2), ("top", 10, 2), ("cubic", 4, 3)):
        found = network_modes.read_modes(data, kind)
        assert found.nodes == [10**dimension, 20**dimension] and found.shares[0].shape == (2 * count,)
        np.testing.assert_allclose(np.concatenate(found.ratios), 1)
        assert found.medians[1][0] == 1 / 20 and found.repulsion[0][0] == pytest.approx(1)
        assert found.exponent[0] == pytest.approx(-1 / dimension)
