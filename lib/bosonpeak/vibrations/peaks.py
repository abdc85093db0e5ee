"""Densities of states from lists of frequencies and modes, and the boson peak that is read off a density."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from bosonpeak.units import MEV, RAD_PER_PS, THZ
from bosonpeak.vibrations.modes import Modes

FREQUENCY_SCALES = {"reduced": 1.0, "rad/ps": RAD_PER_PS, "THz": THZ, "meV": MEV}
"""What sqrt(D) is multiplied by: D in eV/(A^2 amu) for all units but "reduced", where D may have any unit."""


def frequency_scale(unit: str) -> float:
    """Factor from the square root of the matrix's eigenvalue to `unit`. Raises ValueError for an unknown unit."""
    if unit not in FREQUENCY_SCALES:
        raise ValueError(f"unknown unit of frequency {unit!r}: choose one of {', '.join(FREQUENCY_SCALES)}")
    return FREQUENCY_SCALES[unit]


@dataclass(frozen=True)
class BosonPeak:
    """Maximum of g / omega^(d-1) in a range of omega.

    Attributes
    ----------
    omega : float or array, shape (n,)
        Its place; arrays where n densities were given.
    intensity : float or array
        Its height.
    interior : bool or array
        False where the maximum sits on the edge of the range, so that there is no peak.
    smoothing : float
        Width of the Gaussian that was applied first, in the unit of omega.
    """

    omega: float | np.ndarray
    intensity: float | np.ndarray
    interior: bool | np.ndarray
    smoothing: float


@dataclass(frozen=True)
class PeakReading:
    """How a boson peak is read: by a Gaussian of standard deviation `width`, between `lowest` and `highest`.

    All three are angular frequencies omega in rad/ps or reduced. Below two widths a peak is not looked for: there the
    division by omega^2 enlarges what the kernel brings down from higher frequencies.
    """

    width: float
    lowest: float
    highest: float

    def of_levels(self, frequencies, omega, total: int | None = None) -> tuple["BosonPeak", np.ndarray]:
        """Boson peak of a list of frequencies, each level divided by its own omega_k^2 before it is broadened.

        Parameters
        ----------
        frequencies : array, shape (n,)
            Angular frequencies, zero modes included or not.
        omega : array, shape (K,)
            Grid on which the reduced density is evaluated; the peak is looked for on its part between `lowest` and
            `highest`.
        total : int, optional
            Degrees of freedom to which g is normalised; by default n.

        Returns
        -------
        peak : BosonPeak
        reduced : array, shape (K,)
            g / omega^2 under the kernel.

        Raises
        ------
        ValueError
            As `boson_peak`.
        """
        reduced = broadened_reduced_density(frequencies, omega, self.width)
        if total is not None:
            reduced = reduced * len(frequencies) / total
        # the levels are divided by their own omega^2 already: dimension 1
        return boson_peak(omega, reduced, 1, self.lowest, self.highest), reduced

    def of_density(self, omega, g, resolution: float) -> "BosonPeak":
        """Boson peak of a density g (K,) or (K, n) that has the `resolution` of its own kernel already.

        g / omega^2 is smoothed further, so that the widths add up in squares to `width`. Raises ValueError as
        `boson_peak`.
        """
        smoothing = float(np.sqrt(max(self.width**2 - resolution**2, 0)))
        return boson_peak(omega, g, 3, self.lowest, self.highest, smoothing)


METAL = PeakReading(width=1.0, lowest=2.0, highest=15.0)
"""How the peaks of metals are read, in rad/ps. A single atom has few levels in the peak: a narrower kernel would count
them one by one."""


def frequency_histogram(frequencies, edges) -> np.ndarray:
    """g per degree of freedom in bins: counts / (number of frequencies * bin width).

    Parameters
    ----------
    frequencies : array, shape (n,)
        All of a system, zero modes included. States outside the edges are not counted, but they do count in the norm.
    edges : array, shape (K + 1,)
        Ascending.

    Returns
    -------
    array, shape (K,)
    """
    edges = np.asarray(edges, float)
    return np.histogram(frequencies, edges)[0] / (len(frequencies) * np.diff(edges))


