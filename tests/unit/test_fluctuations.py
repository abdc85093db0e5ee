"""Spectra of fluctuating fields: norms, plain sums, motion against modes, displacements without a structure."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.materials.dynamics import Trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025.fluctuations import fluctuation_maps, fluctuation_spectra
from bosonpeak.papers.li_2025.local_fields import FIELDS, LINEAR, local_fields, local_geometry, shift_reference
from bosonpeak.scattering.harmonic import structure_factor
from bosonpeak.scattering.trajectories import energy_spectra
from bosonpeak.scattering.wavevectors import box_wavevectors, shell_means
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import gaussian_levels
from bosonpeak.vibrations.thermal import draw_harmonic

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
    r = atoms.positions + (run.displacements if moving else 0 * run.displacements)
    for name in names:
        change = fields[name] - fields[name].mean(axis=0)
        spectrum, static = [], []
        for q in waves.vectors:
            X = (np.exp(-1j * r @ q)[..., None] * change).sum(axis=1)
            spectrum.append(energy_spectra(X, INTERVAL, energy, WIDTH, "reduced").sum(axis=1) / 108)
            static.append((abs(X - X.mean(axis=0)) ** 2).mean(axis=0).sum() / 108)
        mean, error = shell_means(np.array(spectrum), waves)
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
    atoms, _, geometry = glass
    run = _drawn(glass, 1e-4, 200)
    fields = local_fields(run.displacements, geometry, ["displacement"])
    waves, energy = box_wavevectors(atoms.cell.array, [3.0, 6.0, 9.0], 100, 1), np.array([4.0, 8.0])
    assert len(waves) > 128

    def of(waves):
        return fluctuation_maps(run, fields, atoms, waves, energy, 2.0, "reduced")["displacement"].intensity

    whole = of(waves)
    for shell in range(2):
        own = waves.shell == shell
        alone = replace(waves, indices=waves.indices[own], vectors=waves.vectors[own], shell=waves.shell[own])
        np.testing.assert_allclose(of(alone)[shell], whole[shell], rtol=1e-4)


@pytest.mark.parametrize("name", LINEAR)
def test_harmonic_motion_has_the_map_of_its_modes(glass, name):
    # a mode k moves X by a_k(t) X_k: its share of phi(Q, 0) is <a_k^2> |X_k(Q)|^2, half of it at either sign of E
    atoms, modes, geometry = glass
    waves, energy = box_wavevectors(atoms.cell.array, [1.0, 4.0, 7.0, 10.0], 16, 1), np.arange(3.0, 28.0, 0.5)
    run = _drawn(glass, 1e-5, 1600, seed=3)
    fields = local_fields(run.displacements, geometry, [name])
    found = fluctuation_maps(run, fields, atoms, waves, energy, WIDTH, "reduced", moving=False)[name]
    moving = modes.omega > 1e-3
    e, level = modes.polarizations[:, moving], modes.omega[moving]
    X = local_fields(1e-6 * e.T.reshape(-1, 108, 3), geometry, [name])[name] * 1e6
    square = (run.displacements.reshape(1600, -1) @ e).var(axis=0)
    series = np.tensordot(np.exp(-1j * waves.vectors @ atoms.positions.T), X, axes=(1, 1))
    share = (abs(series) ** 2).sum(axis=2) * square
    spectrum, static = (
        shell_means(x, waves)[0] for x in (share @ gaussian_levels(energy, level, WIDTH).T / 2, share.sum(axis=1))
    )
    theory = spectrum / static[:, None]
    # the energies of the modes are those that were drawn; only the beat of modes of nearly one frequency is left
    ratio = (found.intensity * energy**2).sum(axis=1) / (theory * energy**2).sum(axis=1)
    np.testing.assert_allclose(ratio, 1.0, atol=0.06)
    assert abs(found.intensity / theory - 1).mean() < 0.08


def test_displacements_of_random_sign_do_not_show_the_structure():
    glass = _glass(4)
    atoms, _, geometry = glass
    run = _drawn(glass, 1e-5, 1000)
    fields = local_fields(run.displacements, geometry, ["random sign", "displacement"])
    waves, energy = box_wavevectors(atoms.cell.array, np.arange(3.0, 20.1, 1.0), 24, 1), np.arange(2.0, 26.0, 0.5)
    found = fluctuation_maps(run, fields, atoms, waves, energy, WIDTH, "reduced")
    scrambled, plain = found["random sign"].intensity, found["displacement"].intensity
    # no atom depends on another: the spectrum of single atoms at every Q
    chi = fluctuation_spectra(fields, INTERVAL, energy, WIDTH, "reduced")["random sign"]
    low = energy < 6
    ratio = scrambled[:, low].mean(axis=1) / chi[low].mean()
    assert abs(ratio - 1).max() < 0.1 and abs(ratio.mean() - 1) < 0.02
    S = shell_means(structure_factor(atoms, waves), waves)[0]
    plain, scrambled = plain[:, low].mean(axis=1), scrambled[:, low].mean(axis=1)
    # displacements have the peaks and gaps of S(Q); of 256 signs some hundredths of that are left
    assert np.corrcoef(S, plain)[0, 1] > 0.9
    assert abs(np.polyfit(S, scrambled, 1)[0]) < 0.12 * np.polyfit(S, plain, 1)[0]


def test_what_has_no_map_is_refused(glass, warm):
    atoms, _, _ = glass
    waves, energy = box_wavevectors(atoms.cell.array, [2.0, 5.0], 2, 1), np.array([3.0])
    run, fields = warm
    one = {"shear": fields["shear"]}
    with pytest.raises(ValueError, match="too short for a resolution"):
        fluctuation_maps(run, one, atoms, waves, energy, 0.05, "reduced")
    with pytest.raises(ValueError, match="no energy above"):
        fluctuation_spectra(one, INTERVAL, np.array([70.0]), WIDTH, "reduced")
