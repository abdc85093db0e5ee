"""Drawings of what is learned show the numbers they were given."""

import numpy as np
import pytest

from bosonpeak.papers.tao_2023 import figures as draw


def test_a_network_has_its_layers(axes):
    draw.draw_network(axes, (360, 64, 32, 1))
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [7, 7, 7, 1]
    assert {"360", "64", "32", "1"} <= {text.get_text() for text in axes.texts}
    # every neuron shown is connected to every one of the next layer
    assert len(axes.lines) - len(dots) == 7 * 7 + 7 * 7 + 7 * 1


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
