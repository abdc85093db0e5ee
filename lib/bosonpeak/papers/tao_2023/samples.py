"""Glasses as samples: what a model may see of a minimum, and what it is to predict (tao-2023, Sec. II).

Metals only: distances are in A, energies in eV, and omega in rad/ps (the paper's "THz"). g is normalised to 1 over all
degrees of freedom, so that g / omega^2 is in (rad/ps)^-3; a millionth of that is the paper's "uTHz^-3".
"""

from dataclasses import replace

import numpy as np
import xarray as xr

from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.materials.glasses import GlassRecipe, melt_quench
from bosonpeak.materials.potentials import get
from bosonpeak.structure.pair_distribution import pair_distribution, shell_volumes
from bosonpeak.vibrations.elasticity import elastic_moduli
from bosonpeak.vibrations.hessian import check_minimum, dynamical_matrix
from bosonpeak.vibrations.local_peaks import peaks_by_modes
from bosonpeak.vibrations.mixed_precision import lowest_modes
from bosonpeak.vibrations.modes import normal_modes, participation_ratio
from bosonpeak.vibrations.peaks import BosonPeak, PeakReading, cumulative_level, frequency_scale

R_MAX, DR = 12.0, 0.1
"""A: pairs are counted up to here, in shells of this width (the paper's)."""
KEPT = 0.12
"""Share of all modes, the lowest, that a sample keeps: they reach to about 13 rad/ps."""
WIDTH, LOWEST, HIGHEST, CUTOFF = 1.0, 2.0, 10.0, 10.0
"""rad/ps: standard deviation under which g / omega^2 is read, the range its maximum is looked for in, and where the
cumulative level ends. Below two widths omega^2 divides what leaks from above; the modes kept end above HIGHEST."""
BINS = np.linspace(0, 70, 141)
"""rad/ps: all frequencies are counted in these, where all are known."""
_ALL = 6000
"""Degrees of freedom up to which all modes are computed."""
_UNITS = {
    "intensity": "(rad/ps)^-3", "level": "(rad/ps)^-3", "debye_level": "(rad/ps)^-3", "omega_peak": "rad/ps",
    "frequency": "rad/ps", "energy": "eV", "volume": "A^3", "bulk_modulus": "eV/A^3", "shear_modulus": "eV/A^3",
    "cooling_rate": "K/s", "end_temperature": "K", "melt_temperature": "K", "position": "A", "cell": "A",
    "atomic_intensity": "(rad/ps)^-3", "pair_count": "1", "participation_ratio": "1", "spectrum_count": "1",
    "r": "A", "omega": "rad/ps",
}  # fmt: skip
_DIMENSIONS = {
    "pair_count": ("pair", "r"), "frequency": ("mode",), "participation_ratio": ("mode",),
    "spectrum_count": ("omega",), "position": ("atom", "axis"), "number": ("atom",), "atomic_intensity": ("atom",),
}  # fmt: skip
ATOMIC = ("position", "cell", "number", "atomic_intensity")
"""What only samples with their structure have."""


def sample_peak(frequency, degrees_of_freedom: int, width: float = WIDTH, lowest: float = LOWEST) -> BosonPeak:
    """The boson peak of a sample from its lowest modes: the highest point of g / omega^2 up to `HIGHEST`.

    Parameters
    ----------
    frequency : array, shape (k,)
        In rad/ps, without the zero modes.
    degrees_of_freedom : int
        To which g is normalised.
    width : float
        Standard deviation of the Gaussian of each level, in rad/ps.
    lowest : float
        Where the range begins, in rad/ps.

    Returns
    -------
    peaks.BosonPeak

    Raises
    ------
    ValueError
        If the modes end within two widths of `HIGHEST`.
    """
    frequency = np.asarray(frequency, float)
    if frequency.max() < HIGHEST + 2 * width:
        raise ValueError(
            f"the modes end at {frequency.max():.3g} rad/ps, within two widths of {HIGHEST:g}: "
            "keep more of them, or take a narrower width"
        )
    omega = np.linspace(lowest, HIGHEST, 161)
    return PeakReading(width, lowest, HIGHEST).of_levels(frequency, omega, degrees_of_freedom)[0]


