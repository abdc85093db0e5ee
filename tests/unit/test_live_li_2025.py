"""The data of the chapter li-2025: what is archived, what is computed live, and the check of a sample."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk
from made_maps import Q, S, line, made_glasses, made_spectra, made_table

from bosonpeak.archive.glasses import load
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import live
from bosonpeak.papers.li_2025.readings import WINDOW
from bosonpeak.papers.li_2025.tables import GRIDS, Plan
from bosonpeak.scattering.harmonic import boson_map
from bosonpeak.scattering.wavevectors import box_wavevectors
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes


@pytest.fixture(scope="module")
def small():
    """Lennard-Jones glass of density 1, with its modes."""
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * (3, 3, 3)
    start.positions += np.random.default_rng(0).normal(0, 0.3, (len(start), 3))
    atoms = inherent_structure(start, get("lennard-jones"))
    atoms.set_masses(np.ones(len(atoms)))
    return atoms, normal_modes(dynamical_matrix(atoms, get("lennard-jones")))


def test_the_window_of_a_model_glass_is_scaled_by_its_first_peak():
    first = Q[S.argmax()]
    assert live.model_limits(made_table()) == pytest.approx((2.1 / 2.8 * first, 8.5 / 2.8 * first))


class TestArchive:
    """An archive of made spectra and tables."""

    @pytest.fixture
    def archive(self, monkeypatch):
        """Spectra of the first and third alloy of 4,000 atoms and of all of 1,000, and the tables of the latter."""
        kept = SimpleNamespace(spectra={}, fields={}, tables={}, unit="meV")
        for n, seeds in ((1000, (1, 2, 3)), (4000, (1, 3))):
            for s in seeds:
                name = f"Zr46Cu46Al8-sheng-2011-n{n}-1e13-s{s}"
                kept.spectra[live.BY_GLASS[name].name] = made_spectra(line(2.0 + s), name, n, s)
                kept.tables[name] = made_table(name, n, s, harmonic=np.outer(S, line(2.0 + s)))
        del kept.tables["Zr46Cu46Al8-sheng-2011-n4000-1e13-s3"]

        def measurement(known, archived):
            assert archived
            return (kept.spectra | kept.fields)[known.name]

        monkeypatch.setattr(live, "shipped_results", self.shipped(kept))
        monkeypatch.setattr(live, "measurement", measurement)
        monkeypatch.setattr(live, "load_result", lambda kind, name: kept.tables[name].assign_attrs(unit=kept.unit))
        return kept

    @staticmethod
    def shipped(kept):
        return lambda kind: list(kept.tables if kind == "scattering" else kept.spectra | kept.fields)

    def test_glasses_that_are_not_archived_are_left_out(self, archive):
        found = live.archived_glasses("Zr46Cu46Al8-sheng-2011-n{n}-1e13-s{s}", 1000)
        # of a size that has tables, only the glasses that have one count
        assert {n: len(x) for n, x in found.spectra.items()} == {1000: 3, 4000: 1}
        assert list(found.tables) == [1000, 4000] and [t.attrs["seed"] for t in found.tables[1000]] == [1, 2, 3]
        assert found.main == 1000 and found.limits == WINDOW
        np.testing.assert_allclose(found.peaks(4000), [3.0], atol=0.01)
        assert live.archived_glasses("Zr46Cu46Al8-sheng-2011-n{n}-1e12-s{s}", 1000) is None
        some = live.archived_glasses("Zr46Cu46Al8-sheng-2011-n{n}-1e13-s{s}", 1000, sizes=(1000,), seeds=(2,))
        assert [x.attrs["seed"] for x in some.spectra[1000]] == [2]

    def test_model_glasses_have_a_window_of_their_own(self, archive):
        name = "kob-andersen-n8000-0.001-s1"
        archive.spectra[live.BY_GLASS[name].name] = made_spectra(line(3.0), name, 8000)
        archive.tables[name] = made_table(name, 8000, harmonic=np.outer(S, line(3.0)))
        archive.unit = "reduced"
        found = live.archived_glasses("kob-andersen-n{n}-0.001-s{s}", 8000)
        assert found.limits == live.model_limits(archive.tables[name])

    def test_all_data_of_the_chapter(self, archive):
        name = "Zr46Cu46Al8-sheng-2011-n4000-1e13-s3"
        archive.tables[name] = made_table(name, 4000, 3, harmonic=np.outer(S, line(5.0)))
        # the fields of the second and third glass, and not those of the first
        for n, s in ((1000, 2), (1000, 3), (4000, 3)):
            known = live.FIELDS_BY_GLASS[f"Zr46Cu46Al8-sheng-2011-n{n}-1e13-s{s}"]
            archive.fields[known.name] = xr.Dataset(attrs={"seed": s})
        found = live.archived_data()
        assert (found.other, found.fast, found.lj, found.ipl) == (None,) * 4 and found.modes == 4000
        assert found.alloy.main == 10000 and sorted(found.alloy.spectra) == [1000, 4000]
        seeds = {n: [x.attrs["seed"] for x in some] for n, some in found.fields.data.items()}
        assert seeds == {1000: [2, 3], 4000: [3]} and found.fields.main == 4000
        np.testing.assert_allclose(found.fields.peaks[1000], [4.0, 5.0], atol=0.01)
        np.testing.assert_allclose(found.fields.peaks[4000], [5.0], atol=0.01)


def test_two_structures_are_computed_live(monkeypatch):
    asked, modes = [], Modes(np.ones(3), None, None)
    atoms = {"a metal": bulk("Cu", cubic=True), "a model": bulk("Ar", cubic=True) * (2, 1, 1)}

    def computed_table(glass, plan, **options):
        asked.append((glass, plan, options.get("modes")))
        return made_table(glass, harmonic=np.outer(S, line(3.0)), motion=np.outer(S, line(3.0)))

    def spectra(glass, waves, *words, **options):
        asked.append((glass, waves, *words, options.get("modes")))
        return made_spectra(line(3.5), glass)

    def field_choices(glass, *words, references, **options):
        asked.append((glass, *words, references))
        return xr.Dataset(attrs={"name": glass})

    monkeypatch.setattr(live, "load", atoms.__getitem__)
    monkeypatch.setattr(live, "computed_table", computed_table)
    freed = []
    monkeypatch.setattr(live, "vibrational", lambda table: freed.append(table.attrs["name"]) or table)
    monkeypatch.setattr(live.spectra, "spectra", spectra)
    monkeypatch.setattr(live.field_choices, "field_choices", field_choices)
    monkeypatch.setattr(live, "model_modes", lambda name: (atoms[name], modes))
    found = live.computed_data("a metal", "a model", 20, 8, 25.0)
    assert asked == [
        ("a metal", Plan("modes", 20, 8, 300.0, 25.0), None),
        ("a metal", 20, ["neutron"], 300.0, None),
        ("a metal", 8, 300.0, 25.0, ("minimum", "lag 0.5 ps")),
        ("a model", Plan("modes", 20), modes),
        ("a model", 20, modes),
    ]
    assert freed == ["a metal"]
    assert found.alloy.main == found.modes == 4 and found.lj.main == 8
    assert (found.other, found.fast, found.ipl) == (None, None, None)
    assert found.lj.limits == live.model_limits(found.lj.tables[8][0]) != WINDOW
    assert found.fields.data[4][0].attrs["name"] == "a metal"
    np.testing.assert_array_equal(found.fields.peaks[4], found.alloy.peaks())


def test_a_glass_has_the_masses_of_its_potential(monkeypatch):
    monkeypatch.setattr(live, "normal_modes", lambda D: Modes(np.ones(D.shape[0]), None, None))
    live.model_modes.cache_clear()
    atoms, modes = live.model_modes("kob-andersen-n1000-0.001-s1")
    live.model_modes.cache_clear()
    assert len(modes.omega) == 3000 and set(atoms.get_masses()) == {1.0}
    np.testing.assert_array_equal(atoms.positions, load("kob-andersen-n1000-0.001-s1").positions)


def test_two_modes_lie_near_multiples_of_the_peak():
    modes = Modes(np.array([0.5, 2.9, 3.3, 20.0, 24.5, 26.0]), np.arange(36.0).reshape(6, 6), None)
    glasses = made_glasses({1000: [2.9, 3.1]}, 1000)
    slow, fast = live.two_modes(modes, glasses)
    np.testing.assert_array_equal(slow[0], modes.polarizations[:, 1])
    np.testing.assert_array_equal(fast[0], modes.polarizations[:, 4])
    assert (slow[1], fast[1]) == ("E = 2.90 (reduced)", "E = 24.50 (reduced)")


class TestSample:
    @pytest.fixture
    def table(self, small, monkeypatch):
        atoms, modes = small
        grid = GRIDS["lj"]
        waves = box_wavevectors(atoms.cell.array, grid.edges, 6, 3)
        found = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
        table = xr.Dataset(
            {"harmonic": (("q", "energy"), found.intensity.astype("f4"))},
            {"waves": ("q", found.counts)},
            attrs={"name": "made", "waves": 6, "seed_of_waves": 3},
        )
        monkeypatch.setattr(live, "model_modes", lambda name: small)
        monkeypatch.setattr(live, "load_result", lambda kind, name: table)
        return table

    def test_it_is_computed_again(self, table):
        found = live.check_sample("made", every=5)
        assert found[0] == (table.coords["waves"][::5] > 0).sum() and found[1] < 1e-5

    def test_a_wrong_table_is_refused(self, table):
        table.harmonic[40] *= 1.01
        with pytest.raises(RuntimeError, match=r"made differs by 0\.01 .* more than 0\.001: make it again"):
            live.check_sample("made", every=5)
        assert live.check_sample("made", every=5, tolerance=0.02)[1] == pytest.approx(0.01, rel=0.05)
        # the shell is not among those of every seventh
        assert live.check_sample("made", every=7)[1] < 1e-5

    def test_a_value_that_is_missing_is_refused(self, table):
        table.harmonic[40, 3] = np.nan
        with pytest.raises(RuntimeError, match="made differs by nan"):
            live.check_sample("made", every=5)
