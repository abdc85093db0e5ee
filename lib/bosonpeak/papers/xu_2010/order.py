"""Whether what a push triggers is crystallisation: the crystalline order before and after it.

Steinhardt, Nelson and Ronchetti, Phys. Rev. B 28, 784 (1983), describe the neighbourhood of a particle i by the 13
numbers q_6m(i), which are the means over its neighbours of the spherical harmonics Y_6m of the bonds. A bond is
solid-like where the normalised product of q_6(i) and q_6(j) exceeds 0.7, and a particle is crystalline where seven or
more of its bonds are (ten Wolde, Ruiz-Montero and Frenkel, J. Chem. Phys. 104, 9932 (1996)). Reduced units.
"""

from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from matscipy.neighbours import neighbour_list
from scipy.special import sph_harm_y
from tqdm.auto import tqdm

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result
from bosonpeak.archive.resume import KeptParts
from bosonpeak.landscape.excitation import critical_amplitude
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.glass_spectrum import moving_modes

PAGE = "mizuno-2020"
"""The page that reads this measurement."""


def crystalline(atoms, reach: float = 1.4) -> np.ndarray:
    """Which particles of a structure are crystalline.

    Parameters
    ----------
    atoms : ase.Atoms
        N particles.
    reach : float
        Distance up to which two are neighbours, in sigma.

    Returns
    -------
    array of bool, shape (N,)
    """
    i, j, vector = neighbour_list("ijD", atoms, reach)
    polar, azimuth = np.arccos(vector[:, 2] / np.linalg.norm(vector, axis=1)), np.arctan2(vector[:, 1], vector[:, 0])
    q = np.zeros((len(atoms), 13), complex)
    for m in range(-6, 7):
        np.add.at(q[:, m + 6], i, sph_harm_y(6, m, polar, azimuth))
    q /= np.maximum(np.linalg.norm(q, axis=1), 1e-300)[:, None]
    solid = np.einsum("bm,bm->b", q[i], q[j].conj()).real > 0.7
    return np.bincount(i[solid], minlength=len(atoms)) >= 7


def _one(name: str, mode: int) -> dict:
    atoms, table = load(name), load_result("transitions", f"{name}-fire")
    potential, row = get(table.attrs["potential"]), int(np.flatnonzero(table.mode_index.values == mode)[0])
    lines = moving_modes(atoms, potential, mode + 10).polarizations
    bracket = [float(table.returned_amplitude[row]), float(table.amplitude[row])]
    found = critical_amplitude(atoms, potential, lines[:, mode], bracket, method=table.attrs["method"])
    after = atoms.copy()
    after.positions += found.displacements
    shares = {"before": crystalline(atoms).mean(), "after": crystalline(after).mean()}
    return shares | {"energy": found.energy, "distance": found.distance}


@method("xu-2010-order", version=1)
def measure_order(glasses, modes, progress: bool = False, folder=None) -> xr.Dataset:
    """Push one mode of each of some glasses by its A_c, and count crystalline particles before and after.

    Parameters
    ----------
    glasses : sequence of str
        Names of glasses with archived tables of transitions.
    modes : sequence of int
        Number of the pushed mode of each.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished glasses are kept, so that a run that was stopped resumes.

    Returns
    -------
    xarray.Dataset
        Over `glass`: shares of crystalline particles `before` and `after`, `energy` (epsilon) and `distance` (sigma) of
        the transition.
    """
    parts, cases = KeptParts(folder, measure_order.method.key("order")), list(zip(glasses, modes, strict=True))
    bar = tqdm(cases, desc="order", disable=not progress)
    rows = [parts.part(f"{name}-{mode}", partial(_one, name, mode)) for name, mode in bar]
    return xr.Dataset({key: ("glass", [row[key] for row in rows]) for key in rows[0]}, {"glass": list(glasses)})


def order_table(data: xr.Dataset) -> pd.DataFrame:
    """`measure_order` as a table, with the shares in per cent."""
    frame = data.to_dataframe().reset_index()
    frame[["before", "after"]] *= 100
    titles = {"energy": "energy (epsilon)", "distance": "|dr| (sigma)"}
    shares = {"before": "crystalline before (%)", "after": "after (%)"}
    return frame[["glass", "energy", "distance", "before", "after"]].rename(columns=titles | shares)


ORDER = Measurement(
    "mizuno-2020-order",
    measure_order,
    {
        # the transitions with the largest change of the energy of either system, and two usual ones
        "glasses": [
            "harmonic-spheres-n16000-instant-s1",
            "lennard-jones-n4000-instant-s1",
            "harmonic-spheres-n1000-instant-s2",
            "lennard-jones-n1000-instant-s1",
        ],
        "modes": [14, 6, 0, 0],
    },
)
MEASUREMENTS = (ORDER,)


def last_cases(count: int) -> dict:
    """The last `count` of the glasses and modes of `ORDER`, as parameters of it: the usual transitions come last."""
    return {name: values[-count:] for name, values in ORDER.parameters.items()}
