"""Figures that the chapter jiang-2026 alone needs: axes in, axes filled, nothing computed."""

from matplotlib.patches import Circle

from bosonpeak.drawing.networks import draw_network, label_reduced


def draw_discs(axes, packing, coordination, norm, cmap) -> None:
    """Discs of a packing coloured by coordination, images across the boundary included."""
    edge = packing.box[0]
    for (x, y), radius, number in zip(packing.positions, packing.radii, coordination, strict=True):
        for dx in (-edge, 0, edge):
            for dy in (-edge, 0, edge):
                if -radius < x + dx < edge + radius and -radius < y + dy < edge + radius:
                    face = cmap(norm(number))
                    axes.add_patch(Circle((x + dx, y + dy), radius, facecolor=face, edgecolor="0.4", linewidth=0.3))
    axes.set(xlim=(0, edge), ylim=(0, edge), aspect="equal", xticks=[], yticks=[])


def draw_sweep_frame(axes, network, omega, reduced, crystal, level, top) -> None:
    """One frame of the disorder sweep: a corner of the network on axes[0], its g/omega on axes[1].

    reduced, crystal: g/omega on `omega` of this network and of the crystal; level: the network's Debye level.
    """
    draw_network(axes[0], network, window=(-0.7, 9.7, -0.7, 9.7), node_size=14)
    axes[0].set_title("ten by ten nodes of it", fontsize=11)
    axes[1].plot(omega, crystal, color="0.6", linewidth=1.2, label="crystal, exact")
    axes[1].plot(omega, reduced, label="this network")
    axes[1].axhline(level, color="C1", linestyle="--", linewidth=1.2, label="its Debye level")
    label_reduced(axes[1], "", omega[-1], top)
    axes[1].legend(loc="upper right", fontsize=9)
