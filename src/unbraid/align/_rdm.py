"""Dissimilarities of all pairs of stimuli, and the standardised scores that are correlated."""

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
    return 1.0 - x @ x.T


def pair_scores(distances: np.ndarray, compare: str) -> np.ndarray:
    """Standardise (after ranking, for Spearman) over pairs; the diagonal becomes 0."""
    n = len(distances)
    upper = distances[np.triu_indices(n, 1)]
    if compare == "cosine":
        size = np.sqrt((upper**2).mean())
        square = distances / size if size > 0 else distances.copy()
        np.fill_diagonal(square, 0.0)
        return square
    if compare == "spearman":
        from scipy.stats import rankdata

        upper = rankdata(upper)
    spread = np.ptp(upper)
    upper = upper - upper.mean()
    scale = upper.std()
    flat = scale <= 1e-12 * np.abs(distances).max() if compare == "pearson" else spread == 0
    upper = np.zeros_like(upper) if flat else upper / scale
    square = np.zeros((n, n))
    square[np.triu_indices(n, 1)] = upper
    return square + square.T


def pearson_influence(a: np.ndarray, b: np.ndarray, value: float) -> np.ndarray:
    """Sum over each stimulus' pairs of the influence of a pair on their correlation, (n,)."""
    squares = np.einsum("st,st->s", a, a) + np.einsum("st,st->s", b, b)
    return np.einsum("st,st->s", a, b) - value * squares / 2


def spearman_influence(a: np.ndarray, b: np.ndarray, value: float) -> np.ndarray:
    """As for Pearson on ranks, plus what a pair changes in the ranks of the others."""
    n = len(a)
    upper = np.triu_indices(n, 1)
    first, second = a[upper], b[upper]
    pairs = first * second - value
    for own, other in ((first, second), (second, first)):
        order = np.argsort(own, kind="stable")
        above = np.empty(len(own))
        above[order] = np.cumsum(other[order][::-1])[::-1] - other[order] / 2
        # one rank step is sqrt(12) / N of standardised score
        pairs += np.sqrt(12) * above / len(own) - value
    return np.bincount(upper[0], pairs, n) + np.bincount(upper[1], pairs, n)


RDMS = {"euclidean": squared_euclidean, "correlation": correlation_distance}
SCORES = {"pearson": pearson_influence, "cosine": pearson_influence, "spearman": spearman_influence}
