"""Waves of a spring network: spectral function, dispersion, width and Ioffe-Regel crossover.

    A(q, omega) = sum_k |<q|e_k>|^2 delta(omega - omega_k),   |q> = exp(i q r) / sqrt(N)

Its integral over omega > 0 is 1 less the weight of zero modes. The dynamic structure factor S(q, omega) of classical
vibrations is k_B T q^2 / (m omega^2) times A. An effective medium has A = -(2 omega / pi) Im [omega^2 - K(omega)
D(q)]^-1. Reduced units: length a, stiffness t0, mass m, omega in sqrt(t0/m), q in 1/a.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy.optimize import least_squares

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice, lattice_network
from bosonpeak.papers.spring_network import cpa, excess, kernel
from bosonpeak.papers.spring_network.sample_datasets import measure_samples, part_of, read_spectra
from bosonpeak.vibrations.spectra import Spectrum, spectral_function

WAVE_GRID = np.arange(0.02, 2.6, 0.004)
"""Frequencies omega of the spectral functions."""


@dataclass(frozen=True)
class Lines:
    """Lines of the spectral function at several wave vectors, fitted by damped oscillators.

    Attributes
    ----------
    frequency, width : array, shape (Q,)
        Omega and the full width Gamma at half of the height, in sqrt(t0/m).
    weight : array, shape (Q,)
        1 for a whole line.
    """

    frequency: np.ndarray
    width: np.ndarray
    weight: np.ndarray

    @property
    def damping(self) -> np.ndarray:
        """pi Gamma / Omega, (Q,). Where it is 1 the mean free path of the energy is half a wavelength."""
        return np.pi * self.width / self.frequency

    @property
    def ioffe_regel(self) -> float:
        """Frequency at which the damping of ascending wave vectors first reaches 1, NaN where it does not."""
        over = np.flatnonzero(self.damping >= 1)
        if not len(over):
            return np.nan
        part = slice(max(over[0] - 1, 0), over[0] + 1)
        return float(np.interp(1.0, self.damping[part], self.frequency[part]))


def wave_spectrum(network: SpringNetwork, q, omega, resolution: float) -> Spectrum:
    """A(q, omega) of scalar springs, without random numbers.

    Parameters
    ----------
    network : SpringNetwork
    q : array, shape (Q, d)
        Wave vectors of the periodic box, in 1/a.
    omega : array, shape (K,)
        Frequencies in sqrt(t0/m).
    resolution : float
        Standard deviation of the kernel in sqrt(t0/m).

    Returns
    -------
    Spectrum
        With g (K, Q).

    Raises
    ------
    ValueError
        For a wave vector that does not fit the box.
    """
    q = np.atleast_2d(np.asarray(q, float))
    turns = q * network.box / (2 * np.pi)
    if abs(turns - np.round(turns)).max() > 1e-6:
        raise ValueError("a wave vector does not fit the periodic box: take multiples of 2 pi / edge")
    waves = np.exp(1j * network.positions @ q.T) / np.sqrt(len(network))
    return spectral_function(network.dynamical_matrix(), waves, omega, resolution=resolution)


def medium_spectrum(medium, q) -> np.ndarray:
    """A(q, omega) of a scalar effective medium at its own frequencies, (K, Q), for wave vectors q (Q, d) in 1/a."""
    level = get_lattice(medium.lattice).matrix(np.atleast_2d(q))
    green = 1 / (medium.omega[:, None] ** 2 - medium.stiffness[:, None] * level)
    return -2 * medium.omega[:, None] / np.pi * green.imag


def damped_oscillator(omega, frequency, width) -> np.ndarray:
    """(2/pi) omega^2 Gamma / ((omega^2 - Omega^2)^2 + omega^2 Gamma^2), whose integral over omega > 0 is 1."""
    omega = np.asarray(omega, float)
    return 2 / np.pi * omega**2 * width / ((omega**2 - frequency**2) ** 2 + (omega * width) ** 2)


def fit_lines(seen: Spectrum, above: float = 0.25) -> Lines:
    """Fit a damped oscillator, seen through the kernel of the run, to each line.

    The width of the kernel is thereby taken out. A width much below that of the kernel is uncertain.

    Parameters
    ----------
    seen : Spectrum
        With one column of g for each wave vector.
    above : float
        The part of a line that is fitted: where it exceeds this fraction of its height.

    Returns
    -------
    Lines

    Raises
    ------
    ValueError
        If fewer than five points of a line are that high.
    """
    omega = seen.omega
    fine = kernel.fine_grid(seen.omega_max * (1 - 1e-9), max(2000, 8 * seen.n_moments))
    matrix = kernel.kernel_matrix(fine, omega, seen.n_moments, seen.omega_max)
    # a line narrower than the fine grid cannot be distinguished from a narrower one
    narrow = np.log(2 * (fine[1] - fine[0]))
    lines = []
    for curve in seen.g.T:
        i = int(np.argmax(curve))
        # the part that is connected with the top
        low = np.flatnonzero(curve < above * curve[i])
        part = slice(max(low[low < i], default=-1) + 1, min(low[low > i], default=len(omega)))
        if part.stop - part.start < 5:
            raise ValueError(f"the line at omega = {omega[i]:.3g} spans fewer than five points: take a finer grid")
        lines.append(_fit(curve[part] / curve[i], curve[i], omega[part], omega[i], matrix[part], fine, narrow, seen))
    return Lines(*np.transpose(lines))


def _fit(shown, height, omega, top, matrix, fine, narrow, seen):
    """Frequency, width and weight of one line."""

    def difference(p):
        return np.exp(p[2]) * (matrix @ damped_oscillator(fine, np.exp(p[0]), np.exp(p[1]))) / height - shown

    half = max(np.ptp(omega) / 2, seen.resolution)
    start = [np.log(top), max(np.log(half), narrow + 0.1), 0.0]
    ends = np.log([0.5 * omega[0], 1.5 * omega[-1]])
    found = least_squares(difference, start, bounds=([ends[0], narrow, -5], [ends[1], np.log(3 * fine[-1]), 5]))
    return np.exp(found.x)


def medium_run(medium, q, seen: Spectrum) -> Spectrum:
    """A(q, omega) of an effective medium as the run `seen` would have shown it.

    Lines narrower than the medium's own grid of frequencies are not resolved: choose larger q.

    Parameters
    ----------
    medium : cpa.EffectiveMedium
    q : array, shape (Q, d)
        Wave vectors in 1/a.
    seen : Spectrum

    Returns
    -------
    Spectrum
        With g (K, Q) at the frequencies of `seen`.
    """
    g = kernel.see_through_kernel(medium.omega, medium_spectrum(medium, q), seen)
    return replace(seen, g=g, stderr=np.zeros_like(g))


def wave_vectors(n_waves: int) -> np.ndarray:
    """Thirteen wave vectors (Q, 2) at most, along one side of a square box of this many nodes."""
    every = 2 * np.pi * np.arange(1, n_waves // 3) / n_waves
    return np.outer(every[np.unique(np.searchsorted(every, np.linspace(0.28, 1.85, 13)))], [1.0, 0.0])


def wave_part(n_waves: int, share: float, seed: int, resolution: float) -> dict:
    """`part_of` the spectral function (K, Q) of one network at its `wave_vectors`."""
    network = lattice_network("square", n_waves, bond_fraction=share, rng=seed)
    return part_of(wave_spectrum(network, wave_vectors(n_waves), WAVE_GRID, resolution))


@method("spring-network-waves", 1)
def measure_waves(n_waves, seeds, resolution, *, progress=False, folder=None) -> xr.Dataset:
    """Spectral functions of diluted square lattices of n_waves^2 nodes at the shares 0.8 and 0.7.

    Parameters
    ----------
    n_waves, seeds : int
    resolution : float
        Standard deviation of the kernel, in sqrt(t0/m).

    Returns
    -------
    xarray.Dataset
        density (sample, K, Q) at the frequencies `WAVE_GRID` and the wave vectors q (Q,) in 1/a along one axis; samples
        named "<p> s<seed>"; n_moments and omega_max of the kernel.
    """
    jobs = {f"{p:g} s{s}": (wave_part, n_waves, p, 100 + s, resolution) for p in (0.8, 0.7) for s in range(seeds)}
    found = measure_samples(jobs, measure_waves.method, progress, folder, resolution=resolution)
    return found.assign(q=("density_2", wave_vectors(n_waves)[:, 0]))


@dataclass(frozen=True)
class Attenuation:
    """Widths of lines over those of the medium, as geometric means over wave vectors: of the networks, of second-order
    perturbation theory, and of the networks at the longest wave."""

    networks: excess.Interval
    second: float
    longest: float


@dataclass(frozen=True)
class Waves:
    """Waves of a diluted square lattice.

    Attributes
    ----------
    q : array, shape (Q,)
        Wave vectors in 1/a.
    networks : list of Lines
        Of each sample.
    medium, second : Lines
        Of the effective medium, and of second-order perturbation theory.
    mean, drawn : array, shape (K, Q)
        Mean spectral function of the networks, and that of the medium on a coarser grid.
    """

    q: np.ndarray
    networks: list[Lines]
    medium: Lines
    second: Lines
    mean: np.ndarray
    drawn: np.ndarray

    def values(self, quantity: str) -> np.ndarray:
        """ "frequency", "width" or "damping" of the lines of the networks, (samples, Q)."""
        return np.array([getattr(lines, quantity) for lines in self.networks])

    @property
    def reached(self) -> np.ndarray:
        """Ioffe-Regel frequencies omega of the samples that reach the crossover."""
        found = self.values("ioffe_regel")
        return found[np.isfinite(found)]

    @property
    def crossing(self) -> float | None:
        """Their mean; None where no sample reaches the crossover."""
        return float(self.reached.mean()) if len(self.reached) else None

    def crossing_over(self, omega: float) -> excess.Interval | tuple[None, None]:
        """`crossing` over a frequency with its interval; (None, None) where no sample reaches the crossover."""
        return statistics.mean_interval(self.reached / omega) if len(self.reached) else (None, None)

    def attenuation(self) -> Attenuation:
        """Widths over those of the medium below the crossover."""
        below = self.values("frequency").mean(axis=0) < (self.crossing or np.inf)
        ratios = np.log(self.values("width") / self.medium.width)[:, below]
        value, (low, high) = statistics.mean_interval(ratios.mean(axis=1))
        second = np.log(self.second.width / self.medium.width)[below].mean()
        value, low, high, second, longest = np.exp([value, low, high, second, ratios[:, 0].mean()]).tolist()
        return Attenuation((value, (low, high)), second, longest)

    @property
    def dispersion_error(self) -> float:
        """Largest relative difference between the mean frequencies of the networks and those of the medium."""
        return float(abs(self.values("frequency").mean(axis=0) / self.medium.frequency - 1).max())


def read_waves(data: xr.Dataset, media: dict[str, cpa.EffectiveMedium], share: float) -> Waves:
    """Fit the lines of the networks at one share of springs, and those of the effective medium alike.

    Parameters
    ----------
    data : xarray.Dataset
        Of `measure_waves`.
    media : dict of EffectiveMedium
        With "wave <share>" and "drawn <share>".
    share : float
        0.8 or 0.7.
    """
    seen = read_spectra(data, f"{share:g}", WAVE_GRID, data.attrs["resolution"])
    q = np.outer(data.q.values, [1.0, 0.0])
    medium, coarse = media[f"wave {share:g}"], media[f"drawn {share:g}"]
    born = replace(medium, stiffness=cpa.expand_second_order("square", medium.omega, bond_fraction=share))
    own, second = (fit_lines(medium_run(each, q, seen[0])) for each in (medium, born))
    drawn = medium_run(coarse, q, seen[0]).g
    return Waves(data.q.values, [fit_lines(s) for s in seen], own, second, np.mean([s.g for s in seen], axis=0), drawn)
