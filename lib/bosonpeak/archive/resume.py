"""Long series of computations that run in several processes and resume after a kill.

The parts of a series are kept in a folder, one file per part, as soon as each is finished. A series that is started
again with the same structure, potential and options reads these files and computes only the parts that are missing.
"""

import hashlib
import json
import multiprocessing
import os
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from bosonpeak.archive.files import write_whole
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
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _end_with_parent) as pool:
        waiting = [pool.submit(work, job) for job in jobs]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()


def _end_with_parent():
    """End this worker when its parent is killed; otherwise it would wait for work for ever."""
    set_threads(1)
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def structure_key(atoms, potential, *options) -> str:
    """Key of a kept result: 12 hexadecimal digits of a structure, a potential and plain options."""
    digest = hashlib.sha256(np.ascontiguousarray(atoms.positions).tobytes() + atoms.cell.array.tobytes())
    text = json.dumps([atoms.numbers.tolist(), potential.name, potential.sha256, *options], sort_keys=True)
    digest.update(text.encode())
    return digest.hexdigest()[:12]


def read_arrays(path: Path) -> dict | None:
    """Arrays that `write_arrays` put into a file; None where there is no file or only a part of one."""
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile), np.load(path) as kept:
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
