"""Where sound stops propagating: widths of the currents of a glass, and its Ioffe-Regel energies.

A wave of the wave vector q that decays has the spectrum of a damped oscillator with the energy Omega and the full width
at half height Gamma. With G normalised to an integral of 1 over E > 0, B = G / E^2 is

    B(q, E) = (2 / pi) Gamma / ((Omega^2 - E^2)^2 + Gamma^2 E^2).

The Ioffe-Regel energy is the Omega at which pi Gamma = Omega: such a wave decays within half a period (Shintani and
Tanaka, Nature Materials 7, 870 (2008)).
"""

import numpy as np
import xarray as xr
from scipy.optimize import curve_fit

from bosonpeak.papers.li_2025.readings import Interval
from bosonpeak.papers.li_2025.spectra import read_excess
from bosonpeak.statistics import mean_interval
from bosonpeak.vibrations.elasticity import phonon_shells
from bosonpeak.vibrations.peaks import gaussian_levels

SLOWEST, STEP = 0.7, 0.02
"""Wave vector in 1/A up to which currents are fitted, and step in meV of the energies of the model."""
NEAR = (0.4, 2.5)
"""Values of pi Gamma / Omega between which a straight line in logarithms determines where it is 1."""


def damped_oscillator(energy, position, damping) -> np.ndarray:
    """B in 1/meV^3 of a damped oscillator at energies in meV; `position` is Omega and `damping` Gamma, in meV."""
    energy, position = np.asarray(energy, float), np.asarray(position, float)
    return 2 / np.pi * damping / ((position**2 - energy**2) ** 2 + (damping * energy) ** 2)


def fit_current(energy, measured, width: float, ratios, counts) -> tuple[float, float]:
    """Omega and Gamma in meV of a current, by least squares.

    Parameters
    ----------
    energy, measured : array, shape (E,)
        Energies in meV, and B of the current in 1/meV^3.
    width : float
        Standard deviation in meV of the Gaussian under which B was drawn; the model is drawn under the same.
    ratios, counts : array, shape (W,)
        Lengths of the wave vectors of the shell over their mean, to which Omega is proportional, and how many there
        are of each.

    Returns
    -------
    position, damping : float
    """
    fine, ratios = np.arange(STEP / 2, energy[-1] + 6 * width, STEP), np.asarray(ratios)
    kernel = STEP * gaussian_levels(energy, fine, width)

    def model(_, position, damping, height):
        # the height is a factor of its own, since fast modes take a part of the current
        return height * (kernel @ (damped_oscillator(fine[:, None], position * ratios, damping) @ counts)) / sum(counts)

    highest = float(energy[(measured * energy**2).argmax()])
    bounds = (0.2, 0.01, 1e-3), (60.0, 60.0, 1e3)
    found, _ = curve_fit(model, energy, measured, (highest, 0.4 * highest, 1.0), bounds=bounds, x_scale="jac")
    return float(found[0]), float(found[1])


def branch(data: xr.Dataset, way: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fits of `fit_current` to the currents of a glass at small wave vectors.

    Parameters
    ----------
    data : xarray.Dataset
        Of `spectra.spectra`, of a metal all of whose modes were computed.
    way : str
        "longitudinal" or "transverse".

    Returns
    -------
    q, position, damping : array, shape (B,)
        Wave vectors in 1/A of the shells that hold any, up to `SLOWEST`, and Omega and Gamma in meV.
    """
    step, found = float(data.q[1] - data.q[0]), []
    shells = np.flatnonzero((data.q.values < SLOWEST) & (data.available.values > 0))
    for k in shells:
        q = float(data.q[k])
        # phonon_shells counts q and -q, and a speed of 1 leaves the wave vectors themselves
        lengths, counts = phonon_shells(data.attrs["edge"] * np.eye(3), 1.0, q + step / 2)
        lengths, counts = (x[lengths >= q - step / 2] for x in (lengths, counts))
        mean = lengths @ counts / counts.sum()
        spectrum = data[way].values[k].astype(float)
        found.append((mean, *fit_current(data.energy.values, spectrum, data.attrs["width"], lengths / mean, counts)))
    q, position, damping = np.reshape(found, (-1, 3)).T
    return q, position, damping


def crossing(position, damping) -> float:
    """Energy in meV at which pi Gamma = Omega, by a straight line through ln(pi Gamma / Omega) against ln Omega.

    Only points (B,) whose ratio lies within `NEAR` count. Where every ratio is below 1, the highest Omega stands for
    the crossing, as a lower bound. NaN with fewer than two points, or where the ratio does not rise.
    """
    position, ratio = np.asarray(position, float), np.pi * np.asarray(damping, float) / position
    if len(ratio) and (ratio < 1).all():
        return float(position.max())
    near = (ratio >= NEAR[0]) & (ratio <= NEAR[1])
    if near.sum() < 2:
        return np.nan
    slope, start = np.polyfit(np.log(position[near]), np.log(ratio[near]), 1)
    return float(np.exp(-start / slope)) if slope > 0 else np.nan


def energies(spectra: list[xr.Dataset], way: str) -> np.ndarray:
    """`crossing` of a branch of each glass, (G,), in meV."""
    return np.array([crossing(*branch(data, way)[1:]) for data in spectra])


def ioffe_regel(way: str):
    """Statistic of spectra: Ioffe-Regel energy of a branch over E_BP; None where one of the glasses has no value."""

    def measured(spectra: list[xr.Dataset]) -> Interval | None:
        found = energies(spectra, way) / [read_excess(data).peak for data in spectra]
        return mean_interval(found, 0) if np.isfinite(found).all() else None

    return measured
