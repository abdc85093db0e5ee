"""What is read off the series of the spring network, on groups that were made with a known answer."""

import inspect

import numpy as np
import pytest
import xarray as xr

from bosonpeak.networks.lattices import LATTICES, lattice_network
from bosonpeak.papers.spring_network import archived, measure, series
from bosonpeak.papers.spring_network.cpa import solve_cpa
from bosonpeak.papers.spring_network.excess import Excess, Group, excess_grid, medium_excess, softened_density
from bosonpeak.papers.spring_network.kernel import fine_grid, see_through_kernel
from bosonpeak.papers.spring_network.lattice_green import TOP, debye_level_of_lattice
from bosonpeak.papers.spring_network.recipes import DISTRIBUTIONS
from bosonpeak.papers.spring_network.sample_datasets import stack_parts
from bosonpeak.statistics import mean_interval
from bosonpeak.vibrations.spectra import Spectrum


def made(net=1.0, top=1.0, place=0.8, stiffness=1.0, interior=True):
    omega = np.linspace(0.2, 2, 50)
    return Excess(True, stiffness, 0.5, 2.0, omega, omega, np.ones(50), 2 * top, net, True, place, interior)


def of_nets(*nets):
    return Group([made(net) for net in nets])


def of_samples(**variables):
    ((key, found),) = variables.items()
    return xr.Dataset({key: ("sample", list(found.values()))}, {"sample": list(found)})


def test_per_cents():
    value, (low, high) = measure.percent_of((1.3, (1.2, 1.5)))
    assert (value, low, high) == pytest.approx((30, 20, 50))


def test_the_ratio_farthest_from_one():
    found = {0.9: (1.1, "first"), 0.8: (0.8, "second"), 0.7: (2.0, "third")}
    assert measure.farthest(found, (0.9, 0.8)) == (0.8, (0.8, "second"))
    assert measure.farthest(found, found) == (0.7, (2.0, "third"))


def test_diluted_lattices_over_their_media():
    excess = {f"diluted {p:g}": Group([made(top=p, place=0.5), made(top=p, place=0.7)]) for p in series.SHARES}
    excess |= {"largest": Group([made(top=0.84)])}
    excess["diluted 0.6"] = Group([made(), made(interior=False)])
    media = {f"square, p = {p}": solve_cpa("square", fine_grid(2.9, 60), None, p) for p in series.SHARES}
    found = measure.read_dilution(excess, media, 0.05)
    medium = medium_excess(media["square, p = 0.7"], 0.05)
    assert found.media[0.7].top == medium.top
    assert found.over_theory("top")[0.7][0] == pytest.approx(0.7 / medium.top)
    assert found.over_theory("place")[0.7][0] == pytest.approx(0.6 / medium.place)
    assert found.at_one_place(0.5)[0.7] == (0.5 / medium.place, (0.5 / medium.place,) * 2)
    assert found.inside(0.7) and not found.inside(0.6)
    (value, (low, high)), of_means = found.size_effect()
    assert value == low == high == of_means == pytest.approx(1.05)


def test_one_knob_at_a_time():
    excess = {
        "even triangular": of_nets(1.05, 1.1),
        "even simple-cubic": of_nets(1.2, 1.3),
        "random triangular": of_nets(1.2, 1.2),
        "random again triangular": of_nets(1.3, 1.2),
        "random simple-cubic": of_nets(1.5, 1.5),
        "variance 1.5 triangular": of_nets(1.7),
        "diluted 0.8": of_nets(1.4),
        "path 0": of_nets(1.0),
        "largest": of_nets(1.0),
    }
    variance = {"even triangular s0": 0.02, "even simple-cubic s1": 0.04, "random triangular s0": 1.3}
    found = measure.read_knobs(of_samples(coordination_variance=variance), excess)
    assert set(found.groups) == (set(excess) | {"random square"}) - {"diluted 0.8", "path 0", "largest"}
    assert found.uneven == 0.04 and found.net("random square")[0] == 1.4
    assert found.net("even simple-cubic")[0] == pytest.approx(1.25)
    assert found.net("variance 1.5 triangular")[0] == 1.7
    assert found.extreme("random", series.THIRD) == "random simple-cubic"
    assert found.extreme("random", series.THIRD, min) == "random triangular"
    (ratio, _), again = found.random_over_even()
    # a fifth over a twentieth and over a tenth; a quarter on average over a fifth
    assert ratio == pytest.approx(3) and again == pytest.approx(1.25)


