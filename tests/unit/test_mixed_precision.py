"""Modes reduced in single precision are those of double precision."""

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.materials.glasses import inherent_structure, load
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.mixed_precision import lowest_modes
from bosonpeak.vibrations.modes import normal_modes, participation_ratio


@pytest.fixture(scope="module")
def matrix():
    glass = load("Cu50Zr50-mendelev-2009-n500-1e14-s1")
    return dynamical_matrix(glass, get("cu-zr-mendelev-2009")).toarray()


def test_frequencies_and_participation_ratios_are_those_of_double_precision(matrix):
    wanted, found = normal_modes(matrix, 180), lowest_modes(matrix, 183)
    np.testing.assert_allclose(found.omega[3:180], wanted.omega[3:], rtol=1e-9)
    assert found.omega[:3].max() < 1e-3 * found.omega[3] and found.orthonormality < 1e-12
    # single precision alone is far from both
    top = abs(matrix.diagonal()).max()
    assert found.residual.max() < 1e-5 * top
    ratio = participation_ratio(found, 3)[3:180] / participation_ratio(wanted, 3)[3:]
    np.testing.assert_allclose(ratio, 1, atol=1e-4)


def test_degenerate_levels_of_a_crystal_come_out_whole():
    crystal = inherent_structure(bulk("Ar", "fcc", 1.56, cubic=True).repeat(4), get("lennard-jones"), 1e-10)
    crystal.set_masses(np.ones(len(crystal)))
    D = dynamical_matrix(crystal, get("lennard-jones"))
    np.testing.assert_allclose(lowest_modes(D, 120).omega[3:], normal_modes(D, 120).omega[3:], rtol=1e-9)


def test_bad_input_gets_one_sentence(matrix):
    with pytest.raises(ValueError, match="not a minimum"):
        lowest_modes(matrix - 0.01 * np.eye(len(matrix)), 30)
    with pytest.raises(ValueError, match="count = 0"):
        lowest_modes(matrix, 0)
    broken = matrix.copy()
    broken[0, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        lowest_modes(broken, 30)
