"""Drop cached chapter runs that no longer hold (floor 7).

Jupyter's execution cache looks at a page's own cells and at nothing else, and Sphinx reads again only pages
whose file changed. What a page computes also depends on lib/, data/ and the installed packages. `make book`
therefore runs `python -m bosonpeak.book.cache` first: it compares the contents of those files (not their
dates, which a clone or a checkout resets) with what the last build saw.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from bosonpeak.paths import project_root

WATCHED = ("lib", "data", "book/scales", "requirements.lock")
"""Files and folders on which every page's outputs depend."""

DROPPED = (".jupyter_cache", ".doctrees", "jupyter_execute", "html")
"""What `_build` holds that was made from them; papermill's runs are records and stay."""


def fingerprint(root: Path) -> str:
    """SHA-256 over the names and contents of the watched files under `root`, and the Python version."""
    digest = hashlib.sha256(sys.version.encode())
    for name in WATCHED:
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            inside = path.relative_to(root)
            if not path.is_file() or "__pycache__" in inside.parts or ".egg-info" in str(inside):
                continue
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{inside.as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def drop_stale(root: Path) -> bool:
    """Remove what the build cached under `root`/_build if the fingerprint changed; return whether it did."""
    build = root / "_build"
    stamp = build / "fingerprint"
    now = fingerprint(root)
    if stamp.is_file() and stamp.read_text() == now:
        return False
    for name in DROPPED:
        shutil.rmtree(build / name, ignore_errors=True)
    build.mkdir(exist_ok=True)
    stamp.write_text(now)  # last: an interrupted removal is done again
    return True


if __name__ == "__main__":
    if drop_stale(project_root()):
        print("lib/, data/ or the lock changed since the last build: every page runs again.")
