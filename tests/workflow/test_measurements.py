"""Measurements of the chapters: computed or read, resumed, archived, and found in the packages of the papers."""

import sys

import numpy as np
import pytest
import xarray as xr

from bosonpeak import papers
from bosonpeak.archive.measurements import (
    KIND,
    Measurement,
    enter_measurement,
    made,
    measurement,
)
from bosonpeak.archive.methods import Method, method
from bosonpeak.archive.results import catalogue_of, has_result, read_dataset, results_folder, write_dataset
from bosonpeak.archive.resume import read_arrays, write_arrays
from bosonpeak.paths import project_root


@pytest.fixture
def project(new_project, monkeypatch):
    """An empty project, in which the functions that are called here work."""
    project = new_project("measured")
    project.write_recipes()
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))
    return project


@pytest.fixture
def squares() -> Measurement:
    """Squares of the first whole numbers. `computed` lists the parts that were computed and not resumed."""
    computed = []

    @method("squares", version=1)
    def squares(n, powers=(2,), *, progress, folder):
        found = []
        for k in range(n):
            path = folder / f"{k}.npz" if folder else None
            part = read_arrays(path) if folder else None
            if part is None:
                computed.append(k)
                part = {"x": np.array([float(k) ** p for p in powers])}
                if folder:
                    write_arrays(path, **part)
            found.append(part["x"])
        return xr.Dataset({"x": (("k", "power"), np.array(found))}, attrs={"note": "kept"})

    squares.computed = computed
    return Measurement("toy-squares", squares, {"n": np.int64(3), "powers": (2.0, 3)})


def archive_measurement(known, folder=None):
    """Do a measurement and take it into the archive, as the workflow does in two processes."""
    folder = project_root() / "_build" / "measurements" / "parts" / known.key if folder is None else folder
    path = results_folder(KIND) / f"{known.name}.nc"
    write_dataset(made(known, folder, progress=False), path)
    enter_measurement(path)
    return read_dataset(path)


class TestKeys:
    def test_equal_parameters_have_one_key(self, squares):
        same = [
            {"n": 3, "powers": [2, 3]},
            {"powers": (2, 3.0), "n": 3.0},
            {"n": np.int32(3), "powers": np.array([2.0, 3.0])},
        ]
        assert {squares.key_of(parameters) for parameters in same} == {squares.key}

    def test_another_value_or_version_has_another_key(self, squares, monkeypatch):
        keys = {squares.key, squares.key_of({"n": 4, "powers": [2, 3]}), squares.key_of({"n": 3, "powers": [3, 2]})}
        monkeypatch.setattr(squares.compute, "method", Method("squares", 2))
        assert len(keys | {squares.key}) == 4


class TestMeasurement:
    def test_what_is_computed_here_says_so(self, project, squares):
        live = measurement(squares, archived=False, n=2)
        assert live.x.values.tolist() == [[0, 0], [1, 1]]
        assert live.attrs == {"note": "kept", "source": "live"} and not catalogue_of(KIND)

    def test_what_is_archived_is_read(self, project, squares):
        written = archive_measurement(squares)
        squares.compute.computed.clear()
        found = measurement(squares, archived=True, n=3.0, powers=[2, 3])
        assert found.attrs["source"] == "archived" and found.attrs["note"] == "kept" and not squares.compute.computed
        xr.testing.assert_equal(found, written)

    def test_the_entry_says_how_it_was_made(self, project, squares):
        archive_measurement(squares)
        (entry,) = catalogue_of(KIND).values()
        names = "name key file sha256 method_version parameters versions processor date seconds checksum"
        assert list(entry) == names.split()
        assert (entry["name"], entry["key"], entry["file"]) == ("toy-squares", squares.key, "toy-squares.nc")
        assert entry["parameters"] == {"n": 3, "powers": [2, 3]} and entry["method_version"] == 1
        assert set(entry["versions"]) == {"numpy", "scipy", "numba"} and entry["processor"] and entry["seconds"] >= 0
        assert has_result(KIND, squares.name, squares.key)

    def test_what_is_missing_is_named(self, project, squares):
        with pytest.raises(ValueError, match="toy-squares is not archived: `make data` makes it, or compute it here"):
            measurement(squares, archived=True)

    def test_other_parameters_are_named_with_the_archived_ones(self, project, squares):
        archive_measurement(squares)
        with pytest.raises(ValueError, match=r"for other parameters: n = 5 \(archived: 3\); compute it here"):
            measurement(squares, archived=True, n=5)

    def test_another_version_is_named(self, project, squares, monkeypatch):
        archive_measurement(squares)
        monkeypatch.setattr(squares.compute, "method", Method("squares", 2))
        assert not has_result(KIND, squares.name, squares.key)
        with pytest.raises(ValueError, match="archived by version 1 of its method, and the present one is 2"):
            measurement(squares, archived=True)

    def test_an_altered_file_is_refused(self, project, squares):
        archive_measurement(squares)
        path = results_folder(KIND) / "toy-squares.nc"
        path.write_bytes(path.read_bytes() + b"x")
        assert not has_result(KIND, squares.name, squares.key)
        with pytest.raises(ValueError, match=r"toy-squares\.nc was altered"):
            measurement(squares, archived=True)


