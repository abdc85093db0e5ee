"""Figures of onset temperatures. Temperatures are in epsilon / k_B."""

import numpy as np

from bosonpeak.drawing.style import CYCLE, tidy_logarithmic


def draw_heating(axes, heating) -> None:
    """Draw the share of packings that rearranged against the temperature in units of their own T_c.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    heating : heating.Heating
    """
    factors = sorted(heating.shares)
    values = np.array([heating.shares[f][0] for f in factors])
    ends = np.array([heating.shares[f][1] for f in factors]).T
    axes.errorbar(factors, values, abs(ends - values), fmt="o", color=CYCLE[0], capsize=3)
    axes.axvline(1, color="0.4", linestyle=":", linewidth=1.2)
    axes.set(xscale="log", xlabel="$T\\,/\\,T_c$", ylabel="share that rearranged", ylim=(-0.05, 1.05))


def draw_barriers(axes, barriers, extreme) -> None:
    """Draw how the barriers of small packings are distributed, and the onset of large ones as predicted and measured.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    barriers : array, shape (k,)
        Of small packings, in epsilon.
    extreme : extremes.Extreme
    """
    ordered = np.sort(barriers)
    axes.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=CYCLE[0], label="small packings")
    for value, style, label in ((extreme.predicted, "--", "predicted"), (extreme.measured, "-", "measured")):
        axes.axvline(value / 2, color=CYCLE[1], linestyle=style, label=f"smallest of a large one, {label}")
    axes.set(xscale="log", yscale="log", xlabel=r"barrier  ($\epsilon$)", ylabel="share of barriers below")
    axes.legend(fontsize=9)
    tidy_logarithmic(axes)
