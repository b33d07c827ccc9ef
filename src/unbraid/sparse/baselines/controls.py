"""Controls of equal width and density: what could explain a gain without any learned feature."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, MethodOption, active, width
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.inference._encoder import Encoder

_DENSE = 0.1  # above this share of non-zero codes products of dense blocks are quicker
_DENSE_ROWS = 4096  # stimuli made dense at a time: 64 MiB for 4,096 latents


class RandomDictionary(Method):
    """The same method from the same start, never trained; all its codes count, however small."""

    of: MethodOption = TopK()
    """The method."""

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing to ``of``."""
        return self.of.has_no_origin

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Return what ``of`` would start from."""
        log.show("not trained", 1.0)
        return self.untrained(x, rng)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return what ``of`` would start from."""
        return replace(self.of.untrained(x, rng), method=self, floor=0.0)


class RandomExpansion(Method):
    """A random projection to more dimensions of which the k largest stay, ``TopK_k(relu(x W))``.

    The responses are centred; the columns of W are random directions. It holds no feature that was
    not a unit's, yet makes regression easier: a gain it shares is a gain of width alone.
    """

    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of latents, in place of ``expansion``."""
    expansion: Annotated[float, Field(gt=0)] = 4.0
    """Latents a unit."""
    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: as for ``TopK``."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Draw the projection; fit only the atoms that decode it, by least squares."""
        start = self.untrained(x, rng)
        codes = start.encode(x).values.astype(np.float64)
        gram = _gram(codes)
        size = float(np.trace(gram)) / len(gram)
        gram[np.diag_indices_from(gram)] += 1e-6 * size if size > 0 else 1.0
        values = start.centred(x)
        atoms = np.linalg.solve(gram, np.asarray(codes.T @ values))
        log.show("not trained", 1.0)
        return replace(start, atoms=atoms.astype(start.atoms.dtype))

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the projection with its transpose as atoms."""
        p = x.shape[1]
        m = width(self.n_latents, self.expansion, p)
        k = active(self.k, m, p)
        directions = rng.normal(size=(m, p))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        kind = x.dtype
        return Dictionary(
            atoms=directions.astype(kind),
            offset=x.mean(0, dtype=np.float64).astype(kind),
            encoder=Encoder(
                weights=np.ascontiguousarray(directions.T, kind),
                bias=np.zeros(m, kind),
                activation="topk",
                k=k,
            ),
            method=self,
            k=k,
            floor=0.0,
        )


class ShuffledLatents(Method):
    """A learned dictionary whose every code is permuted over the stimuli it encodes.

    Values and density stay, their link to the stimuli goes: any score left is not about features.
    It is the one method whose codes of a stimulus depend on the stimuli beside it, two at least.
    """

    of: MethodOption = TopK()
    """The method that learns the dictionary."""

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing to ``of``."""
        return self.of.has_no_origin

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Learn, and let ``encode`` shuffle."""
        seed = int(rng.integers(2**31))
        return replace(self.of.learn(x, rng, log), method=self, shuffled=seed)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return what ``of`` would start from, shuffled."""
        seed = int(rng.integers(2**31))
        return replace(self.of.untrained(x, rng), method=self, shuffled=seed)


def _gram(codes: sp.csr_array) -> np.ndarray:
    """Return ``codes' codes`` (m, m)."""
    n, m = codes.shape
    if codes.nnz < _DENSE * n * m:
        return np.asarray((codes.T @ codes).todense())
    gram = np.zeros((m, m))
    for start in range(0, n, _DENSE_ROWS):
        block = codes[start : start + _DENSE_ROWS].toarray()
        gram += block.T @ block
    return gram
