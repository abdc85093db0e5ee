"""Tables of S(Q, E): both methods on one glass, dynamics, what is kept of it and what is read back."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.materials.dynamics import thermal_trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import tables
from bosonpeak.papers.li_2025.tables import GRIDS, SEED, Plan, computed_table, scattering_table, table_map
from bosonpeak.scattering import trajectories
from bosonpeak.scattering.harmonic import boson_map, structure_factor
from bosonpeak.scattering.trajectories import (
    axis_displacement,
    boson_map_of_motion,
    reduced_density_of_motion,
    warm_minimum,
)
from bosonpeak.scattering.wavevectors import box_wavevectors, shell_means
from bosonpeak.units import MEV
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density

LJ, METAL = get("lennard-jones"), get("cu-zr-mendelev-2009")


@pytest.fixture(scope="module")
def glass():
    """Lennard-Jones glass of density 1."""
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * (3, 3, 3)
    start.positions += np.random.default_rng(0).normal(0, 0.3, (len(start), 3))
    return inherent_structure(start, LJ)


@pytest.fixture(scope="module")
def by_modes(glass):
    return scattering_table(glass, LJ, Plan("modes", 30))


@pytest.fixture(scope="module")
def in_motion(glass):
    """Just long enough for the kernel of the grid."""
    return scattering_table(glass, LJ, Plan("modes", 4, 3, 0.01, 24.0))


@pytest.fixture(scope="module")
def metal(tmp_path_factory):
    """108 atoms of Cu and Zr at random below a shaken crystal, their table at 100 K, and the minimum at its volume."""
    rng, start = np.random.default_rng(1), bulk("Cu", "fcc", 4.1, cubic=True).repeat(3)
    start.symbols = rng.permutation(["Cu", "Zr"] * 54)
    start.positions += rng.normal(0, 0.3, (108, 3))
    atoms = inherent_structure(start, METAL, relax_box=True)
    # as a file without masses is read
    bare = atoms.copy()
    bare.set_masses(None)
    folder, warm = tmp_path_factory.mktemp("metal"), []

    def once(*words, **options):
        warm.append(warm_minimum(*words, **options))
        assert words[1:] == (METAL, 100.0, SEED) and options == {"timestep": 0.002}
        return warm[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trajectories, "warm_minimum", once)
        table = scattering_table(bare, METAL, Plan("modes", 8, temperature=100.0), folder=folder)
        # what is kept is read again, and is the same
        kept = tables.warm_glass(atoms, METAL, 100.0, SEED, folder)
    assert len(warm) == 1 and (kept.positions == warm[0].positions).all() and (kept.cell == warm[0].cell).all()
    return atoms, table, warm[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("exact", 10), "method is modes or moments"),
        (("modes", 1), "waves are 2 at least"),
        (("modes", 10, 1, 300.0, 50.0), "two waves per shell, a temperature and a duration"),
        (("modes", 10, -3, 300.0, 50.0), "two waves per shell"),
        (("modes", 10, 4, 0.0, 50.0), "a temperature"),
        (("modes", 10, 4, 300.0, 0.0), "a duration"),
    ],
)
def test_a_plan_without_sense_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        Plan(*words)


def test_a_plan_with_sense_is_kept():
    assert asdict(Plan("moments", 2)) == {
        "method": "moments", "waves": 2, "motion": 0, "temperature": 0.0, "duration": 0.0,
    }  # fmt: skip
    assert Plan("modes", 60, 20, 300.0, 50.0).motion == 20


def test_grids_reach_their_last_q_and_energy():
    for grid in GRIDS.values():
        first_q, last_q, step_q, last = {"meV": (0.3, 8.6, 0.1, 45.0), "reduced": (0.75, 23.5, 0.25, 27.0)}[grid.unit]
        assert grid.edges[0] == first_q and grid.edges[-1] == pytest.approx(last_q)
        np.testing.assert_allclose(np.diff(grid.edges), step_q)
        assert grid.energy[-1] == pytest.approx(last)
        np.testing.assert_allclose(np.diff(grid.energy), grid.energy[0])
        # what is sampled shows the highest energy
        assert last < (4135.7 / (2000 * grid.interval) if grid.unit == "meV" else np.pi / grid.interval)


def test_a_table_holds_what_the_modules_give(glass, by_modes):
    grid, table = GRIDS["lj"], by_modes
    every = box_wavevectors(glass.cell.array, grid.edges)
    some = box_wavevectors(glass.cell.array, grid.edges, 30, SEED)
    np.testing.assert_allclose(table.q, every.q)
    np.testing.assert_allclose(table.energy, grid.energy)
    np.testing.assert_array_equal(table.available, every.available)
    np.testing.assert_array_equal(table.waves, some.counts)
    np.testing.assert_allclose(table.structure, shell_means(structure_factor(glass, every), every)[0])
    modes = normal_modes(dynamical_matrix(glass, LJ))
    found = boson_map(modes, glass, some, grid.energy, grid.width, unit="reduced")
    np.testing.assert_allclose(table.harmonic, found.intensity, rtol=1e-4, atol=1e-30)
    np.testing.assert_allclose(table.harmonic_error, found.stderr, rtol=1e-4, atol=1e-30)
    density = broadened_reduced_density(modes.omega, grid.energy, grid.width)
    np.testing.assert_allclose(table.reduced_density, density)
    assert set(table.data_vars) == {"structure", "harmonic", "harmonic_error", "reduced_density"}
    assert table.attrs == {
        "n_atoms": 108, "volume_ratio": 1.0, "unit": "reduced", "seed_of_waves": SEED, "width": 0.35,
        **asdict(Plan("modes", 30)),
    }  # fmt: skip
    assert table.q.units == "reduced" and table.harmonic.units == "reduced^-3" and table.energy.units == "reduced"


def test_maps_are_kept_to_one_part_in_ten_thousand(by_modes):
    for name in ("harmonic", "harmonic_error"):
        values = by_modes[name].values
        assert values.dtype == np.float32 and np.isfinite(values).any()
        # thirteen bits of the fraction: the others are zero
        assert not (values[np.isfinite(values)].view(np.uint32) & 0x3FF).any()
    # the box has no wave in some shells, and they say so
    empty = by_modes.waves.values == 0
    assert empty.any() and np.isnan(by_modes.harmonic.values[empty]).all()
    assert np.isfinite(by_modes.harmonic.values[~empty]).all()


def test_large_q_shows_the_density_of_states(by_modes):
    # single atoms of one mass: cross terms cancel over some hundred waves
    far, some = by_modes.q > 18, by_modes.energy > 2
    found = by_modes.harmonic.values[far].astype(float).mean(axis=0)[some]
    density = by_modes.reduced_density.values[some]
    occupied = density > 0.02 * density.max()
    np.testing.assert_allclose(found[occupied], density[occupied], rtol=0.15)
    assert (found[occupied] / density[occupied]).mean() == pytest.approx(1.0, abs=0.03)


def test_modes_and_moments_fill_the_same_table(glass):
    by_modes, other = (scattering_table(glass, LJ, Plan(method, 8)) for method in ("modes", "moments"))
    assert other.method == "moments" and set(other.data_vars) == set(by_modes.data_vars)
    for name in ("structure", "waves", "available", "q", "energy"):
        np.testing.assert_array_equal(other[name], by_modes[name])
    # the lowest wave lies 3.5 widths up
    E, held = by_modes.energy.values, by_modes.waves.values > 0
    band = (E > 2.5) & (E < 25)
    one, two = (t.harmonic.values[held][:, band].astype(float) for t in (by_modes, other))
    np.testing.assert_allclose(two, one, rtol=0.02, atol=0.003 * one.max())
    # 32 random vectors
    one, two = (t.reduced_density.values[band] * E[band] ** 2 for t in (by_modes, other))
    assert two.sum() == pytest.approx(one.sum(), rel=0.04)
    assert abs(two / one - 1).mean() < 0.12


def test_another_seed_takes_other_waves(glass, by_modes):
    other = scattering_table(glass, LJ, Plan("modes", 30), seed=1)
    np.testing.assert_array_equal(other.waves, by_modes.waves)
    np.testing.assert_array_equal(other.structure, by_modes.structure)
    more = by_modes.available.values > 40
    assert (other.harmonic.values[more] != by_modes.harmonic.values[more]).any()
    # ... which show the same within their speckle
    apart = other.harmonic.values[more] - by_modes.harmonic.values[more]
    error = np.hypot(other.harmonic_error.values[more], by_modes.harmonic_error.values[more])
    assert np.nanmean((apart / error) ** 2) == pytest.approx(1.0, abs=0.4)


def test_motion_is_in_the_table(glass, in_motion):
    table, full, grid = in_motion, in_motion.available.values >= 3, GRIDS["lj"]
    assert table.samples == 480 and table.measured_temperature == pytest.approx(0.01, rel=0.2)
    E = table.energy.values
    low = (E > 2) & (E < 25)
    # at this temperature the dynamics is harmonic; one short run of 320 modes
    ratio = (table.motion.values * E**2)[full][:, low].sum() / (table.harmonic.values * E**2)[full][:, low].sum()
    assert ratio == pytest.approx(1.0, abs=0.2)
    density = table.reduced_density_motion.values
    assert (density * E**2)[low].sum() == pytest.approx((table.reduced_density.values * E**2)[low].sum(), rel=0.15)
    # it is that of the trajectory
    run = thermal_trajectory(glass, LJ, 0.01, 24.0, grid.interval, SEED, timestep=grid.timestep)
    waves, seen = box_wavevectors(glass.cell.array, grid.edges, 3, SEED), (grid.energy, grid.width)
    found = boson_map_of_motion(run, glass, waves, *seen, unit="reduced")
    np.testing.assert_allclose(table.motion, found.intensity, rtol=1e-4)
    np.testing.assert_allclose(table.motion_error, found.stderr, rtol=1e-4)
    np.testing.assert_allclose(density, reduced_density_of_motion(run, glass, *seen, "reduced"))
    assert table.axis_displacement == pytest.approx(axis_displacement(run).mean()) and table.axis_displacement > 0


def test_repeated_runs_give_the_same_numbers(glass, in_motion, tmp_path):
    again = scattering_table(glass, LJ, Plan("modes", 4, 3, 0.01, 24.0))
    xr.testing.assert_identical(again, in_motion)
    again.to_netcdf(tmp_path / "table.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "table.nc", engine="h5netcdf") as kept:
        xr.testing.assert_equal(kept.load(), in_motion)
        assert kept.attrs["method"] == "modes" and kept.attrs["motion"] == 3


def test_every_map_is_read_back(in_motion):
    table = in_motion
    for name in ("harmonic", "motion"):
        found = table_map(table, name)
        np.testing.assert_array_equal(found.intensity, table[name].values.astype(float))
        np.testing.assert_array_equal(found.stderr, table[f"{name}_error"].values.astype(float))
        np.testing.assert_array_equal(found.q, table.q)
        np.testing.assert_array_equal(found.energy, table.energy)
        assert found.intensity.dtype == float and found.unit == "reduced"
        per_shell = 3 if name == "motion" else 4
        np.testing.assert_array_equal(found.counts, np.minimum(table.available, per_shell))
        # shells without a wave are those without a value
        np.testing.assert_array_equal(np.isnan(found.intensity[:, 9]), found.counts == 0)


def test_maps_that_are_not_there_are_refused(by_modes, in_motion):
    for table, name in (
        (by_modes, "motion"),
        (by_modes, "neutron"),
        (in_motion, "structure"),
        (in_motion, "reduced_density"),
    ):
        with pytest.raises(ValueError, match=f"table of this glass has no map '{name}': it has harmonic"):
            table_map(table, name)
    with pytest.raises(ValueError, match="table of my own has no map"):
        table_map(by_modes.assign_attrs(name="my own"), "motion")


def test_a_metal_is_warmed_first(metal):
    atoms, table, warm = metal
    # at its volume at 100 K, with the masses of the potential
    assert table.volume_ratio == warm.get_volume() / atoms.get_volume() != 1.0
    assert table.volume_ratio == pytest.approx(1.0, abs=0.01) and "motion" not in table
    every = box_wavevectors(warm.cell.array, GRIDS["metal"].edges)
    np.testing.assert_allclose(table.structure, shell_means(structure_factor(warm, every), every)[0])
    assert table.unit == "meV" and table.energy.units == "meV" and table.q.units == "1/A"
    modes, energy = normal_modes(dynamical_matrix(warm, METAL)), table.energy.values
    some = box_wavevectors(warm.cell.array, GRIDS["metal"].edges, 8, SEED)
    found = boson_map(modes, warm, some, energy, 0.4)
    np.testing.assert_allclose(table.harmonic, found.intensity, rtol=1e-4, atol=1e-30)
    np.testing.assert_array_equal(table_map(table, "harmonic").counts, found.counts)
    np.testing.assert_allclose(table.reduced_density, broadened_reduced_density(modes.omega * MEV, energy, 0.4))


def test_known_modes_are_used_and_what_is_finished_is_kept(glass, in_motion, tmp_path, monkeypatch):
    modes, plan = normal_modes(dynamical_matrix(glass, LJ)), Plan("modes", 4, 3, 0.01, 24.0)
    monkeypatch.setattr(tables, "normal_modes", lambda D: pytest.fail("the modes are known"))
    first = scattering_table(glass, LJ, plan, modes=modes, folder=tmp_path)
    # the trajectory is kept, so that a second run reads it
    monkeypatch.setattr(tables, "thermal_trajectory", lambda *words: pytest.fail("the trajectory is kept"))
    again = scattering_table(glass, LJ, plan, modes=modes, folder=tmp_path)
    for name in ("structure", "harmonic", "motion", "reduced_density_motion"):
        np.testing.assert_array_equal(first[name], in_motion[name])
        np.testing.assert_array_equal(again[name], in_motion[name])


def test_neighbours_lie_within_the_first_minimum_of_g(glass):
    # between the first and the second shell of neighbours
    assert 1.3 < tables.neighbour_cutoff(glass) < 1.7


def test_modes_far_from_the_energy_have_no_influence(glass):
    modes, grid = normal_modes(dynamical_matrix(glass, LJ)), GRIDS["lj"]
    waves = box_wavevectors(glass.cell.array, grid.edges, 4, 1)
    every = boson_map(modes, glass, waves, grid.energy, grid.width, unit="reduced")
    one = boson_map(modes, glass, waves, grid.energy[20:21], grid.width, unit="reduced")
    np.testing.assert_allclose(one.intensity[:, 0], every.intensity[:, 20], rtol=1e-5)


def test_archived_tables_have_a_harmonic_map():
    for name in shipped_results("scattering"):
        table = load_result("scattering", name)
        found = table_map(table, "harmonic")
        assert found.intensity.shape == (len(table.q), len(table.energy)) and np.nanmax(found.intensity) > 0


def test_a_glass_is_computed_by_its_name(monkeypatch):
    with pytest.raises(ValueError, match="no glass is named 'no-such-glass'"):
        computed_table("no-such-glass", Plan("modes", 2))
    monkeypatch.setattr(tables, "scattering_table", lambda atoms, *words, **options: xr.Dataset(attrs=options))
    found = computed_table("kob-andersen-n1000-0.001-s2", Plan("modes", 2), folder="kept")
    assert found.attrs == {"progress": False, "folder": "kept", "name": "kob-andersen-n1000-0.001-s2", "seed": 2}


class TestVibrationalDisplacement:
    def made(self, monkeypatch, **attributes):
        monkeypatch.setattr(tables, "load", lambda name: SimpleNamespace(get_masses=lambda: np.array([60.0, 60.0])))
        energy, q = 0.25 * np.arange(1, 121), np.array([0.5, 5.0, 8.0])
        # all modes at 8 meV: B integrates to 1 / E_0^2 where nothing interferes, on the mean of the last two shells
        density = np.exp(-0.5 * ((energy - 8.0) / 0.5) ** 2) / (0.5 * np.sqrt(2 * np.pi)) / 64
        data = {"motion": (("q", "energy"), np.ones((3, 120))), "motion_error": (("q", "energy"), np.ones((3, 120)))}
        data["harmonic"] = (("q", "energy"), np.array([9.0, 0.5, 1.5])[:, None] * density)
        data["waves"] = ("q", np.array([5, 5, 5]))
        known = {"name": "made", "temperature": 300.0, "axis_displacement": 0.02}
        return xr.Dataset(data, {"q": q, "energy": energy}, known | attributes)

    def test_it_is_that_of_an_oscillator(self, monkeypatch):
        table = self.made(monkeypatch)
        found = tables.vibrational(table)
        # k_B T / (m omega^2) with 1.380649e-23 * 300 J, 60 amu, and 8 meV / hbar
        omega = 8e-3 * 1.602176634e-19 / 1.054571817e-34
        u2 = 1.380649e-23 * 300 / (60 * 1.66053907e-27 * omega**2) * 1e20
        assert found.attrs["axis_displacement"] == pytest.approx(u2, rel=1e-4)
        assert found.attrs["whole_displacement"] == 0.02
        factor = np.exp(np.array([0.5, 5.0, 8.0]) ** 2 * (u2 - 0.02))
        for name in ("motion", "motion_error"):
            np.testing.assert_allclose(found[name].values[:, 7], factor, rtol=1e-3)

    def test_a_table_without_motion_stays_as_it_is(self, monkeypatch):
        table = self.made(monkeypatch).drop_vars(["motion", "motion_error"])
        assert tables.vibrational(table) is table

    def test_each_atom_has_its_own_mass_and_motion(self, metal, monkeypatch):
        """The mean u^2 of the normal modes, from one sum over modes and atoms."""
        _, table, atoms = metal
        monkeypatch.setattr(tables, "load", lambda name: atoms)
        modes, masses = normal_modes(dynamical_matrix(atoms, METAL)), atoms.get_masses()
        moving = modes.omega > 1e-6 * modes.omega.max()
        each = (modes.polarizations[:, moving] ** 2 / modes.omega[moving] ** 2).sum(axis=1).reshape(-1, 3)
        exact = (each.sum(axis=1) / masses).mean() * 100.0 * 8.617333262e-5 / 3
        data = table.assign_attrs(name="made", temperature=100.0, axis_displacement=0.02)
        data = data.assign(motion=data.harmonic, motion_error=data.harmonic)
        assert tables.vibrational(data).attrs["axis_displacement"] == pytest.approx(exact, rel=0.05)
