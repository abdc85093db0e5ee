"""What the chapter li-2025 reads off the maps of its glasses, and the one result of it that takes minutes."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
import xarray as xr
from ase import Atoms

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_result
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import maps
from bosonpeak.papers.li_2025.fluctuations import harmonic_fluctuation_map
from bosonpeak.papers.li_2025.local_fields import LINEAR, local_geometry
from bosonpeak.papers.li_2025.tables import GRIDS, Plan, computed_table, table_map
from bosonpeak.scattering import harmonic, raman, specific_heat
from bosonpeak.scattering.wavevectors import ScatteringMap, box_wavevectors
from bosonpeak.units import MEV, RAD_PER_PS
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes
from bosonpeak.vibrations.peaks import boson_peak

WINDOW = (2.1, 8.5)
"""Wave vectors in 1/A between which li-2025 compares B with S(Q)."""
SEARCH = (1.5, 10.0)
"""Energies in meV between which a peak of the alloy is looked for."""
SEARCH_MODEL = (1.3, 8.0)
"""The same for the model glasses, reduced."""
IN_RAD = RAD_PER_PS / MEV
"""Angular frequency in rad/ps of one meV."""
_STRAINS = ("displacement", "rotation", "shear", "von Mises", "volumetric")
FIELDS = (*_STRAINS, "bond length", "neighbour distance", "coordination", "non-affine", "random sign")
"""The local quantities in the order in which the chapter lists them."""


@lru_cache(maxsize=1)
def glass_and_modes(glass: str) -> tuple[Atoms, Modes]:
    """An archived glass, with the masses of its potential, and all of its normal modes; the last one is remembered."""
    atoms = load(glass)
    potential = get(atoms.info["recipe"]["potential"])
    atoms.set_masses(potential.masses_of(atoms))
    return atoms, normal_modes(dynamical_matrix(atoms, potential))


@method("li-2025-model-glass", 1)
def model_glass(
    glass: str, waves: int, motion_waves: int, temperature: float, duration: float, progress=False, folder=None
) -> xr.Dataset:
    """The table of a model glass: by its modes, by molecular dynamics, and of all local quantities.

    Parameters
    ----------
    glass : str
        Name of an archived glass of reduced units.
    waves, motion_waves : int
        Wave vectors per shell, for the modes and for the dynamics.
    temperature, duration : float
        Of the dynamics, reduced.
    progress : bool
        Whether to show progress bars.
    folder : path-like, optional
        Where the trajectory is kept, so that a run that was killed resumes from it.

    Returns
    -------
    xarray.Dataset
        As `tables.scattering_table`, without currents and without spectra of single atoms.
    """
    plan = Plan("modes", waves, motion_waves, temperature, duration, "main")
    return computed_table(glass, plan, progress, modes=glass_and_modes(glass)[1], extras=False, folder=folder)


_BOOK = {"waves": 60, "motion_waves": 20, "temperature": 0.1, "duration": 100.0}
MODEL_GLASS = Measurement("li-2025-model-glass", model_glass, {"glass": "kob-andersen-n1000-0.001-s1"} | _BOOK)
MEASUREMENTS = (MODEL_GLASS,)


def alloy_tables(names, archived: bool, plan: Plan, progress: bool = False) -> list[xr.Dataset]:
    """Tables of some glasses: archived ones, or computed now, which takes minutes for each glass."""
    return [load_result("scattering", x) if archived else computed_table(x, plan, progress) for x in names]


def nearest(energy, at) -> np.ndarray:
    """Index of the energy (E,) nearest to `at`, a number or an array."""
    return abs(np.asarray(energy)[:, None] - np.ravel(at)).argmin(axis=0).reshape(np.shape(at))


@dataclass(frozen=True)
class Reading:
    """What is read off the maps of one quantity of several glasses, over a window of Q.

    Attributes
    ----------
    maps : list of ScatteringMap
        One per glass (G).
    structures : list of arrays, shape (B,)
        S(Q) of each glass.
    inside : array of bool, shape (B,)
        Shells of the window.
    peaks : array, shape (G,)
        Energy of the maximum of the mean spectrum of the window.
    curves : array, shape (G, E)
        Pearson's r between the map and S(Q) at every energy.
    shells : list of Dispersion
        Maximum of each shell.
    """

    maps: list[ScatteringMap]
    structures: list[np.ndarray]
    inside: np.ndarray
    peaks: np.ndarray
    curves: np.ndarray
    shells: list[maps.Dispersion]

    @property
    def energy(self) -> np.ndarray:
        """Energies of the maps, (E,)."""
        return self.maps[0].energy

    @property
    def r(self) -> np.ndarray:
        """r of each glass at its own peak, (G,)."""
        return self.r_at(self.peaks)

    @property
    def spread(self) -> np.ndarray:
        """Standard deviation over the shells of the energy of the maximum, over its mean, (G,)."""
        return np.array([d.relative_spread for d in self.shells])

    @property
    def hit(self) -> np.ndarray:
        """Fraction of the shells whose maximum lies inside the energies searched, (G,)."""
        return np.array([d.interior.mean() for d in self.shells])

    @property
    def mean(self) -> ScatteringMap:
        """Mean map of the glasses."""
        return maps.mean_map(self.maps)

    @property
    def structure(self) -> np.ndarray:
        """Mean S(Q) of the glasses, (B,)."""
        return np.mean(self.structures, axis=0)

    def r_at(self, energies) -> np.ndarray:
        """r of each glass at the energy nearest to `energies`, one number or one per glass, (G,)."""
        at = np.broadcast_to(nearest(self.energy, energies), len(self.curves))
        return self.curves[np.arange(len(self.curves)), at]


def read_maps(found, structures, inside, search) -> Reading:
    """Read the maps of several glasses.

    Parameters
    ----------
    found : list of ScatteringMap
        On one grid.
    structures : list of arrays, shape (B,)
        S(Q) of each glass.
    inside : array of bool, shape (B,)
        Shells of the window, as `maps.window` gives them.
    search : (float, float)
        Energies between which peaks are looked for, in the unit of the maps.
    """
    peaks = np.array([maps.mean_peak(m, inside, *search) for m in found])
    curves = [maps.structure_correlation(m, s, inside) for m, s in zip(found, structures, strict=True)]
    shells = [maps.peak_dispersion(m, inside, *search) for m in found]
    return Reading(list(found), list(structures), inside, peaks, np.array(curves), shells)


def read_tables(tables, way: str, inside, search, field: str | None = None) -> Reading:
    """`read_maps` of one map of several tables. way and field: as in `tables.table_map`. Raises ValueError as that."""
    return read_maps([table_map(t, way, field) for t in tables], [t.structure.values for t in tables], inside, search)


def model_window(table: xr.Dataset) -> tuple[float, tuple[float, float], np.ndarray]:
    """First peak of S(Q) of a model glass, its window of Q, and the shells inside.

    The window is the same multiples of the first peak as `WINDOW` is in the alloy, whose first peak is at 2.8 1/A.
    """
    first = float(table.q[int(table.structure.values.argmax())])
    limits = tuple(q / 2.8 * first for q in WINDOW)
    return first, limits, maps.window(table_map(table, "harmonic"), *limits)


def check_sample(table: xr.Dataset, every: int = 10, tolerance: float = 1e-3) -> tuple[int, float]:
    """Compute the harmonic map of the table of a model glass again in every n-th shell of Q, and compare.

    Parameters
    ----------
    table : xarray.Dataset
        Its attribute `name` is that of an archived glass of reduced units.
    every : int
        One shell in so many is computed.
    tolerance : float
        Largest deviation that is accepted. The archive keeps 13 bits of each number, which is 1.2e-4.

    Returns
    -------
    shells : int
        How many shells were computed.
    deviation : float
        Largest difference within a shell over the maximum of that shell.

    Raises
    ------
    RuntimeError
        If the deviation is larger than the tolerance.
    """
    (atoms, modes), grid = glass_and_modes(table.attrs["name"]), GRIDS["lj"]
    waves = box_wavevectors(atoms.cell.array, grid.edges, table.attrs["waves"], table.attrs["seed_of_waves"])
    taken = waves.shell % every == 0
    waves = replace(waves, indices=waves.indices[taken], vectors=waves.vectors[taken], shell=waves.shell[taken])
    shells = np.flatnonzero(waves.counts)
    found = harmonic.boson_map(modes, atoms, waves, grid.energy, grid.width, unit=grid.unit).intensity[shells]
    deviation = float((abs(found - table.harmonic.values[shells]).max(axis=1) / found.max(axis=1)).max())
    if not deviation <= tolerance:
        raise RuntimeError(
            f"the table of {table.attrs['name']} differs by {deviation:.2g} from what is computed here, more than "
            f"{tolerance:g}: compute it again with archived = False"
        )
    return len(shells), deviation


def _at_peak(reading: Reading, atoms, modes, waves: int, seed: int) -> tuple[float, ScatteringMap]:
    """r at the peak of the first glass of a reading, by given modes and waves, and the map at this one energy."""
    grid, at = GRIDS["lj"], reading.energy[[nearest(reading.energy, reading.peaks[0])]]
    some = box_wavevectors(atoms.cell.array, grid.edges, waves, seed)
    found = harmonic.boson_map(modes, atoms, some, at, grid.width, unit=grid.unit)
    return float(maps.structure_correlation(found, reading.structures[0], reading.inside)[0]), found


def shuffled_correlation(reading: Reading, atoms: Atoms, modes: Modes, waves: int) -> float:
    """r at the peak of the first glass of a reading, its modes' polarizations handed to other atoms at random."""
    mixed = np.random.default_rng(5).permutation(len(atoms))
    handed = modes.polarizations.reshape(len(atoms), 3, -1)[mixed].reshape(modes.polarizations.shape)
    return _at_peak(reading, atoms, replace(modes, polarizations=handed), waves, 1)[0]


