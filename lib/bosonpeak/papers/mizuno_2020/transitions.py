"""Transitions of one structure as one table, and those that the book ships (floor 4; mizuno-2020)."""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.landscape.anharmonicity import expand_energy
from bosonpeak.landscape.excitation import excite_modes
from bosonpeak.materials.potentials import get
from bosonpeak.papers.mizuno_2020.rearrangement import displacement_profile, label_transitions
from bosonpeak.paths import project_root
from bosonpeak.statistics import rank_correlation
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import low_frequency_modes, normal_modes, participation_ratio, phonon_order_parameter
from bosonpeak.vibrations.spectra import zero_modes

AMPLITUDES = tuple(float(a) for a in np.geomspace(1e-5, 1, 11).round(12))
"""Two a decade, up to the first that leaves. Four a decade from 1e-6 found the same A_c to the bisection's width
(harmonic spheres, N = 4,000, eight modes) at half as many pushes again."""
SEED = 7919
"""Of the subspace that finds low modes; no recipe's, as in the spectra."""

_SCALARS = ("amplitude", "returned_amplitude", "sign", "distance", "energy", "barrier", "inner_product")
_SCALARS += ("n_rearranged", "returned_distance", "left_distance", "unconverged", "pushes", "capped")


def spread_indices(n_modes: int, lowest: int, spread: int) -> np.ndarray:
    """The `lowest` modes and `spread` more up to the last, evenly in the logarithm of their number; ascending.

    Raises ValueError where there are fewer modes than asked for.
    """
    if lowest + spread > n_modes:
        raise ValueError(f"{n_modes} modes are fewer than {lowest} lowest and {spread} more")
    more = np.geomspace(max(lowest, 1), n_modes, spread + 1)[1:].round().astype(int) - 1
    # where the steps are below one, take neighbours
    for k in range(spread):
        more[k] = max(more[k], (more[k - 1] if k else lowest - 1) + 1)
    return np.r_[np.arange(lowest), more]


def moving_modes(atoms, potential, n_modes=None):
    """The `n_modes` lowest modes of a glass, or all of them, without those at rest (translations, rattlers).

    Returns Modes in the square root of the dynamical matrix's unit. Raises as `low_frequency_modes`.
    """
    D = dynamical_matrix(atoms, potential, factored=True)
    if n_modes is not None:
        resting = zero_modes(D, 3, potential.masses_of(atoms))
        return low_frequency_modes(D, n_modes, SEED, project_out=resting)
    modes = normal_modes(D)
    keep = modes.omega > 1e-5 * modes.omega[-1]
    return replace(
        modes, omega=modes.omega[keep], polarizations=modes.polarizations[:, keep], residual=modes.residual[keep]
    )


