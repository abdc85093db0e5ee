"""Averages over a length compared with their definition, and correlations with those of known fields."""

import numba
import numpy as np
import pytest
from ase import Atoms

from bosonpeak.papers.yang_2021.coarse_graining import (
    KERNELS,
    Autocorrelation,
    coarse_grain,
    effective_sample_size,
    spatial_autocorrelation,
)
from bosonpeak.papers.yang_2021.fields import correlation_length

SKEWED = np.array([[12.0, 0, 0], [5.5, 11, 0], [-5, 4, 13]])
WEIGHTS = {
    "gaussian": lambda d, length: np.exp(-(d**2) / (2 * length**2)),
    "sphere": lambda d, length: (d <= length) * 1.0,
    "exponential": lambda d, length: np.exp(-d / length),
}


def _gas(n, cell=SKEWED, seed=0):
    return Atoms("Cu" * n, np.random.default_rng(seed).uniform(-1, 2, (n, 3)) @ cell, cell=cell, pbc=True)


def _lattice(m, seed=0):
    """m^3 atoms at distance 2.6, displaced at random: a density without large fluctuations."""
    grid = np.stack(np.meshgrid(*[np.arange(m)] * 3), -1).reshape(-1, 3) * 2.6
    positions = grid + np.random.default_rng(seed).uniform(-0.6, 0.6, grid.shape)
    return Atoms("Cu" * m**3, positions, cell=[2.6 * m] * 3, pbc=True)


def _fields(atoms, length, count, amplitude=1.0, seed=1):
    """Gaussian random fields (N, count) of correlation amplitude exp(-r / length), and 1 at r = 0."""
    # for cubic boxes only, since distances from ASE take seconds
    way = np.abs(atoms.positions[:, None] - atoms.positions)
    box = atoms.cell[0, 0]
    way = np.minimum(way % box, -way % box)
    covariance = amplitude * np.exp(-np.linalg.norm(way, axis=-1) / length)
    np.fill_diagonal(covariance, 1)
    return np.linalg.cholesky(covariance) @ np.random.default_rng(seed).standard_normal((len(atoms), count))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    "cell", [SKEWED, np.diag([9.0, 12, 15]), np.array([[1, 0, 0], [4, 1, 0], [-3, 2, 1]]) @ SKEWED]
)
def test_coarse_graining_is_the_weighted_mean_over_nearest_images(kernel, cell):
    atoms = _gas(80, cell)
    x = np.random.default_rng(1).normal(3, 1, (80, 2))
    distance = atoms.get_all_distances(mic=True)
    for length in (0.8, 3.0, 7.0):
        weight = WEIGHTS[kernel](distance, length)
        expected = weight @ x / weight.sum(axis=1)[:, None]
        np.testing.assert_allclose(coarse_grain(x, atoms, length, kernel), expected, rtol=1e-10)
        np.testing.assert_allclose(coarse_grain(x[:, 1], atoms, length, kernel), expected[:, 1], rtol=1e-10)


@pytest.mark.parametrize("kernel", KERNELS)
def test_limits_of_coarse_graining(kernel):
    atoms, x = _gas(50), np.random.default_rng(2).normal(0, 1, 50)
    np.testing.assert_allclose(coarse_grain(x, atoms, 1e-3, kernel), x)
    np.testing.assert_allclose(coarse_grain(x, atoms, 1e9, kernel), x.mean(), rtol=1e-6)
    np.testing.assert_allclose(coarse_grain(np.full(50, 2.5), atoms, 2.0, kernel), 2.5)


def test_a_wave_is_damped_by_the_transform_of_the_kernel():
    # on a fine lattice: exp(-k^2 L^2 / 2), and 3 (sin kL - kL cos kL) / (kL)^3
    m, length = 18, 3.1
    grid = np.stack(np.meshgrid(*[np.arange(m)] * 3), -1).reshape(-1, 3) * 1.0
    atoms, k = Atoms("Cu" * m**3, grid, cell=[m] * 3, pbc=True), 2 * np.pi / m
    wave = np.cos(k * grid[:, 0] + 0.3)
    np.testing.assert_allclose(coarse_grain(wave, atoms, 2.0), wave * np.exp(-((k * 2.0) ** 2) / 2), atol=1e-3)
    x = k * length
    sphere = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    np.testing.assert_allclose(coarse_grain(wave, atoms, length, "sphere"), wave * sphere, atol=0.03)


def test_atoms_without_a_value_are_left_out():
    atoms, x = _gas(60), np.random.default_rng(3).normal(0, 1, 60)
    x[::4] = np.nan
    some = coarse_grain(x, atoms, 4.0)
    # the result is that of the other atoms without them
    known = np.flatnonzero(~np.isnan(x))
    np.testing.assert_allclose(some[known], coarse_grain(x[known], atoms[known], 4.0))
    assert np.isfinite(some).all()
    # no atom with a value within reach
    assert np.isnan(coarse_grain(x, atoms, 1e-3, "sphere")[::4]).all()
    edges = np.arange(0, 5, 0.5)
    with_gaps, alone = spatial_autocorrelation(x, atoms, edges), spatial_autocorrelation(x[known], atoms[known], edges)
    np.testing.assert_allclose(with_gaps.c, alone.c)
    assert with_gaps.n_atoms == 45


