"""BatchTopK autoencoder: k active latents per stimulus on average."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid._kernels.device import device_here
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, active
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.training._ranks import Ranks
from unbraid.sparse.training._training import Autoencoder

_THRESHOLD_ROWS = 4096  # on which the threshold is set


class BatchTopK(Autoencoder):
    r"""BatchTopK sparse autoencoder: the k B most excited latents of a batch of B stimuli stay.

    Stimuli share the budget as they need. To encode, one threshold takes the batch's place: the one
    above which k latents a training stimulus are active on average; it is saved with the weights.

    References
    ----------
    Bussmann et al. (2024), BatchTopK sparse autoencoders.
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus, on average; none: the most that this many units can separate."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid.sparse.autoencoders._dense_net import scores

        k = active(self.k, self.width(x.shape[1]), x.shape[1])

        def rule(w, h, share):  # noqa: ANN001, ANN202, ARG001 - torch tensors
            codes = keep_batch(scores(w, h), k)
            return codes, codes.new_zeros(())

        done = _autoencode.learn(self, x, rng, log, rule)
        return thresholded(self, done, k)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        m = self.width(x.shape[1])
        k = active(self.k, m, x.shape[1])
        return _autoencode.random_start(self, x, m, rng, activation="topk", k=k)


def keep_batch(scores, k: int):  # noqa: ANN001, ANN201 - torch tensors
    """Keep the k largest positive entries a row on average over all processes' rows, (B, m)."""
    from unbraid._torch import torch

    positive = scores.relu()
    if device_here() is not None:
        largest = positive.detach().flatten().topk(min(k * len(scores), positive.numel())).values
        return torch.where(positive >= largest[-1].clamp_min(1e-12), positive, 0)
    edge = Ranks().edge(positive.detach().numpy().ravel(), k, len(scores))
    return torch.where(positive >= max(edge, 1e-12), positive, 0)


def thresholded(method: Method, done: _autoencode.TrainedWeights, k: int) -> Dictionary:
    """Return the dictionary, with the threshold above which k latents are active on average."""
    w, x = done.weights, done.source.sample(_THRESHOLD_ROWS)
    scores = (x - w["offset"]) @ w["encoder"].T + w["bias"]
    most = min(k * len(x), scores.size)
    edge = float(np.partition(scores.ravel(), scores.size - most)[scores.size - most])
    threshold = np.full(len(w["bias"]), max(0.0, np.nextafter(edge, -np.inf)))
    learned = _autoencode.assemble(
        method, w, done.mean, activation="jumprelu", k=k, threshold=threshold
    )
    return learned.with_evidence(fvu_held_out=done.fvu)
