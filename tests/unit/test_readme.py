"""What the README says can be held against what it speaks of."""

import json
import re

import pytest

from bosonpeak.paths import project_root

README = (project_root() / "README.md").read_text(encoding="utf-8")


def test_the_numbers_of_the_engine_are_those_of_the_archived_run():
    run = json.loads((project_root() / "data" / "results" / "benchmarks" / "engine.json").read_text(encoding="utf-8"))
    fused, scipy = run["fused"], run["scipy"]
    for said in (
        f"{fused['ms_best']:.1f} ms at 10^6 nodes",
        f"{100 * fused['fraction_of_triad']:.0f} % of the bandwidth",
        f"takes {scipy['one']['ms_best']:.1f} ms",
        f"or {scipy['block']['ms_best']:.1f} ms in blocks of eight",
    ):
        assert said in " ".join(README.split())


def test_the_numbers_of_the_hessians_are_those_of_the_archived_run():
    sizes = json.loads((project_root() / "data" / "results" / "benchmarks" / "hessian.json").read_text())["sizes"]
    small, large = sizes["500"], sizes["4000"]
    for said in (
        f"takes {small['matrix']['seconds']:.2f} s, {small['matscipy']['ratio']:.0f} times less",
        f"takes {large['matrix']['seconds']:.1f} s, {large['matscipy']['ratio']:.0f} times less",
    ):
        assert said in " ".join(README.split())


def test_the_numbers_of_the_low_modes_are_those_of_the_archived_run():
    size = json.loads((project_root() / "data" / "results" / "benchmarks" / "modes.json").read_text())["sizes"]["16000"]
    ours = size["filtered_subspace"]
    for said in (
        f"take {ours['seconds']:.0f} s and {ours['gigabytes']:.1f} GB",
        f"{size['ratio_to_scipy']:.1f} times less time",
    ):
        assert said in README, said
    assert size["shift_invert"]["stopped_after"] == pytest.approx(10 * ours["seconds"])


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (project_root() / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE))
    named = {first or second for first, second in named}
    assert {"book", "test"} <= named <= targets


def test_the_example_of_the_library_runs_on_a_small_network():
    (code,) = re.findall(r"```python\n(import numpy.*?)```", README, re.DOTALL)
    assert "square_lattice_network(1000" in code
    found: dict = {}
    exec(code.replace("square_lattice_network(1000", "square_lattice_network(40"), found)
    spectrum = found["spectrum"]
    assert (spectrum.g[spectrum.omega < 3] > 0).all()


def test_the_numbers_of_the_saddles_are_those_of_the_archived_run():
    run = json.loads((project_root() / "data" / "results" / "benchmarks" / "saddles.json").read_text(encoding="utf-8"))
    region, dimer = run["region"], run["dimer"]
    for said in (
        f"1,000 atoms {region['success']:.0%} lead".replace("%", " %"),
        f"{region['force_calls_a_saddle']:.0f} forces each",
        f"dimer finds {dimer['success']:.0%}".replace("%", " %"),
        f"at {dimer['force_calls_a_saddle']:,.0f}",
    ):
        assert said in README, said
    assert run["glass"]["kicks"] == 20 and run["glass"]["atoms"] == 1000


def test_the_numbers_of_the_maps_are_those_of_the_archived_run():
    run = json.loads((project_root() / "data" / "results" / "benchmarks" / "scattering.json").read_text())
    chapter = run["chapter"]
    for said in (
        f"{run['glass']['atoms']:,} atoms at all {run['map']['vectors_measured']:,} wave vectors",
        f"takes {run['harmonic']['seconds']:.0f} s on one core",
        f"takes {run['dynasor']['seconds']:.0f} s with the shortest trajectory that shows it, "
        f"{run['trajectory']['duration']:.0f} ps",
        f"and {chapter['dynasor']['seconds']:.0f} s with the chapter's, {chapter['trajectory']['duration']:.0f} ps in "
        f"{chapter['trajectory']['frames']:,} frames",
        f"{run['eased']['seconds']:.0f} s and {chapter['eased']['seconds']:.0f} s where dynasor is spared",
    ):
        assert said in " ".join(README.split()), said
    assert run["machine"]["threads"] == 1 and run["map"]["vectors"] == run["map"]["vectors_measured"]
