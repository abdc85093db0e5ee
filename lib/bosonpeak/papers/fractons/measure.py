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
from tqdm.auto import tqdm

from bosonpeak import statistics
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import get_lattice, lattice_network
from bosonpeak.vibrations import modes
from bosonpeak.vibrations.debye import square_lattice_density
from bosonpeak.vibrations.elasticity import scalar_modulus
from bosonpeak.vibrations.spectra import Spectrum, density_of_states

Interval = tuple[float, tuple[float, float]]
"""A value with its 95 % interval."""

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


def largest_piece(lattice: str, n: int, share: float, seed: int) -> SpringNetwork:
    """Largest piece of a lattice of n^d nodes that keeps each spring with the probability `share`.

    Raises ValueError as `lattice_network`.
    """
    return lattice_network(lattice, n, bond_fraction=share, rng=seed).largest_piece()


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


def piece_stiffness(piece: SpringNetwork) -> float:
    """Stiffness K in t0 of the springs with which a square or simple cubic crystal has the Debye level of a piece.

    K = (det mu)^(1/d) n^(2/d - 1), mu being the modulus tensor, whose determinant is 1 for the crystal, and n the
    nodes of the piece per a^d. A direction with less than 1e-3 of the largest modulus, which is below the accuracy of
    mu, counts as not held: K is then 0.

    Raises
    ------
    RuntimeError
        As `scalar_modulus`.
    """
    principal, d = np.linalg.eigvalsh(scalar_modulus(piece)), len(piece.box)
    if not principal[0] > 1e-3 * max(principal[-1], 1e-3):
        return 0.0
    return float(np.prod(principal) ** (1 / d) * (len(piece) / np.prod(piece.box)) ** (2 / d - 1))


BLANK = dict.fromkeys(("n_moments", "omega_max", "nodes", "stiffness"), 0)
BLANK = {"density": np.zeros(0)} | BLANK | {"frequency": np.zeros(0), "participation": np.zeros(0)}
"""What a sample holds where nothing was measured."""


def piece_part(lattice: str, n: int, share: float, seed: int, resolution: float = RESOLUTION) -> dict:
    """Density of states of the largest piece of a network.

    Parameters
    ----------
    lattice, n, share, seed
        As `largest_piece`; the seed is also that of the random vectors.
    resolution : float
        Standard deviation of the kernel in sqrt(t0/m).

    Returns
    -------
    dict
        density (K,) and the kernel's n_moments and omega_max; nodes of the piece; its stiffness K in t0, 0 at the
        threshold; the rest as `BLANK`.
    """
    piece = largest_piece(lattice, n, share, seed)
    seen = see_piece(piece, seed, resolution)
    # at the threshold a box of finite size has a stiffness that depends on its size alone
    K = piece_stiffness(piece) if share > SHARES[lattice][0] else 0.0
    found = {"density": seen.g, "n_moments": seen.n_moments, "omega_max": seen.omega_max, "nodes": len(piece)}
    return BLANK | found | {"stiffness": K}


