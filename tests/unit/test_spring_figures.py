"""What the drawings of spring networks put on their axes."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from bosonpeak.drawing.networks import draw_network
from bosonpeak.networks.lattices import SpringDistribution, lattice_network
from bosonpeak.networks.placement import network_with_variance
from bosonpeak.papers.spring_network import figures as draw
from bosonpeak.papers.spring_network.comparison import Comparison
from bosonpeak.papers.spring_network.cpa import solve_cpa
from bosonpeak.papers.spring_network.excess import Excess, Group, measure_excess, medium_excess
from bosonpeak.papers.spring_network.kernel import fine_grid
from bosonpeak.papers.spring_network.network_waves import Lines, Waves

SEED = 20285


def test_springs_are_as_wide_as_they_are_stiff(axes):
    network = lattice_network("triangular", 12, springs=SpringDistribution("gamma", 1.0, 0.5), rng=SEED)
    window, options = (-0.6, 6.0, -0.6, 6.0), {"by_stiffness": True, "limits": (1, 6)}
    draw_network(axes, network, window, highlight=network.coordination(), **options)
    (springs,) = axes.collections[:1]
    widths = np.array(springs.get_linewidth())
    assert len(widths) > 50 and np.ptp(widths) > 0.5 and widths.min() >= 0.15
    assert axes.get_aspect() == 1 and axes.collections[1].get_clim() == (1, 6)
    even = network_with_variance("triangular", 12, 4, 0.0, rng=SEED)
    draw_network(axes, even, window, **options)
    assert np.ptp(axes.collections[2].get_linewidth()) == 0


def test_a_comparison_says_its_deviation(axes):
    omega = np.linspace(0.2, 2.0, 50)
    found = Comparison(omega, np.stack([0.99 * omega**2, 1.01 * omega**2]), 1.1 * omega**2)
    draw.draw_comparison(axes, found, omega**2, 3, "a case")
    network, medium, crystal = axes.lines
    np.testing.assert_allclose(network.get_ydata(), 1)
    np.testing.assert_allclose(medium.get_ydata(), 1.1)
    np.testing.assert_allclose(crystal.get_ydata(), 1)
    assert axes.texts[0].get_text() == "9.1 %\n(noise 0.9)"


def test_a_map_has_its_networks_in_the_same_colours(axes):
    x, y = np.linspace(3, 6, 5), np.linspace(0, 1, 4)
    values = 1 + y[:, None] * (6 - x)
    filled = draw.draw_map(axes, x, y, values, {(4, 0.5): 2.0, (6, 0.0): 1.0}, [1.1, 1.5, 2.0], "map")
    discs = axes.collections[-1]
    assert discs.norm is filled.norm and list(discs.get_array()) == [2.0, 1.0]
    np.testing.assert_array_equal(discs.get_offsets(), [[4, 0.5], [6, 0]])


def test_the_explorer_says_where_there_is_no_rigidity():
    axes = Figure().subplots(2, 1)
    solid = measure_excess(lattice_network("square", 30, bond_fraction=0.8, rng=SEED), "square", rng=SEED)
    medium = medium_excess(solve_cpa("square", fine_grid(2.6, 80), bond_fraction=0.8))
    floppy = measure_excess(lattice_network("square", 30, bond_fraction=0.3, rng=SEED), "square")
    slider = draw.Explorer({0.8: [("solid", solid, medium), ("floppy", floppy, None)]}, "p = {:g}")
    slider.draw(axes, 0.8)
    assert [line.get_label() for line in axes[0].lines[1:]] == ["network", "CPA", "softened crystal"]
    np.testing.assert_allclose(axes[0].lines[1].get_ydata(), solid.reduced / solid.level)
    assert "below rigidity" in axes[1].texts[0].get_text() and len(axes[1].lines) == 1
    alone = Figure().subplots(1, 2)
    draw.Explorer({1: [("a", solid, None), ("b", solid, replace(medium, rigid=False))]}, "{}").draw(alone, 1)
    assert all(len(ax.lines) == 3 for ax in alone)


def test_a_slider_of_the_explorer_draws_and_describes_each_of_its_values():
    rigid = SimpleNamespace(rigid=True, height=1.234)
    floppy = SimpleNamespace(rigid=False, height=float("nan"))
    slider = draw.Explorer({0.5: [("square", rigid, None), ("fcc", floppy, None)]}, "p = {:g}")
    assert slider.describe(0.5) == "p = 0.5: square, highest 1.23 of the Debye level; fcc, below rigidity."
    with pytest.raises(KeyError):
        slider.describe(0.6)


def _groups(*nets):
    omega = np.linspace(0.2, 2, 50)
    made = [Excess(True, 1.0, 0.1, 2.0, omega, omega, np.full(50, net), 1.5, net, True, 0.8, True) for net in nets]
    return Group(made)


def test_ratios_and_variances_show_the_mean_and_the_range(axes):
    draw.draw_ratios(axes, {"even triangular": _groups(1.0, 1.4), "random triangular": _groups(2.0)}, "two")
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 1.2)
    assert axes.lines[0].get_label() == "even" and axes.lines[1].get_linestyle() == "--"
    other = Figure().subplots()
    draw.draw_variance(other, [0.0, 1.0], [_groups(1.0, 1.2), _groups(2.0, 3.0)], 1.5, "C0", "-", "v = 0")
    np.testing.assert_allclose(other.lines[0].get_ydata(), [1.1, 2.5])
    assert [line.get_marker() for line in other.lines if list(line.get_ydata()) == [1.5]] == ["x"]


def test_waves_show_the_damping_of_every_sample():
    axes, frequency = Figure().subplots(3), np.linspace(0.2, 1.2, 11)
    lines = Lines(frequency, 0.1 * frequency, np.ones(11))
    curves = np.ones((6, 11))
    found = Waves(frequency, [lines, lines], lines, lines, curves, 0.5 * curves)
    draw.draw_waves(axes, np.arange(6.0), found, 1.0, 0.6)
    assert len(axes[0].lines) == 8 and len(axes[2].lines[0].get_ydata()) == 22
    np.testing.assert_allclose(axes[2].lines[0].get_ydata(), 0.1 * np.pi)
