"""Motion of atoms in one basin compared with harmonic theory (yang-2021, Fig. 8)."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from ase import Atoms
from matscipy.neighbours import neighbour_list
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from bosonpeak import statistics
from bosonpeak.materials import geometry, glasses

Interval = tuple[float, tuple[float, float]]
"""A value with its 95 % interval."""


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
    distance = np.linalg.norm(geometry.nearest_image(old[None] - new[:, None], atoms.cell), axis=2)
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
    apart = geometry.displacements(atoms, glasses.inherent_structure(moved, potential, force_tolerance))
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


@dataclass(frozen=True)
class Motion:
    """Motion of the tenths of the atoms with the lowest and with the highest I_BP against harmonic theory.

    "kind" is 0 for dynamics and 1 for trajectories drawn from the theory; "group" is 0 for the lowest tenth and 1 for
    the highest.

    Attributes
    ----------
    order : array of int, shape (N,)
        Atoms by I_BP.
    over : array, shape (kind, N)
        <u_i^2> over that of harmonic theory.
    medians : array, shape (kind, group)
        Of these.
    ratio : pair of (float, (float, float))
        Median of the highest over that of the lowest tenth, for each kind; intervals over the runs.
    ratio_about : array, shape (kind,)
        The same about the mean position of each run.
    furthest : array, shape (group, windows)
        The largest step in A of a group and its neighbours in each picosecond of all runs.
    far : pair of (float, (float, float))
        Median of it, for each group.
    r : (float, (float, float))
        Of the logarithms of I_BP and of <u_i^2>.
    kelvin : float
        Mean temperature of the runs.
    left : int
        Runs that end in another basin.
    strings : array of int, shape (kind,)
        Atoms in the longest string.
    moving : int
        Picoseconds of the dynamics in which an atom went beyond 1 A.
    """

    order: np.ndarray
    over: np.ndarray
    medians: np.ndarray
    ratio: tuple[Interval, Interval]
    ratio_about: np.ndarray
    furthest: np.ndarray
    far: tuple[Interval, Interval]
    r: Interval
    kelvin: float
    left: int
    strings: np.ndarray
    moving: int


def compare_motion(runs: xr.Dataset, intensity, per_kelvin, atoms: Atoms) -> Motion:
    """`Motion` of the atoms of a glass.

    Parameters
    ----------
    runs : xarray.Dataset
        Of `archived.thermal_motion`.
    intensity, per_kelvin : array, shape (N,)
        I_BP, and <u_i^2> per kelvin by harmonic theory in A^2/K.
    atoms : ase.Atoms
    """
    order, tenth, kelvin = np.argsort(intensity), len(atoms) // 10, float(runs.kelvin.mean())
    groups, predicted = (order[:tenth], order[-tenth:]), kelvin * np.asarray(per_kelvin)

    def medians(square):
        return np.stack([np.median(square[..., group] / predicted[group], axis=-1) for group in groups], axis=-1)

    each, mean, about = runs["square"].values, runs["square"].values.mean(axis=0), runs.square_about.values.mean(axis=0)
    ratio = (statistics.mean_interval(pair[:, 1] / pair[:, 0]) for pair in medians(each).swapaxes(0, 1))
    of_mean, of_about = medians(mean), medians(about)
    i, j = neighbour_list("ij", atoms, 3.5)
    near = [np.union1d(group, j[np.isin(i, group)]) for group in groups]
    furthest = np.stack([runs.step.values[..., around].max(axis=-1).ravel() for around in near])
    far = (statistics.bootstrap_interval(steps, np.median, 1) for steps in furthest)
    r = float(np.corrcoef(np.log(intensity), np.log(mean[0]))[0, 1])
    return Motion(
        order, mean / predicted, of_mean, tuple(ratio), of_about[:, 1] / of_about[:, 0], furthest, tuple(far),
        (r, statistics.correlation_interval(r, len(atoms))), kelvin, int((runs.strayed > 0.1).sum()),
        runs.longest.max(("run", "window")).values, int((runs.longest.isel(kind=0) > 0).sum()),
    )  # fmt: skip
