"""A two-dimensional amorphous solid that is small enough to be made in seconds: jammed soft discs.

Half of the discs are 1.4 times as large as the others, so that they do not crystallise. Discs that overlap repel each
other with the energy (1 - r/s)^2 / 2, where r is their distance and s the sum of their radii. Units are reduced: the
stiffness is 1, and lengths are in diameters of a small disc. The instantaneous quench of a random start is that of
O'Hern et al., Phys. Rev. E 68, 011306 (2003).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.spatial import cKDTree

from bosonpeak.networks import SpringNetwork


@dataclass(frozen=True)
class DiscPacking:
    """A packing of N discs in a periodic square box.

    Attributes
    ----------
    positions : array, shape (N, 2)
        In diameters of a small disc.
    radii : array, shape (N,)
    box : array, shape (2,)
        Edge lengths of the box.
    energy : float
        Energy per disc.
    max_force : float
        Largest component of a force that is left over, in the stiffness over a small diameter.
    packing_fraction : float
        Sum of the areas of the discs over that of the box.
    """

    positions: np.ndarray
    radii: np.ndarray
    box: np.ndarray
    energy: float
    max_force: float
    packing_fraction: float

    def contact_network(self) -> SpringNetwork:
        """The discs as nodes and their contacts as unit springs.

        Returns
        -------
        SpringNetwork
            One spring for each pair of discs that overlap, whose block of the Hessian is then not zero.
        """
        i, j, vector, distance = _pairs(self.positions, self.radii, self.box)
        touching = distance < self.radii[i] + self.radii[j]
        bonds = np.stack([i, j], axis=1)[touching]
        return SpringNetwork(self.positions, bonds, np.ones(len(bonds)), self.box, vector[touching])


def _pairs(positions, radii, box):
    """Pairs closer than the largest diameter: indices, vector from i to j by minimum image, distance."""
    i, j = cKDTree(positions % box, boxsize=box).query_pairs(2 * radii.max(), output_type="ndarray").T
    vector = positions[j] - positions[i]
    # exact in a rectangular box
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
    """Discs at random positions in a square box: the start of a quench.

    Parameters
    ----------
    n : int
        Number of discs, at least 16; every second one has the diameter 1.4, the others 1.
    packing_fraction : float
        Sum of the areas of the discs over that of the box, between 0.5 and 1.5.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    DiscPacking

    Raises
    ------
    ValueError
        If n is below 16 or the packing fraction lies outside (0.5, 1.5).
    """
    if n < 16:
        raise ValueError(f"n = {n}: a disordered packing needs at least 16 discs")
    if not 0.5 < packing_fraction < 1.5:
        raise ValueError(f"packing_fraction = {packing_fraction} lies outside (0.5, 1.5)")
    radii = np.where(np.arange(n) % 2, 0.7, 0.5)
    edge = np.sqrt(np.pi * (radii**2).sum() / packing_fraction)
    return packing_at(np.random.default_rng(rng).uniform(0, edge, 2 * n), radii, edge, packing_fraction)


def packing_at(positions, radii, edge: float, packing_fraction: float) -> DiscPacking:
    """The packing of discs at given positions, with its energy and its largest residual force.

    Parameters
    ----------
    positions : array, shape (N, 2) or (2 N,)
        In any image of the box.
    radii : array, shape (N,)
    edge : float
        Edge length of the square box.
    packing_fraction : float
        Sum of the areas of the discs over that of the box.

    Returns
    -------
    DiscPacking
        With the positions inside the box.
    """
    flat, box = np.ravel(positions), np.array([edge, edge])
    energy, gradient = _energy_and_gradient(flat, radii, box)
    largest = float(abs(gradient).max())
    return DiscPacking(flat.reshape(-1, 2) % edge, radii, box, energy / len(radii), largest, packing_fraction)


def jammed_discs(n: int, packing_fraction: float = 0.9, rng=None, force_tolerance: float = 1e-8) -> DiscPacking:
    """Discs of `random_discs`, quenched at once by L-BFGS. They jam near a packing fraction of 0.84.

    Parameters
    ----------
    n, packing_fraction, rng
        As for `random_discs`.
    force_tolerance : float
        Largest component of a force that may be left over, in the stiffness over a small diameter.

    Returns
    -------
    DiscPacking

    Raises
    ------
    ValueError
        If n is below 16 or the packing fraction lies outside (0.5, 1.5).
    RuntimeError
        If the tolerance was not reached: the contacts of a packing that is not at rest mean nothing.
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
