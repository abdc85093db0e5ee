"""The networks of the chapter: which ones there are, and how each is built from a size and a seed.

Everything is in reduced units: lengths in the lattice constant a, stiffnesses in t0, masses in m, and frequencies
omega in sqrt(t0/m).
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bosonpeak.networks import SpringNetwork, diluted_square_lattice, square_lattice_network
from bosonpeak.networks.placement import binomial_variance, network_with_variance
from bosonpeak.papers.jiang_2026.rewiring import rewire

DISORDERS = (0.1, 0.2, 0.3)
"""Displacements of the nodes that the paper studies, in units of a."""
VANISHING, STRONG = 1e-6, 0.5
"""A displacement that is nearly zero, and one beyond those of the paper."""

FAMILIES = {
    "fixed": {"rule": "fixed"},
    "distance": {"rule": "distance"},
    "uniform": {"rule": "distance", "springs": "uniform"},
}
"""Families of displaced networks, with the options of `square_lattice_network` that make them."""

Kind = tuple[str, float]
"""A family and a disorder, such as ("distance", 0.3)."""


@dataclass(frozen=True)
class SmallEnsemble:
    """The networks of the paper's size, the same seeds in each family.

    Attributes
    ----------
    networks : dict
        For each family of `FAMILIES` and each disorder of `DISORDERS` a list of networks, one for each seed.
    crystal : SpringNetwork
        The square lattice of the same size.
    """

    networks: dict[Kind, list[SpringNetwork]]
    crystal: SpringNetwork


def small_ensemble(n: int, seeds: int) -> SmallEnsemble:
    """Build the networks of n x n nodes with the seeds 0 to seeds - 1.

    Parameters
    ----------
    n : int
        Nodes along an edge, at least 3.
    seeds : int
        Networks for each family and disorder. The same seed gives the same positions of the nodes in all families.

    Returns
    -------
    SmallEnsemble
    """
    found = {
        (family, d): [square_lattice_network(n, d, rng=seed, **options) for seed in range(seeds)]
        for (family, options), d in itertools.product(FAMILIES.items(), DISORDERS)
    }
    return SmallEnsemble(found, square_lattice_network(n, 0.0))


def coordination_of(small: SmallEnsemble) -> dict[float, tuple[float, float]]:
    """Mean and variance of the coordination of the displaced networks, which undisplaced lattices are given.

    Parameters
    ----------
    small : SmallEnsemble

    Returns
    -------
    dict
        For each disorder the mean over the networks, and the mean variance within one network.
    """
    numbers = {d: [network.coordination() for network in small.networks["distance", d]] for d in DISORDERS}
    return {d: (float(np.mean(found)), float(np.mean([z.var() for z in found]))) for d, found in numbers.items()}


def random_springs(n: int, mean: float, variance: float, rng=None) -> SpringNetwork:
    """Undisplaced lattice with equal springs at random places, of a given mean and variance of the coordination.

    Springs along diagonals raise the variance above that of a lattice that is diluted to the mean, and springs that
    are moved from node to node lower it.

    Parameters
    ----------
    n : int
        Nodes along an edge.
    mean, variance : float
    rng : int, optional

    Returns
    -------
    SpringNetwork
    """
    if mean <= 4 and variance < binomial_variance(4, mean):
        return network_with_variance("square", n, mean, variance, rng=rng)
    return diluted_square_lattice(n, mean, variance, rng=rng)


def mixed_springs(n: int, disorder: float, rng=None) -> SpringNetwork:
    """Four springs at every node with the stiffnesses t0/r of displaced nodes, exchanged among the springs."""
    network = square_lattice_network(n, disorder, rng=rng)
    return replace(network, stiffness=np.random.default_rng([rng, 1]).permutation(network.stiffness))


def rewired_springs(n: int, disorder: float, rng=None) -> SpringNetwork:
    """The network of the distance rule with equal springs, exchanged so that every node keeps its number of them."""
    return rewire(square_lattice_network(n, disorder, "distance", "uniform", rng=rng), rng)[0]


def large_kinds(small: SmallEnsemble) -> dict[Kind, Callable[..., SpringNetwork]]:
    """The kinds of networks that are built large, each with the function that builds it from a size and `rng`.

    Beyond the families of `FAMILIES` they are: four springs t0/r at every node at disorder 0.6, and the same springs
    of disorder 0.3 at random places ("mixed"); the distance rule at 0.5 and, with equal springs, at a vanishing
    displacement; the networks with equal springs rewired ("rewired"); undisplaced lattices of the displaced networks'
    mean coordination ("diluted"), and of the same mean and variance ("matched"); the crystal.

    Parameters
    ----------
    small : SmallEnsemble
        Its coordination is what the undisplaced lattices are given.

    Returns
    -------
    dict
        For each kind a function `build(n, rng=seed)`.
    """
    kinds = {
        (family, d): partial(square_lattice_network, disorder=d, **options)
        for (family, options), d in itertools.product(FAMILIES.items(), DISORDERS)
    }
    kinds |= {
        ("fixed", 0.6): partial(square_lattice_network, disorder=0.6),
        ("mixed", 0.3): partial(mixed_springs, disorder=0.3),
        ("distance", STRONG): partial(square_lattice_network, disorder=STRONG, rule="distance"),
        ("uniform", VANISHING): partial(square_lattice_network, disorder=VANISHING, **FAMILIES["uniform"]),
        ("crystal", 0.0): partial(square_lattice_network, disorder=0.0),
    }
    for d, (mean, variance) in coordination_of(small).items():
        kinds["rewired", d] = partial(rewired_springs, disorder=d)
        kinds["diluted", d] = partial(diluted_square_lattice, mean_coordination=mean)
        kinds["matched", d] = partial(random_springs, mean=mean, variance=variance)
    return kinds
