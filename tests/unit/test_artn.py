"""Saddles: a vacancy's hop known by symmetry, dense Hessians, LAMMPS, seeds, killed runs, what rests around."""

import signal
import subprocess
import sys
import time
from dataclasses import fields, replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from bosonpeak.archive import structures as structure_files
from bosonpeak.landscape.active_region import Region, describe_landscape
from bosonpeak.landscape.artn import REDUCED, Search, activate_atoms, activation_events, refine_event
from bosonpeak.landscape.saddle_search import lowest_mode
from bosonpeak.materials import glasses, potentials
from bosonpeak.materials.lammps import Session
from bosonpeak.vibrations.hessian import energy, forces, hessian

LJ, CU_ZR = potentials.get("lennard-jones"), potentials.get("cu-zr-mendelev-2009")
SHORT = replace(Search(), pushes=3, push=0.4)
"""A search that mostly gives up: cheap."""


@pytest.fixture(scope="module")
def glass(tmp_path_factory):
    """108 atoms of Cu50Zr50 at rest."""
    recipe = glasses.GlassRecipe(CU_ZR.name, "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
    return glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))


@pytest.fixture(scope="module")
def vacancy():
    """255 particles around a vacancy, a neighbour of it, the vector between their sites, and the vacancy's site."""
    atoms = bulk("Ar", "fcc", 1.56, cubic=True).repeat(4)
    atoms = glasses.inherent_structure(atoms, LJ, 1e-10, relax_box=True)
    neighbour = int(np.argsort(atoms.get_distances(0, range(256), mic=True))[1])
    hop = atoms.get_distance(neighbour, 0, mic=True, vector=True)
    site = atoms.positions[0].copy()
    del atoms[0]
    return glasses.inherent_structure(atoms, LJ, 1e-9), neighbour - 1, hop, site


def _same(one, other):
    for f in fields(one):
        np.testing.assert_array_equal(getattr(one, f.name), getattr(other, f.name), err_msg=f.name)


def _shaken(atoms, free, size, seed=1):
    moved = atoms.copy()
    moved.positions[free] += np.random.default_rng(seed).normal(scale=size, size=(len(free), 3))
    return moved


@pytest.mark.parametrize("radius", [3.0, 50.0])
def test_energy_and_forces_of_a_region_are_those_of_lammps(glass, vacancy, radius):
    for atoms, potential, size in ((glass, CU_ZR, 0.3), (vacancy[0], LJ, 0.05)):
        landscape = describe_landscape(atoms, potential)
        free = np.flatnonzero(
            atoms.get_distances(7, range(len(atoms)), mic=True) < radius * (0.4, 1)[potential is CU_ZR]
        )
        region = Region(landscape, free[::2])
        region.grow(free)
        moved = _shaken(atoms, region.free, size)
        with Session(atoms, potential) as session:
            start, _ = session.evaluate()
            there, f = session.evaluate(moved.positions)
            f = f.copy()
        mine, pull = region.evaluate(moved.positions[region.free])
        assert mine == pytest.approx(there - start, rel=1e-9)
        np.testing.assert_allclose(pull, f[region.free], rtol=1e-8, atol=1e-8 * abs(f).max())
        # and back again: the list of pairs follows
        assert region.evaluate(region.start)[0] == pytest.approx(0, abs=1e-9)
        assert region.force_calls == 2


def test_a_region_in_a_sheared_cell_sees_the_right_images(glass):
    cell = glass.cell.array.copy()
    cell[1, 0], cell[2, 1] = 0.3 * cell[0, 0], 0.2 * cell[1, 1]
    atoms = Atoms(glass.numbers, cell=cell, pbc=True, scaled_positions=glass.get_scaled_positions())
    landscape = describe_landscape(atoms, CU_ZR)
    np.testing.assert_allclose(landscape.forces, forces(atoms, CU_ZR), atol=1e-9)
    region = Region(landscape, [3, 50, 4])
    np.testing.assert_array_equal(region.free, [3, 4, 50])
    moved = _shaken(atoms, region.free, 0.1)
    np.testing.assert_allclose(
        region.evaluate(moved.positions[region.free])[1], forces(moved, CU_ZR)[region.free], atol=1e-9
    )


