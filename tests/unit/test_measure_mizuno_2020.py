"""What the chapter on pushed modes measures, from made-up tables whose answers are known."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import measurement
from bosonpeak.archive.results import load_result
from bosonpeak.landscape.excitation import Transition
from bosonpeak.papers.mizuno_2017 import slow_modes
from bosonpeak.papers.mizuno_2020 import (
    amplitudes,
    barriers,
    measure,
    minima,
    minimisers,
    phonons,
    rearrangement,
    tails,
    transitions,
)
from bosonpeak.papers.mizuno_2020 import figures as draw
from bosonpeak.papers.mizuno_2020.rearrangement import label_transitions, same_minimum
from bosonpeak.papers.xu_2010 import pushes

PEAK = 0.1
FIELDS = ("returned_amplitude", "sign", "n_rearranged", "returned_distance", "unconverged", "pushes", "capped")


def made_up(n: int, seed: int, k: int = 12, name: str = "glass", **given) -> xr.Dataset:
    """A table of k modes, all pushed: A_c = omega, |energy| = |r1 - r0|^3, profiles r^-2, T_c = 2e-3 / N."""
    rng = np.random.default_rng(1000 * n + seed)
    omega = np.sort(rng.uniform(0.02, 0.15, k))
    distance = rng.uniform(0.01, 1, k)
    r = np.linspace(1.5, 6, 9)
    pushed = {
        "amplitude": omega,
        "distance": distance,
        "left_distance": distance,
        "energy": -(distance**3),
        "barrier": 1e-3 / n * (1 + np.arange(k)),
        "inner_product": rng.uniform(0, 0.3, k),
        "transition": np.arange(k),
        "tail_exponent": np.full(k, 2.0),
        **dict.fromkeys(FIELDS, np.ones(k)),
        "returned_distance": np.full(k, 1e-10),
        "n_rearranged": np.full(k, n**0.5),
    }
    return xr.Dataset(
        {
            "frequency": ("mode", omega),
            "participation_ratio": ("mode", np.full(k, 0.2)),
            "phonon_order_parameter": ("mode", rng.random(k)),
            "third_order_amplitude": ("mode", 10 * omega),
            **{field: ("pushed", values) for field, values in (pushed | given).items()},
            # every transition moves another particle
            "moved_atom": (("transition_label", "rank"), np.arange(k)[:, None]),
            "moved": (("transition_label", "rank", "xyz"), np.ones((k, 1, 3))),
            "shell_distance": (("transition_label", "shell"), np.tile(r, (k, 1))),
            "shell_displacement": (("transition_label", "shell"), np.tile(0.5 * r**-2.0, (k, 1))),
        },
        {"mode_index": ("pushed", np.arange(k))},
        {"n_atoms": n, "seed": seed, "name": f"{name}-n{n}-s{seed}", "potential": "harmonic-spheres"},
    )


@pytest.fixture(scope="module")
def spheres():
    tables = {n: [made_up(n, seed) for seed in range(1, 6)] for n in (1000, 16000)}
    return measure.gather("harmonic-spheres", tables, PEAK)


@pytest.fixture(scope="module")
def lj():
    tables = {1000: [made_up(1000, seed, amplitude=np.geomspace(0.1, 0.3, 12)) for seed in range(1, 6)]}
    return measure.gather("lennard-jones", tables, 1.5)


def test_the_columns_of_all_pushed_modes_follow_from_their_definitions(spheres):
    frame = spheres.modes
    assert len(frame) == 120 and len(spheres.every_table) == 10 and spheres.tag == "spheres"
    np.testing.assert_allclose(frame.over_harmonic, frame.barrier / (frame.frequency**4 * frame.n_atoms / 2))
    np.testing.assert_allclose(frame.third_over_true, 10)
    np.testing.assert_allclose(frame.each, frame.distance / frame.n_atoms**0.25)
    np.testing.assert_allclose(frame.participants, 0.2 * frame.n_atoms)
    assert (spheres.low.frequency < PEAK).all() and len(spheres.low) == (frame.frequency < PEAK).sum()
    # the median size over the modes, and one seed for each sample of either size
    assert spheres.place == {"n": 8500, "seeds": [1, 2, 3, 4, 5, 1, 2, 3, 4, 5], "tables": []}
    assert spheres.left_share == spheres.downhill == 1
    assert spheres.table_of("glass-n1000-s2") is spheres.tables[1000][1]
    with pytest.raises(ValueError, match="glass-n64-s1 is not among the glasses of this run"):
        spheres.table_of("glass-n64-s1")


def test_exchanged_particles_are_no_transition_of_their_own():
    table = made_up(1000, 1, energy=np.r_[1e-15, np.full(11, -0.5)], transition=np.r_[0, 1, 1, np.arange(2, 11)])
    pushed = measure.gather("harmonic-spheres", {1000: [table]}, PEAK)
    assert len(pushed.minima) == 11 and len(pushed.distinct) == 10
    assert pushed.distinct.modes.tolist() == [2, *[1] * 9] and (pushed.distinct["size"] == 0.5).all()
    up = made_up(1000, 1, energy=np.r_[np.full(3, 0.5), np.full(9, -0.5)])
    assert measure.gather("harmonic-spheres", {1000: [up]}, PEAK).downhill == 0.75
    found = measure.count_pushes((pushed, measure.gather("lennard-jones", {1000: [up, up]}, 1.5)))
    assert found == measure.Totals(glasses=3, pushes=36, unconverged=36, exchanges=1)
    # minima that are parts of one avalanche are no exchanges
    avalanche = made_up(1000, 1, energy=np.full(12, -0.5), transition=np.arange(12))
    avalanche["moved"][:], avalanche["moved_atom"][:] = avalanche.moved[:1].values, avalanche.moved_atom[:1].values
    parts = measure.gather("harmonic-spheres", {1000: [avalanche]}, PEAK)
    assert len(parts.minima) == 12 and len(parts.distinct) == 1 and measure.count_pushes([parts]).exchanges == 0


def test_modes_that_never_left_count_as_pushed_only():
    amplitude, never = np.r_[np.full(9, 0.1), np.full(3, np.inf)], np.r_[np.arange(9), np.full(3, -1)]
    pushed = measure.gather("harmonic-spheres", {1000: [made_up(1000, 1, amplitude=amplitude, transition=never)]}, PEAK)
    assert len(pushed.modes) == 12 and len(pushed.left) == len(pushed.minima) == 9 and pushed.left_share == 0.75
    nothing = made_up(64, 1, amplitude=np.full(12, np.inf), transition=np.full(12, -1))
    tables = {64: [nothing], 1000: [nothing, *pushed.every_table]}
    smallest = measure.smallest_by_size(measure.gather("harmonic-spheres", tables, PEAK), "amplitude")
    assert {n: values.tolist() for n, values in smallest.items()} == {1000: [0.1]}


def test_the_spread_of_the_first_numbers():
    assert measure.spread_of(np.arange(11)[::-1]) == measure.Spread(5.0, 0.0, 1.0, 5.0, 9.0, 10.0)
    assert measure.spread_of([1, 1, 7]).mean == 3 and measure.spread_of([1, 1, 7]).median == 1


def test_glasses_are_read_from_the_archive_and_those_that_are_missing_left_out():
    pushed = measure.push_glasses("harmonic-spheres", [64, 1000], 2, archived=True)
    assert {n: [t.attrs["seed"] for t in tables] for n, tables in pushed.tables.items()} == {64: [], 1000: [1, 2]}
    assert pushed.boson_peak == measure.boson_peak_of("harmonic-spheres") == pytest.approx(0.1, abs=0.03)
    picture = minima.picture_of(pushed, shown=30)
    table = pushed.tables[1000][0]
    assert picture.glass == table.attrs["name"] and picture.inner_product == table.inner_product.values[0]
    (_, mode), (moved_at, moved) = picture.fields.values()
    assert mode.shape == moved.shape == (30, 3) and (np.diff(np.linalg.norm(mode, axis=1)) <= 0).all()
    np.testing.assert_array_equal(picture.centre, load(picture.glass).positions[moved_at[0]])
    with pytest.raises(ValueError, match="no glass of up to 500 particles left its basin"):
        minima.picture_of(pushed, most=500)
    with pytest.raises(ValueError, match="no glass of harmonic-spheres with 64 particles"):
        measure.push_glasses("harmonic-spheres", [64], 2, archived=True)


def test_shares_and_medians_are_those_of_numpy(spheres):
    assert measure.share_between([], 0, 1) == (None, None)
    value, (low, high) = measure.share_between([0.1, 0.5, 2.0, 1.0], 0.1, 1)
    assert value == 0.75 and low < value < high
    value, (low, high) = measure.sample_median(spheres.left, "inner_product", rng=1)
    assert value == pytest.approx(np.median(spheres.left.inner_product)) and low <= value <= high


def test_a_quantity_that_grows_as_a_power_of_n_has_this_exponent(spheres):
    groups = measure.by_size(spheres.distinct, "n_rearranged")
    assert {n: set(values) for n, values in groups.items()} == {n: {n**0.5} for n in (1000, 16000)}
    assert measure.size_exponent(groups)[0] == pytest.approx(0.5)
    assert measure.size_exponent({1000: [1.0]}) == (None, None)
    several = spheres.distinct.groupby("n_atoms")["sample"].nunique()
    assert list(measure.by_size(spheres.distinct, "n_rearranged", 2)) == several[several > 1].index.tolist()
    assert spheres.slow.modes.below.all() and len(spheres.slow.distinct) <= len(spheres.distinct)


def test_amplitudes_that_rise_with_frequency_are_found_and_shuffling_removes_the_trend(spheres):
    trend, shuffled = amplitudes.amplitude_trend(spheres, np.random.default_rng(1))
    assert trend[0] == pytest.approx(1) and abs(shuffled[0]) < 0.4
    again = amplitudes.amplitude_trend(spheres, np.random.default_rng(1))[1]
    assert again == shuffled


def test_the_ratio_of_amplitudes_is_that_of_the_medians(spheres, lj):
    (value, (low, high)), n = amplitudes.amplitude_ratio(spheres, lj)
    ours = np.median(np.log(spheres.left[spheres.left.n_atoms == 1000].amplitude))
    assert n == 1000 and value == pytest.approx(np.exp(ours - np.median(np.log(lj.left.amplitude))))
    assert low < value < high and value - low < high - value


def test_the_gap_is_the_smallest_of_all_modes_and_a_loose_scan_has_less(spheres, lj):
    loose = [1e-3, 2e-3, 0.5, 0.2]
    distance = np.array([[1e-10, 1e-10, 0.5, 0.5], loose])
    scans = xr.Dataset({"distance": (("tolerance", "push"), distance)}, {"tolerance": [1e-13, 1e-6]})
    found = amplitudes.transition_gap((spheres, lj), scans)
    smallest = min(spheres.left.left_distance.min(), lj.left.left_distance.min())
    assert found.smallest == smallest and found.returned == 1e-10
    assert found.decades == pytest.approx(np.log10(smallest / 1e-10))
    assert found.loose_returned == 2e-3 and found.loose_decades == pytest.approx(2)


def test_slow_modes_with_a_quartic_density_have_the_exponent_four():
    rng = np.random.default_rng(2)
    attributes = {"degrees_of_freedom": 100_000, "first_phonon": 1.2}
    frequencies = {n: np.sort(rng.random(40_000) ** 0.2) for n in (1000, 4000)}
    spectra = {n: [xr.Dataset({"frequency": ("mode", omega)}, attrs=attributes)] for n, omega in frequencies.items()}
    phonons = slow_modes.mean_attribute(spectra, "first_phonon")
    assert phonons == {1000: 1.2, 4000: 1.2}
    found = slow_modes.count_slow_modes(spectra, phonons, 0.3)
    # 0.9^5 of the modes lie below three quarters of the first wave
    assert found.exponent[0] == pytest.approx(4, abs=0.05) and found.count == pytest.approx(80_000 * 0.9**5, rel=0.01)
    assert found.above[0] == pytest.approx(4, abs=0.2)
    assert found.density == pytest.approx(5 * 40_000 / 100_000, rel=0.01)
    assert found.half_count == sum((omega < 0.18).sum() for omega in frequencies.values())


def test_the_nature_of_modes_counts_only_large_boxes_below_the_peak(spheres):
    found = amplitudes.nature_of(spheres, "phonon_order_parameter", least=16000)
    assert found.count == (spheres.low.n_atoms == 16000).sum() == found.every_count
    assert found.place == found.every_place == {"n": 16000, "seeds": [1, 2, 3, 4, 5], "tables": []}
    # the estimate is ten times the amplitude here
    assert found.estimate == found.amplitude == found.every_estimate
    assert abs(found.amplitude[0]) < 0.6


def test_the_onset_falls_as_the_smallest_barrier_does(spheres):
    found = barriers.onset_of(spheres)
    assert {n: v.tolist() for n, v in found.values.items()} == {1000: [2e-6] * 5, 16000: [1.25e-7] * 5}
    assert found.exponent[0] == pytest.approx(-1) and found.covered == 1 and found.judged == found.exponent
    assert "N = 1000: median 2.0e-06 of 5" in found.note and "exponent -1.00" in found.note
    n, decades = found.widest
    assert n in found.values and decades == 0 and found.largest == (16000, 5, 1.25e-7)
    assert replace(found, values={64: np.array([1, 1e3]), 1000: np.array([1, 10.0])}).widest == (64, pytest.approx(3))
    assert replace(found, covered=0.5).judged == (None, None)
    half = [t.isel(pushed=slice(0, None, 2)) for t in spheres.tables[1000]]
    less = barriers.onset_of(measure.gather("harmonic-spheres", {1000: half}, PEAK))
    assert less.covered < 0.9 and less.exponent == (None, None) and "upper bounds: in one packing" in less.note
    for n, values in measure.smallest_by_size(spheres, "amplitude").items():
        assert values.tolist() == [float(t.amplitude.min()) for t in spheres.tables[n]]


def test_at_the_onset_equipartition_carries_a_harmonic_mode_to_where_it_leaves():
    # <kappa x^2 / 2> = T / 2 at x = A_c sqrt(N); the last mode never left and has no barrier
    kappa, amplitude = np.array([0.5, 2.0, 9.0, 1.0]), np.array([0.03, 0.01, 0.02, np.inf])
    barrier = np.r_[kappa[:3] * amplitude[:3] ** 2 * 1000 / 2, np.nan]
    table = made_up(1000, 1, k=4, amplitude=amplitude, barrier=barrier, transition=np.array([0, 1, 2, -1]))
    (temperature,) = barriers.onset_of(measure.gather("harmonic-spheres", {1000: [table]}, 1.0)).values[1000]
    reached = np.sqrt(temperature / kappa / 1000)
    assert (reached <= amplitude * (1 + 1e-12)).all() and reached[1] == pytest.approx(amplitude[1])


def test_modes_that_share_their_minimum_are_counted():
    # three modes for each minimum, in every glass with lengths of its own
    tables = [made_up(1000, s, transition=np.arange(12) // 3, distance=np.full(12, 0.1 * s)) for s in range(1, 5)]
    share, apart = minima.minima_per_mode(measure.gather("harmonic-spheres", {1000: tables}, PEAK))
    assert share[0] == pytest.approx(1 / 3) and apart == 1


def test_energies_that_are_cubes_of_the_length_have_the_exponent_three(spheres):
    law, shuffled = minima.energy_law(spheres, np.random.default_rng(1))
    assert law[0] == pytest.approx(3) and abs(shuffled[0]) < 1
    few = measure.gather("harmonic-spheres", {1000: [made_up(1000, 1, k=4)]}, PEAK)
    assert minima.energy_law(few, np.random.default_rng(1)) == ((None, None), (None, None))


def test_far_fields_are_compared_with_dipoles_in_the_same_boxes(spheres):
    """Rearrangements that fall as r^-2.5 among dipoles that fall as r^-2, and modes that fall as r^-1."""
    r = np.linspace(1, 11, 25)
    large = spheres.at_least(16000)
    for table in large.every_table:
        table["shell_distance"] = (("transition_label", "wide"), np.tile(r, (12, 1)))
        table["shell_displacement"] = (("transition_label", "wide"), np.tile(r**-2.5, (12, 1)))
    fields = np.stack([np.tile(r**-a, (8, 1)) for a in (1.0, 2.0)]).reshape(1, 16, 25).repeat(2, axis=0)
    data = xr.Dataset(
        {
            "distance": (("glass", "field", "shell"), np.broadcast_to(r, fields.shape)),
            "displacement": (("glass", "field", "shell"), fields),
            "order": (("glass", "mode"), np.tile([0.1] * 7 + [0.9], (2, 1))),
        }
    )
    found = tails.read_far_fields(data, large)
    assert found.transitions[0] == pytest.approx(2.5) and found.count == 60
    assert found.excess[0] == pytest.approx(0.5) and found.excess_of_modes[0] == pytest.approx(-1)
    assert found.modes[1] == pytest.approx((1, 1)) and found.dipoles[0] == pytest.approx(2)
    # the mode that is a phonon does not count
    assert [len(u) for _, u in found.profiles["quasi-localised modes"]] == [7, 7]
    assert np.isnan(tails.tail_exponent(r[:8], r[:8] ** -2.0))


def test_an_elastic_dipole_is_that_of_kelvin_far_from_the_images():
    """u_i = -P_jl dG_ij / dx_l with Kelvin's solution G of an infinite isotropic medium."""
    shear, bulk, dipole = 0.123, 0.55, np.array([[0.4, 1.0, 0], [1.0, -0.1, 0.2], [0, 0.2, -0.3]])
    poisson = (3 * bulk - 2 * shear) / (2 * (3 * bulk + shear))

    def green(x):
        r = np.linalg.norm(x, axis=1)[:, None, None]
        n = x / r[:, :, 0]
        part = (3 - 4 * poisson) * np.eye(3) + n[:, :, None] * n[:, None, :]
        return part / (16 * np.pi * shear * (1 - poisson) * r)

    directions = np.random.default_rng(0).normal(size=(400, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    centre, step = np.array([3.0, 7.0, 1.0]), 1e-4 * np.eye(3)
    for r, accuracy in ((5.0, 0.06), (7.0, 0.04)):
        x = r * directions
        exact = -sum(
            dipole[j, k] * (green(x + step[k]) - green(x - step[k]))[:, :, j] / 2e-4 for j in range(3) for k in range(3)
        )
        found = tails.elastic_dipole(centre + x, 40.0, bulk, shear, dipole, centre)
        assert np.linalg.norm(found - exact, axis=1).mean() < accuracy * np.linalg.norm(exact, axis=1).mean() * 2
        assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(exact), rel=accuracy)
    # a dipole of trace only does not turn the medium, and its field is radial
    field = tails.elastic_dipole(centre + 4 * directions, 40.0, bulk, shear, np.eye(3), centre)
    assert (abs((field * directions).sum(axis=1)) > 0.95 * np.linalg.norm(field, axis=1)).all()


def test_transitions_that_overlap_are_one_rearrangement():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(2, 40, 3))
    moved = np.stack([first, second, 0.7 * first + 0.05 * second, -second])
    at = np.tile(np.arange(40), (4, 1))
    table = xr.Dataset(
        {"moved_atom": (("label", "rank"), at), "moved": (("label", "rank", "xyz"), moved)}, attrs={"n_atoms": 50}
    )
    assert rearrangement.clusters(table).tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(rearrangement.overlaps(table)[1, 3], 1)
    assert rearrangement.clusters(table.isel(label=slice(0))).tolist() == []


