"""Studies on made-up samples whose boson peak is known to hang on one shell of g(r)."""

import numpy as np
import pytest
import xarray as xr
from learn import neuron_weights, scan

from bosonpeak.archive.results import load_result
from bosonpeak.learning import evaluation
from bosonpeak.learning.regression import Network
from bosonpeak.papers.tao_2023 import studies
from bosonpeak.papers.tao_2023.descriptors import WIDTHS, sample_inputs
from bosonpeak.papers.tao_2023.samples import DR

QUICK = Network(hidden=(8,), dropout=0.0, learning_rate=1.0, epochs=75, patience=30)


def made_up(n=80, shell=55):
    """Samples of 1,000 atoms in which I_BP rises with the Cu-Zr pairs of one shell, 5.55 A by default."""
    rng = np.random.default_rng(1)
    r = (np.arange(120) + 0.5) * DR
    volume = 17.5
    ideal = np.array([0.5, 1.0, 0.5])[:, None] * 500**2 / (1000 * volume) * 4 * np.pi * r**2 * DR
    count = rng.poisson(np.broadcast_to(ideal, (n, 3, 120)))
    signal = (count[:, 1, shell] - ideal[1, shell]) / np.sqrt(ideal[1, shell])
    return xr.Dataset(
        {
            "pair_count": (("sample", "pair", "r"), count),
            "participation_ratio": (("sample", "mode"), rng.uniform(0, 0.6, (n, 360))),
            "intensity": ("sample", 1e-6 * (220 + 10 * signal + rng.standard_normal(n))),
            "interior": ("sample", np.arange(n) % 10 != 0),
            "seed": ("sample", np.arange(n) // 4),
            "cooling_rate": ("sample", np.resize([1e13, 1e14, 1e15, np.inf], n)),
            "end_temperature": ("sample", np.resize([0.1, 0.1, 1200.0, 0.1], n)),
            **{name: ("sample", rng.standard_normal(n)) for name in ("energy", "debye_level")},
            "volume": ("sample", np.full(n, volume)),
        },
        {"key": ("sample", [f"{k:012x}" for k in range(n)]), "r": r, "pair": ["Cu-Cu", "Cu-Zr", "Zr-Zr"]},
        {"n_atoms": 1000},
    )


def test_samples_without_a_peak_and_liquids_are_left_out():
    table = made_up()
    assert studies.usable(table).sizes["sample"] == 72
    # at once, or down to a liquid's temperature, is no cooling rate
    assert set(studies.glasses(table).cooling_rate.values) == {1e13, 1e14}
    assert set(studies.glasses(table, slowest=1e14).cooling_rate.values) == {1e14}
    with pytest.raises(ValueError, match="interior maximum"):
        studies.usable(table.assign(interior=table.interior & False))


@pytest.mark.slow
def test_what_is_there_is_found_by_the_right_input_and_kept(tmp_path):
    table = studies.usable(made_up())
    options = {"architectures": (1,), "network": QUICK, "repeats": 2, "folds": 2, "folder": tmp_path}
    found = studies.compare_inputs(table, inputs=("partial g(r)", "participation ratio"), **options)
    assert found.predicted.dims == ("input", "model", "repeat", "sample")
    assert list(found.model.values) == ["network 1", "mean", "ridge", "gradient boosting"]
    # samples quenched at once have no rate
    assert list(found.control.values) == ["energy", "volume", "Debye level"]
    y = found.intensity.values

    def r2(predicted):
        return evaluation.r_squared(y, predicted.values)

    boosted = found.predicted.sel(model="gradient boosting")
    assert r2(boosted.sel(input="partial g(r)")) > 0.5 > 0.1 > r2(boosted.sel(input="participation ratio"))
    assert r2(found.shuffled.sel(input="partial g(r)")) < 0.1 and r2(found.single.sel(control="energy")) < 0.1
    # here parents tell nothing: the split makes no difference
    leaking, apart = found.leaking.sel(input="partial g(r)"), found.predicted.sel(input="partial g(r)", model="ridge")
    assert leaking.shape == apart.shape and abs(r2(leaking) - r2(apart)) < 0.3 and not np.allclose(leaking, apart)
    files = sorted(tmp_path.glob("*.npz"))
    assert len(files) == 2 * 4 + 2 + 2 + 3
    files[0].unlink()
    dates = {file: file.stat().st_mtime_ns for file in files[1:]}
    again = studies.compare_inputs(table, inputs=("partial g(r)", "participation ratio"), **options)
    # the part that was lost is computed again and is the same; the others were not touched
    assert again.identical(found) and dates == {file: file.stat().st_mtime_ns for file in files[1:]}
    assert files[0].exists()


def test_the_best_network_is_the_one_with_the_least_error():
    rng = np.random.default_rng(3)
    y = rng.normal(220, 10, 60)
    # errors of each input by each of two networks, the baseline better than all
    off = {"a": (2.0, 1.0), "b": (3.0, 4.0)}
    noise = rng.choice([-1.0, 1.0], (2, 60))
    told = np.array([[y + noise * size for size in (*sizes, 0.1)] for sizes in off.values()])
    found = xr.Dataset(
        {"predicted": (("input", "model", "repeat", "sample"), told), "intensity": ("sample", y)},
        {"input": list(off), "model": ["network 1", "network 2", "ridge"]},
    )
    best = studies.best_networks(found)
    np.testing.assert_array_equal(best["a"], told[0, 1])
    np.testing.assert_array_equal(best["b"], told[1, 0])


def test_pair_functions_are_smoothed_by_a_width_that_each_fold_chooses():
    table = studies.usable(made_up(shell=55))
    y, groups = table.intensity.values * studies.MICRO, table.seed.values
    found = studies.predicted(table, "partial g(r)", "ridge", repeats=2, r_cut=5.6)
    several = np.stack([sample_inputs(table, "partial g(r)", 5.6, smooth=width) for width in WIDTHS])
    np.testing.assert_array_equal(found, evaluation.cross_predict(several, y, groups, "ridge", 5, 2, 2023))
    of_scan = scan(table, "partial g(r)", "r_cut", [5.0, 5.6], "ridge", repeats=2)
    np.testing.assert_allclose(found, of_scan[1], rtol=1e-12)
    # participation ratios have no neighbours to be averaged with
    ratios = studies.predicted(table, "participation ratio", "ridge", repeats=1)
    plain = evaluation.cross_predict(sample_inputs(table, "participation ratio"), y, groups, "ridge", 5, 1, 2023)
    np.testing.assert_array_equal(ratios, plain)


def test_extremes_are_the_lowest_and_the_highest_of_all_or_of_each_kind():
    value, kinds = np.array([3.0, 9.0, 1.0, 7.0, 5.0, 8.0, 2.0, 6.0]), np.array([1, 2] * 4)
    low, high = studies.extremes(value, 0.25)
    assert low.tolist() == [2, 6] and high.tolist() == [5, 1]
    # of each kind one, even where the share is less than one
    low, high = studies.extremes(value, 0.1, kinds)
    assert low.tolist() == [2, 7] and high.tolist() == [4, 1]
    # equal values keep their order
    assert studies.extremes(np.zeros(4), 0.5)[0].tolist() == [0, 1]
    for share in (0.0, 0.6):
        with pytest.raises(ValueError, match=rf"share = {share}: the lowest and highest share lies in"):
            studies.extremes(value, share)


def test_a_scan_sees_where_the_signal_enters():
    table = studies.usable(made_up(shell=55))
    far = scan(table, "partial g(r)", "r_cut", (5.0, 5.6), "ridge", repeats=3)
    assert far.dims == ("value", "repeat", "sample") and list(far.value) == [5.0, 5.6]
    y = table.intensity.values * studies.MICRO
    blind, seeing = (evaluation.r_squared(y, far.sel(value=v).values) for v in (5.0, 5.6))
    assert blind < 0.1 and seeing > blind + 0.1


@pytest.mark.slow
def test_a_single_neuron_weighs_the_shell_that_matters():
    table = made_up(n=400, shell=80)
    network = Network(learning_rate=1.0, epochs=200, patience=50, penalty=1e-3)
    weights, difference = neuron_weights(table, network, repeats=2)
    assert weights.shape == (2, 120) and difference.shape == (120,)
    assert difference.argmax() == 80 and (weights.argmax(axis=1) == 80).all()
    assert np.mean([np.corrcoef(w[20:], difference[20:])[0, 1] for w in weights]) > 0.4
    # the sign is that of a higher peak, whichever way the neuron turned
    assert (weights[:, 80] > 0).all()
    shuffled, null = neuron_weights(table, network, repeats=2, shuffled=True)
    # the difference is that of the targets that were learned
    assert abs(evaluation.statistics.pearson(difference, null)) < 0.5
    assert not (shuffled.argmax(axis=1) == 80).all()


def test_the_mean_spectrum_of_samples_has_their_mean_peak():
    table = load_result("samples", "Cu50Zr50-mendelev-2019-n1000")
    one = table.isel(sample=[0])
    omega = np.linspace(2, 10, 161)
    found = studies.mean_spectrum(one, omega)
    assert found.max() == pytest.approx(float(one.intensity[0]), rel=1e-4)
    both = studies.mean_spectrum(table.isel(sample=[0, 1]), omega)
    np.testing.assert_allclose(both, (found + studies.mean_spectrum(table.isel(sample=[1]), omega)) / 2)
