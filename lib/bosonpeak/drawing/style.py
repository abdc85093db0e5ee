"""The style of all figures: colours that remain distinct in every common colour vision, sizes, and tidy axes."""

import matplotlib
import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

# the colours of Okabe and Ito without yellow, which is hard to see on white
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


STYLE = {
    "axes.prop_cycle": matplotlib.cycler(color=CYCLE),
    # 560 px shrink to 340 on a phone: 13 points are then still 11 px high
    "figure.figsize": (5.6, 3.8),
    "figure.dpi": 100,
    "font.size": 13,
    "axes.titlesize": 13,
    "legend.fontsize": 11,
    "lines.linewidth": 1.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    # opaque white: black axes stay visible on a dark page
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "image.cmap": "viridis",
    "svg.hashsalt": "bosonpeak",
}


def ordered_colors(n: int, cmap: str = "viridis") -> list[tuple[float, float, float, float]]:
    """Colours from dark to light for n curves that belong to ascending values of one parameter.

    The light end of the colour map, which is hard to see on white, is left out. Raises ValueError if n < 1.
    """
    if n < 1:
        raise ValueError(f"ordered_colors needs at least one curve, got {n}")
    return [matplotlib.colormaps[cmap](0.72 * i / max(n - 1, 1)) for i in range(n)]


def tidy_logarithmic(*axes) -> None:
    """Label logarithmic axes at 1, 2, 5 if they are shorter than a decade and a half, and at powers of ten otherwise.

    Call it last, since it depends on the limits. The default labels of matplotlib overlap on short axes.
    """
    for ax in axes:
        for axis in (ax.xaxis, ax.yaxis):
            if axis.get_scale() != "log":
                continue
            low, high = axis.get_view_interval()
            axis.set_minor_formatter(NullFormatter())
            if np.log10(high / low) < 1.5:
                axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def draw_power(axes, x, exponent, through, label, **style) -> None:
    """Draw y ~ x^exponent as a straight line on logarithmic axes, through a point.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    x : sequence of two floats
        Where the line begins and ends.
    exponent : float
    through : tuple of two floats
        The point (x, y).
    label : str or None
    **style
        Of `Axes.plot`; by default the line is grey and dashed.
    """
    x = np.asarray(x, float)
    style = {"color": "0.3", "linewidth": 1.2, "linestyle": "--", **style}
    axes.plot(x, through[1] * (x / through[0]) ** exponent, label=label, **style)
