"""Fluctuation maps of one glass for every choice that li-2025 leaves open in its Eqs. 4 and 5.

The paper states neither from which configuration strain and displacement are counted, nor whether the atoms move in the
phase exp(-i Q.r_j). Here Omega_X(Q, E) is computed for each local quantity X with each reference and either phase, from
one trajectory. Energies E are in meV and wave vectors Q in 1/A for metals; both are reduced for the model glasses.

A reference that lies a time tau earlier, a lag, multiplies the spectrum of a linear quantity at rest in the phase by
4 sin^2(E tau / 2 hbar), where hbar is the reduced Planck constant. The factor has its first maximum at E = h / 2 tau,
with h = 2 pi hbar.
"""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import xarray as xr

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import fluctuations, local_fields
from bosonpeak.papers.li_2025.spectra import SOUND
from bosonpeak.papers.li_2025.tables import GRIDS, SEED, neighbour_cutoff, rounded, trajectory, warm_glass
from bosonpeak.scattering import harmonic
from bosonpeak.scattering.wavevectors import ScatteringMap, box_wavevectors, shell_means

OF_CONFIGURATIONS = ("coordination", "neighbour distance")
"""Fields that a configuration has by itself, without a reference."""

_OF_MOTION = "non-affine", "volumetric", "shear", "von Mises", "displacement", "rotation", "random sign"

FIELDS = OF_CONFIGURATIONS + _OF_MOTION
"""Fields of `local_fields.FIELDS` whose maps are computed."""

SLOW_FIELDS = "volumetric", "shear"
"""Fields that are compared with the branches of sound (Fig. 4e and f)."""

PHASES = ("moving", "at rest")
"""Either the phase follows the atoms, exp(-i Q.r_j(t)) as in Eq. 4, or it has the places of the reference."""

_FIXED = {"minimum": 0, "mean places": 0, "frame": 0}

REFERENCES = {
    "metal": _FIXED | {"lag 0.24 ps": 12, "lag 0.5 ps": 25, "lag 1 ps": 50},
    "lj": _FIXED | {"lag 0.6": 12, "lag 1.2": 24, "lag 2.4": 48},
}
"""Lag in samples of each reference, by the units of the potential; 0 for those that are fixed. A lag is a whole number
of samples, which are 0.02 ps apart in metals and 0.05 in the model glasses."""

_MAP_ENERGIES, _SPECTRUM_ENERGIES = slice(1, 60, 2), slice(60)
"""Taken of the energies of a grid: every second one for the maps, and all for the spectra of atoms, up to the same."""

_BLOCK = 100
"""Samples whose fields are computed together, in double precision."""


def refer_motion(run, atoms, cutoff: float, units: str, reference: str) -> tuple:
    """Local quantities of a trajectory with respect to one reference.

    Parameters
    ----------
    run : Trajectory
        With displacements (T, N, 3) from `atoms`, in A or reduced.
    atoms : ase.Atoms
        The minimum of the energy.
    cutoff : float
        Within which atoms are neighbours, in A or reduced.
    units : str
        Of the potential, a key of `REFERENCES`.
    reference : str
        "minimum": neighbourhoods, gradients and displacements are those of the minimum. "mean places" and "frame": they
        are those of the mean positions of the run, and of its first sample. With a lag of n samples the displacements
        u(t) are replaced by u(t) - u(t - n), with the time t counted in samples, but the neighbourhoods stay those of
        the minimum. This is an approximation: the neighbours of an atom are not determined again for each t - n. A
        quantity X of `OF_CONFIGURATIONS` becomes X(t) - X(t - n).

    Returns
    -------
    places : ase.Atoms
        From which the displacements of the following trajectory are counted; those of the reference if it is fixed, and
        otherwise the minimum.
    run : Trajectory
        The same motion, of T samples.
    fields : dict
        Arrays (T - n, N, C) in single precision by the names of `FIELDS`, at the last T - n times. C is the number of
        components.

    Raises
    ------
    ValueError
        For an unknown reference, as `local_fields.local_geometry`, and as `local_fields.shift_reference` for a lag of T
        samples or more.
    """
    if reference not in (known := REFERENCES[units]):
        raise ValueError(f"unknown reference {reference!r}: choose one of {', '.join(known)}")
    u, places, lag = run.displacements, atoms.copy(), known[reference]
    shift = {"mean places": u.mean(axis=0, dtype=float), "frame": u[0]}.get(reference, np.zeros(u.shape[1:]))
    places.positions += shift
    u = u - shift.astype(np.float32)
    geometry = local_fields.local_geometry(places, cutoff)
    fields, since = _in_blocks(u, geometry, OF_CONFIGURATIONS), u
    if lag:
        # these fields do not follow from the displacements since then, so that they are subtracted themselves
        fields = {name: local_fields.shift_reference(x, lag) for name, x in fields.items()}
        since = local_fields.shift_reference(u, lag)
    return places, replace(run, displacements=u), fields | _in_blocks(since, geometry, _OF_MOTION)


