"""What is read off the maps of several glasses: their peaks, their likeness to S(Q), their spread over Q.

Intervals are (value, (low, high)) at 95 %, over the glasses.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak.papers.li_2025 import maps
from bosonpeak.papers.li_2025.tables import table_map
from bosonpeak.scattering.wavevectors import ScatteringMap
from bosonpeak.statistics import mean_correlation, mean_interval

Interval = tuple[float, tuple[float, float]]
"""A value with its 95 % interval."""

WINDOW = (2.1, 8.5)
"""Wave vectors in 1/A between which li-2025 compares B with S(Q)."""

SEARCH = (1.5, 10.0)
"""Energies in meV between which a peak of the alloy is looked for."""

SEARCH_MODEL = (1.3, 8.0)
"""The same for the model glasses, reduced."""

_BOUNDS = {"spread": (0, np.inf), "hit": (0, 1)}


def relative(found: Interval, reference: float) -> Interval:
    """Relative deviation of a value with its interval from a reference."""
    value, (low, high) = found
    return value / reference - 1, (low / reference - 1, high / reference - 1)


def nearest(energy, at) -> np.ndarray:
    """Index of the energy (E,) nearest to `at`, a number or an array."""
    return abs(np.asarray(energy)[:, None] - np.ravel(at)).argmin(axis=0).reshape(np.shape(at))


@dataclass(frozen=True)
class Reading:
    """What is read off the maps of one quantity of several glasses, over a window of Q.

    Attributes
    ----------
    maps : list of ScatteringMap
        One per glass (G).
    structures : list of arrays, shape (B,)
        S(Q) of each glass.
    inside : array of bool, shape (B,)
        Shells of the window.
    peaks : array, shape (G,)
        Energy of the maximum of the mean spectrum of the window.
    curves : array, shape (G, E)
        Pearson's r between the map and S(Q) at every energy.
    shells : list of Dispersion
        Maximum of each shell.
    places, spread, hit : array, shape (G,)
        Mean over the shells of the energy of the maximum, the standard deviation of it over this mean, and the fraction
        of the shells whose maximum lies inside the energies searched.
    """

    maps: list[ScatteringMap]
    structures: list[np.ndarray]
    inside: np.ndarray
    peaks: np.ndarray
    curves: np.ndarray
    shells: list[maps.Dispersion]
    places: np.ndarray
    spread: np.ndarray
    hit: np.ndarray

    @property
    def energy(self) -> np.ndarray:
        """Energies of the maps, (E,)."""
        return self.maps[0].energy

    @property
    def mean(self) -> ScatteringMap:
        """Mean map of the glasses."""
        return maps.mean_map(self.maps)

    @property
    def curve(self) -> np.ndarray:
        """Mean over the glasses of r at every energy, (E,)."""
        return self.curves.mean(axis=0)

    def r_at(self, energies) -> np.ndarray:
        """r of each glass at the energy nearest to `energies`, one number or one per glass, (G,)."""
        at = np.broadcast_to(nearest(self.energy, energies), len(self.curves))
        return self.curves[np.arange(len(self.curves)), at]

    def likeness(self, energies=None) -> Interval:
        """Fisher's mean of `r_at` some energies; by default at the peak of each glass."""
        return mean_correlation(self.r_at(self.peaks if energies is None else energies))

    def largest(self, energies) -> Interval:
        """Fisher's mean over the glasses of the largest |r| at the energies nearest to these (n,)."""
        return mean_correlation(abs(self.curves[:, nearest(self.energy, energies)]).max(axis=1))

    def interval(self, quantity: str) -> Interval:
        """Mean over the glasses of "peaks", "places", "spread" or "hit"."""
        return mean_interval(getattr(self, quantity), *_BOUNDS.get(quantity, ()))

    def over_peaks(self, energies) -> Interval:
        """Mean over the glasses of an energy, one number or one per glass, over that of the peak."""
        return mean_interval(energies / self.peaks)

    def spread_beyond(self, q: float) -> float:
        """Mean over the glasses of the `spread` over the shells beyond a wave vector alone."""
        return float(np.mean([d.energy[d.q > q].std() / d.energy[d.q > q].mean() for d in self.shells]))


