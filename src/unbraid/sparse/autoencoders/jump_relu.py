"""JumpReLU autoencoder: each latent has its own learned threshold."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.training._training import Autoencoder


class JumpRelu(Autoencoder):
    r"""JumpReLU sparse autoencoder: ``z = p 1[p > t]``, trained on ``|x - x^|^2 + penalty l0``.

    The thresholds t are learned by the straight-through estimate of the gradient of the expected
    l0 and error, with a rectangle kernel of the given width.

    References
    ----------
    Rajamanoharan et al. (2024), Jumping ahead: improving reconstruction fidelity with JumpReLU
    sparse autoencoders, equations 9 to 12.
    """

    penalty: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the number of active latents, for responses scaled to unit variance a unit."""
    bandwidth: Annotated[float, Field(gt=0)] = 0.2
    """Width of the kernel that estimates the thresholds' gradient."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid.sparse.autoencoders._dense_net import scores

        m = self.width(x.shape[1])

        def rule(w, h, share):  # noqa: ANN001, ANN202 - torch tensors
            z, threshold = scores(w, h).relu(), w["log_threshold"].exp()
            step = (z > threshold).float()
            near = ((z - threshold).abs() < self.bandwidth / 2).float().detach() / self.bandwidth
            # value of the step, gradient of the kernel, towards the threshold only
            smooth = step + near * (threshold.detach() - threshold)
            weight = self.penalty * min(1.0, 10 * share)
            codes = z * step + near * threshold.detach() * (threshold.detach() - threshold)
            return codes, weight * smooth.sum(1).mean()

        extra = {"log_threshold": np.full(m, np.log(0.1))}
        done = _autoencode.learn(self, x, rng, log, rule, extra=extra)
        threshold = np.exp(done.weights["log_threshold"])
        return _autoencode.assemble(
            self, done.weights, done.mean, activation="jumprelu", threshold=threshold
        )

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        m = self.width(x.shape[1])
        return _autoencode.random_start(
            self, x, m, rng, activation="jumprelu", threshold=np.full(m, 0.1)
        )
