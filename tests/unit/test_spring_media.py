"""The effective media of the chapter: their list, their archive, their norm and their map."""

import numpy as np
import pytest

from bosonpeak.papers.spring_network import comparison, cpa, media, recipes
from bosonpeak.papers.spring_network.excess import medium_excess
from bosonpeak.papers.spring_network.kernel import fine_grid


def test_media_come_back_from_their_archive(monkeypatch):
    jobs = {"a": ("square", 2.9, 12, recipes.EQUAL, 0.8), "b": ("triangular", 2.5, 8, recipes.EQUAL, 0.9, True)}
    monkeypatch.setattr(media, "list_media", lambda **_: jobs)
    read = media.read_media(media.measure_media())
    for name, (lattice, top, points, springs, p, *vector) in jobs.items():
        new = cpa.solve_cpa(lattice, fine_grid(top, points), springs, p, any(vector))
        for key in ("omega", "stiffness", "green", "g", "residual", "static_stiffness"):
            np.testing.assert_array_equal(getattr(read[name], key), getattr(new, key))
        assert read[name].lattice == lattice and read[name].vector == any(vector)


def test_every_medium_of_the_chapter_is_listed():
    jobs = media.list_media(map_points=3, means=[4.0], strengths=[0.0, 1.5], shown_shares=[0.4], shown_strengths=[1])
    assert set(comparison.CASES) | set(comparison.SERIES) <= set(jobs)
    assert jobs["map triangular 2 1"][3:] == (recipes.gamma_springs(1.5), 4.5 / 6)
    assert jobs["grid simple-cubic 4 1.5"][4] == 4 / 6 and jobs["wave 0.7"][2] == 3000
    assert jobs["triangular, vector, p = 0.85"][5] and jobs["path 1.00"][3] is recipes.EQUAL


def test_the_norm_of_a_medium_and_the_largest_errors():
    good, short = (cpa.solve_cpa("square", fine_grid(top, 300)) for top in (2.9, 1.0))
    assert good.norm == pytest.approx(1, abs=0.01) and short.norm < 0.2
    residual, norm = media.largest_errors({"good": good, "short": short})
    assert residual == max(good.residual.max(), short.residual.max()) and norm == pytest.approx(1 - short.norm)


def test_the_chart_has_rows_of_one_strength():
    found = {f"map square {i} {j}": cpa.solve_cpa("square", fine_grid(2.9, 60), None, 1 - 0.1 * i - 0.05 * j)
             for i in range(2) for j in range(2)}  # fmt: skip
    chart = media.read_chart(found, "square", 2, 0.05)
    assert chart[1, 0] == medium_excess(found["map square 1 0"], 0.05).net and chart.shape == (2, 2)
    assert chart[0, 0] < chart[0, 1] < chart[1, 0] < chart[1, 1]


def test_the_map_error_counts_the_edges_only():
    z_axis, _ = media.map_axes(4)
    chart = np.array([2.0, 9.0, 9.0, 3.0])[:, None] * np.ones_like(z_axis)
    assert media.map_error({(4.0, 0.0): 2.2, (5.0, 1.5): 3.0, (4.0, 0.5): 100.0}, chart) == pytest.approx(0.1)
