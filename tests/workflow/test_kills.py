"""Kills at random moments: nothing that was finished is lost, and the end is that of a computation that was not killed.

Each computation is started, killed with SIGKILL after a random time, and started again, several times; then it runs to
its end. `make soak` repeats this ten times as often.
"""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small_projects import CHEAP

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("BOSONPEAK_KILLS", "7"))
"""For each kind of computation."""
GLASS = "Cu50Zr50-mendelev-2009-n500-1e14-s1"

QUENCH = """
import sys
from bosonpeak.materials import glasses
glasses.SEGMENT = 10_000
recipe = glasses.GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 3e14, 1, melt_time=1.0)
print("begun", flush=True)
glasses.melt_quench(recipe, sys.argv[1])
"""
PUSHES = f"""
import sys
from bosonpeak.landscape.excitation import excite_modes
from bosonpeak.materials.glasses import load
from bosonpeak.materials.potentials import get
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes
atoms, potential = load("{GLASS}"), get("cu-zr-mendelev-2009")
modes = normal_modes(dynamical_matrix(atoms, potential), 8)
print("begun", flush=True)
options = dict(amplitudes=[0.02, 0.1], relative_width=1.0)
excite_modes(atoms, potential, modes, range(3, 6), sys.argv[1], 1, **options)
"""
SEARCHES = f"""
import sys
from bosonpeak.landscape.artn import activate_atoms
from bosonpeak.materials.glasses import load
from bosonpeak.materials.potentials import get
print("begun", flush=True)
activate_atoms(load("{GLASS}"), get("cu-zr-mendelev-2009"), [7, 100], 3, 1, folder=sys.argv[1], workers=1)
"""
SCRIPTS = {"quench": QUENCH, "pushes": PUSHES, "searches": SEARCHES}


def results(folder):
    """The bytes of what a computation made, by name, without what only a killed process leaves."""
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(".")}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_computation_that_is_killed_again_and_again_ends_as_if_it_were_not(tmp_path, kind):
    command = [sys.executable, "-c", SCRIPTS[kind]]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    start = time.monotonic()
    subprocess.run([*command, str(whole)], check=True, timeout=300, stdout=subprocess.DEVNULL)
    took = time.monotonic() - start
    rng, kills, ended = np.random.default_rng(len(kind)), 0, False
    for _ in range(10 * KILLS):
        if kills == KILLS:
            break
        if (kills % 7 == 0 or ended) and broken.exists():
            # from the beginning again: otherwise the later kills would find little to do
            for path in broken.rglob("*"):
                if path.is_file():
                    path.unlink()
        process = subprocess.Popen([*command, str(broken)], stdout=subprocess.PIPE, start_new_session=True)
        process.stdout.readline()
        ended = False
        try:
            process.wait(rng.uniform(0, 0.6 * took))
            assert process.returncode == 0
            ended = True
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
        process.stdout.close()
    assert kills == KILLS
    before = {name: len(data) for name, data in results(broken).items()}
    # nothing that is there under its name is half
    done = subprocess.run([*command, str(broken)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "damaged" not in done.stderr
    assert results(broken) == results(whole), before


def test_a_workflow_that_is_killed_again_and_again_makes_what_an_unbroken_one_makes(new_project):
    broken, whole = new_project("broken"), new_project("whole")
    for project in (broken, whole):
        project.write_recipes(*({**CHEAP, "seed": seed} for seed in range(1, 4)))
    start = time.monotonic()
    done = whole.snakemake("--cores", "1", "data")
    assert done.returncode == 0, done.stdout
    took, rng = time.monotonic() - start, np.random.default_rng(2)
    for _ in range(KILLS // 2 + 1):
        run = broken.start("--cores", "1", "data")
        time.sleep(rng.uniform(0.2, 0.5) * took)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    done = broken.snakemake("--cores", "1", "data")
    assert done.returncode == 0, done.stdout
    assert broken.made() == whole.made() and len(whole.made()) == 6


CHAPTER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
---

# A chapter

```{code-cell} ipython3
:tags: [parameters]

n = 8
```

## Work

```{code-cell} ipython3
import time
time.sleep(0.1 * n)
```

```{code-cell} ipython3
print("the end")
```
"""


def test_a_chapter_that_is_killed_leaves_the_earlier_notebook(tmp_path):
    for folder in ("book/scales", "data/claims"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "book" / "work.md").write_text(CHAPTER)
    environment = os.environ | {"BOSONPEAK_ROOT": str(tmp_path)}
    command = [sys.executable, "-m", "bosonpeak.book.cli", "run", "work", "--quiet"]
    start = time.monotonic()
    subprocess.run(command, env=environment, check=True, timeout=120, stdout=subprocess.DEVNULL)
    took, rng, kept = time.monotonic() - start, np.random.default_rng(3), tmp_path / "_build/runs/work-book.ipynb"
    for _ in range(KILLS):
        run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            run.wait(rng.uniform(0.2, 0.9) * took)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
        # it is a whole one: the earlier, or the new one if the run had just ended
        assert "the end" in str(json.loads(kept.read_text())["cells"][-1])
    subprocess.run(command, env=environment, check=True, timeout=120, stdout=subprocess.DEVNULL)
    # the halves of the runs that were killed are swept
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    assert b"the end" in kept.read_bytes()


def test_processes_that_make_the_same_glass_share_it(tmp_path):
    processes = [subprocess.Popen([sys.executable, "-c", QUENCH, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(300) for process in processes] == [0, 0, 0]
    assert [path.suffix for path in tmp_path.iterdir() if not path.name.startswith(".")] == [".gz"]


def test_a_worker_that_is_killed_ends_in_one_sentence(tmp_path):
    code = """
import os, signal, sys
from bosonpeak.archive.resume import run_jobs
def work(job):
    os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    try:
        list(run_jobs(work, [1, 2, 3], "jobs", "job", 3, workers=2))
    except RuntimeError as error:
        print(error)
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "a worker process was killed" in done.stdout and "start it again to resume" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_worker_of_pages_that_is_killed_ends_in_one_sentence(tmp_path):
    for folder in ("book/scales", "data/claims"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "book" / "work.md").write_text(CHAPTER.replace("n = 8", "n = 600"))
    code = """
import multiprocessing, os, signal, threading, time
from bosonpeak.book import build
def kill():
    while not multiprocessing.active_children():
        time.sleep(0.1)
    time.sleep(2)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
if __name__ == "__main__":
    threading.Thread(target=kill, daemon=True).start()
    try:
        build.run_pages(["work"], "book")
    except RuntimeError as error:
        print(error)
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = os.environ | {"BOSONPEAK_ROOT": str(tmp_path)}
    run = subprocess.Popen(
        [sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    said, complained = run.communicate(timeout=120)
    # the kernel of the page outlives its worker by a moment
    os.killpg(run.pid, signal.SIGKILL)
    assert "while these pages ran: work. The pages that were finished are kept" in said, said + complained
    assert "Traceback" not in complained
