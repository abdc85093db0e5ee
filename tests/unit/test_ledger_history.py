"""The history of the repository: each band was committed before the first archived result that it judges.

The test reads git. In a shallow clone, or where there is no repository, it is skipped, and says so. Exceptions must be
of the origin "exploratory": such claims do not count.
"""

import json
import subprocess
from datetime import UTC, datetime

import pytest
import yaml

from bosonpeak.book import claims
from bosonpeak.paths import project_root


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project_root(), capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        pytest.skip(f"git {' '.join(arguments[:2])} does not work here: {done.stderr.strip()[:80]}")
    return done.stdout


@pytest.fixture(scope="module")
def commits() -> dict[str, tuple[int, datetime]]:
    """Place in the history, from the oldest, and date of each commit."""
    if _git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("the clone is shallow: fetch the whole history (git fetch --unshallow) to test it")
    first = _git("rev-list", "--max-parents=0", "HEAD").split()
    if any(_git("ls-tree", commit, "--", "data/results/claims").strip() for commit in first):
        pytest.skip("the history begins after the first results: clone the repository itself to test it")
    lines = [line.split() for line in _git("log", "--reverse", "--topo-order", "--format=%H %ct").splitlines()]
    return {name: (place, datetime.fromtimestamp(int(when), UTC)) for place, (name, when) in enumerate(lines)}


def _first(folder: str, keys_of) -> dict:
    """The oldest commit in which a file of a folder has each of its keys."""
    first: dict = {}
    for commit in _git("log", "--reverse", "--topo-order", "--format=%H", "--", folder).split():
        for file in _git("ls-tree", "-r", "--name-only", commit, "--", folder).splitlines():
            try:
                keys = list(keys_of(file, _git("show", f"{commit}:{file}")))
            except (ValueError, KeyError, TypeError, yaml.YAMLError):
                continue  # an earlier format
            for key in keys:
                first.setdefault(key, commit)
    return first


def _bands(file: str, text: str):
    if file.endswith(".yml"):
        for entry in yaml.safe_load(text):
            # a band means something together with what it is a band of
            yield entry["id"], json.dumps([entry["accept"], entry["quantity"]], sort_keys=True)


def _results(file: str, text: str):
    if file.endswith(".json"):
        for run in json.loads(text).values():
            yield from (record["id"] for record in run["records"])


@pytest.fixture(scope="module")
def history(commits) -> dict[str, tuple]:
    """For each claim of today: the commits of its band and of its first result, None where there is none yet."""
    bands, results = _first("data/claims", _bands), _first("data/results/claims", _results)
    today = {
        key
        for path in (project_root() / "data" / "claims").glob("*.yml")
        for key in _bands(path.name, path.read_text(encoding="utf-8"))
    }
    return {name: (bands.get((name, band)), results.get(name)) for name, band in today}


def test_bands_were_committed_before_the_results_that_they_judge(history, commits):
    assert set(history) == set(claims.load_all())
    late = [
        name
        for name, (band, result) in history.items()
        # a claim that is not committed yet has no result either
        if result is not None and (band is None or commits[band][0] >= commits[result][0])
    ]
    exceptions = {name: claims.load_all()[name].origin for name in late}
    for name, origin in exceptions.items():
        print(f"{name} ({origin}): its band is not older than its first result")
    assert all(origin == "exploratory" for origin in exceptions.values()), exceptions


def test_the_day_of_registration_is_that_of_the_commit(history, commits):
    wrong = {
        name: (str(claim.registered), str(commits[band][1].date()))
        for name, claim in claims.load_all().items()
        if (band := history[name][0]) is not None and claim.registered != commits[band][1].date()
    }
    assert not wrong, "claim: (registered, committed)"


def test_claims_whose_effect_had_been_seen_are_exploratory():
    # their own reasons say so
    seen = {name for name, claim in claims.load_all().items() if "made after it was seen" in claim.because}
    found = claims.load_all()
    assert {found[name].origin for name in seen} == {"exploratory"}
    assert "tao-2023/beyond/order-where-told" in {name for name in found if found[name].origin == "exploratory"}
