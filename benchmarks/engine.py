"""The Chebyshev engine compared with the memory bandwidth, scipy, dense diagonalisation and kwant, in one run.

    python benchmarks/engine.py                 10^6 nodes, a minute or two on two cores
    python benchmarks/engine.py --quick         90,000 nodes, seconds
    python benchmarks/engine.py --json FILE     keeps the numbers
    python benchmarks/engine.py --kwant PYTHON  a Python that can import kwant, where this one cannot

Every time is the best of several, with the median next to it where the two may differ. Traffic is compulsory
traffic: what must cross the memory bus if every vector is read and written once a step (12 bytes a matrix entry and
4 a row for each block of eight vectors; 24 bytes a row and vector). The triad is counted alike, 24 bytes an element.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numba
import numpy as np
import scipy.sparse as sp
from machine import describe_machine, describe_run, show_results

from bosonpeak.networks import square_lattice_network
from bosonpeak.threads import blas_threads, set_threads
from bosonpeak.vibrations.chebyshev import chebyshev_moments, jackson_kernel
from bosonpeak.vibrations.lanes import LANES
from bosonpeak.vibrations.operators import spectral_bound
from bosonpeak.vibrations.spectra import density_of_states, local_density_of_states

SEED = 20260
PACKAGES = ("bosonpeak", "numpy", "scipy", "numba", "llvmlite")
TARGETS = {"ratio_to_scipy": 6.0, "fraction_of_triad": 0.55, "density_seconds": 60.0}

KWANT = """
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, scipy.sparse as sp
try:
    import kwant
except ImportError:
    sys.exit("not installed")
H, bound = sp.load_npz(sys.argv[1]), float(sys.argv[2])
def seconds(moments):
    start = time.perf_counter()
    kwant.kpm.SpectralDensity(H, num_vectors=1, num_moments=moments, bounds=(0, bound), rng=1, accumulate_vectors=False)
    return time.perf_counter() - start
seconds(4)
best = min(seconds(44) - seconds(4) for _ in range(3)) / 40
print(kwant.__version__, np.__version__, best)
"""


@numba.njit(parallel=True)
def _triad(a, b, c, factor):
    for i in numba.prange(a.size):
        a[i] = b[i] + factor * c[i]


def timed(call, repeats: int) -> np.ndarray:
    """Seconds of each of `repeats` calls, after one that is not counted."""
    call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return np.array(seconds)


def triad(elements: int, repeats: int) -> np.ndarray:
    """Seconds per byte of a = b + factor * c."""
    a, b, c = np.empty(elements), np.ones(elements), np.full(elements, 2.0)
    return timed(lambda: _triad(a, b, c, 3.0), repeats) / (24 * elements)


def fused(H, bound: float, steps: int, repeats: int) -> np.ndarray:
    """Milliseconds per vector and step of the library's recursion on one block of eight."""
    vectors = np.random.default_rng(SEED).choice([-1.0, 1.0], (H.shape[0], LANES))
    # what comes before the first step is not a part of it
    long = timed(lambda: chebyshev_moments(H, vectors, 2 * steps + 2, bound), repeats)
    short = timed(lambda: chebyshev_moments(H, vectors, 2, bound), repeats)
    return (long - np.median(short)) * 1e3 / (steps * LANES)


def scipy_recursion(H, bound: float, width: int, steps: int, repeats: int) -> np.ndarray:
    """The same recursion with scipy's CSR product, in milliseconds per vector and step.

    The factor and the shift are in the matrix, the subtraction is in place and the two products are BLAS's or
    einsum's, whichever is faster.
    """
    n = H.shape[0]
    A = (H * (4 / bound) - 2 * sp.eye(n)).tocsr()
    start = np.random.default_rng(SEED).choice([-1.0, 1.0], (n, width))
    x0 = start[:, 0].copy() if width == 1 else start

    def products(new, x):
        if width == 1:
            return x @ x, new @ x
        return np.einsum("ij,ij->j", x, x), np.einsum("ij,ij->j", new, x)

    def run():
        x, before = x0, A @ x0 / 2
        for _ in range(steps):
            new = A @ x
            new -= before
            products(new, x)
            before, x = x, new

    return timed(run, repeats) * 1e3 / (steps * width)


