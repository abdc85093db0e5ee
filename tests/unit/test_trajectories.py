"""S(Q, E) of motion: known spectra, harmonic trajectories without a free factor, dynasor's correlations, real runs."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from ase.units import kB

from bosonpeak.archive.glasses import load
from bosonpeak.materials.dynamics import Trajectory, thermal_trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import get
from bosonpeak.scattering.harmonic import boson_map
from bosonpeak.scattering.trajectories import (
    axis_displacement,
    boson_map_of_motion,
    energy_quantum,
    energy_spectra,
    reduced_density_of_motion,
    sample_interval,
    warm_minimum,
    wave_series,
)
from bosonpeak.scattering.wavevectors import box_wavevectors, shell_means
from bosonpeak.units import MEV
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import boson_peak, broadened_reduced_density
from bosonpeak.vibrations.thermal import draw_harmonic, harmonic_displacements

HBAR = 0.6582119569
"""In meV ps."""


def test_energies_are_planck_s_constant_over_periods():
    assert energy_quantum("meV") == pytest.approx(2 * np.pi * HBAR)
    assert energy_quantum("THz") == pytest.approx(1.0)
    assert energy_quantum("rad/ps") == energy_quantum("reduced") == 2 * np.pi


@pytest.mark.parametrize("unit", ["meV", "reduced"])
def test_white_noise_is_flat_and_adds_up_to_its_variance(unit):
    x = np.random.default_rng(1).normal(2.0, 3.0, (30000, 2))
    interval = 0.05
    end = energy_quantum(unit) / (2 * interval)
    energy = np.linspace(0, end, 2001)
    found = energy_spectra(x, interval, energy, end / 60, unit)
    # both signs; subtracting the mean of a segment removes one bin of about ninety
    integral = 2 * np.trapezoid(found, energy, axis=0)
    np.testing.assert_allclose(integral, x.var(axis=0), rtol=0.02)
    level = found[energy > 3 * end / 60]
    np.testing.assert_allclose(level.mean(axis=0), x.var(axis=0) / (2 * end), rtol=0.01)
    # about 600 segments, 11/18 of them independent
    assert level.std(axis=0) / level.mean(axis=0) == pytest.approx(1 / np.sqrt(660 * 0.95), rel=0.3)


@pytest.mark.parametrize("unit", ["meV", "reduced"])
@pytest.mark.parametrize("width", [0.3, 0.8])
def test_a_sine_is_a_line_of_its_place_area_and_width(unit, width):
    interval, place, amplitude = 0.04, 7.3, 1.7
    t = interval * np.arange(4000)
    omega = place / (HBAR if unit == "meV" else 1.0)
    energy = np.linspace(0.0, 20.0, 8001)
    found = energy_spectra(5.0 + amplitude * np.sin(omega * t + 0.4), interval, energy, width, unit)
    # half of the variance on either side of zero
    assert np.trapezoid(found, energy) == pytest.approx(amplitude**2 / 4, rel=0.01)
    near = abs(energy - place) < 3 * width
    assert found[near] @ energy[near] / found[near].sum() == pytest.approx(place, abs=0.02 * width)
    # straight lines between points half a bin apart: the top is at one of them, half height some per cent out
    above = energy[found > found.max() / 2]
    assert above.mean() == pytest.approx(place, abs=0.15 * width)
    assert energy[found.argmax()] == pytest.approx(place, abs=0.42 * width)
    assert np.ptp(above) == pytest.approx(2.355 * width, rel=0.08)
    # the side lobes of a Hann window far from the line
    assert found[energy > place + 6 * width].max() < 1e-4 * found.max()


def test_half_of_a_rotating_wave_appears_at_either_sign():
    t = 0.04 * np.arange(3000)
    energy = np.linspace(0.0, 20.0, 4001)
    for turn in (1, -1):
        found = energy_spectra(1.5 * np.exp(turn * 9j * t / HBAR), 0.04, energy, 0.5)
        assert found.dtype.kind == "f" and np.trapezoid(found, energy) == pytest.approx(1.5**2 / 2, rel=0.01)
        near = abs(energy - 9.0) < 1.5
        assert found[near] @ energy[near] / found[near].sum() == pytest.approx(9.0, abs=0.02)


def test_a_complex_series_is_the_sum_of_its_parts_and_columns_are_apart():
    x = np.random.default_rng(2).normal(size=(3000, 2, 3, 2))
    energy = np.linspace(1.0, 30.0, 25)
    both = energy_spectra(x[..., 0] + 1j * x[..., 1], 0.05, energy, 0.8)
    assert both.shape == (25, 2, 3)
    np.testing.assert_allclose(both, energy_spectra(x, 0.05, energy, 0.8).sum(axis=3), rtol=1e-10)
    np.testing.assert_allclose(both[:, 1, 2], energy_spectra(x[:, 1, 2] @ [1, 1j], 0.05, energy, 0.8), rtol=1e-10)


def _ornstein_uhlenbeck(rate, interval, count, columns, rng):
    """Complex process of <|z|^2> = 1 and correlation exp(-rate t), sampled exactly; rate may be complex: it turns."""
    step = np.exp(-rate * interval)
    kick = np.sqrt((1 - abs(step) ** 2) / 2) * (rng.normal(size=(count, columns, 2)) @ [1, 1j])
    z = np.empty((count, columns), complex)
    z[0] = np.sqrt(0.5) * (rng.normal(size=(columns, 2)) @ [1, 1j])
    for k in range(1, count):
        z[k] = step * z[k - 1] + kick[k]
    return z


@pytest.mark.parametrize("place", [0.0, 8.0])
def test_a_damped_oscillator_has_its_lorentzian(place):
    # Gamma is its half width; at place 0 this is the Ornstein-Uhlenbeck process
    damping, interval, columns = 1.5, 0.02, 60
    z = _ornstein_uhlenbeck((damping + 1j * place) / HBAR, interval, 6000, columns, np.random.default_rng(3))
    energy = np.arange(0.5, 20.0, 0.25)

    def lorentzian(x):
        return damping / (np.pi * (x**2 + damping**2))

    theory = (lorentzian(energy - place) + lorentzian(energy + place)) / 2
    for series, variance in ((z, 1.0), (z.real, 0.5)):
        found = energy_spectra(series, interval, energy, 0.12).mean(axis=1) / variance
        # 60 runs of about ten segments: an error of about four per cent per energy
        np.testing.assert_allclose(found, theory, rtol=0.16, atol=0.01 * theory.max())
        assert (found / theory)[theory > 0.1 * theory.max()].mean() == pytest.approx(1.0, abs=0.03)


def test_runs_too_short_or_sampled_too_rarely_are_refused():
    x, energy = np.random.default_rng(0).normal(size=300), np.array([1.0, 5.0])
    # 1.44 h / (2.355 width dt) samples per segment
    need = 2 * int(np.ceil(1.44 * 2 * np.pi * HBAR / (2.355 * 0.5 * 0.02)))
    with pytest.raises(ValueError, match=f"300 samples of 0.02 are too short for a resolution of 0.5 meV: take {need}"):
        energy_spectra(x, 0.02, energy, 0.5)
    assert energy_spectra(np.random.default_rng(0).normal(size=need), 0.02, energy, 0.5).shape == (2,)
    with pytest.raises(ValueError, match=r"no energy above 20\.68 meV, but 25 is requested: sample more often"):
        energy_spectra(x, 0.1, np.array([1.0, 25.0]), 0.5)
    with pytest.raises(ValueError, match="unknown unit"):
        energy_spectra(x, 0.1, energy, 0.5, "kelvin")
    one = Trajectory(np.array([0.1]), np.zeros(1), np.zeros((1, 2, 3)), np.ones(1))
    with pytest.raises(ValueError, match="one sample has no spectrum"):
        sample_interval(one)


def test_wave_series_are_plain_sums():
    rng, atoms = np.random.default_rng(4), bulk("Cu", "fcc", 3.6).repeat((3, 4, 3))
    waves = box_wavevectors(atoms.cell.array, [0.5, 1.5, 3.0], 10, 1)
    u, x = rng.normal(0, 0.4, (5, 36, 3)), rng.normal(size=(5, 36, 2))
    r = atoms.positions + u
    moving = np.exp(-1j * np.einsum("kc,tnc->tkn", waves.vectors, r))
    resting = np.exp(-1j * waves.vectors @ atoms.positions.T)[None]
    for found, exact in (
        (wave_series(u, atoms, waves.indices, x), moving @ x),
        (wave_series(u, atoms, waves.indices, x[0]), moving @ x[0]),
        (wave_series(u, atoms, waves.indices, x, moving=False), resting @ x),
    ):
        assert found.shape == (5, len(waves), 2) and found.dtype == np.complex64
        np.testing.assert_allclose(found, exact, atol=3e-5)


def test_axis_displacement_is_a_third_of_that_in_space():
    t = np.arange(400) * 2 * np.pi / 40
    u = np.zeros((400, 2, 3))
    u[:, 0, 1] = 3.0 + 0.2 * np.sin(t)
    u[:, 1] = np.sin(t)[:, None] * [0.1, 0.2, 0.2] - 1.0
    run = Trajectory(t, t, u, t)
    assert axis_displacement(run) == pytest.approx([0.2**2 / 6, 0.3**2 / 6])


@pytest.fixture(scope="module")
def glass():
    atoms, potential = load("Cu50Zr50-mendelev-2009-n500-1e14-s1"), get("cu-zr-mendelev-2009")
    return atoms, potential, normal_modes(dynamical_matrix(atoms, potential))


def _drawn(glass, temperature, count, interval, seed):
    atoms, potential, modes = glass
    times = interval * np.arange(count)
    u = draw_harmonic(modes, potential, atoms, temperature, times, seed).astype("f4")
    return Trajectory(times, np.zeros(count), u, np.full(count, temperature))


def _as_drawn(glass, run):
    """The modes, each of the strength that this one trajectory gave it instead of kT: its noise is no longer one."""
    atoms, potential, modes = glass
    root = np.sqrt(np.repeat(atoms.get_masses(), 3))
    strength = ((run.displacements.reshape(len(run.time), -1) * root) @ modes.polarizations).var(axis=0)
    thermal = run.temperature[0] * (kB if potential.units == "metal" else 1.0)
    return replace(modes, polarizations=modes.polarizations * np.sqrt(strength * modes.omega**2 / thermal))


@pytest.fixture(scope="module")
def cold(glass):
    """A trajectory of the harmonic glass at 1 K: Q^2 u^2 is below 1e-3 up to Q = 5/A."""
    run = _drawn(glass, 1.0, 1200, 0.04, seed=0)
    assert 25 * axis_displacement(run).mean() < 1e-3
    return run


@pytest.mark.parametrize("weights", ["unit", "neutron"])
def test_harmonic_motion_has_the_map_of_its_modes_without_a_free_factor(glass, cold, weights):
    atoms, _, modes = glass
    waves, energy, width = box_wavevectors(atoms.cell.array, [0.3, 1, 2, 3, 4, 5], 12, 1), np.arange(2.5, 26, 0.25), 0.6
    found = boson_map_of_motion(cold, atoms, waves, energy, width, weights).intensity
    theory = boson_map(modes, atoms, waves, energy, width, weights).intensity
    # one draw: each mode's energy is exponential, so with some 40 modes in a kernel 16 % an energy ...
    assert abs(found / theory - 1).mean() < 0.25
    # ... and 3 % in all, 1500 modes of which those between 3 and 25 meV weigh most
    total = (found * energy**2).sum(axis=1) / (theory * energy**2).sum(axis=1)
    np.testing.assert_allclose(total, 1.0, atol=0.12)
    # with the energies that were drawn what is left is the beat of neighbours, and the other shape of the kernel
    known = boson_map(_as_drawn(glass, cold), atoms, waves, energy, width, weights).intensity
    np.testing.assert_allclose((found * energy**2).sum(axis=1) / (known * energy**2).sum(axis=1), 1.0, atol=0.05)
    ratio = (found * energy**2).sum() / (known * energy**2).sum()
    assert ratio == pytest.approx(1.0, abs=0.02)
    assert abs(found / known - 1).mean() < 0.06


def test_a_glass_in_reduced_units_has_its_map_too():
    potential = get("lennard-jones")
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * (3, 3, 3)
    start.positions += np.random.default_rng(0).normal(0, 0.3, (108, 3))
    atoms = inherent_structure(start, potential)
    glass = atoms, potential, normal_modes(dynamical_matrix(atoms, potential))
    run = _drawn(glass, 1e-4, 1600, 0.05, seed=1)
    waves, energy = box_wavevectors(atoms.cell.array, [1, 4, 7, 10], 20, 1), np.arange(3.0, 30, 0.25)
    found = boson_map_of_motion(run, atoms, waves, energy, 0.6, unit="reduced")
    known = boson_map(_as_drawn(glass, run), atoms, waves, energy, 0.6, unit="reduced")
    ratio = (found.intensity * energy**2).sum(axis=1) / (known.intensity * energy**2).sum(axis=1)
    np.testing.assert_allclose(ratio, 1.0, atol=0.05)
    density = reduced_density_of_motion(run, atoms, energy, 0.6, "reduced")
    strength = (_as_drawn(glass, run).polarizations ** 2).sum(axis=0)
    level = glass[2].omega
    lines = np.exp(-0.5 * ((level[3:, None] - energy) / 0.6) ** 2) / (0.6 * np.sqrt(2 * np.pi)) / level[3:, None] ** 2
    theory = strength[3:] @ lines / len(level)
    assert (density * energy**2).sum() == pytest.approx((theory * energy**2).sum(), rel=0.01)
    assert found.unit == "reduced"


def test_the_density_of_motion_is_that_of_the_modes(glass, cold):
    atoms, _, modes = glass
    energy, width = np.arange(2.5, 29, 0.25), 0.6
    found = reduced_density_of_motion(cold, atoms, energy, width)
    theory = broadened_reduced_density(modes.omega * MEV, energy, width)
    assert (found * energy**2).sum() == pytest.approx((theory * energy**2).sum(), rel=0.1)
    # at its drawn energies, one level after the other
    strength = (_as_drawn(glass, cold).polarizations ** 2).sum(axis=0)
    level = modes.omega[3:] * MEV
    lines = np.exp(-0.5 * ((level[:, None] - energy) / width) ** 2) / (width * np.sqrt(2 * np.pi)) / level[:, None] ** 2
    known = strength[3:] @ lines / 1500
    assert (found * energy**2).sum() == pytest.approx((known * energy**2).sum(), rel=0.005)
    np.testing.assert_allclose(found, known, rtol=0.1)


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


def test_s_of_q_and_e_is_that_of_dynasor_s_correlations(glass):
    import dynasor
    from dynasor.logging_tools import set_logging_level

    set_logging_level("WARNING")
    atoms, _, _ = glass
    # hot: Q^2 u^2 up to 0.4, so that all powers of the displacement are in it
    run, interval, width = _drawn(glass, 400.0, 500, 0.05, seed=2), 0.05, 0.8
    waves, energy = box_wavevectors(atoms.cell.array, [1.0, 2.0, 3.0, 4.0, 6.0], 6, 1), np.arange(4.0, 30.0, 0.5)
    segment = int(np.ceil(1.44 * 2 * np.pi * HBAR / (2.355 * width * interval)))
    sample = dynasor.compute_dynamic_structure_factors(
        MemoryTrajectory(atoms, atoms.positions + run.displacements.astype(float)),
        waves.vectors,
        dt=1000 * interval,
        window_size=segment - 1,
    )
    rho = np.exp(-1j * np.einsum("kc,tnc->tkn", waves.vectors, atoms.positions + run.displacements)).sum(axis=2)
    F = sample.Fqt_coh - abs(rho.mean(axis=0))[:, None] ** 2 / len(atoms)
    # what averaging the spectra of Hann-windowed segments does to the correlations
    hann = np.hanning(segment + 1)[:-1]
    lag = np.correlate(hann, hann, "full")[segment - 1 :] / (hann @ hann)
    phase = np.cos(np.outer(np.arange(segment) * interval, energy / HBAR))
    S = (2 * (F * lag) @ phase - F[:, :1] * lag[0]) * interval / (2 * np.pi * HBAR)
    square, u2 = (waves.vectors**2).sum(axis=1), axis_displacement(run).mean()
    each = 2 * np.exp(square * u2)[:, None] * S / (square[:, None] * kB * 400.0 * MEV**2)
    mean, _ = shell_means(each / np.mean(1 / atoms.get_masses()), waves)
    found = boson_map_of_motion(run, atoms, waves, energy, width).intensity
    # segments give the ends of the run less weight than time origins do
    np.testing.assert_allclose(found.mean(axis=1), mean.mean(axis=1), rtol=0.03)
    assert abs(found / mean - 1).mean() < 0.06
    # the variance alone: dynasor at lag zero
    static = shell_means(F[:, 0], waves)[0]
    wide = np.arange(0, 41.0, 0.2)
    q2 = waves.q[:, None] ** 2
    total = boson_map_of_motion(run, atoms, waves, wide, width, debye_waller=0.0).intensity
    own = shell_means(square, waves)[0][:, None] / q2
    integral = (
        2 * np.trapezoid(total * q2 * own, wide, axis=1) * kB * 400.0 * MEV**2 * np.mean(1 / atoms.get_masses()) / 2
    )
    np.testing.assert_allclose(integral, static, rtol=0.15)


def test_debye_waller_factors_follow_their_definitions(glass):
    atoms, _, _ = glass
    run = _drawn(glass, 300.0, 400, 0.05, seed=3)
    waves, energy, width = box_wavevectors(atoms.cell.array, [2.9, 3.0], 4, 1), np.array([4.0, 8.0, 16.0]), 0.8
    each = axis_displacement(run)

    def one(wave, **options):
        alone = replace(waves, **{k: getattr(waves, k)[[wave]] for k in ("indices", "vectors", "shell")})
        return boson_map_of_motion(run, atoms, alone, energy, width, **options).intensity[0]

    for wave in range(4):
        q = waves.vectors[wave]
        plain = one(wave, debye_waller=0.0)
        np.testing.assert_allclose(one(wave), np.exp(q @ q * each.mean()) * plain, rtol=1e-5)
        np.testing.assert_allclose(one(wave, debye_waller=0.01), np.exp(q @ q * 0.01) * plain, rtol=1e-5)
        amplitude = np.exp(q @ q * each / 2)
        r = atoms.positions + run.displacements.astype(float)
        rho = np.exp(-1j * r @ q) @ amplitude
        power = energy_spectra(rho, 0.05, energy, width)
        exact = 2 * power / (q @ q * kB * 300.0 * MEV**2 * (1 / atoms.get_masses()).sum())
        np.testing.assert_allclose(one(wave, debye_waller="atom"), exact, rtol=1e-4)


def test_an_atom_s_own_factor_is_taken_at_the_q_of_each_shell(glass):
    atoms, _, _ = glass
    run = _drawn(glass, 600.0, 300, 0.05, seed=3)
    waves, energy = box_wavevectors(atoms.cell.array, [2.0, 2.1, 8.0, 8.1], 6, 1), np.array([4.0, 8.0])
    together = boson_map_of_motion(run, atoms, waves, energy, 1.0, debye_waller="atom").intensity
    for shell in (0, 2):
        own = waves.shell == shell
        alone = replace(waves, indices=waves.indices[own], vectors=waves.vectors[own], shell=waves.shell[own])
        found = boson_map_of_motion(run, atoms, alone, energy, 1.0, debye_waller="atom").intensity
        np.testing.assert_allclose(together[shell], found[shell], rtol=0.01)


def test_an_unknown_debye_waller_factor_is_refused(glass, cold):
    waves = box_wavevectors(glass[0].cell.array, [1.0, 2.0], 2, 1)
    with pytest.raises(ValueError, match="unknown debye_waller 'none': give mean, atom"):
        boson_map_of_motion(cold, glass[0], waves, np.array([5.0]), 1.0, debye_waller="none")


def test_the_factor_brings_warm_motion_back_to_one_phonon(glass):
    atoms, _, _ = glass
    run, width = _drawn(glass, 300.0, 700, 0.05, seed=4), 0.8
    waves, energy = box_wavevectors(atoms.cell.array, [4.0, 5.0], 40, 1), np.arange(4.0, 26, 0.5)
    known = boson_map(_as_drawn(glass, run), atoms, waves, energy, width).intensity[0]
    off = {}
    for factor in (0.0, "mean", "atom"):
        found = boson_map_of_motion(run, atoms, waves, energy, width, debye_waller=factor).intensity[0]
        off[factor] = found.mean() / known.mean() - 1
    # Q^2 u^2 = 0.2: without the factor a fifth is lost; with it the smaller two-phonon part remains
    lost = 1 - np.exp(-20.25 * axis_displacement(run).mean())
    assert off[0.0] < -0.4 * lost
    assert 0 < off["mean"] < lost and 0 < off["atom"] < lost


def test_warmed_glass_expands_and_rests_at_a_minimum(glass):
    atoms, potential, _ = glass
    warm = warm_minimum(atoms, potential, 300.0, seed=1, duration=4.0)
    # 1e-5 to 1e-4 per kelvin
    assert 1.003 < warm.get_volume() / atoms.get_volume() < 1.03
    np.testing.assert_allclose(warm.cell.array / atoms.cell.array[0, 0], np.eye(3) * warm.cell[0, 0] / atoms.cell[0, 0])
    assert warm.info["max_force"] < 1e-4
    # without pressure at 300 K, some 600 bar of noise: the cold volume has ten times that
    pressure = []
    with Session(warm, potential) as session:
        session.thermalise(600.0, 2)
        for _ in range(100):
            session.dynamics(20, 0.004, "nvt temp 300.0 300.0 0.2")
            pressure.append(session.thermo("press"))
    assert abs(np.mean(pressure[30:])) < 2500 and warm.info["pressure"] < -4000
    np.testing.assert_array_equal(warm.get_masses(), atoms.get_masses())
    assert warm.get_chemical_symbols() == atoms.get_chemical_symbols()
    apart = warm.get_scaled_positions() - atoms.get_scaled_positions()
    apart = np.linalg.norm((apart - np.round(apart)) @ atoms.cell.array, axis=1)
    assert np.median(apart) < 0.3


@pytest.mark.slow
def test_a_cold_glass_has_its_harmonic_peak(glass):
    atoms, potential, modes = glass
    energy, width = np.arange(1.5, 20, 0.25), 0.6
    waves = box_wavevectors(atoms.cell.array, [2.0, 3.0, 4.0, 5.0], 8, 1)
    density, found = [], []
    for seed in (1, 2, 3):
        run = thermal_trajectory(atoms, potential, 50.0, 14.0, 0.04, seed=seed, equilibration=2.0, timestep=0.004)
        density.append(reduced_density_of_motion(run, atoms, energy, width))
        found.append(boson_map_of_motion(run, atoms, waves, energy, width).intensity)
        # u^2 of some ten slow modes: as good as their energies
        theory = harmonic_displacements(modes, potential, atoms, 50.0).mean() / 3
        assert axis_displacement(run).mean() == pytest.approx(theory, rel=0.3)
    density, found = np.mean(density, axis=0), np.mean(found, axis=0)
    theory = broadened_reduced_density(modes.omega * MEV, energy, width)
    place = boson_peak(energy, theory, 1, 2.0, 8.0).omega
    # one run has it 0.3 meV too low and to 0.2: few slow modes, which soften already at 50 K
    assert boson_peak(energy, density, 1, 2.0, 8.0).omega == pytest.approx(place, abs=0.5)
    upper = energy > 3
    np.testing.assert_allclose(density[upper].mean(), theory[upper].mean(), rtol=0.1)
    harmonic = boson_map(modes, atoms, waves, energy, width).intensity
    np.testing.assert_allclose((found / harmonic)[:, upper].mean(axis=1), 1.0, atol=0.15)
