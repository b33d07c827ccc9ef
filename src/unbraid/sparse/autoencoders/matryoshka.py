"""Matryoshka autoencoder: its first latents alone describe the stimuli too."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.autoencoders.batch_topk import keep_batch, thresholded
from unbraid.sparse.training._training import Autoencoder


class Matryoshka(Autoencoder):
    r"""Matryoshka BatchTopK sparse autoencoder: nested dictionaries, each reconstructing alone.

    The loss is the mean over nested prefixes of the latents of the error of reconstructing from
    that prefix, so that general features stay in the first latents and are not absorbed by the
    special ones. Encoded by one threshold, as BatchTopK.

    References
    ----------
    Bussmann et al. (2025), Learning multi-level features with matryoshka sparse autoencoders.
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus, on average; none: the most that this many units can separate."""
    levels: Annotated[int, Field(ge=1, le=10)] = 4
    """Nested dictionaries: all latents, half of them, a quarter, ..."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid.sparse.autoencoders._dense_net import scores

        m = self.width(x.shape[1])
        k = active(self.k, m, x.shape[1])
        prefixes = sorted({max(1, m >> level) for level in range(1, self.levels)})

        def rule(w, h, share):  # noqa: ANN001, ANN202, ARG001 - torch tensors
            codes = keep_batch(scores(w, h), k)
            total = codes.new_zeros(())
            for prefix in prefixes:
                part = codes[:, :prefix] @ w["atoms"][:prefix]
                total = total + (part - h).square().sum(1).mean()
            return codes, total

        done = _autoencode.learn(self, x, rng, log, rule)
        return thresholded(self, done, k)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        m = self.width(x.shape[1])
        k = active(self.k, m, x.shape[1])
        return _autoencode.random_start(self, x, m, rng, activation="topk", k=k)
