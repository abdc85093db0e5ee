"""Lines and exponents: crystals, sum rules, exact oscillators, exact power laws, the medium's own loss, dense matrices,
and weak scattering where theory is exact."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.stats import t as student

from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network
from bosonpeak.papers.spring_network import network_waves as waves
from bosonpeak.papers.spring_network.cpa import expand_second_order, solve_cpa
from bosonpeak.papers.spring_network.kernel import fine_grid, kernel_matrix, see_through_kernel
from bosonpeak.papers.spring_network.sample_datasets import stack_parts
from bosonpeak.vibrations.chebyshev import jackson_kernel
from bosonpeak.vibrations.spectra import Spectrum

SEED = 20283


def box_vectors(network, q_max):
    """Wave vectors (Q, d) of the periodic box along its first axis, shortest first."""
    q = np.arange(1, int(q_max * network.box[0] / (2 * np.pi)) + 1) * 2 * np.pi / network.box[0]
    return np.outer(q, np.eye(len(network.box))[0])


def along(*q):
    """Wave vectors (Q, 2) along the first axis."""
    return np.outer(q, [1.0, 0.0])


def oscillators(frequency, width, n_moments=500, top=2.9) -> Spectrum:
    """Damped oscillators as a run with this many moments shows them."""
    omega, fine = np.arange(0.05, 2.5, 0.002), fine_grid(0.999 * top, 8000)
    g = np.stack([waves.damped_oscillator(fine, *pair) for pair in zip(frequency, width, strict=True)], axis=1)
    blank = Spectrum(omega, omega, omega, np.pi * top / 2 / n_moments, n_moments, 1, top)
    return replace(blank, g=see_through_kernel(fine, g, blank), stderr=0 * omega)


def medium_through(medium, q, seen: Spectrum) -> Spectrum:
    """Spectral function of a medium as the run `seen` would have shown it."""
    return replace(seen, g=see_through_kernel(medium.omega, waves.medium_spectrum(medium, q), seen))


@pytest.mark.parametrize("lattice, n", [("square", 24), ("simple-cubic", 8), ("triangular", 12)])
def test_waves_of_a_crystal_are_its_modes(lattice, n):
    network = lattice_network(lattice, n)
    q = box_vectors(network, 2.0)
    omega = np.linspace(0.05, 2.7, 600)
    seen = waves.wave_spectrum(network, q, omega, 0.03)
    expected = np.sqrt(LATTICES[lattice].matrix(q))
    lines = waves.fit_lines(q, seen)
    np.testing.assert_array_equal(lines["q"], q[:, 0])
    np.testing.assert_allclose(lines["frequency"], expected, atol=2e-3)
    # all of the width is the kernel's: the fit asks for the narrowest line that it knows, half a standard deviation
    np.testing.assert_allclose(lines["width"], 0.5 * seen.resolution, rtol=1e-3)
    assert (lines["width"] < 0.35 * lines["kernel"]).all()
    np.testing.assert_allclose(seen.g.sum(axis=0) * (omega[1] - omega[0]), 1, atol=1e-3)


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


def test_a_known_line_is_found_through_the_kernel_whatever_its_weight():
    omega, top, count = np.linspace(0.1, 2.0, 500), 2.9, 150
    fine = fine_grid(top * (1 - 1e-9), 4000)
    matrix = kernel_matrix(fine, omega, count, top)
    g = np.stack([0.8 * matrix @ waves.damped_oscillator(fine, *pair) for pair in ((0.6, 0.05), (1.1, 0.4))], axis=1)
    seen = Spectrum(omega, g, 0 * g, np.pi * top / 2 / count, count, 1, top)
    # the first line is narrower than the kernel
    assert seen.resolution * 2.35 > 0.05
    lines, whole = (waves.fit_lines(along(0.6, 1.2), replace(seen, g=g / weight)) for weight in (1.0, 0.8))
    np.testing.assert_allclose(lines["frequency"], [0.6, 1.1], rtol=1e-3)
    np.testing.assert_allclose(lines["width"], [0.05, 0.4], rtol=0.02)
    for key in lines:
        np.testing.assert_allclose(lines[key], whole[key], rtol=1e-6)
    assert waves.damped_oscillator(fine_grid(60, 200000), 1.0, 0.3).sum() * 60 / 200000 == pytest.approx(1, abs=4e-3)


def test_exact_oscillators_come_back_through_the_kernel():
    frequency, width = np.array([0.3, 0.45, 0.7, 1.1]), np.array([0.01, 0.03, 0.11, 0.5])
    seen, q = oscillators(frequency, width), along(0.4, 0.6, 0.9, 1.4)
    found = waves.fit_lines(q, seen)
    np.testing.assert_array_equal(found["q"], q[:, 0])
    np.testing.assert_allclose(found["frequency"], frequency, rtol=1e-4)
    np.testing.assert_allclose(found["width"], width, rtol=5e-3)
    # the full width of the kernel: 2.355 times pi / M sqrt(top^2 - omega^2) / 2
    at_line = 2.3548 * np.pi / 1000 * np.sqrt(2.9**2 - found["frequency"] ** 2)
    np.testing.assert_allclose(found["kernel"], at_line, rtol=1e-4)


def test_exact_oscillators_come_back_where_there_is_no_kernel():
    """Lines of every width, each on a grid of its own as the media have it, in any unit of height."""
    for frequency, width, weight in ((0.1, 2e-4, 1.0), (0.3, 0.01, 0.2), (0.7, 0.11, 1.0), (1.1, 0.5, 30.0)):
        omega = np.linspace(max(frequency - 4 * width, 0.02), frequency + 5 * width, 400)
        g = weight * waves.damped_oscillator(omega, frequency, width)[:, None]
        found = waves.fit_lines(along(0.4), Spectrum(omega, g, 0 * g, 0.0, 0, 0, omega[-1]))
        assert {key: len(values) for key, values in found.items()} == dict.fromkeys(
            ("q", "frequency", "width", "kernel"), 1
        )
        assert found["frequency"][0] == pytest.approx(frequency, rel=1e-6)
        assert found["width"][0] == pytest.approx(width, rel=1e-5)
        assert found["kernel"][0] == 0 and found["q"][0] == 0.4


def test_the_kernel_next_to_a_line_does_as_the_whole_kernel():
    network = lattice_network("square", 40, bond_fraction=0.8, rng=1)
    q = along(*(2 * np.pi / 40 * np.array([3, 6, 9])))
    seen = waves.wave_spectrum(network, q, np.arange(0.05, 2.6, 0.005), 0.015)
    near, fine = waves.fit_lines(q, seen), fine_grid(0.999 * seen.omega_max, 2000)
    matrix = kernel_matrix(fine, seen.omega, seen.n_moments, seen.omega_max)
    for curve, frequency, width in zip(seen.g.T, near["frequency"], near["width"], strict=True):
        # the points next to the top that are higher than a quarter of it
        top = int(np.argmax(curve))
        low = np.flatnonzero(curve < curve.max() / 4)
        part = slice(low[low < top][-1] + 1, low[low > top][0])

        def difference(p, part=part, curve=curve):
            return p[2] * (matrix[part] @ waves.damped_oscillator(fine, p[0], p[1])) - curve[part]

        whole = least_squares(difference, [seen.omega[top], 0.05, 1.0], x_scale=[0.01, 0.01, 0.1]).x
        assert frequency == pytest.approx(whole[0], rel=1e-3) and width == pytest.approx(whole[1], rel=5e-3)


def test_a_line_of_too_few_points_is_refused():
    seen = oscillators([0.5], [0.02])
    coarse = replace(seen, omega=seen.omega[::10], g=seen.g[::10])
    with pytest.raises(ValueError, match=r"the line at 0\.\d+ spans fewer than five points: take a finer grid"):
        waves.fit_lines(along(0.5), coarse)


def test_bands_hold_waves_that_fit_the_box():
    for case, n, d, factor in (("square 0.8", 600, 2, 1), ("square 0.7", 600, 2, 4), ("simple-cubic 0.6", 60, 3, 1)):
        (long, fine, sharp), (short, grid, wide) = waves.list_bands(case, n, 0.001)
        turns = np.concatenate([long, short]) * n / (2 * np.pi)
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
        assert len(np.unique(np.round(turns), axis=0)) == len(turns) and long.shape[1] == short.shape[1] == d
        # in ascending order, without which the crossover is not the first one
        lengths = np.linalg.norm(long, axis=1)
        assert (np.diff(lengths) > 0).all() and (np.diff(short[:, 0]) > 0).all() and not short[:, 1:].any()
        # only cubic boxes have oblique waves: multiples of four directions
        oblique = np.round(turns[: len(long)][long[:, 1] > 0]).astype(int)
        directions = {tuple((row // np.gcd.reduce(row)).tolist()) for row in oblique}
        assert directions == ({(1, 1, 0), (1, 1, 1), (2, 1, 0), (2, 1, 1)} if d == 3 else set())
        assert sharp == 0.001 * factor and fine[1] - fine[0] == pytest.approx(sharp / 2)
        assert wide == waves.WIDE and grid[1] - grid[0] == pytest.approx(wide / 2)
        assert fine[-1] > 1.3 * 0.6 * np.sqrt(0.6) and grid[-1] > 3.39
        reach, step = waves.CASES[case][2], np.pi / n
        assert reach[0] - step <= lengths[0] and lengths[-1] <= reach[1] + step
        assert waves.SHORT[0] - step <= short[0, 0] and short[-1, 0] <= waves.SHORT[1] + step
    # the box decides how many waves there are
    assert len(waves.list_bands("square 0.8", 600, 0.001)[0][0]) == 8
    assert len(waves.list_bands("simple-cubic 0.6", 60, 0.001)[0][0]) == 8
    # in a small box the longest wave is that of the box, and the wide kernel is not the narrower one
    (long, _, _), (_, _, wide) = waves.list_bands("simple-cubic 0.6", 10, 0.01)
    np.testing.assert_allclose(long, [[2 * np.pi / 10, 0, 0]])
    assert wide == 0.01


def test_the_mediums_lines_are_those_on_its_shell():
    p, q = 0.9, along(0.5, 0.8)
    medium = solve_cpa("square", fine_grid(2.9, 2000), bond_fraction=p)
    curves = waves.medium_spectrum(medium, q)
    step = medium.omega[1] - medium.omega[0]
    np.testing.assert_allclose(curves.sum(axis=0) * step, 1, atol=2e-3)
    omega = np.arange(0.1, 2.0, 0.004)
    blank = Spectrum(omega, omega, omega, 0.01, 460, 1, 2.9)
    level = LATTICES["square"].matrix(q)
    lines = waves.fit_lines(q, medium_through(medium, q, blank))
    i = abs(medium.omega[:, None] ** 2 - medium.stiffness.real[:, None] * level).argmin(axis=0)
    np.testing.assert_allclose(lines["frequency"], medium.omega[i], rtol=5e-3)
    np.testing.assert_allclose(lines["width"], -medium.stiffness[i].imag * level / medium.omega[i], rtol=0.06)


def test_few_missing_springs_scatter_as_the_medium_says():
    """Exact to first order in 1 - p."""
    p, n = 0.97, 140
    nets = [lattice_network("square", n, bond_fraction=p, rng=SEED + s) for s in range(2)]
    q = box_vectors(nets[0], 1.5)[[19, 25, 31]]
    omega = np.arange(0.3, 2.2, 0.004)
    seen = [waves.wave_spectrum(x, q, omega, 0.012) for x in nets]
    width = np.mean([waves.fit_lines(q, s)["width"] for s in seen], axis=0)
    medium = solve_cpa("square", fine_grid(2.9, 2500), bond_fraction=p)
    theory = waves.fit_lines(q, medium_through(medium, q, seen[0]))["width"]
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


def loss(lattice, share, at, second, level):
    """Re K, and the width -Im K D / Omega without and with the slope of Re K, of the theory at frequencies `at`."""
    rows = []
    for factor in (0.999, 1.0, 1.001):
        if second:
            rows.append(expand_second_order(lattice, factor * at, bond_fraction=share))
        else:
            rows.append(solve_cpa(lattice, factor * at, bond_fraction=share).stiffness)
    plain = -rows[1].imag * level / at
    # omega^2 - K D next to its zero: 2 Omega (omega - Omega) (1 - D K' / 2 Omega)
    slope = (rows[2] - rows[0]).real / (0.002 * at)
    return rows[1].real, plain, plain / (1 - level * slope / (2 * at))


@pytest.mark.parametrize("case, n, few", [("square 0.8", 600, 5), ("square 0.7", 600, 4), ("simple-cubic 0.6", 148, 5)])
def test_long_waves_of_the_medium_decay_by_its_own_loss(case, n, few):
    """Gamma = -Omega Im K / Re K for a weakly damped wave, and its exponent tends to d + 1."""
    lattice, share, *_ = waves.CASES[case]
    every = np.concatenate([q for q, _, _ in waves.list_bands(case, n, 0.001)])
    level = LATTICES[lattice].matrix(every[:few])
    for second in (False, True):
        part = waves.medium_part(case, n, second)
        np.testing.assert_array_equal(part["q"], np.linalg.norm(every, axis=1))
        at, width = part["frequency"][:few], part["width"][:few]
        real, plain, exact = loss(lattice, share, at, second, level)
        # the wave is on its shell, and decays by the loss of the medium there
        np.testing.assert_allclose(at**2, real * level, rtol=2e-3)
        np.testing.assert_allclose(width, exact, rtol=0.01)
        np.testing.assert_allclose(width, plain, rtol=0.03 if case == "square 0.8" else 0.05)
        assert not part["kernel"].any()
        slope = np.polyfit(*np.log([part["frequency"][:3], part["width"][:3]]), 1)[0]
        assert slope == pytest.approx(LATTICES[lattice].dimension + 1, abs=0.25)


@pytest.mark.parametrize("second", [False, True], ids=["medium", "second-order"])
def test_lines_of_the_medium_are_those_on_a_dense_grid(second):
    """The stiffness solved at every frequency of a grid next to the line, where medium_part interpolates it."""
    case, n = "square 0.8", 60
    part, q = waves.medium_part(case, n, second), np.concatenate([q for q, _, _ in waves.list_bands(case, n, 0.01)])
    assert len(part["width"]) == len(q) > 15 and np.ptp(np.log(part["width"])) > 5
    # the last line of second-order theory has a second top at its van Hove singularity, and no one width
    for k in (0, 2, 5, 9, len(q) - 3):
        frequency, width = part["frequency"][k], part["width"][k]
        omega = np.linspace(max(frequency - 5 * width, 0.1 * frequency), min(frequency + 5 * width, 3.39), 500)
        medium = solve_cpa("square", omega, bond_fraction=0.8)
        if second:
            medium = replace(medium, stiffness=expand_second_order("square", omega, bond_fraction=0.8))
        curve = waves.medium_spectrum(medium, q[k])
        found = waves.fit_lines(q[k : k + 1], Spectrum(omega, curve, 0 * curve, 0.0, 0, 0, omega[-1]))
        assert found["frequency"][0] == pytest.approx(frequency, rel=2e-3)
        assert found["width"][0] == pytest.approx(width, rel=2e-3)
        # without any fit: a narrow line is at its top, and as wide as it is at half of its height
        if width < 0.1 * frequency:
            high = omega[curve[:, 0] > curve.max() / 2]
            assert np.ptp(high) == pytest.approx(width, rel=0.03)
            assert omega[curve.argmax()] == pytest.approx(frequency, abs=0.05 * width)


def test_lines_of_a_network_are_those_of_its_levels():
    """Dense diagonalisation, seen through the same kernel."""
    case, n, resolution = "square 0.8", 24, 0.06
    part = waves.network_part(case, n, 7, resolution)
    network = lattice_network("square", n, bond_fraction=0.8, rng=7)
    levels, modes = np.linalg.eigh(network.dynamical_matrix().toarray())
    lines = []
    for q, omega, width in waves.list_bands(case, n, resolution):
        seen = waves.wave_spectrum(network, q, omega[:5], width)
        weight = abs(np.exp(-1j * q @ network.positions.T) @ modes) ** 2 / n**2
        order, h = np.arange(seen.n_moments), seen.omega_max**2
        inside = omega < 0.9999 * seen.omega_max
        into, out = (np.arccos(np.clip(2 * square / h - 1, -1, 1)) for square in (levels, omega[inside] ** 2))
        series = np.cos(np.outer(out, order)) * jackson_kernel(len(order)) * np.where(order == 0, 1.0, 2.0)
        g = np.zeros((len(omega), len(q)))
        g[inside] = series @ (np.cos(np.outer(order, into)) @ weight.T)
        g[inside] *= 2 / np.pi / np.sqrt(h - omega[inside, None] ** 2)
        lines.append(waves.fit_lines(q, replace(seen, omega=omega, g=g, stderr=0 * g)))
    assert set(part) == set(lines[0]) and len(part["q"]) == sum(len(each["q"]) for each in lines)
    for key, values in part.items():
        expected = np.concatenate([each[key] for each in lines])
        np.testing.assert_allclose(values, expected, rtol=1e-5, err_msg=key)


def test_the_crossover_is_where_the_damping_passes_one():
    frequency, width = np.array([0.2, 0.5, 0.8]), np.array([0.01, 0.1, 0.4])
    damping = np.pi * np.array([0.05, 0.2, 0.5])
    assert waves.ioffe_regel(frequency, width) == pytest.approx(np.interp(1, damping, frequency))
    assert np.isnan(waves.ioffe_regel(frequency[:2], width[:2]))
    assert waves.ioffe_regel(np.array([0.8]), np.array([0.4])) == 0.8
    # exactly at one
    assert waves.ioffe_regel(np.array([0.3, 0.6]), np.array([0.01, 0.6 / np.pi])) == pytest.approx(0.6)


def test_waves_compare_widths_below_the_crossover():
    frequency = np.array([0.2, 0.4, 0.8])
    rising = np.array([[frequency, [0.04, 0.12, 0.4]]] * 2).transpose(1, 0, 2)
    medium, second = (np.stack([frequency, share * frequency])[:, None] for share in (0.1, 0.05))
    crossing = waves.ioffe_regel(*rising[:, 0])
    found = waves.Waves(2, rising, medium, second, np.full(3, 0.01), np.full(2, crossing))
    assert found.crossover == pytest.approx(crossing) and 0.4 < crossing < 0.8
    assert found.crossing_over(2.0) == (pytest.approx(crossing / 2), (pytest.approx(crossing / 2),) * 2)
    (value, (low, high)), born = found.over_theory()
    # two lines lie below the crossover; their widths are two and three times those of the medium
    assert value == pytest.approx(np.sqrt(6)) and low == pytest.approx(value) and high == pytest.approx(value)
    assert born == pytest.approx(0.5)
    # a line that is narrower than the kernel does not count
    (value, _), _ = replace(found, kernel=np.array([0.05, 0.05, 0.05])).over_theory()
    assert value == pytest.approx(3)
    none = replace(found, networks=np.concatenate([medium, medium], axis=1), reached=np.zeros(0))
    assert np.isnan(none.crossover) and none.crossing_over(2.0) == (None, None)
    assert none.over_theory()[0] == (pytest.approx(1), (pytest.approx(1), pytest.approx(1)))
    # without a crossover every line counts
    three = replace(none, networks=none.networks * np.array([1.0, 8.0])[:, None, None] ** [0, 0, 1])
    assert three.over_theory()[0][0] == pytest.approx(2)


def test_the_interval_of_the_widths_is_that_of_the_samples():
    frequency = np.array([0.2, 0.4])
    medium = np.stack([frequency, 0.1 * frequency])[:, None]
    networks = np.concatenate([medium, medium], axis=1)
    networks[1] *= np.exp([[0.1], [0.3]])
    found = waves.Waves(2, networks, medium, medium, np.zeros(2), np.array([0.5, 0.7]))
    (value, (low, high)), _ = found.over_theory()
    # logarithms 0.1 and 0.3: Student's t of one degree of freedom
    half = student.ppf(0.975, 1) * 0.1
    assert np.log([value, low, high]) == pytest.approx([0.2, 0.2 - half, 0.2 + half])
    assert found.crossover == pytest.approx(0.6)
    value, (low, high) = found.crossing_over(0.5)
    assert (value, high - value) == pytest.approx((1.2, 2 * half))


FREQUENCY = np.linspace(0.11, 1.51, 29)


def power_laws(seeds=3) -> dict:
    """Lines whose width grows as the third power up to the crossover at 0.8, and with the power 1.5 above it."""
    width = 0.8 / np.pi * np.where(FREQUENCY < 0.8, (FREQUENCY / 0.8) ** 3, (FREQUENCY / 0.8) ** 1.5)
    seen = np.where(FREQUENCY < 0.5, 0.004, 0.02)
    own = {"q": FREQUENCY, "frequency": FREQUENCY, "width": width, "kernel": seen}
    other = own | {"width": width * (FREQUENCY / 0.8) ** 0.5, "kernel": 0 * seen}
    parts = {f"square 0.8 s{s}": own for s in range(seeds)} | {"medium square 0.8 s0": other}
    parts["second square 0.8 s0"] = other | {"width": 0.4 * other["width"]}
    # another lattice with more wave vectors: the rows of the first are padded
    names = "simple-cubic 0.6 s0", "medium simple-cubic 0.6 s0", "second simple-cubic 0.6 s0"
    return parts | {name: {key: np.linspace(0.1, 1, 40) for key in own} for name in names}


def test_exponents_are_read_where_the_claim_says():
    data = stack_parts(power_laws())
    found = waves.read_waves(data, "square 0.8")
    assert found.dimension == 2 and found.networks.shape == (2, 3, 29)
    assert found.medium.shape == found.second.shape == (2, 1, 29)
    # between 0.76 and 0.81, the first that is damped so much
    damping = np.pi * found.networks[1, 0] / FREQUENCY
    assert (
        found.crossover == pytest.approx(np.interp(1, damping[13:15], FREQUENCY[13:15])) == pytest.approx(0.8, abs=0.01)
    )
    assert len(found.reached) == 3
    # 0.8 / pi (omega / 0.8)^3 exceeds 0.004 from 0.2004 on
    np.testing.assert_array_equal(found.below, (FREQUENCY > 0.2004) & (FREQUENCY < 0.4))
    np.testing.assert_array_equal(found.above, FREQUENCY > 0.8)
    assert found.below.sum() == 4 and found.exponent(found.networks, found.below) == (None, None)
    wider = found.below | (abs(FREQUENCY - 0.41) < 0.01)
    assert wider.sum() == waves.LEAST
    value, (low, high) = found.exponent(found.networks, wider)
    assert value == pytest.approx(3, abs=1e-9) and low == pytest.approx(3) == high
    value, (low, high) = found.exponent(found.medium, wider)
    assert value == pytest.approx(3.5, abs=1e-9) and low == pytest.approx(3.5) == high
    assert found.exponent(found.networks, found.above)[0] == pytest.approx(1.5, abs=1e-9)
    # the width over that of the theory is (omega / 0.8)^-0.5 where it exceeds the kernel
    used = (FREQUENCY < found.crossover) & (found.networks[1, 0] > found.kernel)
    (value, ends), born = found.over_theory()
    assert value == pytest.approx(np.exp(-0.5 * np.log(FREQUENCY[used] / 0.8).mean())) and ends == (value, value)
    assert born == pytest.approx(0.4)
    cubic = waves.read_waves(data, "simple-cubic 0.6")
    assert cubic.dimension == 3 and cubic.networks.shape == (2, 1, 40)


def test_an_exponent_of_scattered_widths_has_its_interval():
    """Widths that scatter by a known factor about the power 4: the interval holds it, and is as wide as the scatter."""
    rng, frequency = np.random.default_rng(SEED), np.geomspace(0.1, 0.4, 12)
    width = 0.05 * frequency**4 * np.exp(0.1 * rng.standard_normal((40, 12)))
    networks = np.stack([np.broadcast_to(frequency, width.shape), width])
    line = networks[:, :1]
    found = waves.Waves(3, networks, line, line, np.zeros(12), np.zeros(0))
    value, (low, high) = found.exponent(found.networks, np.ones(12, bool))
    x = np.log(frequency)
    error = 0.1 / np.sqrt(40 * ((x - x.mean()) ** 2).sum())
    assert low < 4 < high and value == pytest.approx(4, abs=3 * error)
    assert 2 * error < high - low < 8 * error


def test_without_a_crossover_there_is_no_exponent():
    parts = power_laws()
    for name in ("square 0.8 s0", "square 0.8 s1", "square 0.8 s2"):
        parts[name] = parts[name] | {"width": parts[name]["width"] / 10}
    found = waves.read_waves(stack_parts(parts), "square 0.8")
    assert np.isnan(found.crossover) and not found.below.any() and not found.above.any()
    assert found.exponent(found.networks, found.below) == (None, None)
    # one sample that reaches it is enough for its place
    parts["square 0.8 s1"] = power_laws()["square 0.8 s1"]
    found = waves.read_waves(stack_parts(parts), "square 0.8")
    assert len(found.reached) == 1 and found.crossover == pytest.approx(0.8, abs=0.01)


def test_samples_are_measured_kept_and_read(tmp_path, monkeypatch):
    data = waves.measure_waves(30, 10, 2, 0.01, folder=tmp_path)
    assert data["sample"].values.tolist() == [
        name for case in waves.CASES for name in (f"medium {case} s0", f"second {case} s0", f"{case} s0", f"{case} s1")
    ]
    assert data.attrs == {"unit": "reduced", "resolution": 0.01}
    with monkeypatch.context() as patch:
        patch.setattr(waves, "fit_lines", None)
        assert waves.measure_waves(30, 10, 2, 0.01, folder=tmp_path).identical(data)
    for case, (lattice, *_) in waves.CASES.items():
        found, n = waves.read_waves(data, case), 30 if lattice == "square" else 10
        one = data.sel(sample=f"{case} s1")
        shown = np.isfinite(one.q.values)
        np.testing.assert_array_equal(found.networks[:, 1], [one.frequency.values[shown], one.width.values[shown]])
        assert found.networks.shape[1] == 2 and len(found.kernel) == found.medium.shape[2] == shown.sum()
        # seeds from 500 on, and the theories of the same box
        for name, part in (
            (f"{case} s1", waves.network_part(case, n, 501, 0.01)),
            (f"medium {case} s0", waves.medium_part(case, n, False)),
            (f"second {case} s0", waves.medium_part(case, n, True)),
        ):
            for key, values in part.items():
                np.testing.assert_allclose(data[key].sel(sample=name).values[shown], values, rtol=1e-9, err_msg=key)
        # the medium is that of the networks
        calm = found.medium[1, 0] < 0.3 * found.medium[0, 0]
        assert calm.sum() >= 2
        np.testing.assert_allclose(found.networks[0].mean(axis=0)[calm], found.medium[0, 0][calm], rtol=0.3)


def test_a_run_that_was_killed_goes_on_with_the_part_that_it_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(waves, "CASES", {"square 0.8": waves.CASES["square 0.8"]})
    part, calls = waves.network_part, []

    def network_part(*job):
        calls.append(job)
        if job[2] == 501 and len(calls) == 2:
            raise KeyboardInterrupt
        return part(*job)

    monkeypatch.setattr(waves, "network_part", network_part)
    with pytest.raises(KeyboardInterrupt):
        waves.measure_waves(30, 10, 3, 0.02, folder=tmp_path)
    data = waves.measure_waves(30, 10, 3, 0.02, folder=tmp_path)
    assert [job[2] for job in calls] == [500, 501, 501, 502]
    # another seed more is measured alone, and another resolution is another run
    more = waves.measure_waves(30, 10, 4, 0.02, folder=tmp_path)
    assert [job[2] for job in calls[4:]] == [503] and more.isel(sample=slice(5)).identical(data)
    waves.measure_waves(30, 10, 1, 0.03, folder=tmp_path)
    assert calls[5:] == [("square 0.8", 30, 500, 0.03)]


@pytest.mark.parametrize(
    "call, sentence",
    [
        (
            lambda: waves.wave_spectrum(lattice_network("square", 5), [[0.3, 0]], np.linspace(0.1, 1, 9), 0.1),
            "does not fit the periodic box",
        ),
        (
            lambda: waves.fit_lines(
                along(np.pi / 6),
                waves.wave_spectrum(
                    lattice_network("square", 12), along(2 * np.pi / 12), np.linspace(0.1, 2, 12), 0.02
                ),
            ),
            "spans fewer than five points",
        ),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
