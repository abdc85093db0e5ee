"""Tables of S(Q, E): both methods on one glass, dynamics and fields, what is kept of it and what is read back."""

from dataclasses import asdict

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.materials.dynamics import thermal_trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import tables
from bosonpeak.papers.li_2025.fluctuations import fluctuation_maps, fluctuation_spectra
from bosonpeak.papers.li_2025.local_fields import FIELDS, local_fields, local_geometry
from bosonpeak.papers.li_2025.tables import GRIDS, SEED, Plan, computed_table, scattering_table, table_map
from bosonpeak.scattering.harmonic import boson_map, structure_factor
from bosonpeak.scattering.trajectories import warm_minimum
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
    return scattering_table(glass, LJ, Plan("modes", 4, 3, 0.01, 24.0, "full"))


@pytest.fixture(scope="module")
def metal():
    """108 atoms of Cu and Zr at random below a shaken crystal, and their table at 100 K."""
    rng, start = np.random.default_rng(1), bulk("Cu", "fcc", 4.1, cubic=True).repeat(3)
    start.symbols = rng.permutation(["Cu", "Zr"] * 54)
    start.positions += rng.normal(0, 0.3, (108, 3))
    atoms = inherent_structure(start, METAL, relax_box=True)
    # as a file without masses is read
    bare = atoms.copy()
    bare.set_masses(None)
    return atoms, scattering_table(bare, METAL, Plan("modes", 8, temperature=100.0))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("exact", 10), "method is modes or moments"),
        (("modes", 1), "waves 2 at least"),
        (("modes", 10, 4, 300.0, 50.0, "some"), "fields none, main or full"),
        (("modes", 10, 1, 300.0, 50.0), "two waves a shell, a temperature and a duration"),
        (("modes", 10, -3, 300.0, 50.0), "two waves a shell"),
        (("modes", 10, 4, 0.0, 50.0), "a temperature"),
        (("modes", 10, 4, 300.0, 0.0), "a duration"),
        (("moments", 10, 0, 300.0, 50.0, "main"), "fields fluctuate in motion"),
    ],
)
def test_a_plan_without_sense_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        Plan(*words)


def test_a_plan_with_sense_is_kept():
    assert asdict(Plan("moments", 2)) == {
        "method": "moments", "waves": 2, "motion": 0, "temperature": 0.0, "duration": 0.0, "fields": "none",
    }  # fmt: skip
    assert Plan("modes", 60, 20, 300.0, 50.0, "full").fields == "full"


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
    for name, weights, way in (
        ("harmonic", "unit", "longitudinal"),
        ("longitudinal", "mass", "longitudinal"),
        ("transverse", "mass", "transverse"),
    ):
        found = boson_map(modes, glass, some, grid.energy, grid.width, weights, way, "reduced")
        np.testing.assert_allclose(table[name], found.intensity, rtol=1e-4, atol=1e-30)
        np.testing.assert_allclose(table[f"{name}_error"], found.stderr, rtol=1e-4, atol=1e-30)
    density = broadened_reduced_density(modes.omega, grid.energy, grid.width)
    np.testing.assert_allclose(table.reduced_density, density)
    assert {"neutron", "structure_neutron", "raman", "motion", "omega", "chi"}.isdisjoint(table.data_vars)
    assert table.attrs | {"cutoff": 0} == {
        "n_atoms": 108, "volume_ratio": 1.0, "unit": "reduced", "seed_of_waves": SEED, "cutoff": 0, "width": 0.35,
        **asdict(Plan("modes", 30)),
    }  # fmt: skip
    # between the first and the second shell of neighbours
    assert 1.3 < table.cutoff < 1.7
    assert table.q.units == "reduced" and table.harmonic.units == "reduced^-3" and table.energy.units == "reduced"


def test_maps_are_kept_to_one_part_in_ten_thousand(by_modes):
    for name in ("harmonic", "transverse_error"):
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


def test_modes_and_moments_fill_the_same_table(glass, by_modes):
    other = scattering_table(glass, LJ, Plan("moments", 30))
    assert other.method == "moments" and not {"longitudinal", "transverse"} & set(other.data_vars)
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


