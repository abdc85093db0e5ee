"""Tables of transitions: which modes are pushed, what the table says of each push, written and read back."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from ase import Atoms
from ase.build import bulk

from bosonpeak.archive.results import load_result, shipped_results, take_result
from bosonpeak.landscape.anharmonicity import expand_energy
from bosonpeak.landscape.excitation import AMPLITUDES, Transition, excite_modes, loose_atoms
from bosonpeak.materials import glasses, potentials
from bosonpeak.papers.mizuno_2020.rearrangement import displacement_profile
from bosonpeak.papers.mizuno_2020.transitions import (
    archived_tables,
    push_modes,
    spread_indices,
    tabulate_transitions,
)
from bosonpeak.papers.xu_2010 import pushes
from bosonpeak.vibrations.glass_spectrum import moving_modes
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes

SPHERES = potentials.get("harmonic-spheres")
INDICES = [0, 1, 2, 5, 377]
EXACT = ("amplitude", "returned_amplitude", "sign", "distance", "energy", "barrier", "inner_product", "n_rearranged")
EXACT += ("returned_distance", "left_distance", "unconverged", "pushes", "capped")


@pytest.fixture(scope="module")
def packing(tmp_path_factory):
    """128 spheres at a packing fraction of 0.65, one of which is a rattler."""
    recipe = glasses.GlassRecipe(
        "harmonic-spheres", "X", 128, math.inf, 4, math.inf, number_density=0.65 * 6 / np.pi, force_tolerance=1e-13
    )
    return glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))


@pytest.fixture(scope="module")
def modes(packing):
    return moving_modes(packing, SPHERES)


@pytest.fixture(scope="module")
def pushed(packing, modes):
    """What pushes along the modes INDICES led to; the third was not pushed far enough to leave."""
    short, far = [2], [k for k in INDICES if k != 2]
    found = dict(zip(far, excite_modes(packing, SPHERES, modes, far, workers=1, amplitudes=AMPLITUDES), strict=True))
    found[2] = excite_modes(packing, SPHERES, modes, short, workers=1, amplitudes=AMPLITUDES[:2])[0]
    return [found[k] for k in INDICES]


@pytest.fixture(scope="module")
def table(packing, modes, pushed):
    return tabulate_transitions(packing, SPHERES, modes, INDICES, pushed)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project's folder of shipped tables."""
    folder = tmp_path / "data" / "results" / "transitions"
    folder.mkdir(parents=True)
    (tmp_path / "data" / "claims").mkdir()
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    return folder


def test_the_lowest_modes_and_the_last_are_pushed_each_once():
    for n in range(1, 41):
        for lowest in range(n + 1):
            for spread in range(n - lowest + 1):
                found = spread_indices(n, lowest, spread)
                assert found.dtype.kind == "i" and len(found) == lowest + spread
                assert (found[:lowest] == np.arange(lowest)).all() and (np.diff(found) > 0).all()
                assert found.min(initial=0) >= 0 and found.max(initial=0) < n
                assert not spread or found[-1] == n - 1
    # the tightest: all of them
    assert spread_indices(2997, 2990, 7).tolist() == list(range(2997))


def test_modes_are_spread_evenly_in_the_logarithm_of_their_number():
    assert spread_indices(10_000, 10, 3).tolist() == [*range(10), 99, 999, 9999]
    assert spread_indices(1000, 0, 3).tolist() == [9, 99, 999]
    assert spread_indices(100, 4, 0).tolist() == [0, 1, 2, 3]
    numbers = spread_indices(2997, 12, 8)[11:] + 1
    np.testing.assert_allclose(np.diff(np.log(numbers)), np.log(2997 / 12) / 8, atol=0.05)


@pytest.mark.parametrize("n, lowest, spread", [(10, 11, 0), (10, 8, 3), (10, 0, 11), (0, 1, 0)])
def test_more_modes_than_there_are_cannot_be_pushed(n, lowest, spread):
    with pytest.raises(ValueError, match=f"{n} modes are fewer than {lowest} lowest and {spread} more"):
        spread_indices(n, lowest, spread)


def test_modes_at_rest_are_left_out(packing, modes):
    everything = normal_modes(dynamical_matrix(packing, SPHERES))
    # three translations, and three of the rattler
    assert len(modes.omega) == len(modes.residual) == 3 * 128 - 6
    np.testing.assert_allclose(modes.omega, everything.omega[6:], rtol=1e-9)
    assert everything.omega[5] < 1e-6 < 0.01 < modes.omega[0]
    (rattler,) = np.flatnonzero(loose_atoms(packing, SPHERES))
    e = modes.polarizations.reshape(128, 3, -1)
    assert abs(e[rattler]).max() < 1e-9 and abs(e.sum(axis=0)).max() < 1e-9


