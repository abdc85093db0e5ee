"""How well a model predicts samples that it has not seen.

Folds take whole groups, such as the glasses of one parent liquid: a sample is never predicted by a model that saw a
sample of the same group.
"""

from dataclasses import dataclass, field
from inspect import signature

import numpy as np
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from bosonpeak import statistics
from bosonpeak.learning.regression import Network, check_table, train

BASELINES = ("mean", "ridge", "gradient boosting")


@dataclass
class Ridge:
    """Ridge regression on scaled inputs, its penalty chosen by leave-one-out among `penalties`.

    It gives what scikit-learn's StandardScaler and RidgeCV give together, several times faster: one decomposition of
    the smaller of X^T X and X X^T serves all penalties at once.
    """

    penalties: np.ndarray = field(default_factory=lambda: np.logspace(-2, 6, 33))

    def fit(self, x, y) -> "Ridge":
        """Fit targets y (n,) to inputs x (n, p), and return the model itself."""
        scale = x.std(axis=0)
        # a column that does not vary says nothing
        self.centre, self.scale, self.mean = x.mean(axis=0), np.where(scale > 1e-12, scale, 1.0), y.mean()
        z, rest = (x - self.centre) / self.scale, y - self.mean
        n, p = z.shape
        # errors of leave-one-out are the residuals over 1 - h, where h is the diagonal of the projection onto the fit
        if p < n:
            levels, vectors = np.linalg.eigh(z.T @ z)
            share = 1 / (levels[:, None] + self.penalties)
            turned, along = z @ vectors, vectors.T @ (z.T @ rest)
            error = (rest[:, None] - turned @ (share * along[:, None])) / (1 - 1 / n - turned**2 @ share)
            best = np.argmin((error**2).mean(axis=0))
            self.slope = vectors @ (share[:, best] * along)
        else:
            levels, vectors = np.linalg.eigh(z @ z.T)
            share = 1 / (np.maximum(levels, 0)[:, None] + self.penalties)
            dual = vectors @ (share * (vectors.T @ rest)[:, None])
            constant = vectors @ (share * vectors.sum(axis=0)[:, None])
            error = dual / (vectors**2 @ share - constant / n)
            best = np.argmin((error**2).mean(axis=0))
            self.slope = z.T @ dual[:, best]
        return self

    def predict(self, x) -> np.ndarray:
        """Predictions (m,) for inputs x (m, p)."""
        return self.mean + ((x - self.centre) / self.scale) @ self.slope


def baseline(name: str, seed: int = 0):
    """A model with `fit` and `predict`, to compare a network with.

    Parameters
    ----------
    name : str
        One of `BASELINES`.
    seed : int
        Of gradient boosting.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if name == "ridge":
        return Ridge()
    if name not in BASELINES:
        raise ValueError(f"unknown baseline {name!r}: choose one of {', '.join(BASELINES)}")
    # imported only where they are needed, since this takes a second
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor

    if name == "mean":
        return DummyRegressor()
    return HistGradientBoostingRegressor(max_iter=150, learning_rate=0.05, min_samples_leaf=10, random_state=seed)


def grouped_folds(groups, folds: int, seed: int) -> np.ndarray:
    """Random folds of whole groups, with sizes as even as the groups allow.

    Parameters
    ----------
    groups : array, shape (n,)
        Group of each member.
    folds, seed : int

    Returns
    -------
    array of int, shape (n,)
        Number of the fold of each member, from 0 to folds - 1.

    Raises
    ------
    ValueError
        If there are fewer groups than folds, or fewer than two folds.
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


def choose_input(inputs, y, groups, folds: int = 5, seed: int = 0) -> int:
    """Which of several inputs serves ridge regression best, in folds of the given members.

    Parameters
    ----------
    inputs : array, shape (c, n, p)
        Such as the same functions smoothed by c widths.
    y, groups : array, shape (n,)
    folds, seed : int

    Returns
    -------
    int
        Index of the input with the least mean absolute error.

    Raises
    ------
    ValueError
        As `cross_predict`.
    """
    errors = [mean_absolute_error(y, cross_predict(x, y, groups, "ridge", folds, 1, seed)) for x in inputs]
    return int(np.argmin(errors))


def cross_predict(
    x, y, groups, model: str | Network, folds: int = 5, repeats: int = 9, seed: int = 0, progress: bool = False
) -> np.ndarray:
    """Out-of-fold predictions: every member is predicted by a model that saw no member of its group.

    All models share one set of folds.

    Parameters
    ----------
    x : array, shape (n, p) or (c, n, p)
        Inputs. Of c inputs each fold takes the one that `choose_input` finds best for the members trained on.
    y : array, shape (n,)
        Target.
    groups : array, shape (n,)
    model : regression.Network or str
        A network is trained `repeats` times on every fold. A baseline, which is given by its name, is fitted once, and
        all repeats are the same.
    folds, repeats, seed : int
    progress : bool
        Whether to show a bar for each training.

    Returns
    -------
    array, shape (repeats, n)
        In the unit of the target.

    Raises
    ------
    ValueError
        As `grouped_folds`, `baseline` and `regression.train`.
    """
    several = [check_table(one, y, groups)[0] for one in (x if np.ndim(x) == 3 else [x])]
    y, groups = np.asarray(y, float), np.asarray(groups)
    found, fold = np.empty((repeats, len(y))), grouped_folds(groups, folds, seed)
    # a few hundred samples: threads wait for each other more than they compute
    with threadpool_limits(1):
        for k in range(folds):
            out, desc = fold == k, f"fold {k + 1} of {folds}"
            rows, rest = [one[~out] for one in several], (y[~out], groups[~out])
            best = choose_input(rows, *rest, folds, seed) if len(several) > 1 else 0
            if isinstance(model, Network):
                fitted = train(rows[best], *rest, model, repeats, seed + 100 * k, progress, desc, len(y))
            else:
                fitted = baseline(model, seed).fit(rows[best], rest[0])
            found[:, out] = fitted.predict(several[best][out])
    return found


