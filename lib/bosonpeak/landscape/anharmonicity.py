"""The energy along a straight line in configuration space, to fourth order (floor 4).

mizuno-2020, appendix: Phi(r0 + x e) - Phi(r0) = kappa x^2 / 2 + tau x^3 / 6 + ..., x = A sqrt(N), e a normalised mode.
"""

from dataclasses import dataclass

import numpy as np

from bosonpeak.vibrations.hessian import bonds, forces


@dataclass(frozen=True)
class Expansion:
    """Derivatives of the energy along each of k directions, (k,), in energy / length^n: first (zero at a minimum),
    second (kappa = omega^2 for unit masses), third (tau), fourth. n_atoms: N."""

    first: np.ndarray
    second: np.ndarray
    third: np.ndarray
    fourth: np.ndarray
    n_atoms: int

    @property
    def critical_amplitude(self) -> np.ndarray:
        """A_c = 2 kappa / (|tau| sqrt(N)) (mizuno-2020, Eq. A3), on the side where the third order lowers the
        energy; inf where tau = 0."""
        with np.errstate(divide="ignore"):
            return 2 * self.second / (abs(self.third) * np.sqrt(self.n_atoms))


def expand_energy(atoms, potential, directions) -> Expansion:
    """Derivatives of the energy at r0 + x e with respect to x, at x = 0, first to fourth.

    directions: (3N,) or (3N, k), normalised here; row 3 i + c. Analytic for pair potentials (harmonic spheres: of the
    contacts there are at r0). Embedded-atom potentials: by central differences of the force along the line at five
    points, between which the atom that moves most moves by 0.02 A; their tables are splines, whose third derivative
    is a staircase: good to 1e-4 in the second order, some per cent in the third. Raises ValueError for directions of
    another length or zero.
    """
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
        # derivatives of the bond's length: the first is a, the second b^2 / r ...
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
    """phi' to phi'''' of a sum of powers at the bonds, (4, B)."""
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
