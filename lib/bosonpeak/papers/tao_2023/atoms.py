"""The boson peak of single atoms from their own surroundings (tao-2023, Figs. 3d, 4, 8).

The target is log10 of I_BP^i in (rad/ps)^-3, which spans decades. The inputs are four partial g_i(r). Distances are in
A.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from ase import Atoms

from bosonpeak.learning.evaluation import score_interval
from bosonpeak.papers.tao_2023.descriptors import SHELL, atomic_inputs
from bosonpeak.papers.tao_2023.studies import extremes
from bosonpeak.statistics import pearson
from bosonpeak.vibrations.peaks import boson_peak

R = np.arange(15, 120) * 0.1 + 0.05
"""A: shells of 0.1 A from 1.5 A, below which no atom has a neighbour, to 12 A."""
NEAR = R[R < 5]
"""Shells in A that hold the first peaks of all pairs: enough to measure them, and quick to fill."""
SIGMA = 0.1
"""A: of the Gaussian around each neighbour; the paper does not say its own."""


@dataclass(frozen=True)
class AtomicRows:
    """Atoms of several samples.

    Attributes
    ----------
    inputs : array of float32, shape (n, 4 K)
        Partial g_i(r) of each atom in the order of `descriptors.PAIRS`; the channels around the other element are zero.
    target : array, shape (n,)
        log10 of I_BP^i in (rad/ps)^-3.
    parent, number, sample : array of int, shape (n,)
        Seed of the parent liquid, atomic number, and row of the table.
    r : array, shape (K,)
        Shells in A.
    """

    inputs: np.ndarray
    target: np.ndarray
    parent: np.ndarray
    number: np.ndarray
    sample: np.ndarray
    r: np.ndarray


def atomic_rows(table: xr.Dataset, samples=None, sigma: float = SIGMA, r=R) -> AtomicRows:
    """Inputs and targets of every atom of a table of structures.

    Parameters
    ----------
    table : xarray.Dataset
        An archived table of samples whose name ends with -atoms.
    samples : sequence of int, optional
        Rows of the table; by default all.
    sigma : float
        Standard deviation in A of the Gaussian around each neighbour.
    r : array, shape (K,)
        Shells in A.

    Returns
    -------
    AtomicRows

    Raises
    ------
    ValueError
        If the table holds no structures, or an atom has no boson peak.
    """
    if "position" not in table:
        raise ValueError("the table holds no structures: load the one whose name ends with -atoms")
    samples = np.arange(table.sizes["sample"]) if samples is None else np.asarray(samples)
    number, intensity = (table[name].values[samples] for name in ("number", "atomic_intensity"))
    if not (intensity > 0).all():
        raise ValueError("an atom without any motion has no log10 of its boson peak: is the structure whole?")
    cells, positions = table.cell.values[samples], table.position.values[samples]
    structures = (Atoms(z, x, cell=[float(c)] * 3, pbc=True) for z, x, c in zip(number, positions, cells, strict=True))
    inputs = np.concatenate([atomic_inputs(structure, r, sigma).astype("f4") for structure in structures])
    parent, sample = (np.repeat(values, number.shape[1]) for values in (table.seed.values[samples], samples))
    return AtomicRows(inputs, np.log10(intensity.astype(float)).ravel(), parent, number.ravel(), sample, r)


def within_elements(true, predicted, number) -> float:
    """Mean over the elements of Pearson's r of the atoms of one element; true values, predictions, atomic numbers (n,).

    The numbers come last, as `evaluation.score_interval` needs it.
    """
    return float(np.mean([pearson(true[number == z], predicted[number == z]) for z in np.unique(number)]))


def extreme_functions(
    rows: AtomicRows, value, share: float = 0.1, by_element: bool = False, chosen=None
) -> np.ndarray:  # fmt: skip
    """Mean partial g(r) around the atoms with the lowest and the highest share of a value.

    Parameters
    ----------
    rows : AtomicRows
    value : array, shape (m,)
    share : float
        Of the atoms on either side.
    by_element : bool
        Whether the shares are taken of each element.
    chosen : array of int, shape (m,), optional
        Rows that the values belong to, some of them more than once; by default all, once.

    Returns
    -------
    array, shape (2, 4, K)
        Lowest first; each of the four channels around the atoms of its own element, NaN where there is none among them.

    Raises
    ------
    ValueError
        As `studies.extremes`.
    """
    chosen = np.arange(len(rows.target)) if chosen is None else chosen
    found, channels = np.full((2, 4, len(rows.r)), np.nan), rows.inputs.reshape(-1, 4, len(rows.r))
    elements, number = np.unique(rows.number), rows.number[chosen]
    for side, few in enumerate(extremes(value, share, number if by_element else None)):
        for pair in range(4):
            # channels 0 and 1 are those around the first element, 2 and 3 those around the second
            own = chosen[few[number[few] == elements[pair // 2]]]
            if len(own):
                found[side, pair] = channels[own, pair].mean(axis=0)
    return found


def first_peak(functions, r=R) -> tuple[np.ndarray, np.ndarray]:
    """Place (A) and height of the highest point of g(r) (..., K) on the grid r, by a parabola through three points."""
    functions = np.nan_to_num(np.asarray(functions, float))
    # nothing is divided by in one dimension
    found = boson_peak(r, functions.reshape(-1, len(r)).T, dimension=1)
    return found.omega.reshape(functions.shape[:-1]), found.intensity.reshape(functions.shape[:-1])


def first_shell(rows: AtomicRows, value, by_element: bool = False, chosen=None) -> dict[str, np.ndarray]:
    """How the first peaks around the atoms with the highest tenth of a value differ from those with the lowest.

    Parameters
    ----------
    rows, value, by_element, chosen
        As of `extreme_functions`.

    Returns
    -------
    dict of arrays
        `height` (4,): of the highest over the lowest; `place` (4,): the difference in A; `order` (2,): unlike over like
        neighbours, of the highest over the lowest, around Cu and around Zr (tao-2023, Fig. 4). NaN where an element is
        not among the atoms chosen.

    Raises
    ------
    ValueError
        As `peaks.boson_peak`.
    """
    place, height = first_peak(extreme_functions(rows, value, by_element=by_element, chosen=chosen), rows.r)
    ratio = np.divide(*np.where(height > 0, height, np.nan)[::-1])
    order = np.array([ratio[1] / ratio[0], ratio[2] / ratio[3]])
    return {"height": ratio, "place": place[1] - place[0], "order": order}


def first_shell_intervals(
    rows: AtomicRows, value, by_element: bool = False, rng=None, n_resamples: int = 200
) -> dict[str, tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]]:  # fmt: skip
    """Each entry of `first_shell` with its 95 % interval over resampled samples.

    Parameters
    ----------
    rows, value, by_element
        As of `extreme_functions`; value (n,).
    rng, n_resamples
        As of `evaluation.score_interval`.

    Returns
    -------
    dict of (value, (low, high))
        Also "highest", the largest of the heights; "mean_place"; "least_order", the smaller of the two orders.
    """

    def measured(part, chosen):
        height, place, order = first_shell(rows, part, by_element, chosen).values()
        return np.array([*height, *place, *order, height.max(), place.mean(), order.min()])

    middle, ends = score_interval(measured, value, np.arange(len(value)), rows.sample, rng, n_resamples)
    places = {"height": slice(0, 4), "place": slice(4, 8), "order": slice(8, 10)}
    places |= {"highest": 10, "mean_place": 11, "least_order": 12}
    return {name: (middle[k], (ends[0][k], ends[1][k])) for name, k in places.items()}


def outer_shells(rows: AtomicRows, value, by_element: bool = True, chosen=None) -> np.ndarray:
    """How the second shells around the atoms with the highest tenth of a value differ from those with the lowest.

    Parameters
    ----------
    rows, value, by_element, chosen
        As of `extreme_functions`; rows that reach to 12 A.

    Returns
    -------
    array, shape (4, 4)
        By channel: the ratio of the heights of the second peaks, the ratio of the basins between the first two peaks,
        the shift of the second peak in A, and the root mean square difference of the functions from 8 to 12 A over
        that below 6.9 A (tao-2023, Fig. 4).
    """
    functions, r = extreme_functions(rows, value, by_element=by_element, chosen=chosen), rows.r
    basin, second = (r > 3.4) & (r < 4.6), (r > 4.0) & (r < 6.0)
    place, height = first_peak(functions[..., second], r[second])
    low, apart = functions[..., basin].min(axis=-1), np.diff(functions, axis=0)[0] ** 2
    far = np.sqrt(apart[:, r > 8].mean(axis=-1) / apart[:, r <= SHELL].mean(axis=-1))
    return np.array([height[1] / height[0], low[1] / low[0], place[1] - place[0], far])
