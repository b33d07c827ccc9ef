"""Linear superposition: features projected into fewer units, ``y = z A + noise``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer
from unbraid.errors import InputError


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Projected:
    """Features, and what each system that holds them answered."""

    features: np.ndarray
    """(n, N)."""
    encodings: tuple[np.ndarray, ...]
    """(N, p) each: the direction of each feature is a row."""
    responses: tuple[np.ndarray, ...]
    """(n, p) each."""

    def __repr__(self) -> str:
        n, features = self.features.shape
        sizes = ", ".join(str(y.shape[1]) for y in self.responses)
        return f"Projected({n} stimuli, {features} features in {sizes} units)"


class Projection(Config):
    """A random linear encoding of features in units."""

    n_units: int = Field(default=16, ge=1)
    """p."""
    kind: Literal["unit", "gaussian", "orthonormal"] = "unit"
    """``unit``: each feature's direction has length 1; ``gaussian``: entries N(0, 1/p);
    ``orthonormal``: the units are orthonormal functions of the features (p <= N)."""
    noise: float = Field(default=0.0, ge=0)
    """Standard deviation of independent Gaussian noise added to every unit."""

    def draw(self, n_features: int, *, rng: int | np.random.Generator | None = None) -> np.ndarray:
        """Draw an encoding of shape (n_features, n_units)."""
        rng = _validate.as_rng(rng)
        a = rng.normal(size=(n_features, self.n_units)) / np.sqrt(self.n_units)
        if self.kind == "unit":
            return a / np.linalg.norm(a, axis=1, keepdims=True)
        if self.kind == "orthonormal":
            if self.n_units > n_features:
                raise InputError(
                    f"kind='orthonormal' needs n_units at most n_features={n_features}, got "
                    f"{self.n_units}."
                )
            q, r = np.linalg.qr(a)
            return q * np.sign(np.diag(r))
        return a

    def project(
        self, features: Any, *, n_systems: int = 2, rng: int | np.random.Generator | None = None
    ) -> Projected:
        """Give the same features to ``n_systems`` systems, each with its own encoding and noise."""
        rng = _validate.as_rng(rng)
        z = _validate.as_matrix(features, "features").astype(np.float64)
        encodings = tuple(self.draw(z.shape[1], rng=rng) for _ in range(n_systems))
        responses = tuple(z @ a for a in encodings)
        if self.noise:
            responses = tuple(y + self.noise * rng.normal(size=y.shape) for y in responses)
        return Projected(features=z, encodings=encodings, responses=responses)
