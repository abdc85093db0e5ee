"""Whole spectra against their effective media: the engine alone, files, and deviations put there by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bosonpeak.networks.lattices import lattice_network, vector_dynamical_matrix
from bosonpeak.papers.spring_network import comparison
from bosonpeak.papers.spring_network.cpa import solve_cpa
from bosonpeak.papers.spring_network.excess import softened_density
from bosonpeak.papers.spring_network.kernel import fine_grid, see_through_kernel
from bosonpeak.papers.spring_network.lattice_green import TOP
from bosonpeak.papers.spring_network.recipes import Recipe
from bosonpeak.statistics import mean_interval
from bosonpeak.vibrations.spectra import Spectrum, density_of_states


@pytest.mark.parametrize("vector, lattice, n, p", [(False, "square", 60, 0.9), (True, "triangular", 40, 0.9)])
def test_comparison_with_the_medium(vector, lattice, n, p):
    top = 1.02 * np.sqrt(TOP[lattice, vector])
    medium = solve_cpa(lattice, fine_grid(top, 200), bond_fraction=p, vector=vector)
    nets = [lattice_network(lattice, n, bond_fraction=p, rng=s) for s in range(3)]
    seen = [comparison.network_spectrum(x, lattice, vector=vector, resolution=0.03, rng=s) for s, x in enumerate(nets)]
    found = comparison.compare_spectra(seen, medium)
    assert found.deviation < 0.06 and 0 < found.noise < 0.05
    assert found.samples.shape == (3, len(found.omega))
    error = found.samples.std(axis=0, ddof=1) / np.sqrt(3)
    assert found.noise == pytest.approx(np.sqrt(np.mean(error**2) / np.mean(found.medium**2)))
    # one sample by the engine alone
    D = vector_dynamical_matrix(nets[0]) if vector else nets[0].dynamical_matrix()
    part = found.omega < 0.95 * np.sqrt(TOP[lattice, vector])
    alone = density_of_states(D, found.omega[part], resolution=0.03 * np.sqrt(TOP[lattice, vector]), rng=9).g
    assert comparison.relative_difference(alone, found.network[part]) < 0.1
    wrong = softened_density(lattice, found.omega, p, vector)
    assert comparison.relative_difference(found.network, wrong) > 2 * found.deviation


def made(omega, medium, *shares):
    """Comparison of samples whose g is that of the medium times 1 + share."""
    return comparison.Comparison(omega, np.outer(1 + np.array(shares), medium), medium)


def test_comparisons_are_read_back(monkeypatch, tmp_path):
    name = "square, p = 0.9"
    monkeypatch.setattr(comparison, "CASES", {name: Recipe("square", 0, 0.9)})
    data = comparison.measure_comparison(400, 2, 0.05, folder=tmp_path)
    assert data["sample"].values.tolist() == [f"{name} s0", f"{name} s1"]
    medium = solve_cpa("square", fine_grid(2.9, 100), bond_fraction=0.9)
    (found,) = comparison.read_comparisons(data, {name: medium}).values()
    nets = [lattice_network("square", 20, bond_fraction=0.9, rng=s) for s in (0, 1)]
    seen = [comparison.network_spectrum(x, "square", resolution=0.05, rng=s) for s, x in enumerate(nets)]
    by_hand = comparison.compare_spectra(seen, medium)
    np.testing.assert_allclose(found.samples, by_hand.samples, rtol=1e-13)
    np.testing.assert_allclose(found.medium, by_hand.medium, rtol=1e-12)
    value, (low, high) = found.deviation_interval()
    assert low <= value <= high and value == pytest.approx(by_hand.deviation)
    read = comparison.read_deviations({name: found}, {name: medium})
    assert read.cases[name] == (value, (low, high)) and read.firm == [name]
    crystal = softened_density("square", found.omega, 0.9)
    assert read.from_crystal == pytest.approx(comparison.relative_difference(found.network, crystal))
    # what is kept is not measured again
    monkeypatch.setattr(comparison, "network_spectrum", None)
    assert comparison.measure_comparison(400, 2, 0.05, folder=tmp_path).identical(data)


def test_deviations_are_divided():
    cases = {"a": (0.02, (0.01, 0.03)), "b": (0.06, (0.05, 0.08)), "c": (0.04, (0.04, 0.04))}
    found = comparison.Deviations(cases, ["b", "a"], 0.1)
    value, ends = found.times("b", "a")
    assert value == pytest.approx(3) and ends == pytest.approx((0.05 / 0.03, 8))
    assert found.times("c", "c") == (1, (1, 1))


def test_deviations_are_ordered_and_only_firm_media_count(monkeypatch):
    """Three cases with known deviations, of which the medium of the largest has lost its stiffness."""
    monkeypatch.setattr(comparison, "CASES", {kind: Recipe("square", 0, 0.8) for kind in "abc"})
    omega = comparison.comparison_grid("square", points=60)
    crystal = softened_density("square", omega, 0.8)
    shares = {"a": (0.01, 0.03), "b": (0.05, 0.05), "c": (0.3, 0.3)}
    compared = {kind: made(omega, crystal, *each) for kind, each in shares.items()}
    media = {kind: SimpleNamespace(static_stiffness=K) for kind, K in (("a", 0.6), ("b", 0.5), ("c", 0.2))}
    read = comparison.read_deviations(compared, media)
    assert {kind: pytest.approx(value[0]) for kind, value in read.cases.items()} == {"a": 0.02, "b": 0.05, "c": 0.3}
    assert read.firm == ["b", "a"]
    # the crystal of the mean spring is the medium here, so that a is the nearest to it
    assert read.from_crystal == pytest.approx(0.02)
    assert comparison.deviation_from_crystal(compared["c"], "c") == pytest.approx(0.3)


def test_the_interval_of_a_deviation_is_that_of_its_samples():
    """Samples off by a known share each: the jackknife gives back these shares, and Student's t their interval."""
    omega, shares = np.linspace(0.1, 2, 50), np.array([0.02, 0.05, 0.08, 0.03])
    found = made(omega, omega**2, *shares)
    value, (low, high) = found.deviation_interval()
    expected, ends = mean_interval(shares)
    assert value == pytest.approx(expected) == pytest.approx(found.deviation)
    assert (low, high) == (pytest.approx(ends[0]), pytest.approx(ends[1]))
    assert found.noise == pytest.approx(shares.std(ddof=1) / 2)


