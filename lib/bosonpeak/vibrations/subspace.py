"""The lowest eigenpairs of a large sparse matrix by Chebyshev-filtered subspace iteration.

A block of random vectors is filtered by a polynomial that is small on the unwanted part [cut, bound] of the spectrum
and rises steeply below it, orthonormalised, and diagonalised within its span, until the residuals are small (Zhou,
Saad, Tiago and Chelikowsky, J. Comput. Phys. 219, 172 (2006)). The cut comes from the density of states. Nothing is
factorised, so that memory stays at about 5 n * count numbers, and degenerate eigenvalues need no special care.
"""

import numpy as np
import scipy.sparse as sp
from scipy.linalg import eigh, qr
from tqdm.auto import tqdm

from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.chebyshev import chebyshev_moments, filter_vectors, jackson_kernel
from bosonpeak.vibrations.lanes import LANES

_SPREAD = 1e10
"""By how much the filter may raise one wanted vector above another: the rest of 1e16 keeps them apart."""


def projector(project_out, H, bound: float):
    """Function that removes a set of modes from vectors.

    Parameters
    ----------
    project_out : array or sparse matrix, shape (n, k), or None
        Orthonormal columns that H maps into their own span, such as zero modes. None removes nothing.
    H : operator from `operators.check_operator`, shape (n, n)
    bound : float
        Above the spectrum of H.

    Returns
    -------
    project : callable
        Maps (n, m) to (n, m).
    removed : int
        k.

    Raises
    ------
    ValueError
        For columns of another length, that are not orthonormal to 1e-8, or that are not modes of H.
    """
    n = H.shape[0]
    if project_out is None:
        return (lambda v: v), 0
    basis = project_out if sp.issparse(project_out) else np.asarray(project_out, float)
    basis = basis[:, None] if basis.ndim == 1 else basis
    if basis.shape[0] != n:
        raise ValueError(f"project_out has {basis.shape[0]} rows, the operator {n}")
    overlap = basis.T @ basis
    error = abs(overlap - np.eye(overlap.shape[0])).max() if overlap.shape[0] < 5000 else 0.0
    if not error <= 1e-8:
        raise ValueError(f"the columns of project_out are not orthonormal (off by {error:.2g})")

    def project(v):
        return v - basis @ (basis.T @ v)

    # H must map a vector of their span into that span
    inside = basis @ np.random.default_rng(0).standard_normal((basis.shape[1], 1))
    if np.linalg.norm(project(H @ inside)) > 1e-6 * bound * np.linalg.norm(inside):
        raise ValueError("project_out is not a set of modes of this matrix: translations need the masses of the matrix")
    return project, basis.shape[1]


def _growth(eigenvalue, cut, bound):
    """Logarithm of the filter's gain per degree at eigenvalue < cut, relative to [cut, bound]."""
    return np.arccosh(np.maximum(1 + 2 * (cut - eigenvalue) / (bound - cut), 1))


def count_quantiles(H, counts, bound: float, project, rng) -> np.ndarray:
    """Eigenvalues below which about `counts` (k,) eigenvalues lie, ascending, by the kernel polynomial method.

    With H = bound sin^2(phi / 2) the number below phi is the Jackson-damped series n / pi [phi + 2 sum_m (-1)^m g_m
    mu_m / mu_0 sin(m phi) / m]. Moments are doubled until the kernel, pi / M in phi, is an eighth of the lowest answer.

    Parameters
    ----------
    H : operator from `operators.check_operator`, shape (n, n)
    counts : sequence of int
    bound : float
        Above the spectrum of H.
    project : callable
        Removes the unwanted vectors.
    rng : Generator
    """
    n, n_moments = H.shape[0], 256
    signs = project(rng.integers(0, 2, (n, LANES)) * 2.0 - 1)
    while True:
        moments = chebyshev_moments(H, signs, n_moments, bound)
        order = np.arange(1, n_moments)
        weight = moments[1:].mean(axis=1) / n * jackson_kernel(n_moments)[1:] * (-1.0) ** order / order
        phi = np.linspace(0, np.pi, 4 * n_moments + 1)
        series = -np.fft.rfft(np.r_[0, weight], 8 * n_moments).imag
        below = n / np.pi * (phi * moments[0].mean() / n + 2 * series)
        # the first angle with enough below it; the series need not rise everywhere
        at = np.array([phi[np.argmax(below >= count)] or np.pi for count in counts])
        if at.min() >= 8 * np.pi / n_moments or n_moments >= 4096:
            return bound * np.sin(np.maximum(at, 3 * np.pi / n_moments) / 2) ** 2
        n_moments *= 2


