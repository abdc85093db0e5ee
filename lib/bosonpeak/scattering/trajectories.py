"""S(Q, E) and B(Q, E) from molecular dynamics, for comparison with `harmonic` (floor 5).

Classical dynamics gives S_cl(Q, E), even in E. A harmonic solid has S = beta E / (1 - exp(-beta E)) S_cl, with which
the Bose factor of li-2025, Eq. 1, cancels: B = beta exp(Q^2 u^2) S_cl / Q^2, u^2 the mean square displacement along ONE
axis. In the scale of `harmonic.boson_map` (s: unit of E over sqrt(eV / (A^2 amu)), or 1),

    B(Q, E) = 2 exp(Q^2 u^2) S_cl(Q, E) sum_i b_i^2 / (Q^2 k T s^2 sum_i b_i^2 / m_i),

without a free factor. Times are in ps or reduced, temperatures in K or reduced.
"""

import numpy as np
from ase import Atoms
from ase.units import kB
from scipy.fft import next_fast_len
from scipy.signal import welch
from tqdm.auto import tqdm

from bosonpeak.materials.dynamics import Trajectory, thermal_trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.lammps import Session
from bosonpeak.scattering.harmonic import scattering_weights
from bosonpeak.scattering.wavevectors import CHUNK, ScatteringMap, ShellSums, Wavevectors, phase_waves
from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.peaks import frequency_scale

__all__ = [
    "Trajectory",
    "axis_displacement",
    "boson_map_of_motion",
    "energy_spectra",
    "reduced_density_of_motion",
    "thermal_trajectory",
    "warm_minimum",
]

_FINER = 2
"""Zeros are added up to this many segments, so that the spectrum between two frequencies is a straight line."""


def energy_quantum(unit: str) -> float:
    """E over the frequency f = 1 / period: Planck's constant in `unit` times ps (2 pi for rad/ps and reduced units)."""
    return 2 * np.pi * (1.0 if unit == "reduced" else frequency_scale(unit) / frequency_scale("rad/ps"))


