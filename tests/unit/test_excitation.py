"""Pushes out of a basin: closed forms, crystals that always return, tolerances, killed runs."""

import math
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from bosonpeak.archive import structures as structure_files
from bosonpeak.archive.glasses import load
from bosonpeak.landscape.excitation import (
    AMPLITUDES,
    Transition,
    _Basin,
    critical_amplitude,
    excite_modes,
    loose_atoms,
    scan_amplitudes,
)
from bosonpeak.materials import glasses, potentials
from bosonpeak.materials.lammps import Session
from bosonpeak.papers.mizuno_2020.rearrangement import displacement_profile
from bosonpeak.vibrations.glass_spectrum import moving_modes
from bosonpeak.vibrations.hessian import dynamical_matrix, energy, forces
from bosonpeak.vibrations.modes import normal_modes

SPHERES, LJ = potentials.get("harmonic-spheres"), potentials.get("lennard-jones")
GRID, COARSE = np.geomspace(1e-4, 1, 17), np.geomspace(1e-3, 1, 7)


@pytest.fixture(scope="module")
def packing(tmp_path_factory):
    """`packing(seed)`: 128 spheres at a packing fraction of 0.73 and their modes."""

    @cache
    def make(seed, fraction=0.73):
        recipe = glasses.GlassRecipe(
            "harmonic-spheres", "X", 128, math.inf, seed, math.inf, number_density=fraction * 6 / np.pi,
            force_tolerance=1e-13,
        )  # fmt: skip
        atoms = glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))
        return atoms, normal_modes(dynamical_matrix(atoms, SPHERES))

    return make


def _fcc(symbol, distance, repeat=3):
    atoms = bulk("X", "fcc", distance * 2**0.5, cubic=True).repeat(repeat)
    atoms.symbols = [symbol] * len(atoms)
    return atoms


def _gap(found):
    """Decades between the largest |r1 - r0| of a push that returned and the smallest of one that left."""
    return np.log10(found.left_distance / found.returned_distance)


def _same(one, other):
    for name, value in asdict(one).items():
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


@pytest.mark.parametrize("d", [0.9, 0.98])
@pytest.mark.parametrize("method", ["fire", "cg"])
def test_layers_pushed_through_each_other_leave_at_a_quarter_of_their_period(d, method):
    # fcc along a cube's edge: by symmetry the middle of every square is a saddle between two equal minima
    a = d * 2**0.5
    atoms = Atoms("X4", [[0, 0, 0], [a / 2, d / 2, d / 2], [a, 0, 0], [1.5 * a, d / 2, d / 2]], cell=[2 * a, d, d])
    atoms.pbc = True
    found = critical_amplitude(atoms, SPHERES, [-1, 0, 0, 1, 0, 0] * 2, GRID, relative_width=1e-5, method=method)
    assert found.returned_amplitude < a / 4 < found.amplitude * (1 + 1e-9)
    assert found.amplitude == pytest.approx(a / 4, rel=1.1e-5)

    def phi(r):
        return (1 - r) ** 2 / 2

    # four neighbours in the plane instead of eight: the other four have lost contact
    assert found.barrier == pytest.approx(2 * (4 * phi(d / 2**0.5) - 8 * phi(d)), rel=1e-6)
    assert found.distance == pytest.approx(a) and found.energy == pytest.approx(0, abs=1e-14)
    assert found.n_rearranged == pytest.approx(4) and found.inner_product == pytest.approx(1)
    assert found.unconverged == 0 and _gap(found) > 9 and not found.capped


@pytest.mark.parametrize("k", [3, 60])
def test_a_perfect_crystal_always_returns(k):
    for atoms, potential in ((_fcc("X", 0.95), SPHERES), (_fcc("Ar", 1.1), LJ)):
        mode = normal_modes(dynamical_matrix(atoms, potential), k + 1).polarizations[:, k]
        found = critical_amplitude(atoms, potential, mode, [1e-2, 0.1, 0.2 if potential is SPHERES else 0.4])
        assert found.amplitude == np.inf and found.sign == 0 and found.distance == 0
        assert found.returned_distance < 1e-10 and np.isnan(found.left_distance) and np.isnan(found.n_rearranged)
        # Lennard-Jones particles would overlap at the last push; spheres may
        assert found.capped == (potential is LJ) and found.returned_amplitude == (0.1 if potential is LJ else 0.2)
        assert found.unconverged == 0


