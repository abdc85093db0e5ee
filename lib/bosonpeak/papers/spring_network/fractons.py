"""Fractons: the states of diluted lattices at the percolation threshold, and the crossover from sound to them.

At the threshold the largest piece is a fractal. Its density of states is that of a space of d_s dimensions,

    g(omega) ~ omega^(d_s - 1),   d_s close to 4/3 on lattices of any dimension,

the conjecture of Alexander and Orbach, J. Phys. Lett. 43, L625 (1982). Above the threshold, sound with g ~ omega^(d-1)
turns into fractons where the wavelength falls to the size of the holes: Derrida, Orbach and Yu, Phys. Rev. B 29, 6645
(1984). Fractons are localised: Yakubo and Nakayama, Phys. Rev. B 36, 8933 (1987); Kantelhardt, Bunde and Schweitzer,
Phys. Rev. Lett. 81, 4907 (1998). Densities are per node of the largest piece, whose motion as a whole is left out.
Reduced units: length a, stiffness t0, mass m, omega in sqrt(t0/m).
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.drawing import style
from bosonpeak.drawing.networks import OMEGA_LABEL
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice
from bosonpeak.papers.spring_network import excess, kernel, lattice_green, network_modes, pieces, sample_datasets
from bosonpeak.papers.spring_network.recipes import Recipe, edge_lengths
from bosonpeak.vibrations.spectra import Spectrum, density_of_states

OMEGA = np.geomspace(0.02, 2.0, 120)
"""Frequencies omega of the densities."""

RESOLUTION = 0.005
"""Standard deviation of the kernel: a tenth of the lowest frequency from which the slope is read."""

WINDOW = (0.05, 0.5)
"""Frequencies between which the slope is read."""

SHARES = {"square": (0.5, 0.52, 0.55, 0.6, 0.7), "simple-cubic": (0.2488, 0.27, 0.3, 0.4)}
"""Shares of the springs that are kept, the percolation threshold of each lattice first."""

GROUPS = {f"{name} {p:g}": (name, p) for name, shares in SHARES.items() for p in shares}
"""Lattice and share of the springs of each group of samples."""

FRACTON = 0.3
"""Frequency omega of the modes whose participation ratio is measured."""

N_LEVELS = 100
"""Number of modes of a network, or a twelfth of its nodes where that is less."""


def see_piece(piece: SpringNetwork, rng=None, resolution: float = RESOLUTION) -> Spectrum:
    """Density of states (K,) of a connected network at the frequencies `OMEGA`, without its motion as a whole.

    Parameters
    ----------
    piece : SpringNetwork
    rng : numpy.random.Generator or int, optional
        Of the eight random vectors.
    resolution : float
        Standard deviation of the kernel in sqrt(t0/m).
    """
    options = {"resolution": resolution, "n_vectors": 8, "rng": rng, "project_out": piece.zero_modes()}
    return density_of_states(piece.dynamical_matrix(), OMEGA, **options)


def piece_part(recipe: Recipe, seed: int, resolution: float = RESOLUTION) -> dict:
    """Density of states of the largest piece of a network.

    Parameters
    ----------
    recipe : Recipe
    seed : int
        Of the network and of the random vectors.
    resolution : float
        Standard deviation of the kernel in sqrt(t0/m).

    Returns
    -------
    dict
        density (K,) and the kernel's n_moments and omega_max; nodes of the piece; its stiffness K in t0, 0 at the
        threshold; frequency and participation, which are empty.
    """
    piece = pieces.largest_piece(recipe.network(seed))
    seen = see_piece(piece, seed, resolution)
    # at the threshold a box of finite size has a stiffness that depends on its size alone
    K = excess.measured_stiffness(piece, recipe.lattice) if recipe.bond_fraction > SHARES[recipe.lattice][0] else 0.0
    found = {"density": seen.g, "n_moments": seen.n_moments, "omega_max": seen.omega_max, "nodes": len(piece)}
    return found | {"stiffness": K, "frequency": np.zeros(0), "participation": np.zeros(0)}


def fracton_part(recipe: Recipe, seed: int) -> dict:
    """`network_modes.mode_part` near `FRACTON`, with an empty density and the other entries of `piece_part` 0."""
    found = network_modes.mode_part(recipe, seed, FRACTON, min(N_LEVELS, recipe.n**2 // 12))
    blank = {"density": np.zeros(0), "n_moments": 0, "omega_max": 0.0, "nodes": 0, "stiffness": 0.0}
    return blank | found


@method("spring-network-fractons", 1)
def measure_fractons(nodes, seeds, n_modes, progress=False, folder=None) -> xr.Dataset:
    """Densities of states of the largest pieces of diluted lattices, and fractons of the square lattice.

    Parameters
    ----------
    nodes : int
        About how many nodes a lattice has before springs are taken away.
    seeds : int
    n_modes : int
        Nodes along the edge of the smallest networks whose modes are found; there are two larger ones.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished samples are kept, so that a run that was killed resumes.

    Returns
    -------
    xarray.Dataset
        As `piece_part`, along `sample`. The samples are "<lattice> <p> s<seed>", and "fracton <n> s<seed>", which have
        frequency and participation (sample, mode) instead of a density; NaN where a sample has none. Attributes
        `resolution` and `fracton`, the frequency of these modes.
    """
    n, jobs = edge_lengths(nodes), {}
    for group, (name, p) in GROUPS.items():
        jobs |= {f"{group} s{s}": (piece_part, Recipe(name, n[name], p), s, RESOLUTION) for s in range(seeds)}
    for size in (n_modes, 2 * n_modes, 4 * n_modes):
        recipe = Recipe("square", size, SHARES["square"][0])
        jobs |= {f"fracton {size} s{s}": (fracton_part, recipe, 400 + s) for s in range(seeds)}
    mark = measure_fractons.method
    return sample_datasets.measure_samples(jobs, mark, progress, folder, resolution=RESOLUTION, fracton=FRACTON)


def spectral_dimension(omega, g) -> float:
    """d_s from the slope d_s - 1 of log g against log omega in `WINDOW`.

    Parameters
    ----------
    omega, g : array, shape (K,)
        Frequencies and a density that is positive there.

    Returns
    -------
    float
    """
    inside = (WINDOW[0] < omega) & (omega < WINDOW[1])
    return float(np.polyfit(np.log(omega[inside]), np.log(g[inside]), 1)[0] + 1)


def crystal_density(lattice: str, seen: Spectrum) -> np.ndarray:
    """Density (K,) of the infinite crystal with springs 1, as the run `seen` would have shown it.

    A crystal in a box has no state below its first wave, in three dimensions above the lower end of `WINDOW`.
    """
    fine = kernel.fine_grid(np.sqrt(lattice_green.TOP[lattice, False]), 4 * seen.n_moments)
    return kernel.see_through_kernel(fine, excess.softened_density(lattice, fine, 1.0), seen)


@dataclass(frozen=True)
class Fractons:
    """Densities of states of diluted lattices, and fractons.

    Attributes
    ----------
    densities : dict of array, shape (seeds, K)
        g at the frequencies `OMEGA` by group, "<lattice> <p>".
    stiffness : dict of float
        K in t0 of the softened crystal with the same Debye level, by group, mean over the seeds; 0 at the threshold.
    crystals : dict of array, shape (K,)
        g of the infinite crystal with springs 1, by lattice.
    modes : network_modes.ModeStatistics
        Of the modes near `FRACTON` at the threshold. Its `exponent` is that of the median participation ratio with the
        number of nodes of the lattice.
    """

    densities: dict[str, np.ndarray]
    stiffness: dict[str, float]
    crystals: dict[str, np.ndarray]
    modes: network_modes.ModeStatistics

    def dimension(self, group: str) -> excess.Interval:
        """d_s of a group, mean over its samples with its interval."""
        return statistics.mean_interval([spectral_dimension(OMEGA, g) for g in self.densities[group]])

    def crystal_dimension(self, lattice: str) -> float:
        """d_s of the crystal, read alike."""
        return spectral_dimension(OMEGA, self.crystals[lattice])


def read_fractons(data: xr.Dataset) -> Fractons:
    """Densities, stiffnesses and modes of a `measure_fractons` dataset."""
    densities, stiffness, crystals = {}, {}, {}
    groups = np.array([sample_datasets.group_of(name) for name in data["sample"].values.tolist()])
    for group, (name, _) in GROUPS.items():
        seen = sample_datasets.read_spectra(data, group, OMEGA, data.attrs["resolution"])
        densities[group] = np.array([each.g for each in seen])
        stiffness[group] = float(data.stiffness.values[groups == group].mean())
        crystals[name] = crystal_density(name, seen[0])
    return Fractons(densities, stiffness, crystals, network_modes.read_modes(data, "fracton"))


def draw_fractons(axes, found: Fractons) -> None:
    """g omega^(-1/3) against omega, both logarithmic, one of two axes for each lattice.

    Mean over the seeds for each share of the springs, the Debye level where there is one (dashed), the crystal (grey)
    and the window in which the slope is read (shaded). Fractons are level, and sound rises as omega^(d - 4/3).
    """
    tilt = OMEGA ** (-1 / 3)
    for ax, (name, shares) in zip(axes, SHARES.items(), strict=True):
        d, level = get_lattice(name).dimension, lattice_green.debye_level_of_lattice(name)
        ax.axvspan(*WINDOW, color="0.93", zorder=0)
        ax.plot(OMEGA, found.crystals[name] * tilt, color="0.6", linewidth=1.1, label="crystal")
        for p, color in zip(shares, style.ordered_colors(len(shares)), strict=True):
            curve, K = found.densities[f"{name} {p:g}"].mean(axis=0) * tilt, found.stiffness[f"{name} {p:g}"]
            ax.plot(OMEGA, curve, color=color, linewidth=1.5, label=f"p = {p:g}")
            if K:
                sound = level * K ** (-d / 2) * OMEGA ** (d - 1) * tilt
                shown = sound < 1.5 * np.median(curve)
                ax.plot(OMEGA[shown], sound[shown], "--", color=color, linewidth=1)
        ax.set(xscale="log", yscale="log", xlabel=OMEGA_LABEL, ylabel=r"$g\,\omega^{-1/3}$", xlim=OMEGA[[0, -1]])
        ax.set(ylim=(0.3 * curve[OMEGA > WINDOW[0]].min(), None))
        ax.legend(title=f"d = {d}", fontsize=9)
    style.tidy_logarithmic(*axes)
