"""From a minimum to a saddle: Lanczos steps for the mode, L-BFGS across it, and the climb (used by `artn`)."""

from dataclasses import asdict, dataclass

import numpy as np

from bosonpeak.landscape.active_region import Landscape, Region


@dataclass(frozen=True)
class Search:
    """How saddles are looked for.

    Lengths are in A, forces in eV/A and curvatures in eV/A^2, or all of them reduced (see `REDUCED`).

    Attributes
    ----------
    kick, kick_radius : float
        Length of the random displacement, and radius around the chosen atom within which atoms are displaced (0.1 and
        2 A in yang-2021).
    push, push_relaxations, pushes : float, int, int
        Step along the kick, number of relaxation steps across it after each, and largest number of such steps.
    curvature : float
        The push ends when the lowest eigenvalue lies below this (-0.30 eV/A^2 in yang-2021).
    climb_step, atom_step : float
        Longest step along the eigenvector, and longest step of one atom.
    climbs, relaxations : int
        Largest number of climbing steps. After the k-th of them come up to 2 k + 2 relaxation steps, at most
        `relaxations`, fewer once the force across is half of the force along.
    force_tolerance : float
        Largest force on an atom at a saddle. yang-2021 stops at 0.05 eV/A, where a quarter of what is found is not a
        saddle but a shoulder; 0.01 costs 20 evaluations more.
    first_lanczos, lanczos, residual, difference : int, int, float, float
        Largest numbers of Lanczos steps, which end where |H v - lambda v| is below `residual`; `difference` is the
        length of the displacement by which H v is measured.
    stiffness : float
        Of the first relaxation step.
    radius, follow, follow_radius : float
        Radius of the active region; an atom that moves by `follow` adds the atoms within `follow_radius`.
    finish_radius, finish_force : float or None, float
        Radius within which atoms are free once the largest force is below `finish_force`; None frees all atoms.
    same : float
        Largest displacement of an atom up to which two minima count as the same.
    minimum_tolerance : float
        Largest force component in minima.
    keep : float
        Displacements of atoms up to this length are not kept.

    Raises
    ------
    ValueError
        For values that are not finite or have the wrong sign.
    """

    kick: float = 0.1
    kick_radius: float = 2.0
    push: float = 0.1
    push_relaxations: int = 2
    pushes: int = 40
    curvature: float = -0.30
    climb_step: float = 0.2
    atom_step: float = 0.1
    climbs: int = 100
    relaxations: int = 12
    force_tolerance: float = 0.01
    first_lanczos: int = 12
    lanczos: int = 6
    residual: float = 0.3
    difference: float = 1e-3
    stiffness: float = 10.0
    radius: float = 7.0
    follow: float = 0.5
    follow_radius: float = 5.0
    finish_radius: float | None = 20.0
    finish_force: float = 0.2
    same: float = 0.2
    minimum_tolerance: float = 0.005
    keep: float = 0.0

    def __post_init__(self):
        for name, value in asdict(self).items():
            if name == "curvature":
                good = value < 0
            else:
                good = value is None if name == "finish_radius" and value is None else value > 0
                good = good or (value == 0 and name in ("keep", "push_relaxations"))
            if not (good and (value is None or np.isfinite(value))):
                sign = "negative" if name == "curvature" else "positive"
                raise ValueError(f"{name} = {value} of a search should be {sign} and finite")


REDUCED = Search(
    kick=0.04, kick_radius=0.8, push=0.04, curvature=-2.0, climb_step=0.08, atom_step=0.04, residual=2.0,
    difference=4e-4, stiffness=60.0, radius=2.8, follow=0.2, follow_radius=2.0, finish_radius=8.0, same=0.08,
)  # fmt: skip
"""The same for Lennard-Jones particles and the like: lengths in diameters."""


def largest_norm(u) -> float:
    """Longest of the vectors of the atoms, which are given end to end, (3n,)."""
    return float(np.sqrt((u.reshape(-1, 3) ** 2).sum(axis=1).max()))


