"""Lines of the spectral function: crystals, sum rules, a synthetic line, and weak scattering where theory is exact."""

import numpy as np
import pytest

from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network
from bosonpeak.papers.spring_network import network_waves as waves
from bosonpeak.papers.spring_network.cpa import expand_second_order, solve_cpa
from bosonpeak.papers.spring_network.network_peaks import fine_grid, kernel_matrix
from bosonpeak.vibrations.spectra import Spectrum

SEED = 20283


@pytest.mark.parametrize("lattice, n", [("square", 24), ("simple-cubic", 8), ("triangular", 12)])
def test_waves_of_a_crystal_are_its_modes(lattice, n):
    network = lattice_network(lattice, n)
    q = waves.box_vectors_along(network, 0, 2.0)
    np.testing.assert_allclose(q[:, 0], 2 * np.pi * np.arange(1, len(q) + 1) / network.box[0])
    omega = np.linspace(0.05, 2.7, 600)
    seen = waves.wave_spectrum(network, q, omega, 0.03)
    expected = np.sqrt(LATTICES[lattice].matrix(q))
    for line, exact in zip(waves.fit_lines(seen), expected, strict=True):
        assert line.frequency == pytest.approx(exact, abs=2e-3)
        # all of the width is the kernel's
        assert line.width < 0.3 * seen.resolution and line.weight == pytest.approx(1, abs=0.06)


def test_the_spectral_function_has_its_sum_rules():
    """int A = 1 less the zero modes, int omega^2 A = <q|H|q> = mean stiffness times the lattice's D(q)."""
    network = lattice_network("square", 20, bond_fraction=0.85, rng=SEED)
    q = waves.box_vectors_along(network, 1, 1.5)
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
    for line, (frequency, width) in zip(waves.fit_lines(seen), ((0.6, 0.05), (1.1, 0.4)), strict=True):
        assert line.frequency == pytest.approx(frequency, rel=1e-3)
        assert line.width == pytest.approx(width, rel=0.02)
        assert line.weight == pytest.approx(0.8, rel=0.01) and line.misfit < 1e-3
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
    for line, D in zip(waves.fit_lines(waves.medium_run(medium, q, blank)), level, strict=True):
        i = np.argmin(abs(medium.omega**2 - medium.stiffness.real * D))
        assert line.frequency == pytest.approx(medium.omega[i], rel=5e-3)
        assert line.width == pytest.approx(-medium.stiffness[i].imag * D / medium.omega[i], rel=0.06)


def test_few_missing_springs_scatter_as_the_medium_says():
    """Exact to first order in 1 - p."""
    p, n = 0.97, 140
    nets = [lattice_network("square", n, bond_fraction=p, rng=SEED + s) for s in range(2)]
    q = waves.box_vectors_along(nets[0], 0, 1.5)[[19, 25, 31]]
    omega = np.arange(0.3, 2.2, 0.004)
    seen = [waves.wave_spectrum(x, q, omega, 0.012) for x in nets]
    width = np.mean([[line.width for line in waves.fit_lines(s)] for s in seen], axis=0)
    medium = solve_cpa("square", fine_grid(2.9, 2500), bond_fraction=p)
    theory = [line.width for line in waves.fit_lines(waves.medium_run(medium, q, seen[0]))]
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


def test_the_crossover_is_where_the_strength_passes_one():
    lines = [waves.Line(o, w, 1, 0) for o, w in ((0.2, 0.01), (0.5, 0.1), (0.8, 0.4))]
    strength = np.pi * np.array([0.1 / 0.5, 0.4 / 0.8])
    assert waves.ioffe_regel(lines) == pytest.approx(np.interp(1, strength, [0.5, 0.8]))
    assert np.isnan(waves.ioffe_regel(lines[:2])) and waves.ioffe_regel(lines[2:]) == 0.8


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: waves.box_vectors_along(lattice_network("square", 5), 0, 0.5), "holds no wave vector"),
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
