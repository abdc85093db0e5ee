"""What tao-2023 asks of its samples: inputs and models are compared, cutoffs and thresholds are scanned.

The studies predict I_BP in 1e-6 (rad/ps)^-3, and one of them what identifies the state, by `evaluation.cross_predict`
with folds of parent liquids. Where a folder is given, finished parts are kept there under a hash of the samples and the
options, so that a run that was killed resumes.
"""

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import xarray as xr

from bosonpeak.archive.resume import read_arrays, write_arrays
from bosonpeak.learning.evaluation import BASELINES, cross_predict, error_gain, mean_absolute_error, score_interval
from bosonpeak.learning.regression import ARCHITECTURES, Network, train
from bosonpeak.papers.tao_2023.descriptors import CONTROLS, INPUTS, sample_inputs
from bosonpeak.papers.tao_2023.samples import WIDTH
from bosonpeak.vibrations.peaks import broadened_reduced_density

MICRO = 1e6
"""I_BP in (rad/ps)^-3 times this is in the paper's unit."""
CUTOFFS = (3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 6.9, 7.5, 8.0, 9.0, 10.0, 12.0)
THRESHOLDS = tuple(np.arange(2, 43, 4) / 100)


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


def _kept(folder, table, what, compute) -> np.ndarray:
    """compute(), whose result is kept in the folder and read from there the next time."""
    if folder is None:
        return compute()
    text = " ".join([*table.key.values.astype(str), *map(str, what)])
    path = Path(folder) / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    found = read_arrays(path)
    if found is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        found = {"values": compute()}
        write_arrays(path, **found)
    return found["values"]


def predicted(
    table, kind, model, repeats, folds, seed, folder, progress, shuffled=False, leaking=False, target=None, **options
):  # fmt: skip
    y = table.intensity.values * MICRO if target is None else sample_inputs(table, target)[:, 0]
    if shuffled:
        y = np.random.default_rng(seed).permutation(y)
    named = asdict(model) if isinstance(model, Network) else model
    what = (kind, named, repeats, folds, seed, shuffled, leaking, target, options)
    x = sample_inputs(table, kind, **options)
    groups = np.arange(len(y)) if leaking else table.seed.values
    return _kept(folder, table, what, lambda: cross_predict(x, y, groups, model, folds, repeats, seed, progress))


