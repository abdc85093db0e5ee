"""Drawings of the archived spectra of glasses."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bosonpeak.units import RAD_PER_PS, THZ


def reduced_density(data, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and g / omega^2 of an archived spectrum under a Gaussian kernel.

    Parameters
    ----------
    data : xarray.Dataset
        An archived spectrum with g over omega, in rad/ps or reduced.
    width : float
        Standard deviation of the kernel in the unit of omega, the resolution of the spectrum included.

    Returns
    -------
    omega, reduced : array, shape (K,)
        Only above 1.5 widths: below, the kernel reaches beyond omega = 0.
    """
    omega, g = data.omega.values, data.g.values
    extra = np.sqrt(max(width**2 - data.attrs["resolution"] ** 2, 0.0))
    reduced = g / omega**2
    if extra > 0:
        reduced = gaussian_filter1d(reduced, extra / (omega[1] - omega[0]), mode="nearest")
    inside = omega > 1.5 * width
    return omega[inside], reduced[inside]


def draw_reduced_densities(axes, spectra, width, color, label, unit=1.0) -> None:
    """Draw g / omega^2 (in 1/unit) of several samples, their mean, and their mean Debye level as a dashed line.

    spectra, width: as `reduced_density`, for a list of samples of one recipe.
    """
    curves = [reduced_density(data, width) for data in spectra]
    # the grids of samples of one recipe differ in their highest frequency
    omega = curves[0][0]
    values = np.array([np.interp(omega, x, y) for x, y in curves]) * unit
    if len(values) > 1:
        axes.plot(omega, values.T, color=color, linewidth=0.5, alpha=0.3)
    axes.plot(omega, values.mean(axis=0), color=color, label=label)
    level = np.mean([data.attrs["debye_level"] for data in spectra]) * unit
    axes.axhline(level, color=color, linestyle="--", linewidth=1)


def add_frequency_axis(axes):
    """Add an axis on top with nu = omega / (2 pi) in THz to axes whose x is omega in rad/ps. Returns the new axis."""
    factor = THZ / RAD_PER_PS
    top = axes.secondary_xaxis("top", functions=(lambda x: x * factor, lambda x: x / factor))
    top.set_xlabel(r"$\nu = \omega/2\pi$  (THz)")
    return top
