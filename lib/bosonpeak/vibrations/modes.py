"""Normal modes, all of them or the lowest, and what they look like (floor 3)."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh
from tqdm.auto import tqdm

from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.operators import check_operator, spectral_bound
from bosonpeak.vibrations.subspace import low_eigenpairs, projector


@dataclass(frozen=True)
class Modes:
    """Normal modes: omega (k,) ascending, in sqrt of the matrix's unit; polarizations (n, k), orthonormal columns;
    residual (k,): |D e - omega^2 e| in the matrix's unit."""

    omega: np.ndarray
    polarizations: np.ndarray
    residual: np.ndarray

    @property
    def orthonormality(self) -> float:
        """Largest entry of |E^T E - 1|, E the polarizations."""
        return float(abs(self.polarizations.T @ self.polarizations - np.eye(len(self.omega))).max())


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


def low_frequency_modes(
    D, count: int, seed: int = 0, tolerance: float = 1e-10, project_out=None, progress=False, max_iterations: int = 30
) -> Modes:
    """The `count` lowest normal modes of a large sparse dynamical matrix, by Chebyshev-filtered subspace iteration.

    D: CSR, BSR or FactoredOperator (n, n); project_out: orthonormal zero modes (n, p) to leave out, such as
    `spectra.translations` with the masses; modes of rattlers that are not projected out are found as zero modes.
    Every residual is at most tolerance * bound, bound the top of the spectrum: the error of an eigenvalue is its
    residual at most and of the order of residual^2 / gap, that of a mode residual / gap. The default leaves
    omega / omega_max = 0.03 exact to 1e-7 by the first, to 1e-10 and better by the second. Where `count` cuts a
    degenerate level, some basis of it is returned. The same seed gives the same modes on one machine, up to
    rounding. Memory: about 5 n * count numbers. Where more than a sixth of all modes is asked for, dense.

    Raises ValueError as `normal_modes` (negative eigenvalues are told, never clipped), for a count that does not fit,
    a tolerance below 1e-13, or project_out that is no set of modes of D; RuntimeError where the residuals stay too
    large.
    """
    D = check_operator(D)
    project, removed = projector(project_out, n := D.shape[0])
    if not 0 < count <= n - removed or not tolerance >= 1e-13:
        raise ValueError(
            f"count = {count} must lie in 1..{n - removed} and tolerance = {tolerance:g} be at least 1e-13"
        )
    bound = spectral_bound(D)
    rng = np.random.default_rng(seed)
    # what D makes of a vector in their span must stay there
    inside = rng.standard_normal((n, 1))
    inside -= project(inside)
    if np.linalg.norm(project(D @ inside)) > 1e-6 * bound * np.linalg.norm(inside):
        raise ValueError("project_out is no set of modes of this matrix: translations need the matrix's masses")
    if 6 * count > n:
        dense = _dense(D)
        if removed:
            basis = _dense(project_out).reshape(n, -1)
            dense = dense + 2 * bound * basis @ basis.T
        return normal_modes(dense, count)
    values, vectors, residual = low_eigenpairs(
        D, count, bound, project, removed, rng, tolerance, max_iterations, progress
    )
    return Modes(_omega(values, np.array([bound])), vectors, residual)


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


def box_waves(cell, q_max: float) -> np.ndarray:
    """Wave vectors of a periodic box with 0 < |q| <= q_max, one of each pair q and -q, shortest first: (Q, 3).

    cell: (3, 3), rows the box vectors; q = 2 pi n cell^-T, n integers, in 1/length.
    """
    cell = np.asarray(cell, float)
    reach = [np.arange(-m, m + 1) for m in (q_max * np.linalg.norm(cell, axis=1) / (2 * np.pi) + 1e-9).astype(int)]
    n = np.stack(np.meshgrid(*reach, indexing="ij"), axis=-1).reshape(-1, 3)
    # the first half of a list that is symmetric about n = 0
    q = 2 * np.pi * n[len(n) // 2 + 1 :] @ np.linalg.inv(cell).T
    length = np.linalg.norm(q, axis=1)
    order = np.argsort(length, kind="stable")
    return q[order][length[order] <= q_max * (1 + 1e-9)]


def phonon_order_parameter(modes: Modes, atoms, n_m: float = 100, q_max: float | None = None, masses=None):
    """O_k of mizuno-2020, Eq. 3: the share of each mode that is plane waves of the box, (k,).

    Sums |<u_q,a|e_k>|^2 >= n_m / (3N - 3) over q and a = L, T1, T2; u_q,a(i) = s_a(q) exp(i q r_i) sqrt(m_i / M).
    Both q and -q are counted, each with half of a real standing wave, for which O_k = 1. s_L = q/|q|; T1 is
    along x' x q, x' the axis (x before y before z) on which |q| is shortest, T2 = q x T1 / |q|: the choice matters
    where one of the two falls below the threshold.
    q: all of the box with |q| <= q_max; default twice the |q| at which two transverse branches of the box count as
    many waves as there are modes (100 at least), but no more than one wave for two atoms: beyond that a lattice
    has the same wave twice. Converged for the lowest modes (tested); for others name it. atoms: ase.Atoms (N), modes
    (3N, k); masses (N,): of the mass-weighted modes of an alloy, whose sound moves all atoms of a place alike, so that
    e ~ sqrt(m). Default: all alike. Raises ValueError where N, modes and masses do not fit.
    """
    e, n = modes.polarizations, len(atoms)
    mass = np.ones(n) if masses is None else np.asarray(masses, float)
    if e.shape[0] != 3 * n or mass.shape != (n,):
        raise ValueError(f"{n} atoms do not fit modes of {e.shape[0]} degrees of freedom and {mass.size} masses")
    k, cell = e.shape[1], np.asarray(atoms.cell)
    if q_max is None:
        q_max = (3 * np.pi**2 * min(8 * max(k, 100), n) / abs(np.linalg.det(cell))) ** (1 / 3)
    e = (e.reshape(n, 3, k) * np.sqrt(mass / mass.sum())[:, None, None]).reshape(n, 3 * k)
    total, q = np.zeros(k), box_waves(cell, q_max)
    for wave in np.array_split(q, max(1, len(q) * n // 2**21)):
        along = wave / np.linalg.norm(wave, axis=1, keepdims=True)
        first = np.cross(np.eye(3)[np.argmin(abs(along).round(9), axis=1)], along)
        first /= np.linalg.norm(first, axis=1, keepdims=True)
        basis = np.stack([along, first, np.cross(along, first)], axis=1)
        phase = atoms.positions @ wave.T
        with blas_threads(available_cores()):
            overlap = np.hstack([np.cos(phase), np.sin(phase)]).T @ e
        overlap = np.einsum("qac,rqck->rqak", basis, overlap.reshape(2, len(wave), 3, k))
        share = (overlap**2).sum(axis=0)
        total += 2 * np.where(share >= n_m / (3 * n - 3), share, 0).sum(axis=(0, 1))
    return total
