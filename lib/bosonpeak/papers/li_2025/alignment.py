"""How far neighbours move alike in the modes of a glass, and the B(Q, E) that follows from it without a fit.

With the displacement u_i = m_i^-1/2 e(i) of atom i in a mode, the one-phonon intensity of unit scattering lengths is

    B(Q, E) = sum_ij <Q^.u_i Q^.u_j exp(i Q.r_ij)> / (E^2 sum_i 1/m_i).

In an isotropic solid, with the direction r^ of a pair and x = Q r, the mean over directions leaves

    3 sum_i (1/m_i) E^2 B(Q, E) = A_0(E) + sum_pairs K(r, Q, E),    K = 3 T j_0(x) + 3 (L - T) [j_0(x) - 2 j_1(x) / x],

where A_0 = sum_i u_i^2; L(r, E) is the mean over the pairs at the distance r of (u_i.r^)(u_j.r^), and T that of the
product of one component across r^; A = L + 2 T is the alignment, the mean of u_i.u_j; j_0 and j_1 are spherical Bessel
functions. Where the alignment does not depend on the direction of the pair, L = T = A / 3 and K = A j_0. If neighbours
then moved alike, A = A_0 / N, the right-hand side would be A_0 S(Q): intensity follows the structure factor as far as
neighbours move alike (Carpenter and Price, PRL 54, 441 (1985); Buchenau et al., PRB 34, 5665 (1986)).

The sum ends at a distance R. It is brought to 0 over its last third, cos^2, because a sharp end at R would draw ripples
over Q; distant pairs scatter forward, below the wave vectors that are compared.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.special import spherical_jn

from bosonpeak.structure.pair_distribution import first_minimum, pair_distribution, periodic_neighbours
from bosonpeak.vibrations.modes import Modes
from bosonpeak.vibrations.peaks import frequency_scale, gaussian_levels


@dataclass(frozen=True)
class Alignment:
    """Sums of u_i.u_j over pairs in shells of distance, under the kernel of B: each mode over its E_k^2.

    Attributes
    ----------
    energy : array, shape (E,)
    edges : array, shape (R + 1,)
        Edges of the shells of distance, in A or reduced.
    pairs : array, shape (R,)
        Ordered pairs in each shell.
    sums, along : array, shape (R, E)
        Sums over them of u_i.u_j and of (u_i.r^)(u_j.r^).
    own : array, shape (E,)
        Sum of u_i^2 over the atoms.
    n_atoms : int
    nearest : float
        First minimum of g(r).
    """

    energy: np.ndarray
    edges: np.ndarray
    pairs: np.ndarray
    sums: np.ndarray
    along: np.ndarray
    own: np.ndarray
    n_atoms: int
    nearest: float

    def between(self, low: float, high: float) -> np.ndarray:
        """Alignment c(E) of the pairs at distances from low to high: mean u_i.u_j over mean u_i^2, (E,)."""
        inside = (self.edges[:-1] >= low - 1e-9) & (self.edges[1:] <= high + 1e-9)
        return self.sums[inside].sum(axis=0) / self.pairs[inside].sum() / (self.own / self.n_atoms)

    @property
    def neighbours(self) -> np.ndarray:
        """c(E) of the pairs within the first minimum of g(r), (E,)."""
        return self.between(0.0, self.edges[abs(self.edges - self.nearest).argmin()])

    def directed(self, energy: float) -> tuple[float, float]:
        """Alignment of nearest neighbours along the line of the pair and across it, each over a third of mean u_i^2."""
        inside, k = self.edges[1:] <= self.nearest + 1e-9, abs(self.energy - energy).argmin()
        one = self.pairs[inside].sum() * self.own[k] / (3 * self.n_atoms)
        along, total = self.along[inside, k].sum() / one, self.sums[inside, k].sum() / one
        return float(along), float((total - along) / 2)

    def intensity(self, q, pairs: str = "directed") -> np.ndarray:
        """B(Q, E) that follows, up to a factor.

        Parameters
        ----------
        q : array, shape (B,)
        pairs : str
            "directed" keeps L and T apart, "undirected" takes the alignment as independent of the direction of a pair,
            and "none" leaves each atom's own motion alone.

        Returns
        -------
        array, shape (B, E)

        Raises
        ------
        ValueError
            For another word.
        """
        if pairs not in ("directed", "undirected", "none"):
            raise ValueError(f"pairs = {pairs!r}: choose directed, undirected or none")
        if pairs == "none":
            return self.own + np.zeros((len(q), 1))
        middle, reach = (self.edges[1:] + self.edges[:-1]) / 2, self.edges[-1]
        end = np.cos(np.pi / 2 * np.clip(3 * middle / reach - 2, 0, 1)) ** 2
        x, along = np.outer(q, middle), self.along
        across = (self.sums - along) / 2
        if pairs == "undirected":
            along = across = self.sums / 3
        wave = spherical_jn(0, x)
        return self.own + 3 * ((wave * end) @ across + ((wave - 2 * spherical_jn(1, x) / x) * end) @ (along - across))


@njit(cache=True)
def _pair_sums(u, i, j, direction, shell, total, along):
    """Add u_i.u_j and (u_i.r^)(u_j.r^) of each pair, for every mode, to the row of its shell. u: (N, 3, K)."""
    for p in range(len(i)):
        a, b, row, part = u[i[p]], u[j[p]], total[shell[p]], along[shell[p]]
        x, y, z = direction[p]
        for k in range(row.shape[0]):
            row[k] += a[0, k] * b[0, k] + a[1, k] * b[1, k] + a[2, k] * b[2, k]
            part[k] += (x * a[0, k] + y * a[1, k] + z * a[2, k]) * (x * b[0, k] + y * b[1, k] + z * b[2, k])


def alignment(
    modes: Modes, atoms, energy, width: float, reach: float, unit: str = "meV", step: float = 0.05
) -> Alignment:
    """The `Alignment` of the atoms in all normal modes.

    Parameters
    ----------
    modes : Modes
        All normal modes of the atoms.
    atoms : ase.Atoms
        With the masses of the modes.
    energy : array, shape (E,)
        In `unit`.
    width : float
        Standard deviation of the Gaussian kernel in `unit`.
    reach : float
        Largest distance of a pair, in A or reduced; at most half the edge of the box.
    unit : str
        "meV" or "reduced".
    step : float
        Width of a shell of distance.

    Raises
    ------
    ValueError
        If the reach is beyond half the box.
    """
    half = atoms.cell.lengths().min() / 2
    if not 0 < reach <= half:
        raise ValueError(f"reach = {reach:g}: take at most half the edge of the box, {half:.4g}")
    energy, level = np.asarray(energy, float), modes.omega * frequency_scale(unit)
    moving = level > 1e-6 * level.max()
    level = level[moving]
    u = modes.polarizations[:, moving].reshape(len(atoms), 3, -1).astype(np.float32)
    u /= np.sqrt(atoms.get_masses())[:, None, None].astype(np.float32)
    i, j, distance, vector = periodic_neighbours(atoms, "ijdD", reach)
    once = i < j
    edges = np.arange(round(reach / step) + 1) * step
    shell = np.minimum((distance[once] / step).astype(int), len(edges) - 2)
    direction = (vector / distance[:, None])[once].astype(np.float32)
    total, along = np.zeros((2, len(edges) - 1, len(level)), np.float32)
    _pair_sums(u, i[once], j[once], direction, shell, total, along)
    kernel = (gaussian_levels(energy, level, width) / level**2).T
    pairs = np.bincount(shell, minlength=len(edges) - 1)
    found, own = (2 * x @ kernel for x in (total, along)), (u.astype(float) ** 2).sum(axis=(0, 1)) @ kernel
    g = pair_distribution(atoms, reach, 0.02 * reach / 3)
    nearest = first_minimum(g.r, g.total)
    return Alignment(energy, edges, 2 * pairs, *found, own, len(atoms), nearest)
