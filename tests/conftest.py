"""Every page of the book is run at ci scale when a test first asks for it."""

import os
from collections.abc import Callable

import pytest
from filelock import FileLock

from bosonpeak.book import build, cache, runs
from bosonpeak.paths import project_root
from bosonpeak.threads import set_threads

_ran: dict[str, cache.Executed] = {}

# several test processes share the cores; threads that spin next to another process cost tens of times the work
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("BOSONPEAK_THREADS", "1")
set_threads()


@pytest.fixture(scope="session")
def ci_run() -> Callable[[str], cache.Executed]:
    """`ci_run(page)`: that page's run at ci scale; its ChapterError each time.

    The run is taken from the cache of pages where it still holds, so that several test processes share it, and a run
    that is wanted by two of them is made by one while the other waits. Where there are several, the first that wants a
    page runs all of them, one page per core.
    """
    done: dict[str, cache.Executed | runs.ChapterError] = {}
    folder = project_root() / "_build" / "pages"
    folder.mkdir(parents=True, exist_ok=True)

    def run(page: str) -> cache.Executed:
        if page not in done:
            try:
                # one lock for all: processes that waited for one page each would run one page at a time
                with FileLock(folder / ".ci.lock"):
                    if "PYTEST_XDIST_WORKER" in os.environ:
                        build.run_pages(runs.pages(), "ci", workers=os.cpu_count())
                    done[page] = cache.executed_page(page, "ci") or cache.run_page(page, "ci")
                _ran[page] = done[page]
            except runs.ChapterError as error:
                done[page] = error
        if isinstance(done[page], runs.ChapterError):
            raise done[page]
        return done[page]

    return run


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test process hands what its pages took to the one that writes the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["pages"] = {name: (run.seconds, run.cpu_seconds) for name, run in _ran.items()}


def pytest_testnodedown(node, error) -> None:
    """Of the process that started the others: collect what their pages took."""
    _collected.update(getattr(node, "workeroutput", {}).get("pages", {}))


_collected: dict[str, tuple[float, float]] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    taken = _collected | {name: (run.seconds, run.cpu_seconds) for name, run in _ran.items()}
    if taken:
        terminalreporter.write_sep("=", "pages at ci scale")
        for page, (seconds, cpu) in sorted(taken.items()):
            terminalreporter.write_line(f"{seconds:7.1f} s  {cpu:7.1f} CPU-s  {page}")
        total = sum(cpu for _, cpu in taken.values())
        terminalreporter.write_line(f"           {total:7.1f} CPU-s  together")
