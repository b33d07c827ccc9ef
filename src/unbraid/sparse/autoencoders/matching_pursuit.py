"""Matching-pursuit autoencoder: an encoder of greedy steps, unrolled and trained through."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.training._training import Autoencoder


class MatchingPursuit(Autoencoder):
    r"""MP-SAE: k times, the atom that agrees most with what is left is taken and its part removed.

    ``r_0 = x - b``; ``j_t = argmax_j <a_j, r_t>``, ``z_{j_t} += v_t = relu(<a_{j_t}, r_t>)``,
    ``r_{t+1} = r_t - v_t a_{j_t}``; ``x ~ b + z A``. Atoms have unit length, there is no other
    encoder, and the gradient of the squared error goes through every step.

    Notes
    -----
    What is left is orthogonal to the atom taken last, and its squared length falls by ``v_t^2`` at
    each step. Good at features that are active only together with others; on independent features
    its greedy codes explain most and match the truth least (see ``TopK``). Cost a step: k B m p.

    References
    ----------
    Costa et al. (2025), From flat to hierarchical: extracting sparse representations with matching
    pursuit, arXiv 2506.03093; Mallat and Zhang (1993).
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Greedy steps per stimulus; none: the most latents that so many units can distinguish."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid._torch import torch

        m = self.width(x.shape[1])
        k = active(self.k, m, x.shape[1])

        def rule(w, h, share):  # noqa: ANN001, ANN202, ARG001 - torch tensors
            left, codes = h, h.new_zeros(len(h), m)
            for _ in range(k):
                with torch.no_grad():
                    best = (left @ w["atoms"].T).argmax(1)
                taken = w["atoms"][best]
                value = (left * taken).sum(1, keepdim=True).relu()
                left = left - value * taken
                codes = codes.scatter_add(1, best[:, None], value)
            return codes, codes.new_zeros(())

        done = _autoencode.learn(self, x, rng, log, rule, tied=True)
        weights = done.weights | {"encoder": done.weights["atoms"], "bias": np.zeros(m)}
        learned = _autoencode.assemble(self, weights, done.mean, activation="pursuit", k=k)
        return learned.with_evidence(fvu_held_out=done.fvu)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length."""
        m = self.width(x.shape[1])
        k = active(self.k, m, x.shape[1])
        return _autoencode.random_start(self, x, m, rng, activation="pursuit", k=k)
