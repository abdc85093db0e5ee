"""Recipes, archives and readings of the spring-network chapter, against brute force and known answers."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from bosonpeak.archive.results import read_dataset, write_dataset
from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network
from bosonpeak.networks.placement import network_with_variance
from bosonpeak.networks.springs import balance_springs
from bosonpeak.papers.spring_network import archived, cpa, measure
from bosonpeak.papers.spring_network import level_statistics as levels
from bosonpeak.papers.spring_network import network_peaks as peaks
from bosonpeak.papers.spring_network import network_waves as waves
from bosonpeak.papers.spring_network.lattice_green import debye_level_of_lattice
from bosonpeak.vibrations.spectra import Spectrum

SEED = 20291
SMALL = {"resolution": 0.08, "folder": None}


def test_edges_hold_about_the_nodes_asked_for():
    for name, n in archived.edge_lengths(100_000).items():
        kind = LATTICES[name]
        assert n**kind.dimension * len(kind.basis) == pytest.approx(100_000, rel=0.06)
    assert archived.edge_lengths(100, 1) == dict.fromkeys(LATTICES, 3)
    assert archived.edge_lengths(100_000, 20_000)["square"] == round(316 * np.sqrt(0.2))


def test_distributions_of_springs():
    assert archived.gamma_springs(0.0) is archived.EQUAL and archived.gamma_springs(0.5).relative_variance == 0.5
    values, weights = archived.weakened_springs(0.3).quadrature()
    assert values.min() == pytest.approx(0.3) and weights @ values == pytest.approx(1)
    assert weights[np.argmin(values)] == pytest.approx(0.2) and archived.weakened_springs(1.0) is archived.EQUAL


def _same(a, b):
    np.testing.assert_array_equal(a.bonds, b.bonds)
    np.testing.assert_array_equal(a.stiffness, b.stiffness)
    np.testing.assert_array_equal(a.positions, b.positions)


def test_a_recipe_is_the_network_made_by_hand():
    gamma = SpringDistribution("gamma", 1.0, 0.5)
    _same(archived.Recipe("square", 8, 0.8).network(3), lattice_network("square", 8, bond_fraction=0.8, rng=3))
    displaced = lattice_network("square", 8, disorder=0.3, length_exponent=1, rng=3)
    _same(archived.Recipe("square", 8, disorder=0.3).network(3), displaced)
    even = network_with_variance("triangular", 8, 4, 0.3, rng=3, most_rounds=4000)
    recipe = archived.Recipe("triangular", 8, mean_coordination=4, variance=0.3)
    _same(recipe.network(3), even)
    drawn = replace(even, stiffness=gamma.draw(len(even.bonds), np.random.default_rng(3)))
    _same(replace(recipe, springs=gamma).network(3), drawn)
    strong = archived.Recipe("square", 8, springs=gamma, balanced=True)
    balanced = balance_springs(lattice_network("square", 8, springs=gamma, rng=3))
    _same(strong.network(3), balanced)
    mixed = np.random.default_rng([3, 2]).permutation(balanced.stiffness)
    _same(replace(strong, permutation=2).network(3), replace(balanced, stiffness=mixed))


def test_parts_are_stacked_padded_and_kept(tmp_path):
    calls = []

    def work(length):
        calls.append(length)
        return {"row": np.arange(float(length)), "block": np.ones((2, length)), "count": length}

    jobs = {"a s0": (2,), "a s1": (4,)}
    method = archived.measure_spectra.method
    for _ in range(2):
        parts = archived.keep_parts(work, jobs, method, False, tmp_path, "test")
    assert calls == [2, 4]
    stacked = archived.stack_parts(parts)
    np.testing.assert_array_equal(stacked["row"][1], [[0, 1, np.nan, np.nan], [0, 1, 2, 3]])
    assert stacked["block"][1].shape == (2, 2, 4) and np.isnan(stacked["block"][1][0, :, 2:]).all()
    assert stacked["count"][1].tolist() == [2, 4] and archived.group_of("a b s12") == "a b"


@pytest.fixture(scope="module")
def spectra(tmp_path_factory):
    recipes = {"diluted 0.8": archived.Recipe("square", 24, 0.8), "floppy": archived.Recipe("square", 12, 0.3)}
    samples = archived.samples_of(recipes, (0, 1))
    data = archived.spectra_dataset(samples, 0.08, archived.measure_spectra.method, False, None)
    path = tmp_path_factory.mktemp("spectra") / "spectra.nc"
    write_dataset(data, path)
    return samples, read_dataset(path)


def test_the_excess_read_from_a_file_is_the_measured_one(spectra):
    samples, data = spectra
    read = archived.read_excess(data)
    for s in (0, 1):
        new = peaks.measure_excess(samples[f"diluted 0.8 s{s}"].recipe.network(s), "square", resolution=0.08, rng=s)
        old = read["diluted 0.8"][s]
        for name in ("stiffness", "net", "place", "height"):
            assert getattr(old, name) == pytest.approx(getattr(new, name), rel=1e-13)
        assert old.top == old.height * old.level and old.scaled[-1] == pytest.approx(1)
    assert not read["floppy"][0].rigid
    assert data.nodes.sel(sample="floppy s0") == 144 and data.stiffness_variance[0] == 0


def test_a_sample_that_is_measured_again_agrees_or_raises(spectra):
    samples, data = spectra
    assert measure.remeasure(data, samples, ["diluted 0.8 s1"]) < 1e-12
    with pytest.raises(ValueError, match=r"the spectra of diluted 0.8 s1: .* differ by 1\.0e-01"):
        measure.remeasure(data.assign(density=data.density / 1.1), samples, ["diluted 0.8 s1"])


def test_the_series_name_every_group_of_the_chapter():
    knobs = archived.knob_samples(900, 900, 2, 20)
    groups = {archived.group_of(name) for name in knobs}
    assert {"diluted 0.6", "crystal simple-cubic", "weak square", "even triangular", "path 0.05", "largest"} <= groups
    assert {f"balanced square {turn}" for turn in range(3)} <= groups and len(knobs) == 2 * 27 + 1
    weak = knobs["weak square s0"].recipe.springs
    assert weak.relative_variance == archived.paper_variance(900, 900) == pytest.approx(0.126, abs=0.02)
    chart = archived.map_samples(900, 900, 2, [4.0], [0.0, 1.0], [0.0, 1.5])
    assert {"grid triangular 4 0 1.5 s1", "disc simple-cubic 5 0.5 s0", "static fcc 0.3 s1"} <= set(chart)
    shown = archived.explorer_samples(900, 400, [0.5], [0.1], [1.0])
    assert set(shown) == {
        f"{group} {name} s5"
        for group, names in {
            "share 0.5": ("square", "simple-cubic"),
            "strength 0.1": ("square", "simple-cubic"),
            "variance 1": archived.THIRD,
        }.items()
        for name in names
    }


def test_zero_modes_over_maxwells_count():
    first, (ratio, (low, high)) = measure.count_floppy(40, 0.4, (0, 1, 2))
    nets = [lattice_network("square", 40, bond_fraction=0.4, rng=s) for s in (0, 1, 2)]
    assert first.pieces == nets[0].components()[0] and first.single_nodes == (nets[0].coordination() == 0).sum()
    assert ratio == pytest.approx(np.mean([x.components()[0] for x in nets]) / 1600 / 0.2) and low < ratio < high


def test_loose_parts_of_a_square_lattice():
    assert measure.loose_parts(12, 1.0, (0,)) == (0.0, 0.0)
    outside, trees = measure.loose_parts(40, 0.6, (0, 1))
    assert 0 < outside < trees < 0.5


def test_media_come_back_from_their_archive(monkeypatch):
    jobs = {"a": ("square", 2.9, 12, archived.EQUAL, 0.8), "b": ("triangular", 2.5, 8, archived.EQUAL, 0.9, True)}
    monkeypatch.setattr(archived, "list_media", lambda **_: jobs)
    read = archived.read_media(archived.measure_media())
    for name, (lattice, top, points, springs, p, *vector) in jobs.items():
        new = cpa.solve_cpa(lattice, peaks.fine_grid(top, points), springs, p, any(vector))
        for key in ("omega", "stiffness", "green", "g", "residual", "static_stiffness"):
            np.testing.assert_array_equal(getattr(read[name], key), getattr(new, key))
        assert read[name].lattice == lattice and read[name].vector == any(vector)


def test_every_medium_of_the_chapter_is_listed():
    jobs = archived.list_media(map_points=3, means=[4.0], strengths=[0.0, 1.5], shown_shares=[0.4], shown_strengths=[1])
    assert set(archived.CASES) | set(archived.SERIES) <= set(jobs)
    assert jobs["map triangular 2 1"][3:] == (archived.gamma_springs(1.5), 4.5 / 6)
    assert jobs["grid simple-cubic 4 1.5"][4] == 4 / 6 and jobs["wave 0.7"][2] == 3000
    assert jobs["triangular, vector, p = 0.85"][5] and jobs["path 1.00"][3] is archived.EQUAL


def test_the_norm_of_a_medium():
    medium = cpa.solve_cpa("square", peaks.fine_grid(2.9, 300))
    assert measure.norm_of(medium) == pytest.approx(1, abs=0.01)


def test_comparisons_are_read_back(monkeypatch):
    case = {"square, p = 0.9": archived.Recipe("square", 0, 0.9)}
    monkeypatch.setattr(archived, "CASES", case)
    monkeypatch.setattr(archived, "SERIES", {})
    data = archived.measure_comparison(400, 400, 2, 0.05)
    medium = cpa.solve_cpa("square", peaks.fine_grid(2.9, 100), bond_fraction=0.9)
    (found,) = measure.read_comparisons(data, {"square, p = 0.9": medium}).values()
    nets = [lattice_network("square", 20, bond_fraction=0.9, rng=s) for s in (0, 1)]
    seen = [peaks.network_spectrum(x, "square", resolution=0.05, rng=s) for s, x in enumerate(nets)]
    by_hand = peaks.compare_spectra(seen, medium)
    np.testing.assert_allclose(found.samples, by_hand.samples, rtol=1e-13)
    np.testing.assert_allclose(found.medium, by_hand.medium, rtol=1e-12)
    value, (low, high) = measure.deviation_of(found)
    assert low <= value <= high and value == pytest.approx(by_hand.deviation)
    assert measure.deviation_from_mean_crystal(found, "square, p = 0.9") > 0.5 * value
    sharp = measure.read_spectra(data, "sharp 0.6", archived.SHARP, 0.015)
    assert len(sharp) == 2 and sharp[0].g.shape == archived.SHARP.shape


def test_a_deviation_at_the_chain_frequencies_only_has_the_largest_weight():
    medium = cpa.solve_cpa("square", peaks.fine_grid(2.9, 300), bond_fraction=0.8)
    blank = Spectrum(archived.SHARP, archived.SHARP, archived.SHARP, 0.015, 300, 1, 2.9)
    smooth = peaks.see_through_kernel(medium.omega, medium.g, blank)
    near = (abs(archived.SHARP[:, None] - measure.CHAINS) < 0.03).any(axis=1)
    for added, expected in ((near, 1 / near.mean()), (np.ones(len(near)), 1.0)):
        seen = [replace(blank, g=smooth + 0.1 * added)] * 2
        assert measure.chain_weight(seen, medium)[0] == pytest.approx(expected)


def test_displaced_springs_have_more_even_sums_than_permuted_ones():
    assert 0.1 < measure.sum_ratio(40) < 0.9


def _excess(net):
    omega = np.linspace(0.2, 2, 50)
    return peaks.Excess(True, 1.0, 0.1, 2.0, omega, omega, np.ones(50), 1.5, net, True, 0.8, True)


def test_readings_of_groups():
    group = [_excess(1.2), _excess(1.4)]
    assert measure.mean_of(group, "net") == pytest.approx(1.3)
    assert measure.interval_of(group, "net", 2.0)[0] == pytest.approx(0.65)
    value, (low, high) = measure.percent_of((1.3, (1.2, 1.5)))
    assert (value, low, high) == pytest.approx((30, 20, 50))
    excess = {f"balanced square {turn}": [_excess(net)] * 2 for turn, net in enumerate((1.2, 1.4, 1.6))}
    kept, again = measure.read_balance(excess, "square")
    assert kept[0] == pytest.approx(0.5) and again == pytest.approx(1.5)
    discs = measure.read_discs({"disc square 4 0": group, "disc fcc 4 0": group, "grid square 4 0 1": group}, "square")
    assert discs == {(4.0, 0.0): pytest.approx(1.3)}


def test_the_map_error_counts_the_edges_only():
    z_axis, _ = archived.map_axes(4)
    chart = np.array([2.0, 9.0, 9.0, 3.0])[:, None] * np.ones_like(z_axis)
    assert measure.map_error({(4.0, 0.0): 2.2, (5.0, 1.5): 3.0, (4.0, 0.5): 100.0}, chart) == pytest.approx(0.1)


def test_the_crystal_itself_in_the_window():
    crystal = peaks.measure_excess(lattice_network("square", 60), "square", rng=0, resolution=0.08)
    flat = measure.crystal_top(crystal)
    omega = np.linspace(*peaks.WINDOW, 50) * crystal.omega_v
    assert flat == pytest.approx((peaks.softened_density("square", omega, 1.0) / omega).max(), rel=1e-2)


def _wave(width):
    frequency = np.array([0.2, 0.4, 0.8])
    return [waves.Line(w, width * w, 1.0, 0.0) for w in frequency]


def test_waves_compare_widths_below_the_crossover():
    medium = _wave(0.1)
    rising = [waves.Line(0.2, 0.04, 1.0, 0.0), waves.Line(0.4, 0.12, 1.0, 0.0), waves.Line(0.8, 0.4, 1.0, 0.0)]
    blank = np.zeros((2, 3))
    found = measure.Waves(np.arange(3.0), [rising, rising], medium, _wave(0.05), blank, blank)
    strength = np.pi * np.array([0.2, 0.3, 0.5])
    crossing = np.interp(1, strength, [0.2, 0.4, 0.8])
    assert found.crossing == pytest.approx(crossing) and len(found.reached) == 2
    (value, (low, high)), second, first = found.attenuation()
    # two lines lie below the crossover; their widths are two and three times those of the medium
    assert value == pytest.approx(np.sqrt(6)) and low == pytest.approx(value) and high == pytest.approx(value)
    assert second == pytest.approx(0.5) and first == pytest.approx(2)
    assert found.dispersion_error() == 0 and np.isnan(found.medium_crossing)
    none = replace(found, networks=[medium, medium])
    assert none.crossing is None and none.attenuation()[0][0] == pytest.approx(1)


def test_waves_are_read_at_the_wave_vectors_of_the_box():
    data = archived.measure_waves(40, 2, 0.03)
    assert data.density.shape[0] == 4 and data.density.shape[2] == data.q.size
    turns = data.q.values * 40 / (2 * np.pi)
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
    media = {
        f"{kind} 0.7": archived.solve_on_grid("square", 2.88, 300, archived.EQUAL, 0.7) for kind in ("wave", "drawn")
    }
    found = measure.read_waves(data, media, 0.7)
    assert found.values("frequency").shape == (2, data.q.size) and (np.diff(found.values("frequency")[0]) > 0).all()


def test_modes_are_measured_on_the_largest_piece():
    data = archived.measure_modes(400, 1, 0.08, 12, 4, 20)
    assert len(data["sample"]) == 9 and np.isnan(data.frequency.sel(sample="cubic 4 s0").values[64 // 12 :]).all()
    network = archived.Recipe("square", 24, 0.7).network(200)
    piece = levels.largest_piece(network).dynamical_matrix().toarray()
    exact = np.sqrt(np.clip(np.linalg.eigvalsh(piece), 0, None))
    near = np.sort(exact[np.argsort(abs(exact**2 - data.attrs["peak"] ** 2))[:20]])
    np.testing.assert_allclose(data.frequency.sel(sample="peak 24 s0").values[:20], near, atol=1e-6)


def test_modes_within_a_fifth_of_the_peak_are_read():
    """Evenly spaced levels around a peak at 1: those from 0.8 to 1.2 count, and all their ratios are 1."""
    level = np.arange(0.55, 1.5, 0.1)
    parts = {
        f"{kind} {n} s{s}": {"frequency": level + 0.01 * s, "participation": np.full(10, 1 / n)}
        for kind in ("peak", "top", "cubic")
        for n in (10, 20)
        for s in (0, 1)
    }
    data = xr.Dataset(archived.stack_parts(parts), {"sample": list(parts)}, {"peak": 1.0, "cubic": 1.0})
    for kind, count, dimension in (("peak", 4, 2), ("top", 10, 2), ("cubic", 4, 3)):
        found = measure.read_modes(data, kind)
        assert found.nodes == [10**dimension, 20**dimension] and found.shares[0].shape == (2 * count,)
        np.testing.assert_allclose(np.concatenate(found.ratios), 1)
        assert found.medians[1][0] == 1 / 20 and found.repulsion[0][0] == pytest.approx(1)
        assert found.exponent[0] == pytest.approx(-1 / dimension)


def test_a_contact_network_is_held_against_the_crystal_of_its_level():
    crystal = lattice_network("fcc", 5)
    found = measure.contact_excess(crystal, 0)
    assert found.stiffness == pytest.approx(1) and found.level == pytest.approx(debye_level_of_lattice("fcc"))
    control = measure.fcc_control(500)
    assert control.net == pytest.approx(found.net, rel=1e-12)


def test_glasses_have_contacts_up_to_the_first_minimum():
    found = measure.measure_contacts(["lennard-jones-n1000-instant-s1"], 2.4, 0.02, [1.0, 0.8])
    assert found.atoms == 1000 and 1.3 < found.cutoff < 1.7
    assert 10 < found.coordination[1.0].mean() < 16 and found.coordination[0.8].mean() < found.coordination[1.0].mean()
    assert found.excess[1.0][0].rigid and len(found.excess[0.8]) == 1


def test_measurements_have_keys_of_their_own():
    keys = {known.key for known in measure.MEASUREMENTS}
    assert len(keys) == len(measure.MEASUREMENTS) == 7
    assert all(known.name.startswith("spring-network-") for known in measure.MEASUREMENTS)
