"""What the chapter yang-2021 measures, on inputs whose answers are known, and the measurements that it archives."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from bosonpeak.archive.results import load_result
from bosonpeak.landscape.artn import Event
from bosonpeak.materials import glasses
from bosonpeak.materials.dynamics import Trajectory
from bosonpeak.materials.potentials import get
from bosonpeak.papers.yang_2021 import archived, fields, measure, motion
from bosonpeak.papers.yang_2021.events import atom_barriers, chosen_atoms, tabulate_events
from bosonpeak.vibrations import gruneisen

N = 300


@pytest.fixture(scope="module")
def gas():
    rng = np.random.default_rng(1)
    return Atoms("CuZr" * (N // 2), rng.uniform(0, 24, (N, 3)), cell=[24.0] * 3, pbc=True)


def searched(atoms, intensity, barriers):
    """A glass whose atom i has the saddles barriers[i], at which itself moves most."""
    events = [
        [Event(atom=i, seed=1, number=k, outcome="saddle", barrier=b, connected=k == 0, moved_atom=i) for k, b in own]
        for i, own in enumerate(map(enumerate, barriers))
    ]
    return measure.Searched(atoms, np.asarray(intensity), tabulate_events(len(atoms), events))


@pytest.fixture(scope="module")
def proportional(gas):
    """Barriers of 0.5 eV times 1 / I_BP, which is 1 to 3."""
    inverse = np.random.default_rng(2).uniform(1, 3, N)
    return searched(gas, 1 / inverse, [[0.5 * v] for v in inverse])


def averaged(found):
    return fields.correlate_fields(found.inverse, found.barrier, found.atoms, measure.NEAR, n_shuffles=2)


class TestBarriers:
    def test_an_atom_has_the_barriers_of_its_own_saddles(self, gas):
        found = searched(gas, np.ones(N), [[1.0, 3.0], [], [2.0]] + [[]] * (N - 3))
        assert found.kicked.tolist() == [0, 2] and found.hit.all()
        assert [own.tolist() for own in found.of_atom(own=True)] == [[1.0, 3.0], [2.0]]
        assert found.barrier[0] == 2.0 and np.isnan(found.barrier[1])

    def test_a_table_of_some_atoms_leaves_the_others_unknown(self):
        table = xr.Dataset({"intensity": ("atom", [0.5, 4.0])}, {"atom": [2, 0]}, {"n_atoms": 3})
        np.testing.assert_array_equal(measure.inverse_peaks(table), [0.25, np.nan, 2.0])

    def test_estimates_that_differ_by_a_factor_are_perfectly_correlated(self):
        assert measure.agreement(np.array([1.1, 2.2, 3.3]), np.array([1.0, 2, 3])) == pytest.approx((1, 0.1))

    def test_the_tenths_of_one_species_are_compared(self, proportional):
        low, high, ratio, shuffled = measure.compare_extremes(proportional, "Zr", 40, np.random.default_rng(3))
        of_zirconium = np.arange(1, N, 2)
        order = of_zirconium[np.argsort(proportional.intensity[of_zirconium])]
        assert low.tolist() == order[:15].tolist() and high.tolist() == order[-15:].tolist()
        # the highest I_BP has the lowest barriers here
        assert ratio[0] == pytest.approx(proportional.barrier[high].mean() / proportional.barrier[low].mean())
        assert ratio[0] < 0.5 < shuffled < 1

    def test_barriers_that_belong_to_the_atom_set_no_ceiling(self, gas):
        rng = np.random.default_rng(4)
        own = rng.uniform(1, 2, N)
        share, same, kicks, ceiling, twenty = measure.of_barriers(searched(gas, own, [[v] * 3 for v in own]))
        assert (share[0], same, kicks, ceiling, twenty) == pytest.approx((1, 1, 3, 1, 1))
        # half of the variance within atoms: k / (1 + k) of a mean over k is reliable
        noisy = searched(gas, own, own[:, None] + own.std() * rng.normal(size=(N, 3)))
        share, _, _, ceiling, twenty = measure.of_barriers(noisy)
        assert share[0] == pytest.approx(0.5, abs=0.08)
        assert ceiling == pytest.approx(np.sqrt(3 / 4), abs=0.04) and twenty == pytest.approx(0.976, abs=0.01)

    def test_proportional_quantities_obey_the_law(self, proportional):
        stiffness = np.random.default_rng(5).uniform(1, 2, N)
        law = measure.fit_law(proportional, averaged(proportional), stiffness, np.random.default_rng(6))
        assert law.size == 30 and law.exponent[0] == pytest.approx(1) and law.left == pytest.approx(1)
        assert law.intercept[0] == pytest.approx(0, abs=1e-9)
        assert law.shuffled_exponent < 0.8 and law.shuffled_left < 0.8

    def test_the_mean_of_the_species_is_taken_off(self):
        species, among = np.array(["Cu", "Zr", "Cu", "Zr"]), np.array([True, True, True, False])
        values = np.array([1.0, 5.0, 3.0, 9.0])
        assert measure.less_species(values, species).tolist() == [-1, -2, 1, 2]
        assert measure.less_species(values, species, among).tolist() == [-1, 0, 1, 4]

    def test_proportional_quantities_share_their_regions(self, proportional):
        soft, easy, (shared, chance) = measure.find_regions(
            proportional, averaged(proportional), 40, np.random.default_rng(7)
        )
        assert shared == 1 and sorted(soft) == sorted(easy) and len(soft) == N // 4
        # a quarter of a quarter by chance, and much scatter of fields so smooth
        assert 0 <= chance[0] < 0.25 < chance[1] < 0.8

    def test_lengths_are_compared_with_the_field_itself(self, proportional):
        found, itself = measure.compare_lengths(proportional, np.array([2.0, 4, 6]), np.random.default_rng(8))
        # proportional fields are so at every length
        np.testing.assert_allclose(found[2], 1)
        assert (abs(itself[2]) < 1).all()

    def test_searches_that_end_elsewhere_are_not_counted_as_repeated(self, proportional, monkeypatch):
        kicked = chosen_atoms(N, 3)
        ends = dict(zip(kicked.tolist(), (proportional.barrier[kicked] + [0, 0.0005, 0.1]).tolist(), strict=True))
        monkeypatch.setattr(
            measure.artn,
            "activation_events",
            lambda atoms, potential, atom, count, seed: [
                Event(atom=atom, seed=seed, number=0, outcome="saddle", barrier=ends[atom])
            ],
        )
        assert measure.repeated_searches(proportional, None, 3) == 2

    def test_other_choices_are_measured_as_they_are_named(self, proportional):
        ones = np.random.default_rng(9).uniform(1, 2, (3, N))
        table, singles = measure.compare_choices(proportional, {1.0: proportional.intensity}, *ones)
        assert singles["width 1 rad/ps"].r == pytest.approx(1) == singles["lowest saddle of the atom"].r
        expected = np.corrcoef(1 / ones[1], proportional.barrier)[0, 1]
        assert singles["mean square displacement, inverse"].r == pytest.approx(expected)
        assert len(table) == len(singles) == 10 and set(table["atoms"]) == {N}

    def test_a_family_of_one_glass_is_this_glass(self):
        name = "Cu50Zr50-mendelev-2009-n1000-1e12-s1"
        family = measure.measure_family([name], 5)
        x, table = measure.inverse_peaks(load_result("local", f"{name}-modes")), load_result("events", name)
        alone = fields.correlate_fields(x, atom_barriers(table)[0], glasses.load(name), measure.NEAR, n_shuffles=5)
        assert family.r[0] == pytest.approx(alone.r) and family.atoms == alone.n_atoms
        np.testing.assert_allclose(family.x, alone.x / alone.x.mean())
        rows = measure.tabulate_families({"rates": {"10¹² K/s": family}})
        assert rows.loc[0, "glasses"] == 1 and rows.loc[0, "saddles found"].endswith(" %")


class TestSpace:
    def test_a_decay_is_three_times_its_length(self, gas):
        values = np.where(np.arange(N) < 200, np.random.default_rng(10).normal(size=N), np.nan)
        shells = np.arange(2.0, 12, 1.0)
        correlation, fit, shuffled = measure.measure_decay(values, gas, shells, np.random.default_rng(11))
        assert correlation.n_atoms == 200 and measure.three_lengths(fit)[0] == pytest.approx(3 * fit.length)
        mixed = values.copy()
        mixed[:200] = np.random.default_rng(11).permutation(values[:200])
        again = fields.correlation_length(measure.spatial_autocorrelation(mixed, gas, shells))
        assert shuffled == pytest.approx(3 * again.length)
        table = measure.tabulate_decays([("b", gas, values), ("a", gas, mixed)], shells)
        assert table[""].tolist() == ["a", "b"] and table["measured"].tolist() == [200, 200]

    def test_one_row_for_each_box(self, proportional):
        curve = measure.by_length(proportional.inverse, proportional.barrier, proportional.atoms, [0, measure.NEAR], 20)
        table = measure.tabulate_sizes([(N, curve)], [0, measure.NEAR])
        assert table.loc[0, "r of single atoms"].startswith("1.00") and table.loc[0, "with a barrier"] == N


class TestMotion:
    def test_a_tenth_that_moves_twice_as_far_is_seen(self):
        n, rng = 100, np.random.default_rng(12)
        intensity, per_kelvin = rng.uniform(1, 2, n), rng.uniform(1, 2, n)
        order = np.argsort(intensity)
        factor = np.ones((2, 2, n))
        factor[:, 0, order[-10:]] = 2
        step = rng.uniform(0, 1, (2, 3, n))
        runs = xr.Dataset(
            {
                "kelvin": ("run", [90.0, 110.0]),
                "square": (("run", "kind", "atom"), 100 * per_kelvin * factor),
                "square_about": (("run", "kind", "atom"), 100 * per_kelvin * np.ones((2, 2, n))),
                "step": (("run", "window", "atom"), step),
            }
        )
        atoms = Atoms(f"Cu{n}", [[10.0 * k, 0, 0] for k in range(n)], cell=[10.0 * n, 10, 10], pbc=True)
        moved = measure.compare_motion(runs, intensity, per_kelvin, atoms)
        assert moved.ratio[0][0] == pytest.approx(2) and moved.ratio[1][0] == pytest.approx(1)
        assert moved.ratio_about == pytest.approx((1, 1)) and moved.strong.tolist() == order[-10:].tolist()
        # no atom has a neighbour within 3.5 A
        np.testing.assert_array_equal(moved.furthest["weak"], step[..., order[:10]].max(axis=-1).ravel())
        np.testing.assert_allclose(moved.over[0], factor[0, 0])

    def test_runs_become_squares_steps_and_strings(self, gas, monkeypatch, tmp_path):
        rng, calls = np.random.default_rng(13), []
        u = {
            seed: rng.normal(0, 0.6, (round(d / s), N, 3)).astype("f4") for seed, d, s in ((100, 3, 0.1), (50, 1, 0.01))
        }

        def trajectory(atoms, potential, temperature, duration, interval, seed, progress=False):
            calls.append(seed)
            time = interval * np.arange(1, len(u[seed]) + 1)
            return Trajectory(time, np.zeros(len(time)), u[seed], np.full(len(time), 80.0))

        def drawn(modes, potential, atoms, kelvin, time, seed):
            assert (modes, kelvin, seed) == ("modes", 80.0, 200)
            return np.zeros((len(time), N, 3))

        monkeypatch.setattr(archived, "load", lambda name: gas)
        monkeypatch.setattr(archived, "all_modes", lambda name: "modes")
        monkeypatch.setattr(archived.dynamics, "thermal_trajectory", trajectory)
        monkeypatch.setattr(motion, "basin_distance", lambda atoms, potential, last: float(abs(last).max()))
        monkeypatch.setattr(motion, "draw_harmonic", drawn)
        found = archived.thermal_motion("gas", 100.0, 3.0, 1, folder=tmp_path)
        assert dict(found.sizes) == {"run": 1, "kind": 2, "atom": N, "window": 2, "sample": 100, "axis": 3}
        np.testing.assert_allclose(
            found["square"][0, 0], (u[100].astype(float) ** 2).sum(axis=2).mean(axis=0), rtol=1e-5
        )
        np.testing.assert_array_equal(found.step[0, 1], np.linalg.norm(u[100][20] - u[100][10], axis=1))
        assert found.longest[0, 0, 0] == motion.longest_chain(u[100][0], u[100][10], gas, 1.0, 1.0)
        assert found.longest[0, 1].values.tolist() == [0, 0] and found.strayed[0] == abs(u[100][-1]).max()
        np.testing.assert_allclose(found.path, u[50], atol=6e-5)
        # finished runs are read, not made again
        assert archived.thermal_motion("gas", 100.0, 3.0, 1, folder=tmp_path).identical(found)
        assert calls == [100, 50]


def test_a_peak_that_grows_with_temperature_is_described():
    def table(peak):
        values = np.array([[1.0, 1.0], [1.2, 1.2], [peak, peak]])
        data = {name: (("temperature", "sample"), values) for name in ("intensity", "omega_peak", "energy")}
        return xr.Dataset(data, {"temperature": [100.0, 600.0, 1200.0]})

    found = measure.compare_temperatures([table(2.0), table(1.5)])
    np.testing.assert_allclose(found.rise, [2, 1.5])
    np.testing.assert_allclose(found.share, [0.8, 0.6])
    assert float(found.even) == pytest.approx(600 / 1100) and found.same_rise.values.tolist() == [1, 1]


@pytest.fixture(scope="module")
def vibrations():
    """Two glasses of ten atoms and twenty modes, every other below 6 rad/ps, one gamma unknown."""
    rng = np.random.default_rng(14)
    omega = np.sort(rng.uniform(1, 30, (2, 20)))
    omega[:, :8] = np.linspace(2, 5.9, 8)
    omega[:, 8:] = np.linspace(6.1, 30, 12)
    gamma = rng.normal(1, 3, (2, 20))
    gamma[1, 3] = np.nan
    share = rng.uniform(0, 1, (2, 10, 20))
    atomic = np.nansum(share * gamma[:, None], axis=2)
    table = {f"gamma_{way}": (("glass", "mode"), gamma) for way in ("index", "slope", "minima", "overlap")}
    table |= {f"atomic_{way}": (("glass", "atom"), atomic) for way in ("index", "minima")}
    table |= {"omega": (("glass", "mode"), omega), "overlap": (("glass", "mode"), np.ones((2, 20)))}
    return xr.Dataset(table | {"share": (("glass", "atom", "slow"), share[..., :8])}), share


class TestGruneisen:
    def test_shuffled_gammas_are_summed_over_all_modes_of_an_atom(self, vibrations):
        data, share = vibrations
        peaks = np.random.default_rng(15).normal(size=(2, 10))
        found = measure.correlate_gammas(data, peaks, np.random.default_rng(16))
        rng, expected = np.random.default_rng(16), {"index": [], "minima": []}
        for k in range(2):
            for way in expected:
                gamma = data[f"gamma_{way}"].values[k].copy()
                slow = np.flatnonzero((data.omega.values[k] < 6) & np.isfinite(gamma))
                drawn = []
                for _ in range(20):
                    mixed = gamma.copy()
                    mixed[slow] = rng.permutation(gamma[slow])
                    drawn.append(np.corrcoef(peaks[k], np.nansum(share[k] * mixed, axis=1))[0, 1])
                expected[way].append(np.mean(drawn))
        for way, values in expected.items():
            np.testing.assert_allclose(found[way][1], values, rtol=1e-9)
            r = [np.corrcoef(peaks[k], data[f"atomic_{way}"].values[k])[0, 1] for k in range(2)]
            np.testing.assert_allclose(found[way][0], r)

    def test_what_the_paper_states_is_read_off_every_glass(self, vibrations):
        data, _ = vibrations
        scan = np.linspace(2, 30, 57)
        found = measure.compare_gammas(data.isel(glass=[0, 0]), [4.0, 4.0], scan, np.random.default_rng(17))
        omega, gamma = data.omega.values[0], data.gamma_index.values[0]
        assert found.low[0] == pytest.approx(abs(gamma[omega < 4]).mean() / np.median(abs(gamma)))
        assert found.exchange.tolist() == [1, 1] == found.fast.tolist() and found.index_slope[0] == pytest.approx(1)
        assert found["mean"][0] == pytest.approx(gamma.mean()) and found.slow[0] == pytest.approx(
            gamma[omega < 6].mean()
        )
        means = [gamma[omega < at].mean() if at >= omega[10] else -np.inf for at in scan]
        assert found.summit[0] == scan[int(np.argmax(means))]
        mixed = np.random.default_rng(17).permutation(gamma)
        assert found.low_shuffled[0] == pytest.approx(abs(mixed[omega < 4]).mean() / np.median(abs(gamma)))

    def test_tracking_by_overlap_is_compared_among_slow_modes(self, vibrations):
        assert measure.compare_tracking(vibrations[0].isel(glass=1)) == pytest.approx((1, 1))


@pytest.fixture(scope="module")
def glass(tmp_path_factory):
    recipe = glasses.GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
    return glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))


class TestArchive:
    def test_modes_of_a_small_glass_are_archived_and_checked(self, glass, monkeypatch, tmp_path):
        monkeypatch.setattr(archived, "load", lambda name: glass)
        monkeypatch.setattr(measure, "load", lambda name: glass)
        archived.all_modes.cache_clear()
        data = archived.vibrations(["tiny"], 0.01, 0.003, [1.0], folder=tmp_path).assign_attrs(source="archived")
        archived.all_modes.cache_clear()
        first = data.isel(glass=0)
        slow = first.sizes["slow"]
        assert slow == (first.omega < archived.SLOW).sum()
        # a mode is shared out among the atoms; the sum over atoms is that over modes
        np.testing.assert_allclose(first.share.sum("atom"), 1)
        for way in ("index", "minima"):
            assert float(first[f"atomic_{way}"].sum()) == pytest.approx(float(first[f"gamma_{way}"].sum()))
        potential = get(archived.POTENTIAL)
        direct = gruneisen.mode_gruneisen(glass, potential, 0.01, relax=False, tracking="perturbation")
        np.testing.assert_allclose(first.gamma_slope, direct.gamma, rtol=1e-4)
        moments = archived.moments("tiny", [1.0, 10.0]).intensity.values
        assert measure.agreement(moments[0], first.intensity[0].values)[0] > 0.99
        checked = measure.recompute("tiny", potential, data, moments, 0.01, atoms=4, modes=3)
        assert checked["sample_atoms"] == 4 and "agree" in checked["sample_off"]
        with pytest.raises(ValueError, match="archived = False"):
            measure.recompute("tiny", potential, data, 1.01 * moments, 0.01, atoms=4, modes=3)
        live = measure.recompute("tiny", potential, data.assign_attrs(source="live"), moments, 0.01)
        assert live["sample_modes"] == 0
        # finished glasses are read
        monkeypatch.setattr(archived, "_glass", lambda *options: pytest.fail("a finished glass was computed again"))
        again = archived.vibrations(["tiny"], 0.01, 0.003, [1.0], folder=tmp_path)
        assert again.identical(data.drop_attrs().assign_attrs(unit="rad/ps", slow=archived.SLOW))

    def test_glasses_of_two_sizes_are_refused(self, glass, monkeypatch):
        monkeypatch.setattr(archived, "load", lambda name: glass[: 50 if name == "half" else 108])
        with pytest.raises(ValueError, match=r"\[50, 108\] atoms"):
            archived.vibrations(["half", "whole"], 0.01, 0.003, [1.0])

    def test_a_crystal_is_read_at_the_fraction_of_its_debye_frequency(self):
        glass = "Cu50Zr50-mendelev-2009-n500-1e14-s1"
        found, spectrum = archived.crystal([glass], 3), load_result("vibrations", glass).attrs
        # copper is stiffer than the glass, and its Debye level is lower
        assert found.omega > spectrum["boson_peak_omega"] and 0 < found.debye_level < spectrum["debye_level"]
        assert float(found.g) > 0

    def test_every_measurement_has_a_name_of_its_own(self):
        names = [known.name for known in archived.MEASUREMENTS]
        assert len(set(names)) == len(names) == 5 and all(name.startswith("yang-2021-") for name in names)