def _moving(frequencies):
    """True for frequencies that are not zero: above 1e-6 of the highest."""
    largest = abs(frequencies).max(initial=0.0)
    if not (len(frequencies) and np.isfinite(largest) and frequencies.min() >= -1e-6 * largest):
        remedy = "relax the structure, and set zero modes to 0 where rounding left less"
        raise ValueError(f"frequencies are missing, not finite or negative (imaginary): {remedy}")
    return frequencies > 1e-6 * largest


def gaussian_levels(omega, levels, width):
    """Normal densities of standard deviation `width` around each level (k,) at each omega (K,): (K, k).

    Raises ValueError unless width > 0.
    """
    if not width > 0:
        raise ValueError(f"width = {width}: the broadening must be positive, in the unit of omega")
    return np.exp(-0.5 * ((omega[:, None] - levels) / width) ** 2) / (width * np.sqrt(2 * np.pi))


def broadened_reduced_density(frequencies, omega, width, dimension=3) -> np.ndarray:
    """g / omega^(dimension - 1) from a list of frequencies, each level a Gaussian of standard deviation `width`.

    Each level is divided by its own omega_k^(dimension - 1) before it is broadened, so that nothing diverges at omega
    = 0.

    Parameters
    ----------
    frequencies : array, shape (n,)
        Zero modes (below 1e-6 of the highest) are left out, but they count in the norm.
    omega : array, shape (K,)
    width : float
    dimension : int
        1 gives g itself.

    Returns
    -------
    array, shape (K,)

    Raises
    ------
    ValueError
        Unless width > 0.
    """
    frequencies, omega = np.asarray(frequencies, float), np.asarray(omega, float)
    moving = frequencies[_moving(frequencies)]
    return gaussian_levels(omega, moving, width) @ (1 / moving ** (dimension - 1)) / len(frequencies)


def mean_reduced_density(frequencies, low, high, dimension=3) -> float:
    """Mean of g / omega^(dimension - 1) over low < omega < high from a list of frequencies (n,), without bins.

    Raises ValueError unless 0 < low < high.
    """
    if not 0 < low < high:
        raise ValueError(f"the range ({low}, {high}) must be positive and not empty")
    frequencies = np.asarray(frequencies, float)
    inside = frequencies[(frequencies > low) & (frequencies < high)]
    return float((1 / inside ** (dimension - 1)).sum() / (len(frequencies) * (high - low)))


def cumulative_level(frequencies, omega_c, dimension=3, total=None) -> float:
    """Mean level d N(<omega_c) / (n omega_c^d) of g / omega^(d-1) below omega_c, without bins and without a kernel.

    Debye's solid has its Debye level at every omega_c.

    Parameters
    ----------
    frequencies : array, shape (k,)
        With or without zero modes, which are not counted in N.
    omega_c : float
    dimension : int
    total : int, optional
        Degrees of freedom n; by default k, when all frequencies are given.

    Raises
    ------
    ValueError
        If omega_c is not positive, or lies above the highest of an incomplete list.
    """
    frequencies = np.asarray(frequencies, float)
    total = len(frequencies) if total is None else total
    if not omega_c > 0 or (len(frequencies) < total and omega_c > frequencies.max()):
        raise ValueError(f"omega_c = {omega_c} must be positive and within the frequencies given")
    count = (frequencies[_moving(frequencies)] < omega_c).sum()
    return float(dimension * count / (total * omega_c**dimension))


