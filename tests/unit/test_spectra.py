"""Densities of states against closed forms, sum rules and dense diagonalisation."""

import numpy as np
import pytest
import scipy.sparse as sp

from bosonpeak.archive.glasses import load
from bosonpeak.materials.potentials import get
from bosonpeak.networks import diluted_square_lattice, square_lattice_network
from bosonpeak.units import MEV, RAD_PER_PS, THZ
from bosonpeak.vibrations.debye import debye_density, square_lattice_density
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import low_frequency_modes
from bosonpeak.vibrations.operators import FactoredOperator
from bosonpeak.vibrations.peaks import (
    WINDOW,
    broadened_reduced_density,
    count_maxima,
    cumulative_level,
    excess_over_crystal,
)
from bosonpeak.vibrations.spectra import (
    Spectrum,
    atomic_spectrum,
    boson_peak,
    density_of_states,
    frequency_histogram,
    kernel_resolution,
    local_density_of_states,
    spectral_function,
    translations,
    zero_modes,
)

NETWORK = square_lattice_network(12, 0.3, "distance", rng=11)
H = NETWORK.dynamical_matrix()
N = len(NETWORK)
OMEGA = np.linspace(0.05, 3.4, 60)


def _ring(n):
    node = np.arange(n)
    hop = sp.csr_matrix((np.ones(n), (node, (node + 1) % n)))
    return (2 * sp.eye(n) - hop - hop.T).tocsr()


def _kernel(omega, levels, omega_max, m):
    """delta(omega - level) broadened by the Jackson kernel in the angle: (len(omega), len(levels)).

    The damping factors by Jackson's own sum (the autocorrelation of a sine arch) and the delta as a sum of
    cosines of the two angles, so nothing here is shared with the library.
    """
    arch = np.sin(np.pi * np.arange(1, m + 1) / (m + 1))
    damping = np.correlate(arch, arch, "full")[m - 1 :] / (arch @ arch)
    angle, level = (np.arccos(np.clip(2 * x**2 / omega_max**2 - 1, -1, 1)) for x in (np.asarray(omega), levels))
    order = np.arange(m)
    weight = np.where(order > 0, 2, 1) * damping / np.pi
    density = (np.cos(np.outer(angle, order)) * weight) @ np.cos(np.outer(order, level))
    # from the angle to the frequency
    inside = omega < omega_max
    return density * np.where(inside, 2 / np.sqrt(np.where(inside, omega_max**2 - omega**2, 1)), 0)[:, None]


def _dense(matrix, omega, spectrum: Spectrum):
    eigenvalue, e = np.linalg.eigh(matrix.toarray())
    return _kernel(omega, np.sqrt(np.clip(eigenvalue, 0, None)), spectrum.omega_max, spectrum.n_moments), e


def _grid(omega_max, points=4000):
    """Frequencies and weights that integrate any kernel polynomial density of less than 2 * points moments exactly."""
    angle = (np.arange(points) + 0.5) / points * np.pi
    return omega_max * np.cos(angle / 2), omega_max / 2 * np.sin(angle / 2) * np.pi / points


def test_all_unit_vectors_give_the_broadened_dense_spectrum():
    local = local_density_of_states(H, np.arange(N), OMEGA, 300)
    levels, e = _dense(H, OMEGA, local)
    np.testing.assert_allclose(local.g, levels @ (e**2).T, atol=1e-10)
    np.testing.assert_allclose(local.g.mean(axis=1), levels.mean(axis=1), atol=1e-10)
    assert local.n_moments == 300 and local.n_vectors == N and not local.stderr.any()
    assert local.omega_max**2 >= np.linalg.eigvalsh(H.toarray())[-1]


def test_a_complete_set_of_signs_has_no_stochastic_error():
    # Hadamard's rows are the +-1 vectors; their mean over all is the trace
    hadamard = np.array([[1.0]])
    while len(hadamard) < 16:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    small = square_lattice_network(4, 0.2, rng=1).dynamical_matrix()
    omega = np.linspace(0.1, 2.9, 9)
    mean = spectral_function(small, hadamard, omega, 50).g.mean(axis=1) / 16
    np.testing.assert_allclose(
        mean, local_density_of_states(small, np.arange(16), omega, 50).g.mean(axis=1), atol=1e-11
    )


