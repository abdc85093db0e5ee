"""The workflow resumes where it was stopped, makes nothing twice, and leaves out what it cannot make."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr
from campaigns import Spectrum
from small_projects import CHEAP, ROOT, SPHERES

from bosonpeak.materials import glasses

SCRIPTS = ROOT / "workflow" / "scripts"
SLOW_COOLING = CHEAP | {"cooling_rate": 1e14, "seed": 5}
"""Ten thousand steps of cooling after the restart file that ends the melt."""


def key(entry: dict) -> str:
    return glasses.GlassRecipe(**entry).key


def wait_for(condition, seconds: float, what: str):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_workflow_resumes_and_makes_the_files_of_an_unbroken_one(new_project):
    broken, whole = new_project("broken"), new_project("whole")
    for project in (broken, whole):
        project.write_recipes(SLOW_COOLING)
    run = broken.start("--cores", "1", "data")
    try:
        wait_for(lambda: list(broken.glasses.glob("*.restart")), 120, "the end of the melt")
        time.sleep(0.5)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    (restart,) = broken.glasses.glob("*.restart")
    assert restart.name.startswith(f"{key(SLOW_COOLING)}.500.")
    assert not broken.made()
    # what a kill in the middle of a write leaves behind
    half = broken.glasses / f".{key(SLOW_COOLING)}.9000.1.part.unchecked"
    half.write_bytes(restart.read_bytes()[:1000])

    again = broken.snakemake("--cores", "1", "data")
    assert again.returncode == 0, again.stdout
    # it needs no unlocking and does not start from the beginning: 500 of 10,500 steps were done
    assert "500/10500" in again.stdout.replace(" ", "")
    unbroken = whole.snakemake("--cores", "1", "data")
    assert unbroken.returncode == 0, unbroken.stdout
    assert len(whole.made()) == 2 and broken.made() == whole.made()
    assert not list(broken.glasses.glob("*.restart"))
    timed = {p.root.name: json.loads((p.root / "data/glasses/catalogue.json").read_text())[0] for p in (broken, whole)}
    assert timed["whole"]["seconds"] > 0 and timed["broken"]["seconds"] is None
    assert timed["whole"]["sha256"] == timed["broken"]["sha256"]

    # all is there: nothing is made again, though _build's dates and the day have changed
    for file in whole.made():
        os.utime(whole.root / "_build" / file, (0, 0))
    os.utime(whole.root / "data" / "glasses" / "recipes.yml")
    for lost in (None, "_build"):
        if lost:
            subprocess.run(["rm", "-r", str(whole.root / lost)], check=True)
        nothing = whole.snakemake("--cores", "1", "data")
        assert nothing.returncode == 0, nothing.stdout
        assert "Quenching" not in nothing.stdout and "Vibrations of" not in nothing.stdout
        assert "1 glasses, 1 vibrational spectra" in nothing.stdout


@pytest.mark.slow
def test_an_altered_glass_and_a_missing_spectrum_are_made_again(new_project):
    project = new_project("altered")
    spheres = SPHERES | {"n_atoms": 128, "seed": 1}
    project.write_recipes(spheres)
    assert project.snakemake("--cores", "1", "data").returncode == 0
    first = project.made()
    (glass,) = (project.root / "data" / "glasses").glob("*.xyz.gz")
    (spectrum,) = (project.root / "data" / "results" / "vibrations").glob("*.nc")
    shipped = glass.read_bytes()
    with xr.open_dataset(spectrum) as data:
        assert data.attrs["unit"] == data.omega.attrs["units"] == "reduced"
        assert data.frequency.size == 384 and data.attrs["glass_sha256"] in json.dumps(
            json.loads((glass.parent / "catalogue.json").read_text())
        )
    glass.write_bytes(shipped[:-20])
    spectrum.unlink()
    (project.glasses / f"{key(spheres)}.xyz.gz").unlink()
    again = project.snakemake("--cores", "1", "data")
    assert again.returncode == 0, again.stdout
    assert "Quenching" in again.stdout
    assert glass.read_bytes() == shipped and project.made() == first and spectrum.exists()


def test_recipes_whose_table_is_missing_are_left_out_with_one_sentence(new_project):
    project = new_project("missing")
    project.environment["BOSONPEAK_POTENTIALS"] = str(project.root)
    aluminium = dict(potential="zr-cu-al-sheng-2011", composition="Zr46Cu46Al8", n_atoms=64, cooling_rate=1e15)
    project.write_recipes(aluminium | {"seed": [1, 2]})
    done = project.snakemake("--cores", "1", "--dry-run", "data")
    assert done.returncode == 0, done.stdout
    (sentence,) = [line for line in done.stdout.splitlines() if line.startswith("Left out")]
    assert "n64-1e15-s1, Zr46" in sentence and "ZrCuAl2011.eam.alloy" in sentence and "BOSONPEAK_POTENTIALS" in sentence
    assert "Quenching" not in done.stdout


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a separate disk that holds 8 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("a small separate disk needs Linux and root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk could not be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("what", ["glass", "restart", "vibrations"])
def test_a_full_disk_leaves_nothing_under_the_final_name(new_project, small_disk, what):
    project = new_project("full")
    entry = (CHEAP if what == "restart" else SPHERES) | {"seed": 1, "n_atoms": 512 if what == "glass" else 256}
    project.write_recipes(entry)
    room, name = project.glasses, f"{key(entry)}.xyz.gz"
    quench = [sys.executable, SCRIPTS / "quench.py", "book", key(entry)]
    where = {"cwd": project.root, "env": project.environment, "capture_output": True, "text": True}
    if what == "vibrations":
        subprocess.run([*quench, room], **where, check=True)
        spectrum = Spectrum(glasses.GlassRecipe(**entry))
        quench = [sys.executable, SCRIPTS / "result.py", "vibrations", spectrum.key, room / name]
        name = "vibrations.nc"
    full = subprocess.run([*quench, small_disk / name if what == "vibrations" else small_disk], **where)
    assert full.returncode != 0
    said = "I/O error while writing restart" if what == "restart" else f"{small_disk / name} could not be written"
    assert said in full.stderr
    # neither the file nor a restart file: only what begins with a dot, and never under a name that is read
    assert not list(small_disk.glob("[!.]*")), list(small_disk.iterdir())
    # with room it is made
    subprocess.run([*quench, project.root / name if what == "vibrations" else room], **where, check=True)


def test_a_second_workflow_in_the_same_folder_is_refused(new_project):
    import fcntl

    project = new_project("twice")
    project.write_recipes(CHEAP | {"seed": 1})
    (project.root / "_build").mkdir()
    with open(project.root / "_build" / ".workflow.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = project.snakemake("--cores", "1", "data")
    assert done.returncode != 0 and "Another make data or make paper is at work" in done.stdout
    assert not project.made()


@pytest.mark.slow
def test_pushes_that_were_killed_resume_with_the_next_mode(new_project):
    project = new_project("pushes")
    project.write_recipes(SPHERES | {"n_atoms": 108, "seed": 1, "force_tolerance": 1e-13})
    project.write_campaign("pushes", {"glasses": "harmonic-spheres-n108-*", "lowest": 8, "spread": 0, "method": "fire"})
    run = project.start("--cores", "1", "data")
    modes = project.root / "_build" / "transitions" / "parts" / "transitions-1"
    try:
        wait_for(lambda: len(list(modes.glob("*/mode-*.npz"))) >= 2, 120, "the second mode")
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    done = {path: path.stat().st_mtime_ns for path in modes.glob("*/mode-*.npz")}
    assert 2 <= len(done) < 8 and not list((project.root / "data").rglob("*.nc"))
    again = project.snakemake("--cores", "1", "data")
    assert again.returncode == 0, again.stdout
    assert {path: path.stat().st_mtime_ns for path in done} == done
    (entry,) = json.loads((project.root / "data/results/transitions/catalogue.json").read_text())
    assert entry["pushed"] == 8 and entry["name"] == "harmonic-spheres-n108-instant-s1-fire"
    with xr.open_dataset(project.root / "data/results/transitions" / entry["file"], engine="h5netcdf") as table:
        assert list(table.mode_index) == list(range(8)) and (table.transition >= 0).sum() == entry["left"]
    # and nothing is made twice
    idle = project.snakemake("--cores", "1", "data")
    assert idle.returncode == 0 and "Pushing" not in idle.stdout and "1 tables of transitions" in idle.stdout


@pytest.mark.slow
def test_saddles_and_inherent_structures_of_a_glass_enter_the_data(new_project):
    project = new_project("events")
    project.write_recipes(CHEAP | {"seed": 1})
    project.write_campaign("events", {"glasses": "Cu50Zr50-*", "atoms": 3, "events": 2})
    warm = {"temperatures": [100, 900.0], "equilibration": 0.1, "interval": 0.1, "count": 2}
    project.write_campaign("temperatures", {"glasses": "Cu50Zr50-*"} | warm)
    ways = [{"glasses": "Cu50Zr50-*", "method": method, "atoms": 20} for method in ("moments", "modes")]
    project.write_campaign("local", *ways)
    shone = {"method": "modes", "waves": 4, "motion": 2, "temperature": 300.0, "duration": 13.0}
    project.write_campaign("scattering", {"glasses": "Cu50Zr50-*"} | shone)
    done = project.snakemake("--cores", "2", "data")
    assert done.returncode == 0, done.stdout
    counts = "1 tables of events, 1 tables of inherent structures, 2 tables of local peaks, 1 tables of scattering"
    assert counts in done.stdout
    results = project.root / "data" / "results"
    (entry,) = json.loads((results / "events" / "catalogue.json").read_text())
    assert entry["searches"] == 6 and entry["atoms"] == 3 and entry["glass"] == entry["name"]
    with xr.open_dataset(results / "events" / entry["file"], engine="h5netcdf") as table:
        assert len(set(table.atom.values)) == 3 and (table.outcome == 0).sum() == entry["saddles"]
        assert np.isfinite(table.barrier.values).sum() == entry["saddles"]
    (entry,) = json.loads((results / "inherent" / "catalogue.json").read_text())
    assert entry["structures"] == 4 and entry["temperatures"] == [100, 900.0]
    with xr.open_dataset(results / "inherent" / entry["file"], engine="h5netcdf") as table:
        # warmer liquids have left the start's minimum
        assert abs(table.energy.values).min(axis=1)[1] > 1e-4
    local = {
        entry["method"]: xr.load_dataset(results / "local" / entry["file"], engine="h5netcdf")
        for entry in json.loads((results / "local" / "catalogue.json").read_text())
    }
    assert np.array_equal(local["modes"].atom, local["moments"].atom) and local["modes"].sizes["atom"] == 20
    np.testing.assert_allclose(local["moments"].intensity, local["modes"].intensity, rtol=0.1)
    (entry,) = json.loads((results / "scattering" / "catalogue.json").read_text())
    with xr.open_dataset(results / "scattering" / entry["file"], engine="h5netcdf") as table:
        assert table.attrs["glass_sha256"] == entry["glass_sha256"] and {k: table.attrs[k] for k in shone} == shone
        assert {"harmonic", "motion"} <= set(table.data_vars) and table.attrs["volume_ratio"] > 1
    # one atom more: those that are done are kept
    project.write_campaign("events", {"glasses": "Cu50Zr50-*", "atoms": 4, "events": 2})
    kept = {path: path.stat().st_mtime_ns for path in (project.root / "_build/events/parts").rglob("*.npz")}
    again = project.snakemake("--cores", "2", "data")
    assert again.returncode == 0, again.stdout
    (entry,) = json.loads((results / "events" / "catalogue.json").read_text())
    assert entry["searches"] == 8 and {path: path.stat().st_mtime_ns for path in kept} == kept


@pytest.mark.parametrize(
    ("kind", "entry", "complaint"),
    [
        ("events", {"glasses": "harmonic*", "atoms": 0, "events": 2}, "needs glasses, atoms and events"),
        (
            "scattering",
            {"glasses": "harmonic*", "method": "some", "waves": 2, "motion": 0, "temperature": 0, "duration": 0},
            "a method, modes or moments, waves, motion, temperature and duration",
        ),
        (
            "inherent",
            {"glasses": "harmonic*", "temperatures": [], "equilibration": 1, "interval": 1, "count": 1},
            "needs",
        ),
    ],
)
def test_a_campaign_of_nothing_is_named(new_project, monkeypatch, kind, entry, complaint):
    from campaigns import KINDS, campaigns

    project = new_project("nothing")
    project.write_recipes(SPHERES | {"n_atoms": 108, "seed": 1})
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))
    project.write_campaign(KINDS[kind].file.removesuffix(".yml"), entry)
    with pytest.raises(ValueError, match=complaint):
        campaigns(kind, "book")


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"glasses": "cu-*", "lowest": 2, "spread": 0, "method": "fire"}, "no recipe of data/glasses/recipes.yml"),
        ({"glasses": "harmonic*", "lowest": 2, "spread": 0, "method": "steepest"}, "a method, fire or cg"),
        ({"glasses": "harmonic*", "lowest": 2, "method": "cg"}, "needs glasses, lowest, spread"),
    ],
)
def test_an_entry_of_pushes_that_makes_no_sense_is_named(new_project, monkeypatch, entry, complaint):
    from campaigns import campaigns

    project = new_project("sense")
    project.write_recipes(SPHERES | {"n_atoms": 108, "seed": 1})
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))
    assert campaigns("transitions", "book") == []
    project.write_campaign("pushes", entry)
    with pytest.raises(ValueError, match=complaint):
        campaigns("transitions", "book")
    whole = {"glasses": "harmonic*", "lowest": 2, "spread": 0, "method": "cg"}
    project.write_campaign("pushes", whole, whole)
    with pytest.raises(ValueError, match="is named twice"):
        campaigns("transitions", "book")
    project.write_campaign("pushes", whole, whole | {"method": "fire"})
    first, second = campaigns("transitions", "book")
    assert first.key != second.key and (first.name, second.name) == (
        "harmonic-spheres-n108-instant-s1-cg",
        "harmonic-spheres-n108-instant-s1-fire",
    )
    with pytest.raises(ValueError, match="choose one of book, paper"):
        campaigns("transitions", "large")


def test_a_quench_that_is_still_running_is_waited_for(new_project):
    """Two processes on one recipe would overwrite each other's restart files."""
    project = new_project("waits")
    entry = CHEAP | {"seed": 1}
    project.write_recipes(entry)
    command = [sys.executable, SCRIPTS / "quench.py", "book", key(entry), project.glasses]
    both = [subprocess.Popen(command, env=project.environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [p.communicate(timeout=120)[1] for p in both]
    assert [p.returncode for p in both] == [0, 0], said
    # one of them drew a bar
    assert sum("1500/1500" in text for text in said) == 1


def test_a_key_that_nothing_has_is_named(new_project, monkeypatch):
    from campaigns import campaign_of

    project = new_project("key")
    project.write_recipes(SPHERES | {"n_atoms": 108, "seed": 1})
    monkeypatch.setenv("BOSONPEAK_ROOT", str(project.root))
    spectrum = Spectrum(glasses.GlassRecipe(**SPHERES, n_atoms=108, seed=1))
    assert campaign_of("vibrations", spectrum.key) == spectrum
    with pytest.raises(ValueError, match="no vibrations have the key 0123456789ab"):
        campaign_of("vibrations", "0123456789ab")
