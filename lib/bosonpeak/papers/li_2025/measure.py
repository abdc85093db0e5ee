"""What the chapter reads off its alloy: the two routes, the local quantities, the cooling rates, the product form."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from ase.units import kB

from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.papers.li_2025 import maps, three_methods
from bosonpeak.papers.li_2025.readings import SEARCH, Interval, Reading, fit_products, read_maps, read_tables
from bosonpeak.statistics import difference_interval, mean_correlation, mean_interval

_STRAINS = ("displacement", "rotation", "shear", "von Mises", "volumetric")
FIELDS = (*_STRAINS, "bond length", "neighbour distance", "coordination", "non-affine", "random sign")
"""The local quantities in the order in which the chapter lists them."""


@dataclass(frozen=True)
class Routes:
    """The maps of some glasses by motion, compared with those by modes.

    Attributes
    ----------
    difference : Interval
        Energy of the peak by motion less that by modes, in meV.
    absolute : Interval
        g / E^2 by motion over that by modes, from 5 to 20 meV.
    low, high : float
        Mean ratio of the maps by motion to those by modes, from 5 to 20 meV, in the first and in the last twenty shells
        of the window.
    three_axes : float
        r by motion at the peak with the displacement in space instead of along one axis in the Debye-Waller factor.
    """

    difference: Interval
    absolute: Interval
    low: float
    high: float
    three_axes: float


def compare_routes(motion: Reading, modes: Reading, tables) -> Routes:
    """`Routes` of some glasses.

    Parameters
    ----------
    motion, modes : Reading
        By motion and by modes.
    tables : list of xarray.Dataset
        Of the same glasses.
    """
    middle = (modes.energy >= 5) & (modes.energy <= 20)
    scales = [float((t.reduced_density_motion / t.reduced_density).values[middle].mean()) for t in tables]
    parts = np.array([[m.intensity[modes.inside][:, middle] for m in r.maps] for r in (motion, modes)])
    low, high = (float(np.divide(*x.mean(axis=(2, 3))).mean()) for x in (parts[:, :, :20], parts[:, :, -20:]))
    u2 = [t.attrs["axis_displacement"] for t in tables]
    lifted = [maps.scaled_map(m, np.exp(2 * m.q[:, None] ** 2 * u)) for m, u in zip(motion.maps, u2, strict=True)]
    wrong, _ = read_maps(lifted, motion.structures, motion.inside, SEARCH).likeness(motion.peaks)
    return Routes(mean_interval(motion.peaks - modes.peaks), mean_interval(scales), low, high, wrong)


def chi_peak(tables, field: str, motion: Reading) -> tuple[float, Interval]:
    """Maximum of the spectrum of each atom's own fluctuation of a local quantity.

    Parameters
    ----------
    tables : list of xarray.Dataset
    field : str
    motion : Reading
        Of B by motion of the same glasses.

    Returns
    -------
    energy : float
        Mean over the glasses in meV.
    over : Interval
        The energy over that of the peak of B.
    """
    peaks = three_methods.reduced_peaks(motion.energy, [t.chi.sel(field=field).values for t in tables])
    return float(peaks.mean()), motion.over_peaks(peaks)


def stands_out(fields: dict[str, Reading], at) -> Interval:
    """By how much the best other quantity with a spread below 0.15 is more like S(Q) than the shear strain.

    at: energies at which r is taken, one per glass.
    """
    rivals = [reading for name, reading in fields.items() if name not in ("shear", "von Mises")]
    best = np.max([np.where(reading.spread < 0.15, reading.r_at(at), -np.inf) for reading in rivals], axis=0)
    return mean_interval(best - fields["shear"].r_at(at))


def fields_table(fields: dict[str, Reading], at, model: dict[str, Reading], model_at, still) -> pd.DataFrame:
    """Every local quantity of the alloy and of a model glass, as a table.

    Parameters
    ----------
    fields, model : dict
        Readings of the alloy and of one model glass by quantity.
    at, model_at
        Energies at which r is taken.
    still : dict
        r of the linear quantities from the modes of the model glass, of `controls.still_correlations`.
    """
    rows = []
    for name, found in fields.items():
        r, shares = found.r_at(at), (100 * found.spread.mean(), 100 * found.hit.mean())
        other = model[name].r_at(model_at)[0], 100 * model[name].spread[0]
        likeness = f"{r.mean():.2f} ± {np.std(r, ddof=1):.2f}"
        rows.append((name, found.places.mean(), *shares, likeness, *other, still.get(name)))
    columns = "quantity,peak (meV),spread over Q (%),shells with a peak (%),r at the boson peak,Lennard-Jones: r"
    return pd.DataFrame(rows, columns=[*columns.split(","), "its spread (%)", "r by modes"])


def field_choices(table: xr.Dataset, inside, at: float) -> pd.DataFrame:
    """The displacement and the shear strain of one glass under other choices.

    Parameters
    ----------
    table : xarray.Dataset
        A full one, as `tables.scattering_table`.
    inside : array of bool, shape (B,)
        Shells of the window of Q.
    at : float
        Energy in meV at which r is taken.

    Returns
    -------
    pandas.DataFrame
        What is `varied` as the table names it, "" for nothing; numbers are not formatted.
    """
    rows = []
    for field in ("displacement", "shear", *(str(f) for f in table.field.values if "," in str(f))):
        found = read_tables([table], "omega", inside, SEARCH, field)
        base, _, what = field.partition(", ")
        rows.append((base, what, found.places[0], 100 * found.spread[0], found.r_at(at)[0]))
    return pd.DataFrame(rows, columns=["quantity", "varied", "peak (meV)", "spread over Q (%)", "r"])


def likeness_range(choices: pd.DataFrame, quantity: str) -> tuple[float, float]:
    """The smallest and the largest r of one quantity in a table of `field_choices`, as it is printed."""
    r = choices.r[choices.quantity == quantity].round(2)
    return float(r.min()), float(r.max())


def read_rates(inside) -> dict[str, np.ndarray]:
    """Peaks in meV by modes of the archived glasses of 1,000 atoms (G,), by cooling rate such as "1e13" in K/s.

    inside: shells (B,) of the window of Q.
    """
    names, alloy = shipped_results("scattering"), "Zr46Cu46Al8-sheng-2011-n1000-{}-".format
    some = {rate: [x for x in names if x.startswith(alloy(rate))] for rate in ("1e12", "1e13", "1e14")}
    tables = {rate: [load_result("scattering", x) for x in found] for rate, found in some.items()}
    return {rate: read_tables(found, "harmonic", inside, SEARCH).peaks for rate, found in tables.items()}


def cooling_effect(slow, fast) -> Interval | None:
    """What slower cooling does to the peak.

    Parameters
    ----------
    slow, fast : array, shapes (n,) and (m,)
        Peaks of glasses that were cooled slowly and fast, in meV.

    Returns
    -------
    Interval or None
        Difference of the means; None for fewer than two slow glasses.

    Raises
    ------
    ValueError
        For fewer than two fast glasses.
    """
    return (float(slow.mean() - fast.mean()), difference_interval(slow, fast)) if len(slow) > 1 else None


def rates_text(peaks: dict[str, np.ndarray]) -> str:
    """The peaks of `read_rates` in words."""
    some = {rate: values for rate, values in peaks.items() if len(values)}
    counts = {rate: f"{len(values)} glass{'es' if len(values) > 1 else ''}" for rate, values in some.items()}
    return ", ".join(f"{x.mean():.2f} meV at 10^{rate[2:]} K/s ({counts[rate]})" for rate, x in some.items())


def read_forms(motion: Reading, tables, temperature: float = 300.0) -> dict[str, Reading]:
    """Readings of S(Q, E) and of the forms in which it is drawn, by the names of `maps.intensity_forms`.

    Parameters
    ----------
    motion : Reading
        Of B by motion.
    tables : list of xarray.Dataset
        Of the same glasses.
    temperature : float
        Of the motion in K.
    """
    u2 = [t.attrs["axis_displacement"] for t in tables]
    forms = [maps.intensity_forms(m, u, temperature * kB * 1e3) for m, u in zip(motion.maps, u2, strict=True)]
    return {x: read_maps([f[x] for f in forms], motion.structures, motion.inside, SEARCH) for x in forms[0]}


def least_likeness(readings, at) -> Interval:
    """The smallest r of several readings at an energy, one per glass (G,)."""
    return mean_correlation(np.min([reading.r_at(at) for reading in readings], axis=0))


def fit_scattering(scattered: Reading, motion: Reading, tables) -> tuple[list[maps.ProductFit], list[maps.ProductFit]]:
    """Fits of Eq. 3 to S(Q, E), around the peaks of B: with S(Q), and without it.

    Parameters
    ----------
    scattered, motion : Reading
        Of S(Q, E), and of B.
    tables : list of xarray.Dataset
        Of the same glasses.
    """
    u2, scattered = [t.attrs["axis_displacement"] for t in tables], replace(scattered, peaks=motion.peaks)
    shapes = [m.q**2 * np.exp(-(m.q**2) * u) for m, u in zip(motion.maps, u2, strict=True)]
    full = [s * x for s, x in zip(motion.structures, shapes, strict=True)]
    return fit_products(scattered, full), fit_products(scattered, shapes)
