"""What the book archives of the spring network, with the parameters of the book."""

from bosonpeak.archive.measurements import Measurement
from bosonpeak.papers.spring_network import (
    comparison,
    media,
    network_modes,
    network_waves,
    series,
)

_SIZE = {"nodes": 100000, "seeds": 3}
_KNOBS = {"kind": "knobs", "resolution": 0.05, "n_largest": 1000}
_DISTRIBUTIONS = {"kind": "distributions", "resolution": 0.05}
_MODES = {"nodes": 100000, "seeds": 3, "resolution": 0.05, "n_modes": 60, "n_modes_cubic": 12, "n_levels": 300}
_WAVES = {"n_square": 600, "n_cubic": 74, "seeds": 3, "resolution": 0.0004}
KNOBS = Measurement("spring-network-knobs", series.measure_spectra, _KNOBS | _SIZE)
DISTRIBUTIONS = Measurement("spring-network-distributions", series.measure_spectra, _DISTRIBUTIONS | _SIZE)
COMPARISON = Measurement("spring-network-comparison", comparison.measure_comparison, _SIZE | {"resolution": 0.02})
WAVES = Measurement("spring-network-waves", network_waves.measure_waves, _WAVES)
MODES = Measurement("spring-network-modes", network_modes.measure_modes, _MODES)
MEDIA = Measurement("spring-network-media", media.measure_media, {})
MEASUREMENTS = (KNOBS, DISTRIBUTIONS, COMPARISON, WAVES, MODES, MEDIA)
"""Everything that the book archives for this chapter."""