def test_other_seeds_are_those_of_the_group_that_is_made_again():
    groups = {"even triangular": of_nets(1.1, 1.1), "random triangular": of_nets(1.1, 1.2)}
    groups["random again triangular"] = of_nets(1.2, 1.4)
    (ratio, (low, high)), again = measure.Knobs(groups, 0.0).random_over_even()
    assert again == pytest.approx((0.2 + 0.4) / (0.1 + 0.2))
    # one and two times the even one: Student's t of one degree of freedom
    assert ratio == pytest.approx(1.5) and high - ratio == pytest.approx(12.706 * 0.5, rel=1e-4) == ratio - low


def test_weak_springs_over_missing_ones():
    excess = {f"path {k:g}": of_nets(1 + 0.4 * (1 - k), 1 + 0.2 * (1 - k)) for k in series.WEAK}
    net, share = measure.read_weak_springs(excess)
    assert list(net) == list(share) == list(series.WEAK)
    for k in series.WEAK:
        assert net[k] == excess[f"path {k:g}"].interval("net")
        assert net[k][0] == pytest.approx(1 + 0.3 * (1 - k))
    for k, (value, (low, high)) in share.items():
        assert value == pytest.approx(1 - k) and low == pytest.approx(value) and high == pytest.approx(value)


def bump(omega, place, height, width=0.06):
    return height * np.exp(-0.5 * ((omega - place) / width) ** 2)


def made_sample(lattice, K, bumps, over=1.0, **means):
    """Part of a dataset: the crystal of stiffness K times `over` where the excess is read, and a whole spectrum that
    is the Debye level times 1 and some bumps."""
    omega, top = excess_grid(lattice, K), 1.001 * float(np.sqrt(TOP[lattice, False] * K))
    fine = fine_grid(np.sqrt(TOP[lattice, False]) * np.sqrt(K))
    blank = Spectrum(omega, omega, omega, np.pi * top / 600, 300, 1, top)
    g = see_through_kernel(fine, softened_density(lattice, fine, K), blank)
    grid, d = series.whole_grid(lattice), LATTICES[lattice].dimension
    reduced = 1 + sum(bump(grid, *each) for each in bumps)
    return {
        "stiffness": K,
        "density": over * g,
        "n_moments": 300,
        "omega_max": top,
        "lattice": list(LATTICES).index(lattice),
        "whole": debye_level_of_lattice(lattice) * K ** (-d / 2) * grid ** (d - 1) * reduced,
        "coordination": 4.0,
        "coordination_variance": 0.0,
        "stiffness_variance": 0.25,
        "weak": 0.0,
    } | means


ONE, TWO = ([(1.9, 0.6)], [(0.8, 0.4), (1.9, 0.6)])
NEITHER = [(0.8, 0.04), (1.9, 0.6), (0.2, 0.4, 0.02)]
"""A maximum that is too flat, one that counts, and one below the range."""


@pytest.fixture(scope="module")
def spreads():
    parts = {
        "dilution square s0": made_sample("square", 0.8, TWO, 1.3, weak=0.2, stiffness_variance=0.24),
        "dilution square s1": made_sample("square", 0.8, ONE, 1.5, weak=0.22, stiffness_variance=0.28),
        "few-strong square s0": made_sample("square", 1.0, ONE, 1.15),
        "few-strong square s1": made_sample("square", 1.0, NEITHER, 1.15),
        "half-dilution square s0": made_sample("square", 0.9, [], 1.15, coordination=3.5),
        "half-dilution square s1": made_sample("square", 0.9, [], 1.25, coordination_variance=0.4),
        "dilution simple-cubic s0": made_sample("simple-cubic", 0.7, TWO, 1.2),
        "dilution simple-cubic s1": made_sample("simple-cubic", 0.7, TWO, 1.2),
        "swept-0.3 square s0": made_sample("square", 1.0, [], 1.0),
        "swept-0.3 square s1": made_sample("square", 1.0, [], 1.0),
    }
    return measure.read_spreads(stack_parts(parts).assign_attrs(resolution=0.05))


