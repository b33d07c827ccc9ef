"""The shift changes combinations, never features."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.worlds import CompositionShift


def test_what_is_seen_together_and_what_is_not():
    world = CompositionShift(n_train=3_000, n_evaluation=500).sample(rng=0)
    for part in (world.training, world.within, world.beyond):
        assert set((part.features > 0).sum(axis=1)) == {10}
        np.testing.assert_allclose(part.responses, part.features @ world.encoding)
        np.testing.assert_array_equal(part.labels, part.features[:, 0] > 0.5)
    first = world.training.features[:, 0] > 0
    assert first.mean() == pytest.approx(0.5, abs=0.03)
    late = world.training.features[:, 50:] > 0
    assert not late[first].any()
    assert late[~first].any(axis=0).all()
    assert (world.beyond.features[:, 0] > 0).all()
    assert not (world.beyond.features[:, 1:50] > 0).any()
    np.testing.assert_allclose(np.linalg.norm(world.encoding, axis=1), 1)


def test_units_follow_the_published_rule():
    assert CompositionShift().n_units == 47
    assert CompositionShift(n_features=1000).n_units == 93
    with pytest.raises(InputError, match="active must be at most"):
        CompositionShift(n_features=10, active=6)
    assert CompositionShift(n_features=10, active=5).active == 5  # half of them may be
