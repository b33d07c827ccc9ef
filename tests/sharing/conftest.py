"""Worlds of several systems whose shared and private features are known."""

import numpy as np
import pytest


def made(shared, active, units, n, private=0, noise=0.0, seed=0):
    """Return responses by name and all features: shared ones first, then each system's own."""
    rng = np.random.default_rng(seed)

    def features(count, k):
        z = np.zeros((n, count))
        if count:
            np.put_along_axis(
                z, np.argsort(rng.random((n, count)), 1)[:, :k], rng.uniform(0.5, 1.5, (n, k)), 1
            )
        return z

    common = features(shared, active)
    systems, own = {}, []
    for name, p in zip("abcd", units, strict=False):
        own.append(features(private, 1))
        directions = rng.normal(size=(shared + private, p))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        x = np.hstack([common, own[-1]]) @ directions
        systems[name] = x + noise * x.std() * rng.normal(size=x.shape)
    return systems, np.hstack([common, *own])


@pytest.fixture(scope="session")
def world():
    """A maker of worlds."""
    return made


@pytest.fixture(scope="session")
def half_shared():
    """Two systems of 14 units that share 10 features and hold 5 of their own each."""
    return made(10, 2, (14, 14), 1200, private=5, noise=0.05)
