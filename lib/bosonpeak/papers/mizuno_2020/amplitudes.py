"""How far modes can be pushed before they leave: the amplitude A_c, its trends, and its third-order estimate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bosonpeak.papers.mizuno_2020.measure import Estimate, Pushed, place_of, sample_median
from bosonpeak.papers.mizuno_2020.transitions import computed_modes, correlate


@dataclass(frozen=True)
class Gap:
    """How clearly pushes that return differ from those that leave; lengths in sigma.

    Attributes
    ----------
    decades : float
        Smallest gap between both kinds, over all modes that left.
    loose_decades : float
        The gap in the scan with the force tolerance 1e-6.
    returned, smallest : float
        The largest distance of a push that returned, and the smallest of one that left.
    loose_returned : float
        The largest distance of a push that returned in the scan with the force tolerance 1e-6.
    """

    decades: float
    loose_decades: float
    returned: float
    smallest: float
    loose_returned: float


def transition_gap(systems: Sequence[Pushed], scans: xr.Dataset) -> Gap:
    """`Gap` of all modes of some systems, and of a scan with a loose tolerance.

    Parameters
    ----------
    systems : sequence of Pushed
    scans : xarray.Dataset
        Of `pushes.scan_lowest_modes`, with the force tolerance 1e-6.

    Returns
    -------
    Gap
    """
    loose = scans.distance.sel(tolerance=1e-6).values
    short = float(loose[loose < 0.01].max())
    return Gap(
        decades=min(float(np.log10(s.left.left_distance / s.left.returned_distance).min()) for s in systems),
        loose_decades=float(np.log10(loose[loose > 0.01].min() / short)),
        returned=max(float(s.modes.returned_distance.max()) for s in systems),
        smallest=min(float(s.left.left_distance.min()) for s in systems),
        loose_returned=short,
    )


def amplitude_trend(pushed: Pushed, rng: np.random.Generator, below: bool = False) -> tuple[Estimate, Estimate]:
    """Rank correlation of A_c with frequency within the glasses, and the same with A_c shuffled in each glass.

    Parameters
    ----------
    pushed : Pushed
    rng : numpy.random.Generator
        Shuffles.
    below : bool
        Whether only the modes below the boson peak count.

    Returns
    -------
    trend, shuffled : Estimate
    """
    frame = (pushed.low if below else pushed.left).copy()
    frame["shuffled"] = frame.groupby("sample").amplitude.transform(rng.permutation)
    return correlate(frame, "frequency", "amplitude"), correlate(frame, "frequency", "shuffled")


def amplitude_ratio(spheres: Pushed, lj: Pushed, modes: int = 12) -> tuple[Estimate, int]:
    """Median A_c of the lowest modes of spheres over that of Lennard-Jones, at the smallest size that both have.

    Parameters
    ----------
    spheres, lj : Pushed
    modes : int
        Number of the lowest modes of each glass that count.

    Returns
    -------
    ratio : Estimate
        The interval is the quadrature sum of the two intervals of ln A_c.
    n : int
        The number of particles.

    Raises
    ------
    ValueError
        If no size is common to both.
    """
    common = min(set(spheres.tables) & set(lj.tables))
    low = [left[(left.n_atoms == common) & (left["mode"] < modes)] for left in (spheres.left, lj.left)]
    found = [sample_median(frame.assign(logarithm=np.log(frame.amplitude)), "logarithm", rng=3) for frame in low]
    (ours, our_ends), (theirs, their_ends) = found
    ratio, wide = np.exp(ours - theirs), np.hypot(np.ptp(our_ends), np.ptp(their_ends)) / 2
    return (ratio, (ratio * np.exp(-wide), ratio * np.exp(wide))), common


@dataclass(frozen=True)
class Nature:
    """Rank correlations with a measure of how phonon-like or extended a mode is, below the boson peak.

    Attributes
    ----------
    amplitude : Estimate
        Of A_c, over the modes that left.
    estimate : Estimate
        Of the third-order estimate of A_c, over the same modes.
    every_estimate : Estimate
        Of the third-order estimate, over all modes that were computed.
    distance : Estimate
        Of |r1 - r0|, over the modes that left.
    count, every_count : int
        Numbers of modes that left, and of all computed modes.
    place, every_place : dict
        `Pushed.place` with the seeds of either.
    """

    amplitude: Estimate
    estimate: Estimate
    every_estimate: Estimate
    distance: Estimate
    count: int
    every_count: int
    place: dict
    every_place: dict


def nature_of(pushed: Pushed, column: str, least: int) -> Nature:
    """`Nature` of the modes in large boxes.

    Parameters
    ----------
    pushed : Pushed
    column : {"phonon_order_parameter", "participation_ratio"}
        With which the correlations are computed.
    least : int
        Smallest number of particles of a box.

    Returns
    -------
    Nature
    """
    every = computed_modes(pushed.every_table).query("frequency < @pushed.boson_peak and n_atoms >= @least")
    frame = pushed.low[pushed.low.n_atoms >= least]
    return Nature(
        amplitude=correlate(frame, column, "amplitude"),
        estimate=correlate(frame, column, "third_order_amplitude"),
        every_estimate=correlate(every, column, "third_order_amplitude"),
        distance=correlate(frame, column, "distance"),
        count=len(frame),
        every_count=len(every),
        place=pushed.place | (place_of(frame) if len(frame) else {"seeds": []}),
        every_place=pushed.place | (place_of(every) if len(every) else {"seeds": []}),
    )
