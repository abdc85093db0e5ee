"""Networks trained on a shipped table of samples: learn.py TABLE STUDY OUTPUT (tao-2023).

STUDY is one of
inputs: four inputs and three architectures, baselines and controls, of glasses;
cutoffs, thresholds: the options of one input each;
neuron: the weights of a network of one neuron;
others: glasses of another size and of other cooling rates;
atoms: single atoms of the structures that samples keep;
soap, messages, ceiling, transfer, field: other ways to see these atoms (all in atomic_studies.py).

It writes a NetCDF table of out-of-fold predictions, or of weights. Finished parts are kept next to OUTPUT, so that a
run that was killed resumes. Each study has a version of its own (`archive.methods.method`), which stands next to it.
"""

from dataclasses import replace
from pathlib import Path

import atomic_studies
import numpy as np
import xarray as xr
from common import arguments, versions_of

from bosonpeak.archive.files import sha256_of
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, results_folder, write_dataset
from bosonpeak.learning.evaluation import baseline, choose_input
from bosonpeak.learning.regression import Network, train
from bosonpeak.papers.tao_2023 import studies
from bosonpeak.papers.tao_2023.descriptors import sample_inputs, smoothed_inputs
from bosonpeak.threads import set_threads

SEED, REPEATS = 2023, 9
SLOWEST, FASTEST = 1e12, 1e15
"""Cooling rates in K/s between which a table's glasses are learned from."""
CUTOFFS = (3.0, 4.5, 5.5, 6.0, 6.5, 6.9, 7.5, 9.0, 12.0)
"""Distances in A up to which the pairs of a sample are seen."""
LARGER = "Cu50Zr50-mendelev-2019-n4000"
"""The table whose glasses models of the smaller ones predict."""
THRESHOLDS = tuple(np.arange(2, 43, 4) / 100)
"""At which participation ratios are cut."""


@method("learning-inputs", version=2)
def _inputs(table, folder):
    return studies.compare_inputs(table, repeats=REPEATS, seed=SEED, folder=folder, progress=True)


@method("learning-cutoffs", version=2)
def _cutoffs(table, folder):
    options = {"repeats": REPEATS, "seed": SEED, "folder": folder, "progress": True}
    found = scan(table, "partial g(r)", "r_cut", CUTOFFS, **options)
    ridge = scan(table, "partial g(r)", "r_cut", CUTOFFS, "ridge", **options)
    return _described(table, predicted=found, ridge=ridge)


@method("learning-thresholds", version=1)
def _thresholds(table, folder):
    options = {"repeats": REPEATS, "seed": SEED, "folder": folder, "progress": True}
    found = scan(table, "binary participation ratio", "threshold", THRESHOLDS, **options)
    return _described(table, predicted=found)


def scan(table: xr.Dataset, kind: str, option: str, values, model=studies.NETWORK, **how) -> xr.DataArray:
    """Out-of-fold predictions over one option of an input.

    Parameters
    ----------
    table : xarray.Dataset
    kind : str
        As of `descriptors.sample_inputs`.
    option : str
        "r_cut" in A (tao-2023, Fig. 3c) or "threshold" (Fig. 7).
    values : sequence of float, shape (v,)
    model : Network or str, optional
        A network, or the name of a baseline.
    **how
        Of `predicted`, such as the number of repeats.

    Returns
    -------
    xarray.DataArray, dimensions (value, repeat, sample)

    Raises
    ------
    ValueError
        As `descriptors.sample_inputs`.
    """
    found = [studies.predicted(table, kind, model, **how, **{option: float(value)}) for value in values]
    coordinates, dimensions = {"value": np.asarray(values, float)}, ("value", "repeat", "sample")
    return xr.DataArray(np.array(found), coordinates, dimensions, option, studies.UNIT)


def _described(table, **predicted):
    true = {"intensity": ("sample", table.intensity.values * studies.MICRO, {"units": "1e-6 (rad/ps)^-3"})}
    return xr.Dataset(predicted | true | {"seed": ("sample", table.seed.values)})


