"""Every page of the book, run once a session at ci scale: chapters and built pages are tested on that."""

import os
from collections.abc import Callable

import pytest
from bosonpeak.book import runs
from bosonpeak.threads import set_threads

_seconds: dict[str, tuple[float, float]] = {}
"""Seconds on the clock and CPU-s of each page."""


# as every chapter does: threads that spin beside another process cost tens of times the work
set_threads()


@pytest.fixture(scope="session")
def ci_run() -> Callable[[str], runs.Run]:
    """`ci_run(page)`: that page's run at ci scale, made when first asked for; its ChapterError each time."""
    done: dict[str, runs.Run | runs.ChapterError] = {}

    def run(page: str) -> runs.Run:
        if page not in done:
            try:
                before = os.times()
                done[page] = runs.run_chapter(page, "ci", progress=False)
                after = os.times()
                cpu = after.children_user - before.children_user + after.children_system - before.children_system
                _seconds[page] = done[page].seconds, cpu
            except runs.ChapterError as error:
                done[page] = error
        if isinstance(done[page], runs.ChapterError):
            raise done[page]
        return done[page]

    return run


@pytest.fixture(scope="session")
def ci_cpu_seconds(ci_run) -> Callable[[str], float]:
    """`ci_cpu_seconds(page)`: CPU-s of that page's ci run, all processes: what else the machine does hardly counts."""

    def seconds(page: str) -> float:
        ci_run(page)
        return _seconds[page][1]

    return seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _seconds:
        terminalreporter.write_sep("=", "pages at ci scale")
        for page, (seconds, cpu) in _seconds.items():
            terminalreporter.write_line(f"{seconds:7.1f} s  {cpu:7.1f} CPU-s  {page}")
