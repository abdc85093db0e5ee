"""What the chapter reads off the fluctuations of local quantities, with every choice that Eqs. 4 and 5 leave open.

A statistic is a function of `get`, which returns the `readings.Reading` of a quantity by its name. With another
reference, phase, box or definition of the shear, `get` returns other readings, and the statistic stays the same.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from bosonpeak.papers.li_2025 import maps
from bosonpeak.papers.li_2025.field_choices import read_choice
from bosonpeak.papers.li_2025.measure import sound_branch
from bosonpeak.papers.li_2025.readings import WINDOW, Interval, Reading, by_box
from bosonpeak.statistics import mean_interval
from bosonpeak.vibrations.peaks import boson_peak

OF_THE_PAPER = ("coordination", "neighbour distance", "non-affine", "volumetric", "shear")
"""The five local quantities of li-2025, Fig. 4, in its order."""

LIKE, FLAT, GAPPED = 0.85, 0.1, 0.8
"""The bands of both features: r at E_BP from which a quantity follows S(Q), spread of the centroids up to which it has
one energy at every Q, and share of the maximum up to which the spectrum has a gap at `LOW`."""

LOW = 1.5
"""Energy in meV below which the window in time takes intensity away from a spectrum."""

SHOWN = (*OF_THE_PAPER, "von Mises", "rotation", "displacement", "random sign")
"""The rows of the table of Fig. 4."""

BEYOND = (3.2, 8.5)
"""Wave vectors in 1/A beyond the first peak of S(Q)."""

HIGHEST_SOUND = 1.2
"""Wave vector in 1/A up to which a ridge is compared with a branch of sound."""

DRAWN = (*OF_THE_PAPER, "von Mises", "rotation", "displacement")
"""The quantities whose maps are drawn."""

IN_SMALL = " (N = 1,000)"
"""What a choice of a reference ends in that was computed for boxes of 1,000 atoms only."""

Get = Callable[[str], Reading]


@dataclass(frozen=True, eq=False)
class Fields:
    """Fluctuation maps of glasses in boxes of one or several sizes.

    Attributes
    ----------
    data : dict
        Lists of datasets of `field_choices.field_choices` by the number of atoms.
    peaks : dict
        E_BP of the same glasses, (G,), by the number of atoms.
    main : int
        The size on which claims are registered.
    highest : dict
        Energies of the maximum of B of the motion of the same glasses, (G,), by the number of atoms.
    """

    data: dict[int, list[xr.Dataset]]
    peaks: dict[int, np.ndarray]
    main: int
    highest: dict[int, np.ndarray] = dataclasses.field(default_factory=dict)

    def references(self, n: int | None = None) -> list[str]:
        """The references that the data of the boxes of n atoms hold."""
        return [str(x) for x in self.data[n or self.main][0].reference.values]

    @cache  # noqa: B019, one instance per page
    def reading(self, field: str, reference="minimum", phase="moving", n: int | None = None) -> Reading:
        """The maps of one quantity with a reference and a phase, in boxes of n atoms. Errors as `read_choice`."""
        some, peaks = self.data[n or self.main], self.peaks[n or self.main]
        found = [read_choice(x, field, reference, phase) for x in some]
        return Reading(found, [x.structure.values for x in some], maps.window(found[0], *WINDOW), peaks)

    def get(self, **choice) -> Get:
        """`reading` with some choices made; with field="von Mises" the invariant stands for the shear."""
        shear = choice.pop("field", "shear")
        return lambda name: self.reading(shear if name == "shear" else name, **choice)

    def _options(self, choice, option) -> dict | None:
        """Arguments of `reading` for a choice; None where it is not at hand. A reference may end in `IN_SMALL`."""
        if choice == "box":
            return {"n": option} if option in self.data and option != self.main else None
        if choice == "reference":
            n = min(self.data) if option.endswith(IN_SMALL) else self.main
            name = option.removesuffix(IN_SMALL)
            return {"reference": name, "n": n} if name in self.references(n) else None
        return {choice: option} if choice else {}

    def choose(self, choice=None, option=None) -> Get | None:
        """`get` with the registered choices or with another one, for `Ledger.measure`; None where it is not at hand."""
        options = self._options(choice, option)
        return None if options is None else self.get(**options)

    def chi_peaks(self, field: str, reference="minimum", n: int | None = None) -> Interval:
        """Energy of the highest maximum above `LOW` of the atoms' own spectra, over E_BP.

        A spectrum that only falls has none, and the lowest energy stands for it.
        """
        lowest, found = LOW, []
        for data in self.data[n or self.main]:
            energy = data.spectrum_energy.values
            chi = data.chi.sel(field=field, reference=reference).values.astype(float)
            inner = np.flatnonzero((chi[1:-1] > chi[:-2]) & (chi[1:-1] >= chi[2:]) & (energy[1:-1] >= lowest)) + 1
            at = energy[inner[chi[inner].argmax()]] if len(inner) else lowest
            near = {"omega_min": at - 0.6, "omega_max": at + 0.6}
            found.append(boson_peak(energy, chi, 1, **near).omega if len(inner) else at)
        return mean_interval(np.array(found) / self.peaks[n or self.main], 0)

    def choose_chi(self, choice=None, option=None) -> Callable | None:
        """`chi_peaks` as a function of the quantity alone, for `Ledger.measure`."""
        options = self._options(choice, option)
        return None if options is None else lambda name: self.chi_peaks(name, **options)

    def table(self, fields) -> pd.DataFrame:
        """r at E_BP of each quantity (rows) with each reference and phase (columns), mean over the glasses.

        It is that of the smallest boxes, for which every reference is at hand.
        """
        n = min(self.data)
        pairs = [(x, phase) for x in self.references(n) for phase in ("moving", "at rest")]
        rows = {field: [self.reading(field, *pair, n=n).likeness()[0] for pair in pairs] for field in fields}
        return pd.DataFrame.from_dict(rows, orient="index", columns=pd.MultiIndex.from_tuples(pairs))

    def lags(self, n: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lags tau in ps, and the energy in meV of the maximum of the shear strain with each; means."""
        names = [x for x in self.references(n) if x.startswith("lag")]
        found = [self.reading("shear", x, n=n).place().mean() for x in names]
        return np.array([float(x.split()[1]) for x in names]), np.array(found)


