"""Whole spectra against their effective media: the engine alone, files, and deviations put there by hand."""

import numpy as np
import pytest

from bosonpeak.networks.lattices import lattice_network, vector_dynamical_matrix
from bosonpeak.papers.spring_network import comparison
from bosonpeak.papers.spring_network.cpa import solve_cpa
from bosonpeak.papers.spring_network.excess import softened_density
from bosonpeak.papers.spring_network.kernel import fine_grid, see_through_kernel
from bosonpeak.papers.spring_network.lattice_green import TOP
from bosonpeak.papers.spring_network.recipes import Recipe
from bosonpeak.papers.spring_network.sample_datasets import stack_parts
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


def test_comparisons_are_read_back(monkeypatch):
    name = "square, p = 0.9"
    monkeypatch.setattr(comparison, "CASES", {name: Recipe("square", 0, 0.9)})
    monkeypatch.setattr(comparison, "SERIES", {})
    data = comparison.measure_comparison(400, 400, 2, 0.05)
    medium = solve_cpa("square", fine_grid(2.9, 100), bond_fraction=0.9)
    (found,) = comparison.read_comparisons(data, {"square, p = 0.9": medium}).values()
    nets = [lattice_network("square", 20, bond_fraction=0.9, rng=s) for s in (0, 1)]
    seen = [comparison.network_spectrum(x, "square", resolution=0.05, rng=s) for s, x in enumerate(nets)]
    by_hand = comparison.compare_spectra(seen, medium)
    np.testing.assert_allclose(found.samples, by_hand.samples, rtol=1e-13)
    np.testing.assert_allclose(found.medium, by_hand.medium, rtol=1e-12)
    value, (low, high) = found.deviation_interval()
    assert low <= value <= high and value == pytest.approx(by_hand.deviation)
    read = comparison.read_deviations({name: found}, {name: medium})
    assert read.cases[name] == (value, (low, high)) and read.firm == [name] and read.median == pytest.approx(value)
    crystal = softened_density("square", found.omega, 0.9)
    assert read.from_crystal == pytest.approx(comparison.relative_difference(found.network, crystal))
    sharp = comparison.read_sharp(data, solve_cpa("square", fine_grid(2.9, 100), bond_fraction=0.6), 0.6)
    assert sharp.g.shape == comparison.SHARP.shape and sharp.weight[0] > 0


def test_deviations_are_ordered_and_divided():
    cases = {"a": (0.02, (0.01, 0.03)), "b": (0.06, (0.05, 0.08)), "c": (0.04, (0.04, 0.04))}
    found = comparison.Deviations(cases, ["b", "a"], 0.1)
    assert found.median == 0.04
    value, ends = found.times("b", "a")
    assert value == pytest.approx(3) and ends == pytest.approx((0.05 / 0.03, 8))


def test_a_deviation_at_the_chain_frequencies_only_has_the_largest_weight():
    medium = solve_cpa("square", fine_grid(2.9, 300), bond_fraction=0.8)
    omega = comparison.SHARP
    blank = Spectrum(omega, omega, omega, 0.015, 300, 1, 2.9)
    smooth = see_through_kernel(medium.omega, medium.g, blank)
    near = (abs(omega[:, None] - comparison.CHAINS) < 0.03).any(axis=1)
    for added, expected in ((near, 1 / near.mean()), (np.ones(len(near)), 1.0)):
        part = {"density": smooth + 0.1 * added, "shown": len(omega), "n_moments": 300, "omega_max": 2.9}
        found = comparison.read_sharp(stack_parts({"sharp 0.8 s0": part, "sharp 0.8 s1": part}), medium, 0.8)
        assert found.weight[0] == pytest.approx(expected)
        np.testing.assert_allclose(found.g, part["density"])


def test_one_sample_has_no_error():
    with pytest.raises(ValueError, match="two samples"):
        comparison.compare_spectra([None], None)
