"""The peak of one glass as neutrons, Raman scattering and the specific heat would show it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bosonpeak.archive.results import load_result, load_vibrations
from bosonpeak.papers.li_2025 import maps
from bosonpeak.papers.li_2025.readings import SEARCH, WINDOW, Interval, Reading, read_tables, relative
from bosonpeak.scattering import raman, specific_heat
from bosonpeak.statistics import mean_interval
from bosonpeak.units import MEV, RAD_PER_PS
from bosonpeak.vibrations.peaks import boson_peak

IN_RAD = RAD_PER_PS / MEV
"""Angular frequency in rad/ps of one meV."""


def reduced_peaks(energy, spectra, highest: float = SEARCH[1]) -> np.ndarray:
    """Energy in meV of the maximum of each spectrum (G, E), which is divided by E^2 already, up to `highest`, (G,).

    Energies at which a spectrum is NaN, as C(E) is where a box has no modes, are left out.
    """
    known = [np.isfinite(x) for x in spectra]
    options = {"dimension": 1, "omega_min": SEARCH[0], "omega_max": highest}
    return np.array([boson_peak(energy[k], x[k], **options).omega for x, k in zip(spectra, known, strict=True)])


def reduced_raman(tables, temperature: float = 300.0) -> np.ndarray:
    """C g / E^2 of each glass (G, E): its Raman intensity at a temperature in K, reduced with a constant coupling."""
    energy = tables[0].energy.values
    density = [t.reduced_density.values * energy**2 for t in tables]
    seen = [raman.raman_intensity(energy, g, temperature, t.raman.values) for g, t in zip(density, tables, strict=True)]
    return np.array([raman.reduce_raman(energy, intensity, temperature) for intensity in seen])


@dataclass(frozen=True)
class MethodPeaks:
    """Energies in meV of the peaks of some glasses by each method.

    Attributes
    ----------
    peaks : dict of arrays, shape (G,)
        "density": of g / E^2. "neutrons", "large-q-off": of B over the window of Q, and over the wave vectors below
        it. "raman", "linear": of C g / E^2, and of g / E.
    neutrons : Reading
        The maps with neutron lengths.
    raman : array, shape (E,)
        Mean C g / E^2.
    """

    peaks: dict[str, np.ndarray]
    neutrons: Reading
    raman: np.ndarray

    def mean(self, method: str) -> float:
        """Mean peak of a method in meV."""
        return float(self.peaks[method].mean())

    def off(self, method: str) -> Interval:
        """Relative deviation of the peak of a method from that of g / E^2."""
        return mean_interval(self.peaks[method] / self.peaks["density"] - 1)


def read_methods(tables, inside) -> MethodPeaks:
    """`MethodPeaks` of some glasses.

    Parameters
    ----------
    tables : list of xarray.Dataset
        With maps for neutrons and Raman couplings, as `tables.scattering_table` gives them for a metal by its modes.
    inside : array of bool, shape (B,)
        Shells of the window of Q.
    """
    energy, neutrons = tables[0].energy.values, read_tables(tables, "neutron", inside, SEARCH)
    density, seen = np.array([t.reduced_density.values for t in tables]), reduced_raman(tables)
    below = read_tables(tables, "neutron", maps.window(neutrons.maps[0], 0.5, WINDOW[0]), SEARCH)
    peaks = {"density": reduced_peaks(energy, density), "neutrons": neutrons.peaks, "large-q-off": below.peaks}
    peaks |= {"raman": reduced_peaks(energy, seen), "linear": reduced_peaks(energy, density * energy, 30.0)}
    return MethodPeaks(peaks, neutrons, seen.mean(axis=0))


@dataclass(frozen=True)
class Heat:
    """The specific heat of one glass and Debye-Einstein fits to it.

    Attributes
    ----------
    atoms : int
    reduced : array, shape (E,)
        g / E^2 at the energies of the table of the glass.
    peak : float
        Energy of its maximum in meV.
    kelvin, heat : array, shape (n,)
        Temperatures, and C / T^3 of the density in J/(mol K^4).
    warmest : float
        Temperature in K of the maximum of C / T^3.
    fit, anywhere : HeatFit
        With the Einstein energy inside Debye's solid, and without this condition.
    """

    atoms: int
    reduced: np.ndarray
    peak: float
    kelvin: np.ndarray
    heat: np.ndarray
    warmest: float
    fit: specific_heat.HeatFit
    anywhere: specific_heat.HeatFit

    @property
    def einstein_off(self) -> Interval:
        """Relative deviation of the Einstein energy from the peak."""
        value, ends = self.fit.einstein_temperature, self.fit.intervals["einstein_temperature"]
        return relative((value, ends), self.peak * value / self.fit.einstein_energy)


def _density(glass: str):
    """Vibrations of an archived glass, and its density of states in 1/meV at energies in meV, two arrays (m,)."""
    data = load_vibrations(glass)
    return data, data.omega.values / IN_RAD, data.g.values * IN_RAD


def read_heat(glass: str) -> Heat:
    """`Heat` from 5 to 100 K of an archived glass.

    Parameters
    ----------
    glass : str
        Name of a glass with an archived spectrum and an archived table. Raises ValueError for another one.
    """
    (data, energy, g), table, kelvin = _density(glass), load_result("scattering", glass), np.geomspace(5, 100, 40)
    heat = specific_heat.reduced_specific_heat(kelvin, energy, g)
    fits = (specific_heat.fit_specific_heat(kelvin, heat * kelvin**3, einstein_below_debye=x) for x in (True, False))
    reduced = table.reduced_density.values
    (peak,) = reduced_peaks(table.energy.values, [reduced])
    atoms, warmest = int(data.attrs["degrees_of_freedom"]) // 3, float(kelvin[heat.argmax()])
    return Heat(atoms, reduced, float(peak), kelvin, heat, warmest, *fits)


def heat_choices(glass: str) -> pd.DataFrame:
    """Debye-Einstein fits to the heat of an archived glass over other temperatures, and with other shares.

    Parameters
    ----------
    glass : str
        As for `read_heat`.

    Returns
    -------
    pandas.DataFrame
        One row for each fit; numbers are not formatted.
    """
    (_, energy, g), rows = _density(glass), []
    for lowest in (3, 5, 8):
        kelvin = np.geomspace(lowest, 100, 40)
        heat = specific_heat.reduced_specific_heat(kelvin, energy, g) * kelvin**3
        for shares in ("free", "add up to 1"):
            fit = specific_heat.fit_specific_heat(kelvin, heat, shares != "free", einstein_below_debye=True)
            numbers = fit.einstein_energy, fit.boson_peak, fit.debye_temperature, 100 * fit.residual
            rows.append((f"{lowest} to 100 K", shares, *numbers))
    columns = "temperatures,shares,Einstein energy (meV),peak of its g/E² (meV),θ_D (K),rms (%)".split(",")
    return pd.DataFrame(rows, columns=columns)
