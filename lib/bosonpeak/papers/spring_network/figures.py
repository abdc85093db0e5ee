"""Drawings of the chapter: axes in, axes filled."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

from bosonpeak.drawing import style
from bosonpeak.drawing.networks import OMEGA_LABEL, draw_network
from bosonpeak.networks.lattices import lattice_network
from bosonpeak.networks.placement import network_with_variance
from bosonpeak.papers.spring_network.archived import gamma_springs
from bosonpeak.papers.spring_network.network_peaks import WINDOW

SCALED_LABEL = r"$\omega/\omega_\mathrm{v}$"
LATTICE_COLORS = {"square": "C0", "triangular": "C2", "simple-cubic": "C1", "fcc": "C3"}
KNOB_COLORS = {"crystal": "0.6", "weak": "C5", "displaced": "C3", "even": "C2", "random": "C0", "strong": "C1"}


def draw_knobs() -> None:
    """A figure of three triangular lattices, each with one kind of disorder, and of two coordination distributions."""
    drawn = {
        "missing at random": lattice_network("triangular", 30, mean_coordination=4, rng=0),
        "nearly four everywhere": network_with_variance("triangular", 30, 4, 0.0, rng=0, most_rounds=4000),
        "six, of unequal strength": lattice_network("triangular", 30, springs=gamma_springs(1.5), rng=0),
    }
    _, axes = plt.subplots(2, 2, figsize=(5.8, 6))
    for ax, (title, network) in zip(axes.ravel(), drawn.items(), strict=False):
        z = network.coordination()
        draw_network(ax, network, (-0.6, 9.0, -0.6, 9.0), 22, z, limits=(1, 6), by_stiffness=True)
        ax.set_title(title, fontsize=11)
    for network, shift, label in zip(drawn.values(), (-0.2, 0.2), ("random", "even"), strict=False):
        count = np.bincount(network.coordination(), minlength=7)
        axes[1, 1].bar(np.arange(7) + shift, count / count.sum(), width=0.4, label=label)
    axes[1, 1].set(xlabel="springs at a node", ylabel="fraction of nodes")
    axes[1, 1].legend(fontsize=9)


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
    look = {"norm": filled.norm, "cmap": filled.cmap, "edgecolors": "black", "linewidths": 1.2}
    axes.scatter(px, py, c=value, s=70, zorder=3, clip_on=False, **look)
    axes.set_title(title, fontsize=11)
    return filled


def draw_errors(ax, points, marker: str, color: str, face: str, label: str) -> None:
    """Deviation (symbols) and noise (dashed), in per cent, of (static stiffness, Comparison) pairs."""
    x, y, noise = np.transpose([(stiffness, found.deviation, found.noise) for stiffness, found in points])
    ax.plot(x, 100 * y, marker=marker, color=color, markerfacecolor=face, label=label)
    ax.plot(x, 100 * noise, color="0.6", linestyle="--", linewidth=1)
    ax.set(xlabel="static stiffness K ($t_0$)", ylabel="deviation (%)", yscale="log")
    ax.legend()


def _mark_window(ax) -> None:
    """Grey band where the excess is read, and the level 1 of the crystal."""
    ax.axvspan(*WINDOW, color="0.93", zorder=0)
    ax.axhline(1, color="0.3", linestyle=":", linewidth=1)


def draw_ratios(ax, groups, title: str) -> None:
    """Ratio of g to the softened crystal's for groups of Excess by "<knob> <lattice>": mean, and range shaded.

    The triangular lattice is dashed, and only its "even" networks enter the legend.
    """
    for group, found in groups.items():
        kind, name = group.split()
        curves, color = np.array([each.ratio for each in found]), KNOB_COLORS[kind]
        ax.fill_between(found[0].scaled, curves.min(axis=0), curves.max(axis=0), color=color, alpha=0.2, linewidth=0)
        label = kind if name != "triangular" or kind == "even" else None
        line = "--" if name == "triangular" else "-"
        ax.plot(found[0].scaled, curves.mean(axis=0), color=color, linestyle=line, linewidth=1.5, label=label)
    _mark_window(ax)
    ax.set(ylabel=r"$g\,/\,g_\mathrm{crystal}$", xlim=(0.1, 0.9), ylim=(0.8, None))
    ax.set_title(title, fontsize=11)


def draw_variance(ax, fluctuations, nets, medium: float, color, line: str, label: str) -> None:
    """Net excess (F, samples) against the variance of the coordination, mean and range; a cross for the medium."""
    middle = nets.mean(axis=1)
    off = abs(np.array([nets.min(axis=1), nets.max(axis=1)]) - middle)
    look = {"color": color, "linestyle": line, "marker": "o", "markersize": 4, "linewidth": 1.3}
    ax.errorbar(fluctuations, middle, off, label=label if line == "-" else None, **look)
    ax.plot([1.0], [medium], "x", color=color, markersize=9)
    ax.axhline(1, color="0.3", linestyle=":", linewidth=1)
    ax.set(ylabel="net excess", yscale="log", ylim=(0.9, 4.6))
    ax.set_yticks([1, 1.5, 2, 3, 4], ["1", "1.5", "2", "3", "4"])
    ax.minorticks_off()


def draw_waves(axes, omega, found, speed: float, peak: float) -> None:
    """Lines of four wave vectors, dispersion and damping of `measure.Waves`, on three axes.

    omega: frequencies (K,) of the spectral functions; speed: sqrt of the network's stiffness; peak: omega of the
    maximum of g / omega.
    """
    for i, color in zip((1, 4, 7, 10), style.ordered_colors(4), strict=True):
        for curve, line, width in ((found.mean, "-", 1.3), (found.drawn, "--", 1.2)):
            axes[0].plot(omega, curve[:, i] / found.mean[:, i].max(), line, color=color, linewidth=width)
    axes[0].set(xlim=(0, 2.0), ylim=(0, 1.9), xlabel=OMEGA_LABEL)
    centre, width = found.values("frequency"), found.values("width")
    axes[1].plot(found.q, centre.mean(axis=0), "o", markersize=4, label="network")
    axes[1].plot(found.q, [line.frequency for line in found.medium], "--", color="C1", label="CPA")
    axes[1].plot(found.q, 2 * np.sin(found.q / 2) * speed, color="0.6", linewidth=1.1, label="crystal")
    axes[1].set(xlabel="q (1/a)", xlim=(0, 1.95), ylim=(0, None))
    axes[2].plot(centre.ravel(), (np.pi * width / centre).ravel(), "o", markersize=3, markerfacecolor="none")
    for lines, dashes, color in ((found.medium, "--", "C1"), (found.second, ":", "0.4")):
        x, y = np.transpose([(line.frequency, np.pi * line.width / line.frequency) for line in lines])
        axes[2].plot(x, y, dashes, color=color)
    axes[2].axhline(1, color="0.3", linewidth=0.8)
    axes[2].axvline(peak, color="0.5", linewidth=0.8)
    axes[2].set(xlabel=OMEGA_LABEL, yscale="log", xlim=(0, 1.4), ylim=(0.01, 6))


def draw_intervals(ax, x, intervals, marker: str, color: str, **look) -> None:
    """Values with their intervals, a list of (value, (low, high)), against x."""
    middle, ends = np.array([pair[0] for pair in intervals]), np.array([pair[1] for pair in intervals])
    ax.errorbar(x, middle, abs(ends.T - middle), marker=marker, color=color, **look)


def draw_contacts(ax, found, fcc) -> None:
    """Ratio of g to that of fcc for `measure.GlassContacts`, samples and mean for each cutoff, and of fcc itself."""
    for (factor, group), color in zip(found.excess.items(), style.ordered_colors(3), strict=True):
        curves, label = np.array([each.ratio for each in group]), f"z = {found.coordination[factor].mean():.1f}"
        ax.plot(group[0].scaled, curves.T, color=color, linewidth=0.5, alpha=0.6)
        ax.plot(group[0].scaled, curves.mean(axis=0), color=color, label=label)
    ax.plot(fcc.scaled, fcc.ratio, "--", color="0.5", linewidth=1.1, label="fcc")
    _mark_window(ax)
    ax.set(ylabel=r"$g\,/\,g_\mathrm{fcc}$", xlim=(0.15, 0.9), ylim=(0.6, 2.3))
    ax.legend(fontsize=9, ncols=2, loc="upper left")


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
        ax.plot(network.scaled, network.reduced / network.level, color="C0", label="network")
        if medium is not None and medium.rigid:
            ax.plot(medium.scaled, medium.reduced / medium.level, "--", color="C1", label="CPA")
        crystal = network.reduced / network.ratio / network.level
        ax.plot(network.scaled, crystal, color="0.6", linewidth=1.1, label="softened crystal")
        ax.legend(loc="upper left", fontsize=9)


@dataclass(frozen=True)
class Explorer:
    """One slider of the explorer.

    Attributes
    ----------
    pairs : dict
        For each value of the slider what `draw_explorer` draws.
    name : str
        Format of a value, such as "p = {:g}".
    """

    pairs: dict
    name: str

    def draw(self, axes, value) -> None:
        """Draw the frame of a value."""
        draw_explorer(axes, self.pairs[value])

    def describe(self, value) -> str:
        """Alternative text of the frame of a value: the highest point of each network."""
        shown = self.pairs[value]
        height = [f"highest {n.height:.2f} of the Debye level" if n.rigid else "below rigidity" for _, n, _ in shown]
        words = "; ".join(f"{title}, {height[k]}" for k, (title, _, _) in enumerate(shown))
        return f"{self.name.format(value)}: {words}."
