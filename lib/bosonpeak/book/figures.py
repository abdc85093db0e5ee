"""Figures of the book: the style, and frames behind a slider that need no kernel.

`use_style` sets up matplotlib. `frames` turns one drawing function into a control: on a static page it is a set of
images behind an HTML range input, and in a live JupyterLab kernel an ipywidgets slider that draws when it is moved.
"""

import base64
import hashlib
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import matplotlib
from matplotlib.figure import Figure

from bosonpeak.drawing.style import STYLE

MAX_BYTES = 800_000
"""Largest weight of the images of one `frames` figure together."""


def use_style() -> None:
    """Give matplotlib the style of the book; in a notebook also sharp PNGs of a fixed size.

    Outside a notebook only the rcParams in `STYLE` change; the backend is left as it is.
    """
    matplotlib.rcParams.update(STYLE)
    if _in_notebook():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        # no software version in the file, no crop to the ink: equal input gives equal bytes and equal size
        set_matplotlib_formats("retina", metadata={"Software": None}, bbox_inches=None)


@dataclass(frozen=True)
class Frames:
    """Images behind a range input. `_repr_html_` shows them without a kernel and without the network.

    Attributes
    ----------
    label : str
        What the slider changes.
    texts, alts : tuple of str
        For each frame its value as text, and its alternative text.
    images : tuple of bytes
        PNG.
    size : tuple of int
        Width and height in CSS pixels.
    start : int
        The frame that is shown first.
    caption : str, optional
    """

    label: str
    texts: tuple[str, ...]
    alts: tuple[str, ...]
    images: tuple[bytes, ...]
    size: tuple[int, int]
    start: int = 0
    caption: str | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of all images together (base64 in the page adds a third)."""
        return sum(map(len, self.images))

    @property
    def html_id(self) -> str:
        """Id of the figure in the page: a hash of all that it shows, so that equal figures have equal ids."""
        digest = hashlib.sha256(repr((self.label, self.texts, self.alts, self.start, self.caption)).encode())
        for image in self.images:
            digest.update(image)
        return "bp-frames-" + digest.hexdigest()[:12]

    def __repr__(self) -> str:
        return f"<{len(self.images)} frames over {self.label}: {', '.join(self.texts)}>"

    def _repr_html_(self) -> str:
        width, height = self.size
        first = escape(self.texts[self.start])
        images = "\n".join(
            f'<img class="dark-light" src="data:image/png;base64,{base64.b64encode(image).decode()}" '
            f'width="{width}" height="{height}" alt="{escape(alt)}" data-text="{escape(text)}" '
            f'style="max-width:100%;height:auto"{"" if i == self.start else " hidden"}>'
            for i, (image, alt, text) in enumerate(zip(self.images, self.alts, self.texts, strict=True))
        )
        # mathjax_process makes MathJax set \(...\) in a caption
        caption = self.caption and f'<figcaption class="mathjax_process">{escape(self.caption)}</figcaption>'
        return (
            f'<figure class="bp-frames" id="{self.html_id}">\n'
            f'<div class="bp-frames-control"><label><span>{escape(self.label)}</span> '
            f'<input type="range" min="0" max="{len(self.images) - 1}" step="1" value="{self.start}" '
            f'aria-valuetext="{first}" autocomplete="off" disabled></label> '
            f'<output aria-live="polite">{first}</output></div>\n'
            f"{images}\n"
            f'<p class="bp-frames-still">Without JavaScript only {escape(self.label)} = {first} shows.</p>\n'
            f"{caption or ''}{_SCRIPT % self.html_id}</figure>"
        )


# Where no script runs (by a reader's choice, or in a notebook that is not trusted), the input stays disabled and a line
# says so; <noscript> would miss the second case. A figure that is shown twice has one id: querySelectorAll and the mark
# `ready` give each copy its own slider.
_SCRIPT = """<script>
(() => {
  for (const figure of document.querySelectorAll('[id="%s"]')) {
    if (figure.dataset.ready) continue;
    figure.dataset.ready = "1";
    const input = figure.querySelector("input");
    const output = figure.querySelector("output");
    const images = figure.querySelectorAll("img");
    const show = () => {
      const text = images[input.value].dataset.text;
      images.forEach((image, i) => { image.hidden = i !== Number(input.value); });
      input.setAttribute("aria-valuetext", text);
      output.textContent = text;
    };
    input.addEventListener("input", show);
    input.disabled = false;
    figure.querySelector(".bp-frames-still").remove();
    show();
  }
})();
</script>"""


def frames(
    draw: Callable,
    values: Sequence,
    *,
    label: str,
    alt: Callable[..., str],
    text: Callable[..., str] | None = None,
    caption: str | None = None,
    start=None,
    panels: tuple[int, int] = (1, 1),
    figsize: tuple[float, float] | None = None,
    dpi: int = 160,
    projection: str | None = None,
    live: bool | None = None,
):
    r"""One figure with a slider: `draw(axes, value)` for each of the values.

    Parameters
    ----------
    draw : callable
        Draws one frame on the Axes that it is given (an array of Axes when `panels` asks for more than one). Its return
        value is not used.
    values : sequence
        What the slider runs through, in this order.
    label : str
        What the slider changes, with its unit.
    alt : callable
        `alt(value)` is the alternative text of a frame: what a reader who cannot see it should know.
    text : callable, optional
        `text(value)` names the value next to the slider; by default `%g` for numbers.
    caption : str, optional
        Figure caption, with mathematics as \\(...\\).
    start : optional
        The value that is shown first; by default the first one.
    panels : tuple of int
        Rows and columns of Axes.
    figsize, dpi : tuple of float, int
        Inches, and dots per inch of the image; a page shows it at 100 dots per inch.
    projection : str, optional
        Of the Axes, such as "3d".
    live : bool, optional
        True for an ipywidgets control that draws when it is moved, False for the static figure. By default this depends
        on whether the kernel belongs to a live Jupyter server, so that no widget state enters a page that is built.

    Returns
    -------
    Frames or ipywidgets.VBox

    Raises
    ------
    ValueError
        For no values, a `start` that is not among them, a frame on which nothing was drawn, an empty or repeated
        alternative text, or images that weigh more than `MAX_BYTES` together.
    TypeError
        If `alt` cannot be called.
    """
    values = list(values)
    if not values:
        raise ValueError("frames needs at least one value to draw")
    if not callable(alt):
        raise TypeError("alt must be a function of the value: every frame has its own alternative text")
    first = values[0] if start is None else start
    if first not in values:
        raise ValueError(f"start={first!r} is not one of the values {values}")
    texts = tuple(map(text or _text, values))
    alts = tuple(map(alt, values))
    if not all(alts) or len(set(alts)) < len(alts):
        raise ValueError("alt(value) must be a different, non-empty text for each value")

    def png(value) -> tuple[bytes, tuple[int, int]]:
        return _render(draw, value, panels, figsize, dpi, projection)

    if live if live is not None else live_kernel():
        return _live_control(png, values, texts, alts, label, caption, values.index(first))

    from tqdm import tqdm

    # disable=None: a bar in a terminal, nothing in a notebook, where stderr would end up in the page
    drawn = [png(value) for value in tqdm(values, desc=label, leave=False, disable=None)]
    result = Frames(label, texts, alts, tuple(image for image, _ in drawn), drawn[0][1], values.index(first), caption)
    if result.nbytes > MAX_BYTES:
        raise ValueError(
            f"{len(values)} frames weigh {result.nbytes / 1e6:.2f} MB, more than {MAX_BYTES / 1e6:.1f}: "
            "take fewer values, a smaller figsize or a lower dpi"
        )
    return result


def _render(draw, value, panels, figsize, dpi, projection=None) -> tuple[bytes, tuple[int, int]]:
    """PNG of one frame with at most 256 colours (a third of the bytes), and its size in CSS pixels."""
    from PIL import Image

    # not a figure of pyplot: nothing is left open and nothing is displayed twice
    figure = Figure(figsize=figsize, layout="constrained", facecolor="white")
    axes = figure.subplots(*panels, subplot_kw={"projection": projection})
    draw(axes, value)
    if not any(ax.has_data() or ax.texts for ax in figure.axes):
        raise ValueError(f"draw(axes, {value!r}) drew nothing: draw on the axes given, not through pyplot")
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=dpi)
    image = Image.open(raw).convert("RGB")
    packed = io.BytesIO()
    image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue(), (round(image.width * 100 / dpi), round(image.height * 100 / dpi))


def _live_control(png, values, texts, alts, label, caption, start):
    """A slider over an image that is drawn when it is asked for, and kept."""
    import ipywidgets as widgets

    slider = widgets.SelectionSlider(
        options=[(text, i) for i, text in enumerate(texts)],
        index=start,
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "min(100%, 40em)"},
    )
    picture = widgets.HTML()
    drawn = {}

    def show(_=None) -> None:
        i = slider.value
        if i not in drawn:
            image, (width, height) = png(values[i])
            drawn[i] = (
                f'<img src="data:image/png;base64,{base64.b64encode(image).decode()}" width="{width}" '
                f'height="{height}" alt="{escape(alts[i])}" style="max-width:100%;height:auto">'
            )
        picture.value = drawn[i]

    show()
    slider.observe(show, names="value")
    return widgets.VBox([slider, picture, *([widgets.HTMLMath(escape(caption))] if caption else [])])


def _text(value) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _in_notebook() -> bool:
    """Whether this process is a Jupyter kernel."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def live_kernel() -> bool:
    """Whether a person may move the slider: jupyter_server names its sessions, and nbclient does not."""
    return _in_notebook() and "JPY_SESSION_NAME" in os.environ
