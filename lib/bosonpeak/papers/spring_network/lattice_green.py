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
TOP = {
    ("square", False): 8.0,
    ("triangular", False): 9.0,
    ("simple-cubic", False): 12.0,
    ("fcc", False): 16.0,
    ("triangular", True): 6.0,
    ("fcc", True): 8.0,
}
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


def _upper(s):
    """s moved above the real axis by less than rounding, so that every square root below takes its branch."""
    s = np.asarray(s, complex)
    return s.real + 1j * np.maximum(s.imag, 1e-15 * (1 + abs(s)))


def _square(s):
    return 1 / _mean(s - 4, np.sqrt(s) * np.sqrt(s - 8))


def _triangular(s):
    w = np.sqrt(9 - s)
    return 1 / _mean(
        1j * np.sqrt(3 - w) * (1 + w) * np.sqrt(1 + w),
        -1j * np.sqrt(3 + w) * (1 - w) * np.sqrt(1 - w),
    )


@lru_cache(maxsize=1)
def _tanh_sinh(step: float = 0.12, reach: float = 3.36):
    """Double-exponential rule on [0, 1]: distances of the nodes from the left and the right end, weights."""
    u = np.arange(-reach, reach + step / 2, step)
    v = np.pi / 2 * np.sinh(u)
    left, right = 1 / (1 + np.exp(-2 * v)), 1 / (1 + np.exp(2 * v))
    return left, right, step * np.pi * np.cosh(u) * left * right


def _integrate(f, s, breaks, end):
    """int_0^end f(k, s) dk for s (K,), with the range cut at `breaks` (K, n), where f has singularities for real s.

    The function f is even in k about both ends, so that far from the real axis the midpoint rule converges
    exponentially.
    """
    total = np.zeros(len(s), complex)
    far = s.imag > 0.6
    if far.any():
        k = (np.arange(48) + 0.5) / 48 * end
        total[far] = f(k, s[far, None]).mean(axis=1) * end
    near = np.flatnonzero(~far)
    left, right, weight = _tanh_sinh()
    ends = np.zeros((len(near), 1)), np.full((len(near), 1), end)
    cuts = np.sort(np.concatenate([ends[0], np.clip(breaks[near], 0, end), ends[1]], axis=1)).T
    for a, b in pairwise(cuts):
        wide = b - a > 1e-14
        a, b, here = a[wide, None], b[wide, None], near[wide]
        total[here] += (f(a * right + b * left, s[here, None]) * (b - a)) @ weight
    return total


def _angles(cosines):
    return np.arccos(np.clip(cosines, -1, 1))


def _simple_cubic(s):
    # square layers at s - 2 + 2 cos k, singular where that is 0, 4 or 8
    breaks = _angles((np.array([0.0, 4.0, 8.0]) - s.real[:, None] + 2) / 2)
    return _integrate(lambda k, s: _square(s - 2 + 2 * np.cos(k)), s, breaks, np.pi) / np.pi


def _fcc(s):
    # layers: D = 12 - 4 (cos a cos b + cos b cos c + cos c cos a), a in closed form, b as a complete elliptic integral
    def layer(c, s):
        return 1 / _mean(s - 16, np.sqrt(s - 8 - 8 * np.cos(c)) * np.sqrt(s - 8 + 8 * np.cos(c)))

    x = s.real[:, None]
    breaks = _angles(np.concatenate([abs(x - 8) / 8, np.sqrt(np.clip(x - 12, 0, None)) / 2], axis=1))
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
    start, steps = np.zeros((1, dimension), int), np.eye(dimension, dtype=int)
    # Kuhn's triangulation: one simplex for each order of the axes; none crosses the plane theta_2 = theta_3
    paths = [
        start + np.vstack([start, np.cumsum(steps[list(order)], axis=0)]) for order in permutations(range(dimension))
    ]
    path = np.concatenate([corner[:, None] + path for path in paths])
    if dimension == 3:
        path = path[(path[..., 1] - path[..., 2]).sum(axis=1) > 0]
    return theta, np.ravel_multi_index(np.moveaxis(path, -1, 0), (n + 1,) * dimension)


def _fraction_below(e, level):
    """Fraction of each simplex below level (S,), for a linear function with ascending corner values e (d + 1, S)."""
    if len(e) == 3:
        low = (level - e[0]) ** 2 / ((e[1] - e[0]) * (e[2] - e[0]))
        high = 1 - (e[2] - level) ** 2 / ((e[2] - e[0]) * (e[2] - e[1]))
        return np.where(level < e[1], low, high)
    low = (level - e[0]) ** 3 / ((e[1] - e[0]) * (e[2] - e[0]) * (e[3] - e[0]))
    high = 1 - (e[3] - level) ** 3 / ((e[3] - e[0]) * (e[3] - e[1]) * (e[3] - e[2]))
    # Bloechl, Jepsen and Andersen, Phys. Rev. B 49, 16223 (1994), Appendix A
    x, a, c = level - e[1], e[1] - e[0], (e[2] - e[0]) * (e[3] - e[0])
    slope = (e[2] - e[0] + e[3] - e[1]) / ((e[2] - e[1]) * (e[3] - e[1]))
    middle = (a**2 + 3 * a * x + 3 * x**2 - slope * x**3) / c
    return np.where(level < e[1], low, np.where(level < e[2], middle, high))


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
        whole = np.bincount(np.minimum(last, len(omega)), share, len(below))
        below += np.cumsum(whole)
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
    surface = 2 * np.pi * (d - 1)
    return float(surface * weight @ (square ** (-d / 2)).mean(axis=1) / ((2 * np.pi) ** d * kind.number_density))


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
    if d == 3:
        # a broken line through the points of a parabola lies above it, on average by this
        g[low] -= level * (edges[1] - edges[0]) ** 2 / 6
    return omega, g


def _vector_green(lattice, s):
    """G0 from the density over omega, exact for the broken line through its values.

    G0 = F(z)/(2 z), with z = sqrt(s) and F the Hilbert transform of the density continued evenly to omega < 0.
    """
    omega, g = vector_density(lattice)
    step = omega[1] - omega[0]
    nodes, values = np.concatenate([-omega[::-1], omega]), np.concatenate([g[::-1], g])
    z = np.sqrt(s)
    F = np.empty(s.shape, complex)
    # one block at a time, so that it stays in the cache
    for part in np.array_split(np.arange(len(s)), len(s) // 32 + 1):
        x = (z[part, None] - nodes) / step
        r = 1 / x
        square = r * r
        # the transform of one hat function by its moments has an error of 1e-11 eight cells away
        hat = r * (1 + square * (1 / 6 + square * (1 / 15 + square * (1 / 28 + square / 45))))
        centre = np.round((z[part].real - nodes[0]) / step).astype(int)
        near = np.clip(centre[:, None] + np.arange(-8, 9), 0, len(nodes) - 1)
        y = np.take_along_axis(x, near, axis=1)
        exact = (y + 1) * np.log(y + 1) - 2 * y * np.log(y) + (y - 1) * np.log(y - 1)
        far = abs(y) > 8
        exact[far] = np.take_along_axis(hat, near, axis=1)[far]
        np.put_along_axis(hat, near, exact, axis=1)
        F[part] = hat @ values
    return F / (2 * z)


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
    flat = _upper(s.ravel())
    return (_vector_green(lattice, flat) if vector else _SCALAR[lattice](flat)).reshape(s.shape)
