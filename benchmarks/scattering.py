"""The harmonic map B(Q, E) of a metallic glass compared with dynasor's from molecular dynamics, in one run.

    python benchmarks/scattering.py                  1,000 atoms, all wave vectors of the box up to 8.5 1/A
    python benchmarks/scattering.py --quick          108 atoms, a few wave vectors
    python benchmarks/scattering.py --json FILE      keeps the numbers

"harmonic" is the dynamical matrix, its diagonalisation and the map. The others start from one trajectory of LAMMPS,
whose time counts in each: "dynasor" with its defaults (kinds of atoms apart, every frame a time origin, all wave
vectors in one call); "eased", what makes dynasor fastest without a loss where all atoms scatter alike (one kind, every
second frame an origin, calls of a few thousand vectors, which the caches hold); "motion", the library's own route.

All maps have shells of 0.1 1/A, energies up to 45 meV and a kernel of 0.4 meV, for dynasor a Gaussian over the time
lag; its correlations end where that has fallen to exp(-8). No wave vector is left out, no time is scaled up. Times
come after small calls that compile; all that is parallel has the same threads, LAMMPS one.

Two trajectories: the shortest that shows the map (20 ps, a frame each 40 fs, which folds two phonons at once, up to
72 meV, back into it), and that of the chapter li-2025 (40 ps, a frame each 20 fs).

A boson peak needs energies up to 15 meV only. The harmonic map then takes fewer modes, all of which are still computed.
dynasor is given the same advantage, a frame each 50 fs: 83 meV is folded onto 0, so that two phonons, up to 72 meV,
come back at 11 meV and above, beyond the peak. With fewer frames they would lie on the peak itself. The dynamics takes
as long as before, since its steps and its duration, which the noise demands, stay the same.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.units import kB
from dynasor import compute_dynamic_structure_factors
from dynasor.logging_tools import set_logging_level
from dynasor.trajectory.trajectory_frame import TrajectoryFrame
from machine import describe_machine, describe_run, show_results

from bosonpeak.materials import glasses
from bosonpeak.materials.dynamics import thermal_trajectory
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import maps
from bosonpeak.scattering import harmonic, trajectories
from bosonpeak.scattering.wavevectors import ScatteringMap, ShellSums, box_wavevectors
from bosonpeak.threads import set_threads
from bosonpeak.units import MEV, RAD_PER_PS
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import Modes, normal_modes
from bosonpeak.vibrations.peaks import boson_peak
from bosonpeak.vibrations.thermal import harmonic_displacements

PACKAGES = ("bosonpeak", "numpy", "scipy", "numba", "lammps", "dynasor")
TARGETS = {"ratio": 5.0}
NAME, POTENTIAL = "Cu50Zr50-mendelev-2009-n1000-1e13-s1", "cu-zr-mendelev-2009"
TEMPERATURE, SEED = 300.0, 1
EDGES = np.linspace(0.3, 8.5, 83)
ENERGY, WIDTH = np.arange(1, 181) * 0.25, 0.4
SHELLS, SEARCH, NEAR = (2.1, 8.5), (1.5, 10.0), 1.0
"""Shells compared (1/A), energies between which the peak is looked for, and how far from it is near (meV)."""
EQUILIBRATION = 10.0
"""ps before the first frame."""
HBAR = 1e3 * MEV / RAD_PER_PS
"""meV fs."""
CALLS = {
    "dynasor": {"apart": True, "origins": 0.0, "size": None},
    "eased": {"apart": False, "origins": 0.08, "size": 4000},
}
"""origins: ps between time origins, at least."""
STEPS = {
    "harmonic": ("matrix", "modes", "harmonic"),
    **{name: ("trajectory", name) for name in (*CALLS, "motion")},
}
"""What is timed for each map."""


@dataclass(frozen=True)
class Case:
    """One trajectory, and the maps that are made from it.

    Attributes
    ----------
    title : str
        Of its part of the table.
    duration, interval : float
        In ps, the interval between frames.
    energy : array
        Of all maps, in meV.
    names : tuple of str
        Keys of `STEPS`.
    """

    title: str
    duration: float
    interval: float
    energy: np.ndarray
    names: tuple


CASES = {
    "short": Case("the shortest trajectory", 20.0, 0.04, ENERGY, (*CALLS, "motion")),
    "chapter": Case("the chapter's trajectory", 40.0, 0.02, ENERGY, tuple(CALLS)),
    "low": Case("energies up to 15 meV", 20.0, 0.05, ENERGY[ENERGY <= 15], ("eased",)),
}
"""45 meV need a frame each 0.046 ps, two phonons of 36 meV one each 0.029."""


def longest_lag(interval: float) -> int:
    """Frames from a time origin to the longest lag, four standard deviations of the Gaussian."""
    return int(np.ceil(4 * HBAR / (WIDTH * 1e3 * interval)))


class Frames:
    """A trajectory in memory as dynasor reads one; each instance serves one call."""

    frame_step, number_of_frames_read, has_positions, has_velocities = 1, 0, True, False

    def __init__(self, trajectory, atoms, apart: bool):
        kinds = np.array(atoms.get_chemical_symbols()) if apart else np.full(len(atoms), "any")
        self.cell, self.n_atoms, self.atom_types = atoms.cell.array, len(atoms), sorted(set(kinds))
        self.atomic_indices = {kind: np.flatnonzero(kinds == kind) for kind in self.atom_types}
        self.rest, self.moved = atoms.positions, iter(trajectory.displacements)

    def __iter__(self):
        return self

    def __next__(self):
        frame = TrajectoryFrame(self.atomic_indices, self.number_of_frames_read, self.rest + next(self.moved), None)
        self.number_of_frames_read += 1
        return frame


def map_by_dynasor(trajectory, atoms, waves, energy, apart, origins, size) -> ScatteringMap:
    """B(Q, E) from dynasor's F(Q, t), in the scale of `harmonic.boson_map`.

    The elastic part is the mean of the longer half of the lags. The rest is transformed at the very energies of the
    map, which costs less than the even grid of dynasor's own transform and an interpolation.
    """
    apart_in_time = trajectories.sample_interval(trajectory)
    interval, window, step = 1e3 * apart_in_time, longest_lag(apart_in_time), max(1, round(origins / apart_in_time))
    lag = interval * np.arange(window + 1)
    taper = np.exp(-0.5 * (lag * WIDTH / HBAR) ** 2) * np.where(lag > 0, 2, 1)
    transform = interval / (2 * np.pi * HBAR) * taper[:, None] * np.cos(np.outer(lag, energy) / HBAR)
    inverse_mass = (1 / atoms.get_masses()).mean()
    factor = 2 / (trajectory.temperature.mean() * kB * MEV**2 * inverse_mass)
    u2 = trajectories.axis_displacement(trajectory).mean()
    sums = ShellSums(len(waves.edges) - 1)
    size = size or len(waves)
    for start in range(0, len(waves), size):
        part = slice(start, start + size)
        vectors = waves.vectors[part]
        found = compute_dynamic_structure_factors(
            Frames(trajectory, atoms, apart), vectors, interval, window, window_step=step
        ).Fqt_coh
        spectra = (found - found[:, window // 2 :].mean(axis=1, keepdims=True)) @ transform
        square = (vectors**2).sum(axis=1)
        sums.add(spectra * (factor * np.exp(square * u2) / square)[:, None], waves.shell[part])
    mean, error = sums.result()
    return ScatteringMap(waves.q, energy, mean, error, waves.counts, "meV")


def timed(function):
    """What it returns, seconds, processor seconds of all threads."""
    start = time.perf_counter(), time.process_time()
    result = function()
    return result, (time.perf_counter() - start[0], time.process_time() - start[1])


def run_once(atoms, potential, waves, cases) -> tuple[dict, dict]:
    """Results and times of every step, {(case, step): ...}; matrix and modes are those of the case None.

    The harmonic map belongs to each case, but is computed once for the same energies.
    """
    found, spent = {}, {}

    def step(case, name, function, *arguments, **options):
        found[case, name], spent[case, name] = timed(lambda: function(*arguments, **options))
        return found[case, name]

    D = step(None, "matrix", dynamical_matrix, atoms, potential)
    modes, known = step(None, "modes", normal_modes, D), {}
    for key in cases:
        case = CASES[key]
        if len(case.energy) not in known:
            step(key, "harmonic", harmonic.boson_map, modes, atoms, waves, case.energy, WIDTH)
        same = known.setdefault(len(case.energy), key)
        found[key, "harmonic"], spent[key, "harmonic"] = found[same, "harmonic"], spent[same, "harmonic"]
        times = case.duration, case.interval, SEED, EQUILIBRATION
        run = step(key, "trajectory", thermal_trajectory, atoms, potential, TEMPERATURE, *times)
        for name in case.names:
            if name == "motion":
                step(key, name, trajectories.boson_map_of_motion, run, atoms, waves, case.energy, WIDTH)
            else:
                step(key, name, map_by_dynasor, run, atoms, waves, case.energy, **CALLS[name])
    return found, spent


def compare(found: dict) -> dict:
    """Peak of each map; likeness and level of its shells near the harmonic peak compared with the harmonic ones."""
    inside, energies = maps.window(found["harmonic"], *SHELLS), {}
    known, energy = [name for name in STEPS if name in found], found["harmonic"].energy
    for name in known:
        spectrum = maps.mean_spectrum(found[name], inside)
        peak = boson_peak(energy, spectrum, dimension=1, omega_min=SEARCH[0], omega_max=SEARCH[1])
        energies[name] = {"peak": peak.omega, "peak_inside": peak.interior}
    near = abs(energy - energies["harmonic"]["peak"]) <= NEAR
    shells = {name: found[name].intensity[inside][:, near].mean(axis=1) for name in known}
    for name in known[1:]:
        for suffix, other in (("", "harmonic"), ("_motion", "motion"))[: 2 if "motion" in known else 1]:
            energies[name] |= {
                f"r{suffix}": float(np.corrcoef(shells[name], shells[other])[0, 1]),
                f"level{suffix}": float(shells[name].mean() / shells[other].mean()),
            }
    return energies


def prepare(quick: bool):
    """Glass, what it is called, its wave vectors."""
    potential = get(POTENTIAL)
    if quick:
        recipe = glasses.GlassRecipe(potential.name, "Cu50Zr50", 108, 1e14, 1, melt_time=1.0)
        with tempfile.TemporaryDirectory() as folder:
            atoms = glasses.melt_quench(recipe, folder)
    else:
        atoms = glasses.load(NAME)
    atoms.set_masses(potential.masses_of(atoms))
    waves = box_wavevectors(atoms.cell.array, EDGES, 10 if quick else None, SEED)
    return atoms, recipe.name if quick else NAME, waves


def warm_up(atoms, potential) -> None:
    """All that compiles, on few wave vectors and four frames, and on few atoms and many wave vectors."""
    few, interval = box_wavevectors(atoms.cell.array, EDGES, 10, SEED), CASES["short"].interval
    dynamical_matrix(atoms, potential)
    harmonic.structure_factor(atoms, few)
    # two atoms that vibrate against each other
    pair = Atoms("Cu2", [[0, 0, 0], [1, 2, 3]], cell=3 * [15.0], pbc=True)
    half = np.sqrt(0.5) * np.eye(3)
    modes = Modes(np.repeat([0.0, 0.1], 3), np.block([[half, half], [half, -half]]), np.zeros(6))
    harmonic.boson_map(modes, pair, box_wavevectors(pair.cell.array, EDGES), ENERGY, WIDTH)
    short = thermal_trajectory(atoms, potential, TEMPERATURE, 4 * interval, interval, SEED, 0.0)
    # dynasor has one kernel for many waves and one for few
    for vectors in (few.vectors, few.vectors[:2]):
        compute_dynamic_structure_factors(Frames(short, atoms, False), vectors, 1e3 * interval, 3)


def measure(quick: bool) -> dict:
    """All measurements, as plain data."""
    results = {"machine": describe_machine(*PACKAGES), "targets": TARGETS, "quick": quick}
    atoms, name, waves = prepare(quick)
    potential = get(POTENTIAL)
    warm_up(atoms, potential)
    cases = [name for name in CASES if not (quick and name == "chapter")]
    found, spent = run_once(atoms, potential, waves, cases)
    cost = {key: dict(zip(("seconds", "cpu_seconds"), times, strict=True)) for key, times in spent.items()}
    results |= {
        "glass": {"name": name, "atoms": len(atoms), "edge": float(atoms.cell.lengths().min())},
        "map": {
            "vectors": int(waves.available.sum()),
            "vectors_measured": len(waves),
            "q": [float(EDGES[0]), float(EDGES[-1])],
            "shells": len(waves.q),
            "energies": len(ENERGY),
            "highest_energy": float(ENERGY[-1]),
            "width": WIDTH,
        },
        "calls": CALLS,
    }
    for key in cases:
        case, run = CASES[key], found[key, "trajectory"]
        compared = compare({name: found[key, name] for name in STEPS if (key, name) in found})
        theory = harmonic_displacements(found[None, "modes"], potential, atoms, run.temperature.mean()).mean() / 3
        part = {
            "trajectory": {
                **cost[key, "trajectory"],
                "duration": case.duration,
                "equilibration": EQUILIBRATION,
                "interval": case.interval,
                "frames": len(run.time),
                "window": longest_lag(case.interval),
                "temperature": float(run.temperature.mean()),
                "axis_displacement": float(trajectories.axis_displacement(run).mean()),
                "axis_displacement_harmonic": float(theory),
            }
        }
        for name in compared:
            its = {step: cost[key if (key, step) in cost else None, step] for step in STEPS[name]}
            total = {unit: sum(times[unit] for times in its.values()) for unit in ("seconds", "cpu_seconds")}
            part[name] = {**total, "steps": its, **compared[name]}
            if name != "harmonic":
                part[name]["ratio"] = total["seconds"] / part["harmonic"]["seconds"]
                part[name]["cpu_ratio"] = total["cpu_seconds"] / part["harmonic"]["cpu_seconds"]
        # the shortest one stands at the top, next to the harmonic route
        if key == "short":
            results |= part
        else:
            results[key] = part | {"highest_energy": float(case.energy[-1])}
    results["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    return results


def report(r: dict) -> str:
    """The results as a table."""
    m, h, low = r["map"], r["harmonic"]["steps"], r["low"]["harmonic"]["steps"]["harmonic"]
    part = "all" if m["vectors"] == m["vectors_measured"] else f"{m['vectors_measured']:,} of"
    head = f"{'':10}{'seconds':>10}{'CPU-s':>9}{'map alone':>11}{'over ours':>11}{'peak/meV':>10}{'r':>8}{'level':>8}"
    lines = [
        *describe_run(r["machine"], *PACKAGES),
        f"{r['glass']['name']}, {r['glass']['atoms']:,} atoms, {TEMPERATURE:g} K; {part} {m['vectors']:,} wave vectors "
        f"from {m['q'][0]:g} to {m['q'][1]:g} 1/A, {m['shells']} shells, {m['energies']} energies, "
        f"kernel of {m['width']:g} meV",
        f"harmonic: matrix {h['matrix']['seconds']:.1f} s, modes {h['modes']['seconds']:.1f} s, "
        f"map {h['harmonic']['seconds']:.1f} s, up to {r['low']['highest_energy']:g} meV {low['seconds']:.1f} s",
    ]
    parts = {name: r if name == "short" else r[name] for name in CASES if name == "short" or name in r}
    for key, case in parts.items():
        t = case["trajectory"]
        lines += [
            "",
            f"{CASES[key].title}: {t['seconds']:.1f} s, {t['equilibration']:g} ps before {t['duration']:g} ps, "
            f"{t['frames']} frames, one each {1e3 * t['interval']:g} fs, {t['temperature']:.0f} K; lags of up to "
            f"{t['window']} frames; <u^2> along one axis {t['axis_displacement']:.4f} A^2, harmonic "
            f"{t['axis_displacement_harmonic']:.4f}",
            head,
        ]
        for name in STEPS:
            s = case.get(name)
            if s is None:
                continue
            row = f"{name:10}{s['seconds']:>10.1f}{s['cpu_seconds']:>9.1f}{s['steps'][name]['seconds']:>11.1f}"
            rest = f"{s['ratio']:>11.2f}{s['peak']:>10.2f}{s['r']:>8.3f}{s['level']:>8.2f}" if "r" in s else ""
            lines.append(row + (rest or f"{'':>11}{s['peak']:>10.2f}"))
    lines.append(
        f"r and level: shells from {SHELLS[0]:g} to {SHELLS[1]:g} 1/A within {NEAR:g} meV of the harmonic peak, "
        "compared with the harmonic map"
    )
    if not r["quick"]:
        target = r["targets"]["ratio"]
        said = [
            f"{CASES[key].title}: {'reached' if case['eased']['ratio'] >= target else 'missed'} "
            f"({case['eased']['ratio']:.1f}; {case['eased']['cpu_ratio']:.1f} in CPU seconds)"
            for key, case in parts.items()
        ]
        lines.append(f"target: {target:g} times less time than eased, dynasor at its fastest. {'; '.join(said)}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small glass, a few wave vectors")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the numbers here as well")
    options = parser.parse_args(arguments)
    set_threads()
    # its warning about numba's threading layer; BOSONPEAK_THREADS is what it gets
    set_logging_level("ERROR")
    results = measure(options.quick)
    show_results(report(results), results, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