def low_eigenpairs(H, count, bound, project, removed, rng, tolerance, max_iterations, progress=False):
    """The lowest eigenpairs of H outside the vectors that `project` removes.

    Parameters
    ----------
    H : operator from `operators.check_operator`, shape (n, n)
    count : int
    bound : float
        Above the spectrum of H.
    project : callable
    removed : int
        How many vectors `project` removes.
    rng : Generator
    tolerance : float
        Of the residuals, relative to the bound.
    max_iterations : int
    progress : bool

    Returns
    -------
    values : array, shape (count,)
    vectors : array, shape (n, count)
    residuals : array, shape (count,)
        |H e - lambda e|, in the unit of H.

    Raises
    ------
    RuntimeError
        If the residuals are not all below tolerance * bound after max_iterations.
    """
    n = H.shape[0]
    # the cost is flat between a sixth and a half as many again (measured), and full blocks are free
    size = min(-(-int(1.25 * count + LANES) // LANES) * LANES, n - removed)
    wanted, cut = np.minimum(count_quantiles(H, (count, size), bound, project, rng), 0.999 * bound)
    target, vectors = tolerance * bound, project(rng.standard_normal((n, size)))
    values, residual = None, np.full(size, np.sqrt(n) * bound)
    # on small blocks, threads that wait for another process cost more than they gain (measured)
    blas = available_cores() if n * size**2 > 1e10 else 1
    with tqdm(desc="low modes", unit="vector", disable=not progress) as bar:
        for iteration in range(1, max_iterations + 1):
            open_ = np.flatnonzero(residual > target)
            edge = min(wanted, cut)
            spread = _growth(0, cut, bound) - _growth(edge, cut, bound)
            limit = np.log(_SPREAD) / max(spread, np.log(_SPREAD) / 4000)
            missing = np.log(10 * residual[open_[open_ < count]] / target)
            rate = _growth(edge if values is None else values[open_[open_ < count]], cut, bound)
            degree = int(np.clip(np.max(missing / np.maximum(rate, 1e-4)), 10, limit))
            bar.set_postfix(iteration=iteration, degree=degree, converged=f"{count - len(missing)}/{count}")
            # those that have converged come first
            done = np.delete(np.arange(size), open_)
            vectors = np.asfortranarray(vectors[:, np.r_[done, open_]])
            part = vectors[:, len(done) :]
            filter_vectors(H, part, degree, cut, bound, bar.update)
            part[:] = project(part)
            with blas_threads(blas):
                # rounding brings back what was projected out, and the triangle enlarges it
                vectors = project(qr(vectors, mode="economic", overwrite_a=True, check_finite=False)[0])
                image = H @ vectors
                values, rotation = eigh(vectors.T @ image)
                vectors, image = vectors @ rotation, image @ rotation
            residual = np.linalg.norm(image - vectors * values, axis=0)
            if (residual[:count] <= target).all():
                return values[:count], vectors[:, :count], residual[:count]
            # the last level wanted must lie below the cut, also where more modes share it than the subspace holds
            wanted = values[count - 1]
            lower = values[-1] if values[-1] > 100 * target else cut
            cut = min(max(min(cut, lower), 1.1 * wanted), 0.999 * bound)
    raise RuntimeError(
        f"{int((residual[:count] <= target).sum())} of {count} modes reached a residual of {target:.2g} in "
        f"{max_iterations} iterations, the worst {residual[:count].max():.2g}: raise max_iterations or the tolerance"
    )
