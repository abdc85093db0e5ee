"""Static and dynamic structure factors of a harmonic solid, from its modes or from its dynamical matrix (floor 5).

A neutron that leaves Q in a solid drives its mode k by F_k(Q) = sum_i b_i m_i^-1/2 (Q^.e_k(i)) exp(-i Q.r_i), Q^ the
direction of Q. With the Bose factor, the Debye-Waller factor and E / Q^2 taken off as in li-2025, Eq. 1, what is left
of one phonon depends neither on temperature nor on hbar:

    G(Q, E) = sum_k |F_k(Q)|^2 delta(E - E_k) / sum_i b_i^2 / m_i,    B(Q, E) = G / E^2.

It is the spectral function of the wave v_i = b_i m_i^-1/2 Q^ exp(i Q.r_i), so that the integral of G over E is 1 at
every Q, and modes are not needed: Chebyshev moments of the dynamical matrix give it for any size. Without the cross
terms between atoms (large Q) B is the density of states g / E^2, each atom weighted by b^2 / m.
"""

import numpy as np
from ase import Atoms
from scipy.fft import dct
from tqdm.auto import tqdm

from bosonpeak.materials.geometry import check_periodic
from bosonpeak.scattering.wavevectors import CHUNK, ScatteringMap, ShellSums, Wavevectors, phase_waves
from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.chebyshev import chebyshev_moments
from bosonpeak.vibrations.modes import Modes
from bosonpeak.vibrations.operators import check_operator, spectral_bound
from bosonpeak.vibrations.peaks import frequency_scale
from bosonpeak.vibrations.spectra import translations
from bosonpeak.vibrations.subspace import projector

__all__ = [
    "NEUTRON_LENGTHS",
    "boson_map",
    "reduced_density_by_moments",
    "scattering_weights",
    "structure_factor",
    "wave_polarizations",
]

NEUTRON_LENGTHS = {"Al": 3.449, "Ni": 10.3, "P": 5.13, "Cu": 7.718, "Zr": 7.16}
"""Coherent scattering lengths of the natural elements in fm (Sears, Neutron News 3, 26 (1992))."""

WEIGHTS = ("unit", "neutron", "mass")
_WAVES = 64
"""Wave vectors whose moments are taken together."""


def scattering_weights(atoms: Atoms, kind: str = "unit") -> np.ndarray:
    """How strongly each atom scatters, (N,): 1, its neutron length in fm, or its mass in amu.

    By mass the wave is that of the momentum, which at small Q is a sound wave. Raises ValueError for another kind, or
    an element whose neutron length is not known here.
    """
    if kind not in WEIGHTS:
        raise ValueError(f"unknown weights {kind!r}: choose {', '.join(WEIGHTS)}")
    if kind == "mass":
        return atoms.get_masses()
    if kind == "unit":
        return np.ones(len(atoms))
    symbols = atoms.get_chemical_symbols()
    unknown = sorted(set(symbols) - set(NEUTRON_LENGTHS))
    if unknown:
        raise ValueError(
            f"no neutron length of {', '.join(unknown)} is known here: add it to scattering.harmonic.NEUTRON_LENGTHS "
            "or take unit weights"
        )
    return np.array([NEUTRON_LENGTHS[s] for s in symbols])


def structure_factor(atoms: Atoms, wavevectors: Wavevectors, weights: str = "unit") -> np.ndarray:
    """S(Q) = |sum_i b_i exp(-i Q.r_i)|^2 / sum_i b_i^2 at each wave vector, (K,); 1 for atoms at random.

    Raises ValueError as `scattering_weights`, and for a structure that is not periodic.
    """
    check_periodic(atoms)
    b = scattering_weights(atoms, weights).astype(np.float32)
    scaled = atoms.get_scaled_positions(wrap=True)
    found = np.empty(len(wavevectors))
    for start in range(0, len(wavevectors), CHUNK):
        waves = phase_waves(scaled, wavevectors.indices[start : start + CHUNK])
        found[start : start + CHUNK] = ((waves @ b).astype(float) ** 2).sum(axis=0)
    return found / (b.astype(float) ** 2).sum()


def wave_polarizations(directions, polarization: str) -> np.ndarray:
    """Unit vectors (P, K, 3) along each direction (K, 3), or two across it, square to each other.

    Raises ValueError unless polarization is "longitudinal" or "transverse".
    """
    if polarization == "longitudinal":
        return directions[None]
    if polarization != "transverse":
        raise ValueError(f"unknown polarization {polarization!r}: longitudinal or transverse")
    # the axis least along Q spans a plane with it
    axis = np.eye(3)[abs(directions).argmin(axis=1)]
    first = np.cross(directions, axis)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(directions, first)])


