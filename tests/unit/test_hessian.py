"""Hessians by differences of forces, by other cells of one structure, and by LAMMPS, matscipy and phonopy."""

import warnings

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from bosonpeak.materials import potentials
from bosonpeak.materials.lammps import Session
from bosonpeak.threads import set_threads
from bosonpeak.vibrations.chebyshev import chebyshev_moments
from bosonpeak.vibrations.elasticity import scalar_modulus
from bosonpeak.vibrations.hessian import (
    bond_network,
    bond_stiffness,
    bonds,
    check_minimum,
    dynamical_matrix,
    energy,
    forces,
    hessian,
)
from bosonpeak.vibrations.operators import FactoredOperator, check_operator, spectral_bound

# lattice constants at which every potential has pushing and pulling bonds
EDGES = {"lennard-jones": 1.6, "kob-andersen": 1.6, "inverse-power-law": 1.8, "harmonic-spheres": 1.35}
FORMULAS = list(EDGES)
CU_ZR = "cu-zr-mendelev-2009"
TABLES = [name for name in potentials.NAMES if name not in EDGES]
EVERY = ["kob-andersen", "harmonic-spheres", CU_ZR]


def _get(name):
    potential = potentials.get(name)
    if not potential.available():
        pytest.skip(f"{potential.table} is not to be found: set BOSONPEAK_POTENTIALS")
    return potential


def _glass(potential, repeat=3, seed=7, rattle=0.05):
    """A strongly perturbed random alloy in a triclinic cell."""
    rng, edge = np.random.default_rng(seed), EDGES.get(potential.name, 4.1)
    atoms = bulk("Cu", "fcc", edge, cubic=True).repeat(repeat)
    atoms.symbols[:] = rng.choice(potential.elements, len(atoms))
    atoms.positions += rng.normal(0, rattle * edge, atoms.positions.shape)
    atoms.set_cell(atoms.cell.array @ [[1, 0, 0], [0.2, 1, 0], [-0.1, 0.15, 1]], scale_atoms=True)
    return atoms


def _difference(atoms, potential, degree, step):
    moved = []
    for sign in (1, -1):
        copy = atoms.copy()
        copy.positions.flat[degree] += sign * step
        moved.append(copy)
    above, below = (forces(copy, potential).ravel() for copy in moved)
    slope = (energy(moved[0], potential) - energy(moved[1], potential)) / (2 * step)
    return slope, (below - above) / (2 * step)


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_by_differences(name):
    potential = potentials.get(name)
    atoms = _glass(potential)
    H, f = hessian(atoms, potential).toarray(), forces(atoms, potential)
    for degree in (0, 100, 200, 301):
        coarse, column = (_difference(atoms, potential, degree, h) for h in (2e-4, 1e-4))
        # Richardson: the error is of fourth order
        assert (4 * column[0] - coarse[0]) / 3 == pytest.approx(-f.flat[degree], abs=1e-8 * abs(f).max())
        np.testing.assert_allclose((4 * column[1] - coarse[1]) / 3, H[:, degree], atol=1e-6 * abs(H[:, degree]).max())


@pytest.mark.parametrize("name", TABLES)
def test_tables_by_differences(name):
    # within one cubic differences are exact but for rounding, across a knot they are off by the table's noise: with
    # steps of 1e-6 A and knots 1e-3 A apart nearly every entry is exact
    potential = _get(name)
    atoms = _glass(potential)
    H, f = hessian(atoms, potential).toarray(), forces(atoms, potential)
    errors = []
    for degree in range(0, 324, 40):
        slope, column = _difference(atoms, potential, degree, 1e-6)
        assert slope == pytest.approx(-f.flat[degree], abs=1e-5)
        errors.append(abs(column - H[:, degree]) / abs(H[:, degree]).max())
    assert np.mean(np.concatenate(errors) < 1e-6) > 0.9
    assert np.max(errors) < 1e-2


@pytest.mark.parametrize("name", EVERY)
def test_symmetric_and_blind_to_translations(name):
    potential = _get(name)
    atoms = _glass(potential)
    for H in (hessian(atoms, potential), dynamical_matrix(atoms, potential)):
        assert H.format == "bsr" and H.blocksize == (3, 3) and H.has_sorted_indices
        assert check_operator(H) is H
        assert abs(H - H.T).max() == 0
    H = hessian(atoms, potential)
    everywhere = np.tile(np.eye(3), (len(atoms), 1))
    assert abs(H @ everywhere).max() < 1e-12 * abs(H.data).max()
    lightest = np.sqrt(potential.masses_of(atoms))
    moved = everywhere * np.repeat(lightest, 3)[:, None]
    assert abs(dynamical_matrix(atoms, potential) @ moved).max() < 1e-12 * abs(H.data).max()


