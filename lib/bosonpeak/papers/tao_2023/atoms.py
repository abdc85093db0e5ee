"""The boson peak of single atoms from their own surroundings (tao-2023, Figs. 3d, 4, 8).

The target is log10 of I_BP^i in (rad/ps)^-3, which spans decades. The inputs are four partial g_i(r). Distances are in
A.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from ase import Atoms

from bosonpeak.learning.evaluation import score_interval
from bosonpeak.learning.regression import Network, Trained, grouped_split, train
from bosonpeak.papers.tao_2023.descriptors import atomic_inputs
from bosonpeak.vibrations.peaks import boson_peak

R = np.arange(15, 120) * 0.1 + 0.05
"""A: shells of 0.1 A from 1.5 A, below which no atom has a neighbour, to 12 A."""
NEAR = R[R < 5]
"""Shells in A that hold the first peaks of all pairs: enough to measure them, and quick to fill."""
SIGMA = 0.1
"""A: of the Gaussian around each neighbour; the paper does not say its own."""
NETWORK = Network(batch=256, epochs=300, patience=30)
"""For tens of thousands of atoms: an epoch has as many steps as a hundred of the samples'."""


@dataclass(frozen=True)
class AtomicRows:
    """Atoms of several samples.

    Attributes
    ----------
    inputs : array of float32, shape (n, 4 K)
        Partial g_i(r) of each atom in the order of `figures.PAIRS`; the channels around the other element are zero.
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


def cut_rows(rows: AtomicRows, r_cut: float) -> AtomicRows:
    """The same atoms, which see no farther than r_cut (A). Raises ValueError where that leaves no shell."""
    if r_cut < rows.r[0]:
        raise ValueError(f"r_cut = {r_cut} A leaves no shell: the first lies at {rows.r[0]:g} A")
    inside = np.tile(r_cut + 1e-9 >= rows.r, 4)
    return replace(rows, inputs=np.where(inside, rows.inputs, np.float32(0)))


@dataclass(frozen=True)
class AtomicPrediction:
    """Predictions for the atoms of parents that no network saw.

    Attributes
    ----------
    unseen : array of bool, shape (n,)
        True for these m atoms.
    predicted, true : array, shapes (repeats, m) and (m,)
        log10 of I_BP^i.
    trained : Trained
    """

    unseen: np.ndarray
    predicted: np.ndarray
    true: np.ndarray
    trained: Trained


def predict_atoms(
    rows: AtomicRows, network: Network = NETWORK, repeats: int = 3, share: float = 0.2, seed: int = 2023,
    shuffled: bool = False, progress: bool = False,
) -> AtomicPrediction:  # fmt: skip
    """Train on the atoms of some parents and predict those of the others (tao-2023: nine glasses and one).

    Parameters
    ----------
    rows : AtomicRows
    network : Network
    repeats : int
    share : float
        Share of the parents that are not seen.
    seed : int
    shuffled : bool
        Whether to train on targets of other atoms, as a control.
    progress : bool

    Returns
    -------
    AtomicPrediction

    Raises
    ------
    ValueError
        As `regression.train` and `regression.grouped_split`.
    """
    unseen = grouped_split(rows.parent, share, seed)
    target = rows.target[~unseen]
    if shuffled:
        target = np.random.default_rng(seed).permutation(target)
    trained = train(rows.inputs[~unseen], target, rows.parent[~unseen], network, repeats, seed, progress, "atoms")
    return AtomicPrediction(unseen, trained.predict(rows.inputs[unseen]), rows.target[unseen], trained)


def within_elements(correlate, predicted, true, number) -> float:
    """Mean over the elements of correlate(predicted, true) of the atoms of one element; all arrays (n,)."""
    return float(np.mean([correlate(predicted[number == z], true[number == z]) for z in np.unique(number)]))


def extreme_atoms(value, share: float = 0.1, number=None) -> tuple[np.ndarray, np.ndarray]:
    """The atoms with the lowest and with the highest share of a value.

    Parameters
    ----------
    value : array, shape (n,)
    share : float
    number : array of int, shape (n,), optional
        Atomic numbers: each element then has its own lowest and highest. By default all atoms are ranked together, as
        in tao-2023.

    Returns
    -------
    lowest, highest : array of int

    Raises
    ------
    ValueError
        If the share lies outside (0, 1/2].
    """
    if not 0 < share <= 0.5:
        raise ValueError(f"share = {share}: the lowest and highest share lies in (0, 1/2]")
    value = np.asarray(value)
    kinds = np.zeros(len(value), int) if number is None else np.asarray(number)
    ranked = []
    for z in np.unique(kinds):
        own = np.flatnonzero(kinds == z)
        ranked.append(own[np.argsort(value[own], kind="stable")])
    few = [max(1, round(share * len(order))) for order in ranked]
    lowest = np.concatenate([order[:k] for order, k in zip(ranked, few, strict=True)])
    return lowest, np.concatenate([order[-k:] for order, k in zip(ranked, few, strict=True)])


def extreme_functions(
    rows: AtomicRows, value, share: float = 0.1, by_element: bool = False, chosen=None
) -> np.ndarray:  # fmt: skip
    """Mean partial g(r) around the atoms with the lowest and the highest share of a value.

    Parameters
    ----------
    rows : AtomicRows
    value : array, shape (m,)
    share : float
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
        As `extreme_atoms`.
    """
    chosen = np.arange(len(rows.target)) if chosen is None else chosen
    found, channels = np.full((2, 4, len(rows.r)), np.nan), rows.inputs.reshape(-1, 4, len(rows.r))
    elements, number = np.unique(rows.number), rows.number[chosen]
    for side, few in enumerate(extreme_atoms(value, share, number if by_element else None)):
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


def first_shell(
    rows: AtomicRows, value, share: float = 0.1, by_element: bool = False, chosen=None
) -> dict[str, np.ndarray]:  # fmt: skip
    """How the first peaks around the atoms with the highest share of a value differ from those with the lowest.

    Parameters
    ----------
    rows, value, share, by_element, chosen
        As of `extreme_functions`.

    Returns
    -------
    dict of arrays
        `height` (4,): of the highest over the lowest; `place` (4,): the difference in A; `order` (2,): unlike over like
        neighbours, of the highest over the lowest, around Cu and around Zr (tao-2023, Fig. 4). NaN where an element is
        not among the atoms chosen.
    """
    place, height = first_peak(extreme_functions(rows, value, share, by_element, chosen), rows.r)
    height = np.where(height > 0, height, np.nan)
    ratio = height[1] / height[0]
    return {
        "height": ratio,
        "place": place[1] - place[0],
        "order": np.array([ratio[1] / ratio[0], ratio[2] / ratio[3]]),
    }


def first_shell_intervals(
    rows: AtomicRows, value, share: float = 0.1, by_element: bool = False, rng=None, n_resamples: int = 200
) -> dict[str, tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]]:  # fmt: skip
    """Each entry of `first_shell` with its 95 % interval over resampled samples.

    Parameters
    ----------
    rows, value, share, by_element
        As of `extreme_functions`; value (n,).
    rng, n_resamples
        As of `evaluation.score_interval`.

    Returns
    -------
    dict of (value, (low, high))
        Also "highest", the largest of the heights; "mean_place"; "least_order", the smaller of the two orders.
    """

    def told(part, chosen):
        found = first_shell(rows, part, share, by_element, chosen)
        reduced = [found["height"].max(), found["place"].mean(), found["order"].min()]
        return np.concatenate([*found.values(), reduced])

    middle, ends = score_interval(told, value, np.arange(len(value)), rows.sample, rng, n_resamples)
    places = {"height": slice(0, 4), "place": slice(4, 8), "order": slice(8, 10)}
    places |= {"highest": 10, "mean_place": 11, "least_order": 12}
    return {name: (middle[k], (ends[0][k], ends[1][k])) for name, k in places.items()}
