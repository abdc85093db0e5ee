"""Vibrations that the book ships: spectra of the archived glasses (floor 3)."""

import json

import pandas as pd
import xarray as xr

from ..paths import project_root


def _folder(kind: str):
    return project_root() / "data" / "results" / kind


def vibrations_table() -> pd.DataFrame:
    """One row a shipped spectrum: name, boson peak, moduli, Debye level, versions; frequencies in `unit`."""
    path = _folder("vibrations") / "catalogue.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    table = pd.DataFrame(entries)
    return table.set_index("name", drop=False) if entries else table


def load_vibrations(name: str) -> xr.Dataset:
    """Density of states, frequencies, participation ratios and attributes of a shipped glass, in memory.

    Frequencies in `unit` of its attributes (omega in rad/ps, or reduced). Raises ValueError for a name without a
    spectrum.
    """
    return load_result("vibrations", name)


def load_result(kind: str, name: str) -> xr.Dataset:
    """A file of data/results/<kind>, in memory. Raises ValueError, naming some that there are, for an unknown name."""
    path = _folder(kind) / f"{name}.nc"
    if not path.is_file():
        near = ", ".join(shipped_results(kind)[:5]) or "none at all"
        raise ValueError(f"no {kind} of {name!r} are shipped: there is {near} ...; make them by `make data`")
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()


def shipped_results(kind: str) -> list[str]:
    """Names of the files of data/results/<kind>."""
    return sorted(path.stem for path in _folder(kind).glob("*.nc"))
