"""Inherent structures of one glass by temperature: warming.py GLASS OUTPUT --temperatures 100 300 --count 4 ...

The glass, a metal of the archive, is held at each temperature (K) and constant volume; structures on the way are
minimised and their vibrations written as one NetCDF table (yang-2021, Fig. 9). Times in ps. Finished temperatures are
kept beside OUTPUT.
"""

import argparse
from pathlib import Path

import xarray as xr
from bosonpeak.papers.yang_2021.inherent_spectra import inherent_spectra
from bosonpeak.threads import available_cores, set_threads
from provenance import open_glass, provenance
from vibrations import write

SEED = 9000
"""Of the first temperature's velocities for recipe seed 0; recipes are a thousand apart, temperatures one."""


def warmed(path, folder, temperatures, equilibration, interval, count) -> xr.Dataset:
    """The table of a glass file. Raises ValueError where the file is broken."""
    glass, recipe, potential = open_glass(path)
    seed = SEED + 1000 * recipe.seed
    table = inherent_spectra(
        glass, potential, temperatures, equilibration, interval, count, seed, folder, progress=True
    )
    return table.assign_attrs(provenance(path, glass, recipe, __file__, "lammps"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("glass", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--temperatures", type=float, nargs="+", required=True)
    parser.add_argument("--equilibration", type=float, required=True)
    parser.add_argument("--interval", type=float, required=True)
    parser.add_argument("--count", type=int, required=True)
    a = parser.parse_args()
    set_threads(available_cores())
    write(
        warmed(a.glass, a.output.parent / "temperatures", a.temperatures, a.equilibration, a.interval, a.count),
        a.output,
    )
