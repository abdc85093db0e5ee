"""How well any model could predict the boson peak of a sample, and how far its definition matters (tao-2023)."""

import numpy as np
import xarray as xr

from bosonpeak.learning.evaluation import score_interval
from bosonpeak.papers.tao_2023.samples import sample_peak
from bosonpeak.statistics import normal_intraclass_correlation, split_by_group


def state_ceiling(intensity, states) -> tuple[float, tuple[float, float]]:
    """Largest R^2 of a model that knows the state of a glass, not the sample: share of the variance between states.

    intensity (n,), states (n,), such as the cooling rate; one-way random effects
    (`statistics.normal_intraclass_correlation`). What a model reaches above it, it read off the sample itself. Raises
    ValueError as that.
    """
    return normal_intraclass_correlation(split_by_group(intensity, states))


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


def curve_interval(statistic, y, predicted, groups, rng=None, n_resamples: int = 500):
    """statistic(errors) and its 95 % interval over resampled groups: (value, (low, high)).

    predicted: (v, repeats, n), such as predictions over v cutoffs; errors: (v,), mean absolute ones; groups: (n,).
    """
    error = abs(np.asarray(predicted, float) - np.asarray(y, float)).mean(axis=1)
    return score_interval(lambda _, e: statistic(e.mean(axis=1)), y, error, groups, rng, n_resamples)
