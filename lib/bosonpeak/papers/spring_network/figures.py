"""Drawings of the chapter: axes in, axes filled."""

from dataclasses import dataclass

import numpy as np

from bosonpeak.drawing import style
from bosonpeak.drawing.networks import OMEGA_LABEL
from bosonpeak.papers.spring_network.excess import WINDOW

SCALED_LABEL = r"$\omega/\omega_\mathrm{v}$"
LATTICE_COLORS = {"square": "C0", "triangular": "C2", "simple-cubic": "C1", "fcc": "C3"}
KNOB_COLORS = {"crystal": "0.6", "weak": "C5", "displaced": "C3", "even": "C2", "random": "C0", "strong": "C1"}


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


def draw_map(axes, x, y, values, discs, levels, title: str):
    """Contours of values (Y, X) over x and y, networks as discs of their own value; returns the filled contours.

    discs: values of the networks by (x, y).
    """
    filled = axes.contourf(x, y, values, levels=levels, cmap="viridis", extend="both")
    lines = axes.contour(x, y, values, levels=levels, colors="white", linewidths=0.5)
    axes.clabel(lines, levels[::2], fontsize=8, fmt="%.3g")
    look = {"norm": filled.norm, "cmap": filled.cmap, "edgecolors": "black", "linewidths": 1.2}
    axes.scatter(*np.transpose(list(discs)), c=list(discs.values()), s=70, zorder=3, clip_on=False, **look)
    axes.set_title(title, fontsize=11)
    return filled


def draw_errors(ax, points, marker: str, color: str, face: str, label: str) -> None:
    """Deviation (symbols) and noise (dashed), in per cent, of (static stiffness, Comparison) pairs."""
    x, y, noise = np.transpose([(stiffness, found.deviation, found.noise) for stiffness, found in points])
    ax.plot(x, 100 * y, marker=marker, color=color, markerfacecolor=face, label=label)
    ax.plot(x, 100 * noise, color="0.6", linestyle="--", linewidth=1)
    ax.set(xlabel="static stiffness K ($t_0$)", ylabel="deviation (%)", yscale="log")
    ax.legend()


def draw_ratios(ax, groups, title: str) -> None:
    """Ratio of g to the softened crystal's for groups of Excess by "<knob> <lattice>": mean, and range shaded.

    The triangular lattice is dashed, and only its "even" networks enter the legend.
    """
    for group, found in groups.items():
        kind, name = group.split()
        curves, scaled, color = found.values("ratio"), found.samples[0].scaled, KNOB_COLORS[kind]
        ax.fill_between(scaled, curves.min(axis=0), curves.max(axis=0), color=color, alpha=0.2, linewidth=0)
        label = kind if name != "triangular" or kind == "even" else None
        line = "--" if name == "triangular" else "-"
        ax.plot(scaled, curves.mean(axis=0), color=color, linestyle=line, linewidth=1.5, label=label)
    _label_ratio(ax, "crystal", xlim=(0.1, 0.9), ylim=(0.8, None))
    ax.set_title(title, fontsize=11)


def _label_ratio(ax, reference: str, **limits) -> None:
    """Label of a ratio of densities, grey band where the excess is read, and the level 1 of the crystal."""
    ax.axvspan(*WINDOW, color="0.93", zorder=0)
    ax.axhline(1, color="0.3", linestyle=":", linewidth=1)
    ax.set(ylabel=rf"$g\,/\,g_\mathrm{{{reference}}}$", **limits)