def compare_inputs(
    table: xr.Dataset, inputs=INPUTS, architectures=tuple(ARCHITECTURES), network: Network | None = None,
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
    repeats, folds, seed : int
    folder : path-like, optional
    progress : bool

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
    network = network or Network()
    each = {f"network {a}": Network(**{**asdict(network), "hidden": ARCHITECTURES[a]}) for a in architectures}
    models = each | {name: name for name in BASELINES}
    options = (repeats, folds, seed, folder, progress)
    told = [[predicted(table, kind, model, *options) for model in models.values()] for kind in inputs]
    first = next(iter(each.values()))
    shuffled = [predicted(table, kind, first, *options, shuffled=True) for kind in inputs]
    leaking = [predicted(table, kind, "ridge", *options, leaking=True) for kind in inputs]
    controls = [c for c in CONTROLS if c != "cooling rate" or np.isfinite(table.cooling_rate.values).all()]
    single = [predicted(table, c, "gradient boosting", *options) for c in controls]
    unit = {"units": "1e-6 (rad/ps)^-3"}
    return xr.Dataset(
        {
            "predicted": (("input", "model", "repeat", "sample"), np.array(told), unit),
            "shuffled": (("input", "repeat", "sample"), np.array(shuffled), unit),
            "leaking": (("input", "repeat", "sample"), np.array(leaking), unit),
            "single": (("control", "repeat", "sample"), np.array(single), unit),
            "intensity": ("sample", table.intensity.values * MICRO, unit),
            "seed": ("sample", table.seed.values),
            "cooling_rate": ("sample", table.cooling_rate.values, {"units": "K/s"}),
        },
        {"input": list(inputs), "model": list(models), "control": controls},
        {
            "repeats": repeats,
            "folds": folds,
            "seed_folds": seed,
            "n_atoms": table.attrs["n_atoms"],
            "network": str(network),
        },
    )


def predict_state(
    table: xr.Dataset, targets=("energy", "cooling rate"), inputs=("total g(r)", "partial g(r)"),
    network: Network | None = None, repeats: int = 9, folds: int = 5, seed: int = 2023, folder=None,
    progress: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Out-of-fold predictions of what identifies the state of a sample, instead of its boson peak, as a control.

    Parameters
    ----------
    table : xarray.Dataset
    targets : sequence of str
        Of `descriptors.NUMBERS`: the energy in eV per atom, the cooling rate as the logarithm of K/s.
    inputs, network, repeats, folds, seed, folder, progress
        As of `compare_inputs`.

    Returns
    -------
    xarray.Dataset
        `predicted` (target, input, repeat, sample) by the network; `shuffled`, the same trained on targets of other
        samples; `true` (target, sample) and `seed` (sample).

    Raises
    ------
    ValueError
        As `evaluation.cross_predict` and `descriptors.sample_inputs`.
    """
    options = (network or Network(), repeats, folds, seed, folder, progress)
    told, shuffled = (
        [[predicted(table, kind, *options, shuffled=mixed, target=target) for kind in inputs] for target in targets]
        for mixed in (False, True)
    )
    return xr.Dataset(
        {
            "predicted": (("target", "input", "repeat", "sample"), np.array(told)),
            "shuffled": (("target", "input", "repeat", "sample"), np.array(shuffled)),
            "true": (("target", "sample"), np.array([sample_inputs(table, target)[:, 0] for target in targets])),
            "seed": ("sample", table.seed.values),
        },
        {"target": list(targets), "input": list(inputs)},
        {"repeats": repeats, "folds": folds, "seed_folds": seed, "n_atoms": table.attrs["n_atoms"]},
    )


def best_networks(found: xr.Dataset) -> dict[str, np.ndarray]:
    """For every input of `compare_inputs` the predictions (repeat, sample) of the network with the least error."""
    y, networks = found.intensity.values, [m for m in found.model.values if m.startswith("network")]
    best = {}
    for kind in found.input.values:
        each = [found.predicted.sel(input=kind, model=m).values for m in networks]
        best[str(kind)] = min(each, key=lambda predicted: mean_absolute_error(y, predicted))
    return best


def input_gain(found: xr.Dataset, kind: str, over: str, rng=None, n_resamples: int = 1000):
    """The gain in error of one input of `compare_inputs` over another, each by the best of its networks.

    Returns (value, (low, high)), 95 % over resampled parents (`evaluation.error_gain`). The paper has 0.126 for partial
    over total g(r).
    """
    best = best_networks(found)
    told = [best[kind], best[over]]
    return score_interval(error_gain, found.intensity.values, told, found.seed.values, rng, n_resamples)


def scan(
    table: xr.Dataset, kind: str, option: str, values, network: Network | None = None, repeats: int = 9, folds: int = 5,
    seed: int = 2023, folder=None, progress: bool = False,
) -> xr.DataArray:  # fmt: skip
    """Out-of-fold predictions over one option of an input.

    Parameters
    ----------
    table : xarray.Dataset
    kind : str
        As of `descriptors.sample_inputs`.
    option : str
        "r_cut" in A (tao-2023, Fig. 3c) or "threshold" (Fig. 7).
    values : sequence of float, shape (v,)
    network : Network or str, optional
        A network, or the name of a baseline.
    repeats, folds, seed, folder, progress
        As of `compare_inputs`.

    Returns
    -------
    xarray.DataArray, dimensions (value, repeat, sample)

    Raises
    ------
    ValueError
        As `descriptors.sample_inputs`.
    """
    options = (network or Network(), repeats, folds, seed, folder, progress)
    found = [predicted(table, kind, *options, **{option: float(value)}) for value in values]
    return xr.DataArray(
        np.array(found), dims=("value", "repeat", "sample"), coords={"value": np.asarray(values, float)}, name=option,
        attrs={"units": "1e-6 (rad/ps)^-3"},
    )  # fmt: skip


def neuron_weights(
    table: xr.Dataset, network: Network | None = None, repeats: int = 9, seed: int = 2023, shuffled: bool = False,
    progress: bool = False,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Weights of a network of one hidden neuron on total g(r), and the difference in g(r) (tao-2023, Fig. 5b).

    The neuron is linear: behind a rectifier it might never respond.

    Parameters
    ----------
    table : xarray.Dataset
    network : Network, optional
    repeats, seed : int
    shuffled : bool
        Whether to train on targets of other samples.
    progress : bool

    Returns
    -------
    weights : array, shape (repeats, K)
        With the sign by which a larger sum predicts a higher peak.
    difference : array, shape (K,)
        Mean scaled g(r) of the 5 % of samples with the highest I_BP less that of the 5 % with the lowest.
    """
    options = {"hidden": (1,), "activation": "linear", "dropout": 0.0}
    network = Network(**{**asdict(network or Network()), **options})
    x, y = sample_inputs(table, "total g(r)"), table.intensity.values * MICRO
    order, few = np.argsort(y), max(1, round(0.05 * len(y)))
    if shuffled:
        y = np.random.default_rng(seed).permutation(y)
    trained = train(x, y, table.seed.values, network, repeats, seed, progress, "one neuron")
    weights = trained.weights[0][..., 0] * np.sign(trained.weights[2][:, 0])
    scaled = (x - trained.centre) / trained.scale
    return weights, scaled[order[-few:]].mean(axis=0) - scaled[order[:few]].mean(axis=0)
