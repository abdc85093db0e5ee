"""Maps of every field, reference and phase: plain maps, lags in closed form, interruptions and wrong names."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk
from ase.neighborlist import neighbor_list

from bosonpeak.archive import glasses
from bosonpeak.archive.results import read_dataset, write_dataset
from bosonpeak.materials.dynamics import Trajectory, thermal_trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import field_choices, fluctuations, tables
from bosonpeak.papers.li_2025.field_choices import (
    FIELDS,
    MEASUREMENTS,
    REFERENCES,
    choice_table,
    read_choice,
    refer_motion,
)
from bosonpeak.papers.li_2025.local_fields import LINEAR, local_fields, local_geometry
from bosonpeak.papers.li_2025.tables import GRIDS, SEED
from bosonpeak.scattering.wavevectors import box_wavevectors

LJ, TEMPERATURE, DURATION, WAVES = get("lennard-jones"), 0.05, 25.0, 4


@pytest.fixture(scope="module", autouse=True)
def few_shells():
    """Eight shells of Q, of which the first is one of sound, in place of the ninety of the grid."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(GRIDS, "lj", replace(GRIDS["lj"], edges=np.array([1.0, 2.0, *np.arange(4.0, 10.5)])))
        yield


@pytest.fixture(scope="module")
def glass():
    """Lennard-Jones glass of density 1, of 108 atoms."""
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * (3, 3, 3)
    start.positions += np.random.default_rng(0).normal(0, 0.3, (len(start), 3))
    return inherent_structure(start, LJ)


@pytest.fixture(scope="module")
def run(glass):
    grid = GRIDS["lj"]
    return thermal_trajectory(glass, LJ, TEMPERATURE, DURATION, grid.interval, SEED, timestep=grid.timestep)


@pytest.fixture(scope="module")
def table(glass):
    return choice_table(glass, LJ, WAVES, TEMPERATURE, DURATION)


def test_the_table_has_every_choice(glass, table):
    assert table.omega.dims == ("field", "reference", "phase", "q", "energy")
    assert table.omega.shape == (9, 6, 2, 8, 30) and table.omega.dtype == np.float32
    assert table.chi.dims == ("field", "reference", "spectrum_energy") and table.chi.shape == (9, 6, 60)
    assert table.field.values.tolist() == list(FIELDS) and table.phase.values.tolist() == ["moving", "at rest"]
    assert table.reference.values.tolist() == list(REFERENCES["lj"])
    np.testing.assert_allclose(table.energy, np.arange(1, 31) * 0.3)
    np.testing.assert_allclose(table.spectrum_energy, np.arange(1, 61) * 0.15)
    assert table.slow.dims == ("slow_field", "slow_q", "slow_energy") and table.slow.shape == (2, 1, 180)
    # thirteen bits of the fraction: the others are zero
    assert not (table.omega.values.view(np.uint32) & 0x3FF).any() and np.isfinite(table.omega).all()
    assert table.attrs == {
        "n_atoms": 108, "waves_per_shell": WAVES, "temperature": TEMPERATURE, "duration": DURATION,
        "seed_of_waves": SEED, "cutoff": tables.neighbour_cutoff(glass), "unit": "reduced", "width": 0.35,
    }  # fmt: skip
    # metals have the energies of which the chapter speaks
    metal = GRIDS["metal"].energy
    np.testing.assert_allclose(metal[field_choices._MAP_ENERGIES], np.arange(1, 31) * 0.5)
    np.testing.assert_allclose(metal[field_choices._SPECTRUM_ENERGIES], np.arange(1, 61) * 0.25)


