"""Readers fall apart where features have no directions, and only there."""

import numpy as np
import pytest

from unbraid.studies.known_truth._readers import read
from unbraid.worlds import OnionWorld


def test_where_features_have_directions_sparse_codes_read_them_superposed_or_not(rng):
    world = OnionWorld(layered=False, n_units=16, length=4)  # 40 features in 16 units
    seen = world.sample(3_000, rng=rng)
    found = read(seen.responses, seen.tokens, 10)
    assert found.codes.min() > 0.97
    assert found.explained == pytest.approx(1)
    assert found.nearest < 0.7


def test_in_an_onion_only_peeling_reads(rng):
    seen = OnionWorld(n_units=16, length=4).sample(3_000, rng=rng)
    found = read(seen.responses, seen.tokens, 10)
    assert found.peeled.min() > 0.99
    assert found.probe[0] > 0.99
    assert found.probe[1:].max() < 0.2
    assert found.codes.max() < 0.4
    assert found.nearest == pytest.approx(1, abs=1e-3)


def test_one_unit_a_feature_is_read_by_all(rng):
    tokens = rng.integers(3, size=(600, 2))
    x = np.eye(3)[tokens].reshape(600, -1) + 0.01 * rng.normal(size=(600, 6))
    found = read(x, tokens, 3)
    for each in (found.probe, found.codes, found.peeled):
        np.testing.assert_array_equal(each, 1)


def test_noise_is_read_at_chance(rng):
    tokens = rng.integers(4, size=(4_000, 2))
    found = read(rng.normal(size=(4_000, 8)), tokens, 4)
    for each in (found.probe, found.codes, found.peeled):
        np.testing.assert_allclose(each, 0.25, atol=0.06)
    assert abs(found.explained) < 0.02
