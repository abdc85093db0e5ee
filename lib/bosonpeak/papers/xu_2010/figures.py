"""The figure of one mode that is pushed further and further. Lengths and energies are reduced."""

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
