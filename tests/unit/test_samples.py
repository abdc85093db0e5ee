"""Samples of one parent liquid: the shared melt, what a sample holds, series that go on, tables that merge."""

import dataclasses
import math
import shutil

import ase.build
import numpy as np
import pytest
import xarray as xr
from scipy import constants

from bosonpeak.archive import glasses as archive
from bosonpeak.materials import glasses
from bosonpeak.materials.glasses import GlassRecipe, melt_quench
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import get
from bosonpeak.papers.tao_2023 import samples
from bosonpeak.papers.tao_2023.samples import (
    ATOMIC,
    describe_sample,
    make_samples,
    merge_samples,
    sample_peak,
    sample_table,
)
from bosonpeak.vibrations import hessian
from bosonpeak.vibrations.elasticity import elastic_moduli

SLOWER = GlassRecipe("cu-zr-mendelev-2019", "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
PARENT = [SLOWER, dataclasses.replace(SLOWER, cooling_rate=5e15), dataclasses.replace(SLOWER, cooling_rate=math.inf)]
"""500 steps of melt, and 1000, 200 and none of cooling."""
WHOLE = [True, False, False]
POTENTIAL = get("cu-zr-mendelev-2009")


class TestMelt:
    @pytest.fixture
    def melts(self, monkeypatch):
        """Velocities are drawn once a melt: a list of their seeds."""
        drawn, thermalise = [], Session.thermalise

        def counted(session, temperature, seed):
            drawn.append(seed)
            return thermalise(session, temperature, seed)

        monkeypatch.setattr(Session, "thermalise", counted)
        # segments of 185 steps: the melt has three, and the last is a short one
        monkeypatch.setattr(glasses, "SEGMENT", 20_000)
        return drawn

    @staticmethod
    def same(a, b):
        arrays = (a.positions, b.positions), (a.cell.array, b.cell.array), (a.numbers, b.numbers)
        return all(np.array_equal(x, y) for x, y in arrays) and a.info == b.info

    @pytest.mark.slow
    @pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]], ids=["slowest first", "liquid first"])
    def test_glasses_of_one_melt_are_those_of_a_melt_each(self, tmp_path, melts, order):
        alone = [melt_quench(recipe, tmp_path / "alone") for recipe in PARENT]
        assert melts == [2, 2, 2] and not list((tmp_path / "alone").glob("*.melt"))
        for n in order:
            assert self.same(melt_quench(PARENT[n], tmp_path / "kept", keep_melt=True), alone[n])
        assert melts == [2, 2, 2, 2]
        assert not self.same(alone[0], alone[1]) and not self.same(alone[1], alone[2])
        left = {path.name for path in (tmp_path / "kept").iterdir() if not path.name.startswith(".")}
        (melt,) = (tmp_path / "kept").glob("*.melt")
        assert melt.name.startswith(f"{PARENT[2].key}.500.")
        assert left == {melt.name, *(f"{recipe.key}.xyz.gz" for recipe in PARENT)}

    @pytest.mark.slow
    def test_another_seed_or_melt_does_not_start_from_it(self, tmp_path, melts):
        melt_quench(PARENT[2], tmp_path, keep_melt=True)
        for change in ({"seed": 5}, {"melt_temperature": 2500.0}, {"composition": "Cu40Zr60"}, {"melt_time": 0.8}):
            melt_quench(dataclasses.replace(PARENT[2], **change), tmp_path, keep_melt=True)
        assert melts == [2, 6, 2, 2, 2] and len(list(tmp_path.glob("*.melt"))) == 5

    @pytest.mark.parametrize("done", [1, 3, 5], ids=["in the melt", "at its end", "cooling"])
    def test_a_run_that_was_killed_goes_on(self, tmp_path, melts, monkeypatch, done):
        alone = [melt_quench(recipe, tmp_path / "alone") for recipe in PARENT[:2]]
        melts.clear()
        segments, dynamics = [], Session.dynamics

        class Killed(BaseException):
            pass

        def killed(session, n, *rest):
            if len(segments) == done:
                raise Killed
            segments.append(n)
            return dynamics(session, n, *rest)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(Session, "dynamics", killed)
            melt_quench(PARENT[0], tmp_path / "kept", keep_melt=True)
        assert segments == [185, 185, 130, 185, 185][:done]
        steps = sorted(int(path.name.split(".")[1]) for path in (tmp_path / "kept").glob("*.restart"))
        # the last two, so that the run goes back by one if the last is damaged
        assert steps == [sum(segments[:done]) for done in range(1, done + 1)][-2:]
        for recipe, glass in zip(PARENT, alone, strict=False):
            assert self.same(melt_quench(recipe, tmp_path / "kept", keep_melt=True), glass)
        assert melts == [2] and not list((tmp_path / "kept").glob("*.restart"))


