"""Phonon-like modes compared with quasi-localised ones, and what depends on the number of particles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.papers.mizuno_2020.measure import NONE, Estimate, Pushed
from bosonpeak.papers.mizuno_2020.transitions import PHONON_LIKE, matched_pairs, pushed_modes
from bosonpeak.statistics.bootstrap import resample_groups


@dataclass(frozen=True)
class Pairs:
    """Phonon-like modes and quasi-localised modes of nearly the same frequency in the same box (`matched_pairs`).

    Attributes
    ----------
    phonons, partners : pandas.DataFrame
        Rows of `transitions.pushed_modes`, one per pair, for either.
    """

    phonons: pd.DataFrame
    partners: pd.DataFrame

    def ratio(self, column: str) -> Estimate:
        """Geometric mean over the pairs of a column of the phonon-like mode over that of its partner.

        Pairs of which one mode has no finite positive value are left out. The interval is Student's, of the logarithms;
        (None, None) for fewer than three pairs.
        """
        one, other = self.phonons[column].to_numpy(float), self.partners[column].to_numpy(float)
        good = np.isfinite(one) & np.isfinite(other) & (one > 0) & (other > 0)
        if good.sum() < 3:
            return NONE
        value, (low, high) = statistics.mean_interval(np.log(one[good] / other[good]))
        return float(np.exp(value)), (float(np.exp(low)), float(np.exp(high)))


def find_pairs(tables: Sequence[xr.Dataset]) -> Pairs:
    """`Pairs` of the tables that were made with pairs.

    Parameters
    ----------
    tables : sequence of xarray.Dataset
        Of `transitions.tabulate_transitions`; those without the attribute `pairs` have none.

    Returns
    -------
    Pairs
        Without rows if no table has pairs.
    """
    kinds = ([], [])
    for table in (table for table in tables if table.attrs.get("pairs", 0)):
        rows = pushed_modes([table]).set_index("mode")
        chosen = matched_pairs(table.frequency.values, table.phonon_order_parameter.values, table.attrs["pairs"])
        for kind, modes in zip(kinds, (chosen[::2], chosen[1::2]), strict=True):
            kind.append(rows.loc[modes].reset_index())
    names = ("amplitude", "phonon_order_parameter", "distance", "third_order_amplitude", "n_atoms", "seed", "mode")
    empty = pd.DataFrame(columns=names)
    return Pairs(*(pd.concat(kind, ignore_index=True) if kind else empty for kind in kinds))


def pair_table(pairs: Pairs) -> pd.DataFrame:
    """`Pairs` as a table, the phonon-like mode of each pair above its partner.

    Parameters
    ----------
    pairs : Pairs

    Returns
    -------
    pandas.DataFrame
        In reduced units; `A3` is the third-order estimate of A_c (Eq. A3).
    """
    both = pd.concat([pairs.phonons, pairs.partners]).sort_index(kind="stable")
    names = {"n_atoms": "N", "frequency": "omega", "phonon_order_parameter": "O_k", "participation_ratio": "P_k"}
    names |= {"amplitude": "A_c", "third_order_amplitude": "A3", "distance": "|dr|", "energy": "dPhi"}
    return both.reindex(columns=list(names)).rename(columns=names)


def phonons_that_leave(pushed: Pushed, pairs: Pairs, most: float = 1e-2) -> tuple[Estimate, pd.DataFrame]:
    """Share of the pushed modes with O_k above 0.7 that leave the basin at an amplitude up to `most`.

    Parameters
    ----------
    pushed : Pushed
    pairs : Pairs
        Their phonon-like modes count as well, each mode once.
    most : float
        In sigma.

    Returns
    -------
    share : Estimate
        (None, None) if there are no such modes.
    modes : pandas.DataFrame
        These modes.
    """
    every = pd.concat([pushed.modes, pairs.phonons]).drop_duplicates(["n_atoms", "seed", "mode"])
    phonons = every[every.phonon_order_parameter > PHONON_LIKE]
    return (statistics.fraction_interval(phonons.amplitude <= most) if len(phonons) else NONE), phonons


def amplitude_size_exponent(frame: pd.DataFrame, rng: int = 13, draws: int = 1000) -> Estimate:
    """c of ln A_c = a + b ln omega + c ln N by least squares: how A_c depends on N at one frequency.

    Parameters
    ----------
    frame : pandas.DataFrame
        Modes that left, with the columns amplitude, frequency, sample and n_atoms. Sizes with a single sample are left
        out, because one sample says nothing about the next.
    rng : int
        Seed of the bootstrap, which resamples the samples of each size and then the modes of each sample.
    draws : int

    Returns
    -------
    Estimate
        (None, None) where fewer than two sizes are left, or fewer than ten modes.
    """
    frame = frame[frame.groupby("n_atoms")["sample"].transform("nunique") > 1]
    if frame.n_atoms.nunique() < 2 or len(frame) < 10:
        return NONE

    def fit(parts):
        omega, n, amplitude = np.log(np.concatenate(parts, axis=1))
        return np.linalg.lstsq(np.column_stack([np.ones(len(n)), omega, n]), amplitude, rcond=None)[0][2]

    names, random = ["frequency", "n_atoms", "amplitude"], np.random.default_rng(rng)
    sizes = [[g[names].to_numpy(float).T for _, g in f.groupby("sample")] for _, f in frame.groupby("n_atoms")]
    drawn = [fit([g for size in sizes for g in resample_groups(size, random)]) for _ in range(draws)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(fit([g for size in sizes for g in size])), (float(low), float(high))


def largest_gap(lengths, rng: int = 17, draws: int = 2000) -> float | None:
    """Largest gap between neighbouring log10 of some lengths over the one that independent lengths have.

    The gaps between the quantiles of 5 and 95 % count. Independent lengths are log-normal, of the same mean, variance
    and number; their largest gap is taken at its quantile of 95 %.

    Parameters
    ----------
    lengths : array, shape (k,)
        Positive.
    rng : int
        Seed.
    draws : int

    Returns
    -------
    float or None
        None for fewer than five lengths.
    """
    x = np.log10(np.asarray(lengths, float))
    if len(x) < 5:
        return None

    def gap(values):
        ordered = np.sort(values)
        low, high = np.quantile(ordered, [0.05, 0.95])
        return np.diff(ordered[(ordered >= low) & (ordered <= high)]).max(initial=0.0)

    random = np.random.default_rng(rng)
    usual = np.quantile([gap(random.normal(x.mean(), x.std(), len(x))) for _ in range(draws)], 0.95)
    return float(gap(x) / usual)
