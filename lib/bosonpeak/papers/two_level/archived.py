"""What the book archives of the saddles between two minima, with the parameters of the book."""

from bosonpeak.archive.measurements import Measurement
from bosonpeak.papers.two_level.pairs import measure_saddles

PAGE = "mizuno-2020"
"""The page that reads it."""

GLASSES = ["harmonic-spheres-n1000-instant-s*"]
SADDLES = Measurement("mizuno-2020-saddles", measure_saddles, {"glasses": GLASSES, "searches": 8})
MEASUREMENTS = (SADDLES,)
