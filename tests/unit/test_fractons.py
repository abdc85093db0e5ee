"""Spectral dimensions of exact power laws, of chains, trees and crystals, and pieces against dense diagonalisation."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.integrate import cumulative_trapezoid

from bosonpeak import statistics
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import lattice_network
from bosonpeak.papers.fractons import measure as fractons
from bosonpeak.papers.fractons.figures import draw_fractons
from bosonpeak.papers.fractons.measure import largest_piece
from bosonpeak.vibrations.chebyshev import jackson_kernel
from bosonpeak.vibrations.debye import square_lattice_density
from bosonpeak.vibrations.elasticity import scalar_debye_level, scalar_modulus
from bosonpeak.vibrations.spectra import Spectrum

SEED = 20286


def graph(n, bonds) -> SpringNetwork:
    """Network of n nodes with springs 1 between the given pairs; where the nodes are does not matter."""
    bonds = np.asarray(bonds)
    return SpringNetwork(np.zeros((n, 2)), bonds, np.ones(len(bonds)), np.ones(2), np.zeros((len(bonds), 2)))


def shown_by(levels, seen, weight=None) -> np.ndarray:
    """Density of levels omega (n,) as the run `seen` shows it; each has the weight 1/n, and the zero mode none."""
    weight = np.where(np.arange(len(levels)) > 0, 1 / len(levels), 0) if weight is None else weight
    angle_in, angle_out = (np.arccos(2 * (w / seen.omega_max) ** 2 - 1) for w in (levels, seen.omega))
    order = np.arange(seen.n_moments)
    moments = np.cos(np.outer(order, angle_in)) @ weight
    series = np.cos(np.outer(angle_out, order)) * jackson_kernel(seen.n_moments) * np.where(order == 0, 1.0, 2.0)
    return series @ moments * 2 / np.pi / np.sqrt(seen.omega_max**2 - seen.omega**2)


def blank_run(top: float, resolution: float) -> Spectrum:
    """A run that showed nothing yet, with its kernel."""
    return Spectrum(fractons.OMEGA, *[np.zeros(0)] * 2, resolution, int(np.pi * top / 2 / resolution), 1, top)


def frequencies(network) -> np.ndarray:
    return np.sqrt(np.clip(np.linalg.eigvalsh(network.dynamical_matrix().toarray()), 0, None))


@pytest.mark.parametrize("dimension", [1.0, 4 / 3, 2.0, 3.0])
def test_the_dimension_of_a_power_law_is_read_inside_the_window_only(dimension):
    g = 7 * fractons.OMEGA ** (dimension - 1)
    g[(fractons.OMEGA < 0.05) | (fractons.OMEGA > 0.5)] = 1e3
    assert fractons.spectral_dimension(fractons.OMEGA, g) == pytest.approx(dimension, abs=1e-12)


def test_the_kernel_leaves_the_dimension_of_fractons_unchanged():
    """A power law of the exponent 1/3 through kernels of half, the whole and twice the width."""
    top, read = np.sqrt(8.0), []
    for resolution in (0.0025, fractons.RESOLUTION, 0.01):
        fine = (np.arange(6000) + 0.5) * 0.999 * top / 6000
        g = shown_by(fine, blank_run(top, resolution), fine ** (1 / 3) * (fine[1] - fine[0]))
        read.append(fractons.spectral_dimension(fractons.OMEGA, g))
    np.testing.assert_allclose(read, 4 / 3, atol=2e-3)


def test_a_ring_has_one_dimension():
    """g = 2 / (pi sqrt(4 - omega^2)) of the infinite chain."""
    n = 4000
    seen = fractons.see_piece(graph(n, np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1)), SEED)
    inside = (fractons.OMEGA > 0.04) & (fractons.OMEGA < 1.9)
    exact = 2 / np.pi / np.sqrt(4 - fractons.OMEGA[inside] ** 2)
    np.testing.assert_allclose(seen.g[inside], exact, atol=5 * seen.stderr[inside].max())
    assert fractons.spectral_dimension(fractons.OMEGA, exact_chain()) == pytest.approx(1.01, abs=0.01)
    assert fractons.spectral_dimension(fractons.OMEGA, seen.g) == pytest.approx(1.01, abs=0.05)


def exact_chain() -> np.ndarray:
    return 2 / np.pi / np.sqrt(4 - np.minimum(fractons.OMEGA, 1.99) ** 2)


def test_a_star_has_its_levels():
    """A node with m springs: levels 1 (m - 1 times) and m + 1, and the motion as a whole, which is left out."""
    m = 12
    star = graph(m + 1, [[0, i] for i in range(1, m + 1)])
    levels = np.sqrt(np.r_[0.0, np.ones(m - 1), m + 1])
    seen = [fractons.see_piece(star, s) for s in range(12)]
    g, error = np.mean([each.g for each in seen], axis=0), np.std([each.g for each in seen], axis=0) / np.sqrt(12)
    assert (abs(g - shown_by(levels, seen[0])) <= 5 * error + 1e-9).all()


@pytest.mark.parametrize("lattice, dimension, top", [("square", 2, 8.0), ("simple-cubic", 3, 12.0)])
def test_a_crystal_has_the_dimension_of_its_lattice_with_either_kernel(lattice, dimension, top):
    g = fractons.crystal_density(lattice)
    read = fractons.spectral_dimension(fractons.OMEGA, g)
    assert read == pytest.approx(dimension, abs=0.03)
    # the Gaussian kernel shows the exact density as the kernel of a run does
    exact = {"square": square_lattice_density, "simple-cubic": fractons.simple_cubic_density}[lattice]
    top = np.sqrt(top) * 1.005
    fine = (np.arange(9000) + 0.5) * 0.999 * top / 9000
    shown = shown_by(fine, blank_run(top, fractons.RESOLUTION), exact(fine) * (fine[1] - fine[0]))
    assert fractons.spectral_dimension(fractons.OMEGA, shown) == pytest.approx(read, abs=0.001)
    low = fractons.OMEGA < 1.5
    np.testing.assert_allclose(g[low], shown[low], rtol=0.01)


def test_the_density_of_the_simple_cubic_lattice_is_that_of_its_waves():
    omega = np.linspace(0.001, np.sqrt(12.0), 4001)
    g = fractons.simple_cubic_density(omega)
    assert np.trapezoid(g, omega) == pytest.approx(1, abs=1e-3)
    k = (np.arange(160) + 0.5) * np.pi / 160
    line = 4 * np.sin(k / 2) ** 2
    levels = np.sqrt(line[:, None, None] + line[:, None] + line).ravel()
    edges = np.array([0.3, 0.7, 1.2, 1.7, 2.0, 2.5, 2.9, 3.4])
    share = np.histogram(levels, edges)[0] / len(levels)
    np.testing.assert_allclose(
        np.diff(np.interp(edges, omega, cumulative_trapezoid(g, omega, initial=0))), share, rtol=3e-3
    )
    # the continuum
    assert fractons.simple_cubic_density(np.array([0.01])) == pytest.approx(0.01**2 / (2 * np.pi**2), rel=1e-3)


def test_a_large_square_crystal_in_a_box_shows_the_infinite_one():
    seen = fractons.see_piece(lattice_network("square", 300), SEED, 0.01)
    exact = fractons.crystal_density("square", seen.omega, 0.01)
    assert fractons.spectral_dimension(seen.omega, seen.g) == pytest.approx(2, abs=0.05)
    inside = (seen.omega > 0.2) & (seen.omega < 0.5)
    np.testing.assert_allclose(seen.g[inside], exact[inside], rtol=0.1)


def test_a_piece_shows_its_own_levels():
    piece = largest_piece("square", 14, 0.55, 3)
    seen = fractons.see_piece(piece, 3, 0.05)
    part = fractons.piece_part("square", 14, 0.55, 3, 0.05)
    np.testing.assert_array_equal(part["density"], seen.g)
    assert part["nodes"] == len(piece) < 14**2 and part["stiffness"] > 0 and not len(part["frequency"])
    more = [fractons.see_piece(piece, s, 0.05).g for s in range(40)]
    error = np.std(more, axis=0) / np.sqrt(40)
    assert (abs(np.mean(more, axis=0) - shown_by(frequencies(piece), seen)) <= 5 * error + 1e-9).all()
    assert fractons.piece_part("square", 14, 0.5, 3, 0.05)["stiffness"] == 0


@pytest.mark.parametrize("lattice, n", [("square", 24), ("simple-cubic", 9)])
def test_the_stiffness_of_a_piece_is_that_of_the_crystal_with_its_level(lattice, n):
    assert fractons.piece_stiffness(lattice_network(lattice, n)) == pytest.approx(1)
    piece = largest_piece(lattice, n, 0.6, 5)
    mu, d = scalar_modulus(piece), len(piece.box)
    # waves of the speeds sqrt(mu / density), whose level counts states per node
    level = (len(piece) / n**d) ** (d / 2 - 1) / np.sqrt(np.linalg.det(mu))
    assert fractons.piece_stiffness(piece) ** (-d / 2) == pytest.approx(level)
    if d == 2:
        assert scalar_debye_level(mu) == pytest.approx(level / (2 * np.pi))
    # layers that nothing connects
    crystal = lattice_network(lattice, n)
    flat = abs(crystal.vectors[:, 0]) < 0.5
    cut = SpringNetwork(
        crystal.positions, crystal.bonds[flat], crystal.stiffness[flat], crystal.box, crystal.vectors[flat]
    )
    assert fractons.piece_stiffness(cut) == 0


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fractons")
    return fractons.measure_fractons(600, 2, 8, folder=folder), folder


def test_every_sample_is_measured_once_and_kept(measured, monkeypatch):
    data, folder = measured
    names = [f"{group} s{s}" for group in [*fractons.GROUPS, "fracton 8", "fracton 16", "fracton 32"] for s in (0, 1)]
    assert data["sample"].values.tolist() == names
    monkeypatch.setattr(fractons, "see_piece", None)
    monkeypatch.setattr(fractons.modes, "modes_near", None)
    assert fractons.measure_fractons(600, 2, 8, folder=folder).identical(data)


def test_fractons_are_the_modes_nearest_to_their_frequency(measured):
    data, _ = measured
    exact = frequencies(largest_piece("square", 32, 0.5, 401))
    near = np.sort(exact[np.argsort(abs(exact**2 - fractons.FRACTON**2))[: 32**2 // 12]])
    found = data.frequency.sel(sample="fracton 32 s1").values
    np.testing.assert_allclose(found[np.isfinite(found)], near, atol=1e-6)


def test_what_is_read_is_what_was_measured(measured):
    found = fractons.read_fractons(measured[0])
    each = [fractons.piece_part("square", 24, 0.7, s) for s in (0, 1)]
    np.testing.assert_allclose(found.densities["square 0.7"], [part["density"] for part in each], rtol=1e-12)
    assert found.stiffness["square 0.7"] == pytest.approx(np.mean([part["stiffness"] for part in each]))
    assert found.stiffness["simple-cubic 0.2488"] == 0 and found.nodes == [64, 256, 1024]
    value, (low, high) = found.dimension("square 0.5")
    both = [fractons.spectral_dimension(fractons.OMEGA, g) for g in found.densities["square 0.5"]]
    assert value == pytest.approx(np.mean(both)) and low < min(both) < max(both) < high
    for size, shares in zip((8, 16, 32), found.shares, strict=True):
        both = measured[0].sel(sample=[f"fracton {size} s{s}" for s in (0, 1)])
        inside = (both.frequency > 0.24) & (both.frequency < 0.36)
        np.testing.assert_array_equal(shares, both.participation.values[inside.values])
    assert found.exponent == statistics.median_exponent([64, 256, 1024], found.shares, rng=3)
    assert found.crystal_dimension("square") == pytest.approx(2, abs=0.03)
    assert found.crystal_dimension("simple-cubic") == pytest.approx(3, abs=0.03)


def test_fractons_are_level_and_sound_rises_in_the_drawing():
    omega = fractons.OMEGA
    densities = dict.fromkeys(fractons.GROUPS, np.tile(0.3 * omega ** (1 / 3), (3, 1)))
    stiffness = {group: 0.1 * (p > fractons.SHARES[name][0]) for group, (name, p) in fractons.GROUPS.items()}
    crystals = {"square": omega / (2 * np.pi), "simple-cubic": omega**2 / (2 * np.pi**2)}
    axes = Figure().subplots(2, 1)
    draw_fractons(axes, fractons.Fractons(densities, stiffness, crystals, [], []))
    for ax, d, shares in zip(axes, (2, 3), fractons.SHARES.values(), strict=True):
        solid = [line for line in ax.lines if line.get_linestyle() == "-"]
        dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
        assert len(solid) == 1 + len(shares) and len(dashed) == len(shares) - 1
        np.testing.assert_allclose(solid[1].get_ydata(), 0.3)
        x, y = (np.log(values[:40]) for values in dashed[0].get_data())
        assert np.polyfit(x, y, 1)[0] == pytest.approx(d - 4 / 3) and ax.get_xscale() == ax.get_yscale() == "log"
    # springs of a tenth: the level of the square crystal over its stiffness
    x, y = (values[0] for values in axes[0].lines[-1].get_data())
    assert y == pytest.approx(x ** (2 / 3) / (2 * np.pi * 0.1))