def likeness(field: str, window=None) -> Callable[[Get], Interval]:
    """Statistic: r of a quantity at E_BP, over the window of the paper or another one."""
    return lambda get: (get(field).within(window) if window else get(field)).likeness()


def spread(field: str) -> Callable[[Get], Interval]:
    """Statistic: relative spread over Q of the centroid of a quantity."""
    return lambda get: get(field).spread()


def place(field: str, over=None) -> Callable[[Get], Interval]:
    """Statistic: energy of the maximum of the mean spectrum of a quantity over E_BP, or over energies (G,)."""
    return lambda get: mean_interval(get(field).place() / (get(field).peaks if over is None else over), 0)


def lead(field: str, over: str) -> Callable[[Get], Interval]:
    """Statistic: r of one quantity at E_BP less that of another."""
    return lambda get: mean_interval(get(field).r_at(get(field).peaks) - get(over).r_at(get(over).peaks), -2, 2)


def _gaps(reading: Reading) -> np.ndarray:
    """Spectrum at `LOW` over its maximum from there to 10 meV, mean over the window, (G,): 1 without a gap."""
    taken = (reading.energy >= LOW - 1e-9) & (reading.energy <= 10.0)
    spectra = [m.intensity[reading.inside][:, taken].mean(axis=0) for m in reading.maps]
    return np.array([s[0] / s.max() for s in spectra])


def gap(field: str) -> Callable[[Get], Interval]:
    """Statistic: spectrum of a quantity at `LOW` over its maximum: 1 without a gap."""
    return lambda get: mean_interval(_gaps(get(field)), 0, 1)


def score(reading: Reading) -> np.ndarray:
    """How far a quantity has both features of the boson peak, 1 or more if it has them, (G,).

    The smallest of r at E_BP over 0.85, of 0.1 over the spread of the centroid, and of 5 (1 - g) with the spectrum g at
    1.5 meV over its maximum.
    """
    centroids = reading.centroids(1.0, 10.0)
    flat = FLAT / (centroids.std(axis=1) / centroids.mean(axis=1))
    return np.minimum(np.minimum(reading.r_at(reading.peaks) / LIKE, flat), (1 - _gaps(reading)) / (1 - GAPPED))


def only_shear(get: Get) -> Interval:
    """Statistic: smaller of the score of the shear and one over the largest score of the other four, at most 2."""
    others = np.max([score(get(name)) for name in OF_THE_PAPER[:-1]], axis=0)
    return mean_interval(np.minimum(score(get("shear")), 1 / np.maximum(others, 0.5)))


