"""Barriers and boson peaks of atoms averaged over a length: how they go together, by which law, in which regions.

I_BP is the boson peak of an atom, the highest g_i(omega) / omega^2, in (rad/ps)^-3; its barrier is in eV.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bosonpeak import statistics
from bosonpeak.papers.yang_2021 import events, fields
from bosonpeak.papers.yang_2021.barriers import Searched
from bosonpeak.papers.yang_2021.coarse_graining import coarse_grain
from bosonpeak.papers.yang_2021.fields import NEAR, FieldCorrelation, Interval, correlate_fields, in_brackets

LENGTHS = np.array([0, 1, 2, 3, 4, 5, NEAR, 7, 8, 9, 10])
"""A: the lengths over which is averaged; 0 stands for single atoms."""
AT_NEAR = LENGTHS.tolist().index(NEAR)


@dataclass(frozen=True)
class Averages:
    """Correlation of the barrier with 1 / I_BP in several boxes, averaged over LENGTHS (yang-2021, Fig. 3).

    Attributes
    ----------
    curves : list of list of fields.FieldCorrelation
        For each box and length.
    stiffness : list of fields.FieldCorrelation
        Of the barrier with tr H_ii in the first box.
    single, near : (float, (float, float))
        r of single atoms and averaged over NEAR, all boxes together.
    worth : float
        Number of independent atoms that the fields averaged over NEAR are worth, all boxes together.
    chance : (float, float, float)
        r of shuffled barriers: the mean of single atoms, the largest over NEAR, and the mean over NEAR with barriers
        shuffled among the atoms of each species.
    best, itself : (float, (float, float), float)
        Length with the largest |r| in the first box, and this |r|; the same of its 1 / I_BP with itself under noise of
        twice its deviation.
    """

    curves: list[list[FieldCorrelation]]
    stiffness: list[FieldCorrelation]
    single: Interval
    near: Interval
    worth: float
    chance: tuple[float, float, float]
    best: tuple[float, tuple[float, float], float]
    itself: tuple[float, tuple[float, float], float]


def average_over_lengths(boxes: list[Searched], stiffness, shuffles: int, rng) -> Averages:
    """`Averages` of searched glasses.

    Parameters
    ----------
    boxes : list of Searched
    stiffness : array, shape (N,)
        tr H_ii of the atoms of the first one in eV/A^2.
    shuffles : int
        How often the barriers are shuffled.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        As `fields.correlate_fields`, `fields.best_length` and `statistics.pool_correlations`.
    """

    def by_length(x, box):
        return [correlate_fields(x, box.barrier, box.atoms, length, n_shuffles=shuffles) for length in LENGTHS]

    first, curves = boxes[0], [by_length(box.inverse, box) for box in boxes]
    within = [correlate_fields(b.inverse, b.barrier, b.atoms, NEAR, b.species, n_shuffles=shuffles) for b in boxes]
    groups = [curve[0] for curve in curves], [curve[AT_NEAR] for curve in curves], within
    (*single, alone), (*near, around), (*_, species) = map(statistics.pool_correlations, groups)
    noise = first.inverse / first.inverse.std() + 2 * rng.normal(size=len(first.inverse))
    targets = first.barrier, np.where(np.isfinite(first.barrier), noise, np.nan)
    found = (fields.best_length(first.inverse, y, first.atoms, LENGTHS[1:]) for y in targets)
    best, itself = ((length, interval, float(abs(r).max())) for length, interval, r in found)
    chance = float(alone.mean()), float(around.max()), float(species.mean())
    worth = sum(found.effective for found in groups[1])
    return Averages(curves, by_length(stiffness, first), tuple(single), tuple(near), worth, chance, best, itself)


def tabulate_boxes(boxes: list[Searched], found: Averages) -> pd.DataFrame:
    """r of single atoms and averaged over NEAR, one row per box; found: of these boxes."""
    rows = []
    for box, curve in zip(boxes, found.curves, strict=True):
        single, near = curve[0], curve[AT_NEAR]
        row = {"atoms in the box": f"{len(box.atoms):,}", "with a barrier": single.n_atoms}
        row |= {"r of single atoms": in_brackets((single.r, single.interval))}
        row |= {"r at 5.9 Å": in_brackets((near.r, near.interval)), "worth": f"{near.effective:.0f}"}
        # the share of shuffled fields with an |r| as large, one added to both numbers
        p = (1 + (abs(near.shuffled) >= abs(near.r)).sum()) / (1 + len(near.shuffled))
        rows.append(row | {"shuffled, 95 %": f"{fields.chance(near.shuffled):.2f}", "p": f"{p:.3f}"})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Law:
    """Whether averaged barriers are proportional to averaged 1 / I_BP (yang-2021, Fig. 4).

    Attributes
    ----------
    size : int
        Atoms in a bin.
    exponent, intercept : (float, (float, float))
        b of barrier ~ (1 / I_BP)^b, and where a free line starts, over the mean barrier.
    left : (float, (float, float))
        r with the stiffness held fixed.
    shuffled_exponent, shuffled_left : float
        The same with barriers shuffled among the atoms.
    """

    size: int
    exponent: Interval
    intercept: Interval
    left: Interval
    shuffled_exponent: float
    shuffled_left: float


def fit_law(searched: Searched, averaged: FieldCorrelation, stiffness, rng) -> Law:
    """`Law` of a searched glass.

    Parameters
    ----------
    searched : Searched
    averaged : fields.FieldCorrelation
        Of its 1 / I_BP and its barriers, averaged over NEAR.
    stiffness : array, shape (N,)
        tr H_ii of each atom in eV/A^2.
    rng : numpy.random.Generator
        Shuffles the barriers.

    Raises
    ------
    ValueError
        As `fields.proportionality` and `statistics.partial_correlation`.
    """
    blocks = fields.box_blocks(searched.atoms[averaged.index])
    size = 100 if averaged.n_atoms >= 1000 else max(3, averaged.n_atoms // 10)
    exponent, intercept = fields.proportionality(averaged.x, averaged.y, blocks, size)
    hard = np.where(np.isfinite(searched.barrier), less_species(stiffness, searched.species), np.nan)
    others = fields.shuffle_known(searched.barrier, rng), hard
    mixed, held = (correlate_fields(searched.inverse, y, searched.atoms, NEAR, n_shuffles=2) for y in others)
    by_chance = fields.proportionality(mixed.x, mixed.y, blocks, size, n_resamples=20)[0][0]
    left, shuffled = (statistics.partial_correlation(f.x, f.y, held.y) for f in (averaged, mixed))
    interval = statistics.correlation_interval(left, averaged.effective - 1)
    return Law(size, exponent, intercept, (left, interval), by_chance, shuffled)


def spread(values) -> float:
    """Standard deviation of values (n,) over their mean."""
    return float(np.std(values) / np.mean(values))


def less_species(values, species, among=True) -> np.ndarray:
    """Values (N,) less the mean of their species; among (N,) booleans: the atoms that the means are taken over."""
    known = pd.Series(values).where(np.broadcast_to(among, len(values)))
    return values - known.groupby(species).transform("mean").to_numpy()


def find_regions(searched: Searched, averaged: FieldCorrelation, shuffles: int, rng):
    """Quarters of the atoms with the highest averaged I_BP and with the lowest averaged barrier, and what they share.

    Parameters
    ----------
    searched : Searched
    averaged : fields.FieldCorrelation
        Its averaged fields.
    shuffles : int
        How often the barriers are shuffled.
    rng : numpy.random.Generator

    Returns
    -------
    soft, easy : array of int
        Indices of the atoms of both quarters.
    shared : tuple
        Fraction of either quarter that belongs to both, and 95 % of it with barriers shuffled before averaging.
    """
    index, quarter = averaged.index, averaged.n_atoms // 4
    mixed = np.column_stack([rng.permutation(searched.barrier[index]) for _ in range(shuffles)])
    columns = averaged.x, averaged.y, *coarse_grain(mixed, searched.atoms[index], NEAR).T
    soft, easy, *drawn = (index[np.argsort(values)[:quarter]] for values in columns)
    shared, *by_chance = (len(np.intersect1d(soft, part)) / quarter for part in (easy, *drawn))
    return soft, easy, (shared, tuple(np.quantile(by_chance, [0.025, 0.975])))


def compare_choices(searched: Searched, others: dict) -> tuple[pd.DataFrame, dict[str, float]]:
    """The correlation of barrier and boson peak for other definitions of both.

    Parameters
    ----------
    searched : Searched
    others : dict
        By the label of the choice, the quantity (N,) that stands in place of 1 / I_BP.

    Returns
    -------
    pandas.DataFrame
        One row per choice.
    dict
        r of single atoms, by the label of the choice.
    """
    inverse, barrier, atoms, species = searched.inverse, searched.barrier, searched.atoms, searched.species
    choices = {label: (x, barrier) for label, x in others.items()}
    for kind in ("connected", "own"):
        choices[f"saddles: {kind}"] = inverse, events.atom_barriers(searched.table, kind)
    choices["lowest saddle of the atom"] = inverse, events.atom_barriers(searched.table, statistic="min")
    less = (less_species(values, species, np.isfinite(barrier)) for values in (inverse, barrier))
    choices["both less the mean of their species"] = tuple(less)
    choices["average over a sphere"] = inverse, barrier, "sphere"
    choices["average with exp(-r/L)"] = inverse, barrier, "exponential"
    rows, singles, averaged = [], {}, ((0, None), (NEAR, None), (NEAR, species))
    for label, (x, y, *kernel) in choices.items():
        if np.isfinite(y).sum() >= 10:
            single, near, within = (correlate_fields(x, y, atoms, *over, 1, 20, *kernel) for over in averaged)
            singles[label] = single.r
            row = {"": label, "atoms": single.n_atoms, "r": in_brackets((single.r, single.interval))}
            row |= {"r at 5.9 Å": in_brackets((near.r, near.interval)), "worth": f"{near.effective:.0f}"}
            rows.append(row | {"species alone": f"{within.shuffled.mean():.2f}"})
    return pd.DataFrame(rows), singles
