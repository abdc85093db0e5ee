"""Figures that the chapter jiang-2026 alone needs: axes and results in, axes filled, nothing measured."""

import matplotlib
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.patches import Circle

from bosonpeak.drawing.networks import OMEGA_LABEL, draw_ensemble, draw_network, label_reduced
from bosonpeak.drawing.style import ordered_colors
from bosonpeak.papers.jiang_2026.ensembles import DISORDERS
from bosonpeak.papers.jiang_2026.measure import EDGES, NARROW_EDGES, centres
from bosonpeak.papers.jiang_2026.mode_extension import MODE_RANGE

COLORS = dict(zip(DISORDERS, ordered_colors(len(DISORDERS), "plasma"), strict=True))
"""Colour of each disorder of the paper."""
OVER_DEBYE = r"$g(\omega)\,/\,g_\mathrm{D}(\omega)$"


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


def draw_discs(axes, packing, coordination, norm, cmap) -> None:
    """Draw the discs of a packing coloured by coordination, images across the boundary included.

    Parameters
    ----------
    axes : matplotlib Axes
    packing : DiscPacking
    coordination : array, shape (discs,)
    norm, cmap : matplotlib Normalize and Colormap
        Map the coordination to a colour.
    """
    edge = packing.box[0]
    for (x, y), radius, number in zip(packing.positions, packing.radii, coordination, strict=True):
        for dx in (-edge, 0, edge):
            for dy in (-edge, 0, edge):
                if -radius < x + dx < edge + radius and -radius < y + dy < edge + radius:
                    face = cmap(norm(number))
                    axes.add_patch(Circle((x + dx, y + dy), radius, facecolor=face, edgecolor="0.4", linewidth=0.3))
    axes.set(xlim=(0, edge), ylim=(0, edge), aspect="equal", xticks=[], yticks=[])


def draw_coordination(axes, springs, contacts) -> None:
    """Draw the distributions of springs and of contacts, the latter with a corner of a packing.

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
    axes[1].set(xlabel="contacts of a disc", ylabel="fraction of discs", xlim=(-0.6, 14))
    axes[1].set_xticks(range(0, 9, 2))
    inset = axes[1].inset_axes([0.58, 0.3, 0.42, 0.62])
    draw_discs(inset, contacts.packings[0], contacts.numbers[0], Normalize(2.5, 7.5), matplotlib.colormaps["Greys"])
    inset.set(xlim=(0, 14), ylim=(0, 14))


def draw_own_debye(axes, large, crystal) -> None:
    """Draw g / omega of the large networks with their Debye levels, and divided by them with their references shaded.

    Parameters
    ----------
    axes : two matplotlib Axes
    large : large_networks.LargeSpectra
    crystal : measure.CrystalReference
    """
    for d, color in COLORS.items():
        kind, label = ("distance", d), rf"$\delta$ = {d}"
        level = large.level[kind]
        axes[0].plot(large.omega, large.reduced[kind], color=color, label=label)
        axes[0].plot([0, 0.6], [level] * 2, color=color, linestyle="--", linewidth=1.2)
        draw_over_level(axes[1], large, kind, color, label)
    axes[0].plot(crystal.omega, crystal.reduced, color="0.5", linewidth=1.2, label="crystal")
    label_reduced(axes[0], "as measured", 2.6, 0.6)
    axes[0].set_xlabel("")
    axes[0].legend(loc="lower right", ncols=2)
    _label_over_level(axes[1], "over the own Debye level")


def draw_over_level(axes, large, kind, color, label, line="-", band=True) -> None:
    """Draw g / omega of one kind over its Debye level; shaded: between its static and its affine reference."""
    level = large.level[kind]
    axes.plot(large.omega, large.reduced[kind] / level, color=color, linestyle=line, label=label, linewidth=1.6)
    if band:
        axes.fill_between(large.omega, *large.crystals[kind] / level, color=color, alpha=0.15, linewidth=0)


def _label_over_level(axes, title, top=2.0) -> None:
    axes.axhline(1, color="0.3", linestyle=":", linewidth=1)
    label_reduced(axes, title, 2.6, top)
    axes.set(ylabel=OVER_DEBYE, ylim=(0.5, top))


def draw_box_waves(axes, box, large, kind, sizes) -> None:
    """Draw the histogram of a small box, the waves that fit it, and the density of a large box.

    Parameters
    ----------
    axes : matplotlib Axes
    box : measure.SmallBox
    large : large_networks.LargeSpectra
    kind : tuple
        Of the networks.
    sizes : tuple of int
        Nodes along an edge of the small and of the large box.
    """
    small, big = (f"{size} × {size}" for size in sizes)
    axes.bar(centres(NARROW_EDGES), box.bars, width=0.02, color="0.8", edgecolor="0.65", linewidth=0.4, label=small)
    axes.plot(large.omega, large.reduced[kind], label=big)
    axes.vlines(box.waves, 0, 0.012 * box.counts, color="C1", label=f"waves of the {small} box")
    axes.axhline(large.level[kind], color="black", linestyle="--", linewidth=1.2, label="own Debye level")
    label_reduced(axes, "", 1.15, 0.62)
    axes.legend(loc="upper right", fontsize=10)


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


def draw_participation(grid, data, found) -> None:
    """Draw the participation ratio of every mode for each disorder, and its median near the hump against the size.

    Parameters
    ----------
    grid : array of matplotlib Axes, shape (2, 2)
    data : xarray.Dataset
        Result of `archived.participation`.
    found : mode_extension.Extension
    """
    nodes = np.array([size**2 for size in found.sizes])
    last = grid[1, 1]
    for axes, (d, color) in zip(grid.ravel(), COLORS.items(), strict=False):
        modes = data.sel(disorder=d)
        moving = modes.omega.values > 1e-6
        axes.axvspan(*MODE_RANGE, color="0.9", zorder=0)
        style = {"color": color, "markersize": 2, "rasterized": True}
        axes.plot(modes.omega.values[moving], modes.ratio.values[moving], ".", **style)
        axes.axhline(1 / 3, color="0.3", linestyle="--", linewidth=1)
        axes.axhline(4 / 9, color="0.3", linestyle=":", linewidth=1)
        axes.set(title=rf"$\delta$ = {d}", xlabel=OMEGA_LABEL, ylim=(0, 0.7))
        axes.set_ylabel("participation ratio" if axes in grid[:, 0] else "")
        values = [found.median[size][d] for size in found.sizes]
        errors = np.abs(np.array([ends for _, ends in values]).T - [value for value, _ in values])
        last.errorbar(nodes, [value for value, _ in values], errors, color=color, marker="o")
    ends = nodes[[0, -1]]
    last.loglog(ends, 0.5 * ends[0] / ends, color="0.5", linewidth=1)
    last.set(xlabel="nodes", ylim=(0.05, 0.7), title="median, hump")
    last.set_yticks([0.1, 0.2, 0.4], ["0.1", "0.2", "0.4"])
    last.minorticks_off()


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
    large : large_networks.LargeSpectra
    coordination : dict
        Mean and variance of the number of springs of the displaced networks, by disorder.
    """
    for ax, (d, (mean, variance)) in zip(axes, coordination.items(), strict=True):
        for family, (line, color, label) in CONTROLS.items():
            draw_over_level(ax, large, (family, d), color, label, line, band=family == "uniform")
        _label_over_level(ax, rf"$\delta$ = {d}: $z$ = {mean:.2f}, variance {variance:.2f}")
        ax.set(xlim=(0, 2.2), xlabel=OMEGA_LABEL if ax is axes[-1] else "")
    axes[0].legend(loc="upper left", fontsize=9)