def wave_convergence(reading: Reading, atoms: Atoms, modes: Modes, counts) -> pd.DataFrame:
    """Speckle and r at the peak of the first glass with different numbers of wave vectors per shell, as a table."""
    rows = []
    for count in counts:
        r, found = _at_peak(reading, atoms, modes, count, 2)
        error = np.nanmedian((found.stderr / found.intensity)[reading.inside]) if count > 1 else 0
        rows.append((count, f"{100 * error:.0f} %" if count > 1 else "", f"{r:.3f}"))
    return pd.DataFrame(rows, columns=["wave vectors per shell", "speckle of a shell", "r at the peak"])


def still_correlations(reading: Reading, atoms: Atoms, modes: Modes, cutoff: float, waves: int) -> dict[str, float]:
    """r at the peak of the first glass of each linear field, from the modes: without noise and without a second phonon.

    Unlike Eq. 5 these maps are not divided by phi(Q, 0), in which slow modes weigh most.
    """
    grid, at = GRIDS["lj"], reading.energy[[nearest(reading.energy, reading.peaks[0])]]
    some, geometry = box_wavevectors(atoms.cell.array, grid.edges, waves, 3), local_geometry(atoms, cutoff)
    found = {f: harmonic_fluctuation_map(modes, f, geometry, some, at, grid.width, grid.unit) for f in LINEAR}
    s, inside = reading.structures[0], reading.inside
    return {f: float(maps.structure_correlation(m, s, inside)[0]) for f, m in found.items()}


