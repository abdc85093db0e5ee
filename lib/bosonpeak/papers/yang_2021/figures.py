"""Drawings of barriers, of the atoms that have them, and of Grueneisen parameters (floor 7): arrays in, axes filled."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from bosonpeak.drawing.style import ordered_colors

HIGH, LOW = "#D55E00", "#0072B2"
"""Colours of the atoms with the highest and with the lowest I_BP."""
BARRIER = r"$\Delta Q$  (eV)"
INVERSE = r"$1/I_\mathrm{BP}$  ($10^{6}$ (rad/ps)$^3$)"


def draw_extremes(axes, barrier, high, low, edges) -> None:
    """Distributions of the barriers of the atoms `high` and `low` (indices), with their means as lines."""
    for index, color, label in ((high, HIGH, r"highest 10 % of $I_\mathrm{BP}$"), (low, LOW, "lowest 10 %")):
        values = barrier[index]
        axes.hist(values, edges, density=True, color=color, alpha=0.45, label=f"{label} ({len(values)})")
        axes.axvline(values.mean(), color=color, linewidth=1.5)
    axes.set(xlabel=BARRIER, ylabel=r"density  (eV$^{-1}$)")


def draw_by_length(axes, found, color, label) -> None:
    """r against the averaging length, its interval shaded; grey: 95 % of what shuffled fields give.

    found: list of `structure.field_correlation.FieldCorrelation` by ascending length.
    """
    length = [f.length for f in found]
    low, high = np.array([f.interval for f in found]).T
    axes.fill_between(length, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(length, [f.r for f in found], "o-", color=color, markersize=3.5, label=label)
    chance = np.quantile([f.shuffled for f in found], [0.025, 0.975], axis=1)
    axes.fill_between(length, *chance, color="0.5", alpha=0.25, linewidth=0)
    axes.set(xlabel="averaging length $L$  (Å)", ylabel="Pearson's $r$")


def draw_law(axes, x, y, bins, fits, scale=1e-6) -> None:
    """Averaged barrier against averaged 1/I_BP: atoms as a cloud, means of bins, and the two straight lines.

    x (n,) in (rad/ps)^3, drawn in units of 1/scale; bins: (x, y) of the bins' means; fits: intercept over mean y of the
    free line, drawn beside the line through the origin.
    """
    axes.plot(x * scale, y, ".", color="0.55", markersize=2, alpha=0.5)
    u, v = bins
    axes.plot(u * scale, v, "o", color=HIGH, markersize=5, label="means of bins")
    ends = np.array([0, 1.05 * x.max()])
    axes.plot(ends * scale, ends * (u @ v) / (u @ u), "--", color="0.3", linewidth=1.2, label=r"$\Delta Q \propto 1/I$")
    slope, start = np.polyfit(u, v, 1)
    axes.plot(
        ends * scale,
        start + slope * ends,
        ":",
        color=LOW,
        linewidth=1.4,
        label=f"free line, starts at {fits:.2f} of the mean",
    )
    axes.set(xlabel=INVERSE, ylabel=BARRIER, xlim=(0, ends[1] * scale), ylim=(0, None))


def draw_slice(axes, atoms, values, thickness, title, cmap="viridis", quantiles=(0.02, 0.98)):
    """Atoms of a slice in the middle of the box, coloured by a quantity; returns the drawing for a colour bar."""
    box = atoms.cell.lengths()
    known = np.isfinite(values)
    inside = known & (abs(atoms.positions[:, 2] % box[2] - box[2] / 2) <= thickness / 2)
    low, high = np.quantile(values[known], quantiles)
    drawn = axes.scatter(
        *(atoms.positions[inside, :2] % box[:2]).T, c=values[inside], s=26, cmap=cmap, vmin=low, vmax=high, linewidths=0
    )
    axes.set(xlim=(0, box[0]), ylim=(0, box[1]), aspect="equal")
    axes.set_title(title, loc="left")
    return drawn


def draw_regions(axes, atoms, soft, easy, azimuth, labels=("soft", "easy")) -> None:
    """Atoms of two regions in their box, on 3D axes seen from `azimuth` (degrees): `soft` filled, `easy` as rings.

    soft, easy: indices (n,). Nearer atoms are drawn over those behind them.
    """
    place, box = atoms.positions % atoms.cell.lengths(), atoms.cell.lengths()
    axes.scatter(*place[soft].T, s=34, color=HIGH, alpha=0.75, linewidths=0, label=labels[0])
    axes.scatter(*place[easy].T, s=70, facecolors="none", edgecolors=LOW, linewidths=1.1, label=labels[1])
    axes.view_init(elev=18, azim=azimuth)
    axes.set(xlim=(0, box[0]), ylim=(0, box[1]), zlim=(0, box[2]), box_aspect=box / box.max())
    axes.set(xlabel="$x$  (Å)", ylabel="$y$  (Å)")
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(4))


def draw_autocorrelation(axes, correlation, fit, color, label) -> None:
    """C(r) with its standard error, and the fitted exponential."""
    use = np.isfinite(correlation.c)
    r, c, error = correlation.r[use], correlation.c[use], correlation.stderr[use]
    axes.errorbar(r, c, error, fmt="o", color=color, markersize=3.5, linewidth=1, label=label)
    fine = np.linspace(0, r[-1], 200)
    axes.plot(fine, fit.amplitude * np.exp(-fine / fit.length), "--", color=color, linewidth=1)
    axes.set(xlabel="$r$  (Å)", ylabel="$C(r)$")


def draw_family(axes, fields, labels) -> None:
    """Averaged barrier against averaged 1/I_BP, each over its mean, for several kinds of glass: means of ten bins."""
    for (x, y), color, label in zip(fields, ordered_colors(len(fields)), labels, strict=True):
        order = np.argsort(x)
        parts = np.array_split(order, min(10, max(2, len(x) // 10)))
        axes.plot(
            [x[p].mean() for p in parts], [y[p].mean() for p in parts], "o-", color=color, markersize=4, label=label
        )
    axes.plot([0.7, 1.4], [0.7, 1.4], "--", color="0.4", linewidth=1)
    axes.set(xlabel=r"$[1/I_\mathrm{BP}]_L$ / mean", ylabel=r"$\Delta Q_L$ / mean")


def draw_energy_path(axes, distance, energy, time, cmap="viridis"):
    """Potential energy against an atom's distance from rest, coloured by time; returns the drawing for a colour bar."""
    axes.plot(distance, energy, "-", color="0.7", linewidth=0.6)
    drawn = axes.scatter(distance, energy, c=time, s=8, cmap=cmap, linewidths=0)
    axes.set(xlabel=r"$|\mathbf{u}_i|$  (Å)", ylabel="$E - E_0$  (eV)")
    return drawn


