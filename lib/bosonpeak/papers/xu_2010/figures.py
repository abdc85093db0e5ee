"""Figures of one push: a sketch of the landscape, the energy along a line, and one mode pushed further and further.

Lengths and energies are reduced.
"""

import numpy as np

from bosonpeak.drawing.style import CYCLE, tidy_logarithmic

DISTANCE = r"$|\Delta\mathbf{r}|$  ($\sigma$)"
ENERGY = r"$|\Delta\Phi|$  ($\epsilon$)"


def draw_scans(axes, scans) -> None:
    """Draw |dr| (top) and |dPhi| (bottom) of `pushes.scan_lowest_modes` against A on (2, 2) axes.

    Spheres, with one curve per force tolerance, are on the left and Lennard-Jones on the right.

    Parameters
    ----------
    axes : array of matplotlib.axes.Axes, shape (2, 2)
    scans : xarray.Dataset
    """
    labels = [f"force < $10^{{{round(np.log10(tolerance))}}}$" for tolerance in scans.tolerance.values]
    curves = [(0, "", *pair) for pair in zip(CYCLE, labels, range(len(labels)), strict=False)]
    for column, prefix, color, label, k in [*curves, (1, "lj_", CYCLE[3], "Lennard-Jones", ...)]:
        for ax, quantity, name in zip(axes[:, column], ("distance", "energy"), (DISTANCE, ENERGY), strict=True):
            look = {"color": color, "markersize": 3.5, "linewidth": 1, "label": label}
            ax.plot(scans[f"{prefix}amplitude"].values, abs(scans[f"{prefix}{quantity}"].values[k]), "o-", **look)
            ax.set(xscale="log", yscale="log", ylabel=name)
    for ax in axes[0]:
        ax.legend()
    for ax in axes[1]:
        ax.set_xlabel(r"$A$  ($\sigma$)")
    tidy_logarithmic(*np.ravel(axes))


def draw_landscape(axes) -> None:
    """Sketch a push in a landscape of two minima: A, A_c, |dr|, |dPhi|, the barrier of Eq. 8 and the saddle.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    """
    x = np.linspace(-1.5, 1.35, 300)
    axes.plot(x, (x**2 - 1) ** 2 + 0.35 * x, color=CYCLE[0])
    # the line of the push does not run through the saddle, and climbs higher
    along = np.linspace(0, 1.12, 100)
    axes.plot(-1.05 + along, -0.36 + 1.25 * along**2, "--", color=CYCLE[1])
    axes.annotate("push along a mode", (-0.22, 0.75), color=CYCLE[1], ha="right")
    axes.annotate("", (1.0, -0.95), (-1.05, -0.95), arrowprops={"arrowstyle": "<->"})
    axes.annotate(r"$|\Delta\mathbf{r}|$", (0, -0.9), ha="center", va="bottom")
    axes.annotate("", (1.25, 0.33), (1.25, -0.36), arrowprops={"arrowstyle": "<->"})
    axes.annotate(r"$|\Delta\Phi|$", (1.28, -0.02), va="center")
    axes.annotate("", (0.07, 1.2), (0.07, -0.36), arrowprops={"arrowstyle": "<->", "color": CYCLE[1]})
    axes.annotate(r"$\Delta\Phi_\mathrm{barrier}$", (0.11, 0.45), color=CYCLE[1])
    axes.annotate(r"$A_c$", (0.07, 1.23), color=CYCLE[1], ha="center", va="bottom")
    axes.annotate(r"$\mathbf{r}_0$", (-1.05, -0.42), ha="center", va="top")
    axes.annotate(r"$\mathbf{r}_1$", (0.97, 0.27), ha="center", va="top")
    axes.annotate("saddle", (-0.12, 1.0), ha="right", va="bottom", color=CYCLE[0])
    axes.axhline(-0.36, color="0.6", linewidth=0.8, linestyle=":")
    axes.set(xlim=(-1.6, 1.65), ylim=(-1.1, 1.6), xticks=[], yticks=[], xlabel="configuration", ylabel="energy")


def draw_climb(axes, climb, critical: float) -> None:
    """Draw the energy along a push (axes[0]) and the number of contacts that it makes or breaks (axes[1]).

    Parameters
    ----------
    axes : sequence of two matplotlib.axes.Axes
    climb : pushes.Climb
    critical : float
        A_c in sigma, which is marked with a dotted line.
    """
    for values, style, label in (
        (climb.energy, "-", "true"),
        (climb.harmonic, "--", "harmonic"),
        (climb.cubic, ":", "third order"),
    ):
        axes[0].plot(climb.amplitude, values, style, label=label)
    for counts, color, label in ((climb.new, CYCLE[3], "new"), (-climb.lost, CYCLE[4], "lost")):
        axes[1].step(climb.amplitude, counts, where="mid", color=color, label=label)
    axes[1].legend()
    for ax in axes:
        ax.axvline(critical, color="0.4", linestyle=":", linewidth=1.2)
    axes[0].set(ylabel=r"$\Phi - \Phi_0$  ($\epsilon$)", ylim=(0, None))
    axes[0].legend()
    axes[1].set(xlabel=r"$A$  ($\sigma$)", ylabel="contacts")
    axes[1].locator_params(axis="x", nbins=5)