def test_atoms_come_no_closer_than_asked():
    atoms, mode = _fcc("Ar", 1.1), np.zeros(3 * 108)
    # one atom towards its neighbour: 1.1 - A sqrt(N) (1 + 1 / 107) once the whole is at rest
    atoms.positions -= atoms.positions[0]
    _, j = min((d, j) for j, d in enumerate(atoms.get_distances(0, range(108), mic=True)) if j)
    mode[:3] = atoms.get_distance(0, j, mic=True, vector=True)
    for closest, expected in ((0.75, 3), (0.55, 4)):
        amplitudes = np.array([0.05, 0.1, 0.2, 0.4, 0.6]) * 1.1 / np.sqrt(108)
        found = critical_amplitude(atoms, LJ, mode, amplitudes, closest=closest)
        assert found.capped and found.pushes == 2 * expected
        assert found.returned_amplitude == pytest.approx(amplitudes[expected - 1])
        # the range up to where it is too near is searched as well, and ends there
        fine = critical_amplitude(atoms, LJ, mode, amplitudes, closest=closest, finest=20)
        steps = int(np.ceil(20 * np.log10(fine.returned_amplitude / amplitudes[expected - 1])))
        assert fine.capped and fine.pushes == found.pushes + 2 * steps and steps > 0
        shortest = 1.1 - fine.returned_amplitude * np.sqrt(108)
        assert shortest == pytest.approx(1.1 * closest, rel=1e-3)


def test_the_glass_leaves_its_basin_and_both_minimisers_find_where(packing):
    for seed in (1, 2, 3):
        atoms, modes = packing(seed)
        fire, cg = (
            critical_amplitude(atoms, SPHERES, modes.polarizations[:, 3], GRID, method=m) for m in ("fire", "cg")
        )
        assert cg.amplitude == pytest.approx(fire.amplitude, rel=0.05) and fire.amplitude < 0.1
        for found in (fire, cg):
            assert 1 <= found.amplitude / found.returned_amplitude <= 1.01
            assert _gap(found) > 6 and found.distance > 1e-3 and found.left_distance <= found.distance
            assert 1 <= found.n_rearranged <= 128 and 0 <= found.inner_product <= 1
            assert abs(found.displacements.sum(axis=0)).max() < 1e-10


def test_a_scan_jumps_where_the_critical_amplitude_is_and_a_loose_tolerance_blurs_it(packing):
    atoms, modes = packing(2)
    mode = modes.polarizations[:, 3]
    found = critical_amplitude(atoms, SPHERES, mode, GRID)
    scan = found.sign * np.array([0.01, 0.3, found.returned_amplitude / found.amplitude, 1]) * found.amplitude
    distance, energy, converged = scan_amplitudes(atoms, SPHERES, mode, scan)
    assert converged.all() and (distance[:3] < 1e-8).all() and (abs(energy[:3]) < 1e-13).all()
    assert distance[3] == pytest.approx(found.distance, rel=1e-6) and energy[3] == pytest.approx(found.energy, rel=1e-6)
    loose, _, _ = scan_amplitudes(atoms, SPHERES, mode, scan, force_tolerance=1e-6)
    assert loose[:3].max() > 1e3 * distance[:3].max()
    with pytest.raises(ValueError, match="modes of 384 numbers"):
        scan_amplitudes(atoms, SPHERES, mode[:-1], scan)


def test_a_transition_is_what_lammps_finds_on_either_side_of_the_bracket(packing):
    atoms, modes = packing(2)
    mode = modes.polarizations[:, 3]
    found = critical_amplitude(atoms, SPHERES, 5 * mode, GRID)
    with Session(atoms, SPHERES) as session:
        start, _ = session.evaluate(atoms.positions)
        for A, left in ((found.returned_amplitude, False), (found.amplitude, True)):
            line = found.sign * A * np.sqrt(128) * mode.reshape(-1, 3)
            pushed, _ = session.evaluate(atoms.positions + line)
            end = session.minimise(1e-13, "fire").energy
            assert (abs(end - start) > 1e-9) == left
    assert found.barrier == pytest.approx(pushed - start, rel=1e-9)
    assert found.energy == pytest.approx(end - start, abs=1e-12)
    moved = atoms.copy()
    moved.positions += found.displacements
    # the end is a minimum of its own
    assert abs(forces(moved, SPHERES)).max() < 1e-12
    assert energy(moved, SPHERES) == pytest.approx(end, abs=1e-12)


def test_both_signs_of_a_mode_are_pushed(packing):
    atoms, modes = packing(2)
    one, other = (critical_amplitude(atoms, SPHERES, s * modes.polarizations[:, 3], COARSE) for s in (1, -1))
    assert one.sign == -other.sign and one.amplitude == pytest.approx(other.amplitude, rel=0.02)
    np.testing.assert_allclose(one.displacements, other.displacements, atol=1e-8)


