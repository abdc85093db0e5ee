"""Saddles of a metallic glass compared with ASE's dimer method, from the same kicks, in one run.

    python benchmarks/saddles.py                20 kicks in a glass of 1,000 atoms of Cu50Zr50
    python benchmarks/saddles.py --quick        3 kicks in one of 108 atoms
    python benchmarks/saddles.py --json FILE    keeps the numbers

Each kick displaces one atom by 0.1 A. "region" is the library's default search; "full" lets every atom move from the
start; the dimer (ase.mep, its default parameters) gets the kick as its displacement and as its first mode, all atoms
free, and as many forces as --forces. All stop at 0.01 eV/A; all take their forces from the same kernel, so that only
the methods differ. A search has succeeded where the forces vanish and the curvature is negative. Force calls are those
up to the saddle, failures included in the median; seconds of the library include both minimisations afterwards.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.mep.dimer import DimerControl, MinModeAtoms, MinModeTranslate
from machine import describe_machine, describe_run, show_results

from bosonpeak.landscape.active_region import Region, describe_landscape
from bosonpeak.landscape.artn import Search, activation_events, kick_atom, refine_event
from bosonpeak.materials import glasses
from bosonpeak.materials.potentials import get
from bosonpeak.threads import set_threads

PACKAGES = ("bosonpeak", "numpy", "ase", "numba")
TARGETS = {"success": 0.85, "force_calls": 500, "barrier_error": 0.01}
NAME = "Cu50Zr50-mendelev-2009-n1000-1e13-s1"


class OutOfForces(Exception):
    """A dimer search has used up its forces."""


class Kernel(Calculator):
    """The library's forces for ASE; `calls` counts them."""

    implemented_properties = ("energy", "forces")

    def __init__(self, landscape, limit):
        super().__init__()
        self.region, self.calls, self.limit = Region(landscape, np.arange(len(landscape.positions))), 0, limit

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        if self.calls == self.limit:
            raise OutOfForces
        self.calls += 1
        energy, f = self.region.evaluate(atoms.positions)
        self.results = {"energy": energy, "forces": f}


def run_dimer(atoms, landscape, search, atom, seed, forces) -> dict:
    """ASE's dimer from the kick of event 0 of that atom."""
    near, kick = kick_atom(landscape, search, atom, seed, 0)
    displacement = np.zeros((len(atoms), 3))
    displacement[near] = kick
    moved = atoms.copy()
    moved.calc, start = Kernel(landscape, forces), time.process_time()
    control = DimerControl(initial_eigenmode_method="displacement", displacement_method="vector", logfile=None)
    walker = MinModeAtoms(moved, control, random_seed=seed)
    walker.displace(displacement_vector=displacement, mask=[True] * len(atoms))
    found = False
    try:
        with MinModeTranslate(walker, logfile=None) as dimer:
            dimer.run(fmax=search.force_tolerance, steps=forces)
        largest = np.linalg.norm(moved.get_forces(), axis=1).max()
        found = bool(walker.get_curvature() < 0 and largest < 1.01 * search.force_tolerance)
        energy = moved.get_potential_energy()
    except OutOfForces:
        energy = np.nan
    return {
        "found": found,
        "calls": moved.calc.calls,
        "seconds": time.process_time() - start,
        "barrier": float(energy) if found else None,
    }


def run_ours(atoms, potential, search, atom, seed):
    start = time.process_time()
    (event,) = activation_events(atoms, potential, atom, 1, seed, search)
    return event, {
        "found": event.converged,
        "calls": event.force_calls,
        "connected": event.connected,
        "seconds": time.process_time() - start,
        "barrier": event.barrier if event.converged else None,
    }


