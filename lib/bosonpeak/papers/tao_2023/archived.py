"""What the book archives of this chapter: tests on fresh glasses.

The fresh glasses are of parent liquids that no model was trained on and no choice was made with. Models are trained on
one table of samples and tested on another. Some see the pair distribution functions of a whole glass. Another sees the
surroundings of single atoms, predicts the height of each, and takes the mean over the glass: the height of the glass
from the bottom up. Heights are in 1e-6 (rad/ps)^-3, those of single atoms log10 of (rad/ps)^-3.
"""

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result
from bosonpeak.learning.evaluation import baseline, choose_input, grouped_folds
from bosonpeak.learning.regression import Network, train
from bosonpeak.papers.tao_2023.atoms import AtomicRows, atomic_rows, within_elements
from bosonpeak.papers.tao_2023.descriptors import NUMBERS, PAIR_INPUTS, WIDTHS, sample_inputs, smoothed_inputs
from bosonpeak.papers.tao_2023.studies import MICRO, glasses, usable

RIVALS = ("energy", "cooling rate", "volume", "shear modulus", "Debye level")
"""Single numbers that could predict the height in the place of structure."""
HEIGHT = "boson peak"
SHUFFLES = 20
"""Number of controls whose atoms have the heights of others: a single one follows a random direction."""


def predict_by_element(rows: AtomicRows, trained, asked, shuffled: int | None = None) -> np.ndarray:
    """Heights of single atoms by ridge regression on their own g_i(r), one model for each element.

    Parameters
    ----------
    rows : AtomicRows
    trained, asked : array of bool, shape (n,)
        Atoms that the models are trained on, and atoms that are predicted (m of them).
    shuffled : int, optional
        Seed with which the targets are handed to other atoms of the same element, as a control.

    Returns
    -------
    array, shape (m,)
        Predicted log10 of I_BP^i.
    """
    found, channels = np.full(len(rows.target), np.nan), rows.inputs.reshape(len(rows.target), 2, -1)
    for element, number in enumerate(np.unique(rows.number)):
        learned, wanted = (np.flatnonzero(some & (rows.number == number)) for some in (trained, asked))
        other = learned if shuffled is None else np.random.default_rng(shuffled).permutation(learned)
        model = baseline("ridge").fit(channels[learned, element].astype(float), rows.target[other])
        found[wanted] = model.predict(channels[wanted, element].astype(float))
    return found[asked]


def from_atoms(structures: xr.Dataset, seed: int, new=False) -> dict[str, np.ndarray]:
    """The mean over each glass of the heights of its atoms, predicted from their own surroundings.

    Parameters
    ----------
    structures : xarray.Dataset
        As `atoms.atomic_rows` takes it.
    seed : int
        Of the five folds of parent liquids, and of the control.
    new : array of bool, shape (sample,), or False
        Glasses that no model is trained on; they are predicted by models of all others.

    Returns
    -------
    dict of arrays
        `predicted` (sample), by models that saw no atom of the parent; `mixed` (shuffle, sample), by models that were
        trained on heights of other atoms of the same element; `own` (sample), the mean of the true log10 of I_BP^i; and
        `r_atoms` (sample), the correlation of predicted and true values within elements.

    Raises
    ------
    ValueError
        As `atoms.atomic_rows` and `evaluation.grouped_folds`.
    """
    rows = atomic_rows(structures)
    own = [rows.sample == k for k in range(structures.sizes["sample"])]
    known, fold = ~np.broadcast_to(new, len(own))[rows.sample], 0 * rows.sample
    fold[known] = 1 + grouped_folds(rows.parent[known], 5, seed)
    guess, draws = np.empty((1 + SHUFFLES, len(fold))), [None, *range(seed, seed + SHUFFLES)]
    for k in np.unique(fold):
        asked = fold == k
        guess[:, asked] = [predict_by_element(rows, known & ~asked, asked, draw) for draw in draws]
    found = np.array([[each[k].mean() for k in own] for each in (rows.target, *guess)])
    inside = [within_elements(rows.target[k], guess[0, k], rows.number[k]) for k in own]
    return {"own": found[0], "predicted": found[1], "mixed": found[2:], "r_atoms": np.array(inside)}


