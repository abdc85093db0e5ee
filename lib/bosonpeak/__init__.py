"""Executable reproductions of five accounts of the boson peak.

Importing this package imports nothing but what Python itself brings: `import bosonpeak.networks` needs numpy and scipy
only.
"""

import os
import tempfile

__version__ = "0.1.0"


def _place_numba_cache(package: str, home: str) -> None:
    """Give numba a folder for compiled functions where it can write neither next to the library nor in the home.

    A shared installation or a container that another user runs is such a case. numba would then refuse to import any
    module with a compiled function. The folder lies with the temporary files and belongs to this user alone.

    Parameters
    ----------
    package, home : str
        Folders of the library and of the user.
    """
    if "NUMBA_CACHE_DIR" in os.environ or os.access(package, os.W_OK) or os.access(home, os.W_OK):
        return
    folder = os.path.join(tempfile.gettempdir(), f"bosonpeak-numba-{os.getuid()}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    # code is loaded from there: nobody else may have made it
    os.environ["NUMBA_CACHE_DIR"] = folder if os.stat(folder).st_uid == os.getuid() else tempfile.mkdtemp()


_place_numba_cache(os.path.dirname(__file__), os.path.expanduser("~"))
