"""The peak of the same glasses as neutrons, Raman scattering and the specific heat would show it (li-2025, Fig. 2)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bosonpeak.papers.li_2025 import heat, maps
from bosonpeak.papers.li_2025.readings import WINDOW, Interval, read
from bosonpeak.papers.li_2025.spectra import EXCESS_WIDTH, SEARCH
from bosonpeak.statistics import mean_interval
from bosonpeak.vibrations.peaks import boson_peak


def smoothed_peak(energy, spectrum, kernel: float) -> float:
    """Energy in meV of the maximum of a reduced spectrum (E,) with a kernel, under the Gaussian of the excess."""
    return boson_peak(energy, spectrum, 1, *SEARCH["meV"], float(np.sqrt(EXCESS_WIDTH["meV"] ** 2 - kernel**2))).omega


def _over_density(peak: Callable) -> Callable[[list], Interval]:
    """Statistic of spectra: energy that `peak` of a dataset returns over that of the peak of g / E^2, minus 1."""

    def of_density(data) -> float:
        return smoothed_peak(data.energy.values, data.reduced_density.values, data.attrs["width"])

    return lambda spectra: mean_interval([peak(data) / of_density(data) - 1 for data in spectra])


def neutron_peaks(limits: tuple[float, float] = WINDOW) -> Callable[[list], Interval]:
    """Statistic of spectra: peak of B with neutron lengths, mean over some Q, over that of g / E^2, minus 1."""

    def peak(data) -> float:
        reading = read([data], "neutron", [np.nan], (limits[0], limits[1] - 1e-9), "structure_neutron")
        return smoothed_peak(reading.energy, maps.mean_spectrum(reading.mean, reading.inside), data.attrs["width"])

    return _over_density(peak)


def raman_peaks(linear: bool = False) -> Callable[[list], Interval]:
    """Statistic of spectra: peak of the Raman spectrum, reduced by a constant coupling, over that of g / E^2, minus 1.

    The spectrum is C(E) g / E^2 with the C of induced dipoles. With linear=True it is reduced with a coupling that is
    proportional to E instead, which divides it by E.
    """

    def peak(data) -> float:
        energy = data.energy.values
        return smoothed_peak(energy, data.raman.values / (energy if linear else 1), data.attrs["width"])

    return _over_density(peak)


def coupling(data) -> np.ndarray:
    """C(E) of a dataset of `spectra.spectra`, (E,): NaN where g / E^2 is below a thousandth of its maximum."""
    density = data.reduced_density.values
    return np.where(density > 1e-3 * density.max(), data.raman.values / np.maximum(density, 1e-300), np.nan)


def coupling_exponent(spectra, low: float = 2.0, high: float = 10.0) -> Interval:
    """Exponent p of C(E) ~ E^p of some spectra between two energies in meV."""

    def exponent(data) -> float:
        energy, values = data.energy.values, coupling(data)
        taken = (energy >= low) & (energy <= high) & np.isfinite(values)
        return np.polyfit(np.log(energy[taken]), np.log(values[taken]), 1)[0]

    return mean_interval([exponent(data) for data in spectra])


@dataclass(frozen=True)
class Heats:
    """The specific heats of some glasses, each of one density throughout.

    Attributes
    ----------
    registered : list of Heat
        From 5 K, with free shares.
    einstein, level : dict
        Interval of the Einstein energy over the true peak, minus 1, and of the Debye level of the fit over that of the
        moduli, by choice; None is the registered one.
    tables : list of pandas.DataFrame
        The synthetic densities of each glass.
    """

    registered: list[heat.Heat]
    einstein: dict
    level: dict
    tables: list[pd.DataFrame]

    def slope(self, near: float) -> Interval:
        """Slope of the Einstein energy against the true peak near an energy in meV, over the glasses."""
        return mean_interval([heat.slope_near(table, near) for table in self.tables])

    def allowed(self, reading: str = "Einstein energy") -> tuple[float, float]:
        """Lowest and highest true peak in meV, of any glass, at which a column of the tables shows what is measured."""
        low, high = np.transpose([heat.allowed_peaks(table, reading) for table in self.tables])
        return float(low.min()), float(high.max())

    def alternatives(self, quantity: str) -> dict:
        """The choices of "einstein" or "level", for `Ledger.record`."""
        return {key: value for key, value in getattr(self, quantity).items() if key is not None}


def read_heats(names) -> Heats:
    """`Heats` of some glasses with archived spectra, by their names. Raises ValueError as `heat.read_heat`."""
    ways = {None: {}, ("lowest_temperature", 8): {"lowest": 8.0}, ("lowest_temperature", 12): {"lowest": 12.0}}
    ways |= {("shares", "add up to 1"): {"whole": True}, ("fit", "Einstein energy anywhere"): {"inside": False}}
    found = {key: [heat.read_heat(name, **options) for name in names] for key, options in ways.items()}
    off = {key: [h.fit.einstein_energy / h.peak.omega - 1 for h in some] for key, some in found.items()}
    einstein = {key: mean_interval(some) for key, some in off.items()}
    fitted = [h.fit.boson_peak / h.peak.omega - 1 for h in found[None]]
    einstein["reading", "peak of the fit's g/E^2"] = mean_interval(fitted)
    del found["fit", "Einstein energy anywhere"]
    level = {key: mean_interval([h.level_ratio[0] for h in some], 0) for key, some in found.items()}
    return Heats(found[None], einstein, level, [heat.synthetic_map(one) for one in found[None]])
