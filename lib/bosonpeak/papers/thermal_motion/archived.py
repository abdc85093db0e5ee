"""Motion of the atoms of a glass at a low temperature, next to harmonic theory: a measurement that the book archives.

Lengths are in A, temperatures in K and times in ps.
"""

from functools import partial

import numpy as np
import xarray as xr

from bosonpeak.archive.measurements import Measurement
from bosonpeak.archive.methods import method
from bosonpeak.archive.resume import KeptParts
from bosonpeak.materials.dynamics import thermal_trajectory
from bosonpeak.materials.glasses import load
from bosonpeak.materials.potentials import get
from bosonpeak.papers.thermal_motion.motion import basin_distance, longest_chain, mean_square_displacements
from bosonpeak.vibrations import thermal
from bosonpeak.vibrations.hessian import dynamical_matrix
from bosonpeak.vibrations.modes import normal_modes

PAGE = "yang-2021"
"""The page that reads it."""
POTENTIAL = "cu-zr-mendelev-2009"


@method("yang-2021-motion", 1)
def thermal_motion(glass, temperature, duration, runs, progress=False, folder=None) -> xr.Dataset:
    """Motion of atoms in runs of dynamics, and in trajectories drawn from harmonic theory that are sampled alike.

    Parameters
    ----------
    glass : str
    temperature : float
    duration : float
        Of each run, after 10 ps of equilibration; it is sampled every 0.1 ps.
    runs : int
    progress : bool
        Whether to show a progress bar.
    folder : path-like, optional
        Where finished runs are kept.

    Returns
    -------
    xarray.Dataset
        Over `run`, `kind` ("dynamics", "harmonic"), `atom` and `window` (one picosecond each):
        kelvin (run), the mean temperature; square and square_about (run, kind, atom), <u_i^2> in A^2 about the
        inherent structure and about the mean of the run; step (run, window, atom), how far an atom of the dynamics
        goes in a picosecond, A, single precision; longest (run, kind, window), atoms in the longest string of
        followers, 0 where no atom moves further than 1 A; strayed (run), how far the minimum below the last
        configuration is from the first one, A. path (sample, atom, axis) and path_energy (sample), in A and eV: one
        more run of 1 ps, sampled every 0.01 ps (`path_time`), for a drawing, displacements rounded to 1e-4 A.
    """
    atoms, potential = load(glass), get(POTENTIAL)
    kept = KeptParts(folder, atoms, potential, str(thermal_motion.method), temperature, duration)
    simulate = partial(thermal_trajectory, atoms, potential, temperature)

    def run(k):
        found = simulate(duration, 0.1, 100 + k, progress=progress)
        last = basin_distance(atoms, potential, found.displacements[-1])
        return {"u": found.displacements, "time": found.time, "kelvin": found.temperature.mean(), "strayed": last}

    def sample():
        short = simulate(1.0, 0.01, 50)
        return {"u": short.displacements.astype(float).round(4), "energy": short.energy, "time": short.time}

    movies, short = [kept.part(f"run-{k}", partial(run, k)) for k in range(runs)], kept.part("sample", sample)
    time, found = movies[0]["time"], []
    modes, kelvin = normal_modes(dynamical_matrix(atoms, potential)), float(np.mean([m["kelvin"] for m in movies]))
    theory = modes, potential, atoms, kelvin, time
    every = round(1.0 / (time[1] - time[0]))
    starts = np.arange(0, len(time) - every, every)
    # an atom that moves further than 1 A within a picosecond may belong to a string
    chain = partial(longest_chain, atoms=atoms, least=1.0, reach=1.0)
    for k, m in enumerate(movies):
        pair = u, _ = m["u"], thermal.draw_harmonic(*theory, 200 + k)
        longest = [[chain(one[t], one[t + every]) for t in starts] for one in pair]
        table = {"longest": (("kind", "window"), longest)} | {name: float(m[name]) for name in ("kelvin", "strayed")}
        table["step"] = ("window", "atom"), np.linalg.norm(u[starts + every] - u[starts], axis=2)
        for name, about in (("square", False), ("square_about", True)):
            table[name] = ("kind", "atom"), [mean_square_displacements(one, about) for one in pair]
        found.append(xr.Dataset(table, {"kind": ["dynamics", "harmonic"]}))
    path = {f"path_{name}": ("sample", short[name]) for name in ("energy", "time")}
    return xr.concat(found, "run").assign(path | {"path": (("sample", "atom", "axis"), short["u"].astype("f4"))})


_RUNS = {"glass": "Cu50Zr50-mendelev-2009-n1000-1e13-s1", "temperature": 100.0, "duration": 20.0, "runs": 4}
MOTION = Measurement("yang-2021-motion", thermal_motion, _RUNS)
MEASUREMENTS = (MOTION,)
