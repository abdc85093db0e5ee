"""How two quantities of atoms go together after averaging over a length, and how each of them decays in space.

Averaged fields have far fewer independent values than there are atoms. Intervals (95 %) therefore rest on the effective
number of atoms (`coarse_graining.effective_sample_size`), or on blocks of the box, and never on the number of atoms.
What chance gives is measured with values that are shuffled among the atoms.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from ase import Atoms
from scipy import optimize, stats

from bosonpeak import statistics
from bosonpeak.papers.yang_2021.coarse_graining import coarse_grain, effective_sample_size, spatial_autocorrelation
from bosonpeak.statistics.bootstrap import with_interval

Interval = tuple[float, tuple[float, float]]
"""A value with its 95 % interval: (value, (low, high))."""
NEAR = 5.9
"""A: the length over which the paper averages."""


@dataclass(frozen=True)
class FieldCorrelation:
    """Pearson's r of two averaged fields, and how much it is worth.

    Attributes
    ----------
    r : float
    interval : tuple of float
        Fisher's, of as many independent pairs as `effective`.
    effective : float
        Number of independent atoms that the fields are worth.
    n_atoms : int
        Atoms that have both values.
    shuffled : array, shape (S,)
        r with the second field shuffled among the atoms before averaging.
    x, y : array, shape (n_atoms,)
        The averaged fields.
    index : array, shape (n_atoms,)
        The atoms that have both values.
    """

    r: float
    interval: tuple[float, float]
    effective: float
    n_atoms: int
    shuffled: np.ndarray
    x: np.ndarray
    y: np.ndarray
    index: np.ndarray


def chance(shuffled) -> float:
    """The |r| that 95 % of the shuffled fields stay below."""
    return float(np.quantile(abs(shuffled), 0.95))


def mean_by_species(values, species) -> dict[str, float]:
    """Mean of the values (N,) that are known (no NaN) of the atoms of each chemical symbol in species (N,)."""
    return {str(symbol): float(np.nanmean(values[species == symbol])) for symbol in np.unique(species)}


def shuffle_known(values, rng) -> np.ndarray:
    """A copy of values (N,) with those that are known (no NaN) shuffled among themselves by the Generator rng."""
    known, mixed = np.isfinite(values), np.array(values, float)
    mixed[known] = rng.permutation(mixed[known])
    return mixed


def in_brackets(found: Interval, spec: str = ".2f") -> str:
    """A value with its interval as text."""
    value, (low, high) = found
    return f"{value:{spec}} [{low:{spec}}, {high:{spec}}]"


def mean_intervals(rows, mean=statistics.mean_interval) -> dict[str, Interval]:
    """Mean of each column of a table and its interval; rows: a DataFrame, or a Dataset over one dimension.

    `mean` is `statistics.mean_correlation` where the columns are correlation coefficients.
    """
    return {name: mean(column.values) for name, column in rows.items()}


def correlate_fields(
    x, y, atoms: Atoms, length: float, groups=None, rng=1, n_shuffles: int = 200, kernel: str = "gaussian"
) -> FieldCorrelation:
    """Pearson's r of two quantities of atoms, both averaged over a length around each atom (yang-2021, Fig. 3).

    Parameters
    ----------
    x, y : array, shape (N,)
        Only atoms that have both values (no NaN) are averaged over and counted.
    atoms : ase.Atoms
    length : float
        In A; 0 for no average.
    groups : array, shape (N,), optional
        Shuffle within these alone, such as the species: the r that is left is then due to them.
    rng : int or numpy.random.Generator
    n_shuffles : int
    kernel : str
        Of `coarse_grain`.

    Raises
    ------
    ValueError
        If fewer than ten atoms have both values, or one of them does not vary; also as `coarse_grain`.
    """
    x, y, rng = np.asarray(x, float), np.asarray(y, float), np.random.default_rng(rng)
    index = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(index) < 10:
        raise ValueError(f"{len(index)} atoms have both values: a correlation needs ten")
    part, u, v = atoms[index], x[index], y[index]
    labels = np.zeros(len(u), int) if groups is None else np.asarray(groups)[index]
    shuffled = np.tile(v, (n_shuffles, 1))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        for row in shuffled:
            row[members] = v[rng.permutation(members)]
    if length:
        u, v, *shuffled = coarse_grain(np.column_stack([u, v, *shuffled]), part, length, kernel).T
    if not (np.ptp(u) > 0 and np.ptp(v) > 0):
        raise ValueError("one of the two quantities is the same everywhere: there is nothing to correlate")
    r, *by_chance = np.corrcoef(u, [v, *shuffled])[0, 1:].tolist()
    effective, widest = float(len(u)), 0.5 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0).max()
    if length:
        decays = (spatial_autocorrelation(values, part, np.linspace(0, widest, 25)) for values in (u, v))
        effective = effective_sample_size(*decays)
    interval = statistics.correlation_interval(r, effective)
    return FieldCorrelation(r, interval, effective, len(u), np.array(by_chance), u, v, index)


def best_length(x, y, atoms: Atoms, lengths) -> tuple[float, tuple[float, float], np.ndarray]:
    """The averaging length at which |r| of two quantities of atoms is largest.

    It is the place of the parabola through the highest three points, or an end of the lengths where |r| still rises.

    Parameters
    ----------
    x, y : array, shape (N,)
        Atoms without both values are left out.
    atoms : ase.Atoms
    lengths : array, shape (L,)
        Ascending and positive, in A.

    Returns
    -------
    best : float
    interval : tuple of float
        The jackknife's over 27 blocks of the box, within the range of the lengths.
    r : array, shape (L,)

    Raises
    ------
    ValueError
        If there are fewer than three lengths, or 30 atoms with both values.
    """
    index = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(index) < 30 or len(lengths) < 3:
        raise ValueError(f"{len(index)} atoms at {len(lengths)} lengths: a best length needs 30 and three")
    part, both, blocks = atoms[index], np.stack([x[index], y[index]]), box_blocks(atoms[index])

    def place(r):
        k = int(abs(r).argmax())
        if k in (0, len(r) - 1):
            return lengths[k]
        bend, slope, _ = np.polyfit(lengths[k - 1 : k + 2], abs(r)[k - 1 : k + 2], 2)
        return -slope / (2 * bend)

    # all at once: the first pair of columns is whole, each other one lacks the atoms of one block
    kept = np.array([np.ones(len(index), bool), *(blocks != block for block in np.unique(blocks))])
    columns, found = np.where(kept[:, None], both, np.nan).reshape(-1, len(index)).T, []
    for length in lengths:
        pairs = coarse_grain(columns, part, length).T.reshape(len(kept), 2, -1)
        found.append([np.corrcoef(pair[:, keep])[0, 1] for pair, keep in zip(pairs, kept, strict=True)])
    r = np.array(found).T
    best, *left_out = map(place, r)
    half = 1.96 * np.sqrt((len(left_out) - 1) * np.var(left_out))
    return float(best), tuple(np.clip([best - half, best + half], lengths[0], lengths[-1]).tolist()), r[0]


def box_blocks(atoms: Atoms) -> np.ndarray:
    """Which of 27 blocks of the box, three along each vector, an atom lies in, (N,): groups to resample."""
    return np.floor(3 * (atoms.get_scaled_positions() % 1)).clip(0, 2).astype(int) @ [9, 3, 1]


def binned_means(x, y, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of two quantities over bins of equal number, in the order of the first.

    Parameters
    ----------
    x, y : array, shape (n,)
    size : int
        Members of a bin; a rest of less than half a bin joins the last one.

    Returns
    -------
    tuple of array, shape (bins,)

    Raises
    ------
    ValueError
        If there are fewer than two bins.
    """
    count = int(np.floor(len(x) / size + 0.5))
    if count < 2:
        raise ValueError(f"{len(x)} values are fewer than two bins of {size}: take smaller bins")
    order = np.argsort(x, kind="stable")
    parts = np.split(order, np.arange(1, count) * size)
    return tuple(np.array([values[part].mean() for part in parts]) for values in (x, y))


