"""What the chapter li-2025 reads off fluctuations of local quantities, on maps that were made with a known answer."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from made_maps import INSIDE, Q, S, made_glasses, made_spectra
from made_maps import E as EVERY

from bosonpeak.papers.li_2025 import fields
from bosonpeak.papers.li_2025.field_choices import FIELDS, PHASES
from bosonpeak.papers.li_2025.fields import Fields
from bosonpeak.statistics import mean_interval

E, FINE, SLOW = np.arange(1, 31) * 0.5, np.arange(1, 61) * 0.25, np.arange(0.35, 2.2, 0.1)
REFERENCES = ("minimum", "frame", "lag 0.24 ps", "lag 0.5 ps")
OTHER = np.cos(3 * Q) - np.cos(3 * Q)[INSIDE].mean()
OTHER -= (S - S[INSIDE].mean()) * (OTHER[INSIDE] @ (S - S[INSIDE].mean())[INSIDE]) / S[INSIDE].var() / INSIDE.sum()
OTHER *= S[INSIDE].std() / OTHER[INSIDE].std()


def with_r(r) -> np.ndarray:
    """A function of Q that has Pearson's r with S(Q) over the window."""
    return 3 + r * (S - S[INSIDE].mean()) + np.sqrt(1 - r**2) * OTHER


def line(at, energy=E, width=1.5):
    return np.exp(-0.5 * ((energy - np.asarray(at)[..., None]) / width) ** 2)


def made_data(r: dict, name="made", place=3.0, disperses=(), **choices) -> xr.Dataset:
    """As `field_choices.field_choices` gives it.

    r: likeness of each field, 0 where it is not named; disperses: fields whose line lies between 3 and 7 meV; choices:
    by reference or phase, with _ for a blank, a factor on r and a shift of the line.
    """
    omega = np.zeros((len(FIELDS), len(REFERENCES), 2, len(Q), len(E)))
    for f, field in enumerate(FIELDS):
        for k, reference in enumerate(REFERENCES):
            for p, phase in enumerate(PHASES):
                factor, shift = choices.get(reference.replace(" ", "_"), (1, 0))
                factor *= choices.get(phase.replace(" ", "_"), (1, 0))[0]
                at = (5.0 + 2 * np.sin(Q) if field in disperses else place * np.ones(len(Q))) + shift
                omega[f, k, p] = with_r(r.get(field, 0.0) * factor)[:, None] * line(at)
    chi = np.array([[line(2.0 + f, FINE) for _ in REFERENCES] for f in range(len(FIELDS))])
    slow = np.array([line(speed * SLOW, EVERY, 0.8) for speed in (12.0, 6.0)])
    return xr.Dataset(
        {
            "omega": (("field", "reference", "phase", "q", "energy"), omega),
            "chi": (("field", "reference", "spectrum_energy"), chi),
            "slow": (("slow_field", "slow_q", "slow_energy"), slow),
            "structure": ("q", S),
        },
        {
            "field": list(FIELDS), "reference": list(REFERENCES), "phase": list(PHASES), "q": Q, "energy": E,
            "spectrum_energy": FINE, "slow_field": ["volumetric", "shear"], "slow_q": SLOW, "slow_energy": EVERY,
            "waves": ("q", np.full(len(Q), 12)),
        },
        {"unit": "meV", "name": name, "seed": 1, "n_atoms": 4000},
    )  # fmt: skip


LIKE = {"shear": 0.9, "von Mises": 0.3, "displacement": 0.95, "coordination": 0.5, "rotation": 0.8}


@pytest.fixture(scope="module")
def found():
    options = {"frame": (0.5, 0.0), "lag_0.24_ps": (1.0, 5.0), "lag_0.5_ps": (1.0, 1.2), "at_rest": (0.9, 0.0)}
    some = [made_data(LIKE, disperses=("volumetric",), **options)] * 2
    small = [made_data({"shear": 0.4}, place=4.0)]
    peaks = {4000: np.array([3.0, 3.5]), 1000: np.array([4.0])}
    return Fields({4000: some, 1000: small}, peaks, 4000, {4000: np.array([2.5, 2.5])})