@pytest.mark.parametrize("n_modes", [None, 10])
def test_a_sphere_that_touches_nothing_adds_no_modes(n_modes):
    # a crystal, hardly compressed, with a hole of thirteen
    atoms = bulk("X", "fcc", 2**0.5 * (1 - 1e-10), cubic=True).repeat(3)
    hole = atoms.get_distances(50, range(len(atoms)), mic=True) < 1.1
    centre = atoms.positions[50]
    del atoms[hole]
    expected = moving_modes(atoms, SPHERES, n_modes).omega
    assert len(expected) == (n_modes or 3 * len(atoms) - 3) and expected[0] > 0.1
    for shift in (0, 0.2):
        atoms += Atoms("X", [centre + shift])
        found = moving_modes(atoms, SPHERES, n_modes).omega
        np.testing.assert_allclose(found, expected, rtol=1e-8)
        atoms.pop()


@pytest.mark.parametrize("n_modes", [6, 100])
def test_the_lowest_modes_alone_are_those_of_all(packing, modes, n_modes):
    # 6 by iteration, 100 of 384 by diagonalising
    found = moving_modes(packing, SPHERES, n_modes)
    np.testing.assert_allclose(found.omega, modes.omega[:n_modes], rtol=1e-8)
    overlap = abs((found.polarizations * modes.polarizations[:, :n_modes]).sum(axis=0))
    np.testing.assert_allclose(overlap, 1, atol=1e-6)


def test_the_table_holds_what_the_pushes_found(table, packing, modes, pushed):
    for name in EXACT:
        np.testing.assert_array_equal(table[name], [getattr(t, name) for t in pushed], err_msg=name)
        assert table[name].dims == ("pushed",)
    assert table.mode_index.values.tolist() == INDICES
    np.testing.assert_array_equal(table.n_loose, [t.loose.sum() for t in pushed])
    # loose before, each of them
    assert table.n_loose.min() == 1
    np.testing.assert_array_equal(table.frequency, modes.omega)
    third = expand_energy(packing, SPHERES, modes.polarizations[:, 3]).critical_amplitude
    assert table.third_order_amplitude.values[3] == pytest.approx(third[0]) and table.sizes["mode"] == 378
    assert table.attrs["n_atoms"] == 128 and table.attrs["potential"] == "harmonic-spheres"
    assert table.attrs["number_density"] == pytest.approx(0.65 * 6 / np.pi)


def test_a_mode_that_never_left_leaves_no_trace(table, pushed):
    row = table.isel(pushed=2)
    assert row.amplitude == np.inf and row.transition == -1 and row.distance == 0 and row.sign == 0
    for name in ("tail_exponent", "tail_low", "tail_high", "barrier", "energy", "inner_product", "n_rearranged"):
        assert np.isnan(row[name]), name
    assert row.returned_amplitude == AMPLITUDES[1] and row.pushes == 4
    assert np.isfinite(table.amplitude.values[[0, 1, 3, 4]]).all()


def test_a_label_is_a_minimum(table, pushed):
    labels, energy = table.transition.values, table.energy.values
    left = np.flatnonzero(labels >= 0)
    # in the order of first appearance, more than one of them, one more than once
    assert list(dict.fromkeys(labels[left])) == list(range(table.sizes["transition_label"]))
    assert 1 < table.sizes["transition_label"] < len(left)
    for a in left:
        for b in left:
            assert (abs(energy[a] - energy[b]) < 1e-9) == (labels[a] == labels[b])


def test_what_moved_most_comes_first(table, packing, modes, pushed):
    short = tabulate_transitions(packing, SPHERES, modes, INDICES, pushed, largest=10)
    assert table.sizes["rank"] == 128 and short.sizes["rank"] == 10
    for label in range(table.sizes["transition_label"]):
        first = pushed[int(np.flatnonzero(table.transition.values == label)[0])].displacements
        atoms, moved = table.moved_atom.values[label], table.moved.values[label]
        assert sorted(atoms) == list(range(128))
        np.testing.assert_array_equal(moved, first[atoms].astype("f4"))
        size = np.linalg.norm(first, axis=1)
        assert (np.diff(size[atoms]) <= 0).all()
        np.testing.assert_array_equal(short.moved_atom.values[label], atoms[:10])
        np.testing.assert_array_equal(short.moved.values[label], moved[:10])
        # the profile is of the same push
        profile = displacement_profile(packing, pushed[int(np.flatnonzero(table.transition.values == label)[0])])
        k = len(profile.distance)
        np.testing.assert_array_equal(table.shell_distance.values[label, :k], profile.distance)
        np.testing.assert_array_equal(table.shell_displacement.values[label, :k], profile.displacement)
        assert np.isnan(table.shell_distance.values[label, k:]).all()


