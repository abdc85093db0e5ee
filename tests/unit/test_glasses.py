"""Recipes, quenches and what survives a kill, structure files, the shipped archive."""

import dataclasses
import gzip
import json
import math
import os
import time

import numpy as np
import pytest
from ase import Atoms
from ase.constraints import FixAtoms

from bosonpeak.archive import glasses as archive
from bosonpeak.archive.structures import read_structure, write_structure
from bosonpeak.materials import glasses, potentials, recipes
from bosonpeak.materials.glasses import GlassRecipe, inherent_structure, melt_quench
from bosonpeak.papers.thermal_motion.inherent_spectra import sample_inherent_structures
from bosonpeak.vibrations import hessian

TINY = GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
SPHERES = GlassRecipe(
    "harmonic-spheres",
    "X",
    500,
    math.inf,
    3,
    melt_temperature=math.inf,
    number_density=0.73 * 6 / math.pi,
    force_tolerance=1e-12,
)


def test_a_recipe_is_hashable_and_its_key_covers_every_field():
    again = dataclasses.replace(TINY)
    assert again == TINY and hash(again) == hash(TINY) and again.key == TINY.key and len(TINY.key) == 12
    changes = {
        "potential": "cu-zr-mendelev-2019",
        "composition": "Cu40Zr60",
        "n_atoms": 109,
        "cooling_rate": 2e15,
        "seed": 2,
        "melt_temperature": 1900.0,
        "melt_time": 2.0,
        "end_temperature": 1.0,
        "number_density": 0.05,
        "timestep": 0.001,
        "force_tolerance": 1e-7,
    }
    assert set(changes) == {field.name for field in dataclasses.fields(GlassRecipe)}
    keys = {dataclasses.replace(TINY, **{name: value}).key for name, value in changes.items()}
    assert len(keys | {TINY.key}) == len(changes) + 1


def test_numbers_of_another_type_are_the_same_recipe():
    assert GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 10**15, 1, melt_time=1).key == TINY.key


def test_steps_follow_the_rate():
    # (2000 - 0.1) K at 1e13 K/s is 200 ps, 99,995 steps of 2 fs
    assert GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 1000, 1e13, 1).steps() == (20000, 99995)
    reduced = GlassRecipe(
        "kob-andersen", "Ni80P20", 100, 1e-2, 1, melt_temperature=1.0, end_temperature=0.0, number_density=1.2
    )
    assert reduced.steps()[1] == round(1.0 / 1e-2 / 0.002)
    assert SPHERES.steps() == (0, 0)


@pytest.mark.parametrize(
    "composition, n, expected",
    [
        ("Cu50Zr50", 101, {50, 51}),
        ("Cu1Zr2", 100, {33, 67}),
        ("Cu64Zr36", 1000, {640, 360}),
        ("Cu64.5Zr35.5", 1000, {645, 355}),
        ("Zr64.13Cu35.87", 1000, {641, 359}),
        ("CuZr.5", 999, {666, 333}),
    ],
)
def test_atoms_are_shared_out_to_the_last_one(composition, n, expected):
    counts = GlassRecipe("cu-zr-mendelev-2009", composition, n, 1e13, 1).counts()
    assert sum(counts.values()) == n and set(counts.values()) == expected


