"""The Jackson kernel of a run as a matrix, so that a density that is known is seen as the run would have shown it."""

import numpy as np

from bosonpeak.vibrations.chebyshev import jackson_kernel
from bosonpeak.vibrations.spectra import Spectrum


def fine_grid(top: float, points: int = 1500) -> np.ndarray:
    """Midpoints of `points` equal cells of (0, top)."""
    return (np.arange(points) + 0.5) * top / points


def kernel_matrix(omega_in, omega_out, n_moments: int, omega_max: float) -> np.ndarray:
    """Matrix that turns a density into what the Jackson kernel shows of it, g_seen = matrix @ g.

    It is the series of `spectra.density_of_states`, with the moments by quadrature.

    Parameters
    ----------
    omega_in : array, shape (K_in,)
        Evenly spaced, ascending, positive frequencies, closer than the kernel is wide. Each stands for its cell.
    omega_out : array, shape (K_out,)
        Frequencies below omega_max.
    n_moments : int
    omega_max : float
        Square root of the spectral bound of the run.

    Returns
    -------
    array, shape (K_out, K_in)

    Raises
    ------
    ValueError
        If a frequency lies outside (0, omega_max).
    """
    omega_in, omega_out = np.asarray(omega_in, float), np.asarray(omega_out, float)
    if not (omega_in > 0).all() or max(omega_in.max(), omega_out.max()) >= omega_max:
        raise ValueError(f"frequencies must lie between 0 and the kernel's omega_max = {omega_max:.4g}")
    order = np.arange(n_moments)
    angle_in, angle_out = (np.arccos(2 * (w / omega_max) ** 2 - 1) for w in (omega_in, omega_out))
    weight = jackson_kernel(n_moments) * np.where(order == 0, 1.0, 2.0)
    series = np.cos(np.outer(angle_out, order)) * weight
    scale = 2 / np.pi / np.sqrt(omega_max**2 - omega_out**2)
    return scale[:, None] * (series @ np.cos(np.outer(order, angle_in))) * (omega_in[1] - omega_in[0])


def see_through_kernel(omega_in, g, seen: Spectrum) -> np.ndarray:
    """A density as the run `seen` would have shown it.

    What lies above the omega_max of the run, a tail in which the sample has no level, is left out.

    Parameters
    ----------
    omega_in : array, shape (K_in,)
        Frequencies as for `kernel_matrix`.
    g : array, shape (K_in,) or (K_in, n)
        One density, or n.
    seen : Spectrum

    Returns
    -------
    array, shape (K,) or (K, n)
        At the frequencies of `seen`.

    Raises
    ------
    ValueError
        As `kernel_matrix`.
    """
    inside = np.asarray(omega_in) < seen.omega_max * (1 - 1e-9)
    matrix = kernel_matrix(np.asarray(omega_in)[inside], seen.omega, seen.n_moments, seen.omega_max)
    return matrix @ np.asarray(g)[inside]
