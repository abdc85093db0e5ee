"""Saddles around atoms of one glass: events.py GLASS OUTPUT --atoms 300 --events 5.

The glass is a minimum of the archive; atoms chosen at random are kicked, each `--events` times (yang-2021), and one
NetCDF table is written. The events of every finished atom are kept beside OUTPUT, so that a run that was killed goes
on. Energies in eV or reduced.
"""

import argparse
import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import xarray as xr
from bosonpeak.landscape.artn import default_search
from bosonpeak.landscape.event_tables import activate_glass
from bosonpeak.materials.potentials import get
from bosonpeak.materials.recipes import GlassRecipe
from bosonpeak.materials.structure_files import read_structure
from bosonpeak.threads import available_cores, set_threads
from digests import code_digest
from vibrations import write


def events(path, folder, atoms, n_events) -> xr.Dataset:
    """The table of a glass file. Raises ValueError where the file is broken or the structure is no minimum."""
    glass = read_structure(path)
    recipe = GlassRecipe(**glass.info["recipe"])
    potential = get(recipe.potential)
    table = activate_glass(glass, potential, atoms, n_events, folder=folder, progress=True)
    return table.assign_attrs(
        name=recipe.name,
        key=recipe.key,
        recipe=json.dumps(glass.info["recipe"]),
        seed=recipe.seed,
        search=json.dumps(asdict(default_search(potential))),
        glass_sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        potential_sha256=str(glass.info["potential_sha256"]),
        code=code_digest(__file__),
        versions=json.dumps({name: version(name) for name in ("numpy", "scipy", "numba", "xarray")}),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("glass", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--atoms", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    a = parser.parse_args()
    set_threads(available_cores())
    write(events(a.glass, a.output.parent / "atoms", a.atoms, a.events), a.output)
