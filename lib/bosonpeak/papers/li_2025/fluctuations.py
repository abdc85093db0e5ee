"""Spectra of fluctuating local quantities in time and space (li-2025, Eqs. 4 and 5).

    phi_X(Q, t) = 1/N sum_jk <dX_j(t) dX_k(0) exp(-i Q.[r_j(t) - r_k(0)])>, Omega_X(Q, E) = Fourier transform of
    phi_X(Q, t) / phi_X(Q, 0),

where dX_j is the deviation of X_j from its own mean over the run. The spectra of the components of a quantity add up.
"""

import numpy as np
from tqdm.auto import tqdm

from bosonpeak.papers.li_2025.local_fields import linear_operator
from bosonpeak.scattering.trajectories import energy_spectra, sample_interval, wave_series
from bosonpeak.scattering.wavevectors import CHUNK, ScatteringMap, ShellSums, phase_waves
from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.peaks import frequency_scale, gaussian_levels

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
    trajectory, fields: dict, atoms, wavevectors, energy, width, unit="meV", moving=True, normalise=True, progress=False
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
    normalise : bool
        Whether to divide by phi(Q, 0) of the shell (Eq. 5); otherwise the spectrum of 1/N sum_c |X_c(Q)|^2 is given.
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
        over = static[name].result()[0] if normalise else 1.0
        found[name] = ScatteringMap(wavevectors.q, energy, mean / over, error / over, wavevectors.counts, unit)
    return found


def harmonic_fluctuation_map(modes, name: str, geometry, wavevectors, energy, width, unit="meV") -> ScatteringMap:
    """The map of a linear field for all modes in thermal motion, without a trajectory and without its noise:

        1/(N C) sum_c sum_k |sum_j X_jc(e_k) exp(-i Q.r_j)|^2 / E_k^2 delta(E - E_k).

    Atoms are at rest in the phase. The map is not divided by phi(Q, 0), in which slow modes weigh most.

    Parameters
    ----------
    modes : Modes
        All normal modes of geometry.atoms.
    name : str
        One of `local_fields.LINEAR`.
    geometry : LocalGeometry
    wavevectors : Wavevectors
    energy : array, shape (E,)
    width : float
        Standard deviation of the Gaussian kernel, in `unit`.
    unit : str
        "meV" or "reduced".

    Raises
    ------
    ValueError
        As `linear_operator`.
    """
    atoms, n = geometry.atoms, len(geometry.atoms)
    level = modes.omega * frequency_scale(unit)
    energy, still = np.asarray(energy, float), 1e-6 * level.max()
    # the Gaussian of a mode beyond 15 widths from all energies is 0 in single precision
    moving = (level > max(still, energy.min() - 15 * width)) & (level < energy.max() + 15 * width)
    level, root = level[moving], np.sqrt(np.repeat(atoms.get_masses(), 3))
    operator = linear_operator(name, geometry)
    values = (operator @ (modes.polarizations[:, moving] / root[:, None])).reshape(n, -1, len(level)).astype("f4")
    kernel = (gaussian_levels(energy, level, width) / level**2).T.astype(np.float32) / np.float32(n * values.shape[1])
    scaled, sums = atoms.get_scaled_positions(wrap=True), ShellSums(len(wavevectors.edges) - 1)
    with blas_threads(available_cores()):
        for start in range(0, len(wavevectors), _CHUNK):
            part = slice(start, start + _CHUNK)
            waves = phase_waves(scaled, wavevectors.indices[part])
            power = sum(((waves @ values[:, c]) ** 2).sum(axis=0) for c in range(values.shape[1]))
            sums.add(power @ kernel, wavevectors.shell[part])
    mean, error = sums.result()
    return ScatteringMap(wavevectors.q, energy, mean, error, wavevectors.counts, unit)
