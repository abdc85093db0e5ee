"""Grueneisen parameters of normal modes, gamma_k = -d ln omega_k / d ln V.

Yang et al. (yang-2021, Eqs. 3 to 5, Fig. 10) diagonalise at V0 and at a volume on either side, and compare the k-th
lowest levels. Two questions are left open there. The first is whether atoms only follow the cell (affine) or are
minimised again at each volume: the derivative along the minima is the quasi-harmonic one, and an affinely strained
glass is not a minimum. The second is which level at V is mode k: the k-th one, the one whose eigenvector overlaps most,
or none at all, because first-order perturbation theory needs only the dynamical matrices at the three volumes.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.linalg import eigh, svd
from scipy.optimize import linear_sum_assignment

from bosonpeak.materials.geometry import displacements
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.hessian import dynamical_matrix, forces
from bosonpeak.vibrations.modes import Modes, low_frequency_modes
from bosonpeak.vibrations.operators import spectral_bound
from bosonpeak.vibrations.peaks import frequency_scale
from bosonpeak.vibrations.spectra import translations, zero_modes

TRACKINGS = ("index", "perturbation", "overlap")


@dataclass(frozen=True)
class Basins:
    """Whether the minima at the lower and at the higher volume are those of the start, strained; pairs (lower, higher).

    Lengths are in A or reduced, without the translation and without rattlers.

    Attributes
    ----------
    nonaffine : array, shape (2,)
        |u| = sqrt(sum_i |u_i|^2), with u the displacement of the atoms beyond the affine one.
    returned : array, shape (2,)
        The largest |u| between the minima found on the way out and on the way back at one volume.
    asymmetry : float
        |u+ + u-| / (|u+| + |u-|): 0 in linear response, and proportional to the strain. From about 0.3 on a
        difference is
        not a slope.
    jumped : array of bool, shape (2,)
        Whether the way back missed a minimum.
    """

    nonaffine: np.ndarray
    returned: np.ndarray
    asymmetry: float
    jumped: np.ndarray


@dataclass(frozen=True)
class Strained:
    """One structure at three volumes: `start` at V0, `lower` and `higher`; `basins` is None for affine cells."""

    start: Atoms
    lower: Atoms
    higher: Atoms
    basins: Basins | None


@dataclass(frozen=True)
class Gruneisen:
    """Modes of a structure and their Grueneisen parameters, without translations and other zero modes.

    Attributes
    ----------
    omega : array, shape (k,)
        Ascending, at V0, in `unit` ("rad/ps" or "reduced").
    gamma : array, shape (k,)
        NaN where the mode has no real frequency at a strained volume, or is lost from the window.
    polarizations : array, shape (3N, k)
        At V0.
    volumes : array, shape (3,)
        V-, V0, V+ in A^3 or reduced.
    relaxed : bool
        Whether the structure was minimised at each volume.
    tracking : str
    overlap : array, shape (k,), or None
        The smaller |<e_k(V0)|e(V)>| of the two volumes; None unless tracked by overlap. Within a degenerate level it
        depends on the bases.
    imaginary : array, shape (2,)
        Levels without a real frequency at V- and V+ (perturbation theory: modes with e.De <= 0, which keep their
        slope).
    basins : Basins or None
        None for affine cells.
    """

    omega: np.ndarray
    unit: str
    gamma: np.ndarray
    polarizations: np.ndarray
    volumes: np.ndarray
    relaxed: bool
    tracking: str
    overlap: np.ndarray | None
    imaginary: np.ndarray
    basins: Basins | None

    @property
    def jumped(self) -> bool:
        """Whether a minimisation ended in another basin: gamma then compares two structures and has no meaning."""
        return self.basins is not None and bool(self.basins.jumped.any())


def mode_gruneisen(
    atoms: Atoms, potential, strain: float = 0.01, *, relax: bool, tracking: str, modes: Modes | None = None, **options
) -> Gruneisen:
    """gamma_k of all modes, or of the modes given, from the volumes V0 (1 - strain), V0 and V0 (1 + strain).

    The two steps are `strain_volume`, which takes the options, and `follow_modes`. Several trackings of one structure
    need the first, with its minimisations, only once. Raises as they do.
    """
    _check_tracking(tracking)
    return follow_modes(strain_volume(atoms, potential, strain, relax, **options), potential, tracking, modes)


def strain_volume(
    atoms: Atoms,
    potential,
    strain: float = 0.01,
    relax: bool = True,
    force_tolerance: float = 1e-8,
    steps: int = 2,
    jump_distance: float = 0.01,
) -> Strained:
    """The structure at V0 (1 - strain) and V0 (1 + strain), isotropically scaled and, where asked for, minimised there.

    Parameters
    ----------
    atoms : ase.Atoms
        A minimum.
    potential : Potential
    strain : float
        Relative change of the volume; the linear strain is a third of it. Below 3e-3 the low modes of cu-zr-
        mendelev-2009 get gammas of either sign: its table has ten decimals, and phi'' is rough by 0.01 eV/A^2 (that of
        2019 by 1e-4).
    relax : bool
        Whether the structure is minimised at each volume.
    force_tolerance : float
        Largest force component that is left, in eV/A or reduced; the start may have ten times as much.
    steps : int
        Each volume is reached in as many steps, and left in as many, to see whether the minima are the same.
    jump_distance : float
        |u| between minima from which on they are not the same.

    Returns
    -------
    Strained

    Raises
    ------
    ValueError
        For a strain that is not between 0 and 0.1, for no steps, and for a start with larger forces.
    RuntimeError
        If a minimisation misses the tolerance.
    """
    potential = get(potential)
    if not 0 < strain < 0.1:
        raise ValueError(f"strain = {strain}: the change of volume must lie between 0 and 0.1, such as 0.01")
    if steps < 1:
        raise ValueError(f"steps = {steps}: at least one leads to another volume")
    largest = abs(forces(atoms, potential)).max()
    if not largest <= 10 * force_tolerance:
        raise ValueError(
            f"the structure is not a minimum: a force of {largest:.3g} is left, above 10 x {force_tolerance:g}; "
            "relax it further, or choose a larger force_tolerance"
        )
    if not relax:
        return Strained(atoms, *(scale_volume(atoms, 1 + sign * strain) for sign in (-1, 1)), None)

    def minimum(near, factor):
        cell = scale_volume(near, factor * atoms.cell.volume / near.cell.volume)
        return inherent_structure(cell, potential, force_tolerance, potential.minimiser)

    # rattlers may rest anywhere
    still = zero_modes(dynamical_matrix(atoms, potential, factored=True), 3)
    held = (still**2).reshape(len(atoms), -1).sum(axis=1) < 0.9
    ends, moved, returned = [], [], []
    for sign in (-1, 1):
        factors, path, missed = 1 + sign * strain * np.arange(steps + 1) / steps, [atoms], []
        for factor in factors[1:]:
            path.append(minimum(path[-1], factor))
        here = path[-1]
        for factor, there in zip(factors[-2::-1], path[-2::-1], strict=True):
            here = minimum(here, factor)
            missed.append(np.linalg.norm(_drift_free(there, here, held)))
        ends.append(path[-1])
        moved.append(_drift_free(atoms, path[-1], held))
        returned.append(max(missed))
    size = [np.linalg.norm(u) for u in moved]
    # what rounding leaves of a crystal has no symmetry
    asymmetry = np.linalg.norm(moved[0] + moved[1]) / sum(size) if max(size) > 1e-3 * jump_distance else 0.0
    basins = Basins(np.array(size), np.array(returned), float(asymmetry), np.array(returned) > jump_distance)
    return Strained(atoms, *ends, basins)


def scale_volume(atoms: Atoms, factor: float) -> Atoms:
    """A copy with `factor` times the volume and the same shape; the atoms follow affinely."""
    scaled = atoms.copy()
    scaled.set_cell(atoms.cell.array * factor ** (1 / 3), scale_atoms=True)
    return scaled


def _drift_free(start, other, held) -> np.ndarray:
    u = displacements(start, other)
    return (u - u[held].mean(axis=0))[held]


def _check_tracking(tracking):
    if tracking not in TRACKINGS:
        raise ValueError(f"unknown tracking {tracking!r}: choose one of {', '.join(TRACKINGS)}")


def follow_modes(
    strained: Strained, potential, tracking: str, modes: Modes | None = None, window: int = 300
) -> Gruneisen:
    """gamma_k of the modes of strained.start, by central differences over the two other volumes.

    Parameters
    ----------
    strained : Strained
    potential : Potential
    tracking : str
        "index" compares the k-th lowest levels, gamma_k = -(V0 / omega_k) (omega_k+ - omega_k-) / (V+ - V-) (yang-2021,
        Eq. 4). "overlap" does so with the levels that `match_modes` finds. "perturbation" is gamma_k = -(V0 / (2
        omega_k^2)) e_k . (D+ - D-) e_k / (V+ - V-), the slope at V0 of a mode that is not degenerate. Where a contact
        of harmonic spheres opens or closes, D jumps, and that slope grows as 1 / strain.
    modes : Modes, optional
        In the unit of the matrix, as `low_frequency_modes` gives them; by default all, by dense diagonalisation, up to
        a few thousand degrees of freedom. For larger structures give the lowest: perturbation theory needs no others.
    window : int
        Places up and down within which "overlap" looks for a mode.

    Returns
    -------
    Gruneisen

    Raises
    ------
    ValueError
        For an unknown tracking, modes that are not those of the start, too few of them for the other trackings, and a
        start that has negative eigenvalues.
    """
    potential = get(potential)
    _check_tracking(tracking)
    atoms, n, given = strained.start, 3 * len(strained.start), modes is not None
    rest = translations(len(atoms), 3, potential.masses_of(atoms))
    # modes that are given are only checked, which the factors do several times as fast
    D = dynamical_matrix(atoms, potential, factored=given)
    if modes is None:
        modes = low_frequency_modes(D, n - 3, project_out=rest)
    top = _check_modes(modes, D, n)
    moving = modes.omega > 1e-6 * np.sqrt(top)
    omega, e = modes.omega[moving], modes.polarizations[:, moving]
    volumes = np.array([cell.cell.volume for cell in (strained.lower, atoms, strained.higher)])
    cells, factored, overlap = (strained.lower, strained.higher), given and tracking == "perturbation", None
    matrices = (dynamical_matrix(cell, potential, factored) for cell in cells)
    if tracking == "perturbation":
        below, above = ((e * (D @ e)).sum(axis=0) for D in matrices)
        imaginary = np.array([(below <= 0).sum(), (above <= 0).sum()])
        slope = (above - below) / (2 * omega)
    else:
        still = _span(np.hstack([rest, modes.polarizations[:, ~moving]]))
        if len(omega) + still.shape[1] != n:
            remedy = "give none, or choose tracking = 'perturbation'"
            raise ValueError(f"{len(modes.omega)} of {n} modes are given, tracking by {tracking} needs all: {remedy}")
        solved = [_levels(D, still, tracking == "overlap") for D in matrices]
        levels = [level for level, _ in solved]
        imaginary = np.isnan(levels).sum(axis=1)
        if tracking == "overlap":
            matched = [match_modes(e, vectors, window) for _, vectors in solved]
            overlap = np.minimum(matched[0][1], matched[1][1])
            levels = [np.where(at < 0, np.nan, level[at]) for level, (at, _) in zip(levels, matched, strict=True)]
        slope = levels[1] - levels[0]
    gamma = -volumes[1] / omega * slope / (volumes[2] - volumes[0])
    unit = "rad/ps" if potential.units == "metal" else "reduced"
    return Gruneisen(
        omega * frequency_scale(unit), unit, gamma, e, volumes, strained.basins is not None, tracking, overlap,
        imaginary, strained.basins,
    )  # fmt: skip


def _check_modes(modes, D, n) -> float:
    """The top of the spectrum of D; raises ValueError where the modes are not those of D."""
    e, omega = modes.polarizations, modes.omega
    if e.shape != (n, len(omega)):
        raise ValueError(f"modes of shape {e.shape} do not fit {n // 3} atoms and {len(omega)} frequencies")
    top = spectral_bound(D)
    residual = np.linalg.norm(D @ e - e * omega**2, axis=0)
    if not residual.max() <= 1e-4 * top:
        raise ValueError(
            f"mode {residual.argmax()} does not belong to this structure: |D e - omega^2 e| = {residual.max():.3g} "
            f"compared with {top:.3g}; omega is in the matrix's unit, sqrt(eV/(A^2 amu)) for metals"
        )
    return top


def _span(vectors) -> np.ndarray:
    """Orthonormal basis of the columns."""
    u, s, _ = svd(vectors, full_matrices=False)
    return u[:, s > 1e-3 * s[0]]


def _levels(D, still, vectors: bool):
    """Frequencies (k,) in the order of their squares, NaN where these are not above rounding, and modes (n, k)."""
    dense = D.toarray()
    # zero modes go to the top
    dense += 2 * abs(dense).sum(axis=1).max() * (still @ still.T)
    with blas_threads(available_cores()):
        found = eigh(dense, eigvals_only=not vectors, driver="evd", overwrite_a=True)
    k = len(dense) - still.shape[1]
    square, e = (found[0][:k], found[1][:, :k]) if vectors else (found[:k], None)
    real = square > 1e-12 * square[-1]
    return np.sqrt(np.where(real, square, np.nan)), e


def match_modes(before, after, window: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Which of the modes after a strain each of the modes before it has become.

    The assignment is one to one, with the largest sum of |overlap|, among `window` places up and down.

    Parameters
    ----------
    before, after : array, shape (n, k)
        Orthonormal columns in the order of their frequencies.
    window : int

    Returns
    -------
    places : array of int, shape (k,)
        -1 for modes that are not found in the window.
    overlaps : array, shape (k,)
        |<before|after>|, 0 for these.

    Raises
    ------
    ValueError
        If the shapes differ or the window is not positive.
    """
    if np.shape(before) != np.shape(after) or not window > 0:
        raise ValueError(f"modes {np.shape(before)} and {np.shape(after)} must be alike and window = {window} positive")
    with blas_threads(available_cores()):
        overlap = abs(before.T @ after)
    place = np.arange(len(overlap))
    overlap[abs(place[:, None] - place) > window] = 0
    _, at = linear_sum_assignment(overlap, maximize=True)
    # a lost mode takes what others leave over, and does not affect them
    return np.where(abs(at - place) > window, -1, at), overlap[place, at]


