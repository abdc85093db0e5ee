"""The smallest archived result of each kind is made again, or a stated part of it, and has the archived numbers.

Results are identified by the version that stands next to the function that makes them (`archive.methods.method`). A
change of the numbers without a new version is noticed here. Where a result follows from a long trajectory, which
another processor changes after some picoseconds, a part is made that does not depend on it.

The tolerances are those of the archive: columns in single precision carry seven digits, and iterative solvers and
minimisers stop at a relative error of 1e-4 to 1e-8. A change of a method, such as another width or another range,
changes the numbers by parts in a hundred or more.
"""

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from campaigns import KINDS, campaigns
from collect import has_family
from families import families
from families import studies as studies_of
from learn import FASTEST, SLOWEST, STUDIES, neuron_weights, scan

from bosonpeak.archive import glasses as archive
from bosonpeak.archive.methods import Method, method, plain
from bosonpeak.archive.results import catalogue_of, has_result, load_result, results_folder, shipped_results
from bosonpeak.landscape.artn import activate_atoms
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import tables
from bosonpeak.papers.mizuno_2020.transitions import push_modes
from bosonpeak.papers.tao_2023 import samples, studies
from bosonpeak.papers.tao_2023.samples import describe_sample
from bosonpeak.papers.thermal_motion.inherent_spectra import inherent_spectra
from bosonpeak.papers.yang_2021.events import SEED, tabulate_events
from bosonpeak.vibrations.glass_spectrum import glass_spectrum
from bosonpeak.vibrations.local_peaks import local_peak_table


def smallest(kind: str, **options) -> dict:
    """Entry of the archived result of fewest atoms, and among these of the one with the smallest file.

    Parameters
    ----------
    kind : str
        Folder of data/results.
    **options
        Values that the entry must have.
    """
    fitting = [e for e in catalogue_of(kind).values() if all(e[name] == value for name, value in options.items())]
    return min(fitting, key=lambda e: (e["recipe"]["n_atoms"], (results_folder(kind) / e["file"]).stat().st_size))


def glass_and_potential(name: str):
    """A shipped glass and its potential; the test is skipped where the table of the potential is not here."""
    glass = archive.load(name)
    potential = get(glass.info["recipe"]["potential"])
    if not potential.available():
        pytest.skip(f"the table of {potential.name} is not here")
    return glass, potential


