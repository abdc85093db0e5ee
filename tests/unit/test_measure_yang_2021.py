"""What the chapter yang-2021 measures, on inputs whose answers are known, and the measurements that it archives."""

import numpy as np
import pytest
import xarray as xr
from ase import Atoms

from bosonpeak import statistics
from bosonpeak.archive.results import load_result
from bosonpeak.landscape.artn import Event
from bosonpeak.materials import glasses
from bosonpeak.materials.dynamics import Trajectory
from bosonpeak.materials.potentials import get
from bosonpeak.papers.thermal_motion import archived as moving
from bosonpeak.papers.thermal_motion import motion
from bosonpeak.papers.thermal_motion.inherent_spectra import compare_temperatures
from bosonpeak.papers.yang_2021 import archived, atom_peaks, averages, barriers, families, fields, gruneisen
from bosonpeak.papers.yang_2021.events import atom_barriers, chosen_atoms, tabulate_events
from bosonpeak.vibrations.gruneisen import mode_gruneisen

N = 300


@pytest.fixture(scope="module")
def gas():
    rng = np.random.default_rng(1)
    return Atoms("CuZr" * (N // 2), rng.uniform(0, 24, (N, 3)), cell=[24.0] * 3, pbc=True)


def searched(atoms, inverse, of_saddles):
    """A glass whose atom i has the saddles of_saddles[i], at which itself moves most."""
    events = [
        [Event(atom=i, seed=1, number=k, outcome="saddle", barrier=b, connected=k == 0, moved_atom=i) for k, b in own]
        for i, own in enumerate(map(enumerate, of_saddles))
    ]
    return barriers.searched_glass(atoms, np.asarray(inverse), tabulate_events(len(atoms), events))


@pytest.fixture(scope="module")
def proportional(gas):
    """Barriers of 0.5 eV times 1 / I_BP, which is 1 to 3."""
    inverse = np.random.default_rng(2).uniform(1, 3, N)
    return searched(gas, inverse, [[0.5 * v] for v in inverse])


def averaged(found):
    return fields.correlate_fields(found.inverse, found.barrier, found.atoms, fields.NEAR, n_shuffles=2)


class TestPeaks:
    def test_glasses_are_described_one_by_one(self):
        def spectrum(peak, frequencies):
            attributes = {"boson_peak_omega": peak, "boson_peak_intensity": 6.0, "debye_level": 2.0}
            data = {"frequency": ("mode", np.array(frequencies))}
            return xr.Dataset(data, attrs=attributes | {"degrees_of_freedom": len(frequencies), "name": "a glass"})

        found = atom_peaks.describe_glasses([spectrum(2 * np.pi, [1.0, 9.0, 11.0]), spectrum(4.0, [10.0, 5.0, 20.0])])
        assert found.n_atoms.tolist() == [1, 1] and found.omega.tolist() == [2 * np.pi, 4.0]
        assert found.nu[0] == 1.0 and found.excess.tolist() == [3, 3]
        np.testing.assert_allclose(found.below_ten, [2 / 3, 1 / 3])

    def test_a_table_of_some_atoms_leaves_the_others_unknown(self):
        table = xr.Dataset({"intensity": ("atom", [0.5, 4.0])}, {"atom": [2, 0]}, {"n_atoms": 3})
        np.testing.assert_array_equal(atom_peaks.inverse_peaks(table), [0.25, np.nan, 2.0])

    def test_estimates_that_differ_by_a_factor_are_perfectly_correlated(self):
        values = np.arange(1.0, 7.0)
        found = atom_peaks.compare_estimates(1.1 * values, values)
        assert found.r[0] == pytest.approx(1) and found.off == pytest.approx(0.1)
        noisy = values + np.array([1, -1, 1, -1, 1, -1])
        r = np.corrcoef(noisy, values)[0, 1]
        interval = np.tanh(np.arctanh(r) + np.array([-1, 1]) * 1.959964 / np.sqrt(3))
        assert atom_peaks.compare_estimates(noisy, values).r[1] == pytest.approx(interval, rel=1e-5)

    def test_the_spread_is_that_of_the_logarithms(self):
        assert atom_peaks.log_spread(np.exp([1.0, 3.0])) == pytest.approx(1)


class TestBarriers:
    def test_a_glass_knows_the_mean_barriers_of_its_atoms(self, gas):
        found = searched(gas, np.ones(N), [[1.0, 3.0], [], [2.0]] + [[]] * (N - 3))
        assert found.barrier[0] == found.barrier[2] == 2.0 and np.isnan(found.barrier[1])
        assert found.species[:2].tolist() == ["Cu", "Zr"]

    def test_outcomes_are_counted_one_by_one(self):
        def event(number, outcome, moved=0, barrier=np.nan, connected=False, calls=100):
            return Event(
                3, 1, number, outcome, barrier=barrier, connected=connected, moved_atom=moved, force_calls=calls
            )

        events = [event(0, "saddle", 3, 1.0, True), event(1, "saddle", 5, 3.0, False, 300), event(2, "flew apart")]
        found = barriers.count_outcomes(tabulate_events(9, [[*events, event(3, "saddle", 3, 4.0, calls=500)]]))
        assert (found.searches, found.saddles) == (4, 3) and found.success[0] == 0.75
        assert found.connected[0] == pytest.approx(1 / 3) and found.own == pytest.approx(2 / 3)
        assert found.force_calls == 200 and found.barrier == 3
        # Wilson's interval of three of four
        assert found.success[1] == pytest.approx((0.3006, 0.9544), abs=1e-4)

    def test_the_tenths_of_one_species_are_compared(self, proportional):
        low, high, ratio, shuffled = barriers.compare_extremes(proportional, "Zr", 40, np.random.default_rng(3))
        of_zirconium = np.arange(1, N, 2)
        order = of_zirconium[np.argsort(-proportional.inverse[of_zirconium])]
        assert low.tolist() == order[:15].tolist() and high.tolist() == order[-15:].tolist()
        # the highest I_BP has the lowest barriers here
        assert ratio[0] == pytest.approx(proportional.barrier[high].mean() / proportional.barrier[low].mean())
        assert ratio[0] < 0.5 < shuffled < 1

    def test_barriers_that_belong_to_the_atom_set_no_ceiling(self, gas):
        rng = np.random.default_rng(4)
        own = rng.uniform(1, 2, N)
        found = barriers.share_of_atoms(searched(gas, own, [[v] * 3 for v in own]).table)
        assert (found.between[0], found.own, found.kicks) == pytest.approx((1, 1, 3))
        assert (found.ceiling, found.ceiling_twenty) == pytest.approx((1, 1))
        # half of the variance within atoms: k / (1 + k) of a mean over k is reliable
        found = barriers.share_of_atoms(searched(gas, own, own[:, None] + own.std() * rng.normal(size=(N, 3))).table)
        assert found.between[0] == pytest.approx(0.5, abs=0.08)
        assert found.ceiling == pytest.approx(np.sqrt(3 / 4), abs=0.04)
        assert found.ceiling_twenty == pytest.approx(0.976, abs=0.01)

    def test_saddles_of_other_atoms_are_left_out_of_the_own_share(self, gas):
        # the second and third saddle of each atom belong to its neighbour, and differ as atoms do not
        events = []
        for i, value in enumerate(np.random.default_rng(18).uniform(1, 2, 30)):
            moved = [(i, value), (i, value), (i + 1, 9.0 - value), (i + 1, 4 * value)]
            events.append([Event(i, 1, k, "saddle", barrier=b, moved_atom=at) for k, (at, b) in enumerate(moved)])
        found = barriers.share_of_atoms(tabulate_events(N, events))
        assert found.own == pytest.approx(1) and found.between[0] < 0.5 and found.kicks == 4

    def test_searches_that_end_elsewhere_are_not_counted_as_repeated(self, proportional, monkeypatch):
        kicked = chosen_atoms(N, 3)
        ends = dict(zip(kicked.tolist(), (proportional.barrier[kicked] + [0, 0.0005, 0.1]).tolist(), strict=True))
        monkeypatch.setattr(
            barriers.artn,
            "activation_events",
            lambda atoms, potential, atom, count, seed: [
                Event(atom=atom, seed=seed, number=0, outcome="saddle", barrier=ends[atom])
            ],
        )
        assert barriers.repeat_searches(proportional, None, 3) == 2

    def test_an_archived_glass_has_the_atoms_of_both_tables(self):
        name = "Cu50Zr50-mendelev-2009-n1000-1e12-s1"
        found, table = barriers.archived_glass(name), load_result("local", f"{name}-modes")
        np.testing.assert_array_equal(found.inverse[table.atom], 1 / table.intensity)
        np.testing.assert_array_equal(found.barrier, atom_barriers(load_result("events", name)))


class TestAverages:
    def test_the_law_of_proportional_quantities_is_a_proportionality(self, proportional):
        stiffness = np.random.default_rng(5).uniform(1, 2, N)
        law = averages.fit_law(proportional, averaged(proportional), stiffness, np.random.default_rng(6))
        assert law.size == 30 and law.exponent[0] == pytest.approx(1) and law.left[0] == pytest.approx(1)
        assert law.intercept[0] == pytest.approx(0, abs=1e-9)
        assert law.shuffled_exponent < 0.8 and law.shuffled_left < 0.8

    def test_the_mean_of_the_species_is_taken_off(self):
        species, among = np.array(["Cu", "Zr", "Cu", "Zr"]), np.array([True, True, True, False])
        values = np.array([1.0, 5.0, 3.0, 9.0])
        assert averages.less_species(values, species).tolist() == [-1, -2, 1, 2]
        assert averages.less_species(values, species, among).tolist() == [-1, 0, 1, 4]
        assert averages.spread(values) == pytest.approx(values.std() / 4.5)

    def test_proportional_quantities_share_their_regions(self, proportional):
        rng = np.random.default_rng(7)
        soft, easy, (shared, chance) = averages.find_regions(proportional, averaged(proportional), 40, rng)
        assert shared == 1 and sorted(soft) == sorted(easy) and len(soft) == N // 4
        # a quarter of a quarter by chance, and much scatter of fields so smooth
        assert 0 <= chance[0] < 0.25 < chance[1] < 0.8

    def test_boxes_are_averaged_over_every_length_and_pooled(self, proportional, monkeypatch):
        monkeypatch.setattr(averages, "LENGTHS", np.array([0, 2.0, 4, 5.9]))
        monkeypatch.setattr(averages, "AT_NEAR", 3)
        # nearly proportional, for what is so exactly has no finite weight among several boxes
        rng, atoms, inverse = np.random.default_rng(19), proportional.atoms, proportional.inverse
        barrier, stiffness = proportional.barrier + 0.01 * rng.normal(size=N), rng.uniform(1, 2, N)
        whole, some = (searched(atoms, inverse, [[v] if v < top else [] for v in barrier]) for top in (9, 1.2))
        boxes = [whole, some]
        found = averages.average_over_lengths(boxes, stiffness, 20, np.random.default_rng(8))
        # proportional fields are so at every length
        np.testing.assert_allclose([f.r for curve in found.curves for f in curve], 1, atol=0.02)
        assert found.single[0] == pytest.approx(1, abs=1e-3) and found.best[2] == pytest.approx(1, abs=1e-3)
        assert found.curves[0][0].r == pytest.approx(np.corrcoef(inverse, barrier)[0, 1])
        assert found.worth == sum(curve[3].effective for curve in found.curves)
        assert found.stiffness[0].r == pytest.approx(np.corrcoef(stiffness, barrier)[0, 1])
        pooled = [curve[3] for curve in found.curves]
        assert found.chance[1] == pytest.approx(statistics.pool_correlations(pooled)[2].max())
        assert abs(found.chance[0]) < 0.1 and found.itself[2] < 1
        table = averages.tabulate_boxes(boxes, found)
        assert table["with a barrier"].tolist() == [N, np.isfinite(some.barrier).sum()]
        assert table.loc[0, "r of single atoms"].startswith("1.00") and table.loc[0, "p"] == f"{1 / 21:.3f}"

    def test_other_choices_are_measured_as_they_are_named(self, proportional):
        square = np.random.default_rng(9).uniform(1, 2, N)
        others = {"the same": proportional.inverse, "square": 1 / square}
        table, singles = averages.compare_choices(proportional, others)
        assert singles["the same"] == pytest.approx(1) == singles["lowest saddle of the atom"]
        assert singles["square"] == pytest.approx(np.corrcoef(1 / square, proportional.barrier)[0, 1])
        assert len(table) == len(singles) == 8 and set(table["atoms"]) == {N}
        none = searched(proportional.atoms, proportional.inverse, [[v] for v in proportional.barrier])
        none.table["connected"][:] = False
        # a choice that leaves no atoms is left out
        assert "saddles: connected" not in averages.compare_choices(none, {})[1]


class TestFamilies:
    def test_a_family_of_one_glass_is_this_glass(self):
        name = "Cu50Zr50-mendelev-2009-n1000-1e12-s1"
        family = families.measure_family([name], 5)
        x, table = atom_peaks.inverse_peaks(load_result("local", f"{name}-modes")), load_result("events", name)
        alone = fields.correlate_fields(x, atom_barriers(table), glasses.load(name), fields.NEAR, n_shuffles=5)
        assert family.r[0] == pytest.approx(alone.r) and family.row["atoms"] == alone.n_atoms
        np.testing.assert_allclose(family.x, alone.x / alone.x.mean())
        rows = families.tabulate_families({"rates": {"10¹² K/s": family}})
        assert rows.loc[0, "glasses"] == 1 and rows.loc[0, "saddles found"].endswith(" %")
        assert rows.loc[0, "r"].startswith(f"{alone.r:.2f} [") and rows.iloc[0, 0] == "10¹² K/s"

    def test_only_families_of_which_a_glass_is_archived_are_measured(self, monkeypatch):
        shipped = {"events": ["Cu30Zr70-mendelev-2009-n1000-1e13-s2", "Cu30Zr70-mendelev-2009-n1000-1e13-s1", "other"]}
        shipped["local"] = [f"{name}-modes" for name in shipped["events"]] + [
            "Cu50Zr50-mendelev-2009-n1000-1e12-s1-modes"
        ]
        monkeypatch.setattr(families, "shipped_results", shipped.get)
        monkeypatch.setattr(families, "measure_family", lambda names, shuffles: names)
        found = families.measure_families(5)
        assert found == {"compositions": {"Cu30Zr70": sorted(shipped["events"])[:2]}, "rates": {}}

    def test_the_weakest_family_has_the_lowest_r(self):
        def family(r, shuffled):
            return families.Family((r, (r, r)), np.array(shuffled), np.ones(1), np.ones(1), {}, [])

        found = {"a": family(0.5, [0.0, 0.2]), "b": family(0.1, [-0.4, 0.0]), "c": family(0.3, [0.3, 0.3])}
        assert families.weakest(found) == ("b", 0.3)


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
        runs["longest"] = ("run", "kind", "window"), [[[0, 3, 2], [0, 0, 1]], [[0, 0, 1], [0, 0, 0]]]
        runs["strayed"] = "run", [0.01, 0.5]
        moved = motion.compare_motion(runs, intensity, per_kelvin, atoms)
        assert moved.ratio[0][0] == pytest.approx(2) and moved.ratio[1][0] == pytest.approx(1)
        assert moved.ratio_about.tolist() == pytest.approx([1, 1]) and moved.order.tolist() == order.tolist()
        np.testing.assert_allclose(moved.medians, [[1, 2], [1, 1]])
        # no atom has a neighbour within 3.5 A
        np.testing.assert_array_equal(moved.furthest[0], step[..., order[:10]].max(axis=-1).ravel())
        assert [far[0] for far in moved.far] == np.median(moved.furthest, axis=1).tolist()
        np.testing.assert_allclose(moved.over[0], factor[0, 0])
        square = 100 * per_kelvin * factor[0, 0]
        assert moved.r[0] == pytest.approx(np.corrcoef(np.log(intensity), np.log(square))[0, 1])
        assert (moved.kelvin, moved.left, moved.moving, moved.strings.tolist()) == (100, 1, 3, [3, 1])

    def test_neighbours_of_a_group_move_with_it(self):
        n = 40
        atoms = Atoms(f"Cu{n}", [[10.0 * k, 0, 0] for k in range(n)], cell=[10.0 * n, 10, 10], pbc=True)
        # atom 20 is near atom 0 across the border of the box, and alone moves
        atoms.positions[20] = [-3.0, 0, 0]
        step = np.zeros((1, 1, n))
        step[..., 20] = 1.0
        ones = ("run", "kind", "atom"), np.ones((1, 2, n))
        runs = xr.Dataset({"kelvin": ("run", [1.0]), "square": ones, "square_about": ones, "strayed": ("run", [0.0])})
        runs["step"], runs["longest"] = (
            (("run", "window", "atom"), step),
            (("run", "kind", "window"), np.zeros((1, 2, 1))),
        )
        intensity = np.arange(1.0, n + 1)
        # the logarithms of what is the same everywhere have no correlation
        runs["square"] = runs["square"] * intensity
        runs = xr.concat([runs, runs], "run")
        moved = motion.compare_motion(runs, intensity, np.ones(n), atoms)
        assert moved.furthest.tolist() == [[1, 1], [0, 0]]

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

        monkeypatch.setattr(moving, "load", lambda name: gas)
        monkeypatch.setattr(moving, "dynamical_matrix", lambda atoms, potential: "matrix")
        monkeypatch.setattr(moving, "normal_modes", lambda matrix: "modes")
        monkeypatch.setattr(moving, "thermal_trajectory", trajectory)
        monkeypatch.setattr(moving, "basin_distance", lambda atoms, potential, last: float(abs(last).max()))
        monkeypatch.setattr(moving.thermal, "draw_harmonic", drawn)
        found = moving.thermal_motion("gas", 100.0, 3.0, 1, folder=tmp_path)
        assert dict(found.sizes) == {"run": 1, "kind": 2, "atom": N, "window": 2, "sample": 100, "axis": 3}
        np.testing.assert_allclose(
            found["square"][0, 0], (u[100].astype(float) ** 2).sum(axis=2).mean(axis=0), rtol=1e-5
        )
        np.testing.assert_array_equal(found.step[0, 1], np.linalg.norm(u[100][20] - u[100][10], axis=1))
        assert found.longest[0, 0, 0] == motion.longest_chain(u[100][0], u[100][10], gas, 1.0, 1.0)
        assert found.kind.values.tolist() == ["dynamics", "harmonic"] and found.kelvin.values.tolist() == [80.0]
        assert found.longest[0, 1].values.tolist() == [0, 0] and found.strayed[0] == abs(u[100][-1]).max()
        np.testing.assert_allclose(found.path, u[50], atol=6e-5)
        # finished runs are read, not made again
        assert moving.thermal_motion("gas", 100.0, 3.0, 1, folder=tmp_path).identical(found)
        assert calls == [100, 50]


def test_a_peak_that_grows_with_temperature_is_described():
    def table(peak):
        values = np.array([[1.0, 1.0], [1.2, 1.2], [peak, peak]])
        data = {name: (("temperature", "sample"), values) for name in ("intensity", "omega_peak", "energy")}
        return xr.Dataset(data, {"temperature": [100.0, 600.0, 1200.0]})

    found = compare_temperatures([table(2.0), table(1.5)])
    np.testing.assert_allclose(found.rise, [2, 1.5])
    np.testing.assert_allclose(found.share, [0.8, 0.6])
    assert float(found.even) == pytest.approx(600 / 1100) and found.same_rise.values.tolist() == [1, 1]
    np.testing.assert_allclose(found.intensity, [[1, 1.2, 2], [1, 1.2, 1.5]])
    np.testing.assert_allclose(found.energy_top, [2, 1.5])


def test_halves_of_the_structures_at_the_lowest_temperature_are_compared():
    values = np.array([[3.0, 1, 5, 3], [4, 4, 4, 4], [8, 8, 8, 8]])
    data = {name: (("temperature", "sample"), values) for name in ("intensity", "omega_peak", "energy")}
    found = compare_temperatures([xr.Dataset(data, {"temperature": [100.0, 650.0, 1200.0]})])
    # the first and third over the second and fourth
    assert found.same_rise.item() == found.same_shift.item() == 2 and found.rise.item() == pytest.approx(8 / 3)


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
    table |= {"intensity": (("glass", "width", "atom"), np.exp(rng.normal(size=(2, 2, 10))))}
    table |= {"jumped": (("glass", "side"), [[0.0, 0.0], [0.0, 1.0]])}
    return xr.Dataset(table | {"share": (("glass", "atom", "slow"), share[..., :8])}, {"width": [0.5, 1.0]}), share


class TestGruneisen:
    def test_shuffled_gammas_are_summed_over_all_modes_of_an_atom(self, vibrations):
        data, share = vibrations
        peaks = np.log(data.intensity.values[:, 1])
        found = gruneisen.correlate_atoms(data, np.random.default_rng(16))
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
            np.testing.assert_allclose(found[f"{way}_shuffled"], values, rtol=1e-9)
            r = [np.corrcoef(peaks[k], data[f"atomic_{way}"].values[k])[0, 1] for k in range(2)]
            np.testing.assert_allclose(found[way], r)
        assert gruneisen.in_their_basins(data).tolist() == [0]

    def test_what_the_paper_states_is_read_off_every_glass(self, vibrations):
        data, _ = vibrations
        scan = np.linspace(2, 30, 57)
        found = gruneisen.compare_gammas(data.isel(glass=[0, 0]), [4.0, 4.0], scan, np.random.default_rng(17))
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
        assert gruneisen.compare_tracking(vibrations[0].isel(glass=1)) == pytest.approx((1, 1))

    def test_glasses_of_fewer_modes_end_with_their_last_one(self):
        glass = xr.Dataset({"omega": ("mode", [1.0, 2, np.nan]), "gamma_index": ("mode", [3.0, np.nan, np.nan])})
        modes = gruneisen.modes_of(glass, "index")
        assert modes.omega.tolist() == [1, 2] and modes.gamma[0] == 3 and np.isnan(modes.gamma[1])
        assert gruneisen.listed(modes.omega) == "1.00, 2.00" and gruneisen.listed([0.26], ".1f") == "0.3"


@pytest.fixture(scope="module")
def glass(tmp_path_factory):
    recipe = glasses.GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
    return glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))


