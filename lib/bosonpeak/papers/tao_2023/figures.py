"""Drawings of what is learned: spectra by rate, networks, scores with their ceiling, predictions, surroundings."""

from itertools import pairwise

import numpy as np

from bosonpeak.drawing.style import CYCLE, ordered_colors
from bosonpeak.papers.tao_2023 import studies
from bosonpeak.papers.tao_2023.descriptors import PAIRS, total_pair_function
from bosonpeak.statistics import mean_interval

INTENSITY = r"$I_\mathrm{BP}$  ($10^{-6}$ (rad/ps)$^{-3}$)"
"""Label of an axis of boson peaks."""
BANDS = ((1e12, 9e12), (1e13, 3e13), (3.1e13, 1.1e14), (1.2e14, 3.5e14), (3.9e14, 1e15))
"""Bands of cooling rates in K/s whose mean spectra are drawn."""
LOW, HIGH = "#0072B2", "#D55E00"


def draw_by_bands(axes, table) -> None:
    """Mean spectra by bands of cooling rate, and height and place of the boson peak over the rate.

    axes: four, of the density of states, the reduced density, the height and the place; table: all samples.
    """
    members = {f"{low:.0e} to {high:.0e}".replace("e+", "e"): studies.glasses(table, low, high) for low, high in BANDS}
    liquid = table.isel(sample=np.isinf(table.cooling_rate.values))
    for t in np.unique(liquid.melt_temperature.values):
        members[f"liquid, {t:,.0f} K"] = liquid.isel(sample=liquid.melt_temperature.values == t)
    members = {name: group for name, group in members.items() if group.sizes["sample"]}
    density, reduced, height, place = axes
    omega = np.linspace(2, 10.5, 120)
    for (name, group), color in zip(members.items(), ordered_colors(len(members)), strict=True):
        counts = group.spectrum_count.values.sum(axis=0)
        density.plot(group.omega, counts / counts.sum() / 0.5, color=color, linewidth=1, label=name)
        reduced.plot(omega, studies.MICRO * studies.mean_spectrum(group, omega), color=color)
        reduced.axhline(studies.MICRO * group.debye_level.values.mean(), color=color, linestyle="--", linewidth=0.8)
    density.set(xlabel=r"$\omega$  (rad/ps)", ylabel=r"$g(\omega)$  (ps/rad)", xlim=(0, 85), ylim=(0, None))
    density.legend(fontsize="small", title="cooling rate (K/s)", loc="upper right")
    reduced.set(xlabel=r"$\omega$  (rad/ps)", ylabel=r"$g/\omega^2$  ($10^{-6}$ (rad/ps)$^{-3}$)", ylim=(0, None))
    shown = studies.usable(studies.glasses(table))
    draw_by_rate(height, shown.cooling_rate.values, shown.intensity.values * studies.MICRO, INTENSITY)
    draw_by_rate(place, shown.cooling_rate.values, shown.omega_peak.values, r"$\omega_\mathrm{BP}$  (rad/ps)")


def draw_intervals(axes, x, found, upright=True, **style) -> None:
    """Each (value, (low, high)) over its x as a point with a bar; style: of matplotlib's `errorbar`.

    upright: whether the bars stand; if they lie, x is the height at which they are drawn.
    """
    value = np.array([value for value, _ in found])
    ends = abs(np.array([ends for _, ends in found]).T - value)
    axes.errorbar(*((x, value, ends) if upright else (value, x, None, ends)), capsize=3, **style)


def draw_spread(axes, x, values, **style) -> None:
    """Mean and standard deviation of each row of values (n, m) over its x; style: of matplotlib's `errorbar`."""
    axes.errorbar(x, values.mean(axis=1), values.std(axis=1), fmt="o-", capsize=3, **style)


def draw_models(left, right, scores) -> None:
    """Errors (left) and R^2 (right) of all models by input, with the mean and the ceiling of the state.

    scores: `measure.InputScores`.
    """
    inputs = list(scores.over_mean)
    models = [m for kind, m in scores.r2 if kind == inputs[0] and m != "mean"]
    mean, label = scores.error["partial g(r)", "mean"][0], f"MAE of {INTENSITY}"
    for m, color, offset in zip(models, CYCLE, np.linspace(-0.3, 0.3, len(models)), strict=False):
        errors, r2 = ([found[k, m] for k in inputs] for found in (scores.error, scores.r2))
        draw_scores(left, inputs, errors, mean, label=label, color=color, offset=offset)
        draw_scores(right, inputs, r2, color=color, offset=offset, legend=m)
    right.axvspan(*scores.share[1], color="0.85", zorder=0)
    right.axvline(scores.share[0], color="0.4", linestyle="--", linewidth=1)
    right.legend(fontsize="small", loc="best")


