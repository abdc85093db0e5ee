"""Static and dynamic structure factors of a harmonic solid, from its modes or from its dynamical matrix.

A neutron that transfers the wave vector Q to a solid excites its mode k with the amplitude F_k(Q) = sum_i b_i m_i^-1/2
(Q^.e_k(i)) exp(-i Q.r_i), where Q^ is the direction of Q. If the Bose factor, the Debye-Waller factor and E / Q^2 are
removed as in li-2025, Eq. 1, the one-phonon scattering that remains depends neither on temperature nor on hbar:

    G(Q, E) = sum_k |F_k(Q)|^2 delta(E - E_k) / sum_i b_i^2 / m_i,    B(Q, E) = G / E^2.

G is the spectral function of the wave v_i = b_i m_i^-1/2 Q^ exp(i Q.r_i). Hence its integral over E is 1 at every Q,
and the modes are not needed: Chebyshev moments of the dynamical matrix give G for any size. Where the cross terms
between atoms vanish (large Q), B is the reduced density of states g / E^2, each atom weighted by b^2 / m.
"""

import numpy as np
from ase import Atoms
from scipy.fft import dct
from tqdm.auto import tqdm

from bosonpeak.materials.geometry import check_periodic
from bosonpeak.scattering.wavevectors import CHUNK, ScatteringMap, ShellSums, Wavevectors, phase_waves
from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.chebyshev import chebyshev_moments
from bosonpeak.vibrations.modes import Modes, check_masses
from bosonpeak.vibrations.operators import check_operator, spectral_bound
from bosonpeak.vibrations.peaks import frequency_scale, gaussian_levels
from bosonpeak.vibrations.spectra import translations
from bosonpeak.vibrations.subspace import projector

NEUTRON_LENGTHS = {"Al": 3.449, "Ni": 10.3, "P": 5.13, "Cu": 7.718, "Zr": 7.16}
"""Coherent scattering lengths of the natural elements in fm (Sears, Neutron News 3, 26 (1992))."""

WEIGHTS = ("unit", "neutron", "mass")
_WAVES = 64
"""Wave vectors whose moments are computed together."""


def scattering_weights(atoms: Atoms, kind: str = "unit") -> np.ndarray:
    """Scattering amplitude b_i of each atom.

    Parameters
    ----------
    atoms : ase.Atoms
        N atoms.
    kind : str
        "unit" gives 1, "neutron" the coherent scattering length in fm, and "mass" the mass in amu. Weighted by mass,
        the wave is that of the momentum, which is a sound wave at small Q.

    Returns
    -------
    array, shape (N,)

    Raises
    ------
    ValueError
        If the kind is unknown, or the scattering length of an element is not listed here.
    """
    if kind not in WEIGHTS:
        raise ValueError(f"unknown weights {kind!r}: choose one of {', '.join(WEIGHTS)}")
    if kind == "mass":
        return atoms.get_masses()
    if kind == "unit":
        return np.ones(len(atoms))
    symbols = atoms.get_chemical_symbols()
    unknown = sorted(set(symbols) - set(NEUTRON_LENGTHS))
    if unknown:
        remedy = "add it to scattering.harmonic.NEUTRON_LENGTHS, or use unit weights"
        raise ValueError(f"no neutron length of {', '.join(unknown)} is known here: {remedy}")
    return np.array([NEUTRON_LENGTHS[s] for s in symbols])


