"""The fluctuation of the coordination as an independent parameter: exact counts and known limits."""

import subprocess
import sys

import numpy as np
import pytest

from bosonpeak.networks.lattices import LATTICES, lattice_network
from bosonpeak.networks.placement import _apart, binomial_variance, network_with_variance

SEED = 20281


@pytest.mark.parametrize("lattice, n", [("square", 24), ("triangular", 18), ("simple-cubic", 9), ("fcc", 6)])
@pytest.mark.parametrize("share", [0.2, 1.0, 1.4])
def test_the_variance_is_the_requested_one_and_the_mean_is_kept(lattice, n, share):
    z0 = LATTICES[lattice].coordination
    # an integer mean, since a fractional one has a smallest variance above 0
    mean = {"square": 3, "triangular": 4, "simple-cubic": 4, "fcc": 8}[lattice]
    goal = share * binomial_variance(z0, mean)
    network = network_with_variance(lattice, n, mean, goal, rng=SEED)
    assert len(network.bonds) == round(mean * len(network) / 2)
    # the last step moves the sum of squares by a few units
    assert network.coordination().var() == pytest.approx(goal, abs=2.5 * z0 / len(network))
    full = {tuple(pair) for pair in lattice_network(lattice, n).bonds.tolist()}
    kept = [tuple(pair) for pair in network.bonds.tolist()]
    assert len(set(kept)) == len(kept) and set(kept) <= full
    assert (network.stiffness == 1).all()
    np.testing.assert_allclose(np.linalg.norm(network.vectors, axis=1), 1)


def test_independent_springs_have_the_binomial_variance():
    z = np.concatenate(
        [lattice_network("triangular", 30, bond_fraction=0.6, rng=SEED + s).coordination() for s in range(8)]
    )
    assert z.var() == pytest.approx(binomial_variance(6, 3.6), rel=0.04)


@pytest.mark.parametrize("lattice, n, mean", [("triangular", 20, 4.0), ("simple-cubic", 8, 4.0), ("square", 20, 3.0)])
def test_nearly_every_node_can_have_equally_many_springs(lattice, n, mean):
    network = network_with_variance(lattice, n, mean, 0.0, rng=SEED)
    assert network.coordination().var() < 0.06
    # the network is still disordered: the places of the springs are not those of a lattice
    assert len({tuple(v) for v in np.round(network.vectors, 6).tolist()}) == LATTICES[lattice].coordination // 2


def test_a_fractional_mean_gives_the_two_neighbouring_integers():
    network = network_with_variance("fcc", 6, 6.4, 0.0, rng=SEED)
    least = 0.4 * 0.6
    assert least - 1e-12 <= network.coordination().var() < least + 0.05


def test_a_seed_determines_a_network():
    one, same, other = (network_with_variance("square", 12, 3.0, 0.3, rng=s) for s in (SEED, SEED, SEED + 1))
    np.testing.assert_array_equal(one.bonds, same.bonds)
    assert not np.array_equal(one.bonds, other.bonds)


def test_moves_that_share_a_node_do_not_happen_together():
    nodes = np.array([[0, 1, 2], [3, 4, 5], [2, 6, 7], [8, 9, 10], [9, 11, 12]])
    np.testing.assert_array_equal(_apart(nodes, 13), [True, True, False, True, False])


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        *(
            (lambda v=v: network_with_variance("square", 8, 3, v), ValueError, "finite and not negative")
            for v in (-1, np.nan, np.inf)
        ),
        (lambda: network_with_variance("square", 8, 5, 0), ValueError, r"outside \[0, 4\]"),
        (lambda: network_with_variance("kagome", 8, 3, 0), ValueError, "unknown lattice"),
        (lambda: network_with_variance("square", 2, 3, 0), ValueError, "at least 3"),
        (
            lambda: network_with_variance("square", 8, 3, 9, rng=1, most_rounds=200),
            RuntimeError,
            "reached the variance .*, not 9: ask for less",
        ),
    ],
)
def test_mistakes_are_named(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_it_needs_numpy_and_scipy_only():
    code = "import sys, bosonpeak.networks.placement; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numba", "llvmlite", "matplotlib", "ase", "yaml", "IPython", "matscipy"} & set(loaded)