class TestChoices:
    def test_the_registered_reading_is_from_the_minimum_with_moving_atoms(self, found):
        reading = found.choose()("shear")
        assert reading is found.reading("shear") and reading is found.get()("shear")
        np.testing.assert_array_equal(reading.inside, INSIDE)
        np.testing.assert_array_equal(reading.peaks, [3.0, 3.5])
        np.testing.assert_allclose(reading.curves, 0.9)
        assert fields.likeness("shear")(found.get())[0] == pytest.approx(0.9)

    def test_each_choice_changes_one_thing(self, found):
        for choice, option, r in (
            ("reference", "frame", 0.45),
            ("phase", "at rest", 0.81),
            ("field", "von Mises", 0.3),
            ("box", 1000, 0.4),
        ):
            get = found.choose(choice, option)
            assert get("shear").r_at(3.0)[0] == pytest.approx(r)
        # another definition of the shear leaves the other quantities as they are
        assert found.choose("field", "von Mises")("displacement") is found.get()("displacement")
        assert found.choose("box", 1000)("shear").peaks == [4.0]

    def test_what_is_not_at_hand_is_none(self, found):
        assert found.choose("reference", "mean places") is None
        assert found.choose("box", 10000) is None and found.choose("box", 4000) is None
        assert found.choose_chi("reference", "mean places") is None and found.choose_chi("box", 4000) is None
        with pytest.raises(ValueError, match="no maps for the field 'charge'"):
            found.get()("charge")

    def test_the_table_has_all_quantities_and_choices_of_the_smallest_boxes(self, found):
        few = [x.sel(reference=["minimum", "lag 0.5 ps"]) for x in found.data[4000]]
        some = Fields({10000: few, 4000: found.data[4000]}, {10000: found.peaks[4000], 4000: found.peaks[4000]}, 10000)
        assert some.references() == ["minimum", "lag 0.5 ps"] and some.references(4000) == list(REFERENCES)
        table = some.table(("shear", "rotation"))
        assert list(table.index) == ["shear", "rotation"]
        assert list(table.columns) == [(r, p) for r in REFERENCES for p in PHASES]
        np.testing.assert_allclose(table.loc["shear"][:4], [0.9, 0.81, 0.45, 0.405])
        assert table.loc["rotation", ("minimum", "moving")] == pytest.approx(0.8)
        # a reference that the registered boxes lack is that of the smallest ones
        assert some.choose("reference", "frame") is None and some.choose_chi("reference", "frame") is None
        other = some.choose("reference", "frame (N = 1,000)")("shear")
        np.testing.assert_array_equal(other.curves, some.reading("shear", "frame", n=4000).curves)
        assert some.choose("reference", "lag 0.5 ps") is not None
        assert some.choose_chi("reference", "frame (N = 1,000)")("shear") == some.chi_peaks("shear", "frame", 4000)
        np.testing.assert_array_equal(some.lags()[0], [0.5])


