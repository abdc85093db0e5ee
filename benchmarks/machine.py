"""What every benchmark says and does: the machine it ran on, the table, the file of numbers."""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numba

from bosonpeak.archive.glasses import processor


def describe_machine(*packages: str) -> dict:
    """Processor, cores, load, versions of Python and of these packages, and the date."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": numba.get_num_threads(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "date": datetime.now(UTC).date().isoformat(),
    }


def describe_run(machine: dict, *packages: str) -> list[str]:
    """The two lines that head a table: the machine, the versions."""
    m = machine
    return [
        f"{m['processor']}, {m['cores']} cores, {m['threads']} threads, load {m['load_before']} at the start",
        ", ".join(f"{name} {m[name]}" for name in ("python", *packages)),
    ]


def show_results(table: str, results: dict, path: Path | None) -> None:
    """Print the table; keep the numbers at `path`, if one is given."""
    print(table)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