@pytest.fixture(scope="module")
def glass():
    return archive.load("Cu50Zr50-mendelev-2009-n500-1e14-s1")


@pytest.fixture(scope="module")
def described(glass):
    return describe_sample(glass, POTENTIAL, atomic=True)


@pytest.fixture(scope="module")
def eigen(glass):
    """All omega in rad/ps, and the polarizations, by numpy."""
    weight = np.repeat(POTENTIAL.masses_of(glass) ** -0.5, 3)
    values, vectors = np.linalg.eigh(weight[:, None] * hessian.hessian(glass, POTENTIAL).toarray() * weight)
    unit = math.sqrt(constants.e / constants.atomic_mass) * 1e10 * 1e-12
    return np.sqrt(np.clip(values, 0, None)) * unit, vectors


def reduced(omega, levels, weight=1.0):
    """Gaussians of 1 rad/ps around the levels, (K,)."""
    return (weight * np.exp(-0.5 * (omega[:, None] - levels) ** 2) / math.sqrt(2 * math.pi)).sum(axis=1)


class TestDescribe:
    def test_pairs_are_those_of_all_distances(self, glass, described):
        edge, cu = glass.cell.lengths()[0], glass.symbols == "Cu"
        step = glass.positions[:, None] - glass.positions
        distance = np.linalg.norm(step - edge * np.round(step / edge), axis=-1)
        i, j = np.triu_indices(len(glass), 1)
        kind = 2 - cu[i].astype(int) - cu[j]
        edges = np.linspace(0, 12, 121)
        inside = edges[1:] < edge / 2
        for pair in range(3):
            counts = np.histogram(distance[i, j][kind == pair], edges)[0]
            assert inside.sum() > 100 and counts[inside].sum() > 1000
            assert np.array_equal(described["pair_count"][pair][inside], counts[inside])
        # beyond half the box every image counts
        images = edge * (np.indices((3, 3, 3)).reshape(3, 27).T - 1)
        every = np.stack([np.linalg.norm(step + image, axis=-1) for image in images])
        own = every[:, np.arange(500), np.arange(500)]
        assert (own[own > 0] > 12).all()
        for pair in range(3):
            found = np.histogram(every[:, i, j][:, kind == pair], edges)[0]
            assert np.array_equal(described["pair_count"][pair], found)

    def test_modes_are_those_of_numpy(self, glass, described, eigen):
        omega, vectors = eigen
        assert omega[2] < 1e-3 < 1 < omega[3]
        assert described["frequency"].shape == described["participation_ratio"].shape == (180,)
        np.testing.assert_allclose(described["frequency"], omega[3:183], rtol=1e-6)
        weight = (vectors[:, 3:183].reshape(500, 3, 180) ** 2).sum(axis=1)
        np.testing.assert_allclose(described["participation_ratio"], 1 / (500 * (weight**2).sum(axis=0)), rtol=1e-4)
        assert described["spectrum_count"].sum() == 1500
        assert np.array_equal(described["spectrum_count"], np.histogram(omega, np.arange(0, 70.1, 0.5))[0])

    def test_the_peak_is_that_of_all_modes(self, described, eigen):
        omega, _ = eigen
        peak = sample_peak(omega[3:], 1500)
        assert described["intensity"] == pytest.approx(peak.intensity, rel=1e-6)
        assert described["omega_peak"] == pytest.approx(peak.omega, rel=1e-6)
        assert described["interior"] and peak.interior
        grid = np.linspace(2, 10, 4001)
        density = reduced(grid, omega[3:], omega[3:] ** -2) / 1500
        assert described["intensity"] == pytest.approx(density.max(), rel=1e-3)
        assert described["omega_peak"] == pytest.approx(grid[density.argmax()], abs=0.01)

    def test_the_level_counts_modes(self, described, eigen):
        count = int((eigen[0][3:] < 10).sum())
        assert 50 < count < 150
        assert described["level"] == pytest.approx(3 * count / (1500 * 10**3), rel=1e-12)

    def test_energy_volume_and_moduli(self, glass, described):
        assert described["energy"] == pytest.approx(hessian.energy(glass, POTENTIAL) / 500, rel=1e-9)
        assert described["volume"] == pytest.approx(20.59243564**3 / 500, rel=1e-8)
        elastic = elastic_moduli(glass, POTENTIAL)
        assert described["bulk_modulus"] == pytest.approx(elastic.bulk, rel=1e-3)
        assert described["shear_modulus"] == pytest.approx(elastic.shear, rel=1e-3)
        assert described["debye_level"] == pytest.approx(elastic.debye_level, rel=2e-3)

    def test_atoms_have_their_own_peaks(self, glass, described, eigen):
        omega, vectors = eigen
        grid = np.linspace(2, 15, 2601)
        for atom in (0, 123, 499):
            weight = (vectors[3 * atom : 3 * atom + 3, 3:] ** 2).sum(axis=0)
            highest = (reduced(grid, omega[3:], weight) / 1500 / grid**2).max()
            assert described["atomic_intensity"][atom] == pytest.approx(highest, rel=1e-3)
        assert np.array_equal(described["position"], glass.positions) and np.array_equal(
            described["number"], glass.numbers
        )
        assert described["cell"] == glass.cell.lengths()[0]

    @pytest.mark.slow
    def test_the_lowest_modes_alone_tell_the_same(self, glass, described, monkeypatch):
        plain = describe_sample(glass, POTENTIAL)
        assert set(described) - set(plain) == set(ATOMIC)
        assert all(np.array_equal(plain[name], described[name]) for name in plain)
        monkeypatch.setattr(samples, "_ALL", 1499)
        fewer = describe_sample(glass, POTENTIAL)
        # not counted, where not all are known
        assert set(fewer) == set(plain) and not fewer["spectrum_count"].any()
        assert fewer["spectrum_count"].shape == plain["spectrum_count"].shape
        assert fewer["frequency"].shape == (180,)
        for name in set(plain) - {"spectrum_count"}:
            np.testing.assert_allclose(fewer[name], plain[name], rtol=1e-5 if "ratio" in name else 1e-6)
        # the atoms' own peaks need all modes
        assert describe_sample(glass, POTENTIAL, atomic=True)["spectrum_count"].sum() == 1500