@method("transitions", version=1)
def push_modes(
    atoms, potential, lowest: int, spread: int = 0, n_modes=None, method: str = "fire", folder=None, workers=None,
    progress: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Push the `lowest` modes of a glass and `spread` more, and tabulate what they led to.

    n_modes: how many modes are computed, the lowest; None for all of them. method, folder, workers, progress: of
    `excitation.excite_modes`, with the amplitudes AMPLITUDES. Returns `tabulate_transitions`. Raises as both.
    """
    modes = moving_modes(atoms, potential, n_modes)
    indices = spread_indices(len(modes.omega), lowest, spread)
    found = excite_modes(
        atoms, potential, modes, indices, folder, workers, progress, method=method, amplitudes=AMPLITUDES
    )
    return tabulate_transitions(atoms, potential, modes, indices, found).assign_attrs(method=method)


def tabulate_transitions(atoms, potential, modes, indices, transitions, largest: int = 300) -> xr.Dataset:
    """What `excite_modes` found, beside the modes that were pushed: a table in the potential's units.

    Over `mode`, all of `modes`: frequency (the square root of the dynamical matrix's unit), participation_ratio,
    phonon_order_parameter (of unit masses), third_order_amplitude (Eq. A3). Over `pushed`, the modes `indices`: mode
    and the fields of `Transition`, n_loose, transition (which minimum: `label_transitions`), tail_exponent with
    tail_low and tail_high (`displacement_profile`). Over `transition_label`, one push for each minimum: the `largest`
    displacements, moved_atom and moved, and the profile over `shell`. Raises ValueError where the lengths differ.
    """
    if len(indices) != len(transitions):
        raise ValueError(f"{len(indices)} modes were named and {len(transitions)} transitions given")
    labels = label_transitions(transitions)
    profiles = [displacement_profile(atoms, t) if np.isfinite(t.amplitude) else None for t in transitions]
    first = [int(np.flatnonzero(labels == label)[0]) for label in range(labels.max(initial=-1) + 1)]
    size = [np.linalg.norm(transitions[k].displacements, axis=1) for k in first]
    largest = min(largest, len(atoms))
    top = [np.argsort(-s, kind="stable")[:largest] for s in size]
    shells = max((len(p.distance) for p in profiles if p), default=0)

    def padded(values):
        return np.array([np.r_[v, np.full(shells - len(v), np.nan)] for v in values]).reshape(len(first), shells)

    # what is pushed along, in an alloy too
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
    """The shipped table of an archived glass, or, with archived=False, `push_modes` of it here and now.

    options: of `push_modes`; finished modes are kept in _build/pushes, so that a run that was stopped goes on. Raises
    ValueError for an unknown glass, or one whose table is not shipped.
    """
    if archived:
        return load_transitions(f"{glass}-{method}")
    atoms = load(glass)
    options = {"folder": project_root() / "_build" / "pushes", **options}
    potential = get(atoms.info["recipe"]["potential"])
    return push_modes(atoms, potential, method=method, **options).assign_attrs(
        name=glass, seed=atoms.info["recipe"]["seed"]
    )


def pushed_modes(tables) -> pd.DataFrame:
    """All pushed modes of several tables, a row each: the fields of `tabulate_transitions` over `pushed`, those of the
    pushed mode (frequency, participation_ratio, phonon_order_parameter, third_order_amplitude), n_atoms, seed and
    sample, the number of the table."""
    rows = []
    for sample, table in enumerate(tables):
        if not table.sizes["pushed"]:
            continue
        frame = pd.DataFrame({name: v.values for name, v in table.data_vars.items() if v.dims == ("pushed",)})
        frame["mode"] = table.mode_index.values
        for name, v in table.data_vars.items():
            if v.dims == ("mode",):
                frame[name] = v.values[table.mode_index.values]
        rows.append(frame.assign(sample=sample, n_atoms=table.attrs["n_atoms"], seed=table.attrs["seed"]))
    return pd.concat(rows, ignore_index=True)


def computed_modes(tables) -> pd.DataFrame:
    """All modes of several tables, pushed or not: what stands over `mode` in each, with n_atoms, seed and sample."""
    rows = []
    for sample, table in enumerate(tables):
        frame = pd.DataFrame({name: v.values for name, v in table.data_vars.items() if v.dims == ("mode",)})
        rows.append(frame.assign(sample=sample, n_atoms=table.attrs["n_atoms"], seed=table.attrs["seed"]))
    return pd.concat(rows, ignore_index=True)


def distinct_transitions(pushed: pd.DataFrame) -> pd.DataFrame:
    """One row for each final minimum of each sample, the first push that led there, and `modes`, how many did."""
    left = pushed[pushed.transition >= 0]
    modes = left.groupby(["sample", "transition"]).size().rename("modes")
    first = left.drop_duplicates(["sample", "transition"])
    return first.merge(modes, on=["sample", "transition"]).reset_index(drop=True)


def by_sample(frame: pd.DataFrame, *columns: str) -> list[list[np.ndarray]]:
    """For each column the list of its values (n_s,) in every sample, samples in their order."""
    groups = [group for _, group in frame.groupby("sample", sort=True)]
    return [[group[name].to_numpy() for group in groups] for name in columns]


def correlate(frame: pd.DataFrame, x: str, y: str, rng=1):
    """`statistics.rank_correlation` of two columns within the samples; (None, None) where fewer than ten rows, or one
    value throughout, can tell nothing."""
    frame = frame[np.isfinite(frame[x]) & np.isfinite(frame[y])]
    large = frame.groupby("sample")[x].transform("size") >= 3
    frame = frame[large]
    if len(frame) < 10 or frame[x].nunique() < 3 or frame[y].nunique() < 3:
        return None, None
    return rank_correlation(*by_sample(frame, x, y), rng=rng)


def shipped_transitions() -> list[str]:
    """Names of the shipped tables: a glass's name, and "-cg" or "-fire" for the minimiser."""
    return shipped_results("transitions")


def load_transitions(name: str) -> xr.Dataset:
    """A shipped table of `tabulate_transitions`, with recipe, options, checksum and versions in its attributes.

    Raises ValueError for a name without a table.
    """
    return load_result("transitions", name)
