"""Hessians of Cu-Zr compared with matscipy's and LAMMPS's, and what the engine makes of their two forms, in one run.

    python benchmarks/hessian.py                500, 4,000 and 19,652 atoms, some minutes on two cores
    python benchmarks/hessian.py --quick        500 atoms
    python benchmarks/hessian.py --json FILE    keeps the numbers

The structure is a random fcc alloy, every atom displaced by 0.1 A in each direction. Every measurement has a process
of its own, and its memory is the peak of that process, interpreter and libraries included. Times are the best of
several after a first, smaller call that compiles; CPU-s count all threads. The potential's table has been read by
then, in all of them. Differences are of entries: the second derivative of a table depends on the spline, so single
entries differ where a bond comes near a knot.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ase.build import bulk
from machine import describe_machine, describe_run, show_results
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import norm

from bosonpeak.materials import potentials
from bosonpeak.threads import set_threads
from bosonpeak.vibrations.chebyshev import _aligned, _Recursion
from bosonpeak.vibrations.hessian import dynamical_matrix, hessian
from bosonpeak.vibrations.lanes import LANES
from bosonpeak.vibrations.operators import check_operator, lanczos_extremes

SEED, POTENTIAL = 20260, "cu-zr-mendelev-2009"
PACKAGES = ("bosonpeak", "numpy", "scipy", "numba", "matscipy", "lammps")
TARGETS = {"ratio_to_matscipy": 30.0, "deviation_rms": 1e-3, "gigabytes_at_19652": 4.0}


def alloy(edge: int):
    """4 edge^3 atoms, half Cu and half Zr at random."""
    rng = np.random.default_rng(SEED)
    atoms = bulk("Cu", "fcc", 4.2, cubic=True).repeat(edge)
    atoms.symbols[:] = rng.permutation(np.resize(["Cu", "Zr"], len(atoms)))
    atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
    return atoms


def best(function, repeats: int):
    """Seconds and processor seconds of the fastest call, and what it returned."""
    spent = []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        result = function()
        spent.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    seconds, cpu = np.min(spent, axis=0).tolist()
    return {"seconds": seconds, "cpu_seconds": cpu}, result


def deviation(theirs, H) -> dict:
    """The largest difference compared with the largest entry, and both as root mean squares."""
    off = theirs - H
    return {
        "deviation": float(abs(off).max() / abs(H).max()),
        "deviation_rms": float(norm(off) / norm(H)),
    }


def gigabytes() -> float:
    """Peak memory of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def ours(edge: int, factored: bool, repeats: int) -> dict:
    potential = potentials.get(POTENTIAL)
    hessian(alloy(2), potential, factored)
    atoms = alloy(edge)
    spent, H = best(lambda: hessian(atoms, potential, factored), repeats)
    part = H.B if factored else H
    return {**spent, "gigabytes": gigabytes(), "blocks_per_atom": part.indptr[-1] / len(atoms)}


def beside_matscipy(edge: int, repeats: int) -> dict:
    from matscipy.calculators.eam import EAM

    potential, atoms = potentials.get(POTENTIAL), alloy(edge)
    calculator = EAM(str(potential.path()), kind=potential.style)
    spent, theirs = best(lambda: calculator.get_hessian(atoms, "sparse"), repeats)
    peak = gigabytes()
    return {**spent, "gigabytes": peak, **deviation(theirs.tocsr(), hessian(atoms, potential).tocsr())}


def beside_lammps(edge: int) -> dict:
    from bosonpeak.materials.lammps import Session

    potential, atoms = potentials.get(POTENTIAL), alloy(edge)
    with tempfile.TemporaryDirectory() as folder, Session(atoms, potential) as session:
        session.evaluate()
        file = Path(folder) / "matrix"
        spent, _ = best(lambda: session.commands(f"dynamical_matrix all regular 1e-5 file {file}"), 1)
        peak, D = gigabytes(), dynamical_matrix(atoms, potential).tocsr()
        theirs = csr_matrix(np.loadtxt(file).reshape(D.shape))
    return {**spent, "gigabytes": peak, **deviation(theirs, D)}


