"""Saddles around atoms of one glass: events.py GLASS OUTPUT --atoms 300 --events 5.

The glass is a minimum of the archive; atoms chosen at random are kicked, each `--events` times (yang-2021), and one
NetCDF table is written. The events of every finished atom are kept beside OUTPUT, so that a run that was killed goes
on. Energies in eV or reduced.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import xarray as xr
from bosonpeak.landscape.artn import default_search
from bosonpeak.papers.yang_2021.events import activate_glass
from bosonpeak.threads import available_cores, set_threads
from provenance import open_glass, provenance
from vibrations import write


def events(path, folder, atoms, n_events) -> xr.Dataset:
    """The table of a glass file. Raises ValueError where the file is broken or the structure is no minimum."""
    glass, recipe, potential = open_glass(path)
    table = activate_glass(glass, potential, atoms, n_events, folder=folder, progress=True)
    search = json.dumps(asdict(default_search(potential)))
    return table.assign_attrs(search=search, **provenance(path, glass, recipe, __file__))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("glass", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--atoms", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    a = parser.parse_args()
    set_threads(available_cores())
    write(events(a.glass, a.output.parent / "atoms", a.atoms, a.events), a.output)
