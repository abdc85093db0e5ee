"""Crystals as controls: their peak disperses, so the same reading applied to them has to show it.

A crystal with one atom per primitive cell needs no diagonalisation of a large matrix. By Bloch's theorem the wave that
a neutron drives at Q couples to the three vibrations of this Q alone, whose squared frequencies are the eigenvalues of

    D(Q) = sum_j D_0j exp(-i Q.(r_j - r_0)),

where D_0j is the 3 x 3 block of the dynamical matrix between atom 0 and atom j.
"""

import numpy as np
from ase.build import bulk

from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025.maps import Dispersion, peak_dispersion, window
from bosonpeak.papers.li_2025.tables import GRIDS
from bosonpeak.scattering.wavevectors import ScatteringMap, Wavevectors, box_wavevectors, shell_means
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.peaks import frequency_scale


def bloch_map(atoms, potential, wavevectors: Wavevectors, energy, width: float, unit: str) -> ScatteringMap:
    """B(Q, E) of a crystal with one atom per primitive cell, equal to `boson_map` of all its normal modes.

    Parameters
    ----------
    atoms : ase.Atoms
        A box of the crystal at its minimum of the energy, larger than twice the reach of the potential.
    potential : Potential
    wavevectors : Wavevectors
        Wave vectors of the box, in shells.
    energy : array, shape (E,)
        Energies in `unit`.
    width : float
        Standard deviation of the Gaussian kernel in `unit`.
    unit : str
        "meV" or "reduced".

    Returns
    -------
    ScatteringMap
        In 1/unit^3. Vibrations of frequency 0 (Q on a Bragg peak) are left out.

    Raises
    ------
    ValueError
        If the atoms are not all equivalent.
    """
    own = dynamical_matrix(atoms, potential).toarray().reshape(len(atoms), 3, len(atoms), 3)
    diagonal = own[np.arange(len(atoms)), :, np.arange(len(atoms))]
    if abs(diagonal - diagonal[0]).max() > 1e-6 * abs(diagonal[0]).max():
        raise ValueError("the atoms are not equivalent: give a perfect crystal with one atom per primitive cell")
    energy, from_first = np.asarray(energy, float), own[0].transpose(1, 0, 2)
    # a lattice is its own mirror image, so that D(Q) is real
    phase = np.cos(wavevectors.vectors @ (atoms.positions - atoms.positions[0]).T)
    square, vectors = np.linalg.eigh(np.einsum("kn,nab->kab", phase, from_first))
    level = np.sqrt(np.clip(square, 0, None)) * frequency_scale(unit)
    coupling = np.einsum("ka,kab->kb", wavevectors.directions, vectors) ** 2
    still = level < 1e-6 * level.max()
    level = np.where(still, 1.0, level)
    weight = np.where(still, 0.0, coupling / level**2) / (width * np.sqrt(2 * np.pi))
    gauss = np.exp(-0.5 * ((level[..., None] - energy) / width) ** 2)
    mean, error = shell_means(np.einsum("kb,kbe->ke", weight, gauss), wavevectors)
    return ScatteringMap(wavevectors.q, energy, mean, error, wavevectors.counts, unit)


def lennard_jones_crystal(cells: int, waves: int, first_peak: float, limits, search):
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
    search : (float, float)
        Energies between which the maximum is looked for, reduced.

    Returns
    -------
    map : ScatteringMap
        B(Q, E), as `scattering.harmonic.boson_map` gives it.
    dispersion : Dispersion
        Where the spectrum of each shell of the window is highest.
    """
    start = bulk("Ar", "fcc", 1.56, cubic=True).repeat(cells)
    atoms = inherent_structure(start, get("lennard-jones"), 1e-10, relax_box=True)
    scale = 2 * np.pi * np.sqrt(3) * cells / atoms.cell.lengths()[0] / first_peak
    return _crystal(atoms, "lennard-jones", GRIDS["lj"], scale, waves, [q * scale for q in limits], search)


def copper(cells: int, waves: int, limits, search):
    """The fcc crystal of copper, in the shells of the alloy. As `lennard_jones_crystal`, in 1/A and meV."""
    start = bulk("Cu", "fcc", 3.64, cubic=True).repeat(cells)
    atoms = inherent_structure(start, get("cu-zr-mendelev-2009"), relax_box=True)
    return _crystal(atoms, "cu-zr-mendelev-2009", GRIDS["metal"], 1.0, waves, limits, search)


def _crystal(atoms, potential, grid, scale, waves, limits, search) -> tuple[ScatteringMap, Dispersion]:
    some = box_wavevectors(atoms.cell.array, grid.edges * scale, waves, 1)
    found = bloch_map(atoms, get(potential), some, grid.energy, grid.width, grid.unit)
    return found, peak_dispersion(found, window(found, *limits), *search)