@method("tao-2023-fresh", version=3)
def predict_fresh(
    table: str, fresh: str, parents: int, structures: int, repeats: int, epochs: int, seed: int,
    progress: bool = False, folder=None,
) -> xr.Dataset:  # fmt: skip
    """Predict the heights of the glasses of one table by models that were trained on another.

    Parameters
    ----------
    table, fresh : str
        Archived tables of samples to train on and to predict.
    parents, structures : int
        Train on at most so many parent liquids of the former, and use at most so many structures of each table.
    repeats, epochs : int
        Number of networks, and of their epochs at most.
    seed : int
        Of the folds, weights and controls.
    progress : bool
        Whether to show a bar for each training.
    folder : path-like, optional
        Nothing is kept there: it takes a few minutes.

    Returns
    -------
    xarray.Dataset
        Over `sample`, the glasses of `fresh`: `seed` and `cooling_rate`; `true` (target, sample), the height and the
        `descriptors.NUMBERS`; `ridge` (input, target, sample), predictions of these from total and partial g(r), which
        are smoothed by a width that folds of the samples trained on choose for each target; `network` (input, repeat,
        sample), of the height alone, and `smooth` (input), its width in A; `shuffled` (sample), ridge on partial g(r)
        that was trained on heights of other samples; `rival` (name, sample), the numbers `RIVALS`, and `rivals`
        (sample), ridge regression on all of them; `both` (sample), the same with what ridge regression on partial g(r)
        adds to it, and `both_shuffled`, with g(r) of other samples. Over `structure`, glasses of both tables: `height`,
        `parent`, `state`, the cooling rate, `row`, the sample of `fresh` or -1, and what `from_atoms` returns; glasses
        of `fresh` are predicted by models of the former table alone.

    Raises
    ------
    ValueError
        If a table is not archived or holds no usable glass, and as `regression.train`.
    """
    known, new = (usable(glasses(load_result("samples", name), 1e12, 1e15)) for name in (table, fresh))
    every = xr.concat([known.intensity, new.intensity], "sample")
    known = known.isel(sample=np.isin(known.seed.values, np.unique(known.seed.values)[:parents]))
    learned, true = (
        {HEIGHT: some.intensity.values * MICRO} | {name: sample_inputs(some, name)[:, 0] for name in NUMBERS}
        for some in (known, new)
    )
    y, groups, found = learned[HEIGHT], known.seed.values, {"ridge": [], "network": [], "smooth": []}
    for kind in PAIR_INPUTS:
        x, asked = (smoothed_inputs(some, kind) for some in (known, new))
        best = {name: choose_input(x, target, groups, 5, seed) for name, target in learned.items()}
        found["ridge"].append([baseline("ridge").fit(x[best[n]], learned[n]).predict(asked[best[n]]) for n in learned])
        x, asked = x[best[HEIGHT]], asked[best[HEIGHT]]
        trained = train(x, y, groups, Network(epochs=epochs), repeats, seed, progress, kind)
        found["network"].append(trained.predict(asked))
        found["smooth"].append(WIDTHS[best[HEIGHT]])
    of_new = {"seed": new.seed.values, "cooling_rate": new.cooling_rate.values}
    of_new["shuffled"] = baseline("ridge").fit(x, np.random.default_rng(seed).permutation(y)).predict(asked)
    rival, numbers = (np.hstack([sample_inputs(some, name) for name in RIVALS]) for some in (known, new))
    single = baseline("ridge").fit(rival, y)
    of_new["rivals"] = single.predict(numbers)
    # the numbers come first, so that a hundred shells do not drown them
    left, mixed = y - single.predict(rival), np.random.default_rng(seed).permutation(len(y))
    for name, rows in (("both", slice(None)), ("both_shuffled", mixed)):
        of_new[name] = of_new["rivals"] + baseline("ridge").fit(x[rows], left).predict(asked)
    tables = [load_result("samples", f"{name}-atoms") for name in (table, fresh)]
    tables = [one.isel(sample=np.isin(one.key.values, every.key.values)) for one in tables]
    few = [np.unique(np.linspace(0, (n := one.sizes["sample"]) - 1, min(structures, n)).astype(int)) for one in tables]
    kept = xr.concat([one.isel(sample=rows) for one, rows in zip(tables, few, strict=True)], "sample")
    height = pd.Series(every.values * MICRO, every.key.values)[kept.key.values].values
    of_atoms = {"height": height, "parent": kept.seed.values, "state": kept.cooling_rate.values}
    of_atoms |= {"row": pd.Index(new.key.values).get_indexer(kept.key.values)}
    of_atoms |= from_atoms(kept, seed, of_atoms["row"] >= 0)
    return xr.Dataset(
        {
            "true": (("target", "sample"), list(true.values())),
            "ridge": (("input", "target", "sample"), found["ridge"]),
            "network": (("input", "repeat", "sample"), found["network"]),
            "smooth": ("input", found["smooth"], {"units": "A"}),
            "rival": (("name", "sample"), numbers.T),
        }
        | {name: ("sample", values) for name, values in of_new.items()}
        | {name: (("shuffle", "structure")[-np.ndim(values) :], values) for name, values in of_atoms.items()},
        {"input": list(PAIR_INPUTS), "name": list(RIVALS), "target": list(true)},
        {"n_atoms": int(new.attrs["n_atoms"]), "trained_on": len(y)},
    )


_TABLES = {"table": "Cu50Zr50-mendelev-2019-n1000", "fresh": "Cu50Zr50-mendelev-2019-n1000-fresh", "seed": 2023}
_ALL = {"parents": 1000, "structures": 1000, "repeats": 9, "epochs": 4000}
FRESH = Measurement("tao-2023-fresh", predict_fresh, _TABLES | _ALL)
MEASUREMENTS = (FRESH,)
