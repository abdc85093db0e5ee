"""Versions of the methods that make archived results.

A result is identified by its recipe and by the version of the method that made it. The version is an integer next to
the function that computes the result. It is raised by hand whenever the numbers that the function returns change, and
only then: moving or rewriting the code leaves every archived result valid. `tests/workflow/test_methods.py` remakes
the smallest archived result of each kind and compares the numbers, so that a version that should have been raised is
noticed.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Method:
    """A method by which results are made: its `name`, such as "vibrations", and its `version`."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name}-{self.version}"

    def key(self, *parts) -> str:
        """Key of one result of this method.

        Parameters
        ----------
        *parts
            What else determines the result: the key of a recipe, a dictionary of options. Equal values give equal
            keys, whether they are written as a tuple, a list or an array, as 4, 4.0 or a number of numpy.

        Returns
        -------
        str
            12 hexadecimal digits.
        """
        texts = [part if isinstance(part, str) else json.dumps(plain(part), sort_keys=True) for part in parts]
        text = " ".join([str(self), *texts])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def method(name: str, version: int) -> Callable:
    """Decorator that gives a function the attribute `method`, a `Method` of this name and version.

    Raises
    ------
    ValueError
        If the version is not a whole number of at least 1.
    """
    if type(version) is not int or version < 1:
        raise ValueError(f"the version of the method {name} is {version!r}: give a whole number of at least 1")

    def mark(function):
        function.method = Method(name, version)
        return function

    return mark


def plain(value):
    """Numbers, strings, lists and dictionaries as JSON has them, with equal values written alike.

    Parameters
    ----------
    value : dict, list, tuple, array, number, string or None
        Nested to any depth.

    Returns
    -------
    dict, list, int, float, str, bool or None
        Whole numbers are integers: a file may hold 4 where a computation gives 4.0.
    """
    if isinstance(value, dict):
        return {str(name): plain(v) for name, v in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
