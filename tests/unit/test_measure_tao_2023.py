"""What the chapter on tao-2023 measures, on made-up samples whose answer is known."""

import numpy as np
import pytest
import xarray as xr
from bosonpeak import statistics
from bosonpeak.archive.measurements import check_sample
from bosonpeak.learning.evaluation import r_squared
from bosonpeak.learning.regression import Network, train
from bosonpeak.papers.tao_2023 import measure, surroundings
from bosonpeak.papers.tao_2023.descriptors import sample_inputs
from bosonpeak.papers.tao_2023.samples import BINS, DR

RATES = (1e13, 1e14, 1e15)


def made_up(n=120, seed=1):
    """Glasses of 1,000 atoms, three per parent: their height rises by 10 per decade of the cooling rate."""
    rng = np.random.default_rng(seed)
    r = (np.arange(120) + 0.5) * DR
    rate = np.resize(RATES, n)
    decade = np.log10(rate) - 14
    ideal = np.array([0.5, 1.0, 0.5])[:, None] * 500**2 / 17500 * 4 * np.pi * r**2 * DR
    counts = rng.poisson(np.broadcast_to(ideal, (n, 3, 120))) * (1 + 0.1 * decade[:, None, None])
    # half of the levels lie around 5 rad/ps, the others spread evenly up to 14
    level = np.concatenate([rng.uniform(1, 14, (n, 180)), rng.normal(5, 0.8, (n, 180))], axis=1)
    noise = {name: ("sample", rng.standard_normal(n)) for name in ("energy", "debye_level", "shear_modulus", "level")}
    return xr.Dataset(
        {
            "pair_count": (("sample", "pair", "r"), counts),
            "frequency": (("sample", "mode"), np.sort(level, axis=1)),
            "participation_ratio": (("sample", "mode"), rng.uniform(0, 0.6, (n, 360))),
            "spectrum_count": (("sample", "omega"), np.ones((n, len(BINS) - 1))),
            "intensity": ("sample", 1e-6 * (200 + 10 * decade + 3 * rng.standard_normal(n))),
            "omega_peak": ("sample", 5 - 0.1 * decade + 0.01 * rng.standard_normal(n)),
            "interior": ("sample", np.ones(n, bool)),
            "seed": ("sample", np.arange(n) // 3),
            "cooling_rate": ("sample", rate),
            "end_temperature": ("sample", np.full(n, 0.1)),
            "melt_temperature": ("sample", np.full(n, 2000.0)),
            "volume": ("sample", 17.5 + 1e-3 * rng.standard_normal(n)),
            **noise,
        },
        {
            "key": ("sample", [f"{k:012x}" for k in range(n)]),
            "r": r,
            "pair": ["Cu-Cu", "Cu-Zr", "Zr-Zr"],
            "omega": (BINS[1:] + BINS[:-1]) / 2,
        },
        {"n_atoms": 1000},
    )


@pytest.fixture(scope="module")
def samples():
    table = made_up()
    columns = table.intensity.values * 1e6, table.cooling_rate.values, table.seed.values
    return measure.Samples(table, table, table.isel(sample=[]), table, None, *columns, 1000)


def study(samples, rng):
    """A study of inputs whose network knows the height up to an error of 2, and whose other models know nothing."""
    y = samples.height
    models = ["network 1", "network 2", "mean", "ridge"]
    inputs = ["total g(r)", "partial g(r)"]
    noise = rng.standard_normal((2, 4, 3, len(y)))
    told = np.where(np.arange(4)[:, None, None] < 1, y + 2 * noise, y.mean() + 0 * noise)
    # another input that knows less
    told[0, 0] = y + 4 * noise[0, 0]
    unit = ("input", "repeat", "sample")
    return xr.Dataset(
        {
            "predicted": (("input", "model", "repeat", "sample"), told),
            "shuffled": (unit, y.mean() + noise[:, 0]),
            "leaking": (unit, y + 0 * noise[:, 0]),
            "single": (("control", "repeat", "sample"), y.mean() + noise[0, :1]),
            "intensity": ("sample", y),
            "seed": ("sample", samples.parent),
            "cooling_rate": ("sample", samples.rate),
        },
        {"input": inputs, "model": models, "control": ["cooling rate"]},
        {"n_atoms": 1000},
    )


def test_heights_that_rise_with_the_rate_are_seen_to(samples):
    found = measure.height_and_rate(samples, 1, 50)
    assert found.rises[0] > 0.9 and abs(found.rises_shuffled) < 0.3 and found.falls[0] < -0.9
    assert found.levels_off is None and found.dropped is None
    assert found.share_below[0] == pytest.approx((180 * 9 / 13 + 180) / 3000, rel=0.02)
    assert found.share_below_nu == pytest.approx(2 * np.pi * 10 / 70, abs=0.01)


def test_the_ceiling_is_the_share_of_the_variance_between_rates(samples):
    found = measure.measure_ceilings(samples)
    # three rates 10 apart, and a spread of 3 within each
    assert found.share[0] == pytest.approx(100 / (100 + 9), abs=0.03)
    assert found.spread[1][0] < 3 < found.spread[1][1]
    assert [size.n for size in found.by_size] == [1000] and "N = 1,000" in measure.sizes_text(found)
    assert len(found.agreement) == len(measure.WIDTHS)


def test_the_papers_errors_are_those_of_a_normal_distribution():
    found = measure.paper_errors()
    assert found.mean == pytest.approx(np.sqrt(2 / np.pi) * found.sd)
    # 12.31 % of a normal distribution lie above 1.16 standard deviations
    assert 249.34 - 1.16 * found.sd == pytest.approx(193.21 + 2.92 * found.sd, rel=0.01)


def test_inputs_are_scored_by_what_they_know(samples):
    found = study(samples, np.random.default_rng(2))
    scores = measure.input_scores(found, 1, 100)
    variance = samples.height.var()
    assert scores.r2["partial g(r)", "network 1"][0] == pytest.approx(1 - 4 / variance, abs=0.02)
    assert scores.r2["partial g(r)", "mean"][0] == pytest.approx(0, abs=1e-12)
    assert scores.gain[0] == pytest.approx(0.5, abs=0.06) and scores.gain[1][0] > 0.3
    assert measure.leakage(found, 1, 50)[0] == pytest.approx(1)
    table = measure.scores_table(scores)
    assert table.model.tolist()[0] == "mean" and table.input.tolist()[-1] == "cooling rate"
    assert len(table) == 1 + 2 * 3 + 1
    size = measure.size_scores(scores, 1, 50)
    assert size.error[1][0] < size.error[0][0] < 1 and size.need[0] < size.need[1]


def test_a_scan_says_where_the_error_settles_and_where_it_is_least(samples):
    rng = np.random.default_rng(3)
    noise = np.array([5.0, 2.0, 3.0])[:, None, None] * rng.standard_normal((3, 2, len(samples.height)))
    scan = xr.Dataset(
        {name: (("value", "repeat", "sample"), samples.height + noise) for name in ("predicted", "ridge")}
        | {"intensity": ("sample", samples.height), "seed": ("sample", samples.parent)},
        {"value": [5.0, 6.9, 12.0]},
    )
    scores = measure.input_scores(study(samples, rng), 1, 20)
    found = measure.reach(scan, scores, 1, 50)
    assert found.least[0] == 6.9 and found.shell == 1 and found.length[0] == 6.9
    assert np.argmin(found.error["network"]) == 1
    inside = statistics.correlation_within(samples.height, (samples.height + noise[1]).mean(axis=0), samples.rate)
    assert found.within["network"][1][0] == pytest.approx(inside)


def test_ridge_regression_reads_the_rate_off_the_pairs(samples):
    truth = np.log10(samples.rate)[None]
    told = {"true": (("target", "sample"), truth), "seed": ("sample", samples.parent)}
    good = np.stack([truth + 0.5, truth + 0.1])[None].transpose(0, 1, 2, 3)
    dims = ("target", "input", "repeat", "sample")
    found = xr.Dataset(
        told | {"predicted": (dims, good), "shuffled": (dims, good[:, ::-1])},
        {"target": ["cooling rate"], "input": ["total g(r)", "partial g(r)"]},
    )
    read = measure.state_read(found, samples, 1, 2023, 50)
    assert read.gain["cooling rate"][0] == pytest.approx(0.8)
    assert read.r2["cooling rate"][0] == pytest.approx(1 - 0.01 / truth.var())
    assert read.ridge["cooling rate", "partial g(r)"][0] > 0.9 > 0.2 > read.ridge["energy", "partial g(r)"][0]
    assert "cooling rate" not in read.shares and read.shares["boson peak"][0] > 0.8


def test_a_threshold_and_its_interval():
    rng = np.random.default_rng(4)
    y = rng.standard_normal(60)
    error = np.array([3.0, 1.0, 2.0])[:, None, None] * rng.standard_normal((3, 2, 60))
    limits = xr.Dataset(
        {"predicted": (("value", "repeat", "sample"), y + error), "intensity": ("sample", y),
         "seed": ("sample", np.arange(60) // 3)},
        {"value": [0.1, 0.3, 0.5]},
    )  # fmt: skip
    (value, ends), errors = measure.threshold(limits, 1, 50)
    assert value == 0.3 and ends == (0.3, 0.3) and errors.shape == (3, 2)


def test_ridge_and_the_curve_are_the_same_when_they_are_made_again(samples, monkeypatch):
    monkeypatch.setattr(measure, "load_result", lambda kind, name: samples.every)
    whole, part = (measure.ridge_curve("made up", 2, 1, first=first) for first in (None, 2))
    assert whole["count"].values.tolist() == [8, 12, 20, 30, 40] and whole.error.shape == (5, 2, 2, 2)
    np.testing.assert_array_equal(whole.error[:2], part.error)
    monkeypatch.setattr(measure, "Network", lambda epochs: "mean")
    live = measure.small_training("made up", 10, 2, 25, 1)
    assert live.sizes == {"repeat": 2, "sample": 30}
    np.testing.assert_array_equal(measure.ridge_again(live, samples, 1), live.ridge[0])


@pytest.mark.slow
def test_validation_errors_follow_from_the_weights(samples):
    network = Network(hidden=(4,), epochs=50, patience=10)
    x = sample_inputs(samples.usable, "partial g(r)")
    trained = train(x, samples.height, samples.parent, network, repeats=2, seed=3)
    noted = trained.history[trained.epochs, [0, 1]]
    np.testing.assert_allclose(measure.validation_errors(trained, samples.usable, 3), noted, rtol=1e-4)


def test_an_archive_that_differs_is_refused():
    assert check_sample("values", [1.0, 2.0], [1.0, 2.0 + 1e-8], 1e-6) == pytest.approx(5e-9)
    with pytest.raises(ValueError, match=r"values: the archive and this run differ by 5\.0e-02"):
        check_sample("values", [1.0, 2.0], [1.1, 2.0], 1e-6)
    with pytest.raises(ValueError, match="differ"):
        check_sample("values", [1.0, 2.0], [np.nan, 2.0], 1e-6)


def test_atoms_are_scored_within_their_element():
    rng = np.random.default_rng(5)
    number = np.resize([29, 40], 2000)
    true = np.where(number == 29, -6.0, -7.0) + rng.standard_normal(2000)
    predicted = true + 0.5 * rng.standard_normal((3, 2000))
    error = np.array([2.0, 1.0, 1.0])[:, None, None] * np.ones((3, 4, 3))
    shuffled = rng.permuted(predicted, axis=1)
    found = xr.Dataset(
        {"predicted": (("repeat", "unseen"), predicted), "shuffled": (("repeat", "unseen"), shuffled),
         "true": ("unseen", true), "number": ("unseen", number), "parent": ("unseen", np.arange(2000) // 500),
         "cutoff_error": (("cutoff", "unseen_sample", "repeat"), error)},
        {"cutoff": [3.0, 6.9, 12.0]},
    )  # fmt: skip
    structures = xr.Dataset({"atomic_intensity": (("sample", "atom"), 10 ** true.reshape(4, 500))})
    scores = surroundings.atom_scores(found, structures, 1, 50)
    # the elements are one apart, half of each: a variance of 1/4 of 1 + 1/4
    assert scores.element_r2 == pytest.approx(0.2, abs=0.05) and abs(scores.element_within) < 0.1
    assert scores.r2[0] == pytest.approx(r_squared(true, predicted)) and abs(scores.r_shuffled) < 0.1
    mean = predicted.mean(axis=0)
    assert scores.within[0] == pytest.approx(
        np.mean([np.corrcoef(mean[number == z], true[number == z])[0, 1] for z in (29, 40)])
    )
    assert scores.length[0] == 6.9 and scores.excess[0] == 0
    assert scores.span[0] == pytest.approx(np.ptp(np.log10(structures.atomic_intensity.values)))


def test_measurements_are_those_of_the_page():
    names = {known.name for known in measure.MEASUREMENTS}
    assert names == {"tao-2023-networks", "tao-2023-curve"} and all(
        known.group == "book" for known in measure.MEASUREMENTS
    )