def structure_factor(atoms: Atoms, wavevectors: Wavevectors, weights: str = "unit") -> np.ndarray:
    """Static structure factor S(Q) = |sum_i b_i exp(-i Q.r_i)|^2 / sum_i b_i^2.

    Parameters
    ----------
    atoms : ase.Atoms
    wavevectors : Wavevectors
        K wave vectors of its box.
    weights : str
        As `scattering_weights`.

    Returns
    -------
    array, shape (K,)
        Its mean is 1 for atoms at random positions.

    Raises
    ------
    ValueError
        As `scattering_weights`, `Wavevectors.check_box` and `geometry.check_periodic`.
    """
    check_periodic(atoms)
    wavevectors.check_box(atoms.cell)
    b = scattering_weights(atoms, weights).astype(np.float32)
    scaled = atoms.get_scaled_positions(wrap=True)
    found = np.empty(len(wavevectors))
    for start in range(0, len(wavevectors), CHUNK):
        waves = phase_waves(scaled, wavevectors.indices[start : start + CHUNK])
        found[start : start + CHUNK] = ((waves @ b).astype(float) ** 2).sum(axis=0)
    return found / (b.astype(float) ** 2).sum()


def wave_polarizations(directions, polarization: str) -> np.ndarray:
    """Polarisations of the waves along given directions.

    Parameters
    ----------
    directions : array, shape (K, 3)
        Unit vectors.
    polarization : str
        "longitudinal" or "transverse".

    Returns
    -------
    array, shape (P, K, 3)
        The direction itself (P = 1), or two unit vectors perpendicular to it and to each other (P = 2).

    Raises
    ------
    ValueError
        If the polarisation is unknown.
    """
    if polarization == "longitudinal":
        return directions[None]
    if polarization != "transverse":
        raise ValueError(f"unknown polarization {polarization!r}: choose longitudinal or transverse")
    # the coordinate axis that is least parallel to Q
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
    """B(Q, E) = G(Q, E) / E^2, averaged over the wave vectors of each shell (li-2025, Eq. 1).

    Each level is divided by its own E_k^2 and then broadened by a Gaussian. With modes this is done directly, with a
    dynamical matrix by the Chebyshev series of that kernel. In the series, 1 / E_k^2 is cut off below two widths, so
    the lowest wave must lie above (4 % are missing at 2.7 widths, 1e-3 at 3.3).

    Parameters
    ----------
    modes_or_D : Modes, sparse matrix or FactoredOperator
        All normal modes of the atoms; or their dynamical matrix, for systems too large to diagonalise.
    atoms : ase.Atoms
        With the masses of the modes or of the dynamical matrix; others are refused.
    wavevectors : Wavevectors
    energy : array, shape (E,)
        Positive, in `unit`.
    width : float
        Standard deviation of the Gaussian in `unit`.
    weights : str
        As `scattering_weights`.
    polarization : str
        "longitudinal" is what neutrons see. "transverse" is the mean of two waves perpendicular to Q: the current of
        shear waves.
    unit : str
        "meV", "rad/ps", "THz" or "reduced".
    progress : bool
        Show a progress bar.

    Returns
    -------
    ScatteringMap
        In 1/unit^3.

    Raises
    ------
    ValueError
        If modes are missing, the masses are others, an energy or the width is not positive, and as
        `Wavevectors.check_box`, `scattering_weights`, `operators.check_operator` and `peaks.frequency_scale`.
    """
    check_periodic(atoms)
    wavevectors.check_box(atoms.cell)
    energy = np.asarray(energy, float)
    if energy.ndim != 1 or not (energy > 0).all() or not width > 0:
        raise ValueError(f"energies and width {width} must be positive, since B is divided by E^2")
    masses = atoms.get_masses()
    amplitude = scattering_weights(atoms, weights) / np.sqrt(masses)
    amplitude = (amplitude / np.linalg.norm(amplitude)).astype(np.float32)
    if isinstance(modes_or_D, Modes):
        check_masses(modes_or_D, masses)
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
    """Function that maps waves (2, K, 3N) to G / E^2 (K, E), from all modes."""
    if modes.polarizations.shape[0] != 3 * n_atoms or modes.polarizations.shape[1] < 0.99 * 3 * n_atoms:
        remedy = "compute all modes, or give the dynamical matrix instead"
        raise ValueError(f"modes {modes.polarizations.shape} are not all those of {n_atoms} atoms: {remedy}")
    level = modes.omega * frequency_scale(unit)
    # the Gaussian of a mode beyond 15 widths from all energies is 0 in single precision
    reached = (level > energy.min() - 15 * width) & (level < energy.max() + 15 * width)
    moving = (level > 1e-6 * level.max()) & reached
    level, basis = level[moving], modes.polarizations[:, moving].astype(np.float32)
    kernel = (gaussian_levels(energy, level, width) / level**2).T.astype(np.float32, order="C")

    def spectra(vectors):
        with blas_threads(available_cores()):
            overlap = vectors.reshape(-1, vectors.shape[2]) @ basis
            intensity = (overlap.reshape(2, -1, len(level)) ** 2).sum(axis=0)
            return intensity @ kernel

    return spectra


