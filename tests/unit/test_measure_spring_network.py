"""What is read off the series of the spring network, on groups that were made with a known answer."""

import numpy as np
import pytest
import xarray as xr

from bosonpeak.papers.spring_network import archived, measure, series
from bosonpeak.papers.spring_network.cpa import solve_cpa
from bosonpeak.papers.spring_network.excess import Excess, Group, medium_excess
from bosonpeak.papers.spring_network.kernel import fine_grid


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


def test_static_stiffness_in_the_order_of_the_shares():
    groups = {f"static fcc {p:g}": Group([made(stiffness=p), made(stiffness=p + 0.2)]) for p in series.STATIC["fcc"]}
    mean, deviation = measure.read_static(groups, "fcc")
    np.testing.assert_allclose(mean, np.array(series.STATIC["fcc"]) + 0.1)
    np.testing.assert_allclose(deviation, 0.2 / np.sqrt(2))


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
        "random simple-cubic": of_nets(1.5, 1.5),
        "diluted 0.8": of_nets(1.4),
        "path 0": of_nets(1.0),
    }
    variance = {"even triangular s0": 0.02, "even simple-cubic s1": 0.04, "random triangular s0": 1.3}
    found = measure.read_knobs(of_samples(coordination_variance=variance), excess)
    assert set(found.groups) == (set(excess) | {"random square"}) - {"diluted 0.8", "path 0"}
    assert found.uneven == 0.04 and found.net("random square")[0] == 1.4
    assert found.net("even simple-cubic")[0] == pytest.approx(1.25)
    assert found.extreme("random", series.THIRD) == "random simple-cubic"
    assert found.extreme("random", series.THIRD, min) == "random triangular"
    (ratio, _), again = found.random_over_even()
    # a fifth over a twentieth and over a tenth
    assert ratio == pytest.approx(3) and again == pytest.approx(1)
    assert found.even_share("simple-cubic") == pytest.approx(0.5)


def test_other_seeds_are_the_next_ones():
    groups = {"even triangular": of_nets(1.1, 1.1), "random triangular": of_nets(1.1, 1.2)}
    assert measure.Knobs(groups, 0.0).random_over_even()[1] == pytest.approx((2 + 0.5) / 2)


def test_weak_springs_over_missing_ones():
    excess = {f"path {k:g}": of_nets(1 + 0.4 * (1 - k), 1 + 0.2 * (1 - k)) for k in series.WEAK}
    found = measure.read_weak_springs(excess)
    assert set(found.net) == set(found.share) == set(series.WEAK)
    assert found.net[0.0][0] == pytest.approx(1.3)
    for k, (value, (low, high)) in found.share.items():
        assert value == pytest.approx(1 - k) and low == pytest.approx(value) and high == pytest.approx(value)


def test_balanced_springs_over_the_same_at_random_places():
    excess = {f"balanced square {turn}": of_nets(net, net) for turn, net in enumerate((1.2, 1.4, 1.6))}
    names = [f"balanced {name} s0" for name in ("square 0", "square 1", "simple-cubic 0")]
    data = of_samples(stiffness_variance=dict(zip([*names, "balanced square 0 s1"], (0.6, 9.0, 9.0, 0.8), strict=True)))
    found = measure.read_balance(data, excess, "square")
    assert found.kept[0] == pytest.approx(0.5) and found.again == pytest.approx(1.5)
    assert found.variance == pytest.approx(0.7)


def test_displaced_springs_have_more_even_sums_than_permuted_ones():
    assert 0.1 < measure.sum_ratio(40) < 0.9


def test_discs_of_one_lattice():
    excess = {"disc square 4 0.5": of_nets(1.2, 1.4), "disc fcc 4 0": of_nets(1), "grid square 4 0 1": of_nets(1)}
    assert measure.read_discs(excess, "square") == {(4.0, 0.5): pytest.approx(1.3)}


def test_the_explorer_shows_the_first_sample_with_its_medium():
    medium = solve_cpa("square", fine_grid(2.9, 60), None, 0.8)
    excess = {"share 0.8 square": of_nets(1.2, 1.3), "share 0.8 fcc": of_nets(1.1)}
    titles = {0.8: {"square": "z = 3.2", "fcc": "z = 9.6"}}
    pairs = measure.explorer_pairs(excess, {"share 0.8 square": medium}, 0.05, "share {:g}", titles)
    (first, shown, theory), (second, _, none) = pairs[0.8]
    assert (first, second) == ("square, z = 3.2", "fcc, z = 9.6") and shown.net == 1.2 and none is None
    assert theory.net == medium_excess(medium, 0.05).net


def test_measurements_have_keys_of_their_own():
    keys = {known.key for known in archived.MEASUREMENTS}
    assert len(keys) == len(archived.MEASUREMENTS) == 7
    assert all(known.name.startswith("spring-network-") for known in archived.MEASUREMENTS)
