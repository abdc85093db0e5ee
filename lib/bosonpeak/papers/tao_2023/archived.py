"""Trainings that the book archives, and the parts of archived trainings that the page computes again.

Heights and errors are in 1e-6 (rad/ps)^-3.
"""

import numpy as np
import xarray as xr

from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.learning.evaluation import learning_curve, r_squared, score_interval
from bosonpeak.learning.regression import Network, Trained, grouped_split
from bosonpeak.papers.tao_2023.descriptors import PAIR_INPUTS, SHELL, sample_inputs
from bosonpeak.papers.tao_2023.heights import Interval, Samples, open_samples
from bosonpeak.papers.tao_2023.studies import MICRO, predicted

REACHES = {"12 Å": None, "6.9 Å": SHELL}
"""How far the inputs of the learning curve reach."""


@method("tao-2023-networks", version=1)
def small_training(
    table: str, parents: int, repeats: int, epochs: int, seed: int, progress: bool = False, folder=None
) -> xr.Dataset:
    """Networks on partial g(r) of the glasses of the first `parents` liquids of a table, in five folds of parents.

    Parameters
    ----------
    table : str
        An archived table of samples.
    parents, repeats, epochs, seed : int
        Number of parent liquids, of trainings and of epochs at most; the seed of the folds and weights.
    progress : bool
        Whether to show a bar for each training.
    folder : path-like, optional
        Where finished parts are kept.

    Returns
    -------
    xarray.Dataset
        `predicted` and `ridge` (repeat, sample): out-of-fold predictions of the network and of ridge regression on the
        same folds' parents; `intensity` and `seed` (sample).

    Raises
    ------
    ValueError
        As `heights.open_samples` and `evaluation.cross_predict`.
    """
    fit = open_samples(table).usable
    some = fit.isel(sample=np.isin(fit.seed.values, np.unique(fit.seed.values)[:parents]))
    columns = {
        name: (("repeat", "sample"), predicted(some, "partial g(r)", model, repeats, 5, seed, folder, progress))
        for name, model in (("predicted", Network(epochs=epochs)), ("ridge", "ridge"))
    }
    columns["intensity"] = "sample", some.intensity.values * MICRO, {"units": "1e-6 (rad/ps)^-3"}
    return xr.Dataset(columns | {"seed": ("sample", some.seed.values)})


@method("tao-2023-curve", version=1)
def ridge_curve(
    table: str, draws: int, seed: int, first: int | None = None, progress: bool = False, folder=None
) -> xr.Dataset:
    """Errors of ridge regression on more and more parent liquids of a table, by input and by how far it reaches.

    Parameters
    ----------
    table : str
        An archived table of samples.
    draws, seed : int
        Number of random subsets of each size, and their seed.
    first : int, optional
        Compute only so many of the smallest subsets; by default all.
    progress : bool
        Whether to show a bar.
    folder : path-like, optional
        Nothing is kept there: it takes seconds.

    Returns
    -------
    xarray.Dataset
        `error` (count, draw, reach, input): mean absolute errors; `count` is the number of parents.

    Raises
    ------
    ValueError
        As `heights.open_samples` and `evaluation.learning_curve`.
    """
    samples = open_samples(table)
    many = len(np.unique(samples.parent))
    counts = [*(c for c in (8, 12, 20, 30, 45, 60) if c < many), many][:first]
    inputs = [sample_inputs(samples.usable, kind, reach) for reach in REACHES.values() for kind in PAIR_INPUTS]
    error = learning_curve(inputs, samples.height, samples.parent, "ridge", counts, draws, 5, seed, progress)
    return xr.Dataset(
        {"error": (("count", "draw", "reach", "input"), error.reshape(len(counts), draws, len(REACHES), 2))},
        {"count": counts, "reach": list(REACHES), "input": list(PAIR_INPUTS)},
    )


_TABLE = {"table": "Cu50Zr50-mendelev-2019-n1000", "seed": 2023}
NETWORKS = Measurement(
    "tao-2023-networks", small_training, _TABLE | {"parents": 30, "repeats": 3, "epochs": 1000}, "book"
)
CURVE = Measurement("tao-2023-curve", ridge_curve, _TABLE | {"draws": 6, "first": None}, "book")
MEASUREMENTS = (NETWORKS, CURVE)


def training_scores(live: xr.Dataset, rng=None, n_resamples: int = 1000) -> tuple[Interval, float]:
    """Score a result of `small_training`.

    Parameters
    ----------
    live : xarray.Dataset
        The result.
    rng, n_resamples
        Of the interval, as of `evaluation.score_interval`.

    Returns
    -------
    Interval, float
        R^2 of the network, and R^2 of ridge regression on the same parents.
    """
    y, network = live.intensity.values, live.predicted.values
    return score_interval(r_squared, y, network, live.seed.values, rng, n_resamples), r_squared(y, live.ridge.values)


def best_epoch(history, epochs=None) -> tuple[int, float]:
    """When the repeats of a training were best.

    Parameters
    ----------
    history : array, shape (epochs run, repeats)
        Validation errors.
    epochs : array of int, shape (repeats,), optional
        Epoch whose weights each repeat kept; by default that of its least error. Repeats that stopped earlier are
        trained until the last one stops, and may then have lower errors than those of the weights that they kept.

    Returns
    -------
    int, float
        Medians over the repeats of the epoch, and of the error in it.
    """
    epochs = history.argmin(axis=0) if epochs is None else epochs
    return int(np.median(epochs)), float(np.median(history[epochs, np.arange(len(epochs))]))


def ridge_again(live: xr.Dataset, samples: Samples, seed: int) -> np.ndarray:
    """Compute the first repeat of ridge regression in a result of `small_training` again.

    Parameters
    ----------
    live : xarray.Dataset
        The result.
    samples : heights.Samples
        Of the table that it was made from.
    seed : int
        Of the training.

    Returns
    -------
    array, shape (sample,)
        Out-of-fold predictions.
    """
    some = samples.usable.isel(sample=np.isin(samples.parent, live.seed.values))
    return predicted(some, "partial g(r)", "ridge", 1, 5, seed)[0]


def validation_errors(trained: Trained, samples: xr.Dataset, seed: int) -> np.ndarray:
    """Compute the validation errors of networks again from their weights.

    Parameters
    ----------
    trained : regression.Trained
    samples : xarray.Dataset
        The samples that the networks were trained on.
    seed : int
        Of the training.

    Returns
    -------
    array, shape (repeats,)
        In the scaled unit squared. It equals the error in `trained.history` at the epoch `trained.epochs`.
    """
    x, y = sample_inputs(samples, "partial g(r)"), samples.intensity.values * MICRO
    square = ((trained.predict(x) - y) / trained.target[1]) ** 2
    share = trained.network.held_back
    return np.array([row[grouped_split(samples.seed.values, share, seed + k)].mean() for k, row in enumerate(square)])
