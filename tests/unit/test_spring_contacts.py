"""Contact networks of crystals and of an archived glass."""

import numpy as np
import pytest

from bosonpeak.networks.lattices import lattice_network
from bosonpeak.papers.spring_network import contacts
from bosonpeak.papers.spring_network.excess import measure_excess
from bosonpeak.papers.spring_network.lattice_green import debye_level_of_lattice


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
