"""Recipes, datasets and series of spring networks against networks made by hand, and files."""

from dataclasses import replace

import numpy as np
import pytest

from bosonpeak.archive.results import read_dataset, write_dataset
from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network
from bosonpeak.networks.placement import network_with_variance
from bosonpeak.networks.springs import balance_springs
from bosonpeak.papers.spring_network import excess, recipes, sample_datasets, series
from bosonpeak.papers.spring_network.recipes import Recipe


def test_edges_hold_about_the_nodes_asked_for():
    for name, n in recipes.edge_lengths(100_000).items():
        kind = LATTICES[name]
        assert n**kind.dimension * len(kind.basis) == pytest.approx(100_000, rel=0.06)
    assert recipes.edge_lengths(100, 1) == dict.fromkeys(LATTICES, 3)
    assert recipes.edge_lengths(100_000, 20_000)["square"] == round(316 * np.sqrt(0.2))


def test_distributions_of_springs():
    assert recipes.gamma_springs(0.0) is recipes.EQUAL and recipes.gamma_springs(0.5).relative_variance == 0.5
    values, weights = recipes.weakened_springs(0.3).quadrature()
    assert values.min() == pytest.approx(0.3) and weights @ values == pytest.approx(1)
    assert weights[np.argmin(values)] == pytest.approx(0.2) and recipes.weakened_springs(1.0) is recipes.EQUAL


def _same(a, b):
    np.testing.assert_array_equal(a.bonds, b.bonds)
    np.testing.assert_array_equal(a.stiffness, b.stiffness)
    np.testing.assert_array_equal(a.positions, b.positions)


def test_a_recipe_is_the_network_made_by_hand():
    gamma = SpringDistribution("gamma", 1.0, 0.5)
    _same(Recipe("square", 8, 0.8).network(3), lattice_network("square", 8, bond_fraction=0.8, rng=3))
    displaced = lattice_network("square", 8, disorder=0.3, length_exponent=1, rng=3)
    _same(Recipe("square", 8, disorder=0.3).network(3), displaced)
    even = network_with_variance("triangular", 8, 4, 0.3, rng=3, most_rounds=4000)
    recipe = Recipe("triangular", 8, mean_coordination=4, variance=0.3)
    _same(recipe.network(3), even)
    drawn = replace(even, stiffness=gamma.draw(len(even.bonds), np.random.default_rng(3)))
    _same(replace(recipe, springs=gamma).network(3), drawn)
    strong = Recipe("square", 8, springs=gamma, balanced=True)
    balanced = balance_springs(lattice_network("square", 8, springs=gamma, rng=3))
    _same(strong.network(3), balanced)
    mixed = np.random.default_rng([3, 2]).permutation(balanced.stiffness)
    _same(replace(strong, permutation=2).network(3), replace(balanced, stiffness=mixed))


def test_parts_are_stacked_padded_and_kept(tmp_path):
    calls, method = [], series.measure_spectra.method

    def work(length):
        calls.append(length)
        return {"row": np.arange(float(length)), "block": np.ones((2, length)), "count": length}

    jobs = {"a s0": (work, 2), "a s1": (work, 4)}
    for _ in range(2):
        stacked = sample_datasets.measure_samples(jobs, method, False, tmp_path, place=0.5)
    assert calls == [2, 4] and stacked.attrs == {"unit": "reduced", "place": 0.5}
    assert stacked["sample"].values.tolist() == ["a s0", "a s1"]
    np.testing.assert_array_equal(stacked.row, [[0, 1, np.nan, np.nan], [0, 1, 2, 3]])
    assert stacked.block.shape == (2, 2, 4) and np.isnan(stacked.block[0, :, 2:]).all()
    assert stacked["count"].values.tolist() == [2, 4] and sample_datasets.group_of("a b s12") == "a b"


def test_spectra_of_a_group_come_back_as_far_as_they_were_shown():
    part = {"n_moments": 7, "omega_max": 2.9}
    parts = {f"a s{s}": part | {"density": np.arange(2.0 + s), "shown": 2 + s} for s in (0, 1)}
    data = sample_datasets.stack_parts(parts | {"b s0": part | {"density": np.ones(1), "shown": 1}})
    omega = np.array([0.1, 0.2, 0.3, 0.4])
    seen = sample_datasets.read_spectra(data, "a", omega, 0.05)
    assert [len(each.g) for each in seen] == [2, 3] and (seen[1].n_moments, seen[1].omega_max) == (7, 2.9)
    np.testing.assert_array_equal(seen[1].omega, omega[:3])
    # where the number is not kept, all frequencies were shown
    (alone,) = sample_datasets.read_spectra(data.drop_vars("shown").isel(sample=[1]), "a", omega[:3], 0.05)
    np.testing.assert_array_equal(alone.g, [0, 1, 2])


@pytest.fixture(scope="module")
def spectra(tmp_path_factory):
    kinds = {"diluted 0.8": Recipe("square", 24, 0.8), "floppy": Recipe("square", 12, 0.3)}
    samples = recipes.samples_of(kinds, (0, 1))
    data = series.excess_dataset(samples, 0.08, series.measure_spectra.method, False, None)
    path = tmp_path_factory.mktemp("spectra") / "spectra.nc"
    write_dataset(data, path)
    return samples, read_dataset(path)


def test_the_excess_read_from_a_file_is_the_measured_one(spectra):
    samples, data = spectra
    read = series.read_excess(data)
    for s in (0, 1):
        new = excess.measure_excess(samples[f"diluted 0.8 s{s}"].recipe.network(s), "square", resolution=0.08, rng=s)
        old = read["diluted 0.8"].samples[s]
        for name in ("stiffness", "net", "place", "height"):
            assert getattr(old, name) == pytest.approx(getattr(new, name), rel=1e-13)
    assert not read["floppy"].samples[0].rigid
    assert data.nodes.sel(sample="floppy s0") == 144 and data.stiffness_variance[0] == 0
    assert series.place_of(data, "diluted 0.8") == {"n": 576, "seeds": [0, 1]}


def test_a_sample_that_is_measured_again_agrees_or_raises(spectra):
    samples, data = spectra
    assert series.remeasure(data, samples, ["diluted 0.8 s1"]) < 1e-12
    with pytest.raises(ValueError, match=r"the spectra of diluted 0.8 s1: .* differ by 1\.0e-01"):
        series.remeasure(data.assign(density=data.density / 1.1), samples, ["diluted 0.8 s1"])


def test_the_series_name_every_group_of_the_chapter():
    knobs = series.knob_samples(900, 900, 2, 20)
    groups = {sample_datasets.group_of(name) for name in knobs}
    assert {"diluted 0.6", "crystal simple-cubic", "weak square", "even triangular", "path 0.05", "largest"} <= groups
    assert {f"balanced square {turn}" for turn in range(3)} <= groups and len(knobs) == 2 * 27 + 1
    weak = knobs["weak square s0"].recipe.springs
    assert weak.relative_variance == series.paper_variance(900, 900) == pytest.approx(0.126, abs=0.02)
    chart = series.map_samples(900, 900, 2, [4.0], [0.0, 1.0], [0.0, 1.5])
    assert {"grid triangular 4 0 1.5 s1", "disc simple-cubic 5 0.5 s0", "static fcc 0.3 s1"} <= set(chart)
    shown = series.explorer_samples(900, 400, [0.5], [0.1], [1.0])
    assert set(shown) == {
        f"{group} {name} s5"
        for group, names in {
            "share 0.5": ("square", "simple-cubic"),
            "strength 0.1": ("square", "simple-cubic"),
            "variance 1": series.THIRD,
        }.items()
        for name in names
    }