class TestArchive:
    def test_modes_of_a_small_glass_are_archived_and_checked(self, glass, monkeypatch, tmp_path):
        monkeypatch.setattr(archived, "load", lambda name: glass)
        monkeypatch.setattr(atom_peaks, "load", lambda name: glass)
        data = archived.vibrations(["tiny"], 0.01, 0.003, [1.0], folder=tmp_path).assign_attrs(source="archived")
        first = data.isel(glass=0)
        slow = first.sizes["slow"]
        assert slow == (first.omega < archived.SLOW).sum()
        # a mode is shared out among the atoms; the sum over atoms is that over modes
        np.testing.assert_allclose(first.share.sum("atom"), 1)
        for way in ("index", "minima"):
            assert float(first[f"atomic_{way}"].sum()) == pytest.approx(float(first[f"gamma_{way}"].sum()))
        potential = get(archived.POTENTIAL)
        direct = mode_gruneisen(glass, potential, 0.01, relax=False, tracking="perturbation")
        np.testing.assert_allclose(first.gamma_slope, direct.gamma, rtol=1e-4)
        moments = archived.moments("tiny", [1.0, 10.0]).intensity.values
        assert atom_peaks.compare_estimates(moments[0], first.intensity[0].values).r[0] > 0.99
        checked = atom_peaks.recompute("tiny", potential, data, moments, 0.01, atoms=4, modes=3)
        assert checked["sample_atoms"] == 4 and "agree" in checked["sample_off"]
        with pytest.raises(ValueError, match="archived = False"):
            atom_peaks.recompute("tiny", potential, data, 1.01 * moments, 0.01, atoms=4, modes=3)
        live = atom_peaks.recompute("tiny", potential, data.assign_attrs(source="live"), moments, 0.01)
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
        assert len(set(names)) == len(names) == 4 and all(name.startswith("yang-2021-") for name in names)
