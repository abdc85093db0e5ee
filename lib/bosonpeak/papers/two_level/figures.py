"""Drawing of double wells: axes in, axes filled. Energies are in epsilon."""

import numpy as np

from bosonpeak.drawing.style import CYCLE, tidy_logarithmic
from bosonpeak.papers.two_level.wells import Wells

NAMES = {"harmonic-spheres": "spheres", "lennard-jones": "Lennard-Jones"}
MARKERS = "os^D"


def draw_saddles(axes, *systems: Wells, links: bool = False) -> None:
    """Draw the barriers against the pushes on axes[0], and how barriers and asymmetries are distributed on axes[1].

    Parameters
    ----------
    axes : sequence of two matplotlib.axes.Axes
        On the first, both axes are logarithmic and the dashed line is that of equality. On the second are histograms
        over log10 of the asymmetry (filled) and of the barrier (outlined), two bins a decade.
    *systems : Wells
        One colour each.
    links : bool
        Whether the histograms contain the links.

    Raises
    ------
    ValueError
        If a system has no double well.
    """
    ends = []
    for wells, color, marker in zip(systems, CYCLE, MARKERS, strict=False):
        found, pairs, name = wells.connected, wells.wells(links), NAMES.get(wells.system, wells.system)
        if not len(found):
            raise ValueError(f"no transition of {name} is connected by one saddle: there is nothing to draw")
        look = {"color": color, "marker": marker, "linewidths": 0, "alpha": 0.75, "label": name}
        axes[0].scatter(found.push_barrier, found.barrier, 20, **look)
        ends += [found.barrier.min(), found.push_barrier.max()]
        logs = [np.log10(pairs[column][pairs[column] > 0]) for column in ("asymmetry", "barrier")]
        low, high = min(map(min, logs)), max(map(max, logs))
        bins = np.arange(np.floor(2 * low), np.ceil(2 * high) + 1) / 2
        axes[1].hist(logs[0], bins, color=color, alpha=0.4, label=f"{name}, asymmetry")
        axes[1].hist(logs[1], bins, color=color, histtype="step", linewidth=1.8, label=f"{name}, barrier")
    axes[0].plot([min(ends), max(ends)], [min(ends), max(ends)], "--", color="0.4", linewidth=1.2, zorder=0)
    axes[0].set(xscale="log", yscale="log", xlabel=r"energy of the push at $A_c$  ($\epsilon$)")
    axes[0].set(ylabel=r"barrier $\Phi(\mathbf{r}_s)-\Phi(\mathbf{r}_0)$  ($\epsilon$)")
    axes[1].set(xlabel=r"$\log_{10}$ of the energy in $\epsilon$", ylabel="double wells")
    for ax in axes:
        ax.legend(fontsize=9)
    tidy_logarithmic(axes[0])
