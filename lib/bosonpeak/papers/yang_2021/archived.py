"""What the chapter needs of modes and trajectories: measurements that take minutes and that the book archives.

Frequencies are angular frequencies omega in rad/ps, lengths are in A, temperatures in K and times in ps throughout;
a density g / omega^2 is in (rad/ps)^-3.
"""

from functools import partial

import numpy as np
import xarray as xr
from ase.build import bulk

from bosonpeak.archive import methods, results, resume
from bosonpeak.archive.measurements import Measurement
from bosonpeak.materials.glasses import inherent_structure, load
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations import elasticity, gruneisen, hessian, local_peaks, spectra, thermal
from bosonpeak.vibrations.modes import low_frequency_modes, normal_modes

POTENTIAL = "cu-zr-mendelev-2009"
SLOW = 6.0
"""rad/ps: modes below this are called slow in the chapter."""
MODES_SEED = 7919
"""Of the random vectors that start the recursion and the subspace iteration."""


@methods.method("yang-2021-vibrations", 1)
def vibrations(glasses, strain, small_strain, widths, progress=False, folder=None) -> xr.Dataset:
    """Boson peaks of atoms, slow modes and Grueneisen parameters of glasses, by diagonalisation.

    Parameters
    ----------
    glasses : list of str
        Names of G archived glasses of the same number N of atoms.
    strain : float
        Relative change of the volume of cells that are only scaled (affine).
    small_strain : float
        The same where the atoms are minimised at each volume.
    widths : list of float
        Standard deviations in rad/ps under which the levels of an atom are read.
    progress : bool
        Unused: one glass takes about two minutes.
    folder : path-like, optional
        Where the arrays of finished glasses are kept.

    Returns
    -------
    xarray.Dataset
        Over `glass`, `atom`, `width`, `mode` (without zero modes) and `slow` (modes below SLOW):
        intensity (glass, width, atom), the highest g_i / omega^2; displacement (glass, atom), <u_i^2> per kelvin by
        harmonic theory in A^2/K; omega (glass, mode); gamma_index, gamma_slope and gamma_minima (glass, mode), the
        Grueneisen parameters by affine cells sorted by index, by affine cells and perturbation theory, and by minima
        and perturbation theory; atomic_index and atomic_minima (glass, atom), their sums over the modes of an atom
        (Eq. 5); share (glass, atom, slow), |e_k(i)|^2; nonaffine (glass, side) in A and jumped (glass, side) of the
        minima; gamma_overlap and overlap (glass, mode), tracked by overlap, NaN for all glasses but the first.
        Shorter axes are filled with NaN.

    Raises
    ------
    ValueError
        If the glasses differ in size.
    """
    if len(sizes := {len(load(name)) for name in glasses}) > 1:
        raise ValueError(f"the glasses have {sorted(sizes)} atoms: choose glasses of one size")
    found = []
    for name in glasses:
        options = strain, small_strain, list(widths), name == glasses[0]
        kept = resume.KeptParts(folder, load(name), get(POTENTIAL), str(vibrations.method), *options)
        part = kept.part("vibrations", partial(_glass, name, *options))
        one = xr.Dataset({key: (_DIMENSIONS[key], value) for key, value in part.items()})
        found.append(one.assign_coords({axis: np.arange(one.sizes[axis]) for axis in ("mode", "slow")}))
    data = xr.concat(found, "glass", join="outer", data_vars="all", fill_value=np.nan)
    return data.assign_coords(glass=list(glasses), width=list(widths)).assign_attrs(unit="rad/ps", slow=SLOW)


_WAYS = {"index": "index", "slope": "perturbation", "minima": "perturbation", "overlap": "overlap"}
_DIMENSIONS = {"intensity": ("width", "atom"), "share": ("atom", "slow"), "nonaffine": "side", "jumped": "side"}
_DIMENSIONS |= dict.fromkeys(("displacement", "atomic_index", "atomic_minima"), "atom")
_DIMENSIONS |= dict.fromkeys(("omega", "overlap", *(f"gamma_{way}" for way in _WAYS)), "mode")


def _glass(name, strain, small_strain, widths, tracked) -> dict:
    modes = normal_modes(hessian.dynamical_matrix(glass := load(name), potential := get(POTENTIAL)))
    cells = dict.fromkeys(_WAYS, gruneisen.strain_volume(glass, potential, strain, relax=False))
    cells["minima"] = minima = gruneisen.strain_volume(glass, potential, small_strain, relax=True)
    ways = {way: tracking for way, tracking in _WAYS.items() if tracked or way != "overlap"}
    found = {way: gruneisen.follow_modes(cells[way], potential, tracking, modes) for way, tracking in ways.items()}
    omega = found["index"].omega
    slow, unknown = found["index"].polarizations[:, omega < SLOW], np.full(len(omega), np.nan)
    table = {"gamma_overlap": unknown} | {f"gamma_{way}": one.gamma for way, one in found.items()}
    table |= {f"atomic_{way}": gruneisen.atomic_gruneisen(found[way]) for way in ("index", "minima")}
    return table | {
        "omega": omega,
        "overlap": found["overlap"].overlap if tracked else unknown,
        "intensity": [local_peaks.peaks_by_modes(modes, width)[0] for width in widths],
        "displacement": thermal.harmonic_displacements(modes, potential, glass, 1.0),
        "share": (slow.reshape(len(glass), 3, -1) ** 2).sum(axis=1),
        "nonaffine": minima.basins.nonaffine,
        "jumped": minima.basins.jumped.astype(float),
    }