def summarise(rows) -> dict:
    """Over all kicks; barrier over those that succeeded."""
    barriers = [row["barrier"] for row in rows if row["found"]]
    return {
        "success": float(np.mean([row["found"] for row in rows])),
        "connected": float(np.mean([row["connected"] for row in rows])) if "connected" in rows[0] else None,
        "force_calls": float(np.median([row["calls"] for row in rows])),
        "force_calls_a_saddle": sum(row["calls"] for row in rows) / max(1, len(barriers)),
        "cpu_seconds": float(np.mean([row["seconds"] for row in rows])),
        "barrier": float(np.median(barriers)) if barriers else None,
    }


def measure(kicks: int, quick: bool, forces: int, seed: int) -> dict:
    """All measurements, as plain data."""
    results = {"machine": describe_machine(*PACKAGES), "targets": TARGETS, "quick": quick}
    potential, search = get("cu-zr-mendelev-2009"), Search()
    if quick:
        recipe = glasses.GlassRecipe(potential.name, "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
        with tempfile.TemporaryDirectory() as folder:
            atoms = glasses.melt_quench(recipe, folder)
        search = replace(search, radius=5.5)
    else:
        atoms = glasses.load(NAME)
    results["glass"] = {"atoms": len(atoms), "kicks": kicks, "seed": seed}
    landscape, full = describe_landscape(atoms, potential), replace(search, radius=1e3)
    # compiles, and counts for nobody
    activation_events(atoms, potential, 0, 1, seed, replace(search, pushes=2))
    rows, errors = {"region": [], "full": [], "dimer": []}, []
    for k in range(kicks):
        atom = 37 * k % len(atoms)
        event, row = run_ours(atoms, potential, search, atom, seed)
        rows["region"].append(row)
        rows["full"].append(run_ours(atoms, potential, full, atom, seed)[1])
        rows["dimer"].append(run_dimer(atoms, landscape, search, atom, seed, forces))
        if event.converged:
            refined = refine_event(atoms, potential, event, replace(search, force_tolerance=1e-3))
            if refined.converged:
                errors.append(abs(event.barrier / refined.barrier - 1))
    results |= {name: summarise(found) for name, found in rows.items()} | {"kicks": rows}
    results["barrier_error"] = {"median": float(np.median(errors)), "largest": max(errors)} if errors else None
    results["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    return results


def report(r: dict) -> str:
    """The results as a table."""
    g, t, e = r["glass"], r["targets"], r["barrier_error"]
    lines = [
        *describe_run(r["machine"], *PACKAGES),
        f"{g['kicks']} kicks in {g['atoms']} atoms of Cu50Zr50, seed {g['seed']}",
        "",
        f"{'':10}{'success':>10}{'connected':>11}{'calls':>8}{'a saddle':>10}{'CPU-s':>8}{'barrier':>10}",
    ]
    for name in ("region", "full", "dimer"):
        s = r[name]
        connected = "-" if s["connected"] is None else f"{s['connected']:.0%}"
        barrier = f"{s['barrier']:10.3f}" if s["barrier"] is not None else f"{'-':>10}"
        lines.append(
            f"{name:10}{s['success']:>10.0%}{connected:>11}{s['force_calls']:>8.0f}"
            f"{s['force_calls_a_saddle']:>10.0f}{s['cpu_seconds']:>8.2f}{barrier}"
        )
    lines.append(f"target: success of {t['success']:.0%}, under {t['force_calls']} force calls (median of all kicks)")
    if e:
        lines.append(
            "barriers compared with the same saddles with all atoms free and 0.001 eV/A: "
            f"median {e['median']:.2%} off, at most {e['largest']:.2%} (target {t['barrier_error']:.0%})"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kicks", type=int, help="kicks (default 20; 3 with --quick)")
    parser.add_argument("--forces", type=int, default=2000, help="most forces of a dimer search (default 2000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a small glass")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the numbers here as well")
    options = parser.parse_args(arguments)
    set_threads(1)
    results = measure(options.kicks or (3 if options.quick else 20), options.quick, options.forces, options.seed)
    show_results(report(results), results, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
