"""Waves of a spring network: spectral function, dispersion, width and Ioffe-Regel crossover.

    A(q, omega) = sum_k |<q|e_k>|^2 delta(omega - omega_k),   |q> = exp(i q r) / sqrt(N)

Its integral over omega > 0 is 1 less the weight of zero modes. The dynamic structure factor S(q, omega) of classical
vibrations is k_B T q^2 / (m omega^2) times A. An effective medium has A = -(2 omega / pi) Im [omega^2 - K(omega)
D(q)]^-1. Reduced units: length a, stiffness t0, mass m, omega in sqrt(t0/m), q in 1/a.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice
from bosonpeak.papers.spring_network.cpa import find_crossover
from bosonpeak.papers.spring_network.network_peaks import fine_grid, kernel_matrix, see_through_kernel
from bosonpeak.vibrations.spectra import Spectrum, spectral_function


@dataclass(frozen=True)
class Line:
    """A line of the spectral function, fitted by a damped oscillator.

    Attributes
    ----------
    frequency, width : float
        Omega and the full width Gamma at half of the height, in sqrt(t0/m).
    weight : float
        1 for a whole line.
    misfit : float
        Root mean square of the residuals over the height of the line.
    """

    frequency: float
    width: float
    weight: float
    misfit: float


def box_vectors_along(network: SpringNetwork, axis: int, q_max: float) -> np.ndarray:
    """Wave vectors that fit the periodic box, along one axis.

    Parameters
    ----------
    network : SpringNetwork
    axis : int
    q_max : float
        Longest wave vector in 1/a.

    Returns
    -------
    array, shape (Q, d)
        In 1/a, shortest first.

    Raises
    ------
    ValueError
        If none fits.
    """
    count = int(q_max * network.box[axis] / (2 * np.pi) + 1e-9)
    if count < 1:
        raise ValueError(f"a box of edge {network.box[axis]:.4g} holds no wave vector up to {q_max:.4g}")
    q = np.zeros((count, len(network.box)))
    q[:, axis] = 2 * np.pi * np.arange(1, count + 1) / network.box[axis]
    return q


def wave_spectrum(network: SpringNetwork, q, omega, resolution: float) -> Spectrum:
    """A(q, omega) of scalar springs, without random numbers.

    Parameters
    ----------
    network : SpringNetwork
    q : array, shape (Q, d)
        Wave vectors of the periodic box, in 1/a.
    omega : array, shape (K,)
        Frequencies in sqrt(t0/m).
    resolution : float
        Standard deviation of the kernel in sqrt(t0/m).

    Returns
    -------
    Spectrum
        With g (K, Q).

    Raises
    ------
    ValueError
        For a wave vector that does not fit the box.
    """
    q = np.atleast_2d(np.asarray(q, float))
    turns = q * network.box / (2 * np.pi)
    if abs(turns - np.round(turns)).max() > 1e-6:
        raise ValueError("a wave vector does not fit the periodic box: take multiples of 2 pi / edge")
    waves = np.exp(1j * network.positions @ q.T) / np.sqrt(len(network))
    return spectral_function(network.dynamical_matrix(), waves, omega, resolution=resolution)


def medium_spectrum(medium, q) -> np.ndarray:
    """A(q, omega) of a scalar effective medium at its own frequencies, (K, Q), for wave vectors q (Q, d) in 1/a."""
    level = get_lattice(medium.lattice).matrix(np.atleast_2d(q))
    green = 1 / (medium.omega[:, None] ** 2 - medium.stiffness[:, None] * level)
    return -2 * medium.omega[:, None] / np.pi * green.imag


def damped_oscillator(omega, frequency, width) -> np.ndarray:
    """(2/pi) omega^2 Gamma / ((omega^2 - Omega^2)^2 + omega^2 Gamma^2), whose integral over omega > 0 is 1."""
    omega = np.asarray(omega, float)
    return 2 / np.pi * omega**2 * width / ((omega**2 - frequency**2) ** 2 + (omega * width) ** 2)


def fit_lines(seen: Spectrum, above: float = 0.25) -> list[Line]:
    """Fit a damped oscillator, seen through the kernel of the run, to each line.

    The width of the kernel is thereby taken out. A width much below that of the kernel is uncertain.

    Parameters
    ----------
    seen : Spectrum
        With one column of g for each wave vector.
    above : float
        The part of a line that is fitted: where it exceeds this fraction of its height.

    Returns
    -------
    list of Line

    Raises
    ------
    ValueError
        If fewer than five points of a line are that high.
    """
    omega = seen.omega
    fine = fine_grid(seen.omega_max * (1 - 1e-9), max(2000, 8 * seen.n_moments))
    matrix = kernel_matrix(fine, omega, seen.n_moments, seen.omega_max)
    # a line narrower than the fine grid cannot be distinguished from a narrower one
    narrow = np.log(2 * (fine[1] - fine[0]))
    lines = []
    for curve in seen.g.T:
        i = int(np.argmax(curve))
        # the part that is connected with the top
        low = np.flatnonzero(curve < above * curve[i])
        part = slice(max(low[low < i], default=-1) + 1, min(low[low > i], default=len(omega)))
        if part.stop - part.start < 5:
            raise ValueError(f"the line at omega = {omega[i]:.3g} spans fewer than five points: take a finer grid")
        lines.append(_fit(curve[part] / curve[i], curve[i], omega[part], omega[i], matrix[part], fine, narrow, seen))
    return lines


def _fit(shown, height, omega, top, matrix, fine, narrow, seen) -> Line:
    def difference(p):
        return np.exp(p[2]) * (matrix @ damped_oscillator(fine, np.exp(p[0]), np.exp(p[1]))) / height - shown

    half = max(np.ptp(omega) / 2, seen.resolution)
    start = [np.log(top), max(np.log(half), narrow + 0.1), 0.0]
    ends = np.log([0.5 * omega[0], 1.5 * omega[-1]])
    found = least_squares(difference, start, bounds=([ends[0], narrow, -5], [ends[1], np.log(3 * fine[-1]), 5]))
    frequency, width, weight = np.exp(found.x)
    return Line(float(frequency), float(width), float(weight), float(np.sqrt(np.mean(found.fun**2))))


def medium_run(medium, q, seen: Spectrum) -> Spectrum:
    """A(q, omega) of an effective medium as the run `seen` would have shown it.

    Lines narrower than the medium's own grid of frequencies are not resolved: choose larger q.

    Parameters
    ----------
    medium : cpa.EffectiveMedium
    q : array, shape (Q, d)
        Wave vectors in 1/a.
    seen : Spectrum

    Returns
    -------
    Spectrum
        With g (K, Q) at the frequencies of `seen`.
    """
    g = np.stack([see_through_kernel(medium.omega, column, seen) for column in medium_spectrum(medium, q).T], axis=1)
    return replace(seen, g=g, stderr=np.zeros_like(g))


def ioffe_regel(lines) -> float:
    """Frequency at which pi times the width of a line first reaches its frequency, NaN where it does not.

    There the mean free path of the energy is half a wavelength. The lines are ordered by rising wave vector.
    """
    frequency = np.array([line.frequency for line in lines])
    return find_crossover(frequency, np.pi * np.array([line.width for line in lines]) / frequency)
