"""Attenuation of long waves: the width of their lines as a power of their frequency.

A wave that is long compared with the distance of the defects is scattered as by independent points (Rayleigh),

    Gamma ~ Omega^(d+1),

which the coherent-potential approximation shares: Schirmacher, Diezemann and Ganter, Phys. Rev. Lett. 81, 136 (1998).
The lines of networks and of the effective medium are fitted by damped oscillators, and the exponent is read below half
of the crossover of Ioffe and Regel, where a line is wider than the kernel. Reduced units: length a, stiffness t0,
mass m, omega in sqrt(t0/m), q in 1/a.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy.sparse import identity

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.drawing import style
from bosonpeak.drawing.networks import OMEGA_LABEL
from bosonpeak.networks.lattices import get_lattice, lattice_network
from bosonpeak.papers.spring_network import cpa, excess, kernel, network_waves, sample_datasets
from bosonpeak.vibrations.spectra import Spectrum

CASES = {"square": (0.8, (0.12, 0.6)), "simple-cubic": (0.6, (0.3, 0.56))}
"""Share of the springs that is kept, and range of the eight long waves, whose lines are narrow, by lattice."""

SHORT = (0.65, 2.75)
"""Range of the fifteen short waves, whose lines are wide."""

WIDE = 0.004
"""Standard deviation of the kernel for the short waves, unless that of the long ones is larger."""

LEAST = 5
"""Number of wave vectors that an exponent needs."""


def list_bands(lattice: str, n: int, resolution: float) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Wave vectors q (Q, d) of a periodic box along one axis, frequencies (K,) and kernel, of long and of short waves.

    Parameters
    ----------
    lattice : str
        "square" or "simple-cubic".
    n : int
        Nodes along an edge.
    resolution : float
        Standard deviation of the kernel for the long waves, in sqrt(t0/m).
    """
    one, axis, wide = 2 * np.pi / n, np.eye(get_lattice(lattice).dimension)[0], max(resolution, WIDE)
    ranges = np.geomspace(*CASES[lattice][1], 8), np.linspace(*SHORT, 15)
    waves = [np.outer(one * np.unique(np.maximum(np.round(q / one), 1)), axis) for q in ranges]
    grids = np.arange(0.04, 0.7, resolution / 2), np.arange(0.1, 3.4, wide / 2)
    return list(zip(waves, grids, (resolution, wide), strict=True))


def fit_sharp_lines(q: np.ndarray, seen: Spectrum) -> np.ndarray:
    """Lines as by `network_waves.fit_lines`, which needs gigabytes for the many moments of a narrow kernel.

    Each line is seen through the kernel next to it only, since the kernel shows nothing from farther away. The part of
    it above a quarter of its height is fitted.

    Parameters
    ----------
    q : array, shape (Q, d)
        Wave vectors along the first axis, in 1/a.
    seen : Spectrum
        With one column of g for each; with the resolution 0 it is taken as it is.

    Returns
    -------
    array, shape (4, Q)
        q, frequency and width of the lines, and the full width of the kernel at half of its height at the line.

    Raises
    ------
    ValueError
        If fewer than five points of a line are that high.
    """
    rows, spread = [], seen.resolution
    for wave, curve in zip(q[:, 0], seen.g.T, strict=True):
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
        seen_as = matrix, fine, np.log(2 * (fine[1] - fine[0])), seen
        frequency, width, _ = network_waves._fit(curve[part] / curve[i], curve[i], omega, seen.omega[i], *seen_as)
        # the kernel narrows towards the top of the spectrum; a Gaussian is 2.355 standard deviations wide
        narrowed = np.sqrt(1 - min(frequency / seen.omega_max, 1) ** 2)
        rows.append([wave, frequency, width, np.sqrt(8 * np.log(2)) * spread * narrowed])
    return np.transpose(rows)


def keep_lines(bands: list[tuple[np.ndarray, Spectrum]]) -> dict:
    """`fit_sharp_lines` of both bands together, as q, frequency, width and kernel, each (Q,)."""
    rows = np.concatenate([fit_sharp_lines(*band) for band in bands], axis=1)
    return dict(zip(("q", "frequency", "width", "kernel"), rows, strict=True))


def network_part(lattice: str, n: int, seed: int, resolution: float) -> dict:
    """`keep_lines` of the network of n nodes along an edge with this seed, on the `list_bands`."""
    network = lattice_network(lattice, n, bond_fraction=CASES[lattice][0], rng=seed)
    bands = list_bands(lattice, n, resolution)
    return keep_lines([(q, network_waves.wave_spectrum(network, q, *band)) for q, *band in bands])