@pytest.mark.parametrize("n_moments", [60, 200])
def test_square_lattice_against_its_exact_density(n_moments):
    # walks shorter than the lattice's edge cannot tell it from the infinite one: nothing is random or finite
    crystal = square_lattice_network(200, 0.0).dynamical_matrix()
    omega = np.linspace(0.02, 2.82, 141)
    found = local_density_of_states(crystal, [777], omega, n_moments)
    # cubed steps resolve the logarithm at the van Hove singularity
    near = (np.arange(20000) + 0.5) / 20000
    fine = np.concatenate([2 - 2 * near**3, 2 + (2 * np.sqrt(2) - 2) * near**3])
    step = np.concatenate([2 * 3 * near**2, (2 * np.sqrt(2) - 2) * 3 * near**2]) / 20000
    expected = _kernel(omega, fine, found.omega_max, n_moments) @ (square_lattice_density(fine) * step)
    np.testing.assert_allclose(found.g[:, 0], expected, atol=2e-6)
    # and unbroadened, away from the singularity and the edge
    away = (omega > 3 * found.resolution) & (omega < 2 - 6 * found.resolution)
    if n_moments == 200:
        assert away.sum() > 50
        np.testing.assert_allclose(found.g[away, 0], square_lattice_density(omega[away]), rtol=0.02)


def test_chain_against_its_exact_density():
    omega = np.linspace(0.1, 1.8, 40)
    found = local_density_of_states(_ring(1200), [5], omega, 1000)
    np.testing.assert_allclose(found.g[:, 0], 2 / (np.pi * np.sqrt(4 - omega**2)), rtol=1e-3)


def test_stochastic_estimate_and_its_error_are_honest():
    # where the kernel holds many modes: below the lowest one the estimate is the square of one overlap, and skew
    omega = np.linspace(0.6, 3.0, 9)
    runs = [density_of_states(H, omega, 100, 16, rng=seed) for seed in range(60)]
    expected = _dense(H, omega, runs[0])[0].mean(axis=1)
    z = np.array([(run.g - expected) / run.stderr for run in runs])
    # Student's t with 15 degrees of freedom has the standard deviation 1.07; frequencies are correlated
    assert 0.7 < z.std() < 1.4
    assert abs(z.mean()) < 0.4
    assert (abs(z) < 4).mean() > 0.98


def test_error_falls_as_the_square_root_of_the_vectors():
    omega = np.linspace(0.3, 3.0, 40)
    deviation = {}
    for vectors in (4, 64):
        runs = [density_of_states(H, omega, 60, vectors, rng=seed) for seed in range(24)]
        expected = _dense(H, omega, runs[0])[0].mean(axis=1)
        deviation[vectors] = np.sqrt(np.mean([(run.g - expected) ** 2 for run in runs]))
        stated = np.sqrt(np.mean([run.stderr**2 for run in runs]))
        assert stated == pytest.approx(deviation[vectors], rel=0.3)
    assert deviation[4] / deviation[64] == pytest.approx(4, rel=0.3)


def test_more_moments_come_nearer_to_the_unbroadened_spectrum():
    edges = np.linspace(0, 3.5, 15)
    frequency = np.sqrt(np.clip(np.linalg.eigvalsh(H.toarray()), 0, None))
    counted = frequency_histogram(frequency, edges)
    omega = np.linspace(0, 3.5, 14 * 200 + 1)
    error = []
    for n_moments in (25, 100, 400, 1600):
        g = local_density_of_states(H, np.arange(N), omega, n_moments).g.mean(axis=1)
        binned = [np.trapezoid(g[k * 200 : k * 200 + 201], omega[k * 200 : k * 200 + 201]) for k in range(14)]
        error.append(abs(np.array(binned) / np.diff(edges) - counted).mean())
    assert (np.diff(error) < 0).all()
    assert error[-1] < 0.2 * error[0]


@pytest.mark.parametrize("level", [0.3, 1.0, 1.7])
@pytest.mark.parametrize("resolution", [0.05, 0.02])
def test_resolution_is_the_width_of_one_level(level, resolution):
    omega = np.linspace(0.001, 1.999, 4000)
    found = spectral_function(sp.diags([level**2, 4.0]).tocsr(), np.array([1.0, 0.0]), omega, resolution=resolution)
    g = found.g[:, 0] / found.g[:, 0].sum()
    assert omega[g.argmax()] == pytest.approx(level, abs=resolution / 5)
    half = omega[g >= g.max() / 2]
    # widest at omega = 0, narrower by sqrt(1 - omega^2 / omega_max^2) above; half width of a Gaussian
    stated = found.resolution * np.sqrt(1 - level**2 / found.omega_max**2)
    assert np.ptp(half) / (2 * np.sqrt(2 * np.log(2))) == pytest.approx(stated, rel=0.05)
    assert found.resolution <= resolution
    assert found.resolution == pytest.approx(resolution, rel=1 / found.n_moments)
    assert found.resolution == pytest.approx(kernel_resolution(found.omega_max, found.n_moments))


