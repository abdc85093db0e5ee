"""Sound by direction: an isotropic solid, a cubic one along its axes, and counted modes of a crystal."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.elasticity import anisotropic_debye_level, elastic_moduli, sound_speeds


@pytest.fixture(scope="module")
def copper():
    potential = get("cu-zr-mendelev-2009")
    atoms = inherent_structure(bulk("Cu", "fcc", 3.64, cubic=True).repeat(3), potential, relax_box=True)
    return elastic_moduli(atoms, potential), len(atoms) / atoms.cell.volume, atoms.cell.lengths()[0] / 3


def test_an_isotropic_solid_has_its_own_debye_level(copper):
    elastic, density, _ = copper
    K, G = elastic.bulk, elastic.shear
    C = (K - 2 / 3 * G) * np.pad(np.ones((3, 3)), (0, 3)) + G * np.diag([2, 2, 2, 1, 1, 1])
    isotropic = replace(elastic, C=C)
    assert anisotropic_debye_level(isotropic, density) == pytest.approx(elastic.debye_level, rel=1e-9)
    np.testing.assert_allclose(sound_speeds(isotropic, np.eye(3)), [sorted(elastic.speeds)] * 3)


def test_speeds_along_the_axes_of_a_cubic_crystal(copper):
    elastic, _, _ = copper
    c11, c12, c44 = elastic.C[0, 0], elastic.C[0, 1], elastic.C[3, 3]
    scale = elastic.speeds[1] / np.sqrt(elastic.shear / elastic.density)
    expected = [
        np.sort([c44, c44, c11]),
        np.sort([(c11 - c12) / 2, c44, (c11 + c12 + 2 * c44) / 2]),
    ]
    found = sound_speeds(elastic, [[1, 0, 0], [np.sqrt(0.5), np.sqrt(0.5), 0]])
    np.testing.assert_allclose(found, scale * np.sqrt(np.array(expected) / elastic.density), rtol=1e-9)


def test_a_lattice_s_slowest_modes_are_counted_by_its_own_level(copper):
    elastic, density, edge = copper
    level = anisotropic_debye_level(elastic, density)
    # copper's soft [110] shear waves count most
    assert level > 1.2 * elastic.debye_level
    # waves that fit a large box, by their speeds: N(< omega) / (3 N) = level omega^3 / 3
    size = 60 * edge
    m = np.arange(-25, 26)
    k = np.stack(np.meshgrid(m, m, m), axis=-1).reshape(-1, 3)
    k = k[(k**2).sum(axis=1) > 0] * (2 * np.pi / size)
    length = np.linalg.norm(k, axis=1)
    omega = sound_speeds(elastic, k / length[:, None]) * length[:, None]
    top = 25 * (2 * np.pi / size) * sound_speeds(elastic, k / length[:, None]).min()
    assert (omega < top).sum() == pytest.approx(level * top**3 / 3 * 3 * density * size**3, rel=0.02)


def test_an_unstable_solid_has_no_sound(copper):
    elastic, density, _ = copper
    C = elastic.C.copy()
    C[0, 1] = C[1, 0] = 2 * C[0, 0]
    with pytest.raises(ValueError, match="not stable"):
        anisotropic_debye_level(replace(elastic, C=C), density)
