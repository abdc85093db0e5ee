"""Densities of vibrational states without diagonalisation, and what is read off them.

All densities are over the frequency omega = sqrt(eigenvalue of H), in the square root of H's unit (sqrt(t0/m) for
spring networks), or in the `unit` that is named for an H in eV/(A^2 amu) ("rad/ps", "THz", "meV"). They are kernel
polynomial estimates: with x = 2 omega^2 / h - 1 = cos(theta), h = omega_max^2 the spectral bound and g_n the Jackson
factors,

    g(omega) = 2 / (pi sqrt(h - omega^2)) [mu_0 + 2 sum_n g_n mu_n cos(n theta)]

(Weisse et al., Rev. Mod. Phys. 78, 275 (2006), Eq. 76, times d(theta)/d(omega)). The kernel is a Gaussian of standard
deviation pi / M sqrt(h - omega^2) / 2. It is widest at omega = 0, where the spectrum reflects, so that g / omega should
be read from about three resolutions upwards.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from bosonpeak.materials.geometry import whole_numbers
from bosonpeak.vibrations.chebyshev import chebyshev_moments, jackson_kernel
from bosonpeak.vibrations.lanes import LANES
from bosonpeak.vibrations.operators import check_operator, spectral_bound
from bosonpeak.vibrations.peaks import (
    BosonPeak,
    boson_peak,
    broadened_reduced_density,
    frequency_histogram,
    frequency_scale,
    mean_reduced_density,
)
from bosonpeak.vibrations.subspace import projector

__all__ = [
    "BosonPeak",
    "Spectrum",
    "atomic_spectrum",
    "boson_peak",
    "broadened_reduced_density",
    "density_of_states",
    "frequency_histogram",
    "kernel_resolution",
    "local_density_of_states",
    "mean_reduced_density",
    "spectral_function",
    "translations",
    "zero_modes",
]


@dataclass(frozen=True)
class Spectrum:
    """A density of states.

    Attributes
    ----------
    omega : array, shape (K,)
    g : array, shape (K,), or (K, n) for n sites or vectors
    stderr : array of the shape of g
        Standard error over random vectors; zeros where nothing is random.
    resolution : float
        Standard deviation of the kernel at omega = 0, where it is widest.
    n_moments, n_vectors : int
    omega_max : float
        Square root of the spectral bound.
    unit : str
        Of omega and 1/g.
    """

    omega: np.ndarray
    g: np.ndarray
    stderr: np.ndarray
    resolution: float
    n_moments: int
    n_vectors: int
    omega_max: float
    unit: str = "reduced"


def kernel_resolution(omega_max: float, n_moments: int) -> float:
    """Standard deviation of the Jackson kernel at omega = 0: pi omega_max / (2 n_moments)."""
    return np.pi * omega_max / (2 * n_moments)


def _choose_moments(n_moments, resolution, omega_max) -> int:
    if (n_moments is None) == (resolution is None):
        given = "neither" if n_moments is None else "both"
        raise ValueError(f"choose the accuracy by either n_moments or resolution; {given} was given")
    if resolution is None:
        return int(n_moments)
    if not resolution > 0:
        raise ValueError(f"resolution = {resolution}: it must be positive, in the unit of omega")
    return max(2, int(np.ceil(np.pi * omega_max / (2 * resolution))))


def _evaluate(moments, omega, bound):
    """Jackson-damped density at omega (K,) from moments (M, n): (K, n)."""
    omega = np.asarray(omega, float)
    if omega.ndim != 1 or not np.isfinite(omega).all() or (omega < 0).any():
        raise ValueError("omega must be a one-dimensional array of finite frequencies >= 0")
    weights = moments * jackson_kernel(len(moments))[:, None]
    weights[1:] *= 2
    # the weight is infinite at the bound, where there is no level: the last digits of the series would show there
    inside = omega**2 < bound * (1 - 1e-12)
    theta = np.arccos(2 * omega[inside] ** 2 / bound - 1)
    g = np.zeros((len(omega), moments.shape[1]))
    g[inside] = np.cos(np.outer(theta, np.arange(len(moments)))) @ weights
    g[inside] *= (2 / np.pi / np.sqrt(bound - omega[inside] ** 2))[:, None]
    return g


def translations(n_nodes: int, dimension: int = 1, masses=None) -> np.ndarray:
    """Orthonormal rigid translations (n_nodes * dimension, dimension) of a mass-weighted dynamical matrix.

    Raises ValueError unless there is one positive mass per node; without masses all are the same.
    """
    masses = np.ones(n_nodes) if masses is None else np.asarray(masses, float)
    if masses.shape != (n_nodes,) or not ((masses > 0) & np.isfinite(masses)).all():
        raise ValueError(f"masses of the shape {masses.shape} for {n_nodes} nodes: give one positive number per node")
    weight = np.sqrt(masses)
    return np.kron((weight / np.linalg.norm(weight))[:, None], np.eye(dimension))


def zero_modes(D, dimension: int = 3, masses=None) -> np.ndarray:
    """Orthonormal zero modes of a mass-weighted dynamical matrix: translations, and single atoms at rest.

    A rattler has directions u with u^T D_ii u = 0, which in a positive semi-definite D is a zero mode of its own.

    Parameters
    ----------
    D : CSR, BSR or dense matrix, or FactoredOperator, shape (n, n)
        n = dimension * atoms. For a FactoredOperator, which is a metal's, only the translations are returned.
    dimension : int
    masses : array, shape (atoms,), optional

    Returns
    -------
    array, shape (n, k)

    Raises
    ------
    ValueError
        If n is not a multiple of the dimension.
    """
    n = D.shape[0]
    if n % dimension:
        raise ValueError(f"{n} degrees of freedom do not make atoms in {dimension} dimensions")
    moving = translations(n // dimension, dimension, masses)
    if not (sp.issparse(D) or isinstance(D, np.ndarray)):
        return moving
    row = np.repeat(np.arange(n).reshape(-1, dimension, 1), dimension, axis=2)
    blocks = np.asarray(sp.csr_matrix(D)[row.ravel(), row.transpose(0, 2, 1).ravel()]).reshape(row.shape)
    values, directions = np.linalg.eigh(blocks)
    atom, which = np.nonzero(abs(values) < 1e-9 * abs(values).max())
    resting = np.zeros((n, len(atom)))
    resting[row[atom, :, 0], np.arange(len(atom))[:, None]] = directions[atom, :, which]
    return np.linalg.qr(np.hstack([resting, moving]))[0] if len(atom) else moving


def _prepare(D, n_moments, resolution, project_out, unit):
    """What every density starts with: D, its bound, the bound in `unit` squared, moments, projector and its rank."""
    D = check_operator(D)
    bound, scale = spectral_bound(D), frequency_scale(unit)
    n_moments = _choose_moments(n_moments, resolution, np.sqrt(bound) * scale)
    return D, bound, bound * scale**2, n_moments, *projector(project_out, D, bound)


def _spectrum(omega, g, stderr, n_moments, n_vectors, square, unit):
    top = float(np.sqrt(square))
    omega, resolution = np.asarray(omega, float), kernel_resolution(top, n_moments)
    return Spectrum(omega, g, stderr, resolution, n_moments, n_vectors, top, unit)


def density_of_states(
    D,
    omega,
    n_moments=None,
    n_vectors=8,
    rng=None,
    *,
    resolution=None,
    project_out=None,
    progress=False,
    unit="reduced",
) -> Spectrum:
    """Density of states g(omega) per degree of freedom by the kernel polynomial method.

    Parameters
    ----------
    D : CSR, BSR or dense matrix, or FactoredOperator, shape (n, n)
        Dynamical matrix, positive semi-definite.
    omega : array, shape (K,)
        At least 0, in `unit`.
    n_moments, resolution : int or float
        One of the two chooses the accuracy; the resolution is in the unit of omega.
    n_vectors : int
        Random vectors of independent +-1.
    rng : Generator or int
    project_out : array or sparse matrix, shape (n, k), optional
        Orthonormal columns, such as `translations` or `SpringNetwork.zero_modes`, that are left out of the density,
        whose integral is then (n - k) / n.
    progress : bool
    unit : str
        "reduced" for the square root of D's own unit; "rad/ps", "THz" or "meV" for D in eV/(A^2 amu).

    Returns
    -------
    Spectrum
        `stderr` is the standard error of the mean over the vectors. It is correct where the kernel holds many levels,
        and too small below the lowest one.

    Raises
    ------
    ValueError
        For a matrix that is not symmetric, holds NaN or is indefinite, for bad choices of accuracy, and for an unknown
        unit.
    """
    if n_vectors < 1:
        raise ValueError(f"n_vectors = {n_vectors}: at least one is needed")
    D, bound, square, n_moments, project, removed = _prepare(D, n_moments, resolution, project_out, unit)
    n = D.shape[0]
    if removed >= n:
        raise ValueError("project_out leaves nothing of the spectrum")
    rng = np.random.default_rng(rng)

    def blocks():
        for start in range(0, n_vectors, LANES):
            width = min(LANES, n_vectors - start)
            yield project(rng.integers(0, 2, (n, width), dtype=np.int8) * 2.0 - 1)

    moments = chebyshev_moments(D, blocks(), n_moments, bound, progress)
    each = _evaluate(moments / moments[0], omega, square) * ((n - removed) / n)
    # one vector alone gives no error
    error = each.std(axis=1, ddof=1) / np.sqrt(n_vectors) if n_vectors > 1 else np.full(len(each), np.nan)
    return _spectrum(omega, each.mean(axis=1), error, n_moments, n_vectors, square, unit)


def spectral_function(
    D, vectors, omega, n_moments=None, *, resolution=None, project_out=None, progress=False, unit="reduced"
) -> Spectrum:
    """A_v(omega) = sum_k |<v|e_k>|^2 delta(omega - omega_k) of given vectors, without random numbers.

    Parameters
    ----------
    D, omega, n_moments, resolution, project_out, progress, unit
        As for `density_of_states`.
    vectors : array, shape (n,) or (n, k)
        Real or complex.

    Returns
    -------
    Spectrum
        With g (K, k), whose integral is |v|^2 less what project_out removes.

    Raises
    ------
    ValueError
        As `density_of_states`.
    """
    D, bound, square, n_moments, project, _ = _prepare(D, n_moments, resolution, project_out, unit)
    vectors = np.asarray(vectors)
    vectors = vectors.reshape(len(vectors), -1)
    if np.iscomplexobj(vectors):
        # D is real: real and imaginary parts contribute one by one
        both = project(np.concatenate([vectors.real, vectors.imag], axis=1))
        real, imaginary = np.split(chebyshev_moments(D, both, n_moments, bound, progress), 2, axis=1)
        moments = real + imaginary
    else:
        moments = chebyshev_moments(D, project(vectors.astype(float)), n_moments, bound, progress)
    g = _evaluate(moments, omega, square)
    return _spectrum(omega, g, np.zeros_like(g), n_moments, vectors.shape[1], square, unit)


def local_density_of_states(
    D, sites, omega, n_moments=None, *, resolution=None, project_out=None, progress=False, unit="reduced"
) -> Spectrum:
    """g_i(omega) = sum_k |e_k(i)|^2 delta(omega - omega_k) at degrees of freedom `sites`, exact except for the kernel.

    Returns
    -------
    Spectrum
        With g (K, len(sites)); the mean over all sites is the density of states.

    Raises
    ------
    ValueError
        As `density_of_states`.
    IndexError
        For a site outside the matrix.
    """
    sites, n = whole_numbers(sites, "sites"), D.shape[0]
    if not len(sites) or sites.min() < 0 or sites.max() >= n:
        raise IndexError(f"sites must lie in 0..{n - 1}")
    D, bound, square, n_moments, project, _ = _prepare(D, n_moments, resolution, project_out, unit)

    def blocks():
        # a block at a time: all unit vectors together would be n^2 numbers
        for start in range(0, len(sites), LANES):
            part = sites[start : start + LANES]
            vectors = np.zeros((n, len(part)))
            vectors[part, np.arange(len(part))] = 1.0
            yield project(vectors)

    g = _evaluate(chebyshev_moments(D, blocks(), n_moments, bound, progress), omega, square)
    return _spectrum(omega, g, np.zeros_like(g), n_moments, len(sites), square, unit)


def atomic_spectrum(D, atoms, omega, n_moments=None, *, dimension=3, **options) -> Spectrum:
    """g_i(omega) of some atoms as `peaks.atomic_density_of_states` defines it (yang-2021, Eq. 1), without any mode.

    It is exact except for the kernel, and needs `dimension` unit vectors per atom. For all atoms of a large glass the
    lowest modes are cheaper (`modes.low_frequency_modes` with a tolerance of 1e-4: a sixth of the time for omega up to
    8 rad/ps of Cu50Zr50, both growing as N^2). Random vectors are noisier than either at their price: the density of
    one atom has the relative error sqrt(2 / (vectors * share of the modes in the window)), which its maximum takes for
    signal.

    Parameters
    ----------
    D, omega, n_moments
        As for `density_of_states`.
    atoms : array of int, shape (A,)
    dimension : int
    **options
        Those of `local_density_of_states`.

    Returns
    -------
    Spectrum
        With g (K, A); the sum over all atoms is the density of states.

    Raises
    ------
    ValueError, IndexError
        As `local_density_of_states`.
    """
    sites = (dimension * whole_numbers(atoms, "atoms")[:, None] + np.arange(dimension)).ravel()
    local = local_density_of_states(D, sites, omega, n_moments, **options)
    g = local.g.reshape(len(local.omega), -1, dimension).sum(axis=2) / D.shape[0]
    return replace(local, g=g, stderr=np.zeros_like(g))