def lowest_mode(evaluate, x, f, start, steps, residual, difference):
    """Lowest eigenvalue of the Hessian and its mode, by Lanczos steps.

    Products with the Hessian are measured: H v = (f(x) - f(x + difference v)) / difference.

    Parameters
    ----------
    evaluate : callable
        Returns energy and forces (3n,) at positions (3n,).
    x, f : array, shape (3n,)
        Positions and the forces there.
    start : array, shape (3n,)
        First vector.
    steps : int
        Largest number of vectors.
    residual : float
        The steps end where |H v - lambda v| is below this.
    difference : float
        Length of the displacement.

    Returns
    -------
    tuple
        Eigenvalue, mode (3n,), and |H v - lambda v|.
    """
    basis, products = [start / np.linalg.norm(start)], []
    while True:
        products.append((f - evaluate(x + difference * basis[-1])[1]) / difference)
        V, W = np.array(basis), np.array(products)
        projected = V @ W.T
        levels, U = np.linalg.eigh((projected + projected.T) / 2)
        mode = U[:, 0] @ V
        # in exact arithmetic this is a multiple of the next Lanczos vector
        rest = U[:, 0] @ W - levels[0] * mode
        left = float(np.linalg.norm(rest))
        if left < residual or len(basis) == min(steps, len(x)):
            return float(levels[0]), mode / np.linalg.norm(mode), left
        # orthogonalising twice is enough against rounding
        for _ in range(2):
            rest = rest - (V @ rest) @ V
        basis.append(rest / np.linalg.norm(rest))


class Memory:
    """Steps and changes of the forces of the last relaxations: L-BFGS (Nocedal, Math. Comput. 35, 773 (1980))."""

    def __init__(self, stiffness: float, size: int = 20):
        self.stiffness, self.size, self.pairs = stiffness, size, []

    def add(self, step, change) -> None:
        # only where the curvature was positive
        if -(step @ change) > 1e-3 * (step @ step):
            self.pairs = [*self.pairs[1 - self.size :], (step, -change)]

    def grow(self, more: int) -> None:
        """The vectors get `more` zeros."""
        self.pairs = [(np.pad(s, (0, more)), np.pad(y, (0, more))) for s, y in self.pairs]

    def step(self, f):
        """Quasi-Newton step for the forces f (3n,)."""
        q, factors = f.copy(), []
        for s, y in reversed(self.pairs):
            factors.append((s @ q) / (s @ y))
            q -= factors[-1] * y
        s, y = self.pairs[-1] if self.pairs else (q, self.stiffness * q)
        q *= (s @ y) / (y @ y)
        for (s, y), factor in zip(self.pairs, reversed(factors), strict=True):
            q += (factor - (y @ q) / (s @ y)) * s
        return q


