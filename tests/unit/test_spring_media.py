"""The effective media of the chapter: their list, their archive, their norm and their net excess."""

import numpy as np
import pytest

from bosonpeak.papers.spring_network import comparison, cpa, lattice_green, media, recipes, series
from bosonpeak.papers.spring_network.excess import FIRST_SINGULARITY, WINDOW, medium_excess
from bosonpeak.papers.spring_network.kernel import fine_grid


def test_media_come_back_from_their_archive(monkeypatch, tmp_path):
    jobs = {"a": ("square", 2.9, 12, recipes.EQUAL, 0.8), "b": ("triangular", 2.5, 8, recipes.EQUAL, 0.9, True)}
    monkeypatch.setattr(media, "list_media", lambda: jobs)
    data = media.measure_media(folder=tmp_path)
    read = media.read_media(data)
    assert set(read) == {"a", "b"}
    for name, (lattice, top, points, springs, p, *vector) in jobs.items():
        new = cpa.solve_cpa(lattice, fine_grid(top, points), springs, p, any(vector))
        for key in ("omega", "stiffness", "green", "g", "residual", "static_stiffness"):
            np.testing.assert_array_equal(getattr(read[name], key), getattr(new, key))
        assert read[name].lattice == lattice and read[name].vector == any(vector)
    # the rows of the shorter grid are padded
    assert data.stiffness.shape == (2, 2, 12) and np.isnan(data.stiffness.sel(sample="b")[:, 8:]).all()
    # what is kept is not solved again
    monkeypatch.setattr(cpa, "solve_cpa", None)
    media.solve_on_grid.cache_clear()
    assert media.measure_media(folder=tmp_path).identical(data)


def test_every_medium_of_the_chapter_is_listed():
    jobs = media.list_media()
    path = {f"path {k:.2f}" for k in media.WEAK_LINE}
    assert set(jobs) == set(comparison.CASES) | path
    for name, recipe in comparison.CASES.items():
        assert jobs[name][0] == recipe.lattice and jobs[name][5] == recipe.vector
        assert jobs[name][3:5] == (recipe.springs, recipe.bond_fraction)
    assert jobs["triangular, vector, p = 0.85"][5] and jobs["path 1.00"][3] is recipes.EQUAL
    assert jobs["path 0.30"][3] == recipes.weakened_springs(0.3)
    # the networks of the weak springs lie on the line that is drawn
    assert set(series.WEAK) <= {round(k, 9) for k in media.WEAK_LINE.tolist()}


def test_the_grid_of_every_medium_reaches_as_far_as_it_is_read():
    for name, (lattice, top, points, springs, p, *vector) in media.list_media().items():
        highest = np.sqrt(lattice_green.TOP[lattice, any(vector)])
        K = cpa.find_static_stiffness(lattice, springs, p, any(vector))
        if name in comparison.CASES:
            # the whole spectrum
            assert top > highest
        elif K > 0:
            # three widths of the kernel above the window of the excess, and the van Hove frequency
            omega_v = np.sqrt(K * FIRST_SINGULARITY[lattice])
            assert top > (WINDOW[1] + 3 * 0.05) * omega_v and top > omega_v
            assert top / points < 0.05 * omega_v / 2


def test_the_norm_of_a_medium():
    good, short = (cpa.solve_cpa("square", fine_grid(top, 300)) for top in (2.9, 1.0))
    assert good.norm == pytest.approx(1, abs=0.01) and short.norm < 0.2
    # a medium of two values keeps all its states, missing springs included
    for springs, p in ((recipes.DISTRIBUTIONS["dilution"], 1.0), (recipes.EQUAL, 0.8)):
        medium = cpa.solve_cpa("square", fine_grid(3.3, 400), springs, p)
        assert medium.norm == pytest.approx(1, abs=6e-3) and medium.residual.max() < 1e-7


def test_dilution_as_a_distribution_is_dilution_of_springs():
    """Springs of 1.25, of which a fifth is missing, are those of the medium of 1 in units of 1.25."""
    omega = np.linspace(0.1, 2.4, 12)
    found = cpa.solve_cpa("square", omega, recipes.DISTRIBUTIONS["dilution"])
    plain = cpa.solve_cpa("square", omega / np.sqrt(1.25), bond_fraction=0.8)
    np.testing.assert_allclose(found.stiffness, 1.25 * plain.stiffness, rtol=1e-6)
    np.testing.assert_allclose(found.g, plain.g / np.sqrt(1.25), rtol=1e-6)
    assert found.static_stiffness == pytest.approx(1.25 * plain.static_stiffness) == pytest.approx(1.25 * 0.6)


def test_the_net_excess_of_media_is_read_one_by_one():
    shares = 0.95, 0.9, 0.85, 0.8
    found = {f"p {p}": cpa.solve_cpa("square", fine_grid(2.9, 60), None, p) for p in shares}
    names = np.array([f"p {p}" for p in shares]).reshape(2, 2)
    chart = media.net_excess(found, names, 0.05)
    assert chart[1, 0] == medium_excess(found["p 0.85"], 0.05).net and chart.shape == (2, 2)
    assert 1 < chart[0, 0] < chart[0, 1] < chart[1, 0] < chart[1, 1]
    assert media.net_excess(found, ["p 0.8"], 0.08)[0] == medium_excess(found["p 0.8"], 0.08).net
    # without disorder there is none
    crystal = {"crystal": cpa.solve_cpa("square", fine_grid(2.9, 900))}
    assert media.net_excess(crystal, ["crystal"], 0.05)[0] == pytest.approx(1, abs=2e-3)
