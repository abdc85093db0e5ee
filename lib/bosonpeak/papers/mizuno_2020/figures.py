"""Drawings of modes that were pushed and of what rearranged (floor 7): tables in, axes filled."""

import numpy as np

from bosonpeak.drawing.style import ordered_colors

MARKERS = "osD^v"
OMEGA = r"$\omega$  ($\sqrt{\epsilon/m\sigma^2}$)"
AMPLITUDE = r"$A_c$  ($\sigma$)"
DISTANCE = r"$|\Delta\mathbf{r}|$  ($\sigma$)"


def scatter_by_size(axes, frame, x, y, *, sizes=None, size=14.0, scale=("log", "log"), legend=True) -> None:
    """Points (x, y) of a table of modes or transitions, one colour and marker for each number of particles.

    x, y: columns; sizes: all numbers of particles that have a colour (default those in the frame); scale: of both axes,
    "log" or "linear"; what is not positive cannot stand on a logarithmic axis and is left out.
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
    """A dotted line at the boson peak's frequency."""
    axes.axvline(omega, color="0.4", linestyle=":", linewidth=1.2)
    axes.annotate(r"$\omega_\mathrm{BP}$", (omega, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom")


def draw_power(axes, x, exponent, through, label, **style) -> None:
    """A straight line y ~ x^exponent over the range of x (2 numbers) on logarithmic axes, through a point."""
    x = np.asarray(x, float)
    style = {"color": "0.3", "linewidth": 1.2, "linestyle": "--", **style}
    axes.plot(x, through[1] * (x / through[0]) ** exponent, label=label, **style)


def draw_scan(axes, amplitudes, scans, colors, labels) -> None:
    """|dr| on axes[0] and |dPhi| on axes[1] against A; scans: (distance, energy) for each label."""
    for (distance, energy), color, label in zip(scans, colors, labels, strict=True):
        axes[0].plot(amplitudes, distance, "o-", color=color, markersize=3.5, linewidth=1, label=label)
        axes[1].plot(amplitudes, np.abs(energy), "o-", color=color, markersize=3.5, linewidth=1)
    for ax, name in zip(axes, (DISTANCE, r"$|\Delta\Phi|$  ($\epsilon$)"), strict=True):
        ax.set(xscale="log", yscale="log", ylabel=name)
    axes[1].set_xlabel(r"$A$  ($\sigma$)")


def draw_split(axes, modes, edges, least) -> None:
    """Density of states of phonon-like modes (O_k >= least) and of the others, in bins, on logarithmic axes.

    modes: `transition_tables.computed_modes` of samples of one size; edges: (b + 1,) bins below the highest frequency
    that every sample has. Error bars: Poisson's.
    """
    total = 3 * modes.drop_duplicates("sample").n_atoms.sum()
    centre, width = np.sqrt(edges[1:] * edges[:-1]), np.diff(edges)
    phonon = modes.phonon_order_parameter >= least
    for chosen, marker, color, label in (
        (phonon, "o", "#0072B2", "phonon-like"),
        (~phonon, "s", "#D55E00", "quasi-localised"),
    ):
        count = np.histogram(modes.frequency[chosen], edges)[0]
        some = count > 0
        g, error = count / (total * width), np.sqrt(count) / (total * width)
        # one mode: the bar would reach zero
        low = np.where(count > 1, error, 0.9 * g)
        axes.errorbar(
            centre[some],
            g[some],
            (low[some], error[some]),
            fmt=marker,
            color=color,
            markersize=5,
            linewidth=1,
            label=label,
        )
    axes.set(xscale="log", yscale="log")


def draw_modes(axes, table, color) -> None:
    """Participation ratio against frequency of a table's modes, filled where the phonon order parameter is large."""
    share = np.clip(table.phonon_order_parameter.values, 0, 1)
    face = np.array([(*color[:3], s) for s in share])
    axes.scatter(
        table.frequency.values,
        table.participation_ratio.values,
        s=16,
        facecolors=face,
        edgecolors=[color],
        linewidths=0.6,
    )
    axes.set_yscale("log")


def draw_rearrangement(axes, atoms, table, transition: int, shown: int = 150, length: float = 1.5, reach=5.0) -> None:
    """Arrows of the largest displacements of one transition in its box, on 3D axes; the tenth that moves most in red.

    Arrows are drawn with the longest `length` long. The box is shifted so that what moves most is in its middle; of a
    large one a cube is shown that ends `reach` from there.
    """
    index, moved = table.moved_atom.values[transition][:shown], table.moved.values[transition][:shown]
    box = atoms.cell.lengths()
    centred = (atoms.positions[index] - atoms.positions[index[0]] + box / 2) % box
    arrows = moved * (length / np.linalg.norm(moved, axis=1).max())
    # 3D axes do not clip
    inside = (abs(centred - box / 2) <= reach).all(axis=1)
    index, centred, arrows = index[inside], centred[inside], arrows[inside]
    few = max(len(index) // 10, 1)
    for part, color, width in ((slice(few, None), "0.45", 0.7), (slice(0, few), "#D55E00", 1.6)):
        axes.quiver(*centred[part].T, *arrows[part].T, color=color, linewidth=width, arrow_length_ratio=0.35)
    low, high = np.maximum(box / 2 - reach, 0), np.minimum(box / 2 + reach, box)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]), box_aspect=(1, 1, 1))
    # the third label would stand on what is drawn beside
    axes.set(xlabel=r"$x$  ($\sigma$)", ylabel=r"$y$  ($\sigma$)")


def draw_profiles(axes, tables, colors) -> None:
    """Decay of every distinct transition of some tables, one colour a table."""
    named = set()
    for table, color in zip(tables, colors, strict=True):
        for r, u in zip(table.shell_distance.values, table.shell_displacement.values, strict=True):
            label = f"N = {table.attrs['n_atoms']:,}"
            axes.plot(r, u, color=color, linewidth=0.9, alpha=0.7, label=None if label in named else label)
            named.add(label)
    axes.set(xscale="log", yscale="log", xlabel=r"$r$  ($\sigma$)", ylabel="mean displacement / largest")


def draw_onset(axes, measured, medians, paper, color, label) -> None:
    """T_c against N: single samples small, medians joined, the paper's values as crosses."""
    for n, values in measured.items():
        axes.scatter(np.full(len(values), n), values, s=10, color=color, alpha=0.5, linewidths=0)
    axes.plot(list(medians), list(medians.values()), "o-", color=color, label=f"{label}, median")
    axes.plot(list(paper), list(paper.values()), "x", color=color, markersize=8, label=f"{label}, paper")
    axes.set(xscale="log", yscale="log", xlabel="$N$", ylabel=r"$T_c$  ($\epsilon/k_\mathrm{B}$)")
