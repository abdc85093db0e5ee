"""What the chapter on tao-2023 measures, on made-up samples whose answer is known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from bosonpeak import statistics
from bosonpeak.archive.measurements import check_sample
from bosonpeak.learning.evaluation import baseline, r_squared
from bosonpeak.materials.glasses import load
from bosonpeak.papers.tao_2023 import archived, atoms, heights, measure, scans, studies, surroundings
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
    return heights.Samples(table, table, table.isel(sample=[]), table, table, None, *columns, 1000)


def larger_glasses(n=90):
    """Glasses of 4,000 atoms cooled at 1e14 and 1e15 K/s, a tenth of them without an interior maximum."""
    big = made_up(n, seed=2).assign_attrs(n_atoms=4000)
    big = big.assign(interior=("sample", np.arange(n) % 10 != 0))
    return studies.glasses(big, 1e14, 1e15)


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
            "single": (("control", "repeat", "sample"), y.mean() + noise[0, :2]),
            "intensity": ("sample", y),
            "seed": ("sample", samples.parent),
            "cooling_rate": ("sample", samples.rate),
        },
        {"input": inputs, "model": models, "control": ["energy", "cooling rate"]},
        {"n_atoms": 1000},
    )


def test_tables_are_opened_by_what_they_are_for(monkeypatch):
    table = made_up()
    # the fourth of ten is slow, the fifth a liquid, the sixth has no interior maximum
    kind = np.arange(120) % 10
    table = table.assign(
        cooling_rate=("sample", np.select([kind == 3, kind == 4], [5e12, np.inf], table.cooling_rate)),
        interior=("sample", kind != 5),
    )
    big = larger_glasses()
    monkeypatch.setattr(heights, "load_result", lambda kind, name: {"small": table, "big": big}[name])
    monkeypatch.setattr(heights, "shipped_results", lambda kind: ["big", "small"])
    found = heights.open_samples("small", "big")
    sizes = [t.sizes["sample"] for t in (found.every, found.cooled, found.slow, found.usable)]
    assert sizes == [120, 96, 12, 84] and found.all_rates.sizes["sample"] == 96
    assert found.larger.identical(big) and found.n_atoms == 1000
    np.testing.assert_array_equal(found.rate, found.usable.cooling_rate)
    np.testing.assert_allclose(found.height, 1e6 * found.usable.intensity.values)
    # the larger ones need not exist
    assert heights.open_samples("small", "absent").larger is None and heights.open_samples("small").larger is None


def test_heights_that_rise_with_the_rate_are_seen_to(samples):
    found = heights.height_and_rate(samples, 1, 50)
    (rises, rises_shuffled), (falls, falls_shuffled) = found.rises, found.falls
    assert rises[0] > 0.9 and falls[0] < -0.9 and max(abs(rises_shuffled), abs(falls_shuffled)) < 0.3
    assert found.levels_off is None and found.dropped is None
    share, share_nu = found.share_below
    assert share[0] == pytest.approx((180 * 9 / 13 + 180) / 3000, rel=0.02)
    assert share_nu == pytest.approx(2 * np.pi * 10 / 70, abs=0.01)
    assert found.height[0] == pytest.approx(samples.height.mean())
    assert found.summary["std"] == pytest.approx(samples.height.std(ddof=1))
    assert [found.summary["min"], found.summary["max"]] == [samples.height.min(), samples.height.max()]


def test_slow_and_larger_glasses_are_measured_where_there_are_some(samples):
    table = made_up(300)
    decade = np.resize([-2.0, -1.0, 0.0, 1.0, 2.0], 300)
    # the height rises by 4 per decade below 1e13 K/s, and by 8 above
    height = 200 + np.where(decade < 0, 4, 8) * decade + 0.1 * np.random.default_rng(3).standard_normal(300)
    table = table.assign(cooling_rate=("sample", 10.0 ** (13 + decade)), intensity=("sample", 1e-6 * height))
    some = replace(samples, slow=studies.glasses(table, 1e11, 9e12), all_rates=table, larger=larger_glasses())
    found = heights.height_and_rate(some, 1, 50)
    assert found.levels_off[0] == pytest.approx(0.5, abs=0.02)
    # 9 of 90, of which those cooled at 1e13 K/s are left out: 6 of 60
    assert found.dropped[0] == pytest.approx(0.1)
    # 27 glasses cooled at 1e14 K/s are fewer than 40
    assert found.in_range == ((None, None), (None, None))
    # those of a larger size that were cooled more slowly do not enter the share without a maximum
    every = made_up(90, seed=2).assign_attrs(n_atoms=4000)
    every = every.assign(interior=("sample", np.arange(90) % 10 != 0))
    both = heights.height_and_rate(replace(some, larger=every), 1, 50)
    assert both.dropped == found.dropped
    (rises, rises_shuffled), (falls, falls_shuffled) = both.in_range
    assert rises[0] > 0.7 and falls[0] < -0.7 and max(abs(rises_shuffled), abs(falls_shuffled)) < 0.4


def test_a_histogram_of_levels_may_have_no_maximum_inside():
    rng = np.random.default_rng(1)
    falling, peaked = rng.uniform(1, 14, (5, 4000)), rng.normal(6, 0.5, (5, 4000))
    table = xr.Dataset({"frequency": (("sample", "mode"), np.concatenate([falling, peaked]))})
    # an even density over omega^2 is highest where the range begins
    assert heights.without_maximum(table, 0.5) == 0.5
    # and a range that begins above the peak has no maximum inside either
    assert heights.without_maximum(table, 1.5, 7.0) == 1


def test_the_ceiling_is_the_share_of_the_variance_between_rates(samples):
    found = heights.measure_ceilings(samples)
    # three rates 10 apart, and a spread of 3 within each
    assert found.whole.share[0] == pytest.approx(100 / (100 + 9), abs=0.03)
    assert found.whole.spread[1][0] < 3 < found.whole.spread[1][1]
    assert found.by_size == [found.whole] and found.whole.n == 1000
    assert len(found.agreement) == len(heights.WIDTHS) and abs(found.level) < 0.1


def test_sizes_are_compared_at_the_rates_that_both_have(samples):
    # three rates at least have a share: a third one between the two
    slower = larger_glasses()
    rate = np.where(np.arange(slower.sizes["sample"]) % 3, slower.cooling_rate, 3e14)
    small = samples.usable.assign(cooling_rate=("sample", np.resize([1e13, 1e14, 3e14, 1e15], 120)))
    some = replace(samples, usable=small, larger=slower.assign(cooling_rate=("sample", rate)))
    few, many = heights.measure_ceilings(some).by_size
    assert (few.n, many.n) == (1000, 4000)
    fast = small.cooling_rate.values > 5e13
    assert few.spread == statistics.within_states(samples.height[fast], small.cooling_rate.values[fast])
    left = studies.usable(some.larger)
    assert many.spread == statistics.within_states(1e6 * left.intensity.values, left.cooling_rate.values)


def test_an_interval_as_text_has_no_negative_zero():
    assert heights.interval_text((-0.001, (-0.104, 0.2))) == "0.00 [-0.10, 0.20]"
    assert heights.interval_text((1.25, (1.0, 20.0)), "+.1f") == "+1.2 [+1.0, +20.0]"


def test_the_papers_errors_are_those_of_a_normal_distribution():
    found = heights.paper_errors()
    np.testing.assert_allclose(found.mean_percent, 100 * np.sqrt(2 / np.pi) * found.sd / (285.30 - 193.21))
    # 12.31 % of a normal distribution lie above 1.16 standard deviations
    assert 249.34 - 1.16 * found.sd[0] == pytest.approx(193.21 + 2.92 * found.sd[0], rel=0.01)
    # the extremes of 325 normal values lie 2.92 standard deviations from their mean
    assert 285.30 - 193.21 == pytest.approx(2 * 2.92 * found.sd[2], rel=0.02)
    assert 285.30 - 249.34 == pytest.approx((2.92 - 1.16) * found.sd[1], rel=0.03)


def test_inputs_are_scored_by_what_they_know(samples):
    found = study(samples, np.random.default_rng(2))
    scores = measure.input_scores(found, 1, 100)
    y, variance = samples.height, samples.height.var()
    assert (scores.n, scores.glasses) == (1000, 120)
    np.testing.assert_allclose(scores.guess, found.predicted[1, 0].mean("repeat"))
    # the mean of three predictions has a third of the squared error of each
    assert scores.r2["partial g(r)", "network 1"][0] == pytest.approx(1 - 4 / 3 / variance, abs=0.02)
    assert scores.r2["partial g(r)", "mean"][0] == pytest.approx(0, abs=1e-12)
    error = scores.error["partial g(r)", "network 1"]
    assert error[0] == pytest.approx(2 * np.sqrt(2 / np.pi / 3), rel=0.15)
    relative, (low, high) = scores.relative["partial g(r)", "network 1"]
    np.testing.assert_allclose(np.ptp(y) * np.array([relative, low, high]), np.hstack(error))
    (gain, ends), of_mean = scores.gain
    assert gain == pytest.approx(0.5, abs=0.06) and ends[0] > 0.3
    assert scores.over_total["partial g(r)"][0] == pytest.approx(1 - gain)
    assert scores.over_total["total g(r)"] == (1, (1, 1)) and of_mean < -0.5
    assert scores.over_mean["partial g(r)"][0] < scores.over_mean["total g(r)"][0] < 1
    # a prediction of the height itself is ahead of ridge regression, which knows the mean, by 1
    assert scores.leakage[0] == pytest.approx(1)
    assert scores.shuffled_r2 < 0.1 and abs(scores.shuffled_within) < 0.2
    # there is one other input, with a network of the double error
    assert scores.over_others[0][0] == pytest.approx(1 - gain) and scores.over_others[1] > 1
    ratio = scores.error["partial g(r)", "network 2"][0] / error[0]
    assert scores.architectures[0][0] == pytest.approx(ratio - 1)
    assert scores.architectures[1] == pytest.approx(1 / (1 - gain) - 1)
    assert 0.7 < scores.highest[0] < 1.3


def test_samples_that_were_cooled_faster_are_left_out_of_the_scores(samples):
    found = study(samples, np.random.default_rng(2))
    # three rates at least have a share: one more among the slow ones
    found["cooling_rate"] = "sample", np.resize([1e13, 1e14, 1e15, 3e13], 120)
    slow = found.cooling_rate.values <= 1e14
    scores = measure.input_scores(found, 1, 20, fastest=1e14)
    assert 0 < scores.glasses == slow.sum() < 120
    guess = found.predicted[1, 0].mean("repeat").values[slow]
    assert scores.r2["partial g(r)", "network 1"][0] == pytest.approx(r_squared(samples.height[slow], guess))


def test_errors_of_the_highest_are_those_of_the_highest():
    y = np.arange(100.0)
    predicted = np.where(y > 87.5, y + 3, y + 1)
    assert measure._error_of_highest(y, predicted) == pytest.approx(3 / 1.24)


def test_two_kinds_of_other_glasses_are_scored_apart():
    rng = np.random.default_rng(2)
    height = rng.standard_normal(80)
    columns = {
        "kind": np.repeat(["size", "rate"], 40),
        "height": height,
        "predicted": np.where(np.arange(80) < 40, height, rng.standard_normal(80)),
        "shuffled": rng.standard_normal(80),
        "seed": np.arange(80) // 2,
    }
    found = xr.Dataset({name: ("sample", values) for name, values in columns.items()})
    (r, _), shuffled = measure.transfer_score(found, "size", 1, 50)
    assert r == pytest.approx(1) and abs(shuffled) < 0.4
    assert abs(measure.transfer_score(found, "rate", 1, 50)[0][0]) < 0.4


def test_glasses_of_one_kind_are_taken_together():
    glass = [f"Cu50Zr50-mendelev-2009-n{n}-1e13-s{s}" for n, s in ((1000, 1), (1000, 2), (4000, 1))]
    found = xr.Dataset({"r": ("glass", [0.3, 0.5, 0.4]), "among": ("glass", [0.6, 0.6, 0.7])}, {"glass": glass})
    means = measure.transfer_by_family(found)
    assert list(means) == ["Cu50Zr50, N = 1000, 1e13 K/s", "Cu50Zr50, N = 4000, 1e13 K/s"]
    value, (low, high) = means["Cu50Zr50, N = 1000, 1e13 K/s"]
    assert value == pytest.approx(0.4) and low < 0.3 < 0.5 < high
    # one glass has no interval
    assert measure.transfer_by_family(found, "among")["Cu50Zr50, N = 4000, 1e13 K/s"] == (0.7, (0.7, 0.7))


def test_the_lead_of_a_prediction_is_that_within_elements():
    rng = np.random.default_rng(4)
    number, groups = np.resize([29, 40], 600), np.arange(600) // 100
    true = rng.standard_normal(600) + (number == 29)
    near = true + 0.3 * rng.standard_normal(600)
    better, worse, lead = measure.within_lead(
        true, near, (number == 29) + 0.01 * rng.standard_normal(600), number, groups, 1
    )
    assert better[0] > 0.9 and abs(worse[0]) < 0.15
    assert lead[0] == pytest.approx(better[0] - worse[0]) and lead[1][0] > 0.5


def scan_of(samples, size, values, names, rng):
    """A scan whose errors have these sizes, and the noise of its predictions."""
    noise = np.array(size)[:, None, None] * rng.standard_normal((len(size), 2, len(samples.height)))
    scan = xr.Dataset(
        {name: (("value", "repeat", "sample"), samples.height + noise) for name in names}
        | {"intensity": ("sample", samples.height), "seed": ("sample", samples.parent)},
        {"value": values},
    )
    return scan, noise


def test_a_scan_says_where_the_error_settles_and_where_it_is_least(samples):
    names, rng = ("predicted", "ridge"), np.random.default_rng(3)
    scan, noise = scan_of(samples, [5.0, 2.0, 3.0], [5.0, 6.9, 12.0], names, rng)
    found = scans.scan_scores(scan, samples.rate, 1, 50)
    assert found.least == (6.9, (6.9, 6.9)) and found.length[0] == 6.9
    np.testing.assert_allclose(found.error, abs(noise).mean(axis=2))
    assert found.mean_error.columns.tolist() == ["network", "ridge regression"]
    together = noise.mean(axis=1)
    np.testing.assert_allclose(found.mean_error["network"][[5.0, 6.9, 12.0]], abs(together).mean(axis=1))
    inside = statistics.correlation_within(samples.height, (samples.height + noise[1]).mean(axis=0), samples.rate)
    assert found.within["network", 6.9][0] == pytest.approx(inside)


def test_a_scan_may_have_networks_alone(samples):
    scan, noise = scan_of(samples, [3.0, 1.0, 2.0], [0.1, 0.3, 0.5], ["predicted"], np.random.default_rng(4))
    found = scans.scan_scores(scan, samples.rate, 1, 50)
    assert found.least == (0.3, (0.3, 0.3)) and list(found.mean_error) == ["network"]
    errors = abs(noise.mean(axis=1)).mean(axis=1)
    assert found.gain == pytest.approx(100 * (1 - errors[1] / errors[0]))


def made_up_atoms(table, n=40, seed=7):
    """Structures of a table of glasses, and heights of their atoms, whose mean follows that of the glass."""
    rng, count = np.random.default_rng(seed), table.sizes["sample"]
    intensity = 1e-8 * table.intensity.values[:, None] * 10 ** (0.01 * rng.standard_normal((count, n)))
    return xr.Dataset(
        {
            "position": (("sample", "atom", "axis"), 8 * rng.uniform(size=(count, n, 3))),
            "number": (("sample", "atom"), np.resize([29, 40], (count, n))),
            "cell": ("sample", np.full(count, 8.0)),
            "atomic_intensity": (("sample", "atom"), intensity),
        }
        | {name: ("sample", table[name].values) for name in ("seed", "cooling_rate")},
        {"key": table.key},
    )


@pytest.fixture
def tested(monkeypatch):
    """A test on fresh glasses that were made like those trained on; the atoms' rows know the heights of their atoms."""
    known, new = made_up(120), made_up(60, seed=5)
    new = new.assign(seed=new.seed + 500, key=("sample", [f"{k + 1000:012x}" for k in range(60)]))
    tables = {"known": known, "new": new, "known-atoms": made_up_atoms(known), "new-atoms": made_up_atoms(new, seed=8)}
    monkeypatch.setattr(archived, "load_result", lambda kind, name: tables[name])

    def rows(structures):
        found = atoms.atomic_rows(structures, r=np.array([3.0, 5.0]))
        inputs = 0 * found.inputs.reshape(-1, 2, 4)
        # only the channels of the own element hold the height, as they hold the surroundings
        inputs[np.arange(len(inputs)), (found.number == 40).astype(int), 0] = found.target
        return replace(found, inputs=inputs.reshape(len(inputs), -1))

    monkeypatch.setattr(archived, "atomic_rows", rows)
    # one network, which is ridge regression that is off by 3
    fitted = lambda x, y, *rest: baseline("ridge").fit(x, y + 3).predict  # noqa: E731
    monkeypatch.setattr(
        archived, "train", lambda *given: SimpleNamespace(predict=lambda asked: fitted(*given)(asked)[None])
    )
    return archived.predict_fresh("known", "new", 30, 50, 1, 10, 2023)


