"""What is read off a map over Q and E: its mean spectrum, its likeness to S(Q), its product form.

li-2025 makes two statements about B(Q, E): its peak stays at one energy, and at that energy B follows S(Q). Both are
read here over a window of Q, and the second one at every energy, so that they can fail.
"""

from dataclasses import dataclass, replace

import numpy as np

from bosonpeak.scattering.wavevectors import ScatteringMap
from bosonpeak.vibrations.peaks import boson_peak


def window(found: ScatteringMap, low: float, high: float) -> np.ndarray:
    """Shells of a map with low <= Q <= high that hold a wave vector.

    Parameters
    ----------
    found : ScatteringMap
    low, high : float
        Wave vectors in 1/A or reduced.

    Returns
    -------
    array of bool, shape (B,)

    Raises
    ------
    ValueError
        If there are fewer than three such shells.
    """
    inside = (found.q >= low) & (found.q <= high) & (found.counts > 0)
    if inside.sum() < 3:
        raise ValueError(f"{inside.sum()} shells of wave vectors lie in {low:g} <= Q <= {high:g}: three are needed")
    return inside


def mean_spectrum(found: ScatteringMap, inside) -> np.ndarray:
    """Mean over the shells of a window (`inside`, (B,) booleans), (E,): B(E) as scattering shows it, summed over Q."""
    return found.intensity[inside].mean(axis=0)


def structure_correlation(found: ScatteringMap, structure, inside) -> np.ndarray:
    """Pearson's r between the map at each energy and S(Q), over the shells of a window.

    Parameters
    ----------
    found : ScatteringMap
    structure : array, shape (B,)
        S(Q) of the same shells.
    inside : array of bool, shape (B,)
        Shells, as `window` gives them.

    Returns
    -------
    array, shape (E,)
        NaN where the map does not vary.
    """
    x, y = found.intensity[inside], np.asarray(structure, float)[inside]
    x, y = x - x.mean(axis=0), y - y.mean()
    largest = abs(x).max(axis=0)
    # the squares of a far tail of the kernel would underflow
    x = np.where(largest > 0, x / np.where(largest > 0, largest, 1.0), np.nan)
    return (x * y[:, None]).sum(axis=0) / (np.linalg.norm(x, axis=0) * np.linalg.norm(y))


@dataclass(frozen=True)
class ProductFit:
    """B = f(E) S(Q) by least squares.

    Attributes
    ----------
    residual : float
        |B - f S| / |B|, root mean square over the shells and energies.
    flat : float
        The same for f(E) alone, a product that contains no structure.
    best : float
        The same for the best product of any two functions.
    """

    residual: float
    flat: float
    best: float


def fit_product(found: ScatteringMap, structure, inside, low: float, high: float) -> ProductFit:
    """Fit the product form of li-2025, Eq. 2, between two energies over the shells of a window.

    Parameters
    ----------
    found : ScatteringMap
    structure : array, shape (B,)
        S(Q), or another function of Q to take its place.
    inside : array of bool, shape (B,)
        Shells, as `window` gives them.
    low, high : float
        Energies in the unit of the map.
    """
    taken = (found.energy >= low) & (found.energy <= high)
    B, s = found.intensity[inside][:, taken], np.asarray(structure, float)[inside]
    left = B - np.outer(s, s @ B / (s @ s)), B - B.mean(axis=0), np.linalg.svd(B, compute_uv=False)[1:]
    return ProductFit(*(float(np.linalg.norm(x) / np.linalg.norm(B)) for x in left))


def mean_peak(found: ScatteringMap, inside, low: float, high: float) -> float:
    """Energy of the maximum of the mean spectrum of a window between two energies: E_BP of a map."""
    return boson_peak(found.energy, mean_spectrum(found, inside), dimension=1, omega_min=low, omega_max=high).omega


def range_above(energy, values, at: float, threshold: float) -> tuple[float, float]:
    """The range around an energy in which values stay at or above a threshold.

    Parameters
    ----------
    energy, values : array, shape (E,)
        Between two energies the values are a straight line.
    at : float
        Energy around which the range is looked for.
    threshold : float

    Returns
    -------
    low, high : float
        Both are `at` if the values are below the threshold there.
    """
    energy, values = np.asarray(energy, float), np.asarray(values, float)
    k = int(abs(energy - at).argmin())
    if not values[k] >= threshold:
        return float(at), float(at)
    ends = []
    for e, v in ((energy[k::-1], values[k::-1]), (energy[k:], values[k:])):
        below = np.flatnonzero(~(v >= threshold))
        # the last point above and the first one below, where there is one
        pair = slice(below[0] - 1, below[0] + 1) if len(below) else slice(-1, None)
        ends.append(float(np.interp(threshold, v[pair][::-1], e[pair][::-1])))
    return ends[0], ends[1]


def intensity_forms(found: ScatteringMap, axis_displacement: float, thermal_energy: float) -> dict[str, ScatteringMap]:
    """Other forms in which S(Q, E) is drawn to show the peak (li-2025, Eq. 1 and Fig. S5), from a map of B.

    Parameters
    ----------
    found : ScatteringMap
        B(Q, E).
    axis_displacement : float
        u^2 along one axis, in squared lengths.
    thermal_energy : float
        k_B T in the unit of energy of the map.

    Returns
    -------
    dict
        Maps of "S", "S E / Q" and "S <n> / (E Q)", where <n> = 1 - exp(-E / k_B T).
    """
    E, Q = found.energy, found.q[:, None]
    bose = -np.expm1(-E / thermal_energy)
    S = scaled_map(found, np.exp(-(Q**2) * axis_displacement) * Q**2 * E / bose)
    return {"S": S, "S E / Q": scaled_map(S, E / Q), "S <n> / (E Q)": scaled_map(S, bose / (E * Q))}


def scaled_map(found: ScatteringMap, factor) -> ScatteringMap:
    """A map times a factor that is broadcast over (B, E)."""
    return replace(found, intensity=found.intensity * factor, stderr=found.stderr * abs(np.asarray(factor)))


def mean_map(found: list[ScatteringMap]) -> ScatteringMap:
    """Mean of the maps of several structures on one grid, with the standard error of a mean.

    Raises
    ------
    ValueError
        For maps of different grids or units.
    """
    first = found[0]
    if any(m.intensity.shape != first.intensity.shape or m.unit != first.unit for m in found):
        raise ValueError("maps of different shells, energies or units have no mean: compute them on one grid")
    error = np.sqrt(sum(m.stderr**2 for m in found)) / len(found)
    counts = sum(m.counts for m in found)
    return replace(first, intensity=sum(m.intensity for m in found) / len(found), stderr=error, counts=counts)
