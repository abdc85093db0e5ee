"""What the chapter measures on its glasses.

A statistic is a function of a `readings.Reading` that returns (value, (low, high)) over the glasses. `Ledger.measure`
hands it the registered reading and, for each choice of a claim, the alternative that `Glasses.choose` finds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from ase.units import kB
from scipy.stats import t as student

from bosonpeak.papers.li_2025 import maps
from bosonpeak.papers.li_2025.alignment import Alignment
from bosonpeak.papers.li_2025.excess import Excess
from bosonpeak.papers.li_2025.readings import WINDOW, Interval, Reading, by_box, nearest, product_mean, read
from bosonpeak.papers.li_2025.spectra import read_alignment, read_excess
from bosonpeak.statistics import difference_interval, mean_correlation, mean_interval
from bosonpeak.units import MEV, RAD_PER_PS
from bosonpeak.vibrations.peaks import boson_peak

Statistic = Callable[[Reading], Interval]

HIGHEST = "maximum of g/E^2"
"""Name of the reading of E_BP that does not take off the waves of the box."""

_NAMES = {"modes": "harmonic", "motion": "motion", "neutron": "neutron"}


@dataclass(frozen=True)
class Glasses:
    """Glasses of one composition and rate in boxes of one or several sizes.

    Attributes
    ----------
    tables, spectra : dict
        Lists of datasets of `tables.scattering_table` and of `spectra.spectra` by the number of atoms.
    main : int
        The size on which claims are registered.
    limits : (float, float)
        Window of Q.
    """

    tables: dict[int, list[xr.Dataset]]
    spectra: dict[int, list[xr.Dataset]]
    main: int
    limits: tuple[float, float] = WINDOW

    @cached_property
    def excess(self) -> dict[int, list[Excess]]:
        """The `Excess` of the modes of each glass, by the number of atoms."""
        return {n: [read_excess(data) for data in some] for n, some in self.spectra.items()}

    def peaks(self, n: int | None = None, way: str = "modes") -> np.ndarray:
        """E_BP of the glasses of one size by "modes" or "motion", or the "maximum of g/E^2" of the modes, (G,)."""
        n = n or self.main
        if way == "motion":
            pairs = zip(self.spectra[n], self.tables[n], strict=True)
            found = [read_excess(data, t.reduced_density_motion.values) for data, t in pairs]
            # at an end of the search there is no peak
            return np.array([x.peak if x.interior else np.nan for x in found])
        return np.array([x.highest if way == HIGHEST else x.peak for x in self.excess[n]])

    @cached_property
    def _readings(self) -> dict[tuple[int, str], Reading]:
        found = {}
        for n, spectra in self.spectra.items():
            for route, name in _NAMES.items():
                data = spectra if route == "neutron" else self.tables.get(n, ())
                if data and all(name in each for each in data):
                    structure = "structure_neutron" if route == "neutron" else "structure"
                    found[n, route] = read(data, name, self.peaks(n), self.limits, structure)
        return found

    def reading(self, n: int | None = None, route: str = "motion") -> Reading | None:
        """Maps of the glasses of one size by one route, "modes", "motion" or "neutron"; None where there are none."""
        return self._readings.get((n or self.main, route))

    def choose(self, route: str = "motion", n: int | None = None) -> Callable:
        """What `Ledger.measure` asks for the registered reading, by a route and a size, and for its alternatives."""
        registered = n or self.main

        def chosen(choice=None, option=None):
            if choice == "box":
                return self.reading(option, route) if option != registered else None
            return self.reading(registered, option or route) if choice in (None, "route") else None

        return chosen

    def below(self) -> Reading:
        """The reading of the motion at the wave vectors below the window, where sound disperses."""
        return read(self.tables[self.main], "motion", self.peaks(), (0.3, self.limits[0] - 1e-9))

    def data(self, n: int | None = None) -> list[xr.Dataset]:
        """The spectra and the tables of the glasses of one size, in this order."""
        return [*self.spectra[n or self.main], *self.tables.get(n or self.main, ())]

    def energies(self, choice=None, option=None) -> np.ndarray | None:
        """E_BP of the registered glasses, or with another box, route or reading, for `Ledger.measure`."""
        if choice == "box":
            return self.peaks(option) if option in self.spectra and option != self.main else None
        found = self.peaks(way=option or "modes")
        return found if np.isfinite(found).all() else None

    def choose_spectra(self, n: int | None = None) -> Callable:
        """What `Ledger.measure` asks for the spectra of the registered glasses, of a size, and of another box."""
        return by_box(self.spectra.get, n or self.main)


def two_energies(first: Glasses, second: Glasses | None, n: int, fixed: int | None = None) -> Callable:
    """E_BP of two sets of glasses in boxes of n atoms, a pair of arrays, as `Ledger.measure` asks for them.

    fixed: size of the boxes of the second set where it is not that of the first. Single glasses of a second set in
    boxes of the same size are not compared, since their scatter is not known.
    """

    def chosen(choice=None, option=None):
        size, way = (option if choice == "box" else n), (option if choice == "reading" else "modes")
        other = fixed or size
        known = second is not None and size in first.spectra and len(second.spectra.get(other, ())) > 1
        return (first.peaks(size, way), second.peaks(other, way)) if known else None

    return chosen


def mean_difference(pair) -> Interval:
    """Mean of the first of two arrays less that of the second."""
    return float(pair[0].mean() - pair[1].mean()), difference_interval(*pair)


def mean_ratio(pair) -> Interval:
    """Mean of the first of two arrays over that of the second; the larger of the two scatters stands for both."""
    scatter, ratio = [x.std(ddof=1) / x.mean() for x in pair if len(x) > 1], float(pair[0].mean() / pair[1].mean())
    if not scatter:
        return ratio, (-np.inf, np.inf)
    half = student.ppf(0.975, max(sum(map(len, pair)) - 2, 1)) * max(scatter) * np.sqrt(sum(1 / len(x) for x in pair))
    return ratio, (ratio * (1 - half), ratio * (1 + half))


def boxes_table(glasses: Glasses) -> pd.DataFrame:
    """E_BP, the maximum of g / E^2 and the first phonon of each size of box, as a table that is not formatted."""
    rows = []
    for n, some in sorted(glasses.excess.items()):
        numbers = np.array([(x.first, x.highest, x.peak, x.height, x.upper) for x in some])
        scatter = numbers[:, 2].std(ddof=1) if len(some) > 1 else np.nan
        rows.append((f"{n:,}", len(some), *numbers[:, :3].mean(axis=0), scatter, *numbers[:, 3:].mean(axis=0)))
    names = "atoms,glasses,first phonon,maximum of g/E²,E_BP,scatter of E_BP,height over Debye,upper half height"
    return pd.DataFrame(rows, columns=names.split(","))


def intensity_forms(reading: Reading, tables, temperature: float = 300.0) -> dict[str, Reading]:
    """Readings of S(Q, E) and of the forms in which it is drawn, by the names of `maps.intensity_forms`.

    reading: of B by the motion of the glasses of the tables, at a temperature in K.
    """
    u2 = [t.attrs["axis_displacement"] for t in tables]
    forms = [maps.intensity_forms(m, u, temperature * kB * 1e3) for m, u in zip(reading.maps, u2, strict=True)]
    return {x: replace(reading, maps=[f[x] for f in forms]) for x in forms[0]}


def lifted(glasses: Glasses) -> Statistic:
    """Statistic: r with the mean square displacement of all three axes in the Debye-Waller factor."""
    return lambda reading: _rescaled(glasses, reading, axis_displacement=2).likeness()


def with_whole_displacement(glasses: Glasses) -> Callable[[Reading], Reading]:
    """A reading by motion whose Debye-Waller factor is that of the whole run (`tables.vibrational`)."""
    return lambda reading: _rescaled(glasses, reading, whole_displacement=1, axis_displacement=-1)


def _rescaled(glasses, reading, **multiples) -> Reading:
    """A reading by motion times exp(Q^2 x), where x is a sum of multiples of displacements of each table."""
    added = [sum(k * t.attrs[name] for name, k in multiples.items()) for t in _tables_of(glasses, reading)]
    pairs = zip(reading.maps, added, strict=True)
    return replace(reading, maps=[maps.scaled_map(m, np.exp(m.q[:, None] ** 2 * x)) for m, x in pairs])


def upper_range(glasses: Glasses, threshold: float = 0.85, over: str = "upper", covered: bool = False) -> Statistic:
    """Statistic: energy at which r falls below a threshold, over that at which the excess falls to half.

    over: "upper" for the excess over the waves of the box, "upper_debye" for that over the Debye level. There is no
    value where this excess does not fall to half. covered: whether a glass whose r at E_BP is below the threshold
    counts as 0; otherwise its range ends at E_BP.
    """

    def measured(reading):
        some = next(e for e in glasses.excess.values() if np.array_equal([x.peak for x in e], reading.peaks))
        ends, reach = np.array([getattr(x, over) for x in some]), reading.reach(threshold)
        if covered:
            reach = np.where(reading.r_at(reading.peaks) >= threshold, reach, 0.0)
        return mean_interval(reach / ends) if np.isfinite(ends).all() else None

    return measured


def shuffled(reading: Reading, seed: int = 1) -> Reading:
    """The same maps with the S(Q) of the shells of the window in another order."""
    place = np.arange(len(reading.inside))
    place[reading.inside] = np.random.default_rng(seed).permutation(place[reading.inside])
    return replace(reading, structures=[s[place] for s in reading.structures])


def at_energy(energy: float) -> Statistic:
    """Statistic: r at an energy."""
    return lambda reading: reading.likeness(energy)


def distance_at(energy: float | None = None) -> Statistic:
    """Statistic: distance in Q between the highest maximum of a cut, within the window, and that of S(Q)."""
    return lambda reading: reading.apart(energy, reading.maps[0].q[reading.inside].min(), sign=False)


def residual(quantity: str = "residual", limits=None) -> Statistic:
    """Statistic: "residual", "flat" or "best" of the product f(E) S(Q) between two energies, by default around E_BP."""
    return lambda reading: product_mean(reading.products(limits=limits), quantity)


def mean_offset(energy: float | None = None) -> Statistic:
    """Statistic: a / (a + b) of B = a + b S(Q) at an energy, by default E_BP."""
    return lambda reading: mean_interval(reading.offset(energy))


def _tables_of(glasses: Glasses, reading: Reading) -> list[xr.Dataset]:
    return next(t for n, t in glasses.tables.items() if len(t) == len(reading.maps) and glasses.reading(n) is reading)


def scattered_residual(glasses: Glasses, structured: bool = True, key: str = "axis_displacement") -> Statistic:
    """Statistic: the residual of Eq. 3 fitted to S(Q, E) of a reading by motion, with S(Q) or with 1 in its place.

    key: the u^2 of the tables that the Debye-Waller factor of the fit takes, as `tables.vibrational` names them.
    """

    def measured(reading):
        tables = _tables_of(glasses, reading)
        shapes = [m.q**2 * np.exp(-(m.q**2) * t.attrs[key]) for m, t in zip(reading.maps, tables, strict=True)]
        if structured:
            shapes = [shape * s for shape, s in zip(shapes, reading.structures, strict=True)]
        return product_mean(intensity_forms(reading, tables)["S"].products(shapes), "residual")

    return measured


def feature(glasses: Glasses, length: float = 1.2, energy: float | None = None) -> Statistic:
    """Statistic: the smaller detrended r of S and S<n>/(EQ) at E_BP; at another energy, as a control, the larger."""

    def measured(reading):
        forms = intensity_forms(reading, _tables_of(glasses, reading))
        at = reading.peaks if energy is None else energy
        found = [forms[name].detrended(at, length) for name in ("S", "S <n> / (E Q)")]
        return mean_correlation(np.min(found, axis=0) if energy is None else np.max(found, axis=0))

    return measured


def compare_routes(glasses: Glasses, n: int) -> tuple[Interval, Interval]:
    """Peak of the motion less that of the modes in meV, and g / E^2 of the former over the latter, 5 to 20 meV."""
    motion, modes, tables = glasses.reading(n), glasses.reading(n, "modes"), glasses.tables[n]
    middle = (modes.energy >= 5) & (modes.energy <= 20)
    scales = [float((t.reduced_density_motion / t.reduced_density).values[middle].mean()) for t in tables]
    return mean_interval(motion.place() - modes.place()), mean_interval(scales)


def in_words(found: Interval | None) -> str:
    """A value with its interval in words; the interval of a correlation of one glass is that of no knowledge."""
    if found is None:
        return "(not measured in this run)"
    value, (low, high) = found
    return f"{value:.2f} (one glass)" if (low, high) == (-1, 1) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def sound_branch(data: list[xr.Dataset], way: str) -> tuple[np.ndarray, np.ndarray]:
    """Wave vectors of the shells below 2.1 1/A, and the energy of the maximum of a current E^2 B at each, (B',)."""
    found = maps.mean_map(read(data, way, [], (0.3, 2.1), "q").maps)
    inside = maps.window(found, 0.3, 2.1)
    return found.q[inside], boson_peak(found.energy, (found.energy**2 * found.intensity[inside]).T, 1, 1.0, 44.0).omega


def sound_speed(data: list[xr.Dataset], way: str) -> float:
    """Mean of hbar times the speed of "longitudinal" or "transverse" sound, in meV A."""
    return float(np.mean([x.attrs[f"{way}_speed"] for x in data]) * MEV / RAD_PER_PS)


@dataclass(frozen=True)
class Mechanism:
    """The likeness of some glasses to S(Q) and what follows from the alignment of their atoms.

    Attributes
    ----------
    reading : Reading
        By all normal modes.
    alignments : list of Alignment
        Of the same glasses.
    """

    reading: Reading
    alignments: list[Alignment]

    @property
    def neighbours(self) -> np.ndarray:
        """Alignment of nearest neighbours, (G, E)."""
        return np.array([a.neighbours for a in self.alignments])

    @property
    def far(self) -> np.ndarray:
        """Alignment of the pairs 8 to 10 A apart, (G, E)."""
        return np.array([a.between(8.0, 10.0) for a in self.alignments])

    def predicted(self, pairs: str) -> np.ndarray:
        """r(E) of the B that `Alignment.intensity` yields, (G, E); 0 where that B does not depend on Q."""
        both = zip(self.reading.maps, self.alignments, strict=True)
        made = [replace(m, intensity=a.intensity(m.q, pairs)) for m, a in both]
        return np.nan_to_num(replace(self.reading, maps=made).curves)

    def zero(self, curves) -> np.ndarray:
        """Energy above E_BP at which each curve (G, E) falls through 0, (G,)."""
        pairs = zip(curves, self.reading.peaks, strict=True)
        return np.array([maps.range_above(self.reading.energy, c, e, 0.0)[1] for c, e in pairs])

    def at_peak(self, curves) -> np.ndarray:
        """Each curve (G, E) at E_BP, (G,)."""
        return np.asarray(curves)[np.arange(len(curves)), nearest(self.reading.energy, self.reading.peaks)]

    def directed(self, energy: float) -> np.ndarray:
        """`Alignment.directed` at an energy, along and across, means over the glasses, (2,)."""
        return np.mean([a.directed(energy) for a in self.alignments], axis=0)

    def zeros(self, name: str = "neighbours") -> Interval:
        """Zero of the alignment of "neighbours" or of "far" pairs over that of r."""
        return mean_interval(self.zero(getattr(self, name)) / self.zero(self.reading.curves), 0)

    def offsets(self, name: str = "neighbours") -> Interval:
        """Offset of B against S(Q) at E_BP less what is missing from full alignment."""
        return mean_interval(self.reading.offset() - (1 - self.at_peak(getattr(self, name))))

    def deviation(self, pairs: str = "undirected") -> Interval:
        """Root mean square, from 1 to 25 meV, of r as it is measured less `predicted`."""
        taken = (self.reading.energy >= 1.0) & (self.reading.energy <= 25.0)
        apart = (self.predicted(pairs) - self.reading.curves)[:, taken]
        return mean_interval(np.sqrt((apart**2).mean(axis=1)), 0)


def mechanisms(glasses: Glasses, n: int) -> Callable:
    """The `Mechanism` of the glasses of n atoms, and of other boxes, as `Ledger.measure` asks for them."""

    def find(size):
        reading = glasses.reading(size, "modes")
        return reading and Mechanism(reading, [read_alignment(x) for x in glasses.spectra[size]])

    return by_box(find, n)
