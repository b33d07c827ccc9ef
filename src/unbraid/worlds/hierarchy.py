"""Many features in families: a child only with its parent, frequencies by Zipf's law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from pydantic import Field, model_validator

from unbraid import _validate
from unbraid._config import Config
from unbraid.worlds.projection import Projection


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Family:
    """Sampled features (CSR, most are zero), the responses, and who is whose parent."""

    features: sp.csr_array
    """(n, N)."""
    responses: np.ndarray
    """(n, p) float32."""
    encoding: np.ndarray
    """(N, p) float32, rows of unit length."""
    parents: np.ndarray
    """(N,) parent of each feature, -1 for roots."""
    probabilities: np.ndarray
    """(N,) that each feature is active."""

    def __repr__(self) -> str:
        n, features = self.features.shape
        return (
            f"Family({n} stimuli, {features} features of which {self.features.nnz / n:.1f} "
            f"active, {self.responses.shape[1]} units)"
        )


class FeatureHierarchy(Config):
    """Thousands of features: roots by Zipf's law, children that need their parent.

    Every root is followed by ``children`` features that are active only where it is, each with
    probability ``given_parent`` then (or, where ``exclusive``, one of them at most). The direction
    of a child may lean on its parent's.

    References
    ----------
    After SynthSAEBench (2026), arXiv 2602.14687; the law and the sizes here are our own.
    """

    n_roots: int = Field(default=1_000, ge=1)
    """Features without a parent."""
    children: int = Field(default=3, ge=0)
    """Children of each root."""
    active_roots: float = Field(default=10.0, gt=0)
    """Mean number of active roots."""
    zipf: float = Field(default=0.7, ge=0)
    """Exponent of the roots' frequencies."""
    given_parent: float = Field(default=0.3, gt=0, le=1)
    """Probability of a child where its parent is active."""
    exclusive: bool = False
    """Whether a parent brings one child at most (anti-correlated siblings)."""
    lean: float = Field(default=0.0, ge=0, lt=1)
    """Cosine of a child's direction with its parent's."""
    n_units: int = Field(default=256, ge=2)
    """p."""
    noise: float = Field(default=0.0, ge=0)
    """Standard deviation of independent noise on every unit."""

    @model_validator(mode="after")
    def _possible(self) -> FeatureHierarchy:
        if self.active_roots > self.n_roots:
            raise ValueError(f"active_roots must be at most n_roots={self.n_roots}")
        if self.exclusive and self.given_parent * self.children > 1:
            raise ValueError("exclusive children need given_parent * children <= 1")
        return self

    @property
    def n_features(self) -> int:
        """N: roots and children."""
        return self.n_roots * (1 + self.children)

    def sample(self, n: int, *, rng: int | np.random.Generator | None = None) -> Family:
        """Draw n stimuli and the encoding; roots first, then the children family by family.

        Notes
        -----
        Memory: 12 bytes an active feature, 4 bytes a unit and stimulus. Active values are uniform
        on [0.5, 1.5].
        """
        from unbraid.worlds.sparse_features import SparseFeatures

        rng = _validate.as_rng(rng)
        roots = SparseFeatures(n_features=self.n_roots, active=self.active_roots, zipf=self.zipf)
        of_roots = roots.probabilities()
        encoding = self._encoding(rng)
        blocks, responses = [], []
        for start in range(0, n, 4096):
            size = min(4096, n - start)
            root = rng.random((size, self.n_roots), dtype=np.float32) < of_roots
            rows, columns = self._with_children(root, rng)
            values = rng.uniform(0.5, 1.5, size=len(rows)).astype(np.float32)
            block = sp.csr_array((values, (rows, columns)), shape=(size, self.n_features))
            y = np.asarray(block @ encoding)
            if self.noise:
                y += self.noise * rng.standard_normal(y.shape, dtype=np.float32)
            blocks.append(block)
            responses.append(y)
        return Family(
            features=sp.csr_array(sp.vstack(blocks, format="csr")),
            responses=np.concatenate(responses),
            encoding=encoding,
            parents=self.parents(),
            probabilities=np.concatenate(
                [of_roots, np.repeat(of_roots * self.given_parent, self.children)]
            ),
        )

    def parents(self) -> np.ndarray:
        """Parent of each feature (N,), -1 for roots."""
        children = np.repeat(np.arange(self.n_roots), self.children)
        return np.concatenate([np.full(self.n_roots, -1), children])

    def _with_children(self, root: np.ndarray, rng: np.random.Generator) -> tuple[Any, Any]:
        rows, columns = np.nonzero(root)
        if not self.children:
            return rows, columns
        if self.exclusive:
            choice = np.floor(rng.random(len(rows)) / self.given_parent).astype(int)
            chosen = choice[:, None] == np.arange(self.children)
        else:
            chosen = rng.random((len(rows), self.children)) < self.given_parent
        which, child = np.nonzero(chosen)
        of_child = self.n_roots + columns[which] * self.children + child
        return np.concatenate([rows, rows[which]]), np.concatenate([columns, of_child])

    def _encoding(self, rng: np.random.Generator) -> np.ndarray:
        a = Projection(n_units=self.n_units).draw(self.n_features, rng=rng)
        if self.lean and self.children:
            parents = a[self.parents()[self.n_roots :]]
            own = a[self.n_roots :]
            own = own - np.sum(own * parents, axis=1, keepdims=True) * parents
            own /= np.linalg.norm(own, axis=1, keepdims=True)
            a[self.n_roots :] = self.lean * parents + np.sqrt(1 - self.lean**2) * own
        return a.astype(np.float32)