class TestRemade:
    def test_vibrations(self):
        entry = smallest("vibrations")
        glass, potential = glass_and_potential(entry["name"])
        made = glass_spectrum(glass, potential, entry["recipe"]["force_tolerance"])
        shipped = load_result("vibrations", entry["name"])
        top = shipped.attrs["omega_max"]
        # translations have no frequency but what rounding leaves
        np.testing.assert_allclose(made.frequency, shipped.frequency, rtol=1e-7, atol=1e-5 * top)
        np.testing.assert_allclose(made.participation_ratio[3:], shipped.participation_ratio[3:], rtol=1e-3)
        np.testing.assert_allclose(made.g, shipped.g, rtol=1e-6, atol=1e-12)
        assert set(made.attrs) <= set(shipped.attrs)
        for name, value in made.attrs.items():
            # the moduli are solved for to 1e-4
            tolerance = 1e-3 if "modulus" in name or "speed" in name or "debye" in name else 1e-6
            expected = shipped.attrs[name]
            if name in ("anisotropy", "first_phonon"):
                tolerance = 1e-3
            assert value == (expected if isinstance(expected, str) else pytest.approx(expected, rel=tolerance)), name

    def test_transitions_of_the_lowest_mode(self):
        entry = smallest("transitions", method="fire")
        glass, potential = glass_and_potential(entry["glass"])
        made, shipped = push_modes(glass, potential, 1, 0, 20, "fire"), load_result("transitions", entry["name"])
        np.testing.assert_allclose(made.frequency, shipped.frequency[:20], rtol=1e-7)
        np.testing.assert_allclose(made.participation_ratio, shipped.participation_ratio[:20], rtol=1e-4)
        np.testing.assert_allclose(made.third_order_amplitude, shipped.third_order_amplitude[:20], rtol=1e-4)
        # the amplitude at which the mode leaves is found by bisection to one per cent
        assert float(made.amplitude[0]) == pytest.approx(float(shipped.amplitude[0]), rel=0.011)
        assert float(made.barrier[0]) == pytest.approx(float(shipped.barrier[0]), rel=0.05, nan_ok=True)

    def test_events_of_one_atom(self):
        """Of the atom whose searches took the fewest calls of the forces, where all of them led to another minimum."""
        least = min(entry["n_atoms"] for entry in catalogue_of("events").values())
        found = []
        for entry in catalogue_of("events").values():
            by_atom = load_result("events", entry["name"]).to_dataframe().groupby("atom")
            calls = by_atom.force_calls.sum() + by_atom.connect_calls.sum()
            if entry["n_atoms"] == least:
                found += [(n, entry["name"], atom) for atom, n in calls[by_atom.connected.all()].items()]
        _, name, atom = min(found)
        glass, potential = glass_and_potential(name)
        shipped = load_result("events", name).to_dataframe()
        expected = shipped[shipped.atom == atom]
        events = activate_atoms(glass, potential, np.array([atom]), catalogue_of("events")[name]["events"], SEED)
        made = tabulate_events(len(glass), events).to_dataframe()
        for name in ("number", "outcome", "connected", "moved_atom", "region"):
            assert made[name].tolist() == expected[name].tolist(), name
        # a search ends where the largest force is below 0.01 eV/A: the energy is then known to 1e-4 eV
        for name in ("barrier", "energy", "moved_distance"):
            np.testing.assert_allclose(made[name], expected[name], atol=1e-3, err_msg=name)
        np.testing.assert_allclose(made.eigenvalue, expected.eigenvalue, rtol=0.05)

    def test_an_inherent_structure_in_the_minimum_of_the_start(self):
        """The first temperature is so low that a glass often stays where it was: then its trajectory is forgotten."""
        stayed = {}
        for entry in catalogue_of("inherent").values():
            shipped = load_result("inherent", entry["name"]).isel(temperature=0)
            still = np.flatnonzero(abs(shipped.energy.values) < 1e-10)
            if len(still):
                stayed[entry["glass"]] = shipped.isel(sample=still[0])
        name, shipped = min(stayed.items())
        glass, potential = glass_and_potential(name)
        made = inherent_spectra(glass, potential, [float(shipped.temperature)], 0.1, 0.1, 1, seed=1).squeeze()
        assert abs(float(made.energy)) < 1e-10
        for column in ("omega_peak", "intensity", "level", "lowest"):
            assert float(made[column]) == pytest.approx(float(shipped[column]), rel=1e-4), column
        np.testing.assert_allclose(made.reduced, shipped.reduced, rtol=1e-3, atol=1e-9)

    def test_local_peaks_of_three_atoms_by_moments(self):
        """Those by all modes are made again with the description of a sample, below."""
        entry = smallest("local", method="moments")
        glass, potential = glass_and_potential(entry["glass"])
        shipped = load_result("local", entry["name"]).isel(atom=slice(3))
        made = local_peak_table(glass, potential, shipped.atom.values, "moments")
        np.testing.assert_allclose(made.intensity, shipped.intensity, rtol=1e-5)
        np.testing.assert_allclose(made.omega_peak, shipped.omega_peak, atol=1e-3)

    def test_scattering_of_one_shell(self, monkeypatch):
        # in reduced units: a metal would first be warmed
        entry = min(
            (e for e in catalogue_of("scattering").values() if e["name"].startswith("kob-andersen")),
            key=lambda e: (e["n_atoms"], e["name"]),
        )
        glass, potential = glass_and_potential(entry["glass"])
        shipped = load_result("scattering", entry["name"])
        shell = int(np.argmax(shipped.waves.values >= entry["waves"]))
        drawn = tables.box_wavevectors

        def of_one_shell(*arguments):
            waves = drawn(*arguments)
            inside = waves.shell == shell
            parts = {name: getattr(waves, name)[inside] for name in ("indices", "vectors", "shell")}
            return replace(waves, **parts)

        monkeypatch.setattr(tables, "box_wavevectors", of_one_shell)
        made = tables.scattering_table(glass, potential, tables.Plan("modes", entry["waves"]))
        for name in ("harmonic", "structure"):
            # the maps are kept to 1e-4
            np.testing.assert_allclose(made[name][shell], shipped[name][shell], rtol=5e-4, err_msg=name)
        np.testing.assert_allclose(made.reduced_density, shipped.reduced_density, rtol=1e-6)
        assert made.attrs["volume_ratio"] == shipped.attrs["volume_ratio"] == 1

    @pytest.mark.parametrize("name", [name for name in shipped_results("samples") if name.endswith("-atoms")])
    def test_the_description_of_one_structure(self, name):
        atoms, table = load_result("samples", name), load_result("samples", name.removesuffix("-atoms"))
        assert set(atoms.key.values) <= set(table.key.values)
        potential, last = get(atoms.attrs["potential"]), atoms.isel(sample=-1)
        glass = Atoms(last.number.values, last.position.values, cell=[float(last.cell)] * 3, pbc=True)
        row = table.isel(sample=table.key.values.tolist().index(str(last.key.values)))
        glass.info["potential_energy"] = float(row.energy) * len(glass)
        made = describe_sample(glass, potential, atomic=True)
        assert (made["pair_count"] == row.pair_count.values).all()
        for column in ("frequency", "participation_ratio", "intensity", "omega_peak", "level"):
            np.testing.assert_allclose(made[column], row[column], rtol=1e-4, err_msg=column)
        np.testing.assert_allclose(made["spectrum_count"], row.spectrum_count, atol=1)
        for column in ("bulk_modulus", "shear_modulus", "debye_level"):
            # the moduli are solved for to 1e-4
            np.testing.assert_allclose(made[column], row[column], rtol=1e-3, err_msg=column)
        np.testing.assert_allclose(made["atomic_intensity"], last.atomic_intensity, rtol=1e-3)


