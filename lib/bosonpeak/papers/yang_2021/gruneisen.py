"""Grueneisen parameters gamma of the modes and atoms of glasses, and what Fig. 10 of yang-2021 states of them.

Frequencies omega are in rad/ps; gamma is a number.
"""

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.papers.yang_2021.archived import SLOW
from bosonpeak.vibrations.gruneisen import cumulative_gruneisen
from bosonpeak.vibrations.local_peaks import WIDTH


def listed(values, spec: str = ".2f") -> str:
    """Values of the glasses as text, one after the other."""
    return ", ".join(f"{value:{spec}}" for value in np.asarray(values))


def modes_of(glass: xr.Dataset, way: str) -> pd.DataFrame:
    """Columns omega and gamma of the modes of a glass, by the way "index", "slope", "minima" or "overlap".

    glass: one of `archived.vibrations`.
    """
    return pd.DataFrame({"omega": glass.omega, "gamma": glass[f"gamma_{way}"]}).dropna(subset="omega")


def in_their_basins(vibrations: xr.Dataset) -> np.ndarray:
    """Indices of the glasses whose atoms, minimised at each volume, stayed in their basins."""
    return np.flatnonzero(~(vibrations.jumped > 0).any("side"))


def correlate_atoms(vibrations: xr.Dataset, rng) -> pd.DataFrame:
    """Correlation of gamma_i with ln I_BP over the atoms of each glass, a row per glass.

    Parameters
    ----------
    vibrations : xarray.Dataset
        Of `archived.vibrations`.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        index and minima: r by affine cells and by minima; index_shuffled and minima_shuffled: its mean with gamma
        shuffled among the modes below SLOW.
    """
    rows = []
    for glass in (vibrations.isel(glass=k) for k in range(vibrations.sizes["glass"])):
        rows.append({})
        peaks, omega = np.log(glass.intensity.sel(width=WIDTH).values), glass.omega.values
        for way in ("index", "minima"):
            atomic, gamma = glass[f"atomic_{way}"].values, glass[f"gamma_{way}"].values
            slow = np.flatnonzero((omega < SLOW) & np.isfinite(gamma))
            share, gamma = glass.share.values[:, slow], gamma[slow]
            drawn = [atomic + share @ (rng.permutation(gamma) - gamma) for _ in range(20)]
            r, *shuffled = np.corrcoef(peaks, [atomic, *drawn])[0, 1:]
            rows[-1] |= {way: r, f"{way}_shuffled": np.mean(shuffled)}
    return pd.DataFrame(rows)


def summit(modes: pd.DataFrame, scan) -> float:
    """Frequency of `scan` (K,) below which the mean gamma is largest, from the eleventh mode on (Fig. 10b)."""
    scan = scan[scan >= modes.omega.iloc[10]]
    return float(scan[np.nanargmax(cumulative_gruneisen(modes, scan)[0])])


def compare_tracking(glass: xr.Dataset) -> tuple[float, float]:
    """r of the slow modes' gamma by index and by overlap in a glass, and the median overlap of these modes."""
    slow = glass[["omega", "overlap", "gamma_index", "gamma_overlap"]].to_dataframe().query(f"omega < {SLOW}")
    return float(slow.gamma_overlap.corr(slow.gamma_index)), float(slow.overlap.median())


def compare_gammas(vibrations: xr.Dataset, peaks, scan, rng) -> pd.DataFrame:
    """What Fig. 10 of yang-2021 states of Grueneisen parameters, a row per glass.

    Parameters
    ----------
    vibrations : xarray.Dataset
        Of `archived.vibrations`, of G glasses.
    peaks : array, shape (G,)
        Where their boson peaks are, in rad/ps.
    scan : array, shape (K,)
        Frequencies in rad/ps, ascending.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        low: mean |gamma| below the boson peak over the median of all; exchange, fast: mean |gamma| by index over that
        by perturbation theory, below the peak and above 20 rad/ps; mean, mean_minima: over all modes, of affine cells
        and of minima; slow, slow_minima: over those below SLOW; summit: as `summit`; low_shuffled, summit_shuffled:
        with gamma shuffled among all modes; index_slope: r of both ways.
    """
    rows = []
    for k, peak in enumerate(peaks):
        modes, slope, minima = (modes_of(vibrations.isel(glass=k), way) for way in ("index", "slope", "minima"))
        mixed = modes.assign(gamma=rng.permutation(modes.gamma))
        low, fast, slow = modes.omega < peak, modes.omega > 20, modes.omega < SLOW
        size, of_slope, of_mixed = (abs(found.gamma) for found in (modes, slope, mixed))
        row = {"low": size[low].mean() / size.median(), "low_shuffled": of_mixed[low].mean() / of_mixed.median()}
        row |= {name: size[use].mean() / of_slope[use].mean() for name, use in (("exchange", low), ("fast", fast))}
        for end, found in (("", modes), ("_minima", minima)):
            row |= {f"mean{end}": found.gamma.mean(), f"slow{end}": found.gamma[slow].mean()}
        row |= {"summit": summit(modes, scan), "summit_shuffled": summit(mixed, scan)}
        rows.append(row | {"index_slope": modes.gamma.corr(slope.gamma)})
    return pd.DataFrame(rows)
