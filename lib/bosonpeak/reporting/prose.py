"""Numbers that the prose of a chapter quotes from its own run (floor 7)."""

import math


def quote(name: str, value) -> None:
    """Make `value` available to the page as {glue:text}`name:.2f`.

    Numpy scalars become plain numbers: their own text ("np.float64(…)") takes no format. Raises ValueError for
    NaN, which would otherwise stand in a sentence.
    """
    from myst_nb import glue

    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and math.isnan(value):
        raise ValueError(f"{name} is not a number: the sentence that quotes it would say nan")
    glue(name, value, display=False)


def quote_or(name: str, value, spec: str = ".2f", otherwise: str = "(too few modes at this size)") -> None:
    """The same as text, formatted here, where a size may be too small to measure: None is quoted as `otherwise`.

    Raises ValueError for NaN, as `quote`.
    """
    if value is not None and math.isnan(value):
        raise ValueError(f"{name} is not a number: the sentence that quotes it would say nan")
    quote(name, otherwise if value is None else format(float(value), spec))