@pytest.mark.parametrize(
    "change, message",
    [
        ({"composition": "Cu50Al50"}, r"has no Al: composition Cu50Al50 cannot be made; it covers Cu, Zr"),
        ({"potential": "cu-zr"}, "unknown potential"),
        ({"n_atoms": 4}, "n_atoms = 4"),
        ({"cooling_rate": -1.0}, r"cooling_rate = -1.0: it must be positive"),
        ({"timestep": 0.0}, "timestep = 0.0"),
        ({"melt_temperature": math.inf}, "no temperature to cool from"),
        ({"composition": ""}, "composition is empty"),
        ({"composition": "cu50zr50"}, "composition 'cu50zr50' cannot be read"),
        ({"composition": "Cu50.Zr5.0.1"}, "cannot be read"),
        ({"composition": "Cu100Zr0"}, "share 0: leave it out"),
        ({"number_density": -0.05}, r"number_density = -0.05: it must be positive"),
        ({"number_density": math.nan}, "number_density = nan"),
        ({"melt_time": -1.0}, "melt_time = -1.0"),
        ({"melt_time": math.inf}, "melt_time = inf"),
        ({"end_temperature": -3.0}, "end_temperature = -3.0"),
        ({"end_temperature": 5000.0}, "end_temperature = 5000.0 must lie below melt_temperature = 2000.0"),
        ({"seed": -1}, "seed = -1: give a whole number of at least 0"),
        ({"seed": 1.5}, "seed = 1.5"),
        ({"n_atoms": 1000.5}, "n_atoms = 1000.5"),
    ],
)
def test_recipes_that_cannot_be_made_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TINY, **change)
    with pytest.raises(ValueError, match="reduced units: give number_density"):
        dataclasses.replace(SPHERES, number_density=None)


def test_the_start_has_the_species_and_no_overlaps():
    recipe = GlassRecipe("cu-zr-mendelev-2009", "Cu64Zr36", 1000, 1e13, 4)
    atoms = glasses.start_structure(recipe)
    symbols = atoms.get_chemical_symbols()
    assert symbols.count("Cu") == 640 and len(atoms) == 1000
    assert hessian.bonds(atoms, potentials.get(recipe.potential)).distance.min() > 2.0
    again = glasses.start_structure(recipe)
    assert (again.positions == atoms.positions).all() and (again.numbers == atoms.numbers).all()


@pytest.fixture(scope="module")
def quenched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("glasses")
    return folder, melt_quench(TINY, folder)


def test_a_quenched_glass_is_a_minimum_at_zero_pressure(quenched):
    _, atoms = quenched
    potential = potentials.get(TINY.potential)
    assert abs(hessian.forces(atoms, potential)).max() < 2e-8
    assert hessian.energy(atoms, potential) == pytest.approx(atoms.info["potential_energy"], rel=1e-12)
    assert abs(atoms.info["pressure"]) < 1.0  # bar
    hessian.check_minimum(atoms, potential, 1e-7)
    # far from the B2 crystal (-4.9 eV), near the liquid's inherent structures
    assert -4.95 < atoms.info["potential_energy"] / len(atoms) < -4.75
    assert atoms.info["recipe"]["seed"] == 1 and atoms.info["potential_sha256"] == potential.sha256


def test_the_file_holds_every_digit_and_a_second_call_reads_it(quenched):
    folder, atoms = quenched
    assert [path.name for path in folder.iterdir() if path.suffix != ".lock"] == [f"{TINY.key}.xyz.gz"]
    start = time.perf_counter()
    again = melt_quench(TINY, folder)
    assert time.perf_counter() - start < 1.0
    assert (again.positions == atoms.positions).all() and (again.cell.array == atoms.cell.array).all()
    assert GlassRecipe(**again.info["recipe"]) == TINY
    assert again.info["max_force"] == atoms.info["max_force"]
    assert (again.get_masses() == atoms.get_masses()).all()


def test_harmonic_spheres_quench_at_once_to_the_tolerance_asked_for(tmp_path):
    atoms = melt_quench(SPHERES, tmp_path)
    forces = hessian.forces(atoms, potentials.get("harmonic-spheres"))
    assert abs(forces).max() < 2e-12
    # packing fraction 0.73 is far above jamming: p = 0.05, 8.7 contacts (O'Hern et al. 2003, mizuno-2020)
    contacts = np.bincount(hessian.bonds(atoms, potentials.get("harmonic-spheres")).i, minlength=500)
    assert atoms.info["pressure"] == pytest.approx(0.0515, abs=0.003)
    assert contacts.mean() == pytest.approx(8.7, abs=0.2)


def test_a_tolerance_below_rounding_is_an_error_that_says_so(tmp_path):
    with pytest.raises(RuntimeError, match=r"kept a force of .*above 1e-19: raise force_tolerance"):
        melt_quench(dataclasses.replace(SPHERES, n_atoms=32, force_tolerance=1e-19), tmp_path)
    assert not list(tmp_path.glob("*.xyz.gz"))