def three_axes_correlation(motion: Reading, tables) -> np.ndarray:
    """r by motion at the peak with the displacement in space instead of along one axis in the Debye-Waller factor."""
    u2 = [t.attrs["axis_displacement"] for t in tables]
    lifted = [maps.scaled_map(m, np.exp(2 * m.q[:, None] ** 2 * u)) for m, u in zip(motion.maps, u2, strict=True)]
    return read_maps(lifted, motion.structures, motion.inside, SEARCH).r_at(motion.peaks)


def map_ratio(motion: Reading, modes: Reading, part: slice) -> float:
    """Mean ratio of the maps by motion to those by modes, from 5 to 20 meV, in a part of the shells of the window."""
    middle = (modes.energy >= 5) & (modes.energy <= 20)
    sizes = [[m.intensity[modes.inside][part][:, middle].mean() for m in r.maps] for r in (motion, modes)]
    return float(np.mean(np.divide(*sizes)))


@dataclass(frozen=True)
class Reach:
    """At which energies a map is like S(Q), in meV. low, high (G,): the range around the peak in which r stays above
    0.85; zero (G,): where r falls through 0 above the peak; best (G,): where r is highest, from 1 meV on."""

    low: np.ndarray
    high: np.ndarray
    zero: np.ndarray
    best: np.ndarray


