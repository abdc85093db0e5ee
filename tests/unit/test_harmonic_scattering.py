"""Harmonic S(Q, E): sum rules, plain sums, a lattice by its own dynamical matrix, and dynasor."""

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from bosonpeak.archive.glasses import load
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.scattering import harmonic
from bosonpeak.scattering.harmonic import (
    NEUTRON_LENGTHS,
    boson_map,
    reduced_density_by_moments,
    scattering_weights,
    structure_factor,
    wave_polarizations,
)
from bosonpeak.scattering.wavevectors import Wavevectors, box_wavevectors, shell_means
from bosonpeak.units import MEV
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density

WEIGHTS, WAYS = ("unit", "neutron", "mass"), ("longitudinal", "transverse")
ENERGY = np.arange(1, 700) * 0.05


@pytest.fixture(scope="module")
def glass():
    """A metallic glass, its dynamical matrix and all of its modes; levels from 1.8 to 32 meV."""
    atoms = load("Cu50Zr50-mendelev-2009-n500-1e14-s1")
    D = dynamical_matrix(atoms, get("cu-zr-mendelev-2009"))
    return atoms, D, normal_modes(D)


@pytest.fixture(scope="module")
def crystal():
    """Lennard-Jones fcc at zero pressure, 4 x 4 x 4 cells of four atoms, and its modes."""
    atoms = inherent_structure(bulk("Ar", "fcc", 1.55, cubic=True) * (4, 4, 4), get("lennard-jones"), relax_box=True)
    return atoms, normal_modes(dynamical_matrix(atoms, get("lennard-jones")))


def _waves(atoms, edges=(0.3, 1.0, 2.0, 3.0, 4.0, 5.0), per_shell=6, seed=1):
    return box_wavevectors(atoms.cell.array, edges, per_shell, seed)


def _single(atoms, n):
    """A shell that contains a single wave vector."""
    q = 2 * np.pi * np.array([n]) @ np.linalg.inv(atoms.cell.array).T
    length = np.linalg.norm(q)
    return Wavevectors(np.array([n]), q, np.array([0]), np.array([0.9, 1.1]) * length, np.array([1]))


def _amplitudes(atoms, modes, q, direction, weights):
    """F_k (k,) of one wave from the first formula of the module, in double precision."""
    b, m = scattering_weights(atoms, weights), atoms.get_masses()
    e = modes.polarizations.reshape(len(atoms), 3, -1)
    return (b / np.sqrt(m) * np.exp(-1j * atoms.positions @ q)) @ np.einsum("c,nck->nk", direction, e)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("way", WAYS)
def test_g_integrates_to_one_minus_the_share_of_translations(glass, weights, way):
    atoms, _, modes = glass
    waves = _waves(atoms)
    found = boson_map(modes, atoms, waves, ENERGY, 0.1, weights, way)
    # a Gaussian of standard deviation s around E_k, over E_k^2 there and times E^2 here, has 1 + s^2 / E_k^2
    integral = (found.intensity * (ENERGY**2 - 0.1**2)).sum(axis=1) * 0.05
    # zero modes have no energy: their share is |sum b exp(-i Q.r)|^2 / (M sum b^2 / m)
    b, m = scattering_weights(atoms, weights), atoms.get_masses()
    rest = structure_factor(atoms, waves, weights) * (b**2).sum() / (m.sum() * (b**2 / m).sum())
    np.testing.assert_allclose(integral, 1 - shell_means(rest, waves)[0], atol=2e-4)
    assert integral == pytest.approx(1.0, abs=0.01)
    assert found.unit == "meV" and found.counts.tolist() == waves.counts.tolist()


