"""What the book archives of vector springs, with the parameters of the book."""

from bosonpeak.archive.measurements import Measurement
from bosonpeak.papers.vector_springs.networks import measure_vector

PAGE = "spring-network"
"""The page that reads it."""

VECTOR = Measurement("spring-network-vector", measure_vector, {"nodes": 40000, "seeds": 3, "resolution": 0.005})
MEASUREMENTS = (VECTOR,)
