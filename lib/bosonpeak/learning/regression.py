"""The network of tao-2023: what it is made of, and what a training of it returns.

Targets and inputs are scaled to mean 0 and variance 1 over the samples that a network is trained on, and scaled back.
Errors are in the unit of the target.
"""

import json
from dataclasses import asdict, dataclass, field

import numpy as np
import xarray as xr
from sklearn.model_selection import GroupShuffleSplit
from tqdm.auto import tqdm

ARCHITECTURES = {1: (64, 32), 2: (32,), 3: (64, 32, 16)}
"""Neurons of the hidden layers. The first is the paper's n-p-q-1; of its three architectures we know only that their
layers and neurons differ."""


@dataclass(frozen=True)
class Network:
    """How a network is built and trained. The defaults are the paper's where the paper states them.

    Attributes
    ----------
    hidden : tuple of int
        Number of neurons of each hidden layer.
    activation : str
        "relu", "tanh" or "linear".
    dropout : float
        Share of the hidden neurons that is left out in each step.
    penalty : float
        Factor of the squared weights in the loss (L2).
    learning_rate : float
        Of Adadelta, which sets the size of its steps by itself: 1 takes them as they are. With the 0.01 of tao-2023
        a few hundred samples take tens of thousands of epochs.
    batch : int
        Number of samples per step.
    epochs : int
        Largest number of epochs.
    patience : int
        Number of epochs without a better validation error after which a training stops.
    held_back : float
        Share of the groups trained on that is held back to validate.
    """

    hidden: tuple[int, ...] = ARCHITECTURES[1]
    activation: str = "relu"
    dropout: float = 0.1
    penalty: float = 1e-4
    learning_rate: float = 1.0
    batch: int = 32
    epochs: int = 4000
    patience: int = 200
    held_back: float = 0.15

    def __post_init__(self):
        if self.activation not in _ACTIVATIONS or not 0 <= self.dropout < 1 or min(self.epochs, self.batch) < 1:
            names = ", ".join(_ACTIVATIONS)
            raise ValueError(f"{self}: activation must be one of {names}, dropout in [0, 1), epochs and batch positive")


@dataclass(frozen=True)
class Trained:
    """Repeats of one training.

    Attributes
    ----------
    network : Network
    weights : list of arrays, each of shape (repeats, ...)
        In the order of Keras: kernel and bias of each layer.
    centre, scale : array, shape (p,)
        Mean and standard deviation of the inputs.
    target : tuple of float
        Mean and standard deviation of the target.
    epochs : array of int, shape (repeats,)
        Epoch of the least validation error.
    history : array, shape (epochs run, repeats)
        The validation error, in the scaled unit squared.
    """

    network: Network
    weights: list[np.ndarray]
    centre: np.ndarray
    scale: np.ndarray
    target: tuple[float, float]
    epochs: np.ndarray
    history: np.ndarray = field(repr=False)

    def predict(self, x) -> np.ndarray:
        """Predictions (repeats, n), in the unit of the target, for inputs x (n, p).

        Raises
        ------
        ValueError
            If the inputs have another width than those trained on.
        """
        x = np.asarray(x, float)
        if x.ndim != 2 or x.shape[1] != len(self.centre):
            raise ValueError(
                f"inputs of shape {x.shape}: the network was trained on {len(self.centre)} numbers per row"
            )
        out = ((x - self.centre) / self.scale)[None]
        *hidden, last = zip(self.weights[::2], self.weights[1::2], strict=True)
        for kernel, bias in hidden:
            out = _ACTIVATIONS[self.network.activation](out @ kernel + bias[:, None])
        out = out @ last[0] + last[1][:, None]
        return self.target[0] + self.target[1] * out[..., 0]

    def table(self) -> xr.Dataset:
        """Weights, scales and history as a table, from which `restore` makes the networks again."""
        columns = {"centre": ("input", self.centre), "scale": ("input", self.scale)}
        for i, w in enumerate(self.weights):
            columns[f"weight_{i}"] = ("repeat", *(f"axis_{i}_{k}" for k in range(1, w.ndim))), w
        columns |= {"epochs": ("repeat", self.epochs), "history": (("epoch", "repeat"), self.history.astype("f4"))}
        return xr.Dataset(columns, attrs={"architecture": json.dumps(asdict(self.network)), "target": self.target})


