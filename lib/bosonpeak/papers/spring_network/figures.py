"""Drawings of the chapter: axes in, axes filled."""

import numpy as np
from scipy.stats import gamma, uniform

from bosonpeak.drawing import style
from bosonpeak.drawing.networks import OMEGA_LABEL, draw_network, draw_over_level, label_over_level
from bosonpeak.networks import SpringNetwork
from bosonpeak.papers.spring_network.recipes import DISTRIBUTIONS
from bosonpeak.vibrations.peaks import WINDOW

KNOB_COLORS = {"crystal": "0.6", "even": "C2", "random": "C0"}


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


def draw_waves(axes, found) -> None:
    """Width against frequency of the lines of `network_waves.Waves` by case, one of the axes for each.

    Networks (circles, filled where the exponent is read), effective medium (dashed), a line of slope d + 1, the width
    of the kernel (dotted), and the crossover of Ioffe and Regel and half of it (thin vertical lines).
    """
    for ax, (case, each) in zip(axes, found.items(), strict=True):
        mean, half, power = each.networks.mean(axis=1), each.crossover / 2, each.dimension + 1
        ax.plot(*each.networks.reshape(2, -1), "o", color="C0", markersize=4, markerfacecolor="none")
        ax.plot(*each.networks[:, :, each.below].reshape(2, -1), "o", color="C0", markersize=4)
        ax.plot(*each.medium[:, 0], "--", color="C1", label="CPA")
        ax.plot(mean[0], each.kernel, ":", color="0.4", label="kernel")
        ends = np.array([0.4, 1.0]) * half
        ax.plot(ends, np.interp(half, *mean) * (ends / half) ** power, color="0.3", linewidth=1, label=f"slope {power}")
        ax.vlines([half, 2 * half], *ax.get_ylim(), color="0.6", linewidth=0.8)
        ax.set(xscale="log", yscale="log", xlabel=OMEGA_LABEL, ylabel=r"$\Gamma$  ($\sqrt{t_0/m}$)")
        ax.legend(title=case, fontsize=9)
    style.tidy_logarithmic(*axes)


def draw_medium(axes, network) -> None:
    """Draw a network of unequal springs, and its effective medium with one spring of the network put back."""
    draw_network(axes[0], network, (-0.5, 5.5, -0.5, 5.5), 22, by_stiffness=True)
    equal = SpringNetwork(network.positions, network.bonds, np.ones(len(network.bonds)), network.box, network.vectors)
    draw_network(axes[1], equal, (-0.5, 5.5, -0.5, 5.5), 22)
    axes[1].plot([2, 3], [3, 3], color="C3", linewidth=4, zorder=1)
    axes[1].annotate("k", (2.5, 3.2), color="C3", ha="center", fontsize=12)
    axes[1].annotate("K", (3.5, 2.2), color="0.4", ha="center", fontsize=12)


def draw_contacts(ax, found, fcc) -> None:
    """Ratio of g to that of fcc for `contacts.GlassContacts`, samples and mean for each cutoff, and of fcc."""
    for each, color in zip(found.contacts.values(), style.ordered_colors(len(found.contacts)), strict=True):
        curves, scaled = each.excess.values("ratio"), each.excess.samples[0].scaled
        ax.plot(scaled, curves.T, color=color, linewidth=0.5, alpha=0.6)
        ax.plot(scaled, curves.mean(axis=0), color=color, label=f"z = {each.coordination:.1f}")
    ax.plot(fcc.scaled, fcc.ratio, "--", color="0.5", linewidth=1.1, label="fcc")
    _label_ratio(ax, "fcc", xlim=(0.15, 0.9), ylim=(0.6, 2.3))
    ax.legend(fontsize=9, ncols=2, loc="upper left")


SPREADS = {"dilution": "C0", "few-strong": "C2", "halves": "C4", "box": "C1", "gamma-0.25": "C3"}
"""Distributions of one variance and their colours."""