class TestErrors:
    def test_one_element(self):
        copper = ase.build.bulk("Cu", cubic=True).repeat(3)
        with pytest.raises(ValueError, match="two elements in metal units, not Cu in metal"):
            describe_sample(copper, POTENTIAL)

    def test_reduced_units(self):
        mixture = ase.build.bulk("Ni", cubic=True).repeat(3)
        mixture.symbols[:20] = "P"
        with pytest.raises(ValueError, match="not Ni-P in"):
            describe_sample(mixture, get("kob-andersen"))

    def test_no_minimum(self, glass):
        shaken = glass.copy()
        shaken.rattle(0.001, seed=1)
        with pytest.raises(ValueError, match="not a minimum: the largest force"):
            describe_sample(shaken, POTENTIAL)

    def test_modes_that_end_too_early(self, glass, monkeypatch):
        levels = np.linspace(1, 12.01, 200)
        assert sample_peak(levels, 3000).intensity > 0 and sample_peak(levels[:-20], 3000, width=0.4).intensity > 0
        with pytest.raises(ValueError, match=r"the modes end at 10\.9 rad/ps, within two widths of 10: keep more"):
            sample_peak(levels[:-20], 3000)
        monkeypatch.setattr(samples, "KEPT", 0.06)
        with pytest.raises(ValueError, match="keep more of them"):
            describe_sample(glass, POTENTIAL)

    @pytest.mark.parametrize("change", [{"seed": 2}, {"n_atoms": 128}, {"melt_temperature": 3000.0}])
    def test_recipes_of_two_parents(self, tmp_path, change):
        with pytest.raises(ValueError, match="one parent have one seed, size, potential and melt"):
            make_samples([SLOWER, dataclasses.replace(SLOWER, **change)], [False, False], tmp_path / "none")
        assert not (tmp_path / "none").exists()


@pytest.fixture(scope="module")
def parents(tmp_path_factory):
    """Folder and samples of the parents 1 and 2."""
    folder = tmp_path_factory.mktemp("parents")
    second = [dataclasses.replace(recipe, seed=2) for recipe in PARENT]
    return folder, make_samples(PARENT, WHOLE, folder), second, make_samples(second, WHOLE, folder)


def test_a_series_goes_on_where_it_was(parents, tmp_path, monkeypatch):
    folder = shutil.copytree(parents[0], tmp_path / "again")
    kept = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    calls = []

    def counted(atoms, potential, atomic):
        calls.append((atoms.info["recipe"]["cooling_rate"], atomic))
        return describe_sample(atoms, potential, atomic)

    monkeypatch.setattr(samples, "describe_sample", counted)
    (lost := folder / f"{PARENT[1].key}.npz").unlink()
    again = make_samples(PARENT, WHOLE, folder)
    assert calls == [(5e15, False)] and lost.exists()
    assert {path: path.stat().st_mtime_ns for path in kept if path != lost} == {
        path: time for path, time in kept.items() if path != lost
    }
    for old, new in zip(parents[1], again, strict=True):
        assert old.keys() == new.keys() and all(np.array_equal(old[n], new[n]) for n in old)
    # the structure is asked for afterwards; of one that has its own nothing is taken away
    assert "position" in make_samples(PARENT, [False, True, False], folder)[1]
    assert calls[1:] == [(5e15, True)] and "position" in make_samples(PARENT, [False] * 3, folder)[0]
    assert len(calls) == 2