def test_claims_are_judged_in_boxes_of_the_size_asked_for(spheres):
    large = spheres.at_least(16000)
    assert set(large.tables) == {16000} and (large.modes.n_atoms == 16000).all()
    assert spheres.at_least(2000, 4000).tables == spheres.tables
    assert list(measure.size_table(spheres).N) == ["1,000", "16,000"]


def test_an_amplitude_that_falls_with_the_size_has_that_exponent():
    rng = np.random.default_rng(8)
    tables = {}
    for n, samples in ((1000, 4), (4000, 3), (16000, 2), (64000, 1)):
        tables[n] = []
        for seed in range(samples):
            omega = np.sort(rng.uniform(0.02, 0.09, 30))
            # a size with a single sample does not count, and would mislead
            amplitude = omega**1.5 * n ** (-0.5 if samples > 1 else 0.0) * np.exp(rng.normal(0, 0.05, 30))
            tables[n].append(made_up(n, seed, k=30, amplitude=amplitude).assign(frequency=("mode", omega)))
    pushed = measure.gather("harmonic-spheres", tables, PEAK)
    value, (low, high) = phonons.amplitude_size_exponent(pushed.low)
    assert low < -0.5 < high and value == pytest.approx(-0.5, abs=0.02) and high - low < 0.06
    assert phonons.amplitude_size_exponent(pushed.at_least(16000).low) == (None, None)


