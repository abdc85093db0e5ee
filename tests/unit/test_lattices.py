"""Lattice and contact networks against closed dispersions, counting and another neighbour list."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

from bosonpeak.networks import square_lattice_network
from bosonpeak.networks.lattices import (
    LATTICES,
    SpringDistribution,
    contact_network,
    count_zero_modes,
    lattice_network,
    vector_dynamical_matrix,
)

SEED = 20271
Z = {"square": 4, "triangular": 6, "simple-cubic": 6, "fcc": 12}
NODES = {"square": 1, "triangular": 2, "simple-cubic": 1, "fcc": 4}
CELL = {"square": 1.0, "triangular": np.sqrt(3), "simple-cubic": 1.0, "fcc": 2 * np.sqrt(2)}


def _waves(name, n):
    """Wave vectors of n cells along an edge, each wave of the lattice once."""
    span = {"square": (1, 1), "triangular": (1, 2), "simple-cubic": (1, 1, 1), "fcc": (2, 2, 1)}[name]
    edge = {"triangular": np.array([1, np.sqrt(3)]), "fcc": np.full(3, np.sqrt(2))}.get(name, np.ones(len(span)))
    m = np.stack(np.meshgrid(*(np.arange(n * f) for f in span), indexing="ij"), axis=-1).reshape(-1, len(span))
    return 2 * np.pi * m / (n * edge)


def _scalar_band(name, k):
    x = k.T
    if name in ("square", "simple-cubic"):
        return 2 * (1 - np.cos(x)).sum(axis=0)
    if name == "triangular":
        return 6 - 2 * np.cos(x[0]) - 4 * np.cos(x[0] / 2) * np.cos(np.sqrt(3) * x[1] / 2)
    a, b, c = np.cos(x / np.sqrt(2))
    return 12 - 4 * (a * b + b * c + c * a)


def _vector_bands(name, k):
    x = k.T
    if name in ("square", "simple-cubic"):
        return (2 * (1 - np.cos(x))).ravel()
    if name == "triangular":
        a, b = x[0] / 2, np.sqrt(3) * x[1] / 2
        trace = 6 - 2 * np.cos(2 * a) - 4 * np.cos(a) * np.cos(b)
        half = 2 * (1 - np.cos(2 * a)) - 2 * (1 - np.cos(a) * np.cos(b))
        root = np.sqrt(half**2 / 4 + 3 * (np.sin(a) * np.sin(b)) ** 2)
        return np.concatenate([trace / 2 + root, trace / 2 - root])
    x = x / np.sqrt(2)
    c, s = np.cos(x), np.sin(x)
    D = np.empty((x.shape[1], 3, 3))
    for i in range(3):
        j, m = (i + 1) % 3, (i + 2) % 3
        # the fcc lattice of textbooks with central forces, four of the twelve springs in each coordinate plane
        D[:, i, i] = 4 - 2 * c[i] * (c[j] + c[m])
        D[:, i, j] = D[:, j, i] = 2 * s[i] * s[j]
    return np.linalg.eigvalsh(D).ravel()


@pytest.mark.parametrize("name", Z)
def test_crystals_have_the_coordination_and_the_density_of_the_lattice(name):
    network = lattice_network(name, 4, rng=SEED)
    assert len(network) == NODES[name] * 4 ** LATTICES[name].dimension
    assert set(network.coordination()) == {Z[name]} == {LATTICES[name].coordination}
    np.testing.assert_allclose(np.linalg.norm(network.vectors, axis=1), 1)
    assert np.prod(network.box) == pytest.approx(4 ** LATTICES[name].dimension * CELL[name])
    assert LATTICES[name].number_density == pytest.approx(len(network) / np.prod(network.box))
    assert 1 / abs(np.linalg.det(LATTICES[name].primitive)) == pytest.approx(LATTICES[name].number_density)
    ends = network.positions[network.bonds]
    away = (ends[:, 1] - ends[:, 0] - network.vectors) / network.box
    np.testing.assert_allclose(away, np.round(away), atol=1e-12)


@pytest.mark.parametrize("name, n", [("square", 5), ("triangular", 4), ("simple-cubic", 4), ("fcc", 3)])
def test_spectra_of_crystals_are_their_dispersion(name, n):
    network, k = lattice_network(name, n), _waves(name, n)
    level = np.linalg.eigvalsh(network.dynamical_matrix().toarray())
    np.testing.assert_allclose(level, np.sort(_scalar_band(name, k)), atol=1e-11)
    np.testing.assert_allclose(LATTICES[name].matrix(k), _scalar_band(name, k), atol=1e-11)
    D = vector_dynamical_matrix(network)
    np.testing.assert_allclose(np.linalg.eigvalsh(D.toarray()), np.sort(_vector_bands(name, k)), atol=1e-11)
    bands = np.linalg.eigvalsh(LATTICES[name].matrix(k, vector=True))
    np.testing.assert_allclose(np.sort(bands.ravel()), np.sort(_vector_bands(name, k)), atol=1e-11)


def test_the_square_lattice_is_that_of_the_other_module():
    ours, theirs = lattice_network("square", 6), square_lattice_network(6, 0.0, springs="uniform")
    np.testing.assert_allclose(
        np.linalg.eigvalsh(ours.dynamical_matrix().toarray()),
        np.linalg.eigvalsh(theirs.dynamical_matrix().toarray()),
        atol=1e-12,
    )


@pytest.mark.parametrize("name", Z)
def test_both_matrices_give_the_energy_of_the_springs(name):
    network = lattice_network(
        name, 4, disorder=0.3, bond_fraction=0.7, springs=SpringDistribution("gamma", 2.0, 0.4), rng=SEED
    )
    rng = np.random.default_rng(SEED)
    i, j = network.bonds.T
    H, D = network.dynamical_matrix(), vector_dynamical_matrix(network)
    np.testing.assert_allclose(np.asarray(H.sum(axis=1)).ravel(), 0, atol=1e-12)
    u = rng.standard_normal(len(network))
    assert u @ H @ u == pytest.approx((network.stiffness * (u[i] - u[j]) ** 2).sum())
    u = rng.standard_normal(network.positions.shape)
    along = ((u[i] - u[j]) * network.vectors).sum(axis=1) / np.linalg.norm(network.vectors, axis=1)
    assert u.ravel() @ D @ u.ravel() == pytest.approx((network.stiffness * along**2).sum())
    assert abs(D - D.T).max() < 1e-14 and D.indices.dtype == np.int32 and D.has_sorted_indices
    d = LATTICES[name].dimension
    assert abs(D @ np.kron(np.ones((len(network), 1)), np.eye(d))).max() < 1e-12


def test_the_kinds_of_disorder_are_independent():
    plain, moved, cut, both = (
        lattice_network("triangular", 6, disorder=x, mean_coordination=z, rng=SEED)
        for x, z in ((0, 6), (0.2, 6), (0, 4.5), (0.2, 4.5))
    )
    np.testing.assert_array_equal(moved.positions, both.positions)
    np.testing.assert_array_equal(cut.bonds, both.bonds)
    np.testing.assert_array_equal(plain.bonds, moved.bonds)
    away = moved.positions - plain.positions
    away -= plain.box * np.round(away / plain.box)
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), 0.2)
    other = lattice_network("triangular", 6, disorder=0.2, mean_coordination=4.5, rng=SEED + 1)
    assert not np.array_equal(other.bonds, both.bonds) and not np.allclose(other.positions, both.positions)


@pytest.mark.parametrize("name", Z)
def test_dilution_keeps_the_requested_number_of_springs(name):
    exact = lattice_network(name, 5, mean_coordination=3.3, rng=SEED)
    assert len(exact.bonds) == round(3.3 * len(exact) / 2)
    full = {tuple(pair) for pair in lattice_network(name, 5).bonds.tolist()}
    assert {tuple(pair) for pair in exact.bonds.tolist()} <= full
    count = len(full)
    kept = [len(lattice_network(name, 5, bond_fraction=0.6, rng=SEED + s).bonds) for s in range(40)]
    # a binomial number: its mean and variance, within four of their errors
    assert np.mean(kept) == pytest.approx(0.6 * count, abs=4 * np.sqrt(0.24 * count / 40))
    assert np.var(kept) == pytest.approx(0.24 * count, rel=4 * np.sqrt(2 / 40))


@pytest.mark.parametrize(
    "kind, variance", [("uniform", 0), ("two-valued", 0.6), ("box", 0.2), ("gamma", 0.05), ("gamma", 2.5)]
)
def test_springs_have_the_requested_mean_and_variance(kind, variance):
    springs = SpringDistribution(kind, 1.7, variance)
    k, weight = springs.quadrature()
    assert (k >= 0).all() and weight.sum() == pytest.approx(1)
    assert weight @ k == pytest.approx(1.7)
    assert weight @ k**2 == pytest.approx(1.7**2 * (1 + variance))
    drawn = springs.draw(200_000, np.random.default_rng(SEED))
    for power in (1, 2, 3):
        moment = weight @ k**power
        error = np.sqrt(weight @ k ** (2 * power) - moment**2) / np.sqrt(200_000)
        assert abs((drawn**power).mean() - moment) <= 4 * error + 1e-9 * moment
    # independent of the mean: what a distribution of another kind would not have
    third = {"two-valued": 0, "box": 0, "gamma": 2 * variance**2, "uniform": 0}[kind]
    assert weight @ (k / 1.7 - 1) ** 3 == pytest.approx(third, abs=1e-9)


def test_stiffness_may_fall_with_the_length():
    network = lattice_network("fcc", 3, disorder=0.2, length_exponent=1, rng=SEED)
    np.testing.assert_allclose(network.stiffness * np.linalg.norm(network.vectors, axis=1), 1)
    same = lattice_network("fcc", 3, disorder=0.2, rng=SEED)
    np.testing.assert_array_equal(same.stiffness, 1)


def test_springs_without_stiffness_are_left_out():
    network = lattice_network("square", 20, springs=SpringDistribution("two-valued", 1.0, 1.0), rng=SEED)
    assert set(network.stiffness) == {2.0}
    assert len(network.bonds) == pytest.approx(400, abs=4 * np.sqrt(200))


@pytest.mark.parametrize(
    "name, n, options",
    [
        ("square", 5, {}),
        ("simple-cubic", 4, {}),
        ("triangular", 6, {"mean_coordination": 3.0}),
        ("triangular", 6, {"mean_coordination": 4.6, "disorder": 0.1}),
        ("fcc", 3, {"bond_fraction": 0.2}),
        ("fcc", 3, {"bond_fraction": 0.8}),
    ],
)
def test_zero_modes_are_counted_and_named(name, n, options):
    network = lattice_network(name, n, rng=SEED, **options)
    d = LATTICES[name].dimension
    i, j = network.bonds.T
    unit = network.vectors / np.linalg.norm(network.vectors, axis=1, keepdims=True)
    row = np.repeat(np.arange(len(i)), d)
    columns = [(d * end[:, None] + np.arange(d)).ravel() for end in (i, j)]
    stretch = sp.coo_matrix((unit.ravel(), (row, columns[0])), (len(i), d * len(network)))
    stretch -= sp.coo_matrix((unit.ravel(), (row, columns[1])), (len(i), d * len(network)))
    rank = np.linalg.matrix_rank(stretch.toarray(), tol=1e-6)
    count = count_zero_modes(network, vector=True)
    assert count.total == d * len(network) - rank
    assert count.self_stresses == len(i) - rank
    assert count.translations == d * network.zero_modes().shape[1] and count.floppy == count.total - count.translations
    assert count.single_nodes == (network.coordination() == 0).sum()
    assert count.least <= count.total and count.rigid == (count.total == d)
    scalar = count_zero_modes(network)
    level = np.linalg.eigvalsh(network.dynamical_matrix().toarray())
    assert scalar.total == scalar.pieces == (level < 1e-9).sum()
    unknown = count_zero_modes(network, vector=True, largest=10)
    assert unknown.total is None and unknown.rigid in (None, False) and unknown.least == count.least


def test_central_forces_leave_a_row_of_the_square_lattice_free():
    assert count_zero_modes(lattice_network("square", 7), vector=True).total == 2 * 7
    assert count_zero_modes(lattice_network("simple-cubic", 5), vector=True).total == 3 * 5**2
    assert count_zero_modes(lattice_network("fcc", 3), vector=True).rigid


def _brute_force(positions, cell, near):
    """Springs (i, j, vector) by trying every pair and image."""
    reach = range(-3, 4)
    images = np.stack(np.meshgrid(*[reach] * len(cell), indexing="ij"), axis=-1).reshape(-1, len(cell)) @ cell
    found = set()
    for i in range(len(positions)):
        for j in range(len(positions)):
            vectors = positions[j] + images - positions[i]
            length = np.linalg.norm(vectors, axis=1)
            for v in vectors[(length < near(i, j)) & (length > 1e-12)]:
                found.add((i, j, *np.round(v, 6)) if i < j or (i == j and tuple(v) > tuple(-v)) else None)
    return found - {None}


def _springs(network):
    # a node and its own image: both directions describe the same spring
    sign = [
        -1 if i == j and tuple(v) < tuple(-v) else 1 for (i, j), v in zip(network.bonds, network.vectors, strict=True)
    ]
    return {
        (int(i), int(j), *np.round(s * v, 6)) for s, (i, j), v in zip(sign, network.bonds, network.vectors, strict=True)
    }


@pytest.mark.parametrize("cutoff", [0.6, 1.3, 2.4])
@pytest.mark.parametrize("d", [2, 3])
def test_contacts_of_an_oblique_cell_are_those_of_all_images(d, cutoff):
    rng = np.random.default_rng(SEED)
    cell = np.array([[1.6, 0.1, 0.2], [0.5, 1.9, 0.0], [-0.4, 0.3, 1.7]])[:d, :d]
    # outside the cell as well
    positions = rng.uniform(-2, 3, (7, d))
    network = contact_network(positions, cell, cutoff)
    expected = _brute_force(positions - np.floor(positions @ np.linalg.inv(cell)) @ cell, cell, lambda i, j: cutoff)
    assert _springs(network) == expected and len(network.bonds) == len(expected) > 0
    assert np.prod(network.box) == pytest.approx(abs(np.linalg.det(cell)))
    radii = rng.uniform(0.3, 0.6, 7) * cutoff
    network = contact_network(positions, cell, radii)
    wrapped = positions - np.floor(positions @ np.linalg.inv(cell)) @ cell
    assert _springs(network) == _brute_force(wrapped, cell, lambda i, j: radii[i] + radii[j])


def test_contacts_of_a_glass_are_those_of_another_neighbour_list():
    from matscipy.neighbours import neighbour_list

    from bosonpeak.materials.glasses import load

    glass = load("Cu50Zr50-mendelev-2009-n1000-1e13-s1")
    network = contact_network(glass.get_positions(), np.array(glass.cell), 3.6)
    i, j, distance = neighbour_list("ijd", glass, 3.6)
    np.testing.assert_array_equal(network.coordination(), np.bincount(i, minlength=len(glass)))
    once = i < j
    ours = sorted(zip(*network.bonds.T, np.round(np.linalg.norm(network.vectors, axis=1), 6), strict=True))
    theirs = sorted(zip(i[once], j[once], np.round(distance[once], 6), strict=True))
    np.testing.assert_allclose(ours, theirs, atol=2e-6)
    assert 10 < network.coordination().mean() < 16
    count = count_zero_modes(network, vector=True)
    assert count.rigid and count.total == 3


def test_contacts_of_a_crystal_are_its_springs():
    crystal = lattice_network("fcc", 3)
    network = contact_network(crystal.positions, crystal.box, 1.2)
    assert len(network.bonds) == len(crystal.bonds)
    assert abs(vector_dynamical_matrix(network) - vector_dynamical_matrix(crystal)).max() < 1e-12
    np.testing.assert_allclose(network.box, crystal.box)


@pytest.mark.parametrize("module", ["lattices", "springs"])
def test_lattices_need_numpy_and_scipy_only(module):
    code = f"import sys, bosonpeak.networks.{module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "scipy", "bosonpeak"} <= set(loaded)
    assert not {"numba", "llvmlite", "matplotlib", "ase", "yaml", "IPython", "matscipy"} & set(loaded)


POINTS = np.random.default_rng(SEED).uniform(0, 5, (9, 3))


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: lattice_network("hexagonal", 5), "unknown lattice 'hexagonal': choose one of square"),
        *((lambda n=n: lattice_network("fcc", n), "at least 3") for n in (2, 3.5, np.nan)),
        *((lambda x=x: lattice_network("square", 5, disorder=x), "must lie in") for x in (-0.1, 1.0, np.nan)),
        *((lambda p=p: lattice_network("square", 5, bond_fraction=p), "a probability") for p in (-0.1, 1.1, np.nan)),
        *(
            (lambda z=z: lattice_network("fcc", 5, mean_coordination=z), r"outside \[0, 12\]")
            for z in (-0.1, 12.1, np.nan)
        ),
        (lambda: lattice_network("square", 5, bond_fraction=0.5, mean_coordination=2), "choose one"),
        (lambda: lattice_network("square", 5, mean_coordination=0), "no spring is left: raise"),
        (lambda: lattice_network("square", 5, bond_fraction=0.0), "no spring is left"),
        (lambda: SpringDistribution("normal"), "unknown distribution of springs 'normal'"),
        *((lambda m=m: SpringDistribution(mean=m), "mean stiffness") for m in (0, -1, np.nan, np.inf)),
        (lambda: SpringDistribution("box", 1, 0.34), r"outside \[0, 0.333\]"),
        (lambda: SpringDistribution("two-valued", 1, 1.1), r"outside \[0, 1\]"),
        (lambda: SpringDistribution("uniform", 1, 0.1), "gamma springs"),
        *((lambda v=v: SpringDistribution("gamma", 1, v), "lies outside") for v in (-0.1, np.nan, np.inf)),
        (lambda: contact_network(POINTS, np.eye(2), 1.0), "do not fit"),
        (lambda: contact_network(POINTS, np.zeros((3, 3)), 1.0), "must have a volume"),
        (lambda: contact_network(POINTS * np.nan, np.eye(3), 1.0), "must be finite"),
        *((lambda c=c: contact_network(POINTS, 5 * np.eye(3), c), "positive") for c in (0, -1, np.nan, [1.0, 2.0])),
        (lambda: contact_network(POINTS, 5 * np.eye(3), 1e-3), "no spring is left"),
        (lambda: contact_network(np.zeros((2, 3)), 5 * np.eye(3), 1.0), "nodes 0 and 1 lie on one another"),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_two_values_in_unequal_shares_end_where_the_weak_ones_vanish(share):
    most = share / (1 - share)
    for v in (0.3 * most, most):
        springs = SpringDistribution("two-valued", 1.3, v, weak_share=share)
        k, weight = springs.quadrature()
        assert weight @ k == pytest.approx(1.3) and weight @ k**2 == pytest.approx(1.69 * (1 + v))
        drawn = springs.draw(100_000, np.random.default_rng(SEED))
        assert np.mean(drawn == k[0]) == pytest.approx(share, abs=0.01)
    assert k[0] == 0
    network = lattice_network("square", 40, springs=springs, rng=SEED)
    assert len(network.bonds) == pytest.approx(3200 * (1 - share), abs=4 * np.sqrt(3200 * share * (1 - share)))
    with pytest.raises(ValueError, match="lies outside"):
        SpringDistribution("two-valued", 1.0, 1.01 * most, weak_share=share)


@pytest.mark.parametrize(
    "call", [lambda: SpringDistribution("gamma", 1, 0.1, 0.3), lambda: SpringDistribution("two-valued", 1, 0.1, 1.0)]
)
def test_shares_of_weak_springs_that_make_no_sense(call):
    with pytest.raises(ValueError, match="share"):
        call()
