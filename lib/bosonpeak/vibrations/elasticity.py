"""Elastic moduli, sound speeds, and the Debye level that follows from them.

A network of scalar springs has one modulus tensor: a gradient s of the displacement costs the energy density s . mu . s
/ 2. The nodes do not follow the gradient affinely, and what they gain by relaxing is subtracted. Atoms in three
dimensions have the tensor C of second derivatives of the energy by strain, less the same gain (Lemaitre and Maloney, J.
Stat. Phys. 123, 415 (2006), Eq. 19). What a wave feels is C and the stress together (Wallace, Thermodynamics of
Crystals (1972)); at a pressure p the moduli of stress against strain are C_11 - p, C_44 - p and C_12 + p.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.integrate import lebedev_rule
from scipy.sparse import diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg, splu

from bosonpeak.materials.potentials import get
from bosonpeak.networks import SpringNetwork
from bosonpeak.units import RAD_PER_PS
from bosonpeak.vibrations.debye import debye_frequency
from bosonpeak.vibrations.hessian import bond_stiffness, bonds, hessian
from bosonpeak.vibrations.modes import box_waves
from bosonpeak.vibrations.operators import FactoredOperator

_VOIGT = (np.array([0, 1, 2, 1, 0, 0]), np.array([0, 1, 2, 2, 2, 1]))
"""xx, yy, zz, yz, xz, xy."""

GPA = 160.21766
"""eV/A^3 in GPa."""


@dataclass(frozen=True)
class Elasticity:
    """Elastic properties of a solid. Moduli are in eV/A^3 (times `GPA`: GPa) or reduced, speeds in A/ps or reduced.

    Attributes
    ----------
    C : array, shape (6, 6)
        Stress against strain in the order xx yy zz yz xz xy, with non-affine motion and pressure included.
    born : array, shape (6, 6)
        The same with the atoms held to the affine motion.
    bulk, shear : float
        Isotropic averages (Voigt) of C; `affine_shear` is that of `born`.
    pressure : float
        Positive under compression.
    density : float
        Mass per volume.
    anisotropy : float
        Largest deviation of C from its isotropic average, over the shear modulus.
    speeds : tuple of 3 floats
        Longitudinal, transverse, transverse.
    debye_frequency : float
        Omega in rad/ps or reduced.
    debye_level : float
        3 / omega_D^3, the level of g / omega^2 with g normalised to 1.
    """

    C: np.ndarray
    born: np.ndarray
    bulk: float
    shear: float
    affine_shear: float
    pressure: float
    density: float
    anisotropy: float
    speeds: tuple[float, float, float]
    debye_frequency: float
    debye_level: float


def elastic_moduli(atoms: Atoms, potential, rtol: float = 1e-6) -> Elasticity:
    """Elastic moduli of a minimum, with the sound speeds and the Debye level of the isotropic solid of these moduli.

    Particles without contacts take no part.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : Potential
    rtol : float
        Relative residual of the conjugate gradients for the non-affine displacements; the error of C is of second order
        in it.

    Returns
    -------
    Elasticity

    Raises
    ------
    ValueError
        If a modulus is not positive, so that there is no sound speed, and as `hessian.bonds`.
    RuntimeError
        If the conjugate gradients do not converge.
    """
    potential = get(potential)
    found, interaction = bonds(atoms, potential), potential.interaction()
    stiffness, volume = bond_stiffness(found, interaction), atoms.cell.volume
    if not len(found.i):
        raise ValueError("no two atoms are within the cutoff: this is not a solid")
    H = hessian(atoms, potential, factored=True)
    r, v = found.distance, found.vector
    left = abs(_sum_by(found.i, (stiffness.first / r)[:, None] * v, len(atoms))).max()
    # compared with the forces of bonds, which balance in a minimum
    if left > 1e-3 * abs(stiffness.first).max() + 1e-8:
        raise ValueError(f"the structure is not a minimum: a force of {left:.3g} is left; relax it first")
    pairs = v[:, _VOIGT[0]] * v[:, _VOIGT[1]] / r[:, None]
    stress = (stiffness.first @ pairs) / (2 * volume)
    along = stiffness.second - stiffness.first / r
    born = (pairs * along[:, None]).T @ pairs / (2 * volume)
    drag = -(along / r)[:, None, None] * v[:, :, None] * pairs[:, None, :]
    # a bond to an atom's own image pulls on both of its ends
    drag[found.i == found.j] = 0.0
    force = _sum_by(found.i, drag.reshape(len(r), 18), len(atoms)).reshape(-1, 6)
    if isinstance(H, FactoredOperator):
        swell = _sum_by(found.i, stiffness.density_slope[:, None] * pairs, len(atoms))
        born += (swell * stiffness.embedding_curvature[:, None]).T @ swell / volume
        force += H.G.T @ (H.F[:, None] * swell)
    # in a crystal all atoms may follow affinely: only rounding is left then, for which there is no solution
    follow = abs(force).max() < 1e-10 * abs(pairs * along[:, None]).max()
    gain = 0.0 if follow else _nonaffine_gain(H, _diagonal(H), force, rtol) / volume
    pressure, shift = -stress[:3].mean(), _stress_terms(stress)
    born, C = born + shift, born - gain + shift
    bulk, shear = _isotropic(C)
    density = potential.masses_of(atoms).sum() / volume
    if not (bulk > 0 and shear > 0):
        raise ValueError(f"bulk modulus {bulk:.3g}, shear {shear:.3g}: not a solid that carries sound; relax it")
    unit = RAD_PER_PS if potential.units == "metal" else 1.0
    speeds = unit * np.sqrt(np.array([bulk + 4 / 3 * shear, shear, shear]) / density)
    omega_d = debye_frequency(speeds, len(atoms) / volume, 3)
    ideal = (bulk - 2 / 3 * shear) * np.pad(np.ones((3, 3)), (0, 3)) + shear * np.diag([2, 2, 2, 1, 1, 1])
    return Elasticity(
        C,
        born,
        bulk,
        shear,
        _isotropic(born)[1],
        float(pressure),
        float(density),
        float(abs(C - ideal).max() / shear),
        tuple(speeds.tolist()),
        omega_d,
        3 / omega_d**3,
    )


def _diagonal(H) -> np.ndarray:
    return H.B.diagonal() + (H.G.power(2).T @ H.F) if isinstance(H, FactoredOperator) else H.diagonal()


def _stress_terms(stress) -> np.ndarray:
    """What leads from second derivatives of the energy to Cauchy stress against strain, (6, 6).

    (d_ac s_bd + d_bd s_ac + d_ad s_bc + d_bc s_ad) / 2 - s_ab d_cd (Wallace 1972, Eq. 2.36), with d the unit tensor and
    s the stress. It is not symmetric where the stress is not isotropic.
    """
    s, d = np.empty((3, 3)), np.eye(3)
    s[_VOIGT] = s[_VOIGT[::-1]] = stress
    (a, b), (c, e) = (x[:, None] for x in _VOIGT), _VOIGT
    return (d[a, c] * s[b, e] + d[b, e] * s[a, c] + d[a, e] * s[b, c] + d[b, c] * s[a, e]) / 2 - s[a, b] * d[c, e]


def _sum_by(i, values, n):
    """Sums of the rows (B, k) by their index i: (n, k)."""
    return np.stack([np.bincount(i, column, n) for column in values.T], axis=1)


def _isotropic(C) -> tuple[float, float]:
    """Bulk and shear modulus of Voigt's average."""
    bulk = C[:3, :3].sum() / 9
    shear = (np.trace(C[:3, :3]) - 3 * bulk) / 10 + np.trace(C[3:, 3:]) / 5
    return float(bulk), float(shear)


