"""ReLU autoencoder with an L1 penalty weighted by the atoms' lengths."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.training._training import Autoencoder


class ReluL1(Autoencoder):
    r"""ReLU sparse autoencoder: ``|x - x^|^2 + penalty sum_j z_j |a_j|``, atoms of any length.

    The weight by the atoms' lengths takes away the gain of small codes on long atoms; afterwards
    atoms are brought to unit length and the codes grow in their place. The penalty rises over the
    first tenth of the training.

    References
    ----------
    Bricken et al. (2023), Towards monosemanticity; Conerly et al. (2024), Update on training.
    """

    penalty: Annotated[float, Field(ge=0)] = 0.5
    """Weight of the L1 norm, for responses scaled to unit variance a unit."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid.sparse.autoencoders._dense_net import scores

        def rule(w, h, share):  # noqa: ANN001, ANN202 - torch tensors
            codes = scores(w, h).relu()
            weight = self.penalty * min(1.0, 10 * share)
            return codes, weight * (codes * w["atoms"].norm(dim=1)).sum(1).mean()

        done = _autoencode.learn(self, x, rng, log, rule, unit=False)
        return _autoencode.assemble(self, done.weights, done.mean, activation="relu")

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        m = self.width(x.shape[1])
        return _autoencode.random_start(self, x, m, rng, activation="relu")
