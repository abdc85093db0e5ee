"""What a model sees of a sample or of an atom, as rows of numbers (tao-2023, Sec. II B).

Pair distribution functions in shells of 0.1 A, participation ratios of the lowest modes, as they are or cut at a
threshold, and single numbers as controls. Distances are in A.
"""

import numpy as np
import xarray as xr
from ase import Atoms
from scipy.ndimage import gaussian_filter1d

from bosonpeak.papers.tao_2023.samples import DR
from bosonpeak.structure.pair_distribution import atomic_pair_distribution, shell_volumes

MODES = 724 / 12000
"""Share of all modes, the lowest, whose participation ratios are an input: the paper's 724 of 12,000."""
THRESHOLD = 0.28
"""Of the binary participation ratio; the paper's choice."""
INPUTS = ("participation ratio", "binary participation ratio", "total g(r)", "partial g(r)")
"""The paper's four."""
PAIR_INPUTS = INPUTS[2:]
PAIRS = ("Cu-Cu", "Cu-Zr", "Zr-Cu", "Zr-Zr")
"""The order of the four functions of a single atom: the atom itself is the first of each pair."""
SHELL = 6.9
"""Distance in A within which most of the information lies: the paper has 6.85, and shells here are 0.1 wide."""
WIDTHS = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)
"""A: standard deviations with which g(r) is smoothed; folds of the samples that a model is trained on choose one."""
CONTROLS = ("energy", "cooling rate", "volume", "Debye level")
"""Single numbers that a structure has as well."""
NUMBERS = {
    "cooling rate": "cooling_rate", "energy": "energy", "volume": "volume", "cumulative level": "level",
    "shear modulus": "shear_modulus", "Debye level": "debye_level",
}  # fmt: skip
"""All single numbers of a sample, by the columns of its table."""


def partial_pair_functions(table: xr.Dataset) -> np.ndarray:
    """g_ab(r) of every sample from its counts of pairs (tao-2023, Eq. 1).

    The two elements have half of the atoms each, as they have in the tables. Shells have their exact volume, so that an
    ideal gas has 1.

    Parameters
    ----------
    table : xarray.Dataset
        Samples of glasses.

    Returns
    -------
    array, shape (n, 3, K)
        In the order of `table.pair`.

    Raises
    ------
    ValueError
        If the table has another number of pairs than three.
    """
    if table.sizes["pair"] != 3:
        raise ValueError(f"{table.sizes['pair']} kinds of pairs: samples of two elements have three")
    half = table.attrs["n_atoms"] / 2
    volume = table.volume.values * table.attrs["n_atoms"]
    edges = np.concatenate([table.r.values - DR / 2, table.r.values[-1:] + DR / 2])
    # ordered pairs: a pair of like atoms counts twice, and Cu around Zr is not Zr around Cu
    ordered = table.pair_count.values * np.array([2.0, 1.0, 2.0])[:, None]
    return ordered * volume[:, None, None] / (half**2 * shell_volumes(edges))


def total_pair_function(table: xr.Dataset) -> np.ndarray:
    """g(r) of every sample whatever the elements, shape (n, K). Raises ValueError as `partial_pair_functions`."""
    # like pairs are a quarter of all each, unlike ones a half
    return partial_pair_functions(table).transpose(0, 2, 1) @ np.array([0.25, 0.5, 0.25])


def sample_inputs(
    table: xr.Dataset, kind: str, r_cut: float | None = None, threshold: float = THRESHOLD, smooth: float = 0.0
) -> np.ndarray:  # fmt: skip
    """One kind of input of every sample of a table.

    Parameters
    ----------
    table : xarray.Dataset
    kind : str
        One of `INPUTS` or `NUMBERS`. "cooling rate" is its logarithm; samples quenched at once have none.
    r_cut : float, optional
        Distance in A to which pair functions reach; by default as far as they are known.
    threshold : float
        In the binary participation ratio, modes below it count 1 and the others 0.
    smooth : float
        Standard deviation in A of the Gaussian with which pair functions are smoothed over r, before they are cut. The
        pairs in a shell of a small sample scatter more from sample to sample than the structure of the samples differs.

    Returns
    -------
    array, shape (n, p)

    Raises
    ------
    ValueError
        If the kind is unknown, if r_cut leaves no shell, or if a sample does not have the number.
    """
    if kind in PAIR_INPUTS:
        inside = table.r.values <= (np.inf if r_cut is None else r_cut) + 1e-9
        if not inside.any():
            raise ValueError(f"r_cut = {r_cut} A leaves no shell: the first lies at {float(table.r[0]):g} A")
        functions = total_pair_function(table) if kind == "total g(r)" else partial_pair_functions(table)
        functions = gaussian_filter1d(functions, smooth / DR, mode="nearest") if smooth else functions
        return functions[..., inside].reshape(table.sizes["sample"], -1)
    if kind in INPUTS:
        ratio = table.participation_ratio.values[:, : round(MODES * 3 * table.attrs["n_atoms"])].astype(float)
        return (ratio < threshold).astype(float) if kind == "binary participation ratio" else ratio
    if kind not in NUMBERS:
        raise ValueError(f"unknown input {kind!r}: choose one of {', '.join((*INPUTS, *NUMBERS))}")
    values = table[NUMBERS[kind]].values.astype(float)
    if kind == "cooling rate":
        if not np.isfinite(values).all():
            raise ValueError("samples quenched at once have no cooling rate: leave them out first")
        values = np.log10(values)
    return values[:, None]


def smoothed_inputs(table: xr.Dataset, kind: str, **options) -> np.ndarray:
    """A pair input smoothed by each of `WIDTHS`, shape (c, n, p), for models that choose one; options: `sample_inputs`.

    Other kinds of inputs stay as they are, shape (n, p). Raises ValueError as `sample_inputs`.
    """
    inputs = [sample_inputs(table, kind, smooth=width, **options) for width in WIDTHS]
    return np.stack(inputs) if kind in PAIR_INPUTS else inputs[0]


def atomic_inputs(atoms: Atoms, r, sigma: float) -> np.ndarray:
    """Four partial g_i(r) of every atom, in the order of `PAIRS` (tao-2023, Eq. 2).

    The channels around the other element are zero.

    Parameters
    ----------
    atoms : ase.Atoms
        Of two elements, which are taken in the order of their symbols.
    r : array, shape (K,)
        Distances in A, ascending.
    sigma : float
        Standard deviation of the Gaussian in A.

    Returns
    -------
    array, shape (N, 4 K)

    Raises
    ------
    ValueError
        If there are not two elements, and as `atomic_pair_distribution`.
    """
    r = np.asarray(r, float)
    elements, species = np.unique(atoms.get_chemical_symbols(), return_inverse=True)
    if len(elements) != 2:
        raise ValueError(f"{len(elements)} element(s): four channels are those of two")
    around = atomic_pair_distribution(atoms, r, sigma)
    rows = np.zeros((len(atoms), 2, 2, len(r)))
    rows[np.arange(len(atoms)), species] = around
    return rows.reshape(len(atoms), -1)
