"""Green's functions of perfect lattices at any complex energy.

    G0(s) = <tr [s - D(k)]^-1> / d_o,   Im s >= 0,   springs 1, masses 1, d_o displacements per node, <...> over k

Scalar springs: in closed form by the arithmetic-geometric mean M (square and triangular), or as one integral of such
(simple cubic and fcc). The relative error is 1e-8, and 3e-7 next to the flat band of fcc at s = 16. Vector springs
(triangular and fcc): from the density of states of linear simplices. The error is 2e-5 (2D) and 1e-4 (3D) at
Im s = 1; on the real axis it is that of `vector_density`, from ten of its cells upwards. Reduced units: s in t0/m.
"""

from functools import lru_cache
from itertools import pairwise, permutations

import numpy as np
from scipy.integrate import lebedev_rule

from bosonpeak.networks.lattices import get_lattice

VECTOR_LATTICES = ("triangular", "fcc")
TOP = {("square", False): 8.0, ("triangular", False): 9.0, ("simple-cubic", False): 12.0, ("fcc", False): 16.0}
TOP |= {("triangular", True): 6.0, ("fcc", True): 8.0}
"""Largest eigenvalue of D(k) of the perfect lattice with springs 1, by (lattice, vector)."""


def check_vector(lattice: str, vector: bool = True) -> None:
    """Raise ValueError for an unknown lattice, or one that vector springs between nearest neighbours do not hold up."""
    get_lattice(lattice)
    if vector and lattice not in VECTOR_LATTICES:
        raise ValueError(
            f"vector springs between nearest neighbours do not hold up the {lattice} lattice: choose one of "
            f"{', '.join(VECTOR_LATTICES)}, or scalar springs"
        )


def _mean(a, b):
    """Arithmetic-geometric mean of two numbers in the upper half plane, where this branch is analytic."""
    for _ in range(40):
        a, b = (a + b) / 2, np.sqrt(a) * np.sqrt(b)
        if np.all(abs(a - b) <= 1e-8 * abs(a)):
            break
    # the error is squared in one more step
    return (a + b) / 2


def _square(s):
    return 1 / _mean(s - 4, np.sqrt(s) * np.sqrt(s - 8))


def _triangular(s):
    w = np.sqrt(9 - s)
    left, right = (np.sqrt(3 - v) * (1 + v) * np.sqrt(1 + v) for v in (w, -w))
    return 1 / _mean(1j * left, -1j * right)


_U = np.linspace(-3.36, 3.36, 57)
_LEFT, _RIGHT = (1 / (1 + np.exp(-sign * np.pi * np.sinh(_U))) for sign in (1, -1))
_WEIGHT = 0.12 * np.pi * np.cosh(_U) * _LEFT * _RIGHT
"""Double-exponential rule on [0, 1]: distances of the nodes from the left and the right end, weights."""


def _integrate(f, s, breaks, end):
    """int_0^end f(k, s) dk for s (K,), cut at the cos k in `breaks` (K, n), where f has singularities for real s."""
    cuts = np.clip(np.arccos(np.clip(breaks, -1, 1)), 0, end)
    cuts = np.sort(np.pad(cuts, ((0, 0), (1, 1)), constant_values=(0, end))).T
    total = np.zeros(len(s), complex)
    for a, b in pairwise(cuts):
        wide = b - a > 1e-14
        a, b = a[wide, None], b[wide, None]
        total[wide] += (f(a * _RIGHT + b * _LEFT, s[wide, None]) * (b - a)) @ _WEIGHT
    return total


def _simple_cubic(s):
    # square layers at s - 2 + 2 cos k, singular where that is 0, 4 or 8
    breaks = (np.array([0.0, 4.0, 8.0]) - s.real[:, None] + 2) / 2
    return _integrate(lambda k, s: _square(s - 2 + 2 * np.cos(k)), s, breaks, np.pi) / np.pi


def _fcc(s):
    # layers: D = 12 - 4 (cos a cos b + cos b cos c + cos c cos a), a in closed form, b as a complete elliptic integral
    def layer(c, s):
        return 1 / _mean(s - 16, np.sqrt(s - 8 - 8 * np.cos(c)) * np.sqrt(s - 8 + 8 * np.cos(c)))

    x = s.real[:, None]
    breaks = np.concatenate([abs(x - 8) / 8, np.sqrt(np.clip(x - 12, 0, None)) / 2], axis=1)
    return _integrate(layer, s, breaks, np.pi / 2) * 2 / np.pi


_SCALAR = {"square": _square, "triangular": _triangular, "simple-cubic": _simple_cubic, "fcc": _fcc}


