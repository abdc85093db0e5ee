"""The excess against crystals, dense diagonalisation and the effective medium itself."""

import numpy as np
import pytest

from bosonpeak.networks.lattices import (
    LATTICES,
    SpringDistribution,
    contact_network,
    lattice_network,
    vector_dynamical_matrix,
)
from bosonpeak.papers.spring_network import network_peaks as peaks
from bosonpeak.papers.spring_network.cpa import solve_cpa
from bosonpeak.papers.spring_network.lattice_green import TOP, debye_level_of_lattice
from bosonpeak.vibrations.elasticity import scalar_debye_level, scalar_modulus
from bosonpeak.vibrations.peaks import boson_peak
from bosonpeak.vibrations.spectra import density_of_states, spectral_function

SEED = 20282


def test_the_kernel_of_a_run_is_what_the_run_makes_of_each_level():
    """Dense diagonalisation: the exact levels through the matrix are the KPM density without random numbers."""
    network = lattice_network("square", 9, bond_fraction=0.8, rng=SEED)
    D = network.dynamical_matrix()
    omega = np.linspace(0.1, 2.6, 60)
    v = np.random.default_rng(SEED).standard_normal(len(network))
    seen = spectral_function(D, v, omega, 40)
    value, vector = np.linalg.eigh(D.toarray())
    level, weight = np.sqrt(np.clip(value, 0, None)), (v @ vector) ** 2
    moving = level > 1e-6
    fine = peaks.fine_grid(seen.omega_max * (1 - 1e-9), 40000)
    step = fine[1] - fine[0]
    g = np.zeros(len(fine))
    np.add.at(g, (level[moving] / step).astype(int), weight[moving] / step)
    still = weight[~moving].sum()
    without = spectral_function(D, v, omega, 40, project_out=network.zero_modes())
    np.testing.assert_allclose(peaks.see_through_kernel(fine, g, without), without.g[:, 0], atol=2e-3 * seen.g.max())
    assert still > 0


def test_a_smooth_density_hardly_changes_and_keeps_its_norm():
    omega = peaks.fine_grid(2.9, 800)
    g = peaks.softened_density("square", omega, 1.0)
    out = peaks.fine_grid(2.89, 700)
    matrix = peaks.kernel_matrix(omega, out, 400, 2.9)
    assert (matrix @ g).sum() * (out[1] - out[0]) == pytest.approx(1, abs=2e-3)
    low = (out > 0.3) & (out < 1.5)
    np.testing.assert_allclose((matrix @ g)[low], peaks.softened_density("square", out, 1.0)[low], rtol=4e-3)
    assert (matrix >= -1e-9).all()


@pytest.mark.parametrize("lattice", ["square", "triangular", "simple-cubic", "fcc"])
def test_the_crystal_has_its_own_stiffness_level_and_no_excess(lattice):
    kind = LATTICES[lattice]
    network = lattice_network(lattice, {2: 8, 3: 4}[kind.dimension], springs=SpringDistribution(mean=1.7))
    assert peaks.measured_stiffness(network, lattice) == pytest.approx(1.7)
    level = peaks.debye_level_of_modulus(scalar_modulus(network), kind.number_density)
    assert level == pytest.approx(debye_level_of_lattice(lattice) * 1.7 ** (-kind.dimension / 2))
    # a crystal of the lattice's own density: every ratio is 1
    omega = np.sqrt(1.7 * peaks.FIRST_SINGULARITY[lattice]) * np.linspace(0.02, 0.05, 5)
    g = peaks.softened_density(lattice, omega, 1.7)
    np.testing.assert_allclose(g / omega ** (kind.dimension - 1) / level, 1, rtol=2e-3)


def test_the_level_in_the_plane_is_that_of_the_other_module():
    network = lattice_network("square", 12, bond_fraction=0.9, rng=SEED)
    modulus = scalar_modulus(network)
    assert peaks.debye_level_of_modulus(modulus, 1.0) == pytest.approx(scalar_debye_level(modulus))


@pytest.mark.parametrize("lattice", ["square", "triangular", "simple-cubic", "fcc"])
def test_the_first_singularity_is_where_the_density_has_its_first_spike(lattice):
    """The slope of g jumps or g diverges there, and is smooth below."""
    omega_v = np.sqrt(peaks.FIRST_SINGULARITY[lattice])
    kind = LATTICES[lattice]
    omega = omega_v * np.linspace(0.9, 1.1, 401)
    reduced = peaks.softened_density(lattice, omega, 1.0) / omega ** (kind.dimension - 1)
    bend = abs(np.diff(reduced, 2))
    assert omega[1:-1][np.argmax(bend)] == pytest.approx(omega_v, rel=2e-3)


@pytest.mark.parametrize("lattice, n", [("square", 90), ("simple-cubic", 22)])
def test_large_crystals_show_no_excess_and_dilution_that_of_the_medium(lattice, n):
    clean = peaks.measure_excess(lattice_network(lattice, n), lattice, rng=SEED, resolution=0.08, n_vectors=32)
    middle = (clean.omega > 0.4 * clean.omega_v) & (clean.omega < 0.8 * clean.omega_v)
    np.testing.assert_allclose(clean.ratio[middle].mean(), 1, atol=0.02)
    assert clean.rigid and clean.stiffness == pytest.approx(1)
    p = 0.85
    diluted = [
        peaks.measure_excess(lattice_network(lattice, n, bond_fraction=p, rng=s), lattice, rng=s) for s in range(2)
    ]
    medium = peaks.medium_excess(solve_cpa(lattice, peaks.fine_grid(3.6, 200), bond_fraction=p))
    assert np.mean([e.stiffness for e in diluted]) == pytest.approx(medium.stiffness, rel=0.02)
    assert np.mean([e.net for e in diluted]) == pytest.approx(medium.net, rel=0.06)
    assert medium.net > 1.1 and medium.level == pytest.approx(debye_level_of_lattice(lattice) * medium.stiffness ** -(
        LATTICES[lattice].dimension / 2))  # fmt: skip


