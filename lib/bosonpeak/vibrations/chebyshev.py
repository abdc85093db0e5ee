"""The engine: Chebyshev moments of a sparse operator by one fused, blocked and threaded recursion.

With A = 2 H / h - 1, h above every eigenvalue of H >= 0, t_0 = v, t_1 = A v, t_{n+1} = 2 A t_n - t_{n-1}, the moments
are mu_n = <v| T_n(A) |v>. Two of them come from each step (Weisse et al., Rev. Mod. Phys. 78, 275 (2006), Eqs. 34-35):
mu_2n = 2 <t_n|t_n> - mu_0, mu_2n+1 = 2 <t_n+1|t_n> - mu_1. One sweep over the rows reads the matrix, t_n and t_{n-1},
writes t_{n+1} over t_{n-1}, and adds up both products, for eight vectors at once.
"""

import numpy as np
import scipy.sparse as sp
from numba import njit, prange
from tqdm.auto import tqdm

from bosonpeak.vibrations.lanes import LANES, load, product_sum, scaled_sum, store, zero
from bosonpeak.vibrations.operators import FactoredOperator

_CHUNK = 512
"""Rows whose products are added up together. It is fixed, so that sums do not depend on the number of threads."""


@njit(cache=True)
def _finish_row(row, total, w, z, alpha, beta, gamma, ww, zw):
    wi = load(w, row)
    new = scaled_sum(gamma, load(z, row), scaled_sum(beta, wi, scaled_sum(alpha, total, zero())))
    store(z, row, new)
    return product_sum(wi, wi, ww), product_sum(new, wi, zw)


@njit(cache=True)
def _sweep_rows(indptr, indices, data, x, w, z, alpha, beta, gamma, first, last, partial, at):
    """z <- alpha A x + beta w + gamma z on the rows [first, last) of a CSR matrix; adds up <w, w> and <z, w>."""
    ww, zw = zero(), zero()
    for i in range(first, last):
        total = zero()
        for p in range(indptr[i], indptr[i + 1]):
            total = scaled_sum(data[p], load(x, np.intp(indices[p]) * LANES), total)
        ww, zw = _finish_row(i * LANES, total, w, z, alpha, beta, gamma, ww, zw)
    store(partial, at, ww)
    store(partial, at + LANES, zw)


@njit(cache=True)
def _sweep_block_rows(indptr, indices, data, block, x, w, z, alpha, beta, gamma, first, last, partial, at):
    """The same for a BSR matrix of square blocks; the 3 x 3 blocks of atoms read x once for three rows."""
    ww, zw = zero(), zero()
    if block == 3:
        for i in range(first, last):
            t0, t1, t2 = zero(), zero(), zero()
            for p in range(indptr[i], indptr[i + 1]):
                e, column = 9 * p, np.intp(indices[p]) * 3 * LANES
                x0, x1, x2 = load(x, column), load(x, column + LANES), load(x, column + 2 * LANES)
                t0 = scaled_sum(data[e + 2], x2, scaled_sum(data[e + 1], x1, scaled_sum(data[e], x0, t0)))
                t1 = scaled_sum(data[e + 5], x2, scaled_sum(data[e + 4], x1, scaled_sum(data[e + 3], x0, t1)))
                t2 = scaled_sum(data[e + 8], x2, scaled_sum(data[e + 7], x1, scaled_sum(data[e + 6], x0, t2)))
            ww, zw = _finish_row(3 * i * LANES, t0, w, z, alpha, beta, gamma, ww, zw)
            ww, zw = _finish_row((3 * i + 1) * LANES, t1, w, z, alpha, beta, gamma, ww, zw)
            ww, zw = _finish_row((3 * i + 2) * LANES, t2, w, z, alpha, beta, gamma, ww, zw)
        first = last
    for i in range(first, last):
        for a in range(block):
            total = zero()
            for p in range(indptr[i], indptr[i + 1]):
                entry = (p * block + a) * block
                column = np.intp(indices[p]) * block * LANES
                for b in range(block):
                    total = scaled_sum(data[entry + b], load(x, column + b * LANES), total)
            ww, zw = _finish_row((i * block + a) * LANES, total, w, z, alpha, beta, gamma, ww, zw)
    store(partial, at, ww)
    store(partial, at + LANES, zw)


