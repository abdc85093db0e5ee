"""The specific heat of one density of states, and what a Debye-Einstein fit to it shows of the peak (li-2025, Fig. 2c).

li-2025 fits Debye's solid together with a band of Einstein oscillators to a measured heat, and takes the Einstein
energy, 6.2 meV, for the energy of the boson peak. Here the heat is computed from a density of states whose peak is
known, and the same fit is made to it. The peak is then moved, and the fit is judged by how far it follows.

Energies E are in meV, densities of states g(E) in 1/meV with an integral of 1, and temperatures T in K. The elastic
Debye level is 3 / E_D^3, with the Debye energy E_D of the elastic moduli: the limit of g / E^2 at E = 0.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import interpolate, ndimage, optimize

from bosonpeak.archive.results import load_vibrations
from bosonpeak.papers.li_2025.readings import Interval
from bosonpeak.scattering.specific_heat import PARAMETERS, HeatFit, fit_specific_heat, reduced_specific_heat
from bosonpeak.vibrations import debye, peaks

EINSTEIN_MAXIMUM = float(optimize.minimize_scalar(lambda x: -(x**3) * debye.mode_heat(x), bounds=(1, 10)).x)
"""E / (k_B T) at the maximum of C / T^3 of an oscillator of the energy E, which is 4.93."""

NUMBERS = "coldest (K),shares,true peak,Einstein energy,peak of the fit,Debye level,rms (%),warmest (K),oscillator"
"""Numbers of a `Heat` in a table, with energies in meV: the lowest temperature, n_D + n_E, the peak of g / E^2 of the
density, the Einstein energy, the peak of g / E^2 of the fit, `level_ratio`, the deviation of the fit from C / T^3, the
temperature of the maximum of C / T^3, and the energy of the oscillator that belongs to it."""


@dataclass(frozen=True)
class Heat:
    """The specific heat of one density of states, and the Debye-Einstein fit to it.

    Attributes
    ----------
    energy, g : array, shape (m,)
        Energies in meV and the density in 1/meV.
    level : float
        The elastic Debye level in 1/meV^3.
    kelvin, heat : array, shape (n,)
        Temperatures, and C / T^3 of the density in J/(mol K^4).
    fit : HeatFit
    peak : BosonPeak
        Maximum of g / E^2 between 1.5 and 10 meV. It is no peak where its `interior` is False.
    excess : float
        Height of this maximum over the elastic Debye level.
    warmest : BosonPeak
        Maximum of C / T^3, whose `omega` is a temperature in K. `interior` is False at the edge of the temperatures.
    oscillator : float
        Energy in meV of the oscillator whose C / T^3 has its maximum at this temperature, 4.93 k_B T.
    level_ratio : Interval
        Level of g / E^2 of the Debye part of the fit over the elastic Debye level.
    """

    energy: np.ndarray
    g: np.ndarray
    level: float
    kelvin: np.ndarray
    heat: np.ndarray
    fit: HeatFit
    peak = property(lambda self: peaks.boson_peak(self.energy, self.g, 3, 1.5, 10.0))
    excess = property(lambda self: self.peak.intensity / self.level)
    warmest = property(lambda self: peaks.boson_peak(self.kelvin, self.heat, 1))
    oscillator = property(lambda self: EINSTEIN_MAXIMUM * self.warmest.omega / debye.KELVIN["meV"])

    @property
    def level_ratio(self) -> Interval:
        """Level of g / E^2 of the Debye part of the fit, n_D 3 / (k_B theta_D)^3, over the elastic Debye level.

        The sound waves of the solid alone make 1. A fit with less has put a part of them into its Einstein band. The
        share n_D and the Debye temperature theta_D of a fit are correlated, so that the interval follows from the
        derivatives of the heat with respect to the logarithms of all parameters. Like every interval of the fit, it
        reflects the scatter about the model, and not whether the model is right.
        """
        fit, heat = self.fit, self.fit.heat(self.kelvin)
        higher = [replace(fit, **{name: 1.0001 * getattr(fit, name)}).heat(self.kelvin) for name in PARAMETERS]
        error = np.linalg.norm([1, -3, 0, 0, 0] @ np.linalg.pinv(1e4 * np.log(higher / heat).T)) * fit.residual
        value = float(3 * fit.debye_share * (debye.KELVIN["meV"] / fit.debye_temperature) ** 3 / self.level)
        # Student's 2.03 for five parameters at 40 temperatures, times the square root of 40 / 35; a level that the heat
        # does not determine has a huge but finite interval
        factor = float(np.exp(min(2.17 * error, 300.0)))
        return value, (value / factor, value * factor)


def _completed(energy, fixed, rest) -> np.ndarray:
    """fixed + a rest (m,), with the one factor that makes the integral 1."""
    known, more = np.trapezoid([fixed, rest], energy, axis=1)
    return fixed + rest * ((1 - known) / more)


def heat_of_density(energy, g, level: float, first: float = 0.0, lowest: float = 5.0, whole=False, inside=True) -> Heat:
    """`Heat` of a density of states, up to the highest temperature of li-2025, 100 K.

    A periodic box has no waves longer than its edge, hence no modes below its first phonon, where a large glass has at
    least its sound waves. Without them the heat would vanish too fast at low temperature, so Debye's parabola takes
    the place of g there. The number of modes is that of the atoms: the integral is kept at 1 by a factor on g above.

    Parameters
    ----------
    energy, g : array, shape (m,)
        Energies in meV, ascending from one step above 0, and the density in 1/meV.
    level : float
        The elastic Debye level in 1/meV^3.
    first : float
        Energy of the first phonon in meV; 0 for a density without a gap.
    lowest : float
        Lowest temperature in K; 5 K in li-2025.
    whole, inside : bool
        Whether the shares of the fit add up to 1, and whether the Einstein energy lies inside Debye's solid, which
        makes the band an excess over it. By default the shares are free.

    Returns
    -------
    Heat

    Raises
    ------
    ValueError
        As `specific_heat.reduced_specific_heat` and `specific_heat.fit_specific_heat`.
    RuntimeError
        As `specific_heat.fit_specific_heat`.
    """
    low, kelvin = energy < first, np.geomspace(lowest, 100, 40)
    g = _completed(energy, np.where(low, level * energy**2, 0.0), np.where(low, 0.0, g))
    heat = reduced_specific_heat(kelvin, energy, g)
    return Heat(energy, g, level, kelvin, heat, fit_specific_heat(kelvin, heat * kelvin**3, whole, inside))


def limit_temperature(glass: str) -> float:
    """Lowest temperature in K at which a box says anything about the heat of a metal.

    There k_B T is a quarter of the first phonon, which is the limit of `specific_heat.reduced_specific_heat`. The heat
    over T^3 comes mainly from energies near 4.93 k_B T, and below the limit the box has no modes there. Raises
    ValueError if no spectrum is archived under this name.
    """
    return float(load_vibrations(glass).attrs["first_phonon"]) * debye.KELVIN["rad/ps"] / 4


def read_heat(glass: str, lowest: float = 5.0, width: float = peaks.METAL.width, whole=False, inside=True) -> Heat:
    """`Heat` of the archived spectrum of a metal.

    Parameters
    ----------
    glass : str
    lowest : float
        Lowest temperature in K.
    width : float
        Standard deviation in rad/ps of the Gaussian under which g / E^2 is used. The lowest phonons of a box are single
        lines, and under a narrow Gaussian the maximum of g / E^2 is one of them. By default the width is the one with
        which the boson peak of every metal is read. With 0 the density stays as it is archived.
    whole, inside : bool
        As for `heat_of_density`.

    Returns
    -------
    Heat

    Raises
    ------
    ValueError
        If no spectrum is archived under this name, it is not that of a metal, or the lowest temperature is below
        `limit_temperature`; and as `heat_of_density`.
    RuntimeError
        As `heat_of_density`.
    """
    data, limit = load_vibrations(glass), limit_temperature(glass)
    if data.attrs["unit"] != "rad/ps" or lowest < limit:
        raise ValueError(f"{glass} says nothing of the heat at {lowest:g} K: take a metal, and {limit:.1f} K or more")
    omega, about, unit = data.omega.values, data.attrs, debye.KELVIN["rad/ps"] / debye.KELVIN["meV"]
    smoothing = np.sqrt(max(width**2 - about["resolution"] ** 2, 1e-12)) / (omega[1] - omega[0])
    g = ndimage.gaussian_filter1d(data.g.values / omega**2, smoothing, mode="nearest") * omega**2
    scales = 3 / (unit * about["debye_frequency"]) ** 3, unit * about["first_phonon"]
    return heat_of_density(omega * unit, g / unit, *scales, lowest, whole, inside)


def _numbers(heat: Heat) -> tuple:
    f, peak, warmest = heat.fit, heat.peak.omega, heat.warmest.omega
    fitted = f.einstein_energy, f.boson_peak, heat.level_ratio[0], 100 * f.residual
    return heat.kelvin[0], f.debye_share + f.einstein_share, peak, *fitted, warmest, heat.oscillator


def heat_choices(glass: str) -> pd.DataFrame:
    """Debye-Einstein fits to the heat of an archived glass over several ranges of temperature, and with other shares.

    Parameters
    ----------
    glass : str
        As for `read_heat`.

    Returns
    -------
    pandas.DataFrame
        `NUMBERS`, which are not formatted, in two rows for each range to 100 K that begins at 5, 8 or 12 K and not
        below `limit_temperature`: one with free shares, and one with shares that add up to 1. The range of li-2025
        comes first; there is no row if all ranges begin below the limit.

    Raises
    ------
    ValueError, RuntimeError
        As `read_heat`.
    """
    allowed = [lowest for lowest in (5.0, 8.0, 12.0) if lowest >= limit_temperature(glass)]
    heats = [read_heat(glass, lowest, whole=whole) for lowest in allowed for whole in (False, True)]
    return pd.DataFrame(map(_numbers, heats), columns=NUMBERS.split(","))


def synthetic_density(heat: Heat, peak: float) -> np.ndarray:
    """A density of states like that of a glass, but with its peak at another energy.

    Below 9 meV, g / E^2 is the elastic Debye level and the excess of the glass over it, which is stretched in energy
    so that its maximum comes to lie at the new peak, and keeps its height. Above 12 meV it is the density of the glass,
    times the factor that makes the integral 1. With the peak of the glass, it is the density of the glass.

    Parameters
    ----------
    heat : Heat
        Of the glass.
    peak : float
        The new peak in meV, between 0 and 9.

    Returns
    -------
    array, shape (m,)
        In 1/meV, at the energies of the glass.

    Raises
    ------
    ValueError
        If the glass has no peak above its Debye level, or the new one lies elsewhere.
    """
    if not (heat.peak.interior and heat.excess > 1 and 0 < peak < 9):
        raise ValueError(f"no peak can be moved to {peak:g} meV: give a glass with a peak, and less than 9 meV")
    over = heat.g / heat.energy**2 - heat.level
    # a smooth curve, so that its maximum is not bound to the grid; what lies below the Debye level is not stretched
    excess = interpolate.Akima1DInterpolator(heat.energy, np.maximum(over, 0.0))(heat.energy * heat.peak.omega / peak)
    low = (heat.level + np.nan_to_num(excess) + np.minimum(over, 0.0)) * heat.energy**2
    share = np.interp(heat.energy, (9, 12), (1, 0))
    return _completed(heat.energy, share * low, (1 - share) * heat.g)


def synthetic_map(heat: Heat, at=(2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 5.5, 6.0, 7.0)) -> pd.DataFrame:
    """The Debye-Einstein fit to the heat of each of several `synthetic_density`.

    Parameters
    ----------
    heat : Heat
        Of the glass, whose temperatures are used.
    at : array, shape (P,)
        Energies of the peaks in meV, ascending.

    Returns
    -------
    pandas.DataFrame
        One row for each peak, with the columns `NUMBERS`; the true peak is the one that is read off the density.

    Raises
    ------
    ValueError, RuntimeError
        As `synthetic_density` and `heat_of_density`.
    """
    made = [heat_of_density(heat.energy, synthetic_density(heat, e), heat.level, 0.0, heat.kelvin[0]) for e in at]
    return pd.DataFrame(map(_numbers, made), columns=NUMBERS.split(","))


def slope_near(table: pd.DataFrame, near: float) -> float:
    """d(Einstein energy) / d(true peak) of a `synthetic_map` near a true peak in meV; a fit that follows it has 1."""
    true = table["true peak"].values
    return float(np.interp(near, true, np.gradient(table["Einstein energy"].values, true)))


def allowed_peaks(
    table: pd.DataFrame, reading: str = "Einstein energy", measured: float = 6.2, error: float = 0.4
) -> tuple[float, float]:
    """The true peaks at which a fit shows a measured energy.

    Parameters
    ----------
    table : pandas.DataFrame
        As `synthetic_map` gives it, of three or more ascending peaks.
    reading : str
        "Einstein energy" or "peak of the fit".
    measured, error : float
        Energy in meV that li-2025 states, and its uncertainty of 0.3 to 0.5 meV.

    Returns
    -------
    low, high : float
        In meV. An end of the table that is allowed is only a bound. (inf, -inf) if there is no such peak.
    """
    true = table["true peak"].values
    fine = np.linspace(true[0], true[-1], 2001)
    allowed = fine[abs(np.interp(fine, true, table[reading].values) - measured) <= error]
    return float(allowed.min(initial=np.inf)), float(allowed.max(initial=-np.inf))
