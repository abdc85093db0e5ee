"""The boson peak in the specific heat: C/T^3, and its fit by Debye's and Einstein's models (li-2025, Methods).

Energies are in meV, temperatures in K, heats in J/(mol K) per mole of atoms, and densities of states in 1/meV with an
integral of 1. Heats are those of the lattice: subtract the electronic term gamma T from a measured heat first.
"""

from dataclasses import dataclass

import numpy as np
from scipy.constants import R
from scipy.optimize import least_squares, nnls
from scipy.special import expit, logit, ndtr
from scipy.stats import t as student

from bosonpeak.vibrations.debye import KELVIN, debye_density, mode_heat, specific_heat

PARAMETERS = ("debye_share", "debye_temperature", "einstein_share", "einstein_temperature", "einstein_spread")
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_REACH = 8.0
"""Standard deviations up to which a Gaussian is integrated; 1e-15 of it lies beyond."""


def check_positive(**arrays) -> list[np.ndarray]:
    """The given arrays as floats. Raises ValueError for the first that is empty, not finite or not above 0."""
    found = [np.asarray(values, float) for values in arrays.values()]
    for name, values in zip(arrays, found, strict=True):
        wrong = values[~(np.isfinite(values) & (values > 0))]
        if values.size == 0 or wrong.size:
            raise ValueError(f"{name} holds {wrong[0] if wrong.size else 'nothing'}: give finite numbers above 0 only")
    return found


def reduced_specific_heat(temperature, energy, g) -> np.ndarray:
    """C/T^3 of harmonic vibrations: 3R times `debye.specific_heat`, over T^3.

    The integral starts at E = 0, where g must be 0. To a grid that begins one step above 0 this point is added; any
    other start would be a guess. A periodic box has no modes below its first phonon, so its heat is meaningful where
    k_B T exceeds about a quarter of that energy.

    Parameters
    ----------
    temperature : array, shape (n,)
        In K.
    energy, g : array, shape (m,)
        Ascending energies in meV and the density of states in 1/meV.

    Returns
    -------
    array, shape (n,)
        In J/(mol K^4).

    Raises
    ------
    ValueError
        If energy and g do not fit or do not start at 0, k_B T is below half the first step, and as
        `debye.specific_heat`.
    """
    (temperature,) = check_positive(temperature=temperature)
    energy, g = np.asarray(energy, float), np.asarray(g, float)
    if energy.ndim != 1 or energy.shape != g.shape or len(energy) < 2 or not np.isfinite([energy, g]).all():
        raise ValueError(f"energy {energy.shape} and g {g.shape} must be equal rows of two or more finite numbers")
    if 0 < energy[0] <= 1.01 * (energy[1] - energy[0]):
        energy, g = np.append(0.0, energy), np.append(0.0, g)
    if energy[0] != 0 or g[0] != 0:
        raise ValueError(f"g starts with {g[0]:g} at E = {energy[0]:g} meV: give it from E = 0, where it must be 0")
    if 2 * temperature.min() < energy[1] * KELVIN["meV"]:
        raise ValueError(f"T = {temperature.min():g} K is too low for a step of {energy[1]:g} meV: raise T or refine g")
    return 3 * R * specific_heat(temperature, energy, g, unit="meV") / temperature**3


def debye_heat(temperature, theta) -> np.ndarray:
    """Heat of Debye's solid, 9R (T/theta)^3 int_0^(theta/T) x^4 e^x / (e^x - 1)^2 dx, exact up to rounding.

    Parameters
    ----------
    temperature, theta : float or array
        In K, broadcast against each other.

    Returns
    -------
    array
        In J/(mol K).

    Raises
    ------
    ValueError
        If one of them is not positive and finite.
    """
    temperature, theta = check_positive(temperature=temperature, theta=theta)
    # beyond x = 60 the integrand is below 1e-19
    top = np.minimum(theta / temperature, 60.0)
    x = top[..., None] * (1 + _NODES) / 2
    return 4.5 * R * (temperature / theta) ** 3 * top * ((x**2 * mode_heat(x)) @ _WEIGHTS)


