"""Input that looks right and is not: a replaced table, masses of another element, masks, runs that do not fit."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import check_sample
from bosonpeak.archive.structures import write_structure
from bosonpeak.landscape.artn import activate_atoms
from bosonpeak.landscape.excitation import critical_amplitude, excite_modes
from bosonpeak.learning.evaluation import mean_absolute_error
from bosonpeak.learning.regression import Network
from bosonpeak.materials import potentials
from bosonpeak.materials.dynamics import Trajectory, thermal_trajectory
from bosonpeak.materials.glasses import GlassRecipe, admit
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.recipes import recipes
from bosonpeak.networks import poles
from bosonpeak.scattering.trajectories import energy_spectra, sample_interval, warm_minimum
from bosonpeak.statistics import density_exponent, fraction_interval, median_exponent, pearson
from bosonpeak.vibrations.elasticity import elastic_moduli, sound_speeds
from bosonpeak.vibrations.hessian import dynamical_matrix, energy
from bosonpeak.vibrations.local_peaks import local_peak_table
from bosonpeak.vibrations.modes import check_masses, normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density
from bosonpeak.vibrations.spectra import local_density_of_states

CU_ZR = potentials.get("cu-zr-mendelev-2009")


@pytest.fixture(scope="module")
def glass():
    return load("Cu50Zr50-mendelev-2009-n500-1e14-s1")


def test_a_table_that_was_replaced_is_read_again(tmp_path):
    path, crystal = tmp_path / "own.eam.fs", bulk("Cu", "fcc", 3.64, cubic=True)
    shutil.copy(CU_ZR.path(), path)
    first = energy(crystal, path)
    lines = path.read_text().splitlines()
    # the embedding of copper, which is a fifth of a line long at the least, is halved
    at = next(k for k, line in enumerate(lines) if line.split()[:1] == ["29"]) + 1
    count = int(lines[4].split()[0])
    numbers = []
    end = at
    while len(numbers) < count:
        numbers += lines[end].split()
        end += 1
    lines[at:end] = [repr(0.5 * float(number)) for number in numbers]
    path.write_text("\n".join(lines) + "\n")
    assert energy(crystal, path) != pytest.approx(first, rel=1e-3)


def test_an_element_that_was_changed_does_not_keep_the_mass_of_the_one_before(glass):
    changed = glass.copy()
    changed.symbols[glass.symbols == "Cu"] = "Zr"
    with pytest.raises(ValueError, match=r"that of another element: after a change of elements, set the masses again"):
        dynamical_matrix(changed, CU_ZR)
    del changed.arrays["masses"]
    assert set(CU_ZR.masses_of(changed)) == {CU_ZR.masses[1]}


def test_a_warmed_minimum_has_the_masses_of_the_potential_where_none_are_stated():
    atoms = bulk("Ar", "fcc", 1.56, cubic=True).repeat(3)
    found = warm_minimum(atoms, potentials.get("lennard-jones"), 0.1, 1, duration=0.5, timestep=0.005)
    assert set(found.get_masses()) == {1.0}


def test_a_restart_file_of_other_atoms_is_refused(tmp_path, glass):
    with Session(glass, CU_ZR) as session:
        session.write_restart(tmp_path / "state")
    other = glass.copy()
    other.numbers = glass.numbers[::-1]
    other.arrays.pop("masses")
    for atoms in (other, glass[:250]):
        with pytest.raises(ValueError, match=r"state holds 500 atoms, not .*: give its own structure"):
            Session(atoms, CU_ZR, restart=tmp_path / "state")
    with Session(glass, CU_ZR) as session, pytest.raises(ValueError, match="unknown thermo quantity 'pressure'"):
        session.thermo("pressure")


def test_masks_and_numbers_that_are_not_whole_are_not_taken_for_indices(glass):
    D = dynamical_matrix(glass, CU_ZR, factored=True)
    mask = np.zeros(len(glass), bool)
    mask[:3] = True
    with pytest.raises(ValueError, match=r"sites is a mask of 500: give indices"):
        local_density_of_states(D, mask, [1.0], 50)
    with pytest.raises(ValueError, match="give whole numbers"):
        local_density_of_states(D, [1.5], [1.0], 50)
    with pytest.raises(ValueError, match="indices is a mask"):
        activate_atoms(glass, CU_ZR, mask, 1)
    with pytest.raises(ValueError, match=r"index must lie in 0\.\.499"):
        local_peak_table(glass, CU_ZR, [500])
    with pytest.raises(ValueError, match="in reduced units"):
        local_peak_table(glass, "lennard-jones", [0])


def test_masses_that_differ_slightly_are_seen_in_all_modes_together(glass):
    modes = normal_modes(dynamical_matrix(glass, CU_ZR))
    masses = glass.get_masses()
    check_masses(modes, masses)
    for wrong in (np.ones(500), masses * np.where(glass.numbers == 29, 1.01, 1.0)):
        with pytest.raises(ValueError, match="computed with other masses"):
            check_masses(modes, wrong)


@pytest.mark.parametrize("frequencies", [[], [np.nan, 1.0], [-0.5, 1.0, 2.0]], ids=str)
def test_frequencies_that_are_none_are_refused(frequencies):
    with pytest.raises(ValueError, match="missing, not finite or negative"):
        broadened_reduced_density(np.array(frequencies), np.linspace(0.1, 2, 20), 0.1)


def test_spectra_of_motion_need_a_width_and_even_times():
    series = np.random.default_rng(1).standard_normal(4000)
    for width in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="give positive numbers"):
            energy_spectra(series, 0.02, np.array([5.0]), width)
    power = energy_spectra(series, 0.02, np.array([-5.0, 5.0]), 2.0)
    assert power[0] == power[1]
    time = np.r_[np.arange(50), 200 + np.arange(50)] * 0.02
    run = Trajectory(time, time, np.zeros((100, 2, 3)), time)
    with pytest.raises(ValueError, match="one evenly spaced time"):
        sample_interval(run)


def test_moduli_and_motion_need_a_minimum(glass):
    shaken = glass.copy()
    shaken.rattle(0.05, seed=1)
    with pytest.raises(ValueError, match=r"not a minimum: a force of .* is left"):
        elastic_moduli(shaken, CU_ZR)
    with pytest.raises(ValueError, match="no two atoms are within the cutoff"):
        elastic_moduli(Atoms("Cu", cell=[30, 30, 30], pbc=True), CU_ZR)
    with pytest.raises(ValueError, match="which is not a minimum"):
        thermal_trajectory(shaken, CU_ZR, 1.0, 0.2, 0.02, 1, equilibration=0.5)
    elastic = elastic_moduli(glass, CU_ZR)
    for directions in ([[1, 1, 0]], [1.0, 0, 0]):
        with pytest.raises(ValueError, match="unit vectors of the shape"):
            sound_speeds(elastic, directions)


def test_targets_and_predictions_of_another_shape_are_not_broadcast():
    y = np.arange(5.0)
    assert mean_absolute_error(y, y + 1) == 1
    with pytest.raises(ValueError, match=r"targets \(5,\) and predictions \(5, 1\)"):
        mean_absolute_error(y, y[:, None])
    with pytest.raises(ValueError, match="activation must be one of"):
        replace(Network(), activation="sigmoid")


@pytest.mark.parametrize("key, value", [("note", "Lattice"), ("none", None), ("pbc", "T")])
def test_what_a_structure_file_would_not_give_back_is_refused(tmp_path, glass, key, value):
    atoms = glass[:20]
    atoms.info = {key: value}
    if key == "note":
        atoms.info, atoms.arrays["forces"] = {}, np.ones((20, 3))
    with pytest.raises(ValueError, match=r"a\.xyz\.gz (cannot hold|could not be read again)"):
        write_structure(tmp_path / "a.xyz.gz", atoms)
    assert not (tmp_path / "a.xyz.gz").exists()


def test_recipes_and_files_that_make_no_glass_are_refused(tmp_path, glass):
    with pytest.raises(ValueError, match=r"n_atoms = 100 of Cu99\.6Zr0\.4 has no Zr"):
        GlassRecipe(CU_ZR.name, "Cu99.6Zr0.4", 100, 1e13, 1)
    bare = glass.copy()
    bare.info = {"units": "metal"}
    write_structure(tmp_path / "m.xyz.gz", bare)
    with pytest.raises(ValueError, match=r"m\.xyz\.gz holds no recipe"):
        admit(tmp_path / "m.xyz.gz")


def test_a_table_in_a_folder_with_an_umlaut_is_read_by_lammps(tmp_path, glass):
    folder = tmp_path / "Übung $1"
    folder.mkdir()
    shutil.copy(CU_ZR.path(), folder / "own.eam.fs")
    with Session(glass, folder / "own.eam.fs") as session:
        first = session.evaluate()[0]
        session.write_restart(folder / "state")
    with Session(glass, folder / "own.eam.fs", restart=folder / "state") as session:
        assert session.evaluate()[0] == pytest.approx(first, rel=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: pearson([1.0, 2, 3], [1.0, np.nan, 3]),
        lambda: pearson([1.0, 2, 3], np.ones((3, 2))),
        lambda: fraction_interval([np.nan, np.nan, 0.3]),
        lambda: fraction_interval(["no", "no"]),
        lambda: density_exponent([-1.0, 0.5, 0.7, 0.8, 0.9, 0.95], 1.0),
        lambda: median_exponent([100, 100], [[1.0, 2], [3.0, 4]], rng=1),
        lambda: check_sample("levels", [1.0], [1.0, 1.0, 1.0], 0.1),
        lambda: poles(np.array([[1.0, 0.5], [0.0, 1.0]])),
        lambda: poles(np.array([[1.0, 1j], [-1j, 1.0]])),
    ],
)
def test_statistics_refuse_what_they_would_misread(call):
    with pytest.raises(ValueError, match=r"\w+ \w+ \w+"):
        call()


def test_pushes_need_positive_amplitudes_and_modes_that_are_there(glass):
    mode = np.random.default_rng(1).standard_normal(1500)
    for options in ({"amplitudes": []}, {"amplitudes": [-0.1]}, {"relative_width": 0}):
        with pytest.raises(ValueError, match="give positive numbers"):
            critical_amplitude(glass, CU_ZR, mode, **options)
    modes = normal_modes(dynamical_matrix(glass, CU_ZR), 5)
    with pytest.raises(ValueError, match=r"must lie in 0\.\.4"):
        excite_modes(glass, CU_ZR, modes, [99])
    with pytest.raises(ValueError, match="is a mask"):
        excite_modes(glass, CU_ZR, modes, np.ones(5, bool))
    assert activate_atoms(glass, CU_ZR, [], 1) == []


def test_two_recipes_of_one_name_are_refused(tmp_path, monkeypatch):
    for folder in ("data/claims", "data/glasses"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    entry = (
        "{potential: lennard-jones, composition: Ar, n_atoms: 100, cooling_rate: .inf, melt_temperature: 2.0, seed: 1,"
    )
    text = f"book:\n- {entry} number_density: [1.0, 1.2]}}\npaper: []\n"
    (tmp_path / "data/glasses/recipes.yml").write_text(text)
    with pytest.raises(ValueError, match="two recipes of 'book' are named lennard-jones-n100-instant-s1"):
        recipes("book")
