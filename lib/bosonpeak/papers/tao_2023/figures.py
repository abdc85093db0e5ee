"""Drawings of what is learned: spectra by rate, networks, scores with their ceiling, predictions, surroundings."""

import numpy as np

from bosonpeak.drawing.style import CYCLE, ordered_colors
from bosonpeak.papers.tao_2023 import studies
from bosonpeak.papers.tao_2023.descriptors import PAIRS, partial_pair_functions
from bosonpeak.statistics import mean_interval

INTENSITY = r"$I_\mathrm{BP}$  ($10^{-6}$ (rad/ps)$^{-3}$)"
"""Label of an axis of boson peaks."""
BANDS = ((1e12, 9e12), (1e13, 3e13), (3.1e13, 1.1e14), (1.2e14, 3.5e14), (3.9e14, 1e15))
"""Bands of cooling rates in K/s whose mean spectra are drawn."""
LOW, HIGH = "#0072B2", "#D55E00"


def draw_by_bands(axes, table, larger) -> None:
    """Mean spectra by bands of cooling rate, and height and place of the boson peak over the rate.

    axes: three, of the reduced density, the height and the place; table: all samples; larger: of the paper's size.
    """
    members = {f"{low:.0e} to {high:.0e}".replace("e+", "e"): studies.glasses(table, low, high) for low, high in BANDS}
    liquid = table.isel(sample=np.isinf(table.cooling_rate.values))
    for t in np.unique(liquid.melt_temperature.values):
        members[f"liquid, {t:,.0f} K"] = liquid.isel(sample=liquid.melt_temperature.values == t)
    members = {name: group for name, group in members.items() if group.sizes["sample"]}
    reduced, height, place = axes
    omega = np.linspace(2, 10.5, 120)
    for (name, group), color in zip(members.items(), ordered_colors(len(members)), strict=True):
        reduced.plot(omega, studies.MICRO * studies.mean_spectrum(group, omega), color=color, label=name)
        reduced.axhline(studies.MICRO * group.debye_level.values.mean(), color=color, linestyle="--", linewidth=0.8)
    reduced.legend(fontsize="small", title="cooling rate (K/s)", loc="upper right", ncols=2)
    reduced.set(xlabel=r"$\omega$  (rad/ps)", ylabel=r"$g/\omega^2$  ($10^{-6}$ (rad/ps)$^{-3}$)", ylim=(0, 350))
    for some, color in ((table, LOW), (larger, HIGH)):
        shown = studies.usable(studies.glasses(some))
        rate, omega = shown.cooling_rate.values, shown.omega_peak.values
        draw_by_rate(height, rate, shown.intensity.values * studies.MICRO, INTENSITY, color)
        draw_by_rate(place, rate, omega, r"$\omega_\mathrm{BP}$  (rad/ps)", color)


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


def draw_weights(axes, neuron) -> None:
    """Weights of one neuron on total g(r), and the difference of g(r) between high and low boson peaks.

    neuron: the archived study of that name.
    """
    seen = neuron.difference.values != 0
    r, weight, shuffled = neuron.r.values[seen], neuron.weight.values[:, seen], neuron.shuffled.values[:, seen]
    mean, difference = weight.mean(axis=0), neuron.difference.values[seen]
    axes.plot(r, (weight / weight.std()).T, color=LOW, linewidth=0.4)
    axes.plot(r, mean / mean.std(), color=LOW, label="weights")
    axes.plot(r, shuffled.mean(axis=0) / mean.std(), color="0.6", label="shuffled heights")
    axes.plot(r, difference / difference.std(), color=HIGH, label=r"difference of $g(r)$")
    axes.set(xlabel=r"$r$  (Å)", ylabel="over the standard deviation", xlim=(1.5, 12), ylim=(-3.5, 5))
    axes.legend(fontsize="small", ncols=2, loc="upper left")


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


def draw_noise(axes, table) -> None:
    """Scatter of partial g(r) between glasses, and the counting noise of independent pairs; axes: three."""
    partial, count = partial_pair_functions(table), np.maximum(table.pair_count.values, 1)
    for ax, pair, g, n in zip(axes, table.pair.values, partial.swapaxes(0, 1), count.swapaxes(0, 1), strict=True):
        ax.plot(table.r, g.std(axis=0), color=HIGH, label="between glasses")
        ax.plot(table.r, (g / np.sqrt(n)).mean(axis=0), "--", color=LOW, label="counting noise")
        ax.set(xlabel=r"$r$  (Å)", ylabel=f"scatter, {pair}", xlim=(2, 12), yscale="log", ylim=(1e-2, 0.5))
    axes[0].legend(fontsize="small")


def draw_targets(axes, scores) -> None:
    """R^2 of what is predicted on fresh glasses by total and by partial g(r); scores: `measure.FreshScores`."""
    names = list(dict.fromkeys(name for name, _ in scores.targets))
    for kind, color, offset in (("total g(r)", LOW, -0.15), ("partial g(r)", HIGH, 0.15)):
        found = [scores.targets[name, kind] for name in names]
        draw_scores(axes, names, found, color=color, offset=offset, legend=kind)
    axes.legend(fontsize="small")


def draw_bottom_up(axes, found) -> None:
    """Height of glasses over the mean of the predictions for their atoms; found: of `archived.predict_fresh`."""
    for which, color, name in ((False, "0.6", "first table, in folds"), (True, HIGH, "new parents")):
        some = found.isel(structure=(found.row.values >= 0) == which)
        axes.plot(some.predicted, some.height, "o", color=color, markersize=4, label=name)
    axes.set(xlabel=r"mean of the predicted $\log_{10} I^i_\mathrm{BP}$  ((rad/ps)$^{-3}$)", ylabel=INTENSITY)
    axes.legend(fontsize="small")
