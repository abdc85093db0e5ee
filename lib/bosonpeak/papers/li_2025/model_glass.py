"""The model glass: its modes, its archived table, which takes minutes, and controls at the energy of its peak."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import fluctuations, local_fields, maps
from bosonpeak.papers.li_2025.readings import Reading, nearest
from bosonpeak.papers.li_2025.tables import GRIDS, Plan, computed_table
from bosonpeak.scattering import harmonic
from bosonpeak.scattering.wavevectors import ScatteringMap, box_wavevectors
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes


@lru_cache(maxsize=1)
def glass_and_modes(glass: str) -> tuple:
    """An archived glass, with the masses of its potential, and all of its normal modes; the last one is remembered."""
    atoms = load(glass)
    potential = get(atoms.info["recipe"]["potential"])
    atoms.set_masses(potential.masses_of(atoms))
    return atoms, normal_modes(dynamical_matrix(atoms, potential))


@method("li-2025-model-glass", 1)
def model_glass(glass, waves, motion_waves, temperature, duration, progress=False, folder=None) -> xr.Dataset:
    """The table of a model glass: by its modes, by molecular dynamics, and of all local quantities.

    Parameters
    ----------
    glass : str
        Name of an archived glass of reduced units.
    waves, motion_waves : int
        Wave vectors per shell, for the modes and for the dynamics.
    temperature, duration : float
        Of the dynamics, reduced.
    progress : bool
        Whether to show progress bars.
    folder : path-like, optional
        Where the trajectory is kept, so that a run that was killed resumes from it.

    Returns
    -------
    xarray.Dataset
        As `tables.scattering_table`, without currents and without spectra of single atoms.
    """
    plan = Plan("modes", waves, motion_waves, temperature, duration, "main")
    return computed_table(glass, plan, progress, modes=glass_and_modes(glass)[1], extras=False, folder=folder)


_BOOK = {"waves": 60, "motion_waves": 20, "temperature": 0.1, "duration": 100.0}
MODEL_GLASS = Measurement("li-2025-model-glass", model_glass, {"glass": "kob-andersen-n1000-0.001-s1"} | _BOOK)
MEASUREMENTS = (MODEL_GLASS,)
"""Everything that the book archives for this chapter, apart from the tables of glasses."""


def check_sample(table: xr.Dataset, every: int = 10, tolerance: float = 1e-3) -> tuple[int, float]:
    """Compute the harmonic map of the table of a model glass again in every n-th shell of Q, and compare.

    Parameters
    ----------
    table : xarray.Dataset
        Its attribute `name` is that of an archived glass of reduced units.
    every : int
        One shell in so many is computed.
    tolerance : float
        Largest deviation that is accepted. The archive keeps 13 bits of each number, which is 1.2e-4.

    Returns
    -------
    shells : int
        How many shells were computed.
    deviation : float
        Largest difference within a shell over the maximum of that shell.

    Raises
    ------
    RuntimeError
        If the deviation is larger than the tolerance.
    """
    (atoms, modes), grid = glass_and_modes(table.attrs["name"]), GRIDS["lj"]
    waves = box_wavevectors(atoms.cell.array, grid.edges, table.attrs["waves"], table.attrs["seed_of_waves"])
    taken = waves.shell % every == 0
    waves = replace(waves, indices=waves.indices[taken], vectors=waves.vectors[taken], shell=waves.shell[taken])
    shells = np.flatnonzero(waves.counts)
    found = harmonic.boson_map(modes, atoms, waves, grid.energy, grid.width, unit=grid.unit).intensity[shells]
    deviation = float((abs(found - table.harmonic.values[shells]).max(axis=1) / found.max(axis=1)).max())
    if not deviation <= tolerance:
        words = f"the table of {table.attrs['name']} differs by {deviation:.2g} from what is computed here"
        raise RuntimeError(f"{words}, more than {tolerance:g}: compute it again with archived = False")
    return len(shells), deviation


def _seen_at_peak(reading: Reading, atoms, waves: int, seed: int) -> tuple:
    """Wave vectors of the model grid, the one energy at the peak of the first glass, width and unit."""
    grid, at = GRIDS["lj"], reading.energy[[nearest(reading.energy, reading.peaks[0])]]
    return box_wavevectors(atoms.cell.array, grid.edges, waves, seed), at, grid.width, grid.unit


def _map_at_peak(reading: Reading, atoms, modes: Modes, waves: int, seed: int) -> ScatteringMap:
    """The map of some modes at this one energy."""
    *seen, unit = _seen_at_peak(reading, atoms, waves, seed)
    return harmonic.boson_map(modes, atoms, *seen, unit=unit)


def _likeness(reading: Reading, found: ScatteringMap) -> float:
    """r of a map at one energy with S(Q) of the first glass."""
    return float(maps.structure_correlation(found, reading.structures[0], reading.inside)[0])


def shuffled_correlation(reading: Reading, atoms, modes: Modes, waves: int) -> float:
    """r at the peak of the first glass of a reading, its modes' polarizations handed to other atoms at random."""
    mixed = np.random.default_rng(5).permutation(len(atoms))
    handed = modes.polarizations.reshape(len(atoms), 3, -1)[mixed].reshape(modes.polarizations.shape)
    return _likeness(reading, _map_at_peak(reading, atoms, replace(modes, polarizations=handed), waves, 1))


def wave_convergence(reading: Reading, atoms, modes: Modes, counts) -> pd.DataFrame:
    """Speckle in per cent, and r at the peak of the first glass, with different numbers of wave vectors per shell."""
    rows = []
    for count in counts:
        found = _map_at_peak(reading, atoms, modes, count, 2)
        # a single wave does not know its speckle
        speckle = np.nanmedian((found.stderr / found.intensity)[reading.inside]) if count > 1 else np.nan
        rows.append((count, 100 * speckle, _likeness(reading, found)))
    return pd.DataFrame(rows, columns=["wave vectors per shell", "speckle of a shell (%)", "r at the peak"])


def still_correlations(reading: Reading, atoms, modes: Modes, cutoff: float, waves: int) -> dict[str, float]:
    """r at the peak of the first glass of each linear field, from the modes: without noise and without a second phonon.

    Unlike Eq. 5 these maps are not divided by phi(Q, 0), in which slow modes weigh most.
    """
    geometry, seen = local_fields.local_geometry(atoms, cutoff), _seen_at_peak(reading, atoms, waves, 3)
    found = {f: fluctuations.harmonic_fluctuation_map(modes, f, geometry, *seen) for f in local_fields.LINEAR}
    return {f: _likeness(reading, m) for f, m in found.items()}