def restore(table: xr.Dataset) -> Trained:
    """The networks of a table that `Trained.table` wrote, alone or among other columns.

    Raises
    ------
    ValueError
        If the table holds no network.
    """
    if "architecture" not in table.attrs:
        raise ValueError("the table holds no network: take one that Trained.table wrote")
    stored = json.loads(table.attrs["architecture"])
    network = Network(**{**stored, "hidden": tuple(stored["hidden"])})
    weights = [table[f"weight_{i}"].values for i in range(2 * len(network.hidden) + 2)]
    columns = (table[name].values for name in ("centre", "scale"))
    return Trained(network, weights, *columns, tuple(map(float, table.attrs["target"])), table.epochs.values,
                   table.history.values)  # fmt: skip


_ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "linear": lambda z: z}


def grouped_split(groups, share: float, seed: int) -> np.ndarray:
    """A random share of the members, whole groups at a time, so that no group is on both sides.

    Parameters
    ----------
    groups : array, shape (n,)
        Group of each member, such as the seed of its parent liquid.
    share : float
        Share of the groups.
    seed : int

    Returns
    -------
    array of bool, shape (n,)
        True for the members of the groups drawn.

    Raises
    ------
    ValueError
        If there are fewer than two groups, or the share leaves one side empty.
    """
    groups = np.asarray(groups)
    count = len(np.unique(groups))
    if not 0 < share <= 1 - 1 / max(count, 1):
        raise ValueError(f"{count} group(s) and a share of {share} leave one side of the split empty")
    inside = np.zeros(len(groups), bool)
    split = GroupShuffleSplit(1, test_size=share, random_state=seed)
    inside[next(split.split(groups, groups=groups))[1]] = True
    return inside


def check_table(x, y, groups):
    """Inputs (n, p), targets (n,) and groups (n,) as arrays. Raises ValueError if they do not fit or hold NaN."""
    x, y, groups = np.asarray(x, float), np.asarray(y, float), np.asarray(groups)
    if x.ndim != 2 or y.shape != (len(x),) or groups.shape != (len(x),):
        raise ValueError(
            f"inputs {x.shape}, targets {y.shape} and groups {groups.shape} do not fit: (n, p), (n,), (n,)"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("inputs or targets hold NaN: leave these samples out")
    return x, y, groups


def train(
    x,
    y,
    groups,
    network: Network | None = None,
    repeats: int = 9,
    seed: int = 0,
    progress: bool = False,
    desc: str = "training",
    room: int | None = None,
) -> Trained:
    """Train a network several times at once, with squared errors as the loss and Adadelta as the optimiser.

    Each repeat has its own initial weights and its own share of the groups held back, by whose error it stops: after
    `network.patience` epochs without a better error it keeps the best weights. The same seed gives the same weights on
    one machine.

    Parameters
    ----------
    x : array, shape (n, p)
        Inputs.
    y : array, shape (n,)
        Target.
    groups : array, shape (n,)
    network : Network, optional
        By default `Network()`.
    repeats, seed : int
    progress : bool
        Whether to show a bar of epochs with the mean validation error.
    desc : str
        Label of the bar.
    room : int, optional
        Number of rows, n or more, with which the training is compiled. Trainings with the same room, such as those of
        the folds of one table, are compiled once, which takes longer than a small training. It changes no result.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If there is NaN, if the shapes do not fit, or if fewer than two samples are left to train on.
    """
    from bosonpeak.learning.training import CHUNK, Run

    network = network or Network()
    x, y, groups = check_table(x, y, groups)
    held = [grouped_split(groups, network.held_back, seed + r) for r in range(repeats)]
    fewest = min(len(x) - h.sum() for h in held)
    if fewest < 2:
        raise ValueError(f"{fewest} sample(s) left to train on: give more, or a smaller held_back")
    centre, scale = x.mean(axis=0), x.std(axis=0)
    # a shell without a pair says nothing
    scale = np.where(scale > 1e-12, scale, 1.0)
    target = float(y.mean()), float(y.std()) or 1.0
    scaled = ((x - centre) / scale).astype("f4"), ((y - target[0]) / target[1]).astype("f4")
    run, history = Run(*scaled, held, network, seed, max(room or 0, len(x))), []
    with tqdm(total=network.epochs, desc=desc, unit="epoch", disable=not progress) as bar:
        while len(history) * CHUNK < network.epochs and not np.asarray(run.state.stopped).all():
            history.append(run.advance())
            bar.update(CHUNK)
            bar.set_postfix(validation=f"{history[-1][-1].mean():.3g}")
    weights = [np.asarray(w) for w in run.state.best]
    return Trained(network, weights, centre, scale, target, np.asarray(run.state.best_epoch), np.concatenate(history))
