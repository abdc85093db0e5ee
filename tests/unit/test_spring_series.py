"""Recipes, datasets and series of spring networks against networks made by hand, and files."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bosonpeak.archive.results import read_dataset, write_dataset
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network
from bosonpeak.networks.placement import binomial_variance, network_with_variance
from bosonpeak.papers.spring_network import excess, recipes, sample_datasets, series
from bosonpeak.papers.spring_network.lattice_green import TOP
from bosonpeak.papers.spring_network.recipes import DISTRIBUTIONS, Recipe, Sample
from bosonpeak.vibrations.chebyshev import jackson_kernel
from bosonpeak.vibrations.spectra import density_of_states


def test_edges_hold_about_the_nodes_asked_for():
    for name, n in recipes.edge_lengths(100_000).items():
        kind = LATTICES[name]
        assert n**kind.dimension * len(kind.basis) == pytest.approx(100_000, rel=0.06)
    assert recipes.edge_lengths(1) == dict.fromkeys(LATTICES, 3)


def test_distributions_of_springs():
    assert recipes.gamma_springs(0.0) is recipes.EQUAL and recipes.gamma_springs(0.5).relative_variance == 0.5
    values, weights = recipes.weakened_springs(0.3).quadrature()
    assert values.min() == pytest.approx(0.3) and weights @ values == pytest.approx(1)
    assert weights[np.argmin(values)] == pytest.approx(0.2) and recipes.weakened_springs(1.0) is recipes.EQUAL
    # by hand: a third of 0.4, and the others such that the mean is 1
    values, weights = recipes.two_values(1 / 3, 0.4).quadrature()
    assert values.tolist() == pytest.approx([0.4, 1.3]) and weights.tolist() == pytest.approx([1 / 3, 2 / 3])


def moments(springs):
    """Mean and variance by the Gauss rule of a distribution."""
    values, weights = springs.quadrature()
    mean = weights @ values
    assert weights.sum() == pytest.approx(1, abs=1e-12) and (values >= 0).all()
    return mean, weights @ (values - mean) ** 2


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_distribution_has_the_mean_one(name):
    springs = DISTRIBUTIONS[name]
    mean, variance = moments(springs)
    assert mean == pytest.approx(1, abs=1e-12) and variance == pytest.approx(springs.relative_variance, abs=1e-12)
    # and so do the springs that are drawn from it
    drawn = springs.draw(200_000, np.random.default_rng(5))
    assert drawn.mean() == pytest.approx(1, abs=5 * np.sqrt(variance / 200_000))
    assert drawn.var() == pytest.approx(variance, rel=0.05)


def test_the_first_five_distributions_have_one_variance():
    first = list(DISTRIBUTIONS)[:5]
    assert first == ["box", "halves", "few-strong", "gamma-0.25", "dilution"]
    for name in [*first, *recipes.SWEPT.values()]:
        assert moments(DISTRIBUTIONS[name])[1] == pytest.approx(0.25, abs=1e-12)
    others = {"half-dilution": 0.125, "gamma-0.5": 0.5, "gamma-1.5": 1.5, "p-0.7": 3 / 7, "p-0.6": 2 / 3}
    for name, variance in others.items():
        assert moments(DISTRIBUTIONS[name])[1] == pytest.approx(variance, abs=1e-12)


def test_dilution_misses_the_share_it_is_named_by():
    for name, missing in (("dilution", 0.2), ("half-dilution", 1 / 9), ("p-0.7", 0.3), ("p-0.6", 0.4)):
        values, weights = DISTRIBUTIONS[name].quadrature()
        assert values.tolist() == pytest.approx([0, 1 / (1 - missing)]) and values[0] == 0
        assert weights[0] == pytest.approx(missing)
    for share, name in recipes.SWEPT.items():
        _, weights = DISTRIBUTIONS[name].quadrature()
        assert weights.tolist() == pytest.approx([share, 1 - share])
    values, _ = DISTRIBUTIONS["few-strong"].quadrature()
    assert values.tolist() == pytest.approx([0.75, 2])
    assert DISTRIBUTIONS["halves"].quadrature()[0].tolist() == pytest.approx([0.5, 1.5])


def test_weakened_springs_are_a_twentieth_of_the_others():
    (weak, strong), (share, _) = DISTRIBUTIONS["weakened"].quadrature()
    assert weak / strong == pytest.approx(1 / 20) and share == pytest.approx(0.3)
    # as many as are missing at p = 0.7
    assert DISTRIBUTIONS["p-0.7"].quadrature()[1][0] == pytest.approx(share)


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
    strong = lattice_network("square", 8, springs=gamma, rng=3)
    _same(Recipe("square", 8, springs=gamma).network(3), strong)
    mixed = np.random.default_rng([3, 2]).permutation(strong.stiffness)
    _same(Recipe("square", 8, springs=gamma, permutation=2).network(3), replace(strong, stiffness=mixed))
    assert not np.array_equal(mixed, strong.stiffness)
    # the springs of displaced nodes, at other places
    moved = Recipe("square", 8, disorder=0.3, permutation=1).network(3)
    assert (moved.stiffness != displaced.stiffness).any()
    np.testing.assert_array_equal(np.sort(moved.stiffness), np.sort(displaced.stiffness))
    np.testing.assert_array_equal(moved.bonds, displaced.bonds)


def test_springs_of_stiffness_zero_are_missing():
    """Dilution is a distribution of two values: the same springs are there as in a network with a fifth fewer."""
    springs = DISTRIBUTIONS["dilution"]
    network = Recipe("square", 40, springs=springs).network(2)
    assert len(network.bonds) == pytest.approx(0.8 * 3200, abs=5 * np.sqrt(0.16 * 3200))
    np.testing.assert_allclose(network.stiffness, 1.25)
    weakened = Recipe("square", 40, springs=DISTRIBUTIONS["weakened"]).network(2)
    assert len(weakened.bonds) == 3200


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
        network = samples[f"diluted 0.8 s{s}"].recipe.network(s)
        piece = network.largest_piece()
        new = excess.measure_excess(piece, "square", resolution=0.08, rng=s)
        old = read["diluted 0.8"].samples[s]
        for name in ("stiffness", "net", "place", "height"):
            assert getattr(old, name) == pytest.approx(getattr(new, name), rel=1e-13)
        one = data.sel(sample=f"diluted 0.8 s{s}")
        # of 2 * 576 springs some are missing, which are springs of stiffness 0
        kept = len(network.bonds) / 1152
        assert one.stiffness_variance == pytest.approx(1 / kept - 1) and one.weak == pytest.approx(1 - kept)
        assert one.nodes == len(piece) <= 576 and one.coordination == pytest.approx(piece.coordination().mean())
        assert one.coordination_variance == pytest.approx(piece.coordination().var())
    assert not read["floppy"].samples[0].rigid
    floppy = samples["floppy s0"].recipe.network(0).largest_piece()
    assert data.nodes.sel(sample="floppy s0") == len(floppy) < 144
    assert not data.density.sel(sample="floppy s0").any() and data.stiffness.sel(sample="floppy s0") == 0
    assert data.attrs["lattices"].split() == list(LATTICES) and data.attrs["resolution"] == 0.08
    place = series.place_of(data, "diluted 0.8")
    assert place == {"n": int(data.nodes.sel(sample="diluted 0.8 s0")), "seeds": [0, 1]} and 500 < place["n"] <= 576


def test_a_sample_that_is_measured_again_agrees_or_raises(spectra):
    samples, data = spectra
    assert series.remeasure(data, samples, ["diluted 0.8 s1"]) < 1e-12
    with pytest.raises(ValueError, match=r"the spectra of diluted 0.8 s1: .* differ by 1\.0e-01"):
        series.remeasure(data.assign(density=data.density / 1.1), samples, ["diluted 0.8 s1"])


def by_hand(stiffness, cut=(), lattice="square", n=6):
    """Sample of one network: all springs of a lattice, of which those at the nodes of `cut` are missing, and of which
    the first remaining ones have given stiffnesses."""
    crystal = lattice_network(lattice, n)
    there = ~np.isin(crystal.bonds, cut).any(axis=1)
    k = np.ones(there.sum())
    k[: len(stiffness)] = stiffness
    network = replace(crystal, bonds=crystal.bonds[there], stiffness=k, vectors=crystal.vectors[there])
    return Sample(SimpleNamespace(lattice=lattice, network=lambda seed: network), 4, n_vectors=3, whole=True), network


def test_missing_springs_are_weak_springs_of_the_largest_piece():
    """36 nodes and 72 springs: node 7 has lost its four, and five others are a twentieth."""
    sample, network = by_hand([0.05] * 5, cut=[7])
    assert len(network.bonds) == 68
    found = series.measure_sample(sample, 0.1)
    mean = (63 + 5 * 0.05) / 72
    assert found["weak"] == pytest.approx(9 / 72)
    assert found["stiffness_variance"] == pytest.approx((63 + 5 * 0.05**2) / 72 / mean**2 - 1)
    # 35 nodes are left, of which four have three springs
    assert found["nodes"] == 35 and found["coordination"] == pytest.approx((4 * 3 + 31 * 4) / 35)
    assert found["coordination_variance"] == pytest.approx(4 * 31 / 35**2)
    assert list(LATTICES)[found["lattice"]] == "square"


@pytest.mark.parametrize("lattice, n, springs", [("triangular", 4, 96), ("simple-cubic", 4, 192), ("fcc", 3, 648)])
def test_every_lattice_counts_its_own_springs(lattice, n, springs):
    sample, network = by_hand([0.02, 0.2, 3.0], cut=[0], lattice=lattice, n=n)
    z = LATTICES[lattice].coordination
    assert len(network.bonds) == springs - z
    found = series.measure_sample(replace(sample, whole=False), 0.1)
    k = np.concatenate([network.stiffness, np.zeros(z)])
    assert found["weak"] == pytest.approx((z + 1) / springs)
    assert found["stiffness_variance"] == pytest.approx(k.var() / k.mean() ** 2)
    assert found["nodes"] == len(network) - 1 and "whole" not in found
    assert found["coordination"] == pytest.approx(2 * (springs - z) / (len(network) - 1))
    # a crystal has none of this
    found = series.measure_sample(replace(by_hand([], lattice=lattice, n=n)[0], whole=False), 0.1)
    assert found["weak"] == found["stiffness_variance"] == found["coordination_variance"] == 0
    assert found["stiffness"] == pytest.approx(1) and found["coordination"] == z


def test_the_density_of_a_sample_is_that_of_its_largest_piece():
    sample, network = by_hand([0.4, 0.2, 0.7], cut=[7, 20])
    found = series.measure_sample(replace(sample, n_vectors=256), 0.1)
    # the piece by hand: the other nodes with their springs
    left = np.setdiff1d(np.arange(36), [7, 20])
    number = np.full(36, -1)
    number[left] = np.arange(34)
    others = network.stiffness, network.box, network.vectors
    piece = SpringNetwork(network.positions[left], number[network.bonds], *others)
    assert piece.components()[0] == 1
    K, seen = excess.measure_spectrum(piece, "square", resolution=0.1, n_vectors=256, rng=4)
    assert found["stiffness"] == pytest.approx(K, rel=1e-12)
    np.testing.assert_allclose(found["density"], seen.g, rtol=1e-10)
    assert (found["n_moments"], found["omega_max"]) == (seen.n_moments, pytest.approx(seen.omega_max))
    # every level of the piece but its one zero mode, by dense diagonalisation through the same kernel
    levels = np.linalg.eigvalsh(piece.dynamical_matrix().toarray())
    assert (levels < 1e-9).sum() == 1
    grid = series.whole_grid("square")
    whole = density_of_states(piece.dynamical_matrix(), grid[:2], resolution=0.02 * grid[-1], n_vectors=1, rng=0)
    for omega, g, run in (
        (excess.excess_grid("square", K), found["density"], seen),
        (grid, found["whole"], whole),
    ):
        order, h = np.arange(run.n_moments), run.omega_max**2
        inside = omega**2 < 0.9998 * h
        into, out = (np.arccos(2 * square / h - 1) for square in (levels[1:], omega[inside] ** 2))
        series_of = np.cos(np.outer(out, order)) * jackson_kernel(len(order)) * np.where(order == 0, 1.0, 2.0)
        exact = np.zeros_like(omega)
        exact[inside] = series_of @ np.cos(np.outer(order, into)).sum(axis=1) / 34
        exact[inside] *= 2 / np.pi / np.sqrt(h - omega[inside] ** 2)
        assert np.linalg.norm(g - exact) < 0.06 * np.linalg.norm(exact)
    # 33 of the 34 nodes of the piece, and not of the 36
    assert found["whole"].sum() * (grid[1] - grid[0]) == pytest.approx(33 / 34, abs=0.01)


def test_whole_spectra_end_where_their_network_does():
    grid = series.whole_grid("simple-cubic")
    assert grid.shape == (250,) and grid[-1] == pytest.approx(np.sqrt(TOP["simple-cubic", False]))
    np.testing.assert_allclose(np.diff(grid), grid[1] - grid[0])
    assert grid[0] == pytest.approx(0.02 * grid[-1])
    soft, _ = by_hand(np.full(72, 0.25))
    found = series.measure_sample(soft, 0.1)
    # all springs a quarter: the top is a half of the crystal's
    shown = found["whole"] > 1e-3
    assert found["whole"].shape == (250,) and series.whole_grid("square")[shown].max() < 0.52 * np.sqrt(8)
    assert not found["whole"][-100:].any() and found["stiffness"] == pytest.approx(0.25)


def test_a_network_without_stiffness_has_no_density_of_an_excess():
    """A comb holds in one direction only: the whole spectrum is there, and the excess is not."""
    rows = lattice_network("square", 6)
    kept = (abs(rows.vectors[:, 0]) > 0.5) | (rows.bonds == 0).any(axis=1) | (rows.positions[rows.bonds[:, 0], 0] == 2)
    # one column loses a spring, so that nothing goes round in this direction
    kept &= ~((rows.positions[rows.bonds[:, 0], 1] == 3) & (abs(rows.vectors[:, 1]) > 0.5))
    comb = replace(rows, bonds=rows.bonds[kept], stiffness=rows.stiffness[kept], vectors=rows.vectors[kept])
    sample = Sample(SimpleNamespace(lattice="square", network=lambda seed: comb), 0, whole=True)
    found = series.measure_sample(sample, 0.1)
    assert found["stiffness"] == 0 and not found["density"].any() and found["density"].shape == (100,)
    assert found["n_moments"] == 0 and found["omega_max"] == 0 and found["whole"].any()


def test_series_are_kept_and_go_on(tmp_path, monkeypatch):
    """What is kept is not measured again, and new seeds are measured alone."""
    monkeypatch.setattr(series, "DISTRIBUTIONS", {"box": DISTRIBUTIONS["box"]})
    calls, measure = [], series.measure_sample

    def measure_sample(sample, resolution):
        calls.append((sample.recipe.lattice, sample.seed))
        return measure(sample, resolution)

    monkeypatch.setattr(series, "measure_sample", measure_sample)
    data = series.measure_spectra("distributions", 0.1, nodes=64, seeds=1, folder=tmp_path)
    assert data["sample"].values.tolist() == ["box square s0", "box simple-cubic s0"]
    assert data.whole.shape == (2, 250) and data.attrs["unit"] == "reduced"
    assert calls == [("square", 0), ("simple-cubic", 0)]
    assert series.measure_spectra("distributions", 0.1, nodes=64, seeds=1, folder=tmp_path).identical(data)
    more = series.measure_spectra("distributions", 0.1, nodes=64, seeds=2, folder=tmp_path)
    assert calls[2:] == [("square", 1), ("simple-cubic", 1)]
    assert more.sel(sample=data["sample"]).identical(data)


def test_the_series_name_every_group_of_the_chapter():
    knobs = series.knob_samples(900, 2, 20)
    groups = {sample_datasets.group_of(name) for name in knobs}
    assert {"diluted 0.6", "crystal simple-cubic", "even triangular", "path 0.05", "largest"} <= groups
    assert {"random again triangular", "displaced square", "mixed square"} <= groups
    assert {f"variance {f:g} {name}" for f in series.FLUCTUATIONS for name in series.THIRD} <= groups
    assert len(knobs) == 2 * 24 + 1 and len(groups) == 25 and not any(sample.whole for sample in knobs.values())
    assert knobs["largest s99"].recipe == Recipe("square", 20, 0.8) and knobs["largest s99"].n_vectors == 8
    assert series.paper_variance(900) == pytest.approx(0.126, abs=0.02)
    assert knobs["random again triangular s11"].recipe == knobs["random triangular s1"].recipe
    assert {knobs[f"random again triangular s{s}"].seed for s in (10, 11)} == {10, 11}
    assert knobs["path 0.05 s1"].recipe.springs == recipes.weakened_springs(0.05)
    moved = knobs["variance 1.5 simple-cubic s0"].recipe
    assert moved.variance == 1.5 * binomial_variance(6, 4) == 1.5 * 4 / 3 and moved.mean_coordination == 4


def test_the_fluctuation_of_the_coordination_is_the_one_asked_for():
    knobs = series.knob_samples(2000, 1, 20)
    random = binomial_variance(6, 4)
    for name in series.THIRD:
        for group, factor, within in (("random", 1, 0.1), ("variance 0.5", 0.5, 0.02), ("variance 1.5", 1.5, 0.02)):
            z = knobs[f"{group} {name} s0"].recipe.network(0).coordination()
            assert z.mean() == pytest.approx(4, abs=2e-3)
            assert z.var() == pytest.approx(factor * random, abs=within * random)
        assert knobs[f"even {name} s0"].recipe.network(0).coordination().var() < 0.1


def test_every_distribution_is_measured_on_both_lattices():
    samples = series.distribution_samples(900, 2)
    assert set(samples) == {
        f"{kind} {name} s{s}" for kind in DISTRIBUTIONS for name in ("square", "simple-cubic") for s in (0, 1)
    }
    for name, sample in samples.items():
        kind, lattice, seed = name.rsplit(" ", 2)
        assert sample.whole and sample.seed == int(seed[1:])
        assert sample.recipe == Recipe(
            lattice, {"square": 30, "simple-cubic": 10}[lattice], springs=DISTRIBUTIONS[kind]
        )