def test_fresh_glasses_are_predicted_by_models_of_the_others(tested):
    assert tested.attrs == {"n_atoms": 1000, "trained_on": 90}
    assert tested.ridge.shape == (2, 7, 60) and tested.sizes["structure"] == 50 + 50
    np.testing.assert_allclose(tested.true.sel(target="boson peak"), 1e6 * made_up(60, seed=5).intensity)
    # the first fifty structures are spread over their table, and so are those of the fresh one
    assert (tested.row.values[:50] == -1).all() and tested.row.values[[50, -1]].tolist() == [0, 59]
    np.testing.assert_allclose(tested.height[50:], tested.true.sel(target="boson peak")[tested.row[50:]])
    np.testing.assert_allclose(tested.predicted, tested.own, atol=1e-3)
    assert tested.mixed.dims == ("shuffle", "structure")
    assert tested.r_atoms.min() > 0.99


def test_fresh_glasses_are_scored_by_what_is_known_of_them(tested):
    found = measure.fresh_scores(tested, 1, 100)
    # the pairs know the rate, which has 100 / (100 + 9) of the variance
    assert 0.8 < found.r2["ridge", "partial g(r)"][0] < 0.95
    assert found.targets["cooling rate", "total g(r)"][0] > 0.95 > 0.2 > found.targets["energy", "total g(r)"][0]
    # a network that is off by 3 has lost 9 of about 76
    lost, variance = found.lead["network"][0], tested.true.values[0].var()
    assert lost == pytest.approx(-9 / variance, abs=0.05)
    assert found.shuffled < 0.1 and found.r2["ridge", "single numbers"][0] > 0.8
    (r, (low, high)), mixed = found.bottom_up
    assert 0.99 < low < r <= high <= 1 and abs(mixed) < 0.5
    assert found.within[0] > 0.9 and found.given[0] > 0.9 and found.known[0] > 0.99 and found.own > 0.99
    assert found.by_rate > 0.9
    assert found.lead["atoms"][0] > 0 and abs(found.gain["ridge"][0]) < 0.2
    # one of the numbers is the rate: the pairs, which know the rate alone, have nothing to add
    assert abs(found.adds[0][0]) < 0.05 and found.adds[1] < 0.05