def test_masses_that_are_not_stated_are_those_of_the_potential():
    potential = _get(CU_ZR)
    atoms = _glass(potential)
    assert not atoms.has("masses")
    mass = np.where(atoms.numbers == 29, 63.546, 91.224).repeat(3)
    expected = hessian(atoms, potential).toarray() / np.sqrt(np.outer(mass, mass))
    np.testing.assert_allclose(dynamical_matrix(atoms, potential).toarray(), expected, atol=1e-15)
    np.testing.assert_allclose(dynamical_matrix(atoms, potential, factored=True).toarray(), expected, atol=1e-15)
    reduced = potentials.get("kob-andersen")
    atoms = _glass(reduced)
    # ASE takes the symbols for nickel and phosphorus
    assert not atoms.has("masses") and atoms.get_masses().max() > 30
    assert abs(dynamical_matrix(atoms, reduced) - hessian(atoms, reduced)).max() == 0


def test_masses_of_isotopes_are_honoured():
    potential = _get(CU_ZR)
    atoms = _glass(potential)
    natural = dynamical_matrix(atoms, potential).toarray()
    atoms.set_masses(4 * potential.masses_of(atoms))
    # omega^2 goes as 1 / m
    np.testing.assert_allclose(dynamical_matrix(atoms, potential).toarray(), natural / 4, atol=1e-15)
    for wrong in (0.0, -63.5, np.inf):
        masses = potential.masses_of(atoms)
        masses[3] = wrong
        atoms.set_masses(masses)
        with pytest.raises(ValueError, match=r"mass of atom 3 .*positive"):
            dynamical_matrix(atoms, potential)
        atoms.set_masses(None)


def test_factors_give_the_product():
    potential = _get(CU_ZR)
    atoms = _glass(potential, 5)
    product, factors = hessian(atoms, potential), hessian(atoms, potential, factored=True)
    assert isinstance(factors, FactoredOperator) and factors.G.shape == (len(atoms), 3 * len(atoms))
    assert abs(product - factors.toarray()).max() < 1e-13 * abs(product.data).max()
    # without F'' there is another matrix, and its blocks are many times fewer
    assert abs(product - factors.B).max() > 1e-3 * abs(product.data).max()
    assert product.indptr[-1] > 3 * factors.B.indptr[-1]
    potential = potentials.get("lennard-jones")
    atoms = _glass(potential)
    assert abs(hessian(atoms, potential, factored=True) - hessian(atoms, potential)).max() == 0


def test_any_number_of_threads_gives_the_same_bits():
    potential = _get(CU_ZR)
    atoms = _glass(potential, 5)
    try:
        results = [hessian(atoms, potential) for n in (1, 2) if set_threads(n)]
    finally:
        set_threads()
    assert (results[0].data == results[1].data).all() and (results[0].indices == results[1].indices).all()


@pytest.mark.parametrize("name", EVERY)
def test_other_cells_of_one_structure(name):
    potential = _get(name)
    atoms = _glass(potential)
    H, f, e = hessian(atoms, potential), forces(atoms, potential), energy(atoms, potential)
    # other vectors of the same lattice, atoms moved by whole vectors, the origin anywhere
    other = atoms.copy()
    other.set_cell([[1, 0, 0], [2, 1, 0], [-1, 1, 1]] @ atoms.cell.array)
    whole = np.random.default_rng(1).integers(-2, 3, (len(atoms), 3))
    other.positions += whole @ atoms.cell.array + [3.3, -11.0, 0.7]
    assert energy(other, potential) == pytest.approx(e, rel=1e-12)
    np.testing.assert_allclose(forces(other, potential), f, atol=1e-9 * abs(f).max())
    assert abs(hessian(other, potential) - H).max() < 1e-6 * abs(H.data).max()
    # turned in space
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((3, 3)))[0]
    turned = atoms.copy()
    turned.set_cell(atoms.cell.array @ turn.T, scale_atoms=True)
    R = np.kron(np.eye(len(atoms)), turn)
    np.testing.assert_allclose(forces(turned, potential), f @ turn.T, atol=1e-9 * abs(f).max())
    assert abs(hessian(turned, potential) - R @ H @ R.T).max() < 1e-6 * abs(H.data).max()


