"""Normal modes by their own equation, and participation ratios known in closed form."""

import threading

import numpy as np
import pytest
import scipy.sparse as sp
from ase import Atoms

from bosonpeak.networks import diluted_square_lattice, square_lattice_network
from bosonpeak.vibrations.debye import plane_waves
from bosonpeak.vibrations.modes import (
    Modes,
    box_waves,
    frequencies,
    modes_near,
    normal_modes,
    participation_ratio,
    phonon_order_parameter,
)
from bosonpeak.vibrations.operators import FactoredOperator

H = square_lattice_network(14, 0.3, "distance", rng=21).dynamical_matrix()


def _modes(polarizations):
    e = np.asarray(polarizations, float).reshape(len(polarizations), -1)
    return Modes(np.zeros(e.shape[1]), e, np.zeros(e.shape[1]))


def test_modes_solve_their_equation():
    modes = normal_modes(H)
    e = modes.polarizations
    np.testing.assert_allclose(H @ e, e * modes.omega**2, atol=1e-12)
    np.testing.assert_allclose(e.T @ e, np.eye(196), atol=1e-12)
    assert (np.diff(modes.omega) >= 0).all() and (modes.residual < 1e-12).all()
    assert modes.omega[0] == pytest.approx(0, abs=1e-6)
    # the trace is the sum of the squares
    assert (modes.omega**2).sum() == pytest.approx(H.diagonal().sum())


@pytest.mark.parametrize("count", [1, 7, 196, 500])
def test_the_lowest_modes_are_the_lowest_of_all(count):
    modes = normal_modes(H, count)
    kept = min(count, 196)
    np.testing.assert_allclose(modes.omega**2, normal_modes(H).omega[:kept] ** 2, atol=1e-11)
    assert modes.polarizations.shape == (196, kept) and modes.residual.shape == (kept,)
    assert (modes.residual < 1e-11).all()


def test_modes_of_every_form_of_matrix():
    for same in (H.toarray(), sp.bsr_matrix(H, blocksize=(2, 2))):
        np.testing.assert_allclose(normal_modes(same).omega ** 2, normal_modes(H).omega ** 2, atol=1e-11)
    factored = FactoredOperator(H, sp.csr_matrix(np.eye(1, 196)), np.ones(1))
    np.testing.assert_allclose(normal_modes(factored).omega ** 2, np.linalg.eigvalsh(factored.toarray()), atol=1e-11)
    assert (normal_modes(factored).residual < 1e-11).all()


@pytest.mark.parametrize("omega", [1e-3, 0.5, 1.3, 9.0])
@pytest.mark.parametrize("form", ["csr", "bsr", "dense"])
def test_modes_near_a_frequency_are_the_nearest_of_all(omega, form):
    D = {"csr": H, "bsr": sp.bsr_matrix(H, blocksize=(2, 2)), "dense": H.toarray()}[form]
    modes = modes_near(D, omega, 12)
    level = np.linalg.eigvalsh(H.toarray())
    nearest = np.sort(level[np.argsort(abs(level - omega**2))[:12]])
    np.testing.assert_allclose(modes.omega**2, nearest, atol=1e-10)
    np.testing.assert_allclose(modes.polarizations.T @ modes.polarizations, np.eye(12), atol=1e-10)
    assert (modes.residual < 1e-9).all()
    np.testing.assert_array_equal(modes_near(D, omega, 12).polarizations, modes.polarizations)


def test_modes_near_refuses_what_normal_modes_refuses():
    with pytest.raises(ValueError, match="negative"):
        modes_near(sp.diags(np.r_[-0.5, np.linspace(1, 9, 20)]).tocsr(), 0.1, 3)
    for omega, count in ((0, 3), (-1, 3), (np.nan, 3), (1, 0), (1, 195), (1, 400)):
        with pytest.raises(ValueError, match="between 1 and 194"):
            modes_near(H, omega, count)


