"""Run a page of the book with papermill.

A page is a MyST Markdown notebook in book/; a chapter is a page with a cell that is tagged `parameters`. The values in
that cell are the `book` scale, and book/scales/<name>.yml holds those of the other scales. The executed notebook is
kept, also after a failure.
"""

import ast
import difflib
import hashlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bosonpeak.archive.files import RESTORE, check_fields, check_seal, read_plain, read_text
from bosonpeak.book.tables import MIME
from bosonpeak.paths import project_root

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
CODE_CELL = re.compile(
    r"(^```\{code-cell\}[^\n]*\n(---\n.*?^---\n|(?::[^\n]*\n)*)\n*)(.*?)(^```)", re.MULTILINE | re.DOTALL
)
"""A code cell of a MyST page: its opening with the options (1, the options alone 2), its source (3), its end (4)."""
_FENCED = re.compile(r"^(`{3,}|~{3,}|:{3,}).*?^\1", re.MULTILINE | re.DOTALL)


class ChapterError(RuntimeError):
    """A page stopped. The message names the page, the cell, the heading above it and the error."""


class NoEntry(ValueError):
    """A scale does not say with which parameters a chapter runs."""


@dataclass(frozen=True)
class Run:
    """An executed page: its notebook, the time on the clock in seconds, the scale, and the parameters of the run."""

    path: Path
    seconds: float
    scale: str
    parameters: dict[str, Any]


def pages() -> list[str]:
    """Names of all pages of book/ that are notebooks (their header names a kernel), sorted."""
    return sorted(path.stem for path in (project_root() / "book").glob("[!.]*.md") if _scan(path.stem)[0])


def chapters() -> list[str]:
    """Names of the pages that take parameters, sorted."""
    return [name for name in pages() if _scan(name)[1] is not None]


def parameters_of(chapter: str) -> dict[str, Any]:
    """The parameters of a chapter with their values at the scale `book`, in the order of its parameters cell.

    Raises ValueError for an unknown chapter, and where the cell holds more than `name = literal` lines.
    """
    name = known("chapter", chapter, chapters())
    values = {}
    try:
        cell = ast.parse(_scan(name)[1]).body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"book/{name}.md: its parameters cell is not Python ({error}); correct it") from None
    for node in cell:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        try:
            values[target.id] = ast.literal_eval(node.value)
        except (AttributeError, ValueError):
            raise ValueError(
                f"{name}: the parameters cell may hold `name = literal` lines only, not `{ast.unparse(node)}`"
            ) from None
    return values


def scales() -> list[str]:
    """Names of the scales: `book`, and one for each file of book/scales."""
    found = sorted(path.stem for path in (project_root() / "book" / "scales").glob("[!.]*.yml"))
    if "book" in found:
        raise ValueError(
            "book/scales/book.yml is not read: the scale book is what stands in the pages; remove the file"
        )
    return ["book", *found]


def load_scale(chapter: str, scale: str) -> dict[str, Any]:
    """What a scale changes of the parameters of a chapter: {} for `book`, otherwise its entry in the file of the scale.

    Raises
    ------
    NoEntry
        If the scale has no entry for the chapter: a run would carry the name of a scale that nobody chose for it.
    ValueError
        For an unknown chapter or scale, and for a file that is damaged.
    """
    name = known("chapter", chapter, chapters())
    if known("scale", scale, scales()) == "book":
        return {}
    path = project_root() / "book" / "scales" / f"{scale}.yml"
    entries = read_plain(path, dict)
    if name not in entries:
        raise NoEntry(f"{path} has no entry for {name} (`{name}: {{}}` keeps its own values)")
    check_fields(entries, {name: (dict, type(None))}, str(path))
    return entries[name] or {}


