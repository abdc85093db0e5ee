"""Crystals as controls: their Bloch waves are the modes of the whole box, and their peak disperses."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from made_maps import Q, S, made_glasses, made_reading

from bosonpeak.materials.glasses import inherent_structure
from bosonpeak.materials.potentials import get
from bosonpeak.papers.li_2025 import crystals
from bosonpeak.papers.li_2025.readings import WINDOW
from bosonpeak.papers.li_2025.tables import GRIDS
from bosonpeak.scattering.wavevectors import box_wavevectors, shell_means
from bosonpeak.vibrations.hessian import dynamical_matrix


def test_a_crystal_is_seen_as_bloch_waves_are():
    """A lattice with one atom per cell: the wave at Q couples to the three vibrations of this Q alone."""
    cells, grid = 4, GRIDS["lj"]
    found = crystals.lennard_jones_crystal(cells, 12, 7.1, (5.0, 20.0)).maps[0]
    start = bulk("Ar", "fcc", 1.56, cubic=True).repeat(cells)
    atoms = inherent_structure(start, get("lennard-jones"), 1e-10, relax_box=True)
    atoms.set_masses(np.ones(len(atoms)))
    scale = 2 * np.pi * np.sqrt(3) * cells / atoms.cell.lengths()[0] / 7.1
    waves = box_wavevectors(atoms.cell.array, grid.edges * scale, 12, 1)
    own = dynamical_matrix(atoms, get("lennard-jones")).toarray()[:3].reshape(3, -1, 3).transpose(1, 0, 2)
    phase = np.cos(waves.vectors @ (atoms.positions - atoms.positions[0]).T)
    square, vectors = np.linalg.eigh(np.einsum("kn,nab->kab", phase, own))
    level, moving = np.sqrt(np.clip(square, 0, None)), square > 1e-10 * square.max()
    weight = np.where(moving, np.einsum("ka,kab->kb", waves.directions, vectors) ** 2 / np.where(moving, square, 1), 0)
    lines = np.exp(-0.5 * ((level[..., None] - grid.energy) / grid.width) ** 2) / (grid.width * np.sqrt(2 * np.pi))
    known = shell_means(np.einsum("kb,kbe->ke", weight, lines), waves)[0]
    np.testing.assert_allclose(found.intensity, known, rtol=1e-3, atol=1e-5 * np.nanmax(known))


def test_the_peak_of_a_crystal_disperses():
    first = 7.1
    limits = tuple(q / 2.8 * first for q in WINDOW)
    found = crystals.lennard_jones_crystal(4, 10, first, limits)
    q = found.maps[0].q
    # the band of a glass ends at 0.1
    assert found.spread(1.0, 24.0)[0] > 0.15 and found.maps[0].unit == "reduced"
    # the first Bragg peak is where the glass has its first peak of S(Q): the shells and the window are scaled
    scale = (q[1] - q[0]) / np.diff(GRIDS["lj"].edges)[0]
    np.testing.assert_allclose(np.diff(q), q[1] - q[0])
    small = bulk("Ar", "fcc", 1.56, cubic=True).repeat(3)
    spacing = inherent_structure(small, get("lennard-jones"), 1e-10, relax_box=True).cell.lengths()[0] / 3
    assert scale == pytest.approx(2 * np.pi * np.sqrt(3) / spacing / first, rel=1e-3)
    inside = (q >= limits[0] * scale) & (q <= limits[1] * scale) & (found.maps[0].counts > 0)
    np.testing.assert_array_equal(found.inside, inside)
    # a crystal has neither a boson peak nor a structure factor to compare with
    assert np.isnan(found.peaks).all() and np.isnan(found.structures).all()
    # energies are those that are taken for a glass
    glass = made_reading([3.0, 5.0])
    assert replace(found, peaks=glass.peaks).scaled_bins() == found.bins(1.6, 16.0)


def test_copper_is_seen_in_the_shells_of_the_alloy():
    found = crystals.copper(5, 10, WINDOW)
    np.testing.assert_allclose(found.maps[0].q, (GRIDS["metal"].edges[1:] + GRIDS["metal"].edges[:-1]) / 2)
    assert found.spread()[0] > 0.1 and found.maps[0].unit == "meV"


def test_model_glasses_are_compared_at_multiples_of_their_first_peak(monkeypatch):
    asked = []
    monkeypatch.setattr(crystals, "lennard_jones_crystal", lambda *words: asked.append(words) or made_reading([1.0]))
    glasses = made_glasses({8000: [3.0]}, 8000)
    # its energies are multiples of the E_BP of the glasses
    np.testing.assert_array_equal(crystals.of_model(glasses, 6, 60).peaks, glasses.peaks())
    assert asked == [(6, 60, pytest.approx(Q[S.argmax()]), WINDOW)]
    assert crystals.of_model(None, 6, 60) is None and len(asked) == 1
