"""The network of tao-2023, and simpler models on the same splits (floor 6).

Targets and inputs are scaled to mean 0 and variance 1 over the samples trained on, and scaled back. Errors are in the
unit of the target.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass, field

import numpy as np
import xarray as xr
from sklearn.model_selection import GroupShuffleSplit
from tqdm.auto import tqdm

ARCHITECTURES = {1: (64, 32), 2: (32,), 3: (64, 32, 16)}
"""Neurons of the hidden layers. The first is the paper's n-p-q-1; of its three architectures we know only that layers
and neurons differ."""
_CHUNK = 25


@dataclass(frozen=True)
class Network:
    """How a network is built and trained; the defaults are the paper's where it says so, ours where it does not.

    hidden: neurons; activation; dropout: share of hidden neurons left out; penalty: L2, of the weights; learning_rate:
    of Adadelta, which by itself has none (1); with tao-2023's 0.01 a few hundred samples take tens of thousands of
    epochs; batch; epochs: at most; patience: epochs without a better validation error before it stops; held_back:
    share of the groups trained on that validates.
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


@dataclass(frozen=True)
class Trained:
    """Repeats of one training: network, weights (one list of arrays (repeats, ...) in Keras's order), the inputs' and
    target's scales, epochs (repeats,) at the best validation error, history (epochs run, repeats) of that error, in
    the scaled unit squared."""

    network: Network
    weights: list[np.ndarray]
    centre: np.ndarray
    scale: np.ndarray
    target: tuple[float, float]
    epochs: np.ndarray
    history: np.ndarray = field(repr=False)

    def predict(self, x) -> np.ndarray:
        """(repeats, n) for inputs (n, p), in the unit of the target. Raises ValueError for another width."""
        x = np.asarray(x, float)
        if x.ndim != 2 or x.shape[1] != len(self.centre):
            raise ValueError(f"inputs of shape {x.shape}: the network was trained on {len(self.centre)} numbers a row")
        out = ((x - self.centre) / self.scale)[None]
        *hidden, last = zip(self.weights[::2], self.weights[1::2], strict=True)
        for kernel, bias in hidden:
            out = _ACTIVATIONS[self.network.activation](out @ kernel + bias[:, None])
        out = out @ last[0] + last[1][:, None]
        return self.target[0] + self.target[1] * out[..., 0]

    def table(self) -> xr.Dataset:
        """Weights, scales and history as a table that `restore` reads back."""
        columns = {"centre": ("input", self.centre), "scale": ("input", self.scale)}
        for i, w in enumerate(self.weights):
            columns[f"weight_{i}"] = ("repeat", *(f"axis_{i}_{k}" for k in range(1, w.ndim))), w
        columns |= {"epochs": ("repeat", self.epochs), "history": (("epoch", "repeat"), self.history.astype("f4"))}
        return xr.Dataset(columns, attrs={"architecture": json.dumps(asdict(self.network)), "target": self.target})


def restore(table: xr.Dataset) -> Trained:
    """The networks of a table that `Trained.table` wrote, among other columns or alone.

    Raises ValueError for a table that holds no network.
    """
    if "architecture" not in table.attrs:
        raise ValueError("the table holds no network: take one that Trained.table wrote")
    told = json.loads(table.attrs["architecture"])
    network = Network(**{**told, "hidden": tuple(told["hidden"])})
    weights = [table[f"weight_{i}"].values for i in range(2 * len(network.hidden) + 2)]
    columns = (table[name].values for name in ("centre", "scale"))
    return Trained(network, weights, *columns, tuple(map(float, table.attrs["target"])), table.epochs.values,
                   table.history.values)  # fmt: skip


_ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "linear": lambda z: z}


def grouped_split(groups, share: float, seed: int) -> np.ndarray:
    """True for about `share` of the members (n,), whole groups at a time: no group is on both sides.

    groups: (n,), such as the seed of the parent liquid. Raises ValueError for fewer than two groups, or a share that
    leaves a side empty.
    """
    groups = np.asarray(groups)
    count = len(np.unique(groups))
    if not 0 < share <= 1 - 1 / max(count, 1):
        raise ValueError(f"{count} group(s) and a share of {share} leave one side of the split empty")
    inside = np.zeros(len(groups), bool)
    split = GroupShuffleSplit(1, test_size=share, random_state=seed)
    inside[next(split.split(groups, groups=groups))[1]] = True
    return inside


def _scales(x, y):
    scale = x.std(axis=0)
    # a shell without a pair says nothing
    return x.mean(axis=0), np.where(scale > 1e-12, scale, 1.0), (float(y.mean()), float(y.std()) or 1.0)


