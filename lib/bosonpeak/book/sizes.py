"""Claims measured again at each size, and at each cooling rate, of which results are archived.

Each function returns, for the claims of one chapter, the points at which the quantity of the claim was measured in the
same way. The functions of the papers measure; nothing is defined here. A point needs two glasses or more to have an
interval; the interval of a single one is open.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bosonpeak import statistics
from bosonpeak.archive.results import load_result, load_vibrations, shipped_results, vibrations_table
from bosonpeak.book.claims import archived_records
from bosonpeak.learning.evaluation import score_interval
from bosonpeak.papers.li_2025 import fields as fluctuating
from bosonpeak.papers.li_2025 import live, methods
from bosonpeak.papers.li_2025 import measure as li
from bosonpeak.papers.mizuno_2020 import amplitudes, minima
from bosonpeak.papers.mizuno_2020 import measure as mizuno
from bosonpeak.papers.mizuno_2020.transitions import correlate
from bosonpeak.papers.tao_2023 import heights
from bosonpeak.papers.yang_2021 import atom_peaks, barriers, fields

LENNARD_JONES, SPHERES = "lennard-jones", "harmonic-spheres"


@dataclass(frozen=True)
class Point:
    """The quantity of a claim, measured on systems of one size and one cooling rate.

    Attributes
    ----------
    n : int
        Number of particles or nodes.
    value : float
        In the unit of the claim.
    interval : (float, float)
        95 %; open where there is a single sample.
    samples : int
        Number of independent samples.
    rate : float or None
        Cooling rate in K/s, or reduced; None where it is not varied.
    fastest : float or None
        The highest cooling rate among the samples, where it is known.
    """

    n: int
    value: float
    interval: tuple[float, float]
    samples: int
    rate: float | None = None
    fastest: float | None = None


Points = dict[str, list[Point]]
"""Points by the id of the claim, by size and then by rate."""


def collect(measured: Iterable[tuple]) -> Points:
    """Points of some measurements; those without a value are left out.

    A measurement is (claim, n, (value, interval), samples, rate), and may have the highest rate as a sixth entry.
    """
    found: Points = {}
    for name, n, estimate, samples, rate, *fastest in measured:
        value, ends = (estimate[0], estimate[1]) if len(estimate) > 1 else (estimate[0], None)
        if value is None or not np.isfinite(value):
            continue
        low, high = (-np.inf, np.inf) if ends is None or samples < 2 else (float(end) for end in ends)
        found.setdefault(name, []).append(Point(int(n), float(value), (low, high), samples, rate, *(fastest or [rate])))
    return {name: sorted(points, key=lambda p: (p.n, p.rate or 0.0)) for name, points in found.items()}


def networks(chapter: str) -> Points:
    """Of a chapter on networks: its archived runs, which are of different size at each scale."""

    def each() -> Iterator:
        for name, ran in archived_records().items():
            if not name.startswith(f"{chapter}/"):
                continue
            by_size = {record["n"]: record for record in ran.values() if record["value"] is not None}
            for n, record in by_size.items():
                ends = [-np.inf if end is None else end for end in record["interval"][:1]]
                ends += [np.inf if end is None else end for end in record["interval"][1:]]
                yield name, n, (record["value"], ends), len(record["seeds"]), None

    return collect(each())


def mizuno_2020() -> Points:
    """Of the packings and Lennard-Jones glasses of each size apart, where the chapter takes all sizes together."""

    def each() -> Iterator:
        for system in (SPHERES, LENNARD_JONES):
            for n in _sizes_of(system):
                pushed = mizuno.push_glasses(system, [n], 20, True)
                for name, estimate in _of_pushed(pushed):
                    yield f"mizuno-2020/{name}", n, estimate, len(pushed.every_table), None

    return collect(each())


def _sizes_of(system: str) -> list[int]:
    names = [x for x in shipped_results("transitions") if x.startswith(f"{system}-n") and x.endswith("-fire")]
    # of the largest packing the modes are archived, and none of them was pushed
    pushed = [name for name in names if load_result("transitions", name).sizes["pushed"]]
    return sorted({int(name.removeprefix(f"{system}-n").split("-")[0]) for name in pushed})


def _of_pushed(pushed) -> Iterator[tuple[str, tuple]]:
    """Each claim on pushed modes that a single size can answer, with the functions and ranges of the chapter."""
    rng, tag, spheres = np.random.default_rng(2020), pushed.tag, pushed.tag == "spheres"
    suffix = "" if spheres else "-lj"
    yield f"fig3/amplitude-rises-{tag}", amplitudes.amplitude_trend(pushed, rng)[0]
    frame = pushed.modes[pushed.modes.below] if spheres else pushed.low
    yield f"fig3/range-{tag}", mizuno.share_between(frame.amplitude, *((1e-6, 1e-2) if spheres else (1e-4, 1e-1)))
    yield f"fig5/barrier-is-harmonic{suffix}", mizuno.sample_median(pushed.left, "over_harmonic", rng=6)
    if len(pushed.distinct):
        moved = (1e-3, 1) if spheres else (0.1, 10)
        yield f"fig6/range-{tag}", mizuno.share_between(pushed.distinct.distance, *moved)
        yield f"fig8/energy-exponent-{tag}", minima.energy_law(pushed, rng)[0]
        per_particle = (2e-3, 1e-1) if spheres else (7e-2, 3e-1)
        yield f"fig11/each-moves-{tag}", mizuno.share_between(pushed.distinct.each, *per_particle)
    if not spheres:
        return
    yield "fig6/one-transition-many-modes", minima.minima_per_mode(pushed)[0]
    yield "fig6/distance-against-frequency", correlate(pushed.left, "frequency", "distance")
    yield "fig10/one-to-thousand", mizuno.share_between(pushed.distinct.n_rearranged, 1, 1000)
    yield "fig12/weak-inner-product", mizuno.sample_median(pushed.low, "inner_product", rng=10)
    for column, tag in (("phonon_order_parameter", "order"), ("participation_ratio", "participation")):
        nature = amplitudes.nature_of(pushed, column, least=0)
        yield f"fig4/amplitude-against-{tag}", nature.amplitude
        yield f"fig7/distance-against-{tag}", nature.distance
        yield f"fig15/third-order-follows-{tag}", nature.every_estimate


def li_2025() -> Points:
    """Of the alloy in boxes of each size and at each rate, with the functions and windows of the chapter.

    Where the motion of a size is archived it is measured as the chapter measures it; rates are compared by modes.
    """

    def each() -> Iterator:
        data = live.archived_data()
        for n in data.alloy.spectra:
            for name, estimate in _of_alloy(data, n):
                yield f"li-2025/{name}", n, estimate, len(data.alloy.spectra[n]), None, 1e13
        for glasses, rate in ((data.alloy, 1e13), (data.fast, 1e14)):
            if glasses is not None and 1000 in glasses.spectra:
                peaks = glasses.peaks(1000)
                yield "li-2025/fig1b/excess-energy", 1000, statistics.mean_interval(peaks), len(peaks), rate

    return collect(each())


def _of_alloy(data: live.Data, n: int) -> Iterator[tuple[str, tuple]]:
    """Each claim on the alloy that glasses of n atoms can answer."""
    alloy, reading = data.alloy, data.alloy.reading(n)
    modes, neutron = (alloy.reading(n, route) for route in ("modes", "neutron"))
    yield "fig1b/excess-energy", statistics.mean_interval(alloy.peaks(n))
    if neutron is not None:
        yield "fig1c/neutron-weights", neutron.likeness()
        yield "fig2a/neutron-peak", methods.neutron_peaks()(alloy.spectra[n])
        yield "fig2b/raman-peak", methods.raman_peaks()(alloy.spectra[n])
    if modes is not None:
        yield "eq2/form", li.residual()(modes)
        yield "eq2/offset", li.mean_offset()(modes)
        yield "fig1b/bins", modes.bins()
    if reading is None:
        return
    yield "fig1d/follows", reading.likeness()
    yield "fig3b/none", reading.largest()
    yield "fig3/reach", li.upper_range(alloy, covered=True)(reading)
    yield "eq3/form", li.scattered_residual(alloy)(reading)
    yield "figS5/feature", li.feature(alloy)(reading)
    if n in data.fields.data:
        get = data.fields.get(n=n)
        for claim, statistic, _ in fluctuating.CLAIMS:
            yield claim, statistic(get)


def tao_2023(resamples: int = 200, seed: int = 2023) -> Points:
    """Of samples of 1,000 and of 4,000 atoms, at the rates that both have; of 1,000 atoms also at each rate.

    What the networks learned is left out: they were trained on glasses of other rates at either size.
    """
    table = "Cu50Zr50-mendelev-2019-n{}".format

    def each() -> Iterator:
        opened = {n: heights.open_samples(table(n)) for n in (1000, 4000)}
        # the rates that both sizes have: a comparison of sizes must not be one of rates
        shared = np.intersect1d(*(samples.rate for samples in opened.values()))
        for n, samples in opened.items():
            common = np.isin(samples.rate, shared)
            height, rate, parent = samples.height[common], samples.rate[common], samples.parent[common]
            place, count = samples.usable.omega_peak.values[common], len(np.unique(parent))
            how = {"groups": parent, "rng": seed, "n_resamples": resamples}
            for name, found in (
                ("intensity-range", score_interval(_mean, height, height, **how)),
                ("intensity-rises", score_interval(statistics.spearman, height, rate, **how)),
                ("frequency-falls", score_interval(statistics.spearman, place, rate, **how)),
            ):
                yield f"tao-2023/fig1b/{name}", n, found, count, None, float(rate.max())
            for one in np.unique(samples.rate):
                at = samples.height[samples.rate == one]
                if n == 1000:
                    yield "tao-2023/fig1b/intensity-range", n, statistics.mean_interval(at), len(at), float(one)

    return collect(each())


def _mean(_, heights) -> float:
    return float(np.mean(heights))


def yang_2021() -> Points:
    """Of Cu50Zr50 glasses of each size, and of 1,000 atoms at each cooling rate."""
    start = "Cu50Zr50-mendelev-2009-n"

    def each() -> Iterator:
        groups: dict[tuple[int, float], list] = {}
        for name in vibrations_table().name:
            n, _, rest = name.removeprefix(start).partition("-1e")
            if name.startswith(start) and n.isdigit():
                groups.setdefault((int(n), 10.0 ** int(rest.split("-")[0])), []).append(name)
        for (n, rate), names in groups.items():
            means = fields.mean_intervals(atom_peaks.describe_glasses([load_vibrations(name) for name in names]))
            for claim, column in (("fig1b/excess", "excess"), ("fig9b/unit", "omega")):
                if rate == 1e13:
                    yield f"yang-2021/{claim}", n, means[column], len(names), None, 1e13
                if n == 1000:
                    yield f"yang-2021/{claim}", n, means[column], len(names), rate
        searched: dict[tuple[int, float], list] = {}
        for name in shipped_results("events"):
            n, _, rest = name.removeprefix(start).partition("-1e")
            if name.startswith(start) and n.isdigit():
                searched.setdefault((int(n), 10.0 ** int(rest.split("-")[0])), []).append(name)
        for (n, rate), names in searched.items():
            boxes = [barriers.archived_glass(name, "moments" if n > 1000 else "modes") for name in names]
            for claim, length in (("fig3/raw", 0.0), ("fig4/strong", fields.NEAR)):
                each_r = [fields.correlate_fields(b.inverse, b.barrier, b.atoms, length, n_shuffles=1) for b in boxes]
                r, ends, _ = statistics.pool_correlations(each_r)
                if rate == 1e13:
                    yield f"yang-2021/{claim}", n, (r, ends), len(names), None, 1e13
                if n == 1000:
                    yield f"yang-2021/{claim}", n, (r, ends), len(names), rate

    return collect(each())


MEASURED: dict[str, Callable[[], Points]] = {
    "jiang-2026": lambda: networks("jiang-2026"),
    "spring-network": lambda: networks("spring-network"),
    "mizuno-2020": mizuno_2020,
    "li-2025": li_2025,
    "tao-2023": tao_2023,
    "yang-2021": yang_2021,
}
"""For each chapter what measures its claims by size."""
