"""Maps and spectra over Q and E with a known answer, for the tests of the chapter li-2025."""

import json

import numpy as np
import xarray as xr

from bosonpeak.papers.li_2025 import readings
from bosonpeak.papers.li_2025.measure import Glasses
from bosonpeak.scattering.wavevectors import ScatteringMap

Q, E = np.arange(0.35, 8.6, 0.1), np.arange(1, 121) * 0.25
S = 1 + 1.5 * np.exp(-(((Q - 2.75) / 0.3) ** 2)) + 0.2 * np.sin(3 * Q)
INSIDE = (Q > 2.1) & (Q < 8.5)
KERNEL = 0.4
"""Standard deviation in meV of the Gaussian of the made spectra."""


def line(place, width=1.5):
    return np.exp(-0.5 * ((E - place) / width) ** 2)


def made_map(values, error=0.02):
    return ScatteringMap(Q, E, values, error * abs(values), np.full(len(Q), 10), "meV")


def reading_of(values, peaks, structures=None):
    """A `Reading` of maps (G, B, E) of glasses whose boson peaks lie at `peaks` (G,)."""
    found = [made_map(x) for x in values]
    return readings.Reading(found, structures or [S] * len(found), INSIDE, np.asarray(peaks, float))


def made_reading(places, structures=None):
    """A `Reading` of products of S(Q) and a line at each of the places."""
    return reading_of([np.outer(S, line(place)) for place in places], places, structures)


def dispersing(place, width=1.2):
    """A map whose line lies at another energy at each Q."""
    return np.exp(-0.5 * ((E - np.asarray(place)[:, None]) / width) ** 2)


def _dataset(attributes, **variables):
    maps = {name: x for name, x in variables.items() if np.ndim(x) == 2}
    data = {name: (("q", "energy"), values) for name, values in maps.items()}
    data |= {f"{name}_error": (("q", "energy"), 0.01 * abs(values)) for name, values in maps.items()}
    data |= {name: ("energy", x) for name, x in variables.items() if name not in maps and len(x) == len(E)}
    data |= {name: ("q", x) for name, x in variables.items() if name not in maps and len(x) == len(Q)}
    coordinates = {"q": Q, "energy": E, "waves": ("q", np.full(len(Q), 10)), "available": ("q", np.full(len(Q), 50))}
    return xr.Dataset(data, coordinates, {"unit": "meV"} | attributes)


def made_table(name="made", n_atoms=1000, seed=1, **variables):
    """As `tables.scattering_table` gives it, with some maps (B, E) and spectra (E,)."""
    attributes = {"motion": 10, "axis_displacement": 0.01, "name": name, "seed": seed, "n_atoms": n_atoms}
    return _dataset(attributes, structure=S, **variables)


def made_spectra(density, name="made", n_atoms=1000, seed=1, **variables):
    """As `spectra.spectra` gives it. No wave fits its box below 190 meV, so that g / E^2 is the excess itself."""
    attributes = {"longitudinal_speed": 90.0, "transverse_speed": 46.0, "edge": 1.0, "width": KERNEL, "name": name}
    attributes |= {"n_atoms": n_atoms, "seed": seed, "recipe": json.dumps({"cooling_rate": 1e13, "seed": seed})}
    return _dataset(attributes, reduced_density=density, **variables)


def made_glasses(places: dict, main: int, motion=None) -> Glasses:
    """`Glasses` whose maps are products of S(Q) and a line, and whose g / E^2 is that line, by the number of atoms.

    places: for each number of atoms the energies of the lines; motion: those of the maps of motion, where others.
    """
    tables, spectra = {}, {}
    for n, some in places.items():
        moved = (motion or {}).get(n, some)
        tables[n] = [
            made_table(
                f"made-n{n}-s{k}", n, k, harmonic=np.outer(S, line(e)), motion=np.outer(S, line(m)),
                reduced_density=line(e), reduced_density_motion=line(m),
            )
            for k, (e, m) in enumerate(zip(some, moved, strict=True), 1)
        ]  # fmt: skip
        spectra[n] = [
            made_spectra(line(e), f"made-n{n}-s{k}", n, k, neutron=np.outer(S**2, line(e)), structure_neutron=S**2)
            for k, e in enumerate(some, 1)
        ]
    return Glasses(tables, spectra, main)
