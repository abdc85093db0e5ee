"""x"""

from dataclasses import dataclass, replace

import numpy as np

from .active_region import Landscape, Region, describe_landscape


@dataclass(frozen=True)
class Search:
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
    finish_radius: float | None = 11.0
    minimum_tolerance: float = 0.005
    same: float = 0.1


def lowest_mode(evaluate, x, f, start, steps, residual, difference):
    basis, products = [start / np.linalg.norm(start)], []
    while True:
        products.append((f - evaluate(x + difference * basis[-1])[1]) / difference)
        V, W = np.array(basis), np.array(products)
        projected = V @ W.T
        levels, U = np.linalg.eigh((projected + projected.T) / 2)
        mode = U[:, 0] @ V
        rest = U[:, 0] @ W - levels[0] * mode
        error = np.linalg.norm(rest)
        if error < residual * max(1.0, abs(levels[0])) or len(basis) == steps:
            return levels[0], mode / np.linalg.norm(mode), error
        # twice is enough against rounding
        for _ in range(2):
            rest = rest - (V @ rest) @ V
        basis.append(rest / np.linalg.norm(rest))


class Memory:
    """L-BFGS"""

    def __init__(self, stiffness, size=20):
        self.stiffness, self.size, self.pairs = stiffness, size, []

    def add(self, step, change):
        if -(step @ change) > 1e-3 * (step @ step):
            self.pairs = [*self.pairs[-self.size + 1 :], (step, -change)]

    def grow(self, extra):
        self.pairs = [(np.pad(s, (0, extra)), np.pad(y, (0, extra))) for s, y in self.pairs]

    def step(self, f):
        q, factors = f.copy(), []
        for s, y in reversed(self.pairs):
            factors.append((s @ q) / (s @ y))
            q -= factors[-1] * y
        if self.pairs:
            s, y = self.pairs[-1]
            q *= (s @ y) / (y @ y)
        else:
            q /= self.stiffness
        for (s, y), factor in zip(self.pairs, reversed(factors), strict=True):
            q += (factor - (y @ q) / (s @ y)) * s
        return q


def atom_norm(u):
    return np.sqrt((u.reshape(-1, 3) ** 2).sum(axis=1).max())


class Climb:
    def __init__(self, landscape, atom, options, rng=None, free=None):
        self.options, self.landscape, self.atom = options, landscape, atom
        self.centres = {atom}
        core = landscape.within(atom, options.radius)
        self.region = Region(landscape, core)
        self.memory = Memory(options.stiffness)
        self.count = {"push": 0, "perp": 0, "lan": 0}

    def evaluate(self, x):
        e, f = self.region.evaluate(x.reshape(-1, 3))
        return e, f.ravel()

    def relax(self, x, e, f, d, steps, tolerance, ratio=0.5):
        o = self.options
        for _ in range(steps):
            across = f - (f @ d) * d
            if abs(across).max() < max(tolerance, ratio * abs(f @ d) * abs(d).max()):
                break
            step = self.memory.step(across)
            step -= (step @ d) * d
            step *= min(1, o.atom_step / atom_norm(step))
            e, new = self.evaluate(x + step)
            change = new - f
            self.memory.add(step, change - (change @ d) * d)
            x, f = x + step, new
            self.count["perp"] += 1
        return x, e, f

    def mode(self, x, f, v, steps, residual=None):
        o = self.options
        b = self.region.force_calls
        r = lowest_mode(self.evaluate, x, f, v, steps, residual or o.residual, o.difference)
        self.count["lan"] += self.region.force_calls - b
        return r

    def leave(self, kick):
        o = self.options
        d = kick.ravel() / np.linalg.norm(kick)
        x, v, level = self.region.start.ravel() + kick.ravel(), d, None
        for k in range(o.pushes):
            x = x + o.push * d
            e, f = self.evaluate(x)
            x, e, f = self.relax(x, e, f, d, o.push_relaxations, 0.1, 0)
            if k:
                level, v, _ = self.mode(x, f, v, o.lanczos if level is not None else o.first_lanczos)
                if level < o.curvature:
                    v = v * (np.sign(v @ (x - self.region.start.ravel())) or 1)
                    return x, e, f, level, v
        return None

    def climb(self, x, e, f, level, v, k0=0):
        o = self.options
        for k in range(o.climbs):
            along = f @ v
            cap = min(o.climb_step, 0.15 / atom_norm(v))
            s = np.clip(-along / max(abs(level), 0.3), -cap, cap) if level < 0 else -np.sign(along) * cap
            x = x + s * v
            e, f = self.evaluate(x)
            x, e, f = self.relax(x, e, f, v, min(2 + 2 * (k + k0), o.relaxations), o.force_tolerance / 2)
            x, f, v = self.follow(x, f, v)
            level, u, res = self.mode(x, f, v, o.lanczos)
            v = u * np.sign(u @ v)
            if atom_norm(f) < o.force_tolerance and level < 0:
                return x, e, f, level, v, k
        return None

    def extend(self, atoms, x, f, v):
        n = len(self.region.free)
        self.region.grow(atoms)
        more = len(self.region.free) - n
        if more:
            x = np.r_[x, self.region.start[n:].ravel()]
            self.memory.grow(3 * more)
            f, v = self.evaluate(x)[1], np.pad(v, (0, 3 * more))
        return x, f, v

    def follow(self, x, f, v):
        moved = np.linalg.norm(x.reshape(-1, 3) - self.region.start, axis=1)
        new = set(self.region.free[moved > self.options.follow].tolist()) - self.centres
        if new:
            self.centres |= new
            x, f, v = self.extend(self.landscape.within(sorted(new), self.options.radius), x, f, v)
        return x, f, v

    def descend(self, x):
        o = self.options
        memory = Memory(o.stiffness)
        e, f = self.evaluate(x)
        for k in range(300):
            if abs(f).max() < o.minimum_tolerance:
                break
            step = memory.step(f)
            step *= min(1, 0.2 / atom_norm(step))
            en, new = self.evaluate(x + step)
            memory.add(step, new - f)
            x, e, f = x + step, en, new
        return x, e
