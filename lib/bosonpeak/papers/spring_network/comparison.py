"""Whole spectra of networks compared with those of their effective media."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.sparse as sp
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.springs import vector_dynamical_matrix
from bosonpeak.papers.spring_network import cpa, excess, kernel, lattice_green, series
from bosonpeak.papers.spring_network.recipes import Recipe, edge_lengths, gamma_springs
from bosonpeak.papers.spring_network.sample_datasets import measure_samples, part_of, read_spectra
from bosonpeak.vibrations.operators import spectral_bound
from bosonpeak.vibrations.spectra import Spectrum, density_of_states

CASES = {f"square, p = {p}": Recipe("square", 0, p) for p in series.SHARES}
CASES |= {f"square, v = {v}": Recipe("square", 0, springs=gamma_springs(v)) for v in (0.5, 1.5)}
CASES |= {
    "triangular, p = 2/3": Recipe("triangular", 0, 2 / 3),
    "triangular, vector, p = 0.85": Recipe("triangular", 0, 0.85, vector=True),
    "cubic, p = 2/3": Recipe("simple-cubic", 0, 2 / 3),
    "cubic, v = 1.5": Recipe("simple-cubic", 0, springs=gamma_springs(1.5)),
    "fcc, p = 1/2": Recipe("fcc", 0, 0.5),
    "fcc, vector, p = 0.75": Recipe("fcc", 0, 0.75, vector=True),
}
"""Networks that are compared with their effective medium; n is filled in."""

SHOWN = ("square, p = 0.8", "square, p = 0.6", "triangular, p = 2/3", "cubic, v = 1.5")
"""The cases that are drawn."""


def comparison_grid(lattice: str, vector: bool = False, points: int = 200) -> np.ndarray:
    """Frequencies (points,) from 0.1 to 1 of the top frequency of the perfect lattice with springs 1."""
    return np.sqrt(lattice_green.TOP[lattice, vector]) * np.linspace(0.1, 1.0, points)


def network_spectrum(network: SpringNetwork, lattice: str, vector=False, resolution=0.02, rng=None) -> Spectrum:
    """Density of states of a network up to the top of its spectrum.

    Parameters
    ----------
    network : SpringNetwork
    lattice : str
        The frequencies are those of the `comparison_grid` of this lattice, but not beyond the last level of the
        network.
    vector : bool
        Whether the springs are vector springs.
    resolution : float
        Standard deviation of the kernel, in units of the top frequency.
    rng : numpy.random.Generator or int, optional
        Of the sixteen random vectors.

    Returns
    -------
    Spectrum
        Of the frequencies within the spectrum, (k,) with k at most the number of points of the grid.
    """
    D = vector_dynamical_matrix(network) if vector else network.dynamical_matrix()
    still = network.zero_modes()
    if vector:
        still = sp.csc_matrix(sp.kron(still, np.eye(network.positions.shape[1])))
    omega = comparison_grid(lattice, vector)
    options = {"resolution": resolution * omega[-1], "n_vectors": 16, "project_out": still}
    # above the last level of the sample there is nothing
    return density_of_states(D, omega[omega < 0.9999 * np.sqrt(spectral_bound(D))], rng=rng, **options)


@dataclass(frozen=True)
class Comparison:
    """Networks compared with their effective medium over the spectrum.

    Attributes
    ----------
    omega : array, shape (M,)
    samples : array, shape (n, M)
        g of each sample.
    medium : array, shape (M,)
        g of the medium through the same kernel.
    """

    omega: np.ndarray
    samples: np.ndarray
    medium: np.ndarray

    @property
    def network(self) -> np.ndarray:
        """Mean g of the samples, (M,)."""
        return self.samples.mean(axis=0)

    @property
    def error(self) -> np.ndarray:
        """Standard error of that mean over samples and random vectors, (M,)."""
        return self.samples.std(axis=0, ddof=1) / np.sqrt(len(self.samples))

    @property
    def noise(self) -> float:
        """Root mean square of the error over that of the medium."""
        return relative_difference(self.medium + self.error, self.medium)

    @property
    def deviation(self) -> float:
        """Root mean square of the difference between networks and medium over that of the medium."""
        return relative_difference(self.network, self.medium)

    def deviation_interval(self) -> excess.Interval:
        """`deviation` with the interval of its jackknife over the samples, which are too few for a bootstrap."""
        count, deviation = len(self.samples), self.deviation
        without = [replace(self, samples=np.delete(self.samples, k, axis=0)).deviation for k in range(count)]
        half = np.ptp(statistics.mean_interval(count * deviation - (count - 1) * np.array(without))[1]) / 2
        return deviation, (deviation - half, deviation + half)


def relative_difference(g, reference) -> float:
    """Root mean square of g - reference over that of the reference, both (M,) on one even grid."""
    return float(np.linalg.norm(np.asarray(g) - reference) / np.linalg.norm(reference))


def compare_spectra(seen: list[Spectrum], medium: cpa.EffectiveMedium) -> Comparison:
    """Densities of several samples compared with that of an effective medium.

    Parameters
    ----------
    seen : list of Spectrum
        Two samples or more, from `network_spectrum`.
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
    omega = comparison_grid(medium.lattice, medium.vector)
    samples, shown = np.zeros((len(seen), len(omega))), np.zeros(len(omega))
    for sample, each in zip(samples, seen, strict=True):
        sample[: len(each.g)] = each.g
        shown[: len(each.g)] += kernel.see_through_kernel(medium.omega, medium.g, each) / len(seen)
    return Comparison(omega, samples, shown)


