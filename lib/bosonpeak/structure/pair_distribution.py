"""Pair distribution functions of a sample and of each atom.

Distances are in the unit of the structure (A, or reduced). Cells are periodic and may be triclinic, or narrower than
the distances asked for. Every image counts, so that g(r) beyond half the box is that of the repeated box.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from matscipy.neighbours import neighbour_list
from numba import njit, prange
from scipy.ndimage import gaussian_filter1d

from bosonpeak.materials.geometry import check_periodic


@dataclass(frozen=True)
class PairDistribution:
    """Total and partial pair distribution functions of one sample.

    Attributes
    ----------
    elements : tuple of str
        The S chemical symbols, sorted.
    edges : array, shape (K + 1,)
        Edges of the shells, in the unit of the structure.
    r : array, shape (K,)
        Middles of the shells.
    total : array, shape (K,)
    partial : array, shape (S, S, K)
        Symmetric; partial[a, b] is that of atoms b around atoms a.
    density : array, shape (S,)
        Atoms of each element per volume.
    """

    elements: tuple[str, ...]
    edges: np.ndarray
    r: np.ndarray
    total: np.ndarray
    partial: np.ndarray
    density: np.ndarray


def shell_volumes(edges: np.ndarray) -> np.ndarray:
    """Volumes (K,) between spheres whose radii are the edges (K + 1,)."""
    return 4 / 3 * np.pi * np.diff(edges**3)


def periodic_neighbours(atoms: Atoms, quantities: str, cutoff: float):
    """Neighbour list of a periodic structure: each pair twice, every image, sorted by the first atom.

    Parameters
    ----------
    atoms : ase.Atoms
    quantities : str
        What to return, as in `matscipy.neighbours.neighbour_list`, such as "ijd".
    cutoff : float
        In the unit of the structure.

    Returns
    -------
    tuple of arrays
        One for each quantity.

    Raises
    ------
    ValueError
        If the cutoff is not positive, and as `geometry.check_periodic`.
    """
    check_periodic(atoms)
    if not 0 < cutoff < np.inf:
        raise ValueError(f"cutoff = {cutoff}: give a positive distance")
    return neighbour_list(quantities, atoms, float(cutoff))


def _species(atoms: Atoms) -> tuple[tuple[str, ...], np.ndarray]:
    elements, species = np.unique(atoms.get_chemical_symbols(), return_inverse=True)
    return tuple(map(str, elements)), species


def pair_distribution(atoms: Atoms, r_max: float, dr: float = 0.1) -> PairDistribution:
    """Total and partial g(r) up to r_max.

    g_ab(r) = n_ab / (N_a rho_b v), with n_ab the number of pairs in the shell of volume v. This is Eq. 1 of tao-2023
    with the exact volume instead of 4 pi r^2 dr, so that an ideal gas has g = 1 in each shell. The partial functions,
    weighted by the concentrations, add up to the total.

    Parameters
    ----------
    atoms : ase.Atoms
    r_max : float
        In the unit of the structure.
    dr : float
        Approximate width of the shells, which divide r_max evenly.

    Returns
    -------
    PairDistribution

    Raises
    ------
    ValueError
        If dr lies outside (0, r_max], and as `periodic_neighbours`.
    """
    if not 0 < dr <= r_max:
        raise ValueError(f"dr = {dr} must lie between 0 and r_max = {r_max}")
    i, j, d = periodic_neighbours(atoms, "ijd", r_max)
    elements, species = _species(atoms)
    bins = round(r_max / dr)
    edges = np.linspace(0, r_max, bins + 1)
    # a pair at r_max itself belongs to the last shell
    shell = np.minimum(np.searchsorted(edges, d, side="right") - 1, bins - 1)
    s = len(elements)
    counts = np.bincount((species[i] * s + species[j]) * bins + shell, minlength=s * s * bins).reshape(s, s, bins)
    number, volume = np.bincount(species), atoms.get_volume()
    partial = counts / (np.multiply.outer(number, number / volume)[..., None] * shell_volumes(edges))
    total = counts.sum((0, 1)) / (len(atoms) ** 2 / volume * shell_volumes(edges))
    return PairDistribution(elements, edges, (edges[1:] + edges[:-1]) / 2, total, partial, number / volume)


@njit(parallel=True, cache=True)
def _smear(first, species, distance, r, sigma, out):
    reach = 6 * sigma
    for i in prange(len(first) - 1):
        for p in range(first[i], first[i + 1]):
            row, d = out[i, species[p]], distance[p]
            for k in range(np.searchsorted(r, d - reach), np.searchsorted(r, d + reach)):
                row[k] += np.exp(-0.5 * ((r[k] - d) / sigma) ** 2)


def atomic_pair_distribution(atoms: Atoms, r, sigma: float) -> np.ndarray:
    """Gaussian-smoothed partial g_i^b(r) around each atom.

        g_i^b(r) = sum_j exp(-(r - r_ij)^2 / (2 sigma^2)) / (sqrt(2 pi) sigma 4 pi (r^2 + sigma^2) rho_b)

    This is Eq. 2 of tao-2023 with a normalised Gaussian (the sigma of the paper is sqrt(2) times this one), and with
    the area of the shell smoothed like the pairs, so that an ideal gas has 1. The mean over the atoms of one element
    is the smoothed partial function of the sample.

    Parameters
    ----------
    atoms : ase.Atoms
        N atoms of S elements.
    r : array, shape (K,)
        Ascending and positive, in the unit of the structure. Neighbours up to 6 sigma beyond the last one contribute.
    sigma : float
        Standard deviation of the Gaussian, in the same unit.

    Returns
    -------
    array, shape (N, S, K)
        Elements sorted by symbol.

    Raises
    ------
    ValueError
        If r is not ascending and positive, sigma is not positive, and as `periodic_neighbours`.
    """
    r = np.atleast_1d(np.asarray(r, float))
    if r.ndim != 1 or not (np.diff(r, prepend=0) > 0).all() or not sigma > 0:
        raise ValueError(f"r must ascend from above 0 and sigma = {sigma} be positive")
    i, j, d = periodic_neighbours(atoms, "ijd", r[-1] + 6 * sigma)
    elements, species = _species(atoms)
    out = np.zeros((len(atoms), len(elements), len(r)))
    _smear(np.searchsorted(i, np.arange(len(atoms) + 1)), species[j], d, r, float(sigma), out)
    density = np.bincount(species) / atoms.get_volume()
    return out / (np.sqrt(2 * np.pi) * sigma * 4 * np.pi * (r**2 + sigma**2) * density[:, None])


def first_minimum(r, g) -> float:
    """Distance of the minimum of g(r) after its first peak, which serves as a cutoff for neighbours.

    It is the lowest point of g, smoothed over 2 % of the distance of the highest peak, between this peak and 1.8 times
    its distance. This is intended for a g(r) whose first peak is the highest.

    Parameters
    ----------
    r, g : array, shape (K,)
        r is evenly spaced.

    Returns
    -------
    float
        In the unit of r.

    Raises
    ------
    ValueError
        If there is no such minimum, or r ends too early.
    """
    r, g = np.asarray(r, float), np.asarray(g, float)
    peak = int(g.argmax())
    smooth = gaussian_filter1d(g, 0.02 * r[peak] / (r[1] - r[0]))
    last = int(np.searchsorted(r, 1.8 * r[peak]))
    place = peak + int(smooth[peak:last].argmin())
    if not g[peak] > 0 or last >= len(r) or not peak < place < last - 1:
        raise ValueError(f"no minimum of g(r) after its first peak up to r = {r[-1]:g}: raise r_max or give the cutoff")
    return float(r[place])