def _spectra_of_operator(D, masses, energy, width, unit):
    """The same function, from Chebyshev moments of the dynamical matrix."""
    series = _operator_series(D, masses, energy, width, unit)

    def spectra(vectors):
        found = series(vectors.reshape(-1, vectors.shape[2]).T.astype(float))
        return found.reshape(len(energy), 2, -1).sum(axis=1).T

    return spectra


def _operator_series(D, masses, energy, width, unit):
    """Function that maps vectors (3N, K) to their spectra (E, K) under the kernel of `boson_map`, without translations.

    The kernel, a Gaussian over E_k^2, is expanded itself. If a delta function were expanded and divided by E^2
    afterwards, the part of a level that leaks to lower energies would be divided by too little: a first phonon at
    1.85 meV under a width of 0.4 meV then has its maximum at 1.68 meV.
    """
    D = check_operator(D)
    bound, scale = spectral_bound(D), frequency_scale(unit)
    project, _ = projector(translations(len(masses), 3, masses), D, bound)
    top = np.sqrt(bound) * scale
    # the Gaussian has the width 2 width / top in the angle; the series ends at five times the inverse of that
    count = int(np.ceil(5 * top / (2 * width)))
    angle = np.pi * (np.arange(4 * count) + 0.5) / (4 * count)
    level = top * np.cos(angle / 2)
    # no level lies below the lowest wave, so 1 / E^2 is cut off there by a function that a short series can represent
    inverse = -np.expm1(-((level / (2 * width)) ** 4)) / level**2
    # even in the level, like the series
    kernel = (gaussian_levels(energy, level, width) + gaussian_levels(energy, -level, width)) * inverse
    coefficients = dct(kernel, type=2, axis=1)[:, :count] / (4 * count)
    coefficients[:, 0] /= 2
    return lambda vectors: coefficients @ chebyshev_moments(D, project(vectors), count, bound)


def reduced_density_by_moments(D, masses, energy, width: float, n_vectors: int, rng=None, unit: str = "meV"):
    """g(E) / E^2 per degree of freedom from Chebyshev moments of a dynamical matrix.

    It is the quantity that `peaks.broadened_reduced_density` computes from all modes: each level is divided by its own
    E_k^2 and then broadened by a Gaussian.

    Parameters
    ----------
    D : sparse matrix or FactoredOperator, shape (3N, 3N)
    masses : array, shape (N,)
    energy : array, shape (E,)
        In `unit`.
    width : float
        Standard deviation of the Gaussian in `unit`.
    n_vectors : int
        Random vectors of +-1; the noise falls as one over the square root of their number.
    rng : numpy.random.Generator or int, optional
    unit : str
        As `boson_map`.

    Returns
    -------
    array, shape (E,)
        In 1/unit^3.

    Raises
    ------
    ValueError
        As `operators.check_operator`.
    """
    series = _operator_series(D, masses, np.asarray(energy, float), width, unit)
    signs = np.random.default_rng(rng).integers(0, 2, (D.shape[0], n_vectors)) * 2.0 - 1
    return series(signs).mean(axis=1) / D.shape[0]
