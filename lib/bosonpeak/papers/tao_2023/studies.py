"""What tao-2023 asks of its samples: inputs and models are compared, cutoffs and thresholds are scanned.

The studies predict I_BP in 1e-6 (rad/ps)^-3, and one of them what identifies the state, by `evaluation.cross_predict`
with folds of parent liquids. Where a folder is given, finished parts are kept there under a hash of the samples and the
options, so that a run that was killed resumes.
"""

import hashlib
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import xarray as xr

from bosonpeak.archive.resume import KeptParts
from bosonpeak.learning.evaluation import BASELINES, cross_predict, mean_absolute_error
from bosonpeak.learning.regression import ARCHITECTURES, Network
from bosonpeak.papers.tao_2023.descriptors import CONTROLS, INPUTS, WIDTHS, smoothed_inputs
from bosonpeak.papers.tao_2023.samples import WIDTH
from bosonpeak.statistics import split_by_group
from bosonpeak.vibrations.peaks import broadened_reduced_density

MICRO = 1e6
"""I_BP in (rad/ps)^-3 times this is in the paper's unit."""
UNIT = {"units": "1e-6 (rad/ps)^-3"}
NETWORK = Network()


def usable(table: xr.Dataset) -> xr.Dataset:
    """The samples whose boson peak has an interior maximum; the paper drops the others. Raises ValueError for none."""
    kept = table.isel(sample=np.flatnonzero(table.interior.values))
    if kept.sizes["sample"] == 0:
        raise ValueError("no sample of the table has an interior maximum: is it a table of samples of glasses?")
    return kept


def glasses(table: xr.Dataset, slowest: float = 0.0, fastest: float = np.inf) -> xr.Dataset:
    """The samples cooled to the end at rates between these.

    Samples that were quenched at once, or cooled to the temperature of a liquid, are left out.

    Parameters
    ----------
    table : xarray.Dataset
    slowest, fastest : float
        In K/s.

    Returns
    -------
    xarray.Dataset
        With no sample at all where none is inside.
    """
    rate, end = table.cooling_rate.values, table.end_temperature.values
    # rates are written with four digits
    inside = (rate >= 0.999 * slowest) & (rate <= 1.001 * fastest) & np.isfinite(rate) & (end < 1)
    return table.isel(sample=np.flatnonzero(inside))


def mean_spectrum(table: xr.Dataset, omega, width: float = WIDTH) -> np.ndarray:
    """The mean over the samples of g / omega^2, as `samples.sample_peak` sees it.

    Parameters
    ----------
    table : xarray.Dataset
    omega : array, shape (K,)
        In rad/ps; up to two widths below the highest mode that the samples keep.
    width : float
        In rad/ps.

    Returns
    -------
    array, shape (K,)
        In (rad/ps)^-3, with g normalised to 1 over all modes.
    """
    frequency = table.frequency.values
    share = frequency.shape[1] / (3 * table.attrs["n_atoms"])
    return share * broadened_reduced_density(frequency.ravel().astype(float), omega, width)


def predicted(
    table: xr.Dataset, kind: str, model, repeats: int = 9, folds: int = 5, seed: int = 2023, folder=None,
    progress: bool = False, shuffled: bool = False, leaking: bool = False, **options
) -> np.ndarray:  # fmt: skip
    """Out-of-fold predictions of every sample of a table by one input and one model.

    Parameters
    ----------
    table : xarray.Dataset
    kind : str
        Input, as of `descriptors.sample_inputs`.
    model : Network or str
        As of `evaluation.cross_predict`.
    repeats, folds, seed : int
        Number of trainings and of folds of parent liquids, and the seed of the folds and weights.
    folder : path-like, optional
        Where finished predictions are kept.
    progress : bool
        Whether to show a bar for each training.
    shuffled : bool
        Whether to train on targets of other samples, as a control.
    leaking : bool
        Whether to split parents between folds, as a control.
    **options
        Of `descriptors.sample_inputs`.

    Returns
    -------
    array, shape (repeats, n)

    Raises
    ------
    ValueError
        As `evaluation.cross_predict` and `descriptors.sample_inputs`.
    """
    y = table.intensity.values * MICRO
    if shuffled:
        y = np.random.default_rng(seed).permutation(y)
    x, groups = smoothed_inputs(table, kind, **options), np.arange(len(y)) if leaking else table.seed.values
    named = asdict(model) if isinstance(model, Network) else model
    what = (*table.key.values, kind, named, repeats, folds, seed, shuffled, leaking, options, WIDTHS)
    name = hashlib.sha256(" ".join(map(str, what)).encode()).hexdigest()[:16]

    def compute():
        return {"values": cross_predict(x, y, groups, model, folds, repeats, seed, progress)}

    return KeptParts(folder).part(name, compute)["values"]