@pytest.mark.parametrize("method", ["fire", "cg"])
def test_an_early_end_of_the_minimisations_changes_no_transition(packing, method):
    """Modes of two packings and of a Lennard-Jones glass: the same bracket and the same minimum."""
    found = []
    glass = load("lennard-jones-n1000-instant-s2")
    cases = [(*packing(seed), SPHERES, range(3, 7), {"amplitudes": AMPLITUDES}) for seed in (1, 2)]
    if method == "fire":
        # above the second amplitude two particles come too near
        coarse = {"amplitudes": [5e-3, 5e-2, 5e-1], "finest": 8, "relative_width": 0.5}
        cases.append((glass, moving_modes(glass, LJ, 4), LJ, [0], coarse))
    for atoms, modes, potential, which, more in cases:
        for k in which:
            mode = modes.polarizations[:, k]
            full, early = (
                critical_amplitude(atoms, potential, mode, method=method, early=e, **more) for e in (False, True)
            )
            for name in ("amplitude", "returned_amplitude", "sign", "capped", "unconverged", "n_rearranged"):
                assert getattr(early, name) == pytest.approx(getattr(full, name), rel=1e-6, nan_ok=True), (k, name)
            np.testing.assert_allclose(early.displacements, full.displacements, atol=1e-7)
            assert early.energy == pytest.approx(full.energy, abs=1e-11, rel=1e-7)
            assert not early.returned_distance > 1e-9 and not early.left_distance < 1e-3
            found.append(full.amplitude)
    assert np.isfinite(found).sum() > 6


def test_a_search_that_ended_too_early_is_made_again(packing, monkeypatch):
    """A push that is taken for one that left, or for one that returned, is noticed at the ends of the bracket."""
    atoms, modes = packing(2)
    mode = modes.polarizations[:, 3]
    full = critical_amplitude(atoms, SPHERES, mode, GRID)
    for wrong in (True, False):
        asked = []

        def leaves(self, line, wrong=wrong, asked=asked):
            asked.append(np.linalg.norm(line))
            return wrong

        monkeypatch.setattr(_Basin, "leaves", leaves)
        found = critical_amplitude(atoms, SPHERES, mode, GRID, early=True)
        assert asked and (found.returned_amplitude, found.amplitude) == (full.returned_amplitude, full.amplitude)
        np.testing.assert_allclose(found.displacements, full.displacements, atol=1e-12)


def test_a_loose_tolerance_fakes_transitions(packing):
    atoms, modes = packing(2)
    strict, faked = (
        critical_amplitude(atoms, SPHERES, modes.polarizations[:, 3], GRID, force_tolerance=f) for f in (1e-13, 1e-6)
    )
    assert strict.amplitude > 1.5e-3 and strict.left_distance > 0.05
    assert faked.amplitude < strict.amplitude / 5
    assert 1e-5 < faked.distance < 1e-3 and abs(faked.energy) < 1e-9


def test_minimisations_that_miss_the_tolerance_decide_nothing():
    # forces in the crystal vanish by symmetry, after a push rounding keeps them above 1e-18
    atoms = _fcc("X", 0.96875, 1)
    atoms.set_cell([1.375] * 3, scale_atoms=True)
    found = critical_amplitude(atoms, SPHERES, np.random.default_rng(1).normal(size=12), [0.01], 0.01, 1e-18)
    assert (found.pushes, found.unconverged) == (2, 2)
    assert found.amplitude == np.inf and np.isnan(found.returned_distance) and found.returned_amplitude == 0


def test_what_is_no_minimum_or_no_mode_is_refused(packing):
    atoms, modes = packing(1)
    mode = modes.polarizations[:, 3]
    shaken = atoms.copy()
    shaken.positions[0] += 0.2
    with pytest.raises(ValueError, match=r"the structure is not a minimum"):
        critical_amplitude(shaken, SPHERES, mode, GRID)
    for bad in (mode[:-3], 0 * mode):
        with pytest.raises(ValueError, match="128 atoms have modes of 384 numbers"):
            critical_amplitude(atoms, SPHERES, bad, GRID)
    with pytest.raises(ValueError, match="unknown minimiser 'lbfgs'"):
        critical_amplitude(atoms, SPHERES, mode, GRID, method="lbfgs")
    with pytest.raises(ValueError, match="every atom is loose"):
        critical_amplitude(_fcc("X", 1.01), SPHERES, np.ones(324), GRID)


def _contacts(atoms, a):
    return set(np.flatnonzero(atoms.get_distances(a, range(len(atoms)), mic=True) < 1).tolist()) - {a}


