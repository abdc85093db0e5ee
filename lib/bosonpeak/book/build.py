"""Build the book: run the pages that changed, several at a time, and make HTML of the executed notebooks.

`make book` calls `python -m bosonpeak.book.build`. The pages are run by papermill, with one thread each; what was run
and still holds is taken from the cache (`book.cache`). A copy of book/ in which the executed notebooks take the place
of the pages is then given to jupyter-book, which executes nothing.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import yaml

from bosonpeak.archive.files import RESTORE, check_fields, read_plain, write_whole
from bosonpeak.archive.resume import end_with_parent
from bosonpeak.book import cache, runs
from bosonpeak.paths import project_root
from bosonpeak.threads import available_cores

_CONFIGURATION = ("_config.yml", "_toc.yml")


def table_of_contents() -> list[str]:
    """Names of all pages of the book, in the order of _toc.yml."""

    def walk(node) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (node[key] for key in ("root", "file") if key in node)
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for item in node:
                yield from walk(item)

    listed = walk(read_plain(project_root() / "_toc.yml", dict))
    names = []
    for page in listed:
        if not isinstance(page, str) or page.endswith(".md"):
            raise ValueError(
                f"{project_root() / '_toc.yml'} names the page {page!r}: write book/NAME, without .md; {RESTORE}"
            )
        names.append(Path(page).name)
    return names


def run_pages(
    names: Sequence[str], scale: str, workers: int | None = None, report: Callable[[str], None] | None = None
) -> tuple[dict[str, cache.Executed], dict[str, str]]:
    """Run the pages that the cache does not hold, several at a time.

    Parameters
    ----------
    names : sequence of str
    scale : str
    workers : int, optional
        Pages at a time; by default the cores that this process may use. Each page has one thread.
    report : callable, optional
        Called with one line about what is running, whenever that changes and once a second.

    Returns
    -------
    executed : dict
        For each page its run.
    failed : dict
        For each page that failed, what happened; the other pages are run all the same.
    """
    executed = {name: found for name in names if (found := cache.executed_page(name, scale))}
    # the longest first: the last one to start should not be the longest
    waiting = sorted(
        (name for name in names if name not in executed), key=lambda n: -(cache.last_seconds(n, scale) or _guess(n))
    )
    failed, started = {}, {}
    if not waiting:
        return executed, failed
    report = report or (lambda line: None)
    workers = min(workers or available_cores(), len(waiting))
    total = len(waiting)
    # spawned: threads that live in this process would not survive a fork
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _one_thread) as pool:
        running = {}
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    name = waiting.pop(0)
                    started[name] = time.monotonic()
                    running[pool.submit(cache.run_page, name, scale)] = name
                done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
                for future in done:
                    name = running.pop(future)
                    try:
                        executed[name] = future.result()
                    except (runs.ChapterError, ValueError, OSError) as error:
                        failed[name] = str(error)
                now = ", ".join(f"{n} {time.monotonic() - started[n]:.0f} s" for n in running.values())
                report(f"pages: {total - len(waiting) - len(running)} of {total} done; running: {now or 'none'}")
        except BrokenProcessPool:
            ran = ", ".join(sorted(set(started) - set(executed) - set(failed)))
            raise RuntimeError(
                f"a process was killed, perhaps because memory ran out, while these pages ran: {ran}. The pages that "
                "were finished are kept: start it again, with one worker if memory is short"
            ) from None
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    return executed, failed


def _guess(name: str) -> float:
    """A page that was never run: the more code it has, the longer it is taken to run."""
    return (project_root() / "book" / f"{name}.md").stat().st_size / 1e3


def _one_thread() -> None:
    end_with_parent()
    os.environ["BOSONPEAK_THREADS"] = "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def stage(executed: dict[str, cache.Executed], folder: Path) -> str:
    """Make the copy of the book that jupyter-book reads: executed notebooks in place of the pages.

    Files that are the same already are left alone, so that Sphinx reads again only what changed.

    Parameters
    ----------
    executed : dict
        Runs by the names of their pages; pages that are missing here stay text.
    folder : Path

    Returns
    -------
    str
        Digest of all that the copy holds.
    """
    root = project_root()
    files: dict[str, bytes] = {}
    config = read_plain(root / "_config.yml", dict)
    check_fields(config, {"execute": dict}, str(root / "_config.yml"))
    config["execute"]["execute_notebooks"] = "off"
    files["_config.yml"] = yaml.safe_dump(config, sort_keys=True, allow_unicode=True).encode()
    files["_toc.yml"] = (root / "_toc.yml").read_bytes()
    # a link names its target's file, which now ends otherwise
    link = re.compile(rf"(\]\((?:{'|'.join(map(re.escape, executed)) or '$.'}))\.md\b")
    for path in sorted((root / "book").rglob("*")):
        inside = path.relative_to(root)
        hidden = any(part.startswith((".", "#")) or part.endswith("~") for part in inside.parts)
        if not path.is_file() or hidden or inside.parts[1] == "scales":
            continue
        if path.suffix == ".md" and path.stem in executed:
            inside, text = inside.with_suffix(".ipynb"), _shown(executed[path.stem].path)
            files[inside.as_posix()] = link.sub(r"\1.ipynb", text).encode()
        elif path.suffix == ".md":
            files[inside.as_posix()] = link.sub(r"\1.ipynb", path.read_text(encoding="utf-8")).encode()
        else:
            files[inside.as_posix()] = path.read_bytes()
    for old in sorted(folder.rglob("*"), reverse=True):
        if old.is_file() and old.relative_to(folder).as_posix() not in files:
            old.unlink()
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        target = folder / name
        if not target.is_file() or target.read_bytes() != content:
            write_whole(target, lambda part, content=content: part.write_bytes(content))
    return digest.hexdigest()


def _shown(path: Path) -> str:
    """The text of an executed notebook without what differs from run to run: times and papermill's notes."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"].pop("papermill", None)
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"cell-{number}"
        metadata = cell["metadata"]
        metadata.pop("papermill", None)
        metadata.pop("execution", None)
        if "injected-parameters" in metadata.get("tags", []):
            metadata["tags"].append("hide-input")
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)


