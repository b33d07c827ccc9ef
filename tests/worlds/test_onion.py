"""An onion keeps everything, yet no direction tells a token's place."""

import numpy as np

from unbraid.worlds import OnionWorld, peel


def test_peeling_reads_every_token(rng):
    world = OnionWorld().sample(2_000, rng=rng)
    assert (peel(world.responses, world.directions) == world.tokens).mean() > 0.97


def test_places_share_directions_in_the_onion_only(rng):
    def cosine(world):
        a, b = world.directions[0], world.directions[2]
        norm = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        return (a * b).sum(axis=1) / norm

    np.testing.assert_allclose(cosine(OnionWorld().sample(5, rng=rng)), 1)
    assert np.abs(cosine(OnionWorld(layered=False).sample(5, rng=rng))).max() < 0.6


def test_truth_says_what_the_responses_are_made_of(rng):
    world = OnionWorld().sample(300, rng=rng)
    flat = world.directions.reshape(-1, world.config.n_units)
    np.testing.assert_allclose(world.features @ flat, world.responses, atol=1e-12)
    np.testing.assert_allclose(world.presence @ world.directions[0], world.responses, atol=1e-12)
    assert (world.features.sum(axis=1) == 3).all()
