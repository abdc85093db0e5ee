"""Long series of computations on one structure: in several processes, kept one by one, gone on with (floor 0)."""

import hashlib
import json
import multiprocessing
import os
import threading
import zipfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from .threads import available_cores, set_threads


def run_jobs(work, jobs, desc, unit, total, workers: int | None = None, progress: bool = False):
    """Yield work(job) of each job as it is done, from processes of one thread each.

    work: function of a module, jobs: what can be pickled. workers: default the cores this process may use; one works in
    this process. They are started anew: a script needs its `if __name__ == "__main__":`. progress: a bar of `total`,
    what is no job being done already. What a job raises is raised, and the jobs that wait are cancelled.
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
    """A worker whose parent was killed would wait for work for ever."""
    set_threads(1)
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def structure_key(atoms, potential, *options) -> str:
    """12 hexadecimal digits of a structure, a potential and plain options: what a kept result is valid for."""
    digest = hashlib.sha256(np.ascontiguousarray(atoms.positions).tobytes() + atoms.cell.array.tobytes())
    text = json.dumps([atoms.numbers.tolist(), potential.name, potential.sha256, *options], sort_keys=True)
    digest.update(text.encode())
    return digest.hexdigest()[:12]


def read_arrays(path: Path) -> dict | None:
    """What `write_arrays` put there; None where there is no file, or half of one from elsewhere."""
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile), np.load(path) as kept:
        return {name: kept[name] for name in kept.files}
    return None


def write_arrays(path: Path, **arrays) -> None:
    """numpy.savez of which there is all or nothing under its name."""
    part = path.with_name(f".{path.stem}.{os.getpid()}.part")
    with open(part, "wb") as file:
        np.savez(file, **arrays)
    os.replace(part, path)
