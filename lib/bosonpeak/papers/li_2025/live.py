"""The data of the chapter: read from the archive, or computed here and now on two small glasses."""

import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from ase import Atoms

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import measurement
from bosonpeak.archive.results import load_result, shipped_results
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import field_choices, spectra
from bosonpeak.papers.li_2025.fields import Fields
from bosonpeak.papers.li_2025.measure import Glasses
from bosonpeak.papers.li_2025.readings import FIRST, WINDOW
from bosonpeak.papers.li_2025.tables import GRIDS, Plan, computed_table, vibrational
from bosonpeak.scattering import harmonic
from bosonpeak.scattering.wavevectors import box_wavevectors
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes

BY_GLASS = {m.parameters["glass"]: m for m in spectra.MEASUREMENTS}
"""Archived spectra by the name of their glass."""
FIELDS_BY_GLASS = {m.parameters["glass"]: m for m in field_choices.MEASUREMENTS}
"""Archived fluctuations of local quantities by the name of their glass."""
_ALLOY = "Zr46Cu46Al8-sheng-2011-n{n}-1e13-s{s}"
_OTHERS = {
    "other": ("Zr56Cu36Al8-sheng-2011-n{n}-1e13-s{s}", 1000),
    "fast": ("Zr46Cu46Al8-sheng-2011-n{n}-1e14-s{s}", 4000),
    "lj": ("kob-andersen-n{n}-0.001-s{s}", 8000),
    "ipl": ("inverse-power-law-n{n}-0.001-s{s}", 8000),
}


@dataclass(frozen=True)
class Data:
    """Everything that the chapter measures on.

    Attributes
    ----------
    alloy : Glasses
        The paper's alloy; where it is computed live, another metal takes its place.
    other, fast, lj, ipl : Glasses or None
        Zr56Cu36Al8, the alloy cooled at 1e14 K/s, the Kob-Andersen and the inverse-power-law glasses.
    fields : Fields
        Fluctuations of local quantities of the alloy.
    modes : int
        Number of atoms of the boxes of the alloy all of whose modes were computed.
    """

    alloy: Glasses
    other: Glasses | None
    fast: Glasses | None
    lj: Glasses | None
    ipl: Glasses | None
    fields: Fields
    modes: int


def model_limits(table) -> tuple[float, float]:
    """Window of Q of a model glass: the multiples of its first peak of S(Q) that `WINDOW` is of `FIRST`."""
    first = float(table.q[int(table.structure.values.argmax())])
    return WINDOW[0] / FIRST * first, WINDOW[1] / FIRST * first


def archived_glasses(
    pattern: str, main: int, sizes=(1000, 4000, 8000, 10000, 24000), seeds=(1, 2, 3)
) -> Glasses | None:
    """The `Glasses` of a pattern whose spectra are archived, or None.

    Parameters
    ----------
    pattern : str
        Name of a glass, with {n} and {s} for the number of atoms and the seed.
    main : int
        The size on which claims are registered.
    sizes, seeds : sequences of int
    """
    shipped, measured, tables, found = shipped_results("scattering"), shipped_results("measurements"), {}, {}
    for n in sizes:
        names = [x for s in seeds if (x := pattern.format(n=n, s=s)) in BY_GLASS and BY_GLASS[x].name in measured]
        # the size has dynamics and maps as far as its tables are archived
        names = [x for x in names if x in shipped] or names
        if names:
            found[n] = [measurement(BY_GLASS[x], True) for x in names]
            if set(names) <= set(shipped):
                loaded = [load_result("scattering", x) for x in names]
                tables[n] = [vibrational(t) if t.attrs["unit"] == "meV" else t for t in loaded]
    if not found:
        return None
    # all of one pattern are of one kind
    limits = model_limits(tables[main][0]) if "reduced" in {t.attrs["unit"] for t in tables.get(main, ())} else WINDOW
    return Glasses(tables, found, main, limits)


def archived_data() -> Data:
    """The `Data` of the archive. Raises ValueError as `archive.measurements.measurement`."""
    alloy, measured = archived_glasses(_ALLOY, 10000), shipped_results("measurements")
    data, peaks, highest = {}, {}, {}
    for n in (1000, 4000):
        known = [FIELDS_BY_GLASS[x.attrs["name"]] for x in alloy.spectra[n]]
        taken = np.array([x.name in measured for x in known])
        data[n] = [measurement(x, True) for x in known if x.name in measured]
        peaks[n], reading = alloy.peaks(n)[taken], alloy.reading(n)
        highest[n] = peaks[n] if reading is None else reading.place()[taken]
    others = {name: archived_glasses(pattern, main) for name, (pattern, main) in _OTHERS.items()}
    return Data(alloy, fields=Fields(data, peaks, 4000, highest), modes=4000, **others)


