"""Crystalline order before and after a push."""

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.archive.glasses import load
from bosonpeak.archive.results import load_result
from bosonpeak.papers.xu_2010 import order


def test_a_crystal_is_crystalline_and_a_glass_is_not():
    for structure, cubic in (("fcc", True), ("bcc", True)):
        crystal = bulk("Ar", structure, 1.6 if structure == "fcc" else 1.27, cubic=cubic).repeat(4)
        assert order.crystalline(crystal).all(), structure
    assert order.crystalline(load("harmonic-spheres-n1000-instant-s1")).mean() < 0.05
    # where it is shaken by a fifth of the distance it is no longer a crystal
    shaken = bulk("Ar", "fcc", 1.6, cubic=True).repeat(5)
    shaken.positions += np.random.default_rng(1).normal(0, 0.2, shaken.positions.shape)
    assert order.crystalline(shaken).mean() < 0.2


def test_a_push_is_made_again_as_it_is_archived(tmp_path):
    archived, plan = load_result("measurements", "mizuno-2020-order"), order.ORDER.parameters
    name, mode = plan["glasses"][2], plan["modes"][2]
    live = order.measure_order([name], [mode], folder=tmp_path)
    for key in ("before", "after", "energy", "distance"):
        assert live[key].item() == pytest.approx(archived[key].sel(glass=name).item(), rel=1e-6)
