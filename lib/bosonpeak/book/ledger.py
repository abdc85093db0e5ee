"""What one run of a chapter measured: the ledger into which it records each claim."""

import difflib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

from bosonpeak.archive.files import seal
from bosonpeak.book.choices import over_choices
from bosonpeak.book.claims import SCALES, load
from bosonpeak.book.verdicts import INDEPENDENT, Judgement, judge, open_ends
from bosonpeak.paths import project_root


def tables_of(*datasets) -> list[str]:
    """Names (kind/name) of the archived results among some datasets, for `Ledger.record`; without those made live."""
    archived = (data for data in datasets if data.attrs.get("source", "archived") == "archived")
    paths = {Path(data.encoding["source"]) for data in archived if "source" in data.encoding}
    return sorted(f"{path.parent.name}/{path.stem}" for path in paths)


def rate_of(*datasets) -> float | None:
    """The highest finite cooling rate among the recipes of some datasets, for `Ledger.record`; None without any."""
    recipes = (json.loads(data.attrs["recipe"]) for data in datasets if "recipe" in data.attrs)
    return max((r["cooling_rate"] for r in recipes if math.isfinite(r.get("cooling_rate", math.inf))), default=None)


def sample_of(*datasets, n: int | None = None) -> dict:
    """N, seeds, cooling rate and archived tables of some datasets, as keywords of `Ledger.record`.

    Parameters
    ----------
    *datasets : xarray.Dataset
        Each with the attributes `name`, `seed` and `n_atoms` of its glass. Several of one glass count once.
    n : int, optional
        Number of atoms, where that of the first dataset is not the one that the claim is about.
    """
    seeds = {str(data.attrs["name"]): int(data.attrs["seed"]) for data in datasets}
    count = int(datasets[0].attrs["n_atoms"]) if n is None else n
    return {
        "n": count,
        "seeds": list(seeds.values()),
        "cooling_rate": rate_of(*datasets),
        "tables": tables_of(*datasets),
    }


