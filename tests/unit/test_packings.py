"""A jammed packing by its own energy: forces, residual, contacts and stability from finite differences."""

import numpy as np
import pytest

from bosonpeak.papers.jiang_2026.packings import _energy_and_gradient, jammed_discs


def _energy(positions, radii, box) -> float:
    """All pairs and all nearest images, one by one."""
    total = 0.0
    for i in range(len(radii)):
        for j in range(i + 1, len(radii)):
            for a in (-1, 0, 1):
                for b in (-1, 0, 1):
                    r = np.hypot(*(positions[j] - positions[i] + box * (a, b)))
                    total += 0.5 * max(0.0, 1 - r / (radii[i] + radii[j])) ** 2
    return total


@pytest.fixture(scope="module")
def packing():
    return jammed_discs(16, 0.95, rng=3)


@pytest.fixture(scope="module")
def hessian(packing):
    """(2n, 2n) by central differences of the forces."""
    flat, step = packing.positions.ravel(), 1e-5
    columns = []
    for k in range(len(flat)):
        shift = np.zeros(len(flat))
        shift[k] = step
        ahead, back = (_energy_and_gradient(flat + s * shift, packing.radii, packing.box)[1] for s in (1, -1))
        columns.append((ahead - back) / (2 * step))
    return np.array(columns)


def test_energy_is_the_sum_over_pairs_and_images():
    rng = np.random.default_rng(1)
    radii, box = np.where(np.arange(20) % 2, 0.7, 0.5), np.array([4.9, 4.9])
    positions = rng.uniform(0, 4.9, (20, 2))
    assert _energy_and_gradient(positions.ravel(), radii, box)[0] == pytest.approx(_energy(positions, radii, box))
    # through the boundary, and moved by whole boxes
    moved = positions + rng.integers(-2, 3, (20, 2)) * box
    assert _energy_and_gradient(moved.ravel(), radii, box)[0] == pytest.approx(_energy(positions, radii, box))


def test_forces_are_the_slope_of_the_energy():
    rng = np.random.default_rng(2)
    radii, box = np.where(np.arange(20) % 2, 0.7, 0.5), np.array([4.9, 4.9])
    flat, step = rng.uniform(0, 4.9, 40), 1e-6
    energy, gradient = _energy_and_gradient(flat, radii, box)
    assert energy > 0.1
    slope = []
    for k in range(40):
        shift = np.zeros(40)
        shift[k] = step
        ahead, back = (_energy_and_gradient(flat + s * shift, radii, box)[0] for s in (1, -1))
        slope.append((ahead - back) / (2 * step))
    np.testing.assert_allclose(gradient, slope, atol=1e-8)
    np.testing.assert_allclose(gradient.reshape(-1, 2).sum(axis=0), 0, atol=1e-12)


def test_packing_is_what_was_asked_for(packing):
    assert np.bincount((packing.radii * 10).astype(int), minlength=8)[[5, 7]].tolist() == [8, 8]
    assert np.pi * (packing.radii**2).sum() / packing.box.prod() == pytest.approx(0.95)
    assert packing.packing_fraction == 0.95
    assert (packing.positions >= 0).all() and (packing.positions <= packing.box).all()
    assert packing.energy == pytest.approx(_energy(packing.positions, packing.radii, packing.box) / 16)
    # jammed, not dissolved
    assert packing.energy > 1e-5


def test_forces_balance_to_the_residual_stated(packing):
    gradient = _energy_and_gradient(packing.positions.ravel(), packing.radii, packing.box)[1]
    assert abs(gradient).max() == pytest.approx(packing.max_force, abs=1e-12)
    assert packing.max_force <= 1e-8
    # single contacts push much harder than what is left over
    assert packing.energy**0.5 > 1e4 * packing.max_force


def test_contacts_are_the_blocks_of_the_hessian_that_are_not_zero(packing, hessian):
    network = packing.contact_network()
    contacts = set(map(tuple, np.sort(network.bonds, axis=1).tolist()))
    assert len(contacts) == len(network.bonds) > 16
    blocks = abs(hessian).reshape(16, 2, 16, 2).max(axis=(1, 3))
    found = {(i, j) for i in range(16) for j in range(i + 1, 16) if blocks[i, j] > 1e-6}
    assert contacts == found
    np.testing.assert_array_equal(network.stiffness, 1)
    reach = packing.radii[network.bonds].sum(axis=1)
    assert (np.linalg.norm(network.vectors, axis=1) < reach).all()
    ends = packing.positions[network.bonds]
    images = (ends[:, 1] - ends[:, 0] - network.vectors) / packing.box
    np.testing.assert_allclose(images, np.round(images), atol=1e-9)


def test_packing_is_a_minimum(hessian):
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-7)
    # discs without a load may float freely; nothing goes downhill
    level = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    assert level[0] > -1e-6 and level[-1] > 1


def test_load_bearing_discs_are_at_least_isostatic():
    packing = jammed_discs(150, 0.9, rng=5)
    network = packing.contact_network()
    # near misses are no contacts
    assert (np.linalg.norm(network.vectors, axis=1) < packing.radii[network.bonds].sum(axis=1)).all()
    coordination = network.coordination()
    # Maxwell's count with two translations free; rattlers (fewer than three contacts) bear nothing
    bearing = coordination >= 3
    assert bearing.mean() > 0.85
    assert coordination[bearing].mean() > 4 - 4 / bearing.sum()


def test_same_seed_same_packing():
    first, second, other = (jammed_discs(20, 0.9, rng=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.positions, second.positions)
    assert first.energy == second.energy
    assert not np.allclose(first.positions, other.positions)


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: jammed_discs(15, 0.9), ValueError, "at least 16"),
        *((lambda f=f: jammed_discs(20, f), ValueError, "outside") for f in (0.5, 1.5, -1, np.nan)),
        (lambda: jammed_discs(20, 0.9, rng=1, force_tolerance=1e-30), RuntimeError, "kept a force of"),
    ],
)
def test_mistakes_are_named(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
