"""Wave vectors that fit a periodic box, in shells of |Q|, and waves of the atoms at them.

Q = 2 pi h^-1 n with three integers n and the rows h of the cell, in 1/A or reduced: only for these Q is exp(i Q.r) the
same in every image of the box. Real quantities have the same Fourier components at Q and -Q up to conjugation, so one
of each pair is kept.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

CHUNK = 512
"""Wave vectors treated together, so that their waves fit into the memory of a small machine."""


@dataclass(frozen=True)
class Wavevectors:
    """K wave vectors of a periodic box, in B shells of |Q|.

    Attributes
    ----------
    indices : array of int, shape (K, 3)
        The integers n.
    vectors : array, shape (K, 3)
        Q in 1/A or reduced.
    shell : array of int, shape (K,)
        Shell of each, ascending.
    edges : array, shape (B + 1,)
        Edges of the shells in |Q|.
    available : array of int, shape (B,)
        Pairs of Q and -Q that the box has in each shell, of which `counts` were taken.
    """

    indices: np.ndarray
    vectors: np.ndarray
    shell: np.ndarray
    edges: np.ndarray
    available: np.ndarray

    def __len__(self):
        return len(self.indices)

    @property
    def q(self) -> np.ndarray:
        """Middles of the shells, (B,)."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def counts(self) -> np.ndarray:
        """Number of vectors in each shell, (B,)."""
        return np.bincount(self.shell, minlength=len(self.edges) - 1)

    def check_box(self, cell) -> None:
        """Raise ValueError unless the wave vectors fit this cell (3, 3), as they may not after its relaxation."""
        if not np.allclose(self.vectors @ np.asarray(cell).T, 2 * np.pi * self.indices, atol=1e-6):
            raise ValueError(
                "the wave vectors belong to another cell: make them again with box_wavevectors(atoms.cell, ...)"
            )

    @property
    def directions(self) -> np.ndarray:
        """Unit vectors along Q, (K, 3)."""
        return self.vectors / np.linalg.norm(self.vectors, axis=1, keepdims=True)


@dataclass(frozen=True)
class ScatteringMap:
    """A quantity in shells of |Q| and at energies.

    Attributes
    ----------
    q : array, shape (B,)
        Middles of the shells, in 1/A or reduced.
    energy : array, shape (E,)
        In `unit`.
    intensity : array, shape (B, E)
        Mean over the wave vectors of a shell, NaN if there is none.
    stderr : array, shape (B, E)
        Standard error of that mean, from the scatter of the wave vectors (the speckle of one structure); NaN for fewer
        than two.
    counts : array of int, shape (B,)
        Wave vectors in each shell.
    unit : str
        Unit of energy, a key of `vibrations.peaks.FREQUENCY_SCALES`.
    """

    q: np.ndarray
    energy: np.ndarray
    intensity: np.ndarray
    stderr: np.ndarray
    counts: np.ndarray
    unit: str


def box_wavevectors(cell, edges, per_shell: int | None = None, rng=None) -> Wavevectors:
    """All wave vectors of a box with edges[0] <= |Q| < edges[-1], or some of each shell drawn at random.

    Parameters
    ----------
    cell : array, shape (3, 3)
        Rows are the vectors of the cell.
    edges : array, shape (B + 1,)
        Edges of the shells in 1/A or reduced, ascending from above 0.
    per_shell : int, optional
        Number to draw from each shell; by default all are taken.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    Wavevectors

    Raises
    ------
    ValueError
        If the edges do not ascend from above 0, the cell has no volume, per_shell < 1, or no wave fits the box.
    """
    edges, h = np.asarray(edges, float), np.asarray(cell, float)
    if edges.ndim != 1 or len(edges) < 2 or not edges[0] > 0 or not (np.diff(edges) > 0).all():
        raise ValueError(f"edges of |Q| {edges}: give at least two, ascending from above 0")
    if h.shape != (3, 3) or not abs(np.linalg.det(h)) > 0:
        raise ValueError(f"the cell {h.tolist()} has no volume: give three independent vectors")
    reach = np.floor(edges[-1] * np.linalg.norm(h, axis=1) / (2 * np.pi) + 1e-9).astype(int)
    n = np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    # of each pair, keep the one whose first index that is not zero is positive
    a, b, c = n.T
    n = n[(a > 0) | ((a == 0) & ((b > 0) | ((b == 0) & (c > 0))))]
    q = 2 * np.pi * n @ np.linalg.inv(h).T
    shell = np.searchsorted(edges, np.linalg.norm(q, axis=1), side="right") - 1
    inside = (shell >= 0) & (shell < len(edges) - 1)
    n, q, shell = n[inside], q[inside], shell[inside]
    if not len(n):
        raise ValueError(
            f"no wave of this box has {edges[0]:g} <= |Q| < {edges[-1]:g}: take a larger box or other edges"
        )
    available = np.bincount(shell, minlength=len(edges) - 1)
    order = np.argsort(shell, kind="stable")
    if per_shell is not None:
        if per_shell < 1:
            raise ValueError(f"per_shell = {per_shell}: take at least one wave vector of each shell")
        mixed = np.random.default_rng(rng).permutation(len(n))
        order = mixed[np.argsort(shell[mixed], kind="stable")]
        rank = np.arange(len(n)) - np.searchsorted(shell[order], shell[order])
        order = order[rank < per_shell]
    return Wavevectors(n[order], q[order], shell[order], edges, available)