def test_negative_eigenvalues_are_counted_and_rounding_is_not():
    level = np.r_[-0.5, -0.25, 0, np.linspace(1, 9, 20)]
    with pytest.raises(ValueError, match=r"2 negative eigenvalue\(s\), lowest -0.5 compared with 9"):
        normal_modes(sp.diags(level).tocsr())
    with pytest.raises(ValueError, match=r"1 negative eigenvalue\(s\), lowest -0.5"):
        normal_modes(sp.diags(level).tocsr(), 1)
    with pytest.raises(ValueError, match="negative"):
        frequencies([sp.diags(level).tocsr()])
    assert normal_modes(sp.diags([-1e-12, 1.0]).tocsr()).omega.tolist() == [0, 1]
    assert normal_modes(sp.csr_matrix((3, 3))).omega.tolist() == [0, 0, 0]


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_frequencies_come_in_the_order_given(workers):
    # large ones first, so that small ones finish before them
    matrices = [square_lattice_network(n, 0.3, rng=n).dynamical_matrix() for n in (16, 3, 12, 4, 9, 3, 5, 7)]
    found = frequencies(iter(matrices), workers)
    assert [len(f) for f in found] == [m.shape[0] for m in matrices]
    for f, matrix in zip(found, matrices, strict=True):
        np.testing.assert_allclose(f**2, np.linalg.eigvalsh(matrix.toarray()), atol=1e-11)
        assert (np.diff(f) >= 0).all()
    assert frequencies([]) == []
    np.testing.assert_array_equal(frequencies([matrices[1].toarray()])[0], found[1])


def test_a_generator_is_not_read_far_ahead():
    made, most = [], 0

    def matrices():
        nonlocal most
        for _ in range(30):
            made.append(1)
            most = max(most, len(made) - len(begun))
            yield Counted(square_lattice_network(6, 0.2, rng=1).dynamical_matrix())

    begun = []

    class Counted(sp.csr_matrix):
        def toarray(self, *args, **kwargs):
            begun.append(1)
            return super().toarray(*args, **kwargs)

    assert len(frequencies(matrices(), 2)) == 30
    # two run, two wait, one is in the generator's hand
    assert most <= 5


def test_one_bad_matrix_among_many_is_an_error_and_no_thread_stays():
    good, bad = H, sp.diags([-1.0, 1.0]).tocsr()
    before = threading.active_count()
    with pytest.raises(ValueError, match="1 negative"):
        frequencies([good, bad, good, good], 2)
    with pytest.raises(ValueError, match="square"):
        frequencies(iter([good, np.ones((2, 3))]), 2)
    assert threading.active_count() == before


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_participation_of_one_node_and_of_all(dimension):
    n = 90
    e = np.zeros((n * dimension, 2))
    e[5 * dimension + dimension - 1, 0] = 1
    e[:, 1] = 0.3
    np.testing.assert_allclose(participation_ratio(_modes(e), dimension), [1 / n, 1])


def test_participation_of_a_wave_and_of_m_nodes():
    x = np.arange(240)
    waves = np.stack([np.cos(2 * np.pi * k * x / 240 + 0.3) for k in (1, 7, 31)], axis=1)
    np.testing.assert_allclose(participation_ratio(_modes(waves)), 2 / 3)
    # a product of two waves, and a wave turning in the plane
    grid = np.outer(waves[:, 0], waves[:, 1]).ravel()
    np.testing.assert_allclose(participation_ratio(_modes(grid)), 4 / 9)
    turning = np.stack([np.cos(2 * np.pi * x / 240), np.sin(2 * np.pi * x / 240)], axis=1).ravel()
    np.testing.assert_allclose(participation_ratio(_modes(turning), 2), 1)
    some = np.zeros(240)
    some[:60] = [1, -1] * 30
    np.testing.assert_allclose(participation_ratio(_modes(some)), 0.25)


