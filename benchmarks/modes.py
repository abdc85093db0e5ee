"""The lowest modes of jammed spheres compared with scipy's shift-invert, in one run.

    python benchmarks/modes.py                100 modes of 4,000 and of 16,000 spheres, 25 minutes on two cores
    python benchmarks/modes.py --quick        40 modes of 1,000 spheres
    python benchmarks/modes.py --json FILE    keeps the numbers

The packing is mizuno-2020's: harmonic spheres at packing fraction 0.73, quenched from random positions; from the
archive where it is there, else made on the spot. Each solver has a process of its own, which compiles on a small
matrix first; its memory is the peak of that process, interpreter and libraries included. CPU-s count all threads.
scipy gets the shift -1e-4 below the zero modes and, besides its default, the ordering and the options of SuperLU for
symmetric definite matrices; the better one is what we are compared with. Its factorisation runs on one thread. eigsh
is run to its default, machine precision; ours to residuals of 1e-10 of the highest eigenvalue. A peer that takes ten
times our seconds (and over 200 s) is stopped there: the ratio is then a lower bound, and said to be one.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from machine import describe_machine, describe_run, show_results
from scipy.sparse.linalg import LinearOperator, eigsh, splu

from bosonpeak.archive import glasses as archive
from bosonpeak.materials.glasses import GlassRecipe, melt_quench
from bosonpeak.materials.potentials import get
from bosonpeak.threads import set_threads
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import low_frequency_modes
from bosonpeak.vibrations.spectra import zero_modes

PACKAGES = ("bosonpeak", "numpy", "scipy", "numba")
TARGETS = {"seconds": 180.0, "ratio_to_scipy": 3.0, "deviation": 1e-8}
SHIFT = -1e-4
PATIENCE = 10, 200.0
"""A peer may take this many times our seconds, and this many seconds at least."""


def packing(n: int):
    """n harmonic spheres at packing fraction 0.73, and where they come from."""
    try:
        return archive.load(f"harmonic-spheres-n{n}-instant-s1"), "archive"
    except ValueError:
        recipe = GlassRecipe(
            "harmonic-spheres",
            "X",
            n,
            cooling_rate=math.inf,
            seed=1,
            melt_temperature=math.inf,
            number_density=6 * 0.73 / math.pi,
            force_tolerance=1e-10,
        )
        with tempfile.TemporaryDirectory() as folder:
            return melt_quench(recipe, folder), "quenched here to a force of 1e-10"


def ours(D, count: int):
    modes = low_frequency_modes(D, count, project_out=zero_modes(D, 3))
    return modes.omega, {"residual": float(modes.residual.max()), "orthonormality": modes.orthonormality}


def shift_invert(D, count: int, symmetric: bool):
    """scipy's eigsh about SHIFT, its factorisation by default or for a symmetric definite matrix."""
    shifted = (D.tocsc() - SHIFT * sp.eye(D.shape[0])).tocsc()
    start = time.perf_counter()
    if symmetric:
        factors = splu(shifted, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    else:
        factors = splu(shifted)
    seconds = time.perf_counter() - start
    # translations and loose spheres come on top
    resting = zero_modes(D, 3).shape[1]
    level, vectors = eigsh(D, count + resting, sigma=SHIFT, OPinv=LinearOperator(D.shape, factors.solve))
    order = np.argsort(level)[resting:]
    residual = np.linalg.norm(D @ vectors[:, order] - vectors[:, order] * level[order], axis=0).max()
    extra = {"factor_seconds": seconds, "factor_entries": int(factors.L.nnz), "residual": float(residual)}
    return np.sqrt(level[order]), extra


SOLVERS = {
    "filtered_subspace": ours,
    "shift_invert": lambda D, count: shift_invert(D, count, False),
    "shift_invert_symmetric": lambda D, count: shift_invert(D, count, True),
}


def solve(name: str, path: str, count: int) -> dict:
    """Frequencies, seconds, CPU-s and peak memory of one solver, in this process."""
    D = sp.load_npz(path)
    chain = sp.diags([2.0, -1.0, -1.0, -1.0, -1.0], [0, 1, -1, 99, -99], shape=(100, 100))
    SOLVERS[name](sp.kron(chain, np.eye(3)).tobsr((3, 3)), 5)
    start = time.perf_counter(), time.process_time()
    omega, extra = SOLVERS[name](D, count)
    return {
        "seconds": time.perf_counter() - start[0],
        "cpu_seconds": time.process_time() - start[1],
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        **extra,
        "omega": omega.tolist(),
    }


def measure_packing(n: int, count: int) -> dict:
    """All solvers on one packing, as plain data; of a peer that was stopped, the seconds it had."""
    atoms, source = packing(n)
    D = dynamical_matrix(atoms, get("harmonic-spheres"))
    contacts = (D.nnz // 9 - n) / n
    results = {"packing": {"spheres": n, "modes": count, "neighbours": contacts, "source": source}}
    limit = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "matrix.npz"
        sp.save_npz(path, D, compressed=False)
        for name in SOLVERS:
            command = [sys.executable, __file__, "--call", name, str(path), str(count)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
            except subprocess.TimeoutExpired:
                results[name] = {"stopped_after": limit}
                print(f"{n:,} {name.replace('_', ' ')}: stopped after {limit:.0f} s", file=sys.stderr, flush=True)
                continue
            if done.returncode:
                raise RuntimeError(f"{name} failed: {done.stderr.strip().splitlines()[-1:]}")
            results[name] = json.loads(done.stdout)
            limit = limit or max(PATIENCE[0] * results[name]["seconds"], PATIENCE[1])
            print(f"{n:,} {name.replace('_', ' ')}: {results[name]['seconds']:.1f} s", file=sys.stderr, flush=True)
    mine, peers = results["filtered_subspace"], [name for name in SOLVERS if name != "filtered_subspace"]
    ended = [name for name in peers if "omega" in results[name]]
    omega = {name: np.array(results[name].pop("omega")) for name in ["filtered_subspace", *ended]}
    found = omega["filtered_subspace"]
    results["omega"] = {"lowest": found[0], "highest": found[-1]}
    results["ratio_to_scipy"] = min(seconds_of(results[name]) for name in peers) / mine["seconds"]
    results["at_least"] = not ended
    if ended:
        results["cpu_ratio_to_scipy"] = min(results[name]["cpu_seconds"] for name in ended) / mine["cpu_seconds"]
        results["deviation"] = max(float(abs(omega[name] / found - 1).max()) for name in ended)
    return results


def seconds_of(solver: dict) -> float:
    return solver.get("seconds", solver.get("stopped_after"))


def measure(sizes: list[int], count: int, quick: bool) -> dict:
    """All measurements, as plain data."""
    results = {"machine": describe_machine(*PACKAGES), "targets": TARGETS, "quick": quick}
    results["sizes"] = {str(n): measure_packing(n, count) for n in sizes}
    results["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    return results


def report(results: dict) -> str:
    """The results as a table."""
    t, lines = results["targets"], describe_run(results["machine"], *PACKAGES)
    for r in results["sizes"].values():
        p, least = r["packing"], ">" if r["at_least"] else ""
        lines += [
            "",
            f"{p['modes']} lowest modes of {p['spheres']:,} harmonic spheres ({p['source']}), {p['neighbours']:.2f} "
            f"neighbours each, omega {r['omega']['lowest']:.4f} to {r['omega']['highest']:.4f}",
            f"{'':28}{'seconds':>10}{'CPU-s':>10}{'GB':>8}{'residual':>12}",
        ]
        for name in SOLVERS:
            s = r[name]
            numbers = (
                f"{'stopped after':>20} {s['stopped_after']:.0f} s"
                if "stopped_after" in s
                else (f"{s['seconds']:>10.1f}{s['cpu_seconds']:>10.1f}{s['gigabytes']:>8.2f}{s['residual']:>12.1e}")
            )
            lines.append(f"{name.replace('_', ' '):28}{numbers}")
        lines += [
            f"target: under {t['seconds']:.0f} s",
            f"scipy's better one over ours: {least}{r['ratio_to_scipy']:.1f} in seconds "
            f"(target >= {t['ratio_to_scipy']:.0f})"
            + (f", {r['cpu_ratio_to_scipy']:.1f} in CPU-s" if "cpu_ratio_to_scipy" in r else ""),
            f"orthonormal to {r['filtered_subspace']['orthonormality']:.1e}"
            + (
                f"; largest relative difference of a frequency: {r['deviation']:.1e} (target < {t['deviation']:g})"
                if "deviation" in r
                else "; no frequencies of a peer to compare with"
            ),
        ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spheres", type=int, help="spheres (default 4,000 and 16,000; 1,000 with --quick)")
    parser.add_argument("--modes", type=int, help="modes (default 100; 40 with --quick)")
    parser.add_argument("--quick", action="store_true", help="a small packing")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the numbers here as well")
    parser.add_argument("--call", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    set_threads()
    if options.call:
        name, path, count = options.call
        print(json.dumps(solve(name, path, int(count))))
        return 0
    sizes = [options.spheres] if options.spheres else [1000] if options.quick else [4000, 16000]
    results = measure(sizes, options.modes or (40 if options.quick else 100), options.quick)
    show_results(report(results), results, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