@pytest.mark.parametrize("phase", ["moving", "at rest"])
def test_maps_from_the_minimum_are_those_of_the_trajectory(glass, run, table, phase):
    grid, fields = GRIDS["lj"], local_fields(run.displacements, local_geometry(glass, table.cutoff), FIELDS)
    waves = box_wavevectors(glass.cell.array, grid.edges, WAVES, SEED)
    shown = glass, waves, table.energy.values, grid.width, "reduced"
    found = fluctuations.fluctuation_maps(run, fields, *shown, moving=phase == "moving")
    chi = fluctuations.fluctuation_spectra(fields, grid.interval, table.spectrum_energy.values, grid.width, "reduced")
    for name in FIELDS:
        kept = read_choice(table, name, "minimum", phase)
        np.testing.assert_allclose(kept.intensity, found[name].intensity, rtol=1e-3)
        np.testing.assert_array_equal(kept.counts, waves.counts)
        np.testing.assert_allclose(kept.q, waves.q)
        np.testing.assert_allclose(table.chi.sel(field=name, reference="minimum"), chi[name], rtol=1e-3)
        if phase == "moving" and name in table.slow_field.values:
            # the first shell is one of sound, with the same waves or others of its shell
            slow = table.slow.sel(slow_field=name, slow_energy=table.energy).values[0]
            assert slow.sum() == pytest.approx(found[name].intensity[0].sum(), rel=0.5)


def test_what_has_no_reference_is_the_same_from_all_that_are_fixed(table):
    for name in ("coordination", "neighbour distance", "displacement", "random sign"):
        first = read_choice(table, name, "minimum", "moving").intensity
        for reference in ("mean places", "frame"):
            other = read_choice(table, name, reference, "moving").intensity
            # an atom at the edge of a neighbourhood may be counted or not in the last digit
            np.testing.assert_allclose(other, first, rtol=2e-2, atol=1e-3 * first.max())
    # what is quadratic in the displacements is not
    for name in ("von Mises", "non-affine"):
        first, other = (read_choice(table, name, r, "moving").intensity for r in ("minimum", "frame"))
        assert abs(other / first - 1).mean() > 0.1


def test_the_first_frame_and_the_mean_places_are_references(glass, run, table):
    places, seen, fields = refer_motion(run, glass, table.cutoff, "lj", "frame")
    np.testing.assert_allclose(places.positions, glass.positions + run.displacements[0])
    for name in ("volumetric", "shear", "von Mises", "non-affine", "rotation", "displacement"):
        assert not fields[name][0].any() and fields[name][1:].any()
    places, seen, _ = refer_motion(run, glass, table.cutoff, "lj", "mean places")
    np.testing.assert_allclose(seen.displacements.mean(axis=0), 0, atol=1e-6)
    # it is the same motion
    now = places.positions + seen.displacements
    np.testing.assert_allclose(now, glass.positions + run.displacements, atol=1e-6)


@pytest.mark.parametrize("reference", ["minimum", "frame", "mean places"])
def test_strain_is_that_of_an_affine_motion_from_the_reference(reference):
    # r(t) = F(t) x from a reference F' x has the gradient F(t) F'^-1 - 1, in a cluster with empty space around it
    rng = np.random.default_rng(3)
    cluster = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * (3, 3, 3)
    cluster.set_cell(30 * np.eye(3))
    F = np.eye(3) + rng.uniform(-0.1, 0.1, (4, 3, 3))
    u, still = np.einsum("tab,nb->tna", F - np.eye(3), cluster.positions), np.zeros(4)
    places, _, fields = refer_motion(Trajectory(still, still, u, still), cluster, 3.0, "lj", reference)
    first = {"minimum": np.eye(3), "frame": F[0], "mean places": F.mean(axis=0)}[reference]
    np.testing.assert_allclose(places.positions, cluster.positions @ first.T, atol=1e-12)
    G = F @ np.linalg.inv(first)
    trace = np.trace(G.swapaxes(1, 2) @ G - np.eye(3), axis1=1, axis2=2) / 6
    np.testing.assert_allclose(fields["volumetric"][..., 0], trace[:, None] * np.ones(108), atol=1e-6)
    turn = (G[:, 2, 1] - G[:, 1, 2]) / 2
    np.testing.assert_allclose(fields["rotation"][..., 0], turn[:, None] * np.ones(108), atol=1e-6)
    np.testing.assert_allclose(fields["non-affine"], 0, atol=1e-9)


