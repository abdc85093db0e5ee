"""Drawings of barriers, their atoms and their motion: what stands on the axes is what was given."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from ase import Atoms
from matplotlib.figure import Figure

from bosonpeak.papers.yang_2021 import figures as draw


def test_extremes_are_named_with_their_numbers_and_means(axes):
    barrier = np.r_[np.full(5, 1.0), np.full(10, 2.0)]
    draw.draw_extremes(axes, barrier, np.arange(5, 15), np.arange(5), np.linspace(0, 3, 7))
    assert [line.get_xdata()[0] for line in axes.lines] == [2.0, 1.0]
    labels = axes.get_legend_handles_labels()[1]
    assert labels[0].endswith("(10)") and labels[1].endswith("(5)")


def test_the_law_draws_the_least_squares_line_through_the_origin(axes):
    x, y = np.array([1e6, 2e6, 4e6]), np.array([1.0, 2.0, 4.0])
    draw.draw_law(axes, x, y, (x, y), 0.0)
    through = axes.lines[2]
    np.testing.assert_allclose(through.get_ydata() / (1 + 0 * through.get_xdata()), [0, 4.2], atol=1e-9)
    assert axes.get_xlim()[0] == 0 == axes.get_ylim()[0]


def test_temperatures_are_the_mean_of_samples_and_glasses(axes):
    omega = np.array([0.5, 2.0, 3.0])

    def table(level):
        return SimpleNamespace(
            omega=SimpleNamespace(values=omega),
            temperature=SimpleNamespace(values=np.array([100.0])),
            reduced=SimpleNamespace(values=np.full((1, 2, 3), level)),
        )

    draw.draw_by_temperature(axes, [table(1e-6), table(3e-6)], ["C0"])
    x, y = axes.lines[0].get_data()
    assert x.tolist() == [2.0, 3.0] and y == pytest.approx([2.0, 2.0])
    assert axes.lines[0].get_label() == "100 K"
    # g itself: omega^2 times as much, without the factor of the other axis
    draw.draw_by_temperature(axes, [table(1e-6), table(3e-6)], ["C0"], reduced=False)
    assert axes.lines[1].get_ydata() == pytest.approx([8e-6, 18e-6])


def test_chance_and_intervals_are_shaded_beside_r(axes):
    found = [
        SimpleNamespace(r=0.1 * k, interval=(0.0, 0.2 * k), shuffled=np.linspace(-0.1, 0.1, 41)) for k in range(1, 4)
    ]
    draw.draw_by_length(axes, [0.0, 1.0, 5.9], found, "C0", "x")
    assert axes.lines[0].get_xdata() == pytest.approx([0, 1, 5.9])
    assert axes.lines[0].get_ydata() == pytest.approx([0.1, 0.2, 0.3]) and len(axes.collections) == 2


def test_families_are_means_of_ten_bins_each(axes):
    x = np.random.default_rng(1).permutation(np.arange(100.0))
    draw.draw_families(axes, {"a": SimpleNamespace(x=x, y=2 * x), "b": SimpleNamespace(x=x[:30], y=x[:30])})
    first, second = axes.lines[:2]
    np.testing.assert_allclose(first.get_xdata(), np.arange(4.5, 100, 10))
    np.testing.assert_allclose(first.get_ydata(), 2 * first.get_xdata())
    assert len(second.get_xdata()) == 3 and first.get_label() == "a"


def test_paths_of_two_atoms_have_one_scale():
    path = np.zeros((3, 5, 3))
    path[:, 4, 0], path[:, 1, 1] = [0.0, 0.3, 0.5], [0.0, 0.1, 0.2]
    path[:, 2] = 9.0
    runs = xr.Dataset(
        {"path": (("sample", "atom", "axis"), path), "path_energy": ("sample", np.arange(3.0))},
        {"path_time": ("sample", np.arange(3.0))},
    )
    figure = Figure()
    axes = figure.subplot_mosaic([["weak", "strong"], ["weak-path", "strong-path"]])
    draw.draw_paths(figure, axes, runs, {"weak": (1, "Cu, lowest"), "strong": (4, "Zr, highest")})
    assert axes["weak-path"].get_xlim() == axes["strong-path"].get_xlim() == pytest.approx((-0.55, 0.55))
    np.testing.assert_allclose(axes["strong"].lines[0].get_data(), [[0, 0.3, 0.5], [0, 1, 2]])
    assert "Cu, lowest" in axes["weak"].get_title(loc="left")


def test_regions_are_drawn_where_their_atoms_are_inside_the_box():
    atoms = Atoms("H3", [[1, 2, 3], [11, 2, 3], [5, 5, 9]], cell=[10, 10, 20], pbc=True)
    axes = Figure().add_subplot(projection="3d")
    draw.draw_regions(axes, atoms, [1], [0, 2], 40, ("soft", "easy"))
    filled, rings = axes.collections
    np.testing.assert_allclose(np.ravel(filled._offsets3d), [1, 2, 3])
    np.testing.assert_allclose(np.array(rings._offsets3d), [[1, 5], [2, 5], [3, 9]])
    assert axes.azim == 40 and axes.get_zlim() == (0, 20)
    assert axes.get_legend_handles_labels()[1] == ["soft", "easy"]