def draw_variance(ax, fluctuations, groups, medium: float, color, line: str, label: str) -> None:
    """Net excess of a Group for each variance of the coordination, mean and range; a cross for the medium."""
    nets = np.array([group.values("net") for group in groups])
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
    """Lines of four wave vectors, dispersion and damping of `network_waves.Waves`, on three axes.

    omega: frequencies (K,) of the spectral functions; speed: sqrt of the network's stiffness; peak: omega of the
    maximum of g / omega.
    """
    for i, color in zip((1, 4, 7, 10), style.ordered_colors(4), strict=True):
        for curve, line, width in ((found.mean, "-", 1.3), (found.drawn, "--", 1.2)):
            axes[0].plot(omega, curve[:, i] / found.mean[:, i].max(), line, color=color, linewidth=width)
    axes[0].set(xlim=(0, 2.0), ylim=(0, 1.9), xlabel=OMEGA_LABEL)
    centre = found.values("frequency")
    axes[1].plot(found.q, centre.mean(axis=0), "o", markersize=4, label="network")
    axes[1].plot(found.q, found.medium.frequency, "--", color="C1", label="CPA")
    axes[1].plot(found.q, 2 * np.sin(found.q / 2) * speed, color="0.6", linewidth=1.1, label="crystal")
    axes[1].set(xlabel="q (1/a)", xlim=(0, 1.95), ylim=(0, None))
    axes[2].plot(centre.ravel(), found.values("damping").ravel(), "o", markersize=3, markerfacecolor="none")
    axes[2].plot(found.medium.frequency, found.medium.damping, "--", color="C1")
    axes[2].plot(found.second.frequency, found.second.damping, ":", color="0.4")
    axes[2].axhline(1, color="0.3", linewidth=0.8)
    axes[2].axvline(peak, color="0.5", linewidth=0.8)
    axes[2].set(xlabel=OMEGA_LABEL, yscale="log", xlim=(0, 1.4), ylim=(0.01, 6))


def draw_intervals(ax, x, intervals, marker: str, color: str, **look) -> None:
    """Values with their intervals, a list of (value, (low, high)), against x."""
    middle, ends = np.array([pair[0] for pair in intervals]), np.array([pair[1] for pair in intervals])
    ax.errorbar(x, middle, abs(ends.T - middle), marker=marker, color=color, **look)


def draw_contacts(ax, found, fcc) -> None:
    """Ratio of g to that of fcc for `contacts.GlassContacts`, samples and mean for each cutoff, and of fcc."""
    for each, color in zip(found.contacts.values(), style.ordered_colors(3), strict=True):
        curves, scaled = each.excess.values("ratio"), each.excess.samples[0].scaled
        ax.plot(scaled, curves.T, color=color, linewidth=0.5, alpha=0.6)
        ax.plot(scaled, curves.mean(axis=0), color=color, label=f"z = {each.coordination:.1f}")
    ax.plot(fcc.scaled, fcc.ratio, "--", color="0.5", linewidth=1.1, label="fcc")
    _label_ratio(ax, "fcc", xlim=(0.15, 0.9), ylim=(0.6, 2.3))
    ax.legend(fontsize=9, ncols=2, loc="upper left")


@dataclass(frozen=True)
class Explorer:
    """One slider of the explorer.

    Attributes
    ----------
    pairs : dict
        For each value of the slider, for each of the axes a title, the Excess of a network, and that of its effective
        medium or None.
    name : str
        Format of a value, such as "p = {:g}".
    """

    pairs: dict
    name: str

    def draw(self, axes, value) -> None:
        """Draw the frame of a value: g / omega^(d-1) over the Debye level. Below rigidity it says so."""
        for ax, (title, network, medium) in zip(np.ravel(axes), self.pairs[value], strict=True):
            ax.set_title(title, fontsize=11)
            ax.axhline(1, color="0.4", linestyle=":", linewidth=1)
            # the crystal's singularity, at 1, is in `reduced` as well
            ax.set(xlim=(0.1, 0.9), ylim=(0.6, 3.2), ylabel=r"$g\,/\,g_\mathrm{D}$", xlabel=SCALED_LABEL)
            if not network.rigid:
                ax.text(0.5, 1.8, "below rigidity:\nno sound, no Debye level", ha="center", fontsize=11)
                continue
            ax.plot(network.scaled, network.over_level, color="C0", label="network")
            if medium is not None and medium.rigid:
                ax.plot(medium.scaled, medium.over_level, "--", color="C1", label="CPA")
            ax.plot(network.scaled, network.crystal, color="0.6", linewidth=1.1, label="softened crystal")
            ax.legend(loc="upper left", fontsize=9)

    def describe(self, value) -> str:
        """Alternative text of the frame of a value: the highest point of each network."""
        text = {True: "{}, highest {:.2f} of the Debye level", False: "{}, below rigidity"}
        words = "; ".join(text[found.rigid].format(title, found.height) for title, found, _ in self.pairs[value])
        return f"{self.name.format(value)}: {words}."
