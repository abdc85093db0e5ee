"""Tables of saddles: what an atom's barrier is, which atoms are chosen, what is asked of the archive."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk

from bosonpeak.landscape.artn import Event, Search
from bosonpeak.materials import glasses
from bosonpeak.materials.potentials import get
from bosonpeak.papers.yang_2021.events import (
    OUTCOMES,
    activate_glass,
    atom_barriers,
    chosen_atoms,
    events_of,
    sphere_atoms,
    tabulate_events,
)


@pytest.fixture(scope="module")
def table():
    def event(atom, number, outcome="saddle", **values):
        return Event(atom=atom, seed=1, number=number, outcome=outcome, **values)

    return tabulate_events(
        5,
        [
            [
                event(3, 0, barrier=1.0, connected=True, moved_atom=3, end_energies=(0.0, 0.4)),
                event(3, 1, barrier=2.0, connected=False, moved_atom=1, end_energies=(0.3, 0.4)),
                event(3, 2, "flew apart"),
            ],
            [event(0, 0, barrier=0.5, connected=False, moved_atom=0), event(0, 1, "no negative curvature")],
        ],
    )


def test_an_atom_s_barrier_is_the_mean_over_its_saddles(table):
    np.testing.assert_array_equal(atom_barriers(table), [0.5, np.nan, np.nan, 1.5, np.nan])
    np.testing.assert_array_equal(atom_barriers(table, "connected"), [np.nan, np.nan, np.nan, 1.0, np.nan])
    np.testing.assert_array_equal(atom_barriers(table, "own"), [0.5, np.nan, np.nan, 1.0, np.nan])
    np.testing.assert_array_equal(atom_barriers(table, statistic="min"), [0.5, np.nan, np.nan, 1.0, np.nan])
    with pytest.raises(ValueError, match="all, connected, own"):
        atom_barriers(table, "best")


def test_outcomes_and_energies_are_in_the_table(table):
    assert [OUTCOMES[k] for k in table.outcome.values] == [
        "saddle", "saddle", "flew apart", "saddle", "no negative curvature",
    ]  # fmt: skip
    np.testing.assert_array_equal(table.energy.values, [0.4, np.nan, np.nan, np.nan, np.nan])
    assert table.attrs["n_atoms"] == 5 and table.barrier.attrs["dimension"] == "energy"
    assert table.outcome.attrs["meanings"].startswith("saddle; no negative curvature") and table.atom.attrs == {}


def test_more_atoms_begin_with_the_same_ones():
    few, many = chosen_atoms(50, 10), chosen_atoms(50, 30)
    assert np.array_equal(many[:10], few) and len(set(many.tolist())) == 30
    assert sorted(chosen_atoms(50, 50)) == list(range(50))
    with pytest.raises(ValueError, match="51 atoms cannot be chosen of 50"):
        chosen_atoms(50, 51)


def test_a_sphere_of_atoms_grows_around_the_middle_of_the_cell():
    atoms = bulk("Cu", "fcc", 3.6, cubic=True).repeat(4)
    atoms.positions += [30.0, -7.0, 1.0]  # outside the cell, as positions may be
    few, many = sphere_atoms(atoms, 20), sphere_atoms(atoms, 60)
    np.testing.assert_array_equal(few, many[:20])
    apart = atoms.positions - 7.2
    apart = np.linalg.norm(apart - 14.4 * np.round(apart / 14.4), axis=1)
    assert apart[many].max() <= np.delete(apart, many).min() + 1e-9 and (np.diff(apart[many]) > -1e-9).all()
    with pytest.raises(ValueError, match="0 atoms cannot be chosen of 256: ask for 1 to 256"):
        sphere_atoms(atoms, 0)


def test_a_search_resumes_with_the_atoms_that_are_kept(tmp_path):
    recipe = glasses.GlassRecipe("cu-zr-mendelev-2009", "Cu50Zr50", 108, 1e15, 1, melt_time=1.0)
    glass, potential = glasses.melt_quench(recipe, tmp_path / "glasses"), get("cu-zr-mendelev-2009")
    # the box is narrower than two of the usual regions
    options = dict(search=replace(Search(), radius=5.5), folder=tmp_path, workers=1)
    first, second = activate_glass(glass, potential, 2, 2, **options), activate_glass(glass, potential, 4, 2, **options)
    assert second.atom.values[:4].tolist() == first.atom.values.tolist()
    np.testing.assert_array_equal(second.barrier.values[:4], first.barrier.values)
    found = np.isfinite(second.barrier.values)
    assert found.any() and np.array_equal(found, second.outcome.values == 0)
    assert (second.barrier.values[found] > 0).all() and (second.eigenvalue.values[found] < 0).all()


def test_a_glass_without_a_table_is_named():
    with pytest.raises(ValueError, match="'window-glass'"):
        events_of("window-glass")