@pytest.mark.parametrize(("weights", "way"), [("unit", "longitudinal"), ("neutron", "transverse")])
def test_the_map_is_the_plain_sum_over_modes(glass, weights, way):
    atoms, _, modes = glass
    waves, energy, width = _waves(atoms, per_shell=3), np.array([2.0, 4.0, 8.0, 16.0, 25.0]), 0.5
    found = boson_map(modes, atoms, waves, energy, width, weights, way)
    level = modes.omega[3:] * MEV
    kernel = np.exp(-0.5 * ((level[:, None] - energy) / width) ** 2) / np.sqrt(2 * np.pi) / width / level[:, None] ** 2
    b, m = scattering_weights(atoms, weights), atoms.get_masses()
    each = []
    for q in waves.vectors:
        along = q / np.linalg.norm(q)
        F = np.array([_amplitudes(atoms, modes, q, axis, weights) for axis in np.eye(3)])[:, 3:]
        longitudinal = abs(along @ F) ** 2
        total = longitudinal if way == "longitudinal" else ((abs(F) ** 2).sum(axis=0) - longitudinal) / 2
        each.append(total @ kernel / (b**2 / m).sum())
    mean, error = shell_means(np.array(each), waves)
    np.testing.assert_allclose(found.intensity, mean, rtol=1e-4)
    np.testing.assert_allclose(found.stderr, error, rtol=1e-3, atol=1e-5 * mean.max())


@pytest.mark.parametrize(("weights", "way"), [("unit", "longitudinal"), ("mass", "transverse")])
def test_moments_are_the_modes(glass, weights, way):
    # the lowest wave, at 1.84 meV, lies 4.6 widths above zero
    atoms, D, modes = glass
    waves, energy = _waves(atoms, (0.3, 1.0, 2.0, 4.0), 3), np.arange(1, 160) * 0.25
    one, other = (boson_map(x, atoms, waves, energy, 0.4, weights, way) for x in (modes, D))
    # the error of the finite series lies below the first wave
    np.testing.assert_allclose(other.intensity, one.intensity, atol=0.01 * one.intensity.max())
    seen = (energy > 2) & (one.intensity > 1e-3 * one.intensity.max())
    np.testing.assert_allclose(other.intensity[seen], one.intensity[seen], rtol=0.01)
    np.testing.assert_allclose(other.stderr[seen], one.stderr[seen], rtol=0.03)


def _drawn_solid(n_atoms, seed=0):
    """Atoms at random places of a skewed box, and random modes that leave out the translations."""
    rng = np.random.default_rng(seed)
    symbols = rng.choice(["Cu", "Zr", "Al"], n_atoms)
    cell = np.array([[13.0, 0, 0], [4, 12, 0], [-3, 5, 14]])
    atoms = Atoms(symbols, scaled_positions=rng.random((n_atoms, 3)), cell=cell, pbc=True)
    translations = np.kron(np.sqrt(atoms.get_masses())[:, None], np.eye(3))
    polarizations, _ = np.linalg.qr(np.hstack([translations, rng.normal(size=(3 * n_atoms, 3 * n_atoms - 3))]))
    omega = np.sort(rng.uniform(2.0, 30.0, 3 * n_atoms)) / MEV
    omega[:3] = 0
    return atoms, Modes(omega, polarizations, np.zeros(3 * n_atoms))


# 5 atoms are fewer than the slabs, and 31 are no multiple of them
@pytest.mark.parametrize(("n_atoms", "weights"), [(5, "unit"), (31, "neutron"), (64, "mass")])
def test_columns_of_waves_are_the_plain_sum_over_modes(n_atoms, weights, monkeypatch):
    atoms, modes = _drawn_solid(n_atoms)
    waves = box_wavevectors(atoms.cell.array, np.linspace(0.5, 8.5, 9))
    assert len(waves) > 20 * len(np.unique(waves.indices[:, :2], axis=0)) and (waves.indices[:, 2] < 0).any()
    asked = []
    sums = harmonic._sums_by_columns
    monkeypatch.setattr(harmonic, "_sums_by_columns", lambda *given: asked.append(given) or sums(*given))
    found = boson_map(modes, atoms, waves, ENERGY[::10], 0.4, weights)
    assert len(asked) == 1
    level = modes.omega[3:] * MEV
    kernel = np.exp(-0.5 * ((level[:, None] - ENERGY[::10]) / 0.4) ** 2) / (
        np.sqrt(2 * np.pi) * 0.4 * level[:, None] ** 2
    )
    b, m = scattering_weights(atoms, weights), atoms.get_masses()
    rows = (
        np.exp(-1j * waves.vectors @ atoms.positions.T)[..., None]
        * waves.directions[:, None]
        * (b / np.sqrt(m))[:, None]
    )
    each = abs(rows.reshape(len(waves), -1) @ modes.polarizations[:, 3:]) ** 2 @ kernel / (b**2 / m).sum()
    mean, error = shell_means(each, waves)
    top = mean.max(axis=1, keepdims=True)
    assert (abs(found.intensity - mean) / top).max() < 5e-6 and (abs(found.stderr - error) / top).max() < 5e-6


