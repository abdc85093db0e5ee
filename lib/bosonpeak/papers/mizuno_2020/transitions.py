"""The transitions of one glass as one table, and the tables that the book ships (mizuno-2020)."""

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.landscape.anharmonicity import expand_energy
from bosonpeak.landscape.excitation import AMPLITUDES, excite_modes
from bosonpeak.materials.potentials import get
from bosonpeak.papers.mizuno_2020.rearrangement import displacement_profile, label_transitions
from bosonpeak.paths import project_root
from bosonpeak.statistics import rank_correlation, split_by_group
from bosonpeak.vibrations.glass_spectrum import moving_modes
from bosonpeak.vibrations.modes import participation_ratio, phonon_order_parameter

PHONON_LIKE, QUASI_LOCALISED = 0.7, 0.45
"""Modes with an O_k (Eq. 3) above the first are phonon-like, and those below the second are quasi-localised."""

_SCALARS = ("amplitude", "returned_amplitude", "sign", "distance", "energy", "barrier", "inner_product")
_SCALARS += ("n_rearranged", "returned_distance", "left_distance", "unconverged", "pushes", "capped")


def spread_indices(n_modes: int, lowest: int, spread: int) -> np.ndarray:
    """Numbers of the lowest modes and of more up to the last one, evenly in the logarithm of their number.

    Parameters
    ----------
    n_modes, lowest, spread : int
        Number of modes that there are, of the lowest ones that are taken, and of the further ones.

    Returns
    -------
    array of int, shape (lowest + spread,)
        Ascending.

    Raises
    ------
    ValueError
        If there are fewer modes than asked for.
    """
    if lowest + spread > n_modes:
        raise ValueError(f"{n_modes} modes are fewer than {lowest} lowest and {spread} more")
    more, steps = np.geomspace(max(lowest, 1), n_modes, spread + 1)[1:].round().astype(int) - 1, np.arange(spread)
    # where the steps are smaller than one, neighbours are taken
    return np.r_[np.arange(lowest), np.maximum.accumulate(np.maximum(more - steps, lowest)) + steps]


def matched_pairs(omega, order, pairs: int) -> np.ndarray:
    """The most phonon-like modes, each with a quasi-localised one of nearly the same frequency.

    Parameters
    ----------
    omega, order : array, shape (k,)
        Frequencies, and phonon order parameters O_k (Eq. 3).
    pairs : int
        Number of phonon-like modes, those of the largest O_k. Each gets the mode with O_k below QUASI_LOCALISED whose
        frequency has the nearest logarithm and which no earlier one got.

    Returns
    -------
    array of int, shape (2 pairs,)
        Phonon-like mode, its partner, the next phonon-like mode, and so on. Fewer pairs are the beginning of more.

    Raises
    ------
    ValueError
        If fewer modes than `pairs` have an O_k above PHONON_LIKE, or below QUASI_LOCALISED.
    """
    omega, order = np.asarray(omega, float), np.asarray(order, float)
    likely, free = np.argsort(-order, kind="stable")[:pairs], np.flatnonzero(order < QUASI_LOCALISED).tolist()
    if (order[likely] <= PHONON_LIKE).any() or len(likely) < pairs or len(free) < pairs:
        counts = f"{(order > PHONON_LIKE).sum()} above {PHONON_LIKE} and {len(free)} below {QUASI_LOCALISED}"
        raise ValueError(f"{pairs} pairs of modes need as many O_k of either kind, and there are {counts}")
    found = []
    for k in likely:
        partner = min(free, key=lambda other: abs(np.log(omega[other] / omega[k])))
        free.remove(partner)
        found += [k, partner]
    return np.array(found, int)


