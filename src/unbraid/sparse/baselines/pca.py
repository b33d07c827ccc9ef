"""Principal components, the baseline that sparsity must beat."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method
from unbraid.sparse.baselines import _components


class PCA(Method):
    r"""Principal component analysis: ``codes = (x - mean) V'``, rows of V of unit length.

    With ``m`` components no linear code of that width leaves less error: the FVU is the share of
    the eigenvalues of the covariance beyond the m-th (Eckart and Young, 1936).

    Notes
    -----
    Codes are dense and signed unless ``k`` or ``one_sided`` ask otherwise, so that a control of
    equal width and density can be had. Signs are set so that each component's largest weight is
    positive. Cost n p min(n, p).

    References
    ----------
    Pearson (1901); Eckart and Young (1936), The approximation of one matrix by another of lower
    rank.
    """

    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of components; none: as many as the responses have dimensions."""
    k: Annotated[int, Field(ge=1)] | None = None
    """Codes kept a stimulus, the largest by size; none: all."""
    one_sided: bool = False
    """Give each component two latents, one per sign, so that codes are non-negative."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:  # noqa: ARG002
        """Decompose the covariance of ``x``."""
        center = x.mean(0, dtype=np.float64)
        directions, _ = _components.principal(x - center)
        directions = _components.first(directions, self.n_latents, log)
        return _components.dictionary(self, directions, directions, center, x.dtype)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return as many random orthonormal directions."""
        return _components.rotated(self, x, rng)
