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