def beside_dense(edge: int, n_moments: int) -> dict:
    """Dense eigenvalues of an edge x edge network compared with the engine at one resolution."""
    H = square_lattice_network(edge, 0.3, "distance", rng=SEED).dynamical_matrix()
    n = H.shape[0]
    omega = np.linspace(0.05, 3.5, 400)
    dense = H.toarray()
    each = []
    for threads in (1, numba.get_num_threads()):
        with blas_threads(threads):
            start = time.perf_counter()
            eigenvalues = np.linalg.eigvalsh(dense)
            each.append(time.perf_counter() - start)
    seconds = min(each)
    exact = local_density_of_states(H, np.arange(n), omega, n_moments)
    few = density_of_states(H, omega, n_moments, 16, rng=SEED)
    few_seconds = timed(lambda: density_of_states(H, omega, n_moments, 16, rng=SEED), 3).min()
    # the dense levels under the same kernel
    top, order = exact.omega_max, np.arange(n_moments)
    inside = omega < top
    level, angle = (np.arccos(np.clip(2 * x / top**2 - 1, -1, 1)) for x in (eigenvalues, omega[inside] ** 2))
    mean = np.array([np.cos(k * level).mean() for k in order]) * jackson_kernel(n_moments) * np.where(order > 0, 2, 1)
    broad = np.zeros(len(omega))
    broad[inside] = np.cos(np.outer(angle, order)) @ mean * 2 / np.pi / np.sqrt(top**2 - omega[inside] ** 2)
    return {
        "nodes": n,
        "n_moments": n_moments,
        "resolution": few.resolution,
        "dense_seconds": seconds,
        "kpm_16_vectors_seconds": float(few_seconds),
        "kpm_16_vectors_deviation": float(abs(few.g - broad).max() / broad.max()),
        "kpm_all_sites_deviation": float(abs(exact.g.mean(axis=1) - broad).max() / broad.max()),
    }


