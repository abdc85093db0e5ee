"""What the engine refuses, and the bound of the spectrum against dense eigenvalues."""

import numpy as np
import pytest
import scipy.sparse as sp

from bosonpeak.networks import diluted_square_lattice, square_lattice_network
from bosonpeak.vibrations.operators import (
    FactoredOperator,
    check_operator,
    gershgorin_bound,
    lanczos_extremes,
    spectral_bound,
)
from bosonpeak.vibrations.spectra import density_of_states

OMEGA = np.linspace(0.1, 3, 5)


def _psd(seed: int, n: int = 150, density: float = 0.03):
    """A random sparse positive semi-definite matrix, scaled at random."""
    rng = np.random.default_rng(seed)
    A = sp.random(n, n, density, format="csr", rng=rng, data_rvs=rng.standard_normal)
    return (A @ A.T).tocsr() * 10 ** rng.uniform(-3, 3)


def _with(change):
    H = square_lattice_network(5, 0.2, rng=1).dynamical_matrix().tolil()
    change(H)
    return H.tocsr()


def _set(i, j, value):
    def change(H):
        H[i, j] = value

    return _with(change)


@pytest.mark.parametrize(
    "H, error, sentence",
    [
        (_set(3, 7, 0.5), ValueError, r"not symmetric: \|H - H\^T\| reaches 0.5"),
        (_set(7, 7, np.nan), ValueError, "NaN or infinite entries, first in row 7"),
        (_set(11, 2, np.inf), ValueError, "NaN or infinite entries, first in row 11"),
        (_set(0, 0, -np.inf), ValueError, "NaN or infinite entries, first in row 0"),
        (np.ones((3, 4)), ValueError, r"square, got shape \(3, 4\)"),
        (np.ones(4), ValueError, "square"),
        (np.ones((0, 0)), ValueError, "square"),
        (np.eye(3) * 1j, TypeError, "complex"),
        ([[1.0, 0.0], [0.0, 1.0]], TypeError, "got list"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_unfit_matrices_are_refused(H, error, sentence):
    with pytest.raises(error, match=sentence):
        check_operator(H)
    with pytest.raises(error, match=sentence):
        density_of_states(H, OMEGA, 10, 1, rng=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_unfit_factors_are_refused(bad):
    B, G, F = sp.eye(4, format="csr"), sp.csr_matrix(np.ones((2, 4))), np.array([1.0, 2.0])
    for broken in (
        FactoredOperator(B, G, np.array([1.0, bad])),
        FactoredOperator(B, G * bad, F),
        FactoredOperator(B * bad, G, F),
    ):
        with pytest.raises(ValueError, match="NaN or infinite"):
            check_operator(broken)
    with pytest.raises(ValueError, match="not symmetric"):
        check_operator(FactoredOperator(sp.csr_matrix(np.triu(np.ones((4, 4)))), G, F))


@pytest.mark.parametrize("G, F", [((2, 5), 2), ((2, 4), 3), ((4, 2), 4)])
def test_factors_of_the_wrong_shape_are_refused(G, F):
    with pytest.raises(ValueError, match="factors do not fit: B"):
        FactoredOperator(sp.eye(4), sp.csr_matrix(np.ones(G)), np.ones(F))


def test_a_rounding_error_of_symmetry_is_let_pass_and_a_larger_one_is_not():
    H = square_lattice_network(5, 0.2, rng=1).dynamical_matrix()
    largest = abs(H).max()
    for relative, fails in ((3e-10, False), (3e-9, True)):
        tilted = H + sp.csr_matrix(([relative * largest], ([2], [9])), shape=H.shape)
        if fails:
            with pytest.raises(ValueError, match="not symmetric"):
                check_operator(tilted)
        else:
            check_operator(tilted)


@pytest.mark.parametrize("form", ["dense", "csc", "coo", "lil", "csr", "bsr", "integers"])
def test_every_form_of_one_matrix_is_the_same_operator(form):
    H = sp.csr_matrix(np.kron(np.eye(3), [[2.0, -1.0], [-1.0, 2.0]]))
    given = {"dense": H.toarray(), "integers": H.astype(int)}.get(form)
    checked = check_operator(H.asformat(form) if given is None else given)
    assert checked.format == ("bsr" if form == "bsr" else "csr") and checked.dtype == np.float64
    np.testing.assert_array_equal(checked.toarray(), H.toarray())


def test_the_zero_matrix_has_no_spectrum():
    with pytest.raises(ValueError, match="zero: without springs there is no spectrum"):
        density_of_states(sp.csr_matrix((9, 9)), OMEGA, 10, 1, rng=0)


def test_clearly_indefinite_is_seen_before_the_recursion():
    H = square_lattice_network(20, 0.3, rng=2).dynamical_matrix()
    with pytest.raises(ValueError, match=r"indefinite .* the structure is not a minimum"):
        spectral_bound(check_operator(H - 0.5 * sp.eye(400)))
    with pytest.raises(ValueError, match="indefinite"):
        spectral_bound(check_operator(-H))


def test_barely_indefinite_is_seen_by_the_growth_of_the_moments():
    # a ring of 3,000, shifted by 1e-4 beside 4: 80 Lanczos steps do not resolve it, 3,000 moments do
    node = np.arange(3000)
    hop = sp.csr_matrix((np.ones(3000), (node, (node + 1) % 3000)))
    H = ((2 - 1e-4) * sp.eye(3000) - hop - hop.T).tocsr()
    assert spectral_bound(check_operator(H)) > 0
    with pytest.raises(ValueError, match="below 0: the structure is not a minimum"):
        density_of_states(H, OMEGA, 3000, 8, rng=0)


@pytest.mark.parametrize("seed", range(20))
def test_bound_lies_above_the_spectrum_and_near_it(seed):
    H = check_operator(_psd(seed, n=80 + 12 * seed))
    top = np.linalg.eigvalsh(H.toarray())[-1]
    assert top <= spectral_bound(H) <= 1.03 * top


def _spiked():
    H = _psd(50, 200)
    H = (H / np.linalg.eigvalsh(H.toarray())[-1]).tolil()
    H[17, 17] += 40.0
    return H.tocsr()


@pytest.mark.parametrize(
    "H",
    [
        sp.diags(np.r_[np.linspace(0, 1, 200), np.full(50, 1.0)]).tocsr(),
        sp.eye(50, format="csr") * 3.7,
        sp.csr_matrix([[2.5]]),
        _spiked(),
        sp.block_diag([_psd(60, 80), _psd(61, 60) * 3, sp.csr_matrix((10, 10))]).tocsr(),
        square_lattice_network(18, 0.0).dynamical_matrix(),
        square_lattice_network(18, 0.3, "distance", rng=3).dynamical_matrix(),
        square_lattice_network(18, 0.9, "distance", rng=3).dynamical_matrix(),
        diluted_square_lattice(18, 1.5, rng=3).dynamical_matrix(),
        # a chain: the top of its band is the slowest to converge
        sp.diags_array([-np.ones(399), np.r_[1, np.full(398, 2.0), 1], -np.ones(399)], offsets=[-1, 0, 1]).tocsr(),
    ],
    ids=["degenerate", "identity", "one", "outlier", "blocks", "crystal", "network", "strong", "pieces", "chain"],
)
def test_bound_of_awkward_spectra(H):
    H = check_operator(H)
    top = np.linalg.eigvalsh(H.toarray())[-1]
    assert top <= spectral_bound(H) <= 1.05 * top
    assert top <= gershgorin_bound(H) * (1 + 1e-12)


def test_ritz_values_stay_inside_the_spectrum_and_within_their_residual():
    for seed in range(10):
        H = _psd(seed, 200)
        eigenvalue = np.linalg.eigvalsh(H.toarray())
        low, high, residual = lanczos_extremes(H, steps=25, seed=seed)
        slack = 1e-10 * eigenvalue[-1]
        assert eigenvalue[0] - slack <= low <= high <= eigenvalue[-1] + slack
        assert abs(eigenvalue - high).min() <= residual + slack
        assert residual > 0


def test_factored_operator_is_the_product():
    rng = np.random.default_rng(8)
    B, G, F = _psd(9, 60), sp.random(25, 60, 0.2, format="csr", rng=rng), rng.uniform(0, 2, 25)
    operator = check_operator(FactoredOperator(B, G, F))
    dense = B.toarray() + G.toarray().T @ np.diag(F) @ G.toarray()
    np.testing.assert_allclose(operator.toarray(), dense, atol=1e-12 * abs(dense).max())
    for x in (rng.standard_normal(60), rng.standard_normal((60, 3))):
        np.testing.assert_allclose(operator @ x, dense @ x, atol=1e-11 * abs(dense).max())
    assert operator.shape == (60, 60) and gershgorin_bound(operator) == np.inf
    top = np.linalg.eigvalsh(dense)[-1]
    assert top <= spectral_bound(operator) <= 1.05 * top