def build_html(source: Path, output: Path, digest: str, report: Callable[[str], None] | None = None) -> bool:
    """Let jupyter-book make HTML of a staged copy; nothing is done where it was made of the same copy before.

    Parameters
    ----------
    source, output : Path
        The pages are written to output/_build/html.
    digest : str
        Of the copy, as `stage` returns it.
    report : callable, optional
        Called with a line before anything is made.

    Returns
    -------
    bool
        Whether anything had to be done.

    Raises
    ------
    RuntimeError
        If jupyter-book fails or warns.
    """
    built = output / "_build"
    stamp = built / ".built"
    if stamp.is_file() and stamp.read_text() == digest and (built / "html" / "index.html").is_file():
        return False
    if report:
        report("making HTML ...")
    stamp.unlink(missing_ok=True)
    pickled = built / ".doctrees" / "environment.pickle"
    if pickled.is_file() and pickled.stat().st_mtime > time.time():
        # the clock was set back: Sphinx, which goes by dates, would take a page that changed for an old one
        shutil.rmtree(built / ".doctrees", ignore_errors=True)
    command = [Path(sys.prefix, "bin", "jupyter-book"), "build", source, "--path-output", output]
    done = subprocess.run(
        [*command, "-W", "--keep-going", "-n"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        # a page that warned is not read again while it is unchanged: forget it, so that the next build warns as well
        shutil.rmtree(built / ".doctrees", ignore_errors=True)
        # Sphinx's own exceptions stand far above the end of what jupyter-book prints
        warnings = [line for line in done.stdout.splitlines() if re.search("WARNING|ERROR|Error: ", line)]
        raise RuntimeError("jupyter-book failed:\n" + "\n".join(warnings[:20] or done.stdout.splitlines()[-30:]))
    stamp.write_text(digest)
    return True


def build(scale: str = "book", workers: int | None = None, report: Callable[[str], None] | None = None) -> Path:
    """Build the book at a scale and return the folder of its pages.

    Parameters
    ----------
    scale : str
        "book" builds _build/html; another scale builds a preview in _build/preview/<scale>/_build/html.
    workers : int, optional
        Pages at a time.
    report : callable, optional
        Called with lines about the progress.

    Raises
    ------
    RuntimeError
        If pages fail, with the sentence of each, or jupyter-book fails.
    """
    names = set(runs.pages())
    executed, failed = run_pages([page for page in table_of_contents() if page in names], scale, workers, report)
    if failed:
        raise RuntimeError("\n".join(f"{name}: {sentence}" for name, sentence in failed.items()))
    root = project_root()
    output = root if scale == "book" else root / "_build" / "preview" / scale
    source = root / "_build" / "source" / scale
    build_html(source, output, stage(executed, source), report)
    return output / "_build" / "html"


class _Line:
    """One line of progress on a terminal; in a log file a line for every change that is not a matter of seconds."""

    def __init__(self):
        self._terminal, self._last = sys.stderr.isatty(), ""

    def __call__(self, line: str) -> None:
        if self._terminal:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif (kind := re.sub(r" \d+ s\b", "", line)) != self._last:
            self._last = kind
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: build the book, and report what ran and how long it took. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bosonpeak.book.build", description="Build the book.")
    parser.add_argument("--scale", default="book", help="book, or ci for a quick preview")
    parser.add_argument("--workers", type=int, help="pages at a time (default: one per core)")
    options = parser.parse_args(arguments)
    line, start = _Line(), time.monotonic()
    try:
        runs.known("scale", options.scale, runs.scales())
        ran = [n for n in runs.pages() if cache.executed_page(n, options.scale) is None]
        folder = build(options.scale, options.workers, line)
    except (RuntimeError, ValueError, OSError) as error:
        line.end()
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        line.end()
        print("interrupted; the pages that were finished are kept", file=sys.stderr)
        return 130
    line.end()
    for name in ran:
        found = cache.executed_page(name, options.scale)
        if found:
            print(f"{found.seconds:7.1f} s {found.cpu_seconds:7.1f} CPU-s  {name}")
    what = f"{len(ran)} pages ran" if ran else "no page had to run"
    print(f"The book stands ({what}, {time.monotonic() - start:.0f} s): open {os.path.relpath(folder / 'index.html')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