@methods.method("yang-2021-moments", 1)
def moments(glass, widths, progress=False, folder=None) -> xr.Dataset:
    """Boson peak of every atom of a glass by Chebyshev moments, without a mode.

    Parameters
    ----------
    glass : str
    widths : list of float
        Widths of the kernel at omega = 0, in rad/ps.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished chunks of atoms are kept.

    Returns
    -------
    xarray.Dataset
        intensity (width, atom), the highest g_i / omega^2.
    """
    atoms, potential = load(glass), get(POTENTIAL)
    measure, every = local_peaks.peaks_by_moments, np.arange(len(atoms))
    found = [measure(atoms, potential, every, width, folder, progress)[0] for width in widths]
    return xr.Dataset({"intensity": (("width", "atom"), np.array(found))}, {"width": list(widths)})


def _matrix(atoms, potential):
    """The dynamical matrix, as factors, and its translations."""
    rest = spectra.translations(len(atoms), 3, potential.masses_of(atoms))
    return hessian.dynamical_matrix(atoms, potential, factored=True), rest


@methods.method("yang-2021-large-box", 1)
def slow_gruneisen(glass, count, strain, progress=False, folder=None) -> xr.Dataset:
    """Grueneisen parameters of the slowest modes of a large glass: affine cells, perturbation theory.

    Parameters
    ----------
    glass : str
    count : int
        Number of modes, the slowest ones.
    strain : float
        Relative change of the volume.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Unused: there are no parts.

    Returns
    -------
    xarray.Dataset
        omega and gamma (mode).
    """
    atoms, potential = load(glass), get(POTENTIAL)
    cells = gruneisen.strain_volume(atoms, potential, strain, relax=False)
    matrix, rest = _matrix(atoms, potential)
    modes = low_frequency_modes(matrix, count, seed=MODES_SEED, project_out=rest, progress=progress)
    found = gruneisen.follow_modes(cells, potential, "perturbation", modes)
    return xr.Dataset({"omega": ("mode", found.omega), "gamma": ("mode", found.gamma)})


@methods.method("yang-2021-crystal", 1)
def crystal(glasses, cells, progress=False, folder=None) -> xr.Dataset:
    """Density of states of fcc copper where glasses have their boson peak, and its Debye level, without a mode.

    Parameters
    ----------
    glasses : list of str
        The crystal is read at the fraction of its Debye frequency at which these archived glasses have their maxima.
    cells : int
        Cubic cells along each edge of the crystal.
    progress : bool
        Unused: there is one recursion.
    folder : path-like, optional
        Unused: there are no parts.

    Returns
    -------
    xarray.Dataset
        Scalars: omega; g in ps/rad; debye_level in (rad/ps)^-3, of the crystal's own anisotropic sound.
    """
    potential, glassy = get(POTENTIAL), [results.load_vibrations(name).attrs for name in glasses]
    atoms = inherent_structure(bulk("Cu", "fcc", 3.64, cubic=True).repeat(cells), potential, relax_box=True)
    moduli = elasticity.elastic_moduli(atoms, potential)
    peaks, debye = (np.array([s[key] for s in glassy]) for key in ("boson_peak_omega", "debye_frequency"))
    omega = float(peaks.mean() / debye.mean()) * moduli.debye_frequency
    matrix, rest = _matrix(atoms, potential)
    options = {"n_vectors": 16, "rng": MODES_SEED, "unit": "rad/ps", "project_out": rest}
    g = spectra.density_of_states(matrix, [omega], resolution=local_peaks.WIDTH, **options).g[0]
    level = elasticity.anisotropic_debye_level(moduli, len(atoms) / atoms.cell.volume)
    return xr.Dataset({"omega": omega, "g": float(g), "debye_level": float(level)})


_GLASSES = [f"Cu50Zr50-mendelev-2009-n1000-1e13-s{seed}" for seed in (1, 2, 3)]
_MODES = {"glasses": _GLASSES, "strain": 0.01, "small_strain": 0.003, "widths": [0.5, 1.0, 2.0]}
VIBRATIONS = Measurement("yang-2021-vibrations", vibrations, _MODES)
MOMENTS = Measurement("yang-2021-moments", moments, {"glass": _GLASSES[0], "widths": [1.0, 10.0]})
_LARGE = {"glass": "Cu50Zr50-mendelev-2009-n4000-1e13-s1", "count": 100, "strain": 0.01}
LARGE_BOX = Measurement("yang-2021-large-box", slow_gruneisen, _LARGE)
CRYSTAL = Measurement("yang-2021-crystal", crystal, {"glasses": _GLASSES, "cells": 12})
MEASUREMENTS = (VIBRATIONS, MOMENTS, LARGE_BOX, CRYSTAL)
