"""Spectra of a glass at its volume at a temperature: density, sound, neutrons, Raman scattering, alignment.

These are what the table of a glass (`tables.scattering_table`) does not hold: the elastic moduli at the same volume,
the currents of sound, the map with neutron lengths for boxes of any size, the strength of light scattering without a
diagonalisation, and how far neighbours move alike.
"""

import json

import numpy as np
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025.alignment import Alignment, alignment
from bosonpeak.papers.li_2025.excess import Excess, box_excess
from bosonpeak.papers.li_2025.tables import GRIDS, SEED, neighbour_cutoff, rounded, warm_glass
from bosonpeak.scattering import harmonic
from bosonpeak.scattering.raman import polarizability_gradient
from bosonpeak.scattering.wavevectors import box_wavevectors, shell_means
from bosonpeak.units import MEV, RAD_PER_PS
from bosonpeak.vibrations.elasticity import elastic_moduli
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes
from bosonpeak.vibrations.peaks import broadened_reduced_density, frequency_scale, gaussian_levels

DENSE = 4000
"""Atoms up to which all modes are computed; beyond, Chebyshev moments of the dynamical matrix take their place."""
SOUND = 2.25
"""Wave vectors up to which the currents of sound are computed, over the first peak of S(Q) at 2.8 1/A."""
REACH = 10.0
"""Distance up to which the alignment of a metal is measured, in A."""
MANY = 4000
"""Wave vectors per shell for S(Q), at most: a speckle of 1.6 %."""
EXCESS_WIDTH = {"meV": 0.6, "reduced": 0.5}
"""Standard deviation of the Gaussian of the excess."""
SEARCH = {"meV": (1.0, 10.0), "reduced": (0.8, 8.0)}
"""Energies between which the excess has its maximum."""


def vector_spectra(solid, masses, vectors, energy, width, unit) -> np.ndarray:
    """sum_k |<v|e_k>|^2 G(E - E_k) / E_k^2 of vectors v (3N, K) in mass-weighted coordinates, (E, K).

    solid: all modes, or the dynamical matrix of the masses (N,). Without the translations.
    """
    if not isinstance(solid, Modes):
        return harmonic._operator_series(solid, masses, energy, width, unit)(vectors.T).T
    level = solid.omega * frequency_scale(unit)
    moving = level > 1e-6 * level.max()
    kernel = gaussian_levels(energy, level[moving], width) / level[moving] ** 2
    return kernel @ (solid.polarizations[:, moving].T @ vectors) ** 2


@method("li-2025-spectra", version=1)
def spectra(
    glass, waves, weights=(), temperature=0.0, seed=SEED, progress=False, folder=None, modes=None
) -> xr.Dataset:
    """Spectra of one archived glass beyond its table.

    Parameters
    ----------
    glass : str
        Name of an archived glass.
    waves : int
        Wave vectors per shell.
    weights : sequence of str
        Maps to make: "unit" and "neutron", as `harmonic.scattering_weights` knows them.
    temperature : float
        In K: a metal is first brought to its volume at this temperature and zero pressure; 0 leaves it as it is.
    seed : int
        Of the wave vectors, of the velocities, and of the random vectors of the density.
    progress : bool
        Whether to show progress bars.
    folder : path-like, optional
        Where finished parts are kept, so that a run that was killed resumes.
    modes : Modes, optional
        All normal modes, if they are known; only for a glass that is not brought to another volume.

    Returns
    -------
    xarray.Dataset
        Dimensions q, energy, r. `reduced_density` is g / E^2; `unit` and `neutron` are B with their `..._error`, and
        `structure_...` is S(Q) of these weights; `raman` (metals) is C(E) g / E^2 of induced dipoles, up to a factor.
        For metals of at most `DENSE` atoms `longitudinal` and `transverse` are B weighted by mass at the q below
        `SOUND`, NaN beyond, and `sums` and `along` (r, energy), `pairs` (r) and `own` (energy) are those of
        `alignment.Alignment`.
        Attributes: the edge of the box, the speeds of sound in A/ps, and how the table was made.

    Raises
    ------
    ValueError
        As the functions that are called.
    """
    atoms = load(glass)
    recipe = atoms.info["recipe"]
    potential = get(recipe["potential"])
    grid, masses = GRIDS[potential.units], potential.masses_of(atoms)
    atoms.set_masses(masses)
    kept = KeptParts(folder, atoms, potential, "spectra", waves, temperature, seed)
    if temperature > 0:
        atoms = warm_glass(atoms, potential, temperature, seed, folder)
    energy, unit = grid.energy, grid.unit
    if modes is None and len(atoms) <= DENSE:
        modes = normal_modes(dynamical_matrix(atoms, potential))
    solid = dynamical_matrix(atoms, potential, factored=True) if modes is None else modes
    cell, cutoff = atoms.cell.array, neighbour_cutoff(atoms)
    some, many = (box_wavevectors(cell, grid.edges, count, seed) for count in (waves, MANY))
    slow = box_wavevectors(cell, grid.edges[grid.edges < SOUND], waves, seed)
    seen = energy, grid.width
    table = {}
    if modes is None:
        made = lambda: {"g": harmonic.reduced_density_by_moments(solid, masses, *seen, 32, seed, unit)}  # noqa: E731
        table["reduced_density"] = ("energy", kept.part("density", made)["g"])
    else:
        level = modes.omega * frequency_scale(unit)
        table["reduced_density"] = ("energy", broadened_reduced_density(level, *seen))

    def add(name, waves_of, *options):
        def made():
            found = harmonic.boson_map(solid, atoms, waves_of, *seen, *options, unit=unit, progress=progress)
            return {"map": found.intensity, "error": found.stderr}

        for column, values in zip((name, f"{name}_error"), kept.part(name, made).values(), strict=True):
            whole = np.full((len(some.q), len(energy)), np.nan)
            whole[: len(values)] = values
            table[column] = (("q", "energy"), rounded(whole))

    for name in weights:
        table[f"structure_{name}"] = ("q", shell_means(harmonic.structure_factor(atoms, many, name), many)[0])
        add(name, some, name)
    if potential.units == "metal":
        for way in ("longitudinal", "transverse") if modes is not None else ():
            add(way, slow, "mass", way)
        dipoles = polarizability_gradient(atoms, cutoff) / np.sqrt(np.repeat(masses, 3))[:, None]
        strength = vector_spectra(solid, masses, dipoles, *seen, unit) @ [1, 1, 1, 2, 2, 2]
        table["raman"] = ("energy", strength / strength.mean())
    coordinates = {"q": some.q, "energy": energy, "waves": ("q", some.counts), "available": ("q", some.available)}
    elastic = elastic_moduli(atoms, potential, rtol=1e-4)
    attributes = {"longitudinal_speed": elastic.speeds[0], "transverse_speed": elastic.speeds[1]}
    attributes |= {"n_atoms": len(atoms), "edge": float(atoms.cell.lengths().min()), "cutoff": cutoff, "unit": unit}
    if modes is not None and potential.units == "metal":
        found = alignment(modes, atoms, *seen, min(REACH, atoms.cell.lengths().min() / 2), unit)
        table |= {name: (("r", "energy"), rounded(getattr(found, name))) for name in ("sums", "along")}
        table |= {"pairs": ("r", found.pairs), "own": ("energy", found.own)}
        coordinates["r"] = (found.edges[1:] + found.edges[:-1]) / 2
        attributes["nearest"] = found.nearest
    attributes |= {"name": glass, "seed": recipe["seed"], "recipe": json.dumps(recipe), "width": grid.width}
    return xr.Dataset(table, coordinates, attributes | {"temperature": temperature, "seed_of_waves": seed})


