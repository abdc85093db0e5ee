"""Spectra beyond the tables: by modes and by moments, of a small metal glass, kept parts, and what is read back."""

import json

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk
from raman_couplings import mode_couplings

from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import spectra, tables
from bosonpeak.papers.li_2025.alignment import alignment
from bosonpeak.papers.li_2025.excess import box_excess
from bosonpeak.papers.li_2025.spectra import read_alignment, read_excess, vector_spectra
from bosonpeak.papers.li_2025.tables import GRIDS, SEED, table_map
from bosonpeak.scattering import harmonic
from bosonpeak.scattering.wavevectors import box_wavevectors, shell_means
from bosonpeak.units import MEV
from bosonpeak.vibrations.elasticity import elastic_moduli
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density, gaussian_levels

METAL, GRID = get("cu-zr-mendelev-2009"), GRIDS["metal"]
RECIPE = {"potential": METAL.name, "seed": 7, "cooling_rate": 1e13}


@pytest.fixture(scope="module")
def glass():
    """108 atoms of Cu and Zr at random below a shaken crystal."""
    rng, start = np.random.default_rng(1), bulk("Cu", "fcc", 4.1, cubic=True).repeat(3)
    start.symbols = rng.permutation(["Cu", "Zr"] * 54)
    start.positions += rng.normal(0, 0.3, (108, 3))
    atoms = inherent_structure(start, METAL, relax_box=True)
    atoms.set_masses(METAL.masses_of(atoms))
    return atoms


@pytest.fixture(scope="module")
def modes(glass):
    return normal_modes(dynamical_matrix(glass, METAL))


@pytest.fixture(scope="module", autouse=True)
def archived(glass):
    """The glass under the name "made", as a file without masses is read, and a few shells of Q."""
    bare = glass.copy()
    bare.set_masses(None)
    bare.info["recipe"] = RECIPE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spectra, "load", lambda name: bare.copy())
        patch.setattr(spectra, "MANY", 50)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return spectra.spectra("made", 6, ["unit", "neutron"], folder=tmp_path_factory.mktemp("kept"))


@pytest.mark.parametrize("count", [1, 6])
def test_vectors_have_one_spectrum_by_modes_and_by_moments(glass, modes, count):
    rng, energy = np.random.default_rng(0), np.arange(4.0, 40.0, 0.5)
    vectors = rng.normal(size=(324, count))
    D = dynamical_matrix(glass, METAL, factored=True)
    one, other = (vector_spectra(x, glass.get_masses(), vectors, energy, 0.8, "meV") for x in (modes, D))
    assert one.shape == other.shape == (len(energy), count)
    np.testing.assert_allclose(other, one, rtol=0.02, atol=3e-3 * one.max())
    # the sum over the modes, one by one
    level = modes.omega * MEV
    expected = sum(
        (modes.polarizations[:, k] @ vectors) ** 2 * gaussian_levels(energy, level[k : k + 1], 0.8) / level[k] ** 2
        for k in range(3, 324)
    )
    np.testing.assert_allclose(one, expected, rtol=1e-9)


