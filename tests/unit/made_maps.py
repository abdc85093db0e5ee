"""Maps over Q and E with a known answer, for the tests of the chapter li-2025."""

import numpy as np
import xarray as xr

from bosonpeak.papers.li_2025 import readings
from bosonpeak.scattering.wavevectors import ScatteringMap

Q, E = np.arange(0.35, 8.6, 0.1), np.arange(1, 121) * 0.25
S = 1 + 1.5 * np.exp(-(((Q - 2.75) / 0.3) ** 2)) + 0.2 * np.sin(3 * Q)
INSIDE = (Q > 2.1) & (Q < 8.5)


def line(place, width=1.5):
    return np.exp(-0.5 * ((E - place) / width) ** 2)


def made_map(values, error=0.02):
    return ScatteringMap(Q, E, values, error * abs(values), np.full(len(Q), 10), "meV")


def made_reading(places, structures=None):
    found = [made_map(np.outer(S, line(place))) for place in places]
    return readings.read_maps(found, structures or [S] * len(places), INSIDE, readings.SEARCH)


def made_table(**variables):
    data = {name: (("q", "energy"), values) for name, values in variables.items()}
    data |= {f"{name}_error": (("q", "energy"), 0.01 * abs(values)) for name, values in variables.items()}
    data["structure"] = ("q", S)
    coordinates = {"q": Q, "energy": E, "waves": ("q", np.full(len(Q), 10)), "available": ("q", np.full(len(Q), 50))}
    return xr.Dataset(data, coordinates, {"unit": "meV", "motion": 10, "axis_displacement": 0.01})