def medium_part(lattice: str, n: int) -> dict:
    """`keep_lines` of the effective medium at the wave vectors of a box of n nodes along an edge, without a kernel."""
    solved = cpa.solve_cpa(lattice, kernel.fine_grid(3.4, 800), bond_fraction=CASES[lattice][0])
    # the stiffness is smooth where its lines are narrow
    omega = np.arange(0.04, 3.39, 5e-5)
    medium = replace(solved, omega=omega, stiffness=np.interp(omega, solved.omega, solved.stiffness))
    waves, blank = [q for q, _, _ in list_bands(lattice, n, WIDE)], Spectrum(omega, omega, omega, 0.0, 0, 0, omega[-1])
    return keep_lines([(q, replace(blank, g=network_waves.medium_spectrum(medium, q))) for q in waves])


@method("spring-network-attenuation", 1)
def measure_attenuation(n_square, n_cubic, seeds, resolution, progress=False, folder=None) -> xr.Dataset:
    """Lines of the square lattice at p = 0.8 and of the simple cubic lattice at p = 0.6, and of their effective media.

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
        As `keep_lines`, (sample, Q), NaN beyond the last wave vector of a lattice. The samples are "<lattice> s<seed>"
        and "medium <lattice> s0".

    Raises
    ------
    ValueError
        As `fit_sharp_lines`.
    """
    jobs = {}
    for name, n in (("square", n_square), ("simple-cubic", n_cubic)):
        jobs[f"medium {name} s0"] = medium_part, name, n
        jobs |= {f"{name} s{s}": (network_part, name, n, 500 + s, resolution) for s in range(seeds)}
    return sample_datasets.measure_samples(jobs, measure_attenuation.method, progress, folder, resolution=resolution)


@dataclass(frozen=True)
class Attenuation:
    """Lines of the networks of one lattice, and of their effective medium.

    Attributes
    ----------
    dimension : int
    networks : array, shape (2, samples, Q)
        Frequency and width of the lines of ascending wave vectors, in sqrt(t0/m).
    medium : array, shape (2, 1, Q)
        The same of the effective medium.
    kernel : array, shape (Q,)
        Full width of the kernel at half of its height.
    crossover : float
        Frequency of the crossover of Ioffe and Regel, mean of the samples that reach it; NaN where none does.
    below, above : array of bool, shape (Q,)
        Wave vectors whose mean frequency lies below half of the crossover while their mean width exceeds that of the
        kernel; and those whose mean frequency lies above the crossover.
    """

    dimension: int
    networks: np.ndarray
    medium: np.ndarray
    kernel: np.ndarray
    crossover: float
    below: np.ndarray
    above: np.ndarray

    def exponent(self, lines: np.ndarray, points: np.ndarray) -> excess.Interval | tuple[None, None]:
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


def read_attenuation(data: xr.Dataset, lattice: str) -> Attenuation:
    """The lines of one lattice of a `measure_attenuation` dataset."""
    groups = np.array([sample_datasets.group_of(name) for name in data["sample"].values.tolist()])
    own, theory = (data.isel(sample=groups == name) for name in (lattice, f"medium {lattice}"))
    shown = np.isfinite(own.q.values[0])
    networks, medium = (np.stack([e.frequency.values, e.width.values])[:, :, shown] for e in (own, theory))
    reached = [network_waves.Lines(*pair, pair[0]).ioffe_regel for pair in networks.transpose(1, 0, 2)]
    crossover = float(np.nanmean(reached)) if np.isfinite(reached).any() else np.nan
    (frequency, width), seen = networks.mean(axis=1), own.kernel.values[:, shown].mean(axis=0)
    below, above = (frequency < crossover / 2) & (width > seen), frequency > crossover
    return Attenuation(get_lattice(lattice).dimension, networks, medium, seen, crossover, below, above)


def draw_attenuation(axes, found: list[Attenuation]) -> None:
    """Width against frequency of the lines, both logarithmic, one of the axes for each lattice.

    Networks (circles, filled where the exponent is read), effective medium (dashed), a line of slope d + 1 that meets
    the networks at half of the crossover, the width of the kernel (dotted), and the crossover and half of it (thin).
    """
    for ax, each in zip(axes, found, strict=True):
        mean, half, power = each.networks.mean(axis=1), each.crossover / 2, each.dimension + 1
        ax.plot(*each.networks.reshape(2, -1), "o", color="C0", markersize=4, markerfacecolor="none")
        ax.plot(*each.networks[:, :, each.below].reshape(2, -1), "o", color="C0", markersize=4)
        ax.plot(*each.medium[:, 0], "--", color="C1", label="CPA")
        ax.plot(mean[0], each.kernel, ":", color="0.4", label="kernel")
        slope = np.interp(half, *mean) * np.array([0.4**power, 1.0])
        ax.plot([0.4 * half, half], slope, color="0.3", linewidth=1, label=f"slope {power}")
        ax.vlines([half, 2 * half], *ax.get_ylim(), color="0.6", linewidth=0.8)
        ax.set(xscale="log", yscale="log", xlabel=OMEGA_LABEL, ylabel=r"$\Gamma$  ($\sqrt{t_0/m}$)")
        ax.legend(title=f"d = {each.dimension}", fontsize=9)
    style.tidy_logarithmic(*axes)