def reach(reading: Reading) -> Reach:
    """`Reach` of the maps of some glasses."""
    energy, pairs = reading.energy, list(zip(reading.curves, reading.peaks, strict=True))
    low, high = np.transpose([maps.range_above(energy, c, e, 0.85) for c, e in pairs])
    zero = np.array([maps.range_above(energy, c, e, 0.0)[1] for c, e in pairs])
    return Reach(low, high, zero, energy[energy >= 1.0][reading.curves[:, energy >= 1.0].argmax(axis=1)])


def sound_branch(tables, way: str) -> list[maps.Dispersion]:
    """Maxima of the "longitudinal" or "transverse" currents E^2 B of the modes below 2.2 1/A, of each glass."""
    found = [table_map(t, way) for t in tables]
    currents = [maps.scaled_map(m, m.energy[None] ** 2) for m in found]
    return [maps.peak_dispersion(m, maps.window(m, 0.3, 2.2), 1.0, 44.0) for m in currents]


def reduced_peaks(energy, spectra, highest: float = SEARCH[1]) -> np.ndarray:
    """Energy in meV of the maximum of each spectrum (G, E), which is divided by E^2 already, up to `highest`, (G,).

    Energies at which a spectrum is NaN, as C(E) is where a box has no modes, are left out.
    """
    known = [np.isfinite(x) for x in spectra]
    options = {"dimension": 1, "omega_min": SEARCH[0], "omega_max": highest}
    return np.array([boson_peak(energy[k], x[k], **options).omega for x, k in zip(spectra, known, strict=True)])


def reduced_raman(tables, temperature: float = 300.0) -> np.ndarray:
    """C g / E^2 of each glass (G, E): its Raman intensity at a temperature in K, reduced with a constant coupling."""
    energy = tables[0].energy.values
    density = [t.reduced_density.values * energy**2 for t in tables]
    seen = [raman.raman_intensity(energy, g, temperature, t.raman.values) for g, t in zip(density, tables, strict=True)]
    return np.array([raman.reduce_raman(energy, intensity, temperature) for intensity in seen])


def heat_choices(energy, g) -> pd.DataFrame:
    """Debye-Einstein fits to the heat of a density of states g (m,) over other temperatures, and with other shares."""
    rows = []
    for lowest in (3, 5, 8):
        kelvin = np.geomspace(lowest, 100, 40)
        heat = specific_heat.reduced_specific_heat(kelvin, energy, g) * kelvin**3
        for sums in (False, True):
            fit = specific_heat.fit_specific_heat(kelvin, heat, sums, einstein_below_debye=True)
            numbers = f"{fit.einstein_energy:.1f}", f"{fit.boson_peak:.1f}", f"{fit.debye_temperature:.0f}"
            shares = "add up to 1" if sums else "free"
            rows.append((f"{lowest} to 100 K", shares, *numbers, f"{100 * fit.residual:.1f} %"))
    columns = "temperatures,shares,Einstein energy (meV),peak of its g/E² (meV),θ_D (K),rms".split(",")
    return pd.DataFrame(rows, columns=columns)


