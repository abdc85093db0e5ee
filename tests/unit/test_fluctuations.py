"""Spectra of fluctuating fields: norms, plain sums, waves of a crystal in closed form, motion against modes."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from bosonpeak.materials.dynamics import Trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025.fluctuations import fluctuation_maps, fluctuation_spectra, harmonic_fluctuation_map
from bosonpeak.papers.li_2025.local_fields import FIELDS, LINEAR, local_fields, local_geometry, shift_reference
from bosonpeak.papers.yang_2021.motion import draw_harmonic
from bosonpeak.scattering.harmonic import boson_map, structure_factor
from bosonpeak.scattering.trajectories import energy_spectra
from bosonpeak.scattering.wavevectors import Wavevectors, box_wavevectors, shell_means
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density

POTENTIAL = "lennard-jones"
INTERVAL, WIDTH = 0.05, 0.8
NYQUIST = np.pi / INTERVAL


def _glass(cells, seed=0):
    """Lennard-Jones glass of density 1 below a shaken crystal, its modes, and its neighbourhoods."""
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * ((cells,) * 3)
    start.positions += np.random.default_rng(seed).normal(0, 0.3, (len(start), 3))
    atoms = inherent_structure(start, get(POTENTIAL))
    return atoms, normal_modes(dynamical_matrix(atoms, get(POTENTIAL))), local_geometry(atoms, 1.5)


@pytest.fixture(scope="module")
def glass():
    return _glass(3)


def _drawn(glass, temperature, count, seed=0):
    atoms, modes, _ = glass
    times = INTERVAL * np.arange(count)
    u = draw_harmonic(modes, get(POTENTIAL), atoms, temperature, times, seed).astype("f4")
    return Trajectory(times, np.zeros(count), u, np.full(count, temperature))


@pytest.fixture(scope="module")
def warm(glass):
    """Motion wide enough for neighbours to come and go, and all of its fields."""
    run = _drawn(glass, 0.05, 2000)
    return run, local_fields(run.displacements, glass[2])


@pytest.fixture(scope="module")
def crystal():
    atoms = inherent_structure(bulk("Ar", "fcc", 1.55, cubic=True) * (4, 4, 4), get(POTENTIAL), relax_box=True)
    return atoms, normal_modes(dynamical_matrix(atoms, get(POTENTIAL))), local_geometry(atoms, 1.3)


def test_spectra_of_every_field_add_up_to_one(glass, warm):
    energy = np.linspace(0, NYQUIST, 1500)
    # a resolution well below the slowest mode, at 1.2: a segment's mean takes what is slower
    found = fluctuation_spectra(warm[1], INTERVAL, energy, 0.3, "reduced")
    assert list(found) == list(FIELDS)
    for chi in found.values():
        assert (chi >= 0).all() and 2 * np.trapezoid(chi, energy) == pytest.approx(1.0, abs=0.03)


def test_chi_is_the_mean_power_over_the_mean_variance(glass, warm):
    energy = np.array([2.0, 5.0, 20.0])
    x = warm[1]["shear"]
    found = fluctuation_spectra({"shear": x}, INTERVAL, energy, WIDTH, "reduced")["shear"]
    power = energy_spectra(x, INTERVAL, energy, WIDTH, "reduced").sum(axis=(1, 2))
    np.testing.assert_allclose(found, power / ((x - x.mean(axis=0)) ** 2).mean(axis=0).sum())
    # the scale of a field is no matter, nor where its atoms come in chunks
    many = np.tile(x, (1, 2, 1))
    assert many.shape[1] > 128
    np.testing.assert_allclose(
        fluctuation_spectra({"a": 7 * many - 3}, INTERVAL, energy, WIDTH, "reduced")["a"], found, rtol=1e-8
    )


def test_maps_of_every_field_add_up_to_one_at_every_q(glass, warm):
    atoms, _, _ = glass
    waves, energy = box_wavevectors(atoms.cell.array, [1.0, 4.0, 7.0, 10.0], 8, 1), np.linspace(0, NYQUIST, 900)
    found = fluctuation_maps(warm[0], warm[1], atoms, waves, energy, 0.3, "reduced")
    assert list(found) == list(FIELDS)
    for one in found.values():
        assert one.intensity.shape == (3, 900) and one.unit == "reduced" and one.counts.tolist() == [8, 8, 8]
        np.testing.assert_allclose(2 * np.trapezoid(one.intensity, energy, axis=1), 1.0, atol=0.04)


@pytest.mark.parametrize("moving", [True, False])
def test_maps_are_the_plain_sums_of_equation_4(glass, warm, moving):
    atoms, _, _ = glass
    run, fields = warm
    waves, energy = box_wavevectors(atoms.cell.array, [2.0, 5.0, 8.0], 4, 1), np.array([2.0, 4.0, 8.0, 20.0])
    names = ("shear", "coordination")
    chosen = {name: fields[name] for name in names}
    found = fluctuation_maps(run, chosen, atoms, waves, energy, WIDTH, "reduced", moving)
    bare = fluctuation_maps(run, chosen, atoms, waves, energy, WIDTH, "reduced", moving, normalise=False)
    r = atoms.positions + (run.displacements if moving else 0 * run.displacements)
    for name in names:
        change = fields[name] - fields[name].mean(axis=0)
        spectrum, static = [], []
        for q in waves.vectors:
            X = (np.exp(-1j * r @ q)[..., None] * change).sum(axis=1)
            spectrum.append(energy_spectra(X, INTERVAL, energy, WIDTH, "reduced").sum(axis=1) / 108)
            static.append((abs(X - X.mean(axis=0)) ** 2).mean(axis=0).sum() / 108)
        mean, error = shell_means(np.array(spectrum), waves)
        np.testing.assert_allclose(bare[name].intensity, mean, rtol=1e-3)
        np.testing.assert_allclose(bare[name].stderr, error, rtol=1e-2)
        over = shell_means(np.array(static), waves)[0][:, None]
        np.testing.assert_allclose(found[name].intensity, mean / over, rtol=1e-3)
        np.testing.assert_allclose(found[name].stderr, error / over, rtol=1e-2)


def test_a_still_motion_and_a_field_of_fewer_times_fit(glass, warm):
    atoms, _, geometry = glass
    run, fields = warm
    waves, energy = box_wavevectors(atoms.cell.array, [2.0, 5.0], 6, 1), np.array([3.0, 6.0])
    late = local_fields(shift_reference(run.displacements, 25), geometry, ["shear", "displacement"])
    found = fluctuation_maps(run, late, atoms, waves, energy, WIDTH, "reduced")
    cut = Trajectory(run.time[25:], run.energy[25:], run.displacements[25:], run.temperature[25:])
    same = fluctuation_maps(cut, late, atoms, waves, energy, WIDTH, "reduced")
    for name in late:
        np.testing.assert_allclose(found[name].intensity, same[name].intensity, rtol=1e-10)
    # X is carried by the atoms: where they hardly move it is the same as at rest
    cold = replace(run, displacements=1e-4 * run.displacements)
    one, other = (
        fluctuation_maps(cold, {"shear": fields["shear"]}, atoms, waves, energy, WIDTH, "reduced", moving)["shear"]
        for moving in (True, False)
    )
    np.testing.assert_allclose(one.intensity, other.intensity, rtol=1e-3)


def test_maps_do_not_care_for_the_chunks(glass):
    atoms, modes, geometry = glass
    run = _drawn(glass, 1e-4, 200)
    fields = local_fields(run.displacements, geometry, ["displacement"])
    waves, energy = box_wavevectors(atoms.cell.array, [3.0, 6.0, 9.0], 100, 1), np.array([4.0, 8.0])
    assert len(waves) > 128

    def both(waves):
        yield fluctuation_maps(run, fields, atoms, waves, energy, 2.0, "reduced")["displacement"].intensity
        yield harmonic_fluctuation_map(modes, "displacement", geometry, waves, energy, 2.0, "reduced").intensity

    whole = list(both(waves))
    for shell in range(2):
        own = waves.shell == shell
        alone = replace(waves, indices=waves.indices[own], vectors=waves.vectors[own], shell=waves.shell[own])
        for one, all_ in zip(both(alone), whole, strict=True):
            np.testing.assert_allclose(one[shell], all_[shell], rtol=1e-4)


@pytest.mark.parametrize("name", LINEAR)
def test_harmonic_motion_has_the_map_of_its_modes(glass, name):
    # a mode k moves X by a_k(t) X_k with <a_k^2> = kT / omega_k^2, half of it at either sign of E, and the map of
    # motion adds up the C components where that of the modes has their mean:
    # 1/N sum_c |X_c(Q, E)|^2 = C kT s^2 / 2 times it, s = E / omega (1 in reduced units)
    atoms, modes, geometry = glass
    temperature, C = 1e-5, {"volumetric": 1, "bond length": 1, "shear": 5}.get(name, 3)
    waves, energy = box_wavevectors(atoms.cell.array, [1.0, 4.0, 7.0, 10.0], 16, 1), np.arange(3.0, 28.0, 0.5)
    run = _drawn(glass, temperature, 1600, seed=3)
    fields = local_fields(run.displacements, geometry, [name])
    found = fluctuation_maps(run, fields, atoms, waves, energy, WIDTH, "reduced", moving=False, normalise=False)[name]
    theory = harmonic_fluctuation_map(modes, name, geometry, waves, energy, WIDTH, "reduced")
    ratio = (found.intensity * energy**2).sum(axis=1) / (theory.intensity * energy**2).sum(axis=1)
    # 320 modes of exponential energies: 6 % and, where few of them weigh most, twice that
    np.testing.assert_allclose(ratio / (C * temperature / 2), 1.0, atol=0.3)
    # with the energies that were drawn nothing but the beat of neighbours is left
    strength = (run.displacements.reshape(1600, -1) @ modes.polarizations).var(axis=0) * modes.omega**2 / temperature
    known = replace(modes, polarizations=modes.polarizations * np.sqrt(strength))
    theory = harmonic_fluctuation_map(known, name, geometry, waves, energy, WIDTH, "reduced")
    ratio = (found.intensity * energy**2).sum(axis=1) / (theory.intensity * energy**2).sum(axis=1)
    np.testing.assert_allclose(ratio / (C * temperature / 2), 1.0, atol=0.06)
    assert abs(found.intensity / theory.intensity / (C * temperature / 2) - 1).mean() < 0.08


def test_units_scale_the_map_of_modes(glass):
    atoms, modes, geometry = glass
    waves, scale = box_wavevectors(atoms.cell.array, [3.0, 5.0], 4, 1), 98.22694788
    one = harmonic_fluctuation_map(modes, "shear", geometry, waves, np.array([3.0, 9.0]), 0.5, "reduced")
    two = harmonic_fluctuation_map(modes, "shear", geometry, waves, np.array([3.0, 9.0]) * scale, 0.5 * scale, "rad/ps")
    np.testing.assert_allclose(two.intensity * scale**3, one.intensity, rtol=1e-4)


def test_the_displacement_map_is_that_of_scattering_along_and_across(glass):
    atoms, modes, geometry = glass
    waves, energy = box_wavevectors(atoms.cell.array, [1.0, 4.0, 7.0], 20, 1), np.arange(2.0, 28.0, 0.5)
    found = harmonic_fluctuation_map(modes, "displacement", geometry, waves, energy, WIDTH, "reduced")
    along, across = (
        boson_map(modes, atoms, waves, energy, WIDTH, polarization=way, unit="reduced").intensity
        for way in ("longitudinal", "transverse")
    )
    np.testing.assert_allclose(found.intensity, (along + 2 * across) / 3, rtol=1e-4)


@pytest.mark.parametrize("n", [(1, 0, 0), (0, 1, 1), (1, 2, 1)])
def test_waves_of_a_crystal_strain_it_as_plane_waves_do(crystal, n):
    # u exp(iQ.r) has the gradient i u K, K = sum over neighbours of sin(Q.d) M^-1 d, which is Q at long waves
    atoms, modes, geometry = crystal
    q = 2 * np.pi * np.array([n]) @ np.linalg.inv(atoms.cell.array).T
    edges = np.array([0.9, 1.1]) * np.linalg.norm(q)
    waves, energy = Wavevectors(np.array([n]), q, np.array([0]), edges, np.array([1])), np.arange(2.0, 28.0, 0.25)
    d = geometry.vector[geometry.i == 0]
    K = np.sin(d @ q[0]) @ d @ np.linalg.inv(d.T @ d)
    if n == (1, 0, 0):
        # sin(x) / x at an eighth of a turn a plane, and less from what lies within the plane: nothing
        assert K / q[0, 0] == pytest.approx([np.sin(np.pi / 4) / (np.pi / 4), 0, 0])
    # each mode's sum of displacements with this wave
    moving = modes.omega > 1e-3
    e, level = modes.polarizations[:, moving].reshape(256, 3, -1), modes.omega[moving]
    u = np.einsum("n,nck->ck", np.exp(-1j * atoms.positions @ q[0]), e)
    H = 1j * u[:, None] * K[:, None]
    strain = (H + H.swapaxes(0, 1)) / 2
    trace = np.trace(strain)
    turn = (H - H.swapaxes(0, 1)) / 2
    # sum of the squares of independent components, over how many there are
    weights = {
        "volumetric": abs(trace / 3) ** 2,
        "shear": ((abs(strain) ** 2).sum(axis=(0, 1)) - abs(trace) ** 2 / 3) / 5,
        "rotation": (abs(turn) ** 2).sum(axis=(0, 1)) / 2 / 3,
    }
    kernel = np.exp(-0.5 * ((level[:, None] - energy) / 0.5) ** 2) / (0.5 * np.sqrt(2 * np.pi)) / level[:, None] ** 2
    for name, weight in weights.items():
        found = harmonic_fluctuation_map(modes, name, geometry, waves, energy, 0.5, "reduced").intensity[0]
        theory = weight @ kernel / 256
        np.testing.assert_allclose(found, theory, atol=1e-3 * theory.max())


def test_displacements_of_random_sign_know_no_structure():
    atoms, modes, geometry = _glass(4)
    waves, energy = box_wavevectors(atoms.cell.array, np.arange(2.0, 20.1, 1.0), 60, 1), np.arange(2.0, 26.0, 0.5)
    scrambled, plain = (
        harmonic_fluctuation_map(modes, name, geometry, waves, energy, WIDTH, "reduced").intensity
        for name in ("random sign", "displacement")
    )
    # no atom knows of another: the density of states at every Q
    density = broadened_reduced_density(modes.omega, energy, WIDTH)
    np.testing.assert_allclose(scrambled / density, 1.0, atol=0.2)
    assert abs((scrambled / density).mean(axis=1) - 1).max() < 0.05
    S = shell_means(structure_factor(atoms, waves), waves)[0]
    low = energy < 6
    plain, scrambled = plain[:, low].mean(axis=1), scrambled[:, low].mean(axis=1)
    # displacements have the peaks and gaps of S(Q); of 256 signs some hundredths of that are left
    assert np.corrcoef(S, plain)[0, 1] > 0.9
    assert abs(np.polyfit(S, scrambled, 1)[0]) < 0.12 * np.polyfit(S, plain, 1)[0]
    assert np.std(scrambled) < 0.1 * np.std(plain)


def test_what_has_no_map_is_refused(glass, warm):
    atoms, modes, geometry = glass
    waves, energy = box_wavevectors(atoms.cell.array, [2.0, 5.0], 2, 1), np.array([3.0])
    with pytest.raises(ValueError, match="'von Mises' is not a linear field"):
        harmonic_fluctuation_map(modes, "von Mises", geometry, waves, energy, WIDTH, "reduced")
    run, fields = warm
    one = {"shear": fields["shear"]}
    with pytest.raises(ValueError, match="too short for a resolution"):
        fluctuation_maps(run, one, atoms, waves, energy, 0.05, "reduced")
    with pytest.raises(ValueError, match="no energy above"):
        fluctuation_spectra(one, INTERVAL, np.array([70.0]), WIDTH, "reduced")
