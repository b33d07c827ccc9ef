"""A world whose features are known, small enough for every test."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True, eq=False)
class World:
    atoms: np.ndarray
    features: np.ndarray
    x: np.ndarray

    def mcc(self, codes, rows=slice(None)):
        """Mean correlation of features with codes, matched one to one; unmatched count 0."""
        return matched(self.features[rows], np.asarray(codes.toarray(), float))


def matched(z, c):
    z = (z - z.mean(0)) / (z.std(0) + 1e-12)
    c = (c - c.mean(0)) / (c.std(0) + 1e-12)
    r = np.abs(z.T @ c) / len(z)
    i, j = linear_sum_assignment(-r)
    return r[i, j].sum() / z.shape[1]


@pytest.fixture
def make_world(rng):
    def make(n_features=24, n_units=14, k=2, n=3000, noise=0.0):
        atoms = rng.normal(size=(n_features, n_units))
        atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
        z = np.zeros((n, n_features))
        at = np.argsort(rng.random((n, n_features)), axis=1)[:, :k]
        np.put_along_axis(z, at, rng.uniform(0.5, 1.5, (n, k)), axis=1)
        return World(atoms, z, z @ atoms + noise * rng.normal(size=(n, n_units)))

    return make


@pytest.fixture
def mcc():
    """Mean correlation of features with codes, matched one to one."""
    return lambda z, codes: matched(z, np.asarray(codes.toarray(), float))
