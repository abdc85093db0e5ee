"""The built pages as a reader meets them: no network, formulas, images, links, dark mode, phone, sliders."""

import io
import re
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
import pytest
from PIL import Image

from bosonpeak.book import build
from bosonpeak.paths import project_root

pytestmark = [pytest.mark.book, pytest.mark.slow, pytest.mark.xdist_group("site")]

# every page of Jupyter Book 1 includes sphinx-thebe's setup twice; nothing else of it is loaded
KNOWN_ERRORS = ("THEBE_JS_URL",)


PAGES = [f"book/{name}" for name in build.table_of_contents()]
each_page = pytest.mark.parametrize("name", PAGES)
MATHEMATICS = re.compile(r"\$[^$]+\$|\{math\}|\\begin\{(equation|align)")
FENCED_CODE = re.compile(r"^(`{3,})\s*(\{code-cell\}|[a-z]*\s*$).*?^\1", re.MULTILINE | re.DOTALL)


def test_the_table_of_contents_names_the_pages_that_are_there():
    assert {"book/index", "book/jiang-2026", "book/scoreboard"} <= set(PAGES)
    assert set(PAGES) == {f"book/{path.stem}" for path in (project_root() / "book").glob("*.md")}


@each_page
def test_page_loads_without_error(visit, name):
    seen = visit(name)
    assert seen.page.locator("article h1").count() == 1
    assert len(seen.page.locator("article").inner_text()) > 200
    assert seen.failed == []
    assert [error for error in seen.errors if not any(known in error for known in KNOWN_ERRORS)] == []


@each_page
def test_page_asks_nobody_but_its_own_server(visit, site, name):
    seen = visit(name)
    seen.page.mouse.wheel(0, 1e6)  # what is fetched only when it comes into view
    seen.page.wait_for_timeout(200)
    assert len(seen.requests) > 5
    assert [url for url in seen.requests if not url.startswith((site.address + "/", "data:", "blob:"))] == []


@each_page
def test_images_are_there_and_described(visit, name):
    images = visit(name).page.evaluate(
        "() => [...document.querySelectorAll('article img')].map(i => [i.naturalWidth, i.alt, i.src])"
    )
    for width, alt, source in images:
        assert width > 0, source[:80]
        # without a text of its own an image is described by its file name, which tells nobody anything
        assert alt.strip() and not alt.endswith((".png", ".svg")), f"{source[:80]} has no alternative text: {alt!r}"


def test_the_chapter_on_springs_shows_its_figures(visit):
    page = visit("book/jiang-2026").page
    sliders = page.locator("article figure.bp-frames").count()
    single = page.locator("article img").count() - page.locator("article figure.bp-frames img").count()
    assert sliders >= 1
    assert sliders + single >= 6


@each_page
def test_mathematics_is_set(visit, name):
    source = FENCED_CODE.sub("", (project_root() / f"{name}.md").read_text(encoding="utf-8"))
    page = visit(name).page
    if MATHEMATICS.search(source):
        assert page.locator("article mjx-container").count() > 0
    assert page.locator("mjx-merror").count() == 0
    left = page.evaluate(
        """() => {
          const copy = document.querySelector('article').cloneNode(true);
          copy.querySelectorAll('pre, code, script, style, mjx-container').forEach(e => e.remove());
          return copy.textContent;
        }"""
    )
    assert re.findall(r"\\[()\[\]].{0,40}|\$[^$\n]{1,60}\$", left) == []