def proportionality(x, y, blocks, size: int, rng=1, n_resamples: int = 1000):
    """Whether y is proportional to x, by fits to the means of bins (yang-2021, Fig. 4b).

    Parameters
    ----------
    x, y : array, shape (n,)
        Positive.
    blocks : array, shape (n,)
        Groups that are resampled for the intervals.
    size : int
        Members of a bin.
    rng : int or numpy.random.Generator
    n_resamples : int

    Returns
    -------
    exponent : tuple
        b of y ~ x^b with its interval; 1 for proportional quantities.
    intercept : tuple
        a of y = a + c x over the mean of y, with its interval; 0 for proportional quantities.

    Raises
    ------
    ValueError
        If a value is not positive; also as `binned_means`.
    """
    x, y, blocks, rng = np.asarray(x, float), np.asarray(y, float), np.asarray(blocks), np.random.default_rng(rng)
    if not (x.min() > 0 and y.min() > 0):
        raise ValueError("proportional quantities must be positive: leave out those that are not")
    members, drawn = [np.flatnonzero(blocks == block) for block in np.unique(blocks)], []

    def fits(which):
        u, v = binned_means(x[which], y[which], size)
        return np.polyfit(np.log(u), np.log(v), 1)[0], np.polyfit(u, v, 1)[1] / v.mean()

    for _ in range(n_resamples):
        which = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        if len(which) >= 2 * size:
            drawn.append(fits(which))
    return tuple(map(with_interval, fits(np.arange(len(x))), np.transpose(drawn)))