def test_pushing_and_tabulating_in_one_go_is_the_same(packing, table, tmp_path):
    found = push_modes(packing, SPHERES, 2, 1, n_modes=6, folder=tmp_path, workers=1)
    assert found.mode_index.values.tolist() == [0, 1, 5] and found.attrs["method"] == "fire"
    expected = table.isel(pushed=[0, 1, 3])
    for name in ("amplitude", "returned_amplitude", "distance", "energy", "barrier", "inner_product", "n_rearranged"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, err_msg=name)
    np.testing.assert_array_equal(found.transition, expected.transition)
    np.testing.assert_allclose(found.frequency, table.frequency[:6], rtol=1e-8)
    np.testing.assert_allclose(found.third_order_amplitude, table.third_order_amplitude[:6], rtol=1e-5)
    # finished modes are kept, and read back instead of pushed again
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/mode-*.npz")}
    assert len(kept) == 3
    again = push_modes(packing, SPHERES, 2, 0, n_modes=6, folder=tmp_path, workers=1)
    for name in EXACT:
        np.testing.assert_array_equal(again[name], found[name][:2], err_msg=name)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/mode-*.npz")} == kept


def test_the_other_minimiser_is_used(packing, table):
    found = push_modes(packing, SPHERES, 1, n_modes=2, method="cg", workers=1)
    assert found.attrs["method"] == "cg" and found.mode_index.values.tolist() == [0]
    np.testing.assert_allclose(found.amplitude, table.amplitude[:1], rtol=0.05)
    with pytest.raises(ValueError, match="2 modes are fewer than 3 lowest"):
        push_modes(packing, SPHERES, 3, n_modes=2)


def test_modes_that_are_pushed_again_leave_where_they_did_or_are_refused(table, packing, monkeypatch):
    monkeypatch.setattr(pushes, "load", {"a packing": packing}.__getitem__)
    named = table.assign_attrs(name="a packing")
    assert pushes.check_modes(named, 2) < 1e-6
    # the second mode leaves before the amplitude that the table gives then
    named["amplitude"] = named.amplitude * np.r_[1, 1.1, np.ones(3)]
    assert pushes.check_modes(named, 1) < 1e-6
    with pytest.raises(ValueError, match="by more than 5 %"):
        pushes.check_modes(named, 2)


def test_as_many_transitions_as_modes_are_needed(packing, modes, pushed):
    with pytest.raises(ValueError, match="4 modes were named and 5 transitions given"):
        tabulate_transitions(packing, SPHERES, modes, INDICES[:4], pushed)


def _made_up(displacements, amplitude=0.1):
    values = dict.fromkeys(("returned_amplitude", "energy", "barrier", "inner_product", "returned_distance"), 0.1)
    return Transition(
        **values, amplitude=amplitude, left_distance=0.2, sign=1, unconverged=0, pushes=1, capped=False,
        loose=np.zeros(len(displacements), bool), displacements=displacements,
    )  # fmt: skip


def _random_modes(n, k):
    e = np.linalg.qr(np.random.default_rng(2).standard_normal((3 * n, k)))[0]
    return Modes(np.arange(1.0, k + 1), e, np.zeros(k))


def test_a_standing_wave_is_told_from_a_single_atom():
    atoms = Atoms("X600", np.random.default_rng(5).uniform(0, 8, (600, 3)), cell=[8] * 3, pbc=True)
    e = np.zeros((600, 3, 2))
    e[:, 2, 0] = np.cos(2 * np.pi * atoms.positions[:, 0] / 8)
    e[9, 1, 1] = 1
    e = e.reshape(1800, 2) / np.linalg.norm(e.reshape(1800, 2), axis=0)
    table = tabulate_transitions(atoms, SPHERES, Modes(np.ones(2), e, np.zeros(2)), [], [])
    # <cos^2>^2 / <cos^4>
    np.testing.assert_allclose(table.participation_ratio, [2 / 3, 1 / 600], rtol=0.05)
    np.testing.assert_allclose(table.phonon_order_parameter, [1, 0], atol=0.1)


