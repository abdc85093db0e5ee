"""Measurements that take longer than a page may: archived by the workflow, read by the page, or computed on request.

A chapter calls one function, `measurement`, with the parameters that it has. With `archived=True` the result is read
from data/results/measurements, provided that it was made with these very parameters by the present version of the
method. With `archived=False` it is computed, however long that takes.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from bosonpeak.archive.results import catalogue_of, load_result

KIND = "measurements"


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
        return self.compute.method.key(json.dumps(_plain(parameters), sort_keys=True))


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
        If the archive holds no result for these parameters; the message says which ones differ.
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
        stored, asked = entry["parameters"], _plain(parameters)
        differ = [
            f"{name} = {asked[name]} (archived: {stored.get(name)})"
            for name in asked
            if asked[name] != stored.get(name)
        ]
        what = ", ".join(differ) or "another version of the method"
        raise ValueError(
            f"{known.name} is archived for other parameters: {what}; compute it here with archived = False"
        )
    return load_result(KIND, known.name).assign_attrs(source="archived")


def _plain(value):
    """Numbers, strings, lists and dictionaries as JSON has them: equal values give equal text."""
    if isinstance(value, dict):
        return {str(name): _plain(v) for name, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    return value.item() if hasattr(value, "item") else value