def draw_distribution(ax, springs, color, label=None) -> None:
    """Draw the distribution P(k) of stiffnesses: shares of single values as stems, densities as lines."""
    if springs.kind == "two-valued":
        values, weights = springs.quadrature()
        ax.vlines(values, 0, weights, color=color, linewidth=3, alpha=0.8)
        ax.plot(values, weights, "o", color=color, markersize=5, label=label)
    else:
        k, v = np.linspace(1e-3, 2.6, 400), springs.relative_variance
        law = uniform(1 - np.sqrt(3 * v), 2 * np.sqrt(3 * v)) if springs.kind == "box" else gamma(1 / v, scale=v)
        ax.plot(k, law.pdf(k), color=color, label=label)
    ax.set(xlabel="stiffness k ($t_0$)", ylabel="share or density", xlim=(-0.1, 2.6), ylim=(0, 1.05))


def _draw_spread(ax, found, color, label) -> None:
    # below this the division by omega^(d-1) shows what the kernel leaks from higher frequencies
    seen = found.omega > 0.08 * found.omega[-1]
    draw_over_level(ax, found.omega[seen], found.over_level[seen], color, label)


def draw_spreads(axes, spreads) -> None:
    """Draw P(k) of the `SPREADS`, and g / omega^(d-1) over the Debye level on the square and simple cubic lattice."""
    for kind, color in SPREADS.items():
        draw_distribution(axes[0], DISTRIBUTIONS[kind], color, kind.replace("-", " "))
        for ax, name in zip(axes[1:], ("square", "simple-cubic"), strict=True):
            found = spreads[f"{kind} {name}"]
            _draw_spread(ax, found, color, None)
    for ax, name, top in zip(axes[1:], ("square", "simple cubic"), (2.6, 2.2), strict=True):
        label_over_level(ax, name, 2.6, top)
    axes[0].legend(fontsize=9)


def draw_guess(axes, spreads, name: str) -> None:
    """One frame of the explorer: P(k), and g / omega^(d-1) over the Debye level of networks and of their crystals."""
    draw_distribution(axes[0], DISTRIBUTIONS[name], "C0")
    for ax, lattice, color in zip(axes[1:], ("square", "simple-cubic"), ("C0", "C1"), strict=True):
        label_over_level(ax, lattice.replace("-", " "), 2.6, 2.6)
        found, crystal = spreads[f"{name} {lattice}"], spreads[f"{name} {lattice}"].excess.samples[0]
        ax.plot(crystal.omega, crystal.crystal, color="0.6", linewidth=1.1, label="crystal of equal stiffness")
        _draw_spread(ax, found, color, "network")
        ax.legend(fontsize=9, loc="upper left")


def describe_guess(spreads, name: str) -> str:
    """Alternative text of a frame of the explorer."""
    words = [f"{100 * (spreads[f'{name} {lattice}'].net[0] - 1):.0f} %" for lattice in ("square", "simple-cubic")]
    weak, strong = DISTRIBUTIONS[name].quadrature()[0]
    return f"Springs of {weak:.2f} and {strong:.2f}; net excess {words[0]} in two and {words[1]} in three dimensions."


def draw_stiffnesses(ax, glasses) -> None:
    """Distributions P(k) of the stiffness k over its mean, for `contacts.OwnStiffness` by kind; weak springs shaded."""
    edges = np.linspace(0, 4, 61)
    for (kind, found), color in zip(glasses.items(), style.ordered_colors(len(glasses)), strict=True):
        k = np.concatenate(found.stiffness)
        # springs beyond the last edge count in the norm
        ax.stairs(np.histogram(k, edges)[0] / (len(k) * np.diff(edges)), edges, color=color, label=kind)
    ax.axvspan(0, 0.1, color="0.93", zorder=0)
    ax.set(xlim=(0, edges[-1]), ylim=(0, None), xlabel="k / mean of k", ylabel="P(k)")
    ax.legend()
