"""Onset temperatures: extreme values of barriers, and packings that are heated."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from ase.build import bulk

from bosonpeak.archive.results import load_result
from bosonpeak.materials.potentials import get
from bosonpeak.papers.onset import extremes, figures, heating


def test_the_smallest_of_many_uniform_barriers_is_that_of_weibull():
    """The smallest of M uniform numbers has the median 1 - 2^(-1/M), nearly ln 2 / M."""
    pool = (np.arange(20000) + 0.5) / 20000
    for modes in (50, 500):
        found = extremes.smallest_of(pool, modes, 1, np.random.default_rng(1))
        assert np.median(found) == pytest.approx(2 * np.log(2) / modes, rel=0.06)
    # the median over several packings scatters less
    many = extremes.smallest_of(pool, 50, 15, np.random.default_rng(1))
    assert np.log(many).std() < 0.5 * np.log(extremes.smallest_of(pool, 50, 1, np.random.default_rng(1))).std()


@pytest.mark.parametrize("theta", [0.0, 1.0])
def test_the_prediction_is_right_where_the_barriers_are_independent(theta):
    rng = np.random.default_rng(7)
    barriers = rng.random(3000) ** (1 / (1 + theta))
    large = 2 * (rng.random((5, 400)) ** (1 / (1 + theta))).min(axis=1)
    found = extremes.predict_onset(barriers, large, 400)
    assert found.ratio[1][0] < 1 < found.ratio[1][1] and found.typical < 0.2
    assert found.theta[1][0] < theta < found.theta[1][1]
    assert found.slope[0] == pytest.approx(-1 / (1 + theta), abs=0.12)
    with pytest.raises(ValueError, match="3 barriers and 5 packings: a prediction needs 20 barriers and 1 packing"):
        extremes.predict_onset(barriers[:3], large, 400)
    assert extremes.barrier_exponent(barriers) == (found.theta, found.slope)
    assert extremes.barrier_exponent(barriers[:19]) == ((None, None), (None, None))
    fig, ax = plt.subplots()
    figures.draw_barriers(ax, barriers, found)
    plt.close(fig)


def test_a_crystal_that_is_heated_a_little_returns():
    atoms = bulk("X", "fcc", 0.95 * 2**0.5, cubic=True).repeat(3)
    found = heating.heat_and_quench(atoms, get("harmonic-spheres"), 1e-6, 200.0, 0.1, 3)
    assert found["converged"] and found["distance"] < 1e-8 and abs(found["energy"]) < 1e-13
    # of the kinetic energy that was drawn a harmonic solid keeps half
    assert found["temperature"] == pytest.approx(1e-6, rel=0.2)


def test_shares_of_heated_packings_are_counted_without_unfinished_quenches():
    distance = np.array([[0.0, 0.3], [1e-9, 0.5], [0.2, 0.1]])
    data = xr.Dataset(
        {
            "distance": (("glass", "factor"), distance),
            "converged": (("glass", "factor"), [[True, True], [True, True], [False, True]]),
            "temperature": (("glass", "factor"), [[1.1e-4, 2e-3], [1e-4, 2e-3], [1e-4, 2e-3]]),
            "onset": (("glass", "factor"), np.full((3, 2), 1e-3)),
        },
        {"factor": [0.1, 1.0]},
    )
    found = heating.read_heating(data)
    assert found.shares[0.1][0] == 0 and found.shares[1.0][0] == 1 and found.count == 3
    assert found.warmest == pytest.approx(0.1)
    fig, ax = plt.subplots()
    figures.draw_heating(ax, found)
    plt.close(fig)


def test_a_run_is_made_again_as_it_is_archived(tmp_path):
    archived = load_result("measurements", "mizuno-2020-heating")
    plan = heating.HEATING.parameters
    glass, factor = plan["glasses"][0], 0.001
    live = heating.measure_heating([glass], [factor], 1.0, plan["timestep"], folder=tmp_path)
    assert live.onset.item() == archived.onset.sel(glass=glass, factor=factor).item()
    # what was kept is read again
    again = heating.measure_heating([glass], [factor], 1.0, plan["timestep"], folder=tmp_path)
    assert again.identical(live)
