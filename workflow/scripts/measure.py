"""One measurement of a chapter: measure.py NAME OUTPUT computes it and writes a NetCDF file.

Finished parts are kept next to OUTPUT, so that a run that was killed resumes.
"""

from pathlib import Path

from common import arguments
from measurements import measurement_named

from bosonpeak.archive.measurements import made
from bosonpeak.archive.results import write_dataset
from bosonpeak.threads import available_cores, set_threads


def measure(name: str, output: Path) -> None:
    """Write the result. Raises ValueError for an unknown name."""
    known = measurement_named(name)
    write_dataset(made(known, output.parent / "parts" / known.key, progress=True), output)


if __name__ == "__main__":
    set_threads(available_cores())
    measure(**arguments(__doc__, name=str, output=Path))