def _in_blocks(u, geometry, names) -> dict[str, np.ndarray]:
    """`local_fields` in single precision. Temporary arrays in double precision would not fit into a small memory."""
    found = {}
    for start in range(0, len(u), _BLOCK):
        for name, x in local_fields.local_fields(u[start : start + _BLOCK], geometry, names).items():
            found.setdefault(name, np.empty((len(u), *x.shape[1:]), np.float32))[start : start + _BLOCK] = x
    return found


def _choices_of_reference(run, atoms, cutoff, units, waves, progress, reference) -> dict[str, np.ndarray]:
    """Maps (fields, phases, B, E) and spectra of single atoms (fields, E') with one reference."""
    places, seen, fields = refer_motion(run, atoms, cutoff, units, reference)
    energy, width, unit = GRIDS[units].energy, GRIDS[units].width, GRIDS[units].unit
    shown = places, waves, energy[_MAP_ENERGIES], width, unit
    maps = [fluctuations.fluctuation_maps(seen, fields, *shown, p == "moving", progress=progress) for p in PHASES]
    chi = fluctuations.fluctuation_spectra(fields, GRIDS[units].interval, energy[_SPECTRUM_ENERGIES], width, unit)
    omega = [[found[name].intensity for found in maps] for name in FIELDS]
    return {"omega": rounded(omega), "chi": rounded([chi[name] for name in FIELDS])}


def _slow_maps(run, atoms, cutoff, grid, waves) -> dict[str, np.ndarray]:
    """Maps of `SLOW_FIELDS` with the minimum as the reference, at all energies of the grid."""
    fields = _in_blocks(run.displacements, local_fields.local_geometry(atoms, cutoff), SLOW_FIELDS)
    found = fluctuations.fluctuation_maps(run, fields, atoms, waves, grid.energy, grid.width, grid.unit)
    return {"slow": rounded([found[name].intensity for name in SLOW_FIELDS])}


@method("li-2025-field-choices", version=1)
def choice_table(
    atoms, potential, waves, temperature, duration, seed=SEED, progress=False, folder=None, references=None
) -> xr.Dataset:
    """Omega_X(Q, E) of one glass for every field, reference and phase (li-2025, Eqs. 4 and 5).

    Each map is the spectrum of the fluctuations of X over their variance phi_X(Q, 0), as `fluctuations` defines it. The
    kernel is that of `tables.GRIDS`.

    Parameters
    ----------
    atoms : ase.Atoms
        At a minimum of the energy. A metal is first brought to its volume at the temperature and zero pressure.
    potential : Potential
    waves : int
        Wave vectors per shell of |Q|.
    temperature, duration : float
        Of the dynamics, in K and ps or reduced.
    seed : int
        Of the wave vectors and the velocities.
    progress : bool
        Whether to show progress bars.
    folder : path-like, optional
        Where the warm minimum, the trajectory and each finished reference are kept, so that a run that was killed
        resumes.
    references : sequence of str, optional
        Some of those of `REFERENCES`; by default all.

    Returns
    -------
    xarray.Dataset
        `omega` (field, reference, phase, q, energy) holds the maps, and `chi` (field, reference, spectrum_energy) the
        spectra of the fluctuations of single atoms, both in 1/unit and in single precision, rounded to 13 bits. The two
        energies end at the same value, in steps of 0.5 and 0.25 meV or of 0.3 and 0.15. `structure` (q) is S(Q), and
        `waves` (q) counts the wave vectors of each shell. `slow` (slow_field, slow_q, slow_energy) holds the maps of
        `SLOW_FIELDS` at the wave vectors of sound and at all energies, with the minimum as the reference and atoms
        moving. The attributes are the parameters, the number of atoms, the `cutoff` of neighbourhoods, the `unit` of
        energy, and the `width` of the kernel in it.

    Raises
    ------
    ValueError
        For a number of waves, a temperature or a duration that is not positive, and for a run that is too short for the
        width of the kernel.
    """
    grid, atoms = GRIDS[potential.units], atoms.copy()
    atoms.set_masses(potential.masses_of(atoms))
    if potential.units == "metal":
        atoms = warm_glass(atoms, potential, temperature, seed, folder)
    every, some = (box_wavevectors(atoms.cell.array, grid.edges, count, seed) for count in (None, waves))
    run = trajectory(atoms, potential, temperature, duration, seed, progress, folder)
    cutoff = neighbour_cutoff(atoms)
    compute = partial(_choices_of_reference, run, atoms, cutoff, potential.units, some, progress)
    kept = KeptParts(folder, atoms, potential, str(choice_table.method), waves, temperature, duration, seed)
    parts = {name: kept.part(name, partial(compute, name)) for name in references or REFERENCES[potential.units]}
    slow_waves = box_wavevectors(atoms.cell.array, grid.edges[grid.edges < SOUND], waves, seed)
    slow = kept.part("slow", partial(_slow_maps, run, atoms, cutoff, grid, slow_waves))["slow"]
    omega, chi = (np.stack([part[name] for part in parts.values()], axis=1) for name in ("omega", "chi"))
    table = {
        "structure": ("q", shell_means(harmonic.structure_factor(atoms, every), every)[0]),
        "omega": (("field", "reference", "phase", "q", "energy"), omega, {"units": f"1/{grid.unit}"}),
        "chi": (("field", "reference", "spectrum_energy"), chi, {"units": f"1/{grid.unit}"}),
        "slow": (("slow_field", "slow_q", "slow_energy"), slow, {"units": f"1/{grid.unit}"}),
    }
    energies = {"energy": grid.energy[_MAP_ENERGIES], "spectrum_energy": grid.energy[_SPECTRUM_ENERGIES]}
    energies |= {"slow_energy": grid.energy, "slow_q": slow_waves.q, "slow_field": list(SLOW_FIELDS)}
    choices = {"field": list(FIELDS), "reference": list(parts), "phase": list(PHASES)}
    attributes = {"n_atoms": len(atoms), "waves_per_shell": waves, "temperature": temperature, "duration": duration}
    attributes |= {"seed_of_waves": seed, "cutoff": cutoff, "unit": grid.unit, "width": grid.width}
    return xr.Dataset(table, choices | energies | {"q": some.q, "waves": ("q", some.counts)}, attributes)


