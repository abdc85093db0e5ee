"""What rearranged: the decay of a displacement field, and which transitions are one and the same."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

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
    size, keep = np.linalg.norm(transition.displacements, axis=1), ~transition.loose
    centre, cell = int(size.argmax()), atoms.cell.array
    apart = nearest_image(atoms.positions - atoms.positions[centre], atoms.cell)
    r, d = np.linalg.norm(apart, axis=1), (atoms.cell.volume / len(atoms)) ** (1 / 3)
    edges = np.arange(0.5 * d, 0.5 / np.linalg.norm(np.linalg.inv(cell), axis=0).max() + 1e-9, 0.5 * d)
    shell = np.digitize(r[keep], edges)
    count, far_off, moved = (np.bincount(shell, w, len(edges) + 1)[1:-1] for w in (None, r[keep], size[keep]))
    distance, displacement = far_off[count > 0] / count[count > 0], moved[count > 0] / count[count > 0] / size[centre]
    far = (distance > 2 * d) & (displacement > 0)
    if far.sum() < 4:
        return Profile(distance, displacement, np.nan, (np.nan, np.nan))
    fit = stats.linregress(np.log(distance[far]), np.log(displacement[far]))
    half = stats.t.ppf(0.975, far.sum() - 2) * fit.stderr
    return Profile(distance, displacement, float(-fit.slope), (float(-fit.slope - half), float(-fit.slope + half)))


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
        if not np.isfinite(new.amplitude):
            continue
        for label, old in enumerate(found):
            apart = (new.displacements - old.displacements)[~(new.loose | old.loose)]
            # each field has a zero mean over the atoms that are held in it, which are not the same atoms for both
            if np.linalg.norm(apart - apart.sum(axis=0) / max(len(apart), 1)) < tolerance:
                labels[k] = label
                break
        else:
            labels[k] = len(found)
            found.append(new)
    return labels


def onset_temperature(barriers) -> float:
    """T_c = 2 min(barrier), at which equipartition carries some mode to its A_c (mizuno-2020, Sec. III A; k_B = 1).

    Parameters
    ----------
    barriers : array
        Phi(A_c) - Phi(0), Eq. 8, of the modes of one structure; NaN, of modes that never left, is skipped.

    Returns
    -------
    float
        In the unit of energy; infinite where no mode left.
    """
    barriers = np.asarray(barriers, float)
    return 2 * float(np.min(barriers, initial=np.inf, where=np.isfinite(barriers)))
