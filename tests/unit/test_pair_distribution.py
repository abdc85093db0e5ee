"""Pair distributions of crystals counted by hand, of the ideal gas, and compared with ASE."""

import numba
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.geometry.rdf import get_rdf

from bosonpeak.structure.pair_distribution import (
    atomic_pair_distribution,
    first_minimum,
    pair_distribution,
    shell_volumes,
)

SKEWED = np.array([[12.0, 0, 0], [3.5, 11, 0], [-2, 4, 13]])


def _gas(n, cell=SKEWED, seed=0):
    """Cu and Zr, a third and two thirds, at random places, some of them outside the box."""
    rng = np.random.default_rng(seed)
    return Atoms(np.where(np.arange(n) % 3, "Zr", "Cu"), rng.uniform(-1, 2, (n, 3)) @ cell, cell=cell, pbc=True)


def _distances(atoms, r_max):
    """Every pair (i, j) and image by brute force: i, j, distance."""
    base = atoms.get_scaled_positions() @ atoms.cell.array
    shifts = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3), -1).reshape(-1, 3) @ atoms.cell.array
    d = np.linalg.norm(base[None, :, None] + shifts - base[:, None, None], axis=-1)
    i, j, k = np.nonzero((d > 1e-9) & (d < r_max))
    return i, j, d[i, j, k]


def _coordination(g):
    """Mean number of neighbours b of an atom a within each outer edge, (S, S, K)."""
    return np.cumsum(g.partial * g.density[:, None] * shell_volumes(g.edges), axis=-1)


def test_shells_of_fcc():
    a = 4.0
    g = pair_distribution(bulk("Cu", "fcc", a, cubic=True) * (2, 2, 2), 5.6, dr=0.05)
    within = np.interp([2.7, 3.9, 4.8, 5.6], g.edges[1:], _coordination(g)[0, 0])
    np.testing.assert_allclose(within, [0, 12, 18, 42])
    # only the shells of the crystal, at their distances
    np.testing.assert_allclose(g.r[g.total > 0], a * np.sqrt([0.5, 1, 1.5]), atol=0.025)
    np.testing.assert_array_equal(g.total, g.partial[0, 0])
    assert g.density == pytest.approx(4 / a**3)


def test_shells_of_an_ordered_alloy_in_its_smallest_cell():
    atoms = bulk("CuZr", "cesiumchloride", a=3.25)
    g = pair_distribution(atoms, 5.5, dr=0.05)
    assert g.elements == ("Cu", "Zr")
    z = _coordination(g)
    near, second, third = (np.searchsorted(g.edges[1:], r) for r in (3.0, 3.5, 5.0))
    np.testing.assert_allclose(z[..., near], [[0, 8], [8, 0]])
    np.testing.assert_allclose(z[..., second], [[6, 8], [8, 6]])
    np.testing.assert_allclose(z[..., third], [[18, 8], [8, 18]])
    # the same crystal in a larger box
    larger = pair_distribution(atoms * (3, 3, 4), 5.5, dr=0.05)
    np.testing.assert_allclose(larger.partial, g.partial, atol=1e-12)
    np.testing.assert_allclose(larger.total, g.total, atol=1e-12)


def test_partials_are_those_of_ase():
    atoms = _gas(200)
    bins, r_max = 40, 4.0
    ours = pair_distribution(atoms, r_max, dr=r_max / bins)
    atoms.wrap()
    total, r = get_rdf(atoms, r_max, bins)
    np.testing.assert_allclose(ours.r, r)
    np.testing.assert_allclose(ours.total, total, atol=1e-12)
    for a, b in np.ndindex(2, 2):
        pair = ours.elements[a], ours.elements[b]
        np.testing.assert_allclose(ours.partial[a, b], get_rdf(atoms, r_max, bins, elements=pair)[0], atol=1e-12)


def test_partials_add_up_to_the_total_and_to_the_counted_neighbours():
    atoms = _gas(90)
    g = pair_distribution(atoms, 14.0, dr=0.25)
    c = np.array([1 / 3, 2 / 3])
    np.testing.assert_allclose(np.einsum("a,b,abk->k", c, c, g.partial), g.total, atol=1e-12)
    np.testing.assert_allclose(g.partial, g.partial.transpose(1, 0, 2))
    # beyond half the box, images and all
    i, j, _ = _distances(atoms, 14.0)
    zirconium = np.arange(90) % 3 > 0
    counted = [
        [((zirconium[i] == a) & (zirconium[j] == b)).sum() / (zirconium == a).sum() for b in (0, 1)] for a in (0, 1)
    ]
    np.testing.assert_allclose(_coordination(g)[..., -1], counted)


def test_an_ideal_gas_has_one():
    atoms = _gas(9000, 4 * SKEWED)
    g = pair_distribution(atoms, 8.0, dr=1.0)
    a, b = np.triu_indices(2)
    number = np.array([3000, 6000])
    shell = 4 / 3 * np.pi * np.diff(g.edges**3)
    for x, y in zip(a, b, strict=True):
        # pairs of two elements are counted once for each element, pairs within one element twice
        pairs = number[x] * g.density[y] * shell / (2 if x == y else 1)
        assert (abs(g.partial[x, y] - 1) < 4.5 / np.sqrt(pairs)).all()
    # the width of the Gaussian makes a difference of 4 % at r = 2
    smooth = atomic_pair_distribution(atoms, [2.0, 4.0, 6.0], 0.4).mean(axis=0)
    np.testing.assert_allclose(smooth, 1, atol=0.02)


