"""Figures that the chapter jiang-2026 alone needs: axes and results in, axes filled, nothing measured."""

import numpy as np

from bosonpeak.drawing.networks import (
    OMEGA_LABEL,
    SCALED_LABEL,
    draw_ensemble,
    draw_intervals,
    draw_over_level,
    label_over_level,
    label_reduced,
)
from bosonpeak.drawing.style import ordered_colors, tidy_logarithmic
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS
from bosonpeak.papers.jiang_2026.measure import EDGES, centres
from bosonpeak.vibrations.peaks import WINDOW

COLORS = dict(zip(DISORDERS, ordered_colors(len(DISORDERS), "plasma"), strict=True))
"""Colour of each disorder of the paper."""


def draw_histograms(axes, by_disorder, crystal, title) -> None:
    """Draw g / omega in the bins `measure.EDGES` for each disorder, and that of the crystal.

    Parameters
    ----------
    axes : matplotlib Axes
    by_disorder : dict
        (seeds, K) values for each disorder: thin lines, and their mean as a thick one.
    crystal : array, shape (K,)
    title : str
    """
    for d, histograms in by_disorder.items():
        draw_ensemble(axes, centres(EDGES), histograms, COLORS[d], rf"$\delta$ = {d}")
    axes.plot(centres(EDGES), crystal, color="black", linewidth=2.4, label=r"$\delta$ = 0")
    label_reduced(axes, title, 3.3, 0.75)


def draw_coordination(axes, springs, contacts) -> None:
    """Draw the distributions of springs at nodes and of contacts of discs.

    Parameters
    ----------
    axes : two matplotlib Axes
    springs : coordination.Coordination
    contacts : coordination.DiscContacts
    """
    for d, shares in springs.shares.items():
        mean, deviation = shares.mean(axis=0), shares.std(axis=0)
        axes[0].errorbar(range(9), mean, deviation, color=COLORS[d], marker="o", label=rf"$\delta$ = {d}")
        axes[0].axvline(springs.means[d][0], color=COLORS[d], linestyle=":", linewidth=1.2)
    axes[0].set(xlabel="springs at a node", ylabel="fraction of nodes")
    axes[0].legend()
    axes[1].bar(range(9), contacts.shares.mean(axis=0), color="0.75", edgecolor="0.3")
    axes[1].set(xlabel="contacts of a disc", ylabel="fraction of discs", xlim=(-0.6, 8.6))


def draw_solid(axes, solid) -> None:
    """Draw g of the contact networks over that of the triangular lattice: each packing, and the lattice in the box."""
    axes.axvspan(*WINDOW, color="0.93", zorder=0)
    axes.plot(solid.scaled, solid.ratios.T, color="C0", linewidth=1)
    axes.plot(solid.scaled, solid.crystal, color="0.5", linewidth=1)
    label_over_level(axes, "", 0.9, 1.5, r"\mathrm{triangular}")
    axes.set_xlabel(SCALED_LABEL)


def draw_own_debye(axes, large, crystal) -> None:
    """Draw g / omega of the large networks with their Debye levels, and divided by them with their references shaded.

    Parameters
    ----------
    axes : two matplotlib Axes
    large : dict of LargeSpectrum
    crystal : measure.CrystalReference
    """
    for d, color in COLORS.items():
        found, label = large["distance", d], rf"$\delta$ = {d}"
        axes[0].plot(found.omega, found.over_level * found.level, color=color, label=label)
        axes[0].plot([0, 0.6], [found.level] * 2, color=color, linestyle="--", linewidth=1.2)
        draw_over_level(axes[1], found.omega, found.over_level, color, label, "-", found.crystals / found.level)
    axes[0].plot(crystal.omega, crystal.reduced, color="0.5", linewidth=1.2, label="crystal")
    label_reduced(axes[0], "as measured", 2.6, 0.6)
    axes[0].set_xlabel("")
    axes[0].legend(loc="lower right", ncols=2)
    label_over_level(axes[1], "over the own Debye level", 2.6)


