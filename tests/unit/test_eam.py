"""Tables by the functions they were written from, and by LAMMPS on the same file."""

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.materials import potentials
from bosonpeak.materials.eam import read_eam
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.potentials import Potential
from bosonpeak.vibrations.hessian import bond_stiffness, bonds, energy, forces

TABLES = [name for name in potentials.NAMES if potentials.get(name).table]
CUTOFF, N_R, N_RHO, RHO_STEP = 6.0, 3000, 800, 0.02
R_STEP = CUTOFF / N_R


def _fade(r):
    """(6 - r)^4 and two derivatives: the functions below end smoothly."""
    s = CUTOFF - r
    return s**4, -4 * s**3, 12 * s**2


def _decay(amplitude, rate, r):
    """amplitude exp(-rate r) (6 - r)^4 and two derivatives."""
    f, d, d2 = _fade(r)
    e = amplitude * np.exp(-rate * r)
    return e * f, e * (d - rate * f), e * (d2 - 2 * rate * d + rate**2 * f)


# what an atom of the second type makes at one of the first; not symmetric
DENSITY = {(a, b): (0.03 + 0.01 * a + 0.02 * b, 0.8 + 0.1 * a + 0.05 * b) for a in range(2) for b in range(2)}
PAIR = {(0, 0): (0.9, 1.1), (0, 1): (0.7, 1.0), (1, 1): (1.1, 0.9)}


def _embedding(rho, t):
    """(t + 1) (rho^2 / 40 - rho / 2) and two derivatives."""
    rho = np.asarray(rho, float)
    return (t + 1) * (rho**2 / 40 - rho / 2), (t + 1) * (rho / 20 - 0.5), np.full_like(rho, (t + 1) / 20)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """eam/fs table of the functions above: path and lines."""
    r, rho = np.arange(N_R) * R_STEP, np.arange(N_RHO) * RHO_STEP
    lines = ["made", "for", "tests", "2 Cu Zr", f"{N_RHO} {RHO_STEP} {N_R} {R_STEP!r} {CUTOFF}"]

    def put(values):
        lines.extend(" ".join(f"{v:.17g}" for v in values[k : k + 5]) for k in range(0, len(values), 5))

    for b, mass in enumerate((63.5, 91.2)):
        lines.append(f"{29 + b} {mass} 3.6 fcc")
        put(_embedding(rho, b)[0])
        for a in range(2):
            put(_decay(*DENSITY[a, b], r)[0])
    for pair in ((0, 0), (0, 1), (1, 1)):
        put(r * _decay(*PAIR[pair], r)[0])
    path = tmp_path_factory.mktemp("table") / "made.eam.fs"
    path.write_text("\n".join(lines) + "\n")
    return path, lines


def test_the_cubics_give_back_the_functions(written):
    made = read_eam(written[0], "eam/fs")
    assert (made.elements, made.masses, made.cutoff) == (("Cu", "Zr"), (63.5, 91.2), CUTOFF)
    r = np.random.default_rng(1).uniform(1.5, 5.9, 400)
    for a in range(2):
        for b in range(2):
            t = np.full((2, r.size), [[a], [b]])
            for found, exact in (
                (made.density(r, *t), _decay(*DENSITY[a, b], r)),
                (made.pair(r, *t), _decay(*PAIR[min(a, b), max(a, b)], r)),
            ):
                # errors of a cubic: steps to the fourth, third and second power
                for value, true, bound in zip(found, exact, (1e-10, 1e-8, 1e-5), strict=True):
                    assert abs(value - true).max() < bound * abs(true).max()
        rho = np.random.default_rng(2).uniform(0.1, 15.9, 400)
        for value, true in zip(made.embedding(rho, np.full(400, a)), _embedding(rho, a), strict=True):
            np.testing.assert_allclose(value, true, rtol=1e-8, atol=1e-9)


