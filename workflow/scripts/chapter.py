"""Run a chapter: chapter.py CHAPTER SCALE NOTEBOOK [MEASUREMENT ...] keeps the notebook and archives its claims.

MEASUREMENT are files of measure.py that enter the archive before, so that the chapter can read them.
"""

import argparse
import shutil
from functools import partial
from pathlib import Path

from common import exclusive

from bosonpeak.archive.files import write_whole
from bosonpeak.archive.measurements import enter_measurement
from bosonpeak.book import claims, export, runs
from bosonpeak.paths import project_root


def run(chapter: str, scale: str, notebook: Path, measured: list[Path]) -> None:
    """As `bosonpeak run CHAPTER --scale SCALE --archive`; one chapter at a time writes into the archive."""
    lock = project_root() / "_build" / ".claims.lock"
    with exclusive(lock):
        for path in measured:
            enter_measurement(path)
    done = runs.run_chapter(chapter, scale, progress=True)
    with exclusive(lock):
        claims.archive(runs.claims_of(done.path), scale)
        export.write()
    write_whole(notebook, partial(shutil.copyfile, done.path))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapter")
    parser.add_argument("scale")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("measured", type=Path, nargs="*")
    run(**vars(parser.parse_args()))