def draw_nine_nodes(axes, toy, omega, responses) -> None:
    """Draw the response of the nine nodes of the lattice and of its three changes, and label the poles.

    Parameters
    ----------
    axes : matplotlib Axes
    toy : nine_nodes.NineNodes
    omega : array, shape (K,)
    responses : dict
        -Im G_ii, (K, 9), of each change.
    """
    for change, color in ((None, "0.75"), ("added", "C2"), ("missing", "C1"), ("stiffer", "C0")):
        changed = np.isin(np.arange(9), (4, 6) if change == "added" else (3, 4))
        for node in range(9):
            width = 4.5 if change is None else 1.8 if changed[node] else 0.5
            axes.plot(omega, responses[change][:, node], color=color, linewidth=width)
    for change, color, height in (("added", "C2", 30), ("missing", "C1", 26), ("stiffer", "C0", 22), (None, "0.4", 34)):
        for pole in toy.poles[change][0][1:]:
            if change is None or round(pole, 6) not in toy.old:
                arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.6, "linestyle": ":"}
                axes.annotate(
                    f"{pole:.3f}", (pole, 0), (pole, height), ha="center", color=color, fontsize=9, arrowprops=arrow
                )
    axes.set(xlabel=OMEGA_LABEL, ylabel=r"$-\mathrm{Im}\,G_{ii}$  ($m/t_0$)", xlim=(1.1, 2.9), ylim=(0, 37))


def draw_participation(axes, found) -> None:
    """Draw the median participation ratio near the hump against the number of nodes, and what localised modes do."""
    nodes = np.array([size**2 for size in found.sizes])
    for d, color in COLORS.items():
        draw_intervals(axes, nodes, [found.median[n][d] for n in found.sizes], "o", color, label=rf"$\delta$ = {d}")
    axes.loglog(nodes[[0, -1]], 0.5 * nodes[0] / nodes[[0, -1]], color="0.5", linewidth=1)
    axes.axhline(1 / 3, color="0.3", linestyle="--", linewidth=1)
    axes.set(xlabel="nodes", ylabel="participation ratio", ylim=(0.02, 0.7))
    tidy_logarithmic(axes)
    axes.legend(fontsize=9)


CONTROLS = {
    "uniform": ("-", "C1", "displaced"),
    "rewired": ("--", "C0", "rewired"),
    "matched": ("-.", "C2", "random, equal mean and variance"),
    "diluted": (":", "0.4", "random, equal mean"),
}
"""Families of equal springs that are compared with one another: line, colour and name of each."""


def draw_controls(axes, large, coordination) -> None:
    """Draw networks of equal springs over their own Debye levels, one panel for each disorder.

    Parameters
    ----------
    axes : three matplotlib Axes
    large : dict of LargeSpectrum
    coordination : dict
        Mean and variance of the number of springs of the displaced networks, by disorder.
    """
    for ax, (d, (mean, variance)) in zip(axes, coordination.items(), strict=True):
        for family, (line, color, label) in CONTROLS.items():
            found = large[family, d]
            band = found.crystals / found.level if family == "uniform" else None
            draw_over_level(ax, found.omega, found.over_level, color, label, line, band)
        label_over_level(ax, rf"$\delta$ = {d}: $z$ = {mean:.2f}, variance {variance:.2f}", 2.2)
    axes[0].legend(loc="upper left", fontsize=9)


LIMITS = (
    ("four springs at every node", {("fixed", 0.3): "δ = 0.3", ("mixed", 0.3): "mixed", ("fixed", 0.6): "δ = 0.6"}),
    ("distance rule", {("uniform", 1e-6): "δ = 10⁻⁶", ("uniform", 0.1): "δ = 0.1", ("distance", 0.5): "δ = 0.5"}),
)
"""Networks in which the strength alone fluctuates, and limits of the displacement, by the title of their panel."""


def draw_strength(axes, large) -> None:
    """Draw the networks of `LIMITS` over their own Debye levels, with their references shaded."""
    for ax, (title, kinds) in zip(axes, LIMITS, strict=True):
        for (kind, label), color in zip(kinds.items(), ("C0", "C2", "C1"), strict=True):
            found = large[kind]
            draw_over_level(ax, found.omega, found.over_level, color, label, "-", found.crystals / found.level)
        label_over_level(ax, title, 2.6)
        ax.legend(loc="upper left", fontsize=9)


def draw_mode(axes, wave, shell) -> None:
    """Draw a mode of the hump, and where it lies among wave vectors; shell: half width of the marked range over q0."""
    axes[0].imshow(wave.mode, cmap="RdBu", origin="lower")
    axes[0].set(xticks=[], yticks=[])
    axes[1].plot(wave.q, wave.weight, ".", markersize=3)
    axes[1].axvspan(wave.q0 * (1 - shell), wave.q0 * (1 + shell), color="0.9", zorder=0)
    axes[1].set(xlabel="q (1/a)", ylabel="weight of a plane wave", xlim=(0, 2), ylim=(0, None))
