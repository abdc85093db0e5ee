"""Waves of a spring network: spectral function, widths of the lines, and the crossover of Ioffe and Regel.

    A(q, omega) = sum_k |<q|e_k>|^2 delta(omega - omega_k),   |q> = exp(i q r) / sqrt(N)

Its integral over omega > 0 is 1 less the weight of zero modes. An effective medium has A = -(2 omega / pi) Im [omega^2
- K(omega) D(q)]^-1. A line of frequency Omega has the full width Gamma at half of its height. A wave that is long
compared with the distance of the defects is scattered as by independent points, Gamma ~ Omega^(d+1) (Rayleigh), which
the coherent-potential approximation shares: Schirmacher, Diezemann and Ganter, Phys. Rev. Lett. 81, 136 (1998).
Reduced units: length a, stiffness t0, mass m, omega in sqrt(t0/m), q in 1/a.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy.optimize import least_squares
from scipy.sparse import identity

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice, lattice_network
from bosonpeak.papers.spring_network import cpa, kernel, sample_datasets
from bosonpeak.papers.spring_network.excess import Interval
from bosonpeak.vibrations.spectra import Spectrum, spectral_function

CASES = {
    "square 0.8": ("square", 0.8, (0.12, 0.6), 1.0),
    "square 0.7": ("square", 0.7, (0.12, 0.6), 4.0),
    "simple-cubic 0.6": ("simple-cubic", 0.6, (0.3, 0.56), 1.0),
}
"""Lattice, share of the springs that is kept, range of the eight long waves, whose lines are narrow, and how much wider
the kernel for them may be."""

SHORT = (0.65, 2.75)
"""Range of the fifteen short waves, whose lines are wide."""

WIDE = 0.004
"""Standard deviation of the kernel for the short waves, unless that of the long ones is larger."""

LEAST = 5
"""Number of wave vectors that an exponent needs."""


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


def _fit(shown, omega, top, matrix, fine, narrow, seen):
    """Frequency and width of one line, whose part above a quarter of its height is `shown` in units of that height."""

    def difference(p):
        return np.exp(p[2]) * (matrix @ damped_oscillator(fine, np.exp(p[0]), np.exp(p[1]))) - shown

    half = max(np.ptp(omega) / 2, seen.resolution)
    start = [np.log(top), max(np.log(half), narrow + 0.1), np.log(half)]
    ends = np.log([0.5 * omega[0], 1.5 * omega[-1]])
    found = least_squares(difference, start, bounds=([ends[0], narrow, -20], [ends[1], np.log(3 * fine[-1]), 20]))
    return np.exp(found.x[:2])


def fit_lines(q: np.ndarray, seen: Spectrum) -> dict:
    """Fit a damped oscillator, seen through the kernel, to each line where it exceeds a quarter of its height.

    Each line is seen through the kernel next to it only, since the kernel shows nothing from farther away.

    Parameters
    ----------
    q : array, shape (Q, d)
        Wave vectors, in 1/a.
    seen : Spectrum
        With one column of g for each; with the resolution 0 it is taken as it is.

    Returns
    -------
    dict
        q (the length of each), frequency and width of the lines, and `kernel`, the full width of the kernel at half of
        its height at the line; (Q,) each.

    Raises
    ------
    ValueError
        If fewer than five points of a line are that high.
    """
    rows, spread = [], seen.resolution
    for wave, curve in zip(np.linalg.norm(q, axis=1), seen.g.T, strict=True):
        i, low = int(np.argmax(curve)), np.flatnonzero(curve < curve.max() / 4)
        part = slice(max(low[low < i], default=-1) + 1, min(low[low > i], default=len(curve)))
        omega = fine = seen.omega[part]
        if len(omega) < 5:
            raise ValueError(f"the line at {seen.omega[i]:.3g} spans fewer than five points: take a finer grid")
        matrix = identity(len(omega))
        if spread:
            ends = max(omega[0] - 8 * spread, spread / 4), min(omega[-1] + 8 * spread, 0.999 * seen.omega_max)
            fine = np.arange(*ends, spread / 4)
            matrix = kernel.kernel_matrix(fine, omega, seen.n_moments, seen.omega_max)
        line = _fit(curve[part] / curve[i], omega, seen.omega[i], matrix, fine, np.log(2 * (fine[1] - fine[0])), seen)
        # the kernel narrows towards the top of the spectrum; a Gaussian is 2.355 standard deviations wide
        narrowed = np.sqrt(1 - min(line[0] / seen.omega_max, 1) ** 2)
        rows.append([wave, *line, np.sqrt(8 * np.log(2)) * spread * narrowed])
    return dict(zip(("q", "frequency", "width", "kernel"), np.transpose(rows), strict=True))


def list_bands(case: str, n: int, resolution: float) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Wave vectors q (Q, d) of a box of n nodes along an edge, frequencies (K,) and kernel: long waves, short waves.

    They lie along the first axis. In three dimensions the long ones lie along four oblique directions as well, because
    a box has few long waves along its edges; long waves have one dispersion in all directions.
    """
    lattice, _, reach, factor = CASES[case]
    one, axis = 2 * np.pi / n, np.eye(get_lattice(lattice).dimension)[0]
    narrow, wide = np.maximum([0, WIDE], factor * resolution)
    ranges = np.geomspace(*reach, 8), np.linspace(*SHORT, 15)
    waves = [np.outer(one * np.unique(np.maximum(np.round(q / one), 1)), axis) for q in ranges]
    if len(axis) == 3:
        more = one * np.kron(np.arange(1, n // 4)[:, None], [(1, 1, 0), (1, 1, 1), (2, 1, 0), (2, 1, 1)])
        inside = abs(np.linalg.norm(more, axis=1) - np.mean(reach)) <= np.ptp(reach) / 2
        waves[0] = np.array(sorted([*waves[0], *more[inside]], key=np.linalg.norm))
    grids = np.arange(0.04, 0.7, narrow / 2), np.arange(0.1, 3.4, wide / 2)
    return list(zip(waves, grids, (narrow, wide), strict=True))


def _joined(parts: list[dict]) -> dict:
    return {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}


def network_part(case: str, n: int, seed: int, resolution: float) -> dict:
    """`fit_lines` of the network of a case, n nodes along an edge, on its `list_bands`."""
    network = lattice_network(CASES[case][0], n, bond_fraction=CASES[case][1], rng=seed)
    return _joined([fit_lines(q, wave_spectrum(network, q, *band)) for q, *band in list_bands(case, n, resolution)])


def medium_part(case: str, n: int, second_order: bool) -> dict:
    """`fit_lines` of the effective medium of a case, without a kernel, or of second-order perturbation theory."""
    lattice, share, *_ = CASES[case]
    solved = cpa.solve_cpa(lattice, kernel.fine_grid(3.4, 800), bond_fraction=share)
    stiffness = (
        cpa.expand_second_order(lattice, solved.omega, bond_fraction=share) if second_order else solved.stiffness
    )
    rows = []
    for q in np.concatenate([q for q, _, _ in list_bands(case, n, WIDE)]):
        # a grid as fine as the line: the stiffness is smooth where its lines are narrow
        level = float(get_lattice(lattice).matrix(q))
        centre = np.interp(0, solved.omega**2 - stiffness.real * level, solved.omega)
        half = -np.interp(centre, solved.omega, stiffness.imag) * level / centre
        omega = np.linspace(max(centre - 5 * half, 0.1 * centre), min(centre + 5 * half, 3.39), 600)
        medium = replace(solved, omega=omega, stiffness=np.interp(omega, solved.omega, stiffness))
        seen = Spectrum(omega, medium_spectrum(medium, q), omega, 0.0, 0, 0, omega[-1])
        rows.append(fit_lines(q[None], seen))
    return _joined(rows)


@method("spring-network-waves", 3)
def measure_waves(n_square, n_cubic, seeds, resolution, *, progress=False, folder=None) -> xr.Dataset:
    """Lines of the networks of `CASES`, of their effective media, and of second-order perturbation theory.

    Parameters
    ----------
    n_square, n_cubic : int
        Nodes along an edge.
    seeds : int
    resolution : float
        Standard deviation of the kernel for the long waves, in sqrt(t0/m).
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished samples are kept, so that a run that was killed resumes.

    Returns
    -------
    xarray.Dataset
        As `fit_lines`, (sample, Q), NaN beyond the last wave vector of a lattice. The samples are "<case> s<seed>",
        "medium <case> s0" and "second <case> s0".

    Raises
    ------
    ValueError
        As `fit_lines`.
    """
    jobs = {}
    for case, (lattice, *_) in CASES.items():
        n = n_square if lattice == "square" else n_cubic
        jobs |= {f"medium {case} s0": (medium_part, case, n, False), f"second {case} s0": (medium_part, case, n, True)}
        jobs |= {f"{case} s{s}": (network_part, case, n, 500 + s, resolution) for s in range(seeds)}
    return sample_datasets.measure_samples(jobs, measure_waves.method, progress, folder, resolution=resolution)


def ioffe_regel(frequency, width) -> float:
    """Frequency at which pi Gamma / Omega of ascending wave vectors (Q,) first reaches 1, NaN where it does not."""
    over = np.flatnonzero(np.pi * width >= frequency)
    if not len(over):
        return np.nan
    part = slice(max(over[0] - 1, 0), over[0] + 1)
    return float(np.interp(1.0, (np.pi * width / frequency)[part], frequency[part]))


@dataclass(frozen=True)
class Waves:
    """Lines of the networks of one case, of their effective medium, and of second-order perturbation theory.

    Attributes
    ----------
    dimension : int
    networks : array, shape (2, samples, Q)
        Frequency and width of the lines of ascending wave vectors, in sqrt(t0/m).
    medium, second : array, shape (2, 1, Q)
    kernel : array, shape (Q,)
        Full width of the kernel at half of its height.
    reached : array, shape (n,)
        Frequencies of the crossover of Ioffe and Regel of the samples that reach it.
    """

    dimension: int
    networks: np.ndarray
    medium: np.ndarray
    second: np.ndarray
    kernel: np.ndarray
    reached: np.ndarray

    @property
    def crossover(self) -> float:
        """Mean frequency of the crossover; NaN where no sample reaches it."""
        return float(self.reached.mean()) if len(self.reached) else np.nan

    @property
    def below(self) -> np.ndarray:
        """True for wave vectors (Q,) below half of the crossover whose mean width exceeds that of the kernel."""
        frequency, width = self.networks.mean(axis=1)
        return (frequency < self.crossover / 2) & (width > self.kernel)

    @property
    def above(self) -> np.ndarray:
        """True for wave vectors (Q,) above the crossover."""
        return self.networks[0].mean(axis=0) > self.crossover

    def crossing_over(self, omega: float) -> Interval | tuple[None, None]:
        """The crossover over a frequency, with its interval; (None, None) where no sample reaches it."""
        return statistics.mean_interval(self.reached / omega) if len(self.reached) else (None, None)

    def over_theory(self) -> tuple[Interval, float]:
        """Geometric mean, over the wave vectors below the crossover, of the widths over those of the medium.

        Wave vectors whose width does not exceed that of the kernel are left out. Returns that of the networks with its
        interval over the samples, and that of second-order perturbation theory.
        """
        frequency, width = self.networks.mean(axis=1)
        used = ~(frequency > self.crossover) & (width > self.kernel)
        ratios, second = (np.log(y[1] / self.medium[1])[:, used].mean(axis=1) for y in (self.networks, self.second))
        value, ends = statistics.mean_interval(ratios)
        return (float(np.exp(value)), tuple(np.exp(ends).tolist())), float(np.exp(second[0]))

    def exponent(self, lines: np.ndarray, points: np.ndarray) -> Interval | tuple[None, None]:
        """Exponent of the width with the frequency.

        Parameters
        ----------
        lines : array, shape (2, samples, Q)
            `networks` or `medium`.
        points : array of bool, shape (Q,)
            `below` or `above`.

        Returns
        -------
        value, interval
            The bootstrap resamples the wave vectors, and then the samples at each. (None, None) where fewer than
            `LEAST` wave vectors are left.
        """
        if np.sum(points) < LEAST:
            return None, None
        return statistics.scaling_exponent(*lines[:, :, points].transpose(0, 2, 1), rng=5)


def read_waves(data: xr.Dataset, case: str) -> Waves:
    """The lines of one case of a `measure_waves` dataset."""
    groups = np.array([sample_datasets.group_of(name) for name in data["sample"].values.tolist()])
    parts = [data.isel(sample=groups == name) for name in (case, f"medium {case}", f"second {case}")]
    shown = np.isfinite(parts[0].q.values[0])
    networks, medium, second = (np.stack([e.frequency.values, e.width.values])[:, :, shown] for e in parts)
    crossings = [ioffe_regel(*line) for line in networks.transpose(1, 0, 2)]
    seen = parts[0].kernel.values[:, shown].mean(axis=0)
    reached = np.array([omega for omega in crossings if np.isfinite(omega)])
    return Waves(get_lattice(CASES[case][0]).dimension, networks, medium, second, seen, reached)