def test_a_deviation_at_some_frequencies_only_is_seen_through_the_kernel():
    """A tenth of the largest g is added where the mask is true: the deviation is the norm of just that."""
    medium = solve_cpa("square", fine_grid(2.9, 300), bond_fraction=0.8)
    omega = comparison.comparison_grid("square")
    blank = Spectrum(omega, omega, omega, 0.015, 300, 1, 2.9)
    smooth = see_through_kernel(medium.omega, medium.g, blank)
    near = abs(omega - 1.0) < 0.1
    for added in (near, np.ones(len(near))):
        seen = replace(blank, g=smooth + 0.1 * smooth.max() * added)
        found = comparison.compare_spectra([seen, seen], medium)
        expected = 0.1 * smooth.max() * np.sqrt(np.sum(added)) / np.linalg.norm(smooth)
        assert found.deviation == pytest.approx(expected) and found.noise == pytest.approx(0, abs=1e-12)
        np.testing.assert_allclose(found.medium, smooth)
    # a sample that ends early has nothing above its end, and neither has its medium
    short = replace(blank, omega=omega[:150], g=smooth[:150])
    found = comparison.compare_spectra([short, short], medium)
    assert not found.samples[:, 150:].any() and not found.medium[150:].any() and found.deviation < 1e-9


def test_the_cases_that_are_drawn_are_measured():
    assert set(comparison.SHOWN) < set(comparison.CASES) and len(comparison.SHOWN) == 4


def test_the_table_of_deviations_is_in_per_cent():
    omega = np.linspace(0.1, 2, 50)
    compared = {"first": made(omega, omega, 0.01, 0.03), "second": made(omega, omega, 0.1, 0.1)}
    media = {"first": SimpleNamespace(static_stiffness=0.61234), "second": SimpleNamespace(static_stiffness=0.2)}
    table = comparison.deviation_table(compared, media)
    assert table["network"].tolist() == ["first", "second"] and table["K of the medium"].tolist() == [0.612, 0.2]
    assert table["deviation (%)"].tolist() == [2.0, 10.0]
    # the standard error of 1 and 3 per cent
    assert table["noise (%)"].tolist() == [1.0, 0.0]


def test_one_sample_has_no_error():
    with pytest.raises(ValueError, match="two samples"):
        comparison.compare_spectra([None], None)
