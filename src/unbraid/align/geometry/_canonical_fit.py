"""Canonical directions of one training set, by whitening both sides."""

from __future__ import annotations

import numpy as np

_RANK = 1e-10  # singular values below this share of the largest are rounding
_FLAT = 1e-12  # sd below this share of the largest value is rounding, not variance


class CanonicalFit:
    """Means, directions of both sides, their correlations, and the weight of each."""

    def __init__(self, means, directions, r, weights) -> None:
        self.means, self.directions, self.r, self.weights = means, directions, r, weights

    def variates(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project new stimuli, centred on themselves."""
        a, b = ((v - m) @ d for v, m, d in zip((x, y), self.means, self.directions, strict=True))
        return a - a.mean(axis=0), b - b.mean(axis=0)


def canonical_fit(
    x: np.ndarray, y: np.ndarray, keep: float, projection: bool
) -> CanonicalFit | None:
    """Fit both sides' directions; None where a side is constant."""
    means = x.mean(axis=0), y.mean(axis=0)
    bases = [_whitened(v, m, keep) for v, m in zip((x, y), means, strict=True)]
    if any(basis is None for basis in bases):
        return None
    (u, to_u), (v, to_v) = bases  # type: ignore[misc]
    left, r, right = np.linalg.svd(u.T @ v, full_matrices=False)
    weights = np.full(len(r), 1 / len(r))
    if projection:  # how much of the source each of its canonical variates carries
        carried = np.abs((u @ left).T @ (x - means[0])).sum(axis=1)
        weights = carried / carried.sum()
    return CanonicalFit(means, (to_u @ left, to_v @ right.T), np.clip(r, 0, 1), weights)


def _whitened(x: np.ndarray, mean: np.ndarray, keep: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Orthonormal variates of the leading principal components, and the map that makes them."""
    size = np.linalg.norm(x - mean, axis=0)
    size[size <= _FLAT * np.sqrt(len(x)) * np.abs(x).max(axis=0)] = np.inf
    # where all components are kept, scales of units matter to rounding alone
    unit = size if keep == 1 else np.where(np.isinf(size), np.inf, 1.0)
    left, values, right = np.linalg.svd((x - mean) / unit, full_matrices=False)
    if not values[0] > 0:
        return None
    share = np.cumsum(values**2) / (values**2).sum()
    rank = int((values > _RANK * values[0]).sum())
    kept = rank if keep == 1 else min(rank, int(np.searchsorted(share, keep - 1e-12)) + 1)
    return left[:, :kept], right[:kept].T / values[:kept] / unit[:, None]
