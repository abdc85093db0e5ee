"""Networks of equal springs on the contacts of real glasses, compared with the fcc crystal of equal Debye level."""

from dataclasses import dataclass

import numpy as np

from bosonpeak.materials.glasses import load
from bosonpeak.networks.lattices import contact_network, lattice_network
from bosonpeak.papers.spring_network.excess import Excess, Group, measure_excess
from bosonpeak.structure.pair_distribution import first_minimum, pair_distribution

_KERNEL = {"resolution": 0.08, "n_vectors": 32}


@dataclass(frozen=True)
class Contacts:
    """Networks on the contacts of several glasses up to one distance.

    Attributes
    ----------
    coordination, spread : float
        Mean and standard deviation of the number of springs over all nodes.
    excess : Group
        Of the glasses over fcc.
    """

    coordination: float
    spread: float
    excess: Group


@dataclass(frozen=True)
class GlassContacts:
    """Networks on the contacts of glasses of one kind: number of atoms of the first, first minimum of the pair
    distribution (in the unit of the structures), and the contacts up to this distance times each factor."""

    atoms: int
    cutoff: float
    contacts: dict[float, Contacts]


def measure_contacts(names: list[str], reach: float, step: float, factors: list[float]) -> GlassContacts:
    """Equal springs between all atoms nearer than the first minimum of the pair distribution times each factor.

    Parameters
    ----------
    names : sequence of str
        Archived glasses of one kind.
    reach, step : float
        Longest distance and bin of the pair distribution, in the unit of the structures.
    factors : sequence of float
    """
    structures = [load(name) for name in names]
    pairs = [pair_distribution(atoms, reach, step) for atoms in structures]
    cutoff = first_minimum(pairs[0].r, np.mean([each.total for each in pairs], axis=0))
    contacts = {}
    for factor in factors:
        nets = [contact_network(a.get_positions(), np.array(a.cell), factor * cutoff) for a in structures]
        z = np.concatenate([network.coordination() for network in nets])
        excess = Group([measure_excess(network, "fcc", rng=s, **_KERNEL) for s, network in enumerate(nets)])
        contacts[factor] = Contacts(float(z.mean()), float(z.std()), excess)
    return GlassContacts(len(structures[0]), cutoff, contacts)


def fcc_control(nodes: int) -> Excess:
    """Excess of an fcc crystal of about this many nodes, whose only disorder is that of the random vectors."""
    return measure_excess(lattice_network("fcc", round((nodes / 4) ** (1 / 3))), "fcc", rng=0, **_KERNEL)


def count_interior(glasses: list[GlassContacts]) -> tuple[int, int]:
    """In how many networks on all nearest neighbours g / omega^2 has a maximum of its own, and how many there are."""
    inside = np.concatenate([found.contacts[1.0].excess.values("interior") for found in glasses])
    return int(inside.sum()), len(inside)
