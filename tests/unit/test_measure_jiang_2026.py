"""What the chapter jiang-2026 measures, on networks and spectra whose numbers are known otherwise."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad

from bosonpeak import statistics
from bosonpeak.book import runs
from bosonpeak.drawing.networks import draw_bonds, draw_intervals, draw_over_level, label_over_level
from bosonpeak.networks import diluted_square_lattice, square_lattice_network
from bosonpeak.networks.lattices import lattice_network
from bosonpeak.papers.jiang_2026 import (
    archived,
    coordination,
    ensembles,
    figures,
    large_networks,
    measure,
    mode_extension,
)
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS, STRONG, VANISHING
from bosonpeak.papers.jiang_2026.mode_extension import extension, plane_waves_in
from bosonpeak.papers.jiang_2026.nine_nodes import nine_nodes
from bosonpeak.papers.jiang_2026.packings import jammed_discs
from bosonpeak.papers.jiang_2026.rewiring import rewire
from bosonpeak.vibrations import debye, elasticity, modes

SEED = 20311


@pytest.fixture(scope="module")
def small():
    return ensembles.small_ensemble(20, 2)


@pytest.fixture(scope="module")
def crystal(small):
    return measure.crystal_reference(small.crystal)


def lattice_frequencies(n):
    k = 2 * np.pi * np.arange(n) / n
    return np.sqrt(np.sort((4 - 2 * np.cos(k)[:, None] - 2 * np.cos(k)).ravel()).clip(0))


def same_interval(found, expected, **error):
    """Whether two values agree together with the ends of their intervals."""
    return (found[0], *found[1]) == pytest.approx((expected[0], *expected[1]), **error)


def bonds_of(network) -> set:
    return {tuple(sorted(pair)) for pair in network.bonds.tolist()}


# networks


def test_networks_of_one_seed_have_the_same_positions_in_all_families(small):
    for seed in range(2):
        first = small.networks["fixed", 0.3][seed].positions
        for family in ("distance", "uniform"):
            np.testing.assert_array_equal(small.networks[family, 0.3][seed].positions, first)
    assert len(small.networks) == 9


def test_the_large_networks_are_those_that_the_chapter_names(small):
    kinds = ensembles.large_kinds(small)
    assert set(kinds) == {
        *((family, d) for family in (*ensembles.FAMILIES, "rewired", "diluted", "matched") for d in DISORDERS),
        ("fixed", 0.6),
        ("mixed", 0.3),
        ("distance", STRONG),
        ("uniform", VANISHING),
        ("crystal", 0.0),
    }
    assert set(large_networks.NAMES) == {family for family, _ in kinds}
    assert set(large_networks.FLUCTUATING) <= set(large_networks.NAMES)
    k = 2 * np.pi * np.arange(12) / 12
    band = 4 - 2 * np.cos(k)[:, None] - 2 * np.cos(k)
    crystal = kinds["crystal", 0.0](12, rng=3).dynamical_matrix().toarray()
    np.testing.assert_allclose(np.linalg.eigvalsh(crystal), np.sort(band.ravel()), atol=1e-12)
    for d in DISORDERS:
        for family, options in ensembles.FAMILIES.items():
            built, expected = kinds[family, d](12, rng=3), square_lattice_network(12, d, rng=3, **options)
            assert abs(built.dynamical_matrix() - expected.dynamical_matrix()).max() == 0


def test_undisplaced_lattices_have_the_coordination_that_is_asked_for(small):
    wanted, kinds = ensembles.coordination_of(small), ensembles.large_kinds(small)
    assert set(wanted) == set(DISORDERS)
    for d, (z, variance) in wanted.items():
        numbers = [np.bincount(network.bonds.ravel(), minlength=400) for network in small.networks["distance", d]]
        assert z == pytest.approx(np.mean(numbers))
        # within each network, so that the scatter of their means does not count
        assert variance == pytest.approx(np.mean([np.mean((each - each.mean()) ** 2) for each in numbers]))
        diluted, matched = (kinds[family, d](60, rng=1) for family in ("diluted", "matched"))
        assert diluted.coordination().mean() == pytest.approx(z, abs=1e-3)
        assert matched.coordination().mean() == pytest.approx(z, abs=1e-3)
        assert matched.coordination().var() == pytest.approx(variance, rel=0.1)
        for network in (diluted, matched):
            assert set(network.stiffness) == {1.0}
            np.testing.assert_array_equal(network.positions, np.round(network.positions))


@pytest.mark.parametrize(
    "mean, variance, moved",
    [(3.2, 0.3, True), (3.7, 0.27, True), (3.2, 0.63, True), (3.2, 0.65, False), (3.2, 1.1, False), (4.3, 1.2, False)],
)
def test_random_springs_have_the_mean_and_the_variance_on_both_sides_of_dilution(mean, variance, moved):
    # a lattice that is diluted to the mean has z (1 - z / 4): springs are moved below, and diagonals added above
    n = 60
    network = ensembles.random_springs(n, mean, variance, rng=SEED)
    assert len(network.bonds) == round(mean * n * n / 2) == len(bonds_of(network))
    length = np.linalg.norm(network.vectors, axis=1)
    assert (length < 1.1).all() == moved == (mean <= 4 and variance < mean * (1 - mean / 4))
    # moved springs reach the variance itself; random ones have the scatter of a sample
    error = 4 / n**2 if moved else 5 * np.sqrt(2) / n * variance
    assert network.coordination().var() == pytest.approx(variance, abs=error)
    again = ensembles.random_springs(n, mean, variance, rng=SEED)
    np.testing.assert_array_equal(again.bonds, network.bonds)
    assert bonds_of(ensembles.random_springs(n, mean, variance, rng=SEED + 1)) != bonds_of(network)


def test_mixed_springs_are_the_same_springs_in_other_places():
    ordered, mixed = square_lattice_network(40, 0.3, rng=SEED), ensembles.mixed_springs(40, 0.3, rng=SEED)
    np.testing.assert_array_equal(mixed.bonds, ordered.bonds)
    np.testing.assert_array_equal(np.sort(mixed.stiffness), np.sort(ordered.stiffness))
    assert set(mixed.coordination()) == {4}
    # t0/r of nodes that moved by 0.3: within the longest and the shortest distance
    assert 1 / np.hypot(1.6, 0) <= mixed.stiffness.min() < mixed.stiffness.max() <= 1 / 0.4

    def shared(network):
        # springs that meet at a node: displaced nodes correlate those on opposite sides
        k = network.stiffness.reshape(2, 40, 40)[0]
        return np.corrcoef(k.ravel(), np.roll(k, 1, axis=1).ravel())[0, 1]

    assert shared(ordered) < -0.3 and abs(shared(mixed)) < 4 / 40
    np.testing.assert_array_equal(ensembles.mixed_springs(40, 0.3, rng=SEED).stiffness, mixed.stiffness)


def test_the_limit_of_a_small_displacement_is_a_rule_for_two_directions(small):
    # a side keeps its spring if the nodes move apart along it by less than the displacement, whose tolerance is 1e-9
    kinds, most = ensembles.large_kinds(small), 1 + 1e-9 / VANISHING
    n = 40
    angle = np.random.default_rng(SEED).uniform(0, 2 * np.pi, n * n).reshape(n, n)
    along = np.cos(np.roll(angle, -1, axis=1)) - np.cos(angle)
    across = np.sin(np.roll(angle, -1, axis=0)) - np.sin(angle)
    site = np.arange(n * n).reshape(n, n)
    sides = [(site, np.roll(site, -1, axis=1), along), (site, np.roll(site, -1, axis=0), across)]
    ends = np.concatenate([np.stack([i[apart <= most], j[apart <= most]], axis=1) for i, j, apart in sides])
    kept = {tuple(pair) for pair in np.sort(ends, axis=1).tolist()}
    vanishing = kinds["uniform", VANISHING](n, rng=SEED)
    assert bonds_of(vanishing) == kept and set(vanishing.stiffness) == {1.0}
    # below (sqrt 2 - 1) / 3 there is no diagonal, and hardly a side that is not the same
    assert len(bonds_of(kinds["uniform", 0.1](n, rng=SEED)) ^ kept) < 0.05 * len(kept)
    strong = kinds["distance", STRONG](n, rng=SEED)
    assert strong.coordination().mean() > 4.5


# rewiring


def kinds_of_springs(network) -> Counter:
    return Counter(np.round(np.linalg.norm(network.vectors, axis=1) ** 2).astype(int).tolist())


@pytest.mark.parametrize("disorder", [0.1, 0.2, 0.3])
def test_rewiring_keeps_the_springs_of_every_node_and_their_kinds(disorder):
    network = square_lattice_network(40, disorder, "distance", "uniform", rng=SEED)
    rewired, new = rewire(network, 5)
    np.testing.assert_array_equal(rewired.coordination(), network.coordination())
    assert len(rewired.bonds) == len(network.bonds) == len(bonds_of(rewired))
    np.testing.assert_array_equal(rewired.stiffness, 1)
    # on the sites, along sides and diagonals
    np.testing.assert_array_equal(rewired.positions, square_lattice_network(40, 0.0).positions)
    ends = rewired.positions[rewired.bonds]
    away = (ends[:, 1] - ends[:, 0] - rewired.vectors) / 40
    np.testing.assert_allclose(away, np.round(away), atol=1e-12)
    before, after = kinds_of_springs(rewire(network, 5, rounds=0)[0]), kinds_of_springs(rewired)
    assert set(after) <= {1, 2} and (2 in after) == (disorder > 0.14)
    assert abs(after[1] - before[1]) == abs(after[2] - before[2]) <= 20 + len(network.bonds) // 1000
    assert new == pytest.approx(len(bonds_of(rewired) - bonds_of(network)) / len(network.bonds)) and new > 0.03
    assert ensembles.rewired_springs(40, disorder, rng=SEED).coordination().tolist() == network.coordination().tolist()


def test_no_round_of_rewiring_changes_nothing_but_the_places():
    network = square_lattice_network(15, 0.3, "distance", "uniform", rng=SEED)
    same, new = rewire(network, 1, rounds=0)
    assert new == 0 and bonds_of(same) == bonds_of(network)
    # the positions of the nodes do not enter the matrix of equal springs
    assert abs(same.dynamical_matrix() - network.dynamical_matrix()).max() == 0
    # stiffnesses are not kept, since all springs of the result are equal
    stiff = rewire(square_lattice_network(15, 0.3, "distance", rng=SEED), 1, rounds=0)[0]
    assert abs(same.dynamical_matrix() - stiff.dynamical_matrix()).max() == 0


def test_the_seed_fixes_the_rewired_network():
    network = square_lattice_network(30, 0.3, "distance", "uniform", rng=SEED)
    (one, new), (two, same), (other, _) = (rewire(network, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.bonds, two.bonds)
    assert new == same and bonds_of(other) != bonds_of(one)
    built = ensembles.rewired_springs(30, 0.3, rng=SEED)
    np.testing.assert_array_equal(built.bonds, rewire(network, SEED)[0].bonds)


@pytest.mark.parametrize("disorder", [0.2, 0.3])
def test_more_rounds_of_rewiring_replace_more_springs(disorder):
    network = square_lattice_network(60, disorder, "distance", "uniform", rng=SEED)
    new = [rewire(network, 3, rounds=rounds)[1] for rounds in (0, 3, 10, 30, 100)]
    assert new[0] == 0 and (np.diff(new) > 0).all()
    # not more than where sides and diagonals lie at random in their numbers
    share = np.array(list(kinds_of_springs(rewire(network, 3, rounds=0)[0]).values())) / len(network.bonds)
    filled = share * len(network.bonds) / (2 * 60**2)
    assert new[-1] < share @ (1 - filled)


def test_a_network_without_a_spring_to_exchange_stays_as_it_is():
    for mean in (0.0, 4.0, 8.0):
        network = diluted_square_lattice(8, mean, rng=SEED)
        rewired, new = rewire(network, 1) if mean else (network, 0)
        np.testing.assert_array_equal(rewired.coordination(), network.coordination())
        if mean == 8.0:
            assert new == 0 and bonds_of(rewired) == bonds_of(network)


def test_springs_longer_than_a_diagonal_cannot_be_rewired():
    with pytest.raises(ValueError, match="longer than the diagonal"):
        rewire(square_lattice_network(20, 0.45, "distance", rng=SEED))


# coordination


def test_coordination_is_that_of_a_count_over_all_pairs(small):
    found, four, from_mean, from_four = coordination.count_springs(small), [], [], []
    for d in DISORDERS:
        brute = []
        for network in small.networks["distance", d]:
            vector = network.positions[:, None] - network.positions
            vector -= 20 * np.round(vector / 20)
            brute.append((np.linalg.norm(vector, axis=2) <= 1 + d + 1e-9).sum(axis=1) - 1)
        assert same_interval(found.means[d], statistics.mean_interval([b.mean() for b in brute]))
        most = np.bincount(np.ravel(brute)).argmax()
        assert found.most[d] == most
        np.testing.assert_allclose(found.shares[d], [np.bincount(b, minlength=9)[:9] / 400 for b in brute])
        four += [np.mean(b == 4) for b in brute]
        from_mean.append(abs(most - np.mean(brute)))
        from_four.append(abs(most - 4))
    assert set(found.shares) == set(DISORDERS)
    assert found.four_fixed == 1 and found.four == pytest.approx(max(four))
    assert found.farthest_from_mean == pytest.approx(max(from_mean))
    assert found.farthest_from_four == max(from_four)


def test_contacts_of_archived_packings_are_those_of_the_packings_made(tmp_path):
    data = archived.discs(32, folder=tmp_path)
    found = coordination.disc_contacts(data)
    for seed in range(archived.PACKINGS):
        made = jammed_discs(32, rng=seed)
        np.testing.assert_array_equal(found.numbers[seed], made.contact_network().coordination())
        assert found.packings[seed].max_force == pytest.approx(made.max_force)
        np.testing.assert_allclose(found.shares[seed], np.bincount(found.numbers[seed], minlength=9)[:9] / 32)
    share = [np.mean((number >= 3) & (number <= 7)) for number in found.numbers]
    assert found.three_to_seven == (pytest.approx(np.mean(share)), (min(share), max(share)))
    assert found.mean == pytest.approx(np.mean(found.numbers)) and found.random_three_to_seven < min(share)
    # a packing that was kept is read
    kept = dict(np.load(tmp_path / "n32-s1.npz"))
    np.savez(tmp_path / "n32-s1.npz", **kept | {"positions": kept["positions"] + 1.0})
    again = archived.discs(32, folder=tmp_path)
    np.testing.assert_allclose(again.positions - data.positions, np.array([0, 1, 0])[:, None, None] * np.ones((32, 2)))
    moved = data.assign(positions=data.positions + 0.05 * (data.disc == 3))
    with pytest.raises(ValueError, match="not at rest"):
        coordination.disc_contacts(moved)


def test_the_triangular_lattice_has_no_excess_over_itself():
    lattice = lattice_network("triangular", 60)
    found, scaled, ratio = coordination.excess_over_triangular(lattice, 3)
    assert found.net == pytest.approx(1, abs=0.04)
    # lattice dispersion lifts the exact g / omega to the end of the window, and it is not a peak
    assert not found.interior and found.height == pytest.approx(1.35, abs=0.06)
    away = scaled > 0.3
    np.testing.assert_allclose(ratio[away], 1, atol=0.05)
    assert ratio[away].mean() == pytest.approx(1, abs=0.01)
    # the stiffness of its springs does not matter, and neither do nodes that are cut off
    soft = replace(lattice, stiffness=np.full(len(lattice.bonds), 0.3))
    np.testing.assert_allclose(coordination.excess_over_triangular(soft, 3)[2], ratio, rtol=1e-7)
    loose = replace(lattice, positions=np.concatenate([lattice.positions, lattice.positions[:5] + 0.3]))
    assert len(loose) == len(lattice) + 5
    np.testing.assert_allclose(coordination.excess_over_triangular(loose, 3)[2], ratio, rtol=1e-7)


def test_a_diluted_triangular_lattice_has_an_excess_and_a_floppy_one_no_level():
    diluted = lattice_network("triangular", 60, mean_coordination=3.2, rng=SEED)
    found, _, ratio = coordination.excess_over_triangular(diluted, 3)
    assert found.net > 1.15 and found.net == pytest.approx(ratio.max(), abs=0.05)
    with pytest.raises(ValueError, match="floppy"):
        coordination.excess_over_triangular(lattice_network("triangular", 20, mean_coordination=1.5, rng=SEED))


def test_the_excess_of_a_solid_is_that_of_its_packings():
    networks = []
    for loose, packing in zip((0, 4, 8), coordination.disc_contacts(archived.discs(200)).packings, strict=True):
        network = packing.contact_network()
        assert len(network.largest_piece()) == 200
        # discs that nothing touches are pieces of their own
        networks.append(replace(network, positions=np.concatenate([network.positions, np.zeros((loose, 2))])))
    packings = [SimpleNamespace(contact_network=lambda network=network: network) for network in networks]
    found = coordination.solid_excess(SimpleNamespace(packings=packings))
    each = [coordination.excess_over_triangular(network, seed) for seed, network in enumerate(networks)]
    assert same_interval(found.net, statistics.mean_interval([one.net for one, _, _ in each]))
    np.testing.assert_array_equal(found.ratios, [ratio for _, _, ratio in each])
    assert found.cut_off == pytest.approx(np.mean([0, 4 / 204, 8 / 208]))
    # 200 nodes of the triangular lattice are 10 cells of two along an edge
    control, scaled, ratio = coordination.excess_over_triangular(lattice_network("triangular", 10), 7)
    assert found.control == control.net
    np.testing.assert_array_equal(found.crystal, ratio)
    np.testing.assert_array_equal(found.scaled, scaled)


# networks of the paper's size


def test_crystal_reference(crystal):
    assert crystal.level == pytest.approx(1 / (2 * np.pi))
    fine = np.linspace(measure.LOW, measure.HIGH, 4001)
    mean = np.trapezoid(debye.square_lattice_density(fine) / fine, fine) / (measure.HIGH - measure.LOW)
    assert crystal.mean == pytest.approx(mean, rel=1e-6)
    assert crystal.mean / crystal.level == pytest.approx(2 * np.pi * mean, rel=1e-6)
    # g / g_D = 1 + omega^2 / 8 + ... by expansion of the dispersion, at omega = 0.7
    assert np.interp(0.7, crystal.omega, crystal.reduced) / crystal.level == pytest.approx(1 + 0.7**2 / 8, abs=0.006)


def test_the_crystal_has_its_own_mean_and_norm(crystal):
    frequencies = np.array([lattice_frequencies(400)] * 2)
    kinds = {(f, d) for f in ("fixed", "distance") for d in DISORDERS}
    levels = dict.fromkeys(kinds, frequencies) | {("distance", 0.2): np.sqrt(0.8) * frequencies, ("uniform", 0.1): None}
    found = measure.mean_over_crystal(levels, crystal)
    assert set(found) == kinds
    assert found["fixed", 0.3][0] == pytest.approx(1, abs=0.01)
    assert found["fixed", 0.3][0] * crystal.mean == pytest.approx(crystal.mean, abs=0.01 * crystal.level)
    # a softer crystal has its own exact mean
    soft = quad(lambda omega: debye.square_lattice_density(omega, 0.8) / omega, measure.LOW, measure.HIGH)[0] / 0.8
    assert found["distance", 0.2][0] == pytest.approx(soft / crystal.mean, abs=0.01)
    histograms = measure.reduced_histograms(frequencies)
    states = (histograms * measure.centres(measure.EDGES) * np.diff(measure.EDGES)).sum(axis=1)
    np.testing.assert_allclose(states, 1)


def test_the_peak_lies_where_the_levels_are():
    rng = np.random.default_rng(1)
    frequencies = np.concatenate([rng.normal(0.5, 0.02, (5, 2000)), np.full((5, 500), 3.0)], axis=1)
    near, off, few = ("distance", 0.1), ("fixed", 0.1), ("distance", 0.2)
    found = measure.peak_places({near: frequencies, off: np.full((2, 50), 0.05), few: frequencies[:3]}, 0.1)
    # each level is divided by its own frequency, so that slower ones count more
    place, (low, high) = found.place[near]
    assert place == pytest.approx(0.5, abs=0.01) and found.interior[near]
    assert 0.49 < low <= place <= high < 0.51
    assert not found.interior[off]
    # three networks give a place, and no interval
    assert found.place[few] == (pytest.approx(0.5, abs=0.01), (-np.inf, np.inf)) and found.interior[few]


def test_the_levels_of_a_small_crystal_are_the_waves_of_its_box():
    # the ticks under the histograms of the chapter
    waves, counts = debye.plane_waves(40, 0.5, 2)
    np.testing.assert_allclose(waves[:4], 2 * np.pi / 40 * np.sqrt([1, 2, 4, 5]))
    assert counts[:4].tolist() == [4, 4, 4, 8]
    edges = np.arange(0, 0.6, 0.02)
    bars = measure.reduced_histograms(np.array([lattice_frequencies(40)] * 2), edges)[1]
    centres = measure.centres(edges)
    counted = bars * centres * 0.02 * 1600
    # dispersion lowers them by less than a bin
    for wave, count in zip(waves[:4], counts[:4], strict=True):
        assert counted[abs(centres - wave) < 0.011].sum() == pytest.approx(count)


def test_disorders_are_chosen_by_value():
    found = {0.1: (0.9, (0, 1)), 0.2: (1.3, (1, 2)), 0.3: (0.6, (0, 1))}
    assert measure.lowest(found) == 0.3
    assert measure.farthest(found, 1) == 0.3
    assert measure.farthest(found, 0.8) == 0.2
    assert measure.highest(found) == 0.2
    assert measure.nearest(found, 0.8) == 0.1
    assert measure.of_family({("a", 0.1): 1, ("b", 0.1): 2}, "b") == {0.1: 2}
    assert measure.percent((1.2, (0.9, 1.5))) == (pytest.approx(20), (pytest.approx(-10), pytest.approx(50)))


# large networks

KERNEL = 0.02


def under_kernel(omega, curve, width=KERNEL):
    """The convolution of a function of omega with a Gaussian, point by point."""
    t = np.linspace(-6, 6, 481)
    weight = np.exp(-(t**2) / 2)
    return curve(np.maximum(abs(omega[:, None] + width * t), 1e-9)) @ weight / weight.sum()


def reduced_crystal(stiffness):
    return lambda omega: debye.square_lattice_density(omega, stiffness) / omega


def reduced_hump(height, place=0.5):
    return lambda omega: height * np.exp(-0.5 * ((omega - place) / 0.1) ** 2)


def large_dataset(densities, moduli, sums=None, omega=archived.OMEGA):
    """Densities (seeds, K) of each kind, with the modulus of each times the unit matrix."""
    kinds, seeds = list(densities), len(next(iter(densities.values())))
    of_each = ("kind", "seed")
    return xr.Dataset(
        {
            "g": ((*of_each, "omega"), [densities[kind] for kind in kinds]),
            "modulus": ((*of_each, "row", "column"), [[moduli[kind] * np.eye(2)] * seeds for kind in kinds]),
            "mean_sum": (of_each, [[(sums or {}).get(kind, 4 * moduli[kind])] * seeds for kind in kinds]),
            "coordination": (of_each, [[4.0, 5.0, 6.0][:seeds] for _ in kinds]),
            "coordination_variance": (of_each, [[0.1, 0.2, 0.6][:seeds] for _ in kinds]),
        },
        {"family": ("kind", [f for f, _ in kinds]), "disorder": ("kind", [d for _, d in kinds]), "omega": omega},
        {"resolution": KERNEL},
    )


AMPLITUDES = np.array([0.9, 1.0, 1.1])
HEIGHTS = {"distance": 0.1, "uniform": 0.2, "rewired": 0.16, "diluted": 0.08, "matched": 0.0}


@pytest.fixture(scope="module")
def large():
    """Crystals of stiffness 1 and 0.8, and humps on the latter: of three networks, the hump is lower and higher by a
    tenth in the first and in the last."""
    omega = archived.OMEGA
    hard, soft = (under_kernel(omega, reduced_crystal(k)) for k in (1.0, 0.8))
    reduced = {("crystal", 0.0): np.array([hard] * 3), ("uniform", VANISHING): None}
    reduced |= {("fixed", d): np.array([soft] * 3) for d in DISORDERS}
    for family, height in HEIGHTS.items():
        hump = under_kernel(omega, reduced_hump(height, 0.6 if family == "rewired" else 0.5))
        reduced |= {(family, d): soft + AMPLITUDES[:, None] * hump for d in DISORDERS}
    reduced["uniform", VANISHING] = reduced["distance", 0.1]
    densities = {kind: curves * omega for kind, curves in reduced.items()}
    moduli = {kind: 1.0 if kind[0] == "crystal" else 0.8 for kind in densities}
    return large_networks.large_spectra(large_dataset(densities, moduli))


def test_a_curve_is_smoothed_to_the_width_that_is_asked_for():
    omega = np.arange(0.06, 3.4, 0.01)
    narrow = np.array([np.exp(-0.5 * ((omega - at) / 0.05) ** 2) / 0.05 for at in (1.0, 2.0)])
    wide = np.array([np.exp(-0.5 * ((omega - at) / 0.13) ** 2) / 0.13 for at in (1.0, 2.0)])
    # the widths add up in squares
    np.testing.assert_allclose(large_networks.smoothed(omega, narrow, 0.13, 0.05), wide, atol=2e-3 * wide.max())
    np.testing.assert_array_equal(large_networks.smoothed(omega, narrow, 0.05, 0.05), narrow)
    np.testing.assert_array_equal(large_networks.smoothed(omega, narrow, 0.02, 0.05), narrow)


@pytest.mark.parametrize("kind, stiffness", [(("crystal", 0.0), 1.0), (("fixed", 0.3), 0.8)])
def test_a_softened_crystal_has_no_excess_beyond_dispersion(large, kind, stiffness):
    found = large[kind]
    assert found.level == pytest.approx(1 / (2 * np.pi * stiffness))
    np.testing.assert_allclose(found.levels, found.level)
    assert found.stiffness == pytest.approx(stiffness)
    np.testing.assert_allclose(found.crystals[0], found.crystals[1])
    # the exact crystal under the kernel, away from the singularity and the end of the band
    omega = found.omega
    away = (omega > 0.15) & (abs(omega - 2 * np.sqrt(stiffness)) > 0.1) & (omega < 2.82 * np.sqrt(stiffness) - 0.1)
    np.testing.assert_allclose(found.crystals[0][away], found.density[0][away] / omega[away], rtol=1e-3)
    np.testing.assert_allclose(found.over_level, found.density[0] / omega / found.level)
    assert found.deviation[0] < 1e-3
    for ratio in (found.net, found.over_affine, found.slow_ratio):
        assert ratio[0] == pytest.approx(1, abs=1e-3) and ratio[1] == pytest.approx((ratio[0], ratio[0]))
    np.testing.assert_allclose(found.nets, found.net[0])
    # under a kernel of a twentieth of the van Hove frequency the end of the window is the highest point
    omega_v = 2 * np.sqrt(stiffness)
    end = under_kernel(np.array([0.6 * omega_v]), reduced_crystal(stiffness), 0.05 * omega_v)[0]
    assert found.height[0] == pytest.approx(end / found.level, rel=0.01)
    # no maximum at low frequency, and one at the van Hove singularity
    assert not found.interior and found.place == "none" and found.peak[0] == pytest.approx(1.2, abs=0.01)
    assert found.maxima == found.all_maxima == (1, (1, 1))


def test_a_hump_is_found_where_it_was_put(large):
    # the hump of width 0.1 under a kernel of a twentieth of omega_v, on the crystal of stiffness 0.8
    omega_v, fine = 2 * np.sqrt(0.8), np.linspace(0.2, 0.6, 4001) * 2 * np.sqrt(0.8)
    soft = under_kernel(fine, reduced_crystal(0.8), 0.05 * omega_v)
    for family, place in {"distance": 0.5, "uniform": 0.5, "rewired": 0.6}.items():
        hump = under_kernel(fine, reduced_hump(HEIGHTS[family], place), 0.05 * omega_v)
        nets = [(1 + amplitude * hump / soft).max() for amplitude in AMPLITUDES]
        found = large[family, 0.2]
        np.testing.assert_allclose(found.nets, nets, atol=2e-3)
        assert same_interval(found.net, statistics.mean_interval(nets), abs=3e-3)
        heights = [(soft + amplitude * hump).max() * 2 * np.pi * 0.8 for amplitude in AMPLITUDES]
        assert same_interval(found.height, statistics.mean_interval(heights), abs=3e-3)
        # with the kernel of the measurement and 0.06 more
        wide = np.hypot(KERNEL, 0.06)
        curves = under_kernel(fine, reduced_crystal(0.8), wide)
        curves = curves + AMPLITUDES[:, None] * under_kernel(fine, reduced_hump(HEIGHTS[family], place), wide)
        assert same_interval(found.peak, statistics.mean_interval(fine[curves.argmax(axis=1)]), abs=2e-3)
        assert found.interior and found.place == f"{found.peak[0]:.2f}" and abs(found.peak[0] - place) < 0.02
        # the hump and the van Hove peak
        assert found.maxima == found.all_maxima == (2, (2, 2))
        slow = np.linspace(0.2, 1.0, 4001)
        measured = 1 + under_kernel(slow, reduced_hump(HEIGHTS[family], place)) / under_kernel(
            slow, reduced_crystal(0.8)
        )
        assert found.deviation[0] == pytest.approx(np.sqrt(np.square(measured - 1).mean()), abs=2e-3)
        assert same_interval(found.slow_ratio, found.net, abs=1e-3)


def test_the_affine_reference_is_the_crystal_of_the_mean_sum():
    # the curves of the crystal with springs 1, whose nodes give way so that the modulus is 0.8
    kind, omega = ("distance", 0.1), archived.OMEGA
    curves = np.array([under_kernel(omega, reduced_crystal(1.0)) * omega] * 2)
    found = large_networks.large_spectra(large_dataset({kind: curves}, {kind: 0.8}, {kind: 4.0}))[kind]
    assert found.over_affine[0] == pytest.approx(1, abs=1e-3)
    assert found.net[0] < 0.9 and found.deviation[0] > 0.1
    away = (omega > 0.15) & (omega < 1.8)
    np.testing.assert_allclose(found.crystals[1][away], curves[0][away] / omega[away], rtol=1e-3)
    np.testing.assert_allclose(found.crystals[0][away], under_kernel(omega, reduced_crystal(0.8))[away], rtol=0.02)


def test_a_maximum_above_the_van_hove_peak_is_counted_apart():
    kind, omega = ("distance", 0.3), archived.OMEGA
    curve = under_kernel(omega, reduced_crystal(0.8)) + reduced_hump(0.1)(omega)
    bumps = [reduced_hump(height, place)(omega) for height, place in ((0.0, 3.0), (0.1, 3.0), (0.1, 3.5))]
    curves = np.array([(curve + bump) * omega for bump in bumps])
    found = large_networks.large_spectra(large_dataset({kind: curves}, {kind: 0.8}))[kind]
    # of three networks one has a third maximum between 2.6 and 3.3, and the rise of another ends beyond
    assert found.maxima == (2, (2, 2))
    assert same_interval(found.all_maxima, statistics.mean_interval([2, 3, 2]))
    table = large_networks.network_table({kind: found}, {kind: (4.0, 1.0)})
    assert table["maxima"].tolist() == ["2.3"]


def test_the_modulus_counts_by_the_determinant_of_its_mean():
    omega = archived.OMEGA
    curves = np.array([under_kernel(omega, reduced_crystal(0.8)) * omega] * 2)
    moduli = np.array([np.diag([1.0, 0.6]), np.diag([0.6, 1.0])])
    found = large_networks.read_spectrum(omega, curves, moduli, 3.2, KERNEL)
    assert found.stiffness == pytest.approx(0.8) and found.level == pytest.approx(1 / (2 * np.pi * 0.8))
    np.testing.assert_allclose(found.levels, 1 / (2 * np.pi * np.sqrt(0.6)))
    assert found.net[0] == pytest.approx(1, abs=1e-3)
    with pytest.raises(ValueError, match="floppy"):
        large_networks.read_spectrum(omega, curves, 0 * moduli, 3.2, KERNEL)


def test_ratios_of_quantities_are_taken_network_by_network(large):
    # the humps of both families are higher by the same tenth
    found = large_networks.ratios(large, "uniform", "distance", "nets", 1)
    assert set(found) == set(DISORDERS)
    for ratio, ends in found.values():
        assert ratio == pytest.approx(2, abs=0.01) and ends == pytest.approx((ratio, ratio), abs=0.02)
    opposite = replace(large["uniform", 0.1], nets=large["uniform", 0.1].nets[::-1])
    ratio, ends = large_networks.ratios(large | {("uniform", 0.1): opposite}, "uniform", "distance", "nets", 1)[0.1]
    expected = statistics.mean_interval(2 * AMPLITUDES[::-1] / AMPLITUDES)
    assert (ratio, ends) == (pytest.approx(expected[0], abs=0.01), pytest.approx(expected[1], abs=0.05))
    levels = large_networks.ratios(large, "uniform", "distance", "levels")
    assert levels[0.3] == (pytest.approx(1), (pytest.approx(1), pytest.approx(1)))
    soft = replace(large["rewired", 0.2], levels=large["rewired", 0.2].levels * [0.8, 0.9, 1.0])
    found = large_networks.ratios(large | {("rewired", 0.2): soft}, "rewired", "uniform", "levels")[0.2]
    assert found == (pytest.approx(0.9), pytest.approx(statistics.mean_interval([0.8, 0.9, 1.0])[1]))


def test_a_vanishing_displacement_is_compared_with_a_small_one_and_with_none(large):
    ratio, control = large_networks.vanishing_ratio(large)
    # the hump that stands for it is half as high
    assert ratio[0] == pytest.approx(0.5, abs=0.005) and ratio[1] == pytest.approx((0.5, 0.5), abs=0.01)
    assert control == pytest.approx(0, abs=0.01)
    noisy = replace(large["crystal", 0.0], nets=1 + 0.25 * (large["uniform", 0.1].nets.mean() - 1) * np.ones(3))
    assert large_networks.vanishing_ratio(large | {("crystal", 0.0): noisy})[1] == pytest.approx(0.25)


def test_the_places_of_all_fluctuating_networks_are_compared(large):
    spread, which = large_networks.place_spread(
        large | {("fixed", d): replace(large["fixed", d], peak=(9.0, (9, 9))) for d in DISORDERS}
    )
    # "matched" has no hump: its maximum is the end of the range, and does not count
    inside = [
        kind
        for kind in large
        if kind[0] in large_networks.FLUCTUATING and kind[1] in DISORDERS and large[kind].interior
    ]
    places = [large[kind].peak[0] for kind in inside]
    assert "matched" not in {family for family, _ in inside}
    assert spread[0] == pytest.approx(max(places) - min(places)) and "matched" not in which
    own, _ = large_networks.place_spread(large, ("distance",))
    assert own[0] == pytest.approx(np.ptp([large["distance", d].peak[0] for d in DISORDERS]))
    peaks = {(family, d): (0.55, (0.5, 0.6)) for family in large_networks.FLUCTUATING for d in DISORDERS}
    peaks |= {("rewired", 0.2): (0.6, (0.56, 0.64)), ("diluted", 0.3): (0.5, (0.47, 0.53))}

    def placed(shift):
        moved = peaks | {("rewired", 0.2): (0.6 + shift, (0.56 + shift, 0.64 + shift))}
        return {kind: replace(large[kind], peak=peak, interior=True) for kind, peak in moved.items()}

    spread, which = large_networks.place_spread(placed(0.0))
    np.testing.assert_allclose([spread[0], *spread[1]], [0.1, 0.05, 0.15])
    assert which == "highest rewired at 0.2, lowest diluted at 0.3"
    # a spread is not negative
    same = {kind: replace(found, peak=(0.5, (0.4, 0.6))) for kind, found in placed(0.0).items()}
    assert large_networks.place_spread(same)[0] == (0, (0, pytest.approx(0.2 / np.sqrt(2))))
    assert large_networks.of_disorders(large, "distance", "peak") == {d: large["distance", d].peak for d in DISORDERS}


def test_the_region_of_additional_states_is_counted_by_state():
    omega = archived.OMEGA
    base = under_kernel(omega, reduced_crystal(1.0)) * omega
    # states below 0.1 and above 1.6 are not counted, nor what the crystal has more
    extra = np.select([omega < 0.1, omega < 0.4, omega < 1.0, omega < 1.6], [9.0, -0.02, 0.03, 0.01], 9.0)
    below, above = ((omega > 0.4) & (omega < 1)).sum(), ((omega >= 1) & (omega < 1.6)).sum()
    stiffness = dict(zip(DISORDERS, (0.5, 0.8, 0.64), strict=True))
    densities = {("crystal", 0.0): np.array([base - 0.001, base, base + 0.001])}
    densities |= {("distance", d): base + np.array([1.0, 1.0, 2.0])[:, None] * extra for d in DISORDERS}
    # in one network at one disorder, all of them lie above 1
    densities["distance", 0.2][0] = base + 0.01 * ((omega > 1.1) & (omega < 1.5))
    moduli = {kind: stiffness.get(kind[1], 1.0) for kind in densities}
    found = large_networks.large_spectra(large_dataset(densities, moduli))
    share, control = large_networks.region_share(found)
    one = 0.03 * below / (0.03 * below + 0.01 * above)
    assert share == (pytest.approx(np.mean([one * 2 / 3, one, one]), abs=0.01), pytest.approx(share[1]))
    assert share[1] == pytest.approx(statistics.mean_interval([one * 2 / 3, one, one])[1], abs=0.02)

    # the control is the stiffest of the three, whose additional states grow with the frequency
    def surplus(omega):
        return max(debye.square_lattice_density(omega, 0.8) - debye.square_lattice_density(omega), 0.0)

    low, high = quad(surplus, 0.1, 1.0)[0], quad(surplus, 1.0, 1.6)[0]
    assert control == pytest.approx(low / (low + high), abs=0.01)


def test_the_van_hove_peak_is_compared_at_its_highest_point(large):
    first, omega = large["crystal", 0.0], archived.OMEGA
    damped = replace(large["fixed", 0.3], density=first.density * np.array([0.6, 0.7, 0.8])[:, None])
    height, control = large_networks.van_hove_height(large | {("fixed", 0.3): damped}, first.density[0] * 1.02)
    assert height == (pytest.approx(0.7), pytest.approx(statistics.mean_interval([0.6, 0.7, 0.8])[1]))
    assert control == pytest.approx(1.02)
    # what lies below 1.8 or above 2.3 does not count
    far = damped.density + 9 * ((omega < 1.79) | (omega > 2.31))
    moved = large | {("fixed", 0.3): replace(damped, density=far)}
    assert large_networks.van_hove_height(moved, first.density[0])[0][0] == pytest.approx(0.7)
    # the peak of the softer crystal lies at 2 sqrt(0.8), and only its flank is counted
    near = omega[(omega > 1.8) & (omega < 2.3)]
    soft, hard = (under_kernel(near, reduced_crystal(stiffness)).max() for stiffness in (0.8, 1.0))
    assert large_networks.van_hove_height(large, first.density[0])[0][0] == pytest.approx(soft / hard)


def test_the_table_has_one_row_for_each_kind(large):
    data = large_dataset({kind: found.density for kind, found in large.items()}, dict.fromkeys(large, 0.8))
    counts = archived.coordination_of_large(data)
    assert counts == {kind: (pytest.approx(5), pytest.approx(0.3)) for kind in large}
    counts["uniform", VANISHING] = (3.0, 0.5)
    table = large_networks.network_table(large, counts)
    assert len(table) == len(large) and len(table.columns) == 9
    # families in the order of their names, and disorders ascending
    assert table["network"].iloc[0] == "crystal" and table["network"].iloc[1] == "four springs, t0/r"
    equal = table[table["network"] == "distance rule, equal"]
    assert equal["δ"].tolist() == ["1e-06", "0.1", "0.2", "0.3"]
    assert equal[["z", "var z"]].iloc[0].tolist() == ["3.00", "0.50"]
    row, found = equal.iloc[2], large["uniform", 0.2]
    assert row["K"] == "0.800" and row["place"] == f"{found.peak[0]:.2f}" and row["maxima"] == "2"
    assert float(row["net excess (%)"]) == pytest.approx(100 * (found.net[0] - 1), abs=0.051)
    assert float(row["over own level (%)"]) == pytest.approx(100 * (found.height[0] - 1), abs=0.051)
    first = table.iloc[0]
    assert first["place"] == "none" and first["maxima"] == "1" and first["K"] == "1.000"
    assert float(first["net excess (%)"]) == pytest.approx(0, abs=0.1)


# nine nodes


def test_nine_nodes_have_the_poles_that_paper_and_pencil_give():
    toy = nine_nodes()
    np.testing.assert_allclose(sorted(toy.old), np.sqrt([3, 6]), atol=1e-6)
    np.testing.assert_allclose(toy.poles[None][0][1:], np.sqrt([3, 6]), atol=1e-6)
    np.testing.assert_allclose(toy.poles["added"][0][1:], np.sqrt([3, 4, 6, 7]), atol=1e-6)
    np.testing.assert_allclose(toy.poles["missing"][0][1:], np.sqrt([2, 3, 5, 6]), atol=1e-6)
    # half a spring more along a side: 1 + [(2/3) / (3 - z) + (4/3) / (6 - z)] / 2 = 0, so z^2 - 10 z + 22 = 0
    stiffer = np.sqrt([3, 5 - np.sqrt(3), 6, 5 + np.sqrt(3)])
    np.testing.assert_allclose(toy.poles["stiffer"][0][1:], np.sort(stiffer), atol=1e-6)
    assert toy.counts == {None: 2, "added": 4, "missing": 4, "stiffer": 4}
    assert set(toy.networks["stiffer"].coordination()) == {4}
    assert Counter(toy.networks["stiffer"].stiffness.tolist()) == {1.0: 17, 1.5: 1}
    missing = toy.networks["missing"].coordination() < 4
    whole = toy.networks["stiffer"].bonds[toy.networks["stiffer"].stiffness > 1]
    assert sorted(whole.ravel()) == np.flatnonzero(missing).tolist()
    assert set(toy.shares) == {"added", "missing"}
    for change, new in {"added": (4, 7), "missing": (2, 5)}.items():
        network = toy.networks[change]
        values, vectors = np.linalg.eigh(network.dynamical_matrix().toarray())
        moved = vectors[:, [abs(values - z).argmin() for z in new]] ** 2
        np.testing.assert_allclose(toy.shares[change], moved[network.coordination() == 4].sum() / 2, atol=1e-9)
        assert 0.1 < toy.shares[change] < 1
    assert toy.pair_share == pytest.approx(0, abs=1e-12)
    omega = np.array([1.2, 1.9, 2.6])
    for change, network in toy.networks.items():
        values, vectors = np.linalg.eigh(network.dynamical_matrix().toarray())
        green = (vectors**2 / (omega[:, None, None] ** 2 + 0.02j - values)).sum(axis=2)
        np.testing.assert_allclose(toy.responses(omega)[change], -green.imag, rtol=1e-9)


# extension of the modes


def test_exponents_of_participation_ratios_that_are_known():
    sizes, exponents = [10, 20, 40, 80], (0, -0.1, -1)
    near = np.full((4, 3, 80), np.nan)
    for s, size in enumerate(sizes):
        for k, exponent in enumerate(exponents):
            # the smallest size has the most networks; the others are padded
            near[s, k, : 80 if s == 0 else 30] = 0.3 * size ** (2.0 * exponent)
    data = xr.Dataset(
        {
            "near_ratio": (("size", "disorder", "near_mode"), near),
            "ratio": ("mode", np.linspace(0.4, 0.1, 400)),
            "half_ratio": ("half_mode", np.full(100, 0.2)),
        },
        {"size": sizes, "disorder": list(DISORDERS)},
    )
    found = extension(data)
    assert found.sizes == sizes
    for d, exponent in zip(DISORDERS, exponents, strict=True):
        assert found.exponent[d] == (pytest.approx(exponent), pytest.approx((exponent, exponent)))
        for size in sizes:
            ratio = 0.3 * size ** (2.0 * exponent)
            assert found.median[size][d] == (pytest.approx(ratio), pytest.approx((ratio, ratio)))
    assert found.edge_median == pytest.approx(np.median(data.ratio.values[-4:]))
    assert found.edge_exponent[0] == pytest.approx(np.log(found.edge_median / 0.2) / np.log(4))
    # half of the modes are twice as extended: the median lies between, and the interval reaches both
    spread = near.copy()
    spread[:, :, ::2] *= 2
    found = extension(data.assign(near_ratio=(data.near_ratio.dims, spread)).isel(size=[0, 1]))
    assert found.median[10][0.1] == (pytest.approx(0.45), pytest.approx((0.3, 0.6)))
    near[0, 0] = np.nan
    with pytest.raises(ValueError, match="needs samples"):
        extension(data.assign(near_ratio=(data.near_ratio.dims, near)).isel(size=[0, 1]))


@pytest.mark.parametrize("stiffness", [1.0, 0.25])
def test_modes_of_a_crystal_are_waves_of_the_shell(stiffness):
    n = 40
    lattice = square_lattice_network(n, 0.0)
    lattice = replace(lattice, stiffness=np.full(2 * n * n, stiffness))
    found = plane_waves_in(lattice, stiffness)
    assert found.q0 == pytest.approx(0.5 / np.sqrt(stiffness))
    assert found.share == pytest.approx(1, abs=1e-9)
    assert found.weight.sum() == pytest.approx(1) and (found.weight >= 0).all()
    # the mode is one of the crystal, and it is made of waves of its own frequency
    mode = found.mode.ravel()
    omega = np.sqrt(mode @ lattice.dynamical_matrix() @ mode)
    np.testing.assert_allclose(lattice.dynamical_matrix() @ mode, omega**2 * mode, atol=1e-9)
    assert omega == pytest.approx(0.5, abs=0.1) and mode @ mode == pytest.approx(1)
    inside = found.weight > 1e-9
    np.testing.assert_allclose(found.q[inside], omega / np.sqrt(stiffness), rtol=0.1)
    # the share of a vector of independent entries is that of the wave vectors in the shell
    integers = [(a, b) for a in range(-19, 21) for b in range(-19, 21)]
    lengths = 2 * np.pi / n * np.array([np.hypot(*pair) for pair in integers])
    counted = np.mean(abs(lengths - found.q0) < mode_extension.SHELL * found.q0)
    assert found.uniform == pytest.approx(counted) and found.uniform < 0.1
    # the waves of another stiffness lie elsewhere
    assert plane_waves_in(lattice, 4 * stiffness).share < 1e-9


def test_modes_of_a_disordered_network_are_waves_of_the_shell_in_part():
    network = square_lattice_network(30, 0.3, "distance", rng=SEED)
    stiffness = np.sqrt(np.linalg.det(elasticity.scalar_modulus(network)))
    found = plane_waves_in(network, stiffness, count=10)
    assert 3 * found.uniform < found.share < 0.95
    values, vectors = np.linalg.eigh(network.dynamical_matrix().toarray())
    near = np.sort(np.argsort(abs(values - 0.25))[:10])
    weight = abs(np.fft.fft2(vectors[:, near].T.reshape(10, 30, 30))) ** 2 / 900
    shell = abs(found.q / found.q0 - 1).reshape(30, 30) < mode_extension.SHELL
    assert found.share == pytest.approx(weight[:, shell].sum(axis=1).mean(), rel=1e-6)


# what is archived


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
    # a finished network is read, and only that one
    (part,) = folder.glob("n30-*-rewired-0.2-s1.npz")
    kept = dict(np.load(part))
    np.savez(part, **kept | {"mean_sum": 7.0})
    again = archived.large_networks(20, 2, 30, 2, 0.05, 20, folder=folder)
    changed = again.mean_sum != data.mean_sum
    assert archived.by_kind(again, "mean_sum")["rewired", 0.2][1] == 7 and changed.sum() == 1
    return data


def test_large_networks_are_solved_kind_by_kind(large_data, small):
    kinds = ensembles.large_kinds(small)
    for k, (kind, build) in enumerate(kinds.items()):
        assert (large_data.family.values[k], large_data.disorder.values[k]) == kind
        modulus = elasticity.scalar_modulus(build(20, rng=2001).largest_piece())
        np.testing.assert_allclose(large_data.modulus.values[k, 1], modulus, rtol=1e-9, atol=1e-12)
        # what is counted belongs to the largest piece
        piece = build(30, rng=1001).largest_piece()
        z = np.bincount(piece.bonds.ravel(), minlength=len(piece))
        one = large_data.isel(kind=k, seed=1)
        assert one.coordination == pytest.approx(z.mean()) and one.coordination_variance == pytest.approx(z.var())
        assert one.mean_sum == pytest.approx(piece.dynamical_matrix().diagonal().mean())
    assert archived.coordination_of_large(large_data)["fixed", 0.3] == (4, 0)
    # no state is lost but the zero mode of the piece
    area = np.trapezoid(archived.by_kind(large_data, "g")["fixed", 0.3], large_data.omega, axis=1)
    np.testing.assert_allclose(area, 1, atol=0.02)
    # the kernel is as narrow as its moments allow
    omega_max = modes.frequencies([square_lattice_network(30, 0.0).dynamical_matrix()])[0].max()
    width = np.pi * omega_max / (2 * large_data.attrs["n_moments"])
    assert large_data.attrs["resolution"] == pytest.approx(width, rel=0.2) and large_data.attrs["resolution"] <= 0.05
    assert large_data.attrs["n_vectors"] == 8
    again = large_data.crystal_again.values
    first = archived.by_kind(large_data, "g")["crystal", 0.0][0]
    assert 0 < abs(again - first).max() and np.trapezoid(again, large_data.omega) == pytest.approx(1, abs=0.02)


def test_the_archived_networks_are_read_by_kind(large_data, small):
    found = large_networks.large_spectra(large_data)
    assert set(found) == set(ensembles.large_kinds(small))
    for kind, one in found.items():
        np.testing.assert_array_equal(one.density, archived.by_kind(large_data, "g")[kind])
        mean = archived.by_kind(large_data, "modulus")[kind].mean(axis=0)
        assert one.level == pytest.approx(elasticity.scalar_debye_level(mean)) and len(one.nets) == 2
    assert found["crystal", 0.0].stiffness == pytest.approx(1)
    assert same_interval(found["crystal", 0.0].over_affine, found["crystal", 0.0].net)
    # coordination that fluctuates softens more than strength does
    assert found["distance", 0.1].stiffness < found["fixed", 0.1].stiffness


@pytest.fixture(scope="module")
def modes_data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modes")
    data = archived.participation(22, [1, 2], folder=folder)
    # 12 networks of the smallest size, 3 of the other, at each disorder; all modes of two networks
    assert len(list(folder.glob("near-n11-*"))) == 36 and len(list(folder.glob("near-n22-*"))) == 9
    assert archived.participation(22, [1, 2], folder=folder).identical(data)
    part = folder / "near-n22-0.2-s1.npz"
    np.savez(part, omega=np.full(100, 0.5), ratio=np.full(100, 0.77))
    again = archived.participation(22, [1, 2], folder=folder)
    assert (again.near_ratio.sel(size=22, disorder=0.2) == 0.77).sum() == 100
    return data


def test_participation_is_that_of_all_modes_of_the_window(modes_data):
    assert modes_data["size"].values.tolist() == [11, 22]
    for size, d in ((11, 0.1), (22, 0.2), (22, 0.3)):
        expected = []
        for seed in range(12 if size == 11 else 3):
            matrix = square_lattice_network(size, d, "distance", rng=seed).dynamical_matrix().toarray()
            values, vectors = np.linalg.eigh(matrix)
            inside = (values > 0.45**2) & (values < 0.55**2)
            expected.append(1 / (vectors[:, inside] ** 4).sum(axis=0) / size**2)
        kept = modes_data.near_ratio.sel(size=size, disorder=d).dropna("near_mode")
        np.testing.assert_allclose(kept, np.concatenate(expected), rtol=1e-6)
    for size, name in ((22, "ratio"), (11, "half_ratio")):
        vectors = np.linalg.eigh(square_lattice_network(size, 0.3, "distance", rng=0).dynamical_matrix().toarray())[1]
        np.testing.assert_allclose(modes_data[name], 1 / (vectors**4).sum(axis=0) / size**2, rtol=1e-6)
    found = archived.near_modes(22, 0.3, 1)
    assert (np.diff(found["omega"]) > 0).all() and found["omega"].shape == found["ratio"].shape
    assert found["omega"].min() < 0.45 and found["omega"].max() > 0.55
    measured = extension(modes_data)
    assert measured.sizes == [11, 22] and 0 < measured.edge_median < measured.median[22][0.3][0]
    for n, growth in ((20, [1, 2]), (23, [1, 2]), (24, [1, 3]), (24, [1])):
        with pytest.raises(ValueError, match="n must be even and at least 22, and growth begin with 1 and 2"):
            archived.participation(n, growth)


def test_a_sample_agrees_with_what_was_computed_and_a_changed_archive_is_refused(large_data):
    levels = archived.levels(18, 1)
    assert archived.sample_difference(levels, large_data, 30, 20, 0.05) < 1e-9
    for name, data, quantity in (
        ("g", large_data, "densities"),
        ("modulus", large_data, "moduli"),
        ("frequency", levels, "eigenvalues"),
    ):
        changed = data.assign({name: data[name] * 1.001})
        pair = (changed, large_data) if data is levels else (levels, changed)
        with pytest.raises(ValueError, match=f"{quantity}: the archive and this run differ by"):
            archived.sample_difference(*pair, 30, 20, 0.05)


def test_the_chapter_asks_for_what_the_book_archives():
    chapter = runs.parameters_of("jiang-2026")
    assert chapter["archived"] is True
    for known in archived.MEASUREMENTS:
        for name, value in known.parameters.items():
            assert value == chapter[name], (known.name, name)
    assert {known.name for known in archived.MEASUREMENTS} == {
        f"jiang-2026-{name}" for name in ("levels", "large", "participation", "discs")
    }
    scaled = runs.load_scale("jiang-2026", "ci")
    assert scaled["archived"] is False and set(scaled) <= set(chapter)
    # the extension is measured at half of n and at n, which must hold enough modes
    assert scaled["growth"][:2] == chapter["growth"][:2] == [1, 2]
    for n in (scaled["n"], chapter["n"]):
        assert n % 2 == 0 and (n // 2) ** 2 >= 3 * archived.NEAR_COUNT


# figures


def labels_of(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_figures_show_every_disorder(small, large, crystal):
    fig, axes = plt.subplots(2, 2)
    figures.draw_own_debye(axes[0], large, crystal)
    named = [rf"$\delta$ = {d}" for d in DISORDERS]
    assert set(labels_of(axes[0, 0])) == {*named, "crystal"}
    # on the right the same curves over their levels, with one shaded reference each and the line of the level
    assert len(axes[0, 1].lines) == 4 and len(axes[0, 1].collections) == 3
    left, right = axes[0, 0].lines[0].get_ydata(), axes[0, 1].lines[0].get_ydata()
    np.testing.assert_allclose(left, right * large["distance", 0.1].level)
    np.testing.assert_allclose(axes[0, 0].lines[1].get_ydata(), large["distance", 0.1].level)
    histograms = {d: np.ones((2, len(measure.EDGES) - 1)) for d in DISORDERS}
    figures.draw_histograms(axes[1, 0], histograms, histograms[0.1][0], "title")
    assert len(axes[1, 0].lines) == 3 * 3 + 1
    toy, scan = nine_nodes(), np.linspace(1, 3, 50)
    figures.draw_nine_nodes(axes[1, 1], toy, scan, toy.responses(scan))
    assert sorted(text.get_text() for text in axes[1, 1].texts) == [
        "1.414",
        "1.732",
        "1.808",
        "2.000",
        "2.236",
        "2.449",
        "2.595",
        "2.646",
    ]
    assert len(axes[1, 1].lines) == 4 * 9
    plt.close(fig)


def test_figures_of_the_controls_show_every_family(small, large):
    fig, axes = plt.subplots(3)
    z = ensembles.coordination_of(small)
    figures.draw_controls(axes, large, z)
    assert labels_of(axes[0]) == [name for _, _, name in figures.CONTROLS.values()]
    for ax, d in zip(axes, DISORDERS, strict=True):
        assert len(ax.lines) == 5 and len(ax.collections) == 1 and f"{z[d][0]:.2f}" in ax.get_title()
        np.testing.assert_allclose(ax.lines[1].get_ydata(), large["rewired", d].over_level)
    plt.close(fig)
    fig, axes = plt.subplots(2)
    others = {("mixed", 0.3): large["fixed", 0.3], ("fixed", 0.6): large["fixed", 0.3]}
    figures.draw_strength(axes, large | others | {("distance", STRONG): large["distance", 0.3]})
    assert [len(ax.collections) for ax in axes] == [3, 3]
    assert labels_of(axes[0]) == ["δ = 0.3", "mixed", "δ = 0.6"]
    plt.close(fig)


def test_figures_of_coordination_solids_and_modes(small):
    springs = coordination.count_springs(small)
    shares = np.full((3, 9), 1 / 9)
    fig, axes = plt.subplots(5)
    figures.draw_coordination(axes[:2], springs, SimpleNamespace(shares=shares))
    assert [bar.get_height() for bar in axes[1].patches] == pytest.approx([1 / 9] * 9)
    assert labels_of(axes[0]) == [rf"$\delta$ = {d}" for d in DISORDERS]
    scaled = np.linspace(0.1, 0.9, 5)
    solid = SimpleNamespace(scaled=scaled, ratios=np.array([scaled, 2 * scaled]), crystal=np.ones(5))
    figures.draw_solid(axes[2], solid)
    np.testing.assert_array_equal(axes[2].lines[1].get_ydata(), 2 * scaled)
    assert r"\mathrm{triangular}" in axes[2].get_ylabel() and "mathrm{v}" in axes[2].get_xlabel()
    wave = plane_waves_in(square_lattice_network(20, 0.0), 1.0, count=4)
    figures.draw_mode(axes[3:], wave, 0.25)
    np.testing.assert_array_equal(axes[3].images[0].get_array(), wave.mode)
    (shell,) = axes[4].patches
    assert shell.get_x() == pytest.approx(0.75 * wave.q0) and shell.get_width() == pytest.approx(0.5 * wave.q0)
    plt.close(fig)
    fig, ax = plt.subplots()
    median = {size: {d: (0.3 + d, (0.2 + d, 0.5 + d)) for d in DISORDERS} for size in (20, 40)}
    figures.draw_participation(ax, SimpleNamespace(sizes=[20, 40], median=median))
    assert labels_of(ax) == [rf"$\delta$ = {d}" for d in DISORDERS] and ax.get_xscale() == "log"
    plt.close(fig)


def test_curves_over_a_level_are_drawn_with_their_references_and_the_level(axes):
    omega = np.linspace(0.1, 2, 4)
    references = np.array([np.ones(4), np.linspace(1, 2, 4)])
    draw_over_level(axes, omega, omega + 1, "C1", "one", "--", references)
    draw_over_level(axes, omega, omega + 2, "C2", "other")
    label_over_level(axes, "title", 2.0, 1.8, "x")
    first, second, level = axes.lines
    np.testing.assert_array_equal(first.get_ydata(), omega + 1)
    assert (first.get_linestyle(), second.get_linestyle()) == ("--", "-") and first.get_label() == "one"
    (band,) = axes.collections
    assert {tuple(point) for point in band.get_paths()[0].vertices} >= {(0.1, 1.0), (2.0, 2.0), (2.0, 1.0)}
    assert set(level.get_ydata()) == {1} and axes.get_xlim() == (0, 2.0) and axes.get_ylim() == (0.5, 1.8)
    assert axes.get_title() == "title" and axes.get_ylabel() == r"$g\,/\,g_{x}$"


def test_intervals_are_drawn_from_their_ends(axes):
    draw_intervals(axes, [1.0, 2.0], [(0.5, (0.4, 0.8)), (0.6, (0.6, 0.7))], "s", "C3", label="all")
    (container,) = axes.containers
    np.testing.assert_array_equal(container.lines[0].get_ydata(), [0.5, 0.6])
    ends = [segment[:, 1].tolist() for segment in container.lines[2][0].get_segments()]
    np.testing.assert_allclose(ends, [[0.4, 0.8], [0.6, 0.7]])


def test_corners_of_networks_are_coloured_by_the_number_of_springs():
    networks = {
        name: square_lattice_network(14, d, "distance", "uniform", rng=SEED) for name, d in (("a", 0.1), ("b", 0.3))
    }
    fig, axes = plt.subplots(1, 2)
    draw_bonds(axes, networks)
    for ax, (title, network) in zip(axes, networks.items(), strict=True):
        assert ax.get_title() == title and ax.get_xlim() == (-0.7, 11.7)
        nodes = ax.collections[1]
        assert nodes.get_clim() == (1, 7) and set(nodes.get_array()) <= set(network.coordination())
    plt.close(fig)
    fig, axes = plt.subplots(1, 3)
    with pytest.raises(ValueError):
        draw_bonds(axes, networks)
    plt.close(fig)


@pytest.mark.parametrize("disorder", [0.1, 0.2, 0.3])
def test_more_exchanges_change_the_share_of_new_springs_no_longer(disorder):
    network = square_lattice_network(60, disorder, "distance", "uniform", rng=3)
    share, most = (rewire(network, 0, rounds=rounds)[1] for rounds in (100, 400))
    assert share > 0.9 * most