def atomic_gruneisen(found: Gruneisen, low: float = 0.0, high: float = np.inf, normalise: bool = False) -> np.ndarray:
    """gamma_i = sum_k gamma_k |e_k(i)|^2 over the modes with low <= omega < high, (N,) (yang-2021, Eq. 5).

    The sum over atoms is that over modes. All modes together have sum_k |e_k(i)|^2 = 3, so that gamma_i is three times
    a mean. Modes without a gamma are left out.

    Parameters
    ----------
    found : Gruneisen
    low, high : float
        In found.unit.
    normalise : bool
        Whether to divide by sum_k |e_k(i)|^2, which gives a mean that is weighted by how much the atom takes part (NaN
        for an atom that does not).

    Raises
    ------
    ValueError
        If the window holds no mode.
    """
    inside = (found.omega >= low) & (found.omega < high) & np.isfinite(found.gamma)
    if not inside.any():
        raise ValueError(f"no mode with a Grueneisen parameter lies between {low:g} and {high:g} {found.unit}")
    weight = (found.polarizations[:, inside].reshape(-1, 3, inside.sum()) ** 2).sum(axis=1)
    total = weight @ found.gamma[inside]
    if not normalise:
        return total
    share = weight.sum(axis=1)
    return np.divide(total, share, out=np.full(len(total), np.nan), where=share > 0)


def cumulative_gruneisen(found: Gruneisen, omega) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of gamma over the modes below each omega (K,), in found.unit (yang-2021, Fig. 10b).

    Modes without a gamma are left out; NaN where no mode lies below.
    """
    known = np.isfinite(found.gamma)
    level, gamma = found.omega[known], found.gamma[known]
    count = np.searchsorted(level, np.asarray(omega, float))
    sums = [np.concatenate([[0.0], np.cumsum(gamma**p)])[count] for p in (1, 2)]
    mean, square = (np.divide(s, count, out=np.full(len(count), np.nan), where=count > 0) for s in sums)
    return mean, np.sqrt(np.maximum(square - mean**2, 0))