class Climber:
    """A walker over the landscape.

    It has positions `x` (3n,) of the atoms of its region, their energy `e` and forces `f`, and a `mode` with its
    eigenvalue `level`. The mode lives on the inner atoms; the others follow by relaxing.
    """

    def __init__(self, landscape: Landscape, search: Search, atom: int, near):
        self.landscape, self.search = landscape, search
        self.region, self.memory = Region(landscape, near), Memory(search.stiffness)
        self.inner, self.centres = np.ones(3 * len(near), bool), {int(atom)}
        self.x, self.mode, self.level = self.start.copy(), np.zeros(3 * len(near)), None

    @property
    def start(self):
        return self.region.start.ravel()

    def evaluate(self, x):
        energy, f = self.region.evaluate(x.reshape(-1, 3))
        return energy, f.ravel()

    def go(self, step):
        """Move by a step, and return the change of the forces."""
        before, self.x = self.f, self.x + step
        self.e, self.f = self.evaluate(self.x)
        return self.f - before

    def relax(self, direction, steps, tolerance, ratio):
        """Relax across a direction, until the forces there are below the tolerance or `ratio` of those along it."""
        for _ in range(steps):
            along = self.f @ direction
            across = self.f - along * direction
            if abs(across).max() <= max(tolerance, ratio * abs(along) * abs(direction).max()):
                break
            step = self.memory.step(across)
            step -= (step @ direction) * direction
            step *= min(1.0, self.search.atom_step / largest_norm(step))
            change = self.go(step)
            self.memory.add(step, change - (change @ direction) * direction)

    def find_mode(self, steps, residual):
        """Find the lowest eigenvalue and mode on the inner atoms, with the sense of the mode kept.

        Returns |H v - lambda v|.
        """

        def inside(y):
            x = self.x.copy()
            x[self.inner] = y
            energy, f = self.evaluate(x)
            return energy, f[self.inner]

        at = self.inner
        self.level, found, left = lowest_mode(
            inside, self.x[at], self.f[at], self.mode[at], steps, residual, self.search.difference
        )
        before, self.mode = self.mode, np.zeros(len(self.x))
        self.mode[at] = found
        if before @ self.mode < 0:
            self.mode = -self.mode
        return left

    def free(self, atoms, inner=()):
        """Free further atoms, and let the mode live on the atoms `inner` as well; renews `e` and `f`."""
        n = len(self.region.free)
        self.region.grow(atoms)
        more = 3 * (len(self.region.free) - n)
        if more:
            self.x, self.mode = np.concatenate([self.x, self.start[3 * n :]]), np.pad(self.mode, (0, more))
            self.memory.grow(more)
            self.inner = np.pad(self.inner, (0, more))
            self.e, self.f = self.evaluate(self.x)
        self.inner |= np.repeat(np.isin(self.region.free, inner), 3)

    def follow(self):
        moved = np.linalg.norm((self.x - self.start).reshape(-1, 3), axis=1) > self.search.follow
        if new := set(self.region.free[moved].tolist()) - self.centres:
            self.centres |= new
            near = self.landscape.within(sorted(new), self.search.follow_radius)
            self.free(near, near)

    def leave(self, kick) -> bool:
        """Push along the kick (n, 3) until the lowest eigenvalue is below the threshold; returns whether it is."""
        o, direction = self.search, kick.ravel() / np.linalg.norm(kick)
        self.x, self.mode = self.x + kick.ravel(), direction
        self.e, self.f = self.evaluate(self.x)
        for k in range(o.pushes):
            self.go(o.push * direction)
            self.relax(direction, o.push_relaxations, 10 * o.force_tolerance, 0.0)
            if k:
                self.find_mode(o.lanczos if k > 1 else o.first_lanczos, o.residual)
                if self.level < o.curvature:
                    self.mode *= np.sign(self.mode @ (self.x - self.start)) or 1.0
                    return True
        return False

    def climb(self, tolerance, first=0) -> bool:
        """Climb along the mode and relax across it; returns whether a saddle was reached.

        Where the curvature is negative, the step is Newton's; otherwise it goes against the force.
        """
        o = self.search
        for k in range(first, first + o.climbs):
            along = self.f @ self.mode
            longest = min(o.climb_step, o.atom_step / largest_norm(self.mode))
            newton = -along / max(-self.level, -o.curvature)
            self.go(self.mode * (np.clip(newton, -longest, longest) if self.level < 0 else -np.sign(along) * longest))
            self.relax(self.mode, min(2 * k + 2, o.relaxations), tolerance / 2, 0.5)
            self.follow()
            self.find_mode(o.lanczos, o.residual)
            if largest_norm(self.f) < tolerance and self.level < 0:
                return True
        return False

    def finish(self) -> bool:
        """Converge with all atoms within `finish_radius` free; returns whether it is a saddle of the whole."""
        o = self.search
        everything = np.arange(len(self.landscape.positions))
        self.free(
            everything if o.finish_radius is None else self.landscape.within(sorted(self.centres), o.finish_radius)
        )
        if not self.climb(o.force_tolerance, 2):
            return False
        self.inner[:] = True
        self.left = self.find_mode(60, o.residual / 30)
        return bool(self.level < 0)

    def descend(self, x):
        """Minimise from x; returns the largest displacement of an atom from the start, and the energy."""
        memory = Memory(self.search.stiffness)
        e, f = self.evaluate(x)
        for _ in range(500):
            if abs(f).max() < self.search.minimum_tolerance:
                break
            step = memory.step(f)
            step *= min(1.0, 2 * self.search.atom_step / largest_norm(step))
            e, new = self.evaluate(x + step)
            memory.add(step, new - f)
            x, f = x + step, new
        return largest_norm(x - self.start), e