def test_phonons_are_paired_with_localised_modes_of_nearly_their_frequency():
    omega = np.array([1.0, 2.0, 2.1, 3.0, 3.2, 5.0])
    order = np.array([0.1, 0.9, 0.2, 0.8, 0.3, 0.6])
    assert transitions.matched_pairs(omega, order, 2).tolist() == [1, 2, 3, 4]
    assert transitions.matched_pairs(omega, order, 1).tolist() == [1, 2]
    with pytest.raises(ValueError, match="3 pairs of modes need as many O_k of either kind, and there are 2 above"):
        transitions.matched_pairs(omega, order, 3)
    amplitude = np.array([1, 6, 2, 9, 3, 1]) * 1e-3
    table = made_up(64000, 1, k=6, amplitude=amplitude).assign(
        frequency=("mode", omega), phonon_order_parameter=("mode", order)
    )
    table.attrs["pairs"] = 2
    pairs = phonons.find_pairs([made_up(1000, 1), table])
    assert pairs.phonons["mode"].tolist() == [1, 3] and pairs.partners["mode"].tolist() == [2, 4]
    assert pairs.ratio("amplitude") == (None, None)
    twice = phonons.find_pairs([table, table])
    assert twice.ratio("amplitude")[0] == pytest.approx(3) and twice.ratio("amplitude")[1] == pytest.approx((3, 3))
    pushed = measure.gather("harmonic-spheres", {64000: [table]}, 10.0)
    share, modes = phonons.phonons_that_leave(pushed, phonons.find_pairs([]), 8e-3)
    assert share[0] == 0.5 and modes["mode"].tolist() == [1, 3]
    # a mode that was pushed twice counts once, and one that was pushed as one of a pair only counts too
    assert phonons.phonons_that_leave(pushed, pairs, 8e-3)[1]["mode"].tolist() == [1, 3]
    few = measure.gather("harmonic-spheres", {64000: [table.isel(pushed=slice(2))]}, 10.0)
    assert phonons.phonons_that_leave(few, pairs, 8e-3)[1]["mode"].tolist() == [1, 3]
    assert phonons.find_pairs([]).ratio("distance") == (None, None)
    rows = phonons.pair_table(pairs)
    assert rows["A_c"].tolist() == amplitude[[1, 2, 3, 4]].tolist() and rows["N"].tolist() == [64000] * 4
    assert rows["omega"].tolist() == omega[[1, 2, 3, 4]].tolist()
    assert phonons.pair_table(phonons.find_pairs([])).empty