def run_chapter(
    chapter: str,
    scale: str = "book",
    parameters: Mapping[str, Any] | None = None,
    progress: bool = True,
    kept: Path | None = None,
    trace: Path | None = None,
) -> Run:
    """Execute a page of the book with this interpreter's kernel, and keep the executed notebook.

    Parameters
    ----------
    chapter : str
        Name of a page of book/ that is a notebook. A page without parameters runs as it is, at any scale.
    scale : str
        Name of a scale; a chapter with a parameter `scale` is given it.
    parameters : mapping, optional
        Values that go over those of the scale.
    progress : bool
        Whether to draw a bar on stderr that names the section.
    kept : Path, optional
        Where the notebook is kept, by default _build/runs/<chapter>-<scale>.ipynb, or <chapter>-<scale>-<hash>.ipynb
        where parameters were given: it is not a run of that scale. A run that fails leaves an earlier notebook as it
        is and keeps its own, up to the cell that failed, as *.failed.ipynb.
    trace : Path, optional
        File in which the kernel notes what the page depends on (`book.kernel`).

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        For an unknown page, scale or parameter, and for a value of another type than the chapter's own.
    ChapterError
        If a cell fails or the kernel dies.
    OSError
        If the notebook cannot be kept; the message names its path.
    """
    name, changed = known("page", chapter, pages()), parameters_at(chapter, scale, parameters)
    if kept is None:
        own = f"-{hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:8]}" if parameters else ""
        kept = project_root() / "_build" / "runs" / f"{name}-{scale}{own}.ipynb"
    failed = kept.with_suffix(".failed.ipynb")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"no notebook can be kept in {kept.parent} ({error.strerror}): make it a folder that can be written"
        ) from None
    if kept.is_dir():
        raise OSError(f"{kept} is a folder where the notebook should be kept: move it away")
    _sweep(kept.parent)
    notebook = read_page(name)
    if name not in chapters() and any("parameters" in cell.metadata.get("tags", ()) for cell in notebook.cells):
        raise ValueError(f"{name}: write the tag of its parameters cell in one line, as `:tags: [parameters]`")
    partial = kept.with_name(f".{kept.stem}-{os.getpid()}.part.ipynb")
    start = time.perf_counter()
    try:
        _execute(notebook, partial, changed, f"{name} ({scale})" if progress else None, trace)
        os.replace(partial, kept)
        failed.unlink(missing_ok=True)
    except Exception as error:
        begun = False
        with suppress(OSError):
            os.replace(partial, failed)
            begun = True
        raise ChapterError(_explain(name, failed if begun else None, error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    own = parameters_of(name) if name in chapters() else {}
    return Run(kept, time.perf_counter() - start, scale, own | changed)


def _sweep(folder: Path) -> None:
    """Remove the hidden, half-executed notebooks of processes that were killed."""
    for path in folder.glob(".*-*.part.ipynb"):
        process = path.name.removesuffix(".part.ipynb").rpartition("-")[2]
        if process.isdecimal() and not _alive(int(process)):
            path.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to another user
        return True
    return True


def parameters_at(page: str, scale: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a run of a page at a scale changes of the page's own parameters, each with the type of the page's own value.

    Parameters
    ----------
    page, scale : str
    parameters : mapping, optional
        Values that go over those of the scale.

    Raises
    ------
    ValueError
        For an unknown page, scale or parameter, for a value of another type than the page's own, and for `scale` as a
        parameter: sizes of one scale would be judged by the bands of another.
    """
    name = known("page", page, pages())
    known("scale", scale, scales())
    own, changed = {}, dict(parameters or {})
    if "scale" in changed:
        raise ValueError("scale is not set as a parameter: choose it with --scale, or run_chapter(..., scale=...)")
    if name in chapters():
        own = parameters_of(name)
        named = {"scale": scale} if "scale" in own else {}
        changed = load_scale(name, scale) | named | changed
    return {p: _checked(name, p, own[known(f"parameter of {name}", p, own)], value) for p, value in changed.items()}


def claims_of(notebook: Any) -> dict[str, Any]:
    """The payload {"chapter", "scale", "records"} that an executed chapter emitted (path or NotebookNode).

    Raises ValueError if the notebook holds none, or more than one, or its file is damaged.
    """
    import nbformat

    label = "the notebook"
    if isinstance(notebook, str | Path):
        label = str(notebook)
        try:
            notebook = nbformat.read(notebook, as_version=4)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise ValueError(f"{label} is damaged ({error}): run the chapter again") from None
    found = [
        output.data[MIME]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]
    if len(found) != 1:
        raise ValueError(f"{label} hands over {len(found)} sets of claims; a chapter that ran to its end has one")
    check_seal(found[0], f"{label}: its set of claims", "run the chapter again")
    return found[0]


@lru_cache(maxsize=64)
def _scanned(path: Path, changed: int, size: int) -> tuple[bool, str | None]:
    """Whether a page is a notebook, and the source of its parameters cell; read again only after the file changed.

    A page is parsed as a whole only to be run: that takes half a second.
    """
    text = read_text(path)
    parts = text.split("---\n", 2)
    try:
        header = (yaml.safe_load(parts[1]) or {}) if len(parts) == 3 and not parts[0].strip() else {}
    except (yaml.YAMLError, ValueError) as error:
        what = getattr(error, "problem", None) or " ".join(str(error).split())
        raise ValueError(f"{path}: its header is not valid YAML ({what}); {RESTORE}") from None
    if not isinstance(header, dict) or "kernelspec" not in header:
        return False, None
    tagged = (cell[3] for cell in CODE_CELL.finditer(text) if re.search(r"tags:[^\n]*\bparameters\b", cell[2]))
    return True, next(tagged, None)


def _scan(name: str) -> tuple[bool, str | None]:
    path = project_root() / "book" / f"{name}.md"
    state = os.stat(path)
    return _scanned(path, state.st_mtime_ns, state.st_size)


def read_page(name: str):
    """A copy of the notebook of a page, without outputs, as a NotebookNode."""
    import jupytext

    return jupytext.read(project_root() / "book" / f"{name}.md", fmt="md:myst")


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """`name` if it is among `names`; otherwise ValueError with those that there are, and the closest of them."""
    names = list(names)
    if name in names:
        return name
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise ValueError(f"unknown {kind} {name!r}: there is {', '.join(names) or 'none'}.{hint}")


def _checked(chapter: str, name: str, default: Any, value: Any) -> Any:
    """`value` as the type of the chapter's own `default`; ValueError if it is of another type.

    Numbers may come as text, because YAML reads 1e-3 as such. None as a default accepts anything.
    """
    kind = type(default).__name__
    wrong = ValueError(f"parameter {name} of {chapter} takes {kind}, as in {default!r}: not {value!r}")
    if default is None:
        return value
    if isinstance(default, int | float) and not isinstance(default, bool):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise wrong
        try:
            number = float(value)
            if isinstance(default, float):
                return number
            if number.is_integer():
                return value if isinstance(value, int) else int(number)
        except (ValueError, OverflowError):
            pass
        raise wrong
    if isinstance(default, list | tuple):
        if not isinstance(value, list | tuple):
            raise wrong
        one_type = len({type(item) for item in default}) == 1
        return [_checked(chapter, name, default[0], item) for item in value] if one_type else list(value)
    if not isinstance(value, type(default)):
        raise wrong
    return value


def _absolute() -> dict[str, str]:
    """The project's folders for a kernel, which runs in book/."""
    named = {name: os.environ.get(name) for name in ("BOSONPEAK_ROOT", "BOSONPEAK_POTENTIALS")}
    return {name: os.path.abspath(os.path.expanduser(path)) for name, path in named.items() if path}


@contextmanager
def _own_kernel(trace: Path | None) -> Iterator[None]:
    """Let the kernel name `python3` mean this interpreter, whatever kernels the user has installed."""
    before = os.environ.get("JUPYTER_PATH")
    with tempfile.TemporaryDirectory() as folder:
        module = "bosonpeak.book.kernel" if trace else "ipykernel_launcher"
        # errors only: its warning about plain TCP on the loopback would cut the progress bar in pieces
        spec = {
            "argv": [
                sys.executable,
                "-Xfrozen_modules=off",
                "-m",
                module,
                "-f",
                "{connection_file}",
                "--log-level=ERROR",
            ],
            "display_name": "Python 3",
            "language": "python",
            "env": _absolute() | ({"BOSONPEAK_TRACE": str(trace)} if trace else {}),
        }
        path = Path(folder) / "kernels" / "python3" / "kernel.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(spec), encoding="utf-8")
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (folder, before)))
        try:
            yield
        finally:
            if before is None:
                del os.environ["JUPYTER_PATH"]
            else:
                os.environ["JUPYTER_PATH"] = before


def _execute(notebook, output: Path, parameters: dict[str, Any], bar: str | None, trace: Path | None = None) -> None:
    """Execute `notebook` into `output`, with a bar labelled `bar`; errors of papermill pass through."""
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines

    class SectionEngine(NBClientEngine):
        """The engine of papermill, with a bar that names the section."""

        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **kwargs):
            plain_start = nb_man.cell_start

            def cell_start(cell, cell_index=None, **kw):
                if nb_man.pbar is not None:
                    nb_man.pbar.set_description_str(f"{bar}: {_section(nb_man.nb.cells, cell_index + 1)}")
                plain_start(cell, cell_index, **kw)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)

    papermill_engines.register("bosonpeak", SectionEngine)
    with _own_kernel(trace):
        papermill.execute_notebook(
            notebook,
            str(output),
            parameters=parameters,
            engine_name="bosonpeak",
            kernel_name="python3",
            language="python",
            progress_bar={"desc": bar} if bar else False,
            cwd=str(project_root() / "book"),
            # everything is in the notebook by then; a kernel that is asked to end may still complain on stderr
            shutdown_kernel="immediate",
        )


def _section(cells, index: int) -> str:
    """The nearest heading above the cell `index`."""
    text = "\n\n".join(cell.source for cell in cells[:index] if cell.cell_type == "markdown")
    return (_HEADING.findall(_FENCED.sub("", text)) or ["before the first heading"])[-1]


def _explain(name: str, kept: Path | None, error: Exception) -> str:
    """One sentence for a failed run: page, cell, heading, error, and where the notebook is."""
    import nbformat
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        what = f"{error.ename}: {error.evalue}"
    else:  # the kernel died, or papermill itself failed
        what = f"{type(error).__name__}: {error}"
    if kept is None:
        return f"{name} did not start: {what}"
    try:
        cells = nbformat.read(kept, as_version=4).cells
    except Exception:  # a full disk leaves half of a file
        kept.unlink(missing_ok=True)
        return f"{name} stopped: {what}. Its notebook up to there could not be written"
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    begun = [i for i in code if cells[i].metadata.get("papermill", {}).get("start_time")]
    where = f"code cell {len(begun)} ({_section(cells, begun[-1])})" if begun else "its first cell"
    return f"{name} stopped in {where}: {what}. Its notebook up to there: {os.path.relpath(kept)}"
