"""How well a model predicts samples it has not seen, and how well any could (floor 6).

Folds take whole groups (parent liquids): a sample is never predicted by a model that saw a glass of the same liquid.
"""

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from bosonpeak.learning.regression import Network, train

BASELINES = ("mean", "ridge", "gradient boosting")


def baseline(name: str, seed: int = 0):
    """A scikit-learn model by name, one of BASELINES; ridge chooses its penalty by leave-one-out.

    Raises ValueError for another name.
    """
    if name == "mean":
        return DummyRegressor()
    if name == "ridge":
        return make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-2, 6, 33)))
    if name == "gradient boosting":
        return HistGradientBoostingRegressor(max_iter=150, learning_rate=0.05, min_samples_leaf=10, random_state=seed)
    raise ValueError(f"unknown baseline {name!r}: choose one of {', '.join(BASELINES)}")


def grouped_folds(groups, folds: int, seed: int) -> np.ndarray:
    """The fold 0 .. folds - 1 of every member (n,), whole groups at random, sizes as even as groups allow.

    groups: (n,). Raises ValueError for fewer groups than folds, or fewer than two folds.
    """
    groups = np.asarray(groups)
    count = len(np.unique(groups))
    if not 2 <= folds <= count:
        raise ValueError(f"{folds} folds of {count} groups: give from 2 to {count}")
    fold = np.empty(len(groups), int)
    split = GroupKFold(folds, shuffle=True, random_state=seed).split(groups, groups=groups)
    for number, (_, out) in enumerate(split):
        fold[out] = number
    return fold


def cross_predict(
    x, y, groups, model: str | Network, folds: int = 5, repeats: int = 9, seed: int = 0, progress: bool = False
) -> np.ndarray:
    """Out-of-fold predictions (repeats, n) of targets (n,) from inputs (n, p), in the unit of the target.

    model: a `regression.Network`, trained anew `repeats` times on every fold, or the name of a baseline, whose folds
    are drawn anew in each repeat. Every member is predicted once a repeat, by a model that saw no member of its group.
    Raises ValueError as `grouped_folds` and `regression.train`.
    """
    x, y, groups = np.asarray(x, float), np.asarray(y, float), np.asarray(groups)
    found = np.empty((repeats, len(y)))
    if isinstance(model, Network):
        fold = grouped_folds(groups, folds, seed)
        for k in range(folds):
            out = fold == k
            desc = f"fold {k + 1} of {folds}"
            trained = train(x[~out], y[~out], groups[~out], model, repeats, seed + 100 * k, progress, desc)
            found[:, out] = trained.predict(x[out])
        return found
    for repeat in range(repeats):
        fold = grouped_folds(groups, folds, seed + repeat)
        for k in range(folds):
            out = fold == k
            # a few hundred samples: threads wait for each other more than they compute
            with threadpool_limits(1):
                found[repeat, out] = baseline(model, seed + repeat).fit(x[~out], y[~out]).predict(x[out])
    return found


def learning_curve(inputs, y, groups, model, counts, draws: int = 10, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Mean absolute errors (counts, draws, inputs) of a model on ever more groups, in the unit of y.

    inputs: list of (n, p) arrays, all predicted from the same groups and folds, so that they may be compared;
    counts: numbers of groups, drawn anew for each of the `draws`. Raises ValueError for more groups than there are,
    and as `cross_predict`.
    """
    y, groups = np.asarray(y, float), np.asarray(groups)
    names = np.unique(groups)
    if max(counts) > len(names):
        raise ValueError(f"a curve to {max(counts)} groups needs as many: there are {len(names)}")
    rng, found = np.random.default_rng(seed), np.empty((len(counts), draws, len(inputs)))
    for i, count in enumerate(counts):
        for draw in range(draws):
            rows = np.isin(groups, rng.permutation(names)[:count])
            for k, x in enumerate(inputs):
                told = cross_predict(x[rows], y[rows], groups[rows], model, folds, 1, seed + draw)
                found[i, draw, k] = mean_absolute_error(y[rows], told)
    return found


def mean_absolute_error(y, predicted) -> float:
    """Mean of |predicted - y| over the last axis and all others; y (n,), predicted (..., n)."""
    return float(abs(np.asarray(predicted) - np.asarray(y)).mean())


def error_gain(y, predicted, reference) -> float:
    """1 - mean absolute error of predicted (..., n) over that of a reference (..., n): above 0 it is the better one."""
    return 1 - mean_absolute_error(y, predicted) / mean_absolute_error(y, reference)


def r_squared(y, predicted) -> float:
    """1 - mean squared error over the variance of y (n,), errors of all rows of predicted (..., n) counted.

    Below 0 where the mean of y would have been the better guess. Raises ValueError for y that does not vary.
    """
    y = np.asarray(y, float)
    if not y.std() > 0:
        raise ValueError("the target is the same everywhere: there is no variance to explain")
    return float(1 - ((np.asarray(predicted) - y) ** 2).mean() / y.var())


def score_interval(score, y, predicted, groups, rng=None, n_resamples: int = 1000):
    """score(y, predicted) and its 95 % interval over resampled groups: (value, (low, high)).

    score: `r_squared` or `mean_absolute_error`, or a function like them, of a number or of an array; predicted
    (..., n), or a list of such arrays that are resampled alike (score then takes all of them: for differences between
    models). groups: (n,).
    """
    y, groups, rng = np.asarray(y, float), np.asarray(groups), np.random.default_rng(rng)
    several = predicted if isinstance(predicted, list) else [predicted]
    members = [np.flatnonzero(groups == name) for name in np.unique(groups)]
    value = score(y, *several)

    def resampled():
        rows = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        return score(y[rows], *(p[..., rows] for p in several))

    low, high = np.quantile([resampled() for _ in range(n_resamples)], [0.025, 0.975], axis=0)
    low, high = np.minimum(low, value), np.maximum(high, value)
    return (value, (low, high)) if np.ndim(value) else (float(value), (float(low), float(high)))
