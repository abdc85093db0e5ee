"""What the book archives of the spring network, with the parameters of the book."""

from bosonpeak.archive.measurements import Measurement
from bosonpeak.papers.spring_network import comparison, media, network_modes, network_waves, series

_SIZE = {"nodes": 100000, "map_nodes": 20000, "seeds": 3}
_CHART = {"means": [4.0, 4.8], "strengths": [0.0, 0.5, 1.5]}
_SHARES, _STRENGTHS = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5]
_KNOBS = {"kind": "knobs", "resolution": 0.05, "n_largest": 1000}
_MAP = {"kind": "map", "resolution": 0.05, "fluctuations": [0.0, 0.5, 1.0, 1.5]}
_EXPLORER = {"kind": "explorer", "resolution": 0.05, "nodes": 100000, "shown_nodes": 20000}
_SHOWN = {"shares": _SHARES, "strengths": _STRENGTHS, "fluctuations": [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5]}
_MODES = {"nodes": 100000, "seeds": 3, "resolution": 0.05, "n_modes": 60, "n_modes_cubic": 12, "n_levels": 300}
_WAVES = {"n_waves": 400, "seeds": 3, "resolution": 0.008}
_MEDIA = {"map_points": 9, "shown_shares": _SHARES, "shown_strengths": _STRENGTHS}
KNOBS = Measurement("spring-network-knobs", series.measure_spectra, _KNOBS | _SIZE)
MAP = Measurement("spring-network-map", series.measure_spectra, _MAP | _SIZE | _CHART)
EXPLORER = Measurement("spring-network-explorer", series.measure_spectra, _EXPLORER | _SHOWN)
COMPARISON = Measurement("spring-network-comparison", comparison.measure_comparison, _SIZE | {"resolution": 0.02})
WAVES = Measurement("spring-network-waves", network_waves.measure_waves, _WAVES)
MODES = Measurement("spring-network-modes", network_modes.measure_modes, _MODES)
MEDIA = Measurement("spring-network-media", media.measure_media, _MEDIA | _CHART)
MEASUREMENTS = (KNOBS, MAP, EXPLORER, COMPARISON, WAVES, MODES, MEDIA)
"""Everything that the book archives for this chapter."""
