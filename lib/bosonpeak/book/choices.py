"""One measurement over a grid of choices: what else a careful colleague might have chosen.

A claim lists its choices in the field `choices`. A chapter passes the function that made its registered measurement to
`over_choices`, which calls it once for each alternative and returns what `Ledger.record` takes.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bosonpeak.archive.files import write_text
from bosonpeak.archive.resume import run_jobs


def over_choices(
    measure: Callable,
    choices: Mapping[str, Sequence],
    folder=None,
    workers: int | None = None,
    progress: bool = False,
    **fixed,
) -> dict:
    """Make one measurement with each alternative of each choice, in parallel, and resume after a kill.

    One choice is varied at a time; the others keep the defaults of the function.

    Parameters
    ----------
    measure : callable
        Function of a module, so that other processes can import it. It is called as `measure(**fixed, name=option)`
        and returns (value, (low, high)), the 95 % interval, or None where the alternative cannot be measured.
    choices : mapping
        The field `choices` of a claim: alternatives by the name of the choice. Spaces in a name become underscores.
    folder : path-like, optional
        Where each finished alternative is kept, in a file whose name depends on the function, on its version where it
        is an `archive.methods.method`, and on all its arguments. Without one, nothing is kept.
    workers : int, optional
        Number of processes; by default the cores that this process may use.
    progress : bool
        Whether to show a progress bar.
    **fixed
        Further arguments of the function. With a folder they must be plain numbers, texts, booleans or lists.

    Returns
    -------
    dict
        (value, (low, high)), or None, for each (name, option), as `Ledger.record` takes it.

    Raises
    ------
    ValueError
        If the function has no parameter with the name of a choice.
    Exception
        Whatever the function raises. The alternatives that had been finished before are kept in the folder.
    """
    named = [(name, option) for name, options in choices.items() for option in options]
    parameters = inspect.signature(measure).parameters
    for name in choices:
        if name.replace(" ", "_") not in parameters:
            raise ValueError(
                f"{measure.__name__} has no parameter {name.replace(' ', '_')!r} for the choice {name!r}: add it, or "
                "correct the choice in the claim"
            )
    done = {pair: _kept(_path(folder, measure, fixed, *pair)) for pair in named} if folder else {}
    found = {pair: kept["found"] for pair, kept in done.items() if kept is not None}
    jobs = [
        (pair, str(_path(folder, measure, fixed, *pair)) if folder else None) for pair in named if pair not in found
    ]
    work = partial(_measure, measure, fixed)
    for pair, value in run_jobs(work, jobs, "alternatives", "choice", len(named), workers, progress):
        found[pair] = value
    return {pair: _pair(found[pair]) for pair in named}


def _measure(measure, fixed, job):
    (name, option), path = job
    found = measure(**fixed, **{name.replace(" ", "_"): option})
    if path is not None:
        write_text(path, json.dumps({"choice": name, "option": option, "found": found}, default=float))
    return (name, option), found


def _path(folder, measure, fixed, name, option) -> Path:
    version = getattr(getattr(measure, "method", None), "version", None)
    text = json.dumps([measure.__module__, measure.__qualname__, version, fixed, name, option], sort_keys=True)
    return Path(folder, f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.json")


def _kept(path: Path) -> dict | None:
    """What a finished alternative left; None where there is none, or a damaged file."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept if isinstance(kept, dict) and "found" in kept else None
    except (OSError, ValueError):
        return None


def _pair(found):
    if found is None:
        return None
    value, (low, high) = found
    return float(value), (float(low), float(high))