def test_motion_and_its_fields_are_in_the_table(in_motion):
    table, full = in_motion, in_motion.available.values >= 3
    assert table.samples == 480 and table.measured_temperature == pytest.approx(0.01, rel=0.2)
    E = table.energy.values
    low = (E > 2) & (E < 25)
    # cold: dynamics is harmonic; one short run of 320 modes
    ratio = (table.motion.values * E**2)[full][:, low].sum() / (table.harmonic.values * E**2)[full][:, low].sum()
    assert ratio == pytest.approx(1.0, abs=0.2)
    density = table.reduced_density_motion.values
    assert (density * E**2)[low].sum() == pytest.approx((table.reduced_density.values * E**2)[low].sum(), rel=0.15)
    assert 0 < table.axis_displacement < 0.01
    names = [str(name) for name in table.field.values]
    tags = ("at rest", "not divided", "wider", "mean places", "moving reference")
    variants = [f"{name}, {tag}" for tag in tags for name in ("displacement", "shear")]
    assert set(names) == set(FIELDS) | set(variants) - {"displacement, wider", "displacement, mean places"}
    assert table.omega.dims == ("field", "q", "energy") and table.chi.dims == ("field", "energy")
    assert np.isfinite(table.omega.values[:, full]).all() and np.isfinite(table.chi.values).all()
    # normalised over both signs of E, most of it within the grid
    integral = 2 * table.chi.sel(field=["displacement", "shear", "rotation"]).sum("energy") * 0.15
    np.testing.assert_allclose(integral, 1.0, atol=0.15)
    # not divided: of the size of the strain, k T
    bare = table.omega.sel(field="shear, not divided").values[full]
    assert 1e-5 < bare.max() < 0.1 * table.omega.sel(field="shear").values[full].max()


def test_fields_and_their_variants_are_what_they_are_called(glass, in_motion):
    grid, table = GRIDS["lj"], in_motion
    run = thermal_trajectory(glass, LJ, 0.01, 24.0, grid.interval, SEED, timestep=grid.timestep)
    u, waves = run.displacements, box_wavevectors(glass.cell.array, grid.edges, 3, SEED)
    mean = glass.copy()
    mean.positions += u.mean(axis=0)
    near, wide, moved = (local_geometry(x, c * table.cutoff) for x, c in ((glass, 1), (glass, 1.3), (mean, 1)))
    for tag, name, geometry, way, options in (
        ("", "coordination", near, u, {}),
        ("", "shear", near, u, {}),
        (", at rest", "shear", near, u, {"moving": False}),
        (", not divided", "displacement", near, u, {"normalise": False}),
        (", wider", "shear", wide, u, {}),
        (", mean places", "shear", moved, u - u.mean(axis=0), {}),
        (", moving reference", "displacement", near, u[25:] - u[:-25], {}),
    ):
        fields = local_fields(way, geometry, [name])
        found = fluctuation_maps(run, fields, glass, waves, grid.energy, grid.width, "reduced", **options)[name]
        kept = table_map(table, "omega", name + tag)
        # the last digits of a sum over atoms in single precision
        np.testing.assert_allclose(kept.intensity, found.intensity, rtol=3e-4, atol=1e-6 * np.nanmax(found.intensity))
        chi = fluctuation_spectra(fields, grid.interval, grid.energy, grid.width, "reduced")[name]
        np.testing.assert_allclose(table.chi.sel(field=name + tag), chi, rtol=1e-5)