@njit(parallel=True, cache=True)
def _sweep(indptr, indices, data, block, x, w, z, alpha, beta, gamma, partial):
    rows = indptr.size - 1
    for c in prange(partial.size // (2 * LANES)):
        first, last, at = c * _CHUNK, min(rows, (c + 1) * _CHUNK), c * 2 * LANES
        if block == 1:
            _sweep_rows(indptr, indices, data, x, w, z, alpha, beta, gamma, first, last, partial, at)
        else:
            _sweep_block_rows(indptr, indices, data, block, x, w, z, alpha, beta, gamma, first, last, partial, at)


def _aligned(n: int) -> np.ndarray:
    """Zeros (n * LANES,) that start on a cache line, so that a row needs one line instead of two."""
    raw = np.zeros(n * LANES * 8 + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n * LANES * 8].view(np.float64)


class _Sweep:
    """One sparse factor, ready for the kernel."""

    def __init__(self, A):
        self.block = A.blocksize[0] if A.format == "bsr" else 1
        self.indptr, self.indices = A.indptr, A.indices
        self.data = np.ascontiguousarray(A.data, dtype=np.float64).ravel()
        chunks = -(-(len(A.indptr) - 1) // _CHUNK)
        self.partial = np.zeros(chunks * 2 * LANES)

    def __call__(self, x, w, z, alpha, beta, gamma):
        """z <- alpha A x + beta w + gamma z; returns <w, w> and <z, w>, each (LANES,)."""
        _sweep(self.indptr, self.indices, self.data, self.block, x, w, z, alpha, beta, gamma, self.partial)
        return self.partial.reshape(-1, 2, LANES).sum(axis=0)


class _Recursion:
    """z <- c (A x) - z for A = (2 H - low - high) / (high - low), with the two products of the step."""

    def __init__(self, H, high, low=0.0):
        self.factor, self.shift = 2.0 / (high - low), (high + low) / (high - low)
        self.down = None
        if isinstance(H, FactoredOperator):
            self.main = _Sweep(H.B)
            self.down = _Sweep(sp.csr_matrix(sp.diags(H.F) @ H.G))
            self.up = _Sweep(sp.csr_matrix(H.G.T))
            self.middle = _aligned(H.G.shape[0])
        else:
            self.main = _Sweep(H)

    def __call__(self, x, z, scale, keep):
        """z <- scale A x - keep z; returns <x, x> and <z, x>."""
        products = self.main(x, x, z, scale * self.factor, -scale * self.shift, -keep)
        if self.down is not None:
            self.down(x, self.middle, self.middle, 1.0, 0.0, 0.0)
            products = self.up(self.middle, x, z, scale * self.factor, 0.0, 1.0)
        return products


def chebyshev_moments(H, vectors, n_moments: int, bound: float, progress: bool = False) -> np.ndarray:
    """Moments mu_n = <v| T_n(2 H / bound - 1) |v> of each vector.

    Parameters
    ----------
    H : CSR or BSR matrix, or FactoredOperator, shape (n, n)
        Positive semi-definite, from `operators.check_operator`, in any unit.
    vectors : array, shape (n, k), or an iterable of such blocks
        A generator keeps the memory at one block of eight vectors.
    n_moments : int
    bound : float
        Above the largest eigenvalue of H, in its unit.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    array, shape (n_moments, k)

    Raises
    ------
    ValueError
        For n_moments < 2, vectors of the wrong length or with NaN, and where a moment exceeds mu_0, which no spectrum
        inside [0, bound] allows: H then has eigenvalues below 0 or above the bound.
    """
    if n_moments < 2:
        raise ValueError(f"n_moments = {n_moments}: at least 2 are needed")
    n = H.shape[0]
    recursion = _Recursion(H, bound)
    x, z = _aligned(n), _aligned(n)
    steps = -(-n_moments // 2)
    results = []
    blocks = [vectors] if isinstance(vectors, np.ndarray) else vectors
    with tqdm(desc="Chebyshev", unit="step", disable=not progress) as bar:
        for vector in blocks:
            vector = np.asarray(vector, float)
            if vector.ndim != 2 or len(vector) != n:
                raise ValueError(f"vectors of shape {vector.shape} do not fit an operator of {n} rows; expected (n, k)")
            for start in range(0, vector.shape[1], LANES):
                part = vector[:, start : start + LANES]
                x.reshape(n, LANES)[:] = 0.0
                x.reshape(n, LANES)[:, : part.shape[1]] = part
                z[:] = 0.0
                moments = np.empty((2 * steps, LANES))
                even, odd = recursion(x, z, 1.0, 0.0)
                moments[0], moments[1] = even, odd
                for step in range(1, steps):
                    x, z = z, x
                    even, odd = recursion(x, z, 2.0, 1.0)
                    moments[2 * step] = 2 * even - moments[0]
                    moments[2 * step + 1] = 2 * odd - moments[1]
                    bar.update()
                    if step % 64 == 0:
                        _check_growth(moments[: 2 * step])
                _check_growth(moments)
                results.append(moments[:n_moments, : part.shape[1]])
    if not results:
        raise ValueError("no vectors were given")
    return np.concatenate(results, axis=1)


def _check_growth(moments) -> None:
    if np.isnan(moments[0]).any():
        raise ValueError("the start vectors hold NaN: give finite numbers")
    out = ~(abs(moments) <= moments[0] * (1 + 1e-6) + 1e-300)
    if not out.any():
        return
    # T_n(x) keeps its sign above the interval and alternates below it
    n, k = np.argwhere(out)[0]
    later = moments[n : n + 2, k]
    side = (
        "below 0: the structure is not a minimum, relax it further" if later[0] * later[-1] < 0 else "above the bound"
    )
    raise ValueError(f"moment {n} exceeds mu_0, so the operator has eigenvalues {side}")


def filter_vectors(H, vectors, degree: int, low: float, high: float, advance=None) -> None:
    """vectors <- p(H) vectors in place, with p = T_degree mapped to [low, high] and scaled to p(0) = 1.

    The filter leaves eigenvalues below `low` where they are, and damps those in [low, high] by cosh(degree arcosh((high
    + low) / (high - low))). The scaled recursion, which cannot overflow for eigenvalues >= 0, is that of Zhou, Saad,
    Tiago and Chelikowsky, J. Comput. Phys. 219, 172 (2006).

    Parameters
    ----------
    H : operator from `operators.check_operator`, shape (n, n)
    vectors : array, shape (n, k)
    degree : int
    low, high : float
        0 < low < high, in the unit of H, with `high` above the spectrum.
    advance : callable, optional
        Called with the number of vectors that are done after each block.
    """
    n, k = vectors.shape
    recursion = _Recursion(H, high, low)
    x, z = _aligned(n), _aligned(n)
    for start in range(0, k, LANES):
        part = vectors[:, start : start + LANES]
        x.reshape(n, LANES)[:, part.shape[1] :] = 0.0
        x.reshape(n, LANES)[:, : part.shape[1]] = part
        # 1 / A(0), and what keeps p(0) = 1 from step to step
        first = ratio = -1.0 / recursion.shift
        recursion(x, z, ratio, 0.0)
        for _ in range(degree - 1):
            x, z = z, x
            after = 1.0 / (2.0 / first - ratio)
            recursion(x, z, 2.0 * after, ratio * after)
            ratio = after
        part[:] = z.reshape(n, LANES)[:, : part.shape[1]]
        if advance:
            advance(part.shape[1])


def jackson_kernel(n_moments: int) -> np.ndarray:
    """Jackson damping factors, (n_moments,) (Weisse et al. 2006, Eq. 71).

    They make densities positive, with a kernel that is a Gaussian of width pi / n_moments in the angle.
    """
    n, m = np.arange(n_moments), n_moments + 1
    return ((m - n) * np.cos(np.pi * n / m) + np.sin(np.pi * n / m) / np.tan(np.pi / m)) / m