def boson_peak(omega, g, dimension=3, omega_min=0.0, omega_max=np.inf, smoothing=0.0) -> BosonPeak:
    """Highest point of g / omega^(dimension - 1) for omega_min <= omega <= omega_max, on the given grid.

    Place and height of an interior maximum are those of the parabola through its three highest points.

    Parameters
    ----------
    omega : array, shape (K,)
        Ascending.
    g : array, shape (K,) or (K, n)
        One density, or n at once, such as those of the atoms.
    dimension : int
        1 if g is divided already.
    omega_min, omega_max : float
    smoothing : float
        Standard deviation of a Gaussian that is applied to the reduced density first, in the unit of omega; needs an
        even grid. 0 applies none.

    Returns
    -------
    BosonPeak

    Raises
    ------
    ValueError
        If the grid does not ascend, g holds NaN, or the range holds fewer than three points above 0.
    """
    omega, g = np.asarray(omega, float), np.asarray(g, float)
    if omega.ndim != 1 or g.ndim not in (1, 2) or len(g) != len(omega):
        raise ValueError(f"omega {omega.shape} must be one-dimensional and g {g.shape} of one length with it")
    if not (np.diff(omega) > 0).all():
        raise ValueError("omega must ascend: sort the grid, and g with it")
    if np.isnan(g).any():
        raise ValueError(f"g holds NaN, first at omega = {omega[np.isnan(g.reshape(len(g), -1)).any(axis=1)][0]:g}")
    positive = omega > 0
    omega, columns = omega[positive], g[positive].reshape(positive.sum(), -1)
    reduced = columns / omega[:, None] ** (dimension - 1)
    if smoothing > 0:
        step = np.diff(omega)
        if np.ptp(step) > 1e-6 * step.mean():
            raise ValueError("smoothing needs evenly spaced omega")
        reduced = gaussian_filter1d(reduced, smoothing / step.mean(), axis=0, mode="nearest")
    inside = np.flatnonzero((omega >= omega_min) & (omega <= omega_max))
    if len(inside) < 3:
        raise ValueError(f"fewer than three frequencies lie in [{omega_min}, {omega_max}]: widen it or refine the grid")
    at = inside[np.argmax(reduced[inside], axis=0)]
    interior = (at > inside[0]) & (at < inside[-1])
    # by the parabola through the highest three points the place is not bound to the grid
    row, column = np.clip(at, inside[1], inside[-2]), np.arange(len(at))
    left, right = omega[row] - omega[row - 1], omega[row + 1] - omega[row]
    down, up = (reduced[row + side, column] - reduced[row, column] for side in (-1, 1))
    curvature = (up / right + down / left) / (left + right)
    slope = (up * left / right - down * right / left) / (left + right)
    bent = interior & (curvature < 0)
    shift = np.where(bent, np.clip(-slope / np.where(bent, 2 * curvature, 1.0), -left, right), 0.0)
    place, height = omega[at] + shift, reduced[at, column] + slope * shift + curvature * shift**2
    if g.ndim == 2:
        return BosonPeak(place, height, interior, float(smoothing))
    return BosonPeak(float(place[0]), float(height[0]), bool(interior[0]), float(smoothing))


def debye_excess(omega, g, level, dimension=3, omega_min=0.0, omega_max=np.inf, smoothing=0.0):
    """Height of the maximum of g / omega^(dimension - 1) over a Debye level: the one definition of the excess.

    Parameters
    ----------
    omega, g, dimension, omega_min, omega_max, smoothing
        As for `boson_peak`.
    level : float
        Debye level of g / omega^(dimension - 1), in the unit of that quotient.

    Returns
    -------
    float or array, shape (n,)
        1 for Debye's solid.

    Raises
    ------
    ValueError
        Unless level > 0, and as `boson_peak`.
    """
    if not level > 0:
        raise ValueError(f"a Debye level of {level}: only a solid that carries sound has an excess over it")
    return boson_peak(omega, g, dimension, omega_min, omega_max, smoothing).intensity / level


WINDOW = (0.2, 0.6)
"""Range in which the excess of a network is read, in units of the van Hove frequency of its crystal."""


