"""Checks shared by the closed forms: encodings, covariance, counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError


def as_encodings(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return two encodings (n_features, n_units) of the same features."""
    a = _validate.as_matrix(a, "a").astype(np.float64)
    b = _validate.as_matrix(b, "b").astype(np.float64)
    if len(a) != len(b):
        raise InputError(
            f"a and b must encode the same features, one per row, got {len(a)} and {len(b)} rows. "
            "Give a zero row for a feature that a system does not have."
        )
    return a, b


def root_of(covariance: Any, n_features: int) -> np.ndarray:
    """Return a symmetric square root (N, N) of the features' covariance; identity for None."""
    if covariance is None:
        return np.eye(n_features)
    sigma = _validate.as_floats(covariance, "covariance").astype(np.float64)
    if sigma.ndim == 1:
        sigma = np.diag(sigma)
    if sigma.shape != (n_features, n_features):
        raise InputError(
            f"covariance must have shape ({n_features}, {n_features}) or hold {n_features} "
            f"variances, got {np.shape(covariance)}."
        )
    _validate.check_finite(sigma, "covariance")
    values, vectors = np.linalg.eigh((sigma + sigma.T) / 2)
    if values.min() < -1e-9 * max(1.0, values.max()) or not np.allclose(sigma, sigma.T):
        raise InputError(
            "covariance must be symmetric and have no negative variance in any direction, "
            f"got a smallest eigenvalue of {values.min():.3g}."
        )
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def positive(value: Any, name: str) -> np.ndarray:
    """Return positive numbers, scalar or array."""
    array = _validate.as_floats(value, name).astype(np.float64)
    if not (np.isfinite(array).all() and (array > 0).all()):
        raise InputError(f"{name} must be positive and finite, got {value!r}.")
    return array


def scalar(values: np.ndarray) -> Any:
    """Return a float where the answer is one number, else the array."""
    return float(values) if np.ndim(values) == 0 else values
