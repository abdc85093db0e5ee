"""Do neighbouring levels repel one another? Spacing ratios, and the piece of a network that has them (floor 3).

Levels of extended modes of a random matrix repel (Gaussian orthogonal ensemble), those of modes localised apart do
not (independent levels). The ratio of neighbouring spacings needs no unfolding: Oganesyan and Huse, Phys. Rev. B 75,
155111 (2007); Atas et al., Phys. Rev. Lett. 110, 084101 (2013).
"""

import numpy as np

from bosonpeak.networks import SpringNetwork

ORTHOGONAL = 0.5307
"""Mean ratio of the Gaussian orthogonal ensemble (large matrices)."""

INDEPENDENT = 2 * np.log(2) - 1
"""Mean ratio of independent levels, 0.3863."""


def spacing_ratios(levels) -> np.ndarray:
    """min(s_n, s_n+1) / max(s_n, s_n+1) of the spacings s of ascending levels (n,), (n - 2,), each in [0, 1].

    Levels may be in any monotonic scale that is smooth over a few spacings. Raises ValueError for fewer than three
    levels, levels that do not ascend, or two neighbouring spacings that are both zero: degenerate, no ratio.
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
    """The largest part that springs connect, its nodes numbered in their old order: levels of other pieces are not
    mixed in."""
    count, piece = network.components()
    keep = piece == np.bincount(piece, minlength=count).argmax()
    number = np.cumsum(keep) - 1
    inside = keep[network.bonds[:, 0]]
    bonds, stiffness, vectors = number[network.bonds[inside]], network.stiffness[inside], network.vectors[inside]
    return SpringNetwork(network.positions[keep], bonds, stiffness, network.box, vectors)


def tree_nodes(network: SpringNetwork) -> np.ndarray:
    """True for nodes (N,) that hang on trees or are trees: what vanishes when nodes on one spring are cut off again
    and again."""
    z = network.coordination().copy()
    alive = np.ones(len(network.bonds), bool)
    i, j = network.bonds.T
    while True:
        # a spring from a node to itself holds nothing
        leaf = (z == 1) & (np.bincount(network.bonds[alive].ravel(), minlength=len(z)) == 1)
        cut = alive & (leaf[i] | leaf[j])
        if not cut.any():
            return z == 0
        alive &= ~cut
        z = np.bincount(network.bonds[alive].ravel(), minlength=len(z))
