"""Take what was made into data/: collect.py GROUP FOLDER, where FOLDER is that of the workflow.

Glasses of the group "book" enter data/glasses and its catalogue. Results of any group enter the folder of data/results
that has the name of their kind, and its catalogue. Samples enter the tables of data/results/samples. What the archive
holds already is left as it is.
"""

import json
import time
from functools import lru_cache
from pathlib import Path

import xarray as xr
from campaigns import KINDS, campaigns
from common import arguments
from families import Family, Study, families, studies
from measurements import measurements

from bosonpeak.archive.files import sha256_of
from bosonpeak.archive.glasses import catalogue, has_glass, processor
from bosonpeak.archive.measurements import KIND, enter_measurement
from bosonpeak.archive.results import (
    catalogue_of,
    enter_result,
    has_result,
    read_dataset,
    results_folder,
    take_result,
    write_dataset,
)
from bosonpeak.materials import recipes
from bosonpeak.materials.glasses import admit

NOUNS = {
    "vibrations": "vibrational spectra",
    "transitions": "tables of transitions",
    "events": "tables of events",
    "inherent": "tables of inherent structures",
    "local": "tables of local peaks",
    "scattering": "tables of scattering",
    "samples": "tables of samples",
    "learning": "tables of learning",
    KIND: "measurements",
}
"""What the catalogue of each kind of result counts."""


def has_family(family: Family) -> bool:
    """Whether the archive holds all samples of a parent liquid, and the structures of those that keep theirs.

    Raises
    ------
    ValueError
        If a table of samples was altered.
    """
    structures = {r.key for r, whole in zip(family.recipes, family.atomic, strict=True) if whole}
    wanted = {family.table: {r.key for r in family.recipes}, f"{family.table}-atoms": structures}
    return all(keys <= sample_keys(name, family.made_by.version) for name, keys in wanted.items())


def sample_keys(name: str, method_version: int) -> frozenset[str]:
    """Keys of the samples in a shipped table.

    They are none where there is no such file, or where another version of the method made it.

    Raises
    ------
    ValueError
        If the file was altered.
    """
    path, entry = results_folder("samples") / f"{name}.nc", catalogue_of("samples").get(name, {})
    if not path.is_file() or (entry and entry.get("method_version") != method_version):
        return frozenset()
    return _keys(path, entry.get("sha256"), path.stat().st_mtime_ns)


@lru_cache
def _keys(path: Path, sha256: str | None, stamp: int) -> frozenset[str]:
    """Keys in a file; the stamp is the time of its last change, so that a newer file is read again."""
    # a sample cannot be distinguished from an altered one later: nothing is merged with these
    if sha256_of(path) != sha256:
        raise ValueError(
            f"{path} was altered: its SHA-256 is not the catalogue's; restore it with git checkout, or delete it, and "
            "its samples are made again"
        )
    return frozenset(map(str, read_dataset(path).key.values))


def complete(table: str, group: str) -> bool:
    """Whether every family of a table in a group is shipped. Until then nothing is learned from the table."""
    return all(has_family(family) for family in families(group) if family.table == table)


def when_and_where(path: Path) -> dict:
    """The date on which a file was made, and this machine's processor."""
    return {"processor": processor(), "date": time.strftime("%Y-%m-%d", time.gmtime(path.stat().st_mtime))}


def study_entry(study: Study, data: xr.Dataset) -> dict:
    """Entry of the catalogue for what was learned, without its file, date and processor."""
    return {
        "name": study.name,
        "key": study.key,
        "method_version": study.made_by.version,
        "table": study.table,
        "study": study.study,
        "table_sha256": str(data.attrs["table_sha256"]),
        "samples": int(data.attrs["samples"]),
        "versions": json.loads(data.attrs["versions"]),
    }


