"""Small projects for the tests of the workflow: tiny recipes and the real Snakefile, each in a folder of its own."""

import os
import subprocess
import sys
from math import pi
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHEAP = dict(potential="cu-zr-mendelev-2009", composition="Cu50Zr50", n_atoms=108, cooling_rate=1e15, melt_time=1.0)
"""A glass of Cu and Zr that takes two seconds: 108 atoms, 500 steps of melting and 1000 of cooling."""

SPHERES = dict(
    potential="harmonic-spheres",
    composition="X",
    cooling_rate=float("inf"),
    melt_temperature=float("inf"),
    number_density=0.73 * 6 / pi,
    force_tolerance=1e-12,
)
"""Spheres at packing fraction 0.73, quenched at once; `n_atoms` and `seed` are to be added."""


class Project:
    """A folder with its own recipes. `snakemake(...)` runs the workflow in it to its end; `start(...)` starts it."""

    def __init__(self, root: Path):
        self.root, self.glasses = root, root / "_build" / "glasses"
        (root / "data" / "claims").mkdir(parents=True)
        (root / "data" / "glasses").mkdir()
        self.environment = {name: v for name, v in os.environ.items() if not name.startswith(("MAKE", "SLURM_"))}
        self.environment |= {
            "BOSONPEAK_ROOT": str(root),
            "BOSONPEAK_POTENTIALS": str(ROOT / "data" / "potentials"),
            "XDG_CACHE_HOME": str(root / "cache"),
        }

    def write_recipes(self, *entries: dict, paper: tuple[dict, ...] = ()):
        text = yaml.safe_dump({"book": list(entries), "paper": list(paper)})
        (self.root / "data" / "glasses" / "recipes.yml").write_text(text)

    def write_campaign(self, kind: str, *entries: dict):
        """Ask for campaigns in data/glasses/KIND.yml; `kind` is pushes, events, temperatures, local or scattering."""
        text = yaml.safe_dump({"book": list(entries), "paper": []})
        (self.root / "data" / "glasses" / f"{kind}.yml").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow" / "Snakefile"), *arguments]

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def snakemake(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )

    def made(self) -> dict[str, bytes]:
        """The bytes of every glass and of every spectrum under _build, by name."""
        build = self.root / "_build"
        files = [*self.glasses.glob("*.xyz.gz"), *build.glob("vibrations/*.nc")]
        return {str(file.relative_to(build)): file.read_bytes() for file in files}
