"""Units against ASE and against the constants themselves."""

from math import pi, sqrt

import ase.units
import numpy as np
import pytest
from scipy import constants

from bosonpeak.units import MEV, RAD_PER_PS, THZ


def test_one_electronvolt_per_square_angstrom_and_dalton():
    # 1 eV/(A^2 amu) = 1.602176634e-19 J / (1e-20 m^2 * 1.66053907e-27 kg), in (rad/ps)^2
    assert RAD_PER_PS**2 == pytest.approx(9648.533, abs=5e-4)
    assert RAD_PER_PS**2 * 1e24 * constants.atomic_mass * 1e-20 == pytest.approx(constants.e, rel=1e-14)


def test_the_three_units_are_one_frequency():
    assert RAD_PER_PS == pytest.approx(98.22695, abs=1e-5)
    assert THZ == pytest.approx(15.63330, abs=1e-5)
    assert MEV == pytest.approx(64.65415, abs=1e-5)
    assert RAD_PER_PS / THZ == pytest.approx(2 * pi)
    # E = h nu, with h in meV/THz
    assert MEV / THZ == pytest.approx(constants.h / constants.e * 1e15, rel=1e-12)
    assert MEV / THZ == pytest.approx(4.135667696, rel=1e-9)
    # phonon programs print this one in wave numbers
    assert THZ * 1e12 / (100 * constants.c) == pytest.approx(521.4708, abs=1e-3)


def test_units_are_those_of_ase():
    # the unit of time of ASE is A sqrt(amu/eV); it carries slightly older constants
    assert 1000 * ase.units.fs == pytest.approx(RAD_PER_PS, rel=1e-6)
    vibrations = ase.units._hbar * 1e10 / sqrt(ase.units._e * ase.units._amu)
    assert vibrations * 1000 == pytest.approx(MEV, rel=1e-6)
    assert vibrations / ase.units.invcm == pytest.approx(521.4708, rel=1e-6)


def test_frequency_of_a_molecule_by_ase():
    """Two atoms on a spring: omega = sqrt(k / mu), here by ASE's own vibrational analysis."""
    from ase import Atoms
    from ase.vibrations.data import VibrationsData

    k, masses = 23.0, np.array([14.0, 16.0])
    hessian = np.zeros((2, 3, 2, 3))
    hessian[0, 0, 0, 0] = hessian[1, 0, 1, 0] = k
    hessian[0, 0, 1, 0] = hessian[1, 0, 0, 0] = -k
    atoms = Atoms("NO", [[0, 0, 0], [1.15, 0, 0]])
    atoms.set_masses(masses)
    energy = VibrationsData(atoms, hessian).get_energies().real.max() * 1000
    assert energy == pytest.approx(MEV * np.sqrt(k / (masses.prod() / masses.sum())), rel=1e-6)
