"""The double wells as the soft-potential model has them: one polynomial of fourth order along a straight line.

Karpov, Klinger and Ignatev, Sov. Phys. JETP 57, 439 (1983), describe a soft spot of a glass by one coordinate x and the
energy V(x) of fourth order. If V is stationary at 0 (the minimum r0), s (the saddle) and d (the minimum r1), then
V'(x) = c x (x - s) (x - d), from which

    V(s) = c s^3 (2 d - s) / 12,    V(d) = c d^3 (2 s - d) / 12,    V''(0) = c s d.

The distances s and d and the barrier V(s) thus give both the energy difference V(d) and the stiffness V''(0). How the
stiffness changes with d decides how |dPhi| grows with |dr|: as |dr|^2 if it does not change; as |dr|^3 if it grows as
d, which is the case if the cubic coefficient is the same everywhere; and as |dr|^4 if the quartic one is.
"""

from dataclasses import dataclass

import numpy as np

from bosonpeak import statistics
from bosonpeak.papers.two_level.wells import Interval, Wells


@dataclass(frozen=True)
class SoftPotential:
    """What the model says of the transitions that one saddle connects. Intervals are of 95 %, over glasses and members.

    Attributes
    ----------
    count : int
        Number of transitions, those with a saddle nearer to r0 than r1 is.
    stiffness : Interval
        Exponent of V''(0) against |dr|.
    asymmetry : Interval
        Exponent of |dPhi| against |dr|.
    ratio : Interval
        Median of the barrier over the one that the model has for the true energy difference, where its sign is right.
    signs : Interval
        Share of the transitions of which the model finds the sign of the energy difference.
    """

    count: int
    stiffness: Interval
    asymmetry: Interval
    ratio: Interval
    signs: Interval


def fit_soft_potential(wells: Wells) -> SoftPotential:
    """`SoftPotential` of the double wells of one system, without links, whose saddles are far from r0.

    Parameters
    ----------
    wells : Wells

    Returns
    -------
    SoftPotential

    Raises
    ------
    ValueError
        If there are fewer than five such wells.
    """
    frame = wells.connected
    frame = frame[(frame.saddle_distance < frame.distance) & (frame.barrier > 0) & (frame.asymmetry > 0)]
    if len(frame) < 5:
        raise ValueError(f"{len(frame)} double wells of {wells.system} with a saddle in between: the model needs five")
    s, d = frame.saddle_distance / frame.distance, frame.distance
    # V(s) / V(d), whose sign is that of the energy difference
    predicted = s**3 * (2 - s) / (2 * s - 1)
    right = np.sign(predicted) == np.sign(frame.energy)
    columns = {"d": d, "stiffness": 12 * frame.barrier / (d**2 * s**2 * (2 - s)), "asymmetry": frame.asymmetry}
    parts = {name: statistics.split_by_group(values, frame.glass) for name, values in columns.items()}
    ratio = (frame.barrier / frame.energy / predicted)[right]
    return SoftPotential(
        count=len(frame),
        stiffness=statistics.scaling_exponent(parts["d"], parts["stiffness"], rng=13),
        asymmetry=statistics.scaling_exponent(parts["d"], parts["asymmetry"], rng=13),
        ratio=statistics.grouped_interval(statistics.split_by_group(ratio, frame.glass[right]), np.median, rng=13),
        signs=statistics.fraction_interval(right),
    )
