"""Studies of single atoms: what is known of made-up heights comes out of them."""

import atomic_studies as studies
import numpy as np
import pytest
import xarray as xr
from matscipy.neighbours import neighbour_list

from bosonpeak.archive.results import load_result
from bosonpeak.papers.tao_2023.atoms import R, atomic_rows, within_elements


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    """Six archived structures, as if of six parents, with made-up heights: the number of neighbours within 3.5 A."""
    found = load_result("samples", "Cu50Zr50-mendelev-2019-n1000-atoms").isel(sample=slice(0, 6)).load()
    height = []
    for atoms in studies.structures_of(found):
        near = np.bincount(neighbour_list("i", atoms, 3.5), minlength=len(atoms)).astype(float)
        for z in np.unique(atoms.numbers):
            near[atoms.numbers == z] -= near[atoms.numbers == z].mean()
        height.append(10 ** (-6.5 + 0.05 * near))
    return found.assign(atomic_intensity=(("sample", "atom"), height), seed=("sample", np.arange(6)))


def test_the_channels_of_an_atom_are_those_around_its_own_element(table):
    rows = atomic_rows(table.isel(sample=[0]))
    own, every = studies.own_channels(rows), rows.inputs.reshape(1000, 2, 2, len(R))
    for element, z in enumerate((29, 40)):
        inside = rows.number == z
        np.testing.assert_array_equal(own[inside].reshape(-1, 2, len(R)), every[inside, element])
    assert studies.own_channels(rows, 6.9).shape == (1000, 2 * (R <= 6.9).sum())


def test_a_graph_has_every_pair_of_neighbours_once_in_each_direction(table):
    (atoms,) = studies.structures_of(table.isel(sample=[0]))
    made = studies.graph(atoms)
    real = made["pairs"][0, :, 0] < len(atoms)
    i, j = made["pairs"][0, real].T
    assert set(zip(i, j, strict=True)) == set(zip(j, i, strict=True)) and real.sum() > 15 * len(atoms)
    np.testing.assert_allclose(made["distance"][0, real], _apart(atoms, i, j), rtol=1e-5)
    assert made["distance"].max() <= studies.REACH
    dense = atoms.copy()
    dense.set_cell(0.8 * dense.cell, scale_atoms=True)
    with pytest.raises(ValueError, match="pairs of neighbours"):
        studies.graph(dense)


def _apart(atoms, i, j):
    inverse = np.linalg.inv(atoms.cell.array)
    apart = (atoms.positions[j] - atoms.positions[i]) @ inverse
    return np.linalg.norm((apart - np.round(apart)) @ atoms.cell.array, axis=1).astype("f4")


@pytest.mark.slow
def test_messages_do_not_depend_on_the_order_of_the_atoms_and_learn_a_number_of_neighbours(table, monkeypatch):
    (atoms,) = studies.structures_of(table.isel(sample=[0]))
    model, order = studies.network(len(atoms)), np.random.default_rng(1).permutation(len(atoms))
    plain, mixed = (model.predict_on_batch(studies.graph(a))[0] for a in (atoms, atoms[order]))
    np.testing.assert_allclose(mixed, plain[order], atol=1e-5)
    monkeypatch.setattr(studies, "EPOCHS", 12)
    monkeypatch.setattr(studies, "REPEATS", 1)
    monkeypatch.setattr(studies, "UNSEEN", 0.3)
    found = studies.messages(table)
    assert len(set(found.parent.values)) == 2 and found.sizes["unseen"] == 2000
    learned = within_elements(found.true.values, found.predicted.values[0], found.number.values)
    # the curve ends with the first network
    assert learned > 0.6 and found.curve.values[-1] == pytest.approx(learned, abs=1e-4)


@pytest.mark.slow
def test_a_field_of_neighbour_numbers_is_correlated_nearby_alone(table):
    found = studies.field(table)
    true = found.correlation.sel(kind="true").mean("sample")
    near, far = true.sel(r=slice(2, 4)).mean(), true.sel(r=slice(10, 12.5)).mean()
    # the number within 3.5 A is that of a sphere, which neighbours share; far away nothing is left
    assert near > 0.05 and abs(far) < 0.02
    # what is predicted without an error leaves a residual that is not correlated
    assert set(found.kind.values) == {"true", "predicted", "residual"} and 3 < found.length < 10


@pytest.mark.slow
def test_what_depends_on_the_first_shell_is_transferred_to_another_glass(table):
    found = studies.transfer(table)
    assert found.own > 0.8 and found.sizes["glass"] == len(set(found.glass.values)) > 20
    # those glasses have real heights, which a number of neighbours does not determine
    assert (abs(found.r) < found.own).all() and (found.spread > 0.05).all()


def test_soap_is_compared_on_the_same_folds(table):
    pytest.importorskip("dscribe", reason="the extra descriptors of pyproject.toml is not installed")
    found = studies.soap(table)
    assert found.curve.sizes == {"input": 5, "count": 1} and found.sizes["atom"] == 6000
    each = [within_elements(found.true.values, p, found.number.values) for p in found.predicted.values]
    assert min(each) > 0.5


@pytest.mark.slow
def test_heights_that_are_read_again_in_the_same_way_are_the_same(monkeypatch):
    real = load_result("samples", "Cu50Zr50-mendelev-2019-n1000-atoms").isel(sample=slice(0, 1))
    monkeypatch.setattr(studies, "WIDTHS", (1.0, 1.4))
    monkeypatch.setattr(studies, "READ", 1)
    same, wider = studies.ceiling(real).r.values[0]
    assert same > 1 - 1e-6 > 0.999 > wider > 0.9
