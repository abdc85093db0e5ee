"""Training of a network by Keras on JAX: all repeats at once, compiled once for all trainings of one shape.

Importing this module imports Keras and JAX, which takes several seconds. `bosonpeak.learning.regression` imports it
when a network is trained, and not before.
"""

import os
import sys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


def _import_keras():
    """Keras on JAX, with one thread. Raises RuntimeError where Keras runs on another backend already."""
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
            f"Keras runs on {keras.backend.backend()} in this process: start a new one, or set KERAS_BACKEND=jax"
        )
    return keras


keras = _import_keras()
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

CHUNK = 25
"""Number of epochs that run between two looks at the errors."""
_PADDING = 32
"""Numbers of validation samples are rounded up to a multiple of this, so that few shapes have to be compiled."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """What changes while networks are trained. Every array has the repeats as its first axis.

    Attributes
    ----------
    weights, others, optimizer : list of arrays
        Trainable weights, the other variables of the model (the random state of its dropout), and the optimiser's.
    best : list of arrays
        Weights at the least validation error so far.
    error : array
        This least error, in the scaled unit squared.
    best_epoch, epoch : array of int
        Epoch of the least error, and the number of epochs so far.
    stopped : array of bool
        Whether `best` no longer changes.
    """

    weights: list
    others: list
    optimizer: list
    best: list
    error: jax.Array
    best_epoch: jax.Array
    epoch: jax.Array
    stopped: jax.Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Split:
    """Which samples a repeat is trained on, and which it is validated on.

    Attributes
    ----------
    fitted : array of int, shape (repeats, room)
        Rows to train on, filled up with zeros that are never used.
    validated : array of int, shape (repeats, v)
        Rows to validate on, the first ones repeated at the end.
    weight : array, shape (repeats, v)
        Weight of each row in the validation error: zero for those repeated.
    repeat : array of int, shape (repeats,)
        Number of the repeat, which enters its random order.
    """

    fitted: jax.Array
    validated: jax.Array
    weight: jax.Array
    repeat: jax.Array


def build_network(width: int, network, seed: int):
    """The Keras model of a network.

    Parameters
    ----------
    width : int
        Number of inputs.
    network : regression.Network
    seed : int
        From which the initial weights and the dropout are drawn.

    Returns
    -------
    keras.Sequential
    """
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((width,))]
    for number, neurons in enumerate(network.hidden):
        regular = keras.regularizers.L2(network.penalty) if network.penalty else None
        layers.append(keras.layers.Dense(neurons, activation=network.activation, kernel_regularizer=regular))
        if network.dropout:
            layers.append(keras.layers.Dropout(network.dropout, seed=seed + number))
    return keras.Sequential([*layers, keras.layers.Dense(1)])


def sorting_rounds(count: int) -> int:
    """Number of sorts with which `jax.random.permutation` shuffles `count` elements."""
    return int(np.ceil(3 * np.log(max(1, count)) / np.log(np.iinfo(np.uint32).max)))


def shuffled(key, rows, count, rounds: int):
    """Rows whose first `count` are in random order, the others behind them.

    The order is that of `jax.random.permutation(key, rows[:count])`. Here `count` may be a traced number, so that
    trainings with different numbers of samples share one compilation.

    Parameters
    ----------
    key : jax.random.key
    rows : array of int, shape (room,)
    count : int
        At most `room`.
    rounds : int
        `sorting_rounds(count)`.

    Returns
    -------
    array of int, shape (room,)
    """
    behind = jnp.arange(rows.size) >= count
    for _ in range(rounds):
        key, drawn = jax.random.split(key)
        order = jax.random.bits(drawn, rows.shape, jnp.uint32)
        # the sort is stable: a row that draws the largest number by chance stays in front of those behind
        _, rows = jax.lax.sort_key_val(jnp.where(behind, jnp.uint32(np.iinfo(np.uint32).max), order), rows)
    return rows


@lru_cache(maxsize=16)
def _compiled(network, width: int, batch: int, rounds: int):
    """The optimiser's first variables, and a function that trains all repeats for as many epochs as it gets keys."""
    model = build_network(width, network, 0)
    optimizer = keras.optimizers.Adadelta(network.learning_rate)
    optimizer.build(model.trainable_variables)

    def loss(weights, others, x, y):
        out, others, penalties = model.stateless_call(weights, others, x, training=True, return_losses=True)
        return ((out[:, 0] - y) ** 2).mean() + sum(penalties), others

    slope = jax.value_and_grad(loss, has_aux=True)

    def epoch(state: State, key, split: Split, x, y, count, steps):
        rows = shuffled(jax.random.fold_in(key, split.repeat), split.fitted, count, rounds)

        def step(number, carry):
            weights, others, variables = carry
            chosen = jax.lax.dynamic_slice(rows, (number * batch,), (batch,))
            (_, others), gradient = slope(weights, others, x[chosen], y[chosen])
            weights, variables = optimizer.stateless_apply(variables, gradient, weights)
            return weights, others, variables

        weights, others, variables = jax.lax.fori_loop(0, steps, step, (state.weights, state.others, state.optimizer))
        out, _ = model.stateless_call(weights, others, x[split.validated], training=False)
        now = (split.weight * (out[:, 0] - y[split.validated]) ** 2).sum()
        better = (now < state.error) & ~state.stopped
        best_epoch = jnp.where(better, state.epoch, state.best_epoch)
        state = State(
            weights=weights,
            others=others,
            optimizer=variables,
            best=[jnp.where(better, new, old) for new, old in zip(weights, state.best, strict=True)],
            error=jnp.where(better, now, state.error),
            best_epoch=best_epoch,
            epoch=state.epoch + 1,
            stopped=state.stopped | (state.epoch - best_epoch >= network.patience),
        )
        return state, now

    def chunk(state, keys, split, x, y, count, steps):
        return jax.lax.scan(lambda s, key: epoch(s, key, split, x, y, count, steps), state, keys)

    first = [np.asarray(variable.value) for variable in optimizer.variables]
    return first, jax.jit(jax.vmap(chunk, in_axes=(0, None, 0, None, None, None, None)))


