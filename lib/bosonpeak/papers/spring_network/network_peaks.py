"""The excess of a spring network over its own Debye level and over its own crystal.

A network is compared with the softened crystal: the same lattice with all springs equal to K, the stiffness that
follows from the network's own modulus tensor. This crystal has the Debye level of the network and the dispersion of
its lattice, so that what exceeds it is due to disorder. Peaks are read by `vibrations.peaks.boson_peak`. Network,
crystal and effective medium are seen through one kernel, so that its width cancels. Reduced units:
length a, stiffness t0, mass m, omega in sqrt(t0/m).
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice
from bosonpeak.networks.springs import vector_dynamical_matrix
from bosonpeak.papers.spring_network.lattice_green import TOP, debye_level_of_lattice, evaluate_lattice_green
from bosonpeak.vibrations.chebyshev import jackson_kernel
from bosonpeak.vibrations.debye import debye_frequency
from bosonpeak.vibrations.elasticity import scalar_modulus
from bosonpeak.vibrations.operators import spectral_bound
from bosonpeak.vibrations.peaks import boson_peak, debye_excess
from bosonpeak.vibrations.spectra import Spectrum, density_of_states

FIRST_SINGULARITY = {"square": 4.0, "triangular": 8.0, "simple-cubic": 4.0, "fcc": 12.0}
"""omega^2 of the first van Hove singularity of the scalar lattice with springs 1."""

WINDOW = (0.2, 0.6)
"""Range in which the excess is read, in units of the softened crystal's first van Hove frequency."""


def kernel_matrix(omega_in, omega_out, n_moments: int, omega_max: float) -> np.ndarray:
    """Matrix that turns a density into what the Jackson kernel shows of it, g_seen = matrix @ g.

    It is the series of `spectra.density_of_states`, with the moments by quadrature.

    Parameters
    ----------
    omega_in : array, shape (K_in,)
        Evenly spaced, ascending, positive frequencies, closer than the kernel is wide. Each stands for its cell.
    omega_out : array, shape (K_out,)
        Frequencies below omega_max.
    n_moments : int
    omega_max : float
        Square root of the spectral bound of the run.

    Returns
    -------
    array, shape (K_out, K_in)

    Raises
    ------
    ValueError
        If a frequency lies outside (0, omega_max).
    """
    omega_in, omega_out = np.asarray(omega_in, float), np.asarray(omega_out, float)
    if not (omega_in > 0).all() or max(omega_in.max(), omega_out.max()) >= omega_max:
        raise ValueError(f"frequencies must lie between 0 and the kernel's omega_max = {omega_max:.4g}")
    order = np.arange(n_moments)
    angle_in, angle_out = (np.arccos(2 * (w / omega_max) ** 2 - 1) for w in (omega_in, omega_out))
    weight = jackson_kernel(n_moments) * np.where(order == 0, 1.0, 2.0)
    series = np.cos(np.outer(angle_out, order)) * weight
    scale = 2 / np.pi / np.sqrt(omega_max**2 - omega_out**2)
    return scale[:, None] * (series @ np.cos(np.outer(order, angle_in))) * (omega_in[1] - omega_in[0])


def see_through_kernel(omega_in, g, seen: Spectrum) -> np.ndarray:
    """A density as the run `seen` would have shown it.

    What lies above the omega_max of the run, a tail in which the sample has no level, is left out.

    Parameters
    ----------
    omega_in, g : arrays, shape (K_in,)
        Frequencies as for `kernel_matrix`, and the density.
    seen : Spectrum

    Returns
    -------
    array, shape (K,)
        At the frequencies of `seen`.

    Raises
    ------
    ValueError
        As `kernel_matrix`.
    """
    inside = np.asarray(omega_in) < seen.omega_max * (1 - 1e-9)
    matrix = kernel_matrix(np.asarray(omega_in)[inside], seen.omega, seen.n_moments, seen.omega_max)
    return matrix @ np.asarray(g)[inside]


def softened_density(lattice: str, omega, stiffness: float, vector: bool = False) -> np.ndarray:
    """Density of states g (M,) at omega (M,) of the lattice with all springs `stiffness` (t0), normalised to 1."""
    omega = np.asarray(omega, float)
    s = omega**2 / stiffness
    return np.maximum(-2 * omega / np.pi / stiffness * evaluate_lattice_green(lattice, s, vector).imag, 0.0)