def test_beyond_the_tables(written):
    made = read_eam(written[0], "eam/fs")
    zero = np.zeros(3, int)
    for function in (made.pair, made.density):
        assert not np.any(function(np.array([CUTOFF, CUTOFF + 1e-9, 50.0]), zero, zero))
        assert np.abs(function(np.array([CUTOFF - 1e-4, 5.9, 5.9]), zero, zero)).max() < 1
    end = (N_RHO - 1) * RHO_STEP
    value, slope, curvature = made.embedding(end + np.array([0, 1.0, 2.5]), zero)
    assert slope[0] == slope[1] == slope[2] != 0
    np.testing.assert_allclose(value, value[0] + slope[0] * np.array([0, 1, 2.5]))
    assert curvature[1] == curvature[2] == 0
    # below the table the first cubic goes on, without a jump
    low = made.embedding(np.array([-1e-9, 1e-9]), zero[:2])[0]
    assert abs(low[0] - low[1]) < 1e-8
    np.testing.assert_allclose(made.embedding([-5 * RHO_STEP], zero[:1])[0], 0.5 * 5 * RHO_STEP, rtol=0.05)


def test_slope_and_curvature_are_those_of_one_cubic(written):
    # between two knots differences of a cubic are exact up to h^2 of its third derivative
    made = read_eam(written[0], "eam/fs")
    r = (np.arange(800, 2900, 100) + 0.37) * R_STEP
    h, zero = 0.1 * R_STEP, np.zeros(21, int)
    at, above, below = (made.density(r + d, zero, zero) for d in (0, h, -h))
    np.testing.assert_allclose((above[1] - below[1]) / (2 * h), at[2], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose((above[0] - below[0]) / (2 * h), at[1], rtol=1e-6)


def _structure(elements, edge, seed=3):
    rng = np.random.default_rng(seed)
    atoms = bulk("Cu", "fcc", edge, cubic=True).repeat(4)
    atoms.symbols[:] = rng.choice(elements, len(atoms))
    atoms.positions += rng.normal(0, 0.15, atoms.positions.shape)
    atoms.set_cell(atoms.cell.array @ [[1, 0, 0], [0.2, 1, 0], [-0.1, 0.15, 1]], scale_atoms=True)
    return atoms


def _agrees_with_lammps(atoms, potential):
    with Session(atoms, potential) as session:
        expected, f = session.evaluate()
        f = f.copy()
    assert energy(atoms, potential) == pytest.approx(expected, rel=1e-10)
    assert abs(forces(atoms, potential) - f).max() < 1e-9
    assert abs(f).max() > 0.1


@pytest.mark.parametrize("edge", [4.1, 3.0])
@pytest.mark.parametrize("name", TABLES)
def test_energy_and_forces_are_those_of_lammps(name, edge):
    # 3.0: steep distances, and densities beyond every table
    potential = potentials.get(name)
    if not potential.available():
        pytest.skip(f"{potential.table} is not to be found: set BOSONPEAK_POTENTIALS")
    _agrees_with_lammps(_structure(potential.elements, edge), potential)


@pytest.mark.parametrize("edge, beyond", [(4.6, False), (3.3, True)])
def test_densities_that_differ_by_direction_are_those_of_lammps(written, edge, beyond):
    made = read_eam(written[0], "eam/fs")

    class Made(Potential):
        def path(self):
            return written[0]

        def interaction(self):
            return made

    potential = Made("made", made.elements, made.masses, "metal", CUTOFF, "eam/fs", "test", table="made.eam.fs")
    atoms = _structure(made.elements, edge)
    _agrees_with_lammps(atoms, potential)
    rho = bond_stiffness(bonds(atoms, potential), made).density
    assert (rho.max() > (N_RHO - 1) * RHO_STEP) == beyond


@pytest.mark.parametrize(
    "change, line, said",
    [
        (lambda lines: lines[:100], 100, "the file ends where F of Cu"),
        (lambda lines: lines[:-1], None, "ends where r phi of Zr and Zr"),
        (lambda lines: [*lines[:500], "0.1 0.2 x 0.4 0.5", *lines[501:]], 501, "should be numbers"),
        (lambda lines: [*lines[:500], "0.1 nan 0.3 0.4 0.5", *lines[501:]], None, "finite"),
        (lambda lines: [*lines[:500], lines[500] + " 1.0", *lines[501:]], None, "numbers, but its lines hold"),
        (lambda lines: [*lines[:3], "3 Cu Zr", *lines[4:]], 4, "number of elements"),
        (lambda lines: [*lines[:4], "800 0.02 3000 -0.002 6.0", *lines[5:]], 5, "do not describe a table"),
        (lambda lines: [*lines[:5], "copper", *lines[6:]], 6, "atomic number and mass of Cu"),
        (lambda lines: lines[:2], 2, "comment"),
    ],
)
def test_a_broken_table_is_named_with_its_line(written, tmp_path, change, line, said):
    path = tmp_path / "broken.eam.fs"
    path.write_text("\n".join(change(written[1])) + "\n")
    with pytest.raises(ValueError, match=said) as caught:
        read_eam(path, "eam/fs")
    assert "broken.eam.fs, line " in str(caught.value)
    if line:
        assert f"line {line}:" in str(caught.value)


def test_a_table_of_another_style_is_refused(written):
    with pytest.raises(ValueError, match="another style"):
        read_eam(written[0], "eam/alloy")
    with pytest.raises(ValueError, match="'eam' is not supported"):
        read_eam(written[0], "eam")


@pytest.mark.parametrize("mass", ["0.0", "-1.0", "nan", "inf"])
def test_a_mass_that_is_not_positive_is_refused_when_the_table_is_read(written, tmp_path, mass):
    lines, path = list(written[1]), tmp_path / "heavy.eam.fs"
    lines[5] = f"29 {mass} 3.6 fcc"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(
        ValueError, match=rf"heavy\.eam\.fs, line 6: the mass of Cu is {mass}, but a mass must be positive"
    ):
        potentials.get(path)


def test_blank_lines_and_comments_between_functions_are_skipped_as_lammps_skips_them(written, tmp_path):
    lines, path = list(written[1]), tmp_path / "blank.eam.fs"
    lines[0] = lines[1] = ""
    for at in (3, 4, 5, 6, 40):
        lines[at] = f"\n{lines[at]}  # a comment"
    path.write_text("\n".join(lines) + "\n\n")
    np.testing.assert_array_equal(read_eam(path, "eam/fs").pair_spline, read_eam(written[0], "eam/fs").pair_spline)
    atoms = bulk("Cu", "fcc", 3.7, cubic=True).repeat(2)
    atoms.rattle(0.05, seed=1)
    _agrees_with_lammps(atoms, potentials.get(path))


@pytest.mark.parametrize("surplus", [1, 3])
def test_what_stands_behind_the_last_number_of_a_function_is_left_as_lammps_leaves_it(written, tmp_path, surplus):
    lines, out, at = written[1], list(written[1][:5]), 5

    def block(count):
        nonlocal at
        got = 0
        while got < count:
            got += len(lines[at].split())
            out.append(lines[at])
            at += 1
        out[-1] += "  0.5" * surplus + "  text"

    for _ in range(2):
        out.append(lines[at])
        at += 1
        for count in (N_RHO, N_R, N_R):
            block(count)
    for _ in range(3):
        block(N_R)
    path = tmp_path / "surplus.eam.fs"
    path.write_text("\n".join(out) + "\n")
    plain, other = read_eam(written[0], "eam/fs"), read_eam(path, "eam/fs")
    for name in ("embedding_spline", "density_spline", "pair_spline"):
        np.testing.assert_array_equal(getattr(other, name), getattr(plain, name))
    atoms = bulk("Cu", "fcc", 3.7, cubic=True).repeat(2)
    atoms.symbols[::3] = "Zr"
    atoms.rattle(0.05, seed=1)
    _agrees_with_lammps(atoms, potentials.get(path))


def test_a_cutoff_that_is_the_last_knot_up_to_rounding_is_read(written, tmp_path):
    # 10,000 steps of 6e-4 are 5.999999999999999, and LAMMPS's own table of Ni and O has the cutoff 6.0
    assert 10000 * 6e-4 < 6.0
    lines, path = list(written[1]), tmp_path / "rounded.eam.fs"
    lines[4] = f"{N_RHO} {RHO_STEP} {N_R} {float(np.nextafter(R_STEP, 0))!r} {CUTOFF}"
    assert N_R * np.nextafter(R_STEP, 0) < CUTOFF
    path.write_text("\n".join(lines) + "\n")
    assert read_eam(path, "eam/fs").cutoff == CUTOFF
    lines[4] = f"{N_RHO} {RHO_STEP} {N_R} {R_STEP!r} {1.1 * CUTOFF}"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="do not describe a table"):
        read_eam(path, "eam/fs")
