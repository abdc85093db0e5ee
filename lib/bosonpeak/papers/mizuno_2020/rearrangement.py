"""What rearranged: the decay of a displacement field, and which transitions are one and the same."""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.sparse.csgraph import connected_components

from bosonpeak.materials.geometry import nearest_image


@dataclass(frozen=True)
class Profile:
    """Decay of a rearrangement around the atom that moved most.

    Attributes
    ----------
    distance : array, shape (k,)
        Mean distance of the atoms in each shell, in the unit of the structure.
    displacement : array, shape (k,)
        Their mean displacement, relative to that of the atom that moved most.
    exponent : float
        a of displacement ~ distance^-a in the tail; NaN where fewer than four shells lie there.
    interval : tuple of two floats
        Its 95 % interval.
    """

    distance: np.ndarray
    displacement: np.ndarray
    exponent: float
    interval: tuple[float, float]


def displacement_profile(atoms, transition) -> Profile:
    """How a rearrangement decays around the atom that moved most (mizuno-2020, Fig. 9b).

    The shells are half of d = (V / N)^(1/3) thick and reach to half the shortest height of the cell. The exponent is
    that of a straight line through the logarithms of the shells beyond 2 d; its interval is Student's.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure before.
    transition : excitation.Transition
        Its loose atoms are left out.

    Returns
    -------
    Profile

    Raises
    ------
    ValueError
        If there was no transition.
    """
    if not np.isfinite(transition.amplitude):
        raise ValueError("no push left the basin: there is no rearrangement to describe")
    distance, displacement = shell_means(atoms, transition.displacements, ~transition.loose)
    far = (distance > 2 * (atoms.cell.volume / len(atoms)) ** (1 / 3)) & (displacement > 0)
    if far.sum() < 4:
        return Profile(distance, displacement, np.nan, (np.nan, np.nan))
    fit = stats.linregress(np.log(distance[far]), np.log(displacement[far]))
    half = stats.t.ppf(0.975, far.sum() - 2) * fit.stderr
    return Profile(distance, displacement, float(-fit.slope), (float(-fit.slope - half), float(-fit.slope + half)))


def shell_means(atoms, field, keep) -> tuple[np.ndarray, np.ndarray]:
    """Mean length of a displacement field in shells around the atom that moves most.

    Parameters
    ----------
    atoms : ase.Atoms
        N atoms; the shells are as in `displacement_profile`.
    field : array, shape (N, 3)
        Such as a rearrangement or a mode.
    keep : array of bool, shape (N,)
        Atoms that count.

    Returns
    -------
    distance, displacement : array, shape (k,)
        Mean distance of the atoms of each shell, and mean length of the field there over its largest length.
    """
    size = np.linalg.norm(field, axis=1)
    centre, cell = int(size.argmax()), atoms.cell.array
    apart = nearest_image(atoms.positions - atoms.positions[centre], atoms.cell)
    r, d = np.linalg.norm(apart, axis=1), (atoms.cell.volume / len(atoms)) ** (1 / 3)
    edges = np.arange(0.5 * d, 0.5 / np.linalg.norm(np.linalg.inv(cell), axis=0).max() + 1e-9, 0.5 * d)
    shell = np.digitize(r[keep], edges)
    count, far_off, moved = (np.bincount(shell, w, len(edges) + 1)[1:-1] for w in (None, r[keep], size[keep]))
    some = count > 0
    return far_off[some] / count[some], moved[some] / count[some] / size[centre]


def overlaps(table) -> np.ndarray:
    """Overlaps |u v| / |u||v| of the displacement fields u, v of the transitions of one glass.

    Parameters
    ----------
    table : xarray.Dataset
        `transitions.tabulate_transitions`; the particles that move most count.

    Returns
    -------
    array, shape (k, k)
        Between 0 and 1; 1 on the diagonal.
    """
    moved, at = table.moved.values.astype(float), table.moved_atom.values
    fields = np.zeros((len(at), table.attrs["n_atoms"], 3))
    for field, index, u in zip(fields, at, moved, strict=True):
        field[index] = u
    return abs(np.einsum("kax,lax->kl", fields, fields)) / np.outer(*[np.sqrt((moved**2).sum(axis=(1, 2)))] * 2)


def clusters(table, least: float = 0.8) -> np.ndarray:
    """Which transitions of one glass are parts of one rearrangement.

    Parameters
    ----------
    table : xarray.Dataset
        As in `overlaps`.
    least : float
        Two transitions belong together if their overlap is at least this, or if a chain of such pairs joins them. An
        avalanche that stops at different places is one rearrangement.

    Returns
    -------
    array of int, shape (k,)
        Number of the cluster of each transition, in the order of first appearance.
    """
    return connected_components(overlaps(table) >= least, directed=False)[1] if len(table.moved) else np.empty(0, int)


def label_transitions(transitions, tolerance: float = 1e-4) -> np.ndarray:
    """Which pushes led to the same minimum.

    Parameters
    ----------
    transitions : sequence of excitation.Transition
        k transitions of one structure.
    tolerance : float
        Two are one where their displacement fields differ by less than this length. Atoms that are loose in either
        are left out.

    Returns
    -------
    array of int, shape (k,)
        0, 1, ... in the order of first appearance; -1 without a transition.
    """
    labels, found = np.full(len(transitions), -1), []
    for k, new in enumerate(transitions):
        if np.isfinite(new.amplitude):
            fields = ((new.displacements, old.displacements, ~(new.loose | old.loose)) for old in found)
            same = (label for label, pair in enumerate(fields) if _agree(*pair, tolerance))
            labels[k] = next(same, len(found))
            if labels[k] == len(found):
                found.append(new)
    return labels


def same_minimum(displacements, table, label: int, tolerance: float = 1e-4) -> bool:
    """Whether a push ended where a transition of a table did.

    Parameters
    ----------
    displacements : array, shape (N, 3)
        r1 - r0 of the push, in sigma.
    table : xarray.Dataset
        `transitions.tabulate_transitions` of the same glass. It keeps the particles that move most.
    label : int
        Number of the transition in the table.
    tolerance : float
        Length up to which the two displacement fields, of these particles, may differ. Particles that are loose in
        either do not count, nor does the motion of the whole.

    Returns
    -------
    bool
    """
    ours = np.asarray(displacements, float)[table.moved_atom.values[label]]
    theirs = table.moved.values[label].astype(float)
    return _agree(ours, theirs, (ours != 0).any(axis=1) & (theirs != 0).any(axis=1), tolerance)


def _agree(one, other, held, tolerance) -> bool:
    """Whether two displacement fields (k, 3) differ by less than a length, over the atoms (k,) that both hold."""
    apart = (one - other)[held]
    # each field has a zero mean over the atoms that are held in it, which are not the same atoms for both
    return bool(np.linalg.norm(apart - apart.sum(axis=0) / max(len(apart), 1)) < tolerance)
