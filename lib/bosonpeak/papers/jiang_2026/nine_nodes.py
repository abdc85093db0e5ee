"""The toy of nine nodes: a periodic lattice that can be solved on paper, with one spring added, missing or stiffer."""

from dataclasses import dataclass, replace

import numpy as np

from bosonpeak import networks
from bosonpeak.networks import SpringNetwork


@dataclass(frozen=True)
class NineNodes:
    """The lattice (None), and the same with a spring "added", "missing" or "stiffer" by half.

    Attributes
    ----------
    networks : dict
        The network of each change.
    poles : dict
        Frequencies (P,) of the poles in sqrt(t0/m), the zero mode first, and the weight (P, 9) of each node in them.
    old : set
        Poles of the lattice above zero, rounded to 1e-6.
    counts : dict
        Number of poles above zero.
    shares : dict
        For the changes "added" and "missing": share of the new modes' weight on nodes that have still four springs.
    scaled : int
        Poles that appear less those that vanish if all springs become half as stiff again.
    pair_share : float
        For two nodes tied only to each other: the share of the other nodes in the mode of that spring.
    """

    networks: dict[str | None, SpringNetwork]
    poles: dict[str | None, tuple[np.ndarray, np.ndarray]]
    old: set[float]
    counts: dict[str | None, int]
    shares: dict[str, float]
    scaled: int
    pair_share: float

    def responses(self, omega) -> dict[str | None, np.ndarray]:
        """-Im G_ii of the nodes (Eq. 1), with a broadening of 0.02 t0/m.

        Parameters
        ----------
        omega : array, shape (K,)
            In sqrt(t0/m).

        Returns
        -------
        dict
            For each change an array (K, 9), in m/t0.
        """
        green = {c: networks.green_function(n.dynamical_matrix(), omega, eps=0.02) for c, n in self.networks.items()}
        return {change: -np.diagonal(g, axis1=1, axis2=2).imag for change, g in green.items()}


def nine_nodes() -> NineNodes:
    """Poles of the nine-node network and of its two changes, and which nodes take part in the new modes.

    Returns
    -------
    NineNodes
    """
    toy = {change: networks.nine_node_network(change) for change in (None, "added", "missing")}
    # the same spring that is missing in another network, half as stiff again
    toy["stiffer"] = replace(toy[None], stiffness=np.where((toy[None].bonds == (3, 4)).all(axis=1), 1.5, 1.0))
    poles = {change: networks.poles(network.dynamical_matrix()) for change, network in toy.items()}
    counts = {change: len(omega) - 1 for change, (omega, _) in poles.items()}
    old = set(np.round(poles[None][0][1:], 6))
    harder = replace(toy[None], stiffness=1.5 * toy[None].stiffness).dynamical_matrix()
    moved, shares = set(np.round(networks.poles(harder)[0][1:], 6)), {}
    for change in ("added", "missing"):
        omega, weight = poles[change]
        fresh = weight[1:][[w not in old for w in np.round(omega[1:], 6)]]
        shares[change] = float(fresh[:, toy[change].coordination() == 4].sum() / fresh.sum())
    scaled = len(moved - old) - len(old - moved)
    return NineNodes(toy, poles, old, counts, shares, scaled, _pair_share(toy[None]))


def _pair_share(lattice: SpringNetwork) -> float:
    """Share of the other nodes in the mode of a spring whose two nodes are cut off from the rest."""
    pair = np.isin(np.arange(9), (3, 4))
    keep = pair[lattice.bonds].sum(axis=1) != 1
    cut = replace(lattice, **{name: getattr(lattice, name)[keep] for name in ("bonds", "stiffness", "vectors")})
    omega, weight = networks.poles(cut.dynamical_matrix())
    own = weight[int(np.argmin(abs(omega - np.sqrt(2))))]
    return float(own[~pair].sum() / own.sum())
