"""Directions of k-means: the centroids of what responses point to."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.errors import InputError
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, active, width
from unbraid.sparse.autoencoders._autoencode import random_start
from unbraid.sparse.inference._encoder import Encoder


class KMeans(Method):
    r"""Directions of k-means: ``codes = TopK_k(relu((x - mean) A'))``, rows of A the directions.

    Centred responses are brought to unit length and clustered; a direction is a centroid brought
    to unit length. It finds features that are active alone, not those that are always mixed.

    Notes
    -----
    Mini-batch k-means by scikit-learn, from ``k-means++``. A control for autoencoders: it knows
    where responses lie, and nothing of how they add up. One-sided codes.

    References
    ----------
    Klindt et al. (2023), Identifying interpretable visual features in artificial and biological
    neural systems, arXiv 2310.11431.
    """

    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of directions, in place of ``expansion``."""
    expansion: Annotated[float, Field(gt=0)] = 1.0
    """Directions a unit."""
    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: the most that so many units can distinguish."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:  # noqa: ARG002
        """Cluster ``x``."""
        from sklearn.cluster import MiniBatchKMeans

        m = width(self.n_latents, self.expansion, x.shape[1])
        center = x.mean(0, dtype=np.float64)
        rows = x - center
        length = np.linalg.norm(rows, axis=1)
        rows = rows[length > 1e-6 * length.max()]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        if m > len(rows):
            raise InputError(
                f"n_latents must be at most the number of stimuli that differ from the mean, "
                f"{len(rows)}, got {m}. Lower n_latents or expansion, or give more stimuli."
            )
        seed = int(rng.integers(2**31))
        model = MiniBatchKMeans(m, n_init=3, batch_size=max(1024, 3 * m), random_state=seed)
        atoms = model.fit(rows).cluster_centers_
        size = np.linalg.norm(atoms, axis=1, keepdims=True)
        atoms = (atoms / np.where(size > 0, size, 1)).astype(x.dtype)
        k = active(self.k, m, x.shape[1])
        return Dictionary(
            atoms=atoms,
            offset=center.astype(x.dtype),
            encoder=Encoder(
                weights=np.ascontiguousarray(atoms.T),
                bias=np.zeros(m, x.dtype),
                activation="topk",
                k=k,
            ),
            method=self,
            k=k,
        )

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random directions."""
        m = width(self.n_latents, self.expansion, x.shape[1])
        k = active(self.k, m, x.shape[1])
        return random_start(self, x, m, rng, activation="topk", k=k)
