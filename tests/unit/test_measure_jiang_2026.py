"""What the chapter jiang-2026 measures, on networks and spectra whose numbers are known otherwise."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from bosonpeak.book import runs
from bosonpeak.papers.jiang_2026 import archived, coordination, ensembles, figures, large_networks, measure
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS
from bosonpeak.papers.jiang_2026.mode_extension import extension
from bosonpeak.papers.jiang_2026.nine_nodes import nine_nodes
from bosonpeak.papers.jiang_2026.packings import jammed_discs
from bosonpeak.vibrations import debye, elasticity, modes


@pytest.fixture(scope="module")
def small():
    return ensembles.small_ensemble(20, 2)


@pytest.fixture(scope="module")
def crystal(small):
    return measure.crystal_reference(small.crystal)


def lattice_frequencies(n):
    k = 2 * np.pi * np.arange(n) / n
    return np.sqrt(np.sort((4 - 2 * np.cos(k)[:, None] - 2 * np.cos(k)).ravel()).clip(0))


def large_dataset(density, modulus):
    """density and modulus of each kind, the same in two networks."""
    kinds = list(density)
    return xr.Dataset(
        {
            "g": (("kind", "seed", "omega"), [[density[kind]] * 2 for kind in kinds]),
            "modulus": (("kind", "seed", "row", "column"), [[modulus[kind] * np.eye(2)] * 2 for kind in kinds]),
            "crystal_again": ("omega", density[kinds[0]] * 1.02),
        },
        {
            "family": ("kind", [family for family, _ in kinds]),
            "disorder": ("kind", [d for _, d in kinds]),
            "omega": archived.OMEGA,
        },
    )


@pytest.fixture(scope="module")
def large():
    """Crystals of stiffness 1 and 0.8; with coordination free a hump is added that is twice as high where springs are
    uniform."""
    omega = archived.OMEGA
    soft = debye.square_lattice_density(omega, 0.8)
    hump = omega * np.exp(-(((omega - 0.5) / 0.1) ** 2) / 2)
    density = {("crystal", 0.0): debye.square_lattice_density(omega), ("fixed", 0.3): soft}
    density |= {("distance", d): soft + 0.1 * hump for d in DISORDERS}
    density |= {("uniform", d): soft + 0.2 * hump for d in DISORDERS}
    return large_networks.large_spectra(
        large_dataset(density, {kind: 1.0 if kind[0] == "crystal" else 0.8 for kind in density})
    )


def test_networks_of_one_seed_have_the_same_positions_in_all_families(small):
    for seed in range(2):
        first = small.networks["fixed", 0.3][seed].positions
        for family in ("distance", "uniform"):
            np.testing.assert_array_equal(small.networks[family, 0.3][seed].positions, first)
    assert len(small.networks) == 9


def test_undisplaced_lattices_have_the_coordination_that_is_asked_for(small):
    diluted, matched = ensembles.controls_of_coordination(small)
    kinds = ensembles.large_kinds(small)
    assert ("fixed", 0.1) not in kinds and ("fixed", 0.6) in kinds and ("crystal", 0.0) in kinds
    for d, z in diluted.items():
        built = kinds["diluted", d](60, rng=1).coordination()
        assert built.mean() == pytest.approx(z, abs=1e-3)
    for d, (z, variance) in matched.items():
        built = kinds["matched", d](60, rng=1).coordination()
        assert built.mean() == pytest.approx(z, abs=1e-3)
        assert built.var() == pytest.approx(variance, rel=0.1)
    assert 0.3 in matched


def test_coordination_is_that_of_a_count_over_all_pairs(small):
    found, four, distances = coordination.count_springs(small), [], []
    for d in DISORDERS:
        brute = []
        for network in small.networks["distance", d]:
            vector = network.positions[:, None] - network.positions
            vector -= 20 * np.round(vector / 20)
            brute.append((np.linalg.norm(vector, axis=2) <= 1 + d + 1e-9).sum(axis=1) - 1)
        assert found.means[d][0] == pytest.approx(np.mean(brute))
        assert found.most[d] == np.bincount(np.ravel(brute)).argmax()
        np.testing.assert_allclose(found.shares[d], [np.bincount(b, minlength=9)[:9] / 400 for b in brute])
        assert found.pieces[d] >= 1
        four += [np.mean(b == 4) for b in brute]
        distances.append(abs(np.bincount(np.ravel(brute)).argmax() - np.mean(brute)))
    assert found.four_fixed == 1 and found.four == pytest.approx(max(four))
    assert found.farthest_from_mean == pytest.approx(max(distances))


def test_crystal_reference(crystal):
    assert crystal.level == pytest.approx(1 / (2 * np.pi))
    fine = np.linspace(measure.LOW, measure.HIGH, 4001)
    mean = np.trapezoid(debye.square_lattice_density(fine) / fine, fine) / (measure.HIGH - measure.LOW)
    assert crystal.mean == pytest.approx(mean, rel=1e-6)
    assert crystal.mean_excess == pytest.approx(2 * np.pi * mean, rel=1e-6)
    # g / g_D = 1 + omega^2 / 8 + ... by expansion of the dispersion, at omega = 0.7
    assert crystal.end_excess == pytest.approx(1 + 0.7**2 / 8, abs=0.006)


def test_the_crystal_has_its_own_mean_and_norm(small, crystal):
    frequencies = np.array([lattice_frequencies(400)] * 2)
    crystals = ensembles.SmallEnsemble({kind: [small.crystal] * 2 for kind in small.networks}, small.crystal)
    found = measure.mean_levels(dict.fromkeys(small.networks, frequencies), crystals, crystal)
    assert (
        set(found.over_debye) == set(found.over_crystal) == {(f, d) for f in ("fixed", "distance") for d in DISORDERS}
    )
    assert found.over_crystal["fixed", 0.3][0] == pytest.approx(1, abs=0.01)
    assert found.over_debye["fixed", 0.3][0] == pytest.approx(crystal.mean / crystal.level, abs=0.01)
    histograms = measure.reduced_histograms(frequencies)
    states = (histograms * measure.centres(measure.EDGES) * np.diff(measure.EDGES)).sum(axis=1)
    np.testing.assert_allclose(states, 1)


def test_the_peak_lies_where_the_levels_are():
    rng = np.random.default_rng(1)
    frequencies = np.concatenate([rng.normal(0.5, 0.02, (3, 2000)), np.full((3, 500), 3.0)], axis=1)
    near, off = ("distance", 0.1), ("fixed", 0.1)
    found = measure.peak_places({near: frequencies, off: np.full((2, 50), 0.05)}, 0.1)
    # each level is divided by its own frequency, so that slower ones count more
    place, (low, high) = found.place[near]
    assert place == pytest.approx(0.5, abs=0.01) and found.interior[near]
    assert low <= place <= high
    assert not found.interior[off]


def test_the_levels_of_a_small_crystal_are_the_waves_of_its_box():
    frequencies = np.array([lattice_frequencies(40)] * 2)
    found = measure.small_box(frequencies, 40, 1.0)
    # 2 pi |n| / 40 with |n|^2 = 1, 2, 4, 5: dispersion lowers them by less than a bin
    np.testing.assert_allclose(found.waves[:4], 2 * np.pi / 40 * np.sqrt([1, 2, 4, 5]))
    assert found.counts[:4].tolist() == [4, 4, 4, 8]
    centres = measure.centres(measure.NARROW_EDGES)
    counted = found.bars * centres * 0.02 * 1600
    for wave, count in zip(found.waves[:4], found.counts[:4], strict=True):
        assert counted[abs(centres - wave) < 0.011].sum() == pytest.approx(count)


def test_disorders_are_chosen_by_value():
    found = {0.1: (0.9, (0, 1)), 0.2: (1.3, (1, 2)), 0.3: (0.6, (0, 1))}
    assert measure.lowest(found) == 0.3
    assert measure.farthest(found, 1) == 0.3
    assert measure.farthest(found, 0.8) == 0.2
    assert measure.highest(found) == 0.2
    assert measure.nearest(found, 0.8) == 0.1
    assert measure.of_family({("a", 0.1): 1, ("b", 0.1): 2}, "b") == {0.1: 2}


def test_a_softened_crystal_has_no_excess_beyond_dispersion(large):
    kind = ("fixed", 0.3)
    assert large.level[kind] == pytest.approx(1 / (2 * np.pi * 0.8))
    assert large.stiffness[kind] == pytest.approx(0.8)
    np.testing.assert_allclose(large.softened[kind], large.reduced[kind])
    assert large.beyond[kind][0] == pytest.approx(1)
    dispersion = debye.square_lattice_density(0.7, 0.8) / 0.7 / large.level[kind]
    assert large.excess[kind][0] == pytest.approx(dispersion, rel=0.01)
    assert not large.interior[kind]
    assert large_networks.level_scatter(large) == pytest.approx(0, abs=1e-12)


def test_a_hump_is_found_where_it_was_put(large):
    kind = ("distance", 0.2)
    assert large.interior[kind] and large.peaks[kind][0] == pytest.approx(0.5, abs=0.02)
    assert large.beyond[kind][0] > 1.15
    heights = large_networks.relative_heights(large)
    assert set(heights.uniform) == set(heights.crystal) == set(DISORDERS)
    assert 1.5 < heights.uniform[0.2][0] < 2
    dispersion = debye.square_lattice_density(0.7) / 0.7 * 2 * np.pi - 1
    assert heights.crystal[0.2] == pytest.approx(dispersion / (large.excess[kind][0] - 1), rel=0.1)
    np.testing.assert_allclose(large.heights[kind], large.excess[kind][0])
    spread = large_networks.peak_spread(measure.of_family(large.peaks, "distance"))
    assert spread[0] == pytest.approx(0)
    spread = large_networks.peak_spread({0.1: (0.5, (0.47, 0.53)), 0.2: (0.6, (0.56, 0.64)), 0.3: (0.55, (0.5, 0.6))})
    np.testing.assert_allclose([spread[0], *spread[1]], [0.1, 0.05, 0.15])


def test_the_region_ends_where_the_density_falls_below_the_crystals(crystal):
    omega = archived.OMEGA
    exact = debye.square_lattice_density(omega)
    density = {("distance", d): exact * np.where(omega < 1 + d, 1.2, 0.8) for d in DISORDERS}
    found = large_networks.large_spectra(large_dataset(density, dict.fromkeys(density, 1.0)))
    for d, (end, _) in large_networks.region_ends(found, crystal).items():
        assert end == pytest.approx(1 + d, abs=0.011)


def test_the_van_hove_peak_of_a_softer_crystal(large):
    found = large_networks.van_hove(large)
    assert found.another_seed == pytest.approx(1.02)
    # the singularity at 2 sqrt(0.8) lies outside 1.8 ... 2.3 by less than the grid: both are finite on it
    assert 0 < found.damped[0] and found.survives[0.1][0] > 0
    assert found.summit[0.1] == pytest.approx(2 * np.sqrt(0.8), abs=0.03)


def test_stiffnesses_at_small_displacement_spread_as_the_bond_lengths_do():
    # r = 1 + delta (cos a - cos b): within a factor (1 + 2 delta) / (1 - 2 delta)
    assert 1 < large_networks.stiffness_ratio(50, 0.01) < 1.02 / 0.98
    assert large_networks.stiffness_ratio(10, 0.0) == pytest.approx(1)


def test_nine_nodes_have_the_poles_that_paper_and_pencil_give():
    toy = nine_nodes()
    np.testing.assert_allclose(sorted(toy.old), np.sqrt([3, 6]), atol=1e-6)
    np.testing.assert_allclose(toy.poles["added"][0][1:], np.sqrt([3, 4, 6, 7]), atol=1e-6)
    np.testing.assert_allclose(toy.poles["missing"][0][1:], np.sqrt([2, 3, 5, 6]), atol=1e-6)
    assert toy.counts == {None: 2, "added": 4, "missing": 4} and toy.fewest_new == 2 and toy.scaled == 0
    assert toy.shares[toy.least_shared] == min(toy.shares.values())
    assert all(0.1 < share < 1 for share in toy.shares.values())
    assert toy.pair_share == pytest.approx(0, abs=1e-12)
    omega = np.array([1.2, 1.9, 2.6])
    for change, network in toy.networks.items():
        values, vectors = np.linalg.eigh(network.dynamical_matrix().toarray())
        green = (vectors**2 / (omega[:, None, None] ** 2 + 0.02j - values)).sum(axis=2)
        np.testing.assert_allclose(toy.responses(omega)[change], -green.imag, rtol=1e-9)


def test_exponents_of_participation_ratios_that_are_known():
    sizes, rng = [10, 20, 40, 80], np.random.default_rng(2)
    inside = rng.uniform(0.36, 0.64, (4, 3, 80))
    ratio = 0.3 * np.array(sizes)[:, None, None] ** np.array([0, -0.2, -2.0])[:, None] * np.ones((4, 3, 80))
    inside[..., 0], ratio[..., 0] = 0.9, 5.0
    data = xr.Dataset(
        {
            "near_omega": (("size", "disorder", "near_mode"), inside),
            "near_ratio": (("size", "disorder", "near_mode"), ratio),
            "ratio": (("disorder", "mode"), np.linspace(0.4, 0.1, 3 * 400).reshape(3, 400)),
            "half_ratio": ("half_mode", np.full(100, 0.2)),
        },
        {"size": sizes, "disorder": list(DISORDERS)},
    )
    found = extension(data)
    for d, exponent in zip(DISORDERS, (0, -0.1, -1), strict=True):
        assert found.exponent[d][0] == pytest.approx(exponent)
        assert found.median[20][d][0] == pytest.approx(0.3 * 20 ** (2 * exponent))
    assert found.edge_median == pytest.approx(np.median(data.ratio.values[2, -4:]))
    assert found.edge_exponent[0] == pytest.approx(np.log(found.edge_median / 0.2) / np.log(4))


def test_levels_are_eigenvalues_and_finished_ones_are_read(tmp_path):
    data = archived.levels(8, 2, folder=tmp_path)
    small = ensembles.small_ensemble(8, 2)
    levels = archived.by_kind(data, "frequency")
    for kind, networks in small.networks.items():
        for network, found in zip(networks, levels[kind], strict=True):
            exact = np.linalg.eigvalsh(network.dynamical_matrix().toarray())
            np.testing.assert_allclose(found**2, exact, atol=1e-12)
    np.testing.assert_allclose(data.crystal, lattice_frequencies(8), atol=1e-6)
    kept = tmp_path / "n8-distance-0.3-s1.npz"
    np.savez(kept, frequency=np.arange(64.0))
    again = archived.levels(8, 2, folder=tmp_path)
    np.testing.assert_array_equal(archived.by_kind(again, "frequency")["distance", 0.3][1], np.arange(64.0))
    assert again.isel(seed=0).identical(data.isel(seed=0))


@pytest.fixture(scope="module")
def large_data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    data = archived.large_networks(20, 2, 30, 2, 0.05, 20, folder=folder)
    assert archived.large_networks(20, 2, 30, 2, 0.05, 20, folder=folder).identical(data)
    return data


def test_large_networks_are_solved_kind_by_kind(large_data, small):
    for k, (kind, build) in enumerate(ensembles.large_kinds(small).items()):
        assert (large_data.family.values[k], large_data.disorder.values[k]) == kind
        modulus = elasticity.scalar_modulus(build(20, rng=2001))
        np.testing.assert_allclose(large_data.modulus.values[k, 1], modulus, rtol=1e-9, atol=1e-12)
    found = large_networks.large_spectra(large_data)
    assert set(found.level) == set(ensembles.large_kinds(small))
    # no state is lost: what a piece of the network adds at omega = 0 apart
    area = np.trapezoid(found.density["fixed", 0.3], found.omega, axis=1)
    np.testing.assert_allclose(area, 1, atol=0.02)


@pytest.fixture(scope="module")
def modes_data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modes")
    data = archived.participation(18, folder=folder)
    assert archived.participation(18, folder=folder).identical(data)
    return data


def test_participation_takes_the_nearest_modes(modes_data):
    assert modes_data["size"].values.tolist() == [9, 18, 36, 72]
    for d in DISORDERS:
        omega, ratio = archived.near_modes(18, d).values()
        near = modes_data.sel(size=18, disorder=d)
        np.testing.assert_allclose(near.near_omega, omega, atol=1e-7)
        np.testing.assert_allclose(near.near_ratio[omega > 0.1], ratio[omega > 0.1], rtol=1e-6)
    with pytest.raises(ValueError, match="take n = 18"):
        archived.participation(16)


def test_a_sample_agrees_with_what_was_computed_and_a_changed_archive_is_refused(large_data, modes_data):
    levels = archived.levels(18, 1)
    assert archived.sample_difference(levels, large_data, modes_data, 30, 20, 0.05) < 1e-9
    changed = large_data.copy(deep=True)
    changed["g"] = changed.g * 1.001
    with pytest.raises(ValueError, match="densities: the archive and this run differ by"):
        archived.sample_difference(levels, changed, modes_data, 30, 20, 0.05)


def test_contacts_of_archived_packings_are_those_of_the_packings_made(tmp_path):
    data = archived.discs(32, folder=tmp_path)
    found = coordination.disc_contacts(data)
    for seed in range(archived.PACKINGS):
        made = jammed_discs(32, rng=seed)
        np.testing.assert_array_equal(found.numbers[seed], made.contact_network().coordination())
        assert found.packings[seed].max_force == pytest.approx(made.max_force)
    share = [np.mean((number >= 3) & (number <= 7)) for number in found.numbers]
    assert found.three_to_seven == (pytest.approx(np.mean(share)), (min(share), max(share)))
    assert found.mean == pytest.approx(np.mean(found.numbers)) and found.random_three_to_seven < min(share)
    moved = data.assign(positions=data.positions + 0.05 * (data.disc == 3))
    with pytest.raises(ValueError, match="not at rest"):
        coordination.disc_contacts(moved)


def test_the_narrow_density_is_as_narrow_as_its_moments_allow():
    data = archived.narrow_density(20, 60)
    assert data.attrs["resolution"] == pytest.approx(np.pi * np.sqrt(elasticity_bound(20)) / 120, rel=0.2)
    assert (data.g.values > 0).all()


def elasticity_bound(n):
    network = ensembles.square_lattice_network(n, 0.3, "distance", rng=1000)
    return modes.frequencies([network.dynamical_matrix()])[0].max() ** 2


def test_swept_networks_have_their_own_levels(tmp_path, crystal):
    data = archived.sweep([0.0, 0.3], 20, folder=tmp_path)
    swept = large_networks.swept_networks(data, 20)
    assert swept[0.0].level == pytest.approx(1 / (2 * np.pi)) and swept[0.3].level > swept[0.0].level * 0.5
    assert "mean coordination 4.00" in swept[0.0].description
    np.testing.assert_allclose(swept[0.3].reduced * swept[0.3].omega, data.g.values[1])
    fig, axes = plt.subplots(2)
    figures.draw_sweep_frame(axes, swept[0.3], crystal, 0.6)
    assert len(axes[1].lines) == 3
    plt.close(fig)


def test_figures_show_every_disorder(small, large, crystal):
    fig, axes = plt.subplots(2, 2)
    figures.draw_own_debye(axes[0], large, crystal)
    assert {text.get_text() for text in axes[0, 0].get_legend().get_texts()} == {
        *(rf"$\delta$ = {d}" for d in DISORDERS),
        "crystal",
    }
    histograms = {d: np.ones((2, len(measure.EDGES) - 1)) for d in DISORDERS}
    figures.draw_histograms(axes[1, 0], histograms, histograms[0.1][0], "title")
    assert len(axes[1, 0].lines) == 3 * 3 + 1
    toy, scan = nine_nodes(), np.linspace(1, 3, 50)
    figures.draw_nine_nodes(axes[1, 1], toy, scan, toy.responses(scan))
    assert sorted(text.get_text() for text in axes[1, 1].texts) == [
        "1.414",
        "1.732",
        "2.000",
        "2.236",
        "2.449",
        "2.646",
    ]
    plt.close(fig)


def test_the_chapter_asks_for_what_the_book_archives():
    chapter = runs.parameters_of("jiang-2026")
    assert chapter["archived"] is True
    names = {"moments": "shell_moments", "disorders": "sweep"}
    for known in archived.MEASUREMENTS:
        for name, value in known.parameters.items():
            assert value == chapter[names.get(name, name)], (known.name, name)
    for scale in ("ci", "paper"):
        assert runs.load_scale("jiang-2026", scale)["archived"] is False