def fine_grid(top: float, points: int = 1500) -> np.ndarray:
    """Midpoints of `points` equal cells of (0, top)."""
    return (np.arange(points) + 0.5) * top / points


def measured_stiffness(network: SpringNetwork, lattice: str) -> float:
    """Stiffness K = (det mu / det mu_crystal)^(1/d) of a network in t0, with mu its modulus tensor.

    A direction with less than 1e-3 of the largest modulus, which is below the accuracy of mu, counts as not held.

    Parameters
    ----------
    network : SpringNetwork
    lattice : str
        Of the crystal with springs 1.

    Returns
    -------
    float
        0 where the network is not rigid.
    """
    kind = get_lattice(lattice)
    crystal = kind.number_density * kind.steps.T @ kind.steps
    principal = np.linalg.eigvalsh(scalar_modulus(network))
    if not principal[0] > 1e-3 * max(principal[-1], 1e-3 * crystal.max()):
        return 0.0
    return float((np.prod(principal) / np.linalg.det(crystal)) ** (1 / kind.dimension))


def debye_level_of_modulus(modulus, number_density: float) -> float:
    """Debye level, the limit of g / omega^(d-1), of a scalar network: S_d / ((2 pi)^d n sqrt(det(mu / n))).

    It is that of a single wave with the speed det(mu / n)^(1/2d).

    Parameters
    ----------
    modulus : array, shape (d, d)
        mu, as `elasticity.scalar_modulus` returns it.
    number_density : float
        n, nodes per volume.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For a modulus that is not positive: such a network has no sound.
    """
    modulus = np.asarray(modulus, float)
    d = len(modulus)
    if np.linalg.eigvalsh(modulus).min() <= 1e-12:
        raise ValueError(f"the modulus {modulus.tolist()} is not positive: a floppy network has no Debye level")
    speed = np.linalg.det(modulus / number_density) ** (1 / (2 * d))
    return d / debye_frequency([speed], number_density, d) ** d


@dataclass(frozen=True)
class Excess:
    """The density of a network compared with the crystal of its own stiffness.

    Attributes
    ----------
    rigid : bool
        False where the network has no stiffness. Then there is no level, and all below is NaN or empty.
    stiffness : float
        K in t0.
    level : float
        Debye level of the network.
    omega_v : float
        First van Hove frequency of the softened crystal, in sqrt(t0/m).
    omega : array, shape (M,)
        Frequencies up to omega_v.
    reduced : array, shape (M,)
        g / omega^(d-1), with the bias of the kernel taken out as the crystal shows it.
    ratio : array, shape (M,)
        g over that of the softened crystal.
    height, net : float
        Highest reduced / level, and highest ratio, in `WINDOW`.
    net_interior : bool
        Whether the highest ratio is a maximum, and not the end of a rise.
    place : float
        omega of the highest reduced density below 0.8 omega_v.
    interior : bool
        Whether that is a maximum.
    """

    rigid: bool
    stiffness: float
    level: float
    omega_v: float
    omega: np.ndarray
    reduced: np.ndarray
    ratio: np.ndarray
    height: float
    net: float
    net_interior: bool
    place: float
    interior: bool

    @property
    def scaled(self) -> np.ndarray:
        """Frequencies (M,) in units of omega_v."""
        return self.omega / self.omega_v

    @property
    def top(self) -> float:
        """Highest g / omega^(d-1) in `WINDOW`, not divided by the level."""
        return self.height * self.level


@lru_cache(maxsize=8)
def _crystal(lattice: str, points: int = 100):
    """Crystal with springs 1: a fine grid and g on it, the frequencies of an Excess and g on them."""
    fine = fine_grid(np.sqrt(TOP[lattice, False]))
    omega = np.sqrt(FIRST_SINGULARITY[lattice]) * np.linspace(0.1, 1.0, points)
    return fine, softened_density(lattice, fine, 1.0), omega, softened_density(lattice, omega, 1.0)