@method("transitions", version=1)
def push_modes(
    atoms, potential, lowest: int, spread: int = 0, n_modes=None, method: str = "fire", folder=None, workers=None,
    progress: bool = False, pairs: int = 0, finest: int = 0, early: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Push the `lowest` modes of a glass and `spread` more, and tabulate what they led to.

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum of the potential.
    potential : materials.potentials.Potential
    lowest, spread : int
        As `spread_indices`.
    n_modes : int, optional
        How many modes are computed, the lowest; all by default.
    method, folder, workers, progress, finest, early
        As `excitation.excite_modes`, with the amplitudes AMPLITUDES.
    pairs : int
        How many phonon-like modes are pushed as well, each with a quasi-localised partner (`matched_pairs`).

    Returns
    -------
    xarray.Dataset
        As `tabulate_transitions`.

    Raises
    ------
    ValueError
        As both of these functions.
    """
    modes = moving_modes(atoms, potential, n_modes)
    indices = spread_indices(len(modes.omega), lowest, spread)
    if pairs:
        order = phonon_order_parameter(modes, atoms)
        indices = np.array(list(dict.fromkeys([*indices, *matched_pairs(modes.omega, order, pairs)])))
    # parts that are kept carry the later options only where they were used
    later = {name: value for name, value in (("finest", finest), ("early", early)) if value}
    options = {"method": method, "amplitudes": AMPLITUDES} | later
    found = excite_modes(atoms, potential, modes, indices, folder, workers, progress, **options)
    return tabulate_transitions(atoms, potential, modes, indices, found).assign_attrs(method=method)


def tabulate_transitions(atoms, potential, modes, indices, transitions, largest: int = 300) -> xr.Dataset:
    """What `excite_modes` found, together with the modes that were pushed, in the units of the potential.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : materials.potentials.Potential
    modes : vibrations.modes.Modes
        All computed modes of the glass.
    indices : sequence of int
        Numbers of the modes that were pushed.
    transitions : sequence of excitation.Transition
        What they led to.
    largest : int
        Number of atoms whose displacements are kept for each distinct transition.

    Returns
    -------
    xarray.Dataset
        Over `mode`, all computed modes: frequency (the square root of the unit of the dynamical matrix),
        participation_ratio, phonon_order_parameter (of unit masses), third_order_amplitude (Eq. A3).
        Over `pushed`, the modes of `indices`: mode_index, the numbers of each `Transition`, tail_exponent with tail_low
        and tail_high (`displacement_profile`), n_loose, and transition, the label of the final minimum (-1 where no
        push left). Over `transition_label`, one per distinct minimum: moved_atom and moved, the atoms that move most
        and their displacements, and the profile over `shell`.

    Raises
    ------
    ValueError
        If there are not as many transitions as indices.
    """
    if len(indices) != len(transitions):
        raise ValueError(f"{len(indices)} modes were named and {len(transitions)} transitions given")
    labels = label_transitions(transitions)
    profiles = [displacement_profile(atoms, t) if np.isfinite(t.amplitude) else None for t in transitions]
    first = [int(np.flatnonzero(labels == label)[0]) for label in range(labels.max(initial=-1) + 1)]
    largest = min(largest, len(atoms))
    top = [np.argsort(-np.linalg.norm(transitions[k].displacements, axis=1), kind="stable")[:largest] for k in first]
    shells = max((len(p.distance) for p in profiles if p), default=0)

    def padded(values):
        return np.array([np.r_[v, np.full(shells - len(v), np.nan)] for v in values]).reshape(len(first), shells)

    # the directions of the pushes, also in an alloy
    lines = modes.polarizations / np.repeat(np.sqrt(potential.masses_of(atoms)), 3)[:, None]
    table = {name: ("pushed", np.array([getattr(t, name) for t in transitions])) for name in _SCALARS}
    tails = [(p.exponent, *p.interval) if p else (np.nan,) * 3 for p in profiles]
    for name, values in zip(("tail_exponent", "tail_low", "tail_high"), np.reshape(tails, (-1, 3)).T, strict=True):
        table[name] = ("pushed", values)
    moved = [transitions[k].displacements[at] for k, at in zip(first, top, strict=True)]
    return xr.Dataset(
        {
            "frequency": ("mode", modes.omega),
            "participation_ratio": ("mode", participation_ratio(modes, 3)),
            "phonon_order_parameter": ("mode", phonon_order_parameter(modes, atoms)),
            "third_order_amplitude": ("mode", expand_energy(atoms, potential, lines).critical_amplitude),
            **table,
            "n_loose": ("pushed", np.array([int(t.loose.sum()) for t in transitions])),
            "transition": ("pushed", labels),
            "moved_atom": (("transition_label", "rank"), np.array(top, np.int32).reshape(len(first), largest)),
            "moved": (("transition_label", "rank", "xyz"), np.array(moved, "f4").reshape(len(first), largest, 3)),
            "shell_distance": (("transition_label", "shell"), padded([profiles[k].distance for k in first])),
            "shell_displacement": (("transition_label", "shell"), padded([profiles[k].displacement for k in first])),
        },
        {"mode_index": ("pushed", np.asarray(indices, int))},
        {"n_atoms": len(atoms), "number_density": len(atoms) / atoms.cell.volume, "potential": potential.name},
    )


def transitions_of(glass: str, method: str = "fire", archived: bool = True, **options) -> xr.Dataset:
    """The archived table of a glass, or, with archived=False, `push_modes` of it now.

    Parameters
    ----------
    glass : str
        Name of an archived glass.
    method : {"fire", "cg"}
    archived : bool
    **options
        Of `push_modes`; not used for an archived table. Finished modes are kept in _build/pushes, so that a run that
        was stopped resumes.

    Returns
    -------
    xarray.Dataset
        As `tabulate_transitions`, with the attributes `name` and `seed` of the glass.

    Raises
    ------
    ValueError
        If the glass is unknown, or its table is not archived.
    """
    if archived:
        return load_result("transitions", f"{glass}-{method}")
    atoms = load(glass)
    recipe = atoms.info["recipe"]
    options = {"folder": project_root() / "_build" / "pushes", **options}
    table = push_modes(atoms, get(recipe["potential"]), method=method, **options)
    return table.assign_attrs(name=glass, seed=recipe["seed"])


def pushed_modes(tables) -> pd.DataFrame:
    """All pushed modes of several tables, one row each.

    Parameters
    ----------
    tables : sequence of xarray.Dataset
        Of `tabulate_transitions`, with the attributes n_atoms and seed.

    Returns
    -------
    pandas.DataFrame
        The quantities of the tables over `pushed`, those of the mode that was pushed (frequency, participation_ratio,
        phonon_order_parameter, third_order_amplitude), its number `mode`, n_atoms, seed, and sample, the number of the
        table.

    Raises
    ------
    ValueError
        If no table has a pushed mode.
    """
    # what is tabulated over the modes is taken at those that were pushed
    some = [(sample, t.isel(mode=t.mode_index)) for sample, t in enumerate(tables) if t.sizes["pushed"]]
    return _rows(some, "pushed").rename(columns={"mode_index": "mode"})


def computed_modes(tables) -> pd.DataFrame:
    """All modes of several tables, pushed or not.

    Parameters
    ----------
    tables : sequence of xarray.Dataset
        As for `pushed_modes`.

    Returns
    -------
    pandas.DataFrame
        The quantities over `mode`, with n_atoms, seed and sample.
    """
    return _rows(enumerate(tables), "mode")


def _rows(numbered, dimension: str) -> pd.DataFrame:
    """The quantities of numbered tables over one dimension, with n_atoms, seed and sample, the number of the table."""
    rows = []
    for sample, table in numbered:
        frame = pd.DataFrame({name: v.values for name, v in table.variables.items() if v.dims == (dimension,)})
        rows.append(frame.assign(sample=sample, n_atoms=table.attrs["n_atoms"], seed=table.attrs["seed"]))
    return pd.concat(rows, ignore_index=True)


def distinct_transitions(pushed: pd.DataFrame) -> pd.DataFrame:
    """The final minima of each sample.

    Parameters
    ----------
    pushed : pandas.DataFrame
        Of `pushed_modes`.

    Returns
    -------
    pandas.DataFrame
        One row per final minimum of each sample: that of the first push that led there, and `modes`, the number of
        pushes that did.
    """
    left = pushed[pushed.transition >= 0]
    left = left.assign(modes=left.groupby(["sample", "transition"]).transition.transform("size"))
    return left.drop_duplicates(["sample", "transition"]).reset_index(drop=True)


def by_sample(frame: pd.DataFrame, *columns: str) -> list[list[np.ndarray]]:
    """The values of some columns in every sample.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the column `sample`.
    *columns : str

    Returns
    -------
    list
        For each column the list of its values, shape (n_s,), in every sample, in the order of the samples.
    """
    return [split_by_group(frame[name], frame["sample"]) for name in columns]


def correlate(frame: pd.DataFrame, x: str, y: str, rng=1):
    """Rank correlation of two columns within the samples (`statistics.rank_correlation`).

    Parameters
    ----------
    frame : pandas.DataFrame
        With the column `sample`. Rows that are not finite, and samples of fewer than three rows, are left out.
    x, y : str
        Columns.
    rng : int or numpy.random.Generator
        Seed of the bootstrap.

    Returns
    -------
    tuple
        (value, (low, high)); (None, None) where there are fewer than ten rows, or fewer than three values of a column.
    """
    frame = frame[np.isfinite(frame[x]) & np.isfinite(frame[y])]
    frame = frame[frame.groupby("sample")[x].transform("size") >= 3]
    if len(frame) < 10 or frame[x].nunique() < 3 or frame[y].nunique() < 3:
        return None, None
    return rank_correlation(*by_sample(frame, x, y), rng=rng)


def archived_tables(start: str, end: str = "") -> list[xr.Dataset]:
    """The archived tables whose names begin and end with some texts.

    Parameters
    ----------
    start, end : str
        Such as "harmonic-spheres-n16000-". A name is that of a glass, followed by "-fire" or "-cg" for the minimiser,
        or by "-pairs", where phonon-like modes and their partners were pushed and no others.

    Returns
    -------
    list of xarray.Dataset
        In the order of their names; empty if there are none. Their attributes hold the recipe, the options, the
        checksum and the versions.
    """
    names = [name for name in shipped_results("transitions") if name.startswith(start) and name.endswith(end)]
    return [load_result("transitions", name) for name in names]
