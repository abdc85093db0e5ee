"""Motion of atoms in one basin compared with harmonic theory (yang-2021, Fig. 8)."""

import numpy as np
from ase import Atoms
from ase.units import kB
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from bosonpeak.materials.geometry import displacements, nearest_image
from bosonpeak.materials.glasses import inherent_structure
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


def longest_chain(start, end, atoms: Atoms, least: float, reach: float) -> int:
    """Atoms in the longest string of which each moved to where the next one was; 0 where no atom moved far enough.

    An atom counts if it moved further than `least`. It follows the atom whose old place it has come within `reach` of;
    a place that two atoms share belongs to the nearer one. A string may close to a ring. See Donati et al., Phys. Rev.
    Lett. 80, 2338 (1998).

    Parameters
    ----------
    start, end : array, shape (N, 3)
        Displacements of the atoms at two times, in A or reduced.
    atoms : ase.Atoms
        Where they are displaced from.
    least, reach : float
        In A or reduced.
    """
    moved = np.flatnonzero(np.linalg.norm(end - start, axis=1) > least)
    if len(moved) < 2:
        return len(moved)
    old, new = atoms.positions[moved] + start[moved], atoms.positions[moved] + end[moved]
    distance = np.linalg.norm(nearest_image(old[None] - new[:, None], atoms.cell), axis=2)
    np.fill_diagonal(distance, np.inf)
    each, nearest = np.arange(len(moved)), distance.argmin(axis=1)
    rivals = np.full_like(distance, np.inf)
    rivals[each, nearest] = distance[each, nearest]
    # each atom follows one at most and is followed by one at most: a string is what hangs together
    follows = (distance[each, nearest] <= reach) & (rivals.argmin(axis=0)[nearest] == each)
    links = csr_array((follows[follows], (each[follows], nearest[follows])), shape=distance.shape)
    return int(np.bincount(connected_components(links, directed=False)[1]).max())


def basin_distance(atoms: Atoms, potential, u, force_tolerance: float = 1e-6) -> float:
    """How far the minimum below displaced atoms is from the minimum where they started.

    Parameters
    ----------
    atoms : ase.Atoms
        The minimum, N atoms.
    potential : Potential
    u : array, shape (N, 3)
        Displacements, in A or reduced.
    force_tolerance : float
        Largest component of a force that the new minimum may keep, in eV/A or reduced.

    Returns
    -------
    float
        The largest displacement of an atom between the minima, in A or reduced; 0 up to the tolerance where they are
        the same.

    Raises
    ------
    RuntimeError
        As `materials.glasses.inherent_structure`.
    """
    moved = atoms.copy()
    moved.positions += u
    apart = displacements(atoms, inherent_structure(moved, potential, force_tolerance))
    return float(np.linalg.norm(apart - np.median(apart, axis=0), axis=1).max())


def mean_square_displacements(u, about_mean: bool = False) -> np.ndarray:
    """<u_i^2> of each atom over the samples of a trajectory.

    A step into another minimum counts about the inherent structure and hardly about the mean position, which misses
    what is slower than the run.

    Parameters
    ----------
    u : array, shape (T, N, 3)
        Displacements from the inherent structure.
    about_mean : bool
        Whether to measure them from their mean instead.

    Returns
    -------
    array, shape (N,)
    """
    u = np.asarray(u, float)
    return ((u - u.mean(axis=0) if about_mean else u) ** 2).sum(axis=2).mean(axis=0)
