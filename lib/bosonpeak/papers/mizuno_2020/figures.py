"""Figures of modes that were pushed and of what rearranged. All lengths, energies and frequencies are reduced.

`pushed` is a `measure.Pushed` throughout: the pushed modes of all glasses of one system.
"""

import numpy as np

from bosonpeak.drawing.style import CYCLE, draw_power, ordered_colors, tidy_logarithmic
from bosonpeak.papers.mizuno_2020.tails import CORE, EDGE

MARKERS = "osD^v"
OMEGA = r"$\omega$  ($\sqrt{\epsilon/m\sigma^2}$)"
AMPLITUDE = r"$A_c$  ($\sigma$)"
DISTANCE = r"$|\Delta\mathbf{r}|$  ($\sigma$)"
ENERGY = r"$|\Delta\Phi|$  ($\epsilon$)"
NATURE = {"phonon_order_parameter": "$O_k$", "participation_ratio": "$P_k$"}
NAMES = {"harmonic-spheres": "spheres", "lennard-jones": "Lennard-Jones"}


def scatter_by_size(axes, frame, x, y, *, sizes=None, size=14.0, scale=("log", "log"), legend=True) -> None:
    """Draw points (x, y) of a table of modes or transitions, with one colour and marker per number of particles.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    frame : pandas.DataFrame
        With the column `n_atoms`.
    x, y : str
        Columns.
    sizes : sequence of int, optional
        All numbers of particles that have a colour; by default those in the frame.
    size : float
        Area of a marker, in points^2.
    scale : tuple of two str
        "log" or "linear" for each axis. Points that are not positive are left out of a logarithmic axis.
    legend : bool
        Whether a legend is drawn where there is more than one size.
    """
    sizes = sorted(frame.n_atoms.unique()) if sizes is None else sizes
    for n, color, marker in zip(sizes, ordered_colors(max(len(sizes), 1)), MARKERS, strict=False):
        part = frame[frame.n_atoms == n]
        u, v = part[x].to_numpy(float), part[y].to_numpy(float)
        good = np.isfinite(u) & np.isfinite(v)
        for values, kind in zip((u, v), scale, strict=True):
            good &= (values > 0) if kind == "log" else True
        axes.scatter(u[good], v[good], s=size, color=color, marker=marker, linewidths=0, alpha=0.75, label=f"N = {n:,}")
    axes.set(xscale=scale[0], yscale=scale[1])
    if legend and len(sizes) > 1:
        axes.legend(handletextpad=0.2)


