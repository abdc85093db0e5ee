"""Networks trained on a shipped table of samples: learn.py TABLE STUDY OUTPUT (tao-2023).

STUDY: inputs (four inputs, three architectures, baselines and controls, of glasses), state (the pair distributions and
what tells the state: energy and cooling rate), wide (the pair distributions, of glasses and liquids together), cutoffs,
thresholds (of one input each), neuron (the weights of one), network (the paper's, trained on all glasses, to predict
others), or atoms (single atoms of the structures that samples keep).
Writes a NetCDF table of out-of-fold predictions, or of weights; finished parts are kept beside OUTPUT, so that a run
that was killed goes on.
"""

import argparse
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import xarray as xr
from bosonpeak.learning.regression import Network, train
from bosonpeak.papers.tao_2023 import atoms, studies
from bosonpeak.papers.tao_2023.descriptors import sample_inputs
from bosonpeak.papers.tao_2023.samples import load_samples
from bosonpeak.paths import project_root
from bosonpeak.threads import set_threads
from digests import code_digest
from vibrations import write

SEED, REPEATS = 2023, 9
SLOWEST, FASTEST = 1e12, 1e15
"""K/s: the glasses of a table that are learned from."""
PAPER_RATE = 0.01
"""Of Adadelta; the paper's, shown beside ours."""
ATOM_CUTOFFS = (3.0, 4.0, 5.0, 6.0, 6.9, 8.0, 9.0, 12.0)


def _inputs(table, folder):
    return studies.compare_inputs(table, repeats=REPEATS, seed=SEED, folder=folder, progress=True)


def _state(table, folder):
    return studies.predict_state(table, repeats=REPEATS, seed=SEED, folder=folder, progress=True)


def _wide(table, folder):
    options = {"repeats": REPEATS, "seed": SEED, "folder": folder, "progress": True}
    return studies.compare_inputs(table, ("total g(r)", "partial g(r)"), (1,), **options)


def _cutoffs(table, folder):
    options = {"repeats": REPEATS, "seed": SEED, "folder": folder, "progress": True}
    found = studies.scan(table, "partial g(r)", "r_cut", studies.CUTOFFS, **options)
    ridge = studies.scan(table, "partial g(r)", "r_cut", studies.CUTOFFS, "ridge", **options)
    return _described(table, predicted=found, ridge=ridge)


def _thresholds(table, folder):
    options = {"repeats": REPEATS, "seed": SEED, "folder": folder, "progress": True}
    found = studies.scan(table, "binary participation ratio", "threshold", studies.THRESHOLDS, **options)
    return _described(table, predicted=found)


def _described(table, **predicted):
    told = {"intensity": ("sample", table.intensity.values * studies.MICRO, {"units": "1e-6 (rad/ps)^-3"})}
    return xr.Dataset(predicted | told | {"seed": ("sample", table.seed.values)})


def _neuron(table, folder):
    weights, difference = studies.neuron_weights(table, repeats=REPEATS, seed=SEED, progress=True)
    shuffled, _ = studies.neuron_weights(table, repeats=REPEATS, seed=SEED, shuffled=True, progress=True)
    return xr.Dataset(
        {
            "weight": (("repeat", "r"), weights),
            "shuffled": (("repeat", "r"), shuffled),
            "difference": ("r", difference),
        },
        {"r": ("r", table.r.values, {"units": "A"})},
    )


def _network(table, folder):
    x, y = sample_inputs(table, "partial g(r)"), table.intensity.values * studies.MICRO
    options = {"repeats": REPEATS, "seed": SEED, "progress": True}
    data = train(x, y, table.seed.values, **options, desc="all glasses").table()
    slow = train(x, y, table.seed.values, Network(learning_rate=PAPER_RATE), **options, desc=f"rate {PAPER_RATE}")
    data["slow_history"] = ("slow_epoch", "repeat"), slow.history.astype("f4")
    return data.assign_attrs(input="partial g(r)", unit="1e-6 (rad/ps)^-3")


def _atoms(table, folder):
    rows = atoms.atomic_rows(table)
    found = {name: atoms.predict_atoms(rows, seed=SEED, shuffled=name == "shuffled", progress=True)
             for name in ("predicted", "shuffled")}  # fmt: skip
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
    # by the key of its recipe a glass is found in a table that has grown as well
    data["unseen_key"] = "unseen_sample", table.key.values[samples]
    data["key"] = "structure", table.key.values
    data = data.assign_coords(cutoff=list(ATOM_CUTOFFS), unseen_sample=samples).merge(
        found["predicted"].trained.table()
    )
    return data.assign_attrs(found["predicted"].trained.table().attrs, unit="log10 of I_BP^i in (rad/ps)^-3")


STUDIES = {
    "inputs": _inputs,
    "state": _state,
    "wide": _wide,
    "cutoffs": _cutoffs,
    "thresholds": _thresholds,
    "neuron": _neuron,
    "network": _network,
    "atoms": _atoms,
}


def learn(name: str, study: str, folder) -> xr.Dataset:
    """The table of one study. Raises ValueError for a table that is not shipped, or holds no sample to learn from."""
    code = code_digest(__file__)
    file = f"{name}-atoms" if study == "atoms" else name
    table = load_samples(file)
    if study != "wide":
        table = studies.glasses(table, SLOWEST, FASTEST)
    if study != "atoms":
        table = studies.usable(table)
    path = project_root() / "data" / "results" / "samples" / f"{file}.nc"
    packages = ("keras", "jax", "scikit-learn", "numpy")
    about = {
        "table": file,
        "table_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "samples": table.sizes["sample"],
        "seed": SEED,
        "code": code,
        "versions": json.dumps({package: version(package) for package in packages}),
    }
    return STUDIES[study](table, folder).assign_attrs(about)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("study", choices=tuple(STUDIES))
    parser.add_argument("output", type=Path)
    a = parser.parse_args()
    set_threads(1)
    write(learn(a.table, a.study, a.output.parent / "parts"), a.output)