def einstein_heat(temperature, theta, spread=0.0) -> np.ndarray:
    """Heat of oscillators whose Einstein temperatures have a Gaussian distribution (li-2025, Methods: Specific heat).

        3R int chi(t) (t/T)^2 e^(t/T) / (e^(t/T) - 1)^2 dt,    chi ~ exp(-(t - theta)^2 / (2 spread^2)) for t > 0

    The integral of chi over t > 0 is 1.

    Parameters
    ----------
    temperature, theta, spread : float or array
        In K, broadcast against each other. A spread of 0 is Einstein's solid.

    Returns
    -------
    array
        In J/(mol K).

    Raises
    ------
    ValueError
        If temperature or theta is not positive, or the spread is negative.
    """
    temperature, theta = check_positive(temperature=temperature, theta=theta)
    spread = np.asarray(spread, float)
    if not (np.isfinite(spread) & (spread >= 0)).all():
        raise ValueError(f"spread = {spread}: give a finite temperature, 0 for a single oscillator")
    low = -np.minimum(_REACH, theta / np.maximum(spread, theta / (2 * _REACH)))[..., None]
    z = low + (_REACH - low) * (1 + _NODES) / 2
    weight = _WEIGHTS * np.exp(-0.5 * z**2)
    heat = mode_heat((theta[..., None] + spread[..., None] * z) / temperature[..., None])
    return 3 * R * (weight * heat).sum(axis=-1) / weight.sum(axis=-1)


def _heat(temperature, n_d, theta_d, n_e, theta_e, spread):
    return n_d * debye_heat(temperature, theta_d) + n_e * einstein_heat(temperature, theta_e, spread)


@dataclass(frozen=True)
class HeatFit:
    """Debye's solid together with a band of Einstein oscillators, fitted to a heat (li-2025, Methods: Specific heat).

    Attributes
    ----------
    debye_share, einstein_share : float
        Fractions n_D and n_E of the 3N modes.
    debye_temperature, einstein_temperature, einstein_spread : float
        In K; the spread is that of the Gaussian before it is cut at 0.
    intervals : dict
        95 % interval of each of the five by name, from the covariance of their logarithms. They reflect the scatter
        about the model, and not whether the model is right.
    residual : float
        Relative root-mean-square deviation of C/T^3.
    bounded : tuple of str
        Parameters at the edge of the range of the search. The intervals are then meaningless.
    """

    debye_share: float
    debye_temperature: float
    einstein_share: float
    einstein_temperature: float
    einstein_spread: float
    intervals: dict[str, tuple[float, float]]
    residual: float
    bounded: tuple[str, ...] = ()

    @property
    def einstein_energy(self) -> float:
        """k_B einstein_temperature in meV: the "fitted energy" of li-2025, Fig. 2c."""
        return self.einstein_temperature / KELVIN["meV"]

    @property
    def boson_peak(self) -> float:
        """Energy in meV of the maximum of g/E^2 of the fit, always below einstein_energy; NaN if there is none.

        The Debye part is constant up to k_B theta_D and 0 above, so the maximum is that of chi/E^2:
        E = (e + sqrt(e^2 - 8 s^2)) / 2 with the Einstein energy e and the spread s in meV. For e^2 < 8 s^2, chi/E^2
        only falls. Its rise towards E = 0, where the Gaussian does not vanish, is not a peak.
        """
        e, s = self.einstein_energy, self.einstein_spread / KELVIN["meV"]
        return (e + np.sqrt(e**2 - 8 * s**2)) / 2 if e**2 > 8 * s**2 else float("nan")

    def density(self, energy) -> np.ndarray:
        """g in 1/meV at energies in meV: n_D 3E^2 / (k_B theta_D)^3 up to k_B theta_D, plus n_E chi."""
        energy = np.asarray(energy, float)
        e, s = self.einstein_energy, self.einstein_spread / KELVIN["meV"]
        chi = np.exp(-0.5 * ((energy - e) / s) ** 2) / (s * np.sqrt(2 * np.pi) * ndtr(e / s))
        debye = debye_density(energy, self.debye_temperature / KELVIN["meV"], 3)
        return self.debye_share * debye + self.einstein_share * np.where(energy > 0, chi, 0.0)

    def heat(self, temperature) -> np.ndarray:
        """Heat of the fit in J/(mol K) at temperatures in K. Raises ValueError as `debye_heat`."""
        return _heat(temperature, *(getattr(self, name) for name in PARAMETERS))


def _starts(temperature, heat, count=6):
    """The `count` best points (n_D, theta_D, n_E, theta_E, ratio) of a coarse grid, each with a different theta_E."""
    first, last = temperature.min(), temperature.max()
    debye_grid, best = np.geomspace(2 * first, 10 * last, 12), []
    debye = debye_heat(temperature, debye_grid[:, None]) / heat
    for theta_e in np.geomspace(first, 5 * last, 12):
        tried = []
        for ratio in (0.05, 0.2, 0.5):
            band = einstein_heat(temperature, theta_e, ratio * theta_e) / heat
            for theta_d, level in zip(debye_grid, debye, strict=True):
                # the shares enter linearly
                (n_d, n_e), miss = nnls(np.stack([level, band], axis=1), np.ones_like(heat))
                tried.append((miss, (max(n_d, 1e-3), theta_d, max(n_e, 1e-3), theta_e, ratio)))
        best.append(min(tried))
    return [point for _, point in sorted(best)[:count]]


