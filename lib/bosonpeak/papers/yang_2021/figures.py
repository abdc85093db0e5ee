"""Drawings of barriers, of the atoms that have them, and of their motion: results in, axes filled.

Lengths are in A, barriers in eV, frequencies omega in rad/ps.
"""

import numpy as np
from matplotlib.ticker import MaxNLocator

from bosonpeak.drawing.style import ordered_colors

HIGH, LOW = "#D55E00", "#0072B2"
"""Colours of the atoms with the highest and with the lowest I_BP."""
BARRIER = r"$\Delta Q$  (eV)"
_OMEGA = r"$\omega$  (rad/ps)"


def draw_extremes(axes, barrier, high, low, edges) -> None:
    """Distributions of the barriers of the atoms `high` and `low` (indices), with their means as lines."""
    for index, color, label in ((high, HIGH, r"highest 10 % of $I_\mathrm{BP}$"), (low, LOW, "lowest 10 %")):
        values = barrier[index]
        axes.hist(values, edges, density=True, color=color, alpha=0.45, label=f"{label} ({len(values)})")
        axes.axvline(values.mean(), color=color, linewidth=1.5)
    axes.set(xlabel=BARRIER, ylabel=r"density  (eV$^{-1}$)")


def draw_by_length(axes, length, found, color, label) -> None:
    """r against the averaging length (L,), its interval shaded; grey: 95 % of what shuffled fields give.

    found: list of L `fields.FieldCorrelation`.
    """
    axes.fill_between(length, *np.array([f.interval for f in found]).T, color=color, alpha=0.2, linewidth=0)
    axes.plot(length, [f.r for f in found], "o-", color=color, markersize=3.5, label=label)
    chance = np.quantile([f.shuffled for f in found], [0.025, 0.975], axis=1)
    axes.fill_between(length, *chance, color="0.5", alpha=0.25, linewidth=0)
    axes.set(xlabel="averaging length $L$  (Å)", ylabel="Pearson's $r$")


def draw_law(axes, x, y, bins, start, scale=1e-6) -> None:
    """Averaged barrier against averaged 1 / I_BP: atoms as a cloud, means of bins, and the two straight lines.

    x (n,) in (rad/ps)^3 is drawn in units of 1 / scale; bins: (x, y) of the means of bins; start: the intercept of the
    free line over the mean of y, for its label. The other line goes through the origin.
    """
    (u, v), ends = bins, np.array([0, 1.05 * x.max()])
    axes.plot(x * scale, y, ".", color="0.55", markersize=2, alpha=0.5)
    axes.plot(u * scale, v, "o", color=HIGH, markersize=5, label="means of bins")
    axes.plot(ends * scale, ends * (u @ v) / (u @ u), "--", color="0.3", linewidth=1.2, label=r"$\Delta Q \propto 1/I$")
    label = f"free line, starts at {start:.2f} of the mean"
    axes.plot(ends * scale, np.polyval(np.polyfit(u, v, 1), ends), ":", color=LOW, linewidth=1.4, label=label)
    axes.set(xlabel=r"$1/I_\mathrm{BP}$  ($10^{6}$ (rad/ps)$^3$)", ylabel=BARRIER, xlim=ends * scale, ylim=(0, None))


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


def draw_families(axes, families) -> None:
    """Averaged barrier against averaged 1 / I_BP, each over its mean, for several kinds of glass: means of ten bins.

    families: dict of `families.Family` by label.
    """
    for (label, family), color in zip(families.items(), ordered_colors(len(families)), strict=True):
        parts = np.array_split(np.argsort(family.x), min(10, max(2, len(family.x) // 10)))
        means = ([values[part].mean() for part in parts] for values in (family.x, family.y))
        axes.plot(*means, "o-", color=color, markersize=4, label=label)
    axes.plot([0.7, 1.4], [0.7, 1.4], "--", color="0.4", linewidth=1)
    axes.set(xlabel=r"$[1/I_\mathrm{BP}]_L$ / mean", ylabel=r"$\Delta Q_L$ / mean")


def draw_paths(figure, axes, runs, ends) -> None:
    """Energy against the distance from rest, and the path in the plane, of single atoms in one picosecond.

    axes: dict of axes by name, "<tag>" and "<tag>-path"; runs: of `archived.thermal_motion`; ends: dict of (atom,
    title) by tag. All paths have one scale; colours show the time.
    """
    time, widest = runs.path_time.values, 1.1 * max(abs(runs.path[:, a, :2]).max().item() for a, _ in ends.values())
    for tag, (atom, title) in ends.items():
        u, path = runs.path.values[:, atom], axes[f"{tag}-path"]
        for ax, x, y in ((path, u[:, 0], u[:, 1]), (axes[tag], np.linalg.norm(u, axis=1), runs.path_energy.values)):
            ax.plot(x, y, "-", color="0.7", linewidth=0.6)
            drawn = ax.scatter(x, y, c=time, s=8, cmap="viridis", linewidths=0)
        path.plot(0, 0, "+", color="0.2")
        path.set(xlim=(-widest, widest), ylim=(-widest, widest), aspect="equal")
        path.set(xlabel="$u_x$  (Å)", ylabel="$u_y$  (Å)")
        axes[tag].set(xlabel=r"$|\mathbf{u}_i|$  (Å)", ylabel="$E - E_0$  (eV)")
        axes[tag].set_title(rf"{title} $I_\mathrm{{BP}}$", loc="left")
        figure.colorbar(drawn, ax=axes[tag], label="time (ps)")


def draw_by_temperature(axes, table, colors, reduced: bool = True) -> None:
    """g / omega^2 (reduced) or g of inherent structures at each temperature, mean over all samples and glasses.

    table: list of `inherent_spectra` of glasses with the same temperatures.
    """
    omega, inside = table[0].omega.values, table[0].omega.values > 1.0
    for k, (kelvin, color) in enumerate(zip(table[0].temperature.values, colors, strict=True)):
        mean = np.mean([t.reduced.values[k].mean(axis=0) for t in table], axis=0)
        values = 1e6 * mean if reduced else mean * omega**2
        axes.plot(omega[inside], values[inside], color=color, label=f"{kelvin:g} K")
    label = r"$g/\omega^2$  ($10^{-6}$ (rad/ps)$^{-3}$)" if reduced else r"$g$  (ps/rad)"
    axes.set(xlabel=_OMEGA, ylabel=label, ylim=(0, None))
