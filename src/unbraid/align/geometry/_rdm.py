"""Dissimilarities of all pairs of stimuli."""

from __future__ import annotations

import numpy as np


def squared_euclidean(x: np.ndarray) -> np.ndarray:
    """(n, n) squared Euclidean distances, exactly 0 between equal rows."""
    x = x - x.mean(axis=0)
    gram = x @ x.T
    size = gram.diagonal().copy()
    gram *= -2
    gram += size
    gram += size[:, None]
    rounding = 1e-13 * (size + size[:, None])
    gram[gram < rounding] = 0.0
    return gram


def correlation_distance(x: np.ndarray) -> np.ndarray:
    """(n, n) 1 - Pearson r between rows."""
    x = x - x.mean(axis=1, keepdims=True)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    gram = x @ x.T
    return np.subtract(1.0, gram, out=gram)


RDMS = {"euclidean": squared_euclidean, "correlation": correlation_distance}
