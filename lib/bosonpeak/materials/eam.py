"""Embedded-atom potentials from tables, interpolated as LAMMPS does.

E = sum_i F_ti(rho_i) + 1/2 sum_ij phi(r_ij), rho_i = sum_j rho_(ti <- tj)(r_ij), in eV and A. The cubic between two
knots is LAMMPS's (pair_eam: slopes by five-point differences). Its value and slope are continuous; its second
derivative jumps from knot to knot by the noise of the table.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numba import njit


@dataclass(frozen=True)
class EmbeddedInteraction:
    """An embedded-atom table with t elements.

    Attributes
    ----------
    elements, masses : tuple
        Names, and masses in amu.
    cutoff : float
        In A.
    rho_step, r_step : float
        Steps between the knots.
    embedding_spline : array, shape (t, n_rho, 4)
        Cubics of F(rho).
    density_spline : array, shape (t, t, n_r, 4)
        Entry [a, b] is the density that an atom b gives at an atom a.
    pair_spline : array, shape (t, t, n_r, 4)
        Cubics of r phi(r).
    """

    elements: tuple[str, ...]
    masses: tuple[float, ...]
    cutoff: float
    rho_step: float
    r_step: float
    embedding_spline: np.ndarray
    density_spline: np.ndarray
    pair_spline: np.ndarray
    embedded: ClassVar[bool] = True

    @property
    def cutoffs(self) -> np.ndarray:
        """Cutoffs by pairs of types, (t, t), in A."""
        return np.full(self.pair_spline.shape[:2], self.cutoff)

    def pair(self, r, ti, tj) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """phi (eV), phi' and phi'' at the distances r (B,) in A between atoms of the types ti and tj (B,)."""
        z, dz, d2z = self._radial(self.pair_spline, r, ti, tj)
        phi = z / r
        slope = (dz - phi) / r
        return phi, slope, (d2z - 2 * slope) / r

    def density(self, r, ti, tj) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Density that an atom of type tj (B,) at the distance r (B,) gives at one of type ti, and two derivatives."""
        return self._radial(self.density_spline, r, ti, tj)

    def embedding(self, rho, t) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """F (eV), F' and F'' at the densities rho (N,) of atoms of types t (N,); a straight line beyond the table."""
        rho = np.asarray(rho, float)
        value, slope, curvature = _cubics(self.embedding_spline, np.asarray(t), rho, self.rho_step, np.inf)
        end = (self.embedding_spline.shape[1] - 1) * self.rho_step
        return value + slope * np.clip(rho - end, 0, None), slope, curvature

    def _radial(self, spline, r, ti, tj):
        types = len(self.elements)
        which = np.asarray(ti) * types + np.asarray(tj)
        return _cubics(spline.reshape(types**2, -1, 4), which, np.asarray(r, float), self.r_step, self.cutoff)


@njit(cache=True)
def _cubics(splines, which, x, step, cutoff):
    value, slope, curvature = np.zeros(x.size), np.zeros(x.size), np.zeros(x.size)
    last = splines.shape[1] - 2
    for b in range(x.size):
        if x[b] < cutoff:
            m = max(0, min(int(x[b] / step), last))
            p = min(x[b] / step - m, 1.0)
            c3, c2, c1, c0 = splines[which[b], m]
            value[b] = ((c3 * p + c2) * p + c1) * p + c0
            slope[b] = ((3 * c3 * p + 2 * c2) * p + c1) / step
            if x[b] <= (last + 1) * step:
                curvature[b] = (6 * c3 * p + 2 * c2) / step**2
    return value, slope, curvature


def _spline(f: np.ndarray) -> np.ndarray:
    """LAMMPS's cubics (..., n, 4), highest power first, of tables (..., n)."""
    slope = np.empty_like(f)
    slope[..., 2:-2] = (f[..., :-4] - f[..., 4:] + 8 * (f[..., 3:-1] - f[..., 1:-3])) / 12
    slope[..., [1, -2]] = (f[..., [2, -1]] - f[..., [0, -3]]) / 2
    slope[..., [0, -1]] = f[..., [1, -1]] - f[..., [0, -2]]
    c = np.zeros((*f.shape, 4))
    c[..., 3], c[..., 2] = f, slope
    rise = np.diff(f)
    c[..., :-1, 1] = 3 * rise - 2 * slope[..., :-1] - slope[..., 1:]
    c[..., :-1, 0] = slope[..., :-1] + slope[..., 1:] - 2 * rise
    return c


