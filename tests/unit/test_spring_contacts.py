"""Contact networks of crystals and of an archived glass, and the glass's own springs."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from bosonpeak.materials.glasses import load
from bosonpeak.networks.lattices import lattice_network
from bosonpeak.papers.spring_network import contacts, figures
from bosonpeak.papers.spring_network.excess import measure_excess
from bosonpeak.papers.spring_network.lattice_green import debye_level_of_lattice
from bosonpeak.vibrations.hessian import bond_network


def test_a_contact_network_is_held_against_the_crystal_of_its_level():
    found = measure_excess(lattice_network("fcc", 5), "fcc", rng=0, resolution=0.08, n_vectors=32)
    assert found.stiffness == pytest.approx(1) and found.level == pytest.approx(debye_level_of_lattice("fcc"))
    control = contacts.fcc_control(500)
    assert control.net == pytest.approx(found.net, rel=1e-12)


def test_glasses_have_contacts_up_to_the_first_minimum():
    found = contacts.measure_contacts(["lennard-jones-n1000-instant-s1"], 2.4, 0.02, [1.0, 0.8])
    assert found.atoms == 1000 and 1.3 < found.cutoff < 1.7
    near, nearest = (found.contacts[factor] for factor in (1.0, 0.8))
    assert 10 < near.coordination < 16 and nearest.coordination < near.coordination and 0 < near.spread < 4
    assert near.excess.samples[0].rigid and len(nearest.excess.samples) == 1
    inside = near.excess.values("interior").sum()
    assert contacts.count_interior([found, found]) == (2 * inside, 2)
    # the crystal has the Debye level of the contacts
    level = debye_level_of_lattice("fcc") * near.excess.values("stiffness") ** -1.5
    np.testing.assert_allclose(near.excess.values("level"), level)


def test_springs_of_a_glass_are_the_positive_second_derivatives():
    name = "lennard-jones-n1000-instant-s1"
    found = contacts.own_stiffness([name], 2.4, 0.02)
    # the springs end where the contacts do
    cutoff = contacts.measure_contacts([name], 2.4, 0.02, [1.0]).cutoff
    atoms = load(name)
    network = bond_network(atoms, "lennard-jones", cutoff)
    box = atoms.cell.lengths()
    positions = atoms.get_positions(wrap=True)
    pairs = cKDTree(positions, boxsize=box).query_pairs(cutoff, output_type="ndarray")
    away = positions[pairs[:, 1]] - positions[pairs[:, 0]]
    r = np.linalg.norm(away - box * np.round(away / box), axis=1)
    k = 624 * r**-14 - 168 * r**-8
    k = k[k > 0]
    assert network.coordination().mean() == pytest.approx(2 * len(k) / 1000)
    np.testing.assert_allclose(np.sort(found.stiffness[0]), np.sort(k / k.mean()), rtol=1e-6)
    assert found.weak[0] == pytest.approx((k < 0.1 * k.mean()).mean())
    assert found.variance[0] == pytest.approx(k.var() / k.mean() ** 2)
    seen = measure_excess(network, "fcc", rng=0, **contacts._KERNEL)
    assert found.excess.samples[0].net == seen.net and seen.rigid


def test_the_drawing_of_stiffnesses_has_the_norm_of_all_springs(axes):
    springs = [np.array([0.05, 0.5, 1.0, 1.5]), np.array([0.5, 1.0, 1.0, 9.0])]
    figures.draw_stiffnesses(axes, {"a": SimpleNamespace(stiffness=springs)})
    values, edges, _ = axes.patches[0].get_data()
    assert values @ np.diff(edges) == pytest.approx(7 / 8)