def _kept(atoms, keep):
    """A crystal in which atom a keeps only the neighbours keep[a], and where these atoms are in it."""
    gone = set().union(*(_contacts(atoms, a) - keep[a] for a in keep)) - set().union(keep, *keep.values())
    rest = [i for i in range(len(atoms)) if i not in gone]
    return atoms[rest], [rest.index(a) for a in keep]


@pytest.mark.parametrize("count, loose", [(0, True), (3, True), (4, False)])
def test_three_contacts_do_not_hold_an_atom(count, loose):
    atoms = _fcc("X", 0.95, 4)
    atoms, (a,) = _kept(atoms, {100: set(sorted(_contacts(atoms, 100))[:count])})
    found = loose_atoms(atoms, SPHERES)
    assert found[a] == loose and found.sum() == loose


def test_an_atom_held_by_a_loose_one_is_loose():
    atoms = _fcc("X", 0.95, 4)
    own = _contacts(atoms, 100)
    b = min(own)
    others = _contacts(atoms, b)
    atoms, pair = _kept(atoms, {100: {b, *sorted(own - others - {b})[:3]}, b: {100, *sorted(others - own - {100})[:2]}})
    found = loose_atoms(atoms, SPHERES)
    # b has three contacts, 100 has four of which b is one
    assert found[pair].all() and found.sum() == 2
    assert not loose_atoms(_fcc("Ar", 1.1), LJ).any()


def test_a_rattler_that_stays_elsewhere_is_no_transition(packing):
    atoms, _ = packing(4, 0.65)
    (rattler,) = np.flatnonzero(loose_atoms(atoms, SPHERES))
    mode = np.zeros(3 * len(atoms))
    mode[3 * rattler] = 1
    A = 0.02 / np.sqrt(len(atoms))
    found = critical_amplitude(atoms, SPHERES, mode, [A])
    assert found.loose.nonzero()[0].tolist() == [rattler]
    assert found.amplitude == np.inf and found.returned_distance < 1e-10 and found.unconverged == 0
    with Session(atoms, SPHERES) as session:
        session.evaluate(atoms.positions + A * np.sqrt(len(atoms)) * mode.reshape(-1, 3))
        session.minimise(1e-13, "fire")
        away = session.atoms().positions[rattler] - atoms.positions[rattler]
    # it did not come back
    assert np.linalg.norm(away) > 1e-3


def test_a_metal_is_pushed_in_its_own_units():
    potential = potentials.get("cu-zr-mendelev-2009")
    atoms = glasses.inherent_structure(bulk("Cu", "fcc", 3.65, cubic=True).repeat(3), potential, relax_box=True)
    mode = normal_modes(dynamical_matrix(atoms, potential), 6).polarizations[:, 5]
    for method in ("fire", "cg"):
        found = critical_amplitude(atoms, potential, mode, [1e-3, 0.05], method=method)
        assert found.amplitude == np.inf and found.returned_distance < 1e-6 and found.unconverged == 0
    assert not found.capped and found.returned_amplitude == 0.05


def _made_up(atoms, displacements):
    values = dict.fromkeys(("amplitude", "returned_amplitude", "energy", "barrier", "inner_product"), 0.1)
    values |= dict.fromkeys(("returned_distance", "left_distance"), 0.1)
    return Transition(
        **values, sign=1, unconverged=0, pushes=1, capped=False, loose=np.zeros(len(atoms), bool),
        displacements=displacements,
    )  # fmt: skip


@pytest.mark.parametrize("a", [2.0, 3.0])
def test_the_tail_of_a_power_law_has_its_exponent(a):
    rng = np.random.default_rng(3)
    atoms = Atoms("X4000", rng.uniform(0, 15, (4000, 3)), cell=[15] * 3, pbc=True)
    r = atoms.get_distances(7, range(4000), mic=True)
    size = np.maximum(r, 0.5) ** -a
    u = rng.standard_normal((4000, 3))
    u *= (size / np.linalg.norm(u, axis=1))[:, None]
    found = displacement_profile(atoms, _made_up(atoms, u))
    assert found.exponent == pytest.approx(a, abs=0.03) and found.interval[0] < found.exponent < found.interval[1]
    assert found.distance.max() < 7.5 and len(found.distance) > 10
    np.testing.assert_allclose(found.displacement[4:], (found.distance[4:] / 0.5) ** -a, rtol=0.06)
    # a loose atom in the tail that has moved far does not count
    u[np.argmin(abs(r - 5))] = 0
    wild = _made_up(atoms, u)
    wild.loose[np.argmin(abs(r - 5))] = True
    assert displacement_profile(atoms, wild).exponent == pytest.approx(a, abs=0.03)


