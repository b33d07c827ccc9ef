"""Logistic regression of a concept on a few units, and the F1 of what it tells."""

from __future__ import annotations

import numpy as np

_PENALTY = 1e-3  # of the squared weights of standardised units: separable data has no solution else
_STEPS = 30  # of Newton's method at most: fewer, save where data are nearly separable


def logistic(x: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return intercept and weights of a logistic regression, both kinds of equal weight.

    Newton's method with a small penalty; the problem is convex, and few steps end it.
    """
    n, k = x.shape
    design = np.column_stack([np.ones(n), x])
    share = np.where(present, 0.5 / present.sum(), 0.5 / (~present).sum())
    penalty = np.full(k + 1, _PENALTY)
    penalty[0] = 0.0
    weights = np.zeros(k + 1)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (share * (p - present)) + penalty * weights
        curve = (design * (share * p * (1 - p))[:, None]).T @ design + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curve, gradient)
        weights = weights - step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-6:
            break
    return weights


def f1_score(told: np.ndarray, present: np.ndarray) -> float:
    """Return F1 of what is told against what is there; 0 where neither is."""
    hits = int((told & present).sum())
    return 2 * hits / max(int(told.sum() + present.sum()), 1)
