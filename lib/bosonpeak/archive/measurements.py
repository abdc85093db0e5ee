"""Measurements that take longer than a page may: archived by the workflow, read by the page, or computed on request.

A chapter calls one function, `measurement`, with the parameters that it has. With `archived=True` the result is read
from data/results/measurements, provided that it was made with these very parameters by the present version of the
method. With `archived=False` it is computed, however long that takes. The workflow computes each measurement with
`made`, which writes into the result how it was made, and enters the file into the archive with `enter_measurement`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
import xarray as xr

from bosonpeak.archive.glasses import processor
from bosonpeak.archive.methods import plain
from bosonpeak.archive.results import catalogue_of, load_result, read_dataset, take_result

KIND = "measurements"
_PACKAGES = ("numpy", "scipy", "numba")


@dataclass(frozen=True)
class Measurement:
    """A measurement that the book archives.

    Attributes
    ----------
    name : str
        Such as "jiang-2026-ensemble"; the name of its file.
    compute : callable
        Function marked by `archive.methods.method`. It takes the parameters, and `progress` and `folder` as keywords,
        and returns an xarray.Dataset. With a folder it keeps its finished parts there and resumes from them.
    parameters : dict
        Those with which the book archives it: plain numbers, strings, booleans and lists of these.
    group : str
        "book" or "paper": with which target of the workflow it is made.
    """

    name: str
    compute: Callable[..., xr.Dataset]
    parameters: dict = field(default_factory=dict)
    group: str = "book"

    @property
    def key(self) -> str:
        """Key of the result with the parameters of the book."""
        return self.key_of(self.parameters)

    def key_of(self, parameters: dict) -> str:
        """Key of the result with other parameters: a hash of these and of the version of the method."""
        return self.compute.method.key(parameters)


def measurement(known: Measurement, archived: bool, progress: bool = False, folder=None, **parameters) -> xr.Dataset:
    """The archived result of a measurement, or the result of doing it now.

    Parameters
    ----------
    known : Measurement
    archived : bool
        Whether to read the archived result.
    progress : bool
        Whether to show a progress bar where it is computed.
    folder : path-like, optional
        Where finished parts are kept while it is computed, so that a run that was killed resumes.
    **parameters
        Of the measurement; those that are not given are the book's.

    Returns
    -------
    xarray.Dataset
        Its attribute `source` is "archived" or "live".

    Raises
    ------
    ValueError
        If the archive holds no result for these parameters (the message says which ones differ), or its file was
        altered.
    """
    parameters = known.parameters | parameters
    if not archived:
        return known.compute(**parameters, progress=progress, folder=folder).assign_attrs(source="live")
    entry = catalogue_of(KIND).get(known.name)
    if entry is None:
        raise ValueError(
            f"{known.name} is not archived: `make data` makes it, or compute it here with archived = False"
        )
    if entry["key"] != known.key_of(parameters):
        stored, asked = entry["parameters"], plain(parameters)
        differ = [
            f"{name} = {asked.get(name)} (archived: {stored.get(name)})"
            for name in sorted(asked | stored)
            if asked.get(name) != stored.get(name)
        ]
        if differ:
            raise ValueError(
                f"{known.name} is archived for other parameters: {', '.join(differ)}; compute it here with "
                "archived = False"
            )
        raise ValueError(
            f"{known.name} was archived by version {entry.get('method_version')} of its method, and the present one is "
            f"{known.compute.method.version}: `make data` makes it again, or compute it here with archived = False"
        )
    return load_result(KIND, known.name).assign_attrs(source="archived")


def made(known: Measurement, folder=None, progress: bool = True) -> xr.Dataset:
    """Do a measurement with the parameters of the book, and write into the result how it was made.

    Parameters
    ----------
    known : Measurement
    folder : path-like, optional
        Where finished parts are kept, so that a run that was killed resumes.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    xarray.Dataset
        What `known.compute` returns. Its attribute `provenance` is a JSON text with the fields `name`, `key`,
        `method_version`, `parameters`, `versions` of packages, `processor`, `date` (UTC) and `seconds`: the time of
        the run that finished it, which is the whole time unless the run had been killed before.
    """
    start = time.perf_counter()
    result = known.compute(**known.parameters, progress=progress, folder=folder)
    provenance = {
        "name": known.name,
        "key": known.key,
        "method_version": known.compute.method.version,
        "parameters": plain(known.parameters),
        "versions": {package: version(package) for package in _PACKAGES},
        "processor": processor(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seconds": round(time.perf_counter() - start, 1),
    }
    return result.assign_attrs(provenance=json.dumps(provenance))


def enter_measurement(path) -> dict:
    """Take a file that holds a result of `made` into data/results/measurements and its catalogue.

    Parameters
    ----------
    path : path-like
        The file may lie in the archive already: it is then only entered.

    Returns
    -------
    dict
        The entry of the catalogue: the provenance of the result, its `file` and `sha256`.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it is not such a result.
    """
    provenance = read_dataset(path).attrs.get("provenance")
    if provenance is None:
        raise ValueError(f"{path} does not say how it was made: make it with `archive.measurements.made`")
    return take_result(KIND, path, json.loads(provenance))


def check_sample(name: str, archived, live, tolerance: float) -> float:
    """Compare archived values with the same values computed now.

    Parameters
    ----------
    name : str
        What the values are, for the message.
    archived, live : array
        Of equal shapes.
    tolerance : float
        Largest difference that is allowed, relative to the largest archived value.

    Returns
    -------
    float
        The largest relative difference.

    Raises
    ------
    ValueError
        If it exceeds the tolerance.
    """
    archived, live = np.asarray(archived, float), np.asarray(live, float)
    if archived.shape != live.shape or not archived.size:
        raise ValueError(f"{name}: the archive has values of shape {archived.shape}, and this run {live.shape}")
    difference = float(abs(archived - live).max())
    difference /= abs(archived).max() if difference else 1.0
    if not difference <= tolerance:
        raise ValueError(
            f"{name}: the archive and this run differ by {difference:.1e}, where {tolerance:.0e} is allowed; "
            "compute all of it here with archived = False"
        )
    return difference