def test_atoms_near_the_start_and_strays_are_all_the_partners_that_there_are():
    """A shaken crystal, a few atoms of which have gone far: the same pairs, bit for bit, as among all atoms."""
    atoms = bulk("Cu", "fcc", 3.64, cubic=True).repeat(6)
    atoms.positions += np.random.default_rng(5).normal(scale=0.05, size=(len(atoms), 3))
    start = describe_landscape(atoms, CU_ZR)
    assert len(start.first) == len(atoms) + 1 and (np.diff(start.first) > 100).all()
    free = start.within(400, 6.0)
    x = _shaken(atoms, free, 0.1).positions[free]
    x[:3] += [[2.5, 0, 0], [0, -3.0, 0], [1.0, 1.0, 4.0]]
    found = []
    for landscape in (start, replace(start, first=start.first[:0], neighbours=start.neighbours[:0])):
        region = Region(landscape, free)
        found.append(region.evaluate(x))
    assert found[0][0] == found[1][0] != 0
    np.testing.assert_array_equal(found[0][1], found[1][1])
    # in a cell that is too small for such lists, every atom is looked at
    assert not len(describe_landscape(bulk("Cu", "fcc", 3.64, cubic=True).repeat(3), CU_ZR).first)


def test_lanczos_finds_the_lowest_mode_of_the_dense_hessian(glass):
    moved = _shaken(glass, np.arange(108), 0.15)
    levels, modes = np.linalg.eigh(hessian(moved, CU_ZR).toarray())
    assert levels[0] < -0.1
    region = Region(describe_landscape(glass, CU_ZR), np.arange(108))
    x = moved.positions.ravel()

    def evaluate(y):
        there, f = region.evaluate(y.reshape(-1, 3))
        return there, f.ravel()

    start = np.random.default_rng(2).normal(size=324)
    level, mode, left = lowest_mode(evaluate, x, evaluate(x)[1], start, 100, 0.01, 1e-4)
    assert level == pytest.approx(levels[0], abs=5e-3) and left < 0.01
    assert abs(mode @ modes[:, 0]) > 0.999
    # few steps give an upper bound
    rough, _, left = lowest_mode(evaluate, x, evaluate(x)[1], start, 3, 0.01, 1e-4)
    assert rough > levels[0] and left > 0.01


def test_the_hop_of_a_vacancy_has_the_barrier_that_symmetry_gives(vacancy):
    atoms, neighbour, hop, site = vacancy
    # half-way, held until the others have made room; then Newton's steps lead to the point without forces
    start = energy(atoms, LJ)
    middle = atoms.copy()
    middle.positions[neighbour] = site - hop / 2
    far = int(atoms.get_distances(neighbour, range(255), mic=True).argmax())
    with Session(atoms, LJ) as session:
        session.evaluate(middle.positions)
        session.commands(f"group held id {neighbour + 1} {far + 1}", "fix held held setforce 0 0 0")
        session.minimise(1e-9)
        middle = session.atoms()
    for _ in range(8):
        inverse = np.linalg.pinv(hessian(middle, LJ).toarray(), rcond=1e-9, hermitian=True)
        middle.positions += (inverse @ forces(middle, LJ).ravel()).reshape(-1, 3)
    assert abs(forces(middle, LJ)).max() < 1e-9
    barrier = energy(middle, LJ) - start
    for event in activation_events(atoms, LJ, neighbour, 2, seed=2):
        assert event.converged and event.barrier == pytest.approx(barrier, rel=1e-5)
        assert event.connected and event.moved_atom == event.atom and event.energy == pytest.approx(0, abs=1e-4)
        assert event.moved_distance == pytest.approx(np.linalg.norm(hop) / 2, rel=0.02)
        assert event.end_distances[1] == pytest.approx(np.linalg.norm(hop), rel=0.02)
        # one negative eigenvalue, as said, and no force that LAMMPS would see
        saddle = event.saddle(atoms)
        levels, modes = np.linalg.eigh(hessian(saddle, LJ).toarray())
        assert (levels < -1e-4 * levels[-1]).sum() == 1
        assert event.eigenvalue == pytest.approx(levels[0], rel=1e-3)
        mode = np.zeros((len(atoms), 3))
        mode[event.free] = event.mode
        assert abs(mode.ravel() @ modes[:, 0]) > 0.999
        with Session(atoms, LJ) as session:
            there, f = session.evaluate(saddle.positions)
            f = f.copy()
        assert there - start == pytest.approx(event.barrier, abs=1e-5)
        assert np.linalg.norm(f, axis=1).max() <= REDUCED.force_tolerance * 1.001