@pytest.mark.parametrize("name", ["kob-andersen", CU_ZR])
@pytest.mark.parametrize("repeat", [1, (2, 1, 3)])
def test_a_cell_narrower_than_the_cutoff_is_its_supercell_folded(name, repeat):
    potential = _get(name)
    small = _glass(potential, repeat)
    assert min(1 / np.linalg.norm(small.cell.reciprocal(), axis=1)) < potential.cutoff
    copies, n = (3, 4, 3), len(small)
    large = small.repeat(copies)
    cells = int(np.prod(copies))
    assert energy(large, potential) == pytest.approx(cells * energy(small, potential), rel=1e-12)
    np.testing.assert_allclose(
        forces(large, potential).reshape(cells, n, 3),
        np.broadcast_to(forces(small, potential), (cells, n, 3)),
        atol=1e-9,
    )
    folded = hessian(large, potential).toarray()[: 3 * n].reshape(3 * n, cells, 3 * n).sum(axis=1)
    H = hessian(small, potential)
    np.testing.assert_allclose(H.toarray(), folded, atol=1e-6 * abs(folded).max())
    np.testing.assert_allclose(hessian(small, potential, factored=True).toarray(), H.toarray(), atol=1e-12)
    assert abs(H @ np.tile(np.eye(3), (n, 1))).max() < 1e-12 * abs(folded).max()
    slope, column = _difference(small, potential, 1, 1e-6)
    assert slope == pytest.approx(-forces(small, potential)[0, 1], abs=1e-5)
    # a knot of a table may lie within the step
    np.testing.assert_allclose(column, H.toarray()[:, 1], atol=(1e-2 if potential.table else 1e-6) * abs(folded).max())


def test_one_atom_and_its_images():
    potential = _get(CU_ZR)
    one, many = (bulk("Cu", "fcc", 3.64, cubic=cubic) for cubic in (False, True))
    many = many.repeat(5)
    assert 500 * energy(one, potential) == pytest.approx(energy(many, potential), rel=1e-12)
    assert abs(forces(one, potential)).max() < 1e-12
    assert hessian(one, potential).toarray().tolist() == np.zeros((3, 3)).tolist()
    found = bonds(one, potential)
    assert len(found.i) > 50 and (found.i == found.j).all()


def test_bonds_come_in_both_directions_and_end_at_the_cutoff_of_their_types():
    potential = potentials.get("kob-andersen")
    atoms = _glass(potential, 4)
    found, law = bonds(atoms, potential), potential.interaction()
    vectors = atoms.positions[found.j] - atoms.positions[found.i] - found.vector
    cells = vectors @ np.linalg.inv(atoms.cell.array)
    np.testing.assert_allclose(cells, np.rint(cells), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(found.vector, axis=1), found.distance, rtol=1e-12)
    assert (found.distance < law.cutoffs[found.ti, found.tj]).all()
    pairs = set(zip(found.i.tolist(), found.j.tolist(), strict=True))
    assert pairs == {(j, i) for i, j in pairs}
    # every pair that ASE finds
    distances = atoms.get_all_distances(mic=True)
    np.fill_diagonal(distances, np.inf)
    types = potential.types(atoms)
    assert len(found.i) == (distances < law.cutoffs[types[:, None], types]).sum()


def test_bond_forces_are_the_forces_and_the_pressure():
    # the stress of psi' r is LAMMPS's, embedding and all
    potential = _get(CU_ZR)
    atoms = _glass(potential)
    found = bonds(atoms, potential)
    stiffness = bond_stiffness(found, potential.interaction())
    with Session(atoms, potential) as session:
        session.evaluate()
        pressure = session.thermo("press")
    bar = 1.602176634e6
    trace = -(stiffness.first * found.distance).sum() / 2 / (3 * atoms.cell.volume) * bar
    assert trace == pytest.approx(pressure, rel=1e-6)
    assert stiffness.energy == energy(atoms, potential)