def test_the_edges_meet_r_max_and_a_pair_there_counts():
    atoms = bulk("Cu", "sc", 2.0) * (3, 3, 3)
    g = pair_distribution(atoms, 2.0 + 1e-12, dr=0.3)
    assert len(g.r) == 7 and g.edges[-1] == pytest.approx(2.0)
    assert _coordination(g)[0, 0, -1] == pytest.approx(6)


def test_atomic_ones_are_gaussians_at_the_neighbours():
    atoms, r, sigma = _gas(40), np.linspace(0.5, 7, 30), 0.3
    g = atomic_pair_distribution(atoms, r, sigma)
    assert g.shape == (40, 2, 30)
    i, j, d = _distances(atoms, r[-1] + 6 * sigma)
    gauss = np.exp(-((r - d[:, None]) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
    species = (np.arange(40) % 3 > 0).astype(int)
    density = np.bincount(species) / atoms.get_volume()
    expected = np.zeros((40, 2, 30))
    np.add.at(expected, (i, species[j]), gauss)
    expected /= 4 * np.pi * (r**2 + sigma**2) * density[:, None]
    np.testing.assert_allclose(g, expected, atol=1e-7 * expected.max())


def test_atomic_ones_average_to_the_smoothed_sample():
    atoms, sigma = _gas(300), 0.2
    r = np.linspace(1, 6, 26)
    g = atomic_pair_distribution(atoms, r, sigma)
    sample = pair_distribution(atoms, 8.0, dr=0.0002)
    # the pairs of each fine shell, smeared
    weight = np.exp(-((r[:, None] - sample.r) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
    shell = 4 / 3 * np.pi * np.diff(sample.edges**3)
    species = np.arange(300) % 3 > 0
    for a, of_a in enumerate((~species, species)):
        smoothed = (sample.partial[a] * shell) @ weight.T / (4 * np.pi * (r**2 + sigma**2))
        np.testing.assert_allclose(g[of_a].mean(axis=0), smoothed, rtol=1e-4)


def test_atomic_ones_depend_neither_on_the_order_of_atoms_nor_on_threads():
    atoms, r = _gas(60), np.linspace(1, 5, 9)
    g = atomic_pair_distribution(atoms, r, 0.2)
    order = np.random.default_rng(1).permutation(60)
    np.testing.assert_allclose(atomic_pair_distribution(atoms[order], r, 0.2), g[order], rtol=1e-12)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        np.testing.assert_array_equal(atomic_pair_distribution(atoms, r, 0.2), g)
    finally:
        numba.set_num_threads(threads)


@pytest.mark.parametrize("dr", [0.01, 0.1])
def test_first_minimum_of_known_shells(dr):
    r = np.arange(dr / 2, 8, dr)
    g = 2.5 * np.exp(-((r - 2.8) ** 2) / 0.1) + 1.2 * np.exp(-((r - 4.8) ** 2) / 0.5) + 0.002 * (r - 3.8) ** 2
    between = (r > 2.8) & (r < 4.8)
    exact = r[between][g[between].argmin()]
    assert first_minimum(r, g) == pytest.approx(exact, abs=max(dr, 0.03))
    # the counting noise is larger for thinner shells
    noise = np.random.default_rng(2).normal(0, 0.05 * np.sqrt(0.1 / dr), (50, len(r)))
    found = [first_minimum(r, g + n) for n in noise]
    assert np.sqrt(np.mean((np.array(found) - exact) ** 2)) < 0.09


def test_first_minimum_lies_between_the_shells_of_a_hot_crystal():
    atoms = bulk("Cu", "fcc", 4.0, cubic=True) * (5, 5, 5)
    atoms.rattle(0.12, seed=3)
    g = pair_distribution(atoms, 8.0, dr=0.05)
    assert 4 / np.sqrt(2) < first_minimum(g.r, g.total) < 4.0


def test_a_missing_first_minimum_is_reported():
    r = np.arange(0.05, 6, 0.1)
    peak = np.exp(-((r - 3) ** 2) / 0.1)
    for g, upto in ((peak, 40), (np.zeros(60), 60), (r, 60), (np.exp(-r), 60)):
        with pytest.raises(ValueError, match=r"no minimum of g\(r\)"):
            first_minimum(r[:upto], g[:upto])


def test_bad_input_is_named():
    atoms = _gas(12)
    with pytest.raises(ValueError, match="dr = 0 must lie between 0 and r_max = 5"):
        pair_distribution(atoms, 5, 0)
    with pytest.raises(ValueError, match="dr = 6"):
        pair_distribution(atoms, 5, 6)
    for r, sigma in (([2, 1], 0.1), ([0, 1], 0.1), ([1, 2], 0), ([1, np.nan], 0.1), ([[1, 2]], 0.1)):
        with pytest.raises(ValueError, match="r must ascend"):
            atomic_pair_distribution(atoms, r, sigma)
    atoms.pbc = (True, True, False)
    with pytest.raises(ValueError, match=r"Cu4Zr8 has pbc.*periodic in all three directions"):
        pair_distribution(atoms, 5)
    with pytest.raises(ValueError, match="has no atoms"):
        pair_distribution(Atoms(pbc=True, cell=[1, 1, 1]), 5)
    atoms.pbc = True
    atoms.positions[3, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        pair_distribution(atoms, 5)