def test_saddles_of_a_metallic_glass_are_saddles_by_lammps_and_the_dense_hessian(glass):
    # waves of the whole would hide the modes of so few atoms
    search = replace(Search(), radius=5.5)
    found = [event for atom in (3, 40) for event in activation_events(glass, CU_ZR, atom, 3, 4, search)]
    good = [event for event in found if event.converged]
    assert good
    with Session(glass, CU_ZR) as session:
        start, _ = session.evaluate()
        for event in good:
            saddle = event.saddle(glass)
            there, f = session.evaluate(saddle.positions)
            assert there - start == pytest.approx(event.barrier, abs=1e-5) and event.barrier > 0
            assert np.linalg.norm(f, axis=1).max() <= 0.0101
            levels = np.linalg.eigvalsh(hessian(saddle, CU_ZR).toarray())
            assert levels[0] == pytest.approx(event.eigenvalue, abs=0.02) and levels[0] < 0
            # a force of 0.01 may leave a second one that is hardly negative
            assert levels[1] > -0.05
            assert 0 < event.force_calls < 3000 and event.connect_calls > 0
            if event.connected:
                assert event.end_distances[0] < 0.2 < event.end_distances[1] and event.energy < event.barrier
            else:
                assert np.isnan(event.energy)


def test_an_event_depends_on_its_seed_and_number_alone(glass):
    first, second = activation_events(glass, CU_ZR, 3, 2, seed=4, search=SHORT)
    _same(first, activation_events(glass, CU_ZR, 3, 1, seed=4, search=SHORT)[0])
    other = activation_events(glass, CU_ZR, 3, 1, seed=5, search=SHORT)[0]
    assert first.force_calls > 0 and (first.number, second.number, other.seed) == (0, 1, 5)
    assert not np.array_equal(first.displacements, second.displacements) or first.outcome != "saddle"
    assert activation_events(glass, CU_ZR, 3, 0) == []


def test_events_are_kept_and_only_what_lacks_is_looked_for(glass, tmp_path):
    options = dict(seed=4, search=SHORT, folder=tmp_path, workers=1)
    found = activate_atoms(glass, CU_ZR, [40, 3], 1, **options)
    kept = sorted(tmp_path.glob("*/atom-*.npz"))
    assert [path.name for path in kept] == ["atom-00003.npz", "atom-00040.npz"]
    stamps = [path.stat().st_mtime_ns for path in kept]
    for (one,), (other,) in zip(found, activate_atoms(glass, CU_ZR, [40, 3], 1, **options), strict=True):
        _same(one, other)
        assert type(other.connected) is bool and type(other.outcome) is str
    assert [path.stat().st_mtime_ns for path in kept] == stamps
    # one more of an atom, after half a file of it; another seed is another run
    kept[0].write_bytes(kept[0].read_bytes()[:300])
    ((first, second),) = activate_atoms(glass, CU_ZR, [3], 2, **options)
    _same(first, found[1][0])
    _same(second, activation_events(glass, CU_ZR, 3, 2, seed=4, search=SHORT)[1])
    activate_atoms(glass, CU_ZR, [3], 1, **(options | {"seed": 6}))
    assert len(list(tmp_path.glob("*/atom-*.npz"))) == 3 and not list(tmp_path.glob("*/.*"))