def mark_peak(axes, omega) -> None:
    """Draw a dotted line at the boson peak.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    omega : float
        Its frequency.
    """
    axes.axvline(omega, color="0.4", linestyle=":", linewidth=1.2)
    axes.annotate(r"$\omega_\mathrm{BP}$", (omega, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom")


def draw_against_frequency(axes, systems, column, label, peaks=True, crosses=None) -> None:
    """Draw a column of the modes that left against their frequency, one system per axes.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
    systems : sequence of measure.Pushed
    column, label : str
        Column and the label of the vertical axes.
    peaks : bool
        Whether the boson peaks are marked.
    crosses : str, optional
        A second column, drawn as grey crosses.
    """
    for ax, pushed in zip(axes, systems, strict=True):
        scatter_by_size(ax, pushed.left, "frequency", column)
        if crosses:
            ax.scatter(pushed.left.frequency, pushed.left[crosses], 14, "0.55", marker="x", linewidths=0.8, zorder=0)
        if peaks:
            mark_peak(ax, pushed.boson_peak)
        ax.set_ylabel(label)
    axes[-1].set_xlabel(OMEGA)
    tidy_logarithmic(*axes)


def draw_nature(axes, pushed, columns, scale) -> None:
    """Draw columns of the modes below the boson peak against O_k (left) and P_k (right).

    Parameters
    ----------
    axes : array of matplotlib.axes.Axes, shape (rows, 2)
    pushed : measure.Pushed
    columns : dict
        A column for each row, and its label.
    scale : {"log", "linear"}
        Of the vertical axes.
    """
    for row, (column, label) in zip(axes, columns.items(), strict=True):
        for ax, (x, name) in zip(row, NATURE.items(), strict=True):
            scatter_by_size(ax, pushed.low, x, column, sizes=pushed.sizes, scale=("linear", scale), legend=False)
            ax.set_xlabel(name)
        row[0].set_ylabel(label)
    if len(pushed.sizes) > 1:
        axes[0, 1].legend(handletextpad=0.2)
    tidy_logarithmic(*np.ravel(axes))


def draw_barriers(axes, systems) -> None:
    """Draw barriers (top) and their ratio to the harmonic estimate (bottom), one system per column of axes.

    Parameters
    ----------
    axes : array of matplotlib.axes.Axes, shape (2, k)
    systems : sequence of measure.Pushed
        k systems.
    """
    for column, pushed in zip(axes.T, systems, strict=True):
        scatter_by_size(column[0], pushed.left, "frequency", "barrier")
        scatter_by_size(column[1], pushed.left, "frequency", "over_harmonic", legend=False)
        column[1].axhline(1, color="0.4", linewidth=1)
        column[1].set_xlabel(OMEGA)
        mark_peak(column[0], pushed.boson_peak)
    axes[0, 0].set_ylabel(r"$\Delta\Phi_\mathrm{barrier}$  ($\epsilon$)")
    axes[1, 0].set_ylabel(r"$\Delta\Phi_\mathrm{barrier}\,/\,\frac{1}{2}\omega^2 A_c^2 N$")
    tidy_logarithmic(*np.ravel(axes))


def draw_onset(axes, measured, paper, color, label) -> None:
    """Draw a quantity against N: glasses as small points, the medians of each size joined, the paper's as crosses.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    measured : dict
        Values of the glasses, shape (k,), by number of particles.
    paper : dict
        The value of the paper by number of particles.
    color : matplotlib colour
    label : str
        Name of the system.
    """
    for n, values in measured.items():
        axes.scatter(np.full(len(values), n), values, s=10, color=color, alpha=0.5, linewidths=0)
    medians = {n: np.median(values) for n, values in measured.items()}
    axes.plot(list(medians), list(medians.values()), "o-", color=color, label=f"{label}, median")
    axes.plot(list(paper), list(paper.values()), "x", color=color, markersize=8, label=f"{label}, paper")
    axes.set(xscale="log", yscale="log", xlabel="$N$", ylabel=r"$T_c$  ($\epsilon/k_\mathrm{B}$)")
    tidy_logarithmic(axes)


def draw_law(axes, systems, exponents) -> None:
    """Draw |energy| against length of the distinct transitions, with the fitted exponents and that of the paper, 3.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
        One for each system.
    systems : sequence of measure.Pushed
    exponents : sequence of float or None
        None where no exponent was fitted.
    """
    for ax, pushed, exponent in zip(axes, systems, exponents, strict=True):
        frame = pushed.distinct
        scatter_by_size(ax, frame, "distance", "size", sizes=pushed.sizes)
        middle = np.exp([np.log(frame.distance).mean(), np.log(frame["size"]).mean()])
        ends = [frame.distance.min(), frame.distance.max()]
        if exponent is not None:
            draw_power(ax, ends, exponent, middle, None)
        draw_power(ax, ends, 3, middle, None, linestyle=":")
        ax.set(xlabel=DISTANCE, title=NAMES[pushed.system])
    axes[0].set_ylabel(ENERGY)
    tidy_logarithmic(*axes)


def draw_rearranged(axes, systems, bounds) -> None:
    """Draw the number of rearranged particles against frequency (top) and squared length (bottom).

    Parameters
    ----------
    axes : array of matplotlib.axes.Axes, shape (2, k)
    systems : sequence of measure.Pushed
        k systems.
    bounds : sequence of k pairs of floats
        The two squared displacements per particle between which the points of the paper lie.
    """
    for column, pushed, pair in zip(axes.T, systems, bounds, strict=True):
        scatter_by_size(column[0], pushed.left, "frequency", "n_rearranged")
        once = pushed.distinct.assign(square=pushed.distinct.distance**2)
        scatter_by_size(column[1], once, "square", "n_rearranged", sizes=pushed.sizes, legend=False)
        for bound in pair:
            draw_power(column[1], [once.square.min(), once.square.max()], 1, (1, 1 / bound), None)
        column[0].set_xlabel(OMEGA)
        column[1].set(xlabel=r"$|\Delta\mathbf{r}|^2$  ($\sigma^2$)", ylim=(0.8, 3 * once.n_rearranged.max()))
    for row in axes:
        row[0].set_ylabel(r"$N_\mathrm{rearr}$")
    tidy_logarithmic(*np.ravel(axes))


def draw_minimisers(axes, found) -> None:
    """Draw A_c by conjugate gradients against A_c by FIRE.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    found : minimisers.Minimisers
    """
    every, alike = found.amplitudes, found.alike
    axes.loglog(*every[alike].T, "o", color=CYCLE[0], markersize=4, label="same final minimum")
    axes.loglog(*every[~alike].T, "o", color=CYCLE[1], markersize=4, markerfacecolor="none", label="another")
    ends = [every.min(), every.max()]
    axes.plot(ends, ends, color="0.4", linewidth=1)
    axes.set(xlabel=r"$A_c$ by FIRE  ($\sigma$)", ylabel=r"$A_c$ by conjugate gradients  ($\sigma$)")
    axes.legend()
    tidy_logarithmic(axes)


def draw_field(axes, atoms, index, arrows, centre, length: float = 1.5, reach: float = 5.0) -> None:
    """Draw displacements as arrows in a cube of a box, the tenth that is longest in red.

    Parameters
    ----------
    axes : mpl_toolkits.mplot3d.axes3d.Axes3D
    atoms : ase.Atoms
        The glass.
    index : array of int, shape (k,)
        Atoms, from the one that moves most downwards.
    arrows : array, shape (k, 3)
        Their displacements.
    centre : array, shape (3,)
        The middle of the cube.
    length : float
        Length of the longest arrow.
    reach : float
        Of a large box a cube is shown that ends at this distance from its middle.
    """
    box = atoms.cell.lengths()
    centred = (atoms.positions[index] - centre + box / 2) % box
    arrows = arrows * (length / np.linalg.norm(arrows, axis=1).max())
    # axes in 3D do not clip
    inside = (abs(centred - box / 2) <= reach).all(axis=1)
    centred, arrows = centred[inside], arrows[inside]
    few = max(len(arrows) // 10, 1)
    for part, color, width in ((slice(few, None), "0.45", 0.7), (slice(0, few), "#D55E00", 1.6)):
        axes.quiver(*centred[part].T, *arrows[part].T, color=color, linewidth=width, arrow_length_ratio=0.35)
    low, high = np.maximum(box / 2 - reach, 0), np.minimum(box / 2 + reach, box)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]), box_aspect=(1, 1, 1))
    # a label of the third axis would overlap with the next panel
    axes.set(xlabel=r"$x$  ($\sigma$)", ylabel=r"$y$  ($\sigma$)")


def draw_tails(axes, far) -> None:
    """Draw profiles times r^2, on which an elastic field in an infinite medium is level: single ones, and medians.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    far : tails.FarField
    """
    for (name, groups), color in zip(far.profiles.items(), CYCLE, strict=False):
        least = min(distance.shape[1] for distance, _ in groups)
        r, u = (np.concatenate([group[k][:, :least] for group in groups]) for k in (0, 1))
        # each profile is scaled to its own value at the beginning of the range
        scaled = u * r**2 / np.array([np.interp(CORE, a, b * a**2) for a, b in zip(r, u, strict=True)])[:, None]
        axes.plot(r.T, scaled.T, color=color, linewidth=0.4, alpha=0.35)
        axes.plot(np.nanmedian(r, axis=0), np.nanmedian(scaled, axis=0), color=color, label=name)
    axes.axvspan(CORE, EDGE, color="0.93", zorder=0)
    axes.set(xscale="log", yscale="log", xlabel=r"$r$  ($\sigma$)", ylabel="displacement times $r^2$, over that at 4")
    axes.set(xlim=(1, 12), ylim=(0.05, 20))
    axes.legend()
    tidy_logarithmic(axes)