def _keras():
    """Keras on JAX, single-threaded. Raises RuntimeError where Keras runs on something else already."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "jax"
    if "jax" not in sys.modules:
        # sums in one order whatever the number of cores: results agree between machines of one kind
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import keras

    if keras.backend.backend() != "jax":
        raise RuntimeError(
            f"Keras runs on {keras.backend.backend()} in this process: start it anew, or set KERAS_BACKEND=jax"
        )
    return keras


def build_network(width: int, network: Network, seed: int):
    """The Keras model of a network for inputs (n, width), its weights and dropout drawn from `seed`."""
    keras = _keras()
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((width,))]
    for number, neurons in enumerate(network.hidden):
        regular = keras.regularizers.L2(network.penalty) if network.penalty else None
        layers.append(keras.layers.Dense(neurons, activation=network.activation, kernel_regularizer=regular))
        if network.dropout:
            layers.append(keras.layers.Dropout(network.dropout, seed=seed + number))
    return keras.Sequential([*layers, keras.layers.Dense(1)])


def train(
    x,
    y,
    groups,
    network: Network | None = None,
    repeats: int = 9,
    seed: int = 0,
    progress: bool = False,
    desc="training",
) -> Trained:
    """Train a network `repeats` times on inputs (n, p) and targets (n,), all repeats at once.

    Each repeat has its own initial weights and its own share of the groups (n,) held back, by which it stops: after
    `patience` epochs without a better error it keeps the best weights. Loss: squared error. Optimiser: Adadelta.
    progress: a bar of epochs with the mean validation error. The same seed gives the same weights on one machine.
    Raises ValueError for NaN, shapes that do not fit, or too few samples for one batch.
    """
    network = network or Network()
    x, y, groups = np.asarray(x, float), np.asarray(y, float), np.asarray(groups)
    if x.ndim != 2 or not len(x) == len(y) == len(groups):
        raise ValueError(f"inputs {x.shape}, targets {y.shape} and groups {groups.shape} do not fit")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("inputs or targets hold NaN: leave these samples out")
    held = [grouped_split(groups, network.held_back, seed + r) for r in range(repeats)]
    fewest = min(len(x) - h.sum() for h in held)
    if fewest < 2:
        raise ValueError(f"{fewest} sample(s) left to train on: give more, or a smaller held_back")
    centre, scale, target = _scales(x, y)
    run = _Run(((x - centre) / scale).astype("f4"), ((y - target[0]) / target[1]).astype("f4"), held, network, seed)
    history, bar = [], tqdm(total=network.epochs, desc=desc, unit="epoch", disable=not progress)
    with bar:
        while len(history) * _CHUNK < network.epochs and not run.stopped.all():
            history.append(run.go_on())
            bar.update(_CHUNK)
            bar.set_postfix(validation=f"{history[-1][-1].mean():.3g}")
    return Trained(network, run.weights(), centre, scale, target, run.best_epoch, np.concatenate(history))


class _Run:
    """The state of all repeats, as JAX arrays with the repeats first."""

    def __init__(self, x, y, held, network, seed):
        keras = _keras()
        import jax
        import jax.numpy as jnp

        self._jax = jax
        models = [build_network(x.shape[1], network, seed + r) for r in range(len(held))]
        model = models[0]
        optimizer = keras.optimizers.Adadelta(network.learning_rate)
        optimizer.build(model.trainable_variables)

        def stacked(lists):
            return [jnp.stack([jnp.asarray(v.value) for v in each]) for each in zip(*lists, strict=True)]

        weights = stacked([m.trainable_variables for m in models])
        others = stacked([m.non_trainable_variables for m in models])
        state = [jnp.broadcast_to(jnp.asarray(v.value), (len(held), *v.shape)) for v in optimizer.variables]
        fewest = min(int((~h).sum()) for h in held)
        batch = min(network.batch, fewest)
        # as many of each repeat, so that all have one shape
        fit = jnp.stack([jnp.asarray(np.flatnonzero(~h)[:fewest]) for h in held])
        most = max(int(h.sum()) for h in held)
        valid = jnp.stack([jnp.asarray(np.resize(np.flatnonzero(h), most)) for h in held])
        # np.resize repeats the first ones: weigh each validation sample once
        weight = jnp.stack([jnp.asarray((np.arange(most) < h.sum()) / h.sum(), dtype="float32") for h in held])
        x, y, steps = jnp.asarray(x), jnp.asarray(y), fewest // batch

        def loss(w, o, rows):
            out, o, losses = model.stateless_call(w, o, x[rows], training=True, return_losses=True)
            return ((out[:, 0] - y[rows]) ** 2).mean() + sum(losses), o

        slope = jax.value_and_grad(loss, has_aux=True)

        def step(carry, rows):
            w, o, s = carry
            (_, o), gradient = slope(w, o, rows)
            w, s = optimizer.stateless_apply(s, gradient, w)
            return (w, o, s), None

        def epoch(carry, key):
            w, o, s, best, error, best_epoch, number, stopped, fit, valid, weight, mine = carry
            rows = jax.random.permutation(jax.random.fold_in(key, mine), fit)[: steps * batch].reshape(steps, batch)
            (w, o, s), _ = jax.lax.scan(step, (w, o, s), rows)
            out, _ = model.stateless_call(w, o, x[valid], training=False)
            now = (weight * (out[:, 0] - y[valid]) ** 2).sum()
            better = (now < error) & ~stopped
            best = [jnp.where(better, a, b) for a, b in zip(w, best, strict=True)]
            error, best_epoch = jnp.where(better, now, error), jnp.where(better, number, best_epoch)
            stopped = stopped | (number - best_epoch >= network.patience)
            return (w, o, s, best, error, best_epoch, number + 1, stopped, fit, valid, weight, mine), now

        self._chunk = jax.jit(jax.vmap(lambda c, keys: jax.lax.scan(epoch, c, keys), in_axes=(0, None)))
        n = len(held)
        self._carry = (
            weights, others, state, weights, jnp.full(n, jnp.inf), jnp.zeros(n, int), jnp.zeros(n, int),
            jnp.zeros(n, bool), fit, valid, weight, jnp.arange(n),
        )  # fmt: skip
        self._key, self._done = jax.random.key(seed), 0

    def go_on(self) -> np.ndarray:
        keys = self._jax.random.split(self._jax.random.fold_in(self._key, self._done), _CHUNK)
        self._carry, error = self._chunk(self._carry, keys)
        self._done += 1
        return np.asarray(error).T

    @property
    def stopped(self):
        return np.asarray(self._carry[7])

    @property
    def best_epoch(self):
        return np.asarray(self._carry[5])

    def weights(self):
        return [np.asarray(w) for w in self._carry[3]]
