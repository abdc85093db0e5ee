"""Grueneisen parameters: power laws in closed form, crossings, linear response, determinants, phonopy, other basins."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from bosonpeak.materials import glasses, potentials
from bosonpeak.materials.geometry import displacements
from bosonpeak.materials.lammps import Session
from bosonpeak.materials.pair import PairInteraction
from bosonpeak.materials.potentials import Potential
from bosonpeak.vibrations.gruneisen import (
    TRACKINGS,
    Gruneisen,
    atomic_gruneisen,
    cumulative_gruneisen,
    follow_modes,
    match_modes,
    mode_gruneisen,
    scale_volume,
    strain_volume,
)
from bosonpeak.vibrations.hessian import dynamical_matrix, energy, forces
from bosonpeak.vibrations.modes import low_frequency_modes, normal_modes
from bosonpeak.vibrations.spectra import translations

SPHERES, LJ, KA = (potentials.get(name) for name in ("harmonic-spheres", "lennard-jones", "kob-andersen"))
CU_ZR = potentials.get("cu-zr-mendelev-2009")


@dataclass(frozen=True)
class PowerLaws(Potential):
    """r^-n between Ni, 0.35 r^-m between P, nothing between one and the other; n and m by `powers`."""

    powers: tuple[int, int] = (8, 14)

    def interaction(self):
        n, m = self.powers
        coefficients = np.zeros((2, 2, 2))
        coefficients[0, 0, 0], coefficients[1, 1, 1] = 1, 0.35
        return PairInteraction(np.array([[1.25, 0.01], [0.01, 1.25]]), np.array([-n, -m]), coefficients)

    def lammps_commands(self):
        n, m = self.powers
        return [
            "pair_style lepton 1.25", f'pair_coeff 1 1 "r^(-{n})"', f'pair_coeff 2 2 "0.35*r^(-{m})"',
            'pair_coeff 1 2 "0" 0.01', "mass * 1.0",
        ]  # fmt: skip


POWERS = PowerLaws("powers", ("Ni", "P"), (1.0, 1.0), "lj", 1.25, "lepton 1.25", "a formula")


def _fcc(symbol, distance=1.0, repeat=2):
    atoms = bulk("X", "fcc", distance * 2**0.5, cubic=True).repeat(repeat)
    atoms.symbols = [symbol] * len(atoms)
    return atoms


def _two_crystals():
    """Two fcc lattices, one in the other, that do not feel each other."""
    first, second = _fcc("Ni"), _fcc("P")
    second.positions += [2**-0.5, 0, 0]
    return first + second


def _of_a_power(n, strain, tracking):
    """gamma of D ~ V^(-(n + 2) / 3) by a central difference of the frequency, or of its square."""
    p = (n + 2) / 6
    q = 2 * p if tracking == "perturbation" else p
    return ((1 - strain) ** -q - (1 + strain) ** -q) / (2 * strain) * p / q


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    # threads of BLAS that wait for each other cost more than matrices this small
    monkeypatch.setenv("BOSONPEAK_THREADS", "1")


@pytest.fixture(scope="module")
def glass(tmp_path_factory):
    """80 Lennard-Jones particles of two kinds, quenched at once."""
    recipe = glasses.GlassRecipe(
        "kob-andersen", "Ni80P20", 80, math.inf, 2, math.inf, number_density=1.2, force_tolerance=1e-11
    )
    return glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))


@pytest.fixture(scope="module")
def metal(tmp_path_factory):
    recipe = glasses.GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
    return glasses.melt_quench(recipe, tmp_path_factory.mktemp("glasses"))


@pytest.mark.parametrize("tracking", TRACKINGS)
@pytest.mark.parametrize("relax", [False, True])
@pytest.mark.parametrize("n", [8, 12])
def test_a_power_law_has_one_gamma(n, relax, tracking):
    found = mode_gruneisen(_fcc("Ni"), replace(POWERS, powers=(n, 14)), relax=relax, tracking=tracking)
    np.testing.assert_allclose(found.gamma, _of_a_power(n, 0.01, tracking), rtol=1e-9)
    np.testing.assert_allclose(found.gamma, (n + 2) / 6, rtol=1e-3)
    # 32 atoms without three translations
    assert found.gamma.shape == (93,) and found.polarizations.shape == (96, 93) and found.unit == "reduced"
    assert abs(found.polarizations.T @ translations(32, 3)).max() < 1e-9
    np.testing.assert_allclose(found.volumes / found.volumes[1], [0.99, 1, 1.01], rtol=1e-12)
    assert found.imaginary.tolist() == [0, 0] and not found.jumped and found.relaxed == relax
    assert (found.basins is None) != relax
    if relax:
        assert found.basins.nonaffine.max() < 1e-8 and found.basins.asymmetry == 0


def test_index_sorting_is_wrong_where_levels_cross_and_the_two_others_are_not():
    atoms, strain = _two_crystals(), 0.05
    strained = strain_volume(atoms, POWERS, strain, relax=False)
    index, perturbation, overlap = (follow_modes(strained, POWERS, tracking) for tracking in TRACKINGS)
    # the translations of either lattice are left out
    assert len(index.gamma) == 3 * 64 - 6
    second = (overlap.polarizations[96:] ** 2).sum(axis=0)
    assert (np.minimum(second, 1 - second) < 1e-12).all() and 90 < (second > 0.5).sum() < 96
    for found in (perturbation, overlap):
        expected = np.where(second > 0.5, *(_of_a_power(n, strain, found.tracking) for n in (14, 8)))
        np.testing.assert_allclose(found.gamma, expected, rtol=1e-8)
    crossed = abs(index.gamma - overlap.gamma) > 1e-6
    assert 0.1 < crossed.mean() < 1
    # what is wrong for each is right for all
    assert index.gamma @ index.omega == pytest.approx(overlap.gamma @ overlap.omega, rel=1e-9)
    # a lattice's levels are degenerate: overlaps depend on their bases, but are never with the other lattice
    assert overlap.overlap.min() > 0.01 and index.overlap is None


def test_without_crossings_overlap_is_index(glass):
    strained = strain_volume(glass, KA, 1e-5, False, 1e-10)
    index, perturbation, overlap = (follow_modes(strained, KA, tracking) for tracking in TRACKINGS)
    np.testing.assert_allclose(overlap.gamma, index.gamma, atol=1e-6)
    assert overlap.overlap.min() > 0.99
    # the slope at V0, where no level is degenerate
    assert np.diff(index.omega).min() > 1e-5 * index.omega[-1]
    np.testing.assert_allclose(index.gamma, perturbation.gamma, atol=2e-4 * abs(index.gamma).max())


def test_modes_are_found_again_in_another_order():
    rng = np.random.default_rng(1)
    before = np.linalg.qr(rng.standard_normal((40, 40)))[0]
    order = np.arange(40)
    order[3:9] = rng.permutation(order[3:9])
    at, overlap = match_modes(before, -before[:, order])
    assert (order[at] == np.arange(40)).all() and overlap.min() > 1 - 1e-12
    turned = before.copy()
    turned[:, [5, 6]] = before[:, [5, 6]] @ [[0.8, -0.6], [0.6, 0.8]]
    at, overlap = match_modes(before, turned)
    assert (at == np.arange(40)).all() and overlap[[5, 6]] == pytest.approx([0.8, 0.8])
    # modes that go further than the window are lost, tell so, and leave the others alone
    far = np.roll(np.arange(40), 7)
    assert match_modes(before, before[:, far], window=33)[1].min() > 1 - 1e-12
    at, overlap = match_modes(before, before[:, far], window=8)
    assert at[:33].tolist() == list(range(7, 40)) and overlap[:33].min() > 1 - 1e-12
    assert (at[33:] == -1).all() and not overlap[33:].any()


def test_minimised_again_the_atoms_follow_their_linear_response(glass):
    """gamma at the minima is that of cells whose atoms move by -H^+ dF/dV besides."""
    strain = 2e-5
    found = mode_gruneisen(glass, KA, strain, relax=True, tracking="perturbation", force_tolerance=1e-11)
    D, n = dynamical_matrix(glass, KA).toarray(), len(glass)
    cells = [scale_volume(glass, 1 + sign * strain) for sign in (-1, 1)]
    push = (forces(cells[1], KA) - forces(cells[0], KA)).ravel() / 2
    u = (np.linalg.pinv(D, rcond=1e-10) @ push).reshape(n, 3)
    for sign, cell in zip((-1, 1), cells, strict=True):
        cell.positions += sign * u
    below, above = (dynamical_matrix(cell, KA) for cell in cells)
    modes = normal_modes(D)
    omega, e = modes.omega[3:], modes.polarizations[:, 3:]
    expected = -(e * ((above - below) @ e)).sum(axis=0) / (4 * strain * omega**2)
    np.testing.assert_allclose(found.gamma, expected, atol=1e-4 * abs(expected).max())
    assert found.basins.nonaffine == pytest.approx([np.linalg.norm(u)] * 2, rel=1e-3)
    assert found.basins.asymmetry < 1e-3 and found.basins.returned.max() < 1e-8
    # they matter: the lowest mode's has the other sign
    affine = mode_gruneisen(glass, KA, strain, relax=False, tracking="perturbation")
    assert found.gamma[0] < -5 < 0 < affine.gamma[0]


@pytest.mark.parametrize("relax", [False, True])
def test_all_gammas_add_up_to_the_determinant(glass, relax):
    strained = strain_volume(glass, KA, 1e-4, relax, 1e-11)
    rest = translations(len(glass), 3)
    logarithms = [
        np.linalg.slogdet(dynamical_matrix(atoms, KA).toarray() + rest @ rest.T)[1]
        for atoms in (strained.lower, strained.higher)
    ]
    expected = -(logarithms[1] - logarithms[0]) / (4 * 1e-4)
    for tracking in TRACKINGS:
        assert follow_modes(strained, KA, tracking).gamma.sum() == pytest.approx(expected, rel=1e-4)


def test_phonopy_on_a_lennard_jones_crystal():
    """Every level of the supercell and its gamma are phonopy's, at the wave vectors that fit into it."""
    phonopy = pytest.importorskip("phonopy")
    from phonopy.gruneisen.core import GruneisenBase
    from phonopy.structure.atoms import PhonopyAtoms

    copies, primitive = 3, bulk("Ar", "fcc", 1.55)
    matrices = []
    for factor in (1, 1.01, 0.99):
        strained = scale_volume(primitive, factor)
        cell = PhonopyAtoms(symbols=["Ar"], cell=strained.cell.array, scaled_positions=[[0, 0, 0]], masses=[1.0])
        phonon = phonopy.Phonopy(cell, np.diag([copies] * 3), log_level=0)
        phonon.generate_displacements(distance=1e-4)
        sets = []
        for moved in phonon.supercells_with_displacements:
            with Session(Atoms(moved.symbols, moved.positions, cell=moved.cell, pbc=True), LJ) as session:
                sets.append(session.evaluate()[1].copy())
        phonon.forces = sets
        phonon.produce_force_constants()
        matrices.append(phonon.dynamical_matrix)
    q = np.stack(np.meshgrid(*[np.arange(copies) / copies] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    theirs = GruneisenBase(*matrices, qpoints=q[1:])
    square, gamma = theirs.get_eigenvalues().ravel(), theirs.get_gruneisen().ravel()
    # at Gamma phonopy divides by zero
    found = mode_gruneisen(primitive.repeat(copies), LJ, relax=True, tracking="perturbation")
    assert len(found.gamma) == len(gamma) == 3 * 26
    np.testing.assert_allclose(found.omega**2, np.sort(square), rtol=1e-5)
    # within a degenerate level the order is anyone's
    at, order = np.lexsort((found.gamma, found.omega.round(3))), np.lexsort((gamma, np.sqrt(square).round(3)))
    np.testing.assert_allclose(found.gamma[at], gamma[order], rtol=1e-4)
    assert np.ptp(gamma) > 0.1


def test_modes_without_a_real_frequency_have_no_gamma():
    # a Lennard-Jones crystal pulled so far that it tears: stable, but hardly
    atoms = _fcc("Ar", 1.22, 3)
    strained = strain_volume(atoms, LJ, 0.05, relax=False)
    stretched = np.linalg.eigvalsh(dynamical_matrix(strained.higher, LJ).toarray())
    lost = int((stretched < -1e-9 * stretched[-1]).sum())
    assert lost > 0
    for tracking in ("index", "overlap"):
        found = follow_modes(strained, LJ, tracking)
        assert found.imaginary.tolist() == [0, lost] and np.isnan(found.gamma).sum() == lost
    assert np.isnan(follow_modes(strained, LJ, "index").gamma[:lost]).all()
    # the slope at V0 is there, and the modes that go are known by e.De
    perturbation = follow_modes(strained, LJ, "perturbation")
    assert np.isfinite(perturbation.gamma).all() and perturbation.imaginary.tolist() == [0, lost]


def test_the_lowest_modes_of_a_large_structure_do(metal):
    masses = np.array(CU_ZR.masses)[CU_ZR.types(metal)]
    D = dynamical_matrix(metal, CU_ZR, factored=True)
    low = low_frequency_modes(D, 12, project_out=translations(len(metal), 3, masses))
    strained = strain_volume(metal, CU_ZR, relax=False)
    every, few = (follow_modes(strained, CU_ZR, "perturbation", modes) for modes in (None, low))
    assert every.unit == "rad/ps" and len(every.omega) == 321 and 2 < every.omega[0] < 4 and 40 < every.omega[-1] < 60
    np.testing.assert_allclose(few.omega, every.omega[:12], rtol=1e-7)
    np.testing.assert_allclose(few.gamma, every.gamma[:12], atol=1e-5)
    # all modes, translations among them, serve every tracking
    given = normal_modes(dynamical_matrix(metal, CU_ZR))
    for tracking in TRACKINGS:
        one, other = (follow_modes(strained, CU_ZR, tracking, modes) for modes in (None, given))
        assert len(other.gamma) == 321
        np.testing.assert_allclose(one.gamma, other.gamma, atol=1e-5)
    with pytest.raises(ValueError, match="12 of 324 modes are given, tracking by overlap needs all"):
        follow_modes(strained, CU_ZR, "overlap", low)


def test_other_basins_are_told(tmp_path):
    """Minima of sheared contacts either are found again at V0 to rounding, or lie far away, at another energy."""
    jumped, returned = [], []
    for seed in (1, 2, 3):
        recipe = glasses.GlassRecipe(
            "harmonic-spheres", "X", 128, math.inf, seed, math.inf, number_density=0.73 * 6 / np.pi,
            force_tolerance=1e-13,
        )  # fmt: skip
        atoms = glasses.melt_quench(recipe, tmp_path)
        for strain in (1e-5, 0.01, 0.03):
            strained = strain_volume(atoms, SPHERES, strain, True, 1e-12, steps=1)
            basins = strained.basins
            jumped.extend(basins.jumped)
            returned.extend(basins.returned)
            if strain == 1e-5:
                assert not basins.jumped.any() and basins.asymmetry < 0.1
            for end, left in zip((strained.lower, strained.higher), basins.jumped, strict=True):
                back = glasses.inherent_structure(
                    scale_volume(end, atoms.cell.volume / end.cell.volume), SPHERES, 1e-12, "fire"
                )
                assert (abs(energy(back, SPHERES) - energy(atoms, SPHERES)) > 1e-8) == left
    jumped, returned = np.array(jumped), np.array(returned)
    assert 3 <= jumped.sum() < 12
    assert returned[jumped].min() > 0.03 and returned[~jumped].max() < 1e-6
    found = mode_gruneisen(atoms, SPHERES, 0.03, relax=True, tracking="perturbation", force_tolerance=1e-12)
    assert found.jumped and found.basins.jumped.any() and found.relaxed


def test_a_rattler_elsewhere_is_no_other_basin(tmp_path):
    recipe = glasses.GlassRecipe(
        "harmonic-spheres", "X", 128, math.inf, 6, math.inf, number_density=0.66 * 6 / np.pi, force_tolerance=1e-13
    )
    atoms = glasses.melt_quench(recipe, tmp_path)
    (rattler,) = np.flatnonzero(dynamical_matrix(atoms, SPHERES).diagonal().reshape(-1, 3).max(axis=1) < 1e-9)
    # hardly out of touch with its neighbour: this one pushes it in the smaller cell and does not call it back
    distance = atoms.get_distances(rattler, range(128), mic=True)
    wall = int(np.argsort(distance)[1])
    way = atoms.get_distance(rattler, wall, mic=True, vector=True)
    atoms.positions[rattler] += way * (1 - (1 + 1e-6) / distance[wall])
    strained = strain_volume(atoms, SPHERES, 1e-4, True, 1e-12, jump_distance=1e-6)
    assert np.linalg.norm(displacements(atoms, strained.lower)[rattler]) > 2e-5
    assert strained.basins.returned.max() < 1e-7 and not strained.basins.jumped.any()
    # its three directions are left out, and the translations
    assert len(follow_modes(strained, SPHERES, "perturbation").gamma) == 3 * 128 - 6


def _made_up(omega, gamma, polarizations):
    return Gruneisen(
        np.array(omega), "reduced", np.array(gamma), polarizations, np.array([0.99, 1, 1.01]), False, "index", None,
        np.zeros(2, int), None,
    )  # fmt: skip


def test_atoms_share_the_gamma_of_the_modes(glass):
    found = mode_gruneisen(glass, KA, relax=False, tracking="index")
    whole, mean = (atomic_gruneisen(found, normalise=normalise) for normalise in (False, True))
    assert whole.sum() == pytest.approx(found.gamma.sum(), rel=1e-10)
    weight = (found.polarizations.reshape(80, 3, -1) ** 2).sum(axis=(1, 2))
    # all but the translations: 3 - 3 / N for every atom
    np.testing.assert_allclose(weight, 3 - 3 / 80, rtol=1e-9)
    assert (mean * weight).sum() / weight.sum() == pytest.approx(found.gamma.mean(), rel=1e-10)
    low, high = found.omega[5], found.omega[20]
    window = atomic_gruneisen(found, low, high)
    assert window.sum() == pytest.approx(found.gamma[5:20].sum(), rel=1e-10)
    below, above = atomic_gruneisen(found, 0, low), atomic_gruneisen(found, high)
    np.testing.assert_allclose(below + window + above, whole, atol=1e-10)


def test_an_atom_has_the_gamma_of_its_own_mode():
    # the third atom is at rest, the last mode has no gamma
    e = np.zeros((9, 3))
    e[0, 0] = e[4, 1] = e[5, 2] = 1
    found = _made_up([1.0, 2.0, 3.0], [2.0, -1.0, np.nan], e)
    np.testing.assert_array_equal(atomic_gruneisen(found), [2, -1, 0])
    np.testing.assert_array_equal(atomic_gruneisen(found, normalise=True), [2, -1, np.nan])
    np.testing.assert_array_equal(atomic_gruneisen(found, 1.5), [0, -1, 0])
    with pytest.raises(ValueError, match=r"no mode with a Grueneisen parameter lies between 2.5 and inf reduced"):
        atomic_gruneisen(found, 2.5)


def test_the_running_mean_is_that_of_the_modes_below():
    found = _made_up([1.0, 2.0, 3.0, 4.0], [4.0, 0.0, np.nan, 2.0], np.eye(6)[:, :4])
    mean, deviation = cumulative_gruneisen(found, [0.5, 1.5, 3.5, 9.0])
    np.testing.assert_allclose(mean, [np.nan, 4, 2, 2])
    np.testing.assert_allclose(deviation, [np.nan, 0, 2, np.std([4, 0, 2])])


def test_what_does_not_fit_is_refused(glass):
    for strain in (0, -0.01, 0.1, np.nan):
        with pytest.raises(ValueError, match=r"the change of volume must lie between 0 and 0.1"):
            mode_gruneisen(glass, KA, strain, relax=False, tracking="index")
    with pytest.raises(ValueError, match="unknown tracking 'nearest': choose one of index, perturbation, overlap"):
        mode_gruneisen(glass, KA, relax=True, tracking="nearest")
    with pytest.raises(ValueError, match="steps = 0"):
        strain_volume(glass, KA, steps=0)
    shaken = glass.copy()
    shaken.positions[3] += 0.05
    with pytest.raises(ValueError, match="the structure is not a minimum: a force of"):
        mode_gruneisen(shaken, KA, relax=True, tracking="index")
    # forces vanish by symmetry, but the crystal tears
    with pytest.raises(ValueError, match="the structure is not a minimum"):
        mode_gruneisen(_fcc("Ar", 1.4, 3), LJ, relax=False, tracking="index")
    modes = normal_modes(dynamical_matrix(glass, KA))
    strained = strain_volume(glass, KA, relax=False)
    for bad, message in (
        (replace(modes, polarizations=modes.polarizations[:-3]), "do not fit 80 atoms"),
        (replace(modes, omega=modes.omega[:-3]), "do not fit 80 atoms"),
        (replace(modes, omega=98.2 * modes.omega), "does not belong to this structure"),
        (replace(modes, polarizations=modes.polarizations[:, ::-1]), "does not belong to this structure"),
    ):
        with pytest.raises(ValueError, match=message):
            follow_modes(strained, KA, "perturbation", bad)
    for shapes in (((6, 3), (6, 2)), ((6, 3), (9, 3))):
        with pytest.raises(ValueError, match="must be alike"):
            match_modes(*(np.zeros(shape) for shape in shapes))
