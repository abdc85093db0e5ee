"""The effective medium against closed forms, sum rules, dispersion relations and networks themselves."""

from itertools import pairwise

import numpy as np
import pytest

from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network, vector_dynamical_matrix
from bosonpeak.papers.spring_network.cpa import find_static_stiffness, rigidity_threshold, solve_cpa
from bosonpeak.papers.spring_network.lattice_green import (
    TOP,
    _states_below,
    debye_level_of_lattice,
    evaluate_lattice_green,
    vector_density,
)
from bosonpeak.vibrations.debye import square_lattice_density
from bosonpeak.vibrations.spectra import density_of_states

SEED = 20272
SCALAR = [("square", False), ("triangular", False), ("simple-cubic", False), ("fcc", False)]
ALL = [*SCALAR, ("triangular", True), ("fcc", True)]
THRESHOLD = dict(zip(ALL, (1 / 2, 1 / 3, 1 / 3, 1 / 6, 2 / 3, 1 / 2), strict=True))


def _bands(lattice, vector, n):
    """Eigenvalues at n^d wave vectors of the zone, off its symmetric points."""
    kind = LATTICES[lattice]
    theta = 2 * np.pi * (np.arange(n) + 0.5) / n
    theta = np.stack(np.meshgrid(*[theta] * kind.dimension, indexing="ij"), axis=-1).reshape(-1, kind.dimension)
    D = kind.matrix(theta @ np.linalg.inv(kind.primitive).T, vector)
    return np.linalg.eigvalsh(D).ravel() if vector else D


def _mesh(top, n=2000):
    """Midpoints of frequencies, closer at both ends, and their weights."""
    u = (np.arange(n) + 0.5) / n
    return top * u**2 * (3 - 2 * u), top * 6 * u * (1 - u) / n


# the sum over a periodic zone converges exponentially in Im s times the points along an axis
@pytest.mark.parametrize("lattice, vector", ALL)
def test_green_function_is_the_sum_over_the_zone(lattice, vector):
    s = np.concatenate([np.linspace(-2, TOP[lattice, vector] + 2, 9) + 1.2j, [30 + 5j, -40 + 1j]])
    bands = _bands(lattice, vector, 200 if LATTICES[lattice].dimension == 2 else 40 if vector else 64)
    expected = np.array([np.mean(1 / (x - bands)) for x in s])
    accuracy = {True: {2: 2e-5, 3: 1e-4}, False: {2: 1e-12, 3: 1e-8}}[vector][LATTICES[lattice].dimension]
    np.testing.assert_allclose(evaluate_lattice_green(lattice, s, vector), expected, rtol=accuracy)
    assert abs(bands).max() <= TOP[lattice, vector] * (1 + 1e-12)


@pytest.mark.parametrize("lattice, vector", ALL)
def test_density_of_the_crystal_has_its_norm_and_its_moments(lattice, vector):
    # the tabulated density ends half a cell above the band
    top = np.sqrt(TOP[lattice, vector]) * (1.003 if vector else 1.0)
    omega, weight = _mesh(top, 10000 if LATTICES[lattice].dimension == 2 else 2000)
    g = -2 * omega / np.pi * evaluate_lattice_green(lattice, omega**2, vector).imag
    assert (g > 0).all()
    bands = _bands(lattice, vector, 12)
    # exact from 12 wave vectors an axis, as the moments reach no farther; fcc's density is infinite at its top
    for power in (0, 1, 2):
        rtol = 3e-3 if lattice == "fcc" and not vector else 3e-4
        assert weight @ (g * omega ** (2 * power)) == pytest.approx(np.mean(bands**power), rel=rtol)
    above = evaluate_lattice_green(lattice, np.array([TOP[lattice, vector] * 1.2]), vector)
    assert abs(above.imag / above.real) < 1e-6


@pytest.mark.parametrize("lattice, watson", [("simple-cubic", 1.5163860591519780 / 6), ("fcc", 1.3446610731838 / 12)])
def test_static_green_functions_are_watsons_integrals(lattice, watson):
    # G0(s) = -W + O(s) + i O(sqrt s)
    assert evaluate_lattice_green(lattice, np.array([-1e-8 + 0j])).real[0] == pytest.approx(-watson, rel=1e-4)
    small = evaluate_lattice_green(lattice, np.array([-1e-10 + 0j])).real[0]
    assert small == pytest.approx(-watson, rel=2e-5)


