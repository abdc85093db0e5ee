"""Surroundings of single atoms: what is known of them comes out."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from atomic_studies import NETWORK, cut_rows, predict_atoms

from bosonpeak.learning.regression import Network
from bosonpeak.materials.glasses import load
from bosonpeak.papers.tao_2023 import atoms
from bosonpeak.papers.tao_2023.studies import extremes

NAMES = [f"Cu50Zr50-mendelev-2009-n1000-1e13-s{s}" for s in (1, 2, 3)]


@pytest.fixture(scope="module")
def table():
    """Three glasses whose atoms have a made-up peak: high where their first shell is thin."""
    glasses = [load(name) for name in NAMES]
    data = xr.Dataset(
        {
            "position": (("sample", "atom", "axis"), [g.positions for g in glasses]),
            "number": (("sample", "atom"), [g.numbers for g in glasses]),
            "cell": ("sample", [g.cell.lengths()[0] for g in glasses]),
            "atomic_intensity": (("sample", "atom"), np.ones((3, 1000))),
            "seed": ("sample", [1, 2, 3]),
        }
    )
    near = atoms.atomic_rows(data).inputs.reshape(3, 1000, 4, -1)[..., (atoms.R > 2) & (atoms.R < 3)].sum(axis=(2, 3))
    for z in (29, 40):
        near[data.number.values == z] -= near[data.number.values == z].mean()
    return data.assign(atomic_intensity=(("sample", "atom"), 10 ** (-7 - 0.05 * near)))


@pytest.fixture(scope="module")
def rows(table):
    return atoms.atomic_rows(table)


def test_rows_are_those_of_every_atom(table, rows):
    assert rows.inputs.shape == (3000, 4 * len(atoms.R)) and rows.inputs.dtype == np.float32
    np.testing.assert_allclose(10**rows.target, table.atomic_intensity.values.ravel(), rtol=1e-10)
    assert (rows.parent == np.repeat([1, 2, 3], 1000)).all() and (rows.sample == np.repeat([0, 1, 2], 1000)).all()
    second = cut_rows(atoms.atomic_rows(table, samples=[1]), 5.0)
    whole = rows.inputs[1000:2000].reshape(1000, 4, -1)
    assert (second.inputs.reshape(1000, 4, -1)[..., atoms.R <= 5] == whole[..., atoms.R <= 5]).all()
    assert not second.inputs.reshape(1000, 4, -1)[..., atoms.R > 5.01].any()
    with pytest.raises(ValueError, match="leaves no shell"):
        cut_rows(rows, 1.0)
    # far away every atom sees the mean density
    assert abs(rows.inputs.reshape(3000, 4, -1)[..., -20:].sum(axis=1).mean() / 2 - 1) < 0.02


@pytest.mark.slow
def test_a_dependence_on_the_first_shell_is_learned_and_a_shuffled_one_is_not(rows):
    network = Network(hidden=(16,), learning_rate=1.0, epochs=50, patience=25, batch=128, dropout=0.0)
    found = predict_atoms(rows, network, repeats=1, share=0.33)
    assert found.unseen.sum() == 1000 and len(np.unique(rows.parent[found.unseen])) == 1
    number = rows.number[found.unseen]

    assert atoms.within_elements(found.true, found.predicted[0], number) > 0.6
    control = predict_atoms(rows, network, repeats=1, share=0.33, shuffled=True)
    assert (control.true == found.true).all()
    assert abs(atoms.within_elements(control.true, control.predicted[0], number)) < 0.3


def test_a_correlation_within_elements_does_not_see_the_elements():
    number = np.array([29, 29, 29, 40, 40, 40])
    true, apart = np.array([0.0, 1, 2, 10, 11, 12]), np.array([2.0, 1, 0, 30, 31, 32])
    # -1 among the first three, 1 among the others
    assert atoms.within_elements(true, apart, number) == pytest.approx(0) and np.corrcoef(true, apart)[0, 1] > 0.9
    assert atoms.within_elements(true, true, number) == pytest.approx(1)


def test_extreme_atoms_differ_where_they_should(rows):
    low, high = atoms.extreme_functions(rows, rows.target)
    # a high peak was given to thin first shells
    inside = (atoms.R > 2) & (atoms.R < 3)
    thick, thin = (found[:, inside].sum(axis=1).reshape(2, 2).sum(axis=1) for found in (low, high))
    assert (thin < 0.8 * thick).all()
    every = atoms.extreme_functions(rows, np.arange(3000), share=0.5)
    copper = rows.number == 29
    cu_zr = rows.inputs.reshape(3000, 4, -1)[:1500][copper[:1500]][:, 1].mean(axis=0)
    np.testing.assert_allclose(every[0, 1], cu_zr, rtol=1e-5)
    # a tenth without any zirconium has no g(r) around it
    alone = atoms.extreme_functions(rows, np.where(copper, 1.0, 0.0) + 1e-6 * np.arange(3000), share=0.1)
    assert np.isnan(alone[1, 2:]).all() and np.isfinite(alone[1, :2]).all()
    with pytest.raises(ValueError, match=r"share = 0\.6"):
        atoms.extreme_functions(rows, rows.target, share=0.6)


def test_the_first_peak_is_found_between_the_points():
    gaussian = 3 * np.exp(-0.5 * ((atoms.R - 2.7683) / 0.3) ** 2)
    place, height = atoms.first_peak(np.stack([gaussian, 2 * gaussian]))
    assert place == pytest.approx(2.7683, abs=2e-3) and height == pytest.approx([3, 6], rel=1e-3)


def test_a_table_without_structures_is_refused(table):
    with pytest.raises(ValueError, match="ends with -atoms"):
        atoms.atomic_rows(table.drop_vars("position"))
    still = table.assign(atomic_intensity=table.atomic_intensity * 0)
    with pytest.raises(ValueError, match="without any motion"):
        atoms.atomic_rows(still)


def test_networks_for_atoms_are_the_papers_but_for_the_batch():
    changed = {"batch", "epochs", "patience"}
    ours, theirs = dataclasses.asdict(NETWORK), dataclasses.asdict(Network())
    assert {name for name in ours if ours[name] != theirs[name]} == changed


def test_the_first_shells_of_extreme_atoms_differ_as_they_were_made_to(rows):
    found = atoms.first_shell_intervals(rows, rows.target, rng=1, n_resamples=30)
    whole = atoms.first_shell(rows, rows.target)
    # a high peak was given to thin shells between 2 and 3 A, where the first neighbours of copper are
    assert (found["height"][0] == whole["height"]).all() and (whole["height"][[0, 2]] < 0.6).all()
    assert found["highest"][0] == whole["height"].max() and found["least_order"][0] == whole["order"].min()
    assert found["mean_place"][0] == pytest.approx(whole["place"].mean())
    for value, (low, high) in found.values():
        assert np.all(low <= value) and np.all(value <= high) and np.any(low < high)
    # every atom twice is every atom once
    twice = np.tile(np.arange(3000), 2)
    again = atoms.first_shell(rows, rows.target[twice], chosen=twice)
    np.testing.assert_allclose(again["height"], whole["height"], rtol=1e-5)
    chance = atoms.first_shell(rows, np.random.default_rng(2).uniform(size=3000))
    assert abs(chance["height"] - 1).max() < 0.15 and abs(chance["place"]).max() < 0.05
    copper = np.where(rows.number == 29, 1.0, 0.0) + 1e-6 * np.arange(3000)
    assert np.isnan(atoms.first_shell(rows, copper)["height"][2:]).all()


def test_tenths_of_each_element_hold_both_whatever_sets_the_elements_apart(rows):
    copper = rows.number == 29
    value = rows.target + np.where(copper, 5.0, 0.0)
    together, apart = extremes(value), extremes(value, kinds=rows.number)
    assert not copper[together[0]].any() and copper[together[1]].all()
    for side, whole in zip(apart, (rows.target[copper].min(), rows.target[copper].max()), strict=True):
        assert abs(len(side) - 300) <= 1 and copper[side].mean() == pytest.approx(copper.mean(), abs=0.01)
        assert whole in rows.target[side]
    # what was added to one element changes nothing within it
    found = atoms.first_shell(rows, value, by_element=True)
    np.testing.assert_array_equal(found["height"], atoms.first_shell(rows, rows.target, by_element=True)["height"])
    assert (found["height"][[0, 2]] < 0.6).all() and np.isnan(atoms.first_shell(rows, value)["height"]).all()


def test_first_peaks_need_only_the_shells_that_hold_them(table, rows):
    near = atoms.atomic_rows(table, r=atoms.NEAR)
    assert near.inputs.shape == (3000, 4 * len(atoms.NEAR)) and atoms.NEAR.max() < 5
    whole, short = (atoms.first_shell(r, r.target) for r in (rows, near))
    for name in whole:
        np.testing.assert_allclose(short[name], whole[name], rtol=1e-6, atol=1e-7)


def test_second_shells_differ_where_they_were_made_to(rows):
    """Half of the atoms get a lower second peak, farther away, and nothing else changes."""
    functions = rows.inputs.reshape(3000, 2, 2, -1).copy()
    second = np.exp(-(((atoms.R - 5.0) / 0.3) ** 2)), np.exp(-(((atoms.R - 5.2) / 0.3) ** 2))
    functions[:] = (atoms.R > 2.0) + 0.2 * (atoms.R < 3.4)
    high = np.arange(3000) % 2 == 1
    for k, few in enumerate((~high, high)):
        functions[few] += ((1.0, 0.8)[k] * second[k]).astype("f4")
    made = dataclasses.replace(rows, inputs=functions.reshape(3000, -1))
    ratio, basin, shift, far = atoms.outer_shells(made, high.astype(float) + 1e-6 * np.arange(3000))
    np.testing.assert_allclose(ratio, 1.8 / 2.0, rtol=0.01)
    np.testing.assert_allclose(shift, 0.2, atol=0.02)
    assert (basin > 0.99).all() and (basin <= 1.0).all()
    assert (far < 1e-3).all()
