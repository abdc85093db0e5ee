"""Run a chapter at a scale and keep notebook and claims: chapter.py CHAPTER SCALE NOTEBOOK."""

import argparse
import fcntl
import os
import shutil
from pathlib import Path

from bosonpeak.book import claims, runs
from bosonpeak.paths import project_root


def run(chapter: str, scale: str, notebook: Path):
    """As `bosonpeak run CHAPTER --scale SCALE --archive`, the claims entered one chapter at a time."""
    done = runs.run_chapter(chapter, scale, progress=True)
    with open(project_root() / "_build" / ".claims.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        claims.archive(runs.claims_of(done.path), scale)
    notebook.parent.mkdir(parents=True, exist_ok=True)
    part = notebook.with_name(f".{notebook.name}.part")
    shutil.copyfile(done.path, part)
    os.replace(part, notebook)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapter")
    parser.add_argument("scale")
    parser.add_argument("notebook", type=Path)
    run(**vars(parser.parse_args()))
