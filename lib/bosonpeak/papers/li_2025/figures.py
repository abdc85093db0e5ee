"""Drawings of S(Q, E): maps with S(Q) on them, cuts, correlations. Each function fills the axes that it is given."""

import numpy as np

STRUCTURE = "#D55E00"
"""Colour of S(Q)."""
ENERGY_LABEL = {"meV": r"$E$  (meV)", "reduced": r"$E = \hbar\omega$  (reduced)"}
"""Label of an axis of energies by their unit."""
Q_LABEL = {"meV": r"$Q$  (Å$^{-1}$)", "reduced": r"$Q$  ($\sigma^{-1}$)"}
"""Label of an axis of Q by the unit of the energies."""


def draw_map(axes, found, structure, energies, title="", window=None, cmap="viridis") -> None:
    """Draw a map between two energies, with S(Q) as a dashed line over its lower third.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    found : ScatteringMap
    structure : array, shape (B,), or None
        S(Q); None draws no line.
    energies : (float, float)
        Range of energies; the colours end at the maximum inside.
    title : str
    window : (float, float), optional
        Wave vectors to mark by dotted lines.
    cmap : str
        Colour map.
    """
    shown = (found.energy >= energies[0]) & (found.energy <= energies[1])
    values = found.intensity[:, shown]
    measured = found.counts > 0
    # a shell without a wave vector has no value
    top = np.nanquantile(values[measured], 0.995)
    axes.pcolormesh(found.q, found.energy[shown], values.T, cmap=cmap, vmin=0, vmax=top, rasterized=True)
    if structure is not None:
        height = (energies[1] - energies[0]) / 3
        axes.plot(found.q, energies[0] + height * structure / np.nanmax(structure), "--", color="white", linewidth=1.3)
    for q in window or ():
        axes.axvline(q, color="white", linestyle=":", linewidth=0.9)
    axes.set(xlabel=Q_LABEL[found.unit], ylabel=ENERGY_LABEL[found.unit], title=title, ylim=energies)
    axes.grid(False)


def draw_cut(axes, found, structure, energy, inside, color="#0072B2", label=None) -> None:
    """Draw B at one energy over its mean in a window, with twice the standard error of its speckle, and S(Q) likewise.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    found : ScatteringMap
    structure : array, shape (B,)
        S(Q).
    energy : float
        The nearest energy of the map is taken.
    inside : array of bool, shape (B,)
        Shells of the window.
    color, label : str, optional
    """
    k = int(abs(found.energy - energy).argmin())
    mean = found.intensity[inside, k].mean()
    q, values, error = found.q, found.intensity[:, k] / mean, found.stderr[:, k] / mean
    axes.fill_between(q, values - 2 * error, values + 2 * error, color=color, alpha=0.25, linewidth=0)
    axes.plot(q, values, color=color, label=label or f"E = {found.energy[k]:.1f}")
    axes.plot(q, structure / structure[inside].mean(), "--", color=STRUCTURE, linewidth=1.3, label=r"$S(Q)$")
    limits = {"xlim": (0.7 * q[inside][0], q[inside][-1]), "ylim": (0, None)}
    axes.set(xlabel=Q_LABEL[found.unit], ylabel="over the mean", **limits)


def draw_correlation(axes, energy, curves, color, label, peak=None) -> None:
    """Draw r(E) of one or several samples, (E,) or (G, E), their mean, and the energy of a peak as a dotted line."""
    curves = np.atleast_2d(curves)
    if len(curves) > 1:
        axes.plot(energy, curves.T, color=color, linewidth=0.6, alpha=0.4)
    axes.plot(energy, curves.mean(axis=0), color=color, label=label)
    if peak is not None:
        axes.axvline(peak, color=color, linestyle=":", linewidth=1.1)
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set(ylabel=r"Pearson's $r$ with $S(Q)$", ylim=(-1.05, 1.05))


def draw_spectrum(axes, energy, values, color, label, low=0.0, **options) -> None:
    """Draw a spectrum (E,) above the energy `low`, over its maximum there. options: those of `Axes.plot`."""
    shown = (energy >= low) & np.isfinite(values)
    axes.plot(energy[shown], values[shown] / values[shown].max(), color=color, label=label, **options)


def draw_dispersions(axes, found, color, label, marker="o") -> None:
    """Draw the energies of the `maps.Dispersion` of several samples, hollow where the maximum lies at the edge of the
    search, with one entry in the legend."""
    q, energy, interior = (np.concatenate([getattr(d, key) for d in found]) for key in ("q", "energy", "interior"))
    for part, face, words in ((interior, color, label), (~interior, "none", None)):
        look = {"color": color, "markersize": 3.5, "markerfacecolor": face, "label": words}
        axes.plot(q[part], energy[part], marker, linestyle="none", **look)