def test_a_gap_in_the_lengths_is_found_and_independent_lengths_have_none():
    lengths = np.exp(np.random.default_rng(5).normal(0, 1, 60))
    assert phonons.largest_gap(lengths) < 1
    assert phonons.largest_gap(np.r_[lengths, 1e4 * lengths]) > 3
    assert phonons.largest_gap([1.0, 2.0]) is None


def test_onset_temperatures_are_complete_where_all_slow_modes_were_pushed():
    whole = made_up(16000, 1)
    part = made_up(16000, 2).isel(pushed=slice(2, None))
    pushed = measure.gather("harmonic-spheres", {1000: [made_up(1000, 1)], 16000: [whole, part]}, PEAK)
    large = pushed.at_least(16000)
    onsets, modes = barriers.complete_onsets(large)
    assert onsets == pytest.approx([2e-3 / 16000]) and modes == (whole.frequency.values < PEAK).sum()
    assert len(barriers.complete_onsets(large, 0.1)[0]) == 2
    assert barriers.complete_onsets(measure.gather("harmonic-spheres", {16000: [part]}, PEAK))[1] == 0


def test_the_energy_along_a_push_begins_as_its_expansion_does():
    climb = pushes.climb_of("harmonic-spheres-n1000-instant-s2", 0, [-1e-5, 1e-5, 1e-2])
    np.testing.assert_allclose(climb.energy[:2], climb.cubic[:2], rtol=2e-2)
    assert not climb.new[:2].any() and not climb.lost[:2].any() and climb.energy[2] > 3 * climb.harmonic[2]
    # far from the minimum, what exceeds the harmonic energy is in pairs that did not touch before
    there = climb.at(0.011)
    assert there["ratio"] == climb.energy[2] / climb.harmonic[2] and there["new"] == climb.new[2] > 10
    assert 90 < there["share"] < 105 and there["lost"] > 10