def draw_strength(axes, large) -> None:
    """Draw four springs at every node over their own Debye levels, and the displacement that nearly vanishes."""
    for (kind, label), color in zip(
        {("fixed", 0.3): "δ = 0.3", ("mixed", 0.3): "the same, at random places", ("fixed", 0.6): "δ = 0.6"}.items(),
        ("C0", "C2", "C1"),
        strict=True,
    ):
        draw_over_level(axes[0], large, kind, color, label)
    for (kind, label), color in zip(
        {("uniform", 1e-6): "δ = 10⁻⁶", ("uniform", 0.1): "δ = 0.1", ("distance", 0.5): "δ = 0.5"}.items(),
        ("C0", "C1", "C2"),
        strict=True,
    ):
        draw_over_level(axes[1], large, kind, color, label)
    for ax, title in zip(axes, ("four springs at every node", "beyond the paper's displacements"), strict=True):
        _label_over_level(ax, title)
        ax.legend(loc="upper left", fontsize=9)
    axes[0].set_xlabel("")


def draw_bonds(axes, networks) -> None:
    """Draw corners of networks next to one another, nodes coloured by their number of springs."""
    for ax, (title, network) in zip(np.ravel(axes), networks.items(), strict=True):
        draw_network(ax, network, (-0.7, 11.7, -0.7, 11.7), 18, network.coordination(), limits=(1, 7))
        ax.set_title(title, fontsize=10)


def draw_mode(axes, wave, shell) -> None:
    """Draw a mode of the hump, a plane wave of its frequency, and where the mode lies among wave vectors.

    Parameters
    ----------
    axes : three matplotlib Axes
    wave : mode_extension.HumpMode
    shell : float
        Half width of the marked shell, as a share of its radius.
    """
    for ax, field, title in zip(axes, (wave.mode, wave.plane), ("a mode of the hump", "a plane wave"), strict=False):
        ax.imshow(field, cmap="RdBu", vmin=-abs(field).max(), vmax=abs(field).max(), origin="lower")
        ax.set(title=title, xticks=[], yticks=[])
    axes[2].plot(wave.q, wave.weight, ".", markersize=3, color="C0")
    axes[2].axvspan(wave.q0 * (1 - shell), wave.q0 * (1 + shell), color="0.9", zorder=0)
    axes[2].set(xlabel="q (1/a)", ylabel="weight of a plane wave", xlim=(0, 2), ylim=(0, None))
