"""Composition shift: the same features, in combinations that were never seen together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field, model_validator

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer
from unbraid.worlds.projection import Projection


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sampled:
    """Features of some stimuli, what the system answered, and the label to be predicted."""

    features: np.ndarray
    """(n, N)."""
    responses: np.ndarray
    """(n, p)."""
    labels: np.ndarray
    """(n,) whether feature 0 is above one half."""

    def __repr__(self) -> str:
        return f"Sampled({len(self.features)} stimuli, {self.labels.mean():.0%} labelled)"


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False)
class ShiftedWorld:
    """Training and validation stimuli of one distribution, and stimuli of the shifted one."""

    encoding: np.ndarray
    """(N, p)."""
    training: Sampled
    """Stimuli to learn a dictionary and a probe from."""
    within: Sampled
    """New stimuli composed like the training ones."""
    beyond: Sampled
    """Stimuli that combine feature 0 with features it was never seen with."""


class CompositionShift(Config):
    """Exactly K of N features, uniform on [0, 1], in ``2 K ln(N/K)`` units.

    In half of the training stimuli feature 0 appears with K - 1 of the first half of the features;
    in the others, K of all but feature 0. After the shift, feature 0 appears with K - 1 of the last
    half: combinations that no training stimulus shows.

    References
    ----------
    "Stop probing, start coding" (2026), arXiv 2603.28744.
    """

    n_features: int = Field(default=100, ge=4)
    """N."""
    active: int = Field(default=10, ge=1)
    """K."""
    n_train: int = Field(default=2_500, ge=2)
    """Training stimuli."""
    n_evaluation: int = Field(default=2_500, ge=2)
    """Stimuli of each evaluation."""

    @model_validator(mode="after")
    def _possible(self) -> CompositionShift:
        if self.active > self.n_features // 2:
            raise ValueError(f"active must be at most n_features / 2 = {self.n_features // 2}")
        return self

    @property
    def n_units(self) -> int:
        """Units of the system: ``ceil(2 K ln(N/K))``."""
        return math.ceil(2 * self.active * math.log(self.n_features / self.active))

    def sample(self, *, rng: int | np.random.Generator | None = None) -> ShiftedWorld:
        """Draw the encoding and the three sets of stimuli."""
        rng = _validate.as_rng(rng)
        encoding = Projection(n_units=self.n_units).draw(self.n_features, rng=rng)
        sets = []
        for n, shifted in ((self.n_train, False), (self.n_evaluation, False),
                           (self.n_evaluation, True)):  # fmt: skip
            z = self._shifted(n, rng) if shifted else self._usual(n, rng)
            sets.append(Sampled(features=z, responses=z @ encoding, labels=z[:, 0] > 0.5))
        return ShiftedWorld(encoding=encoding, training=sets[0], within=sets[1], beyond=sets[2])

    def _usual(self, n: int, rng: np.random.Generator) -> np.ndarray:
        with_first = rng.random(n) < 0.5
        near = self._of(n, 1, self.n_features // 2, self.active - 1, rng)
        near[:, 0] = True
        rest = self._of(n, 1, self.n_features, self.active, rng)
        return np.where(with_first[:, None], near, rest) * rng.random((n, self.n_features))

    def _shifted(self, n: int, rng: np.random.Generator) -> np.ndarray:
        far = self._of(n, self.n_features // 2, self.n_features, self.active - 1, rng)
        far[:, 0] = True
        return far * rng.random((n, self.n_features))

    def _of(self, n: int, first: int, last: int, k: int, rng: np.random.Generator) -> np.ndarray:
        """Return supports of exactly k of the features ``first..last - 1``."""
        chosen = np.argsort(rng.random((n, last - first)), axis=1)[:, :k] + first
        support = np.zeros((n, self.n_features), bool)
        np.put_along_axis(support, chosen, True, axis=1)
        return support
