"""Take what was made into data/: collect.py GROUP FOLDER, FOLDER that of the workflow.

Glasses of the group book enter data/glasses and its catalogue; vibrations, transitions, events, inherent structures,
local peaks and scattering of any group enter the folder of data/results that has their name, each with one table of
all, catalogue.json; samples enter the tables of data/results/samples. What stands there already is left alone.
"""

import argparse
import hashlib
import json
import os
import shutil
import time
from functools import lru_cache
from itertools import chain
from pathlib import Path

from bosonpeak.archive import glasses as archive
from bosonpeak.materials import recipes
from bosonpeak.paths import project_root
from campaigns import activations, local_peaks, pushes, scatterings, warmings
from digests import code_digest
from families import families, studies

SHIPPED = ("boson_peak_omega", "boson_peak_intensity", "boson_peak_interior", "boson_peak_broadening")
SHIPPED += ("cumulative_level", "resolution", "omega_max", "unit", "degrees_of_freedom", "method")
SHIPPED += ("bulk_modulus", "shear_modulus", "affine_shear_modulus", "anisotropy", "longitudinal_speed")
SHIPPED += ("transverse_speed", "debye_frequency", "debye_level", "first_phonon")


def results_folder(kind: str) -> Path:
    return project_root() / "data" / "results" / kind