@pytest.fixture(scope="module")
def table():
    """The glasses from which the studies of the smallest kind learn."""
    name = min(entry["table"] for entry in catalogue_of("learning").values() if entry["study"] == "neuron")
    return studies.usable(studies.glasses(load_result("samples", name), SLOWEST, FASTEST)).assign_attrs(name=name)


class TestLearned:
    """Of what is learned: the first repeat of a linear model at the shortest cutoff, and the weights of one neuron."""

    def test_ridge_at_the_shortest_cutoff(self, table):
        shipped = load_result("learning", f"{table.attrs['name']}-cutoffs").isel(value=0)
        made = scan(
            table, "partial g(r)", "r_cut", [float(shipped.value)], "ridge", repeats=1, seed=int(shipped.attrs["seed"])
        )
        np.testing.assert_allclose(made[0, 0], shipped.ridge[0], rtol=1e-6)

    def test_the_weights_of_one_neuron(self, table):
        shipped = load_result("learning", f"{table.attrs['name']}-neuron")
        weights, difference = neuron_weights(table, repeats=shipped.sizes["repeat"], seed=int(shipped.attrs["seed"]))
        np.testing.assert_allclose(difference, shipped.difference, atol=1e-9)
        # single precision and hundreds of epochs: on another processor the weights drift, and their pattern stays
        for made, expected in zip(weights, shipped.weight.values, strict=True):
            assert np.corrcoef(made, expected)[0, 1] > 0.99


class TestVersions:
    def test_every_kind_of_result_says_which_version_made_it(self):
        for kind in KINDS:
            for campaign in campaigns(kind, "book")[:1]:
                assert campaign.made_by.name == kind and campaign.made_by.version >= 1
        for kind in (*KINDS, "samples", "learning"):
            assert all(entry["method_version"] >= 1 for entry in catalogue_of(kind).values())
        assert len({function.method.name for function in STUDIES.values()}) == len(STUDIES)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_raised_version_makes_archived_results_stale(self, kind, monkeypatch):
        from common import function_at

        campaign = campaigns(kind, "book")[0]
        assert has_result(kind, campaign.name, campaign.key)
        known = campaign.made_by
        monkeypatch.setattr(function_at(campaign.source), "method", Method(known.name, known.version + 1))
        assert not has_result(kind, campaign.name, campaign.key)

    def test_a_raised_version_makes_archived_samples_stale(self, monkeypatch):
        family = families("book")[0]
        assert has_family(family)
        known = family.made_by
        monkeypatch.setattr(samples.make_samples, "method", Method(known.name, known.version + 1))
        assert not has_family(family)

    def test_a_raised_version_makes_one_study_stale_and_no_other(self, monkeypatch):
        neuron, other = (next(s for s in studies_of("book") if s.study == name) for name in ("neuron", "thresholds"))
        assert has_result("learning", neuron.name, neuron.key)
        monkeypatch.setattr(STUDIES["neuron"], "method", Method("learning-neuron", 3))
        assert not has_result("learning", neuron.name, neuron.key)
        assert has_result("learning", other.name, other.key)

    @pytest.mark.parametrize("version", [0, -1, 1.5, "2", True])
    def test_a_version_is_a_whole_number_of_at_least_1(self, version):
        with pytest.raises(ValueError, match=f"version of the method vibrations is {version!r}"):
            method("vibrations", version)

    def test_equal_values_have_one_key(self):
        known = Method("m", 1)
        same = [(1, 2.0, 0.5), [1.0, 2, 0.5], np.array([1, 2, 0.5]), (np.int64(1), np.float64(2.0), 0.5)]
        assert len({known.key("recipe", {"x": value}) for value in same}) == 1
        assert known.key("recipe", {"x": 1, "y": 2}) == known.key("recipe", {"y": 2, "x": 1})
        assert len({known.key("recipe", {"x": value}) for value in (1, 2, 1.5, "1", True, None, [1])}) == 7
        assert known.key("recipe") != Method("m", 2).key("recipe") != Method("n", 2).key("recipe")
        assert len(known.key()) == 12 and set(known.key()) <= set("0123456789abcdef")

    def test_plain_values(self):
        assert plain({"a": (np.float32(0.5), np.arange(2)), 3: 4.0}) == {"a": [0.5, [0, 1]], "3": 4}
        assert plain(1e300) == 1e300 and plain(float("inf")) == float("inf")
        assert type(plain(4.0)) is int and plain(True) is True and plain(None) is None
