"""Drawings of S(Q, E): maps with S(Q) on them, cuts, correlations. Each function fills the axes that it is given."""

import numpy as np

from bosonpeak.drawing.style import ordered_colors, tidy_logarithmic
from bosonpeak.scattering.specific_heat import debye_heat
from bosonpeak.units import MEV, RAD_PER_PS
from bosonpeak.vibrations.debye import KELVIN

PLANCK = 2 * np.pi * MEV / RAD_PER_PS
"""Planck's constant in meV ps."""
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


def draw_spectrum(axes, energy, values, color, label, low=0.0, **options) -> None:
    """Draw a spectrum (E,) above the energy `low`, over its maximum there. options: those of `Axes.plot`."""
    shown = (energy >= low) & np.isfinite(values)
    axes.plot(energy[shown], values[shown] / values[shown].max(), color=color, label=label, **options)


def draw_excess(top, bottom, some, color, label) -> None:
    """Draw g / E^2 and the excess over the waves of the box, both over the Debye level, as means over some `Excess`.

    top, bottom: axes, the lower one or None; the first transverse wave is dotted in the upper one.
    """
    energy = some[0].energy
    for axes, part in ((top, 0), (bottom, 1)):
        if axes is not None:
            curves = [(x.density - part * x.waves) / x.level for x in some]
            axes.plot(energy, np.mean(curves, axis=0), color=color, label=label)
    top.axvline(np.mean([x.first for x in some]), color=color, linestyle=":", linewidth=1.1)


def draw_half_height(axes, some) -> None:
    """Shade the energies below the upper half height of the excess, and mark E_BP; means over some `Excess`."""
    peak, upper = (np.mean([getattr(x, name) for x in some]) for name in ("peak", "upper"))
    axes.axvspan(0, upper, color="0.92", zorder=0)
    axes.axvline(peak, color="0.4", linestyle=":", linewidth=1.1)


def draw_routes(axes, glasses, n: int, color) -> None:
    """Draw r(E) of the glasses of n atoms, means: by modes (solid) and by motion (dashed), where they are at hand."""
    for route, line in (("modes", "-"), ("motion", "--")):
        if (reading := glasses.reading(n, route)) is not None:
            label = f"N = {n:,}" if line == "-" else None
            axes.plot(reading.energy, reading.curves.mean(axis=0), line, color=color, label=label)
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set(ylabel=r"likeness $r$ to $S(Q)$", ylim=(-1.05, 1.05))


def draw_branch(axes, q, energy, speed: float, color, label) -> None:
    """Draw the maxima of a current of sound, and its speed (hbar times speed, meV A) as a line up to 1 1/A."""
    axes.plot(q, energy, "^", color=color, markersize=4, label=label)
    axes.plot([0, 1.0], [0, speed], color=color, linewidth=1)


def draw_alignment(top, bottom, found) -> None:
    """Draw a `measure.Mechanism`, means over its glasses: alignments, and below them the measured and predicted r."""
    energy = found.reading.energy
    top.plot(energy, found.neighbours.mean(axis=0), color="#0072B2", label="nearest neighbours")
    top.plot(energy, found.far.mean(axis=0), color="0.55", label="8 to 10 Å apart")
    top.set(ylabel="alignment $c$")
    bottom.plot(energy, found.reading.curves.mean(axis=0), color="#0072B2", linewidth=4, alpha=0.4, label="measured")
    for pairs, line, color, label in (
        ("directed", "--", "#D55E00", "from directed alignment"),
        ("undirected", ":", "#009E73", "direction ignored"),
    ):
        bottom.plot(energy, found.predicted(pairs).mean(axis=0), line, color=color, label=label)
    bottom.set(ylabel=r"likeness $r$ to $S(Q)$", ylim=(-1.05, 1.05))
    for axes in (top, bottom):
        axes.axhline(0, color="0.5", linewidth=0.8)
        axes.legend(fontsize="small")


def draw_mode(axes, atoms, vector, title: str, thickness: float = 1.0) -> None:
    """Draw the displacements (3N,) of a mode in a slice of a box around its middle, as arrows of one longest length.

    thickness: of the slice, in units of length of the atoms.
    """
    u = vector.reshape(-1, 3) / np.sqrt(atoms.get_masses())[:, None]
    places, middle = atoms.get_positions(wrap=True), atoms.cell.lengths()[2] / 2
    inside = abs(places[:, 2] - middle) < thickness / 2
    x, y, (a, b) = places[inside, 0], places[inside, 1], u[inside, :2].T
    axes.quiver(x, y, a, b, color="#0072B2", scale=6 * np.hypot(a, b).max(), width=0.006)
    axes.plot(x, y, ".", color="0.6", markersize=2)
    axes.set(title=title, aspect="equal", xticks=[], yticks=[])
    axes.grid(False)