@pytest.mark.parametrize("name", ["kob-andersen", "inverse-power-law", CU_ZR, "zr-cu-al-sheng-2011"])
def test_lammps_dynamical_matrix(name, tmp_path):
    potential = _get(name)
    atoms = _glass(potential, 2 if potential.table else 3)
    atoms.set_cell(np.diag(atoms.cell.lengths()), scale_atoms=True)
    D = dynamical_matrix(atoms, potential).toarray()
    with Session(atoms, potential) as session:
        session.commands("run 0", f"dynamical_matrix all regular 1e-5 file {tmp_path / 'matrix'}")
    found = np.loadtxt(tmp_path / "matrix").reshape(D.shape)
    # the file has six digits; a table's second derivative jumps
    assert abs(found - D).max() < (1e-3 if potential.table else 2e-5) * abs(D).max()


def test_matscipy_embedded_atom_hessian():
    matscipy = pytest.importorskip("matscipy.calculators.eam")
    potential = _get(CU_ZR)
    atoms = _glass(potential, 4, rattle=0.03)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calculator = matscipy.EAM(str(potential.path()), kind=potential.style)
        expected = calculator.get_hessian(atoms, "sparse").toarray()
    H = hessian(atoms, potential).toarray()
    # its splines go through the same points another way
    assert abs(expected - H).max() < 1e-3 * abs(H).max()
    assert abs(np.linalg.eigvalsh(expected) - np.linalg.eigvalsh(H)).max() < 1e-3 * abs(H).max()