def beside_kwant(H, bound: float, python: str) -> dict:
    """kwant's kernel polynomial method on the same matrix, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "matrix.npz"
        sp.save_npz(path, H, compressed=False)
        done = subprocess.run([python, "-c", KWANT, str(path), str(bound)], capture_output=True, text=True)
    if done.returncode:
        return {"skipped": (done.stderr.strip().splitlines() or ["failed"])[-1]}
    kwant, numpy, seconds = done.stdout.split()
    return {"version": kwant, "numpy": numpy, "ms_per_vector_and_moment": float(seconds) * 1e3}


def measure(nodes: int, quick: bool, kwant_python: str) -> dict:
    """All measurements, as plain data."""
    edge = round(nodes**0.5)
    repeats, steps = (3, 10) if quick else (3, 20)
    results = {"machine": describe_machine(*PACKAGES), "targets": TARGETS, "quick": quick}

    start = time.perf_counter()
    H = square_lattice_network(edge, 0.3, "distance", rng=SEED).dynamical_matrix()
    results["network"] = {
        "nodes": H.shape[0],
        "entries": H.nnz,
        "disorder": 0.3,
        "rule": "distance",
        "seconds": time.perf_counter() - start,
    }
    bound = spectral_bound(H)

    # in rounds, so that every peer gets its share of the machine's quiet moments
    threads, found = numba.get_num_threads(), {name: [] for name in ("triad", "fused", "single", "one", "block")}
    for _ in range(3 if quick else 5):
        found["triad"].append(triad(4_000_000 if quick else 40_000_000, 3))
        found["fused"].append(fused(H, bound, steps, repeats))
        numba.set_num_threads(1)
        found["single"].append(fused(H, bound, steps, repeats))
        numba.set_num_threads(threads)
        # scipy's product runs on one thread; more of BLAS help its dot products, but not next to another process
        for blas in (1, threads):
            with blas_threads(blas):
                found["one"].append(scipy_recursion(H, bound, 1, max(2, steps // 4), repeats))
        found["block"].append(scipy_recursion(H, bound, LANES, max(2, steps // 4), repeats))
    best = {name: float(np.min(values)) for name, values in found.items()}
    median = {name: float(np.median(values)) for name, values in found.items()}

    bandwidth = 1e-9 / best["triad"]
    results["triad"] = {"best_gb_per_s": bandwidth, "median_gb_per_s": 1e-9 / median["triad"]}
    megabytes = ((12 * H.nnz + 4 * H.shape[0]) / LANES + 24 * H.shape[0]) / 1e6
    results["fused"] = {
        "ms_best": best["fused"],
        "ms_median": median["fused"],
        "ms_one_thread": best["single"],
        "megabytes": megabytes,
        "gb_per_s": megabytes / best["fused"],
        "fraction_of_triad": megabytes / best["fused"] / bandwidth,
    }
    results["scipy"] = {
        name: {"ms_best": best[name], "ms_median": median[name], "ratio": best[name] / best["fused"]}
        for name in ("one", "block")
    }

    n_moments, n_vectors = (200, 8) if quick else (1500, 16)
    start = time.perf_counter()
    spectrum = density_of_states(H, np.linspace(0.01, 3.5, 500), n_moments, n_vectors, rng=SEED)
    results["density"] = {
        "n_moments": n_moments,
        "n_vectors": n_vectors,
        "seconds": time.perf_counter() - start,
        "resolution": spectrum.resolution,
    }

    results["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    results["dense"] = beside_dense(20 if quick else 60, 300)
    results["kwant"] = beside_kwant(H, bound, kwant_python)
    if "ms_per_vector_and_moment" in results["kwant"]:
        # the fused step gives two moments
        results["kwant"]["ratio"] = results["kwant"]["ms_per_vector_and_moment"] / (best["fused"] / 2)
    return results


def report(r: dict) -> str:
    """The results as a table."""
    m, f, s, d, e = r["machine"], r["fused"], r["scipy"], r["density"], r["dense"]
    lines = [
        *describe_run(m, *PACKAGES),
        f"network of {r['network']['nodes']:,} nodes, disorder 0.3, rule distance, "
        f"{r['network']['entries']:,} entries, built in {r['network']['seconds']:.2f} s",
        "",
        f"{'':44}{'measured':>14}{'median':>12}{'target':>12}",
    ]

    def row(label, value, median="", target=""):
        lines.append(f"{label:44}{value:>14}{median:>12}{target:>12}")

    row("triad", f"{r['triad']['best_gb_per_s']:.1f} GB/s", f"{r['triad']['median_gb_per_s']:.1f}")
    row("fused kernel, per vector and step", f"{f['ms_best']:.3f} ms", f"{f['ms_median']:.3f}")
    row("  on one thread", f"{f['ms_one_thread']:.3f} ms")
    row("  compulsory traffic", f"{f['megabytes']:.1f} MB")
    row("  of the triad's bandwidth", f"{f['fraction_of_triad']:.0%}", "", f">= {TARGETS['fraction_of_triad']:.0%}")
    for name, label in (("one", "scipy CSR, one vector"), ("block", f"scipy CSR, blocks of {LANES}")):
        row(f"{label}, per vector and step", f"{s[name]['ms_best']:.3f} ms", f"{s[name]['ms_median']:.3f}")
        goal = f">= {TARGETS['ratio_to_scipy']:.0f}" if name == "one" else ""
        row("  over the fused kernel", f"{s[name]['ratio']:.1f}", "", goal)
    whole = f"density of states, {d['n_moments']} moments, {d['n_vectors']} vectors"
    row(whole, f"{d['seconds']:.1f} s", "", f"< {TARGETS['density_seconds']:.0f} s")
    row(f"dense eigenvalues of {e['nodes']:,} nodes", f"{e['dense_seconds']:.2f} s")
    row("  engine, 16 vectors, same resolution", f"{e['kpm_16_vectors_seconds']:.3f} s")
    row("  largest deviation over the largest g", f"{e['kpm_16_vectors_deviation']:.1e}")
    row("  with every site instead", f"{e['kpm_all_sites_deviation']:.1e}")
    k = r["kwant"]
    if "skipped" in k:
        lines.append(f"kwant: {k['skipped']}, skipped")
    else:
        row(f"kwant {k['version']}, per vector and moment", f"{k['ms_per_vector_and_moment']:.2f} ms")
        row("  over the fused kernel (complex vectors)", f"{k['ratio']:.1f}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, help="nodes of the network (default 1,000,000; 90,000 with --quick)")
    parser.add_argument("--quick", action="store_true", help="a small network and few repeats")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the numbers here as well")
    parser.add_argument("--kwant", metavar="PYTHON", default=sys.executable, help="a Python that can import kwant")
    options = parser.parse_args(arguments)
    nodes = options.nodes or (90_000 if options.quick else 1_000_000)
    if nodes < 100:
        parser.error(f"--nodes {nodes}: at least 100")
    set_threads()
    results = measure(nodes, options.quick, options.kwant)
    show_results(report(results), results, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