def test_sum_rules():
    top = local_density_of_states(H, [0], OMEGA, 200).omega_max
    omega, weight = _grid(top)
    local = local_density_of_states(H, np.arange(N), omega, 200)
    np.testing.assert_allclose(weight @ local.g, 1, atol=1e-12)
    # the second moment at each site is its stiffness; the kernel pulls <cos> by its g_1 = cos(pi / (M + 1))
    mean = 2 * H.diagonal() / top**2 - 1
    np.testing.assert_allclose(
        weight @ (local.g * omega[:, None] ** 2), top**2 / 2 * (1 + np.cos(np.pi / 201) * mean), rtol=1e-11
    )
    g = local.g.mean(axis=1)
    assert weight @ (g * omega**2) == pytest.approx(H.diagonal().mean(), rel=1e-3)
    # the fourth is the mean square of a row
    squares = np.mean(np.asarray(H.multiply(H).sum(axis=1)))
    assert weight @ (g * omega**4) == pytest.approx(squares, rel=2e-3)
    stochastic = density_of_states(H, omega, 200, 5, rng=3)
    assert weight @ stochastic.g == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("mean", [4.0, 2.2])
def test_zero_modes_are_left_out_and_the_norm_says_so(mean):
    network = diluted_square_lattice(12, mean, rng=4)
    matrix, basis = network.dynamical_matrix(), network.zero_modes()
    top = density_of_states(matrix, OMEGA, 50, 1, rng=0).omega_max
    omega, weight = _grid(top)
    found = density_of_states(matrix, omega, 400, 8, rng=0, project_out=basis)
    count = basis.shape[1]
    assert (count == 1) == (mean == 4.0)
    assert weight @ found.g == pytest.approx((144 - count) / 144, rel=1e-10)
    # nothing is left below the lowest frequency that is not zero
    frequency = np.sqrt(np.clip(np.linalg.eigvalsh(matrix.toarray()), 0, None))
    gap = frequency[count]
    below = omega < gap - 5 * found.resolution
    full = density_of_states(matrix, omega, 400, 8, rng=0)
    if below.any():
        assert (weight * found.g)[below].sum() < 5e-3 * (weight * full.g)[below].sum()
    all_of_it = local_density_of_states(matrix, np.arange(144), OMEGA, 100, project_out=basis.toarray())
    levels = _kernel(OMEGA, frequency[count:], all_of_it.omega_max, 100)
    np.testing.assert_allclose(all_of_it.g.sum(axis=1), levels.sum(axis=1), atol=1e-9)


