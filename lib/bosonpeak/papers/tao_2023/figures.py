"""Drawings of what is learned: networks, scores beside their ceiling, predictions, surroundings (floor 7)."""

from itertools import pairwise

import numpy as np

from bosonpeak.drawing.style import ordered_colors
from bosonpeak.statistics import mean_interval

INTENSITY = r"$I_\mathrm{BP}$  ($10^{-6}$ (rad/ps)$^{-3}$)"
"""Label of an axis of boson peaks."""
PAIRS = ("Cu-Cu", "Cu-Zr", "Zr-Cu", "Zr-Zr")


def draw_network(axes, neurons, inputs="inputs", output=r"$I_\mathrm{BP}$", shown=7) -> None:
    """Layers as columns of neurons, at most `shown` of each with dots between, all connected to the next.

    neurons: of every layer, inputs first and the output last.
    """
    places = []
    for count in neurons:
        k = min(count, shown)
        places.append(np.linspace(-0.5, 0.5, k) * (k - 1) / (shown - 1) if k > 1 else np.zeros(1))
    for x, (here, there) in enumerate(pairwise(places)):
        for a in here:
            axes.plot([x, x + 1], [np.full(len(there), a), there], color="0.8", linewidth=0.5, zorder=1)
    for x, (column, count, color) in enumerate(zip(places, neurons, ordered_colors(len(neurons)), strict=True)):
        axes.plot(np.full(len(column), x), column, "o", color=color, markersize=11, zorder=2)
        axes.text(x, -0.66, f"{count}", ha="center", va="top")
        if count > shown:
            axes.text(x, 0.0, r"$\vdots$", ha="center", va="center", color="white", zorder=3)
    axes.text(0, 0.62, inputs, ha="center", va="bottom")
    axes.text(len(neurons) - 1, 0.14, output, ha="center", va="bottom")
    axes.set(xlim=(-0.4, len(neurons) - 0.6), ylim=(-0.85, 0.8))
    axes.set_axis_off()


def draw_by_rate(axes, rates, values, color="#0072B2", label=None) -> None:
    """Every sample as a faint point over its cooling rate (K/s), and the mean of each rate with its 95 % interval.

    Rates of one or two samples have their points alone: an interval from two is a dozen times their distance.
    """
    rates, values = np.asarray(rates, float), np.asarray(values, float)
    axes.plot(rates, values, ".", color=color, alpha=0.25, markersize=4)
    several = [(rate, values[rates == rate]) for rate in np.unique(rates) if (rates == rate).sum() > 2]
    if several:
        found = [mean_interval(group) for _, group in several]
        mean = np.array([value for value, _ in found])
        ends = abs(np.array([ends for _, ends in found]).T - mean)
        axes.errorbar([rate for rate, _ in several], mean, ends, fmt="o", color=color, markersize=4, label=label)
    axes.set(xscale="log", xlabel="cooling rate  (K/s)")


def draw_scores(axes, names, scores, ceiling=None, label=r"$R^2$", color="#0072B2", offset=0.0, legend=None) -> None:
    """(value, (low, high)) of every name as a bar with its interval; ceiling: (value, (low, high)), a band behind."""
    at = np.arange(len(names)) + offset
    value = np.array([score for score, _ in scores])
    ends = abs(np.array([ends for _, ends in scores]).T - value)
    axes.errorbar(value, at, xerr=ends, fmt="o", color=color, capsize=3, markersize=5, label=legend)
    axes.axvline(0, color="0.5", linewidth=0.8)
    if ceiling is not None:
        axes.axvspan(*ceiling[1], color="0.85", zorder=0)
        axes.axvline(ceiling[0], color="0.4", linestyle="--", linewidth=1)
    axes.set(xlabel=label, yticks=np.arange(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))


def draw_parity(axes, true, predicted, bins=10, unit=INTENSITY, cmap="Blues") -> None:
    """Predicted against true values, as a map of their number, means of equally many samples, and the diagonal."""
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    low, high = np.quantile(np.concatenate([true, predicted]), [0.002, 0.998])
    cells = 40 if len(true) > 2000 else 20
    axes.hist2d(true, predicted, bins=cells, range=[(low, high)] * 2, cmap=cmap, cmin=1, rasterized=True)
    groups = np.array_split(np.argsort(true, kind="stable"), min(bins, len(true)))
    axes.plot([true[g].mean() for g in groups], [predicted[g].mean() for g in groups], "o", color="#D55E00")
    axes.plot([low, high], [low, high], "--", color="0.3", linewidth=1)
    axes.set(xlabel=f"true {unit}", ylabel=f"predicted {unit}", xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.grid(False)


def draw_surroundings(axes, r, true, predicted=None, channel=0) -> None:
    """g(r) around the atoms with the lowest and the highest boson peak: lines by the true ones, dots by the predicted.

    true, predicted: (2, 4, K), lowest first (`learning.atoms.extreme_functions`); channel: of the four.
    """
    for side, (color, name) in enumerate((("#0072B2", "lowest tenth"), ("#D55E00", "highest tenth"))):
        axes.plot(r, true[side, channel], color=color, label=name)
        if predicted is not None:
            axes.plot(r[::2], predicted[side, channel, ::2], ".", color=color, markersize=4)
    axes.set(xlabel=r"$r$  (Å)", ylabel=rf"$g(r)$, {PAIRS[channel]}", xlim=(r[0], r[-1]), ylim=(0, None))