class TestStatistics:
    def test_places_and_spreads(self, found):
        get = found.get()
        assert fields.place("shear")(get)[0] == pytest.approx(np.mean([3 / 3.0, 3 / 3.5]), abs=0.01)
        assert fields.spread("shear")(get)[0] == pytest.approx(0, abs=1e-9)
        assert fields.spread("volumetric")(get)[0] > fields.FLAT
        assert fields.spread("shear")(get) == get("shear").spread()

    def test_one_quantity_leads_another(self, found):
        assert fields.lead("displacement", "shear")(found.get())[0] == pytest.approx(0.05)
        assert fields.lead("rotation", "shear")(found.get())[0] == pytest.approx(-0.1)

    def test_a_spectrum_that_falls_has_no_gap(self):
        data = made_data({})
        falling, one = 1 / E, line(3.0)
        for k, spectrum in ((FIELDS.index("non-affine"), falling), (FIELDS.index("displacement"), one)):
            data.omega[k] = with_r(0.5)[:, None] * spectrum
        get = Fields({4000: [data]}, {4000: np.array([3.0])}, 4000).get()
        assert fields.gap("non-affine")(get) == (pytest.approx(1), (0, 1))
        assert E[2] == fields.LOW and fields.gap("displacement")(get)[0] == pytest.approx(one[2] / one.max())

    @pytest.mark.parametrize(
        ("like", "disperses", "expected"),
        [
            # the shear has both features, and the others follow S(Q) less
            ({"shear": 0.9, "coordination": 0.5, "non-affine": 0.2}, (), 0.9 / 0.85),
            # another quantity has both features too
            ({"shear": 0.9, "coordination": 0.95}, (), 0.85 / 0.95),
            # one that follows S(Q) at no single energy does not
            ({"shear": 0.9, "coordination": 0.95}, ("coordination",), 0.9 / 0.85),
            # the shear lacks one of the features
            ({"shear": 0.6}, (), 0.6 / 0.85),
            ({"shear": -0.6}, (), -0.6 / 0.85),
            # the displacement is not among the five
            ({"shear": 0.9, "displacement": 0.99}, (), 0.9 / 0.85),
        ],
    )
    def test_only_the_shear_has_both_features_or_not(self, like, disperses, expected):
        data = made_data(like, disperses=disperses, place=4.5)
        get = Fields({4000: [data] * 2}, {4000: np.array([4.5, 4.5])}, 4000).get()
        assert fields.only_shear(get)[0] == pytest.approx(expected)

    def test_the_score_is_the_weakest_of_three(self):
        data = made_data({"shear": 0.95}, place=4.5)
        reading = Fields({4000: [data]}, {4000: np.array([4.5])}, 4000).reading("shear")
        assert fields.score(reading)[0] == pytest.approx(0.95 / 0.85)
        # without a gap
        data.omega[FIELDS.index("shear")] = with_r(0.95)[:, None] / E
        reading = Fields({4000: [data]}, {4000: np.array([4.5])}, 4000).reading("shear")
        assert fields.score(reading)[0] == pytest.approx(0)

    def test_the_window_and_the_peak_of_b_are_choices(self, found):
        get = found.get()
        inside = (Q > 3.2) & (Q < 8.5)
        expected = np.corrcoef(with_r(0.9)[inside], S[inside])[0, 1]
        assert fields.likeness("shear", fields.BEYOND)(get)[0] == pytest.approx(expected, abs=1e-6)
        assert fields.place("shear", np.array([2.0, 2.0]))(get)[0] == pytest.approx(1.5, abs=0.01)


class TestSpectraOfAtoms:
    def test_the_highest_maximum_is_read_over_the_peak(self, found):
        # the line of each quantity lies one meV above the one before
        for k, field in enumerate(FIELDS[:3]):
            expected = mean_interval((2.0 + k) / np.array([3.0, 3.5]), 0)
            assert found.chi_peaks(field)[0] == pytest.approx(expected[0], abs=0.01)
        assert found.choose_chi()("coordination") == found.chi_peaks("coordination")
        assert found.choose_chi("reference", "lag 0.5 ps")("coordination") == found.chi_peaks("coordination")
        assert found.choose_chi("box", 1000)("coordination")[0] == pytest.approx(0.5, abs=0.01)

    def test_between_the_steps_of_the_energy(self):
        data = made_data({})
        data.chi[0] = line(3.37, FINE) + 0.9 * line(9.0, FINE)
        found = Fields({4000: [data]}, {4000: np.array([1.0])}, 4000)
        assert found.chi_peaks("coordination")[0] == pytest.approx(3.37, abs=0.02)
        # the highest one counts
        data.chi[0] = line(3.37, FINE) + 1.1 * line(9.0, FINE)
        assert found.chi_peaks("coordination")[0] == pytest.approx(9.0, abs=0.02)

    def test_a_spectrum_that_only_falls_has_the_lowest_energy(self):
        data = made_data({})
        data.chi[0] = 1 / FINE
        # a maximum below the lowest energy is none
        data.chi[1] = line(0.6, FINE, 0.3)
        found = Fields({4000: [data]}, {4000: np.array([2.0])}, 4000)
        assert found.chi_peaks("coordination")[0] == found.chi_peaks("neighbour distance")[0] == 0.75


