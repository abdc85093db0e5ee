"""Crystals as controls: their peak disperses, so the same reading applied to them has to show it."""

from dataclasses import replace

import numpy as np
from ase.build import bulk

from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025.maps import window
from bosonpeak.papers.li_2025.readings import Reading
from bosonpeak.papers.li_2025.tables import GRIDS
from bosonpeak.scattering.harmonic import boson_map
from bosonpeak.scattering.wavevectors import box_wavevectors
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes


def lennard_jones_crystal(cells: int, waves: int, first_peak: float, limits) -> Reading:
    """The fcc Lennard-Jones crystal, seen at the same multiples of its first Bragg peak as a glass of its first peak.

    Parameters
    ----------
    cells : int
        Cubic cells along each edge of the box.
    waves : int
        Wave vectors per shell.
    first_peak : float
        Wave vector of the first peak of S(Q) of the glass, reduced.
    limits : (float, float)
        Window of Q of the glass, reduced; that of the crystal is scaled as the shells are.

    Returns
    -------
    Reading
        Its S(Q) and E_BP are NaN: a crystal has Bragg peaks, and no boson peak.
    """
    start = bulk("Ar", "fcc", 1.56, cubic=True).repeat(cells)
    atoms = inherent_structure(start, get("lennard-jones"), 1e-10, relax_box=True)
    scale = 2 * np.pi * np.sqrt(3) * cells / atoms.cell.lengths()[0] / first_peak
    return _crystal(atoms, "lennard-jones", GRIDS["lj"], scale, waves, [q * scale for q in limits])


def copper(cells: int, waves: int, limits) -> Reading:
    """The fcc crystal of copper, in the shells of the alloy. As `lennard_jones_crystal`, in 1/A and meV."""
    start = bulk("Cu", "fcc", 3.64, cubic=True).repeat(cells)
    atoms = inherent_structure(start, get("cu-zr-mendelev-2009"), relax_box=True)
    return _crystal(atoms, "cu-zr-mendelev-2009", GRIDS["metal"], 1.0, waves, limits)


def of_model(glasses, cells: int, waves: int) -> Reading | None:
    """The `lennard_jones_crystal` seen as some model glasses are, with their E_BP; None without glasses."""
    if glasses is None:
        return None
    table = glasses.tables[glasses.main][0]
    first = float(table.q[int(table.structure.values.argmax())])
    return replace(lennard_jones_crystal(cells, waves, first, glasses.limits), peaks=glasses.peaks())


def _crystal(atoms, name, grid, scale, waves, limits) -> Reading:
    potential = get(name)
    atoms.set_masses(potential.masses_of(atoms))
    some = box_wavevectors(atoms.cell.array, grid.edges * scale, waves, 1)
    modes = normal_modes(dynamical_matrix(atoms, potential))
    found = boson_map(modes, atoms, some, grid.energy, grid.width, unit=grid.unit)
    return Reading([found], [np.full(len(found.q), np.nan)], window(found, *limits), np.array([np.nan]))
