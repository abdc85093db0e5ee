"""Networks on the contacts of real glasses, with equal springs or the glass's own, compared with the fcc crystal.

The crystal is the one of equal Debye level.
"""

from dataclasses import dataclass

import numpy as np

from bosonpeak import statistics
from bosonpeak.materials.glasses import load
from bosonpeak.networks.lattices import contact_network, lattice_network
from bosonpeak.papers.spring_network.excess import Excess, Group, Interval, measure_excess
from bosonpeak.structure.pair_distribution import first_minimum, pair_distribution
from bosonpeak.vibrations.hessian import bond_network

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


def _load_with_minimum(names, reach, step) -> tuple[list, float]:
    """Archived glasses of one kind, and the first minimum of their mean pair distribution."""
    structures = [load(name) for name in names]
    pairs = [pair_distribution(atoms, reach, step) for atoms in structures]
    return structures, first_minimum(pairs[0].r, np.mean([each.total for each in pairs], axis=0))


def _excess_over_fcc(nets) -> Group:
    return Group([measure_excess(network, "fcc", rng=s, **_KERNEL) for s, network in enumerate(nets)])


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
    structures, cutoff = _load_with_minimum(names, reach, step)
    contacts = {}
    for factor in factors:
        nets = [contact_network(a.get_positions(), np.array(a.cell), factor * cutoff) for a in structures]
        z = np.concatenate([network.coordination() for network in nets])
        contacts[factor] = Contacts(float(z.mean()), float(z.std()), _excess_over_fcc(nets))
    return GlassContacts(len(structures[0]), cutoff, contacts)


@dataclass(frozen=True)
class OwnStiffness:
    """Scalar networks with the stiffnesses psi'' of glasses of one kind.

    Attributes
    ----------
    stiffness : list of array, shape (M,)
        Of each glass, in units of its mean.
    weak, variance : Interval
        Share of the springs below a tenth of the mean, and variance of these stiffnesses, over the glasses.
    excess : Group
        Of the networks over fcc.
    """

    stiffness: list[np.ndarray]
    weak: Interval
    variance: Interval
    excess: Group


def own_stiffness(names: list[str], reach: float, step: float) -> OwnStiffness:
    """Scalar springs psi'' on all neighbours up to the first minimum of the pair distribution, all masses equal.

    Neighbours with psi'' <= 0 have no spring.

    Parameters
    ----------
    names : sequence of str
        Archived glasses of one kind.
    reach, step : float
        Longest distance and bin of the pair distribution, in the unit of the structures.

    Raises
    ------
    ValueError
        As `pair_distribution` and `first_minimum`.
    """
    structures, cutoff = _load_with_minimum(names, reach, step)
    nets = [bond_network(atoms, atoms.info["potential"], cutoff) for atoms in structures]
    springs = [network.stiffness / network.stiffness.mean() for network in nets]
    weak = statistics.mean_interval([(k < 0.1).mean() for k in springs], 0, 1)
    variance = statistics.mean_interval([k.var() for k in springs], 0)
    return OwnStiffness(springs, weak, variance, _excess_over_fcc(nets))


def fcc_control(nodes: int) -> Excess:
    """Excess of an fcc crystal of about this many nodes, whose only disorder is that of the random vectors."""
    return measure_excess(lattice_network("fcc", round((nodes / 4) ** (1 / 3))), "fcc", rng=0, **_KERNEL)


def count_interior(glasses: list[GlassContacts]) -> tuple[int, int]:
    """In how many networks on all nearest neighbours g / omega^2 has a maximum of its own, and how many there are."""
    inside = np.concatenate([found.contacts[1.0].excess.values("interior") for found in glasses])
    return int(inside.sum()), len(inside)