def test_a_ratio_that_only_rises_is_no_hump():
    omega_v = np.sqrt(peaks.FIRST_SINGULARITY["square"])
    box = solve_cpa("square", peaks.fine_grid(2.9, 200), SpringDistribution("box", 1.0, 0.126))
    gamma = solve_cpa("square", peaks.fine_grid(1.5 * omega_v, 200), SpringDistribution("gamma", 1.0, 1.5))
    weak, strong = peaks.medium_excess(box), peaks.medium_excess(gamma)
    assert not weak.net_interior and weak.net == weak.ratio[weak.omega <= 0.6 * weak.omega_v + 1e-9][-1]
    assert strong.net_interior and strong.net > strong.ratio[strong.omega <= 0.6 * strong.omega_v][-1]


def test_the_medium_of_a_crystal_has_no_excess():
    medium = peaks.medium_excess(solve_cpa("square", peaks.fine_grid(2.9, 900)))
    # beside the singularity the grid of 900 shows
    inside = medium.omega < 0.8 * medium.omega_v
    np.testing.assert_allclose(medium.ratio[inside], 1, atol=2e-3)
    assert medium.net == pytest.approx(1, abs=2e-3) and not medium.interior


def test_below_rigidity_the_result_says_so():
    network = lattice_network("square", 30, bond_fraction=0.35, rng=SEED)
    found = peaks.measure_excess(network, "square")
    assert not found.rigid and found.stiffness == 0 and np.isinf(found.level) and np.isnan(found.net)
    assert len(found.omega) == len(found.ratio) == 0
    assert not peaks.medium_excess(solve_cpa("square", peaks.fine_grid(2.9, 60), bond_fraction=0.4)).rigid
    # a network that holds in one direction only has no level either
    rows = lattice_network("square", 8)
    along = abs(rows.vectors[:, 0]) > 0.5
    comb = contact_network(rows.positions, rows.box, 1.1)
    assert peaks.measured_stiffness(comb, "square") == pytest.approx(1)
    from bosonpeak.networks import SpringNetwork

    comb = SpringNetwork(rows.positions, rows.bonds[along], rows.stiffness[along], rows.box, rows.vectors[along])
    assert peaks.measured_stiffness(comb, "square") == 0


@pytest.mark.parametrize("vector, lattice, n, p", [(False, "square", 60, 0.9), (True, "triangular", 40, 0.9)])
def test_comparison_with_the_medium(vector, lattice, n, p):
    top = 1.02 * np.sqrt(TOP[lattice, vector])
    medium = solve_cpa(lattice, peaks.fine_grid(top, 200), bond_fraction=p, vector=vector)
    nets = [lattice_network(lattice, n, bond_fraction=p, rng=s) for s in range(3)]
    seen = [peaks.network_spectrum(x, lattice, vector=vector, resolution=0.03, rng=s) for s, x in enumerate(nets)]
    found = peaks.compare_spectra(seen, medium)
    assert found.deviation < 0.06 and 0 < found.noise < 0.05
    assert found.samples.shape == (3, len(found.omega))
    np.testing.assert_allclose(found.samples.mean(axis=0), found.network)
    # one sample by the engine alone
    D = vector_dynamical_matrix(nets[0]) if vector else nets[0].dynamical_matrix()
    part = found.omega < 0.95 * np.sqrt(TOP[lattice, vector])
    alone = density_of_states(D, found.omega[part], resolution=0.03 * np.sqrt(TOP[lattice, vector]), rng=9).g
    assert peaks.relative_difference(alone, found.network[part]) < 0.1
    wrong = peaks.softened_density(lattice, found.omega, p, vector)
    assert peaks.relative_difference(found.network, wrong) > 2 * found.deviation


def test_the_top_of_a_parabola_is_exact():
    x = np.linspace(0, 1, 23)
    top = boson_peak(x, 2 - 3 * (x - 0.43) ** 2, 1, 0.2, 0.9)
    assert (top.omega, top.intensity, top.interior) == (pytest.approx(0.43), pytest.approx(2), True)
    assert boson_peak(x, x, 1, 0.2, 0.9).interior is False


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: peaks.kernel_matrix([0.1, 0.2], [0.1], 10, 0.2), "between 0 and"),
        (lambda: peaks.kernel_matrix([0.0, 0.1], [0.1], 10, 0.2), "between 0 and"),
        (lambda: boson_peak(np.arange(1, 6.0), np.arange(5.0), 1, 1.2, 1.8), "fewer than three"),
        (lambda: peaks.debye_level_of_modulus(np.diag([1.0, 0.0]), 1.0), "no Debye level"),
        (lambda: peaks.measure_excess(lattice_network("square", 4), "kagome"), "unknown lattice"),
        (lambda: peaks.compare_spectra([None], None), "two samples"),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