def test_dense_and_sparse_wave_vectors_have_one_way_each(glass, monkeypatch):
    atoms, _, modes = glass
    waves, energy = _waves(atoms, (3.5, 4.0, 5.0), None), np.arange(1, 61) * 0.25
    found = boson_map(modes, atoms, waves, energy, 0.4)
    monkeypatch.setattr(harmonic, "_sums_by_columns", lambda *given: pytest.fail("these are too few for columns"))
    few = boson_map(modes, atoms, _waves(atoms, (3.5, 4.0, 5.0), 100), energy, 0.4)
    assert (abs(few.intensity - found.intensity) < 5 * few.stderr).mean() > 0.99
    monkeypatch.setattr(harmonic, "_DENSE", np.inf)
    plain = boson_map(modes, atoms, waves, energy, 0.4)
    top = plain.intensity.max(axis=1, keepdims=True)
    assert (abs(found.intensity - plain.intensity) / top).max() < 1e-5
    assert (abs(found.stderr - plain.stderr) / top).max() < 1e-5


def test_modes_out_of_reach_do_not_count_and_need_no_time(glass):
    atoms, _, modes = glass
    waves, energy = _waves(atoms), np.arange(1, 181) * 0.25
    every, low = (boson_map(modes, atoms, waves, e, 0.4) for e in (energy, energy[:60]))
    top = every.intensity.max(axis=1, keepdims=True)
    assert (abs(low.intensity - every.intensity[:, :60]) / top).max() < 1e-6
    basis, kernel = harmonic._modes_in_reach(modes, energy[:60], 0.4, "meV")
    level = modes.omega * MEV
    assert basis.shape[1] == len(kernel) == ((level > 1) & (level < 15 + 7 * 0.4)).sum() < 0.6 * len(level)
    # no number is so small that it slows down the product
    assert kernel[kernel > 0].min() > 1e-20
    # beyond all levels nothing is left, for few wave vectors and for many
    for some in (waves, _waves(atoms, (3.5, 4.0, 5.0), None)):
        assert (boson_map(modes, atoms, some, np.array([60.0, 70.0]), 0.4).intensity[-1] == 0).all()


def _cut_kernel(modes, energy, width):
    """The kernel of moments at the levels of all modes but translations, (k, E): 1 / E_k^2 ends at two widths."""
    level = modes.omega[3:, None] * MEV
    inverse = (1 - np.exp(-((level / (2 * width)) ** 4))) / level**2
    both = sum(np.exp(-0.5 * ((energy + sign * level) / width) ** 2) for sign in (-1, 1))
    return inverse * both / (width * np.sqrt(2 * np.pi))


def test_moments_lose_what_lies_below_two_widths(glass):
    atoms, D, modes = glass
    waves, energy, width = _waves(atoms, (2.5, 3.0, 4.0), 3), np.arange(1, 60) * 0.5, 1.0
    found = boson_map(D, atoms, waves, energy, width, "neutron").intensity
    b, m = scattering_weights(atoms, "neutron"), atoms.get_masses()
    kernel = _cut_kernel(modes, energy, width)
    each = [
        abs(_amplitudes(atoms, modes, q, q / np.linalg.norm(q), "neutron")[3:]) ** 2 @ kernel for q in waves.vectors
    ]
    mean, _ = shell_means(np.array(each) / (b**2 / m).sum(), waves)
    np.testing.assert_allclose(found, mean, atol=0.01 * mean.max())
    np.testing.assert_allclose(found[:, energy > 5], mean[:, energy > 5], rtol=2e-3, atol=1e-5 * mean.max())
    # the first waves, from 1.84 widths upwards, are weaker
    full = boson_map(modes, atoms, waves, energy, width, "neutron").intensity
    assert found[0, 2] < 0.9 * full[0, 2]


