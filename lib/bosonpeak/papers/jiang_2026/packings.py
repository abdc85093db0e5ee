"""A two-dimensional amorphous solid small enough to be made on the spot: jammed soft discs (floor 1).

Half of the discs are 1.4 times as large as the others, so that they do not crystallise; discs that overlap
repel with the energy (1 - r/s)^2 / 2, s the sum of their radii (reduced units: stiffness 1, small diameter 1).
The instantaneous quench of a random start is the packing of O'Hern et al., Phys. Rev. E 68, 011306 (2003).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.spatial import cKDTree

from bosonpeak.networks import SpringNetwork


@dataclass(frozen=True)
class DiscPacking:
    """positions (N, 2) and radii (N,) in small diameters; box (2,); energy a disc; max_force, the largest residual
    force component, in stiffness / small diameter; packing_fraction."""

    positions: np.ndarray
    radii: np.ndarray
    box: np.ndarray
    energy: float
    max_force: float
    packing_fraction: float

    def contact_network(self) -> SpringNetwork:
        """The discs as nodes and the contacts as unit springs: one for each pair whose block of the Hessian is
        not zero."""
        i, j, vector, distance = _pairs(self.positions, self.radii, self.box)
        touching = distance < self.radii[i] + self.radii[j]
        bonds = np.stack([i, j], axis=1)[touching]
        return SpringNetwork(self.positions, bonds, np.ones(len(bonds)), self.box, vector[touching])


def _pairs(positions, radii, box):
    """Pairs closer than the largest diameter: indices, vector from i to j by minimum image, distance."""
    i, j = cKDTree(positions % box, boxsize=box).query_pairs(2 * radii.max(), output_type="ndarray").T
    vector = positions[j] - positions[i]
    vector -= box * np.round(vector / box)
    return i, j, vector, np.linalg.norm(vector, axis=1)


def _energy_and_gradient(flat, radii, box):
    positions = flat.reshape(-1, 2)
    i, j, vector, distance = _pairs(positions, radii, box)
    contact = radii[i] + radii[j]
    overlap = np.clip(1 - distance / contact, 0, None)
    pull = (overlap / (contact * np.maximum(distance, 1e-300)))[:, None] * vector
    n = len(radii)
    gradient = np.stack([np.bincount(i, pull[:, k], n) - np.bincount(j, pull[:, k], n) for k in (0, 1)], axis=1)
    return 0.5 * (overlap**2).sum(), gradient.ravel()


def random_discs(n: int, packing_fraction: float = 0.9, rng=None) -> DiscPacking:
    """Bidisperse discs (50:50, diameters 1 and 1.4) at random positions in a square box: the start of a quench.

    packing_fraction: sum of disc areas over the box. Raises ValueError for n < 16 or a packing fraction outside
    (0.5, 1.5).
    """
    if n < 16:
        raise ValueError(f"n = {n}: a disordered packing needs at least 16 discs")
    if not 0.5 < packing_fraction < 1.5:
        raise ValueError(f"packing_fraction = {packing_fraction} lies outside (0.5, 1.5)")
    radii = np.where(np.arange(n) % 2, 0.7, 0.5)
    edge = np.sqrt(np.pi * (radii**2).sum() / packing_fraction)
    flat = np.random.default_rng(rng).uniform(0, edge, 2 * n)
    return packing_at(flat, radii, edge, packing_fraction)


def packing_at(flat, radii, edge, packing_fraction) -> DiscPacking:
    box = np.array([edge, edge])
    energy, gradient = _energy_and_gradient(flat, radii, box)
    return DiscPacking(
        flat.reshape(-1, 2) % edge, radii, box, energy / len(radii), float(abs(gradient).max()), packing_fraction
    )


def jammed_discs(n: int, packing_fraction: float = 0.9, rng=None, force_tolerance: float = 1e-8) -> DiscPacking:
    """`random_discs` quenched at once; jamming is near a packing fraction of 0.84.

    Minimised by L-BFGS until the largest
    force component is below force_tolerance.

    Raises ValueError for n < 16 or a packing fraction outside (0.5, 1.5), RuntimeError where the tolerance was not
    reached: a contact list of an unrelaxed packing means nothing.
    """
    start = random_discs(n, packing_fraction, rng)
    radii, box, flat = start.radii, start.box, start.positions.ravel()
    for _ in range(20):
        # restarts: near a minimum L-BFGS-B ends its line search before the force is small
        found = minimize(
            _energy_and_gradient,
            flat,
            (radii, box),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 20000, "maxfun": 40000, "ftol": 0, "gtol": force_tolerance, "maxcor": 30},
        )
        flat = found.x
        if abs(found.jac).max() <= force_tolerance:
            break
    else:
        raise RuntimeError(
            f"{n} discs at packing fraction {packing_fraction} kept a force of {abs(found.jac).max():.2g}, "
            f"above {force_tolerance:g}: take another seed or a looser tolerance"
        )
    return packing_at(flat, radii, box[0], packing_fraction)