def excess_of(lattice: str, stiffness: float, seen: Spectrum | None) -> Excess:
    """Excess that a density shows, read against the crystal softened to a stiffness.

    Parameters
    ----------
    lattice : str
    stiffness : float
        K of the network or medium, in t0; 0 where it is not rigid.
    seen : Spectrum or None
        Density g (M,) at the frequencies of `excess_grid`, and the kernel through which it was seen; not used where
        the stiffness is 0.

    Returns
    -------
    Excess
    """
    K, d = stiffness, get_lattice(lattice).dimension
    if not K > 0:
        nothing = np.full(0, np.nan)
        return Excess(False, 0.0, np.inf, 0.0, nothing, nothing, nothing, np.nan, np.nan, False, np.nan, False)
    omega, omega_v = seen.omega, float(np.sqrt(K * FIRST_SINGULARITY[lattice]))
    level = debye_level_of_lattice(lattice) * K ** (-d / 2)
    fine, g_fine, _, g = _crystal(lattice)
    ratio = seen.g / see_through_kernel(fine * np.sqrt(K), g_fine / np.sqrt(K), seen)
    reduced = ratio * g / np.sqrt(K) / omega ** (d - 1)
    # both curves are reduced already: dimension 1
    top = boson_peak(omega, reduced, 1, 0.1 * omega_v, 0.8 * omega_v)
    low, high = (x * omega_v for x in WINDOW)
    net = boson_peak(omega, ratio, 1, low, high)
    found = debye_excess(omega, reduced, level, 1, low, high), net.intensity, net.interior, top.omega, top.interior
    return Excess(True, K, level, omega_v, omega, reduced, ratio, *found)


def excess_grid(lattice: str, stiffness: float) -> np.ndarray:
    """Frequencies omega (M,) of an `Excess`: from a tenth of the softened crystal's van Hove frequency up to it."""
    return _crystal(lattice)[2] * np.sqrt(stiffness)


def measure_spectrum(
    network: SpringNetwork, lattice: str, *, resolution=0.05, n_vectors=16, rng=None, stiffness: float | None = None
) -> tuple[float, Spectrum | None]:
    """Stiffness and density of a scalar network, from which `excess_of` reads the excess.

    Parameters
    ----------
    network : SpringNetwork
    lattice : str
        The lattice against which the network is held.
    resolution : float
        Standard deviation of the kernel, in units of omega_v.
    n_vectors : int
        Number of random vectors of the kernel polynomial method.
    rng : numpy.random.Generator or int, optional
    stiffness : float, optional
        K in t0, where it is known; by default it follows from the network's modulus tensor.

    Returns
    -------
    stiffness : float
        0 where the network is not rigid.
    seen : Spectrum or None
        Density g (M,) on the `excess_grid`; None where the network is not rigid.

    Raises
    ------
    RuntimeError
        If the modulus does not converge.
    """
    get_lattice(lattice)
    still = network.zero_modes()
    K = measured_stiffness(network, lattice) if stiffness is None else stiffness
    if not K > 0:
        return 0.0, None
    kernel, D = resolution * np.sqrt(K * FIRST_SINGULARITY[lattice]), network.dynamical_matrix()
    options = {"resolution": kernel, "n_vectors": n_vectors, "rng": rng, "project_out": still}
    return K, density_of_states(D, excess_grid(lattice, K), **options)


def measure_excess(network: SpringNetwork, lattice: str, **options) -> Excess:
    """The excess of a scalar network: `excess_of` what `measure_spectrum` finds; arguments and errors as there."""
    return excess_of(lattice, *measure_spectrum(network, lattice, **options))


def medium_excess(medium, resolution: float = 0.05) -> Excess:
    """The excess of a scalar effective medium.

    Parameters
    ----------
    medium : cpa.EffectiveMedium
        On an even grid from about 0 to omega_v at least. Beyond the grid there is nothing, so it should reach some
        widths of the kernel above 0.6 omega_v, the top of `WINDOW`.
    resolution : float
        Standard deviation of the kernel through which it is seen, in units of omega_v.

    Returns
    -------
    Excess
    """
    lattice, K = medium.lattice, medium.static_stiffness
    if not K > 0:
        return excess_of(lattice, 0.0, None)
    omega_v, omega = np.sqrt(K * FIRST_SINGULARITY[lattice]), excess_grid(lattice, K)
    top = float(1.05 * max(medium.omega[-1], np.sqrt(TOP[lattice, False] * K)))
    n_moments = int(np.ceil(np.pi * top / (2 * resolution * omega_v)))
    blank = Spectrum(omega, omega, omega, resolution * omega_v, n_moments, 1, top)
    return excess_of(lattice, K, replace(blank, g=see_through_kernel(medium.omega, medium.g, blank)))