@pytest.mark.parametrize("dimension, expected", [(1, 1 / 3), (2, 1 / 2), (3, 3 / 5)])
def test_participation_of_random_vectors(dimension, expected):
    # d / (d + 2), from the moments of chi squared
    e = np.random.default_rng(dimension).standard_normal((20000 * dimension, 20))
    np.testing.assert_allclose(participation_ratio(_modes(e), dimension).mean(), expected, rtol=0.01)


def test_participation_does_not_depend_on_the_scale_or_the_order_of_nodes():
    rng = np.random.default_rng(1)
    e = rng.standard_normal((60, 4))
    shuffled = 7.3 * e.reshape(20, 3, 4)[rng.permutation(20)].reshape(60, 4)
    np.testing.assert_allclose(participation_ratio(_modes(shuffled), 3), participation_ratio(_modes(e), 3))


def test_a_pair_cut_off_vibrates_alone():
    # the only mode of one spring on a lattice of free nodes: two nodes of nine
    network = diluted_square_lattice(3, 2 / 9, rng=0)
    assert len(network.bonds) == 1
    modes = normal_modes(network.dynamical_matrix())
    assert modes.omega[-1] == pytest.approx(np.sqrt(2))
    assert participation_ratio(modes)[-1] == pytest.approx(2 / 9)


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_dimension_that_does_not_divide_is_refused(dimension):
    with pytest.raises(ValueError, match=f"101 degrees of freedom are not a multiple of dimension {dimension}"):
        participation_ratio(_modes(np.ones(101)), dimension)


@pytest.mark.parametrize("n", [3, 3000])
def test_a_large_dense_solve_has_all_cores_and_gives_them_back(monkeypatch, n):
    import threadpoolctl

    from bosonpeak.threads import available_cores
    from bosonpeak.vibrations import modes

    def blas():
        return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}

    seen = []

    def solve(*arguments, **options):
        seen.append(blas())
        return np.arange(1.0, 4.0), np.eye(n, 3)

    monkeypatch.setattr(modes, "eigh", solve)
    before = blas()
    modes.normal_modes(np.diag(np.arange(1.0, n + 1)), 3)
    assert seen == [{available_cores() if n >= 3000 else 1}]
    assert blas() == before


EDGE = 8
LATTICE = Atoms(
    f"X{EDGE**3}",
    np.stack(np.meshgrid(*[np.arange(EDGE)] * 3, indexing="ij"), axis=-1).reshape(-1, 3),
    cell=[EDGE] * 3,
    pbc=True,
)


def _wave(n, polarization, phase=0.0, atoms=LATTICE):
    """A real standing wave with n wave lengths along each edge of a cubic box, normalised."""
    e = np.outer(np.cos(atoms.positions @ (2 * np.pi * np.array(n) / atoms.cell[0, 0]) + phase), polarization)
    return e.ravel() / np.linalg.norm(e)


@pytest.mark.parametrize("n", [(1, 0, 0), (0, 0, 2), (1, -2, 0), (1, 1, 1), (2, 2, -1)])
@pytest.mark.parametrize("phase", [0.0, 0.7, np.pi / 2])
def test_a_standing_wave_is_a_phonon(n, phase):
    across = np.linalg.svd(np.array([n], float))[2]
    # longitudinal, and two across that are not those of the library
    assert phonon_order_parameter(_modes(np.stack([_wave(n, s, phase) for s in across], axis=1)), LATTICE, 5) == (
        pytest.approx(1, abs=1e-12)
    )


def test_noise_and_a_single_atom_are_no_phonons_but_their_share_is_found():
    rng = np.random.default_rng(0)
    noise, one = rng.standard_normal(3 * EDGE**3), np.zeros(3 * EDGE**3)
    one[100] = 1
    wave, shifted = _wave((1, 1, 0), [0, 0, 1]), _wave((1, 1, 0), [0, 0, 1], np.pi / 2)
    noise -= wave * (wave @ noise) + shifted * (shifted @ noise)
    noise /= np.linalg.norm(noise)
    mixed = np.sqrt(0.6) * wave + np.sqrt(0.4) * noise
    order = phonon_order_parameter(_modes(np.stack([noise, one, mixed], axis=1)), LATTICE, 40)
    np.testing.assert_allclose(order, [0, 0, 0.6], atol=1e-12)


