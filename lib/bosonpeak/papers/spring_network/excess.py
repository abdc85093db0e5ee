"""The excess of a spring network over its own Debye level and over its own crystal.

A network is compared with the softened crystal: the lattice with all springs equal to K, the stiffness that gives it
the Debye level of the network. It has the dispersion of its lattice, so that what exceeds it is due to disorder. The
excess is read by `vibrations.peaks.excess_over_crystal`, as in the chapter jiang-2026. Network, crystal and effective
medium are seen through one kernel, so that its width cancels. Reduced units: length a, stiffness t0, mass m, omega in
sqrt(t0/m).
"""

from dataclasses import astuple, dataclass, replace
from functools import lru_cache

import numpy as np

from bosonpeak import statistics
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice
from bosonpeak.papers.spring_network.cpa import EffectiveMedium
from bosonpeak.papers.spring_network.kernel import fine_grid, see_through_kernel
from bosonpeak.papers.spring_network.lattice_green import TOP, debye_level_of_lattice, evaluate_lattice_green
from bosonpeak.vibrations.elasticity import scalar_modulus
from bosonpeak.vibrations.peaks import WINDOW, boson_peak, excess_over_crystal
from bosonpeak.vibrations.spectra import Spectrum, density_of_states

Interval = tuple[float, tuple[float, float]]
"""A value with its 95 % interval."""

FIRST_SINGULARITY = {"square": 4.0, "triangular": 8.0, "simple-cubic": 4.0, "fcc": 12.0}
"""omega^2 of the first van Hove singularity of the scalar lattice with springs 1."""


def softened_density(lattice: str, omega, stiffness: float, vector: bool = False) -> np.ndarray:
    """Density of states g (M,) at omega (M,) of the lattice with all springs `stiffness` (t0), normalised to 1."""
    omega = np.asarray(omega, float)
    green = evaluate_lattice_green(lattice, omega**2 / stiffness, vector)
    return np.maximum(-2 * omega / np.pi / stiffness * green.imag, 0.0)


def measured_stiffness(network: SpringNetwork, lattice: str) -> float:
    """Stiffness K in t0 of the springs with which a crystal has the Debye level of a network.

    K = (det mu / det mu_crystal)^(1/d) (n / n_crystal)^(2/d - 1), mu being the modulus tensor and n nodes per volume,
    since the level is proportional to n^(d/2 - 1) / sqrt(det mu). The second factor is 1 for a network on the lattice.
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
    density = len(network) / np.prod(network.box) / kind.number_density
    d = kind.dimension
    return float((np.prod(principal) / np.linalg.det(crystal)) ** (1 / d) * density ** (2 / d - 1))


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
    def over_level(self) -> np.ndarray:
        """g / omega^(d-1) over the Debye level, (M,)."""
        return self.reduced / self.level

    @property
    def crystal(self) -> np.ndarray:
        """g / omega^(d-1) of the softened crystal over the Debye level, (M,)."""
        return self.over_level / self.ratio

    @property
    def top(self) -> float:
        """Highest g / omega^(d-1) in `WINDOW`, not divided by the level."""
        return self.height * self.level

    @property
    def crystal_top(self) -> float:
        """The same of the softened crystal."""
        low, high = (x * self.omega_v for x in WINDOW)
        return boson_peak(self.omega, self.crystal * self.level, 1, low, high).intensity


@dataclass(frozen=True)
class Group:
    """The excess of several samples of one recipe."""

    samples: list[Excess]

    def values(self, quantity: str) -> np.ndarray:
        """One attribute of `Excess` of each sample, (n,) or (n, M)."""
        return np.array([getattr(each, quantity) for each in self.samples])

    def mean(self, quantity: str):
        """Mean of one attribute over the samples, a number or (M,)."""
        return self.values(quantity).mean(axis=0)

    def deviation(self, low: float, high: float) -> Interval:
        """Root mean square over low < omega < high of g over that of the softened crystal less 1, with its interval."""
        inside = [s.ratio[(s.omega > low) & (s.omega < high)] for s in self.samples]
        return statistics.mean_interval([np.sqrt(np.square(ratio - 1).mean()) for ratio in inside])

    def interval(self, quantity: str, reference: float = 1.0) -> Interval:
        """Mean of one attribute over the samples, divided by a reference, and its interval."""
        return statistics.mean_interval(self.values(quantity) / reference)


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
        return Excess(False, 0.0, np.inf, 0.0, *[np.zeros(0)] * 3, np.nan, np.nan, False, np.nan, False)
    omega, omega_v = seen.omega, float(np.sqrt(K * FIRST_SINGULARITY[lattice]))
    level = debye_level_of_lattice(lattice) * K ** (-d / 2)
    fine, g_fine, _, g = _crystal(lattice)
    ratio = seen.g / see_through_kernel(fine * np.sqrt(K), g_fine / np.sqrt(K), seen)
    reduced = ratio * g / np.sqrt(K) / omega ** (d - 1)
    found = excess_over_crystal(omega, reduced, reduced / ratio, level, omega_v)
    return Excess(True, K, level, omega_v, omega, reduced, ratio, *astuple(found))


def excess_grid(lattice: str, stiffness: float) -> np.ndarray:
    """Frequencies omega (M,) of an `Excess`: from a tenth of the softened crystal's van Hove frequency up to it."""
    return _crystal(lattice)[2] * np.sqrt(stiffness)


def measure_spectrum(
    network: SpringNetwork, lattice: str, resolution: float = 0.05, n_vectors: int = 16, rng=None
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
    K = measured_stiffness(network, lattice)
    if not K > 0:
        return 0.0, None
    kernel = resolution * np.sqrt(K * FIRST_SINGULARITY[lattice])
    options = {"resolution": kernel, "n_vectors": n_vectors, "rng": rng, "project_out": network.zero_modes()}
    return K, density_of_states(network.dynamical_matrix(), excess_grid(lattice, K), **options)


def measure_excess(network: SpringNetwork, lattice: str, **options) -> Excess:
    """The excess of a scalar network: `excess_of` what `measure_spectrum` finds; arguments and errors as there."""
    return excess_of(lattice, *measure_spectrum(network, lattice, **options))


def medium_excess(medium: EffectiveMedium, resolution: float = 0.05) -> Excess:
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
