"""Averages of an atomic quantity over a length, and its correlation in space.

Distances are in the unit of the structure and between nearest images: each atom counts once, also in a narrow box.
Atoms whose value is NaN (not measured) are left out.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.geometry import minkowski_reduce
from numba import njit, prange

from bosonpeak.materials.geometry import check_periodic

KERNELS = ("gaussian", "sphere", "exponential")
_BLOCKS = 27
"""Blocks of the jackknife: 3 along each vector of the box."""


@dataclass(frozen=True)
class Autocorrelation:
    """Normalised spatial autocorrelation of an atomic quantity in K shells of distance.

    Attributes
    ----------
    r : array, shape (K,)
        Mean distance of the pairs in each shell, in the unit of the structure.
    c : array, shape (K,)
        Autocorrelation, 1 for an atom with itself; NaN in a shell without pairs.
    stderr : array, shape (K,)
        Standard error by the jackknife, up to sqrt(2) too large where nothing is correlated.
    pairs : array, shape (K,)
        Number of pairs, each counted twice.
    replicas : array, shape (27, K)
        c with one part of the box left out.
    n_atoms : int
        Atoms that have a value.
    volume : float
        Volume of the box.
    """

    r: np.ndarray
    c: np.ndarray
    stderr: np.ndarray
    pairs: np.ndarray
    replicas: np.ndarray
    n_atoms: int
    volume: float


@njit(cache=True)
def _squared_distances(i, scaled, cell, images, out):
    """|r_j - r_i|^2 to the nearest image, for all j.

    scaled: (3, N), in a reduced cell; images: lattice vectors to try after rounding. `geometry.nearest_image` gives
    the same, but needs all N^2 vectors at once.
    """
    # separate numbers and separate components allow the compiler to work on four atoms at a time
    xa, ya, za, xb, yb, zb, xc, yc, zc = cell.ravel()
    at, bt, ct = scaled
    for j in range(len(out)):
        a, b, c = at[j] - at[i], bt[j] - bt[i], ct[j] - ct[i]
        a, b, c = a - np.rint(a), b - np.rint(b), c - np.rint(c)
        x, y, z = a * xa + b * xb + c * xc, a * ya + b * yb + c * yc, a * za + b * zb + c * zc
        out[j] = x * x + y * y + z * z
        for s in range(len(images)):
            u, v, w = x + images[s, 0], y + images[s, 1], z + images[s, 2]
            out[j] = min(out[j], u * u + v * v + w * w)


@njit(parallel=True, cache=True)
def _weighted_sums(scaled, cell, images, values, length, kernel):
    n, columns = values.shape
    out = np.zeros((n, columns))
    for i in prange(n):
        weight = np.empty(n)
        _squared_distances(i, scaled, cell, images, weight)
        for j in range(n):
            x = weight[j] / length**2
            if kernel == 0:
                w = np.exp(-0.5 * x)
            elif kernel == 1:
                w = 1.0 if x <= 1 else 0.0
            else:
                w = np.exp(-np.sqrt(x))
            if w > 0:
                for k in range(columns):
                    out[i, k] += w * values[j, k]
    return out


@njit(parallel=True, cache=True)
def _shell_sums(scaled, cell, x, first, edges):
    """Sums (blocks, 5, K) over the pairs of each shell whose first atom is in each block.

    The five are number, distance and product of x; and number and product of the pairs with both atoms in the block.
    """
    n, blocks, squares = len(x), len(first) - 1, edges**2
    out = np.zeros((blocks, 5, len(edges) - 1))
    for b in prange(blocks):
        distance = np.empty(n)
        for i in range(first[b], first[b + 1]):
            _squared_distances(i, scaled, cell, np.empty((0, 3)), distance)
            for j in range(n):
                if j != i and squares[0] <= distance[j] < squares[-1]:
                    k = np.searchsorted(squares, distance[j], side="right") - 1
                    out[b, 0, k] += 1
                    out[b, 1, k] += np.sqrt(distance[j])
                    out[b, 2, k] += x[i] * x[j]
                    if first[b] <= j < first[b + 1]:
                        out[b, 3, k] += 1
                        out[b, 4, k] += x[i] * x[j]
    return out


def _reduced(atoms):
    """Fractional positions (3, N) in the most compact vectors of the same lattice (3, 3)."""
    check_periodic(atoms)
    cell = np.asarray(minkowski_reduce(atoms.cell)[0])
    return np.linalg.solve(cell.T, atoms.positions.T), cell


def _images(cell):
    """Lattice vectors to try for the nearest image at any distance; none if the cell is rectangular."""
    gram = cell @ cell.T
    if abs(gram - np.diag(np.diag(gram))).max() < 1e-12 * gram.max():
        return np.empty((0, 3))
    return np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3), axis=-1).reshape(-1, 3) @ cell


def _values(values, atoms, dimensions=(1,)):
    values = np.asarray(values, float)
    if values.ndim not in dimensions or len(values) != len(atoms) or np.isinf(values).any():
        raise ValueError(f"values {values.shape} for {len(atoms)} atoms: give one finite number (or NaN) per atom")
    return values


def coarse_grain(values, atoms: Atoms, length: float, kernel: str = "gaussian") -> np.ndarray:
    """Weighted average of an atomic quantity around each atom, itself included: sum_j w(r_ij) x_j / sum_j w(r_ij).

    All pairs are included; the memory is O(N).

    Parameters
    ----------
    values : array, shape (N,) or (N, k)
        NaN where it is unknown.
    atoms : ase.Atoms
        N atoms, periodic in three directions.
    length : float
        Length of the kernel, in the unit of the structure.
    kernel : str
        w(r) is exp(-r^2 / (2 length^2)) for "gaussian", 1 up to length for "sphere", and exp(-r / length) for
        "exponential" (as in Tong and Tanaka, Phys. Rev. X 8, 011041 (2018)).

    Returns
    -------
    array, shape of values
        NaN only where no atom with a value carries weight.

    Raises
    ------
    ValueError
        If the length is not positive, the kernel is unknown, or the values do not fit the atoms.
    """
    values = _values(values, atoms, (1, 2))
    if not 0 < length < np.inf or kernel not in KERNELS:
        raise ValueError(f"length = {length} must be positive and kernel {kernel!r} one of {', '.join(KERNELS)}")
    scaled, cell = _reduced(atoms)
    columns = values.reshape(len(values), -1)
    known = ~np.isnan(columns)
    both = np.concatenate([np.where(known, columns, 0), known], axis=1)
    total, weight = np.split(
        _weighted_sums(scaled, cell, _images(cell), both, float(length), KERNELS.index(kernel)), 2, axis=1
    )
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0).reshape(values.shape)


def spatial_autocorrelation(values, atoms: Atoms, r_edges) -> Autocorrelation:
    """C(r) = <dx_i dx_j> / <dx^2> over pairs at distance r, with dx the deviation from the mean (yang-2021, Eq. 2).

    Parameters
    ----------
    values : array, shape (N,)
        NaN where it is unknown.
    atoms : ase.Atoms
        N atoms, periodic in three directions.
    r_edges : array, shape (K + 1,)
        Edges of the shells in the unit of the structure: ascending from 0 or more to at most half the smallest width
        of the box. An atom does not form a pair with itself.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    ValueError
        If the edges are others, the values do not fit the atoms, or all values are equal.
    """
    values, edges = _values(values, atoms), np.asarray(r_edges, float)
    scaled, cell = _reduced(atoms)
    widest = 0.5 / np.linalg.norm(np.linalg.inv(cell), axis=0).max()
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges, prepend=-1e-300) > 0).all() or edges[-1] > widest:
        raise ValueError(f"r_edges must ascend from 0 or more to at most half the box, {widest:.4g}")
    known = ~np.isnan(values)
    block = (np.array([9, 3, 1]) @ np.floor(3 * (scaled[:, known] % 1)).clip(0, 2)).astype(int)
    order = np.argsort(block, kind="stable")
    first = np.searchsorted(block[order], np.arange(_BLOCKS + 1))
    scaled, x = np.ascontiguousarray(scaled[:, known][:, order]), values[known][order]
    dx = x - x.mean() if len(x) else x
    square = np.bincount(block[order], dx**2, _BLOCKS)
    if not square.sum() > 1e-24 * (x**2).sum():
        raise ValueError(f"{len(dx)} values do not vary: there is nothing to correlate")
    sums = _shell_sums(scaled, cell, dx, first, edges)
    pairs, distance, product = sums[:, :3].sum(axis=0)

    def normalised(product, pairs, square, count):
        return np.divide(product, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0) * count / square

    c = normalised(product, pairs, square.sum(), len(dx))
    # leave out the pairs with either atom in the block
    rest = product - 2 * sums[:, 2] + sums[:, 4], pairs - 2 * sums[:, 0] + sums[:, 3]
    replicas = normalised(*rest, (square.sum() - square)[:, None], (len(dx) - np.diff(first))[:, None])
    stderr = np.sqrt((_BLOCKS - 1) * replicas.var(axis=0))
    r = np.divide(distance, pairs, out=(edges[1:] + edges[:-1]) / 2, where=pairs > 0)
    return Autocorrelation(r, c, stderr, pairs, replicas, len(dx), atoms.get_volume())


def effective_sample_size(a: Autocorrelation, b: Autocorrelation | None = None) -> float:
    """Effective number of independent atoms of two smooth fields: n = 1 + N^2 / sum_ij C_a(r_ij) C_b(r_ij).

    The correlation coefficient of two unrelated fields has the variance 1 / (n - 1) (Clifford, Richardson and Hemon,
    Biometrics 45, 123 (1989)). Pairs beyond the last shell count as uncorrelated. Since deviations are taken from the
    mean of the sample, n is about 10 % too large.

    Parameters
    ----------
    a, b : Autocorrelation
        Of the two fields as they are correlated (after any coarse graining), over the same shells from 0 to half the
        box. By default b is a.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the atoms or the shells differ.
    """
    b = a if b is None else b
    if a.n_atoms != b.n_atoms or not np.array_equal(a.pairs, b.pairs):
        raise ValueError("the two autocorrelations are of different atoms or shells: use the same r_edges and atoms")
    return 1 + a.n_atoms**2 / (a.n_atoms + np.nansum(a.pairs * a.c * b.c))