@pytest.mark.parametrize(
    "name, symbol, edge, tolerance", [("lennard-jones", "Ar", 1.55, 1e-6), (CU_ZR, "Cu", 3.64, 1e-3)]
)
def test_phonopy_on_an_fcc_crystal(name, symbol, edge, tolerance):
    """The supercell's levels are phonopy's at every wave vector that fits into it; its forces come from LAMMPS."""
    phonopy = pytest.importorskip("phonopy")
    from phonopy.structure.atoms import PhonopyAtoms

    potential, copies = _get(name), 4
    primitive = bulk(symbol, "fcc", edge)
    cell = PhonopyAtoms(
        symbols=[symbol], cell=primitive.cell.array, scaled_positions=[[0, 0, 0]], masses=[potential.masses[0]]
    )
    phonon = phonopy.Phonopy(cell, np.diag([copies] * 3), log_level=0)
    phonon.generate_displacements(distance=1e-4)
    sets = []
    for moved in phonon.supercells_with_displacements:
        atoms = Atoms(moved.symbols, moved.positions, cell=moved.cell, pbc=True)
        with Session(atoms, potential) as session:
            sets.append(session.evaluate()[1].copy())
    phonon.forces = sets
    phonon.produce_force_constants()
    q = np.stack(np.meshgrid(*[np.arange(copies) / copies] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    levels = []
    for point in q:
        phonon.dynamical_matrix.run(point)
        levels.append(np.linalg.eigvalsh(phonon.dynamical_matrix.dynamical_matrix))
    supercell = primitive.repeat(copies)
    D = dynamical_matrix(supercell, potential)
    ours = np.linalg.eigvalsh(D.toarray())
    np.testing.assert_allclose(ours, np.sort(np.concatenate(levels)), atol=tolerance * ours[-1])
    # Gamma: three translations and no more; along (q, q, 0) wave by wave
    assert (ours < 1e-9 * ours[-1]).sum() == 3 and ours[3] > 0.01 * ours[-1]
    for point in ([0.25, 0.25, 0.5], [0.5, 0.5, 0], [0.25, 0, 0]):
        wave = np.exp(2j * np.pi * supercell.positions @ primitive.cell.reciprocal().T @ point) / np.sqrt(
            len(supercell)
        )
        basis = np.kron(wave[:, None], np.eye(3))
        at = basis.conj().T @ (D @ basis)
        phonon.dynamical_matrix.run(point)
        theirs = phonon.dynamical_matrix.dynamical_matrix
        np.testing.assert_allclose(np.linalg.eigvalsh(at), np.linalg.eigvalsh(theirs), atol=tolerance * ours[-1])


def test_the_engine_takes_every_form():
    potential = _get(CU_ZR)
    atoms = bulk("Cu", "fcc", 3.64, cubic=True).repeat(3)
    forms = [check_operator(dynamical_matrix(atoms, potential, factored=f)) for f in (False, True)]
    start = np.random.default_rng(1).standard_normal((324, 3))
    moments = [chebyshev_moments(D, start, 60, spectral_bound(forms[0])) for D in forms]
    np.testing.assert_allclose(moments[0], moments[1], atol=1e-10 * abs(moments[0]).max())


def test_rattlers_have_empty_rows():
    potential = potentials.get("harmonic-spheres")
    atoms = Atoms("X4", [[1, 1, 1], [1.9, 1, 1], [5, 5, 5], [7, 2, 7]], cell=[9, 9, 9], pbc=True)
    H = hessian(atoms, potential).toarray()
    assert not H[6:].any() and not H[:, 6:].any()
    # one contact of overlap 0.1: stiffness 1 along, -0.1/0.9 across
    np.testing.assert_allclose(np.linalg.eigvalsh(H)[[0, 1, -1]], [-2 / 9, -2 / 9, 2], atol=1e-12)
    np.testing.assert_allclose(forces(atoms, potential)[:2], [[-0.1, 0, 0], [0.1, 0, 0]], atol=1e-12)
    assert energy(atoms, potential) == pytest.approx(0.005)
    # no contact at all
    atoms.positions[1, 0] = 3
    assert not hessian(atoms, potential).toarray().any() and energy(atoms, potential) == 0


def test_what_cannot_be_meant_is_refused():
    potential = potentials.get("lennard-jones")
    atoms = Atoms("Ar3", [[0, 0, 0], [1, 1, 1], [3, 3, 3]], cell=[6, 6, 6], pbc=True)

    def changed(**settings):
        copy = atoms.copy()
        for name, value in settings.items():
            setattr(copy, name, value)
        return copy

    with pytest.raises(ValueError, match=r"set atoms\.pbc"):
        bonds(changed(pbc=[True, True, False]), potential)
    with pytest.raises(ValueError, match="position of atom 1"):
        hessian(changed(positions=[[0, 0, 0], [0, np.nan, 0], [3, 3, 3]]), potential)
    with pytest.raises(ValueError, match="no volume"):
        energy(changed(cell=[[6, 0, 0], [0, 6, 0], [6, 6, 0]]), potential)
    with pytest.raises(ValueError, match=r"atoms (0 and 2|2 and 0) overlap, 0.001 apart"):
        forces(changed(positions=[[0, 0, 0], [3, 3, 3], [6, 0.001, 0]]), potential)
    with pytest.raises(ValueError, match=r"atoms (0 and 2|2 and 0) overlap, 0 apart"):
        forces(changed(positions=[[0, 0, 0], [3, 3, 3], [0, 0, 0]]), potential)
    with pytest.raises(ValueError, match="no Cu"):
        hessian(changed(symbols="Ar2Cu"), potential)


def test_a_minimum_is_told_from_what_is_none():
    potential = potentials.get("lennard-jones")
    check_minimum(bulk("Ar", "fcc", 1.55, cubic=True).repeat(3), potential, 1e-9)
    # simple cubic: no force, by symmetry, and no minimum
    cubic = bulk("Ar", "sc", 1.05).repeat(5)
    levels = np.linalg.eigvalsh(hessian(cubic, potential).toarray())
    count = (levels < -1e-6).sum()
    assert count > 10
    with pytest.raises(ValueError, match=rf"{count} negative eigenvalue\(s\), lowest {levels[0]:.3g}"):
        check_minimum(cubic, potential, 1e-9)
    pushed = bulk("Ar", "fcc", 1.55, cubic=True).repeat(3)
    pushed.positions[17, 1] += 0.01
    with pytest.raises(ValueError, match=r"largest force is \S+ on atom 17 \(tolerance 1e-09\), no eigenvalue"):
        check_minimum(pushed, potential, 1e-9)


def test_a_large_structure_is_checked_by_lanczos():
    potential = potentials.get("lennard-jones")
    check_minimum(bulk("Ar", "fcc", 1.55, cubic=True).repeat(8), potential, 1e-9)
    cubic = bulk("Ar", "sc", 1.05).repeat(12)
    with pytest.raises(ValueError, match="a negative eigenvalue at or below -"):
        check_minimum(cubic, potential, 1e-9)


def test_the_springs_of_an_oblique_cell_have_the_modulus_of_the_same_crystal_in_a_cube():
    cubic = bulk("Ar", "fcc", a=np.sqrt(2) * 1.1, cubic=True).repeat(3)
    primitive = bulk("Ar", "fcc", a=np.sqrt(2) * 1.1).repeat(5)
    moduli = []
    for atoms in (cubic, primitive):
        network = bond_network(atoms, "lennard-jones", cutoff=1.3)
        assert np.prod(network.box) == pytest.approx(atoms.get_volume())
        moduli.append(scalar_modulus(network))
    np.testing.assert_allclose(moduli[0], moduli[1], rtol=1e-10, atol=1e-10)