def draw_curve(left, right, curve, height) -> None:
    """Errors of ridge regression over the number of glasses (left), and by how much partial beats total g(r) (right).

    curve: of `archived.ridge_curve`; height (n,): the heights of all glasses.
    """
    error, glasses = curve.error.values, curve["count"].values * len(height) / curve["count"].values[-1]
    for c, (reach, face) in enumerate(zip(curve.reach.values, (None, "none"), strict=True)):
        for k, (name, color) in enumerate(zip(curve.input.values, (LOW, HIGH), strict=True)):
            # moved aside, so that the bars do not hide each other
            look = {"color": color, "markerfacecolor": face, "label": f"{name}, {reach}"}
            draw_spread(left, 1.03 ** (2 * c + k - 1.5) * glasses, error[:, :, c, k], **look)
        gain, look = 100 * (1 - error[:, :, c, 1] / error[:, :, c, 0]), {"markerfacecolor": face, "color": "#009E73"}
        draw_spread(right, 1.03 ** (c - 0.5) * glasses, gain, label=f"to {reach}", **look)
    left.axhline(abs(height - height.mean()).mean(), color="0.5", linewidth=1.2)
    left.set(xlabel="glasses", ylabel=f"MAE of {INTENSITY}", xscale="log")
    left.set_ylim(None, left.get_ylim()[1] + 0.8)
    left.legend(fontsize="small", ncols=2, loc="upper center")
    right.axhline(12.6, color="0.4", linestyle=":")
    right.axhline(0, color="0.5", linewidth=0.8)
    right.set(xlabel="glasses", ylabel="partial beats total by (%)", xscale="log")
    right.legend(fontsize="small")


def draw_extremes(left, right, table, neuron) -> None:
    """g(r) of the samples with the highest and lowest 5 % of the height (left), and the weights of one neuron (right).

    table: samples of glasses; neuron: the archived study of that name.
    """
    low, high = (total_pair_function(table)[few].mean(axis=0) for few in studies.extremes(table.intensity.values, 0.05))
    left.plot(table.r, low, color=LOW, label="lowest 5 %")
    left.plot(table.r, high, color=HIGH, linestyle="--", label="highest 5 %")
    left.set(xlabel=r"$r$  (Å)", ylabel=r"$g(r)$", xlim=(1.5, 12), ylim=(0, None))
    left.legend(fontsize="small")
    seen = neuron.difference.values != 0
    r, weight, shuffled = neuron.r.values[seen], neuron.weight.values[:, seen], neuron.shuffled.values[:, seen]
    mean, difference = weight.mean(axis=0), neuron.difference.values[seen]
    right.plot(r, (weight / weight.std()).T, color=LOW, linewidth=0.4)
    right.plot(r, mean / mean.std(), color=LOW, label="weights")
    right.plot(r, shuffled.mean(axis=0) / mean.std(), color="0.6", label="shuffled heights")
    right.plot(r, difference / difference.std(), color=HIGH, label=r"difference of $g(r)$")
    right.set(xlabel=r"$r$  (Å)", ylabel="over the standard deviation", xlim=(1.5, 12), ylim=(-3.5, 5))
    right.legend(fontsize="small", ncols=2, loc="upper left")


def draw_by_energy(axes, table) -> None:
    """Height over the energy of the minimum, for glasses, liquids that were cooled, and liquids of a table."""
    at_once, cold = np.isinf(table.cooling_rate.values), table.end_temperature.values < 1
    kinds = {"glasses": ~at_once & cold, "cooled liquids": ~cold, "liquids": at_once}
    for (name, inside), color in zip(kinds.items(), CYCLE, strict=False):
        energy, height = table.energy.values[inside], table.intensity.values[inside] * studies.MICRO
        axes.plot(energy, height, ".", color=color, markersize=4, alpha=0.6, label=name)
    axes.set(xlabel="energy of the minimum  (eV/atom)", ylabel=INTENSITY)
    axes.locator_params(axis="x", nbins=4)
    axes.legend(fontsize="small")