def describe_sample(atoms, potential, atomic: bool = False) -> dict[str, np.ndarray]:
    """Everything of a minimum that the tables of samples hold.

    Parameters
    ----------
    atoms : ase.Atoms
    potential : materials.potentials.Potential
    atomic : bool
        Whether to keep the structure and I_BP^i of every atom. These do not add up to I_BP, since each atom has its
        maximum at its own omega.

    Returns
    -------
    dict of arrays
        `pair_count` (3, K): pairs in each shell, in the order of the elements' symbols (Cu-Cu, Cu-Zr, Zr-Zr);
        `frequency` and `participation_ratio` (k,) of the lowest modes without the zero ones; `spectrum_count`: all
        frequencies, counted in `BINS` (zeros where only the lowest were computed); `intensity`, `omega_peak`,
        `interior`, `level`; `energy` and `volume` per atom; moduli and Debye level.

    Raises
    ------
    ValueError
        If there are not two elements, if units are reduced, or if the structure is not a stable minimum.
    """
    elements = sorted(set(atoms.get_chemical_symbols()))
    if potential.units != "metal" or len(elements) != 2:
        raise ValueError(f"samples are of two elements in metal units, not {'-'.join(elements)} in {potential.units}")
    check_minimum(atoms, potential, 1e-6)
    n = 3 * len(atoms)
    kept = round(KEPT * n)
    # dense throughout: a sparse matrix of this potential costs more in the residuals than in the diagonalisation
    D = dynamical_matrix(atoms, potential).toarray()
    if atomic or n <= _ALL:
        modes = normal_modes(D)
        spectrum = np.histogram(modes.omega * frequency_scale("rad/ps"), BINS)[0]
    else:
        # the last few know nothing of those behind them
        modes = lowest_modes(D, 8 + kept)
        spectrum = np.zeros(len(BINS) - 1, int)
    # three translations
    frequency = (modes.omega * frequency_scale("rad/ps"))[3 : 3 + kept]
    participation = participation_ratio(modes, 3)[3 : 3 + kept]
    peak, elastic = sample_peak(frequency, n), elastic_moduli(atoms, potential, rtol=1e-4)
    pairs = pair_distribution(atoms, R_MAX, DR)
    numbers = pairs.density * atoms.get_volume()
    ordered = np.rint(pairs.partial * numbers[:, None, None] * pairs.density[:, None] * shell_volumes(pairs.edges))
    found = {
        "pair_count": np.array([ordered[0, 0] / 2, ordered[0, 1], ordered[1, 1] / 2]).astype("i4"),
        "frequency": frequency.astype("f4"), "participation_ratio": participation.astype("f4"),
        "spectrum_count": spectrum.astype("i4"),
        "intensity": peak.intensity, "omega_peak": peak.omega, "interior": peak.interior,
        "level": cumulative_level(frequency, CUTOFF, total=n),
        "energy": atoms.info["potential_energy"] / len(atoms), "volume": atoms.get_volume() / len(atoms),
        "bulk_modulus": elastic.bulk, "shear_modulus": elastic.shear, "debye_level": elastic.debye_level,
    }  # fmt: skip
    if atomic:
        found |= {"position": atoms.positions, "cell": atoms.cell.lengths()[0], "number": atoms.numbers.astype("i2")}
        found["atomic_intensity"] = peaks_by_modes(modes)[0].astype("f4")
    return {name: np.asarray(value) for name, value in found.items()}


