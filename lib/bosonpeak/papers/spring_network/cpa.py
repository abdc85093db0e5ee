"""Coherent-potential approximation of spring networks: one bond in an effective medium.

Every spring of a lattice is replaced by one complex stiffness K(omega). It is chosen such that a spring k of the
distribution, put into this medium, scatters nothing on average:

    <(k - K) / (1 + (k - K) beta)> = 0,   beta = 2 d_o (1 - omega^2 G) / (z K),   G = G0(omega^2 / K) / K

Here G is the diagonal of the medium's Green's function [omega^2 - K D]^-1, z the coordination, and d_o the number of
displacements per node. A missing bond is a spring of stiffness 0. Nothing is fitted.

References: Elliott, Krumhansl and Leath, Rev. Mod. Phys. 46, 465 (1974); Kirkpatrick, Rev. Mod. Phys. 45, 574 (1973)
for the static limit; Feng, Thorpe and Garboczi, Phys. Rev. B 31, 276 (1985) for central forces; Schirmacher, Diezemann
and Ganter, Phys. Rev. Lett. 81, 136 (1998) for the boson peak. Reduced units: length a, stiffness t0, mass m, omega in
sqrt(t0/m).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from bosonpeak.networks.lattices import SpringDistribution, get_lattice
from bosonpeak.papers.spring_network.lattice_green import TOP, check_vector, evaluate_lattice_green


@dataclass(frozen=True)
class EffectiveMedium:
    """The effective medium of a spring network.

    Attributes
    ----------
    lattice, vector : str, bool
        The lattice, and whether its springs are vector springs.
    omega : array, shape (M,)
        Frequencies in sqrt(t0/m).
    stiffness : array of complex, shape (M,)
        K in t0, with Im K <= 0. A wave q of the medium has omega^2 = K D(q), D that of the lattice with springs 1.
    green : array of complex, shape (M,)
        Diagonal G of the Green's function, in m/t0.
    residual : array, shape (M,)
        Residual of the self-consistency, relative to K.
    static_stiffness : float
        K at omega = 0, in t0; 0 where the network is not rigid.
    """

    lattice: str
    vector: bool
    omega: np.ndarray
    stiffness: np.ndarray
    green: np.ndarray
    residual: np.ndarray
    static_stiffness: float

    @property
    def g(self) -> np.ndarray:
        """Density of states per degree of freedom, -(2 omega / pi) Im G, (M,)."""
        return np.maximum(-2 * self.omega / np.pi * self.green.imag, 0.0)

    @property
    def norm(self) -> float:
        """Integral of g over an even grid of frequencies; 1 where it holds all states."""
        return float(self.g.sum() * (self.omega[1] - self.omega[0]))


def rigidity_threshold(lattice: str, vector: bool = False) -> float:
    """Fraction of the bonds below which the effective medium has no stiffness: 2 d_o / z, Maxwell's count.

    Parameters
    ----------
    lattice : str
    vector : bool
        d_o is 1 for scalar springs, and the dimension for vector springs.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For an unknown lattice.
    """
    kind = get_lattice(lattice)
    return 2 * (kind.dimension if vector else 1) / kind.coordination


def _list_springs(springs, bond_fraction, order=64):
    """Stiffnesses and weights, including the missing bonds."""
    if not 0 < bond_fraction <= 1:
        raise ValueError(f"bond fraction {bond_fraction}: the share of bonds kept must lie in (0, 1]")
    k, weight = (springs or SpringDistribution()).quadrature(order)
    k, weight = np.append(k, 0.0), np.append(weight * bond_fraction, 1 - bond_fraction)
    return k[weight > 0], weight[weight > 0]


def find_static_stiffness(lattice: str, springs=None, bond_fraction: float = 1.0, vector: bool = False) -> float:
    """Stiffness K of the effective medium at omega = 0: the root of <(k - K) / (K + (k - K) 2 d_o / z)>.

    For equal springs k it is k (p - p_c) / (1 - p_c), with p_c the `rigidity_threshold`.

    Parameters
    ----------
    lattice, springs, bond_fraction, vector
        As for `solve_cpa`.

    Returns
    -------
    float
        In t0; 0 at and below the threshold.

    Raises
    ------
    ValueError
        As `solve_cpa`.
    """
    check_vector(lattice, vector)
    k, weight = _list_springs(springs, bond_fraction)
    share = rigidity_threshold(lattice, vector)
    if weight[k > 0].sum() <= share * (1 + 1e-12):
        return 0.0

    def excess(K):
        return np.sum(weight * (k - K) / (K + (k - K) * share))

    # the root lies between the harmonic and the arithmetic mean; where springs are missing, the former is 0
    top = low = k.max()
    while excess(low) < 0:
        low /= 2
    return float(brentq(excess, low, top * (1 + 1e-12), xtol=1e-300, rtol=1e-14)) if low < top else float(top)


def _iterate(update, energy, K, tolerance, steps=150):
    """Secant iteration of update(energy, K) = K for all energies at once; returns the last K."""
    active, now = np.arange(len(K)), K.copy()
    change = update(energy, now) - now
    before, change_before, now = now, change, now + change
    for _ in range(steps):
        change = update(energy[active], now) - now
        K[active] = now
        on = abs(change) > tolerance * abs(now)
        if not on.any():
            break
        active, now, change, before, change_before = (x[on] for x in (active, now, change, before, change_before))
        with np.errstate(divide="ignore", invalid="ignore"):
            step = change * (now - before) / (change_before - change)
        # far from the root the plain iteration, damped, is slow but goes the right way
        wild = ~np.isfinite(step) | (abs(step) > 0.3 * abs(now))
        plain = change * np.minimum(0.7, 0.3 * abs(now) / abs(change))
        before, change_before, now = now, change, now + np.where(wild, plain, step)
        # the conjugate root has gain instead of loss: return to the side of loss
        now = now.real - 1j * abs(now.imag)
    return K


def solve_cpa(lattice: str, omega, springs=None, bond_fraction=1.0, vector=False, tolerance=1e-9) -> EffectiveMedium:
    """Effective medium of a lattice whose bonds are kept at random and have random stiffnesses.

    Each frequency is followed from omega^2 + i eta at large eta, where K is the mean stiffness, down to eta = 0. The
    solution found in this way is analytic above the real axis, and hence causal.

    Parameters
    ----------
    lattice : str
        "square", "triangular", "simple-cubic" or "fcc"; with vector springs "triangular" or "fcc".
    omega : array, shape (M,)
        Positive frequencies in sqrt(t0/m).
    springs : SpringDistribution, optional
        Of the stiffnesses in t0; all 1 by default.
    bond_fraction : float
        Probability of each bond to be kept, in (0, 1].
    vector : bool
        Whether the springs are vector springs.
    tolerance : float
        Of the iteration, relative to K.

    Returns
    -------
    EffectiveMedium

    Raises
    ------
    ValueError
        For bad input.
    RuntimeError
        If the self-consistency is left with a residual above 100 tolerance, or K or g has the wrong sign.
    """
    check_vector(lattice, vector)
    omega = np.asarray(omega, float)
    if omega.ndim != 1 or not len(omega) or not (np.isfinite(omega).all() and (omega > 0).all()):
        raise ValueError("omega must be a one-dimensional array of finite frequencies > 0")
    k, weight = _list_springs(springs, bond_fraction)
    share = rigidity_threshold(lattice, vector)

    def scatter(energy, K):
        """Weights of the springs divided by 1 + (k - K) beta, (M, n), and G0."""
        s = energy / K
        G0 = evaluate_lattice_green(lattice, s.real + 1j * np.maximum(s.imag, 0), vector)
        part = share * (1 - s * G0)
        return weight / (1 + (k / K[:, None] - 1) * part[:, None]), G0

    def update(energy, K):
        inside, _ = scatter(energy, K)
        return inside @ k / inside.sum(axis=1)

    def follow(square, ratio, loose):
        K = np.full(len(square), weight @ k, complex)
        highest = 4 * (weight @ k) * TOP[lattice, vector]
        lowest = min(1e-6 * highest, 1e-2 * square.min())
        for eta in highest * ratio ** -np.arange(np.ceil(np.log(highest / lowest) / np.log(ratio)) + 1):
            K = _iterate(update, square + 1j * eta, K, loose)
        K = _iterate(update, square + 0j, K, tolerance)
        inside, G0 = scatter(square + 0j, K)
        return K, G0, abs((inside * (k - K[:, None])).sum(axis=1)) / abs(K)

    K, G0, residual = follow(omega**2, 4.0, 1e-3)
    hard = ~(residual < 100 * tolerance)
    if hard.any():
        # square-root edges of the spectrum need smaller steps
        K[hard], G0[hard], residual[hard] = follow(omega[hard] ** 2, 1.3, tolerance)
    green = G0 / K
    wrong = ~(residual < 100 * tolerance) | (K.imag > 1e-6 * abs(K)) | (green.imag > 1e-6 * abs(green))
    if wrong.any():
        worst = np.flatnonzero(wrong)[np.argmax(np.nan_to_num(residual[wrong], nan=np.inf))]
        raise RuntimeError(
            f"the effective medium of the {lattice} lattice did not converge at {wrong.sum()} of {len(omega)} "
            f"frequencies, worst at omega = {omega[worst]:.6g}: residual {residual[worst]:.3g}, K = {K[worst]:.6g}"
        )
    static = find_static_stiffness(lattice, springs, bond_fraction, vector)
    return EffectiveMedium(lattice, vector, omega, K, green, residual, static)


def expand_second_order(lattice: str, omega, springs=None, bond_fraction=1.0, vector=False) -> np.ndarray:
    """Stiffness to second order in the fluctuation, K = <k> - var(k) beta, with beta of the mean crystal.

    Perturbation theory does not distinguish a missing bond from a soft one, and it is not self-consistent. It is the
    limit of `solve_cpa` for weak disorder, and its control.

    Parameters
    ----------
    lattice, omega, springs, bond_fraction, vector
        As for `solve_cpa`.

    Returns
    -------
    array of complex, shape (M,)
        In t0.

    Raises
    ------
    ValueError
        As `solve_cpa`.
    """
    check_vector(lattice, vector)
    # two nodes give the mean and the variance exactly
    k, weight = _list_springs(springs, bond_fraction, 2)
    mean = weight @ k
    s = np.asarray(omega, float) ** 2 / mean
    beta = rigidity_threshold(lattice, vector) * (1 - s * evaluate_lattice_green(lattice, s, vector)) / mean
    return mean - (weight @ (k - mean) ** 2) * beta