def _nonaffine_gain(H, diagonal, force, rtol) -> np.ndarray:
    """force^T H^+ force (k, k), the energy that a solid gains by not following k strains affinely.

    H^+ force by conjugate gradients to the relative residual rtol. The gain is taken in its variational form, whose
    error is of second order in the residual. Raises RuntimeError where the conjugate gradients do not converge.
    """
    n = H.shape[0]
    inverse = diags(1 / np.where(diagonal > 0, diagonal, 1.0))
    operator, relaxed = LinearOperator(H.shape, matvec=lambda x: H @ x, dtype=float), np.zeros_like(force)
    for k in range(force.shape[1]):
        relaxed[:, k], failed = cg(operator, force[:, k], rtol=rtol, maxiter=20 * int(n**0.5) + 5000, M=inverse)
        if failed:
            raise RuntimeError(f"the non-affine displacements ({n} degrees of freedom) did not converge to {rtol:g}")
    gain = force.T @ relaxed + relaxed.T @ force - relaxed.T @ (H @ relaxed)
    return (gain + gain.T) / 2


def phonon_shells(cell, speed: float, omega_max: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies of the waves that fit a periodic cell, and how many waves have each.

    The first one bounds what a box of that size can show of phonons.

    Parameters
    ----------
    cell : array, shape (3, 3)
    speed : float
        Sound speed of one branch.
    omega_max : float

    Returns
    -------
    omega : array, shape (k,)
        speed |q| <= omega_max, ascending. Frequencies that agree to 1e-9 are one shell.
    count : array of int, shape (k,)
        Wave vectors q and -q both count, as each gives a mode; multiply by 2 for the transverse branches.

    Raises
    ------
    ValueError
        Unless speed > 0.
    """
    if not speed > 0:
        raise ValueError(f"speed = {speed}: a positive sound speed is needed")
    omega = np.repeat(np.sort(speed * np.linalg.norm(box_waves(cell, omega_max / speed), axis=1)), 2)
    first = np.flatnonzero(np.diff(omega, prepend=-1.0) > 1e-9 * omega_max)
    return omega[first], np.diff(first, append=len(omega))


def scalar_modulus(network: SpringNetwork, rtol: float = 1e-4) -> np.ndarray:
    """Modulus tensor mu (d, d) of a periodic scalar network, in t0 a^(2-d): the affine part less the non-affine gain.

    mu = (sum_b k_b v_b v_b^T - F^T H^+ F) / V with F_i = sum_b k_b v_b over the bonds of node i (the scalar form of
    Lemaitre and Maloney, J. Stat. Phys. 123, 415 (2006), Eq. 19; for resistors, Kirkpatrick 1973). Principal values
    below rtol times the affine part are zero within the error, and they are returned as zero: the network is floppy.

    Parameters
    ----------
    network : networks.SpringNetwork
    rtol : float
        Relative residual of the conjugate gradients, which are used in three dimensions; the error of mu is of second
        order in it. Networks in two dimensions are solved directly, up to two million nodes.

    Raises
    ------
    RuntimeError
        If the conjugate gradients do not converge.
    """
    i, j = network.bonds.T
    weighted = network.stiffness[:, None] * network.vectors
    affine = network.vectors.T @ weighted
    n, d = network.positions.shape
    force = np.stack([np.bincount(i, weighted[:, k], n) - np.bincount(j, weighted[:, k], n) for k in range(d)], axis=1)
    gain = np.zeros((d, d))
    if abs(force).max() > 1e-12 * abs(weighted).max(initial=0.0):
        H = network.dynamical_matrix()
        if d == 2 and n <= 2_000_000:
            # with one node of each piece held; factors of plane networks stay sparse, while those in space do not
            piece = connected_components(H != 0, directed=False)[1]
            free = np.setdiff1d(np.arange(n), np.unique(piece, return_index=True)[1])
            factors = splu(H[free][:, free].tocsc(), "MMD_AT_PLUS_A", options={"SymmetricMode": True})
            gain = force[free].T @ factors.solve(force[free])
        else:
            gain = _nonaffine_gain(H, H.diagonal(), force, rtol)
    modulus = affine - gain
    principal, axes = np.linalg.eigh(modulus)
    floppy = principal < rtol * np.trace(affine)
    if floppy.any():
        modulus = (axes * np.where(floppy, 0.0, principal)) @ axes.T
    return modulus / np.prod(network.box)


def scalar_debye_level(modulus: np.ndarray, mass: float = 1.0) -> float:
    """g(omega)/omega of the two-dimensional scalar continuum: mass / (2 pi sqrt(det mu)).

    Per node, in reduced units (1 / (unit of omega)^2): the area of a node cancels against the mass density. For the
    crystal mu = 1, so that the level is 1 / (2 pi).

    Parameters
    ----------
    modulus : array, shape (2, 2)
    mass : float

    Raises
    ------
    ValueError
        For a modulus that is not positive: there is no sound, and no level.
    """
    modulus = np.asarray(modulus, float)
    if modulus.shape != (2, 2) or np.linalg.eigvalsh(modulus).min() <= 1e-12:
        raise ValueError(f"the modulus {modulus.tolist()} is not positive: a floppy network has no Debye level")
    return mass / (2 * np.pi * np.sqrt(np.linalg.det(modulus)))


_PLACE = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
"""Voigt index of each pair of axes."""


def sound_speeds(elastic: Elasticity, directions, unit: str = "rad/ps") -> np.ndarray:
    """Speeds of the three waves along given directions: roots of det(C_ijkl n_j n_l - rho c^2 d_ik) = 0 (Christoffel).

    Parameters
    ----------
    elastic : Elasticity
    directions : array, shape (K, 3)
        Unit vectors.
    unit : str
        "rad/ps" gives speeds in A/ps, anything else reduced ones.

    Returns
    -------
    array, shape (K, 3)
        Ascending.

    Raises
    ------
    ValueError
        If a wave has no real speed: the solid is not stable.
    """
    if unit not in ("rad/ps", "reduced"):
        raise ValueError(f"unknown unit of speeds {unit!r}: rad/ps (A/ps) or reduced")
    n = np.asarray(directions, float)
    if n.ndim != 2 or n.shape[1] != 3 or not abs(np.linalg.norm(n, axis=1) - 1).max(initial=0) < 1e-6:
        raise ValueError("directions must be unit vectors of the shape (K, 3)")
    C = elastic.C[_PLACE[:, :, None, None], _PLACE[None, None]]
    levels = np.linalg.eigvalsh(np.einsum("ijkl,aj,al->aik", C, n, n)) / elastic.density
    if not levels.min() > 0:
        raise ValueError(f"a wave has c^2 = {levels.min():.3g}: the solid is not stable; relax it")
    return np.sqrt(levels) * (RAD_PER_PS if unit == "rad/ps" else 1.0)


def anisotropic_debye_level(elastic: Elasticity, number_density: float, unit: str = "rad/ps") -> float:
    """Limit of g / omega^2 at omega = 0 of an anisotropic solid: sum_b <1 / c_b^3> / (6 pi^2 number_density).

    g is normalised to 1, and <...> is over directions, by a Lebedev rule of order 53. An isotropic solid has
    `Elasticity.debye_level`; a crystal whose shear speeds depend on the direction has more. Raises ValueError as
    `sound_speeds`.
    """
    directions, weight = lebedev_rule(53)
    c = sound_speeds(elastic, directions.T, unit)
    return float(weight @ (c**-3.0).sum(axis=1) / weight.sum() / (6 * np.pi**2 * number_density))
