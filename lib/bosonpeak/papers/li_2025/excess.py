"""The boson peak as an excess over the waves of the box, so that the first phonon is not taken for it.

A periodic box has no plane waves but those whose wave vectors fit it. In a box of 1,000 atoms the first of them lie
where the boson peak is expected. What they contribute to g(E) / E^2 is known from the sound speeds of the elastic
moduli, with no free parameter:

    W(E) = 1 / (3N) sum_q [2 G(E - hbar c_T q) / (hbar c_T q)^2 + G(E - hbar c_L q) / (hbar c_L q)^2],

with the wave vectors q of the box, the speeds c_T and c_L of transverse and longitudinal sound, and the Gaussian G
under which the spectrum itself is drawn. In a large box W approaches the Debye level 3 / E_D^3, and g / E^2 - W becomes
the usual excess over it. Sound in a glass is slower at short wavelengths, so W errs where the waves are short.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bosonpeak.papers.li_2025.maps import range_above
from bosonpeak.vibrations.debye import debye_frequency
from bosonpeak.vibrations.elasticity import phonon_shells
from bosonpeak.vibrations.peaks import boson_peak, gaussian_levels


@dataclass(frozen=True)
class Excess:
    """g / E^2 of one glass and the part of it that is not made of the waves of its box.

    Attributes
    ----------
    energy : array, shape (E,)
        In meV or reduced.
    density : array, shape (E,)
        g / E^2 under the Gaussian of the excess, in 1/unit^3.
    waves : array, shape (E,)
        W of the module's docstring.
    level : float
        Debye level 3 / E_D^3 of the elastic moduli.
    first : float
        Energy of the lowest transverse wave of the box.
    peak : float
        Energy of the maximum of density - waves: E_BP.
    interior : bool
        Whether this maximum lies inside the energies searched.
    highest : float
        Energy of the maximum of the density itself, as it is read where the waves are not taken off.
    upper, upper_debye : float
        Energy above the peak at which the excess has fallen to half of its maximum, over the waves of the box and over
        the Debye level.
    """

    energy: np.ndarray
    density: np.ndarray
    waves: np.ndarray
    level: float
    first: float
    peak: float
    interior: bool
    highest: float
    upper: float
    upper_debye: float

    @property
    def height(self) -> float:
        """Maximum of g / E^2 between the energies searched over the Debye level, read at the peak of the excess."""
        return float(np.interp(self.peak, self.energy, self.density)) / self.level


def box_excess(energy, reduced, kernel: float, width: float, cell, n_atoms: int, speeds, search) -> Excess:
    """The `Excess` of a reduced density over the waves of its box.

    Parameters
    ----------
    energy, reduced : array, shape (E,)
        An even grid of energies, and g / E^2 on it: each level divided by its own E_k^2 under a Gaussian.
    kernel : float
        Standard deviation of that Gaussian, in the unit of the energy.
    width : float
        Standard deviation of the Gaussian of the excess, not below `kernel`.
    cell : array, shape (3, 3)
        Cell of the box, in A or reduced.
    n_atoms : int
    speeds : (float, float)
        hbar times the speeds of longitudinal and transverse sound, in the unit of energy times A, or reduced.
    search : (float, float)
        Energies between which the maxima are looked for.

    Raises
    ------
    ValueError
        If the width is below the kernel, the grid is not even, or as `peaks.boson_peak`.
    """
    energy, step = np.asarray(energy, float), np.diff(energy)
    if not width >= kernel > 0 or np.ptp(step) > 1e-6 * step.mean():
        raise ValueError(f"width = {width:g}: take no less than the kernel of the density, {kernel:g}, on an even grid")
    density = gaussian_filter1d(np.asarray(reduced, float), np.sqrt(width**2 - kernel**2) / step.mean(), mode="nearest")
    waves, branches = np.zeros(len(energy)), ((speeds[0], 1), (speeds[1], 2))
    for speed, count in branches:
        # a wave beyond 6 widths from the highest energy searched does not reach it
        level, number = phonon_shells(cell, speed, search[1] + 6 * width)
        waves += gaussian_levels(energy, level, width) @ (count * number / level**2) / (3 * n_atoms)
    volume = abs(np.linalg.det(cell))
    debye = debye_frequency([speeds[0], speeds[1], speeds[1]], n_atoms / volume, 3)
    first = phonon_shells(cell, speeds[1], 20 * speeds[1] * volume ** (-1 / 3))[0][0]
    options = {"dimension": 1, "omega_min": search[0], "omega_max": search[1]}
    found, highest = (boson_peak(energy, x, **options) for x in (density - waves, density))
    upper = [_half_height(energy, x, found.omega) for x in (density - waves, density - 3 / debye**3)]
    peak = float(first), found.omega, found.interior, highest.omega
    return Excess(energy, density, waves, 3 / debye**3, *peak, *upper)


def _half_height(energy, values, peak: float) -> float:
    """Energy above the peak at which values (E,) have fallen to half of what they are there; NaN if they do not."""
    end = range_above(energy, values, peak, np.interp(peak, energy, values) / 2)[1]
    return end if end < energy[-1] else np.nan
