"""Tables of the archived glasses for the page that lists them."""

import numpy as np
import pandas as pd

from bosonpeak.vibrations.elasticity import GPA


def family(name: str) -> str:
    """A glass's name without its seed: samples of one recipe."""
    return name.rpartition("-s")[0]


def summarise(catalogue: pd.DataFrame, spectra: pd.DataFrame) -> pd.DataFrame:
    """One row a recipe: samples, atoms, energy and density, moduli, Debye level and boson peak, mean and scatter.

    Moduli in GPa, frequencies in rad/ps and levels in 10^-6 (rad/ps)^-3 for metals, all reduced otherwise. Scatter is
    the standard deviation over the samples, in parentheses in units of the last digit shown.
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
    """Mean with `digits` decimals, or with four significant figures."""
    digits = max(0, 3 - int(np.floor(np.log10(abs(np.mean(values)))))) if digits is None else digits
    mean = f"{np.mean(values):.{digits}f}"
    return f"{mean}({np.std(values, ddof=1) * 10**digits:.0f})" if len(values) > 1 else mean


def recipes_of(catalogue: pd.DataFrame, material: str) -> list[str]:
    """Recipes (names without seed) of a material, small systems first."""
    found = catalogue[catalogue.name.str.startswith(material)].sort_values("n_atoms", kind="stable")
    return list(dict.fromkeys(found.name.map(family)))