class Ledger:
    """What one run of a chapter measured: `record` each claim, then show `tables.ClaimsTable(ledger)`.

    `progress` says whether long work should show a progress bar (`book.start` sets it).
    """

    def __init__(self, chapter: str, scale: str):
        if scale not in SCALES:
            raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
        self.chapter, self.scale = chapter, scale
        self.claims = {claim.id: claim for claim in load(chapter)}
        self.records: dict[str, dict] = {}
        self.progress = False
        self._started = time.perf_counter()

    def record(
        self,
        claim_id: str,
        value,
        interval=None,
        *,
        n,
        seeds,
        controls=None,
        choices=None,
        cooling_rate=None,
        tables=(),
        note="",
    ) -> None:
        """Record the measured value of a claim.

        Parameters
        ----------
        claim_id : str
            With or without the name of the chapter.
        value : float or None
            In the unit of the claim; None where this size cannot decide (the note should say why).
        interval : tuple of float, optional
            95 % interval (low, high); by default the value itself, for exact counts.
        n : int
            Number of nodes or atoms.
        seeds : sequence of int
            One for each independent sample.
        controls : dict, optional
            A value, or (value, interval), for each control that the claim names.
        choices : dict, optional
            For each (choice, option) that the claim names the same quantity with this alternative: a value,
            (value, interval), or None where it could not be run. `choices.over_choices` makes such a dictionary.
        cooling_rate : float, optional
            At which the glass was made (K/s, or reduced); needed where the claim requires one.
        tables : sequence of str
            The archived results from which the value was read (`tables_of`); empty where this run measured it. At ci
            scale such a value is recorded as not measured, because it would be the same at every scale.
        note : str

        Raises
        ------
        ValueError
            For an unknown id (with the nearest known one), a claim that was recorded before with another value,
            controls or choices that do not match those of the claim, a missing cooling rate, NaN, or an interval that
            does not hold the value.
        """
        claim_id = self._known(claim_id)
        claim, controls, choices = self.claims[claim_id], controls or {}, choices or {}
        if set(controls) != set(claim.controls):
            raise ValueError(
                f"{claim_id} names the controls {sorted(claim.controls)}, recorded were {sorted(controls)}"
            )
        named = [(name, option) for name, options in claim.choices.items() for option in options]
        if set(choices) != set(named):
            raise ValueError(
                f"{claim_id} names the choices {named}, recorded were {list(choices)}: give each, None where not run"
            )
        if "cooling_rate" in claim.requires and cooling_rate is None:
            raise ValueError(f"{claim_id} requires a cooling rate: state that of the glass with cooling_rate=")
        tables = [tables] if isinstance(tables, str) else [str(name) for name in tables]
        read = None
        if self.scale == "ci" and tables and value is not None:
            # the value is not copied: one archived table would be counted as three runs
            rest = f" and {len(tables) - 1} more" if len(tables) > 1 else ""
            why, read = f"the ci scale does not measure it, and the book reads {tables[0]}{rest}", float(value)
            value, interval, note = None, None, f"{why}; {note}" if note else why
            controls, choices = dict.fromkeys(controls), dict.fromkeys(choices)
        entry = {
            "id": claim_id,
            **_measured(claim_id, value, interval),
            "n": _whole(claim_id, "n", n, 1),
            "seeds": [_whole(claim_id, "a seed", seed, 0) for seed in seeds],
            "cooling_rate": None if cooling_rate is None else _finite(claim_id, cooling_rate),
            "source": "archived" if tables else "live",
            "tables": tables,
            "controls": {name: _measured(f"{claim_id}, control {name}", *_pair(c)) for name, c in controls.items()},
            "choices": [
                {"choice": name, "option": option}
                | _measured(f"{claim_id}, {name} = {option}", *_pair(choices[name, option]))
                for name, option in named
            ],
            "note": note,
            "cell": _cell(),
            # for the tests, which compare it with the book's; it is not archived
            "read": read,
        }
        if entry["interval"] and entry["interval"][0] != entry["interval"][1] and not entry["seeds"]:
            if counted := [kind for kind in claim.covers if kind in INDEPENDENT]:
                raise ValueError(f"{claim_id} has an interval that covers {counted[0]}: give their seeds")
        before = self.records.get(claim_id)
        if before is not None and before["value"] != entry["value"]:
            raise ValueError(f"{claim_id} was recorded as {before['value']} before, now as {entry['value']}")
        self.records[claim_id] = entry

    def _known(self, claim_id: str) -> str:
        claim_id = claim_id if claim_id.startswith(f"{self.chapter}/") else f"{self.chapter}/{claim_id}"
        if claim_id not in self.claims:
            near = difflib.get_close_matches(claim_id, self.claims, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"unknown claim {claim_id!r} in chapter {self.chapter}{hint}")
        return claim_id

    def measure(
        self, claim_id: str, statistic: Callable, choose: Callable, controls=None, choices=None, **fixed
    ) -> None:
        """Record a statistic of the registered data and, for each choice of the claim, of other data.

        Parameters
        ----------
        claim_id : str
        statistic : callable
            Function of what `choose` returns, which returns a value or (value, interval).
        choose : callable
            Without arguments it returns the registered data; with the name of a choice and an option it returns the
            data of this alternative, or None where they are not at hand.
        controls : dict, optional
            For each control a value, (value, interval), or a statistic of the registered data.
        choices : dict, optional
            For some (choice, option) what is measured with them: a value, (value, interval), or a statistic of the
            registered data. The others are left to `choose`.
        **fixed
            Further arguments of `record`. Where the registered data are None, the value is not measured, and a `note`
            says why.

        Raises
        ------
        ValueError
            As `record`.
        """
        claim, data = self.claims[self._known(claim_id)], choose()

        def measured(part):
            return part if part is None or not callable(part) else None if data is None else part(data)

        found = {key: measured(part) for key, part in (choices or {}).items()}
        for name, options in claim.choices.items():
            for option in options:
                if (name, option) not in found:
                    other = choose(name, option)
                    found[name, option] = None if other is None else statistic(other)
        controls = {name: measured(part) for name, part in (controls or {}).items()}
        value = (None, None) if data is None else _pair(statistic(data))
        self.record(claim_id, *value, controls=controls, choices=found, **fixed)

    def over_choices(self, claim_id: str, measure: Callable, workers: int | None = None, **fixed) -> dict:
        """The measurement of a claim with each alternative of its choices, for `record(choices=...)`.

        At ci scale nothing is run: the alternatives are recorded as not run.

        Parameters
        ----------
        claim_id : str
        measure : callable
            Function of a module that made the registered measurement, as `choices.over_choices` takes it.
        workers : int, optional
            Number of processes.
        **fixed
            Further arguments of the function.

        Returns
        -------
        dict
            (value, (low, high)), or None, by (choice, option).

        Raises
        ------
        ValueError
            For an unknown claim, or as `choices.over_choices`.
        """
        wanted = self.claims[self._known(claim_id)].choices
        if self.scale == "ci":
            return {(name, option): None for name, options in wanted.items() for option in options}
        folder = project_root() / "_build" / "choices"
        return over_choices(measure, wanted, folder, workers, self.progress, **fixed)

    def judgement(self, claim_id: str) -> Judgement:
        """Verdict and reason of a claim that was recorded. Raises KeyError for one that was not."""
        claim_id = self._known(claim_id)
        return judge(self.claims[claim_id], self.records[claim_id], self.scale)

    def verdict(self, claim_id: str) -> str:
        """Verdict on a claim that was recorded. Raises KeyError for one that was not."""
        return self.judgement(claim_id).verdict

    def payload(self) -> dict:
        """The records as plain data for the archive, in the order of the ledger.

        A claim that is superseded need not be recorded: the archive keeps its last record. Raises ValueError if
        another claim was not recorded.
        """
        missing = [x for x, claim in self.claims.items() if x not in self.records and claim.superseded_by is None]
        if missing:
            raise ValueError(f"{len(missing)} claim(s) of {self.chapter} were not recorded: {', '.join(missing)}")
        return seal(
            {
                "chapter": self.chapter,
                "scale": self.scale,
                "seconds": round(time.perf_counter() - self._started, 1),
                "records": [self.records[name] for name in self.claims if name in self.records],
            }
        )


