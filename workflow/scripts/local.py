"""Boson peaks of single atoms of one glass: local.py GLASS OUTPUT --method moments --atoms 1000.

By Chebyshev moments of atoms chosen at random, the same ones as in the table of events, or by all modes of the
glass (yang-2021); a NetCDF table is written. Finished chunks of atoms are kept beside OUTPUT. Metals only; rad/ps.
"""

import argparse
from pathlib import Path

import numpy as np
import xarray as xr
from bosonpeak.papers.yang_2021.events import chosen_atoms
from bosonpeak.threads import available_cores, set_threads
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.local_peaks import WIDTH, peaks_by_modes, peaks_by_moments
from bosonpeak.vibrations.modes import normal_modes
from provenance import open_glass, provenance
from vibrations import write


def local_peaks(path, folder, method, count) -> xr.Dataset:
    """The table of a glass file. Raises ValueError where the file is broken or the structure is no minimum."""
    glass, recipe, potential = open_glass(path)
    index = np.sort(chosen_atoms(len(glass), count))
    if method == "modes":
        found = peaks_by_modes(normal_modes(dynamical_matrix(glass, potential)))
        intensity, omega = (values[index] for values in found)
    else:
        intensity, omega = peaks_by_moments(glass, potential, index, folder=folder, progress=True)
    return xr.Dataset(
        {
            "intensity": ("atom", intensity, {"units": "(rad/ps)^-3"}),
            "omega_peak": ("atom", omega, {"units": "rad/ps"}),
        },
        {"atom": index},
        {"n_atoms": len(glass), "method": method, "width": WIDTH, **provenance(path, glass, recipe, __file__)},
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("glass", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--method", choices=("moments", "modes"), required=True)
    parser.add_argument("--atoms", type=int, required=True)
    a = parser.parse_args()
    set_threads(available_cores())
    write(local_peaks(a.glass, a.output.parent / "chunks", a.method, a.atoms), a.output)
