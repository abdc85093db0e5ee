"""Motion of atoms in one basin compared with harmonic theory (yang-2021, Fig. 8)."""

import numpy as np
from ase import Atoms
from ase.units import kB

from bosonpeak.materials.geometry import displacements, nearest_image
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.units import RAD_PER_PS
from bosonpeak.vibrations.modes import Modes


def harmonic_displacements(modes: Modes, potential, atoms: Atoms, temperature: float) -> np.ndarray:
    """<u_i^2> of each atom by harmonic theory, (N,): k T sum_k |e_k(i)|^2 / (m_i omega_k^2), in A^2 or reduced.

    modes: all, in the square root of the dynamical matrix's unit; zero modes (below 1e-6 of the highest) are left out.
    Raises ValueError where they are fewer than nine tenths of all.
    """
    n = 3 * len(atoms)
    if modes.polarizations.shape[1] < 0.9 * n:
        raise ValueError(f"{modes.polarizations.shape[1]} of {n} modes are given: the slow ones alone are not <u^2>")
    moving = modes.omega > 1e-6 * modes.omega.max()
    share = (modes.polarizations[:, moving].reshape(-1, 3, moving.sum()) ** 2).sum(axis=1)
    return (
        _thermal_energy(potential, temperature)
        * (share / modes.omega[moving] ** 2).sum(axis=1)
        / potential.masses_of(atoms)
    )


def draw_harmonic(modes: Modes, potential, atoms: Atoms, temperature: float, times, rng=None) -> np.ndarray:
    """Displacements (T, N, 3) at `times` (ps or reduced) of a harmonic trajectory, amplitudes drawn from Boltzmann.

    What `thermal_trajectory` would show of a perfectly harmonic basin: the same sampling, the same noise. Raises as
    `harmonic_displacements`.
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


def find_chains(start, end, atoms: Atoms, least: float, reach: float) -> list[list[int]]:
    """Strings of atoms of which each moved to where the next one was (Donati et al., Phys. Rev. Lett. 80, 2338 (1998)).

    start, end: displacements (N, 3) at two times; atoms: where they are displaced from. An atom counts if it moved
    further than `least` between them, and follows the atom whose old place it has come within `reach` of. Lists of
    atoms in the order of the string, the longest first; one that follows nobody is a list of its own.
    """
    moved = np.flatnonzero(np.linalg.norm(end - start, axis=1) > least)
    if not len(moved):
        return []
    old, new = atoms.positions[moved] + start[moved], atoms.positions[moved] + end[moved]
    distance = np.linalg.norm(nearest_image(old[None] - new[:, None], atoms.cell), axis=2)
    np.fill_diagonal(distance, np.inf)
    target = np.where(distance.min(axis=1) <= reach, distance.argmin(axis=1), -1) if len(moved) > 1 else np.array([-1])
    # the place that two atoms share belongs to the nearer
    for place in set(target[target >= 0].tolist()):
        rivals = np.flatnonzero(target == place)
        target[rivals[rivals != rivals[distance[rivals, place].argmin()]]] = -1
    heads, chains = set(range(len(moved))) - set(target.tolist()), []
    left = set(range(len(moved)))
    # strings first, then rings, which have no head
    for first in [*sorted(heads), *range(len(moved))]:
        chain, at = [], first
        while at in left:
            left.remove(at)
            chain.append(int(moved[at]))
            at = int(target[at])
        if chain:
            chains.append(chain)
    return sorted(chains, key=len, reverse=True)


def basin_distance(atoms: Atoms, potential, u, force_tolerance: float = 1e-6) -> float:
    """How far the minimum below atoms displaced by u (N, 3) is from `atoms`: largest of an atom, A or reduced.

    0 up to the tolerance where they are still in their basin. Raises as `materials.glasses.inherent_structure`.
    """
    moved = atoms.copy()
    moved.positions += u
    apart = displacements(atoms, inherent_structure(moved, potential, force_tolerance))
    return float(np.linalg.norm(apart - np.median(apart, axis=0), axis=1).max())


def mean_square_displacements(u, about_mean: bool = False) -> np.ndarray:
    """<u_i^2> over the samples u (T, N, 3), (N,), about u = 0 (the inherent structure) or their mean.

    A step into another minimum counts in the first and hardly in the second, which misses what is slower than the run.
    """
    u = np.asarray(u, float)
    return ((u - u.mean(axis=0) if about_mean else u) ** 2).sum(axis=2).mean(axis=0)