def test_maxima_of_whole_spectra_are_counted_sample_by_sample(spreads):
    counts = {name: found.maxima.tolist() for name, found in spreads.items()}
    assert counts == {
        "dilution square": [2, 1],
        "few-strong square": [1, 1],
        "half-dilution square": [0, 0],
        "dilution simple-cubic": [2, 2],
        "swept-0.3 square": [0, 0],
    }


def test_spreads_have_the_means_of_their_samples(spreads):
    found = spreads["dilution square"]
    assert (found.variance, found.weak) == pytest.approx((0.26, 0.21))
    half = spreads["half-dilution square"]
    assert (half.coordination, half.coordination_variance) == pytest.approx((3.75, 0.2))
    np.testing.assert_array_equal(found.omega, series.whole_grid("square"))
    np.testing.assert_allclose(
        found.over_level, 1 + bump(found.omega, 1.9, 0.6) + bump(found.omega, 0.8, 0.4) / 2, rtol=1e-12
    )
    cubic = spreads["dilution simple-cubic"]
    np.testing.assert_array_equal(cubic.omega, series.whole_grid("simple-cubic"))
    np.testing.assert_allclose(cubic.over_level, 1 + bump(cubic.omega, 1.9, 0.6) + bump(cubic.omega, 0.8, 0.4))
    # every density of states is the softened crystal's times a number, which is the net excess
    for name, nets in (("dilution square", (1.3, 1.5)), ("dilution simple-cubic", (1.2, 1.2))):
        np.testing.assert_allclose(spreads[name].excess.values("net"), nets, rtol=2e-3)
        assert spreads[name].net == mean_interval(spreads[name].excess.values("net"))
    assert spreads["few-strong square"].excess.mean("stiffness") == 1


def test_distributions_of_one_variance_over_dilution(spreads):
    ratios = measure.same_variance(spreads, "square")
    assert set(ratios) == {"few-strong", "half-dilution"}
    # 0.15 over 0.3 and 0.5; 0.15 and 0.25 over them
    value, (low, high) = ratios["few-strong"]
    assert value == pytest.approx((0.5 + 0.3) / 2, rel=0.02) and low < 0.3 < 0.5 < high
    value, (low, high) = ratios["half-dilution"]
    assert value == pytest.approx(0.5, rel=0.02) and high - low < 0.05


def test_the_network_with_the_most_and_the_fewest_maxima(spreads):
    squares = [name for name in spreads if name.endswith(" square")]
    name, interval = measure.most_or_fewest(spreads, squares)
    assert name == "dilution square" and interval == mean_interval([2, 1]) and interval[0] == 1.5
    name, interval = measure.most_or_fewest(spreads, ["dilution square", "few-strong square"], min)
    assert name == "few-strong square" and interval == (1, (1, 1))
    assert measure.most_or_fewest(spreads, spreads)[0] == "dilution simple-cubic"
    assert measure.most_or_fewest(spreads, ["swept-0.3 square"])[1][0] == 0


def test_strength_has_no_missing_spring():
    for name in measure.STRENGTH:
        assert DISTRIBUTIONS[name].quadrature()[0].min() > 0
    missing = {name for name, springs in DISTRIBUTIONS.items() if springs.quadrature()[0].min() == 0}
    assert missing == {"dilution", "half-dilution", "p-0.7", "p-0.6"}