def _simplices(dimension: int, n: int):
    """Wave vectors (P, d), and the corners (S, d + 1) of simplices that fill one share of the Brillouin zone.

    In phases theta = k.a of the primitive vectors, this share is the pyramid under the face theta_1 = pi of the cube
    [-pi, pi]^d, and in three dimensions the half of it with theta_2 >= theta_3. Permutations and inversion give the
    rest. All cells are frusta about the centre, because the frequencies, a cone there, are linear along their edges.
    """
    grid = np.indices((n + 1,) * dimension).reshape(dimension, -1).T
    theta = grid[:, :1] / n * np.pi * np.hstack([np.ones((len(grid), 1)), 2 * grid[:, 1:] / n - 1])
    corner = np.indices((n,) * dimension).reshape(dimension, -1).T
    steps = np.eye(dimension, dtype=int)
    # Kuhn's triangulation: one simplex for each order of the axes; none crosses the plane theta_2 = theta_3
    paths = [np.cumsum(steps[list(order)], axis=0) for order in permutations(range(dimension))]
    path = np.concatenate([corner[:, None] + np.pad(path, ((1, 0), (0, 0))) for path in paths])
    if dimension == 3:
        path = path[(path[..., 1] - path[..., 2]).sum(axis=1) > 0]
    return theta, np.ravel_multi_index(np.moveaxis(path, -1, 0), (n + 1,) * dimension)


def _fraction_below(e, level):
    """Fraction of each simplex below level (S,), for a linear function with ascending corner values e (d + 1, S)."""
    d = len(e) - 1
    # truncated powers, summed from the nearer end, where they do not cancel
    below = sum(np.clip(level - e[i], 0, None) ** d / np.prod(np.delete(e, i, 0) - e[i], axis=0) for i in range(d - 1))
    return np.where(level < e[-2], below, 1 - (e[-1] - level) ** d / np.prod(e[-1] - e[:-1], axis=0))


def _states_below(lattice: str, vector: bool, n: int, omega) -> np.ndarray:
    """Share of the modes below each of the evenly spaced frequencies omega (M,), linear within each simplex."""
    kind = get_lattice(lattice)
    theta, corners = _simplices(kind.dimension, n)
    volume = abs(np.linalg.det(np.diff(theta[corners], axis=1)))
    level = kind.matrix(theta @ np.linalg.inv(kind.primitive).T, vector)
    level = np.linalg.eigvalsh(level) if vector else level[:, None]
    branches = np.sqrt(np.clip(level, 0, None))
    step = omega[1] - omega[0]
    below = np.zeros(len(omega) + 1)
    for branch in branches.T:
        e = np.sort(branch[corners], axis=1).T
        # the formulas divide by differences of corner values: keep these apart, by an amount that does not matter
        e = e + 1e-9 * np.arange(len(e))[:, None]
        first, last = (np.ceil(e[k] / step).astype(int) for k in (0, -1))
        order = np.argsort(first - last)
        e, first, last, share = e[:, order], first[order], last[order], volume[order] / volume.sum()
        below += np.cumsum(np.bincount(np.minimum(last, len(omega)), share, len(below)))
        for offset in range((last - first).max(initial=0)):
            # the widest come first
            count = np.searchsorted(first - last, -offset, side="left")
            index = first[:count] + offset
            part = _fraction_below(e[:, :count], index * step) * share[:count]
            below += np.bincount(np.minimum(index, len(omega)), part, len(below))
    return below[:-1] / branches.shape[-1]


def debye_level_of_lattice(lattice: str, vector: bool = False) -> float:
    """Debye level, the limit of g / omega^(d-1) at omega = 0, of the perfect lattice with springs 1.

        S_d <sum_b c_b^-d> / ((2 pi)^d n d_o)

    Here c_b are the sound speeds along a direction, <...> is the mean over directions, n the number of nodes per a^d,
    d_o the number of branches, and S_d the surface of the unit sphere (2 pi or 4 pi).

    Parameters
    ----------
    lattice : str
    vector : bool
        Whether the springs are vector springs.

    Returns
    -------
    float
        In (m/t0)^(d/2), with g normalised to 1.

    Raises
    ------
    ValueError
        For an unknown lattice.
    """
    kind = get_lattice(lattice)
    d = kind.dimension
    if d == 2:
        angle = 2 * np.pi * np.arange(240) / 240
        directions, weight = np.stack([np.cos(angle), np.sin(angle)], axis=1), np.full(240, 1 / 240)
    else:
        directions, weight = lebedev_rule(125)
        directions, weight = directions.T, weight / weight.sum()
    # D(k) -> sum_b (k.b)^2 [n_b n_b^T] at long waves
    along = (directions @ kind.steps.T) ** 2
    square = along.sum(axis=1)[:, None]
    if vector:
        square = np.linalg.eigvalsh(np.einsum("ab,bi,bj->aij", along, kind.steps, kind.steps))
    share = (d - 1) / (2 * np.pi) ** (d - 1) / kind.number_density
    return float(share * weight @ (square ** (-d / 2)).mean(axis=1))


