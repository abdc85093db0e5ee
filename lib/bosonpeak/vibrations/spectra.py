"""Densities of vibrational states without diagonalisation, and what is read off them (floor 3).

All densities are over the frequency omega = sqrt(eigenvalue of H), in the square root of H's unit (rad/ps after
`units.RAD_PER_PS` for metal units; sqrt(t0/m) for spring networks), and are kernel polynomial estimates: with
x = 2 omega^2 / h - 1 = cos(theta), h = omega_max^2 the spectral bound and g_n the Jackson factors,

    g(omega) = 2 / (pi sqrt(h - omega^2)) [mu_0 + 2 sum_n g_n mu_n cos(n theta)]

(Weisse et al., Rev. Mod. Phys. 78, 275 (2006), Eq. 76, times d(theta)/d(omega)). The kernel is a Gaussian of
standard deviation pi / M sqrt(h - omega^2) / 2: widest at omega = 0, where the spectrum reflects, so read
g / omega from about three resolutions upwards.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.ndimage import gaussian_filter1d

from .chebyshev import chebyshev_moments, jackson_kernel
from .lanes import LANES
from .operators import check_operator, spectral_bound


@dataclass(frozen=True)
class Spectrum:
    """A density of states.

    omega: (K,); g: (K,), or (K, n) for n sites or vectors; stderr: as g, the standard error over random vectors
    (zeros where nothing is random); resolution: standard deviation of the kernel at omega = 0, its widest;
    n_moments, n_vectors: what it was made with; omega_max: sqrt of the spectral bound.
    """

    omega: np.ndarray
    g: np.ndarray
    stderr: np.ndarray
    resolution: float
    n_moments: int
    n_vectors: int
    omega_max: float


@dataclass(frozen=True)
class BosonPeak:
    """Maximum of g / omega^(d-1) above omega_min.

    omega: its place; intensity: its height; interior: False where it sits on the edge of the range looked at,
    so that there is no peak; smoothing: Gaussian width used first, in the unit of omega.
    """

    omega: float
    intensity: float
    interior: bool
    smoothing: float


def kernel_resolution(omega_max: float, n_moments: int) -> float:
    """Standard deviation of the Jackson kernel at omega = 0: pi omega_max / (2 n_moments)."""
    return np.pi * omega_max / (2 * n_moments)


def _choose_moments(n_moments, resolution, omega_max) -> int:
    if (n_moments is None) == (resolution is None):
        given = "neither" if n_moments is None else "both"
        raise ValueError(f"choose the accuracy by n_moments or by resolution, one of them; {given} was given")
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
    inside = omega**2 < bound
    theta = np.arccos(2 * omega[inside] ** 2 / bound - 1)
    g = np.zeros((len(omega), moments.shape[1]))
    g[inside] = np.cos(np.outer(theta, np.arange(len(moments)))) @ weights
    g[inside] *= (2 / np.pi / np.sqrt(bound - omega[inside] ** 2))[:, None]
    return g


def _projector(project_out, n):
    """Function that removes the columns of an orthonormal basis, and their number."""
    if project_out is None:
        return (lambda v: v), 0
    basis = project_out if sp.issparse(project_out) else np.asarray(project_out, float)
    basis = basis[:, None] if basis.ndim == 1 else basis
    if basis.shape[0] != n:
        raise ValueError(f"project_out has {basis.shape[0]} rows, the operator {n}")
    overlap = basis.T @ basis
    error = abs(overlap - np.eye(overlap.shape[0])).max() if overlap.shape[0] < 5000 else 0.0
    if error > 1e-8:
        raise ValueError(f"the columns of project_out are not orthonormal (off by {error:.2g})")
    return (lambda v: v - basis @ (basis.T @ v)), basis.shape[1]


def translations(n_nodes: int, dimension: int = 1, masses=None) -> np.ndarray:
    """Orthonormal rigid translations (n_nodes * dimension, dimension) of a mass-weighted dynamical matrix."""
    weight = np.sqrt(np.ones(n_nodes) if masses is None else np.asarray(masses, float))
    return np.kron((weight / np.linalg.norm(weight))[:, None], np.eye(dimension))


def density_of_states(
    D, omega, n_moments=None, n_vectors=8, rng=None, *, resolution=None, project_out=None, progress=False
) -> Spectrum:
    """Density of states g(omega) per degree of freedom by the kernel polynomial method.

    D: dynamical matrix (sparse CSR/BSR, dense, or FactoredOperator), positive semi-definite; omega: (K,) >= 0 in
    sqrt of D's unit; n_moments or resolution (in the unit of omega), not both; n_vectors: random vectors of
    independent +-1; rng: Generator or seed; project_out: orthonormal columns (n, k), such as `translations` or
    `SpringNetwork.zero_modes`, left out of the density, whose integral is then (n - k) / n.

    Returns a Spectrum; stderr is the standard error of the mean over the vectors, honest where the kernel holds
    many levels and too small below the lowest one. Raises ValueError for a matrix
    that is not symmetric, holds NaN or is indefinite, and for bad choices of accuracy.
    """
    D = check_operator(D)
    if n_vectors < 1:
        raise ValueError(f"n_vectors = {n_vectors}: at least one is needed")
    n, bound = D.shape[0], spectral_bound(D)
    n_moments = _choose_moments(n_moments, resolution, np.sqrt(bound))
    project, removed = _projector(project_out, n)
    if removed >= n:
        raise ValueError("project_out leaves nothing of the spectrum")
    rng = np.random.default_rng(rng)

    def blocks():
        for start in range(0, n_vectors, LANES):
            width = min(LANES, n_vectors - start)
            yield project(rng.integers(0, 2, (n, width), dtype=np.int8) * 2.0 - 1)

    moments = chebyshev_moments(D, blocks(), n_moments, bound, progress)
    each = _evaluate(moments / moments[0], omega, bound) * ((n - removed) / n)
    # one vector says nothing of its own error
    error = each.std(axis=1, ddof=1) / np.sqrt(n_vectors) if n_vectors > 1 else np.full(len(each), np.nan)
    return _spectrum(omega, each.mean(axis=1), error, n_moments, n_vectors, bound)


def _spectrum(omega, g, stderr, n_moments, n_vectors, bound):
    top = float(np.sqrt(bound))
    return Spectrum(np.asarray(omega, float), g, stderr, kernel_resolution(top, n_moments), n_moments, n_vectors, top)


def spectral_function(D, vectors, omega, n_moments=None, *, resolution=None, project_out=None, progress=False):
    """A_v(omega) = sum_k |<v|e_k>|^2 delta(omega - omega_k) of given vectors, without random numbers.

    vectors: (n,) or (n, k), real or complex. Returns a Spectrum with g (K, k), whose integral is |v|^2 (less
    what project_out removes). Raises as `density_of_states`.
    """
    D = check_operator(D)
    bound = spectral_bound(D)
    n_moments = _choose_moments(n_moments, resolution, np.sqrt(bound))
    project, _ = _projector(project_out, D.shape[0])
    vectors = np.asarray(vectors)
    vectors = vectors.reshape(len(vectors), -1)
    if np.iscomplexobj(vectors):
        # D is real: real and imaginary parts contribute one by one
        both = project(np.concatenate([vectors.real, vectors.imag], axis=1))
        real, imaginary = np.split(chebyshev_moments(D, both, n_moments, bound, progress), 2, axis=1)
        moments = real + imaginary
    else:
        moments = chebyshev_moments(D, project(vectors.astype(float)), n_moments, bound, progress)
    g = _evaluate(moments, omega, bound)
    return _spectrum(omega, g, np.zeros_like(g), n_moments, vectors.shape[1], bound)


def local_density_of_states(D, sites, omega, n_moments=None, *, resolution=None, project_out=None, progress=False):
    """g_i(omega) = sum_k |e_k(i)|^2 delta(omega - omega_k) at degrees of freedom `sites`, exact but for the kernel.

    Returns a Spectrum with g (K, len(sites)); the mean over all sites is the density of states. Raises as
    `density_of_states`, and IndexError for a site outside the matrix.
    """
    sites, n = np.atleast_1d(np.asarray(sites, int)), D.shape[0]
    if len(sites) == 0 or sites.min() < 0 or sites.max() >= n:
        raise IndexError(f"sites must lie in 0..{n - 1}")
    D = check_operator(D)
    bound = spectral_bound(D)
    n_moments = _choose_moments(n_moments, resolution, np.sqrt(bound))
    project, _ = _projector(project_out, n)

    def blocks():
        # a block at a time: all unit vectors together would be n^2 numbers
        for start in range(0, len(sites), LANES):
            part = sites[start : start + LANES]
            vectors = np.zeros((n, len(part)))
            vectors[part, np.arange(len(part))] = 1.0
            yield project(vectors)

    g = _evaluate(chebyshev_moments(D, blocks(), n_moments, bound, progress), omega, bound)
    return _spectrum(omega, g, np.zeros_like(g), n_moments, len(sites), bound)


def frequency_histogram(frequencies, edges) -> np.ndarray:
    """g per degree of freedom in bins: counts / (number of frequencies * bin width).

    frequencies: all of a system's, zero modes included; edges: (K+1,) ascending. Returns (K,). States outside
    the edges are not counted but do count in the norm.
    """
    edges = np.asarray(edges, float)
    return np.histogram(frequencies, edges)[0] / (len(frequencies) * np.diff(edges))


def broadened_reduced_density(frequencies, omega, width, dimension=3) -> np.ndarray:
    """g / omega^(dimension - 1) from a list of frequencies, each level a Gaussian of standard deviation `width`.

    Each level is divided by its own omega_k^(dimension - 1) before it is broadened, so that nothing diverges at
    omega = 0; zero modes (below 1e-6 of the highest) are left out but count in the norm. frequencies: (n,);
    omega: (K,). Returns (K,). Raises ValueError unless width > 0.
    """
    if not width > 0:
        raise ValueError(f"width = {width}: the broadening must be positive, in the unit of omega")
    frequencies, omega = np.asarray(frequencies, float), np.asarray(omega, float)
    moving = frequencies[frequencies > 1e-6 * frequencies.max()]
    shape = np.exp(-0.5 * ((omega[:, None] - moving) / width) ** 2)
    return shape @ (1 / moving ** (dimension - 1)) / (len(frequencies) * width * np.sqrt(2 * np.pi))


def mean_reduced_density(frequencies, low, high, dimension=3) -> float:
    """Mean of g / omega^(dimension - 1) over low < omega < high from a list of frequencies, without bins.

    Raises ValueError unless 0 < low < high.
    """
    if not 0 < low < high:
        raise ValueError(f"the range ({low}, {high}) must be positive and not empty")
    frequencies = np.asarray(frequencies, float)
    inside = frequencies[(frequencies > low) & (frequencies < high)]
    return float((1 / inside ** (dimension - 1)).sum() / (len(frequencies) * (high - low)))


def boson_peak(omega, g, dimension=3, omega_min=0.0, omega_max=np.inf, smoothing=0.0) -> BosonPeak:
    """Highest point of g / omega^(dimension - 1) for omega_min <= omega <= omega_max, on the given grid.

    Place and height of an interior maximum are those of the parabola through its three highest points.
    smoothing: standard deviation of a Gaussian applied to the reduced density first, in the unit of omega (0: none;
    needs an even grid). Raises ValueError where the range holds fewer than three points or omega <= 0.
    """
    omega, g = np.asarray(omega, float), np.asarray(g, float)
    if omega.shape != g.shape or omega.ndim != 1:
        raise ValueError(f"omega {omega.shape} and g {g.shape} must be one-dimensional and of one length")
    positive = omega > 0
    omega, reduced = omega[positive], g[positive] / omega[positive] ** (dimension - 1)
    if smoothing > 0:
        step = np.diff(omega)
        if np.ptp(step) > 1e-6 * step.mean():
            raise ValueError("smoothing needs evenly spaced omega")
        reduced = gaussian_filter1d(reduced, smoothing / step.mean(), mode="nearest")
    inside = np.flatnonzero((omega >= omega_min) & (omega <= omega_max))
    if len(inside) < 3:
        raise ValueError(f"fewer than three frequencies in [{omega_min}, {omega_max}]: nothing to search")
    at = inside[np.nanargmax(reduced[inside])]
    if not inside[0] < at < inside[-1]:
        return BosonPeak(float(omega[at]), float(reduced[at]), False, float(smoothing))
    # the parabola through the highest three points: the place is then no multiple of the grid
    x, y = omega[at - 1 : at + 2] - omega[at], reduced[at - 1 : at + 2] - reduced[at]
    (slope, curvature), _, _, _ = np.linalg.lstsq(np.stack([x, x**2], axis=1), y, rcond=None)
    shift = float(np.clip(-slope / (2 * curvature), x[0], x[2])) if curvature < 0 else 0.0
    height = float(reduced[at]) + slope * shift + curvature * shift**2
    return BosonPeak(float(omega[at]) + shift, float(height), True, float(smoothing))
