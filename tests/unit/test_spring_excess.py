"""The excess against crystals, dense diagonalisation and the effective medium itself."""

from dataclasses import replace

import numpy as np
import pytest

from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import LATTICES, SpringDistribution, contact_network, lattice_network
from bosonpeak.papers.spring_network import excess
from bosonpeak.papers.spring_network.cpa import solve_cpa
from bosonpeak.papers.spring_network.kernel import fine_grid, kernel_matrix, see_through_kernel
from bosonpeak.papers.spring_network.lattice_green import debye_level_of_lattice
from bosonpeak.vibrations.elasticity import scalar_debye_level, scalar_modulus
from bosonpeak.vibrations.peaks import WINDOW, boson_peak, excess_over_crystal
from bosonpeak.vibrations.spectra import spectral_function

SEED = 20282


def test_the_kernel_of_a_run_is_what_the_run_makes_of_each_level():
    """Dense diagonalisation: the exact levels through the matrix are the KPM density without random numbers."""
    network = lattice_network("square", 9, bond_fraction=0.8, rng=SEED)
    D = network.dynamical_matrix()
    omega = np.linspace(0.1, 2.6, 60)
    v = np.random.default_rng(SEED).standard_normal(len(network))
    seen = spectral_function(D, v, omega, 40)
    value, vector = np.linalg.eigh(D.toarray())
    level, weight = np.sqrt(np.clip(value, 0, None)), (v @ vector) ** 2
    moving = level > 1e-6
    fine = fine_grid(seen.omega_max * (1 - 1e-9), 40000)
    step = fine[1] - fine[0]
    g = np.zeros(len(fine))
    np.add.at(g, (level[moving] / step).astype(int), weight[moving] / step)
    still = weight[~moving].sum()
    without = spectral_function(D, v, omega, 40, project_out=network.zero_modes())
    shown = see_through_kernel(fine, g, without)
    np.testing.assert_allclose(shown, without.g[:, 0], atol=2e-3 * seen.g.max())
    both = see_through_kernel(fine, np.stack([g, 2 * g], axis=1), without)
    np.testing.assert_allclose(both, np.stack([shown, 2 * shown], axis=1))
    assert still > 0


def test_a_smooth_density_hardly_changes_and_keeps_its_norm():
    omega = fine_grid(2.9, 800)
    g = excess.softened_density("square", omega, 1.0)
    out = fine_grid(2.89, 700)
    matrix = kernel_matrix(omega, out, 400, 2.9)
    assert (matrix @ g).sum() * (out[1] - out[0]) == pytest.approx(1, abs=2e-3)
    low = (out > 0.3) & (out < 1.5)
    np.testing.assert_allclose((matrix @ g)[low], excess.softened_density("square", out, 1.0)[low], rtol=4e-3)
    assert (matrix >= -1e-9).all()


@pytest.mark.parametrize("lattice", ["square", "triangular", "simple-cubic", "fcc"])
def test_the_crystal_has_its_own_stiffness_level_and_no_excess(lattice):
    kind = LATTICES[lattice]
    network = lattice_network(lattice, {2: 8, 3: 4}[kind.dimension], springs=SpringDistribution(mean=1.7))
    assert excess.measured_stiffness(network, lattice) == pytest.approx(1.7)
    level = debye_level_of_lattice(lattice) * 1.7 ** (-kind.dimension / 2)
    # a crystal of the lattice's own density: every ratio is 1
    omega = np.sqrt(1.7 * excess.FIRST_SINGULARITY[lattice]) * np.linspace(0.02, 0.05, 5)
    g = excess.softened_density(lattice, omega, 1.7)
    np.testing.assert_allclose(g / omega ** (kind.dimension - 1) / level, 1, rtol=2e-3)


def test_the_crystal_of_a_network_has_its_debye_level_whatever_its_density():
    network = lattice_network("square", 12, bond_fraction=0.9, rng=SEED)
    level = scalar_debye_level(scalar_modulus(network))
    for lattice in ("square", "triangular"):
        K = excess.measured_stiffness(network, lattice)
        assert debye_level_of_lattice(lattice) / K == pytest.approx(level)
    # longer springs of the same stiffness have the same levels
    crystal = lattice_network("simple-cubic", 4)
    lengths = {name: 2 * getattr(crystal, name) for name in ("positions", "box", "vectors")}
    assert excess.measured_stiffness(replace(crystal, **lengths), "simple-cubic") == pytest.approx(1)
    K = excess.measured_stiffness(crystal, "fcc")
    assert debye_level_of_lattice("fcc") * K**-1.5 == pytest.approx(debye_level_of_lattice("simple-cubic"))


