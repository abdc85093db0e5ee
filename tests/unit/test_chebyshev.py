"""Moments against numpy's Chebyshev polynomials on dense eigenvalues, and the Jackson kernel's limits."""

import numba
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.polynomial.chebyshev import chebval, chebvander

from bosonpeak.networks import square_lattice_network
from bosonpeak.vibrations.chebyshev import chebyshev_moments, jackson_kernel
from bosonpeak.vibrations.operators import FactoredOperator, check_operator, spectral_bound

RNG = np.random.default_rng(77)


def _random(n, density=0.08):
    A = sp.random(n, n, density, format="csr", rng=RNG, data_rvs=RNG.standard_normal)
    return (A @ A.T).tocsr()


def _factored():
    return FactoredOperator(_random(130), sp.random(40, 130, 0.1, format="csr", rng=RNG), RNG.uniform(-0.2, 1, 40))


def _factored_psd():
    operator = _factored()
    low = np.linalg.eigvalsh(operator.toarray())[0]
    return FactoredOperator((operator.B + (abs(low) + 0.1) * sp.eye(130)).tocsr(), operator.G, operator.F)


OPERATORS = {
    "csr": _random(143),
    "network": square_lattice_network(13, 0.4, "distance", rng=5).dynamical_matrix(),
    "bsr-1": sp.bsr_matrix(_random(120), blocksize=(1, 1)),
    "bsr-2": sp.bsr_matrix(_random(120), blocksize=(2, 2)),
    "bsr-3": sp.bsr_matrix(_random(120), blocksize=(3, 3)),
    "factored": _factored_psd(),
    "factored-bsr": FactoredOperator(
        sp.bsr_matrix(_random(60), blocksize=(3, 3)), sp.csr_matrix(np.ones((1, 60))), np.ones(1)
    ),
    "long-indices": sp.csr_matrix(_random(90)),
    "empty-row": sp.block_diag([_random(30), sp.csr_matrix((3, 3))]).tocsr(),
    "dense": _random(40).toarray(),
}
OPERATORS["long-indices"].indices = OPERATORS["long-indices"].indices.astype(np.int64)
OPERATORS["long-indices"].indptr = OPERATORS["long-indices"].indptr.astype(np.int64)


def _expected(H, vectors, n_moments, bound):
    eigenvalue, e = np.linalg.eigh(H.toarray() if hasattr(H, "toarray") else H)
    return chebvander(2 * eigenvalue / bound - 1, n_moments - 1).T @ (e.T @ vectors) ** 2


def _top(H):
    return np.linalg.eigvalsh(H.toarray() if hasattr(H, "toarray") else H)[-1]


@pytest.mark.parametrize("name", OPERATORS)
def test_moments_are_those_of_the_dense_spectrum(name):
    H = OPERATORS[name]
    bound = 1.02 * _top(H)
    vectors = np.random.default_rng(1).standard_normal((H.shape[0], 3))
    vectors /= np.linalg.norm(vectors, axis=0)
    moments = chebyshev_moments(check_operator(H), vectors, 200, bound)
    np.testing.assert_allclose(moments, _expected(H, vectors, 200, bound), atol=1e-12)


@pytest.mark.parametrize("k", [1, 7, 8, 9, 19])
@pytest.mark.parametrize("n_moments", [2, 3, 101])
def test_any_number_of_vectors_and_of_moments(k, n_moments):
    H = OPERATORS["network"]
    bound = 1.01 * _top(H)
    vectors = np.random.default_rng(k).standard_normal((169, k)) / 13
    moments = chebyshev_moments(H, vectors, n_moments, bound)
    assert moments.shape == (n_moments, k)
    np.testing.assert_allclose(moments, _expected(H, vectors, n_moments, bound), atol=1e-12)


def test_blocks_from_a_generator_and_vectors_in_any_memory_order():
    H, vectors = OPERATORS["network"], np.random.default_rng(2).standard_normal((169, 21))
    whole = chebyshev_moments(H, vectors, 40, 20.0)
    cuts = [(0, 8), (8, 16), (16, 21)]
    np.testing.assert_array_equal(chebyshev_moments(H, (vectors[:, a:b] for a, b in cuts), 40, 20.0), whole)
    np.testing.assert_array_equal(chebyshev_moments(H, np.asfortranarray(vectors), 40, 20.0), whole)
    np.testing.assert_array_equal(chebyshev_moments(H, [vectors[:, :3], vectors[:, 3:]], 40, 20.0), whole)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one core")
