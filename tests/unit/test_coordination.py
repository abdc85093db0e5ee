"""Neighbours counted in crystals, and Voronoi cells by their sums and by the random gas."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from bosonpeak.structure.coordination import coordination, nearest_neighbour_distances, voronoi_cells
from bosonpeak.structure.pair_distribution import pair_distribution
from scipy.spatial import ConvexHull, HalfspaceIntersection

SKEWED = np.array([[11.0, 0, 0], [4, 10, 0], [-3, 5, 12]])


def _gas(n, cell=SKEWED, seed=0):
    return Atoms("Cu" * n, np.random.default_rng(seed).uniform(-1, 2, (n, 3)) @ cell, cell=cell, pbc=True)


@pytest.mark.parametrize("repeat", [1, 3])
def test_neighbours_in_crystals(repeat):
    for name, structure, nearest, cutoff, count in (
        ("Cu", "fcc", 4 / np.sqrt(2), 3.4, 12),
        ("Fe", "bcc", 4 * np.sqrt(3) / 2, 3.7, 8),
        ("Po", "sc", 4.0, 5.0, 6),
    ):
        atoms = bulk(name, structure, 4.0) * ((repeat,) * 3)
        np.testing.assert_array_equal(coordination(atoms, cutoff), count)
        np.testing.assert_allclose(nearest_neighbour_distances(atoms, cutoff), nearest)


def test_mean_and_smallest_distance_of_a_line_of_atoms():
    line = Atoms("Cu4", [[0, 0, 0], [2, 0, 0], [5, 0, 0], [20, 0, 0]], cell=[40, 30, 30], pbc=True)
    mean, smallest = nearest_neighbour_distances(line, 5.5)
    np.testing.assert_allclose(mean, [3.5, 2.5, 4, np.nan])
    np.testing.assert_allclose(smallest, [2, 2, 3, np.nan])
    np.testing.assert_array_equal(coordination(line, 5.5), [2, 2, 2, 0])


def test_the_counted_coordination_is_the_integral_of_g():
    atoms = _gas(150)
    atoms.symbols[::3] = "Zr"
    g = pair_distribution(atoms, 6.0, 0.1)
    mean = [coordination(atoms, 6.0)[atoms.symbols == element].mean() for element in g.elements]
    np.testing.assert_allclose(g.coordination()[..., -1].sum(axis=1), mean)


@pytest.mark.parametrize("n", [1, 2, 7, 300])
def test_cells_fill_the_box_and_faces_the_sphere(n):
    atoms = _gas(n, seed=n)
    cells = voronoi_cells(atoms)
    assert cells.volume.sum() == pytest.approx(abs(np.linalg.det(SKEWED)), rel=1e-12)
    assert cells.volume.min() > 0
    np.testing.assert_allclose(np.bincount(cells.atom, cells.solid_angle), 4 * np.pi, rtol=1e-10)
    # a face has two sides
    for quantity in (cells.area, cells.distance):
        there = np.bincount(cells.atom, quantity, n)
        np.testing.assert_allclose(there, np.bincount(cells.neighbour, quantity, n), rtol=1e-10)
    assert (np.diff(cells.atom) >= 0).all()


def test_cells_reach_across_an_empty_part_of_the_box():
    places = np.random.default_rng(9).uniform(0, 1, (60, 3)) * [0.3, 1, 1] @ SKEWED
    cells = voronoi_cells(Atoms("Cu60", places, cell=SKEWED, pbc=True))
    assert cells.volume.sum() == pytest.approx(np.linalg.det(SKEWED), rel=1e-12)


def test_one_cell_by_its_half_spaces():
    atoms = _gas(60, seed=5)
    cells = voronoi_cells(atoms)
    shifts = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3), -1).reshape(-1, 3) @ SKEWED
    for i in (0, 17, 59):
        images = ((atoms.get_scaled_positions() @ SKEWED)[:, None] + shifts).reshape(-1, 3)
        v = images - (atoms.get_scaled_positions() @ SKEWED)[i]
        v = v[np.linalg.norm(v, axis=1) > 1e-9]
        planes = np.column_stack([v, -0.5 * (v**2).sum(axis=1)])
        corners = HalfspaceIntersection(planes, np.zeros(3)).intersections
        hull = ConvexHull(corners)
        assert cells.volume[i] == pytest.approx(hull.volume, rel=1e-9)
        assert cells.area[cells.atom == i].sum() == pytest.approx(hull.area, rel=1e-9)
        # the faces by the distances of their planes
        touching = np.isclose(planes[:, :3] @ corners.T + planes[:, 3:], 0, atol=1e-9).sum(axis=1) > 2
        np.testing.assert_allclose(
            np.sort(cells.distance[cells.atom == i]), np.sort(np.linalg.norm(v[touching], axis=1)), rtol=1e-9
        )


def test_cells_of_crystals():
    fcc = voronoi_cells(bulk("Cu", "fcc", 4.0, cubic=True) * (2, 2, 2))
    np.testing.assert_array_equal(fcc.coordination(0.01), 12)
    np.testing.assert_allclose(fcc.volume, 16)
    np.testing.assert_allclose(fcc.effective_coordination(), 12)
    bcc = voronoi_cells(bulk("Fe", "bcc", 4.0))
    # truncated octahedron: 8 hexagons and 6 squares of the same edge a sqrt(2)/4
    edge = 4 * np.sqrt(2) / 4
    np.testing.assert_allclose(np.sort(bcc.area), [edge**2] * 6 + [1.5 * np.sqrt(3) * edge**2] * 8)
    assert bcc.coordination() == [14]
    hexagon, square = bcc.solid_angle[bcc.distance < 3.9], bcc.solid_angle[bcc.distance > 3.9]
    assert len(hexagon) == 8 and len(square) == 6
    assert bcc.coordination(1.01 * square[0] / (4 * np.pi)) == [8]
    assert bcc.effective_coordination()[0] == pytest.approx(8 + 6 * square[0] / hexagon[0])
    # a square on the axis: pyramid with half edge e at height h
    e, h = edge / 2, 2.0
    np.testing.assert_allclose(square, 4 * np.arcsin(e**2 / (e**2 + h**2)))


def test_cells_of_the_random_gas():
    # 2 + 48 pi^2 / 35 faces, and a second moment of the volume of 1.179: Meijering 1953, Gilbert 1962
    cells = voronoi_cells(_gas(3000, 3 * SKEWED, seed=8))
    assert cells.coordination().mean() == pytest.approx(2 + 48 * np.pi**2 / 35, abs=0.15)
    assert (cells.volume**2).mean() / cells.volume.mean() ** 2 == pytest.approx(1.179, abs=0.02)


def test_cells_do_not_depend_on_the_cell_that_repeats_them():
    atoms = _gas(30, seed=2)
    cells, larger = voronoi_cells(atoms), voronoi_cells(atoms * (1, 2, 3))
    np.testing.assert_allclose(larger.volume, np.tile(cells.volume, 6))
    np.testing.assert_array_equal(larger.coordination(), np.tile(cells.coordination(), 6))
    # other vectors of the same lattice, other images of the atoms
    same = Atoms("Cu30", atoms.positions, cell=[[1, 0, 0], [2, 1, 0], [-1, 1, 1]] @ SKEWED, pbc=True)
    np.testing.assert_allclose(voronoi_cells(same).volume, cells.volume)


def test_bad_input_is_named():
    atoms = _gas(12)
    for cutoff in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"cutoff = {cutoff}: give a positive distance"):
            coordination(atoms, cutoff)
    for apart in (0, 1e-13, 1e-10):
        atoms.positions[7] = atoms.positions[3] + SKEWED[1] + apart
        with pytest.raises(ValueError, match=r"atom (3|7) lies in one place with another"):
            voronoi_cells(atoms)
    atoms.pbc = False
    with pytest.raises(ValueError, match="periodic in three directions"):
        voronoi_cells(atoms)
