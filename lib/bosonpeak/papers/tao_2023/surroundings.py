"""What the chapter measures on single atoms: how well networks predict them, and what surrounds the extreme ones."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.learning.evaluation import r_squared, score_interval
from bosonpeak.papers.tao_2023 import atoms, figures
from bosonpeak.papers.tao_2023.measure import SHELL, Interval
from bosonpeak.statistics import pearson, settling_value

COPPER = 29


@dataclass(frozen=True)
class AtomScores:
    """How well networks predict log10 of the boson peak of atoms in glasses whose liquids they did not see.

    Attributes
    ----------
    true, guess, number : array, shape (n,)
        True and predicted values (mean over the networks), and atomic numbers.
    r, within, r2 : Interval
        Pearson's correlation, its mean over the two elements, and R^2 of all networks.
    r_shuffled, within_shuffled : float
        The correlations for networks trained on values of other atoms.
    element_r2, element_within : float
        R^2 of the mean of each element, and the correlation within elements of that mean with a little noise.
    cutoffs, error : array, shapes (c,) and (c, samples)
        Error by the distance in A to which the inputs reach, for each glass.
    length : Interval
        Distance from which on the error stays within 1 % of the last.
    excess : Interval
        By how many per cent the error falls from `measure.SHELL` to the last cutoff.
    span : Interval
        Highest less lowest value of the atoms of all structures.
    """

    true: np.ndarray
    guess: np.ndarray
    number: np.ndarray
    r: Interval
    within: Interval
    r2: Interval
    r_shuffled: float
    within_shuffled: float
    element_r2: float
    element_within: float
    cutoffs: np.ndarray
    error: np.ndarray
    length: Interval
    excess: Interval
    span: Interval


def learned_structures(structures: xr.Dataset, study: xr.Dataset) -> xr.Dataset:
    """Those of the archived structures that a study of single atoms learned from or was tested on."""
    return structures.isel(sample=np.isin(structures.key.values, study.key.values))


def atom_scores(study: xr.Dataset, structures: xr.Dataset, rng=None, n_resamples: int = 1000) -> AtomScores:
    """Score a study of single atoms.

    Parameters
    ----------
    study : xarray.Dataset
        The archived study "atoms".
    structures : xarray.Dataset
        Of `learned_structures`.
    rng, n_resamples
        Of the intervals, which are over parent liquids or, for `length`, `excess` and `span`, over glasses.
    """
    true, number, sampled = study.true.values, study.number.values, (rng, n_resamples)
    guess, shuffled = (study[name].values.mean(axis=0) for name in ("predicted", "shuffled"))
    element = np.where(number == COPPER, true[number == COPPER].mean(), true[number != COPPER].mean())
    # the mean of an element alone would not vary within it
    noisy = element * (1 + 1e-10 * np.random.default_rng(rng).standard_normal(len(true)))
    cutoffs, error = study.cutoff.values, study.cutoff_error.values.mean(axis=2)
    settle = partial(settling_value, cutoffs, tolerance=0.01)
    near, far = (int(np.argmin(abs(cutoffs - c))) for c in (SHELL, 12))
    within = partial(atoms.within_elements, pearson)

    def over_parents(score, *told):
        return score_interval(score, true, [*told], study.parent.values, *sampled)

    def over_glasses(score, values):
        each = np.arange(values.shape[1])
        return score_interval(lambda _, v: score(v), each, values, each, *sampled)

    return AtomScores(
        true, guess, number,
        over_parents(pearson, guess), over_parents(within, guess, number),
        over_parents(r_squared, study.predicted.values),
        pearson(true, shuffled), within(shuffled, true, number), r_squared(true, element), within(noisy, true, number),
        cutoffs, study.cutoff_error.values.mean(axis=1),
        over_glasses(lambda e: settle(e.mean(axis=1)), error),
        over_glasses(lambda e: 100 * (1 - e[far].mean() / e[near].mean()), error),
        over_glasses(np.ptp, np.log10(structures.atomic_intensity.values).T),
    )  # fmt: skip


@dataclass(frozen=True)
class Surroundings:
    """What surrounds the atoms with the lowest and with the highest tenth of the boson peak.

    Attributes
    ----------
    changes, own : dict of Interval
        `atoms.first_shell_intervals` with the tenths of all atoms, and with those of each element.
    halves, halves_own : float
        The largest ratio of peak heights for random tenths of atoms, as a control of each.
    copper : tuple of float
        Share of copper among the lowest and among the highest tenth.
    true, predicted : array, shape (2, 4, K)
        Partial g(r) around the tenths by the true and by the predicted values of the atoms that no network saw.
    """

    changes: dict
    own: dict
    halves: float
    halves_own: float
    copper: tuple[float, float]
    true: np.ndarray
    predicted: np.ndarray


def surroundings(
    study: xr.Dataset, structures: xr.Dataset, guess, rng: int = 2023, n_resamples: int = 200
) -> Surroundings:  # fmt: skip
    """Measure `Surroundings` of the atoms of `learned_structures`, with predictions (n,) of those not seen."""
    every = atoms.atomic_rows(structures, r=atoms.NEAR)
    rows = atoms.atomic_rows(structures, pd.Index(structures.key.values).get_indexer(study.unseen_key.values))
    random = np.random.default_rng(rng).uniform(size=len(every.target))
    intervals = partial(atoms.first_shell_intervals, every, every.target, rng=rng, n_resamples=n_resamples)
    lowest, highest = (float(np.mean(every.number[tenth] == COPPER)) for tenth in atoms.extreme_atoms(every.target))
    halves = [float(atoms.first_shell(every, random, by_element=own)["height"].max()) for own in (False, True)]
    around = (atoms.extreme_functions(rows, value) for value in (rows.target, guess))
    return Surroundings(intervals(), intervals(by_element=True), *halves, (lowest, highest), *around)


def first_shell_table(found: Surroundings) -> pd.DataFrame:
    """Ratio of the heights and difference of the places of the first peaks with their intervals, as text."""
    table = {"g(r) of": figures.PAIRS}
    for which, by_name in (("all atoms", found.changes), ("each element", found.own)):
        for what, key, form in (("height", "height", ".3f"), ("shift (Å)", "place", "+.3f")):
            values = zip(by_name[key][0], *by_name[key][1], strict=True)
            table[f"{what}, tenths of {which}"] = [
                f"{v:{form}} [{low:{form}}, {high:{form}}]" for v, low, high in values
            ]
    return pd.DataFrame(table)