def test_what_is_linear_in_some_numbers_is_taken_away():
    rng = np.random.default_rng(6)
    number, own, noise = rng.standard_normal((3, 500))
    assert measure.beyond_numbers(number + own, 2 * number + own, [number]) == pytest.approx(1)
    assert abs(measure.beyond_numbers(number + own, number + noise, [number])) < 0.1


def test_a_neuron_agrees_with_what_it_follows_up_or_down():
    difference = np.array([0.0, 1.0, 2.0, 1.0])
    weight = [2 * difference, -difference, [0.0, 1.0, 0.0, -1.0]]
    columns = {"weight": (("repeat", "r"), weight), "shuffled": (("repeat", "r"), weight[2:] * 3)}
    neuron = xr.Dataset(columns | {"difference": ("r", difference), "null": ("r", [0.0, 1.0, 2.0, -1.0])})
    (value, (low, high)), shuffled = measure.neuron_agreement(neuron)
    assert value == pytest.approx(2 / 3) and low == 0 and high == 1
    # the control has a difference of its own
    assert shuffled == pytest.approx(statistics.pearson(neuron.null.values, np.array(weight[2])))


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
    (r, _), r_shuffled = scores.r
    assert scores.r2[0] == pytest.approx(r_squared(true, predicted.mean(axis=0))) and abs(r_shuffled) < 0.1
    mean = predicted.mean(axis=0)
    assert r == pytest.approx(np.corrcoef(mean, true)[0, 1])
    np.testing.assert_allclose(scores.guess, mean)
    assert scores.error.shape == (3, 3) and scores.error.mean(axis=1).tolist() == [2, 1, 1]
    (within, _), within_shuffled = scores.within
    assert abs(within_shuffled) < 0.1 and within == pytest.approx(
        np.mean([np.corrcoef(mean[number == z], true[number == z])[0, 1] for z in (29, 40)])
    )
    assert scores.length[0] == 6.9 and scores.excess[0] == 0
    assert scores.span[0] == pytest.approx(np.ptp(np.log10(structures.atomic_intensity.values)))


