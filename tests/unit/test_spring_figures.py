"""What the drawings of spring networks put on their axes."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import gamma

from bosonpeak.drawing.networks import draw_network
from bosonpeak.networks.lattices import SpringDistribution, lattice_network
from bosonpeak.networks.placement import network_with_variance
from bosonpeak.papers.spring_network import figures as draw
from bosonpeak.papers.spring_network.comparison import Comparison
from bosonpeak.papers.spring_network.excess import Excess, Group
from bosonpeak.papers.spring_network.measure import Spread
from bosonpeak.papers.spring_network.network_waves import Waves
from bosonpeak.papers.spring_network.recipes import DISTRIBUTIONS, SWEPT
from bosonpeak.vibrations.peaks import WINDOW

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


def _groups(*nets):
    omega = np.linspace(0.2, 2, 50)
    made = [Excess(True, 1.0, 0.1, 2.0, omega, omega, np.full(50, net), 1.5, net, True, 0.8, True) for net in nets]
    return Group(made)


def test_ratios_show_the_mean_and_the_range(axes):
    draw.draw_ratios(axes, {"even triangular": _groups(1.0, 1.4), "random triangular": _groups(2.0)}, "two")
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 1.2)
    assert axes.lines[0].get_label() == "even" and axes.lines[1].get_linestyle() == "--"
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1.0, 1.4)
    # the level of the crystal, and the range in which the excess is read
    assert list(axes.lines[2].get_ydata()) == [1, 1]
    assert {axes.patches[0].get_x(), axes.patches[0].get_x() + axes.patches[0].get_width()} == set(WINDOW)


def spread(kind, name, height=1.5):
    omega = np.linspace(0.1, 3, 40)
    excess = _groups(1.2, 1.4) if name == "square" else _groups(1.1, 1.1)
    return Spread(excess, 0.25, 0.0, 4.0, 0.0, np.ones(2), omega, np.full(40, height))


def made_spreads():
    kinds = {**draw.SPREADS, **dict.fromkeys(SWEPT.values())}
    return {
        f"{kind} {name}": spread(kind, name, 1 + 0.1 * k + d)
        for k, kind in enumerate(kinds)
        for d, name in enumerate(("square", "simple-cubic"))
    }


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_distribution_is_drawn_with_its_shares_or_its_density(axes, name):
    springs = DISTRIBUTIONS[name]
    draw.draw_distribution(axes, springs, "C0", name)
    (line,) = axes.lines
    k, shown = line.get_data()
    assert line.get_label() == name and axes.get_ylabel() == "share or density"
    if springs.kind == "two-valued":
        values, weights = springs.quadrature()
        np.testing.assert_array_equal(k, values)
        np.testing.assert_array_equal(shown, weights)
        stems = [segment.tolist() for segment in axes.collections[0].get_segments()]
        assert stems == [[[x, 0], [x, w]] for x, w in zip(values, weights, strict=True)]
        assert axes.get_xlim()[0] < values.min() and values.max() < axes.get_xlim()[1] and weights.max() < 1.05
        return
    # density: its integral and its mean, as far as it is drawn
    step = np.diff(k)
    middle, height = (k[1:] + k[:-1]) / 2, (shown[1:] + shown[:-1]) / 2
    whole = slice(len(k) // 8 if springs.relative_variance > 1 else 0, None)
    mass, mean = (height * step)[whole].sum(), (height * step * middle)[whole].sum()
    if springs.kind == "box":
        assert (mass, mean) == (pytest.approx(1, abs=6e-3), pytest.approx(1, abs=6e-3))
    else:
        v, low = springs.relative_variance, k[whole][0]
        law, next_law = gamma(1 / v, scale=v), gamma(1 / v + 1, scale=v)
        # k P(k) of shape 1/v is the density of the next shape
        assert mass == pytest.approx(law.cdf(k[-1]) - law.cdf(low), abs=2e-3)
        assert mean == pytest.approx(next_law.cdf(k[-1]) - next_law.cdf(low), abs=2e-3)


def test_distributions_of_one_variance_are_drawn_with_their_spectra():
    np.testing.assert_allclose([DISTRIBUTIONS[kind].relative_variance for kind in draw.SPREADS], 0.25)
    assert set(draw.SPREADS) == set(list(DISTRIBUTIONS)[:5])
    axes, spreads = Figure().subplots(3, 1), made_spreads()
    draw.draw_spreads(axes, spreads)
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == [
        kind.replace("-", " ") for kind in draw.SPREADS
    ]
    for ax, name in zip(axes[1:], ("square", "simple-cubic"), strict=True):
        *curves, level = ax.lines
        assert ax.get_title() == name.replace("-", " ") and list(level.get_ydata()) == [1, 1]
        for curve, (kind, color) in zip(curves, draw.SPREADS.items(), strict=True):
            found = spreads[f"{kind} {name}"]
            # without the frequencies at which the kernel leaks
            seen = found.omega > 0.08 * found.omega[-1]
            np.testing.assert_array_equal(curve.get_xydata().T, [found.omega[seen], found.over_level[seen]])
            assert curve.get_color() == color and 0 < np.sum(~seen) < 0.2 * len(seen)
    # a distribution has one colour in all panels
    assert [line.get_color() for line in axes[0].lines] == list(draw.SPREADS.values())


@pytest.mark.parametrize("share, name", SWEPT.items())
def test_a_guess_shows_the_springs_the_networks_and_their_crystal(share, name):
    axes, spreads = Figure().subplots(3, 1), made_spreads()
    draw.draw_guess(axes, spreads, name)
    weak, strong = DISTRIBUTIONS[name].quadrature()[0]
    np.testing.assert_array_equal(axes[0].lines[0].get_xdata(), [weak, strong])
    for ax, lattice in zip(axes[1:], ("square", "simple-cubic"), strict=True):
        found = spreads[f"{name} {lattice}"]
        level, crystal, network = ax.lines
        assert (crystal.get_label(), network.get_label()) == ("crystal of equal stiffness", "network")
        seen = found.omega > 0.08 * found.omega[-1]
        np.testing.assert_array_equal(network.get_xydata().T, [found.omega[seen], found.over_level[seen]])
        one = found.excess.samples[0]
        np.testing.assert_array_equal(crystal.get_xydata().T, [one.omega, one.over_level / one.ratio])
        assert list(level.get_ydata()) == [1, 1]
    words = draw.describe_guess(spreads, name)
    assert words == (f"Springs of {weak:.2f} and {strong:.2f}; net excess 30 % in two and 10 % in three dimensions.")


def made_waves(dimension=2, reach=1.0):
    """Widths 0.1 / pi (omega / 0.4)^(d + 1) of the networks, and half of it of the medium."""
    frequency = np.linspace(0.1, 0.1 + 1.2 * reach, 25)
    width = 0.1 / np.pi * (frequency / 0.4) ** (dimension + 1)
    networks = np.stack([np.stack([frequency, f * width]) for f in (0.9, 1.0, 1.1)], axis=1)
    medium = np.stack([frequency, width / 2])[:, None]
    reached = np.full(3, 0.8) if reach == 1.0 else np.zeros(0)
    return Waves(dimension, networks, medium, medium, np.full(25, 0.003), reached)


def test_the_drawing_of_waves_marks_the_lines_that_count():
    axes, found = Figure().subplots(1, 2), {"square 0.8": made_waves(), "simple-cubic 0.6": made_waves(3)}
    draw.draw_waves(axes, found)
    for ax, (case, each) in zip(axes, found.items(), strict=True):
        every, used, medium, seen, slope = ax.lines
        assert 0 < each.below.sum() < 25 and len(every.get_xdata()) == 3 * 25
        np.testing.assert_array_equal(used.get_xydata().T, each.networks[:, :, each.below].reshape(2, -1))
        assert every.get_markerfacecolor() == "none" and used.get_markerfacecolor() == "C0"
        np.testing.assert_array_equal(seen.get_ydata(), each.kernel)
        np.testing.assert_array_equal(medium.get_xydata().T, each.medium[:, 0])
        # the line has the slope d + 1, and goes through the mean width at half of the crossover
        x, y = np.log(slope.get_data())
        power = each.dimension + 1
        assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(power) and np.exp(x[1]) == pytest.approx(0.4)
        assert np.exp(y[1]) == pytest.approx(0.1 / np.pi, rel=0.02) and slope.get_label() == f"slope {power}"
        (places,) = ax.collections
        assert [segment[0, 0] for segment in places.get_segments()] == pytest.approx([0.4, 0.8])
        assert ax.get_xscale() == ax.get_yscale() == "log" and ax.get_legend().get_title().get_text() == case


def test_waves_without_a_crossover_are_drawn_without_its_marks():
    axes, each = Figure().subplots(1, 1, squeeze=False)[0], made_waves(reach=0.1)
    assert np.isnan(each.crossover)
    draw.draw_waves(axes, {"square 0.7": each})
    every, used, *_ = axes[0].lines
    assert len(every.get_xdata()) == 75 and len(used.get_xdata()) == 0
    axes[0].figure.draw_without_rendering()


def test_every_case_of_waves_needs_its_axes():
    with pytest.raises(ValueError):
        draw.draw_waves(Figure().subplots(1, 2), {"square 0.8": made_waves()})


def test_the_medium_has_equal_springs_and_one_that_is_put_back():
    network = lattice_network("square", 12, springs=SpringDistribution("gamma", 1.0, 0.5), rng=SEED)
    axes = Figure().subplots(1, 2)
    draw.draw_medium(axes, network)
    unequal, equal = (np.array(ax.collections[0].get_linewidth()) for ax in axes)
    assert len(unequal) == len(axes[0].collections[0].get_segments()) and np.ptp(unequal) > 0.5
    # the same springs, all of one width
    assert len(axes[1].collections[0].get_segments()) == len(unequal) and np.ptp(equal) == 0
    (spring,) = axes[1].lines
    assert spring.get_xydata().tolist() == [[2, 3], [3, 3]] and not axes[0].lines
    assert [text.get_text() for text in axes[1].texts] == ["k", "K"]


def test_stiffnesses_are_drawn_kind_by_kind(axes):
    springs = {"a": [np.array([0.5, 1.5]), np.array([0.5, 1.5])], "b": [np.array([1.01])]}
    draw.draw_stiffnesses(axes, {kind: SimpleNamespace(stiffness=k) for kind, k in springs.items()})
    first, second, weak = axes.patches
    for steps, values in ((first, {0.5, 1.5}), (second, {1.01})):
        heights, edges, _ = steps.get_data()
        assert heights @ np.diff(edges) == pytest.approx(1)
        for value in values:
            assert heights[np.searchsorted(edges, value, "right") - 1] == pytest.approx(15 / len(values))
    assert weak.get_x() == 0 and weak.get_width() == pytest.approx(0.1)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