def fit_specific_heat(
    temperature, heat, shares_sum_to_one: bool = False, einstein_below_debye: bool = False
) -> HeatFit:
    """Fit n_D C_Debye + n_E C_Einstein, with a Gaussian spread, to a lattice heat (li-2025, Methods: Specific heat).

    The fit minimises the relative deviation of C/T^3, starting from the best points of a coarse grid. The Einstein band
    describes whatever Debye's solid does not: with a broad main band, the best fit may be one in which the Einstein
    band is that main band, far above the boson peak, and Debye's solid ends below it.

    Parameters
    ----------
    temperature, heat : array, shape (n,)
        In K and J/(mol K).
    shares_sum_to_one : bool
        Impose n_E = 1 - n_D.
    einstein_below_debye : bool
        Take the best of the minima with theta_E < theta_D: an excess inside Debye's solid.

    Returns
    -------
    HeatFit

    Raises
    ------
    ValueError
        If a value is not finite and positive, or there are not more temperatures than parameters.
    RuntimeError
        If the best fit did not converge, or none has theta_E < theta_D.
    """
    temperature, heat = check_positive(temperature=temperature, heat=heat)
    if temperature.ndim != 1 or temperature.shape != heat.shape:
        raise ValueError(f"temperature {temperature.shape} and heat {heat.shape}: give two equal columns")
    free = 4 if shares_sum_to_one else 5
    if (different := len(np.unique(temperature))) <= free:
        raise ValueError(f"{different} temperatures cannot fix {free} parameters: give {free + 1} or more")
    # parameters: logarithms of n_D, n_E (or the logit of n_E), theta_D, theta_E and spread / theta_E
    shares = [(-9.0, 9.0)] if shares_sum_to_one else [np.log([1e-6, 20.0])] * 2
    span = np.log([temperature.min() / 2, 50 * temperature.max()])
    low, high = np.array([*shares, span, span, np.log([0.01, 1.0])]).T

    def values(p):
        n_e = expit(p[0]) if shares_sum_to_one else np.exp(p[1])
        theta_d, theta_e, ratio = np.exp(p[-3:])
        return 1 - n_e if shares_sum_to_one else np.exp(p[0]), theta_d, n_e, theta_e, ratio * theta_e

    def misfit(p):
        return _heat(temperature, *values(p)) / heat - 1

    found = []
    for n_d, theta_d, n_e, theta_e, ratio in _starts(temperature, heat):
        head = [logit(n_e / (n_d + n_e))] if shares_sum_to_one else list(np.log([n_d, n_e]))
        start = np.clip([*head, *np.log([theta_d, theta_e, ratio])], low + 1e-6, high - 1e-6)
        found.append(least_squares(misfit, start, bounds=(low, high), xtol=1e-5, ftol=1e-5, max_nfev=500))
    if einstein_below_debye:
        found = [result for result in found if result.x[-2] < result.x[-3]]
    if not found:
        raise RuntimeError(
            "no fit has its Einstein temperature below its Debye temperature: allow any, or fit a smaller range of T"
        )
    # all starts are followed far enough to choose the best, and the best to the end
    best = min(found, key=lambda result: result.cost)
    best = least_squares(misfit, best.x, bounds=(low, high), xtol=1e-10, ftol=1e-10, gtol=1e-12, max_nfev=500)
    if not best.success:
        raise RuntimeError(f"no fit after {best.nfev} steps: give more temperatures, or fewer parameters")
    fitted, n = values(best.x), len(heat)
    # derivatives of the logarithms of the five by the parameters
    follow = np.zeros((5, free))
    follow[[0, 2], [0, free - 4]] = (-fitted[2], fitted[0]) if shares_sum_to_one else (1, 1)
    follow[[1, 3, 4, 4], [-3, -2, -2, -1]] = 1
    error = np.linalg.norm(follow @ np.linalg.pinv(best.jac), axis=1) * np.sqrt(2 * best.cost / (n - free))
    # a parameter that the data do not determine has a huge but finite interval
    factor = np.exp(np.minimum(student.ppf(0.975, n - free) * error, 300.0))
    intervals = {name: (float(v / f), float(v * f)) for name, v, f in zip(PARAMETERS, fitted, factor, strict=True)}
    edge = follow[:, best.active_mask != 0].any(axis=1)
    bounded = tuple(name for name, at in zip(PARAMETERS, edge, strict=True) if at)
    return HeatFit(*map(float, fitted), intervals, float(np.sqrt(2 * best.cost / n)), bounded)
