"""Drawings of networks and of their reduced densities of states; nothing is computed here."""

import numpy as np
from matplotlib.collections import LineCollection

REDUCED_LABEL = r"$g(\omega)/\omega$  ($m/t_0$)"
OMEGA_LABEL = r"$\omega$  ($\sqrt{t_0/m}$)"
SCALED_LABEL = r"$\omega/\omega_\mathrm{v}$"


def draw_network(
    axes, network, window=None, node_size=6.0, highlight=None, limits=(None, None), by_stiffness=False
) -> None:
    """Draw the nodes and springs of a two-dimensional network.

    Parameters
    ----------
    axes : matplotlib Axes
    network : SpringNetwork
    window : (x0, x1, y0, y1), optional
        Part to show, in the unit of length of the network. Springs across the boundary are drawn as stubs that leave
        the box.
    node_size : float
        Area of the nodes in points squared.
    highlight : array, shape (N,), optional
        Numbers by which the nodes are coloured; black by default.
    limits : (float, float)
        Ends of these colours.
    by_stiffness : bool
        Draw the springs with a width proportional to their stiffness.
    """
    x0, x1, y0, y1 = window or (-0.7, network.box[0] - 0.3, -0.7, network.box[1] - 0.3)
    start = network.positions[network.bonds[:, 0]]
    segments = np.stack([start, start + network.vectors], axis=1)
    # draw only what is visible: a large network has a million springs
    margin = 2.0
    low, high = np.array([x0, y0]) - margin, np.array([x1, y1]) + margin
    shown = ((start > low) & (start < high)).all(axis=1)
    width = 0.9
    if by_stiffness:
        width = np.clip(1.3 * network.stiffness[shown] / network.stiffness.mean(), 0.15, 4.0)
    axes.add_collection(LineCollection(segments[shown], colors="0.55", linewidths=width))
    nodes = ((network.positions > low) & (network.positions < high)).all(axis=1)
    color = {"c": "black"} if highlight is None else {
        "c": highlight[nodes], "cmap": "viridis", "vmin": limits[0], "vmax": limits[1],
    }  # fmt: skip
    axes.scatter(*network.positions[nodes].T, s=node_size, zorder=2, linewidths=0, **color)
    axes.set(xlim=(x0, x1), ylim=(y0, y1), aspect="equal", xticks=[], yticks=[])


def draw_ensemble(axes, omega, curves, color, label) -> None:
    """Draw a thin line for each sample of `curves` (n, K) over omega (K,), and a thick one for their mean."""
    axes.plot(omega, np.transpose(curves), color=color, linewidth=0.4, alpha=0.35)
    axes.plot(omega, np.mean(curves, axis=0), color=color, label=label)


def label_reduced(axes, title, omega_max, top) -> None:
    """Set the axis labels, limits and title of a plot of g/omega."""
    axes.set(xlabel=OMEGA_LABEL, ylabel=REDUCED_LABEL, title=title, xlim=(0, omega_max), ylim=(0, top))


def draw_over_level(axes, omega, over_level, color, label, line="-", references=None) -> None:
    """Draw g / omega^(d-1) over the Debye level, (K,); shaded: between two references (2, K), where they are given."""
    axes.plot(omega, over_level, color=color, linestyle=line, label=label, linewidth=1.6)
    if references is not None:
        axes.fill_between(omega, *references, color=color, alpha=0.15, linewidth=0)


def label_over_level(axes, title, omega_max, top=2.0, name=r"\mathrm{D}") -> None:
    """Labels and limits of a plot of a density over a reference of the given name, with the level 1 marked."""
    axes.axhline(1, color="0.3", linestyle=":", linewidth=1)
    axes.set(xlim=(0, omega_max), ylim=(0.5, top), xlabel=OMEGA_LABEL, ylabel=rf"$g\,/\,g_{{{name}}}$")
    axes.set_title(title, fontsize=11)


def draw_bonds(axes, networks, limits=(1, 7)) -> None:
    """Draw corners of networks by their titles, nodes coloured by their number of springs."""
    for ax, (title, network) in zip(np.ravel(axes), networks.items(), strict=True):
        draw_network(ax, network, (-0.7, 11.7, -0.7, 11.7), 18, network.coordination(), limits, by_stiffness=True)
        ax.set_title(title, fontsize=10)


def draw_intervals(axes, x, intervals, marker: str, color: str, **look) -> None:
    """Draw values with their intervals, a list of (value, (low, high)), against x."""
    middle, ends = np.array([pair[0] for pair in intervals]), np.array([pair[1] for pair in intervals])
    axes.errorbar(x, middle, abs(ends.T - middle), marker=marker, color=color, **look)
