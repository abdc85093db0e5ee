"""Motion in a basin: a crystal against harmonic theory, harmonic draws against their own theory, and strings."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from bosonpeak.materials.dynamics import thermal_trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.thermal_motion.motion import basin_distance, longest_chain, mean_square_displacements
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.thermal import draw_harmonic, harmonic_displacements


@pytest.fixture(scope="module")
def crystal():
    potential = get("cu-zr-mendelev-2009")
    atoms = inherent_structure(bulk("Cu", "fcc", 3.64, cubic=True).repeat(3), potential, relax_box=True)
    return atoms, potential, normal_modes(dynamical_matrix(atoms, potential))


def test_a_cold_crystal_moves_as_harmonic_theory_says(crystal):
    atoms, potential, modes = crystal
    run = thermal_trajectory(atoms, potential, 20.0, 20.0, 0.05, seed=3, equilibration=5.0)
    theory = harmonic_displacements(modes, potential, atoms, run.temperature.mean())
    # 108 atoms for 20 ps: some per cent, all atoms alike
    assert mean_square_displacements(run.displacements).mean() == pytest.approx(theory.mean(), rel=0.1)
    assert np.ptp(theory) < 1e-6 * theory.mean()
    # half of the thermal energy is potential
    kinetic = 1.5 * 8.617333e-5 * run.temperature * (len(atoms) - 1)
    assert run.energy.mean() == pytest.approx(kinetic.mean(), rel=0.1)
    assert np.ptp(run.energy + kinetic) < 0.02 * kinetic.mean()
    assert run.time[-1] == pytest.approx(20.0) and run.displacements.shape == (400, 108, 3)


def test_harmonic_draws_have_the_theory_s_amplitudes(crystal):
    atoms, potential, modes = crystal
    times = np.arange(4000) * 0.05
    drawn = np.mean(
        [mean_square_displacements(draw_harmonic(modes, potential, atoms, 100.0, times, seed)) for seed in range(8)],
        axis=0,
    )
    theory = harmonic_displacements(modes, potential, atoms, 100.0)
    assert drawn.mean() == pytest.approx(theory.mean(), rel=0.05)


def test_one_oscillator_has_k_t_over_its_stiffness(crystal):
    _, potential, _ = crystal
    # two copper atoms on a spring along x, in an otherwise flat world: omega^2 = 2 k / m
    from bosonpeak.vibrations.modes import Modes

    k, m = 3.0, potential.masses[0]
    e = np.linalg.qr(np.column_stack([[1, 0, 0, -1, 0, 0], np.eye(6)]))[0][:, :6]
    omega = np.r_[np.sqrt(2 * k / m), np.full(5, 0.0)]
    modes = Modes(omega, e, np.zeros(6))
    pair = Atoms("Cu2", [[0, 0, 0], [2, 0, 0]], cell=[9] * 3, pbc=True)
    # <(x1 - x2)^2> = k_B T / k; each end has a quarter of it
    assert harmonic_displacements(modes, potential, pair, 300.0) == pytest.approx([8.617333e-5 * 300 / k / 4] * 2)


def test_too_few_modes_are_no_mean_square(crystal):
    from dataclasses import replace

    atoms, potential, modes = crystal
    few = replace(modes, omega=modes.omega[:50], polarizations=modes.polarizations[:, :50])
    with pytest.raises(ValueError, match="50 of 324 modes"):
        harmonic_displacements(few, potential, atoms, 100.0)
    with pytest.raises(ValueError, match="temperature = -1"):
        thermal_trajectory(atoms, potential, -1.0, 1.0, 0.1, seed=1)


def test_a_string_is_as_long_as_the_atoms_that_followed_one_another():
    row = Atoms("H6", [[2.0 * k, 0, 0] for k in range(6)], cell=[30, 30, 30], pbc=True)
    start, end = np.zeros((2, 6, 3))
    end[1:4, 0] = 1.9
    end[5, 1] = 3.0
    assert longest_chain(start, end, row, least=1.0, reach=0.5) == 3
    assert longest_chain(start, end, row, least=2.0, reach=0.5) == 1
    assert longest_chain(start, start, row, 1.0, 0.5) == 0


def test_a_ring_and_a_string_across_the_boundary_are_found():
    row = Atoms("H4", [[2.0 * k, 0, 0] for k in range(4)], cell=[8, 30, 30], pbc=True)
    end = np.zeros((4, 3))
    end[:, 0] = 2.0
    assert longest_chain(np.zeros((4, 3)), end, row, 1.0, 0.3) == 4
    # two that come to one place: the nearer takes it
    end[:] = 0
    end[0], end[2], end[1] = [1.9, 0, 0], [-1.7, 0, 0], [0, 5.0, 0]
    assert longest_chain(np.zeros((4, 3)), end, row, 1.0, 0.5) == 2


def test_the_longest_chain_is_that_of_a_walk_from_atom_to_atom():
    rng, box = np.random.default_rng(5), [9.0] * 3
    for _ in range(20):
        gas = Atoms("H40", rng.uniform(0, 9, (40, 3)), cell=box, pbc=True)
        start, end = 0.1 * rng.normal(size=(40, 3)), rng.normal(size=(40, 3))
        moved = [i for i in range(40) if np.linalg.norm(end[i] - start[i]) > 1.0]
        old, new = gas.positions + start, gas.positions + end
        target = {}
        for i in moved:
            apart = {j: np.linalg.norm((d := old[j] - new[i]) - 9 * np.rint(d / 9)) for j in moved if j != i}
            near = min(apart, key=apart.get)
            # the place that two atoms share belongs to the nearer one
            if apart[near] <= 1.5 and apart[near] < target.get(near, (None, np.inf))[1]:
                target[near] = (i, apart[near])
        follower = {place: i for place, (i, _) in target.items()}
        lengths = []
        for place in moved:
            length, at = 1, place
            while (at := follower.get(at, place)) != place:
                length += 1
            lengths.append(length)
        assert longest_chain(start, end, gas, 1.0, 1.5) == max(lengths)


def test_what_is_counted_from_the_mean_leaves_a_step_out_but_for_its_edges():
    u = np.zeros((100, 1, 3))
    u[:, 0, 0] = 2.0
    u[::2, 0, 1] = 0.2
    assert mean_square_displacements(u) == pytest.approx([4.02])
    assert mean_square_displacements(u, about_mean=True) == pytest.approx([0.01])


def test_a_small_shake_returns_and_an_exchange_does_not(crystal):
    atoms, potential, _ = crystal
    u = 0.05 * np.random.default_rng(4).normal(size=(108, 3))
    assert basin_distance(atoms, potential, u) < 1e-3
    swap = np.zeros((108, 3))
    j = int(np.argsort(atoms.get_distances(0, range(108), mic=True))[1])
    swap[0] = atoms.get_distance(0, j, mic=True, vector=True)
    swap[j] = -swap[0]
    assert basin_distance(atoms, potential, swap) > 2.0