def boson_map(
    modes_or_D,
    atoms: Atoms,
    wavevectors: Wavevectors,
    energy,
    width: float,
    weights: str = "unit",
    polarization: str = "longitudinal",
    unit: str = "meV",
    progress: bool = False,
) -> ScatteringMap:
    """B(Q, E) = G(Q, E) / E^2 of the shells, in 1/unit^3: the mean over their wave vectors.

    modes_or_D: all normal modes of `atoms`, or its dynamical matrix (sparse or FactoredOperator; for what no
    diagonalisation can hold). energy: (E,) in `unit` ("meV", "rad/ps", "THz", "reduced"); width: standard deviation of
    the kernel in it, a Gaussian: each level is divided by its own E_k^2 and broadened, from modes directly, from D by
    the Chebyshev series of that kernel, in which 1 / E_k^2 is cut off below two widths: the lowest wave must lie above
    (4 % are missing at 2.7 widths, 1e-3 at 3.3). polarization: "longitudinal" is what neutrons see; "transverse", the
    mean of two waves across Q, the current of shear waves. Masses are those of `atoms`: they must be those of the
    dynamical matrix.

    Raises ValueError for modes that are not all, energies that are not positive, and as `scattering_weights`,
    `spectra.spectral_function`.
    """
    check_periodic(atoms)
    energy = np.asarray(energy, float)
    if energy.ndim != 1 or not (energy > 0).all() or not width > 0:
        raise ValueError("energies and width must be positive: B divides by E^2")
    masses = atoms.get_masses()
    amplitude = scattering_weights(atoms, weights) / np.sqrt(masses)
    amplitude = (amplitude / np.linalg.norm(amplitude)).astype(np.float32)
    if isinstance(modes_or_D, Modes):
        spectra, chunk = _spectra_of_modes(modes_or_D, len(atoms), energy, width, unit), CHUNK
    else:
        spectra, chunk = _spectra_of_operator(modes_or_D, masses, energy, width, unit), _WAVES
    scaled, sums = atoms.get_scaled_positions(wrap=True), ShellSums(len(wavevectors.edges) - 1)
    with tqdm(desc="B(Q, E)", total=len(wavevectors), unit="wave", disable=not progress) as bar:
        for start in range(0, len(wavevectors), chunk):
            part = slice(start, start + chunk)
            waves = phase_waves(scaled, wavevectors.indices[part]) * amplitude
            polarizations = wave_polarizations(wavevectors.directions[part], polarization).astype(np.float32)
            found = 0.0
            for across in polarizations:
                vectors = (waves[..., None] * across[None, :, None, :]).reshape(2, waves.shape[1], -1)
                found = found + spectra(vectors) / len(polarizations)
            sums.add(found, wavevectors.shell[part])
            bar.update(waves.shape[1])
    mean, error = sums.result()
    return ScatteringMap(wavevectors.q, energy, mean, error, wavevectors.counts, unit)


def _spectra_of_modes(modes, n_atoms, energy, width, unit):
    """Function from waves (2, K, 3N) to G / E^2 (K, E)."""
    if modes.polarizations.shape[0] != 3 * n_atoms or modes.polarizations.shape[1] < 0.99 * 3 * n_atoms:
        raise ValueError(
            f"modes {modes.polarizations.shape} are not all those of {n_atoms} atoms: diagonalise fully, or give the "
            "dynamical matrix instead"
        )
    level = modes.omega * frequency_scale(unit)
    moving = level > 1e-6 * level.max()
    level, basis = level[moving], modes.polarizations[:, moving].astype(np.float32)
    kernel = np.exp(-0.5 * ((level[:, None] - energy) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    kernel = (kernel / level[:, None] ** 2).astype(np.float32)

    def spectra(vectors):
        with blas_threads(available_cores()):
            overlap = vectors.reshape(-1, vectors.shape[2]) @ basis
            intensity = (overlap.reshape(2, -1, len(level)) ** 2).sum(axis=0)
            return intensity @ kernel

    return spectra


def _spectra_of_operator(D, masses, energy, width, unit):
    """The same by Chebyshev moments."""
    project, _ = projector(translations(len(masses), 3, masses), D.shape[0])
    D, bound, coefficients = _operator_series(D, energy, width, unit)

    def spectra(vectors):
        both = project(vectors.reshape(-1, vectors.shape[2]).T.astype(float))
        found = coefficients @ chebyshev_moments(D, both, coefficients.shape[1], bound)
        return found.reshape(len(energy), 2, -1).sum(axis=1).T

    return spectra


def _operator_series(D, energy, width, unit):
    """A checked D, its bound and the Chebyshev coefficients (E, M) of the kernel of the modes, Gaussian / E_k^2.

    The kernel itself is expanded, not a delta function that is divided by E^2 afterwards: what leaks from a level to
    lower energies would be divided by less than the level has (measured: a first phonon at 1.85 meV under 0.4 meV then
    has its maximum at 1.68).
    """
    D = check_operator(D)
    bound, scale = spectral_bound(D), frequency_scale(unit)
    top = np.sqrt(bound) * scale
    # a Gaussian of 2 width / top in the angle: at five of its inverse nothing is left of the series
    count = int(np.ceil(5 * top / (2 * width)))
    angle = np.pi * (np.arange(4 * count) + 0.5) / (4 * count)
    level = top * np.cos(angle / 2)
    # no level lies below the lowest wave: there 1 / E^2 may be cut off, by what a short series can follow
    inverse = -np.expm1(-((level / (2 * width)) ** 4)) / level**2
    # even in the level, as the series is
    kernel = sum(np.exp(-0.5 * ((energy[:, None] + sign * level) / width) ** 2) for sign in (-1, 1)) * inverse
    kernel /= width * np.sqrt(2 * np.pi)
    coefficients = dct(kernel, type=2, axis=1)[:, :count] / (4 * count)
    coefficients[:, 0] /= 2
    return D, bound, coefficients


def reduced_density_by_moments(D, masses, energy, width: float, n_vectors: int, rng=None, unit: str = "meV"):
    """g(E) / E^2 per degree of freedom of a dynamical matrix (3N, 3N), (E,), as `peaks.broadened_reduced_density` has
    it from all modes: each level over its own E_k^2, then broadened. n_vectors: random vectors of +-1, which leave the
    noise. Raises as `operators.check_operator`."""
    project, _ = projector(translations(len(masses), 3, masses), D.shape[0])
    D, bound, coefficients = _operator_series(D, np.asarray(energy, float), width, unit)
    signs = np.random.default_rng(rng).integers(0, 2, (D.shape[0], n_vectors)) * 2.0 - 1
    moments = chebyshev_moments(D, project(signs), coefficients.shape[1], bound)
    return (coefficients @ moments).mean(axis=1) / D.shape[0]