def test_the_density_by_moments_is_that_of_the_modes_in_its_random_vectors(glass):
    atoms, D, modes = glass
    energy, width = np.arange(1, 120) * 0.25, 0.5
    found = reduced_density_by_moments(D, atoms.get_masses(), energy, width, 6, rng=3)
    # six vectors of +-1: e_k has |<e_k|v>|^2 of them instead of 1
    signs = np.random.default_rng(3).integers(0, 2, (1500, 6)) * 2.0 - 1
    share = ((modes.polarizations[:, 3:].T @ signs) ** 2).mean(axis=1)
    known = share @ _cut_kernel(modes, energy, width) / 1500
    np.testing.assert_allclose(found, known, atol=0.01 * known.max())
    np.testing.assert_allclose(found[energy > 2.5], known[energy > 2.5], rtol=5e-3, atol=1e-5 * known.max())
    # without their noise, which is sqrt(2 / (6 n)) for n modes in the kernel
    theory = broadened_reduced_density(modes.omega * MEV, energy, width)
    band = (energy > 3) & (energy < 25)
    assert abs(found / theory - 1)[band].mean() < 0.12
    assert (found * energy**2)[band].sum() == pytest.approx((theory * energy**2)[band].sum(), rel=0.06)


def test_a_wave_does_not_depend_on_the_others(glass):
    atoms, D, modes = glass
    waves = _waves(atoms, (1.0, 2.0, 3.0, 4.0), 200, seed=2)
    energy = np.array([5.0, 15.0])
    assert len(waves) > 512
    together = boson_map(modes, atoms, waves, energy, 0.5)
    few = _waves(atoms, (1.0, 2.0, 3.0, 4.0), 30, seed=2)
    whole = boson_map(D, atoms, few, energy, 2.0)
    assert len(few) > 64
    for shell in range(3):
        for source, all_, found, width in ((modes, waves, together, 0.5), (D, few, whole, 2.0)):
            own = all_.shell == shell
            alone = replace(all_, indices=all_.indices[own], vectors=all_.vectors[own], shell=all_.shell[own])
            part = boson_map(source, atoms, alone, energy, width)
            np.testing.assert_allclose(part.intensity[shell], found.intensity[shell], rtol=1e-5)
            assert np.isnan(part.intensity[:shell]).all() and part.counts[shell] == own.sum()


def test_units_and_energies_are_one_map(glass):
    atoms, _, modes = glass
    waves, energy = _waves(atoms, (2.0, 3.0), 4), np.array([4.0, 8.0, 16.0])
    found = boson_map(modes, atoms, waves, energy, 0.5)
    # hbar = 0.6582 meV ps
    hbar = 0.6582119569
    other = boson_map(modes, atoms, waves, energy / hbar, 0.5 / hbar, unit="rad/ps")
    np.testing.assert_allclose(other.intensity / hbar**3, found.intensity, rtol=1e-4)


def _lattice(atoms):
    """Vectors, lengths, phi' / r and phi'' of the pairs of one atom: Lennard-Jones whose force is zero at 2.5."""
    i = 0
    shifts = np.stack(np.meshgrid(*[np.arange(-1, 2)] * 3), axis=-1).reshape(-1, 3) @ atoms.cell.array
    r = (atoms.positions - atoms.positions[i] + shifts[:, None]).reshape(-1, 3)
    d = np.linalg.norm(r, axis=1)
    r, d = r[(d > 1e-6) & (d < 2.5)], d[(d > 1e-6) & (d < 2.5)]

    def slope(d):
        return -48 * d**-13 + 24 * d**-7

    return r, d, (slope(d) - slope(2.5)) / d, 624 * d**-14 - 168 * d**-8


