"""Long series of computations that run in several processes and resume after a kill.

The parts of a series are kept in a folder, one file per part, as soon as each is finished. A series that is started
again with the same structure, potential and options reads these files and computes only the parts that are missing.
"""

import hashlib
import json
import multiprocessing
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from bosonpeak.archive.files import sha256_of, write_whole
from bosonpeak.threads import available_cores, set_threads


def run_jobs(
    work: Callable, jobs: Sequence, desc: str, unit: str, total: int, workers: int | None = None, progress: bool = False
) -> Iterator:
    """Yield work(job) of each job as soon as it is finished, from processes of one thread each.

    Parameters
    ----------
    work : callable
        Function of a module, so that other processes can import it.
    jobs : sequence
        Arguments that can be pickled.
    desc, unit : str
        Label of the progress bar and name of one step.
    total : int
        Length of the whole series; what is not among the jobs counts as finished already.
    workers : int, optional
        Number of processes; by default the cores that this process may use. One worker works in this process.
        Processes are spawned, so a script needs its `if __name__ == "__main__":`.
    progress : bool
        Whether to show a progress bar.

    Raises
    ------
    Exception
        Whatever a job raises; the jobs that wait are then cancelled.
    """
    workers = min(workers or available_cores(), len(jobs))
    with tqdm(desc=desc, total=total, initial=total - len(jobs), unit=unit, disable=not progress) as bar:
        for found in map(work, jobs) if workers <= 1 else _spread(work, jobs, workers):
            bar.update()
            yield found


def _spread(work, jobs, workers):
    # spawned, not forked: LAMMPS and MPI may be alive in this process
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin) as pool:
        waiting = [pool.submit(work, job) for job in jobs]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BrokenProcessPool:
            raise RuntimeError(
                "a worker process was killed, perhaps because memory ran out: what was finished is kept in the folder "
                "of the series; start it again to resume, with fewer workers if memory is short"
            ) from None
        finally:
            for future in waiting:
                future.cancel()


def _begin():
    set_threads(1)
    end_with_parent()


def end_with_parent() -> None:
    """End this worker when its parent is killed; otherwise it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def structure_key(atoms, potential, *options) -> str:
    """Key of a kept result: 12 hexadecimal digits of a structure with its masses, a potential and plain options."""
    digest = hashlib.sha256(np.ascontiguousarray(atoms.positions).tobytes() + atoms.cell.array.tobytes())
    digest.update(potential.masses_of(atoms).tobytes())
    text = json.dumps([atoms.numbers.tolist(), potential.name, potential.sha256, *options], sort_keys=True)
    digest.update(text.encode())
    return digest.hexdigest()[:12]


def read_arrays(path: Path) -> dict | None:
    """Arrays that `write_arrays` put into a file; None where there is no file or only a part of one."""
    # a damaged archive raises errors of many types; each member has a checksum, so that nothing wrong is read
    with suppress(Exception), np.load(path) as kept:
        return {name: kept[name] for name in kept.files}
    return None


def write_arrays(path: Path, **arrays) -> None:
    """Write arrays into one .npz file, whole or not at all. Raises OSError as `write_whole`."""

    def write(part):
        with open(part, "wb") as file:
            np.savez(file, **arrays)

    write_whole(path, write)


class KeptParts:
    """The finished parts of a series, one .npz file each in a folder that belongs to this series alone.

    Parameters
    ----------
    folder : path-like or None
        Where the folders of all series are; None keeps nothing.
    *key
        What determines the series: its folder is named by `structure_key(*key)`, or by the key itself where it is one
        string, such as `Method.key` returns it. Without a key the parts lie in `folder` itself, and their names must
        determine them.
    """

    def __init__(self, folder, *key):
        named = len(key) <= 1 and all(isinstance(part, str) for part in key)
        self.folder = Path(folder, *(key if named else [structure_key(*key)])) if folder else None

    def path(self, name: str) -> Path | None:
        """File of the part `name`; None where nothing is kept."""
        return self.folder / f"{name}.npz" if self.folder else None

    def read(self, name: str) -> dict | None:
        """Arrays of a finished part; None where it is not finished."""
        return read_arrays(self.path(name)) if self.folder else None

    def write(self, name: str, **arrays) -> None:
        """Keep the arrays of a part. Does nothing where nothing is kept."""
        if self.folder:
            write_arrays(self.path(name), **arrays)

    def part(self, name: str, compute: Callable[[], dict]) -> dict:
        """Arrays of the part `name`: read where it is finished, otherwise computed and kept."""
        kept = self.read(name)
        if kept is None:
            kept = {key: np.asarray(value) for key, value in compute().items()}
            self.write(name, **kept)
        return kept


class Checkpoints:
    """The states from which one long computation resumes: files that carry their checksum in their names.

    The last two states are kept. One that is damaged is set aside, and the computation goes back to the one before.

    Parameters
    ----------
    folder : path-like
    key : str
        What determines the computation; the names of its files begin with it.
    suffix : str
        With which they end, without the dot.
    """

    def __init__(self, folder, key: str, suffix: str):
        self.folder, self.key, self.suffix = Path(folder), key, suffix

    def newest(self) -> tuple[int, Path | None]:
        """The step of the newest state that is whole, and its file; (0, None) where there is none.

        A damaged file is renamed to *.damaged, and a warning says so.
        """
        for step, path in sorted(self._files(), reverse=True):
            checksum = path.name.split(".")[-2]
            if sha256_of(path).startswith(checksum):
                return step, path
            aside = path.with_suffix(".damaged")
            os.replace(path, aside)
            warnings.warn(
                f"{path} is damaged and was set aside as {aside.name}: the computation resumes from the state before",
                stacklevel=2,
            )
        return 0, None

    def save(self, step: int, write: Callable[[Path], object]) -> Path:
        """Write the state after a step, whole or not at all, and remove all but it and the one before.

        Parameters
        ----------
        step : int
        write : callable
            Function of one path that writes the file there.

        Raises
        ------
        OSError
            If the file cannot be written; the message names it.
        """
        before = sorted(self._files())
        written = self.folder / f"{self.key}.{step}.unchecked"
        write_whole(written, write)
        path = self.folder / f"{self.key}.{step}.{sha256_of(written)[:16]}.{self.suffix}"
        os.replace(written, path)
        for _, old in before[:-1]:
            old.unlink(missing_ok=True)
        return path

    def clear(self) -> None:
        """Remove the states of the computation, which has ended."""
        for _, path in self._files():
            path.unlink(missing_ok=True)

    def _files(self) -> list[tuple[int, Path]]:
        shape = re.compile(rf"{re.escape(self.key)}\.(\d+)\.[0-9a-f]{{16}}\.{self.suffix}")
        return [(int(m[1]), p) for p in self.folder.glob(f"{self.key}.*") if (m := shape.fullmatch(p.name))]
