"""S(Q, E) and B(Q, E) from molecular dynamics, for comparison with `harmonic`.

Classical dynamics gives S_cl(Q, E), which is even in E. A harmonic solid has S = beta E / (1 - exp(-beta E)) S_cl, so
that the Bose factor of li-2025, Eq. 1, cancels: B = beta exp(Q^2 u^2) S_cl / Q^2, where u^2 is the mean square
displacement along ONE axis. In the scale of `harmonic.boson_map`,

    B(Q, E) = 2 exp(Q^2 u^2) S_cl(Q, E) sum_i b_i^2 / (Q^2 k T s^2 sum_i b_i^2 / m_i),

where s is the unit of E over sqrt(eV / (A^2 amu)), or 1 in reduced units. There is no free factor. Times are in ps or
reduced, temperatures in K or reduced.
"""

import numpy as np
from ase import Atoms
from ase.units import kB
from scipy.fft import next_fast_len
from scipy.signal import welch
from tqdm.auto import tqdm

from bosonpeak.materials.dynamics import Trajectory
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.lammps import Session
from bosonpeak.scattering.harmonic import scattering_weights
from bosonpeak.scattering.wavevectors import CHUNK, ScatteringMap, ShellSums, Wavevectors, phase_waves
from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.peaks import frequency_scale

_FINER = 2
"""Segments are padded with zeros to this many times their length, so that a line between two frequencies suffices."""


def energy_quantum(unit: str) -> float:
    """Ratio of E to the frequency f = 1 / period: Planck's constant in `unit` times ps (2 pi in rad/ps and reduced)."""
    return 2 * np.pi * (1.0 if unit == "reduced" else frequency_scale(unit) / frequency_scale("rad/ps"))


