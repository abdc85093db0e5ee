"""Moduli of atoms in 3D: against stress by LAMMPS under a direct strain, waves of crystals, and cubic symmetry."""

import math

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.materials import potentials
from bosonpeak.materials.glasses import GlassRecipe, melt_quench
from bosonpeak.materials.lammps import Session
from bosonpeak.units import RAD_PER_PS
from bosonpeak.vibrations.debye import debye_frequency, plane_waves
from bosonpeak.vibrations.elasticity import GPA, elastic_moduli, phonon_shells
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes

VOIGT = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]


def direct_moduli(atoms, potential, strain, tolerance, method):
    """Stress of LAMMPS at +-strain of each kind, minimised, in the frame of the cell: (6, 6)."""
    columns = []
    for a, b in VOIGT:
        stresses = []
        for sign in (1, -1):
            eta = np.zeros((3, 3))
            eta[a, b] += sign * strain / 2
            eta[b, a] += sign * strain / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ (np.eye(3) + eta), scale_atoms=True)
            with Session(strained, potential) as session:
                assert session.minimise(tolerance, method).converged
                p = [session.thermo(name) for name in ("pxx", "pyy", "pzz", "pyz", "pxz", "pxy")]
                rotation = session._prism.rot_mat
            tensor = -rotation @ np.array([[p[0], p[5], p[4]], [p[5], p[1], p[3]], [p[4], p[3], p[2]]]) @ rotation.T
            stresses.append([tensor[a, b] for a, b in VOIGT])
        columns.append((np.array(stresses[0]) - stresses[1]) / (2 * strain))
    return np.array(columns).T


def small_glass(name, folder, n=256):
    composition, density, melt = {
        "harmonic-spheres": ("X", 0.73 * 6 / math.pi, math.inf),
        "kob-andersen": ("Ni80P20", 1.2, 1.0),
    }[name]
    recipe = GlassRecipe(
        name, composition, n, math.inf, 3, melt_temperature=melt, melt_time=4.0, number_density=density,
        force_tolerance=1e-11,
    )  # fmt: skip
    return melt_quench(recipe, folder)


@pytest.mark.parametrize("name", ["harmonic-spheres", "kob-andersen"])
def test_moduli_of_a_glass_are_those_of_a_direct_strain(name, tmp_path):
    """Glasses under pressure and with shear stress left in: both enter the moduli."""
    potential = potentials.get(name)
    atoms = small_glass(name, tmp_path)
    found = elastic_moduli(atoms, potential)
    assert found.pressure == pytest.approx(atoms.info["pressure"], rel=1e-9)
    method = "fire" if name == "harmonic-spheres" else "cg"
    direct = direct_moduli(atoms, potential, 1e-6, 1e-12, method)
    np.testing.assert_allclose(found.C, direct, atol=2e-6 * found.C.max())
    # atoms that give way make it softer
    assert found.affine_shear > 1.3 * found.shear


def test_moduli_of_a_metallic_glass_agree_within_the_noise_of_the_table(tmp_path):
    potential = potentials.get("cu-zr-mendelev-2009")
    atoms = melt_quench(GlassRecipe(potential.name, "Cu50Zr50", 108, 1e15, 1, melt_time=1.0), tmp_path)
    found = elastic_moduli(atoms, potential)
    direct = direct_moduli(atoms, potential, 1e-4, 1e-9, "cg") * 1e-4  # bar to GPa
    np.testing.assert_allclose(found.C * GPA, direct, atol=0.03 * found.C.max() * GPA)
    assert abs(found.pressure) * GPA * 1e4 < 2  # bar


@pytest.mark.parametrize("edge", [1.56, 1.5])
def test_waves_of_a_crystal_under_pressure_travel_at_the_speeds_of_the_moduli(edge):
    """rho v^2 = C_11 - p and C_44 - p along a cube axis: the lowest modes of a long bar of fcc Lennard-Jones."""
    potential, length = potentials.get("lennard-jones"), 40
    found = elastic_moduli(bulk("Ar", "fcc", edge, cubic=True).repeat(4), potential)
    bar = bulk("Ar", "fcc", edge, cubic=True).repeat((length, 1, 1))
    omega = normal_modes(dynamical_matrix(bar, potential), 12).omega[3:]
    q = 2 * np.pi / (length * edge)
    transverse = math.sqrt(found.C[3, 3] / found.density) * q
    longitudinal = math.sqrt(found.C[0, 0] / found.density) * q
    # the dispersion of a chain: sin(q a / 4) / (q a / 4), a / 2 between planes
    bend = math.sin(q * edge / 4) / (q * edge / 4)
    assert abs(found.pressure) > 0.2
    np.testing.assert_allclose(omega[:4], transverse * bend, rtol=2e-3)
    assert abs(omega - longitudinal * bend).min() < 2e-3 * longitudinal


def test_copper_is_cubic_and_its_constants_are_the_potentials():
    potential = potentials.get("cu-zr-mendelev-2009")
    with Session(bulk("Cu", "fcc", 3.64, cubic=True).repeat(3), potential) as session:
        session.minimise(1e-10, relax_box=True)
        found = elastic_moduli(session.atoms(), potential)
    C = found.C * GPA
    expected = np.zeros((6, 6))
    expected[:3, :3] = C[0, 1]
    expected[range(6), range(6)] = [C[0, 0]] * 3 + [C[3, 3]] * 3
    np.testing.assert_allclose(C, expected, atol=1e-6 * C[0, 0])
    # measured: 176, 125, 82 GPa (Overton and Gaffney, Phys. Rev. 98, 969 (1955)); the potential is fitted to them
    assert C[0, 0] == pytest.approx(176, rel=0.05)
    assert C[0, 1] == pytest.approx(125, rel=0.05)
    assert C[3, 3] == pytest.approx(82, rel=0.05)
    np.testing.assert_allclose(found.born, found.C, atol=1e-9)
    # amu/A^3 and eV/A^3: sound in A/ps, 10 A/ps = 1 km/s
    assert found.speeds[0] == pytest.approx(RAD_PER_PS * math.sqrt((found.bulk + 4 / 3 * found.shear) / found.density))
    assert 45 < found.speeds[0] < 55
    assert found.debye_level == pytest.approx(3 / debye_frequency(found.speeds, 4 / 3.639085**3, 3) ** 3, rel=1e-5)


def test_a_structure_that_shears_by_itself_is_refused():
    # simple cubic Lennard-Jones has no shear modulus
    with pytest.raises(ValueError, match="not a solid"):
        elastic_moduli(bulk("Ar", "sc", 1.3).repeat(5), potentials.get("lennard-jones"))


def test_phonon_shells_of_a_cube_are_the_plane_waves_in_a_box():
    omega, count = phonon_shells(10 * np.eye(3), 2.0, 6.0)
    expected, many = plane_waves(10.0, 6.0, 3, speed=2.0)
    np.testing.assert_allclose(omega, expected, rtol=1e-12)
    np.testing.assert_array_equal(count, many)
    assert count[0] == 6


def test_phonon_shells_do_not_depend_on_the_choice_of_cell_vectors():
    cell = np.array([[9.0, 0, 0], [1.0, 10.0, 0], [2.0, -1.0, 11.0]])
    other = np.array([[1, 0, 0], [1, 1, 0], [0, 2, 1]]) @ cell
    for a, b in zip(phonon_shells(cell, 1.3, 3.0), phonon_shells(other, 1.3, 3.0), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    with pytest.raises(ValueError, match="positive sound speed"):
        phonon_shells(cell, 0.0, 1.0)
