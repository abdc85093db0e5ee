"""Closed forms by their published constants, by differences, and by LAMMPS."""

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.materials import potentials
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.pair import lepton_expression, make_interaction
from bosonpeak.vibrations.hessian import energy, forces

NAMES = ("lennard-jones", "kob-andersen", "inverse-power-law", "harmonic-spheres")


def _of_types(name, r, ti=0, tj=0):
    r = np.atleast_1d(np.asarray(r, float))
    return np.array(make_interaction(name).pair(r, np.full(r.size, ti), np.full(r.size, tj)))


def _pairs():
    for name in NAMES:
        n = len(make_interaction(name).cutoffs)
        yield from ((name, ti, tj) for ti in range(n) for tj in range(n))


@pytest.mark.parametrize("name, ti, tj", list(_pairs()))
def test_derivatives_are_those_of_the_value(name, ti, tj):
    cutoff = make_interaction(name).cutoffs[ti, tj]
    r, h = np.linspace(0.4, 0.97, 30) * cutoff, 1e-5 * cutoff
    phi, first, second = _of_types(name, r, ti, tj)
    above, below = _of_types(name, r + h, ti, tj), _of_types(name, r - h, ti, tj)
    scale = abs(second).max() * cutoff ** np.array([2, 1])
    np.testing.assert_allclose((above[0] - below[0]) / (2 * h), first, rtol=1e-8, atol=1e-9 * scale[1])
    np.testing.assert_allclose((above[1] - below[1]) / (2 * h), second, rtol=1e-7, atol=1e-9 * scale[0] / cutoff**2)
    assert (first[:3] < 0).all() and (second[:3] > 0).all()
    # symmetric in the types, continuous at the cutoff, nothing beyond
    np.testing.assert_array_equal(_of_types(name, r, tj, ti)[0], phi)
    end = _of_types(name, cutoff * (1 - 1e-9), ti, tj)[:, 0]
    assert abs(end[0]) < 1e-12 and abs(end[1]) < 2e-8
    assert not _of_types(name, cutoff * np.array([1, 1 + 1e-12, 2]), ti, tj).any()


@pytest.mark.parametrize(
    "name, ti, tj, epsilon, sigma",
    [
        ("lennard-jones", 0, 0, 1, 1),
        ("kob-andersen", 0, 0, 1, 1),
        ("kob-andersen", 0, 1, 1.5, 0.8),
        ("kob-andersen", 1, 1, 0.5, 0.88),
    ],
)
def test_lennard_jones_is_shifted_by_a_straight_line(name, ti, tj, epsilon, sigma):
    r = np.linspace(0.9, 2.4, 20) * sigma
    phi, _, second = _of_types(name, r, ti, tj)
    s = sigma / r
    np.testing.assert_allclose(second * r**2, 4 * epsilon * (156 * s**12 - 42 * s**6), rtol=1e-12)
    line = np.polyfit(r, phi - 4 * epsilon * (s**12 - s**6), 1, full=True)
    assert line[1][0] < 1e-25
    # the slope of the line is minus that of the whole potential at the cutoff
    end = 1 / 2.5
    assert line[0][0] == pytest.approx(-4 * epsilon / sigma * (6 * end**7 - 12 * end**13), rel=1e-10)
    assert make_interaction(name).cutoffs[ti, tj] == pytest.approx(2.5 * sigma)


def test_inverse_power_law_has_its_published_constants():
    # c_0 ... c_6 as printed for n = 10, q = 3, x_c = 1.48 by Lerner (2019)
    published = [-1.1106337662511798, 1.2676152372297065, -0.4960406072849212, 0.0660511826415732]
    law = make_interaction("inverse-power-law")
    np.testing.assert_allclose(law.coefficients[1, 1], [1, *published], rtol=1e-12)
    np.testing.assert_allclose(law.cutoffs, 1.48 * np.array([[1.4, 1.18], [1.18, 1.0]]))
    # one function of r / l
    x = np.linspace(0.5, 1.45, 9)
    for ti, tj, size in ((0, 0, 1.4), (0, 1, 1.18)):
        np.testing.assert_allclose(
            _of_types("inverse-power-law", x * size, ti, tj)[0], _of_types("inverse-power-law", x, 1, 1)[0], atol=1e-14
        )
    # zero to the third order: phi ~ (1.48 - x)^4
    phi = _of_types("inverse-power-law", [1.48 - 2e-2, 1.48 - 1e-2], 1, 1)[0]
    assert phi[0] / phi[1] == pytest.approx(16, rel=0.1)


def test_harmonic_spheres_keep_their_digits_at_contact():
    overlap = np.array([0.3, 1e-4, 1e-9])
    phi, first, second = _of_types("harmonic-spheres", 1 - overlap)
    exact = 1 - (1 - overlap)
    np.testing.assert_allclose(phi, exact**2 / 2, rtol=1e-15)
    np.testing.assert_allclose(first, -exact, rtol=1e-15)
    assert second.tolist() == [1, 1, 1]


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"'morse'.*lennard-jones"):
        make_interaction("morse")
    with pytest.raises(ValueError, match="only inverse-power-law"):
        lepton_expression("lennard-jones", 0, 0)


@pytest.mark.parametrize("name, edge", list(zip(NAMES, (1.6, 1.6, 1.8, 1.35), strict=True)))
def test_energy_and_forces_are_those_of_lammps(name, edge):
    # the inverse power law goes there as lepton_expression's text
    rng, potential = np.random.default_rng(5), potentials.get(name)
    atoms = bulk("Cu", "fcc", edge, cubic=True).repeat(4)
    atoms.symbols[:] = rng.choice(potential.elements, len(atoms))
    atoms.positions += rng.normal(0, 0.05 * edge, atoms.positions.shape)
    atoms.set_cell(atoms.cell.array @ [[1, 0, 0], [0.2, 1, 0], [-0.1, 0.15, 1]], scale_atoms=True)
    with Session(atoms, potential) as session:
        expected, f = session.evaluate()
        f = f.copy()
    assert energy(atoms, potential) == pytest.approx(expected, rel=1e-10)
    assert abs(forces(atoms, potential) - f).max() < 1e-9 * abs(f).max()
    assert abs(f).max() > 0.1