def test_measurements_are_those_of_the_page():
    names = {known.name for known in archived.MEASUREMENTS}
    assert names == {"tao-2023-fresh"} and all(known.group == "book" for known in archived.MEASUREMENTS)


@pytest.fixture(scope="module")
def structures():
    """Three glasses whose atoms have a made-up peak: high where their first shell is thin, and higher for copper."""
    glasses = [load(f"Cu50Zr50-mendelev-2009-n1000-1e13-s{seed}") for seed in (1, 2, 3)]
    table = xr.Dataset(
        {
            "position": (("sample", "atom", "axis"), [g.positions for g in glasses]),
            "number": (("sample", "atom"), [g.numbers for g in glasses]),
            "cell": ("sample", [g.cell.lengths()[0] for g in glasses]),
            "atomic_intensity": (("sample", "atom"), np.ones((3, 1000))),
            "seed": ("sample", [1, 2, 3]),
        },
        {"key": ("sample", ["a", "b", "c"])},
    )
    near = atoms.atomic_rows(table, r=atoms.NEAR).inputs.reshape(3, 1000, 4, -1)
    thick = near[..., (atoms.NEAR > 2) & (atoms.NEAR < 3)].sum(axis=(2, 3))
    height = -7 - 0.05 * thick + np.where(table.number == 29, 5, 0)
    return table.assign(atomic_intensity=(("sample", "atom"), 10**height))