def test_shorter_profiles_are_filled_up_and_tails_have_their_exponents():
    rng = np.random.default_rng(3)
    atoms = Atoms("X2500", rng.uniform(0, 14, (2500, 3)), cell=[14] * 3, pbc=True)
    # around the first there is nothing in the nearest shells
    del atoms[(lambda r: (r > 0) & (r < 2.2))(atoms.get_distances(0, range(2500), mic=True))]
    n, found = len(atoms), []
    for centre, a in ((0, 2.0), (n - 1, 3.0)):
        u = rng.standard_normal((n, 3))
        r = np.maximum(atoms.get_distances(centre, range(n), mic=True), 0.5)
        found.append(_made_up(u * (r**-a / np.linalg.norm(u, axis=1))[:, None]))
    never = _made_up(np.zeros((n, 3)), np.inf)
    order = [found[0], never, found[1], found[0]]
    table = tabulate_transitions(atoms, SPHERES, _random_modes(n, 5), [0, 1, 3, 4], order)
    assert table.transition.values.tolist() == [0, -1, 1, 0]
    lengths = np.isfinite(table.shell_distance.values).sum(axis=1)
    assert lengths[0] < lengths[1] == table.sizes["shell"]
    assert np.isnan(table.shell_displacement.values[0, lengths[0] :]).all()
    assert np.isfinite(table.shell_displacement.values[0, : lengths[0]]).all()
    assert (np.diff(table.shell_distance.values[0, : lengths[0]]) > 0).all() and table.shell_distance[0, 0] > 2
    np.testing.assert_allclose(table.tail_exponent, [2, np.nan, 3, 2], atol=0.15)
    assert (table.tail_low < table.tail_exponent).values.tolist() == [True, False, True, True]
    assert (table.tail_high > table.tail_exponent).values.tolist() == [True, False, True, True]
    # the centre moved most; 300 of the others are kept
    assert table.moved_atom.values[:, 0].tolist() == [0, n - 1] and table.sizes["rank"] == 300


def test_the_third_order_is_of_the_line_that_is_pushed():
    # in an alloy a push is along e / sqrt(m)
    alloy = replace(potentials.get("kob-andersen"), masses=(1.0, 4.0))
    rng = np.random.default_rng(6)
    grid = np.stack(np.meshgrid(*[np.arange(5)] * 3), axis=-1).reshape(-1, 3) * 1.1
    atoms = Atoms(rng.choice(alloy.elements, 125), grid + rng.normal(0, 0.02, (125, 3)), cell=[5.5] * 3, pbc=True)
    modes = _random_modes(125, 4)
    table = tabulate_transitions(atoms, alloy, modes, [], [])
    root = np.repeat(np.sqrt(np.array(alloy.masses)[alloy.types(atoms)]), 3)
    expected = expand_energy(atoms, alloy, modes.polarizations / root[:, None]).critical_amplitude
    np.testing.assert_allclose(table.third_order_amplitude, expected)
    assert table.sizes["pushed"] == table.sizes["transition_label"] == 0


@pytest.mark.parametrize("encoded", [False, True])
def test_tables_are_written_and_read_back(project, table, packing, modes, pushed, encoded):
    nothing = tabulate_transitions(packing, SPHERES, modes, [2, 2], [pushed[2]] * 2)
    assert nothing.sizes["transition_label"] == 0
    assert shipped_results("transitions") == []
    for name, data in (("some-fire", table), ("none-cg", nothing)):
        encoding = {name: {"zlib": True, "shuffle": True} for name in data.variables} if encoded else None
        data.to_netcdf(project / f"{name}.nc", engine="h5netcdf", encoding=encoding)
        take_result("transitions", project / f"{name}.nc", {"name": name, "key": "k"})
    assert shipped_results("transitions") == ["none-cg", "some-fire"]
    for name, data in (("some-fire", table), ("none-cg", nothing)):
        found = load_result("transitions", name)
        xr.testing.assert_identical(found, data)
        assert {k: v.dtype for k, v in found.variables.items()} == {k: v.dtype for k, v in data.variables.items()}
    # in memory: the file may be replaced while the data are in use
    found = load_result("transitions", "some-fire")
    assert [t.identical(found) for t in archived_tables("some-")] == [True] and archived_tables("other") == []
    (project / "some-fire.nc").unlink()
    assert found.amplitude.values[0] == table.amplitude.values[0]


def test_a_table_that_is_not_shipped_is_refused(project, table):
    with pytest.raises(ValueError, match=r"no result of the kind 'transitions' is named 'glass-fire': there are none"):
        load_result("transitions", "glass-fire")
    table.to_netcdf(project / "other-fire.nc", engine="h5netcdf")
    for name in ("glass-fire", "other", "other-fire.nc"):
        with pytest.raises(ValueError, match=rf"is named '{name}': there are 1, such as other-fire; `make data`"):
            load_result("transitions", name)