def energy_spectra(series, interval: float, energy, width: float, unit: str = "meV") -> np.ndarray:
    """Power spectra P(E) of time series by Welch's method, averaged over both signs of E.

    The integral of P over all E, of both signs, is the variance. The elastic line is removed by subtracting the mean
    of the run, and then that of each segment. The segments overlap by half; their Hann window is as wide in E at half
    height as a Gaussian of standard deviation `width`.

    Parameters
    ----------
    series : array, shape (T, ...)
        Real or complex.
    interval : float
        Time between samples, in ps or reduced.
    energy : array, shape (E,)
        In `unit`.
    width : float
        In `unit`.
    unit : str
        "meV", "rad/ps", "THz" or "reduced".

    Returns
    -------
    array, shape (E, ...)
        In 1/unit.

    Raises
    ------
    ValueError
        If the run is shorter than two segments, or the samples are too far apart for the highest energy.
    """
    series, energy, quantum = np.asarray(series), np.asarray(energy, float), energy_quantum(unit)
    if not (width > 0 and interval > 0 and energy.size and np.isfinite(energy).all()):
        raise ValueError(f"width = {width}, interval = {interval}: give positive numbers, and finite energies")
    # both signs are averaged
    energy = abs(energy)
    # the line of a Hann window is 1.44 bins wide at half height
    segment = int(np.ceil(1.44 * quantum / (2.355 * width * interval)))
    if len(series) < 2 * segment:
        raise ValueError(
            f"{len(series)} samples of {interval:g} are too short for a resolution of {width:g} {unit}: "
            f"take {2 * segment} or more, or a larger width"
        )
    if energy.max() > quantum / (2 * interval):
        raise ValueError(
            f"samples {interval:g} apart contain no energy above {quantum / (2 * interval):.4g} {unit}, but "
            f"{energy.max():.4g} is requested: sample more often"
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
    """<u^2> (N,) of each atom about its mean position along one axis, in squared lengths: a third of that in space."""
    u = trajectory.displacements.astype(float)
    return ((u - u.mean(axis=0)) ** 2).mean(axis=(0, 2))


def wave_series(displacements, atoms: Atoms, indices, values=None, moving: bool = True):
    """Fourier components sum_j x_j(t) exp(-i Q.r_j(t)) of fields F of the atoms.

    Parameters
    ----------
    displacements : array, shape (T, N, 3)
        From `atoms`.
    atoms : ase.Atoms
    indices : array of int, shape (K, 3)
        Indices of the wave vectors.
    values : array, shape (T, N, F) or (N, F)
        x_j(t), or constants such as scattering lengths.
    moving : bool
        Whether r_j(t) follows the atom, or stays at its position in `atoms`.

    Returns
    -------
    array of complex64, shape (T, K, F)
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
    """Time between samples, in ps or reduced. Raises ValueError for fewer than two samples."""
    if len(trajectory.time) < 2:
        raise ValueError("a trajectory of one sample has no spectrum: give two samples or more")
    steps = np.diff(trajectory.time)
    if len(trajectory.time) != len(trajectory.displacements) or not (abs(steps - steps[0]) < 1e-6 * steps[0]).all():
        raise ValueError("a spectrum needs one evenly spaced time, ascending, for each sample: take one run by itself")
    return float(steps[0])


def _thermal_energy(trajectory, unit):
    """Mean k T in eV or reduced."""
    return trajectory.temperature.mean() * (1.0 if unit == "reduced" else kB)


def _masses(trajectory, atoms) -> np.ndarray:
    """Masses (N,) of the atoms, which must be those that moved, and with the masses with which they moved."""
    masses, count = atoms.get_masses(), trajectory.displacements.shape[1]
    if count != len(atoms):
        raise ValueError(f"the trajectory is of {count} atoms, not {len(atoms)}: give its own structure")
    if trajectory.masses is not None and not np.allclose(masses, trajectory.masses, rtol=1e-4):
        raise ValueError(
            f"the atoms have other masses ({masses[0]:g} ... {masses[-1]:g}) than those with which they moved "
            f"({trajectory.masses[0]:g} ... {trajectory.masses[-1]:g}): call atoms.set_masses(trajectory.masses)"
        )
    return masses


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
    """B(Q, E) of a trajectory, on the same absolute scale as `harmonic.boson_map`.

    Scattering by more than one phonon is not removed; it grows as Q^2 u^2.

    Parameters
    ----------
    trajectory : Trajectory
        Displacements from `atoms`.
    atoms, wavevectors, energy, width, weights, unit, progress
        As `harmonic.boson_map`.
    debye_waller : str or float
        "mean" corrects by exp(Q^2 u^2) with the mean u^2 of all atoms along one axis (li-2025, Eq. 1). "atom" corrects
        the amplitude of each atom by its own exp(Q^2 u_i^2 / 2). A number is taken as u^2, in squared lengths.

    Returns
    -------
    ScatteringMap
        In 1/unit^3.

    Raises
    ------
    ValueError
        If debye_waller is another word, the atoms are not those that moved or have other masses, and as
        `energy_spectra`, `scattering_weights` and `Wavevectors.check_box`.
    """
    if isinstance(debye_waller, str) and debye_waller not in ("mean", "atom"):
        raise ValueError(f"unknown debye_waller {debye_waller!r}: give mean, atom, or a number in squared lengths")
    wavevectors.check_box(atoms.cell)
    b, masses = scattering_weights(atoms, weights), _masses(trajectory, atoms)
    scale, interval = frequency_scale(unit), sample_interval(trajectory)
    each = axis_displacement(trajectory)
    factor = 2 / (_thermal_energy(trajectory, unit) * scale**2 * (b**2 / masses).sum())
    sums, square = ShellSums(len(wavevectors.edges) - 1), (wavevectors.vectors**2).sum(axis=1)
    u2 = each.mean() if isinstance(debye_waller, str) else float(debye_waller)
    own = isinstance(debye_waller, str) and debye_waller == "atom"
    # the factor of a single atom depends on Q: it is taken at the mean Q^2 of each shell
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
    """g(E) / E^2 per degree of freedom from the motion of all atoms: sum_i m_i |u_i(E)|^2 / (k T).

    It equals the Fourier transform of the velocity autocorrelation divided by E^2 (li-2025, Results).

    Parameters
    ----------
    trajectory, atoms, energy, width, unit
        As `boson_map_of_motion`.

    Returns
    -------
    array, shape (E,)
        In 1/unit^3.

    Raises
    ------
    ValueError
        If the atoms are not those that moved or have other masses, and as `energy_spectra` and `sample_interval`.
    """
    power, masses = 0.0, _masses(trajectory, atoms)
    for start in range(0, len(atoms), CHUNK):
        part = slice(start, start + CHUNK)
        found = energy_spectra(trajectory.displacements[:, part], sample_interval(trajectory), energy, width, unit)
        power = power + np.einsum("enc,n->e", found, masses[part])
    return 2 * power / (3 * len(atoms) * _thermal_energy(trajectory, unit) * frequency_scale(unit) ** 2)


def warm_minimum(
    atoms: Atoms,
    potential,
    temperature: float,
    seed: int,
    duration: float = 20.0,
    timestep: float = 0.002,
    force_tolerance: float = 1e-4,
) -> Atoms:
    """The minimum of the energy at the volume that the structure has at a temperature and zero pressure.

    Nose-Hoover dynamics runs at zero pressure; the structure is scaled to the mean volume of the second half of the
    run and minimised.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : Potential
    temperature : float
        In K or reduced.
    seed : int
        Of the initial velocities.
    duration, timestep : float
        In ps or reduced.
    force_tolerance : float
        In eV/A or reduced. Five times as much is allowed where the table of the potential is too rough for less.

    Returns
    -------
    ase.Atoms
        With the masses of `Potential.masses_of`.

    Raises
    ------
    ValueError, RuntimeError
        As `materials.lammps.Session` and `materials.glasses.inherent_structure`.
    """
    temperature, timestep = float(temperature), float(timestep)
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
        # a step in the force at the cutoff of a table can prevent a large box from converging further
        found = inherent_structure(warm, potential, 5 * force_tolerance)
    return found
