"""Molecular dynamics in and around a minimum.

Displacements are from the inherent structure, without the drift of the centre of mass. The motion is classical.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from tqdm.auto import tqdm

from bosonpeak.materials.geometry import displacements
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import get


@dataclass(frozen=True)
class Trajectory:
    """Samples of a run at constant energy.

    Attributes
    ----------
    time : array, shape (T,)
        In ps or reduced.
    energy : array, shape (T,)
        Potential energy above the inherent structure.
    displacements : array, shape (T, N, 3)
        In A or reduced, single precision.
    temperature : array, shape (T,)
        Of the kinetic energy, in K or reduced.
    masses : array, shape (N,), optional
        With which the atoms moved, in amu or reduced; None where this is not known.
    """

    time: np.ndarray
    energy: np.ndarray
    displacements: np.ndarray
    temperature: np.ndarray
    masses: np.ndarray | None = None


def thermal_trajectory(
    atoms: Atoms,
    potential,
    temperature: float,
    duration: float,
    interval: float,
    seed: int,
    equilibration: float = 10.0,
    timestep: float = 0.002,
    progress: bool = False,
) -> Trajectory:
    """Molecular dynamics in and around a minimum: Nose-Hoover dynamics first, then samples at constant energy.

    Parameters
    ----------
    atoms : ase.Atoms
        The minimum.
    potential : Potential
    temperature : float
        In K or reduced.
    duration, interval : float
        Of the sampled run, and between samples, in ps or reduced.
    seed : int
        Of the velocities.
    equilibration : float
        Time of the Nose-Hoover dynamics.
    timestep : float
    progress : bool

    Returns
    -------
    Trajectory

    Raises
    ------
    ValueError
        For a temperature, duration or interval that is not positive; else as `materials.lammps.Session`.
    """
    given = {"temperature": temperature, "duration": duration, "interval": interval, "timestep": timestep}
    for name, value in given.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} = {value}: it must be positive and finite")
    temperature, timestep = float(temperature), float(timestep)
    every, count = max(1, round(interval / timestep)), max(1, round(duration / interval))
    rows, masses = [], get(potential).masses_of(atoms)
    with Session(atoms, potential) as session:
        still = session.evaluate()[0]
        session.thermalise(2 * temperature, seed)
        steps = round(equilibration / timestep)
        if steps:
            session.dynamics(steps, timestep, f"nvt temp {temperature!r} {temperature!r} {100 * timestep:g}")
            session.commands("unfix dynamics")
        for _ in tqdm(range(count), desc=f"at {temperature:g}", unit="sample", disable=not progress):
            session.dynamics(every, timestep, "nve")
            u = displacements(atoms, session.atoms())
            u -= masses @ u / masses.sum()
            rows.append((session.thermo("pe") - still, session.thermo("temp"), u.astype("f4")))
    energy, kelvin, u = zip(*rows, strict=True)
    if min(energy) < 0:
        raise ValueError(f"the energy fell {-min(energy):.3g} below the start, which is not a minimum: relax it first")
    time = every * timestep * np.arange(1, count + 1)
    return Trajectory(time, np.array(energy), np.array(u), np.array(kelvin), masses)
