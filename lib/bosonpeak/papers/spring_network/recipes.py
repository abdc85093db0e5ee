"""Recipes of spring networks: all that determines a network, apart from its seed.

A `Recipe` with a seed is one network, and a `Sample` adds how many random vectors look at it. Samples are named
"<group> s<seed>"; a group is what the chapter averages over. Reduced units: length a, stiffness t0, mass m, omega in
sqrt(t0/m).
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import LATTICES, SpringDistribution, lattice_network
from bosonpeak.networks.placement import network_with_variance

EQUAL = SpringDistribution()
"""All springs 1."""


def gamma_springs(variance: float) -> SpringDistribution:
    """Gamma-distributed springs of mean 1 and this relative variance; equal springs where it is 0."""
    return SpringDistribution("gamma", 1.0, variance) if variance else EQUAL


def weakened_springs(weak: float) -> SpringDistribution:
    """Springs of mean 1, a fifth of them weakened to the stiffness `weak` in t0; equal springs where it is 1."""
    return SpringDistribution("two-valued", 1.0, (1 - weak) ** 2 / 4, weak_share=0.2) if weak < 1 else EQUAL


def two_values(weak_share: float, weak: float) -> SpringDistribution:
    """Springs of mean 1: a share of them with the stiffness `weak` in t0, and the others equally stiff."""
    return SpringDistribution("two-valued", 1.0, (1 - weak) ** 2 * weak_share / (1 - weak_share), weak_share)


SWEPT = {0.2: "dilution", 0.5: "halves", 0.8: "few-strong"} | {w: f"swept-{w}" for w in (0.25, 0.3, 0.4, 0.65)}
"""Names of the distributions of two values with mean 1 and variance 0.25, by the share of the weak springs."""

DISTRIBUTIONS = {
    "box": SpringDistribution("box", 1.0, 0.25),
    "halves": two_values(0.5, 0.5),
    "few-strong": two_values(0.8, 0.75),
    "gamma-0.25": gamma_springs(0.25),
    "dilution": two_values(0.2, 0.0),
    "half-dilution": two_values(1 / 9, 0.0),
    "gamma-0.5": gamma_springs(0.5),
    "gamma-1.5": gamma_springs(1.5),
    "p-0.7": two_values(0.3, 0.0),
    "p-0.6": two_values(0.4, 0.0),
    # a twentieth of the others, at mean 1
    "weakened": two_values(0.3, 1 / 14.3),
} | {name: two_values(w, 1 - np.sqrt(0.25 * (1 - w) / w)) for w, name in SWEPT.items() if name[:5] == "swept"}
"""Distributions of springs of mean 1 that are compared with one another; the first five have the variance 0.25."""


def edge_lengths(nodes: int) -> dict[str, int]:
    """Cells along an edge of each lattice, for networks of about `nodes` nodes.

    Parameters
    ----------
    nodes : int

    Returns
    -------
    dict
        From the name of a lattice to an integer of at least 3.
    """
    return {name: max(3, round((nodes / len(kind.basis)) ** (1 / kind.dimension))) for name, kind in LATTICES.items()}


@dataclass(frozen=True)
class Recipe:
    """How a network is made, apart from its seed.

    Attributes
    ----------
    lattice, n : str, int
        Lattice, and rectangular cells along an edge.
    bond_fraction, mean_coordination : float
        Probability of each spring to be kept, or the exact mean number of springs per node; at most one of them.
    variance : float or None
        Variance of the coordination that is aimed at by moving springs; None leaves them at random places.
    most_rounds : int
        Limit of this search.
    springs : SpringDistribution
    vector : bool
        Whether the springs count as vector springs; the network is the same.
    disorder : float
        Distance in a by which nodes are displaced; springs then have the stiffness t0/r of jiang-2026.
    permutation : int
        0, or which random permutation of the stiffnesses among the springs is applied last.
    """

    lattice: str
    n: int
    bond_fraction: float = 1.0
    mean_coordination: float | None = None
    variance: float | None = None
    most_rounds: int = 4000
    springs: SpringDistribution = EQUAL
    vector: bool = False
    disorder: float = 0.0
    permutation: int = 0

    def network(self, seed: int) -> SpringNetwork:
        """The network of this recipe and seed. Raises ValueError as `lattice_network` and `network_with_variance`."""
        return _build(self, seed)


# samples that differ in their last step only follow one another, and share the costly steps before it
@lru_cache(maxsize=3)
def _build(recipe: Recipe, seed: int) -> SpringNetwork:
    if recipe.permutation:
        network, order = _build(replace(recipe, permutation=0), seed), np.random.default_rng([seed, recipe.permutation])
        return replace(network, stiffness=order.permutation(network.stiffness))
    name, n, z = recipe.lattice, recipe.n, recipe.mean_coordination
    if recipe.variance is None:
        places = {"disorder": recipe.disorder, "bond_fraction": recipe.bond_fraction, "mean_coordination": z}
        springs = {"springs": recipe.springs, "length_exponent": float(recipe.disorder > 0)}
        return lattice_network(name, n, **places, **springs, rng=seed)
    if recipe.springs == EQUAL:
        return network_with_variance(name, n, z, recipe.variance, rng=seed, most_rounds=recipe.most_rounds)
    network = _build(replace(recipe, springs=EQUAL), seed)
    return replace(network, stiffness=recipe.springs.draw(len(network.bonds), np.random.default_rng(seed)))


@dataclass(frozen=True)
class Sample:
    """One network of a series: its recipe, its seed (also that of the random vectors), their number, and whether its
    whole spectrum is measured."""

    recipe: Recipe
    seed: int
    n_vectors: int = 16
    whole: bool = False


def samples_of(recipes: dict[str, Recipe], seeds, whole: bool = False) -> dict[str, Sample]:
    """Samples of each recipe with each seed, named "<group> s<seed>"."""
    return {f"{g} s{seed}": Sample(recipe, seed, whole=whole) for g, recipe in recipes.items() for seed in seeds}
