"""Samples of one parent liquid: samples.py GROUP KEY OUTPUT quenches its glasses and describes them (tao-2023).

It writes one NetCDF table, and the structures of the samples that keep theirs into a second one next to it (the name
of OUTPUT with -atoms). Finished samples and restart files are kept next to OUTPUT, so that a run that was killed
resumes. It works with one thread, because the number of threads would change the last bits and with them the glasses.
"""

from pathlib import Path

from common import PACKAGES, arguments, exclusive, versions_of
from families import families

from bosonpeak.archive.results import write_dataset
from bosonpeak.materials.potentials import get
from bosonpeak.papers.tao_2023.samples import make_samples, sample_table
from bosonpeak.threads import set_threads


def samples(group: str, key: str, output: Path) -> None:
    """Make and write the samples of the family with this key. Raises ValueError where the group has none."""
    family = next((f for f in families(group) if f.key == key), None)
    if family is None:
        raise ValueError(f"no family of the group {group} has the key {key}: was data/glasses/samples.yml changed?")
    folder = output.parent / key
    # a run that outlived its workflow is waited for
    with exclusive(folder / ".lock"):
        found = make_samples(list(family.recipes), family.atomic, folder, progress=True)
    about = {
        "potential_sha256": get(family.recipes[0].potential).sha256,
        "method_version": family.made_by.version,
        "versions": versions_of(*PACKAGES),
    }
    if any(family.atomic):
        atoms = sample_table(family.recipes, found, atomic=True).assign_attrs(about)
        write_dataset(atoms, output.with_name(f"{output.stem}-atoms.nc"))
    write_dataset(sample_table(family.recipes, found).assign_attrs(about), output)


if __name__ == "__main__":
    set_threads(1)
    samples(**arguments(__doc__, group=str, key=str, output=Path))