def _transition(displacements):
    values = dict.fromkeys(("returned_amplitude", "energy", "barrier", "inner_product", "left_distance"), 0.1)
    return Transition(
        **values, amplitude=0.1, returned_distance=1e-9, sign=1, unconverged=0, pushes=1, capped=False,
        loose=np.zeros(len(displacements), bool), displacements=displacements,
    )  # fmt: skip


def test_the_same_minimum_is_recognised_from_the_atoms_that_move_most():
    rng = np.random.default_rng(4)
    fields = rng.standard_normal((3, 60, 3)) * np.linspace(0.3, 0.001, 60)[:, None]
    fields -= fields.mean(axis=1, keepdims=True)
    top = [np.argsort(-np.linalg.norm(u, axis=1))[:20] for u in fields]
    table = xr.Dataset(
        {
            "moved_atom": (("transition_label", "rank"), top),
            "moved": (
                ("transition_label", "rank", "xyz"),
                [u[k].astype("f4") for u, k in zip(fields, top, strict=True)],
            ),
        }
    )
    pushes_ = [*fields, fields[1] + 1e-6, fields[2] + rng.normal(0, 1e-2, (60, 3))]
    labels = label_transitions([_transition(u) for u in pushes_])
    for u, label in zip(pushes_, labels, strict=True):
        assert [same_minimum(u, table, k) for k in range(3)] == [k == label for k in range(3)]
    # and counted for random directions, against the first two modes of a table with the amplitudes 1, 2, 3
    table = table.assign(
        amplitude=("pushed", [1.0, 2.0, 3.0]), transition=("pushed", [0, 1, 2]), mode_index=("pushed", [0, 1, 2])
    )
    found = xr.Dataset(
        {
            "amplitude": ("direction", [5.0, 7.0]),
            "displacements": (("direction", "atom", "xyz"), np.array([fields[1], fields[2]], "f4")),
        }
    )
    assert minima.compare_triggers(found, table) == minima.Triggers(1, 6.0, 1.5)


