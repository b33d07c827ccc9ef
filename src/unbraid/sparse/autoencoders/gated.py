"""Gated autoencoder: whether a latent is active is decided apart from how strongly."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.training._training import Autoencoder


class Gated(Autoencoder):
    r"""Gated sparse autoencoder: ``z = 1[h E + g > 0] relu(h (E exp(r)) + c)``.

    An L1 penalty on the gates' pre-activations, which also have to reconstruct through the frozen
    atoms, so that sparsity is asked for without shrinking the codes.

    References
    ----------
    Rajamanoharan et al. (2024), Improving dictionary learning with gated sparse autoencoders.
    """

    penalty: Annotated[float, Field(ge=0)] = 2.0
    """Weight of the gates' L1 norm, for responses scaled to unit variance a unit."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        m = self.width(x.shape[1])

        def rule(w, h, share):  # noqa: ANN001, ANN202 - torch tensors
            both = h @ w["encoder"].T
            gate = both + w["gate"]
            size = (both * w["gain"].exp() + w["bias"]).relu()
            open_ = gate.relu()
            through = open_ @ w["atoms"].detach() - h
            weight = self.penalty * min(1.0, 10 * share)
            extra = through.square().sum(1).mean() + weight * open_.sum(1).mean()
            return (gate > 0) * size, extra

        extra = {"gate": np.zeros(m), "gain": np.zeros(m)}
        done = _autoencode.learn(self, x, rng, log, rule, extra=extra)
        w = done.weights
        return _autoencode.assemble(
            self, w, done.mean, activation="gated", threshold=w["gate"], gain=np.exp(w["gain"])
        )

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        m = self.width(x.shape[1])
        return _autoencode.random_start(
            self, x, m, rng, activation="gated", threshold=np.zeros(m), gain=np.ones(m)
        )
