"""Pair distribution functions of a sample and of each atom (floor 2).

Distances are in the unit of the structure (A, or reduced). Cells are periodic and may be triclinic or narrower than
the distances asked for: every image counts, so beyond half the box an atom meets its own copies and g(r) there is
that of the repeated box.
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

    elements: the S chemical symbols, sorted; edges: (K+1,) of the shells, r: (K,) their middles; total: (K,);
    partial: (S, S, K), symmetric, g[a, b] of atoms b around atoms a; density: (S,), atoms of each element per volume.
    `g["Cu", "Zr"]` is the partial of two elements.
    """

    elements: tuple[str, ...]
    edges: np.ndarray
    r: np.ndarray
    total: np.ndarray
    partial: np.ndarray
    density: np.ndarray

    def __getitem__(self, pair: tuple[str, str]) -> np.ndarray:
        a, b = map(self.elements.index, pair)
        return self.partial[a, b]

    def coordination(self) -> np.ndarray:
        """Neighbours b of an atom a within edges[1:], (S, S, K): 4 pi rho_b times the integral of r^2 g_ab."""
        return np.cumsum(self.partial * self.density[:, None] * shell_volumes(self.edges), axis=-1)


def shell_volumes(edges: np.ndarray) -> np.ndarray:
    """Volumes (K,) between spheres of the radii edges (K+1,)."""
    return 4 / 3 * np.pi * np.diff(edges**3)


def periodic_neighbours(atoms: Atoms, quantities: str, cutoff: float):
    """matscipy's neighbour list (each pair twice, every image, sorted by the first atom) of a periodic structure.

    Raises ValueError for a structure that is empty, not periodic in three directions, or holds NaN, and for a cutoff
    that is not positive.
    """
    check_periodic(atoms)
    if not 0 < cutoff < np.inf:
        raise ValueError(f"cutoff = {cutoff}: give a positive distance")
    return neighbour_list(quantities, atoms, float(cutoff))


def _species(atoms: Atoms) -> tuple[tuple[str, ...], np.ndarray]:
    elements, species = np.unique(atoms.get_chemical_symbols(), return_inverse=True)
    return tuple(map(str, elements)), species


def pair_distribution(atoms: Atoms, r_max: float, dr: float = 0.1) -> PairDistribution:
    """Total and partial g(r) up to r_max in shells as near to dr wide as divide r_max evenly.

    g_ab(r) = n_ab / (N_a rho_b v), with n_ab the pairs in the shell of volume v (tao-2023, Eq. 1, whose
    4 pi r^2 dr is the exact volume here, so that an ideal gas has g = 1 in each shell). Concentration-weighted
    partials add up to the total. Raises ValueError for dr outside (0, r_max], and as `periodic_neighbours`.
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
    """Gaussian-smoothed partial g_i^b(r) around each atom, (N, S, K), elements sorted by symbol.

    g_i^b(r) = sum_j exp(-(r - r_ij)^2 / (2 sigma^2)) / (sqrt(2 pi) sigma 4 pi (r^2 + sigma^2) rho_b): tao-2023, Eq. 2,
    with the Gaussian normalised (the paper's sigma is sqrt(2) times this one) and the shell's area smoothed
    like the pairs, so that an ideal gas has 1. The mean over the atoms of one element is the smoothed partial of the
    sample. r: (K,) ascending, positive; neighbours up to 6 sigma beyond the last enter. Raises ValueError for
    other r or a sigma that is not positive, and as `periodic_neighbours`.
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
    """Distance of the minimum of g(r) behind its first shell: a cutoff for neighbours.

    The lowest point of g, smoothed over 2 % of the peak's distance, between the highest peak and 1.8 times its
    distance; meant where the first peak is the highest. r, g: (K,), r evenly spaced. Raises ValueError where there is
    none, or r ends too early.
    """
    r, g = np.asarray(r, float), np.asarray(g, float)
    peak = int(g.argmax())
    smooth = gaussian_filter1d(g, 0.02 * r[peak] / (r[1] - r[0]))
    last = int(np.searchsorted(r, 1.8 * r[peak]))
    place = peak + int(smooth[peak:last].argmin())
    if not g[peak] > 0 or last >= len(r) or not peak < place < last - 1:
        raise ValueError(f"no minimum of g(r) behind a first peak up to r = {r[-1]:g}: raise r_max or give the cutoff")
    return float(r[place])
