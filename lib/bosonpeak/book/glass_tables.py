"""Tables and figures of the archived glasses for the page that lists them."""

import numpy as np
import pandas as pd

from bosonpeak.archive.results import load_vibrations
from bosonpeak.drawing.spectra import draw_reduced_densities
from bosonpeak.drawing.style import ordered_colors
from bosonpeak.vibrations.elasticity import GPA


def family(name: str) -> str:
    """Name of a glass without its seed, which all samples of one recipe share."""
    return name.rpartition("-s")[0]


def recipes_of(catalogue: pd.DataFrame, material: str) -> list[str]:
    """Recipes (names without seed) whose name begins with a material, small systems first."""
    found = catalogue[catalogue.name.str.startswith(material)].sort_values("n_atoms", kind="stable")
    return list(dict.fromkeys(found.name.map(family)))


def summarise(catalogue: pd.DataFrame, spectra: pd.DataFrame) -> pd.DataFrame:
    """Table of the recipes: samples, atoms, energy, moduli, Debye level and boson peak.

    Parameters
    ----------
    catalogue : pandas.DataFrame
        One row per glass, as `materials.glasses.catalogue` returns it.
    spectra : pandas.DataFrame
        One row per glass, indexed by name, as `archive.results.vibrations_table` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per recipe. For metals, moduli are in GPa, frequencies in rad/ps and levels in 10^-6 (rad/ps)^-3;
        otherwise everything is reduced. Entries are means over the samples with their standard deviation in
        parentheses, in units of the last digit shown.
    """
    rows = []
    for name, group in catalogue.groupby(catalogue.name.map(family), sort=False):
        found = spectra.loc[list(group.name)]
        metal = group.units.iloc[0] == "metal"
        level, modulus, coarse, fine = (1e6, GPA, 1, 2) if metal else (1.0, 1.0, None, None)
        rows.append(
            {
                "glass": name,
                "samples": len(group),
                "N": int(group.n_atoms.iloc[0]),
                "energy per atom": _with_scatter(group.energy_per_atom, 4 if metal else None),
                "G": _with_scatter(found.shear_modulus * modulus, coarse),
                "G affine": _with_scatter(found.affine_shear_modulus * modulus, coarse),
                "K": _with_scatter(found.bulk_modulus * modulus, coarse),
                "first phonon": _with_scatter(found.first_phonon, fine),
                "ω_BP": _with_scatter(found.boson_peak_omega, fine),
                "Debye level": _with_scatter(found.debye_level * level, coarse),
                "I_BP": _with_scatter(found.boson_peak_intensity * level, coarse),
            }
        )
    return pd.DataFrame(rows)


def _with_scatter(values, digits: int | None) -> str:
    """Mean with a number of decimals, or with four significant figures if that is None."""
    digits = max(0, 3 - int(np.floor(np.log10(abs(np.mean(values)))))) if digits is None else digits
    mean = f"{np.mean(values):.{digits}f}"
    return f"{mean}({np.std(values, ddof=1) * 10**digits:.0f})" if len(values) > 1 else mean


def measure_recipe(catalogue: pd.DataFrame, spectra: pd.DataFrame, name: str) -> dict[str, float]:
    """Numbers of one recipe of a metal that the page quotes: means over its samples, levels in 10^-6 (rad/ps)^-3.

    catalogue, spectra: as `summarise`; name: the recipe. Frequencies are in rad/ps.
    """
    glasses = catalogue[catalogue.name.map(family) == name]
    found = spectra.loc[list(glasses.name)]
    height, level = 1e6 * found.boson_peak_intensity, 1e6 * found.debye_level
    return {
        "n_atoms": glasses.n_atoms.iloc[0],
        "height_low": height.min(),
        "height_high": height.max(),
        "debye": level.mean(),
        "excess": height.mean() / level.mean(),
        "wave": found.first_phonon.mean(),
        "peak": found.boson_peak_omega.mean(),
    }


def draw_recipes(axes, catalogue: pd.DataFrame, names, width: float, unit: float = 1.0, participation=None) -> None:
    """Draw the reduced densities of several recipes with their Debye levels and first phonons.

    Parameters
    ----------
    axes : matplotlib Axes
    catalogue : pandas.DataFrame
        As `summarise`.
    names : list of str
        Recipes, in the order of their colours.
    width : float
        Standard deviation of the Gaussian kernel, in rad/ps or reduced.
    unit : float
        g / omega^2 is drawn in 1/unit.
    participation : matplotlib Axes, optional
        Filled with the participation ratios of the lowest modes.
    """
    for name, color in zip(names, ordered_colors(len(names)), strict=True):
        data = [load_vibrations(n) for n in catalogue.name[catalogue.name.map(family) == name]]
        label = f"N = {data[0].attrs['degrees_of_freedom'] // 3:,}"
        draw_reduced_densities(axes, data, width, color, label, unit)
        axes.axvline(data[0].attrs["first_phonon"], color=color, linestyle=":", linewidth=1)
        if participation is not None:
            draw_participation(participation, data, color, label)
    axes.legend()


def draw_participation(axes, spectra, color, label) -> None:
    """Draw the participation ratio of the lowest hundred modes of each sample over omega, on a logarithmic axis."""
    for i, data in enumerate(spectra):
        moving = data.frequency.values > 1e-5 * data.attrs["omega_max"]
        axes.plot(
            data.frequency.values[moving][:100],
            data.participation_ratio.values[moving][:100],
            ".",
            color=color,
            markersize=3,
            label=label if i == 0 else None,
        )
    axes.set_yscale("log")
