"""The push along a mode by itself: one mode further and further, crystals, and directions that are not modes.

Xu, Vitelli, Liu and Nagel, Europhys. Lett. 90, 56001 (2010) pushed jammed packings along their modes first, and
mizuno-2020 (Fig. 2) follows them. Each of the three is a `Measurement`: the book archives its result, and the page
makes a small sample of it again.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from ase import Atoms
from ase.build import bulk
from tqdm.auto import tqdm

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.landscape.anharmonicity import expand_energy
from bosonpeak.landscape.excitation import AMPLITUDES, Transition, critical_amplitude, excite_modes, scan_amplitudes
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.glass_spectrum import moving_modes
from bosonpeak.vibrations.hessian import bonds
from bosonpeak.vibrations.modes import Modes

TOLERANCES = (1e-13, 1e-9, 1e-6)
"""Largest force components, in epsilon/sigma, at which the minimiser stops in the three scans of harmonic spheres."""
SPHERE_STEPS, LJ_STEPS = np.geomspace(0.01, 6, 28), np.geomspace(0.1, 3, 13)
"""Amplitudes of the scans, in units of A_c."""
LEFT = 0.01
"""Distance (sigma) beyond which a push of a scan has left its basin at every force tolerance."""
CRYSTALS = {"harmonic-spheres": (0.95, "X"), "lennard-jones": (1.1, "Ar")}
"""Nearest distance (sigma) and symbol of the particles of the two fcc crystals."""


def fcc_crystal(distance: float, symbol: str, repeat: int) -> Atoms:
    """An fcc crystal of repeat^3 cubic cells, with four particles in each.

    Parameters
    ----------
    distance : float
        Distance of nearest neighbours, in sigma.
    symbol : str
        Chemical symbol by which the potential knows the particles.
    repeat : int

    Returns
    -------
    ase.Atoms
    """
    return bulk(symbol, "fcc", distance * 2**0.5, cubic=True).repeat(repeat)


@method("mizuno-2020-scans", version=1)
def scan_lowest_modes(
    spheres: str, lennard_jones: str, amplitudes, progress: bool = False, folder=None, every: int = 1
) -> xr.Dataset:
    """Push the lowest mode of a packing and of a Lennard-Jones glass further and further (mizuno-2020, Fig. 2).

    Parameters
    ----------
    spheres, lennard_jones : str
        Names of two archived glasses.
    amplitudes : sequence of two floats
        A_c of their lowest modes, in sigma. Pushes go from 0.01 to 6 A_c and from 0.1 to 3 A_c, in the direction that
        leaves the basin at A_c.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where the finished scans are kept, so that a run that was stopped resumes.
    every : int
        Which of the pushes are made: every third with 3.

    Returns
    -------
    xarray.Dataset
        In reduced units. Spheres over (tolerance, push): `amplitude` (push), `distance`, `energy`, `converged`, with
        the coordinate `tolerance`. Lennard-Jones over `lj_push`: the same with the prefix `lj_`.

    Raises
    ------
    ValueError
        If a glass is unknown, or as `scan_amplitudes`.
    """
    data = {}
    plans = (
        ("", spheres, SPHERE_STEPS[::every], TOLERANCES, None),
        ("lj_", lennard_jones, LJ_STEPS[::every], (None,), "fire"),
    )
    bar = tqdm(plans, desc="scanning", disable=not progress)
    for (prefix, name, *plan), critical in zip(bar, amplitudes, strict=True):
        atoms = load(name)
        potential = get(atoms.info["recipe"]["potential"])
        kept = KeptParts(folder, atoms, potential, ["scan", critical, every])
        found = kept.part("scan", partial(_scan, atoms, potential, critical, *plan))
        dims = ("lj_push",) if prefix else ("tolerance", "push")
        data[f"{prefix}amplitude"] = (dims[-1], found["amplitude"])
        for quantity in ("distance", "energy", "converged"):
            data[f"{prefix}{quantity}"] = (dims, found[quantity][0] if prefix else found[quantity])
    return xr.Dataset(data, {"tolerance": list(TOLERANCES)}, {"units": "reduced"})


def _scan(atoms, potential, critical, steps, tolerances, minimiser) -> dict:
    mode = moving_modes(atoms, potential, 20).polarizations[:, 0]
    sign = critical_amplitude(atoms, potential, mode, [critical], method=minimiser).sign
    amplitude = critical * steps
    scans = [scan_amplitudes(atoms, potential, mode, sign * amplitude, f, minimiser) for f in tolerances]
    distance, energy, converged = (np.array(values) for values in zip(*scans, strict=True))
    return {"amplitude": amplitude, "distance": distance, "energy": energy, "converged": converged}


@method("mizuno-2020-crystals", version=1)
def push_crystals(modes: int, repeat: int = 4, progress: bool = False, folder=None) -> xr.Dataset:
    """Push the lowest modes of two fcc crystals, which should always return (mizuno-2020, Sec. II).

    Parameters
    ----------
    modes : int
        Number of modes that are pushed in each crystal, the lowest.
    repeat : int
        Cubic cells along an edge; a crystal has 4 repeat^3 particles.
    progress, folder
        As `scan_lowest_modes`.

    Returns
    -------
    xarray.Dataset
        Over (potential, mode): `amplitude`, the A_c in sigma, infinite where every push returned, and `pushes`, the
        number of minimisations.
    """
    found = []
    for name, (distance, symbol) in CRYSTALS.items():
        atoms, potential = fcc_crystal(distance, symbol, repeat), get(name)
        lowest = moving_modes(atoms, potential, modes)
        options = {"amplitudes": np.geomspace(2e-4, 0.2, 7), "method": "fire"}
        found.append(excite_modes(atoms, potential, lowest, range(modes), folder, 1, progress, **options))
    quantities = ("amplitude", "pushes")
    data = {name: (("potential", "mode"), [[getattr(t, name) for t in row] for row in found]) for name in quantities}
    return xr.Dataset(data, {"potential": list(CRYSTALS)}, {"n_atoms": 4 * repeat**3})


@method("mizuno-2020-directions", version=1)
def push_random_directions(glass: str, directions: int, progress: bool = False, folder=None) -> xr.Dataset:
    """Push a glass along random directions, which are not modes at all: a control of the pushes along modes.

    Parameters
    ----------
    glass : str
        Name of an archived glass.
    directions : int
        How many; direction k has independent Gaussian components and the seed 100 + k.
    progress, folder
        As `scan_lowest_modes`.

    Returns
    -------
    xarray.Dataset
        Over `direction`: `amplitude` (A_c in sigma, infinite where no push left), `returned_amplitude` (the largest
        below it that returned), `displacements` (direction, atom, xyz) in sigma, single precision.
    """
    atoms = load(glass)
    lines = [np.random.default_rng(100 + k).standard_normal(3 * len(atoms)) for k in range(directions)]
    along = Modes(np.zeros(directions), np.array(lines).T, np.zeros(directions))
    potential = get(atoms.info["recipe"]["potential"])
    found = excite_modes(atoms, potential, along, range(directions), folder, 1, progress, amplitudes=AMPLITUDES)
    data = {name: ("direction", [getattr(t, name) for t in found]) for name in ("amplitude", "returned_amplitude")}
    moved = np.array([t.displacements for t in found], "f4").reshape(directions, len(atoms), 3)
    return xr.Dataset({**data, "displacements": (("direction", "atom", "xyz"), moved)}, attrs={"glass": glass})


@dataclass(frozen=True)
class Climb:
    """The energy along one push, and what its expansion at the minimum gives.

    Attributes
    ----------
    amplitude : array, shape (k,)
        A in sigma.
    energy, harmonic, cubic : array, shape (k,)
        Phi(A) - Phi(0) in epsilon: true, of second and of third order (Eq. A1 of mizuno-2020).
    new, lost : array of int, shape (k,)
        Pairs within the cutoff that were not at the start, and those that were and are not any more.
    new_energy : array, shape (k,)
        Energy of the new pairs in epsilon.
    """

    amplitude: np.ndarray
    energy: np.ndarray
    harmonic: np.ndarray
    cubic: np.ndarray
    new: np.ndarray
    lost: np.ndarray
    new_energy: np.ndarray

    def at(self, amplitude: float) -> dict[str, float]:
        """What there is at the amplitude nearest to one of them.

        Returns
        -------
        dict
            ratio, the energy over the harmonic one; new and lost, pairs; share, that of the new pairs in the energy
            above the harmonic one in per cent.
        """
        k = int(abs(self.amplitude - amplitude).argmin())
        share = 100 * float(self.new_energy[k] / (self.energy[k] - self.harmonic[k]))
        ratio = float(self.energy[k] / self.harmonic[k])
        return {"ratio": ratio, "new": int(self.new[k]), "lost": int(self.lost[k]), "share": share}


def climb_of(glass: str, mode: int, amplitudes) -> Climb:
    """`Climb` along one of the lowest modes of a glass.

    Parameters
    ----------
    glass : str
        Name of an archived glass.
    mode : int
        Number of the mode, below 20.
    amplitudes : array, shape (k,)
        A in sigma, of either sign.

    Returns
    -------
    Climb

    Raises
    ------
    ValueError
        If the glass is unknown.
    """
    atoms, amplitudes = load(glass), np.asarray(amplitudes, float)
    potential = get(atoms.info["recipe"]["potential"])
    line = moving_modes(atoms, potential, 20).polarizations[:, mode].reshape(-1, 3)
    x, expansion = amplitudes * np.sqrt(len(atoms)), expand_energy(atoms, potential, line.ravel())
    rows, before = [], None
    for step in (0.0, *x):
        moved = atoms.copy()
        moved.positions += step * line
        found = bonds(moved, potential)
        phi, pairs = potential.interaction().pair(found.distance, found.ti, found.tj)[0], found.i * len(atoms) + found.j
        before = pairs if before is None else before
        new = ~np.isin(pairs, before)
        rows.append([phi.sum(), new.sum(), len(before) - (~new).sum(), phi[new].sum()])
    # each pair has been counted from both ends
    energy, new, lost, new_energy = np.array(rows).T / 2
    harmonic = float(expansion.second[0]) * x**2 / 2
    cubic = harmonic + float(expansion.third[0]) * x**3 / 6
    counts = (values[1:].astype(int) for values in (new, lost))
    return Climb(amplitudes, energy[1:] - energy[0], harmonic, cubic, *counts, new_energy[1:])


def returned_share(crystals: xr.Dataset) -> float:
    """Share of the modes of some crystals from which every push returned.

    Parameters
    ----------
    crystals : xarray.Dataset
        Of `push_crystals`.

    Returns
    -------
    float
    """
    return float(np.isinf(crystals.amplitude).mean())


PAGE = "mizuno-2020"
"""The page that reads these measurements."""

SCANS = Measurement(
    "mizuno-2020-scans",
    scan_lowest_modes,
    {
        "spheres": "harmonic-spheres-n1000-instant-s2",
        "lennard_jones": "lennard-jones-n1000-instant-s1",
        # the A_c of their lowest modes in the archived tables of transitions
        "amplitudes": [0.01321580889567709, 0.016399996297554932],
    },
)
CRYSTAL_PUSHES = Measurement("mizuno-2020-crystals", push_crystals, {"modes": 6, "repeat": 4})
DIRECTIONS = Measurement(
    "mizuno-2020-directions", push_random_directions, {"glass": "harmonic-spheres-n1000-instant-s2", "directions": 6}
)
MEASUREMENTS = (SCANS, CRYSTAL_PUSHES, DIRECTIONS)


def slide_layers(distance: float = 0.95) -> Transition:
    """Push the layers of an fcc crystal of harmonic spheres through each other: a transition along its own push.

    Every second layer moves along an edge of the cube against the others. The saddle is the middle of a square, and
    the crystal that follows is the same again, so that the overlap with the push is large.

    Parameters
    ----------
    distance : float
        Distance of nearest neighbours, in diameters; below 1.

    Returns
    -------
    excitation.Transition
    """
    layers = fcc_crystal(distance, "X", 3)
    slide = np.zeros((len(layers), 3))
    number = np.round(layers.positions[:, 2] / (distance * 2**0.5 / 2)).astype(int)
    slide[:, 0] = np.where(number % 2, 1, -1)
    return critical_amplitude(layers, get("harmonic-spheres"), slide, np.geomspace(0.05, 0.6, 8))


def check_scans(archived: xr.Dataset, every: int = 9) -> tuple[int, float]:
    """Make some pushes of the archived scans of spheres again and compare.

    Parameters
    ----------
    archived : xarray.Dataset
        Of `scan_lowest_modes`, with the glasses of `SCANS`.
    every : int
        Which pushes: every ninth by default, at each force tolerance.

    Returns
    -------
    pushes : int
        How many were made again.
    difference : float
        Largest relative difference of the lengths |r1 - r0| of the pushes that left.

    Raises
    ------
    ValueError
        If a push left in the archive and has returned now, or the other way round.
    """
    atoms = load(SCANS.parameters["spheres"])
    critical, steps = SCANS.parameters["amplitudes"][0], SPHERE_STEPS[::every]
    live = _scan(atoms, get("harmonic-spheres"), critical, steps, TOLERANCES, None)["distance"]
    old = archived.distance.values[:, ::every]
    if not np.array_equal(old > LEFT, live > LEFT):
        raise ValueError(f"pushes that left in the archive have returned now, or the other way round: {old}, {live}")
    return old.size, float(abs(live / old - 1)[old > LEFT].max(initial=0.0))


def check_crystals(archived: xr.Dataset) -> int:
    """Push the lowest mode of each crystal again and compare.

    Parameters
    ----------
    archived : xarray.Dataset
        Of `push_crystals`, with the size of `CRYSTAL_PUSHES`.

    Returns
    -------
    int
        Number of minimisations.

    Raises
    ------
    ValueError
        If a mode returns now and left in the archive, or the other way round.
    """
    live, archived = push_crystals(1, CRYSTAL_PUSHES.parameters["repeat"]), archived.isel(mode=slice(1))
    if not np.array_equal(np.isfinite(live.amplitude), np.isfinite(archived.amplitude)):
        raise ValueError(f"crystals leave at {live.amplitude.values} now, and at {archived.amplitude.values} archived")
    return int(live.pushes.sum())


def check_direction(archived: xr.Dataset, direction: int = 0) -> float:
    """Push along one archived random direction again, by A_c and by the amplitude below it that returned.

    Parameters
    ----------
    archived : xarray.Dataset
        Of `push_random_directions`.
    direction : int
        Number of the direction.

    Returns
    -------
    float
        The relative difference of A_c.

    Raises
    ------
    ValueError
        As `relative_difference`.
    """
    atoms = load(archived.attrs["glass"])
    line = np.random.default_rng(100 + direction).standard_normal(3 * len(atoms))
    return _push_again(atoms, [line], archived.isel(direction=[direction]))


def check_modes(table: xr.Dataset, count: int) -> float:
    """Push the lowest modes of an archived glass again, by A_c and by the amplitude below it that returned.

    Parameters
    ----------
    table : xarray.Dataset
        `transitions.tabulate_transitions` of the glass.
    count : int
        Number of modes, the lowest.

    Returns
    -------
    float
        The largest relative difference of A_c.

    Raises
    ------
    ValueError
        As `relative_difference`.
    """
    atoms, lowest = load(table.attrs["name"]), table.isel(pushed=slice(count))
    modes = moving_modes(atoms, get(table.attrs["potential"]), 40)
    return _push_again(atoms, modes.polarizations[:, lowest.mode_index.values].T, lowest)


def _push_again(atoms, lines, found) -> float:
    """The largest relative difference of A_c along some lines from what was found for them."""
    potential = get(atoms.info["recipe"]["potential"])
    brackets = np.stack([found.returned_amplitude, found.amplitude], axis=1)
    live = [critical_amplitude(atoms, potential, *pair).amplitude for pair in zip(lines, brackets, strict=True)]
    return relative_difference(live, brackets[:, 1])


def relative_difference(live, archived) -> float:
    """Largest |ln(live / archived)| of two lists of amplitudes.

    Parameters
    ----------
    live, archived : array, shape (k,)
        Computed now, and read from the archive.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it exceeds ln 1.05: the archive then holds another measurement than the library makes now.
    """
    live, archived = np.asarray(live, float), np.asarray(archived, float)
    apart = float(np.max(np.where(live == archived, 0.0, abs(np.log(live / archived)))))
    if not apart <= np.log(1.05):
        raise ValueError(f"amplitudes {live} computed now differ from the archived ones, {archived}, by more than 5 %")
    return apart
