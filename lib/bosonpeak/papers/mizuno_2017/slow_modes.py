"""How densely slow modes lie in packings of harmonic spheres, from the archived spectra.

Mizuno, Shiba and Ikeda, Proc. Natl. Acad. Sci. USA 114, E9767 (2017): phonons follow g = A_D omega^2, and the
quasi-localised modes follow g = alpha omega^4. In a small box, all modes below its first wave are quasi-localised.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.results import load_vibrations, vibrations_table

Estimate = tuple[float, tuple[float, float]]
"""A value and its 95 % interval."""


def sphere_spectra(sizes) -> dict[int, list[xr.Dataset]]:
    """The archived vibrational spectra of packings of harmonic spheres.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of particles.

    Returns
    -------
    dict
        A list of spectra for each number of particles, empty if none is archived.
    """
    names = vibrations_table().name
    return {n: [load_vibrations(g) for g in names if g.startswith(f"harmonic-spheres-n{n}-")] for n in sizes}


def mean_attribute(spectra: dict[int, list[xr.Dataset]], name: str) -> dict[int, float]:
    """The mean of an attribute over the samples of each size.

    Parameters
    ----------
    spectra : dict
        Of `sphere_spectra`.
    name : str
        Such as "first_phonon", omega of the first transverse wave of the box, or "debye_level", A_D of
        g = A_D omega^2; both are reduced.

    Returns
    -------
    dict
        By number of particles.

    Raises
    ------
    KeyError
        If the spectra do not have the attribute.
    """
    return {n: float(np.mean([data.attrs[name] for data in group])) for n, group in spectra.items()}


@dataclass(frozen=True)
class SlowModes:
    """How densely the modes below the first wave of small boxes lie: quasi-localised modes only.

    Attributes
    ----------
    exponent : Estimate
        b of a density ~ omega^b below three quarters of the first wave.
    count : int
        Number of these modes.
    density : float
        alpha of g = alpha omega^4 from their number, reduced.
    above : Estimate
        The same exponent between two and three times the boson peak, a control.
    half : Estimate
        The same exponent below 0.6 of the boson peak, and `half_count` the number of modes there.
    """

    exponent: Estimate
    count: int
    density: float
    above: Estimate
    half: Estimate
    half_count: int


def count_slow_modes(
    spectra: dict[int, list[xr.Dataset]], first_phonon: dict[int, float], boson_peak: float, sizes=(1000, 4000)
) -> SlowModes:
    """`SlowModes` of the spectra of some sizes; frequencies of modes at rest, below 1e-3, are left out.

    Parameters
    ----------
    spectra : dict
        Of `sphere_spectra`.
    first_phonon : dict
        omega of the first wave by number of particles, reduced (`mean_attribute`).
    boson_peak : float
        omega of the boson peak, reduced.
    sizes : sequence of int
        Numbers of particles of the spectra that are used; the control uses the first.

    Returns
    -------
    SlowModes

    Raises
    ------
    ValueError
        If fewer than five modes lie in one of the three ranges.
    """
    cut = {n: 0.75 * first_phonon[n] for n in sizes}
    moving = {n: [f[f > 1e-3] for f in (data.frequency.values for data in spectra[n])] for n in sizes}
    scaled = np.concatenate([f / cut[n] for n in sizes for f in moving[n]])
    every = np.concatenate([f for n in sizes for f in moving[n]])
    weight = sum(data.attrs["degrees_of_freedom"] * cut[n] ** 5 for n in sizes for data in spectra[n])
    count = int((scaled < 1).sum())
    return SlowModes(
        exponent=statistics.density_exponent(scaled, 1.0),
        count=count,
        density=5 * count / weight,
        above=statistics.density_exponent(np.concatenate(moving[sizes[0]]), 3 * boson_peak, 2 * boson_peak),
        half=statistics.density_exponent(every, 0.6 * boson_peak),
        half_count=int((every < 0.6 * boson_peak).sum()),
    )
