"""Energy barriers of pushes, and the temperature at which equipartition carries a mode over the lowest of them."""

from dataclasses import dataclass

import numpy as np

from bosonpeak.papers.mizuno_2020.measure import NONE, Estimate, Pushed, size_exponent, smallest_by_size

TABLE_I = {
    "spheres": {32000: 1.3e-6, 128000: 2.9e-7, 512000: 3.7e-9},
    "lj": {8000: 1.1e-1, 32000: 2.3e-2, 128000: 6.3e-3},
}
"""T_c (epsilon / k_B) by number of particles in Table I of the paper."""
SMALLEST = {"spheres": {512000: 1e-6}, "lj": {128000: 1e-4}}
"""Smallest A_c (sigma) of its Fig. 3, at its largest size."""


@dataclass(frozen=True)
class Onset:
    """The temperature T_c at which equipartition carries the first mode of a glass over its barrier.

    T_c = 2 min(barrier) with k_B = 1, and the barrier Phi(A_c) - Phi(0) of Eq. 8 (mizuno-2020, Sec. III A).

    Attributes
    ----------
    values : dict
        T_c (epsilon / k_B) of each glass in which a mode left, shape (k,), by number of particles. Sizes at which no
        mode left are not in it.
    covered : float
        Share of the modes below the boson peak that were pushed, in the glass where it is smallest. Below 0.9 the
        values are upper bounds.
    exponent : Estimate
        a of median T_c ~ N^a, over the sizes with two glasses or more.
    note : str
        What is measured, in words.
    """

    values: dict[int, np.ndarray]
    covered: float
    exponent: Estimate
    note: str

    @property
    def judged(self) -> Estimate:
        """The exponent if at least 90 % of the modes below the boson peak were pushed, and (None, None) otherwise."""
        return self.exponent if self.covered >= 0.9 else NONE

    @property
    def largest(self) -> tuple[int, int, float]:
        """The largest number of particles, its number of glasses, and the median of their T_c (epsilon / k_B)."""
        n = max(self.values)
        return n, len(self.values[n]), float(np.median(self.values[n]))

    @property
    def widest(self) -> tuple[int, float]:
        """The number of particles at which T_c spreads most from glass to glass, and the decades it spreads over."""
        spread = {n: np.ptp(np.log10(values)) for n, values in self.values.items()}
        n = max(spread, key=spread.get)
        return n, float(spread[n])


def onset_of(pushed: Pushed) -> Onset:
    """`Onset` of all glasses of a system. A minimum over some of the slow modes is an upper bound of T_c.

    Parameters
    ----------
    pushed : Pushed

    Returns
    -------
    Onset

    Raises
    ------
    ValueError
        If no mode below the boson peak was pushed.
    """
    values = {n: 2 * barriers for n, barriers in smallest_by_size(pushed, "barrier").items()}
    covered = min(
        float(np.isin(np.flatnonzero(run.frequency.values < pushed.boson_peak), run.mode_index.values).mean())
        for run in pushed.every_table
        if run.sizes["pushed"] and run.frequency.values[0] < pushed.boson_peak
    )
    # a size with one glass says nothing about the next
    exponent = size_exponent({n: v for n, v in values.items() if len(v) > 1}, rng=5)
    note = ", ".join(f"N = {n}: median {np.median(v):.1e} of {len(v)}" for n, v in values.items())
    if exponent[0] is not None:
        note += f"; exponent {exponent[0]:.2f} [{exponent[1][0]:.2f}, {exponent[1][1]:.2f}]"
    if covered < 0.9:
        note += f"; upper bounds: in one packing only {100 * covered:.0f} % of the modes below the peak were pushed"
    return Onset(values, covered, exponent, note)


def complete_onsets(pushed: Pushed, share: float = 1.0) -> tuple[np.ndarray, int]:
    """T_c of the glasses of which the modes below the boson peak were pushed.

    Parameters
    ----------
    pushed : Pushed
        Of the sizes that are wanted.
    share : float
        The least share of these modes.

    Returns
    -------
    onsets : array, shape (k,)
        In epsilon / k_B.
    modes : int
        Mean number of modes below the boson peak of these glasses, rounded; 0 if there is none.
    """
    onsets, counts = [], []
    for _, modes in pushed.modes.groupby("sample"):
        table = pushed.every_table[int(modes["sample"].iloc[0])]
        low = np.flatnonzero(table.frequency.values < pushed.boson_peak)
        # the last mode that was computed must lie above the peak
        if np.isin(low, table.mode_index.values).mean() >= share and len(low) < table.sizes["mode"]:
            onsets.append(2 * modes[modes.left].barrier.min())
            counts.append(len(low))
    return np.array(onsets), round(float(np.mean(counts))) if counts else 0
