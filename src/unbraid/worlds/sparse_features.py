"""Sparse features: which are active, how often, and how strongly."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from unbraid import _validate
from unbraid._config import Config


class SparseFeatures(Config):
    """Independent features of which few are active at a time.

    The defaults are the world of the toy models: 64 features, each active with probability .1 and
    then uniform on [0, 1].
    """

    n_features: int = Field(default=64, ge=1)
    """N."""
    active: float = Field(default=6.4, gt=0)
    """K: mean number of active features; exactly that many with ``support="exact"``."""
    support: Literal["bernoulli", "exact"] = "bernoulli"
    """Each feature for itself, or always exactly ``active`` of them."""
    magnitude: Literal["uniform", "half_normal"] = "uniform"
    """Law of an active feature's value."""
    low: float = Field(default=0.0, ge=0)
    """Least value (uniform), or shift (half-normal)."""
    high: float = Field(default=1.0, gt=0)
    """Largest value (uniform), or scale above ``low`` (half-normal)."""
    zipf: float = Field(default=0.0, ge=0)
    """Exponent of the features' frequencies, ``rank^-zipf``; 0: all equally frequent."""

    @model_validator(mode="after")
    def _possible(self) -> SparseFeatures:
        if self.active > self.n_features:
            raise ValueError(
                f"active must be at most n_features={self.n_features}, got {self.active}"
            )
        if self.support == "exact" and self.active != round(self.active):
            raise ValueError(f"support='exact' needs a whole number active, got {self.active}")
        if self.magnitude == "uniform" and self.low >= self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        return self

    def probabilities(self) -> np.ndarray:
        """Probability that each feature is active (N,), decreasing where ``zipf`` is positive.

        With ``support="exact"`` these are the weights with which features are drawn, scaled to sum
        to K; frequent ones then fall a little short of them.
        """
        ranks = np.arange(1.0, self.n_features + 1)
        return frequencies(ranks**-self.zipf, self.active)

    def sample(
        self, n: int, *, rng: int | np.random.Generator | None = None, dtype: Any = np.float64
    ) -> np.ndarray:
        """Draw n stimuli's features.

        Returns
        -------
        array of shape (n, n_features)
            Non-negative, 0 where inactive. Cost: one or two random numbers an entry.
        """
        rng = _validate.as_rng(rng)
        if self.support == "bernoulli" and self.magnitude == "uniform":
            # given u < p, u / p is uniform again: one random number serves both choices
            u = rng.random((n, self.n_features), dtype=dtype)
            p = self.probabilities().astype(dtype)
            active = u < p
            u *= ((self.high - self.low) / p).astype(dtype)
            u += np.asarray(self.low, dtype)
            u *= active
            return u
        active = self._support(n, rng)
        return np.where(active, self._values(active.shape, rng), 0.0).astype(dtype, copy=False)

    def _support(self, n: int, rng: np.random.Generator) -> np.ndarray:
        if self.support == "bernoulli":
            return rng.random((n, self.n_features)) < self.probabilities()
        # Gumbel keys: the k largest are a weighted draw without replacement
        keys = np.log(self.probabilities()) + rng.gumbel(size=(n, self.n_features))
        k = round(self.active)
        chosen = np.argpartition(-keys, k - 1, axis=1)[:, :k]
        active = np.zeros((n, self.n_features), bool)
        np.put_along_axis(active, chosen, True, axis=1)
        return active

    def _values(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        if self.magnitude == "uniform":
            return rng.uniform(self.low, self.high, size=shape)
        return self.low + self.high * np.abs(rng.normal(size=shape))


def frequencies(weights: np.ndarray, active: float) -> np.ndarray:
    """Return probabilities in proportion to ``weights`` that sum to ``active``, none above 1."""
    p = np.minimum(weights * active / weights.sum(), 1.0)
    for _ in range(100):  # give the others what the cap at 1 took away
        short = active - p.sum()
        if short < 1e-12:
            break
        free = p < 1
        p[free] = np.minimum(p[free] * (1 + short / p[free].sum()), 1.0)
    return p


def power_law_importance(n_features: int) -> np.ndarray:
    """Return the importance of the toy models' features: ``(1 + 2 i / N)^-2``, from 1 to about 1/9.

    Parameters
    ----------
    n_features : int
        N.

    Returns
    -------
    array of shape (n_features,)
        Weight of each feature in the loss, decreasing.

    References
    ----------
    Longon et al. (2025), Superposition disentanglement of neural representations reveals hidden
    alignment, arXiv 2510.03186.

    Examples
    --------
    >>> power_law_importance(4).round(2).tolist()
    [1.0, 0.44, 0.25, 0.16]
    """
    return (1 + 2 * np.arange(n_features) / n_features) ** -2.0
