"""Normal modes by diagonalisation and what they look like (floor 3)."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh
from tqdm.auto import tqdm

from ..threads import available_cores, blas_threads
from .operators import check_operator


@dataclass(frozen=True)
class Modes:
    """Normal modes: omega (k,) ascending, in sqrt of the matrix's unit; polarizations (n, k), orthonormal columns;
    residual (k,): |D e - omega^2 e| in the matrix's unit."""

    omega: np.ndarray
    polarizations: np.ndarray
    residual: np.ndarray


def _omega(eigenvalues: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Square roots; rounding below zero counts as zero, anything lower is an error."""
    # the lowest few eigenvalues may all be zero: the diagonal knows the scale
    largest = max(abs(eigenvalues).max(), abs(diagonal).max())
    if eigenvalues.min() < -1e-9 * largest:
        count = int((eigenvalues < -1e-9 * largest).sum())
        raise ValueError(
            f"{count} negative eigenvalue(s), lowest {eigenvalues.min():.3g} beside {largest:.3g}: "
            "the structure is no minimum; relax it to a smaller force first"
        )
    return np.sqrt(np.clip(eigenvalues, 0, None))


def _dense(D) -> np.ndarray:
    return D.toarray() if sp.issparse(D) or hasattr(D, "toarray") else np.array(D)


def normal_modes(D, count: int | None = None) -> Modes:
    """All normal modes of a dynamical matrix (n, n), or the lowest `count`, by dense diagonalisation.

    Memory 8 n^2 bytes and more: meant for n up to a few thousand. Raises ValueError for a matrix that is not
    symmetric, holds NaN, or has negative eigenvalues.
    """
    D = check_operator(D)
    subset = None if count is None else (0, min(count, D.shape[0]) - 1)
    dense = _dense(D)
    with blas_threads(available_cores()):
        eigenvalues, vectors = eigh(dense, subset_by_index=subset, driver="evr" if subset else "evd")
    residual = np.linalg.norm(D @ vectors - vectors * eigenvalues, axis=0)
    return Modes(_omega(eigenvalues, dense.diagonal()), vectors, residual)


def modes_near(D, omega: float, count: int, seed: int = 0) -> Modes:
    """The `count` modes of a sparse dynamical matrix whose eigenvalues lie nearest to omega^2, by shift and invert.

    omega > 0 in sqrt of the matrix's unit; count < n - 1. One sparse factorisation: cheap for networks in the
    plane up to 10^5 nodes. seed fixes the start vector. Raises ValueError as `normal_modes`, and for omega <= 0
    or a count that does not fit.
    """
    D = check_operator(D)
    if not omega > 0 or not 0 < count < D.shape[0] - 1:
        raise ValueError(f"omega = {omega} must be positive and count = {count} between 1 and {D.shape[0] - 2}")
    start = np.random.default_rng(seed).standard_normal(D.shape[0])
    eigenvalues, vectors = eigsh(sp.csc_matrix(D), count, sigma=omega**2, v0=start)
    order = np.argsort(eigenvalues)
    eigenvalues, vectors = eigenvalues[order], vectors[:, order]
    residual = np.linalg.norm(D @ vectors - vectors * eigenvalues, axis=0)
    return Modes(_omega(eigenvalues, D.diagonal()), vectors, residual)


def frequencies(matrices: Iterable, workers: int | None = None, progress: bool = False) -> list[np.ndarray]:
    """Every frequency of each matrix, ascending, by dense diagonalisation, several matrices at a time.

    matrices: dynamical matrices (n, n), sparse or dense; a generator is read as workers come free. workers:
    threads, default the cores this process may use; each has one BLAS thread, which beats all cores on one
    matrix. Returns a list of (n,) arrays in the order given. Raises ValueError as `normal_modes`.
    """
    workers = workers or available_cores()

    def solve(D):
        dense = _dense(check_operator(D))
        return _omega(np.linalg.eigvalsh(dense), dense.diagonal())

    with blas_threads(1), ThreadPoolExecutor(workers) as pool:
        # at most one matrix waits for each worker: a dense one is large
        running, done = [], []
        with tqdm(desc="diagonalising", unit="matrix", disable=not progress) as bar:
            for D in matrices:
                running.append(pool.submit(solve, D))
                while len(running) - sum(f.done() for f in running) > workers:
                    next(f for f in running if not f.done()).result()
                bar.update(sum(f.done() for f in running) - bar.n)
            for future in running:
                done.append(future.result())
                bar.update(len(done) - bar.n if len(done) > bar.n else 0)
    return done


def participation_ratio(modes: Modes, dimension: int = 1) -> np.ndarray:
    """P_k = (sum_i |e_i|^2)^2 / (N sum_i |e_i|^4) over the N nodes of each mode, (k,).

    1 for a mode in which all nodes move alike, 2/3 (1D and scalar) for a plane wave, 1/N for one node alone.
    dimension: degrees of freedom a node; e_i is then a vector. Raises ValueError where they do not divide.
    """
    e = modes.polarizations
    if e.shape[0] % dimension:
        raise ValueError(f"{e.shape[0]} degrees of freedom are no multiple of dimension {dimension}")
    weight = (e.reshape(-1, dimension, e.shape[1]) ** 2).sum(axis=1)
    return weight.sum(axis=0) ** 2 / (len(weight) * (weight**2).sum(axis=0))
