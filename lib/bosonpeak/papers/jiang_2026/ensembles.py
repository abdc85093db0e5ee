"""The networks of the chapter: which ones there are, and how each is built from a size and a seed.

Everything is in reduced units: lengths in the lattice constant a, stiffnesses in t0, masses in m, and frequencies
omega in sqrt(t0/m).
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bosonpeak.networks import SpringNetwork, diluted_square_lattice, square_lattice_network

DISORDERS = (0.1, 0.2, 0.3)
"""Displacements of the nodes that the paper studies, in units of a."""

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


def controls_of_coordination(small: SmallEnsemble) -> tuple[dict[float, float], dict[float, tuple[float, float]]]:
    """Coordination that undisplaced lattices must have to be compared with the displaced networks.

    Parameters
    ----------
    small : SmallEnsemble

    Returns
    -------
    diluted : dict
        Mean coordination of the displaced networks, for each disorder.
    matched : dict
        Mean and variance of the coordination, the latter within one network, for each disorder at which springs that
        are placed at random can have that variance: it must exceed the variance of a lattice that is diluted to the
        same mean.
    """
    n = int(small.crystal.box[0])
    numbers = {d: [network.coordination() for network in small.networks["distance", d]] for d in DISORDERS}
    diluted = {d: float(np.mean([number.mean() for number in found])) for d, found in numbers.items()}
    spread = {d: float(np.mean([number.var() for number in found])) for d, found in numbers.items()}
    least = {d: diluted_square_lattice(n, z, rng=0).coordination().var() for d, z in diluted.items()}
    return diluted, {d: (diluted[d], spread[d]) for d in DISORDERS if spread[d] > least[d]}


def large_kinds(small: SmallEnsemble) -> dict[Kind, Callable[..., SpringNetwork]]:
    """The kinds of networks that are built large, each with the function that builds it from a size and `rng`.

    Beyond the families of `FAMILIES` they are: four springs at every node at disorder 0.6; the crystal;
    undisplaced lattices of the displaced networks' mean coordination ("diluted"), and of the same mean and variance
    ("matched").

    Parameters
    ----------
    small : SmallEnsemble
        Its coordination is what the undisplaced lattices are given.

    Returns
    -------
    dict
        For each kind a function `build(n, rng=seed)`.
    """
    displaced = {
        (family, d): partial(square_lattice_network, disorder=d, **options)
        for (family, options), d in itertools.product(FAMILIES.items(), DISORDERS)
        if (family, d) != ("fixed", 0.1)
    }
    diluted, matched = controls_of_coordination(small)
    return {
        **displaced,
        ("fixed", 0.6): partial(square_lattice_network, disorder=0.6, rule="fixed"),
        ("crystal", 0.0): partial(square_lattice_network, disorder=0.0),
        **{("diluted", d): partial(diluted_square_lattice, mean_coordination=z) for d, z in diluted.items()},
        **{
            ("matched", d): partial(diluted_square_lattice, mean_coordination=z, variance=variance)
            for d, (z, variance) in matched.items()
        },
    }
