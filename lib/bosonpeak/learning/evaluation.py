"""How well a model predicts samples it has not seen, and how well any could (floor 6).

Folds take whole groups (parent liquids): a sample is never predicted by a model that saw a glass of the same liquid.
"""

import numpy as np
import xarray as xr
from scipy.stats import chi2, spearmanr
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from ..statistics import normal_intraclass_correlation
from .regression import Network, train
from .samples import sample_peak

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


def split(values, groups) -> list[np.ndarray]:
    """values (n,) of each of the groups (n,), in the order of the sorted groups."""
    values, groups = np.asarray(values), np.asarray(groups)
    return [values[groups == name] for name in np.unique(groups)]


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


def groups_to_tell(interval, groups: int, difference: float) -> int:
    """Groups at which a 95 % interval of a score would be as wide, on either side, as a difference to be told from 0.

    interval: (low, high) of the score at this many groups; its width falls as one over their square root. Raises
    ValueError for a difference that is not positive.
    """
    if not difference > 0:
        raise ValueError(f"difference = {difference}: only one above 0 can be told from 0")
    half = (interval[1] - interval[0]) / 2
    return int(np.ceil(groups * (half / difference) ** 2))


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


def pearson(y, predicted) -> float:
    """Pearson's r of y (n,) and predicted (..., n), the mean over its rows; 0 for a row that does not vary."""
    rows = np.atleast_2d(np.asarray(predicted, float))
    varies = rows.std(axis=1) > 0
    return float(np.mean([np.corrcoef(row, y)[0, 1] if v else 0.0 for row, v in zip(rows, varies, strict=True)]))


def spearman(y, predicted) -> float:
    """Spearman's rank correlation of y (n,) and predicted (n,)."""
    return float(spearmanr(y, predicted).statistic)


def slope_ratio(y, x) -> float:
    """Slope of y (n,) over x (n,) where x <= 0, over that where x >= 0. Raises ValueError for a side of one value."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    sides = x <= 0, x >= 0
    if min(len(np.unique(x[side])) for side in sides) < 2:
        raise ValueError("a ratio of slopes needs two values of x, or more, on either side of 0")
    below, above = (np.polyfit(x[side], y[side], 1)[0] for side in sides)
    return float(below / above)


def settling_value(values, errors, tolerance: float) -> float:
    """The smallest of `values` (v,) from which on errors (v,) stay within a relative tolerance of the last."""
    beyond = np.flatnonzero(np.asarray(errors) > (1 + tolerance) * errors[-1])
    return float(values[0 if not len(beyond) else beyond[-1] + 1])


def curve_interval(statistic, y, predicted, groups, rng=None, n_resamples: int = 500):
    """statistic(errors) and its 95 % interval over resampled groups: (value, (low, high)).

    predicted: (v, repeats, n), such as predictions over v cutoffs; errors: (v,), mean absolute ones; groups: (n,).
    """
    error = abs(np.asarray(predicted, float) - np.asarray(y, float)).mean(axis=1)
    return score_interval(lambda _, e: statistic(e.mean(axis=1)), y, error, groups, rng, n_resamples)


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


def state_ceiling(intensity, states) -> tuple[float, tuple[float, float]]:
    """Largest R^2 of a model that knows the state of a glass, not the sample: share of the variance between states.

    intensity (n,), states (n,), such as the cooling rate; one-way random effects
    (`statistics.normal_intraclass_correlation`). What a model reaches above it, it read off the sample itself. Raises
    ValueError as that.
    """
    return normal_intraclass_correlation(split(intensity, states))


def within_states(intensity, states) -> tuple[float, tuple[float, float]]:
    """Standard deviation of intensity (n,) between samples of one state, over all states (n,), in its unit.

    With the 95 % interval of normal values (chi-square). Raises ValueError where every sample is alone in its state.
    """
    parts = [part for part in split(intensity, states) if len(part) > 1]
    if not parts:
        raise ValueError("every sample is alone in its state: nothing tells the spread within one")
    free = sum(len(p) - 1 for p in parts)
    square = sum(((p - p.mean()) ** 2).sum() for p in parts)
    value, low, high = np.sqrt(square / np.array([free, *chi2.ppf([0.975, 0.025], free)]))
    return float(value), (float(low), float(high))


def correlation_within(y, predicted, states) -> float:
    """Pearson's r of y (n,) and predicted (n,) within states (n,): each state's mean is taken off both.

    What is told beyond the state: 0 for a model that knows the state and nothing else. Raises ValueError where every
    sample is alone in its state.
    """
    y, predicted = np.asarray(y, float), np.asarray(predicted, float)
    _, state, count = np.unique(states, return_inverse=True, return_counts=True)
    if not (count > 1).any():
        raise ValueError("every sample is alone in its state: nothing is left within one")
    apart = [v - (np.bincount(state, v) / count)[state] for v in (y, predicted)]
    # rounding leaves something of a prediction that is the same throughout a state
    return pearson(*apart) if apart[1].std() > 1e-9 * predicted.std() else 0.0


def target_agreement(table: xr.Dataset, width: float) -> float:
    """R^2 of the best straight line from I_BP read under another width (rad/ps) to I_BP as it stands, over samples.

    What the choice of a kernel leaves of the target: no model of one can be expected to beat it on the other. Samples
    without an interior maximum under either are left out. Raises ValueError for fewer than three that have one.
    """
    n = 3 * table.attrs["n_atoms"]
    peaks = [sample_peak(f, n, width, max(2.0, 2 * width)) for f in table.frequency.values]
    good = table.interior.values.astype(bool) & np.array([p.interior for p in peaks])
    if good.sum() < 3:
        raise ValueError(f"{good.sum()} sample(s) have an interior maximum under both widths: three are needed")
    return float(np.corrcoef(np.array([p.intensity for p in peaks])[good], table.intensity.values[good])[0, 1] ** 2)