@lru_cache(maxsize=16)
def vector_density(lattice: str, n: int | None = None, cells: int = 800) -> tuple[np.ndarray, np.ndarray]:
    """Density of states of the perfect lattice of vector springs 1.

    Linear simplices, extrapolated in 1/n^2 from n and n/2; below a twelfth of the band's width the Debye level and its
    first correction. Relative to the largest g the error is 1e-5 (2D) and 5e-5 (3D) in the median, below 1e-4 and 2e-3
    in 95 of 100 cells, and 1e-3 and 2e-2 at the van Hove singularities.

    Parameters
    ----------
    lattice : str
    n : int, optional
        Even number of simplices along the edge of a share of the zone; by default 200 (2D) or 48 (3D).
    cells : int
        Number of frequencies M.

    Returns
    -------
    omega, g : arrays, shape (M,)
        Centres of the cells in sqrt(t0/m), and the mean of g over each.

    Raises
    ------
    ValueError
        For a lattice that central forces between nearest neighbours do not hold up (square, simple cubic).
    """
    check_vector(lattice)
    d = get_lattice(lattice).dimension
    n = n or (200 if d == 2 else 48)
    top = np.sqrt(TOP[lattice, True]) * (1 + 1e-6)
    edges = np.linspace(0, top, cells + 1)
    fine, coarse = (_states_below(lattice, True, m, edges) for m in (n, n // 2))
    states = (4 * fine - coarse) / 3
    states[-1] = 1.0
    omega = (edges[1:] + edges[:-1]) / 2
    g = np.diff(states) / np.diff(edges)
    # there are few simplices near omega = 0, and the series is better
    low = omega < top / 12
    level = debye_level_of_lattice(lattice, True)
    near = low & (omega > top / 24)
    curvature = np.mean((g[near] / (level * omega[near] ** (d - 1)) - 1) / omega[near] ** 2)
    g[low] = level * omega[low] ** (d - 1) * (1 + curvature * omega[low] ** 2)
    # in three dimensions a broken line through the points of a parabola lies above it, on average by this
    g[low] -= (d - 2) * level * (edges[1] - edges[0]) ** 2 / 6
    return omega, g


def _vector_green(lattice, s):
    """G0 from the density over omega, exact for the broken line through its values.

    G0 = F(z)/(2 z), with z = sqrt(s) and F the Hilbert transform of the density continued evenly to omega < 0. That of
    a broken line is the sum of x log x over its kinks, with x their distance from z.
    """
    omega, g = vector_density(lattice)
    kinks = np.diff(np.pad(np.concatenate([g[::-1], g]), 2), 2)
    x = np.sqrt(s)[:, None] / (omega[1] - omega[0]) - (np.arange(len(kinks)) - (len(kinks) - 1) / 2)
    return (x * np.log(x)) @ kinks / (2 * np.sqrt(s))


def evaluate_lattice_green(lattice: str, s, vector: bool = False) -> np.ndarray:
    """G0(s) of the perfect lattice with springs 1.

    G0 tends to 1/s at large s, Im G0 <= 0, and -2 omega Im G0(omega^2) / pi is the density of states.

    Parameters
    ----------
    lattice : str
    s : complex or array
        Energies in t0/m, not 0, with Im s >= 0. A real one is approached from above.
    vector : bool
        Whether the springs are vector springs.

    Returns
    -------
    array of complex
        Of the shape of s, in m/t0.

    Raises
    ------
    ValueError
        For an unknown lattice, one that central forces do not hold up, and Im s < 0.
    """
    get_lattice(lattice)
    s = np.asarray(s, complex)
    if not (s.imag >= 0).all():
        raise ValueError(f"s = {s[~(s.imag >= 0)].flat[0]}: the retarded Green's function needs Im s >= 0")
    # above the real axis by less than rounding, so that every square root takes its branch
    flat = s.ravel().real + 1j * np.maximum(s.ravel().imag, 1e-15 * (1 + abs(s.ravel())))
    return (_vector_green(lattice, flat) if vector else _SCALAR[lattice](flat)).reshape(s.shape)