@pytest.mark.parametrize("cell", [SKEWED, np.diag([9.0, 12, 15])])
def test_autocorrelation_is_the_mean_of_products(cell):
    atoms, x = _gas(150, cell), np.random.default_rng(4).normal(7, 2, 150)
    edges = np.linspace(0, 4.4, 8)
    found = spatial_autocorrelation(x, atoms, edges)
    d, dx = atoms.get_all_distances(mic=True), x - x.mean()
    product = np.outer(dx, dx) / (dx**2).mean()
    for k in range(7):
        shell = (d > edges[k]) & (d <= edges[k + 1]) & ~np.eye(150, dtype=bool)
        assert found.pairs[k] == shell.sum()
        assert found.c[k] == pytest.approx(product[shell].mean(), rel=1e-10)
        assert found.r[k] == pytest.approx(d[shell].mean(), rel=1e-10)
    # shifting, scaling and naming change nothing
    order = np.random.default_rng(5).permutation(150)
    np.testing.assert_allclose(spatial_autocorrelation(3 - 2 * x[order], atoms[order], edges).c, found.c)


def test_a_replica_leaves_out_every_pair_of_its_block():
    atoms, x = _gas(400, np.diag([12.0, 12, 12])), np.random.default_rng(6).normal(0, 1, 400)
    found = spatial_autocorrelation(x, atoms, [1.0, 3.0, 5.0])
    block = np.floor(atoms.get_scaled_positions() * 3).astype(int) @ [9, 3, 1]
    dx, d = x - x.mean(), atoms.get_all_distances(mic=True)
    for b in (0, 13, 26):
        keep = block != b
        product = np.outer(dx, dx)[np.ix_(keep, keep)] / (dx[keep] ** 2).mean()
        for k, (low, high) in enumerate(((1, 3), (3, 5))):
            shell = (d[np.ix_(keep, keep)] > low) & (d[np.ix_(keep, keep)] <= high)
            assert found.replicas[b, k] == pytest.approx(product[shell].mean(), rel=1e-9)


def test_a_wave_is_correlated_as_a_spherical_bessel_function():
    # the average over three directions and all positions is close to sin(kr) / (kr) for an even density
    m = 16
    grid = np.stack(np.meshgrid(*[np.arange(m)] * 3), -1).reshape(-1, 3) * 1.0
    grid += np.random.default_rng(7).uniform(-0.4, 0.4, grid.shape)
    k = 2 * 2 * np.pi / m
    waves = np.cos(k * grid + 0.4).sum(axis=1)
    found = spatial_autocorrelation(waves, Atoms("Cu" * m**3, grid, cell=[m] * 3, pbc=True), np.arange(0.5, 8, 0.5))
    np.testing.assert_allclose(found.c, np.sinc(k * found.r / np.pi), atol=0.02)


def test_white_noise_is_uncorrelated_within_its_error():
    atoms = _lattice(8)
    each = [
        spatial_autocorrelation(np.random.default_rng(seed).standard_normal(512), atoms, np.arange(1.5, 10, 1.0))
        for seed in range(40)
    ]
    scaled = np.array([(c.c + 1 / 512) / c.stderr for c in each])
    assert abs(scaled.mean()) < 0.2 and 0.65 < scaled.std() < 1.1
    # n pairs counted twice: the error of white noise is sqrt(2 / n), and the jackknife gives up to sqrt(2) times that
    ratio = np.mean([c.stderr for c in each], axis=0) / np.sqrt(2 / each[0].pairs)
    assert 1 < ratio.min() and ratio.max() < 1.1 * np.sqrt(2)


@pytest.fixture(scope="module")
def correlated():
    """40 fields of correlation exp(-r / 3) on 1000 atoms, and their autocorrelations."""
    atoms = _lattice(10)
    edges = np.arange(1.4, 13, 0.8)
    return [spatial_autocorrelation(x, atoms, edges) for x in _fields(atoms, 3.0, 40).T]


def test_the_error_of_the_autocorrelation_is_its_scatter(correlated):
    scatter = np.std([c.c for c in correlated], axis=0, ddof=1)
    stated = np.mean([c.stderr for c in correlated], axis=0)
    np.testing.assert_allclose(stated / scatter, 1, atol=0.4)
    assert (stated / scatter).mean() == pytest.approx(1, abs=0.15)


def test_the_correlation_length_of_known_fields_is_found_and_covered(correlated):
    fits = [correlation_length(c) for c in correlated]
    lengths = np.array([fit.length for fit in fits])
    assert lengths.mean() == pytest.approx(3.0, abs=3 * lengths.std() / np.sqrt(40) + 0.1)
    # 95 % intervals of 40 fields, from a jackknife that assumes independent blocks
    assert 30 <= sum(low < 3 < high for low, high in (fit.interval for fit in fits)) <= 40
    width = np.mean([np.log(fit.interval[1] / fit.interval[0]) for fit in fits]) / 4.1
    assert width == pytest.approx(np.log(lengths).std(), rel=0.4)
    assert all(fit.amplitude == 1 for fit in fits)