def fracton_part(n: int, seed: int) -> dict:
    """Modes near `FRACTON` of the square lattice at its threshold.

    Parameters
    ----------
    n : int
        Nodes along an edge.
    seed : int

    Returns
    -------
    dict
        frequency and participation ratio of the modes, two arrays (k,); the rest as `BLANK`.
    """
    matrix = largest_piece("square", n, SHARES["square"][0], seed).dynamical_matrix()
    found = modes.modes_near(matrix, FRACTON, min(N_LEVELS, n**2 // 12))
    return BLANK | {"frequency": found.omega, "participation": modes.participation_ratio(found)}


@method("spring-network-fractons", 1)
def measure_fractons(nodes: int, seeds: int, n_modes: int, progress: bool = False, folder=None) -> xr.Dataset:
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
    jobs, mark, parts = {}, measure_fractons.method, {}
    for group, (name, p) in GROUPS.items():
        n = max(3, round(nodes ** (1 / get_lattice(name).dimension)))
        jobs |= {f"{group} s{s}": (piece_part, name, n, p, s, RESOLUTION) for s in range(seeds)}
    for n in (n_modes, 2 * n_modes, 4 * n_modes):
        jobs |= {f"fracton {n} s{s}": (fracton_part, n, 400 + s) for s in range(seeds)}
    for sample, (work, *job) in tqdm(jobs.items(), desc=mark.name, disable=not progress):
        # each part has a folder of its own key: a change of the others leaves it valid
        kept = KeptParts(folder, mark.key(work.__name__, repr(tuple(job))))
        parts[sample] = kept.part("part", lambda work=work, job=job: work(*job))
    return _stack(parts).assign_attrs(unit="reduced", resolution=RESOLUTION, fracton=FRACTON)


def _stack(parts: dict[str, dict]) -> xr.Dataset:
    """Parts along `sample`, arrays filled up with NaN to the longest of their kind."""
    variables = {}
    for key, blank in BLANK.items():
        values = [np.asarray(part[key]) for part in parts.values()]
        if np.ndim(blank):
            longest = max(map(len, values))
            values = [np.pad(x, (0, longest - len(x)), constant_values=np.nan) for x in values]
        variables[key] = ("sample", f"{key}_1")[: 1 + np.ndim(blank)], np.stack(values)
    return xr.Dataset(variables, {"sample": list(parts)})


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


def simple_cubic_density(omega, points: int = 200) -> np.ndarray:
    """Density of states of the infinite simple cubic lattice with springs 1, normalised to 1.

    Its layers are square lattices, g(omega) = 2 omega <rho(omega^2 - 4 sin^2(k/2))>, with rho the density of squared
    frequencies of a layer and <...> over the wave vectors k across the layers.

    Parameters
    ----------
    omega : array
        In sqrt(t0/m), above 0.
    points : int
        Of the Gauss rule for k. The relative error is 1e-10 up to omega = 2, and 1e-3 above, where the singularity of
        a layer enters.

    Returns
    -------
    array
        Of the shape of omega.
    """
    omega, (x, weight) = np.asarray(omega, float)[..., None], np.polynomial.legendre.leggauss(points)
    top = 2 * np.arcsin(np.minimum(omega / 2, 1))
    layer = np.sqrt(np.maximum(omega**2 - 4 * np.sin(top * (1 + x) / 4) ** 2, 1e-30))
    return (omega * top * square_lattice_density(layer) / layer) @ weight / (2 * np.pi)


def crystal_density(lattice: str, omega=OMEGA, resolution: float = RESOLUTION) -> np.ndarray:
    """Density (K,) of the infinite crystal with springs 1, seen through a Gaussian kernel.

    A crystal in a box has no state below its first wave, in three dimensions above the lower end of `WINDOW`.

    Parameters
    ----------
    lattice : str
        A key of `SHARES`.
    omega : array, shape (K,)
    resolution : float
        Standard deviation of the kernel in sqrt(t0/m).
    """
    x, weight = np.polynomial.hermite_e.hermegauss(20)
    exact = {"square": square_lattice_density, "simple-cubic": simple_cubic_density}[lattice]
    return exact(abs(omega[:, None] + resolution * x)) @ weight / weight.sum()


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
    nodes : list of int
        Of the square lattices whose modes were found.
    shares : list of array, shape (n_modes,)
        Participation ratios of the modes within a fifth of `FRACTON`, for each size.
    """

    densities: dict[str, np.ndarray]
    stiffness: dict[str, float]
    crystals: dict[str, np.ndarray]
    nodes: list[int]
    shares: list[np.ndarray]

    def dimension(self, group: str) -> Interval:
        """d_s of a group, mean over its samples with its interval."""
        return statistics.mean_interval([spectral_dimension(OMEGA, g) for g in self.densities[group]])

    def crystal_dimension(self, lattice: str) -> float:
        """d_s of the crystal, read alike."""
        return spectral_dimension(OMEGA, self.crystals[lattice])

    @property
    def exponent(self) -> Interval:
        """Exponent of the median participation ratio of fractons with the number of nodes of the lattice."""
        return statistics.median_exponent(self.nodes, self.shares, rng=3)


def read_fractons(data: xr.Dataset) -> Fractons:
    """Densities, stiffnesses and modes of a `measure_fractons` dataset."""
    groups = np.array([name.rpartition(" s")[0] for name in data["sample"].values.tolist()])
    densities = {group: data.density.values[groups == group] for group in GROUPS}
    stiffness = {group: float(data.stiffness.values[groups == group].mean()) for group in GROUPS}
    sizes = [group for group in dict.fromkeys(groups.tolist()) if group.startswith("fracton ")]
    near, shares = abs(data.frequency.values / FRACTON - 1) < 0.2, data.participation.values
    found = [shares[groups == group][near[groups == group]] for group in sizes]
    crystals = {lattice: crystal_density(lattice) for lattice in SHARES}
    return Fractons(densities, stiffness, crystals, [int(group.split()[1]) ** 2 for group in sizes], found)