def _average(values, weight):
    """Mean over all axes of values (..., n); with a weight (r, n), r weighted means over the last axis."""
    if weight is None:
        return float(values.mean())
    weight = np.asarray(weight, float)
    return weight @ values.reshape(-1, values.shape[-1]).mean(axis=0) / weight.sum(axis=-1)


def _pair(y, predicted):
    y, predicted = np.asarray(y, float), np.asarray(predicted, float)
    if y.ndim != 1 or predicted.shape[-1:] != y.shape:
        raise ValueError(f"targets {y.shape} and predictions {predicted.shape}: give (n,) and (..., n)")
    return y, predicted


def mean_absolute_error(y, predicted, weight=None):
    """Mean of |predicted - y| over all rows of predicted (..., n) and over y (n,).

    weight: how often each member counts, shape (r, n), for r values at once.
    """
    y, predicted = _pair(y, predicted)
    return _average(abs(predicted - y), weight)


def error_ratio(y, predicted, reference, weight=None):
    """Mean absolute error of predicted (..., n) over that of a reference (..., n); below 1 it is the better one."""
    return mean_absolute_error(y, predicted, weight) / mean_absolute_error(y, reference, weight)


def error_gain(y, predicted, reference, weight=None):
    """1 - `error_ratio`: above 0 the prediction is better than the reference."""
    return 1 - error_ratio(y, predicted, reference, weight)


def r_squared(y, predicted, weight=None):
    """1 - mean squared error over the variance of y (n,), with the errors of all rows of predicted (..., n).

    It is below 0 where the mean of y would have been the better guess. weight: how often each member counts, shape
    (r, n), for r values at once. Raises ValueError for y that does not vary.
    """
    y, predicted = _pair(y, predicted)
    square = (predicted - y) ** 2
    apart = y - y.mean()
    variance = _average(apart**2, weight) - (0.0 if weight is None else _average(apart, weight) ** 2)
    if not np.all(variance > 1e-24 * y.mean() ** 2):
        raise ValueError("the target is the same everywhere: there is no variance to explain")
    return 1 - _average(square, weight) / variance


def r_squared_gain(y, predicted, reference, weight=None):
    """`r_squared` of predicted (..., n) less that of a reference (..., n)."""
    return r_squared(y, predicted, weight) - r_squared(y, reference, weight)


def correlation_within(y, predicted, states, weight=None):
    """`statistics.correlation_within` of y and predicted (n,), or r of them at once with a weight (r, n).

    The means of the states are those of the weighted samples.
    """
    if weight is None:
        return statistics.correlation_within(y, predicted, states)
    member = np.equal.outer(states, np.unique(states)).astype(float)
    count = np.maximum(weight @ member, 1e-300)
    y, predicted = y - y.mean(), predicted - predicted.mean()

    def covariance(a, b):
        return weight @ (a * b) - ((weight @ (member * a[:, None])) * (weight @ (member * b[:, None])) / count).sum(
            axis=1
        )

    own, both = covariance(predicted, predicted), covariance(y, predicted)
    varies = own > 1e-18 * predicted.var() * weight.sum(axis=1)
    return np.where(varies, both / np.sqrt(np.where(varies, own, 1.0) * covariance(y, y)), 0.0)


def score_interval(score, y, predicted, groups, rng=None, n_resamples: int = 1000):
    """A score and its 95 % interval over resampled groups.

    Parameters
    ----------
    score : callable
        Function of y and each of the predictions that returns a number or an array, such as `r_squared`. If it takes
        a keyword `weight`, all resamples are computed at once.
    y : array, shape (n,)
    predicted : array, shape (..., n), or a list of such arrays
        All are resampled alike: the differences between two models are sharper than the two scores are.
    groups : array, shape (n,)
        Members of one group are drawn together.
    rng : seed or numpy.random.Generator, optional
    n_resamples : int

    Returns
    -------
    (value, (low, high))
        Draws for which a single score is not defined are left out, up to 5 % of them; with more, the ends are NaN.
    """
    y, rng = np.asarray(y, float), np.random.default_rng(rng)
    several = predicted if isinstance(predicted, list) else [predicted]
    names, group = np.unique(groups, return_inverse=True)
    value = score(y, *several)
    drawn = rng.integers(0, len(names), (n_resamples, len(names)))
    if "weight" in signature(score).parameters:
        counts = np.zeros(drawn.shape)
        np.add.at(counts, (np.arange(n_resamples)[:, None], drawn), 1)
        resampled = score(y, *several, weight=counts[:, group])
    else:
        members = [np.flatnonzero(group == g) for g in range(len(names))]
        rows = (np.concatenate([members[g] for g in chosen]) for chosen in drawn)
        resampled = [score(y[r], *(p[..., r] for p in several)) for r in rows]
    resampled, unknown = np.asarray(resampled, float), np.isnan(resampled)
    if unknown.ndim == 1 and unknown.mean() < 0.05:
        # such as a correlation with a rate that all samples of the draw share
        resampled = resampled[~unknown]
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    low, high = np.minimum(low, value), np.maximum(high, value)
    return (value, (low, high)) if np.ndim(value) else (float(value), (float(low), float(high)))