def neuron_weights(
    table: xr.Dataset, network: Network = studies.NETWORK, repeats: int = 9, seed: int = 2023, shuffled: bool = False,
    progress: bool = False,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Weights of a network of one hidden neuron on total g(r), and the difference in g(r) (tao-2023, Fig. 5b).

    The neuron is linear: behind a rectifier it might never respond.

    Parameters
    ----------
    table : xarray.Dataset
    network : Network, optional
        All but the hidden neurons and what belongs to them.
    repeats, seed : int
        Number of trainings, and the seed of their weights.
    shuffled : bool
        Whether to train on targets of other samples, and to take the difference between the extremes of these.
    progress : bool
        Whether to show a bar of epochs.

    Returns
    -------
    weights : array, shape (repeats, K)
        With the sign by which a larger sum predicts a higher peak.
    difference : array, shape (K,)
        Mean scaled g(r) of the 5 % of samples with the highest I_BP less that of the 5 % with the lowest.

    Raises
    ------
    ValueError
        As `regression.train`.
    """
    network = replace(network, hidden=(1,), activation="linear", dropout=0.0)
    x, y = sample_inputs(table, "total g(r)"), table.intensity.values * studies.MICRO
    if shuffled:
        y = np.random.default_rng(seed).permutation(y)
    low, high = studies.extremes(y, 0.05)
    trained = train(x, y, table.seed.values, network, repeats, seed, progress, "one neuron")
    weights = trained.weights[0][..., 0] * np.sign(trained.weights[2][:, 0])
    scaled = (x - trained.centre) / trained.scale
    return weights, scaled[high].mean(axis=0) - scaled[low].mean(axis=0)


@method("learning-neuron", version=2)
def _neuron(table, folder):
    weights, difference = neuron_weights(table, repeats=REPEATS, seed=SEED, progress=True)
    shuffled, null = neuron_weights(table, repeats=REPEATS, seed=SEED, shuffled=True, progress=True)
    return xr.Dataset(
        {
            "weight": (("repeat", "r"), weights),
            "shuffled": (("repeat", "r"), shuffled),
            "difference": ("r", difference),
            "null": ("r", null),
        },
        {"r": ("r", table.r.values, {"units": "A"})},
    )


@method("learning-others", version=1)
def _others(table, folder):
    """Heights of glasses of another size, and of other cooling rates, by ridge regression on partial g(r).

    Over `sample`: `kind`, "size" for glasses of 4,000 atoms cooled at 1e13 to 1e14 K/s by models of the whole table,
    "rate" for glasses of the table cooled at these rates, by models of those of other parents that were cooled faster,
    and "same" for the same by models of those of other parents that were cooled at these rates; `height`, `predicted`
    and `shuffled`, by models that were trained on heights of other samples.
    """
    known, big = table, load_result("samples", LARGER)
    first = np.isin(known.seed.values, np.unique(known.seed.values)[::2])
    fast, slow = (
        np.isin(known.key.values, studies.glasses(known, *ends).key.values) for ends in ((1.01e14,), (1e13, 1e14))
    )
    sides = {"size": (known, studies.usable(studies.glasses(big, 1e13, 1e14)))}
    for kind, learned in (("rate", fast), ("same", slow)):
        sides[kind] = tuple(known.isel(sample=np.flatnonzero(some)) for some in (learned & first, slow & ~first))
    found = []
    for kind, (learned, asked) in sides.items():
        y, (x, wanted) = (
            learned.intensity.values * studies.MICRO,
            (smoothed_inputs(s, "partial g(r)") for s in (learned, asked)),
        )
        best = choose_input(x, y, learned.seed.values, 5, SEED)
        mixed = np.random.default_rng(SEED).permutation(y)
        one = {"kind": [kind] * len(wanted[best]), "height": asked.intensity.values * studies.MICRO}
        one |= {"seed": asked.seed.values, "cooling_rate": asked.cooling_rate.values}
        for name, target in (("predicted", y), ("shuffled", mixed)):
            one[name] = baseline("ridge").fit(x[best], target).predict(wanted[best])
        found.append(xr.Dataset({name: ("sample", values) for name, values in one.items()}))
    return xr.concat(found, "sample").assign_attrs(n_atoms=int(big.attrs["n_atoms"]))


STUDIES = {
    "inputs": _inputs,
    "cutoffs": _cutoffs,
    "thresholds": _thresholds,
    "neuron": _neuron,
    "others": _others,
} | atomic_studies.STUDIES
OF_ATOMS = {*atomic_studies.STUDIES}
"""Studies of the structures of a table."""
ALSO = {"others": LARGER}
"""Studies that read a second table, whose change makes another study of them as well."""


def study_named(name: str):
    """The function of a study. Raises ValueError for an unknown name."""
    if name not in STUDIES:
        raise ValueError(f"unknown study {name!r}: choose one of {', '.join(STUDIES)}")
    return STUDIES[name]


def learn(name: str, study: str, folder) -> xr.Dataset:
    """The table of one study.

    Parameters
    ----------
    name : str
        Of a shipped table of samples.
    study : str
        A key of `STUDIES`.
    folder : path-like or None
        Where finished parts are kept.

    Raises
    ------
    ValueError
        If the study is unknown, no such table is shipped, or it holds no sample to learn from.
    """
    compute = study_named(study)
    file = f"{name}-atoms" if study in OF_ATOMS else name
    table = load_result("samples", file)
    table = studies.glasses(table, SLOWEST, FASTEST)
    if study not in OF_ATOMS:
        table = studies.usable(table)
    about = {
        "table": file,
        "table_sha256": sha256_of(results_folder("samples") / f"{file}.nc"),
        "samples": table.sizes["sample"],
        "seed": SEED,
        "method_version": compute.method.version,
        "versions": versions_of("keras", "jax", "scikit-learn", "numpy"),
    }
    return compute(table, folder and Path(folder) / str(compute.method)).assign_attrs(about)


if __name__ == "__main__":
    set_threads(1)
    a = arguments(__doc__, table=str, study=str, output=Path)
    write_dataset(learn(a["table"], a["study"], a["output"].parent / "parts"), a["output"])
