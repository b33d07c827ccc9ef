"""Sparse features that come together, or avoid each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from unbraid import _validate
from unbraid._config import Config


class CorrelatedFeatures(Config):
    """Features whose activity follows a Gaussian copula: active where their latent Gaussian is low.

    Feature j is active where ``Phi(g_j) < probability``, with ``g ~ N(0, correlation)``; active
    values are independent and uniform on [0, 1]. Latent correlation 1: always together;
    -1: never together (for probabilities up to one half); 0: independent.
    """

    correlation: tuple[tuple[float, ...], ...]
    """Latent correlation matrix (N, N), with ones on its diagonal."""
    probability: float = Field(default=0.1, gt=0, lt=1)
    """That a feature is active."""

    @model_validator(mode="after")
    def _is_a_correlation(self) -> CorrelatedFeatures:
        try:
            matrix = np.array(self.correlation, dtype=float)
        except ValueError:
            raise ValueError("correlation must be a square matrix") from None
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
            raise ValueError(f"correlation must be a square matrix, got shape {matrix.shape}")
        if not (np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1)):
            raise ValueError("correlation must be symmetric with ones on its diagonal")
        if np.linalg.eigvalsh(matrix).min() < -1e-8:
            raise ValueError("correlation must have no negative eigenvalue: no features have it")
        return self

    @property
    def n_features(self) -> int:
        """N."""
        return len(self.correlation)

    @property
    def active(self) -> float:
        """K: mean number of active features."""
        return self.probability * self.n_features

    def sample(
        self, n: int, *, rng: int | np.random.Generator | None = None, dtype: Any = np.float64
    ) -> np.ndarray:
        """Draw features of n stimuli, (n, N), 0 where inactive."""
        from scipy.special import ndtri

        rng = _validate.as_rng(rng)
        values, vectors = np.linalg.eigh(np.array(self.correlation))
        root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        latent = rng.standard_normal((n, self.n_features)) @ root
        active = latent < ndtri(self.probability)
        return (rng.random((n, self.n_features)) * active).astype(dtype, copy=False)


def correlated_pairs(
    n_pairs: int, correlation: float, *, probability: float = 0.1
) -> CorrelatedFeatures:
    """Return features in pairs: 0 with 1, 2 with 3, ...; other pairs are independent.

    Parameters
    ----------
    n_pairs : int
        Pairs of features; there are twice as many features.
    correlation : float
        Latent correlation within a pair, -1 (never together) to 1 (always).
    probability : float
        That a feature is active, in (0, 1).

    Returns
    -------
    CorrelatedFeatures
        A world of ``2 n_pairs`` features; ``sample(n, rng=)`` draws them.

    Raises
    ------
    InputError
        A correlation outside [-1, 1], a probability outside (0, 1), or no pair.

    Examples
    --------
    >>> features = correlated_pairs(8, 1.0).sample(1000, rng=0)
    >>> bool(((features[:, ::2] > 0) == (features[:, 1::2] > 0)).all())  # always together
    True
    >>> features = correlated_pairs(8, -1.0).sample(1000, rng=0)
    >>> bool(((features[:, ::2] > 0) & (features[:, 1::2] > 0)).any())
    False
    """
    matrix = np.kron(np.eye(n_pairs), [[1, correlation], [correlation, 1]])
    return CorrelatedFeatures(
        correlation=tuple(tuple(row) for row in matrix.tolist()), probability=probability
    )
