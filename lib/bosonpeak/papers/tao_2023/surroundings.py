"""What the chapter measures on single atoms: how well networks predict them, and what surrounds the extreme ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.learning.evaluation import r_squared, score_interval
from bosonpeak.papers.tao_2023 import atoms
from bosonpeak.papers.tao_2023.atoms import within_elements
from bosonpeak.papers.tao_2023.descriptors import PAIRS, SHELL
from bosonpeak.papers.tao_2023.heights import Controlled, Interval, interval_text
from bosonpeak.papers.tao_2023.studies import extremes
from bosonpeak.statistics import pearson, settling_value

COPPER = 29


@dataclass(frozen=True)
class AtomScores:
    """How well networks predict log10 of the boson peak of atoms in glasses whose liquids they did not see.

    Attributes
    ----------
    guess : array, shape (n,)
        Predicted values, mean over the networks.
    r, within : Controlled
        Pearson's correlation, and its mean over the two elements; the controls were trained on values of other atoms.
    r2 : Interval
        R^2 of the mean prediction of the networks.
    element_r2, element_within : float
        R^2 of the mean of each element, and the correlation within elements of that mean with a little noise.
    error : array, shape (c, repeats)
        Mean absolute error of each network, by the distance to which the inputs reach.
    length : Interval
        Distance in A from which on the error stays within 1 % of the last.
    excess : Interval
        By how many per cent the error falls from `descriptors.SHELL` to 12 A.
    span : Interval
        Highest less lowest value of the atoms of all structures.
    """

    guess: np.ndarray
    r: Controlled
    within: Controlled
    r2: Interval
    element_r2: float
    element_within: float
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
        Of the intervals, as of `evaluation.score_interval`. They are over parent liquids or, for `length`, `excess` and
        `span`, over glasses.

    Returns
    -------
    AtomScores
    """
    true, number, cutoffs = study.true.values, study.number.values, study.cutoff.values
    guess, shuffled = (study[name].values.mean(axis=0) for name in ("predicted", "shuffled"))
    element = np.where(number == COPPER, true[number == COPPER].mean(), true[number != COPPER].mean())
    # the mean of an element alone would not vary within it
    noisy = element * (1 + 1e-10 * np.random.default_rng(rng).standard_normal(len(true)))
    error, near, far = study.cutoff_error.values, *(int(np.argmin(abs(cutoffs - c))) for c in (SHELL, 12))

    def over_parents(score, *predicted):
        return score_interval(score, true, [*predicted], study.parent.values, rng, n_resamples)

    def over_glasses(score, values):
        each = np.arange(values.shape[1])
        return score_interval(lambda _, drawn: score(drawn), each, values, each, rng, n_resamples)

    return AtomScores(
        guess=guess,
        r=(over_parents(pearson, guess), pearson(true, shuffled)),
        within=(over_parents(within_elements, guess, number), within_elements(true, shuffled, number)),
        r2=over_parents(r_squared, guess),
        element_r2=r_squared(true, element),
        element_within=within_elements(true, noisy, number),
        error=error.mean(axis=1),
        length=over_glasses(lambda e: settling_value(cutoffs, e.mean(axis=1), 0.01), error.mean(axis=2)),
        excess=over_glasses(lambda e: 100 * (1 - e[far].mean() / e[near].mean()), error.mean(axis=2)),
        span=over_glasses(np.ptp, np.log10(structures.atomic_intensity.values).T),
    )


@dataclass(frozen=True)
class Surroundings:
    """What surrounds the atoms with the lowest and with the highest tenth of the boson peak.

    Attributes
    ----------
    changes, own : (dict of Interval, float)
        `atoms.first_shell_intervals` with the tenths of all atoms, and with those of each element. The number is the
        largest ratio of peak heights for random tenths of atoms, as a control of "highest".
    copper : tuple of float
        Share of copper among the lowest and among the highest tenth.
    outer : dict of Interval
        Of the tenths of each element (`atoms.outer_shells`), for the atoms that no network saw: "second-peaks", the
        largest ratio of the second peaks; "basins", the smallest ratio; "second-farther", the smallest shift in A; and
        "wear-off", the largest difference far away.
    true, predicted : array, shape (2, 4, K)
        Partial g(r) around the tenths by the true and by the predicted values of the atoms that no network saw.
    """

    changes: tuple[dict[str, Interval], float]
    own: tuple[dict[str, Interval], float]
    copper: tuple[float, float]
    outer: dict[str, Interval]
    true: np.ndarray
    predicted: np.ndarray


def surroundings(
    study: xr.Dataset, structures: xr.Dataset, guess, rng: int = 2023, n_resamples: int = 200
) -> Surroundings:  # fmt: skip
    """Measure `Surroundings`.

    Parameters
    ----------
    study : xarray.Dataset
        The archived study "atoms".
    structures : xarray.Dataset
        Of `learned_structures`.
    guess : array, shape (n,)
        Predictions for the atoms that no network saw (`AtomScores.guess`).
    rng : int
        Seed of the intervals and of the random tenths.
    n_resamples : int
        Of the intervals, as of `evaluation.score_interval`.

    Returns
    -------
    Surroundings
    """
    every = atoms.atomic_rows(structures, r=atoms.NEAR)
    rows = atoms.atomic_rows(structures, pd.Index(structures.key.values).get_indexer(study.unseen_key.values))
    random = np.random.default_rng(rng).uniform(size=len(every.target))

    def tenths(by_element):
        found = atoms.first_shell_intervals(every, every.target, by_element, rng, n_resamples)
        return found, float(atoms.first_shell(every, random, by_element)["height"].max())

    def outer(part, chosen):
        second, basin, place, far = atoms.outer_shells(rows, part, chosen=chosen)
        return np.array([second.max(), basin.min(), place.min(), far.max()])

    each = np.arange(len(rows.target))
    middle, (low, high) = score_interval(outer, rows.target, each, rows.sample, rng, n_resamples // 4)
    names = "second-peaks", "basins", "second-farther", "wear-off"
    return Surroundings(
        outer={name: (float(middle[k]), (float(low[k]), float(high[k]))) for k, name in enumerate(names)},
        changes=tenths(by_element=False),
        own=tenths(by_element=True),
        copper=tuple(float(np.mean(every.number[tenth] == COPPER)) for tenth in extremes(every.target)),
        true=atoms.extreme_functions(rows, rows.target),
        predicted=atoms.extreme_functions(rows, guess),
    )


def paper_quantile(structures: xr.Dataset, n_atoms: int = 19652) -> float:
    """The 89.1 % quantile of I_BP^i in 1e-6 (rad/ps)^-3, as it would be in a glass of n_atoms (paper: 0.00186)."""
    return float(1e6 * np.quantile(structures.atomic_intensity, 0.891) * structures.sizes["atom"] / n_atoms)


def first_shell_table(found: Surroundings) -> pd.DataFrame:
    """Ratio of the heights and difference of the places of the first peaks with their intervals, as text."""
    table = {"g(r) of": PAIRS}
    for which, (by_name, _) in (("all atoms", found.changes), ("each element", found.own)):
        for what, key, form in (("height", "height", ".3f"), ("shift (Å)", "place", "+.3f")):
            value, ends = by_name[key]
            intervals = zip(value, zip(*ends, strict=True), strict=True)
            table[f"{what}, tenths of {which}"] = [interval_text(interval, form) for interval in intervals]
    return pd.DataFrame(table)
