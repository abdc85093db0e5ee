"""What is read off the maps of several glasses at the boson peak: likeness to S(Q), centroids, products.

An interval is (value, (low, high)) at 95 %, over the glasses.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bosonpeak.papers.li_2025 import maps
from bosonpeak.papers.li_2025.tables import table_map
from bosonpeak.scattering.wavevectors import ScatteringMap
from bosonpeak.statistics import mean_correlation, mean_interval
from bosonpeak.vibrations.peaks import boson_peak

Interval = tuple[float, tuple[float, float]]
"""A value with its 95 % interval."""

WINDOW = (2.1, 8.5)
"""Wave vectors in 1/A between which li-2025 compares B with S(Q)."""

FIRST = 2.8
"""Wave vector of the first peak of S(Q) of the alloy in 1/A, which sets the scale of Q of the model glasses."""


def nearest(energy, at) -> np.ndarray:
    """Index of the energy (E,) nearest to `at`, a number or an array."""
    return abs(np.asarray(energy)[:, None] - np.ravel(at)).argmin(axis=0).reshape(np.shape(at))


@dataclass(frozen=True)
class Reading:
    """The maps of one quantity of several glasses, read over a window of Q.

    Attributes
    ----------
    maps : list of ScatteringMap
        One per glass (G).
    structures : list of arrays, shape (B,)
        S(Q) of each glass.
    inside : array of bool, shape (B,)
        Shells of the window.
    peaks : array, shape (G,)
        E_BP of each glass: the energy of the maximum of its excess over the waves of its box.
    """

    maps: list[ScatteringMap]
    structures: list[np.ndarray]
    inside: np.ndarray
    peaks: np.ndarray

    @property
    def energy(self) -> np.ndarray:
        """Energies of the maps, (E,)."""
        return self.maps[0].energy

    @property
    def mean(self) -> ScatteringMap:
        """Mean map of the glasses."""
        return maps.mean_map(self.maps)

    @property
    def structure(self) -> np.ndarray:
        """Mean S(Q) of the glasses, (B,)."""
        return np.mean(self.structures, axis=0)

    @property
    def curves(self) -> np.ndarray:
        """Pearson's r between the map and S(Q) at every energy, (G, E)."""
        pairs = zip(self.maps, self.structures, strict=True)
        return np.array([maps.structure_correlation(m, s, self.inside) for m, s in pairs])

    def cuts(self, energies) -> list[np.ndarray]:
        """The map of each glass at the energy nearest to `energies`, one number or one per glass: G arrays (B,)."""
        at = np.broadcast_to(nearest(self.energy, energies), len(self.maps))
        return [m.intensity[:, k] for m, k in zip(self.maps, at, strict=True)]

    def r_at(self, energies) -> np.ndarray:
        """r of each glass at the energy nearest to `energies`, one number or one per glass, (G,)."""
        at = np.broadcast_to(nearest(self.energy, energies), len(self.maps))
        return self.curves[np.arange(len(self.maps)), at]

    def likeness(self, energies=None) -> Interval:
        """Fisher's mean of `r_at` some energies; by default at E_BP of each glass."""
        return mean_correlation(self.r_at(self.peaks if energies is None else energies))

    def largest(self, energies=(15.0, 20.0, 25.0, 40.0)) -> Interval:
        """Fisher's mean over the glasses of the largest |r| at the energies nearest to these (n,).

        Energies beyond all modes, where nothing scatters, are left out.
        """
        return mean_correlation(np.nanmax(abs(self.curves[:, nearest(self.energy, energies)]), axis=1))

    def largest_signed(self, energies=(15.0, 20.0, 25.0, 40.0)) -> Interval:
        """As `largest`, of the largest r, or 0 where all are negative."""
        return mean_correlation(np.maximum(np.nanmax(self.curves[:, nearest(self.energy, energies)], axis=1), 0))

    def centroids(self, low: float, high: float) -> np.ndarray:
        """Centroid of the spectrum of each shell of the window between two energies, (G, B').

        A maximum may be pinned to the first phonon of the box or to the edge of a search; a centroid is not.
        """
        taken = (self.energy >= low) & (self.energy <= high)
        spectra = np.array([m.intensity[self.inside][:, taken] for m in self.maps])
        return spectra @ self.energy[taken] / spectra.sum(axis=2)

    def spread(self, low: float = 1.0, high: float = 10.0) -> Interval:
        """Standard deviation over the shells of the `centroids`, over their mean."""
        found = self.centroids(low, high)
        return mean_interval(found.std(axis=1) / found.mean(axis=1), 0)

    def bins(self, low: float = 1.0, high: float = 10.0, count: int = 8) -> Interval:
        """Standard deviation over equal bins of Q of the energy of the maximum between two energies, over its mean.

        The window is divided into `count` bins. A glass with a maximum at one of the two energies has no peak in this
        bin, and counts as 1.
        """
        q, found = self.maps[0].q, []
        edges = np.linspace(q[self.inside].min(), q[self.inside].max() + 1e-9, count + 1)
        places = np.digitize(q, edges[1:-1])
        for m in self.maps:
            spectra = [m.intensity[self.inside & (places == k)].mean(axis=0) for k in range(count)]
            peak = boson_peak(m.energy, np.transpose(spectra), 1, low, high)
            found.append(peak.omega.std() / peak.omega.mean() if np.all(peak.interior) else 1.0)
        return mean_interval(found, 0)

    def scaled_bins(self, low: float = 0.4, high: float = 4.0) -> Interval:
        """`bins` between multiples of the mean E_BP."""
        return self.bins(low * self.peaks.mean(), high * self.peaks.mean())

    def within(self, limits: tuple[float, float]) -> "Reading":
        """The same maps over another window of Q."""
        return replace(self, inside=maps.window(self.maps[0], *limits))

    def place(self, low: float = 1.0, high: float = 10.0) -> np.ndarray:
        """Energy of the maximum of the mean spectrum of the window between two energies, (G,)."""
        return np.array([maps.mean_peak(m, self.inside, low, high) for m in self.maps])

    def apart(self, energies=None, lowest: float = 0.3, sign: bool = True) -> Interval:
        """Wave vector at which a cut is highest less that at which S(Q) is, up to the end of the window.

        energies as for `cuts`, by default E_BP; lowest: smallest wave vector; sign=False gives the distance.
        """
        q, counts = self.maps[0].q, self.maps[0].counts
        shells = np.flatnonzero((q >= lowest) & (q <= q[self.inside].max()) & (counts > 0))
        pairs = zip(self.cuts(self.peaks if energies is None else energies), self.structures, strict=True)
        found = np.array([q[shells[cut[shells].argmax()]] - q[shells[s[shells].argmax()]] for cut, s in pairs])
        return mean_interval(found) if sign else mean_interval(abs(found), 0)

    def heights(self, low: float = 1.0, high: float = 10.0) -> Interval:
        """r between S(Q) and the maximum of each shell between two energies, wherever it lies."""
        taken = (self.energy >= low) & (self.energy <= high)
        pairs = zip(self.maps, self.structures, strict=True)
        tops = [(m.intensity[:, taken].max(axis=1)[self.inside], s[self.inside]) for m, s in pairs]
        return mean_correlation([np.corrcoef(*pair)[0, 1] for pair in tops])

    def reach(self, threshold: float) -> np.ndarray:
        """Highest energy up to which r stays above a threshold, from E_BP of each glass on, (G,)."""
        pairs = zip(self.curves, self.peaks, strict=True)
        return np.array([maps.range_above(self.energy, c, e, threshold)[1] for c, e in pairs])

    def detrended(self, energies, length: float = 1.2) -> np.ndarray:
        """r at some energies of the cut and S(Q), each over its own running mean in Q of a length, (G,)."""
        q = self.maps[0].q[self.inside]
        near = abs(q[:, None] - q) <= length / 2 + 1e-9
        pairs = zip(self.cuts(energies), self.structures, strict=True)
        flat = [[x[self.inside] / (near @ x[self.inside] / near.sum(axis=1)) for x in pair] for pair in pairs]
        return np.array([np.corrcoef(*pair)[0, 1] for pair in flat])

    def offset(self, energies=None) -> np.ndarray:
        """a / (a + b) of the straight line B = a + b S(Q) at some energies, by default E_BP, (G,)."""
        pairs = zip(self.cuts(self.peaks if energies is None else energies), self.structures, strict=True)
        lines = np.array([np.polyfit(s[self.inside], cut[self.inside], 1) for cut, s in pairs])
        return lines[:, 1] / lines.sum(axis=1)

    def products(self, shapes=None, limits: tuple[float, float] | None = None) -> list[maps.ProductFit]:
        """Fits of f(E) times a function of Q, by default S(Q), to the map of each glass.

        shapes: functions of Q, one per glass; limits: energies, by default from half to twice E_BP.
        """
        found = zip(self.maps, self.structures if shapes is None else shapes, self.peaks, strict=True)
        return [maps.fit_product(m, shape, self.inside, *(limits or (e / 2, 2 * e))) for m, shape, e in found]


def by_box(find: Callable, registered: int) -> Callable:
    """What `Ledger.measure` asks for: find(n) of the registered number of atoms, and of another one as a choice.

    find returns None for boxes that are not at hand.
    """

    def chosen(choice=None, option=None):
        if choice is None:
            return find(registered)
        return find(option) if choice == "box" and option != registered else None

    return chosen


def read(tables, name: str, peaks, limits=WINDOW, structure: str = "structure") -> Reading:
    """The `Reading` of one map of several tables.

    Parameters
    ----------
    tables : list of xarray.Dataset
        As `tables.scattering_table` or `spectra.spectra` gives them.
    name : str
        Map, as for `tables.table_map`.
    peaks : array, shape (G,)
        E_BP of each glass.
    limits : (float, float)
        Window of Q.
    structure : str
        Variable that holds S(Q).
    """
    found = [table_map(t, name) for t in tables]
    return Reading(found, [t[structure].values for t in tables], maps.window(found[0], *limits), np.asarray(peaks))


def product_mean(fits: list[maps.ProductFit], quantity: str) -> Interval:
    """Mean over the glasses of "residual", "flat" or "best" of their fits."""
    return mean_interval([getattr(fit, quantity) for fit in fits], 0)
