"""Peaks by neutrons, Raman scattering and heat, on spectra that were made with a known answer."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from bosonpeak.papers.li_2025 import readings, three_methods
from bosonpeak.scattering.specific_heat import reduced_specific_heat
from bosonpeak.statistics import mean_interval

Q, E = np.arange(0.35, 8.6, 0.1), np.arange(1, 121) * 0.25
S = 1 + 1.5 * np.exp(-(((Q - 2.75) / 0.3) ** 2))


def line(place, width=1.5):
    return np.exp(-0.5 * ((E - place) / width) ** 2)


def test_peaks_of_reduced_spectra():
    np.testing.assert_allclose(three_methods.reduced_peaks(E, [line(3.0), line(6.1)]), [3.0, 6.1], atol=0.01)
    assert three_methods.reduced_peaks(E, [line(20.0)], 30.0) == pytest.approx([20.0], abs=0.01)
    # without the higher limit it is at the edge
    assert three_methods.reduced_peaks(E, [line(20.0)]) == pytest.approx([10.0])


def made_table(neutrons, density, coupling):
    data = {"structure": ("q", S), "reduced_density": ("energy", density), "raman": ("energy", coupling)}
    data["neutron"] = data["neutron_error"] = (("q", "energy"), neutrons)
    coordinates = {"q": Q, "energy": E, "waves": ("q", np.full(len(Q), 10))}
    return xr.Dataset(data, coordinates, {"unit": "meV"})


def test_a_raman_spectrum_is_reduced_to_its_coupling_times_the_reduced_density():
    table = made_table(np.outer(S, line(3.0)), line(3.0), 0.5 + E / 10)
    np.testing.assert_allclose(three_methods.reduced_raman([table])[0], (0.5 + E / 10) * line(3.0))


def test_each_method_has_its_own_peak():
    # neutrons see the peak of the density at large wave vectors and one meV above it at small ones
    seen = np.where(Q[:, None] < 2.1, line(4.0), line(3.0)) * S[:, None]
    tables = [made_table(seen, line(3.0), line(3.0) ** 3), made_table(seen, line(3.2), np.ones_like(E))]
    found = three_methods.read_methods(tables, (Q > 2.1) & (Q < 8.5))
    assert found.mean("density") == pytest.approx(3.1, abs=0.01)
    assert found.mean("neutrons") == pytest.approx(3, abs=0.01)
    assert found.off("neutrons") == mean_interval(found.peaks["neutrons"] / found.peaks["density"] - 1)
    assert found.off("large-q-off")[0] == pytest.approx(np.mean([4 / 3, 4 / 3.2]) - 1, abs=0.01)
    assert found.off("raman")[0] == pytest.approx(0, abs=0.01)
    # the maximum of E exp(-(E - e)^2 / 2 s^2) is at e / 2 + sqrt(e^2 / 4 + s^2)
    linear = [e / 2 + np.sqrt(e**2 / 4 + 1.5**2) for e in (3.0, 3.2)]
    np.testing.assert_allclose(found.peaks["linear"], linear, atol=0.01)
    np.testing.assert_allclose(found.raman, (line(3.0) ** 4 + line(3.2)) / 2)
    assert isinstance(found.neutrons, readings.Reading)


ENERGY = np.linspace(0.05, 45, 900)
"""Energies in meV of a Debye solid of 25 meV with a tenth of its modes in a band at 6 meV."""
BAND = 0.1 * np.exp(-0.5 * (ENERGY - 6) ** 2) / np.sqrt(2 * np.pi)
DENSITY = 0.9 * np.where(ENERGY < 25, 3 * ENERGY**2 / 25**3, 0) + BAND


@pytest.fixture
def solid(monkeypatch):
    vibrations = SimpleNamespace(
        omega=xr.DataArray(ENERGY * three_methods.IN_RAD),
        g=xr.DataArray(DENSITY / three_methods.IN_RAD),
        attrs={"degrees_of_freedom": 300},
    )
    table = made_table(np.outer(S, line(5.0)), line(5.0), np.ones_like(E))
    monkeypatch.setattr(three_methods, "load_vibrations", lambda name: vibrations)
    monkeypatch.setattr(three_methods, "load_result", lambda kind, name: table)


def test_the_heat_of_a_debye_solid_with_a_band(solid):
    found = three_methods.read_heat("made")
    assert found.atoms == 100 and found.peak == pytest.approx(5.0, abs=0.01)
    np.testing.assert_allclose(found.heat, reduced_specific_heat(found.kelvin, ENERGY, DENSITY), rtol=1e-10)
    assert found.warmest == found.kelvin[found.heat.argmax()]
    value, (low, high) = found.einstein_off
    assert value == pytest.approx(found.fit.einstein_energy / found.peak - 1)
    ends = np.array(found.fit.intervals["einstein_temperature"]) / found.fit.einstein_temperature
    np.testing.assert_allclose([low, high], ends * (1 + value) - 1)
    assert found.fit.einstein_energy == pytest.approx(6.0, abs=0.3)
    assert found.fit.einstein_temperature < found.fit.debye_temperature


def test_fits_over_other_temperatures(solid):
    table = three_methods.heat_choices("made")
    assert list(table.temperatures) == ["3 to 100 K"] * 2 + ["5 to 100 K"] * 2 + ["8 to 100 K"] * 2
    assert list(table.shares) == ["free", "add up to 1"] * 3
    np.testing.assert_allclose(table["Einstein energy (meV)"], 6.0, atol=0.3)
    np.testing.assert_allclose(table["θ_D (K)"], 25 / 0.08617, rtol=0.02)
    assert (table["rms (%)"] < 2).all()
