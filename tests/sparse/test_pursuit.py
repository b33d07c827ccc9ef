"""Dictionary learning by pursuit: planted features, offsets, signs."""

import numpy as np
import pytest

from unbraid.sparse import Pursuit, fit


def test_planted_features_are_found(make_world):
    world = make_world(n_units=20, n=2500)
    learned = fit(world.x[:2000], Pursuit(n_latents=24, k=2), rng=0)
    test = slice(2000, None)
    for by in ("omp", "fista"):
        assert world.mcc(learned.encode(world.x[test], by=by), test) > 0.97
    cosine = np.abs(world.atoms @ learned.atoms.T).max(1)
    assert cosine.min() > 0.98
    np.testing.assert_allclose(np.linalg.norm(learned.atoms, axis=1), 1, rtol=1e-9)


@pytest.mark.parametrize("size", [0.5, 5.0])
def test_an_offset_is_learned(make_world, rng, size):
    world = make_world(n_units=16, n=2500)
    shift = size * rng.normal(size=16)
    learned = fit(world.x + shift, Pursuit(n_latents=24, k=2), rng=0)
    assert world.mcc(learned.encode(world.x + shift)) > 0.95


def test_signed_codes(make_world, rng):
    world = make_world(n_units=18, n=2500)
    z = world.features * rng.choice([-1, 1], world.features.shape)
    learned = fit(z @ world.atoms, Pursuit(n_latents=24, k=2, signed=True, offset="zero"), rng=0)
    codes = learned.encode(z @ world.atoms)
    assert codes.data.min() < 0
    assert np.abs(world.atoms @ learned.atoms.T).max(1).mean() > 0.95


def test_the_gap_is_a_certificate(make_world):
    world = make_world(n=500)
    learned = fit(world.x, Pursuit(n_latents=24, k=2, iterations=5, restarts=1), rng=0)
    assert learned.encode(world.x, by="fista", penalty=0.1).gap < 1e-5
