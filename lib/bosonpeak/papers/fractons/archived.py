"""What the book archives of fractons, with the parameters of the book."""

from bosonpeak.archive.measurements import Measurement
from bosonpeak.papers.fractons.measure import measure_fractons

PAGE = "spring-network"
"""The page that reads it."""

FRACTONS = Measurement("spring-network-fractons", measure_fractons, {"nodes": 300000, "seeds": 3, "n_modes": 60})
MEASUREMENTS = (FRACTONS,)