SCRIPT = """
import sys
from dataclasses import replace
from bosonpeak.landscape.artn import Search, activate_atoms
from bosonpeak.archive import structures as structure_files

if __name__ == "__main__":
    atoms = structure_files.read_structure(sys.argv[1])
    search = replace(Search(), pushes=3, push=0.4)
    activate_atoms(atoms, "cu-zr-mendelev-2009", range(108), 1, 4, search, sys.argv[2], workers=2)
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_with_the_same_events(glass, tmp_path):
    structure_files.write_structure(tmp_path / "glass.xyz.gz", glass)
    atoms = structure_files.read_structure(tmp_path / "glass.xyz.gz")
    (tmp_path / "run.py").write_text(SCRIPT)
    run = subprocess.Popen([sys.executable, tmp_path / "run.py", tmp_path / "glass.xyz.gz", tmp_path / "kept"])
    end = time.monotonic() + 200
    try:
        while len(list(tmp_path.glob("kept/*/atom-*.npz"))) < 2 and run.poll() is None:
            assert time.monotonic() < end, "it took too long"
            time.sleep(0.02)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("kept/*/atom-*.npz")}
    first = min(int(path.stem[-5:]) for path in kept)
    ((event,),) = activate_atoms(atoms, CU_ZR, [first], 1, 4, SHORT, tmp_path / "kept", workers=1)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in kept.items())
    # found by a worker, the same as here
    _same(event, activation_events(atoms, CU_ZR, first, 1, 4, SHORT)[0])


def test_what_rests_around_raises_the_barrier_and_full_steps_take_that_away(vacancy):
    atoms, neighbour, _, _ = vacancy
    barrier = activation_events(atoms, LJ, neighbour, 1, 2)[0].barrier
    strained = activation_events(atoms, LJ, neighbour, 1, 2, replace(REDUCED, radius=2.5, finish_radius=2.9))[0]
    assert strained.converged and len(strained.free) < 255
    assert 1e-3 < strained.barrier / barrier - 1 < 0.2
    refined = refine_event(atoms, LJ, strained)
    assert refined.converged and len(refined.free) == 255
    assert refined.barrier == pytest.approx(barrier, rel=1e-4)
    # 0.01 of it is the aim
    assert abs(refined.barrier / barrier - 1) < 0.01


def test_what_cannot_be_searched_is_refused(glass, vacancy):
    for atom in (108, -1, 2.5):
        with pytest.raises(ValueError, match=r"there is no atom .*: 108 atoms are counted from 0 to 107"):
            activation_events(glass, CU_ZR, atom, 1)
    with pytest.raises(ValueError, match="n_events = -1"):
        activation_events(glass, CU_ZR, 3, -1)
    with pytest.raises(ValueError, match="seed = -2"):
        activate_atoms(glass, CU_ZR, [3], 1, -2)
    with pytest.raises(ValueError, match="the structure is not a minimum"):
        activation_events(_shaken(glass, [5], 0.1), CU_ZR, 3, 1)
    with pytest.raises(ValueError, match="has no Cu, Zr"):
        activation_events(glass, LJ, 3, 1)
    broken = glass.copy()
    broken.positions[4, 1] = np.nan
    with pytest.raises(ValueError, match="the position of atom 4 is"):
        activation_events(broken, CU_ZR, 3, 1)
    with pytest.raises(ValueError, match=r"radius = nan of a search should be positive and finite"):
        replace(Search(), radius=np.nan)
    with pytest.raises(ValueError, match=r"curvature = 0.3 of a search should be negative"):
        replace(Search(), curvature=0.3)
    (given_up,) = activation_events(glass, CU_ZR, 3, 1, search=replace(SHORT, pushes=1))
    assert given_up.outcome == "no negative curvature" and not given_up.converged and np.isnan(given_up.barrier)
    with pytest.raises(ValueError, match="found no saddle"):
        refine_event(glass, CU_ZR, given_up)
    # a saddle has no forces, but is no minimum
    atoms, neighbour, _, _ = vacancy
    saddle = activation_events(atoms, LJ, neighbour, 1, 2)[0].saddle(atoms)
    with pytest.raises(ValueError, match="the lowest eigenvalue of the Hessian"):
        activation_events(saddle, LJ, neighbour, 1, search=replace(REDUCED, minimum_tolerance=0.1))


@pytest.fixture(scope="module")
def events(glass):
    """Some events of a small glass; with the region of the search smaller than the cell."""
    return activation_events(glass, CU_ZR, 7, 2, seed=3)


def test_a_search_does_not_depend_on_the_vectors_that_span_the_cell(glass, events):
    skewed, cell = glass.copy(), glass.cell.array.copy()
    cell[1] += cell[0]
    cell[2] += 2 * cell[0] - cell[1]
    skewed.set_cell(cell)
    for one, other in zip(events, activation_events(skewed, CU_ZR, 7, 2, seed=3), strict=True):
        assert (one.outcome, one.region) == (other.outcome, other.region)
        assert one.barrier == pytest.approx(other.barrier, abs=1e-6, nan_ok=True)


def test_a_search_does_not_depend_on_where_the_atoms_lie_in_the_cell(glass, events):
    rng = np.random.default_rng(2)
    moved = glass.copy()
    moved.positions += [1.3, -7.1, 22.2]
    moved.wrap()
    # some atoms in other images of the cell
    moved.positions += rng.integers(-2, 3, (len(moved), 3)) @ moved.cell.array
    for one, other in zip(events, activation_events(moved, CU_ZR, 7, 2, seed=3), strict=True):
        assert (one.outcome, one.region) == (other.outcome, other.region)
        assert one.barrier == pytest.approx(other.barrier, abs=1e-6, nan_ok=True)