def draw_network(axes, neurons, inputs="inputs", output=r"$I_\mathrm{BP}$", shown=7) -> None:
    """Layers as columns of neurons, at most `shown` of each with dots between, all connected to the next.

    neurons: of every layer, inputs first and the output last.
    """
    places = [np.linspace(-0.5, 0.5, k) * (k - 1) / (shown - 1) for k in np.minimum(neurons, shown)]
    for x, (here, there) in enumerate(pairwise(places)):
        for a in here:
            axes.plot([x, x + 1], [np.full(len(there), a), there], color="0.8", linewidth=0.5, zorder=1)
    for x, (column, count, color) in enumerate(zip(places, neurons, ordered_colors(len(neurons)), strict=True)):
        axes.plot(np.full(len(column), x), column, "o", color=color, markersize=11, zorder=2)
        axes.text(x, -0.66, f"{count}", ha="center", va="top")
        if count > shown:
            axes.text(x, 0.0, r"$\vdots$", ha="center", va="center", color="white", zorder=3)
    axes.text(0, 0.62, inputs, ha="center", va="bottom")
    axes.text(len(neurons) - 1, 0.14, output, ha="center", va="bottom")
    axes.set(xlim=(-0.4, len(neurons) - 0.6), ylim=(-0.85, 0.8))
    axes.set_axis_off()


def draw_by_rate(axes, rates, values, label, color=LOW) -> None:
    """Every sample as a faint point over its cooling rate (K/s), and the mean of each rate with its 95 % interval.

    Rates of one or two samples have their points alone: an interval from two is a dozen times their distance.
    """
    rates, values = np.asarray(rates, float), np.asarray(values, float)
    axes.plot(rates, values, ".", color=color, alpha=0.25, markersize=4)
    several = {rate: values[rates == rate] for rate in np.unique(rates) if (rates == rate).sum() > 2}
    draw_intervals(axes, list(several), [*map(mean_interval, several.values())], fmt="o", color=color, markersize=4)
    axes.set(xscale="log", xlabel="cooling rate  (K/s)", ylabel=label)


def draw_scores(axes, names, scores, line=0.0, label=r"$R^2$", color=LOW, offset=0.0, legend=None) -> None:
    """(value, (low, high)) of every name as a point with its interval, and a line at the score of knowing nothing.

    line: that score; label, legend: of the axis and of the points; offset: by how much the points are moved down.
    """
    at = np.arange(len(names)) + offset
    draw_intervals(axes, at, scores, upright=False, fmt="o", color=color, markersize=5, label=legend)
    axes.axvline(line, color="0.5", linewidth=0.8)
    axes.set(xlabel=label, yticks=np.arange(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))


def draw_parity(axes, true, predicted, bins=10, unit=INTENSITY, cmap="Blues") -> None:
    """Predicted against true values, as a map of their number, means of equally many samples, and the diagonal."""
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    low, high = np.quantile(np.concatenate([true, predicted]), [0.002, 0.998])
    cells = 40 if len(true) > 2000 else 20
    axes.hist2d(true, predicted, bins=cells, range=[(low, high)] * 2, cmap=cmap, cmin=1, rasterized=True)
    groups = np.array_split(np.argsort(true, kind="stable"), min(bins, len(true)))
    axes.plot([true[g].mean() for g in groups], [predicted[g].mean() for g in groups], "o", color="#D55E00")
    axes.plot([low, high], [low, high], "--", color="0.3", linewidth=1)
    axes.set(xlabel=f"true {unit}", ylabel=f"predicted {unit}", xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.grid(False)


def draw_surroundings(axes, r, true, predicted, channel) -> None:
    """g(r) around the atoms with the lowest and the highest boson peak: lines by the true ones, dots by the predicted.

    true, predicted: (2, 4, K), lowest first (`atoms.extreme_functions`); channel: of the four.
    """
    for side, (color, name) in enumerate(((LOW, "lowest tenth"), (HIGH, "highest tenth"))):
        axes.plot(r, true[side, channel], color=color, label=name)
        axes.plot(r[::2], predicted[side, channel, ::2], ".", color=color, markersize=4)
    axes.set(xlabel=r"$r$  (Å)", ylabel=rf"$g(r)$, {PAIRS[channel]}", xlim=(r[0], r[-1]), ylim=(0, None))
