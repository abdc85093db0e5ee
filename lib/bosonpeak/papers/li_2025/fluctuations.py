"""Spectra of fluctuating local quantities in time and space (li-2025, Eqs. 4 and 5).

    phi_X(Q, t) = 1/N sum_jk <dX_j(t) dX_k(0) exp(-i Q.[r_j(t) - r_k(0)])>, Omega_X(Q, E) = Fourier transform of
    phi_X(Q, t) / phi_X(Q, 0),

where dX_j is the deviation of X_j from its own mean over the run. The spectra of the components of a quantity add up.
"""

import numpy as np
from tqdm.auto import tqdm

from bosonpeak.scattering.trajectories import energy_spectra, sample_interval, wave_series
from bosonpeak.scattering.wavevectors import CHUNK, ScatteringMap, ShellSums

_CHUNK = 128
"""Wave vectors, or atoms, whose spectra are computed together."""


def fluctuation_spectra(fields: dict, interval: float, energy, width: float, unit="meV") -> dict[str, np.ndarray]:
    """chi_X(E): spectra of the fluctuations of single atoms (Guerdane and Teichler, PRL 101, 065506 (2008)).

    Parameters
    ----------
    fields : dict
        Arrays (T, N, C) by name, as `local_fields.local_fields` gives them.
    interval : float
        Time between samples, in ps or reduced.
    energy : array, shape (E,)
    width : float
        Resolution, in `unit`; see `scattering.trajectories.energy_spectra`.
    unit : str
        "meV" or "reduced".

    Returns
    -------
    dict
        Arrays (E,) by name: the sum over atoms of their spectra over the sum of their variances, so that the integral
        over both signs of E is 1.
    """
    found = {}
    for name, x in fields.items():
        power, variance = 0.0, 0.0
        for start in range(0, x.shape[1], _CHUNK):
            part = x[:, start : start + _CHUNK]
            power = power + energy_spectra(part, interval, energy, width, unit).sum(axis=(1, 2))
            variance += part.var(axis=0).sum()
        found[name] = power / variance
    return found


def fluctuation_maps(
    trajectory, fields: dict, atoms, wavevectors, energy, width, unit="meV", moving=True, progress=False
) -> dict[str, ScatteringMap]:
    """Omega_X(Q, E) of several local quantities, in one pass over the trajectory.

    Parameters
    ----------
    trajectory : Trajectory
    fields : dict
        Arrays (T', N, C) by name, at the last T' times of the trajectory.
    atoms : ase.Atoms
        The reference of the displacements.
    wavevectors : Wavevectors
    energy : array, shape (E,)
    width : float
        Resolution, in `unit`.
    unit : str
        "meV" or "reduced".
    moving : bool
        Whether atoms carry their X along, as in Eq. 4, or X stays where the atom is in `atoms`.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    dict
        ScatteringMap by name.

    Raises
    ------
    ValueError
        As `scattering.trajectories.energy_spectra`.
    """
    energy = np.asarray(energy, float)
    columns = np.cumsum([0, *(x.shape[2] for x in fields.values())])
    length = min(len(x) for x in fields.values())
    values = np.concatenate([x[-length:] - x[-length:].mean(axis=0) for x in fields.values()], axis=2, dtype=np.float32)
    u, shells = trajectory.displacements[-length:], len(wavevectors.edges) - 1
    sums, static = ({name: ShellSums(shells) for name in fields} for _ in range(2))
    with tqdm(desc="fluctuations", total=len(wavevectors), unit="wave", disable=not progress) as bar:
        for start in range(0, len(wavevectors), CHUNK):
            block = slice(start, start + CHUNK)
            series = wave_series(u, atoms, wavevectors.indices[block], values, moving)
            for first_wave in range(0, series.shape[1], _CHUNK):
                part = slice(first_wave, first_wave + _CHUNK)
                shell = wavevectors.shell[block][part]
                for name, first, last in zip(fields, columns[:-1], columns[1:], strict=True):
                    one = series[:, part, first:last]
                    power = energy_spectra(one, sample_interval(trajectory), energy, width, unit).sum(axis=2)
                    sums[name].add(power.T / len(atoms), shell)
                    static[name].add(one.var(axis=0).sum(axis=1, keepdims=True).astype(float) / len(atoms), shell)
            bar.update(series.shape[1])
    found = {}
    for name in fields:
        mean, error = sums[name].result()
        over = static[name].result()[0]
        found[name] = ScatteringMap(wavevectors.q, energy, mean / over, error / over, wavevectors.counts, unit)
    return found