def table_of(kind: str) -> dict[str, dict]:
    """Entries of the table of "vibrations", "transitions" or "events" by name, {} where there is none."""
    path = results_folder(kind) / "catalogue.json"
    return {e["name"]: e for e in json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {}


def has_glass(recipe) -> bool:
    """Whether data/glasses holds the glass of this very recipe, whole."""
    table = archive.catalogue()
    for row in table[table.key == recipe.key].itertuples():
        path = archive_folder() / row.file
        return path.is_file() and _sha256(path) == row.sha256
    return False


def has_spectrum(recipe, code: str) -> bool:
    """Whether data/results/vibrations holds this glass's vibrations as the present code computes them."""
    entry = table_of("vibrations").get(recipe.name, {})
    path = results_folder("vibrations") / f"{recipe.name}.nc"
    known = entry.get("key") == recipe.key and entry.get("code") == code
    return known and path.is_file() and _sha256(path) == entry["sha256"]


def has_campaign(kind: str, campaign) -> bool:
    """Whether data/results/<kind> holds this glass's table made with these options, whole."""
    entry, path = table_of(kind).get(campaign.name, {}), results_folder(kind) / f"{campaign.name}.nc"
    return entry.get("key") == campaign.key and path.is_file() and _sha256(path) == entry["sha256"]


def has_family(family) -> bool:
    """Whether data/results/samples holds all samples of a parent, and the structures of those that keep theirs.

    Raises ValueError where a table is not the one that its entry tells of.
    """
    structures = {r.key for r, whole in zip(family.recipes, family.atomic, strict=True) if whole}
    wanted = {family.table: {r.key for r in family.recipes}, f"{family.table}-atoms": structures}
    return all(keys <= sample_keys(name) for name, keys in wanted.items())


def sample_keys(name: str) -> frozenset[str]:
    """Keys of the samples in a shipped table, none where there is no such file. Raises ValueError as `has_family`."""
    path = results_folder("samples") / f"{name}.nc"
    if not path.is_file():
        return frozenset()
    return _keys(path, table_of("samples").get(name, {}).get("sha256"), path.stat().st_mtime_ns)


@lru_cache
def _keys(path: Path, sha256: str | None, stamp: int) -> frozenset[str]:
    """stamp: of the file's last change, so that a newer one is read again."""
    import xarray as xr

    # samples cannot be told from altered ones later: nothing is merged with these
    if _sha256(path) != sha256:
        raise ValueError(
            f"{path} was altered: its SHA-256 is not the catalogue's; fetch it again (git checkout), or delete it, and "
            "its samples are made anew"
        )
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return frozenset(map(str, data.key.values))


def archive_folder() -> Path:
    return project_root() / "data" / "glasses"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _replace(path: Path, write):
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def take_spectrum(path: Path, recipe, code: str):
    """Copy a file of vibrations and enter it into the table."""
    import xarray as xr

    target = results_folder("vibrations") / f"{recipe.name}.nc"
    target.parent.mkdir(parents=True, exist_ok=True)
    with xr.open_dataset(path, engine="h5netcdf") as data:
        attributes = {name: data.attrs[name] for name in SHIPPED}
        kept = {"versions": json.loads(data.attrs["versions"]), "recipe": json.loads(data.attrs["recipe"])}
    _replace(target, lambda part: shutil.copyfile(path, part))
    measured = {name: value.item() if hasattr(value, "item") else value for name, value in attributes.items()}
    entry = {"name": recipe.name, "key": recipe.key, "file": target.name, "sha256": _sha256(target), "code": code}
    entry |= kept | measured
    entry |= {"processor": archive.processor(), "date": time.strftime("%Y-%m-%d", time.gmtime(path.stat().st_mtime))}
    # JSON has no NaN
    _enter("vibrations", {name: None if value != value else value for name, value in entry.items()})


def counted(kind: str, data) -> dict:
    """What the table of all tells of one table of a kind."""
    if kind == "transitions":
        left = int((data.transition >= 0).sum())
        return {"pushed": data.sizes["pushed"], "left": left, "pushes": int(data.pushes.sum())}
    if kind == "inherent":
        return {"structures": data.energy.size}
    if kind == "local":
        return {"mean_intensity": float(data.intensity.mean())}
    if kind == "scattering":
        return {"shells": data.sizes["q"], "energies": data.sizes["energy"]}
    saddles = int((data.outcome == 0).sum())
    return {"searches": data.sizes["event"], "saddles": saddles, "force_calls": int(data.force_calls.sum())}


def take_campaign(kind: str, path: Path, campaign):
    """Copy a campaign's table and enter it into the table of all of its kind."""
    import xarray as xr

    target = results_folder(kind) / f"{campaign.name}.nc"
    target.parent.mkdir(parents=True, exist_ok=True)
    with xr.open_dataset(path, engine="h5netcdf") as data:
        kept = {name: json.loads(data.attrs[name]) for name in ("versions", "recipe")}
        kept |= {"n_atoms": int(data.attrs["n_atoms"]), "glass_sha256": data.attrs["glass_sha256"]}
        kept |= counted(kind, data) | {"code": data.attrs["code"]}
    _replace(target, lambda part: shutil.copyfile(path, part))
    options = {name: value for name, value in vars(campaign).items() if name != "recipe"}
    entry = {"name": campaign.name, "key": campaign.key, "file": target.name, "sha256": _sha256(target)}
    entry |= options | {"glass": campaign.recipe.name} | kept
    entry |= {"processor": archive.processor(), "date": time.strftime("%Y-%m-%d", time.gmtime(path.stat().st_mtime))}
    _enter(kind, entry)


def complete(table: str, group: str) -> bool:
    """Whether every family of a table in a group is shipped: until then nothing is learned from it."""
    return all(has_family(family) for family in families(group) if family.table == table)


def has_study(study) -> bool:
    """Whether data/results/learning holds this study of the table as it is shipped now, whole."""
    return has_campaign("learning", study)


def take_study(path: Path, study):
    """Copy a study's table and enter it into the table of all."""
    import xarray as xr

    target = results_folder("learning") / f"{study.name}.nc"
    target.parent.mkdir(parents=True, exist_ok=True)
    with xr.open_dataset(path, engine="h5netcdf") as data:
        kept = {name: str(data.attrs[name]) for name in ("table_sha256", "code")}
        kept |= {"samples": int(data.attrs["samples"]), "versions": json.loads(data.attrs["versions"])}
    _replace(target, lambda part: shutil.copyfile(path, part))
    entry = {"name": study.name, "key": study.key, "file": target.name, "sha256": _sha256(target)}
    entry |= {"table": study.table, "study": study.study} | kept
    entry |= {"processor": archive.processor(), "date": time.strftime("%Y-%m-%d", time.gmtime(path.stat().st_mtime))}
    _enter("learning", entry)


def take_families(folder: Path, group: str) -> list[str]:
    """Merge the families that were made, and are not shipped, into the tables of samples, each written once.

    Returns their names. Raises ValueError as `has_family`, and where they do not fit what is shipped.
    """
    made = [f for f in families(group) if (folder / f"{f.key}.nc").is_file() and not has_family(f)]
    for table in sorted({f.table for f in made}):
        ours = [f for f in made if f.table == table]
        # the structures first: a family is shipped when its samples are
        for suffix, chosen in (("-atoms", [f for f in ours if any(f.atomic)]), ("", ours)):
            if chosen:
                _take_samples(f"{table}{suffix}", [folder / f"{f.key}{suffix}.nc" for f in chosen])
    return [f.name for f in made]


def _take_samples(name: str, paths: list[Path]):
    import xarray as xr
    from bosonpeak.papers.tao_2023.samples import merge_samples
    from vibrations import write

    target = results_folder("samples") / f"{name}.nc"
    shipped = [target] if sample_keys(name) else []
    tables = [xr.load_dataset(path, engine="h5netcdf") for path in (*shipped, *paths)]
    codes = {*chain(*(json.loads(t.attrs.get("codes", "[]")) or [t.attrs["code"]] for t in tables))}
    versions = {}
    for table in tables:
        for package, told in json.loads(table.attrs["versions"]).items():
            versions.setdefault(package, set()).update(told.split(", "))
    versions = {package: ", ".join(sorted(told)) for package, told in versions.items()}
    merged = merge_samples(tables)
    kept = {told: merged.attrs[told] for told in ("n_atoms", "potential", "width", "potential_sha256")}
    merged.attrs = kept | {"codes": json.dumps(sorted(codes)), "versions": json.dumps(versions)}
    write(merged, target)
    parents = len(set(zip(merged.seed.values.tolist(), merged.melt_temperature.values.tolist(), strict=True)))
    entry = {"name": name, "file": target.name, "sha256": _sha256(target)}
    entry |= {"samples": merged.sizes["sample"], "parents": parents, "n_atoms": int(kept["n_atoms"])}
    entry |= {"potential": kept["potential"], "potential_sha256": kept["potential_sha256"]}
    latest = max(path.stat().st_mtime for path in paths)
    entry |= {"codes": sorted(codes), "versions": versions, "processor": archive.processor()}
    _enter("samples", entry | {"date": time.strftime("%Y-%m-%d", time.gmtime(latest))})


def _enter(kind: str, entry: dict):
    table = table_of(kind) | {entry["name"]: entry}
    text = json.dumps([table[name] for name in sorted(table)], indent=1) + "\n"
    _replace(results_folder(kind) / "catalogue.json", lambda part: part.write_text(text, encoding="utf-8"))


def collect(group: str, folder: Path):
    """See above; prints what entered."""
    glasses, vibrations = folder / "glasses", folder / "vibrations"
    code = code_digest(Path(__file__).with_name("vibrations.py"))
    entered = []
    for recipe in recipes.recipes(group):
        glass, spectrum = glasses / f"{recipe.key}.xyz.gz", vibrations / code / f"{recipe.key}.nc"
        if group == "book" and glass.is_file() and not has_glass(recipe):
            timing = glass.with_name(f"{recipe.key}.seconds")
            glasses.admit(glass, float(timing.read_text()) if timing.exists() else None)
            entered.append(recipe.name)
        if spectrum.is_file() and not has_spectrum(recipe, code):
            take_spectrum(spectrum, recipe, code)
            entered.append(f"vibrations of {recipe.name}")
    done = {
        "transitions": pushes(group),
        "events": activations(group),
        "inherent": warmings(group),
        "local": local_peaks(group),
        "scattering": scatterings(group),
    }
    for kind, campaigns in done.items():
        for campaign in campaigns:
            table = folder / kind / f"{campaign.key}.nc"
            if table.is_file() and not has_campaign(kind, campaign):
                take_campaign(kind, table, campaign)
                entered.append(f"{kind} of {campaign.name}")
    entered += [f"samples of {name}" for name in take_families(folder / "samples", group)]
    for study in studies(group, table_of("samples")):
        table = folder / "learning" / f"{study.key}.nc"
        if table.is_file() and not has_study(study):
            take_study(table, study)
            entered.append(f"learning of {study.name}")
    for name in entered:
        print(f"entered data/: {name}")
    counts = len(archive.catalogue()), *(len(table_of(kind)) for kind in ("vibrations", *done, "samples", "learning"))
    print(
        "data/ holds {} glasses, {} vibrational spectra, {} tables of transitions, {} of events, {} of inherent "
        "structures, {} of local peaks, {} of scattering, {} of samples and {} of learning".format(*counts)
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group")
    parser.add_argument("folder", type=Path)
    collect(**vars(parser.parse_args()))
