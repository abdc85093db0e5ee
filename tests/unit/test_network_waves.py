"""Lines of the spectral function: crystals, sum rules, a synthetic line, and weak scattering where theory is exact."""

from dataclasses import replace

import numpy as np
import pytest

from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network
from bosonpeak.papers.spring_network import network_waves as waves
from bosonpeak.papers.spring_network.cpa import expand_second_order, solve_cpa
from bosonpeak.papers.spring_network.kernel import fine_grid, kernel_matrix
from bosonpeak.vibrations.spectra import Spectrum

SEED = 20283


def box_vectors(network, q_max):
    """Wave vectors (Q, d) of the periodic box along its first axis, shortest first."""
    q = np.arange(1, int(q_max * network.box[0] / (2 * np.pi)) + 1) * 2 * np.pi / network.box[0]
    return np.outer(q, np.eye(len(network.box))[0])


@pytest.mark.parametrize("lattice, n", [("square", 24), ("simple-cubic", 8), ("triangular", 12)])
def test_waves_of_a_crystal_are_its_modes(lattice, n):
    network = lattice_network(lattice, n)
    q = box_vectors(network, 2.0)
    omega = np.linspace(0.05, 2.7, 600)
    seen = waves.wave_spectrum(network, q, omega, 0.03)
    expected = np.sqrt(LATTICES[lattice].matrix(q))
    lines = waves.fit_lines(seen)
    np.testing.assert_allclose(lines.frequency, expected, atol=2e-3)
    # all of the width is the kernel's
    assert (lines.width < 0.3 * seen.resolution).all()
    np.testing.assert_allclose(lines.weight, 1, atol=0.06)


def test_the_spectral_function_has_its_sum_rules():
    """int A = 1 less the zero modes, int omega^2 A = <q|H|q> = mean stiffness times the lattice's D(q)."""
    network = lattice_network("square", 20, bond_fraction=0.85, rng=SEED)
    q = box_vectors(network, 1.5)
    omega = fine_grid(2.7, 1500)
    seen = waves.wave_spectrum(network, q, omega, 0.03)
    step = omega[1] - omega[0]
    bond = network.vectors @ q.T
    exact = 2 * (1 - np.cos(bond)).sum(axis=0) / len(network)
    # the kernel adds its own variance
    second = (seen.g * omega[:, None] ** 2).sum(axis=0) * step - seen.resolution**2
    np.testing.assert_allclose(second, exact, rtol=6e-3)
    np.testing.assert_allclose(seen.g.sum(axis=0) * step, 1, atol=6e-3)


def test_a_known_line_is_found_through_the_kernel():
    omega, top, count = np.linspace(0.1, 2.0, 500), 2.9, 150
    fine = fine_grid(top * (1 - 1e-9), 4000)
    matrix = kernel_matrix(fine, omega, count, top)
    g = np.stack([0.8 * matrix @ waves.damped_oscillator(fine, *pair) for pair in ((0.6, 0.05), (1.1, 0.4))], axis=1)
    seen = Spectrum(omega, g, 0 * g, np.pi * top / 2 / count, count, 1, top)
    # the first line is narrower than the kernel
    assert seen.resolution * 2.35 > 0.05
    lines = waves.fit_lines(seen)
    np.testing.assert_allclose(lines.frequency, [0.6, 1.1], rtol=1e-3)
    np.testing.assert_allclose(lines.width, [0.05, 0.4], rtol=0.02)
    np.testing.assert_allclose(lines.weight, 0.8, rtol=0.01)
    assert waves.damped_oscillator(fine_grid(60, 200000), 1.0, 0.3).sum() * 60 / 200000 == pytest.approx(1, abs=4e-3)


def test_the_mediums_lines_are_those_on_its_shell():
    p, q = 0.9, np.array([[0.5, 0.0], [0.8, 0.0]])
    medium = solve_cpa("square", fine_grid(2.9, 2000), bond_fraction=p)
    curves = waves.medium_spectrum(medium, q)
    step = medium.omega[1] - medium.omega[0]
    np.testing.assert_allclose(curves.sum(axis=0) * step, 1, atol=2e-3)
    omega = np.arange(0.1, 2.0, 0.004)
    blank = Spectrum(omega, omega, omega, 0.01, 460, 1, 2.9)
    level = LATTICES["square"].matrix(q)
    lines = waves.fit_lines(waves.medium_run(medium, q, blank))
    i = abs(medium.omega[:, None] ** 2 - medium.stiffness.real[:, None] * level).argmin(axis=0)
    np.testing.assert_allclose(lines.frequency, medium.omega[i], rtol=5e-3)
    np.testing.assert_allclose(lines.width, -medium.stiffness[i].imag * level / medium.omega[i], rtol=0.06)


