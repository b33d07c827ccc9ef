"""Dissimilarities of all pairs of stimuli, small ones as exact as large ones."""

from __future__ import annotations

import numpy as np

_CLOSE = 1e-2  # of both sizes: below, a difference of products has lost digits
_ROUNDING_DISTANCE, _OF_INPUT = (
    1e-26,
    1e-30,
)  # of both sizes, centred or not: what rounding may leave
_PAIRS = 2**22  # numbers in differences held at once
_STEPS = 2**12  # of the 2^52 steps of a double: relative 1e-12


def squared_euclidean(x: np.ndarray) -> np.ndarray:
    """(n, n) squared Euclidean distances, exactly 0 between equal rows.

    From products; those of close rows, which lose digits, from differences.
    """
    raw, x = x, x - x.mean(axis=0)
    gram = x @ x.T
    size = gram.diagonal().copy()
    rounding = _ROUNDING_DISTANCE * size + _OF_INPUT * np.einsum("si,si->s", raw, raw)
    gram *= -2
    gram += size
    gram += size[:, None]
    first, second = np.nonzero(gram < _CLOSE * (size + size[:, None]))
    first, second = first[first < second], second[first < second]
    step = max(1, _PAIRS // max(x.shape[1], 1))
    for start in range(0, len(first), step):
        s, t = first[start : start + step], second[start : start + step]
        apart = np.square(raw[s] - raw[t]).sum(axis=1)
        apart[apart < rounding[s] + rounding[t]] = 0.0
        gram[s, t] = gram[t, s] = apart
    np.fill_diagonal(gram, 0.0)
    return gram


def correlation_distance(x: np.ndarray) -> np.ndarray:
    """(n, n) 1 - Pearson r between rows."""
    x = x - x.mean(axis=1, keepdims=True)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return squared_euclidean(x) / 2


def snapped(distances: np.ndarray) -> np.ndarray:
    """Make ties of what differs by rounding only: by less than 1e-12 of itself, or 0."""
    bits = (distances + 0.0).view(np.int64)  # ordered like the distances; a copy, -0 made 0
    negative = distances < 0
    bits[negative] ^= np.int64(2**63 - 1)
    bits += _STEPS // 2
    bits &= -_STEPS
    bits[negative] ^= np.int64(2**63 - 1)
    return bits.view(np.float64)


RDMS = {"euclidean": squared_euclidean, "correlation": correlation_distance}