@dataclass(frozen=True)
class CrystalExcess:
    """What the reduced density of a network has more than that of the crystal with its stiffness.

    Attributes
    ----------
    height : float
        Highest reduced density in `WINDOW` over the Debye level.
    net : float
        Highest ratio in `WINDOW` of the reduced density to that of the crystal: the net excess. Dispersion is divided
        out as far as the crystal shows it.
    net_interior : bool
        Whether that ratio is a maximum, and not the end of a rise.
    place : float
        omega of the highest reduced density below 0.8 omega_v.
    interior : bool
        Whether that is a maximum.
    """

    height: float
    net: float
    net_interior: bool
    place: float
    interior: bool


def excess_over_crystal(omega, reduced, crystal, level, omega_v) -> CrystalExcess:
    """The excess of a network over its own Debye level and over the crystal of its stiffness: the one definition.

    Parameters
    ----------
    omega : array, shape (K,)
        Ascending, from 0.1 to 0.8 omega_v or beyond.
    reduced, crystal : array, shape (K,)
        g / omega^(d-1) of the network and of the crystal, both under one kernel.
    level : float
        Debye level of both.
    omega_v : float
        First van Hove frequency of the crystal.

    Returns
    -------
    CrystalExcess

    Raises
    ------
    ValueError
        Unless level > 0, and as `boson_peak`.
    """
    low, high = (x * omega_v for x in WINDOW)
    top = boson_peak(omega, reduced, 1, low / 2, 0.8 * omega_v)
    net = boson_peak(omega, np.divide(reduced, crystal, out=np.zeros_like(reduced), where=crystal > 0), 1, low, high)
    height = debye_excess(omega, reduced, level, 1, low, high)
    return CrystalExcess(height, net.intensity, net.interior, top.omega, top.interior)


def count_maxima(omega, reduced, level: float, low: float, high: float) -> int:
    """Number of maxima of g / omega^(d-1) between low and high whose prominence is 5 % of the Debye level or more.

    The boson peak and the van Hove peak of a network are two maxima where they coexist.

    Parameters
    ----------
    omega, reduced : array, shape (K,)
        Frequencies and the reduced density, under a kernel that is wide enough to leave no noise of this size.
    level : float
        Debye level of the reduced density.
    low, high : float
        In the unit of omega. A rise that ends at one of them is not a maximum.
    """
    inside = (omega > low) & (omega < high)
    return len(find_peaks(reduced[inside] / level, prominence=0.05)[0])


def atomic_density_of_states(modes: Modes, omega, width, dimension=3, unit="reduced") -> np.ndarray:
    """g_i(omega) = 1/n sum_k |e_k(i)|^2 delta(omega - omega_k), each level a Gaussian; their sum over i is g(omega).

    This is Eq. 1 of yang-2021, with n the degrees of freedom. Only modes up to three widths above omega matter, so that
    the lowest modes, even with a residual of 1e-5, give what all of them give.

    Parameters
    ----------
    modes : Modes
        All, or the lowest, with degree of freedom dimension * i + c. Zero modes are left out, but they count in the
        norm.
    omega : array, shape (K,)
        In `unit`.
    width : float
        Standard deviation of the Gaussians, in `unit`.
    dimension : int
    unit : str
        One of `FREQUENCY_SCALES`.

    Returns
    -------
    array, shape (K, N)

    Raises
    ------
    ValueError
        If the lowest modes end too early, or the dimension does not divide the degrees of freedom.
    """
    n, k = modes.polarizations.shape
    if n % dimension:
        raise ValueError(f"{n} degrees of freedom are not a multiple of dimension {dimension}")
    level, omega = modes.omega * frequency_scale(unit), np.asarray(omega, float)
    # a few modes fewer than all are those that were projected out
    if k < 0.9 * n and omega.max() + 3 * width > level.max():
        raise ValueError(
            f"the modes given end at omega = {level.max():.4g}, three widths of {width:g} beyond {omega.max():.4g} "
            "are needed: ask for more modes or a lower omega"
        )
    moving = _moving(level)
    weight = sum(modes.polarizations[c::dimension, moving] ** 2 for c in range(dimension))
    return gaussian_levels(omega, level[moving], width) @ weight.T / n
