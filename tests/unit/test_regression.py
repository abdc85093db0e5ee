"""The network against Keras's own training, on functions that are known."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from bosonpeak.learning.regression import ARCHITECTURES, Network, grouped_split, restore, train

SMALL = Network(hidden=(8,), dropout=0.0, penalty=0.0, learning_rate=1.0, epochs=50, patience=1000, batch=1000)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((120, 6)) * [1, 5, 0.1, 1, 1, 1] + [0, 3, 0, 0, 0, 0]
    return x, 200 + 10 * (x[:, 0] + x[:, 1] / 5), np.repeat(np.arange(40), 3)


def test_a_split_keeps_groups_whole():
    groups = np.repeat(np.arange(50), 4)
    out = grouped_split(groups, 0.2, 1)
    assert len(np.unique(groups[out])) == 10 and not set(groups[out]) & set(groups[~out])
    assert (out == grouped_split(groups, 0.2, 1)).all() and (out != grouped_split(groups, 0.2, 2)).any()
    for bad in (np.zeros(5), np.arange(1)):
        with pytest.raises(ValueError, match="leave one side of the split empty"):
            grouped_split(bad, 0.2, 1)


@pytest.mark.slow
def test_all_repeats_at_once_are_what_keras_trains_one_by_one(data):
    x, y, groups = data
    trained = train(x, y, groups, SMALL, repeats=2, seed=5)
    assert trained.history.shape == (50, 2)
    scaled, target = (x - trained.centre) / trained.scale, (y - trained.target[0]) / trained.target[1]
    for repeat in range(2):
        import keras
        from bosonpeak.learning.training import build_network

        held = grouped_split(groups, SMALL.held_back, 5 + repeat)
        model = build_network(6, SMALL, 5 + repeat)
        model.compile(optimizer=keras.optimizers.Adadelta(1.0), loss="mse")
        kept = int(trained.epochs[repeat]) + 1
        # one batch holds all samples: the order in which they are drawn does not matter
        fitted = np.flatnonzero(~held)[: min(int((~grouped_split(groups, 0.15, 5 + r)).sum()) for r in range(2))]
        history = model.fit(
            scaled[fitted].astype("f4"), target[fitted].astype("f4"), batch_size=1000, epochs=kept, verbose=0,
            validation_data=(scaled[held].astype("f4"), target[held].astype("f4")),
        )  # fmt: skip
        for ours, theirs in zip(trained.weights, model.get_weights(), strict=True):
            np.testing.assert_allclose(ours[repeat], theirs, rtol=2e-3, atol=2e-4)
        np.testing.assert_allclose(trained.history[:kept, repeat], history.history["val_loss"], rtol=2e-3)
        predicted = trained.target[0] + trained.target[1] * model.predict(scaled.astype("f4"), verbose=0)[:, 0]
        np.testing.assert_allclose(trained.predict(x)[repeat], predicted, atol=0.05)


@pytest.mark.slow
def test_it_learns_what_is_there_and_nothing_from_shuffled_targets(data):
    x, y, groups = data
    new = np.random.default_rng(4).standard_normal((400, 6)) * x.std(axis=0) + x.mean(axis=0)
    true = 200 + 10 * (new[:, 0] + new[:, 1] / 5)
    network = dataclasses.replace(SMALL, epochs=400, patience=100, dropout=0.1, penalty=1e-4, batch=16)

    def explained(target):
        predicted = train(x, target, groups, network, repeats=3, seed=1).predict(new).mean(axis=0)
        return 1 - ((predicted - true) ** 2).mean() / true.var()

    assert explained(y) > 0.85
    assert explained(np.random.default_rng(5).permutation(y)) < 0.3


def test_training_ends_when_the_held_back_groups_say_so(data):
    x, _, groups = data
    noise = np.random.default_rng(6).standard_normal(len(x))
    network = dataclasses.replace(SMALL, epochs=2000, patience=20, batch=16)
    trained = train(x, noise, groups, network, repeats=3, seed=2)
    assert len(trained.history) < 2000
    for repeat, best in enumerate(trained.epochs):
        until = trained.history[: best + network.patience + 1, repeat]
        assert until.argmin() == best and len(until) == best + network.patience + 1


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_others(data):
    x, y, groups = data
    network = dataclasses.replace(SMALL, dropout=0.2, batch=16, epochs=25)
    first, again, other = (train(x, y, groups, network, repeats=2, seed=s) for s in (7, 7, 8))
    assert all((a == b).all() for a, b in zip(first.weights, again.weights, strict=True))
    assert not (first.weights[0] == other.weights[0]).all()
    # repeats differ as well
    assert not (first.weights[0][0] == first.weights[0][1]).all()


def test_a_network_comes_back_from_its_table(data, tmp_path):
    x, y, groups = data
    trained = train(x, y, groups, SMALL, repeats=2)
    trained.table().to_netcdf(tmp_path / "network.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "network.nc", engine="h5netcdf") as kept:
        back = restore(kept.load())
    assert back.network == trained.network and (back.epochs == trained.epochs).all()
    np.testing.assert_array_equal(back.predict(x), trained.predict(x))
    with pytest.raises(ValueError, match="holds no network"):
        restore(xr.Dataset())


@pytest.mark.parametrize("hidden", ARCHITECTURES.values())
def test_architectures_have_the_layers_they_name(hidden):
    from bosonpeak.learning.training import build_network

    model = build_network(30, Network(hidden=hidden), 1)
    dense = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert [layer.units for layer in dense] == [*hidden, 1]


def test_bad_input_gets_one_sentence(data):
    x, y, groups = data
    with pytest.raises(ValueError, match="do not fit"):
        train(x, y[1:], groups, SMALL)
    with pytest.raises(ValueError, match="hold NaN"):
        train(np.where(x > 2, np.nan, x), y, groups, SMALL)
    with pytest.raises(ValueError, match="trained on 6 numbers per row"):
        train(x, y, groups, dataclasses.replace(SMALL, epochs=25), repeats=1).predict(x[:, :4])


@pytest.mark.parametrize("count", [2, 31, 40, 1700])
def test_rows_are_shuffled_as_jax_shuffles_them(count):
    from bosonpeak.learning.training import jax, jnp, shuffled, sorting_rounds

    rows = jnp.asarray(np.pad(np.arange(100, 100 + count), (0, 25)))
    for seed in range(3):
        key = jax.random.key(seed)
        found = shuffled(key, rows, count, sorting_rounds(count))
        np.testing.assert_array_equal(found[:count], jax.random.permutation(key, rows[:count]))
    assert sorting_rounds(1700) == 2


@pytest.mark.slow
def test_trainings_with_the_same_room_share_one_compilation_and_room_changes_nothing(data):
    from bosonpeak.learning.training import _compiled

    x, y, groups = data
    network = dataclasses.replace(SMALL, dropout=0.1, batch=16, epochs=50)
    room = [train(x[:n], y[:n], groups[:n], network, repeats=2, seed=7, room=len(x)) for n in (90, 105, 120)]
    (_, compiled) = _compiled(network, 6, 16, 1)
    assert compiled._cache_size() == 1
    alone = train(x[:90], y[:90], groups[:90], network, repeats=2, seed=7)
    for ours, theirs in zip(alone.weights, room[0].weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