def take_families(folder: Path, group: str) -> list[str]:
    """Merge the families that were made and are not shipped into the tables of samples, each written once.

    Parameters
    ----------
    folder : Path
        Where their files are.
    group : str

    Returns
    -------
    list of str
        Names of the families.

    Raises
    ------
    ValueError
        As `has_family`, and where they do not fit what is shipped.
    """
    made = [f for f in families(group) if (folder / f"{f.key}.nc").is_file() and not has_family(f)]
    for table in sorted({f.table for f in made}):
        ours = [f for f in made if f.table == table]
        # the structures first: a family is shipped when its samples are
        for suffix, chosen in (("-atoms", [f for f in ours if any(f.atomic)]), ("", ours)):
            if chosen:
                paths = [folder / f"{f.key}{suffix}.nc" for f in chosen]
                _take_samples(f"{table}{suffix}", paths, chosen[0].made_by.version)
    return [f.name for f in made]


def _take_samples(name: str, paths: list[Path], method_version: int) -> None:
    from bosonpeak.papers.tao_2023.samples import merge_samples

    target = results_folder("samples") / f"{name}.nc"
    shipped = [target] if sample_keys(name, method_version) else []
    tables = [read_dataset(path) for path in (*shipped, *paths)]
    versions: dict[str, set] = {}
    for table in tables:
        for package, used in json.loads(table.attrs["versions"]).items():
            versions.setdefault(package, set()).update(used.split(", "))
    versions = {package: ", ".join(sorted(used)) for package, used in versions.items()}
    merged = merge_samples(tables)
    kept = {field: merged.attrs[field] for field in ("n_atoms", "potential", "width", "potential_sha256")}
    merged.attrs = kept | {"method_version": method_version, "versions": json.dumps(versions)}
    write_dataset(merged, target)
    entry = {
        "name": name,
        "file": target.name,
        "sha256": sha256_of(target),
        "method_version": method_version,
        "samples": merged.sizes["sample"],
        "parents": len(set(zip(merged.seed.values.tolist(), merged.melt_temperature.values.tolist(), strict=True))),
        "n_atoms": int(kept["n_atoms"]),
        "potential": kept["potential"],
        "potential_sha256": kept["potential_sha256"],
        "versions": versions,
    }
    enter_result("samples", entry | when_and_where(max(paths, key=lambda path: path.stat().st_mtime)))


def _seconds(path: Path) -> float | None:
    """How long a quench took; None where that is not known. The glass is what counts."""
    try:
        return float(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def collect(group: str, folder: Path) -> None:
    """Take what the workflow made into data/, and print what entered."""
    entered = []
    for recipe in recipes.recipes(group) if group == "book" else ():
        glass = folder / "glasses" / f"{recipe.key}.xyz.gz"
        if glass.is_file() and not has_glass(recipe):
            timing = glass.with_name(f"{recipe.key}.seconds")
            admit(glass, _seconds(timing))
            entered.append(recipe.name)
    for kind in KINDS:
        for campaign in campaigns(kind, group):
            path = folder / kind / f"{campaign.key}.nc"
            if path.is_file() and not has_result(kind, campaign.name, campaign.key):
                take_result(kind, path, campaign.entry(read_dataset(path)) | when_and_where(path))
                entered.append(f"{kind} of {campaign.name}")
    entered += [f"samples of {name}" for name in take_families(folder / "samples", group)]
    for study in studies(group):
        path = folder / "learning" / f"{study.key}.nc"
        if path.is_file() and not has_result("learning", study.name, study.key):
            take_result("learning", path, study_entry(study, read_dataset(path)) | when_and_where(path))
            entered.append(f"learning of {study.name}")
    for known in measurements(group):
        path = folder / KIND / f"{known.key}.nc"
        if path.is_file() and not has_result(KIND, known.name, known.key):
            enter_measurement(path)
            entered.append(f"the measurement {known.name}")
    for name in entered:
        print(f"entered data/: {name}")
    counts = [f"{len(catalogue_of(kind))} {noun}" for kind, noun in NOUNS.items()]
    print(f"data/ holds {len(catalogue())} glasses, {', '.join(counts[:-1])} and {counts[-1]}")


if __name__ == "__main__":
    collect(**arguments(__doc__, group=str, folder=Path))
