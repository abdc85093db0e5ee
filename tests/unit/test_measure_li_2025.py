"""What the chapter li-2025 reads off maps, on maps that were made with a known answer, and its crystals."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk
from bosonpeak.archive.glasses import load
from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import crystals, maps, measure
from bosonpeak.papers.li_2025.tables import GRIDS, Plan
from bosonpeak.scattering.harmonic import boson_map
from bosonpeak.scattering.wavevectors import ScatteringMap, box_wavevectors
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes

Q, E = np.arange(0.35, 8.6, 0.1), np.arange(1, 121) * 0.25
S = 1 + 1.5 * np.exp(-(((Q - 2.75) / 0.3) ** 2)) + 0.2 * np.sin(3 * Q)
INSIDE = (Q > 2.1) & (Q < 8.5)


def line(place, width=1.5):
    return np.exp(-0.5 * ((E - place) / width) ** 2)


def made_map(values, error=0.02):
    return ScatteringMap(Q, E, values, error * abs(values), np.full(len(Q), 10), "meV")


def made_reading(places, structures=None):
    found = [made_map(np.outer(S, line(place))) for place in places]
    return measure.read_maps(found, structures or [S] * len(places), INSIDE, measure.SEARCH)


def made_table(**variables):
    data = {name: (("q", "energy"), values) for name, values in variables.items()}
    data |= {f"{name}_error": (("q", "energy"), 0.01 * abs(values)) for name, values in variables.items()}
    data["structure"] = ("q", S)
    coordinates = {"q": Q, "energy": E, "waves": ("q", np.full(len(Q), 10)), "available": ("q", np.full(len(Q), 50))}
    return xr.Dataset(data, coordinates, {"unit": "meV", "motion": 10, "axis_displacement": 0.01})


class TestReading:
    def test_a_product_with_s_of_q_peaks_where_it_was_put_and_is_like_s_everywhere(self):
        found = made_reading([3.0, 5.2])
        np.testing.assert_allclose(found.peaks, [3.0, 5.2], atol=0.01)
        np.testing.assert_allclose(found.curves, 1.0)
        np.testing.assert_allclose(found.r, 1.0)
        np.testing.assert_allclose(found.spread, 0.0, atol=1e-9)
        np.testing.assert_array_equal(found.hit, 1.0)
        np.testing.assert_array_equal(found.energy, E)
        np.testing.assert_allclose(found.mean.intensity, np.outer(S, (line(3.0) + line(5.2)) / 2))
        np.testing.assert_array_equal(found.structure, S)

    def test_r_is_taken_at_one_energy_or_at_one_per_glass(self):
        random = np.random.default_rng(0).random((2, len(Q), len(E))) + line(4.0)
        found = measure.read_maps([made_map(x) for x in random], [S, S**2], INSIDE, measure.SEARCH)
        for energies, k in ((3.1, (11, 11)), ((3.1, 20.0), (11, 79)), (1e9, (119, 119))):
            one, two = (np.corrcoef(random[g][INSIDE, k[g]], s[INSIDE])[0, 1] for g, s in enumerate((S, S**2)))
            np.testing.assert_allclose(found.r_at(energies), [one, two])
        at = abs(E[:, None] - found.peaks).argmin(axis=0)
        np.testing.assert_array_equal(found.r, found.curves[[0, 1], at])

    def test_a_peak_that_follows_q_has_its_spread(self):
        place = 5.0 + 1.5 * np.sin(Q)
        values = np.exp(-0.5 * ((E - place[:, None]) / 1.2) ** 2)
        found = measure.read_maps([made_map(values)], [S], INSIDE, measure.SEARCH)
        assert found.spread[0] == pytest.approx(place[INSIDE].std() / place[INSIDE].mean(), abs=0.005)

    def test_tables_give_the_same_as_their_maps(self):
        tables = [made_table(motion=np.outer(S, line(x))) for x in (3.0, 5.2)]
        found, known = measure.read_tables(tables, "motion", INSIDE, measure.SEARCH), made_reading([3.0, 5.2])
        np.testing.assert_array_equal(found.peaks, known.peaks)
        np.testing.assert_array_equal(found.curves, known.curves)
        assert measure.read_tables([], "motion", INSIDE, measure.SEARCH).peaks.shape == (0,)

    def test_the_nearest_energy(self):
        assert measure.nearest(E, 3.1) == 11 and measure.nearest(E, 3.1).shape == ()
        np.testing.assert_array_equal(measure.nearest(E, [0.0, 3.2, 99.0]), [0, 12, 119])


def test_the_window_of_a_model_glass_is_scaled_by_its_first_peak():
    table = made_table(harmonic=np.outer(S, line(3.0)))
    first, limits, inside = measure.model_window(table)
    assert first == pytest.approx(Q[S.argmax()]) and limits == pytest.approx((2.1 / 2.8 * first, 8.5 / 2.8 * first))
    np.testing.assert_array_equal(inside, (Q >= limits[0]) & (Q <= limits[1]))


def test_three_axes_lift_the_map_at_large_q():
    motion = made_reading([3.0])
    table = made_table(motion=motion.maps[0].intensity)
    r = measure.three_axes_correlation(motion, [table])
    lifted = S[INSIDE] * np.exp(2 * Q[INSIDE] ** 2 * 0.01)
    assert r == pytest.approx([np.corrcoef(lifted, S[INSIDE])[0, 1]])


def test_the_ratio_of_maps_is_of_the_part_that_is_asked_for():
    modes = made_reading([3.0, 5.0])
    factors = [np.where(Q < 5, 2.0, 3.0)[:, None], np.where(Q < 5, 4.0, 5.0)[:, None]]
    scaled = [maps.scaled_map(m, factor) for m, factor in zip(modes.maps, factors, strict=True)]
    motion = replace(modes, maps=scaled)
    assert measure.map_ratio(motion, modes, slice(20)) == pytest.approx(3.0)
    assert measure.map_ratio(motion, modes, slice(-20, None)) == pytest.approx(4.0)


def test_the_reach_of_a_straight_line():
    curve = np.where(E < 3, 0.5 + E / 6, 1 - (E - 3) / 10)
    found = measure.reach(replace(made_reading([3.0]), curves=np.array([curve])))
    assert found.low == pytest.approx([2.1], abs=0.01) and found.high == pytest.approx([4.5])
    assert found.zero == pytest.approx([13.0]) and found.best == pytest.approx([3.0])


def test_currents_of_sound_rise_with_q():
    place = 12.0 * Q
    values = np.exp(-0.5 * ((E - place[:, None]) / 1.0) ** 2) / E**2
    (found,) = measure.sound_branch([made_table(longitudinal=values)], "longitudinal")
    assert found.q.max() < 2.2
    np.testing.assert_allclose(found.energy, 12.0 * found.q, atol=0.05)


def test_peaks_of_reduced_spectra():
    np.testing.assert_allclose(measure.reduced_peaks(E, [line(3.0), line(6.1)]), [3.0, 6.1], atol=0.01)
    assert measure.reduced_peaks(E, [line(20.0)], 30.0) == pytest.approx([20.0], abs=0.01)
    # without the higher limit it is at the edge
    assert measure.reduced_peaks(E, [line(20.0)]) == pytest.approx([10.0])


def test_a_raman_spectrum_is_reduced_to_its_coupling_times_the_reduced_density():
    coupling = 0.5 + E / 10
    table = made_table(harmonic=np.outer(S, line(3.0)))
    table["reduced_density"], table["raman"] = ("energy", line(3.0)), ("energy", coupling)
    np.testing.assert_allclose(measure.reduced_raman([table])[0], coupling * line(3.0))


def test_shear_stands_out_only_where_no_flat_rival_is_more_like_s():
    shear, flat = made_reading([3.0]), made_reading([3.0])
    shear = replace(shear, curves=np.full((1, len(E)), 0.7))
    flat = replace(flat, curves=np.full((1, len(E)), 0.9))
    place = 4.0 + 2.0 * np.sin(Q)
    wide = measure.read_maps([made_map(np.exp(-0.5 * ((E - place[:, None]) / 1.0) ** 2))], [S], INSIDE, measure.SEARCH)
    wide = replace(wide, curves=np.ones((1, len(E))))
    fields = {"shear": shear, "von Mises": wide, "displacement": flat, "volumetric": wide}
    assert measure.stands_out(fields, [3.0]) == pytest.approx([0.2])


class TestTablesOfText:
    def test_fields_are_listed_in_their_order(self):
        reading = made_reading([3.0, 3.2, 3.4])
        fields = {"displacement": reading, "coordination": reading}
        model = dict.fromkeys(fields, made_reading([4.0]))
        table = measure.fields_table(fields, reading.peaks, model, 4.0, {"displacement": 0.957})
        assert list(table.quantity) == ["displacement", "coordination"]
        assert list(table["r by modes"]) == ["0.96", ""]
        assert table["peak (meV)"][0] == "3.2" and table["r at the boson peak"][0] == "1.00 ± 0.00"
        assert table["Lennard-Jones: r"][1] == "1.00" and table["its spread"][0] == "0 %"

    def test_choices_are_named(self):
        names = ["displacement", "shear", "shear, wider", "displacement, at rest", "coordination"]
        values = np.array([np.outer(S, line(3.0 + 0.5 * k)) for k in range(5)])
        table = made_table(harmonic=values[0]).assign_coords(field=names)
        table["omega"] = table["omega_error"] = (("field", "q", "energy"), values)
        found = measure.field_choices(table, INSIDE, 3.0)
        assert list(found.quantity) == ["displacement", "shear", "shear", "displacement"]
        assert list(found.varied) == [
            "as above",
            "as above",
            "neighbours within 1.3 cutoffs",
            "atoms at rest in the phase",
        ]
        assert list(found["peak (meV)"]) == ["3.0", "3.5", "4.0", "4.5"] and set(found.r) == {"1.00"}

    def test_rates_in_words(self):
        peaks = {"1e12": np.array([]), "1e13": np.array([3.0, 3.5]), "1e14": np.array([2.5])}
        assert measure.rates_text(peaks) == "3.25 meV at 10^13 K/s (2 glasses), 2.50 meV at 10^14 K/s (1 glass)"

    def test_fits_to_the_heat_of_a_debye_solid_with_a_band(self):
        energy = np.linspace(0.05, 45, 900)
        g = (
            np.where(energy < 25, 3 * energy**2 / 25**3, 0) * 0.9
            + 0.1 * np.exp(-0.5 * ((energy - 6) / 1) ** 2) / 2.5066
        )
        table = measure.heat_choices(energy, g)
        assert list(table.temperatures) == ["3 to 100 K"] * 2 + ["5 to 100 K"] * 2 + ["8 to 100 K"] * 2
        assert list(table.shares) == ["free", "add up to 1"] * 3
        np.testing.assert_allclose(table["Einstein energy (meV)"].astype(float), 6.0, atol=0.3)
        np.testing.assert_allclose(table["θ_D (K)"].astype(float), 25 / 0.08617, rtol=0.02)


def test_products_are_fitted_around_the_peak():
    reading = made_reading([3.0, 5.0])
    for fit, place in zip(measure.fit_products(reading), (3.0, 5.0), strict=True):
        assert fit.residual == pytest.approx(0, abs=1e-9)
        assert fit.energy.min() >= place / 2 - 0.01 and fit.energy.max() <= 2 * place + 0.01
    # another function of Q leaves what is at right angles to it
    other = 1 + 0.1 * Q
    s, shape = S[INSIDE], other[INSIDE]
    left = s - shape * (shape @ s) / (shape @ shape)
    found = measure.fit_products(reading, [other] * 2)
    assert found[0].residual == pytest.approx(np.linalg.norm(left) / np.linalg.norm(s))


@pytest.fixture(scope="module")
def small():
    """Lennard-Jones glass of density 1 with its modes, and a reading of its own map."""
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * (3, 3, 3)
    start.positions += np.random.default_rng(0).normal(0, 0.3, (len(start), 3))
    atoms = inherent_structure(start, get("lennard-jones"))
    atoms.set_masses(np.ones(len(atoms)))
    modes, grid = normal_modes(dynamical_matrix(atoms, get("lennard-jones"))), GRIDS["lj"]
    waves = box_wavevectors(atoms.cell.array, grid.edges, 6, 2)
    found = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
    structure = 1 + np.exp(-(((found.q - 7.0) / 1.0) ** 2))
    inside = maps.window(found, 5.3, 21.0)
    return atoms, modes, measure.read_maps([found], [structure], inside, measure.SEARCH_MODEL)


class TestControlsOfTheModelGlass:
    def test_r_of_few_waves_is_that_of_the_whole_map(self, small):
        atoms, modes, reading = small
        table = measure.wave_convergence(reading, atoms, modes, [1, 6])
        assert list(table["wave vectors per shell"]) == [1, 6] and table["speckle of a shell"][0] == ""
        # six waves and seed 2 are those of the reading itself
        assert float(table["r at the peak"][1]) == pytest.approx(reading.r[0], abs=6e-4)

    def test_modes_far_from_the_energy_do_not_count(self, small):
        atoms, modes, _ = small
        grid, waves = GRIDS["lj"], box_wavevectors(atoms.cell.array, GRIDS["lj"].edges, 4, 1)
        every = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
        one = boson_map(modes, atoms, waves, grid.energy[20:21], grid.width, unit="reduced")
        np.testing.assert_allclose(one.intensity[:, 0], every.intensity[:, 20], rtol=1e-5)

    def test_polarizations_of_other_atoms_lose_the_structure(self, small):
        atoms, modes, reading = small
        found = measure.shuffled_correlation(reading, atoms, modes, 6)
        assert abs(found) < 0.5
        # handed around, they are still all there
        assert modes.polarizations.shape == (324, 324)

    def test_the_displacement_of_the_modes_has_the_likeness_of_their_map(self, small):
        atoms, modes, reading = small
        found = measure.still_correlations(reading, atoms, modes, 1.5, 6)
        assert set(found) == set(measure.LINEAR) and all(-1 <= r <= 1 for r in found.values())
        # coherent displacements are more like S(Q) than those with random signs
        assert found["displacement"] > found["random sign"]

    def test_a_sample_is_computed_again_and_a_wrong_table_is_refused(self, small, monkeypatch):
        atoms, modes, _ = small
        grid = GRIDS["lj"]
        waves = box_wavevectors(atoms.cell.array, grid.edges, 6, 3)
        found = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
        monkeypatch.setattr(measure, "glass_and_modes", lambda name: (atoms, modes))
        attributes = {"name": "made", "waves": 6, "seed_of_waves": 3}
        table = xr.Dataset({"harmonic": (("q", "energy"), found.intensity.astype("f4"))}, attrs=attributes)
        shells, deviation = measure.check_sample(table, every=5)
        assert shells == (found.counts[::5] > 0).sum() and deviation < 1e-5
        table.harmonic[40] *= 1.01
        with pytest.raises(RuntimeError, match=r"made differs by 0\.01 .* archived = False"):
            measure.check_sample(table, every=5)


class TestModelGlass:
    def test_the_archived_parameters_are_those_of_the_chapter(self):
        assert measure.MEASUREMENTS == (measure.MODEL_GLASS,) and measure.MODEL_GLASS.group == "book"

    def test_parameters_reach_the_table(self, monkeypatch):
        asked = []
        monkeypatch.setattr(measure, "glass_and_modes", lambda name: (None, "modes"))
        monkeypatch.setattr(measure, "computed_table", lambda *words, **options: asked.append((words, options)))
        measure.model_glass("a glass", 30, 8, 0.1, 60.0, folder="kept")
        ((glass, plan, progress), options) = asked[0]
        assert (glass, plan, progress) == ("a glass", Plan("modes", 30, 8, 0.1, 60.0, "main"), False)
        assert options == {"modes": "modes", "extras": False, "folder": "kept"}

    def test_tables_of_the_alloy_are_read_or_computed(self, monkeypatch):
        plan = Plan("modes", 4)
        monkeypatch.setattr(measure, "load_result", lambda kind, name: (kind, name))
        monkeypatch.setattr(measure, "computed_table", lambda name, plan, progress: (name, plan.waves))
        assert measure.alloy_tables(["a", "b"], True, plan) == [("scattering", "a"), ("scattering", "b")]
        assert measure.alloy_tables(["a"], False, plan) == [("a", 4)]

    def test_a_glass_has_the_masses_of_its_potential(self, monkeypatch):
        monkeypatch.setattr(measure, "normal_modes", lambda D: Modes(np.ones(D.shape[0]), None, None))
        measure.glass_and_modes.cache_clear()
        atoms, modes = measure.glass_and_modes("kob-andersen-n1000-0.001-s1")
        measure.glass_and_modes.cache_clear()
        assert len(modes.omega) == 3000 and set(atoms.get_masses()) == {1.0}
        np.testing.assert_array_equal(atoms.positions, load("kob-andersen-n1000-0.001-s1").positions)


class TestCrystals:
    def test_bloch_waves_are_the_modes_of_the_whole_box(self):
        potential, grid = get("lennard-jones"), GRIDS["lj"]
        start = bulk("Ar", "fcc", 1.56, cubic=True).repeat(4)
        atoms = inherent_structure(start, potential, 1e-10, relax_box=True)
        atoms.set_masses(np.ones(len(atoms)))
        waves = box_wavevectors(atoms.cell.array, np.arange(1.0, 12.0, 0.5), 12, 1)
        modes = normal_modes(dynamical_matrix(atoms, potential))
        known = boson_map(modes, atoms, waves, grid.energy, grid.width, unit="reduced")
        found = crystals.bloch_map(atoms, potential, waves, grid.energy, grid.width, "reduced")
        scale = np.nanmax(known.intensity)
        np.testing.assert_allclose(found.intensity, known.intensity, rtol=1e-4, atol=1e-6 * scale)
        # the modes' maps are summed in single precision
        np.testing.assert_allclose(found.stderr, known.stderr, rtol=1e-3, atol=3e-4 * scale)
        np.testing.assert_array_equal(found.counts, known.counts)

    def test_atoms_that_differ_are_refused(self, small):
        waves = box_wavevectors(small[0].cell.array, [2.0, 5.0], 2, 1)
        with pytest.raises(ValueError, match="not equivalent: give a perfect crystal"):
            crystals.bloch_map(small[0], get("lennard-jones"), waves, [2.0], 0.3, "reduced")

    def test_the_peak_of_a_crystal_disperses(self):
        first = 7.1
        limits = tuple(q / 2.8 * first for q in measure.WINDOW)
        found, dispersion = crystals.lennard_jones_crystal(4, 10, first, limits, (1.3, 24.0))
        assert dispersion.relative_spread > 0.2
        # the first Bragg peak is where the glass has its first peak of S(Q): the shells are scaled
        spacing = (found.q[1] - found.q[0]) / GRIDS["lj"].q_step
        np.testing.assert_allclose(np.diff(found.q), spacing * GRIDS["lj"].q_step)
        assert dispersion.q.min() >= limits[0] * spacing and dispersion.q.max() <= limits[1] * spacing
        _, metal = crystals.copper(5, 10, measure.WINDOW, (1.5, 30.0))
        assert metal.relative_spread > 0.2
