"""What is read off a map over Q and E: the peak's dispersion, likeness to S(Q), the product form (floor 5).

li-2025 makes two statements about B(Q, E): its peak stays at one energy, and at that energy B follows S(Q). Both are
taken here over a window of Q and at every energy, so that they can fail.
"""

from dataclasses import dataclass, replace

import numpy as np

from bosonpeak.scattering.wavevectors import ScatteringMap
from bosonpeak.vibrations.peaks import boson_peak


def window(found: ScatteringMap, low: float, high: float) -> np.ndarray:
    """Shells with low <= Q <= high that hold a wave vector, (B,) booleans. Raises ValueError for fewer than three."""
    inside = (found.q >= low) & (found.q <= high) & (found.counts > 0)
    if inside.sum() < 3:
        raise ValueError(f"{inside.sum()} shells of wave vectors lie in {low:g} <= Q <= {high:g}: three are needed")
    return inside


@dataclass(frozen=True)
class Dispersion:
    """Where each shell's spectrum is highest. q, energy, height, interior (B',): false at the edge of the energies
    searched; mean and spread (standard deviation) of the energies."""

    q: np.ndarray
    energy: np.ndarray
    height: np.ndarray
    interior: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.energy.mean())

    @property
    def spread(self) -> float:
        return float(self.energy.std())

    @property
    def relative_spread(self) -> float:
        """`spread` over `mean`."""
        return self.spread / self.mean


def peak_dispersion(found: ScatteringMap, inside, low: float, high: float) -> Dispersion:
    """The maximum of each shell's spectrum between the energies low and high. inside: (B,) booleans of `window`.

    Raises ValueError as `peaks.boson_peak`.
    """
    peak = boson_peak(found.energy, found.intensity[inside].T, dimension=1, omega_min=low, omega_max=high)
    return Dispersion(found.q[inside], peak.omega, peak.intensity, peak.interior)


def mean_spectrum(found: ScatteringMap, inside) -> np.ndarray:
    """Mean over the shells of the window, (E,): B(E) as inelastic scattering shows it, integrated over Q."""
    return found.intensity[inside].mean(axis=0)


def structure_correlation(found: ScatteringMap, structure, inside) -> np.ndarray:
    """Pearson's r between the map at each energy and S(Q) over the shells of the window, (E,).

    structure: (B,), S(Q) of the same shells. NaN where the map does not vary.
    """
    x, y = found.intensity[inside], np.asarray(structure, float)[inside]
    x, y = x - x.mean(axis=0), y - y.mean()
    with np.errstate(invalid="ignore"):
        return (x * y[:, None]).sum(axis=0) / np.sqrt((x**2).sum(axis=0) * (y**2).sum())


@dataclass(frozen=True)
class ProductFit:
    """B = f(E) S(Q) by least squares. energy (E',); line (E',): A f(E - E_BP); residual: |B - f S| / |B|; flat: the
    same of a product that knows no structure, f(E) alone; best: of the best product of any two functions; offset: what
    part of B at the highest point does not go with S(Q), a of B = a + b S over a + b."""

    energy: np.ndarray
    line: np.ndarray
    residual: float
    flat: float
    best: float
    offset: float


def fit_product(found: ScatteringMap, structure, inside, low: float, high: float) -> ProductFit:
    """The form of li-2025, Eq. 2, fitted between the energies low and high over the shells of the window."""
    taken = (found.energy >= low) & (found.energy <= high)
    B, s = found.intensity[inside][:, taken], np.asarray(structure, float)[inside]
    line = s @ B / (s @ s)
    norm = np.linalg.norm(B)
    singular = np.linalg.svd(B, compute_uv=False)
    slope, offset = np.polyfit(s, B[:, line.argmax()], 1)
    return ProductFit(
        found.energy[taken],
        line,
        float(np.linalg.norm(B - np.outer(s, line)) / norm),
        float(np.linalg.norm(B - B.mean(axis=0)) / norm),
        float(np.sqrt((singular[1:] ** 2).sum()) / norm),
        float(offset / (offset + slope)),
    )


def mean_peak(found: ScatteringMap, inside, low: float, high: float) -> float:
    """Energy of the maximum of the mean spectrum of the window between low and high: E_BP of a map."""
    return boson_peak(found.energy, mean_spectrum(found, inside), dimension=1, omega_min=low, omega_max=high).omega


def mean_peak_interval(found: ScatteringMap, inside, low: float, high: float, rng=None, draws: int = 500):
    """`mean_peak` and its 95 % interval over resampled shells, whose speckle is independent: (value, (low, high))."""
    spectra = found.intensity[inside].T
    value = mean_peak(found, inside, low, high)
    pick = np.random.default_rng(rng).integers(0, spectra.shape[1], (spectra.shape[1], draws))
    drawn = boson_peak(found.energy, spectra[:, pick].mean(axis=1), dimension=1, omega_min=low, omega_max=high).omega
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    return value, (min(float(lower), value), max(float(upper), value))


def range_above(energy, values, at: float, threshold: float) -> tuple[float, float]:
    """The range around the energy `at` in which values (E,) stay at or above the threshold, to a straight line between
    two energies: (low, high), both `at` where they do not reach it there."""
    energy, values = np.asarray(energy, float), np.asarray(values, float)
    k = int(abs(energy - at).argmin())
    if not values[k] >= threshold:
        return float(at), float(at)
    ends = []
    for step, last in ((-1, 0), (1, len(energy) - 1)):
        j = k
        while j != last and values[j + step] >= threshold:
            j += step
        if j == last:
            ends.append(float(energy[j]))
            continue
        share = (values[j] - threshold) / (values[j] - values[j + step])
        ends.append(float(energy[j] + share * (energy[j + step] - energy[j])))
    return ends[0], ends[1]


def intensity_forms(found: ScatteringMap, axis_displacement: float, thermal_energy: float) -> dict[str, ScatteringMap]:
    """What else is drawn of S(Q, E) to show the peak: "S", "S E / Q" and "S <n> / (E Q)" of a map of B (li-2025, Eq. 1,
    Fig. S5), <n> = 1 - exp(-E / kT).

    axis_displacement: u^2 along one axis; thermal_energy: kT in the unit of the map's energy.
    """
    E, Q = found.energy, found.q[:, None]
    bose = -np.expm1(-E / thermal_energy)
    S = np.exp(-(Q**2) * axis_displacement) * Q**2 * E / bose
    factors = {"S": S, "S E / Q": S * E / Q, "S <n> / (E Q)": S * bose / (E * Q)}
    return {name: scaled_map(found, factor) for name, factor in factors.items()}


def scaled_map(found: ScatteringMap, factor) -> ScatteringMap:
    """The map times factor, broadcast over (B, E)."""
    return replace(found, intensity=found.intensity * factor, stderr=found.stderr * abs(np.asarray(factor)))


def mean_map(found: list[ScatteringMap]) -> ScatteringMap:
    """Mean of the maps of several structures on one grid; counts add up, standard errors as those of a mean.

    Raises ValueError for maps of different grids.
    """
    first = found[0]
    if any(m.intensity.shape != first.intensity.shape or m.unit != first.unit for m in found):
        raise ValueError("maps of different shells, energies or units have no mean: compute them on one grid")
    error = np.sqrt(sum(m.stderr**2 for m in found)) / len(found)
    counts = sum(m.counts for m in found)
    return replace(first, intensity=sum(m.intensity for m in found) / len(found), stderr=error, counts=counts)