def test_each_of_q_and_minus_q_must_pass_the_threshold():
    strong, weak = _wave((1, 0, 0), [0, 0, 1]), _wave((0, 1, 0), [0, 0, 1])
    mode = _modes((np.sqrt(0.8) * strong + np.sqrt(0.2) * weak)[:, None])
    for share, expected in ((0.09, 1.0), (0.11, 0.8), (0.39, 0.8), (0.41, 0.0)):
        n_m = share * (3 * EDGE**3 - 3)
        assert phonon_order_parameter(mode, LATTICE, n_m)[0] == pytest.approx(expected, abs=1e-12)


def test_order_parameter_is_its_definition():
    # complex waves, every q one by one, a skewed box, masses
    rng = np.random.default_rng(8)
    cell = np.array([[5.0, 0.3, 0], [-1.1, 6.0, 0.4], [0.5, 0.2, 7.0]])
    atoms = Atoms("X90", scaled_positions=rng.random((90, 3)), cell=cell, pbc=True)
    mass, e = rng.uniform(1, 5, 90), np.linalg.qr(rng.standard_normal((270, 4)))[0]
    n_m, q_max, expected, count = 2.0, 3.3, np.zeros(4), 0
    for n in np.ndindex(15, 15, 15):
        q = 2 * np.pi * np.linalg.solve(cell, np.array(n) - 7.0)
        if not 0 < np.linalg.norm(q) <= q_max:
            continue
        count += 1
        along = q / np.linalg.norm(q)
        first = np.cross(np.eye(3)[np.argmin(abs(along))], along)
        first /= np.linalg.norm(first)
        for s in (along, first, np.cross(along, first)):
            u = (np.exp(1j * atoms.positions @ q) * np.sqrt(mass / mass.sum()))[:, None] * s
            share = abs(u.ravel() @ e) ** 2
            expected += np.where(share >= n_m / 267, share, 0)
    assert len(box_waves(cell, q_max)) == count / 2 > 50
    found = phonon_order_parameter(_modes(e), atoms, n_m, q_max, mass)
    assert (expected > 0.1).all()
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_sound_of_an_alloy_moves_light_and_heavy_alike():
    mass = np.random.default_rng(1).choice([1.0, 9.0], EDGE**3)
    e = _wave((1, 0, 0), [0, 1, 0]).reshape(-1, 3) * np.sqrt(mass)[:, None]
    mode = _modes((e / np.linalg.norm(e)).reshape(-1, 1))
    with_masses = phonon_order_parameter(mode, LATTICE, 100, masses=mass)[0]
    assert with_masses == pytest.approx(1, abs=0.05)
    assert phonon_order_parameter(mode, LATTICE, 100)[0] < with_masses - 0.1


def test_waves_of_a_box_are_all_there_once():
    radius = 5.01 * 2 * np.pi / EDGE
    q = box_waves(np.eye(3) * EDGE, radius)
    omega, count = plane_waves(EDGE, radius, 3)
    length, found = np.unique(np.linalg.norm(q, axis=1).round(9), return_counts=True)
    np.testing.assert_allclose(length, omega, atol=1e-8)
    np.testing.assert_array_equal(2 * found, count)
    assert (np.diff(np.linalg.norm(q, axis=1)) >= -1e-12).all()
    both = np.concatenate([q, -q]).round(9)
    assert len(np.unique(both, axis=0)) == 2 * len(q)


def test_order_parameter_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="512 atoms do not fit modes of 30 degrees of freedom"):
        phonon_order_parameter(_modes(np.ones((30, 1))), LATTICE)
    with pytest.raises(ValueError, match="and 3 masses"):
        phonon_order_parameter(_modes(np.ones((3 * EDGE**3, 1))), LATTICE, masses=np.ones(3))
