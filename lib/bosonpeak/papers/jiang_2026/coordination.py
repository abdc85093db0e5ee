"""How many springs the nodes of the networks have, and how many contacts the discs of an amorphous solid."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.networks import SpringNetwork
from bosonpeak.networks.lattices import lattice_network
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS, SmallEnsemble
from bosonpeak.papers.jiang_2026.measure import Interval, of_family
from bosonpeak.papers.jiang_2026.packings import DiscPacking, packing_at, random_discs
from bosonpeak.vibrations.elasticity import scalar_debye_level, scalar_modulus
from bosonpeak.vibrations.peaks import CrystalExcess, excess_over_crystal
from bosonpeak.vibrations.spectra import density_of_states


@dataclass(frozen=True)
class Coordination:
    """Numbers of springs at the nodes under the distance rule, by disorder, with one number of the fixed rule.

    Attributes
    ----------
    shares : dict
        (seeds, 9) fractions of the nodes with 0 to 8 springs.
    means : dict
        Interval of the mean coordination over the seeds.
    most : dict
        The most frequent number of springs.
    farthest_from_mean, farthest_from_four : float
        Largest distance of the most frequent number from the mean, and from four, among the disorders.
    four, four_fixed : float
        Largest fraction of nodes with four springs in a network, and the smallest under the fixed rule.
    """

    shares: dict[float, np.ndarray]
    means: dict[float, Interval]
    most: dict[float, int]
    farthest_from_mean: float
    farthest_from_four: float
    four: float
    four_fixed: float


def count_springs(small: SmallEnsemble) -> Coordination:
    """Count the springs at the nodes of the small networks.

    Parameters
    ----------
    small : SmallEnsemble

    Returns
    -------
    Coordination
    """
    shares = {
        kind: np.array([_shares(network.coordination()) for network in found]) for kind, found in small.networks.items()
    }
    free, fixed = of_family(shares, "distance"), of_family(shares, "fixed")
    displaced = of_family(small.networks, "distance")
    means = {
        d: statistics.mean_interval([net.coordination().mean() for net in found]) for d, found in displaced.items()
    }
    most = {d: int(share.mean(axis=0).argmax()) for d, share in free.items()}
    return Coordination(
        free,
        means,
        most,
        max(abs(most[d] - means[d][0]) for d in DISORDERS),
        max(abs(most[d] - 4.0) for d in DISORDERS),
        float(max(share[:, 4].max() for share in free.values())),
        float(min(share[:, 4].min() for share in fixed.values())),
    )


def _shares(numbers) -> np.ndarray:
    """Fractions (9,) of the nodes that have 0 to 8 springs."""
    return np.bincount(numbers, minlength=9)[:9] / len(numbers)


@dataclass(frozen=True)
class DiscContacts:
    """Contacts of the discs in packings.

    Attributes
    ----------
    packings : list of DiscPacking
    numbers : list of arrays, shape (discs,)
        Contacts of each disc.
    mean : float
        Mean number of contacts.
    shares : array, shape (packings, 9)
        Fractions of the discs with 0 to 8 contacts.
    three_to_seven : (float, (float, float))
        Fraction of the discs with 3 to 7 contacts: the mean of the packings, and the lowest and highest of them.
    random_three_to_seven : float
        The same for discs at random positions, mean over as many seeds.
    """

    packings: list[DiscPacking]
    numbers: list[np.ndarray]
    mean: float
    shares: np.ndarray
    three_to_seven: Interval
    random_three_to_seven: float


def disc_contacts(data: xr.Dataset) -> DiscContacts:
    """Contacts in the packings of a result of `archived.discs`.

    Parameters
    ----------
    data : xarray.Dataset

    Returns
    -------
    DiscContacts

    Raises
    ------
    ValueError
        If the forces on the discs do not balance: the positions are then not those of a packing at rest.
    """
    radii, edge, packing_fraction = data.radii.values, data.attrs["edge"], data.attrs["packing_fraction"]
    packings = [packing_at(positions, radii, edge, packing_fraction) for positions in data.positions.values]
    worst = max(packing.max_force for packing in packings)
    if not worst < 1e-7:
        raise ValueError(f"a disc is pushed with a force of {worst:.2g}: the packings are not at rest; make them again")
    loose = [random_discs(len(radii), rng=seed) for seed in range(len(packings))]
    numbers, random = ([packing.contact_network().coordination() for packing in found] for found in (packings, loose))
    shares = np.array([_shares(number) for number in numbers])
    each, at_random = (
        [float(np.mean((number >= 3) & (number <= 7))) for number in found] for found in (numbers, random)
    )
    return DiscContacts(
        packings,
        numbers,
        float(np.mean(numbers)),
        shares,
        (float(np.mean(each)), (min(each), max(each))),
        float(np.mean(at_random)),
    )


def excess_over_triangular(network: SpringNetwork, rng: int = 0) -> tuple[CrystalExcess, np.ndarray, np.ndarray]:
    """The excess of a network over the triangular lattice of its Debye level, both under a kernel of 0.05 omega_v.

    Parameters
    ----------
    network : SpringNetwork
        In two dimensions; its largest piece is measured.
    rng : int
        Of the random vectors.

    Returns
    -------
    excess : CrystalExcess
    scaled, ratio : array, shape (K,)
        Frequencies in units of omega_v, and g over that of the crystal.

    Raises
    ------
    ValueError
        If the network is floppy and has no Debye level.
    """
    crystal, piece = lattice_network("triangular", 140), network.largest_piece()
    levels = [scalar_debye_level(scalar_modulus(each)) for each in (crystal, piece)]
    stiffness, scaled = levels[0] / levels[1], np.linspace(0.1, 0.9, 81)
    omega_v = np.sqrt(8.0)
    found = []
    for each, k, vectors in ((crystal, 1.0, 16), (piece, stiffness, 64)):
        options = {"resolution": 0.05 * omega_v * np.sqrt(k), "n_vectors": vectors, "rng": rng}
        seen = density_of_states(
            each.dynamical_matrix(), scaled * omega_v * np.sqrt(k), project_out=each.zero_modes(), **options
        )
        # per unit of the scaled frequency
        found.append(seen.g * np.sqrt(k) / scaled)
    # in units in which the crystal has springs 1
    excess = excess_over_crystal(scaled, found[1], found[0], levels[0] * omega_v, 1.0)
    return excess, scaled, found[1] / found[0]


@dataclass(frozen=True)
class SolidExcess:
    """Contact networks of the discs compared with the triangular lattice.

    Attributes
    ----------
    net : Interval
        Net excess over the packings.
    control : float
        That of a triangular lattice of as many nodes.
    cut_off : float
        Mean share of the discs without a load, which are taken out.
    scaled : array, shape (K,)
        Frequencies in units of the van Hove frequency.
    ratios : array, shape (packings, K)
    crystal : array, shape (K,)
        Ratio of the triangular lattice of as many nodes, whose wiggles are the waves of the box.
    """

    net: Interval
    control: float
    cut_off: float
    scaled: np.ndarray
    ratios: np.ndarray
    crystal: np.ndarray


def solid_excess(contacts: DiscContacts) -> SolidExcess:
    """Scalar springs of one stiffness on the contacts of the packings.

    Parameters
    ----------
    contacts : DiscContacts

    Returns
    -------
    SolidExcess
    """
    nets = [packing.contact_network() for packing in contacts.packings]
    found = [excess_over_triangular(network, seed) for seed, network in enumerate(nets)]
    # a cell of the triangular lattice measures 1 by sqrt(3): copies of it fill a box of nearly the same shape
    small, scaled, crystal = excess_over_triangular(lattice_network("triangular", round(np.sqrt(len(nets[0]) / 2))), 7)
    cut_off = np.mean([1 - len(network.largest_piece()) / len(network) for network in nets])
    net = statistics.mean_interval([each.net for each, _, _ in found])
    return SolidExcess(net, small.net, float(cut_off), scaled, np.array([r for _, _, r in found]), crystal)
