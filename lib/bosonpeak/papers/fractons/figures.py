"""Drawing of the densities of diluted lattices: axes in, axes filled."""

import numpy as np

from bosonpeak.drawing import style
from bosonpeak.drawing.networks import OMEGA_LABEL
from bosonpeak.networks.lattices import get_lattice
from bosonpeak.papers.fractons.measure import OMEGA, SHARES, WINDOW, Fractons
from bosonpeak.vibrations.debye import debye_frequency


def draw_fractons(axes, found: Fractons) -> None:
    """g omega^(-1/3) against omega, both logarithmic, one of two axes for each lattice.

    Mean over the seeds for each share of the springs, the Debye level where there is one (dashed), the crystal (grey)
    and the window in which the slope is read (shaded). Fractons are level, and sound rises as omega^(d - 4/3).
    """
    tilt = OMEGA ** (-1 / 3)
    for ax, (name, shares) in zip(axes, SHARES.items(), strict=True):
        d = get_lattice(name).dimension
        ax.axvspan(*WINDOW, color="0.93", zorder=0)
        ax.plot(OMEGA, found.crystals[name] * tilt, color="0.6", linewidth=1.1, label="crystal")
        for p, color in zip(shares, style.ordered_colors(len(shares)), strict=True):
            curve, K = found.densities[f"{name} {p:g}"].mean(axis=0) * tilt, found.stiffness[f"{name} {p:g}"]
            ax.plot(OMEGA, curve, color=color, linewidth=1.5, label=f"p = {p:g}")
            if K:
                sound = d / debye_frequency([K**0.5], 1.0, d) ** d * OMEGA ** (d - 1) * tilt
                shown = sound < 1.5 * np.median(curve)
                ax.plot(OMEGA[shown], sound[shown], "--", color=color, linewidth=1)
        ax.set(xscale="log", yscale="log", xlabel=OMEGA_LABEL, ylabel=r"$g\,\omega^{-1/3}$", xlim=OMEGA[[0, -1]])
        ax.set(ylim=(0.3 * curve[OMEGA > WINDOW[0]].min(), None))
        ax.legend(title=f"d = {d}", fontsize=9)
    style.tidy_logarithmic(*axes)