def whole_spectrum(recipe: Recipe, seed: int, resolution: float) -> dict:
    """`part_of` the spectrum of a network up to its last level."""
    return part_of(network_spectrum(recipe.network(seed), recipe.lattice, recipe.vector, resolution, seed))


@method("spring-network-comparison", 2)
def measure_comparison(nodes, seeds, resolution, *, progress=False, folder=None) -> xr.Dataset:
    """Whole spectra of the networks that are compared with their effective medium.

    Parameters
    ----------
    nodes : int
        Of each network of `CASES`, about.
    seeds : int
    resolution : float
        Standard deviation of the kernel in units of the top frequency.

    Returns
    -------
    xarray.Dataset
        density (sample, point), of which the first `shown` points are used; the samples are "<case> s<seed>".
    """
    n = edge_lengths(nodes)
    whole = {name: replace(r, n=n[r.lattice]) for name, r in CASES.items()}
    jobs = {f"{name} s{s}": (whole_spectrum, r, s, resolution) for name, r in whole.items() for s in range(seeds)}
    return measure_samples(jobs, measure_comparison.method, progress, folder, resolution=resolution)


def read_comparisons(data: xr.Dataset, media: dict[str, cpa.EffectiveMedium]) -> dict[str, Comparison]:
    """Comparisons of the networks of `measure_comparison` with their media, by case."""
    found = {}
    for case, recipe in CASES.items():
        grid = comparison_grid(recipe.lattice, recipe.vector)
        seen = read_spectra(data, case, grid, data.attrs["resolution"] * grid[-1])
        found[case] = compare_spectra(seen, media[case])
    return found


@dataclass(frozen=True)
class Deviations:
    """Relative deviations of the networks from their media, by case.

    Attributes
    ----------
    cases : dict of excess.Interval
    firm : list of str
        The cases whose medium keeps half of its stiffness, the one with the largest deviation first.
    from_crystal : float
        The smallest deviation of the firm cases from the crystal of their mean spring.
    """

    cases: dict[str, excess.Interval]
    firm: list[str]
    from_crystal: float

    def times(self, case: str, other: str) -> excess.Interval:
        """Deviation of one case over that of another one, between the extremes that their intervals allow."""
        (near, (low, high)), (far, (lower, upper)) = self.cases[case], self.cases[other]
        return near / far, (low / upper, high / lower)


def read_deviations(compared: dict[str, Comparison], media: dict[str, cpa.EffectiveMedium]) -> Deviations:
    """Deviations of the `CASES`.

    Parameters
    ----------
    compared : dict of Comparison
        Of `read_comparisons`.
    media : dict of EffectiveMedium
        By the same names.
    """
    cases = {case: compared[case].deviation_interval() for case in CASES}
    ordered = sorted(cases, key=lambda case: cases[case][0], reverse=True)
    firm = [case for case in ordered if media[case].static_stiffness >= 0.49]
    return Deviations(cases, firm, min(deviation_from_crystal(compared[case], case) for case in firm))


def deviation_from_crystal(found: Comparison, case: str) -> float:
    """Relative deviation of the networks of a case from the crystal of their mean spring."""
    recipe = CASES[case]
    mean = recipe.bond_fraction * recipe.springs.mean
    crystal = excess.softened_density(recipe.lattice, found.omega, mean, recipe.vector)
    return relative_difference(found.network, crystal)


def deviation_table(compared: dict[str, Comparison], media: dict[str, cpa.EffectiveMedium]) -> pd.DataFrame:
    """One row for each of the `CASES`: static stiffness of the medium (t0), deviation and noise in per cent."""
    found = compared.items()
    rows = [[case, media[case].static_stiffness, 100 * each.deviation, 100 * each.noise] for case, each in found]
    return pd.DataFrame(rows, columns=["network", "K of the medium", "deviation (%)", "noise (%)"]).round(3)
