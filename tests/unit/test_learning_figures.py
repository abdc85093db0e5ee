"""Drawings of what is learned show the numbers they were given."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from bosonpeak.papers.tao_2023 import figures as draw
from bosonpeak.papers.tao_2023.descriptors import partial_pair_functions


def test_counting_noise_falls_with_the_number_of_pairs(axes):
    rng, counts = np.random.default_rng(1), np.full((400, 3, 2), 100.0)
    counts[..., 1] = 400.0
    table = xr.Dataset(
        {"pair_count": (("sample", "pair", "r"), rng.poisson(counts)), "volume": ("sample", np.full(400, 17.5))},
        {"pair": ["Cu-Cu", "Cu-Zr", "Zr-Zr"], "r": [2.05, 2.15]},
        {"n_atoms": 1000},
    )
    panels = [axes, axes.twinx(), axes.twiny()]
    draw.draw_noise(panels, table)
    between, noise = (line.get_ydata() for line in axes.lines)
    # independent pairs scatter as their counting noise does, which is g over the root of their number
    np.testing.assert_allclose(between, noise, rtol=0.1)
    mean = partial_pair_functions(table).mean(axis=0)[0]
    np.testing.assert_allclose(noise, mean / [10, 20], rtol=0.05)


def test_targets_and_glasses_are_drawn(axes):
    targets = {(name, kind): (0.5, (0.4, 0.6)) for name in "ab" for kind in ("total g(r)", "partial g(r)")}
    draw.draw_targets(axes, SimpleNamespace(targets=targets))
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"] and len(axes.containers) == 2
    axes.clear()
    found = xr.Dataset(
        {
            "predicted": ("structure", [1.0, 2, 3]),
            "height": ("structure", [4.0, 5, 6]),
            "row": ("structure", [-1, 0, 1]),
        }
    )
    draw.draw_bottom_up(axes, found)
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[1, 4]], [[2, 5], [3, 6]]]


def test_rates_have_the_mean_of_their_samples(axes):
    draw.draw_by_rate(axes, [1e13, 1e13, 1e13, 1e14], [1.0, 2.0, 3.0, 9.0], "height")
    (bars,) = axes.containers
    assert bars.lines[0].get_xydata().tolist() == [[1e13, 2.0]]
    assert axes.lines[0].get_ydata().tolist() == [1.0, 2.0, 3.0, 9.0] and axes.get_xscale() == "log"
    assert axes.get_ylabel() == "height"
    # two samples tell no interval worth an axis
    draw.draw_by_rate(axes, [1e15, 1e15], [1.0, 2.0], "height")
    assert not axes.containers[1].lines[0].get_xydata().size


def test_intervals_stand_or_lie(axes):
    found = [(2.0, (1.0, 4.0)), (5.0, (4.5, 5.0))]
    draw.draw_intervals(axes, [0.0, 1.0], found)
    draw.draw_intervals(axes, [0.0, 1.0], found, upright=False)
    standing, lying = axes.containers
    assert standing.lines[0].get_xydata().tolist() == [[0.0, 2.0], [1.0, 5.0]]
    assert [end.get_ydata().tolist() for end in standing.lines[1]] == [[1.0, 4.5], [4.0, 5.0]]
    assert lying.lines[0].get_xydata().tolist() == [[2.0, 0.0], [5.0, 1.0]]
    assert [end.get_xdata().tolist() for end in lying.lines[1]] == [[1.0, 4.5], [4.0, 5.0]]


def test_a_spread_is_the_mean_and_the_standard_deviation_of_each_row(axes):
    draw.draw_spread(axes, [1.0, 2.0], np.array([[1.0, 3.0], [5.0, 5.0]]))
    (bars,) = axes.containers
    assert bars.lines[0].get_xydata().tolist() == [[1.0, 2.0], [2.0, 5.0]]
    assert [end.get_ydata().tolist() for end in bars.lines[1]] == [[1.0, 5.0], [3.0, 5.0]]


def test_scores_stand_beside_what_is_no_score(axes):
    draw.draw_scores(axes, ["a", "b"], [(0.2, (0.1, 0.4)), (-0.1, (-0.2, 0.0))], line=0.5)
    (bars,) = axes.containers
    assert bars.lines[0].get_xdata().tolist() == [0.2, -0.1]
    low, high = bars.lines[1]
    np.testing.assert_allclose(low.get_xdata(), [0.1, -0.2])
    np.testing.assert_allclose(high.get_xdata(), [0.4, 0.0])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"]
    assert axes.lines[-1].get_xdata() == [0.5, 0.5]


@pytest.mark.parametrize("n", [8, 300, 3000])
def test_predictions_are_averaged_over_equally_many_samples(axes, n):
    true = np.random.default_rng(1).normal(200, 10, n)
    draw.draw_parity(axes, true, 0.5 * true + 100)
    means, diagonal = axes.lines
    assert len(means.get_xdata()) == min(10, n)
    np.testing.assert_allclose(means.get_ydata(), 0.5 * means.get_xdata() + 100)
    assert (diagonal.get_xdata() == diagonal.get_ydata()).all()


def test_surroundings_of_both_groups_are_drawn(axes):
    r = np.linspace(2, 12, 50)
    true = np.arange(8.0).reshape(2, 4, 1) * np.ones(50)
    draw.draw_surroundings(axes, r, true, true + 0.5, channel=2)
    assert [line.get_ydata()[0] for line in axes.lines] == [2.0, 2.5, 6.0, 6.5]
    assert "Zr-Cu" in axes.get_ylabel()