def read_maps(found, structures, inside, search) -> Reading:
    """Read the maps of several glasses.

    Parameters
    ----------
    found : list of ScatteringMap
        On one grid.
    structures : list of arrays, shape (B,)
        S(Q) of each glass.
    inside : array of bool, shape (B,)
        Shells of the window, as `maps.window` gives them.
    search : (float, float)
        Energies between which peaks are looked for, in the unit of the maps.
    """
    peaks = np.array([maps.mean_peak(m, inside, *search) for m in found])
    curves = [maps.structure_correlation(m, s, inside) for m, s in zip(found, structures, strict=True)]
    shells = [maps.peak_dispersion(m, inside, *search) for m in found]
    numbers = np.reshape([(d.energy.mean(), d.relative_spread, d.interior.mean()) for d in shells], (-1, 3)).T
    return Reading(list(found), list(structures), inside, peaks, np.array(curves), shells, *numbers)


def read_tables(tables, way: str, inside, search, field: str | None = None) -> Reading:
    """`read_maps` of one map of several tables. way and field: as in `tables.table_map`. Raises ValueError as that."""
    return read_maps([table_map(t, way, field) for t in tables], [t.structure.values for t in tables], inside, search)


def model_window(table: xr.Dataset) -> tuple[float, tuple[float, float], np.ndarray]:
    """First peak of S(Q) of a model glass, its window of Q, and the shells inside.

    The window is the same multiples of the first peak as `WINDOW` is in the alloy, whose first peak is at 2.8 1/A.
    """
    first = float(table.q[int(table.structure.values.argmax())])
    limits = tuple(q / 2.8 * first for q in WINDOW)
    return first, limits, maps.window(table_map(table, "harmonic"), *limits)


def sound_branch(tables, way: str) -> list[maps.Dispersion]:
    """Maxima of the "longitudinal" or "transverse" currents E^2 B of the modes below 2.2 1/A, of each glass."""
    found = [table_map(t, way) for t in tables]
    currents = [maps.scaled_map(m, m.energy[None] ** 2) for m in found]
    return [maps.peak_dispersion(m, maps.window(m, 0.3, 2.2), 1.0, 44.0) for m in currents]


@dataclass(frozen=True)
class Reach:
    """At which energies a map is like S(Q), means over the glasses.

    Attributes
    ----------
    low, high : float
        The range around the peak in which r stays above 0.85, in the unit of the map.
    zero : float
        Where r falls through 0 above the peak.
    best : float
        Where r is highest, from 1 meV on.
    high_over, best_over : Interval
        `high` and `best` over the energy of the peak.
    """

    low: float
    high: float
    zero: float
    best: float
    high_over: Interval
    best_over: Interval


def reach(reading: Reading) -> Reach:
    """`Reach` of the maps of some glasses."""
    energy, pairs = reading.energy, list(zip(reading.curves, reading.peaks, strict=True))
    low, high = np.transpose([maps.range_above(energy, c, e, 0.85) for c, e in pairs])
    zero = [maps.range_above(energy, c, e, 0.0)[1] for c, e in pairs]
    best = energy[energy >= 1.0][reading.curves[:, energy >= 1.0].argmax(axis=1)]
    means = (float(np.mean(x)) for x in (low, high, zero, best))
    return Reach(*means, reading.over_peaks(high), reading.over_peaks(best))


def fit_products(reading: Reading, shapes=None) -> list[maps.ProductFit]:
    """Fit f(E) times a function of Q to the map of each glass, between half and twice the energy of its peak.

    Parameters
    ----------
    reading : Reading
    shapes : list of arrays, shape (B,), optional
        Function of Q of each glass; by default S(Q).
    """
    found = zip(reading.maps, reading.structures if shapes is None else shapes, reading.peaks, strict=True)
    return [maps.fit_product(m, shape, reading.inside, e / 2, 2 * e) for m, shape, e in found]


def product_mean(fits: list[maps.ProductFit], quantity: str) -> Interval:
    """Mean over the glasses of "residual", "flat", "best" or "offset" of their fits."""
    return mean_interval([getattr(fit, quantity) for fit in fits], -np.inf if quantity == "offset" else 0)


def mean_attribute(data, name: str) -> float:
    """Mean of an attribute of some datasets."""
    return float(np.mean([each.attrs[name] for each in data]))


def mean_column(data, name: str, **where) -> np.ndarray:
    """Mean of a variable of some datasets.

    Parameters
    ----------
    data : list of xarray.Dataset
        Of one shape.
    name : str
    **where
        Coordinates by which a part of the variable is taken.

    Returns
    -------
    array
        Of the shape of the variable, or of its part.
    """
    return np.mean([each[name].sel(where).values for each in data], axis=0)
