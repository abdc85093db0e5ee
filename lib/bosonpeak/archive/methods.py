"""Versions of the methods that make archived results.

A result is identified by its recipe and by the version of the method that made it. The version is an integer next to
the function that computes the result. It is raised by hand whenever the numbers that the function returns change, and
only then: moving or rewriting the code leaves every archived result valid. `tests/workflow/test_methods.py` remakes
the smallest archived result of each kind and compares the numbers, so that a version that should have been raised is
noticed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass


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
            What else determines the result: the key of a recipe, options. Their text enters the key.

        Returns
        -------
        str
            12 hexadecimal digits.
        """
        text = " ".join([str(self), *map(str, parts)])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def method(name: str, version: int) -> Callable:
    """Decorator that gives a function the attribute `method`, a `Method` of this name and version.

    Raises
    ------
    ValueError
        If the version is not a whole number of at least 1.
    """
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"the version of the method {name} is {version!r}: give a whole number of at least 1")

    def mark(function):
        function.method = Method(name, version)
        return function

    return mark
