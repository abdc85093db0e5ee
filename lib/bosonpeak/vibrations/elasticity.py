"""Elastic moduli and the Debye level that follows from them (floor 3).

A network of scalar springs has one modulus tensor: a gradient s of the displacement costs the energy density
s . mu . s / 2. The nodes do not follow the gradient affinely; what they gain by giving way is subtracted.
"""

import numpy as np
from scipy.sparse import diags
from scipy.sparse.linalg import cg

from ..networks import SpringNetwork


def scalar_modulus(network: SpringNetwork, rtol: float = 1e-4) -> np.ndarray:
    """Modulus tensor mu (d, d) of a periodic scalar network, in t0 a^(2-d): affine part less the non-affine gain.

    mu = (sum_b k_b v_b v_b^T - F^T H^+ F) / V with F_i = sum_b k_b v_b over the bonds of node i (the scalar form of
    Lemaitre and Maloney, J. Stat. Phys. 123, 415 (2006), Eq. 19; for resistors, Kirkpatrick 1973). H^+ F by
    conjugate gradients to the relative residual rtol; the error of mu is of second order in it. Principal values
    below rtol times the affine part are zero within that error, and returned as zero: the network is floppy.

    Raises RuntimeError where the conjugate gradients do not converge.
    """
    i, j = network.bonds.T
    weighted = network.stiffness[:, None] * network.vectors
    affine = network.vectors.T @ weighted
    n, d = network.positions.shape
    force = np.stack([np.bincount(i, weighted[:, k], n) - np.bincount(j, weighted[:, k], n) for k in range(d)], axis=1)
    gain = np.zeros((d, d))
    if abs(force).max() > 1e-12 * abs(weighted).max(initial=0.0):
        H = network.dynamical_matrix()
        diagonal = H.diagonal()
        inverse = diags(1 / np.where(diagonal > 0, diagonal, 1.0))
        relaxed = np.empty_like(force)
        for k in range(d):
            relaxed[:, k], failed = cg(H, force[:, k], rtol=rtol, maxiter=20 * int(np.sqrt(n)) + 2000, M=inverse)
            if failed:
                raise RuntimeError(f"the non-affine displacements of {n} nodes did not converge to {rtol:g}")
        # the variational form: F^T H^+ F alone would be of first order off the diagonal
        gain = force.T @ relaxed + relaxed.T @ force - relaxed.T @ (H @ relaxed)
    modulus = affine - (gain + gain.T) / 2
    principal, axes = np.linalg.eigh(modulus)
    floppy = principal < rtol * np.trace(affine)
    if floppy.any():
        modulus = (axes * np.where(floppy, 0.0, principal)) @ axes.T
    return modulus / np.prod(network.box)


def scalar_debye_level(modulus: np.ndarray, mass: float = 1.0) -> float:
    """g(omega)/omega of the 2D scalar continuum with modulus tensor (2, 2): mass / (2 pi sqrt(det mu)).

    Per node, in reduced units (1 / (omega unit)^2): the area of a node cancels against the mass density. For the
    crystal mu = 1, so 1 / (2 pi). Raises ValueError for a modulus that is not positive: no sound, no level.
    """
    modulus = np.asarray(modulus, float)
    if modulus.shape != (2, 2) or np.linalg.eigvalsh(modulus).min() <= 1e-12:
        raise ValueError(f"the modulus {modulus.tolist()} is not positive: a floppy network has no Debye level")
    return mass / (2 * np.pi * np.sqrt(np.linalg.det(modulus)))