def test_the_table_of_distributions_is_what_was_measured(spreads):
    table = measure.spread_table(spreads)
    assert table["springs"].tolist() == ["dilution", "few strong", "dilution, p = 8/9", "dilution", "weak share 0.3"]
    assert table["lattice"].tolist()[:4] == ["square", "square", "square", "simple-cubic"]
    row = table.iloc[0].to_dict()
    assert (row["v"], row["near zero (%)"], row["z"], row["var z"], row["K"]) == (
        "0.26",
        "21.0",
        "4.00",
        "0.00",
        "0.800",
    )
    group = spreads["dilution square"].excess
    assert float(row["net excess (%)"]) == pytest.approx(40, abs=0.3)
    assert float(row["over own level (%)"]) == pytest.approx(100 * (group.mean("height") - 1), abs=0.06)
    assert row["maxima"] == "1.5" and table["maxima"].tolist()[:4] == ["1.5", "1", "0", "2"]
    # the crystal rises to its van Hove peak and has no maximum below it
    assert not group.values("interior").any() and row["place"] == "none"
    inside = Group([made(place=0.8), made(place=0.6)])
    found = measure.Spread(inside, 0.25, 0.0, 4.0, 0.0, np.array([1, 2]), np.ones(3), np.ones(3))
    table = measure.spread_table({"p-0.7 square": found, "gamma-1.5 square": found})
    assert table["place"].tolist() == ["0.35"] * 2
    assert table["springs"].tolist() == ["dilution, p = 0.7", "gamma 1.5"]


def test_zero_modes_over_maxwells_count():
    """The zero modes of each network by diagonalisation; Maxwell counts 1 - 2 p for a node."""
    share, seeds = 0.35, (0, 1, 2)
    zero = []
    for s in seeds:
        H = lattice_network("square", 16, bond_fraction=share, rng=s).dynamical_matrix().toarray()
        zero.append((np.linalg.eigvalsh(H) < 1e-9).sum())
    value, ends = measure.count_floppy(16, share, list(seeds))
    expected = mean_interval(np.array(zero) / 256 / 0.3)
    assert value == pytest.approx(expected[0]) and ends == pytest.approx(expected[1])
    pieces = [lattice_network("square", 40, bond_fraction=0.4, rng=s).components()[0] for s in seeds]
    ratio, (low, high) = measure.count_floppy(40, 0.4, list(seeds))
    assert ratio == pytest.approx(np.mean(pieces) / 1600 / 0.2) and low < ratio < high


def test_zero_modes_by_hand(monkeypatch):
    """Springs 0-1, 1-2 and a ring 3-4-7-6 on nine nodes: the pieces 0-1-2, 3-4-6-7, 5 and 8."""
    crystal = lattice_network("square", 3)
    kept = {frozenset(pair) for pair in ((0, 1), (1, 2), (3, 4), (4, 7), (7, 6), (6, 3))}
    inside = [frozenset(pair) in kept for pair in crystal.bonds.tolist()]
    assert sum(inside) == 6
    parts = crystal.positions, crystal.bonds[inside], crystal.stiffness[inside], crystal.box, crystal.vectors[inside]
    asked = []

    def made_lattice(*names, **options):
        asked.append((names, options))
        return type(crystal)(*parts)

    monkeypatch.setattr(measure, "lattice_network", made_lattice)
    # four zero modes of nine; Maxwell counts 9 - 6, for p = 1/3
    assert measure.count_floppy(3, 1 / 3, [4, 5]) == (pytest.approx(4 / 3), (pytest.approx(4 / 3),) * 2)
    assert asked == [(("square", 3), {"bond_fraction": 1 / 3, "rng": s}) for s in (4, 5)]


def test_an_exponent_in_words():
    assert measure.exponent_text((3.456, (3.1, 3.912))) == "3.46 [3.10, 3.91]"
    assert measure.exponent_text((None, None)) == "not measured"


def test_measurements_have_keys_of_their_own():
    keys = {known.key for known in archived.MEASUREMENTS}
    assert len(keys) == len(archived.MEASUREMENTS) == 6
    assert all(known.name.startswith("spring-network-") for known in archived.MEASUREMENTS)


@pytest.mark.parametrize("known", archived.MEASUREMENTS, ids=lambda known: known.name)
def test_measurements_take_the_parameters_that_they_are_archived_with(known):
    inspect.signature(known.compute).bind(**known.parameters, progress=False, folder=None)
    if "kind" in known.parameters:
        rest = {key: value for key, value in known.parameters.items() if key not in ("kind", "resolution")}
        inspect.signature(series.SAMPLES[known.parameters["kind"]]).bind(**rest)