def _cell() -> int | None:
    """Number of the code cell that is running, from 1; None outside a notebook."""
    from IPython import get_ipython

    shell = get_ipython()
    return None if shell is None else int(shell.execution_count)


def _finite(name, rate) -> float:
    if not 0 < float(rate) < math.inf:
        raise ValueError(
            f"{name}: the cooling rate {rate!r} is not a positive number; leave it out for an instant quench"
        )
    return float(rate)


def _whole(name, what, number, least) -> int:
    if isinstance(number, bool) or int(number) != number or number < least:
        raise ValueError(f"{name}: {what} is {number!r}, and must be a whole number of at least {least}")
    return int(number)


def _pair(control):
    return tuple(control) if isinstance(control, tuple | list) else (control, None)


def _measured(name, value, interval) -> dict:
    if value is None:
        return {"value": None, "interval": None}
    if isinstance(value, bool):
        raise ValueError(f"{name}: the value is {value}; give a number, such as the share of what is true")
    value = float(value)
    low, high = (value, value) if interval is None else open_ends(interval)
    if not math.isfinite(value) or math.isnan(low) or math.isnan(high):
        raise ValueError(f"{name}: the value or its interval is not a number")
    if not low <= value <= high:
        raise ValueError(f"{name}: the value {value:g} lies outside its interval [{low:g}, {high:g}]")
    # JSON has no infinity: a single sample has an interval that is open on both sides
    return {"value": value, "interval": [None if math.isinf(end) else end for end in (low, high)]}
