"""The energy along a mode, by closed forms of a pair of atoms and by differences of forces."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from bosonpeak.landscape.anharmonicity import expand_energy
from bosonpeak.materials import potentials
from bosonpeak.materials.lammps import Session
from bosonpeak.vibrations.hessian import bonds, energy, forces, hessian

LJ, SPHERES = potentials.get("lennard-jones"), potentials.get("harmonic-spheres")
DISTANCES = {"lennard-jones": 1.09, "kob-andersen": 1.06, "inverse-power-law": 1.17, "harmonic-spheres": 0.93}


def _crystal(name):
    """A shaken fcc crystal of one or two species: no symmetry left, and no pair near its cutoff."""
    potential, rng = potentials.get(name), np.random.default_rng(4)
    atoms = bulk("X", "fcc", DISTANCES[name] * 2**0.5, cubic=True).repeat(2)
    atoms.symbols = rng.choice(potential.elements, len(atoms))
    atoms.positions += rng.normal(0, 0.01, (len(atoms), 3))
    return atoms, potential, rng


def _slopes(atoms, potential, line, steps):
    moved, found = atoms.copy(), []
    for x in steps:
        moved.positions = atoms.positions + x * line.reshape(-1, 3)
        assert len(bonds(moved, potential).i) == len(bonds(atoms, potential).i)
        found.append(-(forces(moved, potential).ravel() @ line))
    return np.array(found)


@pytest.mark.parametrize("name", DISTANCES)
def test_every_order_is_the_derivative_of_the_forces(name):
    atoms, potential, rng = _crystal(name)
    directions = rng.standard_normal((3 * len(atoms), 2))
    found = expand_energy(atoms, potential, 3.0 * directions)
    for k, line in enumerate((directions / np.linalg.norm(directions, axis=0)).T):
        steps = 0.004 * np.arange(-4, 5)
        polynomial = np.polynomial.Polynomial.fit(steps, _slopes(atoms, potential, line, steps), 8)
        expected = [polynomial.deriv(order)(0.0) if order else polynomial(0.0) for order in range(4)]
        np.testing.assert_allclose(
            [found.first[k], found.second[k], found.third[k], found.fourth[k]], expected, rtol=1e-6, atol=1e-7
        )
        assert found.second[k] == pytest.approx(line @ (hessian(atoms, potential) @ line), rel=1e-10)


def _pair(potential, distance):
    return Atoms(potential.elements[0] * 2, [[0, 0, 0], [distance, 0, 0]], cell=[9, 9, 9], pbc=True)


def test_two_atoms_along_their_bond_have_the_derivatives_of_the_potential():
    r = 1.05
    # r = R + sqrt(2) x
    stretched = np.array([-1, 0, 0, 1, 0, 0])
    found = expand_energy(_pair(LJ, r), LJ, stretched)
    third = 4 * (-12 * 13 * 14 * r**-15 + 6 * 7 * 8 * r**-9)
    fourth = 4 * (12 * 13 * 14 * 15 * r**-16 - 6 * 7 * 8 * 9 * r**-10)
    assert found.third[0] == pytest.approx(2**1.5 * third) and found.fourth[0] == pytest.approx(4 * fourth)
    spheres = expand_energy(_pair(SPHERES, 0.9), SPHERES, stretched)
    np.testing.assert_allclose([spheres.second[0], spheres.third[0], spheres.fourth[0]], [2, 0, 0], atol=1e-12)


def test_two_spheres_moved_across_their_bond_are_anharmonic_by_geometry_alone():
    # (1 - sqrt(R^2 + 2 x^2))^2 / 2
    R = 0.8
    found = expand_energy(_pair(SPHERES, R), SPHERES, np.array([0, -1, 0, 0, 1, 0]))
    assert found.second[0] == pytest.approx(2 * (1 - 1 / R))
    assert found.third[0] == pytest.approx(0, abs=1e-12) and found.fourth[0] == pytest.approx(12 / R**3)


def test_the_estimate_of_the_paper_is_where_the_cubic_has_its_maximum():
    atoms = _pair(LJ, 2 ** (1 / 6))
    found = expand_energy(atoms, LJ, np.array([-1.0, 0, 0, 1, 0, 0]))
    x = found.critical_amplitude[0] * np.sqrt(2)
    assert found.third[0] < 0
    # the slope of kappa x^2 / 2 + tau x^3 / 6
    assert found.second[0] * x + found.third[0] * x**2 / 2 == pytest.approx(0, abs=1e-9)
    back = expand_energy(atoms, LJ, -np.array([-1.0, 0, 0, 1, 0, 0]))
    assert back.critical_amplitude == pytest.approx(found.critical_amplitude)
    assert expand_energy(_pair(SPHERES, 0.9), SPHERES, np.array([-1.0, 0, 0, 1, 0, 0])).critical_amplitude == np.inf


def test_embedded_atoms_are_expanded_by_differences():
    potential, rng = potentials.get("cu-zr-mendelev-2009"), np.random.default_rng(2)
    atoms = bulk("Cu", "fcc", 3.65, cubic=True).repeat(2)
    atoms.symbols[::3] = "Zr"
    atoms.positions += rng.normal(0, 0.02, (len(atoms), 3))
    line = rng.standard_normal(3 * len(atoms))
    line /= np.linalg.norm(line)
    found, h = expand_energy(atoms, potential, line), 0.02
    curvature, moved = [], atoms.copy()
    for x in (-h, 0, h):
        moved.positions = atoms.positions + x * line.reshape(-1, 3)
        curvature.append(line @ (hessian(moved, potential) @ line))
    assert found.first[0] == pytest.approx(-(forces(atoms, potential).ravel() @ line))
    assert found.second[0] == pytest.approx(curvature[1], rel=1e-3)
    assert found.third[0] == pytest.approx((curvature[2] - curvature[0]) / (2 * h), rel=0.05)


@pytest.mark.parametrize("name", DISTANCES)
def test_energies_along_a_line_are_those_of_lammps(name):
    atoms, potential, rng = _crystal(name)
    moved = atoms.copy()
    with Session(atoms, potential) as session:
        start, _ = session.evaluate(atoms.positions)
        for size in (1e-3, 0.03):
            moved.positions = atoms.positions + size * rng.standard_normal((len(atoms), 3))
            there, _ = session.evaluate(moved.positions)
            assert there - start == pytest.approx(energy(moved, potential) - energy(atoms, potential), abs=1e-10)


def test_directions_that_do_not_fit_are_refused():
    atoms = _pair(LJ, 1.1)
    for bad in (np.ones(5), np.zeros(6)):
        with pytest.raises(ValueError, match="2 atoms have directions of 6 numbers"):
            expand_energy(atoms, LJ, bad)