def test_two_minimisers_agree_within_five_per_cent_or_not():
    fire = made_up(1000, 1, amplitude=np.geomspace(0.01, 0.1, 12))
    cg = fire.assign(amplitude=fire.amplitude * np.r_[np.full(9, 1.04), np.full(2, 1.06), np.inf])
    cg["energy"] = cg.energy + np.r_[1e-6, np.zeros(11)]
    found = minimisers.compare_minimisers([(fire, cg)])
    assert found.amplitudes.shape == (11, 2) and found.agree[0] == pytest.approx(9 / 11)
    assert found.alike.tolist() == [False, *[True] * 10] and found.next_mode == 0
    assert found.alike_share == pytest.approx(10 / 11) and found.place == {"n": 1000, "seeds": [1]}
    # neighbours are those of one glass, however close the next glass begins
    flat = fire.assign(amplitude=0.1 + 0 * fire.amplitude)
    both = minimisers.compare_minimisers([(fire, cg), (flat, flat)])
    assert both.next_mode == pytest.approx(11 / 21) and both.agree[0] == pytest.approx(21 / 23)


def test_archived_pairs_of_minimisers_are_of_the_same_modes(spheres):
    for fire, cg in minimisers.minimiser_pairs(spheres, archived=True, lowest=6):
        assert fire.attrs["method"] == "fire" and cg.attrs["method"] == "cg"
        assert fire.attrs["glass_sha256"] == cg.attrs["glass_sha256"]
        assert set(cg.mode_index.values) <= set(fire.mode_index.values)