def _branches(atoms, q):
    """Frequencies and polarizations of one wave of the lattice of mass 1: D(q) = sum_R Phi(R) [1 - cos(q.R)]."""
    r, d, tension, stiffness = _lattice(atoms)
    along = r / d[:, None]
    outer = along[:, :, None] * along[:, None, :]
    phi = stiffness[:, None, None] * outer + tension[:, None, None] * (np.eye(3) - outer)
    square, e = np.linalg.eigh(np.einsum("p,pab->ab", 1 - np.cos(r @ q), phi))
    return np.sqrt(square), e


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "n", [(1, 0, 0), (1, 1, 0), (2, 1, 0), (1, 2, 3), (9, 8, 8), (8, -7, 10), (13, 3, 6), (5, 4, 4)]
)
def test_a_crystal_has_its_lattice_s_branches_and_nothing_else(crystal, n, way):
    # Bragg peaks of four cells a side lie at (4, 4, 4), (8, 8, 8), (8, -8, 8), (12, 4, 4): the last four are near one
    atoms, modes = crystal
    waves, width = _single(atoms, n), 0.05
    energy = np.arange(1, 1400) * 0.02
    found = boson_map(modes, atoms, waves, energy, width, polarization=way, unit="reduced").intensity[0]
    level, e = _branches(atoms, waves.vectors[0])
    share = (waves.directions[0] @ e) ** 2
    share = share if way == "longitudinal" else (1 - share) / 2
    expected = np.exp(-0.5 * ((energy[:, None] - level) / width) ** 2) / (width * np.sqrt(2 * np.pi)) / level**2 @ share
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.max())


@pytest.mark.parametrize("axis", [(1, 0, 0), (1, 1, 0), (1, 1, 1)])
def test_a_longitudinal_wave_has_the_nearest_neighbours_dispersion(crystal, axis):
    atoms, modes = crystal
    r, d, tension, stiffness = _lattice(atoms)
    for m in (1, 2):
        waves = _single(atoms, tuple(m * k for k in axis))
        q = np.linalg.norm(waves.vectors)
        # planes across q: omega^2 = sum over planes of K_p [1 - cos(q x_p)], K_p what one plane pulls along q
        u = r @ waves.directions[0]
        pull = tension + (stiffness - tension) * (u / d) ** 2
        theory = np.sqrt((pull * (1 - np.cos(q * u))).sum())
        energy = np.linspace(0.8, 1.2, 801) * theory
        found = boson_map(modes, atoms, waves, energy, 0.05, unit="reduced").intensity[0]
        assert energy[found.argmax()] == pytest.approx(theory, rel=1e-3)
        assert np.trapezoid(found, energy) == pytest.approx(theory**-2, rel=1e-3)
        # first neighbours alone are most of it: 8 k sin^2(q a / 4) along a cube's edge
        if axis == (1, 0, 0):
            a, k = atoms.cell[0, 0] / 4, stiffness[d < d.min() * 1.01].mean()
            assert theory == pytest.approx(np.sqrt(8 * k) * np.sin(q * a / 4), rel=0.1)


def test_a_bragg_wave_moves_the_crystal_as_a_whole(crystal):
    atoms, modes = crystal
    waves = _single(atoms, (4, 4, 4))
    assert structure_factor(atoms, waves)[0] == pytest.approx(256, rel=1e-5)
    found = boson_map(modes, atoms, waves, np.linspace(1, 30, 300), 0.1, unit="reduced")
    assert found.intensity.max() < 1e-8
    assert structure_factor(atoms, _single(atoms, (4, 4, 3)))[0] == pytest.approx(0, abs=1e-5)


