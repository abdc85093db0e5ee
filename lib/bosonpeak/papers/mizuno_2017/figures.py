"""Figures of the slow modes of packings: densities of states, participation ratios, and the two kinds of modes.

Lengths, energies and frequencies are reduced.
"""

import numpy as np

from bosonpeak.drawing.spectra import draw_reduced_densities
from bosonpeak.drawing.style import CYCLE, draw_power, ordered_colors, tidy_logarithmic

OMEGA = r"$\omega$  ($\sqrt{\epsilon/m\sigma^2}$)"


def draw_states(axes, spectra, first_phonon, modes) -> None:
    """Draw g / omega^2 on axes[0] and participation ratios on axes[1], one colour per number of particles.

    Parameters
    ----------
    axes : sequence of two matplotlib.axes.Axes
    spectra : dict
        Archived spectra of each number of particles.
    first_phonon : dict
        omega of the first wave of the box, which is drawn dotted.
    modes : dict
        For each number of particles a list of tables, of which the hundred lowest modes are drawn, the fuller the
        larger their O_k.
    """
    for (n, group), color in zip(spectra.items(), ordered_colors(len(spectra)), strict=True):
        draw_reduced_densities(axes[0], group, 0.02, color, f"N = {n:,}")
        for ax in axes:
            ax.axvline(first_phonon[n], color=color, linestyle=":", linewidth=1)
        for table in (table.isel(mode=slice(100)) for table in modes[n]):
            face = [(*color[:3], share) for share in np.clip(table.phonon_order_parameter.values, 0, 1)]
            style = {"facecolors": face, "edgecolors": [color], "linewidths": 0.6}
            axes[1].scatter(table.frequency.values, table.participation_ratio.values, 16, **style)
    axes[0].set(xlim=(0, 0.45), ylim=(0, None), ylabel=r"$g/\omega^2$  (reduced)")
    axes[1].set(xlabel=OMEGA, ylabel="participation ratio $P_k$", yscale="log")
    axes[0].legend()


def draw_split(axes, modes, edges, least) -> None:
    """Draw the density of states of modes with O_k >= least and of the others, on logarithmic axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    modes : pandas.DataFrame
        `transitions.computed_modes` of samples of one size.
    edges : array, shape (b + 1,)
        Bins in omega, below the highest frequency that every sample has. Error bars are those of Poisson's law.
    least : float
    """
    total = 3 * modes.drop_duplicates("sample").n_atoms.sum()
    centre, width = np.sqrt(edges[1:] * edges[:-1]), np.diff(edges)
    phonon = modes.phonon_order_parameter >= least
    kinds = (phonon, "o", CYCLE[0], rf"$O_k \geq {least:g}$"), (~phonon, "s", CYCLE[1], rf"$O_k < {least:g}$")
    for chosen, marker, color, label in kinds:
        count = np.histogram(modes.frequency[chosen], edges)[0]
        some = count > 0
        g, error = count / (total * width), np.sqrt(count) / (total * width)
        # the bar of a single mode would reach zero
        low = np.where(count > 1, error, 0.9 * g)
        look = {"fmt": marker, "color": color, "markersize": 5, "linewidth": 1, "label": label}
        axes.errorbar(centre[some], g[some], (low[some], error[some]), **look)
    axes.set(xscale="log", yscale="log")


def draw_density(axes, modes, debye_level, alpha, first_phonon) -> None:
    """Draw `draw_split` of the modes, Debye's and the quartic law, and ticks at the waves of the box.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    modes : pandas.DataFrame
        As in `draw_split`.
    debye_level, alpha : float
        Of g = debye_level omega^2 and of g = alpha omega^4.
    first_phonon : float
        omega of the first transverse wave of the box.
    """
    edges = np.geomspace(0.03, modes.groupby("sample").frequency.max().min(), 13)
    draw_split(axes, modes, edges, 0.3)
    draw_power(axes, [0.03, 0.2], 2, (0.1, debye_level * 0.01), r"$A_D\,\omega^2$")
    draw_power(axes, [0.03, 0.13], 4, (0.1, alpha * 1e-4), r"$\alpha\,\omega^4$", linestyle=":")
    for shell in first_phonon * np.sqrt([1, 2, 3, 4, 5]):
        axes.axvline(shell, ymax=0.04, color="0.3", linewidth=1.2)
    axes.set(xscale="log", yscale="log", xlabel=OMEGA, ylabel=r"$g(\omega)$  (reduced)", ylim=(1e-4, 0.3))
    axes.legend()
    tidy_logarithmic(axes)