def test_a_study_has_its_own_structures(structures):
    study = xr.Dataset({"key": ("structure", ["c", "a", "x"])})
    assert surroundings.learned_structures(structures, study).key.values.tolist() == ["a", "c"]


def test_thin_shells_are_found_around_the_atoms_with_high_peaks(structures):
    study = xr.Dataset({"unseen_key": ("unseen_sample", ["b"])})
    unseen = atoms.atomic_rows(structures, [1])
    found = surroundings.surroundings(study, structures, unseen.target, 1, 20)
    (changes, halves), (own, halves_own) = found.changes, found.own
    # of all atoms the lowest tenth is zirconium and the highest copper, so that no pair can be compared
    assert found.copper == (0, 1) and np.isnan(changes["height"][0]).all()
    assert (own["height"][0][[0, 2]] < 0.6).all() and max(abs(halves - 1), abs(halves_own - 1)) < 0.15
    # whoever predicts the true values finds the same surroundings
    np.testing.assert_array_equal(found.true, found.predicted)
    np.testing.assert_array_equal(found.true, atoms.extreme_functions(unseen, unseen.target))
    assert set(found.outer) == {"second-peaks", "basins", "second-farther", "wear-off"}
    # the lowest heights were given to thick first shells, which have nothing to do with what is far away
    assert 0 < found.outer["wear-off"][0] < 0.5
    assert surroundings.paper_quantile(structures, 1000) == pytest.approx(
        1e6 * np.quantile(structures.atomic_intensity, 0.891)
    )
    table = surroundings.first_shell_table(found)
    assert table["g(r) of"].tolist() == ["Cu-Cu", "Cu-Zr", "Zr-Cu", "Zr-Zr"]
    (value, (low, high)), text = own["height"], table["height, tenths of each element"]
    assert text[2] == f"{value[2]:.3f} [{low[2]:.3f}, {high[2]:.3f}]"
    assert table["shift (Å), tenths of each element"][0].startswith(f"{own['place'][0][0]:+.3f} [")


def test_new_glasses_are_predicted_by_models_of_the_others_alone(monkeypatch):
    known, new = made_up(30), made_up(6, seed=5)
    new = new.assign(seed=new.seed + 500, key=("sample", [f"{k + 1000:012x}" for k in range(6)]))
    both = xr.concat([made_up_atoms(known), made_up_atoms(new, seed=8)], "sample")
    monkeypatch.setattr(archived, "SHUFFLES", 1)
    fresh = np.arange(36) >= 30
    found = archived.from_atoms(both, 1, fresh)
    # whatever the heights of the new ones are, nothing of the others changes, and nothing of theirs is learned
    lifted = both.assign(atomic_intensity=both.atomic_intensity * np.where(fresh, 10.0, 1.0)[:, None])
    again = archived.from_atoms(lifted, 1, fresh)
    np.testing.assert_array_equal(again["predicted"], found["predicted"])
    np.testing.assert_allclose(again["own"][30:], found["own"][30:] + 1)
