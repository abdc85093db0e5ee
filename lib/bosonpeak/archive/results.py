"""Results that the book ships: NetCDF files below data/results, and one catalogue for each kind of result."""

import io
import shutil
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.archive.files import RESTORE, check_sha256, enter_entry, read_catalogue, sha256_of, write_whole
from bosonpeak.paths import project_root


def results_folder(kind: str) -> Path:
    """Folder of the results of one kind, such as "vibrations" or "transitions"."""
    return project_root() / "data" / "results" / kind


def write_dataset(dataset: xr.Dataset, path) -> None:
    """Write a compressed NetCDF file, whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset
    path : path-like
        Name of the file. Its folder is created where it does not exist.

    Raises
    ------
    OSError
        If the file cannot be written; the message names the path.
    """
    packed = {name: {"zlib": True, "shuffle": True} for name in dataset.variables}

    def write(part):
        # in memory first: on a full disk HDF5 would end the process with a segmentation fault
        whole = io.BytesIO()
        dataset.to_netcdf(whole, engine="h5netcdf", encoding=packed)
        part.write_bytes(whole.getbuffer())

    write_whole(path, write)


def read_dataset(path) -> xr.Dataset:
    """Read a NetCDF file into memory; its path stands in `encoding["source"]`, as xarray has it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated or is not NetCDF.
    """
    if not (path := Path(path)).is_file():
        raise FileNotFoundError(f"{path} does not exist")
    try:
        found = _read_numbers(path)
        if found is None:
            with xr.open_dataset(path, engine="h5netcdf") as data:
                found = data.load()
        found.encoding["source"] = str(path)
        return found
    except Exception as error:  # HDF5 answers damage with errors of many types
        raise ValueError(
            f"{path} is truncated or is not NetCDF ({error}): restore it with git checkout, or make it again"
        ) from error


def _read_numbers(path: Path) -> xr.Dataset | None:
    """A file of numbers as `xarray.open_dataset` reads it, several times as fast; None where it holds texts or groups.

    xarray looks up every attribute of every variable many times, which makes a page that reads 60 files slow.
    """
    with h5py.File(path) as file:
        if any(not isinstance(v, h5py.Dataset) or v.dtype.kind not in "iufb" for v in file.values()):
            return None
        data = {}
        for name, v in file.items():
            # a dimension without a coordinate
            if bytes(v.attrs.get("NAME", b"")).startswith(b"This is a netCDF dimension but not a netCDF variable"):
                continue
            listed = [file[scale[0]].name[1:] for scale in v.attrs.get("DIMENSION_LIST", ())]
            data[name] = (listed or [name] * v.ndim, v[()], _attributes(v))
        return xr.decode_cf(xr.Dataset(data, attrs=_attributes(file)))


def _attributes(item) -> dict:
    """Attributes of a file or variable without those of HDF5 and NetCDF; lists of one are plain values."""
    hidden = "CLASS NAME DIMENSION_LIST REFERENCE_LIST _Netcdf4Dimid _Netcdf4Coordinates _NCProperties".split()
    found = {name: value for name, value in item.attrs.items() if name not in hidden}
    return {name: v[0] if isinstance(v, np.ndarray) and v.shape == (1,) else v for name, v in found.items()}


def catalogue_of(kind: str) -> dict[str, dict]:
    """Entries of the catalogue of one kind of result, by name.

    Returns
    -------
    dict
        Empty where there is neither a catalogue nor a result.

    Raises
    ------
    ValueError, FileNotFoundError
        As `files.read_catalogue`.
    """
    return {entry["name"]: entry for entry in read_catalogue(results_folder(kind), "*.nc", {})}


def enter_result(kind: str, entry: dict) -> dict:
    """Put an entry into the catalogue of its kind, in place of an earlier one of the same name.

    Parameters
    ----------
    kind : str
    entry : dict
        With at least `name`, `file` and `sha256`. NaN is written as null, which is what JSON has for it.

    Returns
    -------
    dict
        The entry as it was written, with a `checksum`.
    """
    entry = {name: None if isinstance(value, float) and value != value else value for name, value in entry.items()}
    return enter_entry(results_folder(kind), "*.nc", {}, entry)


def take_result(kind: str, path, entry: dict) -> dict:
    """Copy a NetCDF file into the archive, byte for byte, and put its entry into the catalogue of its kind.

    Parameters
    ----------
    kind : str
    path : path-like
        The file. It may lie in the archive already: it is then only entered.
    entry : dict
        With at least `name` and `key`, and what else the catalogue says of the result.

    Returns
    -------
    dict
        The entry, with `file`, `sha256` and `checksum`.

    Raises
    ------
    OSError
        If a file cannot be written; the message names it.
    """
    target = results_folder(kind) / f"{entry['name']}.nc"
    if not (target.exists() and target.samefile(path)):
        write_whole(target, partial(shutil.copyfile, path))
    head = {"name": entry["name"], "key": entry["key"], "file": target.name, "sha256": sha256_of(target)}
    return enter_result(kind, head | entry)


def has_result(kind: str, name: str, key: str) -> bool:
    """Whether a result is shipped, made by the present recipe and method (the `key`), with its file unaltered."""
    entry, path = catalogue_of(kind).get(name, {}), results_folder(kind) / f"{name}.nc"
    return entry.get("key") == key and path.is_file() and sha256_of(path) == entry["sha256"]


def shipped_results(kind: str) -> list[str]:
    """Names of the shipped results of one kind, sorted."""
    return sorted(path.stem for path in results_folder(kind).glob("*.nc") if path.name[0] != ".")


def load_result(kind: str, name: str) -> xr.Dataset:
    """A shipped result, in memory.

    Parameters
    ----------
    kind : str
        Such as "vibrations", "transitions", "events", "local", "scattering", "samples" or "learning".
    name : str
        As `shipped_results` lists it.

    Raises
    ------
    ValueError
        If no result has this name, or its file is not the one that the catalogue describes.
    """
    path = results_folder(kind) / f"{name}.nc"
    if not path.is_file():
        known = shipped_results(kind)
        some = f"there are {len(known)}, such as {', '.join(known[:3])}" if known else "there are none"
        raise ValueError(f"no result of the kind {kind!r} is named {name!r}: {some}; `make data` makes what is missing")
    entry = catalogue_of(kind).get(name)
    if entry is None:
        raise ValueError(f"{path} is not in its catalogue, so that it cannot be checked: {RESTORE}, or remove it")
    check_sha256(path, entry["sha256"])
    return read_dataset(path)


def vibrations_table() -> pd.DataFrame:
    """The catalogue of shipped vibrational spectra, one row per glass, indexed by its name.

    Columns include the boson peak, the moduli, the Debye level and the versions of packages; frequencies are in the
    unit that the column `unit` names.
    """
    entries = list(catalogue_of("vibrations").values())
    table = pd.DataFrame(entries)
    return table.set_index("name", drop=False) if entries else table


def load_vibrations(name: str) -> xr.Dataset:
    """The vibrational spectrum of a shipped glass (`vibrations.glass_spectrum.glass_spectrum`), in memory.

    Frequencies are angular frequencies omega in the unit that the attribute `unit` names: "rad/ps" or "reduced".
    Raises ValueError as `load_result`.
    """
    return load_result("vibrations", name)