def engine(edge: int, factored: bool, steps: int) -> dict:
    """Milliseconds per vector and Chebyshev step, on one block of eight."""
    D = check_operator(dynamical_matrix(alloy(edge), potentials.get(POTENTIAL), factored))
    recursion = _Recursion(D, 1.01 * lanczos_extremes(D)[1])
    x, z = _aligned(D.shape[0]), _aligned(D.shape[0])
    x[:] = np.random.default_rng(SEED).choice([-1.0, 1.0], x.size)
    recursion(x, z, 1.0, 0.0)

    def run():
        # the vectors stay as they are in size: each step starts from the same two
        for _ in range(steps):
            recursion(x, z, 1.0, 0.0)

    spent, _ = best(run, 5)
    return {"ms_per_vector_and_step": spent["seconds"] * 1e3 / (steps * LANES)}


def alone(call: str) -> dict:
    """The result of one call of this file in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--call", call], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{call} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(quick: bool) -> dict:
    """All measurements, as plain data."""
    results = {
        "machine": describe_machine(*PACKAGES),
        "targets": TARGETS,
        "quick": quick,
        "potential": POTENTIAL,
        "sizes": {},
    }
    for edge in (5,) if quick else (5, 10, 17):
        repeats = {5: 7, 10: 3, 17: 1}[edge]
        size = {
            "matrix": alone(f"ours({edge}, False, {repeats})"),
            "factored": alone(f"ours({edge}, True, {repeats})"),
        }
        if edge <= 10:
            size["matscipy"] = alone(f"beside_matscipy({edge}, {3 if edge == 5 else 1})")
            size["matscipy"]["ratio"] = size["matscipy"]["seconds"] / size["matrix"]["seconds"]
        if edge == 5:
            size["lammps"] = alone(f"beside_lammps({edge})")
            size["lammps"]["ratio"] = size["lammps"]["seconds"] / size["matrix"]["seconds"]
        size["engine_matrix"] = alone(f"engine({edge}, False, {200 if edge == 5 else 20})")
        size["engine_factored"] = alone(f"engine({edge}, True, {200 if edge == 5 else 20})")
        results["sizes"][str(4 * edge**3)] = size
    results["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    return results


def report(r: dict) -> str:
    """The results as a table."""
    m = r["machine"]
    lines = [
        *describe_run(m, *PACKAGES),
        f"{r['potential']}; targets: {TARGETS['ratio_to_matscipy']:.0f} times matscipy's speed at 500 atoms, agreement "
        f"to {TARGETS['deviation_rms']:.0e} (rms), {TARGETS['gigabytes_at_19652']:.0f} GB at 19,652 atoms",
    ]
    for n, size in r["sizes"].items():
        columns = ("seconds", "cpu_seconds", "ratio", "gigabytes", "deviation", "deviation_rms")
        heads = ("seconds", "CPU-s", "over ours", "peak GB", "largest off", "rms off")
        lines += ["", f"{int(n):,} atoms".ljust(28) + "".join(f"{head:>13}" for head in heads)]
        for name in ("matrix", "factored", "matscipy", "lammps"):
            if name in size:
                numbers = (f"{size[name][c]:.3g}" if c in size[name] else "" for c in columns)
                lines.append(f"  {name:26}" + "".join(f"{number:>13}" for number in numbers))
        for name in ("matrix", "factored"):
            step = size[f"engine_{name}"]["ms_per_vector_and_step"]
            lines.append(f"  Chebyshev step, {name:10}{step:>12.4f} ms per vector")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="500 atoms only")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the numbers here as well")
    parser.add_argument("--call", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    set_threads()
    if options.call:
        name, _, rest = options.call.partition("(")
        measured = {f.__name__: f for f in (ours, beside_matscipy, beside_lammps, engine)}[name]
        print(json.dumps(measured(*json.loads(f"[{rest.removesuffix(')').lower()}]"))))
        return 0
    results = measure(options.quick)
    show_results(report(results), results, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
