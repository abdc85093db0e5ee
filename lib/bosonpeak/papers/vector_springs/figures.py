"""Drawings of networks of vector springs and of packings: axes in, axes filled."""

import numpy as np

from bosonpeak.drawing import networks, style
from bosonpeak.papers.vector_springs.networks import KINDS, OMEGA, Onsets, PreStress


def draw_onsets(ax, found: Onsets, color: str, label: str) -> None:
    """omega* against z - 2d in logarithms: even (filled) and random (open) vector springs, scalar springs (crosses).

    A dotted line of slope 1 passes through the mean of the even networks.
    """
    for kind, marker, face, name in zip(KINDS, "oox", (color, "none", color), (label, None, None), strict=True):
        ax.plot(found.distance, found.frequencies[kind].mean(axis=1), marker, color=color, mfc=face, label=name)
    middle = np.exp(np.log(found.frequencies["even"]).mean() - np.log(found.distance).mean())
    ax.plot(found.distance, middle * found.distance, ":", color=color, linewidth=1.1)
    ax.set(xscale="log", yscale="log", xlabel="z − 2d", ylabel=r"$\omega^*$  ($\sqrt{t_0/m}$)")


def draw_prestress(ax, found: PreStress) -> None:
    """g of packings with the forces in their contacts and without them: mean, range shaded, and omega* (thin lines)."""
    for (kind, curves), color in zip(found.densities.items(), style.ordered_colors(2), strict=True):
        ax.fill_between(OMEGA, curves.min(axis=0), curves.max(axis=0), color=color, alpha=0.25, linewidth=0)
        ax.plot(OMEGA, curves.mean(axis=0), color=color, label=f"with {kind}" if kind == "forces" else f"{kind} only")
        ax.axvline(found.onsets[kind].mean(), color=color, linewidth=0.8)
    ax.set(xlim=(0, OMEGA[-1]), ylim=(0, None), xlabel=networks.OMEGA_LABEL, ylabel=r"$g(\omega)$  ($\sqrt{m/t_0}$)")
    ax.legend()
