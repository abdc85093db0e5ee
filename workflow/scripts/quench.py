"""The glass of one recipe: quench.py GROUP KEY FOLDER makes FOLDER/KEY.xyz.gz, or resumes a run that was killed.

It works with one thread, because the number of threads would change the last bits and with them the glass. A file
KEY.seconds next to the glass holds the time that an unbroken run took.
"""

import time
from contextlib import suppress
from pathlib import Path

from common import arguments

from bosonpeak.archive.files import write_text
from bosonpeak.materials import glasses, recipes


def quench(group: str, key: str, folder: Path) -> Path:
    """The file of the glass with this key, made from the recipe in `group`.

    Raises
    ------
    ValueError
        If no recipe of the group has the key.
    """
    recipe = next((r for r in recipes.recipes(group) if r.key == key), None)
    if recipe is None:
        raise ValueError(f"no recipe of the group {group} has the key {key}: was data/glasses/recipes.yml changed?")
    final, timing = folder / f"{key}.xyz.gz", folder / f"{key}.seconds"
    if final.exists():
        return final
    begun, start = any(folder.glob(f"*{key}.*")), time.perf_counter()
    # a quench that outlived its workflow is waited for there
    glasses.melt_quench(recipe, folder, threads=1, progress=True)
    if not begun:
        seconds = time.perf_counter() - start
        with suppress(OSError):  # the glass is what counts
            write_text(timing, f"{seconds:.1f}\n")
    return final


if __name__ == "__main__":
    quench(**arguments(__doc__, group=str, key=str, folder=Path))