def test_inherent_structures_are_the_own_basin_when_cold_and_others_when_hot(quenched):
    _, glass = quenched
    potential = potentials.get(TINY.potential)
    own = glass.info["potential_energy"]
    for temperature, stays in ((20.0, True), (2500.0, False)):
        found = sample_inherent_structures(glass, potential, temperature, 0.5, 0.2, 2, seed=5)
        for atoms in found:
            assert abs(hessian.forces(atoms, potential)).max() < 2e-8
            assert atoms.info["temperature"] == temperature
            # a rearrangement costs or gains 0.01 eV or more, rounding 1e-10
            assert (abs(atoms.info["potential_energy"] - own) < 1e-6) == stays


def test_an_inherent_structure_out_of_reach_is_an_error(quenched):
    _, glass = quenched
    shaken = glass.copy()
    shaken.rattle(0.1, seed=1)
    with pytest.raises(RuntimeError, match=r"above 1e-30: choose a looser"):
        inherent_structure(shaken, TINY.potential, 1e-30, max_steps=300)
    relaxed = inherent_structure(shaken, TINY.potential, 1e-8)
    assert relaxed.info["max_force"] <= 1e-8 and relaxed.info["potential"] == TINY.potential


def test_equal_structures_are_equal_files(tmp_path, quenched):
    _, atoms = quenched
    write_structure(tmp_path / "a.xyz.gz", atoms)
    time.sleep(1.1)
    write_structure(tmp_path / "b.xyz.gz", atoms)
    assert (tmp_path / "a.xyz.gz").read_bytes() == (tmp_path / "b.xyz.gz").read_bytes()


@pytest.mark.parametrize("pbc", [(True, True, False), (False, False, False), (True, True, True)])
def test_what_a_structure_holds_is_written_and_read_back(tmp_path, quenched, pbc):
    atoms, path = quenched[1].copy(), tmp_path / "a.xyz.gz"
    rng = np.random.default_rng(1)
    atoms.pbc = pbc
    atoms.set_tags(np.arange(len(atoms)))
    atoms.set_masses(rng.uniform(10, 90, len(atoms)))
    atoms.set_momenta(rng.standard_normal((len(atoms), 3)))
    atoms.set_array("held", rng.random(len(atoms)) < 0.5)
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + 0.1 * rng.standard_normal((3, 3))), scale_atoms=True)
    write_structure(path, atoms)
    found = read_structure(path)
    assert tuple(found.pbc) == pbc
    for name in ("positions", "masses", "momenta", "tags", "held", "numbers"):
        np.testing.assert_array_equal(found.arrays[name], atoms.arrays[name])
        assert found.arrays[name].dtype.kind == atoms.arrays[name].dtype.kind
    np.testing.assert_array_equal(found.cell.array, atoms.cell.array)
    # ASE's own defaults are not stated in the file: they are of no use in reduced units
    bare = Atoms("Ar2", [[0, 0, 0], [1, 1, 1]], cell=[3, 3, 3], pbc=True)
    write_structure(path, bare)
    assert not read_structure(path).has("masses")


def test_what_a_file_cannot_hold_is_refused(tmp_path, quenched):
    atoms, path = quenched[1].copy(), tmp_path / "a.xyz.gz"
    atoms.set_constraint(FixAtoms([0, 1]))
    with pytest.raises(ValueError, match=r"a\.xyz\.gz would lose the constraints"):
        write_structure(path, atoms)
    atoms.set_constraint()
    for name, array in (("complex", np.ones(len(atoms), complex)), ("large", np.full(len(atoms), 2**31))):
        atoms.set_array(name, array)
        with pytest.raises(ValueError, match=f"cannot hold the array '{name}'"):
            write_structure(path, atoms)
        del atoms.arrays[name]
    assert not path.exists()