@method("samples", version=1)
def make_samples(recipes: list[GlassRecipe], atomic, folder, progress: bool = False) -> list[dict]:
    """Quench and describe the glasses of one parent liquid.

    Parameters
    ----------
    recipes : list of GlassRecipe
        They differ in cooling alone, and share one melt.
    atomic : sequence of bool
        Which samples keep their structure.
    folder : path-like
        Finished samples are kept there under the key of their recipe, together with the restart files of the one that
        runs, so that a run that was killed resumes.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    list of dict
        What `describe_sample` returns for each.

    Raises
    ------
    ValueError
        If the recipes do not have one seed, and as `melt_quench`.
    """
    if len({replace(r, cooling_rate=1.0, end_temperature=0.1) for r in recipes}) != 1:
        raise ValueError("the glasses of one parent have one seed, size, potential and melt: give each its own call")
    parts, found = KeptParts(folder), []
    for recipe, whole in zip(recipes, atomic, strict=True):
        kept = parts.read(recipe.key)
        if kept is None or whole > ("position" in kept):
            glass = melt_quench(recipe, folder, progress=progress, keep_melt=True)
            kept = describe_sample(glass, get(recipe.potential), whole)
            parts.write(recipe.key, **kept)
        found.append(kept)
    return found


def sample_table(recipes: list[GlassRecipe], samples: list[dict], atomic: bool = False) -> xr.Dataset:
    """Samples of one size as a table over `sample`, with seed, cooling rate and temperatures.

    Parameters
    ----------
    recipes : list of GlassRecipe
    samples : list of dict
        What `make_samples` returned for them.
    atomic : bool
        Whether to keep the structures of those that have one, with I_BP^i, instead of the rest.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    ValueError
        If no sample is left.
    """
    chosen = [(r, s) for r, s in zip(recipes, samples, strict=True) if not atomic or "position" in s]
    if not chosen:
        raise ValueError("no sample, no table")
    names = [name for name in chosen[0][1] if (name in ATOMIC) == atomic]
    columns = {n: (("sample", *_DIMENSIONS.get(n, ())), np.stack([s[n] for _, s in chosen])) for n in names}
    recipe = ("seed", "cooling_rate", "end_temperature", "melt_temperature")
    columns |= {name: ("sample", [getattr(r, name) for r, _ in chosen]) for name in recipe}
    data = xr.Dataset(columns, {"key": ("sample", [r.key for r, _ in chosen])})
    if not atomic:
        middles = (np.arange(round(R_MAX / DR)) + 0.5) * DR
        elements = sorted(chosen[0][0].fractions())
        pair = [f"{a}-{b}" for i, a in enumerate(elements) for b in elements[i:]]
        data = data.assign_coords(pair=pair, r=middles, omega=(BINS[1:] + BINS[:-1]) / 2)
    for name in set(data.variables) & set(_UNITS):
        data[name].attrs["units"] = _UNITS[name]
    return data.assign_attrs(n_atoms=chosen[0][0].n_atoms, potential=chosen[0][0].potential, width=WIDTH)


def merge_samples(tables: list[xr.Dataset]) -> xr.Dataset:
    """Tables of one size as one, in the order of cooling and of parents.

    Of a sample that is in several tables the first one counts. The attributes are those of the first table.

    Parameters
    ----------
    tables : list of xarray.Dataset

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    ValueError
        If there is no table, or if the tables differ in size, potential (by the hash of its file, where it is given),
        width, axes or columns.
    """
    alike = {tuple(t.attrs.get(n) for n in ("n_atoms", "potential", "potential_sha256", "width")) for t in tables}
    if len(alike) != 1 or len({frozenset(t.variables) for t in tables}) != 1:
        raise ValueError("samples of several sizes, potentials, widths or columns make no table: merge those of one")
    merged = xr.concat(tables, "sample", data_vars="all", coords="minimal", compat="equals", join="exact")
    merged = merged.assign_attrs(tables[0].attrs)
    merged = merged.isel(sample=np.unique(merged.key, return_index=True)[1])
    order = [merged[n].values for n in ("end_temperature", "cooling_rate", "seed", "melt_temperature")]
    return merged.isel(sample=np.lexsort(order)).drop_encoding()