def test_the_number_of_rearranged_particles_counts_them():
    atoms, u = _fcc("X", 0.95), np.zeros((108, 3))
    u[5:12] = [0.1, 0, 0]
    found = _made_up(atoms, u)
    assert found.n_rearranged == pytest.approx(7) and found.distance == pytest.approx(0.1 * np.sqrt(7))
    # a box of five diameters has no tail
    assert np.isnan(displacement_profile(atoms, found).exponent)
    with pytest.raises(ValueError, match="no push left the basin"):
        displacement_profile(atoms, replace(found, amplitude=np.inf))


@pytest.mark.slow
def test_modes_in_processes_are_the_modes_one_by_one_and_are_read_back(packing, tmp_path):
    atoms, modes = packing(3)
    options = dict(amplitudes=GRID, relative_width=0.2)
    alone = [critical_amplitude(atoms, SPHERES, modes.polarizations[:, k], **options) for k in (8, 3)]
    found = excite_modes(atoms, SPHERES, modes, [8, 3], tmp_path, workers=2, **options)
    for one, other in zip(alone, found, strict=True):
        _same(one, other)
    kept = sorted(tmp_path.glob("*/*.npz"))
    assert [path.name for path in kept] == ["mode-00003.npz", "mode-00008.npz"]
    stamps = [path.stat().st_mtime_ns for path in kept]
    for one, other in zip(found, excite_modes(atoms, SPHERES, modes, [8, 3], tmp_path, **options), strict=True):
        _same(one, other)
        assert type(other.pushes) is int and type(other.capped) is bool
    assert [path.stat().st_mtime_ns for path in kept] == stamps
    # half a file, and a mode of the same number that is another one, are pushed again
    kept[0].write_bytes(kept[0].read_bytes()[:500])
    swapped = replace(modes, polarizations=modes.polarizations[:, [0, 1, 2, 8, 4, 5, 6, 7, 3]])
    _same(excite_modes(atoms, SPHERES, modes, [3], tmp_path, **options)[0], found[1])
    _same(excite_modes(atoms, SPHERES, swapped, [3], tmp_path, **options)[0], found[0])
    # other options are another run
    excite_modes(atoms, SPHERES, modes, [3], tmp_path, amplitudes=[1e-4])
    assert len(list(tmp_path.glob("*/*.npz"))) == 3


SCRIPT = """
import sys
import numpy as np
from bosonpeak.landscape.excitation import excite_modes
from bosonpeak.archive import structures as structure_files
from bosonpeak.materials import potentials
from bosonpeak.vibrations.modes import Modes

if __name__ == "__main__":
    kept = np.load(sys.argv[2])
    modes = Modes(kept["omega"], kept["polarizations"], kept["residual"])
    atoms = structure_files.read_structure(sys.argv[1])
    excite_modes(atoms, potentials.get("harmonic-spheres"), modes, range(3, 43), sys.argv[3], workers=2,
        amplitudes=np.geomspace(1e-3, 1, 7))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are looked up in /proc")
@pytest.mark.slow
def test_a_killed_run_goes_on_and_leaves_no_workers(packing, tmp_path):
    atoms, modes = packing(2)
    structure_files.write_structure(tmp_path / "glass.xyz.gz", atoms)
    np.savez(tmp_path / "modes.npz", **asdict(modes))
    script = tmp_path / "push.py"
    script.write_text(SCRIPT)
    arguments = [tmp_path / "glass.xyz.gz", tmp_path / "modes.npz", tmp_path / "kept"]
    run = subprocess.Popen([sys.executable, script, *arguments])
    try:
        _wait(lambda: len(list(tmp_path.glob("kept/*/mode-*.npz"))) >= 2 or run.poll() is not None)
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert run.returncode == -signal.SIGKILL and len(children) >= 2
    _wait(lambda: not any(_alive(pid) for pid in children))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("kept/*/mode-*.npz")}
    assert 2 <= len(kept) < 40
    first = sorted(int(path.stem[-5:]) for path in kept)[:2]
    other = min(set(range(3, 43)) - {int(path.stem[-5:]) for path in kept})
    found = excite_modes(atoms, SPHERES, modes, [*first, other], tmp_path / "kept", workers=1, amplitudes=COARSE)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in kept.items())
    assert len(list(tmp_path.glob("kept/*/mode-*.npz"))) == len(kept) + 1
    _same(found[0], critical_amplitude(atoms, SPHERES, modes.polarizations[:, first[0]], COARSE))


def _wait(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
