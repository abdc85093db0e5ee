"""Packings that are heated below, at and above their onset temperature and quenched: do they rearrange?

mizuno-2020 (Sec. III A) estimates the onset temperature T_c = 2 min_k b_k of a packing from the smallest barrier b_k
along a single mode. In a packing that is heated all modes move at once. Units are reduced.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from tqdm.auto import tqdm

from bosonpeak import statistics
from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result
from bosonpeak.archive.resume import KeptParts
from bosonpeak.landscape.excitation import RETURNED, scan_amplitudes
from bosonpeak.materials.geometry import nearest_image
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import get

PAGE = "mizuno-2020"
"""The page that reads this measurement."""

Estimate = tuple[float, tuple[float, float]]
"""A value and its 95 % interval."""


def heat_and_quench(atoms, potential, temperature: float, duration: float, timestep: float, seed: int) -> dict:
    """Molecular dynamics of a minimum at constant energy, and the minimum to which it relaxes afterwards.

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum of the potential.
    potential : materials.potentials.Potential
    temperature : float
        Of the motion about the minimum. The velocities are drawn at twice this, of which a harmonic solid keeps half.
    duration, timestep : float
    seed : int
        Of the velocities.

    Returns
    -------
    dict
        `distance` |r1 - r0| without loose atoms, `energy` Phi(r1) - Phi(r0), `converged`, and `temperature`, the
        kinetic one, mean over the second half of the run.

    Raises
    ------
    ValueError
        As `excitation.scan_amplitudes`.
    """
    seen, pieces = [], 40
    with Session(atoms, potential) as session:
        session.thermalise(2 * temperature, seed)
        for _ in range(pieces):
            session.dynamics(max(1, round(duration / timestep / pieces)), timestep, "nve")
            seen.append(session.thermo("temp"))
        hot = session.atoms()
    moved = nearest_image(hot.positions - atoms.positions, atoms.cell)
    moved -= moved.mean(axis=0)
    # the way back is that of a push along the line to where the motion ended
    amplitude = np.linalg.norm(moved) / np.sqrt(len(atoms))
    distance, energy, converged = (x[0] for x in scan_amplitudes(atoms, potential, moved.ravel(), [amplitude]))
    now = float(np.mean(seen[pieces // 2 :]))
    return {"distance": distance, "energy": energy, "converged": converged, "temperature": now}


def _one(name: str, factor: float, periods: float, timestep: float) -> dict:
    atoms, table = load(name), load_result("transitions", f"{name}-fire")
    recipe = atoms.info["recipe"]
    onset = 2 * float(np.nanmin(table.barrier))
    duration = periods * 2 * np.pi / float(table.frequency[0])
    # another number for every factor, and none that made the packing
    seed = 30000 + 100 * recipe["seed"] + round(20 + 10 * np.log10(factor))
    return heat_and_quench(atoms, get(recipe["potential"]), factor * onset, duration, timestep, seed) | {"onset": onset}


@method("onset-heating", version=1)
def measure_heating(
    glasses, factors, periods: float, timestep: float, progress: bool = False, folder=None
) -> xr.Dataset:
    """Heat glasses to multiples of their own onset temperature, and quench them.

    Parameters
    ----------
    glasses : sequence of str
        Names of glasses with archived tables of transitions.
    factors : sequence of float
        Temperatures in units of T_c.
    periods : float
        Duration, in periods of the slowest mode of each glass.
    timestep : float
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished runs are kept, so that a run that was stopped resumes.

    Returns
    -------
    xarray.Dataset
        The quantities of `heat_and_quench` over (glass, factor), and `onset`, the T_c of each glass.

    Raises
    ------
    ValueError
        As `heat_and_quench`.
    """
    parts, rows = KeptParts(folder, measure_heating.method.key(periods, timestep)), []
    with tqdm(desc="heating", total=len(glasses) * len(factors), disable=not progress) as bar:
        for name in glasses:
            for factor in factors:
                run = partial(_one, name, factor, periods, timestep)
                rows.append(parts.part(f"{name}-{factor:g}", run))
                bar.update()
    shape, where = (len(glasses), len(factors)), ("glass", "factor")
    data = {key: (where, np.reshape([row[key] for row in rows], shape)) for key in rows[0]}
    return xr.Dataset(data, {"glass": list(glasses), "factor": list(factors)}, {"units": "reduced"})


@dataclass(frozen=True)
class Heating:
    """Shares of the packings that rearranged.

    Attributes
    ----------
    shares : dict
        By the temperature in units of T_c.
    warmest : float
        Largest deviation of the kinetic temperature from the one asked for, relative, where nothing rearranged.
    count : int
        Number of packings.
    """

    shares: dict[float, Estimate]
    warmest: float
    count: int


def read_heating(data: xr.Dataset) -> Heating:
    """`Heating` of a result of `measure_heating`. Runs whose quench missed the force tolerance do not count."""
    left, good = data.distance.values > RETURNED, data.converged.values.astype(bool)
    factors = data.factor.values
    shares = {float(f): statistics.fraction_interval(left[good[:, k], k]) for k, f in enumerate(factors)}
    asked = factors * data.onset.values
    apart = abs(data.temperature.values / asked - 1)[~left]
    return Heating(shares, float(apart.max(initial=0.0)), data.sizes["glass"])


HEATING = Measurement(
    "mizuno-2020-heating",
    measure_heating,
    {
        "glasses": [f"harmonic-spheres-n1000-instant-s{s}" for s in range(1, 21)],
        "factors": [0.001, 0.01, 0.1, 1.0, 10.0],
        "periods": 50.0,
        "timestep": 0.1,
    },
)
MEASUREMENTS = (HEATING,)
