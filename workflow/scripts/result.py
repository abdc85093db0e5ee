"""One result of one glass: result.py KIND KEY GLASS OUTPUT computes it and writes a NetCDF file.

KIND is a folder of data/results ("vibrations", "transitions", "events", "inherent", "local" or "scattering"), and KEY
the key of a campaign of that kind. Finished parts are kept next to OUTPUT, so that a run that was killed resumes. The
file depends on the glass, the options and the code alone: neither the date nor the machine is in it.
"""

from pathlib import Path

from campaigns import KINDS, campaign_of
from common import arguments

from bosonpeak.archive.results import write_dataset
from bosonpeak.threads import available_cores, set_threads


def result(kind: str, key: str, glass: Path, output: Path) -> None:
    """Write the result. Raises ValueError for an unknown key, and as `Campaign.result`."""
    write_dataset(campaign_of(kind, key).result(glass, output.parent / "parts"), output)


def kind_of_result(text: str) -> str:
    if text not in KINDS:
        raise ValueError(f"unknown kind of result {text!r}: choose one of {', '.join(KINDS)}")
    return text


if __name__ == "__main__":
    set_threads(available_cores())
    result(**arguments(__doc__, kind=kind_of_result, key=str, glass=Path, output=Path))
