"""What the chapter reads off its series of networks: the peak of diluted lattices, and what each knob does.

Intervals are (value, (low, high)) at 95 %, over the seeds. Reduced units: length a, stiffness t0, mass m, omega in
sqrt(t0/m).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.networks.lattices import get_lattice, lattice_network
from bosonpeak.papers.spring_network.cpa import EffectiveMedium
from bosonpeak.papers.spring_network.excess import Excess, Group, Interval, medium_excess
from bosonpeak.papers.spring_network.series import SHARES, WEAK, read_excess, whole_grid
from bosonpeak.vibrations.peaks import count_maxima


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
        By "<knob> <lattice>", the knobs being "crystal", "displaced", "mixed", "even" and "random"; and
        "variance <f> <lattice>".
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
        names = "even triangular", "random triangular", "random again triangular"
        even, random, again = (self.groups[name].values("net") - 1 for name in names)
        return statistics.mean_interval(random / even), float(np.mean(again) / np.mean(random))


def read_knobs(data: xr.Dataset, excess: dict[str, Group]) -> Knobs:
    """The knobs of `series.knob_samples`; "random square" is dilution to four fifths of the springs.

    Parameters
    ----------
    data : xarray.Dataset
        As `series.excess_dataset`.
    excess : dict of Group
        Read from it.
    """
    knobs = ("crystal ", "displaced ", "mixed ", "even ", "random ", "variance ")
    groups = {name: group for name, group in excess.items() if name.startswith(knobs)}
    uneven = data.coordination_variance[data["sample"].str.startswith("even ")].max()
    return Knobs(groups | {"random square": excess["diluted 0.8"]}, float(uneven))


def read_weak_springs(excess: dict[str, Group]) -> tuple[dict[float, Interval], dict[float, Interval]]:
    """Square lattices with a fifth of their springs weakened, the groups "path <k>" of `series.knob_samples`.

    Returns
    -------
    net : dict of Interval
        Net excess, by the stiffness of the weakened springs in t0.
    share : dict of Interval
        Net excess less 1 over that where these springs are missing.
    """
    nets = {k: excess[f"path {k:g}"].values("net") for k in WEAK}
    share = {k: statistics.mean_interval((net - 1) / (nets[0.0] - 1)) for k, net in nets.items()}
    return {k: statistics.mean_interval(net) for k, net in nets.items()}, share


@dataclass(frozen=True)
class Spread:
    """Networks of one distribution of springs on one lattice.

    Attributes
    ----------
    excess : Group
    variance, weak : float
        Mean relative variance of the springs, and mean share of them below a tenth of the mean or missing.
    coordination, coordination_variance : float
    maxima : array of int, shape (samples,)
        Number of maxima of g / omega^(d-1).
    omega, over_level : array, shape (K,)
        Frequencies of the whole spectrum in sqrt(t0/m), and its mean g / omega^(d-1) over the Debye level.
    """

    excess: Group
    variance: float
    weak: float
    coordination: float
    coordination_variance: float
    maxima: np.ndarray
    omega: np.ndarray
    over_level: np.ndarray

    @property
    def net(self) -> Interval:
        """Net excess."""
        return self.excess.interval("net")


def read_spreads(data: xr.Dataset) -> dict[str, Spread]:
    """The groups "<distribution> <lattice>" of `series.distribution_samples`.

    Parameters
    ----------
    data : xarray.Dataset
        As `series.excess_dataset`, with whole spectra.
    """
    found = {}
    for name, group in read_excess(data).items():
        each = data.sel(sample=[f"{name} s{s}" for s in range(len(group.samples))])
        lattice = name.rpartition(" ")[2]
        omega = whole_grid(lattice)
        level = group.values("level")[:, None]
        over = each.whole.values / omega ** (get_lattice(lattice).dimension - 1) / level
        low = 0.15 * group.values("omega_v").min()
        maxima = np.array([count_maxima(omega, curve, 1.0, low, omega[-1]) for curve in over])
        means = (
            float(each[key].mean()) for key in ("stiffness_variance", "weak", "coordination", "coordination_variance")
        )
        found[name] = Spread(group, *means, maxima, omega, over.mean(axis=0))
    return found


def same_variance(spreads: dict[str, Spread], lattice: str) -> dict[str, Interval]:
    """Net excess less 1 over that of dilution: of few strong springs, and of dilution with half the variance."""
    reference = spreads[f"dilution {lattice}"].excess.values("net") - 1
    return {
        kind: statistics.mean_interval((spreads[f"{kind} {lattice}"].excess.values("net") - 1) / reference)
        for kind in ("few-strong", "half-dilution")
    }


def most_or_fewest(spreads: dict[str, Spread], names, choose=max) -> tuple[str, Interval]:
    """The network with the most maxima, or with choose = min the fewest, and the interval of their number."""
    name = choose(names, key=lambda name: spreads[name].maxima.mean())
    return name, statistics.mean_interval(spreads[name].maxima)


STRENGTH = ("box", "halves", "few-strong", "gamma-0.25", "gamma-0.5", "gamma-1.5")
"""Distributions without a missing spring."""


def spread_table(spreads: dict[str, Spread]) -> pd.DataFrame:
    """One row for each distribution and lattice.

    Parameters
    ----------
    spreads : dict of Spread

    Returns
    -------
    pandas.DataFrame
        With the relative variance v of the springs, the share below a tenth of the mean, z and its variance, the
        stiffness K (t0), the height over the own Debye level and the net excess in per cent, the place of the maximum
        of g / omega^(d-1) below 0.8 omega_v in units of omega_v, and the number of maxima.
    """
    rows = []
    for name, found in spreads.items():
        kind, _, lattice = name.rpartition(" ")
        group = found.excess
        place = f"{group.mean('place') / group.mean('omega_v'):.2f}" if group.values("interior").all() else "none"
        springs = [f"{found.variance:.2f}", f"{100 * found.weak:.1f}"]
        springs += [f"{found.coordination:.2f}", f"{found.coordination_variance:.2f}", f"{group.mean('stiffness'):.3f}"]
        excess = [f"{percent(group.mean(key)):.1f}" for key in ("height", "net")]
        words = kind.replace("-", " ").replace("p ", "dilution, p = ").replace("swept", "weak share")
        words = words.replace("half dilution", "dilution, p = 8/9")
        rows.append([words, lattice, *springs, *excess, place, f"{found.maxima.mean():.2g}"])
    titles = ["springs", "lattice", "v", "near zero (%)", "z", "var z", "K", "over own level (%)", "net excess (%)"]
    return pd.DataFrame(rows, columns=[*titles, "place", "maxima"])


def count_floppy(n: int, share: float, seeds: list[int]) -> Interval:
    """Zero modes of diluted square lattices over Maxwell's count 1 - 2p per node.

    Parameters
    ----------
    n : int
        Nodes along an edge.
    share : float
        Probability p of each spring to be kept, below one half.
    seeds : list of int
    """
    pieces = [lattice_network("square", n, bond_fraction=share, rng=s).components()[0] for s in seeds]
    return statistics.mean_interval(np.array(pieces) / n**2 / (1 - 2 * share))


def exponent_text(found) -> str:
    """An exponent with its interval in words, or that too few wave vectors qualify."""
    value, ends = found
    return "not measured" if value is None else f"{value:.2f} [{ends[0]:.2f}, {ends[1]:.2f}]"
