"""Vector springs and packings: dense matrices, closed forms, and energies summed by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk
from scipy import stats
from scipy.spatial import cKDTree

from bosonpeak.materials.glasses import load
from bosonpeak.networks.lattices import get_lattice
from bosonpeak.networks.springs import vector_dynamical_matrix
from bosonpeak.papers.vector_springs import figures
from bosonpeak.papers.vector_springs import networks as vector
from bosonpeak.papers.vector_springs.networks import Recipe
from bosonpeak.vibrations.hessian import bond_network, hessian

SEED = 20287
SPHERES = "harmonic-spheres-n1000-instant-s2"


@pytest.mark.parametrize("springs", ["vector", "scalar"])
def test_the_density_is_that_of_dense_diagonalisation(springs):
    recipe = Recipe("triangular", 16, mean_coordination=5.0, variance=0.0, vector=springs == "vector")
    part = vector.measure_network(recipe, SEED, 0.05)
    network = recipe.network(SEED)
    matrix = vector_dynamical_matrix(network) if springs == "vector" else network.dynamical_matrix()
    levels = np.sqrt(np.clip(np.linalg.eigvalsh(matrix.toarray()), 0, None))
    moving = levels[levels > 1e-6]
    omega, h = vector.OMEGA, part["omega_max"] ** 2
    width = np.pi / part["n_moments"] * np.sqrt(h - moving**2) / 2
    g = stats.norm.pdf(omega[:, None], moving, width).sum(axis=1) / len(levels)
    away = omega > 0.15
    assert np.linalg.norm((part["density"] - g)[away]) < 0.1 * np.linalg.norm(g[away])
    assert np.trapezoid(part["density"], omega) == pytest.approx(np.trapezoid(g, omega), abs=0.02)
    low = np.searchsorted(omega, vector.LOWEST + 1e-9)
    assert part["soft"] == pytest.approx(np.trapezoid(part["density"][:low], omega[:low]))
    assert (part["nodes"], part["kept"]) == (512, 1.0) and part["coordination"] == pytest.approx(5.0)


@pytest.mark.parametrize("springs", ["vector", "scalar"])
def test_a_crystal_has_its_known_density_with_both_kinds_of_springs(springs):
    kind = springs == "vector"
    part = vector.measure_network(Recipe("triangular", 40, vector=kind), SEED, 0.08)
    lattice, mesh = get_lattice("triangular"), (np.indices((200, 200)).reshape(2, -1).T + 0.5) / 200
    D = lattice.matrix(mesh @ (2 * np.pi * np.linalg.inv(lattice.primitive).T), kind)
    levels = np.sqrt(np.linalg.eigvalsh(D).ravel() if kind else D)
    omega = vector.OMEGA
    density, edges = np.histogram(levels, np.arange(0, part["omega_max"], 0.02), density=True)
    middle = (edges[1:] + edges[:-1]) / 2
    width = np.pi / part["n_moments"] * np.sqrt(part["omega_max"] ** 2 - middle**2) / 2
    exact = stats.norm.pdf(omega[:, None], middle, width) @ density * 0.02
    # below, the waves of the box are seen one by one
    away = omega > 0.7
    assert np.linalg.norm((part["density"] - exact)[away]) < 0.1 * np.linalg.norm(exact[away])


def test_the_trace_of_the_blocks_of_vector_springs_is_the_matrix_of_scalar_springs():
    network = Recipe("fcc", 4, mean_coordination=8.0, variance=0.0).network(SEED)
    n = len(network)
    blocks = vector_dynamical_matrix(network).toarray().reshape(n, 3, n, 3)
    np.testing.assert_allclose(np.einsum("icjc->ij", blocks), network.dynamical_matrix().toarray(), atol=1e-12)


def test_groups_share_their_networks_and_differ_in_one_thing():
    recipes = vector.vector_recipes(300)
    assert len(recipes) == 24
    even, random, scalar = (recipes[f"{kind} fcc 7.2"] for kind in ("even", "random", "scalar"))
    nets = [recipe.network(3) for recipe in (even, random, scalar)]
    np.testing.assert_array_equal(nets[0].bonds, nets[2].bonds)
    assert even.vector and random.vector and not scalar.vector
    assert [round(net.coordination().mean(), 2) for net in nets] == [7.2, 7.2, 7.2]
    assert nets[0].coordination().var() < 0.2 < 2 < nets[1].coordination().var()


def test_loose_pieces_are_left_out():
    recipe = Recipe("triangular", 16, mean_coordination=2.4, vector=True)
    part = vector.measure_network(recipe, SEED, 0.1)
    _, piece = recipe.network(SEED).components()
    assert part["nodes"] == np.bincount(piece).max() and part["kept"] == part["nodes"] / 512 < 1


def test_the_onset_of_a_ramp_is_its_middle():
    omega = vector.OMEGA
    ramp = 0.7 * np.clip(omega / 0.4123, 0, 1)
    assert vector.onset(omega, ramp) == pytest.approx(0.4123 / 2, rel=1e-12)
    # motions without restoring force do not count as a beginning
    assert vector.onset(omega, ramp + 9 * np.exp(-((omega / 0.02) ** 2))) == pytest.approx(0.4123 / 2, rel=1e-3)
    for bad in (np.ones_like(omega), np.where(omega < 0.5, 1.0, 0.7)):
        with pytest.raises(ValueError, match="does not rise"):
            vector.onset(omega, bad)


def test_the_maximum_of_the_reduced_density_lies_inside_or_is_not_there():
    omega = vector.OMEGA
    assert vector.highest_reduced(omega, omega * np.exp(-20 * (omega - 0.333) ** 2)) == pytest.approx(0.333, abs=1e-4)
    assert np.isnan(vector.highest_reduced(omega, omega**3)) and np.isnan(vector.highest_reduced(omega, omega**0.5))


def test_an_exponent_and_its_interval():
    x = np.array([0.3, 0.6, 1.0, 1.4])
    exact, (low, high) = vector.fit_exponent(x, np.outer(x**1.2, [1.0, 2.0]))
    assert exact == pytest.approx(1.2) and high - low < 1e-6
    bent = np.exp([-2.6, -1.7, -0.9, -0.63])
    value, (low, high) = vector.fit_exponent(x, bent[:, None])
    line, covariance = np.polyfit(np.log(x), np.log(bent), 1, cov=True)
    half = stats.t.ppf(0.975, 2) * np.sqrt(covariance[0, 0])
    assert (value, low, high) == pytest.approx((line[0], line[0] - half, line[0] + half))
    # networks that share the bend make it no smaller
    assert vector.fit_exponent(x, np.outer(bent, np.ones(50)))[1] == pytest.approx((low, high))
    assert np.isnan(vector.fit_exponent(x[:2], bent[:2, None])[1]).all()


def test_a_packing_is_springs_and_forces():
    atoms = load(SPHERES)
    potential = atoms.info["potential"]
    network = bond_network(atoms, potential)
    # overlapping pairs, each once, all with the stiffness 1
    tree = cKDTree(atoms.get_positions(wrap=True), boxsize=network.box)
    pairs = tree.query_pairs(1.0)
    assert {tuple(sorted(bond)) for bond in network.bonds.tolist()} == pairs and len(network.bonds) == len(pairs)
    np.testing.assert_array_equal(network.stiffness, 1)
    D, H = vector_dynamical_matrix(network), hessian(atoms, potential)
    length = np.linalg.norm(network.vectors, axis=1)
    i, j = network.bonds.T
    for u in np.random.default_rng(SEED).standard_normal((3, len(atoms), 3)):
        du = u[j] - u[i]
        along = np.einsum("bc,bc->b", network.vectors, du) / length
        springs = (along**2).sum()
        assert u.ravel() @ (D @ u.ravel()) == pytest.approx(springs)
        # psi' = r - 1 of (1 - r)^2 / 2
        across = ((length - 1) / length * ((du**2).sum(axis=1) - along**2)).sum()
        assert across < 0 and u.ravel() @ (H @ u.ravel()) == pytest.approx(springs + across)


def test_without_forces_a_packing_is_positive_semidefinite():
    atoms = load("harmonic-spheres-n1000-instant-s1")
    small = atoms[np.linalg.norm(atoms.get_scaled_positions() - 0.5, axis=1) < 0.3]
    levels = np.linalg.eigvalsh(vector_dynamical_matrix(bond_network(small, "harmonic-spheres")).toarray())
    assert levels[0] > -1e-12 and levels[-1] > 1


def test_rattlers_take_no_part(monkeypatch):
    crystal = bulk("X", "fcc", a=0.97 * np.sqrt(2), cubic=True).repeat(4)
    # the nearest neighbours of one sphere are taken out
    away = crystal.get_distances(100, range(len(crystal)), mic=True)
    holed = crystal[(away < 0.1) | (away > 1.1)]
    holed.info["potential"] = "harmonic-spheres"
    monkeypatch.setattr(vector, "load", lambda name: holed)
    part = vector.measure_packing("any", "springs", 0.1)
    assert part["nodes"] == len(crystal) - 13 and part["kept"] == part["nodes"] / (part["nodes"] + 1)
    assert part["coordination"] > 10


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vector")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector, "COORDINATIONS", {"triangular": (4.6, 5.0, 5.4)})
        patch.setattr(vector, "PACKING", "harmonic-spheres-n1000-instant-s{}")
        data = vector.measure_vector(300, 2, 0.03, folder=folder)
        again = vector.measure_vector(300, 2, 0.03, folder=folder)
        onsets = vector.read_onsets(data, "triangular")
    return SimpleNamespace(data=data, again=again, onsets=onsets, files=len(list(folder.iterdir())))


def test_a_measurement_is_kept_and_read_back(measured):
    data = measured.data
    assert data.sizes["sample"] == measured.files == 2 * 9 + 4 and data.identical(measured.again)
    assert data.attrs["resolution"] == 0.03 and (data.kept > 0.9).all()
    found = measured.onsets
    np.testing.assert_allclose(found.distance, [0.6, 1.0, 1.4])
    one = data.density.sel(sample="random triangular 5 s1").values
    assert found.frequencies["random"][1, 1] == vector.onset(vector.OMEGA, one)
    one = data.density.sel(sample="even triangular 5.4 s0").values
    np.testing.assert_equal(found.frequencies["maximum"][2, 0], vector.highest_reduced(vector.OMEGA, one))


def test_vector_springs_begin_later_the_more_there_are(measured):
    found = measured.onsets
    assert (np.diff(found.frequencies["even"].mean(axis=1)) > 0).all()
    assert found.exponent() == vector.fit_exponent(found.distance, found.frequencies["even"])
    assert 0.5 < found.exponent()[0] and found.exponent("scalar")[0] < 0.5


def test_exponents_of_ramps_are_read_back():
    ramps = {}
    for kind, power in (("even", 1.1), ("random", 0.9), ("scalar", 0.2)):
        for z in (6.6, 7.2, 8.0, 9.0):
            for s in (0, 1):
                ramps[f"{kind} fcc {z:g} s{s}"] = np.clip(vector.OMEGA / (0.2 * (z - 6) ** power), 0, 1)
    density = ("sample", "density_1"), np.array(list(ramps.values()))
    found = vector.read_onsets(xr.Dataset({"density": density}, {"sample": list(ramps)}), "fcc")
    np.testing.assert_allclose(found.distance, [0.6, 1.2, 2.0, 3.0])
    for kind, power in (("even", 1.1), ("random", 0.9), ("scalar", 0.2)):
        assert found.frequencies[kind].shape == (4, 2) and found.exponent(kind)[0] == pytest.approx(power)


def test_packings_are_compared_with_themselves_and_with_one_another(measured):
    found = vector.read_prestress(measured.data)
    forces, alone = found.onsets["forces"], found.onsets["springs"]
    assert found.ratio[0] == pytest.approx((forces[0] / alone[0] + forces[1] / alone[1]) / 2)
    assert (forces < alone).all()
    assert found.control[0] == pytest.approx((alone[0] / alone[1] + alone[1] / alone[0]) / 2)
    assert found.ratio[1][0] < found.ratio[0] < found.ratio[1][1]
    np.testing.assert_array_equal(found.densities["forces"][1], measured.data.density.sel(sample="forces s2"))


def test_drawings(axes, measured):
    found = measured.onsets
    figures.draw_onsets(axes, found, "C2", "triangular")
    even, random, scalar, line = axes.lines
    np.testing.assert_allclose(even.get_ydata(), found.frequencies["even"].mean(axis=1))
    assert random.get_markerfacecolor() == "none" and scalar.get_marker() == "x"
    assert np.ptp(line.get_ydata() / line.get_xdata()) == pytest.approx(0, abs=1e-12)
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_the_drawing_of_packings(axes, measured):
    found = vector.read_prestress(measured.data)
    figures.draw_prestress(axes, found)
    curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
    np.testing.assert_allclose(curves[1].get_ydata(), found.densities["springs"].mean(axis=0))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["with forces", "springs only"]