def read_alignment(data: xr.Dataset) -> Alignment:
    """The `Alignment` of a dataset of `spectra`. Raises ValueError if its glass was too large for all modes."""
    if "sums" not in data:
        raise ValueError(f"{data.attrs['name']} has no alignment: it takes all modes, of {DENSE:,} atoms at most")
    step, count = data.r.values[1] - data.r.values[0], len(data.r)
    values = (data[name].values.astype(float) for name in ("pairs", "sums", "along", "own"))
    edges = np.arange(count + 1) * step
    return Alignment(data.energy.values, edges, *values, data.attrs["n_atoms"], data.attrs["nearest"])


def read_excess(data: xr.Dataset, reduced=None, width: float | None = None) -> Excess:
    """The `Excess` of a dataset of `spectra`.

    Parameters
    ----------
    data : xarray.Dataset
    reduced : array, shape (E,), optional
        Another g / E^2 on the same energies and under the same kernel, such as that of the motion.
    width : float, optional
        Standard deviation of the Gaussian of the excess; by default that of `EXCESS_WIDTH`.

    Raises
    ------
    ValueError
        As `excess.box_excess`.
    """
    unit, edge = data.attrs["unit"], data.attrs["edge"]
    quantum = MEV / RAD_PER_PS if unit == "meV" else 1.0
    speeds = [quantum * data.attrs[f"{way}_speed"] for way in ("longitudinal", "transverse")]
    reduced = data.reduced_density.values if reduced is None else reduced
    kernel, width = data.attrs["width"], width or EXCESS_WIDTH[unit]
    box = np.eye(3) * edge, data.attrs["n_atoms"], speeds
    return box_excess(data.energy.values, reduced, kernel, width, *box, SEARCH[unit])


_ALLOY = "Zr46Cu46Al8-sheng-2011-n{}-{}-s{}"
_PLANS = [
    *((_ALLOY.format(1000, "1e13", s), 60, ["neutron"], 300.0) for s in (1, 2, 3)),
    *((_ALLOY.format(1000, "1e14", s), 20, [], 300.0) for s in (1, 2, 3)),
    *((_ALLOY.format(4000, "1e14", s), 20, [], 300.0) for s in (2, 3)),
    *((_ALLOY.format(4000, "1e13", s), 30, ["neutron"], 300.0) for s in (1, 2, 3)),
    *((_ALLOY.format(n, "1e13", s), 2, [], 300.0) for n, s in ((10000, 1), (10000, 2), (10000, 3), (24000, 1))),
    *((f"Zr56Cu36Al8-sheng-2011-n1000-1e13-s{s}", 20, [], 300.0) for s in (1, 2, 3)),
    *((f"{name}-n8000-0.001-s{s}", 12, [], 0.0) for name in ("kob-andersen", "inverse-power-law") for s in (1, 2, 3)),
]
_KEYS = "glass", "waves", "weights", "temperature"
MEASUREMENTS = tuple(
    Measurement(f"li-2025-spectra-{plan[0].replace('-sheng-2011', '')}", spectra, dict(zip(_KEYS, plan, strict=True)))
    for plan in _PLANS
)
"""What the book archives of these spectra."""