def energy_spectra(series, interval: float, energy, width: float, unit: str = "meV") -> np.ndarray:
    """Power spectra P(E) of time series (T, ...), real or complex, at energies (E,): (E, ...), mean of both signs of E.

    The integral of P over all E, both signs, is the variance. The elastic line is removed as the mean of the run and
    then of each segment; segments (Welch, half overlapping) have a Hann window as wide in E, at half height, as a
    Gaussian of standard deviation `width`. interval: between samples.

    Raises ValueError where the run is shorter than two segments, or samples too rarely for the highest energy.
    """
    series, energy, quantum = np.asarray(series), np.asarray(energy, float), energy_quantum(unit)
    # a Hann window's line is 1.44 bins wide at half height
    segment = int(np.ceil(1.44 * quantum / (2.355 * width * interval)))
    if len(series) < 2 * segment:
        raise ValueError(
            f"{len(series)} samples of {interval:g} are too short for a resolution of {width:g} {unit}: "
            f"take {2 * segment} at least, or a larger width"
        )
    if energy.max() > quantum / (2 * interval):
        raise ValueError(
            f"samples {interval:g} apart show no energy above {quantum / (2 * interval):.4g} {unit}, asked for "
            f"{energy.max():.4g}: sample more often"
        )
    size = 2 * next_fast_len(_FINER * segment // 2)
    frequency, power = welch(
        series - series.mean(axis=0),
        1 / interval,
        window="hann",
        nperseg=segment,
        nfft=size,
        detrend="constant",
        return_onesided=False,
        axis=0,
    )
    half = size // 2
    both = (power[: half + 1] + power[-np.arange(half + 1) % size]) / (2 * quantum)
    place = np.clip(energy / (quantum * frequency[1]), 0, half - 1e-9)
    low = place.astype(int)
    share = (place - low).reshape(-1, *[1] * (series.ndim - 1))
    return both[low] * (1 - share) + both[low + 1] * share


def axis_displacement(trajectory: Trajectory) -> np.ndarray:
    """<u^2> of each atom along one axis, about its mean place, (N,), in squared lengths: a third of that in space."""
    u = trajectory.displacements.astype(float)
    return ((u - u.mean(axis=0)) ** 2).mean(axis=(0, 2))


def wave_series(displacements, atoms: Atoms, indices, values=None, moving: bool = True):
    """sum_j x_j(t) exp(-i Q.r_j(t)) at wave vectors `indices` (K, 3): (T, K, F) complex, single precision.

    displacements (T, N, 3) from `atoms`; values (T, N, F), or (N, F) for constant ones such as scattering lengths;
    moving: r_j(t) follows the atom, otherwise it rests where `atoms` has it.
    """
    scaled, back = atoms.get_scaled_positions(wrap=False), np.linalg.inv(atoms.cell.array)
    values = np.asarray(values, np.float32)
    found = np.empty((len(displacements), len(indices), values.shape[-1]), np.complex64)
    waves = phase_waves(scaled, indices)
    with blas_threads(available_cores()):
        for t, u in enumerate(displacements):
            if moving:
                phase_waves(scaled + u @ back, indices, out=waves)
            real, imaginary = waves @ (values[t] if values.ndim == 3 else values)
            found[t].real, found[t].imag = real, imaginary
    return found


def sample_interval(trajectory: Trajectory) -> float:
    """Time between samples. Raises ValueError for fewer than two."""
    if len(trajectory.time) < 2:
        raise ValueError("a trajectory of one sample has no spectrum: give two samples or more")
    return float(trajectory.time[1] - trajectory.time[0])


def boson_map_of_motion(
    trajectory: Trajectory,
    atoms: Atoms,
    wavevectors: Wavevectors,
    energy,
    width: float,
    weights: str = "unit",
    unit: str = "meV",
    debye_waller="mean",
    progress: bool = False,
) -> ScatteringMap:
    """B(Q, E) of a trajectory around `atoms`, comparable number by number with `harmonic.boson_map`.

    debye_waller: "mean", exp(Q^2 u^2) with the mean u^2 of all atoms along one axis (li-2025, Eq. 1); "atom", each
    atom's amplitude by its own exp(Q^2 u_i^2 / 2); or a number in squared lengths. What is beyond one phonon is not
    removed: it grows as Q^2 u^2. Raises ValueError for another word, and as `energy_spectra`, `scattering_weights`.
    """
    if isinstance(debye_waller, str) and debye_waller not in ("mean", "atom"):
        raise ValueError(f"unknown debye_waller {debye_waller!r}: mean, atom, or a number in squared lengths")
    b, masses = scattering_weights(atoms, weights), atoms.get_masses()
    scale, interval = frequency_scale(unit), sample_interval(trajectory)
    thermal = trajectory.temperature.mean() * (1.0 if unit == "reduced" else kB)
    each = axis_displacement(trajectory)
    factor = 2 / (thermal * scale**2 * (b**2 / masses).sum())
    sums, square = ShellSums(len(wavevectors.edges) - 1), (wavevectors.vectors**2).sum(axis=1)
    u2 = each.mean() if isinstance(debye_waller, str) else float(debye_waller)
    own = isinstance(debye_waller, str) and debye_waller == "atom"
    # an atom's own factor depends on Q: taken at the middle of each shell
    ends = [*(np.flatnonzero(np.diff(wavevectors.shell)) + 1 if own else []), len(wavevectors)]
    starts = [k for first, end in zip([0, *ends], ends, strict=False) for k in range(first, end, CHUNK)]
    with tqdm(desc="S(Q, E)", total=len(wavevectors), unit="wave", disable=not progress) as bar:
        for start, end in zip(starts, [*starts[1:], len(wavevectors)], strict=True):
            part = slice(start, end)
            amplitude, lift = b, np.exp(square[part] * u2)
            if own:
                middle = square[part].mean()
                amplitude, lift = b * np.exp(middle * each / 2), np.exp((square[part] - middle) * u2)
            rho = wave_series(trajectory.displacements, atoms, wavevectors.indices[part], amplitude[:, None])[..., 0]
            power = energy_spectra(rho, interval, energy, width, unit)
            sums.add((power * (factor * lift / square[part])).T, wavevectors.shell[part])
            bar.update(rho.shape[1])
    mean, error = sums.result()
    return ScatteringMap(wavevectors.q, np.asarray(energy, float), mean, error, wavevectors.counts, unit)


def reduced_density_of_motion(trajectory: Trajectory, atoms: Atoms, energy, width: float, unit: str = "meV"):
    """g(E) / E^2 per degree of freedom from the motion of all atoms, (E,), in 1/unit^3: sum_i m_i |u_i(E)|^2 over kT.

    The Fourier transform of the velocity autocorrelation, over E^2 (li-2025, Results). Raises as `energy_spectra`.
    """
    thermal = trajectory.temperature.mean() * (1.0 if unit == "reduced" else kB)
    power = 0.0
    for start in range(0, len(atoms), CHUNK):
        part = slice(start, start + CHUNK)
        found = energy_spectra(trajectory.displacements[:, part], sample_interval(trajectory), energy, width, unit)
        power = power + np.einsum("enc,n->e", found, atoms.get_masses()[part])
    return 2 * power / (3 * len(atoms) * thermal * frequency_scale(unit) ** 2)


def warm_minimum(
    atoms: Atoms,
    potential,
    temperature: float,
    seed: int,
    duration: float = 20.0,
    timestep: float = 0.002,
    force_tolerance: float = 1e-4,
) -> Atoms:
    """The minimum at the volume that the structure has at `temperature` and zero pressure.

    Nose-Hoover dynamics for `duration` at zero pressure, the mean volume of its second half, atoms scaled to it and
    minimised, to five times the tolerance where a rough table allows no better. Raises as `materials.lammps.Session`
    and `materials.glasses.inherent_structure`.
    """
    steps = max(2, round(duration / timestep / 100))
    ensemble = f"npt temp {temperature!r} {temperature!r} {100 * timestep:g} iso 0 0 {1000 * timestep:g}"
    volumes = []
    with Session(atoms, potential, ordered=False) as session:
        session.thermalise(2 * temperature, seed)
        for _ in range(100):
            session.dynamics(steps, timestep, ensemble)
            volumes.append(session.thermo("vol"))
    warm = atoms.copy()
    warm.set_cell(atoms.cell * (np.mean(volumes[50:]) / atoms.get_volume()) ** (1 / 3), scale_atoms=True)
    try:
        found = inherent_structure(warm, potential, force_tolerance)
    except RuntimeError:
        # a step in the force at a table's cutoff can hold a large box back
        found = inherent_structure(warm, potential, 5 * force_tolerance)
    found.set_masses(atoms.get_masses())
    return found