def test_amplitudes_that_differ_from_the_archive_are_refused():
    assert pushes.relative_difference([0.1, 0.2], [0.1, 0.2]) == 0
    assert pushes.relative_difference([0.1], [0.102]) == pytest.approx(np.log(1.02))
    with pytest.raises(ValueError, match="by more than 5 %"):
        pushes.relative_difference([0.1, 0.2], [0.1, 0.3])


def test_the_archived_pushes_are_those_that_the_book_reads():
    scans, crystals, directions = (measurement(m, True) for m in pushes.MEASUREMENTS)
    tables = [
        load_result("transitions", f"{pushes.SCANS.parameters[name]}-fire") for name in ("spheres", "lennard_jones")
    ]
    assert [float(t.amplitude[0]) for t in tables] == pushes.SCANS.parameters["amplitudes"]
    # below A_c a push returns, at the tight tolerance to within 1e-9
    for prefix, distance in (("", scans.distance.values[0]), ("lj_", scans.lj_distance.values)):
        steps = scans[f"{prefix}amplitude"].values / pushes.SCANS.parameters["amplitudes"][prefix == "lj_"]
        assert (distance[steps < 0.99] < 1e-9).all() and (distance[steps > 1].min() > 1e-3)
    assert np.isinf(crystals.amplitude).all() and crystals.amplitude.shape == (2, 6)
    assert (directions.amplitude > directions.returned_amplitude).all()
    # the same packing, the same doors: as `label_transitions` of full fields found
    assert minima.compare_triggers(directions, tables[0]).same >= 1