def ridge(data: list[xr.Dataset], field: str, current: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Wave vectors of the slow shells, and the energy of the maximum of E^2 Omega of a quantity at each, (B',).

    E^2 Omega of a strain corresponds to a current, as E^2 B does; current=False takes Omega itself.
    """
    mean = np.mean([x.slow.sel(slow_field=field).values.astype(float) for x in data], axis=0)
    energy = data[0].slow_energy.values
    weight = energy**2 if current else 1.0
    return data[0].slow_q.values, np.array([boson_peak(energy, s * weight, 1, 1.0, 44.0).omega for s in mean])


def over_branch(quantity: str, way: str, current: bool = True) -> Callable[[tuple], Interval]:
    """Statistic: median over the slow shells of the ridge of a quantity over a branch of sound.

    way: "longitudinal" or "transverse". The statistic takes what `choose_sound` returns.
    """

    def measured(pair):
        data, spectra = pair
        found, branch = [], sound_branch(spectra, way)
        for each in data:
            q, energy = ridge([each], quantity, current)
            some = q <= HIGHEST_SOUND
            found.append(np.median(energy[some] / np.interp(q[some], *branch)))
        return mean_interval(found, 0)

    return measured


def choose_sound(fields: Fields, glasses) -> Callable:
    """Fluctuations and spectra of the same glasses, as `Ledger.measure` asks for them."""
    some, spectra = fields.data, glasses.spectra
    return by_box(lambda n: (some[n], spectra[n]) if n in some and n in spectra else None, fields.main)


CLAIMS = (
    ("fig4b/coordination-r", likeness("coordination"), {"displacement": likeness("displacement")}),
    ("fig4b/coordination-centroid", spread("coordination"), {"volumetric": spread("volumetric")}),
    ("fig4c/distance-r", likeness("neighbour distance"), {"displacement": likeness("displacement")}),
    ("fig4c/distance-centroid", spread("neighbour distance"), {"displacement": spread("displacement")}),
    ("fig4d/non-affine-r", likeness("non-affine"), {"coordination": likeness("coordination")}),
    ("fig4d/gapless", gap("non-affine"), {"displacement": gap("displacement")}),
    ("fig4e/volumetric-r", likeness("volumetric"), {"displacement": likeness("displacement")}),
    ("fig4e/volumetric-centroid", spread("volumetric"), {"displacement": spread("displacement")}),
    ("fig4f/shear-r", likeness("shear"), {x.replace(" ", "-"): likeness(x) for x in ("random sign", "coordination")}),
    ("fig4f/shear-centroid", spread("shear"), {"volumetric": spread("volumetric")}),
    ("fig4f/shear-ratio", place("shear"), {"displacement": place("displacement")}),
    ("fig4/only-shear", only_shear, {}),
    ("beyond/displacement-r", lead("displacement", "shear"), {"random-sign": lead("random sign", "shear")}),
    ("beyond/rotation-r", lead("rotation", "shear"), {"volumetric": lead("volumetric", "shear")}),
)
"""Claims about the maps, each with its statistic and those of its controls."""


def record_maps(fields: Fields, ledger, **who) -> None:
    """Record every claim of `CLAIMS` with its controls and choices."""
    more = {
        "fig4f/shear-r": {("window", "3.2 to 8.5 1/A"): likeness("shear", BEYOND)},
        "fig4f/shear-ratio": {("reading", "maximum of B"): place("shear", fields.highest[fields.main])},
    }
    for name, statistic, controls in CLAIMS:
        ledger.measure(name, statistic, fields.choose, controls, more.get(name), **who)


def record_spectra(fields: Fields, glasses, ledger, **who) -> None:
    """Record the claims about the spectra of single atoms (Fig. 4a) and about the branches of sound (Fig. 4e and f)."""
    coordination, distance = OF_THE_PAPER[:2]
    for name, field, other in (("coordination", coordination, "non-affine"), ("distance", distance, coordination)):
        controls, statistic = {other: lambda get, other=other: get(other)}, lambda get, field=field: get(field)
        ledger.measure(f"fig4a/{name}-peak", statistic, fields.choose_chi, controls, **who)
    ways, chosen = ("longitudinal", "transverse"), choose_sound(fields, glasses)
    for name, field, way, other in (("fig4e", "volumetric", *ways), ("fig4f", "shear", *ways[::-1])):
        choices = {("reading", "maximum of Omega"): over_branch(field, way, current=False)}
        controls = {other: over_branch(field, other)}
        ledger.measure(f"{name}/{way}", over_branch(field, way), chosen, controls, choices, **who)


def numbers(fields: Fields) -> dict[str, float]:
    """What the prose quotes of the maps: r at E_BP by quantity, and the peak of the shear with a lag of 0.5 ps."""
    names = "shear", "displacement", "rotation", "random sign"
    found = {name.replace(" ", "_"): likeness(name)(fields.get())[0] for name in names}
    found["shear_rest"] = likeness("shear")(fields.get(phase="at rest"))[0]
    tau, energy = fields.lags()
    return found | {"lag_place": energy[abs(tau - 0.5).argmin()]}