def by_file(table, path):
    table.to_netcdf(path, engine="h5netcdf")
    return xr.load_dataset(path, engine="h5netcdf")


class TestTables:
    def test_a_table_holds_its_samples(self, parents):
        table, atoms = sample_table(PARENT, parents[1]), sample_table(PARENT, parents[1], atomic=True)
        assert dict(table.sizes) == {"sample": 3, "pair": 3, "r": 120, "mode": 39, "omega": 140}
        assert dict(atoms.sizes) == {"sample": 1, "atom": 108, "axis": 3}
        assert table.key.values.tolist() == [recipe.key for recipe in PARENT] and atoms.key.item() == SLOWER.key
        assert table.cooling_rate.values.tolist() == [1e15, 5e15, math.inf]
        assert table.pair.values.tolist() == ["Cu-Cu", "Cu-Zr", "Zr-Zr"] and table.r.values[10] == pytest.approx(1.05)
        assert table.pair_count.sel(pair="Cu-Zr").values[1].tolist() == parents[1][1]["pair_count"][1].tolist()
        assert not set(ATOMIC) & set(table) and set(ATOMIC) <= set(atoms)
        unitless = {"interior", "seed", "number", "key", "pair"}
        assert {n for t in (table, atoms) for n in t.variables if "units" not in t[n].attrs} == unitless
        with pytest.raises(ValueError, match="no sample, no table"):
            sample_table(PARENT[1:], parents[1][1:], atomic=True)

    @pytest.mark.parametrize("atomic", [False, True])
    def test_tables_merge_after_a_round_trip(self, parents, tmp_path, atomic):
        _, first, others, second = parents
        # the second parent's first sample stands in both
        left = by_file(sample_table(others, second, atomic), tmp_path / "left.nc")
        right = sample_table([*others[:1], *PARENT], [second[0], *first], atomic)
        expected = [recipe.key for recipe in ([SLOWER, others[0]] if atomic else [*PARENT, *others])]
        altered = right.copy(deep=True)
        name = "cell" if atomic else "intensity"
        altered[name][0] = 1.0
        for tables in ([left, altered], [by_file(altered, tmp_path / "right.nc"), left][::-1]):
            merged = by_file(merge_samples(tables), tmp_path / "merged.nc")
            assert merged.key.values.tolist() == expected
            whole = merge_samples([merged])
            assert whole.key.dtype.kind == "U" and whole.identical(merge_samples([merged, left, whole]))
            found = dict(zip(expected, merged[name].values.tolist(), strict=True))
            for recipe, sample in zip([*PARENT, *others], [*first, *second], strict=True):
                if recipe.key in found:
                    assert found[recipe.key] == sample[name]
            assert merged.attrs == right.attrs and {n: merged[n].dtype for n in right.data_vars} == {
                n: right[n].dtype for n in right.data_vars
            }
        # of two that tell different things the first is believed
        assert 1.0 in merge_samples([altered, left])[name].values and 1.0 not in merged[name].values

    def test_the_order_is_by_parent_and_cooling(self, parents):
        table = sample_table(PARENT, parents[1])
        hotter = table.assign(melt_temperature=table.melt_temperature + 1000.0, seed=table.seed - 1)
        hotter = hotter.assign_coords(key=("sample", ["x", "y", "z"]))
        warm = table.assign(end_temperature=table.end_temperature + 900.0).assign_coords(
            key=("sample", ["u", "v", "w"])
        )
        keys = [recipe.key for recipe in PARENT]
        merged = merge_samples([hotter, warm.isel(sample=[2, 0, 1]), table.isel(sample=[1, 2, 0])])
        assert merged.key.values.tolist() == [keys[0], "u", keys[1], "v", keys[2], "w", "x", "y", "z"]

    @pytest.mark.parametrize("change", [{"n_atoms": 500}, {"potential": "cu-zr-mendelev-2009"}, {"width": 0.5}])
    def test_tables_of_two_kinds_do_not_merge(self, parents, change):
        table = sample_table(PARENT, parents[1])
        with pytest.raises(ValueError, match="several sizes, potentials, widths or columns"):
            merge_samples([table, table.assign_attrs(change)])
        with pytest.raises(ValueError, match="merge those of one"):
            merge_samples([])
        with pytest.raises(ValueError):
            merge_samples([table, table.assign_coords(r=table.r + 0.05)])
