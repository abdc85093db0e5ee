"""Datasets of samples that are measured one by one: kept, so that a killed run resumes, stacked, and read back."""

import numpy as np
import xarray as xr
from tqdm.auto import tqdm

from bosonpeak.archive.methods import Method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.vibrations.spectra import Spectrum


def measure_samples(jobs: dict[str, tuple], method: Method, progress: bool, folder, **attributes) -> xr.Dataset:
    """Measure samples one by one and stack what was found.

    Parameters
    ----------
    jobs : mapping
        For each sample a function that returns a dictionary of arrays, and the arguments of the function, whose text
        determines the result.
    method : Method
        Of the measurement; its name labels the progress bar.
    progress : bool
        Whether to show a progress bar.
    folder : path-like or None
        Where the parts are kept.
    **attributes
        Of the dataset, besides its unit.

    Returns
    -------
    xarray.Dataset
        As `stack_parts`.
    """
    found = {}
    for name, (work, *job) in tqdm(jobs.items(), desc=method.name, disable=not progress):
        # each part has a folder of its own key: a change of the others leaves it valid
        kept = KeptParts(folder, method.key(work.__name__, repr(tuple(job))))
        found[name] = kept.part("part", lambda work=work, job=job: work(*job))
    return stack_parts(found).assign_attrs(unit="reduced", **attributes)


def stack_parts(parts: dict[str, dict]) -> xr.Dataset:
    """Stack parts that have the same arrays along the new dimension `sample`, whose coordinate is their names.

    The last axis of an array is padded with NaN to the longest of its kind.
    """
    variables = {}
    for key, first in next(iter(parts.values())).items():
        arrays, axes = [np.asarray(part[key]) for part in parts.values()], np.ndim(first)
        if axes:
            longest = max(array.shape[-1] for array in arrays)
            sides = [[(0, 0)] * (axes - 1) + [(0, longest - array.shape[-1])] for array in arrays]
            arrays = [np.pad(array, side, constant_values=np.nan) for array, side in zip(arrays, sides, strict=True)]
        variables[key] = ("sample", *(f"{key}_{axis}" for axis in range(1, axes + 1))), np.stack(arrays)
    return xr.Dataset(variables, {"sample": list(parts)})


def group_of(name: str) -> str:
    """Group of the sample of this name, "<group> s<seed>"."""
    return name.rpartition(" s")[0]


def part_of(seen: Spectrum) -> dict:
    """What is kept of a spectrum: its density, the number of frequencies `shown`, and the kernel's parameters."""
    return {"density": seen.g, "shown": len(seen.g), "n_moments": seen.n_moments, "omega_max": seen.omega_max}


def seen_spectrum(part: xr.Dataset, omega, width: float) -> Spectrum:
    """Spectrum of one sample at the frequencies omega (K,), or the first of them if the sample shows fewer.

    Parameters
    ----------
    part : xarray.Dataset
        As `part_of`; `shown` may be missing where all samples show the same frequencies.
    omega : array, shape (K,)
    width : float
        Standard deviation of the kernel in the unit of omega.
    """
    omega = omega[: int(part.get("shown", len(omega)))]
    g = part.density.values[: len(omega)]
    return Spectrum(omega, g, np.zeros_like(g), width, int(part.n_moments), 1, float(part.omega_max))


def read_spectra(data: xr.Dataset, group: str, omega, width: float) -> list[Spectrum]:
    """`seen_spectrum` of each sample of a group."""
    names = [name for name in data["sample"].values.tolist() if group_of(name) == group]
    return [seen_spectrum(data.sel(sample=name), omega, width) for name in names]
