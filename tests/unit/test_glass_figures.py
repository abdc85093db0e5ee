"""Tables and drawings of the archived glasses, on spectra known in closed form."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bosonpeak.archive.results import load_vibrations, take_result, vibrations_table
from bosonpeak.book import glass_tables
from bosonpeak.drawing import spectra as draw
from bosonpeak.units import RAD_PER_PS, THZ
from bosonpeak.vibrations.debye import debye_density

LEVEL = 3 / 30.0**3


def debye_glass(omega_d=30.0, n=900):
    omega = np.linspace(0, 50, 501)[1:]
    rng = np.random.default_rng(1)
    frequency = np.sort(np.r_[np.zeros(3), omega_d * rng.random(n - 3) ** (1 / 3)])
    return xr.Dataset(
        {
            "g": ("omega", debye_density(omega, omega_d, 3)),
            "frequency": ("mode", frequency),
            "participation_ratio": ("mode", np.full(n, 2 / 3)),
        },
        {"omega": omega},
        {"resolution": 0.1, "omega_max": 40.0, "debye_level": LEVEL, "first_phonon": 3.0, "degrees_of_freedom": n},
    )


@pytest.mark.parametrize("width", [0.1, 1.0, 2.0])
def test_a_debye_solid_is_flat_at_its_level_under_any_width(width):
    omega, reduced = draw.reduced_density(debye_glass(), width)
    assert omega[0] > 1.5 * width
    np.testing.assert_allclose(reduced[omega < 30 - 5 * width], LEVEL, rtol=1e-12)
    assert abs(reduced[omega > 30 + 5 * width]).max() < 1e-9 * LEVEL


def test_the_mean_of_samples_and_their_level_are_drawn():
    _, axes = plt.subplots()
    draw.draw_reduced_densities(axes, [debye_glass(), debye_glass(30.0)], 1.0, "C0", "two", unit=1e6)
    *samples, mean, level = axes.lines
    assert len(samples) == 2 and mean.get_label() == "two"
    np.testing.assert_allclose(mean.get_ydata()[10:50], 1e6 * LEVEL)
    np.testing.assert_allclose(level.get_ydata(), 1e6 * LEVEL)
    plt.close()


def test_the_upper_axis_is_nu():
    figure, axes = plt.subplots()
    axes.set_xlim(0, 2 * np.pi)
    top = draw.add_frequency_axis(axes)
    figure.canvas.draw()
    np.testing.assert_allclose(top.get_xlim(), (0, 1))
    assert THZ / RAD_PER_PS == pytest.approx(1 / (2 * np.pi))
    plt.close()


def test_modes_at_rest_are_not_drawn():
    _, axes = plt.subplots()
    glass_tables.draw_participation(axes, [debye_glass(), debye_glass()], "C0", "label")
    assert [len(line.get_xdata()) for line in axes.lines] == [100, 100]
    assert min(line.get_xdata().min() for line in axes.lines) > 0.1
    assert axes.lines[0].get_label() == "label"
    plt.close()


def tables():
    names = ["Cu50Zr50-x-n100-1e13-s1", "Cu50Zr50-x-n100-1e13-s2", "spheres-n50-instant-s1"]
    glasses = pd.DataFrame(
        {
            "name": names,
            "units": ["metal", "metal", "lj"],
            "n_atoms": [100, 100, 50],
            "energy_per_atom": [-4.9, -4.8, 0.002],
        }
    )
    numbers = {
        "shear_modulus": [0.15, 0.16, 0.13],
        "affine_shear_modulus": [0.27, 0.27, 0.34],
        "bulk_modulus": [0.6, 0.6, 0.5],
        "first_phonon": [4.4, 4.4, 0.2],
        "boson_peak_omega": [5.0, 5.2, 0.1],
        "boson_peak_intensity": [2.0e-4, 2.2e-4, 3.0],
        "debye_level": [1.0e-4, 1.0e-4, 0.9],
    }
    return glasses, pd.DataFrame({"name": names, **numbers}).set_index("name", drop=False)


def test_samples_of_one_recipe_are_one_row_with_their_scatter():
    table = glass_tables.summarise(*tables())
    assert list(table.glass) == ["Cu50Zr50-x-n100-1e13", "spheres-n50-instant"]
    metal, spheres = table.to_dict("records")
    assert metal["samples"] == 2 and spheres["samples"] == 1
    # 0.15 and 0.16 eV/A^3 are 24.0 and 25.6 GPa; their standard deviation 1.1
    assert metal["G"] == "24.8(11)" and metal["I_BP"] == "210.0(141)" and metal["Debye level"] == "100.0(0)"
    assert spheres["G"] == "0.1300" and spheres["I_BP"] == "3.000"
    assert glass_tables.recipes_of(tables()[0], "Cu") == ["Cu50Zr50-x-n100-1e13"]
    found = glass_tables.measure_recipe(*tables(), "Cu50Zr50-x-n100-1e13")
    assert found["n_atoms"] == 100
    assert (found["height_low"], found["height_high"]) == pytest.approx((200, 220))
    assert found["excess"] == pytest.approx(2.1) and found["peak"] == pytest.approx(5.1)


def test_spectra_are_found_by_name(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "results" / "vibrations"
    folder.mkdir(parents=True)
    (tmp_path / "data" / "claims").mkdir()
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    assert vibrations_table().empty
    debye_glass().to_netcdf(folder / "one.nc", engine="h5netcdf")
    take_result("vibrations", folder / "one.nc", {"name": "one", "key": "k", "debye_level": LEVEL})
    assert vibrations_table().debye_level["one"] == LEVEL
    # in memory: the file may be replaced while the data are in use
    data = load_vibrations("one")
    (folder / "one.nc").unlink()
    assert data.g.values[100] > 0
    with pytest.raises(ValueError, match=r"kind 'vibrations' is named 'two'.*make data"):
        load_vibrations("two")