@each_page
def test_internal_links_lead_somewhere(visit, site, name):
    seen = visit(name)
    links = seen.page.evaluate("() => [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
    assert len(links) > 5
    here, dead = f"{site.address}/{name}.html", []
    for link in sorted(set(links)):
        target = urlsplit(urljoin(here, link))
        if f"{target.scheme}://{target.netloc}" != site.address:
            continue
        path = site.folder / unquote(target.path).lstrip("/")
        if not path.is_file():
            dead.append(link)
        elif target.fragment and path.suffix == ".html":
            ids = re.findall(r"""\b(?:id|name)=["']([^"']+)["']""", path.read_text(encoding="utf-8"))
            if unquote(target.fragment) not in ids:
                dead.append(link)
    assert dead == []


@each_page
def test_figures_stay_legible_on_a_dark_page(visit, name):
    # taller than the tallest figure: a picture is taken of what the window shows
    page = visit(name, color_scheme="dark", viewport={"width": 1280, "height": 1800}).page
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    red, green, blue = page.evaluate(
        "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert max(red, green, blue) < 80
    for image in page.locator("article img:visible").all():
        # by its place: waiting until a still image stands still has hung for half a minute on a stalled machine
        image.evaluate("image => image.scrollIntoView({block: 'center', behavior: 'instant'})")
        shown = page.screenshot(clip=image.bounding_box())
        picture = np.asarray(Image.open(io.BytesIO(shown)).convert("L"), float)
        # as it stands on the screen, with the theme's filters: a light ground, dark ink
        corners = picture[[12, 12, -12, -12], [12, -12, 12, -12]]
        assert corners.min() > 180, f"{image.get_attribute('alt')!r} has a dark ground at {corners}"
        assert picture.min() < 110, f"{image.get_attribute('alt')!r} has no ink"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@each_page
def test_tables_of_results_can_be_read(visit, name, scheme):
    """Contrast of every cell and caption of a table that a run made: 4.5 is what WCAG asks of text."""
    faint = visit(name, color_scheme=scheme).page.evaluate(
        """() => {
          const numbers = text => text.match(/[\\d.]+/g).map(Number);
          const light = c => { const v = c / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
          const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
          const ground = e => {
            for (; e; e = e.parentElement) {
              const c = numbers(getComputedStyle(e).backgroundColor);
              if (c.length < 4 || c[3] > 0.5) return c;
            }
            return [255, 255, 255];
          };
          const cells = [...document.querySelectorAll('.cell_output table :is(th, td, caption)')];
          return cells.filter(e => e.innerText.trim()).map(e => {
            const [a, b] = [luminance(numbers(getComputedStyle(e).color)), luminance(ground(e))].sort((x, y) => y - x);
            return [e.innerText.slice(0, 40), (a + 0.05) / (b + 0.05)];
          }).filter(([, contrast]) => contrast < 4.5);
        }"""
    )
    assert faint == []


@each_page
def test_page_fits_a_phone(visit, name):
    page = visit(name, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True).page
    wide = page.evaluate(
        """() => [...document.querySelectorAll('article *')].filter(e => {
          if (e.getBoundingClientRect().right <= 391) return false;
          for (let up = e; up && up.tagName !== 'ARTICLE'; up = up.parentElement)
            if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return false;
          return true;
        }).map(e => e.tagName + '.' + e.className).slice(0, 5)"""
    )
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, wide


STATE = """figure => {
  const shown = [...figure.querySelectorAll('img')].filter(i => i.offsetParent !== null);
  const input = figure.querySelector('input[type=range]');
  return {shown: shown.length, alt: shown[0].alt, source: shown[0].src, value: Number(input.value),
          last: Number(input.max), said: figure.querySelector('[aria-live]').textContent,
          named: input.getAttribute('aria-valuetext')};
}"""


def test_sliders_work_from_the_keyboard(visit):
    moved = 0
    for name in PAGES:
        for figure in visit(name).page.locator("article figure.bp-frames").all():
            slider = figure.locator("input[type=range]")
            slider.focus()
            slider.press("Home")
            first = figure.evaluate(STATE)
            assert (first["shown"], first["value"]) == (1, 0)
            assert first["last"] >= 1

            slider.press("ArrowRight")
            second = figure.evaluate(STATE)
            assert (second["shown"], second["value"]) == (1, 1)
            for what in ("source", "alt", "said", "named"):
                assert first[what] and second[what] and first[what] != second[what], (name, what)

            slider.press("End")
            last = figure.evaluate(STATE)
            assert (last["shown"], last["value"]) == (1, last["last"])
            slider.press("Home")
            assert figure.evaluate(STATE) == first
            moved += 1
    assert moved >= 1


def _scoreboard(browser, site, query="", **context):
    """The scoreboard in a page of its own, with its rows."""
    page = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context}).new_page()
    page.goto(f"{site.address}/book/scoreboard.html{query}", wait_until="load")
    return page


VISIBLE = ".bp-board tbody:not([hidden])"


def test_the_scoreboard_filters_by_word_paper_verdict_origin_and_scale(browser, site):
    page = _scoreboard(browser, site)
    every = page.locator(VISIBLE).count()
    assert every > 150 and page.locator(".bp-tools output").inner_text() == f"{every} of {every} claims"
    page.locator(".bp-tools [name=chapter]").select_option("li-2025")
    of_li = page.locator(VISIBLE).count()
    assert 0 < of_li < every
    assert {x.split("/")[0] for x in page.locator(f"{VISIBLE} .bp-permalink").all_inner_texts()} == {"li-2025"}
    page.locator(".bp-tools [name=verdict]").select_option("not reproduced")
    badges = page.locator(f'{VISIBLE} .bp-at[data-scale="current"] [class^="bp-verdict"]').all_inner_texts()
    assert badges and set(badges) == {"not reproduced"} and len(badges) < of_li
    # the scale that is shown is the one that is filtered: at ci the archive of this chapter decides nothing
    page.locator(".bp-tools [name=scale]").select_option("ci")
    assert page.locator(VISIBLE).count() < len(badges)
    page.locator(".bp-tools [name=verdict]").select_option("")
    page.locator(".bp-tools [name=origin]").select_option("method")
    assert 0 < page.locator(VISIBLE).count() < of_li
    page.get_by_role("button", name="show all").click()
    page.wait_for_function(f"document.querySelectorAll('{VISIBLE}').length == {every}")
    page.locator(".bp-tools [name=search]").fill("shear STRAIN")
    assert 0 < page.locator(VISIBLE).count() < 60
    page.locator(".bp-tools [name=search]").fill("no such claim anywhere")
    assert page.locator(VISIBLE).count() == 0
    assert page.locator(".bp-tools output").inner_text().startswith("0 of")