def draw_heat(axes, found) -> None:
    """Draw C / T^3 of a `heat.Heat`, its fit, the Debye part of the fit, and the elastic Debye law."""
    kelvin, fit = found.kelvin, found.fit
    debye = fit.debye_share * debye_heat(kelvin, fit.debye_temperature)
    elastic = debye_heat(kelvin, (3 / found.level) ** (1 / 3) * KELVIN["meV"])
    axes.plot(kelvin, 1e5 * found.heat, ".", color="#0072B2", label="computed")
    axes.plot(kelvin, 1e5 * fit.heat(kelvin) / kelvin**3, color="#D55E00", label="fit")
    axes.plot(kelvin, 1e5 * debye / kelvin**3, "--", color="#D55E00", linewidth=1.2, label="its Debye part")
    axes.plot(kelvin, 1e5 * elastic / kelvin**3, ":", color="0.3", label="elastic Debye law")
    axes.set(xscale="log", xlabel="temperature  (K)", ylabel=r"$C/T^3$  ($10^{-5}$ J mol$^{-1}$ K$^{-4}$)", ylim=0)
    tidy_logarithmic(axes)
    axes.legend()


def draw_synthetic(axes, table, measured: float, error: float) -> None:
    """Draw fitted energies against the true peak of a `heat.synthetic_map`, and a measured energy as a band."""
    true, fitted = table["true peak"], table["Einstein energy"]
    axes.axhspan(measured - error, measured + error, color="0.9", zorder=0)
    axes.plot(true, fitted, "o-", color="#D55E00", label="Einstein energy")
    axes.plot(true, table["peak of the fit"], "s-", color="#009E73", label=r"peak of the fit's $g/E^2$")
    axes.plot(true, true, ":", color="0.3")
    axes.set(xlabel="true peak  (meV)", ylabel="fitted energy  (meV)")
    axes.legend()


def draw_instrument(axes, shown, widths, elastic: float) -> None:
    """Draw B as spectrometers of several widths (meV) show it, and with the elastic line for one of them; means."""
    for width, color in zip(widths, ordered_colors(len(widths)), strict=True):
        found = shown.read(width)
        label = f"{width:g} meV" if width else "no instrument"
        axes.plot(found[0].energy, 1e5 * np.mean([x.spectrum for x in found], axis=0), color=color, label=label)
        if width == elastic:
            found = shown.read(width, elastic=True)
            axes.plot(found[0].energy, 1e5 * np.mean([x.spectrum for x in found], axis=0), "--", color=color)
    top = 1e5 * np.mean([x.spectrum[x.energy > 1].max() for x in shown.read(0.0)])
    axes.set(xlabel=ENERGY_LABEL["meV"], ylabel=r"$B$  ($10^{-5}$ meV$^{-3}$)", xlim=(0, 15), ylim=(0, 1.6 * top))
    axes.legend()


def draw_lags(axes, fields) -> None:
    """Draw the peak of the shear strain against the lag of its reference, for each box, with h / 2 tau and 4.3 meV."""
    tau, _ = fields.lags(min(fields.data))
    fine = np.linspace(0.8 * tau.min(), 1.2 * tau.max(), 100)
    axes.plot(fine, PLANCK / (2 * fine), color="0.3", linewidth=1.2, label=r"$h/2\tau$")
    for n, color in zip(sorted(fields.data), ("#56B4E9", "#0072B2"), strict=False):
        axes.plot(*fields.lags(n), "o", color=color, label=f"N = {n:,}")
        axes.axhline(fields.reading("shear", n=n).place().mean(), color=color, linestyle="--", linewidth=1)
    axes.axhline(4.3, color="#D55E00", linestyle=":")
    axes.set(xlabel=r"lag $\tau$  (ps)", ylabel="peak of the shear strain  (meV)", ylim=(0, 11))
    axes.legend()


def draw_model(top, bottom, glasses, color, label) -> None:
    """Draw g / E^2 over the Debye level, and r by modes over E / E_BP, of a model glass; nothing where it is None."""
    if glasses is None:
        return
    some, reading = glasses.excess[glasses.main], glasses.reading(route="modes")
    draw_excess(top, None, some, color, label)
    peak = reading.peaks.mean()
    bottom.plot(reading.energy / peak, reading.curves.mean(axis=0), color=color, label=label)
    if label == "Kob-Andersen":
        bottom.axvspan(0, np.mean([x.upper for x in some]) / peak, color="0.92", zorder=0)
    top.set(xlabel=ENERGY_LABEL["reduced"], ylabel=r"$g/E^2$ over the Debye level", xlim=(0, 15), ylim=(0, None))
    bottom.axhline(0, color="0.5", linewidth=0.8)
    bottom.set(xlabel=r"$E/E_\mathrm{BP}$", ylabel=r"likeness $r$ to $S(Q)$", ylim=(-1.05, 1.05), xlim=(0, 14))


def shade(table):
    """The Styler of a table of correlations, coloured from -1 to 1 so lightly that black text can be read on it."""
    shaded = table.style.format("{:.2f}")
    return shaded.background_gradient(cmap="RdBu", vmin=-1.6, vmax=1.6, text_color_threshold=0)