@pytest.mark.parametrize("kind", ["csr", "bsr", "factored"])
def test_the_number_of_threads_changes_no_bit(kind):
    # more than two chunks of 512 rows, the last one short
    H = square_lattice_network(42, 0.3, "distance", rng=6).dynamical_matrix()
    if kind == "bsr":
        H = sp.bsr_matrix(H, blocksize=(2, 2))
    if kind == "factored":
        H = FactoredOperator(H, sp.random(1100, 1764, 0.01, format="csr", rng=3), np.ones(1100))
    H = check_operator(H)
    bound = spectral_bound(H)
    vectors = np.random.default_rng(4).standard_normal((1764, 9))
    before = numba.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 1, 2):
            numba.set_num_threads(threads)
            results.append(chebyshev_moments(H, vectors, 100, bound))
    finally:
        numba.set_num_threads(before)
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def test_a_bound_too_small_is_told_from_a_negative_eigenvalue():
    H = OPERATORS["network"]
    vectors = np.random.default_rng(5).standard_normal((169, 8))
    with pytest.raises(ValueError, match=r"exceeds mu_0.* above the bound"):
        chebyshev_moments(H, vectors, 500, 0.9 * _top(H))
    with pytest.raises(ValueError, match=r"exceeds mu_0.* below 0"):
        chebyshev_moments((H - 0.3 * sp.eye(169)).tocsr(), vectors, 500, 1.1 * _top(H))


@pytest.mark.parametrize(
    "vectors, n_moments, sentence",
    [
        (np.ones((169, 1)), 1, "at least 2"),
        (np.ones((168, 1)), 10, r"shape \(168, 1\) do not fit an operator of 169 rows"),
        (np.ones(169), 10, "do not fit"),
        (np.full((169, 1), np.nan), 10, "start vectors hold NaN"),
        (iter(()), 10, "no vectors"),
        (np.ones((169, 0)), 10, "no vectors"),
    ],
)
def test_mistakes_are_named(vectors, n_moments, sentence):
    with pytest.raises(ValueError, match=sentence):
        chebyshev_moments(OPERATORS["network"], vectors, n_moments, 20.0)


@pytest.mark.parametrize("m", [2, 3, 16, 100, 1000])
def test_jackson_kernel_is_positive_normalised_and_as_narrow_as_stated(m):
    g = jackson_kernel(m)
    assert g.shape == (m,) and g[0] == pytest.approx(1)
    assert (np.diff(g) < 0).all() and g[-1] > 0
    # <cos theta> of the narrowest positive kernel of this order (Fejer's problem)
    assert g[1] == pytest.approx(np.cos(np.pi / (m + 1)), abs=1e-12)
    angle = np.linspace(-np.pi, np.pi, 20 * m + 1)
    kernel = chebval(np.cos(angle), np.r_[1, 2 * g[1:]]) / (2 * np.pi)
    assert kernel.min() > -1e-12
    assert kernel[:-1].sum() * (angle[1] - angle[0]) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("m", [50, 400])
def test_jackson_kernel_is_nearly_a_gaussian_of_width_pi_over_m(m):
    g, angle = jackson_kernel(m), np.linspace(-np.pi, np.pi, 40 * m + 1)
    kernel = chebval(np.cos(angle), np.r_[1, 2 * g[1:]]) / (2 * np.pi)
    width = np.pi / m
    # chord instead of arc: what the width means to second order
    variance = np.sum(kernel[:-1] * 2 * (1 - np.cos(angle[:-1]))) * (angle[1] - angle[0])
    assert variance == pytest.approx(width**2, rel=3 / m)
    assert kernel.max() * width * np.sqrt(2 * np.pi) == pytest.approx(1, abs=0.05)
    half = angle[kernel >= kernel.max() / 2]
    assert np.ptp(half) == pytest.approx(2 * np.sqrt(2 * np.log(2)) * width, rel=0.06)
