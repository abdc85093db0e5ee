"""Boson peaks of glasses and of their atoms, by modes and by moments (yang-2021, Fig. 1 and Sec. 2.2).

I_BP is the boson peak of an atom, the highest g_i(omega) / omega^2, in (rad/ps)^-3.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.glasses import load
from bosonpeak.papers.yang_2021 import archived, events
from bosonpeak.papers.yang_2021.fields import Interval
from bosonpeak.vibrations import local_peaks


def describe_glasses(spectra) -> pd.DataFrame:
    """Boson peaks of glasses, a row per glass.

    Parameters
    ----------
    spectra : list of xarray.Dataset
        Of `archive.results.load_vibrations`.

    Returns
    -------
    pandas.DataFrame
        n_atoms; omega, the place of the boson peak in rad/ps; nu, the same as omega / 2 pi in THz; excess, its height
        over the Debye level; below_ten, the share of the modes below 10 rad/ps.
    """
    found = pd.DataFrame([data.attrs for data in spectra])
    below = [float((data.frequency < 10).mean()) for data in spectra]
    columns = {"n_atoms": found.degrees_of_freedom // 3, "omega": found.boson_peak_omega, "below_ten": below}
    columns |= {"nu": found.boson_peak_omega / (2 * np.pi), "excess": found.boson_peak_intensity / found.debye_level}
    return pd.DataFrame(columns)


def inverse_peaks(table: xr.Dataset) -> np.ndarray:
    """1 / I_BP of every atom of a glass from an archived table of some of them, (N,); NaN for the others."""
    return 1 / table.intensity.reindex(atom=np.arange(table.attrs["n_atoms"])).values


@dataclass(frozen=True)
class Agreement:
    """Pearson's r of two estimates of I_BP with its interval, and `off`, the median of their relative difference."""

    r: Interval
    off: float


def compare_estimates(found, expected) -> Agreement:
    """`Agreement` of two estimates of the I_BP of the same atoms, arrays (n,)."""
    r = float(np.corrcoef(found, expected)[0, 1])
    return Agreement((r, statistics.correlation_interval(r, len(found))), float(np.median(abs(found / expected - 1))))


def log_spread(intensity) -> float:
    """Standard deviation of the logarithms of I_BP (n,)."""
    return float(np.std(np.log(intensity)))


def recompute(glass: str, potential, vibrations: xr.Dataset, moments, strain: float, atoms=16, modes=10) -> dict:
    """Compute the boson peaks of some atoms and the slowest modes of a glass again, and compare with the archive.

    Parameters
    ----------
    glass : str
        The first glass of `vibrations`.
    potential : Potential
        Of that glass.
    vibrations : xarray.Dataset
        Of `archived.vibrations`; nothing is computed where it was not read from the archive.
    moments : array, shape (2, N)
        I_BP by moments, of `archived.moments`, with the width of `local_peaks.WIDTH` first.
    strain : float
        Relative change of the volume of the affine cells.
    atoms, modes : int
        How many of both.

    Returns
    -------
    dict
        sample_atoms, sample_modes and sample_off (how far both are from the archive, as text).

    Raises
    ------
    ValueError
        If they differ by more than 1e-4, relative: the archive does not belong to this code.
    """
    if vibrations.attrs["source"] == "live":
        return {"sample_atoms": 0, "sample_modes": 0, "sample_off": "at this scale all of it was computed here"}
    index, first = events.chosen_atoms(len(moments[0]), atoms), vibrations.isel(glass=0, mode=slice(modes))
    peaks = local_peaks.peaks_by_moments(load(glass), potential, index)[0]
    found = archived.slow_gruneisen(glass, modes, strain)
    pairs = (peaks, moments[0][index]), (found.omega.values, first.omega), (found.gamma.values, first.gamma_slope)
    off = max(float(abs(a / np.asarray(b) - 1).max()) for a, b in pairs)
    if not off <= 1e-4:
        differ = f"peaks, frequencies or Grueneisen parameters differ from the archive by {off:.0e}, relative"
        raise ValueError(f"{differ}: make the archive again, or compute everything here with archived = False")
    agree = f"they agree with the archive to {off:.0e}, relative"
    return {"sample_atoms": atoms, "sample_modes": modes, "sample_off": agree}
