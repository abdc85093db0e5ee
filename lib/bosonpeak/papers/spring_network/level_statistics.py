"""Ratios of neighbouring level spacings, and the piece of a network whose levels are compared.

The levels of extended modes of a random matrix repel one another (Gaussian orthogonal ensemble). Those of modes that
are localised at different places do not (independent levels). The ratio of neighbouring spacings needs no unfolding:
Oganesyan and Huse, Phys. Rev. B 75, 155111 (2007); Atas et al., Phys. Rev. Lett. 110, 084101 (2013).
"""

import numpy as np

from bosonpeak.networks import SpringNetwork

ORTHOGONAL = 0.5307
"""Mean ratio of the Gaussian orthogonal ensemble (large matrices)."""

INDEPENDENT = 2 * np.log(2) - 1
"""Mean ratio of independent levels, 0.3863."""


def spacing_ratios(levels) -> np.ndarray:
    """min(s_n, s_n+1) / max(s_n, s_n+1) of the spacings s between levels.

    Parameters
    ----------
    levels : array, shape (n,)
        Ascending, on any monotonic scale that is smooth over a few spacings.

    Returns
    -------
    array, shape (n - 2,)
        Each in [0, 1].

    Raises
    ------
    ValueError
        For fewer than three levels, levels that do not ascend, or three equal levels, which have no ratio.
    """
    levels = np.asarray(levels, float)
    if levels.ndim != 1 or len(levels) < 3:
        raise ValueError(f"a ratio of spacings needs three levels or more, got {levels.shape}")
    spacing = np.diff(levels)
    if not (spacing >= 0).all():
        raise ValueError("levels must ascend")
    larger = np.maximum(spacing[1:], spacing[:-1])
    if not (larger > 0).all():
        i = int(np.argmin(larger > 0))
        raise ValueError(f"three equal levels at {levels[i]:.6g}: a degenerate spectrum has no spacing ratio")
    return np.minimum(spacing[1:], spacing[:-1]) / larger


def largest_piece(network: SpringNetwork) -> SpringNetwork:
    """The largest part of a network that springs connect, with its nodes in their old order.

    The levels of different pieces are independent, so that they must not be mixed.
    """
    count, piece = network.components()
    keep = piece == np.bincount(piece, minlength=count).argmax()
    number = np.cumsum(keep) - 1
    inside = keep[network.bonds[:, 0]]
    bonds, stiffness, vectors = number[network.bonds[inside]], network.stiffness[inside], network.vectors[inside]
    return SpringNetwork(network.positions[keep], bonds, stiffness, network.box, vectors)


def tree_nodes(network: SpringNetwork) -> np.ndarray:
    """True for the nodes (N,) of trees: those that vanish when nodes with a single spring are removed repeatedly."""
    z = network.coordination().copy()
    alive = np.ones(len(network.bonds), bool)
    i, j = network.bonds.T
    while True:
        # a spring from a node to itself does not hold it
        leaf = (z == 1) & (np.bincount(network.bonds[alive].ravel(), minlength=len(z)) == 1)
        cut = alive & (leaf[i] | leaf[j])
        if not cut.any():
            return z == 0
        alive &= ~cut
        z = np.bincount(network.bonds[alive].ravel(), minlength=len(z))