class TestArchiving:
    def test_a_run_that_was_killed_resumes(self, project, squares, tmp_path):
        measurement(squares, archived=False, folder=tmp_path, n=2)
        assert squares.compute.computed == [0, 1]
        archive_measurement(squares, folder=tmp_path)
        assert squares.compute.computed == [0, 1, 2]
        # by default the parts have a folder of this very measurement
        archive_measurement(squares)
        archive_measurement(squares)
        assert squares.compute.computed == [0, 1, 2, 0, 1, 2]
        assert len(list((project.root / "_build" / "measurements" / "parts" / squares.key).glob("*.npz"))) == 3

    def test_a_file_enters_byte_for_byte_and_replaces_an_earlier_one(self, project, squares, tmp_path):
        archive_measurement(squares)
        other = Measurement(squares.name, squares.compute, {"n": 4})
        write_dataset(made(other, progress=False), tmp_path / "made.nc")
        entry = enter_measurement(tmp_path / "made.nc")
        assert (results_folder(KIND) / entry["file"]).read_bytes() == (tmp_path / "made.nc").read_bytes()
        assert catalogue_of(KIND) == {other.name: entry} and entry["key"] == other.key

    def test_a_file_that_is_no_measurement_is_refused(self, project, tmp_path):
        write_dataset(xr.Dataset({"x": 1.0}), tmp_path / "other.nc")
        with pytest.raises(ValueError, match="does not say how it was made"):
            enter_measurement(tmp_path / "other.nc")
        with pytest.raises(FileNotFoundError):
            enter_measurement(tmp_path / "absent.nc")


PACKAGE = """
import numpy as np
import xarray as xr
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method

@method("toy", version=1)
def toy(n, *, progress, folder):
    return xr.Dataset({"x": ("k", np.arange(n))})

MEASUREMENTS = (Measurement("toy-2030-short", toy, {"n": 2}), Measurement("toy-2030-long", toy, {"n": 9}, "paper"))
"""


@pytest.fixture
def toy_paper(project, tmp_path, monkeypatch):
    """A package of a paper, and its page. `toy_paper(text)` writes its module `measure` with this text."""
    folder = tmp_path / "more" / "toy_2030"
    folder.mkdir(parents=True)
    (project.root / "book").mkdir()
    (project.root / "book" / "toy-2030.md").write_text("# A page\n")
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(papers, "__path__", [*papers.__path__, str(folder.parent)])

    def write(text=PACKAGE):
        for name in [name for name in sys.modules if name.startswith("bosonpeak.papers.toy_2030")]:
            monkeypatch.delitem(sys.modules, name)
        (folder / "measure.py").write_text(text)

    return write


class TestWorkflow:
    def test_measurements_are_found_by_group(self, toy_paper):
        from measurements import measurement_named, measurements

        toy_paper()
        assert [known.name for known in measurements()] == ["toy-2030-short", "toy-2030-long"]
        assert [known.name for known in measurements("paper")] == ["toy-2030-long"]
        assert measurement_named("toy-2030-long").parameters == {"n": 9}
        with pytest.raises(ValueError, match="no measurement is named 'toy': choose one of toy-2030-short, toy"):
            measurement_named("toy")

    def test_a_paper_without_measurements_or_without_a_page_has_none(self, toy_paper, project):
        from measurements import measurements

        toy_paper("x = 1\n")
        assert measurements() == []
        toy_paper()
        (project.root / "book" / "toy-2030.md").unlink()
        assert measurements() == []

    @pytest.mark.parametrize("line", ['PAGE = "glass-2031"', "PAGE: str = 'glass-2031'"])
    def test_a_paper_may_name_another_page_than_its_own(self, toy_paper, project, line):
        from measurements import measurements

        toy_paper(f"{line}\n{PACKAGE}")
        # its own page, which is there, does not count any more
        assert measurements() == []
        (project.root / "book" / "glass-2031.md").write_text("# Another page\n")
        (project.root / "book" / "toy-2030.md").unlink()
        assert [known.name for known in measurements()] == ["toy-2030-short", "toy-2030-long"]

    def test_a_page_is_named_where_the_measurements_stand(self, toy_paper, project, tmp_path):
        from measurements import measurements

        toy_paper()
        (tmp_path / "more" / "toy_2030" / "archived.py").write_text('PAGE = "glass-2031"\n')
        assert [known.name for known in measurements()] == ["toy-2030-short", "toy-2030-long"]

    def test_two_of_one_name_and_an_unknown_group_are_named(self, toy_paper):
        from measurements import measurements

        toy_paper(PACKAGE.replace("2030-long", "2030-short"))
        with pytest.raises(ValueError, match="two measurements are named toy-2030-short"):
            measurements()
        toy_paper(PACKAGE.replace('"paper"', '"large"'))
        with pytest.raises(ValueError, match="toy-2030-long is of the unknown group 'large'"):
            measurements()

    def test_what_measure_makes_enters_the_data_once(self, toy_paper, project, capsys):
        from collect import collect
        from measure import measure
        from measurements import measurement_named

        toy_paper()
        known, folder = measurement_named("toy-2030-short"), project.root / "_build"
        measure(known.name, folder / KIND / f"{known.key}.nc")
        collect("book", folder)
        said = capsys.readouterr().out
        assert "entered data/: the measurement toy-2030-short" in said and "and 1 measurements" in said
        assert measurement(known, archived=True).x.values.tolist() == [0, 1]
        collect("book", folder)
        assert "entered" not in capsys.readouterr().out

    def test_the_measurements_of_this_project_have_the_names_of_their_chapters(self):
        from measurements import measurements

        pages = tuple(path.stem for path in (project_root() / "book").glob("*.md"))
        found = measurements()
        assert all(known.name.startswith(pages) for known in found)
        # also of packages without a page of their own
        assert {"spring-network-vector", "spring-network-fractons"} <= {known.name for known in found}

    def test_archived_measurements_are_those_of_the_chapters(self):
        from measurements import measurements

        asked = {known.name: known for known in measurements()}
        for name, entry in catalogue_of(KIND).items():
            assert name in asked and has_result(KIND, name, entry["key"]), name
            assert entry["key"] == asked[name].key, f"{name} is archived for other parameters or another version"
