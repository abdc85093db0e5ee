"""The energy along a straight line in configuration space, to fourth order.

Along r0 + x e, with a normalised direction e and x = A sqrt(N), where A is the root mean square displacement,
Phi(r0 + x e) - Phi(r0) = kappa x^2 / 2 + tau x^3 / 6 + ... (mizuno-2020, appendix).
"""

from dataclasses import dataclass

import numpy as np

from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.hessian import bonds, forces


@dataclass(frozen=True)
class Expansion:
    """Derivatives of the energy along each of k directions.

    Attributes
    ----------
    first, second, third, fourth : array, shape (k,)
        In energy / length^n. The first is zero at a minimum; the second is kappa, which equals omega^2 of a mode for
        unit masses; the third is tau.
    n_atoms : int
        N.
    """

    first: np.ndarray
    second: np.ndarray
    third: np.ndarray
    fourth: np.ndarray
    n_atoms: int

    @property
    def critical_amplitude(self) -> np.ndarray:
        """The third-order estimate A_c = 2 kappa / (|tau| sqrt(N)) (mizuno-2020, Eq. A3), (k,).

        It lies on the side where the third order lowers the energy, and is infinite where tau = 0.
        """
        with np.errstate(divide="ignore"):
            return 2 * self.second / (abs(self.third) * np.sqrt(self.n_atoms))


def expand_energy(atoms, potential, directions) -> Expansion:
    """First to fourth derivative of the energy at r0 + x e with respect to x, at x = 0.

    They are analytic for pair potentials, and count only the contacts that exist at r0 for harmonic spheres. For
    embedded-atom potentials they are central differences of the force at five points of the line, between which the
    atom that moves most moves by 0.02 A. The tables of these potentials are splines, whose third derivative is a
    staircase: the second order is good to 1e-4, the third to some per cent.

    Parameters
    ----------
    atoms : ase.Atoms
        N atoms.
    potential : materials.potentials.Potential
    directions : array, shape (3N,) or (3N, k)
        Normalised here; row 3 i + c is component c of atom i.

    Returns
    -------
    Expansion

    Raises
    ------
    ValueError
        If a direction is zero or has another length.
    """
    potential = get(potential)
    e = np.asarray(directions, float).reshape(len(directions), -1)
    norm = np.linalg.norm(e, axis=0)
    if len(e) != 3 * len(atoms) or not (norm > 0).all():
        raise ValueError(f"{len(atoms)} atoms have directions of {3 * len(atoms)} numbers, not all zero; got {e.shape}")
    interaction = potential.interaction()
    along = _by_differences if interaction.embedded else _by_bonds
    return Expansion(*along(atoms, potential, (e / norm).reshape(len(atoms), 3, -1)), len(atoms))


def _by_bonds(atoms, potential, e):
    found = bonds(atoms, potential)
    r, n = found.distance, found.vector / found.distance[:, None]
    p1, p2, p3, p4 = _pair_derivatives(potential.interaction(), r, found.ti, found.tj)
    out = np.empty((4, e.shape[2]))
    for k in range(e.shape[2]):
        u = e[found.j, :, k] - e[found.i, :, k]
        # derivatives of the length of the bond: the first is a, the second b^2 / r, and so on
        a = (u * n).sum(axis=1)
        b2 = ((u - a[:, None] * n) ** 2).sum(axis=1)
        r2, r3, r4 = b2 / r, -3 * a * b2 / r**2, (12 * a**2 * b2 - 3 * b2**2) / r**3
        out[:, k] = (
            (p1 * a).sum(),
            (p2 * a**2 + p1 * r2).sum(),
            (p3 * a**3 + 3 * p2 * a * r2 + p1 * r3).sum(),
            (p4 * a**4 + 6 * p3 * a**2 * r2 + p2 * (3 * r2**2 + 4 * a * r3) + p1 * r4).sum(),
        )
    return out / 2


def _pair_derivatives(interaction, r, ti, tj):
    """First to fourth derivative of the pair energy, a sum of powers, at each bond, (4, B)."""
    x, out = r - interaction.origin, np.zeros((4, len(r)))
    for k, p in enumerate(interaction.exponents.astype(float)):
        c = interaction.coefficients[ti, tj, k]
        for d in range(4):
            c = c * (p - d)
            if p - d:
                out[d] += c * x ** (p - d - 1)
            else:
                break
    return out


def _by_differences(atoms, potential, e):
    out = np.empty((4, e.shape[2]))
    for k in range(e.shape[2]):
        line, moved = e[:, :, k], atoms.copy()
        h = 0.02 / np.linalg.norm(line, axis=1).max()
        slopes = []
        for step in range(-2, 3):
            moved.positions = atoms.positions + step * h * line
            slopes.append(-(forces(moved, potential) * line).sum())
        far, near, here, after, beyond = slopes
        out[:, k] = (
            here,
            (far - 8 * near + 8 * after - beyond) / (12 * h),
            (-far + 16 * near - 30 * here + 16 * after - beyond) / (12 * h**2),
            (-far + 2 * near - 2 * after + beyond) / (2 * h**3),
        )
    return out
