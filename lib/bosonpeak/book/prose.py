"""Numbers that the prose of a chapter quotes from its own run."""

import math


def quote(name: str, value) -> None:
    """Make a value available to the page, where {glue:text}`name:.2f` quotes it.

    Parameters
    ----------
    name : str
    value : int, float, str, or a numpy scalar
        Numpy scalars become plain numbers, since their own text takes no format.

    Raises
    ------
    ValueError
        If the value is NaN, which would otherwise stand in a sentence.
    """
    from myst_nb import glue

    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and math.isnan(value):
        raise ValueError(f"{name} is not a number: the sentence that quotes it would say nan")
    glue(name, value, display=False)


def quote_all(**values) -> None:
    """`quote` each value under its name. Raises ValueError as that."""
    for name, value in values.items():
        quote(name, value)


def quote_or(name: str, value, spec: str = ".2f", otherwise: str = "(too few modes at this size)") -> None:
    """Quote a value as text, formatted here, where a size may be too small to measure it.

    Parameters
    ----------
    name : str
    value : float or None
        None is quoted as `otherwise`.
    spec : str
        Format of the number.
    otherwise : str

    Raises
    ------
    ValueError
        If the value is NaN.
    """
    if value is not None and math.isnan(value):
        raise ValueError(f"{name} is not a number: the sentence that quotes it would say nan")
    quote(name, otherwise if value is None else format(float(value), spec))


def quote_interval(name: str, found, scale: float = 1.0) -> None:
    """Quote a value and the ends of its interval as `name`, `name_low` and `name_high`.

    Parameters
    ----------
    name : str
    found : tuple
        (value, (low, high)), as the functions of `bosonpeak.statistics` return it.
    scale : float
        Factor on all three, such as 100 for per cent.

    Raises
    ------
    ValueError
        If one of the three is NaN.
    """
    value, (low, high) = found
    for suffix, number in (("", value), ("_low", low), ("_high", high)):
        quote(f"{name}{suffix}", scale * float(number))


def quote_found(name: str, found, spec: str = ".2f", scale: float = 1.0) -> None:
    """Quote a value with its interval as one text, such as "0.44 [0.25, 0.65]", where either may be missing.

    Parameters
    ----------
    name : str
    found : tuple or None
        (value, (low, high)), as the functions of `bosonpeak.statistics` return it; (None, None) or None where nothing
        could be measured. An interval that is open or None is named as missing.
    spec : str
        Format of the three numbers.
    scale : float
        Factor on all three, such as 100 for per cent.

    Raises
    ------
    ValueError
        If the value is NaN.
    """
    value, ends = found or (None, None)
    if value is None:
        return quote_or(name, None)
    if math.isnan(value):
        raise ValueError(f"{name} is not a number: the sentence that quotes it would say nan")
    numbers = [f"{scale * float(number):{spec}}" for number in (value, *(ends or ()))]
    known = ends is not None and all(map(math.isfinite, ends))
    extra = f"[{numbers[1]}, {numbers[2]}]" if known else "(too few samples for an interval)"
    quote(name, f"{numbers[0]} {extra}")