class TestSound:
    def test_ridges_are_compared_with_branches(self, found):
        q, energy = fields.ridge(found.data[4000], "shear")
        np.testing.assert_allclose(q, SLOW)
        plain = fields.ridge(found.data[4000], "shear", current=False)[1]
        np.testing.assert_allclose(plain, 6.0 * SLOW, atol=0.05)
        # the factor E^2 moves a line of width w from E to E + 2 w^2 / E
        assert (energy >= plain).all() and energy[-1] == pytest.approx(plain[-1], rel=0.1)
        place = np.where(Q < 2.2, Q, np.nan)[:, None]
        currents = {
            way: np.exp(-0.5 * ((EVERY - speed * place) / 0.8) ** 2) / EVERY**2
            for way, speed in (("longitudinal", 12.0), ("transverse", 6.6))
        }
        pair = found.data[4000], [made_spectra(np.exp(-EVERY), **currents)] * 2
        assert fields.over_branch("volumetric", "longitudinal", False)(pair)[0] == pytest.approx(1, abs=0.01)
        assert fields.over_branch("shear", "transverse", False)(pair)[0] == pytest.approx(6 / 6.6, abs=0.01)
        assert fields.over_branch("volumetric", "transverse", False)(pair)[0] == pytest.approx(12 / 6.6, abs=0.02)

    def test_the_same_glasses_are_compared(self, found):
        glasses = made_glasses({4000: [3.0, 3.5], 1000: [4.0], 10000: [3.0]}, 10000)
        chosen = fields.choose_sound(found, glasses)
        assert chosen()[0] is found.data[4000] and chosen()[1] is glasses.spectra[4000]
        assert chosen("box", 1000)[1] is glasses.spectra[1000]
        assert chosen("box", 4000) is None and chosen("box", 10000) is None
        assert fields.choose_sound(found, made_glasses({1000: [4.0]}, 1000))() is None


def test_lags_are_in_picoseconds(found):
    tau, energy = found.lags()
    np.testing.assert_array_equal(tau, [0.24, 0.5])
    np.testing.assert_allclose(energy, [8.0, 4.2], atol=0.01)
    np.testing.assert_allclose(found.lags(1000)[1], 4.0, atol=0.01)


def test_numbers_of_the_prose(found):
    numbers = fields.numbers(found)
    expected = {
        "shear": 0.9, "displacement": 0.95, "rotation": 0.8, "random_sign": 0.0, "shear_rest": 0.81,
        "lag_place": 4.2,
    }  # fmt: skip
    assert {name: numbers[name] for name in expected} == pytest.approx(expected, abs=0.01)


class TestLedger:
    def test_every_claim_is_measured_with_its_controls(self, found):
        asked = {}

        def measure(claim, statistic, choose, controls, choices=None, **who):
            given = choose()
            assert all(callable(part) for part in (choices or {}).values())
            asked[claim] = statistic(given), {name: part(given) for name, part in controls.items()}, who

        ledger = SimpleNamespace(measure=measure)
        fields.record_maps(found, ledger, n=4000)
        assert list(asked) == [claim for claim, _, _ in fields.CLAIMS]
        value, controls, who = asked["fig4f/shear-r"]
        assert value[0] == pytest.approx(0.9) and who == {"n": 4000}
        assert controls["random-sign"][0] == pytest.approx(0) and controls["coordination"][0] == pytest.approx(0.5)
        assert asked["beyond/displacement-r"][1]["random-sign"][0] == pytest.approx(-0.9)
        asked.clear()
        place = np.where(Q < 2.2, Q, np.nan)[:, None]
        current = np.exp(-0.5 * ((EVERY - 6 * place) / 0.8) ** 2) / EVERY**2
        glasses = SimpleNamespace(
            spectra={4000: [made_spectra(np.exp(-EVERY), longitudinal=current, transverse=current)]}
        )
        fields.record_spectra(found, glasses, ledger)
        assert list(asked) == [
            "fig4a/coordination-peak", "fig4a/distance-peak", "fig4e/longitudinal", "fig4f/transverse",
        ]  # fmt: skip
        value, controls, _ = asked["fig4a/distance-peak"]
        assert value == found.chi_peaks("neighbour distance")
        assert controls == {"coordination": found.chi_peaks("coordination")}
        assert asked["fig4e/longitudinal"][0][0] == pytest.approx(2, abs=0.05)
        assert asked["fig4f/transverse"][1]["longitudinal"][0] == pytest.approx(1, abs=0.1)
