"""The onset temperature of a large packing as the extreme value of barriers that small packings have.

If the barriers b along the slow modes have the density P(b) ~ b^theta near zero, the smallest of M of them goes as
M^(-1 / (1 + theta)) (Weibull). Karmakar, Lerner and Procaccia, Phys. Rev. E 82, 055103 (2010) used this for the strain
at which a glass yields first. The number of slow modes, M, grows as the number of particles N, so that the onset
temperature T_c = 2 min b of mizuno-2020 would go as N^(-1 / (1 + theta)). Energies are in epsilon, temperatures in
epsilon / k_B.
"""

from dataclasses import dataclass

import numpy as np

from bosonpeak import statistics

Estimate = tuple[float | None, tuple[float, float] | None]
"""A value and its 95 % interval; (None, None) where there is none."""


@dataclass(frozen=True)
class Extreme:
    """Onset temperatures of large packings compared with what the barriers of small ones predict.

    Attributes
    ----------
    theta : Estimate
        Exponent of the density of the barriers of the small packings, below their quantile of 30 %.
    slope : Estimate
        -1 / (1 + theta), the exponent of T_c with N.
    predicted, measured : float
        Median T_c of the large packings.
    ratio : Estimate
        Measured over predicted. The interval holds 95 % of what the prediction allows for as many packings.
    typical : float
        Measured over twice the median barrier of the small packings, a control: no extreme value is taken.
    """

    theta: Estimate
    slope: Estimate
    predicted: float
    measured: float
    ratio: Estimate
    typical: float


def smallest_of(barriers, modes: int, packings: int, rng: np.random.Generator, draws: int = 4000) -> np.ndarray:
    """Median over some packings of twice the smallest of `modes` barriers, drawn again and again from a pool.

    Parameters
    ----------
    barriers : array, shape (k,)
        The pool.
    modes : int
        Number of slow modes of a packing.
    packings : int
    rng : numpy.random.Generator
    draws : int

    Returns
    -------
    array, shape (draws,)
    """
    ordered = np.sort(np.asarray(barriers, float))
    # the smallest of m uniform numbers, without drawing all of them; between the barriers the pool is interpolated
    share = 1 - rng.random((draws, packings)) ** (1 / modes)
    rank = share * len(ordered) - 0.5
    return 2 * np.median(np.exp(np.interp(rank, np.arange(len(ordered)), np.log(ordered))), axis=1)


def barrier_exponent(barriers) -> tuple[Estimate, Estimate]:
    """theta of the density of some barriers below their quantile of 30 %, and the exponent of T_c with N that follows.

    Parameters
    ----------
    barriers : array, shape (k,)

    Returns
    -------
    theta, slope : Estimate
        The slope is -1 / (1 + theta). (None, None) for fewer than twenty barriers.
    """
    if len(barriers) < 20:
        return (None, None), (None, None)
    theta, (low, high) = statistics.density_exponent(barriers, np.quantile(barriers, 0.3))
    return (theta, (low, high)), (-1 / (1 + theta), (-1 / (1 + low), -1 / (1 + high)))


def predict_onset(small, large, modes: int, rng: int = 11) -> Extreme:
    """`Extreme` from the barriers of small packings and the onset temperatures of large ones.

    Parameters
    ----------
    small : array, shape (k,)
        Barriers along the modes below the boson peak of small packings.
    large : array, shape (p,)
        T_c of large packings.
    modes : int
        Number of modes below the boson peak of a large packing.
    rng : int
        Seed of the draws.

    Returns
    -------
    Extreme

    Raises
    ------
    ValueError
        If there are fewer than twenty barriers, or no large packing.
    """
    small, large = np.asarray(small, float), np.asarray(large, float)
    if len(small) < 20 or not len(large):
        raise ValueError(
            f"{len(small)} barriers and {len(large)} packings: a prediction needs 20 barriers and 1 packing"
        )
    drawn = smallest_of(small, modes, len(large), np.random.default_rng(rng))
    predicted, measured = float(np.median(drawn)), float(np.median(large))
    first, last = np.quantile(drawn, [0.025, 0.975])
    theta, slope = barrier_exponent(small)
    return Extreme(
        theta=theta,
        slope=slope,
        predicted=predicted,
        measured=measured,
        ratio=(measured / predicted, (float(measured / last), float(measured / first))),
        typical=float(measured / (2 * np.median(small))),
    )
