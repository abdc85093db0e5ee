"""Inputs of samples and atoms against the pair distributions they are cut from."""

import numpy as np
import pytest
from ase import Atoms

from bosonpeak.materials.glasses import GlassRecipe, load
from bosonpeak.materials.potentials import get
from bosonpeak.papers.tao_2023 import descriptors
from bosonpeak.papers.tao_2023.samples import DR, R_MAX, describe_sample, sample_table
from bosonpeak.structure.pair_distribution import atomic_pair_distribution, pair_distribution

NAMES = ["Cu50Zr50-mendelev-2009-n1000-1e13-s1", "Cu50Zr50-mendelev-2009-n1000-1e14-s1"]


@pytest.fixture(scope="module")
def glasses():
    return [load(name) for name in NAMES]


@pytest.fixture(scope="module")
def table(glasses):
    recipes = [GlassRecipe(**glass.info["recipe"]) for glass in glasses]
    return sample_table(recipes, [describe_sample(g, get("cu-zr-mendelev-2009")) for g in glasses])


def test_pair_functions_are_those_of_the_structures(glasses, table):
    for row, glass in enumerate(glasses):
        pairs = pair_distribution(glass, R_MAX, DR)
        partial = descriptors.partial_pair_functions(table)[row]
        assert pairs.elements == ("Cu", "Zr")
        for k, (a, b) in enumerate([(0, 0), (0, 1), (1, 1)]):
            np.testing.assert_allclose(partial[k], pairs.partial[a, b], rtol=1e-10)
        np.testing.assert_allclose(descriptors.total_pair_function(table)[row], pairs.total, rtol=1e-10)
    assert list(table.pair.values) == ["Cu-Cu", "Cu-Zr", "Zr-Zr"]


def test_inputs_have_the_width_they_should(table):
    assert descriptors.sample_inputs(table, "total g(r)").shape == (2, 120)
    partial = descriptors.sample_inputs(table, "partial g(r)")
    assert partial.shape == (2, 360)
    near = descriptors.sample_inputs(table, "partial g(r)", r_cut=5.0)
    assert (
        near.shape == (2, 150)
        and (near[:, :50] == partial[:, :50]).all()
        and (near[:, 50:100] == partial[:, 120:170]).all()
    )
    # 6.03 % of the modes, the paper's 724 of 12,000
    ratio = descriptors.sample_inputs(table, "participation ratio")
    assert ratio.shape == (2, 181)
    binary = descriptors.sample_inputs(table, "binary participation ratio", threshold=0.3)
    assert set(np.unique(binary)) == {0.0, 1.0} and ((ratio < 0.3) == (binary == 1)).all()
    assert descriptors.sample_inputs(table, "cooling rate")[:, 0] == pytest.approx([13, 14])
    for kind in descriptors.CONTROLS:
        assert descriptors.sample_inputs(table, kind).shape == (2, 1)


def test_bad_inputs_get_one_sentence(table):
    with pytest.raises(ValueError, match="unknown input 'angles'"):
        descriptors.sample_inputs(table, "angles")
    with pytest.raises(ValueError, match="leaves no shell"):
        descriptors.sample_inputs(table, "total g(r)", r_cut=0.01)
    at_once = table.assign(cooling_rate=("sample", [np.inf, 1e13]))
    with pytest.raises(ValueError, match="no cooling rate"):
        descriptors.sample_inputs(at_once, "cooling rate")


def test_atoms_have_four_channels_of_which_two_are_their_own(glasses):
    glass, r = glasses[0], np.arange(0.05, 7, 0.1)
    rows = descriptors.atomic_inputs(glass, r, 0.1)
    assert rows.shape == (1000, 4 * len(r))
    copper = np.array(glass.get_chemical_symbols()) == "Cu"
    cu_cu, cu_zr, zr_cu, zr_zr = rows.reshape(1000, 4, -1).transpose(1, 0, 2)
    assert not cu_cu[~copper].any() and not cu_zr[~copper].any() and not zr_cu[copper].any() and not zr_zr[copper].any()
    around = atomic_pair_distribution(glass, r, 0.1)
    np.testing.assert_array_equal(cu_zr[copper], around[copper, 1])
    np.testing.assert_array_equal(zr_cu[~copper], around[~copper, 0])


def test_atoms_of_one_element_have_no_four_channels():
    with pytest.raises(ValueError, match="those of two"):
        descriptors.atomic_inputs(Atoms("Cu4", np.eye(4, 3) * 2, cell=[9] * 3, pbc=True), [1.0, 2.0], 0.1)
