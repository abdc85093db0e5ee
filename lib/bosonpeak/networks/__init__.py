"""Networks of nodes and springs: lattices, placement of bonds, distributions of stiffness.

This package imports numpy and scipy only, so that it can be used without the rest of the library. All quantities are in
reduced units: length a, stiffness t0, mass m, and hence omega in sqrt(t0/m).
"""

from .network import (
    RULES,
    SPRINGS,
    SpringNetwork,
    coordination_distribution,
    diluted_square_lattice,
    green_function,
    nine_node_network,
    poles,
    square_lattice_network,
)