def stands_out(fields: dict[str, Reading], at) -> np.ndarray:
    """By how much the best other quantity with a spread below 0.15 is more like S(Q) than the shear strain, (G,).

    at: energies at which r is taken, one per glass.
    """
    rivals = [reading for name, reading in fields.items() if name not in ("shear", "von Mises")]
    best = np.max([np.where(reading.spread < 0.15, reading.r_at(at), -np.inf) for reading in rivals], axis=0)
    return best - fields["shear"].r_at(at)


def fields_table(fields: dict[str, Reading], at, model: dict[str, Reading], model_at, still) -> pd.DataFrame:
    """Every local quantity of the alloy and of a model glass, as a table.

    Parameters
    ----------
    fields, model : dict
        Readings of the alloy and of one model glass by quantity.
    at, model_at
        Energies at which r is taken.
    still : dict
        r of the linear quantities from the modes of the model glass, of `still_correlations`.
    """
    rows = []
    for name, found in fields.items():
        r, peak = found.r_at(at), np.mean([d.mean for d in found.shells])
        shares = [f"{100 * x:.0f} %" for x in (found.spread.mean(), found.hit.mean(), model[name].spread[0])]
        likeness = f"{r.mean():.2f} ± {np.std(r, ddof=1):.2f}", f"{model[name].r_at(model_at)[0]:.2f}"
        by_modes = f"{still[name]:.2f}" if name in still else ""
        rows.append((name, f"{peak:.1f}", *shares[:2], *likeness, shares[2], by_modes))
    columns = "quantity,peak (meV),spread over Q,shells with a peak,r at the boson peak,Lennard-Jones: r,its spread"
    return pd.DataFrame(rows, columns=[*columns.split(","), "r by modes"])


CHOICES = {
    "": "as above",
    "at rest": "atoms at rest in the phase",
    "not divided": "not divided by φ(Q, 0)",
    "wider": "neighbours within 1.3 cutoffs",
    "mean places": "reference: mean places",
    "moving reference": "reference: 0.5 ps before",
}
"""What is varied of the displacement and of the shear strain in a full table, as the chapter calls it."""


def field_choices(table: xr.Dataset, inside, at: float) -> pd.DataFrame:
    """The displacement and the shear strain of one glass under other choices, as a table; r at the energy `at`."""
    rows = []
    for field in ("displacement", "shear", *(str(f) for f in table.field.values if "," in str(f))):
        found = read_tables([table], "omega", inside, SEARCH, field)
        base, _, what = field.partition(", ")
        peak, r = f"{found.shells[0].mean:.1f}", f"{found.r_at(at)[0]:.2f}"
        rows.append((base, CHOICES[what], peak, f"{100 * found.spread[0]:.0f} %", r))
    return pd.DataFrame(rows, columns=["quantity", "varied", "peak (meV)", "spread over Q", "r"])


def rates_text(peaks: dict[str, np.ndarray]) -> str:
    """Peaks by cooling rate ("1e13": energies in meV of its glasses) in words."""
    some = {rate: values for rate, values in peaks.items() if len(values)}
    counts = {rate: f"{len(values)} glass{'es' if len(values) > 1 else ''}" for rate, values in some.items()}
    return ", ".join(f"{values.mean():.2f} meV at 10^{rate[2:]} K/s ({counts[rate]})" for rate, values in some.items())


def fit_products(reading: Reading, shapes=None) -> list[maps.ProductFit]:
    """Fit f(E) times a function of Q to the map of each glass, between half and twice the energy of its peak.

    shapes: functions of Q (B,) of each glass; by default S(Q).
    """
    found = zip(reading.maps, reading.structures if shapes is None else shapes, reading.peaks, strict=True)
    return [maps.fit_product(m, shape, reading.inside, e / 2, 2 * e) for m, shape, e in found]
