"""Networks trained on a shipped table of samples: learn.py TABLE STUDY OUTPUT (tao-2023).

STUDY is one of
inputs: four inputs and three architectures, baselines and controls, of glasses;
cutoffs, thresholds: the options of one input each;
neuron: the weights of a network of one neuron;
atoms: single atoms of the structures that samples keep.

It writes a NetCDF table of out-of-fold predictions, or of weights. Finished parts are kept next to OUTPUT, so that a
run that was killed resumes. Each study has a version of its own (`archive.methods.method`), which stands next to it.
"""

from pathlib import Path

import numpy as np
import xarray as xr
from common import arguments, versions_of

from bosonpeak.archive.files import sha256_of
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, results_folder, write_dataset
from bosonpeak.papers.tao_2023 import atoms, studies
from bosonpeak.threads import set_threads

SEED, REPEATS = 2023, 9
SLOWEST, FASTEST = 1e12, 1e15
"""Cooling rates in K/s between which a table's glasses are learned from."""
CUTOFFS = (3.0, 4.5, 5.5, 6.0, 6.5, 6.9, 7.5, 9.0, 12.0)
"""Distances in A up to which the pairs of a sample are seen."""
THRESHOLDS = tuple(np.arange(2, 43, 4) / 100)
"""At which participation ratios are cut."""
ATOM_CUTOFFS = (3.0, 4.0, 5.0, 6.0, 6.9, 8.0, 9.0, 12.0)
"""Distances in A up to which the neighbours of an atom are seen."""


@method("learning-inputs", version=2)
def _inputs(table, folder):
    return studies.compare_inputs(table, repeats=REPEATS, seed=SEED, folder=folder, progress=True)


@method("learning-cutoffs", version=2)
def _cutoffs(table, folder):
    options = {"repeats": REPEATS, "seed": SEED, "folder": folder, "progress": True}
    found = studies.scan(table, "partial g(r)", "r_cut", CUTOFFS, **options)
    ridge = studies.scan(table, "partial g(r)", "r_cut", CUTOFFS, "ridge", **options)
    return _described(table, predicted=found, ridge=ridge)


@method("learning-thresholds", version=1)
def _thresholds(table, folder):
    options = {"repeats": REPEATS, "seed": SEED, "folder": folder, "progress": True}
    found = studies.scan(table, "binary participation ratio", "threshold", THRESHOLDS, **options)
    return _described(table, predicted=found)


def _described(table, **predicted):
    true = {"intensity": ("sample", table.intensity.values * studies.MICRO, {"units": "1e-6 (rad/ps)^-3"})}
    return xr.Dataset(predicted | true | {"seed": ("sample", table.seed.values)})


@method("learning-neuron", version=2)
def _neuron(table, folder):
    weights, difference = studies.neuron_weights(table, repeats=REPEATS, seed=SEED, progress=True)
    shuffled, null = studies.neuron_weights(table, repeats=REPEATS, seed=SEED, shuffled=True, progress=True)
    return xr.Dataset(
        {
            "weight": (("repeat", "r"), weights),
            "shuffled": (("repeat", "r"), shuffled),
            "difference": ("r", difference),
            "null": ("r", null),
        },
        {"r": ("r", table.r.values, {"units": "A"})},
    )


@method("learning-atoms", version=1)
def _atoms(table, folder):
    rows = atoms.atomic_rows(table)
    found = {
        name: atoms.predict_atoms(rows, seed=SEED, shuffled=name == "shuffled", progress=True)
        for name in ("predicted", "shuffled")
    }
    unseen = found["predicted"].unseen
    samples = np.unique(rows.sample[unseen])
    data = xr.Dataset(
        {name: (("repeat", "unseen"), f.predicted.astype("f4")) for name, f in found.items()}
        | {
            "true": ("unseen", found["predicted"].true),
            "number": ("unseen", rows.number[unseen]),
            "parent": ("unseen", rows.parent[unseen]),
            "sample": ("unseen", rows.sample[unseen]),
        }
    )
    errors = []
    for cutoff in ATOM_CUTOFFS:
        near = atoms.predict_atoms(atoms.cut_rows(rows, cutoff), seed=SEED, progress=True)
        error = abs(near.predicted - near.true)
        errors.append([error[:, rows.sample[unseen] == s].mean(axis=1) for s in samples])
    data["cutoff_error"] = (("cutoff", "unseen_sample", "repeat"), np.array(errors))
    # the key of its recipe finds a glass in a table that has grown as well
    data["unseen_key"] = "unseen_sample", table.key.values[samples]
    data["key"] = "structure", table.key.values
    data = data.assign_coords(cutoff=list(ATOM_CUTOFFS), unseen_sample=samples).merge(
        found["predicted"].trained.table()
    )
    return data.assign_attrs(found["predicted"].trained.table().attrs, unit="log10 of I_BP^i in (rad/ps)^-3")


STUDIES = {
    "inputs": _inputs,
    "cutoffs": _cutoffs,
    "thresholds": _thresholds,
    "neuron": _neuron,
    "atoms": _atoms,
}


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
    file = f"{name}-atoms" if study == "atoms" else name
    table = load_result("samples", file)
    table = studies.glasses(table, SLOWEST, FASTEST)
    if study != "atoms":
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