def draw_trajectory(axes, u, time, widest, cmap="viridis") -> None:
    """Path of one atom in the plane, (T, 3) from rest, coloured by time, on axes that reach `widest` (A) each way."""
    axes.plot(u[:, 0], u[:, 1], "-", color="0.7", linewidth=0.6)
    axes.scatter(u[:, 0], u[:, 1], c=time, s=8, cmap=cmap, linewidths=0)
    axes.plot(0, 0, "+", color="0.2")
    axes.set(xlim=(-widest, widest), ylim=(-widest, widest), aspect="equal", xlabel="$u_x$  (Å)", ylabel="$u_y$  (Å)")


def draw_gruneisen(axes, omega, gamma, color, label, limit=None) -> None:
    """gamma_k against omega, one point a mode; what lies beyond `limit` is drawn at the edge as a triangle."""
    known = np.isfinite(gamma)
    omega, gamma = omega[known], gamma[known]
    limit = np.inf if limit is None else limit
    inside = abs(gamma) <= limit
    axes.plot(omega[inside], gamma[inside], ".", color=color, markersize=3, label=label)
    for sign, marker in ((1, "^"), (-1, "v")):
        out = sign * gamma > limit
        axes.plot(omega[out], np.full(out.sum(), sign * limit), marker, color=color, markersize=4)
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set(xlabel=r"$\omega$  (rad/ps)", ylabel=r"$\gamma_k$")


def draw_cumulative(axes, omega, mean, deviation, color, label) -> None:
    """Mean of gamma over the modes below omega, with the standard deviation of these modes shaded."""
    axes.fill_between(omega, mean - deviation, mean + deviation, color=color, alpha=0.12, linewidth=0)
    axes.plot(omega, mean, color=color, label=label)
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set(xlabel=r"$\omega$  (rad/ps)", ylabel=r"mean $\gamma_k$ below $\omega$")


def draw_by_temperature(axes, table, colors, reduced: bool = True) -> None:
    """g / omega^2 (reduced) or g of inherent structures at each temperature, mean over all samples and glasses.

    table: list of `vibrations.inherent_spectra` of glasses with the same temperatures.
    """
    omega, inside = table[0].omega.values, table[0].omega.values > 1.0
    for k, (kelvin, color) in enumerate(zip(table[0].temperature.values, colors, strict=True)):
        mean = np.mean([t.reduced.values[k].mean(axis=0) for t in table], axis=0)
        values = 1e6 * mean if reduced else mean * omega**2
        axes.plot(omega[inside], values[inside], color=color, label=f"{kelvin:g} K")
    label = r"$g/\omega^2$  ($10^{-6}$ (rad/ps)$^{-3}$)" if reduced else r"$g$  (ps/rad)"
    axes.set(xlabel=r"$\omega$  (rad/ps)", ylabel=label, ylim=(0, None))