def test_many_waves_of_large_q_see_each_atom_alone(glass):
    # Q is so large that cross terms cancel: the density of each atom is weighted by b^2 / m
    atoms, _, modes = glass
    waves, energy, width = _waves(atoms, (22.0, 23.0), 600, seed=4), np.arange(3.0, 28.0, 0.5), 0.6
    level = modes.omega[3:] * MEV
    kernel = np.exp(-0.5 * ((level[:, None] - energy) / width) ** 2) / np.sqrt(2 * np.pi) / width / level[:, None] ** 2
    own = (modes.polarizations[:, 3:].reshape(500, 3, -1) ** 2).sum(axis=1) / 3
    densities = {}
    for weights in WEIGHTS:
        b, m = scattering_weights(atoms, weights), atoms.get_masses()
        densities[weights] = (b**2 / m) @ own @ kernel / (b**2 / m).sum()
        for way in WAYS:
            found = boson_map(modes, atoms, waves, energy, width, weights, way)
            np.testing.assert_allclose(found.intensity[0], densities[weights], rtol=0.06)
            assert (found.intensity[0] / densities[weights]).mean() == pytest.approx(1.0, abs=0.01)
    # the test distinguishes the weights
    assert abs(densities["unit"] / densities["mass"] - 1).max() > 0.15


def test_structure_factor_is_a_plain_sum(glass):
    atoms, _, _ = glass
    waves = _waves(atoms, np.linspace(0.3, 8.3, 9), 80, seed=3)
    assert len(waves) > 512
    for weights in WEIGHTS:
        b = scattering_weights(atoms, weights)
        exact = abs(np.exp(-1j * waves.vectors @ atoms.positions.T) @ b) ** 2 / (b**2).sum()
        np.testing.assert_allclose(structure_factor(atoms, waves, weights), exact, rtol=1e-4, atol=1e-5)


def test_structure_factor_is_one_at_large_q_and_small_where_a_glass_is_stiff(glass):
    atoms, _, _ = glass
    far = structure_factor(atoms, _waves(atoms, (22.0, 23.0), 8000))
    # |sum|^2 of many random phases has an exponential distribution with the standard deviation 1
    assert far.mean() == pytest.approx(1.0, abs=5 / np.sqrt(8000))
    assert far.std() == pytest.approx(1.0, abs=0.1)
    near, peak = (structure_factor(atoms, _waves(atoms, e, 300)).mean() for e in ((0.3, 1.2), (2.6, 2.8)))
    assert near < 0.2 and peak > 2


class MemoryTrajectory:
    """Frames of positions (T, N, 3) as dynasor reads them; one instance serves one call."""

    frame_step, has_positions, has_velocities, number_of_frames_read = 1, True, False, 0

    def __init__(self, atoms, positions):
        symbols = np.array(atoms.get_chemical_symbols())
        self.cell, self.n_atoms, self.positions = atoms.cell.array, len(atoms), iter(positions)
        self.atomic_indices = {str(s): np.flatnonzero(symbols == s) for s in np.unique(symbols)}
        self.atom_types = list(self.atomic_indices)

    def __iter__(self):
        return self

    def __next__(self):
        from dynasor.trajectory.trajectory_frame import TrajectoryFrame

        frame = TrajectoryFrame(self.atomic_indices, self.number_of_frames_read, next(self.positions), None)
        self.number_of_frames_read += 1
        return frame


