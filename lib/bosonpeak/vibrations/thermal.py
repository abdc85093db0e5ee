"""Thermal motion in a harmonic basin: mean square displacements, and trajectories drawn from the theory."""

import numpy as np
from ase import Atoms
from ase.units import kB

from bosonpeak.units import RAD_PER_PS
from bosonpeak.vibrations.modes import Modes


def harmonic_displacements(modes: Modes, potential, atoms: Atoms, temperature: float) -> np.ndarray:
    """<u_i^2> = k_B T sum_k |e_k(i)|^2 / (m_i omega_k^2) of each atom by harmonic theory (classical).

    Parameters
    ----------
    modes : Modes
        All of them, with omega in the square root of the dynamical matrix's unit; zero modes (below 1e-6 of the
        highest) are left out.
    potential : Potential
    atoms : ase.Atoms
        The minimum, N atoms.
    temperature : float
        In K or reduced.

    Returns
    -------
    array, shape (N,)
        In A^2 or reduced.

    Raises
    ------
    ValueError
        If fewer than nine tenths of the modes are given.
    """
    n = 3 * len(atoms)
    if modes.polarizations.shape[1] < 0.9 * n:
        raise ValueError(f"{modes.polarizations.shape[1]} of {n} modes are given: the slow ones alone are not <u^2>")
    moving = modes.omega > 1e-6 * modes.omega.max()
    share = (modes.polarizations[:, moving].reshape(-1, 3, moving.sum()) ** 2).sum(axis=1)
    weight = (share / modes.omega[moving] ** 2).sum(axis=1)
    return _thermal_energy(potential, temperature) * weight / potential.masses_of(atoms)


def draw_harmonic(modes: Modes, potential, atoms: Atoms, temperature: float, times, rng=None) -> np.ndarray:
    """A harmonic trajectory with amplitudes drawn from Boltzmann's distribution.

    It is what `materials.dynamics.thermal_trajectory` would show of a perfectly harmonic basin: the same sampling, the
    same noise.

    Parameters
    ----------
    modes, potential, atoms, temperature
        As in `harmonic_displacements`.
    times : array, shape (T,)
        In ps or reduced.
    rng : int or numpy.random.Generator, optional

    Returns
    -------
    array, shape (T, N, 3)
        Displacements from the minimum, in A or reduced.
    """
    rng = np.random.default_rng(rng)
    moving = modes.omega > 1e-6 * modes.omega.max()
    omega = modes.omega[moving]
    rate = RAD_PER_PS if potential.units == "metal" else 1.0
    amplitude = np.sqrt(-2 * np.log(rng.random(len(omega))) * _thermal_energy(potential, temperature)) / omega
    phase = np.outer(np.asarray(times), omega * rate) + 2 * np.pi * rng.random(len(omega))
    u = (amplitude * np.cos(phase)) @ modes.polarizations[:, moving].T
    root = np.sqrt(np.repeat(potential.masses_of(atoms), 3))
    return (u / root).reshape(len(phase), len(atoms), 3)


def _thermal_energy(potential, temperature) -> float:
    return temperature * (kB if potential.units == "metal" else 1.0)
