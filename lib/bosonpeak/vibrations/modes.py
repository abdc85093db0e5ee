"""Normal modes, all of them or the lowest, and what they look like."""

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
    """Normal modes.

    Attributes
    ----------
    omega : array, shape (k,)
        Ascending, in the square root of the unit of the matrix.
    polarizations : array, shape (n, k)
        Orthonormal columns.
    residual : array, shape (k,)
        |D e - omega^2 e| in the unit of the matrix.
    """

    omega: np.ndarray
    polarizations: np.ndarray
    residual: np.ndarray

    @property
    def orthonormality(self) -> float:
        """Largest entry of |E^T E - 1|, with E the polarizations."""
        return float(abs(self.polarizations.T @ self.polarizations - np.eye(len(self.omega))).max())


def _omega(eigenvalues: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Square roots; rounding below zero counts as zero, and anything lower is an error."""
    # the lowest few eigenvalues may all be zero: the diagonal knows the scale
    largest = max(abs(eigenvalues).max(), abs(diagonal).max())
    if eigenvalues.min() < -1e-9 * largest:
        count = int((eigenvalues < -1e-9 * largest).sum())
        found = f"{count} negative eigenvalue(s), lowest {eigenvalues.min():.3g} compared with {largest:.3g}"
        raise ValueError(f"{found}: the structure is not a minimum; relax it to a smaller force first")
    return np.sqrt(np.clip(eigenvalues, 0, None))


def _dense(D) -> np.ndarray:
    return D.toarray() if sp.issparse(D) or hasattr(D, "toarray") else np.array(D)


def normal_modes(D, count: int | None = None) -> Modes:
    """All normal modes of a dynamical matrix, or the lowest ones, by dense diagonalisation.

    Memory 8 n^2 bytes and more: intended for n up to a few thousand.

    Parameters
    ----------
    D : array or sparse matrix or FactoredOperator, shape (n, n)
    count : int, optional
        Number of the lowest modes; by default all.

    Returns
    -------
    Modes

    Raises
    ------
    ValueError
        For a matrix that is not symmetric, holds NaN, or has negative eigenvalues.
    """
    D = check_operator(D)
    subset = None if count is None else (0, min(count, D.shape[0]) - 1)
    dense = _dense(D)
    # on small matrices, threads that wait for another process cost ten times what they gain (measured)
    with blas_threads(available_cores() if len(dense) >= 3000 else 1):
        eigenvalues, vectors = eigh(dense, subset_by_index=subset, driver="evr" if subset else "evd")
    # the matrix of a metal is nearly full: as an array it is multiplied ten times as fast
    full = dense if getattr(D, "nnz", 0) > dense.size / 4 else D
    residual = np.linalg.norm(full @ vectors - vectors * eigenvalues, axis=0)
    return Modes(_omega(eigenvalues, dense.diagonal()), vectors, residual)


def modes_near(D, omega: float, count: int, seed: int = 0) -> Modes:
    """The modes of a sparse dynamical matrix whose eigenvalues lie nearest to omega^2, by shift and invert.

    One sparse factorisation is needed, which is cheap for networks in the plane up to 10^5 nodes.

    Parameters
    ----------
    D : sparse matrix, shape (n, n)
    omega : float
        Positive, in the square root of the unit of the matrix.
    count : int
        Below n - 1.
    seed : int
        Of the start vector.

    Returns
    -------
    Modes

    Raises
    ------
    ValueError
        As `normal_modes`, and for omega <= 0 or a count that does not fit.
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


def check_masses(modes: Modes, masses) -> None:
    """Refuse masses with which the modes of a solid were not computed.

    The mass-weighted translations of the solid are zero modes, so that no other mode may overlap with them.

    Parameters
    ----------
    modes : Modes
        In three dimensions, zero modes included or not.
    masses : array, shape (N,)
        Of the atoms, in amu or reduced.

    Raises
    ------
    ValueError
        If the modes do not belong to N atoms, or overlap with the translations by more than 1e-3.
    """
    if len(modes.polarizations) != 3 * len(masses):
        size = len(modes.polarizations)
        raise ValueError(f"modes of {size} degrees of freedom do not fit {len(masses)} atoms: give their own structure")
    weight = np.sqrt(np.asarray(masses, float) / np.sum(masses))
    along = np.tensordot(weight, modes.polarizations.reshape(len(masses), 3, -1), 1)
    moving = modes.omega > 1e-6 * modes.omega.max()
    # together: each of many modes has but a small part
    if np.linalg.norm(along[:, moving]) > 1e-3:
        remedy = "call atoms.set_masses(potential.masses_of(atoms)) before both"
        raise ValueError(f"the modes were computed with other masses than those of the atoms: {remedy}")


def low_frequency_modes(
    D, count: int, seed: int = 0, tolerance: float = 1e-10, project_out=None, progress=False, max_iterations: int = 30
) -> Modes:
    """The lowest normal modes of a large sparse dynamical matrix, by Chebyshev-filtered subspace iteration.

    The error of an eigenvalue is at most its residual, and of the order of residual^2 / gap; that of a mode is residual
    / gap. The default leaves omega / omega_max = 0.03 exact to 1e-7 by the first bound, and to 1e-10 and better by the
    second. Where `count` cuts a degenerate level, some basis of it is returned. The same seed gives the same modes on
    one machine, up to rounding. Memory: about 5 n * count numbers. Where more than a sixth of all modes is asked for,
    the matrix is diagonalised densely.

    Parameters
    ----------
    D : CSR or BSR matrix, or FactoredOperator, shape (n, n)
    count : int
    seed : int
    tolerance : float
        Every residual is at most tolerance * bound, with `bound` the top of the spectrum.
    project_out : array or sparse matrix, shape (n, p), optional
        Orthonormal zero modes to leave out, such as `spectra.translations` with the masses. Modes of rattlers that are
        not projected out are found as zero modes.
    progress : bool
    max_iterations : int

    Returns
    -------
    Modes

    Raises
    ------
    ValueError
        As `normal_modes` (negative eigenvalues are reported, never clipped), for a count that does not fit, a tolerance
        below 1e-13, or a project_out that is not a set of modes of D.
    RuntimeError
        If the residuals stay too large.
    """
    D = check_operator(D)
    n, bound = D.shape[0], spectral_bound(D)
    project, removed = projector(project_out, D, bound)
    if not 0 < count <= n - removed or not tolerance >= 1e-13:
        raise ValueError(f"count = {count} must lie in 1..{n - removed}, tolerance = {tolerance:g} be at least 1e-13")
    rng = np.random.default_rng(seed)
    # the vectors below are drawn after one that an earlier version used up
    rng.standard_normal((n, 1))
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
    """Every frequency of each of several matrices, by dense diagonalisation, several matrices at a time.

    Parameters
    ----------
    matrices : iterable
        Dynamical matrices (n, n), sparse or dense; a generator is read as workers become free.
    workers : int, optional
        Threads; by default the cores that this process may use. Each has one BLAS thread, which is faster than all
        cores on one matrix.
    progress : bool

    Returns
    -------
    list of array, shape (n,)
        Ascending, in the order of the matrices.

    Raises
    ------
    ValueError
        As `normal_modes`.
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

    It is 1 for a mode in which all nodes move alike, 2/3 for a plane wave (one-dimensional or scalar), and 1/N for one
    node alone.

    Parameters
    ----------
    modes : Modes
    dimension : int
        Degrees of freedom per node; e_i is then a vector.

    Raises
    ------
    ValueError
        If the degrees of freedom are not a multiple of the dimension.
    """
    e = modes.polarizations
    if e.shape[0] % dimension:
        raise ValueError(f"{e.shape[0]} degrees of freedom are not a multiple of dimension {dimension}")
    weight = (e.reshape(-1, dimension, e.shape[1]) ** 2).sum(axis=1)
    return weight.sum(axis=0) ** 2 / (len(weight) * (weight**2).sum(axis=0))


def box_waves(cell, q_max: float) -> np.ndarray:
    """Wave vectors of a periodic box, one of each pair q and -q, shortest first.

    Parameters
    ----------
    cell : array, shape (3, 3)
        Rows are the vectors of the box.
    q_max : float
        In 1/length.

    Returns
    -------
    array, shape (Q, 3)
        q = 2 pi n cell^-T with integers n and 0 < |q| <= q_max.
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
    """O_k of mizuno-2020, Eq. 3: the share of each mode that consists of plane waves of the box, (k,).

    It sums |<u_q,a|e_k>|^2 >= n_m / (3N - 3) over q and a = L, T1, T2, with u_q,a(i) = s_a(q) exp(i q r_i) sqrt(m_i /
    M). Both q and -q are counted, each with half of a real standing wave, for which O_k = 1. s_L = q/|q|; T1 is along
    x' x q, with x' the axis (x before y before z) on which |q| is shortest, and T2 = q x T1 / |q|. The choice matters
    where one of the two falls below the threshold.

    Parameters
    ----------
    modes : Modes
        (3N, k).
    atoms : ase.Atoms
        N atoms.
    n_m : float
        Of the threshold.
    q_max : float, optional
        All q of the box with |q| <= q_max are used. By default it is twice the |q| at which two transverse branches of
        the box count as many waves as there are modes (100 at least), but no more than one wave for two atoms, because
        beyond that a lattice has the same wave twice. This is converged for the lowest modes (tested); for others, name
        it.
    masses : array, shape (N,), optional
        Of the mass-weighted modes of an alloy, whose sound moves all atoms of a place alike, so that e ~ sqrt(m). By
        default all masses are the same.

    Raises
    ------
    ValueError
        If the numbers of atoms, modes and masses do not fit, or there is a single atom, which no wave moves.
    """
    e, n = modes.polarizations, len(atoms)
    mass = np.ones(n) if masses is None else np.asarray(masses, float)
    if e.shape[0] != 3 * n or mass.shape != (n,) or n < 2:
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
