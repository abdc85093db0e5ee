"""Which rearrangements are one and the same, of made-up displacements."""

from dataclasses import replace

import numpy as np
import pytest

from bosonpeak.landscape.excitation import Transition
from bosonpeak.papers.mizuno_2020.rearrangement import label_transitions

N = 50


def _transition(displacements, loose=(), amplitude=0.1):
    """As `critical_amplitude` leaves them: the mean of the atoms that are held is zero, loose atoms do not move."""
    held = np.ones(N, bool)
    held[list(loose)] = False
    u = displacements - displacements[held].mean(axis=0)
    u[~held] = 0
    values = dict.fromkeys(("returned_amplitude", "energy", "barrier", "inner_product", "left_distance"), 0.1)
    return Transition(
        **values, amplitude=amplitude, returned_distance=1e-9, sign=1, unconverged=0, pushes=1, capped=False,
        loose=~held, displacements=u,
    )  # fmt: skip


@pytest.fixture
def fields():
    """Three displacement fields that have nothing to do with each other, and a source of noise."""
    rng = np.random.default_rng(1)
    return rng.normal(0, 0.02, (3, N, 3)), lambda: rng.normal(0, 1e-9, (N, 3))


def test_labels_come_in_the_order_of_first_appearance(fields):
    (a, b, c), noise = fields
    pushes = [_transition(u + noise()) for u in (b, a, b, c, a, c, b)]
    labels = label_transitions(pushes)
    assert labels.tolist() == [0, 1, 0, 2, 1, 2, 0]
    # backwards: the same ones together, other names
    assert label_transitions(pushes[::-1]).tolist() == [0, 1, 2, 1, 0, 2, 0]


def test_what_else_a_push_was_does_not_matter(fields):
    (a, b, _), noise = fields
    one = _transition(a)
    others = [
        replace(one, displacements=one.displacements + noise(), amplitude=3.0, sign=-1, barrier=7.0, energy=-2.0),
        # back along the same line is somewhere else
        _transition(-a),
        _transition(b),
    ]
    assert label_transitions([one, *others]).tolist() == [0, 0, 1, 2]


def test_the_tolerance_is_a_distance_of_all_coordinates(fields):
    (a, b, _), _ = fields
    away = b - b.mean(axis=0)
    away /= np.linalg.norm(away)
    for distance, tolerance, labels in (
        (0.9e-4, None, [0, 0]),
        (1.1e-4, None, [0, 1]),
        (1.1e-4, 1.2e-4, [0, 0]),
        (0.019, 0.02, [0, 0]),
        (0.021, 0.02, [0, 1]),
    ):
        options = {} if tolerance is None else {"tolerance": tolerance}
        assert label_transitions([_transition(a), _transition(a + distance * away)], **options).tolist() == labels


def test_loose_atoms_do_not_tell_minima_apart(fields):
    (a, b, _), noise = fields
    elsewhere = a.copy()
    elsewhere[[7, 30]] += [0.3, -0.2, 0.1]
    # loose in both, in the second alone, in the first alone, and one in each
    for first, second in (([7, 30], [7, 30]), ([], [7, 30]), ([7, 30], []), ([7], [30])):
        pair = [_transition(a, first), _transition(elsewhere + noise(), second)]
        assert label_transitions(pair).tolist() == [0, 0]
    # held atoms do
    assert label_transitions([_transition(a, [7]), _transition(elsewhere, [7])]).tolist() == [0, 1]
    assert label_transitions([_transition(a, [7, 30]), _transition(b, [7, 30])]).tolist() == [0, 1]


def test_a_mode_that_never_left_has_no_label(fields):
    (a, b, _), noise = fields
    never = _transition(np.zeros((N, 3)), amplitude=np.inf)
    pushes = [never, _transition(a), never, _transition(b), _transition(a + noise())]
    assert label_transitions(pushes).tolist() == [-1, 0, -1, 1, 0]
    assert label_transitions([never, never]).tolist() == [-1, -1]
    assert label_transitions([]).shape == (0,)