def test_few_missing_springs_scatter_as_the_medium_says():
    """Exact to first order in 1 - p."""
    p, n = 0.97, 140
    nets = [lattice_network("square", n, bond_fraction=p, rng=SEED + s) for s in range(2)]
    q = box_vectors(nets[0], 1.5)[[19, 25, 31]]
    omega = np.arange(0.3, 2.2, 0.004)
    seen = [waves.wave_spectrum(x, q, omega, 0.012) for x in nets]
    width = np.mean([waves.fit_lines(s).width for s in seen], axis=0)
    medium = solve_cpa("square", fine_grid(2.9, 2500), bond_fraction=p)
    theory = waves.fit_lines(waves.medium_run(medium, q, seen[0])).width
    np.testing.assert_allclose(width, theory, rtol=0.25)
    assert np.exp(np.mean(np.log(width / theory))) == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize("lattice, vector", [("square", False), ("simple-cubic", False), ("triangular", True)])
def test_second_order_is_the_limit_of_weak_disorder(lattice, vector):
    """What is left out is of the order of the variance squared; a box has no third moment."""
    omega, rest = np.array([0.4, 0.9, 1.4]), []
    for v in (2e-3, 1e-3):
        kinds = SpringDistribution("box", 1.3, v)
        full = solve_cpa(lattice, omega, kinds, vector=vector, tolerance=1e-11).stiffness
        second = expand_second_order(lattice, omega, kinds, vector=vector)
        assert (second.imag < 0).all() and abs(second - 1.3).max() < 3 * v
        rest.append(abs(full - second))
    np.testing.assert_allclose(rest[0] / rest[1], 4, rtol=0.06)
    # where a fifth of the springs is missing it is no longer that
    assert abs(expand_second_order("square", omega, bond_fraction=0.8) - 0.8).min() > 0.01
    with pytest.raises(ValueError, match="do not hold up"):
        expand_second_order("square", omega, vector=True)


def made_lines(frequency, width):
    return waves.Lines(np.array(frequency), np.array(width), np.ones(len(frequency)))


def test_the_crossover_is_where_the_damping_passes_one():
    lines = made_lines([0.2, 0.5, 0.8], [0.01, 0.1, 0.4])
    np.testing.assert_allclose(lines.damping, np.pi * np.array([0.05, 0.2, 0.5]))
    assert lines.ioffe_regel == pytest.approx(np.interp(1, lines.damping, lines.frequency))
    assert np.isnan(made_lines([0.2, 0.5], [0.01, 0.1]).ioffe_regel)
    assert made_lines([0.8], [0.4]).ioffe_regel == 0.8


def test_waves_compare_widths_below_the_crossover():
    frequency, blank = np.array([0.2, 0.4, 0.8]), np.zeros((2, 3))
    medium, second = (made_lines(frequency, share * frequency) for share in (0.1, 0.05))
    rising = made_lines(frequency, [0.04, 0.12, 0.4])
    found = waves.Waves(np.arange(3.0), [rising, rising], medium, second, blank, blank)
    crossing = np.interp(1, rising.damping, frequency)
    assert found.crossing == pytest.approx(crossing) and len(found.reached) == 2
    assert found.crossing_over(2.0) == (pytest.approx(crossing / 2), (pytest.approx(crossing / 2),) * 2)
    attenuation = found.attenuation()
    value, (low, high) = attenuation.networks
    # two lines lie below the crossover; their widths are two and three times those of the medium
    assert value == pytest.approx(np.sqrt(6)) and low == pytest.approx(value) and high == pytest.approx(value)
    assert attenuation.second == pytest.approx(0.5) and attenuation.longest == pytest.approx(2)
    assert found.dispersion_error == 0
    none = replace(found, networks=[medium, replace(medium, frequency=1.1 * frequency)])
    assert none.crossing is None and none.crossing_over(2.0) == (None, None)
    assert none.attenuation().networks[0] == pytest.approx(1) and none.dispersion_error == pytest.approx(0.05)


def test_waves_are_read_at_the_wave_vectors_of_the_box():
    data = waves.measure_waves(40, 2, 0.03)
    assert data.density.shape[0] == 4 and data.density.shape[2] == data.q.size
    turns = data.q.values * 40 / (2 * np.pi)
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
    assert len(waves.wave_vectors(400)) == 13 and waves.wave_vectors(400)[:, 0].max() < 1.9
    media = dict.fromkeys(("wave 0.7", "drawn 0.7"), solve_cpa("square", fine_grid(2.88, 300), bond_fraction=0.7))
    found = waves.read_waves(data, media, 0.7)
    assert found.values("frequency").shape == (2, data.q.size) and (np.diff(found.values("frequency")[0]) > 0).all()
    assert found.mean.shape == found.drawn.shape == (len(waves.WAVE_GRID), data.q.size)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (
            lambda: waves.wave_spectrum(lattice_network("square", 5), [[0.3, 0]], np.linspace(0.1, 1, 9), 0.1),
            "does not fit the periodic box",
        ),
        (
            lambda: waves.fit_lines(
                waves.wave_spectrum(
                    lattice_network("square", 12), [[2 * np.pi / 12, 0]], np.linspace(0.1, 2.0, 12), 0.02
                )
            ),
            "spans fewer than five points",
        ),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