@method(choice_table.method.name, choice_table.method.version)
def field_choices(
    glass, waves, temperature, duration, seed=SEED, progress=False, folder=None, references=None
) -> xr.Dataset:
    """`choice_table` of an archived glass.

    Parameters
    ----------
    glass : str
        Name of the glass in `archive.glasses`.
    waves, temperature, duration, seed, progress, folder, references
        As `choice_table` takes them.

    Returns
    -------
    xarray.Dataset
        With the attributes `name`, `seed` and `recipe` (JSON) of the glass.

    Raises
    ------
    ValueError
        If no glass has this name; otherwise as `choice_table`.
    """
    atoms = load(glass)
    recipe, plan = atoms.info["recipe"], (waves, temperature, duration, seed, progress, folder, references)
    found = choice_table(atoms, get(recipe["potential"]), *plan)
    return found.assign_attrs(name=glass, seed=recipe["seed"], recipe=json.dumps(recipe))


def read_choice(dataset: xr.Dataset, field: str, reference: str, phase: str) -> ScatteringMap:
    """The map of one field with one reference and one phase.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `choice_table` gives it.
    field, reference, phase : str
        As the coordinates of the dataset name them.

    Returns
    -------
    ScatteringMap
        Its standard errors are 0, because they are not kept.

    Raises
    ------
    ValueError
        If the dataset has no such field, reference or phase.
    """
    choice = {"field": field, "reference": reference, "phase": phase}
    for kind, name in choice.items():
        if name not in (known := [str(value) for value in dataset[kind].values]):
            raise ValueError(f"there are no maps for the {kind} {name!r}: choose one of {', '.join(known)}")
    q, energy, waves = (dataset[name].values for name in ("q", "energy", "waves"))
    values = dataset.omega.sel(choice).values.astype(float)
    return ScatteringMap(q, energy, values, np.zeros_like(values), waves, dataset.attrs["unit"])


_FEW = ["minimum", "lag 0.5 ps"]
MEASUREMENTS = tuple(
    Measurement(
        f"li-2025-fields-n{atoms}-s{seed}",
        field_choices,
        {"glass": f"Zr46Cu46Al8-sheng-2011-n{atoms}-1e13-s{seed}", "waves": waves, "temperature": 300.0}
        | {"duration": 40.0, "references": references},
    )
    for atoms, waves, references in ((1000, 20, None), (4000, 6, _FEW))
    for seed in (1, 2, 3)
)
"""Those of the alloy, at two sizes: a reference of 4,000 atoms takes three minutes."""