@njit(parallel=True, cache=True, fastmath=True)
def _multiply(x, y, z, n, waves):
    """waves (2, K, N) <- product of one row of the table (M, N) of each axis, real and imaginary parts separate."""
    for k in prange(len(n)):
        a, b, c = x[n[k, 0]], y[n[k, 1]], z[n[k, 2]]
        for j in range(len(a)):
            wave = a[j] * b[j] * c[j]
            waves[0, k, j], waves[1, k, j] = wave.real, wave.imag


def phase_waves(scaled, indices, out=None) -> np.ndarray:
    """The waves exp(-i Q.r) of all atoms, as cos(Q.r) and -sin(Q.r).

    They are products of powers of exp(-2 pi i s) along the three axes, so that no exponential is needed per wave.

    Parameters
    ----------
    scaled : array, shape (N, 3)
        Scaled positions.
    indices : array of int, shape (K, 3)
        Indices of the wave vectors.
    out : array of float32, shape (2, K, N), optional
        Filled and returned instead of a new array.

    Returns
    -------
    array of float32, shape (2, K, N)
    """
    scaled, n = np.asarray(scaled, float), np.ascontiguousarray(indices)
    waves = np.empty((2, len(n), len(scaled)), np.float32) if out is None else out
    reach = abs(n).max(axis=0)
    _multiply(*(_powers(scaled[:, c], reach[c]) for c in range(3)), n + reach, waves)
    return waves


def _powers(s, reach):
    """exp(-2 pi i m s) for m from -reach to reach, complex64 (2 reach + 1, N)."""
    up = np.ones((reach + 1, len(s)), complex)
    up[1:] = np.exp(-2j * np.pi * s)
    # in double precision, or else the errors of the powers would pile up
    up = np.multiply.accumulate(up, axis=0, out=up).astype(np.complex64)
    return np.concatenate([up[:0:-1].conj(), up])


def shell_means(values, wavevectors: Wavevectors) -> tuple[np.ndarray, np.ndarray]:
    """Mean of values (K, ...) over the vectors of a shell and its standard error, each (B, ...); NaN if undefined."""
    values = np.asarray(values, float)
    sums = ShellSums(len(wavevectors.edges) - 1)
    sums.add(values.reshape(len(values), -1), wavevectors.shell)
    mean, error = sums.result()
    return mean.reshape(-1, *values.shape[1:]), error.reshape(-1, *values.shape[1:])


class ShellSums:
    """Sums of values and of their squares in each of B shells, accumulated chunk by chunk."""

    def __init__(self, shells: int):
        self.count, self.total, self.square = np.zeros(shells), 0.0, 0.0

    def add(self, values, shell):
        """Add values (K, E) of the shells (K,)."""
        member = (np.arange(len(self.count))[:, None] == shell).astype(values.dtype)
        self.count = self.count + member.sum(axis=1)
        self.total = self.total + (member @ values).astype(float)
        self.square = self.square + (member @ values**2).astype(float)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard error in each shell, both (B, E)."""
        n = np.where(self.count > 0, self.count, np.nan)[:, None]
        mean = self.total / n
        several = np.where(n > 1, n - 1, np.nan)
        return mean, np.sqrt(np.clip(self.square / n - mean**2, 0, None) / several)
