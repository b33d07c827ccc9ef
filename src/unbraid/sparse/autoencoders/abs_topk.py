"""AbsTopK autoencoder: signed codes, the k largest by size."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.training._training import Autoencoder


class AbsTopK(Autoencoder):
    r"""AbsTopK sparse autoencoder: the k pre-activations largest by size stay, with their sign.

    One atom serves a feature and its opposite.

    References
    ----------
    Zhu et al. (2025), AbsTopK: rethinking sparse autoencoders for bidirectional features.
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: the most that so many units can distinguish."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid._torch import torch
        from unbraid.sparse.autoencoders._dense_net import scores

        k = active(self.k, self.width(x.shape[1]), x.shape[1])

        def rule(w, h, share):  # noqa: ANN001, ANN202, ARG001 - torch tensors
            z = scores(w, h)
            at = torch.topk(z.abs(), k, dim=1, sorted=False).indices
            return torch.zeros_like(z).scatter(1, at, z.gather(1, at)), z.new_zeros(())

        done = _autoencode.learn(self, x, rng, log, rule)
        learned = _autoencode.assemble(self, done.weights, done.mean, activation="abstopk", k=k)
        return replace(learned, signed=True).with_evidence(fvu_held_out=done.fvu)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        m = self.width(x.shape[1])
        k = active(self.k, m, x.shape[1])
        start = _autoencode.random_start(self, x, m, rng, activation="abstopk", k=k)
        return replace(start, signed=True)
