"""A claim for tests of the ledger."""

import datetime


def small_claim(**changes) -> dict:
    """An entry of a ledger, complete; what is None is left out."""
    entry = {
        "id": "small/value",
        "source": "Fig. 1",
        "statement": "it is 2",
        "kind": "value",
        "quantity": "omega",
        "unit": "rad/ps",
        "paper": {"value": 2},
        "accept": {"ci": [1, 3], "book": [1.5, 2.5], "paper": [1.9, 2.1]},
        "because": "noise",
        "controls": {},
        "no_control": "none exists",
        "origin": "paper",
        "weight": "result",
        "registered": datetime.date(2026, 1, 2),
        "covers": ["seeds"],
    }
    return {name: value for name, value in {**entry, **changes}.items() if value is not None}