class _Table:
    """The lines of a table file, read from the first to the last; errors name the file and the line."""

    def __init__(self, path):
        self.path, self.at = Path(path), 0
        self.lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()

    def error(self, message):
        return ValueError(f"{self.path}, line {self.at}: {message}; is the table truncated or of another style?")

    def line(self, what: str, blank: bool = False) -> list[str]:
        """The words of the next line. Lines without words are skipped, as LAMMPS does, unless one may be `blank`."""
        while self.at < len(self.lines):
            self.at += 1
            words = self.lines[self.at - 1].partition("#")[0].split()
            if words or blank:
                return words
        raise self.error(f"the file ends where {what} should follow")

    def numbers(self, count: int, what: str) -> np.ndarray:
        """The next numbers. A surplus on their last line is dropped, as LAMMPS drops it."""
        found, lengths = [], []
        while len(found) < count:
            words = self.line(what)
            lengths.append(len(words))
            try:
                found += map(float, words[: count - len(found)])
            except ValueError:
                raise self.error(f"{what} should be numbers, found {' '.join(words)[:60]!r}") from None
        # a number that slipped in further up would shift all that follow it
        if sum(lengths) > count and len(set(lengths[:-1])) > 1:
            raise self.error(f"{what} should be {count} numbers, but its lines hold {sum(lengths)}")
        if not np.isfinite(found).all():
            raise self.error(f"{what} should be {count} finite numbers")
        return np.array(found)


def read_eam(path, style: str) -> EmbeddedInteraction:
    """An embedded-atom table of the LAMMPS style "eam/alloy" or "eam/fs" (DYNAMO setfl).

    Parameters
    ----------
    path : path-like
    style : str

    Returns
    -------
    EmbeddedInteraction

    Raises
    ------
    ValueError
        For another style, and for a table that is cut off or broken; the message names the file and the line.
    """
    if style not in ("eam/alloy", "eam/fs"):
        raise ValueError(f"style {style!r} is not supported: give eam/alloy or eam/fs")
    table = _Table(path)
    for _ in range(3):
        table.line("the three comment lines", blank=True)
    words = table.line("the number and names of elements")
    if not words or not words[0].isdecimal() or len(words) != int(words[0]) + 1:
        raise table.error("expected the number of elements and their names")
    types = len(words) - 1
    n_rho, rho_step, n_r, r_step, cutoff = table.numbers(5, "n_rho, d_rho, n_r, d_r and cutoff").tolist()
    # LAMMPS takes the cutoff as it stands, also where it is a step beyond the last knot
    whole = n_rho % 1 == 0 and n_r % 1 == 0 and min(n_rho, n_r) >= 5
    if not whole or min(rho_step, r_step) <= 0 or not 0 < cutoff <= (n_r + 1) * r_step:
        raise table.error("n_rho, d_rho, n_r, d_r and cutoff do not describe a table")
    n_rho, n_r = int(n_rho), int(n_r)
    masses, embedding = [], np.empty((types, n_rho))
    density, pair = np.empty((2, types, types, n_r))
    for b in range(types):
        header = table.line("the atomic number and mass of an element")
        try:
            masses.append(float(header[1]))
        except (IndexError, ValueError):
            raise table.error(f"expected atomic number and mass of {words[b + 1]}") from None
        if not 0 < masses[-1] < np.inf:
            raise table.error(f"the mass of {words[b + 1]} is {header[1]}, but a mass must be positive")
        embedding[b] = table.numbers(n_rho, f"F of {words[b + 1]}")
        # alloy: one density for every neighbour; fs: one for each element that feels it
        for a in range(types if style == "eam/fs" else 1):
            density[slice(None) if style == "eam/alloy" else a, b] = table.numbers(n_r, f"rho of {words[b + 1]}")
    for a in range(types):
        for b in range(a + 1):
            pair[a, b] = pair[b, a] = table.numbers(n_r, f"r phi of {words[a + 1]} and {words[b + 1]}")
    return EmbeddedInteraction(
        tuple(words[1:]), tuple(masses), cutoff, rho_step, r_step, _spline(embedding), _spline(density), _spline(pair)
    )
