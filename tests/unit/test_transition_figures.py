"""Drawings of transitions: what is measured is what is drawn, and labels stay readable."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from ase import Atoms

from bosonpeak.book.prose import quote_found, quote_or
from bosonpeak.drawing.style import draw_power, tidy_logarithmic
from bosonpeak.papers.mizuno_2017.figures import draw_split
from bosonpeak.papers.mizuno_2020 import figures as draw


def _offsets(collection):
    return np.asarray(collection.get_offsets())


def test_each_size_has_its_points_and_what_is_not_positive_is_left_out(axes):
    frame = pd.DataFrame({"n_atoms": [10, 10, 10, 20], "x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, np.inf, -1.0, 7.0]})
    draw.scatter_by_size(axes, frame, "x", "y")
    small, large = axes.collections
    assert _offsets(small).tolist() == [[1, 1]] and _offsets(large).tolist() == [[4, 7]]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["N = 10", "N = 20"]
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_linear_axes_keep_negative_numbers(axes):
    frame = pd.DataFrame({"n_atoms": [10, 10], "x": [-1.0, 2.0], "y": [1.0, 0.0]})
    draw.scatter_by_size(axes, frame, "x", "y", scale=("linear", "linear"))
    assert len(_offsets(axes.collections[0])) == 2 and axes.get_legend() is None


def test_a_power_goes_through_its_point_with_its_slope(axes):
    draw_power(axes, [1, 100], -3, (10, 5.0), "x")
    x, y = axes.lines[0].get_data()
    assert np.allclose(np.diff(np.log(y)) / np.diff(np.log(x)), -3) and y[0] == pytest.approx(5000)


def test_the_two_kinds_of_modes_add_up_to_the_density(axes):
    rng = np.random.default_rng(3)
    omega = rng.uniform(0.1, 1.0, 60)
    modes = pd.DataFrame({"frequency": omega, "phonon_order_parameter": rng.random(60), "n_atoms": 100, "sample": 0})
    edges = np.array([0.1, 0.4, 1.0])
    draw_split(axes, modes, edges, 0.5)
    densities = [container.lines[0].get_ydata() for container in axes.containers]
    assert len(densities) == 2
    total = np.histogram(omega, edges)[0] / (300 * np.diff(edges))
    assert np.allclose(densities[0] + densities[1], total)


def test_arrows_stand_where_the_atoms_are_and_the_longest_has_its_length():
    rng = np.random.default_rng(5)
    box = 6.0
    atoms = Atoms("X20", rng.random((20, 3)) * box, cell=[box] * 3, pbc=True)
    order, moved = np.arange(20)[::-1], np.diag([0.2, 0.1, 0.05])[[0, 1, 2] * 6 + [0, 1]]
    figure = plt.figure()
    ax = figure.add_subplot(projection="3d")
    draw.draw_field(ax, atoms, order, moved, atoms.positions[order[0]], length=1.5)
    longest = max(np.linalg.norm(np.subtract(*segment[:2])) for c in ax.collections for segment in c._segments3d)
    assert longest == pytest.approx(1.5) and ax.get_xlim() == (0, box)
    plt.close(figure)


def test_logarithmic_axes_of_any_length_have_labels_that_do_not_collide(axes):
    for limits in ((0.07, 0.4), (1e-4, 1.0), (3.0, 8.0)):
        axes.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
        tidy_logarithmic(axes)
        axes.figure.canvas.draw()
        boxes = [
            label.get_window_extent()
            for label in axes.get_xticklabels(which="both")
            if label.get_text() and limits[0] <= label.get_position()[0] <= limits[1]
        ]
        assert len(boxes) >= 2, limits
        edges = sorted((box.x0, box.x1) for box in boxes)
        assert all(left[1] < right[0] for left, right in itertools.pairwise(edges))


def test_a_number_that_was_not_measured_is_said_so(monkeypatch):
    said = {}
    monkeypatch.setattr("myst_nb.glue", lambda name, value, display: said.update({name: value}))
    quote_or("slope", 2.346)
    quote_or("count", 12.0, ".0f")
    quote_or("none", None, otherwise="unknown")
    quote_found("found", (0.5, (0.25, 0.75)), ".0f", 100)
    quote_found("single", (0.5, (-np.inf, np.inf)))
    quote_found("missing", (None, None))
    quote_found("nothing", None)
    absent = "(too few modes at this size)"
    assert said == {
        "slope": "2.35", "count": "12", "none": "unknown", "found": "50 [25, 75]", "missing": absent, "nothing": absent,
        "single": "0.50 (too few samples for an interval)",
    }  # fmt: skip
    with pytest.raises(ValueError, match="found is not a number"):
        quote_found("found", (float("nan"), (0.0, 1.0)))
    with pytest.raises(ValueError, match="slope is not a number"):
        quote_or("slope", float("nan"))