@dataclass(frozen=True)
class CorrelationLength:
    """Fit of amplitude exp(-r / length): the length with its interval, in the unit of r, and the amplitude."""

    length: float
    interval: tuple[float, float]
    amplitude: float

    @property
    def three(self) -> Interval:
        """Three times the length, where the exponential has fallen to exp(-3), and its interval."""
        return 3 * self.length, tuple(3 * end for end in self.interval)


def correlation_length(correlation, amplitude: float | None = 1.0) -> CorrelationLength:
    """Least-squares fit of C(r) = amplitude exp(-r / length), weighted by the standard error.

    yang-2021, Fig. 5, fits with the amplitude 1; the 5.9 A that it calls the correlation length, where C = exp(-3), is
    three times this length. The deviations from the mean of one sample lower its C(r) by the mean m of C over all
    pairs. Therefore (C - m) / (1 - m) is fitted, with m = (1 + 8 pi rho amplitude length^3) / N: this holds for lengths
    that are small compared with the box.

    Parameters
    ----------
    correlation : Autocorrelation
    amplitude : float, optional
        None: it is fitted too.

    Returns
    -------
    CorrelationLength
        The interval is from the jackknife's replicas, within the bounds of the fit: 1/50 of the first r and half of
        the last. A length at either bound means that no decay is seen.

    Raises
    ------
    ValueError
        If fewer than three shells hold pairs.
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
    found = optimize.least_squares(misfit, start, bounds=(low, high), args=(c,))
    # what the fit to each replica would change, to first order
    change = np.linalg.pinv(found.jac)[0] @ ((correlation.replicas[:, use] - c) / sigma).T
    blocks = len(correlation.replicas)
    half = stats.t.ppf(0.975, blocks - 1) * np.sqrt((blocks - 1) * change.var())
    best, *free = found.x
    lower, upper = np.exp(np.clip([best - half, best + half], low[0], high[0]))
    return CorrelationLength(float(np.exp(best)), (float(lower), float(upper)), float(free[0] if free else amplitude))


def tabulate_decays(boxes, shells) -> pd.DataFrame:
    """Correlation lengths of several boxes, with C(0) = 1 and with a free amplitude.

    Parameters
    ----------
    boxes : list of (str, ase.Atoms, array)
        Label, structure and values (N,) of each; NaN where not measured.
    shells : array, shape (K + 1,)
        Edges of the shells of distance in A.
    """
    rows = []
    for label, atoms, values in sorted(boxes, key=lambda row: (row[0], len(row[1]))):
        decay = spatial_autocorrelation(values, atoms, shells)
        fixed, free = (correlation_length(decay, amplitude) for amplitude in (1.0, None))
        row = {"": label, "atoms in the box": f"{len(atoms):,}", "measured": decay.n_atoms}
        row |= {"three lengths (Å), C(0) = 1": in_brackets(fixed.three, ".1f")}
        rows.append(row | {"C(0) free": in_brackets(free.three, ".1f"), "C(0)": f"{free.amplitude:.2f}"})
    return pd.DataFrame(rows)
