"""Run a page of the book with papermill (floor 7).

A page is a MyST Markdown notebook in book/; a chapter is a page with a cell tagged `parameters`. The cell's
own values are the `book` scale, book/scales/<name>.yml holds those of the other scales. The executed notebook
is kept under _build/runs, also after a failure.
"""

import ast
import difflib
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bosonpeak.book.tables import MIME
from bosonpeak.paths import project_root

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_FENCED = re.compile(r"^(`{3,}|~{3,}|:{3,}).*?^\1", re.MULTILINE | re.DOTALL)


class ChapterError(RuntimeError):
    """A page stopped: the message names the page, the cell, the heading above it and the error."""


@dataclass(frozen=True)
class Run:
    """An executed page: its notebook, wall time in seconds, scale, and the parameters that it ran with."""

    path: Path
    seconds: float
    scale: str
    parameters: dict[str, Any]


def pages() -> list[str]:
    """Names of all pages of book/ that are notebooks (their header names a kernel), sorted."""
    return sorted(path.stem for path in (project_root() / "book").glob("*.md") if "kernelspec" in _header(path))


def chapters() -> list[str]:
    """Names of the pages that take parameters, sorted."""
    return [name for name in pages() if _parameters_cell(_read(name)) is not None]


def parameters_of(chapter: str) -> dict[str, Any]:
    """The chapter's parameters and their book-scale values, in the order of its parameters cell.

    Raises ValueError for an unknown chapter, and where the cell holds more than `name = literal` lines.
    """
    name = known("chapter", chapter, chapters())
    values = {}
    for node in ast.parse(_parameters_cell(_read(name)).source).body:
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
    return ["book", *sorted(path.stem for path in (project_root() / "book" / "scales").glob("*.yml"))]


def load_scale(chapter: str, scale: str) -> dict[str, Any]:
    """What `scale` changes of the chapter's parameters: {} for `book`, else its entry of the scale's file.

    Raises ValueError for an unknown chapter or scale, and for a scale that has no entry for the chapter: its
    run would carry the name of a scale that nobody chose for it.
    """
    name = known("chapter", chapter, chapters())
    if known("scale", scale, scales()) == "book":
        return {}
    path = project_root() / "book" / "scales" / f"{scale}.yml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if name not in entries:
        raise ValueError(f"book/scales/{scale}.yml has no entry for {name} (`{name}: {{}}` keeps its own values)")
    return dict(entries[name] or {})


def run_chapter(
    chapter: str, scale: str = "book", parameters: Mapping[str, Any] | None = None, progress: bool = True
) -> Run:
    """Execute a page in book/ with this interpreter's kernel; keep it as _build/runs/<chapter>-<scale>.ipynb.

    `parameters` go over those of the scale. A chapter with a parameter `scale` is told the scale. Pages
    without parameters run as they are, at any scale. `progress` draws a bar on stderr that names the section.

    Raises ValueError for an unknown chapter, scale or parameter and for a value of another type than the
    chapter's own; ChapterError where a cell fails or the kernel dies (the notebook is kept up to there).
    """
    name = known("page", chapter, pages())
    known("scale", scale, scales())
    defaults, changed = {}, dict(parameters or {})
    if name in chapters():
        defaults = parameters_of(name)
        told = {"scale": scale} if "scale" in defaults else {}
        changed = load_scale(name, scale) | told | changed
    for p, value in changed.items():
        changed[p] = _checked(name, p, defaults[known(f"parameter of {name}", p, defaults)], value)

    kept = project_root() / "_build" / "runs" / f"{name}-{scale}.ipynb"
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f".{kept.stem}-{os.getpid()}.ipynb")
    start = time.perf_counter()
    try:
        _execute(_read(name), partial, changed, f"{name} ({scale})" if progress else None)
    except Exception as error:
        begun = partial.exists()
        if begun:
            os.replace(partial, kept)
        raise ChapterError(_explain(name, kept if begun else None, error)) from error
    else:
        os.replace(partial, kept)
    finally:
        partial.unlink(missing_ok=True)
    return Run(kept, time.perf_counter() - start, scale, defaults | changed)


def claims_of(notebook: Any) -> dict[str, Any]:
    """The payload {"chapter", "scale", "records"} that an executed chapter emitted (path or NotebookNode).

    Raises ValueError where the notebook holds none, or more than one.
    """
    import nbformat

    label = "the notebook"
    if isinstance(notebook, str | Path):
        label = Path(notebook).name
        notebook = nbformat.read(notebook, as_version=4)
    found = [
        output.data[MIME]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]
    if len(found) != 1:
        raise ValueError(f"{label} hands over {len(found)} sets of claims; a chapter that ran to its end has one")
    return found[0]


def _header(path: Path) -> dict:
    """The YAML header of a page, {} without one."""
    parts = path.read_text(encoding="utf-8").split("---\n", 2)
    return (yaml.safe_load(parts[1]) or {}) if len(parts) == 3 and not parts[0].strip() else {}


def _read(name: str):
    import jupytext

    return jupytext.read(project_root() / "book" / f"{name}.md", fmt="md:myst")


def _parameters_cell(notebook):
    """The cell tagged `parameters`, or None."""
    return next((cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])), None)


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """`name` if it is among `names`, else ValueError with those there are and the closest of them."""
    names = list(names)
    if name in names:
        return name
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise ValueError(f"unknown {kind} {name!r}: there is {', '.join(names) or 'none'}.{hint}")


def _checked(chapter: str, name: str, default: Any, value: Any) -> Any:
    """`value` as the type of the chapter's own `default`; ValueError where it is of another.

    Numbers may come as text, because YAML reads 1e-3 as such. None as default takes anything.
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
        except ValueError:
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


@contextmanager
def _own_kernel() -> Iterator[None]:
    """Let the kernel name `python3` mean this interpreter, whatever kernels the user has installed."""
    from ipykernel.kernelspec import write_kernel_spec

    before = os.environ.get("JUPYTER_PATH")
    with tempfile.TemporaryDirectory() as folder:
        # errors only: its warning about plain TCP on the loopback would cut the progress bar in pieces
        write_kernel_spec(Path(folder) / "kernels" / "python3", extra_arguments=["--log-level=ERROR"])
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (folder, before)))
        try:
            yield
        finally:
            if before is None:
                del os.environ["JUPYTER_PATH"]
            else:
                os.environ["JUPYTER_PATH"] = before


def _execute(notebook, output: Path, parameters: dict[str, Any], bar: str | None) -> None:
    """Execute `notebook` into `output`, with a bar labelled `bar`; papermill's errors pass through."""
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines

    class SectionEngine(NBClientEngine):
        """papermill's own engine, whose bar says where the notebook is."""

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
    with _own_kernel():
        papermill.execute_notebook(
            notebook,
            str(output),
            parameters=parameters,
            engine_name="bosonpeak",
            kernel_name="python3",
            language="python",
            progress_bar={"desc": bar} if bar else False,
            cwd=str(project_root() / "book"),
            # everything is in the notebook by then; a kernel asked to leave may still complain on stderr
            shutdown_kernel="immediate",
        )


def _section(cells, index: int) -> str:
    """The nearest heading above cell `index`."""
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
    cells = nbformat.read(kept, as_version=4).cells
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    begun = [i for i in code if cells[i].metadata.get("papermill", {}).get("start_time")]
    where = f"code cell {len(begun)} ({_section(cells, begun[-1])})" if begun else "its first cell"
    return f"{name} stopped in {where}: {what}. Its notebook up to there: {os.path.relpath(kept)}"
