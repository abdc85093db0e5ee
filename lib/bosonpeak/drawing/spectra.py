"""Drawings and tables of the archived glasses (floor 7): spectra in, axes filled."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bosonpeak.units import RAD_PER_PS, THZ


def reduced_density(data, width: float) -> tuple[np.ndarray, np.ndarray]:
    """omega and g / omega^2 of a shipped spectrum, under a Gaussian of standard deviation `width` in all.

    The first 1.5 widths are left out: there the Gaussian reaches over omega = 0.
    """
    omega, g = data.omega.values, data.g.values
    extra = np.sqrt(max(width**2 - data.attrs["resolution"] ** 2, 0.0))
    reduced = g / omega**2
    if extra > 0:
        reduced = gaussian_filter1d(reduced, extra / (omega[1] - omega[0]), mode="nearest")
    inside = omega > 1.5 * width
    return omega[inside], reduced[inside]


def draw_reduced_densities(axes, spectra, width, color, label, unit=1.0) -> None:
    """g / omega^2 (in 1/unit) of several samples, their mean, and below them the mean Debye level, dashed."""
    curves = [reduced_density(data, width) for data in spectra]
    # samples of one recipe have grids that differ by their highest frequency
    omega = curves[0][0]
    values = np.array([np.interp(omega, x, y) for x, y in curves]) * unit
    if len(values) > 1:
        axes.plot(omega, values.T, color=color, linewidth=0.5, alpha=0.3)
    axes.plot(omega, values.mean(axis=0), color=color, label=label)
    level = np.mean([data.attrs["debye_level"] for data in spectra]) * unit
    axes.axhline(level, color=color, linestyle="--", linewidth=1)


def add_frequency_axis(axes):
    """A second axis on top with nu = omega / (2 pi) in THz, for omega in rad/ps."""
    factor = THZ / RAD_PER_PS
    top = axes.secondary_xaxis("top", functions=(lambda x: x * factor, lambda x: x / factor))
    top.set_xlabel(r"$\nu = \omega/2\pi$  (THz)")
    return top


def draw_participation(axes, spectra, color, label) -> None:
    """Participation ratio of each of the lowest modes against its frequency, logarithmic."""
    for i, data in enumerate(spectra):
        moving = data.frequency.values > 1e-5 * data.attrs["omega_max"]
        axes.plot(
            data.frequency.values[moving][:100],
            data.participation_ratio.values[moving][:100],
            ".",
            color=color,
            markersize=3,
            label=label if i == 0 else None,
        )
    axes.set_yscale("log")