@pytest.mark.filterwarnings("ignore:Passing a list")
def test_structure_factor_is_dynasor_s(glass):
    import dynasor
    from dynasor.logging_tools import set_logging_level
    from dynasor.post_processing import NeutronScatteringLengths, get_weighted_sample

    set_logging_level("WARNING")
    atoms, _, _ = glass
    waves = _waves(atoms, np.linspace(0.3, 8.3, 9), 40, seed=3)
    sample = dynasor.compute_static_structure_factors(MemoryTrajectory(atoms, [atoms.positions]), waves.vectors)
    np.testing.assert_allclose(structure_factor(atoms, waves), sample.Sq[:, 0], rtol=1e-4, atol=1e-5)
    # dynasor divides by N, and its length of Zr is the mean over isotopes
    lengths = NeutronScatteringLengths(["Cu", "Zr"])
    weighted = get_weighted_sample(sample, lengths).Sq[:, 0] / np.mean(scattering_weights(atoms, "neutron") ** 2)
    found = structure_factor(atoms, waves, "neutron")
    np.testing.assert_allclose(found, weighted, rtol=0.03, atol=0.01)
    assert found.mean() == pytest.approx(weighted.mean(), rel=0.01)
    # with the same lengths both agree
    b = NEUTRON_LENGTHS
    same = sum(b[one] * b[two] * sample[f"Sq_{one}_{two}"][:, 0] for one, two in sample.pairs)
    np.testing.assert_allclose(found, same / np.mean([b["Cu"] ** 2, b["Zr"] ** 2]), rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Passing a list")
def test_neutron_lengths_are_dynasor_s():
    from dynasor.post_processing import NeutronScatteringLengths

    for element, length in NEUTRON_LENGTHS.items():
        assert length == pytest.approx(NeutronScatteringLengths([element]).get_weight_coh(element), rel=0.01)


def test_polarizations_are_a_frame_of_each_direction():
    q = np.vstack([np.random.default_rng(2).normal(size=(40, 3)), np.eye(3), [[1, 1, 0], [1, 1, 1]]])
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    frame = np.concatenate([wave_polarizations(q, way) for way in WAYS])
    assert frame.shape == (3, 45, 3)
    np.testing.assert_allclose(
        np.einsum("akc,bkc->kab", frame, frame), np.broadcast_to(np.eye(3), (45, 3, 3)), atol=1e-12
    )
    np.testing.assert_array_equal(frame[0], q)


def test_weights_follow_their_names():
    atoms = Atoms("CuZrAl", cell=[9] * 3, pbc=True)
    np.testing.assert_array_equal(scattering_weights(atoms), 1)
    np.testing.assert_array_equal(scattering_weights(atoms, "mass"), atoms.get_masses())
    np.testing.assert_array_equal(scattering_weights(atoms, "neutron"), [7.718, 7.16, 3.449])
    with pytest.raises(ValueError, match="unknown weights 'x-ray': choose one of unit, neutron, mass"):
        scattering_weights(atoms, "x-ray")
    with pytest.raises(ValueError, match="no neutron length of Ar, He is known"):
        scattering_weights(Atoms("HeCuAr"), "neutron")


def test_input_without_a_map_is_refused(crystal):
    atoms, modes = crystal
    waves, energy = _single(atoms, (1, 0, 0)), np.array([1.0, 2.0])
    for bad in ([0.0, 1.0], [-1.0], [[1.0, 2.0]]):
        with pytest.raises(ValueError, match="must be positive"):
            boson_map(modes, atoms, waves, bad, 0.1, unit="reduced")
    with pytest.raises(ValueError, match="must be positive"):
        boson_map(modes, atoms, waves, energy, 0.0, unit="reduced")
    few = replace(modes, omega=modes.omega[:700], polarizations=modes.polarizations[:, :700])
    with pytest.raises(ValueError, match=r"modes \(768, 700\) are not all those of 256 atoms"):
        boson_map(few, atoms, waves, energy, 0.1, unit="reduced")
    with pytest.raises(ValueError, match="do not fit 255 atoms"):
        boson_map(modes, atoms[:-1], waves, energy, 0.1, unit="reduced")
    with pytest.raises(ValueError, match="unknown polarization 'circular'"):
        boson_map(modes, atoms, waves, energy, 0.1, polarization="circular", unit="reduced")
    with pytest.raises(ValueError, match="unknown unit"):
        boson_map(modes, atoms, waves, energy, 0.1, unit="kelvin")
    with pytest.raises(ValueError, match="no neutron length of Ar"):
        boson_map(modes, atoms, waves, energy, 0.1, "neutron", unit="reduced")
    isolated = atoms.copy()
    isolated.pbc = False
    for call in (lambda: boson_map(modes, isolated, waves, energy, 0.1), lambda: structure_factor(isolated, waves)):
        with pytest.raises(ValueError, match="periodic in all three directions"):
            call()
