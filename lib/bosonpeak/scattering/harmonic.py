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
from numba import njit, prange
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
_DENSE = 20
"""Wave vectors with the same n_x and n_y, on average, from which it pays to compute their sums together."""


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
    if kind != "neutron":
        return atoms.get_masses() if kind == "mass" else np.ones(len(atoms))
    symbols = atoms.get_chemical_symbols()
    unknown = ", ".join(sorted(set(symbols) - set(NEUTRON_LENGTHS)))
    if unknown:
        raise ValueError(f"no neutron length of {unknown} is known: add it to NEUTRON_LENGTHS, or use unit weights")
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
    parts = np.split(wavevectors.indices, range(CHUNK, len(wavevectors), CHUNK))
    found = [((phase_waves(scaled, n) @ b).astype(float) ** 2).sum(axis=0) for n in parts]
    return np.concatenate(found) / (b.astype(float) ** 2).sum()


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
    solid, atoms, wavevectors, energy, width, weights="unit", polarization="longitudinal", unit="meV", progress=False
) -> ScatteringMap:
    """B(Q, E) = G(Q, E) / E^2, averaged over the wave vectors of each shell (li-2025, Eq. 1).

    Each level is divided by its own E_k^2 and then broadened by a Gaussian. With modes this is done directly, with a
    dynamical matrix by the Chebyshev series of that kernel. In the series, 1 / E_k^2 is cut off below two widths, so
    the lowest wave must lie above (4 % are missing at 2.7 widths, 1e-3 at 3.3).

    Modes are left out at energies more than seven widths from them. A Gaussian is then below exp(-24.5) of its
    maximum, so that all of them together lack at most 2.3e-11 / (sqrt(2 pi) width) of the integral of B over E, which
    is below the rounding of single precision. Hence a map that ends at a low energy needs fewer modes and less time.

    Parameters
    ----------
    solid : Modes, sparse matrix or FactoredOperator
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
    energy, masses, n = np.asarray(energy, float), atoms.get_masses(), wavevectors.indices
    if energy.ndim != 1 or not (energy > 0).all() or not width > 0:
        raise ValueError(f"energies and width {width} must be positive, since B is divided by E^2")
    amplitude = scattering_weights(atoms, weights) / np.sqrt(masses)
    amplitude = (amplitude / np.linalg.norm(amplitude)).astype(np.float32)
    scaled, sums, columns = atoms.get_scaled_positions(wrap=True), ShellSums(len(wavevectors.edges) - 1), None
    if isinstance(solid, Modes):
        check_masses(solid, masses)
        basis, kernel = _modes_in_reach(solid, energy, width, unit)
        spectra, chunk, cores = lambda waves: (waves @ basis) ** 2 @ kernel, CHUNK, available_cores()
        if kernel.size and polarization == "longitudinal" and len(n) > _DENSE * len(np.unique(n[:, :2], axis=0)):
            # Q.u is n.v with v = 2 pi u h^-1
            values = np.float32(2 * np.pi * np.linalg.inv(atoms.cell.array).T) @ basis.reshape(len(atoms), 3, -1)
            columns = _sums_by_columns(scaled, values * amplitude[:, None, None], abs(n[:, 2]).max())
    else:
        spectra, chunk, cores = _operator_series(solid, masses, energy, width, unit), _WAVES, 1
    # wave vectors of one column stand together
    parts = np.split(np.lexsort(n.T[::-1]), range(chunk, len(n), chunk))
    with blas_threads(cores):
        for part in tqdm(parts, "B(Q, E)", unit="block", disable=not progress):
            if columns:
                found = columns(n[part]) @ kernel / (wavevectors.vectors[part] ** 2).sum(axis=1, keepdims=True)
            else:
                across = wave_polarizations(wavevectors.directions[part], polarization).astype(np.float32)
                waves = (phase_waves(scaled, n[part]) * amplitude)[..., None] * across[:, None, :, None]
                # a real and an imaginary part of one or two polarisations
                found = 2 * spectra(waves.reshape(-1, 3 * len(atoms))).reshape(-1, len(part), len(energy)).mean(axis=0)
            sums.add(found, wavevectors.shell[part])
    return ScatteringMap(wavevectors.q, energy, *sums.result(), wavevectors.counts, unit)


def _modes_in_reach(modes, energy, width, unit):
    """Polarisations (3N, k) of the modes that the kernel takes to one of the energies, and that kernel (k, E)."""
    n, k = modes.polarizations.shape
    if k < 0.99 * n:
        raise ValueError(f"modes {n, k} are not all those of {n // 3} atoms: compute all, or give the dynamical matrix")
    level = modes.omega * frequency_scale(unit)
    # further away a Gaussian is below 3e-11 of its maximum; much further it would slow down products as it underflows
    near = (abs(energy[:, None] - level) < 7 * width) & (level > 1e-6 * level.max())
    seen = near.any(axis=0)
    kernel = near[:, seen] * gaussian_levels(energy, level[seen], width) / level[seen] ** 2
    return modes.polarizations[:, seen].astype(np.float32), kernel.T.astype(np.float32, order="C")


def _sums_by_columns(scaled, values, reach):
    """Function that maps n (K, 3) to |sum_i n.v_i exp(-2 pi i n.s_i)|^2 (K, k) for values v (N, 3, k), |n_z| <= reach.

    All n with the same n_x and n_y are a column. In a thin slab across z, the waves of all n_z are sums of few
    functions of the height s, which singular values find: exp(-2 pi i n_z s) = sum_p table(n_z, p) factor(p, s). Hence
    each atom adds to some fourteen sums of its slab instead of one for each n_z, and the sums of all slabs are then
    transformed along the column. What the singular values leave out is below 1e-6, as are the errors of rounding.
    """
    slabs, z = min(reach // 2 + 1, len(scaled)), np.arange(reach + 1)[:, None]
    # the last atom is repeated with the value 0, so that each slab has the same number
    order = np.pad(np.argsort(scaled[:, 2]), (0, -len(scaled) % slabs), "edge")
    values = values[order] * (np.arange(len(order)) < len(scaled))[:, None, None]
    scaled, values = scaled[order], values.reshape(slabs, -1, values.shape[2])
    wave = np.exp(-2j * np.pi * z * scaled[:, 2].reshape(slabs, 1, -1))
    wave, slope = (np.concatenate([x.real, x.imag], axis=1) for x in (wave, -1j * z * wave))
    table, size, _ = np.linalg.svd(np.concatenate([wave, slope / reach], axis=2), full_matrices=False)
    table = table[..., : (size > 1e-6 * size[:, :1]).sum(axis=1).max()]
    factor = np.stack([table.mT @ x for x in (wave, wave, slope)], axis=-1)[:, :, None, None].astype(np.float32)
    table = np.hstack(table).reshape(2, reach + 1, -1).astype(np.float32)

    def squares(n):
        columns, column = np.unique(n[:, :2], axis=0, return_inverse=True)
        waves = phase_waves(scaled, np.pad(columns, ((0, 0), (0, 1)))).reshape(2, len(columns), slabs, -1)
        # n_x and n_y multiply the wave; n_z, as i / 2 pi times its slope, exchanges its real and imaginary parts
        along = np.stack([*(waves * np.float32(columns.T)[:, None, :, None, None]), (-waves[1], waves[0])], axis=-1)
        rows = (factor * along.transpose(2, 0, 1, 3, 4)[:, None]).reshape(slabs, -1, values.shape[1])
        sums = (rows @ values).reshape(table.shape[2], -1)
        halves = table[:, : abs(n[:, 2]).max() + 1].reshape(-1, len(sums)) @ sums
        found = np.empty((len(n), values.shape[2]), np.float32)
        _add_halves(halves.reshape(2, -1, 2, len(columns), values.shape[2]), column, n[:, 2], found)
        return found

    return squares


@njit(parallel=True, cache=True, fastmath=True)
def _add_halves(halves, column, n, found):
    """found (K, k) <- |C - i sign(n) S|^2 at the n (K,) of columns; C, S: halves (2, |n|, real or not, column, k)."""
    for j in prange(len(n)):
        C, S, at, sign = halves[0, abs(n[j])], halves[1, abs(n[j])], column[j], np.float32(np.sign(n[j]))
        for k in range(found.shape[1]):
            real, imaginary = C[0, at, k] - sign * S[1, at, k], C[1, at, k] + sign * S[0, at, k]
            found[j, k] = real**2 + imaginary**2


def _operator_series(D, masses, energy, width, unit):
    """Function that maps vectors (K, 3N) to their spectra (K, E) under the kernel of `boson_map`, without translations.

    The kernel, a Gaussian over E_k^2, is expanded itself. If a delta function were expanded and divided by E^2
    afterwards, the part of a level that leaks to lower energies would be divided by too little: a first phonon at
    1.85 meV under a width of 0.4 meV then has its maximum at 1.68 meV.
    """
    D = check_operator(D)
    bound, scale = spectral_bound(D), frequency_scale(unit)
    project, _ = projector(translations(len(masses), 3, masses), D, bound)
    top = np.sqrt(bound) * scale
    # the Gaussian has the width 2 width / top in the angle; the series ends at five times the inverse of that. Then the
    # error is 1e-5 of the maximum of a shell above five widths and 1e-2 below, where 1 / E^2 is cut off. With 4.5 times
    # the inverse these are 1e-4 and 4e-2; 1e-3 everywhere would take seven times (all measured on 1,000 atoms)
    count = int(np.ceil(5 * top / (2 * width)))
    angle = np.pi * (np.arange(4 * count) + 0.5) / (4 * count)
    level = top * np.cos(angle / 2)
    # no level lies below the lowest wave, so 1 / E^2 is cut off there by a function that a short series can represent
    inverse = -np.expm1(-((level / (2 * width)) ** 4)) / level**2
    # even in the level, like the series
    kernel = (gaussian_levels(energy, level, width) + gaussian_levels(energy, -level, width)) * inverse
    coefficients = dct(kernel, type=2, axis=1)[:, :count] / np.r_[8 * count, np.full(count - 1, 4 * count)]
    return lambda vectors: (coefficients @ chebyshev_moments(D, project(vectors.T.astype(float)), count, bound)).T


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
    signs = np.random.default_rng(rng).integers(0, 2, (D.shape[0], n_vectors)) * 2 - 1
    return series(signs.T).mean(axis=0) / D.shape[0]
