"""What is learned from tables of samples: what studies.yml asks for, and what the workflow makes of it."""

import json

import numpy as np
import pytest
import xarray as xr
import yaml

from bosonpeak.archive.results import catalogue_of, has_result, load_result, take_result
from bosonpeak.papers.tao_2023.samples import DR

ENTRY = {
    "table": "tiny",
    "recipe": {"potential": "cu-zr-mendelev-2019", "composition": "Cu50Zr50", "n_atoms": 1000},
    "seeds": [1, 20],
    "rates": [1e13, 1e14],
    "picks": [0, 1],
    "structures": [],
}


@pytest.fixture
def project(new_project, monkeypatch):
    """Its samples.yml makes a table of 20 parents, and studies.yml asks for two studies of it."""
    project = new_project("learning")
    project.write_recipes()
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))
    folder = project.root / "data" / "glasses"
    (folder / "samples.yml").write_text(yaml.safe_dump({"book": [ENTRY], "paper": []}))
    asked = [{"table": "tiny", "studies": ["neuron", "atoms"]}]
    (folder / "studies.yml").write_text(yaml.safe_dump({"book": asked, "paper": []}))
    return project


@pytest.fixture
def shipped(project):
    """SHA-256 of a shipped table of made-up samples, whose I_BP rises with the number of pairs in one shell."""
    from families import families

    rng = np.random.default_rng(1)
    recipes = [recipe for family in families("book") for recipe in family.recipes]
    n, r = len(recipes), (np.arange(120) + 0.5) * DR
    ideal = np.array([0.5, 1.0, 0.5])[:, None] * 500**2 / 17500 * 4 * np.pi * r**2 * DR
    count = rng.poisson(np.broadcast_to(ideal, (n, 3, 120)))
    signal = (count[:, :, 55].sum(axis=1) - ideal[:, 55].sum()) / np.sqrt(ideal[:, 55].sum())
    table = xr.Dataset(
        {
            "pair_count": (("sample", "pair", "r"), count),
            "intensity": ("sample", 1e-6 * (220 + 10 * signal)),
            "interior": ("sample", np.ones(n, bool)),
            "volume": ("sample", np.full(n, 17.5)),
            **{f: ("sample", [getattr(x, f) for x in recipes]) for f in ("seed", "cooling_rate", "end_temperature")},
        },
        {"key": ("sample", [x.key for x in recipes]), "r": r, "pair": ["Cu-Cu", "Cu-Zr", "Zr-Zr"]},
        {"n_atoms": 1000},
    )
    folder = project.root / "data" / "results" / "samples"
    folder.mkdir(parents=True)
    table.to_netcdf(folder / "tiny.nc", engine="h5netcdf")
    return take_result("samples", folder / "tiny.nc", {"name": "tiny", "method_version": 1, "key": "k"})["sha256"]


def test_nothing_is_learned_before_the_table_is_there(project):
    from collect import complete
    from families import studies

    assert studies("book") == [] and not complete("tiny", "book")
    with pytest.raises(ValueError, match="unknown group of studies 'large': choose one of book, paper"):
        studies("large")
    asked = [{"table": "other", "studies": ["neuron"]}]
    path = project.root / "data" / "glasses" / "studies.yml"
    path.write_text(yaml.safe_dump({"book": asked, "paper": []}))
    with pytest.raises(ValueError, match=r"samples\.yml makes no table other"):
        studies("book")


def test_a_study_belongs_to_one_table(project, shipped):
    from collect import complete
    from families import Study, studies

    # no structures are shipped, so that nothing is learned of atoms
    (study,) = studies("book")
    assert study == Study("tiny", "neuron", shipped) and study.name == "tiny-neuron" and complete("tiny", "book")
    assert not has_result("learning", study.name, study.key)
    assert Study("tiny", "neuron", "0" * 64).key != study.key
    with pytest.raises(ValueError, match="unknown study 'nerve': choose one of inputs, cutoffs"):
        Study("tiny", "nerve", shipped).key  # noqa: B018


@pytest.mark.slow
def test_the_workflow_learns_and_takes_it_into_the_data(project, shipped):
    from families import studies

    done = project.snakemake("--cores", "1", "data")
    assert done.returncode == 0, done.stdout
    assert "Learning tiny-neuron" in done.stdout and "1 tables of samples, 1 tables of learning" in done.stdout
    (study,) = studies("book")
    found = load_result("learning", "tiny-neuron")
    assert has_result("learning", study.name, study.key)
    assert found.attrs["table_sha256"] == shipped and found.attrs["samples"] == 40
    assert catalogue_of("learning")["tiny-neuron"]["method_version"] == found.attrs["method_version"] == 2
    assert found.sizes == {"repeat": 9, "r": 120}
    # the shell on which the made-up peak depends; at short distances there are hardly any pairs
    assert int(found.difference.values[20:].argmax()) == 35
    assert np.isfinite(found.weight.values).all() and not np.allclose(found.weight, found.shuffled)
    assert set(json.loads(found.attrs["versions"])) == {"keras", "jax", "scikit-learn", "numpy"}
    idle = project.snakemake("--cores", "1", "data")
    assert idle.returncode == 0 and "Learning" not in idle.stdout


def test_what_is_not_shipped_is_named(project):
    from learn import learn

    with pytest.raises(ValueError, match="no result of the kind 'samples' is named 'absent'"):
        learn("absent", "neuron", None)
