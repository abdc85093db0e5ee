"""Vibrations that the book ships: spectra of the archived glasses (floor 3)."""

import json

import pandas as pd
import xarray as xr

from ..paths import project_root


def _folder():
    return project_root() / "data" / "results" / "vibrations"


def vibrations_table() -> pd.DataFrame:
    """One row a shipped spectrum: name, boson peak, moduli, Debye level, versions; frequencies in `unit`."""
    path = _folder() / "catalogue.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    table = pd.DataFrame(entries)
    return table.set_index("name", drop=False) if entries else table


def load_vibrations(name: str) -> xr.Dataset:
    """Density of states, frequencies, participation ratios and attributes of a shipped glass, in memory.

    Frequencies in `unit` of its attributes (omega in rad/ps, or reduced). Raises ValueError for a name without a
    spectrum.
    """
    path = _folder() / f"{name}.nc"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in _folder().glob("*.nc"))[:5])
        raise ValueError(f"no vibrations of {name!r} are shipped: there is {known} ...; make them by `make data`")
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()