class TestDataset:
    def test_densities_and_sound(self, glass, modes, data):
        np.testing.assert_allclose(data.energy, GRID.energy)
        density = broadened_reduced_density(modes.omega * MEV, GRID.energy, GRID.width)
        np.testing.assert_allclose(data.reduced_density, density, rtol=1e-9)
        speeds = elastic_moduli(glass, METAL, rtol=1e-4).speeds[:2]
        assert (data.attrs["longitudinal_speed"], data.attrs["transverse_speed"]) == pytest.approx(speeds, rel=1e-3)
        assert data.attrs["edge"] == glass.cell.lengths().min() and data.attrs["n_atoms"] == 108
        assert data.attrs["cutoff"] == tables.neighbour_cutoff(glass) and data.attrs["unit"] == "meV"
        assert (data.attrs["name"], data.attrs["seed"], json.loads(data.attrs["recipe"])) == ("made", 7, RECIPE)
        assert (data.attrs["width"], data.attrs["temperature"], data.attrs["seed_of_waves"]) == (0.4, 0.0, SEED)

    @pytest.mark.parametrize("name", ["unit", "neutron"])
    def test_maps_of_scattering(self, glass, modes, data, name):
        waves, many = (box_wavevectors(glass.cell.array, GRID.edges, count, SEED) for count in (6, 50))
        found = harmonic.boson_map(modes, glass, waves, GRID.energy, GRID.width, name)
        kept = table_map(data, name)
        np.testing.assert_allclose(kept.intensity, found.intensity, rtol=1e-4, atol=1e-30)
        np.testing.assert_allclose(kept.stderr, found.stderr, rtol=1e-4, atol=1e-30)
        np.testing.assert_array_equal(kept.counts, found.counts)
        S = shell_means(harmonic.structure_factor(glass, many, name), many)[0]
        np.testing.assert_allclose(data[f"structure_{name}"], S)

    @pytest.mark.parametrize("way", ["longitudinal", "transverse"])
    def test_currents_of_sound_end_below_the_first_peak_of_s(self, glass, modes, data, way):
        waves = box_wavevectors(glass.cell.array, GRID.edges[:20], 6, SEED)
        found = harmonic.boson_map(modes, glass, waves, GRID.energy, GRID.width, "mass", way)
        kept = table_map(data, way)
        assert waves.edges[-1] == pytest.approx(2.2) and np.isnan(kept.intensity[19:]).all()
        np.testing.assert_allclose(kept.intensity[:19], found.intensity, rtol=1e-4, atol=1e-30)

    def test_the_raman_spectrum_is_that_of_the_couplings_of_modes(self, glass, modes, data):
        level, coupling = modes.omega[3:] * MEV, mode_couplings(modes, glass, data.attrs["cutoff"])[3:]
        expected = gaussian_levels(GRID.energy, level, GRID.width) @ (coupling / level**2)
        np.testing.assert_allclose(data.raman, expected / expected.mean(), rtol=1e-6)

    def test_the_alignment_is_read_back(self, glass, modes, data):
        known = alignment(modes, glass, GRID.energy, GRID.width, glass.cell.lengths().min() / 2)
        found = read_alignment(data)
        for name in ("energy", "edges", "pairs", "own", "n_atoms", "nearest"):
            np.testing.assert_allclose(getattr(found, name), getattr(known, name), rtol=1e-6, atol=1e-12)
        for name in ("sums", "along"):
            value = getattr(known, name)
            np.testing.assert_allclose(getattr(found, name), value, rtol=1e-3, atol=1e-6 * abs(value).max())
        # beyond the highest mode nothing is left but what single precision loses
        moving = GRID.energy < modes.omega.max() * MEV
        np.testing.assert_allclose(found.neighbours[moving], known.neighbours[moving], rtol=1e-3)
        # each atom's own motion is the density of states of its mass
        level = modes.omega[3:] * MEV
        square = (modes.polarizations[:, 3:] ** 2 / np.repeat(glass.get_masses(), 3)[:, None]).sum(axis=0)
        own = gaussian_levels(GRID.energy, level, GRID.width) @ (square / level**2)
        np.testing.assert_allclose(found.own, own, rtol=1e-5)

    def test_the_excess_is_read_back(self, data):
        hbar = 0.6582119569
        speeds = [hbar * data.attrs[f"{way}_speed"] for way in ("longitudinal", "transverse")]
        cell = np.eye(3) * data.attrs["edge"]
        for reduced, width in ((data.reduced_density.values, 0.6), (data.reduced_density.values**1.1, 0.9)):
            known = box_excess(GRID.energy, reduced, 0.4, width, cell, 108, speeds, (1.0, 10.0))
            found = read_excess(data) if width == 0.6 else read_excess(data, reduced, width)
            np.testing.assert_allclose(found.density, known.density)
            np.testing.assert_allclose(found.waves, known.waves, rtol=1e-6)
            assert (found.peak, found.level, found.first) == pytest.approx((known.peak, known.level, known.first))

    def test_a_box_without_all_modes_has_no_alignment(self, data):
        with pytest.raises(ValueError, match="made has no alignment: it takes all modes, of 4,000 atoms at most"):
            read_alignment(data.drop_vars("sums"))