def test_crystals_return_and_sliding_layers_follow_their_push():
    assert pushes.fcc_crystal(0.95, "X", 2).get_distances(0, range(1, 32), mic=True).min() == pytest.approx(0.95)
    found = pushes.push_crystals(1, repeat=3)
    assert pushes.returned_share(found) == 1
    assert np.isinf(found.amplitude).all() and (found.pushes >= 14 - 2).all() and found.attrs["n_atoms"] == 108
    sliding = pushes.slide_layers()
    # the middle of a square is a quarter of a cube's edge away, by which either half of the layers moves
    assert sliding.inner_product == pytest.approx(1, abs=0.01)
    assert sliding.amplitude == pytest.approx(0.95 * 2**0.5 / 4, rel=0.02)
    half = xr.Dataset({"amplitude": (("potential", "mode"), [[np.inf, 0.1], [0.2, np.inf]])})
    assert pushes.returned_share(half) == 0.5


def test_every_figure_draws_what_it_is_given(spheres, lj):
    systems = (spheres, lj)
    fig, axes = plt.subplots(2, 2)
    draw.draw_against_frequency(axes[:, 0], systems, "amplitude", draw.AMPLITUDE, crosses="third_order_amplitude")
    drawn = [len(c.get_offsets()) for c in axes[0, 0].collections]
    assert drawn == [60, 60, 120] and axes[1, 0].get_xlabel() == draw.OMEGA
    draw.draw_barriers(axes, systems)
    draw.draw_nature(axes, spheres, {"amplitude": "a", "distance": "d"}, "log")
    draw.draw_rearranged(axes, systems, ((1e-5, 1e-2), (1e-3, 1e-1)))
    plt.close(fig)
    fig, axes = plt.subplots(1, 2)
    draw.draw_law(axes, systems, [3.0, None])
    assert [len(ax.lines) for ax in axes] == [2, 1]
    draw.draw_onset(axes[0], barriers.onset_of(spheres).values, {64000: 1e-8}, "k", "spheres")
    assert axes[0].lines[-2].get_ydata() == pytest.approx([2e-6, 1.25e-7])
    plt.close(fig)
    fig, axes = plt.subplots(1, 2)
    r = np.linspace(1, 11, 25)
    elastic, steep = ([[np.tile(r, (k, 1)), np.tile(5 * r**-a, (k, 1))]] for k, a in ((3, 2.0), (2, 3.0)))
    profiles = {"a": elastic, "b": steep}
    none = (None, None)
    draw.draw_tails(axes[0], tails.FarField(none, none, none, none, none, 0, profiles))
    # every profile and the medians; an elastic field is level
    assert len(axes[0].lines) == 3 + 1 + 2 + 1
    np.testing.assert_allclose(axes[0].lines[3].get_ydata(), 1)
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["a", "b"]
    draw.draw_minimisers(axes[1], minimisers.compare_minimisers([(t, t) for t in spheres.tables[1000]]))
    assert len(axes[1].lines[0].get_xdata()) == 60
    plt.close(fig)
