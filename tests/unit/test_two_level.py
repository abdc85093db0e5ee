"""Saddles of double wells known by symmetry, an archived transition against dense diagonalisation, and the readers."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from ase import Atoms
from ase.build import bulk
from matplotlib.figure import Figure
from scipy.linalg import eigvalsh

from bosonpeak.archive.glasses import load
from bosonpeak.archive.measurements import measurement
from bosonpeak.archive.results import load_result
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import get
from bosonpeak.papers.two_level import pairs, wells
from bosonpeak.papers.two_level.archived import SADDLES
from bosonpeak.papers.two_level.figures import draw_saddles
from bosonpeak.papers.two_level.pairs import CONNECTED, NO_END, NO_SADDLE, OTHER, PARTLY, Minimum, Saddle
from bosonpeak.papers.two_level.soft_potential import fit_soft_potential
from bosonpeak.vibrations.hessian import energy, forces, hessian

SPHERES, LJ = get("harmonic-spheres"), get("lennard-jones")
GLASS = "harmonic-spheres-n1000-instant-s18"
RNG = np.random.default_rng(20200)


def explorer_of(atoms, potential):
    """A context with the explorer of a structure, which is brought to its minimum before."""
    with Session(atoms, potential) as session:
        session.minimise(1e-13 if potential.contact else 1e-11)
        atoms = session.atoms()
    session = Session(atoms, potential)
    return session, pairs.Explorer(session, atoms, potential)


def minimum(x, loose=(), energy=0.0) -> Minimum:
    x = np.reshape(np.asarray(x, float), (-1, 3))
    return Minimum(x, energy, np.isin(np.arange(len(x)), loose))


def test_layers_that_slide_through_each_other_have_the_barrier_of_the_closed_form():
    # fcc along a cube's edge: by symmetry the middle of every square is a saddle between two equal minima
    d = 0.95
    a = d * 2**0.5
    atoms = Atoms("X2", [[0, 0, 0], [a / 2, d / 2, d / 2]], cell=[a, d, d], pbc=True)
    session, explorer = explorer_of(atoms, SPHERES)
    with session:
        home, way = explorer.home, np.array([[-1, 0, 0], [1, 0, 0]]) * a / 2
        outcome, saddle, _ = explorer.connect(home, explorer.minimise(home.positions + way))

    def phi(r):
        return (1 - r) ** 2 / 2

    # four neighbours in the plane instead of eight: the other four have lost contact
    assert outcome == CONNECTED and saddle.energy == pytest.approx(4 * phi(a / 2) - 8 * phi(d), rel=1e-9)
    u = saddle.positions - home.positions
    np.testing.assert_allclose(u - u.mean(axis=0), way / 2, atol=1e-8)
    assert saddle.participants == pytest.approx(2) and saddle.curvature < 0


def test_a_vacancy_of_a_crystal_hops_over_the_middle():
    atoms = bulk("Ar", "fcc", 1.1 * 2**0.5, cubic=True).repeat(3)
    gone = atoms.positions[0]
    apart = atoms.get_distances(0, range(len(atoms)), mic=True)
    hopper = int(np.argsort(apart)[1])
    step = -atoms.get_distance(0, hopper, mic=True, vector=True)
    assert np.linalg.norm(step) == pytest.approx(1.1) and not gone.any()
    del atoms[0]
    session, explorer = explorer_of(atoms, LJ)
    with session:
        home, start = explorer.home, explorer.home.positions.copy()
        start[hopper - 1] += step
        end = explorer.minimise(start)
        outcome, saddle, images = explorer.connect(home, end)
        found = pairs.describe(home, home, end, saddle)
    assert outcome == CONNECTED and images.shape == (pairs.IMAGES, 107, 3)
    # the hop and its reverse are mirror images
    assert found["asymmetry"] < 1e-10 and found["barrier"] == pytest.approx(found["barrier_back"], rel=1e-9)
    middle = (home.positions + end.positions)[hopper - 1] / 2
    np.testing.assert_allclose((saddle.positions - middle)[hopper - 1], 0, atol=1e-6)
    assert found["saddle_distance"] == pytest.approx(pairs.distance(end, minimum(saddle.positions)), rel=1e-6)
    assert 1 < saddle.participants < 5 and found["overlap"] > 0.5


@pytest.fixture(scope="module")
def glass():
    """Session, explorer and table of an archived packing with one transition."""
    table = load_result("transitions", f"{GLASS}-fire")
    with Session(load(GLASS), SPHERES) as session:
        yield pairs.Explorer(session, load(GLASS), SPHERES), table


@pytest.fixture(scope="module")
def crossing(glass):
    explorer, table = glass
    end = pairs.find_end(explorer, table, 0)
    return explorer, end, *explorer.connect(explorer.home, end)


def test_the_end_of_an_archived_transition_is_found_again(crossing, glass):
    explorer, end, *_ = crossing
    table = glass[1]
    assert end.energy == pytest.approx(table.energy.values[0], rel=1e-6)
    assert pairs.distance(explorer.home, end) == pytest.approx(table.distance.values[0], rel=1e-6)


def test_a_saddle_has_no_force_and_one_negative_eigenvalue(crossing):
    _, _, outcome, saddle, _ = crossing
    there = load(GLASS)
    assert outcome == CONNECTED
    above = -energy(there, SPHERES)
    there.positions = saddle.positions
    assert energy(there, SPHERES) + above == pytest.approx(saddle.energy, abs=1e-12)
    assert np.linalg.norm(forces(there, SPHERES)) < 1e-9
    H = hessian(there, SPHERES).toarray()
    # the packing has no rattlers: the translations alone cost nothing
    levels = eigvalsh(H, subset_by_index=[0, 4])
    assert levels[0] < -1e-8 and (abs(levels[1:4]) < 1e-8).all() and levels[4] > 1e-8
    assert levels[0] == pytest.approx(saddle.curvature, rel=1e-9)
    np.testing.assert_allclose(H @ saddle.mode.ravel(), levels[0] * saddle.mode.ravel(), atol=1e-8)

    def along(direction, h):
        moved = there.copy()
        moved.positions += h * direction
        return energy(moved, SPHERES) - energy(there, SPHERES)

    other = RNG.standard_normal(saddle.mode.shape)
    for direction in (saddle.mode, other / np.linalg.norm(other)):
        slope = (along(direction, 1e-5) - along(direction, -1e-5)) / 2e-5
        assert abs(slope) < 1e-9
    assert along(saddle.mode, 1e-3) < 0 < along(other, 1e-3)


def test_both_sides_of_a_saddle_lead_to_its_minima(crossing):
    explorer, end, _, saddle, images = crossing
    for wanted, side in zip((explorer.home, end), saddle.ends, strict=True):
        assert pairs.distance(wanted, side) < 1e-6 and side.energy == pytest.approx(wanted.energy, abs=1e-13)
    # the mode leads from the first to the second
    assert (saddle.mode * pairs.displacement(explorer.home, end)).sum() > 0
    # from the other side: the same saddle, its ends exchanged
    outcome, back, _ = explorer.connect(end, explorer.home)
    assert outcome == CONNECTED and back.energy == pytest.approx(saddle.energy, rel=1e-8)
    assert (back.mode * saddle.mode).sum() == pytest.approx(-1, abs=1e-6)
    np.testing.assert_array_equal(images[[0, -1]], [explorer.home.positions, end.positions])


def test_the_archive_holds_what_is_found_now(crossing):
    explorer, end, outcome, saddle, _ = crossing
    data = measurement(SADDLES, archived=True)
    changed = pairs.changed_tables(data)
    assert not changed, f"measure {SADDLES.name} again: the tables of {', '.join(changed)} changed"
    assert pairs.changed_tables(data.assign_attrs(tables='{"a glass": "a key"}')) == ["a glass"]
    row = data.isel(pair=int(np.flatnonzero((data.glass == GLASS) & (data.link == 0))[0]))
    found = pairs.describe(explorer.home, explorer.home, end, saddle)
    assert row.outcome == outcome and data.unit == "reduced"
    for name in pairs.NUMBERS:
        assert float(row[name]) == pytest.approx(found[name], rel=1e-4), name


def test_a_row_that_disagrees_has_no_end(glass):
    explorer, table = glass
    for name, factor in (("energy", 1.01), ("distance", 0.99)):
        wrong = table.assign({name: factor * table[name]})
        found = pairs.measure_pair(explorer, wrong, 0, 3)
        assert found["outcome"].tolist() == [NO_END] and np.isnan(found["barrier"]).all()
        assert found[name][0] == wrong[name].values[0]


def test_an_explorer_refuses_other_units():
    atoms = bulk("Cu", "fcc", 3.6, cubic=True)
    with pytest.raises(ValueError, match="reduced units"):
        pairs.Explorer(None, atoms, type("Metal", (), {"units": "metal", "name": "copper"}))


def test_negative_eigenvalues_are_counted():
    for n in (5, 40):
        x = RNG.standard_normal((n, n))
        x += x.T
        assert pairs.negative_eigenvalues(x, 1e-9) == (np.linalg.eigvalsh(x) < 0).sum()
    singular = np.diag([-1.0, 0.0, 0.0, 2.0])
    assert pairs.negative_eigenvalues(singular, 1e-9) == 1


def test_a_displacement_leaves_out_loose_particles_and_the_motion_of_the_whole():
    x, u = RNG.standard_normal((2, 6, 3))
    u[:4] -= u[:4].mean(axis=0)
    a, b = minimum(x, [4]), minimum(x + u + [1, 2, 3], [5])
    np.testing.assert_allclose(pairs.displacement(a, b)[:4], u[:4], atol=1e-12)
    assert not pairs.displacement(a, b)[4:].any()
    assert pairs.distance(a, b) == pytest.approx(np.linalg.norm(u[:4]))
    assert pairs.distance(minimum(x, range(6)), minimum(x + u)) > 0


class Line:
    """Minima at whole numbers along a line, neighbours of which are connected; some saddles are not found."""

    def __init__(self, climbs):
        self.home, self.force_calls, self.climbs, self.asked = self.at(0), 0, climbs, []

    def at(self, k):
        return minimum([[k, 0, 0], [-k, 0, 0]], energy=float(k % 3))

    def connect(self, a, b):
        low, high = int(a.positions[0, 0]), int(b.positions[0, 0])
        self.asked.append((low, high))
        self.force_calls += 10
        ends = self.climbs.get((low, high), (low, high) if high - low == 1 else None)
        if ends is None:
            return NO_SADDLE, None, np.arange(low, high + 1)
        hits = (ends[0] == low) + (ends[1] == high)
        mode = np.array([[1, 0, 0], [-1, 0, 0]]) / 2**0.5
        saddle = Saddle(mode * (sum(ends) / 2**0.5), mode, 5.0 + ends[0], -1.0, tuple(map(self.at, ends)))
        return (OTHER, PARTLY, CONNECTED)[hits], saddle, np.arange(low, high + 1)

    def stops(self, a, b, images):
        return [self.at(k) for k in images]


def chain(monkeypatch, end, climbs, searches=20):
    line = Line(climbs)
    monkeypatch.setattr(pairs, "find_end", lambda explorer, table, label: line.at(end))
    monkeypatch.setattr(pairs, "first_push", lambda table, label: 0)
    return pairs.measure_pair(line, None, 0, searches), line.asked


def test_the_search_goes_on_between_neighbouring_minima(monkeypatch):
    # directly connected: nothing else is searched for
    found, asked = chain(monkeypatch, 1, {})
    assert asked == [(0, 1)] and found["outcome"].tolist() == [CONNECTED] and found["overlap"] == pytest.approx(1)
    assert found["barrier"] == 5 and found["barrier_back"] == 4 and found["asymmetry"] == 1
    # one side of the saddle leads to r0: the way from the other end is left
    found, asked = chain(monkeypatch, 3, {(0, 3): (0, 1), (1, 3): (2, 3)})
    assert asked == [(0, 3), (1, 3), (1, 2)] and found["link"].tolist() == [0, 1, 2, 3]
    assert found["outcome"].tolist() == [PARTLY, *[CONNECTED] * 3] and found["force_calls"].tolist() == [30, 0, 0, 0]
    np.testing.assert_allclose(found["saddle_energy"], [5, 5, 7, 6])
    np.testing.assert_allclose(found["barrier"], [5, 5, 5, 5])
    # no saddle, or one that leads away: the minima below the string
    for climbs, outcome in (({}, NO_SADDLE), ({(0, 3): (5, 9)}, OTHER)):
        found, asked = chain(monkeypatch, 3, climbs)
        assert asked == [(0, 3), (0, 1), (1, 2), (2, 3)]
        assert found["outcome"].tolist() == [outcome, *[CONNECTED] * 3]
    # the number of searches is a bound
    found, asked = chain(monkeypatch, 9, {}, 4)
    assert len(asked) == 4 and len(found["link"]) == 4


def test_a_killed_run_resumes_with_the_next_transition(tmp_path, monkeypatch):
    names, done = [GLASS, "harmonic-spheres-n1000-instant-s6"], []

    def work(explorer, table, label, searches):
        if len(done) == 1:
            done.append("killed")
            raise KeyboardInterrupt
        done.append(str(table.attrs["name"]))
        numbers = {name: np.array([float(len(done)), 1.0]) for name in pairs.NUMBERS}
        return numbers | {"outcome": np.array([PARTLY, CONNECTED]), "link": np.arange(2), "force_calls": np.zeros(2)}

    monkeypatch.setattr(pairs, "measure_pair", work)
    monkeypatch.setattr(pairs, "Explorer", lambda *args: None)
    with pytest.raises(KeyboardInterrupt):
        pairs.measure_saddles(names, 2, folder=tmp_path)
    found = pairs.measure_saddles(names, 2, folder=tmp_path)
    assert done == [GLASS, "killed", names[1]] and found.glass.values.tolist() == [GLASS] * 2 + [names[1]] * 2
    monkeypatch.setattr(pairs, "Session", None)
    assert pairs.measure_saddles(names, 2, folder=tmp_path).identical(found)
    pushed = load_result("transitions", f"{GLASS}-fire")
    smallest = pushed.barrier.values[pushed.transition.values == 0].min()
    assert found.push_barrier.values[0] == smallest and np.isnan(found.push_barrier.values[1])
    with pytest.raises(ValueError, match="no table of transitions"):
        pairs.measure_saddles(["window-glass"], 2)


def test_a_saddle_that_several_transitions_share_is_one_link():
    def part(*rows):
        columns = np.array([row[:3] for row in rows], float).T
        numbers = dict.fromkeys(pairs.NUMBERS, columns[0]) | dict(
            zip(("saddle_energy", "saddle_distance", "asymmetry"), columns, strict=True)
        )
        outcomes = np.array([row[3] for row in rows])
        return numbers | {"outcome": outcomes, "link": np.arange(len(rows)), "force_calls": np.zeros(len(rows))}

    parts = {
        0: part((1.0, 0.1, 1, PARTLY), (1.0, 0.1, 1, CONNECTED), (3.0, 0.3, 1, CONNECTED)),
        2: part((2.0, 0.2, 1, CONNECTED)),
        3: part(
            (1.0, 0.1, 1, PARTLY), (1.0 + 1e-9, 0.1, 1, CONNECTED), (2.0, 0.2, 1, CONNECTED),
            (3.0, 0.4, 1, CONNECTED), (4.0, 0.4, 0, CONNECTED),
        ),
    }  # fmt: skip
    table = xr.Dataset(
        {"barrier": ("pushed", [3.0, 2, 1, 9, 7]), "transition": ("pushed", [0, 0, -1, 2, 3])},
        attrs={"potential": "harmonic-spheres"},
    )
    found = pairs._stack("a glass", table, parts)
    assert found.link.values.tolist() == [0, 0, 0, 1, 2, 3] and found.label.values.tolist() == [0, 2, 3, 0, 0, 3]
    np.testing.assert_array_equal(found.push_barrier.values, [2, 9, 7, np.nan, np.nan, np.nan])


def synthetic(n_glasses=8, members=60) -> xr.Dataset:
    """Wells with uniform asymmetries, barriers with a density ~ x^1, pushes tenfold, in two systems."""
    rng, n = np.random.default_rng(5), n_glasses * members
    barrier, asymmetry = rng.random(n) ** 0.5, rng.random(n)
    outcome = np.where(np.arange(n) % 4 == 0, PARTLY, CONNECTED)
    link = (np.arange(n) % 4 == 3).astype(int)
    columns = {
        "system": np.full(n, "harmonic-spheres"), "glass": np.repeat([f"g{k}" for k in range(n_glasses)], members),
        "barrier": barrier, "barrier_back": 2 * barrier, "asymmetry": asymmetry, "distance": rng.random(n) ** 0.25,
        "push_barrier": np.where(link, np.nan, 10 * barrier), "outcome": outcome, "link": link,
    }  # fmt: skip
    other = {name: values[:40] for name, values in columns.items()} | {"system": np.full(40, "lennard-jones")}
    parts = [xr.Dataset({name: ("pair", values) for name, values in part.items()}) for part in (columns, other)]
    return xr.concat(parts, "pair")


def test_what_is_read_is_what_was_put_in():
    data = synthetic()
    found = wells.read_wells(data, "harmonic-spheres")
    assert found.counts == {CONNECTED: 240, PARTLY: 120, OTHER: 0, NO_SADDLE: 0, NO_END: 0}
    value, (low, high) = found.share(CONNECTED)
    assert value == pytest.approx(2 / 3) and low < 2 / 3 < high
    assert len(found.connected) == 240 and len(found.wells(True)) == 360
    assert found.push_ratio[0] == pytest.approx(10) and found.back_ratio[0] == pytest.approx(2)
    value, (low, high) = found.median("asymmetry", links=True)
    assert low < 0.5 < high and value == pytest.approx(np.median(found.wells(True).asymmetry))
    # densities ~ x^0, x^1 and x^3
    for column, theta in (("asymmetry", 0), ("barrier", 1), ("distance", 3)):
        _, (low, high) = found.exponent(column, links=True, below=0.8)
        assert low < theta < high and high - low < 1.5
        value, (low, high) = found.lower_half(column, links=True)
        assert low < 2.0 ** -(1 + theta) < high
    assert len(wells.read_wells(data, "lennard-jones").transitions) == 30
    with pytest.raises(ValueError, match="choose one of harmonic-spheres, lennard-jones"):
        wells.read_wells(data, "silica")
    with pytest.raises(ValueError, match="choose one of connected"):
        found.share("lost")
    nothing = wells.Wells("x", found.transitions[:0], found.links[:0])
    for read in (nothing.median, nothing.exponent, nothing.lower_half):
        with pytest.raises(ValueError):
            read("barrier")


def test_the_drawing_shows_every_well_and_the_line_of_equality():
    data, axes = synthetic(), Figure().subplots(1, 2)
    systems = [wells.read_wells(data, name) for name in ("harmonic-spheres", "lennard-jones")]
    draw_saddles(axes, *systems, links=True)
    for points, found in zip(axes[0].collections, systems, strict=True):
        np.testing.assert_allclose(points.get_offsets()[:, 1], found.connected.barrier)
        np.testing.assert_allclose(points.get_offsets()[:, 0], 10 * found.connected.barrier)
    (line,) = axes[0].lines
    np.testing.assert_array_equal(*line.get_data())
    assert axes[0].get_xscale() == axes[0].get_yscale() == "log" and "epsilon" in axes[0].get_xlabel()
    filled = sum(patch.get_height() for patch in axes[1].containers[0])
    assert filled == len(systems[0].wells(True)) and len(axes[1].get_legend().get_texts()) == 4
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_saddles(axes, wells.Wells("harmonic-spheres", systems[0].transitions[:0], systems[0].links))


@pytest.mark.parametrize("power", [-2.0, -1.0, 0.0])
def test_wells_of_a_quartic_polynomial_are_those_of_the_soft_potential(power):
    """V' = c x (x - s) (x - d) with c ~ d^power: stiffness as d^(2 + power), energy difference as d^(4 + power)."""
    rng = np.random.default_rng(4)
    d, share = 10 ** rng.uniform(-2, 0, 60), 0.35
    s, c = share * d, 3.0 * d**power
    points = np.stack([s, d])
    barrier, difference = c * (points**4 / 4 - (s + d) * points**3 / 3 + s * d * points**2 / 2)
    frame = pd.DataFrame({"distance": d, "saddle_distance": s, "barrier": barrier, "energy": difference})
    frame = frame.assign(asymmetry=abs(difference), outcome=CONNECTED, glass=[f"g{k % 6}" for k in range(60)])
    # saddles that do not lie between the minima are no such wells
    frame.loc[:1, "saddle_distance"] = 2 * d[:2]
    found = fit_soft_potential(wells.Wells("x", frame, frame[:0]))
    assert found.count == 58 and found.signs[0] == 1 and found.ratio[0] == pytest.approx(1)
    assert found.stiffness[0] == pytest.approx(2 + power) and found.asymmetry[0] == pytest.approx(4 + power)
    with pytest.raises(ValueError, match="2 double wells of x with a saddle in between: the model needs five"):
        fit_soft_potential(wells.Wells("x", frame[:4], frame[:0]))