def test_it_resumes_with_equal_numbers(data, tmp_path, monkeypatch):
    calls, whole = [], harmonic.boson_map

    def interrupted(*words, **options):
        calls.append(words)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(*words, **options)

    monkeypatch.setattr(harmonic, "boson_map", interrupted)
    plan = "made", 6, ["unit", "neutron"]
    with pytest.raises(KeyboardInterrupt):
        spectra.spectra(*plan, folder=tmp_path)
    # two maps are finished; the two others are left
    xr.testing.assert_identical(spectra.spectra(*plan, folder=tmp_path), data)
    assert len(calls) == 5
    # other parameters are another series
    spectra.spectra("made", 5, [], folder=tmp_path)
    assert len(calls) == 7


def test_a_large_box_has_moments_in_place_of_modes(modes, tmp_path, monkeypatch):
    data = spectra.spectra("made", 2, ["neutron"], modes=modes)
    monkeypatch.setattr(spectra, "DENSE", 100)
    monkeypatch.setattr(spectra, "normal_modes", lambda D: pytest.fail("no matrix is diagonalised"))
    found = spectra.spectra("made", 2, ["neutron"], folder=tmp_path)
    assert not {"sums", "along", "pairs", "own", "unit", "longitudinal", "transverse"} & set(found.data_vars)
    E = GRID.energy
    band = (E > 5) & (E < 30)
    one, two = (x.neutron.values[:, band].astype(float) for x in (data, found))
    held = np.isfinite(one[:, 0])
    np.testing.assert_allclose(two[held], one[held], rtol=0.03, atol=5e-3 * np.nanmax(one))
    np.testing.assert_allclose(found.raman[band], data.raman[band], rtol=0.03, atol=5e-3 * float(data.raman.max()))
    # 32 random vectors
    one, two = (x.reduced_density.values[band] * E[band] ** 2 for x in (data, found))
    assert two.sum() == pytest.approx(one.sum(), rel=0.05)


def test_a_metal_is_first_brought_to_its_volume(glass, monkeypatch):
    asked = []

    def larger(atoms, *words):
        asked.append(words)
        atoms = atoms.copy()
        atoms.set_cell(1.01 * atoms.cell.array, scale_atoms=True)
        return inherent_structure(atoms, METAL)

    monkeypatch.setattr(spectra, "warm_glass", larger)
    found = spectra.spectra("made", 2, [], 300.0, seed=3, folder=None)
    assert asked == [(METAL, 300.0, 3, None)] and found.attrs["temperature"] == 300.0
    assert found.attrs["edge"] == pytest.approx(1.01 * glass.cell.lengths().min())
    assert found.attrs["seed_of_waves"] == 3


def test_a_model_glass_has_neither_sound_nor_alignment(monkeypatch):
    potential = get("lennard-jones")
    start = bulk("Ar", "fcc", 4 ** (1 / 3), cubic=True) * (3, 3, 3)
    start.positions += np.random.default_rng(0).normal(0, 0.3, (len(start), 3))
    atoms = inherent_structure(start, potential)
    atoms.info["recipe"] = {"potential": potential.name, "seed": 2}
    monkeypatch.setattr(spectra, "load", lambda name: atoms.copy())
    modes = normal_modes(dynamical_matrix(atoms, potential))
    monkeypatch.setattr(spectra, "normal_modes", lambda D: pytest.fail("the modes are known"))
    found = spectra.spectra("model", 4, modes=modes)
    assert set(found.data_vars) == {"reduced_density"} and found.attrs["unit"] == "reduced"
    density = broadened_reduced_density(modes.omega, GRIDS["lj"].energy, 0.35)
    np.testing.assert_allclose(found.reduced_density, density, rtol=1e-9)
    excess, speed = read_excess(found), found.attrs["transverse_speed"]
    assert excess.first == pytest.approx(speed * 2 * np.pi / found.attrs["edge"])
    assert 0.8 <= excess.peak <= 8.0


def test_the_archived_spectra_have_names_of_their_own():
    names = [m.name for m in spectra.MEASUREMENTS]
    assert len(set(names)) == len(names) and all(name.startswith("li-2025-spectra-") for name in names)
    for m in spectra.MEASUREMENTS:
        assert m.parameters["waves"] > 1 and m.group == "book"
        # metals are brought to 300 K, model glasses stay as they are
        assert (m.parameters["temperature"] > 0) == m.parameters["glass"].startswith("Zr")
