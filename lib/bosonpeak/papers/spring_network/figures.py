"""Drawings of spring networks beside their effective medium (floor 7): axes in, axes filled, nothing computed."""

import numpy as np

from bosonpeak.drawing.networks import OMEGA_LABEL, draw_network

SCALED_LABEL = r"$\omega/\omega_\mathrm{v}$"
RATIO_LABEL = r"$g\,/\,g_\mathrm{crystal}$"
LATTICE_COLORS = {"square": "C0", "triangular": "C2", "simple-cubic": "C1", "fcc": "C3"}


def draw_comparison(axes, found, crystal, dimension: int, title: str) -> None:
    """One case: g / omega^(d-1) of the networks (line, with its error shaded), of the medium (dashed) and of the
    softened crystal (thin), and the deviation in words."""
    weight = found.omega ** (1 - dimension)
    low, high = ((found.network + sign * 2 * found.error) * weight for sign in (-1, 1))
    axes.fill_between(found.omega, low, high, color="C0", alpha=0.25, linewidth=0)
    axes.plot(found.omega, found.network * weight, color="C0", linewidth=1.4, label="network")
    axes.plot(found.omega, found.medium * weight, color="C1", linestyle="--", linewidth=1.6, label="CPA")
    axes.plot(found.omega, crystal * weight, color="0.6", linewidth=0.9, label="crystal")
    # room for the words above the curves
    top = 1.45 * max((found.network * weight).max(), (found.medium * weight).max())
    axes.set(xlim=(0, found.omega[-1]), ylim=(0, top))
    axes.set_title(title, fontsize=10)
    said = f"{100 * found.deviation:.1f} %\n(noise {100 * found.noise:.1f})"
    ground = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1}
    axes.text(0.97, 0.95, said, transform=axes.transAxes, ha="right", va="top", fontsize=9, bbox=ground)
    axes.tick_params(labelsize=9)


def draw_map(axes, x, y, values, points, levels, title: str):
    """Contours of values (Y, X) over x and y, networks as discs of their own value; returns the filled contours.

    points: list of (x, y, value).
    """
    filled = axes.contourf(x, y, values, levels=levels, cmap="viridis", extend="both")
    lines = axes.contour(x, y, values, levels=levels, colors="white", linewidths=0.5)
    axes.clabel(lines, levels[::2], fontsize=8, fmt="%.3g")
    px, py, value = np.transpose(points)
    axes.scatter(
        px, py, c=value, norm=filled.norm, cmap=filled.cmap, s=70, edgecolors="black", linewidths=1.2, zorder=3,
        clip_on=False,
    )  # fmt: skip
    axes.set_title(title, fontsize=11)
    return filled


def draw_explorer(axes, pairs) -> None:
    """One frame of the explorer: for each dimension the reduced density over the own Debye level of a network and of
    its medium, if it has one.

    pairs: list of (title, network Excess, medium Excess or None), one for each of the axes. Below rigidity it says so.
    """
    for ax, (title, network, medium) in zip(np.ravel(axes), pairs, strict=True):
        ax.set_title(title, fontsize=11)
        ax.axhline(1, color="0.4", linestyle=":", linewidth=1)
        # the crystal's singularity, at 1, is in `reduced` as well
        ax.set(xlim=(0.1, 0.9), ylim=(0.6, 3.2), ylabel=r"$g\,/\,g_\mathrm{D}$", xlabel=SCALED_LABEL)
        if not network.rigid:
            ax.text(0.5, 1.8, "below rigidity:\nno sound, no Debye level", ha="center", fontsize=11)
            continue
        scaled = network.omega / network.omega_v
        ax.plot(scaled, network.reduced / network.level, color="C0", label="network")
        if medium is not None and medium.rigid:
            ax.plot(medium.omega / medium.omega_v, medium.reduced / medium.level, "--", color="C1", label="CPA")
        crystal = network.reduced / network.ratio / network.level
        ax.plot(scaled, crystal, color="0.6", linewidth=1.1, label="softened crystal")
        ax.legend(loc="upper left", fontsize=9)


__all__ = [
    "LATTICE_COLORS",
    "OMEGA_LABEL",
    "RATIO_LABEL",
    "SCALED_LABEL",
    "draw_comparison",
    "draw_explorer",
    "draw_map",
    "draw_network",
]
