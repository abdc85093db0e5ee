"""How two atomic quantities go together after averaging over a length, beside what chance gives (floor 2).

Averaged fields have far fewer independent values than atoms. Intervals therefore rest on the effective number of
atoms (`coarse_graining.effective_sample_size`), or on blocks of the box, never on the number of atoms.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from ase import Atoms
from scipy.optimize import least_squares
from scipy.stats import t as student

from bosonpeak.statistics import correlation_interval
from bosonpeak.structure.coarse_graining import (
    Autocorrelation,
    coarse_grain,
    effective_sample_size,
    spatial_autocorrelation,
)

_BLOCKS_PER_EDGE = 3
"""Blocks of the box along each vector."""


@dataclass(frozen=True)
class FieldCorrelation:
    """Pearson's r of two fields averaged over `length` (0: not averaged), and what it is worth.

    interval: 95 %, Fisher's, of as many independent pairs as `effective`; n_atoms that have both values; shuffled (S,):
    r with the second field shuffled among the atoms before averaging; x, y (n_atoms,): the averaged fields at the
    atoms `index`.
    """

    length: float
    r: float
    interval: tuple[float, float]
    effective: float
    n_atoms: int
    shuffled: np.ndarray
    x: np.ndarray
    y: np.ndarray
    index: np.ndarray

    @property
    def p_value(self) -> float:
        """Share of the shuffled fields with an |r| as large, one added to both numbers."""
        return float((1 + (abs(self.shuffled) >= abs(self.r)).sum()) / (1 + len(self.shuffled)))


def correlate_fields(
    x, y, atoms: Atoms, length: float, groups=None, rng=1, n_shuffles: int = 200, kernel: str = "gaussian"
) -> FieldCorrelation:
    """Pearson's r of two atomic quantities (N,), both averaged over `length` around each atom (yang-2021, Fig. 3).

    Only atoms that have both values (no NaN) are averaged over and counted. groups (N,): shuffle within them alone,
    such as the species: what r is left then is theirs. rng: Generator or seed. Raises ValueError for fewer than ten
    such atoms, or values that do not vary; else as `coarse_grain`.
    """
    x, y, rng = np.asarray(x, float), np.asarray(y, float), np.random.default_rng(rng)
    index = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(index) < 10:
        raise ValueError(f"{len(index)} atoms have both values: a correlation needs ten")
    part, u, v = atoms[index], x[index], y[index]
    labels = np.zeros(len(u), int) if groups is None else np.asarray(groups)[index]
    shuffled = np.repeat(v[:, None], n_shuffles, axis=1)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        for column in range(n_shuffles):
            shuffled[members, column] = v[rng.permutation(members)]
    if length:
        every = coarse_grain(np.column_stack([u, v, shuffled]), part, length, kernel)
        u, v, shuffled = every[:, 0], every[:, 1], every[:, 2:]
    if not (np.ptp(u) > 0 and np.ptp(v) > 0):
        raise ValueError("one of the two quantities is the same everywhere: nothing to correlate")
    r, chance = float(np.corrcoef(u, v)[0, 1]), _pearson(u, shuffled)
    effective = _effective(u, v, part) if length else float(len(u))
    return FieldCorrelation(
        float(length), r, correlation_interval(r, effective), effective, len(u), chance, u, v, index
    )


def best_length(x, y, atoms: Atoms, lengths, kernel: str = "gaussian") -> tuple[float, tuple[float, float], np.ndarray]:
    """The averaging length at which |r| of two atomic quantities (N,) is largest, its 95 % interval, and r (L,).

    The place of the parabola through the highest three points, or an end of `lengths` (L,), ascending, where |r| still
    rises. The interval is the jackknife's over 27 blocks of the box, within the range of the lengths. Atoms without
    both values are left out. Raises ValueError for fewer than three lengths or too few atoms, as `correlate_fields`.
    """
    x, y, lengths = np.asarray(x, float), np.asarray(y, float), np.asarray(lengths, float)
    index = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(index) < 30 or len(lengths) < 3:
        raise ValueError(f"{len(index)} atoms at {len(lengths)} lengths: a best length needs 30 and three")
    part, both = atoms[index], np.column_stack([x[index], y[index]])
    blocks = box_blocks(part)

    def correlations(keep):
        found = []
        for length in lengths:
            values = coarse_grain(both[keep], part[keep], length, kernel) if length else both[keep]
            found.append(np.corrcoef(values.T)[0, 1])
        return np.array(found)

    def place(r):
        k = int(abs(r).argmax())
        if not 0 < k < len(r) - 1:
            return lengths[k]
        c = np.polyfit(lengths[k - 1 : k + 2], abs(r)[k - 1 : k + 2], 2)
        return float(np.clip(-c[1] / (2 * c[0]), lengths[k - 1], lengths[k + 1])) if c[0] < 0 else lengths[k]

    r = correlations(np.ones(len(index), bool))
    best = float(place(r))
    left_out = [place(correlations(blocks != block)) for block in np.unique(blocks)]
    half = 1.96 * np.sqrt((len(left_out) - 1) * np.var(left_out))
    return best, (float(max(best - half, lengths[0])), float(min(best + half, lengths[-1]))), r


def _pearson(u, columns):
    du, dv = u - u.mean(), columns - columns.mean(axis=0)
    return du @ dv / np.sqrt((du @ du) * (dv**2).sum(axis=0))


def _effective(u, v, atoms):
    widest = 0.5 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0).max()
    edges = np.linspace(0, widest, 25)
    return effective_sample_size(spatial_autocorrelation(u, atoms, edges), spatial_autocorrelation(v, atoms, edges))


def box_blocks(atoms: Atoms) -> np.ndarray:
    """Which of 27 blocks of the box, three along each vector, an atom lies in, (N,): groups to resample."""
    scaled = np.floor(_BLOCKS_PER_EDGE * (atoms.get_scaled_positions() % 1)).clip(0, _BLOCKS_PER_EDGE - 1)
    return (scaled @ np.array([_BLOCKS_PER_EDGE**2, _BLOCKS_PER_EDGE, 1])).astype(int)


def binned_means(x, y, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of x and y (n,) over bins of `size` members each, in the order of x; a rest of less than half a bin joins
    the last. Raises ValueError for fewer than two bins."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    count = int(np.floor(len(x) / size + 0.5))
    if count < 2:
        raise ValueError(f"{len(x)} values are fewer than two bins of {size}")
    order = np.argsort(x, kind="stable")
    edges = np.r_[np.arange(count) * size, len(x)]
    parts = [order[a:b] for a, b in pairwise(edges)]
    return np.array([x[p].mean() for p in parts]), np.array([y[p].mean() for p in parts])


def proportionality(x, y, blocks, size: int, rng=1, n_resamples: int = 1000):
    """Whether y is proportional to x: exponent b of y ~ x^b and intercept a of y = a + c x (over the mean of y).

    x, y (n,): positive; blocks (n,): what is resampled for the 95 % intervals; size: members of a bin (yang-2021,
    Fig. 4b); both are fits to the means of bins. Proportional fields have b = 1 and a = 0. Returns ((b, interval),
    (a, interval)). Raises ValueError for values that are not positive, and as `binned_means`.
    """
    x, y, blocks, rng = np.asarray(x, float), np.asarray(y, float), np.asarray(blocks), np.random.default_rng(rng)
    if not (x.min() > 0 and y.min() > 0):
        raise ValueError("proportional quantities must be positive")
    members = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]

    def fits(which):
        u, v = binned_means(x[which], y[which], size)
        return np.polyfit(np.log(u), np.log(v), 1)[0], np.polyfit(u, v, 1)[1] / v.mean()

    values = fits(np.arange(len(x)))
    drawn = []
    for _ in range(n_resamples):
        which = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        if len(which) >= 2 * size:
            drawn.append(fits(which))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return tuple((float(v), (float(min(a, v)), float(max(b, v)))) for v, a, b in zip(values, low, high, strict=True))


@dataclass(frozen=True)
class CorrelationLength:
    """Fit of amplitude exp(-r / length): length and its 95 % interval, in the unit of r."""

    length: float
    interval: tuple[float, float]
    amplitude: float


def correlation_length(correlation: Autocorrelation, amplitude: float | None = 1.0) -> CorrelationLength:
    """Least-squares fit of C(r) = amplitude exp(-r / length), weighted by stderr; amplitude None: fitted too.

    yang-2021, Fig. 5, fits with amplitude 1; the 5.9 A that it calls the correlation length, where C = exp(-3), is
    3 times this length. Deviations from the mean of one sample lower its C(r) by the mean m of C over all pairs, so
    (C - m) / (1 - m) is fitted, m = (1 + 8 pi rho amplitude length^3) / N: for lengths small beside the box. The
    interval is from the jackknife's replicas, within the bounds of the fit: 1/50 of the first r and half of the last. A
    length at either means that no decay is seen. Raises ValueError for fewer than three shells with pairs.
    """
    use = np.isfinite(correlation.replicas).all(axis=0) & (correlation.stderr > 0)
    if use.sum() < 3:
        raise ValueError(f"{use.sum()} shells with pairs: a decay needs three")
    r, sigma, c = correlation.r[use], correlation.stderr[use], correlation.c[use]
    # the logarithm of the length, and the amplitude where it is free
    low, high = np.array([[np.log(r[0] / 50), -np.inf], [np.log(r[-1] / 2), np.inf]])[:, : 1 + (amplitude is None)]

    def misfit(p, c):
        length, height = np.exp(p[0]), p[1] if amplitude is None else amplitude
        mean = 1 / correlation.n_atoms + 8 * np.pi * height * length**3 / correlation.volume
        return ((height * np.exp(-r / length) - mean) / (1 - mean) - c) / sigma

    starts = [np.array([x, 1.0])[: len(low)] for x in np.linspace(low[0], high[0], 60)[1:-1]]
    start = min(starts, key=lambda p: (misfit(p, c) ** 2).sum())
    found = least_squares(misfit, start, bounds=(low, high), args=(c,))
    # what the fit to each replica would change, to first order
    change = np.linalg.pinv(found.jac)[0] @ ((correlation.replicas[:, use] - c) / sigma).T
    blocks = len(correlation.replicas)
    half = student.ppf(0.975, blocks - 1) * np.sqrt((blocks - 1) * change.var())
    best, *free = found.x
    lower, upper = np.exp(np.clip([best - half, best + half], low[0], high[0]))
    return CorrelationLength(float(np.exp(best)), (float(lower), float(upper)), float(free[0] if free else amplitude))
