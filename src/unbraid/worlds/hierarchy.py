"""Many features in families: a child only with its parent, frequencies by Zipf's law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import scipy.sparse as sp
from pydantic import Field, model_validator

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer
from unbraid.worlds.projection import Projection
from unbraid.worlds.sparse_features import frequencies

_BLOCK = 4096  # stimuli drawn at a time, so that memory does not grow with them
_FACTORS = 25  # common causes
# Of values from the first feature to the last, and their spread: no feature is weak by size alone
_MEANS, _SPREAD = (5.0, 4.0), 0.5


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Family:
    """Sampled features (CSR, most are zero), the responses, and the parent of each feature."""

    features: sp.csr_array
    """(n, N)."""
    responses: np.ndarray
    """(n, p) float32."""
    encoding: np.ndarray
    """(N, p) float32, rows of unit length."""
    parents: np.ndarray
    """(N,) parent of each feature, -1 for those without."""
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

    Every root is the top of a tree: each feature above the lowest level is followed by ``children``
    features that are active only where it is, each with probability ``given_parent`` then (or,
    where ``exclusive``, one of them at most). The direction of a child may lean on its parent's.

    References
    ----------
    After SynthSAEBench (2026), arXiv 2602.14687; the law and the sizes here are our own, save the
    values ``magnitude="normal"``.
    """

    n_roots: int = Field(default=1_000, ge=1)
    """Trees."""
    children: int = Field(default=3, ge=0)
    """Children of each feature above the lowest level."""
    depth: int = Field(default=1, ge=1)
    """Levels of children."""
    alone: int = Field(default=0, ge=0)
    """Features without parent and children, ranked after those of the trees."""
    active_roots: float = Field(default=10.0, gt=0)
    """Mean number of active roots and features alone."""
    zipf: float = Field(default=0.7, ge=0)
    """Exponent of the frequencies of roots and features alone."""
    shared: float = Field(default=0.0, ge=0, lt=1)
    """Whether roots and features alone are active is decided by Gaussians; this share of their
    variance comes from 25 common causes, of random weight for each feature. The correlations of the
    Gaussians are then 0 on average, with standard deviation ``shared / 5``."""
    given_parent: float = Field(default=0.3, gt=0, le=1)
    """Probability of a child where its parent is active."""
    exclusive: bool = False
    """Whether a parent activates one child at most (anti-correlated siblings)."""
    magnitude: Literal["uniform", "normal"] = "uniform"
    """Law of an active feature's value: uniform on [0.5, 1.5]; or normal, cut off at 0, means
    falling from 5 to 4 with the rank, each feature's own standard deviation ``|N(0.5, 0.5)|``, and
    times the ratio of the parent's value to its mean."""
    lean: float = Field(default=0.0, ge=0, lt=1)
    """Cosine of a child's direction with its parent's."""
    n_units: int = Field(default=256, ge=2)
    """p."""
    noise: float = Field(default=0.0, ge=0)
    """Standard deviation of independent noise on every unit."""

    @model_validator(mode="after")
    def _possible(self) -> FeatureHierarchy:
        if self.active_roots > self.n_roots + self.alone:
            raise ValueError(f"active_roots must be at most {self.n_roots + self.alone}")
        if self.exclusive and self.given_parent * self.children > 1:
            raise ValueError("exclusive children need given_parent * children <= 1")
        return self

    @property
    def levels(self) -> tuple[int, ...]:
        """Features of each level of the trees, roots first."""
        return tuple(self.n_roots * self.children**level for level in range(self.depth + 1))

    @property
    def n_features(self) -> int:
        """N: those of the trees and those alone."""
        return sum(self.levels) + self.alone

    def sample(self, n: int, *, rng: int | np.random.Generator | None = None) -> Family:
        """Draw n stimuli and the encoding; roots first, then level by level, then those alone.

        Notes
        -----
        Memory: 12 bytes an active feature, 4 bytes per unit and stimulus.
        """
        rng = _validate.as_rng(rng)
        encoding = self._encoding(rng)
        law = self._law(rng)
        blocks, responses = [], []
        for start in range(0, n, _BLOCK):
            block = self._features(min(_BLOCK, n - start), law, rng)
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
            probabilities=self.probabilities(),
        )

    def parents(self) -> np.ndarray:
        """Parent of each feature (N,), -1 for roots and features alone."""
        first = np.cumsum((0, *self.levels))
        above = [np.repeat(first[i] + np.arange(size), self.children)
                 for i, size in enumerate(self.levels[:-1])]  # fmt: skip
        return np.concatenate([np.full(self.n_roots, -1), *above, np.full(self.alone, -1)])

    def probabilities(self) -> np.ndarray:
        """Probability that each feature is active (N,)."""
        free = self._of_free()
        roots, alone = free[: self.n_roots], free[self.n_roots :]
        below = [np.repeat(roots, size // self.n_roots) * self.given_parent**level
                 for level, size in enumerate(self.levels)]  # fmt: skip
        return np.concatenate([*below, alone])

    def _of_free(self) -> np.ndarray:
        """Return the probabilities of the roots and of the features alone."""
        in_trees = sum(self.levels)
        ranks = np.concatenate([np.arange(self.n_roots), in_trees + np.arange(self.alone)]) + 1.0
        return frequencies(ranks**-self.zipf, self.active_roots)

    def _law(self, rng: np.random.Generator) -> _Law:
        from scipy.special import ndtri

        edge = ndtri(self._of_free())
        weights = rng.normal(size=(len(edge), _FACTORS))
        weights *= np.sqrt(self.shared) / np.linalg.norm(weights, axis=1, keepdims=True)
        sd = np.abs(rng.normal(_SPREAD, _SPREAD, size=self.n_features))
        means = np.linspace(*_MEANS, self.n_features)
        return _Law(edge.astype(np.float32), weights.T.astype(np.float32), means, sd)

    def _features(self, n: int, law: _Law, rng: np.random.Generator) -> sp.csr_array:
        """Draw the features (n, N) of a block of stimuli."""
        free = np.sqrt(1 - self.shared) * rng.standard_normal((n, len(law.edge)), dtype=np.float32)
        free += rng.standard_normal((n, _FACTORS), dtype=np.float32) @ law.weights
        rows, columns = np.nonzero(free < law.edge)
        single = columns >= self.n_roots
        first = sum(self.levels)
        where = [(rows[single], first - self.n_roots + columns[single])]
        values = [self._values(where[0][1], law, rng)]
        at, of, ratio, first = rows[~single], columns[~single], 1.0, 0
        for size in self.levels:
            value = self._values(first + of, law, rng) * ratio
            where.append((at, first + of))
            values.append(value)
            which, child = self._children(len(at), rng)
            ratio = (value / law.means[first + of])[which] if self.magnitude == "normal" else 1.0
            at, of, first = at[which], of[which] * self.children + child, first + size
        row, column = (np.concatenate(each) for each in zip(*where, strict=True))
        value = np.concatenate(values).astype(np.float32)
        block = sp.csr_array((value, (row, column)), shape=(n, self.n_features))
        block.eliminate_zeros()
        return block

    def _values(self, features: np.ndarray, law: _Law, rng: np.random.Generator) -> np.ndarray:
        if self.magnitude == "uniform":
            return rng.uniform(0.5, 1.5, size=len(features))
        normal = law.means[features] + law.sd[features] * rng.normal(size=len(features))
        return np.maximum(normal, 0)

    def _children(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return which of n active parents activate a child, and which of their children."""
        if self.exclusive:
            choice = np.floor(rng.random(n) / self.given_parent).astype(int)
            chosen = choice[:, None] == np.arange(self.children)
        else:
            chosen = rng.random((n, self.children)) < self.given_parent
        which, child = np.nonzero(chosen)
        return which, child

    def _encoding(self, rng: np.random.Generator) -> np.ndarray:
        a = Projection(n_units=self.n_units).draw(self.n_features, rng=rng)
        parents = self.parents()
        for child in np.flatnonzero(parents >= 0) if self.lean else ():
            above = a[parents[child]]  # parents come before their children
            own = a[child] - (a[child] @ above) * above
            a[child] = self.lean * above + np.sqrt(1 - self.lean**2) * own / np.linalg.norm(own)
        return a.astype(np.float32)


class _Law(NamedTuple):
    """What is drawn once: what decides which features are active, and how strongly."""

    edge: np.ndarray
    """Roots and features alone are active where their Gaussian lies below."""
    weights: np.ndarray
    """(25, roots and features alone) of the common causes."""
    means: np.ndarray
    sd: np.ndarray
