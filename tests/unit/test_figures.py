"""frames(): the static figure, the live control, and what a real browser does with it."""

import io
import shutil
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
from PIL import Image

from bosonpeak.book import figures
from bosonpeak.book.figures import frames, use_style
from bosonpeak.drawing.style import CYCLE, ordered_colors

VALUES = [0.0, 0.1, 0.2, 0.3]


def draw(ax, value):
    x = np.linspace(0, 3, 200)
    ax.plot(x, np.sin(x + 3 * value))
    ax.set_xlabel("omega")


def alt(value):
    return f'A wave, "shifted" by {3 * value:.1f}'


def make(**options):
    return frames(draw, VALUES, **{"label": "disorder", "alt": alt, **options})


class Page(HTMLParser):
    """The start tags of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_static_figure_has_one_visible_frame_and_an_alt_text_each():
    page = Page(make(start=0.2, caption="A < b & c")._repr_html_())
    images = page.all("img")
    assert [image["alt"] for image in images] == [alt(value) for value in VALUES]
    assert [image["data-text"] for image in images if "hidden" not in image] == ["0.2"]
    (slider,) = page.all("input")
    assert (slider["type"], slider["min"], slider["max"], slider["value"]) == ("range", "0", "3", "2")
    assert slider["aria-valuetext"] == "0.2"
    assert "disabled" in slider, "without JavaScript the slider must not pretend to work"
    assert "only disorder = 0.2 shows" in page.text
    assert page.all("output")[0]["aria-live"] == "polite"
    assert "A < b & c" in page.text


def test_the_html_is_self_contained():
    page = Page(make()._repr_html_())
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert not any("src" in script for script in page.all("script"))
    assert "http" not in make()._repr_html_()


def test_frames_of_one_figure_have_one_size():
    figure = make(figsize=(5, 3), dpi=120)
    assert {Image.open(io.BytesIO(image)).size for image in figure.images} == {(600, 360)}
    assert {(i["width"], i["height"]) for i in Page(figure._repr_html_()).all("img")} == {("500", "300")}


def test_equal_calls_give_equal_bytes_and_other_figures_other_ids():
    first, again = make(), make()
    assert first._repr_html_() == again._repr_html_()
    others = [make(label="N"), make(start=0.1), make(caption="c"), make(figsize=(5, 3))]
    assert len({figure.html_id for figure in [first, *others]}) == 5


def test_seven_frames_of_a_busy_figure_stay_below_the_limit(monkeypatch):
    rng = np.random.default_rng(1)

    def busy(ax, value):
        x = np.linspace(0, 3, 400)
        for k, color in enumerate(ordered_colors(6)):
            ax.plot(x, k + value * rng.normal(size=400), color=color, label=f"{k}")
        ax.legend()

    figure = frames(busy, range(1, 8), label="noise", alt=str)
    assert figure.nbytes < 800_000
    monkeypatch.setattr(figures, "MAX_BYTES", figure.nbytes // 2)
    with pytest.raises(ValueError, match="fewer values"):
        frames(busy, range(1, 8), label="noise", alt=str)


def test_panels_give_an_array_of_axes():
    shapes = []

    def two(axes, value):
        shapes.append(axes.shape)
        axes[1].plot([0, value])

    frames(two, [1, 2], label="n", alt=str, panels=(1, 2))
    assert shapes == [(2,), (2,)]


def test_axes_of_frames_may_have_three_dimensions():
    seen = []

    def turned(axes, angle):
        axes.scatter([0, 1], [0, 1], [0, 1])
        axes.view_init(azim=angle)
        seen.append(axes.name)

    made = frames(turned, [0, 90], label="angle", alt=str, projection="3d")
    assert seen == ["3d", "3d"] and made.images[0] != made.images[1]


def test_live_control_draws_when_it_is_moved_and_only_once_per_value():
    drawn = []

    def count(ax, value):
        drawn.append(value)
        draw(ax, value)

    box = frames(count, VALUES, label="disorder", alt=alt, live=True, start=0.1, caption="c")
    slider, picture, caption = box.children
    assert drawn == [0.1] and slider.label == "0.1" and caption.value == "c"
    before = picture.value
    slider.label = "0.3"
    assert drawn == [0.1, 0.3] and picture.value != before
    assert Page(picture.value).all("img")[0]["alt"] == alt(0.3)
    slider.label = "0.1"
    assert drawn == [0.1, 0.3] and picture.value == before


@pytest.mark.parametrize("session, notebook, live", [("a.md", True, True), (None, True, False), ("a.md", False, False)])
def test_live_only_in_a_kernel_of_a_jupyter_server(monkeypatch, session, notebook, live):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    if session:
        monkeypatch.setenv("JPY_SESSION_NAME", session)
    monkeypatch.setattr(figures, "_in_notebook", lambda: notebook)
    assert isinstance(make(), figures.Frames) is not live


@pytest.mark.parametrize(
    "values, options, error, sentence",
    [
        ([], {}, ValueError, "at least one value"),
        (VALUES, {"alt": "a picture"}, TypeError, "must be a function"),
        (VALUES, {"alt": lambda value: "a picture"}, ValueError, "different, non-empty"),
        (VALUES, {"alt": lambda value: ""}, ValueError, "different, non-empty"),
        (VALUES, {"start": 0.15}, ValueError, "not one of the values"),
        (VALUES, {"draw": lambda ax, value: ax.set_xlabel("omega")}, ValueError, "drew nothing"),
    ],
)
@pytest.mark.parametrize("live", [True, False])
def test_mistakes_are_named(values, options, error, sentence, live):
    options = {"draw": draw, "label": "disorder", "alt": alt, "live": live, **options}
    with pytest.raises(error, match=sentence):
        frames(options.pop("draw"), values, **options)


def test_style_changes_rcparams_and_not_the_backend(monkeypatch):
    backend = matplotlib.get_backend()
    with matplotlib.rc_context():
        matplotlib.rcParams["figure.facecolor"] = "none"
        use_style()
        assert matplotlib.rcParams["figure.facecolor"] == "white"
        assert matplotlib.rcParams["axes.prop_cycle"].by_key()["color"] == list(CYCLE)
        assert matplotlib.rcParams["figure.constrained_layout.use"]
    assert matplotlib.get_backend() == backend


def test_colors_of_an_ordered_parameter_rise_in_lightness_and_stay_dark_enough_for_white():
    def luminance(rgba):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba[:3]]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    levels = [luminance(color) for color in ordered_colors(6)]
    assert np.all(np.diff(levels) > 0)
    # 1.05/(L + 0.05) is the contrast with white
    assert 1.05 / (levels[-1] + 0.05) > 2.2
    assert len(ordered_colors(1)) == 1
    with pytest.raises(ValueError, match="at least one"):
        ordered_colors(0)


@pytest.mark.book
@pytest.mark.slow
def test_keys_move_one_figure_in_a_browser_and_leave_the_other(tmp_path):
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium")
    first, second = make(start=0.1), make(label="shift")
    page_file = tmp_path / "page.html"
    # the first figure shows twice: equal ids on one page must work too
    body = "".join(figure._repr_html_() for figure in [first, second, first])
    page_file.write_text(f"<!doctype html><meta charset=utf-8><title>t</title>{body}")
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-sync",
        "--no-first-run",
    ]

    def state(page):
        return page.evaluate(
            """() => [...document.querySelectorAll("figure")].map(f => [
                [...f.querySelectorAll("img")].filter(i => i.checkVisibility()).map(i => i.alt).join("|"),
                f.querySelector("output").textContent,
                f.querySelector("input").getAttribute("aria-valuetext")])"""
        )

    def shown(*values):
        return [[alt(value), f"{value:g}", f"{value:g}"] for value in values]

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page()
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(page_file.as_uri())
        assert state(page) == shown(0.1, 0.0, 0.1)
        page.get_by_label("disorder").first.focus()
        page.keyboard.press("ArrowRight")
        assert state(page) == shown(0.2, 0.0, 0.1)
        page.keyboard.press("End")
        assert state(page) == shown(0.3, 0.0, 0.1)
        page.get_by_label("shift").focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        assert state(page) == shown(0.3, 0.2, 0.1)
        page.get_by_label("disorder").first.focus()
        page.keyboard.press("Home")
        assert state(page) == shown(0.0, 0.2, 0.1)
        page.get_by_label("disorder").last.focus()
        page.keyboard.press("ArrowLeft")
        assert state(page) == shown(0.0, 0.2, 0.0)
        assert not page.get_by_text("Without JavaScript").is_visible()
        assert problems == []

        plain = browser.new_page(java_script_enabled=False)
        plain.goto(page_file.as_uri())
        assert plain.get_by_label("shift").is_disabled()
        assert plain.get_by_text("Without JavaScript only shift = 0 shows.").is_visible()
        assert [image.get_attribute("alt") for image in plain.locator("img:visible").all()] == [
            alt(0.1),
            alt(0.0),
            alt(0.1),
        ]
        browser.close()
