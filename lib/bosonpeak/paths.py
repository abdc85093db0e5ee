"""Where the project's files are (floor 0)."""

import os
from pathlib import Path


def project_root() -> Path:
    """Folder that holds book/, data/ and lib/: `$BOSONPEAK_ROOT`, or the checkout of the editable install.

    Raises FileNotFoundError where neither holds a `data/claims` folder.
    """
    named = os.environ.get("BOSONPEAK_ROOT")
    # absolute, since the kernels of the pages run in book/
    root = Path(os.path.abspath(os.path.expanduser(named))) if named else Path(__file__).resolve().parents[2]
    if not (root / "data" / "claims").is_dir():
        raise FileNotFoundError(
            f"{root} holds no data/claims: set BOSONPEAK_ROOT to a checkout of the project, or install it editable"
        )
    return root
