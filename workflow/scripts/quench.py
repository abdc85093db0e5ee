"""Make the glass of one recipe, or go on with it: quench.py GROUP KEY FOLDER leaves FOLDER/KEY.xyz.gz.

One thread: the number of threads would change the last bits and with them the glass. Beside it KEY.seconds says how
long an unbroken run took.
"""

import argparse
import fcntl
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

# one bar on a terminal; a line every minute in a log file
os.environ.setdefault("TQDM_MININTERVAL", "2" if sys.stderr.isatty() else "60")

from bosonpeak.materials import glasses, recipes


def quench(group: str, key: str, folder: Path) -> Path:
    """The file of the glass with this key, made from the recipe in `group`.

    Raises ValueError where no recipe of the group has the key.
    """
    recipe = next((r for r in recipes.recipes(group) if r.key == key), None)
    if recipe is None:
        raise ValueError(f"no recipe of the group {group} has the key {key}: was data/glasses/recipes.yml changed?")
    folder.mkdir(parents=True, exist_ok=True)
    final, timing = folder / f"{key}.xyz.gz", folder / f"{key}.seconds"
    with open(folder / f".{key}.lock", "w") as lock:
        # a quench that outlived its workflow is waited for; the lock goes with its process, killed or not
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.exists():
            return final
        begun, start = any(folder.glob(f"{key}.*.restart")), time.perf_counter()
        glasses.melt_quench(recipe, folder, threads=1, progress=True)
        if not begun:
            seconds = time.perf_counter() - start
            with suppress(OSError):  # the glass is what counts
                timing.write_text(f"{seconds:.1f}\n")
    return final


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group")
    parser.add_argument("key")
    parser.add_argument("folder", type=Path)
    quench(**vars(parser.parse_args()))