def test_the_scoreboard_sorts_and_keeps_its_state_in_the_address(browser, site):
    page = _scoreboard(browser, site)
    page.locator(".bp-tools [name=sort]").select_option("n")
    sizes = [int(row.get_attribute("data-n-current")) for row in page.locator(VISIBLE).all()[:40]]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] >= 1e6
    page.locator(".bp-tools [name=chapter]").select_option("yang-2021")
    assert "sort=n" in page.url and "chapter=yang-2021" in page.url
    first = page.locator(f"{VISIBLE} .bp-permalink").first.inner_text()
    # the address opens the same view
    again = _scoreboard(browser, site, "?" + page.url.split("?")[1])
    assert again.locator(f"{VISIBLE} .bp-permalink").first.inner_text() == first
    assert again.locator(".bp-tools [name=chapter]").input_value() == "yang-2021"


def test_a_permanent_address_opens_its_claim(browser, site):
    page = _scoreboard(browser, site, "?verdict=undecided#claim-li-2025-figS2-box")
    row = page.locator("#claim-li-2025-figS2-box")
    row.locator("dl").wait_for(state="visible")
    assert row.locator("details").get_attribute("open") is not None
    assert row.locator("svg.bp-strip").get_attribute("aria-label").startswith("Values and intervals over the band")
    # below the bar at the top of the page, and in view although the filter of the address hides such rows
    box = row.bounding_box()
    assert 60 < box["y"] < 900
    for fact in ("why", "controls", "size and seeds", "the run"):
        assert row.locator("dt", has_text=fact).count() >= 1
    link = row.get_by_role("link", name="li-2025", exact=True)
    assert link.get_attribute("href") == "li-2025.html#claim-li-2025-figS2-box"


def test_the_scoreboard_works_from_the_keyboard(browser, site):
    page = _scoreboard(browser, site)
    page.locator(".bp-tools [name=search]").focus()
    page.keyboard.type("mean-is-four")
    assert page.locator(VISIBLE).count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "chapter"
    summary = page.locator(f"{VISIBLE} summary")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator(f"{VISIBLE} dl").is_visible()
    # a square of the panel is a link with a name, and a ring shows where the focus is
    square = page.locator(".bp-square").first
    square.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert len(square.inner_text()) > 20


def test_on_paper_every_claim_is_open(browser, site):
    page = _scoreboard(browser, site, "?chapter=jiang-2026")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(f"{VISIBLE} dl").first.is_visible() and not page.locator(".bp-tools").is_visible()


def test_without_javascript_the_whole_scoreboard_shows(browser, site):
    page = _scoreboard(browser, site, java_script_enabled=False)
    rows = page.locator(".bp-board tbody")
    assert rows.count() > 150 and rows.last.is_visible()
    assert not page.locator(".bp-tools").is_visible()
    # one verdict a row, not one for each scale
    assert page.locator(".bp-board tbody").first.locator(".bp-at:visible").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_scoreboard_fits_a_phone_and_can_be_read_in_the_dark(browser, site, scheme):
    page = _scoreboard(browser, site, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 391
    shown = page.evaluate(
        """() => {
          const channels = c => (c.match(/[\\d.]+/g) || []).slice(0, 3).map(v => v / 255)
            .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          const light = c => { const [r, g, b] = channels(c); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const behind = light(getComputedStyle(document.body).backgroundColor);
          return [...document.querySelectorAll('.bp-legend [class^="bp-verdict"]')].map(e => {
            const front = light(getComputedStyle(e).color);
            return (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
          });
        }"""
    )
    assert len(shown) == 5 and min(shown) > 4.5
    page.locator(".bp-square").first.click()
    page.wait_for_url("**#claim-*")


def test_the_index_shows_one_square_per_counted_claim(visit):
    from bosonpeak.book import claims

    page = visit("book/index").page
    counted = sum(claim.counts for claim in claims.load_all().values())
    assert page.locator(".bp-square").count() == counted
    href = page.locator(".bp-square").first.get_attribute("href")
    assert href.startswith("scoreboard.html#claim-")
