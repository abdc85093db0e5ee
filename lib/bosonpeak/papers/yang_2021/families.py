"""Barrier and boson peak in glasses of other compositions and cooling rates (yang-2021, Figs. 6 and 7)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.results import shipped_results
from bosonpeak.papers.yang_2021.barriers import archived_glass
from bosonpeak.papers.yang_2021.fields import NEAR, Interval, chance, correlate_fields, in_brackets

_COPPER, _RATES = (30, 40, 50, 60, 70), dict(zip("²³⁴⁵", "2345", strict=True))
KINDS = {
    "compositions": {f"Cu{x}Zr{100 - x}": f"Cu{x}Zr{100 - x}-mendelev-2009-n1000-1e13-s" for x in _COPPER},
    "rates": {f"10¹{label} K/s": f"Cu50Zr50-mendelev-2009-n1000-1e1{e}-s" for label, e in _RATES.items()},
}
"""Families of archived glasses: the beginning of their names by the label of the family."""


@dataclass(frozen=True)
class Family:
    """Archived glasses of one composition and rate, averaged over NEAR and taken together.

    Attributes
    ----------
    r : (float, (float, float))
        Of barrier and 1 / I_BP, pooled over the glasses.
    shuffled : array, shape (S,)
        The same with shuffled barriers.
    x, y : array, shape (n,)
        Averaged 1 / I_BP and barriers, each over its mean in its glass.
    row : dict
        What was searched and found, and r, by the headings of a table.
    tables : list of str
        The archived results that were read, as kind/name.
    """

    r: Interval
    shuffled: np.ndarray
    x: np.ndarray
    y: np.ndarray
    row: dict
    tables: list[str]


def measure_family(names, shuffles: int) -> Family:
    """`Family` of archived glasses.

    Parameters
    ----------
    names : list of str
    shuffles : int
        How often the barriers are shuffled.

    Raises
    ------
    ValueError
        If a glass is unknown or one of its tables is not archived.
    """
    glasses = [archived_glass(name) for name in names]
    each = [correlate_fields(g.inverse, g.barrier, g.atoms, NEAR, n_shuffles=shuffles) for g in glasses]
    every = xr.concat([g.table[["outcome", "connected", "barrier"]] for g in glasses], "event", combine_attrs="drop")
    *r, shuffled = statistics.pool_correlations(each)
    x, y = (np.concatenate([v / v.mean() for v in side]) for side in ([f.x for f in each], [f.y for f in each]))
    hit = every.outcome.values == 0
    row = {"glasses": len(each), "atoms": len(x), "worth": round(sum(f.effective for f in each))}
    found, connected = (f"{100 * share.mean():.0f} %" for share in (hit, every.connected.values[hit]))
    row |= {"saddles found": found, "connected": connected, "median barrier (eV)": f"{np.nanmedian(every.barrier):.2f}"}
    row |= {"r": in_brackets(r), "shuffled, 95 %": f"{chance(shuffled):.2f}"}
    return Family(tuple(r), shuffled, x, y, row, [f"events/{name}" for name in names])


def measure_families(shuffles: int) -> dict[str, dict[str, Family]]:
    """`Family` of each entry of KINDS of which a glass is archived, by kind and label."""
    known = set(shipped_results("events")) & {name.removesuffix("-modes") for name in shipped_results("local")}
    found = {}
    for kind, families in KINDS.items():
        names = {label: sorted(name for name in known if name.startswith(start)) for label, start in families.items()}
        found[kind] = {label: measure_family(own, shuffles) for label, own in names.items() if own}
    return found


def weakest(families: dict[str, Family]) -> tuple[str, float]:
    """Label of the family with the lowest r, and the largest mean r that shuffled barriers give in a family."""
    return min(families, key=lambda name: families[name].r[0]), max(float(f.shuffled.mean()) for f in families.values())


def tabulate_families(kinds: dict[str, dict[str, Family]]) -> pd.DataFrame:
    """One row per family: what was searched and found, and r."""
    return pd.DataFrame([{"": label} | family.row for families in kinds.values() for label, family in families.items()])