def test_plane_wave_peaks_at_its_dispersion_with_its_norm():
    n = 40
    crystal = square_lattice_network(n, 0.0).dynamical_matrix()
    site = np.stack([np.arange(n * n) % n, np.arange(n * n) // n], axis=1)
    q = 2 * np.pi / n * np.array([[1, 0], [3, 5], [11, 2], [19, 17]])
    wave = np.exp(1j * site @ q.T) * [0.1, 0.2, 0.3, 0.4]
    dispersion = np.sqrt(4 - 2 * np.cos(q).sum(axis=1))
    omega, weight = _grid(np.sqrt(8.1))
    found = spectral_function(crystal, wave, omega, resolution=0.03)
    assert found.g.shape == (len(omega), 4)
    np.testing.assert_allclose(omega[found.g.argmax(axis=0)], dispersion, atol=0.015)
    omega, weight = _grid(found.omega_max)
    found = spectral_function(crystal, wave, omega, resolution=0.03)
    np.testing.assert_allclose(weight @ found.g, n * n * np.array([0.1, 0.2, 0.3, 0.4]) ** 2, rtol=1e-10)
    np.testing.assert_allclose(found.g, spectral_function(crystal, wave * 1j, omega, resolution=0.03).g, atol=1e-9)
    # a real vector may come flat
    flat = spectral_function(crystal, wave[:, 1].real, OMEGA[:5], 30)
    np.testing.assert_allclose(flat.g, spectral_function(crystal, wave[:, 1:2].real, OMEGA[:5], 30).g)


def test_the_form_of_the_matrix_does_not_matter():
    one = density_of_states(H, OMEGA, 80, 3, rng=1)
    for same in (H.toarray(), sp.bsr_matrix(H, blocksize=(3, 3)), H.tocsc()):
        np.testing.assert_allclose(density_of_states(same, OMEGA, 80, 3, rng=1).g, one.g, atol=1e-10)
    rng = np.random.default_rng(2)
    factored = FactoredOperator(H, sp.random(20, N, 0.1, format="csr", rng=rng), rng.uniform(0, 1, 20))
    product = local_density_of_states(sp.csr_matrix(factored.toarray()), [3], OMEGA, 80)
    found = local_density_of_states(factored, [3], OMEGA, 80)
    # each form has its own bound
    assert found.omega_max == pytest.approx(product.omega_max, rel=0.02)
    e2 = np.linalg.eigh(factored.toarray())
    levels = _kernel(OMEGA, np.sqrt(np.clip(e2[0], 0, None)), found.omega_max, 80)
    np.testing.assert_allclose(found.g[:, 0], levels @ e2[1][3] ** 2, atol=1e-10)


def test_same_seed_same_bits_and_one_vector_has_no_error():
    first, second, other = (density_of_states(H, OMEGA, 60, 11, rng=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.g, second.g)
    assert abs(first.g - other.g).max() > 1e-3
    assert np.isnan(density_of_states(H, OMEGA, 60, 1, rng=0).stderr).all()
    assert first.n_vectors == 11 and first.g.shape == first.stderr.shape == OMEGA.shape


def test_above_the_bound_there_is_nothing():
    found = density_of_states(H, [1.0, 50.0], 60, 2, rng=0)
    assert found.g[0] > 0 and found.g[1] == 0 and found.omega_max < 50


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_translations_are_orthonormal_and_cost_nothing(dimension):
    rng = np.random.default_rng(dimension)
    n = 14
    masses = rng.uniform(1, 60, n)
    hessian = np.zeros((n * dimension, n * dimension))
    for i, j in rng.integers(0, n, (60, 2)):
        spring = rng.standard_normal((dimension, dimension))
        block = np.zeros((dimension, n * dimension))
        block[:, i * dimension : (i + 1) * dimension] += spring
        block[:, j * dimension : (j + 1) * dimension] -= spring
        hessian += block.T @ block
    root = np.repeat(np.sqrt(masses), dimension)
    basis = translations(n, dimension, masses)
    np.testing.assert_allclose(basis.T @ basis, np.eye(dimension), atol=1e-14)
    np.testing.assert_allclose(hessian / np.outer(root, root) @ basis, 0, atol=1e-13)
    # without the masses they would cost something
    assert abs(hessian / np.outer(root, root) @ translations(n, dimension)).max() > 1e-3
    np.testing.assert_allclose(translations(N), np.full((N, 1), 1 / 12))


def test_atoms_that_nothing_holds_are_zero_modes_of_their_own():
    # two pieces of a plane held everywhere, an atom without bonds, and one held along a single direction
    rng = np.random.default_rng(4)
    held = rng.standard_normal((8, 30))
    bond = np.array([0.6, 0.8])
    D = np.zeros((12, 12))
    D[:8, :8] = held @ held.T
    D[10:, 10:] = np.outer(bond, bond)
    for matrix in (D, sp.csr_matrix(D), sp.bsr_matrix(D, blocksize=(2, 2))):
        basis = zero_modes(matrix, 2)
        assert basis.shape == (12, 3 + 2)
        np.testing.assert_allclose(basis.T @ basis, np.eye(5), atol=1e-12)
        # the first three of the span are no translations: nothing moves but the loose atoms
        alone = np.zeros((12, 3))
        alone[[8, 9], [0, 1]] = 1
        alone[10:, 2] = [0.8, -0.6]
        np.testing.assert_allclose(basis @ (basis.T @ alone), alone, atol=1e-12)
    with pytest.raises(ValueError, match="4 degrees of freedom do not make atoms in 3 dimensions"):
        zero_modes(np.eye(4), 3)
    factored = FactoredOperator(sp.csr_matrix(D), sp.csr_matrix((1, 12)), np.zeros(1))
    np.testing.assert_array_equal(zero_modes(factored, 2), translations(6, 2))


def test_a_loose_sphere_leaves_no_trace_in_the_density():
    cage = sp.kron(_ring(100), sp.eye(3)).tocsr() + 0.02 * sp.eye(300)
    loose = sp.block_diag([cage, sp.csr_matrix((3, 3))]).tocsr()
    # no translations here: the cage is pinned
    resting = zero_modes(loose, 3)[:, :3]
    resting[:300] = 0
    omega = np.linspace(0.02, 2.1, 50)
    options = dict(n_moments=300, n_vectors=4, rng=1)
    with_it = density_of_states(loose, omega, project_out=np.linalg.qr(resting)[0], **options)
    assert with_it.g[0] < 1e-3 < 0.1 * density_of_states(loose, omega, **options).g[0]


def test_boson_peak_is_found_where_it_was_put():
    omega = np.linspace(0, 3, 601)
    for dimension in (2, 3):
        g = omega ** (dimension - 1) * (1 + 0.7 * np.exp(-0.5 * ((omega - 0.8) / 0.2) ** 2))
        peak = boson_peak(omega, g, dimension)
        assert (peak.omega, peak.intensity, peak.interior) == (pytest.approx(0.8), pytest.approx(1.7), True)
        # the edge of the range is no peak
        assert not boson_peak(omega, g, dimension, omega_min=1.0).interior
        assert not boson_peak(omega, g, dimension, omega_max=0.5).interior
        # a Gaussian smoothed by a Gaussian: variances add up, the height falls by the ratio of the widths
        smooth = boson_peak(omega, g, dimension, omega_min=0.3, smoothing=0.15)
        assert smooth.omega == pytest.approx(0.8, abs=0.01)
        assert smooth.intensity == pytest.approx(1 + 0.7 * 0.2 / 0.25, rel=1e-3)
        assert smooth.smoothing == 0.15
    # Debye's solid has none: a flat reduced density cannot rise above its first point
    assert not boson_peak(omega, omega**2).interior


def test_smoothing_hides_a_single_spike():
    omega = np.linspace(0.01, 2, 200)
    reduced = 1 + 0.5 * np.exp(-0.5 * ((omega - 1.2) / 0.2) ** 2)
    reduced[40] += 2
    assert boson_peak(omega, reduced * omega, 2).omega == pytest.approx(omega[40])
    assert boson_peak(omega, reduced * omega, 2, smoothing=0.1, omega_min=0.6).omega == pytest.approx(1.2, abs=0.03)


def test_histogram_counts_every_state_once():
    frequency = np.r_[0, 0, np.random.default_rng(0).uniform(0, 3, 98)]
    edges = np.array([0, 0.1, 0.5, 2, 3])
    density = frequency_histogram(frequency, edges)
    assert density @ np.diff(edges) == pytest.approx(1)
    assert density[0] * 0.1 * 100 == pytest.approx((frequency < 0.1).sum())
    # what lies outside still counts in the norm
    inside = frequency_histogram(frequency, edges[:3])
    assert inside @ np.diff(edges[:3]) == pytest.approx((frequency <= 0.5).mean())


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: density_of_states(H, OMEGA, 50, resolution=0.1), ValueError, "both was given"),
        (lambda: density_of_states(H, OMEGA), ValueError, "neither was given"),
        (lambda: density_of_states(H, OMEGA, resolution=0.0), ValueError, "must be positive"),
        (lambda: density_of_states(H, OMEGA, resolution=np.nan), ValueError, "must be positive"),
        (lambda: density_of_states(H, OMEGA, 1), ValueError, "at least 2"),
        (lambda: density_of_states(H, OMEGA, 50, 0), ValueError, "at least one"),
        (lambda: density_of_states(H, [-0.1, 1], 50), ValueError, "frequencies >= 0"),
        (lambda: density_of_states(H, [np.nan, 1], 50), ValueError, "finite frequencies"),
        (lambda: density_of_states(H, [[1.0]], 50), ValueError, "one-dimensional"),
        (lambda: density_of_states(H, OMEGA, 50, project_out=np.ones(N)), ValueError, "not orthonormal"),
        (lambda: density_of_states(H, OMEGA, 50, project_out=translations(N + 1)), ValueError, f"{N + 1} rows"),
        (lambda: density_of_states(H, OMEGA, 50, project_out=translations(2 * N)), ValueError, f"{2 * N} rows"),
        (lambda: density_of_states(H, OMEGA, 50, project_out=np.eye(N)), ValueError, "leaves nothing"),
        (lambda: local_density_of_states(H, [N], OMEGA, 50), IndexError, f"0..{N - 1}"),
        (lambda: local_density_of_states(H, [-1], OMEGA, 50), IndexError, "sites must lie"),
        (lambda: local_density_of_states(H, [], OMEGA, 50), IndexError, "sites must lie"),
        (lambda: spectral_function(H, np.ones(N - 1), OMEGA, 50), ValueError, "do not fit"),
        (lambda: density_of_states(H, OMEGA, 50, unit="Hz"), ValueError, "unknown unit of frequency 'Hz'"),
        (lambda: cumulative_level([1.0, 2.0], 0.0), ValueError, "must be positive"),
        (lambda: cumulative_level([1.0, 2.0], 2.5, total=9), ValueError, "within the frequencies given"),
        (lambda: broadened_reduced_density([1.0], [1.0], 0.0), ValueError, "broadening must be positive"),
        (lambda: boson_peak(OMEGA, OMEGA, omega_min=9), ValueError, "fewer than three"),
        (lambda: boson_peak(OMEGA, OMEGA[1:]), ValueError, "of one length"),
        (lambda: boson_peak(OMEGA**2, OMEGA, smoothing=0.1), ValueError, "evenly spaced"),
    ],
)
def test_mistakes_are_named(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_the_place_of_a_peak_is_not_bound_to_the_grid():
    omega = np.arange(0.1, 1.2, 0.01)
    for place in (0.4567, 0.4532, 0.451):
        reduced = 1 + 0.2 * np.exp(-((omega - place) ** 2) / 0.1)
        peak = boson_peak(omega, reduced * omega, 2)
        assert peak.omega == pytest.approx(place, abs=1e-4)
        assert peak.intensity == pytest.approx(1.2, abs=1e-5)


@pytest.mark.parametrize("unit, factor", [("rad/ps", RAD_PER_PS), ("THz", THZ), ("meV", MEV)])
def test_units_are_carried_and_change_nothing_else(unit, factor):
    plain = density_of_states(H, OMEGA, n_vectors=3, rng=1, resolution=0.05)
    same = density_of_states(H, OMEGA * factor, n_vectors=3, rng=1, resolution=0.05 * factor, unit=unit)
    assert (plain.unit, same.unit) == ("reduced", unit)
    assert same.n_moments == plain.n_moments
    np.testing.assert_allclose(same.g * factor, plain.g, rtol=1e-9)
    np.testing.assert_allclose(same.stderr * factor, plain.stderr, rtol=1e-7)
    assert same.omega_max == pytest.approx(plain.omega_max * factor)
    assert same.resolution == pytest.approx(plain.resolution * factor)
    for function in (
        lambda omega, **options: local_density_of_states(H, [3], omega, 60, **options),
        lambda omega, **options: spectral_function(H, np.eye(N)[:, :1], omega, 60, **options),
    ):
        np.testing.assert_allclose(function(OMEGA * factor, unit=unit).g * factor, function(OMEGA).g, rtol=1e-9)


def _debye_frequencies(n, omega_d, dimension):
    return omega_d * ((np.arange(n) + 0.5) / n) ** (1 / dimension)


@pytest.mark.parametrize("dimension", [2, 3])
def test_cumulative_level_of_debyes_solid_is_its_level_everywhere(dimension):
    frequency = np.r_[np.zeros(dimension), _debye_frequencies(20000, 7.0, dimension)]
    level = debye_density(1.0, 7.0, dimension)
    for omega_c in (2.0, 4.5, 7.0):
        assert cumulative_level(frequency, omega_c, dimension) == pytest.approx(level, rel=0.01)
        # the lowest alone know as much
        lowest = frequency[frequency < omega_c + 0.1]
        assert cumulative_level(lowest, omega_c, dimension, len(frequency)) == cumulative_level(
            frequency, omega_c, dimension
        )


def test_cumulative_level_counts_what_moves():
    frequency = [0.0, 0.0, 1e-9, 1.0, 2.0, 3.0, 4.0]
    assert cumulative_level(frequency, 2.5) == pytest.approx(3 * 2 / (7 * 2.5**3))
    assert cumulative_level(frequency[1:5], 1.5, 2, 7) == pytest.approx(2 * 1 / (7 * 1.5**2))


def test_peaks_of_many_densities_are_those_of_each():
    omega = np.linspace(0.05, 3, 200)
    rng = np.random.default_rng(3)
    g = omega[:, None] ** 2 * (1 + np.exp(-(((omega[:, None] - rng.uniform(0.02, 3.2, 30)) / 0.4) ** 2)))
    for options in ({}, {"smoothing": 0.1, "omega_min": 0.4}, {"omega_max": 2.0}):
        together, each = boson_peak(omega, g, **options), [boson_peak(omega, column, **options) for column in g.T]
        assert 0 < together.interior.sum() < 30
        np.testing.assert_array_equal(together.interior, [peak.interior for peak in each])
        np.testing.assert_allclose(together.omega, [peak.omega for peak in each], rtol=1e-13)
        np.testing.assert_allclose(together.intensity, [peak.intensity for peak in each], rtol=1e-13)
        assert isinstance(each[0].interior, bool) and isinstance(each[0].omega, float)


def _bump(omega, place, height, width=0.1):
    return height * np.exp(-0.5 * ((omega - place) / width) ** 2)


@pytest.mark.parametrize("stiffness", [1.0, 0.36])
def test_a_crystal_has_no_excess_over_itself(stiffness):
    omega_v, level = 2 * np.sqrt(stiffness), 1 / (2 * np.pi * stiffness)
    omega = np.linspace(0.04, 0.9, 1001) * omega_v
    reduced = square_lattice_density(omega, stiffness) / omega
    found = excess_over_crystal(omega, reduced, reduced, level, omega_v)
    # a flat ratio has no maximum, and the crystal rises to the ends of both ranges
    assert found.net == 1 and not found.net_interior
    end = WINDOW[1] * omega_v
    assert found.height == pytest.approx(square_lattice_density(end, stiffness) / end / level, rel=2e-3)
    assert found.place == pytest.approx(0.8 * omega_v, abs=2e-3) and not found.interior


@pytest.mark.parametrize("scale", [1.0, 3.7])
@pytest.mark.parametrize(
    "place, interior, net_interior",
    [(0.7, True, True), (0.3, True, False), (1.4, True, False), (1.8, False, False), (0.1, False, False)],
    ids=["in-the-window", "below-it", "above-it", "above-the-range", "below-the-range"],
)
def test_a_bump_on_a_debye_level_has_its_own_height_and_place(place, interior, net_interior, scale):
    # omega_v = 2: the window reaches from 0.4 to 1.2, and places are looked for between 0.2 and 1.6
    omega, level = np.linspace(0.05, 2.0, 1951), 0.16
    crystal = np.full(len(omega), level)
    reduced = level * (1 + _bump(omega, place, 0.4))
    # the excess does not depend on the unit of the frequency
    found = excess_over_crystal(omega * scale, reduced / scale**2, crystal / scale**2, level / scale**2, 2.0 * scale)
    assert (found.interior, found.net_interior) == (interior, net_interior)
    # at an end of the window rounding decides about one point of the grid
    inside, error = (omega >= 0.4) & (omega <= 1.2), 1e-6 if net_interior else 3e-3
    assert found.net == pytest.approx(1 + _bump(omega, place, 0.4)[inside].max(), abs=error)
    assert found.height == pytest.approx(found.net, abs=1e-6)
    if interior:
        assert found.place == pytest.approx(place * scale, abs=1e-4 * scale)
    if net_interior:
        assert found.net == pytest.approx(1.4, abs=1e-6)


def test_dispersion_is_divided_out_of_the_net_excess_but_not_out_of_the_height():
    omega = np.linspace(0.05, 1.9, 1851)
    crystal, level = square_lattice_density(omega) / omega, 1 / (2 * np.pi)
    found = excess_over_crystal(omega, crystal * (1 + _bump(omega, 0.8, 0.3)), crystal, level, 2.0)
    assert found.net == pytest.approx(1.3, abs=1e-6) and found.net_interior
    at = square_lattice_density(0.8) / 0.8 / level
    assert found.height > 1.3 * at > 1.35
    # a softer crystal has the greater height, and no excess beyond its own
    soft = square_lattice_density(omega, 0.8) / omega
    assert excess_over_crystal(omega, soft, soft, level / 0.8, 2 * np.sqrt(0.8)).net == 1
    assert excess_over_crystal(omega, soft, crystal, level, 2.0).net > 1.25


def test_frequencies_that_the_crystal_lacks_add_nothing_to_the_excess():
    omega = np.linspace(0.05, 2.0, 1951)
    crystal = np.where(omega < 1.0, 0.16, 0.0)
    found = excess_over_crystal(omega, 0.16 * (1 + _bump(omega, 0.7, 0.4)), crystal, 0.16, 2.0)
    assert found.net == pytest.approx(1.4, abs=1e-6) and found.net_interior


@pytest.mark.parametrize("level", [0.0, -0.1, np.nan])
def test_without_a_debye_level_there_is_no_excess(level):
    flat = np.full(100, 0.16)
    with pytest.raises(ValueError, match="a Debye level of"):
        excess_over_crystal(np.linspace(0.1, 2, 100), flat, flat, level, 2.0)


@pytest.mark.parametrize("level", [1.0, 0.16])
@pytest.mark.parametrize(
    "bumps, count",
    [
        ([], 0),
        ([(0.8, 0.0501)], 1),
        ([(0.8, 0.0499)], 0),
        ([(0.5, 0.3), (1.5, 0.6)], 2),
        ([(0.8, 0.0501), (1.6, 0.0501)], 2),
        ([(0.8, 0.0499), (1.6, 0.6)], 1),
        # a rise that ends at an edge of the range, and what lies outside
        ([(0.2, 0.5)], 0),
        ([(2.5, 0.5)], 0),
        ([(0.1, 0.5), (0.8, 0.3), (2.7, 0.5)], 1),
    ],
)
def test_maxima_are_counted_by_their_prominence_over_the_level(bumps, count, level):
    omega = np.linspace(0.0, 3.0, 3001)
    reduced = level * (1 + sum(_bump(omega, *bump) for bump in bumps) + 0 * omega)
    assert count_maxima(omega, reduced, level, 0.2, 2.5) == count
    # a slope that is steeper than the bumps hides them all
    assert count_maxima(omega, reduced + 10 * level * omega, level, 0.2, 2.5) == 0
    # the prominence is measured in the level that is given
    if min((height for _, height in bumps), default=1) > 0.05:
        assert count_maxima(omega, reduced, 100 * level, 0.2, 2.5) == 0


def test_the_crystal_has_one_maximum_at_its_van_hove_frequency():
    omega = np.linspace(0.01, 2.8, 2791)
    reduced = square_lattice_density(omega, 0.9) / omega
    at = 2 * np.sqrt(0.9)
    assert count_maxima(omega, reduced, 1 / (2 * np.pi * 0.9), 0.15, 2.6) == 1
    assert count_maxima(omega, reduced, 1 / (2 * np.pi * 0.9), 0.15, at - 0.01) == 0
    assert count_maxima(omega, reduced, 1 / (2 * np.pi * 0.9), at + 0.01, 2.6) == 0


def test_the_density_ends_at_the_bound_of_the_spectrum():
    """At omega_max itself the weight of the series is infinite, and no level is there."""
    D = square_lattice_network(20, 0.2, rng=1).dynamical_matrix()
    top = density_of_states(D, [1.0], 64, 2, rng=1).omega_max
    omega = np.linspace(0, top, 401)
    g = density_of_states(D, omega, 64, 2, rng=1).g
    assert g[-1] == 0
    assert np.trapezoid(g, omega) == pytest.approx(1, abs=0.01)


def test_translations_without_the_masses_of_the_matrix_are_refused():
    glass, potential = load("Cu50Zr50-mendelev-2009-n500-1e14-s1"), get("cu-zr-mendelev-2009")
    D, omega, n = dynamical_matrix(glass, potential, factored=True), np.linspace(1, 20, 5), len(glass)
    rest = translations(n, 3, glass.get_masses())
    options = dict(resolution=2.0, unit="rad/ps")
    calls = (
        lambda basis: density_of_states(D, omega, rng=0, project_out=basis, **options),
        lambda basis: spectral_function(D, np.eye(3 * n)[:, :2], omega, project_out=basis, **options),
        lambda basis: local_density_of_states(D, [0], omega, project_out=basis, **options),
        lambda basis: atomic_spectrum(D, [0], omega, project_out=basis, **options),
        lambda basis: low_frequency_modes(D, 3, project_out=basis),
    )
    for call in calls:
        call(rest)
        with pytest.raises(ValueError, match="translations need the masses of the matrix"):
            call(translations(n, 3))
    for masses in (np.ones(n - 1), np.zeros(n), np.full(n, np.nan)):
        with pytest.raises(ValueError, match=f"for {n} nodes: give one positive number per node"):
            translations(n, 3, masses)