def compare_inputs(
    table: xr.Dataset, inputs=INPUTS, architectures=tuple(ARCHITECTURES), network: Network = NETWORK,
    repeats: int = 9, folds: int = 5, seed: int = 2023, folder=None, progress: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Out-of-fold predictions of every sample by every input and model (tao-2023, Fig. 3a), and controls.

    Parameters
    ----------
    table : xarray.Dataset
    inputs : sequence of str
        Of `descriptors.INPUTS`.
    architectures : sequence of int
        Of `regression.ARCHITECTURES`.
    network : Network, optional
        All but the hidden neurons of the networks.
    repeats, folds, seed, folder, progress
        As of `predicted`.

    Returns
    -------
    xarray.Dataset
        `predicted` (input, model, repeat, sample), with the models "network 1", ... and the baselines; `shuffled`
        (input, repeat, sample): by the first network, trained on targets of other samples; `leaking` (input, repeat,
        sample): by ridge regression whose folds split parents; `single` (control, repeat, sample): by gradient boosting
        on one number of the sample (`descriptors.CONTROLS`, without the cooling rate where samples have none);
        `intensity`, `seed` and `cooling_rate` (sample).

    Raises
    ------
    ValueError
        As `evaluation.cross_predict`.
    """
    each = {f"network {a}": replace(network, hidden=ARCHITECTURES[a]) for a in architectures}
    models = each | {name: name for name in BASELINES}
    controls = [c for c in CONTROLS if c != "cooling rate" or np.isfinite(table.cooling_rate.values).all()]
    predict = partial(predicted, table, repeats=repeats, folds=folds, seed=seed, folder=folder, progress=progress)
    of_models = [[predict(kind, model) for model in models.values()] for kind in inputs]
    shuffled = [predict(kind, next(iter(each.values())), shuffled=True) for kind in inputs]
    leaking = [predict(kind, "ridge", leaking=True) for kind in inputs]
    about = {"repeats": repeats, "folds": folds, "seed_folds": seed, "n_atoms": table.attrs["n_atoms"]}
    return xr.Dataset(
        {
            "predicted": (("input", "model", "repeat", "sample"), of_models, UNIT),
            "shuffled": (("input", "repeat", "sample"), shuffled, UNIT),
            "leaking": (("input", "repeat", "sample"), leaking, UNIT),
            "single": (("control", "repeat", "sample"), [predict(c, "gradient boosting") for c in controls], UNIT),
            "intensity": ("sample", table.intensity.values * MICRO, UNIT),
            "seed": ("sample", table.seed.values),
            "cooling_rate": ("sample", table.cooling_rate.values, {"units": "K/s"}),
        },
        {"input": list(inputs), "model": list(models), "control": controls},
        about | {"network": str(network)},
    )


def best_networks(found: xr.Dataset) -> dict[str, np.ndarray]:
    """For every input of `compare_inputs` the predictions (repeat, sample) of the network with the least error."""
    y, networks = found.intensity.values, [m for m in found.model.values if m.startswith("network")]
    by_input = zip(found.input.values, found.predicted.sel(model=networks).values, strict=True)
    return {str(kind): min(each, key=lambda predicted: mean_absolute_error(y, predicted)) for kind, each in by_input}


def extremes(value, share: float = 0.1, kinds=None) -> tuple[np.ndarray, np.ndarray]:
    """The samples, or the atoms, with the lowest and with the highest share of a value.

    Parameters
    ----------
    value : array, shape (n,)
    share : float
        Of the samples that belong to either side.
    kinds : array, shape (n,), optional
        Such as atomic numbers: each kind then has its own lowest and highest. By default all are ranked together, as
        in tao-2023.

    Returns
    -------
    lowest, highest : array of int
        Indices, in ascending order of the value within each kind; at least one of each kind.

    Raises
    ------
    ValueError
        If the share lies outside (0, 1/2].
    """
    if not 0 < share <= 0.5:
        raise ValueError(f"share = {share}: the lowest and highest share lies in (0, 1/2]")
    order, lowest, highest = np.argsort(value, kind="stable"), [], []
    for own in [order] if kinds is None else split_by_group(order, np.asarray(kinds)[order]):
        few = max(1, round(share * len(own)))
        lowest.append(own[:few])
        highest.append(own[-few:])
    return np.concatenate(lowest), np.concatenate(highest)