class Run:
    """One training of several repeats, continued by `advance`.

    Parameters
    ----------
    x : array, shape (n, p)
        Scaled inputs, float32.
    y : array, shape (n,)
        Scaled targets, float32.
    held : list of bool arrays, each of shape (n,)
        For each repeat, which samples are held back to validate.
    network : regression.Network
    seed : int
    room : int
        Number of rows, n or more, with which the training is compiled.
    """

    def __init__(self, x, y, held, network, seed: int, room: int):
        n, fewest = len(held), min(int((~h).sum()) for h in held)
        batch = min(network.batch, fewest)
        models = [build_network(x.shape[1], network, seed + repeat) for repeat in range(n)]
        variables, self._chunk = _compiled(network, x.shape[1], batch, sorting_rounds(fewest))
        most = -(-max(int(h.sum()) for h in held) // _PADDING) * _PADDING
        # as many of each repeat, so that all have one shape
        fitted = [np.pad(np.flatnonzero(~h)[:fewest], (0, room - fewest)) for h in held]
        validated = [np.resize(np.flatnonzero(h), most) for h in held]
        weight = [(np.arange(most) < h.sum()) / h.sum() for h in held]
        self._data = (
            Split(*(jnp.asarray(np.array(rows, "i4")) for rows in (fitted, validated)),
                  jnp.asarray(np.array(weight, "f4")), jnp.arange(n)),
            jnp.asarray(np.pad(x, ((0, room - len(x)), (0, 0)))),
            jnp.asarray(np.pad(y, (0, room - len(y)))),
            jnp.asarray(fewest, "i4"),
            jnp.asarray(fewest // batch, "i4"),
        )  # fmt: skip

        def stacked(lists):
            return [jnp.asarray(np.stack([np.asarray(v.value) for v in each])) for each in zip(*lists, strict=True)]

        weights = stacked([model.trainable_variables for model in models])
        zero = jnp.asarray(np.zeros(n, "i4"))
        self.state = State(
            weights=weights,
            others=stacked([model.non_trainable_variables for model in models]),
            optimizer=[jnp.asarray(np.broadcast_to(v, (n, *v.shape))) for v in variables],
            best=weights,
            error=jnp.asarray(np.full(n, np.inf, "f4")),
            best_epoch=zero,
            epoch=zero,
            stopped=jnp.asarray(np.zeros(n, bool)),
        )
        self._key, self._done = jax.random.key(seed), 0

    def advance(self) -> np.ndarray:
        """Train for `CHUNK` more epochs, and return the validation errors, shape (CHUNK, repeats)."""
        keys = jax.random.split(jax.random.fold_in(self._key, self._done), CHUNK)
        self.state, error = self._chunk(self.state, keys, *self._data)
        self._done += 1
        return np.asarray(error).T
