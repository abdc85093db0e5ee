"""The book built from the ci runs, served on the loopback, and read by a real browser."""

import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock

from bosonpeak.book import build, runs
from bosonpeak.paths import project_root

BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Site:
    """Built pages: their folder, and the address that serves it."""

    folder: Path
    address: str


@dataclass
class Visit:
    """One page open in the browser, with what it asked for and what it complained about."""

    page: object
    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def site(ci_run) -> Iterator[Site]:
    """The book for reading, made of the ci runs, as `make book SCALE=ci` makes it."""
    root = project_root()
    output = root / "_build" / "preview" / "ci"
    executed = {name: ci_run(name) for name in runs.pages()}
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        # test processes share the pages: one of them makes them, and the others find them made
        with FileLock(output.with_suffix(".lock")):
            digest = build.stage(executed, root / "_build" / "source" / "ci")
            build.build_html(root / "_build" / "source" / "ci", output, digest)
    except RuntimeError as error:
        pytest.fail(str(error))
    folder = output / "_build" / "html"

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(folder, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


# for one module only: while it lives, playwright's loop is in the way of other tests in this thread
@pytest.fixture(scope="module")
def browser(site):
    """Debian's chromium. Without one: a failure in continuous integration, a visible skip elsewhere."""
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium on the PATH: the pages cannot be tested (.ci/run installs Debian's)")
        pytest.skip("no chromium on the PATH: the pages are not tested")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visit(site, browser):
    """`visit(page, **context)`: that page, loaded once for each kind of context, its mathematics set."""
    opened: dict[tuple, Visit] = {}

    def open_page(name: str, **context) -> Visit:
        key = (name, *sorted((option, str(value)) for option, value in context.items()))
        if key in opened:
            return opened[key]
        page = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context}).new_page()
        seen = opened[key] = Visit(page)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("requestfailed", lambda request: seen.failed.append(f"{request.url} {request.failure}"))
        page.on("response", lambda answer: answer.ok or seen.failed.append(f"{answer.url} {answer.status}"))
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("console", lambda line: line.type == "error" and seen.errors.append(line.text))
        page.goto(f"{site.address}/{name}.html", wait_until="load")
        page.evaluate("async () => { if (window.MathJax) await MathJax.startup.promise; }")
        page.evaluate("async () => { await Promise.all([...document.images].map(i => i.decode().catch(() => 0))); }")
        return seen

    return open_page