def test_a_lag_multiplies_the_spectrum_of_what_is_linear(glass):
    # a few modes that stand further apart than the kernel is wide, and so small that strain is linear
    rng, grid = np.random.default_rng(1), GRIDS["lj"]
    energy, times = np.array([2.5, 5.5, 9.0, 14.0]), grid.interval * np.arange(1400)
    motion = np.cos(times[:, None] * energy + rng.uniform(0, 6, 4))
    u = 1e-4 * np.einsum("tk,kna->tna", motion, rng.normal(size=(4, 108, 3)))
    run = Trajectory(times, 0 * times, u.astype(np.float32), 0 * times)
    waves, linear = box_wavevectors(glass.cell.array, grid.edges, WAVES, SEED), set(LINEAR) & set(FIELDS)
    found_by = {}
    for reference in ("minimum", "lag 0.6", "lag 1.2", "lag 2.4"):
        places, seen, fields = refer_motion(run, glass, 1.5, "lj", reference)
        fields = {name: fields[name] for name in linear}
        shown = places, waves, energy, grid.width, "reduced"
        found_by[reference] = fluctuations.fluctuation_maps(seen, fields, *shown, moving=False)
    still = found_by.pop("minimum")
    for reference, found in found_by.items():
        factor = 4 * np.sin(energy * float(reference.split()[1]) / 2) ** 2
        for name in linear:
            # each map is over its own phi(Q, 0), which does not depend on the energy
            ratio = found[name].intensity / still[name].intensity
            ratio /= ratio[:, :1]
            np.testing.assert_allclose(ratio, np.broadcast_to(factor / factor[0], ratio.shape), rtol=0.02)


def test_a_lag_subtracts_what_a_configuration_had_before(glass, run, table):
    _, _, fields = refer_motion(run, glass, table.cutoff, "lj", "lag 0.6")
    counts, means = [], []
    for k in (100, 112):
        now = glass.copy()
        now.positions += run.displacements[k]
        i, distance = neighbor_list("id", now, table.cutoff)
        counts.append(np.bincount(i, minlength=108))
        means.append(np.bincount(i, distance, 108) / counts[-1])
    # the fields begin at the twelfth sample
    np.testing.assert_array_equal(fields["coordination"][100, :, 0], counts[1] - counts[0])
    np.testing.assert_allclose(fields["neighbour distance"][100, :, 0], means[1] - means[0], atol=1e-6)
    assert len(fields["shear"]) == len(fields["coordination"]) == len(run.time) - 12
    np.testing.assert_allclose(fields["displacement"][100], run.displacements[112] - run.displacements[100], atol=1e-7)