def test_truncated_files_and_nan_are_told_by_name(tmp_path, quenched):
    _, atoms = quenched
    path = tmp_path / "a.xyz.gz"
    write_structure(path, atoms)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"a.xyz.gz is truncated or is not a structure"):
        read_structure(path)
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:2000]))
    with pytest.raises(ValueError, match=r"a.xyz.gz is truncated or is not a structure"):
        read_structure(path)
    broken = atoms.copy()
    broken.positions[3] = np.nan
    write_structure(path, broken)
    with pytest.raises(ValueError, match="holds positions that are not finite numbers"):
        read_structure(path)
    with pytest.raises(FileNotFoundError, match=r"b.xyz.gz"):
        read_structure(tmp_path / "b.xyz.gz")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "a file").write_text("where a folder should be")
    with pytest.raises(OSError, match=r"a.xyz.gz could not be written"):
        write_structure(tmp_path / "a file" / "a.xyz.gz", Atoms("Cu", cell=[3, 3, 3], pbc=True))


@pytest.fixture
def own_archive(tmp_path, monkeypatch, quenched):
    folder, _ = quenched
    (tmp_path / "data" / "claims").mkdir(parents=True)
    (tmp_path / "data" / "glasses").mkdir()
    (tmp_path / "data" / "potentials").symlink_to(potentials.project_root() / "data" / "potentials")
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    return glasses.admit(folder / f"{TINY.key}.xyz.gz", seconds=3.0), tmp_path / "data" / "glasses"


def test_an_admitted_glass_is_found_by_its_name(own_archive, quenched):
    entry, folder = own_archive
    table = archive.catalogue()
    assert list(table.name) == [TINY.name] and table.key[0] == TINY.key
    atoms = archive.load(TINY.name)
    assert (atoms.positions == quenched[1].positions).all()
    assert entry["energy_per_atom"] == pytest.approx(hessian.energy(atoms, potentials.get(TINY.potential)) / 108)
    assert json.loads((folder / "catalogue.json").read_text())[0]["versions"]["lammps"]
    with pytest.raises(ValueError, match=rf"no glass is named 'Cu50Zr50'.*{TINY.name}"):
        archive.load("Cu50Zr50")


def test_an_altered_glass_is_not_loaded(own_archive):
    entry, folder = own_archive
    path = folder / entry["file"]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"Cu", b"Zr", 1)))
    with pytest.raises(ValueError, match=r"was altered: its SHA-256"):
        archive.load(TINY.name)
    os.remove(path)
    with pytest.raises(FileNotFoundError):
        archive.load(TINY.name)


def test_admitting_again_replaces_the_entry(own_archive, quenched):
    glasses.admit(quenched[0] / f"{TINY.key}.xyz.gz", seconds=4.0)
    table = archive.catalogue()
    assert len(table) == 1 and table.seconds[0] == 4.0


def test_other_entries_keep_every_digit(own_archive, tmp_path):
    first = json.loads((own_archive[1] / "catalogue.json").read_text())[0]
    spheres = dataclasses.replace(SPHERES, n_atoms=64, force_tolerance=1e-13)
    for seed in (1, 2):
        melt_quench(dataclasses.replace(spheres, seed=seed), tmp_path / "made")
        glasses.admit(tmp_path / "made" / f"{dataclasses.replace(spheres, seed=seed).key}.xyz.gz")
    entries = json.loads((own_archive[1] / "catalogue.json").read_text())
    assert len(entries) == 3 and first in entries
    assert all(GlassRecipe(**entry["recipe"]).key == entry["key"] for entry in entries)


def test_recipes_expand_their_lists(own_archive):
    _, folder = own_archive
    (folder / "recipes.yml").write_text(
        "book:\n  - {potential: cu-zr-mendelev-2009, composition: Cu50Zr50, n_atoms: [500, 1000], "
        "cooling_rate: 1.0e+13, seed: [1, 2, 3]}\n"
    )
    found = recipes.recipes("book")
    assert len(found) == len(set(found)) == 6 and {r.n_atoms for r in found} == {500, 1000}
    with pytest.raises(ValueError, match="'library': choose one of book"):
        recipes.recipes("library")