def test_a_weaker_correlation_needs_its_amplitude():
    atoms = _lattice(10)
    edges = np.arange(1.4, 13, 0.8)
    fields = _fields(atoms, 4.0, 20, amplitude=0.5, seed=3)
    fits = [correlation_length(spatial_autocorrelation(x, atoms, edges), amplitude=None) for x in fields.T]
    assert np.median([fit.length for fit in fits]) == pytest.approx(4.0, abs=0.8)
    assert np.median([fit.amplitude for fit in fits]) == pytest.approx(0.5, abs=0.1)


def test_an_exact_exponential_is_fitted_exactly():
    r = np.arange(1.0, 12)
    c = np.exp(-r / 1.97)
    exact = Autocorrelation(r, c, np.full(11, 0.01), np.full(11, 100.0), np.tile(c, (27, 1)), 10**9, 1e12)
    fit = correlation_length(exact)
    assert fit.length == pytest.approx(1.97, rel=1e-5)
    np.testing.assert_allclose(fit.interval, 1.97, rtol=1e-5)
    free = correlation_length(
        Autocorrelation(r, 0.3 * c, *[getattr(exact, k) for k in ("stderr", "pairs", "replicas", "n_atoms", "volume")]),
        None,
    )
    assert free.amplitude == pytest.approx(0.3, rel=1e-4) and free.length == pytest.approx(1.97, rel=1e-4)


@pytest.mark.parametrize("kernel, length", [("gaussian", 2.5), ("sphere", 5.0), ("exponential", 2.0)])
def test_the_effective_sample_size_is_that_of_the_scatter_of_r(kernel, length):
    atoms = _lattice(10)
    noise = np.random.default_rng(8).standard_normal((1000, 40))
    fields = coarse_grain(noise, atoms, length, kernel)
    r = np.corrcoef(fields.T)[np.triu_indices(40, 1)]
    true = 1 + 1 / r.var()
    found = [effective_sample_size(spatial_autocorrelation(x, atoms, np.linspace(0, 13, 40))) for x in fields.T]
    assert true < 200
    assert np.mean(found) == pytest.approx(true, rel=0.25)
    # without coarse graining all atoms count
    white = [spatial_autocorrelation(x, atoms, np.linspace(0, 13, 40)) for x in noise.T[:10]]
    assert np.mean([effective_sample_size(c) for c in white]) == pytest.approx(1000, rel=0.1)
    # if one of two fields is white noise, nearly all atoms count
    smooth = spatial_autocorrelation(fields[:, 0], atoms, np.linspace(0, 13, 40))
    assert effective_sample_size(smooth, white[0]) == pytest.approx(1000, rel=0.35)


def test_sums_do_not_depend_on_the_number_of_threads():
    atoms, x = _gas(200), np.random.default_rng(9).normal(0, 1, 200)
    threads, results = numba.get_num_threads(), []
    try:
        for n in (1, threads):
            numba.set_num_threads(n)
            results.append((coarse_grain(x, atoms, 2.0), spatial_autocorrelation(x, atoms, np.arange(5.0)).c))
    finally:
        numba.set_num_threads(threads)
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_bad_input_is_named():
    atoms, x = _gas(20), np.arange(20.0)
    for length in (0, -2, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"length = {length} must be positive"):
            coarse_grain(x, atoms, length)
    with pytest.raises(ValueError, match="kernel 'box' one of gaussian, sphere, exponential"):
        coarse_grain(x, atoms, 1, "box")
    for values in (x[:-1], np.zeros((20, 2, 2)), np.r_[x[:-1], np.inf], 3.0):
        with pytest.raises(ValueError, match="for 20 atoms"):
            coarse_grain(values, atoms, 1)
    with pytest.raises(ValueError, match="for 20 atoms"):
        spatial_autocorrelation(np.zeros((20, 2)), atoms, [1, 2])
    half = 0.5 / np.linalg.norm(np.linalg.inv(SKEWED), axis=0).max()
    for edges in ([1], [2, 1], [-1, 1], [0, np.nan], [[0, 1]], [0, 1.01 * half]):
        with pytest.raises(ValueError, match=f"half the box, {half:.4g}"):
            spatial_autocorrelation(x, atoms, edges)
    for same in (np.full(20, 0.1), np.full(20, np.nan), np.zeros(20), np.r_[5.0, np.full(19, np.nan)]):
        with pytest.raises(ValueError, match="do not vary"):
            spatial_autocorrelation(same, atoms, [1, 2])
    one = spatial_autocorrelation(x, atoms, [1.0, 4.0])
    with pytest.raises(ValueError, match="1 shells with pairs: a decay needs three"):
        correlation_length(one)
    with pytest.raises(ValueError, match="different atoms or shells"):
        effective_sample_size(one, spatial_autocorrelation(x, atoms, [1.0, 3.0]))
