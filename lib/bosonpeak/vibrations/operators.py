"""What the Chebyshev engine runs on: checked symmetric operators, and the interval of their spectrum."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.linalg import eigh_tridiagonal

from bosonpeak.threads import blas_threads


@dataclass(frozen=True)
class FactoredOperator:
    """H = B + G^T F G without ever forming the product, as the embedded-atom Hessian is built.

    Where G has many entries per column, G^T F G has far more than B and G together.

    Attributes
    ----------
    B : sparse matrix, shape (n, n)
        Symmetric.
    G : sparse matrix, shape (m, n)
    F : array, shape (m,)
        Diagonal.
    """

    B: sp.spmatrix
    G: sp.spmatrix
    F: np.ndarray

    def __post_init__(self):
        n, m = self.B.shape[0], self.G.shape[0]
        if self.G.shape[1] != n or np.shape(self.F) != (m,):
            shapes = f"B {self.B.shape}, G {self.G.shape}, F {np.shape(self.F)}"
            raise ValueError(f"factors do not fit: {shapes}; expected (n, n), (m, n), (m,)")

    @property
    def shape(self):
        return self.B.shape

    def __matmul__(self, x):
        weighted = (self.F * (self.G @ x).T).T
        return self.B @ x + self.G.T @ weighted

    def toarray(self) -> np.ndarray:
        """The product as a dense matrix."""
        return (self.B + self.G.T @ sp.diags(self.F) @ self.G).toarray()


def check_operator(H):
    """Return H fit for the engine: CSR or BSR with square blocks, float64, or a FactoredOperator of such.

    Dense arrays and other sparse formats become CSR.

    Raises
    ------
    TypeError
        For anything else, and for complex entries.
    ValueError
        For a matrix that is not square, holds NaN or infinite entries, or is not symmetric to 1e-9 of its largest
        entry.
    """
    if isinstance(H, FactoredOperator):
        if not (np.isfinite(H.F).all() and np.isfinite(H.G.data).all()):
            raise ValueError("the factored operator holds NaN or infinite entries in F or G")
        G = _in_order(sp.csr_matrix(H.G, dtype=float))
        return FactoredOperator(check_operator(H.B), G, np.asarray(H.F, float))
    if not (sp.issparse(H) or isinstance(H, np.ndarray)):
        raise TypeError(f"expected a sparse matrix, an array or a FactoredOperator, got {type(H).__name__}")
    if len(H.shape) != 2 or H.shape[0] != H.shape[1] or H.shape[0] == 0:
        raise ValueError(f"a dynamical matrix is square, got shape {H.shape}")
    if np.iscomplexobj(H):
        raise TypeError("a dynamical matrix in real space is real, got complex entries")
    blocked = sp.issparse(H) and H.format == "bsr" and H.blocksize[0] == H.blocksize[1]
    H = H if blocked or (sp.issparse(H) and H.format == "csr") else sp.csr_matrix(H)
    H = _in_order(H.astype(np.float64, copy=False))
    if not np.isfinite(H.data).all():
        row = int(np.flatnonzero(~np.isfinite(np.asarray(abs(H).sum(axis=1)).ravel()))[0])
        raise ValueError(f"the dynamical matrix holds NaN or infinite entries, first in row {row}")
    largest = abs(H.data).max() if H.data.size else 0.0
    difference = H - H.T
    off = abs(difference.data).max() if difference.data.size else 0.0
    if off > 1e-9 * largest:
        raise ValueError(
            f"the dynamical matrix is not symmetric: |H - H^T| reaches {off:.3g}, with entries of {largest:.3g}"
        )
    return H


def _in_order(matrix):
    """A sparse matrix with sorted indices: scipy sorts in place at need, and later sums would have another order."""
    return matrix if matrix.has_sorted_indices else matrix.sorted_indices()


def gershgorin_bound(H) -> float:
    """Largest row sum of |H_ij|, above which no eigenvalue lies; infinite for a FactoredOperator."""
    return np.inf if isinstance(H, FactoredOperator) else float(abs(H).sum(axis=1).max())


def lanczos_extremes(H, steps: int = 80, seed: int = 0) -> tuple[float, float, float]:
    """Lowest and highest Ritz value after some Lanczos steps, and the residual of the highest.

    Without reorthogonalisation the Ritz values stay inside the spectrum (Paige 1980), and an eigenvalue lies within the
    residual of the highest one. Small matrices end early, exactly.
    """
    n = H.shape[0]
    q = np.random.default_rng(seed).standard_normal(n)
    q /= np.linalg.norm(q)
    before, beta = np.zeros(n), 0.0
    diagonal, off = [], []
    for _ in range(min(steps, n)):
        w = H @ q - beta * before
        diagonal.append(q @ w)
        w -= diagonal[-1] * q
        beta = np.linalg.norm(w)
        off.append(beta)
        if beta <= 1e-12 * max(map(abs, diagonal)):
            break
        before, q = q, w / beta
    ritz, vector = eigh_tridiagonal(diagonal, off[:-1])
    return float(ritz[0]), float(ritz[-1]), float(off[-1] * abs(vector[-1, -1]))


def spectral_bound(H, margin: float = 0.01) -> float:
    """An upper bound of the eigenvalues of a checked, positive semi-definite H, guarded by `margin`.

    It is the highest Ritz value plus its residual, raised by `margin`, but never above Gershgorin's bound. Raises
    ValueError where the lowest Ritz value is negative (H is indefinite) or H vanishes.
    """
    with blas_threads(1):
        low, high, residual = lanczos_extremes(H)
    scale = max(abs(low), abs(high))
    if not scale > 0:
        raise ValueError("the dynamical matrix is zero: without springs there is no spectrum")
    if low < -1e-8 * scale:
        raise ValueError(
            f"the dynamical matrix is indefinite (an eigenvalue at or below {low:.3g}, the highest near {high:.3g}): "
            "the structure is not a minimum; relax it to a smaller force first"
        )
    return min((high + residual) * (1 + margin), gershgorin_bound(H) * (1 + 1e-12))