def test_it_resumes_with_identical_numbers(glass, table, tmp_path, monkeypatch):
    calls, whole = [], fluctuations.fluctuation_maps

    def interrupted(*words, **options):
        calls.append(words)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return whole(*words, **options)

    monkeypatch.setattr(fluctuations, "fluctuation_maps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        choice_table(glass, LJ, WAVES, TEMPERATURE, DURATION, folder=tmp_path)
    # two references are finished, and the trajectory is kept
    monkeypatch.setattr(tables, "thermal_trajectory", lambda *words: pytest.fail("the trajectory is kept"))
    again = choice_table(glass, LJ, WAVES, TEMPERATURE, DURATION, folder=tmp_path)
    # two phases of four references, and the maps at the wave vectors of sound
    assert len(calls) == 6 + 8 + 1
    xr.testing.assert_identical(again, table)


def test_a_metal_is_warmed_and_its_minimum_is_kept(monkeypatch, tmp_path):
    metal, calls, seen = get("cu-zr-mendelev-2009"), [], []
    atoms = bulk("Cu", "fcc", 3.6, cubic=True)

    def warmer(atoms, potential, temperature, seed, timestep):
        calls.append((temperature, seed, timestep))
        warm = atoms.copy()
        warm.set_cell(1.01 * atoms.cell.array, scale_atoms=True)
        return warm

    def stopped(atoms, *words):
        seen.append(atoms)
        raise KeyboardInterrupt

    monkeypatch.setattr(tables.trajectories, "warm_minimum", warmer)
    monkeypatch.setattr(field_choices, "trajectory", stopped)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            choice_table(atoms, metal, WAVES, 300.0, 40.0, 7, folder=tmp_path)
    assert calls == [(300.0, 7, 0.002)] and len(seen) == 2
    for found in seen:
        np.testing.assert_allclose(found.get_scaled_positions(), atoms.get_scaled_positions(), atol=1e-12)
        assert found.get_volume() == pytest.approx(1.01**3 * atoms.get_volume()) and found.pbc.all()
        np.testing.assert_array_equal(found.get_masses(), metal.masses_of(atoms))


def test_maps_are_read_from_a_file(table, tmp_path):
    write_dataset(table, tmp_path / "table.nc")
    found = read_choice(read_dataset(tmp_path / "table.nc"), "shear", "lag 1.2", "at rest")
    expected = table.omega.sel(field="shear", reference="lag 1.2", phase="at rest").values
    np.testing.assert_array_equal(found.intensity, expected)
    assert found.intensity.dtype == float and found.unit == "reduced" and not found.stderr.any()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (("charge", "minimum", "moving"), "no maps for the field 'charge': choose one of coordination, .*random sign$"),
        (("shear", "lag 9", "moving"), "no maps for the reference 'lag 9': choose one of minimum, .*lag 2.4$"),
        (("shear", "frame", "asleep"), "no maps for the phase 'asleep': choose one of moving, at rest$"),
    ],
)
def test_wrong_names_are_refused(table, choice, message):
    with pytest.raises(ValueError, match=message):
        read_choice(table, *choice)


def test_what_cannot_be_computed_is_refused(glass, run):
    # a lag of the metals
    with pytest.raises(ValueError, match=r"unknown reference 'lag 1 ps': choose one of minimum, .*lag 2.4$"):
        refer_motion(run, glass, 1.5, "lj", "lag 1 ps")
    with pytest.raises(ValueError, match="take at least one wave vector of each shell"):
        choice_table(glass, LJ, 0, TEMPERATURE, DURATION)
    with pytest.raises(ValueError, match=r"temperature = 0\.0: it must be positive"):
        choice_table(glass, LJ, WAVES, 0.0, DURATION)
    with pytest.raises(ValueError, match="no glass is named 'no-such-glass'"):
        field_choices.field_choices("no-such-glass", WAVES, TEMPERATURE, DURATION)


def test_the_measurements_are_of_archived_glasses(monkeypatch):
    names = [known.name.removeprefix("li-2025-fields-") for known in MEASUREMENTS]
    assert {f"n{n}-s{s}" for n in (1000, 4000) for s in (1, 2, 3)} <= set(names) and len(set(names)) == len(names)
    assert {known.parameters["glass"] for known in MEASUREMENTS} <= set(glasses.catalogue().name)
    monkeypatch.setattr(field_choices, "choice_table", lambda atoms, potential, *words: xr.Dataset(attrs={"w": words}))
    found = MEASUREMENTS[3].compute(**MEASUREMENTS[3].parameters, folder="kept")
    plan = [MEASUREMENTS[3].parameters[name] for name in ("waves", "temperature", "duration")]
    assert found.w[:6] == (*plan, SEED, False, "kept")
    assert found.attrs["name"] == MEASUREMENTS[3].parameters["glass"] and found.seed == 1
    assert json.loads(found.recipe)["cooling_rate"] == 1e13
