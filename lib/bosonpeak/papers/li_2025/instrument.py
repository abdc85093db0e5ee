"""From B(Q, E) of a computed glass to what a neutron spectrometer shows of it (li-2025, Eq. 1 and Fig. 1a).

A spectrometer measures the dynamic structure factor S(Q, E) per atom, folded with its energy resolution. With Q in 1/A,
E in meV, k_B T the thermal energy, u^2 the mean square displacement along one axis and m the masses of the atoms,

    S(Q, E) = exp(-Q^2 u^2) [S(Q) delta(E) + c Q^2 E B(Q, E) / (1 - exp(-E / k_B T))],    c = hbar^2 <1/m> / 2.

The second term is the scattering by one phonon, which creates it at E > 0 and takes it up at E < 0. B of
`scattering.harmonic` is G / E^2, and G is the sum of |F_k|^2 delta(E - E_k) over the modes k, divided by sum b^2 / m,
so that its integral over E is 1. The structure factor is divided by sum b^2 instead, which leaves
<1/m> = (sum b^2 / m) / sum b^2, the mean inverse mass for equal scattering lengths b. The amplitude of the mode k is
that of a quantum oscillator, hbar^2 Q^2 |F_k|^2 (n + 1) / (2 E_k) with the Bose factor n, which leaves hbar^2 / 2.
Hence the elastic line and the phonons have one unit, 1/meV, and no free factor stands between them.

The experimenters solve the folded S(Q, E) for B, as if nothing had been folded and no elastic line were there.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, special

from bosonpeak.papers.li_2025.measure import Glasses
from bosonpeak.papers.li_2025.readings import Interval, Reading
from bosonpeak.papers.li_2025.tables import incoherent, inverse_mass
from bosonpeak.scattering.wavevectors import ScatteringMap
from bosonpeak.statistics import mean_interval
from bosonpeak.units import MEV
from bosonpeak.vibrations.debye import KELVIN
from bosonpeak.vibrations.peaks import BosonPeak, boson_peak, gaussian_levels

STEP = 0.05
"""Step in meV of the energies on which spectra are folded."""


@dataclass(frozen=True)
class Sample:
    """What Eq. 1 of li-2025 needs to know of a sample.

    Attributes
    ----------
    inverse_mass : float
        <1/m> in 1/amu; for equal scattering lengths the mean of 1/m over the atoms.
    temperature : float
        In K.
    axis_displacement : float
        u^2 along one axis in A^2. Eq. 1 divides by the factor that it has brought into S, so that it does not change B.
    """

    inverse_mass: float
    temperature: float
    axis_displacement: float


def _per_square(energy, sample: Sample) -> np.ndarray:
    """c E / (1 - exp(-E / k_B T)) in meV^2 A^2 at any E (E,) in meV: the ratio of S exp(Q^2 u^2) / Q^2 to B."""
    thermal = sample.temperature / KELVIN["meV"]
    # MEV is hbar times the frequency sqrt(eV / (A^2 amu)) in meV, so that hbar^2 is MEV^2 / 1000 = 4.180 meV A^2 amu
    return MEV**2 / 2000 * sample.inverse_mass * thermal / special.exprel(-energy / thermal)


def scattered(found: ScatteringMap, sample: Sample, fwhm: float = 0.0, structure=0.0) -> ScatteringMap:
    """S(Q, E) of a map of B on both sides of E = 0, as a spectrometer resolves it.

    Below the lowest energy of the map, B keeps the value that it has there. In a solid that carries sound, B is
    constant at low energy, at its Debye level, and so is S. In a box without modes at low energy this value is small.
    A map is drawn under a Gaussian of its own, by which the lines of the single phonons of a box are broadened; the
    resolution is added to it.

    Parameters
    ----------
    found : ScatteringMap
        B in 1/meV^3 of B shells. From motion it contains scattering by any number of phonons, from modes by one only.
    sample : Sample
    fwhm : float
        Full width at half maximum in meV of the Gaussian resolution; 0 leaves S as it is.
    structure : array, shape (B,)
        S(Q) of the shells, for the elastic line; 0 for none. The line is as wide as the resolution, so that it is
        absent without one.

    Returns
    -------
    ScatteringMap
        In 1/meV. The standard errors are not followed through the folding, and NaN.

    Raises
    ------
    ValueError
        If the map is not in meV, or the resolution is negative.
    """
    if found.unit != "meV" or not fwhm >= 0:
        raise ValueError(f"resolution {fwhm:g} meV, map in {found.unit}: give a width of 0 or more, and a map in meV")
    energy = STEP * np.arange(-round(found.energy[-1] / STEP), round(found.energy[-1] / STEP) + 1)
    square, sigma = found.q[:, None] ** 2, fwhm / np.sqrt(8 * np.log(2))
    S = square * _per_square(energy, sample) * [np.interp(abs(energy), found.energy, row) for row in found.intensity]
    if fwhm > 0:
        S = ndimage.gaussian_filter1d(S, sigma / STEP, axis=1, mode="constant", truncate=8)
        S += np.reshape(structure, (-1, 1)) * gaussian_levels(energy, np.zeros(1), sigma).T
    return replace(found, energy=energy, intensity=S * np.exp(-square * sample.axis_displacement), stderr=S * np.nan)


def seen(found: ScatteringMap, sample: Sample) -> ScatteringMap:
    """B(Q, E) at E > 0 in 1/meV^3, which Eq. 1 of li-2025 makes of a map of S(Q, E) in 1/meV, such as `scattered`."""
    energy, square = found.energy[found.energy > 0], found.q[:, None] ** 2
    factor = np.exp(square * sample.axis_displacement) / square / _per_square(energy, sample)
    values = (x[:, found.energy > 0] * factor for x in (found.intensity, found.stderr))
    return ScatteringMap(found.q, energy, *values, found.counts, found.unit)


def _one_phonon(energy, reduced, sample: Sample):
    """Even energies of both signs, to eight times the highest given, and S exp(Q^2 u^2) / Q^2 of one phonon there."""
    signed = STEP * np.arange(-round(8 * energy[-1] / STEP), round(8 * energy[-1] / STEP) + 1)
    return signed, np.interp(abs(signed), energy, reduced, right=0.0) * _per_square(signed, sample)


def harmonic_sample(energy, reduced, inverse_mass: float, temperature: float) -> Sample:
    """A `Sample` with the u^2 of its harmonic vibrations, c int g / E coth(E / 2 k_B T) dE.

    Parameters
    ----------
    energy, reduced : array, shape (E,)
        Energies in meV, and g / E^2 in 1/meV^3.
    inverse_mass, temperature : float
        <1/m> in 1/amu, and T in K.
    """
    sample = Sample(inverse_mass, temperature, 0.0)
    return replace(sample, axis_displacement=float(_one_phonon(energy, reduced, sample)[1].sum() * STEP))


def multiphonon(q, energy, reduced, sample: Sample) -> ScatteringMap:
    """S(Q, E) of two and more phonons of a harmonic solid, in the incoherent approximation (Sjolander 1958).

    Without interference between atoms, p phonons give exp(-Q^2 u^2) (Q^2 u^2)^p / p! T_p(E). T_1 is the one-phonon
    function with an integral of 1, and T_p its convolution with T_(p - 1). The sum of all orders is the exponential of
    the Fourier transform of T_1, from which the elastic line and one phonon are taken away. With the u^2 of
    `harmonic_sample`, the elastic line and all phonons together make 1 at every Q.

    Parameters
    ----------
    q : array, shape (B,)
        In 1/A.
    energy, reduced : array, shape (E,)
        Energies in meV, and g / E^2 in 1/meV^3; or the mean of B at large Q, which weights each atom by b^2 / m.
    sample : Sample

    Returns
    -------
    ScatteringMap
        In 1/meV, at energies of both signs up to eight times the highest given. `seen` makes B of it.
    """
    signed, one = _one_phonon(energy, reduced, sample)
    square = np.reshape(q, (-1, 1)) ** 2
    order = square * np.fft.fft(np.fft.ifftshift(one)) * STEP
    several = np.fft.ifft(np.expm1(order) - order).real * np.exp(-square * sample.axis_displacement)
    S = np.fft.fftshift(several, axes=1) / STEP
    return ScatteringMap(np.asarray(q), signed, S, 0 * S, np.ones(len(q), int), "meV")


@dataclass(frozen=True)
class Instrument:
    """The mean of B over a window of Q, as one spectrometer shows it.

    Attributes
    ----------
    fwhm : float
        Resolution in meV.
    energy, spectrum, tail : array, shape (E,)
        Energies in meV, B in 1/meV^3, and the part of it that the elastic line makes.
    peak : BosonPeak
        Maximum of B beyond its first valley. `interior` is False where B only falls, and shows no peak.
    """

    fwhm: float
    energy: np.ndarray
    spectrum: np.ndarray
    tail: np.ndarray
    peak: BosonPeak


def read_instrument(found: ScatteringMap, sample: Sample, fwhm: float, structure=0.0) -> Instrument:
    """Fold a map with a resolution, apply Eq. 1 of li-2025, and look for the peak.

    B is averaged over the wave vectors of li-2025, 2.1 to 8.5 1/A, and its peak is looked for up to 12 meV, from the
    first energy beyond 1.5 meV at which B rises. Below that valley it is the elastic line that is seen.

    Parameters
    ----------
    found, sample, fwhm, structure
        As for `scattered`.

    Returns
    -------
    Instrument

    Raises
    ------
    ValueError
        As `scattered`.
    """
    inside = (found.q >= 2.1) & (found.q <= 8.5) & (found.counts > 0)
    both = [seen(scattered(found, sample, fwhm, line), sample) for line in (0.0, structure)]
    energy, (plain, whole) = both[0].energy, (m.intensity[inside].mean(axis=0) for m in both)
    # a peak takes three points, so a rise at the very end is none
    valley = min(energy[:-1][(np.diff(whole) > 0) & (energy[:-1] > 1.49) & (energy[:-1] < 11.8)], default=1.5)
    return Instrument(fwhm, energy, whole, whole - plain, boson_peak(energy, whole, 1, valley, 12.0))


@dataclass(frozen=True)
class Shown:
    """What spectrometers of several resolutions show of the registered glasses.

    Attributes
    ----------
    glasses : measure.Glasses
        Of a metal, with motion at `temperature` in K.
    temperature : float
    """

    glasses: Glasses
    temperature: float = 300.0

    def read(self, fwhm: float, elastic: bool = False, route: str = "motion") -> list[Instrument]:
        """`read_instrument` of each glass, by "motion" or "modes", with or without the elastic line."""
        reading, tables = self.glasses.reading(route=route), self.glasses.tables[self.glasses.main]
        found = []
        for m, s, t in zip(reading.maps, reading.structures, tables, strict=True):
            sample = Sample(inverse_mass(t), self.temperature, t.attrs["axis_displacement"])
            found.append(read_instrument(m, sample, fwhm, s if elastic else 0.0))
        return found

    def peak(self, fwhm: float = 2.0, elastic: bool = False, route: str = "motion") -> Interval | None:
        """Energy of the maximum in meV, mean over the glasses; None where B of one of them only falls."""
        found = [x.peak for x in self.read(fwhm, elastic, route)]
        return mean_interval([x.omega for x in found]) if all(x.interior for x in found) else None


def with_many_phonons(glasses: Glasses, temperature: float = 300.0) -> Reading:
    """The reading by modes, with the scattering by two and more phonons at a temperature in K added to each map."""
    reading, tables, made = glasses.reading(route="modes"), glasses.tables[glasses.main], []
    for m, t in zip(reading.maps, tables, strict=True):
        density = m.energy, incoherent(t)
        sample = harmonic_sample(*density, inverse_mass(t), temperature)
        more = seen(multiphonon(m.q, *density, sample), sample)
        added = [np.interp(m.energy, more.energy, row) for row in more.intensity]
        made.append(replace(m, intensity=m.intensity + added))
    return replace(reading, maps=made)


def curve_difference(reading: Reading, other: Reading, low: float = 2.0, high: float = 15.0) -> Interval:
    """Root mean square between two energies in meV of r(E) of one reading less that of another of the same glasses."""
    taken = (reading.energy >= low) & (reading.energy <= high)
    return mean_interval(np.sqrt(((reading.curves - other.curves)[:, taken] ** 2).mean(axis=1)), 0)
