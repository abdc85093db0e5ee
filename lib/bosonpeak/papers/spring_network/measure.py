"""What the chapter reads off its series of networks: the peak of diluted lattices, and what each knob does.

Intervals are (value, (low, high)) at 95 %, over the seeds. Reduced units: length a, stiffness t0, mass m, omega in
sqrt(t0/m).
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.papers.spring_network.cpa import EffectiveMedium
from bosonpeak.papers.spring_network.excess import Excess, Group, Interval, medium_excess
from bosonpeak.papers.spring_network.recipes import Recipe
from bosonpeak.papers.spring_network.series import SHARES, STATIC, WEAK


def percent(ratio):
    """By how many per cent a ratio exceeds 1."""
    return 100 * (ratio - 1)


def percent_of(interval: Interval) -> Interval:
    """`percent` of a value and of the ends of its interval."""
    value, (low, high) = interval
    return percent(value), (percent(low), percent(high))


def farthest(found: dict[float, Interval], among: list[float]) -> tuple[float, Interval]:
    """The ratio that is farthest from 1.

    Parameters
    ----------
    found : dict of excess.Interval
        By a parameter.
    among : list of float
        The parameters that are looked at.

    Returns
    -------
    parameter : float
    ratio : excess.Interval
    """
    p = max(among, key=lambda p: abs(found[p][0] - 1))
    return p, found[p]


def read_static(excess: dict[str, Group], lattice: str) -> tuple[np.ndarray, np.ndarray]:
    """Static stiffness of diluted lattices.

    Parameters
    ----------
    excess : dict of Group
        Of `series.map_samples`.
    lattice : str

    Returns
    -------
    mean, deviation : array, shape (n,)
        Mean and standard deviation over the samples, in t0, at the n shares `series.STATIC` of the lattice.
    """
    stiffness = np.array([excess[f"static {lattice} {p:g}"].values("stiffness") for p in STATIC[lattice]])
    return stiffness.mean(axis=1), stiffness.std(axis=1, ddof=1)


@dataclass(frozen=True)
class Dilution:
    """Diluted square lattices and their effective media, by the share of the springs that is kept.

    Attributes
    ----------
    networks : dict of Group
    media : dict of Excess
    largest : Excess
        Of the largest network, at the share 0.8.
    """

    networks: dict[float, Group]
    media: dict[float, Excess]
    largest: Excess

    def over_theory(self, quantity: str) -> dict[float, Interval]:
        """One attribute of `Excess` of the networks over that of the medium."""
        return {p: group.interval(quantity, getattr(self.media[p], quantity)) for p, group in self.networks.items()}

    def at_one_place(self, omega: float) -> dict[float, Interval]:
        """The place of a peak that lies at omega whatever the disorder, over that of the medium."""
        return {p: (omega / medium.place, (omega / medium.place,) * 2) for p, medium in self.media.items()}

    def inside(self, share: float) -> bool:
        """Whether g / omega has a maximum of its own in every sample at this share."""
        return bool(self.networks[share].values("interior").all())

    def size_effect(self) -> tuple[Interval, float]:
        """Height of the peak of the largest network over that of the others: mean of the ratios, ratio of the means."""
        tops = self.networks[0.8].values("top")
        return statistics.mean_interval(self.largest.top / tops), float(self.largest.top / tops.mean())


def read_dilution(excess: dict[str, Group], media: dict[str, EffectiveMedium], resolution: float) -> Dilution:
    """Diluted square lattices and their media.

    Parameters
    ----------
    excess : dict of Group
        Of `series.knob_samples`.
    media : dict of EffectiveMedium
        Of `media.read_media`.
    resolution : float
        Standard deviation of the kernel through which the media are seen, over the first van Hove frequency.
    """
    networks = {p: excess[f"diluted {p:g}"] for p in SHARES}
    theory = {p: medium_excess(media[f"square, p = {p}"], resolution) for p in SHARES}
    return Dilution(networks, theory, excess["largest"].samples[0])


@dataclass(frozen=True)
class Knobs:
    """Networks in which one knob is turned.

    Attributes
    ----------
    groups : dict of Group
        By "<knob> <lattice>", the knobs being "crystal", "weak", "displaced", "even", "random" and "strong".
    uneven : float
        Largest variance of the coordination that is left where it was made even.
    """

    groups: dict[str, Group]
    uneven: float

    def net(self, group: str) -> Interval:
        """Net excess of a group."""
        return self.groups[group].interval("net")

    def extreme(self, knob: str, lattices: list[str], choose=max) -> str:
        """The group of a knob whose net excess is the highest, or with choose = min the lowest, of some lattices."""
        return choose((f"{knob} {name}" for name in lattices), key=lambda group: self.net(group)[0])

    def random_over_even(self) -> tuple[Interval, float]:
        """Net excess less 1 of the triangular lattice, springs missing at random over coordination made even.

        Returns the ratio with its interval, and as a control that of springs missing at random with other seeds.
        """
        even, random = (self.groups[f"{knob} triangular"].values("net") - 1 for knob in ("even", "random"))
        return statistics.mean_interval(random / even), float(np.mean(np.roll(random, 1) / random))

    def even_share(self, lattice: str) -> float:
        """Net excess less 1 where the coordination was made even, over that where springs are missing at random."""
        return (self.net(f"even {lattice}")[0] - 1) / (self.net(f"random {lattice}")[0] - 1)


def read_knobs(data: xr.Dataset, excess: dict[str, Group]) -> Knobs:
    """The knobs of `series.knob_samples`; "random square" is dilution to four fifths of the springs.

    Parameters
    ----------
    data : xarray.Dataset
        As `series.excess_dataset`.
    excess : dict of Group
        Read from it.
    """
    knobs = ("crystal ", "weak ", "displaced ", "even ", "random ", "strong ")
    groups = {name: group for name, group in excess.items() if name.startswith(knobs)}
    uneven = data.coordination_variance[data["sample"].str.startswith("even ")].max()
    return Knobs(groups | {"random square": excess["diluted 0.8"]}, float(uneven))


@dataclass(frozen=True)
class WeakSprings:
    """Square lattices with a fifth of their springs weakened.

    Attributes
    ----------
    net : dict of Interval
        Net excess, by the stiffness of the weakened springs in t0.
    share : dict of Interval
        Net excess less 1 over that where these springs are missing.
    """

    net: dict[float, Interval]
    share: dict[float, Interval]


def read_weak_springs(excess: dict[str, Group]) -> WeakSprings:
    """The groups "path <k>" of `series.knob_samples`."""
    nets = {k: excess[f"path {k:g}"].values("net") for k in WEAK}
    share = {k: statistics.mean_interval((net - 1) / (nets[0.0] - 1)) for k, net in nets.items()}
    return WeakSprings({k: statistics.mean_interval(net) for k, net in nets.items()}, share)


@dataclass(frozen=True)
class Balance:
    """Unequal springs whose sums are equal at all nodes.

    Attributes
    ----------
    kept : Interval
        Net excess less 1 over that of the same springs at random places.
    again : float
        Its control, the springs at other random places over the same.
    variance : float
        Mean relative variance of the springs.
    """

    kept: Interval
    again: float
    variance: float


def read_balance(data: xr.Dataset, excess: dict[str, Group], lattice: str) -> Balance:
    """The groups "balanced <lattice> <turn>" of `series.knob_samples`.

    Parameters
    ----------
    data : xarray.Dataset
        As `series.excess_dataset`.
    excess : dict of Group
        Read from it.
    lattice : str
    """
    kept, mixed, again = (excess[f"balanced {lattice} {turn}"].values("net") - 1 for turn in (0, 1, 2))
    variance = data.stiffness_variance[data["sample"].str.startswith(f"balanced {lattice} 0")].mean()
    return Balance(statistics.mean_interval(kept / mixed), float(np.mean(again / mixed)), float(variance))


def sum_ratio(n: int) -> float:
    """Variance of the sums of springs at the nodes of a displaced square lattice, over that of permuted springs."""
    moved = Recipe("square", n, disorder=0.3).network(0)
    mixed = replace(moved, stiffness=np.random.default_rng(0).permutation(moved.stiffness))
    return float(moved.dynamical_matrix().diagonal().var() / mixed.dynamical_matrix().diagonal().var())


def read_discs(excess: dict[str, Group], lattice: str) -> dict[tuple[float, float], float]:
    """Mean net excess of the random networks on the phase diagram, by (z, v)."""
    groups = {name: group for name, group in excess.items() if name.startswith(f"disc {lattice} ")}
    return {tuple(map(float, name.split()[2:])): float(group.mean("net")) for name, group in groups.items()}


def explorer_pairs(excess: dict[str, Group], media, resolution: float, kind: str, titles: dict) -> dict:
    """Networks of the explorer with their effective media, for all values of one slider.

    Parameters
    ----------
    excess : mapping
        For each network its excess (several samples, of which the first is shown).
    media : mapping
        Effective media by the same names, where there are any.
    resolution : float
        Standard deviation of the kernel, over the first van Hove frequency.
    kind : str
        Format of the beginning of the names, such as "share {:g}".
    titles : dict
        For each value of the slider, for each lattice the words next to its name.

    Returns
    -------
    dict
        For each value (title, excess of the network, excess of the medium or None) of each lattice, as
        `figures.draw_explorer` takes them.
    """
    pairs = {}
    for value, words in titles.items():
        names = {lattice: f"{kind.format(value)} {lattice}" for lattice in words}
        theory = {k: medium_excess(media[n], resolution) for k, n in names.items() if n in media}
        pairs[value] = [(f"{k}, {words[k]}", excess[n].samples[0], theory.get(k)) for k, n in names.items()]
    return pairs
