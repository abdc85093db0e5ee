"""Double wells of one system, read from the pairs of minima that `pairs.measure_saddles` found."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.papers.two_level.pairs import CONNECTED, OUTCOMES

Interval = tuple[float, tuple[float, float]]
"""A value with its 95 % interval."""


@dataclass(frozen=True)
class Wells:
    """The pairs of minima of one system: transitions of the tables, and links between minima on their ways.

    Intervals are of 95 %. Those of medians are over resampled glasses and their members; those of shares and exponents
    count every pair as independent.

    Attributes
    ----------
    system : str
    transitions : pandas.DataFrame
        The quantities of `measure_saddles`, one transition a row, whatever its outcome.
    links : pandas.DataFrame
        The same of the links, all of them connected.
    """

    system: str
    transitions: pd.DataFrame
    links: pd.DataFrame

    @property
    def connected(self) -> pd.DataFrame:
        """The transitions whose two minima one saddle connects."""
        return self.transitions[self.transitions.outcome == CONNECTED]

    def wells(self, links: bool) -> pd.DataFrame:
        """The connected transitions, with the links or without."""
        return pd.concat([self.connected, self.links], ignore_index=True) if links else self.connected

    @property
    def counts(self) -> dict[str, int]:
        """Number of transitions of each of the `OUTCOMES`."""
        return {outcome: int((self.transitions.outcome == outcome).sum()) for outcome in OUTCOMES}

    def share(self, outcome: str) -> Interval:
        """Share of the transitions that have an outcome. Raises ValueError where it is none of `OUTCOMES`."""
        if outcome not in OUTCOMES:
            raise ValueError(f"no outcome is {outcome!r}: choose one of {', '.join(OUTCOMES)}")
        return statistics.fraction_interval(self.transitions.outcome == outcome)

    def median(self, column: str, links: bool = False) -> Interval:
        """Median of a column over the double wells. Raises ValueError where there are none."""
        wells = self.wells(links)
        return _median(wells[column], wells.glass)

    @property
    def push_ratio(self) -> Interval:
        """Median of the smallest energy at A_c of the pushes that led to r1 over the barrier Phi(r_s) - Phi(r0)."""
        return _median(self.connected.push_barrier / self.connected.barrier, self.connected.glass)

    @property
    def back_ratio(self) -> Interval:
        """Median of the barrier as seen from r1 over that from r0."""
        return _median(self.connected.barrier_back / self.connected.barrier, self.connected.glass)

    def exponent(self, column: str, links: bool = False, below: float = 0.3) -> Interval:
        """Exponent theta of the density P(x) ~ x^theta of a column near zero, of the double wells.

        Maximum likelihood of the values below their quantile `below` (`statistics.density_exponent`). A uniform density
        has 0. Raises ValueError where fewer than five values lie there.
        """
        values = self.wells(links)[column].to_numpy()
        return statistics.density_exponent(values, float(np.quantile(values, below)) if len(values) else 1.0)

    def lower_half(self, column: str, links: bool = False, below: float = 0.5) -> Interval:
        """Of the values of a column below their quantile `below`, the share that lies below half of that quantile.

        A density that is uniform near zero gives 1/2, and x^theta gives 2^-(1 + theta). Raises ValueError where no
        value lies there.
        """
        values = self.wells(links)[column].to_numpy()
        high = np.quantile(values, below) if len(values) else 1.0
        return statistics.fraction_interval(values[values < high] < high / 2)


def _median(values, groups) -> Interval:
    return statistics.grouped_interval(statistics.split_by_group(values, groups), np.median, rng=13)


def read_wells(data: xr.Dataset, system: str) -> Wells:
    """The pairs of a `measure_saddles` dataset that are of one system, named by its potential.

    Raises
    ------
    ValueError
        If the dataset has no such system.
    """
    rows = data.to_dataframe().reset_index(drop=True)
    if system not in set(rows.system):
        raise ValueError(f"no saddles of {system!r} were measured: choose one of {', '.join(sorted(set(rows.system)))}")
    rows = rows[rows.system == system]
    parts = [rows[chosen].reset_index(drop=True) for chosen in (rows.link == 0, rows.link > 0)]
    return Wells(system, *parts)
