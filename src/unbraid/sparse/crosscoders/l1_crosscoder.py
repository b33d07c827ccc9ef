"""Crosscoder with an L1 penalty: the reference for its faults."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.crosscoders._crosscoder import Crosscoder, lengths


class L1Crosscoder(Crosscoder):
    r"""One code of several systems, paid for by the length of each system's part.

    ``f = relu(sum_s x^s E^s + b)``, loss ``sum_s |x^s - f D^s - c^s|^2 + penalty sum_j f_j sum_s
    |d_j^s|``, atoms of any length. The penalty rises over the first tenth of the training.

    Notes
    -----
    Kept to show its two faults, which ``BatchTopKCrosscoder`` cures: a small part of a shared
    latent is pushed to zero (*complete shrinkage*), and a shared feature may be held by one latent
    of each system alone, which costs the same (*latent decoupling*). Cost a step: 6 B m P.

    References
    ----------
    Lindsey et al. (2024), Sparse crosscoders; Minder et al. (2025), arXiv 2504.02922, section 2.
    """

    penalty: Annotated[float, Field(ge=0)] = 0.5
    """Weight of the L1 norm, for responses scaled to unit variance a unit."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid.sparse.autoencoders._dense_net import scores

        parts = self.parts(x.shape[1])

        def rule(w, h, share):  # noqa: ANN001, ANN202 - torch tensors
            codes = scores(w, h).relu()
            weight = self.penalty * min(1.0, 10 * share)
            return codes, weight * (codes * lengths(w["atoms"], parts)).sum(1).mean()

        done = _autoencode.learn(self, x, rng, log, rule, unit=False)
        learned = _autoencode.assemble(self, done.weights, done.mean, activation="relu")
        return learned.with_evidence(fvu_held_out=done.fvu)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        self.parts(x.shape[1])
        m = self.width(x.shape[1])
        return _autoencode.random_start(self, x, m, rng, activation="relu")