@pytest.mark.parametrize("lattice", ["square", "triangular", "simple-cubic", "fcc"])
def test_the_first_singularity_is_where_the_density_has_its_first_spike(lattice):
    """The slope of g jumps or g diverges there, and is smooth below."""
    omega_v = np.sqrt(excess.FIRST_SINGULARITY[lattice])
    kind = LATTICES[lattice]
    omega = omega_v * np.linspace(0.9, 1.1, 401)
    reduced = excess.softened_density(lattice, omega, 1.0) / omega ** (kind.dimension - 1)
    bend = abs(np.diff(reduced, 2))
    assert omega[1:-1][np.argmax(bend)] == pytest.approx(omega_v, rel=2e-3)


@pytest.mark.parametrize("lattice, n", [("square", 90), ("simple-cubic", 22)])
def test_large_crystals_show_no_excess_and_dilution_that_of_the_medium(lattice, n):
    clean = excess.measure_excess(lattice_network(lattice, n), lattice, rng=SEED, resolution=0.08, n_vectors=32)
    middle = (clean.omega > 0.4 * clean.omega_v) & (clean.omega < 0.8 * clean.omega_v)
    np.testing.assert_allclose(clean.ratio[middle].mean(), 1, atol=0.02)
    assert clean.rigid and clean.stiffness == pytest.approx(1)
    p = 0.85
    diluted = [
        excess.measure_excess(lattice_network(lattice, n, bond_fraction=p, rng=s), lattice, rng=s) for s in range(2)
    ]
    medium = excess.medium_excess(solve_cpa(lattice, fine_grid(3.6, 200), bond_fraction=p))
    assert np.mean([e.stiffness for e in diluted]) == pytest.approx(medium.stiffness, rel=0.02)
    assert np.mean([e.net for e in diluted]) == pytest.approx(medium.net, rel=0.06)
    assert medium.net > 1.1 and medium.level == pytest.approx(debye_level_of_lattice(lattice) * medium.stiffness ** -(
        LATTICES[lattice].dimension / 2))  # fmt: skip


def test_a_ratio_that_only_rises_is_no_hump():
    omega_v = np.sqrt(excess.FIRST_SINGULARITY["square"])
    box = solve_cpa("square", fine_grid(2.9, 200), SpringDistribution("box", 1.0, 0.126))
    gamma = solve_cpa("square", fine_grid(1.5 * omega_v, 200), SpringDistribution("gamma", 1.0, 1.5))
    weak, strong = excess.medium_excess(box), excess.medium_excess(gamma)
    assert not weak.net_interior and weak.net == weak.ratio[weak.omega <= 0.6 * weak.omega_v + 1e-9][-1]
    assert strong.net_interior and strong.net > strong.ratio[strong.omega <= 0.6 * strong.omega_v][-1]


def test_the_medium_of_a_crystal_has_no_excess():
    medium = excess.medium_excess(solve_cpa("square", fine_grid(2.9, 900)))
    # near the singularity the grid of 900 shows
    inside = medium.omega < 0.8 * medium.omega_v
    np.testing.assert_allclose(medium.ratio[inside], 1, atol=2e-3)
    assert medium.net == pytest.approx(1, abs=2e-3) and not medium.interior


def test_below_rigidity_the_result_says_so():
    network = lattice_network("square", 30, bond_fraction=0.35, rng=SEED)
    found = excess.measure_excess(network, "square")
    assert not found.rigid and found.stiffness == 0 and np.isinf(found.level) and np.isnan(found.net)
    assert len(found.omega) == len(found.ratio) == 0
    assert not excess.medium_excess(solve_cpa("square", fine_grid(2.9, 60), bond_fraction=0.4)).rigid
    # a network that holds in one direction only has no level either
    rows = lattice_network("square", 8)
    along = abs(rows.vectors[:, 0]) > 0.5
    comb = contact_network(rows.positions, rows.box, 1.1)
    assert excess.measured_stiffness(comb, "square") == pytest.approx(1)
    comb = SpringNetwork(rows.positions, rows.bonds[along], rows.stiffness[along], rows.box, rows.vectors[along])
    assert excess.measured_stiffness(comb, "square") == 0


def _excess(net, place=0.8, top=1.5, interior=True):
    omega = np.linspace(0.2, 2, 50)
    return excess.Excess(True, 1.0, 0.1, 2.0, omega, omega, 2 + omega, top, net, True, place, interior)


