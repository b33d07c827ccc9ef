"""Features are as sparse, as frequent and as large as asked; projections are what they say."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.worlds import Projection, SparseFeatures, power_law_importance


def test_bernoulli_uniform_has_the_moments_of_the_law(rng):
    z = SparseFeatures(low=0.5, high=1.5, active=6.4).sample(40_000, rng=rng)
    active = z > 0
    # standard errors: .0015 for a frequency of .1, .005 for a mean
    np.testing.assert_allclose(active.mean(axis=0), 0.1, atol=0.008)
    assert z[active].mean() == pytest.approx(1.0, abs=0.005)
    assert z[active].var() == pytest.approx(1 / 12, abs=0.002)
    assert z[active].min() >= 0.5
    assert z[active].max() <= 1.5
    together = np.corrcoef(active.T)[np.triu_indices(64, 1)]
    assert np.abs(together).max() < 0.03


def test_exact_support(rng):
    z = SparseFeatures(support="exact", active=3, n_features=20, magnitude="half_normal").sample(
        5_000, rng=rng
    )
    assert set((z > 0).sum(axis=1)) == {3}
    np.testing.assert_allclose((z > 0).mean(axis=0), 3 / 20, atol=0.025)
    assert z[z > 0].mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.02)


def test_zipf_frequencies(rng):
    world = SparseFeatures(zipf=1.0, n_features=50, active=8)
    p = world.probabilities()
    assert p.sum() == pytest.approx(8)
    assert p.max() <= 1
    assert (np.diff(p) <= 0).all()
    z = world.sample(30_000, rng=rng)
    np.testing.assert_allclose((z > 0).mean(axis=0), p, atol=0.015)
    capped = SparseFeatures(zipf=3.0, n_features=50, active=8).probabilities()
    assert capped.sum() == pytest.approx(8)
    assert capped.max() == 1


def test_impossible_worlds_are_refused():
    with pytest.raises(InputError, match="at most n_features=5"):
        SparseFeatures(n_features=5, active=6)
    with pytest.raises(InputError, match="whole number"):
        SparseFeatures(support="exact", active=2.5)
    with pytest.raises(InputError, match="low must be below high"):
        SparseFeatures(low=2)


def test_importance_falls_as_a_power_law():
    importance = power_law_importance(64)
    assert importance[0] == 1
    assert importance[-1] == pytest.approx(0.1135, abs=1e-4)


def test_projections_are_what_they_say(rng):
    unit = Projection(kind="unit", n_units=7).draw(30, rng=rng)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1)
    ortho = Projection(kind="orthonormal", n_units=7).draw(30, rng=rng)
    np.testing.assert_allclose(ortho.T @ ortho, np.eye(7), atol=1e-12)
    gaussian = Projection(kind="gaussian", n_units=50).draw(4000, rng=rng)
    assert gaussian.var() == pytest.approx(1 / 50, rel=0.02)
    with pytest.raises(InputError, match="n_units at most n_features=3"):
        Projection(kind="orthonormal", n_units=7).draw(3, rng=rng)


def test_systems_share_features_and_differ_in_arrangement_and_noise(rng):
    z = SparseFeatures(n_features=20, active=2).sample(3_000, rng=rng)
    silent = Projection(n_units=8).project(z, rng=rng)
    a, b = silent.responses
    np.testing.assert_allclose(a, z @ silent.encodings[0])
    assert not np.allclose(a, b)
    noisy = Projection(n_units=8, noise=0.3).project(z, rng=rng)
    left = noisy.responses[0] - z @ noisy.encodings[0]
    assert left.std() == pytest.approx(0.3, rel=0.05)