@lru_cache(maxsize=1)
def model_modes(glass: str) -> tuple[Atoms, Modes]:
    """An archived glass with the masses of its potential, and all of its normal modes; the last one is remembered."""
    atoms = load(glass)
    potential = get(atoms.info["recipe"]["potential"])
    atoms.set_masses(potential.masses_of(atoms))
    return atoms, normal_modes(dynamical_matrix(atoms, potential))


def computed_data(metal: str, model: str, waves: int, motion: int, duration: float, progress: bool = False) -> Data:
    """The `Data` of two archived structures, computed here and now; nothing but the structures is read.

    Parameters
    ----------
    metal, model : str
        Names of a glass of a metal and of a model glass of reduced units.
    waves, motion : int
        Wave vectors per shell of the modes and of the dynamics.
    duration : float
        Of the dynamics of the metal, in ps.
    progress : bool
        Whether to show progress bars.

    Raises
    ------
    ValueError
        If a glass is not archived, or as the functions of `tables` and `spectra`.
    """
    with tempfile.TemporaryDirectory() as folder:
        here = {"progress": progress, "folder": folder}
        n, count = len(load(metal)), len(load(model))
        table = vibrational(computed_table(metal, Plan("modes", waves, motion, 300.0, duration), **here))
        found = spectra.spectra(metal, waves, ["neutron"], 300.0, **here)
        chosen = field_choices.field_choices(metal, motion, 300.0, duration, references=LIVE_REFERENCES, **here)
        modes = model_modes(model)[1]
        model_table = computed_table(model, Plan("modes", waves), modes=modes, **here)
        model_spectra = spectra.spectra(model, waves, modes=modes, **here)
    alloy = Glasses({n: [table]}, {n: [found]}, n)
    lj = Glasses({count: [model_table]}, {count: [model_spectra]}, count, model_limits(model_table))
    fields = Fields({n: [chosen]}, {n: alloy.peaks(n)}, n, {n: alloy.reading(n).place()})
    return Data(alloy, None, None, lj, None, fields, n)


def two_modes(modes: Modes, glasses, at=(1.0, 8.0)) -> list[tuple[np.ndarray, str]]:
    """Polarizations (3N,) of the modes nearest to multiples of E_BP of some glasses, each with its energy in words."""
    found = abs(modes.omega[:, None] - np.array(at) * glasses.peaks().mean()).argmin(axis=0)
    return [(modes.polarizations[:, k], f"E = {modes.omega[k]:.2f} (reduced)") for k in found]


LIVE_REFERENCES = ("minimum", "lag 0.5 ps")
"""References that are computed live; each one costs as much as the first."""


def check_sample(glass: str, every: int = 10, tolerance: float = 1e-3) -> tuple[int, float]:
    """Compute the modes of a model glass, and the harmonic map of its table again in every n-th shell of Q.

    Parameters
    ----------
    glass : str
        Name of a glass of reduced units whose table is archived.
    every : int
        One shell in so many is computed.
    tolerance : float
        Largest deviation that is accepted. The archive keeps 13 bits of each number, which is 1.2e-4.

    Returns
    -------
    shells : int
        How many shells of Q were computed.
    deviation : float
        Largest difference within a shell over the maximum of that shell.

    Raises
    ------
    RuntimeError
        If the deviation is larger than the tolerance.
    """
    table, (atoms, modes), grid = load_result("scattering", glass), model_modes(glass), GRIDS["lj"]
    waves = box_wavevectors(atoms.cell.array, grid.edges, table.attrs["waves"], table.attrs["seed_of_waves"])
    taken = waves.shell % every == 0
    waves = replace(waves, indices=waves.indices[taken], vectors=waves.vectors[taken], shell=waves.shell[taken])
    shells = np.flatnonzero(waves.counts)
    found = harmonic.boson_map(modes, atoms, waves, grid.energy, grid.width, unit=grid.unit).intensity[shells]
    deviation = float((abs(found - table.harmonic.values[shells]).max(axis=1) / found.max(axis=1)).max())
    if not deviation <= tolerance:
        words = f"the table of {glass} differs by {deviation:.2g} from what is computed here"
        raise RuntimeError(f"{words}, more than {tolerance:g}: make it again with make data")
    return len(shells), deviation
