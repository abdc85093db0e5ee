"""How displacements fall far from a rearrangement, compared with exact elastic dipoles and with quasi-localised modes.

An isotropic elastic medium of the shear modulus mu and the longitudinal modulus M answers to a force dipole P at the
origin with the Fourier components

    u_i(k) = -i sum_jl G_ij(k) k_l P_jl,    G_ij = [delta_ij - k_i k_j / k^2 (1 - mu / M)] / (mu k^2),

which fall as r^-2 in an infinite medium. In a periodic box the images flatten the field, so that an exponent that is
read there means nothing by itself: it is compared with that of dipoles in the same box, read in the same way. Reduced
units.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from scipy.ndimage import map_coordinates
from tqdm.auto import tqdm

from bosonpeak import statistics
from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.results import load_vibrations
from bosonpeak.archive.resume import KeptParts
from bosonpeak.landscape.excitation import loose_atoms
from bosonpeak.materials.potentials import get
from bosonpeak.papers.mizuno_2020.measure import NONE, Estimate, Pushed
from bosonpeak.papers.mizuno_2020.rearrangement import shell_means
from bosonpeak.vibrations.glass_spectrum import moving_modes
from bosonpeak.vibrations.modes import phonon_order_parameter

CORE, EDGE = 4.0, 10.0
"""Distances (sigma) between which an exponent is read: outside the core of a rearrangement, and inside half of the box
of 16,000 spheres."""


def elastic_dipole(positions, edge: float, bulk: float, shear: float, dipole, centre, width: float = 0.7) -> np.ndarray:
    """Displacements around a force dipole in a periodic cube of an isotropic elastic medium.

    Parameters
    ----------
    positions : array, shape (N, 3)
    edge : float
        Edge of the cube.
    bulk, shear : float
        Moduli.
    dipole : array, shape (3, 3)
        Symmetric.
    centre : array, shape (3,)
    width : float
        Standard deviation of the Gaussian over which the dipole is spread; the grid resolves half of it.

    Returns
    -------
    array, shape (N, 3)
        Without a mean.
    """
    n = int(2 * np.ceil(edge / width))
    k = 2 * np.pi / edge * np.stack(np.meshgrid(*[np.fft.fftfreq(n, 1 / n)] * 3, indexing="ij"))
    square = (k**2).sum(axis=0)
    square[0, 0, 0] = np.inf
    pull = np.einsum("jl,l...->j...", np.asarray(dipole, float), k) * np.exp(-square * width**2 / 2)
    pull[:, 0, 0, 0] = 0
    along = (k * pull).sum(axis=0) / square * (1 - shear / (bulk + 4 * shear / 3))
    u = np.fft.ifftn(-1j * (pull - k * along) / (shear * square), axes=(1, 2, 3)).real * (n / edge) ** 3
    at = ((positions - centre) % edge).T * (n / edge)
    return np.stack([map_coordinates(part, at, order=1, mode="grid-wrap") for part in u], axis=1)


def tail_exponent(distance, displacement) -> float:
    """a of displacement ~ r^-a between `CORE` and `EDGE`; NaN where fewer than four shells lie there.

    Parameters
    ----------
    distance, displacement : array, shape (k,)
        Of `rearrangement.shell_means`; NaN beyond the last shell.
    """
    with np.errstate(invalid="ignore"):
        keep = (distance >= CORE) & (distance <= EDGE) & (displacement > 0)
    return float(-np.polyfit(np.log(distance[keep]), np.log(displacement[keep]), 1)[0]) if keep.sum() > 3 else np.nan


def fields_of(name: str, modes: int, dipoles: int) -> dict:
    """Profiles of the lowest modes of a glass and of random dipoles in it, (modes + dipoles, shells), and O_k."""
    atoms = load(name)
    potential = get(atoms.info["recipe"]["potential"])
    moduli = [load_vibrations(name).attrs[f"{kind}_modulus"] for kind in ("bulk", "shear")]
    found, rng, edge = moving_modes(atoms, potential, modes), np.random.default_rng(77), atoms.cell.lengths()[0]
    held, fields = ~loose_atoms(atoms, potential), list(found.polarizations.T.reshape(modes, -1, 3))
    for centre in atoms.positions[rng.choice(len(atoms), dipoles, replace=False)]:
        shape = rng.normal(size=(3, 3))
        shape = shape + shape.T - 2 * np.trace(shape) / 3 * np.eye(3)
        fields.append(elastic_dipole(atoms.positions, edge, *moduli, shape, centre))
    profiles = [shell_means(atoms, field, held) for field in fields]
    least = min(len(distance) for distance, _ in profiles)
    distance, displacement = (np.array([p[k][:least] for p in profiles]) for k in (0, 1))
    return {"distance": distance, "displacement": displacement, "order": phonon_order_parameter(found, atoms)}


@method("mizuno-2020-far-fields", version=1)
def measure_far_fields(glasses, modes: int, dipoles: int, progress: bool = False, folder=None) -> xr.Dataset:
    """Profiles of quasi-localised modes and of elastic dipoles in some glasses.

    Parameters
    ----------
    glasses : sequence of str
        Names of archived glasses in cubic boxes.
    modes, dipoles : int
        Number of the lowest modes of each, and of dipoles around random atoms, symmetric and without a trace.
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished glasses are kept, so that a run that was stopped resumes.

    Returns
    -------
    xarray.Dataset
        Over (glass, field, shell): `distance` (sigma) and `displacement` over the largest; over (glass, mode): `order`,
        the O_k of the modes, which are the first fields.
    """
    rows, parts = [], KeptParts(folder, measure_far_fields.method.key(modes, dipoles))
    for name in tqdm(glasses, desc="far fields", disable=not progress):
        rows.append(parts.part(name, partial(fields_of, name, modes, dipoles)))
    shells = min(row["distance"].shape[1] for row in rows)
    data = {n: (("glass", "field", "shell"), [r[n][:, :shells] for r in rows]) for n in ("distance", "displacement")}
    return xr.Dataset(data | {"order": (("glass", "mode"), [r["order"] for r in rows])}, {"glass": list(glasses)})


@dataclass(frozen=True)
class FarField:
    """Exponents a of displacement ~ r^-a between `CORE` and `EDGE`.

    Attributes
    ----------
    transitions, modes, dipoles : Estimate
        Medians over the rearrangements, over the quasi-localised modes (O_k below 0.45), and over the dipoles.
    excess, excess_of_modes : Estimate
        The first two less the third.
    count : int
        Number of rearrangements.
    profiles : dict
        For each of the three its profiles, a pair of arrays (k, shells).
    """

    transitions: Estimate
    modes: Estimate
    dipoles: Estimate
    excess: Estimate
    excess_of_modes: Estimate
    count: int
    profiles: dict


def read_far_fields(data: xr.Dataset, pushed: Pushed, quasi_localised: float = 0.45) -> FarField:
    """`FarField` of the rearrangements of some glasses and of the fields in them.

    Parameters
    ----------
    data : xarray.Dataset
        Of `measure_far_fields`.
    pushed : Pushed
        Boxes of which the transitions count.
    quasi_localised : float
        Modes with an O_k below it count.

    Returns
    -------
    FarField
        With (None, None) for transitions if no box is large enough.
    """
    n = data.sizes["mode"]
    shells = data.distance.values, data.displacement.values
    local = data.order.values < quasi_localised
    rows = [[x[g, :n][local[g]] for x in shells] for g in range(len(local))]
    round_dipoles = [[x[g, n:] for x in shells] for g in range(len(local))]
    tables = pushed.every_table
    kept = [f.transition.to_numpy() for _, f in pushed.distinct.groupby("sample")]
    samples = sorted(pushed.distinct["sample"].unique())
    moved = [
        [tables[s][f"shell_{x}"].values[at] for x in ("distance", "displacement")]
        for s, at in zip(samples, kept, strict=True)
    ]
    groups = [
        [np.array([tail_exponent(*pair) for pair in zip(*row, strict=True)]) for row in kind]
        for kind in (moved, rows, round_dipoles)
    ]
    # the fields of one box lie at different places, so that the fields are resampled and not the boxes
    groups = [np.concatenate([[], *(g[np.isfinite(g)] for g in kind)]) for kind in groups]
    found = [statistics.bootstrap_interval(g, np.median, rng=8) if len(g) > 4 else NONE for g in groups]
    excess = [statistics.subtract(each, found[2]) if None not in (each[0], found[2][0]) else NONE for each in found[:2]]
    profiles = {"rearrangements": moved, "quasi-localised modes": rows, "elastic dipoles": round_dipoles}
    return FarField(*found, *excess, len(groups[0]), profiles)


FAR_FIELDS = Measurement(
    "mizuno-2020-far-fields",
    measure_far_fields,
    {"glasses": [f"harmonic-spheres-n16000-instant-s{s}" for s in (1, 2, 3)], "modes": 16, "dipoles": 20},
)
MEASUREMENTS = (FAR_FIELDS,)