def test_green_function_of_the_square_lattice_is_the_elliptic_integral():
    omega = np.linspace(0.01, 3.5, 700)
    g = -2 * omega / np.pi * evaluate_lattice_green("square", omega**2).imag
    away = (abs(omega - 2) > 1e-3) & (abs(omega - np.sqrt(8)) > 1e-3)
    np.testing.assert_allclose(g[away], square_lattice_density(omega)[away], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("lattice, n, accuracy", [("triangular", 100, 3e-4), ("fcc", 16, 4e-3)])
def test_simplices_count_the_states_of_the_closed_form(lattice, n, accuracy):
    """The method behind the vector lattices, on scalar springs, where the density is known."""
    top = np.sqrt(TOP[lattice, False])
    edges = np.linspace(0, top * 0.95, 120)
    below = _states_below(lattice, False, n, edges)
    parts = 50 if lattice == "triangular" else 10
    omega = (np.arange(119 * parts) + 0.5) * edges[1] / parts
    g = -2 * omega / np.pi * evaluate_lattice_green(lattice, omega**2).imag
    counted = np.cumsum(g)[parts - 1 :: parts] * edges[1] / parts
    np.testing.assert_allclose(below[1:], counted, atol=accuracy)
    # relative, where the states are few: the cone about the centre
    level = debye_level_of_lattice(lattice)
    d = LATTICES[lattice].dimension
    assert below[4] / (level * edges[4] ** d / d) == pytest.approx(1, abs=2e-3)


def test_debye_levels_are_those_of_the_sound_speeds():
    # D(k) -> k^2, 3/2 k^2, k^2, 2 k^2; longitudinal and transverse 9/8 and 3/8 on the triangular lattice
    assert debye_level_of_lattice("square") == pytest.approx(1 / (2 * np.pi))
    assert debye_level_of_lattice("triangular") == pytest.approx(np.sqrt(3) / 2 / (2 * np.pi) / 1.5)
    assert debye_level_of_lattice("simple-cubic") == pytest.approx(1 / (2 * np.pi**2))
    assert debye_level_of_lattice("fcc") == pytest.approx(1 / (2 * np.pi**2 * np.sqrt(2) * 2**1.5))
    vector = np.sqrt(3) / 2 / (2 * np.pi) * (8 / 9 + 8 / 3) / 2
    assert debye_level_of_lattice("triangular", True) == pytest.approx(vector)
    omega, g = vector_density("fcc", 24)
    below = _states_below("fcc", True, 24, np.linspace(0, omega[-1], 200))
    edge = np.linspace(0, omega[-1], 200)[6]
    assert below[6] / (debye_level_of_lattice("fcc", True) * edge**3 / 3) == pytest.approx(1, abs=3e-3)
    assert (g > 0).all()


@pytest.mark.parametrize("lattice, n, most, median", [("triangular", 120, 3e-3, 5e-5), ("fcc", 32, 8e-2, 3e-4)])
def test_the_tabulated_density_has_converged(lattice, n, most, median):
    coarse, fine = (vector_density(lattice, m, 300)[1] for m in (n, 3 * n // 2))
    change = abs(coarse - fine) / fine.max()
    assert np.median(change) < median and change.max() < most


@pytest.mark.parametrize("lattice, vector", ALL)
def test_without_disorder_the_medium_is_the_crystal(lattice, vector):
    omega = np.linspace(0.05, 1.1 * np.sqrt(TOP[lattice, vector] * 1.7), 30)
    medium = solve_cpa(lattice, omega, SpringDistribution(mean=1.7), vector=vector)
    np.testing.assert_allclose(medium.stiffness, 1.7, rtol=1e-12)
    G = evaluate_lattice_green(lattice, omega**2 / 1.7, vector) / 1.7
    np.testing.assert_allclose(medium.g, -2 * omega / np.pi * G.imag, rtol=1e-9, atol=1e-14)
    assert medium.static_stiffness == pytest.approx(1.7) and not medium.stiffness.imag.any()
    assert not medium.g[omega**2 > 1.7 * TOP[lattice, vector]].any() or vector or medium.g[-1] < 1e-12


@pytest.mark.parametrize("kind", ["two-valued", "gamma"])
@pytest.mark.parametrize("lattice, vector", ALL)
def test_weak_disorder_is_of_second_order_in_the_fluctuation(lattice, vector, kind):
    """K = <k> - var(k) beta_0 + <(k - <k>)^3> beta_0^2 + O(var^2), beta_0 that of the crystal."""
    omega = np.array([0.5, 0.9, 1.45]) * np.sqrt(TOP[lattice, vector] / 8)
    threshold = rigidity_threshold(lattice, vector)
    beta = threshold * (1 - omega**2 * evaluate_lattice_green(lattice, omega**2, vector))
    rest = []
    for variance in (2e-3, 1e-3):
        K = solve_cpa(lattice, omega, SpringDistribution(kind, 1.0, variance), vector=vector, tolerance=1e-11).stiffness
        skewness = 2 * variance**2 if kind == "gamma" else 0.0
        second = -variance * beta
        np.testing.assert_allclose(K - 1, second, rtol=0.02)
        rest.append(K - 1 - second - skewness * beta**2)
    # what is left is of the order of the variance squared
    np.testing.assert_allclose(abs(rest[0]) / abs(rest[1]), 4, rtol=0.06)


@pytest.mark.parametrize("lattice, vector", ALL)
def test_dilution_softens_the_medium_linearly_to_the_threshold(lattice, vector):
    threshold = rigidity_threshold(lattice, vector)
    assert threshold == pytest.approx(THRESHOLD[lattice, vector])
    for p in np.linspace(threshold + 0.02, 1, 7):
        K = find_static_stiffness(lattice, SpringDistribution(mean=2.0), p, vector)
        assert K == pytest.approx(2 * (p - threshold) / (1 - threshold))
    for p in (threshold, threshold - 0.05):
        assert find_static_stiffness(lattice, None, p, vector) == 0
    # a continuous distribution loses its stiffness at the same fraction
    gamma = SpringDistribution("gamma", 1.0, 0.5)
    assert find_static_stiffness(lattice, gamma, threshold + 0.01, vector) > 0
    assert find_static_stiffness(lattice, gamma, threshold - 0.01, vector) == 0


@pytest.mark.parametrize("variance", [0.1, 0.5, 0.9])
def test_two_values_in_equal_shares_give_their_geometric_mean_on_the_square_lattice(variance):
    """Exact by duality (Keller 1964; Dykhne 1970), and the effective medium has it."""
    springs = SpringDistribution("two-valued", 1.3, variance)
    k, _ = springs.quadrature()
    assert find_static_stiffness("square", springs) == pytest.approx(np.sqrt(k[0] * k[1]))


CASES = [
    ("square", False, None, 0.8),
    ("square", False, None, 0.6),
    ("square", False, SpringDistribution("box", 1.0, 0.3), 0.9),
    ("square", False, SpringDistribution("gamma", 1.0, 1.5), 1.0),
    ("triangular", False, None, 0.5),
    ("simple-cubic", False, SpringDistribution("two-valued", 2.0, 0.8), 0.7),
    ("fcc", False, None, 0.35),
    ("triangular", True, None, 0.8),
    ("fcc", True, SpringDistribution("gamma", 1.0, 0.2), 0.7),
]
NAMES = [f"{c[0]}-{'vector' if c[1] else 'scalar'}-{c[2].kind if c[2] else 'equal'}-{c[3]}" for c in CASES]


@pytest.fixture(scope="module", params=CASES, ids=NAMES)
def solved(request):
    lattice, vector, springs, p = request.param
    springs = springs or SpringDistribution()
    k, _ = springs.quadrature()
    # a spectrum of gamma springs has no edge; the tail beyond this is below 1e-4
    top = 1.02 * np.sqrt(TOP[lattice, vector] * min(k.max(), 4.5))
    omega, weight = _mesh(top, 240 if vector else 300)
    omega = np.maximum(omega, 1e-3)
    return *request.param[:2], springs, p, weight, solve_cpa(lattice, omega, springs, p, vector)


def test_residuals_and_signs(solved):
    medium = solved[-1]
    assert medium.residual.max() < 1e-7
    assert (medium.g >= 0).all() and (medium.green.imag <= 1e-12).all()
    assert (medium.stiffness.imag <= 1e-9).all() and (medium.stiffness.imag < -1e-6).any()


def test_sum_rules(solved):
    """int g = 1, int omega^2 g = <D_ii>, int omega^4 g = <(D^2)_ii>: a single bond in a medium has these exactly."""
    lattice, vector, springs, p, weight, medium = solved
    z, d = LATTICES[lattice].coordination, LATTICES[lattice].dimension if vector else 1
    mean = p * springs.mean
    square = p * springs.mean**2 * (1 + springs.relative_variance)
    assert weight @ medium.g == pytest.approx(1, abs=6e-3)
    assert weight @ (medium.g * medium.omega**2) == pytest.approx(z * mean / d, rel=6e-3)
    # trace of (sum_b k_b n n^T)^2 + sum_b k_b^2: pairs of different bonds of a node are independent
    unit = np.concatenate([LATTICES[lattice].steps, -LATTICES[lattice].steps]) if vector else np.ones((z, 1))
    pairs = ((unit @ unit.T) ** 2).sum() - z
    assert weight @ (medium.g * medium.omega**4) == pytest.approx((2 * z * square + pairs * mean**2) / d, rel=0.012)


def test_causality_ties_the_static_stiffness_to_the_losses(solved):
    """Kramers and Kronig at omega = 0: K(0) = <k> + (2/pi) int Im K / omega d omega."""
    lattice, vector, springs, p, weight, medium = solved
    K = p * springs.mean + 2 / np.pi * (weight @ (medium.stiffness.imag / medium.omega))
    assert K == pytest.approx(find_static_stiffness(lattice, springs, p, vector), abs=6e-3 * springs.mean)
    assert medium.static_stiffness == find_static_stiffness(lattice, springs, p, vector)


def test_low_frequencies_are_debyes(solved):
    lattice, vector, springs, p, _, _ = solved
    d = LATTICES[lattice].dimension
    level = debye_level_of_lattice(lattice, vector)
    scale = np.sqrt(find_static_stiffness(lattice, springs, p, vector))
    omega = scale * np.array([0.02, 0.04])
    medium = solve_cpa(lattice, omega, springs, p, vector)
    # corrections grow as omega^2, times a logarithm in two dimensions
    np.testing.assert_allclose(medium.g / omega ** (d - 1) * scale**d / level, 1, atol=0.03)
    np.testing.assert_allclose(medium.stiffness.real, scale**2, rtol=0.01)
    # Rayleigh scattering: Im sqrt(K) / |K| falls as omega^d, so that the attenuation Im q falls as omega^(d + 1)
    decay = abs(np.sqrt(medium.stiffness).imag) / abs(medium.stiffness) * omega
    assert np.log(decay[1] / decay[0]) / np.log(2) == pytest.approx(d + 1, abs=0.1)


@pytest.mark.parametrize(
    "lattice, vector, p", [("square", False, 0.3), ("triangular", True, 0.6), ("square", False, 0.45)]
)
def test_below_the_threshold_the_floppy_modes_are_missing(lattice, vector, p):
    """Maxwell: a share 1 - p / p_c of the modes is at omega = 0, and the rest is all there."""
    omega, weight = _mesh(1.05 * np.sqrt(TOP[lattice, vector]), 250)
    medium = solve_cpa(lattice, omega, None, p, vector)
    assert medium.static_stiffness == 0
    assert weight @ medium.g == pytest.approx(p / rigidity_threshold(lattice, vector), rel=5e-3)
    # a wave of negative stiffness only decays
    assert medium.stiffness[0].real < 0


def _mean_in_windows(g, edges, omega):
    return np.array([g[(omega >= a) & (omega < b)].mean() for a, b in pairwise(edges)])


@pytest.mark.parametrize(
    "lattice, n, p, springs, vector, accuracy",
    [
        ("square", 100, 0.95, None, False, 0.02),
        ("square", 100, 0.9, None, False, 0.02),
        ("square", 100, 1.0, SpringDistribution("gamma", 1.0, 0.3), False, 0.03),
        ("triangular", 64, 0.9, None, True, 0.02),
        ("simple-cubic", 24, 0.85, None, False, 0.03),
        ("fcc", 12, 0.85, None, True, 0.03),
    ],
)
def test_weakly_diluted_networks_have_the_density_of_the_medium(lattice, n, p, springs, vector, accuracy):
    """Mean over windows of a tenth of the band, relative to the largest: two seeds, kernel polynomial method."""
    top = np.sqrt(TOP[lattice, vector])
    omega = np.linspace(0.2, 1.0, 120) * top
    edges = np.linspace(0.2, 1.0 + 1e-9, 9) * top
    g = 0
    for seed in (SEED, SEED + 1):
        network = lattice_network(lattice, n, bond_fraction=p, springs=springs, rng=seed)
        D = vector_dynamical_matrix(network) if vector else network.dynamical_matrix()
        g = g + density_of_states(D, omega, n_vectors=8, rng=seed, resolution=0.012 * top).g / 2
    network, medium = (_mean_in_windows(x, edges, omega) for x in (g, solve_cpa(lattice, omega, springs, p, vector).g))
    assert abs(network - medium).max() < accuracy * medium.max()
    # the crystal of the same mean spring is not that: the test can tell
    mean = p * (springs.mean if springs else 1.0)
    crystal = solve_cpa(lattice, omega, SpringDistribution(mean=mean), vector=vector).g
    assert abs(network - _mean_in_windows(crystal, edges, omega)).max() > 2 * accuracy * medium.max()


def test_the_peak_of_a_diluted_network_is_where_the_medium_has_it():
    omega = np.linspace(0.3, 1.6, 131)
    g = [
        density_of_states(
            lattice_network("square", 140, bond_fraction=0.8, rng=SEED + s).dynamical_matrix(),
            omega,
            n_vectors=8,
            rng=s,
            resolution=0.03,
        ).g
        for s in range(3)
    ]
    network, medium = np.mean(g, axis=0) / omega, solve_cpa("square", omega, None, 0.8)
    reduced = medium.g / omega
    assert omega[reduced.argmax()] == pytest.approx(0.66, abs=0.02)
    assert omega[network.argmax()] == pytest.approx(omega[reduced.argmax()], rel=0.15)
    assert network.max() == pytest.approx(reduced.max(), rel=0.06)
    assert network.max() > 1.3 * debye_level_of_lattice("square") / medium.static_stiffness


def test_failure_to_converge_is_said():
    with pytest.raises(
        RuntimeError, match=r"square lattice did not converge at \d+ of 5 .* worst at omega = .* residual"
    ):
        solve_cpa("square", np.linspace(0.2, 2, 5), bond_fraction=0.7, tolerance=1e-19)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: solve_cpa("honeycomb", [1.0]), "unknown lattice 'honeycomb'"),
        (lambda: rigidity_threshold("honeycomb"), "unknown lattice 'honeycomb'"),
        *((lambda o=o: solve_cpa("square", o), "frequencies > 0") for o in ([0.0, 1.0], [np.nan], [], [[1.0]], [-1.0])),
        *((lambda p=p: solve_cpa("square", [1.0], None, p), "must lie in") for p in (0, -0.1, 1.1, np.nan)),
        (
            lambda: solve_cpa("square", [1.0], vector=True),
            "do not hold up the square lattice: choose one of triangular",
        ),
        (lambda: find_static_stiffness("simple-cubic", vector=True), "do not hold up the simple-cubic lattice"),
        (lambda: vector_density("square"), "do not hold up the square lattice"),
        (lambda: evaluate_lattice_green("square", 1 - 1j), "needs Im s >= 0"),
        (lambda: evaluate_lattice_green("kagome", 1 + 1j), "unknown lattice"),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