def test_a_group_has_the_mean_of_its_samples():
    group = excess.Group([_excess(1.2), _excess(1.4)])
    np.testing.assert_array_equal(group.values("net"), [1.2, 1.4])
    assert group.mean("net") == pytest.approx(1.3) and group.values("ratio").shape == (2, 50)
    np.testing.assert_allclose(group.mean("over_level"), 10 * group.samples[0].omega)
    value, (low, high) = group.interval("net", 2.0)
    # Student's t of one degree of freedom
    assert value == pytest.approx(0.65) and high - value == pytest.approx(12.706 * 0.05, rel=1e-4) == value - low


def test_the_deviation_of_a_group_is_that_between_two_frequencies():
    group = excess.Group([_excess(1.2), replace(_excess(1.4), ratio=np.full(50, 2.5))])
    omega = group.samples[0].omega
    inside = (omega > 0.5) & (omega < 1.5)
    first = np.sqrt(np.square(1 + omega[inside]).mean())
    value, (low, high) = group.deviation(0.5, 1.5)
    assert first == pytest.approx(np.sqrt(4 + 1 / 12), abs=0.02) and value == pytest.approx((first + 1.5) / 2)
    assert high - value == pytest.approx(12.706 * (first - 1.5) / 2, rel=1e-4) == value - low
    # a crystal has the ratio 1 on its own frequencies, which lie in its own units
    soft = replace(_excess(1.0), omega=omega / 2, ratio=np.where(omega / 2 < 0.6, 1.0, 9.0))
    assert excess.Group([soft]).deviation(0.2, 0.6)[0] == 0


def test_the_excess_is_read_as_in_the_other_chapter():
    """One definition for both chapters, `vibrations.peaks.excess_over_crystal`."""
    medium = excess.medium_excess(solve_cpa("square", fine_grid(2.9, 200), bond_fraction=0.8))
    for found in (
        medium,
        excess.measure_excess(lattice_network("square", 30, bond_fraction=0.8, rng=3), "square", rng=3),
    ):
        same = excess_over_crystal(found.omega, found.reduced, found.crystal * found.level, found.level, found.omega_v)
        for name in ("height", "net", "net_interior", "place", "interior"):
            assert getattr(found, name) == pytest.approx(getattr(same, name), rel=1e-12), name
        # by hand, to the grid: the highest points in the window
        inside = (found.scaled >= WINDOW[0] - 1e-9) & (found.scaled <= WINDOW[1] + 1e-9)
        assert found.net == pytest.approx(found.ratio[inside].max(), rel=2e-3)
        assert found.height == pytest.approx(found.over_level[inside].max(), rel=2e-3)
        below = found.scaled < 0.8
        assert found.place == pytest.approx(
            found.omega[below][found.reduced[below].argmax()], abs=0.011 * found.omega_v
        )


def test_the_parts_of_an_excess_go_together():
    found = _excess(1.2)
    np.testing.assert_allclose(found.crystal * found.ratio * found.level, found.reduced)
    assert found.top == pytest.approx(0.15) and found.scaled[-1] == 1


def test_the_crystal_itself_in_the_window():
    crystal = excess.measure_excess(lattice_network("square", 60), "square", rng=0, resolution=0.08)
    omega = np.linspace(*excess.WINDOW, 50) * crystal.omega_v
    flat = (excess.softened_density("square", omega, 1.0) / omega).max()
    assert crystal.crystal_top == pytest.approx(flat, rel=1e-2)


def test_the_top_of_a_parabola_is_exact():
    x = np.linspace(0, 1, 23)
    top = boson_peak(x, 2 - 3 * (x - 0.43) ** 2, 1, 0.2, 0.9)
    assert (top.omega, top.intensity, top.interior) == (pytest.approx(0.43), pytest.approx(2), True)
    assert boson_peak(x, x, 1, 0.2, 0.9).interior is False


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: kernel_matrix([0.1, 0.2], [0.1], 10, 0.2), "between 0 and"),
        (lambda: kernel_matrix([0.0, 0.1], [0.1], 10, 0.2), "between 0 and"),
        (lambda: boson_peak(np.arange(1, 6.0), np.arange(5.0), 1, 1.2, 1.8), "fewer than three"),
        (lambda: excess.measure_excess(lattice_network("square", 4), "kagome"), "unknown lattice"),
    ],
)
def test_mistakes_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