def test_repeated_runs_give_the_same_numbers(glass, in_motion, tmp_path):
    again = scattering_table(glass, LJ, Plan("modes", 4, 3, 0.01, 24.0, "full"))
    xr.testing.assert_identical(again, in_motion)
    again.to_netcdf(tmp_path / "table.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "table.nc", engine="h5netcdf") as kept:
        xr.testing.assert_equal(kept.load(), in_motion)
        assert kept.attrs["fields"] == "full" and kept.attrs["motion"] == 3


def test_fields_without_variants_are_the_main_ones(glass):
    table = scattering_table(glass, LJ, Plan("modes", 2, 2, 0.01, 24.0, "main"))
    assert [str(name) for name in table.field.values] == list(FIELDS)
    bare = scattering_table(glass, LJ, Plan("modes", 2, 2, 0.01, 24.0))
    assert "omega" not in bare and "motion" in bare
    np.testing.assert_array_equal(bare.motion, table.motion)


def test_every_map_is_read_back(in_motion):
    table = in_motion
    for name in ("harmonic", "motion", "longitudinal", "transverse"):
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
    for field in map(str, table.field.values):
        found = table_map(table, "omega", field)
        np.testing.assert_array_equal(found.intensity, table.omega.sel(field=field).values.astype(float))
        np.testing.assert_array_equal(found.stderr, table.omega_error.sel(field=field).values.astype(float))
        np.testing.assert_array_equal(found.counts, np.minimum(table.available, 3))


def test_maps_that_are_not_there_are_refused(by_modes, in_motion):
    for table, name, field in (
        (by_modes, "motion", None),
        (by_modes, "neutron", None),
        (by_modes, "omega", "shear"),
        (in_motion, "structure", None),
        (in_motion, "reduced_density", None),
        (in_motion, "omega", None),
        (in_motion, "harmonic", "shear"),
    ):
        with pytest.raises(ValueError, match=f"table of this glass has no map '{name}': .*harmonic"):
            table_map(table, name, field)
    with pytest.raises(ValueError, match="table of my own has no map"):
        table_map(by_modes.assign_attrs(name="my own"), "motion")
    with pytest.raises(ValueError, match="no field 'charge': it has displacement"):
        table_map(in_motion, "omega", "charge")


def test_a_metal_is_warmed_first_and_seen_by_neutrons(metal):
    atoms, table = metal
    # at its volume at 100 K, with the potential's masses
    warm = warm_minimum(atoms, METAL, 100.0, SEED)
    assert table.volume_ratio == warm.get_volume() / atoms.get_volume() != 1.0
    assert table.volume_ratio == pytest.approx(1.0, abs=0.01) and "motion" not in table
    every = box_wavevectors(warm.cell.array, GRIDS["metal"].edges)
    for name, weights in (("structure", "unit"), ("structure_neutron", "neutron")):
        np.testing.assert_allclose(table[name], shell_means(structure_factor(warm, every, weights), every)[0])
    assert table.unit == "meV" and table.energy.units == "meV" and table.q.units == "1/A"
    modes, energy = normal_modes(dynamical_matrix(warm, METAL)), table.energy.values
    some = box_wavevectors(warm.cell.array, GRIDS["metal"].edges, 8, SEED)
    for name, kind in {
        "harmonic": ("unit", "longitudinal"),
        "neutron": ("neutron", "longitudinal"),
        "longitudinal": ("mass", "longitudinal"),
        "transverse": ("mass", "transverse"),
    }.items():
        found = boson_map(modes, warm, some, energy, 0.4, *kind)
        np.testing.assert_allclose(table[name], found.intensity, rtol=1e-4, atol=1e-30)
        np.testing.assert_array_equal(table_map(table, name).counts, found.counts)
    np.testing.assert_allclose(table.reduced_density, broadened_reduced_density(modes.omega * MEV, energy, 0.4))
    # Raman: a mean of 1 where there are modes, nothing elsewhere
    known = np.isfinite(table.raman.values)
    assert known.sum() > 100 and not known[-8:].any()
    E = table.energy.values[known]
    assert np.trapezoid(table.raman.values[known], E) / np.ptp(E) == pytest.approx(1.0)


def test_known_modes_are_used_and_extras_can_be_left_out(glass, by_modes, in_motion, tmp_path, monkeypatch):
    modes = normal_modes(dynamical_matrix(glass, LJ))
    monkeypatch.setattr(tables, "normal_modes", lambda D: pytest.fail("the modes are known"))
    bare = scattering_table(
        glass, LJ, Plan("modes", 4, 3, 0.01, 24.0, "main"), modes=modes, extras=False, folder=tmp_path
    )
    assert {"longitudinal", "transverse", "chi"}.isdisjoint(bare.data_vars)
    for name in ("structure", "harmonic", "motion", "reduced_density_motion"):
        np.testing.assert_array_equal(bare[name], in_motion[name])
    np.testing.assert_array_equal(bare.omega, in_motion.omega.sel(field=bare.field))
    # the trajectory is kept: a second run reads it
    monkeypatch.setattr(tables, "thermal_trajectory", lambda *words: pytest.fail("the trajectory is kept"))
    plan = Plan("modes", 4, 3, 0.01, 24.0)
    again = scattering_table(glass, LJ, plan, modes=modes, extras=False, folder=tmp_path)
    np.testing.assert_array_equal(again.motion, bare.motion)


def test_archived_tables_have_a_harmonic_map():
    for name in shipped_results("scattering"):
        table = load_result("scattering", name)
        found = table_map(table, "harmonic")
        assert found.intensity.shape == (len(table.q), len(table.energy)) and np.nanmax(found.intensity) > 0


def test_a_glass_is_computed_by_its_name(monkeypatch):
    with pytest.raises(ValueError, match="no glass is named 'no-such-glass'"):
        computed_table("no-such-glass", Plan("modes", 2))
    monkeypatch.setattr(tables, "scattering_table", lambda atoms, *words, **options: xr.Dataset(attrs=options))
    found = computed_table("kob-andersen-n1000-0.001-s2", Plan("modes", 2), extras=False)
    assert found.attrs == {"progress": False, "extras": False, "name": "kob-andersen-n1000-0.001-s2", "seed": 2}