@dataclass(frozen=True)
class Comparison:
    """Networks compared with their effective medium over the spectrum.

    Attributes
    ----------
    omega : array, shape (M,)
    network, error : arrays, shape (M,)
        Mean g of the samples, and its standard error over samples and random vectors.
    medium : array, shape (M,)
        g of the medium through the same kernel.
    deviation : float
        Root mean square of the difference over that of the medium.
    noise : float
        Root mean square of the error over that of the medium.
    samples : array, shape (n, M)
        g of each sample.
    """

    omega: np.ndarray
    network: np.ndarray
    error: np.ndarray
    medium: np.ndarray
    deviation: float
    noise: float
    samples: np.ndarray


def relative_difference(g, reference) -> float:
    """Root mean square of g - reference over that of the reference, both (M,) on one even grid."""
    return float(np.sqrt(np.mean((np.asarray(g) - reference) ** 2) / np.mean(np.square(reference))))


def network_spectrum(
    network: SpringNetwork, lattice: str, *, vector=False, resolution=0.02, n_vectors=16, points=200, rng=None
) -> Spectrum:
    """Density of states of a network up to the top of its spectrum.

    Parameters
    ----------
    network : SpringNetwork
    lattice : str
        The frequencies go from 0.1 to 1 of the top frequency of this lattice with springs 1, but not beyond the last
        level of the network.
    vector : bool
        Whether the springs are vector springs.
    resolution : float
        Standard deviation of the kernel, in units of the top frequency.
    n_vectors : int
        Number of random vectors.
    points : int
        Number of frequencies in the whole range.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    Spectrum
        Of the frequencies within the spectrum, (k,) with k <= points.
    """
    D = vector_dynamical_matrix(network) if vector else network.dynamical_matrix()
    still = network.zero_modes()
    if vector:
        still = sp.csc_matrix(sp.kron(still, np.eye(network.positions.shape[1])))
    omega, top = comparison_grid(lattice, vector, points), np.sqrt(TOP[lattice, vector])
    # above the last level of the sample there is nothing
    omega = omega[omega < 0.9999 * np.sqrt(spectral_bound(D))]
    return density_of_states(D, omega, resolution=resolution * top, n_vectors=n_vectors, rng=rng, project_out=still)


def comparison_grid(lattice: str, vector: bool = False, points: int = 200) -> np.ndarray:
    """Frequencies (points,) from 0.1 to 1 of the top frequency of the perfect lattice with springs 1."""
    return np.sqrt(TOP[lattice, vector]) * np.linspace(0.1, 1.0, points)


def compare_spectra(seen: list[Spectrum], medium, points: int = 200) -> Comparison:
    """Densities of several samples compared with that of an effective medium.

    Parameters
    ----------
    seen : list of Spectrum
        Two samples or more, from `network_spectrum` with the same `points`.
    medium : cpa.EffectiveMedium
        On an even grid from about 0 to its top.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        For fewer than two samples.
    """
    if len(seen) < 2:
        raise ValueError(f"{len(seen)} sample: a comparison needs two samples or more, since one has no error")
    samples, shown = np.zeros((len(seen), points)), np.zeros(points)
    for sample, each in zip(samples, seen, strict=True):
        sample[: len(each.g)] = each.g
        shown[: len(each.g)] += see_through_kernel(medium.omega, medium.g, each) / len(seen)
    mean, error = samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    noise = float(np.sqrt(np.mean(error**2) / np.mean(shown**2)))
    omega = comparison_grid(medium.lattice, medium.vector, points)
    return Comparison(omega, mean, error, shown, relative_difference(mean, shown), noise, samples)
